"""Texts of workflows without the names of other people's accounts, orders and quotes.

A workflow tells why it can't do a thing, and may name the account and the order that are in its way. Staff needs these
names; a person who sees some accounts only must not learn them.

Spec: docs/security.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from hub.access.user import User, visible_accounts
from integration_objects.errors import HubError
from integration_objects.names import ACCOUNT, ORDER, QUOTE

if TYPE_CHECKING:
    from adapters.database.objects.store import ObjectStore

#: stands in the place of a name
HIDDEN = "(not yours)"
#: names that are looked up at most; a text with more of them isn't shown
MOST_NAMES = 200
_NAME = re.compile(r"[^\W_][\w.\-/]*[^\W_]|[^\W_]")
_NUMBERED = ((ORDER, "Order Number"), (QUOTE, "Quote Number"))


def without_foreign_names(store: ObjectStore, user: User, texts: Iterable[str]) -> list[str]:
    """Put `HIDDEN` in the place of each account, order and quote that *user* may not see."""
    shown = list(texts)
    visible = visible_accounts(user)
    if visible.every:
        return shown
    names = sorted({name for text in shown for name in _NAME.findall(text)})
    numbers = [name for name in names if any(sign.isdigit() for sign in name)]
    if len(numbers) > MOST_NAMES:
        return [HIDDEN for _ in shown]
    foreign = {account for account in store.headers_by_key(ACCOUNT, names) if account not in visible}
    for kind, field in _NUMBERED:
        headers = store.items(kind, None, field, numbers)
        foreign |= {header[field] or "" for _, header in headers if header["Account Id"] not in visible}
    return [_NAME.sub(lambda match: HIDDEN if match[0] in foreign else match[0], text) for text in shown]


def hide_foreign_names(store: ObjectStore, user: User, error: HubError) -> None:
    """Take such names out of the words of an error, in place."""
    words = (error.what, error.where, error.why, error.mend)
    error.what, error.where, error.why, error.mend = without_foreign_names(store, user, words)
