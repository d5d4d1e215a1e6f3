"""A service item gets another owner: what ends, what begins, what billing hears, and what is refused."""

from __future__ import annotations

import pytest

from integration_objects.complex_object import instances, items_of, line_items
from integration_objects.names import KEY
from schemas.check import parse
from tests.customer_care import actions, the
from tests.road import sample

GIVER, TAKER = "2-LB", "2-AW-CA"
LINE = "Local Line"
NUMBER = "509-555-0140"


@pytest.fixture
def line(any_care):
    """An installed telephone line of the giving account, with caller id."""
    any_care.road.load(sample("agreements.xml"))
    requests = [
        {"request": "set", "item": LINE, "fields": {"Service Id": NUMBER}},
        {"request": "add", "product": "Caller Id", "beneath": LINE},
    ]
    quote = the(any_care("new-products-and-services", account=GIVER, product=LINE, requests=requests))
    any_care.install(any_care.place(quote.get("Quote Number")))
    any_care.road.take("billing.events")
    return any_care.profile_root(GIVER)


def transferred(care, root, **more):
    """The quotes of a transfer: of the giving account, and of the taking one."""
    giving, taking = care("transfer", account=GIVER, root=root.get(KEY), to=TAKER, **more).objects
    return instances(giving)[0], instances(taking)[0]


def active(care, account):
    """The active items of an account's profile, by product."""
    profiles = care.road.stored("OM Asset", Account_Id=account)
    return {
        item.get("Product Id"): item for asset in profiles for item in items_of(asset) if item.get("Status") == "Active"
    }


def test_a_quote_of_each_account_transfers_a_service(any_care, line):
    """Scenario: Maria Lopez's number becomes American Widgets'; both quotes, orders, profiles, and billing."""
    terms = {"billing_account": "2-AW-BILL", "agreement": "AG-1"}
    giving, taking = transferred(any_care, line, **terms)
    assert (giving.get("Account Id"), taking.get("Account Id")) == (GIVER, TAKER)
    assert {action for _, action in actions(giving)} == {"Delete"}
    assert {action for _, action in actions(taking)} == {"Add"}
    assert not {item.get(KEY) for item in items_of(giving)} & {item.get(KEY) for item in items_of(taking)}
    for quote in (giving, taking):
        any_care.install(any_care.place(quote.get("Quote Number")))
    assert active(any_care, GIVER) == {}
    mine = active(any_care, TAKER)
    assert {LINE, "Caller Id"} <= set(mine)
    fields = ("Service Id", "Service Account Id", "Billing Account Id", "Agreement Id", "Service Address Id")
    assert [mine[LINE].get(field) for field in fields] == [NUMBER, TAKER, "2-AW-BILL", "AG-1", "PR-HOME"]
    assert mine["Caller Id"].get("Billing Account Id") == "2-AW-BILL"


def test_billing_hears_of_an_end_and_a_beginning(any_care, line):
    for quote in transferred(any_care, line, billing_account="2-AW-BILL"):
        any_care.install(any_care.place(quote.get("Quote Number")))
    events = [parse(row.message.body) for row in any_care.road.left("billing.events")]
    heard = [
        tuple(next(node.text for node in event.iter() if node.tag.endswith(name)) for name in names)
        for event in events
        for names in [("}BillingAccountId", "}Action", "}ServiceId")]
    ]
    assert heard == [(GIVER, "Stop", NUMBER), ("2-AW-BILL", "Start", NUMBER)]


def test_it_ends_and_begins_on_one_day(any_care, line):
    giving, taking = transferred(any_care, line, due_date="2030-01-31")
    for quote in (giving, taking):
        assert {item.get("Due Date") for item in items_of(quote)} == {"2030-01-31"}


def test_the_active_quote_is_the_taking_accounts(any_care, line):
    _, taking = transferred(any_care, line)
    again = the(any_care("new-products-and-services", account=TAKER))
    assert again.get("Quote Number") == taking.get("Quote Number")


def test_what_can_not_be_transferred_is_refused(any_care, line):
    care, key = any_care, line.get(KEY)
    assert care.refused("transfer", account=GIVER, root=key, to=GIVER) == (
        f"the service item '{key}' can't be transferred from '{GIVER}' to '{GIVER}'\n"
        "  where: argument 'to'\n"
        "  why:   both are the same account\n"
        "  mend:  name the account of the new owner"
    )
    assert "argument 'to'" in care.refused("transfer", account=GIVER, root=key, to="NOBODY")
    assert "has no service item 'X'" in care.refused("transfer", account=GIVER, root="X", to=TAKER)
    caller_id = next(item for item in line_items(line) if item.get("Product Id") == "Caller Id")
    assert "is a component" in care.refused("transfer", account=GIVER, root=caller_id.get(KEY), to=TAKER)
    suspension = care.place(the(care("suspend", account=GIVER, root=key)).get("Quote Number"))
    assert care.refused("transfer", account=GIVER, root=key, to=TAKER) == (
        f"the service item '{key}' can't be transferred yet\n"
        f"  where: account '{GIVER}', line item '{key}'\n"
        f"  why:   orders on it are open: {suspension.get('Order Number')}; they would come to nothing\n"
        "  mend:  transfer it when they are complete, or cancel them first"
    )
    care.install(suspension)
    assert care.refused("transfer", account=GIVER, root=key, to=TAKER) == (
        f"the service item '{key}' can't be transferred while it is suspended\n"
        f"  where: account '{GIVER}', line item '{key}'\n"
        "  why:   the new owner's service would begin Active\n"
        "  mend:  resume it first (resume), then transfer it"
    )
    order = care.place(the(care("disconnect", account=GIVER, root=key)).get("Quote Number"))
    assert "already been made to disconnect" in care.refused("transfer", account=GIVER, root=key, to=TAKER)
    care("cancel-order", order=order.get("Order Number"))
