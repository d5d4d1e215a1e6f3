"""Questions in JSON over a channel: asked and answered as over HTTP, by a message and its reply.

Speaks      JSON in messages, by request and reply
Supports    asking; a question may reach the other side twice, so it must know a repeat, or not mind it
Settings    the caller's: a channel, seconds for the whole exchange, bytes of the answer
Example     QueueClient("prices.questions", "the pricing", lambda: asker).post({"on": "2026-10-01"})

A reply of the type ``refusal`` refuses the question: its body is the reason, as text. Any other reply is an answer.

Spec: docs/design/guarantees.md, G7 (every wait has a limit) and "Limits".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
from adapters.http_client import UrlWrong
from adapters.service_health import ServiceHealth
from adapters.transport import (
    CHANNEL,
    CHANNEL_URL,
    Asker,
    Delivery,
    Envelope,
    TransportAway,
    destination_of,
    refused_property,
)

JSON = "application/json"
REFUSAL = "refusal"


def channel_in(url: str, service: str) -> str:
    """Return the channel that an address ``channel:NAME`` names.

    Raises:
        UrlWrong: it is no channel's name.
    """
    channel = url.removeprefix(CHANNEL_URL)
    why = refused_property("reply_to", channel)
    if not why and destination_of(channel).kind is not CHANNEL:
        why = f"'{channel}' begins as another transport's names do"
    if why:
        raise UrlWrong(service=service, why=why, mend="give an address such as channel:prices.questions")
    return channel


class QueueClient:
    """Asks one service over a channel. Any thread may ask.

    Args:
        channel: the channel that the service reads.
        name: the service as errors name it: "the pricing".
        asker: returns the carrier of questions.
        timeout_s: seconds for the whole exchange.
        health: whether the service may be asked; kept here, if nobody else looks at it.
    """

    def __init__(
        self,
        channel: str,
        name: str,
        asker: Callable[[], Asker],
        timeout_s: float = TIMEOUT_S,
        health: ServiceHealth | None = None,
    ) -> None:
        self._channel = channel
        self._name = name
        self._asker = asker
        self._timeout_s = timeout_s
        self._service = AskedService(name, f"channel {channel}", timeout_s, health)

    def ask(self, envelope: Envelope) -> Delivery:
        """Ask, and return the whole reply.

        Raises:
            ServiceAway: nobody answered in time; ServiceStillAway: not for the first time; ServiceNotAsked: it was not
                asked.
            AnswerFaulty: the reply's envelope can't be read, or the reply is too large.
        """
        self._service.prove_asked()
        try:
            reply = self._asker().ask(self._channel, envelope, self._timeout_s)
        except TransportAway as error:
            raise self._service.away(error.why or error.what) from error
        self._service.answered()
        if reply.fault is not None:
            raise self.faulty(reply.fault.why)
        if reply.envelope.size > MAX_ANSWER:
            raise self.faulty(f"expected at most {MAX_ANSWER:,} bytes, and there are more")
        return reply

    def post(self, document: Any) -> Any:
        """Send the question and return the answer, both as JSON has them.

        Raises:
            ServiceAway, AnswerFaulty: as `ask` does.
            QuestionRefused: the service refuses the question; its words are in the error.
        """
        reply = self.ask(Envelope(None, written_json(document), content_type=JSON)).envelope
        if reply.type == REFUSAL:
            raise QuestionRefused(service=self._name, where=f"channel {self._channel}", why=shown_answer(reply.body))
        return json_of(reply.body, self)

    def faulty(self, why: str, where: str = "") -> AnswerFaulty:
        """Make the error of an answer that isn't as agreed; *where* is the place in the answer."""
        return self._service.faulty(why, where)
