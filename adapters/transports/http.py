"""HTTP as a transport: each message that leaves is posted to its system's address.

    speaks       HTTP/1.1 and HTTPS, as `adapters.http_client` does
    supports     publish; a message is safe at the other side as soon as that answers with success
    carries      the body, its content type, the message id (`Idempotency-Key`), the correlation id, further headers
    comes in     by the hub's own door (`orderhub http`, `hub.http_door`), which files a message before it answers the
                 sender: nothing waits outside to be received
    settings     http_urls: the address of each name; http_url_tokens: the token that is shown there
    example      HttpTransport({"kite": "https://kite.example/orders"}).publish("kite", [Envelope("m1", b"<ORDER/>")])

Spec: docs/design/integration.md, "Doors"; docs/http.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from adapters.asked_service import ServiceAway
from adapters.http_client import HttpClient
from adapters.http_headers import CORRELATION_ID, MESSAGE_ID, header_of
from adapters.transport import (
    CONFIRMED,
    Delivery,
    Envelope,
    Setup,
    Transport,
    TransportAway,
    Unroutable,
    check_envelope,
)
from integration_objects.errors import HubError
from integration_objects.surroundings import Surroundings

#: seconds for the delivery of one message
TIMEOUT_S = 30.0
#: bytes of the other side's answer that are read: its beginning is shown where it refuses a message
_MOST_ANSWER = 64 * 1024
#: the content type of a body whose own no header carries
_BYTES = "application/octet-stream"
#: a header's name that may travel, and that HTTP itself doesn't use
_NAME = re.compile(r"(?:x-[a-z0-9-]{1,60}|traceparent|tracestate)")


class HttpTransport(Transport):
    """The addresses that the hub posts to.

    Args:
        urls: the address of each name.
        tokens: the bearer token of each name that wants one.
        surroundings: the clock.
    """

    is_pushed: ClassVar[bool] = True

    def __init__(
        self,
        urls: Mapping[str, str],
        tokens: Mapping[str, str] | None = None,
        surroundings: Surroundings | None = None,
    ) -> None:
        self._clients = {
            name: HttpClient(url, f"the system at '{name}'", TIMEOUT_S, _MOST_ANSWER) for name, url in urls.items()
        }
        self._tokens = tokens or {}
        self._surroundings = surroundings or Surroundings()

    @classmethod
    def open(cls, setup: Setup) -> Self:
        """Make the transport of a deployment.

        Raises:
            UrlWrong: an address in the settings is none.
        """
        return cls(dict(setup.settings["http_urls"]), dict(setup.settings["http_url_tokens"]), setup.surroundings)

    def publish(self, channel: str, envelopes: Sequence[Envelope]) -> None:
        """Post *envelopes* one after the other; return when the other side has answered each with success."""
        if channel not in self._clients:
            why = f"the setting http_urls has {', '.join(sorted(self._clients)) or 'no name'}"
            mend = f"add {channel}=https://... to the setting http_urls, or correct the name in the system"
            raise Unroutable(kind="address", name=channel, where="setting http_urls", why=why, mend=mend)
        posts = [(check_envelope(envelope).body, self._headers(channel, envelope)) for envelope in envelopes]
        for place, (body, headers) in enumerate(posts):
            try:
                self._clients[channel].deliver(body, headers)
            except ServiceAway as error:
                away = TransportAway(error.what, where=error.where, why=error.why, mend=error.mend)
                away.objects[CONFIRMED] = tuple(range(place))
                raise away from error
            except HubError as error:
                error.objects[CONFIRMED] = tuple(range(place))
                raise

    def receive(self, channel: str, limit: int, wait_s: float) -> list[Delivery]:
        """Find nothing: senders post to the hub's door, which files their messages itself."""
        self._surroundings.sleep(wait_s)
        return []

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Do nothing: the door has answered each sender."""

    def _headers(self, channel: str, envelope: Envelope) -> dict[str, str]:
        named = {name.lower(): text for name, text in envelope.headers.items()}
        headers = {name: header_of(text) for name, text in named.items() if _NAME.fullmatch(name)}
        headers["Content-Type"] = envelope.content_type if envelope.content_type.isascii() else _BYTES
        if envelope.message_id is not None:
            headers[MESSAGE_ID] = header_of(envelope.message_id)
        if envelope.correlation_id is not None:
            headers[CORRELATION_ID] = header_of(envelope.correlation_id)
        if channel in self._tokens:
            headers["Authorization"] = f"Bearer {self._tokens[channel]}"
        return headers
