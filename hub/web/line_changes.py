"""The lines of a quote or an order as a page draws them: new, changed, gone or unchanged, with old and new values.

    Local Breakthrough Package   unchanged
      Local Line                 changed     Number: 509-555-0140 -> 509-555-0150
      (9 lines unchanged)

The words and the folding are those of the command line's screens (`hub.presentation`).

Spec: docs/web_pages.md, "Parts".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.presentation.addresses import ITEM_ADDRESS, Addresses, common_address
from hub.presentation.folding import folded_rows
from hub.presentation.item_row import ItemRow, action_word, counted_actions, item_row, line_details
from hub.pricing.lines import PriceWrong
from hub.pricing.totals import totals_of
from integration_objects.complex_object import action_code, items_of, message
from integration_objects.property_set import PropertySet

#: the action code of a line -> the word for what happens to it
WORDS = {"Add": "new", "Update": "changed", "Delete": "gone", "-": "unchanged"}


@dataclass(frozen=True)
class LineChange:
    """A line of the drawing.

    Attributes:
        item: the line item; None for a row that stands for several.
        level: the number of items above it.
        details: sentences about the line.
        folded: the sentence of a row that stands for several lines.
    """

    item: PropertySet | None
    level: int
    details: tuple[str, ...] = ()
    folded: str = ""

    @property
    def change(self) -> str:
        """What happens to the line: new, changed, gone or unchanged."""
        return "" if self.item is None else WORDS[action_code(self.item)]


def line_changes(
    instance: PropertySet, is_whole: bool, with_prices: bool, addresses: Addresses
) -> Iterator[LineChange]:
    """Yield the lines of a quote or an order in their order; those that say nothing new are folded, unless *is_whole*.

    Args:
        instance: the quote or the order.
        is_whole: whether every line is shown.
        with_prices: whether the sentences tell discounts.
        addresses: the addresses that the lines name, by Address Id.
    """
    common = common_address(instance)
    # By identity: a row that the folding leaves as it is is the row that was made for the item.
    made: dict[int, tuple[ItemRow, PropertySet, PropertySet, int]] = {}

    def row_of(item: PropertySet, above: PropertySet, level: int) -> ItemRow:
        row = item_row(item, above, level, "", instance.type, common or above.get(ITEM_ADDRESS), addresses)
        made[id(row)] = (row, item, above, level)
        return row

    for row in folded_rows(instance, row_of, is_whole):
        if id(row) not in made:
            text = row.product.strip()
            yield LineChange(None, (len(row.product) - len(text)) // 2, folded=_sentence(row, text))
            continue
        _, item, above, level = made[id(row)]
        details = line_details(item, above, common or above.get(ITEM_ADDRESS), addresses, with_prices)
        yield LineChange(item, level, tuple(details))


def counted(instance: PropertySet) -> str:
    """Return how many lines have which action."""
    return counted_actions(Counter(map(action_word, items_of(instance))))


def totals(instance: PropertySet) -> list[tuple[str, str]]:
    """Return the sum of each kind of charge of a quote or an order, and each rate, with their labels."""
    currency = instance.get("Currency Code")
    if currency is None:
        return []
    try:
        found = totals_of(message(f"OM {instance.type}", [instance]), currency)
    except PriceWrong:
        # A sender's price that is no number: the lines show it, and there is no sum of it.
        return []
    return [
        (total.label if total.product is None else f"{total.product}, {total.label}", f"{total.amount} {currency}")
        for total in found
    ]


def _sentence(row: ItemRow, text: str) -> str:
    named: Sequence[str] = [part for part in (text.strip("()"), row.service) if part]
    return ", ".join(named) + (f" (lines {row.line})" if row.line else "")
