"""A JSON Schema seen as an integration object: the shape that a map reads from, or writes to, at its outer end.

    object                    component, type = its key; it occurs once
    list of objects           component that occurs several times
    list of texts or numbers  component with a value
    text, number, boolean     field; a boolean is Y or N
    null                      a property without a value; a key that is left out has no property

The message itself is the component `Document`; where it is a list, its items are components `Item` beneath it. The
parts of allOf, anyOf, oneOf, if, then, else and of references are put together. A key whose schema says nothing about
its type is no part of the object.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import referencing.exceptions

from integration_objects.component import Field, FieldType
from integration_objects.field_values import shown
from schemas.external_component import ExternalComponent
from schemas.layouts.json_schema import JsonSchema, JsonSchemaFaulty

#: The names of the root, and of the items of a message that is a list.
ROOT, ITEM = "Document", "Item"
#: The signs of keys that the paths of maps can name.
_NAME = re.compile(r"[^\s/\[\]'\"=<>!.][^/\[\]'\"=<>!]*")
_SCALARS: dict[str, FieldType] = {"string": "text", "number": "number", "integer": "number", "boolean": "flag"}
_CERTAIN, _POSSIBLE = ("allOf",), ("anyOf", "oneOf")
_CONDITIONS = ("if", "then", "else")
_ANNOTATIONS = {"title", "description", "default", "examples", "deprecated", "$comment"}
_UNREADABLE = {
    "patternProperties": "keys that a pattern names have no place in a tree",
    "prefixItems": "items that differ by their place have no place in a tree",
    "$dynamicRef": "dynamic references aren't read",
}


@dataclass(eq=False)
class JsonComponent(ExternalComponent):
    """A component of a JSON message.

    Attributes:
        lists: the names of the children that are lists.
        required_lists: the names of those that are written even if they are empty.
    """

    lists: set[str] = field(default_factory=set)
    required_lists: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Part:
    """A schema that holds for a value, among others.

    Attributes:
        schema: an object with keywords.
        resolver: resolves its references.
        is_certain: whether it holds always, and not in one of several cases.
    """

    schema: dict[str, Any]
    resolver: Any
    is_certain: bool


class JsonComponents:
    """Builds the components of one schema, once for each pair of schema and key."""

    def __init__(self, schema: JsonSchema) -> None:
        self._schema = schema
        self._made: dict[tuple[frozenset[int], str], JsonComponent] = {}
        self._waiting: list[tuple[JsonComponent, list[_Part]]] = []

    def root(self, name: str = ROOT) -> JsonComponent:
        """Build the component of a whole message, or of a line, under this name.

        Raises:
            JsonSchemaFaulty: something has no place in a tree.
        """
        parts = self._parts(self._schema.contents, self._schema.resolver)
        kinds = self._kinds(parts, name)
        if kinds == {"array"} and name == ROOT:
            root = JsonComponent(ROOT, tag=ROOT, where=self._schema.path)
            self._add_list(root, ITEM, parts, required=True)
        elif kinds == {"object"}:
            root = self._component(name, parts)
        elif name != ROOT:
            raise self._fault(name, f"the record {name} is no object", "a line of JSON is one")
        else:
            raise self._fault(ROOT, "the message is neither an object nor a list", "a tree needs one of them")
        while self._waiting:
            self._fill(*self._waiting.pop())
        return root

    def _component(self, name: str, parts: list[_Part]) -> JsonComponent:
        # A component that exists ends the recursion of a schema within itself.
        key = (frozenset(id(part.schema) for part in parts), name)
        if key not in self._made:
            made = JsonComponent(name, tag=name, where=self._schema.path)
            self._made[key] = made
            self._waiting.append((made, parts))
        return self._made[key]

    def _parts(self, schema: Any, resolver: Any) -> list[_Part]:
        """List the schemas that hold for one value, those behind references among them."""
        found: list[_Part] = []
        seen: set[int] = set()
        waiting = [(schema, resolver, True)]
        while waiting:
            schema, resolver, is_certain = waiting.pop(0)
            if not isinstance(schema, dict) or id(schema) in seen:
                continue
            seen.add(id(schema))
            # A reference by itself is the schema that it leads to, so that a schema within itself is found again.
            if schema.keys() - _ANNOTATIONS != {"$ref"}:
                found.append(_Part(schema, resolver, is_certain))
            for keyword, reason in _UNREADABLE.items():
                if keyword in schema:
                    raise self._fault(keyword, f"the keyword {keyword} isn't read", reason)
            if "$ref" in schema:
                resolved = self._resolved(schema["$ref"], resolver)
                waiting.append((resolved.contents, resolved.resolver, is_certain))
            for keyword in (*_CERTAIN, *_POSSIBLE):
                waiting += [(each, resolver, is_certain and keyword in _CERTAIN) for each in schema.get(keyword, ())]
            waiting += [(schema[keyword], resolver, False) for keyword in _CONDITIONS if keyword in schema]
            waiting += [(each, resolver, False) for each in schema.get("dependentSchemas", {}).values()]
        return found

    def _resolved(self, reference: str, resolver: Any) -> Any:
        try:
            return resolver.lookup(reference)
        except referencing.exceptions.Unresolvable as error:
            cause = error.__cause__
            while cause is not None and not isinstance(cause, JsonSchemaFaulty):
                cause = cause.__cause__
            if cause is not None:
                raise cause from error
            raise self._fault(
                reference,
                f"the reference {shown(reference)} leads nowhere",
                "references lead to places of the same file, or to files in the schemas folder",
                "correct the reference, or put the file into the schemas folder and take '$id' away",
            ) from error

    def _kinds(self, parts: list[_Part], name: str) -> set[str]:
        """Collect the types that a value may have, null apart."""
        kinds: set[str] = set()
        for part in parts:
            declared = part.schema.get("type")
            if declared is not None:
                kinds |= {declared} if isinstance(declared, str) else set(declared)
        if not kinds:
            for part in parts:
                kinds |= set(_implied(part.schema))
        kinds.discard("null")
        if "number" in kinds:
            kinds.discard("integer")
        if len(kinds) > 1:
            raise self._fault(
                name, f"{name} has several types", f"they are {', '.join(sorted(kinds))}", "declare one of them"
            )
        return kinds

    def _fill(self, component: JsonComponent, parts: list[_Part]) -> None:
        properties: dict[str, list[_Part]] = {}
        required: set[str] = set()
        for part in parts:
            if part.is_certain:
                required |= set(part.schema.get("required", ()))
            others = part.schema.get("additionalProperties")
            if isinstance(others, dict) and others:
                raise self._fault(
                    component.name, f"{component.name} has keys that no schema names", _UNREADABLE["patternProperties"]
                )
            for key, schema in part.schema.get("properties", {}).items():
                properties.setdefault(key, []).extend(self._parts(schema, part.resolver))
        for key, schemas in properties.items():
            if not _NAME.fullmatch(key):
                raise self._fault(key, f"a map can't name the key {shown(key)}", "paths of maps have these signs")
            component.ranks[key] = len(component.ranks)
            self._add(component, key, schemas, key in required)

    def _add(self, component: JsonComponent, key: str, parts: list[_Part], required: bool) -> None:
        kinds = self._kinds(parts, key)
        if kinds == {"array"}:
            self._add_list(component, key, parts, required)
        elif kinds == {"object"}:
            component.children[key] = self._component(key, parts)
            component.occurs[key] = (int(required and not _is_nullable(parts)), 1)
        elif kinds:
            [kind] = kinds
            values = _values(parts)
            lengths = [part.schema["maxLength"] for part in parts if part.is_certain and "maxLength" in part.schema]
            type = _field_type(kind, parts)
            component.fields[key] = Field(
                key,
                type,
                int(min(lengths)) if lengths and type == "text" else None,
                required=required and not _is_nullable(parts),
                values=values if type == "text" else (),
                tag=key,
                where=self._schema.path,
            )
            if _is_nullable(parts):
                component.nillable.add(key)

    def _add_list(self, component: JsonComponent, key: str, parts: list[_Part], required: bool) -> None:
        items = [item for part in parts for item in self._parts(part.schema.get("items"), part.resolver)]
        kinds = self._kinds(items, key)
        if not kinds:
            return
        if kinds == {"array"}:
            raise self._fault(key, f"{key} is a list of lists", "a list within a list has no place in a tree")
        least = max((int(part.schema.get("minItems", 0)) for part in parts if part.is_certain), default=0)
        most = [int(part.schema["maxItems"]) for part in parts if part.is_certain and "maxItems" in part.schema]
        if kinds == {"object"}:
            child = self._component(key, items)
        else:
            child = JsonComponent(key, tag=key, where=self._schema.path, text=_field_type(kinds.pop(), items))
        component.children[key] = child
        component.occurs[key] = (least if required else 0, min(most, default=None))
        component.lists.add(key)
        if required:
            component.required_lists.add(key)

    def _fault(
        self, name: str, what: str, why: str, mend: str = "declare the messages in another way"
    ) -> JsonSchemaFaulty:
        return JsonSchemaFaulty(fault=what, place=f"{self._schema.path}, {name}", reason=why, cure=mend)


def _implied(schema: dict[str, Any]) -> Iterator[str]:
    """Yield the types of a schema that names none."""
    if "properties" in schema or "required" in schema:
        yield "object"
    if "items" in schema:
        yield "array"
    values = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else [])]
    for value in values:
        if isinstance(value, bool):
            yield "boolean"
        elif isinstance(value, str):
            yield "string"
        elif value is not None:
            yield "number"
    if not values and {"format", "pattern", "maxLength", "minLength"} & schema.keys():
        yield "string"


def _is_nullable(parts: list[_Part]) -> bool:
    types = [part.schema["type"] for part in parts if "type" in part.schema]
    return any("null" in ([each] if isinstance(each, str) else each) for each in types)


def _values(parts: list[_Part]) -> tuple[str, ...]:
    """List the values of the one enum that holds always."""
    enums = [part.schema["enum"] for part in parts if part.is_certain and "enum" in part.schema]
    return tuple(value for value in enums[0] if isinstance(value, str)) if len(enums) == 1 else ()


def _field_type(kind: str, parts: list[_Part]) -> FieldType:
    formats = {part.schema["format"] for part in parts if "format" in part.schema}
    return "date" if kind == "string" and formats and formats <= {"date", "date-time"} else _SCALARS[kind]
