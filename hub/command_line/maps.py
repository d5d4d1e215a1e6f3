"""`orderhub map`: data maps proven, run and tested. Spec: docs/design/integration.md, "Data maps"."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from hub.presentation.printing import complain, out, print_findings

app = typer.Typer(no_args_is_help=True, help="Data maps.")


@app.command("check")
def check_maps(
    names: Annotated[list[str] | None, typer.Argument(help="Names of maps; none: all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with stable names.")] = False,
) -> None:
    """Prove maps without running them: paths, fields, required fields, types, look-up tables."""
    from hub.deployment.deployment import map_findings

    found = map_findings(pathlib.Path.cwd(), names or [])
    print_findings(found, as_json)
    if any(finding.severity == "error" for finding in found):
        raise typer.Exit(1)
    complain("the maps are sound")


@app.command("run")
def run_map(
    name: Annotated[str, typer.Argument(metavar="MAP", help="The map's name.")],
    file: Annotated[pathlib.Path, typer.Argument(help="The source's XML.")],
    with_trace: Annotated[
        bool, typer.Option("--trace", help="For every field of the result: source, map's line, value.")
    ] = False,
) -> None:
    """Run a map on a file and print what comes out."""
    from adapters.files import read_file
    from hub.deployment.deployment import load_deployment, map_named
    from integration_objects.errors import HubError
    from maps.cases import read_tree, write_tree
    from maps.trace import trace

    deployment = load_deployment(pathlib.Path.cwd())
    data_map = map_named(deployment, name)
    try:
        tree = read_tree(read_file(file), data_map.source, deployment.definitions, deployment.external_objects)
        if with_trace:
            _, fields = trace(data_map, tree)
            for field in fields:
                out(str(field))
            return
        made = data_map.apply(tree)
    except HubError as error:
        raise error.at(str(file)) from error
    out(write_tree(made, data_map.target, deployment.definitions).decode())


@app.command("test")
def run_map_cases(
    names: Annotated[list[str] | None, typer.Argument(help="Names of maps; none: all.")] = None,
) -> None:
    """Run the cases that lie beside the maps: pairs of input and expected output."""
    from hub.deployment.deployment import all_cases, load_deployment, map_named
    from maps.cases import run_cases

    deployment = load_deployment(pathlib.Path.cwd())
    maps = {name: map_named(deployment, name) for name in names} if names else deployment.maps
    results = run_cases(maps, all_cases(deployment, maps), deployment.definitions, deployment.external_objects)
    for result in results:
        out(f"{'passed' if result.is_passed else 'FAILED'}  {result.case.name}")
        if not result.is_passed:
            out(result.difference)
    failed = sum(not result.is_passed for result in results)
    complain(f"{len(results) - failed} passed, {failed} failed")
    if failed:
        raise typer.Exit(1)
