"""The contract of an intake, and the messages that an intake can't take.

Spec: docs/design/road.md, "Transports".
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.transport import Transport
from hub.deployment.route import Route
from integration_objects.log import Log

log = Log()


class Intake:
    """A way in for messages, which the worker asks in turn."""

    def take_in(self, limit: int, wait_s: float) -> int:
        """Take up to *limit* messages into the hub, after *wait_s* seconds at most; return how many there were."""
        raise NotImplementedError

    def is_left(self) -> bool:
        """Whether messages wait outside that `take_in` has not seen."""
        raise NotImplementedError

    def leaves_alone(self) -> bool:
        """Whether messages lie outside that can't be taken until somebody mends them."""
        return False


class LeftAlone:
    """Tells of the messages of a route's door that can't be taken, each once."""

    def __init__(self, transport: Transport, route: Route) -> None:
        self._transport = transport
        self._route = route
        self._told: Mapping[str, str] = {}

    def tell(self) -> None:
        """Log the messages that the last look at the door found, and the one before didn't."""
        left_alone = dict(self._transport.left_alone(self._route.place))
        # Once for each file, although each look finds it again.
        for source in left_alone.keys() - self._told.keys():
            log.warning("a file is left alone", route=self._route.name, file=source, why=left_alone[source])
        self._told = left_alone
