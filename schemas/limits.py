"""Limits on the size, depth and width of a message.

Spec: docs/design/guarantees.md, "Limits".
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

from integration_objects.errors import Invalid, Misconfigured, UnknownName


class LimitExceeded(Invalid):
    """The message is larger, deeper or wider than its route allows."""

    what = "the message exceeds the limit '{limit}'"
    why = "at most {most} {counted} are allowed, and there are {found}"
    mend = "send smaller messages, or raise '{limit}' in the route's limits"


class LimitBeyondCap(Misconfigured):
    """A limit was set to less than one, or beyond its hard cap."""

    what = "the limit '{limit}' can't be {given}"
    why = "it is a whole number from 1 to {cap}"
    mend = "set it to {cap} at most"


class LimitUnknown(UnknownName, LimitBeyondCap):
    """A route sets a limit that doesn't exist."""

    kind = "limit"
    otherwise = "name one of them, or take it away"


@dataclass(frozen=True)
class Limits:
    """The limits of one message; a route sets each of them up to its cap.

    Attributes:
        body: bytes of the body.
        depth: elements one within another, the root counted.
        elements: elements in the message.
        attributes: attributes of one element, namespace declarations not counted.
        namespaces: different pairs of prefix and namespace declared in the message.
        text: characters of one element's own text, or of one attribute.
        name: characters of a name without its prefix.
    """

    body: int = 4 * 1024 * 1024
    depth: int = 64
    elements: int = 200_000
    attributes: int = 64
    namespaces: int = 64
    text: int = 65_536
    name: int = 256

    #: Hard caps of a route. Depth stays below libxml2's own bound of 256, which answers less clearly.
    CAPS: ClassVar[dict[str, int]] = {
        "body": 16 * 1024 * 1024,
        "depth": 250,
        "elements": 1_000_000,
        "attributes": 256,
        "namespaces": 256,
        "text": 4 * 1024 * 1024,
        "name": 1024,
    }

    #: Hard caps of a file that a user names on the command line of the same machine.
    FILE_CAPS: ClassVar[dict[str, int]] = CAPS | {
        "body": 1024 * 1024 * 1024,
        "elements": 20_000_000,
    }

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            # The wider caps: `route` checks the narrower ones of a message.
            given, cap = getattr(self, field.name), self.FILE_CAPS[field.name]
            if not 1 <= given <= cap:
                raise LimitBeyondCap(limit=field.name, given=given, cap=cap)

    @classmethod
    def route(cls, **given: int) -> Limits:
        """Make the limits of a route: the defaults, and the limits that its declaration sets.

        Raises:
            LimitUnknown: there is no limit of this name.
            LimitBeyondCap: a limit is below one or beyond its cap.
        """
        for name, number in given.items():
            if name not in cls.CAPS:
                raise LimitUnknown(name, cls.CAPS)
            if not 1 <= number <= cls.CAPS[name]:
                raise LimitBeyondCap(limit=name, given=number, cap=cls.CAPS[name])
        return cls(**given)

    @classmethod
    def files(cls) -> Limits:
        """Make the limits of files that the command line names: a flat order of 100,000 lines passes."""
        return cls(body=512 * 1024 * 1024, depth=250, elements=10_000_000)


#: The limits of a message without limits of its own.
DEFAULT_LIMITS = Limits()
#: Limits of schema files, which deployments and partners write; the largest file of UBL has 3 MiB.
SCHEMA_FILES = Limits(body=16 * 1024 * 1024, depth=128, namespaces=256, name=1024)
#: The things that each limit counts, for errors.
_COUNTED = {
    "body": "bytes",
    "depth": "levels of elements",
    "elements": "elements",
    "attributes": "attributes of one element",
    "namespaces": "declared namespaces",
    "text": "characters of one text",
    "name": "characters of one name",
}


def exceeded(limits: Limits, name: str, found: int | str, where: str = "") -> LimitExceeded:
    """Make the error for an exceeded limit; *found* is the count, or "more" where counting stopped."""
    return LimitExceeded(limit=name, most=getattr(limits, name), counted=_COUNTED[name], found=found, where=where)
