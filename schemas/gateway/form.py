"""The XML Gateway's questions as messages of a route: each asks for the workflow Rows or Row Fields.

    siebel-xmlext-query-req    {Workflow Name: rows}        component, search, match, sort, most
    siebel-xmlext-fields-req   {Workflow Name: row-fields}  component
    any other request          {Workflow Name: rows}        component, kind: the workflow refuses it

An OM Reply becomes ``siebel-xmlext-query-ret`` or ``-fields-ret``; one with errors becomes ``siebel-xmlext-status``. So
a request can ask for these two workflows only, whatever it holds.

Spec: docs/design/legacy.md, "Questions of legacy systems".
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from integration_objects.complex_object import components, first_instance, message, put_list
from integration_objects.component import Component, IntegrationObject
from integration_objects.property_set import PropertySet
from schemas.external_component import ExternalObject, ReadMessage
from schemas.foreign_xml import parse, texts_of
from schemas.gateway.messages import Reply, Request, Row, Status
from schemas.gateway.search import search_text
from schemas.gateway.xml import CONTENT_TYPE, read_request, write_reply
from schemas.limits import Limits

#: the name of the object in a route
NAME = "XML Gateway"
REQUEST = "OM Workflow Request"
ROWS, ROW_FIELDS = "Rows", "Row Fields"
#: the one cell of a row of Row Fields
FIELD = "field"
#: status codes by the reason of the refusal
CODES = {
    "RowsReadOnly": 2,
    "RowComponentUnknown": 3,
    "RowsNotNamed": 4,
    "TooManyRows": 5,
    "SearchSpecRefused": 6,
    "ExpressionFault": 6,
}
#: the code of any other refusal
OTHER = 1


@dataclass(frozen=True)
class GatewayForm(ExternalObject):
    """Questions and answers of the XML Gateway."""

    @property
    def content_type(self) -> str:
        """The media type of XML."""
        return CONTENT_TYPE

    @property
    def described_by(self) -> str:
        """The page that describes the format."""
        return "docs/virtual_components.md"

    def read(self, body: bytes, limits: Limits, *, own: bool = False) -> ReadMessage:
        """Read a request as a workflow request."""
        return ReadMessage(_asked(read_request(body, limits)), None)

    def glance(self, body: bytes, limits: Limits, names: frozenset[str] | None) -> PropertySet:
        """Read a request as `read` does."""
        return self.read(body, limits).tree

    def write(self, tree: PropertySet) -> bytes:
        """Write an OM Reply as the gateway's reply."""
        return write_reply(_answer(first_instance(tree)))

    def prove(self, body: bytes, limits: Limits, *, own: bool = False) -> None:
        """Check that a reply is XML within the limits."""
        parse(body, limits, own=own)

    def texts(self, body: bytes, limits: Limits) -> frozenset[str]:
        """Collect the texts of a message."""
        return texts_of(parse(body, limits))


GATEWAY = GatewayForm(NAME, IntegrationObject(NAME, Component(NAME), external=True), "schemas/gateway/form.py")


def _asked(request: Request) -> PropertySet:
    query = request.query
    search = query.search_string if query.search is None else search_text(query.search)
    arguments = {"component": request.component}
    if request.kind not in ("query", "fields"):
        arguments["kind"] = request.kind
    if search is not None:
        arguments["search"] = search
    if query.match:
        arguments["match"] = json.dumps(query.match, ensure_ascii=False)
    if query.sort:
        arguments["sort"] = json.dumps([[sort.field, sort.is_descending] for sort in query.sort], ensure_ascii=False)
    if query.max_rows is not None:
        arguments["most"] = str(query.max_rows)
    name = ROW_FIELDS if request.kind == "fields" else ROWS
    instance = PropertySet("Workflow Request", properties={"Workflow Name": name})
    put_list(instance, "Argument").extend(
        PropertySet("Argument", properties={"Name": name, "Value": value}) for name, value in arguments.items()
    )
    return message(REQUEST, [instance])


def _answer(reply: PropertySet) -> Reply | Status:
    for error in components(reply, "Error"):
        reason = error.get("Reason") or ""
        text = ": ".join(filter(None, (error.get("What"), error.get("Why"))))
        return Status(CODES.get(reason, OTHER), None, text)
    if reply.get("State") not in ("done", None):
        return Status(OTHER, None, f"the question is {reply.get('State')}")
    rows: list[Row] = [
        {cell.get("Name") or "": cell.get("Value") or "" for cell in components(row, "Cell")}
        for row in components(reply, "Row")
    ]
    if reply.get("Workflow Name") == ROW_FIELDS:
        return Reply("fields", fields=tuple(row[FIELD] for row in rows))
    return Reply("query", rows=tuple(rows))
