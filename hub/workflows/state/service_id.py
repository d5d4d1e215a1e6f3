"""The service id by which a service is known. Its product says in which of three ways the id is found.

    Attribute       the item's own Service Id (a telephone number); also where the product has no setting
    Service Point   the Service Id of its service point, which is point and meter in one
    Meter           the meter that is installed at its service point on a given date

Source: "Premises, Meters and Service Points", options 1 to 3, figure 7A; spec: docs/design/data-model.md,
"Objects and where they live" (three ways to tell a service id).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hub.workflow_manager.run import Run
from hub.workflows.state.due_dates import due_date
from hub.workflows.state.rebase import forget_null
from integration_objects.complex_object import all_items, instances, items_of, object_name
from integration_objects.field_values import read_date
from integration_objects.names import ASSET, ORDER, PRODUCT, QUOTE, SERVICE_POINT
from integration_objects.property_set import PropertySet

#: The product's field, and its values.
KIND = "Service Id Kind"
OF_SERVICE_POINT, OF_METER = "Service Point", "Meter"

#: The fields of a header, which is read without its components.
Header = Mapping[str, str | None]


@dataclass(frozen=True)
class Network:
    """The part of the network that some line items use.

    Attributes:
        service_points: by Service Point Id.
        meters: by Meter Id.
        locations: by Service Point Id, the Meter Locations there, in any order.
    """

    service_points: Mapping[str, Header] = field(default_factory=dict)
    meters: Mapping[str, Header] = field(default_factory=dict)
    locations: Mapping[str, Sequence[Header]] = field(default_factory=dict)


def service_id(item: PropertySet, product: Header, network: Network, on: str) -> str | None:
    """Find the service id of a line item on a date.

    Args:
        item: the line item.
        product: the header of its product; empty for a product that isn't in the catalogue.
        network: its service point with the meters there.
        on: an ISO date or date-time.

    Returns:
        The service id; the item's own where it has no service point. None where there is none: the service point
        is unknown or has no id, or no meter is installed there on that date.
    """
    kind, point = product.get(KIND), item.get("Service Point Id")
    if point is None or kind not in (OF_SERVICE_POINT, OF_METER):
        return item.get("Service Id")
    if kind == OF_SERVICE_POINT:
        return network.service_points.get(point, {}).get("Service Id")
    location = installed(network.locations.get(point, ()), on)
    if location is None:
        return None
    meter_id = location.get("Meter Id")
    return network.meters.get(meter_id or "", {}).get("Serial Number") or meter_id


def installed(locations: Iterable[Header], on: str) -> Header | None:
    """Find the Meter Location of one meter or one service point that holds on a date; None for none.

    A location holds from its From Date until just before its To Date; of several, which `orderhub load` refuses,
    the one that began last.
    """
    moment = read_date(on)
    holding = [
        location
        for location in locations
        if read_date(location.get("From Date") or "") <= moment
        and ((end := location.get("To Date")) is None or moment < read_date(end))
    ]
    return max(holding, key=lambda location: read_date(location.get("From Date") or ""), default=None)


def service_ids(run: Run, items: Iterable[PropertySet], on: Callable[[PropertySet], str]) -> dict[int, str]:
    """Find the service ids that line items have from the network, by the items' `id`.

    No query is made for items without a service point; all other items together take one query an object.

    Args:
        run: the run.
        items: line items.
        on: the date that counts for an item.
    """
    items = [item for item in items if item.get("Service Point Id") is not None]
    if not items:
        return {}
    headers = run.headers(PRODUCT, {"Product Id": _values(items, "Product Id")})
    products = {
        product["Product Id"]: product for product in headers if product.get(KIND) in (OF_SERVICE_POINT, OF_METER)
    }
    # Of products whose services have ids of their own, the network isn't read.
    joined = [item for item in items if item.get("Product Id") in products]
    network = read_network(run, _values(joined, "Service Point Id"))
    ids = ((item, service_id(item, products[item.get("Product Id")], network, on(item))) for item in joined)
    return {id(item): text for item, text in ids if text is not None}


def with_service_ids(run: Run, tree: PropertySet) -> PropertySet:
    """Return an object as it is shown: items without a Service Id of their own have the one of their service point.

    The result is a copy, so that a joined id is never stored as if somebody had given it. A line has the meter of its
    completion or due date, an item of a service profile today's.

    Args:
        run: the run.
        tree: a message of any object. Not changed.
    """
    if object_name(tree) not in (ASSET, QUOTE, ORDER):
        return tree
    joined: dict[int, str] = {}
    for instance in instances(tree):
        joined |= joined_service_ids(run, instance)
    if not joined:
        return tree
    shown = tree.copy()
    # The copy has the same items in the same order.
    for item, twin in zip(all_items([tree]), all_items([shown]), strict=True):
        if id(item) in joined:
            twin.properties["Service Id"] = joined[id(item)]
            # The item had no id of its own, and the line gives it none: the joined id is no change.
            forget_null(twin, "Service Id")
    return shown


def joined_service_ids(run: Run, instance: PropertySet) -> dict[int, str]:
    """Find the ids that an instance's items without a Service Id are shown with, by the items' `id`."""
    without = [item for item in items_of(instance) if item.get("Service Id") is None]
    return service_ids(run, without, _shown_on(run, instance))


def _shown_on(run: Run, instance: PropertySet) -> Callable[[PropertySet], str]:
    def date(item: PropertySet) -> str:
        return item.get("Completed Date") or due_date(instance, item) or run.now()

    return date


def read_network(run: Run, service_point_ids: Sequence[str]) -> Network:
    """Read the service points of these ids, and all meters that were ever installed there."""
    if not service_point_ids:
        return Network()
    points = run.headers(SERVICE_POINT, {"Service Point Id": service_point_ids})
    locations: dict[str, list[Header]] = {}
    for location in run.headers("Meter Location", {"Service Point Id": service_point_ids}):
        locations.setdefault(location["Service Point Id"] or "", []).append(location)
    meter_ids = sorted({location.get("Meter Id") or "" for group in locations.values() for location in group})
    meters = run.headers("Meter", {"Meter Id": meter_ids}) if meter_ids else []
    return Network(
        {point["Service Point Id"] or "": point for point in points},
        {meter["Meter Id"] or "": meter for meter in meters},
        locations,
    )


def _values(items: Iterable[PropertySet], name: str) -> list[str]:
    return sorted({value for item in items if (value := item.get(name)) is not None})
