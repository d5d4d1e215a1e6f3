"""Tables that control the hub's processes: leases, pauses, numbers, the transports' own counts, and the marks of work.

Everything runs in the caller's transaction.

Spec: docs/design/guarantees.md, "PostgreSQL" (one dispatcher per destination) and "pika, RabbitMQ";
docs/design/road.md, "An independent count", "What commits when" (redelivered, three deaths).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, or_, select

from adapters.database.connection.dialect import dialect_of
from adapters.database.connection.statements import is_one_of, upsert
from adapters.database.schema.hub_tables import HUB
from integration_objects.surroundings import Surroundings

LEASE = HUB.tables["hub_lease"]
COMPONENT = HUB.tables["hub_component"]
SEQUENCE = HUB.tables["hub_sequence"]
DOOR_COUNT = HUB.tables["hub_door_count"]
MARK = HUB.tables["hub_in_hand"]

# One statement looks and takes: two holders can't both find the lease free.
_ACQUIRE = upsert(
    LEASE,
    ["name"],
    lambda new: {"holder": new.holder, "until": new.until},
    where=lambda new: or_(LEASE.c.holder == new.holder, LEASE.c.until <= bindparam("now")),
    returning=[LEASE.c.holder],
)
_SET_COMPONENT = upsert(
    COMPONENT,
    ["name"],
    lambda new: {"state": new.state, "why": new.why, "since": new.since},
    where=lambda new: COMPONENT.c.state != new.state,
)
# The row stays locked until the transaction ends: no other transaction takes a number before it is known whether this
# one is used.
_NEXT_NUMBER = upsert(
    SEQUENCE,
    ["name"],
    lambda _: {"value": SEQUENCE.c.value + bindparam("step")},
    returning=[SEQUENCE.c.value],
)
# Each process has a row of its own, so that processes don't wait for each other.
_COUNT_DELIVERIES = upsert(
    DOOR_COUNT, ["route", "process"], lambda new: {"deliveries": DOOR_COUNT.c.deliveries + new.deliveries}
)
_HOLDERS = select(LEASE.c.name, LEASE.c.holder)
_RELEASE = delete(LEASE).where(LEASE.c.name == bindparam("lease"), LEASE.c.holder == bindparam("by"))
_STATE = select(COMPONENT.c.state).where(COMPONENT.c.name == bindparam("component"))
_COMPONENTS = select(COMPONENT).order_by(COMPONENT.c.name)
_DELIVERIES = select(func.coalesce(func.sum(DOOR_COUNT.c.deliveries), 0))

# A mark may be there: another process may have died on the message, and not have started again.
_MARK = upsert(MARK, ["inbox_id"], lambda new: {"process": new.process, "since": new.since})
_MARKED = select(MARK.c.inbox_id).where(MARK.c.process == bindparam("by")).order_by(MARK.c.inbox_id)
_UNMARK = delete(MARK).where(is_one_of(MARK.c.inbox_id, "ids"))


class Control:
    """Leases, pauses, numbers and counts of deliveries, in the transaction of *connection*."""

    def __init__(self, connection: Connection, surroundings: Surroundings, process: str = "local") -> None:
        self._connection = connection
        self._surroundings = surroundings
        self._process = process

    def try_lock(self, name: str) -> bool:
        """Lock *name* until this transaction ends; return False where another transaction has it."""
        return dialect_of(self._connection).try_lock(self._connection, name)

    def acquire_lease(self, name: str, holder: str, seconds: float) -> bool:
        """Give the lease *name* to *holder* for *seconds*; return False where another holder has it still."""
        values = {
            "name": name,
            "holder": holder,
            "until": self._surroundings.later(seconds),
            "now": self._surroundings.now(),
        }
        return self._connection.execute(_ACQUIRE.on(self._connection), values).first() is not None

    def release_lease(self, name: str, holder: str) -> None:
        """Give the lease back, if *holder* has it."""
        self._connection.execute(_RELEASE, {"lease": name, "by": holder})

    def end_former_leases(self, holder: str) -> None:
        """End the leases of dead processes: those that had the name of *holder*, ``<name>-<number>``."""
        name = holder.rpartition("-")[0]
        for lease, by in self._connection.execute(_HOLDERS).all():
            # A process with this name and another number is dead: the name is held by one living process at a time.
            if by != holder and by.rpartition("-")[0] == name:
                self.release_lease(lease, by)

    def pause(self, component: str, why: str | None = None) -> None:
        """Pause *component*; a component that pauses already keeps its reason and time."""
        self._set(component, "paused", why)

    def resume(self, component: str) -> None:
        """Let *component* run again."""
        self._set(component, "running", None)

    def is_paused(self, component: str) -> bool:
        """Return whether *component* was paused and not resumed since."""
        return self._connection.scalar(_STATE, {"component": component}) == "paused"

    def components(self) -> list[dict[str, Any]]:
        """Return every component that was ever paused, by name: ``name``, ``state``, ``why``, ``since``."""
        return [dict(row) for row in self._connection.execute(_COMPONENTS).mappings()]

    def next_number(self, name: str, block: int = 1) -> int:
        """Take the next *block* numbers of *name*, from 1, and return the last; an undone transaction leaves no gap."""
        values = {"name": name, "value": block, "step": block}
        return int(self._connection.execute(_NEXT_NUMBER.on(self._connection), values).scalar_one())

    def count_deliveries(self, route: str, number: int) -> None:
        """Add *number* to the deliveries of *route* in this process."""
        values = {"route": route, "process": self._process, "deliveries": number}
        self._connection.execute(_COUNT_DELIVERIES.on(self._connection), values)

    def deliveries(self, route: str | None = None) -> int:
        """Return the deliveries that the transports counted into the inbox, of *route* or of all."""
        statement = _DELIVERIES if route is None else _DELIVERIES.where(DOOR_COUNT.c.route == route)
        return int(self._connection.execute(statement).scalar_one())

    def _set(self, component: str, state: str, why: str | None) -> None:
        values = {"name": component, "state": state, "why": why, "since": self._surroundings.now()}
        self._connection.execute(_SET_COMPONENT.on(self._connection), values)


class WorkMarks:
    """The messages that a process works on, in the transaction of *connection*.

    A mark is committed before the work begins, and goes with the work's own commit. A process that dies leaves its
    marks: its next start takes just those messages one by one, so that the next death can only be theirs.
    """

    def __init__(self, connection: Connection, surroundings: Surroundings, process: str) -> None:
        self._connection = connection
        self._surroundings = surroundings
        self._process = process

    def take(self, row_ids: Sequence[str]) -> None:
        """Mark inbox rows as worked on by this process; the caller commits before the work begins."""
        if row_ids:
            since = self._surroundings.now()
            marks = [{"inbox_id": row_id, "process": self._process, "since": since} for row_id in row_ids]
            self._connection.execute(_MARK.on(self._connection), marks)

    def left(self) -> list[str]:
        """Return the rows that a process of this name was working on when it died, the oldest first."""
        return list(self._connection.scalars(_MARKED, {"by": self._process}))

    def put_down(self, row_ids: Sequence[str]) -> None:
        """Take the marks away, in the transaction of the work."""
        if row_ids:
            self._connection.execute(_UNMARK, {"ids": row_ids})
