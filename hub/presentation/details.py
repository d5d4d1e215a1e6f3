"""Objects without line items, for people: the fields of the header, and a table for each kind of component.

    Account 2-LB
      Name: Lee Brown
      Currency Code: USD
      Account Key:
        System     Number
        Mainframe  000123

Fields without a value are left out. Components beneath other components stand beneath the row of theirs. Several
objects that have no components are one table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.presentation.addresses import ADDRESS_ID, NO_ADDRESSES, Addresses
from hub.presentation.printing import table
from integration_objects.property_set import PropertySet

_LIST = "ListOf "
#: fields of the store, which say nothing to a person
_OF_THE_STORE = frozenset(("Row Id", "Modification Number"))


def detail_lines(name: str, instance: PropertySet, addresses: Addresses = NO_ADDRESSES) -> Iterator[str]:
    """Yield the lines of an instance of the object *name*; *addresses* are those that it names, by Address Id."""
    fields = _filled(instance)
    # The first field is the key by which people name the object.
    yield f"{name} {fields[0][1]}" if fields else name
    for field, value in fields[1:]:
        yield f"  {field}: {_shown(field, value, addresses)}"
    # A stack and no recursion: components may be nested deeper than Python lets functions call each other.
    stack: list[tuple[str, PropertySet]] = [("  ", listing) for listing in reversed(instance.children)]
    while stack:
        margin, listing = stack.pop()
        if not listing.children:
            continue
        if any(node.children for node in listing.children) and len(listing.children) > 1:
            # One list for each node: the lists beneath a node follow the node's own row.
            stack += [(margin, PropertySet(listing.type, children=[node])) for node in reversed(listing.children)]
            continue
        yield f"{margin}{listing.type.removeprefix(_LIST)}:"
        yield from (f"{margin}  {line}" for line in _rows(listing.children, addresses))
        below = [child for node in listing.children for child in node.children]
        stack += [(margin + "    ", child) for child in reversed(below)]


def header_table(name: str, headers: Sequence[PropertySet], addresses: Addresses = NO_ADDRESSES) -> Iterator[str]:
    """Yield the lines of a table of objects that have no components, a row for each."""
    yield f"{name}:"
    yield from (f"  {line}" for line in _rows(headers, addresses))


def _rows(nodes: Sequence[PropertySet], addresses: Addresses) -> list[str]:
    """Return a table of the nodes' fields; a column for each field that one of them has."""
    heads = list(dict.fromkeys(field for node in nodes for field, _ in _filled(node)))
    rows = [[_shown(head, node.get(head) or "", addresses) for head in heads] for node in nodes]
    return table(heads, rows).splitlines() if heads else []


def _shown(field: str, value: str, addresses: Addresses) -> str:
    return addresses.get(value, value) if field == ADDRESS_ID else value


def _filled(node: PropertySet) -> list[tuple[str, str]]:
    return [(name, value) for name, value in node.properties.items() if value and name not in _OF_THE_STORE]
