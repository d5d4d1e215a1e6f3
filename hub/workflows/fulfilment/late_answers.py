"""Answers to requests that a later revision has replaced or withdrawn: work that was done counts as done.

    the present line asks for the same      the answer is taken as an answer to the present revision
    the present line asks otherwise         a completion is noted on the replaced line, and falls out (Completed As
                                            Replaced) until the present request is complete
    no revision asks for the line any more  a completion is noted on the replaced line, and falls out (Completed After
                                            Withdrawal): a person keeps the service, or has it taken away again
    failed, rejected or cancelled           nothing was done: the present request gets an answer of its own

The replaced line keeps its status: only the present revision counts.

Source: "Order synchronization"; spec: docs/design/road.md "Out and back".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from hub.workflow_manager.run import Run
from hub.workflows.fulfilment import fallout_entries
from hub.workflows.fulfilment.completion_dates import prove_completed
from hub.workflows.fulfilment.corrections import COMPLETED_DATE
from hub.workflows.fulfilment.facts import set_facts
from hub.workflows.fulfilment.revisions import same_work
from hub.workflows.state.order_lookup import SUBMITTED, described, revision_of
from integration_objects.complex_object import ComplexObject, action_code, instances, items_of, message
from integration_objects.errors import Refused
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet

#: how entries are resolved whose lines are complete as the present revision asks
_AS_ASKED = "the lines are complete as the present revision asks"


class LineNotAsked(Refused):
    """A status names a line on which its work order asks for nothing."""

    what = "the work order asks nothing of the line '{key}'"
    where = "Work Order Status, line {key}"
    why = "its lines are {asked}"
    mend = "answer with lines that the work order asks for: by number, service id or key (Integration Id)"


class WorkOrderAsksNothing(Refused):
    """A status answers a work order that asks for nothing any more."""

    what = "the work order asks nothing any more"
    where = "Work Order Status, Work Order Number"
    why = "it was withdrawn, or a later revision asks nothing of this system"
    mend = "answer the work order that asks for the lines now, if there is one; else there is nothing to do"


class PresentAnswer(NamedTuple):
    """An answer that a line of the present revision takes.

    Attributes:
        answer: the line of the status.
        line: the work order's line.
        item: the order's line.
    """

    answer: PropertySet
    line: PropertySet
    item: PropertySet


class LateAnswer(NamedTuple):
    """An answer to a request that the present revision doesn't make any more.

    Attributes:
        answer: the line of the status.
        revision: the newest revision of the order that made the request.
        item: its line.
        present: the order's line that asks otherwise now; None for none.
    """

    answer: PropertySet
    revision: PropertySet
    item: PropertySet
    present: PropertySet | None


def split_answers(
    run: Run,
    answers: Sequence[PropertySet],
    asked: Sequence[PropertySet],
    order: PropertySet,
    is_replaced: bool,
) -> tuple[list[PresentAnswer], list[LateAnswer]]:
    """Find the line that each line of a status answers: one of the present revision, or one of an earlier revision.

    Args:
        run: the run.
        answers: the lines of the status.
        asked: the lines on which the work orders ask for something.
        order: the revision in force.
        is_replaced: whether the status says that it answers an earlier revision.

    Raises:
        LineNotAsked, WorkOrderAsksNothing: no revision has asked for a line.
    """
    lines, items = {line.get(KEY): line for line in asked}, ComplexObject(order)
    present: list[PresentAnswer] = []
    late: list[LateAnswer] = []
    former: list[PropertySet] | None = None
    ask_the_same = same_work(run)
    for answer in answers:
        key = answer.get(KEY)
        line, item = lines.get(key), items.by_key(key)
        is_asked = line is not None and item is not None
        if line is not None and item is not None and not is_replaced:
            present.append(PresentAnswer(answer, line, item))
            continue
        # Read only now: nearly every answer is one to the present revision.
        former = _replaced_revisions(run, order) if former is None else former
        requests = list(_requests(former, key))
        if line is not None and item is not None and all(ask_the_same(item, request) for _, request in requests):
            # A failed try of a request that was made again says nothing of the next try.
            if answer.get("Status") in ("Open", "Complete"):
                present.append(PresentAnswer(answer, line, item))
        elif requests:
            # The newest revisions come first: provisioning has most likely worked as the last one asked.
            revision, request = requests[0]
            late.append(LateAnswer(answer, revision, request, item if is_asked else None))
        else:
            named = ", ".join(f"{described(line)} ({known})" for known, line in lines.items())
            raise LineNotAsked(key=key, asked=named) if lines else WorkOrderAsksNothing()
    return present, late


def _replaced_revisions(run: Run, order: PropertySet) -> list[PropertySet]:
    """Return the submitted revisions before the one in force, the newest first; a cancelled order is one of them."""
    stored = instances(run.query(ORDER, {"Order Number": order.get("Order Number"), "Status": list(SUBMITTED)}))
    former = [revision for revision in stored if revision_of(revision) < revision_of(order)]
    if order.get("Status") == "Cancelled":
        former.append(order)
    return sorted(former, key=revision_of, reverse=True)


def _requests(revisions: Iterable[PropertySet], key: str | None) -> Iterator[tuple[PropertySet, PropertySet]]:
    """Yield the lines of this key that asked for something, each behind its revision."""
    for revision in revisions:
        for item in items_of(revision):
            if item.get(KEY) == key and action_code(item) != NO_ACTION:
                yield revision, item


def take_late_answers(run: Run, order: PropertySet, answers: Sequence[LateAnswer], time: str) -> list[PropertySet]:
    """Write the work that was done onto replaced lines, and raise the fallout entries of completed ones.

    Args:
        run: the run; the order's account is locked.
        order: the revision in force.
        answers: the answers. The lines of their revisions are changed in place, and stored.
        time: the status's time.

    Returns:
        The replaced lines that changed.
    """
    component = run.definitions[ORDER].root.children[LINE_ITEM]
    changed: dict[int, LateAnswer] = {}
    done: list[LateAnswer] = []
    for late in answers:
        status, item = late.answer.get("Status"), late.item
        if status not in ("Open", "Complete"):
            continue
        is_new = status == "Complete" and item.get(COMPLETED_DATE) is None
        if set_facts(late.answer, item, component) or is_new:
            changed[id(item)] = late
        if is_new:
            item.properties[COMPLETED_DATE] = late.answer.get(COMPLETED_DATE) or time
            done.append(late)
    prove_completed(run, order, [late.item for late in done])
    # Each revision once, however many of its lines have changed.
    for revision in {id(late.revision): late.revision for late in changed.values()}.values():
        run.effects.update(message(ORDER, [revision]))
    for cause, why, is_present in (
        (fallout_entries.AFTER_WITHDRAWAL, "the order doesn't ask for them any more", False),
        (fallout_entries.AS_REPLACED, "the order asks otherwise now", True),
    ):
        concerned = [late for late in done if (late.present is not None) == is_present]
        if concerned:
            named = ", ".join(f"{described(late.item)} ({late.item.get(KEY)})" for late in concerned)
            number = concerned[0].revision.get("Revision")
            reason = f"provisioning completed lines of revision {number}, and {why}: {named}"
            keys = [late.item.get(KEY) or "" for late in concerned]
            fallout_entries.raise_once(run, order, cause, reason, keys)
    return [late.item for late in changed.values()]


def settle_old_requests(run: Run, order: PropertySet, completed: Sequence[PropertySet]) -> None:
    """Resolve the entries of lines that are complete as the present revision asks, after a replaced one's request."""
    if not completed:
        return
    complete = [item.get(KEY) or "" for item in items_of(order) if item.get("Status") == "Complete"]
    fallout_entries.resolve(run, order, fallout_entries.AS_REPLACED, _AS_ASKED, complete)


def withdrawn_lines(run: Run, order: PropertySet, keys: Sequence[str]) -> list[tuple[PropertySet, PropertySet]]:
    """Return the lines of these keys that were completed after their withdrawal, each behind its revision.

    Parents come before the lines beneath them.

    Args:
        run: the run.
        order: the revision in force.
        keys: Integration Ids, as a fallout entry has them.
    """
    found: dict[str | None, tuple[PropertySet, PropertySet]] = {}
    for revision in _replaced_revisions(run, order):
        for item in items_of(revision):
            if item.get(KEY) in keys and item.get(COMPLETED_DATE) is not None:
                # The newest revision that has the line comes first, and stays.
                found.setdefault(item.get(KEY), (revision, item))
    return list(found.values())
