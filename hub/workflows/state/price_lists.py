"""The price list by which a quote or an order is priced.

A named price list counts; else the price list of the document's currency that holds on the pricing date. Where several
hold, a person chooses one for a quote; an order that a sender sent gets the newest, the one that began last.

Spec: docs/design/workflows.md, "Configurator and pricing" (price lists with effective dates and currency).
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.pricing.price_list import PriceList, pricing_moment
from hub.workflow_manager.run import Run
from integration_objects.errors import Refused
from integration_objects.property_set import PropertySet


class PriceListMissing(Refused):
    """No price list holds for a quote or an order."""

    what = "there is no price list in {currency} to price by"
    where = "{document}, Price List Id"
    why = "{reason}"
    mend = "load a price list (orderhub load), or {choose}"


class PriceListUnclear(Refused):
    """Several price lists hold, and none is named."""

    what = "there are {count} price lists in {currency} to price by"
    where = "{document}, Price List Id"
    why = "{names} hold {date}"
    mend = "{choose}"


class PriceListInAnotherCurrency(Refused):
    """A quote or order is in one currency, and its price list in another."""

    what = "the price list '{price_list}' has no prices in {currency}"
    why = "it is in {own_currency}"
    mend = "take a price list in {currency}; a quote or an order in {own_currency} can have this one"


def price_list_for(run: Run, header: PropertySet, on: str | None = None) -> PriceList:
    """Find the price list of a quote or order on the pricing date *on* (None: now).

    Its id and currency are filled in where the header has none. Changes *header*.
    """
    # Only for the words of an error: "now" says more than the moment.
    on = None if on == run.now() else on
    return _put(header, _named(run, header) or _only_one(header, _holding(run, header, on), on))


def newest_price_list_for(run: Run, order: PropertySet) -> PriceList:
    """Find the price list of a received order; where it names none, the newest that holds.

    The header is filled as by `price_list_for`. Several that began last, at the same moment, are PriceListUnclear.
    """
    price_list = _named(run, order)
    if price_list is None:
        price_lists = _holding(run, order)
        last = max(holding.period.started for holding in price_lists)
        price_list = _only_one(order, [holding for holding in price_lists if holding.period.started == last])
    return _put(order, price_list)


def listed_currency(run: Run, price_list: str | None, currency: str | None) -> str | None:
    """Return the currency of a new quote or order for which a price list and a currency are given; None for neither."""
    if price_list is None:
        return currency
    return _currency_of(run.price_list(price_list), currency, "argument 'price-list'")


def _named(run: Run, header: PropertySet) -> PriceList | None:
    price_list_id = header.get("Price List Id")
    return None if price_list_id is None else run.price_list(price_list_id)


def _put(header: PropertySet, price_list: PriceList) -> PriceList:
    # Kept on the header: each later pricing takes the same list, whichever lists are loaded meanwhile.
    header.properties["Price List Id"] = price_list.price_list_id
    header.properties["Currency Code"] = _currency_of(price_list, header.get("Currency Code"), _label(header))
    return price_list


def _currency_of(price_list: PriceList, currency: str | None, where: str) -> str:
    own = price_list.currency
    if currency not in (None, own):
        raise PriceListInAnotherCurrency(
            price_list=price_list.price_list_id, currency=currency, own_currency=own, where=where
        )
    return own


def _holding(run: Run, header: PropertySet, on: str | None = None) -> list[PriceList]:
    """Find the price lists of a header's currency that hold on a date; refuse where there is none."""
    moment = pricing_moment(on or run.now())
    # Sorted, so that an error names the lists in one order, whichever order the database returns.
    ids = sorted(listed["Price List Id"] or "" for listed in run.price_lists(header.get("Currency Code")))
    price_lists = [price_list for price_list in map(run.price_list, ids) if price_list.period.holds(moment)]
    if not price_lists:
        reason = f"none of {', '.join(ids)} holds {_when(on)}" if ids else "none is stored"
        raise PriceListMissing(reason=reason, **_about(header))
    return price_lists


def _only_one(header: PropertySet, price_lists: Sequence[PriceList], on: str | None = None) -> PriceList:
    if len(price_lists) == 1:
        return price_lists[0]
    names = ", ".join(price_list.price_list_id for price_list in price_lists)
    raise PriceListUnclear(count=len(price_lists), names=names, date=_when(on), **_about(header))


def _when(on: str | None) -> str:
    return "now" if on is None else f"on {on[:10]}"


def _about(header: PropertySet) -> dict[str, str]:
    """Return the values that an error tells of a quote or an order."""
    kind = header.type.lower()
    has_number = header.get(f"{header.type} Number") is not None
    return {
        "currency": header.get("Currency Code") or "any currency",
        "document": _label(header),
        "choose": f"make the {kind} with price-list=" if has_number else "give the order a Price List Id",
    }


def _label(header: PropertySet) -> str:
    """Name the quote or order by its number; an order that was not numbered yet by its sender's number."""
    number = header.get(f"{header.type} Number") or header.get("Source Order Number") or "without a number"
    return f"{header.type.lower()} {number}"
