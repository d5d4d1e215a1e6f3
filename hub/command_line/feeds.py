"""`orderhub feed`: records that the hub and a partner keep equal by numbered files.

Spec: docs/design/legacy.md, "Two-way replication"; docs/replication.md.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.files import opened
from hub.command_line.feed_conflicts import decide_feed, explain_value, list_conflicts, purge_feed, report_feed
from hub.command_line.feed_import import (
    HELD,
    WARNED,
    FeedName,
    cancel_feed,
    error_lines,
    import_feed,
    list_feeds,
    opened_feed,
    pause_feed,
    preview_feed,
    release_feed,
    resume_feed,
    scheduled,
    status_feed,
)
from hub.command_line.options import Json
from hub.command_line.text_command import TextCommand
from hub.presentation.printing import out, print_json, table
from integration_objects.errors import located

if TYPE_CHECKING:
    from hub.replication.difference_class import Difference

app = typer.Typer()
feed_app = typer.Typer(
    no_args_is_help=True, help="Feeds: records that the hub and a partner keep equal by numbered files."
)
app.add_typer(feed_app, name="feed")

_EXPORTED = ("number", "kind", "state", "name", "records", "adds", "changes", "deletes", "missing", "error")
_DIFFERENCES = ("key", "field", "class", "ours", "theirs", "agreed", "fault")

_COMMANDS: dict[str, Callable[..., None]] = {
    "list": list_feeds,
    "import": import_feed,
    "preview": preview_feed,
    "status": status_feed,
    "conflicts": list_conflicts,
    "decide": decide_feed,
    "why": explain_value,
    "report": report_feed,
    "purge": purge_feed,
    "release": release_feed,
    "cancel": cancel_feed,
    "pause": pause_feed,
    "resume": resume_feed,
}
for _name, _command in _COMMANDS.items():
    feed_app.command(_name, cls=TextCommand)(_command)


@feed_app.command("export", cls=TextCommand)
def export_feed(
    feed: FeedName,
    full: Annotated[bool, typer.Option("--full", help="Send all records, not only those that differ.")] = False,
    always: Annotated[bool, typer.Option("--always", help="Send a file also where nothing differs.")] = False,
    as_json: Json = False,
) -> None:
    """Write the records in which the hub differs from the partner to a numbered file in the feed's outbox.

    Exit codes: 8 if the export changes more than the limits allow and is held, or if the feed is paused, 16 if the work
    failed and the same command goes on later.
    """
    # Imported here: `--help` needs none of it.
    from hub.replication.export import FeedExport

    with opened_feed(feed) as open_feed, scheduled():
        export = FeedExport(open_feed)
        for _ in export.export(full, always):
            pass
        exported = export.publish()
        if (held := export.held()) is not None:
            exported.append(held)
    if as_json:
        print_json([{name: getattr(batch, name) for name in _EXPORTED} for batch in exported])
    for batch in () if as_json else exported:
        counts = f"add {batch.adds}, change {batch.changes}, delete {batch.deletes}"
        out(f"{batch.name or 'held'}\t{batch.kind}\t{batch.records} records\t{counts}")
        for line in error_lines(batch):
            out(line)
    if not exported and not as_json:
        out("nothing to send: the partner has all values")
    if held is not None:
        raise typer.Exit(HELD)


@feed_app.command("reconcile", cls=TextCommand)
def reconcile_feed(
    feed: FeedName,
    file: Annotated[pathlib.Path, typer.Argument(help="A full file of the partner's: all of its records.")],
    repair: Annotated[
        bool, typer.Option("--repair", help="Merge the lost records now, and let the next export send what is missing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare all records with an extract of the partner's, and tell the reason of each difference.

    Exit code 4: a difference doesn't end by itself, or by a decision that a person has before him.
    """
    from hub.replication import repairs
    from hub.replication.difference_class import EXPECTED
    from hub.replication.reconcile import Reconciliation

    with opened_feed(feed) as open_feed, opened(file) as content, located(str(file)):
        result = Reconciliation(open_feed).reconcile(content, str(file))
        repaired = repairs.repair(open_feed, result) if repair else None
    rows = [_described(name, difference) for name, difference in result.differences]
    if as_json:
        sides = {"ours": result.ours, "theirs": result.theirs}
        batch = None if repaired is None else repaired.id
        print_json({**sides, "classes": result.counts(), "differences": rows, "repair": batch})
    else:
        out(f"records: {result.ours} of the hub, {result.theirs} of the partner; differences: {len(rows)}")
        if rows:
            out(table(("class", "differences"), [[name, str(count)] for name, count in result.counts().items()]))
            out(table(_DIFFERENCES, [[row[head] or "" for head in _DIFFERENCES] for row in rows]))
        if repaired is not None:
            out(f"repaired: {repaired.records} records merged, {repaired.conflicts} conflicts")
    if any(name not in EXPECTED for name, _ in result.differences):
        raise typer.Exit(WARNED)


def _described(name: str, difference: Difference) -> dict[str, Any]:
    values = {head: getattr(difference, head) for head in _DIFFERENCES if head != "class"}
    return {**values, "class": name, "field": difference.field or "(record)"}
