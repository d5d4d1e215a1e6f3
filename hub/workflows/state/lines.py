"""The line items of a quote or an order: completed, numbered."""

from __future__ import annotations

from decimal import Decimal

from hub.services.product_fields import copy_product_fields
from hub.workflow_manager.run import Run
from integration_objects.complex_object import action_code, items_of, walk_items
from integration_objects.field_values import read_number, write_number
from integration_objects.property_set import PropertySet

#: the fields of a header and of a line that say at which account a service is provided, and which account pays
ACCOUNTS = ("Service Account Id", "Billing Account Id")
#: the fields of a header that its new lines take over
DESIGNATED = (*ACCOUNTS, "Agreement Id")


def products_of(instance: PropertySet) -> set[str]:
    """Return the Product Ids of all line items."""
    return {item.get("Product Id") or "" for item in items_of(instance)} - {""}


def fill_products(run: Run, instance: PropertySet) -> None:
    """Copy the products' fields that later steps need onto the lines. Changes *instance*."""
    products = run.products(products_of(instance))
    for item in items_of(instance):
        product = products.get(item.get("Product Id") or "")
        if product is not None:
            copy_product_fields(item, product)


def fill_accounts(header: PropertySet) -> None:
    """Give added lines without accounts or agreement those of the line above, roots those of the header, in place."""
    for item, parent in walk_items(header):
        if action_code(item) == "Add":
            for field in DESIGNATED:
                if item.get(field) is None:
                    item.properties[field] = (header if parent is None else parent).get(field)


def number_lines(header: PropertySet) -> None:
    """Number the lines in the tree's order, from 1. Changes *header*."""
    for number, item in enumerate(items_of(header), start=1):
        item.properties["Line Number"] = str(number)


def extend_quantities(header: PropertySet) -> None:
    """Set each line's Extended Quantity: the product of the quantities from the root down. Changes *header*."""
    extended: dict[int, Decimal] = {}
    for item, parent in walk_items(header):
        # Parents come before children, so that the product down to the parent is known.
        above = Decimal(1) if parent is None else extended[id(parent)]
        extended[id(item)] = above * read_number(item.get("Quantity") or "1")
        item.properties["Extended Quantity"] = write_number(extended[id(item)])
