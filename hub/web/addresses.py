"""Addresses of pages, with the values of their parameters.

    /accounts/{account}   and   account=1-A, tab=Contacts   ->   /accounts/1-A?tab=Contacts

A value stands in one step of the path. Servers decode %2F before anybody can tell it from a slash, so the signs that
mean something in a path are written in another way: ~0 for ~, ~1 for /, ~2 for a point that would end in .json.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from hub.deployment.pages.page import Page

#: the ending of the address of a page's data
JSON = ".json"
#: the step before the name of an action
DO = "do"


def address_of(page: Page, parameters: Mapping[str, str | None], **more: str | None) -> str:
    """Return the address of a page; *more* are parameters that every page has: tab, done."""
    path = page.address
    for name in page.path_parameters:
        path = path.replace(f"{{{name}}}", quote(to_step(parameters.get(name) or ""), safe=""), 1)
    query = {name: parameters.get(name) for name in page.asks} | more
    return with_query(path, query)


def action_address(page: Page, action: str, parameters: Mapping[str, str | None], row: str | None = None) -> str:
    """Return the address of an action's form."""
    path, _, query = address_of(page, parameters).partition("?")
    made = f"{path}/{DO}/{action}" + (f"?{query}" if query else "")
    return made if row is None else made + ("&" if query else "?") + urlencode({"row": row})


def with_query(path: str, query: Mapping[str, str | None]) -> str:
    """Put the parameters that have a value behind a path."""
    written = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{written}" if written else path


def to_step(value: str) -> str:
    """Write a value as a step of a path.

    >>> to_step("A/1"), to_step("a.json"), to_step("1-A")
    ('A~11', 'a~2json', '1-A')
    """
    written = value.replace("~", "~0").replace("/", "~1")
    if written.endswith(JSON):
        written = f"{written.removesuffix(JSON)}~2json"
    # Browsers take such steps away.
    return written.replace(".", "~2") if written in (".", "..") else written


def from_step(step: str) -> str:
    """Read a value from a step of a path.

    >>> from_step("A~11"), from_step(to_step("~1/.."))
    ('A/1', '~1/..')
    """
    return step.replace("~2", ".").replace("~1", "/").replace("~0", "~")


def is_own_path(address: str) -> bool:
    """Tell whether an address leads to this application, and to no other server.

    >>> is_own_path("/accounts?text=a"), is_own_path("//evil.example/"), is_own_path("https://evil.example/")
    (True, False, False)
    """
    # Browsers leave out tabs and line breaks, and read a backslash as a slash.
    return address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
