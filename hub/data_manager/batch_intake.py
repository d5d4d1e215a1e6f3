"""The intake of a route of batches: files are proven, cut into messages, and answered, a slice of time at each step.

    received   read once and proven; refused whole, or accepted
    filing     read again; its orders become messages
    working    answered as soon as all its messages are final

A batch is in the hands of one process at a time, by a lease. The checkpoint in the database fences it: a process whose
lease ran out writes nothing. The files of one route become messages in the order in which they came, so that the
messages of a key keep this order, too.

Spec: docs/design/legacy.md, "Batches"; docs/design/guarantees.md G1.
"""

from __future__ import annotations

import traceback
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import replace

from adapters.database.messages.batches import BatchRow
from adapters.transport import Transport
from hub.data_manager.batch_answer import answer_file
from hub.data_manager.batch_end import refuse_batch
from hub.data_manager.batch_filing import BatchTakenOver, FileOrders, accept, register
from hub.data_manager.batch_proof import prove_batch
from hub.data_manager.door_intake import Intake, LeftAlone
from hub.data_manager.message_work import MOST_FAULT
from hub.data_manager.open_hub import OpenHub
from hub.deployment.route import Route
from integration_objects.errors import HubError, OperatorNeeded, Refused, Retryable
from integration_objects.log import Log

log = Log()

#: seconds that the batches of a route may take at one step of the worker: its messages wait meanwhile
SLICE_S = 0.25
#: seconds that a process may be busy elsewhere before another one takes its batch over
LEASE_S = 60
#: seconds until a batch whose work failed is looked at again
AGAIN_S = 60.0


class BatchWorkFailed(OperatorNeeded):
    """The hub failed on a batch in a way that nobody foresaw."""

    what = "the hub failed on the batch"
    where = "batch {batch.id}, {batch.state}"
    why = "{fault}"
    mend = "this is a fault of the hub or of the deployment's code: mend it; the batch goes on by itself"


class BatchIntake(Intake):
    """One route of batches and its folder."""

    def __init__(self, transport: Transport, open_hub: OpenHub, route: Route) -> None:
        self._transport = transport
        self._open_hub = open_hub
        self._route = route
        self._left_alone = LeftAlone(transport, route)
        #: the work under way on each batch of this process
        self._jobs: dict[str, Iterator[int]] = {}
        #: the batches that another process has, or whose work failed: when they are looked at again
        self._again_at: dict[str, float] = {}
        self._failed: set[str] = set()
        #: how far each working batch is known to be final
        self._final_before: dict[str, int] = {}

    def take_in(self, limit: int, wait_s: float) -> int:
        """Register the files that are there, and work on the open batches for a slice of time; return the steps."""
        count = self._register()
        surroundings = self._open_hub.surroundings
        end = surroundings.monotonic() + SLICE_S
        is_held = False
        for batch in self._open():
            is_before_messages = batch.state in ("received", "filing")
            if is_held and is_before_messages:
                continue
            if self._again_at.get(batch.id, 0.0) <= surroundings.monotonic():
                count += self._advance(batch, end)
            # A batch whose file is gone doesn't hold up the others.
            is_held = is_held or (is_before_messages and batch.id not in self._failed)
            if surroundings.monotonic() >= end:
                break
        return count

    def is_left(self) -> bool:
        """Whether files wait, or batches that are worked on here."""
        if self._transport.is_left(self._route.place):
            return True
        return any(batch.id not in self._failed and self._is_due(batch) for batch in self._open())

    def leaves_alone(self) -> bool:
        """Whether files lie there that can't be taken, or the work on a batch failed."""
        return bool(self._failed or self._transport.left_alone(self._route.place))

    def _open(self) -> list[BatchRow]:
        with self._open_hub.read() as transaction:
            batches = transaction.messages.batches.open(self._route.name)
        return [batch for batch in batches if batch.state != "announced"]

    def _register(self) -> int:
        place = self._route.place
        deliveries = self._transport.receive(place, 1, 0)
        self._left_alone.tell()
        if deliveries:
            try:
                with self._open_hub.write() as transaction:
                    for delivery in deliveries:
                        register(transaction, self._route, delivery)
            except BaseException:
                # Not in the database: without this, the transport would think that they are in work for ever.
                self._transport.release([place])
                raise
            # Acknowledged after the commit, never before: the database must know the file for good (G1).
            self._transport.acknowledge(deliveries)
        return len(deliveries)

    def _is_due(self, batch: BatchRow) -> bool:
        """Whether something can be done for a batch now: not while its messages are under way, or wait for somebody."""
        if batch.state != "working":
            return True
        first = self._final_before.get(batch.id, 1)
        with self._open_hub.read() as transaction:
            batches = transaction.messages.batches
            if batch.repeats is not None:
                repeated = batches.row(batch.repeats)
                if repeated is None or repeated.state not in ("working", "done"):
                    return False
            unfinished = batches.first_unfinished(batch.answered, first)
            if unfinished is None and first > 1:
                # A refused message may have been put back since it was passed.
                unfinished = batches.first_unfinished(batch.answered)
        if unfinished is not None:
            self._final_before[batch.id] = unfinished
        return unfinished is None

    def _advance(self, batch: BatchRow, end: float) -> int:
        """Work on one batch until *end*, seconds of the monotonic clock; return the number of steps."""
        if not self._is_due(batch) or not self._has_lease(batch):
            return 0
        steps = 1
        job = self._jobs.setdefault(batch.id, self._job(batch))
        try:
            for _ in job:
                steps += 1
                if self._open_hub.surroundings.monotonic() >= end:
                    return steps
            self._failed.discard(batch.id)
            if batch.error is not None:
                with self._open_hub.write() as transaction:
                    transaction.messages.batches.note(batch.id, None)
            self._end(batch)
        except BatchTakenOver:
            self._end(batch)
        except Exception as error:
            self._end(batch)
            if self._open_hub.database.is_world_fault(error):
                raise
            self._note_failure(batch, error)
        return steps

    def _has_lease(self, batch: BatchRow) -> bool:
        with self._open_hub.write() as transaction:
            has = transaction.messages.control.acquire_lease(f"batch:{batch.id}", self._open_hub.holder, LEASE_S)
        if not has:
            self._again_at[batch.id] = self._open_hub.surroundings.monotonic() + 1.0
        return has

    def _end(self, batch: BatchRow) -> None:
        """Forget the work on a batch, and let other processes take it."""
        job = self._jobs.pop(batch.id, None)
        if isinstance(job, Generator):
            job.close()
        with suppress(Retryable), self._open_hub.write() as transaction:  # a lease that stays runs out
            transaction.messages.control.release_lease(f"batch:{batch.id}", self._open_hub.holder)

    def _note_failure(self, batch: BatchRow, error: Exception) -> None:
        """Note why the work on a batch failed; it is tried again after a while."""
        self._again_at[batch.id] = self._open_hub.surroundings.monotonic() + AGAIN_S
        self._failed.add(batch.id)
        if not isinstance(error, HubError):
            log.error("unexpected fault", batch=batch.id, traceback="".join(traceback.format_exception(error)))
            error = BatchWorkFailed(batch=batch, fault=f"{type(error).__name__}: {error}"[:MOST_FAULT])
        elif (batch.error or {}).get("reason") != error.reason:
            log.error("batch can't go on", route=self._route.name, batch=batch.id, **error.as_dict())
        with self._open_hub.write() as transaction:
            transaction.messages.batches.note(batch.id, error)

    # The work in each state

    def _job(self, batch: BatchRow) -> Iterator[int]:
        if batch.state == "received":
            yield from self._prove(batch)
        elif batch.state == "filing":
            with self._transport.taken(batch.source or "") as file:
                yield from FileOrders(self._open_hub, self._route, batch).run(file)
        else:
            yield from self._answer(batch)

    def _prove(self, batch: BatchRow) -> Iterator[int]:
        number = None
        try:
            with self._transport.taken(batch.source or "") as file:
                proven = yield from prove_batch(self._route, file, batch.size)
            number = proven.number
            with self._open_hub.write() as transaction:
                accept(transaction, self._route, batch, proven)
        except Refused as error:
            # The sender knows the file by its number, which the row doesn't have before the file is accepted.
            refuse_batch(self._open_hub, self._route, replace(batch, number=number), error)

    def _answer(self, batch: BatchRow) -> Iterator[int]:
        answer = answer_file(self._open_hub, self._route, batch)
        yield from self._transport.settle_with_file(batch.source or "", False, answer.parts, answer.content_type)
        with self._open_hub.write() as transaction:
            transaction.messages.batches.finish(batch.id)
        self._final_before.pop(batch.id, None)
