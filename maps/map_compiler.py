"""The compiler of maps: from a document's rules to component rules, proven against the source and the target.

Spec: docs/design/road.md, "Data maps: the grammar".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from integration_objects.declaration import NAME_KNOWN, DeclarationFault, Node
from integration_objects.definition import Component, Field
from integration_objects.expression import ExpressionFault
from integration_objects.nearest import nearest
from maps.component_rule import ComponentRule, Condition, Flat, Nesting
from maps.field_rule import (
    FieldRule,
    SourceExpression,
    compile_field_rule,
    compile_source_expression,
    constant_text,
)
from maps.map_document import CHILD_KEYS, FLAT_KEYS, USE_KEYS, Document
from maps.path import ANSWERED, Find, node_path
from maps.path_steps import PathUnknown
from maps.scope import Position
from maps.shape import EXTERNAL, Unfit, shape_of

Report = Callable[[DeclarationFault], None]

#: The name of a component's own text among the fields of a rule.
OWN_TEXT = "."

#: Names that an error lists.
_LISTED = 12


@dataclass(frozen=True, eq=False)
class _Place:
    """A way to source nodes: the function that finds them, their position, and whether there may be several."""

    find: Find
    position: Position
    many: bool


def _paths(node: Node) -> list[Node]:
    """Return the paths of `each` or `recurse`: one, or a list."""
    return list(node.sequence()) if node.kind == "sequence" else [node]


class Compiler:
    """Compiles the rules of one document. A used map is compiled again for each place that uses it."""

    def __init__(
        self, document: Document, documents: Mapping[str, Document], report: Report, users: tuple[str, ...]
    ) -> None:
        self._document = document
        self._documents = documents
        self._report = report
        self._users = users

    def compile_document(self) -> ComponentRule | None:
        """Compile the rule of the document's own component, at the place of its `from`."""
        document = self._document
        try:
            places = self._each(document.parts.get("each"), document.position)
            # An external target is one root element; an internal one is a message of any number of instances.
            single = document.target.external and not document.is_fragment
            self._prove_single(document.parts, places, single, document.made, document.node)
            return self._rule(document.parts, document.node, document.made, single, places)
        except DeclarationFault as fault:
            self._report(fault)
            return None

    def compile_used(self, places: list[_Place], single: bool, made: Component) -> ComponentRule:
        """Compile the rule of the document's own component, at the places where another map uses it."""
        return self._rule(self._document.parts, self._document.node, made, single, places)

    def _rule(
        self, parts: Mapping[str, Node], node: Node, made: Component, single: bool, places: list[_Place]
    ) -> ComponentRule:
        """Compile a rule once for each kind of source component that it maps."""
        variants: dict[tuple[Component, Position | None], ComponentRule] = {}
        walked: set[str] = set()

        def variant(position: Position) -> ComponentRule:
            key = (position.component, position.above)
            if key not in variants:
                # Kept before its recursion is compiled, which may lead back to it.
                variants[key] = rule = self._variant(parts, node, made, single, position)
                if "recurse" in parts:
                    self._guarded(lambda: self._add_recurse(rule, parts["recurse"], variant, walked))
            return variants[key]

        entries = tuple(Nesting(place.find, variant(place.position)) for place in places)
        if "recurse" in parts:
            for path in _paths(parts["recurse"]):
                if path.text() not in walked:
                    self._guarded(lambda path=path: self._node_path(path, places[0].position))  # type: ignore[misc]
        rule = entries[0].rule
        rule.entries = entries
        rule.variants = [other for other in variants.values() if other is not rule]
        if "flat" in parts:
            self._guarded(lambda: self._add_flat(rule, parts["flat"], len(places)))
        return rule

    def _variant(
        self, parts: Mapping[str, Node], node: Node, made: Component, single: bool, position: Position
    ) -> ComponentRule:
        """Compile a rule for one kind of source component."""
        rule = ComponentRule(
            owner=self._document.owner,
            component=made,
            shape=shape_of(self._document.target),
            single=single,
            position=position,
            where=node.where,
            filters=self._filters(parts, position),
            assertions=self._assertions(parts, position),
        )
        if "fields" in parts:
            for key, value in parts["fields"].items():
                self._guarded(lambda key=key, value=value: self._add_field(rule, key, value))  # type: ignore[misc]
        if "children" in parts:
            for child in parts["children"].sequence():
                self._guarded(lambda child=child: rule.below.append(self._child(rule, child)))  # type: ignore[misc]
        rule.seal()
        return rule

    def _guarded(self, step: Callable[[], object]) -> None:
        """Run a step, report its fault, and go on, so that one reading finds all faults."""
        try:
            step()
        except DeclarationFault as fault:
            self._report(fault)

    def _child(self, above: ComponentRule, node: Node) -> ComponentRule:
        parts = node.mapping(optional=CHILD_KEYS)
        if "use" in parts:
            node.mapping(required=["use"], optional=USE_KEYS)
            return self._used(above, node, parts)
        if "make" not in parts:
            raise node.fault("the rule makes nothing", mend="add `make`, or `use`")
        if "flat" in parts and "recurse" in parts:
            raise parts["flat"].fault("rows are either flat or nested", mend="take `flat` or `recurse` away")
        made = self._made(above, parts["make"], parts["make"].text())
        places = self._each(parts.get("each"), above.position)
        single = self._is_single(above.component, made)
        self._prove_single(parts, places, single, made, node)
        return self._rule(parts, node, made, single, places)

    def _used(self, above: ComponentRule, node: Node, parts: Mapping[str, Node]) -> ComponentRule:
        name = parts["use"].text()
        used = self._documents.get(name)
        if used is None:
            raise parts["use"].fault(f"there is no map '{name}'", mend=nearest(name, self._documents) or "add its file")
        self._document.uses[name] = None
        users = (*self._users, self._document.name)
        if name in users:
            raise parts["use"].fault(
                f"data map '{name}' uses itself",
                "it goes " + " > ".join([*users[users.index(name) :], name]),
                mend="walk nested components by `recurse`",
            )
        if "each" in used.parts:
            raise used.parts["each"].fault(
                f"data map '{name}' is used by '{self._document.name}' and has an `each` of its own",
                "the map that uses it gives the source nodes",
                mend="take it away",
            )
        if shape_of(used.target) is not above.shape:
            raise parts["use"].fault(
                f"data map '{name}' makes parts of '{used.target.name}', which can't stand in "
                f"'{self._document.target.name}'",
                "one of the two is the hub's own object, the other an external one",
                mend="use a map whose target is of the same kind",
            )
        made = self._made(above, parts["use"], used.made.name)
        places = self._each(parts.get("each"), above.position)
        single = self._is_single(above.component, made)
        self._prove_single(parts, places, single, made, node)
        # Compiled once more: its paths are resolved from the place where it is used.
        inner = Compiler(used, self._documents, self._report, users)
        rule = inner.compile_used(places, single, made)
        for variant in (rule, *rule.variants):
            # The user's conditions first: the used map's conditions may rely on them.
            variant.filters = (*self._filters(parts, variant.position), *variant.filters)
            variant.assertions = (*self._assertions(parts, variant.position), *variant.assertions)
        return rule

    def _made(self, above: ComponentRule, node: Node, name: str) -> Component:
        made = above.component.children.get(name)
        if made is None and name in above.component.fields:
            raise node.fault(
                f"'{name}' is a field of '{above.component.name}', not a component", mend="fill it at `fields`"
            )
        if made is None:
            raise node.fault(
                f"'{above.component.name}' has no component '{name}'",
                "it has " + _listed(above.component.children),
                mend=nearest(name, above.component.children) or NAME_KNOWN,
            )
        return made

    def _is_single(self, holder: Component, made: Component) -> bool:
        least_most = holder.occurs.get(made.name)
        return least_most is not None and least_most[1] == 1

    def _prove_single(
        self, parts: Mapping[str, Node], places: list[_Place], single: bool, made: Component, node: Node
    ) -> None:
        many = len(places) > 1 or places[0].many or "flat" in parts or "recurse" in parts
        # With a filter, only the message can tell: `TooMany` refuses the second component then.
        if many and single and "where" not in parts:
            raise parts.get("each", node).fault(
                f"`each` may match more than once, and the target takes one '{made.name}'",
                mend="let `where` or a condition leave one, A[B='x'], or write a number: A[1]",
            )

    def _each(self, node: Node | None, position: Position) -> list[_Place]:
        """Resolve the path, or the list of paths, to a rule's source nodes."""
        if node is None:
            return [_Place(*node_path(".", position))]
        return [_Place(*self._node_path(path, position)) for path in _paths(node)]

    def _node_path(self, node: Node, position: Position) -> tuple[Find, Position, bool]:
        try:
            return node_path(node.text(), position)
        except PathUnknown as unknown:
            mend = unknown.mend
            if position.above is None and node.text() == position.component.name:
                mend = f"'{node.text()}' is where the rule stands already: leave `each` out"
            raise node.fault(unknown.why, mend=mend) from unknown

    def _filters(self, parts: Mapping[str, Node], position: Position) -> tuple[Condition, ...]:
        if "where" not in parts:
            return ()
        node = parts["where"]
        source = self._expression(node, position)
        return () if source is None else (Condition(source, node.where),)

    def _assertions(self, parts: Mapping[str, Node], position: Position) -> tuple[Condition, ...]:
        found = []
        for key, says in parts["assert"].items() if "assert" in parts else []:
            source = self._expression(key, position)
            if source is not None:
                found.append(Condition(source, key.where, says.text()))
        return tuple(found)

    def _expression(self, node: Node, position: Position) -> SourceExpression | None:
        """Compile a condition; None if its fault was reported."""
        try:
            return compile_source_expression(node.text(), position, self._document.language)
        except ExpressionFault as fault:
            self._report(_expression_fault(node, fault))
            return None

    def _add_field(self, rule: ComponentRule, key: Node, node: Node) -> None:
        component = rule.component
        target = component.fields.get(key.text())
        if target is None and key.text() == OWN_TEXT and component.text is not None:
            target = Field(OWN_TEXT, component.text)
        if target is None:
            if key.text() in component.children:
                raise key.fault(
                    f"'{key.text()}' is a component of '{component.name}', not a field",
                    mend="make it at `children`",
                )
            raise key.fault(
                f"'{component.name}' has no field '{key.text()}'",
                mend=nearest(key.text(), component.fields) or _fields(component),
            )
        value, default = node, None
        if node.kind == "mapping":
            parts = node.mapping(required=["value"], optional=["default"])
            value, default = parts["value"], parts.get("default")
        if default is not None:
            why = rule.shape.unfit(target, default.text())
            if why is not None:
                raise default.fault(f"the default doesn't fit '{target.name}'", why, mend="write one that fits")
        rule.fields.append(self._field_rule(rule, target, value, None if default is None else default.text()))

    def _field_rule(self, rule: ComponentRule, target: Field, node: Node, default: str | None) -> FieldRule:
        try:
            compiled = compile_field_rule(target, rule.shape, node, default, rule.position, self._document.language)
        except ExpressionFault as fault:
            raise _expression_fault(node, fault) from fault
        except Unfit as fault:
            raise node.fault(
                f"the constant doesn't fit '{target.name}'", str(fault), mend="write one that fits"
            ) from fault
        constant = constant_text(compiled)
        why = None if constant is None else rule.shape.unfit(target, constant)
        if why is not None:
            raise node.fault(f"the constant doesn't fit '{target.name}'", why, mend="write one that fits")
        return compiled

    def _add_flat(self, rule: ComponentRule, node: Node, places: int) -> None:
        parts = node.mapping(required=FLAT_KEYS, optional=[])
        if places > 1:
            raise node.fault("rows of several kinds can't be put into one tree", mend="give `each` one path")
        self._prove_nesting(rule, node)
        key = self._row_rule(rule, "key", parts["key"])
        rule.flat = Flat(key, self._row_rule(rule, "parent", parts["parent"]))

    def _row_rule(self, rule: ComponentRule, name: str, node: Node) -> FieldRule:
        try:
            # A row's key is compared and never stored: it is read as a field of an external object, which takes any
            # text.
            return compile_field_rule(Field(name), EXTERNAL, node, None, rule.position, self._document.language)
        except ExpressionFault as fault:
            raise _expression_fault(node, fault) from fault

    def _add_recurse(
        self,
        rule: ComponentRule,
        node: Node,
        variant: Callable[[Position], ComponentRule],
        walked: set[str],
    ) -> None:
        """Add the ways from a node to those within it; note the paths that the node's component has in *walked*."""
        self._prove_nesting(rule, node)
        for path in _paths(node):
            text = path.text()
            if text in ("", ".") or text.startswith(ANSWERED):
                raise path.fault(f"'{text}' leads to no node within the node", mend="name a child component")
            try:
                find, position, _ = node_path(text, rule.position)
            except PathUnknown:
                # Another component that the recursion meets may have the path. If none has, `_rule` reports a fault.
                continue
            walked.add(text)
            inner = rule.position.beside(position.component)
            rule.recurse = (*rule.recurse, Nesting(find, variant(inner)))

    def _prove_nesting(self, rule: ComponentRule, node: Node) -> None:
        if rule.component.children.get(rule.component.name) is not rule.component:
            raise node.fault(
                f"a '{rule.component.name}' of '{self._document.target.name}' can't hold others of its kind",
                "the rows become a tree of the component that is made",
                mend="make a nested component of the rows, or take 'flat' away",
            )


def _fields(component: Component) -> str:
    return f"it has {_listed(component.fields)}" if component.fields else "it has no fields"


def _listed(names: Iterable[str]) -> str:
    """List names for an error; a component of a large schema has a hundred."""
    known = [f"'{name}'" for name in names]
    shown = ", ".join(known[:_LISTED]) or "none"
    return shown if len(known) <= _LISTED else f"{shown} and {len(known) - _LISTED} more"


def _expression_fault(node: Node, fault: ExpressionFault) -> DeclarationFault:
    column = f"column {fault.column}: " if fault.column else ""
    return node.fault(f"expression {fault.expression!r} is not understood", column + fault.why, mend=fault.mend)
