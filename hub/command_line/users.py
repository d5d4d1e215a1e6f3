"""`orderhub user`: the people who log in, with their types, accounts and passwords.

A password is never an argument: other users of the machine see the arguments of a command.

Spec: docs/users.md.
"""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.command_line.exit_codes import CommandMisused, misused
from hub.command_line.opened_hub import opened_hub
from hub.command_line.options import Json
from hub.command_line.text_command import TextCommand
from hub.deployment.deployment import open_deployment
from hub.presentation.printing import complain, out, print_json, table

if TYPE_CHECKING:
    from hub.access.audit import Actor
    from hub.access.people import People
    from hub.access.user import User

app = typer.Typer()
user_app = typer.Typer(no_args_is_help=True, help="The people who log in: their types, accounts and passwords.")
app.add_typer(user_app, name="user")

#: where an action comes from, in the audit
COMMAND_LINE = "command line"

Name = Annotated[str, typer.Argument(metavar="NAME", help="The user's name.")]
Accounts = Annotated[list[str], typer.Argument(metavar="ACCOUNT...", help="Account Ids.")]
Why = Annotated[str, typer.Option(metavar="TEXT", help="The reason, for the audit.")]
Ask = Annotated[
    bool, typer.Option("--ask", help="Ask for the password, or read it from standard input; without, one is made.")
]


class PasswordMissing(CommandMisused):
    """A password was to be read, and nothing came."""

    what = "no password was given"
    where = "standard input"
    why = "the first line is empty"
    mend = "type the password, or leave --ask out: a password is made and printed"


class ProviderMissing(CommandMisused):
    """A user is to log in by OpenID Connect, and the deployment has no provider."""

    what = "nobody could log in by OpenID Connect"
    where = "option --open-id"
    why = "the setting open_id_issuer is missing"
    mend = "add the settings of OpenID Connect (docs/users.md), or leave the option out"


@user_app.command("add", cls=TextCommand)
def add_user(
    name: Name,
    type: Annotated[str, typer.Option(metavar="TYPE", help="The user's type, such as customer.")],
    organization: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The company that the user works for.")
    ] = None,
    account: Annotated[
        list[str] | None, typer.Option("--account", metavar="ACCOUNT", help="An account of the user; may be repeated.")
    ] = None,
    members: Annotated[bool, typer.Option("--members", help="With all accounts beneath these.")] = False,
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without", metavar="RIGHT", help="A right of the type that the user doesn't get; may be repeated."
        ),
    ] = None,
    open_id: Annotated[
        str | None,
        typer.Option(metavar="SUBJECT", help="The subject (sub) at the OpenID provider; no password is made."),
    ] = None,
    ask: Ask = False,
    why: Why = "",
) -> None:
    """Add a user. The password is printed once; the user changes it at the first log-in."""
    from hub.access.people import NewUser

    password, digest = (None, None) if open_id and not ask else _new_password(ask, name, organization)
    with _people() as (people, by), misused():
        proven = None if open_id is None else _at_provider(open_id)
        new = NewUser(name, type, organization, account or (), members, without or (), digest, open_id=proven)
        user = people.add(new, by, why)
    if password is None:
        complain(f"{user.name} logs in by OpenID Connect")
    else:
        _tell_password(user.name, password, ask)


@user_app.command("list", cls=TextCommand)
def list_users(as_json: Json = False) -> None:
    """List the users with their types and accounts."""
    with opened_hub() as open_hub, open_hub.read() as transaction:
        users = [_described(user) for user in open_hub.access.people(transaction.connection).every()]
    if as_json:
        print_json(users)
        return
    rows = [
        (
            user["name"],
            user["type"],
            user["state"],
            user["organization"],
            ", ".join(user["accounts"]) + (" with members" if user["with_members"] else ""),
            ", ".join(user["withheld"]),
        )
        for user in users
    ]
    out(table(("user", "type", "state", "organization", "accounts", "without"), rows))


@user_app.command("disable", cls=TextCommand)
def disable_user(name: Name, why: Why = "") -> None:
    """Disable a user: all sessions end at once, and no log-in succeeds."""
    with _people() as (people, by):
        people.disable(name, by, why)
    complain(f"{name} is disabled")


@user_app.command("enable", cls=TextCommand)
def enable_user(name: Name, why: Why = "") -> None:
    """Enable a disabled user."""
    with _people() as (people, by):
        people.enable(name, by, why)
    complain(f"{name} is enabled")


@user_app.command("password", cls=TextCommand)
def set_password(name: Name, ask: Ask = False, why: Why = "") -> None:
    """Give a user a new password, as when it is lost: all sessions end, and the user changes it at the next log-in."""
    with opened_hub() as open_hub, open_hub.read() as transaction:
        user = open_hub.access.people(transaction.connection).user(name)
    password, digest = _new_password(ask, user.name, user.organization)
    with _people() as (people, by):
        people.set_password(name, digest, by, why)
    _tell_password(user.name, password, ask)


@user_app.command("grant", cls=TextCommand)
def grant(name: Name, accounts: Accounts, why: Why = "") -> None:
    """Give a user accounts."""
    with _people() as (people, by):
        given = people.give(name, accounts, by, why)
    for account in given:
        out(account)
    complain(f"accounts were given to {name}: {len(given)} of {len(accounts)}")


@user_app.command("revoke", cls=TextCommand)
def revoke(name: Name, accounts: Accounts, why: Why = "") -> None:
    """Take accounts from a user, at once."""
    with _people() as (people, by):
        taken = people.take(name, accounts, by, why)
    for account in taken:
        out(account)
    complain(f"accounts were taken from {name}: {len(taken)} of {len(accounts)}")


@user_app.command("totp", cls=TextCommand)
def set_totp(
    name: Name,
    off: Annotated[bool, typer.Option("--off", help="Let the user log in without codes.")] = False,
    why: Why = "",
) -> None:
    """Let the log-in of a user ask for the codes of an app; print once what the app must know."""
    from hub.access.totp import address_of, new_secret

    secret = None if off else new_secret()
    with _people() as (people, by):
        people.set_totp(name, secret, by, why)
        user = people.user(name)
    if secret is None:
        complain(f"{user.name} logs in without codes")
        return
    out(f"{secret}\t{address_of(secret, user.name)}")
    complain(f"give this to {user.name}, whose app reads it; it isn't shown again")


@contextmanager
def _people() -> Iterator[tuple[People, Actor]]:
    """Open the users for a change, and tell who changes them."""
    from hub.access.audit import Actor

    with opened_hub() as open_hub, open_hub.write() as transaction:
        people = open_hub.access.people(transaction.connection)
        yield people, Actor(open_hub.deployment.settings.user, COMMAND_LINE)


def _at_provider(subject: str) -> str:
    """Return the subject of a user together with the deployment's provider."""
    from hub.access.open_id import open_id_of

    issuer = open_deployment(pathlib.Path.cwd()).settings.open_id_issuer
    if issuer is None:
        raise ProviderMissing
    return open_id_of(issuer, subject)


def _new_password(ask: bool, name: str, organization: str | None) -> tuple[str, str]:
    """Make a password, or read one and prove it; return it with its digest."""
    from hub.access.passwords import check_password, new_password, password_digest

    password = _read_password(name) if ask else new_password()
    if ask:
        with misused():
            check_password(password, (name, organization))
    return password, password_digest(password)


def _read_password(name: str) -> str:
    """Read a password: hidden from a terminal, else the first line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True, err=True))
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise PasswordMissing
    return password


def _tell_password(name: str, password: str, was_asked: bool) -> None:
    """Print a password that was made; never one that somebody typed."""
    if not was_asked:
        out(f"{name}\t{password}")
    complain(f"{name} must change the password at the next log-in" + ("" if was_asked else "; it isn't shown again"))


def _described(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "type": user.user_type.name,
        "state": "disabled" if user.disabled else "new password" if user.must_change_password else "enabled",
        "organization": user.organization,
        "accounts": sorted(user.accounts),
        "with_members": user.with_members,
        "withheld": sorted(user.withheld),
        "codes": user.has_totp,
    }
