"""The health of a service as one process knows it: a service that doesn't answer isn't asked by each message in turn.

    fails, then      nobody asks for 1, 2, 4 ... 30 s; then one question is let through, the probe
    answers          everybody may ask

A service that hangs takes the whole time limit of each question. Without a pause, twenty-five messages would wait
twenty-five times.

Spec: docs/design/guarantees.md, G7 (every wait has a limit); docs/design/road.md, "Locks".
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from integration_objects.surroundings import Surroundings

#: The pause doubles from the first to the longest: a short fault delays little, a long one is asked about seldom.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0


class ServiceHealth:
    """Decides whether one service may be asked now. Any thread may ask.

    Attributes:
        failures: the questions without an answer since the last answer.
    """

    def __init__(self, monotonic: Callable[[], float] | None = None) -> None:
        self._monotonic = monotonic or Surroundings().monotonic
        self._lock = threading.Lock()
        self._ask_at = 0.0
        self.failures = 0

    @property
    def again_in_s(self) -> float:
        """The seconds until the service may be asked again; 0 for now."""
        return max(0.0, self._ask_at - self._monotonic()) if self.failures else 0.0

    def may_ask(self, longest_s: float) -> bool:
        """Tell whether the caller may ask; in an outage one caller gets True after each pause.

        Args:
            longest_s: the longest time that the question takes; until then nobody else asks.
        """
        with self._lock:
            if self.again_in_s > 0:
                return False
            # The probe holds the others back for the time of one question, even where its caller dies without an
            # answer.
            self._ask_at = self._monotonic() + longest_s
            return True

    def failed(self) -> float:
        """Note that the service did not answer; return the seconds of the pause."""
        with self._lock:
            pause_s: float = min(FIRST_PAUSE_S * 2.0**self.failures, LONGEST_PAUSE_S)
            self.failures += 1
            self._ask_at = self._monotonic() + pause_s
            return pause_s

    def answered(self) -> int:
        """Note that the service answered; return how many questions before had no answer."""
        with self._lock:
            failures, self.failures = self.failures, 0
            return failures
