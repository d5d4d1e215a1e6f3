"""Data maps turn one integration object into another. A map is a YAML file, compiled once when it is loaded.

    read_maps(sources, objects, read_file)     every map of a deployment, by name
      -> DataMap                               name, source, target, version
           .apply(tree)                        the target's tree, or MapFailed

The grammar:

    map, from, to       the map's name, and two integration objects; `from: Object/A/B` makes a fragment, which starts
                        at that component and runs by `use` only
    answers             the object of the message that an OM Reply answers: paths that begin with `answered:` read it
    time zone           the zone of its dates' days and times
    lookups             look-up tables (maps.lookup)
    make                the target's component; at the top its header
    each                the source nodes, by a path (or a list of paths) from the node of the rule above; without it,
                        that node itself
    where, assert       a filter on the nodes, and conditions that the remaining nodes must satisfy
    fields              name: expression, or name: {value: expression, default: text}
    children            rules beneath this one
    flat, recurse       rows that become a tree; the path (or paths) from a node to those within it
    use                 in place of `make`: the rule of another map, without an `each` of its own

Paths, fields, components, constants and look-up tables are proven here, before any message.

Spec: docs/design/road.md, "Data maps: the grammar"; docs/design/integration.md, "Data maps".
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from integration_objects.complex_object import instances, is_empty, message, object_name
from integration_objects.declaration import NAME_KNOWN, DeclarationFault, Node, Source, read
from integration_objects.definition import Component, Field, IntegrationObject
from integration_objects.errors import Misconfigured
from integration_objects.expression import ExpressionFault
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet
from integration_objects.time_zone import UTC, ZoneUnknown, time_zone
from maps.circumstances import NO_CIRCUMSTANCES, Circumstances
from maps.component_rule import ComponentRule, Condition, Flat, Nesting, Owner, Watch
from maps.failure import MapFailed, NothingMade, TooMany, WrongSource
from maps.field_rule import (
    FieldRule,
    Language,
    SourceExpression,
    compile_field_rule,
    compile_source_expression,
    constant_text,
)
from maps.lookup import LookupTable, ReadFile, read_lookups
from maps.path import ANSWERED, Find, Position, RootScope, Scope, node_path
from maps.path_steps import PathUnknown
from maps.places import Places
from maps.shape import EXTERNAL, Unfit, shape_of

Report = Callable[[DeclarationFault], None]

#: The name of a component's own text among the fields of a rule.
OWN_TEXT = "."

#: Names that an error lists.
_LISTED = 12

_RULE = ("each", "where", "assert", "fields", "children")


class FragmentApplied(Misconfigured):
    """A map that starts within an object can't be run by itself."""

    what = "data map '{map}' can't be run by itself"
    why = "it starts or ends within an object"
    mend = "call it from another map, by `use`"


@dataclass(eq=False)
class DataMap:
    """A compiled map.

    Attributes:
        name: the name that routes and systems use.
        source, target: the integration objects.
        version: digest of its file, its look-up files and the maps that it uses (64 hexadecimal digits).
        where: file:line:column.
        rule: the rule of its header.
        lookups: its look-up tables.
        answers: the object of the answered message; None for a map that reads none.
        uses: the names of the maps that it uses.
        is_fragment: whether it starts or ends within an object, and so runs by `use` only.
    """

    name: str
    source: IntegrationObject
    target: IntegrationObject
    version: str
    where: str
    rule: ComponentRule
    lookups: Mapping[str, LookupTable]
    answers: IntegrationObject | None
    uses: tuple[str, ...]
    is_fragment: bool

    def apply(
        self, tree: PropertySet, watch: Watch | None = None, circumstances: Circumstances = NO_CIRCUMSTANCES
    ) -> PropertySet:
        """Make the target's tree from the source's.

        Args:
            tree: the source: an internal object's message, whose instances are mapped one by one, or an external
                object's root node. Not changed.
            watch: is called with each made component: rule, scope, node (for traces).
            circumstances: the clock, and the message that *tree* answers, as it arrived.

        Returns:
            An internal target's message, empty if no node was left; an external target's root node.

        Raises:
            MapFailed: the message can't be mapped; its subclasses say why.
            FragmentApplied: the map runs by `use` only.
        """
        if self.is_fragment:
            raise FragmentApplied(map=self.name, where=self.where)
        circumstances = self._with_answered(circumstances)
        scopes = self._scopes(tree, circumstances)
        try:
            return self._result([node for scope in scopes for node in self.rule.make(scope, watch)])
        except MapFailed as error:
            error.locate(self.places(tree, circumstances).text, tree)
            raise

    def places(self, tree: PropertySet, circumstances: Circumstances, *, indexed: bool = False) -> Places:
        """The places of values in a source of this map; *indexed*: many of them will be asked for."""
        answered_shape = shape_of(self.answers or self.source)
        return Places(tree, shape_of(self.source), answered_shape, self._with_answered(circumstances), indexed)

    def _with_answered(self, circumstances: Circumstances) -> Circumstances:
        """Find the root of the answered message; a message of another object isn't read."""
        tree, root = circumstances.answered, None
        if self.answers is not None and tree is not None:
            if tree.type == self.answers.root.name:
                root = tree
            elif object_name(tree) == self.answers.name:
                root = next(iter(instances(tree)), None)
        return circumstances if root is tree else replace(circumstances, answered=root)

    def _result(self, nodes: list[PropertySet]) -> PropertySet:
        if not self.target.external:
            return message(self.target.name, nodes)
        if len(nodes) == 1:
            return nodes[0]
        component = self.rule.component.name
        kind: type[MapFailed] = TooMany if nodes else NothingMade
        reason = f"{len(nodes)} were made" if nodes else "`where` or `each` left nothing"
        raise kind(
            f"{self.rule.owner} makes no single '{component}'",
            where=self.where,
            why=f"a '{self.target.name}' has one '{component}', and {reason}",
            mend="send one object a message" if nodes else "correct the message, or the map's conditions",
        )

    def _scopes(self, tree: PropertySet, circumstances: Circumstances) -> list[Scope]:
        """Give the scopes of the header's rule: the root node, or each instance."""
        if self.source.external:
            expected, found = self.source.root.name, f"'{tree.type}'"
            if tree.type == expected:
                return [RootScope(tree, circumstances)]
        else:
            expected, name = self.source.name, object_name(tree)
            if name == expected or (name is None and is_empty(tree)):
                return [RootScope(node, circumstances) for node in instances(tree)]
            found = f"'{name}'" if name else "a tree that is no message"
        raise WrongSource(map=self.rule.owner, where=self.where, expected=expected, found=found)


def read_maps(
    sources: Sequence[Source],
    objects: Mapping[str, IntegrationObject],
    read_file: ReadFile,
    zone_name: str = UTC,
) -> dict[str, DataMap]:
    """Read and compile data maps.

    Args:
        sources: the maps' files.
        objects: the internal and the external integration objects, by name.
        read_file: reads a look-up table's bytes by its path from the maps' folder.
        zone_name: the time zone of maps that declare none.

    Raises:
        DeclarationFault: the first fault of a map, with file, line and column.
    """

    def report(fault: DeclarationFault) -> None:
        raise fault

    return compile_maps(sources, objects, read_file, report, zone_name)


def compile_maps(
    sources: Sequence[Source],
    objects: Mapping[str, IntegrationObject],
    read_file: ReadFile,
    report: Report,
    zone_name: str = UTC,
) -> dict[str, DataMap]:
    """Compile data maps like `read_maps`, but hand each fault to *report*, and go on without the faulty part."""
    documents: dict[str, _Document] = {}
    for source in sources:
        try:
            document = _read_document(source, objects, read_file, zone_name)
        except DeclarationFault as fault:
            report(fault)
            continue
        if document.name in documents:
            report(
                document.parts["map"].fault(
                    f"there are two maps called '{document.name}'",
                    f"the other one is {documents[document.name].node.where}",
                    mend="give one of them another name",
                )
            )
            continue
        documents[document.name] = document
    rules = {}
    # All heads are read by now: a map may use one whose file comes later.
    for document in documents.values():
        compiler = _Compiler(document, documents, report, ())
        rule = compiler.compile_document()
        if rule is not None:
            rules[document.name] = rule
    versions: dict[str, str] = {}
    for name in documents:
        _digest(name, documents, versions)
    maps = {}
    for name, rule in rules.items():
        document = documents[name]
        # Set last: a version includes those of the used maps, which are known only when all rules are compiled.
        document.owner.version = versions[name]
        maps[name] = DataMap(
            name,
            document.source,
            document.target,
            versions[name],
            document.node.where,
            rule,
            document.language.lookups,
            document.answers,
            tuple(document.uses),
            document.is_fragment,
        )
    return maps


@dataclass(eq=False)
class _Document:
    """A map's file with its head read."""

    name: str
    text: str
    node: Node
    parts: dict[str, Node]
    source: IntegrationObject
    target: IntegrationObject
    position: Position
    made: Component
    is_fragment: bool
    language: Language
    answers: IntegrationObject | None
    owner: Owner
    uses: dict[str, None] = field(default_factory=dict)


def _read_document(
    source: Source, objects: Mapping[str, IntegrationObject], read_file: ReadFile, zone_name: str
) -> _Document:
    node = read(source)
    optional = ["lookups", "answers", "time zone", *_RULE]
    parts = node.mapping(required=["map", "from", "to", "make"], optional=optional)
    from_object, from_steps = _object(parts["from"], objects)
    to_object, to_steps = _object(parts["to"], objects)
    answers = _object(parts["answers"], objects)[0] if "answers" in parts else None
    position = Position(from_object.root, None, shape_of(from_object), _answered_position(answers))
    for component in _walk(parts["from"], from_object.root, from_steps):
        position = position.below(component)
    made = [to_object.root, *_walk(parts["to"], to_object.root, to_steps)][-1]
    if parts["make"].text() != made.name:
        raise parts["make"].fault(
            f"'{parts['to'].text()}' is not made of '{parts['make'].text()}'",
            f"the map's own component is '{made.name}'",
            mend=f"write make: {made.name}",
        )
    return _Document(
        name=parts["map"].text(),
        text=source.text,
        node=node,
        parts=parts,
        source=from_object,
        target=to_object,
        position=position,
        made=made,
        is_fragment=bool(from_steps or to_steps),
        language=Language.of(
            read_lookups(parts.get("lookups"), read_file), read_zone(parts.get("time zone"), zone_name)
        ),
        answers=answers,
        owner=Owner(parts["map"].text()),
    )


def _answered_position(answers: IntegrationObject | None) -> Position | None:
    if answers is None:
        return None
    position = Position(answers.root, None, shape_of(answers))
    # A rule that stands in the answered message reads it from its root, too.
    position.answered = position
    return position


def read_zone(node: Node | None, otherwise: str) -> str:
    """Read the name of a declared time zone; *otherwise* where none is declared.

    Raises:
        DeclarationFault: there is no such zone.
    """
    if node is None:
        return otherwise
    try:
        return time_zone(node.text()).key
    except ZoneUnknown as fault:
        raise node.fault(str(fault), mend=fault.mend) from fault


def _object(node: Node, objects: Mapping[str, IntegrationObject]) -> tuple[IntegrationObject, list[str]]:
    name, *steps = node.text().split("/")
    found = objects.get(name)
    if found is None:
        raise node.fault(
            f"there is no integration object '{name}'",
            mend=nearest(name, objects) or "declare it in integration_objects or schemas",
        )
    return found, steps


def _walk(node: Node, component: Component, steps: Sequence[str]) -> list[Component]:
    way = []
    for step in steps:
        below = component.children.get(step)
        if below is None:
            raise node.fault(
                f"'{component.name}' has no component '{step}'", mend=nearest(step, component.children) or NAME_KNOWN
            )
        way.append(below)
        component = below
    return way


def _digest(name: str, documents: Mapping[str, _Document], versions: dict[str, str]) -> str:
    """Work out a map's version: the digest of its file, its look-up files, and the versions of the used maps."""
    if name not in versions:
        # A map that uses itself is refused elsewhere. Here it must not make an endless loop.
        versions[name] = ""
        document = documents[name]
        used = sorted(_digest(one, documents, versions) for one in document.uses if one in documents)
        files = sorted(table.digest for table in document.language.lookups.values())
        # A sign that no text file holds, so that two sets of files never make one text.
        whole = "\0".join([document.text, *files, *used])
        versions[name] = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()
    return versions[name]


@dataclass(frozen=True, eq=False)
class _Place:
    """A way to source nodes: the function that finds them, their position, and whether there may be several."""

    find: Find
    position: Position
    many: bool


def _paths(node: Node) -> list[Node]:
    """Return the paths of `each` or `recurse`: one, or a list."""
    return list(node.sequence()) if node.kind == "sequence" else [node]


class _Compiler:
    """Compiles the rules of one document. A used map is compiled again for each place that uses it."""

    def __init__(
        self, document: _Document, documents: Mapping[str, _Document], report: Report, users: tuple[str, ...]
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
        parts = node.mapping(optional=["make", "use", "flat", "recurse", *_RULE])
        if "use" in parts:
            node.mapping(required=["use"], optional=["each", "where", "assert"])
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
                "the map that uses it says what it runs on",
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
        inner = _Compiler(used, self._documents, self._report, users)
        rule = inner.compile_used(places, single, made)
        for one in (rule, *rule.variants):
            # The user's conditions first: the used map's may rely on what they leave.
            one.filters = (*self._filters(parts, one.position), *one.filters)
            one.assertions = (*self._assertions(parts, one.position), *one.assertions)
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
        parts = node.mapping(required=["key", "parent"], optional=[])
        if places > 1:
            raise node.fault("rows of several kinds can't be put into one tree", mend="give `each` one path")
        self._prove_nesting(rule, node)
        key = self._row_rule(rule, "key", parts["key"])
        rule.flat = Flat(key, self._row_rule(rule, "parent", parts["parent"]))

    def _row_rule(self, rule: ComponentRule, name: str, node: Node) -> FieldRule:
        try:
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
                # Another component that the recursion meets may have it; if none has, the rule's own fault is told.
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
