"""Apply: lay open orders over an asset; the result is the state after they are done.

Each item of the asset and the orders has one `_Image`, found by its key. The image holds the item's state, its parent
and, once they change, its children, so that an order's cost grows with its own items and not with the asset's. Each
item is checked and copied in one go, while it is at hand, and the asset is read only as far as the orders need it: if
both have the same order, a copy is still in the processor's cache when an order changes it.

Source: "a. Apply Method", figures 11A to 11E-3; spec: docs/design/methods.md, "Apply" and "Settled points", Apply.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hub.services.differences import Differs, differs_in
from hub.services.items import ATTRIBUTES, LINE_ITEMS, CircleOfItems, checked_items, line_of
from hub.services.objects import (
    attribute_copies,
    attribute_of,
    definition_of,
    fit,
    header_copy,
    item_component,
    lists_for,
    only_instance,
    other_lists,
)
from integration_objects.complex_object import (
    action_code,
    attributes,
    empty,
    instances,
    line_items,
    message,
    object_name,
    put_list,
)
from integration_objects.definition import Component, Definitions
from integration_objects.errors import Refused
from integration_objects.names import ASSET, ATTRIBUTE, KEY, LINE_ITEM, NO_ACTION, VALUE_FIELDS
from integration_objects.property_set import PropertySet

#: Statuses of an asset; any other status is an order item's own.
ASSET_STATUSES = frozenset(("Active", "Inactive", "Suspended"))
ABSENT = "absent"
#: Never copied from an order's item as they stand; `_Order._set_fields` settles Status from Status and Asset Status.
#: Action Code is `-` in every result: a state, not a change.
_NOT_COPIED = ("Action Code", "Status", "Asset Status")


@dataclass(frozen=True, slots=True)
class Ignored:
    """An item or attribute of an order that Apply ignored: an entry of the source's ignorelog.

    Attributes:
        order: the order's or quote's number; None where it has none.
        item: the item's key.
        attribute: the attribute's name; None where the whole item was ignored.
        action: the action code that was ignored.
        state: the state of the item or attribute then: ``absent``, ``-``, ``Add``, ``Update`` or ``Delete``.
        reason: a sentence.
    """

    order: str | None
    item: str
    attribute: str | None
    action: str
    state: str
    reason: str

    def __str__(self) -> str:
        about = f"item '{self.item}'" + (f", attribute '{self.attribute}'" if self.attribute is not None else "")
        text = f"order '{self.order or ''}', {about}: {self.action} ignored, met {self.state}: {self.reason}"
        # Numbers and keys are the sender's: a line break in them must not look like another entry.
        return text if text.isprintable() else "".join(_printable(sign) for sign in text)


def _printable(sign: str) -> str:
    return sign if sign.isprintable() else repr(sign)[1:-1]


@dataclass(frozen=True, slots=True)
class Applied:
    """The asset as it will be, and the ignored items and attributes."""

    asset: PropertySet
    ignored: tuple[Ignored, ...]


def apply(asset: PropertySet | None, orders: PropertySet | Sequence[PropertySet], definitions: Definitions) -> Applied:
    """Apply open orders to an asset, one after the other.

    Args:
        asset: OM Asset message with one instance: header > line items > attributes; None or an empty object for none.
            Not changed.
        orders: quotes or orders, oldest first; a message with several instances counts as several. Not changed.
        definitions: the integration objects; their lists ``not_applied`` name the fields that aren't copied.

    Returns:
        The asset with every action code ``-``, an empty object if nothing is left; and the ignored items and
        attributes. Children keep the order in which they first appeared, moved and added ones come last.

    Raises:
        ManyInstances: *asset* has several instances.
        CircleOfItems: the moves of an order make a circle.
        Refused: as `check_items`; keys are needed.
    """
    trees = [orders] if isinstance(orders, PropertySet) else list(orders)
    instance = only_instance(asset, "asset")
    states = _States(asset, instance)
    try:
        for tree in trees:
            rules = _Rules(item_component(tree, definitions))
            for order in instances(tree):
                _Order(states, tree, order, rules).apply()
    except Refused:
        states.read()  # a fault of the asset is told before a fault of an order
        raise
    result = _result(states, asset, instance, trees, definitions)
    component = item_component(result, definitions)
    roots = [root for header in instances(result) for root in line_items(header)]
    for tree in trees:
        # A quote's or order's fields that the result's object doesn't declare can't be written or stored.
        fit(roots, item_component(tree, definitions), component)
    states.release()
    return Applied(result, tuple(states.ignored))


class _Attribute:
    """An attribute's state within an image; *node* is the result's own."""

    __slots__ = ("node", "state")

    def __init__(self, state: str, node: PropertySet) -> None:
        self.state = state
        self.node = node


class _Image:
    """An item's state: the source's classItemImage.

    Attributes:
        node: the item of the result; its lists are written anew in the end if they have changed.
        attributes: by name; None while they are as in *node*.
        children: by key; None while they are as in *node*.
    """

    __slots__ = ("attributes", "children", "key", "node", "parent", "state")

    def __init__(self, key: str, node: PropertySet, state: str, parent: _Image | None) -> None:
        self.key = key
        self.node = node
        self.state = state
        self.parent = parent
        self.children: dict[str, _Image] | None = None
        self.attributes: dict[str, _Attribute] | None = None

    def own_attributes(self) -> dict[str, _Attribute]:
        """Return the attributes by name, to be changed."""
        if self.attributes is None:
            self.attributes = {
                str(node.properties["Name"]): _Attribute(NO_ACTION, node) for node in attributes(self.node)
            }
        return self.attributes


class _States:
    """All images that were read or made, by key: the source's MasterList."""

    def __init__(self, tree: PropertySet | None, instance: PropertySet | None) -> None:
        self.images: dict[str, _Image] = {}
        self.ignored: list[Ignored] = []
        #: The image whose children are the root items.
        self.top = _Image("", PropertySet(), NO_ACTION, None)
        #: Images with children of their own.
        self.parents: list[_Image] = []
        #: Images whose children or attributes are no longer as in their nodes.
        self.changed: set[_Image] = set()
        #: The asset's items that weren't read yet; each is checked and copied as it is read.
        self.unread: Iterator[_Image] = iter(())
        if tree is not None and instance is not None:
            self.unread = self._copies(tree, instance)

    def _copies(self, tree: PropertySet, instance: PropertySet) -> Iterator[_Image]:
        """Copy the asset's items, one after the other."""
        images = self.images
        last: PropertySet | None = None
        above: _Image | None = None
        target = put_list(self.top.node, LINE_ITEM)
        roots = target
        for item, parent in checked_items(tree, instance, keys=True, known=images):
            if parent is not last:
                last = parent
                above = None if parent is None else images[str(parent.properties[KEY])]
                target = roots if above is None else put_list(above.node, LINE_ITEM)
            key = str(item.properties[KEY])
            node = item.copy_node()
            node.properties["Action Code"] = NO_ACTION
            node.children = lists_for(item, attribute_copies(item, NO_ACTION))
            images[key] = image = _Image(key, node, NO_ACTION, above)
            target.append(node)
            yield image

    def read(self, wanted: str | None = None) -> _Image | None:
        """Read on in the asset, to the item *wanted* or to the end, and return its image."""
        for image in self.unread:
            if image.key == wanted:
                return image
        return None

    def find(self, key: str) -> _Image | None:
        """Return the image of an item; None if neither the asset nor an order has the item."""
        return self.images.get(key) or self.read(key)

    def beneath(self, parent: _Image | None) -> dict[str, _Image]:
        """Return the children of an image, or the roots, to be changed."""
        above = parent or self.top
        if above.children is None:
            self.read()  # a new child stands behind all children that the asset has here
            above.children = {child.key: child for child in self.children(above)}
            self.parents.append(above)
        return above.children

    def children(self, parent: _Image) -> Iterable[_Image]:
        """Return the children of an image, once the asset has been read."""
        if parent.children is not None:
            return parent.children.values()
        return [self.images[str(node.properties[KEY])] for node in line_items(parent.node)]

    def take(self, image: _Image) -> None:
        """Take the image from beneath its parent."""
        self.beneath(image.parent).pop(image.key, None)
        self.changed.add(image.parent or self.top)

    def put(self, image: _Image, parent: _Image | None) -> None:
        """Put the image last beneath *parent*."""
        image.parent = parent
        self.beneath(parent)[image.key] = image
        self.changed.add(parent or self.top)

    def delete(self, image: _Image) -> None:
        """Delete the image, and leave its children."""
        image.state = "Delete"
        self.changed.add(image.parent or self.top)

    def settle(self) -> list[PropertySet]:
        """Write the lists of the nodes whose images have changed, and return the root items that are left."""
        self.read()
        for image in self.changed:
            if image.state == "Delete":
                continue
            node = image.node
            if image.attributes is not None:
                values = [attribute.node for attribute in image.attributes.values() if attribute.state != "Delete"]
                listed = node.child(ATTRIBUTES)
                if listed is not None:
                    listed.children = values
                elif values:
                    node.children.insert(0, PropertySet(ATTRIBUTES, children=values))
            live = [child.node for child in self.children(image) if child.state != "Delete"]
            if live or node.child(LINE_ITEMS) is not None:
                put_list(node, LINE_ITEM)[:] = live
        return line_items(self.top.node)

    def release(self) -> None:
        """Break the circles of parents and children, so that the images go without the garbage collector."""
        for image in self.parents:
            image.children = None


class _Rules:
    """The fields that are copied from the items and attributes of one object; read from its definition once."""

    def __init__(self, component: Component) -> None:
        attribute = attribute_of(component)
        self.item_skips = frozenset((*component.not_applied, *_NOT_COPIED))
        self.attribute_skips = frozenset((*attribute.not_applied, "Action Code", "Row Id"))
        applied = [name for name in attribute.fields if name not in self.attribute_skips]
        self.values_differ: Differs = differs_in(attribute, applied)

    def attribute(self, node: PropertySet, before: dict[str, str | None] | None) -> dict[str, str | None]:
        """Return an attribute's fields after *node* was applied: all three values, null if not carried."""
        carried = node.properties.copy()
        for name in self.attribute_skips:
            carried.pop(name, None)
        for name in VALUE_FIELDS.values():
            carried.setdefault(name)
        result = carried if before is None else {**before, **carried}
        result["Action Code"] = NO_ACTION
        return result

    def new_attribute(self, node: PropertySet) -> _Attribute:
        """Make the image of an attribute that *node* adds."""
        twin = PropertySet(ATTRIBUTE, node.value, self.attribute(node, None), origin=node.origin)
        twin.children = [child.copy() for child in node.children]
        return _Attribute("Add", twin)


class _Order:
    """The application of one order to the states."""

    def __init__(self, states: _States, tree: PropertySet, order: PropertySet, rules: _Rules) -> None:
        self.states = states
        self.tree = tree
        self.order = order
        self.rules = rules
        self.number = order.get("Order Number") or order.get("Quote Number")
        #: Images that got another parent, each with the order's item that moves it.
        self.moved: list[tuple[_Image, PropertySet]] = []
        #: The action and the former state of added and updated images, by key.
        self.done: dict[str, tuple[str, str]] = {}
        #: Images that are dead when the order ends, each with the reason; those beneath them die with them.
        self.dead: list[tuple[_Image, str]] = []

    def apply(self) -> None:
        """Apply each item, parents first; then delete the items beneath deleted ones."""
        for item, parent in checked_items(self.tree, self.order, keys=True):
            action = action_code(item)
            if action != NO_ACTION:
                self._item(item, None if parent is None else str(parent.properties[KEY]), action)
        self._sweep()
        self._check_circles()

    def _item(self, item: PropertySet, parent: str | None, action: str) -> None:
        key = str(item.properties[KEY])
        image = self.states.find(key)
        state = ABSENT if image is None else image.state
        exists = image is not None and state != "Delete"
        if action == "Add" and not exists:
            self._add(key, item, parent, image)
        elif action == "Update" and image is not None and exists:
            self._update(image, item, parent)
        elif action == "Delete" and image is not None and exists:
            self.states.delete(image)
            self.dead.append((image, ""))
            return
        else:
            self._ignore(key, None, action, state)
            return
        self.done[key] = (action, state)

    def _add(self, key: str, item: PropertySet, parent: str | None, before: _Image | None) -> None:
        if before is not None:
            self.states.take(before)
        added = PropertySet(LINE_ITEM, item.value, {"Action Code": NO_ACTION}, lists_for(item, []), item.origin)
        self._set_fields(added.properties, item.properties, "Active")
        self.states.images[key] = image = _Image(key, added, "Add", None)
        image.attributes = {}
        self.states.changed.add(image)
        for node in attributes(item):
            name, action = str(node.properties["Name"]), action_code(node)
            if action in ("Add", NO_ACTION):
                image.attributes[name] = self.rules.new_attribute(node)
            else:
                self._ignore(key, name, action, ABSENT)
        self._put(image, parent)

    def _update(self, image: _Image, item: PropertySet, parent: str | None) -> None:
        image.state = "Update"
        self._set_fields(image.node.properties, item.properties, image.node.properties.get("Status"))
        for node in attributes(item):
            action = action_code(node)
            if action != NO_ACTION:
                self._attribute(image, node, action)
        others = other_lists(item)
        if others:
            self.states.beneath(image)  # the node's list of children is made anew, and written in the end
            replaced = {child.type for child in others}
            kept = [listed for listed in other_lists(image.node) if listed.type not in replaced]
            image.node.children = lists_for(image.node, attributes(image.node), kept + others)
            self.states.changed.add(image)
        if (None if image.parent is None else image.parent.key) != parent:
            self.states.take(image)
            self._put(image, parent)
            self.moved.append((image, item))

    def _attribute(self, image: _Image, node: PropertySet, action: str) -> None:
        own = image.own_attributes()
        self.states.changed.add(image)
        name = str(node.properties["Name"])
        attribute = own.get(name)
        state = ABSENT if attribute is None else attribute.state
        exists = attribute is not None and state != "Delete"
        if action == "Add" and not exists:
            own.pop(name, None)  # the new attribute goes last
            own[name] = self.rules.new_attribute(node)
        elif action == "Update" and attribute is not None and exists:
            updated = self.rules.attribute(node, attribute.node.properties)
            # An Update to the same value isn't a change: the attribute keeps its text, and its other fields.
            if self.rules.values_differ(attribute.node.properties, updated):
                attribute.node.properties = updated
                attribute.state = "Update"
        elif action == "Delete" and attribute is not None and exists:
            attribute.state = "Delete"
        else:
            self._ignore(image.key, name, action, state)

    def _set_fields(
        self, properties: dict[str, str | None], carried: dict[str, str | None], own_status: str | None
    ) -> None:
        """Copy the fields *carried* by the order's item, and settle the status. Changes *properties*."""
        skips = self.rules.item_skips
        for name, text in carried.items():
            if name not in skips:
                properties[name] = text
        status = carried.get("Status")
        # Pending, Complete and the like say how an order's line went, not how the service is.
        if status not in ASSET_STATUSES:
            status = carried.get("Asset Status")
            if status is None:
                status = own_status
        if status is not None or "Status" in properties:
            properties["Status"] = status

    def _put(self, image: _Image, parent: str | None) -> None:
        """Put the image last beneath its parent; if that is missing, the image is dead when the order ends."""
        above = None if parent is None else self.states.find(parent)
        if above is None and parent is not None:
            image.parent = None
            self.dead.append((image, f"its parent '{parent}' isn't there"))
            return
        if above is not None and above.state == "Delete":
            self.dead.append((image, f"its parent '{parent}' is deleted"))
        self.states.put(image, above)

    def _sweep(self) -> None:
        """Delete the items beneath missing or deleted ones; list the changes that this order made to them in vain."""
        if not self.dead:
            return
        self.states.read()
        reasons: dict[str, str] = {}
        stack = self.dead[::-1]
        while stack:
            image, reason = stack.pop()
            if image.state != "Delete":
                image.state = "Delete"
                reasons[image.key] = reason
            # The source drops descendants by the order of visiting. Here all of them go, also the ones that were moved
            # there.
            for child in self.states.children(image):
                if child.state != "Delete":
                    stack.append((child, f"its parent '{image.key}' is deleted"))
        for key, (action, state) in self.done.items():
            if key in reasons:
                self.states.ignored.append(Ignored(self.number, key, None, action, state, reasons[key]))

    def _check_circles(self) -> None:
        """Refuse moves that put an item beneath itself. A circle has at least one moved item."""
        walks: dict[_Image, _Image] = {}
        for start, _ in self.moved:
            # A circle around a deleted item isn't one in the result.
            if start.state == "Delete":
                continue
            image: _Image | None = start
            # Each image is walked once, whatever the number of moves: the check takes linear time.
            while image is not None and image not in walks:
                walks[image] = start
                image = image.parent
            if image is not None and walks[image] is start:
                raise _circle(image, self.number, self.moved)

    def _ignore(self, key: str, attribute: str | None, action: str, state: str) -> None:
        what = "item" if attribute is None else "attribute"
        if state == ABSENT:
            reason = f"the {what} isn't there"
        elif state == "Delete":
            reason = f"the {what} was deleted"
        else:
            reason = f"the {what} is there already"
        self.states.ignored.append(Ignored(self.number, key, attribute, action, state, reason))


def _circle(start: _Image, number: str | None, moved: Sequence[tuple[_Image, PropertySet]]) -> CircleOfItems:
    keys = [start.key]
    image = start.parent
    while image is not None and image is not start:
        keys.append(image.key)
        image = image.parent
    within = frozenset(keys)
    item = next(item for image, item in moved if image.key in within)
    shown = keys if len(keys) <= 10 else [*keys[:9], f"... ({len(keys)} items)"]
    return CircleOfItems(
        "moves of line items make a circle",
        where=f"order '{number or ''}', line item '{item.properties[KEY]}'{line_of(item)}",
        why=f"each stands beneath the next: {', '.join(shown)}, {start.key}",
        mend="give one of them a parent outside the circle",
        node=item,
    )


def _result(
    states: _States,
    asset: PropertySet | None,
    instance: PropertySet | None,
    orders: Sequence[PropertySet],
    definitions: Definitions,
) -> PropertySet:
    """Make the message with every image that is left."""
    name = ASSET if asset is None else object_name(asset) or ASSET
    roots = states.settle()
    if not roots:
        return empty(name)
    header = _new_header(name, orders, definitions) if instance is None else header_copy(instance)
    put_list(header, LINE_ITEM).extend(roots)
    if asset is None or instance is None:
        return message(name, [header])
    result, envelope, listing = (
        asset.copy_node(),
        asset.children[0].copy_node(),
        asset.children[0].children[0].copy_node(),
    )
    result.children, envelope.children, listing.children = [envelope], [listing], [header]
    return result


def _new_header(name: str, orders: Sequence[PropertySet], definitions: Definitions) -> PropertySet:
    first = next(instance for order in orders for instance in instances(order))
    header = PropertySet(definition_of(name, definitions).root.name)
    if "Account Id" in first.properties:
        header.properties["Account Id"] = first.properties["Account Id"]
    return header
