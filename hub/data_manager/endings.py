"""How messages end: done, refused, tried again, parked, or with their route stopped; each with its reply.

Nothing leaves from here: replies and dead letters are outbox rows of the same transaction as the message's state.

Spec: docs/design/road.md, "What commits when"; docs/design/guarantees.md G1 to G6.
"""

from __future__ import annotations

from adapters.database.messages.outbox import REPLY_TO_REFUSED, OutboxMessage
from adapters.transport import XML
from hub.data_manager.business_keys import keys_of_accepted, keys_of_failed
from hub.data_manager.hub_words import hub_words
from hub.data_manager.message_work import MessageWork
from hub.data_manager.open_hub import Transaction
from hub.deployment.route import Route
from hub.workflow_manager.origin import outbound_id, trace_context
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.reply import OBJECT as REPLY
from hub.workflow_manager.reply import error_reply
from integration_objects.complex_object import ComplexObject, first_instance
from integration_objects.definition import Definitions
from integration_objects.errors import HubError, Invalid, OperatorNeeded, Outage, Refused, Retryable, Waiting, printable
from integration_objects.log import Log
from integration_objects.property_set import PropertySet
from integration_objects.secrets import without_secrets
from maps.circumstances import NO_CIRCUMSTANCES, Circumstances
from schemas.hub_xml import hub_to_xml
from schemas.limits import DEFAULT_LIMITS

log = Log()

#: bytes of a dead letter's header: all of them together stay below the limit of an envelope
MOST_HEADER = 1_000
#: seconds after which a death no longer counts, beyond the longest delay between two tries
FADE_S = 3_600


class GivenUp(Refused):
    """An operator gave the message up."""

    what = "the message was given up by an operator"
    mend = "send it again, changed if need be, under an id of its own"


class ProcessDied(Retryable):
    """The process died while it computed the message, which was alone in hand."""

    what = "the process died while it worked on the message (death {number} in a row)"
    where = "route {route}, inbox {row_id}"
    why = "the message was alone in hand, and no outcome was written"
    mend = "nothing yet: it is tried again, alone, at {again_at}"


class Endings:
    """Writes how messages end, in one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._open_hub = transaction.open_hub
        self._messages = transaction.messages

    def finish(self, work: MessageWork, outcome: Outcome, recording: bytes) -> None:
        """Write a workflow's outcome as the end of its message, and send the reply."""
        ending = work.ending(outcome.state, why=outcome.why or None)
        self._messages.pending_writes.finish(ending, recording)
        keys = keys_of_accepted(work.tree, outcome.reply, work.orders)
        self._messages.pending_writes.keep_keys(work.row.seq, keys)
        self._reply(work, outcome)

    def fail(self, work: MessageWork, error: HubError) -> None:
        """Refuse, park or retry the message, or stop its route, as the error's class says."""
        inbox, row = self._messages.inbox, work.row
        error = without_secrets(error, work.secrets)
        self._messages.pending_writes.keep_keys(work.row.seq, keys_of_failed(work.tree))
        if error.verdict == "refuse":
            self.refuse(work, error)
        elif isinstance(error, Waiting):
            inbox.park(row.id, error, waits_for=error.waits_for)
        elif isinstance(error, OperatorNeeded):  # a Retryable, but no further try helps by itself
            inbox.park(row.id, error)
        elif error.verdict == "stop":
            # The row is left as it is: due, and worked as soon as the route is resumed.
            self.stop_route(work.route, error, message=row.id)
        elif isinstance(error, Outage):
            # No attempt: an outage that lasts would park every message that tried.
            inbox.retry(row.id, self._open_hub.surroundings.later(error.again_in_s), error, counts=False)
        elif row.attempts < len(work.route.retry_s):
            # Messages that failed together would meet the same lock together again: the jitter draws them apart.
            jitter = 1 + self._open_hub.surroundings.random.uniform(-0.1, 0.1)
            delay = work.route.retry_s[row.attempts] * jitter
            inbox.retry(row.id, self._open_hub.surroundings.later(delay), error)
        else:
            inbox.park(row.id, error)

    def pass_over(self, work: MessageWork, why: str, reply: PropertySet) -> None:
        """End a message that changes nothing, and is not worked: an earlier one was accepted in its place.

        *reply* is the reply to the earlier one.
        """
        self._messages.pending_writes.finish(work.ending("filtered", why=why))
        self._reply(work, Outcome("filtered", reply))

    def count_death(self, work: MessageWork) -> None:
        """Count a death that the message brought about: it is tried again, alone and later each time, then parked."""
        row, route, surroundings = work.row, work.route, self._open_hub.surroundings
        # Deaths fade: a signal that met the message last week says nothing about the message.
        since = surroundings.later(-FADE_S - max(route.retry_s, default=0))
        number = 1 + (row.deaths if row.died_at is not None and row.died_at >= since else 0)
        if number <= len(route.retry_s):
            again_at = surroundings.later(route.retry_s[number - 1])
            error = ProcessDied(number=number, route=route.name, row_id=row.id, again_at=again_at)
            self._messages.inbox.count_death(row.id, number, again_at, error)
        else:
            mend = f"find out why, then `orderhub messages replay {row.id}` or `give-up {row.id}`"
            error = ProcessDied(mend=mend, number=number, route=route.name, row_id=row.id)
            self._messages.inbox.park(row.id, error)
        log.error("a message may kill processes", route=route.name, message=row.id, **error.as_dict())

    def stop_route(self, route: Route, error: HubError, **place: str) -> None:
        """Pause a route until somebody mends the fault and resumes the route."""
        self._messages.control.pause(route.component, f"{error.reason}: {error.what}")
        log.error("route stopped", route=route.name, **place, **error.as_dict())

    def refuse(self, work: MessageWork, error: HubError) -> None:
        """Write the final state of a refused message, its dead letter and its negative reply."""
        error = without_secrets(error, work.secrets)
        # State, dead letter and reply in one transaction: a death leaves all three or none.
        self._messages.pending_writes.finish(work.ending(refused_state(error), error))
        self.send_refusal(work, error)

    def send_refusal(self, work: MessageWork, error: HubError) -> None:
        """Send the dead letter and the negative reply of a message whose final state is written already."""
        row, route = work.row, work.route
        # The reason is a class's name. The error's other texts may quote values of the message.
        log.warning("message refused", route=route.name, message=row.id, message_id=row.message_id, reason=error.reason)
        headers = {
            "x-orderhub-route": route.name,
            "x-orderhub-step": work.step,
            "x-orderhub-message": row.id,
            "x-orderhub-sender": row.sender,
            "x-orderhub-attempts": str(row.attempts + 1),
            "x-orderhub-first-time": row.received_at,
            "x-orderhub-last-time": self._open_hub.surroundings.now(),
            **{f"x-orderhub-{part}": text for part, text in _texts(work, error).items()},
        }
        if route.map is not None:
            headers["x-orderhub-map"] = route.map.name
            headers["x-orderhub-map-version"] = route.map.version
        message_id = outbound_id(work.origin, "dead letter", 1)
        self._messages.pending_writes.emit(
            OutboxMessage(
                message_id=message_id,
                destination=route.dead_letters,
                kind="dead letter",
                body=row.body,
                inbox_id=row.id,
                route=route.name,
                type=row.type,
                correlation_id=row.correlation_id or row.message_id,
                content_type=row.content_type,
                headers={
                    **{name: header_text(text) for name, text in headers.items()},
                    **trace_context(work.origin, message_id),
                },
            )
        )
        order = None if work.tree is None else ComplexObject.of(work.tree).header
        self._reply(work, Outcome(refused_state(error), error_reply([error], order)))

    def give_up(self, work: MessageWork) -> None:
        """Send the sender of a message that an operator gave up the negative reply."""
        work.read_again()
        if work.is_question:
            self._messages.inbox.rename({work.row.id: work.row.question_identity})
        last_error = work.row.error or {}
        error = GivenUp(where=work.place, why=last_error.get("what", ""))
        self._reply(work, Outcome("dead", error_reply([error])))

    def _reply(self, work: MessageWork, outcome: Outcome) -> None:
        """Send the reply, if the message or its route says where to."""
        row, route = work.row, work.route
        if row.reply_to is None:
            return
        tree = outcome.reply if outcome.reply is not None else error_reply([])
        header = first_instance(tree)
        own: dict[str, str | None] = {"Message Id": row.message_id or row.digest, "State": outcome.state}
        if route.batch is not None:
            own["Batch Id"], _, own["Batch Position"] = row.identity.rpartition("-")
        # First, and the last word: the reply to an order that was accepted before is that of the earlier message.
        header.properties = own | header.properties | own
        circumstances = Circumstances(self._open_hub.surroundings.now, work.arrived)
        # Derived, not made by chance: worked again after a death, the reply has the same id (G3).
        message_id = outbound_id(work.origin, "reply", 1)
        headers = {"x-orderhub-state": outcome.state, **trace_context(work.origin, message_id)}
        if row.reply_to_refused is not None:
            headers[REPLY_TO_REFUSED] = row.reply_to_refused
        definitions = self._open_hub.deployment.definitions
        if route.batch is not None:
            # It is mapped when the answer file is written, which lists all orders of the batch.
            body, content_type = hub_to_xml(tree, definitions), XML
        else:
            body, content_type = reply_body(route, tree, definitions, circumstances)
        self._messages.pending_writes.answer(
            row.id,
            OutboxMessage(
                message_id=message_id,
                destination=row.reply_to,
                kind="reply",
                body=body,
                content_type=content_type,
                inbox_id=row.id,
                route=route.name,
                type=REPLY if route.reply.object is None else route.reply.object.definition.name,
                correlation_id=row.correlation_id or row.message_id,
                headers=headers,
                is_kept=route.batch is not None,
            ),
        )


def give_up_message(transaction: Transaction, row_id: str) -> bool:
    """Make a parked or retrying message dead, and tell its sender; False for a message in another state."""
    row = transaction.messages.inbox.row(row_id)
    if row is None or not transaction.messages.inbox.give_up(row_id):
        return False
    route = transaction.open_hub.deployment.worked_routes.get(row.route)
    # Without its route, nobody knows how to answer the sender; the message is dead all the same.
    if route is not None:
        Endings(transaction).give_up(MessageWork(transaction.open_hub, row, route))
    return True


def reply_body(
    route: Route, tree: PropertySet, definitions: Definitions, circumstances: Circumstances = NO_CIRCUMSTANCES
) -> tuple[bytes, str]:
    """Write a reply in the format of the route's sender; in the hub's own XML if that format has no place for it.

    Returns:
        The body, and its content type.
    """
    if route.reply.object is not None:
        try:
            answer = tree if route.reply.map is None else route.reply.map.apply(tree, circumstances=circumstances)
            body = route.reply.object.write(answer)
            route.reply.object.prove(body, DEFAULT_LIMITS, own=True)
            return body, route.reply.object.content_type
        except Refused as error:
            # A reply must leave: without one the sender would wait for ever.
            log.warning("reply in the hub's own XML", route=route.name, **error.as_dict())
    return hub_to_xml(tree, definitions), XML


def refused_state(error: HubError) -> str:
    """Return the final state of a message that *error* refuses."""
    return "invalid" if isinstance(error, Invalid) else "rejected"


def _texts(work: MessageWork, error: HubError) -> dict[str, str]:
    """Return the error as the dead letter's headers tell it: with the values that it quotes only if the route says so.

    The hub's own words stay: names of maps and fields, limits.
    Consoles and monitors show headers to people who may not see customers' data. The store has the whole error.
    """
    if work.route.quotes_values:
        return error.as_dict()
    whole = f"`orderhub messages show {work.row.id}` has the whole error"
    told = {"what": f"the message is refused: {error.reason}", "why": whole, "mend": whole}
    known = {part: text for part, text in error.without_values(hub_words(work)).items() if text}
    return {"reason": error.reason, **told, **known, "where": f"message {work.row.id}"}


def header_text(text: str) -> str:
    """Make a header of any text: one line, printable, of at most `MOST_HEADER` bytes.

    >>> header_text("a\\n b\\x80"), len(header_text("\U0001f4e6" * 1_000).encode())
    ('a b\\\\x80', 999)
    """
    line = " ".join(printable(text).split())
    if len(line.encode()) <= MOST_HEADER:
        return line
    return line.encode()[: MOST_HEADER - len("…".encode())].decode(errors="ignore") + "…"
