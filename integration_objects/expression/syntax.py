"""The syntax tree of an expression, and the parser that builds it.

    [Status] = 'Complete' AND NOT [Quantity] * 2 > 10

    Chain AND
      Comparison =        FieldName, Constant
      Unary NOT
        Comparison >      Chain *  (FieldName, Constant), Constant

Brackets leave no node. The parser looks the names of fields and functions up while it reads, so that the first fault
of the text is the fault that is reported. It keeps its own stacks, and operators of one level (``a + b - c``) are one
node, so that neither a long nor a deep expression reaches the interpreter's recursion limit.

Spec: docs/design/methods.md, "Expression language".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol, TypeAlias

from integration_objects.expression.faults import ExpressionFault
from integration_objects.expression.tokens import Token, tokens_of
from integration_objects.expression.values import COMPARISONS, DIGITS, Value
from integration_objects.field_values import shown
from integration_objects.nearest import nearest

#: Characters of an expression; brackets, signs and NOTs within each other. Each operation of an evaluation takes a
#: character at least, and nothing in the language repeats, so the length bounds the time, too.
MAX_LENGTH, MAX_DEPTH = 10_000, 100

#: The function that an expression, or a part of one, is compiled to: from the item to the value.
Evaluator: TypeAlias = Callable[[Any], Value]


class Reader(Protocol):
    """The meaning of ``[name]``."""

    def __call__(self, name: str, column: int) -> Evaluator:
        """Return the function that reads *name* from an item.

        Raises:
            ExpressionFault: there is nothing called *name*; with *column*.
        """


@dataclass(frozen=True)
class Function:
    """A function of the language.

    Attributes:
        name: as it is written; case makes no difference.
        call: takes the arguments' values; before them the item, where `needs_scope`; instead of them functions
            without arguments, where `lazy`. A ValueError that it raises becomes the fault; `NoResult` has a mend.
        least: the least number of arguments.
        most: the largest number of arguments; None for any number.
        help: a sentence for the documentation.
    """

    name: str
    call: Callable[..., Value]
    least: int
    most: int | None
    lazy: bool = False
    help: str = ""
    needs_scope: bool = False


@dataclass(eq=False, kw_only=True)
class Node:
    """A node of the syntax tree.

    Attributes:
        column: the column of the token that an error names, counted from 1.
        parts: the operands, in the order of the text.
    """

    column: int
    parts: Sequence[Node] = ()


@dataclass(eq=False, kw_only=True)
class Constant(Node):
    """A value that is written out, a number with its sign; `is_bare` for a text without quotes."""

    value: Value
    is_bare: bool = False


@dataclass(eq=False, kw_only=True)
class FieldName(Node):
    """A name in brackets, and the function that reads it from an item."""

    name: str
    read: Evaluator


@dataclass(eq=False, kw_only=True)
class Call(Node):
    """A call of a function."""

    function: Function

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.name

    @property
    def constants(self) -> dict[int, Value]:
        """The values of the arguments that are constants, by the arguments' positions from 0."""
        return {place: part.value for place, part in enumerate(self.parts) if isinstance(part, Constant)}


@dataclass(eq=False, kw_only=True)
class Unary(Node):
    """An operator with one operand: +, -, NOT before it; IS NULL, IS NOT NULL behind it."""

    sign: str


@dataclass(eq=False, kw_only=True)
class Comparison(Node):
    """A comparison of two values."""

    sign: str


@dataclass(eq=False, kw_only=True)
class Chain(Node):
    """Operators of one level and the values between them, ``a + b - c``: from the left; only ^ goes from the right.

    Attributes:
        signs: the operators with their columns, one less than *parts*.
    """

    parts: list[Node]
    signs: list[tuple[str, int]]


def nodes_of(tree: Node) -> list[Node]:
    """Return all nodes of a tree in the order of the text, the parts of a node before the node."""
    nodes: list[Node] = []
    stack = [tree]
    while stack:
        node = stack.pop()
        nodes.append(node)
        stack.extend(node.parts)
    # The stack gives the whole before its parts and the right before the left: reversed, it is the order wanted.
    nodes.reverse()
    return nodes


def parse(text: str, read: Reader, functions: Mapping[str, Function]) -> Node:
    """Parse an expression; *read* is called for its fields in the order of the text.

    Raises:
        ExpressionFault: the text is no expression, or over a limit; with the column of the token at fault.
    """
    if len(text) > MAX_LENGTH:
        why = f"expected at most {MAX_LENGTH} characters, found {len(text)}"
        raise ExpressionFault(why, "cut it into several expressions", MAX_LENGTH + 1)
    tokens = tokens_of(text)
    if len(tokens) == 1:
        raise ExpressionFault("the expression is empty", "write an expression, such as [Quantity] > 1", 1)
    return _Parser(tokens, read, functions).tree()


#: From weak to strong.
_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _POWER = range(1, 9)
_LEVELS = {"OR": _OR, "AND": _AND, **dict.fromkeys([*COMPARISONS, "IS"], _COMPARE)}
_LEVELS |= {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "^": _POWER}
_CONSTANTS = {"TRUE": True, "FALSE": False, "NULL": None}


@dataclass(slots=True)
class _Operand:
    """A part of the tree that the parser has read; `level` 0 for a part that no operator beside it can open."""

    node: Node
    level: int = 0


@dataclass(slots=True)
class _Waiting:
    """A bracket that waits for its end, or an operator that waits for its right side."""

    kind: Literal["bracket", "call", "prefix", "infix"]
    sign: str
    level: int
    column: int
    function: Function | None = None
    arguments: list[Node] = field(default_factory=list)


class _Parser:
    """Operator precedence with two stacks: operands, and operators and brackets that wait."""

    def __init__(self, tokens: list[Token], read: Reader, functions: Mapping[str, Function]) -> None:
        self._tokens = tokens
        self._next = 0
        self._read = read
        # Key words and functions in any case, names of fields as declared.
        self._functions = {name.lower(): function for name, function in functions.items()}
        self._operands: list[_Operand] = []
        self._waiting: list[_Waiting] = []
        self._depth = 0

    def tree(self) -> Node:
        wants_operand = True
        while wants_operand or self._tokens[self._next].kind != "end":
            token = self._take()
            wants_operand = self._take_operand(token) if wants_operand else self._take_operator(token)
        self._reduce(0)
        # All operators are built by now: a bracket is left.
        if self._waiting:
            raise ExpressionFault("the bracket '(' is never closed", "close it with ')'", self._waiting[-1].column)
        return self._operands.pop().node

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _take_operand(self, token: Token) -> bool:
        """Take a token where a value may begin. Return whether a value is still wanted."""
        kind, value, column = token.kind, token.value, token.column
        if kind == "word" and self._tokens[self._next].is_("sign", "("):
            self._open_call(token)
            return True
        if kind == "field":
            self._put(FieldName(name=value, read=self._read(value, column), column=column))
        elif kind in ("text", "word"):
            self._put(Constant(value=value, is_bare=kind == "word", column=column))
        elif kind == "number":
            self._put(Constant(value=_number(token), column=column))
        elif kind == "key word" and value in _CONSTANTS:
            self._put(Constant(value=_CONSTANTS[value], column=column))
        else:
            return self._take_opening(token)
        return False

    def _take_opening(self, token: Token) -> bool:
        """Take a bracket, a sign or NOT before a value, or the end of a call without arguments."""
        if token.is_("sign", "("):
            self._push(_Waiting("bracket", "(", 0, token.column))
        elif token.kind == "sign" and token.value in "+-":
            self._push(_Waiting("prefix", token.value, _SIGN, token.column))
        elif token.is_("key word", "NOT") and (not self._waiting or self._waiting[-1].level <= _NOT):
            # NOT binds weaker than comparisons and arithmetic, so it can't be their right side.
            self._push(_Waiting("prefix", "NOT", _NOT, token.column))
        elif token.is_("sign", ")") and self._is_in_call() and not self._waiting[-1].arguments:
            self._close_call(self._waiting.pop())
            return False
        else:
            raise ExpressionFault(
                f"expected a value, found {token}",
                "write a field in [ ], a number, or a text in quotes here, or take away what stands before",
                token.column,
            )
        return True

    def _take_operator(self, token: Token) -> bool:
        """Take a token behind a value. Return whether a value is wanted next."""
        level = _LEVELS.get(token.value) if token.kind in ("sign", "key word") else None
        if level is not None:
            return self._take_infix(token, level)
        if token.is_("sign", ")"):
            self._close_bracket(token)
            return False
        is_comma = token.is_("sign", ",")
        if is_comma:
            self._reduce(0)
            if self._is_in_call():
                self._waiting[-1].arguments.append(self._operands.pop().node)
                return True
        mend = "join the two by an operator, such as AND or +, or put quotes around a text of both"
        if is_comma:
            mend = "a comma stands between a function's arguments; write a number without grouping"
        raise ExpressionFault(f"expected an operator, found {token}", mend, token.column)

    def _take_infix(self, token: Token, level: int) -> bool:
        self._reduce(level)
        if level == _COMPARE and self._operands[-1].level == _COMPARE:
            why = f"comparisons don't chain, found {token} after a comparison"
            raise ExpressionFault(why, "join two comparisons by AND, or put one in brackets", token.column)
        if token.value != "IS":
            self._waiting.append(_Waiting("infix", token.value, level, token.column))
            return True
        after = self._take()
        is_negated = after.is_("key word", "NOT")
        if is_negated:
            after = self._take()
        if not after.is_("key word", "NULL"):
            why = f"expected {'NULL' if is_negated else 'NULL or NOT NULL'} after IS, found {after}"
            raise ExpressionFault(why, "write IS NULL or IS NOT NULL; compare with = otherwise", after.column)
        sign, operand = "IS NOT NULL" if is_negated else "IS NULL", self._operands.pop().node
        self._put(Unary(sign=sign, parts=(operand,), column=token.column), _COMPARE)
        return False

    def _close_bracket(self, token: Token) -> None:
        self._reduce(0)
        if not self._waiting:
            raise ExpressionFault("the bracket ')' was never opened", "open it with '('", token.column)
        bracket = self._waiting.pop()
        if bracket.kind == "call":
            bracket.arguments.append(self._operands.pop().node)
            self._close_call(bracket)
        else:
            self._depth -= 1
            # An operator after the bracket must not go into the chain within it.
            self._operands[-1].level = 0

    def _push(self, entry: _Waiting) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            why = f"expected at most {MAX_DEPTH} brackets, signs and NOTs within each other"
            mend = "take away brackets that change nothing, or cut it into several expressions"
            raise ExpressionFault(why, mend, entry.column)
        self._waiting.append(entry)

    def _reduce(self, level: int) -> None:
        """Build the operations that wait for their right side and bind at least as strongly as *level*."""
        # Also operators of the same level: they become one chain. The compiler computes a chain of ^ from the right.
        while self._waiting and self._waiting[-1].kind in ("prefix", "infix") and self._waiting[-1].level >= level:
            entry, right = self._waiting.pop(), self._operands.pop()
            if entry.kind == "infix":
                self._put(_joined(self._operands.pop(), entry, right.node), entry.level)
            else:
                self._depth -= 1
                self._put(_prefixed(entry, right), entry.level)

    def _put(self, node: Node, level: int = 0) -> None:
        self._operands.append(_Operand(node, level))

    def _open_call(self, token: Token) -> None:
        known = self._functions
        function = known.get(token.value.lower())
        if function is None:
            names = f"known functions: {', '.join(sorted(known))}" if known else "no functions are known here"
            mend = nearest(token.value.lower(), known) or names
            raise ExpressionFault(f"there is no function {shown(token.value)}", mend, token.column)
        self._take()
        self._push(_Waiting("call", token.value, 0, token.column, function))

    def _is_in_call(self) -> bool:
        return bool(self._waiting) and self._waiting[-1].kind == "call"

    def _close_call(self, bracket: _Waiting) -> None:
        self._depth -= 1
        function, arguments = bracket.function, bracket.arguments
        assert function is not None  # noqa: S101  # the bracket of a call has one
        count = len(arguments)
        if count < function.least or (function.most is not None and count > function.most):
            why = f"function {function.name!r} takes {_arity(function)}, found {count}"
            mend = f"write {function.name}()" if function.most == 0 else function.help
            raise ExpressionFault(why, mend, bracket.column)
        self._put(Call(function=function, parts=arguments, column=bracket.column))


def _joined(left: _Operand, entry: _Waiting, right: Node) -> Node:
    if entry.level == _COMPARE:
        return Comparison(sign=entry.sign, parts=(left.node, right), column=entry.column)
    chain, sign = left.node, (entry.sign, entry.column)
    if left.level != entry.level or not isinstance(chain, Chain):
        return Chain(signs=[sign], parts=[left.node, right], column=entry.column)
    chain.parts.append(right)
    chain.signs.append(sign)
    if entry.level == _POWER:
        # The last ^ is the first to be computed, so errors about the whole chain name it.
        chain.column = entry.column
    return chain


def _prefixed(entry: _Waiting, operand: _Operand) -> Node:
    node = operand.node
    # A sign before a number is part of the constant; -2 ^ 2 has the chain as its operand, so it stays -(2 ^ 2).
    if entry.sign != "NOT" and operand.level == 0 and isinstance(node, Constant) and isinstance(node.value, Decimal):
        number = node.value.copy_negate() if entry.sign == "-" else node.value
        return Constant(value=number, column=entry.column)
    return Unary(sign=entry.sign, parts=(node,), column=entry.column)


def _number(token: Token) -> Decimal:
    number = Decimal(token.value)
    if len(number.as_tuple().digits) > DIGITS:
        why = f"expected a number of at most {DIGITS} digits, found {shown(token.value)}"
        raise ExpressionFault(why, "round it, or put quotes around it if it is meant as text", token.column)
    return number


def _arity(function: Function) -> str:
    if function.most is None:
        return f"at least {function.least} arguments"
    if function.least == function.most:
        return "1 argument" if function.least == 1 else f"{function.least} arguments"
    return f"{function.least} to {function.most} arguments"
