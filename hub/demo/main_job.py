"""The main job: orders from intake to billing on the embedded defaults, with a stand-in for provisioning.

All that is shown is read back from the message store and the database.

Spec: docs/design/integration.md, "Reached from outside" (`demo`); docs/design/road.md, "Command line, completed".
"""

from __future__ import annotations

import pathlib

from hub.data_manager.open_hub import OpenHub
from hub.demo.stage import Demonstration, demonstration, heading
from hub.presentation.printing import out, table
from hub.presentation.screen import screen


def play(folder: pathlib.Path) -> bool:
    """Play the main job in *folder*, made anew; return whether every message came to a final state."""
    with demonstration(folder) as hub:
        return _play(hub)


def _play(hub: Demonstration) -> bool:
    heading("Accounts, products and an opening profile are loaded (orderhub load)")
    for name in ("catalogue.xml", "accounts.xml", "profile.xml"):
        for line in hub.load(name):
            out(f"  {line}")
    heading(
        "Orders arrive: two from the mainframe, one as a file, one in the hub's own XML, one in a partner's dialect"
    )
    _send(hub, "mainframe_order", "order-1-new-service.xml")
    _send(hub, "mainframe_order", "order-3-unknown-product.xml")
    _send(hub, "hub_object", "order-4-hub-xml.xml", "CH-0001")
    _send(hub, "partner_order", "order-6-partner.xml")
    out(f"  {hub.drop('mainframe', 'order-5-file.xml')} -> folder mainframe")
    hub.run()
    heading("Provisioning (a stand-in) answers its work orders; the profile and billing follow")
    _answer_work_orders(hub)
    hub.run()
    heading("The mainframe changes the service: another forwarding number, no voice mail")
    # Sent twice, worked once: the inbox knows a message that it has.
    _send(hub, "mainframe_order", "order-2-change.xml")
    _send(hub, "mainframe_order", "order-2-change.xml")
    hub.run()
    _answer_work_orders(hub)
    all_final = hub.run()
    _show(hub.open_hub)
    return all_final


def _send(hub: Demonstration, route: str, name: str, message_id: str | None = None) -> None:
    out(f"  {name} -> {route}: {hub.send(route, name, message_id).outcome}")


def _answer_work_orders(hub: Demonstration) -> None:
    for answered in hub.answer_work_orders():
        out(f"  work order {answered.number} -> all lines complete")


def _show(open_hub: OpenHub) -> None:
    with open_hub.read() as transaction:
        messages = transaction.messages
        heading("What happened to every message (orderhub messages list)")
        heads = ("route", "state", "message_id", "key", "repeats", "reason")
        # A listing has the newest message first, and the story begins with the oldest.
        rows = sorted(messages.listing(limit=1000), key=lambda row: str(row["received_at"]))
        out(table(heads, [[row[head] for head in heads] for row in rows]))
        for row in rows:
            if row["state"] == "rejected":
                error = (messages.show(row["id"]) or {})["error"]
                heading(f"Why {row['message_id'] or row['source']} was refused (orderhub messages show)")
                out("\n".join(f"{name + ':':<7}{error[name]}" for name in ("what", "where", "why", "mend")))
        heading("The customers' service profiles (orderhub show 'OM Asset' 1-B)")
        for account in ("1-A", "1-B", "1-C"):
            out(screen(transaction.store.query("OM Asset", {"Account Id": account})))
        heading("Messages that wait on the hub's channels (orderhub receive CHANNEL)")
        waiting = messages.outbox.waiting_counts()
        out(table(("channel", "messages"), [(row["destination"], row["waiting"]) for row in waiting]))
        heading("Billing's record file for the first order (orderhub receive billing.records)")
        for record in messages.outbox.waiting("billing.records", 1):
            for line in record.message.body.decode("iso-8859-1").splitlines():
                out("  " + " ".join(line.split()))
        counts = messages.counts()
        heading("The count")
        states = " + ".join(f"{number} {state}" for state, number in counts.states.items() if number)
        agreement = "both sides agree" if counts.agrees else "THE TWO SIDES DIFFER"
        deliveries = f"repeats {counts.duplicates}; deliveries {counts.deliveries} ({agreement})"
        out(f"received {counts.received} = {states}; {deliveries}")
    out(
        f"\nWhere to look next:\n  cd {open_hub.deployment.folder.name}\n  orderhub status\n  orderhub messages list\n"
        "  orderhub show 'OM Order' O-0000001\n  orderhub receive --peek mainframe.answers"
        "\n  orderhub web --demo            the pages, with a user of each type"
    )
