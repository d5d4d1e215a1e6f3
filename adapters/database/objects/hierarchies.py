"""Hierarchies of headers, such as accounts: nothing may be above itself.

What is above may come later, so that no foreign key keeps it; what a write has changed is followed upwards
afterwards, once for all instances of the call, so that one message can turn a hierarchy over.

Spec: docs/design/data-model.md, "Objects and where they live" (accounts: a hierarchy).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, select

from adapters.database.connection.dialect import dialect_of
from adapters.database.connection.statements import is_one_of, once, parts
from adapters.database.objects.entry import Entry
from adapters.database.objects.faults import AboveItself
from adapters.database.objects.layout import StoredComponent

# A number that only writers of hierarchies lock, so that two halves of a circle can't be written at once.
_LOCK = 7_265_177_105
#: Members of a circle that an error names.
_SHOWN = 10


def is_moved(header: Entry) -> bool:
    """Whether a header that is written gets another one above it."""
    field = header.stored.hierarchy
    if field is None or header.operation == "delete":
        return False
    column = header.stored.columns[field]
    above = header.current(column)
    return bool(above) and above != header.now(column)


def check_hierarchy(connection: Connection, stored: StoredComponent, moved: Sequence[Entry]) -> None:
    """Refuse a hierarchy in which something is above itself.

    Args:
        connection: of the caller's transaction, which has written the headers.
        stored: their component, which has a hierarchy.
        moved: those that have got another one above them.

    Raises:
        AboveItself: names the circle.
    """
    if not moved:
        return
    dialect_of(connection).wait_for_lock(connection, _LOCK)
    key = stored.columns[stored.keys[0][0]]
    statement = once(connection, stored.table, ("upwards",), partial(_upwards, connection, stored))
    above: dict[str, str] = {}
    for part in parts([str(entry.current(key)) for entry in moved]):
        above.update(connection.execute(statement, {"wanted": part}).all())
    proven: set[str] = set()
    for entry in moved:
        circle = _circle(str(entry.current(key)), above, proven)
        if circle:
            raise AboveItself(
                f"the {stored.name.lower()} '{circle[0]}' would be above itself",
                where=entry.where(),
                why=f"'{stored.hierarchy}' leads from " + _shown(circle),
                mend=f"mend '{stored.hierarchy}' of one of them",
            )


def _upwards(connection: Connection, stored: StoredComponent) -> Select[Any]:
    """Of the wanted keys and all above them: the key, and the one above. UNION ends even in a circle."""
    key, above = (stored.table.c[stored.columns[name]] for name in (stored.keys[0][0], str(stored.hierarchy)))
    wanted = is_one_of(key, "wanted")
    found = select(key.label("below"), above.label("above")).where(wanted).cte("upwards", recursive=True)
    found = found.union(select(key, above).join(found, key == found.c.above))
    return select(found.c.below, found.c.above).where(found.c.above.is_not(None))


def _circle(start: str, above: Mapping[str, str], proven: set[str]) -> list[str]:
    """The members of the circle that *start* leads into, in order; empty where it leads to a top. Adds to *proven*."""
    path: dict[str, None] = {}
    one: str | None = start
    while one is not None and one not in proven:
        if one in path:
            members = list(path)
            return members[members.index(one) :]
        path[one] = None
        one = above.get(one)
    proven.update(path)
    return []


def _shown(circle: Sequence[str]) -> str:
    names = [f"'{one}'" for one in circle[:_SHOWN]]
    if len(circle) > _SHOWN:
        names.append(f"{len(circle) - _SHOWN} more")
    return " to ".join([*names, f"'{circle[0]}'"])
