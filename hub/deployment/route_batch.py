"""The batches of a route: files with many messages, and one answer file for each.

    batch:
      order: ORDER-RECORD                       # a record or an element directly beneath the root: one order
      faulty orders: refused alone              # left out: one faulty order refuses the file
      number: "[FILE-HEADER/FILE-NO]"           # the sender's number of the file; left out: none
      resubmits: "[FILE-HEADER/FIRST-FILE-NO]"  # the number of the file whose refused orders come again
      count: "[TRAILER/ORDERS]"                 # compared with the number of orders; records have checks of their own
      answer: ORDER-ANSWER                      # in the reply's object: what answers one order

Spec: docs/design/legacy.md, "Batches".
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.transport import FOLDER, TransportKind
from hub.deployment.named_parts import message_expression
from hub.deployment.route_reply import Reply
from integration_objects.declaration import Node
from maps.data_map import DataMap
from maps.field_rule import SourceExpression
from schemas.batch_format import BatchFormat, JoinedWriter
from schemas.external_component import ExternalObject, NoBatches

REQUIRED = ("order",)
OPTIONAL = ("faulty orders", "number", "resubmits", "count", "answer")
FAULTY_ORDERS = ("refused alone", "refuse the file")


@dataclass(frozen=True)
class BatchAnswer:
    """How answer files are written.

    Attributes:
        map: of the route's reply; it makes the header and the trailer, and the answer to one order.
        component: the component of the answer to one order.
        write: writes a file of many trees.
        content_type: of the file.
    """

    map: DataMap
    component: str
    write: JoinedWriter
    content_type: str


@dataclass(frozen=True)
class RouteBatch:
    """The batches of a route; see the head of this file.

    Attributes:
        format: cuts a file into orders.
        alone: whether a faulty order is refused alone.
        number, resubmits, count: expressions over the header and the trailer; None where none is declared.
        answer: None for a route whose batches are answered by their numbers only, in the hub's own XML.
    """

    format: BatchFormat
    alone: bool = False
    number: SourceExpression | None = None
    resubmits: SourceExpression | None = None
    count: SourceExpression | None = None
    answer: BatchAnswer | None = None


def read_batch(
    node: Node | None, transport: TransportKind, external: ExternalObject | None, reply: Reply
) -> RouteBatch | None:
    """Read the batches of a route, from the other parts of its declaration.

    Raises:
        DeclarationFault: with file:line:column.
    """
    if node is None:
        return None
    parts = node.mapping(required=REQUIRED, optional=OPTIONAL)
    if transport.name != FOLDER:
        why = "a batch can be larger than any message of a queue or a request"
        raise node.fault("a batch comes as a file", why, mend="read a folder: `from: {folder: NAME}`")
    if external is None:
        mend = "name an external object, whose files can hold many orders"
        raise node.fault("the hub's own XML has no batches", mend=mend)
    order = parts["order"]
    if order.text() not in external.definition.root.children:
        raise order.unknown("component beneath the root", external.definition.root.children)
    expressions = {
        key: message_expression(parts[key], external) for key in ("number", "resubmits", "count") if key in parts
    }
    if "resubmits" in parts and "number" not in parts:
        mend = "declare `number`, too: `resubmits` holds the number of an earlier file"
        raise parts["resubmits"].fault("the files have no number", mend=mend)
    alone = "faulty orders" in parts and parts["faulty orders"].choice(*FAULTY_ORDERS)
    try:
        batch_format = external.batch(order.text())
    except NoBatches as error:
        raise order.fault(error.what, mend=error.mend) from error
    return RouteBatch(
        batch_format,
        alone == "refused alone",
        expressions.get("number"),
        expressions.get("resubmits"),
        expressions.get("count"),
        _answer(node, parts.get("answer"), reply),
    )


def _answer(batch: Node, node: Node | None, reply: Reply) -> BatchAnswer | None:
    if node is None and reply.map is None:
        return None
    if node is None or reply.object is None or reply.map is None:
        why = "the reply's map makes the header and the trailer of the answer, and in `answer` what answers one order"
        mend = "declare both `reply: {object: ..., map: ...}` and `answer: COMPONENT` in `batch`, or none of them"
        raise (node or batch).fault("the answer file is declared in part", why, mend=mend)
    known = reply.object.definition.root.children
    if node.text() not in known:
        raise node.unknown("component beneath the root of the answer", known)
    try:
        return BatchAnswer(reply.map, node.text(), reply.object.joined_writer(), reply.object.content_type)
    except NoBatches as error:
        raise node.fault(error.what, mend=error.mend) from error
