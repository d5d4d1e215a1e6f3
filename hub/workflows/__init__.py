"""Workflows: the source's processes, each a function that reads like its numbered steps. This file is their registry.

What comes in: a run (hub.workflow_manager.run.Run) and a message's property set, or the identifiers of stored objects.
What goes out: an outcome with the reply; objects and messages leave through the run.
Who calls it: the data manager, by the name that a route gives; and the command `orderhub workflow`.
"""

from __future__ import annotations

from hub.workflow_manager.workflow import Workflow
from hub.workflows.orders import order_processes, order_synchronization, receive_order
from hub.workflows.quotes import move, new_account, opportunities, products_and_services, quote_to_order, quotes
from hub.workflows.received import hub_object, workflow_request


def shipped_workflows() -> dict[str, Workflow]:
    """The workflows that the hub brings, by name."""
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
            *new_account.WORKFLOWS,
            *products_and_services.WORKFLOWS,
            *quotes.WORKFLOWS,
            *quote_to_order.WORKFLOWS,
            *opportunities.WORKFLOWS,
            *order_processes.WORKFLOWS,
            *move.WORKFLOWS,
        )
    }
