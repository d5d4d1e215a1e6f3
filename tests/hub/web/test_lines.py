"""The Quote and Order Line Items views: lines with what they change, and what is done with them."""

from __future__ import annotations

import json

import pytest

from tests.hub.web.people import PACKAGE, text_of

LINE, FORWARDING = f"{PACKAGE}/Local Line", f"{PACKAGE}/Local Line/Call Forwarding"


def modified_quote(web, person="carla"):
    """The number of a person's quote that gives the telephone line another number, and the forwarding other rings."""
    requests = [
        {"request": "set", "item": LINE, "fields": {"Service Id": "509-555-0199"}},
        {"request": "set", "item": FORWARDING, "attributes": {"Rings": "3"}},
    ]
    root = web.care.profile_root("1-B").get("Integration Id")
    quote = web.care.work("modify", account="1-B", root=root, session=person, requests=json.dumps(requests))
    return quote.get("Quote Number")


def lines_of(browser, address):
    return browser.json(address)["parts"]["lines"]["rows"]


def line_of(browser, address, product):
    (row,) = [row for row in lines_of(browser, address) if row["fields"]["Product Id"] == product]
    return row


def key_of(row):
    """The key of a line, from the address of its first action."""
    return row["actions"][0]["address"].rpartition("row=")[2]


def test_a_line_shows_the_value_that_it_changes(web):
    address = f"/quotes/{modified_quote(web)}"
    browser = web.browser()
    changes = {row["fields"]["Product Id"]: row["change"] for row in lines_of(browser, address)}
    assert changes == {
        PACKAGE: "unchanged",
        "Local Line": "changed",
        "Caller Id": "unchanged",
        "Call Forwarding": "changed",
    }
    line = line_of(browser, address, "Local Line")
    assert (line["old"], line["fields"]["Service Id"]) == ({"Service Id": "509-555-0140"}, "509-555-0199")
    assert "Rings=4 -> 3" in line_of(browser, address, "Call Forwarding")["details"]
    part = browser.json(address)["parts"]["lines"]
    assert (part["totals"], part["counted"]) == ({"monthly": "19.95 USD"}, "2 Update, 2 unchanged")
    html = browser.get(address).text
    assert 'data-change="changed"' in html
    assert "<del><span" in html


def test_many_lines_are_folded_and_every_line_is_a_link_away(web):
    from hub.demo.scenarios import delta_quote

    address = f"/quotes/{delta_quote(web.care).get('Quote Number')}"
    browser = web.browser()
    folded, whole = browser.get(address).text, browser.get(f"{address}?whole=Y").text
    assert "3 lines unchanged (lines 3-5)" in folded
    assert f"{address}?whole=Y" in folded
    assert (folded.count("data-change="), whole.count("data-change=")) == (16, 65)
    assert "lines unchanged (lines" not in whole
    # Scripts get every line.
    assert len(lines_of(browser, address)) == 65


def test_totals_are_told_to_those_who_see_prices(web):
    address = "/orders/O-0000001"
    assert web.browser("jane").json(address)["parts"]["lines"]["totals"] == {"monthly": "19.95 USD"}
    blind = web.browser("theo")
    assert blind.json(address)["parts"]["lines"]["totals"] == {}
    for ending in ("", ".json"):
        assert "19.95" not in blind.get(f"{address}{ending}").text


def test_a_discount_is_told_to_those_who_see_prices():
    from hub.presentation.item_row import line_details
    from integration_objects.property_set import PropertySet

    item = PropertySet("Line Item", properties={"Agreed Price": "17.77", "List Price": "19.95", "Milestone": "Dug"})
    above = PropertySet("Quote")
    assert any("17.77" in text for text in line_details(item, above, None, {}, with_prices=True))
    assert line_details(item, above, None, {}, with_prices=False) == ["milestone: Dug"]


def test_a_line_is_edited_removed_and_the_quote_becomes_an_order_that_is_submitted(web):
    number = modified_quote(web)
    browser = web.browser()
    address = f"/quotes/{number}"
    key = key_of(line_of(browser, address, "Local Line"))
    assert browser.fill(f"{address}/do/edit?row={key}", service_id="509-555-0198").status_code == 303
    assert line_of(browser, address, "Local Line")["fields"]["Service Id"] == "509-555-0198"
    for action in ("renumber", "reprice", "verify"):
        done = browser.fill(f"{address}/do/{action}")
        assert done.status_code == 303, action
    assert "nothing on the quote" in text_of(browser.get(done.headers["location"]).text)
    done = browser.fill(f"{address}/do/sales_order", due_date="2026-02-01")
    order = done.headers["location"].partition("?")[0]
    assert order.startswith("/orders/")
    assert "Sales order" not in browser.get(address).text
    assert browser.fill(f"{order}/do/submit").status_code == 303
    page = browser.json(f"{order}?tab=Progress")
    assert page["parts"]["header"]["rows"][0]["fields"]["Status"] == "Open"
    assert page["parts"]["progress"]["rows"][0]["fields"]["State"] == "in progress"
    assert page["parts"]["plan"]["rows"][0]["fields"]["system"] == "Provisioning"
    done = browser.fill(f"{order}/do/revise")
    assert browser.json(order)["parts"]["header"]["rows"][0]["fields"]["Revision"] == "2"
    assert browser.fill(f"{order}/do/cancel").status_code == 303


def test_a_removed_line_of_a_service_is_drawn_as_gone(web):
    number = modified_quote(web)
    browser = web.browser()
    key = key_of(line_of(browser, f"/quotes/{number}", PACKAGE))
    assert browser.fill(f"/quotes/{number}/do/remove?row={key}").status_code == 303
    rows = lines_of(browser, f"/quotes/{number}")
    assert {row["change"] for row in rows} == {"gone"}
    assert not any(action["name"] == "edit" for row in rows for action in row.get("actions", ()))


@pytest.mark.parametrize("action", ["reprice", "renumber", "sales_order", "cancel"])
def test_nothing_is_done_to_a_quote_that_somebody_else_has_changed(web, action):
    number = modified_quote(web)
    carla, martin = web.browser("carla"), web.browser("martin")
    hidden = carla.hidden(f"/quotes/{number}/do/{action}")
    key = key_of(line_of(martin, f"/quotes/{number}", "Local Line"))
    martin.fill(f"/quotes/{number}/do/edit?row={key}", service_id="509-555-0197")
    answer = carla.send(f"/quotes/{number}/do/{action}", hidden)
    assert (answer.status_code, "Somebody else has changed this" in text_of(answer.text)) == (409, True)
