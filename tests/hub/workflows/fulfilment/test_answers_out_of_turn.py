"""Provisioning's answers to several orders of one service item, and what the service profile makes of them."""

from __future__ import annotations

from collections import Counter

import pytest

from hub.workflows.state.service_profile import in_sequence
from integration_objects.complex_object import attributes, instances, line_items, message, walk_items
from integration_objects.names import KEY
from tests.customer_care import lines, the

PACKAGE, LINE = "Local Breakthrough Package", "Local Line"
NUMBER = {"request": "set", "item": f"{PACKAGE}/{LINE}/Call Forwarding", "attributes": {"Forwarding Number": "206-1"}}
ADDING, DISCONNECTING = "O-0000001", "O-0000002"
RUNNING = {
    PACKAGE: "Active",
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
    """A package that is ordered; the order."""
    return placed(care, the(care("new-products-and-services", account="1-B", product=PACKAGE, requests=[NUMBER])))


def installed(care):
    """A package that is in the profile; the keys of its bundle and of its line."""
    order = package(care)
    answer(care, order.get("Order Number"))
    (line,) = lines(order, LINE)
    return care.profile_root("1-B").get(KEY), line.get(KEY)


def answer(care, number, status="Complete", **more):
    """Provisioning's answer to an order's only work order."""
    if "completed" in more:
        care.road.set_clock(f"{more['completed']}T12:00:00Z")
    outcome = care("order-synchronization", work_order=f"{number}-1", status=status, **more)
    assert outcome.state == "done"


def causes(care, state="Open"):
    return [(entry["cause"], entry["order_number"]) for entry in care.road.fallout(state)]


# A disconnect while the order that adds the product is open


@pytest.fixture
def disconnected(care):
    """A package that isn't there yet, and an order that disconnects it; the bundle's key."""
    root = line_items(package(care))[0].get(KEY)
    placed(care, the(care("disconnect", account="1-B", root=root)))
    assert care.road.profile() == {}
    return root


def test_what_is_provisioned_is_in_the_profile_until_it_is_taken_away(care, disconnected):
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
def test_a_package_runs_on_that_provisioning_did_not_take_away_and_is_tried_again(care, disconnected, first):
    for number in (first, *{ADDING, DISCONNECTING} - {first}):
        answer(care, number, "Complete" if number == ADDING else "Rejected")
    assert care.road.profile() == RUNNING
    assert causes(care) == [("Removal Held By Failed Lines", DISCONNECTING)]
    care("fallout-retry", entry=entry_of(care, DISCONNECTING))
    answer(care, DISCONNECTING)
    assert care.road.profile() == GONE
    assert causes(care) == []
    assert care.order(DISCONNECTING).get("Status") == "Complete"


def test_a_package_that_is_to_end_isnt_requested_while_a_line_holds_it(care, disconnected):
    """The disconnect is refused by provisioning while the line isn't there yet."""
    assert care("projected-state", account="1-B").objects == ()
    answer(care, DISCONNECTING, "Rejected")
    text = care.refused("disconnect", account="1-B", root=disconnected)
    assert text.startswith(f"a request has already been made to disconnect the service item '{disconnected}'\n")


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
    early = care.work("quote-to-order", quote=gone, due_date="2026-01-01")
    care.submit(early)
    answer(care, early.get("Order Number"))
    answer(care, later.get("Order Number"))
    (entry,) = (row for row in care("fallout-list").rows if row["cause"] != "Overtaken By Due Date")
    assert (entry["cause"], entry["order"], entry["reason"], entry["can be done"]) == (
        "Ignored by Apply",
        later.get("Order Number"),
        f"Local Line 222 ({line}, Update): the item isn't there",
        "fallout-reverse, fallout-close",
    )
    assert set(care.road.profile().values()) == {"Inactive"}


# Answers of a later order that come first


def resting(care, workflow, root):
    """An order, submitted, that suspends, resumes or disconnects the package; its Order Number."""
    return placed(care, the(care(workflow, account="1-B", root=root))).get("Order Number")


def test_a_bundle_whose_parts_are_gone_is_not_kept_by_a_supplement(care):
    """The parts are gone, and the bundle's day is still to come: its disconnect can't be called off alone."""
    root, _ = installed(care)
    quote = the(care("disconnect", account="1-B", root=root, due_date="2027-03-01"))
    number = placed(care, quote).get("Order Number")
    answer(care, number)
    care("revise", order=number)
    care("keep-service", order=number, line="1")
    refused = care.refused("submit", order=number)
    assert "needs at least 1" in refused
    assert care.profile_root("1-B").get("Status") == "Active"


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
    earlier = numbered(care, root, line, "111")
    later = numbered(care, root, line, "222")
    answer(care, later)
    outcome = care("projected-state", account="1-B")
    (state,) = instances(outcome.objects[0])
    assert [item.get("Service Id") for item in lines(state, LINE)] == ["222"]
    assert [row["order"] for row in outcome.rows if (row["item"], row["field"]) == (line, "Service Id")] == [later]
    assert outcome.notes == ()
    requests = [{"request": "set", "item": line, "fields": {"Pricing Comment": "as agreed"}}]
    quote = the(care("modify", account="1-B", root=root, requests=requests))
    (change,) = lines(quote, LINE)
    assert (change.get("Pricing Comment"), change.get("Service Id")) == ("as agreed", "222")
    last = placed(care, quote).get("Order Number")
    answer(care, last)
    answer(care, earlier)
    assert service_id(care) == "222"


def test_what_was_done_before_an_order_was_made_stays_beneath_it(care):
    """An order without a due date comes last only among those that are open together."""
    root, line = installed(care)
    answer(care, numbered(care, root, line, "111"))
    order = care.work("quote-to-order", quote=renumbering(care, root, line, "222"), due_date="2027-01-01")
    care.submit(order)
    (state,) = instances(care("projected-state", account="1-B").objects[0])
    assert [item.get("Service Id") for item in lines(state, LINE)] == ["222"]
    answer(care, order.get("Order Number"))
    assert service_id(care) == "222"


def test_orders_that_only_add_are_applied_without_a_look_at_others(care):
    """Nothing can have changed a service that isn't there yet: no run is needed to say so."""
    tree = message("OM Order", [package(care)])
    (same,) = in_sequence(None, "1-B", [tree])
    assert same is tree


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
    placed(care, the(care("new-products-and-services", account="1-B", product=LINE)))
    answer(care, ADDING)
    root = care.profile_root("1-B").get(KEY)
    first = resting(care, "disconnect", root)
    answer(care, first, "Failed")
    second = resting(care, "disconnect", root)
    (entry,) = care.road.fallout()
    care("fallout-retry", entry=entry["row_id"])
    answer(care, second, completed="2026-03-01")
    answer(care, first, completed="2026-04-01")
    (ended,) = lines(care.road.stored("OM Asset", Account_Id="1-B")[0], LINE)
    assert (ended.get("Status"), ended.get("Effective End Date")) == ("Inactive", "2026-03-01")
    assert causes(care) == [("Overtaken By Due Date", second)]  # since the retry, it takes away what is gone by then


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


# Failed lines that are tried again when other orders have gone on


def mail(care, root, line):
    """An order, submitted, for a voice mail beneath the line."""
    add = {"request": "add", "product": "Voice Mail", "beneath": line, "attributes": {"Password": "1"}}
    return placed(care, the(care("modify", account="1-B", root=root, requests=[add])))


@pytest.fixture
def two_mails(care):
    """An order for a voice mail, which failed, and another one for it since then; the orders and the line's key."""
    root, line = installed(care)
    failed = mail(care, root, line)
    answer(care, failed.get("Order Number"), "Failed")
    return failed, mail(care, root, line), line


def entry_of(care, number):
    (entry,) = (one for one in care.road.fallout() if one["order_number"] == number)
    return entry["row_id"]


RETRY_MEND = (
    "close the entry (fallout-close), if the lines aren't wanted any more; or amend the order (fallout-amend) and "
    "edit it so that it follows from what the customer has and has ordered before it"
)


def test_failed_lines_with_which_services_would_break_rules_are_not_tried_again(care, two_mails):
    failed, since, line = two_mails
    number = failed.get("Order Number")
    answer(care, since.get("Order Number"))
    assert care.refused("fallout-retry", entry=entry_of(care, number)) == (
        "the configuration breaks a rule of its products\n"
        f"  where: order {number}, line 2\n"
        f"  why:   Local Line line 2 ({line[-6:]}) has 2 Voice Mail, and may have at most 1\n"
        f"  mend:  {RETRY_MEND}"
    )
    # The mend: an amendment in which the other voice mail is what the customer has.
    care("fallout-amend", entry=entry_of(care, number))
    (wanted,) = lines(failed, "Voice Mail", "Add")
    remove = {"request": "remove", "item": wanted.get(KEY)}
    care("edit-order-line-item", order=number, line=wanted.get(KEY), requests=[remove])
    care("submit", order=number)
    assert causes(care) == []
    assert Counter(care.road.profile().values()) == {"Active": 5}


def test_failed_lines_for_which_there_is_no_place_any_more_are_not_tried_again(care):
    root, line = installed(care)
    order = mail(care, root, line)
    number, (wanted,) = order.get("Order Number"), lines(order, "Voice Mail", "Add")
    answer(care, number, "Failed")
    answer(care, resting(care, "disconnect", root))
    assert care.refused("fallout-retry", entry=entry_of(care, number)) == (
        "1 of the order's changes can't be made on the present and ordered services of the customer\n"
        f"  where: order {number}\n"
        f"  why:   Voice Mail line 5 ({(wanted.get(KEY) or '')[-6:]}) (Add): its parent '{line}' isn't there\n"
        f"  mend:  {RETRY_MEND}"
    )
    care("fallout-close", entry=entry_of(care, number), resolution="she has gone elsewhere")
    assert causes(care) == []


def test_failed_lines_that_are_tried_again_mark_the_open_orders_that_came_since(care, two_mails):
    failed, since, line = two_mails
    care("fallout-retry", entry=entry_of(care, failed.get("Order Number")))
    (mark,) = care.road.fallout()
    assert (mark["cause"], mark["order_number"], mark["reason"]) == (
        "Overtaken By Due Date",
        since.get("Order Number"),
        f"the order {failed.get('Order Number')} is tried again, and comes before this order; "
        f"after it: Local Line '{line}' has 2 Voice Mail, and may have at most 1",
    )


def test_what_came_of_a_failed_order_is_no_reason_against_trying_the_rest_again(care):
    """The bundle is suspended; the line isn't."""
    root, _ = installed(care)
    number = resting(care, "suspend", root)
    answer(care, number, "Failed")
    assert care.road.profile()[PACKAGE] == "Suspended"
    care("fallout-retry", entry=entry_of(care, number))
    answer(care, number)
    assert set(care.road.profile().values()) == {"Suspended"}
    assert causes(care) == []
