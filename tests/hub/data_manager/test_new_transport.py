"""A new transport is one file and one line in the registry: routes and systems name it, messages go both ways."""

from __future__ import annotations

import pytest

from adapters.transport import KINDS, TransportKind
from schemas.check import parse
from tests.hub.data_manager.pigeon_transport import Pigeons
from tests.road import Road, sample

KIND = TransportKind("loft", "tests.hub.data_manager.pigeon_transport:Pigeons", prefix="loft:", answers="loft-answer:")
DECLARATIONS = {
    "hub/routes/pigeon_order.yaml": """
route: pigeon_order
from: {loft: orders}
object: Mainframe Order
map: Mainframe Order to OM Order
workflow: Receive Order
reply: {object: Mainframe Answer, map: OM Reply to Mainframe Answer}
""",
    "adapters/systems/pigeon_billing.yaml": """
system: Pigeon Billing
takes: OM Billing Event
loft: billing
""",
}


@pytest.fixture
def pigeons(tmp_path, monkeypatch):
    """A deployment with a route that reads a loft, and a system behind another one."""
    monkeypatch.setitem(KINDS, KIND.name, KIND)
    for name, text in DECLARATIONS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text.lstrip(), encoding="utf-8")
    road = Road(tmp_path).load_samples()
    yield road
    road.close()
    Pigeons.lofts.clear()
    Pigeons.settled.clear()


def test_messages_come_in_and_leave_by_a_new_transport(pigeons, command, tmp_path):
    (tmp_path / "order.xml").write_bytes(sample("order-1-new-service.xml"))
    command("send", "pigeon_order", "order.xml", "--id", "P-1")
    assert [envelope.message_id for envelope in Pigeons.lofts["orders"]] == ["P-1"]
    assert pigeons.run()
    assert pigeons.counts() == {"done": 1, "received": 1}  # the day of the order is planned
    assert Pigeons.lofts["orders"] == []
    command("workflow", "order-synchronization", "work-order=O-0000001-1", "status=Complete")
    assert pigeons.run()
    [event] = Pigeons.lofts["billing"]
    assert event.headers["x-orderhub-system"] == "Pigeon Billing"
    [(source, rejected, reply)] = Pigeons.settled
    assert (source, rejected) == ("orders/P-1", False)
    assert parse(reply).findtext("STATE") == "OK"


def test_a_refused_message_of_a_new_transport_is_settled_as_rejected(pigeons, command, tmp_path):
    (tmp_path / "order.xml").write_bytes(sample("order-3-unknown-product.xml"))
    command("send", "pigeon_order", "order.xml", "--id", "P-2")
    pigeons.run()
    assert pigeons.counts() == {"rejected": 1}
    [(source, rejected, _)] = Pigeons.settled
    assert (source, rejected) == ("orders/P-2", True)
