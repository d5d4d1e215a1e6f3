"""The validity of a quote: the last day on which its prices can be ordered.

Spec: docs/design/workflows.md, "Quotes".
"""

from __future__ import annotations

from hub.pricing.price_list import pricing_moment
from hub.workflow_manager.outcome import Note
from hub.workflow_manager.run import Run
from hub.workflows.state.days import is_before, today
from hub.workflows.state.price_lists import listed_currency
from integration_objects.errors import Refused
from integration_objects.property_set import PropertySet

VALID_UNTIL = "Valid Until Date"


class QuoteExpired(Refused):
    """A quote is to be ordered after its last day."""

    what = "the quote {number} is no longer valid"
    where = "quote {number}, Valid Until Date"
    why = "its last day was {day}"
    mend = "reprice it (`orderhub workflow reprice`), which renews it with the prices of today"


def prove_valid(run: Run, quote: PropertySet) -> None:
    """Refuse a quote whose last day is over.

    Raises:
        QuoteExpired: it is over.
    """
    if is_expired(run, quote):
        raise QuoteExpired(number=quote.get("Quote Number"), day=(quote.get(VALID_UNTIL) or "")[:10])


def is_expired(run: Run, quote: PropertySet) -> bool:
    """Tell whether the last day of a quote is over; a quote without one has no end."""
    last = quote.get(VALID_UNTIL)
    return last is not None and is_before(run, last, run.now())


def validity_notes(run: Run, quote: PropertySet) -> list[Note]:
    """Report a quote that is no longer valid."""
    if not is_expired(run, quote):
        return []
    return [Note("expired", f"the quote was valid until {(quote.get(VALID_UNTIL) or '')[:10]}; reprice renews it")]


def renew(run: Run, quote: PropertySet, valid_until: str | None) -> list[Note]:
    """Give a quote its new last day: *valid_until*; without it, an expired quote holds today. Changes *quote*."""
    if valid_until is None and not is_expired(run, quote):
        return []
    quote.properties[VALID_UNTIL] = valid_until or today(run)
    if is_expired(run, quote):
        raise QuoteExpired(
            f"the quote {quote.get('Quote Number')} can't be valid until {(valid_until or '')[:10]}",
            why="that day is over",
            mend="give today or a later day, or leave valid-until= out for today",
            number=quote.get("Quote Number"),
        )
    return [Note("valid", f"the quote is valid until {(quote.get(VALID_UNTIL) or '')[:10]}")]


def choose_price_list(run: Run, quote: PropertySet, price_list: str) -> list[Note]:
    """Give a quote another price list of its currency, which holds now. Changes *quote*.

    Raises:
        PriceListUnknown, PriceListInAnotherCurrency, PriceListNotEffective: the list can't be the quote's.
    """
    former = quote.get("Price List Id")
    currency = listed_currency(run, price_list, quote.get("Currency Code"))
    run.price_list(price_list).at(pricing_moment(run.now()))
    quote.properties |= {"Price List Id": price_list, "Currency Code": currency}
    return [] if former == price_list else [Note("price list", f"{price_list}, before {former or 'none'}")]
