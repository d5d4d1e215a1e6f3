"""A component rule: how the components of one kind are made, one for each source node that is left.

    each        the source nodes, by a path from the node where the rule above stands
    where       filters them, silently
    assert      must hold for those that are left
    fields      fill the component
    below       the rules of its children
    flat        the nodes are rows with a key and a parent's key: they become a tree
    recurse     the nodes hold nodes of their own kind: they become the same tree

Rules call rules, as deep as the map is written; the data, which may be as deep as it likes, is walked by
loops.

Source: spec: docs/design/road.md, "Data maps: the grammar"; docs/design/integration.md, "Data maps".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from integration_objects.complex_object import list_of
from integration_objects.definition import Component
from integration_objects.expression import ExpressionFault, FieldName
from integration_objects.field_values import shown
from integration_objects.property_set import PropertySet
from maps.failure import (
    AssertionFailed,
    ExpressionFailed,
    FieldUnfilled,
    KeyMissing,
    KeyTwice,
    MapFailed,
    NotInLookup,
    OwnAncestor,
    ParentMissing,
    TooMany,
    ValueUnfit,
)
from maps.field_rule import FieldRule, LookupMiss, Read, SourceExpression, Unfit
from maps.path import NIL, Find, Position, Scope, place_of

Watch = Callable[["ComponentRule", Scope, PropertySet], None]

#: The length of a text that has no bound.
_NO_BOUND = 1 << 62


@dataclass(eq=False)
class Owner:
    """The map that a rule stands in, as failures name it; the version is set when all it uses is known."""

    name: str
    version: str = ""

    def __str__(self) -> str:
        return f"data map '{self.name}' (version {self.version[:12]})"


@dataclass(eq=False)
class Work:
    """One application of a map: the source's tree, and who watches what is made (None for nobody)."""

    tree: PropertySet
    watch: Watch | None = None


@dataclass(frozen=True, eq=False)
class Condition:
    """A `where` or an assertion: the expression, its place, and what an assertion says when it fails."""

    source: SourceExpression
    where: str
    says: str = ""


@dataclass(frozen=True, eq=False)
class Flat:
    """What makes a tree of rows: each row's key, and its parent's key (null or empty for a root)."""

    key: FieldRule
    parent: FieldRule


@dataclass(eq=False)
class ComponentRule:
    """How the components of one kind are made.

    Attributes:
        owner: the map.
        component: the target's component.
        external: whether the target is an external object.
        single: whether the target takes one such component at most.
        position: where the rule stands in the source.
        where: file:line:column of the rule.
        find: the source nodes, from the scope of the rule above.
        filters, assertions: conditions on each node.
        fields: the field rules, in the map's order.
        below: the children's rules, in the order of the target's definition.
        flat: the keys of flat rows.
        recurse: the nodes of the same kind within a node.
    """

    owner: Owner
    component: Component
    external: bool
    single: bool
    position: Position
    where: str
    find: Find
    filters: tuple[Condition, ...] = ()
    assertions: tuple[Condition, ...] = ()
    fields: list[FieldRule] = field(default_factory=list)
    below: list[ComponentRule] = field(default_factory=list)
    flat: Flat | None = None
    recurse: Find | None = None
    #: What `_fill` runs on: name, reader, accepted texts, `_plain_length`, rule.
    _plan: list[tuple[str, Read, set[str], int, FieldRule]] = field(default_factory=list)
    _order: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.list_type = list_of(self.component.name)

    def seal(self) -> None:
        """Put together what the fast paths need, once the rule is complete. Changes the rule."""
        names = list(self.component.children)
        self._order = {name if self.external else list_of(name): n for n, name in enumerate(names)}
        self.below.sort(key=lambda rule: names.index(rule.component.name))
        self._plan = [(rule.field.name, rule.read, rule.good, _plain_length(rule), rule) for rule in self.fields]

    def make(self, scope: Scope, work: Work) -> list[PropertySet]:
        """Make the components for the source nodes beneath *scope*.

        Raises:
            MapFailed: as its subclasses say.
        """
        scopes = self.find(scope)
        if self.flat is not None:
            return self._make_tree(self.flat, scopes, work)
        if self.recurse is not None:
            return self._make_nested(self.recurse, scopes, work)
        made = []
        for one in scopes:
            node = self._make_one(one, work)
            if node is not None:
                made.append(node)
        if len(made) > 1 and self.single:
            second = [one for one in scopes if self._is_wanted(one, work)][1]
            raise self._failed(
                TooMany,
                f"makes a second '{self.component.name}'",
                second,
                work,
                self.where,
                "the target takes one",
                "let `where` leave one, or give `each` a number: A[1]",
            )
        return made

    def _make_one(self, scope: Scope, work: Work) -> PropertySet | None:
        """The component for one node, with its children; None where the node is filtered."""
        if self.filters and not self._is_wanted(scope, work):
            return None
        for assertion in self.assertions:
            self._assert(assertion, scope, work)
        children: list[PropertySet] = []
        node = PropertySet(self.component.name, "", self._fill(scope, work), children, scope.node.origin)
        if self.component.text is not None and "." in node.properties:
            text = node.properties.pop(".")
            node.value = text or ""
            if text is None and NIL in self.component.fields:
                node.properties[NIL] = "Y"
        for rule in self.below:
            made = rule.make(scope, work)
            if not made:
                continue
            if self.external:
                children.extend(made)
            elif children and children[-1].type == rule.list_type:
                children[-1].children.extend(made)
            else:
                children.append(PropertySet(rule.list_type, children=made))
        if work.watch is not None:
            work.watch(self, scope, node)
        return node

    def _fill(self, scope: Scope, work: Work) -> dict[str, str | None]:
        """The properties of a component."""
        properties: dict[str, str | None] = {}
        rule = None
        try:
            for name, read, good, plain, rule in self._plan:
                text = read(scope)
                if text is None:
                    text = rule.default
                    if text is None:
                        if rule.field.required:
                            raise self._unfilled(rule, scope, work)
                        if rule.carries_null(scope):
                            properties[name] = None
                        continue
                if text not in good and not (len(text) <= plain and text.isprintable()):
                    rule.accept(text)
                properties[name] = text
        except (ExpressionFault, LookupMiss, Unfit) as cause:
            assert rule is not None  # noqa: S101  # only a rule's reader and check raise these
            raise self._field_failed(rule, cause, scope, work) from cause
        return properties

    # Trees from rows, and trees from trees.

    def _make_tree(self, flat: Flat, scopes: list[Scope], work: Work) -> list[PropertySet]:
        rows: dict[str, tuple[Scope, PropertySet]] = {}
        parents: dict[str, str] = {}
        roots: list[PropertySet] = []
        for scope in scopes:
            node = self._make_one(scope, work)
            if node is None:
                continue
            key = self._row_key(flat, scope, work)
            if key in rows:
                raise self._failed(
                    KeyTwice,
                    f"finds the key {shown(key)} of '{self.component.name}' twice",
                    scope,
                    work,
                    flat.key.where,
                    f"{flat.key.text} is {shown(key)} at {self._place(rows[key][0], work)} too",
                    "give each row a key of its own",
                )
            rows[key] = scope, node
            parent = self._key_text(flat.parent, scope, work)
            if parent:
                parents[key] = parent
            else:
                roots.append(node)
        self._prove_parents(flat, scopes, rows, parents, work)
        for key, parent in parents.items():
            self._hang(rows[key][1], rows[parent][1])
        self._put_in_order(node for _, node in rows.values())
        return roots

    def _row_key(self, flat: Flat, scope: Scope, work: Work) -> str:
        key = self._key_text(flat.key, scope, work)
        if key:
            return key
        raise self._failed(
            KeyMissing,
            f"finds no key of '{self.component.name}'",
            scope,
            work,
            flat.key.where,
            f"{flat.key.text} is {'null' if key is None else 'empty'}",
            "give each row a key",
        )

    def _key_text(self, rule: FieldRule, scope: Scope, work: Work) -> str | None:
        try:
            return rule.read(scope)
        except (ExpressionFault, LookupMiss) as cause:
            raise self._field_failed(rule, cause, scope, work) from cause

    def _prove_parents(
        self,
        flat: Flat,
        scopes: list[Scope],
        rows: dict[str, tuple[Scope, PropertySet]],
        parents: dict[str, str],
        work: Work,
    ) -> None:
        """Every row's parent must be there, and no row may be above itself."""
        proven: set[str] = set()
        for start in rows:
            way: dict[str, None] = {}
            key = start
            while key not in proven:
                if key in way:
                    raise self._own_ancestor(flat, [*way][list(way).index(key) :], rows, work)
                way[key] = None
                parent = parents.get(key)
                if parent is None:
                    break
                if parent not in rows:
                    raise self._parent_missing(flat, key, parent, scopes, rows, work)
                key = parent
            proven.update(way)

    def _parent_missing(
        self,
        flat: Flat,
        key: str,
        parent: str,
        scopes: list[Scope],
        rows: dict[str, tuple[Scope, PropertySet]],
        work: Work,
    ) -> MapFailed:
        is_filtered = any(self._key_text(flat.key, scope, work) == parent for scope in scopes)
        return self._failed(
            ParentMissing,
            f"finds no parent of '{self.component.name}' {shown(key)}",
            rows[key][0],
            work,
            flat.parent.where,
            f"{flat.parent.text} is {shown(parent)}, and "
            + ("that row is filtered out by `where`" if is_filtered else f"no row has this {flat.key.text}"),
            "name a parent that is in the list, or none for a root",
        )

    def _own_ancestor(
        self, flat: Flat, circle: list[str], rows: dict[str, tuple[Scope, PropertySet]], work: Work
    ) -> MapFailed:
        shown_keys = [*circle, circle[0]] if len(circle) <= 10 else [*circle[:10], "...", circle[0]]
        return self._failed(
            OwnAncestor,
            f"finds '{self.component.name}' {shown(circle[0])} above itself",
            rows[circle[0]][0],
            work,
            flat.parent.where,
            "from row to parent it goes " + " > ".join(shown_keys),
            "let one of them name another parent, or none for a root",
        )

    def _make_nested(self, recurse: Find, scopes: list[Scope], work: Work) -> list[PropertySet]:
        roots: list[PropertySet] = []
        made: list[PropertySet] = []
        stack: list[tuple[Scope, PropertySet | None]] = [(scope, None) for scope in reversed(scopes)]
        while stack:
            scope, above = stack.pop()
            node = self._make_one(scope, work)
            if node is None:
                continue
            made.append(node)
            if above is None:
                roots.append(node)
            else:
                self._hang(node, above)
            # `..` stays what it was where the recursion was entered, however deep it goes.
            stack.extend((Scope(inner.node, scope.above), node) for inner in reversed(recurse(scope)))
        self._put_in_order(made)
        return roots

    def _hang(self, node: PropertySet, above: PropertySet) -> None:
        if self.external:
            above.children.append(node)
            return
        held = above.child(self.list_type)
        if held is None:
            held = PropertySet(self.list_type)
            above.children.append(held)
        held.children.append(node)

    def _put_in_order(self, nodes: Iterable[PropertySet]) -> None:
        """Children in the order of the definition; those that were hung beneath came last."""
        if not self.below:
            return
        order = self._order
        for node in nodes:
            if len(node.children) > 1:
                node.children.sort(key=lambda child: order[child.type])

    # Conditions and failures.

    def _is_wanted(self, scope: Scope, work: Work) -> bool:
        return all(self._holds(condition, scope, work) for condition in self.filters)

    def _assert(self, assertion: Condition, scope: Scope, work: Work) -> None:
        if self._holds(assertion, scope, work):
            return
        raise self._failed(
            AssertionFailed,
            f"asserts of '{self.component.name}': {assertion.says}",
            scope,
            work,
            assertion.where,
            f"{assertion.source.expression.text} is FALSE{_values(assertion.source, scope)}",
            "correct the message",
        )

    def _holds(self, condition: Condition, scope: Scope, work: Work) -> bool:
        try:
            return condition.source.expression.is_true(scope)
        except (ExpressionFault, LookupMiss) as cause:
            raise self._failed(
                ExpressionFailed,
                f"can't evaluate a condition on '{self.component.name}'",
                scope,
                work,
                condition.where,
                _why(condition.source, cause, scope),
                _mend(cause),
            ) from cause

    def _unfilled(self, rule: FieldRule, scope: Scope, work: Work) -> MapFailed:
        names = " and ".join(f"'{path.text}'" for path in rule.source.references)
        why = f"{rule.text} is null and the map gives no default"
        if rule.form in ("reference", "lookup"):
            why = f"source field {names} is absent and the map gives no default"
        line = rule.where.split(":")[-2] if rule.where.count(":") >= 2 else ""
        mend = f"add a default in line {line}" if line else "add a default"
        file = rule.source.references[0].component.where.split(":")[0] if rule.source.references else ""
        if file:
            mend += f", or make {names} required in {file}"
        return self._failed(FieldUnfilled, self._cannot_fill(rule), scope, work, rule.where, why, mend)

    def _field_failed(
        self, rule: FieldRule, cause: ExpressionFault | LookupMiss | Unfit, scope: Scope, work: Work
    ) -> MapFailed:
        kind: type[MapFailed] = ValueUnfit
        if isinstance(cause, LookupMiss):
            kind = NotInLookup
        elif isinstance(cause, ExpressionFault):
            kind = ExpressionFailed
        why = _why(rule.source, cause, scope)
        return self._failed(kind, self._cannot_fill(rule), scope, work, rule.where, why, _mend(cause))

    def _cannot_fill(self, rule: FieldRule) -> str:
        return f"cannot fill '{rule.field.name}' of '{self.component.name}'"

    def _failed(
        self, kind: type[MapFailed], what: str, scope: Scope, work: Work, where: str, why: str, mend: str
    ) -> MapFailed:
        place = f"{where}, {self._place(scope, work)}"
        return kind(f"{self.owner} {what}", where=place, why=why, mend=mend, map=self.owner.name)

    def _place(self, scope: Scope, work: Work) -> str:
        return place_of(scope.node, work.tree, self.position.external)


def _plain_length(rule: FieldRule) -> int:
    """Most characters of a printable text that fits without a closer look; -1 where each wants one."""
    target = rule.field
    if target.values or (not rule.external and target.type != "text"):
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
    """The values that an expression read, for an error: ``, where [QTY] is 'ten'``."""
    found = dict.fromkeys(
        f"[{path.text}] is {'null' if text is None else shown(text)}"
        for path in source.references
        for text in [path.raw(scope)]
    )
    return ", where " + ", ".join(found) if found else ""
