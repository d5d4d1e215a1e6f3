"""Completion: an order's completed lines are billed, and applied to the service profile.

Source: "l. Apply Completed Sales Order Line Item Process"; spec: docs/design/road.md "Out and back",
docs/design/workflows.md, two traps of the source.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.services.apply import ABSENT, Ignored
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment import fallout_entries
from hub.workflows.fulfilment.billing import bill_completed_lines
from hub.workflows.fulfilment.closing import close_order
from hub.workflows.fulfilment.completion_dates import move_ends
from hub.workflows.fulfilment.profile_history import write_history
from hub.workflows.fulfilment.unprovided_lines import is_open, is_provided
from hub.workflows.state.order_lookup import MODULE, ORDER_NUMBER, SUBMITTED, described, in_force, order_in_hand
from hub.workflows.state.rebase import leave_alone
from hub.workflows.state.service_profile import (
    OPEN_HEADERS,
    changed_items,
    in_sequence,
    keys_above,
    make_no_action,
    no_profile,
    profile,
)
from integration_objects.complex_object import (
    action_code,
    all_items,
    attributes,
    first_instance,
    instances,
    is_empty,
    items_of,
    line_items,
    message,
    put_list,
    walk_items,
)
from integration_objects.errors import Refused
from integration_objects.names import ASSET, ATTRIBUTE, KEY, LINE_ITEM, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet

#: how fallout entries are resolved whose lines had to wait
_IN_PROFILE = "the lines are in the service profile now"
_NOT_TAKEN = "the service profile can't take the lines any more: see Ignored by Apply"
#: causes of the fallout entries of orders that aren't open, and whose lines may still come
_MAY_COME = (fallout_entries.LINES_FAILED, fallout_entries.BELOW_FAILED, fallout_entries.WAITING)
_CALCULATED_DATES = ("Completed Date", "Calculated Effective Start Date", "Calculated Effective End Date")


class NotFullyExploded(Refused):
    """A completed line still stands for several services."""

    what = "the order {number} has a completed line that stands for several services"
    why = "an asset is one service; a line with a quantity above 1 must be exploded before"
    mend = "explode the line (Ungroup) and complete the order's lines again"


class NotSubmitted(Refused):
    """The completed lines of an order are to be applied that isn't submitted."""

    what = "the order {number} has no completed lines"
    where = "order {number}"
    why = "its status is {status}: nobody works on it"
    mend = "submit it first; lines are completed by provisioning's statuses"


def apply_completed_lines(run: Run, order: str) -> Outcome:
    """Apply an order's completed lines to the service profile; a second time nothing changes.

    Raises:
        OrderUnknown: there is no such order.
        NotSubmitted: the order isn't submitted.

    Source: "l. Apply Completed Sales Order Line Item Process".
    """
    submitted = in_force(run, order_in_hand(run, order))
    if submitted.get("Status") not in SUBMITTED:
        raise NotSubmitted(number=order, status=submitted.get("Status"))
    take_completed_lines(run, submitted, [])
    return Outcome(objects=(message(ORDER, [submitted]),))


def take_completed_lines(run: Run, order: PropertySet, completed: Sequence[PropertySet]) -> None:
    """Bill completed lines, set the processed flags, close the order, and update the service profile.

    If another system keeps the service profiles (setting `service_profile`), the hub leaves them alone.

    Args:
        run: the run.
        order: the stored order's instance, with its new statuses. Changed in place, and written.
        completed: the lines that this message has completed.
    """
    if completed:
        bill_completed_lines(run, order, completed)
    # The flags come first: an order is closed once all of its roots are flagged.
    flag_processed(run, order)
    close_order(run, order)
    if run.runtime.keeps_profiles:
        apply_completed(run, order, {item.get(KEY) for item in completed})
    run.effects.update(message(ORDER, [order]))
    # Only now: the waiting orders read the profile, and this order, from the database.
    if completed:
        _apply_waiting_orders(run, order)


def _apply_waiting_orders(run: Run, order: PropertySet) -> None:
    """Apply completed lines of other orders that waited for the services that this order has brought."""
    for number in _orders_in_fallout(run, order, [fallout_entries.WAITING]):
        [active] = instances(run.query(ORDER, {"Order Number": number, "Active Flag": "Y"}))
        waiting = in_force(run, active)
        apply_completed(run, waiting)
        run.effects.update(message(ORDER, [waiting]))


def flag_processed(run: Run, order: PropertySet) -> None:
    """Set the Order Item Processed Flag of each root, in place."""
    flagged = first_instance(run.call("Update Order Status", message(ORDER, [order])))
    for root, twin in zip(line_items(order), line_items(flagged), strict=True):
        root.properties["Order Item Processed Flag"] = twin.get("Order Item Processed Flag")


@dataclass(frozen=True)
class _CompletedLines:
    """The completed lines of an order that the service profile doesn't have yet.

    Attributes:
        change: OM Order message, as Apply takes it: these lines, everything else `-`.
        dated: the lines by key, with their calculated dates.
        actions: their action codes by key.
    """

    change: PropertySet
    dated: Mapping[str | None, PropertySet]
    actions: Mapping[str | None, str]


def apply_completed(run: Run, order: PropertySet, just_completed: Collection[str | None] = ()) -> None:
    """Apply an order's completed lines to the service profile. Running it twice changes nothing the second time.

    Args:
        run: the run; the order's account is locked.
        order: an instance of OM Order. The lines that are applied get their Applied Date, in place.
        just_completed: the keys of the lines that this message has completed. Other lines may have waited beneath a
            line that failed, or for another order; their fallout entries are resolved.

    Raises:
        NotFullyExploded: a completed line stands for several services.

    Source: "Apply Completed Sales Order Line Item Process", steps 1 to 9.
    """
    lines = _choose_lines(run, order)
    if lines is None:
        return
    account_id = order.get("Account Id") or ""
    # Provisioning may complete a later order first. That order's lines are applied once more, after this one's, so that
    # its values stand in the end.
    _, *sequence = in_sequence(run, account_id, [lines.change])
    later = [run.call("Logical Delete", tree) for tree in sequence]
    # A later order may have removed an item that this order changes. The item stays, Inactive as it is, until both
    # orders are applied in their turn; otherwise this order's line would be ignored.
    kept = keys_above([lines.change]) | {item.get(KEY) for item in changed_items(later)}
    before = profile(run, account_id, kept)
    applied = run.call("Apply", no_profile(account_id) if is_empty(before) else before, [lines.change, *later])
    # Entries of the later orders are no news: they were reported when those orders were applied.
    ignored = [entry for entry in applied.ignored if entry.order == order.get("Order Number")]
    too_early = _lines_to_wait(run, order, lines.change, ignored)
    _report_ignored(run, order, ignored, too_early)
    _report_moved_ends(run, order, before, lines)
    if not is_empty(applied.asset):
        _write_profile(run, order, before, applied.asset, lines, later)
    _date_lines(run, order, lines, too_early)
    waited = [key or "" for key in lines.actions if key not in just_completed and key not in too_early]
    if waited:
        lost = {entry.item for entry in ignored if entry.attribute is None}
        applied = [item.get(KEY) or "" for item in items_of(order) if item.get("Applied Date") is not None]
        for cause, keys in ((fallout_entries.BELOW_FAILED, waited), (fallout_entries.WAITING, applied)):
            # Entry by entry: one lost line says nothing of the lines of other entries. The second call finds the
            # entries that the first one left open.
            fallout_entries.resolve(run, order, cause, _IN_PROFILE, [key for key in keys if key not in lost])
            fallout_entries.resolve(run, order, cause, _NOT_TAKEN, keys)


def _choose_lines(run: Run, order: PropertySet) -> _CompletedLines | None:
    """Choose the completed lines that aren't applied yet, and date them; None if there are none."""
    waiting = order.copy()
    for item in items_of(waiting):
        # An applied line counts as `-`: a second status must not undo the changes of newer orders.
        # So does an open line that changes or ends a service which is there: a bundle whose lines end first is one.
        if item.get("Applied Date") is not None or (
            is_open(item) and not is_provided(item) and action_code(item) != "Add"
        ):
            make_no_action(item)
    # Trim drops a line that isn't complete with everything beneath it: nothing can stand beneath an absent service.
    trimmed = run.call("Trim", message(ORDER, [waiting]))
    actions = {item.get(KEY): action_code(item) for item in all_items([trimmed]) if action_code(item) != NO_ACTION}
    if not actions:
        return None
    # After Trim: only the lines that become assets have to stand for one service each.
    if not run.call("Fully Exploded", trimmed):
        raise NotFullyExploded(number=order.get("Order Number"))
    # Before Logical Delete, which turns each Delete into an Update: the end date would not be set any more.
    dated = run.call("Set Effectivity Dates", trimmed, completed=run.now())
    change = run.call("Logical Delete", dated)
    # An Update carries every field of its item. Fields that nobody asked to change must not undo the values of orders
    # that were applied since then.
    leave_alone(line_items(first_instance(change)))
    return _CompletedLines(change, {item.get(KEY): item for item in all_items([dated])}, actions)


def _lines_to_wait(run: Run, order: PropertySet, change: PropertySet, ignored: Iterable[Ignored]) -> set[str]:
    """Return the keys of ignored lines whose service, or whose parent, another order can still bring."""
    absent = {entry.item for entry in ignored if entry.attribute is None and entry.state == ABSENT}
    if not absent:
        return set()
    awaited: dict[str, str | None] = {}  # absent line -> the service that it waits for
    for item, parent in walk_items(first_instance(change)):
        key, above = item.get(KEY) or "", None if parent is None else parent.get(KEY)
        if key not in absent:
            continue
        if action_code(item) != "Add":
            awaited[key] = key
        else:
            # A line added beneath an absent one waits for the same service as that one.
            awaited[key] = awaited.get(above or "", above)
    # The profile leaves Inactive items out, so that Apply reports them as absent. They were removed: no order brings
    # them any more.
    stored = {item.get(KEY) for item in all_items([run.query(ASSET, {"Account Id": order.get("Account Id")})])}
    to_come = _keys_to_come(run, order) - stored
    return {key for key, service in awaited.items() if service in to_come}


def _keys_to_come(run: Run, order: PropertySet) -> set[str | None]:
    """Return the keys of services that other orders add, and that aren't in the service profile yet.

    An order that isn't open can still bring some: its fallout entry can have failed lines tried again, or its
    completed lines wait themselves.
    """
    account_id = order.get("Account Id")
    open_orders = run.query(ORDER, {"Account Id": account_id, "Active Flag": "Y", "Status": list(OPEN_HEADERS)})
    in_fallout = run.query(ORDER, {"Order Number": _orders_in_fallout(run, order, _MAY_COME), "Active Flag": "Y"})
    active = [
        other
        for other in (*instances(open_orders), *instances(in_fallout))
        if other.get("Order Number") != order.get("Order Number")
    ]
    return {
        item.get(KEY)
        for revision in [*active, *(in_force(run, other) for other in active)]
        for item in items_of(revision)
        if action_code(item) == "Add" and item.get("Applied Date") is None and item.get("Status") != "Cancelled"
    }


def _orders_in_fallout(run: Run, order: PropertySet, causes: Collection[str]) -> list[str]:
    """Return the numbers of the account's other orders that have open fallout entries with one of these causes."""
    entries = run.fallout_entries("Open", account_id=order.get("Account Id"))
    numbers = {str(entry["order_number"]) for entry in entries if entry["cause"] in causes}
    return sorted(numbers - {order.get("Order Number")})


def _report_ignored(run: Run, order: PropertySet, ignored: Sequence[Ignored], too_early: Collection[str]) -> None:
    """Raise fallout entries: one for lines that wait for another order, one for lines that are lost."""
    names = {item.get(KEY): f"{described(item)} ({item.get(KEY)}" for item in items_of(order)} if ignored else {}
    for cause, entries in (
        (fallout_entries.WAITING, [entry for entry in ignored if entry.item in too_early]),
        (fallout_entries.IGNORED, [entry for entry in ignored if entry.item not in too_early]),
    ):
        if entries:
            reasons = "; ".join(
                f"{names.get(entry.item, f'({entry.item}')}, {entry.action}): {entry.reason}" for entry in entries
            )
            fallout_entries.raise_once(run, order, cause, reasons, sorted({entry.item for entry in entries}))


def _report_moved_ends(run: Run, order: PropertySet, before: PropertySet, lines: _CompletedLines) -> None:
    """Raise a fallout entry for lines that end a service before its start; their end becomes the start, in place."""
    deleted = {key: line for key, line in lines.dated.items() if lines.actions.get(key) == "Delete"}
    moved = move_ends(run, before, deleted) if deleted else []
    if moved:
        reasons = "; ".join(f"{described(line)} ended on {end}, and began on {start}" for line, end, start in moved)
        reason = f"{reasons}: the service profile has the start as the end"
        keys = [line.get(KEY) or "" for line, _, _ in moved]
        fallout_entries.raise_once(run, order, fallout_entries.ENDED_EARLY, reason, keys)


def _date_lines(run: Run, order: PropertySet, lines: _CompletedLines, too_early: Collection[str]) -> None:
    """Write the Applied Date and the calculated dates on the lines that were applied, in place."""
    for item in items_of(order):
        key = item.get(KEY)
        # A line that came too early gets no Applied Date, and so is applied again when its service is there.
        if key in lines.actions and key not in too_early:
            item.properties["Applied Date"] = run.now()
            item.properties |= {name: lines.dated[key].get(name) for name in _CALCULATED_DATES}


def _write_profile(
    run: Run,
    order: PropertySet,
    before: PropertySet,
    asset: PropertySet,
    lines: _CompletedLines,
    later: Sequence[PropertySet],
) -> None:
    """Date the items of the profile after an order, and write the profile with its history. Changes *asset*."""
    instance = first_instance(asset)
    _date_items(instance, lines.dated, order)
    for tree in later:
        _date_items(instance, {item.get(KEY): item for item in changed_items([tree])}, first_instance(tree))
    _drop_fields_of_orders(run, instance)
    write_history(run, before, asset, lines.actions, order)
    # An upsert deletes nothing: attributes that the items had before, and have no more, are deleted by name.
    former = {item.get(KEY): attributes(item) for item in all_items([before])}
    # Not synchronize: it deletes what a message doesn't list, and `before` lists no Inactive items, which are the
    # history.
    instance.properties["Operation"] = "upsert"
    for item in items_of(instance):
        left = {attribute.get("Name") for attribute in attributes(item)}
        names = [attribute.get("Name") for attribute in former.get(item.get(KEY), ())]
        deleted = [
            PropertySet(ATTRIBUTE, properties={"Name": name, "Operation": "delete"})
            for name in names
            if name not in left
        ]
        if deleted:
            put_list(item, ATTRIBUTE).extend(deleted)
    run.effects.execute(asset)


def _date_items(asset: PropertySet, dated: Mapping[str | None, PropertySet], order: PropertySet) -> None:
    """Write each item's start and end, and the order that brought it, from the applied lines. Changes *asset*."""
    for item in items_of(asset):
        line = dated.get(item.get(KEY))
        if line is None:
            continue
        if line.get("Calculated Effective Start Date") is not None:
            item.properties["Effective Start Date"] = line.get("Calculated Effective Start Date")
            # Only with a start: the order that brought the service, not each order that has changed it.
            item.properties["Original Order Id"] = order.get("Row Id")
        if line.get("Calculated Effective End Date") is not None:
            item.properties["Effective End Date"] = line.get("Calculated Effective End Date")


def _drop_fields_of_orders(run: Run, asset: PropertySet) -> None:
    """Drop fields that a deployment has given to lines of orders alone. Changes *asset*."""
    line = run.definitions[ASSET].root.children[LINE_ITEM]
    for item in items_of(asset):
        for node, component in [(item, line), *((value, line.children[ATTRIBUTE]) for value in attributes(item))]:
            for name in [name for name in node.properties if name not in component.fields]:
                del node.properties[name]


WORKFLOWS = (
    named_workflow(
        "Apply Completed",
        apply_completed_lines,
        "apply an order's completed lines to the service profile; harmless a second time",
        ORDER_NUMBER,
        module=MODULE,
    ),
)
