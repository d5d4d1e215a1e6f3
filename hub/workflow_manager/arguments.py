"""Arguments of methods and workflows, as commands and messages give them: name and text.

    orderhub call delta old=@a.xml new=@b.xml          methods, whose objects are files
    orderhub workflow new-quote account=1-A            workflows, whose arguments also come in messages

A method or workflow declares each of its arguments once. For a mistyped name the error proposes the nearest one.

Spec: docs/design/methods.md, "Reached from outside"; docs/design/integration.md, "Reached from outside".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from integration_objects.currencies import CURRENCIES
from integration_objects.errors import Misconfigured, Refused, UnknownName
from integration_objects.field_values import FIRST_YEAR, LAST_YEAR, check_characters, read_date, read_number

#: the way in which the text of an argument is read
Kind = (
    Literal["object", "objects", "any", "requests"]
    | Literal["text", "flag", "whole", "number", "date", "list", "currency"]
    | Literal["account", "quote", "order"]
)
#: the kinds that name a stored object; the object's account is locked before the work starts
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
#: all kinds
KINDS = frozenset(kind for kinds in get_args(Kind) for kind in get_args(kinds))

#: characters of a wrong value that an error shows
_MOST_SHOWN = 200


class ArgumentUnknown(UnknownName, Refused):
    """There is no argument with this name."""

    what = "'{of}' has no argument '{name}'"
    why = "{takes}"


class KindUnknown(UnknownName, Misconfigured):
    """An argument of a deployment's own workflow has an unknown kind."""

    kind = "kind of argument"
    where = "argument '{argument}'"


class ArgumentMissing(Refused):
    """A required argument was not given."""

    what = "'{of}' needs the argument '{argument.name}'"
    why = "{takes}"
    mend = "add {argument.name}={argument.example}"


class ArgumentWrong(Refused):
    """An argument has a text that it doesn't take."""

    what = "the argument '{name}' can't be read"
    where = "argument '{name}'"
    why = "expected {expected}, found '{shown}'"
    mend = "give {expected}"


@dataclass(frozen=True)
class Argument:
    """An argument of a method or workflow.

    Attributes:
        name: the name in commands and messages: ``service-account``.
        kind: the way in which its text is read.
        required: whether it must be given.
        help: a line for people.
        length: most characters of its text; None if a later check limits it anyway.
    """

    name: str
    kind: Kind = "text"
    required: bool = False
    help: str = ""
    length: int | None = None

    def __post_init__(self) -> None:
        """Refuse a kind that isn't there: a deployment's own Python is not always checked by mypy."""
        if self.kind not in KINDS:
            raise KindUnknown(self.kind, KINDS, argument=self.name)

    @property
    def parameter(self) -> str:
        """The name of the function's parameter: ``service_account``."""
        return self.name.replace("-", "_")

    @property
    def example(self) -> str:
        """An example of a value."""
        return EXAMPLES.get(self.kind, "...")


def by_name(arguments: Iterable[Argument]) -> dict[str, Argument]:
    """Return the arguments by their names."""
    return {argument.name: argument for argument in arguments}


def split(of: str, where: str, texts: Iterable[str], known: Mapping[str, Argument]) -> list[tuple[str, str]]:
    """Split each ``name=value`` of a command into name and value.

    Raises:
        ArgumentWrong: a text has no ``=``.
    """
    pairs = []
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise ArgumentWrong(
                f"'{text}' is no argument", where=where, why=_takes(of, known), mend=_named(text, known)
            )
        pairs.append((name, value))
    return pairs


def given(of: str, where: str, pairs: Iterable[tuple[str, str]], known: Mapping[str, Argument]) -> dict[str, list[str]]:
    """Gather the texts of the arguments by name; only arguments of the kind ``objects`` may have several.

    *known* are the arguments that the method or workflow *of* takes; *where*, the command or message, is for errors.

    Raises:
        ArgumentUnknown, ArgumentMissing, ArgumentWrong: the error names the argument, and all known arguments.
    """
    # Unknown names come before missing ones: a mistyped name is the reason why its argument is missing.
    takes = _takes(of, known)
    texts: dict[str, list[str]] = {}
    for name, text in pairs:
        if name not in known:
            raise ArgumentUnknown(name, known, where=where, of=of, takes=takes)
        if name in texts and known[name].kind != "objects":
            what = f"the argument '{name}' is given twice"
            raise ArgumentWrong(what, where=where, why="it takes one value", mend="give it once")
        texts.setdefault(name, []).append(text)
    for argument in known.values():
        if argument.required and argument.name not in texts:
            raise ArgumentMissing(where=where, of=of, argument=argument, takes=takes)
    return texts


def read_text(argument: Argument, text: str) -> Any:
    """Read the value of an argument from its text; objects and files are read elsewhere.

    Raises:
        ArgumentWrong: the argument doesn't take this text.
        RequestFaulty: requests to the configurator aren't understood.
    """
    if argument.kind == "list":
        return [part.strip() for part in text.split(",") if part.strip()]
    if argument.kind == "requests":
        # Imported here: pydantic takes longer to load than a small command runs.
        from hub.configurator.requests_json import requests_from_json

        return requests_from_json(text)
    expected = _expected_instead(argument, text)
    if expected:
        shown = text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "..."
        raise ArgumentWrong(name=argument.name, expected=expected, shown=shown)
    if argument.kind == "flag":
        return text == "Y"
    return int(text) if argument.kind == "whole" else text


def _expected_instead(argument: Argument, text: str) -> str:
    """Say what the argument expects in place of *text*; "" if it takes *text*."""
    kind = argument.kind
    if kind == "flag":
        return "" if text in ("Y", "N") else "Y or N"
    if kind == "whole":
        # Eighteen digits fit into the 64 bits of a database's whole number.
        is_whole = text.isascii() and text.isdigit() and len(text) <= 18 and int(text) > 0
        return "" if is_whole else "a whole number of 1 or more"
    if kind == "currency" and text not in CURRENCIES:
        return "the code of a currency in use, as USD (ISO 4217)"
    if kind == "number" and not _is_read_by(read_number, text):
        return "a number"
    if kind == "date" and not _is_read_by(read_date, text):
        return f"a date as 2026-01-31, of the years {FIRST_YEAR} to {LAST_YEAR}"
    if check_characters(text) is not None:
        return "text that XML can carry"
    if kind in IDENTIFIERS and not text.strip():
        return f"the key of {'a' if kind == 'quote' else 'an'} {kind}"
    if argument.length is not None and len(text) > argument.length:
        return f"at most {argument.length} characters"
    return ""


def _is_read_by(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def _named(text: str, known: Mapping[str, Argument]) -> str:
    """Write the mend for a text without a name: the name that it can only have, else how an argument is written."""
    if len(known) == 1:
        return f"write {next(iter(known))}={text}"
    examples = [f"{name}={argument.example}" for name, argument in known.items()]
    return f"write a name and a value, as {examples[0]}" if examples else "leave it out"


def _takes(of: str, known: Mapping[str, Argument]) -> str:
    return f"'{of}' takes {', '.join(f'{name}=' for name in known) or 'nothing'}"
