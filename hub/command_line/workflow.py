"""`orderhub workflow`: a workflow on stored objects, by identifiers.

    orderhub workflow                                   lists them
    orderhub workflow new-quote --help                  what one takes
    orderhub workflow --runs                            what commands ran; --recording RUN: what came into one
    orderhub workflow modify account=1-A root=KEY requests=@changes.json

Standard output carries the objects that the workflow wrote or found; its report goes to standard error, or into the
JSON. Exit codes: 0 done; 1 the workflow refused, and nothing was written; 2 the name or an argument is wrong.

Spec: docs/design/integration.md, "Reached from outside"; docs/design/road.md, "Command line, completed".
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from hub.presentation.printing import complain, out, picture, table
from hub.workflow_manager.arguments import Argument, ArgumentWrong, by_name, given, read_text, split
from integration_objects.errors import HubError, Refused

if TYPE_CHECKING:
    from hub.data_manager.workflow_run import FinishedRun
    from hub.deployment.deployment import Deployment
    from hub.workflow_manager.workflow import Workflow

#: characters of a run's arguments that a listing shows
MOST_SHOWN = 100
#: Kinds whose text may stand in a file.
_FILES = frozenset(("requests",))


class RunUnknown(Refused):
    """There is no run of this id."""


def workflow(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="new-quote, modify, ...; without one, all are listed.")
    ] = None,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE...", help="Its arguments; @file for JSON in a file."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with stable names.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    runs: Annotated[bool, typer.Option("--runs", help="List the last workflows that commands ran.")] = False,
    recording: Annotated[
        str | None, typer.Option(metavar="RUN", help="Print what came into a run from outside, as JSON.")
    ] = None,
    help: Annotated[bool, typer.Option("--help", "-h", help="What the command, or this workflow, takes.")] = False,
) -> None:
    """Run one workflow on stored objects, by identifiers; without a name, list the workflows."""
    from hub.deployment.deployment import open_deployment
    from hub.workflow_manager.named_workflow import workflow_named

    deployment = open_deployment(pathlib.Path.cwd())
    if runs or recording is not None:
        _show_runs(deployment, recording, as_json)
        return
    if name is None:
        if help:
            out("Usage: orderhub workflow [NAME] [KEY=VALUE...] [--json] [--dry-run]")
            out("       orderhub workflow --runs | --recording RUN\n")
            out("Run one workflow on stored objects, by identifiers; `orderhub workflow NAME --help`: what it takes.\n")
        _list(deployment, as_json)
        return
    asked = workflow_named(deployment.workflows, name)
    if help:
        out(_usage(asked))
        return
    pairs = _read(asked, arguments or [])
    ran = _run(deployment, asked, pairs, dry_run)
    _print(deployment, asked, ran, as_json, dry_run)


def _list(deployment: Deployment, as_json: bool) -> None:
    processes = sorted((one for one in deployment.workflows.values() if one.asked_by_name), key=lambda one: one.command)
    if as_json:
        listed = [
            {"name": one.command, "help": one.help, "arguments": [_described(each) for each in one.arguments]}
            for one in processes
        ]
        out(json.dumps(listed, ensure_ascii=False, indent=2))
        return
    out(table(("workflow", "what it does"), [(one.command, one.help) for one in processes]))


def _show_runs(deployment: Deployment, run_id: str | None, as_json: bool) -> None:
    """The last runs, or the recording of one."""
    from hub.data_manager.open_hub import OpenHub
    from hub.workflow_manager.recorded_reads import read_recording

    open_hub = OpenHub(deployment)
    try:
        open_hub.prepare_database()
        with open_hub.read() as transaction:
            kept = transaction.messages.runs.listing()
            recorded = None if run_id is None else transaction.messages.runs.recording(run_id)
    finally:
        open_hub.close()
    if run_id is not None:
        if recorded is None:
            raise RunUnknown(
                f"there is no run '{run_id}'",
                where="option --recording",
                why="no workflow that a command ran has this id",
                mend="`orderhub workflow --runs` lists them",
            )
        out(json.dumps(read_recording(recorded), ensure_ascii=False, indent=2))
    elif as_json:
        out(json.dumps(kept, ensure_ascii=False, indent=2))
    else:
        rows = [(one["id"], one["finished"], one["workflow"], _shown(one["arguments"])) for one in kept]
        out(table(("run", "finished", "workflow", "arguments"), rows))


def _shown(arguments: Mapping[str, str]) -> str:
    """A run's arguments in one line, cut where they are long."""
    text = " ".join(f"{name}={value}" for name, value in arguments.items())
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "..."


def _described(argument: Argument) -> dict[str, object]:
    described = asdict(argument)
    return {name: described[name] for name in ("name", "kind", "required", "help")}


def _usage(asked: Workflow) -> str:
    needed = [f"{one.name}=..." if one.required else f"[{one.name}=...]" for one in asked.arguments]
    rows = [(f"{one.name}=", "required" if one.required else "", one.help) for one in asked.arguments]
    lines = [f"Usage: orderhub workflow {' '.join([asked.command, *needed])} [--json] [--dry-run]", "", asked.help]
    return "\n".join([*lines, "", table(("argument", "", ""), rows)] if rows else lines)


def _read(asked: Workflow, texts: Iterable[str]) -> list[tuple[str, str]]:
    """The arguments as pairs, proven before a database is opened; files are read."""
    known = by_name(asked.arguments)
    where = f"orderhub workflow {asked.command}"
    found = given(asked.command, where, split(asked.command, where, texts, known), known)
    pairs = [(name, _text(known[name], values[0])) for name, values in found.items()]
    for name, text in pairs:
        read_text(known[name], text)
    return pairs


def _text(argument: Argument, text: str) -> str:
    from adapters.files import read_file

    if argument.kind not in _FILES or not text.startswith("@"):
        return text
    path = pathlib.Path(text[1:])
    try:
        return read_file(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ArgumentWrong(
            f"the argument '{argument.name}' can't be read",
            where=f"{path}, byte {error.start + 1}",
            why="the file isn't text in UTF-8",
            mend="write it in UTF-8",
        ) from error


def _run(deployment: Deployment, asked: Workflow, pairs: list[tuple[str, str]], dry_run: bool) -> FinishedRun:
    from hub.data_manager.open_hub import OpenHub
    from hub.data_manager.workflow_run import run_workflow
    from hub.workflow_manager.named_workflow import request

    open_hub = OpenHub(deployment)
    try:
        open_hub.prepare_database()
        return run_workflow(open_hub, asked, request(asked.command, pairs), dry_run)
    except HubError as error:
        if error.verdict == "stop":
            raise
        complain(str(error))
        raise typer.Exit(1) from error
    finally:
        open_hub.close()


def _print(deployment: Deployment, asked: Workflow, ran: FinishedRun, as_json: bool, dry_run: bool) -> None:
    from hub.presentation.tree_json import tree_json

    outcome = ran.outcome
    if as_json:
        head: Mapping[str, object] = {
            "workflow": asked.command,
            "state": outcome.state,
            "why": outcome.why,
            "run": None if dry_run else ran.run_id,
            "report": [asdict(note) for note in outcome.notes],
            "rows": list(outcome.rows),
        }
        objects = ",\n".join(tree_json(tree, deployment.definitions) for tree in outcome.objects)
        out(json.dumps(head, ensure_ascii=False)[:-1] + f', "objects": [{objects}]}}')
        return
    for tree in outcome.objects:
        out(picture(tree))
    if outcome.rows:
        out(table(list(outcome.rows[0]), [list(row.values()) for row in outcome.rows]))
    for note in outcome.notes:
        complain(str(note))
    if outcome.why:
        complain(outcome.why)
    if dry_run:
        complain("a dry run: nothing was written")
