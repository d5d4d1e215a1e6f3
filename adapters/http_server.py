"""The embedded HTTP server: uvicorn, with limits of time that it lacks.

    head         a request's line and headers must be complete within `Patience.head_s`
    exchange     request, work and answer must be over within `Patience.exchange_s`, whoever is slow
    idle         a connection without a request is closed after `Patience.idle_s`

The limits of a request's body are the application's: it knows the route. Another ASGI server needs such limits of its
own, or a proxy that has them.

Spec: docs/design/guarantees.md, G7 (every wait has a limit); docs/http.md.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from integration_objects.errors import Misconfigured

#: bytes of a request's line and headers together
MOST_HEAD = 16 * 1024
#: connections at one time: each may bring a body of the largest size, which is held in memory
MOST_CONNECTIONS = 100


class AddressNotFree(Misconfigured):
    """The server can't listen at its address."""

    what = "{name} can't listen on {host}, port {port}"
    where = "options --host, --port"
    why = "{error.strerror}"
    mend = "give another --host or --port, or stop the process that has it"


@dataclass(frozen=True)
class Patience:
    """The time limits of a connection, in seconds."""

    head_s: float = 10.0
    exchange_s: float = 180.0
    idle_s: float = 15.0


class HttpServer:
    """A server for one ASGI application; it listens as soon as it is made."""

    def __init__(
        self,
        application: Callable[..., Any],
        host: str,
        port: int,
        patience: Patience | None = None,
        name: str = "the HTTP door",
    ) -> None:
        """Listen on *host* and *port*; 0 takes a free port. *name* is the server's, for errors.

        Raises:
            AddressNotFree: another process listens there, or the address isn't this machine's.
        """
        patience = patience or Patience()
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._socket = socket.create_server((host, port), family=family, backlog=MOST_CONNECTIONS)
        except OSError as error:
            raise AddressNotFree(name=name, host=host, port=port, error=error) from error
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self._socket.getsockname()[1]}"
        self.port: int = self._socket.getsockname()[1]
        self._server = uvicorn.Server(
            uvicorn.Config(
                application,
                http=_protocol(patience),
                ws="none",
                lifespan="off",
                log_config=None,
                # Strangers' faulty requests are no events of the hub.
                log_level="critical",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MOST_CONNECTIONS,
                h11_max_incomplete_event_size=MOST_HEAD,
                timeout_keep_alive=int(patience.idle_s) or 1,
                timeout_graceful_shutdown=10,
            )
        )

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, or until `stop`; exchanges under way are finished first."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """End `run`. Safe to call from another thread."""
        self._server.should_exit = True


def _protocol(patience: Patience) -> type[asyncio.Protocol]:
    """Make the protocol of connections with these limits; uvicorn makes an object of it for each connection."""

    class BoundedConnection(H11Protocol):
        """A connection that is cut when a head or an exchange takes too long."""

        _timer: asyncio.TimerHandle | None = None
        _timed_cycle: object = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._cut_after(patience.head_s)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            # uvicorn has its own timer for an idle connection, and may have begun with a pipelined request.
            self._stop_timer()
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_timer()
            super().connection_lost(exc)

        def _watch(self) -> None:
            in_exchange = self.cycle is not None and not self.cycle.response_complete
            if in_exchange and self._timed_cycle is not self.cycle:
                self._stop_timer()
                self._timed_cycle = self.cycle
                self._cut_after(patience.exchange_s)
            elif not in_exchange and self._timer is None:
                # Bytes of a head, or of a body that nobody reads any more: they don't keep the connection alive.
                self._cut_after(max(patience.head_s, patience.idle_s))

        def _cut_after(self, seconds: float) -> None:
            # At once, and not with a polite close: the other side may not read.
            self._timer = self.loop.call_later(seconds, self.transport.abort)

        def _stop_timer(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    return BoundedConnection
