"""A registered workflow: its function, and what routes, commands and the licence need to know of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.outcome import Outcome
from integration_objects.property_set import PropertySet


@dataclass(frozen=True)
class Workflow:
    """A registered workflow.

    The first argument of both functions is the `Run`. Its type isn't named here, since a run knows all workflows.

    Attributes:
        name: as routes call it.
        function: does the work; refusals are raised, waiting is raised.
        accounts: the accounts that its input touches, locked in a fixed order before the work starts.
        takes: the integration objects that it works on, so that a route's map can be proven against it.
        help: a line for `orderhub workflow --help`.
        module: the module of the licence that it belongs to; "" for none. Not licensed, it refuses to start.
        arguments: what it takes by name, where it works on stored objects (`hub.workflow_manager.named_workflow`).
        asked_by_name: whether commands and requests may ask for it; others only run where a route says so.
    """

    name: str
    function: Callable[[Any, PropertySet], Outcome]
    accounts: Callable[[Any, PropertySet], set[str]]
    takes: tuple[str, ...]
    help: str
    module: str = ""
    arguments: tuple[Argument, ...] = ()
    asked_by_name: bool = False

    @property
    def command(self) -> str:
        """The name for `orderhub workflow`: ``new-quote``."""
        return self.name.lower().replace(" ", "-")
