"""`orderhub run`: the hub at work. Apart from the other commands, which load neither workers nor a dispatcher.

Spec: docs/design/integration.md, "Reached from outside"; docs/design/road.md, "Command line, completed".
"""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from hub.command_line.exit_codes import DONE, REFUSED
from hub.command_line.opened_hub import opened_hub
from hub.data_manager.processes import run_workers
from hub.deployment.deployment import open_deployment
from hub.deployment.proven import prove_once
from hub.deployment.worker_limit import check_workers
from hub.presentation.printing import complain
from integration_objects.log import load_log

app = typer.Typer()


@app.command()
def run(
    once: Annotated[bool, typer.Option("--once", help="End when only final and parked messages are left.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes; without it, the setting `workers`.")
    ] = None,
) -> None:
    """Run the hub: receive, process, dispatch."""
    deployment = prove_once(open_deployment(pathlib.Path.cwd()))
    number = workers or deployment.settings.workers
    # A fault that keeps the hub from starting ends the command here, once, before there are processes. The database is
    # closed before they are forked, because two processes can't share a connection.
    with opened_hub(deployment):
        load_log()
        check_workers(deployment, number)
    all_final = run_workers(deployment, number, once)
    if not all_final:
        complain("some messages are not in a final state, or wait for a person: see `orderhub status`")
    raise typer.Exit(DONE if all_final else REFUSED)
