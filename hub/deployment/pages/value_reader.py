"""Values in declarations of pages: constants, and references to parameters, fields and parts.

    1-A                    the text itself
    {account}              a parameter of the page, or an answer in the action's form
    [Integration Id]       a field of the row that is looked at
    {header/Address Id}    a field of the first row of another part

Spec: docs/web_pages.md, "Values".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from hub.access.rights import RIGHTS
from hub.deployment.pages.page import Target, Value
from integration_objects.declaration import DeclarationFault, Node
from integration_objects.nearest import nearest

_PARAMETER = re.compile(r"\{([a-z][a-z0-9_-]*)\}")
_PART = re.compile(r"\{([a-z][a-z0-9_-]*)/([^{}/]+)\}")
_FIELD = re.compile(r"\[([^\[\]]+)\]")
#: parameters and parts that stand within a text
_WITHIN = re.compile(r"\{([a-z][a-z0-9_-]*)(?:/([^{}/]+))?\}")


class Known:
    """The names that values may refer to at one place.

    Attributes:
        parameters: names of parameters and of answers.
        fields: names of the row's fields; None where they aren't known, as those of a workflow's rows may not be.
        parts: the fields of each other part, by its name; None for unknown ones.
    """

    def __init__(
        self,
        parameters: Collection[str] = (),
        fields: Collection[str] | None = (),
        parts: Mapping[str, Collection[str] | None] | None = None,
    ) -> None:
        self.parameters = parameters
        self.fields = fields
        self.parts = parts or {}


def read_value(node: Node, known: Known) -> Value:
    """Read one value.

    Raises:
        DeclarationFault: it refers to something that isn't there.
    """
    text = node.text()
    if match := _PARAMETER.fullmatch(text):
        if match[1] not in known.parameters:
            raise _unknown(node, "parameter", match[1], known.parameters)
        return Value("parameter", match[1])
    if match := _PART.fullmatch(text):
        if match[1] not in known.parts:
            raise _unknown(node, "part", match[1], known.parts)
        fields = known.parts[match[1]]
        if fields is not None and match[2] not in fields:
            raise _unknown(node, f"field of the part '{match[1]}'", match[2], fields)
        return Value("part", match[2], match[1])
    if match := _FIELD.fullmatch(text):
        if known.fields is not None and match[1] not in known.fields:
            raise _unknown(node, "field", match[1], known.fields)
        return Value("field", match[1])
    return Value("constant", text)


def read_nested(node: Node, known: Known) -> Any:
    """Read a value, or lists and mappings of values.

    Raises:
        DeclarationFault: as for `read_value`.
    """
    if node.kind == "sequence":
        return [read_nested(item, known) for item in node.sequence()]
    if node.kind == "mapping":
        return {key.text(): read_nested(value, known) for key, value in node.items()}
    return read_value(node, known)


def read_values(entries: Mapping[str, Node], known: Known) -> dict[str, Value]:
    """Read the values of a mapping."""
    return {name: read_value(node, known) for name, node in entries.items()}


def read_target(node: Node, known: Known) -> Target:
    """Read a page's name, or a mapping with the page and the values of its parameters.

    With the name alone, the page gets the parameters of the same names that are known here.
    """
    if node.kind == "scalar":
        return Target(node.text(), {name: Value("parameter", name) for name in known.parameters}, node.where)
    parts = node.mapping(required=("page",))
    values = {name: read_value(value, known) for name, value in parts.items() if name != "page"}
    return Target(parts["page"].text(), values, parts["page"].where)


def right_at(node: Node) -> str:
    """Return the right that is named at *node*.

    Raises:
        DeclaredNameUnknown: there is no such right.
    """
    if node.text() not in RIGHTS:
        raise node.unknown("right", RIGHTS, otherwise="name a right of docs/users.md")
    return node.text()


def names_within(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield the parameters, and the parts with their fields, that stand within a text."""
    for match in _WITHIN.finditer(text):
        yield match[1], match[2]


def filled(text: str, value_of: Mapping[tuple[str, str | None], str]) -> str:
    """Put values in the places of the names within a text."""
    return _WITHIN.sub(lambda match: value_of.get((match[1], match[2]), ""), text).strip()


def _unknown(node: Node, kind: str, name: str, known: Collection[str]) -> DeclarationFault:
    return node.fault(
        f"there is no {kind} '{name}'",
        f"known are {', '.join(sorted(known)) or 'none'}",
        mend=nearest(name, known) or "name a known one, or take it away",
    )
