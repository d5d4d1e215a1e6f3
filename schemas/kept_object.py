"""An external object in JSON, for a cache: its components, and the rules of its schema's values.

xmlschema takes seconds for the model of a large schema. A kept object needs no model: a message is validated and read
with what stands in the JSON, and the model is made only to explain a message that doesn't fit. JSON and not pickle: a
file that a stranger has changed can mislead, but runs no code. Cached content under another digest is ignored.

Spec: docs/design/integration.md, "Integration object definitions".
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Iterable
from typing import Any, Protocol

from integration_objects.component import Field
from schemas.external_component import ExternalComponent
from schemas.schema_files import SchemaFile
from schemas.value_rules import Node, Rules, ValueRule

#: Libraries whose version decides what the object looks like.
_LIBRARIES = ("elementpath", "google-re2", "lxml", "xmlschema")


class Cache(Protocol):
    """Contents that can be made again, by name."""

    @property
    def state(self) -> str:
        """The state of the hub's code: other code may make other contents."""

    def read(self, name: str) -> bytes | None:
        """Return a content; None if there is none."""

    def write(self, name: str, content: bytes) -> None:
        """Keep a content, if that is possible."""


class KeptObjects:
    """External objects in a cache; without a cache none is kept."""

    def __init__(self, cache: Cache | None) -> None:
        self._cache = cache

    def find(self, main: str, root: str, files: Iterable[SchemaFile]) -> tuple[ExternalComponent, Rules | None] | None:
        """Return the root component and the rules of an object; None unless they were made from the same files."""
        content = None if self._cache is None else self._cache.read(_name(main, root))
        if content is None or self._cache is None:
            return None
        try:
            kept = json.loads(content)
            if kept["digest"] != _digest(self._cache.state, main, root, files):
                return None
            return _components(kept["components"])[0], _rules(kept["rules"])
        # Half a file, or one of another form: the object is made again.
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            return None

    def keep(
        self, main: str, root: str, files: Iterable[SchemaFile], component: ExternalComponent, rules: Rules
    ) -> None:
        """Keep an object."""
        if self._cache is None:
            return
        kept = {
            "digest": _digest(self._cache.state, main, root, files),
            "components": _component_lists(component),
            "rules": _rule_lists(rules),
        }
        self._cache.write(_name(main, root), json.dumps(kept, separators=(",", ":")).encode())


def _name(main: str, root: str) -> str:
    # One file for each object, so that the folder doesn't grow when a schema changes.
    return f"schema-{hashlib.sha256(json.dumps([main, root]).encode()).hexdigest()[:32]}.json"


def _digest(state: str, main: str, root: str, files: Iterable[SchemaFile]) -> str:
    versions = [importlib.metadata.version(name) for name in _LIBRARIES]
    digest = hashlib.sha256(json.dumps([state, versions, main, root]).encode())
    for file in sorted(files, key=lambda file: file.path):
        # With the length: without it, the end of one file could pass for the beginning of the next.
        digest.update(json.dumps([file.path, len(file.body)]).encode() + file.body)
    return digest.hexdigest()


def _component_lists(root: ExternalComponent) -> list[Any]:
    """Write the graph as a list of components, which name each other by index."""
    components = [root]
    indexes = {id(root): 0}
    # The list grows while it is walked.
    for component in components:
        for child in component.children.values():
            if id(child) not in indexes and isinstance(child, ExternalComponent):
                indexes[id(child)] = len(components)
                components.append(child)
    return [
        [
            component.name,
            component.tag,
            component.where,
            component.text,
            component.mixed,
            component.wildcards,
            [
                [field.name, field.type, field.length, field.required, field.values, field.tag, field.where]
                for field in component.fields.values()
            ],
            {name: indexes[id(child)] for name, child in component.children.items()},
            component.occurs,
            component.ranks,
            sorted(component.collapsed),
            sorted(component.nillable),
            component.empty,
            component.defaults,
        ]
        for component in components
    ]


def _components(lists: list[Any]) -> list[ExternalComponent]:
    components = [
        ExternalComponent(name, tag=tag, where=where, text=text, mixed=mixed, wildcards=wildcards)
        for name, tag, where, text, mixed, wildcards, *_ in lists
    ]
    for component, entry in zip(components, lists, strict=True):
        fields, children, occurs, ranks, collapsed, nillable, empty, defaults = entry[6:]
        component.fields = {
            name: Field(name, type, length, required=required, values=tuple(values), tag=tag, where=where)
            for name, type, length, required, values, tag, where in fields
        }
        component.children = {name: components[at] for name, at in children.items()}
        component.occurs = {name: (least, most) for name, (least, most) in occurs.items()}
        component.ranks = ranks
        component.collapsed, component.nillable = set(collapsed), set(nillable)
        component.empty, component.defaults = empty, defaults
    return components


def _rule_lists(rules: Rules) -> list[Any] | None:
    """Write the rules; None where a list or union needs the model."""
    values = [rule for node in rules.nodes for rule in (node.text, *node.attributes.values()) if rule is not None]
    if any(rule.type is not None for rule in values):
        return None
    nodes = [
        [
            None if node.text is None else _rule_list(node.text),
            node.has_default,
            {tag: _rule_list(rule) for tag, rule in node.attributes.items()},
            node.children,
            node.is_open,
        ]
        for node in rules.nodes
    ]
    return [nodes, rules.elements, rules.types]


def _rule_list(rule: ValueRule) -> list[Any]:
    return [rule.white_space, rule.steps]


def _rules(lists: list[Any] | None) -> Rules | None:
    if lists is None:
        return None
    nodes, elements, types = lists
    return Rules(
        [
            Node(
                None if text is None else _rule(text),
                has_default,
                {tag: _rule(rule) for tag, rule in attributes.items()},
                children,
                is_open,
            )
            for text, has_default, attributes, children, is_open in nodes
        ],
        elements,
        types,
    )


def _rule(lists: list[Any]) -> ValueRule:
    white_space, steps = lists
    return ValueRule(white_space, tuple(tuple((pattern, expression) for pattern, expression in step) for step in steps))
