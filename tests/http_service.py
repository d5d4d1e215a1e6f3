"""A small real HTTP server that answers as a test tells it to."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any


class HttpService:
    """What the server was asked, and what it answers: a JSON document, or bytes with a status.

    Attributes:
        asked: the documents that were posted, in order.
        answer: makes the answer: a document, or (status, body) to be sent as it is.
        trickle_s: seconds between two bytes of the body; 0 sends it at once.
    """

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.paths: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self.answer: Callable[[Any], Any] = lambda document: document
        self.trickle_s = 0.0
        self.stopped = threading.Event()
        self.url = ""


@contextlib.contextmanager
def http_service() -> Iterator[HttpService]:
    """A service on a free port of this machine."""
    service = HttpService()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            service.asked.append(document)
            service.paths.append(self.path)
            service.headers.append(self.headers)
            answer = service.answer(document)
            status, body = answer if isinstance(answer, tuple) else (200, json.dumps(answer).encode())
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                if status in (301, 302, 307):
                    self.send_header("Location", service.url + "/elsewhere")
                self.end_headers()
                if not service.trickle_s:
                    self.wfile.write(body)
                    return
                for byte in body:
                    if service.stopped.wait(service.trickle_s):
                        return
                    self.wfile.write(bytes((byte,)))

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield service
    finally:
        service.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()
