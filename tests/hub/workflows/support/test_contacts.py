"""Contacts in context: the most specific rule decides, a default always holds, and closed contacts say when."""

from __future__ import annotations

import pytest

from hub.workflows.support.contact_context import LineWithoutOrder
from hub.workflows.support.contact_rules import (
    CallbackMinutesUnfit,
    ContactUnreachable,
    ContactZoneUnknown,
    NoDefaultContact,
)
from hub.workflows.support.contacts import NO_RULES
from hub.workflows.support.hours import HoursUnreadable
from integration_objects.errors import Refused
from tests.customer_care import the

#: a Monday, 10:00 in Los Angeles
MONDAY = "2026-02-02T18:00:00Z"
#: the same day, 22:00
EVENING = "2026-02-03T06:00:00Z"


PACKAGE = "Local Breakthrough Package"
PACK = [
    {"request": "set", "item": f"{PACKAGE}/Local Line", "fields": {"Service Id": "509-555-0177"}},
    {"request": "set", "item": f"{PACKAGE}/Local Line/Call Forwarding", "attributes": {"Forwarding Number": "206-1"}},
]


def rules(care, *instances):
    head = '<Message IntObjectName="Contact Rule"><ListOfContactRule>'
    told = "".join(f"<ContactRule>{one}</ContactRule>" for one in instances)
    return care.road.load(f"{head}{told}</ListOfContactRule></Message>")


def asked(care, **about):
    """The contact, the rule that decides, and why."""
    row = care("contact-for", **{"at": MONDAY, **about}).rows[0]
    return row["contact"], row["rule"], row["because"]


def test_the_most_specific_rule_decides_and_is_named(office):
    assert asked(office) == ("Service desk", "Default", "no other rule holds")
    assert asked(office, product="Local Line")[1:] == ("Local lines", "Product Id is Local Line")
    # A product's own rule weighs more than a rule for the kind of change.
    assert asked(office, product="Local Line", order_type="Delete")[0] == "Line desk"
    assert asked(office, product="Calling Card", order_type="Delete")[0] == "Retention"
    assert asked(office, product="local line", status="failed")[1] == "Local lines, failed"
    assert asked(office, at=EVENING)[:2] == ("Night shift", "Night")
    names = [row["rule"] for row in office("contact-for", product="Local Line", status="Failed", at=EVENING).rows]
    assert names == ["Local lines, failed", "Local lines", "Night", "Default"]


def test_a_product_stands_beneath_those_whose_structures_have_it(office):
    rules(
        office,
        "<RuleName>Packages</RuleName><ProductId>Local Breakthrough Package</ProductId>"
        "<ContactName>Package desk</ContactName><PhoneNumber>1</PhoneNumber>",
    )
    assert asked(office, product="Voice Mail")[0] == "Line desk"  # it is part of a line, which is part of a package
    assert asked(office, product="Local Breakthrough Package")[0] == "Package desk"
    assert asked(office, product="Calling Card")[0] == "Service desk"


def test_an_order_and_its_lines_tell_products_types_status_and_region(desk):
    quote = the(desk("new-products-and-services", account="2-LB", product=PACKAGE, requests=PACK))
    number = desk.place(quote.get("Quote Number")).get("Order Number")
    assert asked(desk, order=number)[0] == "Service desk"
    assert asked(desk, order=number, line="Local Breakthrough Package/Local Line/Caller Id")[0] == "Line desk"
    rules(
        desk,
        "<RuleName>Spokane</RuleName><Region>Spokane</Region><ContactName>Town</ContactName>"
        "<PhoneNumber>1</PhoneNumber>",
        "<RuleName>Washington</RuleName><Region>wa</Region><ContactName>State</ContactName>"
        "<PhoneNumber>1</PhoneNumber>",
        "<RuleName>New</RuleName><OrderType>Add</OrderType><Status>Pending</Status><ContactName>Sales</ContactName>"
        "<PhoneNumber>1</PhoneNumber>",
    )
    # The line's status, Pending, is nearer than the order's, and its city is nearer than its state.
    assert asked(desk, order=number, line="1")[0] == "Sales"
    assert asked(desk, order=number)[0] == "Town"
    assert asked(desk, account="2-LB")[0] == "Town"
    assert asked(desk, account="2-AW-CA")[0] == "Service desk"
    assert asked(desk, account="2-LB", region="WA")[0] == "State"
    assert asked(desk, page="orders")[0] == "Service desk"


def test_outside_of_hours_the_contact_says_when(office):
    (row,) = (
        row for row in office("contact-for", product="Local Line", at=EVENING).rows if row["rule"] == "Local lines"
    )
    assert (row["now"], row["next"]) == ("closed", "opens Tue 2026-02-03 08:00")
    row = office("contact-for", product="Local Line", at=MONDAY).rows[0]
    assert (row["now"], row["next"]) == ("open", "until Mon 2026-02-02 18:00")
    assert (row["phone"], row["email"]) == ("800-555-0110", "lines@hub.example")
    night = office("contact-for", at=EVENING).rows[0]
    assert (night["hours"], night["now"], night["next"]) == ("always", "open", None)


def test_a_contact_for_what_is_not_there_is_refused(desk):
    assert "there is no order 'O-9'" in desk.refused("contact-for", order="O-9")
    assert "the account 'NOBODY' is unknown" in desk.refused("contact-for", account="NOBODY")
    with pytest.raises(LineWithoutOrder):
        desk("contact-for", line="1")


def test_without_rules_nobody_is_named(care):
    answer = care("contact-for", account="2-LB")
    assert (answer.rows, answer.why) == ((), NO_RULES)


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ("<RuleName>A</RuleName><ContactName>A</ContactName>", ContactUnreachable),
        (
            "<RuleName>A</RuleName><ContactName>A</ContactName><PhoneNumber>1</PhoneNumber><Hours>9-5</Hours>",
            HoursUnreadable,
        ),
        (
            "<RuleName>A</RuleName><ContactName>A</ContactName><PhoneNumber>1</PhoneNumber><TimeZone>Mars</TimeZone>",
            ContactZoneUnknown,
        ),
        ("<RuleName>Default</RuleName><CallbackMinutes>99999999999999</CallbackMinutes>", CallbackMinutesUnfit),
        ("<RuleName>Default</RuleName><CallbackMinutes>-5</CallbackMinutes>", CallbackMinutesUnfit),
        ("<RuleName>Default</RuleName><CallbackMinutes>1.5</CallbackMinutes>", CallbackMinutesUnfit),
        ("<RuleName>Default</RuleName><ActiveFlag>N</ActiveFlag>", NoDefaultContact),
        ("<RuleName>Default</RuleName><Page>orders</Page>", NoDefaultContact),
        (
            "<RuleName>A</RuleName><ContactName>A</ContactName><PhoneNumber>1</PhoneNumber><OrderType>Sell</OrderType>",
            Refused,
        ),
        (
            "<RuleName>A</RuleName><ContactName>A</ContactName><PhoneNumber>1</PhoneNumber><ProductId>None</ProductId>",
            Refused,
        ),
    ],
)
def test_rules_that_could_not_be_used_are_refused_whole(desk, rule, error):
    before = desk.rows()
    with pytest.raises(error):
        rules(desk, rule)
    assert desk.rows() == before
