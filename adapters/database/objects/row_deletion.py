"""Deleting rows with all that is beneath them, and moving them beneath another root.

Nothing is left to cascades: what goes is found and counted, children before parents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table, delete, func, literal, select, update
from sqlalchemy.exc import IntegrityError

from adapters.database.connection.statements import parts
from adapters.database.objects.entry import Entry
from adapters.database.objects.faults import StillReferenced
from adapters.database.objects.layout import StoredComponent, StoredObject


class RowDeletion:
    """Deletes rows, in the transaction of *connection*."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def delete_instance(self, stored: StoredObject, header: Entry) -> int:
        """Delete a header's row and everything that it owns. Returns how many rows went.

        Raises:
            StillReferenced: something else refers to it.
        """
        try:
            deleted = self._delete_owned(stored.header, [header.row_id])
            table = stored.header.table
            self._connection.execute(delete(table).where(table.c.row_id == header.row_id))
        except IntegrityError as error:
            raise StillReferenced(
                f"'{stored.header.name}' can't be deleted",
                where=header.where(),
                why="rows of other objects refer to it",
                mend="delete those first, or set a status that ends it",
            ) from error
        return deleted + 1

    def delete_rows(self, stored: StoredComponent, row_ids: Sequence[str]) -> int:
        """Delete rows of a component, with all rows beneath them. Returns how many went."""
        if not row_ids:
            return 0
        by_depth = self._with_descendants(stored, row_ids)
        table = stored.table
        deleted = self._delete_owned(stored, [one for level in by_depth for one in level])
        for level in by_depth:
            for part in parts(level):
                self._connection.execute(delete(table).where(table.c.row_id.in_(part)))
            deleted += len(level)
        return deleted

    def children(self, below: StoredComponent, above: Sequence[Entry], *, nested: bool) -> list[str]:
        """The row ids of the components directly beneath these entries."""
        column = below.parent_column if nested else below.owner_column
        assert column is not None  # noqa: S101  # only a header has none
        keys = [entry.row_id if nested or below.owner_key == "row_id" else _key(entry, below) for entry in above]
        found: list[str] = []
        for part in parts(keys):
            statement = select(below.table.c.row_id).where(column.in_(part))
            if below.parent_column is not None and not nested:
                statement = statement.where(below.parent_column.is_(None))
            found.extend(self._connection.scalars(statement))
        return found

    def renew_roots(self, stored: StoredComponent, moved: Sequence[Entry]) -> None:
        """Write the new root into moved rows and everything beneath them; entries come parents first."""
        for entry in moved:
            root = entry.root.row_id
            levels = self._with_descendants(stored, [entry.row_id])
            for part in parts([one for level in levels for one in level]):
                self._set_root(stored.table, stored.table.c.row_id.in_(part), root)
                for child in stored.children:
                    if child.owner_column is not None and child.has_root:
                        self._set_root(child.table, child.owner_column.in_(part), root)

    def _set_root(self, table: Table, condition: Any, root: str) -> None:
        self._connection.execute(update(table).where(condition).values(root_id=root))

    def _delete_owned(self, stored: StoredComponent, keys: Sequence[str]) -> int:
        """Delete all rows that these rows own. It goes as deep as components do, which is two or three."""
        deleted = 0
        for child in stored.in_json:
            # They go with the row that keeps them.
            column = child.owner_column
            assert column is not None  # noqa: S101  # a child has an owner
            for part in parts(keys):
                kept = select(func.count()).select_from(child.table).where(column.in_(part))
                deleted += self._connection.scalar(kept) or 0
        for child in stored.children:
            column = child.owner_column
            assert column is not None  # noqa: S101  # a child has an owner
            for part in parts(keys):
                if child.children or child.in_json:
                    rows = self._connection.scalars(select(child.table.c.row_id).where(column.in_(part)))
                    deleted += self._delete_owned(child, rows.all())
                # All rows of an owner go with one statement, so that none loses its parent before.
                deleted += self._connection.execute(delete(child.table).where(column.in_(part))).rowcount
        return deleted

    def _with_descendants(self, stored: StoredComponent, row_ids: Sequence[str]) -> list[list[str]]:
        """The rows and all beneath them of the same kind, by depth, the deepest first."""
        if stored.parent_column is None:
            return [list(row_ids)]
        depths: dict[str, int] = {}
        for part in parts(row_ids):
            for row_id, depth in self._connection.execute(_descendants(stored, part)):
                depths[row_id] = max(depth, depths.get(row_id, 0))
        levels: list[list[str]] = [[] for _ in range(max(depths.values(), default=-1) + 1)]
        for row_id, depth in depths.items():
            levels[depth].append(row_id)
        return levels[::-1]


def _descendants(stored: StoredComponent, row_ids: Sequence[str]) -> Select[Any]:
    table, parent = stored.table, stored.parent_column
    assert parent is not None  # noqa: S101  # asked for by the caller
    beneath = (
        select(table.c.row_id, literal(0).label("depth"))
        .where(table.c.row_id.in_(row_ids))
        .cte("beneath", recursive=True)
    )
    below = select(table.c.row_id, beneath.c.depth + 1).join(beneath, parent == beneath.c.row_id)
    beneath = beneath.union_all(below)
    return select(beneath.c.row_id, func.max(beneath.c.depth)).group_by(beneath.c.row_id)


def _key(entry: Entry, below: StoredComponent) -> str:
    return str(entry.now(below.owner_key) or entry.value(below.owner_key))
