"""`orderhub init`: a first deployment that runs as it is.

Spec: docs/design/integration.md, "Reached from outside".
"""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from hub.command_line.exit_codes import misused
from hub.deployment.first_deployment import write_first_deployment
from hub.presentation.printing import complain, out

app = typer.Typer()


@app.command()
def init(
    folder: Annotated[pathlib.Path, typer.Argument(metavar="DIR", help="A new or an empty folder.")],
) -> None:
    """Make a deployment that runs at once, in a new folder.

    It has a route, its objects, maps, a system, cases and samples. The files are listed.
    """
    with misused():
        files = write_first_deployment(folder)
    for file in files:
        out(str(folder / file))
    complain(f"next: cd {folder}, read README.md, orderhub check")
