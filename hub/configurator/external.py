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

``start`` sends ``product`` and takes items with one root; ``check`` sends the items, and those of ``before`` where they
are given, and takes ``broken``. Items are in the tree's order, numbered from 1; ``above`` is the number of the item
above. An item of the answer that has the Integration Id of one that was sent keeps what the answer doesn't carry; one
without an Integration Id is new and gets one here. ``obsolete``, ``relinked`` and ``names`` may be left out.

Spec: docs/design/workflows.md, "Configurator and pricing" (an external one behind the same port).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from adapters.json_client import JsonClient
from hub.configurator.catalogue import Catalogue
from hub.configurator.new_items import MOST_ITEMS
from hub.configurator.port import BrokenRule, ConfigurationRefused, Configured, Obsolete, Relinked
from hub.configurator.requests import Request, check_limits, requests_to_json
from hub.services.items import LINE_ITEMS, check_items
from hub.services.objects import line_item_of, other_lists
from integration_objects.complex_object import attributes, message, put_list, walk_items
from integration_objects.component import Component
from integration_objects.definition import Definitions
from integration_objects.errors import HubError, Refused
from integration_objects.field_values import check_characters, check_value, shown
from integration_objects.names import ATTRIBUTE, KEY, LINE_ITEM
from integration_objects.property_set import PropertySet

_ORDER = "OM Order"
_MOST_TEXT = 4_000


class ExternalConfigurator:
    """A configurator that asks another system, once for each call.

    Args:
        client: carries the questions.
        definitions: the integration objects, which say what a line item may carry.
    """

    is_external = True

    def __init__(self, client: JsonClient, definitions: Definitions) -> None:
        self._client = client
        self._definitions = definitions
        self._items = line_item_of(definitions[_ORDER])
        self._objects = {definition.root.name: definition.name for definition in definitions.values()}

    def through(self, wrap: Callable[[JsonClient], JsonClient]) -> ExternalConfigurator:
        """The same configurator, whose questions go through what *wrap* makes of its client."""
        return ExternalConfigurator(wrap(self._client), self._definitions)

    def start(self, product_id: str, catalogue: Catalogue, new_id: Callable[[], str]) -> PropertySet:
        """A root line item of a product with its defaults; see `Configurator.start`.

        Raises:
            HubError: what the client raises: no answer, a faulty one, a refusal.
        """
        answer = self._ask({"operation": "start", "product": product_id})
        roots = answer.tree(PropertySet("Order"), new_id)[1]
        if len(roots) != 1:
            raise self._client.faulty(f"expected one root item, found {len(roots)}", "items")
        return roots[0]

    def configure(
        self,
        instance: PropertySet,
        requests: Sequence[Request],
        catalogue: Catalogue,
        new_id: Callable[[], str],
    ) -> Configured:
        """Work a batch of requests, all or nothing; see `Configurator.configure`.

        Raises:
            ConfigurationRefused: the answer names broken rules.
            HubError: what the client raises.
        """
        check_limits(requests)
        question = {
            "operation": "configure",
            **self._sent(instance),
            "requests": json.loads(requests_to_json(requests)),
        }
        answer = self._ask(question)
        broken = answer.broken()
        if broken:
            raise ConfigurationRefused(broken)
        items, roots = answer.tree(instance, new_id)
        result = instance.copy_node()
        result.children = [child.copy() for child in instance.children if child.type != LINE_ITEMS]
        put_list(result, LINE_ITEM).extend(roots)
        try:
            check_items(message(self._name(result), [result]), keys=True)
        except Refused as error:
            raise self._client.faulty(f"{error.what}: {error.why}", "items") from error
        return Configured(result, answer.obsolete(items), answer.relinked(items), answer.names(items))

    def check(self, instance: PropertySet, catalogue: Catalogue, before: PropertySet | None = None) -> list[BrokenRule]:
        """Every rule that an instance breaks; see `Configurator.check`.

        Raises:
            HubError: what the client raises.
        """
        question = {"operation": "check", **self._sent(instance)}
        if before is not None:
            question["before"] = self._sent(before)
        return self._ask(question).broken()

    def _ask(self, question: dict[str, Any]) -> _Answer:
        return _Answer(self._client.post(question), self._client.faulty, self._items)

    def _name(self, instance: PropertySet) -> str:
        return self._objects.get(instance.type, instance.type)

    def _sent(self, instance: PropertySet) -> dict[str, Any]:
        numbers: dict[int, int] = {}
        items = []
        for number, (item, above) in enumerate(walk_items(instance), 1):
            numbers[id(item)] = number
            items.append(
                {
                    "number": number,
                    "above": None if above is None else numbers[id(above)],
                    "fields": item.properties,
                    "attributes": [one.properties for one in attributes(item)],
                }
            )
        return {"object": self._name(instance), "fields": instance.properties, "items": items}


class _Answer:
    """Reads an answer, of which nothing is believed."""

    def __init__(self, answer: Any, faulty: Callable[[str, str], HubError], items: Component) -> None:
        if not isinstance(answer, dict):
            raise faulty("expected an object", "")
        self._answer: dict[str, Any] = answer
        self._faulty = faulty
        self._items = items

    def broken(self) -> list[BrokenRule]:
        return [
            BrokenRule(
                self._text(one.get("rule"), f"{where}.rule"),
                self._text_or_none(one.get("product"), f"{where}.product") or "",
                self._text_or_none(one.get("item"), f"{where}.item"),
                self._text(one.get("text"), f"{where}.text"),
                self._text_or_none(one.get("attribute"), f"{where}.attribute"),
            )
            for where, one in self._entries("broken")
        ]

    def tree(
        self, instance: PropertySet, new_id: Callable[[], str]
    ) -> tuple[dict[int, PropertySet], list[PropertySet]]:
        """The answer's items by number, and the root items among them."""
        if "items" not in self._answer:
            raise self._faulty("expected the list 'items'", "")
        known = {item.properties.get(KEY): item for item, _ in walk_items(instance)}
        items: dict[int, PropertySet] = {}
        roots: list[PropertySet] = []
        for where, entry in self._entries("items"):
            number, above = entry.get("number"), entry.get("above")
            if type(number) is not int or number in items:
                raise self._faulty("expected a number that no other item has", f"{where}.number")
            if above is not None and (type(above) is not int or above not in items):
                raise self._faulty("expected null, or the number of an item that stands before", f"{where}.above")
            item = self._item(entry, where, known, new_id)
            items[number] = item
            (roots if above is None else put_list(items[above], LINE_ITEM)).append(item)
        return items, roots

    def obsolete(self, items: dict[int, PropertySet]) -> tuple[Obsolete, ...]:
        found = []
        for where, one in self._entries("obsolete"):
            item = self._numbered(one.get("item"), items, f"{where}.item")
            attribute = self._text_or_none(one.get("attribute"), f"{where}.attribute")
            text = self._text(one.get("text"), f"{where}.text")
            found.append(Obsolete(item.get(KEY), item.get("Product Id"), attribute, text))
        return tuple(found)

    def relinked(self, items: dict[int, PropertySet]) -> tuple[Relinked, ...]:
        above = {
            id(child): item
            for item in items.values()
            for one in item.children
            if one.type == LINE_ITEMS
            for child in one.children
        }
        found = []
        for where, one in self._entries("relinked"):
            item = self._numbered(one.get("item"), items, f"{where}.item")
            former = one.get("formerly")
            was = None if former is None else self._numbered(former, items, f"{where}.formerly").get(KEY)
            parent = above.get(id(item))
            beneath = None if parent is None else parent.get(KEY)
            found.append(Relinked(item.get(KEY), item.get("Product Id"), beneath, was))
        return tuple(found)

    def names(self, items: dict[int, PropertySet]) -> dict[str, str]:
        names = self._answer.get("names", {})
        if not isinstance(names, dict):
            raise self._faulty("expected an object", "names")
        return {
            name: self._numbered(number, items, f"names.{name}").properties[KEY] or "" for name, number in names.items()
        }

    def _item(
        self, entry: dict[str, Any], where: str, known: dict[str | None, PropertySet], new_id: Callable[[], str]
    ) -> PropertySet:
        fields = self._fields(entry.get("fields"), self._items, f"{where}.fields")
        former = known.get(fields.get(KEY)) if fields.get(KEY) else None
        item = PropertySet(LINE_ITEM, properties=dict(former.properties) if former is not None else {})
        item.properties.update(fields)
        if not item.properties.get(KEY):
            item.properties[KEY] = new_id()
        listed = entry.get("attributes", [])
        if not isinstance(listed, list):
            raise self._faulty("expected a list", f"{where}.attributes")
        component = self._items.children[ATTRIBUTE]
        for place, one in enumerate(listed):
            values = self._fields(one, component, f"{where}.attributes[{place}]")
            put_list(item, ATTRIBUTE).append(PropertySet(ATTRIBUTE, properties=dict(values)))
        if former is not None:
            item.children += other_lists(former)
        return item

    def _fields(self, value: Any, component: Component, where: str) -> dict[str, str | None]:
        if not isinstance(value, dict):
            raise self._faulty("expected an object", where)
        found: dict[str, str | None] = {}
        for name, text in value.items():
            if name not in component.fields:
                raise self._faulty(f"'{component.name}' has no field {shown(name)}", where)
            written = str(text) if type(text) is int else text
            if written is not None and not isinstance(written, str):
                raise self._faulty("expected a text, a number or null", f"{where}.{name}")
            fault = None if written is None else check_value(component.fields[name], written)
            if fault is not None:
                raise self._faulty(fault, f"{where}.{name}")
            found[name] = written
        return found

    def _entries(self, name: str) -> list[tuple[str, dict[str, Any]]]:
        found = self._answer.get(name, [])
        if not isinstance(found, list) or len(found) > MOST_ITEMS:
            raise self._faulty(f"expected a list of at most {MOST_ITEMS} entries", name)
        for place, one in enumerate(found):
            if not isinstance(one, dict):
                raise self._faulty("expected an object", f"{name}[{place}]")
        return [(f"{name}[{place}]", one) for place, one in enumerate(found)]

    def _numbered(self, number: Any, items: dict[int, PropertySet], where: str) -> PropertySet:
        if type(number) is not int or number not in items:
            raise self._faulty("expected the number of an item", where)
        return items[number]

    def _text(self, value: Any, where: str) -> str:
        if not isinstance(value, str) or not value:
            raise self._faulty("expected a text", where)
        fault = check_characters(value)
        if fault is None and len(value) > _MOST_TEXT:
            fault = f"expected at most {_MOST_TEXT} characters, found {len(value)}"
        if fault is not None:
            raise self._faulty(fault, where)
        return value

    def _text_or_none(self, value: Any, where: str) -> str | None:
        return None if value is None else self._text(value, where)
