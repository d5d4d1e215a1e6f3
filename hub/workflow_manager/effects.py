"""The effects of a run: objects, outbound messages, fallout entries, numbers and locks.

Effects            the contract, and no effect at all: a rehearsal is a run with these
DatabaseEffects    writes in the transaction of the message that is worked
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from adapters.database.messages.fallout import FalloutEntry
from adapters.database.messages.store import MessageStore
from adapters.database.objects.store import InstanceResult, ObjectStore
from adapters.transport import XML, Envelope
from hub.workflow_manager.order_activities import OrderActivities
from hub.workflow_manager.order_events import fallout, lines_taken_off
from hub.workflow_manager.origin import DUE_LINES, Origin, outbound_id, trace_context
from hub.workflow_manager.runtime import Runtime
from integration_objects.complex_object import instances, items_of, message, object_name
from integration_objects.errors import HubError, OperatorNeeded, Refused
from integration_objects.log import Log
from integration_objects.names import ASSET, KEY, ORDER, ORDER_ACTIVITY
from integration_objects.property_set import PropertySet
from integration_objects.secrets import SecretNames, without_secrets
from maps.circumstances import Circumstances

if TYPE_CHECKING:
    from adapters.database.messages.outbox import OutboxMessage
    from adapters.system import System
    from adapters.virtual_components.keeper import ProfileChange

log = Log()

#: the sender of the messages that the hub sends to itself
ITSELF = "hub"

#: the header of an outbound message that names the system
SYSTEM_HEADER = "x-orderhub-system"


class NobodyTakes(OperatorNeeded):
    """An object has to leave, and no declared system takes it."""

    what = "no system takes '{name}' for the fulfilment system '{for_system}'"
    why = "systems that take it: {takers}{shipped}"
    mend = (
        "list a shipped one in the setting `systems`, declare a system that takes it in adapters/systems/, "
        "or mend the product's Fulfilment System"
    )


class OutboundFailed(OperatorNeeded):
    """A message to a system can't be made: its map, schema or template doesn't fit the object."""

    what = "the message to {system.name} can't be made: {fault.what}"
    why = "{fault.why}"

    def __init__(self, system: System, fault: Refused) -> None:
        mend = fault.mend or "mend the system's map, schema or template"
        mend = f"{mend}; then `orderhub messages resend`"
        super().__init__(where=fault.where or system.where, mend=mend, system=system, fault=fault)


class CannotLeave(Refused):
    """An order has a value that one of the systems which must hear of it can't take."""

    what = "the order can't be taken: {system.name} can't be sent {name}"
    where = "{fault.where}"
    why = "{fault.what}: {fault.why}"
    mend = "send values that {system.name} can take; or mend its map, schema or template, and replay the message"


class TouchesAnotherAccount(HubError):
    """The run must touch an account that its group hasn't locked: the message is run again, alone."""

    what = "the run touches accounts that its group hasn't locked: {accounts}"
    mend = "nothing; the message is run again by itself"

    def __init__(self, account_ids: Iterable[str]) -> None:
        self.account_ids = frozenset(account_ids)
        super().__init__(accounts=", ".join(sorted(self.account_ids)))


@dataclass(frozen=True)
class RaisedEntry:
    """A fallout entry that a run has raised."""

    row_id: str
    cause: str
    order_number: str | None


@dataclass
class Effects:
    """The writes of a run in the transaction of its message.

    Attributes:
        locked: the accounts that the run's group has locked; None: the run is alone, and may lock any.
        emitted: the number of messages that the run has put out; a part of their ids.
        waiting: surrounds the wait for a lock; a death within is none of the message's doing.
        clock: the run's clock, for `now()` in maps; the run sets it.
        secret_names: gives the names whose values no error shows; the run sets it.
    """

    runtime: Runtime
    store: ObjectStore
    messages: MessageStore
    origin: Origin
    locked: set[str] | None = None
    emitted: int = 0
    waiting: Callable[[], AbstractContextManager[None]] = nullcontext
    clock: Callable[[], str] | None = None
    secret_names: Callable[[], SecretNames] = SecretNames
    _raised: list[RaisedEntry] = field(default_factory=list)

    def next_number(self, sequence: str) -> int:
        """Return the next number of a sequence ("Order Number"); several processes leave gaps."""
        give = self.runtime.next_number or self.messages.control.next_number
        return give(sequence)

    def insert(self, tree: PropertySet, *, fresh: bool = False) -> list[InstanceResult]:
        """Insert every instance of the message; *fresh*: the caller knows that none of its keys is taken."""
        return self._write(tree, lambda: self.store.insert(tree, fresh=fresh))

    def update(self, tree: PropertySet) -> list[InstanceResult]:
        """Update every instance of the message; fields and components that the message doesn't carry stay."""
        return self._write(tree, lambda: self.store.update(tree))

    def upsert(self, tree: PropertySet) -> list[InstanceResult]:
        """Insert or update every instance of the message; deletes nothing."""
        return self._write(tree, lambda: self.store.upsert(tree))

    def synchronize(self, tree: PropertySet) -> list[InstanceResult]:
        """Make the stored instances equal to the message's; delete children that the message doesn't list."""
        return self._write(tree, lambda: self._with_lines_taken_off(tree, self.store.synchronize))

    def delete(self, tree: PropertySet) -> list[InstanceResult]:
        """Delete every instance of the message with all components beneath it."""
        return self._write(tree, lambda: self.store.delete(tree))

    def execute(self, tree: PropertySet) -> list[InstanceResult]:
        """Do the Operation of each component, a property of it; without one, the Operation of the one above it."""
        return self._write(tree, lambda: self._with_lines_taken_off(tree, self.store.execute))

    def _write(self, tree: PropertySet, write: Callable[[], list[InstanceResult]]) -> list[InstanceResult]:
        """Write objects, and collect the events of orders; send the changes of a service profile to its keeper.

        The messages to the system that keeps the profile are put out in this transaction.
        """
        keeper = self.runtime.profile_keeper
        if keeper is None or object_name(tree) != ASSET:
            results = write()
            self.activities.stored(results)
            return results
        example = {"Account Id": [instance.get("Account Id") or "" for instance in instances(tree)]}
        before = self.store.query(ASSET, example)
        results = write()
        for change in keeper.changes(before, self.store.query(ASSET, example)):
            self.emitted += 1
            message_id = outbound_id(self.origin, keeper.kept.name, self.emitted)
            self.messages.pending_writes.emit(self._change_of_profile(change, message_id))
        return results

    def _change_of_profile(self, change: ProfileChange, message_id: str) -> OutboxMessage:
        from adapters.database.messages.outbox import OutboxMessage

        return OutboxMessage(
            message_id=message_id,
            inbox_id=self.origin.inbox_id,
            route=self.origin.route,
            destination=change.destination,
            kind="outbound",
            type=change.type,
            correlation_id=self.origin.correlation_id or self.origin.message_id,
            headers={**change.headers, **trace_context(self.origin, message_id)},
            body=change.body,
        )

    def _with_lines_taken_off(
        self, tree: PropertySet, operation: Callable[[PropertySet], list[InstanceResult]]
    ) -> list[InstanceResult]:
        """Do an operation that may delete lines of orders, and collect the events of these lines, too."""
        if object_name(tree) != ORDER:
            return operation(tree)
        # Read before and after: the store's changes don't have deleted rows. Only people who edit an order come here.
        rows = {"Row Id": [row_id for order in instances(tree) if (row_id := order.get("Row Id")) is not None]}
        before = instances(self.store.query(ORDER, rows))
        results = operation(tree)
        left = {item.get(KEY) for order in instances(self.store.query(ORDER, rows)) for item in items_of(order)}
        for order in before:
            self.activities.add(lines_taken_off(order, [item for item in items_of(order) if item.get(KEY) not in left]))
        return results

    @cached_property
    def activities(self) -> OrderActivities:
        """The events of orders that the run has brought about, and that aren't stored yet."""
        assert self.clock is not None  # noqa: S101  # the run has set it
        return OrderActivities(
            self.origin.actor(self.runtime.user), self.origin.inbox_id, self.runtime.definitions, self.clock
        )

    def store_activities(self) -> None:
        """Store the events of orders that the run has brought about, as one block."""
        activities = self.activities.take()
        if activities:
            self.store.insert(message(ORDER_ACTIVITY, activities))

    def lock_accounts(self, account_ids: Iterable[str]) -> None:
        """Lock accounts for the rest of the transaction.

        Raises:
            TouchesAnotherAccount: the run's group didn't lock one of them; the data manager runs the message alone.
        """
        wanted = set(account_ids)
        # Sorted, as groups lock theirs: transactions that lock in one order can't deadlock. A run in a group must not
        # lock more, because its group holds locks that may come later in that order.
        if self.locked is None:
            with self.waiting():
                self.store.lock_accounts(sorted(wanted))
        elif not wanted <= self.locked:
            raise TouchesAnotherAccount(wanted - self.locked)

    def lock_names(self, names: Iterable[str]) -> None:
        """Lock names, such as the numbers that an order takes, for the rest of the transaction."""
        with self.waiting():
            self.store.lock_names(names)

    def keep_integration_ids(self, system: str, account_id: str, pairs: Mapping[str, str]) -> None:
        """Record the Integration Ids of a sender's references; replaces older pairs."""
        self.messages.keys.keep(system, account_id, pairs)

    def set_active_quote(self, session: str, quote_id: str) -> None:
        """Make a quote the session's active one."""
        self.messages.sessions.set_active_quote(session, quote_id)

    def emit(self, name: str, tree: PropertySet, for_system: str | None = None, *, must_leave: bool = False) -> int:
        """Put an object into the outbox, once for each system that takes it, in that system's format.

        A message that can't be made is set aside in the outbox, with an alarm: the others leave.

        Args:
            name: the integration object's name.
            for_system: the Fulfilment System that is to have it; None: every system that takes the object.
            must_leave: whether an order is being accepted, which is refused if a system can't be told of it.

        Returns:
            The number of messages.

        Raises:
            CannotLeave: *must_leave*, and a system's message can't be made.
            NobodyTakes: *for_system* is given, and no declared system takes the object for it.
        """
        wanted = self._takers(name, for_system)
        for system in wanted:
            # Counted over all systems of the run, so that two messages to one system differ, and a run that is
            # repeated after a death gives each message the same id: the receivers know repeats by it.
            self.emitted += 1
            self.messages.pending_writes.emit(self._outbound(system, name, tree, must_leave))
        if wanted:
            self.activities.sent(name, tree, ", ".join(system.name for system in wanted))
        return len(wanted)

    def _takers(self, name: str, for_system: str | None) -> list[System]:
        """Return the systems that take an object; with *for_system*, those that take it for that one.

        Raises:
            NobodyTakes: *for_system* is given, and no declared system takes the object for it.
        """
        takers = [system for system in self.runtime.systems if system.takes == name]
        wanted = [system for system in takers if for_system is None or system.for_system == for_system]
        if for_system is not None and not wanted:
            known = ", ".join(sorted(system.for_system for system in takers)) or "none"
            off = self.runtime.shipped_takers(name, for_system)
            shipped = f"; shipped, and not listed in the setting `systems`: {', '.join(off)}" if off else ""
            raise NobodyTakes(name=name, for_system=for_system, takers=known, shipped=shipped)
        return wanted

    def _outbound(self, system: System, name: str, tree: PropertySet, must_leave: bool) -> OutboxMessage:
        """Make the message to a system; set it aside, as the object that it is to be made of, if it can't be made."""
        # Imported here, as in `plan`: many runs of commands send nothing, and write no XML.
        from adapters.database.messages.outbox import OutboxMessage

        fault, content_type = None, system.content_type
        try:
            body = system.render(tree, self.runtime.maps, self.runtime.external_objects, Circumstances(self.clock))
        except Refused as error:
            if must_leave:
                raise CannotLeave(system=system, name=name, fault=error) from error
            from schemas.hub_xml import hub_to_xml
            from schemas.limits import DEFAULT_LIMITS
            from schemas.secret_values import secrets_in

            # One system can't take a value: the order, its profile and the other systems don't wait for that one.
            body, content_type = hub_to_xml(tree, self.runtime.definitions), XML
            fault = OutboundFailed(system, error)
            without_secrets(fault, secrets_in(body, self.secret_names(), DEFAULT_LIMITS))
            log.error(
                "message set aside", destination=system.destination, inbox=self.origin.inbox_id, **fault.as_dict()
            )
        message_id = outbound_id(self.origin, system.name, self.emitted)
        return OutboxMessage(
            message_id=message_id,
            inbox_id=self.origin.inbox_id,
            route=self.origin.route,
            destination=system.destination,
            kind="outbound",
            type=system.type,
            correlation_id=self.origin.correlation_id or self.origin.message_id,
            content_type=content_type,
            headers={SYSTEM_HEADER: system.name, **trace_context(self.origin, message_id)},
            body=body,
            object=None if fault is None else name,
            fault=None if fault is None else fault.as_dict(),
        )

    def prove(self, name: str, tree: PropertySet, for_system: str | None = None) -> None:
        """Make the messages that `emit` would put out, and put out none.

        Before an order is accepted, so that its sender hears of a value that a system can't take. Later nobody could
        be told: the order would be provisioned, and its bill would not leave.

        Args:
            name: the integration object's name.
            tree: the message, as far as it is known.
            for_system: as for `emit`.

        Raises:
            CannotLeave: a system's message can't be made of it.
            NobodyTakes: as for `emit`.
        """
        for system in self._takers(name, for_system):
            try:
                system.render(tree, self.runtime.maps, self.runtime.external_objects, Circumstances(self.clock))
            except Refused as fault:
                raise CannotLeave(system=system, name=name, fault=fault) from fault

    def plan(self, identity: str, tree: PropertySet, due_at: str) -> None:
        """Send the hub a request that is due later; the same request again is a repeat.

        Args:
            identity: the message's id and identity.
            tree: an OM Workflow Request message.
            due_at: when it is to be worked, ISO in UTC with microseconds.
        """
        from adapters.database.messages.filing import Arrival
        from schemas.hub_xml import hub_to_xml

        body = hub_to_xml(tree, self.runtime.definitions)
        envelope = Envelope(identity, body, content_type=XML)
        self.messages.pending_writes.plan(Arrival(DUE_LINES, ITSELF, identity, envelope, ITSELF, due_at=due_at))

    def release(self, condition: str) -> None:
        """Release the parked messages that wait for *condition*; this transaction fulfils it."""
        self.messages.pending_writes.release(condition)

    def raise_fallout(self, order: PropertySet, cause: str, reason: str, lines: Sequence[str]) -> None:
        """Raise a fallout entry for an order that a person must look at."""
        row_id = self.messages.fallout.insert(
            FalloutEntry(
                cause=cause,
                reason=reason,
                account_id=order.get("Account Id"),
                order_id=order.get("Row Id"),
                order_number=order.get("Order Number"),
                inbox_id=self.origin.inbox_id,
                lines=tuple(lines),
            )
        )
        self._raised.append(RaisedEntry(row_id, cause, order.get("Order Number")))
        self.activities.add([fallout("Fallout", order.properties, f"{cause}: {reason}", lines)])

    def raised_fallout(self) -> Sequence[RaisedEntry]:
        """Return the fallout entries that the run has raised so far."""
        return self._raised

    def resolve_fallout(self, row_id: str, how: str) -> bool:
        """Note that a fallout entry is resolved, and how; False if it isn't open."""
        is_resolved = self.messages.fallout.resolve(row_id, how)
        entry = self.messages.fallout.entry(row_id) if is_resolved else None
        if entry is not None:
            order = {"Order Number": entry["order_number"], "Account Id": entry["account_id"]}
            self.activities.add([fallout("Fallout Resolved", order, f"{entry['cause']}: {how}", entry["lines"])])
        return is_resolved


class NoEffects(Effects):
    """No effects. Each method does nothing, a method that is added to `Effects` later included."""

    def __init__(self) -> None:
        """Grant nothing: neither a store nor a message store."""

    def __getattribute__(self, name: str) -> Any:
        # Workflows go on with these results, so that a rehearsal reaches each question that the run will ask.
        result: Any = {"next_number": 0, "emit": 1, "resolve_fallout": True}.get(name)
        return lambda *arguments, **named: [] if result is None else result
