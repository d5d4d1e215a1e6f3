"""Questions by message: one without an id is asked anew each time, and its answer says as of when."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from adapters.database.messages.filing import Arrival
from adapters.database.messages.inbox import Ending
from adapters.database.messages.store import MessageStore
from adapters.transport import Delivery, Envelope
from hub.data_manager.data_manager import DataManager
from hub.workflow_manager.named_workflow import named_workflow, request
from hub.workflow_manager.outcome import Outcome
from hub.workflows import Workflows
from integration_objects.errors import Retryable
from integration_objects.surroundings import Surroundings
from schemas.check import parse
from schemas.hub_xml import hub_to_xml
from tests.customer_care import care_on

ROUTE = "workflow_request"


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def road(request, tmp_path, monkeypatch):
    """A road with the samples' objects, on each database; commands use the same one."""
    url = request.getfixturevalue("database_url") if request.param == "PostgreSQL" else None
    if url is not None:
        monkeypatch.setenv("ORDERHUB_DATABASE_URL", url)
    with care_on(tmp_path, url) as care:
        yield care.road


def question(road, workflow="projected-state", **arguments):
    return hub_to_xml(request(workflow, arguments.items()), road.open_hub.deployment.definitions)


def answers(road):
    """Take the answers; return the message id of each, and its texts by element."""
    taken = [row.message for row in road.take("hub.answers")]
    return [(one.message_id, {node.tag: node.text for node in parse(one.body).iter()}) for one in taken]


def test_a_question_that_comes_again_is_asked_anew_and_says_as_of_when(road):
    asked = question(road, account="2-LB")
    first = road.work(asked, ROUTE)
    road.ask("new-products-and-services", account="2-LB", product="Calling Card")
    road.ask("quote-to-order", quote="Q-0000001")
    second = road.work(asked, ROUTE)
    assert (first["state"], second["state"], second["repeats"]) == ("done", "done", 0)
    assert first["id"] != second["id"]
    assert second["identity"] == f"{second['digest']}@{second['id']}"
    (before_id, before), (after_id, after) = answers(road)
    assert before_id != after_id
    assert "LineItem" not in before
    assert after["ProductId"] == "Calling Card"
    assert before["AsOfDate"] < after["AsOfDate"]
    # The sender can work out the digest of what it sent, and knows nothing of the hub's rows.
    assert before["MessageId"] == after["MessageId"] == first["digest"]
    assert road.counts() == {"done": 2}


def test_the_workflows_that_only_read_are_questions(road):
    """The pages list them: each says as of when it answers."""
    workflows = road.open_hub.deployment.workflows.values()
    questions = {workflow.command for workflow in workflows if workflow.asks_only}
    pages = {"projected-state", "profile", "catalogue", "verify", "configuration", "approvals"}
    pages |= {"fallout-list", "find", "orders", "quotes"}
    status = {"order-activity", "fulfilment-status", "mcd-summary"}
    support = {"contact-for", "callbacks", "help-topics", "help-topic", "inventory-requests", "tickets"}
    assert questions == pages | status | support | {"plan", "impact", "rows", "row-fields"}
    shown = road.work(question(road, "orders", account="2-LB"), ROUTE)
    assert shown["identity"] == f"{shown['digest']}@{shown['id']}"
    assert "AsOfDate" in answers(road)[0][1]


def test_a_refused_question_is_asked_anew(road):
    asked = question(road, account="NEW")
    assert road.work(asked, ROUTE)["reason"] == "AccountUnknown"
    road.ask("new-account", name="New", account="NEW")
    assert road.work(asked, ROUTE)["state"] == "done"
    (refused_id, refused), (answered_id, answered) = answers(road)
    assert (refused["State"], answered["State"]) == ("rejected", "done")
    assert refused_id != answered_id


def test_a_question_with_an_id_is_known_by_it(road):
    asked = question(road, "fallout-list")
    first = road.work(asked, ROUTE, id="R-1")
    assert road.work(asked, ROUTE, id="R-1")["id"] == first["id"]
    assert road.shown(first["id"])["identity"] == "R-1"
    (one_id, one), (again_id, again) = answers(road)
    assert (one_id, one) == (again_id, again)
    assert one["MessageId"] == "R-1"
    assert road.work(asked, ROUTE, id="R-2")["state"] == "done"
    ((other_id, other),) = answers(road)
    assert other_id != one_id
    assert other["AsOfDate"] > one["AsOfDate"]


def test_a_question_that_comes_again_before_it_is_answered_is_asked_once(road):
    asked = question(road, "fallout-list")
    first = road.send(asked, ROUTE, reply_to="hub.answers")
    assert road.send(asked, ROUTE, reply_to="hub.others") == first
    road.run()
    (mine,), (other,) = road.take("hub.answers"), road.take("hub.others")
    assert mine.message.body == other.message.body
    assert road.shown(first)["repeats"] == 1


def test_a_request_that_changes_something_is_a_repeat_without_an_id_too(road):
    asked = question(road, "new-quote", account="2-LB")
    first = road.work(asked, ROUTE)
    assert road.work(asked, ROUTE)["id"] == first["id"]
    assert first["identity"] == first["digest"]
    assert len(road.stored("OM Quote")) == 1
    assert "AsOfDate" not in answers(road)[0][1]


def test_a_parked_question_keeps_its_place_and_is_asked_anew_when_it_was_given_up(road):
    def fail(run):
        raise Retryable("the disk is full", mend="mend it")

    workflows = {}
    road.open_hub.runtime = replace(road.open_hub.runtime, workflows=Workflows(workflows))
    workflows["Ask"] = named_workflow("Ask", fail, "a test's question", asks_only=True)
    asked = question(road, "ask")
    first = road.work(asked, ROUTE)
    assert (first["state"], first["identity"]) == ("parked", first["digest"])
    assert road.send(asked, ROUTE) == first["id"]
    assert road.manager.give_up(first["id"])
    assert road.shown(first["id"])["identity"] == f"{first['digest']}@{first['id']}"
    workflows["Ask"] = named_workflow("Ask", lambda run: Outcome(), "a test's question", asks_only=True)
    second = road.work(asked, ROUTE)
    assert second["state"] == "done"
    assert [reply["State"] for _, reply in answers(road)] == ["dead", "done"]


def test_an_operator_has_a_refused_question_worked_again_and_finds_it_by_what_was_sent(road, command):
    asked = question(road, account="NEW")
    refused = road.work(asked, ROUTE)
    road.ask("new-account", name="New", account="NEW")
    later = road.work(asked, ROUTE)
    assert refused["digest"] not in command("messages", "list").out
    shown = command("messages", "show", refused["digest"])
    assert f"{'id':<16} {later['id']}\n" in shown.out
    assert shown.err == f"2 messages have this id; this is the newest. Older ones: {refused['id']}\n"
    command("messages", "replay", refused["identity"])
    road.set_clock(road.shown(refused["id"])["due_at"])
    road.run()
    assert road.shown(refused["id"])["state"] == "done"
    sent = answers(road)
    assert [reply["State"] for _, reply in sent] == ["rejected", "done", "done"]
    assert len({message_id for message_id, _ in sent}) == 3
    assert {reply["MessageId"] for _, reply in sent} == {refused["digest"]}


def test_a_question_that_is_answered_while_it_comes_again_is_a_new_message(any_database, monkeypatch):
    """The first row gives its identity up between the insertion of the second and the count of a repeat."""
    envelope = Envelope(None, b"<Question/>")
    arrival = Arrival("r", "s", envelope.digest, envelope, "test")
    with any_database.write() as connection:
        store = MessageStore(connection, Surroundings())
        first = store.file(arrival)
        count_repeat = store._filing._count_repeat

        def answered_meanwhile(*arguments):
            if not store.inbox.row(first.row_id).is_final:
                store.inbox.finish_all([Ending(first.row_id, "done", identity=first.row.question_identity)])
            return count_repeat(*arguments)

        monkeypatch.setattr(store._filing, "_count_repeat", answered_meanwhile)
        second = store.file(arrival)
        assert (second.outcome, second.state) == ("new", "received")
        assert second.row_id != first.row_id
        assert store.counts().agrees


def test_many_processes_ask_one_question_and_each_row_is_answered_once(road):
    """Filed and answered by several at once: no question is refused as another's, and none is answered twice."""
    asked = question(road, "fallout-list")
    manager = road.manager
    route = manager.routes[ROUTE]
    filed, faults = [], []

    def ask():
        try:
            mine = DataManager(road.open_hub)
            for _ in range(8):
                filed.extend(mine.take([(route, Delivery(Envelope(None, asked), ROUTE, "local", "test"))]))
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    road.run()
    assert faults == []
    assert {one.outcome for one in filed} <= {"new", "repeat"}
    rows = [one.row_id for one in filed if one.outcome == "new"]
    assert road.counts() == {"done": len(rows)}
    sent = [message_id for message_id, _ in answers(road)]
    assert len(sent) == len(set(sent)) == len(rows) > 8
