"""The inbox: the one waiting room. Due rows are claimed here, and their outcomes are written here.

    claim             take the oldest due row of each free key
    claim_again       take rows that were claimed before, if it still is their turn
    work_alone        note that a process died with rows in hand: each is worked alone
    count_death       put a row off that a process died because of
    finish_all        end rows: done, filtered, rejected or invalid
    retry, park       put a row off: until a time; until an operator or a condition releases it
    release           put back the rows that wait for a condition
    replay, give_up   carry out an operator's decision

The module `next_in_line` has the statements of the claim.

Spec: docs/design/road.md, "What commits when"; docs/design/guarantees.md G2.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Connection, Integer, Row, Select, bindparam, func, select, update

from adapters.database.connection.statements import is_one_of, upsert
from adapters.database.messages.inbox_row import INBOX, inbox_row
from adapters.database.messages.inbox_row import InboxRow as InboxRow
from adapters.database.messages.next_in_line import CLAIM_AGAIN, CLAIM_ANY, CLAIM_NEAR
from adapters.database.messages.outbox import Outbox, OutboxMessage, answer_again
from adapters.database.schema.hub_tables import FINAL_STATES, HUB
from integration_objects.errors import HubError, Misconfigured, Retryable
from integration_objects.surroundings import Surroundings

RECORDING = HUB.tables["hub_recording"]
LOOK_AGAIN_S = 60.0
_C = INBOX.c


class RowIsFinal(Retryable):
    """Another process brought the row to its end first: this transaction must leave nothing behind."""

    what = "the message is final already"
    where = "inbox {row_ids}"
    why = "it was to become {states} now, and another process brought it to its end before"
    mend = "nothing: this transaction is undone, and the first outcome stands"


class StateUnknown(Misconfigured):
    """A row is to end in a state that isn't final."""

    what = "an inbox row cannot end in state '{state}'"
    where = "inbox {row_id}"
    why = "the final states are {states}"
    mend = "use retry or park for a message that has not ended"


_THE_ROW = _C.id == bindparam("row_id")
# Another process may have ended the row: then nothing is changed, and the number of changed rows says so.
_UNFINISHED = _C.final_at.is_(None)
_BY_ID = select(INBOX).where(_THE_ROW)
_BY_IDS = select(INBOX).where(is_one_of(_C.id, "ids"))
_BY_IDENTITY = select(INBOX).where(
    _C.route == bindparam("route"), _C.sender == bindparam("sender"), _C.identity == bindparam("identity")
)
_EARLIER = INBOX.alias("earlier")
# A row behind one that is parked for an operator waits for the operator, not for a time.
_NEXT_DUE = select(func.min(_C.due_at)).where(
    _C.route == bindparam("route"),
    _C.seq > bindparam("behind"),
    _C.state.in_(("received", "retrying")),
    ~select(_EARLIER.c.seq)
    .where(
        _EARLIER.c.route == _C.route,
        _EARLIER.c.key == _C.key,
        _EARLIER.c.seq < _C.seq,
        _EARLIER.c.state == "parked",
        _EARLIER.c.waits_for.is_(None),
    )
    .exists(),
)
_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_WORK_ALONE = update(INBOX).where(_C.id.in_(_IDS), _UNFINISHED).values(died_at=bindparam("now"))
_COUNT_DEATH = (
    update(INBOX)
    .where(_THE_ROW, _UNFINISHED)
    .values(
        state="retrying",
        waits_for=None,
        deaths=bindparam("number"),
        died_at=bindparam("now"),
        due_at=bindparam("due"),
        reason=bindparam("because"),
        error=bindparam("fault"),
    )
)
_OUTCOME = (
    update(INBOX)
    .where(_THE_ROW, _UNFINISHED)
    .values(
        state=bindparam("new_state"),
        final_at=bindparam("ended"),
        due_at=func.coalesce(bindparam("due"), _C.due_at),
        waits_for=bindparam("awaited"),
        attempts=_C.attempts + bindparam("tried", type_=Integer),
        deaths=0,
        died_at=None,
        reason=bindparam("because"),
        error=bindparam("fault"),
        map=func.coalesce(bindparam("by_map"), _C.map),
        map_version=func.coalesce(bindparam("by_version"), _C.map_version),
        reply_outbox_id=func.coalesce(bindparam("reply"), _C.reply_outbox_id),
    )
)
_AWAITED: BindParameter[str] = bindparam("awaited", expanding=True)
_BACK_IN_LINE = update(INBOX).values(state="received", waits_for=None, due_at=bindparam("now"), reason=None, error=None)
_RELEASE = _BACK_IN_LINE.where(_C.waits_for.in_(_AWAITED), _C.state == "parked")
_WAKE = _BACK_IN_LINE.where(_C.waits_for.is_not(None), _C.state == "parked", _C.due_at <= bindparam("now"))
# The old reply is forgotten: a repeat must get the reply of the new run.
_REPLAY = _BACK_IN_LINE.where(_THE_ROW, _C.state.in_(("parked", "retrying", "rejected", "invalid", "dead"))).values(
    final_at=None, attempts=0, deaths=0, died_at=None, replays=_C.replays + 1, reply_outbox_id=None
)
_GIVE_UP = (
    update(INBOX)
    .where(_THE_ROW, _C.state.in_(("parked", "retrying")))
    .values(state="dead", waits_for=None, final_at=bindparam("now"))
)
_RENAME = update(INBOX).where(_THE_ROW).values(identity=bindparam("new_identity"))
_SET_REPLY = update(INBOX).where(_THE_ROW).values(reply_outbox_id=bindparam("reply"))
_OTHERS = select(_C.id, _C.also_reply_to).where(_C.id.in_(_IDS), _C.also_reply_to.is_not(None))
_FORGET_OTHERS = update(INBOX).where(_THE_ROW).values(also_reply_to=None)
_RECORD = upsert(RECORDING, ["inbox_id"], lambda new: {"data": new.data})
_RECORDING = select(RECORDING.c.data).where(RECORDING.c.inbox_id == bindparam("row_id"))


@dataclass(frozen=True)
class Ending:
    """How an inbox row ends.

    Attributes:
        row_id: the inbox row.
        state: done, filtered, rejected or invalid.
        error: why the row is rejected or invalid; its reason is kept beside it.
        map, map_version: the data map that was used, where there was one.
        why: the remark on a row that ends without an error, such as a filtered one; kept as the ``what`` of an error
            without a reason.
        identity: the identity that the row has from now on; None: the row keeps its own.
    """

    row_id: str
    state: str
    error: HubError | None = None
    map: str | None = None
    map_version: str | None = None
    why: str | None = None
    identity: str | None = None


class Inbox:
    """The inbox, in the transaction of *connection*."""

    def __init__(self, connection: Connection, surroundings: Surroundings, outbox: Outbox) -> None:
        self._connection = connection
        self._surroundings = surroundings
        self._outbox = outbox

    def row(self, row_id: str) -> InboxRow | None:
        """Return the row of this id; None if there is none."""
        return self._row(_BY_ID, {"row_id": row_id})

    def find(self, route: str, sender: str, identity: str) -> InboxRow | None:
        """Return the row of this identity; None if there is none."""
        return self._row(_BY_IDENTITY, {"route": route, "sender": sender, "identity": identity})

    def _row(self, statement: Select[Any], values: Mapping[str, str]) -> InboxRow | None:
        row = self._connection.execute(statement, values).one_or_none()
        return None if row is None else inbox_row(row)

    def claim(
        self,
        routes: Sequence[str],
        limit: int,
        most_bytes: int | None = None,
        behind: Mapping[str, int] | None = None,
    ) -> list[InboxRow]:
        """Take the oldest due row of each free key, and due rows without a key, for this transaction.

        The rows stay claimed until the transaction ends: on PostgreSQL by locks on rows and keys, on SQLite
        because it must be the write transaction, of which there is one at a time.

        Args:
            routes: asked in this order, until there are enough; within a route the oldest go first.
            limit: most rows.
            most_bytes: of all bodies together; a first row is taken whatever its size. None for no limit.
            behind: the `seq` of a route behind which its rows are looked for; none for the whole route.
        """
        behind = behind or {}
        found: list[Row[Any]] = []
        now = self._surroundings.now()
        for route in routes:
            most = limit - len(found)
            if most <= 0:
                break
            values = {"route": route, "now": now, "most": most, "behind": behind.get(route, 0)}
            rows = self._connection.execute(CLAIM_NEAR, values).all()
            # Free rows may stand further behind. Those found near are claimed by this transaction already: the second
            # statement finds them again.
            if len(rows) < most:
                rows = self._connection.execute(CLAIM_ANY, values).all()
            found += rows
        if not found:
            return []
        row_ids: list[str] = []
        size = 0
        for row in found:
            size += row.size
            if row_ids and most_bytes is not None and size > most_bytes:
                break
            row_ids.append(row.id)
        rows_by_id = {row.id: inbox_row(row) for row in self._connection.execute(_BY_IDS, {"ids": row_ids})}
        return [rows_by_id[row_id] for row_id in row_ids]

    def claim_again(self, row_ids: Sequence[str]) -> list[str]:
        """Take those of the rows that were claimed before whose turn it still is, for this transaction, in order.

        Another process may have worked some meanwhile, and an earlier message of a key may have come back.
        """
        values = {"ids": list(row_ids), "now": self._surroundings.now()}
        return list(self._connection.scalars(CLAIM_AGAIN, values))

    def next_due(self, routes: Sequence[str], behind: Mapping[str, int] | None = None) -> str | None:
        """Return the time at which the next row of *routes* is due; None if all rows wait for an operator.

        *behind*: see `claim`.
        """
        behind = behind or {}
        times = [
            self._connection.scalar(_NEXT_DUE, {"route": route, "behind": behind.get(route, 0)}) for route in routes
        ]
        return min((time for time in times if time is not None), default=None)

    def work_alone(self, row_ids: Sequence[str]) -> None:
        """Note that a process died with these rows in hand: each is worked alone, until it has an outcome.

        In a group with others, a row that kills processes would keep the others from being worked.
        """
        if row_ids:
            self._connection.execute(_WORK_ALONE, {"ids": list(row_ids), "now": self._surroundings.now()})

    def count_death(self, row_id: str, number: int, due_at: str, error: HubError) -> None:
        """Note the *number*-th death that the row brought about, and try it again at *due_at*, alone."""
        fault = json.dumps(error.as_dict(), ensure_ascii=False)
        values = {"row_id": row_id, "number": number, "due": due_at, "because": error.reason, "fault": fault}
        self._connection.execute(_COUNT_DEATH, {**values, "now": self._surroundings.now()})

    def finish_all(self, endings: Sequence[Ending], replies: Mapping[str, str] | None = None) -> None:
        """Bring rows to final states, in the transaction of all their effects.

        Args:
            endings: how each row ends.
            replies: the outbox rows that answer them, by inbox row.

        Raises:
            RowIsFinal: a row is final already; nothing of this transaction may stay.
            StateUnknown: a state isn't final.
        """
        if not endings:
            return
        now = self._surroundings.now()
        values = []
        for ending in endings:
            if ending.state not in FINAL_STATES:
                raise StateUnknown(state=ending.state, row_id=ending.row_id, states=", ".join(FINAL_STATES))
            values.append(_outcome(ending, ended=now, reply=(replies or {}).get(ending.row_id)))
        # One number for the whole block. Which row was final already doesn't matter: all is undone.
        if self._connection.execute(_OUTCOME, values).rowcount != len(values):
            states = ", ".join(sorted({f"'{ending.state}'" for ending in endings}))
            raise RowIsFinal(row_ids=", ".join(ending.row_id for ending in endings), states=states)
        self.rename({ending.row_id: ending.identity for ending in endings if ending.identity is not None})

    def rename(self, identities: Mapping[str, str]) -> None:
        """Give rows, by their ids, other identities: a message of a former identity that comes now is a new one."""
        if identities:
            self._connection.execute(_RENAME, [{"row_id": row, "new_identity": new} for row, new in identities.items()])

    def retry(self, row_id: str, due_at: str, error: HubError, counts: bool = True) -> bool:
        """Try the row again at *due_at*; return False for a row that is final already.

        *counts*: whether this was an attempt of the row; not where an outage met many rows.
        """
        return self._put_off(Ending(row_id, "retrying", error), due=due_at, tried=counts)

    def park(
        self, row_id: str, error: HubError, waits_for: str | None = None, look_again_at: str | None = None
    ) -> bool:
        """Park the row for an operator, or until *waits_for* is released; return False for a row that is final already.

        A row that waits for a condition uses up no attempt.

        Args:
            row_id: the inbox row.
            error: why.
            waits_for: the condition, as `release` names it; None for an operator.
            look_again_at: when `wake` releases the row all the same, because the condition may have been released while
                the row was being parked; None for a minute from now.
        """
        if waits_for is not None:
            look_again_at = look_again_at or self._surroundings.later(LOOK_AGAIN_S)
        # A row that waits for a condition makes no attempt.
        tried = waits_for is None
        return self._put_off(Ending(row_id, "parked", error), due=look_again_at, awaited=waits_for, tried=tried)

    def release(self, *waits_for: str) -> int:
        """Put the rows that wait for one of these conditions back in their places, due now; return their number."""
        if not waits_for:
            return 0
        values = {"awaited": waits_for, "now": self._surroundings.now()}
        return self._connection.execute(_RELEASE, values).rowcount

    def wake(self) -> int:
        """Put the rows back whose time to look again has come; return their number."""
        return self._connection.execute(_WAKE, {"now": self._surroundings.now()}).rowcount

    def replay(self, row_id: str) -> bool:
        """Put a parked, retrying, rejected, invalid or dead row back in its place, its attempts at 0.

        The replays are counted, so that the messages that leave this time have other ids.

        Returns:
            False if the row is in none of these states: a row that is done stays done.
        """
        values = {"row_id": row_id, "now": self._surroundings.now()}
        return self._connection.execute(_REPLAY, values).rowcount == 1

    def give_up(self, row_id: str) -> bool:
        """Make a parked or retrying row dead; return False for a row in another state."""
        values = {"row_id": row_id, "now": self._surroundings.now()}
        return self._connection.execute(_GIVE_UP, values).rowcount == 1

    def set_replies(self, replies: Mapping[str, str]) -> None:
        """Keep the ids of the outbox rows that answer these inbox rows."""
        if replies:
            self._connection.execute(_SET_REPLY, [{"row_id": row, "reply": reply} for row, reply in replies.items()])

    def answer_others(self, replies: Mapping[str, OutboxMessage]) -> None:
        """Emit the replies, by inbox row, also to the places that repeats have named meanwhile."""
        if not replies:
            return
        # One statement finds the few that have others; nearly every message has none.
        for row_id, others in self._connection.execute(_OTHERS, {"ids": list(replies)}).all():
            self._outbox.emit_all([answer_again(replies[row_id], *place) for place in json.loads(others)])
            self._connection.execute(_FORGET_OTHERS, {"row_id": row_id})

    def record_all(self, recordings: Iterable[tuple[str, bytes]]) -> None:
        """Keep the recordings of these rows' last runs."""
        values = [{"inbox_id": row_id, "data": data} for row_id, data in recordings]
        if values:
            self._connection.execute(_RECORD.on(self._connection), values)

    def recording(self, row_id: str) -> bytes | None:
        """Return the recording of the row's last run; None if there is none."""
        data = self._connection.scalar(_RECORDING, {"row_id": row_id})
        return None if data is None else bytes(data)

    def _put_off(self, ending: Ending, due: str | None, awaited: str | None = None, tried: bool = True) -> bool:
        """Write an outcome that isn't final; return False for a row that is final already."""
        outcome = _outcome(ending, due=due, awaited=awaited, tried=tried)
        return self._connection.execute(_OUTCOME, outcome).rowcount == 1


def _outcome(
    ending: Ending,
    *,
    ended: str | None = None,
    due: str | None = None,
    awaited: str | None = None,
    reply: str | None = None,
    tried: bool = True,
) -> dict[str, Any]:
    error = ending.error
    fault = None if error is None else error.as_dict()
    if fault is None and ending.why is not None:
        fault = {"what": ending.why}
    return {
        "row_id": ending.row_id,
        "new_state": ending.state,
        "ended": ended,
        "due": due,
        "awaited": awaited,
        "because": None if error is None else error.reason,
        "fault": None if fault is None else json.dumps(fault, ensure_ascii=False),
        "tried": int(tried),
        "by_map": ending.map,
        "by_version": ending.map_version,
        "reply": reply,
    }
