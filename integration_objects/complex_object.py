"""A property set seen as a message that carries instances of one integration object.

    PropertySet ""                        {OutputIntObjectName, PrimaryRowId}; or {Is Empty: Y}, and no child
      Message                             {MessageId, MessageType, IntObjectName, IntObjectFormat}
        ListOf OM Order
          Order                           an instance: the header's fields
            ListOf Line Item              absent: not carried; without children: carried and empty
              Line Item                   {Integration Id, Action Code, ...}
                ListOf Attribute
                  Attribute               {Name, Action Code, Text Value, ...}
                ListOf Line Item
                  ...

Functions here see this shape, and hide the ``ListOf`` nodes from whoever only wants the components.

Source: "q. Create Empty Complex Object Method"; spec: integration.md, "Property sets and the hub's own XML".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from sys import intern

from integration_objects.property_set import PropertySet

LINE_ITEM = "Line Item"
ATTRIBUTE = "Attribute"
KEY = "Integration Id"
NO_ACTION = "-"
ACTION_CODES = ("Add", "Update", "Delete", NO_ACTION)
_READ_AS_NO_ACTION = frozenset((None, "", "--", NO_ACTION))
_LIST_OF = "ListOf "
_LINE_ITEMS, _ATTRIBUTES = intern(_LIST_OF + LINE_ITEM), intern(_LIST_OF + ATTRIBUTE)


def list_of(name: str) -> str:
    """The type of the node that holds the components (or instances) called *name*."""
    return intern(_LIST_OF + name)  # one text for all nodes: large trees have hundreds of thousands of lists


def message(name: str, instances: Sequence[PropertySet], message_id: str | None = None) -> PropertySet:
    """A message that carries *instances* of the integration object *name*; an empty one for no instances."""
    if not instances:
        return empty(name)
    primary = instances[0].get("Row Id")
    head: dict[str, str | None] = {"OutputIntObjectName": name}
    if primary:
        head["PrimaryRowId"] = primary
    envelope: dict[str, str | None] = {
        "MessageType": "Integration Object",
        "IntObjectName": name,
        "IntObjectFormat": "Hierarchical",
    }
    if message_id is not None:
        envelope = {"MessageId": message_id, **envelope}
    return PropertySet(
        properties=head,
        children=[
            PropertySet("Message", properties=envelope, children=[PropertySet(list_of(name), children=list(instances))])
        ],
    )


def empty(name: str | None = None) -> PropertySet:
    """An empty complex object, of no particular kind where no *name* is given."""
    properties: dict[str, str | None] = {"Is Empty": "Y"}
    if name is not None:
        properties["OutputIntObjectName"] = name
    return PropertySet(properties=properties)


def is_empty(tree: PropertySet) -> bool:
    """Whether *tree* is an empty complex object: it says so, and carries no message."""
    return tree.get("Is Empty") == "Y" and not tree.children


def object_name(tree: PropertySet) -> str | None:
    """The integration object's name that the message carries; None for an empty object of no kind."""
    envelope = tree.child("Message")
    if envelope is not None:
        return envelope.get("IntObjectName")
    return tree.get("OutputIntObjectName")


def instances(tree: PropertySet) -> list[PropertySet]:
    """The instances' header nodes, the tree's own nodes, not copies; none for an empty object."""
    envelope = tree.child("Message")
    if envelope is None or not envelope.children:
        return []
    return envelope.children[0].children


def components(node: PropertySet, name: str) -> list[PropertySet]:
    """The child components called *name* of an instance or component: its own list, not a copy of it."""
    type = list_of(name)
    for child in node.children:
        if child.type == type:
            return child.children
    return []


def carries(node: PropertySet, name: str) -> bool:
    """Whether the node carries a list of components *name*, even an empty one."""
    return node.child(list_of(name)) is not None


def put_list(node: PropertySet, name: str) -> list[PropertySet]:
    """The children of the node's list of components *name*, made where it was absent. Changes *node*."""
    type = list_of(name)
    found = node.child(type)
    if found is None:
        found = PropertySet(type)
        node.children.append(found)
    return found.children


def line_items(node: PropertySet) -> list[PropertySet]:
    """The line items directly beneath an instance or a line item: its own list, not a copy of it."""
    for child in node.children:
        if child.type == _LINE_ITEMS:
            return child.children
    return []


def attributes(item: PropertySet) -> list[PropertySet]:
    """The attributes of a line item: its own list, not a copy of it."""
    for child in item.children:
        if child.type == _ATTRIBUTES:
            return child.children
    return []


def walk_items(instance: PropertySet) -> Iterator[tuple[PropertySet, PropertySet | None]]:
    """Every line item with its parent item (None for a root item), parents before children, in order."""
    stack: list[tuple[PropertySet, PropertySet | None]] = [(root, None) for root in reversed(line_items(instance))]
    while stack:
        entry = stack.pop()
        yield entry
        item = entry[0]
        below = line_items(item)
        if below:
            stack += [(child, item) for child in reversed(below)]


def all_items(trees: Iterable[PropertySet]) -> Iterator[PropertySet]:
    """Every line item of every instance of the messages *trees*."""
    for tree in trees:
        for instance in instances(tree):
            for item, _ in walk_items(instance):
                yield item


def action_code(node: PropertySet) -> str:
    """The node's action code as the methods read it: absent, null, ``''`` and ``--`` are ``-``."""
    code = node.properties.get("Action Code")
    if code is None or code in _READ_AS_NO_ACTION:
        return NO_ACTION
    return code


def is_tracked(item: PropertySet) -> bool:
    """Whether the item's product is tracked as an asset; a null Track As Asset reads as Y."""
    return item.properties.get("Track As Asset") != "N"
