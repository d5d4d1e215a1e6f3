"""The demo: the whole road on the embedded defaults, with stand-ins for billing and provisioning.

What is shown is read back from the message store and the database; nothing is made up.

Spec: integration.md, "Reached from outside" (`demo`); road.md, "Command line, completed".
"""

from __future__ import annotations

import importlib.resources
import pathlib

from adapters.database.outbox import OutboxRow
from adapters.files import fresh_folder
from adapters.transport import Delivery, Envelope
from hub.data_manager import DataManager
from hub.deployment import EVERY_ROUTE, Deployment, load_deployment
from hub.desk import Desk
from hub.doors import folder_door
from hub.printing import out, picture, table
from hub.run import Origin
from hub.settings import FILE, read_settings
from hub.worker import Worker
from hub.workflows.hub_object import load
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import Surroundings
from schemas.check import parse
from schemas.from_xml import external_from_xml
from schemas.hub_xml import hub_from_xml
from schemas.to_xml import external_to_xml

SAMPLES = "samples"
WORK_ORDERS = "provisioning.work_orders"
STATUS_ROUTE = "provisioning_status"
_SETTINGS = """# The demo's deployment: all shipped sample routes, SQLite and the embedded queue.
database_url = "sqlite:///orderhub.db"
routes = ["*"]
folder_settle_s = 0
"""


def play(folder: pathlib.Path) -> bool:
    """Play the demo in *folder*, made anew; returns whether every message came to a final state."""
    fresh_folder(folder)
    (folder / FILE).write_text(_SETTINGS, encoding="utf-8")
    settings = read_settings(folder, environment=False, routes=[EVERY_ROUTE], folder_settle_s=0.0, poll_s=0.05)
    desk = Desk(load_deployment(folder, settings))
    desk.prepare_database()
    try:
        return _play(desk)
    finally:
        desk.close()


def _play(desk: Desk) -> bool:
    _say("Accounts, products and an opening profile are loaded (orderhub load)")
    for name in ("catalogue.xml", "accounts.xml", "profile.xml"):
        for line in _load(desk, name):
            out(f"  {line}")
    _say("Orders arrive: two from the mainframe, one as a file, one in the hub's own XML, one in a partner's dialect")
    manager = DataManager(desk)
    _send(manager, "mainframe_order", "order-1-new-service.xml")
    _send(manager, "mainframe_order", "order-3-unknown-product.xml")
    _send(manager, "hub_object", "order-4-hub-xml.xml", "CH-0001")
    _send(manager, "partner_order", "order-6-partner.xml")
    put = folder_door(desk).put_in("mainframe", "order-5-file.xml", _sample("order-5-file.xml"))
    out(f"  {put.name} -> folder mainframe")
    worker = Worker(desk)
    worker.run(once=True)
    _say("Provisioning (a stand-in) answers its work orders; the profile and billing follow")
    _answer_work_orders(desk, manager)
    worker.run(once=True)
    _say("The mainframe changes the service: another forwarding number, no voice mail")
    _send(manager, "mainframe_order", "order-2-change.xml")
    _send(manager, "mainframe_order", "order-2-change.xml")  # sent twice, worked once
    worker.run(once=True)
    _answer_work_orders(desk, manager)
    all_final = worker.run(once=True)
    _show(desk)
    return all_final


def _say(text: str) -> None:
    out(f"\n{text}\n{'-' * len(text)}")


def _sample(name: str) -> bytes:
    return (importlib.resources.files("hub") / SAMPLES / name).read_bytes()


def _load(desk: Desk, name: str) -> list[str]:
    tree = hub_from_xml(_sample(name), desk.deployment.definitions)
    with desk.write() as transaction:
        return load(transaction.run(Origin("load", "local", name)), tree)


def _send(manager: DataManager, route: str, name: str, message_id: str | None = None) -> None:
    delivery = Delivery(Envelope(message_id, _sample(name)), route, "local", name)
    filed = manager.file(manager.routes[route], [delivery])[0]
    out(f"  {name} -> {route}: {filed.outcome}")


def _answer_work_orders(desk: Desk, manager: DataManager) -> None:
    """What a provisioning system does: take each work order, and say that all its lines are complete."""
    with desk.write() as transaction:
        taken = transaction.messages.outbox.take(WORK_ORDERS, 100)
    for row in taken:
        body = _completed(desk.deployment, desk.surroundings, row)
        envelope = Envelope(f"PV-{row.message.message_id[:12]}", body)
        manager.file(manager.routes[STATUS_ROUTE], [Delivery(envelope, STATUS_ROUTE, "local", "stand-in")])
        out(f"  work order {row.message.message_id[:12]} -> all lines complete")


def _completed(deployment: Deployment, surroundings: Surroundings, row: OutboxRow) -> bytes:
    ordered = external_from_xml(parse(row.message.body), deployment.external_objects["Provisioning Work Order"])
    status = PropertySet(
        "workOrderStatus",
        properties={
            "workOrderNumber": ordered.get("number"),
            "revision": ordered.get("revision"),
            "time": surroundings.now(),
        },
    )
    stack = [node for node in ordered.children if node.type == "line"]
    while stack:
        line = stack.pop(0)
        if line.get("action") != "none":
            status.children.append(
                PropertySet("line", properties={"integrationId": line.get("integrationId"), "status": "COMPLETED"})
            )
        stack += [node for node in line.children if node.type == "line"]
    return external_to_xml(status, deployment.external_objects["Provisioning Status"])


def _show(desk: Desk) -> None:
    with desk.read() as transaction:
        messages = transaction.messages
        _say("What happened to every message (orderhub messages list)")
        heads = ("route", "state", "message_id", "key", "repeats", "reason")
        rows = sorted(messages.listing(limit=1000), key=lambda row: str(row["received_at"]))
        out(table(heads, [[row[head] for head in heads] for row in rows]))
        for row in rows:
            if row["state"] == "rejected":
                error = (messages.show(row["id"]) or {})["error"]
                _say(f"Why {row['message_id'] or row['source']} was refused (orderhub messages show)")
                out("\n".join(f"{name + ':':<7}{error[name]}" for name in ("what", "where", "why", "mend")))
        _say("The customers' service profiles (orderhub show 'OM Asset' 1-B)")
        for account in ("1-A", "1-B", "1-C"):
            out(picture(transaction.store.query("OM Asset", {"Account Id": account})))
        _say("What left, and waits for whoever takes it (orderhub receive CHANNEL)")
        waiting = messages.outbox.waiting_counts()
        out(table(("channel", "messages"), [(row["destination"], row["waiting"]) for row in waiting]))
        _say("Billing's record file for the first order (orderhub receive billing.records)")
        records = messages.outbox.waiting("billing.records", 1)
        for record in records:
            for line in record.message.body.decode("iso-8859-1").splitlines():
                out("  " + " ".join(line.split()))
        counts = messages.counts()
        _say("The count")
        out(
            f"received {counts.received} = "
            + " + ".join(f"{number} {state}" for state, number in counts.states.items() if number)
            + f"; repeats {counts.duplicates}; deliveries {counts.deliveries}"
            + (" (both sides agree)" if counts.agrees else " (THE TWO SIDES DIFFER)")
        )
    out(
        f"\nWhere to look next:\n  cd {desk.deployment.folder.name}\n  orderhub status\n  orderhub messages list\n"
        "  orderhub show 'OM Order' O-0000001\n  orderhub receive --peek mainframe.answers"
    )
