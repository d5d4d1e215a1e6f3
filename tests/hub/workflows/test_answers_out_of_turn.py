"""Provisioning's answers to several orders of one service item, and what the service profile makes of them."""

from __future__ import annotations

import pytest

from integration_objects.complex_object import KEY, attributes, instances, line_items, walk_items
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


# Answers of a later order that come first


def resting(care, workflow, root):
    """An order, submitted, that suspends, resumes or disconnects the package; its Order Number."""
    return placed(care, the(care(workflow, account="1-B", root=root))).get("Order Number")


def service_id(care):
    """The line's number in the service profile."""
    return {item.get("Product Id"): item.get("Service Id") for item, _ in walk_items(care.profile_root("1-B"))}[LINE]


def numbered(care, root, line, number):
    """An order, submitted, that gives the line another number; its Order Number."""
    return placed(care, care.quote(renumbering(care, root, line, number))).get("Order Number")


def test_what_a_later_order_has_set_stays_when_an_earlier_one_is_done(care):
    root, line = installed(care)
    earlier = numbered(care, root, line, "111")
    later = numbered(care, root, line, "222")
    answer(care, later)
    answer(care, earlier)
    assert service_id(care) == "222"
    assert [care.order(number).get("Status") for number in (earlier, later)] == ["Complete", "Complete"]
    assert causes(care) == []


def test_what_a_later_order_has_set_is_requested_and_projected_while_an_earlier_one_is_open(care):
    root, line = installed(care)
    numbered(care, root, line, "111")
    later = numbered(care, root, line, "222")
    answer(care, later)
    outcome = care("projected-state", account="1-B")
    (state,) = instances(outcome.objects[0])
    assert [item.get("Service Id") for item in lines(state, LINE)] == ["222"]
    assert [row["order"] for row in outcome.rows if (row["item"], row["field"]) == (line, "Service Id")] == [later]
    assert outcome.notes == ()
    requests = [{"request": "set", "item": line, "fields": {"Agreement Id": "AG-1"}}]
    (change,) = lines(the(care("modify", account="1-B", root=root, requests=requests)), LINE)
    assert (change.get("Agreement Id"), change.get("Service Id")) == ("AG-1", "222")


def test_an_order_that_is_due_later_stays_though_it_was_made_earlier(care):
    root, line = installed(care)
    june = renumbering(care, root, line, "222", session="bert")
    january = renumbering(care, root, line, "111")
    june = care.work("quote-to-order", quote=june, due_date="2027-06-01")
    january = care.work("quote-to-order", quote=january, due_date="2027-01-01")
    for order in (june, january):
        care.submit(order)
    for order in (june, january):
        answer(care, order.get("Order Number"))
    assert service_id(care) == "222"


def test_a_resumed_service_is_not_suspended_by_the_answer_to_the_order_before(care):
    root, _ = installed(care)
    suspended, resumed = resting(care, "suspend", root), resting(care, "resume", root)
    answer(care, resumed)
    answer(care, suspended)
    assert set(care.road.profile().values()) == {"Active"}
    assert causes(care) == []


def test_a_disconnected_service_stays_so_since_then_whatever_an_order_before_did(care):
    root, line = installed(care)
    suspended, resumed = resting(care, "suspend", root), resting(care, "resume", root)
    gone = resting(care, "disconnect", root)
    answer(care, suspended)
    answer(care, gone, completed="2026-03-01")
    answer(care, resumed, completed="2026-04-01")
    assert set(care.road.profile().values()) == {"Inactive"}
    (ended,) = lines(care.road.stored("OM Asset", Account_Id="1-B")[0], LINE)
    assert (ended.get(KEY), ended.get("Effective End Date")) == (line, "2026-03-01")
    assert causes(care) == []


def test_of_two_orders_that_take_the_same_away_the_later_one_says_when(care):
    """The first try failed, and is tried again after somebody else had ordered it anew."""
    root, _ = installed(care)
    first = resting(care, "disconnect", root)
    answer(care, first, "Failed")
    second = resting(care, "disconnect", root)
    (entry,) = care.road.fallout()
    care("fallout-retry", entry=entry["row_id"])
    answer(care, second, completed="2026-03-01")
    answer(care, first, completed="2026-04-01")
    (ended,) = lines(care.road.stored("OM Asset", Account_Id="1-B")[0], LINE)
    assert (ended.get("Status"), ended.get("Effective End Date")) == ("Inactive", "2026-03-01")
    assert causes(care) == []


def test_an_attribute_that_a_later_order_has_set_stays(care):
    root, _ = installed(care)
    orders = []
    for number in ("206-2", "206-3"):
        item = f"{root}/{LINE}/Call Forwarding"
        requests = [{"request": "set", "item": item, "attributes": {"Forwarding Number": number}}]
        orders.append(placed(care, the(care("modify", account="1-B", root=root, requests=requests))))
    for order in reversed(orders):
        answer(care, order.get("Order Number"))
    (forwarding,) = lines(care.road.stored("OM Asset", Account_Id="1-B")[0], "Call Forwarding")
    assert [one.get("Text Value") for one in attributes(forwarding)] == [None, "206-3"]
    history = care.road.stored("Service Profile History", Integration_Id=forwarding.get(KEY))
    assert [one.get("Order Number") for one in history[1:]] == [orders[1].get("Order Number")]
