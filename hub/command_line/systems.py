"""`orderhub render` and `system test`: messages to other systems made without sending them.

Spec: docs/design/integration.md, "Routes" (`orderhub check`).
"""

from __future__ import annotations

import pathlib
import sys
from typing import Annotated

import typer

from adapters.files import read_file
from adapters.system import System
from adapters.system_cases import Known, render_file, run_system_cases
from hub.command_line.case_report import report_cases
from hub.command_line.exit_codes import CommandMisused
from hub.deployment.deployment import Deployment, open_deployment
from integration_objects.errors import UnknownName, located
from integration_objects.surroundings import Surroundings
from maps.cases import find_cases
from maps.circumstances import Circumstances

app = typer.Typer()
systems_app = typer.Typer(no_args_is_help=True, help="The systems that the hub sends to.")
app.add_typer(systems_app, name="system")


class SystemUnknown(UnknownName, CommandMisused):
    """A command names a system that the deployment doesn't have."""

    kind = "system"
    where = "argument SYSTEM"
    why = "there are {systems}"
    otherwise = "name one of them; a shipped one must be listed in the setting `systems`"


@app.command()
def render(
    system: Annotated[str, typer.Argument(help="The system's name.")],
    file: Annotated[pathlib.Path, typer.Argument(help="An object that the system takes, in the hub's own XML.")],
) -> None:
    """Make the message to a system from a file, and print its bytes; nothing is sent."""
    deployment = open_deployment(pathlib.Path.cwd())
    found = _system(deployment, system)
    with located(str(file)):
        body = render_file(read_file(file), found, _known(deployment), Circumstances(Surroundings().now))
    # Bytes, since the encoding and the ends of lines are the system's.
    sys.stdout.buffer.write(body)
    sys.stdout.buffer.flush()


@systems_app.command("test")
def run_cases(
    names: Annotated[list[str] | None, typer.Argument(help="Names of systems; none: all.")] = None,
) -> None:
    """Run the cases that lie beside the systems: an object, and the message that must leave."""
    deployment = open_deployment(pathlib.Path.cwd())
    systems = {name: _system(deployment, name) for name in names} if names else dict(deployment.systems)
    cases = find_cases(deployment.folder / "adapters" / "systems" / "cases", systems)
    report_cases(run_system_cases(systems, cases, _known(deployment)))


def _system(deployment: Deployment, name: str) -> System:
    if name not in deployment.systems:
        raise SystemUnknown(name, deployment.systems, systems=", ".join(sorted(deployment.systems)) or "none")
    return deployment.systems[name]


def _known(deployment: Deployment) -> Known:
    return Known(deployment.definitions, deployment.maps, deployment.external_objects)
