"""The configurator and the pricing of other systems over request and reply, on the broker and on the embedded queue."""

from __future__ import annotations

import pytest

from adapters.asked_service import AnswerFaulty, QuestionRefused, ServiceAway, ServiceNotAsked
from adapters.queue_client import REFUSAL, QueueClient
from adapters.transport import CHANNEL, Envelope
from hub.deployment.channels import declared_channels
from hub.deployment.deployment import Deployment
from hub.deployment.proof import check_deployment
from hub.deployment.settings import read_settings
from integration_objects.complex_object import walk_items
from tests.channel_service import channel_service
from tests.customer_care import care_on, the

CARD = "Calling Card"


def prices(question):
    fields = {"Adjusted Price": "1.50", "Price Type": "Recurring"}
    return {"prices": [{"number": item["number"], "fields": fields} for item in question["items"]]}


@pytest.fixture(params=["embedded on SQLite", "embedded on PostgreSQL", "RabbitMQ"])
def asked(request, tmp_path):
    """A hub whose pricing is asked over a channel, and the system that prices."""
    channel, broker_url, database_url = "prices.questions", None, None
    if request.param == "RabbitMQ":
        channel, broker_url = request.getfixturevalue("new_queue_name")(), request.getfixturevalue("broker_url")
    if request.param == "embedded on PostgreSQL":
        database_url = request.getfixturevalue("database_url")
    url = database_url or f"sqlite:///{tmp_path}/orderhub.db"
    settings = {"pricing_url": f"channel:{channel}", "broker_url": broker_url}
    with (
        care_on(tmp_path, database_url, **settings) as care,
        channel_service(channel, broker_url=broker_url, database_url=url) as service,
    ):
        service.answer = prices
        yield care, service


def test_another_system_prices_over_a_channel(asked):
    care, service = asked
    quote = the(care("new-products-and-services", account="1-B", product=CARD))
    [quote] = care.road.stored("OM Quote", Quote_Number=quote.get("Quote Number"))
    assert [item.get("Adjusted Price") for item, _ in walk_items(quote)] == ["1.50"]
    assert [question["price list"] for question in service.asked] == ["Standard"]


def test_a_refusal_and_an_answer_that_is_no_json_are_told(asked):
    care, service = asked
    service.answer = lambda question: Envelope(None, b"no such customer", type=REFUSAL)
    with pytest.raises(QuestionRefused, match="the pricing refuses the question") as refused:
        care("new-products-and-services", account="1-B", product=CARD)
    assert refused.value.why == "no such customer"
    service.answer = lambda question: b"<html>"
    with pytest.raises(AnswerFaulty, match="the answer of the pricing can't be used"):
        care("new-products-and-services", account="1-B", product=CARD)
    assert care.road.stored("OM Quote") == []


def test_a_silent_service_is_away_and_then_rests(asked):
    care, service = asked
    service.answer = lambda question: None
    channel = care.open_hub.deployment.settings.pricing_url.removeprefix("channel:")
    client = QueueClient(channel, "the pricing", lambda: care.open_hub.deployment.asker, timeout_s=0.1)
    with pytest.raises(ServiceAway) as away:
        client.post({})
    assert str(away.value) == (
        "the pricing doesn't answer\n"
        f"  where: channel {channel}\n"
        "  why:   no reply within 0.1 s\n"
        "  mend:  nothing, it is tried again; if it stays so, look after the service or its address"
    )
    with pytest.raises(ServiceNotAsked):
        client.post({})


def test_the_hub_declares_the_channels_of_its_questions_and_check_refuses_other_names(tmp_path):
    settings = read_settings(tmp_path, environment=False, configurator_url="channel:kite.rules")
    channels = {channel.name: channel.shared for channel in declared_channels(Deployment(tmp_path, settings), CHANNEL)}
    assert channels["kite.rules"] is True
    for name in ("", "folder:x", "a" * 300):
        settings = read_settings(tmp_path, environment=False, configurator_url=f"channel:{name}")
        mends = [finding.mend for finding in check_deployment(tmp_path, settings)]
        assert "give an address such as channel:prices.questions" in mends
