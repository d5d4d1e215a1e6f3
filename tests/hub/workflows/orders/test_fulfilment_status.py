"""Fulfilment status: done, failed and why, the promised and the expected day, the next step and who acts."""

from __future__ import annotations

import pathlib
import re

import pytest

from adapters.database.messages.fallout import FalloutEntry
from hub.workflows.orders.fulfilment_status import OneOrderOrAccount
from hub.workflows.state.accounts import AccountUnknown
from hub.workflows.state.order_lookup import OrderUnknown
from integration_objects.complex_object import components, instances, line_items
from tests.customer_care import care_on, the
from tests.road import provisioning_status, work_order_lines

DAY = 86_400.0
DATES = ("Promised Date", "Expected Date", "Completed Date")


def ordered(care, product="Local Line", due="2026-02-10", **arguments):
    """An order that isn't submitted; its number."""
    made = the(care("new-products-and-services", account="1-B", product=product, **arguments))
    return care.work("quote-to-order", quote=made.get("Quote Number"), due_date=due).get("Order Number")


def submitted(care, *arguments, **named):
    number = ordered(care, *arguments, **named)
    care("submit", order=number)
    return number


def status(care, number):
    return the(care("fulfilment-status", order=number))


def lines(care, number):
    return {line.get("Product Id"): line for line in components(status(care, number), "Service Status")}


def dates(node):
    return [node.get(name) for name in DATES]


def answer(care, number, state, **more):
    care("order-synchronization", work_order=f"{number}-1", status=state, **more)


def test_the_page_s_own_words_take_the_place_of_the_shipped_ones(tmp_path):
    page = pathlib.Path("docs/order_status.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```yaml\n# (hub/states/orders.yaml)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / text[0]).parent.mkdir(parents=True)
    (tmp_path / text[0]).write_text(text[1], encoding="utf-8")
    with care_on(tmp_path) as care:
        number = ordered(care)
        new = status(care, number)
        assert (new.get("State"), new.get("Next Step"), new.get("Who Acts")) == (
            "received",
            "we look at your order",
            "our shop",
        )
        care("submit", order=number)
        [line] = components(status(care, number), "Service Status")
        assert (line.get("Next Step"), line.get("Who Acts")) == ("we build it", "Provisioning")


def test_an_order_is_received_then_in_progress_then_done(any_care):
    care = any_care
    number = ordered(care)
    new = status(care, number)
    assert (new.get("State"), new.get("Next Step"), new.get("Who Acts")) == (
        "received",
        "submit the order",
        "customer care",
    )
    assert dates(new) == [None, "2026-02-10", None]
    care("submit", order=number)
    opened = status(care, number)
    assert (opened.get("State"), opened.get("Who Acts"), dates(opened)) == (
        "in progress",
        "Provisioning",
        ["2026-02-10", "2026-02-10", None],
    )
    answer(care, number, "Complete")
    done = status(care, number)
    assert (done.get("State"), done.get("Next Step"), done.get("Who Acts")) == ("done", None, None)
    assert [done.get(f"Lines {name}") for name in ("Asked", "Done", "Failed")] == ["1", "1", "0"]
    assert dates(done)[:2] == ["2026-02-10", None]
    assert done.get("Completed Date") is not None
    (line,) = components(done, "Service Status")
    assert (line.get("State"), line.get("Expected Date")) == ("done", None)


def test_a_failed_order_needs_the_customer_and_says_why(care):
    number = submitted(care)
    answer(care, number, "Failed", reason="no pair left")
    failed = status(care, number)
    assert (failed.get("State"), failed.get("Who Acts"), failed.get("Lines Failed")) == ("needs you", "customer", "1")
    assert failed.get("Reason").endswith("Failed: no pair left")
    assert dates(failed) == ["2026-02-10", None, None]
    (line,) = components(failed, "Service Status")
    assert (line.get("State"), line.get("Reason")) == ("needs you", "no pair left")


def test_a_cancelled_order_and_an_unsubmitted_change_have_their_words(care):
    number = submitted(care)
    care("revise", order=number)
    assert (status(care, number).get("State"), status(care, number).get("Who Acts")) == ("needs you", "customer")
    care("cancel-order", order=number)
    assert status(care, number).get("State") == "in progress"
    care("cancel-order", order=number)
    assert (status(care, number).get("State"), status(care, number).get("Expected Date")) == ("cancelled", None)


def test_an_open_order_with_a_fallout_entry_is_checked(care):
    number = submitted(care)
    (order,) = care.road.stored("OM Order", Order_Number=number)
    with care.open_hub.write() as transaction:
        transaction.messages.fallout.insert(FalloutEntry("Test", "look", order_number=order.get("Order Number")))
    assert (status(care, number).get("State"), status(care, number).get("Who Acts")) == ("checking", "customer care")


def test_the_announced_day_is_expected_and_the_promise_stays(any_care):
    care = any_care
    number = submitted(care)
    answer(care, number, "Open", expected="2026-03-01")
    assert dates(status(care, number)) == ["2026-02-10", "2026-03-01", None]
    answer(care, number, "Failed", reason="no")
    care("fallout-retry", entry=care.road.fallout()[0]["row_id"])
    assert dates(status(care, number)) == ["2026-02-10", "2026-02-10", None]


def test_provisioning_announces_by_its_status_message_and_a_complete_line_hears_no_more(care):
    number = submitted(care)
    (work_order,) = care.road.work_orders()
    (key,) = (line.get("integrationId") or "" for line in work_order_lines(work_order))

    def say(state, day, time):
        told = provisioning_status(work_order.get("number") or "", [(key, state)], time=time, expected=day)
        return care.road.work(told, "provisioning_status")["state"]

    assert say("INPROGRESS", "2026-02-20", "2026-01-10T10:00:00Z") == "done"
    assert status(care, number).get("Expected Date") == "2026-02-20"
    assert say("COMPLETED", "2026-02-21", "2026-02-19T10:00:00Z") == "done"
    (order,) = care.road.stored("OM Order", Order_Number=number)
    assert line_items(order)[0].get("Expected Date") == "2026-02-20"


def test_once_its_day_has_passed_an_open_line_is_expected_today(care):
    number = submitted(care)
    care.road.surroundings.sleep(60 * DAY)
    today = care.road.surroundings.now()[:10]
    assert dates(status(care, number)) == ["2026-02-10", today, None]


def test_a_line_without_a_due_date_has_no_promise_and_is_expected_when_somebody_says(care):
    number = submitted(care, due=None)
    assert dates(status(care, number)) == [None, None, None]
    answer(care, number, "Open", expected="2026-03-01")
    assert dates(status(care, number)) == [None, "2026-03-01", None]


def test_a_bundle_is_expected_with_the_first_line_beneath_it(care):
    forwarded = {"request": "set", "item": "Local Breakthrough Package/Local Line/Call Forwarding"}
    requests = [{**forwarded, "attributes": {"Forwarding Number": "509-555-0199"}}]
    number = submitted(care, "Local Breakthrough Package", requests=requests)
    found = lines(care, number)
    assert found["Local Breakthrough Package"].get("Who Acts") == "hub"
    answer(care, number, "Open", lines="3", expected="2026-01-20")
    found = lines(care, number)
    assert found["Local Breakthrough Package"].get("Expected Date") == "2026-01-20"
    assert found["Local Line"].get("Expected Date") == "2026-02-10"
    assert status(care, number).get("Expected Date") == "2026-02-10"


def test_a_revision_with_another_due_date_keeps_the_promise(care):
    number = submitted(care)
    revision = care.work("revise", order=number)
    line = line_items(revision)[0].get("Integration Id")
    care("edit-order-line-item", order=number, line=line,
         requests=[{"request": "set", "item": line, "fields": {"Due Date": "2026-04-01"}}])  # fmt: skip
    care("submit", order=number)
    assert dates(components(status(care, number), "Service Status")[0]) == ["2026-02-10", "2026-04-01", None]


def test_the_orders_of_an_account_are_told_newest_first_without_lines(care):
    first, second = submitted(care), submitted(care)
    outcome = care("fulfilment-status", account="1-B")
    told = instances(outcome.objects[0])
    assert [one.get("Order Number") for one in told] == [second, first]
    assert not any(one.children for one in told)
    assert care("fulfilment-status", account="1-A").why == "the account 1-A has no order"


def test_one_order_or_one_account_is_asked_for(care):
    for arguments in ({}, {"order": "O-1", "account": "1-B"}):
        with pytest.raises(OneOrderOrAccount):
            care("fulfilment-status", **arguments)
    with pytest.raises(OrderUnknown):
        care("fulfilment-status", order="O-9")
    with pytest.raises(AccountUnknown):
        care("fulfilment-status", account="9")


def test_the_reply_has_the_status_with_its_lines(care):
    number = submitted(care)
    (reply,) = instances(care("fulfilment-status", order=number).reply)
    (result,) = components(reply, "Result")
    assert (result.get("Object"), result.get("State")) == ("Fulfilment Status", "in progress")
    (line,) = components(result, "Service Status")
    assert (line.get("State"), line.get("Promised Date")) == ("in progress", "2026-02-10")
    assert reply.get("As Of Date") is not None
