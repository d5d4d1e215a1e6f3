"""The decisions on fields and records: the three values, the rule, the outcome, and the conflict where there was one.

    settled   the declared owner decided
    open      a person must decide
    decided   a person has decided

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from adapters.database.connection.statements import insert_rows, is_one_of, parts
from adapters.database.schema.hub_tables import HUB
from integration_objects.surroundings import Surroundings

DECISION = HUB.tables["hub_feed_decision"]
_D = DECISION.c
_COLUMNS = (
    *("feed", "key", "field", "batch_id", "position", "rule", "outcome", "conflict", "state"),
    *("agreed", "ours", "theirs", "value", "reason", "at"),
)
_OPEN_FIELDS = select(DECISION).where(_D.feed == bindparam("of_feed"), _D.state == "open", is_one_of(_D.key, "wanted"))
_DECIDE = (
    update(DECISION)
    .where(_D.seq == bindparam("of_seq"))
    .values(
        state="decided",
        outcome=bindparam("new_outcome"),
        value=bindparam("new_value"),
        decided_by=bindparam("by"),
        decided_at=bindparam("now"),
        reason=bindparam("why"),
    )
)
_SUPERSEDE = update(DECISION).where(_D.seq == bindparam("of_seq")).values(state="settled", outcome="superseded")
_COUNT_OPEN = select(func.count()).select_from(DECISION).where(_D.feed == bindparam("of_feed"), _D.state == "open")


@dataclass(frozen=True)
class Decision:
    """A decision that is to be stored.

    The values *agreed*, *ours*, *theirs* and *value* are texts or None for null; the tuple ``()`` says that there was
    no value at all, which is another fact.

    Attributes:
        key: the record's key.
        field: the field's name; None for a decision on the whole record.
        position: the row of the batch.
        rule: the owner, or the rule, that decided.
        outcome: a word of `hub.replication.compare`.
        conflict: its name; None where the sides didn't collide.
        state: settled or open.
        value: the hub's value from then on.
    """

    key: str
    field: str | None
    position: int
    rule: str
    outcome: str
    conflict: str | None
    state: str
    agreed: Any = ()
    ours: Any = ()
    theirs: Any = ()
    value: Any = ()
    reason: str | None = None


@dataclass(frozen=True)
class StoredDecision(Decision):
    """A decision as it is stored."""

    seq: int = 0
    feed: str = ""
    batch_id: str = ""
    at: str = ""
    decided_by: str | None = None
    decided_at: str | None = None


class Decisions:
    """The decisions of one feed, in the transaction of *connection*."""

    def __init__(self, connection: Connection, surroundings: Surroundings, feed: str) -> None:
        self._connection = connection
        self._surroundings = surroundings
        self._feed = feed

    def add(self, batch_id: str, decisions: Iterable[Decision]) -> None:
        """Store the decisions on rows of a batch."""
        now = self._surroundings.now()
        insert_rows(
            self._connection,
            DECISION,
            _COLUMNS,
            [
                (
                    self._feed,
                    each.key,
                    each.field,
                    batch_id,
                    each.position,
                    each.rule,
                    each.outcome,
                    each.conflict,
                    each.state,
                    *[_written(value) for value in (each.agreed, each.ours, each.theirs, each.value)],
                    each.reason,
                    now,
                )
                for each in decisions
            ],
        )

    def conflicts(self, limit: int, *, every: bool = False, key: str | None = None) -> list[StoredDecision]:
        """Return the newest conflicts, the last one first: open ones, or *every* one."""
        statement = (
            select(DECISION).where(_D.feed == self._feed, _D.conflict.isnot(None)).order_by(_D.seq.desc()).limit(limit)
        )
        if not every:
            statement = statement.where(_D.state == "open")
        if key is not None:
            statement = statement.where(_D.key == key)
        return [_row(row) for row in self._connection.execute(statement)]

    def of_key(self, key: str, field: str | None = None) -> list[StoredDecision]:
        """Return all decisions on a record, or on one field of it, the oldest first."""
        statement = select(DECISION).where(_D.feed == self._feed, _D.key == key).order_by(_D.seq)
        if field is not None:
            statement = statement.where(_D.field == field)
        return [_row(row) for row in self._connection.execute(statement)]

    def open_of(self, keys: Sequence[str]) -> dict[str, dict[str | None, StoredDecision]]:
        """Return the open conflicts of these records, by key and field: such a field is neither taken nor sent."""
        found: dict[str, dict[str | None, StoredDecision]] = {}
        for part in parts(keys):
            for row in self._connection.execute(_OPEN_FIELDS, {"of_feed": self._feed, "wanted": part}):
                found.setdefault(row.key, {})[row.field] = _row(row)
        return found

    def supersede(self, compared: Mapping[str, Collection[str]]) -> None:
        """Settle the open conflicts of fields that were compared anew, given by the key of their record."""
        settled = [
            {"of_seq": conflict.seq}
            for key, conflicts in self.open_of(list(compared)).items()
            for field, conflict in conflicts.items()
            if field in compared[key]
        ]
        if settled:
            self._connection.execute(_SUPERSEDE, settled)

    def count_open(self) -> int:
        """Count the open conflicts."""
        return self._connection.scalar(_COUNT_OPEN, {"of_feed": self._feed}) or 0

    def row(self, seq: int) -> StoredDecision | None:
        """Return a decision by its number; None for none."""
        row = self._connection.execute(select(DECISION).where(_D.feed == self._feed, _D.seq == seq)).one_or_none()
        return None if row is None else _row(row)

    def decide(self, seq: int, outcome: str, value: str | None, by: str, why: str) -> None:
        """Note a person's decision."""
        values = {
            "of_seq": seq,
            "new_outcome": outcome,
            "new_value": _written(value),
            "by": by,
            "now": self._surroundings.now(),
            "why": why,
        }
        self._connection.execute(_DECIDE, values)


def _written(value: Any) -> str | None:
    return None if value == () else json.dumps(value, ensure_ascii=False)


def _read(text: str | None) -> Any:
    return () if text is None else json.loads(text)


def _row(row: Row[Any]) -> StoredDecision:
    values: dict[str, Any] = dict(row._mapping)
    for name in ("agreed", "ours", "theirs", "value"):
        values[name] = _read(values[name])
    return StoredDecision(**values)
