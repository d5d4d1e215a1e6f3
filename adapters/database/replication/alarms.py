"""The alarms of feeds: plain sentences that stand until their cause is gone.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, or_, select, update

from adapters.database.connection.statements import upsert
from adapters.database.schema.hub_tables import HUB
from integration_objects.surroundings import Surroundings

ALARM = HUB.tables["hub_feed_alarm"]
_M = ALARM.c
# An alarm that stands keeps its time; one that was cleared begins anew.
_RAISE = upsert(
    ALARM,
    ["feed", "kind", "about"],
    lambda new: {"sentence": new.sentence, "since": new.since, "cleared_at": None},
    where=lambda new: or_(_M.cleared_at.isnot(None), _M.sentence != new.sentence),
)
_CLEAR = (
    update(ALARM)
    .where(_M.feed == bindparam("of_feed"), _M.kind == bindparam("of_kind"), _M.cleared_at.is_(None))
    .values(cleared_at=bindparam("now"))
)
_CLEAR_ONE = _CLEAR.where(_M.about == bindparam("of_about"))


@dataclass(frozen=True)
class FeedAlarm:
    """An alarm.

    Attributes:
        kind: late, early, empty, small, gap, held, late answer, ...
        about: the batch, the number or the time that it is about.
        sentence: what an operator must know.
    """

    seq: int
    feed: str
    kind: str
    about: str
    sentence: str
    since: str
    cleared_at: str | None


def standing_alarms(connection: Connection) -> list[FeedAlarm]:
    """Return the alarms of all feeds whose causes aren't gone, the oldest first."""
    statement = select(ALARM).where(_M.cleared_at.is_(None)).order_by(_M.since, _M.seq)
    return [FeedAlarm(**row) for row in connection.execute(statement).mappings()]


class FeedAlarms:
    """The alarms of one feed, in the transaction of *connection*."""

    def __init__(self, connection: Connection, surroundings: Surroundings, feed: str) -> None:
        self._connection = connection
        self._surroundings = surroundings
        self._feed = feed

    def sound(self, kind: str, about: str, sentence: str) -> None:
        """Raise an alarm, unless it stands already."""
        values = {"feed": self._feed, "kind": kind, "about": about, "sentence": sentence}
        self._connection.execute(_RAISE.on(self._connection), {**values, "since": self._surroundings.now()})

    def clear(self, kind: str, about: str | None = None) -> None:
        """Clear the alarms of a kind, or the one about one thing."""
        values = {"of_feed": self._feed, "of_kind": kind, "now": self._surroundings.now()}
        if about is None:
            self._connection.execute(_CLEAR, values)
        else:
            self._connection.execute(_CLEAR_ONE, {**values, "of_about": about})

    def standing(self, kind: str) -> list[FeedAlarm]:
        """Return the alarms of a kind that stand."""
        statement = select(ALARM).where(_M.feed == self._feed, _M.kind == kind, _M.cleared_at.is_(None))
        return [FeedAlarm(**row._mapping) for row in self._connection.execute(statement)]

    def listing(self, limit: int = 100, *, every: bool = False) -> list[FeedAlarm]:
        """Return the alarms that stand, or *every* one, the newest first."""
        statement = select(ALARM).where(_M.feed == self._feed).order_by(_M.seq.desc()).limit(limit)
        if not every:
            statement = statement.where(_M.cleared_at.is_(None))
        return [FeedAlarm(**row._mapping) for row in self._connection.execute(statement)]
