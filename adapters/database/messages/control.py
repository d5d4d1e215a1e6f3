"""What controls the hub's processes: leases, pauses, numbers, and the doors' own counts.

Everything runs in the caller's transaction.

Spec: docs/design/guarantees.md, "PostgreSQL" (one dispatcher per destination); docs/design/road.md, "An independent
count".
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, or_, select, text, update

from adapters.database.connection.upsert import per_dialect
from adapters.database.schema.hub_tables import HUB
from integration_objects.surroundings import Surroundings

LEASE = HUB.tables["hub_lease"]
COMPONENT = HUB.tables["hub_component"]
SEQUENCE = HUB.tables["hub_sequence"]
DOOR_COUNT = HUB.tables["hub_door_count"]


_ACQUIRE = per_dialect(
    LEASE,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": insert.excluded.holder, "until": insert.excluded.until},
        where=or_(LEASE.c.holder == insert.excluded.holder, LEASE.c.until <= bindparam("now")),
    ).returning(LEASE.c.holder),
)
_SET_COMPONENT = per_dialect(
    COMPONENT,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["name"],
        set_={
            "state": insert.excluded.state,
            "why": insert.excluded.why,
            "since": insert.excluded.since,
        },
        where=COMPONENT.c.state != insert.excluded.state,
    ),
)
_NEXT_NUMBER = per_dialect(
    SEQUENCE,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["name"], set_={"value": SEQUENCE.c.value + bindparam("step")}
    ).returning(SEQUENCE.c.value),
)
_COUNT_DELIVERIES = per_dialect(
    DOOR_COUNT,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["route", "process"],
        set_={"deliveries": DOOR_COUNT.c.deliveries + insert.excluded.deliveries},
    ),
)
_SET_UNACKNOWLEDGED = per_dialect(
    DOOR_COUNT,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["route", "process"], set_={"unacknowledged": insert.excluded.unacknowledged}
    ),
)
_RENEW = (
    update(LEASE)
    .where(LEASE.c.name == bindparam("lease"), LEASE.c.holder == bindparam("by"))
    .values(until=bindparam("new_until"))
)
_HOLDERS = select(LEASE.c.name, LEASE.c.holder)
_RELEASE = delete(LEASE).where(LEASE.c.name == bindparam("lease"), LEASE.c.holder == bindparam("by"))
_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
_STATE = select(COMPONENT.c.state).where(COMPONENT.c.name == bindparam("component"))
_COMPONENTS = select(COMPONENT).order_by(COMPONENT.c.name)
_DOORS = select(
    func.coalesce(func.sum(DOOR_COUNT.c.deliveries), 0),
    func.coalesce(func.sum(DOOR_COUNT.c.unacknowledged), 0),
)


class Control:
    """Leases, pauses, numbers and door counts, in the transaction of *connection*."""

    def __init__(self, connection: Connection, surroundings: Surroundings, process: str = "local") -> None:
        self._connection = connection
        self._surroundings = surroundings
        self._process = process
        self._dialect = connection.dialect.name

    def try_lock(self, name: str) -> bool:
        """Lock *name* until this transaction ends; False where another has it. On SQLite a writer is alone anyway."""
        return self._dialect == "sqlite" or bool(self._connection.scalar(_TRY_LOCK, {"name": name}))

    def acquire_lease(self, name: str, holder: str, seconds: float) -> bool:
        """Make *holder* the one who has *name* for *seconds*; False where somebody else has it still."""
        values = {
            "name": name,
            "holder": holder,
            "until": self._surroundings.later(seconds),
            "now": self._surroundings.now(),
        }
        return self._connection.execute(_ACQUIRE[self._dialect], values).first() is not None

    def renew_lease(self, name: str, holder: str, seconds: float) -> bool:
        """Keep *name* for *seconds* from now; False where *holder* lost it: then it must stop at once."""
        values = {"lease": name, "by": holder, "new_until": self._surroundings.later(seconds)}
        return self._connection.execute(_RENEW, values).rowcount == 1

    def release_lease(self, name: str, holder: str) -> None:
        """Give *name* up, where *holder* has it."""
        self._connection.execute(_RELEASE, {"lease": name, "by": holder})

    def end_former_leases(self, holder: str) -> None:
        """End the leases of processes that are gone: those that had the name of *holder*, ``<name>-<number>``."""
        name = holder.rpartition("-")[0]
        for lease, by in self._connection.execute(_HOLDERS).all():
            if by != holder and by.rpartition("-")[0] == name:
                self.release_lease(lease, by)

    def pause(self, component: str, why: str | None = None) -> None:
        """Note that *component* is to pause; one that pauses already keeps its reason and time."""
        self._set(component, "paused", why)

    def resume(self, component: str) -> None:
        """Note that *component* runs again."""
        self._set(component, "running", None)

    def is_paused(self, component: str) -> bool:
        """Whether *component* was paused and not resumed since."""
        return self._connection.scalar(_STATE, {"component": component}) == "paused"

    def components(self) -> list[dict[str, Any]]:
        """Every component that was ever paused: ``name``, ``state``, ``why``, ``since``; by name."""
        return [dict(row) for row in self._connection.execute(_COMPONENTS).mappings()]

    def next_number(self, name: str, block: int = 1) -> int:
        """The last of the next *block* whole numbers of *name*, from 1; without gaps, as part of the transaction."""
        values = {"name": name, "value": block, "step": block}
        return int(self._connection.execute(_NEXT_NUMBER[self._dialect], values).scalar_one())

    def count_deliveries(self, route: str, number: int) -> None:
        """Add *number* to what this process's door of *route* has delivered."""
        values = {"route": route, "process": self._process, "deliveries": number}
        self._connection.execute(_COUNT_DELIVERIES[self._dialect], values)

    def set_unacknowledged(self, route: str, number: int) -> None:
        """Note how many deliveries this process holds that are in no inbox row yet."""
        values = {"route": route, "process": self._process, "deliveries": 0, "unacknowledged": number}
        self._connection.execute(_SET_UNACKNOWLEDGED[self._dialect], values)

    def door_counts(self, route: str | None = None) -> tuple[int, int]:
        """The doors' counts, of *route* or of all: deliveries in the inbox, deliveries on their way to it."""
        statement = _DOORS if route is None else _DOORS.where(DOOR_COUNT.c.route == route)
        deliveries, unacknowledged = self._connection.execute(statement).one()
        return int(deliveries), int(unacknowledged)

    def _set(self, component: str, state: str, why: str | None) -> None:
        values = {"name": component, "state": state, "why": why, "since": self._surroundings.now()}
        self._connection.execute(_SET_COMPONENT[self._dialect], values)
