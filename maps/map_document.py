"""A map's file with its head read: the objects, the tables, the language of its expressions, and its version.

Spec: docs/design/road.md, "Data maps: the grammar".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from integration_objects.declaration import NAME_KNOWN, Node, Source, read
from integration_objects.definition import Component, IntegrationObject
from integration_objects.nearest import nearest
from integration_objects.time_zone import ZoneUnknown, time_zone
from maps.component_rule import Owner
from maps.field_rule import Language
from maps.lookup import ReadFile, read_lookups
from maps.scope import Position
from maps.shape import shape_of

#: The keys of a rule at the top of a map, and of each rule beneath it.
RULE_KEYS = ("each", "where", "assert", "fields", "children")
#: The keys of a map's head, those that it needs first.
HEAD_KEYS = ("map", "from", "to", "make")
HEAD_OPTIONS = ("lookups", "answers", "time zone")
#: The keys of a rule beneath another one: it makes a component, or uses another map.
CHILD_KEYS = ("make", "use", "flat", "recurse", *RULE_KEYS)
#: The keys that stand beside `use`.
USE_KEYS = ("each", "where", "assert")
#: The keys of rows that become a tree.
FLAT_KEYS = ("key", "parent")


@dataclass(eq=False)
class Document:
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


def read_document(
    source: Source, objects: Mapping[str, IntegrationObject], read_file: ReadFile, zone_name: str
) -> Document:
    """Read the head of a map's file.

    Args:
        source: the file.
        objects: the internal and the external integration objects, by name.
        read_file: reads a look-up table's bytes.
        zone_name: the time zone of a map that declares none.

    Raises:
        DeclarationFault: an object, a component, a table or a zone that the head names isn't there.
    """
    node = read(source)
    parts = node.mapping(required=HEAD_KEYS, optional=(*HEAD_OPTIONS, *RULE_KEYS))
    from_object, from_steps = _object(parts["from"], objects)
    to_object, to_steps = _object(parts["to"], objects)
    answers = _object(parts["answers"], objects)[0] if "answers" in parts else None
    position = Position(from_object.root, None, shape_of(from_object), _answered_position(answers))
    for component in _walk(parts["from"], from_object.root, from_steps):
        position = position.below(component)
    # The last component on the way; `to` without steps has the header alone.
    made = [to_object.root, *_walk(parts["to"], to_object.root, to_steps)][-1]
    if parts["make"].text() != made.name:
        raise parts["make"].fault(
            f"'{parts['to'].text()}' is not made of '{parts['make'].text()}'",
            f"the map's own component is '{made.name}'",
            mend=f"write make: {made.name}",
        )
    return Document(
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


def digest(name: str, documents: Mapping[str, Document], versions: dict[str, str]) -> str:
    """Work out a map's version: the digest of its file, its look-up files, and the versions of the used maps."""
    if name not in versions:
        # A map that uses itself is refused elsewhere. Here it must not make an endless loop.
        versions[name] = ""
        document = documents[name]
        used = sorted(digest(used_name, documents, versions) for used_name in document.uses if used_name in documents)
        files = sorted(table.digest for table in document.language.lookups.values())
        # A sign that no text file holds, so that two sets of files never make one text.
        whole = "\0".join([document.text, *files, *used])
        versions[name] = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()
    return versions[name]
