"""Provisioning's answers to several orders of one service item, and what the service profile makes of them."""

from __future__ import annotations

import pytest

from integration_objects.complex_object import KEY, instances, line_items, walk_items
from tests.customer_care import lines, the

PACKAGE, LINE = "Local Breakthrough Package", "Local Line"
NUMBER = {"request": "set", "item": f"{PACKAGE}/{LINE}/Call Forwarding", "attributes": {"Forwarding Number": "206-1"}}
ADDING, DISCONNECTING = "O-0000001", "O-0000002"
RUNNING = {
    PACKAGE: "Inactive",
    f"{PACKAGE} / {LINE}": "Active",
    f"{PACKAGE} / {LINE} / Caller Id": "Active",
    f"{PACKAGE} / {LINE} / Call Forwarding": "Active",
}
GONE = dict.fromkeys(RUNNING, "Inactive")


def placed(care, quote):
    """The order of a quote, submitted."""
    order = care.place(quote.get("Quote Number"))
    care.submit(order)
    return order


def package(care):
    """A package that is ordered, of which only the bundle is there; the order."""
    return placed(care, the(care("new-products-and-services", account="1-B", product=PACKAGE, requests=[NUMBER])))


def installed(care):
    """A package that is in the profile; the keys of its bundle and of its line."""
    order = package(care)
    answer(care, order.get("Order Number"))
    (line,) = lines(order, LINE)
    return care.profile_root("1-B").get(KEY), line.get(KEY)


def answer(care, number, status="Complete", **more):
    """Provisioning's answer to an order's only work order."""
    outcome = care("order-synchronization", work_order=f"{number}-1", status=status, **more)
    assert outcome.state == "done"


def causes(care, state="Open"):
    return [(entry["cause"], entry["order_number"]) for entry in care.road.fallout(state)]


# A disconnect while the order that adds the product is open


@pytest.fixture
def disconnected(care):
    """A package of which only the bundle is there, and an order that disconnects it; the bundle's key."""
    package(care)
    root = care.profile_root("1-B").get(KEY)
    placed(care, the(care("disconnect", account="1-B", root=root)))
    assert care.road.profile() == {PACKAGE: "Inactive"}
    return root


def test_what_is_provisioned_beneath_a_bundle_that_is_gone_is_in_the_profile_until_it_is_taken_away(care, disconnected):
    answer(care, ADDING)
    assert care.road.profile() == RUNNING
    assert causes(care) == []
    answer(care, DISCONNECTING)
    assert care.road.profile() == GONE
    assert causes(care) == []
    assert [care.order(number).get("Status") for number in (ADDING, DISCONNECTING)] == ["Complete", "Complete"]


def test_what_is_taken_away_before_it_is_there_is_gone_once_both_are_done(care, disconnected):
    answer(care, DISCONNECTING)
    assert causes(care) == [("Waits For Another Order", DISCONNECTING)]
    answer(care, ADDING)
    assert care.road.profile() == GONE
    assert causes(care) == []


@pytest.mark.parametrize("first", [ADDING, DISCONNECTING])
def test_a_line_runs_on_that_provisioning_did_not_take_away_and_can_be_disconnected(care, disconnected, first):
    for number in (first, *{ADDING, DISCONNECTING} - {first}):
        answer(care, number, "Complete" if number == ADDING else "Rejected")
    assert care.road.profile() == RUNNING
    assert causes(care) == [("Lines Failed", DISCONNECTING)]
    again = placed(care, the(care("disconnect", account="1-B", root=disconnected)))
    answer(care, again.get("Order Number"))
    assert care.road.profile() == GONE


def test_a_line_that_will_be_beneath_a_bundle_that_is_gone_is_requested_and_projected(care, disconnected):
    """The disconnect is refused by provisioning while the line isn't there yet."""
    assert care("projected-state", account="1-B").objects == ()
    answer(care, DISCONNECTING, "Rejected")
    (state,) = instances(care("projected-state", account="1-B").objects[0])
    assert [item.get("Status") for item, _ in walk_items(state)] == ["Inactive", "Active", "Active", "Active"]
    quote = the(care("disconnect", account="1-B", root=disconnected))
    (root,) = line_items(quote)
    assert [item.get("Action Code") for item in root.walk() if item.type == "Line Item"] == ["Delete"] * 4


# What waits for another order, and what waits for nothing


def renumbering(care, root, line, number, **more):
    """A quote that gives the line another number; its Quote Number."""
    requests = [{"request": "set", "item": line, "fields": {"Service Id": number}}]
    return the(care("modify", account="1-B", root=root, requests=requests, **more)).get("Quote Number")


def test_a_change_of_what_an_order_before_it_took_away_waits_for_nothing(care):
    root, line = installed(care)
    change = renumbering(care, root, line, "222", session="bert")
    gone = the(care("disconnect", account="1-B", root=root)).get("Quote Number")
    later = care.work("quote-to-order", quote=change, due_date="2027-06-01")
    care.submit(later)
    early = care.work("quote-to-order", quote=gone, due_date="2027-01-01")
    care.submit(early)
    answer(care, early.get("Order Number"))
    answer(care, later.get("Order Number"))
    (entry,) = (row for row in care("fallout-list").rows if row["cause"] != "Overtaken By Due Date")
    assert (entry["cause"], entry["order"], entry["reason"], entry["can be done"]) == (
        "Ignored by Apply",
        later.get("Order Number"),
        f"{line} (Update): the item isn't there",
        "fallout-close",
    )
    assert set(care.road.profile().values()) == {"Inactive"}
