"""Two workflows on one account at the same time end as one after the other, on PostgreSQL with two connections."""

from __future__ import annotations

import threading

import pytest

from adapters.database.schema.upgrade import upgrade
from hub.data_manager.open_hub import OpenHub
from hub.data_manager.workflow_run import run_workflow
from hub.deployment.proof import load_deployment
from hub.deployment.settings import read_settings
from hub.workflow_manager.named_workflow import request, workflow_named
from hub.workflows.orders.supplements import NothingToSupplement
from integration_objects.complex_object import instances
from integration_objects.errors import HubError
from integration_objects.surroundings import Surroundings
from tests.road import Road, provisioning_status

PROFILE = (
    '<Message IntObjectName="OM Asset"><ListOfOMAsset><Asset><AccountId>1-A</AccountId><ListOfLineItem>'
    "<LineItem><IntegrationId>CARD-1</IntegrationId><ProductId>Calling Card</ProductId></LineItem>"
    "</ListOfLineItem></Asset></ListOfOMAsset></Message>"
)


def new_order(number, action="Add", key="K-1", account="1-A", service_ids=("",)):
    """An order as a workflow of the hub makes it, New; with a line for each service id."""
    line = "".join(
        f"<LineItem><RowId>R-{number}-{place}</RowId><IntegrationId>{key}{'+' * place}</IntegrationId>"
        f"<ProductId>Calling Card</ProductId><ActionCode>{action}</ActionCode><Status>Pending</Status>"
        f"<Quantity>1</Quantity><ServiceId>{service_id}</ServiceId></LineItem>"
        for place, service_id in enumerate(service_ids)
    )
    return (
        f'<Message IntObjectName="OM Order"><ListOfOMOrder><Order><RowId>{number}</RowId>'
        f"<OrderNumber>{number}</OrderNumber><Revision>1</Revision><ActiveFlag>Y</ActiveFlag><Status>New</Status>"
        f"<AccountId>{account}</AccountId><ListOfLineItem>{line}</ListOfLineItem></Order></ListOfOMOrder></Message>"
    )


@pytest.fixture
def postgresql(tmp_path, database_url):
    """A road on PostgreSQL with the real clock."""
    settings = read_settings(tmp_path, environment=False, database_url=database_url)
    open_hub = OpenHub(load_deployment(tmp_path, settings))
    upgrade(open_hub.database, open_hub.deployment.definitions)
    open_hub.close()
    road = Road(tmp_path, real=True, database_url=database_url).load_samples()
    yield road
    road.close()


def at_once(road, *asked):
    """Ask for workflows at the same time, each in an open hub of its own; return each outcome or error."""
    ready = threading.Barrier(len(asked))
    ended = [None] * len(asked)

    def ask(place, workflow, arguments):
        open_hub = OpenHub(road.open_hub.deployment, Surroundings(), f"process-{place}")
        try:
            with open_hub.read():
                pass  # both are connected before either begins
            ready.wait(20)
            named = workflow_named(open_hub.deployment.workflows, workflow)
            ended[place] = run_workflow(open_hub, named, request(workflow, arguments.items())).outcome
        except HubError as error:
            ended[place] = error
        finally:
            open_hub.close()

    threads = [threading.Thread(target=ask, args=(place, *one)) for place, one in enumerate(asked)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return ended


@pytest.mark.parametrize("attempt", range(5))
def test_two_submits_of_one_order_give_one_submitted_and_one_refusal(postgresql, attempt):
    postgresql.insert(new_order("O-1"))
    ended = at_once(postgresql, *[("submit", {"order": "O-1"})] * 2)
    refused = [one for one in ended if isinstance(one, HubError)]
    assert [str(one) for one in refused] == [
        "the order O-1 can't be submitted\n"
        "  where: order O-1\n"
        "  why:   its status is Open; only an order that is New or Pending can be submitted\n"
        "  mend:  revise it (`orderhub workflow revise`) to change what was submitted"
    ]
    [order] = postgresql.stored("OM Order")
    assert (order.get("Status"), len(postgresql.work_orders())) == ("Open", 1)


def test_two_revisions_of_one_order_give_one_supplement_and_one_refusal(postgresql):
    postgresql.insert(new_order("O-1"))
    postgresql.ask("submit", order="O-1")
    ended = at_once(postgresql, *[("revise", {"order": "O-1"})] * 2)
    assert sorted(type(one).__name__ for one in ended) == ["Outcome", "SupplementOpen"]
    assert sorted(one.get("Revision") for one in postgresql.stored("OM Order")) == ["1", "2"]


def test_of_two_orders_that_delete_the_same_item_the_second_is_told(postgresql):
    """Both were made before either was submitted; whoever comes first in the orders' order wins."""
    postgresql.load(PROFILE)
    for number in ("O-1", "O-2"):
        postgresql.insert(new_order(number, "Delete", "CARD-1"))
    first, second = at_once(postgresql, ("submit", {"order": "O-1"}), ("submit", {"order": "O-2"}))
    assert instances(first.objects[0])[0].get("Status") == "Open"
    assert str(second) == (
        "1 of the order's changes can't be made on the present and ordered services of the customer\n"
        "  where: order O-2\n"
        "  why:   Calling Card (CARD-1) (Delete): the item isn't there, because the order O-1 takes it away\n"
        "  mend:  edit the order so that it follows from what was ordered before it, or cancel it"
    )
    statuses = {one.get("Order Number"): one.get("Status") for one in postgresql.stored("OM Order")}
    assert statuses == {"O-1": "Open", "O-2": "New"}
    postgresql.complete()
    assert postgresql.profile("1-A") == {"Calling Card": "Inactive"}
    postgresql.ask("cancel-order", order="O-2")
    assert postgresql.fallout() == []


def test_a_status_and_a_revision_at_the_same_time_lose_nothing(postgresql):
    """Provisioning completes the line while somebody revises the order: the line is complete in both revisions."""
    postgresql.insert(new_order("O-1"))
    postgresql.ask("submit", order="O-1")
    [work_order] = postgresql.work_orders()
    postgresql.send(provisioning_status(work_order.get("number"), [("K-1", "COMPLETED")]), "provisioning_status")
    worked = threading.Thread(target=postgresql.run)
    worked.start()
    revised = True
    try:
        postgresql.ask("revise", order="O-1")
    except NothingToSupplement:  # it was complete before
        revised = False
    worked.join(60)
    orders = {one.get("Revision"): one for one in postgresql.stored("OM Order")}
    assert orders["1"].get("Status") == "Complete"
    assert set(orders) == ({"1", "2"} if revised else {"1"})
    if revised:
        postgresql.ask("submit", order="O-1")
    assert postgresql.profile("1-A") == {"Calling Card": "Active"}


@pytest.mark.parametrize("attempt", range(3))
def test_of_two_accounts_that_ask_for_one_number_at_once_one_gets_it(postgresql, attempt):
    """Neither sees the other's order before it has ended: each waits for the number."""
    postgresql.insert(new_order("O-1", key="K-1", account="1-A", service_ids=["800-555", "800-556", "1"]))
    postgresql.insert(new_order("O-2", key="K-2", account="1-B", service_ids=["2", "800 556", "800 555"]))
    ended = at_once(postgresql, ("submit", {"order": "O-1"}), ("submit", {"order": "O-2"}))
    (refused,) = [one for one in ended if isinstance(one, HubError)]
    assert type(refused).__name__ == "ServiceIdHeld"
    assert sorted(order.get("Status") for order in postgresql.stored("OM Order")) == ["New", "Open"]
