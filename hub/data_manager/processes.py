"""The worker processes of a deployment: forked after everything is loaded and proven, and kept alive.

The database and the broker share out the messages. A process that dies is started again, and takes up the messages
that it was working.

Spec: docs/design/integration.md, "Transports" (scaling out);
docs/design/guarantees.md, "SQLite" (two processes at most);
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

from adapters.database.connection.dialect import dialect_of_url
from adapters.database.messages.store import load_parts
from adapters.files import hold_name, machine_name
from hub.data_manager.lone_work import LoneWork
from hub.data_manager.open_hub import OpenHub
from hub.data_manager.worker import Worker, stopped_by_signals
from hub.deployment.deployment import Deployment
from hub.deployment.worker_limit import TooManyWorkers, check_workers, most_workers
from integration_objects.errors import HubError, Misconfigured
from integration_objects.log import Log
from integration_objects.surroundings import Surroundings

log = Log()

#: the folder in the deployment's folder where living workers hold their names
LOCKS = ".orderhub"
#: the first wait before a process that died is started again, in seconds
FIRST_BACKOFF_S = 0.5
#: the longest wait before a process that died is started again, in seconds
LONGEST_BACKOFF_S = 30.0
#: the age, in seconds, from which a process that dies is started with the first wait again
WELL_AFTER_S = 60.0
#: seconds between two looks of a worker whether its supervisor still lives
PARENT_LOOK_S = 0.5

#: The exit codes of a worker process. 1 is not among them: Python gives it for an unforeseen error.
_ALL_FINAL, _SOME_LEFT, _CANNOT_WORK, _FAILED = 0, 3, 4, 5


class WorkersStopped(Misconfigured):
    """Worker processes ended for good, because the deployment or a service that it uses has to be mended."""

    what = "worker processes can't work"
    where = "orderhub run"
    why = "each said why in the log: worker can't work"
    mend = "mend that, then start again"


def work(deployment: Deployment, once: bool) -> bool:
    """Run one worker in this process until it ends; return whether every message is in a final state.

    Raises:
        TooManyWorkers: as many workers as the database can serve run already.
    """
    names = (worker_name(number) for number in range(1, most_workers(deployment) + 1))
    # The same names after each start: a process finds the work marks of the dead one whose name it takes.
    held = hold_name(deployment.folder / LOCKS, names)
    if held is None:
        raise TooManyWorkers("one more worker process is too many", deployment)
    name = held.name
    # A shared database may have workers on several machines, whose marks must not be mixed up.
    if dialect_of_url(deployment.settings.database_url).is_shared:
        name = f"{name}@{machine_name()}"
    load_parts()
    # The loaded objects live as long as the process: the collector need not look at them again.
    gc.collect()
    gc.freeze()
    # Opened after the fork: two processes on one connection of a database or broker would garble its protocol.
    open_hub = OpenHub(deployment, process=name, lone_work=LoneWork(held))
    open_hub.prepare_database()
    worker = Worker(open_hub)
    try:
        with stopped_by_signals(worker):
            return worker.run(once)
    finally:
        worker.close()
        open_hub.close()
        # Last: while this process may still work, nobody else may take its marks for those of a dead one.
        held.release()


def run_workers(deployment: Deployment, number: int, once: bool) -> bool:
    """Run *number* worker processes; once all have ended, return whether every message is in a final state."""
    check_workers(deployment, number)
    return _Supervisor(deployment, number, once).run()


def worker_name(number: int) -> str:
    """Name the *number*-th worker process, with the same name after each start."""
    return f"worker-{number}"


def _child(deployment: Deployment, once: bool, parent: int) -> None:
    # The supervisor repeats a stop: until the worker listens, the signal must not end the process halfway.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    try:
        raise SystemExit(_ALL_FINAL if work(deployment, once) else _SOME_LEFT)
    except HubError as error:
        log.error("worker can't work", **error.as_dict())
        # A worker that is ending may still hold the last name: that passes.
        lasting = isinstance(error, Misconfigured) and not isinstance(error, TooManyWorkers)
        raise SystemExit(_CANNOT_WORK if lasting else _FAILED) from error


def _end_with(parent: int) -> None:
    """End this worker in order once its supervisor was killed: nobody else would, and it would keep its name."""
    look = threading.Event()
    while True:
        if os.getppid() != parent:
            # At every look: until the worker listens, it ignores the signal.
            os.kill(os.getpid(), signal.SIGTERM)
        look.wait(PARENT_LOOK_S)


@dataclass
class _WorkerProcess:
    """One worker's process, None between the death of one and the start of the next."""

    process: BaseProcess | None = None
    started: float = 0.0
    start_at: float = 0.0
    backoff: float = FIRST_BACKOFF_S


class _Supervisor:
    """Starts the processes, restarts those that die, hands a stop on to all. It has one thread, because it forks."""

    def __init__(self, deployment: Deployment, number: int, once: bool) -> None:
        self._deployment = deployment
        self._once = once
        self._surroundings = Surroundings()
        # A forked process inherits the loaded and proven deployment; a spawned one would load it anew.
        self._fork = multiprocessing.get_context("fork")
        self._stopping = False
        self._cannot_work = False
        self._workers = {worker_name(place): _WorkerProcess() for place in range(1, number + 1)}

    def run(self) -> bool:
        handlers_before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        all_final = True
        try:
            while self._workers:
                self._hand_on_stop()
                self._start_due()
                running = [worker.process.sentinel for worker in self._workers.values() if worker.process is not None]
                # A sentinel wakes the supervisor when a process ends; the time limit serves stops and restarts that
                # become due.
                multiprocessing.connection.wait(running, timeout=0.2)
                for name, worker in list(self._workers.items()):
                    if worker.process is not None and not worker.process.is_alive():
                        all_final = self._ended(name, worker) and all_final
        finally:
            for number, handler in handlers_before.items():
                signal.signal(number, handler)
        if self._cannot_work:
            raise WorkersStopped
        return all_final

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # Nothing else: a worker that was forked just now may still run this handler.
        self._stopping = True

    def _hand_on_stop(self) -> None:
        """Tell every worker, each time: one that was starting may not have heard the signal."""
        for worker in self._workers.values():
            if self._stopping and worker.process is not None and worker.process.is_alive():
                worker.process.terminate()

    def _start_due(self) -> None:
        for name, worker in list(self._workers.items()):
            if worker.process is not None:
                continue
            if self._stopping:
                del self._workers[name]
            elif self._surroundings.monotonic() >= worker.start_at:
                worker.started = self._surroundings.monotonic()
                arguments = (self._deployment, self._once, os.getpid())
                worker.process = self._fork.Process(target=_child, args=arguments, name=name)
                worker.process.start()

    def _ended(self, name: str, worker: _WorkerProcess) -> bool:
        """Take note of a process that ended for good, or is to be restarted; return whether it left nothing open."""
        code = worker.process.exitcode if worker.process is not None else None
        worker.process = None
        if code in (_ALL_FINAL, _SOME_LEFT, _CANNOT_WORK) or self._stopping:
            del self._workers[name]
            self._cannot_work = self._cannot_work or code == _CANNOT_WORK
            return code == _ALL_FINAL
        if self._surroundings.monotonic() - worker.started > WELL_AFTER_S:
            worker.backoff = FIRST_BACKOFF_S
        log.error("worker died", worker=name, exit_code=code, again_in_s=worker.backoff)
        worker.start_at = self._surroundings.monotonic() + worker.backoff
        worker.backoff = min(worker.backoff * 2, LONGEST_BACKOFF_S)
        # Neither finished nor left: the restarted process will tell.
        return True
