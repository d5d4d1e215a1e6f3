"""Look-up tables of data maps: from the codes of one side to the texts of the other.

    lookups:
      action: {A: Add, C: Update, D: Delete, N: "-"}      in the map
      price: {O: One-Time, default: Recurring}            any other code gives the default
      product: {file: lookups/product.csv}                in a file with the header `code,value`

`default` and `file` are no codes in a table that stands in the map. A file may have any code.

Spec: docs/design/road.md, "Data maps: the grammar"; docs/design/integration.md, "Data maps".
"""

from __future__ import annotations

import csv
import hashlib
import io
import pathlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from integration_objects.declaration import DeclarationFault, Node

ReadFile = Callable[[str], bytes]

_HEADER = ["code", "value"]


@dataclass(frozen=True)
class LookupTable:
    """One look-up table.

    Attributes:
        name: the name in expressions.
        values: the text for each code.
        default: the text for any other code; None if such a code is an error.
        where: the place of the table, or of its file's first line.
        digest: the digest of the file's bytes; "" for a table that stands in the map.
    """

    name: str
    values: Mapping[str, str]
    default: str | None
    where: str
    digest: str = ""


def read_lookups(node: Node | None, read_file: ReadFile) -> dict[str, LookupTable]:
    """Read the look-up tables of a map.

    Args:
        node: the node at `lookups`; None for no tables.
        read_file: reads the bytes of a file by its path from the maps' folder.

    Raises:
        DeclarationFault: a table, or a line of its file, is wrong.
    """
    if node is None:
        return {}
    return {key.text(): _read_lookup(key.text(), table, read_file) for key, table in node.items()}


def _read_lookup(name: str, node: Node, read_file: ReadFile) -> LookupTable:
    entries = node.mapping()
    if not entries:
        raise node.fault(f"look-up table '{name}' is empty", mend="add codes, or name a file")
    default = entries["default"].text() if "default" in entries else None
    if "file" not in entries:
        values = {code: text.text() for code, text in entries.items() if code != "default"}
        return LookupTable(name, values, default, node.where)
    # Codes beside a file would be taken for a part of the table, and are refused.
    node.mapping(required=["file"], optional=["default"])
    path = entries["file"].text()
    try:
        content = read_file(path)
    except OSError as cause:
        raise entries["file"].fault(
            f"look-up table '{name}' can't read '{path}'", str(cause), mend="name a file beneath the maps' folder"
        ) from cause
    shown = str(pathlib.PurePosixPath(node.file).parent / path)
    values = _read_csv(content, shown)
    return LookupTable(name, values, default, f"{shown}:1:1", hashlib.sha256(content).hexdigest())


def _read_csv(content: bytes, path: str) -> dict[str, str]:
    """Read the codes and values of a CSV file: UTF-8, header `code,value`; empty lines are skipped."""
    try:
        # Spreadsheets put a mark before UTF-8, which would become a part of the header.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        line = content[: cause.start].count(b"\n") + 1
        raise _csv_fault(path, line, "is not UTF-8", str(cause), "save the file as UTF-8") from cause
    # A value in quotes may hold line ends, so that Python must not translate them. Unless it is strict, csv takes a
    # quote that nobody closes for a value that runs to the file's end.
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    values: dict[str, str] = {}
    header: list[str] | None = None
    try:
        for row in rows:
            if not row:
                continue
            if header is None:
                header = row
                if header != _HEADER:
                    why = f"found {','.join(row)!r}"
                    raise _csv_fault(path, rows.line_num, "has no header", why, "begin with code,value")
            elif len(row) != len(_HEADER):
                why = f"{len(row)} column{'s' if len(row) != 1 else ''}"
                situation, mend = "has a line that isn't code and value", "quote a value with a comma in it"
                raise _csv_fault(path, rows.line_num, situation, why, mend)
            elif row[0] in values:
                why = f"'{row[0]}' was '{values[row[0]]}' before"
                raise _csv_fault(path, rows.line_num, "has a code twice", why, "take one of the two lines away")
            else:
                values[row[0]] = row[1]
    except csv.Error as cause:
        raise _csv_fault(path, rows.line_num, "is not CSV", str(cause), "mend the quotes") from cause
    if not values:
        raise _csv_fault(path, 1, "has no codes", "the file is empty", "add lines of code,value")
    return values


def _csv_fault(path: str, line: int, situation: str, why: str, mend: str) -> DeclarationFault:
    return DeclarationFault(f"look-up file '{path}' {situation}", where=f"{path}:{line}:1", why=why, mend=mend)
