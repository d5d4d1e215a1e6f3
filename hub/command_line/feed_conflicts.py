"""The commands of `orderhub feed` about records: conflicts, decide, why, report, purge.

Spec: docs/replication.md.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.command_line.feed_import import FeedName, Reason, opened_feed
from hub.command_line.options import Json
from hub.presentation.printing import out, print_json, table

_CONFLICTS = ("number", "state", "key", "field", "conflict", "agreed", "ours", "theirs", "outcome", "value", "at")
_TAKE = ("ours", "theirs", "value")


def list_conflicts(
    feed: FeedName,
    every: Annotated[bool, typer.Option("--all", help="Also those that a rule or a person has decided.")] = False,
    key: Annotated[str | None, typer.Option(help="Only those of this record.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most conflicts, the newest first.")] = 100,
    as_json: Json = False,
) -> None:
    """List the conflicts that wait for a person, with the three values side by side."""
    with opened_feed(feed) as open_feed, open_feed.open_hub.read() as transaction:
        conflicts = open_feed.decisions(transaction).conflicts(limit, every=every, key=key)
    rows = [{**vars(conflict), "number": conflict.seq} for conflict in conflicts]
    shown = [{head: None if row[head] == () else row[head] for head in _CONFLICTS} for row in rows]
    if as_json:
        print_json(shown)
    elif shown:
        out(table(_CONFLICTS, [[row[head] for head in _CONFLICTS] for row in shown]))
    else:
        out("no conflict waits for a person" if not every else "no conflict is kept")


def decide_feed(
    feed: FeedName,
    number: Annotated[int, typer.Argument(help="The conflict's number.")],
    take: Annotated[str, typer.Option(help="The side whose value counts: ours, theirs, or value.")],
    reason: Reason,
    value: Annotated[str | None, typer.Option(help="The value, with --take value; none for no value.")] = None,
) -> None:
    """Decide a conflict on a field: the hub gets the value now, the partner with the next export."""
    from hub.replication.deciding import decide_conflict

    if take not in _TAKE:
        raise typer.BadParameter(f"--take is one of {', '.join(_TAKE)}")
    with opened_feed(feed) as open_feed, open_feed.write() as transaction:
        user = open_feed.open_hub.deployment.settings.user
        conflict = decide_conflict(open_feed, transaction, number, take, value, user, reason)
    out(f"decided: {conflict.field} of {conflict.key}; `orderhub feed export {feed}` sends what the partner lacks")


def report_feed(
    feed: FeedName,
    number: Annotated[
        int | None, typer.Option(help="The number of the partner's file; left out: the newest one.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="text, csv or html.")] = "text",
    as_json: Json = False,
) -> None:
    """Report on one file of the partner's: counts, waived checks, alarms, and each rejected or colliding record."""
    from hub.presentation.feed_report import csv_report, html_report, text_report
    from hub.replication.report import report_of

    forms = {"text": text_report, "csv": csv_report, "html": html_report}
    if form not in forms:
        raise typer.BadParameter(f"--format is one of {', '.join(forms)}")
    with opened_feed(feed) as open_feed, open_feed.open_hub.read() as transaction:
        report = report_of(open_feed, transaction, number)
    if as_json:
        print_json(report)
    else:
        out(forms[form](report))


def explain_value(
    feed: FeedName,
    key: Annotated[str, typer.Argument(help="The record's key.")],
    field: Annotated[str | None, typer.Argument(help="A field of the feed: Name, Address/Street, ...")] = None,
    as_json: Json = False,
) -> None:
    """Tell where the values of a record came from: file, record, bytes, rule, and the value that lost."""
    from hub.replication.explanation import explain

    with opened_feed(feed) as open_feed, open_feed.open_hub.read() as transaction:
        told = explain(open_feed, transaction, key, field)
    if as_json:
        print_json(told)
        return
    for record in told:
        out("\n".join(_lines(record)))
    if not told:
        out(f"no file brought {field or 'a value'} of {key}")


def _lines(record: dict[str, Any]) -> list[str]:
    head = f"{record['field']}: {record['value'] if record['value'] is not None else '(none)'}"
    rest = [
        f"  {name}: {value}" for name, value in record.items() if value is not None and name not in ("field", "value")
    ]
    return [head, *rest]


def purge_feed(feed: FeedName, as_json: Json = False) -> None:
    """Remove old rows of the interface table, as the feed's `kept` says; nothing else is removed."""
    from hub.replication.purge import purge

    with opened_feed(feed) as open_feed:
        outcome = purge(open_feed)
    if as_json:
        print_json(vars(outcome))
    else:
        out(f"removed {outcome.rows} rows of {outcome.batches} batches")
