"""Fallout: what a person must look at before an order can be closed, and what they can do about it.

    list     each entry with its cause, its order, its lines, and what can be done
    retry    failed lines are asked for again: the order is Open, each system concerned gets a new revision
    amend    a supplement of the failed order, in which the failed lines can be changed and are asked for again
    close    somebody has dealt with it elsewhere, and says how

Source: "Apply Completed Sales Order Line Item Process", "order assurance"; spec: docs/design/workflows.md, the two
traps of the
document; docs/design/road.md, "Statuses" (Failed to Open: a retry from fallout).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.workflow_manager.run import Run
from hub.workflows.fulfilment import fallout_entries as review
from hub.workflows.fulfilment import fulfilment
from hub.workflows.orders.supplements import supplement_of
from hub.workflows.state.milestones import forget
from hub.workflows.state.order_lookup import UNSUBMITTED, described, order_in_hand
from hub.workflows.state.order_rules import prove_in_turn, prove_rules, state_in_turn
from hub.workflows.state.statuses import FAILED, check_change
from integration_objects.complex_object import instances, message, walk_items
from integration_objects.errors import Refused
from integration_objects.names import KEY, ORDER
from integration_objects.property_set import PropertySet

#: what can be done about an entry whose order is Failed, by its cause
_BUILT_ON_ANOTHER = (review.BUILT_ON_FAILED, review.OVERTAKEN)
_RETRIED = (review.LINES_FAILED, review.BELOW_FAILED)
#: what can be done about failed lines that can't be tried again as they are
_MEND = (
    "close the entry (fallout-close) where the lines aren't wanted any more; or amend the order (fallout-amend) and "
    "edit it so that it follows from what the customer has and has ordered before it"
)


class FalloutUnknown(Refused):
    """There is no fallout entry of this id."""


class FalloutResolved(Refused):
    """A fallout entry is resolved already."""


class CannotBeRetried(Refused):
    """A fallout entry isn't about lines that could be tried again."""


class LineNotFailed(Refused):
    """A line is to be tried again that hasn't failed."""


def listed(
    run: Run, state: str | None, order: str | None = None, account: str | None = None
) -> Iterator[Mapping[str, str | None]]:
    """The fallout entries as rows for people, oldest first.

    Args:
        run: the run.
        state: "Open" or "Resolved"; None for both.
        order: only this order's, by number.
        account: only this account's.
    """
    orders: dict[str | None, PropertySet | None] = {None: None}
    for entry in run.fallout_entries(state, order, account):
        number = entry["order_number"]
        if number not in orders:
            found = instances(run.query(ORDER, {"Order Number": number, "Active Flag": "Y"}))
            orders[number] = found[0] if found else None
        active = orders[number]
        yield {
            "entry": entry["row_id"],
            "cause": entry["cause"],
            "account": entry["account_id"],
            "order": number,
            "status": None if active is None else active.get("Status"),
            "lines": "; ".join(_lines(active, entry["lines"])),
            "reason": entry["reason"],
            "can be done": ", ".join(_possible(entry, active)),
            "since": entry["created"],
            "resolution": entry["resolution"],
        }


def _lines(order: PropertySet | None, keys: Sequence[str]) -> Iterator[str]:
    items = {} if order is None else {item.get(KEY): item for item, _ in walk_items(order)}
    for key in keys:
        item = items.get(key)
        yield key if item is None else f"{described(item)} ({key}) {item.get('Status')}"


def _possible(entry: Mapping[str, Any], order: PropertySet | None) -> list[str]:
    if entry["state"] != "Open":
        return []
    status = None if order is None else order.get("Status")
    if entry["cause"] in _RETRIED and status == "Failed":
        return ["fallout-retry", "fallout-amend", "fallout-close"]
    if entry["cause"] == review.WAITING:
        return ["apply-completed", "fallout-close"]
    if entry["cause"] in _BUILT_ON_ANOTHER and status in UNSUBMITTED:
        return ["edit-order-line-item", "cancel-order", "fallout-close"]
    if entry["cause"] in _BUILT_ON_ANOTHER and status == "Open":
        return ["revise", "cancel-order", "fallout-close"]
    return ["fallout-close"]


def accounts_of_entry(run: Run, row_id: str) -> set[str]:
    """The account of an entry; none where there is no such entry."""
    entry = run.fallout_entry(row_id)
    return set() if entry is None or entry["account_id"] is None else {entry["account_id"]}


def retry(run: Run, row_id: str, lines: Sequence[str] = ()) -> PropertySet:
    """Ask for an order's failed lines again.

    Args:
        run: the run.
        row_id: the entry.
        lines: the Integration Ids of the lines to be tried again; none for all that failed.

    Returns:
        The order, Open again.

    Raises:
        FalloutUnknown, FalloutResolved: there is no such open entry.
        CannotBeRetried: it isn't about failed lines, or its order isn't Failed.
        LineNotFailed: one of *lines* hasn't failed.
        OrderDoesNotApply, StatusChangeRefused: there is no place for them any more in what the customer has.
        ConfigurationRefused: with them, services break rules of their products.
    """
    order = _failed_order(run, _open_entry(run, row_id))
    failed = {item.get(KEY) or "": item for item, _ in walk_items(order) if item.get("Status") in FAILED}
    for key in lines:
        if key not in failed:
            raise LineNotFailed(
                f"the line '{key}' can't be tried again",
                where=f"order {order.get('Order Number')}",
                why="failed are " + ", ".join(f"{described(item)} ({known})" for known, item in failed.items()),
                mend="name failed lines, by Integration Id, or none for all of them",
            )
    number = order.get("Order Number") or ""
    check_change("order", number, order.get("Status"), "Open")
    order.properties.update({"Status": "Open", "Completed Date": None})
    for key in lines or list(failed):
        item = failed[key]
        check_change("order line", f"{key} of the order {number}", item.get("Status"), "Open")
        item.properties["Status"] = "Open"
        forget(item)
    # Other orders may have changed since then what these lines were proven on when the order was submitted.
    service_items = prove_in_turn(run, order, ORDER, state_in_turn(run, order), _MEND)
    prove_rules(run, order, service_items, is_configured=True, mend=_MEND)
    fulfilment.flag_processed(run, order)
    run.effects.update(message(ORDER, [order]))
    fulfilment.send_work_orders(run, order, again=True)
    review.resolve(run, order, review.LINES_FAILED, f"tried again by {run.actor}")
    review.mark_overtaken_orders(run, order, "is tried again, and comes before this order")
    return order


def amend(run: Run, row_id: str) -> PropertySet:
    """Make a supplement of a failed order, in which its failed lines are asked for again, changed or not.

    The entry is resolved when the supplement is submitted.

    Returns:
        The supplement, Pending and active.

    Raises:
        FalloutUnknown, FalloutResolved: there is no such open entry.
        CannotBeRetried: it isn't about failed lines, or its order isn't Failed.
    """
    return supplement_of(run, _failed_order(run, _open_entry(run, row_id)), failed_again=True)


def close(run: Run, row_id: str, resolution: str) -> Mapping[str, Any]:
    """Note that somebody has dealt with an entry, and how.

    Raises:
        FalloutUnknown, FalloutResolved: there is no such open entry.
    """
    entry = _open_entry(run, row_id)
    run.effects.resolve_fallout(row_id, resolution)
    return entry


def _open_entry(run: Run, row_id: str) -> Mapping[str, Any]:
    run.effects.lock_accounts(accounts_of_entry(run, row_id))
    entry = run.fallout_entry(row_id)
    if entry is None:
        raise FalloutUnknown(
            f"there is no fallout entry '{row_id}'",
            where="argument 'entry'",
            why="no entry of this id is stored",
            mend="take the id from `orderhub workflow fallout-list`",
        )
    if entry["state"] != "Open":
        raise FalloutResolved(
            f"the fallout entry '{row_id}' is resolved",
            where=f"order {entry['order_number']}",
            why=f"by {entry['resolved_by']} on {entry['resolved']}: {entry['resolution']}",
            mend="nothing is left to be done about it",
        )
    return entry


def _failed_order(run: Run, entry: Mapping[str, Any]) -> PropertySet:
    """The order of an entry about failed lines, Failed and active."""
    where = f"fallout entry {entry['row_id']}"
    if entry["cause"] not in _RETRIED or entry["order_number"] is None:
        raise CannotBeRetried(
            f"nothing of the fallout entry '{entry['row_id']}' can be tried again",
            where=where,
            why=f"its cause is {entry['cause']}; lines can be tried again where it is {' or '.join(_RETRIED)}",
            mend="deal with it elsewhere, and close the entry",
        )
    order = order_in_hand(run, entry["order_number"])
    if order.get("Status") != "Failed":
        raise CannotBeRetried(
            f"the order {order.get('Order Number')} isn't Failed any more",
            where=where,
            why=f"its revision {order.get('Revision')} is {order.get('Status')}",
            mend="wait for what is under way; close the entry where it is settled",
        )
    return order
