"""A worker's loop ends in order, however its stop is said."""

from __future__ import annotations

import signal

from hub.data_manager.worker import Worker, stopped_by_signals
from tests.road import sample

#: so close that a stop comes while the one before it is being heard
_AGAIN_S = 0.000_05


def test_a_stop_is_heard_while_one_is_being_heard(road):
    """A supervisor says it again and again, and a second Ctrl-C comes while the first is at work."""
    worker = Worker(road.open_hub)
    heard = 0
    with stopped_by_signals(worker):
        stop = signal.getsignal(signal.SIGTERM)

        def hear(number, frame):
            nonlocal heard
            heard += 1
            stop(number, frame)

        before = signal.signal(signal.SIGALRM, hear)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_S, _AGAIN_S)
        try:
            while heard < 5_000:
                worker.run()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
    worker.close()


def test_a_stop_is_no_failure_though_messages_are_left(road):
    """A service manager takes an exit code that isn't 0 for a failure."""
    road.send(sample("order-1-new-service.xml"))
    worker = Worker(road.open_hub)
    worker.stop()
    assert worker.run()
    worker.close()
    with road.open_hub.read() as transaction:
        assert transaction.messages.counts().states["received"] == 1


def test_a_lack_of_memory_ends_no_worker(road, monkeypatch):
    """Wherever it comes: the worker goes on with one message at a time."""
    worker = Worker(road.open_hub)
    work, groups = worker.data_manager.work, []

    def fill_or_work(limit):
        groups.append(limit)
        if len(groups) == 1:
            raise MemoryError
        return work(limit)

    monkeypatch.setattr(worker.data_manager, "work", fill_or_work)
    assert worker.run(once=True)
    assert groups[:2] == [25, 1]
    worker.close()
