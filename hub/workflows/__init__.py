"""Workflows: the source's processes, each a function that reads like its numbered steps. This file is their registry.

What comes in: a run (hub.workflow_manager.run.Run) and a message's property set, or the identifiers of stored objects.
What goes out: an outcome with the reply; objects and messages leave through the run.
Who calls it: the data manager, by the name that a route gives; and the command `orderhub workflow`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from hub.workflow_manager.workflow import Workflow

#: each workflow that the hub brings with the module whose `WORKFLOWS` have it, in the order in which they are listed
MODULES: Mapping[str, str] = {
    "Receive Order": "orders.receive_order",
    "Order Synchronization": "fulfilment.order_synchronization",
    "Hub Object": "received.hub_object",
    "Workflow Request": "received.workflow_request",
    "New Account": "quotes.new_account",
    "Change Address": "quotes.change_address",
    "New Products And Services": "quotes.products_and_services",
    "Modify": "quotes.products_and_services",
    "Disconnect": "quotes.products_and_services",
    "Suspend": "quotes.products_and_services",
    "Resume": "quotes.products_and_services",
    "Profile": "quotes.products_and_services",
    "Catalogue": "quotes.catalogue",
    "New Quote": "quotes.quotes",
    "Edit Quote Line Item": "quotes.quotes",
    "Reprice": "quotes.quotes",
    "Renumber": "quotes.quotes",
    "Ungroup": "quotes.quotes",
    "Cancel Quote": "quotes.quotes",
    "Verify": "orders.verify",
    "Configuration": "orders.configuration",
    "Quote To Order": "quotes.quote_to_order",
    "New Order": "quotes.quote_to_order",
    "Update Opportunity": "quotes.opportunities",
    "Submit": "orders.submit",
    "Order Quote": "orders.order_quote",
    "Revise": "orders.supplements",
    "Edit Order Line Item": "orders.edit_order",
    "Keep Service": "orders.keep_service",
    "Designate Accounts": "orders.designate_accounts",
    "Discount": "orders.discounts",
    "Remove Discount": "orders.discounts",
    "Cancel Order": "orders.cancel_order",
    "Approve": "orders.approve_order",
    "Approvals": "orders.approve_order",
    "Refuse": "orders.approve_order",
    "Apply Completed": "fulfilment.completion",
    "Complete Due Lines": "fulfilment.due_lines",
    "Plan": "orders.order_plan",
    "Impact": "orders.order_plan",
    "Projected State": "orders.projected_state",
    "Find": "orders.finding",
    "Orders": "orders.finding",
    "Quotes": "orders.finding",
    "Order Activity": "orders.order_activity",
    "Fulfilment Status": "orders.fulfilment_status",
    "MCD Summary": "orders.mcd_summary",
    "Rows": "orders.rows",
    "Row Fields": "orders.rows",
    "Fallout List": "orders.fallout",
    "Fallout Retry": "orders.fallout",
    "Fallout Amend": "orders.fallout",
    "Fallout Close": "orders.fallout",
    "Fallout Keep": "orders.compensation",
    "Fallout Undo": "orders.compensation",
    "Fallout Reverse": "orders.reversal",
    "Move": "quotes.move",
    "Transfer": "quotes.transfer",
    "Contact For": "support.contacts",
    "Request Callback": "support.callbacks",
    "Callbacks": "support.callbacks",
    "Take Callback": "support.callbacks",
    "Postpone Callback": "support.callbacks",
    "Callback Not Reached": "support.callbacks",
    "Callback Done": "support.callbacks",
    "Cancel Callback": "support.callbacks",
    "Help Topics": "support.help_topics",
    "Help Topic": "support.help_topics",
    "Edit Help Topic": "support.help_topics",
    "Request Inventory": "support.inventory",
    "Inventory Requests": "support.inventory",
    "Answer Inventory": "support.inventory",
    "Cancel Inventory Request": "support.inventory",
    "Open Ticket": "support.tickets",
    "Tickets": "support.tickets",
    "Note Ticket": "support.tickets",
    "Assign Ticket": "support.tickets",
    "Hold Ticket": "support.tickets",
    "Resolve Ticket": "support.tickets",
    "Close Ticket": "support.tickets",
    "Reopen Ticket": "support.tickets",
}
#: The workflows that tell how far orders are.
_ABOUT_ORDERS = ("orders.order_activity", "orders.fulfilment_status", "orders.mcd_summary")
#: The workflows of support that send nothing.
_ASKED_ONLY = ("support.contacts", "support.help_topics")
#: The beginnings of modules that know no systems. The rooms of the house keep `fulfilment`, which sends, from `quotes`.
_WITHOUT_SYSTEMS = ("quotes.", *_ASKED_ONLY, "orders.finding", "orders.rows", "orders.projected_state", *_ABOUT_ORDERS)


def may_need_systems(workflow: Workflow) -> bool:
    """Tell whether a workflow may send objects, or look at the systems that would get them."""
    return not MODULES.get(workflow.name, "").startswith(_WITHOUT_SYSTEMS)


class Workflows(Mapping[str, Workflow]):
    """The workflows by name; a module is loaded when a workflow of it is first asked for.

    Attributes:
        own: a deployment's workflows: each is added, or takes the place of the hub's workflow of its name.
    """

    def __init__(self, own: Mapping[str, Workflow] = MappingProxyType({})) -> None:
        self.own = own

    def __getitem__(self, name: str) -> Workflow:
        """Return the workflow of this name."""
        if name in self.own:
            return self.own[name]
        module = importlib.import_module(f"{__name__}.{MODULES[name]}")
        found: Workflow = next(workflow for workflow in module.WORKFLOWS if workflow.name == name)
        return found

    def __contains__(self, name: object) -> bool:
        """Tell whether there is such a workflow, without loading it."""
        return name in self.own or name in MODULES

    def __iter__(self) -> Iterator[str]:
        """List the names."""
        return iter({**MODULES, **self.own})

    def __len__(self) -> int:
        """Count the workflows."""
        return sum(1 for _ in self)
