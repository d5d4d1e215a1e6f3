"""Every page × type of user × owner: who sees it, as HTML and as JSON, and who may do what there."""

from __future__ import annotations

import pytest

from tests.hub.web.people import NAMES, text_of

TYPES = tuple(NAMES)
#: a page with its parameters -> for each type of user in the order of `NAMES`: what a page of an own account and of
#: another one answers. 2: seen; 3: the right is missing; 4: as if it weren't there. Written by hand, not made of the
#: declarations. Own is 1-B for customers and third parties, 2-LB for the channel partner; the others see all.
TABLE = {
    "identify_account": ("/accounts?account={account}", "22 22 22 24 24 24 22 22 33"),
    "customer_portal": ("/accounts/{account}", "22 22 22 24 24 24 22 22 33"),
    "quote": ("/quotes/{quote}", "22 22 22 24 24 33 33 22 33"),
    "move": ("/accounts/{account}/move", "22 22 22 24 24 33 33 33 33"),
    "moved": ("/quotes/{quote}/move", "22 22 22 24 24 33 33 22 33"),
    "approvals": ("/approvals", "33 22 33 33 33 33 33 33 33"),
    "order": ("/orders/{order}", "22 22 22 24 24 24 22 22 33"),
    "my_services": ("/my/services?account={account}", "22 22 22 24 24 24 22 22 33"),
    "my_orders": ("/my/orders?account={account}", "22 22 22 24 24 24 22 22 33"),
    "my_order": ("/my/orders/{order}", "22 22 22 24 24 24 22 22 33"),
    "my_quotes": ("/my/quotes?account={account}", "22 22 22 24 24 33 33 22 33"),
    "my_quote": ("/my/quotes/{quote}", "22 22 22 24 24 33 33 22 33"),
    "my_support": ("/my/support?account={account}", "22 22 22 24 24 33 22 33 33"),
    "catalogue": ("/my/catalogue?account={account}", "22 22 22 24 24 33 33 33 33"),
    "third_parties": ("/my/third-parties?account={account}", "33 22 33 33 24 33 33 33 33"),
    "fallout": ("/console/fallout", "33 22 33 33 33 33 22 22 33"),
    "account_support": ("/accounts/{account}/support", "22 22 22 24 24 33 22 33 33"),
    "callback": ("/callbacks/{callback}", "22 22 22 24 24 33 22 33 33"),
    "ticket": ("/tickets/{ticket}", "22 22 22 24 24 33 22 33 33"),
    "inventory_request": ("/inventory/{request}", "22 22 22 24 24 33 22 33 33"),
    "callbacks": ("/callbacks", "33 22 33 33 33 33 22 33 33"),
    "tickets": ("/tickets", "33 22 33 33 33 33 22 33 33"),
    "inventory_requests": ("/inventory", "33 22 33 33 33 33 22 33 33"),
    "contacts": ("/contacts", "33 22 33 33 33 33 22 33 33"),
    "help_centre": ("/help", "22 22 22 22 22 22 22 22 22"),
    "help_topic": ("/help/order-status", "22 22 22 22 22 22 22 22 22"),
}
OWN = {"channel partner": "2-LB"}
STATUS = {"2": 200, "3": 403, "4": 404}
#: accounts with their quote and their order
KEYS = {
    "1-B": {
        "account": "1-B",
        "quote": "Q-0000001",
        "order": "O-0000001",
        "callback": "CB-0000001",
        "ticket": "TT-0000001",
        "request": "IR-0000001",
    },
    "2-LB": {
        "account": "2-LB",
        "quote": "Q-0000002",
        "order": "O-0000002",
        "callback": "CB-1",
        "ticket": "TT-1",
        "request": "IR-1",
    },
}
#: an action -> who may do it on an own account
ACTIONS = {
    "/accounts/{account}/do/new": "x x x x x . . . .",
    "/accounts/{account}/do/disconnect?row={root}": "x x x x x . . . .",
    "/my/services/do/end?account={account}&row={root}": "x x x x x . . . .",
    "/my/catalogue/do/choose?account={account}&row=Calling+Card": "x x x x x . . . .",
    "/my/third-parties/do/open?account={account}": ". x . . x . . . .",
    "/accounts/do/new_service_account?account={account}": "x x . . . . . . .",
    "/accounts/{account}/support/do/request_callback": "x x x x x . x . .",
    "/accounts/{account}/support/do/open_ticket": "x x x x x . x . .",
    "/accounts/{account}/support/do/request_inventory": ". x . . . . x . .",
    "/callbacks/{callback}/do/cancel?row={callback}": "x x x x x . x . .",
    "/callbacks/{callback}/do/done?row={callback}": ". x . . . . x . .",
    "/tickets/{ticket}/do/note?row={ticket}": "x x x x x . x . .",
    "/tickets/{ticket}/do/resolve?row={ticket}": ". x . . . . x . .",
    "/inventory/{request}/do/answer?row={request}": ". x . . . . x . .",
    "/callbacks/do/request_callback": ". x . . . . x . .",
    "/help/do/new_topic": ". . . . . . x . .",
    "/help/order-status/do/edit?row=order-status": ". . . . . . x . .",
}


def test_the_table_has_every_page(web):
    assert set(TABLE) == set(web.open_hub.deployment.pages)


@pytest.mark.parametrize("type", TYPES)
def test_a_page_is_seen_by_those_who_have_the_right_on_its_account(web, type):
    browser = web.browser(NAMES[type])
    own = OWN.get(type, "1-B")
    for name, (address, verdicts) in TABLE.items():
        verdict = verdicts.split()[TYPES.index(type)]
        for account, sign in ((own, verdict[0]), ("2-LB" if own == "1-B" else "1-B", verdict[1])):
            path, mark, query = address.format(**KEYS[account]).partition("?")
            answers = [browser.get(f"{path}{ending}{mark}{query}") for ending in ("", ".json")]
            assert [answer.status_code for answer in answers] == [STATUS[sign]] * 2, (name, account)


@pytest.mark.parametrize("type", TYPES)
def test_an_action_is_done_by_those_who_have_the_right_on_its_account(web, type):
    browser = web.browser(NAMES[type])
    own = OWN.get(type, "1-B")
    root = web.care.profile_root("1-B").get("Integration Id")
    for address, marks in ACTIONS.items():
        if "root" in address and own != "1-B":
            continue
        may = marks.split()[TYPES.index(type)] == "x"
        path = address.format(root=root, **KEYS[own])
        assert (browser.get(path).status_code == 200) is may, path
        if type in ("customer", "channel partner"):
            other = address.format(root=root, **KEYS["2-LB" if own == "1-B" else "1-B"])
            assert browser.get(other).status_code in (403, 404)


def test_a_form_for_another_account_does_nothing(web):
    """The form is one's own, and its address is changed to another account's."""
    browser = web.browser("jane")
    hidden = browser.hidden("/accounts/1-B/do/new")
    assert browser.send("/accounts/2-LB/do/new", hidden, product="Calling Card").status_code == 404
    assert web.care.road.stored("OM Quote", Account_Id="2-LB", Status="In Progress") == []


def test_somebody_elses_account_reads_as_one_that_is_not_there(web):
    browser = web.browser("jane")
    texts = {text_of(browser.get(f"/accounts/{account}").text).rpartition(":")[0] for account in ("2-LB", "9-NONE")}
    assert len(texts) == 1


def test_a_search_finds_nothing_of_others(web):
    found = web.browser("jane").json("/accounts?text=1")["parts"]["found"]["rows"]
    assert {row["fields"]["account"] for row in found} <= {"1-B"}
    everything = web.browser().json("/accounts?text=1")["parts"]["found"]["rows"]
    assert len({row["fields"]["account"] for row in everything}) > 1
    assert web.browser("jane").json("/accounts?text=Lopez")["parts"]["found"]["rows"] == []


def test_prices_are_seen_by_those_who_may(web):
    """Not by third parties, to whom a customer opened the services."""
    with_prices = web.browser("jane").json("/accounts/1-B")["parts"]["services"]
    without = web.browser("theo").json("/accounts/1-B")["parts"]["services"]
    assert "Adjusted Price" in with_prices["labels"]
    assert "Adjusted Price" not in without["labels"]
    assert without["rows"]
    assert all("Adjusted Price" not in row["fields"] for row in without["rows"])
    assert "19.95" not in web.browser("theo").get("/accounts/1-B").text


def test_secrets_and_markup_in_values_do_no_harm(web):
    """A customer's name is text, whatever it is made of."""
    web.care.road.load(
        '<Message MessageType="Integration Object" IntObjectName="Account"><ListOfAccount><Account>'
        '<AccountId>9-X</AccountId><Name>&lt;script&gt;alert(1)&lt;/script&gt;" onload=x</Name>'
        "<CurrencyCode>USD</CurrencyCode></Account></ListOfAccount></Message>"
    )
    for address in ("/accounts/9-X", "/accounts?text=9-X&account=9-X", "/accounts/9-X/do/new"):
        html = web.browser().get(address).text
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


@pytest.mark.parametrize("text", ["\x00", "a" * 300, "../..", "%", "'; DROP TABLE s_account; --", "\ud83d\ude00"])
def test_strange_texts_in_an_address_are_refused_or_find_nothing(web, text):
    browser = web.browser()
    answer = browser.client.get("/accounts", params={"text": text.encode("utf-16", "surrogatepass").decode("utf-16")})
    assert answer.status_code in (200, 404, 422), answer.text
    assert browser.get("/accounts/1-B").status_code == 200


def test_a_page_has_no_tab_whose_parts_wait_for_an_account(web):
    browser = web.browser()
    assert browser.json("/accounts?text=1-B")["tabs"] == []
    labels = [tab["label"] for tab in browser.json("/accounts?text=1-B&account=1-B")["tabs"]]
    assert labels == ["Addresses", "Contacts", "Agreements", "Affiliations", "Activities"]
