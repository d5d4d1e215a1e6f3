"""A service that the hub asks, whatever carries the questions: its errors, and its rests in an outage.

    ServiceAway          the first question without an answer: an attempt of its message
    ServiceStillAway     a later one; ServiceNotAsked: the service was spared the question
    AnswerFaulty         an answer that isn't as agreed
    QuestionRefused      the service refuses the question

Spec: docs/design/guarantees.md, G7 (every wait has a limit); docs/design/road.md, "Locks".
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from adapters.json_client import JsonClient
from adapters.service_health import ServiceHealth
from integration_objects.errors import Outage, Refused, Retryable
from integration_objects.log import Log

log = Log()

#: seconds for the whole exchange: the workflow that asks holds no lock, but somebody waits for it
TIMEOUT_S = 10.0
#: bytes of an answer: the limit of an inbound message
MAX_ANSWER = 4 * 1024 * 1024
#: Characters of a refusal's text that an error shows.
_SHOWN = 300


class ServiceAway(Retryable):
    """A service can't be reached, is overloaded, or takes too long."""

    what = "{service} doesn't answer"
    mend = "nothing, it is tried again; if it stays so, look after the service or its address"


class ServiceStillAway(ServiceAway, Outage):
    """A service that didn't answer before doesn't answer now: that is no fault of the question."""


class ServiceNotAsked(ServiceStillAway):
    """A service that didn't answer is left alone for a while."""

    what = "{service} isn't asked now"
    why = "it didn't answer {failures} times; it is asked again in {again_in_s:.0f} s"


class AnswerFaulty(Retryable):
    """A service's answer isn't as agreed."""

    what = "the answer of {service} can't be used"
    mend = "mend the service; the question is asked again"


class QuestionRefused(Refused):
    """A service refuses the question."""

    what = "{service} refuses the question"
    mend = "mend the value that the service names, and try again"


class AskedService:
    """One service as this process asks it. Any thread may ask.

    Args:
        name: the service as errors name it: "the pricing".
        where: its place, for errors.
        timeout_s: the longest time that a question takes.
        health: whether the service may be asked; kept here, if nobody else looks at it.
    """

    def __init__(self, name: str, where: str, timeout_s: float, health: ServiceHealth | None = None) -> None:
        self._name = name
        self._where = where
        self._timeout_s = timeout_s
        self._health = health or ServiceHealth()

    def prove_asked(self) -> None:
        """Let a question pass.

        Raises:
            ServiceNotAsked: the service didn't answer a moment ago, and rests.
        """
        if not self._health.may_ask(self._timeout_s):
            failures, again_in_s = self._health.failures, self._health.again_in_s
            raise ServiceNotAsked(service=self._name, where=self._where, failures=failures, again_in_s=again_in_s)

    def away(self, why: str, what: str | None = None) -> ServiceAway:
        """Note that the service doesn't answer; make the error, which counts for the first question only."""
        is_first = self._health.failures == 0
        pause_s = self._health.failed()
        if not is_first:
            return ServiceStillAway(what, service=self._name, where=self._where, why=why, again_in_s=pause_s)
        error = ServiceAway(what, service=self._name, where=self._where, why=why)
        log.error("a service doesn't answer", again_in_s=pause_s, **error.as_dict())
        return error

    def answered(self) -> None:
        """Note that the service answered."""
        if self._health.answered():
            log.warning("a service answers again", service=self._name, where=self._where)

    def faulty(self, why: str, where: str = "") -> AnswerFaulty:
        """Make the error of an answer that isn't as agreed; *where* is the place in the answer."""
        return AnswerFaulty(service=self._name, where=f"{self._where}, {where}" if where else self._where, why=why)


def written_json(document: Any) -> bytes:
    """Write a question as JSON."""
    # NaN and Infinity are no JSON, although Python writes them.
    return json.dumps(document, ensure_ascii=False, allow_nan=False).encode()


def json_of(answer: bytes, client: JsonClient) -> Any:
    """Read an answer's JSON, in which fractions are texts, digit for digit.

    Raises:
        AnswerFaulty: it is no JSON.
    """
    try:
        # Prices stay exact: no digit of a fraction goes through a float.
        return json.loads(answer, parse_float=str, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        why = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise client.faulty(f"it is no JSON: {why}") from error


def shown_answer(answer: bytes) -> str:
    """Return the beginning of an answer that is none, in one line that can be printed."""
    # A character has up to four bytes in UTF-8; a refusal may be as large as an answer.
    text = answer[: 4 * _SHOWN].decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()[:_SHOWN]


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")
