"""Lines of a quote, an order or a work order, found by their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hub.workflow_manager.run import Run
from hub.workflows.state.item_names import ItemNames
from integration_objects.complex_object import ComplexObject, line_items
from integration_objects.errors import Refused
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet


class LineUnknown(Refused):
    """A quote or an order has no line of this name."""

    what = "the {document} has no line '{line}'"
    where = "{document}, argument 'line'"
    why = "{lines}"
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
        lines = f"its lines are {names.listed()}" if line_items(document) else "it has no lines"
        raise unknown(document=place, line=line, lines=lines, mend=names.mend(line))
    return item, names.root_of(item)


def keys_of_lines(
    run: Run, document: PropertySet, lines: Sequence[str], among: Callable[[PropertySet], bool]
) -> list[str]:
    """Return the keys of the lines that *lines* names (`item_names`); a name that no line has stays as it is.

    Args:
        run: the run.
        document: an order or a work order.
        lines: names.
        among: tells of a line whether it can be meant.

    Raises:
        ItemNameUnclear: several of the lines have one name.
    """
    names = ItemNames(run, ComplexObject(document).prune(among))
    named = [names.find(line, "argument 'lines'") for line in lines]
    return [line if item is None else item.get(KEY) or "" for line, item in zip(lines, named, strict=True)]
