"""A user, and the one function that decides what the user may do.

    allowed(user, action, object)    whether the user may do it; denies by default
    visible_accounts(user)           the accounts that a list of objects may be about

Both are pure: a user is read with his accounts (`hub.access.people`), and an object tells its account.

Source: User Profiles; advantages of the invention (third party providers).
Spec: docs/users.md.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from hub.access.rights import CHANGE_OWN_PASSWORD, RIGHTS
from hub.access.user_type import EVERY, UserType
from integration_objects.errors import Refused


class AccessDenied(Refused):
    """A user asked for an action that the user may not do."""

    what = "you may not do this: {action}"
    where = "{kind}"
    why = "your rights don't allow it here"
    mend = "ask an administrator, if you need it for your work"


@dataclass(frozen=True)
class User:
    """A person who works with the hub.

    Attributes:
        name: the name for the log-in, in small letters; the User Id of the object User, where there is one.
        organization: the company that the user works for; None for none.
        accounts: the Account Ids that the user was given; those that customers opened to a third party.
        with_members: whether the accounts beneath these are the user's, too.
        members: the accounts beneath; empty without *with_members*. They are looked up in the transaction that the user
            was read in; the user of a session gets them by `People.within`.
        withheld: rights of the type that this user doesn't have.
        must_change_password: whether somebody else knows the password; until it is changed, nothing else is allowed.
        has_totp: whether the log-in asks for a code, too.
    """

    id: str
    name: str
    user_type: UserType
    organization: str | None = None
    accounts: frozenset[str] = frozenset()
    with_members: bool = False
    members: Container[str] = frozenset()
    withheld: frozenset[str] = frozenset()
    disabled: bool = False
    must_change_password: bool = False
    has_totp: bool = False

    @property
    def rights(self) -> frozenset[str]:
        """The rights of the user's type, without the withheld ones."""
        return self.user_type.rights - self.withheld


@dataclass(frozen=True)
class ActionObject:
    """The object of an action.

    Attributes:
        kind: the kind of thing, such as order, message, user.
        key: the key of the thing; None for things of this kind as a whole.
        account: the Account Id of the account that owns it; None if no account does, or if nobody knows which.
    """

    kind: str
    key: str | None = None
    account: str | None = None


@dataclass(frozen=True)
class VisibleAccounts:
    """The accounts that a user may see: every account, or those with these Account Ids and those beneath them.

    >>> "2-LB" in VisibleAccounts(ids=frozenset(["2-LB"])), "" in VisibleAccounts(every=True)
    (True, False)
    """

    every: bool = False
    ids: frozenset[str] = frozenset()
    beneath: Container[str] = frozenset()

    def __contains__(self, account: object) -> bool:
        return bool(account) and (self.every or account in self.ids or account in self.beneath)


def visible_accounts(user: User) -> VisibleAccounts:
    """Return the accounts that *user* may see; none for a disabled user."""
    if user.disabled:
        return VisibleAccounts()
    if user.user_type.accounts == EVERY:
        return VisibleAccounts(every=True)
    return VisibleAccounts(ids=user.accounts, beneath=user.members)


def allowed(user: User, action: str, object: ActionObject) -> bool:
    """Whether *user* may do *action*, a right of `RIGHTS`, on *object*.

    Without a rule that allows it, it is denied: an unknown action, too, and an object without an account for a user
    who sees some accounts only.
    """
    if user.disabled:
        return False
    if action == CHANGE_OWN_PASSWORD:
        return object.key == user.id
    # Whoever made the password could log in as well, and act in this user's name.
    if user.must_change_password or action not in user.rights:
        return False
    visible = visible_accounts(user)
    if object.account is None:
        return visible.every or not RIGHTS[action].concerns_account
    return object.account in visible


def check_allowed(user: User, action: str, object: ActionObject) -> None:
    """Refuse an action that *user* may not do.

    Raises:
        AccessDenied: it doesn't tell whether there is such an object.
    """
    if not allowed(user, action, object):
        raise AccessDenied(action=action, kind=object.kind)
