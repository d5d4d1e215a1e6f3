"""The hub as it is measured: a deployment with the mainframe's route and one without a key, and its workers.

As a command it runs NUMBER worker processes: python -m tests.bench.bench_hub FOLDER NUMBER DATABASE-URL [BROKER-URL]
"""

from __future__ import annotations

import pathlib
import sys

import structlog
from sqlalchemy import Table

from adapters.database.schema.tables import tables_of
from adapters.database.schema.upgrade import upgrade
from adapters.transport import Delivery, Envelope
from hub.data_manager.data_manager import DataManager
from hub.data_manager.open_hub import OpenHub
from hub.data_manager.processes import run_workers
from hub.deployment.deployment import Deployment
from hub.deployment.proof import load_deployment
from hub.deployment.settings import FILE, read_settings
from hub.workflow_manager.origin import Origin
from hub.workflows.received.hub_object import load
from integration_objects.declaration import shipped
from integration_objects.definition import read_definitions
from schemas.hub_xml import hub_from_xml
from tests.bench import orders, script

#: the measured routes, and the channels that they read
ROUTES = {"mainframe_order": "mainframe.orders", "bench_order": "bench.orders"}
#: where an order's two messages go
CHANNELS = ("provisioning.work_orders", "mainframe.answers")
#: messages that a sender files in one transaction
SENT_AT_ONCE = 25
_POLL_S = 0.1
_WITHOUT_KEY = """\
# The mainframe's orders, each by itself: none waits for another of its customer.
route: bench_order
from: {channel: bench.orders}
object: Mainframe Order
map: Mainframe Order to OM Order
workflow: Receive Order
identity: message id
reply:
  object: Mainframe Answer
  map: OM Reply to Mainframe Answer
  channel: mainframe.answers
"""


def deployment_in(folder: pathlib.Path, database_url: str, broker_url: str | None) -> Deployment:
    """A deployment in *folder* with both routes, whatever the environment says."""
    routes = folder / "hub" / "routes"
    routes.mkdir(parents=True, exist_ok=True)
    (routes / "bench_order.yaml").write_text(_WITHOUT_KEY, encoding="utf-8")
    (folder / FILE).write_text("", encoding="utf-8")
    settings = read_settings(
        folder,
        environment=False,
        database_url=database_url,
        broker_url=broker_url,
        routes=["mainframe_order"],
        systems=["*"],
        poll_s=_POLL_S,
    )
    return load_deployment(folder, settings)


def prepare(folder: pathlib.Path, database_url: str) -> None:
    """Make the tables, the script's of its own too, and load the orders' products and customers."""
    open_hub = OpenHub(deployment_in(folder, database_url, None))
    upgrade(open_hub.database, open_hub.deployment.definitions)
    with open_hub.database.write() as connection:
        for table in attribute_tables():
            table.create(connection)
    for xml in (orders.products(), orders.accounts()):
        with open_hub.write() as transaction:
            load(transaction.run(Origin("load", "local", "bench")), hub_from_xml(xml, open_hub.deployment.definitions))
    open_hub.close()


def attribute_tables() -> list[Table]:
    """The tables that attributes would have, were they not kept as JSON: their columns, keys and indexes."""
    definitions = read_definitions(shipped("integration_objects"))
    for definition in definitions.values():
        for component in definition.components():
            component.json_column = None
    metadata = tables_of(definitions)
    names = {"s_order_item_xa": script.ATTRIBUTES, "s_work_order_item_xa": script.WORK_ATTRIBUTES}
    return [metadata.tables[table].to_metadata(metadata, name=name) for table, name in names.items()]


class Sender:
    """Files orders into the hub's embedded queues, as `orderhub send` does."""

    def __init__(self, folder: pathlib.Path, database_url: str) -> None:
        self._open_hub = OpenHub(deployment_in(folder, database_url, None))
        self._manager = DataManager(self._open_hub)

    def send(self, route: str, numbers: range, warm: bool = False) -> None:
        """File the orders of these numbers, in groups."""
        declared = self._open_hub.deployment.routes[route]
        for start in range(0, len(numbers), SENT_AT_ONCE):
            group = numbers[start : start + SENT_AT_ONCE]
            envelopes = [Envelope(orders.message_id(number), orders.body(number, warm)) for number in group]
            self._manager.file(declared, [Delivery(one, declared.place, "local", "bench") for one in envelopes])

    def close(self) -> None:
        """Close the database."""
        self._open_hub.close()


def main() -> int:
    """Run worker processes until somebody ends them."""
    folder, number, database_url, *broker_url = sys.argv[1:]
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    deployment = deployment_in(pathlib.Path(folder), database_url, broker_url[0] if broker_url else None)
    return 0 if run_workers(deployment, int(number), once=False) else 1


if __name__ == "__main__":
    sys.exit(main())
