"""The console: who sees what, filters in the address, jobs with previews, and an audit of each view of a body."""

from __future__ import annotations

import html
import re

import pytest

from hub.web.console.pages import PAGES
from tests.hub.web.people import NAMES, text_of, web_in
from tests.road import mainframe_line, mainframe_order, sample

TYPES = tuple(NAMES)
#: types of users who see each page; written by hand, not made of the declarations
SEEN_BY = {
    "console": "operator administrator",
    "console_component": "operator administrator",
    **dict.fromkeys(
        ("console_messages", "console_message", "console_order", "console_outbound_list", "console_outbound"),
        "operator",
    ),
    **dict.fromkeys(("console_content", "console_outbound_content", "console_jobs", "console_job"), "operator"),
    "console_feeds": "operator",
    "console_declarations": "operator administrator",
}


@pytest.fixture
def refused(web):
    """A message that was refused for want of its account."""
    line = mainframe_line(1, "A", "LCLLN001", ref="L1")
    id = web.road.send(mainframe_order("77001", line, customer="100999"))
    web.road.run()
    return id


def addresses(web, message):
    """An address of each page."""
    with web.open_hub.read() as transaction:
        outbound = transaction.messages.outbox.listing(limit=1)[0]["id"]
    values = {"message": message, "outbound": outbound, "order": "77001", "job": "none"}
    values["component"] = "route:hub_object"
    return {page.name: page.address.format(**values) for page in PAGES}


@pytest.mark.parametrize("type", TYPES)
def test_a_page_is_seen_by_those_who_have_its_right(web, refused, type):
    browser = web.browser(NAMES[type])
    assert set(SEEN_BY) == {page.name for page in PAGES}
    for name, address in addresses(web, refused).items():
        expected = 403 if type not in SEEN_BY[name].split() else 404 if name == "console_job" else 200
        answers = [browser.get(f"{address}{ending}") for ending in ("", ".json")]
        assert [answer.status_code for answer in answers] == [expected] * 2, (name, answers[0].text)


def test_nobody_who_is_not_signed_in_sees_anything(web, refused):
    for address in addresses(web, refused).values():
        assert web.browser(None).get(address).status_code == 303
        assert web.browser(None).get(f"{address}.json").status_code == 401


def test_the_first_page_shows_the_ledger_the_alarms_and_a_picture(web, refused):
    browser = web.browser("olga")
    with web.open_hub.write() as transaction:
        transaction.messages.control.pause("route:hub_object", "paused by a test")
    page = browser.get("/console")
    assert "<svg" in page.text
    assert "route:hub_object works no message: paused by a test" in text_of(page.text)
    told = browser.json("/console")
    ledger = told["parts"]["ledger"]["rows"][0]["fields"]
    assert int(ledger["received"]) == int(ledger["final"]) + int(ledger["in_flight"])
    assert ledger["agrees"] == "agree"


def test_messages_are_found_by_the_filters_of_the_address(web, refused):
    browser = web.browser("olga")
    for query, expected in (
        ("order=77001", True),
        ("account=100999", True),
        ("state=rejected,invalid&reason=AccountUnknown", True),
        ("route=mainframe_order&sender=local", True),
        ("order=nobody", False),
        ("state=parked", False),
        ("since=2199-01-01", False),
    ):
        rows = browser.json(f"/console/messages?{query}")["parts"]["messages"]["rows"]
        found = [row["links"]["received_at"] for row in rows]
        assert (f"/console/messages/{refused}" in found) is expected, query
    for query in ("state=odd", "since=soon", "order=1&account=2"):
        answer = browser.get(f"/console/messages?{query}")
        assert answer.status_code == 422
        assert "hese filters can't be looked for" in html.unescape(answer.text)


def test_messages_that_leave_are_listed_by_kind_and_given_up_together(web, refused):
    browser = web.browser("olga")
    (dead,) = browser.json("/console/outbound?kind=dead letter&destination=mainframe_order.dead-letter")["parts"][
        "outbound"
    ]["rows"]
    assert dead["fields"]["state"] == "waiting"
    made = post(browser, "/console/outbound/do/give-up-outbound?kind=dead letter")
    address = made.headers["location"].partition("?")[0]
    assert browser.json(address)["parts"]["preview"]["rows"][1]["fields"] == {"kind": "changed", "count": "1"}
    assert post(browser, f"{address}/do/start", reason="a test").status_code == 303
    web.road.run()
    shown = browser.json(dead["links"]["created_at"])
    assert shown["parts"]["message"]["rows"][0]["fields"]["state"] == "given up"
    assert shown["actions"][0]["name"] == "content"


def test_a_long_list_has_pages(web):
    for number in range(60):
        web.road.send(f"<ORDERS n='{number}'/>")
    browser = web.browser("olga")
    first = browser.json("/console/messages?state=received")
    (older,) = [action["address"] for action in first["actions"] if action["name"] == "older"]
    second = browser.json(older)
    ids = [row["links"]["received_at"] for page in (first, second) for row in page["parts"]["messages"]["rows"]]
    assert len(ids) == len(set(ids)) == 60
    assert "older" not in [action["name"] for action in second["actions"]]


def test_each_view_of_a_body_is_written_to_the_audit_and_a_message_alone_shows_none(web, refused):
    browser = web.browser("olga")
    before = len(web.audited())
    assert "77001" not in browser.get(f"/console/messages/{refused}.json").json()["texts"]
    assert len(web.audited()) == before
    content = browser.get(f"/console/messages/{refused}/content")
    assert "&lt;ORD-NO&gt;77001&lt;/ORD-NO&gt;" in content.text
    assert web.audited()[0][:2] == ("olga", "see message bodies")
    assert len(web.audited()) == before + 1
    with web.open_hub.read() as transaction:
        row = web.open_hub.access.audit(transaction.connection).newest(1)[0]
    assert row.object_key == refused


def test_a_value_is_asked_why(web, refused):
    browser = web.browser("olga")
    (row,) = browser.json(f"/console/messages/{refused}/content?why=77001")["parts"]["why"]["rows"]
    assert row["fields"]["field"] == "Source Order Number"
    assert "/ORD-NO = '77001'" in row["fields"]["source"]


def test_a_body_with_markup_in_each_field_is_shown_as_text(web):
    evil = "<script>alert(1)</script>"
    line = mainframe_line(1, "A", "LCLLN001", ref=html.escape(evil))
    id = web.road.send(mainframe_order("77002", line, customer="100999"), id=evil)
    web.road.run()
    browser = web.browser("olga")
    for ending in ("", "/content", f"/content?why={evil}"):
        page = browser.get(f"/console/messages/{id}{ending}")
        assert page.status_code == 200
        assert evil not in page.text
        assert html.escape(evil) in page.text or "&lt;script&gt;" in page.text


def post(browser, address, **answers):
    """Fill in a form of the console, whose address has the filters."""
    hidden = browser.hidden(address)
    return browser.client.post(address, data={**hidden, **{f"answer-{name}": text for name, text in answers.items()}})


def test_a_job_over_a_list_is_previewed_started_with_a_reason_and_worked(web, refused):
    browser = web.browser("olga")
    made = post(browser, "/console/messages/do/replay?order=77001")
    assert made.status_code == 303
    address = made.headers["location"].partition("?")[0]
    job = browser.json(address)
    assert job["parts"]["preview"]["rows"][0]["fields"] == {"kind": "same", "count": "1"}
    assert [action["name"] for action in job["actions"]] == ["start", "preview", "cancel", "reload"]
    assert post(browser, f"{address}/do/start", reason=" ").status_code == 422
    assert post(browser, f"{address}/do/start", reason="x", rate="fast").status_code == 422
    assert post(browser, f"{address}/do/start", reason="the account was missing", stages="10").status_code == 303
    assert web.audited()[0][:2] == ("olga", "mass actions")
    web.road.run()
    job = browser.json(address)
    assert job["parts"]["job"]["rows"][0]["fields"]["reason"] == "the account was missing"
    assert job["parts"]["failures"]["rows"][0]["fields"] == {"reason": "AccountUnknown", "count": "1"}
    assert browser.get(f"{address}/do/start").status_code == 409


def test_a_form_that_is_sent_twice_makes_one_job(web, refused):
    browser = web.browser("olga")
    address = f"/console/messages/{refused}/do/replay"
    hidden = browser.hidden(address)
    sent = {**hidden, "answer-reason": "try it"}
    first, second = (browser.client.post(address, data=sent) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    assert len(browser.json("/console/jobs")["parts"]["jobs"]["rows"]) == 1
    web.road.run()
    assert web.road.shown(refused)["replays"] == 1


def test_one_message_is_edited_and_resubmitted(web, refused):
    browser = web.browser("olga")
    done = post(browser, f"/console/messages/{refused}/do/resubmit", old="100999", new="100300", reason="wrong number")
    assert done.status_code == 303
    web.road.run()
    (job,) = browser.json(f"/console/messages/{refused}")["parts"]["jobs"]["rows"]
    assert job["fields"]["item_state"] == "succeeded"
    assert "nothing" not in browser.get(job["links"]["id"]).text.partition("<main")[0]


def test_a_component_is_paused_with_a_reason_and_resumed(web):
    browser = web.browser("olga")
    address = "/console/components/route:hub_object"
    assert post(browser, f"{address}/do/pause", reason="maintenance").status_code == 303
    fields = browser.json(address)["parts"]["component"]["rows"][0]["fields"]
    assert (fields["state"], fields["why"]) == ("paused", "paused by olga: maintenance")
    assert browser.get(f"{address}/do/pause").status_code == 409
    assert post(browser, f"{address}/do/resume", reason="done").status_code == 303
    assert browser.json(address)["parts"]["component"]["rows"][0]["fields"]["state"] == "running"
    assert [row[1] for row in web.audited()[:2]] == ["operate components"] * 2
    assert browser.get("/console/components/route:nobody").status_code == 404


@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        ({"reason": " "}, "'Reason' can't be taken the form asks for it, and it is empty"),
        ({"reason": "a\x00b"}, "'Reason' can't be taken character U+0000 at position 2 is not allowed in text"),
    ],
)
def test_an_answer_that_is_missing_or_cannot_be_stored_is_refused_and_nothing_is_done(web, answers, fault):
    browser = web.browser("olga")
    address = "/console/components/route:hub_object"
    before = web.audited()
    refused = post(browser, f"{address}/do/pause", **answers)
    assert refused.status_code == 422
    assert fault in html.unescape(text_of(refused.text))
    assert browser.json(address)["parts"]["component"]["rows"][0]["fields"]["state"] == "running"
    assert web.audited() == before


def test_a_feed_with_messages_is_a_component_that_is_paused(tmp_path):
    with web_in(tmp_path, feeds=["billing_accounts"]) as web:
        browser = web.browser("olga")
        address = "/console/components/feed%20billing_accounts"
        assert post(browser, f"{address}/do/pause", reason="maintenance").status_code == 303
        told = browser.json(address)["parts"]["component"]["rows"][0]["fields"]
        assert told["state"] == "paused"
        assert "route=billing_accounts" in browser.get(address).text
        assert browser.get("/console/components/route:billing_accounts").status_code == 404


@pytest.mark.parametrize("name", ["ada", "bo", "jane"])
def test_others_may_not_act_by_a_forms_address(web, refused, name):
    browser = web.browser(name)
    for address in (f"/console/messages/{refused}/do/replay", "/console/messages/do/replay?order=77001"):
        assert browser.get(address).status_code == 403
        assert browser.client.post(address, data={}).status_code in (400, 403)
    assert web.road.shown(refused)["replays"] == 0


def test_the_road_of_an_order_is_drawn(web):
    web.road.work(sample("order-1-new-service.xml"))
    browser = web.browser("olga")
    page = browser.get("/console/orders/450001")
    assert page.status_code == 200
    assert re.search(r"<svg[^>]*aria-label=\"[0-9]+ messages came in", page.text)
    assert browser.get("/console/orders/nobody").status_code == 404
    (order,) = web.road.stored("OM Order", Source_Order_Number="450001")
    assert "The plan" in browser.get(f"/console/orders/{order.get('Order Number')}").text
