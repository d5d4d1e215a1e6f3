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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from integration_objects.complex_object import instances, is_empty, message, object_name
from integration_objects.declaration import DeclarationFault, Source
from integration_objects.definition import IntegrationObject
from integration_objects.errors import Misconfigured
from integration_objects.property_set import PropertySet
from integration_objects.time_zone import UTC
from maps.circumstances import NO_CIRCUMSTANCES, Circumstances
from maps.component_rule import ComponentRule, Watch
from maps.failure import MapFailed, NothingMade, TooMany, WrongSource
from maps.lookup import LookupTable, ReadFile
from maps.map_compiler import Compiler, Report
from maps.map_document import Document, digest, read_document
from maps.places import Places
from maps.scope import RootScope, Scope
from maps.shape import shape_of


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
            # Only now: a path is a search through the tree, which a message without a fault doesn't pay for.
            error.locate(self.places(tree, circumstances).text, tree)
            raise

    def places(self, tree: PropertySet, circumstances: Circumstances, *, indexed: bool = False) -> Places:
        """Make the finder of places in a source of this map; *indexed*: for many places, as a trace needs."""
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
            # An empty object of no kind suits every map: its result is empty, too.
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
    documents: dict[str, Document] = {}
    for source in sources:
        try:
            document = read_document(source, objects, read_file, zone_name)
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
        compiler = Compiler(document, documents, report, ())
        rule = compiler.compile_document()
        if rule is not None:
            rules[document.name] = rule
    versions: dict[str, str] = {}
    for name in documents:
        digest(name, documents, versions)
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
