"""Apply: an asset with open orders laid over it, the state that will be when they are done.

Each item of the asset and the orders has one `_Image`, found by its key; it holds the item's state, its
parent and, once they change, its children, so that an order costs what it touches and not what the asset
holds. Each item is checked and copied in one go, while it is at hand, and the asset is read only as far as
the orders need it: where both have the same order, a copy is still in the processor's cache when an order
changes it.

Source: "a. Apply Method", figures 11A to 11E-3; spec: docs/design/methods.md, "Apply" and "Settled points", Apply.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hub.services.differences import Differs, differs_in
from hub.services.items import CircleOfItems, checked_items
from hub.services.objects import (
    ATTRIBUTES,
    LINE_ITEMS,
    VALUE_FIELDS,
    attribute_copies,
    attribute_of,
    definition_of,
    fit,
    header_copy,
    items_of,
    lists_for,
    only_instance,
    rewrapped,
    unlike,
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
from integration_objects.names import ATTRIBUTE, KEY, LINE_ITEM, NO_ACTION
from integration_objects.property_set import PropertySet

ASSET = "OM Asset"
#: Statuses that are an asset's; any other status is an order item's own.
ASSET_STATUSES = frozenset(("Active", "Inactive", "Suspended"))
ABSENT = "absent"
#: Never copied from an order's item as they stand; Status and Asset Status are settled by `_status`.
_NOT_COPIED = ("Action Code", "Status", "Asset Status")


@dataclass(frozen=True, slots=True)
class Ignored:
    """What Apply didn't do: the source's ignorelog, an entry for each item or attribute.

    Attributes:
        order: the order's or quote's number; None where it has none.
        item: the item's key.
        attribute: the attribute's name; None where the whole item was ignored.
        action: the action code that was ignored.
        state: what it met: ``absent``, ``-``, ``Add``, ``Update`` or ``Delete``.
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
        # Numbers and keys are the sender's: a line break of theirs must not look like another entry.
        return text if text.isprintable() else "".join(_printable(sign) for sign in text)


def _printable(sign: str) -> str:
    return sign if sign.isprintable() else repr(sign)[1:-1]


@dataclass(frozen=True, slots=True)
class Applied:
    """The asset as it will be, and what was ignored on the way."""

    asset: PropertySet
    ignored: tuple[Ignored, ...]


def apply(asset: PropertySet | None, orders: PropertySet | Sequence[PropertySet], definitions: Definitions) -> Applied:
    """Apply open orders to an asset, one after the other.

    Args:
        asset: OM Asset message with one instance: header > line items > attributes; None or an empty object
            for none. Not changed.
        orders: quotes or orders, oldest first; a message with several instances counts as several. Not
            changed.
        definitions: the integration objects; what isn't copied is their lists ``not_applied``.

    Returns:
        The asset with every action code ``-``, an empty object where nothing is left; and what was ignored.
        Children keep the order in which they first appeared, moved and added ones come last.

    Raises:
        ManyInstances: *asset* has several instances.
        CircleOfItems: the moves of an order make a circle.
        Refused: what `check_items` finds; keys are needed.

    Source: "a. Apply Method"; figures 11B-1 to 11E-3.
    """
    trees = [orders] if isinstance(orders, PropertySet) else list(orders)
    instance = only_instance(asset, "Apply", "asset")
    states = _States(asset, instance)
    try:
        for tree in trees:
            rules = _Rules(items_of(tree, definitions, "Apply"))
            for order in instances(tree):
                _Order(states, tree, order, rules).apply()
    except Refused:
        states.read()  # what is wrong with the asset is said first
        raise
    result = _result(states, asset, instance, trees, definitions)
    component = items_of(result, definitions, "Apply")
    roots = [root for left in instances(result) for root in line_items(left)]
    for tree in trees:
        fit(roots, items_of(tree, definitions, "Apply"), component)
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
        node: the item as the result has it; its lists are written anew where they have changed.
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
        """The attributes by name, to be changed."""
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
        #: Whose children are the root items.
        self.top = _Image("", PropertySet(), NO_ACTION, None)
        #: Images with children of their own.
        self.parents: list[_Image] = []
        #: Whose children, or attributes, are no longer as in its node.
        self.changed: set[_Image] = set()
        #: The asset's items that weren't read yet; each is copied as it is read.
        self.unread: Iterator[_Image] = iter(())
        if tree is not None and instance is not None:
            self.unread = self._copies(tree, instance)

    def _copies(self, tree: PropertySet, instance: PropertySet) -> Iterator[_Image]:
        """Take the asset's items as they stand, one after the other."""
        images = self.images
        last: PropertySet | None = None
        above: _Image | None = None
        target = put_list(self.top.node, LINE_ITEM)
        roots = target
        for item, parent in checked_items(tree, instance, "Apply", keys=True, known=images):
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
        """Read on in the asset, to the item *wanted* or to the end; returns its image."""
        for image in self.unread:
            if image.key == wanted:
                return image
        return None

    def find(self, key: str) -> _Image | None:
        """The image of an item, None where neither the asset nor an order has one."""
        return self.images.get(key) or self.read(key)

    def beneath(self, parent: _Image | None) -> dict[str, _Image]:
        """The children of an image, or the roots, to be changed."""
        above = parent or self.top
        if above.children is None:
            self.read()  # what is put here stands behind all that the asset has here
            above.children = {child.key: child for child in self.children(above)}
            self.parents.append(above)
        return above.children

    def children(self, parent: _Image) -> Iterable[_Image]:
        """The children of an image, once the asset has been read."""
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
        """Delete the image, and leave what is beneath it."""
        image.state = "Delete"
        self.changed.add(image.parent or self.top)

    def settle(self) -> list[PropertySet]:
        """Write the lists of the nodes whose images have changed; returns the root items that are left."""
        self.read()
        for image in self.changed:
            if image.state == "Delete":
                continue
            node = image.node
            if image.attributes is not None:
                values = [one.node for one in image.attributes.values() if one.state != "Delete"]
                found = node.child(ATTRIBUTES)
                if found is not None:
                    found.children = values
                elif values:
                    node.children.insert(0, PropertySet(ATTRIBUTES, children=values))
            live = [child.node for child in self.children(image) if child.state != "Delete"]
            if live or node.child(LINE_ITEMS) is not None:
                put_list(node, LINE_ITEM)[:] = live
        return line_items(self.top.node)

    def release(self) -> None:
        """Let go of the images without the garbage collector: parents and children hold each other."""
        for image in self.parents:
            image.children = None


class _Rules:
    """What is copied from the items and attributes of one object; read from its definition once."""

    def __init__(self, component: Component) -> None:
        attribute = attribute_of(component)
        self.item_skips = frozenset((*component.not_applied, *_NOT_COPIED))
        self.attribute_skips = frozenset((*attribute.not_applied, "Action Code", "Row Id"))
        applied = [name for name in attribute.fields if name not in self.attribute_skips]
        self.values_differ: Differs = differs_in(attribute, applied)

    def attribute(self, node: PropertySet, before: dict[str, str | None] | None) -> dict[str, str | None]:
        """An attribute's fields after *node* was applied: all three values, null where not carried."""
        carried = node.properties.copy()
        for name in self.attribute_skips:
            carried.pop(name, None)
        for name in VALUE_FIELDS:
            carried.setdefault(name)
        result = carried if before is None else {**before, **carried}
        result["Action Code"] = NO_ACTION
        return result

    def new_attribute(self, node: PropertySet) -> _Attribute:
        """The image of an attribute that *node* adds."""
        twin = PropertySet(ATTRIBUTE, node.value, self.attribute(node, None), origin=node.origin)
        twin.children = [child.copy() for child in node.children]
        return _Attribute("Add", twin)


class _Order:
    """One order on its way over the states."""

    def __init__(self, states: _States, tree: PropertySet, order: PropertySet, rules: _Rules) -> None:
        self.states = states
        self.tree = tree
        self.order = order
        self.rules = rules
        self.number = order.get("Order Number") or order.get("Quote Number")
        #: Images that got another parent, each with the order's item that said so.
        self.moved: list[tuple[_Image, PropertySet]] = []
        #: Added and updated images with the action and the state that it met.
        self.touched: dict[str, tuple[str, str]] = {}
        #: Images that are dead when the order ends, with the reason for those beneath and for themselves.
        self.dead: list[tuple[_Image, str]] = []

    def apply(self) -> None:
        """Apply each item, parents first; then let deletions reach what is beneath them."""
        for item, parent in checked_items(self.tree, self.order, "Apply", keys=True):
            action = action_code(item)
            if action != NO_ACTION:
                self._item(item, None if parent is None else str(parent.properties[KEY]), action)
        self._sweep()
        self._check_circles()

    def _item(self, item: PropertySet, parent: str | None, action: str) -> None:
        key = str(item.properties[KEY])
        image = self.states.find(key)
        state = ABSENT if image is None else image.state
        there = image is not None and state != "Delete"
        if action == "Add" and not there:
            self._add(key, item, parent, image)
        elif action == "Update" and image is not None and there:
            self._update(image, item, parent)
        elif action == "Delete" and image is not None and there:
            self.states.delete(image)
            self.dead.append((image, ""))
            return
        else:
            self._ignore(key, None, action, state)
            return
        self.touched[key] = (action, state)

    def _add(self, key: str, item: PropertySet, parent: str | None, before: _Image | None) -> None:
        if before is not None:
            self.states.take(before)
        made = PropertySet(LINE_ITEM, item.value, {"Action Code": NO_ACTION}, lists_for(item, []), item.origin)
        self._set_fields(made.properties, item.properties, "Active")
        self.states.images[key] = image = _Image(key, made, "Add", None)
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
        others = unlike(item)
        if others:
            self.states.beneath(image)  # the node's list of them is made anew, and written in the end
            replaced = {child.type for child in others}
            kept = [one for one in unlike(image.node) if one.type not in replaced]
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
        found = own.get(name)
        state = ABSENT if found is None else found.state
        there = found is not None and state != "Delete"
        if action == "Add" and not there:
            own.pop(name, None)
            own[name] = self.rules.new_attribute(node)
        elif action == "Update" and found is not None and there:
            updated = self.rules.attribute(node, found.node.properties)
            if self.rules.values_differ(found.node.properties, updated):
                found.node.properties = updated
                found.state = "Update"
        elif action == "Delete" and found is not None and there:
            found.state = "Delete"
        else:
            self._ignore(image.key, name, action, state)

    def _set_fields(
        self, properties: dict[str, str | None], carried: dict[str, str | None], own_status: str | None
    ) -> None:
        """Copy what the order's item carries onto *properties*, and settle the status. Changes them."""
        skips = self.rules.item_skips
        for name, text in carried.items():
            if name not in skips:
                properties[name] = text
        status = carried.get("Status")
        if status not in ASSET_STATUSES:
            status = carried.get("Asset Status")
            if status is None:
                status = own_status
        if status is not None or "Status" in properties:
            properties["Status"] = status

    def _put(self, image: _Image, parent: str | None) -> None:
        """Put the image last beneath its parent; without one in the states it is dead when the order ends."""
        above = None if parent is None else self.states.find(parent)
        if above is None and parent is not None:
            image.parent = None
            self.dead.append((image, f"its parent '{parent}' isn't there"))
            return
        if above is not None and above.state == "Delete":
            self.dead.append((image, f"its parent '{parent}' is deleted"))
        self.states.put(image, above)

    def _sweep(self) -> None:
        """Delete what stands beneath a missing or deleted item; list what this order did there in vain."""
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
            for child in self.states.children(image):
                if child.state != "Delete":
                    stack.append((child, f"its parent '{image.key}' is deleted"))
        for key, (action, state) in self.touched.items():
            if key in reasons:
                self.states.ignored.append(Ignored(self.number, key, None, action, state, reasons[key]))

    def _check_circles(self) -> None:
        """Refuse moves that put an item beneath itself. A circle has at least one moved item."""
        walks: dict[_Image, _Image] = {}
        for start, _ in self.moved:
            if start.state == "Delete":
                continue
            image: _Image | None = start
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
        "Apply met moves that make a circle of line items",
        where=f"order '{number or ''}', line item '{item.properties[KEY]}'"
        + (f", line {item.origin}" if item.origin is not None else ""),
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
    """The message with every image that is left."""
    name = ASSET if asset is None else object_name(asset) or ASSET
    roots = states.settle()
    if not roots:
        return empty(name)
    header = _new_header(name, orders, definitions) if instance is None else header_copy(instance)
    put_list(header, LINE_ITEM).extend(roots)
    if asset is None or instance is None:
        return message(name, [header])
    return rewrapped(asset, [header])


def _new_header(name: str, orders: Sequence[PropertySet], definitions: Definitions) -> PropertySet:
    first = next(instance for order in orders for instance in instances(order))
    header = PropertySet(definition_of(name, definitions, "Apply").root.name)
    if "Account Id" in first.properties:
        header.properties["Account Id"] = first.properties["Account Id"]
    return header
