"""The back office's pages: whom to call on every page, callbacks, tickets, inventory and the help centre."""

from __future__ import annotations

import pytest

from hub.access.rights import RIGHTS
from hub.deployment.proof import check_deployment
from tests.hub.web.people import NAMES, text_of, web_in, write_files

SUPPORT = "/accounts/1-B/support"


def aside(browser, address, part="whom_to_call"):
    """The rows of a part that stands at the end of every page."""
    shown = browser.json(address)["parts"].get(part)
    return None if shown is None else [row["fields"] for row in shown["rows"]]


def test_every_page_says_whom_to_call_about_what_it_shows(web):
    (contact,) = aside(web.browser(), "/accounts/1-B")
    assert (contact["contact"], contact["phone"]) == ("Service desk", "800-555-0100")
    web.care.road.load(
        '<Message IntObjectName="Contact Rule"><ListOfContactRule><ContactRule><RuleName>Open orders</RuleName>'
        "<Status>Open</Status><Page>order</Page><ContactName>Order desk</ContactName><PhoneNumber>1</PhoneNumber>"
        "</ContactRule></ListOfContactRule></Message>"
    )
    # The order is named by the address, and the account by the order.
    assert aside(web.browser("jane"), "/orders/O-0000001")[0]["contact"] == "Service desk"
    assert aside(web.browser(), "/orders/O-0000002")[0]["contact"] == "Order desk"
    assert aside(web.browser("olga"), "/help")[0]["contact"] == "Service desk"
    html = web.browser().get("/orders/O-0000002").text
    assert '<aside class="aside"' in html
    assert 'href="/accounts/2-LB/support"' in html


def test_a_page_without_contact_rules_says_nothing_of_them(tmp_path):
    with web_in(tmp_path) as web:
        with web.open_hub.write() as transaction:
            transaction.store.delete(transaction.store.query("Contact Rule"))
        assert aside(web.browser(), "/accounts/1-B") is None


def test_topics_of_a_page_stand_on_it(web):
    assert aside(web.browser(), "/orders/O-0000001", "help_topics") is None
    web.care("edit-help-topic", topic="order-status", page="order")
    (topic,) = aside(web.browser("jane"), "/orders/O-0000001", "help_topics")
    assert topic["title"] == "Where is my order?"


def test_a_customer_asks_to_be_called_and_the_desk_calls(web):
    jane, bo = web.browser("jane"), web.browser("bo")
    asked = jane.fill(f"{SUPPORT}/do/request_callback", name="Jane", phone="509-555-0140", topic="My bill")
    assert asked.status_code == 303
    number = asked.headers["location"].partition("?")[0].rpartition("/")[2]
    assert "My bill" in text_of(jane.get(asked.headers["location"]).text)
    queue = bo.json("/callbacks")["parts"]["waiting"]["rows"]
    assert (number, "My bill") in [(row["fields"]["number"], row["fields"]["topic"]) for row in queue]
    taken = bo.fill(f"/callbacks/do/take?row={number}")
    assert taken.headers["location"].startswith(f"/callbacks/{number}")
    done = bo.fill(f"/callbacks/{number}/do/done?row={number}", outcome="The bill was explained.")
    assert done.status_code == 303
    (stored,) = web.care.road.stored("Callback Request", Callback_Number=number)
    assert (stored.get("Status"), stored.get("Owner"), stored.get("Asked By")) == ("Done", "bo", "jane")
    history = jane.json(f"/callbacks/{number}")["parts"]["history"]["rows"]
    assert [row["fields"]["Actor"] for row in history] == ["jane", "bo", "bo"]
    # What is over has no action any more.
    assert bo.get(f"/callbacks/{number}/do/done?row={number}").status_code == 409
    assert ("bo", "answer support", "1-B") in web.audited()


def test_a_callback_of_nobodys_account_is_seen_by_those_who_see_all(web):
    bo = web.browser("bo")
    made = bo.fill("/callbacks/do/request_callback", name="A caller", phone="1", topic="Prices")
    address = made.headers["location"].partition("?")[0]
    assert bo.get(address).status_code == 200
    assert bo.fill(f"{address}/do/not_reached?row={address.rpartition('/')[2]}").status_code == 303
    assert web.browser("jane").get(address).status_code == 404


def test_an_order_of_somebody_else_is_not_named_in_a_form(web):
    jane = web.browser("jane")
    answer = jane.fill(f"{SUPPORT}/do/request_callback", name="J", phone="1", topic="T", order="O-0000002")
    assert answer.status_code == 422
    assert web.care.road.stored("Callback Request", Account_Id="1-B", Topic="T") == []


def test_a_ticket_goes_from_its_report_to_its_end(web):
    jane, bo = web.browser("jane"), web.browser("bo")
    opened = jane.fill(f"{SUPPORT}/do/open_ticket", summary="Noise", severity="High")
    address = opened.headers["location"].partition("?")[0]
    number = address.rpartition("/")[2]
    for action, answers in (
        ("assign", {"to": "sales"}),
        ("hold", {"reason": "a part"}),
        ("resolve", {"resolution": "A new box."}),
        ("close", {}),
    ):
        assert bo.fill(f"{address}/do/{action}?row={number}", **answers).status_code == 303, action
    assert jane.fill(f"{address}/do/reopen?row={number}", reason="Noise again").status_code == 303
    assert jane.json(address)["parts"]["header"]["rows"][0]["fields"]["Status"] == "Open"


def test_a_request_for_inventory_is_answered(web):
    bo = web.browser("bo")
    made = bo.fill("/inventory/do/request_inventory", product="Local Line", quantity="2")
    address = made.headers["location"].partition("?")[0]
    number = address.rpartition("/")[2]
    refused = bo.fill(f"{address}/do/answer?row={number}", quantity="3")
    assert refused.status_code == 422
    assert "is too much" in refused.text
    assert bo.fill(f"{address}/do/answer?row={number}", numbers="P-1, P-2").status_code == 303
    shown = bo.json(address)["parts"]
    assert [row["fields"]["Number"] for row in shown["reserved"]["rows"]] == ["P-1", "P-2"]
    assert shown["header"]["rows"][0]["fields"]["Status"] == "Answered"


def test_topics_are_found_read_and_edited(web):
    jane, bo = web.browser("jane"), web.browser("bo")
    found = jane.json("/help?text=MAILBOX")["parts"]["topics"]["rows"]
    assert [row["fields"]["title"] for row in found] == ["Set up voice mail"]
    html = jane.get("/help/voice-mail").text
    assert "<h3>The first call</h3>" in html
    assert '<a href="/help/order-status">' in jane.get("/help/moving").text
    hidden = bo.hidden("/help/voice-mail/do/edit?row=voice-mail")
    wrote = bo.fill(
        "/help/voice-mail/do/edit?row=voice-mail", title="Voice mail", text="<script>alert(1)</script> **new**"
    )
    assert wrote.status_code == 303
    html = jane.get("/help/voice-mail").text
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; <strong>new</strong>" in html
    # Another editor began before: nothing of the new text is lost.
    late = bo.send("/help/voice-mail/do/edit?row=voice-mail", hidden, title="Old", text="Old")
    assert late.status_code == 409
    assert len(bo.json("/help/voice-mail")["parts"]["revisions"]["rows"]) == 2


def test_topics_for_the_staff_and_drafts_are_seen_by_those_who_may(web):
    bo, jane = web.browser("bo"), web.browser("jane")
    bo.fill(
        "/help/do/new_topic",
        topic="soon",
        title="Soon here",
        text="A secret plan",
        status="Draft",
        audience="Everybody",
    )
    assert "What to ask in a callback" in bo.get("/help").text
    assert bo.get("/help/soon").status_code == 200
    for address in ("/help", "/help/callback-script", "/help/soon", "/help?text=secret"):
        for ending in ("", ".json"):
            text = jane.get(address.replace("?", f"{ending}?") if "?" in address else address + ending).text
            assert "What to ask in a callback" not in text, address
            assert "The account, by name" not in text
            assert "secret plan" not in text
            assert "Soon here" not in text


def test_a_topic_that_is_not_there_for_a_person_is_not_there(web):
    jane = web.browser("jane")
    for topic in ("callback-script", "nothing"):
        assert [jane.get(f"/help/{topic}{ending}").status_code for ending in ("", ".json")] == [404, 404]
    assert web.browser("bo").get("/help/callback-script").status_code == 200


def test_a_deployment_replaces_what_every_page_ends_with(tmp_path):
    own = (
        "every page: support\nshows:\n  contact:\n    heading: Call us\n    workflow: contact-for\n"
        "    arguments: {page: '{this-page}', best: 'Y'}\n    public: yes\n    fields: {phone: Telephone}\n"
    )
    with web_in(tmp_path, {"hub/web/pages/ends.yaml": own}) as web:
        shown = web.browser().json("/accounts/1-B")["parts"]
    assert shown["contact"]["rows"] == [{"fields": {"phone": "800-555-0100"}}]
    assert "whom_to_call" not in shown


@pytest.mark.parametrize(
    ("part", "what"),
    [
        (
            "{workflow: contact-for, arguments: {page: '{this-pag}'}, fields: {phone: Telephone}}",
            "no parameter 'this-pag'",
        ),
        ("{workflow: contact-for, fields: {phne: Telephone}}", "'phne'"),
        ("{workflow: take-callback, arguments: {callback: CB-1}, fields: {a: A}}", "may change something"),
        ("{object: Account, where: {Account Id: 1-B}, fields: {Name: {label: N, link: nothing}}}", "no page 'nothing'"),
    ],
)
def test_parts_of_every_page_are_proven(tmp_path, part, what):
    write_files(
        tmp_path, {"orderhub.toml": "", "hub/web/pages/ends.yaml": f"every page: mine\nshows:\n  mine: {part}\n"}
    )
    (finding,) = [found for found in check_deployment(tmp_path) if found.severity == "error"]
    assert what in finding.text
    assert "ends.yaml:3" in finding.where


def test_every_type_of_user_may_read_the_help_centre(web):
    types = web.open_hub.deployment.user_types
    assert all("see help" in types[name].rights for name in NAMES)
    assert not RIGHTS["see help"].concerns_account


@pytest.mark.parametrize(
    "query", ["product=Local+Line&order-type=Delete", "region=CA&order-type=Move", "for-page=order"]
)
def test_the_rules_are_asked_and_listed(web, query):
    shown = web.browser("bo").json(f"/contacts?{query}")["parts"]
    expected = {"p": "Line desk", "r": "California office", "f": "Service desk"}[query[0]]
    assert shown["whom_to_call"]["rows"][0]["fields"]["contact"] == expected
    assert len(shown["rules"]["rows"]) == 6
