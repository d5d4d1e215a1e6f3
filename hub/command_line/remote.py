"""`orderhub remote`: a user's records in one SQLite file, which is changed offline and applied.

Spec: docs/design/legacy.md, "Remote clients"; docs/remote_clients.md.
"""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.files import shown_path
from hub.command_line.opened_hub import opened_hub
from hub.command_line.options import Json
from hub.command_line.text_command import TextCommand
from hub.presentation.printing import out, print_json, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from adapters.database.replication.remote_files import ReturnedChange

app = typer.Typer()
remote_app = typer.Typer(
    no_args_is_help=True, help="Remote clients: a user's records in one file, which is changed offline and applied."
)
app.add_typer(remote_app, name="remote")

#: characters of a value that are printed; `--json` has the whole value
_MOST_PRINTED = 200
_RETURNED = ("object", "key", "field", "base", "yours", "hub", "reason")

UserId = Annotated[str, typer.Argument(metavar="USER", help="The user's User Id.")]
RemotePath = Annotated[pathlib.Path, typer.Argument(metavar="FILE", help="The user's file.")]


@remote_app.command("extract", cls=TextCommand)
def extract_file(
    user: UserId,
    file: RemotePath,
    account: Annotated[
        list[str] | None,
        typer.Option("--account", help="An account of the user; left out: the accounts of the user's newest file."),
    ] = None,
    hierarchy: Annotated[bool, typer.Option("--hierarchy", help="With all accounts beneath these.")] = False,
) -> None:
    """Write the records of a user's accounts to a new SQLite file."""
    # Imported here: `--help` needs none of it.
    from adapters.remote_file import prove_new, replace_bytes
    from hub.replication.remote_extract import extract

    prove_new(file)
    with opened_hub() as open_hub:
        kept, content = extract(open_hub, user, account or [], hierarchy, shown_path(file))
        replace_bytes(file, content, None)
    out(f"file {kept.number} of {user}\t{len(content)} bytes")


@remote_app.command("apply", cls=TextCommand)
def apply(file: RemotePath, as_json: Json = False) -> None:
    """Take the changes of a file, and replace it by a new one: fresh records, and the changes that weren't taken."""
    from adapters.remote_file import read_bytes, replace_bytes
    from hub.replication.remote_apply import apply_file

    content = read_bytes(file)
    with opened_hub() as open_hub:
        applied = apply_file(open_hub, content, shown_path(file))
        replace_bytes(file, applied.answer.body or b"", content)
    if as_json:
        returned = [_described(change) for change in applied.returned]
        print_json({"taken": list(applied.taken), "returned": returned, "number": applied.answer.number})
        return
    if applied.is_repeated:
        out("the changes of this file were taken before; nothing was done again")
    for name in applied.taken:
        out(f"taken\t{_printable(name)}")
    _print_returned(applied.returned)
    out(f"file {applied.answer.number} of {applied.answer.user_id}")


@remote_app.command("status", cls=TextCommand)
def status(user: UserId, as_json: Json = False) -> None:
    """Show a user's newest file, and the changes that came back and on which the user hasn't acted."""
    from adapters.database.replication.remote_files import RemoteFiles

    with opened_hub() as open_hub, open_hub.read() as transaction:
        files = RemoteFiles(transaction.connection, user)
        newest, returned = files.newest(), files.open_returned()
    if as_json:
        number = None if newest is None else newest.number
        print_json({"number": number, "returned": [_described(change) for change in returned]})
        return
    if newest is None:
        out(f"{user} has no file")
        return
    out(f"file {newest.number} of {user}, made at {newest.made_at}; accounts: {', '.join(newest.accounts)}")
    _print_returned(returned)


def _print_returned(changes: Iterable[ReturnedChange]) -> None:
    rows = [[_printable(described[head] or "") for head in _RETURNED] for described in map(_described, changes)]
    if rows:
        out(f"returned: {len(rows)}")
        out(table(_RETURNED, rows))


def _printable(text: str) -> str:
    """Return a text for a terminal: users may have written control characters, or whole books."""
    from integration_objects.field_values import shown

    return text if text.isprintable() and len(text) <= _MOST_PRINTED else shown(text)


def _described(change: ReturnedChange) -> dict[str, str | None]:
    return {**{head: getattr(change, head) for head in _RETURNED}, "field": change.field or "(record)"}
