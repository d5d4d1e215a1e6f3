"""Filing for many requests at once: requests that wait for the database are filed in one transaction.

A commit is flushed to the disk, which takes longer than all else that filing does. So the request whose turn it is
files the messages of all requests that wait behind it, and each gets its own outcome.

Spec: docs/design/guarantees.md, G1; docs/design/performance.md.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.database.messages.filing import Filed
from adapters.transport import Delivery
from hub.data_manager.data_manager import DataManager
from hub.deployment.route import Route
from integration_objects.errors import Retryable

#: messages that are filed in one transaction
MOST = 50


@dataclass
class _Waiting:
    """A message that waits to be filed, then its outcome or the error that it met."""

    route: Route
    delivery: Delivery
    filed: Filed | None = None
    error: Exception | None = None

    @property
    def is_over(self) -> bool:
        return self.filed is not None or self.error is not None


class GroupFiling:
    """Files messages for many threads."""

    def __init__(self, manager: DataManager) -> None:
        self._manager = manager
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._line: list[_Waiting] = []

    def file(self, route: Route, delivery: Delivery) -> Filed:
        """File a message; when this returns, the database has it for good.

        Raises:
            Retryable: the database failed; the message isn't stored.
        """
        message = _Waiting(route, delivery)
        with self._lock:
            self._line.append(message)
        with self._turn:
            # Another request may have filed this message in its own turn.
            while not message.is_over:
                with self._lock:
                    group, self._line = self._line[:MOST], self._line[MOST:]
                self._file(group)
        if message.filed is None:
            assert message.error is not None  # noqa: S101  # one of the two is set
            raise message.error
        return message.filed

    def _file(self, group: Sequence[_Waiting]) -> None:
        try:
            outcomes = self._manager.file_routed([(message.route, message.delivery) for message in group])
        except Exception as error:
            if len(group) > 1 and not isinstance(error, Retryable):
                # One message of the group is at fault, and nobody knows which: each tells for itself.
                for message in group:
                    self._file([message])
                return
            for message in group:
                message.error = error
            return
        for message, outcome in zip(group, outcomes, strict=True):
            message.filed = outcome
