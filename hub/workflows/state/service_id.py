"""What a service is known by: a service id, told in one of three ways, which is a setting of its product.

    Attribute       the item's own Service Id (a telephone number); also where the product says nothing
    Service Point   the Service Id of its service point, which is point and meter in one
    Meter           the meter that is installed at its service point on a given date

Source: "Premises, Meters and Service Points", options 1 to 3, figure 7A; spec: docs/design/data-model.md, "Objects and
where
they live" (three ways to tell a service id).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hub.workflow_manager.run import Run
from integration_objects.field_values import read_date
from integration_objects.property_set import PropertySet

#: The product's field, and its values.
KIND = "Service Id Kind"
OF_SERVICE_POINT, OF_METER = "Service Point", "Meter"

#: The fields of a header, as they are read without what is beneath it.
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
    """What the service of a line item is known by on a date.

    Args:
        item: the line item.
        product: the header of its product; empty for a product that was written in.
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
    """The Meter Location that holds on a date, of those of one meter or one service point; None for none.

    A location holds from its From Date until just before its To Date; of several, which `orderhub load` refuses,
    the one that began last.
    """
    moment = read_date(on)
    holding = [
        one
        for one in locations
        if read_date(one.get("From Date") or "") <= moment
        and ((end := one.get("To Date")) is None or moment < read_date(end))
    ]
    return max(holding, key=lambda one: read_date(one.get("From Date") or ""), default=None)


def service_ids(run: Run, items: Iterable[PropertySet], on: Callable[[PropertySet], str]) -> dict[int, str]:
    """The service ids of those line items whose products join them in from the network, by the items' `id`.

    Nothing is read for items without a service point; for all others it takes one query an object.

    Args:
        run: the run.
        items: line items.
        on: the date that counts for an item.
    """
    pointed = [item for item in items if item.get("Service Point Id") is not None]
    if not pointed:
        return {}
    found = run.headers("Product", {"Product Id": _named(pointed, "Product Id")})
    products = {product["Product Id"]: product for product in found}
    joined = [
        item for item in pointed if products.get(item.get("Product Id"), {}).get(KIND) in (OF_SERVICE_POINT, OF_METER)
    ]
    network = read_network(run, _named(joined, "Service Point Id"))
    told = ((item, service_id(item, products[item.get("Product Id")], network, on(item))) for item in joined)
    return {id(item): text for item, text in told if text is not None}


def read_network(run: Run, service_point_ids: Sequence[str]) -> Network:
    """The service points of these ids, and all meters that were ever installed there."""
    if not service_point_ids:
        return Network()
    points = run.headers("Service Point", {"Service Point Id": service_point_ids})
    locations: dict[str, list[Header]] = {}
    for location in run.headers("Meter Location", {"Service Point Id": service_point_ids}):
        locations.setdefault(location["Service Point Id"] or "", []).append(location)
    meter_ids = sorted({one.get("Meter Id") or "" for there in locations.values() for one in there})
    meters = run.headers("Meter", {"Meter Id": meter_ids}) if meter_ids else []
    return Network(
        {point["Service Point Id"] or "": point for point in points},
        {meter["Meter Id"] or "": meter for meter in meters},
        locations,
    )


def _named(items: Iterable[PropertySet], name: str) -> list[str]:
    return sorted({value for item in items if (value := item.get(name)) is not None})
