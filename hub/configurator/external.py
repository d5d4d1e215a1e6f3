"""Configuration by another system: it is sent the instance and the requests, and answers with the new instance.

    question   {"operation": "configure", "object": "OM Quote", "fields": {"Account Id": "1-A", ...},
                "items": [{"number": 1, "above": null, "fields": {"Integration Id": "A1", ...},
                           "attributes": [{"Name": "Rings", "Number Value": "6"}]}, ...],
                "requests": [{"request": "remove", "item": "A7"}]}
    answer     {"items": [{"number": 1, "above": null, "fields": {...}, "attributes": [...]}, ...],
                "obsolete": [{"item": 3, "attribute": "Colour", "text": "..."}],
                "relinked": [{"item": 4, "formerly": 1}],
                "names": {"L1": 5}}
    or         {"broken": [{"rule": "Most", "product": "Local Line", "item": "A7", "attribute": null, "text": "..."}]}

``start`` sends ``product`` and takes items with one root; ``check`` sends the items, and those of ``before`` if they
are given, and takes ``broken``. Items are in the tree's order, numbered from 1; ``above`` is the number of the item
above. An item of the answer that has the Integration Id of a sent item keeps the sent item's fields that the answer
doesn't carry; an item without an Integration Id is new and gets one here. ``obsolete``, ``relinked`` and ``names`` may
be left out.

Spec: docs/design/workflows.md, "Configurator and pricing" (an external one behind the same port).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, StrictInt

from adapters.json_border import Text, kind_of_json, read_answer
from adapters.json_client import JsonClient
from hub.configurator.catalogue import Catalogue
from hub.configurator.new_items import MOST_ITEMS
from hub.configurator.port import BrokenRule, ConfigurationRefused, Configured, Obsolete, Relinked
from hub.configurator.requests import Request, check_limits
from hub.configurator.requests_json import requests_to_json
from hub.presentation.tree_json import numbered_item
from hub.services.items import check_items
from hub.services.objects import header_copy, line_item_of, object_of, other_lists
from integration_objects.complex_object import ComplexObject, items_of, message, put_list, walk_items
from integration_objects.component import Component
from integration_objects.definition import Definitions
from integration_objects.errors import Refused
from integration_objects.field_values import check_value, shown
from integration_objects.names import ATTRIBUTE, KEY, LINE_ITEM, ORDER
from integration_objects.property_set import PropertySet

Entry = TypeVar("Entry")
Entries = Annotated[list[Entry], Field(max_length=MOST_ITEMS)]


class AnsweredItem(BaseModel):
    """A line item of an answer; its fields are proven against the line item's definition later."""

    number: StrictInt
    above: StrictInt | None = None
    fields: dict[str, Any]
    attributes: list[dict[str, Any]] = []


class AnsweredObsolete(BaseModel):
    """An item, or an attribute of it, that no longer belongs to the definitions."""

    item: StrictInt
    attribute: Text | None = None
    text: Text


class AnsweredRelinked(BaseModel):
    """An item that stands beneath another parent than before."""

    item: StrictInt
    formerly: StrictInt | None = None


class AnsweredRule(BaseModel):
    """A broken rule."""

    rule: Text
    product: Text | None = None
    item: Text | None = None
    text: Text
    attribute: Text | None = None


class BrokenRules(BaseModel):
    """The answer to ``check``, and a refusal of ``configure``."""

    broken: Entries[AnsweredRule] = []


class StartedProduct(BaseModel):
    """The answer to ``start``."""

    items: Entries[AnsweredItem]


class NewInstance(StartedProduct):
    """The answer to ``configure``."""

    obsolete: Entries[AnsweredObsolete] = []
    relinked: Entries[AnsweredRelinked] = []
    names: dict[str, StrictInt] = {}


class ExternalConfigurator:
    """A configurator that asks another system, once for each call; *definitions* declare the line item's fields."""

    is_external = True

    def __init__(self, client: JsonClient, definitions: Definitions) -> None:
        self._client = client
        self._definitions = definitions
        self._items = line_item_of(definitions[ORDER])  # asset, quote and order share their line items

    def through(self, wrap: Callable[[JsonClient], JsonClient]) -> ExternalConfigurator:
        """Make the same configurator with the client that *wrap* makes of its client."""
        return ExternalConfigurator(wrap(self._client), self._definitions)

    def start(self, product_id: str, catalogue: Catalogue, new_id: Callable[[], str]) -> PropertySet:
        """Make a root line item of a product with its defaults; see `Configurator.start`.

        Raises:
            HubError: the client's: no answer, a faulty answer, a refusal.
        """
        answer = self._client.post({"operation": "start", "product": product_id})
        started = read_answer(StartedProduct, answer, self._client)
        # A header of any object: the answer's items are its roots, and only one of them leaves this method.
        header = PropertySet("Order")
        _AnsweredTree(self._client, self._items, header, PropertySet("Order"), new_id).read(started.items)
        roots = put_list(header, LINE_ITEM)
        if len(roots) != 1:
            raise self._client.faulty(f"expected one root item, found {len(roots)}", "items")
        return roots[0]

    def configure(
        self, instance: PropertySet, requests: Sequence[Request], catalogue: Catalogue, new_id: Callable[[], str]
    ) -> Configured:
        """Work a batch of requests, all or nothing; see `Configurator.configure`.

        Raises:
            ConfigurationRefused: the answer names broken rules.
            HubError: the client's.
        """
        check_limits(requests)
        documents = json.loads(requests_to_json(requests))
        answer = self._client.post({"operation": "configure", **_sent(instance), "requests": documents})
        broken = self._broken(answer)
        if broken:
            raise ConfigurationRefused(broken)
        # The instance is read only now: a refusal carries none.
        new = read_answer(NewInstance, answer, self._client)
        result = header_copy(instance)
        tree = _AnsweredTree(self._client, self._items, result, instance, new_id)
        tree.read(new.items)
        try:
            check_items(message(object_of(result), [result]), keys=True)
        except Refused as error:
            raise self._client.faulty(f"{error.what}: {error.why}", "items") from error
        return Configured(result, tree.obsolete(new.obsolete), tree.relinked(new.relinked), tree.names(new.names))

    def check(self, instance: PropertySet, catalogue: Catalogue, before: PropertySet | None = None) -> list[BrokenRule]:
        """List every rule that an instance breaks; see `Configurator.check`.

        Raises:
            HubError: the client's.
        """
        question = {"operation": "check", **_sent(instance)}
        if before is not None:
            question["before"] = _sent(before)
        return self._broken(self._client.post(question))

    def _broken(self, answer: Any) -> list[BrokenRule]:
        broken = read_answer(BrokenRules, answer, self._client).broken
        return [BrokenRule(rule.rule, rule.product or "", rule.item, rule.text, rule.attribute) for rule in broken]


def _sent(instance: PropertySet) -> dict[str, Any]:
    numbers: dict[int, int] = {}
    items = []
    for number, (item, above) in enumerate(walk_items(instance), 1):
        numbers[id(item)] = number
        items.append(numbered_item(item, number, None if above is None else numbers[id(above)]))
    return {"object": object_of(instance), "fields": instance.properties, "items": items}


class _AnsweredTree:
    """The line items of an answer, put beneath the header of the new instance."""

    def __init__(
        self,
        client: JsonClient,
        component: Component,
        header: PropertySet,
        sent: PropertySet,
        new_id: Callable[[], str],
    ) -> None:
        self._client = client
        self._component = component
        self._header = header
        self._sent = {item.get(KEY): item for item in items_of(sent)}
        self._new_id = new_id
        self._items: dict[int, PropertySet] = {}

    def read(self, entries: Sequence[AnsweredItem]) -> None:
        """Make the items, and put each beneath its parent. Changes the header."""
        put_list(self._header, LINE_ITEM)
        for position, entry in enumerate(entries):
            where = f"items[{position}]"
            if entry.number in self._items:
                raise self._client.faulty("expected a number that no other item has", f"{where}.number")
            if entry.above is not None and entry.above not in self._items:
                why = "expected null, or the number of an item that stands before"
                raise self._client.faulty(why, f"{where}.above")
            parent = self._header if entry.above is None else self._items[entry.above]
            item = self._items[entry.number] = self._item(entry, where)
            put_list(parent, LINE_ITEM).append(item)

    def obsolete(self, entries: Sequence[AnsweredObsolete]) -> tuple[Obsolete, ...]:
        """Return the items and attributes that no longer belong to the definitions."""
        obsolete = []
        for position, entry in enumerate(entries):
            item = self._numbered(entry.item, f"obsolete[{position}].item")
            obsolete.append(Obsolete(item.get(KEY), item.get("Product Id"), entry.attribute, entry.text))
        return tuple(obsolete)

    def relinked(self, entries: Sequence[AnsweredRelinked]) -> tuple[Relinked, ...]:
        """Return the items that stand beneath other parents than before."""
        instance = ComplexObject(self._header)
        relinked = []
        for position, entry in enumerate(entries):
            item = self._numbered(entry.item, f"relinked[{position}].item")
            former = entry.formerly
            former_key = None if former is None else self._numbered(former, f"relinked[{position}].formerly").get(KEY)
            parent = instance.parent_of(item)
            beneath = None if parent is None else parent.get(KEY)
            relinked.append(Relinked(item.get(KEY), item.get("Product Id"), beneath, former_key))
        return tuple(relinked)

    def names(self, numbers: dict[str, int]) -> dict[str, str]:
        """Return the Integration Ids of the named items, by name."""
        return {name: self._numbered(number, f"names.{name}").get(KEY) or "" for name, number in numbers.items()}

    def _item(self, entry: AnsweredItem, where: str) -> PropertySet:
        fields = self._fields(entry.fields, self._component, f"{where}.fields")
        # A system that doesn't know a deployment's own fields leaves them out: the sent item's fields stay.
        former = self._sent.get(fields.get(KEY)) if fields.get(KEY) else None
        item = PropertySet(LINE_ITEM, properties=dict(former.properties) if former is not None else {})
        item.properties.update(fields)
        if not item.get(KEY):
            item.properties[KEY] = self._new_id()
        component = self._component.children[ATTRIBUTE]
        for position, attribute in enumerate(entry.attributes):
            values = self._fields(attribute, component, f"{where}.attributes[{position}]")
            put_list(item, ATTRIBUTE).append(PropertySet(ATTRIBUTE, properties=values))
        if former is not None:
            item.children += other_lists(former)
        return item

    def _fields(self, values: dict[str, Any], component: Component, where: str) -> dict[str, str | None]:
        fields: dict[str, str | None] = {}
        for name, value in values.items():
            if name not in component.fields:
                raise self._client.faulty(f"'{component.name}' has no field {shown(name)}", where)
            # By type, because Python counts true and false among the integers.
            text = str(value) if type(value) is int else value
            if text is not None and not isinstance(text, str):
                why = f"expected a text, a number or null, found {kind_of_json(value)}"
                raise self._client.faulty(why, f"{where}.{name}")
            fault = None if text is None else check_value(component.fields[name], text)
            if fault is not None:
                raise self._client.faulty(fault, f"{where}.{name}")
            fields[name] = text
        return fields

    def _numbered(self, number: int, where: str) -> PropertySet:
        if number not in self._items:
            raise self._client.faulty("expected the number of an item", where)
        return self._items[number]
