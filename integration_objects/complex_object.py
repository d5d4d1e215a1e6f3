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

The functions of this module hide the ``ListOf`` nodes. `ComplexObject` is a view on one instance: a header and a
forest of line items, found by key.

Source: "q. Create Empty Complex Object Method"; spec: docs/design/integration.md, "Property sets and the hub's own
XML".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from sys import intern

from integration_objects.names import ATTRIBUTE, KEY, LINE_ITEM, NO_ACTION, VALUE_FIELDS
from integration_objects.property_set import PropertySet

_READ_AS_NO_ACTION = frozenset((None, "", "--", NO_ACTION))
_LIST_OF = "ListOf "
_LINE_ITEMS, _ATTRIBUTES = intern(_LIST_OF + LINE_ITEM), intern(_LIST_OF + ATTRIBUTE)


def list_of(name: str) -> str:
    """Return the type of the node that holds the components (or instances) called *name*."""
    # One text for all nodes: large trees have hundreds of thousands of lists.
    return intern(_LIST_OF + name)


def message(name: str, instances: Sequence[PropertySet], message_id: str | None = None) -> PropertySet:
    """Make a message that carries *instances* of the integration object *name*; an empty one for no instances."""
    if not instances:
        return empty(name)
    primary = instances[0].get("Row Id")
    head: dict[str, str | None] = {"OutputIntObjectName": name}
    if primary:
        head["PrimaryRowId"] = primary
    envelope: dict[str, str | None] = {} if message_id is None else {"MessageId": message_id}
    envelope |= {"MessageType": "Integration Object", "IntObjectName": name, "IntObjectFormat": "Hierarchical"}
    carried = PropertySet(list_of(name), children=list(instances))
    return PropertySet(properties=head, children=[PropertySet("Message", properties=envelope, children=[carried])])


def empty(name: str | None = None) -> PropertySet:
    """Make an empty complex object; of no particular kind where no *name* is given."""
    properties: dict[str, str | None] = {"Is Empty": "Y"}
    if name is not None:
        properties["OutputIntObjectName"] = name
    return PropertySet(properties=properties)


def is_empty(tree: PropertySet) -> bool:
    """Tell whether *tree* is an empty complex object: Is Empty is Y, and it carries no message."""
    return tree.get("Is Empty") == "Y" and not tree.children


def object_name(tree: PropertySet) -> str | None:
    """Return the name of the integration object that the message carries; None for an empty object of no kind."""
    envelope = tree.child("Message")
    if envelope is not None:
        return envelope.get("IntObjectName")
    return tree.get("OutputIntObjectName")


def instances(tree: PropertySet) -> list[PropertySet]:
    """Return the header nodes of the instances: the tree's own nodes, not copies; none for an empty object."""
    envelope = tree.child("Message")
    if envelope is None or not envelope.children:
        return []
    return envelope.children[0].children


def first_instance(tree: PropertySet) -> PropertySet:
    """Return the first header node of a message that carries at least one instance."""
    return instances(tree)[0]


def components(node: PropertySet, name: str) -> list[PropertySet]:
    """Return the child components called *name* of an instance or component: its own list, not a copy."""
    # The loop stands here and in the next two functions again: a call for each node would cost Delta and Apply time.
    type = list_of(name)
    for child in node.children:
        if child.type == type:
            return child.children
    return []


def carries(node: PropertySet, name: str) -> bool:
    """Tell whether the node carries a list of components *name*, even an empty one."""
    return node.child(list_of(name)) is not None


def put_list(node: PropertySet, name: str) -> list[PropertySet]:
    """Return the node's own list of components *name*; make it where it is absent. Changes *node*."""
    holder = node.child(list_of(name))
    if holder is None:
        holder = PropertySet(list_of(name))
        node.children.append(holder)
    return holder.children


def line_items(node: PropertySet) -> list[PropertySet]:
    """Return the line items directly beneath an instance or a line item: its own list, not a copy."""
    for child in node.children:
        if child.type == _LINE_ITEMS:
            return child.children
    return []


def attributes(item: PropertySet) -> list[PropertySet]:
    """Return the attributes of a line item: its own list, not a copy."""
    for child in item.children:
        if child.type == _ATTRIBUTES:
            return child.children
    return []


def attribute_value(attribute: PropertySet) -> str:
    """Return the value of an attribute of any type; "" for none.

    >>> attribute_value(PropertySet("Attribute", properties={"Name": "Rings", "Number Value": "6"}))
    '6'
    """
    return next((value for name in VALUE_FIELDS.values() if (value := attribute.get(name))), "")


def walk_items(instance: PropertySet) -> Iterator[tuple[PropertySet, PropertySet | None]]:
    """Yield every line item with its parent item (None for a root item), parents before children, in order."""
    stack: list[tuple[PropertySet, PropertySet | None]] = [(root, None) for root in reversed(line_items(instance))]
    while stack:
        entry = stack.pop()
        yield entry
        item = entry[0]
        below = line_items(item)
        if below:
            stack += [(child, item) for child in reversed(below)]


def items_of(instance: PropertySet) -> Iterator[PropertySet]:
    """Yield every line item of an instance, parents before children, in order."""
    return items_from(line_items(instance))


def items_from(roots: Sequence[PropertySet]) -> Iterator[PropertySet]:
    """Yield the line items *roots* and all line items beneath them, parents before children, in order."""
    # No recursion: line items may be nested 50,000 levels deep.
    stack = [*reversed(roots)]
    while stack:
        item = stack.pop()
        yield item
        below = line_items(item)
        if below:
            stack += below[::-1]


def all_items(trees: Iterable[PropertySet]) -> Iterator[PropertySet]:
    """Yield every line item of every instance of the messages *trees*."""
    for tree in trees:
        for instance in instances(tree):
            yield from items_of(instance)


def drop_items(instance: PropertySet, is_dropped: Callable[[PropertySet], bool]) -> None:
    """Drop the line items that satisfy *is_dropped* and have no kept item beneath them. Changes *instance*."""
    # The lower items first: an item may go when all items beneath it are gone.
    for node in reversed([instance, *items_of(instance)]):
        below = line_items(node)
        below[:] = [item for item in below if line_items(item) or not is_dropped(item)]


def action_code(node: PropertySet) -> str:
    """Return the node's action code as the methods read it: absent, null, ``''`` and ``--`` are ``-``."""
    code = node.properties.get("Action Code")
    if code is None or code in _READ_AS_NO_ACTION:
        return NO_ACTION
    return code


def is_tracked(item: PropertySet) -> bool:
    """Tell whether the item's product is tracked as an asset; a null Track As Asset reads as Y."""
    return item.properties.get("Track As Asset") != "N"


class ComplexObject:
    """One instance of a message, seen as a header and a forest of line items that are found by key.

    Make the view once for a tree. The view reads the tree's structure at the first question. It doesn't see line items
    that are added or removed afterwards; fields may change.

    >>> feature = PropertySet(LINE_ITEM, properties={KEY: "2"})
    >>> line = PropertySet(LINE_ITEM, properties={KEY: "1"})
    >>> put_list(line, LINE_ITEM).append(feature)
    >>> order = ComplexObject(PropertySet("Order"))
    >>> put_list(order.header, LINE_ITEM).append(line)
    >>> [item.get(KEY) for item in order.items], order.root_of(feature) is line, order.by_key("2") is feature
    (['1', '2'], True, True)

    Attributes:
        header: the instance's own node.
    """

    def __init__(self, header: PropertySet) -> None:
        self.header = header

    @classmethod
    def of(cls, tree: PropertySet | None) -> ComplexObject:
        """Make the view on the first instance of the message; for None or an empty one, a header without fields."""
        headers = [] if tree is None else instances(tree)
        return cls(headers[0] if headers else PropertySet())

    @cached_property
    def items(self) -> list[PropertySet]:
        """All line items, parents before children, in order."""
        return list(items_of(self.header))

    @cached_property
    def keyed(self) -> Mapping[str, PropertySet]:
        """The line items by Integration Id, without the line items that have none."""
        return {key: item for item in self.items if (key := item.get(KEY)) is not None}

    def by_key(self, key: str | None) -> PropertySet | None:
        """Return the line item with this Integration Id; None for none."""
        return None if key is None else self.keyed.get(key)

    @cached_property
    def _parents(self) -> Mapping[int, PropertySet | None]:
        # By identity: lines may lack a key, and property sets have no hash.
        return {id(item): parent for item, parent in walk_items(self.header)}

    def parent_of(self, item: PropertySet) -> PropertySet | None:
        """Return the line item above *item*; None for a root item."""
        return self._parents[id(item)]

    def above(self, item: PropertySet) -> Iterator[PropertySet]:
        """Yield the line items above *item*, the nearest first."""
        parent = self.parent_of(item)
        while parent is not None:
            yield parent
            parent = self.parent_of(parent)

    def root_of(self, item: PropertySet) -> PropertySet:
        """Return the root item above *item*; a root item is its own root."""
        root = item
        for parent in self.above(item):
            root = parent
        return root

    def with_those_above(self, keep: Callable[[PropertySet], bool]) -> list[PropertySet]:
        """List the line items that satisfy *keep*, and the line items above them, in order."""
        wanted = {id(node) for item in self.items if keep(item) for node in (item, *self.above(item))}
        return [item for item in self.items if id(item) in wanted]

    def prune(self, keep: Callable[[PropertySet], bool]) -> PropertySet:
        """Copy the instance with the line items that satisfy *keep*, and the line items above them."""
        kept = {id(item) for item in self.with_those_above(keep)}
        result = self.header.copy_node()
        stack = [(self.header, result)]
        while stack:
            source, target = stack.pop()
            for node in source.children:
                if source.type != _LINE_ITEMS or id(node) in kept:
                    twin = node.copy_node()
                    target.children.append(twin)
                    stack.append((node, twin))
        return result

    def with_roots(self, roots: Iterable[PropertySet]) -> PropertySet:
        """Copy the header, with *roots* as its root items: the same nodes, not copies."""
        header = self.header.copy_node()
        for child in self.header.children:
            if child.type == _LINE_ITEMS:
                header.children.append(PropertySet(_LINE_ITEMS, children=list(roots)))
            else:
                header.children.append(child)
        return header
