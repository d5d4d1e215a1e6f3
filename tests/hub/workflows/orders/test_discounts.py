"""Discounts and agreed prices that a person gives: priced, kept, approved, taken off."""

from __future__ import annotations

import pytest

from integration_objects.complex_object import action_code, items_of, line_items
from integration_objects.names import KEY
from tests.customer_care import care_on, lines, the
from tests.road import sample

PACKAGE = "Local Breakthrough Package"
RULE = """
approval rule: Discounts
help: Discounts of more than 10 percent, amounts and agreed prices.
hold discount when: "[Discount Percent] > 10 OR [Discount Amount] IS NOT NULL OR [Agreed Price] IS NOT NULL"
approvers: {users: [mary]}
"""


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def care(request, tmp_path):
    """Customer care where mary may approve discounts of more than 10 percent."""
    url = request.getfixturevalue("database_url") if request.param == "PostgreSQL" else None
    folder = tmp_path / "hub" / "approvals"
    folder.mkdir(parents=True)
    (folder / "discounts.yaml").write_text(RULE)
    (tmp_path / "orderhub.toml").write_text("")
    with care_on(tmp_path, url) as found:
        yield found


def package(care):
    line = f"{PACKAGE}/Local Line"
    number = {"request": "set", "item": f"{line}/Call Forwarding", "attributes": {"Forwarding Number": "1"}}
    phone = {"request": "set", "item": line, "fields": {"Service Id": "509-555-0140"}}
    return the(care("new-products-and-services", account="1-B", product=PACKAGE, requests=[number, phone])).get(
        "Quote Number"
    )


def texts(outcome, kind):
    return [note.text for note in outcome.notes if note.kind == kind]


def top(tree):
    return line_items(tree)[0]


def test_a_small_discount_needs_no_approval_and_goes_all_the_way(care):
    number = package(care)
    outcome = care("discount", quote=number, line="1", percent="10", reason="loyal customer")
    assert texts(outcome, "to be approved") == []
    assert texts(outcome, "total")[-1] == f"quote {number}, monthly: 17.96 USD"  # 19.95 less 1.995
    root = top(care.quote(number))
    assert root.get("List Price") == "19.95"
    assert root.get("Pricing Comment") == f"Price rule: 10 % off by {root.get('Discounted By')} (loyal customer)"
    care.road.load(sample("price_list.xml").decode().replace("<Price>19.95<", "<Price>20.00<"))
    assert texts(care("reprice", quote=number), "price")[0].startswith("17.96 -> 18.00 USD")
    order = care.place(number)
    assert top(order).get("Discount Percent") == "10"
    care.install(order)
    asset = care.profile_root("1-B")
    assert [asset.get(name) for name in ("Adjusted Price", "Discount Percent", "Discount Reason")] == [
        "18.00",
        "10",
        "loyal customer",
    ]
    again = the(care("modify", account="1-B", root=asset.get(KEY)))
    assert {action_code(item) for item in items_of(again)} == {"-"}


def test_a_large_discount_holds_the_order_until_it_is_approved(care):
    number = package(care)
    outcome = care("discount", quote=number, line="1", percent="50", reason="a complaint")
    assert texts(outcome, "to be approved") == ["submit will hold the order under the rule 'Discounts': by mary"]
    order = care.place(number).get("Order Number")
    assert the(care("submit", order=order)).get("Status") == "Pending"
    assert "may not decide" in care.refused("approve", order=order, by="paul")
    assert the(care("approve", order=order, by="mary")).get("Status") == "Open"
    for work_order in care.road.work_orders():
        care.road.complete(work_order)
    # The discount that the service has already needs no further approval.
    line = lines(care.profile_root("1-B"), "Local Line")[0].get(KEY)
    add = {"request": "add", "product": "Voice Mail", "beneath": line, "attributes": {"Password": "1"}}
    root = care.profile_root("1-B").get(KEY)
    changed = the(care("modify", account="1-B", root=root, requests=[add]))
    assert top(changed).get("Adjusted Price") == "9.98"
    order = care.place(changed.get("Quote Number")).get("Order Number")
    assert the(care("submit", order=order)).get("Status") == "Open"


def test_an_existing_service_gets_an_agreed_price_and_loses_it_again(care):
    care.install(care.place(package(care)))
    root = care.profile_root("1-B").get(KEY)
    number = the(care("modify", account="1-B", root=root)).get("Quote Number")
    care("discount", quote=number, line=root, price="15", reason="as agreed")
    quote = care.quote(number)
    assert (action_code(top(quote)), top(quote).get("Adjusted Price")) == ("Update", "15.00")
    order = care.place(number).get("Order Number")
    assert the(care("submit", order=order)).get("Status") == "Pending"
    care("approve", order=order, by="mary")
    for work_order in care.road.work_orders():
        care.road.complete(work_order)
    assert care.profile_root("1-B").get("Agreed Price") == "15"
    number = the(care("modify", account="1-B", root=root)).get("Quote Number")
    outcome = care("remove-discount", quote=number, line=root)
    assert texts(outcome, "discount")[0].startswith("taken off: agreed price 15 by ")
    assert texts(outcome, "price") == ["15.00 -> 19.95 USD"]
    order = care.place(number)
    assert the(care("submit", order=order.get("Order Number"))).get("Status") == "Complete"
    asset = care.profile_root("1-B")
    assert [asset.get(name) for name in ("Adjusted Price", "Agreed Price", "Discount Reason", "Discounted By")] == [
        "19.95",
        None,
        None,
        None,
    ]


def test_a_line_of_an_order_that_is_not_submitted_gets_a_discount(care):
    order = care.place(package(care)).get("Order Number")
    outcome = care("discount", order=order, line="1", amount="5", reason="late installation")
    assert texts(outcome, "total")[-1] == f"order {order}, monthly: 14.95 USD"
    assert the(care("submit", order=order)).get("Status") == "Pending"
    assert "waits for an approval" in care.refused("discount", order=order, line="1", amount="1", reason="more")


def test_a_discount_must_be_clear(care):
    number = package(care)
    for given, expected in (
        ({"percent": "10", "price": "1"}, "expected one of percent=, amount= and price=, found 2"),
        ({}, "expected one of percent=, amount= and price=, found none"),
        ({"percent": "101"}, "expected a percentage above 0 and up to 100, found '101'"),
        ({"amount": "-1"}, "expected an amount above 0, found '-1'"),
        ({"price": "-1"}, "expected a price of 0 or more, found '-1'"),
    ):
        assert expected in care.refused("discount", quote=number, line="1", reason="x", **given)
    assert "one of the two, found neither" in care.refused("discount", line="1", percent="1", reason="x")
    assert "has no discount" in care.refused("remove-discount", quote=number, line="1")


def test_where_nobody_could_approve_a_discount_none_is_given(tmp_path):
    with care_on(tmp_path) as found:
        assert found.refused("discount", quote=package(found), line="1", percent="1", reason="x") == (
            "nobody may give discounts or agreed prices here\n"
            "  where: hub/approvals\n"
            "  why:   no approval rule has `hold discount when`, and so nobody may approve them\n"
            "  mend:  declare one (docs/orders.md, Approval): it says which discounts are held, and who approves"
        )
