"""The expression language: trim specifications, data maps, conditions, rules.

    [Status] = 'Complete' AND NOT [Quantity] * 2 > 10

    compile_expression(text, read, functions)      once, by `_Parser`: tokens, precedence, limits
      -> Expression                                closures; evaluated a million times
           .evaluate(item)                         null, text, number (Decimal), truth value, date (DateText)
           .truth(item)                            a specification's verdict: TRUE or FALSE, nothing else

What ``[Name]`` means is the reader's business, which is handed in: `field_reader` reads a component's fields;
the data maps have their own. Logic is two-valued: arithmetic with null gives null, a comparison with null is
FALSE.

The parser keeps its own stacks, and a chain of one level (``a + b + c``) is one closure, so that neither a
long nor a deep expression reaches the interpreter's recursion limit.

Source: part IV, "Trim Method", specifications; spec: docs/design/methods.md, "Expression language", "Settled points".
"""

from __future__ import annotations

import decimal
import difflib
import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

from integration_objects.complex_object import action_code
from integration_objects.definition import Component
from integration_objects.errors import Refused
from integration_objects.field_values import as_date, as_number, shown, write_number
from integration_objects.property_set import PropertySet

#: Characters of an expression; brackets, signs and NOTs within each other.
MAX_LENGTH, MAX_DEPTH = 10_000, 100
#: Operations and operands of an evaluation. Each takes a character at least, and nothing in the language
#: repeats, so the length keeps this limit.
MAX_STEPS = MAX_LENGTH
#: Characters of a text that an evaluation makes, and of a LIKE pattern: bounds on memory and time.
MAX_TEXT, MAX_PATTERN = 1_000_000, 1_000
#: Digits of arithmetic, and of the largest result written out.
DIGITS, MAX_MAGNITUDE = 28, 99


class DateText(str):
    """Text of a field of date type, or a function's date: it compares as a date."""

    __slots__ = ()


Value: TypeAlias = str | Decimal | bool | None
#: What an expression is compiled to: from the item to the value.
Run: TypeAlias = Callable[[Any], Value]


class ExpressionFault(Refused):
    """An expression is not understood, or can't be evaluated for this item.

    Attributes:
        expression: its text; "" until the compiler, which knows it, has set it.
        column: of the offending token, counted from 1.
    """

    def __init__(self, why: str, *, mend: str, column: int = 0, expression: str = "", running: bool = False) -> None:
        super().__init__("", where=f"column {column}" if column else "", why=why, mend=mend)
        self.column = column
        self._running = running
        self.expression = ""
        self.within(expression)

    def within(self, expression: str, column: int = 0) -> ExpressionFault:
        """Set the expression's text (and the column, where the fault has none), and return the fault."""
        if expression and not self.expression:
            self.expression = expression
        if column and not self.column:
            self.column, self.where = column, f"column {column}"
        state = "can't be evaluated" if self._running else "is not understood"
        self.what = f"expression {_cut(self.expression)} {state}"
        self.args = (self.what,)
        return self


class NoResult(ValueError):
    """An operation or a function has no result for these values; the caller knows the column.

    Attributes:
        mend: what the expression's author, or who made the data, can do.
    """

    def __init__(self, why: str, mend: str) -> None:
        super().__init__(why)
        self.mend = mend


class Reader(Protocol):
    """What ``[name]`` means."""

    def __call__(self, name: str, column: int) -> Run:
        """Return the function that reads *name* from an item.

        Raises:
            ExpressionFault: there is nothing called *name*; the compiler adds expression and column.
        """


@dataclass(frozen=True)
class Function:
    """A function of the language.

    Attributes:
        name: as it is written; case makes no difference.
        call: takes the arguments' values (first the item, where `needs_scope`); where `lazy`, each argument
            is a function without arguments. A `NoResult`, or a ValueError of what reads values, becomes the fault.
        least, most: number of arguments; most None for any number.
        help: a sentence for the documentation.
    """

    name: str
    call: Callable[..., Value]
    least: int
    most: int | None
    lazy: bool = False
    help: str = ""
    needs_scope: bool = False


@dataclass(frozen=True)
class Call:
    """A function call as it is written, for proofs: name, column, and the arguments that are constants."""

    name: str
    column: int
    constants: tuple[tuple[int, Value], ...]


@dataclass(frozen=True, eq=False)
class Expression:
    """A compiled expression.

    Attributes:
        text: as it was written.
        bare_words: the texts written without quotes, with their columns; `orderhub check` warns of them.
        null_comparisons: the columns of comparisons with NULL, which are always FALSE; warned of likewise.
        fields: what stands in brackets, with its columns.
        calls: the functions called.
        only_field: the name, where the expression is a field and nothing else.
        constant: its value as a tuple of one, where it is a constant and nothing else.
    """

    text: str
    bare_words: tuple[tuple[str, int], ...]
    null_comparisons: tuple[int, ...]
    fields: tuple[tuple[str, int], ...]
    calls: tuple[Call, ...]
    only_field: str | None
    constant: tuple[Value] | None
    _run: Run = field(repr=False)
    _column: int = field(repr=False)

    @property
    def compares_null(self) -> bool:
        """Whether it compares with the constant NULL somewhere."""
        return bool(self.null_comparisons)

    def evaluate(self, item: Any) -> Value:
        """The value for *item*.

        Raises:
            ExpressionFault: the values don't fit the operations, as the column's operator or function says.
        """
        try:
            return self._run(item)
        except ExpressionFault as fault:
            raise fault.within(self.text)  # noqa: B904  # the same fault, completed
        except RecursionError as cause:
            why = "it is called from too deep within other work"
            mend = "call it from less deep within other work"
            raise ExpressionFault(why, column=1, expression=self.text, mend=mend, running=True) from cause

    def is_true(self, item: Any) -> bool:
        """Whether a condition holds: null counts as FALSE, as within AND, OR and NOT.

        Raises:
            ExpressionFault: the value is neither a truth value nor null, or as for `evaluate`.
        """
        value = self.evaluate(item)
        return False if value is None else self._verdict(value)

    def truth(self, item: Any) -> bool:
        """A specification's verdict on *item*.

        Raises:
            ExpressionFault: the value is null or no truth value, or as for `evaluate`.
        """
        return self._verdict(self.evaluate(item))

    def prove_truth(self, nothing: Any) -> None:
        """Refuse, before the first item, a specification that can give a truth value for no item.

        Fields are text, numbers or dates, and arithmetic gives numbers or text, so that what is no truth value
        for an item without fields is none for any. What can't be evaluated for it may still be for others, whose
        values let AND and OR stop before it, unless the specification reads no field at all.

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
        raise ExpressionFault(
            f"expected TRUE or FALSE, found {found or describe(value)}",
            column=self._column,
            expression=self.text,
            mend=_COMPARE_IT,
            running=True,
        )


def compile_expression(text: str, read: Reader, functions: Mapping[str, Function] | None = None) -> Expression:
    """Compile *text* once, to be evaluated often.

    Args:
        text: the expression.
        read: what ``[name]`` means.
        functions: by name; none where the place has no functions.

    Raises:
        ExpressionFault: the text is no expression, with the column of the token at fault; or over a limit.

    Source: docs/design/methods.md, "Expression language".
    """
    try:
        return _Parser(text, read, functions or {}).parse()
    except ExpressionFault as fault:
        raise fault.within(text)  # noqa: B904  # the same fault, completed


def field_reader(component: Component) -> Reader:
    """The reader of a component's own fields, typed by its definition.

    A null Action Code reads as ``-``, other nulls as the definition's ``null_reads_as``.
    """

    def read(name: str, column: int) -> Run:
        found = component.fields.get(name)
        if found is None:
            raise ExpressionFault(
                f"component {component.name!r} has no field {name!r}",
                column=column,
                mend=nearest_name(name, component.fields) or "use a field of its definition",
            )
        if name == "Action Code":
            return action_code
        return typed_reader(name, found.type, found.null_reads_as, column)

    return read


def typed_reader(name: str, type: str, null_reads_as: str | None = None, column: int = 0) -> Run:
    """The function that reads the property *name* of a property set as a value of *type*."""

    def text(item: PropertySet) -> str | None:
        found = item.properties.get(name)
        return null_reads_as if found is None else found

    def date(item: PropertySet) -> Value:
        found = text(item)
        return None if found is None else DateText(found)

    def number(item: PropertySet) -> Value:
        found = text(item)
        if found is None:
            return None
        value = as_number(found)
        if value is None:
            why = f"expected a number in field {name!r}, found {shown(found)}"
            raise _running(why, column, "write the field as digits with a sign and a point")
        return value

    return {"number": number, "date": date}.get(type, text)


def nearest_name(name: str, known: Iterable[str]) -> str:
    """``did you mean 'X'?``, or "" where nothing known is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else ""


def describe(value: Value) -> str:
    """The value as an error names it: with its kind."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "the truth value TRUE" if value else "the truth value FALSE"
    if isinstance(value, Decimal):
        return f"the number {write_number(value)}"
    return f"{'the date' if isinstance(value, DateText) else 'the text'} {shown(str(value))}"


def text_of(value: Value) -> str | None:
    """The value as text: numbers plainly, truth values as TRUE and FALSE; None for null."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return write_number(value) if isinstance(value, Decimal) else str(value)


def _cut(text: str) -> str:
    return repr(text) if len(text) <= 200 else f"{text[:200]!r}..."


def _running(why: str, column: int, mend: str) -> ExpressionFault:
    """A fault of an evaluation, of the operator or function at *column*."""
    return ExpressionFault(why, column=column, mend=mend, running=True)


def _mend_of(cause: ValueError) -> str:
    """What can be done about *cause*; one without a mend of its own is that of a number or date that was read."""
    return cause.mend if isinstance(cause, NoResult) else "write the value so, or test it before it is read"


# Values: what the operators do with them. A NoResult becomes the fault of the operator.

_COMPARE_IT = "compare the value with something"
_GUARD = "divide only where the divisor isn't 0: test it first"
_SMALLER = "compute with numbers of fewer digits"
_UNQUOTE = "take the quotes off a number; number fields and dates can be put in order, other text can't"


def _truth(value: Value, column: int) -> bool:
    """What AND, OR and NOT take *value* for: null counts as FALSE."""
    if value is True or value is False:
        return value
    if value is None:
        return False
    raise _running(f"expected TRUE or FALSE, found {describe(value)}", column, _COMPARE_IT)


def _equal(one: Value, two: Value) -> bool:
    """Whether two values that aren't null are equal: as numbers, as dates, or as text."""
    kind, other = type(one), type(two)
    if kind is str and other is str:
        return bool(one == two)  # the common case
    if kind is Decimal or other is Decimal:
        numbers = _number_or_none(one), _number_or_none(two)
        if None not in numbers:
            return numbers[0] == numbers[1]
    if kind is DateText or other is DateText:
        dates = _date_or_none(one), _date_or_none(two)
        if None not in dates:
            return bool(dates[0] == dates[1])
    return text_of(one) == text_of(two)


def _number_or_none(value: Value) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    return as_number(value) if isinstance(value, str) else None


def _date_or_none(value: Value) -> Any:
    return as_date(value) if isinstance(value, str) else None


def ordered(one: Value, two: Value) -> tuple[Any, Any]:
    """The two values as numbers or moments, which can be put in order."""
    if type(one) is Decimal and type(two) is Decimal:
        return one, two
    dates = _date_or_none(one), _date_or_none(two)
    if None not in dates:
        return dates
    raise NoResult(f"expected two numbers or two dates, found {describe(one)} and {describe(two)}", _UNQUOTE)


def _like(text: Value, pattern: Value) -> bool:
    if isinstance(text, bool) or isinstance(pattern, bool):
        why = f"expected two texts, found {describe(text)} and {describe(pattern)}"
        raise NoResult(why, "put the comparison into brackets, or use = to compare truth values")
    return _pattern(text_of(pattern) or "")(text_of(text) or "")


@functools.lru_cache(maxsize=512)
def _pattern(pattern: str) -> Callable[[str], bool]:
    """The test for a LIKE pattern.

    The pieces between stars are looked for one after the other, each at its first place, which never has to
    be reconsidered: so no text can make it slow, as it could a regular expression with several stars.
    """
    if len(pattern) > MAX_PATTERN:
        why = f"expected a pattern of at most {MAX_PATTERN} characters, found {len(pattern)}"
        raise NoResult(why, "look for a shorter piece of it, with * for the rest")
    pieces = [""]
    signs = iter(pattern)
    for sign in signs:
        if sign == "*":
            pieces.append("")
        elif sign == "?":
            pieces[-1] += "."
        else:
            pieces[-1] += re.escape(next(signs, "\\") if sign == "\\" else sign)
    if len(pieces) == 1:
        whole = re.compile(pieces[0], re.DOTALL)
        return lambda text: whole.fullmatch(text) is not None
    first = re.compile(pieces[0], re.DOTALL)
    middle = [re.compile(piece, re.DOTALL) for piece in pieces[1:-1] if piece]
    # What must stand at the end has a fixed length: each sign of a pattern stands for one character.
    last = re.compile(pieces[-1], re.DOTALL)
    length = len(re.sub(r"\\(.)", r"\1", pieces[-1], flags=re.DOTALL))

    def matches(text: str) -> bool:
        start = first.match(text)
        if start is None:
            return False
        place = start.end()
        for piece in middle:
            found = piece.search(text, place)
            if found is None:
                return False
            place = found.end()
        tail = len(text) - length
        return tail >= place and last.match(text, tail) is not None

    return matches


ARITHMETIC = decimal.Context(
    prec=DIGITS,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-MAX_MAGNITUDE,
    Emax=MAX_MAGNITUDE,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow, decimal.Underflow],
)


def calculated(operation: Callable[..., Decimal], *numbers: Decimal) -> Decimal:
    """The result of a decimal operation; its faults as a NoResult that says what is wrong."""
    try:
        return operation(*numbers)
    except decimal.DivisionByZero:
        raise NoResult("division by zero", _GUARD) from None
    except decimal.Overflow:
        raise NoResult(f"the result has more than {MAX_MAGNITUDE + 1} digits", _SMALLER) from None
    except decimal.Underflow:
        raise NoResult(f"the result is nearer to zero than {MAX_MAGNITUDE} digits can say", _SMALLER) from None
    except decimal.InvalidOperation:
        found = " and ".join(write_number(number) for number in numbers)
        raise NoResult(f"the operation has no result for {found}", "test the values before they are used") from None


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    if not base and exponent < 0:
        raise NoResult("division by zero", _GUARD)
    return calculated(ARITHMETIC.power, base, exponent)


def _divide(one: Decimal, two: Decimal) -> Decimal:
    if not two:
        raise NoResult("division by zero", _GUARD)
    return calculated(ARITHMETIC.divide, one, two)


def _arithmetic(calculate: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Value, Value], Value]:
    """An operator for two numbers, and nothing that only reads as one; null with anything is null."""

    def operate(one: Value, two: Value) -> Value:
        if type(one) is Decimal and type(two) is Decimal:
            return calculate(one, two)
        if one is None or two is None:
            return None
        why = f"expected two numbers, found {describe(one)} and {describe(two)}"
        raise NoResult(why, "take the quotes off a number, and use number fields")

    return operate


def _add(one: Value, two: Value) -> Value:
    """Add numbers; join anything else as text."""
    if one is None or two is None:
        return None
    if type(one) is Decimal or type(two) is Decimal:
        first, second = _number_or_none(one), _number_or_none(two)
        if first is not None and second is not None:
            return calculated(ARITHMETIC.add, first, second)
    left, right = text_of(one) or "", text_of(two) or ""
    if len(left) + len(right) > MAX_TEXT:
        raise NoResult(f"the text has more than {MAX_TEXT} characters", "join less text")
    return left + right


_OPERATIONS: dict[str, Callable[[Value, Value], Value]] = {
    "+": _add,
    "-": _arithmetic(lambda one, two: calculated(ARITHMETIC.subtract, one, two)),
    "*": _arithmetic(lambda one, two: calculated(ARITHMETIC.multiply, one, two)),
    "/": _arithmetic(_divide),
    "^": _arithmetic(_power),
}


def _compared(test: Callable[[Any, Any], bool]) -> Callable[[Value, Value], bool]:
    return lambda one, two: test(*ordered(one, two))


_COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "=": _equal,
    "<>": lambda one, two: not _equal(one, two),
    "!=": lambda one, two: not _equal(one, two),
    ">": _compared(lambda one, two: one > two),
    ">=": _compared(lambda one, two: one >= two),
    "<": _compared(lambda one, two: one < two),
    "<=": _compared(lambda one, two: one <= two),
    "LIKE": _like,
}

# Tokens.

_TOKEN = re.compile(
    r"(?P<blank>[ \t\r\n]+)"
    r"|(?P<text>'(?:[^']|'')*+'|\"(?:[^\"]|\"\")*+\")"
    r"|(?P<run>[\w.:]+)"
    r"|(?P<sign><>|!=|>=|<=|[=<>+\-*/^(),])"
)
_RUN_OF_DIGITS = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+")
_STARTS_WITH_DIGIT = re.compile(r"\.?\d")
_KEY_WORDS = frozenset(("AND", "OR", "NOT", "IS", "NULL", "LIKE", "TRUE", "FALSE"))


@dataclass(slots=True)
class _Token:
    """A token: field, text, word, number, key word, sign, or end; `value` as the parser wants it."""

    kind: str
    value: str
    column: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f"{self.value!r}"


def _tokens(text: str) -> list[_Token]:
    """Cut *text* into tokens, bare words joined, with an end token last."""
    tokens: list[_Token] = []
    place = 0
    while place < len(text):
        if text[place] == "[":
            end = _closing_bracket(text, place)
            tokens.append(_Token("field", text[place + 1 : end], place + 1))
            place = end + 1
            continue
        match = _TOKEN.match(text, place)
        if match is None:
            raise _unreadable(text, place)
        kind, found, column = match.lastgroup or "", match[0], place + 1
        place = match.end()
        if kind == "text":
            quote = found[0]
            tokens.append(_Token("text", found[1:-1].replace(quote * 2, quote), column))
        elif kind == "sign":
            tokens.append(_Token("sign", found, column))
        elif kind == "run":
            _take_run(found, column, tokens)
    tokens.append(_Token("end", "", len(text) + 1))
    return tokens


def _take_run(found: str, column: int, tokens: list[_Token]) -> None:
    """Take a run of letters and digits: a key word, a number, a bare word or more of the last one."""
    last = tokens[-1] if tokens else None
    upper = found.upper()
    # Other alphabets have letters whose capitals are ours: the dotless i of 'ıs' is no key word.
    if upper in _KEY_WORDS and found.isascii():
        tokens.append(_Token("key word", upper, column))
    elif last is not None and last.kind == "word":
        last.value += " " + found
    elif _RUN_OF_DIGITS.fullmatch(found):
        tokens.append(_Token("number", found, column))
    elif _STARTS_WITH_DIGIT.match(found):
        raise ExpressionFault(
            f"expected a number (digits with a point), found {shown(found)}",
            column=column,
            mend="put quotes around a text that begins with a digit",
        )
    elif last is not None and last.kind == "number":
        raise ExpressionFault(
            f"expected an operator after a number, found {shown(found)}",
            column=column,
            mend="put quotes around a text that begins with a digit",
        )
    else:
        tokens.append(_Token("word", found, column))


def _closing_bracket(text: str, start: int) -> int:
    """The place of the bracket that closes the one at *start*; a path within may have ``[n]``."""
    depth = 0
    for place in range(start, len(text)):
        if text[place] == "[":
            depth += 1
        elif text[place] == "]":
            depth -= 1
            if depth == 0:
                return place
    raise ExpressionFault("the bracket '[' is never closed", column=start + 1, mend="close it with ']'")


def _unreadable(text: str, place: int) -> ExpressionFault:
    sign, column = text[place], place + 1
    if sign in "'\"":
        return ExpressionFault(
            f"the quote {sign} is never closed",
            column=column,
            mend="close it; double a quote that stands inside",
        )
    if sign == "]":
        return ExpressionFault("the bracket ']' was never opened", column=column, mend="open it with '['")
    return ExpressionFault(
        f"expected a value or an operator, found {shown(sign)}",
        column=column,
        mend="put quotes around a text with such signs",
    )


# The parser.

_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _POWER = range(1, 9)
_LEVELS = {
    "OR": _OR,
    "AND": _AND,
    **dict.fromkeys(_COMPARISONS, _COMPARE),
    "IS": _COMPARE,
    "+": _SUM,
    "-": _SUM,
    "*": _PRODUCT,
    "/": _PRODUCT,
    "^": _POWER,
}


@dataclass(slots=True)
class _Node:
    """An operand, or an operation with its parts; `level` 0 for what is whole in itself.

    `parts` are the operands of a chain of one level, `signs` the operators between them with their columns.
    """

    level: int
    column: int
    run: Run | None = None
    parts: list[_Node] = field(default_factory=list)
    signs: list[tuple[str, int]] = field(default_factory=list)
    is_null: bool = False
    field: str | None = None
    constant: tuple[Value] | None = None


@dataclass(slots=True)
class _Open:
    """What waits on the parser's stack: a bracket, a function's bracket, or an operator."""

    kind: str  # "(", "call", "prefix", "infix"
    sign: str
    level: int
    column: int
    function: Function | None = None
    arguments: list[_Node] = field(default_factory=list)


class _Parser:
    """Operator precedence with two stacks: operands, and what still waits for its right side."""

    def __init__(self, text: str, read: Reader, functions: Mapping[str, Function]) -> None:
        self._text = text
        self._read = read
        self._functions = {name.lower(): function for name, function in functions.items()}
        self._operands: list[_Node] = []
        self._waiting: list[_Open] = []
        self._depth = 0
        self._bare_words: list[tuple[str, int]] = []
        self._nulls: list[int] = []
        self._fields: list[tuple[str, int]] = []
        self._calls: list[Call] = []

    def parse(self) -> Expression:
        if len(self._text) > MAX_LENGTH:
            raise ExpressionFault(
                f"expected at most {MAX_LENGTH} characters, found {len(self._text)}",
                column=MAX_LENGTH + 1,
                mend="cut it into several expressions",
            )
        self._tokens = _tokens(self._text)
        if len(self._tokens) == 1:
            raise ExpressionFault("the expression is empty", column=1, mend="write what is to be computed")
        self._next = 0
        wants_operand = True
        while True:
            token = self._tokens[self._next]
            self._next += 1
            if wants_operand:
                wants_operand = self._take_operand(token)
            elif token.kind == "end":
                break
            else:
                wants_operand = self._take_operator(token)
        self._reduce(0)
        if self._waiting:
            bracket = self._waiting[-1]
            raise ExpressionFault("the bracket '(' is never closed", column=bracket.column, mend="close it with ')'")
        (node,) = self._operands
        return Expression(
            text=self._text,
            bare_words=tuple(self._bare_words),
            null_comparisons=tuple(self._nulls),
            fields=tuple(self._fields),
            calls=tuple(self._calls),
            only_field=node.field,
            constant=node.constant,
            _run=self._closure(node),
            _column=node.signs[0][1] if node.signs else node.column,
        )

    # Each returns whether an operand is wanted next.

    def _take_operand(self, token: _Token) -> bool:
        kind, value, column = token.kind, token.value, token.column
        if kind == "field":
            self._fields.append((value, column))
            self._operands.append(_Node(0, column, self._field(value, column), field=value))
        elif kind == "text":
            self._put_constant(value, column)
        elif kind == "number":
            self._put_constant(self._number(token), column)
        elif kind == "word":
            if self._is_sign(self._tokens[self._next], "("):
                return self._open_call(token)
            self._bare_words.append((value, column))
            self._put_constant(value, column)
        elif kind == "key word" and value in ("TRUE", "FALSE"):
            self._put_constant(value == "TRUE", column)
        elif kind == "key word" and value == "NULL":
            self._operands.append(_Node(0, column, lambda item: None, is_null=True, constant=(None,)))
        else:
            return self._take_opening(token)
        return False

    def _take_opening(self, token: _Token) -> bool:
        """Take what stands before an operand (a bracket, a sign, NOT), or the end of no arguments."""
        if self._is_sign(token, "("):
            self._push(_Open("(", "(", 0, token.column))
        elif token.kind == "sign" and token.value in "+-":
            self._push(_Open("prefix", token.value, _SIGN, token.column))
        elif token.kind == "key word" and token.value == "NOT" and self._may_negate():
            self._push(_Open("prefix", "NOT", _NOT, token.column))
        elif self._is_sign(token, ")") and self._opens_call() and not self._waiting[-1].arguments:
            self._close_call(self._waiting.pop(), token)
            return False
        else:
            raise ExpressionFault(
                f"expected a value, found {token}",
                column=token.column,
                mend="write a field in [ ], a number, or a text in quotes here, or take away what stands before",
            )
        return True

    def _take_operator(self, token: _Token) -> bool:
        kind, value, column = token.kind, token.value, token.column
        level = _LEVELS.get(value) if kind in ("sign", "key word") else None
        if level is not None:
            self._reduce(level + 1 if level == _POWER else level)
            if level == _COMPARE and self._operands[-1].level == _COMPARE:
                raise ExpressionFault(
                    f"comparisons don't chain, found {token} after a comparison",
                    column=column,
                    mend="join two comparisons by AND, or put one in brackets",
                )
            if value == "IS":
                self._take_is_null(column)
                return False
            self._waiting.append(_Open("infix", value, level, column))
            return True
        if self._is_sign(token, ")"):
            self._reduce(0)
            if not self._waiting:
                raise ExpressionFault("the bracket ')' was never opened", column=column, mend="open it with '('")
            bracket = self._waiting.pop()
            if bracket.kind == "call":
                bracket.arguments.append(self._operands.pop())
                self._close_call(bracket, token)
            else:
                self._depth -= 1
                # What stands in brackets is whole: its chain takes nothing more, and it may be compared.
                inner = self._operands[-1]
                self._operands[-1] = _Node(
                    0, inner.column, self._closure(inner), [], inner.signs[:1], inner.is_null,
                    inner.field, inner.constant,
                )  # fmt: skip
            return False
        if self._is_sign(token, ","):
            self._reduce(0)
            if self._opens_call():
                self._waiting[-1].arguments.append(self._operands.pop())
                return True
        if self._is_sign(token, ","):
            mend = "a comma stands between a function's arguments; write a number without grouping"
        else:
            mend = "join the two by an operator, such as AND or +, or put quotes around a text of both"
        raise ExpressionFault(f"expected an operator, found {token}", column=column, mend=mend)

    def _take_is_null(self, column: int) -> None:
        token = self._tokens[self._next]
        negated = token.kind == "key word" and token.value == "NOT"
        self._next += negated
        token = self._tokens[self._next]
        if not (token.kind == "key word" and token.value == "NULL"):
            expected = "NULL" if negated else "NULL or NOT NULL"
            mend = "write IS NULL or IS NOT NULL; compare with = otherwise"
            raise ExpressionFault(f"expected {expected} after IS, found {token}", column=token.column, mend=mend)
        self._next += 1
        operand = self._closure(self._operands.pop())
        run: Run = (lambda item: operand(item) is not None) if negated else (lambda item: operand(item) is None)
        self._operands.append(_Node(_COMPARE, column, run))

    # The stacks.

    def _push(self, entry: _Open) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionFault(
                f"expected at most {MAX_DEPTH} brackets, signs and NOTs within each other",
                column=entry.column,
                mend="take away brackets that change nothing, or cut it into several expressions",
            )
        self._waiting.append(entry)

    def _reduce(self, level: int) -> None:
        """Build the operations that wait for their right side and bind at least as strongly as *level*."""
        while self._waiting and self._waiting[-1].kind in ("prefix", "infix"):
            if self._waiting[-1].level < level:
                return
            entry = self._waiting.pop()
            right = self._operands.pop()
            if entry.kind == "prefix":
                self._depth -= 1
                self._operands.append(self._prefixed(entry, right))
            else:
                self._operands.append(self._joined(self._operands.pop(), entry, right))

    def _joined(self, left: _Node, entry: _Open, right: _Node) -> _Node:
        level, sign = entry.level, (entry.sign, entry.column)
        if level == _COMPARE:
            return self._comparison(left, entry, right)
        if level == _POWER:
            # Right to left: the chain is kept from its end, and the new operand is put last.
            if right.level == _POWER:
                right.parts.append(left)
                right.signs.append(sign)
                return right
            return _Node(level, entry.column, None, [right, left], [sign])
        if left.level == level:
            left.parts.append(right)
            left.signs.append(sign)
            return left
        return _Node(level, entry.column, None, [left, right], [sign])

    # Closures.

    def _closure(self, node: _Node) -> Run:
        if node.run is not None:
            return node.run
        runs = [self._closure(part) for part in node.parts]
        if node.level == _OR:
            return self._decided(runs, node.signs, by=True)
        if node.level == _AND:
            return self._decided(runs, node.signs, by=False)
        if node.level == _POWER:
            return self._folded(runs, node.signs, lambda operate: lambda one, two: operate(two, one))
        return self._folded(runs, node.signs, lambda operate: operate)

    def _decided(self, runs: list[Run], signs: list[tuple[str, int]], *, by: bool) -> Run:
        """AND, decided by the first FALSE, or OR, decided by the first TRUE."""
        columns = [signs[0][1], *(column for _, column in signs)]
        sides = list(zip(runs, columns, strict=True))

        def decide(item: Any) -> Value:
            for run, column in sides:
                value = run(item)
                if value is not True and value is not False:
                    value = _truth(value, column)
                if value is by:
                    return by
            return not by

        return decide

    def _folded(
        self,
        runs: list[Run],
        signs: list[tuple[str, int]],
        turn: Callable[[Callable[[Value, Value], Value]], Callable[[Value, Value], Value]],
    ) -> Run:
        first = runs[0]
        steps = [(turn(_OPERATIONS[sign]), run, column) for (sign, column), run in zip(signs, runs[1:], strict=True)]

        def fold(item: Any) -> Value:
            value = first(item)
            for operate, run, column in steps:
                operand = run(item)
                try:
                    value = operate(value, operand)
                except ValueError as cause:
                    raise _running(str(cause), column, _mend_of(cause)) from None
            return value

        return fold

    def _comparison(self, left: _Node, entry: _Open, right: _Node) -> _Node:
        if left.is_null or right.is_null:
            self._nulls.append(entry.column)
        one, two, column = self._closure(left), self._closure(right), entry.column
        test = _COMPARISONS[entry.sign]

        def compare(item: Any) -> Value:
            first, second = one(item), two(item)
            if first is None or second is None:
                return False
            try:
                return test(first, second)
            except ValueError as cause:
                raise _running(str(cause), column, _mend_of(cause)) from None

        return _Node(_COMPARE, column, compare)

    def _prefixed(self, entry: _Open, operand: _Node) -> _Node:
        run, column = self._closure(operand), entry.column
        minus = entry.sign == "-"

        def negate(item: Any) -> Value:
            return not _truth(run(item), column)

        def sign(item: Any) -> Value:
            value = run(item)
            if type(value) is Decimal:
                return ARITHMETIC.minus(value) if minus else value
            if value is None:
                return None
            raise _running(f"expected a number, found {describe(value)}", column, "take the quotes off a number")

        if entry.sign == "NOT":
            return _Node(_NOT, column, negate)
        node = _Node(_SIGN, column, sign)
        if operand.constant and type(operand.constant[0]) is Decimal and operand.level == 0:
            node.constant = (sign(None),)
        return node

    # Operands.

    def _field(self, name: str, column: int) -> Run:
        try:
            return self._read(name, column)
        except ExpressionFault as fault:
            raise fault.within(self._text, column)  # noqa: B904  # the same fault, completed

    def _number(self, token: _Token) -> Decimal:
        number = Decimal(token.value)
        if len(number.as_tuple().digits) > DIGITS:
            raise ExpressionFault(
                f"expected a number of at most {DIGITS} digits, found {shown(token.value)}",
                column=token.column,
                mend="round it, or put quotes around it if it is meant as text",
            )
        return number

    def _put_constant(self, value: Value, column: int) -> None:
        self._operands.append(_Node(0, column, lambda item: value, constant=(value,)))

    def _open_call(self, token: _Token) -> bool:
        known = self._functions
        function = known.get(token.value.lower())
        if function is None:
            mend = nearest_name(token.value.lower(), known) or (
                f"known functions: {', '.join(sorted(known))}" if known else "no functions are known here"
            )
            raise ExpressionFault(f"there is no function {shown(token.value)}", column=token.column, mend=mend)
        self._next += 1
        self._push(_Open("call", token.value, 0, token.column, function))
        return True

    def _close_call(self, bracket: _Open, token: _Token) -> None:
        self._depth -= 1
        function, column = bracket.function, bracket.column
        assert function is not None  # noqa: S101  # a call's bracket has one
        count = len(bracket.arguments)
        if count < function.least or (function.most is not None and count > function.most):
            raise ExpressionFault(
                f"function {function.name!r} takes {_arity(function)}, found {count}",
                column=column,
                mend=function.help,
            )
        constants = tuple((n, node.constant[0]) for n, node in enumerate(bracket.arguments) if node.constant)
        self._calls.append(Call(function.name, column, constants))
        runs = [self._closure(node) for node in bracket.arguments]
        self._operands.append(_Node(0, column, self._called(function, runs, column)))

    def _called(self, function: Function, runs: list[Run], column: int) -> Run:
        call, lazy, scoped = function.call, function.lazy, function.needs_scope

        def run(item: Any) -> Value:
            arguments: list[Any] = [item] if scoped else []
            if lazy:
                arguments.extend(functools.partial(argument, item) for argument in runs)
            else:
                arguments.extend([argument(item) for argument in runs])
            try:
                return call(*arguments)
            except ValueError as cause:
                raise _running(f"function {function.name!r}: {cause}", column, _mend_of(cause)) from None

        return run

    # Questions.

    def _is_sign(self, token: _Token, sign: str) -> bool:
        return token.kind == "sign" and token.value == sign

    def _opens_call(self) -> bool:
        return bool(self._waiting) and self._waiting[-1].kind == "call"

    def _may_negate(self) -> bool:
        """Whether NOT may stand here: it binds weaker than any comparison or arithmetic before it."""
        return not self._waiting or self._waiting[-1].level <= _NOT


def _arity(function: Function) -> str:
    if function.most is None:
        return f"at least {function.least} arguments"
    if function.least == function.most:
        return "1 argument" if function.least == 1 else f"{function.least} arguments"
    return f"{function.least} to {function.most} arguments"
