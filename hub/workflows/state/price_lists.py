"""Which price list a quote or an order is priced by.

The one that it names; else one of its currency that holds on the date that is priced for. Of several, a quote's is for
a person to choose; an order that a sender sent gets the newest, the one that began last.

Spec: docs/design/workflows.md, "Configurator and pricing" (price lists with effective dates and currency).
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.pricing import PriceList
from hub.pricing.price_list import pricing_moment
from hub.workflow_manager.run import Run
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
    on = None if on == run.now() else on
    return _put(header, _named(run, header) or _only_one(header, _holding(run, header, on), on))


def newest_price_list_for(run: Run, order: PropertySet) -> PriceList:
    """The price list of a received order; where it names none, the newest that holds.

    Args:
        run: the run.
        order: the order's header. Changed in place, as by `price_list_for`.

    Raises:
        PriceListUnknown, PriceListMissing, PriceListInAnotherCurrency: see there.
        PriceListUnclear: several began last, at the same moment.
    """
    found = _named(run, order)
    if found is None:
        lists = _holding(run, order)
        last = max(one.period.started for one in lists)
        found = _only_one(order, [one for one in lists if one.period.started == last])
    return _put(order, found)


def listed_currency(run: Run, price_list: str | None, currency: str | None) -> str | None:
    """The currency of a new quote or order that a price list and a currency are asked for; None for neither.

    Raises:
        PriceListUnknown, PriceListInAnotherCurrency: see there.
    """
    if price_list is None:
        return currency
    return _currency_of(run.price_list(price_list), currency, "argument 'currency'")


def _named(run: Run, header: PropertySet) -> PriceList | None:
    price_list_id = header.get("Price List Id")
    return None if price_list_id is None else run.price_list(price_list_id)


def _put(header: PropertySet, found: PriceList) -> PriceList:
    header.properties["Price List Id"] = found.price_list_id
    header.properties["Currency Code"] = _currency_of(found, header.get("Currency Code"), _label(header))
    return found


def _currency_of(found: PriceList, currency: str | None, where: str) -> str:
    if currency not in (None, found.currency):
        raise PriceListInAnotherCurrency(
            f"the price list '{found.price_list_id}' has no prices in {currency}",
            where=where,
            why=f"it is in {found.currency}",
            mend=f"take a price list in {currency}, or the currency {found.currency}",
        )
    return found.currency


def _holding(run: Run, header: PropertySet, on: str | None = None) -> list[PriceList]:
    """The price lists of a header's currency that hold on a date; refused where there is none."""
    moment = pricing_moment(on or run.now())
    ids = sorted(found["Price List Id"] or "" for found in run.price_lists(header.get("Currency Code")))
    lists = [one for one in map(run.price_list, ids) if one.period.holds(moment)]
    if not lists:
        raise PriceListMissing(
            f"there is no price list {_of_what(header)} to price by",
            where=f"{_label(header)}, Price List Id",
            why=f"none of {', '.join(ids)} holds {_when(on)}" if ids else "none is stored",
            mend=f"load a price list (orderhub load), or {_choose(header)}",
        )
    return lists


def _only_one(header: PropertySet, lists: Sequence[PriceList], on: str | None = None) -> PriceList:
    if len(lists) == 1:
        return lists[0]
    raise PriceListUnclear(
        f"there are {len(lists)} price lists {_of_what(header)} to price by",
        where=f"{_label(header)}, Price List Id",
        why=f"{', '.join(one.price_list_id for one in lists)} hold {_when(on)}",
        mend=_choose(header),
    )


def _when(on: str | None) -> str:
    return "now" if on is None else f"on {on[:10]}"


def _of_what(header: PropertySet) -> str:
    currency = header.get("Currency Code")
    return f"in {currency}" if currency is not None else "in any currency"


def _label(header: PropertySet) -> str:
    """The quote or order as people know it; an order that was not numbered yet by its sender's number."""
    number = header.get(f"{header.type} Number") or header.get("Source Order Number") or "without a number"
    return f"{header.type.lower()} {number}"


def _choose(header: PropertySet) -> str:
    if header.get(f"{header.type} Number") is not None:
        return f"make the {header.type.lower()} with price-list="
    return "give the order a Price List Id"
