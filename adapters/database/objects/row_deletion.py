"""Deleting rows with all rows beneath them, and moving rows beneath another root.

Nothing is left to cascades: the rows are found and counted, and children are deleted before their parents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table, delete, func, literal, select, update
from sqlalchemy.exc import IntegrityError

from adapters.database.connection.statements import parts
from adapters.database.objects.entry import Entry
from adapters.database.objects.faults import StillReferenced
from adapters.database.objects.layout import StoredComponent


class RowDeletion:
    """Deletes rows in the transaction of *connection*."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def delete_instance(self, header: Entry) -> int:
        """Delete a header's row and all rows that it owns. Return the number of deleted rows.

        Raises:
            StillReferenced: rows of another object refer to it.
        """
        table = header.component.table
        try:
            deleted = self._delete_owned(header.component, [header.row_id])
            self._connection.execute(delete(table).where(table.c.row_id == header.row_id))
        except IntegrityError as error:
            raise StillReferenced(component=header.component.name, where=header.where()) from error
        return deleted + 1

    def delete_rows(self, component: StoredComponent, row_ids: Sequence[str]) -> int:
        """Delete rows of a component with all rows beneath them. Return the number of deleted rows."""
        if not row_ids:
            return 0
        levels = self._with_descendants(component, row_ids)
        table = component.table
        deleted = self._delete_owned(component, [row_id for level in levels for row_id in level])
        for level in levels:
            for part in parts(level):
                self._connection.execute(delete(table).where(table.c.row_id.in_(part)))
            deleted += len(level)
        return deleted

    def children(self, below: StoredComponent, above: Sequence[Entry]) -> list[str]:
        """Return the row ids of the components directly beneath entries of one component."""
        nested = above[0].component is below
        column = below.parent_column if nested and below.parent_column is not None else below.owner_column
        by_row_id = nested or below.owner_key == "row_id"
        row_ids: list[str] = []
        for part in parts([entry.row_id if by_row_id else str(entry.resulting(below.owner_key)) for entry in above]):
            statement = select(below.table.c.row_id).where(column.in_(part))
            if below.parent_column is not None and not nested:
                statement = statement.where(below.parent_column.is_(None))
            row_ids.extend(self._connection.scalars(statement))
        return row_ids

    def renew_roots(self, component: StoredComponent, moved: Sequence[Entry]) -> None:
        """Write the new root into moved rows and all rows beneath them; the entries come parents first."""
        for entry in moved:
            root = entry.root.row_id
            levels = self._with_descendants(component, [entry.row_id])
            for part in parts([row_id for level in levels for row_id in level]):
                self._set_root(component.table, component.table.c.row_id.in_(part), root)
                for child in component.children:
                    if child.has_root:
                        self._set_root(child.table, child.owner_column.in_(part), root)

    def _set_root(self, table: Table, condition: Any, root: str) -> None:
        self._connection.execute(update(table).where(condition).values(root_id=root))

    def _delete_owned(self, component: StoredComponent, keys: Sequence[str]) -> int:
        """Delete all rows that these rows own; return their number."""
        # It recurs as deep as components lie beneath each other, which is two or three.
        deleted = 0
        for child in component.in_json:
            # They go with the row that keeps them, and are only counted.
            for part in parts(keys):
                kept = select(func.count()).select_from(child.table).where(child.owner_column.in_(part))
                deleted += self._connection.scalar(kept) or 0
        for child in component.children:
            for part in parts(keys):
                owned = child.owner_column.in_(part)
                if child.children or child.in_json:
                    rows = self._connection.scalars(select(child.table.c.row_id).where(owned))
                    deleted += self._delete_owned(child, rows.all())
                # One statement deletes all rows of an owner, so that no row loses its parent before it goes itself.
                deleted += self._connection.execute(delete(child.table).where(owned)).rowcount
        return deleted

    def _with_descendants(self, component: StoredComponent, row_ids: Sequence[str]) -> list[list[str]]:
        """Return the rows and all rows of the same kind beneath them, by depth, the deepest first."""
        if component.parent_column is None:
            return [list(row_ids)]
        # A row may be named itself and lie beneath another named row: it goes with the deepest level.
        depths: dict[str, int] = {}
        for part in parts(row_ids):
            for row_id, depth in self._connection.execute(_descendants(component.table, component.parent_column, part)):
                depths[row_id] = max(depth, depths.get(row_id, 0))
        levels: list[list[str]] = [[] for _ in range(max(depths.values(), default=-1) + 1)]
        for row_id, depth in depths.items():
            levels[depth].append(row_id)
        return levels[::-1]


def _descendants(table: Table, parent: Any, row_ids: Sequence[str]) -> Select[Any]:
    start = select(table.c.row_id, literal(0).label("depth")).where(table.c.row_id.in_(row_ids))
    beneath = start.cte("beneath", recursive=True)
    below = select(table.c.row_id, beneath.c.depth + 1).join(beneath, parent == beneath.c.row_id)
    beneath = beneath.union_all(below)
    return select(beneath.c.row_id, func.max(beneath.c.depth)).group_by(beneath.c.row_id)
