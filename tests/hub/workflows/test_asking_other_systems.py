"""Another system's pricing is asked before the lock; the state that it was asked about is proven under the lock."""

from __future__ import annotations

import pytest

from adapters.transport import Delivery, Envelope
from hub.data_manager import rehearsal
from hub.workflow_manager.answers import Answers, StateMoved
from hub.workflow_manager.named_workflow import request
from hub.workflow_manager.origin import Origin
from integration_objects.complex_object import line_items, message, walk_items
from integration_objects.names import KEY
from schemas.hub_xml import hub_to_xml
from tests.customer_care import actions, care_on, the
from tests.http_service import http_service

CARD = "Calling Card"


def prices(question, price="1.50"):
    """A price for every line of a question."""
    fields = {"List Price": price, "Adjusted Price": price, "Price Type": "Recurring", "Unit Of Measure": "Month"}
    return {"prices": [{"number": item["number"], "fields": fields} for item in question["items"]]}


@pytest.fixture
def service():
    with http_service() as started:
        started.answer = prices
        yield started


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def care(request, tmp_path, service):
    url = request.getfixturevalue("database_url") if request.param == "PostgreSQL" else None
    with care_on(tmp_path, url, pricing_url=service.url) as made:
        yield made


def test_another_system_prices_and_nothing_is_locked_while_it_is_asked(care, service):
    """The answer is kept for the run: the question is asked once, and others may write meanwhile."""

    def answer(question):
        with care.open_hub.write() as transaction:
            transaction.store.lock_accounts(["1-B"])
        return prices(question)

    service.answer = answer
    quote = the(care("new-products-and-services", account="1-B", product=CARD))
    assert [item.get("Adjusted Price") for item, _ in walk_items(quote)] == ["1.50"]
    assert len(service.asked) == 1
    (stored,) = care.road.stored("OM Quote", Quote_Number=quote.get("Quote Number"))
    assert [item.get(KEY) for item, _ in walk_items(stored)] == [item.get(KEY) for item, _ in walk_items(quote)]


def test_what_came_between_is_asked_about_again(care, service):
    """The first answer is about a state that is no more; the quote has what the second was about."""
    root = installed(care)
    service.asked.clear()

    def answer(question):
        if len(service.asked) == 1:
            change(care, root, "4")
        return prices(question)

    service.answer = answer
    quote = the(care("modify", account="1-B", root=root.get(KEY), session="other"))
    asked = [question["items"][0]["fields"]["Quantity"] for question in service.asked]
    assert asked == ["1", "4"]
    assert actions(quote) == {(CARD, "-"): 1}
    assert line_items(quote)[0].get("Quantity") == "4"


def test_a_state_that_never_stands_still_is_told(care, service, monkeypatch):
    monkeypatch.setattr(rehearsal, "MOST_QUESTIONS", 1)
    root = installed(care)
    service.asked.clear()

    def answer(question):
        change(care, root, str(len(service.asked) + 1))
        return prices(question)

    service.answer = answer
    with pytest.raises(StateMoved) as caught:
        care("modify", account="1-B", root=root.get(KEY), session="other")
    assert str(caught.value) == (
        "another change came between the question to another system and the lock\n"
        "  why:   the state that it was asked about is no longer the present one\n"
        "  mend:  nothing, it is tried again; where a command says so, repeat it"
    )
    assert len(service.asked) == 5
    assert len(care.road.stored("OM Quote")) == 1


def test_a_message_asks_before_the_lock_too(care, service):
    def answer(question):
        with care.open_hub.write() as transaction:
            transaction.store.lock_accounts(["1-B"])
        return prices(question)

    service.answer = answer
    pairs = [("account", "1-B"), ("product", CARD)]
    body = hub_to_xml(request("new-products-and-services", pairs), care.open_hub.deployment.definitions)
    assert care.road.work(body, "workflow_request")["state"] == "done"
    assert len(service.asked) == 1
    (quote,) = care.road.stored("OM Quote")
    assert [item.get("Adjusted Price") for item, _ in walk_items(quote)] == ["1.50"]


def test_what_a_broker_delivers_is_filed_first_and_asks_in_its_turn(care, service):
    """The transaction that files a delivery asks nobody."""
    route = care.open_hub.deployment.routes["workflow_request"]
    pairs = [("account", "1-B"), ("product", CARD)]
    body = hub_to_xml(request("new-products-and-services", pairs), care.open_hub.deployment.definitions)
    (filed,) = care.road.manager.take([(route, Delivery(Envelope("R-1", body), route.name, "local", "test"))])
    assert (care.road.shown(filed.row_id)["state"], service.asked) == ("received", [])
    care.road.manager.work(10)
    assert (care.road.shown(filed.row_id)["state"], len(service.asked)) == ("done", 1)


def test_a_refusal_of_the_other_system_is_the_workflows(care, service):
    service.answer = lambda question: (422, b"no such customer")
    text = care.refused("new-products-and-services", account="1-B", product=CARD)
    assert text.startswith("the pricing refuses")
    assert "no such customer" in text
    assert len(service.asked) == 1


def test_a_system_that_is_away_is_asked_again_later(care, service):
    service.answer = lambda question: (503, b"")
    pairs = [("account", "1-B"), ("product", CARD)]
    body = hub_to_xml(request("new-products-and-services", pairs), care.open_hub.deployment.definitions)
    row_id = care.road.send(body, "workflow_request")
    care.road.manager.work(10)
    assert care.road.shown(row_id)["state"] == "retrying"
    assert care.road.stored("OM Quote") == []


def installed(care):
    """A calling card in the profile; its root."""
    care.install(care.place(the(care("new-products-and-services", account="1-B", product=CARD)).get("Quote Number")))
    return care.profile_root("1-B")


def change(care, root, quantity):
    """Somebody changes the profile, behind the workflows' back."""
    care.road.load(
        '<Message MessageType="Integration Object" IntObjectName="OM Asset" IntObjectFormat="Hierarchical">'
        f"<ListOfOMAsset><Asset><AccountId>1-B</AccountId><ListOfLineItem><LineItem><IntegrationId>{root.get(KEY)}</IntegrationId>"
        f"<Quantity>{quantity}</Quantity></LineItem></ListOfLineItem></Asset></ListOfOMAsset></Message>"
    )


def test_a_rehearsal_deletes_and_resolves_nothing(care):
    (account,) = care.road.stored("Account", Account_Id="1-B")
    with care.open_hub.read() as transaction:
        run = transaction.rehearsal(Origin("r", "s", "i"), Answers("2026-02-01T10:00:00Z"))
        assert run.effects.delete(message("Account", [account])) == []
        assert run.effects.resolve_fallout("F", "looked at")
    assert care.road.stored("Account", Account_Id="1-B") == [account]
