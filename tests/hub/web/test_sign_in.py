"""The log-in at the pages, sessions, cookies, and what other sites may not do."""

from __future__ import annotations

import re

import pytest

from hub.web.forms import MOST_FIELDS
from hub.web.headers import HEADERS, Place
from tests.hub.web.people import PASSWORD, Browser, text_of, web_in

WRONG = "wrong password"


def log_in(browser: Browser, name: str = "carla", password: str = PASSWORD, **more: str):
    hidden = browser.hidden("/sign-in")
    return browser.client.post("/sign-in", data={**hidden, "name": name, "password": password, **more})


def test_who_is_not_logged_in_is_led_to_the_log_in_and_back(web):
    browser = web.browser(None)
    led = browser.get("/accounts/1-B?tab=Orders")
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in?to=%2Faccounts%2F1-B%3Ftab%3DOrders")
    hidden = browser.hidden(led.headers["location"])
    back = browser.client.post("/sign-in", data={**hidden, "name": "carla", "password": PASSWORD})
    assert (back.status_code, back.headers["location"]) == (303, "/accounts/1-B?tab=Orders")
    assert browser.get(back.headers["location"]).status_code == 200


def test_a_script_that_is_not_logged_in_gets_a_problem(web):
    answer = web.browser(None).get("/accounts/1-B.json")
    assert (answer.status_code, answer.json()["reason"]) == (401, "SignInNeeded")
    assert "www-authenticate" not in answer.headers


def test_the_log_in_leads_to_no_other_server(web):
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example"):
        browser = web.browser(None)
        assert log_in(browser, to=elsewhere).headers["location"] == "/"


def test_a_wrong_password_and_an_unknown_name_read_the_same(web):
    answers = {name: log_in(web.browser(None), name, WRONG).text for name in ("carla", "nobody")}
    texts = {text_of(text).replace(name, "") for name, text in answers.items()}
    assert len(texts) == 1
    assert log_in(web.browser(None), password=WRONG).status_code == 401


def test_many_wrong_passwords_must_wait(web):
    browser = web.browser(None)
    for _ in range(6):
        answer = log_in(browser, password=WRONG)
    assert "too many failed log-ins" in answer.text
    # The right password must wait, too: else the wait would tell which one is right.
    assert "too many failed log-ins" in log_in(browser).text


def test_a_session_is_renewed_at_the_log_in_and_gone_after_the_log_out(web):
    browser = web.browser(None)
    browser.client.cookies.set("orderhub", "a token that somebody planted")
    token = re.findall("orderhub=([^;]+)", log_in(browser).headers["set-cookie"])[0]
    browser.client.cookies.clear()
    browser.client.cookies.set("orderhub", token)
    assert token != "a token that somebody planted"  # noqa: S105  # of this test
    hidden = dict(re.findall(r'name="(csrf)" value="([^"]*)"', browser.get("/accounts").text))
    assert browser.client.post("/sign-out", data=hidden).headers["location"] == "/sign-in"
    stolen = web.browser(None)
    stolen.client.cookies.set("orderhub", token)
    assert stolen.get("/accounts").status_code == 303


def test_cookies_go_by_https_alone_where_the_application_has_an_address(tmp_path):
    with web_in(tmp_path, web_url="https://hub.example") as web:
        browser = web.browser(None, host="hub.example")
        cookie = browser.get("/sign-in").headers["set-cookie"]
        assert cookie.startswith("__Host-orderhub-visit=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
        assert browser.get("/sign-in").headers["strict-transport-security"].startswith("max-age=")
        # Under another name nothing is answered: it may be a page that was made to lead here.
        assert web.browser(None, host="evil.example").get("/sign-in").status_code == 421


def test_without_an_address_only_this_machine_is_served(web):
    assert web.browser(None, host="127.0.0.1:8000").get("/sign-in").status_code == 200
    assert web.browser(None, host="[::1]:8000").get("/sign-in").status_code == 200
    assert web.browser(None, host="hub.example").get("/sign-in").status_code == 421


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}],
    ids=["origin", "fetch metadata", "no origin"],
)
def test_a_form_of_another_site_is_refused(web, headers):
    browser = web.browser()
    hidden = browser.hidden("/accounts/1-B/do/new")
    answer = browser.client.post("/accounts/1-B/do/new", data=hidden, headers=headers)
    assert (answer.status_code, "didn&#39;t come from this application" in answer.text) == (403, True)


def test_a_form_without_its_token_or_with_that_of_another_session_is_refused(web):
    browser = web.browser()
    hidden = browser.hidden("/accounts/1-B/do/new")
    other = web.browser("martin").hidden("/accounts/1-B/do/new")["csrf"]
    for csrf in ("", other):
        answer = browser.client.post("/accounts/1-B/do/new", data={**hidden, "csrf": csrf})
        assert (answer.status_code, "The form can&#39;t be taken." in answer.text) == (400, True)
    assert web.care.road.stored("OM Quote", Account_Id="1-B", Status="In Progress") == []


def test_a_form_that_is_too_large_is_refused_before_it_is_read(web):
    browser = web.browser()
    hidden = browser.hidden("/accounts/1-B/do/new")
    assert browser.client.post("/accounts/1-B/do/new", data={**hidden, "more": "x" * 300_000}).status_code == 413
    many = {f"field{number}": "x" for number in range(MOST_FIELDS + 1)}
    assert browser.client.post("/accounts/1-B/do/new", data={**hidden, **many}).status_code == 413


def test_each_answer_has_the_security_headers(web):
    browser = web.browser()
    for address in ("/accounts", "/accounts.json", "/nothing", "/sign-in", "/static/style.css"):
        headers = browser.get(address).headers
        assert {name: headers[name.lower()] for name in HEADERS} == HEADERS, address
    assert browser.get("/accounts").headers["cache-control"] == "no-store"


def test_a_page_holds_no_inline_script_or_style(web):
    """Else the policy would switch it off, or it would have to be weakened."""
    browser = web.browser()
    for address in ("/accounts?text=1-&account=1-B", "/accounts/1-B", "/accounts/1-B/do/new", "/nothing", "/sign-in"):
        html = browser.get(address).text
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:", html), address


def test_the_hosts_of_an_application(web):
    own, public = Place(None), Place("https://hub.example:8443")
    assert [own.has_host(host) for host in ("localhost:1", "[::1]", "hub.example", None)] == [True, True, False, False]
    assert [public.has_host(host) for host in ("hub.example:8443", "hub.example", "localhost")] == [True, False, False]
    assert public.is_own_origin("https://hub.example:8443", "hub.example:8443")


def test_a_password_that_others_know_is_changed_first(web):
    from hub.access.audit import Actor
    from hub.access.passwords import password_digest

    with web.open_hub.write() as transaction:
        people = web.open_hub.access.people(transaction.connection)
        people.set_password("sally", password_digest(PASSWORD), Actor("ada", "127.0.0.1"), "forgotten")
    browser = web.browser("sally")
    assert browser.get("/accounts").headers["location"] == "/password"
    hidden = browser.hidden("/password")
    new = "four tall green herons"
    differ = browser.client.post("/password", data={**hidden, "old": PASSWORD, "new": new, "again": "another one"})
    assert (differ.status_code, "typed in two ways" in differ.text) == (422, True)
    done = browser.client.post("/password", data={**hidden, "old": PASSWORD, "new": new, "again": new})
    assert done.status_code == 303, text_of(done.text)
    assert browser.get("/accounts").status_code == 200
