"""The kinds of values that settings have: each reads a value of the file, or the text of an environment's variable.

A kind raises `SettingUnfit`; `hub.deployment.settings` adds the setting's name and place.
"""

from __future__ import annotations

import math
import pathlib
import re
from collections.abc import Callable
from typing import TypeVar

from hub.deployment.door import NAME
from integration_objects.time_zone import ZoneUnknown, time_zone

T = TypeVar("T")

#: characters that a header and an address may have
_VISIBLE = re.compile("[!-~]+")
#: the words of a truth value in the environment, which has texts only
_TRUTH = {
    **dict.fromkeys(("true", "yes", "on", "y", "t", "1"), True),
    **dict.fromkeys(("false", "no", "off", "n", "f", "0"), False),
}


class SettingUnfit(Exception):
    """A value isn't of the setting's kind.

    Attributes:
        why: the kind of value that is expected.
        found: the value, or the part of it that is wrong.
    """

    def __init__(self, why: str, found: object) -> None:
        super().__init__(why)
        self.why = why
        self.found = found


def text(value: object) -> str:
    """Read a text."""
    if not isinstance(value, str):
        raise SettingUnfit("expected a text in quotes", value)
    return value


def name(value: object) -> str:
    """Read a text that a column of a name takes."""
    if not 1 <= len(text(value)) <= 255:
        raise SettingUnfit("expected a text of 1 to 255 characters", value)
    return text(value)


def names(value: object) -> list[str]:
    """Read a list of texts, or one text with commas."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list):
        raise SettingUnfit("expected a list of texts", value)
    return [text(part) for part in value]


def named_texts(value: object) -> list[tuple[str, str]]:
    """Read a list of texts NAME=TEXT; a name may stand several times.

    The texts may be secrets: an entry of another form is not shown.
    """
    pairs = []
    for place, entry in enumerate(names(value), 1):
        known, _, written = entry.partition("=")
        if not _VISIBLE.fullmatch(written.strip()) or not NAME.fullmatch(known.strip()):
            why = "expected NAME=TEXT of visible ASCII, and names of letters and digits, with _ - . between"
            raise SettingUnfit(why, f"entry {place}")
        pairs.append((known.strip(), written.strip()))
    return pairs


def digests(value: object) -> list[tuple[str, str]]:
    """Read a list of texts NAME=DIGEST, each with a SHA-256 in hexadecimal."""
    pairs = named_texts(value)
    for known, written in pairs:
        if not re.fullmatch("[0-9a-f]{64}", written):
            raise SettingUnfit("expected the SHA-256 of a token, 64 digits and letters a to f", f"the entry of {known}")
    return pairs


def header(value: object) -> str:
    """Read the name of an HTTP header, in small letters."""
    if not re.fullmatch("[A-Za-z0-9-]{1,64}", text(value)):
        raise SettingUnfit("expected the name of a header: letters, digits and -", value)
    return str(value).lower()


def path(value: object) -> pathlib.Path:
    """Read the path of a file."""
    return pathlib.Path(text(value))


_WEB_ADDRESS = re.compile(r"https?://[^/\s@?#]+/?")


def zone(value: object) -> str:
    """Read the name of a time zone."""
    try:
        return time_zone(text(value)).key
    except ZoneUnknown as fault:
        raise SettingUnfit(f"{fault}: {fault.mend}", value) from fault


def web_address(value: object) -> str:
    """Read the address of a web server, without a path."""
    given = text(value)
    if not _WEB_ADDRESS.fullmatch(given):
        raise SettingUnfit("expected an address such as https://hub.example, without a path", value)
    return given.removesuffix("/")


def flag(value: object) -> bool:
    """Read a truth value."""
    truth = value if isinstance(value, bool) else _TRUTH.get(str(value).lower())
    if truth is None:
        raise SettingUnfit("expected true or false", value)
    return truth


def whole(least: int, most: int) -> Callable[[object], int]:
    """Make the kind of the whole numbers from *least* to *most*."""

    def read(value: object) -> int:
        number = _number(value)
        if not least <= number <= most or number != int(number):
            raise SettingUnfit(f"expected a whole number from {least} to {most}", value)
        return int(number)

    return read


def seconds(least: float, most: float) -> Callable[[object], float]:
    """Make the kind of a number of seconds from *least* to *most*."""

    def read(value: object) -> float:
        number = _number(value)
        if not least <= number <= most:
            raise SettingUnfit(f"expected seconds from {least:g} to {most:g}", value)
        return number

    return read


def optional(kind: Callable[[object], T]) -> Callable[[object], T | None]:
    """Make the kind of settings that are left out, or have a value of *kind*."""

    def read(value: object) -> T | None:
        return None if value is None else kind(value)

    return read


def _number(value: object) -> float:
    """Return a number, also one that is written as a text; nan, which lies between no limits, for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan
