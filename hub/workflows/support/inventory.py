"""Requests for inventory: what is asked for, for which order or address, and by when; answered wholly, partly or not.

    Open --> Partly Answered --> Answered      everything that was asked for is there
    Open, Partly Answered --> Short            less is there, and no more comes
    Open --> Not Available                     nothing comes
    Open, Partly Answered --> Cancelled

An answer comes from a person, by command or page, or from an inventory system, as a workflow request or as the object
Inventory Request itself (`hub.workflows.support.received`).

Source: claims 6 and 8 ("requests for inventory"). Spec: docs/support.md, "Requests for inventory".
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflows.state.document_lines import line_and_root
from hub.workflows.state.order_lookup import active_order
from hub.workflows.support.about import account_of_request
from hub.workflows.support.contact_context import LineWithoutOrder
from hub.workflows.support.inventory_answer import RESERVED, answered, prove_answer
from hub.workflows.support.queues import Row, columns_of, listed
from hub.workflows.support.records import (
    BY,
    CLOSED,
    INVENTORY,
    MODULE,
    add_event,
    change,
    closed_date,
    new_number,
    prove_status,
    record_in_hand,
    record_workflow,
    store_new,
    told,
)
from integration_objects.complex_object import message, put_list
from integration_objects.errors import Refused
from integration_objects.field_values import read_date, read_number
from integration_objects.names import INVENTORY_REQUEST, KEY
from integration_objects.property_set import PropertySet

#: statuses of a request that waits for an answer
OPEN = ("Open", "Partly Answered")
#: the columns of the list behind number and status, with their fields
_COLUMNS = {
    "product": "Product Id",
    "quantity": "Quantity",
    "answered": "Answered Quantity",
    "order": "Order Number",
    "account": "Account Id",
    "address": "Address Id",
    "needed": "Needed Date",
    "asked": "Asked Date",
}


class NothingAskedFor(Refused):
    """A request for inventory asks for no quantity, or for no product."""

    what = "the request for inventory asks for nothing"
    where = "argument '{argument}'"
    why = "{fault}"
    mend = "give {argument}="


def request_inventory(
    run: Run,
    product: str | None = None,
    quantity: str = "1",
    order: str | None = None,
    line: str | None = None,
    account: str | None = None,
    address: str | None = None,
    needed: str | None = None,
    description: str | None = None,
    by: str | None = None,
) -> Outcome:
    """Ask for inventory; systems that take requests for inventory get it.

    Raises:
        NothingAskedFor: no product is named, or the quantity isn't above 0.
        AccountUnknown, OrderUnknown, OrderOfAnotherAccount, LineWithoutOrder, OrderLineUnknown, ItemNameUnclear: it
            names what isn't there.
    """
    belongs_to = account_of_request(run, account, order)
    key = None
    if line is not None:
        if order is None:
            raise LineWithoutOrder(line=line)
        ordered, _ = line_and_root(run, active_order(run, order), line)
        key, product = ordered.get(KEY), product or ordered.get("Product Id")
    if product is None:
        raise NothingAskedFor(argument="product", fault="neither a product nor an order's line is named")
    if read_number(quantity) <= 0:
        raise NothingAskedFor(argument="quantity", fault=f"the quantity is {quantity}")
    request = PropertySet(
        INVENTORY_REQUEST,
        properties={
            INVENTORY.number: new_number(run, INVENTORY),
            "Status": "Open",
            "Account Id": belongs_to,
            "Order Number": order,
            KEY: key,
            "Address Id": address,
            "Product Id": product,
            "Quantity": quantity,
            "Needed Date": needed,
            "Description": description,
            "Asked Date": run.now(),
            "Asked By": by or run.actor,
        },
    )
    return store_new(run, INVENTORY, request, "Asked", by)


def answer_inventory(
    run: Run,
    request: str,
    quantity: str | None = None,
    numbers: Sequence[str] = (),
    final: bool = False,
    text: str | None = None,
    by: str | None = None,
) -> Outcome:
    """Answer a request for inventory: what is reserved is added to what was before.

    Args:
        run: the run.
        request: its number.
        quantity: what is reserved now; None: as many as *numbers*.
        numbers: the serial numbers or other ids of what is reserved now.
        final: whether no more comes.
        text: a note.
        by: who answers.

    Raises:
        RecordUnknown: there is no such request.
        AnswerTooMuch, AnswerSaysNothing, MoreNumbersThanItems, NumberReserved: the answer doesn't fit the request.
        StatusChangeRefused: it is answered already, or cancelled.
    """
    stored = record_in_hand(run, INVENTORY, request)
    added = read_number(quantity) if quantity is not None else Decimal(len(numbers))
    status, total = answered(stored, added, final)
    if status == stored.get("Status") and status not in OPEN:
        prove_status(INVENTORY.noun, request, status, status)
    prove_answer(run, stored, added, numbers, final)
    now = run.now()
    changed = PropertySet(
        INVENTORY_REQUEST,
        properties={
            INVENTORY.number: request,
            "Status": status,
            "Answered Quantity": total,
            "Answered Date": now,
            "Answered By": by or run.actor,
            CLOSED: closed_date(run, INVENTORY, status),
        },
    )
    if status != stored.get("Status"):
        prove_status(INVENTORY.noun, request, stored.get("Status"), status)
    put_list(changed, RESERVED).extend(
        PropertySet(RESERVED, properties={"Number": number, "Reserved Date": now}) for number in numbers
    )
    add_event(run, changed, "Answered", by, stored.get("Status"), status, text, stored)
    run.effects.upsert(message(INVENTORY_REQUEST, [changed]))
    # The answer may be the inventory system's own: it isn't told what it has said.
    return told(run, INVENTORY, request, is_sent=False)


def cancel_inventory_request(run: Run, request: str, reason: str | None = None, by: str | None = None) -> Outcome:
    """Cancel a request for inventory; systems that take such requests are told.

    Raises:
        RecordUnknown: there is no such request.
        StatusChangeRefused: it is answered wholly, or cancelled.
    """
    stored = record_in_hand(run, INVENTORY, request)
    prove_status(INVENTORY.noun, request, stored.get("Status"), "Cancelled")
    return change(run, INVENTORY, stored, "Cancelled", by, reason, {"Status": "Cancelled"})


def inventory_requests(
    run: Run,
    account: str | None = None,
    order: str | None = None,
    product: str | None = None,
    status: str | None = None,
) -> Outcome:
    """List the requests for inventory that wait for an answer, or those of a status, the oldest first."""
    now = read_date(run.now())

    def age(header: Row) -> Row:
        asked = header["Asked Date"]
        return {"days": None if asked is None else str((now - read_date(asked)).days)}

    example = {"Account Id": account, "Order Number": order, "Product Id": product}
    return listed(run, INVENTORY, example, status, OPEN, _COLUMNS, "Asked Date", also=age)


WORKFLOWS = (
    named_workflow(
        "Request Inventory",
        request_inventory,
        "ask for inventory, for an order or an address",
        Argument("product", help="The Product Id; without it, that of the line.", length=100),
        Argument("quantity", "number", help="How many; without it, 1."),
        Argument("order", "order", help="The order that needs it; its account has the request."),
        Argument("line", help="The order's line that needs it: its Line Number, service id, product path, or key."),
        Argument("account", "account", help="The account: its Account Id, phone number or name."),
        Argument("address", help="The Address Id of the place where it is needed.", length=64),
        Argument("needed", "date", help="By when: an ISO date."),
        Argument("description", help="All that must be known.", length=4000),
        BY,
        module=MODULE,
    ),
    record_workflow(
        INVENTORY,
        "Answer Inventory",
        answer_inventory,
        "answer a request for inventory: wholly, partly or not",
        Argument("quantity", "number", help="How many are reserved now; without it, as many as numbers=. 0 for none."),
        Argument("numbers", "list", help="The numbers or ids of what is reserved, separated by commas.", length=10_000),
        Argument("final", "flag", help="Y: no more comes."),
        Argument("text", help="A note.", length=4000),
    ),
    record_workflow(
        INVENTORY,
        "Cancel Inventory Request",
        cancel_inventory_request,
        "cancel a request for inventory",
        Argument("reason", help="Why.", length=4000),
    ),
    named_workflow(
        "Inventory Requests",
        inventory_requests,
        "list the requests for inventory that wait for an answer, the oldest first",
        Argument("account", "account", help="Only this account's."),
        Argument("order", help="Only those for this order.", length=64),
        Argument("product", help="Only those for this product.", length=100),
        Argument("status", help="Only those of this status; without it, those that wait for an answer."),
        module=MODULE,
        asks_only=True,
        columns=columns_of(_COLUMNS, "days"),
    ),
)
