"""The same form sent several times at once, where writers don't take turns by themselves."""

from __future__ import annotations

import threading

import pytest

from tests.customer_care import care_on
from tests.hub.web.people import Web, add_people


@pytest.fixture
def shared_web(tmp_path, database_url):
    with care_on(tmp_path, database_url) as care:
        add_people(care.open_hub)
        yield Web(care.road)


def test_a_form_that_is_sent_several_times_at_once_is_worked_once(shared_web):
    browser = shared_web.browser()
    hidden = browser.hidden("/accounts/1-B/do/new")
    answers = []

    def send():
        answers.append(browser.send("/accounts/1-B/do/new", hidden, product="Calling Card"))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [303] * 6
    assert len({answer.headers["location"] for answer in answers}) == 1
    (quote,) = shared_web.care.road.stored("OM Quote", Account_Id="1-B", Status="In Progress")
    assert len(quote.child("ListOf Line Item").children) == 1
    assert shared_web.audited().count(("carla", "quote", "1-B")) == 1
