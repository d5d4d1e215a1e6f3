"""A service that doesn't answer is asked by nobody for a while, then by one."""

from __future__ import annotations

import pytest

from adapters.asked_service import ServiceAway, ServiceNotAsked, ServiceStillAway
from adapters.http_client import HttpClient
from adapters.service_health import ServiceHealth
from tests.http_service import http_service


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_pauses_grow_and_after_each_one_may_ask() -> None:
    clock = Clock()
    health = ServiceHealth(clock)
    assert health.may_ask(10)
    assert health.may_ask(10), "while it answers, everybody may"
    for pause_s in (1, 2, 4, 8, 16, 30, 30):
        assert health.failed() == pause_s
        assert health.again_in_s == pause_s
        assert not health.may_ask(10)
        clock.now += pause_s
        assert [health.may_ask(10), health.may_ask(10)] == [True, False]
    assert health.answered() == 7
    assert (health.may_ask(10), health.again_in_s, health.failures) == (True, 0, 0)


def test_a_probe_that_never_ends_keeps_others_away_for_its_own_time_only() -> None:
    clock = Clock()
    health = ServiceHealth(clock)
    health.failed()
    clock.now += 1
    assert health.may_ask(10)
    clock.now += 10
    assert health.may_ask(10)


def test_only_the_first_question_without_an_answer_is_taken_for_the_questions_fault() -> None:
    clock = Clock()
    with http_service() as service:
        service.answer = lambda _: (503, b"")
        client = HttpClient(service.url, "the pricing", health=ServiceHealth(clock))
        with pytest.raises(ServiceAway) as first:
            client.post({})
        assert type(first.value) is ServiceAway
        with pytest.raises(ServiceNotAsked) as spared:
            client.post({})
        assert str(spared.value) == (
            "the pricing isn't asked now\n"
            f"  where: {service.url}\n"
            "  why:   it didn't answer 1 times; it is asked again in 1 s\n"
            "  mend:  nothing, it is tried again; if it stays so, look after the service or its address"
        )
        clock.now += 1
        with pytest.raises(ServiceStillAway) as probe:
            client.post({})
        assert (type(probe.value), probe.value.again_in_s) == (ServiceStillAway, 2.0)
        assert len(service.asked) == 2
        clock.now += 2
        service.answer = lambda document: document
        assert client.post({"a": "1"}) == {"a": "1"}
        service.answer = lambda _: (503, b"")
        with pytest.raises(ServiceAway) as again:
            client.post({})
        assert type(again.value) is ServiceAway


def test_a_refusal_is_an_answer() -> None:
    clock = Clock()
    health = ServiceHealth(clock)
    with http_service() as service:
        service.answer = lambda _: (422, b"no")
        health.failed()
        clock.now += 1
        with pytest.raises(Exception, match="refuses"):
            HttpClient(service.url, "the pricing", health=health).post({})
    assert health.failures == 0
