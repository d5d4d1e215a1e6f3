"""Due dates that are worth a second look are told, and so is a value that stands because of one."""

from __future__ import annotations

import pytest

from integration_objects.complex_object import instances, items_of
from tests.customer_care import lines, the
from tests.road import sample

FORWARDING = "Local Breakthrough Package/Local Line/Call Forwarding"
PACKAGE = [
    {"request": "set", "item": "Local Breakthrough Package/Local Line", "fields": {"Service Id": "509-555-0140"}},
    {"request": "set", "item": FORWARDING, "attributes": {"Forwarding Number": "509-555-0199", "Rings": "6"}},
]


@pytest.fixture
def forwarding(care):
    """A customer with a package; the keys of its root and of its call forwarding."""
    quote = care.work("new-products-and-services", account="2-LB", product=FORWARDING.split("/")[0], requests=PACKAGE)
    care.install(care.place(quote.get("Quote Number")))
    root = care.profile_root("2-LB")
    (asset,) = care.road.stored("OM Asset", Account_Id="2-LB")
    (item,) = lines(asset, "Call Forwarding")
    return root.get("Integration Id"), item.get("Integration Id")


def rings(care, forwarding, number):
    root, item = forwarding
    requests = [{"request": "set", "item": item, "attributes": {"Rings": number}}]
    return the(care("modify", account="2-LB", root=root, requests=requests)).get("Quote Number")


def place(care, forwarding, number, due_date):
    return care("quote-to-order", quote=rings(care, forwarding, number), due_date=due_date)


def number_of(placed):
    """The number of an order that was placed."""
    return instances(placed.objects[0])[0].get("Order Number")


def told(outcome):
    return [note.text for note in outcome.notes if note.kind == "due date"]


def test_a_newer_order_that_is_due_earlier_is_told_whose_value_stands(care, forwarding):
    older = number_of(place(care, forwarding, "3", "2026-03-01"))
    care("submit", order=older)
    placed = place(care, forwarding, "5", "2026-02-15")
    expected = (
        f"Rings 5 of this order is overridden by 3 of the older order {older} (due 2026-03-01): that order is due later"
    )
    assert told(placed) == [expected]
    newer = number_of(placed)
    assert told(care("submit", order=newer)) == [expected]


def test_an_older_order_that_is_submitted_later_is_told_whom_it_overrides(care, forwarding):
    older = number_of(place(care, forwarding, "3", "2026-03-01"))
    placed = place(care, forwarding, "5", "2026-02-15")
    newer = number_of(placed)
    care("submit", order=newer)
    assert told(care("submit", order=older)) == [
        f"Rings 3 of this order overrides 5 of the newer order {newer} (due 2026-02-15): this order is due later"
    ]


def test_a_resumption_that_is_due_before_the_suspension_is_told(care, forwarding):
    """The orders have no due date of their own: those of their lines don't decide."""
    root, _ = forwarding
    suspended = the(care("suspend", account="2-LB", root=root, due_date="2026-03-10"))
    first = number_of(care("quote-to-order", quote=suspended.get("Quote Number")))
    care("submit", order=first)
    resumed = the(care("resume", account="2-LB", root=root, due_date="2026-03-05"))
    placed = care("quote-to-order", quote=resumed.get("Quote Number"))
    why = "but the due date of the whole order decides: give it one (revise due-date=)"
    assert told(placed)[0] == (
        f"Asset Status Active of this order overrides Suspended of the older order {first} (without a due date): "
        f"the line is due 2026-03-10, and the other one 2026-03-05, {why}"
    )


def test_orders_in_their_turn_are_told_nothing(care, forwarding):
    first = number_of(place(care, forwarding, "3", "2026-03-01"))
    assert told(care("submit", order=first)) == []
    second = place(care, forwarding, "5", "2026-03-02")
    assert told(second) == []


def test_a_due_date_in_the_past_is_told(care):
    quote = care.work("new-products-and-services", account="2-LB", product="Local Line").get("Quote Number")
    past = "the order is due on 2020-01-01, which is in the past"
    placed = care("quote-to-order", quote=quote, due_date="2020-01-01")
    assert told(placed) == [past]
    assert told(care("submit", order=number_of(placed))) == [past]
    # The day is not over yet.
    quote = care.work("new-products-and-services", account="2-LB", product="Local Line").get("Quote Number")
    assert told(care("quote-to-order", quote=quote, due_date="2026-01-01")) == []


def test_a_move_in_before_the_move_out_is_told(care):
    care.road.load(sample("service_points.xml"))
    quote = care.work("new-products-and-services", account="2-EN", product="Calling Card").get("Quote Number")
    care.install(care.place(quote))
    moved = care(
        "move",
        account="2-EN",
        old_address="PR-WINTER",
        new_address="PR-TOWN",
        move_out="2026-03-31",
        move_in="2026-03-05",
    )
    expected = ["it begins on 2026-03-05 at the new address, before the service ends on 2026-03-31 at the old one"]
    assert told(moved) == expected
    number = instances(moved.objects[0])[0].get("Quote Number")
    assert told(care("verify", quote=number)) == expected
    assert told(care("quote-to-order", quote=number)) == expected


def dates(instance):
    return {item.get("Product Id"): (item.get("Due Date") or "")[:10] for item in items_of(instance)}


def due(item, day):
    return {"request": "set", "item": item, "fields": {"Due Date": day}}


def test_a_due_date_of_a_bundle_holds_for_what_is_beneath_it_and_an_own_one_stays(care):
    package, line = FORWARDING.split("/")[:2]
    requests = [*PACKAGE, due(package, "2027-03-01"), due(f"{package}/{line}/Caller Id", "2027-02-01")]
    quote = care.work("new-products-and-services", account="2-LB", product=package, requests=requests)
    number = quote.get("Quote Number")
    assert dates(quote) == {
        **dict.fromkeys((package, line, "Call Forwarding"), "2027-03-01"),
        "Caller Id": "2027-02-01",
    }
    added = {"request": "add", "product": "Call Waiting", "beneath": "2"}
    edited = care.work("edit-quote-line-item", quote=number, line="1", requests=[due("1", "2027-04-01"), added])
    assert dates(edited) == {
        **dict.fromkeys((package, line, "Call Forwarding", "Call Waiting"), "2027-04-01"),
        "Caller Id": "2027-02-01",
    }
    without = care.work("edit-quote-line-item", quote=number, line="1", requests=[due("1", None)])
    assert dates(without) == {
        **dict.fromkeys((package, line, "Call Forwarding", "Call Waiting"), ""),
        "Caller Id": "2027-02-01",
    }


def test_lines_beneath_that_ask_for_nothing_have_no_due_date(care, forwarding):
    root, key = forwarding
    requests = [due(root, "2027-03-01"), {"request": "set", "item": key, "attributes": {"Rings": "3"}}]
    quote = care.work("modify", account="2-LB", root=root, requests=requests)
    beneath = {product: day for product, day in dates(quote).items() if product in ("Call Forwarding", "Caller Id")}
    assert beneath == {"Call Forwarding": "2027-03-01", "Caller Id": ""}


def test_a_bundle_comes_with_its_first_line_and_a_feature_with_its_line(care):
    """Nobody provides the bundle, so that it begins with the line beneath it, whatever its own due date."""
    package, line = FORWARDING.split("/")[:2]
    requests = [
        *PACKAGE,
        due(package, "2027-03-01"),
        due(f"{package}/{line}", "2027-02-01"),
        due(FORWARDING, "2027-01-15"),
    ]
    quote = care.work("new-products-and-services", account="2-LB", product=package, requests=requests)
    number = care.place(quote.get("Quote Number")).get("Order Number")
    early = care("projected-state", account="2-LB", on="2027-01-20")
    assert early.why == "the account 2-LB has no services on 2027-01-20; the lines that are left out come later"
    assert [note.text for note in early.notes] == [
        f"order {number}: Add {package}: due 2027-03-01",
        f"order {number}: Add {line} 509-555-0140: due 2027-02-01",
        f"order {number}: Add Caller Id: due 2027-02-01",
        f"order {number}: Add Call Forwarding: due 2027-01-15, and {line} 509-555-0140 above it comes later",
    ]
    later = care("projected-state", account="2-LB", on="2027-02-15")
    assert [item.get("Product Id") for item in items_of(the(later))] == [package, line, "Caller Id", "Call Forwarding"]
    assert later.notes == ()


def test_a_sender_is_told_in_the_reply(care):
    order = (
        '<Message IntObjectName="OM Order"><ListOfOMOrder><Order><AccountId>1-B</AccountId>'
        "<SourceSystem>S</SourceSystem><SourceOrderNumber>1</SourceOrderNumber><DueDate>2020-01-01</DueDate><ListOfLineItem><LineItem>"
        "<SourceReference>L</SourceReference><ActionCode>Add</ActionCode><ProductId>Local Line</ProductId></LineItem>"
        "</ListOfLineItem></Order></ListOfOMOrder></Message>"
    )
    shown = care.road.work(order, "hub_object", reply_to="hub.answers")
    assert shown["state"] == "done"
    [reply] = care.road.take("hub.answers")
    assert b"<Text>the order is due on 2020-01-01, which is in the past</Text>" in reply.message.body
