"""`orderhub batch`: files of many orders, sent, listed, shown and given up.

Spec: docs/design/legacy.md, "Batches".
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from adapters.database.messages.batches import BatchRow
from adapters.database.schema.hub_tables import BATCH_STATES
from adapters.files import digest_of, opened, read_parts, write_parts
from hub.command_line.messages import MessageStateUnknown, tell_end
from hub.command_line.opened_hub import opened_hub
from hub.command_line.options import Json
from hub.command_line.text_command import TextCommand
from hub.data_manager.open_hub import OpenHub, Transaction
from hub.presentation.printing import complain, out, print_json, table
from hub.presentation.progress import Progress
from integration_objects.errors import Refused, located

if TYPE_CHECKING:
    from hub.data_manager.batch_proof import ProvenBatch
    from hub.deployment.route import Route

app = typer.Typer()
batch_app = typer.Typer(no_args_is_help=True, help="Batches: files of many orders, each answered by one file.")
app.add_typer(batch_app, name="batch")

_LISTED = ("id", "route", "state", "name", "number", "orders", "filed", "accepted", "refused", "received_at", "reason")
_PARTS = ("position", "state", "own_id", "id", "reason", "place")
#: refused orders that are shown without --all
_SHOWN = 20


class BatchUnknown(Refused):
    """A command names a batch that the store doesn't have."""

    what = "there is no batch '{id}'"
    where = "batch {id}"
    why = "no id of a batch is equal to it"
    mend = "`orderhub batch list` shows the ids"


class BatchNotAnswered(Refused):
    """A command asks for the answer of a batch that has none yet."""

    what = "the batch {batch.id} has no answer yet"
    where = "batch {batch.id}"
    why = "it is {batch.state}: some of its orders aren't final"
    mend = "wait, or look for parked orders: `orderhub messages list --batch {batch.id} --state parked`"


@batch_app.command("send", cls=TextCommand)
def send_batch(
    route: Annotated[str, typer.Argument(help="The route that takes the batch.")],
    file: Annotated[pathlib.Path, typer.Argument(help="The file.")],
    resubmits: Annotated[
        str | None, typer.Option(metavar="BATCH", help="The batch whose refused orders the file sends again.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check a file of many orders, and put it into its route's folder; print the batch's id."""
    # Imported here: listing and showing batches work while declarations are being edited.
    from hub.data_manager.batch_check import judge_acceptance
    from hub.data_manager.batch_filing import announce
    from hub.data_manager.batch_proof import batch_of
    from hub.data_manager.doors import open_transport
    from hub.deployment.route import route_named

    with opened_hub() as open_hub:
        taken = route_named(open_hub.deployment.routes, route)
        # Before the file is looked at: the place of this fault is in the route.
        batch_of(taken)
        with opened(file) as content, located(str(file)):
            proven, size = proven_file(taken, file, content)
        digest = digest_of(file)
        judge_acceptance(open_hub, taken, proven, digest, size, resubmits)
        transport = open_transport(open_hub, taken.transport)
        assert transport is not None  # noqa: S101  # a route of batches reads a folder
        with open_hub.write() as transaction:
            batch = announce(transaction, taken, digest, size, file.name, resubmits)
        with Progress(f"sending {file.name}", size) as progress:
            transport.put_in(taken.place, file.name, progress.counted(read_parts(file)))
    if as_json:
        print_json({"id": batch.id, "orders": proven.frame.orders})
    else:
        out(f"{batch.id}\t{proven.frame.orders} orders\t{file}")


def proven_file(route: Route, file: pathlib.Path, content: BinaryIO) -> tuple[ProvenBatch, int]:
    """Read a file of many orders once, with a progress bar; return what was proven, and the bytes of the file.

    Raises:
        RouteWithoutBatches, Invalid: as `prove_batch` does.
    """
    from hub.data_manager.batch_proof import prove_batch

    size = os.fstat(content.fileno()).st_size
    with Progress(f"checking {file.name}", size) as progress:
        return progress.follow(prove_batch(route, content, size)), size


@batch_app.command("list", cls=TextCommand)
def list_batches(
    state: Annotated[str | None, typer.Option(help=f"Only those in this state: {', '.join(BATCH_STATES)}.")] = None,
    route: Annotated[str | None, typer.Option(help="Only this route's.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most batches, the newest first.")] = 100,
    as_json: Json = False,
) -> None:
    """List batches, the newest first."""
    MessageStateUnknown.check(state, BATCH_STATES)
    with opened_hub(only_messages=True) as open_hub, open_hub.read() as transaction:
        batches = transaction.messages.batches.listing(limit, route, state)
        rows = [_described(transaction, batch) for batch in batches]
    if as_json:
        print_json(rows)
    else:
        out(table(_LISTED, [[_cell(row, head) for head in _LISTED] for row in rows]))


@batch_app.command("show", cls=TextCommand)
def show_batch(
    id: Annotated[str, typer.Argument(help="The batch's id.")],
    every: Annotated[bool, typer.Option("--all", help="List all orders, not only refused and parked ones.")] = False,
    answer: Annotated[pathlib.Path | None, typer.Option(metavar="FILE", help="Write its answer to this file.")] = None,
    as_json: Json = False,
) -> None:
    """Show one batch, and the orders that are refused or parked; or write its answer to a file."""
    with opened_hub(only_messages=answer is None) as open_hub:
        batch = _row(open_hub, id)
        with open_hub.read() as transaction:
            record = _described(transaction, batch)
        if answer is not None:
            _write_answer(open_hub, batch, answer)
            return
        parts = _parts(open_hub, batch, every)
    if as_json:
        print_json({**record, "parts": parts})
        return
    for name, value in record.items():
        if value not in (None, {}) and name != "error":
            out(f"{name}: {value}" if not isinstance(value, dict) else f"{name}: {_counted(value)}")
    for name, value in (record["error"] or {}).items():
        out(f"error {name}: {value}")
    if parts:
        out(table(_PARTS, [[_cell(part, head) for head in _PARTS] for part in parts[: None if every else _SHOWN]]))
    if not every and len(parts) > _SHOWN:
        complain(f"there are {len(parts) - _SHOWN} more refused or parked orders: --all shows them")


@batch_app.command("give-up", cls=TextCommand)
def give_up(
    id: Annotated[str, typer.Argument(help="A batch whose work is interrupted, or that is announced only.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for those who look at the batch later.")],
    as_json: Json = False,
) -> None:
    """End a batch that can't go on: it holds no other one, and its messages are worked as ever."""
    from hub.data_manager.batch_end import give_up_batch

    with opened_hub() as open_hub:
        give_up_batch(open_hub, _row(open_hub, id), reason)
    tell_end(id, "given up", as_json)


def _row(open_hub: OpenHub, id: str) -> BatchRow:
    with open_hub.read() as transaction:
        batch = transaction.messages.batches.row(id)
    if batch is None:
        raise BatchUnknown(id=id)
    return batch


def _write_answer(open_hub: OpenHub, batch: BatchRow, file: pathlib.Path) -> None:
    from hub.data_manager.batch_answer import answer_file
    from hub.deployment.route import route_named

    if batch.state not in ("done", "given up"):
        raise BatchNotAnswered(batch=batch)
    route = route_named(open_hub.deployment.routes, batch.route)
    write_parts(file, answer_file(open_hub, route, batch).parts)
    out(str(file))


def _described(transaction: Transaction, batch: BatchRow) -> dict[str, Any]:
    """Return a batch as people and ``--json`` get it: with the numbers of its orders in each state."""
    from hub.data_manager.batch_answer import counts_of

    answered = transaction.messages.batches.answered(batch)
    return {**vars(batch), "orders": answered.orders, "filed": answered.filed, **counts_of(transaction, batch)}


def _parts(open_hub: OpenHub, batch: BatchRow, every: bool) -> list[dict[str, Any]]:
    with open_hub.read() as transaction:
        return transaction.messages.batches.parts(batch.answered, every)


def _cell(row: Mapping[str, Any], head: str) -> Any:
    return (row["error"] or {}).get("reason") if head == "reason" else row[head]


def _counted(states: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {state}" for state, number in states.items())
