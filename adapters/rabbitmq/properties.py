"""An envelope as AMQP properties, both ways.

Outbound: message_id, correlation_id, reply_to, type, content_type, timestamp, app_id, delivery mode 2; of the
headers `traceparent` and `tracestate` as they are, all others under ``x-orderhub-``.

Inbound: a sender's values are not trusted. Properties that aren't UTF-8 come as bytes, and `admit` refuses them.
Headers under ``x-orderhub-`` are dropped: the hub writes them, and never takes them from outside. So are the broker's
own (x-death, x-delivery-count, ...), which differ between its versions. The sender is the user that the broker has
verified (user_id), else ``broker``. A compressed body is inflated (content_encoding).

Spec: docs/design/integration.md, "The way of one message" (headers); docs/design/guarantees.md, "pika, RabbitMQ" and
"Limits".
"""

from __future__ import annotations

import datetime
import decimal
import hashlib
from collections.abc import Mapping
from typing import Any

import pika

from adapters.rabbitmq.content_encoding import EncodingRefused, inflated
from adapters.transport import (
    HEADERS_REFUSED,
    KEPT_OF_OVERSIZE,
    MOST_PROPERTY_BYTES,
    XML,
    Envelope,
    EnvelopeRefused,
    Oversize,
    admit,
    check_envelope,
)
from integration_objects.surroundings import Surroundings

OWN = "x-orderhub-"
TRACE = frozenset(("traceparent", "tracestate"))
#: the sender of a message that names no verified user
UNVERIFIED = "broker"
#: attribute of properties whose headers pika couldn't read, with the reason; set by `connection.HubConnection`
UNREAD = "orderhub_unread_headers"

_PERSISTENT = 2
#: beginnings of the headers that brokers add
_BROKERS_OWN = ("x-death", "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count", "x-opt-")
#: headers by which a sender routes copies
_ROUTING = frozenset(("CC", "BCC"))
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def properties_of(envelope: Envelope, app_id: str, surroundings: Surroundings) -> Any:
    """Make the properties of a message that leaves; give it a message id if it has none.

    Raises:
        EnvelopeRefused: the envelope holds a value that no transport carries, or a header's name that is too long in
            UTF-8.
    """
    check_envelope(envelope)
    headers = {_outbound_name(name): value for name, value in envelope.headers.items()}
    for name in headers:
        _check_short(name, f"header {name[:40]}")
    return pika.BasicProperties(
        message_id=envelope.message_id or surroundings.new_id(),
        correlation_id=envelope.correlation_id,
        reply_to=envelope.reply_to,
        type=envelope.type,
        content_type=envelope.content_type,
        timestamp=_seconds(envelope.timestamp, surroundings),
        app_id=app_id,
        delivery_mode=_PERSISTENT,
        headers=headers or None,
    )


def envelope_of(properties: Any, body: bytes, most_bytes: int) -> tuple[Envelope, EnvelopeRefused | None]:
    """Make the envelope of a message that came in, without its refused parts, and the first refusal.

    A body whose content encoding is refused stays as it came.
    """
    oversize = encoding_fault = None
    if len(body) > most_bytes:
        oversize = Oversize(len(body), hashlib.sha256(body).hexdigest())
        body = body[:KEPT_OF_OVERSIZE]
    else:
        try:
            body = inflated(body, properties.content_encoding, most_bytes)
        except EncodingRefused as error:
            encoding_fault = error
    envelope, fault = admit(
        Envelope(
            # An empty property is none: many clients write the empty text for a value that isn't there.
            properties.message_id or None,
            body,
            correlation_id=properties.correlation_id or None,
            reply_to=properties.reply_to or None,
            type=properties.type or None,
            content_type=properties.content_type or XML,
            headers=_inbound_headers(properties.headers or {}),
            timestamp=_moment(properties.timestamp),
            oversize=oversize,
        )
    )
    unread = getattr(properties, UNREAD, None)
    if unread is not None and fault is None:
        why, mend = f"they can't be read: {unread}", "send headers of text"
        fault = EnvelopeRefused(HEADERS_REFUSED, part="headers", why=why, mend=mend)
    return envelope, fault or encoding_fault


def sender_of(properties: Any) -> str:
    """Name the user whom the broker has verified as the sender; ``broker`` if the sender didn't ask for that."""
    user = properties.user_id
    return user if isinstance(user, str) and user else UNVERIFIED


def _outbound_name(name: str) -> str:
    return name if name in TRACE or name.startswith(OWN) else OWN + name


def _inbound_headers(headers: Mapping[Any, Any]) -> dict[Any, Any]:
    return {name: _text(value) for name, value in headers.items() if value is not None and not _is_dropped(name)}


def _is_dropped(name: object) -> bool:
    if not isinstance(name, str):
        return False
    return name in _ROUTING or name.lower().startswith((OWN, *_BROKERS_OWN))


def _text(value: Any) -> Any:
    """Give a header's number, truth value or time as text; `admit` judges all other values."""
    # Before int: a bool is an int in Python.
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | decimal.Decimal):
        return str(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return value


def _moment(seconds: object) -> str | None:
    """Give AMQP's seconds since 1970 as ISO text; None for a time outside of the calendar."""
    if not isinstance(seconds, int):
        return None
    try:
        return (_EPOCH + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return None


def _seconds(moment: str | None, surroundings: Surroundings) -> int:
    """Give AMQP's seconds for ISO text; those of now for None, and for a text that is no time."""
    if moment is not None:
        try:
            return int((datetime.datetime.fromisoformat(moment) - _EPOCH).total_seconds())
        except (ValueError, TypeError):  # no ISO text, or one without a zone
            pass
    return int(surroundings.seconds())


def _check_short(text: str, part: str) -> None:
    size = len(text.encode())
    if size > MOST_PROPERTY_BYTES:
        why = f"it has {size} bytes in UTF-8, and an AMQP message carries {MOST_PROPERTY_BYTES}"
        raise EnvelopeRefused(part=part, why=why, mend=f"send a shorter {part}")
