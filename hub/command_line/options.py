"""Options and arguments that several commands have."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON with stable names.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Files = Annotated[list[pathlib.Path], typer.Argument(help="Messages in the hub's own XML.")]
All = Annotated[bool, typer.Option("--all", help="Show every line, also unchanged and like ones, which are folded.")]
