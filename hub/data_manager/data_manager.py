"""One message's way, in one transaction: inbox, check, convert, map, work, store, outbox.

    file        what came by a door becomes an inbox row, once
    work        the next inbox rows, each in a savepoint of one transaction: done, filtered, rejected, invalid,
                retrying or parked, with all that this writes; or not at all

Nothing leaves from here: replies, dead letters and outbound messages are outbox rows of the same transaction.

Source: figure 4B (data manager); spec: docs/design/road.md "What commits when", docs/design/guarantees.md G1 to G6.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from adapters.database.connection.driver_faults import DatabaseBusy
from adapters.database.messages.filing import Arrival, Filed, MessageIdReused
from adapters.database.messages.inbox import Ending, InboxRow
from adapters.database.messages.outbox import OutboxMessage
from adapters.transport import Delivery, Oversize
from hub.data_manager.open_hub import OpenHub, Transaction
from hub.data_manager.rehearsal import asks_outside, rehearse
from hub.deployment.route import Route, value_in
from hub.workflow_manager.answers import Answers, StateMoved
from hub.workflow_manager.effects import TouchesAnotherAccount
from hub.workflow_manager.operator_needed import OperatorNeeded
from hub.workflow_manager.origin import Origin, outbound_id
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.reply import OBJECT as REPLY
from hub.workflow_manager.reply import error_reply
from hub.workflows.received.licensing import prove_licensed
from integration_objects.complex_object import instances
from integration_objects.errors import HubError, Invalid, Refused
from integration_objects.property_set import PropertySet
from schemas.check import LimitExceeded, parse
from schemas.from_xml import external_from_xml
from schemas.hub_xml import hub_from_xml, hub_to_xml
from schemas.to_xml import external_to_xml

log = structlog.get_logger()

#: where replies to files go: the file that they lie beside, ``<folder>/<file>``, follows
ANSWER = "answer:"

#: the longest part of a body that a dead letter carries whole
MOST_HEADER = 1_000


class SenderRefused(Refused):
    """The route doesn't take messages of this sender."""


class GivenUp(Refused):
    """An operator gave the message up."""


class Unexpected(OperatorNeeded):
    """The hub failed on a message in a way that nobody foresaw: it is parked for an operator."""


@dataclass
class Work:
    """A message on its way: the row, and how far it has come.

    Attributes:
        row, route: the inbox row and its route.
        step: what is being done to it, for the dead letter.
        tree: the internal message's tree, once it is mapped.
        failed: what kept it from being worked; None while all is well.
        answers: what other systems answered before the lock; None where none is asked.
    """

    row: InboxRow
    route: Route
    step: str = "receive"
    tree: PropertySet | None = None
    failed: HubError | None = None
    answers: Answers | None = None

    @property
    def origin(self) -> Origin:
        """What outbound message ids are derived from."""
        row = self.row
        return Origin(
            row.route,
            row.sender,
            row.identity,
            row.id,
            row.message_id,
            row.correlation_id,
            getattr(row, "replays", 0),
            self.route.prices,
        )


class DataManager:
    """Files and works messages. One for each process; safe to call from one thread at a time."""

    def __init__(self, open_hub: OpenHub) -> None:
        self._open_hub = open_hub
        self._turn = 0

    @property
    def routes(self) -> Mapping[str, Route]:
        """The deployment's routes by name."""
        return self._open_hub.deployment.routes

    # In by a door

    def file(self, route: Route, deliveries: Sequence[Delivery]) -> list[Filed]:
        """Make inbox rows of what a door delivered, in one transaction; then it may be acknowledged.

        Where the route keeps an order, the body is read by the hardened parser for its key. A body that can't be
        read is filed all the same, and refused when its turn comes.
        """
        arrivals = [self.arrival(route, delivery) for delivery in deliveries]
        with self._open_hub.write() as transaction:
            return self._file(transaction, [(route, delivery) for delivery in deliveries], arrivals)[0]

    def _file(
        self, transaction: Transaction, arrived: Sequence[tuple[Route, Delivery]], arrivals: Sequence[Arrival]
    ) -> tuple[list[Filed], list[tuple[Work, Delivery]]]:
        """File arrivals; those that are refused at the door end here. Returns what became of each, and new work."""
        filed = transaction.messages.file_all(arrivals)
        new = []
        for (route, delivery), one in zip(arrived, filed, strict=True):
            if one.row is None:
                continue
            work = Work(one.row, route)
            if one.outcome == "id reused":
                self._send_refusal(transaction, work, _reused(one.row))
            elif delivery.fault is not None:
                self._refuse(transaction, work, delivery.fault)
            else:
                new.append((work, delivery))
        return filed, new

    def take(self, arrived: Sequence[tuple[Route, Delivery]]) -> list[Filed]:
        """Make inbox rows of what a broker delivered, and work at once what needs no turn, in one transaction.

        Messages of a route with an order are filed for their turn. So are those that may ask another system, which
        is asked outside of the transaction, and redelivered ones of the others: they may have killed the process that
        was working them, which counts as a death. When this returns, the deliveries may be acknowledged.

        Raises:
            Retryable: the database failed; nothing was written, nothing may be acknowledged.
        """
        arrivals = [self.arrival(route, delivery) for route, delivery in arrived]
        alone: list[str] = []
        with self._open_hub.write() as transaction:
            filed, new = self._file(transaction, arrived, arrivals)
            group = []
            for work, delivery in new:
                if not self._needs_no_turn(work.route):
                    continue
                if delivery.redelivered:
                    transaction.messages.inbox.mark_attempt(work.row.id)
                else:
                    group.append(work)
            for work in group:
                self._prepare(work)
            self._work_group(transaction, group, alone)
            transaction.messages.work_marks.take(alone)
        for row_id in alone:
            self.work_alone(row_id)
        return filed

    def _needs_no_turn(self, route: Route) -> bool:
        """Whether a message may be worked in the transaction that files it."""
        asks = asks_outside(self._open_hub.runtime, route.workflow, route.prices)
        return route.key is None and not asks

    def move(self, channel: str, route: Route, limit: int) -> int:
        """From the outbox into the inbox of the route that reads an embedded channel, in one transaction.

        Returns:
            How many messages were moved.
        """
        with self._open_hub.write() as transaction:
            if not transaction.messages.control.try_lock(f"dispatch:{channel}"):
                return 0
            rows = transaction.messages.outbox.waiting(channel, limit)
            arrived = [(route, Delivery(row.envelope, channel, "local", channel)) for row in rows]
            self._file(transaction, arrived, [self.arrival(route, delivery) for route, delivery in arrived])
            transaction.messages.outbox.mark_sent(row.id for row in rows)
        return len(rows)

    def paused(self) -> set[str]:
        """The names of the routes that are paused or stopped."""
        with self._open_hub.read() as transaction:
            return set(self.routes) - set(self.running(transaction))

    def stop(self, route: Route, error: HubError) -> None:
        """Stop a route whose door can't be used until somebody mends it; it is to be resumed then."""
        with self._open_hub.write() as transaction:
            self._stop(transaction, route, error)

    def arrival(self, route: Route, delivery: Delivery) -> Arrival:
        """How a delivery is filed: its identity, its key, and where its reply goes."""
        envelope = delivery.envelope
        if envelope.oversize is None and len(envelope.body) > route.limits.body:
            envelope = replace(envelope, oversize=Oversize(envelope.size, envelope.digest))
        reply_to = envelope.reply_to
        if route.door == "folder":
            reply_to = ANSWER + delivery.source
        elif reply_to is None or not route.allows_reply_to(reply_to):
            reply_to = route.reply.channel  # where the hub sends what is not told to go elsewhere
        envelope = replace(envelope, reply_to=reply_to)
        identity: str | None = envelope.message_id if route.identity == "message id" else None
        key = None
        if route.reads_tree() and envelope.oversize is None and route.external is not None:
            try:
                tree = external_from_xml(parse(envelope.body, route.limits), route.external, route.names_read)
                if route.key is not None:
                    key = value_in(route.key, tree)
                if not isinstance(route.identity, str):
                    identity = value_in(route.identity, tree) or envelope.message_id
                    envelope = replace(envelope, message_id=envelope.message_id or (identity or "")[:128] or None)
            except HubError:
                pass  # its refusal is the work's, where it is answered and recorded
        return Arrival(
            route.name,
            delivery.sender,
            (identity or envelope.digest)[:128],
            envelope,
            delivery.source,
            key=None if key is None else key[:255],
            over_limit=envelope.oversize is not None,
        )

    # The work

    def work(self, limit: int) -> int:
        """Work the next messages, at most *limit*, in one transaction.

        What needs no database (checks, conversion, map) is done between two looks at the inbox: the first marks what
        is taken in hand, and is committed, so that a start after a death knows; the second is the work's own.

        Returns:
            How many were worked; 0 where nothing is due.

        Raises:
            Retryable: the database failed; nothing was written, the messages stand where they stood.
        """
        group = self._take_in_hand(limit)
        if not group:
            return 0
        for one in group.values():
            self._prepare(one)
        try:
            self._work_claimed(group, limit)
        except DatabaseBusy as error:
            if len(group) > 1:
                raise  # the worker tries them one by one
            self._delay(next(iter(group.values())), error)
        return len(group)

    def _work_claimed(self, group: Mapping[str, Work], limit: int) -> None:
        alone: list[str] = []
        with self._open_hub.write() as transaction:
            routes = list(dict.fromkeys(one.route.name for one in group.values()))
            # As many as at the first look: what goes alone need not be the oldest.
            claimed = transaction.messages.inbox.claim(routes, limit)
            works = [group[row.id] for row in claimed if row.id in group]
            self._work_group(transaction, works, alone)
            transaction.messages.work_marks.put_down([row_id for row_id in group if row_id not in alone])
        for row_id in alone:
            self.work_alone(row_id)

    def work_alone(self, row_id: str) -> None:
        """Work one message in a transaction of its own, in which it may lock any account."""
        with self._open_hub.read() as transaction:
            row = transaction.messages.inbox.row(row_id)
        work = None
        if row is not None and not row.is_final and row.route in self.routes:
            work = Work(row, self.routes[row.route])
            self._prepare(work)
        with self._open_hub.write() as transaction:
            row = transaction.messages.inbox.row(row_id)
            if work is not None and row is not None and not row.is_final:
                work.row = row
                self._work_group(transaction, [work], None)
            transaction.messages.work_marks.put_down([row_id])

    def _delay(self, work: Work, error: HubError) -> None:
        """A message that alone keeps meeting a lock or a deadlock gets its retry row."""
        with self._open_hub.write() as transaction:
            self._fail(transaction, work, error.at(_place(work.row)))
            transaction.messages.work_marks.put_down([work.row.id])

    def take_up(self) -> int:
        """Take up what a process of this name had in hand when it died: the deaths are counted, once.

        The messages are worked in their turn, and until they are, one at a time; after its third death a message is
        parked.

        Returns:
            How many messages there were.
        """
        with self._open_hub.read() as transaction:
            left = transaction.messages.work_marks.left()
        if left:
            with self._open_hub.write() as transaction:
                for row_id in left:
                    transaction.messages.inbox.mark_attempt(row_id)
                transaction.messages.work_marks.put_down(left)
        return len(left)

    def give_up(self, row_id: str) -> bool:
        """Make a parked or retrying message dead, and tell its sender; False where it is in another state."""
        with self._open_hub.write() as transaction:
            row = transaction.messages.inbox.row(row_id)
            if row is None or not transaction.messages.inbox.give_up(row_id):
                return False
            said = row.error or {}
            error = GivenUp(
                "the message was given up by an operator",
                where=_place(row),
                why=said.get("what", ""),
                mend="send it again, changed if need be, under an id of its own",
            )
            if row.route in self.routes:
                self._answer(transaction, Work(row, self.routes[row.route]), Outcome("dead", error_reply([error])))
        return True

    def _take_in_hand(self, limit: int) -> dict[str, Work]:
        """Mark the rows that are worked next, and commit that: if the process dies on one, its next start knows."""
        with self._open_hub.read() as transaction:
            running = self.running(transaction)
            due = transaction.messages.inbox.next_due(running)
            if due is None or due > self._open_hub.surroundings.now():
                return {}
        with self._open_hub.write() as transaction:
            rows = transaction.messages.inbox.claim(self._in_turn(running), limit)
            # What a process died on goes alone, whichever process takes it: the next death is then its own.
            rows = [row for row in rows if row.deaths][:1] or rows
            transaction.messages.work_marks.take([row.id for row in rows])
        return {row.id: Work(row, self.routes[row.route]) for row in rows}

    def _in_turn(self, routes: list[str]) -> list[str]:
        """The routes, each time another one first, so that none starves behind a steady flow on another."""
        self._turn += 1
        start = self._turn % max(1, len(routes))
        return routes[start:] + routes[:start]

    def wake(self) -> int:
        """Put parked rows back whose time to look again has come; returns how many."""
        with self._open_hub.write() as transaction:
            return transaction.messages.inbox.wake()

    def running(self, transaction: Transaction) -> list[str]:
        """The routes that aren't paused."""
        control = transaction.messages.control
        return [name for name, route in self.routes.items() if not control.is_paused(route.component)]

    def _work_group(self, transaction: Transaction, group: Sequence[Work], alone: list[str] | None) -> None:
        locked: set[str] | None = None
        if alone is not None:
            locked = self._lock(transaction, group)
        for work in group:
            self._work_one(transaction, work, locked, alone)

    def _prepare(self, work: Work) -> None:
        """Check, convert and map: all that needs no lock. What another system is asked is asked here."""
        try:
            work.tree = self._read(work)
            work.step = "ask other systems"
            work.answers = rehearse(self._open_hub, work.route.workflow, work.tree, work.origin)
        except HubError as error:
            work.failed = error.at(_place(work.row))
        except Exception as error:
            work.failed = _unexpected(work, error)

    def _read(self, work: Work) -> PropertySet:
        row, route = work.row, work.route
        work.step = "check"
        if not route.allows_sender(row.sender):
            raise SenderRefused(
                f"the route {route.name} takes no messages of '{row.sender}'",
                why=f"it takes those of {', '.join(route.senders)}",
                mend="send as somebody whom the route takes, or add the sender to the route's senders",
            )
        if row.size > len(row.body) or row.size > route.limits.body:
            raise LimitExceeded(
                "the message is too large",
                why=f"it has {row.size} bytes, and the route takes {route.limits.body}",
                mend="send it in parts, or raise the route's limit `body`",
            )
        if route.external is None:
            work.step = "convert"
            return hub_from_xml(row.body, self._open_hub.deployment.definitions, route.limits)
        element = parse(row.body, route.limits)
        route.external.schema.validate(element)
        work.step = "convert"
        arrived = external_from_xml(element, route.external)
        work.step = "map"
        if route.map is None:
            return arrived
        return route.map.apply(arrived)

    def _lock(self, transaction: Transaction, group: Sequence[Work]) -> set[str]:
        """Lock the accounts that the group touches, in sorted order, so that two groups can't deadlock."""
        accounts: set[str] = set()
        for work in group:
            if work.failed is None and work.tree is not None:
                work.step = "lock"
                run = transaction.run(work.origin)
                try:
                    accounts |= work.route.workflow.accounts(run, work.tree)
                except HubError as error:
                    work.failed = error.at(_place(work.row))
        transaction.store.lock_accounts(sorted(accounts))
        return accounts

    def _work_one(self, transaction: Transaction, work: Work, locked: set[str] | None, alone: list[str] | None) -> None:
        """Work one message inside a savepoint; whatever it ends as is written in this transaction."""
        if work.failed is not None:
            self._fail(transaction, work, work.failed)
            return
        savepoint = transaction.connection.begin_nested()
        mark = transaction.messages.pending_writes.mark()

        def undo() -> None:
            savepoint.rollback()
            transaction.messages.pending_writes.undo(mark)

        try:
            self._run(transaction, work, locked)
            savepoint.commit()
        except TouchesAnotherAccount:
            undo()
            if alone is None:
                raise
            alone.append(work.row.id)
        except HubError as error:
            if isinstance(error, StateMoved) and alone is not None:
                undo()
                alone.append(work.row.id)  # another message of its group moved it: it asks again, after that one
                return
            if self._open_hub.database.is_world_fault(error):
                raise  # the whole transaction is lost with it
            undo()
            self._fail(transaction, work, error.at(_place(work.row)))
        except Exception as error:
            if self._open_hub.database.is_world_fault(error):
                raise
            undo()
            fault = self._open_hub.database.fault_of(error)
            self._fail(transaction, work, _unexpected(work, error) if fault is None else fault.at(_place(work.row)))

    def _run(self, transaction: Transaction, work: Work, locked: set[str] | None) -> None:
        work.step = f"workflow {work.route.workflow.name}"
        run = transaction.run(work.origin, locked, work.answers)
        assert work.tree is not None  # noqa: S101  # prepared, or it had failed
        prove_licensed(run, work.route.workflow)
        outcome = work.route.workflow.function(run, work.tree)
        ending = Ending(work.row.id, outcome.state, None, _map(work.route), _version(work.route), outcome.why or None)
        transaction.messages.pending_writes.finish(ending, run.recording())
        self._answer(transaction, work, outcome)

    # How it ends when it doesn't end well

    def _fail(self, transaction: Transaction, work: Work, error: HubError) -> None:
        row = work.row
        if error.verdict == "refuse":
            self._refuse(transaction, work, error)
        elif error.verdict == "wait":
            transaction.messages.inbox.park(row.id, error, waits_for=getattr(error, "waits_for", None))
        elif isinstance(error, OperatorNeeded):
            transaction.messages.inbox.park(row.id, error)
        elif error.verdict == "retry":
            delays = work.route.retry_s
            if row.attempts < len(delays):
                jitter = 1 + self._open_hub.surroundings.random.uniform(-0.1, 0.1)
                due = self._open_hub.surroundings.later(delays[row.attempts] * jitter)
                transaction.messages.inbox.retry(row.id, due, error)
            else:
                transaction.messages.inbox.park(row.id, error)
        else:
            self._stop(transaction, work.route, error, message=row.id)

    def _stop(self, transaction: Transaction, route: Route, error: HubError, **at: str) -> None:
        transaction.messages.control.pause(route.component, f"{error.reason}: {error.what}")
        log.error("route stopped", route=route.name, **at, **error.as_dict())

    def _refuse(self, transaction: Transaction, work: Work, error: HubError) -> None:
        """A refusal: final state, dead letter and negative reply, all in this transaction."""
        state = "invalid" if isinstance(error, Invalid) else "rejected"
        transaction.messages.pending_writes.finish(
            Ending(work.row.id, state, error, _map(work.route), _version(work.route))
        )
        self._send_refusal(transaction, work, error)

    def _send_refusal(self, transaction: Transaction, work: Work, error: HubError) -> None:
        row, route = work.row, work.route
        headers = {
            "x-orderhub-route": route.name,
            "x-orderhub-step": work.step,
            "x-orderhub-message": row.id,
            "x-orderhub-sender": row.sender,
            "x-orderhub-attempts": str(row.attempts + 1),
            "x-orderhub-first-time": row.received_at,
            "x-orderhub-last-time": self._open_hub.surroundings.now(),
            **{f"x-orderhub-{name}": text for name, text in error.as_dict().items()},
        }
        if route.map is not None:
            headers["x-orderhub-map"] = route.map.name
            headers["x-orderhub-map-version"] = route.map.version
        transaction.messages.pending_writes.emit(
            OutboxMessage(
                message_id=outbound_id(work.origin, "dead letter", 1),
                destination=route.dead_letters,
                kind="dead letter",
                body=row.body,
                inbox_id=row.id,
                route=route.name,
                type=row.type,
                correlation_id=row.correlation_id or row.message_id,
                content_type=row.content_type,
                headers={name: _header(text) for name, text in headers.items()},
            )
        )
        about = None
        if work.tree is not None and instances(work.tree):
            about = instances(work.tree)[0]
        state = "invalid" if isinstance(error, Invalid) else "rejected"
        self._answer(transaction, work, Outcome(state, error_reply([error], about)))

    # Replies

    def _answer(self, transaction: Transaction, work: Work, outcome: Outcome) -> None:
        """Emit the reply, where the message says where to."""
        row, route = work.row, work.route
        if row.reply_to is None:
            return
        tree = outcome.reply if outcome.reply is not None else error_reply([])
        header = instances(tree)[0]
        header.properties = {
            "Message Id": row.message_id or row.identity,
            "State": outcome.state,
            **header.properties,
        }
        transaction.messages.pending_writes.answer(
            row.id,
            OutboxMessage(
                message_id=outbound_id(work.origin, "reply", 1),
                destination=row.reply_to,
                kind="reply",
                body=self._reply_body(route, tree),
                inbox_id=row.id,
                route=route.name,
                type=REPLY if route.reply.object is None else route.reply.object.definition.name,
                correlation_id=row.correlation_id or row.message_id,
                headers={"x-orderhub-state": outcome.state},
            ),
        )

    def _reply_body(self, route: Route, tree: PropertySet) -> bytes:
        if route.reply.map is not None and route.reply.object is not None:
            try:
                body = external_to_xml(route.reply.map.apply(tree), route.reply.object)
                route.reply.object.schema.validate(parse(body, own=True))
                return body
            except Refused as error:
                # An answer must leave: in the hub's own XML where the sender's format can't say it.
                log.warning("reply in the hub's own XML", route=route.name, **error.as_dict())
        return hub_to_xml(tree, self._open_hub.deployment.definitions)


def _map(route: Route) -> str | None:
    return None if route.map is None else route.map.name


def _version(route: Route) -> str | None:
    return None if route.map is None else route.map.version


def _place(row: InboxRow) -> str:
    return f"message {row.message_id or row.identity[:16]}"


def _unexpected(work: Work, error: Exception) -> Unexpected:
    # The traceback as text: what the variables held may be the customer's, and drawing it takes for ever.
    log.error(
        "unexpected fault",
        route=work.route.name,
        message=work.row.id,
        step=work.step,
        traceback="".join(traceback.format_exception(error)),
    )
    return Unexpected(
        f"the hub failed on the message at the step '{work.step}'",
        where=_place(work.row),
        why=f"{type(error).__name__}: {error}"[:MOST_HEADER],
        mend="this is a fault of the hub or of the deployment's code: mend it, then `orderhub messages replay`",
    )


def _reused(row: InboxRow) -> HubError:
    said = {name: text for name, text in (row.error or {}).items() if name != "reason"}
    return MessageIdReused(**said)


def _header(text: str) -> str:
    """A header's text: one line, bounded."""
    return " ".join(text.split())[:MOST_HEADER]
