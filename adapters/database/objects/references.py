"""Values that name other instances: a reference must be stored, and a hierarchy must not lead back to its beginning.

References are an item's product and accounts, and an order's account; accounts have a hierarchy. The row above in a
hierarchy may come later, so that no foreign key guards it. After the writes of a call the changed instances are
followed upwards, once for all of them, so that one message can turn a hierarchy over.

Spec: docs/design/road.md "Storage": a switch of the definition, on by default; docs/design/data-model.md, "Objects and
where they live" (accounts: a hierarchy).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Connection, Select, select

from adapters.database.connection.dialect import dialect_of
from adapters.database.connection.statements import MOST_STATEMENTS, is_one_of, parts
from adapters.database.objects.entry import Entry
from adapters.database.objects.faults import AboveItself, ReferenceUnknown
from adapters.database.objects.layout import Reference, StoredComponent

#: Values that this transaction has found already, by table and column.
Known = dict[tuple[str, str], set[str]]

#: The lock of writers of hierarchies: two transactions can't write the halves of a circle at the same time.
_HIERARCHY_LOCK = 7_265_177_105
#: Members of a circle that an error names.
_SHOWN = 10


def check_references(
    connection: Connection, known_values: Known, component: StoredComponent, entries: Sequence[Entry]
) -> None:
    """Refuse values that must be stored elsewhere and aren't, with one statement for each place.

    Args:
        known_values: the values that the transaction has found before; the values found now are added.
        entries: the entries of *component* that are inserted or updated.

    Raises:
        ReferenceUnknown: names the field and the value.
    """
    wanted: dict[Column[str], dict[str, tuple[Entry, Reference]]] = {}
    for reference in component.references:
        column = component.columns[reference.field]
        known = known_values.setdefault((reference.table.name, reference.column.name), set())
        # Most lines name few products and accounts: one set answers for all of them.
        if {entry.carried(column) for entry in entries} - known <= {None}:
            continue
        for entry in entries:
            value = entry.carried(column)
            # A value that its row has already is guarded by the foreign key.
            if value is not None and value not in known and entry.stored(column) != value:
                wanted.setdefault(reference.column, {}).setdefault(value, (entry, reference))
    for target, values in wanted.items():
        known = known_values[target.table.name, target.name]
        for part in parts(list(values)):
            known.update(connection.scalars(_values_of(target), {"wanted": part}))
        for value, (entry, reference) in values.items():
            if value not in known:
                raise ReferenceUnknown(
                    field=reference.field,
                    object=reference.object.lower(),
                    value=value,
                    table=reference.table.name,
                    column=target.name,
                    where=entry.where(),
                )


@lru_cache(MOST_STATEMENTS)
def _values_of(column: Column[str]) -> Select[str]:
    return select(column).where(is_one_of(column, "wanted"))


def is_moved(header: Entry) -> bool:
    """Say whether a header that is written gets another one above it."""
    field = header.component.hierarchy
    if field is None or header.operation == "delete":
        return False
    column = header.component.columns[field]
    above = header.resulting(column)
    return bool(above) and above != header.stored(column)


def check_hierarchy(connection: Connection, component: StoredComponent, moved: Sequence[Entry]) -> None:
    """Refuse a hierarchy in which an instance is above itself; *moved* headers, written before, got another one above.

    Raises:
        AboveItself: names the circle.
    """
    if not moved:
        return
    # The lock comes before the read: a second writer waits for the first one's commit, and then sees its half.
    dialect_of(connection).wait_for_lock(connection, _HIERARCHY_LOCK)
    key = component.columns[component.keys[0][0]]
    above: dict[str, str] = {}
    for part in parts([str(entry.resulting(key)) for entry in moved]):
        above.update(connection.execute(_upwards(component), {"wanted": part}).all())
    proven: set[str] = set()
    for entry in moved:
        circle = _circle(str(entry.resulting(key)), above, proven)
        if circle:
            raise AboveItself(
                component=component.name.lower(),
                key=circle[0],
                field=component.hierarchy,
                circle=_shown(circle),
                where=entry.where(),
            )


@lru_cache(MOST_STATEMENTS)
def _upwards(component: StoredComponent) -> Select[Any]:
    """Make the statement that reads the wanted keys and all above them, each with the key above it."""
    key, above = component.key_columns((component.keys[0][0], str(component.hierarchy)))
    start = select(key.label("below"), above.label("above")).where(is_one_of(key, "wanted"))
    upwards = start.cte("upwards", recursive=True)
    # UNION drops rows that it has already, and so ends in a circle, too; UNION ALL would not.
    upwards = upwards.union(select(key, above).join(upwards, key == upwards.c.above))
    return select(upwards.c.below, upwards.c.above).where(upwards.c.above.is_not(None))


def keys_above(connection: Connection, component: StoredComponent, key: str) -> set[str]:
    """Return the keys of all instances above *key* in the hierarchy, by one statement."""
    return {above for _, above in connection.execute(_upwards(component), {"wanted": [key]})}


def keys_beneath(connection: Connection, component: StoredComponent, keys: Collection[str]) -> set[str]:
    """Return *keys* and those of all instances beneath them in the hierarchy, with one statement for each part."""
    found: set[str] = set()
    for part in parts(sorted(keys)):
        found.update(connection.scalars(_downwards(component), {"wanted": part}))
    return found


@lru_cache(MOST_STATEMENTS)
def _downwards(component: StoredComponent) -> Select[Any]:
    """Make the statement that reads the wanted keys that are stored, and all keys beneath them."""
    key, above = component.key_columns((component.keys[0][0], str(component.hierarchy)))
    downwards = select(key.label("key")).where(is_one_of(key, "wanted")).cte("downwards", recursive=True)
    # UNION, as in `_upwards`.
    downwards = downwards.union(select(key).join(downwards, above == downwards.c.key))
    return select(downwards.c.key)


def _circle(start: str, above: Mapping[str, str], proven: set[str]) -> list[str]:
    """Return the circle that *start* leads into, in order; nothing where it leads to a top. Adds to *proven*."""
    path: dict[str, None] = {}
    key: str | None = start
    while key is not None and key not in proven:
        if key in path:
            members = list(path)
            return members[members.index(key) :]
        path[key] = None
        key = above.get(key)
    proven.update(path)
    return []


def _shown(circle: Sequence[str]) -> str:
    names = [f"'{key}'" for key in circle[:_SHOWN]]
    if len(circle) > _SHOWN:
        names.append(f"{len(circle) - _SHOWN} more")
    return " to ".join([*names, f"'{circle[0]}'"])
