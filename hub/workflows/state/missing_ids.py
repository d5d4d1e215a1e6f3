"""Lines without the service id that their service needs.

Source: "each service item must have a unique identifier (e.g. telephone number) ... enter service ID information for
each instance before submitting an order"; spec: docs/orders.md, "Numbers and service points".
"""

from __future__ import annotations

from hub.workflow_manager.outcome import Note
from hub.workflow_manager.run import Run
from hub.workflows.state.id_holders import KIND
from hub.workflows.state.lines import products_of
from hub.workflows.state.rebase import leave_alone
from hub.workflows.state.service_id import KIND as KIND_OF_ID
from hub.workflows.state.service_id import OF_METER, OF_SERVICE_POINT, Header
from hub.workflows.state.statuses import NEVER_COMES
from integration_objects.complex_object import action_code, is_tracked, items_of
from integration_objects.errors import Refused
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet

_IDS = ("Service Id", "Service Point Id")
#: Lines that a refusal names.
_NAMED = 10


class ServiceIdMissing(Refused):
    """An order adds a service that needs a service id, and names none."""

    what = "the order {number} has services without a service id: {count}"
    where = "order {number}, line {lines}"
    why = "{products}: each service needs an id of its own before its order is submitted"
    mend = (
        "give each line its Service Id, or its Service Point Id where the product's services have their ids from there "
        "(edit-order-line-item); where provisioning brings the ids, say so in the product (Service Id Brought By)"
    )


def prove_ids_given(run: Run, order: PropertySet, former: PropertySet | None) -> None:
    """Refuse an order made in the hub that adds a service without the service id that it needs.

    A sender's order is its sender's: another system may give the ids.

    Args:
        run: the run.
        order: an instance of OM Order.
        former: the revision that a supplement replaces: lines that it has without an id were submitted so; None for a
            first one.

    Raises:
        ServiceIdMissing: names the lines.
    """
    if order.get("Source Order Number") is not None:
        return
    submitted_so = set() if former is None else {item.get(KEY) for item in _lacking(run, former)}
    lacking = [item for item in _lacking(run, order) if _is_to_come(item) and item.get(KEY) not in submitted_so]
    if lacking:
        names = [item.get("Line Number") or item.get(KEY) or "" for item in lacking]
        raise ServiceIdMissing(
            number=order.get("Order Number"),
            count=len(lacking),
            lines=", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else ""),
            products=", ".join(dict.fromkeys(item.get("Product Id") or "" for item in lacking)),
        )


def missing_id_notes(run: Run, document: PropertySet) -> list[Note]:
    """Report the lines of a quote or an order that lack the service id which their service needs."""
    text = "it has no service id, and its order can't be submitted without one"
    lacking = [item for item in _lacking(run, document) if _is_to_come(item)]
    return [Note(KIND, text, item.get(KEY), item.get("Product Id")) for item in lacking]


def _is_to_come(item: PropertySet) -> bool:
    return item.get("Applied Date") is None and item.get("Status") not in NEVER_COMES


def _lacking(run: Run, document: PropertySet) -> list[PropertySet]:
    """Find the lines that leave a service without an id, where its product's services need one."""
    lines = [item for item in items_of(document) if action_code(item) in ("Add", "Update") and is_tracked(item)]
    products = run.products(sorted(products_of(document))) if lines else {}
    changes = [item.copy_node() for item in lines]
    leave_alone(changes)
    return [
        item
        for item, change in zip(lines, changes, strict=True)
        # An Update that leaves the id alone isn't the one that has taken it away.
        if (action_code(item) == "Add" or any(name in change.properties for name in _IDS))
        and _lacks_id(item, products.get(item.get("Product Id") or "", {}))
    ]


def _lacks_id(item: PropertySet, product: Header) -> bool:
    if product.get("Service Instance") != "Y" or product.get("Service Id Brought By") == "Provisioning":
        return False
    has_point = item.get("Service Point Id") and product.get(KIND_OF_ID) in (OF_SERVICE_POINT, OF_METER)
    return not has_point and not item.get("Service Id")
