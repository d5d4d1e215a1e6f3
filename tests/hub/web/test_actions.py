"""Actions: workflows that people ask for at a page, once for a form, and never over somebody else's change."""

from __future__ import annotations

import threading

from sqlalchemy import text

from tests.hub.web.people import PACKAGE, text_of


def root_of(web, account="1-B"):
    return web.care.profile_root(account).get("Integration Id")


def test_a_disconnect_becomes_lines_of_the_persons_quote(web):
    browser = web.browser()
    done = browser.fill(f"/accounts/1-B/do/disconnect?row={root_of(web)}", due_date="2030-01-31")
    assert done.status_code == 303
    followed = browser.get(done.headers["location"])
    assert "Disconnect: done." in text_of(followed.text)
    (quote,) = web.care.road.stored("OM Quote", Account_Id="1-B", Status="In Progress")
    assert f"/quotes/{quote.get('Quote Number')}" in done.headers["location"]
    lines = browser.json(done.headers["location"])["parts"]["lines"]["rows"]
    assert {line["fields"]["Action Code"] for line in lines} == {"Delete"}
    assert lines[0]["fields"]["Product Id"] == PACKAGE


def test_a_form_that_is_sent_twice_is_worked_once(web):
    browser = web.browser()
    hidden = browser.hidden("/accounts/1-B/do/new")
    answers = [browser.send("/accounts/1-B/do/new", hidden, product="Calling Card") for _ in range(3)]
    assert len({answer.headers["location"] for answer in answers}) == 1
    (quote,) = web.care.road.stored("OM Quote", Account_Id="1-B", Status="In Progress")
    assert [item.get("Product Id") for item in quote.child("ListOf Line Item").children] == ["Calling Card"]
    # Another form asks again.
    assert (
        browser.fill("/accounts/1-B/do/new", product="Calling Card").headers["location"]
        != answers[0].headers["location"]
    )


def test_a_form_that_is_sent_twice_at_once_is_worked_once(web):
    browser = web.browser()
    hidden = browser.hidden("/accounts/1-B/do/new")
    places = []
    threads = [
        threading.Thread(
            target=lambda: places.append(
                browser.send("/accounts/1-B/do/new", hidden, product="Calling Card").headers["location"]
            )
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(places), len(set(places))) == (4, 1)
    (quote,) = web.care.road.stored("OM Quote", Account_Id="1-B", Status="In Progress")
    assert len(quote.child("ListOf Line Item").children) == 1


def test_the_form_of_somebody_else_leads_nobody_anywhere(web):
    carla, martin = web.browser("carla"), web.browser("martin")
    hidden = carla.hidden("/accounts/1-B/do/new")
    carla.send("/accounts/1-B/do/new", hidden, product="Calling Card")
    own = {**hidden, "csrf": martin.hidden("/accounts/1-B/do/new")["csrf"]}
    assert martin.send("/accounts/1-B/do/new", own, product="Calling Card").status_code == 404


def test_a_refusal_of_the_workflow_shows_the_form_again_with_its_answers(web):
    browser = web.browser()
    answer = browser.fill(f"/accounts/1-B/do/modify?row={root_of(web)}", quantity="many", due_date="2030-01-31")
    assert answer.status_code == 422
    assert "the field &#39;Quantity&#39; can&#39;t have this value" in answer.text
    assert 'value="many"' in answer.text
    assert 'value="2030-01-31"' in answer.text
    assert web.care.road.stored("OM Quote", Account_Id="1-B", Status="In Progress") == []


def test_a_row_that_is_gone_and_a_condition_that_no_longer_holds_are_told(web):
    browser = web.browser()
    assert browser.get("/accounts/1-B/do/disconnect?row=GONE").status_code == 404
    answer = browser.get(f"/accounts/1-B/do/resume?row={root_of(web)}")
    assert (answer.status_code, "&#39;Resume&#39; isn&#39;t possible now" in answer.text) == (409, True)


def test_a_new_service_account_begins_with_the_details_of_another_and_is_shown(web):
    browser = web.browser()
    address = "/accounts/do/new_service_account?account=1-B"
    hidden = browser.hidden(address)
    given = {"answer-name": "Jane Doe, cabin", "answer-street": "9 Lake Road", "answer-city": "Spokane"}
    done = browser.client.post(address, data={**hidden, **given})
    assert done.status_code == 303, text_of(done.text)
    page = browser.json(done.headers["location"])
    assert page["parts"]["header"]["rows"][0]["fields"]["Name"] == "Jane Doe, cabin"
    assert page["parts"]["addresses"]["rows"][0]["fields"]["Street"] == "9 Lake Road"


def test_an_action_is_the_persons_in_the_tables_and_in_the_audit(web):
    web.browser("martin").fill("/accounts/1-B/do/new", product="Calling Card")
    assert ("martin", "quote", "1-B") in web.audited()
    with web.open_hub.read() as transaction:
        rows = transaction.connection.execute(text("SELECT run_by FROM hub_workflow_run")).all()
        changed = transaction.connection.execute(text("SELECT DISTINCT last_upd_by FROM s_quote_item")).all()
    assert ("martin",) in rows
    assert ("martin",) in changed


def test_each_person_has_an_active_quote_of_his_own(web):
    places = {
        name: web.browser(name)
        .fill("/accounts/1-B/do/new", product="Calling Card")
        .headers["location"]
        .partition("?")[0]
        for name in ("carla", "martin")
    }
    assert places["carla"] != places["martin"]


CONFLICT = """\
extends: quote
actions:
  reprice:
    label: Reprice
    right: quote
    of: header
    workflow: reprice
    arguments: {quote: "{quote}"}
    unchanged: header
"""


def test_of_two_people_on_one_quote_the_second_is_told(tmp_path):
    from tests.hub.web.people import web_in

    with web_in(tmp_path, {"hub/web/pages/quote.yaml": CONFLICT}) as web:
        carla, martin = web.browser("carla"), web.browser("martin")
        place = carla.fill("/accounts/1-B/do/new", product="Calling Card").headers["location"].partition("?")[0]
        hidden = martin.hidden(f"{place}/do/reprice")
        carla.fill("/accounts/1-B/do/new", product="Calling Card")
        answer = martin.send(f"{place}/do/reprice", hidden)
        assert answer.status_code == 409
        assert "Somebody else has changed this meanwhile." in text_of(answer.text)
        assert martin.fill(f"{place}/do/reprice").status_code == 303


def test_a_script_does_what_a_person_does(web):
    browser = web.browser()
    form = browser.client.get("/accounts/1-B/do/new.json").json()
    assert [question["name"] for question in form["questions"]] == ["product", "quantity"]
    body = {**form["hidden"], "answer-product": "Calling Card", "answer-quantity": "2"}
    answer = browser.client.post("/accounts/1-B/do/new.json", json=body, headers={"X-CSRF-Token": form["csrf"]})
    assert (answer.status_code, answer.json()["done"]) == (200, True)
    faulty = browser.client.post(
        "/accounts/1-B/do/new.json",
        json={**body, "form-id": "another1", "answer-product": "Nothing"},
        headers={"X-CSRF-Token": form["csrf"]},
    )
    assert (faulty.status_code, faulty.json()["reason"]) == (422, "NoSuchChoice")


def test_a_database_that_is_away_is_a_plain_page(web, monkeypatch):
    from adapters.database.connection.driver_faults import DatabaseAway

    browser = web.browser()

    def away(*_):
        raise DatabaseAway("the database doesn't answer", where="secret-host", why="secret", mend="secret")

    monkeypatch.setattr(type(web.open_hub), "read", away)
    monkeypatch.setattr(type(web.open_hub.database), "read", away)
    answer = browser.get("/accounts")
    assert answer.status_code == 503
    assert "The hub can&#39;t be reached now." in answer.text
    assert "secret" not in answer.text
    assert browser.get("/accounts.json").json()["reason"] == "PageAway"


def test_a_fault_nobody_foresaw_shows_a_number_and_no_traceback(web, monkeypatch):
    browser = web.browser()
    monkeypatch.setattr("hub.web.showing.ShownPage.view", lambda *_: 1 / 0)
    answer = browser.get("/accounts")
    assert answer.status_code == 500
    assert "Number of this error" in answer.text
    assert "ZeroDivision" not in answer.text
