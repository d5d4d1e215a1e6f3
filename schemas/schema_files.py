"""The files of one XSD: the main file and all files that it includes and imports, read and proven.

Nothing is fetched from a network. A file that isn't in the handed-in mapping is an error, which names the line that
refers to it.

Spec: docs/design/guarantees.md, "XML in" (imports that can't be found, patterns);
docs/design/integration.md, "Integration object definitions" (no network).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from lxml import etree

from integration_objects.errors import HubError, Misconfigured

#: A place in XML, which is written as places in declarations are.
_LINE = re.compile("line ([0-9]+)(?:, column ([0-9]+))?")
#: The validators know the files under this address. Nothing opens it.
ADDRESS = "orderhub://schemas/"
XSD = "{http://www.w3.org/2001/XMLSchema}"
#: Names that any schema may use without a file that declares them.
_BUILT_IN = frozenset(("http://www.w3.org/2001/XMLSchema", "http://www.w3.org/2001/XMLSchema-instance"))


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


@dataclass(frozen=True)
class SchemaFile:
    """One file of a schema: its path in the mapping, its bytes, its root element."""

    path: str
    body: bytes
    root: etree._Element


Parse = Callable[[bytes], etree._Element]


def collect(read: Callable[[str], bytes], main: str, parse: Parse, asked_at: str = "") -> dict[str, SchemaFile]:
    """Read *main* and every file that it refers to, and prove that its imports can be found.

    Args:
        read: gives a file's bytes by its path; KeyError or OSError for a missing file.
        main: the path of the first file.
        parse: the hub's parser of foreign XML, with limits for schemas.
        asked_at: the place that names *main*, for the error if the file is missing.

    Raises:
        SchemaFileMissing, SchemaFaulty: with file and line.
    """
    found: dict[str, SchemaFile] = {}
    waiting = [(main, asked_at)]
    while waiting:
        path, place = waiting.pop()
        # Schemas may import each other in circles.
        if path in found:
            continue
        file = found[path] = _file(path, place, read, parse)
        waiting.extend(reversed(list(_references(file))))
    namespaces = {file.root.get("targetNamespace", "") for file in found.values()} | _BUILT_IN
    for file in found.values():
        _prove_imports(file, namespaces)
    return found


def prove_patterns(files: Iterable[SchemaFile]) -> None:
    """Prove that each pattern can be read, and judged in a time linear in the text.

    Raises:
        PatternUnreadable, PatternTooLarge: with file and line.
    """
    patterns = [(file, pattern) for file in files for pattern in patterns_in(file.root)]
    if not patterns:
        return
    # Imported here: elementpath, which reads patterns, takes longer to load than a command without schemas runs.
    from schemas.pattern import compiled

    for file, pattern in patterns:
        try:
            compiled(pattern.get("value", ""))
        except HubError as error:
            raise error.at(f"{file.path}:{pattern.sourceline}") from None


def patterns_in(root: etree._Element) -> list[etree._Element]:
    """List the pattern facets of a schema file."""
    return list(root.iter(XSD + "pattern"))


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
        # The reader may know a file of a similar name.
        why = f"{SchemaFileMissing.why}; {error}" if isinstance(error, FileNotFoundError) else None
        raise SchemaFileMissing(path=path, where=asked_at or path, why=why) from error
    try:
        root = parse(body)
    except HubError as error:
        at = _LINE.match(error.where)
        raise SchemaFaulty(
            f"the schema file '{path}' can't be read",
            where=":".join([path, *filter(None, at.groups())]) if at else path,
            why=f"{error.what}: {error.why}" if error.why else error.what,
            mend="mend the XML of the file",
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
