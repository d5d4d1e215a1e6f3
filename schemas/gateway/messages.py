"""Requests and replies of the XML Gateway as data.

    Request    asks for the fields of a business component, for the defaults of a new row, or for rows by a Query;
               or inserts, updates or deletes one row
    Reply      the fields or the rows that answer a request
    Status     the answer to a request that failed, with a code

A row is a mapping from the other system's field names to texts. The format has no null: the empty text stands for it.

Spec: docs/design/legacy.md, "Virtual business components".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from schemas.gateway.search import SearchNode

Kind = Literal["fields", "preinsert", "query", "insert", "update", "delete"]
#: the requests that change a row
WRITES: frozenset[Kind] = frozenset(("insert", "update", "delete"))
Row = Mapping[str, str]


@dataclass(frozen=True)
class Sort:
    """A field by which rows are sorted."""

    field: str
    is_descending: bool = False


@dataclass(frozen=True)
class Query:
    """The conditions for rows: all of them hold for each row.

    Attributes:
        max_rows: most rows of the reply; None for no limit.
        search_string: the search specification as text; None for none. Where there is a tree, the tree counts.
        match: values that fields must have.
        search: the search specification as a tree; None for none.
        sort: the fields by which the rows are sorted, the first one first.
    """

    max_rows: int | None = None
    search_string: str | None = None
    match: tuple[tuple[str, str], ...] = ()
    search: SearchNode | None = None
    sort: tuple[Sort, ...] = ()


@dataclass(frozen=True)
class Request:
    """A request for the rows of a business component.

    Attributes:
        component: the business component's name at the other system.
        component_id: the id that the asker has given to the component.
        remote_source: the name of the other system's data source; None for none.
        query: the conditions of a query.
        row: the row of an insert, update or delete.
        changed: the fields of an update that have new values; the other ones say which row it is.
    """

    kind: Kind
    component: str
    component_id: str = "1"
    remote_source: str | None = None
    query: Query = Query()
    row: Row | None = None
    changed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reply:
    """The reply to a request that was carried out.

    Attributes:
        fields: the names of the component's fields, for a request of kind "fields".
        rows: the found rows; the row as it is stored now, for an insert or update; the defaults, for "preinsert".
    """

    kind: Kind
    fields: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Status:
    """The reply to a request that was not carried out; with the code 0, to one that was.

    Attributes:
        code: 0 for success.
        field: the field at fault; None for none.
        text: the reason, for people.
    """

    code: int
    field: str | None = None
    text: str = ""
