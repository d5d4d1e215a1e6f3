"""JSON over HTTP: a question is posted to one URL, the answer is read.

Speaks      HTTP/1.1 and HTTPS (certificates are checked); one connection for each question
Supports    asking; a question may reach the other side twice, so ask only what may be asked twice
Settings    the caller's: a URL, seconds in all, bytes of the answer
Example     HttpClient("https://prices.example/price", "the pricing").post({"on": "2026-10-01"})

What the status says: 200 is an answer; 400, 409 and 422 refuse the question; 408, 429 and 5xx are tried again;
anything else, a redirection too, means that the URL is not the right one.

Spec: docs/design/guarantees.md, G7 (every wait has a limit) and "Limits".
"""

from __future__ import annotations

import contextlib
import json
import threading
import urllib.parse
from typing import TYPE_CHECKING, Any, NoReturn

from integration_objects.errors import Misconfigured, Refused, Retryable

if TYPE_CHECKING:
    import http.client
    import socket

#: Seconds for the whole exchange: the workflow that asks holds no lock, but somebody waits for it.
TIMEOUT_S = 10.0
#: Bytes of an answer: the limit of a message that comes in.
MAX_ANSWER = 4 * 1024 * 1024
_OK = 200
_REFUSALS = frozenset((400, 409, 422))
_AGAIN = frozenset((408, 429))
_SERVER_ERRORS = range(500, 600)
#: Characters of a refusal's text that an error shows.
_SHOWN = 300


class UrlWrong(Misconfigured):
    """What is to be the address of a service is none."""


class ServiceMisplaced(Misconfigured):
    """There is something else at a service's address, or it doesn't let us in."""


class ServiceAway(Retryable):
    """A service can't be reached, is overloaded, or takes too long."""


class AnswerFaulty(Retryable):
    """A service's answer isn't what was agreed."""


class QuestionRefused(Refused):
    """A service refuses what it was asked."""


class HttpClient:
    """Asks one service. Keeps nothing open, so that any thread may ask.

    Attributes:
        url: the address, without what follows a question mark: the form that errors show.
    """

    def __init__(self, url: str, name: str, timeout_s: float = TIMEOUT_S, max_answer: int = MAX_ANSWER) -> None:
        """Prove the address; nothing is asked yet.

        Args:
            url: where to post, ``http://`` or ``https://``, without user and password.
            name: the service as errors name it: "the pricing".
            timeout_s: seconds for the whole exchange.
            max_answer: most bytes of an answer.

        Raises:
            UrlWrong: *url* is no such address.
        """
        self._name = name
        self._timeout_s = timeout_s
        self._max_answer = max_answer
        self._parts = _address(url, name)
        self.url = self._parts._replace(query="").geturl()

    def post(self, document: Any) -> Any:
        """Post *document* as JSON; return the answer's JSON, in which fractions are texts, digit for digit.

        Raises:
            ServiceAway: no answer within the time, or the service says that it has no time.
            AnswerFaulty: the answer is too large, or is no JSON.
            QuestionRefused: the service refuses the question; its words are in the error.
            ServiceMisplaced: the status is that of a wrong address.
        """
        body = json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
        status, answer = self._exchange(body)
        if status != _OK:
            self._refuse(status, answer)
        if len(answer) > self._max_answer:
            self._fault(f"expected at most {self._max_answer:,} bytes, and there are more")
        try:
            return json.loads(answer, parse_float=str, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            why = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
            raise self.faulty(f"it is no JSON: {why}") from error

    def faulty(self, why: str, where: str = "") -> AnswerFaulty:
        """The error for an answer that isn't what was agreed.

        Args:
            why: what was expected and what was found.
            where: the place in the answer.
        """
        return AnswerFaulty(
            f"the answer of {self._name} can't be used",
            where=f"{self.url}, {where}" if where else self.url,
            why=why,
            mend="mend the service; the question is asked again",
        )

    def _fault(self, why: str) -> NoReturn:
        raise self.faulty(why)

    def _exchange(self, body: bytes) -> tuple[int, bytes]:
        # The module loads TLS and the parser of mails, for which only those who ask should wait.
        import http.client

        parts = self._parts
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self._timeout_s)
        late = threading.Event()
        try:
            connection.connect()
            # A time limit of the socket is one for each read, which a byte now and then would stretch without end.
            watch = threading.Timer(self._timeout_s, _cut, (connection.sock, late))
            watch.daemon = True
            watch.start()
            try:
                return self._ask(connection, body)
            finally:
                watch.cancel()
                if late.is_set():
                    raise TimeoutError
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, TimeoutError):
                why = f"no answer within {self._timeout_s:g} s"
            elif isinstance(error, OSError):
                why = str(error)
            else:
                why = f"what it says is no HTTP ({type(error).__name__})"
            raise ServiceAway(
                f"{self._name} doesn't answer",
                where=self.url,
                why=why,
                mend="nothing, it is tried again; if it stays so, look after the service or its address",
            ) from error
        finally:
            connection.close()

    def _ask(self, connection: http.client.HTTPConnection, body: bytes) -> tuple[int, bytes]:
        path = self._parts.path or "/"
        target = f"{path}?{self._parts.query}" if self._parts.query else path
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Connection": "close"}
        connection.request("POST", target, body, headers)
        with connection.getresponse() as response:
            answer = response.read(self._max_answer + 1)
            if len(answer) <= self._max_answer and response.length:
                # A read of so many bytes says nothing of those that never came.
                raise ConnectionError(f"the answer stopped {response.length:,} bytes before its end")
            return response.status, answer

    def _refuse(self, status: int, answer: bytes) -> NoReturn:
        said = answer[: 4 * _SHOWN].decode("utf-8", "replace")
        shown = "".join(letter if letter.isprintable() else " " for letter in said).strip()[:_SHOWN]
        why = f"status {status}" + (f": {shown}" if shown else "")
        if status in _REFUSALS:
            raise QuestionRefused(
                f"{self._name} refuses what it was asked",
                where=self.url,
                why=why,
                mend="mend what the service names, and try again",
            )
        if status in _AGAIN or status in _SERVER_ERRORS:
            raise ServiceAway(
                f"{self._name} has no answer now",
                where=self.url,
                why=why,
                mend="nothing, it is tried again; if it stays so, look after the service",
            )
        raise ServiceMisplaced(
            f"{self._name} isn't where it was looked for",
            where=self.url,
            why=why,
            mend="mend the address in the settings; redirections are not followed",
        )


def _address(url: str, name: str) -> urllib.parse.SplitResult:
    why = ""
    try:
        parts = urllib.parse.urlsplit(url)
        _ = parts.port  # refuses what is no number
    except ValueError as error:
        raise _wrong(name, str(error)) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        why = "expected http:// or https:// and a host"
    elif parts.username is not None or parts.password is not None:
        why = "it holds a user or a password, which errors and logs would show"
    elif parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
        why = "it holds a fragment, blanks, or characters that an address doesn't have"
    if why:
        raise _wrong(name, why)
    return parts


def _wrong(name: str, why: str) -> UrlWrong:
    return UrlWrong(
        f"the address of {name} can't be used",
        why=why,
        mend="give an address such as https://prices.example/price",
    )


def _cut(sock: socket.socket, late: threading.Event) -> None:
    """End an exchange that takes too long, from the watch's thread."""
    import socket

    late.set()
    # Not the method of a TLS socket: that one takes away what the reading thread is reading with.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")
