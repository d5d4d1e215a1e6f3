"""A worker's loop ends in order, however its stop is said."""

from __future__ import annotations

import signal

from hub.data_manager.worker import Worker, stopped_by_signals

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
