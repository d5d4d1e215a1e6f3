"""Work orders: an open order decomposed into one request for each fulfilment system.

Source: "Submit Order Process", step 6, "decompose orders into multiple work orders"; spec: docs/design/road.md "Out
and back".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hub.workflow_manager.run import Run
from hub.workflows.fulfilment.carried import carried
from hub.workflows.fulfilment.unprovided_lines import is_open
from hub.workflows.state.due_dates import due_date
from hub.workflows.state.order_lookup import revision_of
from hub.workflows.state.service_id import service_ids
from hub.workflows.state.service_profile import make_no_action
from integration_objects.complex_object import (
    ComplexObject,
    instances,
    items_of,
    message,
    put_list,
    walk_items,
)
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION, WORK_ORDER
from integration_objects.property_set import PropertySet

#: fields that a line of a work order has from its own table, never from the order's line
_OWN_FIELDS = frozenset(("Row Id", "Parent Item Id", "Status Time"))
_OWN_HEADER_FIELDS = frozenset(("Row Id", "Work Order Number", "Modification Number"))


def assign_systems(order: PropertySet) -> None:
    """Give every line its fulfilment system: the product's own, or else that of the nearest line above. In place."""
    # Parents come before children, so that a parent's system is settled when its children ask for it.
    for item, parent in walk_items(order):
        system = item.get("Fulfilment System") or (parent.get("Fulfilment System") if parent is not None else None)
        item.properties["Fulfilment System"] = system


def send_work_orders(run: Run, order: PropertySet, again: bool = False, must_leave: bool = False) -> None:
    """Store and emit one work order for each fulfilment system of an order.

    A revision replaces the whole work order of each system that had one, even if the system has nothing left to do.

    Args:
        run: the run.
        order: the order's instance: Open, or Cancelled with no line to do.
        again: whether work orders of this order may have been sent before.
        must_leave: whether the order is being accepted, and is refused if a system can't take its work order.

    Raises:
        CannotLeave: a system can't, and *must_leave* says that it must.
    """
    sent: dict[str, PropertySet] = {}
    if again:
        stored = run.query(WORK_ORDER, {"Order Number": order.get("Order Number")})
        sent = {work_order.get("Fulfilment System") or "": work_order for work_order in instances(stored)}
    for work_order in _work_orders(run, order, sent):
        system = work_order.get("Fulfilment System") or ""
        tree = message(WORK_ORDER, [work_order])
        if system not in sent:
            run.effects.insert(tree, fresh=True)  # its number is new under the account's lock: no key can be taken
        else:
            run.effects.synchronize(tree)
        run.effects.emit(WORK_ORDER, tree, for_system=system, must_leave=must_leave)


def prove_work_orders(run: Run, order: PropertySet) -> None:
    """Prove that the systems concerned can take the work orders of an order that isn't opened yet.

    Raises:
        CannotLeave: a system can't take a value of the order.
        NobodyTakes: no declared system takes the work order of one of its fulfilment systems.
    """
    opened = order.copy()
    for item in items_of(opened):
        if item.get("Status") == "Pending":
            item.properties["Status"] = "Open"
    assign_systems(opened)
    for work_order in _work_orders(run, opened, {}):
        run.effects.prove(WORK_ORDER, message(WORK_ORDER, [work_order]), work_order.get("Fulfilment System"))


def _work_orders(run: Run, order: PropertySet, sent: Mapping[str, PropertySet]) -> Iterator[PropertySet]:
    """Make the work orders of an order; *sent* are those that its systems have had, by system."""
    number = order.get("Order Number") or ""
    # A supplement that was made in the hub has no sender, and provisioning may know the order by the sender's number.
    source = next(iter(sent.values()), order)
    systems = [system for item in items_of(order) if is_open(item) and (system := item.get("Fulfilment System"))]
    joined_ids = service_ids(run, list(items_of(order)), lambda item: due_date(order, item) or run.now())
    # Work orders of this order keep their numbers, also the ones that are done: the count is the last number.
    last_number = len(sent)
    for system in dict.fromkeys([*sent, *systems]):
        former = sent.get(system)
        if former is None:
            last_number += 1
            name, revision = f"{number}-{last_number}", 1
        # Also without a line: provisioning must hear that an open work order asks for nothing any more.
        elif former.get("Status") == "Open" or system in systems:
            name = former.get("Work Order Number") or ""
            revision = revision_of(former) + 1
        else:
            continue  # the former revision is done, and this one asks for nothing
        lines = _lines_for(run, order, system, joined_ids)
        work_order = carried(order, run.definitions[WORK_ORDER].root, but_not=_OWN_HEADER_FIELDS)
        work_order.properties |= {
            "Work Order Number": name,
            "Revision": str(revision),
            "Order Revision": order.get("Revision"),
            "Source System": source.get("Source System"),
            "Source Order Number": source.get("Source Order Number"),
            "Fulfilment System": system,
            "Status": "Open" if lines else "Cancelled",
        }
        put_list(work_order, LINE_ITEM).extend(lines)
        yield work_order


def _lines_for(run: Run, order: PropertySet, system: str, joined_ids: Mapping[int, str]) -> list[PropertySet]:
    """Make the root lines of the work order of *system*: the lines that it is to provide, beneath ancestors as `-`.

    *joined_ids* are the service ids that `service_ids` joined in from the network.
    """

    def is_asked(item: PropertySet) -> bool:
        return is_open(item) and item.get("Fulfilment System") == system

    component = run.definitions[WORK_ORDER].root.children[LINE_ITEM]
    view = ComplexObject(order)
    lines: dict[str | None, PropertySet] = {}
    roots: list[PropertySet] = []
    for item in view.with_those_above(is_asked):
        line = carried(item, component, but_not=_OWN_FIELDS)
        if id(item) in joined_ids:
            line.properties["Service Id"] = joined_ids[id(item)]
        if not is_asked(item):
            make_no_action(line)
            # An ancestor is sent for its place only: provisioning has nothing to do on it, and nothing to answer.
            line.properties["Status"] = NO_ACTION
        lines[item.get(KEY)] = line
        parent = view.parent_of(item)
        (roots if parent is None else put_list(lines[parent.get(KEY)], LINE_ITEM)).append(line)
    return roots
