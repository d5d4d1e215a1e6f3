"""`orderhub demo`: the main job or a usage scenario, played on the embedded defaults."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from hub.command_line.exit_codes import misused
from hub.command_line.opened_hub import configure_log
from hub.demo.main_job import play
from hub.demo.replication_demo import REPLICATION, play_replication
from hub.demo.scenario_demo import play_scenario, scenario_of

app = typer.Typer()


@app.command()
def demo(
    scenario: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Play a usage scenario, with those before it: a, b, c, d or f; or replication: a week with billing.",
        ),
    ] = None,
) -> None:
    """Run the main job on the embedded defaults, in ./orderhub-demo/, and show what happened."""
    configure_log()
    folder = pathlib.Path.cwd() / "orderhub-demo"
    # Looked up before the folder is made anew: a wrong letter must not delete an earlier demonstration.
    if scenario == REPLICATION:
        raise typer.Exit(0 if play_replication(folder) else 1)
    with misused():
        wanted = None if scenario is None else scenario_of(scenario)
    all_final = play(folder) if wanted is None else play_scenario(folder, wanted)
    raise typer.Exit(0 if all_final else 1)
