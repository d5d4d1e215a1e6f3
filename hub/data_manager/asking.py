"""Messages that ask other systems are prepared in a thread: a slow system holds up no other route.

One group is asked at a time. Messages that the group has no time for, and messages whose system is known to be away,
are left where they stand in the inbox.

Spec: docs/design/road.md, "Locks"; docs/design/guarantees.md, G7 (every wait has a limit).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from hub.data_manager.message_work import MessageWork

#: seconds after which a group asks for no further message
GROUP_S = 10.0
#: seconds that the worker waits for a group before it goes on with other routes: most systems answer sooner
PATIENCE_S = 0.5


class Asking:
    """The group that is being asked, if any. Used by the main thread of a process.

    Attributes:
        group: the messages of the group.
        was_slow: whether the last finished group took longer than the worker waits.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._thread: threading.Thread | None = None
        self._prepared: list[MessageWork] = []
        self.group: list[MessageWork] = []
        self.was_slow = False

    def start(self, group: Sequence[MessageWork]) -> None:
        """Begin to prepare a group; there must be none under way."""
        self.group, self._prepared = list(group), []
        # A daemon: a stop of the hub doesn't wait for a system that hangs. The thread writes nothing.
        self._thread = threading.Thread(target=self._prepare, daemon=True, name="asking")
        self._thread.start()

    def finished(self, patience_s: float) -> tuple[list[MessageWork], list[MessageWork]] | None:
        """Return the prepared messages, and the ones that were left; None while the group is under way.

        Args:
            patience_s: the seconds to wait for the end.
        """
        if self._thread is None:
            return None
        self._thread.join(patience_s)
        if self._thread.is_alive():
            return None
        self._thread = None
        prepared = self._prepared
        left = [work for work in self.group if work not in prepared]
        self.group = []
        return prepared, left

    def _prepare(self) -> None:
        begun_at = self._monotonic()
        self._ask_all(begun_at)
        self.was_slow = self._monotonic() - begun_at > PATIENCE_S

    def _ask_all(self, begun_at: float) -> None:
        for work in self.group:
            # The first message is asked for however long it takes: each question has a limit of its own.
            if self._prepared and self._monotonic() - begun_at > GROUP_S:
                return
            work.prepare()
            if not work.was_not_asked:
                self._prepared.append(work)
