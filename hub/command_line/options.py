"""Options and arguments that several commands have."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

#: the largest number that an option takes: every database has room for it
MOST_NUMBER = 999_999_999

Json = Annotated[bool, typer.Option("--json", help="Print JSON with stable names.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Files = Annotated[list[pathlib.Path], typer.Argument(help="Messages in the hub's own XML.")]
All = Annotated[bool, typer.Option("--all", help="Show every line, also unchanged and like ones, which are folded.")]
