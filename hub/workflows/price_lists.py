"""Which price list a quote is priced by.

The quote's own; else the only one of its currency that holds now. Several, or none, are for a person to decide.

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


def price_list_for(run: Run, header: PropertySet) -> PriceList:
    """The price list of a quote or order; its id and currency go into the header where it has none.

    Args:
        run: the run.
        header: the quote or order. Changed in place.

    Raises:
        PriceListUnknown, PriceListMissing, PriceListUnclear: see there.
    """
    price_list_id = header.get("Price List Id")
    found = run.price_list(price_list_id) if price_list_id is not None else _only_one(run, header)
    header.properties["Price List Id"] = found.price_list_id
    if header.get("Currency Code") is None:
        header.properties["Currency Code"] = found.currency
    return found


def _only_one(run: Run, header: PropertySet) -> PriceList:
    currency = header.get("Currency Code")
    moment = pricing_moment(run.now())
    ids = sorted(found["Price List Id"] or "" for found in run.price_lists(currency))
    lists = [one for one in map(run.price_list, ids) if one.period.holds(moment)]
    if len(lists) == 1:
        return lists[0]
    of_what = f"in {currency}" if currency is not None else "in any currency"
    if not lists:
        raise PriceListMissing(
            f"there is no price list {of_what} to price by",
            where=f"quote {header.get('Quote Number')}, Price List Id",
            why=f"none of {', '.join(ids)} holds now" if ids else "none is stored",
            mend="load a price list (orderhub load), or make the quote with price-list=",
        )
    raise PriceListUnclear(
        f"there are {len(lists)} price lists {of_what} to price by",
        where=f"quote {header.get('Quote Number')}, Price List Id",
        why=f"{', '.join(one.price_list_id for one in lists)} hold now",
        mend="make the quote with price-list=",
    )
