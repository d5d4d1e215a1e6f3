"""The parts that a route's declaration names or writes out: objects, maps, expressions over the arriving message.

Spec: docs/design/integration.md, "Routes".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from integration_objects.declaration import Node
from integration_objects.expression import ExpressionFault
from maps.data_map import DataMap
from maps.field_rule import Language, SourceExpression, compile_source_expression
from maps.scope import Position
from maps.shape import EXTERNAL
from schemas.external_component import ExternalObject

T = TypeVar("T")

#: the object of routes that take the hub's own XML
HUB_OBJECT = "hub"


def known_part(node: Node, known: Mapping[str, T], kind: str, further: Iterable[str] = ()) -> T:
    """Return the part that *node* names; *further* are names that the error proposes, too."""
    if node.text() not in known:
        raise node.unknown(kind, {*known, *further}, otherwise=f"declare the {kind}, or name another")
    return known[node.text()]


def whole_map(node: Node, maps: Mapping[str, DataMap], map_names: Iterable[str]) -> DataMap:
    """Return the map that *node* names, which must be a map of whole objects."""
    data_map = known_part(node, maps, "map", map_names)
    if data_map.is_fragment:
        what = f"the map '{data_map.name}' is a part of other maps"
        raise node.fault(what, "it starts or ends within an object", mend="name a map of whole objects")
    return data_map


def message_expression(node: Node, external: ExternalObject | None) -> SourceExpression:
    """Compile an expression over the arriving message, read from its root."""
    if external is None:
        mend = "use the message id as identity, and leave out the key"
        raise node.fault("the hub's own XML has no field that could be read here", mend=mend)
    try:
        compiled = external_expression(node.text(), external)
    except ExpressionFault as error:
        raise node.fault(error.what, why=error.why, mend=error.mend) from error
    if any(call.name == "now" for call in compiled.expression.calls):
        why = "a message that comes again at another time would have another key or identity"
        raise node.fault("now() can't be a part of it", why, mend="use fields of the message only")
    return compiled


def external_expression(text: str, external: ExternalObject) -> SourceExpression:
    """Compile an expression over a message of an external object, read from its root.

    Raises:
        ExpressionFault: the text is no expression over such messages.
    """
    # Without a map's tables: the message has met no map yet.
    return compile_source_expression(text, Position(external.definition.root, None, EXTERNAL), Language.of({}))
