"""Fulfilment status: of an order what was asked, what is done, what failed and why, the dates, and who acts next.

It is worked out from the order's revisions, its activities and its fallout entries each time that somebody asks.

Source: claims 7 and 15 (the fulfilment status domain); spec: docs/order_status.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.services.action_alias import ALIAS
from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.customer_state import CustomerState
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment.fallout_entries import why_failed
from hub.workflows.fulfilment.unprovided_lines import is_open, is_provided
from hub.workflows.orders.approvals import approvals_held
from hub.workflows.orders.order_dates import (
    Dates,
    expected_dates,
    latest,
    promised_dates,
    submitted_revisions,
)
from hub.workflows.state.accounts import the_account
from hub.workflows.state.customer_states import FALLOUT, HELD, UNPROVIDED, WAITING
from hub.workflows.state.order_lookup import MODULE, OrderUnknown
from hub.workflows.state.statuses import FAILED, UNTOUCHED
from integration_objects.complex_object import action_code, instances, items_of, message, put_list
from integration_objects.errors import Refused
from integration_objects.names import KEY, NO_ACTION, ORDER, WORK_ORDER
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import made_at

STATUS, SERVICE_STATUS = "Fulfilment Status", "Service Status"
#: orders of an account that an answer has
MOST_SHOWN = 50


class OneOrderOrAccount(Refused):
    """A fulfilment status is asked for without an order or an account, or of both."""

    what = "the fulfilment status is that of one order, or of one account's orders"
    where = "arguments 'order' and 'account'"
    why = "{found}"
    mend = "give order= or account="


@dataclass(frozen=True)
class Progress:
    """An order's active revision, and how far it is.

    Attributes:
        order: the active revision.
        made: when the first revision was made; None for an order from elsewhere.
        state: where the order is.
        promised: the day that was promised for the order; None for none.
        promised_of_lines, expected_of_lines: the days of its lines, by key.
        systems: the fulfilment systems that are at work on its lines, by key.
        states_of_lines: the states that lines can have, by situation.
    """

    order: PropertySet
    made: str | None
    state: CustomerState
    promised: str | None
    promised_of_lines: Dates
    expected_of_lines: Dates
    systems: Mapping[str, set[str]]
    states_of_lines: Mapping[str, CustomerState]

    @property
    def asked(self) -> list[PropertySet]:
        """The lines that have an action."""
        return [line for line in items_of(self.order) if action_code(line) != NO_ACTION]

    def line_status(self, line: PropertySet) -> PropertySet:
        """Make the Service Status of a line that has an action."""
        key, state = line.get(KEY) or "", self.state_of(line)
        return _filled(
            SERVICE_STATUS,
            {
                "Line Number": line.get("Line Number"),
                KEY: key,
                "Product Id": line.get("Product Id"),
                "Service Id": line.get("Service Id"),
                "Action": line.get(ALIAS) or action_code(line),
                "State": state.state,
                "Status": line.get("Status"),
                "Milestone": line.get("Milestone"),
                "Reason": line.get("Status Reason"),
                "Promised Date": self.promised_of_lines.get(key),
                "Expected Date": self.expected_of_lines.get(key),
                "Completed Date": line.get("Completed Date"),
                "Next Step": state.next_step,
                "Who Acts": state.acting(self.systems.get(key, ())),
            },
        )

    def state_of(self, line: PropertySet) -> CustomerState:
        """Return where a line is."""
        situation = line.get("Status")
        if situation in UNTOUCHED:
            return self.state
        if is_open(line) and not is_provided(line):
            situation = UNPROVIDED
        elif is_open(line) and (line.get(KEY) or "") not in self.systems:
            situation = WAITING
        return self.states_of_lines[situation or ""]


def fulfilment_status(run: Run, order: str | None = None, account: str | None = None) -> Outcome:
    """Tell how far an order is, with its lines; or how far the orders of an account are, newest first.

    Raises:
        OneOrderOrAccount: neither or both are given.
        OrderUnknown, AccountUnknown: there is no such order or account.
    """
    if (order is None) == (account is None):
        raise OneOrderOrAccount(found="neither is given" if order is None else "both are given")
    if order is not None:
        found = progress_of(run, [order])
        if not found:
            raise OrderUnknown(number=order)
        return Outcome(objects=(message(STATUS, [_status(run, found[0], with_lines=True)]),))
    the_account(run, account or "")
    numbers, more = newest_orders(run, account or "")
    statuses = [_status(run, progress, with_lines=False) for progress in progress_of(run, numbers)]
    why = "" if statuses else f"the account {account} has no order"
    return Outcome(objects=(message(STATUS, statuses),) if statuses else (), notes=more, why=why)


def newest_orders(run: Run, account: str) -> tuple[list[str], tuple[Note, ...]]:
    """Return the numbers of an account's newest orders, and a note of those that are left out."""
    headers = run.headers(ORDER, {"Account Id": account, "Active Flag": "Y"})
    # Row ids are ordered by time.
    newest_first = sorted(headers, key=lambda header: header["Row Id"] or "", reverse=True)
    numbers = [number for header in newest_first if (number := header["Order Number"]) is not None]
    more = len(numbers) - MOST_SHOWN
    note = Note("more", f"and {more} more; fulfilment-status order= tells of each")
    return numbers[:MOST_SHOWN], (note,) if more > 0 else ()


def progress_of(run: Run, numbers: Sequence[str]) -> list[Progress]:
    """Return how far the orders of these numbers are, in the order of the numbers; unknown ones are left out."""
    revisions: dict[str, list[PropertySet]] = {}
    for revision in instances(run.query(ORDER, {"Order Number": list(numbers)})) if numbers else ():
        revisions.setdefault(revision.get("Order Number") or "", []).append(revision)
    submitted, systems = submitted_revisions(run, numbers), _systems_at_work(run, numbers)
    found, states = [], run.runtime.customer_states
    for number in numbers:
        for active in (one for one in revisions.get(number, ()) if one.get("Active Flag") == "Y"):
            promised, of_lines = promised_dates(revisions[number], submitted)
            made = made_at(min(one.get("Row Id") or "" for one in revisions[number]))
            found.append(
                Progress(
                    active,
                    made,
                    states.of_order[_situation(run, active)],
                    promised,
                    of_lines,
                    expected_dates(run, active),
                    systems.get(number, {}),
                    states.of_line,
                )
            )
    return found


def _systems_at_work(run: Run, numbers: Sequence[str]) -> dict[str, dict[str, set[str]]]:
    """Return the fulfilment systems that have an open line of these orders to do, by order number and key."""
    systems: dict[str, dict[str, set[str]]] = {}
    wanted = {"Order Number": list(numbers), "Status": "Open"}
    for work_order in instances(run.query(WORK_ORDER, wanted)) if numbers else ():
        of_lines = systems.setdefault(work_order.get("Order Number") or "", {})
        for line in filter(is_open, items_of(work_order)):
            of_lines.setdefault(line.get(KEY) or "", set()).add(work_order.get("Fulfilment System") or "")
    return systems


def _situation(run: Run, order: PropertySet) -> str:
    """Return the status of an order, or the situation that its status doesn't tell."""
    status = order.get("Status") or ""
    if status == "Pending" and approvals_held(run, order):
        return HELD
    if status == "Open" and run.fallout_of(order.get("Order Number")):
        return FALLOUT
    return status


def _status(run: Run, progress: Progress, *, with_lines: bool) -> PropertySet:
    """Make the Fulfilment Status of an order."""
    order, asked = progress.order, progress.asked
    failed = [line for line in asked if line.get("Status") in FAILED]
    systems = {system for of_line in progress.systems.values() for system in of_line}
    status = _filled(
        STATUS,
        {
            "Order Number": order.get("Order Number"),
            "Revision": order.get("Revision"),
            "Account Id": order.get("Account Id"),
            "Order Type": order.get("Order Type"),
            "State": progress.state.state,
            "Status": order.get("Status"),
            "Lines Asked": str(len(asked)),
            "Lines Done": str(sum(line.get("Status") == "Complete" for line in asked)),
            "Lines Failed": str(len(failed)),
            "Reason": "; ".join(map(why_failed, failed)) or None,
            "Promised Date": progress.promised or latest(run, progress.promised_of_lines.values()),
            "Expected Date": _expected_of_order(run, progress),
            "Completed Date": order.get("Completed Date"),
            "Next Step": progress.state.next_step,
            "Who Acts": progress.state.acting(systems),
        },
    )
    if with_lines:
        put_list(status, SERVICE_STATUS).extend(map(progress.line_status, asked))
    return status


def _filled(type: str, fields: Mapping[str, str | None]) -> PropertySet:
    """Make a node of the fields that have a value."""
    return PropertySet(type, properties={name: text for name, text in fields.items() if text is not None})


def _expected_of_order(run: Run, progress: Progress) -> str | None:
    """Return the day on which the last line is expected; None while nobody has said a day for one of them."""
    to_come = [line for line in progress.asked if line.get("Status") in {*UNTOUCHED, "Open"}]
    dates = [progress.expected_of_lines.get(line.get(KEY) or "") for line in to_come]
    known = [date for date in dates if date is not None]
    return latest(run, known) if len(known) == len(dates) else None


WORKFLOWS = (
    named_workflow(
        "Fulfilment Status",
        fulfilment_status,
        "tell how far an order is: done, failed and why, promised and expected dates, and who acts next",
        Argument("order", "order", help="The order, with its lines."),
        Argument("account", "account", help="The account, whose orders are told without their lines."),
        module=MODULE,
        asks_only=True,
    ),
)
