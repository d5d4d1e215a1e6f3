"""One request of the XML Gateway and its reply, over a channel.

Spec: docs/design/legacy.md, "Virtual business components"; docs/design/guarantees.md, G7.
"""

from __future__ import annotations

from collections.abc import Callable

from adapters.queue_client import QueueClient
from adapters.service_health import ServiceHealth
from adapters.transport import Asker, Envelope
from integration_objects.errors import Invalid
from schemas.gateway.messages import Reply, Request, Status
from schemas.gateway.xml import CONTENT_TYPE, read_reply, request_type, write_request


class GatewayClient:
    """Sends requests to one system. Any thread may use it.

    Args:
        channel: the channel that the system reads.
        name: the system as errors name it: "the mainframe of 'Mainframe Services'".
        asker: returns the carrier of questions.
        timeout_s: seconds for each request.
        health: whether the system may be asked; kept here, if nobody else looks at it.
    """

    def __init__(
        self,
        channel: str,
        name: str,
        asker: Callable[[], Asker],
        timeout_s: float,
        health: ServiceHealth | None = None,
    ) -> None:
        self._client = QueueClient(channel, name, asker, timeout_s, health)
        self.faulty = self._client.faulty

    def send(self, request: Request, message_id: str | None = None) -> Reply | Status:
        """Send a request, and return its reply.

        Args:
            message_id: the message's id; None for any.

        Raises:
            ServiceAway: nobody answered in time; ServiceStillAway: not for the first time; ServiceNotAsked: it was not
                asked.
            AnswerFaulty: the reply can't be read, or answers another request.
            NotWritableInGateway: a value can't be written in XML.
        """
        body = write_request(request)
        envelope = Envelope(message_id, body, type=request_type(request.kind), content_type=CONTENT_TYPE)
        reply = self._client.ask(envelope).envelope
        try:
            return read_reply(reply.body, request.kind)
        except Invalid as error:
            # The world's fault, not that of the message that the hub works on.
            raise self.faulty(f"{error.what}: {error.why}", error.where) from error
