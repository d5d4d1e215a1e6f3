"""Addresses on a screen: street and city beside the Address Id, which people know by heart of few addresses.

    8 Cedar Lane, Spokane (PR-HOME)

The objects that are shown carry Address Ids only. The command reads the addresses of these ids (`address_ids`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from integration_objects.complex_object import items_of
from integration_objects.names import ADDRESS
from integration_objects.property_set import PropertySet

#: the field of a line item, and the field of all other components
ITEM_ADDRESS, ADDRESS_ID = "Service Address Id", "Address Id"

#: the column of found rows that has an Address Id; the columns of rows with the values of fields; and of a sentence
_ADDRESS, _FIELD, _VALUE, _SENTENCE = "address", "field", "value", "reason"
#: an Address Id within a sentence
_NAMED = re.compile(r"(?<=\bAddress Id )'?([^\s,;()']+)'?")

#: Address Id -> the address as people read it
Addresses = Mapping[str, str]
#: for a screen whose addresses nobody has read: ids are shown alone
NO_ADDRESSES: Addresses = {}


def address_text(header: Mapping[str, str | None]) -> str:
    """Write the header of an address: street and city, and the Address Id by which commands name it.

    >>> address_text({"Address Id": "PR-HOME", "Street": "8 Cedar Lane", "City": "Spokane"}), address_text({})
    ('8 Cedar Lane, Spokane (PR-HOME)', '')
    """
    address_id = header.get(ADDRESS_ID) or ""
    place = ", ".join(part for name in ("Street", "City") if (part := header.get(name)))
    return f"{place} ({address_id})" if place else address_id


def address_ids(trees: Iterable[PropertySet]) -> set[str]:
    """Return the Address Ids that a screen of these messages or instances shows."""
    return {text for tree in trees for node in tree.walk() for text in _ids_of(node) if text}


def row_address_ids(rows: Iterable[Mapping[str, str | None]]) -> set[str]:
    """Return the Address Ids in the rows that a workflow has found.

    >>> row_address_ids([{"address": "PR-1"}, {"reason": "the Service Address Id PR-2 is old"}]) == {"PR-1", "PR-2"}
    True
    """
    found: set[str] = set()
    for row in rows:
        columns = [row.get(_ADDRESS), row.get(_VALUE) if row.get(_FIELD) == ITEM_ADDRESS else None]
        found.update(text for text in (*columns, *_NAMED.findall(row.get(_SENTENCE) or "")) if text)
    return found


def rows_with_addresses(rows: Sequence[Mapping[str, str | None]], addresses: Addresses) -> Sequence[Mapping[str, Any]]:
    """Return found rows with their Address Ids as people read them.

    >>> rows_with_addresses([{"address": "PR-1"}], {"PR-1": "8 Cedar Lane, Spokane (PR-1)"})
    [{'address': '8 Cedar Lane, Spokane (PR-1)'}]
    """
    if not addresses:
        return rows
    return [{name: _read(row, name, text, addresses) for name, text in row.items()} for row in rows]


def _read(row: Mapping[str, str | None], name: str, text: str | None, addresses: Addresses) -> str | None:
    if text is None:
        return None
    if name == _ADDRESS or (name == _VALUE and row.get(_FIELD) == ITEM_ADDRESS):
        return addresses.get(text, text)
    if name == _SENTENCE:
        return _NAMED.sub(lambda match: addresses.get(match[1], match[0]), text)
    return text


def common_address(instance: PropertySet) -> str | None:
    """Return the Address Id that all items with one have; None where they differ, or none has one."""
    known = {item.get(ITEM_ADDRESS) for item in items_of(instance)} - {None}
    return known.pop() if len(known) == 1 else None


def _ids_of(node: PropertySet) -> Iterator[str | None]:
    """Yield the Address Ids of a node, with the one that an Update changes."""
    # An address itself is shown whole.
    if node.type != ADDRESS:
        yield node.get(ITEM_ADDRESS)
        yield node.get(ADDRESS_ID)
        yield _old_address(node)


def _old_address(item: PropertySet) -> str | None:
    built_on = item.get("Built On")
    if built_on is None or ITEM_ADDRESS not in built_on:
        return None
    try:
        recorded = json.loads(built_on)
    except ValueError:
        return None
    old = recorded.get(ITEM_ADDRESS) if isinstance(recorded, dict) else None
    return old if isinstance(old, str) else None
