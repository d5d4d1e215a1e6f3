"""`orderhub demo`: the main job or a usage scenario, played on the embedded defaults."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from hub.command_line.exit_codes import misused
from hub.command_line.opened_hub import configure_log
from hub.demo.main_job import play
from hub.demo.mainframe_demo import MAINFRAME_PROFILE, play_mainframe
from hub.demo.replication_demo import REPLICATION, play_replication
from hub.demo.scenario_demo import play_scenario, scenario_of

app = typer.Typer()

#: demonstrations of their own, by name; usage scenarios have letters
PLAYS = {REPLICATION: play_replication, MAINFRAME_PROFILE: play_mainframe}


@app.command()
def demo(
    scenario: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Play a usage scenario, with those before it: a, b, c, d or f; replication: a week with billing; or "
            "mainframe-profile: a service profile that stays in a mainframe.",
        ),
    ] = None,
) -> None:
    """Run the main job on the embedded defaults, in ./orderhub-demo/, and show what happened."""
    configure_log()
    folder = pathlib.Path.cwd() / "orderhub-demo"
    # Looked up before the folder is made anew: a wrong letter must not delete an earlier demonstration.
    if scenario in PLAYS:
        raise typer.Exit(0 if PLAYS[scenario](folder) else 1)
    with misused():
        wanted = None if scenario is None else scenario_of(scenario)
    all_final = play(folder) if wanted is None else play_scenario(folder, wanted)
    raise typer.Exit(0 if all_final else 1)
