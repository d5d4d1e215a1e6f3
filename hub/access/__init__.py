"""Access: users, rights, sessions and the audit.

What comes in: names, passwords and tokens of people who log in; the declared types of users.
What goes out: a `User` with his accounts, the verdict of `allowed`, and rows of the audit.
Who calls it: the web application, in the transactions of its actions; `orderhub user` and `orderhub audit`.

Spec: docs/users.md.
"""

from hub.access.rights import RIGHTS, Right
from hub.access.user import AccessDenied, ActionObject, User, VisibleAccounts, allowed, check_allowed, visible_accounts
from hub.access.user_type import UserType

__all__ = [
    "RIGHTS",
    "AccessDenied",
    "ActionObject",
    "Right",
    "User",
    "UserType",
    "VisibleAccounts",
    "allowed",
    "check_allowed",
    "visible_accounts",
]
