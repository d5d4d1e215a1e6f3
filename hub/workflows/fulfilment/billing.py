"""Billing: the event that tells which lines were completed, from when to when they are charged, and at which price.

Source: "Apply Completed Sales Order Line Item Process"; spec: docs/design/road.md "Out and back".
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.workflow_manager.run import Run
from hub.workflows.fulfilment.carried import carried
from hub.workflows.state.service_id import service_ids
from integration_objects.complex_object import action_code, first_instance, items_of, message, put_list
from integration_objects.names import BILLING_EVENT, KEY, LINE_ITEM, ORDER
from integration_objects.property_set import PropertySet


def bill_completed_lines(run: Run, order: PropertySet, completed: Sequence[PropertySet]) -> None:
    """Emit the event Lines Completed for lines of an order.

    The whole order is dated, not what Trim leaves of it: Trim drops the one-time fees, which billing wants.
    """
    dated = first_instance(run.call("Set Effectivity Dates", message(ORDER, [order]), completed=run.now()))
    dated_lines = {item.get(KEY): item for item in items_of(dated)}
    component = run.definitions[BILLING_EVENT].root
    event = carried(order, component)
    event.properties |= {
        "Event Id": run.new_id(),
        "Event Type": "Lines Completed",
        "Event Time": run.now(),
        "Order Revision": order.get("Revision"),
    }
    joined_ids = service_ids(run, completed, lambda item: item.get("Completed Date") or run.now())
    for item in completed:
        line = carried(item, component.children[LINE_ITEM])
        dates = dated_lines[item.get(KEY)]
        if id(item) in joined_ids:
            line.properties["Service Id"] = joined_ids[id(item)]
        line.properties["Price"] = item.get("Adjusted Price")
        line.properties["Effective Start Date"] = dates.get("Calculated Effective Start Date")
        line.properties["Effective End Date"] = dates.get("Calculated Effective End Date")
        if action_code(item) == "Update":
            line.properties["Change Date"] = dates.get("Completed Date")
        put_list(event, LINE_ITEM).append(line)
    run.effects.emit(BILLING_EVENT, message(BILLING_EVENT, [event]))
