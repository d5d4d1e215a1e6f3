"""The fields that a template names, proven against its object: an unknown one would fail each message.

A template's values have kinds: a component, a list of a component's instances, or anything else. The kind of each
expression follows from the names that loops, ``set`` and ``with`` give; a kind that doesn't follow is proven nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from jinja2 import nodes

from integration_objects.definition import Component, IntegrationObject
from integration_objects.expression import NoResult
from integration_objects.names import LINE_ITEM
from integration_objects.nearest import nearest
from integration_objects.time_zone import ZoneUnknown, time_zone
from maps.date_functions import prove_form

#: Filters that give a list of the same instances, and one instance of a list.
_SAME_LIST = frozenset(
    ("guarded turns", "list", "reverse", "sort", "unique", "select", "reject", "selectattr", "rejectattr")
)
_ONE_OF_LIST = frozenset(("first", "last", "min", "max"))
#: Filters with the name of a field: its position among the arguments, and its key word.
_FIELD_ARGUMENTS = {
    "selectattr": (0, None),
    "rejectattr": (0, None),
    "total": (0, "field"),
    "groupby": (0, "attribute"),
    "sort": (None, "attribute"),
    "map": (None, "attribute"),
    "unique": (None, "attribute"),
    "min": (None, "attribute"),
    "max": (None, "attribute"),
}


@dataclass(frozen=True)
class UnknownField:
    """A name in a template that means nothing.

    Attributes:
        line: of the template.
        text: the fault.
        mend: the nearest name, or the known ones.
    """

    line: int
    text: str
    mend: str


@dataclass(frozen=True)
class _Kind:
    """The kind of a value: one of these components, or a list of their instances."""

    components: tuple[Component, ...]
    is_list: bool = False


#: A value without fields, and a value of which nothing is known.
_PLAIN, _ANY = _Kind(()), None
_Names = dict[str, _Kind | None]


def unknown_fields(tree: nodes.Template, definition: IntegrationObject) -> list[UnknownField]:
    """List the names of a template's syntax tree that the object *definition* doesn't have."""
    proof = _Proof()
    root = _Kind((definition.root,))
    names: _Names = {
        "name": _PLAIN,
        "instances": _Kind((definition.root,), is_list=True),
        "header": root,
        "lines": _Kind(tuple(_line_items(definition.root)), is_list=True),
        "range": _ANY,
        "namespace": _ANY,
    }
    proof.walk(tree.body, names)
    return sorted(dict.fromkeys(proof.found), key=lambda fault: fault.line)


def _line_items(root: Component) -> list[Component]:
    found, waiting = [], [root]
    seen = {root}
    while waiting:
        component = waiting.pop()
        # As the context has them: a root is no line item, whatever its name.
        if component.name == LINE_ITEM and component is not root:
            found.append(component)
        waiting += [child for child in component.children.values() if child not in seen]
        seen.update(component.children.values())
    return found


class _Proof:
    """Walks a template in the order of its text, and collects the faults."""

    def __init__(self) -> None:
        self.found: list[UnknownField] = []

    def walk(self, statements: Sequence[nodes.Node], names: _Names) -> None:
        for statement in statements:
            self._statement(statement, names)

    def _statement(self, node: nodes.Node, names: _Names) -> None:
        if isinstance(node, nodes.For):
            inner = dict(names, loop=_ANY)
            kind = self._kind(node.iter, names)
            turn = _ANY if kind is None or not kind.is_list else _Kind(kind.components)
            _give(node.target, turn, inner)
            if node.test is not None:
                self._kind(node.test, inner)
            self.walk(node.body, inner)
            self.walk(node.else_, dict(names))
        elif isinstance(node, nodes.If):
            self._kind(node.test, names)
            # What one branch sets is there behind the statement, too.
            for branch in (node.body, node.elif_, node.else_):
                self.walk(branch, names)
        elif isinstance(node, nodes.With):
            inner = dict(names)
            for target, value in zip(node.targets, node.values, strict=True):
                _give(target, self._kind(value, names), inner)
            self.walk(node.body, inner)
        elif isinstance(node, nodes.Assign):
            _give(node.target, self._kind(node.node, names), names)
        elif isinstance(node, nodes.Output):
            for part in node.nodes:
                self._kind(part, names)

    def _kind(self, node: nodes.Node, names: _Names) -> _Kind | None:
        """Prove an expression, and return its kind."""
        if isinstance(node, nodes.Name):
            return self._name(node, names)
        if isinstance(node, nodes.Getattr):
            return self._field(self._kind(node.node, names), node.attr, node.lineno)
        if isinstance(node, nodes.Getitem):
            kind = self._kind(node.node, names)
            if isinstance(node.arg, nodes.Const):
                return self._field(kind, node.arg.value, node.lineno)
            self._kind(node.arg, names)
            return kind if isinstance(node.arg, nodes.Slice) else _one_of(kind)
        if isinstance(node, nodes.Filter):
            return self._filter(node, names)
        if isinstance(node, nodes.Test) and node.name in ("defined", "undefined"):
            return _PLAIN
        if isinstance(node, nodes.CondExpr):
            kinds = [self._kind(part, names) for part in (node.test, node.expr1, node.expr2) if part is not None][1:]
            return kinds[0] if all(kind == kinds[0] for kind in kinds) else _ANY
        for child in node.iter_child_nodes():
            self._kind(child, names)
        return _ANY

    def _name(self, node: nodes.Name, names: _Names) -> _Kind | None:
        if node.name not in names:
            self._fault(node.lineno, f"there is no '{node.name}' in a template", node.name, names)
            # Told once.
            names[node.name] = _ANY
        return names[node.name]

    def _field(self, kind: _Kind | None, name: object, line: int) -> _Kind | None:
        """Prove ``kind["name"]``, and return the kind of the value."""
        if kind is None or not isinstance(name, str) or not kind.components:
            return _one_of(kind) if isinstance(name, int) else _ANY
        if kind.is_list:
            whose = " or ".join(f"'{component.name}'" for component in kind.components)
            self.found.append(
                UnknownField(line, f"'{name}' is asked of a list of {whose}", "loop over it, or take [0]")
            )
            return _ANY
        found = [
            child for component in kind.components for child in [component.children.get(name)] if child is not None
        ]
        if found:
            return _Kind(tuple(found), is_list=True)
        if not any(name in _plain_names(component) for component in kind.components):
            whose = " or ".join(f"'{component.name}'" for component in kind.components)
            known = [one for component in kind.components for one in (*_plain_names(component), *component.children)]
            self._fault(line, f"{whose} has no field '{name}'", name, known)
            return _ANY
        return _PLAIN

    def _filter(self, node: nodes.Filter, names: _Names) -> _Kind | None:
        kind = None if node.node is None else self._kind(node.node, names)
        for argument in (*node.args, *(pair.value for pair in node.kwargs)):
            self._kind(argument, names)
        if node.name == "date":
            self._date(node)
        if kind is not None and kind.is_list:
            for name in _field_arguments(node):
                self._field(_Kind(kind.components), name, node.lineno)
            if node.name in _ONE_OF_LIST:
                return _Kind(kind.components)
        if node.name in _SAME_LIST or node.name in ("d", "default"):
            return kind
        return _ANY

    def _date(self, node: nodes.Filter) -> None:
        """Prove the form and the time zone of a filter `date`."""
        proofs: tuple[tuple[str, Callable[[str], object]], ...] = (("form", prove_form), ("zone", time_zone))
        for place, (keyword, prove) in enumerate(proofs):
            arguments = [*node.args[place : place + 1], *(pair.value for pair in node.kwargs if pair.key == keyword)]
            for argument in arguments:
                if isinstance(argument, nodes.Const) and isinstance(argument.value, str):
                    try:
                        prove(argument.value)
                    except (NoResult, ZoneUnknown) as fault:
                        self.found.append(UnknownField(node.lineno, str(fault), fault.mend))

    def _fault(self, line: int, text: str, name: str, known: Sequence[str] | _Names) -> None:
        names = list(dict.fromkeys(known))
        mend = nearest(name, names) or "it has " + ", ".join(f"'{one}'" for one in names[:12])
        self.found.append(UnknownField(line, text, mend))


def _plain_names(component: Component) -> Iterator[str]:
    yield from component.fields
    if component.text is not None:
        yield "value"
    if component.name == LINE_ITEM:
        yield "Level"


def _field_arguments(node: nodes.Filter) -> Iterator[str]:
    """List the names of fields among a filter's arguments. ``a.b`` goes further down, and isn't proven."""
    place, keyword = _FIELD_ARGUMENTS.get(node.name, (None, None))
    arguments = [] if place is None else node.args[place : place + 1]
    arguments += [pair.value for pair in node.kwargs if pair.key == keyword]
    for argument in arguments:
        if isinstance(argument, nodes.Const) and isinstance(argument.value, str) and "." not in argument.value:
            yield argument.value


def _one_of(kind: _Kind | None) -> _Kind | None:
    return _Kind(kind.components) if kind is not None and kind.is_list else _ANY


def _give(target: nodes.Node, kind: _Kind | None, names: _Names) -> None:
    """Give the names of a target their kind; of several, nothing is known."""
    if isinstance(target, nodes.Name):
        names[target.name] = kind
        return
    for name in target.find_all(nodes.Name):
        names[name.name] = _ANY
