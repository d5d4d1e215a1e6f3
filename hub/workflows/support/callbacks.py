"""Callback requests: a person asks to be called, and somebody calls by a time that the contact's hours give.

    Open --> Taken --> Done                    somebody takes it, calls, and tells the outcome
    Open, Taken --> Postponed --> Taken        nobody answered, or another time was wished
    ... --> Cancelled

Source: claims 6 and 8 ("callback forms"). Spec: docs/support.md, "Callbacks".
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflows.state.accounts import the_account
from hub.workflows.state.days import moment_text
from hub.workflows.support.about import account_of_request
from hub.workflows.support.callback_time import NotInOrder, due_time, moment_of, retry_time
from hub.workflows.support.queues import columns_of, listed
from hub.workflows.support.records import (
    BY,
    CALLBACKS,
    MODULE,
    change,
    new_number,
    prove_status,
    record_in_hand,
    record_workflow,
    said,
    store_new,
)
from integration_objects.errors import Refused
from integration_objects.names import CALLBACK
from integration_objects.property_set import PropertySet

#: statuses of a request that somebody has to answer
OPEN = ("Open", "Taken", "Postponed")
#: the columns of the list behind number and status, with their fields
_COLUMNS = {
    "due": "Due Date",
    "name": "Caller Name",
    "phone": "Phone Number",
    "account": "Account Id",
    "order": "Order Number",
    "topic": "Topic",
    "owner": "Owner",
    "tries": "Tries",
    "earliest": "Earliest Date",
    "latest": "Latest Date",
}


class CallbackTaken(Refused):
    """A callback request is to be taken that somebody else has."""

    what = "the callback request {number} can't be taken"
    where = "callback request {number}"
    why = "{owner} has it"
    mend = "leave it to {owner}, or take it over with take-over=Y"


class NobodyToCall(Refused):
    """A callback request tells no number to call, and its account has none."""

    what = "nobody knows which number to call"
    where = "argument 'phone'"
    why = "no number is given, and {account}"
    mend = "give phone="


def request_callback(
    run: Run,
    name: str,
    phone: str | None = None,
    account: str | None = None,
    order: str | None = None,
    product: str | None = None,
    topic: str | None = None,
    description: str | None = None,
    page: str | None = None,
    contact: str | None = None,
    earliest: str | None = None,
    latest: str | None = None,
    by: str | None = None,
) -> Outcome:
    """Ask to be called: the request gets a due time from the hours of the contact for what it is about.

    Raises:
        NothingSaid: the name is blank.
        NobodyToCall: there is no number.
        NotInOrder: *latest* isn't later than *earliest*, or is over.
        AccountUnknown, OrderUnknown, OrderOfAnotherAccount: it names what isn't there.
    """
    belongs_to = account_of_request(run, account, order)
    request = PropertySet(
        CALLBACK,
        properties={
            CALLBACKS.number: new_number(run, CALLBACKS),
            "Status": "Open",
            "Account Id": belongs_to,
            "Contact Id": contact,
            "Caller Name": said("name", name),
            "Phone Number": _phone(run, phone, belongs_to),
            "Topic": topic,
            "Description": description,
            "Order Number": order,
            "Product Id": product,
            "Page": page,
            "Earliest Date": earliest,
            "Latest Date": latest,
            "Asked Date": run.now(),
            "Asked By": by or run.actor,
        },
    )
    due = due_time(run, request)
    request.properties |= {"Due Date": due.date, "Contact Rule": due.rule}
    return store_new(run, CALLBACKS, request, "Asked", by)


def take_callback(run: Run, callback: str, by: str | None = None, take_over: bool = False) -> Outcome:
    """Take a callback request: whoever takes it, calls.

    Raises:
        RecordUnknown: there is no such request.
        CallbackTaken: somebody else has it, and it isn't to be taken over.
        StatusChangeRefused: it is done or cancelled.
    """
    stored = record_in_hand(run, CALLBACKS, callback)
    who, owner = by or run.actor, stored.get("Owner")
    if stored.get("Status") != "Taken":
        return change(run, CALLBACKS, stored, "Taken", by, None, {"Status": "Taken", "Owner": who})
    if owner == who or not take_over:
        raise CallbackTaken(number=callback, owner=owner)
    return change(run, CALLBACKS, stored, "Taken", by, f"over from {owner}", {"Owner": who})


def postpone_callback(run: Run, callback: str, until: str, reason: str | None = None, by: str | None = None) -> Outcome:
    """Postpone a callback request to another time.

    Raises:
        RecordUnknown: there is no such request.
        NotInOrder: the time is over.
        StatusChangeRefused: it is done or cancelled.
    """
    stored = record_in_hand(run, CALLBACKS, callback)
    due = moment_text(moment_of(run, until))
    if due <= run.now():
        raise NotInOrder(field="until", value=until, fault="it is over")
    return change(run, CALLBACKS, stored, "Postponed", by, reason, {"Status": "Postponed", "Due Date": due})


def callback_not_reached(
    run: Run, callback: str, again: str | None = None, text: str | None = None, by: str | None = None
) -> Outcome:
    """Note that nobody answered a call; it is tried again at *again*, else after an hour of the contact's hours.

    Raises:
        RecordUnknown: there is no such request.
        NotInOrder: *again* is over.
        StatusChangeRefused: it is done or cancelled.
    """
    stored = record_in_hand(run, CALLBACKS, callback)
    due = retry_time(run, stored) if again is None else moment_text(moment_of(run, again))
    if due <= run.now():
        raise NotInOrder(field="again", value=again, fault="it is over")
    tries = str(int(stored.get("Tries") or 0) + 1)
    return change(
        run, CALLBACKS, stored, "Not Reached", by, text, {"Status": "Postponed", "Due Date": due, "Tries": tries}
    )


def callback_done(run: Run, callback: str, outcome: str, by: str | None = None) -> Outcome:
    """End a callback request with the outcome of the call.

    Raises:
        RecordUnknown: there is no such request.
        NothingSaid: the outcome is blank.
        StatusChangeRefused: it is done or cancelled.
    """
    stored = record_in_hand(run, CALLBACKS, callback)
    text = said("outcome", outcome)
    owner = stored.get("Owner") or by or run.actor
    return _ended(run, stored, "Done", by, text, {"Status": "Done", "Outcome": text, "Owner": owner})


def cancel_callback(run: Run, callback: str, reason: str | None = None, by: str | None = None) -> Outcome:
    """Cancel a callback request: nobody calls.

    Raises:
        RecordUnknown: there is no such request.
        StatusChangeRefused: it is done or cancelled.
    """
    stored = record_in_hand(run, CALLBACKS, callback)
    return _ended(run, stored, "Cancelled", by, reason, {"Status": "Cancelled"})


def _ended(
    run: Run, stored: PropertySet, event: str, by: str | None, text: str | None, fields: Mapping[str, str | None]
) -> Outcome:
    # Also where the status stays: what is over has one outcome.
    prove_status(CALLBACKS.noun, stored.get(CALLBACKS.number) or "", stored.get("Status"), fields["Status"] or "")
    return change(run, CALLBACKS, stored, event, by, text, fields)


def callbacks(
    run: Run,
    account: str | None = None,
    owner: str | None = None,
    status: str | None = None,
    order: str | None = None,
    overdue: bool = False,
) -> Outcome:
    """List the callback requests that somebody has to answer, the one that is due first on top."""
    now = run.now()

    def is_late(header: Mapping[str, str | None]) -> bool:
        return header["Status"] in OPEN and (header["Due Date"] or now) < now

    return listed(
        run,
        CALLBACKS,
        {"Account Id": account, "Owner": owner, "Order Number": order},
        status,
        OPEN,
        _COLUMNS,
        "Due Date",
        is_late if overdue else None,
        lambda header: {"overdue": "Y" if is_late(header) else "N"},
    )


def _phone(run: Run, phone: str | None, account: str | None) -> str:
    """Return the number to call: the given one, else the account's."""
    if phone is not None:
        return said("phone", phone)
    known = None if account is None else the_account(run, account).get("Phone Number")
    if known is None:
        raise NobodyToCall(account="no account is named" if account is None else f"the account '{account}' has none")
    return known


_REASON = Argument("reason", help="Why.", length=4000)
WORKFLOWS = (
    named_workflow(
        "Request Callback",
        request_callback,
        "ask for a call: who, on which number, about what, and when",
        Argument("name", required=True, help="Who wants to be called.", length=100),
        Argument("phone", help="The number to call; without it, the account's.", length=40),
        Argument("account", "account", help="The account: its Account Id, phone number or name."),
        Argument("order", "order", help="The order that it is about; its account has the request."),
        Argument("product", help="The Product Id that it is about.", length=100),
        Argument("topic", help="What it is about, in a few words.", length=255),
        Argument("description", help="What the person wants to know.", length=4000),
        Argument("page", help="The page on which it is asked.", length=100),
        Argument("contact", help="The Contact Id of the person.", length=64),
        Argument("earliest", "date", help="From when on a call is convenient: an ISO date-time."),
        Argument("latest", "date", help="Until when."),
        BY,
        module=MODULE,
    ),
    record_workflow(
        CALLBACKS,
        "Take Callback",
        take_callback,
        "take a callback request, and call",
        Argument("take-over", "flag", help="Y: also from somebody who has it."),
    ),
    record_workflow(
        CALLBACKS,
        "Postpone Callback",
        postpone_callback,
        "postpone a callback request to another time",
        Argument("until", "date", required=True, help="When to call: an ISO date-time."),
        _REASON,
    ),
    record_workflow(
        CALLBACKS,
        "Callback Not Reached",
        callback_not_reached,
        "note that nobody answered; the call is tried again",
        Argument("again", "date", help="When: an ISO date-time; without it, after an hour of the contact's hours."),
        Argument("text", help="A note.", length=4000),
    ),
    record_workflow(
        CALLBACKS,
        "Callback Done",
        callback_done,
        "end a callback request with the outcome of the call",
        Argument("outcome", required=True, help="What came of it.", length=4000),
    ),
    record_workflow(CALLBACKS, "Cancel Callback", cancel_callback, "cancel a callback request", _REASON),
    named_workflow(
        "Callbacks",
        callbacks,
        "list the callback requests that somebody has to answer, and which are overdue",
        Argument("account", "account", help="Only this account's."),
        Argument("owner", help="Only those that this user has taken.", length=255),
        Argument("status", help="Only those of this status; without it, those that are open, taken or postponed."),
        Argument("order", help="Only those about this order.", length=64),
        Argument("overdue", "flag", help="Y: only those whose due time is over."),
        module=MODULE,
        asks_only=True,
        columns=columns_of(_COLUMNS, "overdue"),
    ),
)
