"""The people who log in: they are added, disabled, given accounts and passwords; each step writes to the audit.

    People.user, every           a user, or all, with their accounts
    People.add ... disable       what administrators do
    People.open_account, close_account    what customers do for third parties

Everything runs in the caller's transaction. Whether somebody may do it is the caller's question to `allowed`.

Source: User Profiles ("maintained by a Profile Manager"). Spec: docs/users.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from adapters.database.access.sessions import StoredSessions
from adapters.database.access.users import Holder, StoredUser, Users
from hub.access.audit import Actor, Audit
from hub.access.rights import MANAGE_USERS, OPEN_ACCOUNTS, RIGHTS
from hub.access.throttle import Throttle
from hub.access.user import ActionObject, User
from hub.access.user_type import EVERY, GRANTED, OWN, UserType
from integration_objects.errors import Refused, UnknownName
from integration_objects.names import ACCOUNT

if TYPE_CHECKING:
    from adapters.database.objects.store import ObjectStore
    from integration_objects.surroundings import Surroundings

#: Letters of other scripts may look the same: two users of one look would be told apart by nobody.
NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}", re.ASCII)
USER = "user"
CLOSE_ACCOUNT = "close account"
#: Characters of the columns: a company's name; a provider's address, and a subject.
_MOST_ORGANIZATION, _MOST_OPEN_ID = 255, 512
#: Accounts that are looked up by themselves, before all accounts beneath are read at once.
_MOST_LOOK_UPS = 50


class UserUnknown(Refused):
    """No user has this name."""

    what = "there is no user '{name}'"
    where = "the user's name"
    why = "no user of this name was added"
    mend = "`orderhub user list` has the names"


class UserExists(Refused):
    """A user with this name was added before."""

    what = "there is a user '{name}' already"
    where = "the user's name"
    why = "capital and small letters are the same in a user's name"
    mend = "give another name; a disabled user can be enabled again (`orderhub user enable`)"


class UserNameUnfit(Refused):
    """A text can't be the name of a user."""

    what = "'{name}' can't be the name of a user"
    where = "the user's name"
    why = "a name has up to 64 letters of a to z and digits, with . _ @ + - behind the first one"
    mend = "give a name such as ann.smith or ann@kite.example"


class SubjectUnfit(Refused):
    """A text can't be the subject of a user at a provider of OpenID Connect."""

    what = "this can't be the subject of a user"
    where = "the user's subject at the provider"
    why = "a subject has up to 255 characters that can be printed"
    mend = "copy it from the provider, where it may be called sub or object id"


class SubjectTaken(Refused):
    """Another user has the subject at the provider."""

    what = "the user '{name}' has this subject already"
    where = "the user's subject at the provider"
    why = "a subject logs in as one user"
    mend = "give the subject of this user"


class OrganizationUnfit(Refused):
    """A text can't be the company that a user works for."""

    what = "this can't be the company of a user"
    where = "the user's organization"
    why = "a company's name has up to {most} characters that can be printed"
    mend = "give a shorter name, on one line"


class UserTypeUnknown(UnknownName, Refused):
    """No type of users has this name."""

    kind = "user type"
    where = "the user's type"


class WithheldRightUnknown(UnknownName, Refused):
    """A right that a user shall not have isn't one."""

    kind = "right"
    where = "the withheld rights"


class AccountsUnneeded(Refused):
    """Accounts are given to a user who sees all of them."""

    what = "'{name}' can't be given accounts"
    where = "the user's accounts"
    why = "a user of the type '{user_type}' sees every account"
    mend = "leave the accounts out, or declare a type whose users see own accounts"


class AccountNotStored(Refused):
    """Accounts are given that the hub doesn't have."""

    what = "these accounts are unknown: {accounts}"
    where = "the user's accounts"
    why = "no account of such an Account Id is stored"
    mend = "mend the Account Id (`orderhub find NAME` finds it), or load the account (orderhub load)"


class ThirdPartyUnknown(Refused):
    """An account is opened to somebody who is no third party; whether there is such a user isn't told."""

    what = "there is no third party '{name}'"
    where = "the third party's name"
    why = "no third party of this name can be given accounts"
    mend = "ask the third party for the name by which it logs in"


@dataclass(frozen=True)
class NewUser:
    """A user who is to be added.

    Attributes:
        password: the digest of the password; None for a user who can't log in by password.
        must_change_password: whether somebody else knows the password.
        open_id: the provider of OpenID Connect and the user's subject there, as `open_id_of` writes them.
    """

    name: str
    user_type: str
    organization: str | None = None
    accounts: Sequence[str] = ()
    with_members: bool = False
    withheld: Sequence[str] = ()
    password: str | None = None
    must_change_password: bool = True
    open_id: str | None = None


class AccountsBeneath:
    """The accounts beneath some accounts, looked up when somebody asks for one.

    A customer may have 10,000 of them, and a page is mostly about one. Each of the first is looked up by itself; one
    who asks for many more has them all read.
    """

    def __init__(self, store: ObjectStore, tops: frozenset[str]) -> None:
        self._store, self._tops = store, tops
        self._known: dict[object, bool] = {}
        self._every: set[str] | None = None

    def __contains__(self, account: object) -> bool:
        if account not in self._known:
            self._known[account] = self._is_beneath(account)
        return self._known[account]

    def _is_beneath(self, account: object) -> bool:
        if self._every is None and len(self._known) >= _MOST_LOOK_UPS:
            self._every = self._store.keys_beneath(ACCOUNT, self._tops)
        if self._every is not None:
            return account in self._every
        return not self._tops.isdisjoint(self._store.keys_above(ACCOUNT, str(account)))


class People:
    """The users of a deployment, in the transaction of *connection*."""

    def __init__(
        self,
        connection: Any,
        surroundings: Surroundings,
        user_types: Mapping[str, UserType],
        store: ObjectStore,
    ) -> None:
        self._connection = connection
        self._surroundings = surroundings
        self._types = user_types
        self._store = store
        self._users = Users(connection)
        self._audit = Audit(connection, surroundings)

    def user(self, name: str) -> User:
        """Return a user by name, with the accounts that the user sees.

        Raises:
            UserUnknown: nobody has the name.
        """
        return self._read(self._stored(name))

    def user_by_id(self, user_id: str) -> User | None:
        """Return a user by id; None for none."""
        stored = self._users.by_id(user_id)
        return None if stored is None else self._read(stored)

    def every(self) -> list[User]:
        """Return all users by name, each with the given accounts, without those beneath them."""
        accounts = self._users.accounts_of_every()
        return [self._user(stored, accounts.get(stored.id, ())) for stored in self._users.every()]

    def holders(self, account_id: str) -> list[Holder]:
        """Return the third parties that an account is open to."""
        return [
            holder for holder in self._users.holders(account_id) if self._type(holder.user_type).accounts == GRANTED
        ]

    def add(self, new: NewUser, by: Actor, why: str = "") -> User:
        """Add a user.

        Raises:
            UserNameUnfit, UserExists, UserTypeUnknown, WithheldRightUnknown, OrganizationUnfit, AccountsUnneeded,
                AccountNotStored, SubjectUnfit, SubjectTaken: the user can't be added so.
        """
        name = plain_name(new.name)
        if new.user_type not in self._types:
            raise UserTypeUnknown(new.user_type, self._types)
        for right in new.withheld:
            if right not in RIGHTS:
                raise WithheldRightUnknown(right, RIGHTS)
        if self._users.by_name(name) is not None:
            raise UserExists(name=name)
        organization = new.organization or ""
        if not organization.isprintable() or len(organization) > _MOST_ORGANIZATION:
            raise OrganizationUnfit(most=_MOST_ORGANIZATION)
        if new.open_id is not None:
            self._prove_open_id(new.open_id)
        now = self._surroundings.now()
        stored = StoredUser(
            id=self._surroundings.new_id(),
            name=name,
            user_type=new.user_type,
            made_at=now,
            organization=new.organization,
            with_members=new.with_members,
            withheld=tuple(dict.fromkeys(new.withheld)),
            password=new.password,
            must_change_password=new.must_change_password and new.password is not None,
            open_id=new.open_id,
        )
        accounts = self._known_accounts(stored, new.accounts) if new.accounts else []
        self._users.add(stored)
        self._users.give(stored.id, accounts, by.who, now)
        self._managed(by, f"add {new.user_type}", stored, why)
        for account_id in accounts:
            self._managed(by, "give account", stored, why, account_id)
        return self._read(stored)

    def disable(self, name: str, by: Actor, why: str = "") -> None:
        """Disable a user, and end the user's sessions."""
        stored = self._stored(name)
        self._users.set_disabled(stored.id, self._surroundings.now())
        StoredSessions(self._connection).end_all(stored.id)
        self._managed(by, "disable", stored, why)

    def enable(self, name: str, by: Actor, why: str = "") -> None:
        """Enable a disabled user."""
        stored = self._stored(name)
        self._users.set_disabled(stored.id, None)
        self._managed(by, "enable", stored, why)

    def set_password(self, name: str, digest: str, by: Actor, why: str = "") -> None:
        """Give a user a password that somebody else knows; end the user's sessions, and forget failed log-ins."""
        stored = self._stored(name)
        self._users.set_password(stored.id, digest, must_change=True)
        StoredSessions(self._connection).end_all(stored.id)
        Throttle(self._connection, self._surroundings, stored.name, "").clear_name()
        self._managed(by, "set password", stored, why)

    def set_totp(self, name: str, secret: str | None, by: Actor, why: str = "") -> None:
        """Let a user's log-in ask for codes of this secret; None for a log-in without codes. End the sessions."""
        stored = self._stored(name)
        self._users.set_totp(stored.id, secret)
        StoredSessions(self._connection).end_all(stored.id)
        self._managed(by, "set codes" if secret else "remove codes", stored, why)

    def give(self, name: str, accounts: Sequence[str], by: Actor, why: str = "") -> list[str]:
        """Give accounts to a user; return those that the user hadn't before.

        Raises:
            AccountsUnneeded: the user sees every account.
            AccountNotStored: the hub doesn't have an account.
        """
        stored = self._stored(name)
        given = self._users.give(stored.id, self._known_accounts(stored, accounts), by.who, self._surroundings.now())
        for account_id in given:
            self._managed(by, "give account", stored, why, account_id)
        return given

    def take(self, name: str, accounts: Sequence[str], by: Actor, why: str = "") -> list[str]:
        """Take accounts from a user; return those that the user had."""
        stored = self._stored(name)
        taken = self._users.take(stored.id, [each for each in accounts if each.isprintable()])
        for account_id in taken:
            self._managed(by, "take account", stored, why, account_id)
        return taken

    def open_account(self, account_id: str, third_party: str, by: Actor, why: str = "") -> None:
        """Let a third party see an account; the actor must have the right to open it.

        Raises:
            ThirdPartyUnknown: there is no such third party, or it is disabled.
            AccountNotStored: the hub doesn't have the account.
        """
        stored = self._third_party(third_party)
        if stored.disabled_at is not None:
            raise ThirdPartyUnknown(name=third_party)
        accounts = self._known_accounts(stored, [account_id])
        self._users.give(stored.id, accounts, by.who, self._surroundings.now())
        self._note(by, OPEN_ACCOUNTS, stored, why, account_id)

    def close_account(self, account_id: str, third_party: str, by: Actor, why: str = "") -> None:
        """Close an account to a third party again, at once.

        Raises:
            ThirdPartyUnknown: there is no such third party.
        """
        stored = self._third_party(third_party)
        if self._users.take(stored.id, [account_id]):
            self._note(by, CLOSE_ACCOUNT, stored, why, account_id)

    def _prove_open_id(self, open_id: str) -> None:
        if not open_id.isprintable() or len(open_id) > _MOST_OPEN_ID:
            raise SubjectUnfit
        known = self._users.by_open_id(open_id)
        if known is not None:
            raise SubjectTaken(name=known.name)

    def _third_party(self, name: str) -> StoredUser:
        stored = stored_user(self._users, name)
        if stored is None or self._type(stored.user_type).accounts != GRANTED:
            raise ThirdPartyUnknown(name=name)
        return stored

    def _known_accounts(self, stored: StoredUser, accounts: Sequence[str]) -> list[str]:
        """Return *accounts*, each once; refuse unknown ones, and a user who needs none."""
        user_type = self._type(stored.user_type)
        if user_type.accounts == EVERY:
            raise AccountsUnneeded(name=stored.name, user_type=user_type.name)
        unknown = sorted(set(accounts) - set(self._store.headers_by_key(ACCOUNT, accounts)))
        if unknown:
            raise AccountNotStored(accounts=", ".join(unknown))
        return list(dict.fromkeys(accounts))

    def _stored(self, name: str) -> StoredUser:
        stored = stored_user(self._users, name)
        if stored is None:
            raise UserUnknown(name=name)
        return stored

    def _read(self, stored: StoredUser) -> User:
        accounts = self._users.accounts(stored.id)
        return self.within(self._user(stored, accounts))

    def within(self, user: User) -> User:
        """Return a user whose accounts beneath the given ones are looked up in this transaction."""
        if not (user.with_members and user.accounts and user.user_type.accounts == OWN):
            return user
        return replace(user, members=AccountsBeneath(self._store, user.accounts))

    def _user(self, stored: StoredUser, accounts: Iterable[str]) -> User:
        return User(
            stored.id,
            stored.name,
            self._type(stored.user_type),
            stored.organization,
            frozenset(accounts),
            stored.with_members,
            withheld=frozenset(stored.withheld),
            disabled=stored.disabled_at is not None,
            must_change_password=stored.must_change_password,
            has_totp=stored.totp_secret is not None,
        )

    def _type(self, name: str) -> UserType:
        # The deployment may have lost a type that some user has: this user may do nothing.
        return self._types.get(name) or UserType(name, OWN, frozenset())

    def _managed(self, by: Actor, step: str, stored: StoredUser, why: str, account_id: str | None = None) -> None:
        """Note a step of an administrator."""
        self._note(by, f"{MANAGE_USERS}: {step}", stored, why, account_id)

    def _note(self, by: Actor, action: str, stored: StoredUser, why: str, account_id: str | None = None) -> None:
        self._audit.append(by, action, ActionObject(USER, stored.name, account_id), why)


def plain_name(name: str) -> str:
    """Return a user's name as it is stored, in small letters.

    Raises:
        UserNameUnfit: the text can't be a name.
    """
    plain = name.strip().lower()
    if not NAME.fullmatch(plain):
        raise UserNameUnfit(name=name)
    return plain


def stored_user(users: Users, name: str) -> StoredUser | None:
    """Return the user whose name somebody typed; None for none."""
    plain = name.strip().lower()
    # A text that can't be a name isn't looked for: it may have characters that no database takes.
    return users.by_name(plain) if NAME.fullmatch(plain) else None
