"""The trace of a map: for every field of the result, where its value comes from.

    /Order[1]/Line Item[1] Action Code = 'Add'
      map:    maps/mainframe_order_to_om_order.yaml:32:20  lookup('action', [ACTN])
      from:   line 9, /ORDERS[1]/ORDER[1]/LINE[1]/ACTN = 'A'

The rules that apply a map also trace it: they call a watcher for each made component, and cost nothing without one.

Spec: docs/design/integration.md, "Data maps"; docs/architecture.md, "Everything can be asked why".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from integration_objects.property_set import PropertySet, origin_text
from maps.circumstances import NO_CIRCUMSTANCES, Circumstances
from maps.component_rule import ComponentRule
from maps.data_map import DataMap
from maps.field_rule import FieldRule
from maps.map_compiler import OWN_TEXT
from maps.path import ValuePath
from maps.places import Places
from maps.scope import Scope
from maps.shape import places, shape_of


@dataclass(frozen=True)
class SourceValue:
    """A value that an expression read.

    Attributes:
        path: the path of the source's field, ``/ORDERS[1]/ORDER[1]/LINE[1]/ACTN``; the map's path for a missing field.
        line: the line of the source's file; None if it isn't known.
        value: the text; None for null.
    """

    path: str
    line: int | None
    value: str | None

    def __str__(self) -> str:
        line = "" if self.line is None else f"{origin_text(self.line)}, "
        return f"{line}{self.path} = {_quoted(self.value)}"


@dataclass(frozen=True)
class TracedField:
    """One field of the result.

    Attributes:
        component: path of the component in the result.
        field: its name.
        value: the text; None for null.
        where: file:line:column of the map's expression.
        expression: the expression as written in the map.
        by_default: whether the value is the map's default, because the expression gave null.
        sources: the values that the expression read.
    """

    component: str
    field: str
    value: str | None
    where: str
    expression: str
    by_default: bool
    sources: tuple[SourceValue, ...]

    def __str__(self) -> str:
        lines = [
            f"{self.component} {self.field} = {_quoted(self.value)}",
            f"  map:    {self.where}  {self.expression}{'  (by default)' if self.by_default else ''}",
        ]
        lines += [f"  {'from:' if not number else '':<7} {source}" for number, source in enumerate(self.sources)]
        return "\n".join(lines)


def trace(
    data_map: DataMap, source: PropertySet, circumstances: Circumstances = NO_CIRCUMSTANCES
) -> tuple[PropertySet, list[TracedField]]:
    """Apply a map, and trace every field of the result to its source.

    Args:
        data_map: the map.
        source: as for `DataMap.apply`.
        circumstances: as for `DataMap.apply`.

    Returns:
        The result, and its fields in the order of the result's components.

    Raises:
        MapFailed: as `DataMap.apply`.
    """
    made: dict[int, tuple[ComponentRule, Scope]] = {}

    def watch(rule: ComponentRule, scope: Scope, node: PropertySet) -> None:
        # By identity: equal components of the result come from different source nodes.
        made[id(node)] = rule, scope

    result = data_map.apply(source, watch, circumstances)
    sources = data_map.places(source, circumstances, indexed=True)
    found: list[TracedField] = []
    for node, path in places(result, shape_of(data_map.target)):
        if id(node) in made:
            found.extend(_fields(*made[id(node)], node, path, sources))
    return result, found


def _fields(rule: ComponentRule, scope: Scope, node: PropertySet, path: str, sources: Places) -> Iterator[TracedField]:
    for field_rule in rule.fields:
        name = field_rule.field.name
        if name != OWN_TEXT and name not in node.properties:
            continue
        value = node.value if name == OWN_TEXT else node.properties[name]
        yield TracedField(
            component=path,
            field=name,
            value=value,
            where=field_rule.where,
            expression=field_rule.text,
            by_default=_is_by_default(field_rule, scope),
            sources=(*(_source(path, scope, sources) for path in _once(field_rule)), *_clock(field_rule, scope)),
        )


def _is_by_default(rule: FieldRule, scope: Scope) -> bool:
    return rule.default is not None and rule.read(scope) is None


def _clock(rule: FieldRule, scope: Scope) -> tuple[SourceValue, ...]:
    """Return the time that an expression read, if it did."""
    if not any(call.name == "now" for call in rule.source.expression.calls):
        return ()
    return (SourceValue("now()", None, scope.root().circumstances.now),)


def _once(rule: FieldRule) -> list[ValuePath]:
    return list({path.text: path for path in rule.source.references}.values())


def _source(path: ValuePath, scope: Scope, sources: Places) -> SourceValue:
    # Without the node, the field has no place in the message: the map's own path stands for it.
    node = path.holder(scope)
    if node is None:
        return SourceValue(path.text, None, path.raw(scope))
    found, line = sources.find(node, path.field.name if path.field is not None else "")
    return SourceValue(found, line, path.raw(scope))


def _quoted(text: str | None) -> str:
    return "null" if text is None else f"'{text}'"
