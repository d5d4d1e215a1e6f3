"""The hub's errors for the driver's: one table, the most specific first.

    TransportAway      Retryable       the broker doesn't answer, or the link to it was lost
      NotTaken                         the broker refused to keep a message: a full queue, a queue without a leader
    Unroutable         Misconfigured   there is no such queue
    QueueDiffers       Misconfigured   a queue is there, and is of another kind
    BrokerRefused      Misconfigured   user, password, virtual host, rights or certificate
    EnvelopeRefused    Invalid         values that no AMQP message carries; all are checked before, so it is rare
    MessageNotAllowed  Refused         the broker doesn't let a message in, whatever its queue: it is too large for it

`ChannelClosedByBroker` and `ConnectionClosedByBroker` tell their cause by a code, which has a table of its own.

Spec: CONTRIBUTING.md, "Adapters": a driver's exceptions stop at the border.
"""

from __future__ import annotations

import re
import ssl

from pika import exceptions
from pika.adapters.utils import connection_workflow as workflow

from adapters.transport import EnvelopeRefused, NotTaken, TransportAway, Unroutable
from integration_objects.errors import HubError, Misconfigured, Refused


class MessageNotAllowed(Refused):
    """The broker refuses a message itself: it is larger than its `max_message_size`, or a plugin forbids it."""

    what = "the broker refuses the message"
    mend = "let the broker take such messages, then `orderhub messages resend`; or `messages give-up`"


class QueueDiffers(Misconfigured):
    """A queue of this name is there, and is of another kind than the hub needs; it is never changed."""

    what = "the queue '{channel}' is of another kind than the hub needs"
    mend = "empty and delete that queue, so that the hub can declare it, or name another one"


class BrokerRefused(Misconfigured):
    """The broker refuses the hub, or an action that the hub needs."""

    what = "the broker refuses the hub"
    mend = "mend the broker URL, the user's rights at the broker, or the certificates"


#: What and mend of the errors that other transports raise, too.
_WORDS: dict[type[HubError], tuple[str, str]] = {
    TransportAway: (
        "the broker doesn't answer",
        "nothing, where it comes back by itself; else start the broker, or mend the broker URL",
    ),
    Unroutable: ("there is no such queue", Unroutable.mend),
    EnvelopeRefused: ("a message can't be written for the broker", "correct the message's properties"),
}

#: The broker's reply code -> the hub's error; 0 is any other.
CODES: dict[int, type[HubError]] = {
    311: NotTaken,  # content too large
    403: BrokerRefused,  # access refused
    404: Unroutable,  # not found
    405: BrokerRefused,  # resource locked: an exclusive queue of another client
    406: TransportAway,  # precondition failed: an acknowledgement came too late; for declarations see topology.py
    530: BrokerRefused,  # not allowed: no such virtual host, or too many connections for the user
    0: TransportAway,
}

#: The driver's exception -> the hub's error. Those with a reply code are looked up in `CODES` first.
# `_kind` takes the first match: a class stands before the classes that it derives from.
FAULTS: tuple[tuple[type[BaseException], type[HubError]], ...] = (
    (exceptions.ConnectionClosedByClient, TransportAway),
    (exceptions.ConnectionOpenAborted, TransportAway),
    (exceptions.StreamLostError, TransportAway),
    # Also what pika calls a link that was cut while it was being opened.
    (exceptions.IncompatibleProtocolError, TransportAway),
    (exceptions.AuthenticationError, BrokerRefused),
    (exceptions.ProbableAuthenticationError, TransportAway),
    (exceptions.ProbableAccessDeniedError, TransportAway),
    (exceptions.NoFreeChannels, TransportAway),
    (exceptions.ConnectionWrongStateError, TransportAway),
    (exceptions.ConnectionBlockedTimeout, TransportAway),
    (exceptions.AMQPHeartbeatTimeout, TransportAway),
    (exceptions.AMQPConnectionError, TransportAway),
    (exceptions.ConsumerCancelled, TransportAway),
    (exceptions.DuplicateConsumerTag, TransportAway),
    (exceptions.ChannelWrongStateError, TransportAway),
    (exceptions.NackError, NotTaken),
    (exceptions.UnroutableError, Unroutable),
    (exceptions.AMQPChannelError, TransportAway),
    (exceptions.ShortStringTooLong, EnvelopeRefused),
    (exceptions.UnsupportedAMQPFieldException, EnvelopeRefused),
    (exceptions.ProtocolSyntaxError, TransportAway),
    (exceptions.InvalidChannelNumber, TransportAway),
    (exceptions.MethodNotImplemented, TransportAway),
    (exceptions.AMQPError, TransportAway),
    (exceptions.ChannelError, TransportAway),
    (exceptions.ReentrancyError, TransportAway),
    (workflow.AMQPConnectorException, TransportAway),
    (ssl.SSLCertVerificationError, BrokerRefused),
    (OSError, TransportAway),
)
# The text of what pika wraps while it opens a connection: "...: (403) 'ACCESS_REFUSED - ...'".
_CODE = re.compile(r"\((\d{3})\)")


def hub_fault(error: BaseException, where: str, what: str = "") -> HubError:
    """Make the hub's error for a driver's *error*; one that the table lacks means a broker that doesn't answer.

    Args:
        error: pika's exception, raised or given as the reason of a close.
        where: broker and queue, without a password.
        what: the action that failed; empty for the text of the error's class.
    """
    if isinstance(error, HubError):
        return again(error)
    cause = _root(error)
    kind = _kind(cause)
    own_what, mend = _WORDS.get(kind, (kind.what, kind.mend))
    fault = kind(what or own_what, where=where, why=said(cause), mend=mend)
    # Set by hand, because the error isn't raised here: another thread may get it.
    fault.__cause__ = error
    return fault


def broker_away(where: str, why: str) -> TransportAway:
    """Make the error of a broker that doesn't answer."""
    what, mend = _WORDS[TransportAway]
    return TransportAway(what, where=where, why=why, mend=mend)


def again(error: HubError) -> HubError:
    """Copy *error*, for each of several callers who waited for the same answer."""
    copy = type(error)(error.what, where=error.where, why=error.why, mend=error.mend, **error.objects)
    copy.__cause__ = error.__cause__
    return copy


def said(error: BaseException) -> str:
    """Give the driver's or the broker's own words, in one line."""
    if isinstance(error, exceptions.ConnectionClosed | exceptions.ChannelClosed):
        return f"{error.reply_code} {error.reply_text}"
    text = " ".join(" ".join(str(part) for part in error.args).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _kind(error: BaseException) -> type[HubError]:
    code = _code(error)
    if code is not None:
        return CODES.get(code, CODES[0])
    return next((kind for driver, kind in FAULTS if isinstance(error, driver)), TransportAway)


def _code(error: BaseException) -> int | None:
    if isinstance(error, exceptions.ConnectionClosedByBroker | exceptions.ChannelClosedByBroker):
        return int(error.reply_code)
    if isinstance(error, exceptions.ProbableAuthenticationError | exceptions.ProbableAccessDeniedError):
        code = _CODE.search(str(error.args))
        return None if code is None else int(code.group(1))
    return None


def _root(error: BaseException) -> BaseException:
    """Unwrap the layers that pika puts around a failure to connect."""
    while True:
        if isinstance(error, workflow.AMQPConnectionWorkflowFailed) and error.exceptions:
            error = error.exceptions[-1]
        elif isinstance(error, workflow.AMQPConnectorPhaseErrorBase):
            error = error.exception
        elif type(error) is exceptions.AMQPConnectionError and error.args and isinstance(error.args[0], Exception):
            error = error.args[0]
        else:
            return error
