"""Attacks on the pages by people who are signed in, and by nobody: what others own stays theirs, and is audited."""

from __future__ import annotations

import re

from hub.web.forms import csrf_of
from tests.hub.web.people import PASSWORD, text_of

TICKET = "/accounts/1-B/support/do/open_ticket"
#: an agreement of somebody else
FOREIGN = """<Message MessageType="Integration Object" IntObjectName="Agreement"><ListOfAgreement><Agreement>
<AgreementId>AG-FOREIGN</AgreementId><Name>Secret terms</Name><AccountId>2-LB</AccountId><Status>Active</Status>
</Agreement></ListOfAgreement></Message>"""


def quote_of(browser, account="1-B"):
    """The address of a new quote with a line."""
    answer = browser.fill(f"/accounts/{account}/do/new", product="Local Line")
    return answer.headers["location"].partition("?")[0]


def denied(web):
    """Who was denied what, and where; the newest first."""
    with web.open_hub.read() as transaction:
        rows = web.open_hub.access.audit(transaction.connection).newest(20)
    return [(row.who, row.action, row.object_key) for row in rows if row.outcome == "denied"]


def test_a_form_tells_nothing_of_orders_that_are_not_the_persons(web):
    """Somebody else's order is refused in the words of one that isn't there."""
    jane = web.browser("jane")
    texts = []
    for order in ("O-0000002", "O-9999999"):
        answer = jane.fill(TICKET, summary="No tone", severity="Low", order=order)
        assert answer.status_code == 422
        assert "No tone" in answer.text
        fault = re.search(r'role="alert">(.*?)</div>', answer.text, re.DOTALL)
        assert fault is not None
        texts.append(fault[1].replace(order, "NUMBER"))
    assert texts[0] == texts[1]
    assert jane.fill(TICKET, summary="No tone", severity="Low", order="O-0000001").status_code == 303


def test_a_search_reads_the_same_for_what_others_have_and_for_what_is_not_there(web):
    found = [web.browser("jane").json(f"/accounts?text={text}")["parts"]["found"] for text in ("Lopez", "nobodyhasit")]
    assert found[0] == found[1]
    assert web.browser("carla").json("/accounts?text=nobodyhasit")["parts"]["found"]["notes"]


def test_the_report_of_a_workflow_names_no_accounts_and_orders_of_others(web):
    """The number of another customer: staff reads whose it is, the customer that it is taken."""
    for name, is_told in (("jane", False), ("carla", True)):
        browser = web.browser(name)
        address = quote_of(browser)
        line = browser.json(address)["parts"]["lines"]["rows"][0]
        edit = next(action["address"] for action in line["actions"] if action["name"] == "edit")
        browser.fill(edit, service_id="509-555-0160")
        report = browser.get(browser.fill(f"{address}/do/verify").headers["location"]).text
        assert "509-555-0160" in report
        assert ("2-LB" in report, "O-0000002" in report, "(not yours)" in report) == (is_told, is_told, not is_told)


def test_an_answer_that_the_form_does_not_offer_is_refused(web):
    """An agreement of another account is none of the choices, and its owner isn't told."""
    web.care.road.load(FOREIGN)
    jane = web.browser("jane")
    address = quote_of(jane)
    answer = jane.fill(f"{address}/do/accounts", agreement="AG-FOREIGN")
    assert answer.status_code == 422
    assert "2-LB" not in answer.text
    assert "Secret terms" not in answer.text
    assert web.care.road.stored("OM Quote", Quote_Number=address.rpartition("/")[2])[0].get("Agreement Id") is None


def test_only_a_person_who_gives_discounts_prices_a_quote_by_another_price_list(web):
    jane = web.browser("jane")
    address = quote_of(jane)
    assert jane.get(f"{address}/do/other_prices").status_code == 403
    assert jane.hidden(f"{address}/do/reprice").keys().isdisjoint({"price_list", "price-list"})
    assert jane.fill(f"{address}/do/reprice").status_code == 303
    assert web.browser("martin").get(f"{address}/do/other_prices").status_code == 200


def test_a_configurators_draft_sets_no_fields_that_its_form_does_not_ask_for(web):
    jane = web.browser("jane")
    address = quote_of(jane)
    line = jane.json(address)["parts"]["lines"]["rows"][0]
    form = next(action["address"] for action in line["actions"] if action["name"] == "customize")
    key = form.partition("row=")[2]
    for fields in ('{"Billing Account Id": "2-LB"}', "7"):
        draft = f'[{{"request": "set", "item": "{key}", "fields": {fields}}}]'
        answer = jane.send(form, {**jane.hidden(form), "answer-draft": draft})
        assert (answer.status_code, "draft" in answer.text) == (400, True)


def test_the_id_of_a_worked_form_is_none_for_another_form(web):
    jane = web.browser("jane")
    worked = jane.hidden(TICKET)
    assert jane.send(TICKET, worked, summary="No tone", severity="Low").status_code == 303
    other = {**jane.hidden("/accounts/1-B/do/new"), "form-id": worked["form-id"]}
    assert jane.send("/accounts/1-B/do/new", other, product="Local Line").status_code == 400


def test_what_a_person_may_not_see_or_do_is_audited(web):
    jane = web.browser("jane")
    jane.get("/accounts/2-LB")
    jane.get("/console/messages")
    jane.send("/orders/O-0000002/do/cancel", jane.hidden(TICKET))
    jane.fill(TICKET, summary="No tone", severity="Low", order="O-0000002")
    assert denied(web) == [
        ("jane", "see support", TICKET),
        ("jane", "see orders", "/orders/O-0000002/do/cancel"),
        ("jane", "see messages", "/console/messages"),
        ("jane", "see accounts", "/accounts/2-LB"),
    ]


def test_a_log_in_without_the_cookie_of_its_form_is_refused(web):
    """Its token would be the same for everybody: another site could log somebody in as somebody else."""
    browser = web.browser(None)
    answer = browser.client.post("/sign-in", data={"csrf": csrf_of(""), "name": "jane", "password": PASSWORD})
    assert (answer.status_code, "set-cookie" in answer.headers) == (400, False)


def test_half_characters_in_json_are_a_fault_of_the_sender(web):
    jane = web.browser("jane")
    for body in ('{"csrf": "\\ud800"}', '{"\\udfff": ""}'):
        answer = jane.client.post(
            "/accounts/1-B/do/new.json", content=body, headers={"content-type": "application/json"}
        )
        assert (answer.status_code, answer.json()["reason"]) == (400, "FormFaulty")


def test_no_answer_repeats_a_host_that_is_not_the_applications(web):
    """A slash too many led to the host that the request claimed."""
    browser = web.browser("jane")
    for address in ("/accounts/", "/nothing/here", "/sign-in/"):
        assert browser.get(address).status_code == 404
        answer = browser.get(address, host="evil.example")
        assert (answer.status_code, "location" in answer.headers) == (421, False)


def test_templates_in_values_are_texts(web):
    jane = web.browser("jane")
    text = "{{7*7}}${7*7}<svg onload=alert(1)>[x](javascript:alert(1))"
    location = jane.fill(TICKET, summary=text, description=text, severity="Low").headers["location"]
    html = jane.get(location).text
    assert "{{7*7}}${7*7}&lt;svg onload=alert(1)&gt;" in html
    assert "49" not in text_of(html).partition("Opened")[0]
    assert "<svg onload" not in html
    assert 'href="javascript' not in html
