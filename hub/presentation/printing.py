"""Results for people: text, JSON and tables.

Tables are written by hand, although rich could draw them: scripts read them, so that their width must not
depend on a terminal, and rich takes as long to load as a small command runs.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

#: a moment in UTC with a fraction of a second
_FRACTION = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+Z")


def out(text: str) -> None:
    """Print a result to standard output."""
    sys.stdout.write(text + "\n")


def flush() -> None:
    """Write the printed text out now, so that a closed pipe ends the command here and not at its end."""
    sys.stdout.flush()


def print_json(value: Any) -> None:
    """Print a result as JSON, indented."""
    out(json.dumps(value, ensure_ascii=False, indent=2))


def complain(text: str) -> None:
    """Print a message for people to standard error."""
    sys.stderr.write(text + "\n")


def whole_seconds(text: str) -> str:
    """Leave the fractions of seconds out of the moments in a text.

    >>> whole_seconds("made on 2026-11-29T13:39:26.132000Z")
    'made on 2026-11-29T13:39:26Z'
    """
    return _FRACTION.sub(r"\1Z", text)


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Draw a table, its columns as wide as their widest cell.

    >>> print(table(("route", "state"), [("orders", "done"), ("status", None)]))
    route   state
    orders  done
    status
    """
    # A line break within a cell would end the row for a script that reads lines.
    cells = [["" if cell is None else str(cell).replace("\n", " ") for cell in row] for row in [heads, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )
