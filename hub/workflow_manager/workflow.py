"""A registered workflow: its function, with facts for routes, commands and the licence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.outcome import Outcome
from integration_objects.property_set import PropertySet


def command_of(name: str) -> str:
    """Return the name of a workflow for `orderhub workflow`.

    >>> command_of("New Quote")
    'new-quote'
    """
    return name.lower().replace(" ", "-")


@dataclass(frozen=True)
class Workflow:
    """A registered workflow.

    The first argument of both functions is the `Run`. Its type isn't named here, because a run knows all workflows.

    Attributes:
        name: the name in routes.
        function: does the work; it raises refusals, and errors of the class `Waiting`.
        accounts: returns the accounts that the input touches; they are locked before the work starts.
        takes: the integration objects that it works on; a route's map is proven against them.
        help: a line for `orderhub workflow --help`.
        module: the module of the licence that it belongs to; "" for none. Without a licence it refuses to start.
        arguments: the arguments of a named workflow (`hub.workflow_manager.named_workflow`).
        counter: makes a function that is called with each component of an arriving message as soon as it is made, and
            refuses a message of too many; None for no bound.
        asked_by_name: whether commands and requests may ask for it; a workflow that may not runs on routes only.
        asks_only: whether it only reads. A message that asks for such a workflow, and has no id of its own, is a
            question: the next message like it is asked anew.
        draws: whether its outcome may have a drawing.
        columns: the names of its outcome's rows, in their order; none where it has no rows, or doesn't say their names.
        named: finds the workflow that a message names, among all by name; None for a workflow that does its own work.
    """

    name: str
    function: Callable[[Any, PropertySet], Outcome]
    accounts: Callable[[Any, PropertySet], set[str]]
    takes: tuple[str, ...]
    help: str
    module: str = ""
    arguments: tuple[Argument, ...] = ()
    asked_by_name: bool = False
    counter: Callable[[], Callable[[PropertySet], None]] | None = None
    asks_only: bool = False
    named: Callable[[Mapping[str, Workflow], PropertySet], Workflow] | None = None
    draws: bool = False
    columns: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The name for `orderhub workflow`: ``new-quote``."""
        return command_of(self.name)
