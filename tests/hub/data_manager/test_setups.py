"""The same road on every set-up: SQLite and PostgreSQL, embedded queues and RabbitMQ."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.database.schema.upgrade import upgrade
from adapters.rabbitmq import RabbitMQ
from adapters.transport import Envelope
from hub.data_manager.intake import declare_channels
from hub.data_manager.open_hub import DatabaseNotUpgraded, OpenHub
from hub.deployment.deployment import Deployment
from hub.deployment.settings import read_settings
from integration_objects.surroundings import Surroundings
from schemas.check import parse
from tests.road import Road, mainframe_line, mainframe_order, provisioning_status, sample

SETUPS = [(database, queue) for database in ("SQLite", "PostgreSQL") for queue in ("the embedded queue", "RabbitMQ")]


class Outside:
    """Whoever stands around the hub, on whichever queue it has."""

    def __init__(self, road: Any, broker_url: str | None) -> None:
        self.road = road
        self.broker = None if broker_url is None else RabbitMQ(broker_url, Surroundings())
        if self.broker is not None:
            declare_channels(road.open_hub, {"channel": self.broker})

    def send(self, route: str, body: bytes | str, id: str | None = None, **parts: Any) -> None:
        body = body.encode() if isinstance(body, str) else body
        if self.broker is None:
            self.road.send(body, route, id, **parts)
        else:
            self.broker.publish(self.road.open_hub.deployment.routes[route].place, [Envelope(id, body, **parts)])

    def take(self, channel: str) -> list[Envelope]:
        if self.broker is None:
            return [row.envelope for row in self.road.take(channel)]
        taken = self.broker.receive(channel, 1000, 0.3)
        self.broker.acknowledge(taken)
        return [one.envelope for one in taken]


@pytest.fixture(params=SETUPS, ids=[" on ".join(reversed(setup)) for setup in SETUPS])
def outside(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[Outside]:
    database, queue = request.param
    given: dict[str, Any] = {"poll_s": 0.05}
    if database == "PostgreSQL":
        given["database_url"] = request.getfixturevalue("database_url")
    broker_url = None
    if queue == "RabbitMQ":
        server = request.getfixturevalue("private_rabbitmq")
        given["broker_url"] = broker_url = server.url
        delete_queues(server)
    if database == "PostgreSQL":
        open_hub = OpenHub(Deployment(tmp_path, read_settings(tmp_path, environment=False, **given)))
        with pytest.raises(DatabaseNotUpgraded, match="isn't ready"):
            open_hub.prepare_database()
        upgrade(open_hub.database, open_hub.deployment.definitions)
        open_hub.close()
    road = Road(tmp_path, real=True, **given).load_samples()
    made = Outside(road, broker_url)
    yield made
    if made.broker is not None:
        made.broker.close()
    road.close()


def delete_queues(server: Any) -> None:
    import pika

    names = [
        line.split("\t")[0]
        for line in server.control("list_queues", "--quiet", "--no-table-headers", "name").splitlines()
    ]
    connection = pika.BlockingConnection(pika.URLParameters(server.url))
    for name in names:
        if name.strip():
            connection.channel().queue_delete(name.strip())
    connection.close()


def test_an_order_goes_all_the_way(outside):
    road = outside.road
    order = sample("order-1-new-service.xml")
    outside.send("mainframe_order", order)
    outside.send("mainframe_order", order)
    outside.send("mainframe_order", sample("order-3-unknown-product.xml"))
    outside.send("hub_object", sample("order-4-hub-xml.xml"), "CH-0001", reply_to="hub.answers")
    assert road.run()
    assert road.counts() == {"done": 2, "rejected": 1}

    # every outbound message is there, in its own format
    answers = [parse(one.body).findtext("STATE") for one in outside.take("mainframe.answers")]
    assert sorted(answers) == ["OK", "OK", "REJ"] or sorted(answers) == ["OK", "REJ"]  # a repeat before the answer
    [dead] = outside.take("mainframe_order.dead-letter")
    assert dead.body == sample("order-3-unknown-product.xml")
    [answer] = outside.take("hub.answers")
    assert b"<State>done</State>" in answer.body
    assert answer.correlation_id == "CH-0001"

    # provisioning answers each work order
    work_orders = [parse(one.body) for one in outside.take("provisioning.work_orders")]
    assert len(work_orders) == 2
    namespace = "{urn:orderhub:provisioning:work-order:1}"
    for number, work_order in enumerate(work_orders):
        lines = [
            (line.findtext(f"{namespace}integrationId"), "COMPLETED")
            for line in work_order.iter(f"{namespace}line")
            if line.findtext(f"{namespace}action") != "none"
        ]
        outside.send(
            "provisioning_status",
            provisioning_status(work_order.findtext(f"{namespace}number"), lines, time=road.surroundings.now()),
            f"S{number}",
        )
    assert road.run()
    assert road.counts() == {"done": 4, "rejected": 1}
    assert set(road.profile().values()) == {"Active"}
    assert len(road.profile()) == 5
    events = outside.take("billing.events")
    assert len(events) == 2
    assert len({one.message_id for one in events}) == 2


def test_refused_and_unreadable_messages_are_kept_and_the_rest_goes_on(outside):
    outside.send("mainframe_order", b"\x00not XML")
    outside.send("mainframe_order", mainframe_order("1", mainframe_line(1, "C", "LCLLN001", ref="GONE")))
    outside.send("mainframe_order", mainframe_order("2", mainframe_line(1, "A", "LCLLN001", ref="L")))
    assert outside.road.run()
    assert outside.road.counts() == {"done": 1, "rejected": 1, "invalid": 1}
    assert len(outside.take("mainframe_order.dead-letter")) == 2


def test_an_order_that_breaks_rules_is_refused_on_every_set_up(outside):
    lines = (mainframe_line(1, "A", "SBENB001", ref="SBE"), mainframe_line(2, "A", "VOICM001", parent=1, ref="V"))
    outside.send("mainframe_order", mainframe_order("7", *lines), "M7")
    outside.road.run()
    [answer] = outside.take("mainframe.answers")
    error = parse(answer.body)
    assert error.findtext("STATE") == "REJ"
    text = " ".join(error.itertext())
    assert "Small Business Enabler 'SBE' has 0 Local Line, and needs at least 5" in text
    assert "Voice Mail 'V' can't stand beneath Small Business Enabler 'SBE'" in text
    [dead] = outside.take("mainframe_order.dead-letter")
    assert b"VOICM001" in dead.body
    assert outside.road.stored("OM Order") == []
