"""Trouble tickets: what a customer reported, who works on it, and what came of it.

    Open --> In Progress --> Resolved --> Closed          assigned, resolved, closed
    Open, In Progress --> Pending --> In Progress         held until somebody else has done something
    Resolved, Closed --> Open                             reopened

Source: "Customer Portal view" (trouble tickets); claims 8 and 19. Spec: docs/support.md, "Trouble tickets".
"""

from __future__ import annotations

from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflows.support.about import account_of_request
from hub.workflows.support.queues import columns_of, listed
from hub.workflows.support.records import (
    BY,
    MODULE,
    TICKETS,
    change,
    new_number,
    prove_status,
    record_in_hand,
    record_workflow,
    said,
    store_new,
)
from integration_objects.errors import Refused
from integration_objects.names import TROUBLE_TICKET
from integration_objects.property_set import PropertySet

#: statuses of a ticket that somebody has to work on
OPEN = ("Open", "In Progress", "Pending")
#: the columns of the list behind number and status, with their fields
_COLUMNS = {
    "severity": "Severity",
    "summary": "Summary",
    "account": "Account Id",
    "order": "Order Number",
    "owner": "Owner User Id",
    "opened": "Opened Date",
}


class SeverityUnknown(Refused):
    """A ticket would have a severity that isn't one."""

    what = "a trouble ticket can't have the severity '{severity}'"
    where = "argument 'severity'"
    why = "severities are {known}"
    mend = "give one of them"


class TicketUserUnknown(Refused):
    """A ticket is to be assigned to somebody who isn't there."""

    what = "the trouble ticket {number} can't be assigned to '{user}'"
    where = "argument 'to'"
    why = "{fault}"
    mend = "name a stored user (`orderhub object query User`), or load the user (orderhub load)"


class TicketWithoutAccount(Refused):
    """A ticket names no account."""

    what = "a trouble ticket belongs to an account"
    where = "argument 'account'"
    why = "neither an account nor an order is named"
    mend = "give account= or order="


class TicketIsOpen(Refused):
    """A ticket is to be opened again that is open."""

    what = "the trouble ticket {number} can't be reopened"
    where = "trouble ticket {number}"
    why = "it is {status}"
    mend = "add a note to it"


def open_ticket(
    run: Run,
    summary: str,
    account: str | None = None,
    order: str | None = None,
    product: str | None = None,
    service: str | None = None,
    item: str | None = None,
    contact: str | None = None,
    severity: str = "Medium",
    description: str | None = None,
    by: str | None = None,
) -> Outcome:
    """Open a trouble ticket for an account.

    Raises:
        NothingSaid: the summary is blank.
        TicketWithoutAccount: neither the account nor one of its orders is named.
        AccountUnknown, OrderUnknown, OrderOfAnotherAccount: it names what isn't there.
        SeverityUnknown: it has another severity.
    """
    belongs_to = account_of_request(run, account, order)
    if belongs_to is None:
        raise TicketWithoutAccount
    severities = run.definitions[TROUBLE_TICKET].root.fields["Severity"].values
    if severity not in severities:
        raise SeverityUnknown(severity=severity, known=", ".join(severities))
    ticket = PropertySet(
        TROUBLE_TICKET,
        properties={
            TICKETS.number: new_number(run, TICKETS),
            "Account Id": belongs_to,
            "Contact Id": contact,
            "Integration Id": item,
            "Service Id": service,
            "Order Number": order,
            "Product Id": product,
            "Status": "Open",
            "Severity": severity,
            "Summary": said("summary", summary),
            "Description": description,
            "Opened Date": run.now(),
        },
    )
    return store_new(run, TICKETS, ticket, "Opened", by)


def note_ticket(run: Run, ticket: str, text: str, by: str | None = None) -> Outcome:
    """Add a note to a trouble ticket's history.

    Raises:
        RecordUnknown: there is no such ticket.
        NothingSaid: the text is blank.
    """
    return change(run, TICKETS, record_in_hand(run, TICKETS, ticket), "Note", by, said("text", text))


def assign_ticket(run: Run, ticket: str, to: str, text: str | None = None, by: str | None = None) -> Outcome:
    """Give a trouble ticket to a user, who works on it from now on.

    Raises:
        RecordUnknown: there is no such ticket.
        TicketUserUnknown: the user isn't stored, or has left.
        StatusChangeRefused: it is resolved or closed.
    """
    stored = record_in_hand(run, TICKETS, ticket)
    if stored.get("Status") not in OPEN:
        prove_status(TICKETS.noun, ticket, stored.get("Status"), "In Progress")
    users = run.headers("User", {"User Id": to})
    if not users or users[0]["Active Flag"] != "Y":
        fault = "this user has left (Active Flag N)" if users else "no user of this User Id is stored"
        raise TicketUserUnknown(number=ticket, user=to, fault=fault)
    # A further user takes over a ticket that is in progress.
    told = f"to {to}" if text is None else f"to {to}: {text}"
    return change(run, TICKETS, stored, "Assigned", by, told, {"Owner User Id": to, "Status": "In Progress"})


def hold_ticket(run: Run, ticket: str, reason: str, by: str | None = None) -> Outcome:
    """Hold a trouble ticket until somebody else has done something.

    Raises:
        RecordUnknown: there is no such ticket.
        NothingSaid: the reason is blank.
        StatusChangeRefused: it is resolved or closed.
    """
    stored = record_in_hand(run, TICKETS, ticket)
    return change(run, TICKETS, stored, "Held", by, said("reason", reason), {"Status": "Pending"})


def resolve_ticket(run: Run, ticket: str, resolution: str, by: str | None = None) -> Outcome:
    """Resolve a trouble ticket: say what was done, or found.

    Raises:
        RecordUnknown: there is no such ticket.
        NothingSaid: the resolution is blank.
        StatusChangeRefused: it is closed.
    """
    stored = record_in_hand(run, TICKETS, ticket)
    text = said("resolution", resolution)
    return change(run, TICKETS, stored, "Resolved", by, text, {"Status": "Resolved", "Resolution": text})


def close_ticket(run: Run, ticket: str, text: str | None = None, by: str | None = None) -> Outcome:
    """Close a resolved trouble ticket.

    Raises:
        RecordUnknown: there is no such ticket.
        StatusChangeRefused: it isn't resolved, or is closed already.
    """
    stored = record_in_hand(run, TICKETS, ticket)
    prove_status(TICKETS.noun, ticket, stored.get("Status"), "Closed")
    return change(run, TICKETS, stored, "Closed", by, text, {"Status": "Closed"})


def reopen_ticket(run: Run, ticket: str, reason: str, by: str | None = None) -> Outcome:
    """Open a resolved or closed trouble ticket again.

    Raises:
        RecordUnknown: there is no such ticket.
        NothingSaid: the reason is blank.
        TicketIsOpen: it is open.
    """
    stored = record_in_hand(run, TICKETS, ticket)
    if stored.get("Status") in OPEN:
        raise TicketIsOpen(number=ticket, status=stored.get("Status"))
    text = said("reason", reason)
    return change(run, TICKETS, stored, "Reopened", by, text, {"Status": "Open"})


def tickets(
    run: Run, account: str | None = None, owner: str | None = None, status: str | None = None, order: str | None = None
) -> Outcome:
    """List the trouble tickets that somebody has to work on, or those of a status, the oldest first."""
    example = {"Account Id": account, "Owner User Id": owner, "Order Number": order}
    return listed(run, TICKETS, example, status, OPEN, _COLUMNS, "Opened Date")


_TEXT = Argument("text", help="A note.", length=4000)
_REASON = Argument("reason", required=True, help="Why.", length=4000)
WORKFLOWS = (
    named_workflow(
        "Open Ticket",
        open_ticket,
        "open a trouble ticket for an account",
        Argument("summary", required=True, help="What is wrong, in a few words.", length=255),
        Argument("account", "account", help="The account: its Account Id, phone number or name."),
        Argument("order", "order", help="The order that it is about; its account has the ticket."),
        Argument("product", help="The Product Id.", length=100),
        Argument("service", help="The service id.", length=100),
        Argument("item", help="The service item's Integration Id.", length=64),
        Argument("contact", help="The Contact Id of who reports it.", length=64),
        Argument("severity", help="Low, Medium, High or Critical; without it, Medium."),
        Argument("description", help="All that is known.", length=4000),
        BY,
        module=MODULE,
    ),
    record_workflow(
        TICKETS,
        "Note Ticket",
        note_ticket,
        "add a note to a trouble ticket",
        Argument("text", required=True, help="The note.", length=4000),
    ),
    record_workflow(
        TICKETS,
        "Assign Ticket",
        assign_ticket,
        "give a trouble ticket to a user",
        Argument("to", required=True, help="The User Id of who works on it from now on.", length=64),
        _TEXT,
    ),
    record_workflow(
        TICKETS, "Hold Ticket", hold_ticket, "hold a trouble ticket until somebody else has done something", _REASON
    ),
    record_workflow(
        TICKETS,
        "Resolve Ticket",
        resolve_ticket,
        "resolve a trouble ticket, and say what was done",
        Argument("resolution", required=True, help="What was done, or found.", length=4000),
    ),
    record_workflow(TICKETS, "Close Ticket", close_ticket, "close a resolved trouble ticket", _TEXT),
    record_workflow(TICKETS, "Reopen Ticket", reopen_ticket, "open a resolved or closed trouble ticket again", _REASON),
    named_workflow(
        "Tickets",
        tickets,
        "list the trouble tickets that somebody has to work on",
        Argument("account", "account", help="Only this account's."),
        Argument("owner", help="Only those of this user.", length=64),
        Argument("status", help="Only those of this status; without it, those that aren't resolved."),
        Argument("order", help="Only those about this order.", length=64),
        module=MODULE,
        asks_only=True,
        columns=columns_of(_COLUMNS),
    ),
)
