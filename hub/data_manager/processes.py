"""Several worker processes on one deployment: forked after everything is loaded and proven, and kept alive.

Messages are shared out by the database and the broker, not here; a process that dies is started again, and takes up
what it had in hand.

Spec: docs/design/integration.md, "Doors" (scaling out); docs/design/guarantees.md, "SQLite" (two processes at most);
docs/design/performance.md, rule 9.
"""

from __future__ import annotations

import gc
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from types import FrameType

import structlog

from adapters.database.connection.dialect import Dialect, dialect_of_url
from adapters.files import hold_name, machine_name, release_name
from hub.data_manager.open_hub import OpenHub
from hub.data_manager.worker import Worker, stopped_by_signals
from hub.deployment.deployment import Deployment
from integration_objects.errors import HubError, Misconfigured
from integration_objects.surroundings import Surroundings

log = structlog.get_logger()

#: where the names of living workers are held, in the deployment's folder
LOCKS = ".orderhub"
MOST_ON_SQLITE = 2
MOST = 64
#: the first wait before a process that died is started again, in seconds
FIRST_BACKOFF_S = 0.5
#: the longest wait before a process that died is started again, in seconds
LONGEST_BACKOFF_S = 30.0
#: a process that lived this long, in seconds, was well
WELL_AFTER_S = 60.0
#: how often a worker looks whether its supervisor is still there, in seconds
PARENT_LOOK_S = 0.5

#: What a worker process ends with. 1 is not among them: it is Python's own for whatever nobody foresaw.
_ALL_FINAL, _SOME_LEFT, _CANNOT_WORK, _FAILED = 0, 3, 4, 5


class TooManyWorkers(Misconfigured):
    """More worker processes than the database can serve."""


class WorkersStopped(Misconfigured):
    """Worker processes ended for good, because the deployment or what it uses has to be mended."""


def check_workers(deployment: Deployment, number: int) -> None:
    """Refuse a number of workers that the database can't serve.

    Raises:
        TooManyWorkers: SQLite takes one writer at a time; more than two processes only wait for each other.
    """
    if number > _most(deployment):
        raise _too_many(deployment, f"{number} worker processes are too many")


def _dialect(deployment: Deployment) -> Dialect:
    return dialect_of_url(deployment.settings.database_url)


def _most(deployment: Deployment) -> int:
    return MOST_ON_SQLITE if _dialect(deployment).writers_take_turns else MOST


def _too_many(deployment: Deployment, what: str) -> TooManyWorkers:
    sqlite = _dialect(deployment).writers_take_turns
    place = "SQLite, which takes one writer at a time" if sqlite else "one machine"
    return TooManyWorkers(
        what,
        where="orderhub run",
        why=f"at most {_most(deployment)} can work on {place}",
        mend="use PostgreSQL (setting database_url) for more" if sqlite else "start hubs on more machines",
    )


def work(deployment: Deployment, once: bool) -> bool:
    """Run one worker in this process until it ends; returns whether every message is in a final state.

    Raises:
        TooManyWorkers: as many workers as the database can serve run already.
    """
    held = hold_name(deployment.folder / LOCKS, (worker_name(one) for one in range(1, _most(deployment) + 1)))
    if held is None:
        raise _too_many(deployment, "one more worker process is too many")
    name = f"{held[0]}@{machine_name()}" if _dialect(deployment).is_shared else held[0]
    # What was loaded lives as long as the process: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    open_hub = OpenHub(deployment, process=name)
    open_hub.prepare_database()
    worker = Worker(open_hub)
    try:
        with stopped_by_signals(worker):
            return worker.run(once)
    finally:
        worker.close()
        open_hub.close()
        release_name(held[1])


def run_workers(deployment: Deployment, number: int, once: bool) -> bool:
    """Run *number* worker processes; returns, once all have ended, whether every message is in a final state."""
    check_workers(deployment, number)
    if number == 1:
        return work(deployment, once)
    return _Supervisor(deployment, number, once).run()


def worker_name(number: int) -> str:
    """The name of the *number*-th worker process, the same after each start."""
    return f"worker-{number}"


def _child(deployment: Deployment, once: bool, parent: int) -> None:
    # The supervisor says a stop again and again: until the worker listens, it is not to end the process halfway.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    try:
        raise SystemExit(_ALL_FINAL if work(deployment, once) else _SOME_LEFT)
    except HubError as error:
        log.error("worker can't work", **error.as_dict())
        # A name may still be held by a worker that is ending: that passes.
        lasting = isinstance(error, Misconfigured) and not isinstance(error, TooManyWorkers)
        raise SystemExit(_CANNOT_WORK if lasting else _FAILED) from error


def _end_with(parent: int) -> None:
    """End this worker in order once its supervisor was killed: nobody else would, and it holds its name."""
    look = threading.Event()
    while True:
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)
        look.wait(PARENT_LOOK_S)


class _Supervisor:
    """Starts the processes, starts those again that die, and hands a stop on to all. It has one thread: it forks."""

    def __init__(self, deployment: Deployment, number: int, once: bool) -> None:
        self._deployment = deployment
        self._once = once
        self._surroundings = Surroundings()
        self._fork = multiprocessing.get_context("fork")
        self._stopping = False
        self._cannot_work = False
        self._living = {worker_name(one): _Living() for one in range(1, number + 1)}

    def run(self) -> bool:
        before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        all_final = True
        try:
            while self._living:
                self._hand_on_stop()
                self._start_due()
                running = [one.process.sentinel for one in self._living.values() if one.process is not None]
                multiprocessing.connection.wait(running, timeout=0.2)
                for name, one in list(self._living.items()):
                    if one.process is not None and not one.process.is_alive():
                        all_final = self._ended(name, one) and all_final
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if self._cannot_work:
            raise WorkersStopped(
                "worker processes can't work",
                where="orderhub run",
                why="each said why in the log: worker can't work",
                mend="mend that, then start again",
            )
        return all_final

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True  # nothing else: it may be a worker that was forked just now

    def _hand_on_stop(self) -> None:
        """Tell every worker, each time: one that was starting may not have heard it."""
        for one in self._living.values():
            if self._stopping and one.process is not None and one.process.is_alive():
                one.process.terminate()

    def _start_due(self) -> None:
        for name, one in list(self._living.items()):
            if one.process is not None:
                continue
            if self._stopping:
                del self._living[name]
            elif self._surroundings.monotonic() >= one.start_at:
                one.started = self._surroundings.monotonic()
                one.process = self._fork.Process(
                    target=_child, args=(self._deployment, self._once, os.getpid()), name=name
                )
                one.process.start()

    def _ended(self, name: str, one: _Living) -> bool:
        """Take note of a process that ended: for good, or to be started again after a while."""
        code = one.process.exitcode if one.process is not None else None
        one.process = None
        if code in (_ALL_FINAL, _SOME_LEFT, _CANNOT_WORK) or self._stopping:
            del self._living[name]
            self._cannot_work = self._cannot_work or code == _CANNOT_WORK
            return code == _ALL_FINAL
        if self._surroundings.monotonic() - one.started > WELL_AFTER_S:
            one.backoff = FIRST_BACKOFF_S
        log.error("worker died", worker=name, exit_code=code, again_in_s=one.backoff)
        one.start_at = self._surroundings.monotonic() + one.backoff
        one.backoff = min(one.backoff * 2, LONGEST_BACKOFF_S)
        return True


@dataclass
class _Living:
    """One worker's process, None between two of them."""

    process: BaseProcess | None = None
    started: float = 0.0
    start_at: float = 0.0
    backoff: float = FIRST_BACKOFF_S
