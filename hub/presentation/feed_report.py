"""A feed's report for people: as text, as CSV for programs for tables, and as a page of HTML.

Spec: docs/replication.md.
"""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.presentation.printing import table

_HEADS = ("position", "key", "row_status", "reason", "text")
#: Signs at the beginning of a cell that make a formula of it in programs for tables.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def text_report(report: Mapping[str, Any]) -> str:
    """Write a report as text."""
    lines = [f"{head}: {value}" for head, value in _facts(report)]
    rows = _rows(report["records"])
    return "\n".join([*lines, *([table(_HEADS, rows)] if rows else [])])


def csv_report(report: Mapping[str, Any]) -> str:
    """Write the records of a report as CSV; a formula stands behind an apostrophe, so that no program runs it.

    >>> print(csv_report({"records": [{"position": 1, "key": "=1+1", "row_status": "SQL_ERROR", "text": "a, b"}]}))
    position,key,row_status,reason,text
    1,'=1+1,SQL_ERROR,,"a, b"
    """
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(_HEADS)
    writer.writerows([_defused(cell) for cell in row] for row in _rows(report["records"]))
    return written.getvalue().rstrip("\n")


def html_report(report: Mapping[str, Any]) -> str:
    """Write a report as a page of HTML; all values are escaped."""
    title = html.escape(f"Feed {report['feed']}")
    facts = _lines(_facts(report))
    records = _lines([_HEADS, *_rows(report["records"])])
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body><h1>{title}</h1>\n<table>\n{facts}</table>\n"
        f"<h2>Records that were rejected or collided</h2>\n<table>\n{records}</table>\n</body></html>"
    )


def _lines(rows: Iterable[Sequence[str]]) -> str:
    cells = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows)
    return "".join(f"<tr>{row}</tr>\n" for row in cells)


def _facts(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    facts = [("feed", str(report["feed"]))]
    for part in ("facts", "counts", "error"):
        facts += [(name, str(value)) for name, value in report[part].items()]
    facts += [(name, "; ".join(report[name]) or "none") for name in ("waived checks", "alarms", "messages")]
    return facts


def _rows(records: Iterable[Mapping[str, Any]]) -> list[Sequence[str]]:
    return [["" if record.get(head) is None else str(record[head]) for head in _HEADS] for record in records]


def _defused(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
