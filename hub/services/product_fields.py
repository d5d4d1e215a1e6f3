"""The fields of a product that later steps need, copied onto the line item once.

Spec: docs/design/road.md, "Receive order"; docs/design/data-model.md, "Objects and where they live"
(Fulfilment System).
"""

from __future__ import annotations

from collections.abc import Mapping

from integration_objects.property_set import PropertySet


def copy_product_fields(item: PropertySet, product: Mapping[str, str | None]) -> None:
    """Copy the fields of a product onto a line item. Changes *item*.

    Args:
        item: a line item; a Price Type or Product Name of its own stays.
        product: the product's fields.
    """
    item.properties["Track As Asset"] = product.get("Track As Asset") or "Y"
    item.properties["Fulfilment System"] = product.get("Fulfilment System")
    for field in ("Price Type", "Product Name"):
        if item.get(field) is None:
            value = product.get("Name" if field == "Product Name" else field)
            if value is not None:
                item.properties[field] = value
