"""Doors to data manager: take in, work, dispatch, again; back off when there is nothing, drain on a stop.

Spec: road.md "The inbox is the one waiting room", "Command line, completed"; guarantees.md G7.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import structlog

from adapters.folder import FolderTransport
from hub.data_manager import DataManager
from hub.desk import Desk
from hub.dispatcher import Dispatcher
from hub.route import Route
from integration_objects.errors import Retryable
from schemas.check import Limits

log = structlog.get_logger()

#: where a deployment's folders lie
FOLDERS = "folders"
#: files taken in by one look at a folder
BATCH = 50
#: seconds between two looks for parked messages whose condition may have come while they were being parked
WAKE_S = 60.0
#: the longest wait between two tries where the database doesn't answer, in seconds
LONGEST_BACKOFF_S = 30.0


class Worker:
    """One process's loop over everything that is to be done."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.data_manager = DataManager(desk)
        self._doors = {route: folder_door(desk, route.limits.body) for route in self._folder_routes()}
        self._dispatcher = Dispatcher(desk, self.data_manager, folder_door(desk))
        self._stop = threading.Event()

    def stop(self) -> None:
        """End the loop after the step that is under way. Safe to call from a signal handler."""
        self._stop.set()

    def run(self, once: bool = False) -> bool:
        """Work until somebody stops it, or, with *once*, until only final and parked messages are left.

        Returns:
            Whether every message is in a final state.
        """
        backoff = self._desk.deployment.settings.poll_s
        taken_up, wake_at = False, 0.0
        while not self._stop.is_set():
            try:
                if not taken_up:
                    self.data_manager.take_up()
                    taken_up = True
                worked = self.step()
                backoff = self._desk.deployment.settings.poll_s
            except Retryable as error:
                log.warning("the world is at fault", again_in_s=backoff, **error.as_dict())
                self._stop.wait(backoff)
                backoff = min(backoff * 2, LONGEST_BACKOFF_S)
                continue
            if worked:
                continue
            if once and not self._is_left():
                break
            if not once and self._desk.surroundings.monotonic() >= wake_at:
                self.data_manager.wake()
                wake_at = self._desk.surroundings.monotonic() + WAKE_S
            self._stop.wait(self._desk.deployment.settings.poll_s)
        return self._all_final()

    def step(self) -> int:
        """Take in what the folders hold, work one group, dispatch what waits; returns how much was done."""
        done = sum(self._take_in(route) for route in self._doors)
        done += self.data_manager.work(self._desk.deployment.settings.group)
        return done + self._dispatcher.step()

    def _folder_routes(self) -> Iterator[Route]:
        for route in self.data_manager.routes.values():
            if route.door == "folder":
                yield route

    def _take_in(self, route: Route) -> int:
        """File what a folder holds, then take it over: a death between the two makes a repeat, and no more."""
        deliveries = self._doors[route].receive(route.place, BATCH, 0)
        if deliveries:
            self.data_manager.file(route, deliveries)
            self._doors[route].acknowledge(deliveries)
        return len(deliveries)

    def _is_left(self) -> bool:
        """Whether something is still to come: rows whose turn or time comes, messages to dispatch, growing files."""
        if self._dispatcher.waits() or any(door.holds_files(route.place) for route, door in self._doors.items()):
            return True
        with self._desk.read() as transaction:
            running = [
                name
                for name, route in self.data_manager.routes.items()
                if not transaction.messages.control.is_paused(route.component)
            ]
            return transaction.messages.inbox.next_due(running) is not None

    def _all_final(self) -> bool:
        with self._desk.read() as transaction:
            states = transaction.messages.counts().states
        return not any(states[state] for state in ("received", "retrying", "parked"))


def folder_door(desk: Desk, most_bytes: int = Limits().body) -> FolderTransport:
    """The deployment's folders, in ``folders/`` beside its settings."""
    return FolderTransport(
        desk.deployment.folder / FOLDERS,
        desk.surroundings,
        settle_s=desk.deployment.settings.folder_settle_s,
        most_bytes=most_bytes,
    )


@contextmanager
def stopped_by_signals(worker: Worker) -> Iterator[None]:
    """SIGTERM and SIGINT end the worker after the step that is under way."""

    def stop(number: int, frame: FrameType | None) -> None:
        worker.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
