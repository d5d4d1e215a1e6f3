"""The contract of routes whose messages no workflow takes: a part of the hub above this floor works on them.

    OwnWork      lock and run, in the transaction of the message
    own_work     the work that a route names, as ``module:class``; loaded when its first message comes

Spec: docs/design/road.md, "Locks".
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Protocol

from adapters.database.messages.inbox_row import InboxRow
from hub.data_manager.open_hub import Transaction
from hub.deployment.route import Route
from hub.workflow_manager.origin import Origin
from hub.workflow_manager.outcome import Outcome
from integration_objects.property_set import PropertySet


class InWork(Protocol):
    """A message in work (`hub.data_manager.message_work`), as far as such work reads it.

    Attributes:
        row: its row in the inbox.
        route: its route.
        tree: the message as it was read; None for one that can't be read.
    """

    row: InboxRow
    route: Route
    tree: PropertySet | None

    @property
    def origin(self) -> Origin:
        """The message as the source of outbound message ids."""


class OwnWork(Protocol):
    """The work on the messages of a route."""

    def lock(self, transaction: Transaction, work: InWork) -> set[str]:
        """Take the locks that come before those of accounts; return the accounts that the work will touch."""

    def run(self, transaction: Transaction, work: InWork) -> Outcome:
        """Do the work on a message; the locks may not be taken so far.

        Raises:
            Refused: the message can't be taken.
        """


@cache
def own_work(name: str) -> OwnWork:
    """Return the work called *name*, ``module:class``."""
    module, _, implementation = name.partition(":")
    work: OwnWork = getattr(importlib.import_module(module), implementation)()
    return work
