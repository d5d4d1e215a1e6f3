"""Search specifications of the XML Gateway: a tree of typed nodes, and the same condition as text.

    <node node-type="Binary Operator">AND                      ([AccountId] = '146') AND ([Name] LIKE 'Max*')
      <node node-type="Binary Operator">=
        <node node-type="Identifier">AccountId</node>
        <node node-type="Constant" value-type="TEXT">146</node>
      </node>
      <node node-type="Binary Operator">LIKE ...

The text is an expression of the hub's own language, which is close to the query language of the gateway's makers. So
the hub decides a condition by the compiler that it has for expressions.

Spec: docs/design/legacy.md, "Virtual business components"; docs/expressions.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from integration_objects.errors import Invalid
from integration_objects.expression import ExpressionFault
from integration_objects.expression.syntax import (
    MAX_DEPTH,
    Chain,
    Comparison,
    Constant,
    Evaluator,
    FieldName,
    Node,
    Unary,
    nodes_of,
    parse,
)
from integration_objects.field_values import write_number

NodeType = Literal["Constant", "Identifier", "Unary Operator", "Binary Operator"]
CONSTANT: NodeType = "Constant"
IDENTIFIER: NodeType = "Identifier"
UNARY: NodeType = "Unary Operator"
BINARY: NodeType = "Binary Operator"
#: the operands of each type of node
OPERANDS: dict[str, int] = {CONSTANT: 0, IDENTIFIER: 0, UNARY: 1, BINARY: 2}
VALUE_TYPES = ("TEXT", "NUMBER", "DATETIME", "UTCDATETIME", "DATE", "TIME")
_UNARY_OPERATORS = ("NOT", "IS NULL", "IS NOT NULL")
_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=", "LIKE")
_BINARY_OPERATORS = ("AND", "OR", *_COMPARISONS, "NOT LIKE", "+", "-", "*", "/", "^")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
#: nodes of one specification
MOST_NODES = 1_000


class SearchSpecRefused(Invalid):
    """A search specification can't be decided."""

    what = "the search specification can't be decided"
    where = "search-spec"
    why = "{fault}"
    mend = "search by the operators {operators}, and by fields of the component"

    def __init__(self, fault: str) -> None:
        super().__init__(fault=fault, operators=", ".join((*_UNARY_OPERATORS, *_BINARY_OPERATORS)))


@dataclass(frozen=True)
class SearchNode:
    """A node of a search specification.

    Attributes:
        type: one of the four types.
        text: the constant, the field's name or the operator.
        value_type: of a constant, one of `VALUE_TYPES`; None counts as TEXT.
        operands: none beneath constants and fields, one or two beneath operators.
    """

    type: NodeType
    text: str
    value_type: str | None = None
    operands: tuple[SearchNode, ...] = ()


def equals(field: str, value: str) -> SearchNode:
    """Make the condition that a field has a value.

    >>> search_text(equals("AccountId", "O'Hara"))
    "[AccountId] = 'O''Hara'"
    """
    return SearchNode(BINARY, "=", operands=(SearchNode(IDENTIFIER, field), SearchNode(CONSTANT, value, "TEXT")))


def search_text(root: SearchNode) -> str:
    """Write a search specification as an expression.

    Raises:
        SearchSpecRefused: an operator or a name has no place in the language, or the tree is too large or too deep.
    """
    texts: list[str] = []
    waiting: list[tuple[SearchNode, int]] = [(root, 1)]
    ordered: list[SearchNode] = []
    while waiting:
        node, depth = waiting.pop()
        # Each level is a bracket of the expression.
        if depth > MAX_DEPTH or len(ordered) >= MOST_NODES:
            raise SearchSpecRefused(f"expected at most {MAX_DEPTH} levels and {MOST_NODES:,} nodes, and there are more")
        ordered.append(node)
        waiting += [(operand, depth + 1) for operand in node.operands]
    # The last operand of a node stands on top of the stack: reversed, operands come before their node, the first first.
    for node in reversed(ordered):
        count = OPERANDS[node.type]
        if len(node.operands) != count:
            raise SearchSpecRefused(f"'{node.text[:64]}' has {len(node.operands)} operands, and takes {count}")
        operands = texts[len(texts) - count :]
        del texts[len(texts) - count :]
        texts.append(_written(node, operands))
    return texts.pop()


def _written(node: SearchNode, operands: Sequence[str]) -> str:
    text = " ".join(node.text.split()).upper()
    if node.type == IDENTIFIER:
        if not node.text or set(node.text) & set("[]\r\n"):
            raise SearchSpecRefused(f"'{node.text[:64]}' can't be a field's name")
        return f"[{node.text}]"
    if node.type == CONSTANT:
        if node.value_type == "NUMBER":
            if not _NUMBER.fullmatch(node.text.removeprefix("-")):
                raise SearchSpecRefused(f"'{node.text[:64]}' is no number")
            return node.text
        return "'" + node.text.replace("'", "''") + "'"
    bracketed = [
        text if _is_value(operand) else f"({text})" for operand, text in zip(node.operands, operands, strict=True)
    ]
    if node.type == UNARY:
        if text not in _UNARY_OPERATORS:
            raise SearchSpecRefused(f"'{node.text[:64]}' is no operator that the hub knows")
        return f"NOT {bracketed[0]}" if text == "NOT" else f"{bracketed[0]} {text}"
    if text not in _BINARY_OPERATORS:
        raise SearchSpecRefused(f"'{node.text[:64]}' is no operator that the hub knows")
    if text == "NOT LIKE":
        return f"NOT ({bracketed[0]} LIKE {bracketed[1]})"
    return f"{bracketed[0]} {text} {bracketed[1]}"


def _is_value(node: SearchNode) -> bool:
    return OPERANDS[node.type] == 0


def search_tree(text: str) -> SearchNode:
    """Read a search specification from its text.

    >>> tree = search_tree("[AccountId] = '146' AND NOT [Status] = 'Inactive'")
    >>> tree.text, [operand.text for operand in tree.operands]
    ('AND', ['=', 'NOT'])

    Raises:
        SearchSpecRefused: the text is no condition of the language, or has a part that no node stands for.
    """
    try:
        root = parse(text, _no_reader, {})
    except ExpressionFault as fault:
        raise SearchSpecRefused(f"{fault.why} ({fault.where})") from fault
    made: list[SearchNode] = []
    for node in nodes_of(root):
        first = len(made) - len(node.parts)
        operands = made[first:]
        del made[first:]
        made.append(_node_of(node, operands))
    return made.pop()


def _no_reader(name: str, column: int) -> Evaluator:
    """Take any field: the other system knows its fields."""
    return lambda item: None


def _node_of(node: Node, operands: list[SearchNode]) -> SearchNode:
    match node:
        case FieldName():
            return SearchNode(IDENTIFIER, node.name)
        case Constant(value=bool() | None):
            raise SearchSpecRefused("TRUE, FALSE and NULL are no constants of the gateway")
        case Constant(value=Decimal() as number):
            return SearchNode(CONSTANT, write_number(number), "NUMBER")
        case Constant():
            return SearchNode(CONSTANT, str(node.value), "TEXT")
        case Unary(sign="NOT" | "IS NULL" | "IS NOT NULL"):
            return SearchNode(UNARY, node.sign, operands=tuple(operands))
        case Comparison():
            return SearchNode(BINARY, "<>" if node.sign == "!=" else node.sign, operands=tuple(operands))
        case Chain() if all(sign != "^" for sign, _ in node.signs):
            tree = operands[0]
            for (sign, _), operand in zip(node.signs, operands[1:], strict=True):
                tree = SearchNode(BINARY, sign, operands=(tree, operand))
            return tree
    raise SearchSpecRefused("a sign or a function has no node in the gateway's format")
