"""An external system that the hub sends to: its door, what it takes, its map, its format.

    system: Provisioning
    takes: OM Work Order                             the integration object that it is sent
    for: Provisioning                                the Fulfilment System's name, for work orders
    map: OM Work Order to Provisioning Work Order    left out: the tree goes as it is
    object: Provisioning Work Order                  XML after this external object's schema; or
    template: billing_records.j2                     text by this template; neither: the hub's own XML
    channel: provisioning.work_orders                or `folder: billing`

What is rendered is checked before it leaves: XML is parsed again and validated, records are measured.

Spec: docs/design/road.md, "Out and back"; docs/design/integration.md, "Routes"; docs/design/guarantees.md, "The
promises", "Out".
"""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from adapters.rendering.render import ENCODINGS, ENDS, Format, Layout, Template
from integration_objects.declaration import Node, Source, read
from integration_objects.definition import Definitions, IntegrationObject
from integration_objects.errors import Invalid, Misconfigured, Refused
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import Surroundings
from maps.data_map import DataMap
from schemas.check import Limits, parse
from schemas.external_object import ExternalObject
from schemas.hub_xml import hub_to_xml
from schemas.to_xml import external_to_xml

#: what a destination begins with that is a folder
FOLDER = "folder:"

Repeats = Literal["recognised by message id", "recognised by key", "in doubt"]

#: What leaves may be as large as what may come, and as deep as parsers read.
_OUTBOUND = Limits(depth=250)
_CONTENT_TYPES: dict[Format, str] = {
    "fixed width": "text/plain",
    "csv": "text/csv",
    "json": "application/json",
    "xml": "application/xml",
}
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9])?")
_DOOR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")


class OutboundFaulty(Refused):
    """What was made for a system is against its schema, and so doesn't leave."""


class MapMissing(Misconfigured):
    """A system's map or external object isn't among those that were handed in."""


@dataclass(frozen=True)
class System:
    """An external system, as declared.

    Attributes:
        name: as routes, the outbox and the console show it.
        takes: the integration object's name.
        for_system: the Fulfilment System whose work orders it takes.
        map: the data map's name; None for none.
        object: the external object's name, for XML after a schema; else None.
        template: the template's file name, for text; else None.
        layout: how the template's text looks; None without a template.
        envelope: of the hub's own XML: Message or SiebelMessage.
        channel, folder: its door; one of them is None.
        repeats: how it treats a message that comes again (docs/design/guarantees.md): it recognises the message id, or
        a
            key within the message, or can't tell; then a message that may have been sent is *in doubt*.
        content_type, type: of its messages.
        where: file:line:column of the declaration.
    """

    name: str
    takes: str
    for_system: str
    map: str | None
    object: str | None
    template: str | None
    layout: Layout | None
    envelope: Literal["Message", "SiebelMessage"]
    channel: str | None
    folder: str | None
    repeats: Repeats
    content_type: str
    type: str
    where: str
    _definitions: Definitions = field(repr=False, compare=False)
    _compiled: Template | None = field(repr=False, compare=False)

    @property
    def destination(self) -> str:
        """Where its messages go, as the outbox has it: the channel's name, or ``folder:`` and the folder's."""
        return self.channel or f"{FOLDER}{self.folder}"

    def render(
        self,
        tree: PropertySet,
        maps: Mapping[str, DataMap],
        external_objects: Mapping[str, ExternalObject],
    ) -> bytes:
        """The bytes of the message that the system is sent.

        Args:
            tree: a message of the object that the system takes. Not changed.
            maps: by name.
            external_objects: by name.

        Raises:
            MapFailed: the map can't be applied.
            OutboundFaulty: the XML that was made is against the system's schema, or over a limit.
            TemplateFailed, RecordWidthWrong, OutputTooLarge, RenderingTooSlow: as for `Template.render`.
            MapMissing: the declaration names what was not handed in.
        """
        definition: IntegrationObject = self._definitions[self.takes]
        if self.map is not None:
            data_map = self._found(maps, self.map, "map")
            tree, definition = data_map.apply(tree), data_map.target
        if self._compiled is not None:
            body = self._compiled.render(tree, definition)
            if self._compiled.layout.format == "xml":
                self._check(body, external_objects)
            return body
        if self.object is None:
            return hub_to_xml(tree, self._definitions, self.envelope)
        external = self._found(external_objects, self.object, "external object")
        body = external_to_xml(tree, external)
        self._check(body, external_objects, own=True)
        return body

    def _check(self, body: bytes, external_objects: Mapping[str, ExternalObject], *, own: bool = False) -> None:
        """Parse what was made, as a receiver would, and validate it; *own*: no template had a hand in it."""
        try:
            element = parse(body, _OUTBOUND, own=own)
            if self.object is not None:
                self._found(external_objects, self.object, "external object").schema.validate(element)
        except Invalid as fault:
            made_by = f"map {self.map!r}" if self.template is None else f"template {self.template!r}"
            raise OutboundFaulty(
                f"what {made_by} made for system {self.name!r} can't be sent: {fault.what}",
                where=fault.where,
                why=fault.why,
                mend="mend the map, the template or the message, and replay the message",
                fault=fault,
            ) from fault

    def _found(self, known: Mapping[str, Any], name: str, kind: str) -> Any:
        if name not in known:
            raise MapMissing(
                f"system {self.name!r} can't be sent anything",
                where=self.where,
                why=f"there is no {kind} {name!r}",
                mend=nearest(name, known) or f"declare the {kind}",
            )
        return known[name]


def shipped_template(name: str) -> str:
    """The text of a template that ships with the hub.

    Raises:
        FileNotFoundError: there is none of that name.
    """
    return (importlib.resources.files("adapters") / "templates" / name).read_text("utf-8")


def read_systems(
    sources: Sequence[Source],
    definitions: Definitions,
    maps: Mapping[str, DataMap],
    external_objects: Mapping[str, ExternalObject],
    read_template: Callable[[str], str] = shipped_template,
    surroundings: Surroundings | None = None,
) -> dict[str, System]:
    """Read and prove the declarations of external systems; templates are compiled.

    Args:
        sources: the files, a system each.
        definitions: the internal objects by name.
        maps: by name, for the proofs.
        external_objects: by name, for the proofs.
        read_template: gives a template's text by its file name.
        surroundings: the clock of the templates' time limit.

    Raises:
        DeclarationFault: with the place, for what isn't known or doesn't fit together.
        TemplateFaulty: with the template's line.
    """
    systems: dict[str, System] = {}
    for source in sources:
        node = read(source)
        system = _Reading(node, definitions, maps, external_objects, read_template, surroundings).system()
        if system.name in systems:
            why = f"first at {systems[system.name].where}"
            raise node.fault(f"system {system.name!r} is declared twice", why, mend="give one another name")
        systems[system.name] = system
    return systems


class _Reading:
    """The reading of one declaration."""

    def __init__(
        self,
        node: Node,
        definitions: Definitions,
        maps: Mapping[str, DataMap],
        external_objects: Mapping[str, ExternalObject],
        read_template: Callable[[str], str],
        surroundings: Surroundings | None,
    ) -> None:
        self._node = node
        self._definitions = definitions
        self._maps = maps
        self._external_objects = external_objects
        self._read_template = read_template
        self._surroundings = surroundings
        self._parts = node.mapping(
            required=("system", "takes"),
            optional=(
                "for",
                "map",
                "object",
                "template",
                "format",
                "encoding",
                "record",
                "separator",
                "envelope",
                "channel",
                "folder",
                "repeats",
                "content type",
                "type",
                "help",
            ),
        )

    def system(self) -> System:
        name = self._matching("system", _NAME) or ""
        takes = self._known("takes", self._definitions, "integration object") or ""
        self._prove_door()
        data_map = self._known("map", self._maps, "map")
        external = self._known("object", self._external_objects, "external object")
        template = self._text("template")
        self._prove_shapes(takes, data_map, external, template)
        layout = self._layout() if template is not None else None
        return System(
            name=name,
            takes=takes,
            for_system=self._text("for") or name,
            map=data_map,
            object=external,
            template=template,
            layout=layout,
            envelope=self._choice("envelope", "Message", "SiebelMessage"),
            channel=self._matching("channel", _DOOR),
            folder=self._matching("folder", _DOOR),
            repeats=self._choice("repeats", "recognised by message id", "recognised by key", "in doubt"),
            content_type=self._text("content type") or _content_type(layout),
            type=self._text("type") or external or takes,
            where=self._node.where,
            _definitions=self._definitions,
            _compiled=self._template(template, layout) if template is not None and layout else None,
        )

    def _prove_door(self) -> None:
        if ("channel" in self._parts) == ("folder" in self._parts):
            raise self._node.fault(
                "a system has one door",
                "both 'channel' and 'folder' stand here" if "channel" in self._parts else "there is none",
                mend="name a 'channel' or a 'folder'",
            )

    def _prove_shapes(self, takes: str, data_map: str | None, external: str | None, template: str | None) -> None:
        """What comes out of one step must be what the next one takes."""
        made: IntegrationObject = self._definitions[takes]
        if data_map is not None:
            found = self._maps[data_map]
            if found.source.name != takes:
                raise self._parts["map"].fault(
                    f"map {data_map!r} doesn't fit",
                    f"it reads {found.source.name!r}, the system takes {takes!r}",
                    mend=f"name a data map that reads {takes!r}",
                )
            made = found.target
        if template is None:
            self._refuse("template", "format", "encoding", "record", "separator")
            if external is not None and made.name != external:
                raise self._parts["object"].fault(
                    f"a tree of {made.name!r} can't be written as {external!r}",
                    mend=f"name a map from {takes!r} to {external!r}",
                )
            if external is None and made.external:
                raise self._parts["map"].fault(
                    f"map {data_map!r} makes an external object", mend=f"add 'object: {made.name}'"
                )
        if template is not None or external is not None:
            self._refuse("hub's own XML", "envelope")

    def _refuse(self, what: str, *keys: str) -> None:
        for key in keys:
            if key in self._parts:
                raise self._parts[key].fault(
                    f"'{key}' says nothing here", f"it belongs to a {what}", mend="take it away"
                )

    def _layout(self) -> Layout:
        if "format" not in self._parts:
            raise self._node.fault(
                "the key 'format' is missing",
                "a template's text has a format",
                mend="add 'format: fixed width', csv, json or xml",
            )
        form: Format = self._choice("format", "fixed width", "csv", "json", "xml")
        encoding = self._choice("encoding", "utf-8", *ENCODINGS)
        if form in ("json", "xml") and encoding != "utf-8":
            raise self._parts["encoding"].fault(f"{form} goes out as utf-8", mend="take the encoding away")
        separator = self._text("separator") or ","
        if len(separator) != 1 or separator in '"\r\n':
            raise self._parts["separator"].fault(
                "a separator is one character, and no quote", mend="write one, such as ';'"
            )
        if form != "csv":
            self._refuse("csv template", "separator")
        width, end, types = self._record(form)
        return Layout(form, encoding, width, end, types, separator)

    def _record(self, form: Format) -> tuple[int | None, str, tuple[str, ...]]:
        """The record's width, end and types."""
        if "record" not in self._parts:
            if form == "fixed width":
                raise self._node.fault(
                    "the key 'record' is missing",
                    "each record's width is checked",
                    mend="add 'record: {width: 80}'",
                )
            return None, "lf", ()
        node = self._parts["record"]
        required = ("width",) if form == "fixed width" else ()
        optional = ("end", "types") if form == "fixed width" else ("end",)
        parts = node.mapping(required=required, optional=optional)
        end = parts["end"].choice(*ENDS) if "end" in parts else "lf"
        if form == "csv" and end == "none":
            raise parts["end"].fault("the rows of a CSV file end", mend="say lf or crlf")
        types = tuple(parts["types"].texts()) if "types" in parts else ()
        if not required:
            return None, end, ()
        width = parts["width"].whole()
        if not 1 <= width <= 32_760:
            raise parts["width"].fault(
                f"a record can't be {width} bytes wide", "expected 1 to 32760", mend="give such a width"
            )
        return width, end, types

    def _template(self, name: str, layout: Layout) -> Template:
        place = self._parts["template"]
        if not _DOOR.fullmatch(name):
            raise place.fault(
                f"{name!r} is no template's file name",
                "expected a name without a folder",
                mend="put the template into adapters/templates, and write its name alone",
            )
        try:
            source = self._read_template(name)
        except (OSError, LookupError) as cause:
            raise place.fault(f"there is no template {name!r}", mend="put it into adapters/templates") from cause
        return Template(f"adapters/templates/{name}", source, layout, self._surroundings)

    def _text(self, key: str) -> str | None:
        return self._parts[key].text() if key in self._parts else None

    def _choice(self, key: str, *allowed: str) -> Any:
        """The choice made, or the first one where none is."""
        return self._parts[key].choice(*dict.fromkeys(allowed)) if key in self._parts else allowed[0]

    def _matching(self, key: str, pattern: re.Pattern[str]) -> str | None:
        text = self._text(key)
        if text is not None and not pattern.fullmatch(text):
            why = "expected letters and digits, with . _ - (in names also blanks) between"
            raise self._parts[key].fault(f"{text!r} can't be the {key}'s name", why, mend="name it so, such as billing")
        return text

    def _known(self, key: str, known: Container[str] | Mapping[str, Any], kind: str) -> str | None:
        text = self._text(key)
        if text is not None and text not in known:
            names = list(known) if isinstance(known, Mapping) else []
            raise self._parts[key].fault(
                f"there is no {kind} {text!r}", mend=nearest(text, names) or f"declare the {kind}"
            )
        return text


def _content_type(layout: Layout | None) -> str:
    if layout is None:
        return "application/xml"
    base = _CONTENT_TYPES[layout.format]
    return base if layout.format in ("json", "xml") else f"{base}; charset={layout.encoding}"
