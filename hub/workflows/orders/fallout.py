"""Fallout: entries that a person must look at before an order can be closed, and the workflows for them.

    list     each entry with its cause, its order, its lines, and what can be done
    retry    failed lines are asked for again: the order is Open, each system concerned gets a new revision
    amend    a supplement of the failed order, in which the failed lines can be changed and are asked for again
    close    somebody has dealt with it elsewhere, and says how

Source: "Apply Completed Sales Order Line Item Process", "order assurance"; spec: docs/design/workflows.md, the two
traps of the document; docs/design/road.md, "Statuses" (Failed to Open: a retry from fallout).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment import fallout_entries
from hub.workflows.fulfilment.billing import COMPENSATION
from hub.workflows.fulfilment.completion import flag_processed
from hub.workflows.fulfilment.due_lines import work_due_lines
from hub.workflows.fulfilment.later_orders import mark_overtaken_orders
from hub.workflows.fulfilment.plan import assign_tasks
from hub.workflows.fulfilment.reversible import REVERSED, workflows_for_billed
from hub.workflows.fulfilment.unprovided_lines import is_provided
from hub.workflows.fulfilment.work_orders import send_work_orders
from hub.workflows.orders.supplements import supplement_of
from hub.workflows.state.change_of_state import document_totals
from hub.workflows.state.document_lines import keys_of_lines
from hub.workflows.state.id_holders import prove_ids_free
from hub.workflows.state.milestones import forget
from hub.workflows.state.order_lookup import MODULE, UNSUBMITTED, described, in_force, order_in_hand, revision_of
from hub.workflows.state.order_rules import prove_in_turn, prove_rules, state_in_turn
from hub.workflows.state.statuses import FAILED, check_change
from integration_objects.complex_object import ComplexObject, action_code, instances, items_of, message
from integration_objects.errors import Refused
from integration_objects.names import KEY, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet
from integration_objects.short_keys import FEWEST

ENTRY = Argument("entry", required=True, help="The fallout entry's id, as fallout-list has it, or its end.")
#: causes of entries about an order that relies on another one
_RELIES_ON_ANOTHER = (fallout_entries.BUILT_ON_FAILED, fallout_entries.OVERTAKEN)
#: causes of entries whose lines can be tried again
_RETRIED = (
    *(fallout_entries.LINES_FAILED, fallout_entries.BELOW_FAILED),
    *(fallout_entries.REMOVAL_HELD, fallout_entries.WORK_HELD),
)
#: the mend for failed lines that can't be tried again as they are
_RETRY_MEND = (
    "close the entry (fallout-close), if the lines aren't wanted any more; or amend the order (fallout-amend) and "
    "edit it so that it follows from what the customer has and has ordered before it"
)


class FalloutUnknown(Refused):
    """There is no fallout entry of this id."""

    what = "there is no fallout entry '{entry}'"
    where = "argument 'entry'"
    why = "no entry of this id is stored"
    mend = "take the id from `orderhub workflow fallout-list`"


class FalloutUnclear(Refused):
    """Several fallout entries have the end of an id."""

    what = "'{entry}' is the end of {count} fallout entries' ids"
    where = "argument 'entry'"
    why = "they are {entries}"
    mend = "give more of the id"


class FalloutResolved(Refused):
    """A fallout entry is resolved already."""

    what = "the fallout entry '{row_id}' is resolved"
    where = "order {order_number}"
    why = "by {resolved_by} on {resolved}: {resolution}"
    mend = "nothing is left to be done about it"


class CannotBeRetried(Refused):
    """A fallout entry isn't about lines that could be tried again."""

    what = "nothing of the fallout entry '{entry}' can be tried again"
    where = "fallout entry {entry}"
    why = "its cause is {cause}; lines can be tried again if it is {retried}"
    mend = "deal with it elsewhere, and close the entry"


class LineNotFailed(Refused):
    """A line is to be tried again that hasn't failed."""

    what = "the line '{key}' can't be tried again"
    where = "order {number}"
    why = "the failed lines are {failed}"
    mend = "name failed lines, by number, service id or key, or none for all of them"


def list_entries(run: Run, order: str | None = None, account: str | None = None, resolved: bool = False) -> Outcome:
    """List the fallout entries as rows for people, oldest first: the open ones, or those that are resolved."""
    rows = []
    active_orders: dict[str | None, PropertySet | None] = {None: None}
    for entry in run.fallout_entries("Resolved" if resolved else "Open", order, account):
        number = entry["order_number"]
        # Several entries are often about one order, which is read once.
        if number not in active_orders:
            found = instances(run.query(ORDER, {"Order Number": number, "Active Flag": "Y"}))
            active_orders[number] = found[0] if found else None
        active = active_orders[number]
        rows.append(
            {
                "entry": entry["row_id"],
                "cause": entry["cause"],
                "account": entry["account_id"],
                "order": number,
                "status": None if active is None else active.get("Status"),
                "lines": "; ".join(_line_texts(run, active, entry)),
                "reason": entry["reason"],
                "can be done": ", ".join(_possible_workflows(run, entry, active)),
                "since": entry["created"],
                "resolution": entry["resolution"],
            }
        )
    return Outcome(rows=tuple(rows), why="" if rows else _nothing(order, account, resolved))


def _nothing(order: str | None, account: str | None, resolved: bool) -> str:
    """Say that a list is empty, and of what."""
    about = f" of the order {order}" if order else f" of the account {account}" if account else ""
    return f"no fallout entry{about} is resolved" if resolved else f"nothing{about} has fallen out"


def _line_texts(run: Run, active: PropertySet | None, entry: Mapping[str, Any]) -> Iterator[str]:
    """Name the lines of an entry with their statuses; lines that the active revision lacks, as another one has them."""
    lines = ComplexObject(PropertySet("Order") if active is None else active).keyed
    missing = any(key not in lines for key in entry["lines"])
    revisions = instances(run.query(ORDER, {"Order Number": entry["order_number"]})) if missing else []
    former = {
        item.get(KEY): (item, revision)
        for revision in sorted(revisions, key=revision_of)
        for item in items_of(revision)
    }
    for key in entry["lines"]:
        if key in lines:
            yield f"{described(lines[key])} ({key}) {_status_text(lines[key])}"
        elif key in former:
            line, revision = former[key]
            yield f"{described(line)} ({key}) {_status_text(line)} in revision {revision_of(revision)}"
        else:
            yield key


def _status_text(line: PropertySet) -> str:
    """Return a line's status; the order leaves the service of a line without an action as it is."""
    return "unchanged" if action_code(line) == NO_ACTION else line.get("Status") or "without a status"


def _possible_workflows(run: Run, entry: Mapping[str, Any], order: PropertySet | None) -> list[str]:
    if entry["state"] != "Open":
        return []
    possible = _workflows_for(entry, order)
    if entry["cause"] in REVERSED and order is not None:
        # Before the last one, which only notes that somebody has dealt with the entry elsewhere.
        possible[-1:-1] = workflows_for_billed(run, in_force(run, order), entry)
    return possible


def _workflows_for(entry: Mapping[str, Any], order: PropertySet | None) -> list[str]:
    status = None if order is None else order.get("Status")
    if entry["cause"] in _RETRIED and status == _status_of_retried(entry):
        return ["fallout-retry", "fallout-amend", "fallout-close"]
    if entry["cause"] == fallout_entries.AFTER_WITHDRAWAL:
        return ["fallout-keep", "fallout-undo", "fallout-close"]
    if entry["cause"] == fallout_entries.TASKS_WITHDRAWN:
        return ["fallout-undo", "fallout-close"]
    if entry["cause"] == fallout_entries.WAITING:
        return ["apply-completed", "fallout-close"]
    if entry["cause"] in _RELIES_ON_ANOTHER and status in UNSUBMITTED:
        return ["edit-order-line-item", "cancel-order", "fallout-close"]
    if entry["cause"] in _RELIES_ON_ANOTHER and status == "Open":
        return ["revise", "cancel-order", "fallout-close"]
    if entry["cause"] in (fallout_entries.ENDED_EARLY, fallout_entries.NUMBER_HELD):
        return ["order-synchronization", "fallout-close"]
    return ["fallout-close"]


def retry(run: Run, entry: str, lines: Sequence[str] = ()) -> Outcome:
    """Ask for an order's failed lines again.

    Args:
        run: the run.
        entry: the entry's id.
        lines: names of the lines to be tried again (`item_names`); none for all that failed.

    Returns:
        The order, Open again.

    Raises:
        FalloutUnknown, FalloutResolved: there is no such open entry.
        CannotBeRetried: it isn't about failed lines, or its order isn't Failed.
        LineNotFailed, ItemNameUnclear: one of *lines* hasn't failed, or names several that have.
        OrderDoesNotApply, StatusChangeRefused: the lines don't follow any more from what the customer has.
        ConfigurationRefused: with them, services break rules of their products.
        ServiceIdHeld: another service has got the number or the service point of one of them meanwhile.
    """
    order = _failed_order(run, open_entry(run, entry))
    number = order.get("Order Number") or ""
    failed = {item.get(KEY) or "": item for item in items_of(order) if _has_failed(item)}
    lines = keys_of_lines(run, order, lines, _has_failed)
    for key in lines:
        if key not in failed:
            known = ", ".join(f"{described(item)} ({known})" for known, item in failed.items())
            raise LineNotFailed(key=key, number=number, failed=known)
    if order.get("Status") != "Open":  # an order of which a bundle is still held is open
        check_change("order", number, order.get("Status"), "Open")
        order.properties |= {"Status": "Open", "Completed Date": None}
    for key in _with_bundles(order, lines) or failed:
        item = failed[key]
        check_change("order line", f"{described(item)} ({key}) of the order {number}", item.get("Status"), "Open")
        item.properties["Status"] = "Open"
        forget(item)
    # The lines were proven when the order was submitted. Other orders may have changed the services since then.
    # A compensation removes services that were never in the profile: no state proves it.
    if order.get("Order Type") != COMPENSATION:
        service_items = prove_in_turn(run, order, ORDER, state_in_turn(run, order), _RETRY_MEND)
        prove_rules(run, order, service_items, is_configured=True, mend=_RETRY_MEND)
        # Nothing held the numbers of lines that had failed.
        prove_ids_free(run, order, None, _RETRY_MEND)
    # By the rules of today, as the work orders: a line that keeps a task which no rule has any more is never complete.
    assign_tasks(order, run.runtime.decomposition_rules)
    # The roots of the failed lines count as processed until now: the next answer would close the order again.
    flag_processed(run, order)
    run.effects.update(message(ORDER, [order]))
    # A new revision of each work order: the former one has been answered, and is done.
    send_work_orders(run, order, again=True)
    fallout_entries.resolve_failed(run, order, f"tried again by {run.actor}")
    # The order counts among the open ones again: orders that were proven without it may not fit any more.
    mark_overtaken_orders(run, order, "is tried again, and comes before this order")
    work_due_lines(run, order, order)
    return Outcome(objects=(message(ORDER, [order]),))


def _has_failed(line: PropertySet) -> bool:
    return line.get("Status") in FAILED


def _with_bundles(order: PropertySet, keys: Sequence[str]) -> list[str]:
    """Add the keys of the bundles that failed because nothing beneath them came: they come with the first line."""
    view = ComplexObject(order)
    bundles = [
        above.get(KEY) or ""
        for item in view.items
        if item.get(KEY) in keys
        for above in view.above(item)
        if above.get("Status") in FAILED and not is_provided(above)
    ]
    return list(dict.fromkeys([*keys, *bundles]))


def amend(run: Run, entry: str) -> Outcome:
    """Make a supplement of a failed order, in which its failed lines are asked for again, changed or not.

    The entry is resolved when the supplement is submitted.

    Returns:
        The supplement, Pending and active.

    Raises:
        FalloutUnknown, FalloutResolved: there is no such open entry.
        CannotBeRetried: it isn't about failed lines, or its order isn't Failed.
    """
    supplement = supplement_of(run, _failed_order(run, open_entry(run, entry)), failed_again=True)
    return Outcome(objects=(message(ORDER, [supplement]),), notes=tuple(document_totals(supplement)))


def close(run: Run, entry: str, resolution: str) -> Outcome:
    """Resolve an entry that somebody has dealt with.

    Raises:
        FalloutUnknown, FalloutResolved: there is no such open entry.
    """
    found = open_entry(run, entry)
    run.effects.resolve_fallout(found["row_id"], resolution)
    return Outcome(notes=(Note("resolved", f"{found['cause']} of the order {found['order_number']}: {resolution}"),))


def accounts_of_entry(run: Run, values: Mapping[str, Any]) -> set[str]:
    """Return the account of the entry that the arguments name; none if there is no such entry."""
    return {account for entry in _entries_named(run, values["entry"]) if (account := entry["account_id"]) is not None}


def _entries_named(run: Run, name: str) -> list[Mapping[str, Any]]:
    """Return the entry of this id; else the open entries whose ids end so."""
    entry = run.fallout_entry(name)
    if entry is not None:
        return [entry]
    if len(name) < FEWEST:
        return []
    end = name.upper()
    return [entry for entry in run.fallout_entries("Open", None, None) if entry["row_id"].endswith(end)]


def open_entry(run: Run, name: str) -> Mapping[str, Any]:
    """Lock an entry's account, and read the entry behind the lock; *name* is its id, or the end of its id.

    Raises:
        FalloutUnknown, FalloutUnclear, FalloutResolved: there is no such open entry, or there are several.
    """
    # Two people may deal with one entry at the same time; the second reads it as the first has left it.
    run.effects.lock_accounts(accounts_of_entry(run, {"entry": name}))
    found = _entries_named(run, name)
    if len(found) > 1:
        raise FalloutUnclear(entry=name, count=len(found), entries=", ".join(entry["row_id"] for entry in found))
    if not found:
        raise FalloutUnknown(entry=name)
    (entry,) = found
    if entry["state"] != "Open":
        raise FalloutResolved(
            row_id=entry["row_id"],
            order_number=entry["order_number"],
            resolved_by=entry["resolved_by"],
            resolved=entry["resolved"],
            resolution=entry["resolution"],
        )
    return entry


def _status_of_retried(entry: Mapping[str, Any]) -> str:
    """Return the status of an order whose failed lines, the entry's, can be tried again."""
    return "Open" if entry["cause"] in (fallout_entries.REMOVAL_HELD, fallout_entries.WORK_HELD) else "Failed"


def _failed_order(run: Run, entry: Mapping[str, Any]) -> PropertySet:
    """Return the active, Failed order of an entry about failed lines."""
    row_id = entry["row_id"]
    if entry["cause"] not in _RETRIED or entry["order_number"] is None:
        raise CannotBeRetried(entry=row_id, cause=entry["cause"], retried=" or ".join(_RETRIED))
    order = order_in_hand(run, entry["order_number"])
    if order.get("Status") != _status_of_retried(entry):
        raise CannotBeRetried(
            f"the order {order.get('Order Number')} isn't {_status_of_retried(entry)} any more",
            where=f"fallout entry {row_id}",
            why=f"its revision {order.get('Revision')} is {order.get('Status')}",
            mend="wait for the work that is under way; close the entry if it is settled",
        )
    return order


WORKFLOWS = (
    named_workflow(
        "Fallout List",
        list_entries,
        "list what a person must look at: cause, order, lines, and what can be done",
        Argument("order", "order", help="Only this order's."),
        Argument("account", "account", help="Only this account's."),
        Argument("resolved", "flag", help="Y: those that are resolved, instead of the open ones."),
        module=MODULE,
        asks_only=True,
    ),
    named_workflow(
        "Fallout Retry",
        retry,
        "ask for an order's failed lines again: its work orders get a new revision",
        ENTRY,
        Argument(
            "lines", "list", help="Failed lines: their numbers, service ids or keys; without it, all that failed."
        ),
        module=MODULE,
        accounts=accounts_of_entry,
    ),
    named_workflow(
        "Fallout Amend",
        amend,
        "make a supplement of a failed order, in which its failed lines can be changed",
        ENTRY,
        module=MODULE,
        accounts=accounts_of_entry,
    ),
    named_workflow(
        "Fallout Close",
        close,
        "note that an entry was dealt with, and how",
        ENTRY,
        Argument("resolution", required=True, help="What was done about it."),
        module=MODULE,
        accounts=accounts_of_entry,
    ),
)
