"""`orderhub map`: data maps drafted, proven, run and tested.

Spec: docs/design/integration.md, "Data maps".
"""

from __future__ import annotations

import pathlib
import sys
from typing import Annotated

import typer

from adapters.files import read_file
from hub.command_line.case_report import report_cases
from hub.command_line.drafts import draft_map
from hub.command_line.exit_codes import misused
from hub.command_line.options import Json
from hub.command_line.proving import report_findings
from hub.deployment.deployment import open_deployment
from hub.deployment.proof import map_findings
from hub.presentation.printing import complain, out
from integration_objects.errors import located
from integration_objects.surroundings import Surroundings
from maps.cases import find_cases, read_answered, read_with_lines, run_cases, shipped_cases, write_tree
from maps.circumstances import Circumstances
from maps.trace import trace

app = typer.Typer()
maps_app = typer.Typer(no_args_is_help=True, help="Data maps.")
app.add_typer(maps_app, name="map")
maps_app.command("draft")(draft_map)

Names = Annotated[list[str] | None, typer.Argument(help="Names of maps; none: all.")]


@maps_app.command("check")
def check_maps(names: Names = None, as_json: Json = False) -> None:
    """Prove maps without running them: paths, fields, required fields, types, look-up tables."""
    with misused():
        findings = map_findings(open_deployment(pathlib.Path.cwd()), names or [])
    report_findings(findings, as_json)
    complain("the maps are sound")


@maps_app.command("run")
def run_map(
    name: Annotated[str, typer.Argument(metavar="MAP", help="The map's name.")],
    file: Annotated[pathlib.Path, typer.Argument(help="The source's XML.")],
    with_trace: Annotated[
        bool, typer.Option("--trace", help="For every field of the result: source, map's line, value.")
    ] = False,
    answered: Annotated[
        pathlib.Path | None, typer.Option(help="The XML of the answered message, for a reply's map that reads it.")
    ] = None,
) -> None:
    """Run a map on a file and print the result; `now()` is the time now."""
    deployment = open_deployment(pathlib.Path.cwd())
    with misused():
        data_map = deployment.maps_named([name])[name]
    known = (deployment.definitions, deployment.external_objects)
    answered_tree = None
    if answered is not None:
        # Each file is located by itself, so that an error names the file that is wrong.
        with located(str(answered)):
            answered_tree = read_answered(read_file(answered), data_map, *known)
    with located(str(file)):
        tree, lines = read_with_lines(read_file(file), data_map.source, *known)
        circumstances = Circumstances(Surroundings().now, answered_tree, lines)
        if with_trace:
            _, fields = trace(data_map, tree, circumstances)
            for field in fields:
                out(str(field))
            return
        result = data_map.apply(tree, circumstances=circumstances)
    body = write_tree(result, data_map.target, *known)
    # Records are no text: they leave as they are, for a file.
    if data_map.target.name in known[1].layouts:
        sys.stdout.buffer.write(body)
    else:
        out(body.decode())


@maps_app.command("test")
def run_map_cases(names: Names = None) -> None:
    """Run the cases that lie beside the maps: pairs of input and expected output."""
    deployment = open_deployment(pathlib.Path.cwd())
    with misused():
        maps = deployment.maps_named(names) if names else deployment.maps
    own = deployment.files.own
    cases = shipped_cases(maps) + ([] if own is None else find_cases(own / "maps" / "cases", maps))
    results = run_cases(maps, cases, deployment.definitions, deployment.external_objects)
    report_cases(results)
