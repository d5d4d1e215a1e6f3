"""The rows that other rows keep as JSON, as rows of their own: as the view shows them.

Spec: docs/design/performance.md, rule 3.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters.database.objects.entry import Entry, Row
from adapters.database.objects.json_text import JsonObject, objects_in
from adapters.database.objects.layout import StoredComponent


def objects_kept_by(stored: StoredComponent, owners: Sequence[Entry]) -> list[list[JsonObject]]:
    """The objects of *stored* that the rows of each of *owners* keep; none for one without a row."""
    column = stored.json_column
    assert column is not None  # noqa: S101  # asked by the caller
    return objects_in(stored, [owner.now(column) or "[]" for owner in owners])


def rows_kept_by(stored: StoredComponent, owners: Sequence[Entry]) -> list[list[Row]]:
    """The rows of *stored*, in its layout, that the rows of each of *owners* keep."""
    fields = stored.layout[len(stored.hidden) :]
    found: list[list[Row]] = []
    for owner, objects in zip(owners, objects_kept_by(stored, owners), strict=True):
        root = (owner.root.row_id,) if stored.has_root else ()
        found.append(
            [
                (row_id_of(owner, one, place), owner.row_id, place, *root, *map(one.get, fields))
                for place, one in enumerate(objects)
            ]
        )
    return found


def row_id_of(owner: Entry, one: JsonObject, place: int) -> str:
    """The identifier of the row at *place* among those that *owner* keeps."""
    return one.get("row_id") or f"{owner.row_id}:{place}"
