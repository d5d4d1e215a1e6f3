"""Compilation: from an expression's text to closures that are evaluated a million times.

`Expression` also answers the questions about an expression that proofs ask, from its syntax tree.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from integration_objects.expression.faults import ExpressionFault, NoResult
from integration_objects.expression.syntax import (
    Call,
    Chain,
    Comparison,
    Constant,
    Evaluator,
    FieldName,
    Function,
    Node,
    Reader,
    Unary,
    nodes_of,
    parse,
)
from integration_objects.expression.values import COMPARISONS, OPERATIONS, Value, describe

_COMPARE_IT = "compare the value with something"
_WRITE_IT_SO = "write the value so, or test it before it is read"


@dataclass(frozen=True, eq=False)
class Expression:
    """A compiled expression.

    Attributes:
        text: as it was written.
        tree: its syntax tree.
    """

    text: str
    tree: Node = field(repr=False)
    _evaluator: Evaluator = field(repr=False)

    @cached_property
    def _nodes(self) -> list[Node]:
        return nodes_of(self.tree)

    @property
    def bare_words(self) -> list[tuple[str, int]]:
        """The texts that are written without quotes, with their columns; `orderhub check` warns of them."""
        return [(str(node.value), node.column) for node in self._nodes if isinstance(node, Constant) and node.is_bare]

    @property
    def null_comparisons(self) -> list[int]:
        """The columns of comparisons with NULL, which are always FALSE; `orderhub check` warns of them."""
        return [
            node.column
            for node in self._nodes
            if isinstance(node, Comparison)
            and any(isinstance(part, Constant) and part.value is None for part in node.parts)
        ]

    @property
    def fields(self) -> list[tuple[str, int]]:
        """The names in brackets, with their columns."""
        return [(node.name, node.column) for node in self._nodes if isinstance(node, FieldName)]

    @property
    def calls(self) -> list[Call]:
        """The calls of functions, inner calls first."""
        return [node for node in self._nodes if isinstance(node, Call)]

    def evaluate(self, item: Any) -> Value:
        """Compute the value for *item*.

        Raises:
            ExpressionFault: the values don't fit the operations, as the column's operator or function says.
        """
        try:
            return self._evaluator(item)
        except ExpressionFault as fault:
            raise fault.within(self.text)  # noqa: B904  # the same fault, completed
        except RecursionError as cause:
            # The closures of the deepest expressions call each other hundreds of levels deep.
            why, mend = "it is called from too deep within other work", "call it from less deep within other work"
            raise ExpressionFault(why, mend, 1, expression=self.text, running=True) from cause

    def is_true(self, item: Any) -> bool:
        """Decide whether a condition holds: null counts as FALSE, as within AND, OR and NOT.

        Raises:
            ExpressionFault: the value is neither a truth value nor null, or as for `evaluate`.
        """
        value = self.evaluate(item)
        return False if value is None else self._verdict(value)

    def truth(self, item: Any) -> bool:
        """Decide a specification for *item*.

        Raises:
            ExpressionFault: the value is null or no truth value, or as for `evaluate`.
        """
        return self._verdict(self.evaluate(item))

    def prove_truth(self, nothing: Any) -> None:
        """Refuse, before the first item, a specification that gives a truth value for no item.

        Fields are text, numbers or dates, and arithmetic gives numbers or text. So a specification whose value for an
        item without fields is no truth value has a truth value for no item. A fault proves nothing where the
        specification reads a field: the values of other items may let AND and OR stop before the fault.

        Args:
            nothing: an item that carries nothing.

        Raises:
            ExpressionFault: it gives a truth value for no item.
        """
        try:
            value = self.evaluate(nothing)
        except ExpressionFault:
            if not self.fields:
                raise
            return
        self._verdict(value, "a value that is never one" if value is None and self.fields else "")

    def _verdict(self, value: Value, found: str = "") -> bool:
        if value is True or value is False:
            return value
        why = f"expected TRUE or FALSE, found {found or describe(value)}"
        raise ExpressionFault(why, _COMPARE_IT, self.tree.column, expression=self.text, running=True)


def compile_expression(text: str, read: Reader, functions: Mapping[str, Function] | None = None) -> Expression:
    """Compile *text* once, to be evaluated often.

    Args:
        text: the expression.
        read: the meaning of ``[name]``.
        functions: the functions by name; none where the place has no functions.

    Raises:
        ExpressionFault: the text is no expression, with the column of the token at fault; or over a limit.

    Source: docs/design/methods.md, "Expression language".
    """
    try:
        tree = parse(text, read, functions or {})
    except ExpressionFault as fault:
        raise fault.within(text)  # noqa: B904  # the same fault, completed
    return Expression(text, tree, _compiled(tree))


def _compiled(tree: Node) -> Evaluator:
    # The parts of a node come before the node, so their closures are the last ones made; no recursion is needed.
    evaluators: list[Evaluator] = []
    for node in nodes_of(tree):
        first = len(evaluators) - len(node.parts)
        operands = evaluators[first:]
        del evaluators[first:]
        evaluators.append(_evaluator(node, operands))
    return evaluators.pop()


def _evaluator(node: Node, operands: list[Evaluator]) -> Evaluator:
    match node:
        case Constant(value=value):
            return lambda item: value
        case FieldName():
            return node.read
        case Call():
            return _call(node, operands)
        case Unary():
            return _unary(node, operands[0])
        case Comparison():
            return _compared(node, *operands)
        case Chain(signs=[("AND" | "OR", _), *_]):
            return _decided(node, operands)
        case Chain():
            return _folded(node, operands)
    raise TypeError(f"no closure for {node!r}")


def _fault(cause: ValueError, column: int, prefix: str = "") -> ExpressionFault:
    """Make the fault for *cause*; only a `NoResult` has a mend, because other causes come from reading a value."""
    mend = cause.mend if isinstance(cause, NoResult) else _WRITE_IT_SO
    return ExpressionFault(f"{prefix}{cause}", mend, column, running=True)


def _truth(value: Value, column: int) -> bool:
    """Read a value as AND, OR and NOT do: null counts as FALSE."""
    if value is True or value is False:
        return value
    if value is None:
        return False
    raise ExpressionFault(f"expected TRUE or FALSE, found {describe(value)}", _COMPARE_IT, column, running=True)


def _decided(node: Chain, operands: list[Evaluator]) -> Evaluator:
    """Compile AND, decided by the first FALSE, or OR, decided by the first TRUE."""
    decisive = node.signs[0][0] == "OR"
    columns = [node.signs[0][1], *(column for _, column in node.signs)]
    sides = list(zip(operands, columns, strict=True))

    def decide(item: Any) -> Value:
        for evaluate, column in sides:
            value = evaluate(item)
            # Nearly every value is TRUE or FALSE; the test here saves a call for each.
            if value is not True and value is not False:
                value = _truth(value, column)
            if value is decisive:
                return decisive
        return not decisive

    return decide


def _folded(node: Chain, operands: list[Evaluator]) -> Evaluator:
    """Compile arithmetic from the left; ^ from the right."""
    signs = node.signs
    operations = [OPERATIONS[sign] for sign, _ in signs]
    if signs[0][0] == "^":
        # Folded from the other end, with the operands of each step exchanged.
        operations = [_turned(operate) for operate in operations]
        operands, signs = operands[::-1], signs[::-1]
    columns = [column for _, column in signs]
    first = operands[0]
    steps = list(zip(operations, operands[1:], columns, strict=True))

    def fold(item: Any) -> Value:
        value = first(item)
        for operate, evaluate, column in steps:
            operand = evaluate(item)
            try:
                value = operate(value, operand)
            except ValueError as cause:
                raise _fault(cause, column) from None
        return value

    return fold


def _turned(operate: Callable[[Value, Value], Value]) -> Callable[[Value, Value], Value]:
    return lambda right, left: operate(left, right)


def _compared(node: Comparison, left: Evaluator, right: Evaluator) -> Evaluator:
    test, column = COMPARISONS[node.sign], node.column

    def compare(item: Any) -> Value:
        left_value, right_value = left(item), right(item)
        # Two-valued on purpose: with an unknown in between, the default trim specification would keep items without a
        # status.
        if left_value is None or right_value is None:
            return False
        try:
            return test(left_value, right_value)
        except ValueError as cause:
            raise _fault(cause, column) from None

    return compare


def _unary(node: Unary, operand: Evaluator) -> Evaluator:
    is_minus, column = node.sign == "-", node.column
    if node.sign == "NOT":
        return lambda item: not _truth(operand(item), column)
    if node.sign == "IS NULL":
        return lambda item: operand(item) is None
    if node.sign == "IS NOT NULL":
        return lambda item: operand(item) is not None

    def sign(item: Any) -> Value:
        value = operand(item)
        if type(value) is Decimal:
            # Not in the arithmetic's context, which can't hold a number of a hundred zeros after the point.
            return value.copy_negate() if is_minus else value
        if value is None:
            return None
        why = f"expected a number, found {describe(value)}"
        raise ExpressionFault(why, "take the quotes off a number", column, running=True)

    return sign


def _call(node: Call, operands: list[Evaluator]) -> Evaluator:
    function, column = node.function, node.column
    call, is_lazy, needs_scope = function.call, function.lazy, function.needs_scope

    def run(item: Any) -> Value:
        arguments: list[Any] = [item] if needs_scope else []
        if is_lazy:
            # The function decides which arguments are evaluated: a fault in the other branch of an `if` doesn't count.
            arguments.extend(functools.partial(evaluate, item) for evaluate in operands)
        else:
            arguments.extend([evaluate(item) for evaluate in operands])
        try:
            return call(*arguments)
        except ValueError as cause:
            raise _fault(cause, column, f"function {function.name!r}: ") from None

    return run
