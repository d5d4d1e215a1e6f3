"""The closed template language: jinja2's, without the parts that could run long, grow, or reach out.

A template may use ``for`` (not recursive), ``if``, ``set``, ``with``, expressions, and the filters listed
here. It has no macros, blocks, includes or imports, and no methods: values are plain text, numbers, lists and
dicts.

No clock can stop a template from outside, so it stops itself: each turn of a loop, each filter, call and operator asks
the budget first. The work between two questions is bounded by the size of the data, because only scalars survive a
loop's turn, and no operation makes a text longer than `MAX_TEXT`.

Spec: docs/design/guarantees.md, "Out", "Limits".
"""

from __future__ import annotations

import contextvars
import functools
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jinja2 import StrictUndefined, nodes, pass_context
from jinja2.exceptions import TemplateSyntaxError
from jinja2.filters import FILTERS
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

from adapters.rendering.columns import ColumnFault, plain
from integration_objects.expression import ARITHMETIC, calculated

#: Characters of a template's source, and of a text that it makes.
MAX_SOURCE, MAX_TEXT = 262_144, 1_000_000

_STATEMENTS = (nodes.For, nodes.If, nodes.Assign, nodes.With, nodes.Output)
_FILTERS = (
    *("abs", "d", "default", "first", "groupby", "last", "length", "list", "lower", "map", "max", "min", "reject"),
    *("rejectattr", "reverse", "select", "selectattr", "sort", "trim", "unique", "upper"),
)
_OPERATORS: dict[str, tuple[Callable[[Decimal, Decimal], Decimal], Callable[[int, int], int] | None]] = {
    "+": (ARITHMETIC.add, operator.add),
    "-": (ARITHMETIC.subtract, operator.sub),
    "*": (ARITHMETIC.multiply, operator.mul),
    "/": (ARITHMETIC.divide, None),
    "//": (ARITHMETIC.divide_int, operator.floordiv),
    "%": (ARITHMETIC.remainder, operator.mod),
}


class OutOfTime(Exception):
    """The template has used up its time."""


@dataclass(slots=True)
class Budget:
    """The time that one rendering has: the clock, in seconds, and its reading at the end."""

    monotonic: Callable[[], float]
    end: float

    def ask(self) -> None:
        """Raise `OutOfTime` if the time is used up."""
        if self.monotonic() > self.end:
            raise OutOfTime


_budget: contextvars.ContextVar[Budget | None] = contextvars.ContextVar("budget", default=None)


def spend(budget: Budget) -> contextvars.Token[Budget | None]:
    """Make *budget* the one that is asked; hand the token to `stop_spending`."""
    return _budget.set(budget)


def stop_spending(token: contextvars.Token[Budget | None]) -> None:
    """End what `spend` began."""
    _budget.reset(token)


def _ask() -> None:
    budget = _budget.get()
    if budget is not None:  # no budget while a template is compiled: jinja2 works out constants then
        budget.ask()


class _Scalars(Namespace):
    """A namespace that holds scalars only, so that nothing grows from one turn of a loop to the next."""

    def __setitem__(self, name: str, value: Any) -> None:
        if not isinstance(value, (str, int, Decimal, type(None))):
            raise ColumnFault(f"a namespace holds text and numbers, not a {type(value).__name__}")
        super().__setitem__(name, value)


class Sandbox(ImmutableSandboxedEnvironment):
    """jinja2's immutable sandbox, closed further: see the head of this file."""

    # With ** among them, which is then refused: a power of whole numbers takes all memory in one step.
    intercepted_binops = frozenset((*_OPERATORS, "**"))

    def __init__(
        self,
        *,
        escape: bool,
        finalize: Callable[[Any], Any],
        filters: Mapping[str, Callable[..., Any]],
    ) -> None:
        super().__init__(
            # A misspelt field fails; jinja2's default would write nothing in its place.
            undefined=StrictUndefined,
            autoescape=escape,
            finalize=finalize,
            trim_blocks=True,
            lstrip_blocks=True,
            # Else jinja2 drops the last line's end, and the last record would have none.
            keep_trailing_newline=True,
            # The hub keeps its compiled templates itself.
            cache_size=0,
        )
        known = {name: FILTERS[name] for name in _FILTERS} | {
            "count": FILTERS["length"],
            "join": join,
            "replace": replace,
            "total": total,
            **filters,
        }
        self.filters = {name: _asking(call) for name, call in known.items()}
        self.user_filters = frozenset(known)
        self.filters["guarded turns"] = _guarded
        self.filters["joined text"] = _joined
        self.globals = {"range": self.globals["range"], "namespace": _Scalars}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        _prove(tree, self.user_filters)
        guarded = _Guards().visit(tree)
        guarded.set_environment(self)
        return guarded  # type: ignore[no-any-return]  # the same template

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Allow the attributes of loops and namespaces only; values have no methods."""
        return isinstance(obj, (LoopContext, Namespace)) and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> None:
        """Treat no text as a format: a format could ask for any width."""

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805  # as jinja2
        """Call a function that templates may call, within the budget."""
        _ask()
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Calculate with numbers, exactly; join texts and lists by ``+``."""
        _ask()
        calculate = _OPERATORS.get(operator)
        if calculate is None:
            raise ColumnFault(f"a template has no operator {operator}")
        if isinstance(left, str) and isinstance(right, str) and operator == "+":
            # Doubling a text in a loop makes gigabytes within its thirty turns.
            return _bounded([left, right], "")
        if isinstance(left, (int, Decimal)) and isinstance(right, (int, Decimal)):
            exact, whole = calculate
            if operator in ("/", "//", "%") and not right:
                raise ColumnFault("division by zero")
            result = calculated(exact, Decimal(left), Decimal(right))
            if isinstance(left, int) and isinstance(right, int) and whole is not None:
                return whole(left, right)
            return result
        kinds = f"{type(left).__name__} and {type(right).__name__}"
        raise ColumnFault(f"operator {operator} takes two numbers, or two texts for +, found {kinds}")


def _asking(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def within_budget(*args: Any, **kwargs: Any) -> Any:
        _ask()
        return call(*args, **kwargs)

    return within_budget


# The context keeps jinja2's compiler from working out a loop over a constant, which would ask no budget.
@pass_context
def _guarded(context: Any, values: Iterable[Any]) -> Iterator[Any]:
    return _turns(iter(values))


def _turns(values: Iterator[Any]) -> Iterator[Any]:
    for value in values:
        _ask()
        yield value


def _joined(values: Iterable[Any]) -> str:
    _ask()
    return _bounded(values, "")


def join(values: Iterable[Any], separator: str = "") -> str:
    """Join the values' texts."""
    return _bounded(values, separator)


def _bounded(values: Iterable[Any], separator: str) -> str:
    parts, size = [], 0
    for value in values:
        parts.append(plain(value))
        size += len(parts[-1]) + len(separator)
        if size > MAX_TEXT:
            raise ColumnFault(f"a text of more than {MAX_TEXT} characters")
    return separator.join(parts)


def replace(value: Any, old: str, new: str) -> str:
    """Replace every *old* by *new*."""
    text = plain(value)
    if not old:
        raise ColumnFault("there is nothing to replace: the text sought is empty")
    # Computed before it is made.
    if len(text) + text.count(old) * (len(new) - len(old)) > MAX_TEXT:
        raise ColumnFault(f"a text of more than {MAX_TEXT} characters")
    return text.replace(old, new)


def total(values: Iterable[Any], field: str | None = None) -> Decimal:
    """Add up numbers exactly, or the number field *field* of each value; null counts as 0."""
    result = Decimal(0)
    for value in values:
        number = value if field is None else value[field]
        if number is None:
            continue
        if isinstance(number, bool) or not isinstance(number, (int, Decimal)):
            raise ColumnFault(f"total adds numbers, found a {type(number).__name__}")
        result = calculated(ARITHMETIC.add, result, Decimal(number))
    return result


class _Guards(NodeTransformer):
    """Puts the guards into a template: on the values of loops, and on ``~``."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802  # jinja2's name for it
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, "guarded turns", [], [], None, None, lineno=node.lineno)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802  # likewise
        self.generic_visit(node)
        parts = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(parts, "joined text", [], [], None, None, lineno=node.lineno)


def _prove(tree: nodes.Template, filters: frozenset[str]) -> None:
    """Refuse the parts of jinja2 that the closed language lacks, with their line."""
    for node in tree.find_all(nodes.Node):
        why = _forbidden(node, filters)
        if why:
            raise TemplateSyntaxError(why, node.lineno or 1)


def _forbidden(node: nodes.Node, filters: frozenset[str]) -> str:
    if isinstance(node, nodes.For) and node.recursive:
        return "loops can't be recursive"
    if isinstance(node, nodes.Stmt) and not isinstance(node, _STATEMENTS):
        return f"there is no {type(node).__name__.lower()} in these templates"
    if isinstance(node, nodes.Filter) and node.name not in filters:
        return f"there is no filter {node.name!r}; known: {', '.join(sorted(filters))}"
    if isinstance(node, nodes.Const) and isinstance(node.value, float):
        return f"{node.value} would be a float; write it as a text, '...', or as a product of whole numbers"
    if isinstance(node, (nodes.List, nodes.Tuple)) and not _is_flat(node.items):
        return "a list holds constants and names only"
    if isinstance(node, nodes.Dict):
        return "there are no dicts to write in these templates"
    return ""


def _is_flat(items: Iterable[nodes.Node]) -> bool:
    return all(isinstance(item, nodes.Const) or getattr(item, "ctx", "") == "store" for item in items)
