"""The files of one XSD: the main file and all files that it includes and imports, read and proven.

Nothing is fetched from a network. A file that isn't in the handed-in mapping is an error, which names the line that
refers to it.

Spec: docs/design/guarantees.md, "XML in" (imports that can't be found, nested quantifiers);
docs/design/integration.md, "Integration object definitions" (no network).
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lxml import etree

from integration_objects.errors import HubError, Misconfigured

#: The validators know the files under this address. Nothing opens it.
ADDRESS = "orderhub://schemas/"
XSD = "{http://www.w3.org/2001/XMLSchema}"
#: Names that any schema may use without a file that declares them.
_BUILT_IN = frozenset(("http://www.w3.org/2001/XMLSchema", "http://www.w3.org/2001/XMLSchema-instance"))
#: The ways in which a repeated group may match, at most; an address of four numbers has 81.
_MOST_WAYS = 1000


class SchemaFileMissing(Misconfigured):
    """A schema refers to a file or a namespace that isn't there."""

    what = "the schema file '{path}' is not there"
    why = "schemas are read from the folder that holds them, and never fetched"
    mend = "put a copy of the file into that place, or let schemaLocation name the place where it is"


class NamespaceMissing(SchemaFileMissing):
    """A schema imports a namespace that none of its files declares."""

    what = "the namespace '{name}' is imported and nowhere declared"
    why = "no file of this schema has it as its targetNamespace"
    mend = "add a schemaLocation, and the file that it names"


class SchemaFaulty(Misconfigured):
    """A schema file is no XML, no XSD, or contradicts itself."""

    mend = "mend the schema"


class NestedQuantifier(Misconfigured):
    """A pattern repeats a group that repeats: matching it can take forever."""

    what = "the pattern '{pattern}' repeats a group that repeats"
    why = "the quantifier that ends at character {at} holds another; matching can take forever"
    mend = "write the pattern without a quantifier inside a repeated group"


@dataclass(frozen=True)
class SchemaFile:
    """One file of a schema: its path in the mapping, its bytes, its root element."""

    path: str
    body: bytes
    root: etree._Element


Parse = Callable[[bytes], etree._Element]


def collect(read: Callable[[str], bytes], main: str, parse: Parse, asked_at: str = "") -> dict[str, SchemaFile]:
    """Read *main* and every file that it refers to, and prove the rules that the validators don't know.

    Args:
        read: gives a file's bytes by its path; KeyError or OSError for a missing file.
        main: the path of the first file.
        parse: the hub's parser of foreign XML, with limits for schemas.
        asked_at: the place that names *main*, for the error if the file is missing.

    Raises:
        SchemaFileMissing, SchemaFaulty, NestedQuantifier: with file and line.
    """
    found: dict[str, SchemaFile] = {}
    waiting = [(main, asked_at)]
    while waiting:
        path, place = waiting.pop()
        if path in found:
            continue
        file = found[path] = _file(path, place, read, parse)
        waiting.extend(reversed(list(_references(file))))
    namespaces = {file.root.get("targetNamespace", "") for file in found.values()} | _BUILT_IN
    for file in found.values():
        _prove_imports(file, namespaces)
        for pattern in file.root.iter(XSD + "pattern"):
            refuse_nested_quantifiers(pattern.get("value", ""), f"{file.path}:{pattern.sourceline}")
    return found


def resolve(path: str, location: str) -> str:
    """Resolve *location* as the file *path* means it: relative to its folder; a URL stays as it is.

    >>> resolve("ubl/maindoc/Order.xsd", "../common/Basic.xsd")
    'ubl/common/Basic.xsd'
    """
    location = location.strip()
    if "://" in location:
        return location
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), location))


def _file(path: str, asked_at: str, read: Callable[[str], bytes], parse: Parse) -> SchemaFile:
    try:
        body = read(path)
    except (KeyError, OSError) as error:
        raise SchemaFileMissing(path=path, where=asked_at or path) from error
    try:
        root = parse(body)
    except HubError as error:
        raise SchemaFaulty(
            f"the schema file '{path}' can't be read",
            where=f"{path}, {error.where}" if error.where else path,
            why=f"{error.what}: {error.why}" if error.why else error.what,
            mend=error.mend,
        ) from error
    if root.tag != XSD + "schema":
        raise SchemaFaulty(
            f"the file '{path}' is no XML schema",
            where=f"{path}:{root.sourceline}",
            why=f"expected xs:schema, found '{root.tag}'",
            mend="name an XSD file",
        )
    return SchemaFile(path, body, root)


def _references(file: SchemaFile) -> Iterator[tuple[str, str]]:
    for node in file.root:
        if node.tag in (XSD + "include", XSD + "redefine", XSD + "import") and node.get("schemaLocation"):
            yield resolve(file.path, node.get("schemaLocation")), f"{file.path}:{node.sourceline}"


def _prove_imports(file: SchemaFile, namespaces: set[str] | frozenset[str]) -> None:
    for node in file.root.iter(XSD + "import"):
        name = node.get("namespace", "")
        if name not in namespaces:
            raise NamespaceMissing(name=name, where=f"{file.path}:{node.sourceline}")


def refuse_nested_quantifiers(pattern: str, where: str) -> None:
    """Refuse a pattern in which a repeated group holds a part of variable length.

    A group that is bounded on both sides passes if it matches in few ways: ``([0-9]{1,3}[.]){3}``.

    Raises:
        NestedQuantifier: at *where*, which is file:line.
    """
    # One entry for each open group: the number of ways in which its content can match; None for no bound.
    ways: list[int | None] = [1]
    at = 0
    while at < len(pattern):
        sign = pattern[at]
        own: int | None = 1
        if sign == "(":
            ways.append(1)
            at += 1
            continue
        if sign == "[":
            at = _after_class(pattern, at)
        else:
            if sign == ")" and len(ways) > 1:
                own = ways.pop()
            at += 2 if sign == "\\" else 1
        least, most, at = _quantifier(pattern, at)
        inside = own
        if own != 1 and most != 1:
            inside = None if own is None or most is None else own ** min(most, _MOST_WAYS)
            if inside is None or inside > _MOST_WAYS:
                raise NestedQuantifier(pattern=pattern, at=at, where=where)
        total = ways[-1]
        ways[-1] = None if total is None or inside is None or most is None else total * inside * (most - least + 1)


def _after_class(pattern: str, at: int) -> int:
    """Find the place behind the class that begins at *at*; classes subtract classes: ``[a-z-[aeiou]]``."""
    depth = 0
    while at < len(pattern):
        if pattern[at] == "\\":
            at += 1
        elif pattern[at] == "[":
            depth += 1
        elif pattern[at] == "]":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return at


def _quantifier(pattern: str, at: int) -> tuple[int, int | None, int]:
    """Read the quantifier at *at*: the least and most repetitions, and the place behind it."""
    sign = pattern[at : at + 1]
    if sign == "?":
        return 0, 1, at + 1
    if sign == "*":
        return 0, None, at + 1
    if sign == "+":
        return 1, None, at + 1
    end = pattern.find("}", at)
    if sign != "{" or end < 0:
        return 1, 1, at
    least, comma, most = pattern[at + 1 : end].partition(",")
    if not least.isdigit() or (most and not most.isdigit()):
        return 1, 1, at + 1
    return int(least), int(least) if not comma else int(most) if most else None, end + 1
