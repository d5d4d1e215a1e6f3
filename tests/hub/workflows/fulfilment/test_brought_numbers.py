"""Provisioning brings a number that another service has: taken, and told by a fallout entry."""

from __future__ import annotations

from integration_objects.complex_object import line_items
from integration_objects.names import KEY
from tests.customer_care import the

NUMBER = "509-555-0140"


def installed(care, account, number=None, brought=None):
    """An installed line whose number the order has, or provisioning brings; its work order and key."""
    fields = {"Service Id": number} if number else {}
    requests = [{"request": "set", "item": "Local Line", "fields": fields}] if fields else []
    quote = the(care("new-products-and-services", account=account, product="Local Line", requests=requests))
    order = care.place(quote.get("Quote Number"))
    care.submit(order)
    work_order = f"{order.get('Order Number')}-1"
    more = {"service_id": brought} if brought else {}
    care("order-synchronization", work_order=work_order, status="Complete", **more)
    (line,) = line_items(order)
    return work_order, line.get(KEY)


def test_a_number_of_another_service_is_told_until_another_one_is_brought(any_care):
    _, first = installed(any_care, "2-LB", NUMBER)
    work_order, second = installed(any_care, "2-EN", brought="5095550140")
    (entry,) = any_care.road.fallout()
    assert (entry["cause"], entry["lines"]) == ("Number Of Another Service", [second])
    assert entry["reason"] == (
        f"the number 5095550140 of line 1 (Local Line) is that of Local Line ({first}) of account 2-LB, which is Active"
    )
    (listed,) = any_care("fallout-list").rows
    assert listed["can be done"] == "order-synchronization, fallout-close"
    any_care("order-synchronization", work_order=work_order, status="Complete", lines=second, service_id="5095550141")
    assert any_care.road.fallout() == []
    assert any_care.profile_root("2-EN").get("Service Id") == "5095550141"


def test_a_number_that_is_free_is_told_to_nobody(care):
    installed(care, "2-LB", NUMBER)
    installed(care, "2-EN", brought="509-555-0141")
    assert care.road.fallout() == []
