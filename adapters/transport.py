"""The contract of a door: envelopes in and out, confirmed.

    Envelope    one message as it travels: ids, headers, body
    Delivery    an envelope that came in, with what acknowledges it
    Transport   publish, receive, acknowledge, close

A transport promises, each way, *at least once*: `publish` returns when the other side has the messages for
good; a delivery that was not acknowledged comes again. What a sender may set is checked here, before anything
is kept.

Spec: docs/design/integration.md, "Doors"; docs/design/guarantees.md, "Limits" and "pika, RabbitMQ" (every property is
type-checked).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from integration_objects.errors import HubError, Invalid, Misconfigured, Retryable

MOST_HEADERS = 64
MOST_HEADER_BYTES = 16 * 1024
MOST_ID_CHARACTERS = 128
MOST_NAME_CHARACTERS = 255
KEPT_OF_OVERSIZE = 64 * 1024
XML = "application/xml"
#: where an error of `publish` keeps the places of the envelopes that arrived all the same
CONFIRMED = "confirmed"

_LENGTHS = {
    "message_id": MOST_ID_CHARACTERS,
    "correlation_id": MOST_ID_CHARACTERS,
    "reply_to": MOST_NAME_CHARACTERS,
    "type": MOST_NAME_CHARACTERS,
    "content_type": MOST_NAME_CHARACTERS,
    "timestamp": 64,
}
# NUL and the other control characters, lone surrogates, and the two that no XML can carry.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class EnvelopeRefused(Invalid):
    """A part of the envelope is of the wrong type, too long, or holds control characters."""


class Unroutable(Misconfigured):
    """Nobody is there to take what is published to this channel."""


class TransportAway(Retryable):
    """The other side of the door does not answer."""


@dataclass(frozen=True)
class Oversize:
    """What is known of a body over the limit: the envelope holds its first 64 KiB only.

    Attributes:
        size: bytes of the whole body.
        digest: SHA-256 of the whole body, in hexadecimal.
    """

    size: int
    digest: str


@dataclass(frozen=True)
class Envelope:
    """One message as it travels.

    Attributes:
        message_id: the sender's id; None where it gave none.
        body: the bytes; the first 64 KiB of them where `oversize` is set.
        correlation_id, reply_to, type: as in the broker's properties; None where absent.
        content_type: media type of the body.
        headers: further headers, text to text.
        timestamp: when the sender sent it, ISO text; None where unknown.
        oversize: set where the body is over the door's limit.
    """

    message_id: str | None
    body: bytes
    correlation_id: str | None = None
    reply_to: str | None = None
    type: str | None = None
    content_type: str = XML
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS)
    timestamp: str | None = None
    oversize: Oversize | None = None

    @property
    def size(self) -> int:
        """Bytes of the whole body."""
        return len(self.body) if self.oversize is None else self.oversize.size

    @property
    def digest(self) -> str:
        """SHA-256 of the whole body, in hexadecimal."""
        return hashlib.sha256(self.body).hexdigest() if self.oversize is None else self.oversize.digest


@dataclass(frozen=True)
class Delivery:
    """An envelope that came in by a door.

    Attributes:
        envelope: the message.
        channel: where it was received.
        sender: the broker's verified user, the folder's name, or ``local``.
        source: what people recognise it by: the file's name, the queue's.
        redelivered: whether it may have been worked on before; then an attempt is marked first.
        tag: what the transport acknowledges it by; nobody else looks into it.
        fault: why parts of the envelope were refused and left out; None for a good one. The message is kept,
            as invalid.
    """

    envelope: Envelope
    channel: str
    sender: str
    source: str
    redelivered: bool = False
    tag: object = None
    fault: EnvelopeRefused | None = None


class Transport:
    """A door. Deriving classes write the four methods; `memory.MemoryTransport` is the one to copy."""

    def publish(self, channel: str, envelopes: Sequence[Envelope]) -> None:
        """Hand *envelopes* to the other side, in order; return when all of them are safe there.

        Args:
            channel: queue or folder.
            envelopes: checked by `check_envelope`.

        Raises:
            Unroutable: nobody takes what is sent to *channel*.
            TransportAway: the other side doesn't answer; some of the envelopes may have arrived.
            EnvelopeRefused: an envelope holds what no door carries; none was sent.
        """
        raise NotImplementedError

    def receive(self, channel: str, limit: int, wait_s: float) -> list[Delivery]:
        """Take up to *limit* messages, oldest first; none after *wait_s* seconds without any.

        Nobody else gets them until they are acknowledged, or this transport is closed or dies.

        Raises:
            Unroutable: there is no such channel.
            TransportAway: the other side doesn't answer.
        """
        raise NotImplementedError

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Tell the other side that *deliveries* are in the database for good; they don't come again.

        Raises:
            TransportAway: the other side doesn't answer; they may come again.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Give back what was not acknowledged, and end. Nothing to do for most."""


def check_envelope(envelope: Envelope) -> Envelope:
    """Return *envelope* when every id, property and header of it may pass a door.

    >>> print(check_envelope(Envelope("a\\x00b", b"")))
    Traceback (most recent call last):
    ...
    adapters.transport.EnvelopeRefused: the envelope's message_id is refused
      where: message_id
      why:   character 2 is the control character U+0000
      mend:  send a message_id without control characters

    Raises:
        EnvelopeRefused: naming the first part at fault.
    """
    for fault in _faults(envelope):
        raise fault
    return envelope


def confirmed_of(error: HubError) -> tuple[int, ...]:
    """The places, from 0, of the envelopes that are safe on the other side although `publish` failed.

    >>> confirmed_of(TransportAway("the broker doesn't answer", mend="start it", confirmed=(0, 1)))
    (0, 1)
    """
    return tuple(error.objects.get(CONFIRMED, ()))


def admit(envelope: Envelope) -> tuple[Envelope, EnvelopeRefused | None]:
    """Check an envelope that came from outside, of whose parts not even the types are certain.

    Returns:
        The envelope without the parts that are refused, and the first refusal; None where all is well.
    """
    first: EnvelopeRefused | None = None
    parts: dict[str, object] = {}
    for fault in _faults(envelope):
        first = first or fault
        part = fault.objects["part"]
        parts[part] = {"headers": _NO_HEADERS, "content_type": "application/octet-stream"}.get(part)
    if first is None:
        return envelope, None
    return replace(envelope, **parts), first  # type: ignore[arg-type]  # the parts' own types


def _faults(envelope: Envelope) -> Iterator[EnvelopeRefused]:
    for part, most in _LENGTHS.items():
        value = getattr(envelope, part)
        if value is None:
            continue
        why = _refused_text(value, most)
        if why:
            mend = f"send a {part} without control characters"
            if why.startswith("it "):
                mend = f"send a {part} of 1 to {most} characters"
            yield EnvelopeRefused(f"the envelope's {part} is refused", where=part, why=why, mend=mend, part=part)
    why = _refused_headers(envelope.headers)
    if why:
        yield EnvelopeRefused(
            "the envelope's headers are refused",
            where="headers",
            why=why,
            mend=f"send at most {MOST_HEADERS} headers of text, together {MOST_HEADER_BYTES} bytes",
            part="headers",
        )


def _refused_text(value: object, most: int) -> str:
    """Why *value* is refused; "" when it is a text of 1 to *most* characters without control characters."""
    if not isinstance(value, str):
        return f"it is {type(value).__name__}, not text in UTF-8"
    if not 0 < len(value) <= most:
        return f"it has {len(value)} characters, and may have 1 to {most}"
    return _refused_character(value)


def _refused_character(value: str) -> str:
    found = _FORBIDDEN.search(value)
    if found is None:
        return ""
    code = ord(found.group())
    kind = "lone surrogate" if 0xD800 <= code <= 0xDFFF else "control character"
    return f"character {found.start() + 1} is the {kind} U+{code:04X}"


def _refused_headers(headers: Mapping[str, str]) -> str:
    if len(headers) > MOST_HEADERS:
        return f"there are {len(headers)}, and may be {MOST_HEADERS}"
    size = 0
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(value, str):
            return f"header {name!r} is {type(value).__name__}, not text in UTF-8"
        for text, part in ((name, "name"), (value, "value")):
            why = _refused_character(text)
            if why:
                return f"in the {part} of header {name!r} {why}"
        size += len(name.encode()) + len(value.encode())
    if size > MOST_HEADER_BYTES:
        return f"they have {size} bytes, and may have {MOST_HEADER_BYTES}"
    return ""
