"""MCD summary: what an account has moved, changed and disconnected, with its state and dates.

Order entry gives the lines and their dates; the status applications' answers give the day and the message of the last
answer, from the activities. Both are read each time that somebody asks.

    Move          a root that ends at one address, and one of the same product that begins elsewhere in the same order
    Disconnect    any other Delete
    Change        an Update; Suspend and Resume by these names

Source: claims 16 and 35 ("summary information of operational support system (OSS) order entry and status
applications"); spec: docs/order_status.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from hub.services.action_alias import ALIAS
from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.order_events import ANSWERED, LINE
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.orders.fulfilment_status import (
    MOST_SHOWN,
    SERVICE_STATUS,
    Progress,
    newest_orders,
    progress_of,
)
from hub.workflows.state.accounts import the_account
from hub.workflows.state.moves import moves
from hub.workflows.state.order_lookup import MODULE
from integration_objects.complex_object import (
    action_code,
    components,
    instances,
    items_from,
    line_items,
    message,
    put_list,
)
from integration_objects.names import KEY, ORDER_ACTIVITY
from integration_objects.property_set import PropertySet

SUMMARY = "MCD Summary"
MOVE, CHANGE, DISCONNECT = "Move", "Change", "Disconnect"

#: the last answers, by order number and key of the lines
Answers = Mapping[tuple[str | None, str | None], PropertySet]


def mcd_summary(run: Run, account: str) -> Outcome:
    """Summarize what an account's newest orders move, change and disconnect, the newest order first.

    Raises:
        AccountUnknown: there is no such account.
    """
    the_account(run, account)
    numbers, notes = newest_orders(run, account)
    answers = _answers(run, numbers)
    lines = [line for progress in progress_of(run, numbers) for line in _moved_changed_disconnected(progress, answers)]
    kinds = Counter(line.get("Action") for line in lines)
    summary = PropertySet(
        SUMMARY,
        properties={
            "Account Id": account,
            "Moves": str(kinds[MOVE]),
            "Changes": str(len(lines) - kinds[MOVE] - kinds[DISCONNECT]),
            "Disconnects": str(kinds[DISCONNECT]),
        },
    )
    put_list(summary, SERVICE_STATUS).extend(lines[:MOST_SHOWN])
    if len(lines) > MOST_SHOWN:
        more = Note("more", f"and {len(lines) - MOST_SHOWN} more lines; fulfilment-status order= tells of each")
        notes = (*notes, more)
    return Outcome(objects=(message(SUMMARY, [summary]),), notes=notes)


def _answers(run: Run, numbers: Sequence[str]) -> Answers:
    """Return the activity of the last answer to each line of these orders."""
    wanted = {"Order Number": list(numbers), "Event": ANSWERED}
    found = instances(run.query(ORDER_ACTIVITY, wanted)) if numbers else []
    return {
        (activity.get("Order Number"), line.get(KEY)): activity
        for activity in found
        for line in components(activity, LINE)
    }


def _moved_changed_disconnected(progress: Progress, answers: Answers) -> Iterator[PropertySet]:
    """Yield the Service Status of each line that moves, changes or disconnects a service."""
    begun_of = {id(ended): begun for ended, begun in moves(progress.order)}
    for root in line_items(progress.order):
        begun = begun_of.get(id(root))
        if begun is not None:
            yield _status(progress, root, MOVE, answers, begun)
        for line in items_from([root]) if begun is None else _left_behind(root, begun):
            if action_code(line) == "Delete":
                yield _status(progress, line, DISCONNECT, answers)
            elif action_code(line) == "Update":
                yield _status(progress, line, line.get(ALIAS) or CHANGE, answers)


def _left_behind(ended: PropertySet, begun: PropertySet) -> Iterator[PropertySet]:
    """Yield the lines beneath a root that moves whose products don't begin with the root at the new address."""
    moved = Counter(line.get("Product Id") for line in items_from([begun]))
    for line in items_from([ended]):
        if moved[line.get("Product Id")] <= 0:
            yield line
        moved[line.get("Product Id")] -= 1


def _status(
    progress: Progress, line: PropertySet, kind: str, answers: Answers, begun: PropertySet | None = None
) -> PropertySet:
    """Make the Service Status of a line; of a move, that of the line that begins, which comes last."""
    status = progress.line_status(line if begun is None else begun)
    number = progress.order.get("Order Number")
    answer = answers.get((number, status.get(KEY)))
    if begun is not None:
        status.properties |= {KEY: line.get(KEY), "Service Id": line.get("Service Id"), "Moved To": begun.get(KEY)}
    status.properties = {"Order Number": number, **status.properties, "Action": kind, "Ordered Date": progress.made}
    if answer is not None:
        status.properties |= {"Answered Date": answer.get("Event Time"), "Message Id": answer.get("Message Id")}
    return status


WORKFLOWS = (
    named_workflow(
        "MCD Summary",
        mcd_summary,
        "summarize what was moved, changed and disconnected of an account's services",
        Argument("account", "account", required=True, help="The customer's Account Id."),
        module=MODULE,
        asks_only=True,
    ),
)
