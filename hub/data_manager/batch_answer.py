"""The answer file of a batch: every order with its outcome, in the order of their positions, in the sender's format.

Spec: docs/design/legacy.md, "Batches".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from adapters.database.messages.batches import BatchRow, PartAnswer
from adapters.database.schema.hub_tables import ACCEPTED_STATES, REFUSED_STATES
from adapters.transport import XML
from hub.data_manager.endings import refused_state
from hub.data_manager.open_hub import OpenHub, Transaction
from hub.deployment.route import Route
from hub.deployment.route_batch import BatchAnswer
from hub.workflow_manager.reply import OBJECT, error_reply
from integration_objects.complex_object import first_instance, list_of, message, put_list
from integration_objects.errors import HubError, Refused
from integration_objects.log import Log
from integration_objects.property_set import PropertySet
from maps.circumstances import Circumstances
from schemas.hub_xml import hub_from_xml, hub_to_xml

log = Log()

#: outcomes that are read from the database at once
_PAGE = 200


@dataclass(frozen=True)
class AnswerFile:
    """An answer that is written part by part.

    Attributes:
        parts: the bytes, made when they are asked for.
        content_type: of the file.
    """

    parts: Iterator[bytes]
    content_type: str


def answer_file(open_hub: OpenHub, route: Route, batch: BatchRow) -> AnswerFile:
    """Make the answer to a batch, as its orders stand now.

    Without an answer declared by the route, it has the numbers only, in the hub's own XML.

    Raises:
        Refused: while the parts are made: the maps can't make an answer; nobody gets a half one.
    """
    with open_hub.read() as transaction:
        counts = counts_of(transaction, batch)
        answered = transaction.messages.batches.answered(batch)
    frame = _frame(answered, "rejected" if answered.state == "given up" else "done", counts)
    if answered.error is not None and answered.state == "given up":
        parts = {part.capitalize(): text for part, text in answered.error.items()}
        put_list(first_instance(frame), "Error").append(PropertySet("Error", properties={**parts}))
    answer = None if route.batch is None else route.batch.answer
    if answer is None:
        return AnswerFile(iter([hub_to_xml(frame, open_hub.deployment.definitions)]), XML)
    nameless = frame.copy()
    first_instance(nameless).properties |= {"Message Id": answered.id, "Batch Number": None}
    circumstances = Circumstances(open_hub.surroundings.now)
    tree = _fitting(answer, (frame, nameless), circumstances, is_order=False, about={"batch": answered.id})
    return AnswerFile(answer.write(tree, _answers(open_hub, route, answer, answered)), answer.content_type)


def refusal_file(open_hub: OpenHub, route: Route, batch: BatchRow, error: HubError) -> tuple[bytes, str]:
    """Make the answer to a batch that ends with an error, and its content type."""
    with open_hub.read() as transaction:
        counts = counts_of(transaction, batch)
    frame = _frame(batch, refused_state(error), counts)
    first_instance(frame).children += first_instance(error_reply([error])).children
    answer = None if route.batch is None else route.batch.answer
    if answer is not None:
        try:
            tree = _mapped(answer, frame, Circumstances(open_hub.surroundings.now), is_order=False)
            return b"".join(answer.write(tree, ())), answer.content_type
        except Refused as fault:
            # A reply must leave: without one the sender would wait for ever.
            log.warning("reply in the hub's own XML", route=route.name, **fault.as_dict())
    return hub_to_xml(frame, open_hub.deployment.definitions), XML


def counts_of(transaction: Transaction, batch: BatchRow) -> dict[str, Any]:
    """Count the orders of a batch: ``accepted``, ``refused``, and ``states``, the number in each state of messages."""
    states = transaction.messages.batches.states(batch.answered)
    accepted, refused = (sum(states.get(state, 0) for state in kind) for kind in (ACCEPTED_STATES, REFUSED_STATES))
    return {"accepted": accepted, "refused": refused, "states": states}


def _frame(batch: BatchRow, state: str, counts: Mapping[str, Any]) -> PropertySet:
    """Make the reply that the header and the trailer of an answer are made of."""
    properties = {
        "Message Id": batch.number or batch.name,
        "State": state,
        "Batch Id": batch.id,
        "Batch Number": batch.number,
        "Orders": str(batch.orders),
        "Accepted Orders": str(counts["accepted"]),
        "Refused Orders": str(counts["refused"]),
    }
    return message(OBJECT, [PropertySet("Reply", properties=properties)])


def _answers(open_hub: OpenHub, route: Route, answer: BatchAnswer, batch: BatchRow) -> Iterator[PropertySet]:
    position = 0
    while True:
        with open_hub.read() as transaction:
            page = transaction.messages.batches.answers(batch.id, position, _PAGE)
        for part in page:
            yield _answer(open_hub, route, answer, batch, part)
            position = part.position
        if not page:
            return


def _answer(open_hub: OpenHub, route: Route, answer: BatchAnswer, batch: BatchRow, part: PartAnswer) -> PropertySet:
    """Make the answer to one order: as its reply is, or shortened where the sender's format has no place for it."""
    reply = _reply(open_hub, batch, part)
    circumstances = Circumstances(open_hub.surroundings.now, _arrived(open_hub, route, part))
    short = _shortened(reply, part)
    nameless = short.copy()
    # The position is left: a text of digits, which every format has a place for.
    first_instance(nameless).properties["Message Id"] = part.inbox_id
    about = {"batch": batch.id, "position": part.position}
    return _fitting(answer, (reply, short, nameless), circumstances, is_order=True, about=about)


def _shortened(reply: PropertySet, part: PartAnswer) -> PropertySet:
    """Copy a reply to an order without its lines, and with the reasons alone of its errors."""
    header = first_instance(reply)
    short = PropertySet("Reply", properties=dict(header.properties))
    short.children = [child.copy() for child in header.children if child.type == list_of("Error")]
    for node in short.walk():
        if node.type == "Error":
            node.properties = {"Reason": node.get("Reason"), "What": f"`orderhub messages show {part.inbox_id}`"}
    return message(OBJECT, [short])


def _fitting(
    answer: BatchAnswer,
    replies: Sequence[PropertySet],
    circumstances: Circumstances,
    is_order: bool,
    about: Mapping[str, Any],
) -> PropertySet:
    """Map the first of some replies, each shorter than the one before, that the sender's format has a place for.

    Raises:
        Refused: it has a place for none of them.
    """
    for number, reply in enumerate(replies, 1):
        try:
            tree = _mapped(answer, reply, circumstances, is_order)
            # Written by itself first: a value that doesn't fit must not end the file in its middle.
            frame, orders = (PropertySet(tree.type), [tree]) if is_order else (tree, [])
            for _ in answer.write(frame, orders):
                pass
            return tree
        except Refused as error:
            if number == len(replies):
                raise
            log.warning("answer is shortened", **about, **error.as_dict())
    raise AssertionError("there is a reply")


def _mapped(answer: BatchAnswer, reply: PropertySet, circumstances: Circumstances, is_order: bool) -> PropertySet:
    """Map a reply, and keep what answers an order, or else the header and the trailer."""
    tree = answer.map.apply(reply, circumstances=circumstances)
    tree.children = [child for child in tree.children if (child.type == answer.component) == is_order]
    if is_order:
        # The fields of the root belong to the file.
        tree.properties.clear()
    return tree


def _reply(open_hub: OpenHub, batch: BatchRow, part: PartAnswer) -> PropertySet:
    if part.reply is not None:
        return hub_from_xml(part.reply, open_hub.deployment.definitions)
    properties: dict[str, str | None] = {
        "Message Id": part.own_id or part.inbox_id,
        "State": part.state,
        "Batch Id": batch.id,
        "Batch Position": str(part.position),
    }
    return message(OBJECT, [PropertySet("Reply", properties=properties)])


def _arrived(open_hub: OpenHub, route: Route, part: PartAnswer) -> PropertySet | None:
    """Read the order as it arrived, where the reply's map reads it."""
    if not route.reply.reads_message or route.external is None:
        return None
    with open_hub.read() as transaction:
        row = transaction.messages.inbox.row(part.inbox_id)
    with suppress(Refused):
        return None if row is None else route.external.read(row.body, route.limits).tree
    return None
