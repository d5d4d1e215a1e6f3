"""A configurator of another system, asked over a real HTTP connection."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from adapters.asked_service import AnswerFaulty, QuestionRefused, ServiceAway
from adapters.http_client import HttpClient, UrlWrong
from hub.configurator.external import ExternalConfigurator
from hub.configurator.port import BrokenRule, ConfigurationRefused, Obsolete, Relinked
from hub.configurator.requests import AddItem, SetItem
from hub.deployment.proof import load_deployment
from hub.deployment.settings import read_settings
from hub.workflow_manager.origin import Origin
from integration_objects.property_set import PropertySet
from tests.hub.configurator.products import DEFINITIONS, line, outline, quote
from tests.trees import attribute, counting


class Server:
    """Answers each question with the next of its answers: a status and a body, or a time to wait."""

    def __init__(self):
        self.answers = []
        self.questions = []
        self.go_on = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                outer.questions.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                status, body = outer.answers.pop(0)
                if status == "wait":
                    outer.go_on.wait(10)
                    return
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(data)

            def log_message(self, *arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/configure"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def stop(self):
        self.go_on.set()
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def server():
    one = Server()
    yield one
    one.stop()


@pytest.fixture
def external(server):
    return ExternalConfigurator(HttpClient(server.url, "the configurator", timeout_s=2), DEFINITIONS)


def state():
    return quote(line("Bundle", "B", line("Line", "L1", attribute("Note", "x"), service_id="650", row_id="R1")))


SENT = {
    "object": "OM Quote",
    "fields": {"Account Id": "1-A"},
    "items": [
        {"number": 1, "above": None, "fields": {"Integration Id": "B", "Product Id": "Bundle"}, "attributes": []},
        {
            "number": 2,
            "above": 1,
            "fields": {"Integration Id": "L1", "Product Id": "Line", "Service Id": "650", "Row Id": "R1"},
            "attributes": [{"Name": "Note", "Text Value": "x"}],
        },
    ],
}
ANSWER = {
    "items": [
        {"number": 1, "above": None, "fields": {"Integration Id": "B"}},
        {
            "number": 7,
            "above": 1,
            "fields": {"Product Id": "Line", "Quantity": 2},
            "attributes": [{"Name": "N", "Number Value": 1}],
        },
        {"number": 3, "above": 7, "fields": {"Integration Id": "L1", "Service Id": None}, "attributes": []},
    ],
    "obsolete": [{"item": 3, "attribute": "Note", "text": "Line 'L1' has no notes any more"}],
    "relinked": [{"item": 3, "formerly": 1}],
    "names": {"new": 7},
}


def test_a_batch_is_sent_and_the_new_instance_read(server, external):
    server.answers.append((200, ANSWER))
    found = external.configure(state(), [AddItem("Line", "B", "new")], {}, counting("K"))
    assert server.questions == [
        {
            "operation": "configure",
            **SENT,
            "requests": [{"request": "add", "product": "Line", "beneath": "B", "name": "new"}],
        }
    ]
    assert outline(found.instance) == [("Bundle", "B", {}, [("Line", "K1", {"N": "1"}, [("Line", "L1", {}, [])])])]
    kept = found.instance.children[0].children[0].children[0].children[0].children[1].children[0]
    assert kept.properties == {"Integration Id": "L1", "Product Id": "Line", "Service Id": None, "Row Id": "R1"}
    assert found.obsolete == (Obsolete("L1", "Line", "Note", "Line 'L1' has no notes any more"),)
    assert found.relinked == (Relinked("L1", "Line", "K1", "B"),)
    assert found.names == {"new": "K1"}
    assert found.instance.get("Account Id") == "1-A"


def test_broken_rules_refuse_the_batch_and_the_state_stays(server, external):
    server.answers += [
        (200, {"broken": [{"rule": "Most", "product": "Bundle", "item": "B", "attribute": None, "text": "too many"}]}),
    ]
    before = state()
    with pytest.raises(ConfigurationRefused) as caught:
        external.configure(before, [SetItem("L1", {"Quantity": "9"})], {}, counting("K"))
    assert caught.value.broken == (BrokenRule("Most", "Bundle", "B", "too many"),)
    assert before == state()


def test_start_and_check(server, external):
    server.answers += [
        (200, {"items": [{"number": 1, "fields": {"Product Id": "Line"}}]}),
        (200, {}),
        (200, {"items": []}),
    ]
    root = external.start("Line", {}, counting("K"))
    assert root == PropertySet("Line Item", properties={"Product Id": "Line", "Integration Id": "K1"})
    assert external.check(state(), {}, before=quote()) == []
    with pytest.raises(AnswerFaulty):
        external.start("Line", {}, counting("K"))
    assert server.questions == [
        {"operation": "start", "product": "Line"},
        {"operation": "check", **SENT, "before": {"object": "OM Quote", "fields": {"Account Id": "1-A"}, "items": []}},
        {"operation": "start", "product": "Line"},
    ]


@pytest.mark.parametrize(
    ("answer", "where", "why"),
    [
        ([], "", "expected an object, found a list"),
        ({}, "items", "expected a value, found none"),
        ({"items": {}}, "items", "expected a list, found an object"),
        ({"items": [{"number": 1, "fields": {}}] * 10_001}, "items", "expected a list of at most 10000 entries"),
        ({"items": [1]}, "items[0]", "expected an object, found a number"),
        ({"items": [{"number": "1", "fields": {}}]}, "items[0].number", "expected a whole number, found a text"),
        (
            {"items": [{"number": True, "fields": {}}]},
            "items[0].number",
            "expected a whole number, found a truth value",
        ),
        (
            {"items": [{"number": 1, "fields": {}}] * 2},
            "items[1].number",
            "expected a number that no other item has",
        ),
        (
            {"items": [{"number": 1, "above": 1, "fields": {}}]},
            "items[0].above",
            "expected null, or the number of an item that stands before",
        ),
        ({"items": [{"number": 1}]}, "items[0].fields", "expected a value, found none"),
        (
            {"items": [{"number": 1, "fields": {"Colour": "red"}}]},
            "items[0].fields",
            "'Line Item' has no field 'Colour'",
        ),
        (
            {"items": [{"number": 1, "fields": {"Quantity": "many"}}]},
            "items[0].fields.Quantity",
            "expected a number (digits with a sign and a point), found 'many'",
        ),
        (
            {"items": [{"number": 1, "fields": {"Quantity": True}}]},
            "items[0].fields.Quantity",
            "expected a text, a number or null, found a truth value",
        ),
        (
            {"items": [{"number": n, "fields": {"Integration Id": "A"}} for n in (1, 2)]},
            "items",
            "two line items have one key: Integration Id is unique within an instance",
        ),
        ({"items": [], "names": {"x": 1}}, "names.x", "expected the number of an item"),
        ({"items": [], "names": {"x": "1"}}, "names.x", "expected a whole number, found a text"),
        ({"items": [], "obsolete": [{"item": 1, "text": "x"}]}, "obsolete[0].item", "expected the number of an item"),
        ({"items": [], "obsolete": [{"item": 1}]}, "obsolete[0].text", "expected a value, found none"),
        ({"broken": [{"rule": "", "text": "x"}]}, "broken[0].rule", "expected a text, found an empty one"),
        (
            {"broken": [{"rule": "x", "text": "a\x00"}]},
            "broken[0].text",
            "character U+0000 at position 2 is not allowed in text",
        ),
        (
            {"broken": [{"rule": "x", "text": "x" * 4001}]},
            "broken[0].text",
            "expected at most 4000 characters, found 4001",
        ),
    ],
)
def test_of_an_answer_nothing_is_believed(server, external, answer, where, why):
    server.answers.append((200, answer))
    with pytest.raises(AnswerFaulty) as caught:
        external.configure(state(), [], {}, counting("K"))
    assert str(caught.value) == (
        "the answer of the configurator can't be used\n"
        f"  where: {server.url}{', ' + where if where else ''}\n"
        f"  why:   {why}\n"
        "  mend:  mend the service; the question is asked again"
    )


def test_a_service_that_refuses_is_away_or_slow_is_told_apart(server):
    server.answers += [(422, {"why": "no"}), (503, b"busy"), (200, b"<html>"), ("wait", b"")]
    for error in (QuestionRefused, ServiceAway, AnswerFaulty, ServiceAway):
        # A client for each: after a question without an answer, one asks no further one for a while.
        quick = ExternalConfigurator(HttpClient(server.url, "the configurator", timeout_s=0.2), DEFINITIONS)
        with pytest.raises(error):
            quick.check(quote(), {})


def test_the_setting_chooses_the_configurator_and_its_answers_are_recorded(server, tmp_path):
    from hub.data_manager.open_hub import OpenHub

    settings = read_settings(tmp_path, environment=False, configurator_url=server.url)
    open_hub = OpenHub(load_deployment(tmp_path, settings))
    open_hub.prepare_database()
    server.answers.append((200, {"broken": [{"rule": "Most", "product": "P", "item": None, "text": "too many"}]}))
    with open_hub.write() as transaction:
        run = transaction.run(Origin("test", "local", "1"))
        assert [str(one) for one in run.configurator.check(quote(), {})] == ["Most: too many"]
        assert run.record == [["checked", ["Most: too many"]]]
    open_hub.close()


def test_an_address_that_is_none_is_found_when_the_deployment_is_loaded(tmp_path):
    with pytest.raises(UrlWrong) as caught:
        load_deployment(tmp_path, read_settings(tmp_path, environment=False, configurator_url="ftp://x"))
    assert str(caught.value) == (
        "the address of the configurator can't be used\n"
        f"  where: {tmp_path}/orderhub.toml, configurator_url\n"
        "  why:   expected http:// or https:// and a host\n"
        "  mend:  give an address such as https://prices.example/price"
    )
