"""The loop of one process: take in, work, dispatch, again; back off when there is nothing, drain on a stop.

Spec: docs/design/road.md "The inbox is the one waiting room", "Command line, completed"; docs/design/guarantees.md G7.
"""

from __future__ import annotations

import queue
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from adapters.transport import TransportAway
from hub.data_manager.data_manager import DataManager
from hub.data_manager.dispatcher import Dispatcher
from hub.data_manager.door_intake import Intake
from hub.data_manager.doors import open_transports
from hub.data_manager.intake import declare_channels, intakes_of
from hub.data_manager.jobs.work import JobWork
from hub.data_manager.open_hub import OpenHub
from integration_objects.errors import Retryable
from integration_objects.log import Log
from schemas.check import OutOfMemory

log = Log()

#: seconds that `run --once` waits for a broker's last message
LAST_LOOK_S = 1.0
#: seconds between two looks for parked messages, whose condition may have come while they were being parked
WAKE_S = 60.0
#: the longest wait between two tries while the database doesn't answer, in seconds
LONGEST_BACKOFF_S = 30.0


class Worker:
    """One process's loop over all its work."""

    def __init__(self, open_hub: OpenHub) -> None:
        self._open_hub = open_hub
        self.data_manager = DataManager(open_hub)
        self._transports = open_transports(open_hub)
        self._intakes = intakes_of(self.data_manager, self._transports)
        self._dispatcher = Dispatcher(open_hub, self.data_manager, self._transports)
        self._jobs = JobWork(open_hub)
        self._has_broker = any(transport.is_broker for transport in self._transports.values())
        self._stopped = False
        # Woken by a signal's handler, which may run within itself and within a wait. A lock would deadlock there, a
        # SimpleQueue is made for it.
        self._stops: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._group = open_hub.deployment.settings.group
        self._away: set[Intake] = set()

    def stop(self) -> None:
        """End the loop after the step that is under way. Safe to call from a signal handler."""
        self._stopped = True
        self._stops.put(None)

    def close(self) -> None:
        """Give back the messages that were received and not worked, and close the transports."""
        with suppress(Retryable):  # the marks that stay count no death
            self.data_manager.put_back()
        for transport in self._transports.values():
            transport.close()

    def run(self, once: bool = False) -> bool:
        """Work until `stop`, or, with *once*, until only final and parked messages are left.

        Returns:
            Whether every message is in a final state, none that leaves is set aside, and no file is left alone; True
            after `stop`, which may leave messages behind.
        """
        poll_s = self._open_hub.deployment.settings.poll_s
        backoff, wait_s, wake_at, ready = poll_s, 0.0, self._open_hub.surroundings.monotonic() + WAKE_S, False
        while not self._stopped:
            try:
                # Within the loop: a broker or a database that is away at the start is waited for as at any other time.
                ready = ready or self._make_ready()
                if self._open_hub.surroundings.monotonic() >= wake_at:
                    self.data_manager.wake()
                    wake_at = self._open_hub.surroundings.monotonic() + WAKE_S
                step_start = self._open_hub.surroundings.monotonic()
                worked = self.step(wait_s)
                backoff, self._group = poll_s, self._open_hub.deployment.settings.group
            except (Retryable, MemoryError) as fault:
                error = fault if isinstance(fault, Retryable) else OutOfMemory(where="the worker's loop")
                log.warning("the world is at fault", again_in_s=backoff, **error.as_dict())
                self._group = 1  # one by one, the message that made a group fail is found, and the others go on
                self._wait(backoff)
                backoff = min(backoff * 2, LONGEST_BACKOFF_S)
                continue
            if worked:
                wait_s = 0.0
                continue
            # Only after a round that waited: a broker hands messages over a moment after its consumer has started.
            if once and wait_s and not self._is_left():
                break
            wait_s = max(poll_s, LAST_LOOK_S) if once and self._has_broker else poll_s
            waited = self._open_hub.surroundings.monotonic() - step_start
            if waited < poll_s:  # no intake waited: there is no broker, or its routes are paused
                self._wait(poll_s - waited)
        return self._stopped or self._all_final()

    def step(self, wait_s: float = 0.0) -> int:
        """Take in messages, work one group, dispatch; return how many messages were handled.

        Args:
            wait_s: seconds that a broker's intake may wait for a message.

        Raises:
            Retryable: the database failed. An intake that fails is passed over, so that the others go on.
        """
        handled = sum(self._take_in(intake, wait_s) for intake in self._intakes)
        handled += self.data_manager.work(self._group)
        handled += self._dispatcher.step()
        return handled + self._jobs.step(is_idle=not handled)

    def _wait(self, seconds: float) -> None:
        """Wait, but no longer than until `stop`."""
        with suppress(queue.Empty):
            self._stops.get(timeout=seconds)

    def _make_ready(self) -> bool:
        """Declare the channels, take up the messages that this process died on, retry the unsent ones."""
        declare_channels(self._open_hub, self._transports)
        with self._open_hub.write() as transaction:
            # This process holds its name, so that a former process of the name is dead: its leases need not run out.
            transaction.messages.control.end_former_leases(self._open_hub.holder)
            transaction.messages.outbox.try_now()
        self.data_manager.take_up()
        return True

    def _take_in(self, intake: Intake, wait_s: float) -> int:
        try:
            count = intake.take_in(self._group, wait_s)
        except TransportAway as error:
            # Logged once for each outage: an intake is asked again at every step.
            if intake not in self._away:
                log.warning("a transport doesn't answer", **error.as_dict())
                self._away.add(intake)
            return 0
        if intake in self._away:
            self._away.remove(intake)
            log.warning("a transport answers again")
        return count

    def _is_left(self) -> bool:
        """Whether work is still to come: rows whose turn or time comes, messages to dispatch, growing files, jobs."""
        if self._dispatcher.waits() or self._away or any(intake.is_left() for intake in self._intakes):
            return True
        if self._jobs.is_left():
            return True
        # A message that is planned for a later day is waited for by nobody, one that is tried again is.
        last_retry_s = max((max(route.retry_s, default=0) for route in self.data_manager.routes.values()), default=0)
        with self._open_hub.read() as transaction:
            due = transaction.messages.inbox.next_due(self.data_manager.waits_for_nobody(transaction))
        return due is not None and due <= self._open_hub.surroundings.later(2 * last_retry_s)

    def _all_final(self) -> bool:
        if any(intake.leaves_alone() for intake in self._intakes):
            return False
        with self._open_hub.read() as transaction:
            unfinished = transaction.messages.overview.unfinished(self._open_hub.surroundings.now())
            aside = transaction.messages.outbox.aside_counts()
        return not aside and not unfinished


@contextmanager
def stopped_by_signals(worker: Worker) -> Iterator[None]:
    """Let SIGTERM and SIGINT end the worker after the step that is under way."""

    def stop(number: int, frame: FrameType | None) -> None:
        worker.stop()

    handlers_before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in handlers_before.items():
            signal.signal(number, handler)
