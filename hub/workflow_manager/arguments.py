"""Arguments of methods and workflows, as commands and messages give them: name and text.

    orderhub call delta old=@a.xml new=@b.xml          methods, whose objects are files
    orderhub workflow new-quote account=1-A            workflows, whose arguments also come in messages

An argument is declared once, by whoever takes it; a mistyped name is answered with the nearest one.

Spec: docs/design/methods.md, "Reached from outside"; docs/design/integration.md, "Reached from outside".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hub.configurator.requests import requests_from_json
from integration_objects.errors import Refused
from integration_objects.field_values import FIRST_YEAR, LAST_YEAR, check_characters, read_date, read_number
from integration_objects.nearest import nearest

Kind = Literal[
    "object",
    "objects",
    "text",
    "flag",
    "whole",
    "number",
    "date",
    "list",
    "any",
    "account",
    "quote",
    "order",
    "currency",
    "requests",
]
#: the kinds that name something stored: what they name is locked before the work starts
IDENTIFIERS = frozenset(("account", "quote", "order"))
#: an example of a value, for errors and help
EXAMPLES: Mapping[str, str] = {
    "object": "@file.xml",
    "objects": "@file.xml",
    "any": "@file.xml",
    "requests": "@requests.json",
    "flag": "Y",
    "whole": "1",
    "number": "1.5",
    "currency": "USD",
    "date": "2026-01-31",
}


_CURRENCY = re.compile("[A-Z]{3}")


class ArgumentUnknown(Refused):
    """There is no argument with this name."""


class ArgumentMissing(Refused):
    """An argument that is needed was not given."""


class ArgumentWrong(Refused):
    """An argument's text isn't what the argument takes."""


@dataclass(frozen=True)
class Argument:
    """What a method or workflow takes under one name.

    Attributes:
        name: as commands and messages give it: ``service-account``.
        kind: how its text is read.
        required: whether it must be given.
        help: a line for people.
        length: most characters of a text; None where what it names or fills is checked later anyway.
    """

    name: str
    kind: Kind = "text"
    required: bool = False
    help: str = ""
    length: int | None = None

    @property
    def parameter(self) -> str:
        """The name of the function's parameter: ``service_account``."""
        return self.name.replace("-", "_")

    @property
    def example(self) -> str:
        """How a value looks like."""
        return EXAMPLES.get(self.kind, "...")


def by_name(arguments: Iterable[Argument]) -> dict[str, Argument]:
    """The arguments by their names."""
    return {argument.name: argument for argument in arguments}


def split(of: str, where: str, texts: Iterable[str], known: Mapping[str, Argument]) -> list[tuple[str, str]]:
    """``name=value`` as a command has it, taken apart.

    Raises:
        ArgumentWrong: one of them has no ``=``.
    """
    pairs = []
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise ArgumentWrong(
                f"'{text}' is no argument",
                where=where,
                why=_takes(of, known),
                mend="write name=@file.xml, or name=text",
            )
        pairs.append((name, value))
    return pairs


def given(of: str, where: str, pairs: Iterable[tuple[str, str]], known: Mapping[str, Argument]) -> dict[str, list[str]]:
    """The arguments' texts by name, each once but for those that may be repeated.

    Args:
        of: the method or workflow, for errors.
        where: the command or the message, for errors.
        pairs: name and text.
        known: what it takes.

    Raises:
        ArgumentUnknown, ArgumentMissing, ArgumentWrong: names the argument, and what is taken.
    """
    takes = _takes(of, known)
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in known:
            raise ArgumentUnknown(
                f"'{of}' has no argument '{name}'",
                where=where,
                why=takes,
                mend=nearest(name, known) or "name one of them",
            )
        if name in found and known[name].kind != "objects":
            raise ArgumentWrong(
                f"the argument '{name}' is given twice", where=where, why="it takes one value", mend="give it once"
            )
        found.setdefault(name, []).append(value)
    for one in known.values():
        if one.required and one.name not in found:
            raise ArgumentMissing(
                f"'{of}' needs the argument '{one.name}'",
                where=where,
                why=takes,
                mend=f"add {one.name}={one.example}",
            )
    return found


def read_text(argument: Argument, text: str) -> Any:
    """What an argument's text means; objects and files are not for this.

    Raises:
        ArgumentWrong: it isn't what the argument takes.
        RequestFaulty: requests to the configurator aren't understood.
    """
    if argument.kind == "list":
        return [part.strip() for part in text.split(",") if part.strip()]
    if argument.kind == "flag":
        if text not in ("Y", "N"):
            raise wrong(argument, text, "Y or N")
        return text == "Y"
    if argument.kind == "requests":
        return requests_from_json(text)
    if argument.kind == "currency" and not _CURRENCY.fullmatch(text):
        raise wrong(argument, text, "a currency's code of three capitals, as USD (ISO 4217)")
    if argument.kind == "whole":
        if not (text.isascii() and text.isdigit() and len(text) <= 18 and int(text) > 0):
            raise wrong(argument, text, "a whole number of 1 or more")
        return int(text)
    try:
        if argument.kind == "number":
            read_number(text)
        elif argument.kind == "date":
            read_date(text)
    except ValueError as error:
        date = f"an ISO date of the years {FIRST_YEAR} to {LAST_YEAR}"
        raise wrong(argument, text, "a number" if argument.kind == "number" else date) from error
    fault = check_characters(text)
    if fault is not None or (argument.kind in IDENTIFIERS and not text.strip()):
        key = f"the key of {'an' if argument.kind[0] in 'aeiou' else 'a'} {argument.kind}"
        raise wrong(argument, text, "text without control characters" if fault else key)
    if argument.length is not None and len(text) > argument.length:
        raise wrong(argument, text, f"at most {argument.length} characters")
    return text


def wrong(argument: Argument, text: str, expected: str) -> ArgumentWrong:
    """The error of a text that isn't what the argument takes."""
    return ArgumentWrong(
        f"the argument '{argument.name}' can't be read",
        where=f"argument '{argument.name}'",
        why=f"expected {expected}, found '{_short(text)}'",
        mend=f"give {expected}",
    )


def _takes(of: str, known: Mapping[str, Argument]) -> str:
    return f"'{of}' takes {', '.join(f'{name}=' for name in known) or 'nothing'}"


def _short(text: str, most: int = 200) -> str:
    return text if len(text) <= most else text[:most] + "..."
