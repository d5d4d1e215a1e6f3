"""Every error of the hub: what, where, why, mend.

The class of an error decides what happens to a message. Each folder's own errors derive from these:

    HubError
        Refused            the sender must change something: dead letter at once, never tried again
            Invalid        as Refused, and not even understood: over a limit, not well-formed, against the XSD
        Retryable          the world's fault (database, disk, lock): kept, tried again, never a refusal
            OperatorNeeded    parked at once: an operator must mend something before another try is worth it
            Outage            as Retryable, and no attempt of the message: many messages meet the same fault
        Misconfigured      a declaration or an invariant is broken: the route stops
        Waiting            nobody's fault: the message waits for another one

A class owns its words as templates; the code that raises it hands over the values:

    class LineKeyTwice(Refused):
        what = "two lines of the order name the service '{reference}'"
        where = "line {reference}"
        why = "a service can stand on one line of an order only"
        mend = "send one line for each service"

    raise LineKeyTwice(reference=reference)

Names of classes are unique, because the name is the public `reason`.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Literal, Self

from integration_objects.nearest import nearest

Verdict = Literal["refuse", "retry", "stop", "wait"]


def printable(text: str) -> str:
    r"""Escape the characters that no header, log, XML or database carries: control characters and half characters.

    Errors quote texts of senders. Tabs and line breaks stay.

    >>> printable("a\x80b\x00\ud800\n")
    'a\\x80b\\x00\\ud800\n'
    """
    if text.isprintable():  # nearly every text, at a tenth of the cost
        return text
    return _UNPRINTABLE.sub(lambda match: ascii(match.group())[1:-1], text)


class _OwnWords(string.Formatter):
    """Fills a template with the values that are the hub's own words, and with "…" for all others."""

    def __init__(self, is_own: Callable[[object], bool]) -> None:
        self._is_own = is_own

    def convert_field(self, value: Any, conversion: Any) -> Any:
        # Decided before the conversion: `!r` makes a text of every value.
        return super().convert_field(value, conversion) if self._is_own(value) else _NO_VALUE

    def format_field(self, value: Any, format_spec: str) -> str:
        return "…" if value is _NO_VALUE else str(super().format_field(value, format_spec))


_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NO_VALUE = object()


class HubError(Exception):
    """The base of all errors of the hub.

    A derived class gives *what*, *where*, *why* and *mend* as templates with named fields. A text that is handed to
    the constructor takes the place of the class's template.

    Attributes:
        what: the thing that could not be done, a sentence without a full stop.
        where: ``file:line:column`` for declarations, message id and path for data, table and key for storage.
        why: the expected state and the state that was found.
        mend: the action that the reader can take now.
        objects: the values of the templates, and objects for the code that catches the error; never printed.
    """

    verdict: ClassVar[Verdict] = "stop"
    what: str = ""
    where: str = ""
    why: str = ""
    mend: str = ""

    def __init__(
        self,
        what: str | None = None,
        *,
        where: str | None = None,
        why: str | None = None,
        mend: str | None = None,
        **objects: Any,
    ) -> None:
        # Printable from the beginning: the texts go into headers, logs and columns that refuse control characters.
        template = type(self)
        self.what = printable(template.what.format_map(objects) if what is None else what)
        self.where = printable(template.where.format_map(objects) if where is None else where)
        self.why = printable(template.why.format_map(objects) if why is None else why)
        self.mend = printable(template.mend.format_map(objects) if mend is None else mend)
        self._given = {"what": what, "where": where, "why": why, "mend": mend}
        self.objects = objects
        super().__init__(self.what)

    @property
    def reason(self) -> str:
        """The stable name of the situation, as `messages list` shows it: the class's name."""
        return type(self).__name__

    def at(self, place: str) -> Self:
        """Put *place* before the error's where, once, at the border that knows it; return the same error."""
        place = printable(place)
        if place and place not in self.where:
            self.where = f"{place}, {self.where}" if self.where else place
        return self

    def as_dict(self) -> dict[str, str]:
        """Return the error as the replies, the message store and `--json` carry it."""
        return {
            "reason": self.reason,
            "what": self.what,
            "where": self.where,
            "why": self.why,
            "mend": self.mend,
        }

    def without_values(self, is_own: Callable[[object], bool] = lambda value: False) -> dict[str, str]:
        """Return the error's texts without the values that they quote, for places that many people see.

        Each value of a template becomes "…", but for those that are the hub's own words. A text that isn't the class's
        template is left out: nobody knows its values.

        Args:
            is_own: tells whether a template's value is the hub's own word.
        """
        own = {part: getattr(type(self), part) for part, text in self._given.items() if text is None}
        words = _OwnWords(is_own)
        return {part: words.vformat(template, (), self.objects) for part, template in own.items()}

    def __str__(self) -> str:
        lines = [self.what]
        for label, text in (("where", self.where), ("why", self.why), ("mend", self.mend)):
            if text:
                # Seven characters: "where:" and a blank, so that the texts stand beneath each other.
                lines.append(f"  {label + ':':<7}{text}")
        return "\n".join(lines)


@contextmanager
def located(place: str) -> Iterator[None]:
    """Put *place* before the where of each error that is raised within.

    >>> with located("file.yaml"), located("line 3"):
    ...     raise Refused("nothing is here", where="column 4")
    Traceback (most recent call last):
    integration_objects.errors.Refused: nothing is here
      where: file.yaml, line 3, column 4
    """
    try:
        yield
    except HubError as error:
        error.at(place)
        raise


def verdict_of(error: Mapping[str, str] | None) -> Verdict | None:
    """Return the verdict of a stored `HubError.as_dict`; None for no error, or for a reason of another version.

    >>> verdict_of({"reason": "Misconfigured", "what": "the queue is gone"}), verdict_of(None)
    ('stop', None)
    """
    # The list grows while it is walked. A class that no module has imported yet isn't found.
    kinds: list[type[HubError]] = [HubError]
    for kind in kinds:
        if error is not None and kind.__name__ == error.get("reason"):
            return kind.verdict
        kinds.extend(kind.__subclasses__())
    return None


class Refused(HubError):
    """The message's own fault: it becomes a dead letter at once, because sending it again changes nothing."""

    verdict: ClassVar[Verdict] = "refuse"


class Invalid(Refused):
    """The message is not understood: over a limit, not well-formed, or not valid by its schema."""


class Retryable(HubError):
    """The fault of a database, a disk or a lock: the message is kept and tried again with growing delays."""

    verdict: ClassVar[Verdict] = "retry"


class OperatorNeeded(Retryable):
    """An operator must mend something before another try is worth it: the message is parked at once."""


class Outage(Retryable):
    """Something that many messages need is away: a try meanwhile is none of the message's attempts.

    Attributes:
        again_in_s: the seconds until the next try.
    """

    def __init__(self, what: str | None = None, *, again_in_s: float, **parts: Any) -> None:
        super().__init__(what, again_in_s=again_in_s, **parts)
        self.again_in_s = again_in_s


class Misconfigured(HubError):
    """A declaration, a setting or an invariant is broken: the route stops until somebody mends it."""

    verdict: ClassVar[Verdict] = "stop"


class Waiting(HubError):
    """The message waits for the message or object that *waits_for* names; the commit that brings it ends the wait."""

    verdict: ClassVar[Verdict] = "wait"

    def __init__(self, what: str | None = None, *, waits_for: str, **parts: Any) -> None:
        super().__init__(what, waits_for=waits_for, **parts)
        self.waits_for = waits_for


class UnknownName(HubError):
    """An unknown name: the error lists the known names and proposes the nearest one.

    A derived class gives the kind of name, and derives from the class of its verdict, too:

    >>> class RouteUnknown(UnknownName, Refused):
    ...     kind = "route"
    ...     where = "orderhub send"
    >>> print(RouteUnknown("mainfrane", ["partner", "mainframe"]))
    there is no route 'mainfrane'
      where: orderhub send
      why:   known are mainframe, partner
      mend:  did you mean 'mainframe'?

    Attributes:
        kind: the noun for the kind of thing, in the singular.
        otherwise: the mend where no known name is near.
    """

    kind: ClassVar[str] = "name"
    what = "there is no {kind} '{name}'"
    why = "known are {names}"
    otherwise: ClassVar[str] = "name one of them"

    def __init__(
        self,
        name: str,
        known: Iterable[str] = (),
        *,
        kind: str | None = None,
        otherwise: str | None = None,
        **parts: Any,
    ) -> None:
        """Make the error for *name*, which is not among *known*.

        Args:
            name: the unknown name.
            known: the known names.
            kind: in place of the class's own.
            otherwise: in place of the class's own.
            parts: texts in place of the templates, and objects, as for every error.
        """
        names = sorted(known)
        parts.setdefault("mend", nearest(name, names) or otherwise or self.otherwise)
        super().__init__(name=name, kind=kind or self.kind, names=", ".join(names) or "none", **parts)
