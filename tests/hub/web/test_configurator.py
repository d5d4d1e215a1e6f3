"""The configurator's form: a service item's structure, the rules that it breaks, a check, and Done."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from tests.hub.web.people import PACKAGE, text_of, web_in
from tests.hub.web.test_lines import key_of, line_of, lines_of, modified_quote

BUNDLE, LINE = "Small Business Enabler", "Local Line"
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


@pytest.fixture
def bundle(web):
    """The form of a new bundle on a quote, which lacks lines and a password."""
    browser = web.browser()
    quote = browser.fill("/accounts/2-AW-NY/do/new", product=BUNDLE).headers["location"].partition("?")[0]
    return browser, quote, f"{quote}/do/customize?row={key_of(line_of(browser, quote, BUNDLE))}"


def rows_of(browser, address):
    path, _, query = address.partition("?")
    return browser.client.get(f"{path}.json?{query}").json()["configuration"]["rows"]


def number_of(rows, kind, product, name=""):
    return next(row["number"] for row in rows if (row["kind"], row["product"], row["name"]) == (kind, product, name))


def answers_for(rows, features=1):
    """Ten lines with a password and so many caller ids."""
    line = number_of(rows, "item", LINE)
    return {
        f"number_{line}": "509-555-0101",
        f"copy_{line}": "509-555-0102..509-555-0110",
        f"value_{number_of(rows, 'attribute', 'Voice Mail', 'Password')}": "1234",
        f"add_{number_of(rows, 'component', 'Caller Id', 'Optional Feature')}": str(features),
    }


def test_the_form_shows_structure_bounds_and_each_broken_rule_beside_its_part(bundle):
    browser, _, address = bundle
    rows = rows_of(browser, address)
    component = rows[number_of(rows, "component", LINE)]
    assert (component["value"], component["least"], component["most"]) == ("1", "5", "20")
    listed = rows[number_of(rows, "attribute", LINE, "Listed")]
    assert listed["values"] == ["on", "off"]
    assert {row["broken"] for row in rows if row["broken"]} == {
        "has 1 Local Line, and needs at least 5",
        "needs a value for 'Password'",
    }
    html = browser.get(address).text
    number = number_of(rows, "attribute", "Voice Mail", "Password")
    assert f'aria-describedby="broken-{number}"' in html
    assert "monthly: 30.99 USD" in text_of(html)


def test_a_check_shows_the_answers_and_writes_nothing_and_done_writes_them(bundle):
    browser, quote, address = bundle
    rows, hidden = rows_of(browser, address), browser.hidden(address)
    before = browser.get(quote).text
    checked = browser.send(address, {**hidden, "check": "Y"}, **answers_for(rows))
    assert checked.status_code == 200
    assert "monthly: 84.90 USD" in text_of(checked.text)
    assert "break a rule" not in checked.text
    assert browser.get(quote).text == before
    # The draft of the checked form has all answers: Done needs no other.
    drafted = {name: value.replace("&#34;", '"') for name, value in _HIDDEN.findall(checked.text)}
    done = browser.client.post(address.partition("?")[0], data=drafted)
    assert done.status_code == 303, text_of(done.text)
    lines = [row["fields"] for row in lines_of(browser, quote) if row["fields"]["Product Id"] == LINE]
    assert [line["Service Id"] for line in lines] == [f"509-555-{number:04d}" for number in range(101, 111)]
    assert browser.json(quote)["parts"]["lines"]["totals"] == {"monthly": "84.90 USD"}


def test_what_breaks_rules_is_refused_with_the_answers_kept_and_can_be_mended(bundle):
    browser, quote, address = bundle
    rows, hidden = rows_of(browser, address), browser.hidden(address)
    refused = browser.send(address, hidden, **answers_for(rows, features=2))
    assert refused.status_code == 422
    assert "Has 2 Caller Id, and may have at most 1;" in text_of(refused.text)
    assert len(lines_of(browser, quote)) == 4
    # Of the two that were added, one is taken off again.
    drafted = {name: value.replace("&#34;", '"') for name, value in _HIDDEN.findall(refused.text)}
    removes = re.findall(r'name="answer-(remove-\d+)" value="Y"><label[^>]*>Remove<span[^>]*> Caller Id', refused.text)
    assert len(removes) == 2
    done = browser.client.post(address.partition("?")[0], data={**drafted, f"answer-{removes[0]}": "Y"})
    assert done.status_code == 303, text_of(done.text)
    products = [row["fields"]["Product Id"] for row in lines_of(browser, quote)]
    assert (products.count(LINE), products.count("Caller Id")) == (10, 10)


def test_a_form_that_is_done_twice_is_worked_once(bundle):
    browser, quote, address = bundle
    rows, hidden = rows_of(browser, address), browser.hidden(address)
    places = {browser.send(address, hidden, **answers_for(rows)).headers["location"] for _ in range(2)}
    assert len(places) == 1
    assert sum(row["fields"]["Product Id"] == LINE for row in lines_of(browser, quote)) == 10


def test_a_secret_stays_a_secret_and_is_kept_where_nothing_is_said_of_it(bundle):
    browser, _, address = bundle
    browser.send(address, browser.hidden(address), **answers_for(rows_of(browser, address)))
    rows = rows_of(browser, address)
    assert rows[number_of(rows, "attribute", "Voice Mail", "Password")]["value"] == "***"
    assert "1234" not in browser.get(address).text
    password = number_of(rows, "attribute", "Voice Mail", "Password")
    assert browser.send(address, browser.hidden(address), **{f"value_{password}": "***"}).status_code == 303


def test_what_no_longer_belongs_is_shown_and_can_be_removed(web):
    number = modified_quote(web)
    with web.open_hub.write() as transaction:
        transaction.connection.execute(text("DELETE FROM s_prod_attr WHERE name = 'Rings'"))
    browser = web.browser()
    address = f"/quotes/{number}/do/customize?row={key_of(line_of(browser, f'/quotes/{number}', PACKAGE))}"
    gone = [row for row in rows_of(browser, address) if row["kind"] == "obsolete"]
    assert [row["broken"] for row in gone] == ["Call Forwarding no longer has an attribute 'Rings'"]
    answers = {f"remove_{row['number']}": "Y" for row in gone}
    done = browser.send(address, browser.hidden(address), **answers)
    assert done.status_code == 303, text_of(done.text)
    assert not [row for row in rows_of(browser, address) if row["kind"] == "obsolete"]


def test_an_order_is_configured_until_it_is_submitted(web):
    browser = web.browser()
    done = browser.fill(f"/quotes/{modified_quote(web)}/do/sales_order")
    order = done.headers["location"].partition("?")[0]
    address = f"{order}/do/customize?row={key_of(line_of(browser, order, PACKAGE))}"
    rows = rows_of(browser, address)
    rings = number_of(rows, "attribute", "Call Forwarding", "Rings")
    assert browser.send(address, browser.hidden(address), **{f"value_{rings}": "99"}).status_code == 422
    assert browser.send(address, browser.hidden(address), **{f"value_{rings}": "5"}).status_code == 303
    assert "Rings=4 -> 5" in line_of(browser, order, "Call Forwarding")["details"]
    browser.fill(f"{order}/do/submit")
    assert browser.get(address).status_code == 409


@pytest.mark.parametrize("draft", ["no JSON", "{}", "[1]", '[{"item": "x"}]'])
def test_a_draft_that_no_form_made_is_refused(bundle, draft):
    browser, quote, address = bundle
    answer = browser.client.post(address.partition("?")[0], data={**browser.hidden(address), "answer-draft": draft})
    assert answer.status_code == 400
    assert len(lines_of(browser, quote)) == 4


def test_an_action_that_can_configure_nothing_is_a_mistake_of_the_declaration(tmp_path):
    from integration_objects.declaration import DeclarationFault

    page = "extends: quote\nactions:\n  verify:\n    configures: yes\n"
    with (
        pytest.raises(DeclarationFault, match="there is nothing to configure here"),
        web_in(tmp_path, {"hub/web/pages/quote.yaml": page}),
    ):
        pass
