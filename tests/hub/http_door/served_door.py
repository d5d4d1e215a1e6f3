"""A hub whose HTTP door is served on a free port of this machine, and a sender's hands."""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import pathlib
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.http_server import HttpServer, Patience
from adapters.transport import Delivery
from hub.http_door.application import HttpDoor
from integration_objects.surroundings import token_digest
from tests.road import Road

ROUTES = {
    "web_order": """
route: web_order
from: {http: orders}
object: Mainframe Order
map: Mainframe Order to OM Order
workflow: Receive Order
reply: {object: Mainframe Answer, map: OM Reply to Mainframe Answer}
senders: [kite, "CN=crow,O=Crow Ltd"]
content types: [application/xml, text/*]
limits: {body: 100000}
""",
    "open_order": """
route: open_order
from: {http: open.orders}
object: Mainframe Order
map: Mainframe Order to OM Order
workflow: Receive Order
identity: {field: "[ORDER/MSG-ID]"}
""",
    "waiting_order": """
route: waiting_order
from: {http: waiting}
object: Mainframe Order
map: Mainframe Order to OM Order
workflow: Receive Order
reply: {object: Mainframe Answer, map: OM Reply to Mainframe Answer, wait: 2}
""",
}
#: the tokens of two senders; a name may have two
TOKENS = {"kite": "kite-token", "eagle": "eagle-token"}
XML = {"Content-Type": "application/xml"}


@dataclass
class Answered:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class ServedDoor:
    """The hub behind the door, and its port."""

    road: Road
    port: int
    tokens: Mapping[str, str] = field(default_factory=lambda: TOKENS)

    def ask(
        self, method: str, path: str, body: bytes | None = None, sender: str | None = "kite", **headers: str
    ) -> Answered:
        """Send a request; the names of *headers* have _ for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if sender is not None:
            named["Authorization"] = f"Bearer {self.tokens.get(sender, sender)}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, named)
            response = connection.getresponse()
            return Answered(response.status, dict(response.headers), response.read())
        finally:
            connection.close()

    def post(self, path: str, body: bytes, id: str | None = None, sender: str | None = "kite", **more: str) -> Answered:
        headers = {"Content_Type": "application/xml", **({} if id is None else {"Idempotency_Key": id}), **more}
        return self.ask("POST", path, body, sender, **headers)

    def raw(self, data: bytes, timeout_s: float = 10.0, end: bool = False) -> bytes:
        """Write bytes as they are; return everything that comes until the other side closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s) as connection:
            with contextlib.suppress(OSError):
                connection.sendall(data)
                if end:
                    connection.shutdown(socket.SHUT_WR)
            return read_all(connection)

    def deliveries(self) -> list[Delivery]:
        """What came in, oldest first, as other transports hand it over."""
        with self.road.open_hub.read() as transaction:
            rows = [transaction.messages.inbox.row(message["id"]) for message in reversed(self.messages())]
        routes = self.road.open_hub.deployment.routes
        return [
            Delivery(
                replace(row.envelope, content_type=row.content_type), routes[row.route].place, row.sender, row.source
            )
            for row in rows
            if row
        ]

    def messages(self) -> list[dict[str, Any]]:
        with self.road.open_hub.read() as transaction:
            return transaction.messages.listing()


def read_all(connection: socket.socket) -> bytes:
    parts = []
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


@contextlib.contextmanager
def served_road(road: Road) -> Iterator[ServedDoor]:
    """Serve the road's door, and close the road behind it."""
    with served(road) as door:
        yield door
    road.close()


@contextlib.contextmanager
def served(road: Road, body_s: float = 10.0, patience: Patience | None = None) -> Iterator[ServedDoor]:
    """Serve the road's door until the block ends."""
    server = HttpServer(HttpDoor(road.open_hub, body_s).application(), "127.0.0.1", 0, patience)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield ServedDoor(road, server.port)
    finally:
        server.stop()
        thread.join()


@functools.cache
def _with_samples() -> bytes:
    """A SQLite file with the samples' products and accounts, made once."""
    with tempfile.TemporaryDirectory() as folder:
        Road(pathlib.Path(folder)).load_samples().close()
        return (pathlib.Path(folder) / "orderhub.db").read_bytes()


def road_with_doors(folder: pathlib.Path, **settings: Any) -> Road:
    """A road whose routes read HTTP."""
    (folder / "hub" / "routes").mkdir(parents=True)
    for name, text in ROUTES.items():
        (folder / "hub" / "routes" / f"{name}.yaml").write_text(text.lstrip(), encoding="utf-8")
    if "database_url" not in settings:
        (folder / "orderhub.db").write_bytes(_with_samples())
    tokens = [(name, token_digest(token)) for name, token in TOKENS.items()]
    given = {"routes": [], "systems": ["*"], "http_tokens": tokens, **settings}
    return Road(folder, real=True, **given)
