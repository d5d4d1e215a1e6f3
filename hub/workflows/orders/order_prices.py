"""A received order priced by the hub: prices for its lines, and price changes of the services that are there.

The service items that the order changes are priced as wholes, as `modify` prices them. Pricing counts like items
together: a new line may bring existing ones onto another tier, and these become lines of the order.

Spec: docs/design/road.md, "Receive order" (prices, where the route says so); docs/design/workflows.md, "Configurator
and pricing".
"""

from __future__ import annotations

from hub.services.differences import differs_in
from hub.workflow_manager.run import Run
from hub.workflows.state.exchange_dates import EXCHANGE_DATE, date_prices
from hub.workflows.state.lines import fill_products
from hub.workflows.state.milestones import is_past
from hub.workflows.state.order_lines import fill_line, put_ancestors
from hub.workflows.state.order_rules import ChangedServices, by_reference, references_of
from hub.workflows.state.price_lists import newest_price_list_for
from integration_objects.complex_object import ComplexObject, action_code, all_items, message, put_list
from integration_objects.errors import Refused
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet

#: the fields of a line that pricing sets
_PRICED = (
    "List Price",
    "Adjusted Price",
    "Free Quantity",
    "Price Type",
    "Unit Of Measure",
    "Number Of Occurrences",
    "Currency Code",
    EXCHANGE_DATE,
    "Price Description",
    "Pricing Comment",
)


def price_order(run: Run, order: PropertySet, state: PropertySet, service_items: ChangedServices) -> None:
    """Give an order's lines the hub's prices, whatever prices they came with. Changes *order*.

    A line that is finished stays as it is.

    Args:
        run: the run.
        order: the order, with the keys of its lines; its header gets the price list and the currency.
        state: OM Asset message: the requested state before the order. Not changed.
        service_items: the service items that the order changes.

    Raises:
        PriceListUnknown, PriceListMissing, PriceListUnclear: no price list, or several, would do.
        PriceMissing: products have no price.
        CurrencyDiffers, PriceListNotEffective: the order's price list isn't for it.
    """
    prices = newest_price_list_for(run, order)
    header = order.copy_node()
    header.children = list(service_items.after.children)
    try:
        priced = run.pricing.price(message(ORDER, [header]), prices, run.now())
    except Refused as error:
        # The pricing names the hub's keys, of which a sender knows none.
        error.where = by_reference(error.where, references_of(order))
        raise
    date_prices(run, priced)
    component = run.definitions[ORDER].root.children[LINE_ITEM]
    differs = differs_in(component, [name for name in component.compared if name in _PRICED])
    lines, before = ComplexObject(order), ComplexObject(service_items.before)
    for item in all_items([priced.tree]):
        key = item.get(KEY)
        line, item_before = lines.by_key(key), before.by_key(key)
        # A finished line was billed, or is being worked on, at the price that it has.
        if line is not None and (line.get("Status") == "Complete" or is_past(line)):
            continue
        if line is None or action_code(line) == NO_ACTION:
            # An item that the order leaves alone becomes a line only where its price has changed with the number of
            # like items.
            if item_before is None or not differs(item.properties, item_before.properties):
                continue
            if line is None:
                line = PropertySet(LINE_ITEM, properties={KEY: key})
                fill_line(line, item_before)
                put_list(order, LINE_ITEM).append(line)
            line.properties["Action Code"] = "Update"
        line.properties |= {name: item.get(name) for name in _PRICED if item.get(name) != line.get(name)}
    # The lines that were added here stand at the top until their ancestors are put above them.
    put_ancestors(order, state)
    fill_products(run, order)
