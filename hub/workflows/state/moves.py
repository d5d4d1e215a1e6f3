"""Services that an order moves: a root ends at one address, and one of the same product begins elsewhere.

Spec: docs/order_status.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from hub.workflows.state.due_dates import is_elsewhere
from integration_objects.complex_object import action_code, line_items
from integration_objects.property_set import PropertySet


def moves(order: PropertySet) -> Iterator[tuple[PropertySet, PropertySet]]:
    """Pair each root that ends with a root of the same product that begins elsewhere; each root is in one pair."""
    begun = [root for root in line_items(order) if action_code(root) == "Add"]
    for ended in (root for root in line_items(order) if action_code(root) == "Delete"):
        for root in begun:
            if root.get("Product Id") == ended.get("Product Id") and is_elsewhere(ended, root):
                begun = [other for other in begun if other is not root]
                yield ended, root
                break
