"""Compensation: services that provisioning completed after their withdrawal are kept, or taken away again.

    fallout-keep    the customer keeps it: the lines are billed, and applied to the service profile
    fallout-undo    an order of type Compensation asks provisioning to remove the added services; billing, which was
                    never told of them, hears nothing

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
from hub.workflows.orders.fallout import ENTRY, accounts_of_entry, open_entry
from hub.workflows.orders.submit import open_order
from hub.workflows.state.milestones import forget
from hub.workflows.state.order_lookup import MODULE, described, in_force, order_in_hand
from hub.workflows.state.service_profile import make_no_action, profile
from integration_objects.complex_object import (
    ComplexObject,
    action_code,
    all_items,
    attributes,
    items_of,
    message,
    put_list,
)
from integration_objects.errors import Refused
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet

#: lines that were completed after their withdrawal, each behind the revision that asked for it
Lines = Sequence[tuple[PropertySet, PropertySet]]
#: fields of a kept line that its application to the profile writes
_APPLIED = (
    *("Status", "Applied Date", "Completed Date"),
    *("Calculated Effective Start Date", "Calculated Effective End Date"),
)
#: fields of a removed line that belong to the work on the line which it undoes
_NOT_COPIED = (*_APPLIED, "Order Item Processed Flag", "Built On", "Action Alias", "Asset Status")


class NothingWithdrawn(Refused):
    """A fallout entry isn't about lines that were completed after their withdrawal."""

    what = "the fallout entry '{entry}' has nothing that could be kept or undone"
    where = "fallout entry {entry}"
    why = "its cause is {cause}; lines can be kept or undone if it is {expected}"
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
    """Bill lines that were completed after their withdrawal, and apply them to the service profile.

    Raises:
        FalloutUnknown, FalloutResolved: there is no such open entry.
        NothingWithdrawn: it isn't about such lines.
        NothingAbove: the service above one of them isn't there.
    """
    order, lines = _withdrawn(run, entry)
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
        bill_completed_lines(run, alone, done)
        if run.runtime.keeps_profiles:
            apply_completed(run, alone, kept.keys())
        for item in done:
            kept[item.get(KEY)].properties |= {name: item.get(name) for name in _APPLIED}
        run.effects.update(message(ORDER, [revision]))
    run.effects.resolve_fallout(entry, f"kept by {run.actor}: the lines are billed and in the service profile")
    return Outcome(objects=(message(ORDER, [order]),))


def undo(run: Run, entry: str) -> Outcome:
    """Make and open an order that asks provisioning to remove services which were added after their withdrawal.

    Returns:
        The order, of type Compensation.

    Raises:
        FalloutUnknown, FalloutResolved: there is no such open entry.
        NothingWithdrawn: it isn't about such lines.
        CannotBeUndone: one of the lines added nothing.
    """
    order, lines = _withdrawn(run, entry)
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
    how = f"undone by {run.actor}: the order {compensation.get('Order Number')} takes the services away"
    run.effects.resolve_fallout(entry, how)
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


def _withdrawn(run: Run, row_id: str) -> tuple[PropertySet, Lines]:
    """Return the order in force of an entry, locked, and the entry's lines; parents come before children."""
    entry: Mapping[str, Any] = open_entry(run, row_id)
    if entry["cause"] != fallout_entries.AFTER_WITHDRAWAL:
        raise NothingWithdrawn(entry=row_id, cause=entry["cause"], expected=fallout_entries.AFTER_WITHDRAWAL)
    order = in_force(run, order_in_hand(run, entry["order_number"]))
    return order, withdrawn_lines(run, order, entry["lines"])


def _refuse_without_service_above(run: Run, entry: str, lines: Lines) -> None:
    account_id = lines[0][0].get("Account Id") or "" if lines else ""
    there = {item.get(KEY) for item in all_items([profile(run, account_id)])} | {item.get(KEY) for _, item in lines}
    for revision, item in lines:
        parent = ComplexObject(revision).parent_of(item)
        # If another system keeps the profiles, the hub doesn't know the services that are there.
        if run.runtime.keeps_profiles and parent is not None and parent.get(KEY) not in there:
            raise NothingAbove(line=described(item), entry=entry, above=described(parent))


WORKFLOWS = (
    named_workflow(
        "Fallout Keep",
        keep,
        "keep what provisioning completed after its withdrawal: bill it, apply it to the service profile",
        ENTRY,
        module=MODULE,
        accounts=lambda run, values: accounts_of_entry(run, values["entry"]),
    ),
    named_workflow(
        "Fallout Undo",
        undo,
        "have services taken away again that provisioning added after their withdrawal",
        ENTRY,
        module=MODULE,
        accounts=lambda run, values: accounts_of_entry(run, values["entry"]),
    ),
)
