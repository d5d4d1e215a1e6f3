"""Declarations: YAML files of which every value knows its file, line and column.

    source = Source("maps/x.yaml", text)
    node = read(source)                       Node: a mapping, a sequence or a scalar, with its place
    parts = node.mapping(required=["map"])    dict[str, Node]; unknown and missing keys are faults
    parts["map"].text()                       a scalar is text until it is asked for something else

So ``NO``, ``on`` and ``1.0`` never change by themselves, and every finding names its place.

Source: spec, docs/design/integration.md "Integration object definitions", docs/architecture.md "Choices made".
"""

from __future__ import annotations

import importlib.resources
import pathlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import yaml

from integration_objects.errors import Misconfigured, UnknownName
from integration_objects.nearest import nearest

#: Characters of one declaration; the largest shipped one has a hundredth of it.
MAX_LENGTH = 4_000_000
#: Values within values; deeper ones are a mistake or an attack.
MAX_DEPTH = 64

# The parser in C is about eight times as fast; commands read declarations whenever they start.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TRUTH = {"yes": True, "true": True, "no": False, "false": False}
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_WHOLE = re.compile(r"[+-]?[0-9]+")


class DeclarationFault(Misconfigured):
    """A declaration can't be read, or refers to something that isn't there; *where* is file:line:column."""


class DeclaredNameUnknown(UnknownName, DeclarationFault):
    """A declaration names something that isn't there."""


@dataclass(frozen=True)
class Source:
    """The text of one declaration.

    Attributes:
        name: the path as people see it, ``maps/x.yaml``.
        text: the YAML.
    """

    name: str
    text: str


def shipped(package: str, pattern: str = "*.yaml", folder: str = "") -> list[Source]:
    """The declarations that lie in the *folder* of a package of the hub, sorted by path.

    Args:
        package: "maps".
        pattern: of the file's name.
        folder: beneath the package's folder; "" for that itself.
    """
    place = importlib.resources.files(package)
    for step in pathlib.PurePosixPath(folder).parts:
        place = place / step
    if not place.is_dir():
        return []
    prefix = "/".join([*package.split("."), *pathlib.PurePosixPath(folder).parts])
    files = sorted((entry.name, entry) for entry in place.iterdir() if entry.is_file())
    return [
        Source(f"{prefix}/{name}", _decoded(entry.read_bytes(), f"{prefix}/{name}"))
        for name, entry in files
        if pathlib.PurePosixPath(name).match(pattern)
    ]


def in_folder(path: pathlib.Path, pattern: str = "*.yaml") -> list[Source]:
    """The declarations in a deployment's folder, sorted by path; none where there is no such folder."""
    if not path.is_dir():
        return []
    return [
        Source(str(file), _decoded(file.read_bytes(), str(file)))
        for file in sorted(path.glob(pattern))
        if file.is_file()
    ]


#: What to do about a name that nothing known is near to.
NAME_KNOWN = "name a known one, or take it away"
_AS_YAML = "write it as YAML: 'key: value', blanks and no tabs before a key, quotes around signs"
_WRITTEN = {
    "mapping": "write 'key: value' lines here",
    "sequence": "write a list here: a line with '- ' for each, or [a, b]",
    "scalar": "write one value here",
}


class Node:
    """A value of a declaration with its place. Made by `read` only."""

    __slots__ = ("_entries", "_file", "_items", "_plain", "_text", "column", "kind", "line")

    def __init__(self, file: str, line: int, column: int, kind: Literal["mapping", "sequence", "scalar"]) -> None:
        self._file = file
        self.line = line
        self.column = column
        self.kind = kind
        self._text = ""
        self._plain = False
        self._items: list[Node] = []
        self._entries: list[tuple[Node, Node]] = []

    def __repr__(self) -> str:
        return f"<Node {self.kind} {self.where}>"

    @property
    def where(self) -> str:
        """The place: file:line:column, both counted from 1."""
        return f"{self._file}:{self.line}:{self.column}"

    @property
    def file(self) -> str:
        """The name of the declaration's source."""
        return self._file

    def fault(self, what: str, why: str = "", *, mend: str, **objects: Any) -> DeclarationFault:
        """A fault at this place, to be raised."""
        return DeclarationFault(what, where=self.where, why=why, mend=mend, **objects)

    def unknown(
        self, kind: str, known: Iterable[str] = (), *, otherwise: str | None = None, **parts: Any
    ) -> DeclaredNameUnknown:
        """A fault to be raised: the name that stands here is none of the *known* names of this *kind*."""
        return DeclaredNameUnknown(self._text, known, kind=kind, otherwise=otherwise, where=self.where, **parts)

    def items(self) -> list[tuple[Node, Node]]:
        """The keys and values of a mapping, both with their places, in the file's order."""
        self._want("mapping")
        return list(self._entries)

    def mapping(self, *, required: Sequence[str] = (), optional: Sequence[str] | None = None) -> dict[str, Node]:
        """The values of a mapping by key, in the file's order.

        Args:
            required: keys that must be there.
            optional: keys that may be there besides; None for any key.

        Raises:
            DeclarationFault: no mapping, a key that is missing, or one that isn't known.
        """
        self._want("mapping")
        if optional is not None:
            known = [*required, *optional]
            for key, _ in self._entries:
                if key._text not in known:
                    raise key.fault(
                        f"unknown key '{key._text}'",
                        "known here are " + ", ".join(known) if known else "no key is known here",
                        mend=nearest(key._text, known) or NAME_KNOWN,
                    )
        found = {key._text: value for key, value in self._entries}
        for name in required:
            if name not in found:
                raise self.fault(f"the key '{name}' is missing", mend=f"add '{name}: ...'")
        return found

    def sequence(self) -> list[Node]:
        """The values of a sequence."""
        self._want("sequence")
        return list(self._items)

    def text(self) -> str:
        """A scalar as it is written."""
        self._want("scalar")
        if self._plain and not self._text:
            raise self.fault(
                "a value is missing", "nothing stands here", mend='write the value, or "" for an empty text'
            )
        return self._text

    def texts(self) -> list[str]:
        """A sequence of scalars; a scalar by itself counts as a sequence of one."""
        if self.kind == "scalar":
            return [self.text()]
        return [item.text() for item in self.sequence()]

    def is_null(self) -> bool:
        """Whether nothing stands here, or a bare ``null`` or ``~``."""
        return self.kind == "scalar" and self._plain and self._text in ("", "null", "~")

    def flag(self) -> bool:
        """A truth value: yes, no, true or false."""
        text = self.text()
        if text.lower() not in _TRUTH:
            raise self.fault(
                f"'{text}' is neither yes nor no", "expected yes, no, true or false", mend="write yes or no"
            )
        return _TRUTH[text.lower()]

    def number(self) -> Decimal:
        """A decimal number: digits with a sign and a point."""
        text = self.text()
        if not _NUMBER.fullmatch(text):
            raise self.fault(
                f"'{text}' is not a number",
                "expected digits, with a sign and a point at most",
                mend="write it so, such as 12.50",
            )
        return Decimal(text)

    def whole(self) -> int:
        """A whole number."""
        text = self.text()
        if not _WHOLE.fullmatch(text):
            raise self.fault(
                f"'{text}' is not a whole number",
                "expected digits, with a sign at most",
                mend="write it so, such as 12",
            )
        return int(text)

    def choice(self, *allowed: str) -> str:
        """One of the texts *allowed*."""
        text = self.text()
        if text not in allowed:
            raise self.fault(
                f"'{text}' is not allowed here",
                "expected " + ", ".join(allowed),
                mend=nearest(text, allowed) or "write one of them",
            )
        return text

    def _want(self, kind: str) -> None:
        if self.kind != kind:
            raise self.fault(f"expected a {kind}", f"here stands a {self.kind}", mend=_WRITTEN[kind])


def read(source: Source) -> Node:
    """Read one declaration.

    Returns:
        The document's node.

    Raises:
        DeclarationFault: not YAML, empty, several documents, too long, nested too deep, an anchor, an alias
            or a tag, a key that isn't a scalar, or a key that stands there twice.
    """
    if len(source.text) > MAX_LENGTH:
        raise DeclarationFault(
            "the declaration is too long",
            where=f"{source.name}:1:1",
            why=f"{len(source.text):,} characters; at most {MAX_LENGTH:,} are read",
            mend="split the file, or put a large look-up table into a CSV file",
        )
    try:
        return _Reading(source.name).node(yaml.parse(source.text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        why = ", ".join(part for part in (error.context, error.problem) if part)
        raise DeclarationFault(
            "this is not YAML", where=f"{source.name}:{line}:{column}", why=why, mend=_AS_YAML
        ) from error
    except yaml.YAMLError as error:
        raise DeclarationFault(
            "this is not YAML", where=f"{source.name}:1:1", why=_one_line(error), mend=_AS_YAML
        ) from error


class _Reading:
    """One reading of one file: events in, nodes out, without recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Node | None = None
        self.documents = 0
        # Each open mapping or sequence; a mapping with the key that waits for its value.
        self.open: list[tuple[Node, list[Node], dict[str, Node]]] = []

    def node(self, events: Iterable[Any]) -> Node:
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                self.documents += 1
                if self.documents > 1:
                    raise self._start(event, "scalar").fault(
                        "a second document starts here",
                        "a declaration file holds one",
                        mend="make it a file of its own",
                    )
            elif isinstance(event, yaml.NodeEvent):
                self._node_event(event)
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                self.open.pop()
        if self.root is None or self.root.is_null():
            raise DeclarationFault(
                "the declaration is empty", where=f"{self.file}:1:1", mend="write it, or delete the file"
            )
        return self.root

    def _node_event(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            node = self._start(event, "scalar")
            node._text = event.value
            node._plain = event.style is None or event.style == ""
        elif isinstance(event, yaml.AliasEvent):
            raise self._start(event, "scalar").fault(
                f"'*{event.anchor}' is an alias", "declarations have none", mend="write the value out"
            )
        else:
            node = self._start(event, "mapping" if isinstance(event, yaml.MappingStartEvent) else "sequence")
        if event.anchor is not None:
            raise node.fault(f"'&{event.anchor}' is an anchor", "declarations have none", mend="write the value out")
        if event.tag is not None:
            raise node.fault(
                f"'{event.tag}' is a tag", "declarations have none", mend="quote the text, or drop the tag"
            )
        self._put(node)
        if node.kind != "scalar":
            if len(self.open) >= MAX_DEPTH:
                raise node.fault(
                    "values are nested too deep", f"at most {MAX_DEPTH} levels are read", mend="take levels away"
                )
            self.open.append((node, [], {}))

    def _start(self, event: Any, kind: Literal["mapping", "sequence", "scalar"]) -> Node:
        return Node(self.file, event.start_mark.line + 1, event.start_mark.column + 1, kind)

    def _put(self, node: Node) -> None:
        if not self.open:
            self.root = node
            return
        parent, waiting, seen = self.open[-1]
        if parent.kind == "sequence":
            parent._items.append(node)
        elif waiting:
            parent._entries.append((waiting.pop(), node))
        else:
            if node.kind != "scalar":
                raise node.fault(f"a {node.kind} can't be a key", mend="quote it, if it is meant as text")
            if node._text in seen:
                raise node.fault(
                    f"the key '{node._text}' stands here twice",
                    f"first at {seen[node._text].where}",
                    mend="take one of the two away",
                )
            seen[node._text] = node
            waiting.append(node)


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DeclarationFault(
            "the declaration is not UTF-8", where=f"{name}:{line}:1", why=str(error), mend="save it as UTF-8"
        ) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
