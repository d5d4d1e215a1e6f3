"""Workflows: the source's processes, each a function that reads like its numbered steps.

What comes in: a run (hub.run.Run) and a message's property set, or the identifiers of stored objects.
What goes out: an outcome with the reply; objects and messages leave through the run.
Who calls it: the data manager, by the name that a route gives; and the command `orderhub workflow`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.arguments import Argument
from hub.run import Outcome, Run
from integration_objects.property_set import PropertySet


@dataclass(frozen=True)
class Workflow:
    """A registered workflow.

    Attributes:
        name: as routes call it.
        function: does the work; refusals are raised, waiting is raised.
        accounts: the accounts that its input touches, locked in a fixed order before the work starts.
        takes: the integration objects that it works on, so that a route's map can be proven against it.
        help: a line for `orderhub workflow --help`.
        module: the module of the licence that it belongs to; "" for none. Not licensed, it refuses to start.
        arguments: what it takes by name, where it works on stored objects (`hub.workflows.process`).
        asked_by_name: whether commands and requests may ask for it; others only run where a route says so.
    """

    name: str
    function: Callable[[Run, PropertySet], Outcome]
    accounts: Callable[[Run, PropertySet], set[str]]
    takes: tuple[str, ...]
    help: str
    module: str = ""
    arguments: tuple[Argument, ...] = ()
    asked_by_name: bool = False

    @property
    def command(self) -> str:
        """The name for `orderhub workflow`: ``new-quote``."""
        return self.name.lower().replace(" ", "-")


def shipped_workflows() -> dict[str, Workflow]:
    """The workflows that the hub brings, by name."""
    from hub.workflows import (
        accounts,
        hub_object,
        move,
        opportunities,
        order_processes,
        order_synchronization,
        products_and_services,
        quote_to_order,
        quotes,
        receive_order,
        workflow_request,
    )

    return {
        workflow.name: workflow
        for workflow in (
            Workflow(
                "Receive Order",
                receive_order.receive_order,
                receive_order.accounts_of_order,
                ("OM Order",),
                "take in a sender's order: resolve it, prove it against the requested state, submit it",
                module="Orders",
            ),
            order_synchronization.WORKFLOW,
            Workflow(
                "Hub Object",
                hub_object.take_hub_object,
                hub_object.accounts_of_hub_object,
                (*hub_object.UPSERTED, "OM Order"),
                "take in the hub's own XML: customers, premises, products, price lists, opening profiles, orders",
            ),
            Workflow(
                "Workflow Request",
                workflow_request.take_workflow_request,
                workflow_request.accounts_of_workflow_request,
                ("OM Workflow Request",),
                "run the workflow that the message names, on stored objects",
            ),
            *accounts.WORKFLOWS,
            *products_and_services.WORKFLOWS,
            *quotes.WORKFLOWS,
            *quote_to_order.WORKFLOWS,
            *opportunities.WORKFLOWS,
            *order_processes.WORKFLOWS,
            *move.WORKFLOWS,
        )
    }
