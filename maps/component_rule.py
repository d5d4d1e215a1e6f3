"""A component rule makes the components of one kind, one for each source node that its conditions leave.

    each        the source nodes, by a path from the node of the rule above
    where       a condition that filters nodes silently
    assert      conditions that must hold for the remaining nodes
    fields      the rules of the component's fields
    below       the rules of its children
    flat        the nodes are rows with a key and a parent's key: they become a tree
    recurse     the nodes hold nodes that the same rule maps: they become the same tree

Rules call rules, as deep as the map is written. The data may be of any depth, and is walked by loops.

Spec: docs/design/road.md, "Data maps: the grammar"; docs/design/integration.md, "Data maps".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from integration_objects.definition import Component
from integration_objects.expression import ExpressionFault, FieldName
from integration_objects.field_values import shown
from integration_objects.property_set import PropertySet
from maps.failure import (
    AssertionFailed,
    ExpressionFailed,
    FieldUnfilled,
    MapFailed,
    NotInLookup,
    OwnAncestor,
    ParentMissing,
    RowKeyMissing,
    RowKeyTwice,
    TooMany,
    ValueUnfit,
)
from maps.field_rule import FieldRule, LookupMiss, Read, SourceExpression
from maps.path import ANSWERED, NIL, Find, ValuePath
from maps.scope import Position, Scope
from maps.shape import INTERNAL, Shape, Unfit

Watch = Callable[["ComponentRule", Scope, PropertySet], None]

#: The length of a text without a limit.
#: Larger than any text, so that the comparison of a length needs no second case.
_NO_BOUND = 1 << 62


@dataclass(eq=False)
class Owner:
    """The map of a rule, for failures. The version is set when all used maps are known."""

    name: str
    version: str = ""

    def __str__(self) -> str:
        # Twelve digits of the digest tell the versions of one map apart.
        return f"data map '{self.name}' (version {self.version[:12]})"


@dataclass(frozen=True, eq=False)
class Condition:
    """A `where` or an assertion: the expression, its place, and the text of a failed assertion."""

    source: SourceExpression
    where: str
    says: str = ""


@dataclass(frozen=True, eq=False)
class Flat:
    """The rules that make a tree of rows: each row's key, and its parent's key (null or empty for a root)."""

    key: FieldRule
    parent: FieldRule


@dataclass(frozen=True, eq=False)
class Nesting:
    """A way to source nodes, and the rule that maps them."""

    find: Find
    rule: ComponentRule


@dataclass(eq=False)
class ComponentRule:
    """The compiled rule for the components of one kind.

    Attributes:
        owner: the map.
        component: the target's component.
        shape: the shape of the target.
        single: whether the target takes one such component at most.
        position: the rule's place in the source.
        where: file:line:column of the rule.
        entries: the ways to the source nodes, from the scope of the rule above.
        filters, assertions: conditions on each node.
        fields: the field rules, in the map's order.
        below: the children's rules, in the order of the target's definition.
        flat: the keys of flat rows.
        recurse: the ways from a node to those within it.
        variants: the same rule, compiled for source components of other kinds.
    """

    owner: Owner
    component: Component
    shape: Shape
    single: bool
    position: Position
    where: str
    entries: tuple[Nesting, ...] = ()
    filters: tuple[Condition, ...] = ()
    assertions: tuple[Condition, ...] = ()
    fields: list[FieldRule] = field(default_factory=list)
    below: list[ComponentRule] = field(default_factory=list)
    flat: Flat | None = None
    recurse: tuple[Nesting, ...] = ()
    variants: list[ComponentRule] = field(default_factory=list)
    #: For each field of `_fill`: name, reader, accepted texts, `_plain_length`, rule.
    _plan: list[tuple[str, Read, set[str], int, FieldRule]] = field(default_factory=list)
    _order: dict[str, int] = field(default_factory=dict)

    def seal(self) -> None:
        """Prepare the fast paths of the complete rule. Changes the rule."""
        names = list(self.component.children)
        self._order = {self.shape.child_type(name): number for number, name in enumerate(names)}
        self.below.sort(key=lambda rule: names.index(rule.component.name))
        self._plan = [(rule.field.name, rule.read, rule.good, _plain_length(rule), rule) for rule in self.fields]

    def make(self, scope: Scope, watch: Watch | None = None) -> list[PropertySet]:
        """Make the components for the source nodes beneath *scope*.

        Args:
            scope: the scope of the rule above.
            watch: is called with each made component (for traces).

        Raises:
            MapFailed: as its subclasses say.
        """
        if self.flat is not None:
            return self._make_tree(self.flat, self.entries[0].find(scope), watch)
        if self.recurse:
            return self._make_nested(_found(self.entries, scope), watch)
        if len(self.entries) == 1:
            # Nearly every rule has one way to its nodes: pairs of rule and node would only cost time.
            made = [self._make_one(below, watch) for below in self.entries[0].find(scope)]
        else:
            made = [rule._make_one(below, watch) for rule, below in _found(self.entries, scope)]
        nodes = [node for node in made if node is not None]
        if len(nodes) > 1 and self.single:
            # Found once more for the error only: a made component doesn't know the source node that it came from.
            wanted = [below for rule, below in _found(self.entries, scope) if rule._is_wanted(below)]
            raise self._failed(TooMany, wanted[1], self.where)
        return nodes

    def _make_one(self, scope: Scope, watch: Watch | None) -> PropertySet | None:
        """Make the component for one node, with its children; None for a filtered node."""
        if self.filters and not self._is_wanted(scope):
            return None
        for assertion in self.assertions:
            self._assert(assertion, scope)
        node = PropertySet(self.component.name, "", self._fill(scope), [], scope.node.origin)
        # A map fills a component's own text like a field called `.`; in the tree it is the node's value. A value is
        # never null, so that a property says so.
        if self.component.text is not None and "." in node.properties:
            text = node.properties.pop(".")
            node.value = text or ""
            if text is None and NIL in self.component.fields:
                node.properties[NIL] = "Y"
        for rule in self.below:
            children = rule.make(scope, watch)
            if children:
                self.shape.hang(node, children, rule.component.name)
        if watch is not None:
            watch(self, scope, node)
        return node

    def _fill(self, scope: Scope) -> dict[str, str | None]:
        """Read the properties of a component."""
        properties: dict[str, str | None] = {}
        rule = None
        try:
            for name, read, good, plain, rule in self._plan:
                text = read(scope)
                if text is None:
                    text = rule.default
                    if text is None:
                        if rule.field.required:
                            raise self._unfilled(rule, scope)
                        if rule.carries_null(scope):
                            properties[name] = None
                        continue
                # All signs that XML forbids are unprintable to Python: nearly every text is accepted without a call.
                if text not in good and not (len(text) <= plain and text.isprintable()):
                    rule.accept(text)
                properties[name] = text
        except (ExpressionFault, LookupMiss, Unfit) as cause:
            assert rule is not None  # noqa: S101  # only a rule's reader and check raise these
            raise self._field_failed(rule, cause, scope) from cause
        return properties

    def _make_tree(self, flat: Flat, scopes: list[Scope], watch: Watch | None) -> list[PropertySet]:
        """Make a tree of flat rows, which may come in any order."""
        rows: dict[str, tuple[Scope, PropertySet]] = {}
        parents: dict[str, str] = {}
        roots: list[PropertySet] = []
        for scope in scopes:
            node = self._make_one(scope, watch)
            if node is None:
                continue
            key = self._key_text(flat.key, scope)
            if not key:
                found = "null" if key is None else "empty"
                raise self._row_failed(RowKeyMissing, flat.key, scope, found=found)
            if key in rows:
                first = rows[key][0].node
                raise self._row_failed(RowKeyTwice, flat.key, scope, key=shown(key), first=first)
            # All rows first, their parents afterwards: a row may come before its parent.
            rows[key] = scope, node
            parent = self._key_text(flat.parent, scope)
            if parent:
                parents[key] = parent
            else:
                roots.append(node)
        self._prove_parents(flat, scopes, rows, parents)
        for key, parent in parents.items():
            self.shape.hang(rows[parent][1], [rows[key][1]], self.component.name)
        self._put_in_order(node for _, node in rows.values())
        return roots

    def _key_text(self, rule: FieldRule, scope: Scope) -> str | None:
        try:
            return rule.read(scope)
        except (ExpressionFault, LookupMiss) as cause:
            raise self._field_failed(rule, cause, scope) from cause

    def _prove_parents(
        self,
        flat: Flat,
        scopes: list[Scope],
        rows: dict[str, tuple[Scope, PropertySet]],
        parents: dict[str, str],
    ) -> None:
        """Refuse a row whose parent isn't there, and a row above itself."""
        # Rows that are known to end at a root: without them, the rows of a deep tree would be walked once for each row
        # below.
        proven: set[str] = set()
        for start in rows:
            way: dict[str, None] = {}
            key = start
            while key not in proven:
                if key in way:
                    circle = [*way][list(way).index(key) :]
                    # A circle may hold all rows of a message, and an error is read by people.
                    names = [*circle, key] if len(circle) <= 10 else [*circle[:10], "...", key]
                    way_round = " > ".join(names)
                    raise self._row_failed(OwnAncestor, flat.parent, rows[key][0], key=shown(key), circle=way_round)
                way[key] = None
                parent = parents.get(key)
                if parent is None:
                    break
                if parent not in rows:
                    # Only for the error: a parent that the map filters out is another mistake than a parent that was
                    # never sent.
                    is_filtered = any(self._key_text(flat.key, scope) == parent for scope in scopes)
                    reason = f"no row has this {flat.key.text}"
                    raise self._row_failed(
                        ParentMissing,
                        flat.parent,
                        rows[key][0],
                        key=shown(key),
                        parent=shown(parent),
                        reason="that row is filtered out by `where`" if is_filtered else reason,
                    )
                key = parent
            proven.update(way)

    def _make_nested(self, found: list[tuple[ComponentRule, Scope]], watch: Watch | None) -> list[PropertySet]:
        """Make a tree of nodes that hold nodes which the same rule maps."""
        roots: list[PropertySet] = []
        nodes: list[PropertySet] = []
        stack: list[tuple[ComponentRule, Scope, PropertySet | None]] = [(*one, None) for one in reversed(found)]
        while stack:
            rule, scope, above = stack.pop()
            node = rule._make_one(scope, watch)
            if node is None:
                continue
            nodes.append(node)
            if above is None:
                roots.append(node)
            else:
                self.shape.hang(above, [node], self.component.name)
            # `..` stays the node from which the recursion was entered, however deep it goes.
            stack.extend(
                (inner_rule, scope.beside(inner.node), node)
                for inner_rule, inner in reversed(_found(rule.recurse, scope))
            )
        self._put_in_order(nodes)
        return roots

    def _put_in_order(self, nodes: Iterable[PropertySet]) -> None:
        """Sort the children into the definition's order: nested components were put behind the others."""
        if not self.below:
            return
        order = self._order
        for node in nodes:
            if len(node.children) > 1:
                # A stable sort: siblings of one kind keep their order.
                node.children.sort(key=lambda child: order[child.type])

    def _is_wanted(self, scope: Scope) -> bool:
        return all(self._holds(condition, scope) for condition in self.filters)

    def _assert(self, assertion: Condition, scope: Scope) -> None:
        if not self._holds(assertion, scope):
            expression, values = assertion.source.expression.text, _values(assertion.source, scope)
            failure = self._failed(
                AssertionFailed, scope, assertion.where, says=assertion.says, expression=expression, values=values
            )
            raise _at_field(failure, assertion.source, scope)

    def _holds(self, condition: Condition, scope: Scope) -> bool:
        try:
            return condition.source.expression.is_true(scope)
        except (ExpressionFault, LookupMiss) as cause:
            failure = ExpressionFailed(
                f"{self.owner} can't evaluate a condition on '{self.component.name}'",
                node=scope.node,
                where=condition.where,
                why=_why(condition.source, cause, scope),
                mend=_mend(cause),
                map=self.owner.name,
            )
            raise _at_field(failure, condition.source, scope) from cause

    def _unfilled(self, rule: FieldRule, scope: Scope) -> MapFailed:
        names = " and ".join(f"'{path.text}'" for path in rule.source.references)
        why = f"{rule.text} is null and the map gives no default"
        if rule.form in ("reference", "lookup"):
            why = f"source field {names} is absent and the map gives no default"
        line = rule.where.split(":")[-2] if rule.where.count(":") >= 2 else ""
        mend = f"add a default in line {line}" if line else "add a default"
        file = rule.source.references[0].component.where.split(":")[0] if rule.source.references else ""
        if any(path.text.startswith(ANSWERED) for path in rule.source.references):
            # Required or not: a message that can't be read has no fields.
            mend += ": a message that can't be read is answered, too, and gives no values"
        elif file:
            mend += f", or make {names} required in {file}"
        return self._field_failure(FieldUnfilled, rule, scope, why=why, mend=mend)

    def _field_failed(self, rule: FieldRule, cause: ExpressionFault | LookupMiss | Unfit, scope: Scope) -> MapFailed:
        kind: type[MapFailed] = ValueUnfit
        if isinstance(cause, LookupMiss):
            kind = NotInLookup
        elif isinstance(cause, ExpressionFault):
            kind = ExpressionFailed
        why = _why(rule.source, cause, scope)
        return self._field_failure(kind, rule, scope, why=why, mend=_mend(cause))

    def _field_failure(self, kind: type[MapFailed], rule: FieldRule, scope: Scope, **values: Any) -> MapFailed:
        """Make the failure of a field's rule."""
        return _at_field(self._failed(kind, scope, rule.where, field=rule.field.name, **values), rule.source, scope)

    def _row_failed(self, kind: type[MapFailed], rule: FieldRule, scope: Scope, **values: Any) -> MapFailed:
        """Make the failure of a row's key, or of its parent's key."""
        failure = self._failed(kind, scope, rule.where, expression=rule.text, **values)
        return _at_field(failure, rule.source, scope)

    def _failed(self, kind: type[MapFailed], scope: Scope, where: str, **values: Any) -> MapFailed:
        """Make the failure of this rule on a node. `DataMap.apply` adds the node's place."""
        return kind(node=scope.node, where=where, map=self.owner, component=self.component.name, **values)


def _at_field(failure: MapFailed, source: SourceExpression, scope: Scope) -> MapFailed:
    """Make the one source field that an expression reads the failure's place; return the same failure."""
    paths = {path.text: path for path in source.references}
    if len(paths) == 1:
        (path,) = paths.values()
        failure.node = (path.holder(scope) if _is_readable(path, scope) else None) or failure.node
        failure.source_field = path.field.name if path.field is not None else ""
    return failure


def _found(ways: tuple[Nesting, ...], scope: Scope) -> list[tuple[ComponentRule, Scope]]:
    """Find the source nodes of several ways, in the order in which they stand in the source."""
    found = [(way.rule, below) for way in ways for below in way.find(scope)]
    if len(ways) > 1:
        places = {id(node): place for place, node in enumerate(scope.node.walk())}
        # A node of the answered message stands elsewhere, behind those of the source.
        found.sort(key=lambda one: places.get(id(one[1].node), len(places)))
    return found


def _plain_length(rule: FieldRule) -> int:
    """Give the length up to which a printable text fits without a check; -1 if each text needs one."""
    target = rule.field
    if target.values or (rule.shape is INTERNAL and target.type != "text"):
        return -1
    return _NO_BOUND if target.length is None else target.length


def _why(source: SourceExpression, cause: ExpressionFault | LookupMiss | Unfit, scope: Scope) -> str:
    text = source.expression.text
    if isinstance(cause, LookupMiss):
        return f"{text}: look-up table '{cause.table.name}' has no code {shown(cause.code)}, and no default"
    if isinstance(cause, ExpressionFault):
        column = f" (column {cause.column})" if cause.column else ""
        return f"{text}{column}: {cause.why}{_values(source, scope)}"
    return f"{text}: {cause}{'' if isinstance(source.expression.tree, FieldName) else _values(source, scope)}"


def _mend(cause: ExpressionFault | LookupMiss | Unfit) -> str:
    if isinstance(cause, LookupMiss):
        return f"add the code at {cause.table.where}, or give a default"
    if isinstance(cause, ExpressionFault):
        return cause.mend
    return "correct the message, or convert the value in the map"


def _values(source: SourceExpression, scope: Scope) -> str:
    """Write the values that an expression read, for an error: ``, where [QTY] is 'ten'``."""
    found = dict.fromkeys(
        f"[{path.text}] is {_shown_value(path, scope)}" for path in source.references if _is_readable(path, scope)
    )
    return ", where " + ", ".join(found) if found else ""


def _shown_value(path: ValuePath, scope: Scope) -> str:
    text = path.raw(scope)
    return "null" if text is None else shown(text)


def _is_readable(path: ValuePath, scope: Scope) -> bool:
    """Tell whether a path can be read for an error: a path whose condition fits several nodes would fail once more."""
    try:
        path.holder(scope)
    except ExpressionFault:
        return False
    return True
