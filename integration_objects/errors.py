"""Every error of the hub: what, where, why, mend.

The tree of errors; each folder's own errors derive from these four, and the class alone decides what
happens to a message:

    HubError
        Refused            the sender must change something: dead letter at once, never tried again
            Invalid        as Refused, and not even understood: over a limit, not well-formed, against the XSD
        Retryable          the world's fault (database, disk, lock): kept, tried again, never a refusal
        Misconfigured      a declaration or an invariant is broken: the route stops
        Waiting            nobody's fault: the message waits for another one
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

Verdict = Literal["refuse", "retry", "stop", "wait"]


class HubError(Exception):
    """The base of all errors that the hub raises.

    Attributes:
        what: what could not be done, a sentence without a full stop.
        where: ``file:line:column`` for declarations, message id and path for data, table and key for storage.
        why: what was expected and what was found.
        mend: what the reader can do now.
        objects: what the error is about (node, map, field), for whoever catches it; never printed.
    """

    verdict: ClassVar[Verdict] = "stop"

    def __init__(self, what: str, *, where: str = "", why: str = "", mend: str, **objects: Any) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.mend = mend
        self.objects = objects

    @property
    def reason(self) -> str:
        """The stable name of the situation, as `messages list` shows it: the class's name."""
        return type(self).__name__

    def at(self, place: str) -> HubError:
        """Put *place* before the error's where, once, at the border that knows it. Returns the same error."""
        if place and place not in self.where:
            self.where = f"{place}, {self.where}" if self.where else place
        return self

    def as_dict(self) -> dict[str, str]:
        """The error as the replies, the message store and `--json` carry it."""
        return {
            "reason": self.reason,
            "what": self.what,
            "where": self.where,
            "why": self.why,
            "mend": self.mend,
        }

    def __str__(self) -> str:
        lines = [self.what]
        for label, text in (("where", self.where), ("why", self.why), ("mend", self.mend)):
            if text:
                lines.append(f"  {label + ':':<7}{text}")
        return "\n".join(lines)


def verdict_of(error: Mapping[str, str] | None) -> Verdict | None:
    """The verdict of an error that was kept as `HubError.as_dict` gives it; None for none, or one of another version.

    >>> verdict_of({"reason": "Misconfigured", "what": "the queue is gone"}), verdict_of(None)
    ('stop', None)
    """
    kinds: list[type[HubError]] = [HubError]
    for kind in kinds:
        if error is not None and kind.__name__ == error.get("reason"):
            return kind.verdict
        kinds.extend(kind.__subclasses__())
    return None


class Refused(HubError):
    """The message's own fault: it goes to the dead letters at once; sending it again changes nothing."""

    verdict: ClassVar[Verdict] = "refuse"


class Invalid(Refused):
    """The message was not understood: over a limit, not well-formed, against its schema."""


class Retryable(HubError):
    """The world's fault: the message is kept and tried again with growing delays."""

    verdict: ClassVar[Verdict] = "retry"


class Misconfigured(HubError):
    """A declaration, a setting or an invariant is broken: the route stops until somebody mends it."""

    verdict: ClassVar[Verdict] = "stop"


class Waiting(HubError):
    """The message waits, parked, for what *waits_for* names; the commit that brings it releases the message."""

    verdict: ClassVar[Verdict] = "wait"

    def __init__(self, what: str, *, waits_for: str, mend: str, **parts: Any) -> None:
        super().__init__(what, mend=mend, **parts)
        self.waits_for = waits_for
