"""Messages that leave by HTTP: their headers, what an answer means for them, and how the outbox goes on."""

from __future__ import annotations

import json

import pytest

from adapters.asked_service import QuestionRefused
from adapters.http_client import ServiceMisplaced
from adapters.transport import Envelope, TransportAway, Unroutable, confirmed_of
from adapters.transports.http import HttpTransport
from tests.http_service import http_service


@pytest.fixture
def service():
    with http_service() as made:
        yield made


def transport_to(service, **tokens):
    return HttpTransport({"kite": service.url + "/orders"}, tokens)


def document(number):
    return Envelope(f"m{number}", json.dumps({"number": number}).encode(), content_type="application/json")


def test_a_message_carries_its_ids_its_trace_its_own_headers_and_the_token(service):
    transport_to(service, kite="secret").publish(
        "kite",
        [
            Envelope(
                "m:1/ü",
                b"{}",
                correlation_id='c "1"',
                content_type="application/json",
                headers={"traceparent": "00-1", "x-orderhub-note": "Straße", "host": "evil", "Authorization": "no"},
            )
        ],
    )
    [headers] = service.headers
    assert {name: headers[name] for name in ("Idempotency-Key", "Correlation-Id", "traceparent", "Authorization")} == {
        "Idempotency-Key": '%"m:1/%c3%bc"',
        "Correlation-Id": '"c \\"1\\""',
        "traceparent": "00-1",
        "Authorization": "Bearer secret",
    }
    assert headers["x-orderhub-note"] == '%"Stra%c3%9fe"'
    assert headers["Host"] != "evil"
    assert (headers["Content-Type"], service.paths) == ("application/json", ["/orders"])


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (503, TransportAway),
        (429, TransportAway),
        (413, QuestionRefused),
        (422, QuestionRefused),
        (404, ServiceMisplaced),
        (301, ServiceMisplaced),
    ],
)
def test_an_answer_without_success_tells_which_messages_arrived_before_it(service, status, kind):
    service.answer = lambda asked: (202 if asked["number"] < 2 else status, b"no room")
    with pytest.raises(kind) as raised:
        transport_to(service).publish("kite", [document(number) for number in range(4)])
    assert confirmed_of(raised.value) == (0, 1)
    assert raised.value.why == f"status {status}: no room"
    assert [asked["number"] for asked in service.asked] == [0, 1, 2]


def test_a_name_without_an_address_is_told(service):
    with pytest.raises(Unroutable) as raised:
        transport_to(service).publish("kiet", [document(1)])
    assert str(raised.value) == (
        "there is no address 'kiet'\n"
        "  where: setting http_urls\n"
        "  why:   the setting http_urls has kite\n"
        "  mend:  add kiet=https://... to the setting http_urls, or correct the name in the system"
    )
