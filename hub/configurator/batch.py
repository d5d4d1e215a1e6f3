"""A batch of requests, worked on an instance: whatever their order, the same comes out.

    1. names and paths are found, as the batch found the tree; added items are made with their defaults
    2. items are added and moved, fields and attributes set, items and attributes removed
    3. items are copied as they stand then, those further down first; a copied item may itself be removed

Two requests that contradict each other, and one whose item is gone at the end, are refused.

Source: part III, "Request"; spec: docs/design/workflows.md, "Configurator"; docs/design/guarantees.md, "Limits".
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.configurator.catalogue import AttributeDefinition
from hub.configurator.new_items import Maker, put_value
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
from integration_objects.complex_object import attributes, line_items, put_list, walk_items
from integration_objects.component import Component
from integration_objects.errors import Refused
from integration_objects.field_values import as_number, check_value, shown, write_number
from integration_objects.names import ATTRIBUTE, KEY, LINE_ITEM, NO_ACTION
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet

#: What a copy doesn't take over besides what Explode clears: what happened to the original.
_NOT_COPIED = frozenset(("Status", "Source Reference", "Applied Date", "Extended Quantity"))
#: Keys that an unknown one is compared with, to find the nearest.
_COMPARED = 1_000
_STEP = re.compile(r"(.+?)(?:\[([1-9][0-9]{0,8})\])?")


class ItemUnknown(Refused):
    """A request names an item that the instance doesn't have."""


class RequestsContradict(Refused):
    """Two requests of a batch ask for states that exclude each other."""


@dataclass(frozen=True)
class Worked:
    """What a batch did.

    Attributes:
        names: the keys of the items that it named.
        placed: the items that it added, moved or copied to where they are now.
        copies: the keys of the copies.
        beneath_copies: the keys of all that stands beneath them.
    """

    names: Mapping[str, str]
    placed: tuple[PropertySet, ...]
    copies: frozenset[str]
    beneath_copies: frozenset[str]


class Batch:
    """One batch on its way into an instance, which it changes."""

    def __init__(self, instance: PropertySet, requests: Sequence[Request], maker: Maker, items: Component) -> None:
        check_limits(requests)
        self.instance = instance
        self.requests = requests
        self.maker = maker
        self.items = items
        self.by_key: dict[str, PropertySet] = {}
        self.parents: dict[int, PropertySet | None] = {}
        for item, parent in walk_items(instance):
            self.by_key[item.properties.get(KEY) or ""] = item
            self.parents[id(item)] = parent
        self.named: dict[str, PropertySet] = {}
        self.assigned: dict[tuple[int, str, str], str | None] = {}
        self.copies: set[str] = set()
        self.beneath_copies: set[str] = set()

    def work(self) -> Worked:
        """Work all requests.

        Raises:
            Refused: one of them can't be meant; the instance is then half changed, and to be thrown away.
        """
        added = self._add()
        found = [(request, self._target(number, request, added)) for number, request in enumerate(self.requests)]
        beneath = {
            number: self._find(request.beneath, number, request)
            for number, request in enumerate(self.requests)
            if isinstance(request, MoveItem)
        }
        for number, request in enumerate(self.requests):
            if isinstance(request, AddItem):
                self._below(self.parents[id(added[number])]).append(added[number])
        self._move(found, beneath)
        for number, (request, item) in enumerate(found):
            if isinstance(request, AddItem | SetItem):
                self._set(number, request, item)
            elif isinstance(request, RemoveItem) and request.attribute is not None:
                self._remove_attribute(number, request, request.attribute, item)
        places = {id(item): place for place, (item, _) in enumerate(walk_items(self.instance))}
        self._detach(item for request, item in found if isinstance(request, RemoveItem) and request.attribute is None)
        copies = self._copy(found, places)
        self._check_present(found, copies)
        placed = [item for request, item in found if isinstance(request, AddItem | MoveItem)]
        placed += [copy for made in copies.values() for copy in made]
        names = {name: item.properties[KEY] or "" for name, item in self.named.items()}
        return Worked(names, tuple(placed), frozenset(self.copies), frozenset(self.beneath_copies))

    # Adding

    def _add(self) -> dict[int, PropertySet]:
        """Make the added items, each after the one beneath which it stands; they are put there later."""
        waiting: dict[str, list[int]] = {}
        ready: deque[int] = deque()
        names = self._names()
        for number, request in enumerate(self.requests):
            if isinstance(request, AddItem):
                head = (request.beneath or "").partition("/")[0]
                if head in names and request.beneath not in self.by_key:
                    waiting.setdefault(head, []).append(number)
                else:
                    ready.append(number)
        added: dict[int, PropertySet] = {}
        while ready:
            number = ready.popleft()
            request = self.requests[number]
            assert isinstance(request, AddItem)  # noqa: S101  # nothing else was put there
            parent = None if request.beneath is None else self._find(request.beneath, number, request)
            item = self.maker.make(request.product, self._place(parent), request.quantity or "1")
            added[number] = item
            self.parents[id(item)] = parent
            self.parents |= {id(one): item if above is None else above for one, above in walk_items(item)}
            if request.name is not None:
                self.named[request.name] = item
                ready += waiting.pop(request.name, [])
        for numbers in waiting.values():
            number = numbers[0]
            raise self._fault(
                RequestsContradict,
                number,
                "its item would stand beneath itself",
                "items that the batch adds stand beneath each other in a circle",
                "let one of them stand beneath an item that is there, or be a root",
            )
        return added

    def _names(self) -> set[str]:
        names: set[str] = set()
        for number, request in enumerate(self.requests):
            if isinstance(request, AddItem) and request.name is not None:
                if request.name in names or request.name in self.by_key:
                    raise self._fault(
                        RequestsContradict,
                        number,
                        f"the name '{request.name}' means two items",
                        "it is the name that another request gives, or the key of an item",
                        "give each item a name of its own",
                    )
                names.add(request.name)
        return names

    def _place(self, item: PropertySet | None) -> Place | None:
        """Where an item stands, the added ones included; as far up as a bundle may say what is beneath it."""
        chain: list[PropertySet] = []
        while item is not None and len(chain) <= MOST_LEVELS_ABOVE:
            chain.append(item)
            item = self.parents[id(item)]
        place: Place | None = None
        for one in reversed(chain):
            place = place_of(one, place, self.maker.catalogue)
        return place

    # Finding

    def _target(self, number: int, request: Request, added: Mapping[int, PropertySet]) -> PropertySet:
        return added[number] if isinstance(request, AddItem) else self._find(request.item, number, request)

    def _find(self, reference: str, number: int, request: Request) -> PropertySet:
        """The item that a key, a name, or a path from one of them means."""
        found = self.by_key.get(reference) or self.named.get(reference)
        if found is not None:
            return found
        head, *steps = reference.split("/")
        found = self.by_key.get(head) or self.named.get(head)
        for step in steps:
            found = None if found is None else _step(found, step)
        if found is None:
            known = [*self.named, *list(self.by_key)[:_COMPARED]]
            raise self._fault(
                ItemUnknown,
                number,
                f"there is no item {shown(reference)}",
                "it is no item's Integration Id, no name that the batch gives, and no path from one of them",
                nearest(reference, known) or "name an item by its Integration Id, or by a path of Product Ids from it",
            )
        return found

    # Changing

    def _below(self, item: PropertySet | None) -> list[PropertySet]:
        return put_list(self.instance if item is None else item, LINE_ITEM)

    def _detach(self, items: Iterator[PropertySet]) -> None:
        """Take items away from where they stand, each parent's list gone through once."""
        by_parent: dict[int, tuple[PropertySet | None, set[int]]] = {}
        for item in items:
            parent = self.parents[id(item)]
            by_parent.setdefault(id(parent), (parent, set()))[1].add(id(item))
        for parent, gone in by_parent.values():
            listed = self._below(parent)
            listed[:] = [item for item in listed if id(item) not in gone]

    def _move(self, found: Sequence[tuple[Request, PropertySet]], beneath: Mapping[int, PropertySet]) -> None:
        moves: dict[int, tuple[PropertySet, PropertySet]] = {}
        for number, target in beneath.items():
            item = found[number][1]
            if moves.setdefault(id(item), (item, target))[1] is not target:
                raise self._fault(
                    RequestsContradict,
                    number,
                    "another request moves the item elsewhere",
                    "an item stands beneath one other",
                    "leave one of them out",
                )
        self._detach(item for item, _ in moves.values())
        for item, target in moves.values():
            self.parents[id(item)] = target
            self._below(target).append(item)

    def _set(self, number: int, request: AddItem | SetItem, item: PropertySet) -> None:
        fields = dict(request.fields)
        if isinstance(request, AddItem) and request.quantity is not None:
            fields.setdefault("Quantity", request.quantity)
        for name, value in fields.items():
            self._assign(number, item, "field", name, value)
            self._check_field(number, name, value)
            item.properties[name] = value
        place = place_of(item, None, self.maker.catalogue)
        declared = {} if place.definition is None else place.definition.attributes
        for name, value in request.attributes.items():
            self._assign(number, item, "attribute", name, value)
            if value is None:
                _drop_attribute(item, name)
            else:
                self._put(number, item, name, value, declared)

    def _put(
        self, number: int, item: PropertySet, name: str, value: str, declared: Mapping[str, AttributeDefinition]
    ) -> None:
        if declared and name not in declared and any(one.properties.get("Name") == name for one in attributes(item)):
            raise self._fault(
                RequestFaulty,
                number,
                f"the attribute '{name}' can only be taken away",
                f"it no longer belongs to {item.properties.get('Product Id')}, which has {', '.join(declared)}",
                "set it to null, or leave it as it is",
            )
        put_value(item, name, declared.get(name), value)

    def _assign(self, number: int, item: PropertySet, kind: str, name: str, value: str | None) -> None:
        """Note what is set; two requests may set a thing to one value only."""
        key = (id(item), kind, name)
        if key in self.assigned and self.assigned[key] != value:
            raise self._fault(
                RequestsContradict,
                number,
                f"another request sets the {kind} '{name}' of the item to another value",
                "a batch has no order, so neither of them is the last",
                "leave one of them out",
            )
        self.assigned[key] = value

    def _check_field(self, number: int, name: str, value: str | None) -> None:
        """Refuse a field that a customer doesn't choose, and a value that the field can't have."""
        if name not in SETTABLE:
            raise self._fault(
                RequestFaulty,
                number,
                f"the field '{name}' can't be set",
                f"fields that can be chosen are {', '.join(SETTABLE)}",
                nearest(name, SETTABLE) or "leave it out",
            )
        fault = None if value is None else check_value(self.items.fields[name], value)
        if fault is None and name == "Quantity" and value is not None:
            count = as_number(value)
            if count is None or not 0 <= count <= MOST_QUANTITY:
                fault = f"expected a number from 0 to {write_number(MOST_QUANTITY)}, found {shown(value)}"
        if fault is not None:
            raise self._fault(
                RequestFaulty, number, f"the field '{name}' can't have this value", fault, "give a value that fits"
            )

    def _remove_attribute(self, number: int, request: RemoveItem, name: str, item: PropertySet) -> None:
        self._assign(number, item, "attribute", name, None)
        if not _drop_attribute(item, name):
            raise self._fault(
                ItemUnknown,
                number,
                f"the item {shown(request.item)} has no attribute {shown(name)}",
                "only an attribute that is there can be removed",
                "leave the request out",
            )

    # Copying

    def _copy(
        self, found: Sequence[tuple[Request, PropertySet]], places: Mapping[int, int]
    ) -> dict[int, list[PropertySet]]:
        """Make the copies, those further down first: a copy is of the item as the batch leaves it."""
        wanted = [
            (number, request, item) for number, (request, item) in enumerate(found) if isinstance(request, CopyItem)
        ]
        wanted.sort(key=lambda one: -places.get(id(one[2]), 0))
        made: dict[int, list[PropertySet]] = {}
        for number, request, item in wanted:
            self.maker.add(_count(item) * request.times)
            copies = []
            for place in range(request.times):
                copy = self._copied(item)
                fields = request.fields[place] if place < len(request.fields) else {}
                for name, value in fields.items():
                    self._check_field(number, name, value)
                    copy.properties[name] = value
                copies.append(copy)
            listed = self._below(self.parents[id(item)])
            behind = next((place for place, one in enumerate(listed, 1) if one is item), len(listed))
            listed[behind:behind] = copies
            made[number] = copies
        return made

    def _copied(self, item: PropertySet) -> PropertySet:
        """A copy of an item with all beneath it, with new keys, which are noted."""
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
            stack += reversed(below)
        return top

    # Proving

    def _check_present(
        self, found: Sequence[tuple[Request, PropertySet]], copies: Mapping[int, list[PropertySet]]
    ) -> None:
        """Refuse requests whose item isn't in the instance at the end."""
        present = {id(item) for item, _ in walk_items(self.instance)}
        for number, (request, item) in enumerate(found):
            if isinstance(request, RemoveItem):
                continue
            subjects = copies[number] if isinstance(request, CopyItem) else [item]
            if any(id(subject) not in present for subject in subjects):
                raise self._fault(
                    RequestsContradict,
                    number,
                    "its item isn't there in the end",
                    "another request removes it, or it would stand beneath itself or beneath what is removed",
                    "leave one of the requests out",
                )

    def _fault(self, kind: type[Refused], number: int, what: str, why: str, mend: str) -> Refused:
        request = self.requests[number]
        return kind(
            f"the request '{kind_of(request)}' can't be meant: {what}",
            where=f"request {number + 1}",
            why=why,
            mend=mend,
        )


def _step(item: PropertySet, step: str) -> PropertySet | None:
    """The child of an item that a step of a path means: its product, and which of several."""
    below = line_items(item)
    match = _STEP.fullmatch(step)
    product, number = (step, 1) if match is None else (match[1], int(match[2] or 1))
    for child in below:
        if child.properties.get("Product Id") == product and not is_inactive(child):
            number -= 1
            if number == 0:
                return child
    return None


def _drop_attribute(item: PropertySet, name: str) -> bool:
    """Take an attribute away; returns whether it was there. Changes *item*."""
    listed = attributes(item)
    kept = [one for one in listed if one.properties.get("Name") != name]
    if len(kept) == len(listed):
        return False
    put_list(item, ATTRIBUTE)[:] = kept
    return True


def _count(item: PropertySet) -> int:
    return 1 + sum(1 for _ in walk_items(item))
