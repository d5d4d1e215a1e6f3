"""The report of test cases, of maps and of systems."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from hub.command_line.exit_codes import REFUSED
from hub.presentation.printing import complain, out
from maps.cases import CaseResult


def report_cases(results: Sequence[CaseResult]) -> None:
    """Print a line for each case, with its difference, and the counts.

    Raises:
        typer.Exit: a case has failed.
    """
    for result in results:
        out(f"{'passed' if result.is_passed else 'FAILED'}  {result.case.name}")
        if not result.is_passed:
            out(result.difference)
    failed = sum(not result.is_passed for result in results)
    complain(f"{len(results) - failed} passed, {failed} failed")
    if failed:
        raise typer.Exit(REFUSED)
