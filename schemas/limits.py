"""How large, deep and wide a message may be.

Spec: docs/design/guarantees.md, "Limits".
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

from integration_objects.errors import Invalid, Misconfigured


class LimitExceeded(Invalid):
    """The message is larger, deeper or wider than its route allows."""


class LimitBeyondCap(Misconfigured):
    """A limit was set to less than one, or beyond its hard cap."""


@dataclass(frozen=True)
class Limits:
    """The bounds of one message; each can be set per route up to its cap.

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

    #: Hard caps of a file that somebody names on the command line of the same machine.
    FILE_CAPS: ClassVar[dict[str, int]] = CAPS | {
        "body": 1024 * 1024 * 1024,
        "elements": 20_000_000,
    }

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            given, cap = getattr(self, field.name), self.FILE_CAPS[field.name]
            if not 1 <= given <= cap:
                raise LimitBeyondCap(
                    f"the limit '{field.name}' can't be {given}",
                    why=f"it is a whole number from 1 to {cap}",
                    mend=f"set it to {cap} at most",
                )

    @classmethod
    def route(cls, **given: int) -> Limits:
        """The limits of a route: the defaults, and what its declaration sets, up to the hard caps.

        Raises:
            LimitBeyondCap: a limit is unknown, below one or beyond its cap.
        """
        for name, number in given.items():
            cap = cls.CAPS.get(name)
            if cap is None:
                raise LimitBeyondCap(
                    f"there is no limit '{name}'",
                    why=f"limits are {', '.join(cls.CAPS)}",
                    mend="name one of them, or take it away",
                )
            if not 1 <= number <= cap:
                raise LimitBeyondCap(
                    f"the limit '{name}' can't be {number}",
                    why=f"it is a whole number from 1 to {cap}",
                    mend=f"set it to {cap} at most",
                )
        return cls(**given)

    @classmethod
    def files(cls) -> Limits:
        """The limits of files named on the command line: a flat order of 100,000 lines passes."""
        return cls(body=512 * 1024 * 1024, depth=250, elements=10_000_000)


#: What holds where nobody says otherwise.
DEFAULT_LIMITS = Limits()
#: Bounds for the files of a schema: deployments write them, partners wrote them; UBL's largest has 3 MiB.
SCHEMA_FILES = Limits(body=16 * 1024 * 1024, depth=128, namespaces=256, name=1024)
#: What each limit counts, as errors say it.
_COUNTED = {
    "body": "bytes",
    "depth": "levels of elements",
    "elements": "elements",
    "attributes": "attributes of one element",
    "namespaces": "declared namespaces",
    "text": "characters of one text",
    "name": "characters of one name",
}


def exceeded(limits: Limits, name: str, found: str, where: str = "") -> LimitExceeded:
    """The error that says which limit, what was found ("more" where nobody counted on) and where."""
    return LimitExceeded(
        f"the message exceeds the limit '{name}'",
        where=where,
        why=f"at most {getattr(limits, name)} {_COUNTED[name]} are allowed, and there are {found}",
        mend=f"send smaller messages, or raise '{name}' in the route's limits",
    )
