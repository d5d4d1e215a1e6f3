"""Legacy systems read orders and profiles in the XML Gateway's format, by channel and by HTTP, and change nothing."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from contextlib import closing

import pytest

from adapters.database.objects.store import ObjectStore
from adapters.rabbitmq import RabbitMQ
from adapters.transport import Envelope
from hub.deployment.proof import check_deployment
from hub.deployment.settings import read_settings
from hub.workflows.orders import rows
from integration_objects.complex_object import instances, list_of, message
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import Surroundings
from schemas.gateway.messages import Query, Reply, Request, Sort, Status
from schemas.gateway.search import SearchNode, equals
from schemas.gateway.xml import read_reply, write_request
from tests.customer_care import care_on
from tests.hub.http_door.served_door import ROUTES, road_with_doors, served_road
from tests.road import Road, mainframe_line, mainframe_order

ROUTE = """\
route: {name}
from: {{{door}}}
object: XML Gateway
workflow: Workflow Request
reply: {reply}
reply to: [legacy.*, amq.gen-*]
"""


def declare(folder, name="legacy_rows", door="channel: legacy.rows", reply="{channel: legacy.answers}"):
    place = folder / "hub" / "routes"
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{name}.yaml").write_text(ROUTE.format(name=name, door=door, reply=reply), encoding="utf-8")


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def road(request, tmp_path):
    declare(tmp_path)
    url = request.getfixturevalue("database_url") if request.param == "PostgreSQL" else None
    with care_on(tmp_path, url) as care:
        orders(care.road)
        yield care.road


def orders(road):
    """Two orders of an account: one is done, one is open."""
    assert road.work(mainframe_order("7", mainframe_line(1, "A", "CALCD001", ref="R7")))["state"] == "done"
    road.complete()
    assert road.work(mainframe_order("8", mainframe_line(1, "A", "LCLLN001", ref="R8")))["state"] == "done"


def ask(road, request):
    road.work(write_request(request) if isinstance(request, Request) else request, "legacy_rows")
    [row] = road.take("legacy.answers")
    return read_reply(row.message.body, request.kind if isinstance(request, Request) else "query")


def query(component, *conditions, search=None, sort=(), most=None):
    return Request("query", component, query=Query(most, None, conditions, search, sort))


def test_the_orders_of_a_customer_are_read_as_rows(road):
    reply = ask(road, query("ORDER", ("CUST-ID", "1-B"), sort=(Sort("SRC-ORD-NO", True),)))
    assert [(row["SRC-ORD-NO"], row["STAT"], row["CUST-ID"]) for row in reply.rows] == [
        ("8", "Open", "1-B"),
        ("7", "Complete", "1-B"),
    ]
    operands = (SearchNode("Identifier", "STAT"), SearchNode("Constant", "O*"))
    is_open = SearchNode("Binary Operator", "LIKE", operands=operands)
    search = SearchNode("Binary Operator", "AND", operands=(equals("CUST-ID", "1-B"), is_open))
    assert [row["SRC-ORD-NO"] for row in ask(road, query("ORDER", search=search)).rows] == ["8"]
    assert len(ask(road, query("ORDER", ("CUST-ID", "1-B"), most=1)).rows) == 1
    assert ask(road, query("ORDER", ("CUST-ID", "1-A"))) == Reply("query")


def test_the_lines_of_an_order_and_the_profile_are_read_as_rows(road):
    [order] = road.stored("OM Order", Source_Order_Number="8")
    line, *_ = ask(road, query("ORDER-LINE", ("ORD-NO", order.get("Order Number")))).rows
    assert (line["PROD-CD"], line["ACTN"], line["STAT"]) == ("Local Line", "Add", "Open")
    [service] = ask(road, query("PROFILE", ("CUST-ID", "1-B"))).rows
    assert (service["PROD-CD"], service["STAT"], service["PARENT-SVC-ID"]) == ("Calling Card", "Active", "")
    assert ask(road, Request("fields", "PROFILE")).fields[:3] == ("CUST-ID", "SVC-ID", "PARENT-SVC-ID")


ROW = {"ORD-NO": "O-0000001", "STAT": "Cancelled"}


def test_a_question_that_cannot_be_answered_gets_a_status_with_a_code(road):
    before = road.stored("OM Order")
    assert ask(road, Request("update", "ORDER", row=ROW, changed=frozenset(("STAT",)))) == Status(
        2,
        None,
        "the rows of 'ORDER' can be read, and not be changed: "
        "orders and profiles are changed by messages and workflows, which prove them",
    )
    for kind in ("insert", "delete"):
        assert ask(road, Request(kind, "ORDER", row=ROW)).code == 2
    assert ask(road, query("ORDERS", ("CUST-ID", "1-B"))).code == 3
    assert ask(road, query("ORDER", ("STAT", "Open"))).code == 4
    assert ask(road, query("ORDER", ("NO-SUCH", "1"))).code == 6
    operands = (SearchNode("Identifier", "STAT"), SearchNode("Constant", "open"))
    sounds = SearchNode("Binary Operator", "SOUNDSLIKE", operands=operands)
    assert ask(road, query("ORDER", search=sounds)).code == 6
    assert ask(road, b"<siebel-xmlext-query-req>").code == 1
    assert ask(road, b'<!DOCTYPE a [<!ENTITY x "y">]><siebel-xmlext-query-req/>').code == 1
    assert road.stored("OM Order") == before


def test_an_answer_is_limited_and_never_cut(road):
    declared = road.open_hub.deployment.virtual_components["ORDER"]
    object.__setattr__(declared, "most_rows", 1)
    assert ask(road, query("ORDER", ("CUST-ID", "1-B"))) == Status(
        5, None, "there are more than 1 rows of 'ORDER': an answer has at most 1 rows, and isn't cut"
    )
    assert len(ask(road, query("ORDER", ("CUST-ID", "1-B"), most=1)).rows) == 1


def many_orders(road, number):
    """Orders of an account, of which each third is open, with two lines each."""
    made = []
    for place in range(number):
        status = "Complete" if place % 3 else "Open"
        values = {"Product Id": "Calling Card", "Status": status}
        lines = [PropertySet("Line Item", "", {**values, "Integration Id": f"I{place}-{line}"}) for line in range(2)]
        header = {"Order Number": f"X{place}", "Account Id": "1-A", "Status": status, "Source Order Number": str(place)}
        made.append(PropertySet("Order", "", header, [PropertySet(list_of("Line Item"), children=lines)]))
    with road.open_hub.write() as transaction:
        transaction.store.insert(message("OM Order", made))


@pytest.fixture
def pages(monkeypatch):
    """The numbers of orders on the pages that were read."""
    monkeypatch.setattr(rows, "_PAGE", 2)
    monkeypatch.setattr(rows, "_WHOLE_PAGE", 2)
    read, all_pages = [], ObjectStore.pages

    def counted(*arguments, **options):
        for page in all_pages(*arguments, **options):
            read.append(len(instances(page)))
            yield page

    monkeypatch.setattr(ObjectStore, "pages", counted)
    return read


def test_of_many_orders_only_those_are_read_that_the_database_finds(road, pages):
    many_orders(road, 8)
    reply = ask(road, query("ORDER", ("CUST-ID", "1-A"), search=equals("STAT", "Open")))
    assert [row["ORD-NO"] for row in reply.rows] == ["X0", "X3", "X6"]
    assert pages == [2, 1]
    pages.clear()
    reply = ask(road, query("ORDER-LINE", ("CUST-ID", "1-A"), ("STAT", "Open")))
    assert [row["SVC-ID"] for row in reply.rows] == ["I0-0", "I0-1", "I3-0", "I3-1", "I6-0", "I6-1"]
    assert pages == [2, 1]


def test_reading_ends_when_the_answer_is_full(road, pages):
    many_orders(road, 8)
    reply = ask(road, query("ORDER", ("CUST-ID", "1-A"), most=2))
    assert [row["ORD-NO"] for row in reply.rows] == ["X0", "X1"]
    assert pages == [2]
    pages.clear()
    object.__setattr__(road.open_hub.deployment.virtual_components["ORDER"], "most_rows", 3)
    assert ask(road, query("ORDER", ("CUST-ID", "1-A"), sort=(Sort("ORD-NO"),))).code == 5
    assert pages == [2, 2]


def test_the_first_rows_of_a_sorted_answer_come_from_all_pages(road, pages):
    many_orders(road, 8)
    reply = ask(road, query("ORDER", ("CUST-ID", "1-A"), sort=(Sort("STAT"), Sort("SRC-ORD-NO", True)), most=4))
    assert [row["SRC-ORD-NO"] for row in reply.rows] == ["7", "5", "4", "2"]
    assert sum(pages) == 8


def test_a_value_that_no_field_can_have_finds_nothing(road):
    assert ask(road, query("ORDER", ("CUST-ID", "1-B"), ("STAT", "x" * 99))) == Reply("query")
    assert ask(road, query("ORDER", ("CUST-ID", "1-B"), ("STAT", ""))) == Reply("query")


def test_a_client_asks_by_http_and_gets_the_rows_in_the_answer(tmp_path, monkeypatch):
    route = ROUTE.format(name="legacy_rows", door="http: legacy", reply="{wait: 10}")
    monkeypatch.setitem(ROUTES, "legacy_rows", route)
    with served_road(road_with_doors(tmp_path)) as door:
        answer = posted(door, query("PROFILE", ("CUST-ID", "1-B")))
        assert (answer.status, read_reply(answer.body, "query")) == (200, Reply("query"))
        refused = posted(door, Request("delete", "PROFILE", row={"SVC-ID": "1"}))
        assert (refused.status, refused.json["reason"]) == (422, "RowsReadOnly")


def posted(door, request):
    """Post a question, and wait for its answer while the hub works."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(door.post, "/messages/legacy", write_request(request))
        while not waiting.done():
            door.road.run()
    return waiting.result()


def test_a_client_asks_over_rabbitmq(tmp_path, broker_url, new_queue_name):
    name = new_queue_name(".dead-letter")
    declare(tmp_path, name=name, door=f"channel: {name}", reply="{}")
    road = Road(tmp_path, real=True, routes=["hub_object"], systems=[], broker_url=broker_url)
    with closing(road), closing(RabbitMQ(broker_url, Surroundings())) as client:
        road.worker._make_ready()
        replies = []
        envelope = Envelope(None, write_request(Request("fields", "ORDER")))
        thread = threading.Thread(target=lambda: replies.append(client.ask(name, envelope, 20)), daemon=True)
        thread.start()
        end = time.monotonic() + 20
        while thread.is_alive() and time.monotonic() < end:
            road.worker.step(0.1)
        thread.join()
    assert read_reply(replies[0].envelope.body, "fields").fields[0] == "ORD-NO"


def test_check_refuses_what_a_route_for_rows_cannot_have(tmp_path):
    declare(tmp_path)
    (tmp_path / "orderhub.toml").touch()
    route = tmp_path / "hub" / "routes" / "legacy_rows.yaml"
    good = route.read_text()
    assert check_deployment(tmp_path, read_settings(tmp_path, environment=False)) == []
    for wrong, text in (
        (
            good.replace("Workflow Request", "Receive Order"),
            "the workflow 'Receive Order' answers no questions for rows",
        ),
        (good + "map: OM Reply to Shop Answer\n", "questions for rows have no map"),
    ):
        route.write_text(wrong)
        [finding] = check_deployment(tmp_path, read_settings(tmp_path, environment=False))
        assert finding.text == text
