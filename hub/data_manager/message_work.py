"""The work on one message: check, convert, map, ask other systems, run the workflow.

    prepare     all steps that need no lock, outside of any transaction
    accounts    the accounts that the workflow will touch, which the caller locks
    run         the workflow, inside the caller's transaction

Source: "Application integration services", figure 4B (data manager); spec: docs/design/road.md, "Locks".
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import cached_property

from adapters.asked_service import ServiceNotAsked
from adapters.database.messages.inbox import Ending, InboxRow
from hub.data_manager.open_hub import OpenHub, Transaction
from hub.data_manager.own_work import own_work
from hub.data_manager.rehearsal import asked_services, rehearse
from hub.deployment.route import Route
from hub.workflow_manager.answers import Answers
from hub.workflow_manager.origin import Origin
from hub.workflow_manager.outcome import Outcome
from hub.workflows.received.workflow_request import prove_licensed
from integration_objects.errors import HubError, Invalid, OperatorNeeded, Refused
from integration_objects.log import Log
from integration_objects.property_set import PropertySet
from integration_objects.secrets import mask
from maps.circumstances import Circumstances, LineOf, at
from schemas.check import LimitExceeded, OutOfMemory, parse
from schemas.hub_xml import hub_from_xml
from schemas.secret_values import secrets_in

log = Log()

#: characters of an unforeseen fault that an error shows
MOST_FAULT = 1_000


class SenderRefused(Refused):
    """The route doesn't take messages of this sender."""

    what = "the route {route.name} takes no messages of '{sender}'"
    why = "it takes those of {senders}"
    mend = "send as somebody whom the route takes, or add the sender to the route's senders"


class ContentTypeRefused(Invalid):
    """The route doesn't take messages of this content type."""

    what = "the route {route.name} takes no messages of content type '{content_type}'"
    why = "it takes {content_types}"
    mend = "send the body as one of these content types, or add this one to the route's `content types`"


class Unexpected(OperatorNeeded):
    """The hub failed on a message in a way that nobody foresaw: the message is parked for an operator."""

    what = "the hub failed on the message at the step '{step}'"
    why = "{fault}"
    mend = "this is a fault of the hub or of the deployment's code: mend it, then `orderhub messages replay`"


@dataclass
class MessageWork:
    """A message in work, and how far its work has come.

    Attributes:
        step: the step under way, for the dead letter.
        tree: the internal message, once it is mapped.
        fault: the error that the message must end with; None while all is well.
        answers: the answers of other systems from before the lock; None if none is asked.
        is_alone: whether the process has no other message in hand.
        arrived: the message as it arrived, where the route's reply reads it and it was understood.
        orders: the numbers of the orders that the run changed, each with its account.
    """

    open_hub: OpenHub
    row: InboxRow
    route: Route
    step: str = "receive"
    tree: PropertySet | None = None
    fault: HubError | None = None
    answers: Answers | None = None
    is_alone: bool = False
    arrived: PropertySet | None = None
    orders: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The message, as the `where` of its errors names it."""
        message = f"message {self.row.message_id or self.row.identity[:16]}"
        if self.route.batch is None:
            return message
        # Lines and records are counted in the order's own message.
        return f"order {self.row.identity.rpartition('-')[2]} of the file, {message}"

    @property
    def origin(self) -> Origin:
        """The message as the source of outbound message ids."""
        row, prices = self.row, self.route.prices
        # Answers to equal questions differ, and so must their ids: a receiver drops a message whose id it knows.
        identity = row.question_identity if self.is_question else row.identity
        ids = (row.id, row.message_id, row.correlation_id)
        return Origin(row.route, row.sender, identity, *ids, row.replays, prices, row.headers.get("traceparent"))

    @property
    def is_question(self) -> bool:
        """Whether the message only asks, and is known by its body alone: the next one like it is asked anew.

        A message that isn't understood, or names no workflow, is no question.
        """
        if self.tree is None or self.row.identity != self.row.digest:
            return False
        workflow = self.route.workflow
        if workflow.named is not None:
            try:
                workflow = workflow.named(self.open_hub.runtime.workflows, self.tree)
            except Refused:
                return False
        return workflow.asks_only

    def ending(self, state: str, error: HubError | None = None, why: str | None = None) -> Ending:
        """Describe the end of the message, with the map that it was read by."""
        data_map = self.route.map
        return Ending(
            self.row.id,
            state,
            error,
            map=None if data_map is None else data_map.name,
            map_version=None if data_map is None else data_map.version,
            why=why,
            identity=self.row.question_identity if self.is_question else None,
        )

    @cached_property
    def asks_outside(self) -> bool:
        """Whether the workflow may ask another system for this message; one that can't be read asks nobody."""
        runtime, route = self.open_hub.runtime, self.route
        services = asked_services(runtime, route.objects, route.prices)
        # A route of the hub's own XML takes many objects, and most of them ask nobody: the message tells.
        if services and route.external is None:
            with suppress(HubError):
                name = parse(self.row.body, route.limits).get("IntObjectName")
                return bool(asked_services(runtime, [name or ""], route.prices))
            return False
        return bool(services)

    @property
    def was_not_asked(self) -> bool:
        """Whether another system was spared the message's question, because it is away."""
        return isinstance(self.fault, ServiceNotAsked)

    def computing(self) -> AbstractContextManager[None]:
        """Note within the block that the process computes this message, if no other is in hand."""
        return self.open_hub.lone_work.computing(self.row.id) if self.is_alone else nullcontext()

    def prepare(self) -> None:
        """Check, convert and map the message, and ask other systems; keep an error as the message's fault.

        Nothing here takes a lock: a slow map or a slow system holds up no other worker.
        """
        try:
            with self.computing():
                self.tree = self._read()
                self.step = "ask other systems"
                self.answers = rehearse(
                    self.open_hub, self.route.workflow, self.tree, self.origin, waiting=self._waiting
                )
        except Exception as error:
            self.fault = self.fault_of(error)

    def read_again(self) -> None:
        """Read the message again, where its end depends on it: for a reply that reads it, and to know a question."""
        if self.route.reply.reads_message or self.row.identity == self.row.digest:
            with suppress(HubError):
                self.tree = self._read()

    def accounts(self, transaction: Transaction) -> set[str]:
        """Return the accounts that the workflow will touch; none for a message with a fault."""
        if self.fault is not None or self.tree is None:
            return set()
        self.step = "lock"
        with self.computing():
            if self.route.worked_by:
                return own_work(self.route.worked_by).lock(transaction, self)
            # This run reads only: the accounts that it finds are locked before the real run begins.
            return self.route.workflow.accounts(transaction.run(self.origin), self.tree)

    def run(self, transaction: Transaction, locked: set[str] | None) -> tuple[Outcome, bytes]:
        """Run the workflow in *transaction*; return its outcome and its recording.

        *locked* are the accounts that the message's group has locked; None: the run may lock any account.
        """
        workflow = self.route.workflow
        self.step = f"workflow {workflow.name}"
        run = transaction.run(self.origin, locked, self.answers)
        assert self.tree is not None  # noqa: S101  # a message without a tree has a fault
        if self.route.worked_by:
            return own_work(self.route.worked_by).run(transaction, self), run.finish()
        prove_licensed(run, workflow)
        outcome = workflow.function(run, self.tree)
        recording = run.finish()
        self.orders = run.effects.activities.orders
        return outcome, recording

    @cached_property
    def secrets(self) -> set[str]:
        """The values of the message that no error and no log may show."""
        return secrets_in(self.row.body, self.open_hub.secret_names, self.route.limits, self.route.external)

    def fault_of(self, error: Exception) -> HubError:
        """Return the hub's error for any *error*, with the message as its place."""
        if isinstance(error, HubError):
            return error.at(self.place)
        if isinstance(error, MemoryError):
            return OutOfMemory(where=self.place, why="the process may take no more memory")
        driver_fault = self.open_hub.database.fault_of(error)
        if driver_fault is not None:
            return driver_fault.at(self.place)
        # A plain traceback: a traceback with local variables would show customers' data, and takes long to draw.
        log.error(
            "unexpected fault",
            route=self.route.name,
            message=self.row.id,
            step=self.step,
            traceback=mask("".join(traceback.format_exception(error)), self.secrets),
        )
        fault = f"{type(error).__name__}: {error}"[:MOST_FAULT]
        return Unexpected(where=self.place, step=self.step, fault=fault)

    def _waiting(self) -> AbstractContextManager[None]:
        return self.open_hub.lone_work.waiting() if self.is_alone else nullcontext()

    def _read(self) -> PropertySet:
        """Check, convert and map the body; return the internal message."""
        return self.mapped(*self.converted())

    def converted(self) -> tuple[PropertySet, LineOf | None]:
        """Check and convert the body.

        Returns:
            The tree of the route's external object, or of the hub's own XML, and the finder of its fields' lines.

        Raises:
            Refused: the route doesn't take the message, or it isn't as it is described.
        """
        row, route = self.row, self.route
        self.step = "check"
        # Refused here and not when it is filed, so that the message has a row, a dead letter and a reply like any other
        # refusal.
        if not route.allows_sender(row.sender):
            raise SenderRefused(route=route, sender=row.sender, senders=", ".join(route.senders))
        if not route.allows_content_type(row.content_type):
            known = ", ".join(route.content_types)
            raise ContentTypeRefused(route=route, content_type=row.content_type, content_types=known)
        # Of a body over the limit, the inbox keeps the first 64 KiB only: the size tells.
        if row.size > len(row.body) or row.size > route.limits.body:
            raise LimitExceeded(
                "the message is too large",
                why=f"it has {row.size} bytes, and the route takes {route.limits.body}",
                mend="send it in parts, or raise the route's limit `body`",
            )
        if route.external is None:
            self.step = "convert"
            tree = hub_from_xml(row.body, self.open_hub.deployment.definitions, route.limits, watch=self._counter())
            line_of = None
        else:
            message = route.external.read(row.body, route.limits)
            tree, line_of = message.tree, message.line_of
        if route.reply.reads_message:
            self.arrived = tree
        return tree, line_of

    def mapped(self, tree: PropertySet, line_of: LineOf | None) -> PropertySet:
        """Map a converted message; one that has no map is the internal message already.

        Raises:
            Refused: the map can't fill a field.
        """
        if self.route.map is None or self.route.external is None:
            return tree
        self.step = "map"
        counter = self._counter()
        watch = None if counter is None else lambda rule, scope, node: counter(node)
        return self.route.map.apply(tree, watch, self.circumstances(line_of))

    def circumstances(self, line_of: LineOf | None) -> Circumstances:
        """Return the circumstances in which the message is mapped."""
        # The clock stands at the time of the receipt: a message that is worked again gives the same object.
        return at(self.row.received_at, line_of=line_of)

    def _counter(self) -> Callable[[PropertySet], None] | None:
        """Make the function that refuses a message of too many components while its tree is made."""
        counter = self.route.workflow.counter
        return None if counter is None else counter()
