"""Lines that were billed in vain: provisioning completed them, and they never came into the service profile.

A line is billed when provisioning has completed it, and is applied to the service profile afterwards. A fallout entry
tells of lines for which the second step didn't come.

Source: "Apply Completed Sales Order Line Item Process"; spec: docs/orders.md, "Fallout".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from hub.workflow_manager.run import Run
from hub.workflows.fulfilment import fallout_entries
from hub.workflows.fulfilment.billing import COMPENSATION, bill_reversed_lines
from hub.workflows.fulfilment.revisions import pass_on
from hub.workflows.state.service_profile import INACTIVE, profile
from hub.workflows.state.statuses import FAILED
from integration_objects.complex_object import (
    ComplexObject,
    action_code,
    all_items,
    first_instance,
    is_tracked,
    message,
)
from integration_objects.names import ASSET, KEY, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet

#: causes of entries about lines that a failed line above them keeps out of the service profile
BELOW_FAILED_CAUSES = (fallout_entries.LINES_FAILED, fallout_entries.BELOW_FAILED, fallout_entries.REMOVAL_HELD)
#: those of them whose lines can be kept; the failed lines of the others are a matter of their own
KEPT_CAUSES = (fallout_entries.BELOW_FAILED, fallout_entries.REMOVAL_HELD)
#: causes of entries whose added lines can be taken away again
UNDONE_CAUSES = (fallout_entries.BELOW_FAILED, fallout_entries.IGNORED)
#: causes of entries whose lines billing may have been told of in vain
REVERSED = (*BELOW_FAILED_CAUSES, fallout_entries.IGNORED)


def reversible_lines(run: Run, order: PropertySet, entry: Mapping[str, Any]) -> list[PropertySet]:
    """Return an order's lines that were billed, and that the service profile lacks for the reason of a fallout entry.

    Fees are among them: they never are in a service profile, and belong to the service that isn't there.

    Args:
        run: the run.
        order: the revision in force.
        entry: the entry.
    """
    # A compensation takes away services of which billing never heard.
    if order.get("Order Type") == COMPENSATION or not run.runtime.keeps_profiles:
        return []
    view = ComplexObject(order)
    if entry["cause"] in BELOW_FAILED_CAUSES:
        # A bundle that a failed line holds is open, and keeps what is beneath it out of the profile, too.
        held = entry["lines"] if entry["cause"] == fallout_entries.REMOVAL_HELD else ()
        return [
            line
            for line in view.items
            if _is_billed(line)
            and any(above.get("Status") in FAILED or above.get(KEY) in held for above in view.above(line))
        ]
    if entry["cause"] != fallout_entries.IGNORED:
        return []
    lost = _lost(run, view, entry["lines"])
    return [
        line
        for line in view.items
        # Lost lines have an Applied Date: Apply has looked at them.
        if line.get(KEY) in lost
        or (_is_billed(line) and not is_tracked(line) and any(above.get(KEY) in lost for above in view.above(line)))
    ]


def workflows_for_billed(run: Run, order: PropertySet, entry: Mapping[str, Any]) -> list[str]:
    """Name the workflows that can deal with an entry's billed lines: keep or undo them, or reverse their charges.

    Args:
        run: the run.
        order: the revision in force.
        entry: the entry.
    """
    lines = reversible_lines(run, order, entry)
    services = [line for line in lines if is_tracked(line)]
    possible = []
    if services and entry["cause"] in KEPT_CAUSES and not without_service_above(run, order, services):
        possible.append("fallout-keep")
    if (
        services
        and entry["cause"] != fallout_entries.LINES_FAILED
        and all(action_code(line) == "Add" for line in services)
    ):
        possible.append("fallout-undo")
    return [*possible, "fallout-reverse"] if lines else []


def without_service_above(
    run: Run, order: PropertySet, lines: Sequence[PropertySet], coming: Collection[str | None] = ()
) -> list[tuple[PropertySet, PropertySet]]:
    """Return those of an order's lines that stand beneath a service which isn't there, each with the line above.

    If another system keeps the profiles, the hub doesn't know the services that are there.

    Args:
        run: the run.
        order: the order.
        lines: lines of it.
        coming: keys of services that come with them.
    """
    if not run.runtime.keeps_profiles:
        return []
    there = {item.get(KEY) for item in all_items([profile(run, order.get("Account Id") or "")])}
    there |= {line.get(KEY) for line in lines} | {*coming}
    view = ComplexObject(order)
    pairs = [(line, view.parent_of(line)) for line in lines]
    return [(line, above) for line, above in pairs if above is not None and above.get(KEY) not in there]


def _is_billed(line: PropertySet) -> bool:
    """Tell whether billing was told of a line which isn't applied to the profile, or settled in another way."""
    return line.get("Status") == "Complete" and action_code(line) != NO_ACTION and line.get("Applied Date") is None


def _lost(run: Run, view: ComplexObject, keys: Collection[str]) -> set[str | None]:
    """Return the keys of added and changed lines whose services the profile doesn't have.

    A Delete that Apply ignored was billed rightly: the service is gone, and its charge has ended.
    """
    asset = run.query(ASSET, {"Account Id": view.header.get("Account Id")})
    present = {item.get(KEY) for item in all_items([asset]) if item.get("Status") != INACTIVE}
    return {
        line.get(KEY)
        for line in view.items
        if line.get(KEY) in keys
        and line.get("Status") == "Complete"
        and action_code(line) in ("Add", "Update")
        and line.get(KEY) not in present
    }


def reverse_charges(run: Run, order: PropertySet, lines: Sequence[PropertySet]) -> None:
    """Have billing undo what it was told of lines, and settle the lines, so that nothing brings them any more.

    Args:
        run: the run; the order's account is locked.
        order: the revision in force. Its lines are changed in place, and stored.
        lines: lines of it, as `reversible_lines` gives them.
    """
    bill_reversed_lines(run, order, lines)
    for line in lines:
        # An applied line counts as `-` from then on: no retry brings the service without its charge.
        line.properties["Applied Date"] = run.now()
        line.properties["Status Reason"] = f"its charge was reversed by {run.actor} on {run.now()}"
    store_settled(run, order, lines)


def store_settled(run: Run, order: PropertySet, lines: Sequence[PropertySet]) -> None:
    """Store an order whose *lines* are settled, and hand them on to a supplement that isn't submitted."""
    run.effects.update(message(ORDER, [order]))
    active = first_instance(run.query(ORDER, {"Order Number": order.get("Order Number"), "Active Flag": "Y"}))
    if active.get("Row Id") != order.get("Row Id"):
        pass_on(run, active, lines)
