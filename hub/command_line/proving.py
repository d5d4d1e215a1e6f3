"""`orderhub check`: all declarations of the deployment proven together, and the findings printed.

Spec: docs/design/integration.md, "Routes" (`orderhub check`).
"""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from dataclasses import asdict

import typer

from hub.command_line.exit_codes import REFUSED
from hub.command_line.options import Json
from hub.command_line.text_command import TextCommand
from hub.deployment.proof import check_deployment
from hub.presentation.printing import complain, out, print_json
from maps.check import Finding

app = typer.Typer()


@app.command(cls=TextCommand)
def check(as_json: Json = False) -> None:
    """Prove all routes, maps, objects, schemas and templates of the deployment together."""
    findings = check_deployment(pathlib.Path.cwd(), with_database=True)
    report_findings(findings, as_json)
    complain(f"the deployment is sound; warnings: {len(findings)}" if findings else "the deployment is sound")


def report_findings(findings: Sequence[Finding], as_json: bool) -> None:
    """Print findings; end the command with 1 if one of them is an error."""
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            out(str(finding))
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(REFUSED)
