"""The data manager: one process's way to file and work messages.

    file, take, move    deliveries become inbox rows, once
    work                the next inbox rows, in one transaction: each message is worked with everything that its
                        workflow writes, or not at all
    take_up, wake       rows that a death or a condition left behind

Source: "Application integration services", figure 4B (data manager); spec: docs/design/road.md, "What commits when";
docs/design/guarantees.md G1 to G6.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence

from adapters.database.connection.driver_faults import DatabaseBusy
from adapters.database.messages.filing import Filed
from adapters.database.messages.outbox import OutboxRow
from adapters.service_health import ServiceHealth
from adapters.transport import Delivery, admit
from hub.data_manager.asking import PATIENCE_S, Asking
from hub.data_manager.endings import Endings, give_up_message
from hub.data_manager.filing import arrivals_of, file_arrivals
from hub.data_manager.message_group import work_group, work_single
from hub.data_manager.message_work import MessageWork
from hub.data_manager.open_hub import OpenHub, Transaction
from hub.data_manager.rehearsal import asked_services
from hub.deployment.route import Route
from integration_objects.errors import HubError

#: bytes of the bodies that are worked in one transaction: the trees made of them take ten times as much memory
GROUP_BYTES = 4 * 1024 * 1024
#: bytes of a group after which its trees are freed at once
LARGE_BYTES = 1024 * 1024
#: questions without an answer after which `run --once` doesn't wait for a system
LASTING_FAILURES = 6


class DataManager:
    """Files and works messages. One for each process; safe to call from one thread at a time."""

    def __init__(self, open_hub: OpenHub) -> None:
        self.open_hub = open_hub
        self._turn = 0
        self._bytes_before = 0
        self._asking = Asking(open_hub.surroundings.monotonic)
        #: for each route, the `seq` of the last message that was passed over because it asks another system
        self._passed: dict[str, int] = {}

    @property
    def routes(self) -> Mapping[str, Route]:
        """The deployment's routes by name, with the route of the messages that the hub sends to itself."""
        return self.open_hub.deployment.worked_routes

    def file(self, route: Route, deliveries: Sequence[Delivery]) -> list[Filed]:
        """Make inbox rows of a route's deliveries, in one transaction; then they may be acknowledged."""
        return self.file_routed([(route, delivery) for delivery in deliveries])

    def file_routed(self, routed: Sequence[tuple[Route, Delivery]]) -> list[Filed]:
        """Make inbox rows of deliveries of several routes, in one transaction, as `file` does."""
        # Bodies are read before the transaction: on SQLite no other process can write while it is open.
        arrivals = arrivals_of(routed)
        with self.open_hub.write() as transaction:
            return file_arrivals(transaction, routed, arrivals)[0]

    def take(self, deliveries: Sequence[tuple[Route, Delivery]]) -> list[Filed]:
        """Make inbox rows of a broker's deliveries, and work the ones that need no turn, in one transaction.

        Other messages are only filed, and worked in their turn: the ones of a route with an order; the ones that may
        themselves ask another system, which is asked outside of the transaction; large ones; and redelivered ones. A
        redelivered message may have killed the process that was working it, and so is worked alone.

        When this returns, the deliveries may be acknowledged.

        Raises:
            Retryable: the database failed; nothing was written, nothing may be acknowledged.
        """
        # As in `file`: before the transaction.
        arrivals = arrivals_of(deliveries)
        with self.open_hub.write() as transaction:
            filed, messages = file_arrivals(transaction, deliveries, arrivals)
            group: list[MessageWork] = []
            redelivered: list[MessageWork] = []
            size = 0
            for work, delivery in messages:
                # An account is worked at once also on a route whose orders ask another system.
                if work.route.key is not None or work.asks_outside:
                    continue
                size += work.row.size
                if delivery.redelivered:
                    redelivered.append(work)
                elif size <= GROUP_BYTES:
                    group.append(work)
            transaction.messages.inbox.work_alone([work.row.id for work in redelivered])
            if group:
                self.open_hub.renew_secret_names(transaction)
            # Only the filing tells which deliveries are new. None of these asks another system: such messages wait for
            # their turn.
            for work in group:
                work.prepare()
            left_alone = work_group(transaction, group)
            # Marked in the transaction that files them: they survive a death before their own transaction.
            transaction.messages.work_marks.take(left_alone)
        # After the commit: `work_alone` opens a transaction of its own, and a write within a write would wait for
        # itself.
        for row_id in left_alone:
            self.work_alone(row_id)
        return filed

    def _services(self, route: Route) -> list[ServiceHealth]:
        """The other systems that the messages of a route may ask."""
        names = asked_services(self.open_hub.runtime, route.objects, route.prices)
        return [self.open_hub.deployment.health[name] for name in names]

    def move(self, channel: str, route: Route, limit: int) -> int:
        """Move messages from the outbox to the inbox of the route that reads an embedded channel; return how many."""
        with self.open_hub.read() as transaction:
            rows = transaction.messages.outbox.waiting(channel, limit)
        # As in `file`: before the transaction that writes.
        deliveries = [(route, _moved(row, channel)) for row in rows]
        arrivals = arrivals_of(deliveries)
        with self.open_hub.write() as transaction:
            # One dispatcher to a channel: two would file the same rows, and count them as repeats.
            if not transaction.messages.control.try_lock(f"dispatch:{channel}"):
                return 0
            # Another process may have moved some before this one had the lock.
            waiting = transaction.messages.outbox.still_waiting(channel, [row.id for row in rows])
            places = [place for place, row in enumerate(rows) if row.id in waiting]
            file_arrivals(transaction, [deliveries[place] for place in places], [arrivals[place] for place in places])
            # In the transaction that files them: after a death each message is in one of the two boxes, never in both
            # or none.
            transaction.messages.outbox.mark_sent(channel, waiting)
        return len(waiting)

    def try_write(self) -> None:
        """Prove that the database can be written.

        Raises:
            Retryable: it can't.
        """
        with self.open_hub.write() as transaction:
            # A row that every process has, written as it is: the commit is flushed like any other.
            transaction.messages.control.count_deliveries(next(iter(self.routes)), 0)

    def paused(self) -> set[str]:
        """The names of the routes that are paused or stopped."""
        with self.open_hub.read() as transaction:
            return set(self.routes) - set(self.running(transaction))

    def running(self, transaction: Transaction) -> list[str]:
        """The names of the routes that aren't paused."""
        control = transaction.messages.control
        return [name for name, route in self.routes.items() if not control.is_paused(route.component)]

    def waits_for_nobody(self, transaction: Transaction) -> list[str]:
        """The names of the running routes, without the ones whose systems haven't answered for a long time."""
        return [
            name
            for name in self.running(transaction)
            if not any(service.failures >= LASTING_FAILURES for service in self._services(self.routes[name]))
        ]

    def stop(self, route: Route, error: HubError) -> None:
        """Stop a route whose channel can't be used; somebody mends the channel, then resumes the route."""
        with self.open_hub.write() as transaction:
            Endings(transaction).stop_route(route, error)

    def work(self, limit: int) -> int:
        """Work the next messages, at most *limit*, in one transaction; return how many, 0 if none is due.

        Messages that are passed over, because their system is away or is being asked, count once.

        Two transactions look at the inbox. The first marks the messages as taken, and is committed, so that the next
        start of a process that died here knows them. The messages are prepared between the two. The second claims
        and works them.

        Messages that ask other systems are prepared in a thread. If that takes a while, they are worked by a later
        call, and the messages of other routes go on meanwhile.

        Raises:
            Retryable: the database failed; nothing was written, the messages stand where they stood.
        """
        if self._bytes_before > LARGE_BYTES:
            # An error and its frames refer to each other, and keep the message's trees. The collector counts objects,
            # and would let many such trees come together.
            gc.collect()
        worked = self._work_asked(0.0)
        group, passed = self._mark_next(limit)
        self._bytes_before = sum(work.row.size for work in group)
        # A message that a process died with is prepared here: its next death must be its own. In an outage that would
        # hold up all others at each try. A process that dies then knows of no outage at its next start, and finds it.
        asking = [
            work
            for work in group
            if work.asks_outside
            and (work.row.died_at is None or any(one.failures for one in self._services(work.route)))
        ]
        others = [work for work in group if work not in asking]
        if asking:
            for work in asking:
                work.is_alone = False
            self._asking.start(asking)
        for work in others:
            work.prepare()
        self._work_prepared(others)
        if asking:
            # Where the system is away or slow, each wait would hold up the other routes for nothing.
            is_slow = self._asking.was_slow or any(one.failures for one in self.open_hub.deployment.health.values())
            worked += self._work_asked(0.0 if is_slow else PATIENCE_S)
        return worked + len(others) + passed

    def put_back(self) -> None:
        """Leave the messages that are being asked for in their places, at the end of the process."""
        with self.open_hub.write() as transaction:
            transaction.messages.work_marks.put_down([work.row.id for work in self._asking.group])

    def _work_asked(self, patience_s: float) -> int:
        """Work the messages whose systems have answered; return how many."""
        finished = self._asking.finished(patience_s)
        if finished is None:
            return 0
        prepared, left = finished
        if left:
            with self.open_hub.write() as transaction:
                transaction.messages.work_marks.put_down([work.row.id for work in left])
        self._work_prepared(prepared)
        return len(prepared)

    def _work_prepared(self, group: Sequence[MessageWork]) -> None:
        if not group:
            return
        try:
            self._work_claimed({work.row.id: work for work in group})
        except DatabaseBusy as error:
            if len(group) > 1:
                raise  # the worker tries them one by one
            # A message that meets a lock or a deadlock even alone gets its retry row.
            (work,) = group
            with self.open_hub.write() as transaction:
                Endings(transaction).fail(work, error.at(work.place))
                transaction.messages.work_marks.put_down([work.row.id])

    def _may_work(self, transaction: Transaction) -> tuple[list[str], dict[str, int]]:
        """Name the routes whose messages may be worked now.

        Returns:
            The names; and those of them whose messages may be worked only if they ask nobody, each with the `seq`
            behind which such messages are looked for.
        """
        names, held = [], {}
        for name in self.running(transaction):
            services = self._services(self.routes[name])
            # One group is asked at a time. A system that is away is asked by nobody before its pause is over. Its
            # messages stand where they stood.
            if not services or not (self._asking.group or any(one.again_in_s for one in services)):
                names.append(name)
            # A route of the hub's own XML has no keys, so that a message may go before another.
            elif self.routes[name].external is None and len(self.routes[name].objects) > 1:
                names.append(name)
                held[name] = self._passed.get(name, 0)
        return names, held

    def _mark_next(self, limit: int) -> tuple[list[MessageWork], int]:
        """Mark the rows that are worked next, and commit the marks.

        Returns:
            The work on each, and how many rows were passed over for the first time, because they ask a system that
            can't be asked now.
        """
        # A reading transaction looks first: otherwise each look of an idle worker would take SQLite's write lock.
        with self.open_hub.read() as transaction:
            names, held = self._may_work(transaction)
            due = transaction.messages.inbox.next_due(names, held)
            if due is None or due > self.open_hub.surroundings.now():
                return [], 0
        with self.open_hub.write() as transaction:
            # Once for a group: products may have been loaded since.
            self.open_hub.renew_secret_names(transaction)
            rows = transaction.messages.inbox.claim(self._in_turn(names), limit, GROUP_BYTES, held)
            found = [MessageWork(self.open_hub, row, self.routes[row.route]) for row in rows]
            group = [work for work in found if not (work.route.name in held and work.asks_outside)]
            passed = self._pass_over(found, group)
            # Work a message alone if a process died with it in hand, so that a second death can only be its fault.
            group = [work for work in group if work.row.died_at is not None][:1] or group
            transaction.messages.work_marks.take([work.row.id for work in group])
        for work in group:
            work.is_alone = len(group) == 1 and not self._asking.group
        return group, passed

    def _pass_over(self, found: Sequence[MessageWork], group: Sequence[MessageWork]) -> int:
        """Note how far the lines of the routes begin with messages that can't be asked for now; return how many.

        Without the note, the same messages would be looked at each time, and hide the ones behind them. The note never
        passes a message of the group: one that is left or fails is found again. It needs no end, because a route that
        isn't held is looked at from its beginning.
        """
        kept, ended, passed = {work.row.id for work in group}, set(), 0
        for work in found:
            name = work.route.name
            if work.row.id in kept:
                ended.add(name)
            elif name not in ended:
                self._passed[name] = work.row.seq
                passed += 1
        return passed

    def _in_turn(self, routes: list[str]) -> list[str]:
        """Begin with another route each time, so that a steady flow on one route doesn't starve the others."""
        self._turn += 1
        start = self._turn % max(1, len(routes))
        return routes[start:] + routes[:start]

    def _work_claimed(self, group: Mapping[str, MessageWork]) -> None:
        with self.open_hub.write() as transaction:
            # Another process may have worked some meanwhile; the claim doesn't return those.
            claimed = transaction.messages.inbox.claim_again(list(group))
            left_alone = work_group(transaction, [group[row_id] for row_id in claimed])
            # The marks go with the commit of the work: a death before it counts, a death after it doesn't.
            transaction.messages.work_marks.put_down([row_id for row_id in group if row_id not in left_alone])
        for row_id in left_alone:
            self.work_alone(row_id)

    def work_alone(self, row_id: str) -> None:
        """Work one message in a transaction of its own, in which it may lock any account."""
        work = None
        with self.open_hub.read() as transaction:
            row = transaction.messages.inbox.row(row_id)
        if row is not None and not row.is_final and row.route in self.routes:
            work = MessageWork(self.open_hub, row, self.routes[row.route], is_alone=True)
            work.prepare()
        with self.open_hub.write() as transaction:
            # Read again: another process may have worked the message while this one prepared it.
            row = transaction.messages.inbox.row(row_id)
            if work is not None and row is not None and not row.is_final:
                # The attempts that count are those of now, not those from before the preparation.
                work.row = row
                work_single(transaction, work)
            # Also where nothing is left to work: a mark that stays counts as a death at the next start.
            transaction.messages.work_marks.put_down([row_id])

    def take_up(self) -> int:
        """Take up the messages that a process of this name had in hand when it died; return how many.

        They are worked in their turn, one at a time. The death counts for the one that was computed alone.
        """
        with self.open_hub.read() as transaction:
            marked = transaction.messages.work_marks.left()
        if marked:
            lone = self.open_hub.lone_work.left
            # Without a note, the only message in hand is taken for the cause: a folder that is thrown away with each
            # process must not let a message kill processes for ever.
            cause = marked[0] if lone is None and len(marked) == 1 else lone
            with self.open_hub.write() as transaction:
                # All or nothing: a death here must neither count twice nor be forgotten.
                transaction.messages.inbox.work_alone([row_id for row_id in marked if row_id != cause])
                row = transaction.messages.inbox.row(cause) if cause in marked else None
                if row is not None and not row.is_final:
                    if row.route in self.routes:
                        Endings(transaction).count_death(MessageWork(self.open_hub, row, self.routes[row.route]))
                    else:
                        transaction.messages.inbox.work_alone([row.id])
                transaction.messages.work_marks.put_down(marked)
        return len(marked)

    def wake(self) -> int:
        """Put parked messages back whose time to look again has come; return how many."""
        with self.open_hub.write() as transaction:
            return transaction.messages.inbox.wake()

    def give_up(self, row_id: str) -> bool:
        """Make a parked or retrying message dead, and tell its sender; False for a message in another state."""
        with self.open_hub.write() as transaction:
            return give_up_message(transaction, row_id)


def _moved(row: OutboxRow, channel: str) -> Delivery:
    """Make the delivery of a message that another part of the hub sent by an embedded channel."""
    # Checked as at every other transport: a row may come from a version that checked less.
    envelope, fault = admit(row.envelope)
    return Delivery(envelope, channel, "local", channel, fault=fault)
