"""The people who log in, and the accounts that they were given.

Everything runs in the caller's transaction.

Spec: docs/users.md.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from adapters.database.connection.statements import insert_or_nothing, insert_rows, is_one_of
from adapters.database.schema.hub_tables import HUB

USER = HUB.tables["hub_user"]
ACCOUNT = HUB.tables["hub_user_account"]
_COLUMNS = tuple(column.name for column in USER.columns)
_BY_ID = select(USER).where(USER.c.id == bindparam("wanted"))
_BY_NAME = select(USER).where(USER.c.name == bindparam("wanted"))
_BY_OPEN_ID = select(USER).where(USER.c.open_id == bindparam("wanted"))
_EVERY = select(USER).order_by(USER.c.name)
_ACCOUNTS = select(ACCOUNT.c.account_id).where(ACCOUNT.c.user_id == bindparam("of_user")).order_by(ACCOUNT.c.account_id)
_EVERY_ACCOUNT = select(ACCOUNT.c.user_id, ACCOUNT.c.account_id).order_by(ACCOUNT.c.account_id)
_HOLDERS = (
    select(USER.c.name, USER.c.user_type, ACCOUNT.c.given_by, ACCOUNT.c.given_at)
    .join(ACCOUNT, ACCOUNT.c.user_id == USER.c.id)
    .where(ACCOUNT.c.account_id == bindparam("of_account"))
    .order_by(USER.c.name)
)
_GIVE = insert_or_nothing(ACCOUNT, ["user_id", "account_id"], [ACCOUNT.c.account_id])
_TAKE = (
    delete(ACCOUNT)
    .where(ACCOUNT.c.user_id == bindparam("of_user"), is_one_of(ACCOUNT.c.account_id, "ids"))
    .returning(ACCOUNT.c.account_id)
)
# Of two log-ins with one code, only one finds the step of before.
_TAKE_STEP = (
    update(USER)
    .where(USER.c.id == bindparam("of_user"), USER.c.totp_step < bindparam("step"))
    .values(totp_step=bindparam("step"))
    .returning(USER.c.id)
)


@dataclass(frozen=True)
class StoredUser:
    """A user as the table has it.

    Attributes:
        name: in small letters.
        withheld: rights of the type that this user doesn't have.
        password: the digest of the password, with its salt and costs; None for a user who can't log in by password.
        must_change_password: whether somebody else knows the password.
        totp_secret: the secret of the codes; None for a user who logs in without codes.
        totp_step: the step of time of the last code that was taken.
        open_id: the provider of OpenID Connect and the user's subject there; None for a user without.
    """

    id: str
    name: str
    user_type: str
    made_at: str
    organization: str | None = None
    with_members: bool = False
    withheld: tuple[str, ...] = ()
    disabled_at: str | None = None
    password: str | None = None
    must_change_password: bool = False
    totp_secret: str | None = None
    totp_step: int = 0
    open_id: str | None = None


@dataclass(frozen=True)
class Holder:
    """A user who was given an account."""

    name: str
    user_type: str
    given_by: str
    given_at: str


class Users:
    """The users, in the transaction of *connection*."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_id(self, user_id: str) -> StoredUser | None:
        """Return the user with this id; None for none."""
        return _user(self._connection.execute(_BY_ID, {"wanted": user_id}).one_or_none())

    def by_name(self, name: str) -> StoredUser | None:
        """Return the user with this name, in small letters; None for none."""
        return _user(self._connection.execute(_BY_NAME, {"wanted": name}).one_or_none())

    def by_open_id(self, open_id: str) -> StoredUser | None:
        """Return the user with this subject of a provider; None for none."""
        return _user(self._connection.execute(_BY_OPEN_ID, {"wanted": open_id}).one_or_none())

    def every(self) -> list[StoredUser]:
        """Return all users by name."""
        return [user for row in self._connection.execute(_EVERY) if (user := _user(row))]

    def add(self, user: StoredUser) -> None:
        """Store a new user.

        Raises:
            ConstraintRace: another transaction has stored a user of this name.
        """
        values = {**vars(user), "withheld": json.dumps(user.withheld), "with_members": int(user.with_members)}
        values["must_change_password"] = int(user.must_change_password)
        insert_rows(self._connection, USER, _COLUMNS, [tuple(values[name] for name in _COLUMNS)])

    def set_disabled(self, user_id: str, at: str | None) -> None:
        """Disable a user from a time on; enable the user with None."""
        self._set(user_id, disabled_at=at)

    def set_password(self, user_id: str, password: str, must_change: bool) -> None:
        """Store another digest of a password."""
        self._set(user_id, password=password, must_change_password=int(must_change))

    def set_totp(self, user_id: str, secret: str | None) -> None:
        """Store another secret of codes; None for a log-in without codes."""
        self._set(user_id, totp_secret=secret, totp_step=0)

    def take_totp_step(self, user_id: str, step: int) -> bool:
        """Note that the code of this step of time was used; return False if it, or a later one, was used before."""
        return self._connection.execute(_TAKE_STEP, {"of_user": user_id, "step": step}).first() is not None

    def accounts(self, user_id: str) -> list[str]:
        """Return the Account Ids that a user was given."""
        return list(self._connection.scalars(_ACCOUNTS, {"of_user": user_id}))

    def accounts_of_every(self) -> dict[str, list[str]]:
        """Return the Account Ids of every user who was given some, by the user's id."""
        found: dict[str, list[str]] = {}
        for user_id, account_id in self._connection.execute(_EVERY_ACCOUNT):
            found.setdefault(user_id, []).append(account_id)
        return found

    def holders(self, account_id: str) -> list[Holder]:
        """Return the users who were given an account, by name."""
        return [Holder(*row) for row in self._connection.execute(_HOLDERS, {"of_account": account_id})]

    def give(self, user_id: str, account_ids: Iterable[str], by: str, at: str) -> list[str]:
        """Give accounts to a user; return those that the user hadn't before."""
        rows = [
            {"user_id": user_id, "account_id": account_id, "given_by": by, "given_at": at} for account_id in account_ids
        ]
        statement = _GIVE.on(self._connection)
        return [each for row in rows for each in self._connection.execute(statement, row).scalars()]

    def take(self, user_id: str, account_ids: Collection[str]) -> list[str]:
        """Take accounts from a user; return those that the user had."""
        values = {"of_user": user_id, "ids": list(account_ids)}
        return sorted(self._connection.execute(_TAKE, values).scalars())

    def _set(self, user_id: str, **values: Any) -> None:
        self._connection.execute(update(USER).where(USER.c.id == user_id).values(**values))


def _user(row: Row[Any] | None) -> StoredUser | None:
    if row is None:
        return None
    values: dict[str, Any] = dict(row._mapping)
    withheld: Sequence[str] = json.loads(values["withheld"])
    flags = {name: bool(values[name]) for name in ("with_members", "must_change_password")}
    return StoredUser(**{**values, **flags, "withheld": tuple(withheld)})
