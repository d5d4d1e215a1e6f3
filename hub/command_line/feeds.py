"""`orderhub feed`: records that the hub and a partner keep equal by numbered files.

Spec: docs/design/legacy.md, "Two-way replication"; docs/replication.md.
"""

from __future__ import annotations

from typing import Annotated

import typer

from hub.command_line.opened_hub import opened_hub
from hub.command_line.options import Json
from hub.command_line.text_command import TextCommand
from hub.presentation.printing import out, print_json

app = typer.Typer()
feed_app = typer.Typer(
    no_args_is_help=True, help="Feeds: records that the hub and a partner keep equal by numbered files."
)
app.add_typer(feed_app, name="feed")

FeedName = Annotated[str, typer.Argument(metavar="FEED", help="The feed.")]


@feed_app.command("export", cls=TextCommand)
def export_feed(
    feed: FeedName,
    full: Annotated[bool, typer.Option("--full", help="Send all records, not only those that differ.")] = False,
    always: Annotated[bool, typer.Option("--always", help="Send a file also where nothing differs.")] = False,
    as_json: Json = False,
) -> None:
    """Write the records in which the hub differs from the partner to a numbered file in the feed's outbox."""
    # Imported here: `--help` needs none of it.
    from hub.deployment.feed import feed_named
    from hub.replication.export import FeedExport

    with opened_hub() as open_hub:
        export = FeedExport(open_hub, feed_named(open_hub.deployment.feeds, feed))
        for _ in export.export(full, always):
            pass
        published = export.publish()
    if as_json:
        names = ("number", "kind", "name", "records", "adds", "changes", "deletes")
        print_json([{name: getattr(batch, name) for name in names} for batch in published])
        return
    for batch in published:
        counts = f"add {batch.adds}, change {batch.changes}, delete {batch.deletes}"
        out(f"{batch.name}\t{batch.kind}\t{batch.records} records\t{counts}")
    if not published:
        out("nothing to send: the partner has all values")
