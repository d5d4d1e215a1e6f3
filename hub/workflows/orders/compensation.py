"""Compensation: work that provisioning has done, and that the service profile lacks, is kept or undone.

    fallout-keep    what was done stands: the lines are applied to the service profile, and billed if they weren't yet
    fallout-undo    an order of type Compensation asks provisioning to remove the added services; charges that billing
                    was told of are reversed

The lines were completed after their withdrawal, and never billed; or beneath a failed line, or beneath a service that
isn't there, and billed.

Source: "Apply Completed Sales Order Line Item Process", "order assurance"; spec: docs/design/road.md, "Out and back".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment import fallout_entries
from hub.workflows.fulfilment.billing import COMPENSATION, bill_completed_lines
from hub.workflows.fulfilment.completion import apply_completed
from hub.workflows.fulfilment.late_answers import withdrawn_lines
from hub.workflows.fulfilment.reversible import (
    KEPT_CAUSES,
    UNDONE_CAUSES,
    reverse_charges,
    reversible_lines,
    store_settled,
    without_service_above,
)
from hub.workflows.orders.fallout import ENTRY, accounts_of_entry, open_entry
from hub.workflows.orders.submit import open_order
from hub.workflows.state.milestones import forget
from hub.workflows.state.order_lookup import MODULE, described, in_force, order_in_hand
from hub.workflows.state.service_profile import make_no_action
from hub.workflows.state.task_progress import TASKS
from integration_objects.complex_object import (
    ComplexObject,
    action_code,
    attributes,
    is_tracked,
    items_of,
    message,
    put_list,
)
from integration_objects.errors import Refused
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet

#: completed lines that the service profile lacks, each behind the revision that asked for it
Lines = Sequence[tuple[PropertySet, PropertySet]]
#: causes of entries whose lines can be kept, and of those whose lines can be taken away again
_KEPT = (fallout_entries.AFTER_WITHDRAWAL, *KEPT_CAUSES)
_UNDONE = (*fallout_entries.WITHDRAWN, *UNDONE_CAUSES)
#: fields of a kept line that its application to the profile writes
_APPLIED = (
    *("Status", "Applied Date", "Completed Date"),
    *("Calculated Effective Start Date", "Calculated Effective End Date"),
)
#: fields of a removed line that belong to the work on the line which it undoes
_NOT_COPIED = (*_APPLIED, "Order Item Processed Flag", "Built On", "Action Alias", "Asset Status", TASKS)


class NothingWithdrawn(Refused):
    """A fallout entry isn't about work that the service profile lacks."""

    what = "the fallout entry '{entry}' has nothing that could be kept or undone"
    where = "fallout entry {entry}"
    why = "its cause is {cause}; lines can be kept or undone if it is {expected}, and the service profile lacks them"
    mend = "`orderhub workflow fallout-list` names the workflows that can deal with this entry"


class NothingAbove(Refused):
    """A line is to be kept beneath a service that the customer doesn't have."""

    what = "the line {line} can't be kept"
    where = "fallout entry {entry}"
    why = "the service above it ({above}) isn't in the service profile"
    mend = "keep it when that service is there, or have it taken away again (fallout-undo)"


class CannotBeUndone(Refused):
    """A change or a removal is to be undone as if it had added a service."""

    what = "the line {line} can't be undone"
    where = "fallout entry {entry}"
    why = "its action is {action}, and only added services can be taken away again"
    mend = "keep it (fallout-keep), and order what the customer wants instead"


def keep(run: Run, entry: str) -> Outcome:
    """Apply lines to the service profile that were completed after their withdrawal, or beneath a failed line.

    The former are billed by that; billing knows the latter already.

    Raises:
        FalloutUnknown, FalloutResolved: there is no such open entry.
        NothingWithdrawn: it isn't about such lines.
        NothingAbove: the service above one of them isn't there.
    """
    found, order, lines = _undecided(run, entry, _KEPT)
    is_billed = found["cause"] != fallout_entries.AFTER_WITHDRAWAL
    _refuse_without_service_above(run, entry, lines)
    revisions = {id(revision): revision for revision, _ in lines}
    for revision in revisions.values():
        kept = {item.get(KEY): item for other, item in lines if other is revision}
        # By themselves: the other lines of the replaced revision are not asked for by anybody.
        alone = revision.copy()
        done = []
        for item in items_of(alone):
            if item.get(KEY) in kept:
                item.properties["Status"] = "Complete"
                done.append(item)
            else:
                make_no_action(item)
                item.properties["Status"] = NO_ACTION
        if not is_billed:
            bill_completed_lines(run, alone, done)
        if run.runtime.keeps_profiles:
            apply_completed(run, alone, kept.keys())
        for item in done:
            kept[item.get(KEY)].properties |= {name: item.get(name) for name in _APPLIED}
        if is_billed:
            store_settled(run, revision, list(kept.values()))
        else:
            run.effects.update(message(ORDER, [revision]))
    # The lines that hold a bundle are still to be tried again, or given up.
    if found["cause"] != fallout_entries.REMOVAL_HELD:
        how = f"kept by {run.actor}: the lines are billed, and the service profile has them"
        run.effects.resolve_fallout(found["row_id"], how)
    return Outcome(objects=(message(ORDER, [order]),))


def undo(run: Run, entry: str) -> Outcome:
    """Make and open an order that asks provisioning to remove services which it has added, and nobody has.

    Where billing was told of them, their charges are reversed.

    Returns:
        The order, of type Compensation.

    Raises:
        FalloutUnknown, FalloutResolved: there is no such open entry.
        NothingWithdrawn: it isn't about such lines.
        CannotBeUndone: one of the lines added nothing.
    """
    found, order, lines = _undecided(run, entry, _UNDONE)
    for _, item in lines:
        if action_code(item) != "Add":
            raise CannotBeUndone(line=described(item), entry=entry, action=action_code(item))
    names = ("Account Id", "Service Account Id", "Billing Account Id", "Agreement Id", "Currency Code")
    compensation = PropertySet(
        "Order",
        properties={
            **{name: order.get(name) for name in names},
            "Row Id": run.new_id(),
            "Order Number": f"O-{run.next_number('Order Number'):07d}",
            "Revision": "1",
            "Active Flag": "Y",
            "Order Type": COMPENSATION,
        },
    )
    removed: dict[str | None, PropertySet] = {}
    for number, (revision, item) in enumerate(lines, 1):
        line = removed[item.get(KEY)] = _removal(item)
        line.properties |= {"Row Id": run.new_id(), "Line Number": str(number)}
        parent = ComplexObject(revision).parent_of(item)
        # `withdrawn_lines` has parents before children, so that the parent's line is made already.
        above = None if parent is None else removed.get(parent.get(KEY))
        put_list(compensation if above is None else above, LINE_ITEM).append(line)
    open_order(run, compensation, former=None, is_stored=False)
    if found["cause"] not in fallout_entries.WITHDRAWN:
        reverse_charges(run, order, reversible_lines(run, order, found))
    how = f"undone by {run.actor}: the order {compensation.get('Order Number')} takes the services away"
    run.effects.resolve_fallout(found["row_id"], how)
    return Outcome(objects=(message(ORDER, [compensation]),))


def _removal(item: PropertySet) -> PropertySet:
    """Make the line that removes what *item* has added."""
    line = item.copy_node()
    for name in _NOT_COPIED:
        line.properties.pop(name, None)
    forget(line)
    # Not tracked: the service never was in the profile, so that nothing is to be taken out of it.
    line.properties |= {"Action Code": "Delete", "Status": "Pending", "Track As Asset": "N"}
    for attribute in attributes(item):
        twin = attribute.copy_node()
        twin.properties["Action Code"] = "Delete"
        put_list(line, "Attribute").append(twin)
    return line


def _undecided(run: Run, row_id: str, causes: Sequence[str]) -> tuple[Mapping[str, Any], PropertySet, Lines]:
    """Return an entry, the order in force that it is about, locked, and its lines; parents come before children."""
    entry: Mapping[str, Any] = open_entry(run, row_id)
    refused = NothingWithdrawn(entry=row_id, cause=entry["cause"], expected=" or ".join(causes))
    if entry["cause"] not in causes:
        raise refused
    order = in_force(run, order_in_hand(run, entry["order_number"]))
    if entry["cause"] in fallout_entries.WITHDRAWN:
        return entry, order, withdrawn_lines(run, order, entry["lines"])
    # Fees go with their services: there is nothing of them to keep, and provisioning can't take them away.
    lines = [(order, line) for line in reversible_lines(run, order, entry) if is_tracked(line)]
    if not lines:
        raise refused
    return entry, order, lines


def _refuse_without_service_above(run: Run, entry: str, lines: Lines) -> None:
    for revision in {id(revision): revision for revision, _ in lines}.values():
        own = [item for other, item in lines if other is revision]
        for item, above in without_service_above(run, revision, own, {item.get(KEY) for _, item in lines}):
            raise NothingAbove(line=described(item), entry=entry, above=described(above))


WORKFLOWS = (
    named_workflow(
        "Fallout Keep",
        keep,
        "keep what provisioning completed after its withdrawal, or beneath a failed line: apply it to the profile",
        ENTRY,
        module=MODULE,
        accounts=accounts_of_entry,
    ),
    named_workflow(
        "Fallout Undo",
        undo,
        "have services taken away again that provisioning added, and that the service profile lacks",
        ENTRY,
        module=MODULE,
        accounts=accounts_of_entry,
    ),
)
