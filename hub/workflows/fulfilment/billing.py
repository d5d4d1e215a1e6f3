"""Billing: the events that tell which lines were completed, from when to when they are charged, and at which price.

    Lines Completed    lines of an order are complete: start, change or stop charging
    Lines Corrected    a fact of completed lines was corrected: a service id, the day of completion
    Lines Reversed     what was told of completed lines is undone: they never came into the service profile

Source: "Apply Completed Sales Order Line Item Process"; spec: docs/design/road.md "Out and back".
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.services.free_units import charged_quantity
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment.carried import carried
from hub.workflows.state.service_id import service_ids
from integration_objects.complex_object import (
    action_code,
    first_instance,
    items_of,
    line_items,
    list_of,
    message,
    put_list,
)
from integration_objects.definition import Component
from integration_objects.names import BILLING_EVENT, KEY, LINE_ITEM, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet

#: The type of an order that undoes the work on a request which had been withdrawn.
COMPENSATION = "Compensation"
#: The action of a billing event's line that undoes a charge.
REVERSE = "Reverse"


def bill_completed_lines(run: Run, order: PropertySet, completed: Sequence[PropertySet]) -> None:
    """Emit the event Lines Completed for lines of an order."""
    # What was made to undo a service that the customer withdrew was never charged for.
    if order.get("Order Type") != COMPENSATION:
        _bill(run, order, "Lines Completed", completed)


def bill_corrected_lines(run: Run, order: PropertySet, corrected: Sequence[PropertySet]) -> None:
    """Emit the event Lines Corrected for lines that billing was told of, and of which a fact has changed since.

    A line that added or changed a service is a change now: the charge goes on, with the new facts.
    """
    _bill(run, order, "Lines Corrected", corrected, corrected=True)


def bill_reversed_lines(run: Run, order: PropertySet, reversed_lines: Sequence[PropertySet]) -> None:
    """Emit the event Lines Reversed, which undoes what Lines Completed has told of these lines.

    Each line repeats its charge, so that billing finds it by order, line, action and day, and knows its amount.
    """
    event = _event(run, order, "Lines Reversed", reversed_lines, run.new_id())
    for line, item in zip(line_items(event), reversed_lines, strict=True):
        line.properties |= {
            "Action Code": REVERSE,
            "Reversed Action Code": action_code(item),
            "Reversed Date": item.get("Completed Date"),
        }
        # The status of a service that isn't there, and the name of a change that is undone.
        for name in ("Action Alias", "Asset Status"):
            line.properties.pop(name, None)
    run.effects.emit(BILLING_EVENT, message(BILLING_EVENT, [event]))


def prove_billable(run: Run, order: PropertySet) -> None:
    """Prove that billing's systems can be told of an order's lines once they are complete, as far as it is known now.

    Values that provisioning brings come later: a system that can't take one of those gets its message later.

    Raises:
        CannotLeave: a system can't take a value of the order.
    """
    if not any(system.takes == BILLING_EVENT for system in run.runtime.systems):
        return
    coming = [
        item for item in items_of(order) if action_code(item) != NO_ACTION and item.get("Status") in ("Pending", "Open")
    ]
    # Large orders repeat themselves: the lines that bring a value which no line before them has prove as much.
    different = _with_new_values(coming, run.definitions[BILLING_EVENT].root.children[LINE_ITEM])
    if different:
        proven = order.copy_node()
        proven.children = [child for child in order.children if child.type != list_of(LINE_ITEM)]
        put_list(proven, LINE_ITEM).extend(item.copy_node() for item in different)
        event = _event(run, proven, "Lines Completed", line_items(proven), event_id=order.get("Row Id"))
        run.effects.prove(BILLING_EVENT, message(BILLING_EVENT, [event]))


def _with_new_values(items: Sequence[PropertySet], component: Component) -> Sequence[PropertySet]:
    """Choose the lines that bring billing a value which no line before them has in the same field."""
    if component.children:
        return items
    # The event's Price is the line's Adjusted Price. Key and number differ on every line, and prove nothing.
    sent = {*component.fields, "Adjusted Price"} - {KEY, "Line Number"}
    seen: set[tuple[str, str]] = set()
    different = []
    for item in items:
        pairs = {(name, text) for name, text in item.properties.items() if text is not None and name in sent}
        # A key that the hub has made fits wherever another one does; others come from loaded profiles.
        if action_code(item) != "Add":
            pairs.add((KEY, item.get(KEY) or ""))
        if not pairs <= seen:
            seen |= pairs
            different.append(item)
    return different


def _bill(run: Run, order: PropertySet, event_type: str, lines: Sequence[PropertySet], corrected: bool = False) -> None:
    event = _event(run, order, event_type, lines, run.new_id(), corrected)
    run.effects.emit(BILLING_EVENT, message(BILLING_EVENT, [event]))


def _event(
    run: Run,
    order: PropertySet,
    event_type: str,
    lines: Sequence[PropertySet],
    event_id: str | None,
    corrected: bool = False,
) -> PropertySet:
    # The whole order is dated, and not the result of Trim, which drops the one-time fees: billing wants them.
    dated = first_instance(run.call("Set Effectivity Dates", message(ORDER, [order]), completed=run.now()))
    dated_lines = {item.get(KEY): item for item in items_of(dated)}
    component = run.definitions[BILLING_EVENT].root
    event = carried(order, component)
    event.properties |= {
        "Event Id": event_id,
        "Event Type": event_type,
        "Event Time": run.now(),
        "Order Revision": order.get("Revision"),
    }
    joined_ids = service_ids(run, lines, lambda item: item.get("Completed Date") or run.now())
    for item in lines:
        line = carried(item, component.children[LINE_ITEM])
        dates = dated_lines[item.get(KEY)]
        if id(item) in joined_ids:
            line.properties["Service Id"] = joined_ids[id(item)]
        if corrected and action_code(item) != "Delete":
            line.properties["Action Code"] = "Update"
        line.properties["Price"] = item.get("Adjusted Price")
        line.properties["Quantity"] = charged_quantity(item, "Quantity")
        line.properties["Effective Start Date"] = dates.get("Calculated Effective Start Date")
        line.properties["Effective End Date"] = dates.get("Calculated Effective End Date")
        if action_code(line) == "Update":
            line.properties["Change Date"] = dates.get("Completed Date")
        put_list(event, LINE_ITEM).append(line)
    return event
