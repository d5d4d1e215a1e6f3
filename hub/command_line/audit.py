"""`orderhub audit`: who did what, when, from where and why; and whether a row was removed or changed.

Spec: docs/users.md, "Audit".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hub.command_line.exit_codes import REFUSED, CommandMisused
from hub.command_line.opened_hub import opened_hub
from hub.command_line.options import Json
from hub.command_line.text_command import TextCommand
from hub.presentation.printing import complain, out, print_json, table, whole_seconds

if TYPE_CHECKING:
    from hub.access.audit import KnownRow

app = typer.Typer()
audit_app = typer.Typer(no_args_is_help=True, help="The audit: who did what, when, from where and why.")
app.add_typer(audit_app, name="audit")

_COLUMNS = ("number", "at", "who", "address", "action", "outcome", "object_kind", "object_key", "account_id", "why")


class KnownRowMalformed(CommandMisused):
    """The row that somebody kept isn't written as a number and a digest."""

    what = "'{text}' names no row of the audit"
    where = "option --known"
    why = "expected NUMBER:DIGEST"
    mend = "give the last line of an earlier `orderhub audit verify`"


@audit_app.command("list", cls=TextCommand)
def list_audit(
    user: Annotated[str | None, typer.Option(metavar="NAME", help="Only what this user did.")] = None,
    account: Annotated[str | None, typer.Option(metavar="ACCOUNT", help="Only what concerns this account.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most rows.")] = 100,
    as_json: Json = False,
) -> None:
    """List the newest rows of the audit, the last one first."""
    from hub.access.audit import Audit

    with opened_hub(only_messages=True) as open_hub, open_hub.read() as transaction:
        audit = Audit(transaction.connection, open_hub.surroundings)
        rows = audit.newest(limit, who=None if user is None else user.strip().lower(), account_id=account)
    if as_json:
        print_json([row._asdict() for row in rows])
        return
    heads = [name.removeprefix("object_").removesuffix("_id") for name in _COLUMNS]
    shown = [[getattr(row, name) for name in _COLUMNS] for row in rows]
    out(table(heads, [[whole_seconds(str(cell)) if cell is not None else None for cell in row] for row in shown]))


@audit_app.command("verify", cls=TextCommand)
def verify_audit(
    known: Annotated[
        str | None, typer.Option(metavar="NUMBER:DIGEST", help="A row that an earlier `verify` printed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare each row of the audit with the one before; print the last row's number and digest.

    Exit code 1: a row was removed, changed, or put in another place.
    """
    from hub.access.audit import Audit

    kept = _known(known)
    with opened_hub(only_messages=True) as open_hub, open_hub.read() as transaction:
        verified = Audit(transaction.connection, open_hub.surroundings).verify(kept)
    last = None if verified.last is None else str(verified.last)
    if as_json:
        faults = [{"number": fault.number, "text": fault.text} for fault in verified.faults]
        print_json({"rows": verified.rows, "last": last, "faults": faults})
    else:
        for fault in verified.faults:
            out(f"row {fault.number}: {fault.text}")
        if last is not None:
            out(last)
    count = len(verified.faults)
    complain(f"rows: {verified.rows}; " + (f"faults: {count}" if count else "the chain is whole"))
    if verified.faults:
        raise typer.Exit(REFUSED)


def _known(text: str | None) -> KnownRow | None:
    from hub.access.audit import KnownRow

    if text is None:
        return None
    known = KnownRow.read(text.strip())
    if known is None:
        raise KnownRowMalformed(text=text)
    return known
