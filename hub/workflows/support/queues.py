"""Queues: the lists of what somebody has to work on, as rows.

Spec: docs/support.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.support.records import RecordKind

#: rows that a list shows
MOST_SHOWN = 100

Row = Mapping[str, str | None]


def columns_of(columns: Mapping[str, str], *also: str) -> tuple[str, ...]:
    """Return the names of the columns of a list."""
    return ("number", "status", *columns, *also)


def listed(
    run: Run,
    kind: RecordKind,
    example: Row,
    status: str | None,
    open_statuses: Sequence[str],
    columns: Mapping[str, str],
    sorted_by: str,
    wanted: Callable[[Row], bool] | None = None,
    also: Callable[[Row], Row] = lambda header: {},
) -> Outcome:
    """List things of a kind, a row each; those with the earliest date first, those without a date last.

    Args:
        run: the run.
        kind: the kind.
        example: fields and the values that they must have; None for any.
        status: the status that they must have; None for one of *open_statuses*.
        open_statuses: the statuses in which somebody has to work on them.
        columns: the rows' columns behind number and status, with their fields.
        sorted_by: the field with the date.
        wanted: a further condition on a header.
        also: makes further columns of a header.
    """
    wanted_values = {field: value for field, value in example.items() if value is not None}
    statuses = list(open_statuses) if status is None else status
    headers = run.headers(kind.object, {**wanted_values, "Status": statuses}, wanted)
    headers.sort(key=lambda header: (header[sorted_by] is None, header[sorted_by] or "", header[kind.number] or ""))
    rows = [
        {
            "number": header[kind.number],
            "status": header["Status"],
            **{column: header[field] for column, field in columns.items()},
            **also(header),
        }
        for header in headers[:MOST_SHOWN]
    ]
    more = len(headers) - MOST_SHOWN
    text = f"and {more} more; `orderhub object query '{kind.object}'` has all"
    notes = (Note("more", text),) if more > 0 else ()
    return Outcome(rows=tuple(rows), notes=notes, why="" if rows else f"no {kind.noun} like this is there")
