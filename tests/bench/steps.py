"""Where the hub's time goes, step by step: one worker in this process, its parts wrapped by a stop watch.

A run of its own, because the watch disturbs what it measures. Each moment counts for the innermost step; a step that is
closed counts whole, whatever it calls (the map that renders a work order is rendering).

    python -m tests.bench.steps FOLDER ROUTE FIRST NUMBER DATABASE-URL [BROKER-URL]

Started by `road`, which sends the orders when this one says that it is ready; prints JSON: milliseconds an order, by
step, of this process's main thread and of the clock.
"""

from __future__ import annotations

import functools
import gc
import json
import pathlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy.engine
import structlog

from adapters.database.messages.control import Control, WorkMarks
from adapters.database.messages.inbox import Inbox
from adapters.database.messages.outbox import Outbox
from adapters.database.messages.pending_writes import PendingWrites
from adapters.database.messages.records import IntegrationKeys
from adapters.database.messages.store import MessageStore
from adapters.database.objects.store import ObjectStore
from adapters.rabbitmq import RabbitMQ
from adapters.system import System
from hub.data_manager import endings, filing
from hub.data_manager.dispatcher import Dispatcher
from hub.data_manager.open_hub import OpenHub
from hub.data_manager.worker import Worker
from hub.workflow_manager.run import Run
from hub.workflow_manager.workflow import Workflow
from maps.data_map import DataMap
from schemas import external_object
from schemas.check import Schema
from tests.bench.bench_hub import Sender, deployment_in

#: what each step is, in the order in which the table shows them
STEPS = {
    "door": "receive from the broker, acknowledge",
    "key": "identity and key of an arrival (parse and convert where the route has one)",
    "check": "parse, validate after the schema",
    "convert": "to the tree of the external object",
    "map": "to the internal object",
    "work": "the workflow, without what it reads and writes",
    "read": "accounts, products, open orders, integration ids, locks",
    "store": "order, work order, integration ids",
    "render": "work order and reply, mapped, written, proven",
    "pending_writes": "inbox, outbox, marks, recording",
    "dispatch": "outbox to the broker, marked",
    "commit": "commits and savepoints",
    "loop": "all else",
}
#: what the broker's thread of this process works, which belongs to no step
LINK, LINK_HELP = "broker's link", "the threads that speak with the broker"
#: seconds that the door is waited at for the next order
_WAIT_S = 0.05
_CLOSED = frozenset({"door", "key", "render", "dispatch"})
#: (owner, function, step)
WRAPPED: tuple[tuple[Any, str, str], ...] = (
    (RabbitMQ, "receive_any", "door"),
    (RabbitMQ, "acknowledge", "door"),
    (filing, "arrival_of", "key"),
    (external_object, "parse", "check"),
    (Schema, "validate", "check"),
    (external_object, "external_from_xml", "convert"),
    (DataMap, "apply", "map"),
    *((ObjectStore, name, "read") for name in ("query", "keys", "holders_of", "owner_of", "lock_accounts")),
    (IntegrationKeys, "find", "read"),
    *((ObjectStore, name, "store") for name in ("insert", "update", "upsert", "synchronize")),
    (IntegrationKeys, "keep", "store"),
    (System, "render", "render"),
    (endings, "reply_body", "render"),
    *((MessageStore, name, "pending_writes") for name in ("file_all",)),
    *((Inbox, name, "pending_writes") for name in ("claim", "next_due", "release")),
    *((PendingWrites, name, "pending_writes") for name in ("finish", "answer", "emit", "release", "write")),
    *((WorkMarks, name, "pending_writes") for name in ("take", "put_down")),
    (Outbox, "emit_all", "pending_writes"),
    *((Control, name, "pending_writes") for name in ("is_paused", "next_number")),
    (Run, "recording", "pending_writes"),
    (Dispatcher, "step", "dispatch"),
    (sqlalchemy.engine.RootTransaction, "commit", "commit"),
    (sqlalchemy.engine.NestedTransaction, "commit", "commit"),
)


class StopWatch:
    """Milliseconds of the main thread and of the clock, by step."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin again, in the loop."""
        self.worked = dict.fromkeys(STEPS, 0.0)
        self.passed = dict.fromkeys(STEPS, 0.0)
        self.counted = 0
        self._steps = ["loop"]
        self._since = (time.thread_time(), time.perf_counter())

    @contextmanager
    def within(self, step: str) -> Iterator[None]:
        """Count what happens here for *step*."""
        if self._steps[-1] in _CLOSED:
            yield
            return
        self._book()
        self._steps.append(step)
        try:
            yield
        finally:
            self._book()
            self._steps.pop()

    def stop(self) -> None:
        """Count what has passed."""
        self._book()

    def count(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """*function*, whose calls are counted."""

        @functools.wraps(function)
        def counted(*arguments: Any, **named: Any) -> Any:
            self.counted += 1
            return function(*arguments, **named)

        return counted

    def wrap(self, function: Callable[..., Any], step: str) -> Callable[..., Any]:
        """*function*, counted for *step*."""

        @functools.wraps(function)
        def watched(*arguments: Any, **named: Any) -> Any:
            with self.within(step):
                return function(*arguments, **named)

        return watched

    def _book(self) -> None:
        worked, passed = time.thread_time(), time.perf_counter()
        self.worked[self._steps[-1]] += (worked - self._since[0]) * 1000
        self.passed[self._steps[-1]] += (passed - self._since[1]) * 1000
        self._since = (worked, passed)


def main() -> None:
    """Warm up, say so, work as many orders as were promised, print what they took."""
    folder, route, first, number, database_url, *broker = sys.argv[1:]
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    watch = StopWatch()
    for owner, name, step in WRAPPED:
        setattr(owner, name, watch.wrap(getattr(owner, name), step))
    PendingWrites.finish = watch.count(PendingWrites.finish)  # type: ignore[method-assign]
    deployment = deployment_in(pathlib.Path(folder), database_url, broker[0] if broker else None)
    for name, workflow in deployment.workflows.items():
        assert isinstance(workflow, Workflow), name
        # a frozen dataclass, shared by all routes that run it
        object.__setattr__(workflow, "function", watch.wrap(workflow.function, "work"))
        object.__setattr__(workflow, "accounts", watch.wrap(workflow.accounts, "work"))
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    open_hub = OpenHub(deployment, process="worker-1")
    open_hub.prepare_database()
    worker = Worker(open_hub)
    sender = None if broker else Sender(pathlib.Path(folder), database_url)
    worker.run(once=True)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    threads = time.process_time() - time.thread_time()
    watch.reset()
    if sender is not None:
        sender.send(route, range(int(first), int(first) + int(number)))
    while watch.counted < int(number):
        worker.step(_WAIT_S)
    while worker.step():
        pass
    watch.stop()
    others = time.process_time() - time.thread_time() - threads
    found = {
        step: {"cpu": watch.worked[step] / int(number), "clock": watch.passed[step] / int(number)} for step in STEPS
    }
    found[LINK] = {"cpu": others * 1000 / int(number), "clock": 0.0}
    sys.stdout.write(json.dumps(found) + "\n")
    worker.close()
    open_hub.close()


if __name__ == "__main__":
    main()
