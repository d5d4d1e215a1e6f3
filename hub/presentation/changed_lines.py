"""The changes that a workflow has made to a quote or an order which was there before.

    changed: order O-0000001: Status: New -> Open
    changed: 1 line more: Caller Id (line 5)
    changed: Local Line 509-555-0101: Service Id: nothing -> 509-555-0101
    changed: 41 lines: Status: Pending -> Open

The table shows an order against the services of the customer; these sentences show it against what it was before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from hub.presentation.addresses import NO_ADDRESSES, Addresses
from hub.presentation.item_row import LABELS, SILENT, action_word, change, same_value, shown_value
from integration_objects.complex_object import (
    action_code,
    attribute_value,
    attributes,
    first_instance,
    is_empty,
    items_of,
    object_name,
)
from integration_objects.discount import FIELDS as DISCOUNT
from integration_objects.names import KEY, NO_ACTION, ORDER, QUOTE
from integration_objects.property_set import PropertySet

#: Fields of lines that the hub fills in when an order is submitted or placed: they follow from the account.
_FILLED_IN = frozenset(("Service Address Id", "Service Account Id", "Billing Account Id"))
#: fields that follow from others, or that the report tells of (prices)
_FOLLOWING = frozenset(
    (
        *SILENT,
        *("Row Id", KEY, "Line Number", "Parent Item Id", "Product Id", "Track As Asset", "Built On", "Applied Date"),
        *("Extended Quantity", "Adjusted Price", "Free Quantity", "Modification Number"),
        *DISCOUNT,
        # told as the line's action
        *("Action Code", "Action Alias", "Asset Status"),
    )
)


def changed_lines(
    before: PropertySet | None, trees: Sequence[PropertySet], addresses: Addresses = NO_ADDRESSES
) -> list[str]:
    """Return a sentence for each change of the header and the lines; lines that are changed alike are counted in one.

    Args:
        before: the instance before the workflow; None if the workflow made it.
        trees: the messages that the workflow answers with; the first one's first instance is compared.
        addresses: the addresses, by Address Id.
    """
    if before is None or not trees or is_empty(trees[0]) or object_name(trees[0]) not in (QUOTE, ORDER):
        return []
    after = first_instance(trees[0])
    old = {item.get(KEY): item for item in items_of(before)}
    new = {item.get(KEY): item for item in items_of(after)}
    # A line of a quote has the quote's status, which the header's sentence tells.
    told_already = _FOLLOWING | {"Status"} if after.type == "Quote" else _FOLLOWING
    alike: dict[str, list[PropertySet]] = {}
    moves_on = before.get("Status") != after.get("Status")
    for key, item in new.items():
        if key in old and (text := ", ".join(_changes(old[key], item, addresses, told_already, moves_on))):
            alike.setdefault(text, []).append(item)
    header = ", ".join(_changes(before, after, addresses))
    return [
        *([f"changed: {after.type.lower()} {after.get(f'{after.type} Number')}: {header}"] if header else []),
        *_counted("more", [item for key, item in new.items() if key not in old]),
        *_counted("less", [item for key, item in old.items() if key not in new]),
        *(
            f"changed: {_name(items[0]) if len(items) == 1 else f'{len(items)} lines'}: {text}"
            for text, items in alike.items()
        ),
    ]


def _counted(word: str, items: Sequence[PropertySet]) -> Iterator[str]:
    if len(items) == 1:
        yield f"changed: 1 line {word}: {_name(items[0])}"
    elif items:
        yield f"changed: {len(items)} lines {word}"


def _name(item: PropertySet) -> str:
    line = item.get("Line Number")
    name = item.get("Service Id") or (f"(line {line})" if line else "")
    return f"{item.get('Product Id') or '?'} {name}".rstrip()


def _changes(
    before: PropertySet,
    after: PropertySet,
    addresses: Addresses,
    told_already: Collection[str] = _FOLLOWING,
    moves_on: bool = False,
) -> Iterator[str]:
    """Yield the changed values of a header or a line; *moves_on*: the document of the line got another status."""
    actions = [None if action_word(node) == NO_ACTION else action_word(node) for node in (before, after)]
    if actions[0] != actions[1]:
        yield f"Action: {change(*actions)}"
    for name, new in after.properties.items():
        old_value = before.get(name)
        is_filled_in = moves_on and old_value is None and name in _FILLED_IN
        is_same = same_value(name, old_value, new) or {old_value, new} == {None, "N"}
        if name not in told_already and not is_filled_in and not is_same:
            shown = (shown_value(name, text, addresses) for text in (old_value, new))
            yield f"{LABELS.get(name, name)}: {change(*shown)}"
    old, now = _values(before), _values(after)
    for name in dict.fromkeys([*now, *old]):
        if old.get(name) != now.get(name):
            yield f"{name}: {change(old.get(name), now.get(name))}"


def _values(item: PropertySet) -> Mapping[str, str]:
    return {
        attribute.get("Name") or "": attribute_value(attribute)
        for attribute in attributes(item)
        # A line that takes its service away keeps the attributes as they are.
        if action_code(attribute) != "Delete" or action_code(item) == "Delete"
    }
