"""One HTTP exchange by urllib3, with a limit for its whole time.

urllib3 limits the time of each read. A service that sends a byte now and then would stretch that without end, so a
timer ends the exchange: it shuts the socket down while the other thread reads from it.

This module loads TLS and the parser of mail headers. `adapters.http_client` imports it for the first question only, so
that commands without an external service start without it.

Spec: docs/design/guarantees.md, G7 (every wait has a limit).
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator, Mapping
from urllib.parse import SplitResult

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

# A connection that is kept could be dead at the next question, which must not be asked twice without need.
_HEADERS = {"Connection": "close"}


class NoAnswer(Exception):
    """The exchange failed; the text says why."""


def exchange(
    url: SplitResult, body: bytes | None, headers: Mapping[str, str], timeout_s: float, most_bytes: int
) -> tuple[int, bytes]:
    """Post *body* with *headers*; return the answer's status, and its body up to one byte more than *most_bytes*.

    Without a body, the document at the address is fetched. Redirections are not followed.

    Raises:
        NoAnswer: nobody answers, the answer isn't HTTP, or it isn't whole within *timeout_s*.
    """
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=timeout_s)
    path = url.path or "/"
    target = f"{path}?{url.query}" if url.query else path
    try:
        # Connected first: only a socket that is there can be shut down by the timer. Connecting has the same limit.
        connection.connect()
        with _time_limit(connection.sock, timeout_s):
            sent = {**headers, **_HEADERS}
            method = "GET" if body is None else "POST"
            connection.request(method, target, body, sent, preload_content=False, decode_content=False)
            with connection.getresponse() as response:
                # One byte more than allowed tells an answer that is too large.
                answer = response.read(most_bytes + 1)
                # A read of so many bytes is silent about the bytes that never came.
                if len(answer) <= most_bytes and response.length_remaining:
                    raise NoAnswer(f"the answer stopped {response.length_remaining:,} bytes before its end")
                return response.status, answer
    except (OSError, http.client.HTTPException, HTTPError) as error:
        raise NoAnswer(_why(error, timeout_s)) from error
    finally:
        connection.close()


@contextlib.contextmanager
def _time_limit(sock: socket.socket, timeout_s: float) -> Iterator[None]:
    """End the use of *sock* within the block after *timeout_s*, with a TimeoutError."""
    is_late = threading.Event()

    def cut() -> None:
        is_late.set()
        # The plain socket's method: that of a TLS socket takes away the object that the other thread reads with.
        with contextlib.suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(timeout_s, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        # A socket that was cut looks like one that the other side closed: only the timer knows better.
        if is_late.is_set():
            raise TimeoutError


def _why(error: Exception, timeout_s: float) -> str:
    """Say why an exchange failed; urllib3's errors wrap the socket's and the parser's."""
    cause = error.__cause__ if isinstance(error, HTTPError) and error.__cause__ is not None else error
    if isinstance(cause, TimeoutError):
        return f"no answer within {timeout_s:g} s"
    if isinstance(cause, OSError):
        return str(cause)
    return f"the answer is no HTTP ({type(cause).__name__})"
