"""Three own systems and no shipped one, on RabbitMQ, with a user who has rights on the deployment's own queues only."""

from __future__ import annotations

import contextlib
import json
import pathlib
import time
import uuid
from typing import Any

import pika
import pytest

from integration_objects.complex_object import instances, walk_items
from schemas.hub_xml import hub_from_xml
from tests.road import Road, sample

FILES = {
    "hub/routes/orders.yaml": """
route: P.orders
from: {channel: P.in}
object: hub
workflow: Hub Object
reply: {channel: P.answers}
""",
    "hub/routes/status.yaml": """
route: P.status
from: {channel: P.told}
object: hub
workflow: Order Synchronization
""",
    "adapters/systems/activation.yaml": """
system: Activation
takes: OM Work Order
for: Provisioning
channel: P.work
""",
    "adapters/systems/charges.yaml": """
system: Charges
takes: OM Billing Event
template: charges.j2
format: json
channel: P.charges
""",
    "adapters/systems/rows.yaml": """
system: Rows
takes: OM Billing Event
template: rows.j2
format: csv
channel: P.rows
""",
    "adapters/templates/charges.j2": '{"order": {{ header["Order Number"] }}, "lines": {{ lines|length }}}',
    "adapters/templates/rows.j2": """{% for line in lines %}
{{ line["Product Id"] }},{{ line["Action Code"] }}
{% endfor %}
""",
}


@pytest.fixture
def prefix(private_rabbitmq: Any) -> Any:
    """The beginning of the names of all queues that the hub's user has rights on; the user has the same name."""
    name = f"p{uuid.uuid4().hex[:8]}"
    private_rabbitmq.control("add_user", name, "secret")
    own = rf"^{name}\..*$"
    private_rabbitmq.control("set_permissions", name, own, r"^amq\.default$", own)
    yield name
    private_rabbitmq.control("delete_user", name)


@pytest.fixture
def road(tmp_path: pathlib.Path, private_rabbitmq: Any, prefix: str) -> Any:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text.replace("P.", f"{prefix}."))
    url = private_rabbitmq.url.replace("guest:guest", f"{prefix}:secret")
    made = Road(tmp_path, real=True, routes=[], broker_url=url).load_samples()
    yield made
    made.close()


def test_such_a_deployment_touches_its_own_queues_only_and_serves_three_systems(
    road: Road, private_rabbitmq: Any, prefix: str
) -> None:
    assert set(road.open_hub.deployment.systems) == {"Activation", "Charges", "Rows"}
    # Other tests use the same broker, and may have declared the queues of the shipped systems.
    before = queues_of(private_rabbitmq)
    with contextlib.closing(pika.BlockingConnection(pika.URLParameters(private_rabbitmq.url))) as connection:
        broker = connection.channel()
        _work(road, broker, f"{prefix}.in", sample("order-4-hub-xml.xml"))
        assert b"<State>done</State>" in _taken(broker, f"{prefix}.answers")

        work_order = hub_from_xml(_taken(broker, f"{prefix}.work"), road.open_hub.deployment.definitions)
        [header] = instances(work_order)
        lines = "".join(
            f"<LineItem><IntegrationId>{item.get('Integration Id')}</IntegrationId><Status>Complete</Status></LineItem>"
            for item, _ in walk_items(header)
        )
        number = header.get("Work Order Number")
        status = (
            '<Message MessageId="S-1" IntObjectName="OM Work Order Status"><ListOfOMWorkOrderStatus><WorkOrderStatus>'
            f"<WorkOrderNumber>{number}</WorkOrderNumber><ListOfLineItem>{lines}</ListOfLineItem></WorkOrderStatus>"
            "</ListOfOMWorkOrderStatus></Message>"
        )
        _work(road, broker, f"{prefix}.told", status.encode())
        assert json.loads(_taken(broker, f"{prefix}.charges"))["lines"] == 3
        assert _taken(broker, f"{prefix}.rows").decode() == "Calling Card,Add\n" * 3
    queues = queues_of(private_rabbitmq) - before
    assert {name for name in queues if name.startswith(prefix)} == {
        f"{prefix}.{name}"
        for name in (
            *("in", "told", "answers", "work", "charges", "rows"),
            *("orders.dead-letter", "status.dead-letter"),
        )
    }
    assert not queues & {"billing.events", "billing.records", "provisioning.work_orders", "hub.objects"}


def queues_of(broker: Any) -> set[str]:
    """The names of a broker's queues; those of the hub have a point."""
    return {name for name in broker.control("list_queues", "name").split() if "." in name}


def _work(road: Road, broker: Any, queue: str, body: bytes) -> None:
    """Run the hub once, so that it declares its queues; send it a message, and run it again."""
    road.run()
    broker.basic_publish("", queue, body, pika.BasicProperties(message_id=f"m-{queue}", delivery_mode=2))
    road.run()


def _taken(broker: Any, queue: str) -> bytes:
    """Take the one message of a queue."""
    for _ in range(100):
        method, _, body = broker.basic_get(queue, auto_ack=True)
        if method is not None:
            return bytes(body)
        time.sleep(0.1)
    raise AssertionError(f"nothing came to {queue}")
