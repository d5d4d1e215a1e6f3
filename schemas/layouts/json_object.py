"""An external object whose messages are JSON, as a JSON Schema describes them.

    external object: Web Order
    layout:
      json schema: web/order.json     # within the schemas folder

Spec: docs/design/legacy.md, "Layouts"; docs/design/integration.md, "Routes".
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integration_objects.component import FieldType
from integration_objects.declaration import Parts
from integration_objects.definition import IntegrationObject
from integration_objects.errors import Invalid, Refused
from integration_objects.field_values import as_number, plain_date, shown, write_number
from integration_objects.property_set import PropertySet
from schemas.external_component import ExternalObject, ReadMessage
from schemas.layouts.json_components import ITEM, ROOT, JsonComponent, JsonComponents
from schemas.layouts.json_schema import JsonSchema
from schemas.layouts.json_text import Path, json_characters, line_at, places, pointer, read_json, write_json
from schemas.limits import Limits

_STEP = re.compile(r"/([^/\[]+)\[([0-9]+)\]")


class JsonUnplaced(Invalid):
    """A value of a message is of another kind than its place in the tree."""

    what = "the value at {path} has no place"
    why = "{component} holds {kind}, and the schema doesn't say so"
    mend = "name the type of the value in the schema"


class JsonUnwritable(Refused):
    """A tree has something that the schema has no place for."""

    what = "{component} has no place for {name}"
    why = "{reason}"
    mend = "correct the map: `orderhub layout show` lists the fields"


@dataclass(frozen=True)
class JsonObject(ExternalObject):
    """An external object whose messages are JSON.

    Attributes:
        schema: checks them.
        root: the component of a whole message.
    """

    schema: JsonSchema
    root: JsonComponent

    @property
    def content_type(self) -> str:
        """The media type of JSON."""
        return "application/json"

    @property
    def described_by(self) -> str:
        """The path of the JSON Schema."""
        return self.schema.path

    def read(self, body: bytes, limits: Limits, *, own: bool = False) -> ReadMessage:
        """Parse, validate and convert a message."""
        text, value = self._validated(body, limits)
        tree = _tree(self.root, value, is_checked=True)
        return ReadMessage(tree, functools.partial(_line_of, text, isinstance(value, list)))

    def glance(self, body: bytes, limits: Limits, names: frozenset[str] | None) -> PropertySet:
        """Parse and convert a message; leave out values of another kind than the schema says."""
        return _tree(self.root, read_json(body, limits), is_checked=False)

    def write(self, tree: PropertySet) -> bytes:
        """Write a message as JSON in one line."""
        try:
            return write_json(_value(self.root, tree)).encode()
        except RecursionError:
            reason = "its nodes stand too deep within each other"
            raise JsonUnwritable(component=ROOT, name="the tree", reason=reason) from None

    def prove(self, body: bytes, limits: Limits, *, own: bool = False) -> None:
        """Parse and validate a message."""
        self._validated(body, limits)

    def texts(self, body: bytes, limits: Limits) -> frozenset[str]:
        """Collect all texts and numbers."""
        found: set[str] = set()
        waiting = [read_json(body, limits)]
        while waiting:
            value = waiting.pop()
            if isinstance(value, dict | list):
                waiting += value.values() if isinstance(value, dict) else value
            elif isinstance(value, str | Decimal):
                found.add(value.strip() if isinstance(value, str) else write_number(value))
        return frozenset(found - {""})

    def _validated(self, body: bytes, limits: Limits) -> tuple[str, Any]:
        # Limits first, schema second: the validator recurses.
        value, text = read_json(body, limits), json_characters(body)
        self.schema.validate(value, text)
        return text, value


def read_json_object(parts: Parts, read_file: Callable[[str], bytes]) -> JsonObject:
    """Read the declaration of an external object with a JSON Schema, and prove it.

    Raises:
        DeclarationFault, JsonSchemaFaulty: with file, and line or place in the schema.
    """
    given = parts["layout"].mapping(required=["json schema"], optional=())
    if "records" in parts:
        raise parts["records"].fault("JSON messages have no records", "the schema has all parts", mend="take it away")
    name, where = parts["external object"].text(), parts["external object"].where
    schema = JsonSchema(given["json schema"].text(), read_file, given["json schema"])
    root = JsonComponents(schema).root()
    return JsonObject(name, IntegrationObject(name, root, external=True, where=where), where, schema, root)


# Reading


def _tree(root: JsonComponent, value: Any, is_checked: bool) -> PropertySet:
    if isinstance(value, list) and ITEM in root.lists:
        value = {ITEM: value}
    if not isinstance(value, dict):
        if is_checked:
            raise _unplaced(ROOT, value, ())
        return PropertySet(ROOT)
    return read_node(root, value, (), is_checked)


def read_node(component: JsonComponent, value: dict[str, Any], path: Path, is_checked: bool) -> PropertySet:
    """Make the node of an object at *path*; values of another kind than the schema says are left out, or refused.

    Raises:
        JsonUnplaced: *is_checked*, and a value is of another kind.
    """
    node = PropertySet(component.name)
    for key, inner in value.items():
        if (declared := component.fields.get(key)) is not None:
            if not isinstance(inner, dict | list):
                node.properties[key] = scalar_text(declared.type, inner)
                continue
        elif (child := component.children.get(key)) is not None:
            assert isinstance(child, JsonComponent)  # noqa: S101  # all components of JSON are
            items = inner if isinstance(inner, list) and key in component.lists else [inner]
            for at, item in enumerate(items):
                place = (*path, key, at) if key in component.lists else (*path, key)
                if child.text is None and isinstance(item, dict):
                    node.children.append(read_node(child, item, place, is_checked))
                elif child.text is not None and not isinstance(item, dict | list):
                    node.children.append(PropertySet(key, scalar_text(child.text, item) or ""))
                elif is_checked and item is not None:
                    raise _unplaced(child.name, item, place)
            continue
        else:
            # The schema says nothing about the type: no part of the object.
            continue
        if is_checked:
            raise _unplaced(f"{component.name}/{key}", inner, (*path, key))
    return node


def _unplaced(component: str, value: Any, path: Path) -> JsonUnplaced:
    kind = "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else "a text or a number"
    return JsonUnplaced(path=pointer(path) or "/", component=component, kind=kind)


def scalar_text(type: FieldType, value: Any) -> str | None:
    """Return the text that a tree has for a value of a key of this type; None for null."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, Decimal):
        return write_number(value)
    return plain_date(value) if type == "date" else str(value)


def _line_of(text: str, is_list: bool, path: str, field: str) -> int | None:
    """Find the line of a field; see `ReadMessage.line_of`."""
    steps = _STEP.findall(path)[1:]
    names = [name for name, _ in steps] + [field]
    numbers = [int(number) for _, number in steps]
    for found, start, _ in places(text):
        # The name of the items of a list isn't in the text.
        whole = (ITEM, *found) if is_list else found
        keys = [step for step in whole if isinstance(step, str)]
        if keys == names and _numbers(whole) == numbers:
            return line_at(text, start)
    return None


def _numbers(path: Path) -> list[int]:
    """Count the nodes on a path from 1: an object that is no item is the first of its name."""
    numbers: list[int] = []
    for step in path[:-1]:
        if isinstance(step, str):
            numbers.append(1)
        else:
            numbers[-1] = step + 1
    return numbers


# Writing


def _value(root: JsonComponent, tree: PropertySet) -> Any:
    written = written_object(root, tree)
    return written.get(ITEM, []) if ITEM in root.lists and not root.ranks else written


def written_object(component: JsonComponent, node: PropertySet) -> dict[str, Any]:
    """Make the object of a node, as `read_json` reads it.

    Raises:
        JsonUnwritable: the schema has no place for something of the node.
    """
    found: dict[str, Any] = {}
    for name, text in node.properties.items():
        declared = component.fields.get(name)
        if declared is None:
            raise JsonUnwritable(component=component.name, name=name, reason="the schema has no such key")
        if text is not None:
            found[name] = _written(declared.type, text, f"{component.name}/{name}")
        elif name in component.nillable:
            found[name] = None
    for child in node.children:
        inner = component.children.get(child.type)
        if inner is None:
            raise JsonUnwritable(component=component.name, name=child.type, reason="the schema has no such key")
        assert isinstance(inner, JsonComponent)  # noqa: S101  # all components of JSON are
        path = f"{component.name}/{child.type}"
        value = written_object(inner, child) if inner.text is None else _written(inner.text, child.value, path)
        if child.type in component.lists:
            found.setdefault(child.type, []).append(value)
        elif child.type in found:
            raise JsonUnwritable(component=component.name, name=f"a second {child.type}", reason="it is no list")
        else:
            found[child.type] = value
    for name in component.lists - found.keys():
        # A list that must be there may be empty.
        if name in component.required_lists:
            found[name] = []
    return dict(sorted(found.items(), key=lambda item: component.ranks.get(item[0], 0)))


def _written(type: FieldType, text: str, path: str) -> Any:
    if type == "number":
        number = as_number(text)
        if number is None:
            raise JsonUnwritable(component=path, name=shown(text), reason="it is a number")
        return number
    if type == "flag":
        if text not in ("Y", "N"):
            raise JsonUnwritable(component=path, name=shown(text), reason="it is Y or N")
        return text == "Y"
    return text
