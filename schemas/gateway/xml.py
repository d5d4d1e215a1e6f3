"""The XML Gateway's documents, both ways.

    <siebel-xmlext-query-req>                            <siebel-xmlext-query-ret>
      <buscomp id="1">SERVICE</buscomp>                    <row>
      <remote-source>CICS</remote-source>                    <value field="SVC-ID">A-1</value>
      <max-rows>501</max-rows>                             </row>
      <match field="CUST-NO">100300</match>              </siebel-xmlext-query-ret>
      <search-spec><node ...>...</node></search-spec>
      <sort-spec><sort field="SVC-ID">ASCENDING</sort>   <siebel-xmlext-status>
      </sort-spec>                                         <status-code>4</status-code>
    </siebel-xmlext-query-req>                             <error-field>Name</error-field>
                                                           <error-text>Name must not be empty</error-text>
                                                         </siebel-xmlext-status>

The published DTDs have two slips: the answer to a delete is called ``siebel-xmlext-dekete-ret``, and an insert is
answered by ``siebel-xmlext-preinsert-ret``. The hub writes the right names, and reads both.

Spec: docs/design/legacy.md, "Virtual business components"; docs/design/guarantees.md, "XML in".
"""

from __future__ import annotations

from lxml import etree

from integration_objects.errors import Invalid, Refused
from schemas.check import parse, place_of
from schemas.gateway.messages import Kind, Query, Reply, Request, Row, Sort, Status
from schemas.gateway.search import OPERANDS, VALUE_TYPES, SearchNode, SearchSpecRefused
from schemas.limits import DEFAULT_LIMITS, Limits

CONTENT_TYPE = "application/xml"
_PREFIX = "siebel-xmlext-"
_STATUS = f"{_PREFIX}status"
_KINDS: tuple[Kind, ...] = ("fields", "preinsert", "query", "insert", "update", "delete")
_REQUESTS = {f"{_PREFIX}{kind}-req": kind for kind in _KINDS}
_REPLIES: dict[str, Kind] = {f"{_PREFIX}{kind}-ret": kind for kind in _KINDS}
#: the slip of the published DTD
_REPLIES_READ: dict[str, Kind] = {**_REPLIES, f"{_PREFIX}dekete-ret": "delete"}
#: digits of a number of rows, and of a status code
_MOST_DIGITS = 9


class NoGatewayMessage(Invalid):
    """A document isn't of the XML Gateway's format."""

    what = "the document is no {wanted} of the XML Gateway"
    why = "{fault}"
    mend = "send one as the published DTDs of the XML Gateway describe it"


class NotWritableInGateway(Refused):
    """A value has a character that XML can't carry."""

    what = "the field '{field}' can't be written for the XML Gateway"
    why = "its value holds a character that XML 1.0 doesn't have"
    mend = "take the character away"


def request_type(kind: Kind) -> str:
    """Return the name of a request's root element, which is the message's type, too."""
    return f"{_PREFIX}{kind}-req"


def write_request(request: Request) -> bytes:
    """Write a request.

    Raises:
        NotWritableInGateway: a value can't be written in XML.
    """
    root = etree.Element(request_type(request.kind))
    _put(root, "buscomp", request.component).set("id", request.component_id)
    if request.remote_source is not None:
        _put(root, "remote-source", request.remote_source)
    if request.kind == "query":
        _write_query(root, request.query)
    elif request.row is not None:
        row = etree.SubElement(root, "row")
        for field, value in request.row.items():
            node = _put_value(row, field, value)
            if request.kind == "update":
                node.set("changed", "true" if field in request.changed else "false")
    return _document(root)


def write_reply(reply: Reply | Status) -> bytes:
    """Write a reply, or the status of a request that was not carried out.

    Raises:
        NotWritableInGateway: a value can't be written in XML.
    """
    if isinstance(reply, Status):
        root = etree.Element(_STATUS)
        _put(root, "status-code", str(reply.code))
        if reply.field is not None:
            _put(root, "error-field", reply.field)
        _put(root, "error-text", reply.text)
        return _document(root)
    root = etree.Element(f"{_PREFIX}{reply.kind}-ret")
    for name in reply.fields:
        etree.SubElement(root, "support").set("field", _carried(name, name))
    for row in reply.rows:
        node = etree.SubElement(root, "row")
        for field, value in row.items():
            _put_value(node, field, value)
    return _document(root)


def read_request(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Request:
    """Read a request.

    Raises:
        Invalid: over a limit, not well-formed, or no request of the format.
    """
    root = parse(body, limits)
    kind = _REQUESTS.get(root.tag)
    if kind is None:
        raise _no("request", root, f"its root is '{root.tag[:64]}'")
    parts = _parts(root, "request")
    if "buscomp" not in parts:
        raise _no("request", root, "the element 'buscomp' is missing")
    rows = [child for child in root if child.tag == "row"]
    if len(rows) > 1 or (bool(rows) != (kind in ("insert", "update", "delete"))):
        raise _no("request", root, f"it has {len(rows)} rows")
    component = parts["buscomp"]
    return Request(
        kind,
        _text(component, "request").strip(),
        component.get("id") or "1",
        _text(parts["remote-source"], "request").strip() or None if "remote-source" in parts else None,
        _read_query(root, parts) if kind == "query" else Query(),
        _read_row(rows[0], "request") if rows else None,
        frozenset(value.get("field", "") for row in rows for value in row if value.get("changed") != "false"),
    )


def read_reply(body: bytes, kind: Kind, limits: Limits = DEFAULT_LIMITS) -> Reply | Status:
    """Read the reply to a request of a *kind*.

    Raises:
        Invalid: over a limit, not well-formed, or no such reply of the format.
    """
    root = parse(body, limits)
    if root.tag == _STATUS:
        return _read_status(root)
    found = _REPLIES_READ.get(root.tag)
    # The second slip: in the DTDs, an insert is answered like a preinsert.
    if found != kind and (found, kind) != ("preinsert", "insert"):
        raise _no("reply", root, f"its root is '{root.tag[:64]}', and '{_PREFIX}{kind}-ret' is expected")
    allowed = "support" if kind == "fields" else "row"
    for child in root:
        if child.tag != allowed:
            raise _no("reply", child, f"'{child.tag[:64]}' has no place there")
    if kind == "fields":
        return Reply(kind, fields=tuple(_field_of(child, "reply") for child in root))
    return Reply(kind, rows=tuple(_read_row(child, "reply") for child in root))


def _document(root: etree._Element) -> bytes:
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _carried(text: str, field: str) -> str:
    """Return a text if XML can carry it."""
    try:
        etree.Element("value").text = text
    except ValueError as error:
        raise NotWritableInGateway(field=field) from error
    return text


def _put(parent: etree._Element, tag: str, text: str) -> etree._Element:
    node = etree.SubElement(parent, tag)
    node.text = _carried(text, tag)
    return node


def _put_value(row: etree._Element, field: str, value: str) -> etree._Element:
    node = etree.SubElement(row, "value")
    node.set("field", _carried(field, field))
    node.text = _carried(value, field)
    return node


def _write_query(root: etree._Element, query: Query) -> None:
    if query.max_rows is not None:
        _put(root, "max-rows", str(query.max_rows))
    if query.search_string is not None:
        _put(root, "search-string", query.search_string)
    for field, value in query.match:
        _put(root, "match", value).set("field", _carried(field, field))
    if query.search is not None:
        waiting = [(etree.SubElement(root, "search-spec"), query.search)]
        while waiting:
            parent, node = waiting.pop(0)
            element = _put(parent, "node", node.text)
            element.set("node-type", node.type)
            if node.value_type is not None:
                element.set("value-type", node.value_type)
            waiting += [(element, operand) for operand in node.operands]
    if query.sort:
        sorts = etree.SubElement(root, "sort-spec")
        for sort in query.sort:
            _put(sorts, "sort", "DESCENDING" if sort.is_descending else "ASCENDING").set("field", sort.field)


def _read_query(root: etree._Element, parts: dict[str, etree._Element]) -> Query:
    match = tuple((_field_of(node, "request"), node.text or "") for node in root if node.tag == "match")
    search = parts.get("search-spec")
    return Query(
        _whole(parts["max-rows"]) if "max-rows" in parts else None,
        (parts["search-string"].text or "").strip() or None if "search-string" in parts else None,
        match,
        None if search is None or not len(search) else _read_search(search),
        tuple(_read_sort(node) for node in parts["sort-spec"]) if "sort-spec" in parts else (),
    )


def _read_search(spec: etree._Element) -> SearchNode:
    if len(spec) != 1:
        raise _no("request", spec, f"'search-spec' has {len(spec)} nodes, and holds one")
    made: dict[etree._Element, SearchNode] = {}
    # Children before parents, without recursion.
    for element in reversed(list(spec[0].iter())):
        node_type = element.get("node-type", "")
        if element.tag != "node" or node_type not in OPERANDS:
            raise _no("request", element, f"'{element.tag[:64]}' is no node with a known node-type")
        value_type = element.get("value-type")
        if value_type is not None and value_type not in VALUE_TYPES:
            raise SearchSpecRefused(f"there is no value-type '{value_type[:64]}'")
        text = element.text or ""
        # Blanks are a part of a constant. Before the operands of an operator they only indent.
        text = text if node_type == "Constant" else text.strip()
        operands = tuple(made.pop(child) for child in element)
        made[element] = SearchNode(node_type, text, value_type, operands)
    return made[spec[0]]


def _read_sort(node: etree._Element) -> Sort:
    direction = (node.text or "").strip().upper() or "ASCENDING"
    if node.tag != "sort" or direction not in ("ASCENDING", "DESCENDING"):
        raise _no("request", node, "a sort is ASCENDING or DESCENDING")
    return Sort(_field_of(node, "request"), direction == "DESCENDING")


def _read_status(root: etree._Element) -> Status:
    parts = _parts(root, "reply")
    code = parts.get("status-code")
    text = "" if code is None else (code.text or "").strip()
    if not text.removeprefix("-").isdecimal() or len(text) > _MOST_DIGITS:
        raise _no("reply", root, "its status-code is no whole number")
    field, words = parts.get("error-field"), parts.get("error-text")
    return Status(
        int(text),
        None if field is None else (field.text or "").strip() or None,
        "" if words is None else (words.text or "").strip(),
    )


def _read_row(row: etree._Element, wanted: str) -> Row:
    values: dict[str, str] = {}
    for node in row:
        if node.tag != "value":
            raise _no(wanted, node, f"'{node.tag[:64]}' has no place in a row")
        field = _field_of(node, wanted)
        if field in values:
            raise _no(wanted, node, f"the row has the field '{field[:64]}' twice")
        values[field] = _text(node, wanted)
    return values


def _parts(root: etree._Element, wanted: str) -> dict[str, etree._Element]:
    """Return the elements beneath the root by name, of which each stands once; rows and matches apart."""
    known = {"buscomp", "remote-source", "max-rows", "search-string", "search-spec", "sort-spec"}
    known |= {"status-code", "error-field", "error-text"}
    parts: dict[str, etree._Element] = {}
    for child in root:
        if child.tag in ("row", "match"):
            continue
        if child.tag not in known or child.tag in parts:
            raise _no(wanted, child, f"'{child.tag[:64]}' has no place there")
        parts[child.tag] = child
    return parts


def _field_of(node: etree._Element, wanted: str) -> str:
    field = node.get("field")
    if not field:
        raise _no(wanted, node, "the attribute 'field' is missing")
    return str(field)


def _text(node: etree._Element, wanted: str) -> str:
    if len(node):
        raise _no(wanted, node, f"'{node.tag}' holds elements, and text is expected")
    return node.text or ""


def _whole(node: etree._Element) -> int:
    text = (node.text or "").strip()
    if not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise _no("request", node, f"'{node.tag}' is no whole number")
    return int(text)


def _no(wanted: str, node: etree._Element, fault: str) -> NoGatewayMessage:
    return NoGatewayMessage(wanted=wanted, fault=fault, where=place_of(node))
