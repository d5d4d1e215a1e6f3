"""Which price list a quote is priced by.

The quote's own; else the only one of its currency that holds on the date that is priced for. Several, or none, are
for a person to decide.

Spec: workflows.md, "Configurator and pricing" (price lists with effective dates and currency).
"""

from __future__ import annotations

from hub.pricing import PriceList
from hub.pricing.price_list import pricing_moment
from hub.run import Run
from integration_objects.errors import Refused
from integration_objects.property_set import PropertySet


class PriceListMissing(Refused):
    """No price list holds for what is to be priced."""


class PriceListUnclear(Refused):
    """Several price lists hold, and nobody says which is meant."""


class PriceListInAnotherCurrency(Refused):
    """A quote or order is in one currency, and its price list in another."""


def price_list_for(run: Run, header: PropertySet, on: str | None = None) -> PriceList:
    """The price list of a quote or order; its id and currency go into the header where it has none.

    Args:
        run: the run.
        header: the quote or order. Changed in place.
        on: the date that is priced for; None: now.

    Raises:
        PriceListUnknown, PriceListMissing, PriceListUnclear, PriceListInAnotherCurrency: see there.
    """
    price_list_id = header.get("Price List Id")
    found = run.price_list(price_list_id) if price_list_id is not None else _only_one(run, header, on or run.now())
    header.properties["Price List Id"] = found.price_list_id
    header.properties["Currency Code"] = _currency_of(found, header.get("Currency Code"), _label(header))
    return found


def listed_currency(run: Run, price_list: str | None, currency: str | None) -> str | None:
    """The currency of a new quote or order that a price list and a currency are asked for; None for neither.

    Raises:
        PriceListUnknown, PriceListInAnotherCurrency: see there.
    """
    if price_list is None:
        return currency
    return _currency_of(run.price_list(price_list), currency, "argument 'currency'")


def _currency_of(found: PriceList, currency: str | None, where: str) -> str:
    if currency not in (None, found.currency):
        raise PriceListInAnotherCurrency(
            f"the price list '{found.price_list_id}' has no prices in {currency}",
            where=where,
            why=f"it is in {found.currency}",
            mend=f"take a price list in {currency}, or the currency {found.currency}",
        )
    return found.currency


def _label(header: PropertySet) -> str:
    """The quote or order, for an error."""
    kind = header.type
    return f"{kind.lower()} {header.get(f'{kind} Number')}"


def _only_one(run: Run, header: PropertySet, on: str) -> PriceList:
    currency = header.get("Currency Code")
    moment = pricing_moment(on)
    where = f"{_label(header)}, Price List Id"
    when = "now" if on == run.now() else f"on {on[:10]}"
    ids = sorted(found["Price List Id"] or "" for found in run.price_lists(currency))
    lists = [one for one in map(run.price_list, ids) if one.period.holds(moment)]
    if len(lists) == 1:
        return lists[0]
    of_what = f"in {currency}" if currency is not None else "in any currency"
    if not lists:
        raise PriceListMissing(
            f"there is no price list {of_what} to price by",
            where=where,
            why=f"none of {', '.join(ids)} holds {when}" if ids else "none is stored",
            mend=f"load a price list (orderhub load), or make the {header.type.lower()} with price-list=",
        )
    raise PriceListUnclear(
        f"there are {len(lists)} price lists {of_what} to price by",
        where=f"quote {header.get('Quote Number')}, Price List Id",
        why=f"{', '.join(one.price_list_id for one in lists)} hold {when}",
        mend=f"make the {header.type.lower()} with price-list=",
    )
