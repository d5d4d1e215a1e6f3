"""One hub posts to another one's door: messages leave from the outbox, in order, once for each receipt."""

from __future__ import annotations

from tests.hub.http_door.served_door import TOKENS, road_with_doors, served
from tests.road import Road, sample

SYSTEM = """\
system: Far
takes: OM Work Order
for: Provisioning
http: far
"""


def waiting(road):
    with road.open_hub.read() as transaction:
        return transaction.messages.outbox.waiting("http:far", 10)


def test_work_orders_are_posted_and_wait_while_the_other_side_is_away(tmp_path):
    for name in ("near", "far"):
        (tmp_path / name).mkdir()
    far = road_with_doors(tmp_path / "far")
    systems = tmp_path / "near" / "adapters" / "systems"
    systems.mkdir(parents=True)
    (systems / "far.yaml").write_text(SYSTEM)
    with served(far) as door:
        urls = [("far", f"http://127.0.0.1:{door.port}/messages/open.orders")]
        settings = {"systems": [], "http_urls": urls, "http_url_tokens": [("far", TOKENS["eagle"])]}
        near = Road(tmp_path / "near", **settings).load_samples()
        near.work(sample("order-1-new-service.xml"))
        [message] = door.messages()
        assert (message["sender"], message["route"], message["correlation_id"]) == ("eagle", "open_order", "MF-0001")
        assert waiting(near) == []
        [delivery] = door.deliveries()
        assert b"OM Work Order" in delivery.envelope.body
    near.send(sample("order-2-change.xml"))
    for _ in range(5):
        near.worker.step()
    [left] = waiting(near)
    assert (left.state, left.error["reason"]) == ("waiting", "TransportAway")
    near.close()
    far.close()
