"""Fully Exploded: whether Explode would leave an object as it is.

Source: "f. Fully Exploded Method"; spec: docs/design/methods.md, "Fully Exploded".
"""

from __future__ import annotations

from hub.services.explode import is_exploding
from hub.services.items import check_items
from integration_objects.complex_object import all_items
from integration_objects.property_set import PropertySet


def fully_exploded(object: PropertySet) -> bool:
    """Tell whether no item has action Add, is tracked as an asset, and has a quantity above 1."""
    check_items(object)
    return not any(is_exploding(item) for item in all_items([object]))
