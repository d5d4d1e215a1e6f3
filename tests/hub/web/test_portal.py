"""The customer's portal: order and follow, change and cancel with their verdicts, third parties, several accounts."""

from __future__ import annotations

import re

import pytest

from hub.access.audit import Actor
from tests.hub.web.people import text_of, web_in, write_files

#: what a customer must never read: keys of the hub, action codes, commands
INSIDE = re.compile(r"\b0[0-9A-HJKMNP-TV-Z]{25}\b|orderhub |(?<= )- ")
PACKAGE = "Local Breakthrough Package"


def row_of(part, field, value):
    return next(row for row in part["rows"] if row["fields"][field] == value)


def refusals_of(page):
    return {action["name"]: action.get("refusal", "") for action in page["actions"]}


def choose(browser, product):
    done = browser.fill(f"/my/catalogue/do/choose?row={product.replace(' ', '+')}")
    assert done.status_code == 303, text_of(done.text)
    return done.headers["location"].partition("?")[0]


def test_the_catalogue_has_what_is_sold_by_itself_at_the_customers_prices(web):
    rows = web.browser("jane").json("/my/catalogue")["parts"]["products"]["rows"]
    assert {row["fields"]["name"]: row["fields"]["price"] for row in rows} == {
        "Calling Card": "0.10",
        "Home Energy": "4.00",
        PACKAGE: "19.95",
        "Small Business Enabler": "25.00",
    }


def test_a_customer_chooses_sees_the_price_orders_and_follows(web):
    browser = web.browser("jane")
    quote = choose(browser, "Calling Card")
    (line,) = browser.json(quote)["parts"]["lines"]["rows"]
    assert (line["fields"]["Action Code"], line["fields"]["Adjusted Price"]) == ("New", "0.10")
    done = browser.fill(f"{quote}/do/order", due_date="2030-01-31")
    assert done.status_code == 303, text_of(done.text)
    order = browser.json(done.headers["location"])
    (where,) = order["parts"]["header"]["rows"]
    assert where["fields"]["State"] == "in progress"
    assert where["fields"]["Promised Date"] == "2030-01-31"
    assert where["fields"]["Next Step"]
    assert where["fields"]["Who Acts"] == "we"
    after = [row["fields"]["Product Id"] for row in order["parts"]["after"]["rows"]]
    before = [row["fields"]["Product Id"] for row in order["parts"]["before"]["rows"]]
    assert set(after) - set(before) == {"Calling Card"}
    assert web.care.road.stored("OM Order", Account_Id="1-B", Status="Open")


def test_an_order_that_cant_be_submitted_isnt_placed_and_the_reason_is_in_plain_words(web):
    """The package needs the number that calls go to: the quote stays, and takes it."""
    browser = web.browser("jane")
    quote = choose(browser, PACKAGE)
    refused = browser.fill(f"{quote}/do/order")
    assert (refused.status_code, "be ordered yet: Call Forwarding" in refused.text) == (422, True)
    assert not INSIDE.search(text_of(refused.text))
    forwarding = row_of(browser.json(quote)["parts"]["lines"], "Product Id", "Call Forwarding")
    assert forwarding["fields"]["Action Code"] == "New"
    orders = web.care.road.stored("OM Order", Account_Id="1-B")
    assert [order.get("Status") for order in orders] == ["Complete"]
    address = next(action["address"] for action in forwarding["actions"] if action["name"] == "change_line")
    assert "Forwarding Number" in text_of(browser.get(address).text)
    assert browser.fill(address, details_forwarding_number="206-1").status_code == 303
    assert browser.fill(f"{quote}/do/order").status_code == 303


def test_change_and_cancel_say_beforehand_whether_they_are_possible(web):
    over = web.browser("jane").json("/my/orders/O-0000001")
    assert refusals_of(over) == {
        "change": "it isn't in work any more",
        "reschedule": "it isn't in work any more",
        "cancel": "it is over",
    }
    assert web.browser("jane").get("/my/orders/O-0000001/do/cancel").status_code == 409
    at_work = web.browser("petra").json("/my/orders/O-0000002")
    assert refusals_of(at_work) == {"change": "", "reschedule": "", "cancel": ""}
    # A rehearsal leaves nothing behind.
    (order,) = web.care.road.stored("OM Order", Account_Id="2-LB")
    assert (order.get("Status"), order.get("Revision")) == ("Open", "1")


def test_an_order_is_rescheduled_and_cancelled(web):
    browser = web.browser("petra")
    assert browser.fill("/my/orders/O-0000002/do/reschedule", due_date="2031-05-05").status_code == 303
    waiting = browser.json("/my/orders/O-0000002")
    assert waiting["parts"]["header"]["rows"][0]["fields"]["State"] == "needs you"
    assert {"send", "take_back"} <= set(refusals_of(waiting))
    assert browser.fill("/my/orders/O-0000002/do/send").status_code == 303
    moved = browser.json("/my/orders/O-0000002")["parts"]["header"]["rows"][0]["fields"]
    assert (moved["State"], moved["Expected Date"]) == ("in progress", "2031-05-05")
    assert browser.fill("/my/orders/O-0000002/do/cancel").status_code == 303
    over = browser.json("/my/orders/O-0000002")["parts"]["header"]["rows"][0]["fields"]
    assert over["State"] == "cancelled"


def test_a_change_is_taken_back(web):
    browser = web.browser("petra")
    browser.fill("/my/orders/O-0000002/do/change")
    assert browser.fill("/my/orders/O-0000002/do/take_back").status_code == 303
    page = browser.json("/my/orders/O-0000002")
    assert page["parts"]["header"]["rows"][0]["fields"]["State"] == "in progress"


def test_a_service_is_changed_and_ended_by_an_order(web):
    browser = web.browser("jane")
    root = row_of(browser.json("/my/services")["parts"]["services"], "Product Id", PACKAGE)
    address = next(action["address"] for action in root["actions"] if action["name"] == "end")
    quote = browser.fill(address, due_date="2030-01-31").headers["location"].partition("?")[0]
    assert {row["fields"]["Action Code"] for row in browser.json(quote)["parts"]["lines"]["rows"]} == {"Ends"}
    order = browser.fill(f"{quote}/do/order").headers["location"]
    assert "after" not in browser.json(order)["parts"], "nothing is left"


@pytest.mark.parametrize("name", ["jane", "theo", "petra"])
def test_a_customer_reads_no_words_of_the_inside(web, name):
    number = "2" if name == "petra" else "1"
    browser = web.browser(name)
    for address in (
        "services",
        "orders",
        f"orders/O-000000{number}",
        "quotes",
        f"quotes/Q-000000{number}",
        "catalogue",
    ):
        answer = browser.get(f"/my/{address}")
        if answer.status_code == 200:
            assert not INSIDE.search(text_of(answer.text)), address


def test_a_customer_opens_an_account_to_a_third_party_and_closes_it(web):
    with web.open_hub.write() as transaction:
        web.open_hub.access.people(transaction.connection).take("theo", ["1-B"], Actor("test", "command line"))
    jane, theo = web.browser("jane"), web.browser("theo")
    assert theo.get("/my/orders/O-0000001").status_code == 404
    assert jane.fill("/my/third-parties/do/open", third_party="Theo").status_code == 303
    page = jane.json("/my/third-parties")["parts"]["third_parties"]
    assert [(row["fields"]["name"], row["fields"]["opened by"]) for row in page["rows"]] == [("theo", "jane")]
    assert theo.get("/my/orders/O-0000001").status_code == 200
    assert theo.get("/my/orders/O-0000002").status_code == 404
    assert jane.fill("/my/third-parties/do/close?row=theo").status_code == 303
    assert theo.get("/my/orders/O-0000001").status_code == 404
    assert web.audited()[:2] == [("jane", "close account", "1-B"), ("jane", "open accounts", "1-B")]


def test_an_account_is_opened_once_for_a_form_and_to_third_parties_only(web):
    jane = web.browser("jane")
    for nobody in ("carla", "nobody", "x'; --"):
        refused = jane.fill("/my/third-parties/do/open", third_party=nobody)
        assert (refused.status_code, "there is no third party" in refused.text) == (422, True)
    hidden = jane.hidden("/my/third-parties/do/close?row=theo")
    places = {jane.send("/my/third-parties/do/close", hidden).headers["location"] for _ in range(2)}
    assert len(places) == 1
    assert [row[1] for row in web.audited()].count("close account") == 1


def test_nobody_opens_the_account_of_another(web):
    jane = web.browser("jane")
    hidden = jane.hidden("/my/third-parties/do/open?account=1-B")
    answer = jane.client.post("/my/third-parties/do/open?account=2-LB", data={**hidden, "answer-third-party": "theo"})
    assert answer.status_code == 404
    assert web.browser("petra").get("/my/third-parties").status_code == 403
    assert web.browser("theo").json("/my/services?account=1-B")["parts"]["services"]["rows"]


def test_of_several_accounts_one_is_chosen(web):
    with web.open_hub.write() as transaction:
        web.open_hub.access.people(transaction.connection).give("jane", ["2-LB"], Actor("test", "command line"))
    page = web.browser("jane").json("/my/orders")
    assert page["parameters"]["account"] == "1-B"
    links = {
        row["fields"]["account"] if "account" in row["fields"] else row["links"]["name"]
        for row in page["parts"]["accounts"]["rows"]
    }
    assert links == {"/my/orders?account=1-B", "/my/orders?account=2-LB"}
    other = web.browser("jane").json("/my/orders?account=2-LB")["parts"]["orders"]["rows"]
    assert [row["fields"]["Order Number"] for row in other] == ["O-0000002"]
    assert "accounts" not in web.browser("theo").json("/my/orders")["parts"]


def test_the_menu_is_that_of_the_persons_type(web):
    def menu(name):
        return re.findall(r'<li><a href="(/[^"]*)"', web.browser(name).get("/my/services").text.partition("</nav>")[0])

    assert menu("jane")[:6] == [
        *("/my/services", "/my/orders", "/my/quotes", "/my/catalogue", "/my/support", "/my/third-parties"),
    ]
    assert "/my/quotes" not in menu("theo")
    assert "/my/services" not in menu("carla")


OWN_WORDS = """\
extends: my_orders
shows:
  orders:
    fields:
      State: {label: Where it is, words: {done: all built, "*": soon}}
"""


def test_a_deployment_has_words_of_its_own(tmp_path):
    write_files(tmp_path, {})
    with web_in(tmp_path, {"hub/web/pages/words.yaml": OWN_WORDS}) as web:
        for name, words in (("jane", "all built"), ("petra", "soon")):
            (row,) = web.browser(name).json("/my/orders")["parts"]["orders"]["rows"]
            assert row["fields"]["State"] == words
