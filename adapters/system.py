"""An external system that the hub sends to: its transport, its object, its map, its format.

    system: Provisioning
    takes: OM Work Order                             the integration object that it is sent
    for: Provisioning                                the Fulfilment System's name, for work orders
    map: OM Work Order to Provisioning Work Order    left out: the tree goes as it is
    object: Provisioning Work Order                  XML after this external object's schema; or
    template: partner_records.j2                     text by this template; neither: the hub's own XML
    time zone: Europe/Berlin                         the zone of the days and times that the template writes
    channel: provisioning.work_orders                or `folder: billing`

Rendered messages are checked before they leave: XML is parsed again and validated, records are measured.

Spec: docs/design/road.md, "Out and back"; docs/design/integration.md, "Routes"; docs/design/guarantees.md, "The
promises", "Out".
"""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_args

from adapters.rendering.columns import MAX_WIDTH
from adapters.rendering.render import ENCODINGS, ENDS, Format, Layout, Template
from adapters.rendering.template_proof import TemplateFault, template_faults
from adapters.transport import TransportKind, declared_kinds, refused_property
from integration_objects.declaration import DeclarationFault, Node, Source, read
from integration_objects.definition import Definitions, IntegrationObject
from integration_objects.errors import Invalid, Misconfigured, Refused
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import Surroundings
from integration_objects.time_zone import UTC
from maps.circumstances import NO_CIRCUMSTANCES, Circumstances
from maps.data_map import DataMap
from maps.map_document import read_zone
from schemas.check import Limits, parse
from schemas.external_component import ExternalObject
from schemas.hub_xml import hub_to_xml

Repeats = Literal["recognised by message id", "recognised by key", "in doubt"]

#: The limits of an outbound message: as large as an inbound one may be, and as deep as parsers read.
_OUTBOUND = Limits(depth=250)
CONTENT_TYPES: dict[Format, str] = {
    "fixed width": "text/plain",
    "csv": "text/csv",
    "json": "application/json",
    "xml": "application/xml",
}
#: The keys of a declaration.
REQUIRED = ("system", "takes")
OPTIONAL = (
    *("for", "map", "object", "template", "format", "encoding", "record", "separator", "envelope"),
    *("repeats", "content type", "type", "time zone", "help"),
)
#: The keys of `record`; CSV has the second one only.
RECORD_KEYS = ("width", "end", "types")
ENVELOPES = ("Message", "SiebelMessage")
REPEATS: tuple[Repeats, ...] = get_args(Repeats)
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9])?")
_PLACE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")


T = TypeVar("T")


class OutboundFaulty(Refused):
    """A message that was made for a system is against the system's schema, and so doesn't leave."""

    what = "the message that {maker} made for system {system!r} can't be sent: {fault.what}"
    where = "{fault.where}"
    why = "{fault.why}"
    mend = "mend the map, the template or the message, and replay the message"


class MapMissing(Misconfigured):
    """A system's map or external object isn't among those that were handed in."""

    what = "nothing can be sent to system {system!r}"
    why = "there is no {kind} {name!r}"


@dataclass(frozen=True)
class System:
    """An external system, as declared.

    Attributes:
        name: as routes, the outbox and the console show it.
        takes: the integration object's name.
        for_system: the Fulfilment System whose work orders it takes.
        map: the data map's name; None without a map.
        object: the external object's name, for XML after a schema; else None.
        template: the template's file name, for text; else None.
        layout: the layout of the template's text; None without a template.
        envelope: of the hub's own XML: Message or SiebelMessage.
        transport, place: the kind of transport that it is sent by, and the channel's name there.
        repeats: its treatment of a message that comes again (docs/design/guarantees.md): it recognises the message id,
            or a key within the message, or neither; then a message that may have been sent is *in doubt*.
        content_type, type: of its messages.
        where: file:line:column of the declaration.
        places: the place of each key of the declaration.
    """

    name: str
    takes: str
    for_system: str
    map: str | None
    object: str | None
    template: str | None
    layout: Layout | None
    envelope: Literal["Message", "SiebelMessage"]
    transport: TransportKind
    place: str
    repeats: Repeats
    content_type: str
    type: str
    where: str
    _definitions: Definitions = field(repr=False, compare=False)
    _compiled: Template | None = field(repr=False, compare=False)
    places: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def destination(self) -> str:
        """The destination of its messages in the outbox."""
        return self.transport.destination(self.place)

    def render(
        self,
        tree: PropertySet,
        maps: Mapping[str, DataMap],
        external_objects: Mapping[str, ExternalObject],
        circumstances: Circumstances = NO_CIRCUMSTANCES,
    ) -> bytes:
        """Make the bytes of a message to the system.

        Args:
            tree: a message of the object that the system takes. Not changed.
            maps: by name.
            external_objects: by name.
            circumstances: the clock of the map.

        Raises:
            MapFailed: the map can't be applied.
            OutboundFaulty: the XML is against the system's schema, or over a limit.
            TemplateFailed, RecordWidthWrong, OutputTooLarge, RenderingTooSlow: as for `Template.render`.
            MapMissing: a map or object that the declaration names was not handed in.
        """
        definition: IntegrationObject = self._definitions[self.takes]
        if self.map is not None:
            data_map = self._found(maps, self.map, "map")
            tree, definition = data_map.apply(tree, circumstances=circumstances), data_map.target
        if self._compiled is not None:
            body = self._compiled.render(tree, definition)
            if self._compiled.layout.format == "xml":
                self._check(body, external_objects)
            return body
        if self.object is None:
            return hub_to_xml(tree, self._definitions, self.envelope)
        external = self._found(external_objects, self.object, "external object")
        body = external.write(tree)
        # A map can make what a schema forbids: found here, before the commit, it stops one message and not the
        # receiver.
        self._check(body, external_objects, own=True)
        return body

    def template_faults(self, maps: Mapping[str, DataMap]) -> list[TemplateFault]:
        """List the faults of the system's template; none without a template."""
        if self._compiled is None:
            return []
        definition = self._definitions[self.takes] if self.map is None else self._found(maps, self.map, "map").target
        is_xml = self._compiled.layout.format == "xml"
        # Well-formed, and not valid by the schema: generated values are seldom those that its patterns want.
        return template_faults(self._compiled, definition, (lambda body: parse(body, _OUTBOUND)) if is_xml else None)

    def _check(self, body: bytes, external_objects: Mapping[str, ExternalObject], *, own: bool = False) -> None:
        """Parse the message, as a receiver would, and validate it; *own*: no template took part in it."""
        try:
            if self.object is not None:
                self._found(external_objects, self.object, "external object").prove(body, _OUTBOUND, own=own)
            else:
                parse(body, _OUTBOUND, own=own)
        except Invalid as fault:
            maker = f"map {self.map!r}" if self.template is None else f"template {self.template!r}"
            raise OutboundFaulty(maker=maker, system=self.name, fault=fault) from fault

    def _found(self, known: Mapping[str, T], name: str, kind: str) -> T:
        if name not in known:
            mend = nearest(name, known) or f"declare the {kind}"
            raise MapMissing(system=self.name, kind=kind, name=name, where=self.where, mend=mend)
        return known[name]


def shipped_template(name: str) -> str:
    """Read a template that ships with the hub.

    Raises:
        FileNotFoundError: there is no such template.
    """
    return (importlib.resources.files("adapters") / "templates" / name).read_text("utf-8")


def read_systems(
    sources: Sequence[Source],
    definitions: Definitions,
    maps: Mapping[str, DataMap],
    external_objects: Mapping[str, ExternalObject],
    read_template: Callable[[str], str] = shipped_template,
    surroundings: Surroundings | None = None,
    zone_name: str = UTC,
    map_names: Iterable[str] = (),
) -> dict[str, System]:
    """Read and check the declarations of external systems; compile their templates.

    Args:
        sources: the files, a system each.
        definitions: the internal objects by name.
        maps: by name.
        external_objects: by name.
        read_template: gives a template's text by its file name.
        surroundings: the clock of the templates' time limit.
        zone_name: the time zone of systems that declare none.
        map_names: further names of maps, which errors propose.

    Raises:
        DeclarationFault: with the place, for unknown names and parts that don't fit together.
        TemplateFaulty: with the template's line.
    """
    systems: dict[str, System] = {}
    for source in sources:
        known = (definitions, maps, external_objects)
        reading = _SystemReading(read(source), *known, read_template, surroundings, zone_name)
        reading.map_names = map_names
        system = reading.system()
        if system.name in systems:
            raise reading.parts["system"].twice("system", systems[system.name].where)
        systems[system.name] = system
    return systems


class _SystemReading:
    """The reading of one declaration."""

    def __init__(
        self,
        node: Node,
        definitions: Definitions,
        maps: Mapping[str, DataMap],
        external_objects: Mapping[str, ExternalObject],
        read_template: Callable[[str], str],
        surroundings: Surroundings | None,
        zone_name: str,
    ) -> None:
        self._node = node
        self._definitions = definitions
        self._maps = maps
        self._external_objects = external_objects
        self._read_template = read_template
        self._surroundings = surroundings
        self._zone_name = zone_name
        self.map_names: Iterable[str] = ()
        self.parts = node.mapping(required=REQUIRED, optional=(*OPTIONAL, *declared_kinds()))

    def system(self) -> System:
        name = self._matching("system", _NAME)
        takes = self._known("takes", self._definitions, "integration object") or ""
        transport, place = self._transport()
        data_map = self._known("map", self._maps, "map", self.map_names)
        if data_map is not None and self._maps[data_map].is_fragment:
            what = f"the map {data_map!r} is a part of other maps"
            raise self.parts["map"].fault(
                what, "it starts or ends within an object", mend="name a map of whole objects"
            )
        external = self._known("object", self._external_objects, "external object")
        template = self.parts.text("template", None)
        self._prove_shapes(takes, data_map, external, template)
        layout = self._layout() if template is not None else None
        return System(
            name=name,
            takes=takes,
            for_system=self.parts.text("for", name),
            map=data_map,
            object=external,
            template=template,
            layout=layout,
            envelope=self._choice("envelope", *ENVELOPES),
            transport=transport,
            place=place,
            repeats=self._choice("repeats", *REPEATS),
            content_type=self._property("content type", _content_type(layout)),
            type=self._property("type", external or takes),
            where=self._node.where,
            _definitions=self._definitions,
            _compiled=self._template(template, layout) if template is not None and layout else None,
            places={key: value.where for key, value in self.parts.items()},
        )

    def _transport(self) -> tuple[TransportKind, str]:
        """Read the kind of transport and the channel that the system is sent to."""
        names = [name for name in declared_kinds() if name in self.parts]
        if len(names) != 1:
            why = "there is none" if not names else f"both {' and '.join(map(repr, names))} stand here"
            mend = f"name one of {', '.join(declared_kinds())}"
            raise self._node.fault("a system has one transport", why, mend=mend)
        return declared_kinds()[names[0]], self._matching(names[0], _PLACE)

    def _property(self, key: str, default: str) -> str:
        """Read a property of the system's messages: the content type or the type."""
        text = self.parts.text(key, default)
        # Here, and not when a message leaves: each message of the system would be set aside.
        why = refused_property(key.replace(" ", "_"), text)
        if why:
            # Without the key, the object's name is the type.
            place = next(self.parts[name] for name in (key, "object", "takes") if name in self.parts)
            mend = f"write '{key}: ...' with 1 to 255 characters, no control character among them"
            raise place.fault(f"{text!r} can't be the {key} of a message", why, mend=mend)
        return text

    def _prove_shapes(self, takes: str, data_map: str | None, external: str | None, template: str | None) -> None:
        """Check that the result of each step is the object that the next step takes."""
        result: IntegrationObject = self._definitions[takes]
        if data_map is not None:
            source, result = self._maps[data_map].source, self._maps[data_map].target
            if source.name != takes:
                why = f"it reads {source.name!r}, the system takes {takes!r}"
                mend = f"name a data map that reads {takes!r}"
                raise self.parts["map"].fault(f"map {data_map!r} doesn't fit", why, mend=mend)
            if self._maps[data_map].answers is not None:
                why = "it reads the message that is answered, which only the map of a route's reply can"
                mend = "name a data map without `answers`"
                raise self.parts["map"].fault(f"map {data_map!r} doesn't fit", why, mend=mend)
        if template is None:
            self._refuse("a template", "the key 'template'", "format", "encoding", "record", "separator", "time zone")
            if external is not None and result.name != external:
                what = f"a tree of {result.name!r} can't be written as {external!r}"
                raise self.parts["object"].fault(what, mend=f"name a map from {takes!r} to {external!r}")
            if external is None and result.external:
                what = f"map {data_map!r} makes an external object"
                raise self.parts["map"].fault(what, mend=f"add 'object: {result.name}'")
        if template is not None or external is not None:
            self._refuse("the hub's own XML", "a system without template and object", "envelope")

    def _refuse(self, owner: str, need: str, *keys: str) -> None:
        for key in keys:
            if key in self.parts:
                why = f"it belongs to {owner}"
                raise self.parts[key].fault(f"'{key}' says nothing here", why, mend=f"take it away; it needs {need}")

    def _missing(self, key: str, why: str, mend: str) -> DeclarationFault:
        return self._node.fault(f"the key '{key}' is missing", why, mend=mend)

    def _layout(self) -> Layout:
        if "format" not in self.parts:
            raise self._missing(
                "format", "a template's text has a format", "add 'format: fixed width', csv, json or xml"
            )
        form: Format = self._choice("format", *CONTENT_TYPES)
        encoding = self._choice("encoding", "utf-8", *ENCODINGS)
        # JSON between systems is UTF-8 (RFC 8259), and the hub checks the XML of a template as UTF-8.
        if form in ("json", "xml") and encoding != "utf-8":
            raise self.parts["encoding"].fault(f"{form} goes out as utf-8", mend="take the encoding away")
        separator = self.parts.text("separator", ",")
        # As Python's csv takes it; a quote or a line's end as separator would make rows that nobody can cut.
        if len(separator) != 1 or separator in '"\r\n':
            what = "a separator is one character, and no quote"
            raise self.parts["separator"].fault(what, mend="write one, such as ';'")
        if form != "csv":
            self._refuse("a csv template", "'format: csv'", "separator")
        width, end, types = self._record(form)
        zone_name = read_zone(self.parts.get("time zone"), self._zone_name)
        return Layout(form, encoding, width, end, types, separator, zone_name)

    def _record(self, form: Format) -> tuple[int | None, str, tuple[str, ...]]:
        """Read the record's width, end and types."""
        if "record" not in self.parts:
            if form == "fixed width":
                raise self._missing("record", "each record's width is checked", "add 'record: {width: 80}'")
            return None, "lf", ()
        node = self.parts["record"]
        required = RECORD_KEYS[:1] if form == "fixed width" else ()
        optional = RECORD_KEYS[1:] if form == "fixed width" else ("end",)
        parts = node.mapping(required=required, optional=optional)
        end = parts["end"].choice(*ENDS) if "end" in parts else "lf"
        if form == "csv" and end == "none":
            raise parts["end"].fault("the rows of a CSV file end", mend="say lf or crlf")
        if not required:
            return None, end, ()
        width = parts["width"].whole()
        if not 1 <= width <= MAX_WIDTH:
            why = f"expected 1 to {MAX_WIDTH}"
            raise parts["width"].fault(f"a record can't be {width} bytes wide", why, mend="give such a width")
        return width, end, parts.texts("types")

    def _template(self, name: str, layout: Layout) -> Template:
        place = self.parts["template"]
        if not _PLACE.fullmatch(name):
            mend = "put the template into adapters/templates, and write its name alone"
            raise place.fault(f"{name!r} is no template's file name", "expected a name without a folder", mend=mend)
        try:
            source = self._read_template(name)
        except FileNotFoundError as cause:
            raise place.fault(
                f"there is no template {name!r}", str(cause), mend="put it into adapters/templates"
            ) from cause
        except (OSError, LookupError) as cause:
            raise place.fault(f"there is no template {name!r}", mend="put it into adapters/templates") from cause
        except UnicodeDecodeError as cause:
            raise place.fault(f"the template {name!r} is not UTF-8", str(cause), mend="save it as UTF-8") from cause
        return Template(f"adapters/templates/{name}", source, layout, self._surroundings)

    def _choice(self, key: str, *allowed: str) -> Any:
        """Read a choice; the first of *allowed* where the key is absent."""
        # The default may stand among the others once more: an error lists it once.
        return self.parts[key].choice(*dict.fromkeys(allowed)) if key in self.parts else allowed[0]

    def _matching(self, key: str, pattern: re.Pattern[str]) -> str:
        text = self.parts[key].text()
        if not pattern.fullmatch(text):
            why = "expected letters and digits, with . _ - (in names also blanks) between"
            raise self.parts[key].fault(f"{text!r} can't be the {key}'s name", why, mend="name it so, such as billing")
        return text

    def _known(
        self, key: str, known: Container[str] | Mapping[str, Any], kind: str, further: Iterable[str] = ()
    ) -> str | None:
        text = self.parts.text(key, None)
        if text is not None and text not in known:
            names = [*(known if isinstance(known, Mapping) else ()), *further]
            mend = nearest(text, names) or f"declare the {kind}"
            raise self.parts[key].fault(f"there is no {kind} {text!r}", mend=mend)
        return text


def _content_type(layout: Layout | None) -> str:
    if layout is None:
        return "application/xml"
    base = CONTENT_TYPES[layout.format]
    return base if layout.format in ("json", "xml") else f"{base}; charset={layout.encoding}"
