"""The demonstration's deployment, made anew on SQLite and embedded queues, with a stand-in for provisioning.

Spec: docs/design/road.md, "Command line, completed" (`demo` ignores settings and environment).
"""

from __future__ import annotations

import importlib.resources
import pathlib
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from types import MappingProxyType

from adapters.database.messages.filing import Filed
from adapters.database.messages.outbox import OutboxMessage
from adapters.files import fresh_folder
from adapters.transport import Delivery, Envelope
from hub.data_manager.doors import open_transports
from hub.data_manager.open_hub import OpenHub
from hub.data_manager.worker import Worker
from hub.deployment.definitions import FILE
from hub.deployment.proof import load_deployment
from hub.deployment.settings import EVERY, read_settings
from hub.presentation.printing import out
from hub.workflow_manager.origin import Origin
from hub.workflows.received.hub_object import load
from integration_objects.property_set import PropertySet
from schemas.check import parse
from schemas.from_xml import external_from_xml
from schemas.hub_xml import hub_from_xml
from schemas.to_xml import external_to_xml

SAMPLES = "samples"
WORK_ORDERS = "provisioning.work_orders"
STATUS_ROUTE = "provisioning_status"
_SETTINGS = """# The demo's deployment: all shipped routes and systems, SQLite and the embedded queue.
database_url = "sqlite:///orderhub.db"
routes = ["*"]
systems = ["*"]
feeds = ["*"]
folder_settle_s = 0
"""
#: characters of a printed line
WIDTH = 110


@dataclass(frozen=True)
class Answered:
    """A work order that the stand-in for provisioning has answered.

    Attributes:
        lines: the number of its lines that have an action, and are complete now.
        row_id: the answer's row in the message store.
    """

    number: str
    revision: str
    lines: int
    row_id: str


def is_demo(folder: pathlib.Path) -> bool:
    """Tell whether a folder is the one that a demonstration has made."""
    path = folder / FILE
    return path.is_file() and path.read_text(encoding="utf-8").startswith(_SETTINGS.splitlines()[0])


class Demonstration:
    """A deployment in the demonstration's folder; its methods act as people and systems outside the hub."""

    def __init__(self, open_hub: OpenHub) -> None:
        self.open_hub = open_hub
        self._worker = Worker(open_hub)
        self._manager = self._worker.data_manager

    def load(self, name: str) -> list[str]:
        """Load a sample, as `orderhub load` does; return a line for each object."""
        tree = hub_from_xml(_sample(name), self.open_hub.deployment.definitions)
        with self.open_hub.write() as transaction:
            return load(transaction.run(Origin("load", "local", name)), tree)

    def send(self, route: str, name: str, message_id: str | None = None) -> Filed:
        """Put a sample in at a route's door, as `orderhub send` does."""
        return self._file(route, Envelope(message_id, _sample(name)), name)

    def drop(self, folder: str, name: str) -> str:
        """Put a sample into a folder that a route reads; return the file's name there."""
        return pathlib.Path(open_transports(self.open_hub)["folder"].put_in(folder, name, [_sample(name)])).name

    def run(self) -> bool:
        """Run the hub until only final and parked messages are left; return whether all are final."""
        return self._worker.run(once=True)

    def run_for_now(self) -> None:
        """Run the hub until nothing can be done at this moment; messages that can't leave now stay."""
        while self._worker.step():
            pass

    def answer_work_orders(self) -> list[Answered]:
        """Act as a provisioning system: take each work order, and answer that all its lines are complete."""
        # Committed before the answers are filed: the data manager opens a transaction of its own for each answer.
        return [self._answer(message.message_id, message.body) for message in self.take(WORK_ORDERS)]

    def bring(self, route: str, message_id: str, body: bytes, answers: str | None = None) -> Filed:
        """Put another system's message in at a route's door; *answers* is the id of the message that it answers."""
        return self._file(route, Envelope(message_id, body, correlation_id=answers), message_id)

    def take(self, channel: str) -> list[OutboxMessage]:
        """Take the messages of an embedded channel, as the system that reads it does."""
        with self.open_hub.write() as transaction:
            return [row.message for row in transaction.messages.outbox.take(channel, 100)]

    def write(self, name: str, text: str) -> None:
        """Write a file into the demonstration's folder."""
        (self.open_hub.deployment.folder / name).write_text(text, encoding="utf-8")

    def close(self) -> None:
        """Close transports and database."""
        self._worker.close()
        self.open_hub.close()

    def _file(self, route: str, envelope: Envelope, source: str) -> Filed:
        return self._manager.file(self._manager.routes[route], [Delivery(envelope, route, "local", source)])[0]

    def _answer(self, message_id: str, body: bytes) -> Answered:
        external = self.open_hub.deployment.external_objects
        ordered = external_from_xml(parse(body), external["Provisioning Work Order"])
        number, revision = ordered.get("number") or "", ordered.get("revision") or ""
        time = self.open_hub.surroundings.now()
        status = PropertySet(
            "workOrderStatus", properties={"workOrderNumber": number, "revision": revision, "time": time}
        )
        status.children = [
            PropertySet("line", properties={"integrationId": line.get("integrationId"), "status": "COMPLETED"})
            for line in ordered.walk()
            if line.type == "line" and line.get("action") != "none"
        ]
        envelope = Envelope(f"PV-{message_id[:12]}", external_to_xml(status, external["Provisioning Status"]))
        return Answered(number, revision, len(status.children), self._file(STATUS_ROUTE, envelope, "stand-in").row_id)


@contextmanager
def demonstration(
    folder: pathlib.Path, declared: Mapping[str, str] = MappingProxyType({}), **more: str
) -> Iterator[Demonstration]:
    """Open a demonstration in *folder*, which is made anew; settings and environment are ignored.

    Args:
        declared: texts of declarations of the deployment's own, by their paths within it.
        more: settings with texts as values, beside the demonstration's.
    """
    fresh_folder(folder)
    settings_text = _SETTINGS + "".join(f'{name} = "{value}"\n' for name, value in more.items())
    for path, text in {FILE: settings_text, **declared}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    # The demonstration's files are whole from the start, so that the hub need not wait for them to settle.
    # Without the environment: it may name the database or the broker of a real hub.
    settings = read_settings(
        folder, environment=False, routes=[EVERY], feeds=[EVERY], folder_settle_s=0.0, poll_s=0.05, **more
    )
    open_hub = OpenHub(load_deployment(folder, settings))
    open_hub.prepare_database()
    with closing(Demonstration(open_hub)) as hub:
        yield hub


def heading(text: str) -> None:
    """Print a heading."""
    out(f"\n{text}\n{'-' * len(text)}")


def paragraph(text: str) -> None:
    """Print a paragraph in lines of `WIDTH` characters."""
    out("\n" + textwrap.fill(text, WIDTH))


def shipped_text(package: str, name: str) -> str:
    """Return a shipped declaration as text."""
    return importlib.resources.files(package).joinpath(name).read_text(encoding="utf-8")


def _sample(name: str) -> bytes:
    return (importlib.resources.files("hub") / SAMPLES / name).read_bytes()
