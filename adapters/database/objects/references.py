"""Values that must be found elsewhere: an item's product and accounts, an order's account.

Spec: docs/design/road.md "Storage": a switch of the definition, on by default.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Column, Connection, Select, select

from adapters.database.connection.statements import is_one_of, once, parts
from adapters.database.objects.entry import Entry
from adapters.database.objects.faults import UNKNOWN, ReferenceUnknown
from adapters.database.objects.layout import Reference, StoredComponent

#: Values that were found already, by table and column.
Known = dict[tuple[str, str], set[str]]


def check_references(
    connection: Connection, known_values: Known, stored: StoredComponent, entries: Sequence[Entry]
) -> None:
    """Refuse values that must be found elsewhere and aren't, with one statement for each place.

    Args:
        connection: of the caller's transaction.
        known_values: what was found in it before; what is found now is added.
        stored: the entries' component.
        entries: those that are inserted or updated.

    Raises:
        ReferenceUnknown: AccountUnknown or ProductUnknown where it is one of those.
    """
    wanted: dict[tuple[str, str], dict[str, tuple[Entry, Reference]]] = {}
    for reference in stored.references:
        column = stored.columns[reference.field]
        place = (reference.table.name, reference.column.name)
        known = known_values.setdefault(place, set())
        if {entry.value(column) for entry in entries} - known <= {None}:
            continue
        for entry in entries:
            value = entry.value(column)
            if value is None or value in known or entry.now(column) == value:
                continue
            wanted.setdefault(place, {}).setdefault(value, (entry, reference))
    for place, values in wanted.items():
        target = next(iter(values.values()))[1].column
        known = known_values[place]
        statement = once(
            connection,
            target.table,
            ("known", target.name),
            partial(_known, connection, target),
        )
        for part in parts(list(values)):
            known.update(connection.scalars(statement, {"wanted": part}))
        for value, (entry, reference) in values.items():
            if value not in known:
                raise _unknown(entry, reference, value)


def _known(connection: Connection, target: Column[str]) -> Select[str]:
    return select(target).where(is_one_of(target, "wanted"))


def _unknown(entry: Entry, reference: Reference, value: str) -> ReferenceUnknown:
    kind = UNKNOWN.get(reference.object, ReferenceUnknown)
    return kind(
        f"'{reference.field}' names the {reference.object.lower()} '{value}', which isn't there",
        where=entry.where(),
        why=f"no row of {reference.table.name} has {reference.column.name} '{value}'",
        mend=f"load the {reference.object.lower()} first, or mend '{reference.field}'",
    )
