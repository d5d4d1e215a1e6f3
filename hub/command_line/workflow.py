"""`orderhub workflow`: a workflow on stored objects, by identifiers.

    orderhub workflow                                   lists the workflows
    orderhub workflow new-quote --help                  lists the arguments of one
    orderhub workflow --runs                            lists the runs of commands
    orderhub workflow --recording RUN                   prints the outside answers that a run recorded
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
from typing import Annotated

import typer

from adapters.files import read_file, write_parts
from hub.command_line.exit_codes import CommandFailed, misused
from hub.command_line.opened_hub import opened_hub
from hub.command_line.options import All, DryRun, Json
from hub.command_line.text_command import TextCommand
from hub.data_manager.lookup import shown_addresses
from hub.data_manager.workflow_run import FinishedRun, run_workflow
from hub.deployment.deployment import Deployment, open_deployment
from hub.presentation.addresses import NO_ADDRESSES, Addresses, address_ids, row_address_ids
from hub.presentation.changed_lines import changed_lines
from hub.presentation.found_rows import rows_text
from hub.presentation.next_commands import next_commands
from hub.presentation.printing import complain, out, print_json, table
from hub.presentation.report import error_text, report_lines
from hub.presentation.screen import screens
from hub.presentation.tree_json import tree_json
from hub.workflow_manager.arguments import Argument, ArgumentWrong, by_name, given, read_text, split
from hub.workflow_manager.named_workflow import request, workflow_named
from hub.workflow_manager.recorded_reads import read_recording
from hub.workflow_manager.workflow import Workflow
from integration_objects.errors import HubError, Refused

app = typer.Typer()

#: characters of a run's arguments that a listing shows
MOST_SHOWN = 100
#: the kinds of arguments whose text may stand in a file
_IN_FILES = frozenset(("requests",))
_USAGE = """\
Usage: orderhub workflow [NAME] [KEY=VALUE...] [--json] [--dry-run] [--all] [--svg FILE]
       orderhub workflow --runs | --recording RUN

Run one workflow on stored objects, by identifiers; `orderhub workflow NAME --help` lists its arguments.
"""


class RunUnknown(Refused):
    """There is no run of this id."""

    what = "there is no run '{id}'"
    where = "option --recording"
    why = "no workflow that a command ran has this id"
    mend = "`orderhub workflow --runs` lists them"


class NothingDrawn(Refused):
    """A drawing is wanted of a workflow that makes none."""

    what = "the workflow {workflow} draws nothing"
    where = "option --svg"
    why = "only `plan` draws"
    mend = "leave --svg out"


class ArgumentNotText(ArgumentWrong):
    """The file of an argument isn't text."""

    where = "{path}, byte {byte}"
    why = "the file isn't text in UTF-8"
    mend = "write it in UTF-8"


# The command answers --help itself, because each workflow has a help of its own.
@app.command(context_settings={"help_option_names": []}, cls=TextCommand)
def workflow(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="new-quote, modify, ...; without one, all are listed.")
    ] = None,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE...", help="Its arguments; @file for JSON in a file."),
    ] = None,
    as_json: Json = False,
    dry_run: DryRun = False,
    whole: All = False,
    runs: Annotated[bool, typer.Option("--runs", help="List the last workflows that commands ran.")] = False,
    recording: Annotated[
        str | None, typer.Option(metavar="RUN", help="Print the outside answers that a run recorded, as JSON.")
    ] = None,
    svg: Annotated[
        pathlib.Path | None, typer.Option(metavar="FILE", help="Write the drawing of a workflow that draws: plan.")
    ] = None,
    help: Annotated[bool, typer.Option("--help", "-h", help="List the arguments of the command or workflow.")] = False,
) -> None:
    """Run one workflow on stored objects, by identifiers; without a name, list the workflows."""
    deployment = open_deployment(pathlib.Path.cwd())
    if recording is not None:
        _print_recording(deployment, recording)
    elif runs:
        _list_runs(deployment, as_json)
    elif name is None:
        if help:
            out(_USAGE)
        _list_workflows(deployment, as_json)
    elif help:
        out(_usage(_called(deployment, name)))
    else:
        run_and_print(deployment, name, arguments or [], as_json, dry_run, whole, svg)


def run_and_print(
    deployment: Deployment,
    name: str,
    arguments: Iterable[str],
    as_json: bool = False,
    dry_run: bool = False,
    whole: bool = False,
    svg: pathlib.Path | None = None,
) -> None:
    """Run the workflow of this name with arguments as ``name=value``, and print its outcome.

    Raises:
        CommandFailed: there is no such workflow, or it doesn't take these arguments.
        NothingDrawn: *svg* is given, and the workflow draws nothing.
        Refused: the workflow refuses.
    """
    called = _called(deployment, name)
    if svg is not None and not called.draws:
        # Before it is run: it may change something.
        raise NothingDrawn(workflow=called.command)
    with misused():
        pairs = _read(called, arguments)
    try:
        run, addresses = _run(deployment, called, pairs, dry_run, with_addresses=not as_json)
    except Refused as refused:
        text = error_text(refused, [text for _, text in pairs])
        raise CommandFailed(refused, text=text) from refused
    if svg is not None and run.outcome.drawing:
        write_parts(svg, [run.outcome.drawing.encode("utf-8")])
    _print(deployment, called, run, addresses, as_json, dry_run, whole)


def _called(deployment: Deployment, name: str) -> Workflow:
    with misused():
        return workflow_named(deployment.workflows, name)


def _list_workflows(deployment: Deployment, as_json: bool) -> None:
    listed = [workflow for workflow in deployment.workflows.values() if workflow.asked_by_name]
    listed.sort(key=lambda workflow: workflow.command)
    if as_json:
        fields = ("name", "kind", "required", "help")
        print_json(
            [
                {
                    "name": workflow.command,
                    "help": workflow.help,
                    "arguments": [
                        {field: getattr(argument, field) for field in fields} for argument in workflow.arguments
                    ],
                }
                for workflow in listed
            ]
        )
    else:
        out(table(("workflow", "what it does"), [(workflow.command, workflow.help) for workflow in listed]))


def _list_runs(deployment: Deployment, as_json: bool) -> None:
    with opened_hub(deployment, only_messages=True) as open_hub, open_hub.read() as transaction:
        runs = open_hub.renew_secret_names(transaction).masked_json(transaction.messages.runs.listing())
    if as_json:
        print_json(runs)
    else:
        rows = [(run["id"], run["finished"], run["workflow"], _shortened(run["arguments"])) for run in runs]
        out(table(("run", "finished", "workflow", "arguments"), rows))


def _print_recording(deployment: Deployment, run_id: str) -> None:
    with opened_hub(deployment, only_messages=True) as open_hub, open_hub.read() as transaction:
        recording = transaction.messages.runs.recording(run_id)
        secret_names = open_hub.renew_secret_names(transaction)
    if recording is None:
        raise RunUnknown(id=run_id)
    print_json(secret_names.masked_json(read_recording(recording)))


def _shortened(arguments: Mapping[str, str]) -> str:
    """Write a run's arguments in one line, and cut a long one."""
    text = " ".join(f"{name}={value}" for name, value in arguments.items())
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "..."


def _usage(called: Workflow) -> str:
    arguments = called.arguments
    needed = [f"{argument.name}=..." if argument.required else f"[{argument.name}=...]" for argument in arguments]
    rows = [(f"{argument.name}=", "required" if argument.required else "", argument.help) for argument in arguments]
    lines = [
        f"Usage: orderhub workflow {' '.join([called.command, *needed])} [--json] [--dry-run] [--all]"
        + (" [--svg FILE]" if called.draws else ""),
        "",
        called.help,
    ]
    return "\n".join([*lines, "", table(("argument", "", ""), rows)] if rows else lines)


def _read(called: Workflow, texts: Iterable[str]) -> list[tuple[str, str]]:
    """Return the arguments as pairs, proven before a database is opened; files are read."""
    known = by_name(called.arguments)
    where = f"orderhub workflow {called.command}"
    values = given(called.command, where, split(called.command, where, texts, known), known)
    pairs = [(name, _text(known[name], texts_given[0])) for name, texts_given in values.items()]
    # Read for the proof only: the run gets the texts, as it gets them from a message, and records its request so.
    for name, text in pairs:
        read_text(known[name], text)
    return pairs


def _text(argument: Argument, text: str) -> str:
    if argument.kind not in _IN_FILES or not text.startswith("@"):
        return text
    path = pathlib.Path(text[1:])
    try:
        return read_file(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ArgumentNotText(name=argument.name, path=path, byte=error.start + 1) from error


def _run(
    deployment: Deployment, called: Workflow, pairs: list[tuple[str, str]], dry_run: bool, with_addresses: bool
) -> tuple[FinishedRun, Addresses]:
    """Run the workflow; read the addresses that its answer names, if they are shown."""
    with opened_hub(deployment) as open_hub:
        run = run_workflow(open_hub, called, request(called.command, pairs), dry_run)
        shown = [*run.outcome.objects, *([] if run.before is None else [run.before])]
        ids = address_ids(shown) | row_address_ids(run.outcome.rows) if with_addresses else ()
        if not ids:
            return run, NO_ADDRESSES
        try:
            with open_hub.read() as transaction:
                return run, shown_addresses(transaction.store, ids)
        except HubError:
            # The workflow is done: a database that is away now leaves the ids, and no failure.
            return run, NO_ADDRESSES


def _print(
    deployment: Deployment,
    called: Workflow,
    run: FinishedRun,
    addresses: Addresses,
    as_json: bool,
    dry_run: bool,
    whole: bool,
) -> None:
    outcome = run.outcome
    kinds = {note.kind for note in outcome.notes}
    # After a dry run nothing has changed, so that nothing follows.
    following = [] if dry_run else next_commands(outcome.objects, kinds)
    if as_json:
        head: Mapping[str, object] = {
            "workflow": called.command,
            "state": outcome.state,
            "why": outcome.why,
            "run": None if dry_run else run.run_id,
            "report": [asdict(note) for note in outcome.notes],
            "rows": list(outcome.rows),
            "next": following,
        }
        objects = ",\n".join(tree_json(tree, deployment.definitions) for tree in outcome.objects)
        # `tree_json` writes text: the objects are put in before the brace that ends the head.
        out(json.dumps(head, ensure_ascii=False)[:-1] + f', "objects": [{objects}]}}')
        return
    for text in screens(outcome.objects, whole, addresses):
        out(text)
    if outcome.rows:
        out(rows_text(called.command, outcome.rows, whole, addresses))
    changes = changed_lines(run.before, outcome.objects, addresses)
    for line in [*changes, *report_lines(outcome.notes, outcome.objects)]:
        complain(line)
    if outcome.why:
        complain(outcome.why)
    if dry_run:
        complain("a dry run: nothing was written")
    for command in following:
        complain(f"next: {command}")
