"""The JSON text of the rows that a row keeps: made from columns of values, and read back.

    texts_of        from the columns of many rows to the text of each owner
    objects_in      from the texts of many owners to the objects of each

A row is an object of its columns in the definition's order; one that is null is left out, so that equal rows have
equal texts. All rows of a message are written and read at once: each different value of a column is written once, and
all texts together are one text to the parser.

Spec: docs/design/performance.md, rules 1 and 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from json import JSONDecoder, JSONEncoder
from typing import Any

from adapters.database.objects.layout import StoredComponent
from integration_objects.errors import Misconfigured

#: A row as the JSON has it: the values of its columns, without those that are null.
JsonObject = dict[str, str]

_quoted = JSONEncoder(ensure_ascii=False).encode
# A number that somebody else wrote is text too, and keeps its digits.
_decoded = JSONDecoder(parse_float=str, parse_int=str).decode


class JsonUnreadable(Misconfigured):
    """A JSON column holds what the hub doesn't write."""


def texts_of(columns: Mapping[str, Sequence[str | None]], sizes: Sequence[int]) -> list[str | None]:
    """The JSON text of each owner's rows; None for one without rows.

    Args:
        columns: of all rows, owner by owner, the values of each column, the columns in the definition's order.
        sizes: how many rows each owner has.

    >>> texts_of({"name": ["a", "b"], "text_value": ["1", None]}, [2, 0])
    ['[{"name":"a","text_value":"1"},{"name":"b"}]', None]
    """
    written = []
    for name, values in columns.items():
        parts: dict[str | None, str] = {None: ""}
        for value in set(values):
            if value is not None:
                parts[value] = f',"{name}":{_quoted(value)}'
        written.append([parts[value] for value in values])
    rows = ["{" + row[1:] + "}" for row in map("".join, zip(*written, strict=True))]
    texts: list[str | None] = []
    end = 0
    for size in sizes:
        start, end = end, end + size
        texts.append("[" + ",".join(rows[start:end]) + "]" if size else None)
    return texts


def objects_in(stored: StoredComponent, texts: Sequence[str]) -> list[list[JsonObject]]:
    """The objects in each of *texts*, which are column values.

    Raises:
        JsonUnreadable: one of them is no list of objects with texts.
    """
    try:
        found: list[list[JsonObject]] = _decoded(f"[{','.join(texts)}]")
        lists = len(found) == len(texts) and {type(rows) for rows in found} <= {list}
        if lists and {type(one) for rows in found for one in rows} <= {dict}:
            return found
    except (ValueError, TypeError):
        pass
    return [_objects(stored, text) for text in texts]


def _objects(stored: StoredComponent, text: str) -> list[JsonObject]:
    """The objects in one text, proven one by one: somebody else has written it."""
    why = ""
    try:
        found: Any = _decoded(text)
    except ValueError as error:
        why = f"expected a list of objects, found no JSON: {error}"
    else:
        if isinstance(found, list) and all(isinstance(one, dict) for one in found):
            return found
        why = f"expected a list of objects, found {text[:40]!r}"
    owner = stored.owner
    raise JsonUnreadable(
        f"the rows of '{stored.name}' can't be read",
        where="" if owner is None else f"{owner.table.name}.{stored.json_column}",
        why=why,
        mend="mend the column by hand: nothing but the hub writes it",
    )
