"""Requests call items by any of their names: on a service item, a quote and an order."""

from __future__ import annotations

import pytest

from integration_objects.complex_object import attributes, instances, line_items, walk_items
from integration_objects.names import KEY
from tests.customer_care import lines, the
from tests.road import sample

BUNDLE, LINE = "Small Business Enabler", "Local Line"
#: a bundle has five lines at least
NUMBERS = [f"509-555-010{number}" for number in range(5)]


def number_of(product, number):
    return {"request": "set", "item": product, "fields": {"Service Id": number}}


def business(care, account="1-B"):
    """A bundle of lines with numbers on the account's active quote; the quote."""
    first = f"{BUNDLE}/{LINE}"
    asked = [
        number_of(first, NUMBERS[0]),
        {"request": "set", "item": f"{first}/Voice Mail", "attributes": {"Password": "1"}},
        {"request": "copy", "item": first, "times": 4, "fields": [{"Service Id": number} for number in NUMBERS[1:]]},
    ]
    return the(care("new-products-and-services", account=account, product=BUNDLE, requests=asked))


def installed(care):
    """The root of the bundle in the account's profile."""
    care.install(care.place(business(care).get("Quote Number")))
    return care.profile_root("1-B")


def service_ids(instance):
    return [item.get("Service Id") for item in lines(instance, LINE)]


def test_requests_on_a_service_item_call_its_components_by_their_names(care):
    root = installed(care)
    lines_there = line_items(root)
    quote = the(
        care(
            "modify",
            account="1-B",
            root=BUNDLE,
            requests=[
                {"request": "add", "product": "Caller Id", "beneath": "5095550101"},
                number_of(lines_there[2].get(KEY)[-7:], "509-555-0202"),
                number_of(f"{LINE}[4]", "509-555-0203"),
                {"request": "set", "item": "509-555-0104/Voice Mail", "attributes": {"Password": "4321"}},
                {"request": "copy", "item": "509-555-0100", "fields": [{"Service Id": "509-555-0105"}]},
            ],
        )
    )
    changed = lines(quote, LINE)
    assert [item.get("Service Id") for item in changed] == [
        "509-555-0100",
        "509-555-0105",
        "509-555-0101",
        "509-555-0202",
        "509-555-0203",
        "509-555-0104",
    ]
    assert "Caller Id" in [item.get("Product Id") for item in line_items(changed[2])]
    (voice_mail,) = [item for item in line_items(changed[5]) if item.get("Product Id") == "Voice Mail"]
    assert ("Password", "***") in [(value.get("Name"), value.get("Text Value")) for value in attributes(voice_mail)]


def test_a_name_of_many_items_is_refused_with_their_names(care):
    installed(care)
    said = care.refused("modify", account="1-B", root=BUNDLE, requests=[number_of("Voice Mail", "1")])
    assert said.startswith(
        "'Voice Mail' is the name of 5 items\n  where: request 1 (set)\n  why:   they are Voice Mail ("
    )
    said = care.refused("modify", account="1-B", root=BUNDLE, requests=[{"request": "remove", "item": "509-555-9100"}])
    assert said.startswith(
        "there is no item '509-555-9100'\n"
        "  where: request 1 (remove)\n"
        "  why:   it is no name of the batch, and as the service is requested now, its items are Small "
        "Business Enabler ("
    )
    assert said.endswith(" more\n  mend:  did you mean '509-555-0100'?")


def test_requests_on_a_quote_call_lines_by_their_numbers(care):
    quote = business(care)
    number = quote.get("Quote Number")
    (third,) = [item for item in lines(quote, LINE) if item.get("Service Id") == NUMBERS[2]]
    edited = the(
        care(
            "edit-quote-line-item",
            quote=number,
            line="1",
            requests=[
                number_of(third.get("Line Number"), "509-555-0300"),
                {"request": "add", "product": "Caller Id", "beneath": NUMBERS[3], "name": "2"},
            ],
        )
    )
    assert service_ids(edited) == [*NUMBERS[:2], "509-555-0300", *NUMBERS[3:]]


def test_a_line_that_takes_a_service_away_is_not_configured(care):
    root = installed(care)
    added = {"request": "copy", "item": NUMBERS[0], "fields": [{"Service Id": "509-555-0105"}]}
    requests = [added, {"request": "remove", "item": NUMBERS[1]}]
    quote = the(care("modify", account="1-B", root=BUNDLE, requests=requests))
    (gone,) = lines(quote, LINE, "Delete")
    assert gone.get(KEY) == line_items(root)[1].get(KEY)
    number = quote.get("Quote Number")
    said = care.refused("edit-quote-line-item", quote=number, line="1", requests=[number_of(NUMBERS[1], "1")])
    assert said == (
        f"Local Line {NUMBERS[1]} can't be configured\n"
        f"  where: request 1 (set), quote {number}, line {gone.get('Line Number')}\n"
        "  why:   the quote takes it away\n"
        "  mend:  modify the service item instead: that replaces the quote's lines of it"
    )
    order = care.place(number).get("Order Number")
    # Postponed, while another line is configured in the same batch.
    later = {"request": "set", "item": NUMBERS[1], "fields": {"Due Date": "2030-01-01"}}
    edited = the(
        care(
            "edit-order-line-item", order=order, line=BUNDLE, requests=[later, number_of("5095550105", "509-555-0106")]
        )
    )
    assert [item.get("Due Date") for item in lines(edited, LINE, "Delete")] == ["2030-01-01"]
    assert [item.get("Service Id") for item in lines(edited, LINE, "Add")] == ["509-555-0106"]
    said = care.refused("edit-order-line-item", order=order, line="1", requests=[number_of(NUMBERS[1], "1")])
    assert "the order takes it away" in said


@pytest.mark.parametrize("name", ["EL-40017", "Electricity", "SP-WINTER-EL"])
def test_a_service_is_called_by_the_number_of_its_meter(care, name):
    for file in ("service_points.xml", "meters.xml", "meter_locations.xml"):
        care.road.load(sample(file))
    care.road.load(
        """<Message IntObjectName="OM Asset"><ListOfOMAsset><Asset><AccountId>2-EN</AccountId><ListOfLineItem>
          <LineItem><IntegrationId>HE</IntegrationId><ProductId>Home Energy</ProductId><Quantity>1</Quantity>
            <ListOfLineItem><LineItem><IntegrationId>EL</IntegrationId><ProductId>Electricity</ProductId>
              <Quantity>1</Quantity><ServicePointId>SP-WINTER-EL</ServicePointId>
              <ListOfAttribute><Attribute><Name>Tariff</Name><TextValue>Green</TextValue></Attribute></ListOfAttribute>
            </LineItem></ListOfLineItem></LineItem></ListOfLineItem></Asset></ListOfOMAsset></Message>"""
    )
    tariff = {"request": "set", "item": name, "attributes": {"Tariff": "Standard"}}
    outcome = care("modify", account="2-EN", root="HE", requests=[tariff])
    (quote,) = instances(outcome.objects[0])
    values = [value.get("Text Value") for item, _ in walk_items(quote) for value in attributes(item)]
    assert values == ["Standard"]
