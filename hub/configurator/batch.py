"""A batch of requests, worked on an instance. The order of the requests makes no difference.

    1. names and paths are looked up in the tree as it was before the batch; added items are made with their defaults
    2. items are added and moved, fields and attributes set, items and attributes removed
    3. items are copied as they stand then, those further down first; a copied item may itself be removed

Two requests that contradict each other are refused, and so is a request whose item is gone at the end.

Source: part III, "Request"; spec: docs/design/workflows.md, "Configurator"; docs/design/guarantees.md, "Limits".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.configurator.catalogue import AttributeDefinition
from hub.configurator.item_path import Step, escaped, split_path
from hub.configurator.new_items import ItemMaker, put_value
from hub.configurator.product_tree import MOST_LEVELS_ABOVE, MOST_QUANTITY, Place, is_inactive, place_of
from hub.configurator.requests import (
    SETTABLE,
    AddItem,
    CopyItem,
    MoveItem,
    RemoveItem,
    Request,
    RequestFaulty,
    SetItem,
    check_limits,
    kind_of,
)
from hub.services.objects import attribute_copies, attribute_of, fresh_properties, lists_for
from integration_objects.complex_object import attributes, items_of, line_items, put_list, walk_items
from integration_objects.component import Component
from integration_objects.errors import Refused, located
from integration_objects.field_values import as_number, check_value, shown, write_number
from integration_objects.names import ATTRIBUTE, KEY, LINE_ITEM, NO_ACTION
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet

#: Fields that a copy drops besides those that Explode clears: they tell what happened to the original.
_NOT_COPIED = frozenset(("Status", "Source Reference", "Applied Date", "Extended Quantity"))
#: Most keys that an unknown one is compared with, to find the nearest.
_COMPARED = 1_000


class ItemUnknown(Refused):
    """A request names an item, or an attribute of an item, that the instance doesn't have."""

    what = "there is no item {reference}"
    why = "it is no item's Integration Id, no name that the batch gives, and no path from one of them"


class RequestsContradict(Refused):
    """Two requests of a batch ask for states that exclude each other."""

    what = "{contradiction}"
    why = "{fault}"
    mend = "leave one of the requests out"


@dataclass(frozen=True)
class BatchResult:
    """The changes that a batch made: the keys of the items that it named, and of its copies and all beneath them.

    Attributes:
        placed: the items that the batch added, moved or copied to their present places.
    """

    names: Mapping[str, str]
    placed: tuple[PropertySet, ...]
    copies: frozenset[str]
    beneath_copies: frozenset[str]


class Batch:
    """One batch and the instance that it changes."""

    def __init__(self, instance: PropertySet, requests: Sequence[Request], maker: ItemMaker, items: Component) -> None:
        check_limits(requests)
        self.instance = instance
        self.requests = requests
        self.maker = maker
        self.items = items
        self.by_key: dict[str, PropertySet] = {}
        # By identity, because property sets have no hash.
        self.parents: dict[int, PropertySet | None] = {}
        for item, parent in walk_items(instance):
            self.by_key[item.get(KEY) or ""] = item
            self.parents[id(item)] = parent
        self.named: dict[str, PropertySet] = {}
        self.assigned: dict[tuple[int, str, str], str | None] = {}
        self.copies: set[str] = set()
        self.beneath_copies: set[str] = set()

    def work(self) -> BatchResult:
        """Work all requests.

        Raises:
            Refused: a request can't be fulfilled; the instance is then half changed, and must be thrown away.
        """
        added = self._add()
        targets: list[PropertySet] = []
        new_parents: dict[int, PropertySet] = {}
        # Every reference is looked up before the first change, so that the order of the requests makes no difference.
        for number, request in enumerate(self.requests):
            with located(self._where(number)):
                targets.append(added[number] if isinstance(request, AddItem) else self._find(request.item))
                if isinstance(request, MoveItem):
                    new_parents[number] = self._find(request.beneath)
        for _, item in sorted(added.items(), key=lambda entry: entry[0]):
            self._below(self.parents[id(item)]).append(item)
        self._move(targets, new_parents)
        pairs = list(zip(self.requests, targets, strict=True))
        for number, (request, item) in enumerate(pairs):
            with located(self._where(number)):
                if isinstance(request, AddItem | SetItem):
                    self._set(request, item)
                elif isinstance(request, RemoveItem) and request.attribute is not None:
                    self._remove_attribute(request.item, request.attribute, item)
        # Positions before the removal, copies after it: a removed item may be copied, and copies hold no removed items.
        positions = {id(item): position for position, item in enumerate(items_of(self.instance))}
        self._detach(item for request, item in pairs if isinstance(request, RemoveItem) and request.attribute is None)
        copies = self._copy(pairs, positions)
        self._check_present(pairs, copies)
        placed = [item for request, item in pairs if isinstance(request, AddItem | MoveItem)]
        placed += [copy for made in copies.values() for copy in made]
        names = {name: item.properties[KEY] or "" for name, item in self.named.items()}
        return BatchResult(names, tuple(placed), frozenset(self.copies), frozenset(self.beneath_copies))

    def _where(self, number: int) -> str:
        """Return the place of a request, for errors."""
        return f"request {number + 1} ({kind_of(self.requests[number])})"

    def _add(self) -> dict[int, PropertySet]:
        """Make the added items, each after the item above it; they are put there later."""
        # An item can be made once its parent is there: a bundle above it may change the structure of its product.
        waiting: dict[str, list[int]] = {}
        ready: deque[int] = deque()
        names = self._names()
        for number, request in enumerate(self.requests):
            if isinstance(request, AddItem):
                head, _ = split_path(request.beneath or "")
                if head in names and request.beneath not in self.by_key:
                    waiting.setdefault(head, []).append(number)
                else:
                    ready.append(number)
        added: dict[int, PropertySet] = {}
        while ready:
            number = ready.popleft()
            request = self.requests[number]
            assert isinstance(request, AddItem)  # noqa: S101  # nothing else was put there
            with located(self._where(number)):
                parent = None if request.beneath is None else self._find(request.beneath)
            place, quantity = self._place_of(parent), request.quantity or "1"
            item = self.maker.make(request.product, place, quantity, alone=request.alone)
            added[number] = item
            self.parents[id(item)] = parent
            self.parents |= {id(below): item if above is None else above for below, above in walk_items(item)}
            if request.name is not None:
                self.named[request.name] = item
                ready += waiting.pop(request.name, [])
        for numbers in waiting.values():
            raise RequestsContradict(
                contradiction="the added item would stand beneath itself",
                where=self._where(numbers[0]),
                fault="items that the batch adds stand beneath each other in a circle",
                mend="let one of them stand beneath an item that is there, or be a root",
            )
        return added

    def _names(self) -> set[str]:
        names: set[str] = set()
        for number, request in enumerate(self.requests):
            if isinstance(request, AddItem) and request.name is not None:
                if request.name in names or request.name in self.by_key:
                    raise RequestsContradict(
                        contradiction=f"the name '{request.name}' means two items",
                        where=self._where(number),
                        fault="it is the name that another request gives, or the key of an item",
                        mend="give each item a name of its own",
                    )
                names.add(request.name)
        return names

    def _place_of(self, item: PropertySet | None) -> Place | None:
        """Return the place of an item, the added ones included; as far up as a bundle may define what is beneath."""
        chain: list[PropertySet] = []
        while item is not None and len(chain) <= MOST_LEVELS_ABOVE:
            chain.append(item)
            item = self.parents[id(item)]
        place: Place | None = None
        for above in reversed(chain):
            place = place_of(above, place, self.maker.catalogue)
        return place

    def _find(self, reference: str) -> PropertySet:
        """Return the item that a key, a name, or a path from one of them means."""
        # The whole text first: a key may contain a slash.
        item = self.by_key.get(reference) or self.named.get(reference)
        if item is not None:
            return item
        head, steps = split_path(reference)
        item = self.by_key.get(head) or self.named.get(head)
        known = [*self.named, *list(self.by_key)[:_COMPARED]] if item is None else []
        way = escaped(head)
        for step in steps:
            if item is None:
                break
            known = [f"{way}/{escaped(product)}" for product in _products(item)]
            way += f"/{step}"
            item = _child_at(item, step)
        if item is None:
            mend = nearest(reference, known) or (
                "name an item by its Integration Id, or by a path of Product Ids from it; "
                r"a slash within a name is written \/"
            )
            raise ItemUnknown(reference=shown(reference), mend=mend)
        return item

    def _below(self, item: PropertySet | None) -> list[PropertySet]:
        return put_list(self.instance if item is None else item, LINE_ITEM)

    def _detach(self, items: Iterable[PropertySet]) -> None:
        """Take items away from their parents; each parent's list is gone through once."""
        by_parent: dict[int, tuple[PropertySet | None, set[int]]] = {}
        for item in items:
            parent = self.parents[id(item)]
            by_parent.setdefault(id(parent), (parent, set()))[1].add(id(item))
        for parent, detached in by_parent.values():
            listed = self._below(parent)
            listed[:] = [item for item in listed if id(item) not in detached]

    def _move(self, targets: Sequence[PropertySet], new_parents: Mapping[int, PropertySet]) -> None:
        moves: dict[int, tuple[PropertySet, PropertySet]] = {}
        for number, parent in new_parents.items():
            item = targets[number]
            if moves.setdefault(id(item), (item, parent))[1] is not parent:
                raise RequestsContradict(
                    contradiction="another request moves the item elsewhere",
                    where=self._where(number),
                    fault="an item stands beneath one other",
                )
        # All are detached before one is put anywhere: two items may change places. A circle is then out of the tree,
        # where `_check_present` finds it.
        self._detach(item for item, _ in moves.values())
        for item, parent in moves.values():
            self.parents[id(item)] = parent
            self._below(parent).append(item)

    def _set(self, request: AddItem | SetItem, item: PropertySet) -> None:
        fields = dict(request.fields)
        if isinstance(request, AddItem) and request.quantity is not None:
            fields.setdefault("Quantity", request.quantity)
        for name, value in fields.items():
            self._assign(item, "field", name, value)
            self._check_field(name, value)
            item.properties[name] = value
        place = place_of(item, None, self.maker.catalogue)
        declared = {} if place.definition is None else place.definition.attributes
        for name, value in request.attributes.items():
            self._assign(item, "attribute", name, value)
            if value is None:
                _drop_attribute(item, name)
            else:
                _put_attribute(item, name, value, declared)

    def _assign(self, item: PropertySet, kind: str, name: str, value: str | None) -> None:
        """Note the value that is set; two requests may set a field or attribute to one value only."""
        key = (id(item), kind, name)
        if key in self.assigned and self.assigned[key] != value:
            raise RequestsContradict(
                contradiction=f"another request sets the {kind} '{name}' of the item to another value",
                fault="a batch has no order, so neither of them is the last",
            )
        self.assigned[key] = value

    def _check_field(self, name: str, value: str | None) -> None:
        """Refuse a field that a customer doesn't choose, and a value that the field can't have."""
        if name not in SETTABLE:
            raise RequestFaulty(
                f"the field '{name}' can't be set",
                why=f"fields that can be chosen are {', '.join(SETTABLE)}",
                mend=nearest(name, SETTABLE) or "leave it out",
            )
        fault = None if value is None else check_value(self.items.fields[name], value)
        if fault is None and name == "Quantity" and value is not None:
            count = as_number(value)
            if count is None or not 0 <= count <= MOST_QUANTITY:
                fault = f"expected a number from 0 to {write_number(MOST_QUANTITY)}, found {shown(value)}"
        if fault is not None:
            raise RequestFaulty(f"the field '{name}' can't have this value", why=fault, mend="give a value that fits")

    def _remove_attribute(self, reference: str, name: str, item: PropertySet) -> None:
        self._assign(item, "attribute", name, None)
        if not _drop_attribute(item, name):
            raise ItemUnknown(
                f"the item {shown(reference)} has no attribute {shown(name)}",
                why="only an attribute that is there can be removed",
                mend="leave the request out",
            )

    def _copy(
        self, pairs: Sequence[tuple[Request, PropertySet]], positions: Mapping[int, int]
    ) -> dict[int, list[PropertySet]]:
        """Make the copies, those further down first: a copy is of the item as the batch leaves it."""
        wanted = [(number, request, item) for number, (request, item) in enumerate(pairs)]
        wanted.sort(key=lambda entry: -positions.get(id(entry[2]), 0))
        copies: dict[int, list[PropertySet]] = {}
        for number, request, item in wanted:
            if not isinstance(request, CopyItem):
                continue
            # Counted before one is made: a mistyped number of times must not fill the memory.
            self.maker.count((1 + sum(1 for _ in items_of(item))) * request.times)
            twins = [self._copied(item) for _ in range(request.times)]
            with located(self._where(number)):
                for twin, fields in zip(twins, request.fields, strict=False):
                    for name, value in fields.items():
                        self._check_field(name, value)
                        twin.properties[name] = value
            siblings = self._below(self.parents[id(item)])
            # A removed item has no place of its own any more: its copies stand last.
            behind = next((place for place, sibling in enumerate(siblings, 1) if sibling is item), len(siblings))
            siblings[behind:behind] = twins
            copies[number] = twins
        return copies

    def _copied(self, item: PropertySet) -> PropertySet:
        """Copy an item with all beneath it, with new keys, and note the keys."""
        dropped = ("Row Id", *attribute_of(self.items).cleared)
        top = PropertySet(LINE_ITEM)
        stack = [(item, top)]
        while stack:
            source, target = stack.pop()
            target.origin = source.origin
            kept = {name: text for name, text in source.properties.items() if name not in _NOT_COPIED}
            target.properties = fresh_properties(kept, self.items, self.maker.new_id)
            target.properties["Action Code"] = NO_ACTION
            target.children = lists_for(source, attribute_copies(source, NO_ACTION, dropped))
            (self.copies if target is top else self.beneath_copies).add(target.properties[KEY] or "")
            below = [(child, PropertySet(LINE_ITEM)) for child in line_items(source)]
            if below:
                put_list(target, LINE_ITEM).extend(twin for _, twin in below)
            # Reversed, because a stack gives its last entry first: the new keys come in the tree's order.
            stack += reversed(below)
        return top

    def _check_present(
        self, pairs: Sequence[tuple[Request, PropertySet]], copies: Mapping[int, list[PropertySet]]
    ) -> None:
        """Refuse requests whose item isn't in the instance at the end."""
        present = {id(item) for item in items_of(self.instance)}
        for number, (request, item) in enumerate(pairs):
            if isinstance(request, RemoveItem):
                continue
            subjects = copies[number] if isinstance(request, CopyItem) else [item]
            if any(id(subject) not in present for subject in subjects):
                raise RequestsContradict(
                    contradiction="the item of the request isn't in the new state",
                    where=self._where(number),
                    fault="another request removes it, or it would stand beneath itself or beneath a removed item",
                )


def _products(item: PropertySet) -> list[str]:
    """Return the products of an item's children."""
    return [child.get("Product Id") or "" for child in line_items(item) if not is_inactive(child)]


def _child_at(item: PropertySet, step: Step) -> PropertySet | None:
    """Return the child of an item that a step of a path means; of several, the first where it has no number."""
    number = step.number or 1
    for child in line_items(item):
        if child.get("Product Id") == step.product and not is_inactive(child):
            number -= 1
            if number == 0:
                return child
    return None


def _put_attribute(item: PropertySet, name: str, value: str, declared: Mapping[str, AttributeDefinition]) -> None:
    if declared and name not in declared and any(node.get("Name") == name for node in attributes(item)):
        raise RequestFaulty(
            f"the attribute '{name}' can only be taken away",
            why=f"it no longer belongs to {item.get('Product Id')}, which has {', '.join(declared)}",
            mend="set it to null, or leave it as it is",
        )
    put_value(item, name, declared.get(name), value)


def _drop_attribute(item: PropertySet, name: str) -> bool:
    """Take an attribute away; return whether it was there. Changes *item*."""
    listed = attributes(item)
    kept = [node for node in listed if node.get("Name") != name]
    if len(kept) == len(listed):
        return False
    put_list(item, ATTRIBUTE)[:] = kept
    return True
