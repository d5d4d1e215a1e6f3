"""An XSD seen as an integration object: the shape that a map reads from, or writes to, at its outer end.

    element with sub-elements or attributes, or repeated      component, type = its local name
    element of simple content that occurs once at most        field
    XML attribute                                             field "@name"
    simple content of a component                             the node's value
    xsi:nil of a component; xsi:type where types are derived  fields "@xsi:nil", "@xsi:type" ({namespace}name)

The same type under the same name is one component, so that recursive types make a graph with cycles. The members of a
substitution group stand in place of their head. The extensions of a type add their own elements to it. Elements that
``xs:any`` admits are no part of the object, unless its declaration keeps them: then each is a component ``xs:any``.
Where two namespaces give one component the same local name, the second one has its full name, ``{namespace}local``.

Spec: docs/design/integration.md, "Integration object definitions: one source for everything".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import unquote

from integration_objects.declaration import Node, Source, read
from integration_objects.definition import Field, FieldType, IntegrationObject
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet
from schemas.batch_format import BatchFormat, JoinedWriter
from schemas.check import Limits, Schema, local_name, parse, read_files
from schemas.external_component import (
    ANY,
    ANY_TAG,
    XML_KEYS,
    XML_OPTIONS,
    ExternalComponent,
    ExternalObject,
    ReadMessage,
    Wildcards,
)
from schemas.field_lines import field_lines
from schemas.foreign_xml import texts_of
from schemas.from_xml import external_from_xml
from schemas.kept_object import Cache, KeptObjects
from schemas.schema_files import ADDRESS, SchemaFile
from schemas.to_xml import external_to_xml, joined_to_xml
from schemas.value_rules import NIL, TYPE, parts_of
from schemas.xml_batch import XmlBatch

_TYPES: dict[str, FieldType] = {
    "decimal": "number",
    "double": "number",
    "float": "number",
    "date": "date",
    "dateTime": "date",
    "boolean": "flag",
}


#: The treatment of elements and attributes that a schema admits by wildcards; the first one without the key.
WILDCARDS: dict[str, Wildcards] = {"left out": "", "kept": "kept", "refused": "refused"}


@dataclass(frozen=True)
class XmlObject(ExternalObject):
    """An external object whose messages are XML.

    Attributes:
        schema: compiled; it validates the messages.
    """

    schema: Schema

    @property
    def content_type(self) -> str:
        """The media type of XML."""
        return "application/xml"

    @property
    def described_by(self) -> str:
        """The path of the XSD."""
        return self.schema.main

    def read(self, body: bytes, limits: Limits, *, own: bool = False) -> ReadMessage:
        """Parse, validate and convert a message."""
        # Limits first, schema second: the walk that checks the limits is iterative, a validator may recurse.
        element = parse(body, limits, own=own)
        self.schema.validate(element)
        return ReadMessage(external_from_xml(element, self), field_lines(element, self.definition))

    def glance(self, body: bytes, limits: Limits, names: frozenset[str] | None) -> PropertySet:
        """Parse and convert a message without its other components."""
        return external_from_xml(parse(body, limits), self, names, is_checked=False)

    def write(self, tree: PropertySet) -> bytes:
        """Write a message as XML."""
        return external_to_xml(tree, self)

    def prove(self, body: bytes, limits: Limits, *, own: bool = False) -> None:
        """Parse and validate a message."""
        self.schema.validate(parse(body, limits, own=own))

    def batch(self, order: str) -> BatchFormat:
        """Return how files are read in which the element *order* comes any number of times."""
        return XmlBatch(self, order)

    def joined_writer(self) -> JoinedWriter:
        """Return the function that writes the elements of many trees beneath one root."""
        return partial(joined_to_xml, obj=self)

    def texts(self, body: bytes, limits: Limits) -> frozenset[str]:
        """Collect the texts of elements and attributes."""
        return texts_of(parse(body, limits))


def read_external_objects(
    sources: Sequence[Source],
    read_file: Callable[[str], bytes],
    seconds: Callable[[], float] | None = None,
    cache: Cache | None = None,
) -> dict[str, XmlObject]:
    """Read the declarations of external objects with their schemas, and prove them.

    Args:
        sources: ``schemas/<system>/*.yaml``.
        read_file: gives a schema file's bytes by its path in the schemas folder; KeyError, OSError for a missing one.
        seconds: a monotonic clock, for `Schema`.
        cache: keeps the objects, so that the next process needs no model of their schemas; None for no cache.

    Returns:
        External objects by name.

    Raises:
        DeclarationFault, SchemaFileMissing, SchemaFaulty, PatternUnreadable, PatternTooLarge: with file and line.
    """
    objects: dict[str, XmlObject] = {}
    schemas: dict[str, Schema] = {}
    files_of: dict[str, dict[str, SchemaFile]] = {}
    kept_objects = KeptObjects(cache)
    for source in sources:
        node = read(source)
        parts = node.mapping(required=XML_KEYS, optional=XML_OPTIONS)
        name, path = parts["external object"].text(), parts["schema"].text()
        if name in objects:
            first = f"first in {objects[name].where}"
            raise parts["external object"].fault(
                f"the external object '{name}' is declared twice", first, mend="rename one"
            )
        # Several messages of one system often share a schema, whose compilation is slow.
        if path not in files_of:
            files_of[path] = read_files(read_file, path, parts["schema"].where)
        files, root = files_of[path], parts["root"].text()
        wildcards = WILDCARDS[parts["wildcards"].choice(*WILDCARDS)] if "wildcards" in parts else ""
        # Two objects may read the same element in two ways.
        shape = f"{root} {wildcards}".rstrip()
        kept = kept_objects.find(path, shape, files.values())
        if path not in schemas:
            schemas[path] = Schema(files, path, seconds, None if kept is None else kept[1])
        schema = schemas[path]
        if kept is not None:
            component = kept[0]
        else:
            schema.prove()
            component = _ComponentGraph(schema, wildcards).component(_root_element(schema, parts["root"]))
            kept_objects.keep(path, shape, files.values(), component, schema.rules)
        definition = IntegrationObject(name, component, external=True, where=node.where)
        objects[name] = XmlObject(name, definition, node.where, schema)
    return objects


def _root_element(schema: Schema, node: Node) -> Any:
    elements = schema.model.maps.elements
    # Without the elements of XML's own namespaces, which xmlschema loads for every schema.
    own = sorted(name for name in elements if not name.startswith("{http://www.w3.org/"))
    name = node.text()
    if name not in elements:
        raise node.fault(
            f"the schema '{schema.main}' has no element '{name}'",
            "a root is a global element, with its namespace as {namespace}name",
            mend=nearest(name, own) or (f"declared there: {', '.join(own[:10])}" if own else ""),
        )
    return elements[name]


@dataclass
class _Particle:
    """An element's place in a content model: how often, and at which rank."""

    element: Any
    least: int
    most: int | None
    rank: int


@dataclass(frozen=True)
class _Simple:
    """The facts of a simple type: kind, length, values, and whether surrounding blanks count."""

    type: FieldType = "text"
    length: int | None = None
    values: tuple[str, ...] = ()
    collapse: bool = False


class _ComponentGraph:
    """Builds the components of one schema, once for each pair of type and element name."""

    def __init__(self, schema: Schema, wildcards: Wildcards) -> None:
        self.wildcards = wildcards
        self.types = schema.model.maps.types
        self.made: dict[tuple[int, str, bool, str | None], ExternalComponent] = {}
        self.waiting: list[tuple[ExternalComponent, Any]] = []
        self.extensions: dict[int, list[Any]] = {}
        for type in self.types.values():
            if type.is_complex() and type.base_type is not None and type.derivation == "extension":
                self.extensions.setdefault(id(type.base_type), []).append(type)

    def component(self, element: Any) -> ExternalComponent:
        """Build the component of a global element, with all components that it refers to."""
        root = self._component(element, local_name(element.name))
        while self.waiting:
            self._fill(*self.waiting.pop())
        return root

    def _component(self, element: Any, name: str) -> ExternalComponent:
        # By the type's identity: anonymous types have no name. A component that exists ends the recursion of a type
        # within itself.
        key = (id(element.type), element.name, element.nillable, element.value_constraint)
        if key not in self.made:
            made = ExternalComponent(name, tag=element.name, where=_file_of(element), wildcards=self.wildcards)
            self.made[key] = made
            self.waiting.append((made, element))
        return self.made[key]

    def _fill(self, component: ExternalComponent, element: Any) -> None:
        derived = self._derived(element.type)
        defaults: dict[str, dict[str, str]] = {"": {}}
        for type in (element.type, *derived):
            own = type is element.type
            # The declared type comes first, and decides.
            simple = type.simple_type
            if simple is not None and component.text is None:
                simple_type = _simple_type(simple)
                component.text = simple_type.type
                if simple_type.collapse:
                    component.collapsed.add("")
            elif type.mixed:
                component.mixed, component.text = True, component.text or "text"
            if type.is_complex():
                defaults["" if own else str(type.name)] = self._add_attributes(component, type, own)
                if simple is None:
                    self._add_content(component, type, own)
        # A type without defaults is named, too: otherwise an element of it would get those of the declared type.
        if any(defaults.values()):
            component.defaults = defaults
        if element.value_constraint is not None:
            component.empty[""] = element.value_constraint
        if derived:
            component.fields["@xsi:type"] = Field("@xsi:type", tag=TYPE, where=component.where)
        if element.nillable:
            component.fields["@xsi:nil"] = Field("@xsi:nil", "flag", tag=NIL, where=component.where)

    def _derived(self, type: Any) -> list[Any]:
        """List the named types that extend *type*, directly or not; they may stand in its place with xsi:type."""
        found: list[Any] = []
        waiting = [type]
        while waiting:
            for extension in sorted(self.extensions.get(id(waiting.pop()), ()), key=lambda each: str(each.name)):
                if extension not in found:
                    found.append(extension)
                    waiting.append(extension)
        return found

    def _add_attributes(self, component: ExternalComponent, type: Any, own: bool) -> dict[str, str]:
        """Add the fields of a type's attributes; return the values of absent ones."""
        defaults: dict[str, str] = {}
        for tag, attribute in type.attributes.items():
            if tag is None or attribute.use == "prohibited":
                continue
            name = "@" + local_name(tag)
            if name in component.fields and component.fields[name].tag != tag:
                name = "@" + _full(tag)
            if name not in component.fields:
                simple_type = _simple_type(attribute.type)
                # An attribute of an extension is missing wherever the declared type stands.
                required = own and attribute.use == "required"
                component.fields[name] = _field(name, tag, simple_type, required, component.where)
                if simple_type.collapse:
                    component.collapsed.add(name)
            if attribute.value_constraint is not None:
                defaults[name] = attribute.value_constraint
        return defaults

    def _add_content(self, component: ExternalComponent, type: Any, own: bool) -> None:
        # An extension's elements stand behind those of the type that it extends.
        start = 1 + max(component.ranks.values(), default=0)
        for tag, particle in _particles(type.content, _Ranks(start)).items():
            if tag == ANY_TAG:
                self._add_any(component, particle)
                continue
            name = local_name(tag)
            taken = component.fields.get(name) or component.children.get(name)
            if taken is not None and taken.tag == tag:
                continue
            if taken is not None:
                name = _full(tag)
                if name in component.ranks:
                    continue
            component.ranks[name] = particle.rank
            self._add_particle(component, name, particle, particle.least if own else 0)

    def _add_any(self, component: ExternalComponent, particle: _Particle) -> None:
        """Give a component the place for elements that a wildcard admits, where they are kept."""
        if self.wildcards == "kept":
            component.ranks.setdefault(ANY, particle.rank)
            component.children[ANY] = ExternalComponent(ANY, tag=ANY_TAG, text="text", where=component.where)
            component.occurs[ANY] = (0, None)

    def _add_particle(self, component: ExternalComponent, name: str, particle: _Particle, least: int) -> None:
        element = particle.element
        simple = element.type.simple_type
        plain = simple is not None and not (element.type.is_complex() and element.type.attributes)
        # A field has room for one text: no attributes, no repetition, and no xsi:type.
        if plain and particle.most == 1 and not self._derived(element.type):
            simple_type = _simple_type(simple)
            component.fields[name] = _field(name, element.name, simple_type, least > 0, _file_of(element))
            if simple_type.collapse:
                component.collapsed.add(name)
            if element.nillable:
                component.nillable.add(name)
            if element.value_constraint is not None:
                component.empty[name] = element.value_constraint
        else:
            component.children[name] = self._component(element, name)
            component.occurs[name] = (least, particle.most)


def _field(name: str, tag: str, simple_type: _Simple, required: bool, where: str) -> Field:
    return Field(
        name, simple_type.type, simple_type.length, required=required, values=simple_type.values, tag=tag, where=where
    )


def _full(tag: str) -> str:
    """Give the full name for the second of two equal local names; ``{}name`` without a namespace."""
    return tag if tag.startswith("{") else "{}" + tag


def _file_of(element: Any) -> str:
    return unquote(str(element.schema.url or "").removeprefix(ADDRESS))


class _Ranks:
    """Counts ranks. A repeated group holds the count while it is open."""

    def __init__(self, start: int) -> None:
        self.rank = start
        self.held = 0

    def next(self) -> int:
        if not self.held:
            self.rank += 1
        return self.rank


def _particles(group: Any, ranks: _Ranks) -> dict[str, _Particle]:
    """List the elements of a content model by name, in order, with the number of times that they may occur in all.

    The schema's own nesting of groups bounds the recursion. XSD has no circular groups.
    """
    repeated = group.max_occurs is None or group.max_occurs > 1
    if repeated:
        ranks.rank += not ranks.held
        ranks.held += 1
    found: dict[str, _Particle] = {}
    choice = group.model == "choice" and len(group) > 1
    for item in group:
        if hasattr(item, "process_contents"):
            inner = {ANY_TAG: _Particle(item, 0, None, ranks.next())}
        else:
            inner = _particles(item, ranks) if hasattr(item, "model") else _elements(item, ranks)
        for tag, particle in inner.items():
            if choice:
                # Another branch of the choice may be taken.
                particle.least = 0
            before = found.get(tag)
            if before is None:
                found[tag] = particle
            elif choice:
                before.most = _larger(before.most, particle.most)
            else:
                before.least += particle.least
                before.most = _sum(before.most, particle.most)
    if repeated:
        ranks.held -= 1
    for particle in found.values():
        particle.least *= group.min_occurs
        particle.most = _times(particle.most, group.max_occurs)
    return {tag: particle for tag, particle in found.items() if particle.most != 0}


def _elements(element: Any, ranks: _Ranks) -> dict[str, _Particle]:
    """List an element, or the members of its substitution group in its place."""
    members = {each.name: each for each in element.iter_substitutes()}
    candidates = [] if element.abstract else [element]
    candidates += [members[name] for name in sorted(members) if name != element.name]
    rank = ranks.next()
    # Another member of the group may stand in the place.
    least = element.min_occurs if len(candidates) == 1 else 0
    return {each.name: _Particle(each, least, element.max_occurs, rank) for each in candidates}


def _larger(one: int | None, two: int | None) -> int | None:
    return None if one is None or two is None else max(one, two)


def _sum(one: int | None, two: int | None) -> int | None:
    return None if one is None or two is None else one + two


def _times(one: int | None, two: int | None) -> int | None:
    if one == 0 or two == 0:
        return 0
    return None if one is None or two is None else one * two


def _simple_type(type: Any) -> _Simple:
    """Read the facts of a simple type that a field needs."""
    if type.is_list():
        # A list is one text for maps: its items are parted by blanks.
        return _Simple(collapse=True)
    if type.is_union():
        return _union([_simple_type(member) for member in parts_of(type)])
    primitive = getattr(type, "primitive_type", None) or type.root_type
    kind = _TYPES.get(local_name(str(primitive.name)), "text")
    length = type.max_length if kind == "text" and isinstance(type.max_length, int) else None
    values = tuple(str(value) for value in type.enumeration or ()) if kind == "text" else ()
    return _Simple(kind, length, values, type.white_space == "collapse")


def _union(members: Iterable[_Simple]) -> _Simple:
    simple_types = list(members)
    kinds = {each.type for each in simple_types}
    values = (
        tuple(value for each in simple_types for value in each.values)
        if all(each.values for each in simple_types)
        else ()
    )
    lengths = [each.length for each in simple_types]
    return _Simple(
        kinds.pop() if len(kinds) == 1 else "text",
        # The longest member decides; one member without a bound takes any length.
        None if None in lengths else max(length for length in lengths if length is not None),
        values,
        all(each.collapse for each in simple_types),
    )
