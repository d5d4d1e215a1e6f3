"""A proxy before a server, that cuts, refuses and holds connections when a test says so.

with CuttingProxy(server.url) as proxy:
    Database(proxy.url)             reaches the server
    proxy.cut()                     resets every connection; new ones are let through
    proxy.refuse()                  as a server that is down, until accept()
    proxy.hold()                    as a network that swallows everything, until release()
    proxy.cut_at(b"COMMIT")         resets when a client says so: here, in the middle of a commit
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_CHUNK = 65_536
#: Seconds between two looks whether a held connection was cut.
_LOOK_S = 0.05
#: Closing then sends a reset in place of an orderly end (SO_LINGER: on, 0 s).
_RESET = struct.pack("ii", 1, 0)


class CuttingProxy:
    """Forwards connections on loopback to the server of a URL; the methods work at once, from any thread.

    Args:
        url: the server's, of any scheme, with its port.

    Attributes:
        url: the same, with the proxy's address in place of the server's.
        connected: how many connections it has forwarded.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.hostname is None or parts.port is None:
            raise ValueError(f"{parts.scheme} URL without host or port")
        self._server = (parts.hostname, parts.port)
        self._lock = threading.Lock()
        self._links: set[_Link] = set()
        self._flowing = threading.Event()
        self._flowing.set()
        self._mark: tuple[bytes, bool] | None = None
        self._port = 0
        self._listener: socket.socket | None = None
        self._acceptor: threading.Thread | None = None
        self.connected = 0
        self.accept()
        user = parts.netloc.rpartition("@")[0]
        self.url = parts._replace(netloc=f"{user}@127.0.0.1:{self._port}".removeprefix("@")).geturl()

    def cut(self) -> int:
        """Reset every connection, on both sides; returns how many there were."""
        links = self._cut()
        for link in links:
            link.gone.wait()
        return len(links)

    def refuse(self) -> None:
        """Refuse new connections; those that are there stay."""
        listener, self._listener = self._listener, None
        if listener is not None and self._acceptor is not None:
            self._acceptor.join()
            listener.close()

    def accept(self) -> None:
        """Take new connections again, at the same address."""
        if self._listener is not None:
            return
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._listener.settimeout(_LOOK_S)
        self._port = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._take, args=(self._listener,), daemon=True)
        self._acceptor.start()

    def hold(self) -> None:
        """Let nothing through, either way; connections stay, and new ones get no answer."""
        self._flowing.clear()

    def release(self) -> None:
        """Let everything through again, beginning with what was held."""
        self._flowing.set()

    def cut_at(self, mark: bytes, *, delivered: bool = True) -> None:
        """Cut all connections, once, as soon as a client sends *mark*.

        Args:
            mark: must come in one piece, as short commands do.
            delivered: the server still gets it and answers, and the answer is lost; else it is lost itself.
        """
        self._mark = (mark, delivered)

    def close(self) -> None:
        """Refuse, cut, and end."""
        self.refuse()
        self.cut()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _cut(self) -> set[_Link]:
        with self._lock:
            links, self._links = self._links, set()
        for link in links:
            link.cut()
        return links

    def _take(self, listener: socket.socket) -> None:
        while self._listener is listener:
            try:
                client, _ = listener.accept()
            except TimeoutError:
                continue
            try:
                server = socket.create_connection(self._server, timeout=5)
            except OSError:
                _reset(client)
                continue
            server.settimeout(None)
            for side in (client, server):
                # else each waits 40 ms for an acknowledgement before the second of two small pieces
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link = _Link(client, server)
            with self._lock:
                self._links.add(link)
                self.connected += 1
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(link, source, sink), daemon=True).start()

    def _pump(self, link: _Link, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                while not self._flowing.wait(_LOOK_S) and not link.is_cut:
                    pass
                if source is link.client:
                    self._look_for_mark(link, data)
                elif link.loses_answer:
                    self._cut()
                if link.is_cut:
                    break
                link.send(sink, data)
            if not link.is_cut:
                sink.shutdown(socket.SHUT_WR)
        if link.ended():
            with self._lock:
                self._links.discard(link)

    def _look_for_mark(self, link: _Link, data: bytes) -> None:
        with self._lock:
            if self._mark is None or self._mark[0] not in data:
                return
            delivered = self._mark[1]
            self._mark = None
        if delivered:
            link.loses_answer = True
        else:
            self._cut()


class _Link:
    """A connection on both sides of the proxy; closed by the second of its two threads that ends."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.is_cut = False
        self.loses_answer = False
        self.gone = threading.Event()
        self._threads = 2
        self._lock = threading.Lock()

    def send(self, sink: socket.socket, data: bytes) -> None:
        """Send *data*; stops where the link is cut, even if the other side doesn't read."""
        rest = memoryview(data)
        while rest and not self.is_cut:
            if select.select([], [sink], [], _LOOK_S)[1]:
                with contextlib.suppress(BlockingIOError):
                    rest = rest[sink.send(rest, socket.MSG_DONTWAIT) :]

    def cut(self) -> None:
        """Have both threads end, and the sockets closed with a reset."""
        self.is_cut = True
        for side in (self.client, self.server):
            with contextlib.suppress(OSError):
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                # wakes the thread that reads, and tells the other side nothing: the reset comes with the close
                side.shutdown(socket.SHUT_RD)

    def ended(self) -> bool:
        """Called by each thread at its end; whether it was the last."""
        with self._lock:
            self._threads -= 1
            last = self._threads == 0
        if last:
            self.client.close()
            self.server.close()
            self.gone.set()
        return last


def _reset(side: socket.socket) -> None:
    with contextlib.suppress(OSError):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    side.close()
