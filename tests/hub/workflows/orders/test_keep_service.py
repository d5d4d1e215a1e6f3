"""A service that an order was to disconnect stays: the order names what is to be, and no request does the opposite."""

from __future__ import annotations

import pytest

from integration_objects.complex_object import items_of
from integration_objects.names import KEY
from tests.customer_care import actions, lines, the

HOME, PACKAGE, LINE, WAITING = "1-B", "Local Breakthrough Package", "Local Line", "Call Waiting"
FORWARDED = {"request": "set", "item": f"{PACKAGE}/{LINE}/Call Forwarding", "attributes": {"Forwarding Number": "2"}}
ADDED = {"request": "add", "product": WAITING, "beneath": f"{PACKAGE}/{LINE}"}


@pytest.fixture
def root(care) -> str:
    """The key of the installed package."""
    care.install(
        care.place(
            the(care("new-products-and-services", account=HOME, product=PACKAGE, requests=[FORWARDED, ADDED])).get(
                "Quote Number"
            )
        )
    )
    return care.profile_root(HOME).get(KEY)


def revised(care, quote):
    """The order of a quote, submitted and revised; its number."""
    number = care.place(quote.get("Quote Number")).get("Order Number")
    care("submit", order=number)
    care.road.work_orders()
    care("revise", order=number)
    return number


def active(care, number):
    (order,) = care.road.stored("OM Order", Order_Number=number, Active_Flag="Y")
    return order


def keyed(care, product):
    (item,) = lines(care.road.stored("OM Asset", Account_Id=HOME)[0], product)
    return item.get(KEY)


def test_keeping_a_service_twice_does_not_disconnect_it_and_removing_it_does_not_keep_it(care, root):
    number = revised(care, the(care("disconnect", account=HOME, root=root)))
    care(
        "order-synchronization",
        work_order=f"{number}-1",
        status="Complete",
        lines=keyed(care, WAITING),
    )
    remove = [{"request": "remove", "item": root}]
    assert care.refused("edit-order-line-item", order=number, line=root, requests=remove) == (
        f"the service item {PACKAGE} is disconnected by the order {number} itself\n"
        f"  where: order {number}, line {root}\n"
        "  why:   nothing of it is left that could be configured\n"
        f"  mend:  for a customer who keeps it: `orderhub workflow keep-service order={number} line={root}`; to "
        "postpone its end, request no more than another Due Date"
    )
    care("keep-service", order=number, line=root)
    assert {(item.get("Product Id"), item.get("Action Code")) for item in items_of(active(care, number))} == {
        (PACKAGE, "-"),
        (LINE, "-"),
        (WAITING, "Delete"),
    }
    assert care.refused("keep-service", order=number, line=root) == (
        f"the order {number} doesn't disconnect {PACKAGE}\n"
        f"  where: order {number}, line 1\n"
        "  why:   the action of its line is -, and only a line with Delete takes a service away\n"
        "  mend:  nothing has to be done to keep it"
    )
    # What is taken away already is not kept.
    refused = care.refused("keep-service", order=number, line=keyed(care, WAITING))
    assert refused.startswith("the line Call Waiting can't be edited: it is finished")


def test_a_part_of_a_service_is_kept_and_the_rest_of_the_order_stands(care, root):
    """The line is kept with the features beneath it; another change of the same order goes on."""
    forwarding = keyed(care, "Call Forwarding")
    changes = [
        {"request": "remove", "item": keyed(care, WAITING)},
        {"request": "set", "item": forwarding, "attributes": {"Rings": "2"}},
    ]
    number = revised(care, the(care("modify", account=HOME, root=root, requests=changes, due_date="2027-03-01")))
    ending = keyed(care, WAITING)
    request = {"request": "set", "item": ending, "fields": {"Service Id": "1"}}
    assert care.refused("edit-order-line-item", order=number, line="1", requests=[request]).endswith(
        "mend:  to keep the service, run keep-service with this line first; to postpone its end, request no more than "
        "another Due Date of it"
    )
    care("keep-service", order=number, line=ending)
    kept = active(care, number)
    assert actions(kept) == {
        (PACKAGE, "-"): 1,
        (LINE, "-"): 1,
        ("Caller Id", "-"): 1,
        (WAITING, "-"): 1,
        ("Call Forwarding", "Update"): 1,
    }
    assert [(item.get("Status"), item.get("Due Date")) for item in lines(kept, WAITING)] == [("-", None)]
    care("submit", order=number)
    for work_order in care.road.work_orders():
        care.road.complete(work_order, revision=work_order.get("revision"))
    assert set(care.road.profile().values()) == {"Active"}


def test_nothing_is_kept_beneath_a_service_that_ends(care, root):
    number = care.place(the(care("disconnect", account=HOME, root=root)).get("Quote Number")).get("Order Number")
    assert care.refused("keep-service", order=number, line=keyed(care, WAITING)) == (
        "Call Waiting can't be kept\n"
        f"  where: order {number}, line 5\n"
        "  why:   it stands beneath Local Line, which the order disconnects, too\n"
        "  mend:  keep that one first: line=2"
    )
    assert care.refused("keep-service", order=number, line="9").startswith(f"the order {number} has no line '9'")


def test_a_supplement_that_keeps_all_services_is_submitted_and_withdraws_the_order(care, root):
    number = revised(care, the(care("disconnect", account=HOME, root=root, due_date="2027-03-01")))
    kept = care("keep-service", order=number, line="1")
    assert not list(items_of(the(kept)))
    order = the(care("submit", order=number))
    assert (order.get("Status"), order.get("Revision")) == ("Complete", "2")
    (work_order,) = care.road.work_orders()
    assert (work_order.get("number"), work_order.get("revision")) == (f"{number}-1", "2")
    assert set(care.road.profile().values()) == {"Active"}
    # The service may be changed again.
    assert the(care("suspend", account=HOME, root=root)).get("Status") == "In Progress"


def test_a_service_whose_disconnect_failed_beneath_one_that_ends_is_on_request_still(care, root):
    number = care.place(the(care("disconnect", account=HOME, root=root)).get("Quote Number")).get("Order Number")
    care("submit", order=number)
    care("order-synchronization", work_order=f"{number}-1", status="Failed", lines=keyed(care, LINE))
    assert care.refused("modify", account=HOME, root=LINE).startswith(
        f"a request has already been made to disconnect the service item '{LINE}'\n"
    )


def test_a_service_isnt_kept_beneath_one_that_was_suspended_without_it(care, root):
    remove = [{"request": "remove", "item": f"{PACKAGE}/{LINE}/{WAITING}"}]
    quote = the(care("modify", account=HOME, root=root, requests=remove))
    number = care.place(quote.get("Quote Number")).get("Order Number")
    care("submit", order=number)
    care.road.work_orders()
    care.install(care.place(the(care("suspend", account=HOME, root=root)).get("Quote Number")))
    care("revise", order=number)
    assert care.refused("keep-service", order=number, line=keyed(care, WAITING)) == (
        "Call Waiting can't be kept as it is\n"
        f"  where: order {number}, line 5\n"
        "  why:   Local Line was suspended since, without Call Waiting: it would run, and be billed, beneath a service "
        "that rests\n"
        "  mend:  resume Local Line first (orderhub workflow resume), or leave Call Waiting to end"
    )
    care.install(care.place(the(care("resume", account=HOME, root=root)).get("Quote Number")))
    care("keep-service", order=number, line=keyed(care, WAITING))
