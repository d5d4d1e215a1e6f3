"""Workflows: the source's processes, each a function that reads like its numbered steps. This file is their registry.

What comes in: a run (hub.workflow_manager.run.Run) and a message's property set, or the identifiers of stored objects.
What goes out: an outcome with the reply; objects and messages leave through the run.
Who calls it: the data manager, by the name that a route gives; and the command `orderhub workflow`.
"""

from __future__ import annotations

from hub.workflow_manager.workflow import Workflow
from hub.workflows.fulfilment import completion, due_lines, order_synchronization
from hub.workflows.orders import (
    approve_order,
    cancel_order,
    compensation,
    designate_accounts,
    discounts,
    edit_order,
    fallout,
    finding,
    keep_service,
    projected_state,
    receive_order,
    reversal,
    submit,
    supplements,
    verify,
)
from hub.workflows.quotes import (
    change_address,
    move,
    new_account,
    opportunities,
    products_and_services,
    quote_to_order,
    quotes,
    transfer,
)
from hub.workflows.received import hub_object, workflow_request


def shipped_workflows() -> dict[str, Workflow]:
    """Return the workflows that the hub brings, by name, in the order in which they are listed."""
    return {
        workflow.name: workflow
        for workflow in (
            receive_order.WORKFLOW,
            order_synchronization.WORKFLOW,
            hub_object.WORKFLOW,
            workflow_request.WORKFLOW,
            *new_account.WORKFLOWS,
            *change_address.WORKFLOWS,
            *products_and_services.WORKFLOWS,
            *quotes.WORKFLOWS,
            *verify.WORKFLOWS,
            *quote_to_order.WORKFLOWS,
            *opportunities.WORKFLOWS,
            *submit.WORKFLOWS,
            *supplements.WORKFLOWS,
            *edit_order.WORKFLOWS,
            *keep_service.WORKFLOWS,
            *designate_accounts.WORKFLOWS,
            *discounts.WORKFLOWS,
            *cancel_order.WORKFLOWS,
            *approve_order.WORKFLOWS,
            *completion.WORKFLOWS,
            *due_lines.WORKFLOWS,
            *projected_state.WORKFLOWS,
            *finding.WORKFLOWS,
            *fallout.WORKFLOWS,
            *compensation.WORKFLOWS,
            *reversal.WORKFLOWS,
            *move.WORKFLOWS,
            *transfer.WORKFLOWS,
        )
    }
