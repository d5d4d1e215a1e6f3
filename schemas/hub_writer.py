"""Writes the hub's own XML as text, piece by piece; `hub_xml` is the way in.

Escaped strings cost a third of a builder of elements (docs/design/performance.md).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from integration_objects.complex_object import list_of, object_name
from integration_objects.component import Component, Definitions, element_name
from integration_objects.declaration import NAME_KNOWN
from integration_objects.field_values import check_characters
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet
from schemas.flat_lines import PARENT, flat_rows, is_deep, line_of
from schemas.hub_elements import FORMATS, OPERATION, XSI, Elements, Envelope, NotWritable, elements_of

_INDENT = "  "
# Text that needs no escape in XML.
_PLAIN = re.compile("[\t\n\x20-%'-;=?-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


class HubWriter:
    """Writes one document, without recursion."""

    def __init__(self, envelope: Envelope) -> None:
        if envelope not in FORMATS:
            raise NotWritable(
                f"there is no envelope '{envelope}'",
                why="expected Message or SiebelMessage",
                mend="name one of the two",
            )
        self.envelope = envelope
        self.pieces: list[str] = []
        self.has_null = False
        self.head: dict[str, str | None] = {}

    def document(self) -> bytes:
        """Return the written document."""
        attributes = "".join(
            f' {name}="{_escaped_attribute(value, name)}"' for name, value in self.head.items() if value is not None
        )
        # The prefix is declared only where a null needs it; the root is written last, when that is known.
        if self.has_null:
            attributes += f' xmlns:xsi="{XSI}"'
        head = f'<?xml version="1.0" encoding="UTF-8"?>\n<{self.envelope}{attributes}'
        if not self.pieces:
            return f"{head}/>\n".encode()
        return "".join([head, ">\n", *self.pieces, f"</{self.envelope}>\n"]).encode()

    def empty(self, name: str | None) -> None:
        """Write an empty complex object; None for one of no kind."""
        self.head = {"IntObjectName": name, "IsEmpty": "Y"}

    def message(self, tree: PropertySet, definitions: Definitions) -> None:
        """Write a message's tree."""
        name = object_name(tree)
        envelope = tree.child("Message")
        if name is None or envelope is None:
            raise NotWritable(
                "the tree is no message",
                why="it has no child Message with an IntObjectName, and isn't empty",
            )
        definition = definitions.get(name)
        if definition is None or definition.external:
            raise NotWritable(f"there is no integration object '{name}'", mend=nearest(name, definitions) or NAME_KNOWN)
        for given, known in (
            (tree.properties, ("OutputIntObjectName", "PrimaryRowId")),
            (envelope.properties, ("MessageId", "MessageType", "IntObjectName", "IntObjectFormat")),
        ):
            for given_name in given:
                if given_name not in known:
                    mend = nearest(given_name, known) or NAME_KNOWN
                    raise NotWritable(f"a message has no property '{given_name}'", mend=mend)
        self.head = {
            "MessageId": envelope.get("MessageId"),
            "MessageType": envelope.get("MessageType"),
            "IntObjectName": name,
            "IntObjectFormat": FORMATS[self.envelope],
            "PrimaryRowId": tree.get("PrimaryRowId"),
        }
        wanted = list_of(name)
        if [child.type for child in tree.children] != ["Message"] or [child.type for child in envelope.children] != [
            wanted
        ]:
            raise NotWritable("the tree is no message", why=f"expected one child Message with one child {wanted}")
        self._list(envelope.children[0], "ListOf" + element_name(name), definition.root)

    def _list(self, siblings: PropertySet, tag: str, component: Component) -> None:
        """Write a list, with everything beneath it."""
        stack: list[_Task] = [_ListTask(siblings, tag, component, _INDENT, False)]
        while stack:
            task = stack.pop()
            if isinstance(task, str):
                self.pieces.append(task)
            elif isinstance(task, _ListTask):
                self._open_list(task, stack)
            else:
                self._open_component(task, stack)

    def _open_list(self, task: _ListTask, stack: list[_Task]) -> None:
        siblings, indent, component = task.siblings, task.indent, task.component
        if siblings.properties or siblings.value:
            raise NotWritable(f"a '{siblings.type}' has neither properties nor a value")
        if not siblings.children:
            self.pieces.append(f"{indent}<{task.tag}/>\n")
            return
        self.pieces.append(f"{indent}<{task.tag}>\n")
        stack.append(f"{indent}</{task.tag}>\n")
        indent += _INDENT
        if task.may_be_flat and is_deep(siblings, component):
            rows = flat_rows(siblings, component)
            stack.extend(_NodeTask(node, component, indent, True, parent) for node, parent in reversed(rows))
        else:
            nodes = reversed(siblings.children)
            stack.extend(_NodeTask(node, component, indent, False, None) for node in nodes)

    def _open_component(self, task: _NodeTask, stack: list[_Task]) -> None:
        node, component, indent = task.node, task.component, task.indent
        if node.type != component.name or node.value:
            raise NotWritable(
                f"a '{node.type}' stands where a '{component.name}' belongs"
                if node.type != component.name
                else f"a '{node.type}' has no value",
                where=line_of(node),
            )
        tag = element_name(component.name)
        operation = None if OPERATION in component.fields else node.properties.get(OPERATION)
        if operation is not None:
            self.pieces.append(f'{indent}<{tag} operation="{_escaped_attribute(operation, OPERATION)}">\n')
        else:
            self.pieces.append(f"{indent}<{tag}>\n")
        shape = elements_of(component)
        self._fields(task, shape)
        stack.append(f"{indent}</{tag}>\n")
        stack.extend(reversed(self._lists_below(task, shape)))

    def _fields(self, task: _NodeTask, shape: Elements) -> None:
        properties, indent, append = task.node.properties, task.indent + _INDENT, self.pieces.append
        written = 0
        for name, tag in shape.tags:
            if task.parent is not None and name == PARENT:
                append(f"{indent}<{tag}>{_escaped(task.parent, name)}</{tag}>\n")
                written += name in properties
            elif name in properties:
                written += 1
                text = properties[name]
                if text is None:
                    self.has_null = True
                    append(f'{indent}<{tag} xsi:nil="true"/>\n')
                else:
                    append(f"{indent}<{tag}>{_escaped(text, name)}</{tag}>\n")
        # Counted, because looking each property up would cost every node of every message.
        if written != len(properties):
            known = task.component.fields
            for name in properties:
                if name not in known and name != OPERATION:
                    raise NotWritable(
                        f"'{task.component.name}' has no field '{name}'",
                        where=line_of(task.node),
                        mend=nearest(name, known) or NAME_KNOWN,
                        node=task.node,
                    )

    def _lists_below(self, task: _NodeTask, shape: Elements) -> list[_Task]:
        node, component = task.node, task.component
        result: list[_Task] = []
        seen: set[str] = set()
        for child in node.children:
            found = shape.by_type.get(child.type)
            if found is None or child.type in seen:
                again = "a second" if child.type in seen else "a"
                raise NotWritable(
                    f"'{component.name}' can't hold {again} '{child.type}'",
                    where=line_of(node),
                    mend=nearest(child.type, shape.by_type) or NAME_KNOWN,
                    node=node,
                )
            seen.add(child.type)
            tag, below = found
            if task.flat and below is component:
                # The lines beneath stand in the flat list. An empty list, or a list that isn't the last child, would
                # be lost or misplaced when it is read again, so the list is written without its lines.
                if child.children and child is node.children[-1]:
                    continue
                child = PropertySet(child.type)
            result.append(_ListTask(child, tag, below, task.indent + _INDENT, below is not component))
        return result


class _ListTask(NamedTuple):
    """A list to be written."""

    siblings: PropertySet
    tag: str
    component: Component
    indent: str
    may_be_flat: bool


class _NodeTask(NamedTuple):
    """A component to be written; in the flat form with its parent's identity."""

    node: PropertySet
    component: Component
    indent: str
    flat: bool
    parent: str | None


_Task = str | _ListTask | _NodeTask


def _escaped(text: str, name: str) -> str:
    """Escape a text between tags."""
    if _PLAIN.fullmatch(text):
        return text
    why = check_characters(text)
    if why is not None:
        raise NotWritable(f"XML can't carry the value of '{name}'", why=why, mend="take the character out")
    # The ampersand first, or it would be escaped within the other references. Parsers turn a bare \r into \n.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def _escaped_attribute(text: str, name: str) -> str:
    escaped = _escaped(text, name).replace('"', "&quot;")
    # Parsers make blanks of tabs and line breaks in attributes.
    return escaped.replace("\t", "&#9;").replace("\n", "&#10;")
