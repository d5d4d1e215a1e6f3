"""A quote's last day, and another price list for a quote that is there."""

from __future__ import annotations

from integration_objects.complex_object import line_items
from tests.customer_care import the
from tests.road import sample


def quoted(care, **arguments):
    care("new-quote", account="1-B", **arguments)
    return the(care("new-products-and-services", account="1-B", product="Calling Card")).get("Quote Number")


def texts(outcome, kind):
    return [note.text for note in outcome.notes if note.kind == kind]


def test_a_quote_holds_on_its_last_day_and_not_after_it(any_care):
    today = any_care.open_hub.surroundings.now()[:10]
    number = quoted(any_care, valid_until=today)
    assert texts(any_care("verify", quote=number), "expired") == []
    assert any_care.place(number).get("Status") == "New"


def test_an_expired_quote_is_told_refused_and_renewed_by_reprice(any_care):
    number = quoted(any_care, valid_until="2020-01-31")
    told = ["the quote was valid until 2020-01-31; reprice renews it"]
    assert texts(any_care("verify", quote=number), "expired") == told
    assert any_care.refused("quote-to-order", quote=number) == (
        f"the quote {number} is no longer valid\n"
        f"  where: quote {number}, Valid Until Date\n"
        "  why:   its last day was 2020-01-31\n"
        "  mend:  reprice it (`orderhub workflow reprice`), which renews it with the prices of today"
    )
    renewed = any_care("reprice", quote=number)
    today = any_care.open_hub.surroundings.now()[:10]
    assert texts(renewed, "valid") == [f"the quote is valid until {today}"]
    assert any_care.quote(number).get("Valid Until Date") == today
    assert any_care.place(number).get("Status") == "New"


def test_a_last_day_that_is_over_is_told_when_the_quote_is_made(care):
    made = care("new-quote", account="2-LB", valid_until="2019-01-01")
    assert texts(made, "expired") == ["the quote was valid until 2019-01-01; reprice renews it"]


def test_reprice_gives_another_last_day_that_is_not_over(care):
    number = quoted(care, valid_until="2020-01-31")
    care("reprice", quote=number, valid_until="2099-12-31")
    assert care.quote(number).get("Valid Until Date") == "2099-12-31"
    assert care.refused("reprice", quote=number, valid_until="2020-02-01") == (
        f"the quote {number} can't be valid until 2020-02-01\n"
        f"  where: quote {number}, Valid Until Date\n"
        "  why:   that day is over\n"
        "  mend:  give today or a later day, or leave valid-until= out for today"
    )
    assert care("reprice", quote=number).notes[0].kind == "rate"


def test_a_quote_gets_another_price_list(any_care):
    number = the(any_care("new-products-and-services", account="1-B", product="Local Breakthrough Package")).get(
        "Quote Number"
    )
    text = sample("price_list.xml").decode().replace("<PriceListId>Standard<", "<PriceListId>Friends<")
    any_care.road.load(text.replace("<Price>19.95<", "<Price>17.00<"))
    outcome = any_care("reprice", quote=number, price_list="Friends")
    assert texts(outcome, "price list") == ["Friends, before Standard"]
    assert texts(outcome, "price") == ["19.95 -> 17.00 USD"]
    quote = any_care.quote(number)
    assert quote.get("Price List Id") == "Friends"
    assert [root.get("Adjusted Price") for root in line_items(quote)] == ["17.00"]
    # The quote keeps the list: a further pricing takes the same.
    assert texts(any_care("reprice", quote=number), "price") == []


def test_a_price_list_of_another_currency_or_time_is_refused(care):
    number = quoted(care)
    text = sample("price_list.xml").decode().replace("<PriceListId>Standard<", "<PriceListId>Other<")
    care.road.load(text.replace("<CurrencyCode>USD<", "<CurrencyCode>JPY<"))
    other = care.refused("reprice", quote=number, price_list="Other")
    assert "has no prices in USD" in other
    assert "where: argument 'price-list'" in other
    old = text.replace(">Other<", ">Old<").replace(
        "<CurrencyCode>USD<", "<EffectiveEndDate>2020-12-31</EffectiveEndDate><CurrencyCode>USD<"
    )
    care.road.load(old)
    assert "its last day was 2020-12-31" in care.refused("reprice", quote=number, price_list="Old")
    assert "no price list 'None'" in care.refused("reprice", quote=number, price_list="None")
