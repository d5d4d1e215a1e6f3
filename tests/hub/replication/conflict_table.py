"""The cells of conflict_table.txt, for the tests of the pure functions and for those of the real import."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from dataclasses import dataclass

from hub.replication.compare import Conflict, Owner

TABLE = pathlib.Path(__file__).with_name("conflict_table.txt").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Cell:
    """A cell: the row's values, the column, and what is declared.

    Attributes:
        values: the row, by the name of its column left of the bar.
        column: the owner or the operation.
        outcome: what becomes of the field or record.
        conflict: the conflict of the field or record.
        of_field: the conflict that the decision on the record's one field has.
    """

    values: dict[str, str]
    column: str
    outcome: str
    conflict: Conflict | None
    of_field: Conflict | None = None

    def __str__(self) -> str:
        return " ".join(f"{name}={value}" for name, value in self.values.items()) + f" {self.column}"


def _cells(section: str) -> Iterator[Cell]:
    _, _, behind = TABLE.partition(f"== {section} ==\n")
    _, head, *rows = behind.partition("\n\n")[0].splitlines()
    names, *columns = (part.strip() for part in head.split("|"))
    for row in rows:
        values, *cells = (part.strip() for part in row.split("|"))
        assert len(cells) == len(columns), row
        named = dict(zip(names.split(), values.split(), strict=True))
        for column, cell in zip(columns, cells, strict=True):
            record, _, of_field = (part.strip() for part in cell.partition("/"))
            outcome, _, conflict = (part.strip() for part in record.partition(":"))
            yield Cell(named, column, outcome, conflict or None, of_field or None)  # type: ignore[arg-type]


FIELD_CELLS = list(_cells("fields"))
RECORD_CELLS = list(_cells("records"))
DELETE_CELLS = list(_cells("deletions"))

#: A counter's letters are numbers: the hub added 3, the partner 5.
NUMBERS = {"a": "10", "b": "13", "c": "15", "d": "17"}


def owner_of(column: str) -> Owner:
    return column.rstrip("+")  # type: ignore[return-value]
