"""Objects on a screen: a heading, the line items as a table, and how many of them have which action.

    quote Q-0000002: In Progress, account 2-LB
      line  product                     action  service                       price  key     details
      1     Local Breakthrough Package  -                                     19.95  ZT6ZVH
      2       Local Line                Update  509-555-0140 -> 509-555-0150  0.00   560WN7
      3         Caller Id               -                                     0.00   TEYV31
      4         Call Forwarding         Update                                0.00   AFG0GP  Rings=6 -> 3
      in all: 2 Update, 2 unchanged

Columns in which no line has a value are left out. Lines that say nothing new are folded (`hub.presentation.folding`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from hub.presentation.addresses import ITEM_ADDRESS, NO_ADDRESSES, Addresses, common_address
from hub.presentation.details import detail_lines, header_table
from hub.presentation.folding import folded_rows
from hub.presentation.item_row import UNLIKE_ABOVE, ItemRow, action_word, counted_actions, day, item_row
from hub.presentation.printing import table
from integration_objects.complex_object import instances, is_empty, items_of, object_name
from integration_objects.names import ASSET, KEY, ORDER, QUOTE
from integration_objects.property_set import PropertySet
from integration_objects.short_keys import short_keys

#: the objects with line items -> the words for one without any
LINED = {ASSET: "no services", ORDER: "no lines", QUOTE: "no lines"}


def screen(tree: PropertySet, whole: bool = False, addresses: Addresses = NO_ADDRESSES) -> str:
    """Write a message for people.

    Args:
        tree: a message of any object.
        whole: whether every line is shown, and none folded.
        addresses: the addresses that it shows, by Address Id.
    """
    name = object_name(tree) or "object"
    if is_empty(tree):
        return f"{name}: {LINED.get(name, 'nothing')}"
    shown = instances(tree)
    if len(shown) > 1 and name not in LINED and not any(instance.children for instance in shown):
        return "\n".join(header_table(name, shown, addresses))
    return "\n".join(line for instance in shown for line in _instance_lines(name, instance, whole, addresses))


def screens(trees: Sequence[PropertySet], whole: bool = False, addresses: Addresses = NO_ADDRESSES) -> Iterator[str]:
    """Write the messages that a workflow answers with.

    An order and the quote that it is placed for have the same lines. Of an object of another kind than the first, the
    lines are shown only if every line is.
    """
    for tree in trees:
        if whole or object_name(tree) == object_name(trees[0]) or object_name(tree) not in LINED:
            yield screen(tree, whole, addresses)
        else:
            yield from (title(instance, addresses) for instance in instances(tree))


def title(instance: PropertySet, addresses: Addresses = NO_ADDRESSES) -> str:
    """Return the heading of a quote, an order or a service profile.

    >>> title(PropertySet("Quote", properties={"Quote Number": "Q-1", "Status": "In Progress", "Account Id": "1-A"}))
    'quote Q-1: In Progress, account 1-A'
    """
    return ", ".join(_title_parts(instance, addresses))


def line_table(instance: PropertySet, whole: bool = False, addresses: Addresses = NO_ADDRESSES) -> list[str]:
    """Return the table of an instance's line items, and their count by action; by status for a service profile."""
    keys = short_keys(item.get(KEY) or "" for item in items_of(instance))
    common = common_address(instance)

    def row_of(item: PropertySet, above: PropertySet, level: int) -> ItemRow:
        address_above = common or above.get(ITEM_ADDRESS)
        return item_row(item, above, level, keys[item.get(KEY) or ""], instance.type, address_above, addresses)

    rows = folded_rows(instance, row_of, whole)
    filled = [column for column in range(len(ItemRow._fields)) if any(row[column] for row in rows)]
    heads = [ItemRow._fields[column] for column in filled]
    return [*table(heads, [[row[column] for column in filled] for row in rows]).splitlines(), _in_all(instance)]


def _instance_lines(name: str, instance: PropertySet, whole: bool, addresses: Addresses) -> Iterator[str]:
    if name not in LINED:
        yield from detail_lines(name, instance, addresses)
        return
    yield title(instance, addresses)
    has_lines = next(items_of(instance), None) is not None
    for line in line_table(instance, whole, addresses) if has_lines else [LINED[name]]:
        yield f"  {line}"


def _title_parts(instance: PropertySet, addresses: Addresses) -> Iterator[str]:
    if instance.type == "Asset":
        yield f"services of the account {instance.get('Account Id')}"
        yield from _common_address(instance, addresses)
        return
    kind, status = instance.type.lower(), instance.get("Status")
    number, revision = instance.get(f"{instance.type} Number"), instance.get("Revision")
    if instance.type == "Quote":
        yield f"{kind} {number}: {status}"
    else:
        yield f"{kind} {number}"
        yield f"revision {revision or '1'}: {status}"
        if instance.get("Active Flag") == "N":
            yield "inactive"
    account_id = instance.get("Account Id")
    yield f"account {account_id}"
    for words, field, _ in UNLIKE_ABOVE:
        # Most customers pay for the services that they use.
        if instance.get(field) not in (None, account_id):
            yield f"{words} {instance.get(field)}"
    yield from _common_address(instance, addresses)
    for words, field in (("due", "Due Date"), ("valid until", "Valid Until Date")):
        if instance.get(field):
            yield f"{words} {day(instance.get(field) or '')}"


def _common_address(instance: PropertySet, addresses: Addresses) -> Iterator[str]:
    """Yield the address of all items; where they have several, the lines tell them."""
    common = common_address(instance)
    if common is not None:
        yield f"at {addresses.get(common, common)}"


def _in_all(instance: PropertySet) -> str:
    items = list(items_of(instance))
    if instance.type == "Asset":
        # A service profile is a state: its items have a status, and no action.
        statuses = Counter(item.get("Status") or "without a status" for item in items)
        return "in all: " + ", ".join(f"{number} {status}" for status, number in statuses.items())
    return f"in all: {counted_actions(Counter(map(action_word, items)))}"
