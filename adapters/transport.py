"""The contract of a transport, and the registry of all kinds of transports.

    Envelope        one message as it travels: ids, headers, body
    Delivery        an envelope that came in, with its place and its acknowledgement
    Channel         a named place of a transport, as a deployment needs it
    Transport       open, declare, publish, receive, acknowledge, settle, release, close
    TransportKind   how declarations and the outbox name a kind, and the class that implements it
    KINDS           the registry: a new transport is one file and one line here

A transport promises delivery *at least once*, each way: `publish` returns when the other side has stored the
messages; a delivery that was not acknowledged comes again. The values of a sender are checked here, before anything
is stored.

Spec: docs/design/integration.md, "Transports";
docs/design/guarantees.md, "Limits" and "pika, RabbitMQ" (every property is
type-checked).
"""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, ClassVar, Protocol, Self

from integration_objects.errors import HubError, Invalid, Misconfigured, Retryable
from integration_objects.surroundings import Surroundings

#: Headers of a message, and the bytes of their names and values together.
MOST_HEADERS = 64
MOST_HEADER_BYTES = 16 * 1024
#: Characters of an id, and of the name of a channel, a type or a content type.
MOST_ID_CHARACTERS = 128
MOST_NAME_CHARACTERS = 255
#: bytes in UTF-8 of an id or a property: AMQP writes the length of a short text in one byte
MOST_PROPERTY_BYTES = 255
#: Bytes that are kept of a body over the limit: enough to see who sent it, and no burden for the database.
KEPT_OF_OVERSIZE = 64 * 1024
#: bytes of the largest body that a transport hands over whole: the cap that no route's limit exceeds
MOST_BYTES = 16 * 1024 * 1024
XML = "application/xml"
#: the key in the objects of a `publish` error: the positions of the envelopes that arrived in spite of it
CONFIRMED = "confirmed"

_LENGTHS = {
    "message_id": MOST_ID_CHARACTERS,
    "correlation_id": MOST_ID_CHARACTERS,
    "reply_to": MOST_NAME_CHARACTERS,
    "type": MOST_NAME_CHARACTERS,
    "content_type": MOST_NAME_CHARACTERS,
    "timestamp": 64,
}
# NUL and the other control characters, lone surrogates, and the two characters that XML can't carry.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
#: the first line of the refusal of all headers together
HEADERS_REFUSED = "the envelope's headers are refused"
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
#: the properties that may come as an empty text, each with its value where it is absent
_ABSENT: dict[str, str | None] = {"reply_to": None, "correlation_id": None, "type": None, "content_type": XML}


class EnvelopeRefused(Invalid):
    """A part of the envelope is of the wrong type, too long, or holds control characters."""

    what = "the envelope's {part} is refused"
    where = "{part}"
    mend = "send a {part} without control characters"


class Unroutable(Misconfigured):
    """The transport has no such channel, so that nobody would take a message."""

    what = "there is no {kind} '{name}'"
    mend = "declare it, or correct the name in the route or system"


class TransportAway(Retryable):
    """The other side of the transport does not answer."""


class BodyGone(Retryable):
    """A message that was acknowledged, and isn't settled, has no body any more."""

    what = "the file isn't in its folder"
    where = "{source}"
    why = "it was taken away, or another machine has it"
    mend = "put it back into the folder {folder}; if it is lost for good, end its batch: `orderhub batch give-up`"


class NotTaken(TransportAway):
    """The broker answered that it doesn't keep a message."""

    what = "the broker did not keep a message"
    mend = "nothing where it passes; else make room in the queue, or lift the limit that a policy sets for it"


class NoReply(TransportAway):
    """Nobody answered a question in time."""

    what = "nobody answers on the {kind} '{name}'"
    why = "no reply within {timeout_s:g} s"
    mend = "nothing, it is asked again; if it stays so, look after the system that answers there"


@dataclass(frozen=True)
class Oversize:
    """Size and digest of a body over the limit. The envelope holds only the first 64 KiB of such a body.

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
        message_id: the sender's id; None where the sender gave none.
        body: the bytes; the first 64 KiB of them where `oversize` is set.
        correlation_id, reply_to, type: as in the broker's properties; None where absent.
        content_type: media type of the body.
        headers: further headers, text to text.
        timestamp: the time of sending, ISO text; None where unknown.
        oversize: set where the body is over the transport's limit.
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
    """An envelope that came in by a transport.

    Attributes:
        envelope: the message.
        channel: the channel that delivered it.
        sender: the broker's verified user, the folder's name, or ``local``.
        source: a name that people recognise the message by: the file's, the queue's.
        redelivered: whether the message may have been worked before; then an attempt is marked first.
        tag: the transport's own mark for the acknowledgement; nobody else reads it.
        fault: the first refusal of a part of the envelope, which was left out; None for a good envelope. The message
            is kept, as invalid.
    """

    envelope: Envelope
    channel: str
    sender: str
    source: str
    redelivered: bool = False
    tag: object = None
    fault: EnvelopeRefused | None = None


@dataclass(frozen=True)
class Channel:
    """A queue or folder that a deployment reads or writes.

    Attributes:
        name: its name at the transport.
        single_active: only one of its consumers gets messages, for a route that keeps an order.
        dead_letter: the queue of the messages that a broker gives up; declared with the channel. The hub publishes its
            own dead letters there, too.
        shared: another system may have made it: then it stays as it is, and is declared only where it is missing.
        most_bytes: the largest body that is delivered whole; None for the transport's own limit.
    """

    name: str
    single_active: bool = False
    dead_letter: str | None = None
    shared: bool = False
    most_bytes: int | None = None


@dataclass(frozen=True)
class Setup:
    """The parts of a deployment that a transport is opened with.

    Attributes:
        folder: the deployment's folder.
        settings: the deployment's settings by name.
        surroundings: the clock and the maker of ids.
        asker: returns the deployment's carrier of questions; None for a transport that opens one of its own.
    """

    folder: Path
    settings: Mapping[str, Any]
    surroundings: Surroundings
    asker: Callable[[], Asker] | None = None


class Asker(Protocol):
    """Carries questions: a transport of channels, or the embedded queue."""

    def ask(self, channel: str, envelope: Envelope, timeout_s: float) -> Delivery:
        """Hand over a question, and return its reply; see `Transport.ask`."""

    def close(self) -> None:
        """End the connections."""


class Transport:
    """One way in and out; `memory.MemoryTransport` is the one to copy.

    A derived class writes `open`, `publish`, `receive` and `acknowledge`. The other methods do nothing where the
    transport has no need of them.

    Attributes:
        is_broker: a broker keeps the messages, and shares them out among all hubs. Then the messages of a paused route
            stay there, and `receive` may wait; otherwise the messages of paused routes wait in the hub's inbox.
        carries_properties: ids and headers travel with the body.
        is_pushed: senders hand their messages to the hub itself, which files them at once: nothing waits outside, and
            `receive` finds nothing.
    """

    is_broker: ClassVar[bool] = False
    is_pushed: ClassVar[bool] = False
    carries_properties: ClassVar[bool] = True

    @classmethod
    def open(cls, setup: Setup) -> Self | None:
        """Make the transport of a deployment; nothing is connected yet.

        Returns:
            The transport; None where the settings switch it off.
        """
        raise NotImplementedError

    def declare(self, channels: Sequence[Channel]) -> None:
        """Make or check *channels* at the other side; may be repeated at any time.

        Raises:
            Misconfigured: a channel can't be made, or is of another kind; it was not changed.
            TransportAway: the other side doesn't answer.
        """

    def publish(self, channel: str, envelopes: Sequence[Envelope]) -> None:
        """Hand *envelopes* to the other side, in order; return when all of them are safe there.

        Args:
            channel: queue or folder.
            envelopes: checked by `check_envelope`.

        Raises:
            Unroutable: there is no such channel.
            TransportAway: the other side doesn't answer; some of the envelopes may have arrived.
            EnvelopeRefused: an envelope holds values that no transport carries; none was sent.
            Refused: the other side never takes one of the envelopes; others may have arrived.
        """
        raise NotImplementedError

    def put_in(self, channel: str, name: str, parts: Iterable[bytes]) -> str:
        """Put a body in, as a sender outside of the hub would; return its place.

        Args:
            channel: a channel that a route reads.
            name: the name of the sender's file.
            parts: the body, part by part.
        """
        self.publish(channel, [Envelope(None, b"".join(parts))])
        return channel

    def ask(self, channel: str, envelope: Envelope, timeout_s: float) -> Delivery:
        """Hand over a question, and return its reply. Only transports whose messages can be answered write it.

        The question carries a reply-to and a correlation id of its own; the reply has the same correlation id. A
        question that nobody took within the time is not answered any more. A reply that comes later is dropped.

        Args:
            channel: a channel that somebody reads, who answers.
            envelope: the question; its reply-to and correlation id are replaced.
            timeout_s: the seconds to wait for the reply.

        Raises:
            NoReply: nobody answered in time. The question may have been carried out all the same.
            Unroutable: there is no such channel.
            TransportAway: the other side doesn't answer.
            EnvelopeRefused: the question holds values that no transport carries.
        """
        raise NotImplementedError

    def receive(self, channel: str, limit: int, wait_s: float) -> list[Delivery]:
        """Take up to *limit* messages, oldest first; return none after *wait_s* seconds without any.

        Nobody else gets them until they are acknowledged, or this transport is closed or dies.

        Raises:
            Unroutable: there is no such channel.
            TransportAway: the other side doesn't answer.
        """
        raise NotImplementedError

    def receive_any(self, channels: Sequence[str], limit: int, wait_s: float) -> list[Delivery]:
        """Take up to *limit* messages of several channels, as `receive`; a broker's transport writes it.

        An error bears its channel as ``objects["channel"]``, and is raised only when the others had nothing.
        """
        raise NotImplementedError

    def is_left(self, channel: str) -> bool:
        """Tell whether messages wait that `receive` could not deliver yet."""
        return False

    def depth(self, channel: str) -> int | None:
        """Count the messages that wait at the other side; None where the transport can't tell.

        Raises:
            Unroutable: there is no such channel.
            TransportAway: the other side doesn't answer.
        """
        return None

    def left_alone(self, channel: str) -> Mapping[str, str]:
        """List the messages of *channel* that can't be taken, by the names that people know, each with the reason."""
        return {}

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Tell the other side that *deliveries* are in the database; they don't come again.

        Raises:
            TransportAway: the other side doesn't answer; the messages may come again.
        """
        raise NotImplementedError

    def settle(self, source: str, rejected: bool = False, reply: bytes | None = None, content_type: str = XML) -> None:
        """Put the final answer beside an acknowledged message. A second call does nothing.

        Args:
            source: the message, as `Delivery.source` had it.
            rejected: whether the message was refused.
            reply: the reply's body; None for no reply.
            content_type: of the reply.
        """

    def taken(self, source: str) -> BinaryIO:
        """Open the body of an acknowledged message that isn't settled; only transports of files keep it.

        Raises:
            BodyGone: it isn't there any more.
            TransportAway: the other side doesn't answer.
        """
        raise NotImplementedError

    def settle_with_file(self, source: str, rejected: bool, parts: Iterable[bytes], content_type: str) -> Iterator[int]:
        """Do what `settle` does, with an answer of any size; yield the bytes that are written so far, part by part.

        The answer appears whole at the end. An iterator that isn't used up leaves everything as it was.

        Raises:
            BodyGone: the message isn't there any more, and wasn't settled before.
            TransportAway: the other side doesn't answer.
        """
        raise NotImplementedError

    def release(self, channels: Sequence[str]) -> None:
        """Give back the unacknowledged messages of *channels*, until the next `receive`."""

    def close(self) -> None:
        """Give back all unacknowledged messages, and end the connections."""


@dataclass(frozen=True)
class TransportKind:
    """A kind of transport, as declarations and the outbox name it.

    Attributes:
        name: the key in a route's `from` and in a system's declaration.
        implementation: ``module:class``. The module is loaded when a deployment opens its transports, so that commands
            which read declarations only don't wait for a broker's driver.
        prefix: the beginning of a destination in the outbox. The channels of the kind without a prefix are embedded
            where `open` finds nothing: their messages wait in the hub's own database.
        answers: the beginning of the destinations of replies that `Transport.settle` puts beside their message; None
            where a reply is published to a channel.
        keeps_answers: a reply stays in the outbox, where the sender looks for it: it isn't sent, and not sent again.
        needs: the setting without which `open` finds nothing; then the module isn't loaded.
        is_declared: whether routes and systems may name it.
    """

    name: str
    implementation: str
    prefix: str
    answers: str | None = None
    needs: str | None = None
    keeps_answers: bool = False
    is_declared: bool = True

    def destination(self, place: str) -> str:
        """Return the destination in the outbox of the messages to *place*."""
        return self.prefix + place

    def answer_to(self, place: str, source: str) -> str | None:
        """Return the destination in the outbox of the reply to a message; None where the reply goes to a channel.

        Args:
            place: the channel that the message came in by.
            source: the message's source.
        """
        if self.answers is None:
            return None
        # One destination for all answers that are kept: there is nothing to do for each of them.
        return self.answers + (place if self.keeps_answers else source)

    def open(self, setup: Setup) -> Transport | None:
        """Open the transport of a deployment; None where the settings switch it off."""
        if self.needs is not None and setup.settings[self.needs] is None:
            return None
        module, _, name = self.implementation.partition(":")
        implementation: type[Transport] = getattr(importlib.import_module(module), name)
        return implementation.open(setup)


CHANNEL = TransportKind("channel", "adapters.rabbitmq.transport:RabbitMQ", prefix="", needs="broker_url")
#: the beginning of the address of a service that is asked over a channel
CHANNEL_URL = f"{CHANNEL.name}:"
FOLDER = "folder"
HTTP = "http"
VIRTUAL = TransportKind(
    "virtual component", "adapters.virtual_components.transport:VirtualTransport", prefix="virtual:", is_declared=False
)
#: All kinds, by name.
KINDS = {
    kind.name: kind
    for kind in (
        CHANNEL,
        VIRTUAL,
        TransportKind(FOLDER, "adapters.transports.folder:FolderTransport", prefix="folder:", answers="answer:"),
        TransportKind(
            HTTP,
            "adapters.transports.http:HttpTransport",
            prefix="http:",
            answers="http-answer:",
            keeps_answers=True,
        ),
    )
}


def declared_kinds() -> dict[str, TransportKind]:
    """Return the kinds that the declarations of routes and systems name."""
    return {name: kind for name, kind in KINDS.items() if kind.is_declared}


@dataclass(frozen=True)
class Destination:
    """A destination in the outbox, read.

    Attributes:
        kind: the kind of transport that carries it.
        place: the channel; the message's source for an answer.
        is_answer: whether the message is a reply that `Transport.settle` puts beside its message.
    """

    kind: TransportKind
    place: str
    is_answer: bool = False


def destination_of(text: str) -> Destination:
    """Read a destination, as outbox rows have it.

    >>> answer = destination_of("answer:orders/b.xml")
    >>> destination_of("orders").kind.name, answer.kind.name, answer.place, answer.is_answer
    ('channel', 'folder', 'orders/b.xml', True)
    """
    # CHANNEL has no prefix, so that every text would match it. It is taken when no other kind matches.
    for kind in KINDS.values():
        if kind.answers is not None and text.startswith(kind.answers):
            return Destination(kind, text.removeprefix(kind.answers), is_answer=True)
        if kind.prefix and text.startswith(kind.prefix):
            return Destination(kind, text.removeprefix(kind.prefix))
    return Destination(CHANNEL, text)


def destination_prefixes() -> list[str]:
    """List the beginnings of all destinations that need no broker."""
    return [prefix for kind in KINDS.values() for prefix in (kind.prefix, kind.answers) if prefix]


def check_envelope(envelope: Envelope) -> Envelope:
    """Return *envelope* when every id, property and header of it may travel.

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
    """Return the positions, from 0, of the envelopes that are safe on the other side although `publish` failed.

    >>> confirmed_of(TransportAway("the broker doesn't answer", mend="start it", confirmed=(0, 1)))
    (0, 1)
    """
    return tuple(error.objects.get(CONFIRMED, ()))


def admit(envelope: Envelope) -> tuple[Envelope, EnvelopeRefused | None]:
    """Check an envelope from outside, whose parts may be of any type.

    Clients of brokers send an empty text for a property that isn't set: an empty reply-to, correlation id, type or
    content type counts as absent.

    Returns:
        The envelope without its refused parts, and the first refusal; None for a good envelope.
    """
    unset = {part: absent for part, absent in _ABSENT.items() if getattr(envelope, part) == ""}
    if unset:
        envelope = replace(envelope, **unset)  # type: ignore[arg-type]  # the parts' own types
    first: EnvelopeRefused | None = None
    parts: dict[str, object] = {}
    for fault in _faults(envelope):
        first = first or fault
        part = fault.objects["part"]
        # A body whose content type was refused must not pass for XML.
        parts[part] = {"headers": _NO_HEADERS, "content_type": "application/octet-stream"}.get(part)
    if first is None:
        return envelope, None
    return replace(envelope, **parts), first  # type: ignore[arg-type]  # the parts' own types


def _faults(envelope: Envelope) -> Iterator[EnvelopeRefused]:
    for part, most in _LENGTHS.items():
        value = getattr(envelope, part)
        if value is None:
            continue
        if not isinstance(value, str):
            why = f"it is {type(value).__name__}, not text in UTF-8"
        else:
            why = _refused_length(value, most)
        if why:
            yield EnvelopeRefused(part=part, why=why, mend=f"send a {part} of 1 to {most} characters")
            continue
        why = _refused_character(value)
        if why:
            yield EnvelopeRefused(part=part, why=why)
    why = _refused_headers(envelope.headers)
    if why:
        mend = f"send at most {MOST_HEADERS} headers of text, together {MOST_HEADER_BYTES} bytes"
        yield EnvelopeRefused(HEADERS_REFUSED, part="headers", why=why, mend=mend)


def refused_id(text: str) -> str:
    """Return why *text* can't travel as a message id or correlation id; "" where it can.

    >>> refused_id("MF-0001"), refused_id("a\\tb"), refused_id("\U0001f4e6" * 64)
    ('', 'character 2 is the control character U+0009', 'it has 256 bytes in UTF-8, and may have 255')
    """
    return refused_property("message_id", text)


def refused_property(part: str, text: str) -> str:
    """Return why *text* can't travel as this property of an envelope, such as its type; "" where it can.

    >>> refused_property("content_type", "text/csv"), refused_property("type", "Rows\\n")
    ('', 'character 5 is the control character U+000A')
    """
    return _refused_length(text, _LENGTHS[part]) or _refused_character(text)


def _refused_length(text: str, most: int) -> str:
    if not 0 < len(text) <= most:
        return f"it has {len(text)} characters, and may have 1 to {most}"
    # Checked for every transport: the id of a file becomes the correlation id of a message to the broker. A lone
    # surrogate is counted here, and refused by `_refused_character`.
    size = len(text.encode("utf-8", "surrogatepass"))
    return f"it has {size} bytes in UTF-8, and may have {MOST_PROPERTY_BYTES}" if size > MOST_PROPERTY_BYTES else ""


def _refused_character(value: str) -> str:
    forbidden = _FORBIDDEN.search(value)
    if forbidden is None:
        return ""
    code = ord(forbidden.group())
    kind = "control character"
    if code >= 0xD800:
        kind = "lone surrogate" if code <= 0xDFFF else "noncharacter"
    return f"character {forbidden.start() + 1} is the {kind} U+{code:04X}"


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
        # Bytes, as they travel: a character has up to four.
        size += len(name.encode()) + len(value.encode())
    if size > MOST_HEADER_BYTES:
        return f"they have {size} bytes, and may have {MOST_HEADER_BYTES}"
    return ""
