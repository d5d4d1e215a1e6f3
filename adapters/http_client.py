"""HTTP to another system: a question is posted as JSON or as a form and its answer is read, or a message is delivered.

Speaks      HTTP/1.1 and HTTPS (certificates are checked); one connection for each question or message
Supports    asking, delivering; each may reach the other side twice, so it must know a repeat, or not mind it
Settings    the caller's: a URL, seconds for the whole exchange, bytes of the answer
Example     HttpClient("https://prices.example/price", "the pricing").post({"on": "2026-10-01"})

Meaning of the status: 200 is an answer; 200, 201, 202 and 204 keep a message; 400, 409, 413, 415 and 422 refuse it;
408, 429 and 5xx are tried again; all others, redirections too, mean that the URL is wrong.

Spec: docs/design/guarantees.md, G7 (every wait has a limit) and "Limits".
"""

from __future__ import annotations

import importlib
import urllib.parse
from collections.abc import Mapping
from typing import Any, NoReturn

from adapters.asked_service import (
    MAX_ANSWER,
    TIMEOUT_S,
    AnswerFaulty,
    AskedService,
    QuestionRefused,
    json_of,
    shown_answer,
    written_json,
)
from adapters.service_health import ServiceHealth
from integration_objects.errors import Misconfigured

_OK = 200
_SUCCESS = frozenset((200, 201, 202, 204))
_REFUSALS = frozenset((400, 409, 413, 415, 422))
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}
# 408: the service waited too long. 429: it is asked too often.
_AGAIN = frozenset((408, 429, *range(500, 600)))


class UrlWrong(Misconfigured):
    """A text that should be the address of a service is no address."""

    what = "the address of {service} can't be used"
    mend = "give an address such as https://prices.example/price"


class ServiceMisplaced(Misconfigured):
    """There is something else at a service's address, or it doesn't let us in."""

    what = "{service} isn't at its address"
    mend = "mend the address in the settings; redirections are not followed"


class HttpClient:
    """Asks one service. Keeps nothing open, so that any thread may ask.

    Attributes:
        url: the address without its query: the form that errors show.
    """

    def __init__(
        self,
        url: str,
        name: str,
        timeout_s: float = TIMEOUT_S,
        max_answer: int = MAX_ANSWER,
        health: ServiceHealth | None = None,
    ) -> None:
        """Check the address; nothing is asked yet.

        Args:
            url: where to post, ``http://`` or ``https://``, without user and password.
            name: the service as errors name it: "the pricing".
            timeout_s: seconds for the whole exchange.
            max_answer: most bytes of an answer.
            health: whether the service may be asked; kept here, if nobody else looks at it.

        Raises:
            UrlWrong: *url* is no such address.
        """
        self._name = name
        self._timeout_s = timeout_s
        self._max_answer = max_answer
        self._parts = _address(url, name)
        self.url = self._parts._replace(query="").geturl()
        self._service = AskedService(name, self.url, timeout_s, health)

    def post(self, document: Any) -> Any:
        """Post *document* as JSON; return the answer's JSON, in which fractions are texts, digit for digit.

        Raises:
            ServiceAway: no answer within the time, or the service is busy; ServiceStillAway: not for the first time;
                ServiceNotAsked: it was not asked.
            AnswerFaulty: the answer is too large, or is no JSON.
            QuestionRefused: the service refuses the question; its words are in the error.
            ServiceMisplaced: the status is that of a wrong address.
        """
        return self._answer(written_json(document), _JSON)

    def post_form(self, fields: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        """Post the fields of a form, with further *headers*; return the answer's JSON as `post` does."""
        return self._answer(urllib.parse.urlencode(fields).encode(), {**_FORM, **headers})

    def get(self) -> Any:
        """Fetch the document at the address; return its JSON as `post` does."""
        return self._answer(None, _JSON)

    def _answer(self, body: bytes | None, headers: Mapping[str, str]) -> Any:
        status, answer = self._exchange(body, headers)
        if status != _OK:
            self._refuse(status, answer)
        if len(answer) > self._max_answer:
            raise self.faulty(f"expected at most {self._max_answer:,} bytes, and there are more")
        return json_of(answer, self)

    def deliver(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Post a message; return when the other side has it. An answer's content is not looked at.

        Raises:
            ServiceAway, QuestionRefused, ServiceMisplaced: as `post` does.
        """
        status, answer = self._exchange(body, headers)
        if status not in _SUCCESS:
            self._refuse(status, answer)

    def faulty(self, why: str, where: str = "") -> AnswerFaulty:
        """Make the error of an answer that isn't as agreed.

        Args:
            why: the agreed form, and the form that was found.
            where: the place in the answer.
        """
        return self._service.faulty(why, where)

    def _exchange(self, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
        self._service.prove_asked()
        # The module loads TLS and the parser of mail headers: only commands that ask should wait for it.
        http = importlib.import_module("adapters.http_exchange")
        try:
            status, answer = http.exchange(self._parts, body, headers, self._timeout_s, self._max_answer)
        except http.NoAnswer as error:
            raise self._service.away(str(error)) from error
        if status in _AGAIN:
            raise self._service.away(_said(status, answer), what=f"{self._name} has no answer now")
        self._service.answered()
        return status, answer

    def _refuse(self, status: int, answer: bytes) -> NoReturn:
        kind = QuestionRefused if status in _REFUSALS else ServiceMisplaced
        raise kind(service=self._name, where=self.url, why=_said(status, answer))


def _said(status: int, answer: bytes) -> str:
    """Quote the beginning of an answer that is none, with its status."""
    shown = shown_answer(answer)
    return f"status {status}" + (f": {shown}" if shown else "")


def _address(url: str, name: str) -> urllib.parse.SplitResult:
    why = ""
    try:
        parts = urllib.parse.urlsplit(url)
        _ = parts.port  # raises ValueError for anything but a number
    except ValueError as error:
        raise UrlWrong(service=name, why=str(error)) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        why = "expected http:// or https:// and a host"
    elif parts.username is not None or parts.password is not None:
        why = "it holds a user or a password, which errors and logs would show"
    elif parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
        why = "it holds a fragment, blanks, or characters that an address doesn't have"
    if why:
        raise UrlWrong(service=name, why=why)
    return parts
