"""The stages of a message: raw, converted, mapped, each step of its workflow, and the messages that left.

The trees between are not stored: they are made again from the body, by the declarations as they are today. The steps of
the workflow are those of the recording: what the run asked, and what it was answered.

Spec: docs/design/road.md, "The recording"; docs/the_road.md, "Looking at a message".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from adapters.database.messages.inbox_row import InboxRow
from hub.data_manager.inspection.shown_body import shown_body
from hub.data_manager.message_work import MessageWork
from hub.data_manager.open_hub import Transaction
from hub.workflow_manager.recorded_reads import read_recording
from integration_objects.complex_object import instances, is_empty
from integration_objects.errors import HubError
from integration_objects.names import ORDER_ACTIVITY
from integration_objects.property_set import PropertySet
from integration_objects.secrets import without_secrets

#: characters of a step's answer that are shown
MOST_ANSWER = 2_000


@dataclass(frozen=True)
class Step:
    """A step of a workflow's run: the question that it asked outside of itself, and the answer.

    Attributes:
        question: the kind: ``object``, ``headers``, ``now``, ``id``, ``number``, ``priced`` ...
        about: what was asked for.
        answer: the answer, without secrets, cut to `MOST_ANSWER` characters.
    """

    question: str
    about: str
    answer: str


@dataclass(frozen=True)
class Stages:
    """The stages of a message that came in.

    Attributes:
        raw: its body, without secrets; None if it can't be shown.
        raw_fault: why the body can't be shown.
        converted: the tree of its body; None for a message that can't be converted.
        mapped: the internal message; None for a message that can't be mapped.
        fault: the error at which the way ends, as the declarations are today.
        fault_step: the step that it is met at: check, convert, map.
        map_changed: whether the map is another one than when the message was worked.
        steps: the steps of its last run.
        events: the events of orders that it brought about, as instances of Order Activity.
        outbound: the messages that left because of it.
    """

    raw: str | None
    raw_fault: dict[str, str] | None
    converted: PropertySet | None
    mapped: PropertySet | None
    fault: dict[str, str] | None
    fault_step: str | None
    map_changed: bool
    steps: Sequence[Step]
    events: Sequence[PropertySet]
    outbound: Sequence[dict[str, Any]] = field(default_factory=tuple)


def stages_of(transaction: Transaction, row: InboxRow, *, with_body: bool) -> Stages:
    """Return the stages of a message; *with_body*: those that show its content, too.

    Without a body only events and messages that left are told, for people who may not see a customer's data.
    """
    outbound = (transaction.messages.show(row.id) or {}).get("outbound", ())
    events = events_of(transaction, row)
    if not with_body:
        return Stages(None, None, None, None, None, None, False, (), events, outbound)
    open_hub = transaction.open_hub
    names = open_hub.renew_secret_names(transaction)
    raw, raw_fault = None, None
    try:
        raw = shown_body(row.body, names, open_hub.deployment, row).decode("utf-8", "replace")
    except HubError as error:
        raw_fault = error.as_dict()
    converted, mapped, fault, step, changed = None, None, None, None, False
    route = open_hub.deployment.worked_routes.get(row.route)
    if route is not None:
        work = MessageWork(open_hub, row, route)
        changed = row.map_version is not None and (route.map is None or route.map.version != row.map_version)
        try:
            converted, line_of = work.converted()
            mapped = work.mapped(converted, line_of)
        except HubError as error:
            fault, step = without_secrets(error.at(work.place), work.secrets).as_dict(), work.step
    return Stages(
        raw,
        raw_fault,
        None if converted is None else names.masked(converted),
        None if mapped is None else names.masked(mapped),
        fault,
        step,
        changed,
        steps_of(transaction, row),
        events,
        outbound,
    )


def steps_of(transaction: Transaction, row: InboxRow) -> list[Step]:
    """Return the steps of a message's last run, without secrets; none for a message that never ran to its end."""
    recording = transaction.messages.inbox.recording(row.id)
    if recording is None:
        return []
    masked = transaction.open_hub.secret_names.masked_json(read_recording(recording))
    return [_step(entry) for entry in masked["entries"]]


def _step(entry: Sequence[Any]) -> Step:
    question, *about, answer = entry
    shown = _written(answer)
    cut = shown if len(shown) <= MOST_ANSWER else f"{shown[:MOST_ANSWER]} ... ({len(shown)} characters)"
    return Step(str(question), ", ".join(_written(part) for part in about), cut)


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def events_of(transaction: Transaction, row: InboxRow) -> list[PropertySet]:
    """Return the events of orders that a message brought about, the oldest first."""
    # A deployment whose declarations are being edited shows the rest of the message.
    with suppress(HubError):
        tree = transaction.store.query(ORDER_ACTIVITY, {"Message Id": row.id})
        return [] if is_empty(tree) else instances(tree)
    return []
