"""Declarations: YAML files whose values know their file, line and column.

    source = Source("maps/x.yaml", text)
    node = read(source)                       Node: a mapping, a sequence or a scalar, with its place
    parts = node.mapping(required=["map"])    Parts: the nodes by key; unknown and missing keys are faults
    parts["map"].text()                       a scalar is text until the caller asks for something else
    parts.text("help", "")                    the text, or the default where the key is absent

So ``NO``, ``on`` and ``1.0`` never change by themselves, and every finding names its place.

Spec: docs/design/integration.md "Integration object definitions", docs/architecture.md "Choices made".
"""

from __future__ import annotations

import importlib.resources
import pathlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import yaml

from integration_objects.errors import Misconfigured, UnknownName
from integration_objects.nearest import nearest

#: Characters of one declaration; the largest shipped one has a hundredth of it.
MAX_LENGTH = 4_000_000
#: Values within values; deeper ones are a mistake or an attack.
MAX_DEPTH = 64

# The parser in C is about eight times as fast; commands read declarations whenever they start.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Four of the words of YAML 1.1. Its `on` and `y` are texts here, and so are Y and N, the values of flags.
_TRUTH = {"yes": True, "true": True, "no": False, "false": False}
_FLAG = re.compile("yes|no|true|false", re.IGNORECASE | re.ASCII)
_WHOLE = re.compile(r"[+-]?[0-9]+")
_Default = TypeVar("_Default", bound="str | None")


class DeclarationFault(Misconfigured):
    """A declaration can't be read, or is wrong in itself; *where* is file:line:column."""


class DeclaredNameUnknown(UnknownName, DeclarationFault):
    """A declaration names something that isn't there."""


class DeclaredTwice(DeclarationFault):
    """A declaration gives one name to two things."""

    what = "the {kind} '{name}' is declared twice"
    why = "first at {first}"
    mend = "give one of the two another name, or take it away"


class ValueMalformed(DeclarationFault):
    """A value of a declaration is not written as its kind is written."""

    what = "'{text}' is not {kind}"
    why = "expected {expected}"
    mend = "write it so, such as {example}"


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
    """Return the declarations in the *folder* of a package of the hub, sorted by path.

    Args:
        package: "maps".
        pattern: a pattern of file names.
        folder: a folder beneath the package's folder; "" for the package's folder itself.
    """
    steps = pathlib.PurePosixPath(folder).parts
    place = importlib.resources.files(package).joinpath(*steps)
    prefix = "/".join([*package.split("."), *steps])
    files = (file for file in place.iterdir() if file.is_file()) if place.is_dir() else ()
    named = sorted((file.name, file) for file in files if pathlib.PurePosixPath(file.name).match(pattern))
    return [_source(f"{prefix}/{name}", file.read_bytes()) for name, file in named]


def in_folder(path: pathlib.Path, pattern: str = "*.yaml") -> list[Source]:
    """Return the declarations in a deployment's folder, sorted by path; none where there is no such folder."""
    return [_source(str(file), file.read_bytes()) for file in sorted(path.glob(pattern)) if file.is_file()]


def _source(name: str, content: bytes) -> Source:
    try:
        # Editors on Windows put a mark before UTF-8, which belongs to no key.
        return Source(name, content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        where, mend = f"{name}:{line}:1", "save it as UTF-8"
        raise DeclarationFault("the declaration is not UTF-8", where=where, why=str(error), mend=mend) from error


#: The mend for an unknown name that no known name is near to.
NAME_KNOWN = "name a known one, or take it away"
_AS_YAML = "write it as YAML: 'key: value', blanks and no tabs before a key, quotes around signs"
_WRITTEN = {
    "mapping": "write 'key: value' lines here",
    "sequence": "write a list here: a line with '- ' for each, or [a, b]",
    "scalar": "write one value here",
}


class Parts(dict[str, "Node"]):
    """The values of a mapping by key, in the file's order; its methods read values whose key may be absent."""

    def text(self, key: str, default: _Default) -> str | _Default:
        """Return the scalar of a key, as it is written; *default* where the key is absent."""
        return self[key].text() if key in self else default

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the scalars of a key; none where the key is absent."""
        return tuple(self[key].texts()) if key in self else ()

    def flag(self, key: str) -> bool:
        """Return the truth value of a key; False where the key is absent."""
        return key in self and self[key].flag()

    def sequence(self, key: str) -> list[Node]:
        """Return the values of a key's sequence; none where the key is absent."""
        return self[key].sequence() if key in self else []

    def entries(self, key: str) -> list[tuple[Node, Node]]:
        """Return the keys and values of a key's mapping, as `Node.items`; none where the key is absent."""
        return self[key].items() if key in self else []


class Node:
    """A value of a declaration; `file`, `line` and `column` are its place. Made by `read` only."""

    __slots__ = ("_entries", "_items", "_plain", "_text", "column", "file", "kind", "line")

    def __init__(self, file: str, line: int, column: int, kind: Literal["mapping", "sequence", "scalar"]) -> None:
        self.file = file
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
        return f"{self.file}:{self.line}:{self.column}"

    def fault(self, what: str, why: str = "", *, mend: str, **objects: Any) -> DeclarationFault:
        """Make a fault at this place."""
        return DeclarationFault(what, where=self.where, why=why, mend=mend, **objects)

    def unknown(
        self, kind: str, known: Iterable[str] = (), *, otherwise: str | None = None, **parts: Any
    ) -> DeclaredNameUnknown:
        """Make the fault for the name at this place, an unknown name of this *kind*."""
        return DeclaredNameUnknown(self._text, known, kind=kind, otherwise=otherwise, where=self.where, **parts)

    def twice(self, kind: str, first: str) -> DeclaredTwice:
        """Make the fault for the name at this place; *first* is the place of the thing that has the name already."""
        return DeclaredTwice(kind=kind, name=self._text, first=first, where=self.where)

    def items(self) -> list[tuple[Node, Node]]:
        """Return the keys and values of a mapping, both with their places, in the file's order."""
        self._want("mapping")
        return list(self._entries)

    def mapping(self, *, required: Sequence[str] = (), optional: Sequence[str] | None = None) -> Parts:
        """Return the values of a mapping by key, in the file's order.

        Args:
            required: keys that must be there.
            optional: keys that may be there besides; None for any key.

        Raises:
            DeclarationFault: no mapping, a key that is missing, or an unknown key.
        """
        self._want("mapping")
        if optional is not None:
            known = [*required, *optional]
            for key, _ in self._entries:
                if key._text not in known:
                    raise key.unknown("key", known, otherwise=NAME_KNOWN)
        parts = Parts((key._text, value) for key, value in self._entries)
        for name in required:
            if name not in parts:
                raise self.fault(f"the key '{name}' is missing", mend=f"add '{name}: ...'")
        return parts

    def sequence(self) -> list[Node]:
        """Return the values of a sequence."""
        self._want("sequence")
        return list(self._items)

    def text(self) -> str:
        """Return a scalar as it is written."""
        self._want("scalar")
        if self._plain and not self._text:
            raise self.fault("a value is missing", mend='write the value, or "" for an empty text')
        return self._text

    def texts(self) -> list[str]:
        """Return a sequence of scalars; a scalar by itself counts as a sequence of one."""
        if self.kind == "scalar":
            return [self.text()]
        return [item.text() for item in self.sequence()]

    def is_null(self) -> bool:
        """Tell whether the value is empty, or a bare ``null`` or ``~``."""
        return self.kind == "scalar" and self._plain and self._text in ("", "null", "~")

    def matching(self, pattern: re.Pattern[str], kind: str, expected: str, example: str) -> str:
        """Return a scalar that matches *pattern*; the other arguments are the words of the fault."""
        text = self.text()
        if not pattern.fullmatch(text):
            raise ValueMalformed(text=text, kind=kind, expected=expected, example=example, where=self.where)
        return text

    def flag(self) -> bool:
        """Read a truth value: yes, no, true or false."""
        return _TRUTH[self.matching(_FLAG, "a truth value", "yes, no, true or false", "yes").lower()]

    def whole(self) -> int:
        """Read a whole number."""
        return int(self.matching(_WHOLE, "a whole number", "digits, with a sign at most", "12"))

    def choice(self, *allowed: str) -> str:
        """Return a scalar that is one of the texts *allowed*."""
        text = self.text()
        if text not in allowed:
            mend = nearest(text, allowed) or "write one of them"
            raise self.fault(f"'{text}' is not allowed here", f"expected {', '.join(allowed)}", mend=mend)
        return text

    def _want(self, kind: str) -> None:
        if self.kind != kind:
            raise self.fault(f"expected a {kind}", f"found a {self.kind}", mend=_WRITTEN[kind])


def read(source: Source) -> Node:
    """Read one declaration.

    Returns:
        The document's node.

    Raises:
        DeclarationFault: not YAML, empty, several documents, too long, nested too deep, an anchor, an alias or a tag,
            a key that isn't a scalar, or a key that is declared twice.
    """
    if len(source.text) > MAX_LENGTH:
        raise DeclarationFault(
            "the declaration is too long",
            where=f"{source.name}:1:1",
            why=f"{len(source.text):,} characters; at most {MAX_LENGTH:,} are read",
            mend="split the file, or put a large look-up table into a CSV file",
        )
    try:
        return _NodeBuilder(source.name).node(yaml.parse(source.text, Loader=_LOADER))
    except yaml.YAMLError as error:
        place, why = "1:1", " ".join(str(error).split())
        if isinstance(error, yaml.MarkedYAMLError):
            mark = error.problem_mark or error.context_mark
            place = f"{mark.line + 1}:{mark.column + 1}" if mark is not None else place
            why = ", ".join(part for part in (error.context, error.problem) if part)
        # yaml counts lines and columns from 0, editors from 1.
        where = f"{source.name}:{place}"
        raise DeclarationFault("this is not YAML", where=where, why=why, mend=_AS_YAML) from error


class _NodeBuilder:
    """Builds the nodes of one file from the parser's events, without recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Node | None = None
        # Each open mapping or sequence; for a mapping, the key that waits for its value, and the keys so far.
        self.open: list[tuple[Node, list[Node], dict[str, Node]]] = []

    def node(self, events: Iterable[Any]) -> Node:
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if self.root is not None:
                    raise self._start(event, "scalar").fault(
                        "a second document starts here",
                        "a declaration file holds one document",
                        mend="make it a file of its own",
                    )
            elif isinstance(event, yaml.NodeEvent):
                self._node_event(event)
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                self.open.pop()
        if self.root is None or self.root.is_null():
            where, mend = f"{self.file}:1:1", "write it, or delete the file"
            raise DeclarationFault("the declaration is empty", where=where, mend=mend)
        return self.root

    def _node_event(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            node = self._start(event, "scalar")
            node._text = event.value
            # libyaml gives a bare scalar the style "", Python's parser None.
            node._plain = event.style is None or event.style == ""
        elif isinstance(event, yaml.MappingStartEvent):
            node = self._start(event, "mapping")
        else:
            # An alias becomes a node for the sake of its place: the next step refuses it.
            node = self._start(event, "scalar" if isinstance(event, yaml.AliasEvent) else "sequence")
        self._refuse_references(event, node)
        self._put(node)
        if node.kind != "scalar":
            if len(self.open) >= MAX_DEPTH:
                why = f"at most {MAX_DEPTH} levels are read"
                raise node.fault("values are nested too deep", why, mend="take levels away")
            self.open.append((node, [], {}))

    def _refuse_references(self, event: Any, node: Node) -> None:
        """Refuse aliases, anchors and tags."""
        # A few lines of aliases can stand for billions of values, and a tag would change the meaning of a text.
        mend = "write the value out"
        if isinstance(event, yaml.AliasEvent):
            written = f"'*{event.anchor}' is an alias"
        elif event.anchor is not None:
            written = f"'&{event.anchor}' is an anchor"
        elif event.tag is not None:
            written, mend = f"'{event.tag}' is a tag", "quote the text, or drop the tag"
        else:
            return
        raise node.fault(written, "declarations have none", mend=mend)

    def _start(self, event: Any, kind: Literal["mapping", "sequence", "scalar"]) -> Node:
        return Node(self.file, event.start_mark.line + 1, event.start_mark.column + 1, kind)

    def _put(self, node: Node) -> None:
        if not self.open:
            self.root = node
            return
        parent, waiting, keys = self.open[-1]
        if parent.kind == "sequence":
            parent._items.append(node)
        elif waiting:
            parent._entries.append((waiting.pop(), node))
        else:
            if node.kind != "scalar":
                raise node.fault(f"a {node.kind} can't be a key", mend="quote it, if it is meant as text")
            if node._text in keys:
                raise node.twice("key", keys[node._text].where)
            keys[node._text] = node
            waiting.append(node)
