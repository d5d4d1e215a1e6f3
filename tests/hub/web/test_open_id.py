"""The sign-in by OpenID Connect: to the provider, and back with a code that counts in the same browser only."""

from __future__ import annotations

import pytest

from hub.access.audit import Actor
from hub.access.open_id import open_id_of
from hub.access.people import NewUser
from integration_objects.surroundings import Surroundings
from tests.hub.access.open_id_provider import CLIENT, SECRET, open_id_provider
from tests.hub.web.people import web_in


@pytest.fixture
def provider():
    with open_id_provider() as made:
        made.now = Surroundings().seconds()
        yield made


@pytest.fixture
def web(tmp_path, provider):
    settings = {"open_id_issuer": provider.url, "open_id_client": CLIENT, "open_id_secret": SECRET}
    with web_in(tmp_path, **settings) as made:
        with made.open_hub.write() as transaction:
            new = NewUser("sam", "sales representative", open_id=open_id_of(provider.url, "sub-sam"))
            made.open_hub.access.people(transaction.connection).add(new, Actor("test", "command line"))
        yield made


def go(browser, provider, subject="sub-sam", to=""):
    """Follow the link to the provider, prove oneself there, and return the way back."""
    led = browser.get(f"/sign-in/open-id?to={to}")
    assert led.status_code == 303
    state, code = provider.log_in(led.headers["location"], subject)
    return f"/sign-in/open-id/back?state={state}&code={code}"


def test_a_person_signs_in_by_the_provider_and_gets_the_wanted_page(web, provider):
    browser = web.browser(None)
    assert '/sign-in/open-id?to=/accounts/1-B"' in browser.get("/sign-in?to=/accounts/1-B").text
    back = browser.get(go(browser, provider, to="/accounts/1-B"))
    assert (back.status_code, back.headers["location"]) == (303, "/accounts/1-B")
    assert "orderhub=" in back.headers["set-cookie"]
    assert browser.get("/accounts/1-B").status_code == 200
    assert web.audited()[0][:2] == ("sam", "log in")


def test_the_way_back_counts_once_and_in_the_browser_that_asked_only(web, provider):
    browser, victim = web.browser(None), web.browser(None)
    way = go(browser, provider)
    assert "the log-in failed" in victim.get(way).text
    go(victim, provider)
    assert victim.get(way).status_code == 401
    assert browser.get(way).status_code == 303
    assert browser.get(way).status_code == 401


def test_a_person_who_is_no_user_sees_the_sign_in_again(web, provider):
    browser = web.browser(None)
    answer = browser.get(go(browser, provider, "sub-nobody"))
    assert answer.status_code == 401
    assert "the log-in failed" in answer.text
    assert browser.get("/accounts").status_code == 303


def test_the_sign_in_leads_to_no_other_server(web, provider):
    for elsewhere in ("https://evil.example/", "//evil.example/", "/" + "x" * 5000):
        browser = web.browser(None)
        assert browser.get(go(browser, provider, to=elsewhere)).headers["location"] == "/"


def test_a_provider_that_is_away_is_a_plain_page(web, provider):
    provider.status = 503
    answer = web.browser(None).get("/sign-in/open-id")
    assert answer.status_code == 503
    assert "Traceback" not in answer.text


def test_without_a_provider_there_is_no_such_address_and_no_link(tmp_path):
    with web_in(tmp_path) as web:
        browser = web.browser(None)
        assert "open-id" not in browser.get("/sign-in").text
        assert browser.get("/sign-in/open-id").status_code == 404
