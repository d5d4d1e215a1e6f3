"""`orderhub demo`: the main job or a usage scenario, played on the embedded defaults."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from hub.command_line.opened_hub import configure_log
from hub.demo.main_job import play
from hub.demo.scenario_demo import play_scenario

app = typer.Typer()


@app.command()
def demo(
    scenario: Annotated[
        str | None,
        typer.Option(metavar="LETTER", help="Play a usage scenario, with those before it: a, b, c, d or f."),
    ] = None,
) -> None:
    """Run the main job on the embedded defaults, in ./orderhub-demo/, and show what happened."""
    configure_log()
    folder = pathlib.Path.cwd() / "orderhub-demo"
    all_final = play(folder) if scenario is None else play_scenario(folder, scenario)
    raise typer.Exit(0 if all_final else 1)
