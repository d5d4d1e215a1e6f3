"""The declarations of virtual business components.

    virtual component: Mainframe Services       # a mainframe keeps the service profiles
    keeps: OM Asset
    channel: mainframe.services                 # where it is asked
    time limit: 5                               # seconds for each request
    cache: 0                                    # seconds for which a profile that was read counts as the present one
    most rows: 2000                             # of one account
    remote source: PROFILE                      # left out: none
    items: {component: SERVICE, fields: {Account Id: CUST-NO, Integration Id: SVC-ID, ...}}
    attributes: {component: FEATURE, fields: {Account Id: CUST-NO, Integration Id: SVC-ID, Name: FEAT, Text Value: VAL}}

    virtual component: ORDER                    # the name by which legacy systems ask the hub
    answers: OM Order
    rows: Line Item                             # one row a line item; left out: one row an instance
    by: [Order Number, Account Id]              # a question names one of these
    most rows: 200
    fields: {Order Number: ORD-NO, Account Id: CUST-NO, Product Id: PROD-CD}

Spec: docs/design/legacy.md, "Virtual business components".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.transport import CHANNEL, destination_of, refused_property
from integration_objects.component import Component
from integration_objects.declaration import Node, Parts, Source, read
from integration_objects.definition import Definitions
from integration_objects.names import ASSET, ATTRIBUTE, KEY, LINE_ITEM, ORDER

NAME_KEY = "virtual component"
#: the field of a line item that names the item above it, in rows
PARENT = "Parent Item Id"
ACCOUNT_ID = "Account Id"
HEADER = "Header"
KEEPS_REQUIRED = (NAME_KEY, "keeps", "channel", "items")
KEEPS_OPTIONAL = ("time limit", "cache", "most rows", "remote source", "attributes", "help")
ANSWERS_REQUIRED = (NAME_KEY, "answers", "by", "fields")
ANSWERS_OPTIONAL = ("rows", "most rows", "help")
ANSWERED_OBJECTS = (ASSET, ORDER)
ROWS = (HEADER, LINE_ITEM)
SHAPE_REQUIRED = ("component", "fields")
SHAPE_OPTIONAL = ("id",)
_NEEDED_OF_ITEMS = (ACCOUNT_ID, KEY, PARENT, "Product Id", "Status")
_NEEDED_OF_ATTRIBUTES = (ACCOUNT_ID, KEY, "Name")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,126}[A-Za-z0-9])?")
_TIME_LIMIT_S, _LONGEST_S = 5, 30
_LONGEST_CACHE_S = 3600
_MOST_ROWS, _ROWS_CAP = 2_000, 20_000
_ANSWERED_ROWS, _ANSWERED_CAP = 200, 5_000


@dataclass(frozen=True)
class RowShape:
    """The rows of one business component.

    Attributes:
        component, component_id: the component's name and id in requests.
        fields: the other system's field names by the hub's.
    """

    component: str
    component_id: str
    fields: Mapping[str, str]

    def key_fields(self) -> tuple[str, ...]:
        """Return the other system's names of the fields that say which row it is."""
        return tuple(self.fields[name] for name in (KEY, "Name") if name in self.fields)


@dataclass(frozen=True)
class KeptProfile:
    """Another system keeps the service profiles.

    Attributes:
        timeout_s: seconds for each request.
        cache_s: seconds for which a profile that was read counts as the present one.
        most_rows: rows of a component for one account; an answer with more is refused.
        items, attributes: the rows; None for attributes that the other system doesn't keep.
    """

    name: str
    channel: str
    timeout_s: int
    cache_s: int
    most_rows: int
    remote_source: str | None
    items: RowShape
    attributes: RowShape | None
    where: str


@dataclass(frozen=True)
class AnsweredRows:
    """Rows that the hub answers legacy systems with.

    Attributes:
        name: the business component's name in requests.
        object: the integration object.
        of_items: whether each line item is a row; else each instance is.
        by: the fields of the header of which a question names one.
        fields: the asker's field names by the hub's: of the line item, else of the header.
        most_rows: rows of a reply.
    """

    name: str
    object: str
    of_items: bool
    by: tuple[str, ...]
    fields: Mapping[str, str]
    most_rows: int
    where: str


VirtualComponent = KeptProfile | AnsweredRows


def read_virtual_components(sources: Sequence[Source], definitions: Definitions) -> dict[str, VirtualComponent]:
    """Read the declarations.

    Raises:
        DeclarationFault: with file:line:column.
    """
    found: dict[str, VirtualComponent] = {}
    for source in sources:
        node = read(source)
        parts = node.mapping(required=(NAME_KEY,))
        component = _kept(node, definitions) if "answers" not in parts else _answered(node, definitions)
        if component.name in found:
            raise parts[NAME_KEY].twice(NAME_KEY, found[component.name].where)
        found[component.name] = component
    return found


def _kept(node: Node, definitions: Definitions) -> KeptProfile:
    parts = node.mapping(required=KEEPS_REQUIRED, optional=KEEPS_OPTIONAL)
    parts["keeps"].choice(ASSET)
    channel = parts["channel"].text()
    why = refused_property("reply_to", channel)
    if why or destination_of(channel).kind is not CHANNEL:
        raise parts["channel"].fault(f"{channel!r} can't be a channel's name", why, mend="name it otherwise")
    item = definitions[ASSET].root.children[LINE_ITEM]
    attribute = item.children[ATTRIBUTE]
    attributes = parts.get("attributes")
    return KeptProfile(
        _name(parts),
        channel,
        _whole(parts, "time limit", _TIME_LIMIT_S, 1, _LONGEST_S),
        _whole(parts, "cache", 0, 0, _LONGEST_CACHE_S),
        _whole(parts, "most rows", _MOST_ROWS, 1, _ROWS_CAP),
        parts.text("remote source", None),
        _shape(parts["items"], "1", item, (ACCOUNT_ID,), _NEEDED_OF_ITEMS),
        None if attributes is None else _shape(attributes, "2", attribute, (ACCOUNT_ID, KEY), _NEEDED_OF_ATTRIBUTES),
        node.where,
    )


def _answered(node: Node, definitions: Definitions) -> AnsweredRows:
    parts = node.mapping(required=ANSWERS_REQUIRED, optional=ANSWERS_OPTIONAL)
    name = parts["answers"].choice(*ANSWERED_OBJECTS)
    root = definitions[name].root
    of_items = "rows" in parts and parts["rows"].choice(*ROWS) == LINE_ITEM
    item = root.children[LINE_ITEM]
    known = [*(item.fields if of_items else ()), *root.fields]
    by = parts["by"].texts()
    for field in by:
        if field not in root.fields:
            raise parts["by"].fault(f"{name} has no field '{field}'", mend=f"name fields of {root.name}")
    fields = _fields(parts["fields"], known, by)
    return AnsweredRows(
        _name(parts),
        name,
        of_items,
        tuple(by),
        fields,
        _whole(parts, "most rows", _ANSWERED_ROWS, 1, _ANSWERED_CAP),
        node.where,
    )


def _name(parts: Parts) -> str:
    return parts[NAME_KEY].matching(
        _NAME, "a virtual component's name", "letters and digits, with . _ - between", "ORDER"
    )


def _whole(parts: Parts, key: str, default: int, least: int, most: int) -> int:
    if key not in parts:
        return default
    number = parts[key].whole()
    if not least <= number <= most:
        raise parts[key].fault(f"'{key}' can't be {number}", mend=f"give a number from {least} to {most}")
    return number


def _shape(node: Node, id: str, component: Component, above: Sequence[str], needed: Sequence[str]) -> RowShape:
    parts = node.mapping(required=SHAPE_REQUIRED, optional=SHAPE_OPTIONAL)
    fields = _fields(parts["fields"], [*component.fields, *above], needed)
    return RowShape(parts["component"].text(), parts.text("id", id), fields)


def _fields(node: Node, known: Sequence[str], needed: Sequence[str]) -> dict[str, str]:
    """Read the other system's field names by the hub's; each stands once on both sides."""
    fields: dict[str, str] = {}
    for name, other in node.items():
        if name.text() not in known:
            raise name.unknown("field", known)
        if other.text() in fields.values():
            raise other.fault(f"'{other.text()}' is the name of two fields", mend="give each field a name of its own")
        fields[name.text()] = other.text()
    for field in needed:
        if field not in fields:
            raise node.fault(f"the field '{field}' is missing", mend=f"add '{field}: ...'")
    return fields
