"""A request read as a message: its head is judged first, then its body is read within limits of size and time.

Spec: docs/design/guarantees.md, "Limits", G7; docs/http.md.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

import anyio
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request

from adapters.http_headers import CORRELATION_ID, MESSAGE_ID, TRACE, text_of_header
from adapters.transport import Delivery, Envelope, admit
from hub.data_manager.message_work import ContentTypeRefused
from hub.deployment.route import Route
from hub.http_door.problems import RequestRefused

#: seconds for a body of any size
BODY_S = 60.0
#: bytes of all headers
MOST_HEADERS_BYTES = 16 * 1024
#: bytes of a posted file that stay in memory
_IN_MEMORY = 1024 * 1024
#: digits of a body's length
_MOST_DIGITS = 20


class BodyTooLarge(RequestRefused):
    """A request's body is larger than the route takes."""

    status = 413
    what = "the message is too large"
    where = "header Content-Length, body"
    why = "it has {size} bytes, and the route takes {most}"
    mend = "send it in parts, or ask the hub's operator to raise the route's limit `body`"


class LengthMissing(RequestRefused):
    """A request says neither how long its body is nor that it comes in chunks."""

    status = 411
    what = "the length of the message is missing"
    where = "headers"
    why = "there is neither a Content-Length nor a Transfer-Encoding"
    mend = "send the length of the body, or chunks"


class HeadTooLarge(RequestRefused):
    """The headers of a request are too many or too long."""

    status = 431
    what = "the request's headers are too large"
    where = "headers"
    why = "they have {size} bytes, and may have {most}"
    mend = "send fewer or shorter headers"


class BodyLate(RequestRefused):
    """A request's body takes too long."""

    status = 408
    what = "the message took too long to arrive"
    where = "body"
    why = "{size} bytes came within {seconds:g} s, and not the end"
    mend = "send it again, faster; nothing of it was stored"


class BodyCutOff(RequestRefused):
    """The sender went away before the end of its body."""

    what = "the message was cut off"
    where = "body"
    why = "the connection ended before the body did"
    mend = "send it again; nothing of it was stored"


class HeaderFaulty(RequestRefused):
    """A header of a request can't be read."""

    what = "the header {name} can't be read"
    where = "header {name}"
    mend = "send it once, as a token (MF-0001) or a text in quotes"


class BodyCompressed(RequestRefused):
    """A request's body is compressed."""

    status = 415
    what = "the message's content encoding is refused"
    where = "header Content-Encoding"
    why = "expected none, found {encoding!r}"
    mend = "send the body uncompressed"


async def read_delivery(request: Request, route: Route, sender: str, seconds: float = BODY_S) -> Delivery:
    """Read a request as a delivery of *route*.

    Raises:
        RequestRefused, ContentTypeRefused: the request is no message that the route takes.
        EnvelopeRefused: its id or another header can't travel.
    """
    headers = request.headers
    _check_head(headers, route, route.limits.body)
    ids = {name: _property(headers, name) for name in (MESSAGE_ID, CORRELATION_ID)}
    trace = {name: headers[name] for name in TRACE if name in headers}
    parts: list[bytes] = []
    await receive(request, route.limits.body, seconds, parts.append)
    envelope, fault = admit(
        Envelope(
            ids[MESSAGE_ID],
            b"".join(parts),
            correlation_id=ids[CORRELATION_ID],
            content_type=headers.get("content-type", ""),
            headers=trace,
        )
    )
    if fault is not None:
        raise fault
    return Delivery(envelope, route.place, sender, route.place)


@dataclass(frozen=True)
class PostedFile:
    """A file of many orders that was posted, at its beginning; it is gone when it is closed."""

    content: BinaryIO
    size: int
    digest: str


async def read_file(request: Request, route: Route, most: int, seconds: float = BODY_S) -> PostedFile:
    """Read a request as a file of *route*, of *most* bytes; a large one lies on the disk.

    Raises:
        RequestRefused, ContentTypeRefused: the request is no file that the route takes.
    """
    _check_head(request.headers, route, most)
    content: Any = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # the caller closes it
    digest = hashlib.sha256()

    def keep(part: bytes) -> None:
        digest.update(part)
        content.write(part)

    try:
        await receive(request, most, seconds, keep)
    except BaseException:
        content.close()
        raise
    size = content.tell()
    content.seek(0)
    return PostedFile(content, size, digest.hexdigest())


def check_size(headers: Headers) -> None:
    """Refuse headers that are too large together: the server counts them only where they come in several parts.

    Raises:
        HeadTooLarge: they are.
    """
    size = sum(len(name) + len(value) for name, value in headers.raw)
    if size > MOST_HEADERS_BYTES:
        raise HeadTooLarge(size=size, most=MOST_HEADERS_BYTES)


def _check_head(headers: Headers, route: Route, most: int) -> None:
    """Judge what can be judged before the body is read, which may have *most* bytes."""
    if "content-length" not in headers and "transfer-encoding" not in headers:
        raise LengthMissing
    encoding = headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise BodyCompressed(encoding=encoding)
    content_type = headers.get("content-type", "")
    if not route.allows_content_type(content_type):
        known = ", ".join(route.content_types)
        raise ContentTypeRefused(
            where="header Content-Type", route=route, content_type=content_type, content_types=known
        )
    length = headers.get("content-length", "0")
    # Longer numbers are refused by their digits: Python reads no number of more than 4,300.
    if not length.isdecimal() or len(length) > _MOST_DIGITS:
        raise HeaderFaulty(name="Content-Length", why="it is no number of bytes", mend="send the length of the body")
    if int(length) > most:
        raise BodyTooLarge(size=length, most=most)


def _property(headers: Headers, name: str) -> str | None:
    values = headers.getlist(name)
    if not values:
        return None
    if len(values) > 1:
        raise HeaderFaulty(name=name, why=f"it stands {len(values)} times")
    text = text_of_header(values[0].strip())
    if not text:
        raise HeaderFaulty(name=name, why="it is neither a token nor a text in quotes")
    return text


async def receive(request: Request, most: int, seconds: float, keep: Callable[[bytes], object]) -> None:
    """Hand the parts of a body to *keep*.

    Raises:
        BodyTooLarge, BodyLate, BodyCutOff: it isn't there within *most* bytes and *seconds*.
    """
    size = 0
    try:
        with anyio.fail_after(seconds):
            async for part in request.stream():
                size += len(part)
                # Counted while it comes: a body in chunks says no length, and may have no end.
                if size > most:
                    raise BodyTooLarge(size=f"more than {most}", most=most)
                keep(part)
    except TimeoutError as error:
        raise BodyLate(size=size, seconds=seconds) from error
    except ClientDisconnect as error:
        raise BodyCutOff from error
