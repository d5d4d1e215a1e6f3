"""The Exchange Date of a price: the day on which the price was set.

Whoever converts the price into another currency takes that day's rate. A price that stays keeps its day, whatever is
done with its item: from the quote into the order and the service profile, and from there into the next quote.

Source: "Asset → Quote → Order Data Flow", Exchange Date (ASSET_VAL_EXCH_DT, AMT_DT).
"""

from __future__ import annotations

from hub.pricing.port import Priced
from hub.services.differences import same_value
from hub.workflow_manager.run import Run
from hub.workflows.state.days import today
from integration_objects.complex_object import ComplexObject, action_code, all_items, items_of
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet

EXCHANGE_DATE = "Exchange Date"
_PRICE = "Adjusted Price"


def date_prices(run: Run, priced: Priced) -> None:
    """Write today into each item whose price the pricing has changed. Changes the priced tree."""
    changed = {change.key for change in priced.changes}
    day = today(run)
    for item in all_items([priced.tree]):
        if item.get(KEY) in changed:
            item.properties[EXCHANGE_DATE] = day


def date_sent_prices(run: Run, order: PropertySet, state: PropertySet, newest: PropertySet | None) -> None:
    """Write today into each line whose sender sets a new price, and doesn't say when. Changes *order*.

    Args:
        run: the run.
        order: the order, with the keys of its lines, which carry all fields of their services.
        state: OM Asset message: the requested state before the order. Not changed.
        newest: the order's revision before this one; None for none. Not changed.
    """
    day = today(run)
    services = ComplexObject.of(state)
    former_lines = ComplexObject(newest or PropertySet("Order"))
    for line in items_of(order):
        price, key = line.get(_PRICE), line.get(KEY)
        if price is None or action_code(line) not in ("Add", "Update"):
            continue
        service = services.by_key(key)
        if line.get(EXCHANGE_DATE) != (None if service is None else service.get(EXCHANGE_DATE)):
            continue  # the sender says when
        for priced in (former_lines.by_key(key), service):
            if priced is not None and same_value("number", price, priced.get(_PRICE)):
                line.properties[EXCHANGE_DATE] = priced.get(EXCHANGE_DATE)
                break
        else:
            line.properties[EXCHANGE_DATE] = day
