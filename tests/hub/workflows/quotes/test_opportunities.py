"""Update Opportunity: revenue items replaced by what the quote promises."""

from __future__ import annotations

import pytest

from integration_objects.complex_object import components, instances, line_items
from tests.customer_care import the

OPPORTUNITY = """<Message MessageType="Integration Object" IntObjectName="Opportunity" IntObjectFormat="Hierarchical">
<ListOfOpportunity><Opportunity><OpportunityId>OP-1</OpportunityId><AccountId>1-B</AccountId><Status>Open</Status>
 <CloseDate>2026-01-31</CloseDate><CurrencyCode>USD</CurrencyCode><ListOfRevenueItem>
 <RevenueItem><Sequence>1</Sequence><Quantity>10</Quantity><Price>5.99</Price></RevenueItem>
 <RevenueItem><Sequence>2</Sequence><Quantity>1</Quantity><Price>9.99</Price></RevenueItem>
</ListOfRevenueItem></Opportunity></ListOfOpportunity></Message>"""
VOICE_MAIL = {"request": "set", "item": "Voice Mail", "attributes": {"Password": "1"}}


def quoted(care, product="Voice Mail", requests=(VOICE_MAIL,), **more):
    """A quote for the opportunity with a product."""
    care.road.load(OPPORTUNITY)
    quote = the(care("new-quote", account="1-B", opportunity="OP-1"))
    care("new-products-and-services", account="1-B", product=product, requests=list(requests) or None, **more)
    return quote.get("Quote Number")


def change_lines(care, number, **fields):
    """Change the fields of a stored quote's roots behind the workflows' back."""
    with care.open_hub.write() as transaction:
        stored = transaction.store.query("OM Quote", {"Quote Number": number})
        for root in line_items(instances(stored)[0]):
            root.properties.update({name.replace("_", " "): text for name, text in fields.items()})
        transaction.store.update(stored)


def change_header(care, number, **fields):
    """Change the fields of a stored quote behind the workflows' back."""
    with care.open_hub.write() as transaction:
        stored = transaction.store.query("OM Quote", {"Quote Number": number})
        instances(stored)[0].properties.update({name.replace("_", " "): text for name, text in fields.items()})
        transaction.store.update(stored)


def revenue(care, *fields):
    (opportunity,) = care.road.stored("Opportunity", Opportunity_Id="OP-1")
    return [tuple(item.get(field) for field in fields) for item in components(opportunity, "Revenue Item")]


def test_revenue_items_are_replaced(any_care):
    number = quoted(any_care, quantity="2")
    for _ in range(2):  # the same again, not more
        any_care("update-opportunity", quote=number)
        assert revenue(any_care, "Sequence", "Product Id", "Quantity", "Price", "Price Type", "Currency Code") == [
            ("1", "Voice Mail", "2", "6.95", "Recurring", "USD")
        ]
    assert revenue(any_care, "Date", "Quote Id") == [("2026-01-31", any_care.quote(number).get("Row Id"))]


def test_recurring_charges_come_a_unit_of_measure_apart(any_care):
    """As many as Number Of Occurrences; a month's end stays in its month."""
    number = quoted(any_care)
    change_lines(any_care, number, Number_Of_Occurrences="4")
    any_care("update-opportunity", quote=number)
    assert revenue(any_care, "Sequence", "Date") == [
        ("1", "2026-01-31"),
        ("2", "2026-02-28"),
        ("3", "2026-03-31"),
        ("4", "2026-04-30"),
    ]


@pytest.mark.parametrize(
    ("unit", "dates"),
    [
        ("Day", ["2026-12-30", "2026-12-31", "2027-01-01"]),
        ("Week", ["2026-12-30", "2027-01-06", "2027-01-13"]),
        ("Quarter", ["2026-12-30", "2027-03-30", "2027-06-30"]),
        ("Year", ["2026-12-30", "2027-12-30", "2028-12-30"]),
    ],
)
def test_units_and_due_dates(care, unit, dates):
    """The first comes with the line's due date, where it has one."""
    number = quoted(care)
    change_lines(care, number, Number_Of_Occurrences="3", Unit_Of_Measure=unit, Due_Date="2026-12-30")
    care("update-opportunity", quote=number)
    assert revenue(care, "Date") == [(date,) for date in dates]


def test_a_revenue_items_date_is_a_day_whatever_the_time_of_the_due_date(care):
    """The stored due date is in UTC; its day counts, of the first charge as of those after it."""
    number = quoted(care)
    change_lines(care, number, Number_Of_Occurrences="2", Due_Date="2027-01-01T00:30:00+02:00")
    care("update-opportunity", quote=number)
    assert revenue(care, "Date") == [("2026-12-31",), ("2027-01-31",)]


@pytest.mark.parametrize(
    "fields",
    [
        {"Price_Type": "Usage"},
        {"Quantity": "0"},
        {"Action_Code": "Delete"},
        {"Action_Code": "-"},
        {"Number_Of_Occurrences": "0"},
    ],
)
def test_what_is_no_revenue_makes_none(care, fields):
    number = quoted(care)
    change_lines(care, number, **fields)
    care("update-opportunity", quote=number)
    assert revenue(care) == []


def test_one_time_charges_count_once(care):
    number = quoted(care, "Installation", ())
    change_lines(care, number, Number_Of_Occurrences="4")
    care("update-opportunity", quote=number)
    assert revenue(care, "Product Id", "Price", "Price Type") == [("Installation", "15.00", "One-Time")]


def test_a_quote_without_an_opportunity_is_refused(care):
    number = the(care("new-quote", account="1-B")).get("Quote Number")
    assert care.refused("update-opportunity", quote=number) == (
        f"the quote {number} belongs to no opportunity\n"
        f"  where: quote {number}, Opportunity Id\n"
        "  why:   only the opportunity that a quote was made for has revenue from it\n"
        "  mend:  make quotes for an opportunity with new-quote opportunity="
    )
    assert care.refused("new-quote", account="1-B", opportunity="OP-9") == (
        "the opportunity 'OP-9' is unknown\n"
        "  where: argument 'opportunity'\n"
        "  why:   no opportunity of this id is stored\n"
        "  mend:  mend the Opportunity Id, or load the opportunity (orderhub load)"
    )


def test_charges_that_cannot_be_spread_are_refused(care):
    number = quoted(care)
    change_lines(care, number, Number_Of_Occurrences="2", Unit_Of_Measure="kWh")
    assert care.refused("update-opportunity", quote=number) == (
        "the recurring charges of 'Voice Mail' can't be spread over time\n"
        f"  where: quote {number}, line 1, Unit Of Measure\n"
        "  why:   expected one of Day, Week, Month, Quarter, Year, found 'kWh'\n"
        "  mend:  mend the unit in the price list, and reprice the quote"
    )
    for unit, occurrences, why in (
        ("Month", "100000", "the opportunity would have more than 10,000 revenue items"),
        ("Year", "500", "its charges reach beyond the year 2199"),
    ):
        change_lines(care, number, Number_Of_Occurrences=occurrences, Unit_Of_Measure=unit)
        assert care.refused("update-opportunity", quote=number) == (
            "the recurring charges of 'Voice Mail' are too many\n"
            f"  where: quote {number}, line 1, Number Of Occurrences\n"
            f"  why:   {why}; the line has {occurrences} occurrences\n"
            "  mend:  mend the number in the price list, and reprice the quote"
        )


def test_another_customers_opportunity_is_refused(care):
    care.road.load(OPPORTUNITY)
    assert care.refused("new-quote", account="1-C-BILL", opportunity="OP-1") == (
        "the opportunity 'OP-1' is another customer's\n"
        "  where: argument 'opportunity'\n"
        "  why:   it is a sale to the account '1-B' of the customer '1-B'; the quote's account '1-C-BILL' is of '1-C'\n"
        "  mend:  name an opportunity of the quote's customer, or make the quote for an account of the other one"
    )
    number = the(care("new-quote", account="1-C-BILL")).get("Quote Number")
    change_header(care, number, Opportunity_Id="OP-1")
    assert care.refused("update-opportunity", quote=number).splitlines()[:2] == [
        "the opportunity 'OP-1' is another customer's",
        f"  where: quote {number}, Opportunity Id",
    ]


def test_an_opportunity_of_the_customer_takes_quotes_of_all_its_accounts(care):
    care.road.load(OPPORTUNITY.replace("1-B", "1-C"))
    quote = the(care("new-quote", account="1-C-BILL", opportunity="OP-1"))
    assert quote.get("Opportunity Id") == "OP-1"
