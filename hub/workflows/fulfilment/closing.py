"""The end of an order: Complete or Failed, once all of its roots are processed.

Source: "Apply Completed Sales Order Line Item Process"; spec: docs/design/road.md "Out and back".
"""

from __future__ import annotations

from hub.workflow_manager.run import Run
from hub.workflows.fulfilment import fallout_entries
from hub.workflows.state.statuses import FAILED, check_change
from integration_objects.complex_object import ComplexObject, action_code, is_tracked, items_of, line_items
from integration_objects.names import KEY, NO_ACTION
from integration_objects.property_set import PropertySet


def close_order(run: Run, order: PropertySet) -> None:
    """Make an order Complete or Failed once all roots are processed, in place; raise fallout entries for failures."""
    if order.get("Status") != "Open":
        return
    # The flag tells of a root and everything beneath it, so that no line needs a look here.
    if any(root.get("Order Item Processed Flag") != "Y" for root in line_items(order)):
        return
    failed = [item for item in items_of(order) if item.get("Status") in FAILED]
    new = "Failed" if failed else "Complete"
    check_change("order", order.get("Order Number") or "", order.get("Status"), new)
    order.properties["Status"] = new
    if not failed:
        # A failed order has no Completed Date: its lines may be tried again from fallout.
        order.properties["Completed Date"] = run.now()
        return
    reasons = "; ".join(map(fallout_entries.why_failed, failed))
    fallout_entries.raise_once(
        run, order, fallout_entries.LINES_FAILED, reasons, [item.get(KEY) or "" for item in failed]
    )
    hidden = _completed_below_failed(order)
    if hidden:
        fallout_entries.raise_once(
            run,
            order,
            fallout_entries.BELOW_FAILED,
            fallout_entries.below_failed_reason(hidden),
            [item.get(KEY) or "" for item in hidden],
        )


def _completed_below_failed(order: PropertySet) -> list[PropertySet]:
    view = ComplexObject(order)
    return [
        item
        for item in view.items
        if item.get("Status") == "Complete"
        # A line that was applied before its parent failed is in the profile: nobody has to look after it.
        and item.get("Applied Date") is None
        and action_code(item) != NO_ACTION
        and is_tracked(item)
        and any(parent.get("Status") in FAILED for parent in view.above(item))
    ]
