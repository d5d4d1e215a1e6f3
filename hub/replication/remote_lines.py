"""The lines of quotes and of service profiles as records of a remote client's file: a record a line or an attribute.

    quote_line_item            {quote_id, integration_id, parent_item_id, product_id, action_code, quantity, ...}
    quote_line_item_attribute  {quote_id, integration_id, name, value}
    service_item, ..._attribute   the same of the account's services, for reading

An attribute that its line takes away has no record. Secrets are masked.

Spec: docs/design/legacy.md, "Remote clients"; docs/remote_clients.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from adapters.database.objects.store import StoredObjects
from adapters.remote_file import Above, Record, RemoteTable
from integration_objects.complex_object import action_code, attribute_value, attributes, walk_items
from integration_objects.component import snake_case
from integration_objects.names import ACCOUNT, ASSET, ATTRIBUTE, KEY, LINE_ITEM, QUOTE
from integration_objects.property_set import PropertySet

PARENT, NAME, VALUE = "Parent Item Id", "Name", "Value"
#: Fields of a line that users don't see: the row, and what the hub keeps beside the line for itself.
_HIDDEN = ("Row Id", KEY, "Built On")


@dataclass(frozen=True)
class LineKind:
    """A kind of lines.

    Attributes:
        name: the name of the records.
        object: the integration object that has the lines.
        owner: the field of a record that names the object's instance.
        owner_key: the field of the header with the same value.
        owner_object: the object in whose table the instance is.
        is_reference: whether users only read the lines.
    """

    name: str
    object: str
    owner: str
    owner_key: str
    owner_object: str
    is_reference: bool = False

    @property
    def attribute(self) -> str:
        """The name of the records of the lines' attributes."""
        return f"{self.name} {ATTRIBUTE}"

    def fields(self, objects: StoredObjects) -> list[str]:
        """Return the fields of a line's record."""
        stored = objects.of(self.object).header.beneath[LINE_ITEM].columns
        return [self.owner, KEY, PARENT, *(name for name in stored if name not in _HIDDEN)]

    def tables(self, objects: StoredObjects) -> dict[str, RemoteTable]:
        """Return the two tables by the name of their records."""
        key = (self.owner, KEY)
        owner, own = snake_case(self.owner), snake_case(KEY)
        lines = snake_case(self.name)
        within = Above((self.owner,), snake_case(self.owner_object), (snake_case(self.owner_key),))
        beneath = Above((self.owner, PARENT), lines, (owner, own))
        described = {name: snake_case(name) for name in self.fields(objects)}
        valued = {name: snake_case(name) for name in (*key, NAME, VALUE)}
        return {
            self.name: RemoteTable(lines, key, described, (within, beneath), self.is_reference),
            self.attribute: RemoteTable(
                snake_case(self.attribute), (*key, NAME), valued, (Above(key, lines, (owner, own)),), self.is_reference
            ),
        }

    def lines(self, objects: StoredObjects, instance: PropertySet) -> dict[str, Line]:
        """Return the lines of an instance, whose secrets are masked, by their keys."""
        owner = instance.get(self.owner_key)
        found: dict[str, Line] = {}
        names = self.fields(objects)
        for item, parent in walk_items(instance):
            key = item.get(KEY)
            # A service that is moved within a quote has a line that ends, too: the one that stays is shown.
            if key is None or (key in found and action_code(item) == "Delete"):
                continue
            place = {self.owner: owner, PARENT: None if parent is None else parent.get(KEY)}
            values = {name: place[name] if name in place else item.get(name) or None for name in names}
            carried = {
                node.get(NAME) or "": attribute_value(node) or None
                for node in attributes(item)
                if action_code(node) != "Delete"
            }
            found[key] = Line(values, carried)
        return found


@dataclass(frozen=True)
class Line:
    """A line: its fields, and the values of its attributes by name."""

    fields: Record
    attributes: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def parent(self) -> str | None:
        """The key of the line above; None for a root."""
        return self.fields[PARENT]


QUOTE_LINE = LineKind("Quote Line Item", QUOTE, "Quote Id", "Row Id", QUOTE)
SERVICE = LineKind("Service Item", ASSET, "Account Id", "Account Id", ACCOUNT, is_reference=True)
LINE_KINDS = (QUOTE_LINE, SERVICE)


def line_records(
    kind: LineKind, tables: Mapping[str, RemoteTable], lines: Iterable[Line]
) -> dict[str, dict[str, Record]]:
    """Return the records of lines, and of their attributes, by name and key."""
    found: dict[str, dict[str, Record]] = {kind.name: {}, kind.attribute: {}}
    for line in lines:
        owned = {name: line.fields[name] for name in (kind.owner, KEY)}
        valued = [{**owned, NAME: name, VALUE: value} for name, value in line.attributes.items() if name]
        for name, records in ((kind.name, [line.fields]), (kind.attribute, valued)):
            found[name] |= {tables[name].key_of(record) or "": record for record in records}
    return found


def lines_by_owner(kind: LineKind, lines: Iterable[Record], valued: Iterable[Record]) -> dict[str, dict[str, Line]]:
    """Put records of lines and of attributes together, by the owner and the line's key; the inverse of `line_records`.

    Attributes of a line that isn't there are left out.
    """
    found: dict[str, dict[str, Line]] = {}
    for record in lines:
        found.setdefault(record[kind.owner] or "", {})[record[KEY] or ""] = Line(record, {})
    for record in valued:
        line = found.get(record[kind.owner] or "", {}).get(record[KEY] or "")
        if line is not None:
            assert isinstance(line.attributes, dict)  # noqa: S101  # made above
            line.attributes[record[NAME] or ""] = record[VALUE]
    return found
