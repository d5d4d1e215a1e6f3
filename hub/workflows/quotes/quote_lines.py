"""A quote's line items: found, replaced, numbered, written.

The lines of one service item stand on a quote once: a further change of the same item replaces them.

Source: "Modify Asset Sub-process", steps 4 and 5; "Edit Quotes Line Items Process", step 10; spec:
docs/design/workflows.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from hub.workflow_manager.run import Run
from hub.workflows.quotes.active_quote import IN_PROGRESS, QUOTE
from hub.workflows.state.change_of_state import copy_key, fill_products
from hub.workflows.state.statuses import StatusChangeRefused, check_change
from integration_objects.complex_object import (
    action_code,
    instances,
    line_items,
    message,
    put_list,
    walk_items,
)
from integration_objects.errors import Refused
from integration_objects.field_values import read_number, write_number
from integration_objects.names import KEY, LINE_ITEM
from integration_objects.property_set import PropertySet

ACCOUNTS = ("Service Account Id", "Billing Account Id")


class QuoteUnknown(Refused):
    """There is no quote of this number."""


class QuoteNotInProgress(StatusChangeRefused):
    """A quote that was placed or cancelled can't be changed."""


class QuoteLineUnknown(Refused):
    """The quote has no such line."""


def the_quote(run: Run, number: str) -> PropertySet:
    """The stored quote of this number, its newest revision.

    Raises:
        QuoteUnknown: there is none.
    """
    found = instances(run.query(QUOTE, {"Quote Number": number}))
    if not found:
        raise QuoteUnknown(
            f"the quote '{number}' is unknown",
            where="argument 'quote'",
            why="no quote of this number is stored",
            mend="mend the number: `orderhub object query 'OM Quote'` has them",
        )
    return max(found, key=lambda quote: read_number(quote.get("Revision") or "1"))


def quote_in_progress(run: Run, number: str) -> PropertySet:
    """The stored quote, where it may still be changed.

    Raises:
        QuoteUnknown: there is none.
        QuoteNotInProgress: it was placed or cancelled.
    """
    quote = the_quote(run, number)
    if quote.get("Status") != IN_PROGRESS:
        raise QuoteNotInProgress(
            f"the quote {number} can't be changed",
            where="argument 'quote'",
            why=f"expected the status {IN_PROGRESS}, found {quote.get('Status')}",
            mend="make a new quote for what else is wanted",
        )
    return quote


def check_status(quote: PropertySet, new: str) -> None:
    """Refuse a change of a quote's status that isn't in the table.

    Raises:
        StatusChangeRefused: it is placed or cancelled already.
    """
    number = quote.get("Quote Number") or ""
    try:
        check_change("quote", number, quote.get("Status"), new)
    except StatusChangeRefused as error:
        error.mend = "make a new quote for what else is wanted"
        raise error.at(f"quote {number}, Status") from error


def root_of_line(quote: PropertySet, line: str) -> PropertySet:
    """The ultimate parent of a line, which is named by its Integration Id or its Line Number.

    Raises:
        QuoteLineUnknown: the quote has no such line.
    """
    found = line_in(quote, line)
    if found is not None:
        return found[1]
    raise QuoteLineUnknown(
        f"the quote {quote.get('Quote Number')} has no line '{line}'",
        where="argument 'line'",
        why="none of its lines has this Integration Id or Line Number",
        mend=f"mend it: `orderhub show 'OM Quote' {quote.get('Quote Number')}` has the lines",
    )


def line_in(header: PropertySet, line: str) -> tuple[PropertySet, PropertySet] | None:
    """The line of this Integration Id, else of this Line Number, and its root; None where there is none."""
    for field in (KEY, "Line Number"):
        roots: dict[int, PropertySet] = {}
        for item, parent in walk_items(header):
            root = roots[id(item)] = item if parent is None else roots[id(parent)]
            if item.get(field) == line:
                return item, root
    return None


def group_of(quote: PropertySet, root: str) -> list[PropertySet]:
    """The root *root* with those that a grown quantity of it added beside it, one for each time that it grew."""
    present = {item.get(KEY) for item in line_items(quote)}
    group, key = {root}, copy_key(root)
    while key in present:
        group.add(key)
        key = copy_key(key)
    return [item for item in line_items(quote) if item.get(KEY) in group]


def put_lines(run: Run, quote: PropertySet, replaced: Iterable[PropertySet], roots: list[PropertySet]) -> None:
    """Put the lines of a service item on a quote in place of its former ones, and store the quote.

    Args:
        run: the run.
        quote: the quote. Changed in place.
        replaced: the former roots, the quote's own nodes.
        roots: the new ones; lines that the quote had keep their Row Id, and their Due Date where there is no new one.
    """
    gone = {id(root) for root in replaced}
    former = {
        item.get(KEY): item for root in line_items(quote) if id(root) in gone for item in root.walk() if _is_item(item)
    }
    kept = put_list(quote, LINE_ITEM)
    at = next((number for number, root in enumerate(kept) if id(root) in gone), len(kept))
    before, after = kept[:at], [root for root in kept[at:] if id(root) not in gone]
    kept[:] = [*before, *roots, *after]
    for root in roots:
        for item in root.walk():
            if _is_item(item) and item.get(KEY) in former:
                was = former[item.get(KEY)]
                item.properties["Row Id"] = was.get("Row Id")
                item.properties["Due Date"] = item.get("Due Date") or was.get("Due Date")
    store_lines(run, quote)


def store_lines(run: Run, quote: PropertySet) -> None:
    """Complete a quote's lines (products' fields, accounts, numbers, quantities, row ids), and store the quote."""
    fill_products(run, quote)
    fill_accounts(quote)
    number_lines(quote)
    extend_quantities(quote)
    for item, _ in walk_items(quote):
        if item.get("Row Id") is None:
            item.properties["Row Id"] = run.new_id()
    run.effects.synchronize(message(QUOTE, [quote]))


def fill_accounts(header: PropertySet) -> None:
    """Give added lines without accounts those of the line above, roots those of the header, in place."""
    for item, parent in walk_items(header):
        if action_code(item) == "Add":
            for field in ACCOUNTS:
                if item.get(field) is None:
                    item.properties[field] = (header if parent is None else parent).get(field)


def number_lines(header: PropertySet) -> None:
    """Number the lines in the tree's order, from 1, in place."""
    for number, (item, _) in enumerate(walk_items(header), start=1):
        item.properties["Line Number"] = str(number)


def extend_quantities(header: PropertySet) -> None:
    """Set each line's Extended Quantity: the product of the quantities from the root down, in place."""
    extended: dict[int, Decimal] = {}
    for item, parent in walk_items(header):
        above = Decimal(1) if parent is None else extended[id(parent)]
        extended[id(item)] = above * read_number(item.get("Quantity") or "1")
        item.properties["Extended Quantity"] = write_number(extended[id(item)])


def _is_item(node: PropertySet) -> bool:
    return node.type == LINE_ITEM
