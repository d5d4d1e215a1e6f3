"""Bundles and covers on orders: open until their lines come or their day is there, on the road of a real order."""

from __future__ import annotations

import pytest

from adapters.database.messages.message_filter import MessageFilter
from hub.data_manager.status import status_of
from integration_objects.complex_object import items_of, line_items
from integration_objects.names import KEY
from tests.customer_care import lines, the

HOME, MAIL, PACKAGE, LINE = "1-B", "Voice Mail", "Local Breakthrough Package", "Local Line"
FORWARDED = {"request": "set", "item": f"{PACKAGE}/{LINE}/Call Forwarding", "attributes": {"Forwarding Number": "2"}}
SECRET = {"request": "set", "item": MAIL, "attributes": {"Password": "1234"}}
DAY = 86_400.0


def submitted(care, quote, due=None):
    """The order of a quote, submitted; its Order Number."""
    order = care.work("quote-to-order", quote=quote.get("Quote Number"), due_date=due)
    care.submit(order)
    return order.get("Order Number")


def package(care, due=None):
    """An order for the package, submitted; its Order Number."""
    return submitted(
        care, the(care("new-products-and-services", account=HOME, product=PACKAGE, requests=[FORWARDED])), due
    )


def answer(care, number, *products, status="Complete", **more):
    """Provisioning's answer for the lines of these products; without products, for all that have none."""
    keys = ",".join(line.get(KEY) or "" for product in products for line in lines(newest(care, number), product))
    care("order-synchronization", work_order=f"{number}-1", status=status, lines=keys or None, **more)


def newest(care, number):
    (order,) = care.road.stored("OM Order", Order_Number=number, Active_Flag="Y")
    return order


def statuses(care, number):
    return {item.get("Product Id"): item.get("Status") for item in items_of(newest(care, number))}


def disconnect(care, due=None):
    root = care.profile_root(HOME).get(KEY)
    return submitted(care, the(care("disconnect", account=HOME, root=root)), due)


def test_a_package_is_open_and_not_billed_until_its_first_line_is_there(any_care):
    care = any_care
    number = package(care)
    assert set(statuses(care, number).values()) == {"Open"}
    assert care.road.profile() == {}
    assert care.road.left("billing.events") == []
    care.road.surroundings.sleep(DAY)
    answer(care, number, LINE, completed="2026-01-01T12:00:00Z")
    assert statuses(care, number) == {
        PACKAGE: "Complete",
        LINE: "Complete",
        "Caller Id": "Open",
        "Call Forwarding": "Open",
    }
    assert care.road.profile() == {PACKAGE: "Active", f"{PACKAGE} / {LINE}": "Active"}
    assert care.profile_root(HOME).get("Effective Start Date") == "2026-01-01T12:00:00Z"
    assert len(care.road.left("billing.events")) == 1
    answer(care, number)
    assert newest(care, number).get("Status") == "Complete"


def test_a_package_that_isnt_there_can_be_cancelled(care):
    number = package(care)
    care("cancel-order", order=number)
    assert set(statuses(care, number).values()) == {"Cancelled"}
    assert care.road.profile() == {}


def test_a_line_without_a_system_is_complete_on_its_day_and_cancelled_before_it(any_care):
    care = any_care
    made = the(care("new-products-and-services", account=HOME, product=MAIL, requests=[SECRET]))
    number = submitted(care, made, "2026-03-01")
    again = care("complete-due-lines", order=number)
    assert (again.state, again.why) == ("filtered", "no line of the order is due")
    care.road.surroundings.sleep(100 * DAY)
    care("complete-due-lines", order=number)
    assert care.profile_root(HOME).get("Effective Start Date") == "2026-03-01"
    assert newest(care, number).get("Status") == "Complete"
    assert care("complete-due-lines", order=number).state == "filtered"
    ending = disconnect(care, "2026-06-01")
    assert care.profile_root(HOME).get("Status") == "Active"
    care("cancel-order", order=ending)
    care.road.surroundings.sleep(100 * DAY)
    assert care("complete-due-lines", order=ending).state == "filtered"
    assert care.profile_root(HOME).get("Status") == "Active"


def test_a_package_of_which_nothing_comes_fails_and_is_tried_again(any_care):
    care = any_care
    mail = {"request": "add", "product": MAIL, "beneath": f"{PACKAGE}/{LINE}", "attributes": {"Password": "1234"}}
    requests = [FORWARDED, mail]
    number = submitted(care, the(care("new-products-and-services", account=HOME, product=PACKAGE, requests=requests)))
    answer(care, number, status="Failed", reason="no port")
    assert newest(care, number).get("Status") == "Failed"
    assert (statuses(care, number)[PACKAGE], care.road.profile()) == ("Failed", {})
    assert care.road.left("billing.events") == []
    (entry,) = care.road.fallout()
    assert (entry["cause"], len(entry["lines"])) == ("Lines Failed", 5)
    # Only some lines, and not the package by name: it comes along with the first of them.
    wanted = [line.get(KEY) for line in items_of(newest(care, number)) if line.get("Product Id") not in (PACKAGE, MAIL)]
    care("fallout-retry", entry=entry["row_id"], lines=",".join(wanted))
    assert statuses(care, number) == {
        PACKAGE: "Open",
        LINE: "Open",
        "Caller Id": "Open",
        "Call Forwarding": "Open",
        MAIL: "Failed",
    }
    answer(care, number)
    assert set(care.road.profile().values()) == {"Active"}
    assert len(care.road.profile()) == 4


def test_a_package_runs_on_and_is_billed_while_a_line_of_it_could_not_be_taken_away(any_care):
    """The number is being ported."""
    care = any_care
    answer(care, package(care))
    number = disconnect(care)
    assert set(care.road.profile().values()) == {"Active"}
    billed = len(care.road.left("billing.events"))
    answer(care, number, status="Rejected", reason="number is being ported")
    order = newest(care, number)
    (package_line,), (line,) = lines(order, PACKAGE), lines(order, LINE)
    assert (order.get("Status"), package_line.get("Status")) == ("Open", "Open")
    assert set(care.road.profile().values()) == {"Active"}
    assert len(care.road.left("billing.events")) == billed
    (row,) = care("fallout-list").rows
    assert (row["cause"], row["can be done"]) == (
        "Removal Held By Failed Lines",
        "fallout-retry, fallout-amend, fallout-close",
    )
    assert row["reason"].startswith(
        f"{PACKAGE} ({package_line.get(KEY)}) stays and is charged, because a line beneath it stays: "
        f"Local Line ({line.get(KEY)}) Rejected: number is being ported; "
    )
    care("fallout-retry", entry=row["entry"])
    care.road.surroundings.sleep(2 * DAY)
    answer(care, number, completed="2026-01-02T10:00:00Z")
    assert set(care.road.profile().values()) == {"Inactive"}
    assert care.profile_root(HOME).get("Effective End Date") == "2026-01-02T10:00:00Z"
    assert (newest(care, number).get("Status"), care.road.fallout()) == ("Complete", [])


@pytest.mark.parametrize("product", [PACKAGE, MAIL])
def test_what_an_open_order_disconnects_is_said_to_be_disconnected_by_it(care, product):
    requests = [FORWARDED if product == PACKAGE else SECRET]
    order = submitted(care, the(care("new-products-and-services", account=HOME, product=product, requests=requests)))
    if product == PACKAGE:
        answer(care, order)
    root = care.profile_root(HOME).get(KEY)
    quote = the(care("modify", account=HOME, root=root, session="earlier")).get("Quote Number")
    number = disconnect(care, "2027-01-01")
    for workflow, arguments in (
        *((name, {"account": HOME, "root": root}) for name in ("modify", "suspend", "resume", "disconnect")),
        ("edit-quote-line-item", {"quote": quote, "line": root}),
    ):
        text = care.refused(workflow, **arguments)
        assert text.startswith("a request has already been made to disconnect the service item"), workflow
        assert f"the order {number} disconnects it, and is Open" in text
    for workflow in ("verify", "reprice"):
        notes = [str(note) for note in care(workflow, quote=quote).notes]
        assert any("a request has already been made to disconnect" in note for note in notes), notes


def test_an_answer_is_taken_in_while_a_supplement_is_made(care):
    number = package(care)
    care("revise", order=number)
    answer(care, number, LINE)
    assert statuses(care, number)[PACKAGE] == "Complete"
    assert [one.get("Revision") for one in care.road.stored("OM Order", Status="Pending")] == ["2"]
    care("submit", order=number)
    answer(care, number)
    assert set(care.road.profile().values()) == {"Active"}
    assert line_items(newest(care, number))[0].get("Applied Date") is not None


# The day comes by itself


def planned(care):
    """The messages that the hub has sent to itself: their ids, states and due times."""
    with care.open_hub.read() as transaction:
        listing = transaction.messages.listing(MessageFilter(route="orderhub.due-lines"))
    return [(row["message_id"], row["state"], row["due_at"]) for row in reversed(listing)]


def mail(care, due=None):
    """An order for voice mail, which no system provides, submitted; its Order Number."""
    return submitted(care, the(care("new-products-and-services", account=HOME, product=MAIL, requests=[SECRET])), due)


def test_the_day_comes_by_a_message_that_the_hub_has_sent_to_itself(any_care):
    care = any_care
    number = mail(care, "2026-03-01")
    assert planned(care) == [("O-0000001 1 2026-03-01", "received", "2026-03-01T00:00:00.000000Z")]
    # A hub that works all there is doesn't wait two months, and has nothing to complain of.
    assert care.road.run()
    assert (statuses(care, number), care.road.profile()) == ({MAIL: "Open"}, {})
    care.road.surroundings.sleep(90 * DAY)
    assert care.road.run()
    assert [(id, state) for id, state, _ in planned(care)] == [("O-0000001 1 2026-03-01", "done")]
    assert newest(care, number).get("Status") == "Complete"
    # The days are right, though the hub stood still for a month.
    assert care.profile_root(HOME).get("Effective Start Date") == "2026-03-01"
    assert len(care.road.left("billing.events")) == 1
    assert care.road.counts()["done"] == 1


def test_a_line_of_each_day_has_a_message_and_a_repeat_is_a_repeat(care):
    first = package(care, "2026-03-01")
    assert [id for id, _, _ in planned(care)] == [f"{first} 1 2026-03-01"]
    care.road.surroundings.sleep(90 * DAY)
    assert care.road.run()
    assert [state for _, state, _ in planned(care)] == ["filtered"]  # no line of the package has come yet
    answer(care, first)
    assert set(care.road.profile().values()) == {"Active"}


@pytest.mark.parametrize("ends", ["cancelled", "revised"])
def test_the_day_of_an_order_that_is_cancelled_or_revised_changes_nothing(care, ends):
    number = mail(care, "2026-03-01")
    if ends == "cancelled":
        care("cancel-order", order=number)
    else:
        care("revise", order=number)
    care.road.surroundings.sleep(90 * DAY)
    assert care.road.run()
    assert [state for _, state, _ in planned(care)] == ["filtered" if ends == "cancelled" else "done"]
    assert care.road.profile() == ({} if ends == "cancelled" else {MAIL: "Active"})


def test_a_hub_tells_the_days_that_are_to_come(care):
    mail(care, "2026-03-01")
    with care.open_hub.read() as transaction:
        state = status_of(transaction, care.open_hub.deployment)
    assert state["planned"] == [{"route": "orderhub.due-lines", "messages": 1, "first": "2026-03-01T00:00:00.000000Z"}]
    assert (state["unfinished"], state["messages"]["oldest"]) == ([], {})
    assert state["doors"]["agrees"]


def test_a_refused_submit_plans_nothing(care):
    quote = the(care("new-products-and-services", account=HOME, product=MAIL, requests=[SECRET]))
    order = care.work("quote-to-order", quote=quote.get("Quote Number"), due_date="2026-03-01")
    care("submit", order=order.get("Order Number"))
    care.refused("submit", order=order.get("Order Number"))
    assert len(planned(care)) == 1


# Days that are put off, and disconnects that are taken back


def test_a_disconnect_is_postponed_by_a_supplement_and_ends_on_its_new_day(any_care):
    care = any_care
    mail(care)
    number = disconnect(care, "2026-03-01")
    care("revise", order=number, due_date="2026-05-01")
    care("submit", order=number)
    care.road.surroundings.sleep(80 * DAY)
    assert care.road.run()
    assert care.profile_root(HOME).get("Status") == "Active"
    care.road.surroundings.sleep(60 * DAY)
    assert care.road.run()
    assert [care.profile_root(HOME).get(name) for name in ("Status", "Effective End Date")] == [
        "Inactive",
        "2026-05-01",
    ]
    assert [state for _, state, _ in planned(care)] == ["filtered", "done"]


def test_a_line_that_ends_is_postponed_with_all_beneath_it_and_provisioning_hears_of_it(care):
    answer(care, package(care))
    number = disconnect(care, "2026-03-01")
    care.road.work_orders()
    care("revise", order=number)
    (root,) = line_items(newest(care, number))
    postponed = {"request": "set", "item": root.get(KEY), "fields": {"Due Date": "2026-05-01"}}
    care("edit-order-line-item", order=number, line=root.get(KEY), requests=[postponed])
    assert {item.get("Due Date") for item in items_of(newest(care, number))} == {"2026-05-01"}
    care("submit", order=number)
    (work_order,) = care.road.work_orders()
    assert work_order.get("revision") == "2"
    assert {line.get("dueDate") for line in work_order.walk() if line.type == "line"} == {"2026-05-01"}


def test_a_customer_who_stays_has_the_disconnect_taken_off_a_supplement(care):
    answer(care, package(care))
    number = disconnect(care, "2026-03-01")
    care("revise", order=number)
    (root,) = line_items(newest(care, number))
    outcome = care("keep-service", order=number, line=root.get(KEY))
    assert [str(note) for note in outcome.notes] == [f"kept: {PACKAGE}: the order doesn't disconnect it any more"]
    assert line_items(newest(care, number)) == []
    care("cancel-order", order=number)
    care("cancel-order", order=number)
    assert set(care.road.profile().values()) == {"Active"}


def test_an_order_of_which_a_part_is_complete_says_what_can_be_done(care):
    number = package(care)
    answer(care, number, LINE)
    assert care.refused("cancel-order", order=number).endswith(
        "mend:  revise the order to drop or postpone the rest; take away what is there with another order"
    )


def test_a_customer_stays_whose_line_could_not_be_taken_away(care):
    """By an amendment: the disconnect is taken off, and the order is called off."""
    answer(care, package(care))
    number = disconnect(care)
    answer(care, number, status="Rejected", reason="number is being ported")
    (entry,) = care.road.fallout()
    care("fallout-amend", entry=entry["row_id"])
    (root,) = line_items(newest(care, number))
    assert set(statuses(care, number).values()) == {"Pending"}
    care("keep-service", order=number, line=root.get(KEY))
    care("cancel-order", order=number)
    care("cancel-order", order=number)
    assert (newest(care, number).get("Status"), care.road.fallout()) == ("Cancelled", [])
    assert set(care.road.profile().values()) == {"Active"}
    assert care("modify", account=HOME, root=care.profile_root(HOME).get(KEY)).objects


def test_an_amended_disconnect_is_asked_for_again_as_a_whole(care):
    answer(care, package(care))
    number = disconnect(care)
    answer(care, number, status="Rejected", reason="number is being ported")
    (entry,) = care.road.fallout()
    care("fallout-amend", entry=entry["row_id"])
    care("submit", order=number)
    assert care.road.fallout() == []
    answer(care, number)
    assert set(care.road.profile().values()) == {"Inactive"}
    assert newest(care, number).get("Status") == "Complete"
