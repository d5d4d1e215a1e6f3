"""The rows that an operation on one instance has inserted or changed, with their fields before and after.

They are worked out when somebody asks for them: most operations are asked for nothing but their counts. Rows that
`synchronize` deletes are not among them.
"""

from __future__ import annotations

from collections.abc import Iterator

from adapters.database.objects.entries import Entries
from adapters.database.objects.entry import Entry


class RowChange:
    """A row of a component, as an operation found it and as the operation left it.

    Attributes:
        component: the component's name.
        is_new: whether the operation inserted the row.
    """

    __slots__ = ("_entry", "component", "is_new")

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self.component = entry.component.name
        self.is_new = entry.row is None

    def before(self, field: str) -> str | None:
        """Return a field's value as it was stored; None for a new row."""
        value: str | None = self._entry.stored(self._entry.component.columns[field])
        return value

    def after(self, field: str) -> str | None:
        """Return a field's value as it is stored now."""
        column = self._entry.component.columns[field]
        if self.is_new:
            return self._entry.inserted(column)
        value: str | None = self._entry.resulting(column)
        return value

    def differing(self) -> set[str]:
        """Return the names of the fields that have another value now, and of the components kept as JSON."""
        names = self._entry.component.names
        return {names[column] for column in self._entry.changes() if column in names}


class RowChanges:
    """The changes that an operation has made to one instance."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries

    @property
    def header(self) -> RowChange:
        """The header's row, whether it has changed or not."""
        return RowChange(self._entries.header)

    def beneath(self) -> Iterator[RowChange]:
        """Yield the rows beneath the header that are new or have changed, parents before children."""
        for entry in self._entries.walk():
            if (
                entry is not self._entries.header
                and entry.operation != "delete"
                and (entry.row is None or entry.differs)
            ):
                yield RowChange(entry)
