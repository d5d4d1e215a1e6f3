"""Foreign XML: bounded bytes become an element tree, or a refusal with its line.

`parse` is the only function of the hub that reads foreign XML; a test forbids any other. It takes bytes, never a path
or a URL. It reads no DOCTYPE and no entity, and uses no network.

    Invalid
      LimitExceeded    over one of the limits of the route
      ForbiddenXml     a DOCTYPE, an entity, compressed bytes, XML 1.1, an unknown encoding
      NotWellFormed    no XML
    Retryable
      OutOfMemory      the parser got no memory: the fault is the hub's, not the sender's

Spec: docs/design/guarantees.md, "XML in" and "Limits".
"""

from __future__ import annotations

import codecs
import functools
import re

from lxml import etree

from integration_objects.errors import HubError, Invalid, Retryable
from schemas.limits import DEFAULT_LIMITS, Limits, exceeded


class ForbiddenXml(Invalid):
    """The message uses a part of XML that the hub doesn't read from strangers."""

    mend = "write the entity's text instead"


class NotWellFormed(Invalid):
    """The message is no XML."""

    what = "the message is not XML"
    mend = "send XML that a parser accepts"


class OutOfMemory(Retryable):
    """The process got no memory for the message."""

    what = "there isn't enough memory for the message"
    mend = "nothing, it is tried again, alone; if it stays so, give the hub more memory, or lower the limit `body`"


#: The first bytes of compressed data, and the name of the compression.
_COMPRESSED = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PK\x03\x04", "zip"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x1f\x9d", "compress"),
)
_DECLARATION = re.compile(
    r"""<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(["'])(?P<version>[^"'<>]*)\1"""
    r"""(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(["'])(?P<encoding>[^"'<>]*)\3)?"""
)
_ENTITY = re.compile(rb"""<!ENTITY[ \t\r\n]+(?:%[ \t\r\n]+)?([^ \t\r\n"'>]+)[ \t\r\n]+(SYSTEM|PUBLIC)?""")
#: Bytes of a document in which its XML declaration ends: it stands at the very beginning, and has some 50 characters.
BEGINNING = 512
_SPACE = b" \t\r\n"
#: Bytes handed to the counting parser at once: a message may cost so much beyond its limits.
_CHUNK = 65_536
#: Bytes of a DOCTYPE that are searched for an entity, to name it in the error.
_DOCTYPE_SHOWN = 65_536
#: The error codes of libxml2 (xmlParserErrors in xmlerror.h) that mean another thing than broken XML.
_NO_MEMORY, _UNDECLARED_ENTITY, _NAME_TOO_LONG, _RESOURCE_LIMIT = 2, 26, 110, 114


def parse(body: bytes, limits: Limits = DEFAULT_LIMITS, *, own: bool = False) -> etree._Element:
    """Read foreign XML into a checked element tree without comments and processing instructions.

    Args:
        body: the whole message; UTF-8, UTF-16 with byte order mark, or declared ISO-8859-1.
        limits: the limits of the route.
        own: the hub wrote the message, and validates it against a schema next. The schema bounds names, depth and
            attributes, so the elements aren't walked for them.

    Returns:
        The root element; each element knows its line (`sourceline`).

    Raises:
        LimitExceeded: over one of *limits*.
        ForbiddenXml: a DOCTYPE, an entity, compressed bytes, XML 1.1, another encoding.
        NotWellFormed: no XML.
        OutOfMemory: the parser got no memory.
    """
    if len(body) > limits.body:
        raise exceeded(limits, "body", len(body))
    text = _as_utf8(body)
    # Before the parser: libxml2 reads the DOCTYPE within a document, whatever its options say.
    _refuse_doctype(text)
    # Counting bytes is a hundred times cheaper than counting elements, and never counts too few.
    if text.count(b"<") > limits.elements or text.count(b"xmlns") > limits.namespaces:
        _count_streaming(text, limits)
    # lxml has no option for these limits, so that the finished tree is walked once more.
    root = _read(text, limits)
    if not own:
        _walk(root, limits, len(text))
    return root


def texts_of(root: etree._Element) -> frozenset[str]:
    """Collect the texts of a document's elements and attributes, without the blanks around them."""
    return frozenset(
        text.strip()
        for element in root.iter()
        for text in (element.text, element.tail, *element.attrib.values())
        if text and text.strip()
    )


def path_of(element: etree._Element) -> str:
    """Write the element's path for errors: ``/ORDERS[1]/ORDER[2]``, without namespaces."""
    steps: list[str] = []
    node: etree._Element | None = element
    while node is not None:
        number = 1 + sum(1 for _ in node.itersiblings(node.tag, preceding=True))
        steps.append(f"{local_name(node.tag)}[{number}]")
        node = node.getparent()
    return "/" + "/".join(reversed(steps))


def place_of(element: etree._Element) -> str:
    """Write an element's place for errors: ``line 22, /ORDERS[1]/ORDER[1]``."""
    return f"line {element.sourceline}, {path_of(element)}"


def local_name(tag: str) -> str:
    """Take the namespace off a name: ``LINE`` of ``{urn:x}LINE``."""
    return tag.rpartition("}")[2]


def full_name(element: etree._Element, name: str) -> str:
    """Resolve a prefixed name in a value of *element*, such as ``xsi:type``, to ``{namespace}name``."""
    prefix, _, local = name.strip().rpartition(":")
    namespace = element.nsmap.get(prefix or None)
    return f"{{{namespace}}}{local}" if namespace else local


def _as_utf8(body: bytes) -> bytes:
    """Convert the body to UTF-8 without mark. The declared encoding is judged here, and overruled in the parser."""
    encoding = judged_encoding(body[:BEGINNING])
    if encoding == "utf-16":
        return _decoded(body, encoding).encode()
    if encoding == "latin-1":
        # Every byte is a character of ISO-8859-1: this conversion can't fail.
        return body.decode(encoding).encode()
    return body.removeprefix(codecs.BOM_UTF8)


def judged_encoding(beginning: bytes) -> str:
    """Judge the first `BEGINNING` bytes of a document, and return its encoding, utf-8, utf-16 or latin-1.

    Raises:
        ForbiddenXml: compressed bytes, XML 1.1, another encoding.
    """
    for magic, name in _COMPRESSED:
        if beginning.startswith(magic):
            raise ForbiddenXml(
                "the message is compressed",
                where="byte 0",
                why=f"it begins like {name}; plain XML is expected",
                mend="send it uncompressed",
            )
    # Before UTF-16, whose mark is the beginning of this one.
    if beginning.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        raise _encoding("UTF-32")
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        _declared(beginning.decode("utf-16", "replace"), "UTF-16")
        return "utf-16"
    if beginning.startswith((b"<\x00", b"\x00<")):
        raise _encoding("UTF-16 without byte order mark")
    marked = beginning.startswith(codecs.BOM_UTF8)
    head = beginning.removeprefix(codecs.BOM_UTF8).decode("latin-1")
    declared = _declared(head, "UTF-8", "UTF-8" if marked else "ISO-8859-1")
    return "latin-1" if declared == "ISO-8859-1" else "utf-8"


def _decoded(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        why = f"its bytes are no {encoding.upper()}: {error.reason}"
        raise NotWellFormed(where=f"byte {error.start}", why=why) from error


def _declared(head: str, *allowed: str) -> str:
    """Read the encoding of the XML declaration, one of *allowed*; the first of them without a declaration."""
    found = _DECLARATION.match(head)
    if found is None:
        return allowed[0]
    version, encoding = found["version"], found["encoding"]
    if version != "1.0":
        raise ForbiddenXml(
            f"XML {version} is not read",
            where="line 1",
            why=f"the declaration says version {version}; 1.0 is expected",
            mend="send XML 1.0",
        )
    if encoding is None:
        return allowed[0]
    if encoding.upper() not in allowed:
        raise _encoding(encoding)
    return encoding.upper()


def _encoding(name: str) -> ForbiddenXml:
    """Make the error for an encoding that the hub doesn't read."""
    return ForbiddenXml(
        f"the encoding {name} is not read",
        where="line 1",
        why="UTF-8, UTF-16 with byte order mark, and declared ISO-8859-1 are expected",
        mend="send UTF-8",
    )


def _refuse_doctype(text: bytes) -> None:
    """Refuse a DOCTYPE before the parser reads it. A DOCTYPE can stand only before the root element."""
    at = 0
    while at < len(text):
        if text[at] in _SPACE:
            at += 1
            continue
        if text.startswith(b"<?", at):
            end = text.find(b"?>", at)
        elif text.startswith(b"<!--", at):
            end = text.find(b"-->", at + 4)
        elif text.startswith(b"<!DOCTYPE", at):
            raise _doctype(text, at)
        else:
            return
        if end < 0:
            return
        at = end + (3 if text.startswith(b"<!--", at) else 2)


def _doctype(text: bytes, at: int) -> ForbiddenXml:
    line = text.count(b"\n", 0, at) + 1
    # Bounded: the DOCTYPE of an attack may be as long as the body.
    entity = _ENTITY.search(text, at, at + _DOCTYPE_SHOWN)
    if entity is None:
        what, why = "the message has a DOCTYPE", "document type declarations are not read"
    else:
        line = text.count(b"\n", 0, entity.start()) + 1
        what = f"the message declares {'an external entity' if entity[2] else 'an entity'}"
        why = f"'{entity[1].decode(errors='replace')[:64]}' is declared in a DOCTYPE; entities are not read"
    return ForbiddenXml(what, where=f"line {line}", why=why, mend="send the message without a DOCTYPE")


def parser_options(limits: Limits, **more: bool) -> dict[str, object]:
    """Give the options that make lxml's parsers harmless. No other place has such options."""
    return {
        "encoding": "UTF-8",
        # Entities are refused, not resolved: a few of them, one within another, make gigabytes.
        "resolve_entities": False,
        "no_network": True,
        "load_dtd": False,
        "dtd_validation": False,
        # Only files from the command line exceed libxml2's own bounds; the hub's limits hold for them, too.
        "huge_tree": limits.body > Limits.CAPS["body"],
        "recover": False,
        # A comment within a text would cut it in two: `element.text` ends at the comment.
        "remove_comments": True,
        "remove_pis": True,
        **more,
    }


def _count_streaming(text: bytes, limits: Limits) -> None:
    """Count elements, depth and namespaces chunk by chunk, so that a message over a limit costs no memory."""
    parser = etree.XMLPullParser(("start", "end", "start-ns"), **parser_options(limits))
    elements = depth = 0
    declared: set[tuple[str, str]] = set()
    view = memoryview(text)
    try:
        for at in range(0, len(text), _CHUNK):
            parser.feed(bytes(view[at : at + _CHUNK]))
            for event, node in parser.read_events():
                if event == "start-ns":
                    declared.add(node)
                elif event == "start":
                    if len(declared) > limits.namespaces:
                        raise exceeded(limits, "namespaces", len(declared), f"line {node.sourceline}")
                    elements += 1
                    depth += 1
                    if elements > limits.elements:
                        raise exceeded(limits, "elements", "more", f"line {node.sourceline}")
                    if depth > limits.depth:
                        raise exceeded(limits, "depth", "more", place_of(node))
                else:
                    depth -= 1
                    # The elements before a closed one are closed and counted, too: their memory is freed.
                    node.clear()
                    while node.getprevious() is not None:
                        del node.getparent()[0]
        parser.close()
    except etree.XMLSyntaxError as error:
        raise _unreadable(error, limits) from error


def _read(text: bytes, limits: Limits) -> etree._Element:
    try:
        return etree.fromstring(text, etree.XMLParser(**parser_options(limits)))
    except etree.XMLSyntaxError as error:
        raise _unreadable(error, limits) from error


def _unreadable(error: etree.XMLSyntaxError, limits: Limits) -> HubError:
    """Make the hub's error from the parser's error code."""
    line, column = error.position
    where = f"line {line}, column {column}"
    # lxml puts line and column behind its text; they stand in `where` already.
    message = re.sub(r"[\s,]*line \d+, column \d+(?: \(.*\))?$", "", error.msg or "").strip()
    if error.code == _NO_MEMORY:
        return OutOfMemory(where=where, why=message)
    if error.code == _UNDECLARED_ENTITY:
        return ForbiddenXml("the message refers to an entity", where=where, why=message)
    if error.code == _NAME_TOO_LONG:
        return exceeded(limits, "name", "more", where)
    if error.code == _RESOURCE_LIMIT:
        return exceeded(limits, "depth" if "depth" in message else "text", "more", where)
    return NotWellFormed(where=where, why=message)


@functools.cache
def at_depth(depth: int) -> etree.XPath:
    """Compile the XPath of the first element that stands *depth* levels deep: one pass in C."""
    return etree.XPath(f"({'/*' * depth})[1]")


def _walk(root: etree._Element, limits: Limits, size: int) -> None:
    """Check every element of a document of *size* bytes against the limits, in one pass without recursion."""
    try:
        too_deep = at_depth(limits.depth + 1)(root)
    except etree.XPathEvalError as error:
        # The expression is right, so that only memory can be missing; libxml2 calls it an unknown error.
        raise OutOfMemory(why=str(error)) from error
    for deepest in too_deep:
        raise exceeded(limits, "depth", "more", place_of(deepest))
    most = limits.attributes
    # A document that is shorter than the limit of one text holds no text over the limit.
    long = size > limits.text
    names: set[str] = set()
    for element in root.iter():
        names.add(element.tag)
        # keys(), since the time of lxml's items() grows with the square of the number of attributes.
        attributes = element.keys()
        if attributes:
            if len(attributes) > most:
                raise exceeded(limits, "attributes", len(attributes), place_of(element))
            names.update(attributes)
        if long:
            _check_texts(element, limits)
    for name in names:
        # lxml gives an entity node a function as its tag.
        if not isinstance(name, str):
            raise ForbiddenXml("the message refers to an entity", why="entities are not read")
        if len(name) > limits.name and len(local_name(name)) > limits.name:
            raise exceeded(limits, "name", len(local_name(name)), _where_named(root, name))


def _check_texts(element: etree._Element, limits: Limits) -> None:
    for text in (element.text, element.tail, *element.values()):
        if text is not None and len(text) > limits.text:
            raise exceeded(limits, "text", len(text), place_of(element))


def _where_named(root: etree._Element, name: str) -> str:
    """Find the line of the first element with this name, or with an attribute of this name."""
    lines = (node.sourceline for node in root.iter() if node.tag == name or node.get(name) is not None)
    return f"line {next(lines)}"
