"""A line item as a row of a table: its number, its action, its values, and the values that it changes.

The old values of an Update stand on the line itself (Built On), so that a quote or an order can be shown without the
service profile that it changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hub.presentation.addresses import ITEM_ADDRESS, NO_ADDRESSES, Addresses
from hub.presentation.printing import whole_seconds
from integration_objects.complex_object import action_code, attribute_value, attributes
from integration_objects.discount import FIELDS as DISCOUNT
from integration_objects.discount import describe, has_discount
from integration_objects.field_values import as_date, as_number
from integration_objects.names import ACTION_CODES, NO_ACTION, OLD_ATTRIBUTES
from integration_objects.property_set import PropertySet

#: levels of items whose depth is drawn; a wider margin would leave no room for the rest
MOST_LEVELS = 20
#: fields whose change is told in a column of its own
_IN_COLUMNS = frozenset(("Service Id", "Quantity", "Adjusted Price", "Free Quantity"))
#: Fields whose change says nothing of its own: it comes with another field's, or is bookkeeping.
SILENT = frozenset(
    (
        "Source Reference",
        "Product Name",
        "Price Type",
        "Unit Of Measure",
        "List Price",
        "Currency Code",
        "Exchange Date",
        "Pricing Comment",
        "Price Description",
        "Fulfilment System",
        "Tasks",
        "Discounted By",
        "Original Order Id",
        "Effective Start Date",
        "Effective End Date",
        "Calculated Effective Start Date",
        "Calculated Effective End Date",
        "Completed Date",
        "Order Item Processed Flag",
    )
)
#: fields that people call by another name
LABELS = {"Price List Id": "Price List", ITEM_ADDRESS: "Address"}
#: Fields that are told where the item or header above has another value: the words, the field, and the header's field
#: that goes for it where it has none.
UNLIKE_ABOVE = (
    ("service account", "Service Account Id", "Account Id"),
    ("billed to", "Billing Account Id", "Account Id"),
    ("agreement", "Agreement Id", "Agreement Id"),
)


class ItemRow(NamedTuple):
    """The cells of a line item, in the order in which they are shown; "" for nothing."""

    line: str
    product: str
    action: str = ""
    status: str = ""
    service: str = ""
    quantity: str = ""
    price: str = ""
    due: str = ""
    key: str = ""
    details: str = ""


def item_row(
    item: PropertySet,
    above: PropertySet,
    level: int,
    short_key: str,
    kind: str,
    address_above: str | None = None,
    addresses: Addresses = NO_ADDRESSES,
) -> ItemRow:
    """Return the row of a line item.

    Args:
        item: the line item, of a quote, an order or a service profile.
        above: the item above it; the header, if it is a root.
        level: the number of items above it.
        short_key: the short form of its key.
        kind: the header's type. The items of an Asset, a service profile, have no action; those of a Quote have the
            quote's status, which the heading says.
        address_above: the Address Id that is shown for the item above, or in the heading.
        addresses: the addresses, by Address Id.
    """
    old = old_values(item)
    service, point = _changed(item, old, "Service Id"), item.get("Service Point Id")
    return ItemRow(
        line=item.get("Line Number") or "",
        product="  " * min(level, MOST_LEVELS) + (item.get("Product Id") or item.get("Product Name") or "?"),
        action="" if kind == "Asset" else action_word(item),
        status="" if kind == "Quote" else item.get("Status") or "",
        service=service or (f"at {point}" if point else ""),
        quantity=_quantity(item, old),
        price=", ".join(_price(item, old)),
        due=day(item.get("Due Date") or ""),
        key=short_key,
        details=", ".join(_details(item, above, old, address_above, addresses)),
    )


def line_details(
    item: PropertySet, above: PropertySet, address_above: str | None, addresses: Addresses, with_prices: bool
) -> list[str]:
    """Return the sentences about a line item that stand in none of its columns: attributes, and other changes.

    Args:
        item: the line item.
        above, address_above, addresses: as for `item_row`.
        with_prices: whether discounts and agreed prices are told.
    """
    old = old_values(item)
    if with_prices:
        return list(_details(item, above, old, address_above, addresses))
    unpriced = item.copy_node()
    unpriced.children = item.children
    for name in (*DISCOUNT, "List Price"):
        unpriced.properties.pop(name, None)
    old = {name: value for name, value in old.items() if name not in DISCOUNT}
    return list(_details(unpriced, above, old, address_above, addresses))


def action_word(item: PropertySet) -> str:
    """Return the alias of a line's action, or its action code."""
    return item.get("Action Alias") or action_code(item)


def counted_actions(counts: Mapping[str, int]) -> str:
    """Write how many lines have which action or alias, the unchanged ones last.

    >>> counted_actions({"-": 62, "Suspend": 1, "Delete": 3, "Add": 2}), counted_actions({})
    ('2 Add, 3 Delete, 1 Suspend, 62 unchanged', 'none')
    """
    aliases = sorted(word for word in counts if word not in ACTION_CODES)
    actions = [word for word in ACTION_CODES if word != NO_ACTION]
    words = {**{word: word for word in (*actions, *aliases)}, NO_ACTION: "unchanged"}
    return ", ".join(f"{counts[word]} {text}" for word, text in words.items() if word in counts) or "none"


def is_changed(text: str) -> bool:
    """Tell whether a cell's text shows an old and a new value."""
    return " -> " in text


def same_value(name: str, left: str | None, right: str | None) -> bool:
    """Tell whether two values of a field mean the same, though the store may have written one in another way.

    Ids are texts: the telephone numbers 0140 and 140 are two.

    >>> same_value("Quantity", "1", "1.0"), same_value("Service Id", "1", "1.0"), same_value("Milestone", None, "Dug")
    (True, False, False)
    """
    if left == right or left is None or right is None or name.endswith(" Id"):
        return left == right
    number, moment = as_number(left), as_date(left)
    return (number is not None and number == as_number(right)) or (moment is not None and moment == as_date(right))


def change(old: str | None, new: str | None) -> str:
    """Write a change of a value.

    >>> change("5.99", "4.99"), change(None, "2")
    ('5.99 -> 4.99', 'nothing -> 2')
    """
    return whole_seconds(f"{old or 'nothing'} -> {new or 'nothing'}")


def changed_value(item: PropertySet, name: str) -> str | None:
    """Return the value that a line's Update replaces by another one; None if it replaces none."""
    old = old_values(item)
    return (_text(old[name]) or "nothing") if _is_changed(old, name, item.get(name)) else None


def old_values(item: PropertySet) -> Mapping[str, object]:
    """Read the values for which an Update was made; none of another line, or of one that a sender wrote."""
    text = item.get("Built On") if action_code(item) == "Update" else None
    try:
        recorded = None if text is None else json.loads(text)
    except ValueError:
        return {}
    return recorded if isinstance(recorded, dict) else {}


def _changed(item: PropertySet, old: Mapping[str, object], name: str) -> str:
    """Return the field's value; with the old one, where the line changes it."""
    new = item.get(name)
    return change(_text(old[name]), new) if _is_changed(old, name, new) else new or ""


def _is_changed(old: Mapping[str, object], name: str, new: str | None) -> bool:
    return name in old and not same_value(name, _text(old[name]), new)


def _quantity(item: PropertySet, old: Mapping[str, object]) -> str:
    # One of something is what everybody expects.
    text = _changed(item, old, "Quantity")
    return "" if text == "1" else text


def _price(item: PropertySet, old: Mapping[str, object]) -> Iterator[str]:
    price, free = _changed(item, old, "Adjusted Price"), _changed(item, old, "Free Quantity")
    if price:
        yield price
    if free:
        yield f"{free} free"


def _details(
    item: PropertySet,
    above: PropertySet,
    old: Mapping[str, object],
    address_above: str | None,
    addresses: Addresses,
) -> Iterator[str]:
    yield from _attribute_texts(item, old)
    point = item.get("Service Point Id")
    if point and item.get("Service Id") and not _is_changed(old, "Service Point Id", point):
        yield f"at {point}"
    yield from _discount(item)
    for name in old:
        is_told = name in _IN_COLUMNS or name in SILENT or name == OLD_ATTRIBUTES
        # A new discount is described whole.
        is_told = is_told or (name in DISCOUNT and old[name] is None)
        if not is_told and _is_changed(old, name, item.get(name)):
            shown = (shown_value(name, text, addresses) for text in (_text(old[name]), item.get(name)))
            yield f"{LABELS.get(name, name)}: {change(*shown)}"
    address = item.get(ITEM_ADDRESS)
    if address not in (None, address_above) and not _is_changed(old, ITEM_ADDRESS, address):
        yield f"address {shown_value(ITEM_ADDRESS, address, addresses)}"
    for words, name, default in UNLIKE_ABOVE:
        known = (None, above.get(name) or above.get(default))
        # A change of it is among the changed fields above.
        if not _is_changed(old, name, item.get(name)) and item.get(name) not in known:
            yield f"{words} {item.get(name)}"
    if item.get("Milestone"):
        yield f"milestone: {item.get('Milestone')}"
    if item.get("Past Point Of No Return") == "Y":
        yield "past the point of no return"
    if item.get("Status Reason"):
        yield f"reason: {whole_seconds(item.get('Status Reason') or '')}"


def shown_value(name: str, text: str | None, addresses: Addresses) -> str | None:
    """Return a field's value as it is shown: of an address, street and city stand beside the id."""
    return addresses.get(text, text) if text and name == ITEM_ADDRESS else text


def _discount(item: PropertySet) -> Iterator[str]:
    """Describe the discount or the agreed price that a person gave, with the list price for comparison."""
    if has_discount(item):
        yield describe(item)
        if item.get("List Price"):
            yield f"list price {item.get('List Price')}"


def _attribute_texts(item: PropertySet, old: Mapping[str, object]) -> Iterator[str]:
    """Write the attributes with their values; mark those whose action isn't the line's."""
    former = old.get(OLD_ATTRIBUTES)
    former_values: Mapping[str, object] = former if isinstance(former, dict) else {}
    for attribute in attributes(item):
        name, value, action = attribute.get("Name") or "", attribute_value(attribute), action_code(attribute)
        before = _text(former_values.get(name))
        if action == action_code(item) != "Update" or action == NO_ACTION:
            yield f"{name}={value}"
        elif action == "Update":
            # Two secrets have one mask.
            yield f"{name}={value} (changed)" if before in (None, value) else f"{name}={change(before, value)}"
        elif action == "Delete":
            yield f"{name}={value or before or ''} (deleted)"
        else:
            yield f"{name}={value} (new)"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def day(text: str) -> str:
    """Leave out a time that is midnight in UTC, which a date without a time is stored as."""
    return text.removesuffix("T00:00:00Z")
