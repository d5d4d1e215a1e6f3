"""The arguments of an action's workflow, from the page, the row, and the answers of the form.

A question of the kind ``attributes`` is several on the form, one for each attribute of the row's product. Its answer is
a mapping of those that the person has changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from hub.deployment.pages.page import Action, Asked, Value
from hub.web.reading import PageReading
from integration_objects.complex_object import attributes, components
from integration_objects.property_set import PropertySet

#: characters that a question's name doesn't have
_NO_NAME = re.compile("[^a-z0-9]+")


def arguments_for(
    action: Action, reading: PageReading, row: PropertySet | None, answers: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return the arguments of an action's workflow; one whose values are all missing is left out."""
    pairs = []
    for name, value in action.arguments.items():
        made = _made(value, action, reading, row, answers)
        if made is not None:
            pairs.append((name, made if isinstance(made, str) else json.dumps(made, ensure_ascii=False)))
    return pairs


def asked_attributes(asked: Asked, reading: PageReading, row: PropertySet | None) -> dict[str, PropertySet]:
    """Return the attributes of the row's product, by the names of their questions."""
    product = None if row is None else row.get("Product Id")
    if product is None:
        return {}
    found = reading.instances_like("Product", {"Product Id": Value("constant", product)})
    named: dict[str, PropertySet] = {}
    for attribute in (each for instance in found for each in components(instance, "Product Attribute")):
        name = f"{asked.name}-{_NO_NAME.sub('-', (attribute.get('Name') or '').lower()).strip('-')}"
        named[name if name not in named else f"{name}-{len(named)}"] = attribute
    return named


def attribute_values(row: PropertySet | None) -> dict[str, str]:
    """Return the values of a line's attributes, by name."""
    return {} if row is None else {each.get("Name") or "": each.get("Value") or "" for each in attributes(row)}


def _changed_attributes(
    asked: Asked, reading: PageReading, row: PropertySet | None, answers: Mapping[str, str]
) -> dict[str, str] | None:
    """Return the attributes whose answers differ from what the form had shown; an empty answer leaves one as it is."""
    present = attribute_values(row)
    changed = {
        name: answer
        for key, attribute in asked_attributes(asked, reading, row).items()
        if (answer := answers.get(key)) and answer != present.get(name := attribute.get("Name") or "", "")
    }
    return changed or None


def _made(value: Any, action: Action, reading: PageReading, row: PropertySet | None, answers: Mapping[str, str]) -> Any:
    """Return a value; lists and mappings without the entries that an empty answer leaves empty; None for none."""
    if isinstance(value, Value):
        if _is_attributes(value, action):
            return _changed_attributes(action.asks[value.name], reading, row, answers)
        if value.kind == "parameter" and value.name in action.asks:
            return answers.get(value.name) or None
        return reading.value(value, row)
    if isinstance(value, Mapping):
        made = {name: _made(each, action, reading, row, answers) for name, each in value.items()}
        kept = {name: each for name, each in made.items() if each is not None}
        nested = [name for name, each in value.items() if not isinstance(each, Value) or _is_attributes(each, action)]
        # A mapping that lost all nested ones has nothing to say: a request without its fields.
        is_lost = bool(nested) and all(made[name] is None for name in nested)
        return None if is_lost or not kept else kept
    entries = [made for each in value if (made := _made(each, action, reading, row, answers)) is not None]
    return entries or None


def _is_attributes(value: Any, action: Action) -> bool:
    """Whether a value is the answer to a question for attributes."""
    asked = action.asks.get(value.name) if isinstance(value, Value) and value.kind == "parameter" else None
    return asked is not None and asked.kind == "attributes"
