"""A line of a quote or an order, found by its name, with the root above it."""

from __future__ import annotations

from hub.workflow_manager.run import Run
from hub.workflows.state.item_names import ItemNames
from integration_objects.errors import Refused
from integration_objects.property_set import PropertySet


class LineUnknown(Refused):
    """A quote or an order has no line of this name."""

    what = "the {document} has no line '{line}'"
    where = "{document}, argument 'line'"
    why = "its lines are {lines}"
    mend = "{mend}"


class QuoteLineUnknown(LineUnknown):
    """A quote has no such line."""


class OrderLineUnknown(LineUnknown):
    """An order has no such line."""


def line_and_root(run: Run, document: PropertySet, line: str) -> tuple[PropertySet, PropertySet]:
    """Find the line that *line* names on a quote or an order (`item_names`), and the root above it, or itself.

    Raises:
        QuoteLineUnknown, OrderLineUnknown: no line has this name.
        ItemNameUnclear: several lines have it.
    """
    names = ItemNames(run, document)
    place = f"{document.type.lower()} {document.get(f'{document.type} Number')}"
    item = names.find(line, f"{place}, argument 'line'", living=True)
    if item is None:
        unknown = QuoteLineUnknown if document.type == "Quote" else OrderLineUnknown
        raise unknown(document=place, line=line, lines=names.listed(), mend=names.mend(line))
    return item, names.root_of(item)
