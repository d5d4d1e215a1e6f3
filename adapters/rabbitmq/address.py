"""The broker's address: URL, credentials, TLS; and the times that the hub waits for it.

    amqp://user:password@host:5672/virtual-host
    amqps://user:password@host:5671/virtual-host?cacertfile=ca.pem&certfile=hub.pem&keyfile=hub.key

The query's names are those of RabbitMQ's own clients. Without `cacertfile` the system's authorities are trusted.
The certificate must bear the host's name. Only `str(address)`, which has no password, is ever shown.

Spec: docs/design/integration.md, "Transports" (TLS and credentials from the settings);
docs/design/guarantees.md, "pika,
RabbitMQ".
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import pika

from integration_objects.errors import Misconfigured
from integration_objects.nearest import nearest

_PORTS = {"amqp": 5672, "amqps": 5671}
_FILES = ("cacertfile", "certfile", "keyfile")
_MEND = "write amqp://user:password@host:5672/virtual-host, with %-signs for special characters"


class BrokerUrlFaulty(Misconfigured):
    """The broker's URL, or a certificate file that it names, can't be used."""

    what = "the broker's URL can't be used"
    where = "broker_url, {address}"


@dataclass(frozen=True)
class Timeouts:
    """The times that the hub waits for a broker, in seconds.

    Attributes:
        connect_s: for the opening of a connection: TCP, TLS and AMQP.
        answer_s: for a confirm or any other answer; longer than `blocked_s`, so that a blocked broker is named as such.
        blocked_s: with a broker that blocks publishers because it lacks memory or disk.
        heartbeat_s: between two signs of life; two may be missed.
        backoff_s, longest_backoff_s: between two tries to connect, doubled each time, with jitter.
    """

    connect_s: float = 10.0
    answer_s: float = 35.0
    blocked_s: float = 30.0
    heartbeat_s: int = 15
    backoff_s: float = 0.5
    longest_backoff_s: float = 30.0


class Address:
    """A broker's URL, read and checked without connecting."""

    def __init__(self, url: str) -> None:
        parts = _split(url)
        self.host = parts.hostname or "localhost"
        self.port = parts.port or _PORTS[parts.scheme]
        self.user = unquote(parts.username or "guest")
        self.virtual_host = unquote(parts.path[1:]) or "/"
        self._password = unquote(parts.password) if parts.password is not None else "guest"
        shown_host = f"[{self.host}]" if ":" in self.host else self.host
        self._shown = f"{parts.scheme}://{shown_host}:{self.port}/{self.virtual_host.removeprefix('/')}"
        self._context = self._tls(parts) if parts.scheme == "amqps" else None
        if self._context is None and parts.query:
            why, mend = "the query is for amqps:// only", "write amqps://, or leave the query out"
            raise BrokerUrlFaulty(address=self, why=why, mend=mend)

    def __str__(self) -> str:
        return self._shown

    def __repr__(self) -> str:
        return f"Address({self._shown})"

    def parameters(self, name: str, timeouts: Timeouts) -> Any:
        """Make pika's parameters for one try to connect; the link repeats it."""
        return pika.ConnectionParameters(
            host=self.host,
            port=self.port,
            virtual_host=self.virtual_host,
            credentials=pika.PlainCredentials(self.user, self._password),
            ssl_options=None if self._context is None else pika.SSLOptions(self._context, self.host),
            heartbeat=timeouts.heartbeat_s,
            blocked_connection_timeout=timeouts.blocked_s,
            socket_timeout=timeouts.connect_s,
            stack_timeout=timeouts.connect_s,
            # The link itself tries again, with jitter; pika's own pause between two tries is fixed.
            connection_attempts=1,
            # RabbitMQ's management shows the name: an operator sees which of the two links is which.
            client_properties={"connection_name": name},
        )

    def _tls(self, parts: SplitResult) -> ssl.SSLContext:
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        for name in query:
            if name not in _FILES:
                mend = nearest(name, _FILES) or f"known are {', '.join(_FILES)}"
                raise BrokerUrlFaulty(address=self, why=f"there is no part '{name}'", mend=mend)
        try:
            context = ssl.create_default_context(cafile=query.get("cacertfile"))
            if "certfile" in query:
                context.load_cert_chain(query["certfile"], query.get("keyfile"))
        except OSError as error:  # ssl raises it for files without a certificate, too
            files = ", ".join(f"{name} {path}" for name, path in query.items())
            mend = "name files with certificates in PEM form"
            raise BrokerUrlFaulty(address=self, why=f"{files}: {error}", mend=mend) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def _split(url: str) -> SplitResult:
    """Split *url*. No part of an unreadable URL is shown: it may hold a password anywhere."""
    why = "it has another form"
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError for anything but a number
        if parts.scheme not in _PORTS:
            why = f"it begins with neither {' nor '.join(f'{scheme}://' for scheme in _PORTS)}"
        elif parts.hostname and "@" not in unquote(parts.path) and not parts.fragment:
            return parts
    except ValueError:
        pass
    raise BrokerUrlFaulty("the broker's URL can't be read", where="broker_url", why=why, mend=_MEND)
