"""Why a value is what it is: the map's line and the source's line of each field that has it, and the run's answers.

A value of the mapped message is followed to the field that it was made of. A value that the workflow brought in, such
as an order's number or a product's name, is found in the recording, by the question that it answered.

Spec: docs/architecture.md, "Everything can be asked why"; docs/the_road.md, "Looking at a message".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.database.messages.inbox_row import InboxRow
from hub.data_manager.inspection.stages import Step, steps_of
from hub.data_manager.message_work import MessageWork
from hub.data_manager.open_hub import Transaction
from integration_objects.errors import Refused
from maps.trace import SourceValue, TracedField, trace

#: fields and steps that are told
MOST = 100


class NothingToTrace(Refused):
    """A message can't be asked why."""

    what = "the message {message} can't be traced"
    where = "message {message}"
    why = "{cause}"
    mend = "`orderhub messages stages {message}` shows how far it comes"


@dataclass(frozen=True)
class Why:
    """The origins of a value.

    Attributes:
        fields: the fields of the mapped message that have it.
        steps: the steps of the run whose answers have it.
        map_changed: whether the map is another one than when the message was worked.
    """

    fields: Sequence[TracedField]
    steps: Sequence[Step]
    map_changed: bool


def why(transaction: Transaction, row: InboxRow, value: str | None = None, field: str | None = None) -> Why:
    """Find the origins of a value, or of the values of a field; of all fields without both.

    Args:
        transaction: the transaction.
        row: the message.
        value: the value's text.
        field: the field's name.

    Raises:
        NothingToTrace: its route is gone or has no map.
        Refused: the message can't be converted or mapped.
    """
    open_hub = transaction.open_hub
    names = open_hub.renew_secret_names(transaction)
    route = open_hub.deployment.worked_routes.get(row.route)
    if route is None:
        raise NothingToTrace(message=row.id, cause=f"its route {row.route} is switched off")
    work = MessageWork(open_hub, row, route)
    fields: list[TracedField] = []
    changed = False
    if route.map is not None and route.external is not None:
        converted, line_of = work.converted()
        _, traced = trace(route.map, converted, work.circumstances(line_of))
        secrets = work.secrets
        # A secret is no value that anybody may ask for.
        open_fields = (each for each in traced if each.field not in names and each.value not in secrets)
        fields = [_masked(each, secrets) for each in open_fields if _fits(each, value, field)]
        changed = row.map_version is not None and route.map.version != row.map_version
    steps = [] if value is None else [step for step in steps_of(transaction, row) if _tells(step, value)]
    return Why(fields[:MOST], steps[:MOST], changed)


def _fits(traced: TracedField, value: str | None, field: str | None) -> bool:
    return (value is None or traced.value == value) and (field is None or traced.field == field)


def _masked(traced: TracedField, secrets: set[str]) -> TracedField:
    shown = tuple(
        SourceValue(source.path, source.line, "***" if source.value in secrets else source.value)
        for source in traced.sources
    )
    return TracedField(
        traced.component, traced.field, traced.value, traced.where, traced.expression, traced.by_default, shown
    )


def _tells(step: Step, value: str) -> bool:
    """Tell whether a step's answer has the value, as a whole text."""
    try:
        return value in _texts(json.loads(step.answer))
    except ValueError:
        # An answer that is a text, or that was cut.
        return step.answer == value or f'"{value}"' in step.answer


def _texts(answer: Any) -> Iterator[str]:
    if isinstance(answer, dict):
        for entry in answer.values():
            yield from _texts(entry)
    elif isinstance(answer, list):
        for entry in answer:
            yield from _texts(entry)
    elif answer is not None:
        yield str(answer)
