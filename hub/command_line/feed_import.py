"""The commands of `orderhub feed` that take a partner's files in, and show how far they are.

Spec: docs/replication.md.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from adapters.files import opened, read_parts
from hub.command_line.exit_codes import CommandFailed
from hub.command_line.opened_hub import opened_hub
from hub.command_line.options import Json
from hub.presentation.printing import out, print_json, table
from hub.presentation.progress import Progress
from integration_objects.errors import Retryable, Waiting, located

if TYPE_CHECKING:
    from adapters.database.replication.batches import Direction, FeedBatch
    from hub.replication.intake import Received
    from hub.replication.opened_feed import OpenFeed

#: Exit codes for schedulers; docs/exit_codes.md has the table.
WARNED, HELD, REFUSED_FILE, FAILED = 4, 8, 12, 16

FeedName = Annotated[str, typer.Argument(metavar="FEED", help="The feed.")]
DirectionName = Annotated[
    str | None,
    typer.Option("--direction", help="in: the partner's file, out: the export. Left out: the one that is in work."),
]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept with the batch or the conflict.")]
_COUNTS = ("records", "adds", "changes", "deletes", "unchanged", "missing", "conflicts", "rejected", "kept")
_BATCH = ("number", "direction", "kind", "state", "name", *_COUNTS, "received_at", "reason")


@contextmanager
def opened_feed(feed: str) -> Iterator[OpenFeed]:
    """Open the hub and a feed of it."""
    # Imported here, as in the functions below: `--help` needs none of it.
    from hub.deployment.feed import feed_named
    from hub.replication.opened_feed import OpenFeed

    with opened_hub() as open_hub:
        yield OpenFeed(open_hub, feed_named(open_hub.deployment.feeds, feed))


@contextmanager
def scheduled() -> Iterator[None]:
    """Give the failures of an import or an export the exit codes for schedulers."""
    try:
        yield
    except Waiting as error:
        raise CommandFailed(error, HELD) from error
    except Retryable as error:
        raise CommandFailed(error, FAILED) from error


def import_feed(
    feed: FeedName,
    files: Annotated[list[pathlib.Path] | None, typer.Argument(help="Files to put into the inbox first.")] = None,
    as_json: Json = False,
) -> None:
    """Import the files of the feed's inbox whose turn it is, and answer each.

    Exit codes: 4 if records were rejected or conflicts found, 8 if a file is held or waits for another one, 12 if a
    file was refused, 16 if the work failed and the same command goes on later.
    """
    from hub.replication.arrivals import look_for_arrivals
    from hub.replication.importing import import_files

    with opened_feed(feed) as open_feed:
        for file in files or ():
            open_feed.folders.put_in(open_feed.feed.folder, file.name, read_parts(file))
        outcomes: list[Received] = []
        progress = _Followed()
        try:
            with scheduled():
                for outcome in import_files(open_feed, progress.tell):
                    outcomes.append(outcome)
                    if not as_json:
                        out(_line(outcome))
        finally:
            progress.end()
        look_for_arrivals(open_feed)
        with open_feed.open_hub.read() as transaction:
            waiting = open_feed.batches(transaction).open(feed, "in")
            alarms = open_feed.alarms(transaction).listing()
    if as_json:
        print_json([_described(outcome) for outcome in outcomes])
    else:
        for alarm in alarms:
            out(f"alarm since {alarm.since[:19]}Z: {alarm.sentence}")
        if not outcomes:
            out("nothing to import")
    code = max([*map(_code, outcomes), HELD if waiting else 0])
    if code:
        raise typer.Exit(code)


def _code(outcome: Received) -> int:
    batch = outcome.batch
    if batch is None:
        return 0
    if batch.state in ("refused", "cancelled"):
        return REFUSED_FILE
    return HELD if batch.is_open else WARNED if batch.rejected or batch.conflicts else 0


def _line(outcome: Received) -> str:
    batch = outcome.batch
    if batch is None:
        assert outcome.repeats is not None  # noqa: S101  # one of the two is there
        return f"{outcome.name}\trepeats file {outcome.repeats.number}: its answer leaves again"
    counts = ", ".join(f"{name} {getattr(batch, name)}" for name in _COUNTS if getattr(batch, name))
    return "\n".join([f"{outcome.name}\t{batch.kind}\t{batch.state}\t{counts}", *error_lines(batch)])


def error_lines(batch: FeedBatch) -> list[str]:
    """Return the lines that tell why a batch is held or was refused; none for another one."""
    error = batch.error or {}
    return [f"  {part}: {error[part]}" for part in ("what", "where", "why", "mend") if error.get(part)]


def _described(outcome: Received) -> dict[str, Any]:
    repeats = None if outcome.repeats is None else outcome.repeats.number
    return {"file": outcome.name, "repeats": repeats, **({} if outcome.batch is None else vars(outcome.batch))}


class _Followed:
    """A progress bar for each phase of an import."""

    def __init__(self) -> None:
        self._text = ""
        self._bar: Progress | None = None

    def tell(self, text: str, done: int, size: int) -> None:
        """Note how far a phase is."""
        if text != self._text:
            self.end()
            unit = "" if text.startswith(("merging", "judging")) else "MiB"
            self._text, self._bar = text, Progress(text, size, unit)
        if self._bar is not None:
            self._bar.note(done)

    def end(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.__exit__()
            self._bar = None


def preview_feed(
    feed: FeedName,
    file: Annotated[pathlib.Path, typer.Argument(help="A file of the partner's.")],
    as_json: Json = False,
) -> None:
    """Check a file, and say what its import would do; nothing is changed."""
    from hub.replication.preview import preview

    with (
        opened_feed(feed) as open_feed,
        opened(file) as content,
        located(str(file)),
        Progress(f"reading {file.name}", file.stat().st_size * 2) as progress,
    ):
        counts = progress.follow(preview(open_feed, content))
    if as_json:
        print_json(counts)
    else:
        out("would " + ", ".join(f"{name} {count}" for name, count in counts.items()))


def release_feed(feed: FeedName, reason: Reason, direction: DirectionName = None) -> None:
    """Let the file or the export that the guard holds go on; the next import merges it, the next export writes it."""
    from hub.replication.deciding import release

    with opened_feed(feed) as open_feed, open_feed.write() as transaction:
        user = open_feed.open_hub.deployment.settings.user
        batch = release(open_feed, transaction, user, reason, _direction(direction))
    if batch.direction == "out":
        out(f"the export is released as file {batch.number}; `orderhub feed export {feed}` writes it")
    else:
        out(f"file {batch.number} is released; `orderhub feed import {feed}` merges it")


def cancel_feed(feed: FeedName, reason: Reason, direction: DirectionName = None) -> None:
    """Give up the batch in work, before a record of it was taken or sent; the partner's file is answered as refused."""
    from hub.replication.answers import publish_answers
    from hub.replication.batch_file import settle_files
    from hub.replication.deciding import cancel

    with opened_feed(feed) as open_feed:
        with open_feed.write() as transaction:
            user = open_feed.open_hub.deployment.settings.user
            batch = cancel(open_feed, transaction, user, reason, _direction(direction))
        publish_answers(open_feed)
        settle_files(open_feed)
    if batch.direction == "out":
        out("the export is cancelled; the next one compares anew")
    else:
        out(f"file {batch.number} is cancelled; its number is free")


def _direction(name: str | None) -> Direction | None:
    if name is not None and name not in ("in", "out"):
        raise typer.BadParameter("--direction is one of in, out")
    return cast("Direction | None", name)


def pause_feed(
    feed: FeedName, why: Annotated[str | None, typer.Option(help="A reason for the others.")] = None
) -> None:
    """Stop the imports and exports of a feed between two chunks; a running one ends with code 8."""
    from hub.deployment.door import feed_component

    with opened_feed(feed) as open_feed, open_feed.open_hub.write() as transaction:
        transaction.messages.control.pause(feed_component(feed), why)
    out(f"{feed} is paused")


def resume_feed(feed: FeedName) -> None:
    """Let a paused feed go on with the next import or export."""
    from hub.deployment.door import feed_component

    with opened_feed(feed) as open_feed, open_feed.open_hub.write() as transaction:
        transaction.messages.control.resume(feed_component(feed))
    out(f"{feed} goes on")


def list_feeds(as_json: Json = False) -> None:
    """List the feeds with their open batches, conflicts and alarms."""
    from hub.replication.opened_feed import OpenFeed

    rows = []
    with opened_hub() as open_hub, open_hub.read() as transaction:
        for feed in open_hub.deployment.feeds.values():
            open_feed = OpenFeed(open_hub, feed)
            batches = open_feed.batches(transaction)
            rows.append(
                {
                    "feed": feed.name,
                    "object": feed.object,
                    "folder": feed.folder,
                    "records": open_feed.agreed(transaction).count(),
                    "open in": len(batches.open(feed.name, "in")),
                    "open out": len(batches.open(feed.name, "out")),
                    "conflicts": open_feed.decisions(transaction).count_open(),
                    "alarms": len(open_feed.alarms(transaction).listing()),
                }
            )
    if as_json:
        print_json(rows)
    elif rows:
        out(table(list(rows[0]), [list(row.values()) for row in rows]))
    else:
        out("no feed is switched on: list shipped ones in the setting feeds, or declare one in hub/feeds/")


def status_feed(
    feed: FeedName,
    limit: Annotated[int, typer.Option(min=1, help="Most batches, the newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """Show the batches of a feed, the numbers that come next, and the alarms that stand."""
    from hub.deployment.door import feed_component
    from hub.replication.arrivals import look_for_arrivals
    from hub.replication.report import messages_in_words

    with opened_feed(feed) as open_feed:
        look_for_arrivals(open_feed)
        with open_feed.open_hub.read() as transaction:
            batches = open_feed.batches(transaction)
            record: dict[str, Any] = {
                "feed": feed,
                "paused": transaction.messages.control.is_paused(feed_component(feed)),
                "next number of the partner": open_feed.next_number(batches, "in"),
                "agreed records": open_feed.agreed(transaction).count(),
                "open conflicts": open_feed.decisions(transaction).count_open(),
                "waived checks": [f"{each.check} until {each.until}: {each.reason}" for each in open_feed.feed.waivers],
                "alarms": [alarm.sentence for alarm in open_feed.alarms(transaction).listing()],
                "messages": messages_in_words(open_feed, transaction),
            }
            rows = [vars(batch) for batch in batches.listing(feed, limit)]
    if as_json:
        print_json({**record, "batches": rows})
        return
    for name, value in record.items():
        out(f"{name}: {'; '.join(value) or 'none' if isinstance(value, list) else value}")
    if rows:
        out(table(_BATCH, [[_cell(row, head) for head in _BATCH] for row in rows]))


def _cell(row: dict[str, Any], head: str) -> Any:
    return (row["error"] or {}).get("reason") if head == "reason" else row[head]
