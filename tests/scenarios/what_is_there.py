"""What a scenario left behind: the service profile, the orders, and what billing was told, counted."""

from __future__ import annotations

from collections import Counter

from integration_objects.complex_object import action_code, attributes, line_items, walk_items
from integration_objects.property_set import PropertySet
from schemas.check import parse
from schemas.from_xml import external_from_xml
from tests.customer_care import CustomerCare


def services(care: CustomerCare, account: str) -> Counter[tuple[str | None, str | None, str | None]]:
    """How many items of the service profile have which product, status and price."""
    root = care.profile_root(account)
    items = [root, *(item for item, _ in walk_items(root))]
    return Counter((item.get("Product Id"), item.get("Status"), item.get("Adjusted Price")) for item in items)


def charges(care: CustomerCare, order: PropertySet) -> list[Counter[tuple[str | None, str | None, str | None]]]:
    """Of each message about an order that left for billing: how many charges have which action, product and price."""
    external = care.open_hub.deployment.external_objects["Billing Message"]
    found = []
    for row in care.road.left("billing.events"):
        element = parse(row.message.body)
        external.schema.validate(element)
        told = external_from_xml(element, external)
        if told.get("OrderNumber") == order.get("Order Number"):
            lines = [node for node in told.children if node.type == "Charge"]
            found.append(Counter((one.get("Action"), one.get("ProductId"), one.get("Price")) for one in lines))
    return found


def open_lines(order: PropertySet) -> int:
    """How many lines of an order that ask for something aren't complete."""
    return sum(action_code(item) != "-" and item.get("Status") != "Complete" for item, _ in walk_items(order))


def processed(order: PropertySet) -> list[str | None]:
    """The processed flags of an order's service items."""
    return [root.get("Order Item Processed Flag") for root in line_items(order)]


def done(order: PropertySet) -> bool:
    """Whether a stored order is Complete, and all that it asks for: done, dated, processed, applied to the profile."""
    asked = [item for item, _ in walk_items(order) if action_code(item) != "-"]
    dated = all(item.get("Completed Date") and item.get("Applied Date") for item in asked)
    return order.get("Status") == "Complete" and open_lines(order) == 0 and processed(order) == ["Y"] and dated


def values(instance: PropertySet, product: str) -> dict[str | None, str | None]:
    """The attributes of the only item of a product."""
    (item,) = [item for item, _ in walk_items(instance) if item.get("Product Id") == product]
    return {one.get("Name"): one.get("Text Value") or one.get("Number Value") for one in attributes(item)}
