"""Other systems that are slow or hang: their messages wait, the others go on, and the hub ends at once."""

from __future__ import annotations

import time

import pytest
from structlog.testing import capture_logs

from adapters.transport import Delivery, Envelope
from hub.data_manager import asking, data_manager
from hub.data_manager.status import status_of
from hub.workflow_manager.named_workflow import request
from schemas.hub_xml import hub_to_xml
from tests.customer_care import care_on
from tests.http_service import http_service

ACCOUNT = (
    '<Message IntObjectName="Account"><ListOfAccount><Account><AccountId>Z</AccountId></Account></ListOfAccount>'
    "</Message>"
)
ORDER = (
    '<Message IntObjectName="OM Order"><ListOfOMOrder><Order><SourceSystem>CHANNEL</SourceSystem>'
    "<SourceOrderNumber>{0}</SourceOrderNumber><AccountId>1-A</AccountId><ListOfLineItem><LineItem>"
    "<SourceReference>C{0}</SourceReference><ProductId>Calling Card</ProductId><ActionCode>Add</ActionCode>"
    "<Quantity>1</Quantity></LineItem></ListOfLineItem></Order></ListOfOMOrder></Message>"
)
#: seconds in which the asked system is taken for away
TIMEOUT_S = 1.0


def prices(question):
    fields = {"List Price": "1", "Adjusted Price": "1", "Price Type": "Recurring", "Unit Of Measure": "Month"}
    return {"prices": [{"number": item["number"], "fields": fields} for item in question["items"]]}


class Clock:
    """The clock of an outage's pauses."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def service():
    with http_service() as started:
        started.answer = prices
        yield started


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def care(tmp_path, service, clock, monkeypatch):
    """A hub that asks another system for prices, and waits a moment only before it goes on with other routes."""
    monkeypatch.setattr(data_manager, "PATIENCE_S", 0.05)
    with care_on(tmp_path, None, pricing_url=service.url) as made:
        made.open_hub.runtime.pricing._client._timeout_s = TIMEOUT_S
        made.open_hub.deployment.health["pricing"]._monotonic = clock
        yield made


def hang(service):
    """Let the service say nothing until its test ends."""

    def answer(question):
        service.stopped.wait()
        return prices(question)

    service.answer = answer


def send_requests(care, number):
    pairs = [("account", "1-B"), ("product", "Calling Card")]
    body = hub_to_xml(request("new-products-and-services", pairs), care.open_hub.deployment.definitions)
    return [care.road.send(body, "workflow_request", f"R-{place}") for place in range(number)]


def states(care, row_ids):
    return sorted((shown["state"], shown["reason"], shown["attempts"]) for shown in map(care.road.shown, row_ids))


def marked(care):
    with care.open_hub.read() as transaction:
        return transaction.messages.work_marks.left()


def work_until(care, condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        if not care.road.manager.work(25):
            time.sleep(0.02)


def test_a_system_that_hangs_holds_up_its_own_messages_only_and_is_asked_once(care, service, clock):
    hang(service)
    requests = send_requests(care, 5)
    care.road.manager.work(25)
    account = care.road.send(ACCOUNT, "hub_object", "A-1")
    care.road.manager.work(25)
    assert care.road.shown(account)["state"] == "done"
    assert states(care, requests) == [("received", None, 0)] * 5
    work_until(care, lambda: marked(care) == [])
    waiting = [("received", None, 0)] * 4
    assert states(care, requests) == [*waiting, ("retrying", "ServiceAway", 1)]
    assert len(service.asked) == 1
    for _ in range(5):
        assert care.road.manager.work(25) == 0, "nobody asks before the pause is over"
    assert len(service.asked) == 1
    service.answer = prices
    clock.now += 1
    work_until(care, lambda: states(care, requests) == [("done", None, 1)] * 4 + [("done", None, 2)])


def test_in_an_outage_a_message_that_a_process_died_with_holds_up_nobody(care, service, clock):
    hang(service)
    care.open_hub.runtime.pricing._client._timeout_s = 3 * TIMEOUT_S  # for a busy machine
    requests = send_requests(care, 1)
    with care.open_hub.write() as transaction:
        transaction.messages.inbox.work_alone(requests)
    care.open_hub.deployment.health["pricing"].failed()
    clock.now += 1
    began = time.monotonic()
    care.road.manager.work(25)
    account = care.road.send(ACCOUNT, "hub_object", "A-1")
    care.road.manager.work(25)
    assert care.road.shown(account)["state"] == "done"
    assert time.monotonic() - began < 2 * TIMEOUT_S
    assert len(marked(care)) == 1, "the question is still out"
    work_until(care, lambda: marked(care) == [])
    assert states(care, requests) == [("retrying", "ServiceStillAway", 0)]


def test_an_outage_uses_up_no_attempts(care, service, clock):
    service.answer = lambda question: (503, b"")
    (row_id,) = send_requests(care, 1)
    for asked in range(1, 10):
        work_until(care, lambda asked=asked: len(service.asked) == asked and marked(care) == [])
        clock.now += 30
    assert states(care, [row_id]) == [("retrying", "ServiceStillAway", 1)]


def test_a_slow_system_bounds_the_group(care, service, monkeypatch):
    """The messages for which there was no time stand where they stood, and come in their turn."""
    monkeypatch.setattr(asking, "GROUP_S", 0.3)

    def answer(question):
        time.sleep(0.2)
        return prices(question)

    service.answer = answer
    requests = send_requests(care, 5)
    work_until(care, lambda: ("done", None, 1) in states(care, requests))
    found = states(care, requests)
    assert 1 <= found.count(("done", None, 1)) <= 3
    assert found.count(("received", None, 0)) >= 2
    work_until(care, lambda: states(care, requests) == [("done", None, 1)] * 5)


def test_a_stop_does_not_wait_for_a_system_that_hangs(care, service):
    hang(service)
    requests = send_requests(care, 2)
    care.road.worker.data_manager.work(25)
    assert len(marked(care)) == 2
    began = time.monotonic()
    care.road.worker.close()
    assert time.monotonic() - began < TIMEOUT_S / 2
    assert marked(care) == []
    assert states(care, requests) == [("received", None, 0)] * 2


def test_run_once_does_not_wait_for_ever_for_a_system(care, service, clock):
    health = care.open_hub.deployment.health["pricing"]
    for _ in range(data_manager.LASTING_FAILURES):
        health.failed()
    requests = send_requests(care, 2)
    assert not care.road.run()
    assert (states(care, requests), service.asked) == ([("received", None, 0)] * 2, [])


def test_messages_that_ask_nobody_are_done_at_once_all_through_an_outage(tmp_path, service):
    """More orders than a group wait before them on the same route, and a question is out or a pause runs."""
    hang(service)
    with care_on(tmp_path, configurator_url=service.url, real=True) as care, capture_logs() as logged:
        care.open_hub.runtime.configurator._client._timeout_s = TIMEOUT_S
        orders = [care.road.send(ORDER.format(number), "hub_object", f"O-{number}") for number in range(60)]
        route = care.open_hub.deployment.routes["hub_object"]
        number, longest = 0, 0.0
        while len(service.asked) < 4:
            number += 1
            began = time.monotonic()
            delivery = Delivery(Envelope(f"B-{number}", ACCOUNT.encode()), route.name, "local", "test")
            (taken,) = care.road.manager.take([(route, delivery)])
            assert care.road.shown(taken.row_id)["state"] == "done", "an account waits for its turn"
            others = [
                care.road.send(ACCOUNT, "hub_object", f"A-{number}"),
                care.road.send("<unreadable>", "provisioning_status", f"S-{number}"),
            ]
            while [shown["state"] for shown in map(care.road.shown, others)] != ["done", "invalid"]:
                assert time.monotonic() - began < 5
                care.road.manager.work(25)
            longest = max(longest, time.monotonic() - began)
        # A busy machine has a second to spare; the longest pause is four seconds.
        assert longest < 2
        assert [one["what"] for one in away(care)] == ["the configurator doesn't answer"]
        assert not [shown for shown in map(care.road.shown, orders) if shown["state"] == "done"]
        service.answer = lambda question: {"broken": []}
        service.stopped.set()
        work_until(care, lambda: [shown["state"] for shown in map(care.road.shown, orders)] == ["done"] * 60)
        assert away(care) == []
    told = [line["event"] for line in logged if line["event"].startswith("a service")]
    # On a busy machine an answer may take longer than the short time limit once more: an outage of its own, told so.
    assert told == ["a service doesn't answer", "a service answers again"] * max(1, len(told) // 2)


def away(care):
    with care.open_hub.read() as transaction:
        return status_of(transaction, care.open_hub.deployment)["away"]
