"""The road in a temporary folder: a deployment with all shipped routes, and hands to send, answer and look."""

from __future__ import annotations

import importlib.resources
import json
import pathlib
import re
from collections.abc import Sequence
from typing import Any

from adapters.transport import Delivery, Envelope
from hub.data_manager.data_manager import DataManager
from hub.data_manager.worker import Worker
from hub.data_manager.workflow_run import run_workflow
from hub.deployment.settings import FILE, read_settings
from hub.workflow_manager.named_workflow import request, workflow_named
from hub.workflow_manager.origin import Origin
from hub.workflow_manager.outcome import Outcome
from hub.workflows.received.hub_object import load
from integration_objects.complex_object import instances, is_empty, walk_items
from integration_objects.field_values import read_date
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import SeededSurroundings, Surroundings
from schemas.check import parse
from schemas.from_xml import external_from_xml
from schemas.hub_xml import hub_from_xml
from tests.stocked import has_own_declarations, new_open_hub, restock_sqlite, upgraded_sqlite

SETTINGS = 'database_url = "sqlite:///orderhub.db"\nroutes = ["*"]\nfolder_settle_s = 0\n'


class Road:
    """A deployment with its hands."""

    def __init__(self, folder: pathlib.Path, real: bool = False, **settings: Any) -> None:
        """*real*: with the real clock, for doors that wait."""
        self.folder = folder
        (folder / FILE).write_text(SETTINGS, encoding="utf-8")
        given = {"routes": ["*"], "folder_settle_s": 0.0, "poll_s": 0.001, **settings}
        is_new = "database_url" not in given and not (folder / "orderhub.db").exists()
        if is_new:
            (folder / "orderhub.db").write_bytes(upgraded_sqlite())
        self._is_new = is_new and not has_own_declarations(folder)
        self.surroundings = Surroundings() if real else SeededSurroundings(7)
        settings = read_settings(folder, environment=False, **given)
        self.open_hub = new_open_hub(folder, settings, self.surroundings)
        self.open_hub.prepare_database()
        self.worker = Worker(self.open_hub)
        self.manager = DataManager(self.open_hub)

    def load_samples(self, as_shipped: bool = False, more: Sequence[str] = ()) -> Road:
        """Load products, accounts and *more*; unless they are *as_shipped*, provisioning brings all service ids."""

        def load_all() -> None:
            self.load(sample("catalogue.xml") if as_shipped else WITHOUT_NUMBERS)
            for name in ("accounts.xml", *more):
                self.load(sample(name))

        if self._is_new and isinstance(self.surroundings, SeededSurroundings):
            restock_sqlite(self.folder / "orderhub.db", self.surroundings, (as_shipped, *more), load_all)
        else:
            load_all()
        return self

    def load(self, xml: bytes | str) -> list[str]:
        self._is_new = False
        tree = hub_from_xml(_bytes(xml), self.open_hub.deployment.definitions)
        with self.open_hub.write() as transaction:
            return load(transaction.run(Origin("load", "local", "test")), tree)

    def send(self, xml: bytes | str, route: str = "mainframe_order", id: str | None = None, **parts: Any) -> str:
        """Put a message in at the route's door; returns its id in the message store.

        Nothing is answered in the future: the clock is set forward to the time that an answer of provisioning carries.
        The real clock can't be set, so that the answer gets its time.
        """
        body = _bytes(xml)
        said = re.search(rb"<time>([^<]+)</time>", body)
        if said is not None and isinstance(self.surroundings, SeededSurroundings):
            self.set_clock(said[1].decode())
        elif said is not None:
            body = body.replace(said[0], f"<time>{self.surroundings.now()}</time>".encode())
        delivery = Delivery(Envelope(id, body, **parts), route, "local", "test")
        return self.manager.file(self.open_hub.deployment.routes[route], [delivery])[0].row_id

    def set_clock(self, time: str) -> None:
        """Set the clock forward to a time, unless it is later already."""
        self.surroundings.sleep(max(0.0, read_date(time).timestamp() - self.surroundings.seconds()))

    def run(self) -> bool:
        return self.worker.run(once=True)

    def work(
        self, xml: bytes | str, route: str = "mainframe_order", id: str | None = None, **parts: Any
    ) -> dict[str, Any]:
        """Send a message, run the hub, and show what became of it."""
        row_id = self.send(xml, route, id, **parts)
        self.run()
        return self.shown(row_id)

    def ask(self, workflow: str, **arguments: Any) -> Outcome:
        """Run a workflow as `orderhub workflow` does: ``road.ask("revise", order="O-0000001")``.

        Arguments that aren't text are requests, which go as JSON; None leaves the argument out.
        """
        pairs = [
            (name.replace("_", "-"), value if isinstance(value, str) else json.dumps(value))
            for name, value in arguments.items()
            if value is not None
        ]
        asked = workflow_named(self.open_hub.deployment.workflows, workflow)
        return run_workflow(self.open_hub, asked, request(workflow, pairs)).outcome

    def insert(self, object: PropertySet | str) -> None:
        """Store an object, or its form in the hub's own XML, as it stands, as a workflow would have made it."""
        tree = object
        if not isinstance(tree, PropertySet):
            tree = hub_from_xml(_bytes(tree), self.open_hub.deployment.definitions)
        with self.open_hub.write() as transaction:
            transaction.store.insert(tree)

    def fallout(self, state: str = "Open") -> list[dict[str, Any]]:
        """The fallout entries in a state, oldest first."""
        with self.open_hub.read() as transaction:
            return transaction.messages.fallout.listing(state)

    def shown(self, row_id: str) -> dict[str, Any]:
        with self.open_hub.read() as transaction:
            shown = transaction.messages.show(row_id)
        assert shown is not None
        return shown

    def stored(self, name: str, **example: Any) -> list[PropertySet]:
        with self.open_hub.read() as transaction:
            tree = transaction.store.query(name, {key.replace("_", " "): value for key, value in example.items()})
        return [] if is_empty(tree) else instances(tree)

    def profile(self, account: str = "1-B") -> dict[str, str]:
        """The account's services: path of products -> status."""
        found: dict[str, str] = {}
        paths: dict[int, str] = {}
        for asset in self.stored("OM Asset", Account_Id=account):
            for item, parent in walk_items(asset):
                above = paths[id(parent)] + " / " if parent is not None else ""
                paths[id(item)] = above + (item.get("Product Id") or "")
                found[paths[id(item)]] = item.get("Status") or ""
        return found

    def left(self, channel: str) -> list[Any]:
        """What waits on an embedded channel, untaken."""
        with self.open_hub.read() as transaction:
            return transaction.messages.outbox.waiting(channel, 10_000)

    def take(self, channel: str) -> list[Any]:
        with self.open_hub.write() as transaction:
            return transaction.messages.outbox.take(channel, 10_000)

    def work_orders(self) -> list[PropertySet]:
        """Take the work orders that left for provisioning, read after their XSD."""
        external = self.open_hub.deployment.external_objects["Provisioning Work Order"]
        found = []
        for row in self.take("provisioning.work_orders"):
            element = parse(row.message.body)
            external.schema.validate(element)
            found.append(external_from_xml(element, external))
        return found

    def complete(self, work_order: PropertySet | None = None, **parts: Any) -> dict[str, Any]:
        """Answer a work order (the next that left): all lines that are asked for are complete."""
        ordered = work_order or self.work_orders()[0]
        # No order is complete before it was made: the clock may be past the usual time of an answer.
        parts = {"time": max("2026-02-01T10:00:00Z", self.surroundings.now()), **parts}
        keys = [line.get("integrationId") or "" for line in work_order_lines(ordered) if line.get("action") != "none"]
        return self.work(
            provisioning_status(ordered.get("number") or "", [(key, "COMPLETED") for key in keys], **parts),
            "provisioning_status",
        )

    def counts(self) -> dict[str, int]:
        """Messages per state, those without any left out."""
        with self.open_hub.read() as transaction:
            counts = transaction.messages.counts()
        assert counts.agrees
        return {state: number for state, number in counts.states.items() if number}

    def close(self) -> None:
        self.worker.close()
        self.open_hub.close()


def sample(name: str) -> bytes:
    return (importlib.resources.files("hub") / "samples" / name).read_bytes()


#: The catalogue for tests about something else: no order has to name the numbers of its lines.
BY_PROVISIONING = b"<ServiceIdBroughtBy>Provisioning</ServiceIdBroughtBy>"
_INSTANCE = b"<ServiceInstance>Y</ServiceInstance>"
WITHOUT_NUMBERS = sample("catalogue.xml").replace(BY_PROVISIONING, b"").replace(_INSTANCE, _INSTANCE + BY_PROVISIONING)


def work_order_lines(tree: PropertySet) -> list[PropertySet]:
    """The lines of an external object's tree, parents first."""
    return [node for node in tree.walk() if node.type == "line"]


def mainframe_order(
    number: str, *lines: str, revision: int = 1, customer: str = "100300", message: str | None = None
) -> str:
    """A mainframe's order."""
    return (
        f"<ORDERS><ORDER><MSG-ID>{message or f'MF-{number}-{revision}'}</MSG-ID><ORD-NO>{number}</ORD-NO>"
        f"<REV-NO>{revision}</REV-NO><CUST-NO>{customer}</CUST-NO><CURR>USD</CURR>{''.join(lines)}</ORDER></ORDERS>"
    )


def mainframe_line(
    number: str | int,
    action: str,
    product: str,
    parent: str | int | None = None,
    ref: str | None = None,
    quantity: str | None = "1",
    more: str = "",
) -> str:
    """A line of a mainframe's order; *more*: further elements after the quantity, in the schema's order."""
    return (
        f"<LINE><LINE-NO>{number}</LINE-NO>"
        + (f"<PARENT-LINE-NO>{parent}</PARENT-LINE-NO>" if parent is not None else "")
        + (f"<SVC-REF>{ref}</SVC-REF>" if ref is not None else "")
        + f"<ACTN>{action}</ACTN><PROD-CD>{product}</PROD-CD>"
        + (f"<QTY>{quantity}</QTY>" if quantity is not None else "")
        + more
        + "</LINE>"
    )


#: the feature of a mainframe's voice-mail without which it can't be ordered
VOICE_MAIL = "<FEATURE><NAME>Password</NAME><VAL>1234</VAL></FEATURE>"


def provisioning_status(
    work_order: str,
    lines: Sequence[tuple[str, str]],
    time: str = "2026-02-01T10:00:00Z",
    revision: int | None = None,
    reason: str | None = None,
    source: tuple[str, str] | None = None,
    milestone: str | None = None,
    expected: str | None = None,
) -> str:
    """A provisioning system's answer."""
    named = f"<workOrderNumber>{work_order}</workOrderNumber>"
    if source is not None:
        named = f"<sourceSystem>{source[0]}</sourceSystem><sourceOrderNumber>{source[1]}</sourceOrderNumber>"
    return (
        f'<workOrderStatus xmlns="urn:orderhub:provisioning:status:1">{named}'
        + (f"<revision>{revision}</revision>" if revision is not None else "")
        + f"<time>{time}</time>"
        + "".join(
            f"<line><integrationId>{key}</integrationId><status>{code}</status>"
            + (f"<milestone>{milestone}</milestone>" if milestone is not None else "")
            + (f"<expectedDate>{expected}</expectedDate>" if expected is not None else "")
            + (f"<reason>{reason}</reason>" if reason is not None else "")
            + "</line>"
            for key, code in lines
        )
        + "</workOrderStatus>"
    )


def _bytes(xml: bytes | str) -> bytes:
    return xml.encode() if isinstance(xml, str) else xml
