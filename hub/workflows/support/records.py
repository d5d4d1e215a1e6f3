"""Things with a history: trouble tickets, callback requests and requests for inventory.

Each has a number, a status, an account or none, and a history that the hub writes: an event for each change, in the
transaction of the change. The ways from one status to another are those of `hub.workflows.state.statuses`.

Source: claims 8 and 19 (the order management function for the back office; the customer support domain).
Spec: docs/support.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflow_manager.workflow import Workflow
from hub.workflows.state.statuses import check_change
from integration_objects.complex_object import components, instances, list_of, message, put_list
from integration_objects.errors import Refused
from integration_objects.names import CALLBACK, INVENTORY_REQUEST, TROUBLE_TICKET
from integration_objects.property_set import PropertySet

#: the licence's module that these workflows belong to
MODULE = "Support"
EVENT, CLOSED = "Support Event", "Closed Date"
#: characters of an event's text
MOST_TEXT = 4000
BY = Argument("by", help="Who does it; without it, the setting `user`, or the sender of the message.", length=255)


class RecordUnknown(Refused):
    """There is no ticket, callback request or request for inventory of this number."""

    what = "there is no {noun} '{number}'"
    where = "{object}, {field}"
    why = "no {noun} of this number is stored"
    mend = "mend the number; `orderhub workflow {listing}` lists the open ones"


class NothingSaid(Refused):
    """An argument that people will read is blank."""

    what = "the argument '{name}' says nothing"
    where = "argument '{name}'"
    why = "it has nothing but blanks"
    mend = "say it in a few words"


@dataclass(frozen=True)
class RecordKind:
    """A kind of thing with a history.

    Attributes:
        object: the integration object.
        number: the field with its number.
        argument: the argument of the workflows with its number.
        prefix: the beginning of the numbers that the hub gives.
        noun: the word for people, and the key of its statuses.
        listing: the command of the workflow that lists them.
        closed: the statuses in which it has a Closed Date.
    """

    object: str
    number: str
    argument: str
    prefix: str
    noun: str
    listing: str
    closed: tuple[str, ...]


TICKETS = RecordKind(TROUBLE_TICKET, "Ticket Number", "ticket", "TT", "trouble ticket", "tickets", ("Closed",))
CALLBACKS = RecordKind(
    CALLBACK, "Callback Number", "callback", "CB", "callback request", "callbacks", ("Done", "Cancelled")
)
INVENTORY = RecordKind(
    INVENTORY_REQUEST,
    "Request Number",
    "request",
    "IR",
    "request for inventory",
    "inventory-requests",
    ("Answered", "Short", "Not Available", "Cancelled"),
)
KINDS = {kind.object: kind for kind in (TICKETS, CALLBACKS, INVENTORY)}


def new_number(run: Run, kind: RecordKind) -> str:
    """Return a new number: ``TT-0000001``."""
    return f"{kind.prefix}-{run.next_number(kind.number):07d}"


def record_workflow(
    kind: RecordKind, name: str, function: Callable[..., Outcome], help: str, *arguments: Argument
) -> Workflow:
    """Make a workflow that does something with a stored thing: its first argument names it, its last who does it."""

    def accounts(run: Run, values: Mapping[str, Any]) -> set[str]:
        return _accounts(run, kind, values[kind.argument])

    number = Argument(kind.argument, required=True, help=f"The {kind.number}.", length=64)
    return named_workflow(name, function, help, number, *arguments, BY, module=MODULE, accounts=accounts)


def record_in_hand(run: Run, kind: RecordKind, number: str) -> PropertySet:
    """Return the stored thing of a number; nobody else changes it until the transaction ends.

    Raises:
        RecordUnknown: there is none.
    """
    # Before it is read: a run that has waited reads what the run before it has left.
    accounts = _accounts(run, kind, number)
    if accounts:
        run.effects.lock_accounts(accounts)
    else:
        run.effects.lock_names([f"{kind.noun} {number}"])
    return the_record(run, kind, number)


def the_record(run: Run, kind: RecordKind, number: str) -> PropertySet:
    """Return the stored thing of a number.

    Raises:
        RecordUnknown: there is none.
    """
    for record in instances(run.query(kind.object, {kind.number: number})):
        return record
    raise RecordUnknown(noun=kind.noun, number=number, object=kind.object, field=kind.number, listing=kind.listing)


def store_new(run: Run, kind: RecordKind, record: PropertySet, event: str, by: str | None) -> Outcome:
    """Store a new thing with its first event, and send it to the systems that take such things."""
    add_event(run, record, event, by, new=record.get("Status"), text=record.get("Description"))
    run.effects.insert(message(kind.object, [record]))
    return told(run, kind, record.get(kind.number) or "")


def change(
    run: Run,
    kind: RecordKind,
    record: PropertySet,
    event: str,
    by: str | None,
    text: str | None = None,
    fields: Mapping[str, str | None] = MappingProxyType({}),
) -> Outcome:
    """Change a stored thing, write the event, and send the thing to the systems that take such things.

    Args:
        run: the run; it holds the thing (`record_in_hand`).
        kind: its kind.
        record: as it is stored.
        event: the word of the history.
        by: who does it; None for the run's own actor.
        text: the event's text.
        fields: the new values; None for null. The Closed Date follows from the status.

    Raises:
        StatusChangeRefused: its status doesn't lead to the new one.
    """
    old, new = record.get("Status"), fields.get("Status")
    number = record.get(kind.number) or ""
    if new is not None and new != old:
        prove_status(kind.noun, number, old, new)
        fields = {**fields, CLOSED: closed_date(run, kind, new)}
    changed = PropertySet(record.type, properties={kind.number: number, **fields})
    add_event(run, changed, event, by, old, new or old, text, record)
    run.effects.upsert(message(kind.object, [changed]))
    return told(run, kind, number)


def closed_date(run: Run, kind: RecordKind, status: str) -> str | None:
    """Return the Closed Date of a thing that gets a status now; None where it is open in this status."""
    return run.now() if status in kind.closed else None


def prove_status(noun: str, number: str, old: str | None, new: str) -> None:
    """Refuse a change of status that isn't in the table.

    Raises:
        StatusChangeRefused: the table has no such way.
    """
    mend = "leave it as it is, or take the way that its status allows"
    check_change(noun, number, old, new, mend, f"{noun} {number}, Status")


def told(run: Run, kind: RecordKind, number: str, is_sent: bool = True) -> Outcome:
    """Return the outcome with a thing as it is stored now; send it to the systems that take such things."""
    tree = run.query(kind.object, {kind.number: number})
    if is_sent and instances(tree):
        run.effects.emit(kind.object, tree)
    return Outcome(objects=(tree,))


def add_event(
    run: Run,
    record: PropertySet,
    event: str,
    by: str | None,
    old: str | None = None,
    new: str | None = None,
    text: str | None = None,
    stored: PropertySet | None = None,
) -> None:
    """Put the next event into a thing that will be written. Changes *record*.

    *stored* is the thing with its history so far; None for a new one.
    """
    history = components(stored, EVENT) if stored is not None else []
    last = max((int(entry.get("Sequence") or 0) for entry in history), default=0)
    # What a message carries of the history isn't the hub's own word.
    record.children = [child for child in record.children if child.type != list_of(EVENT)]
    put_list(record, EVENT).append(
        PropertySet(
            EVENT,
            properties={
                "Sequence": str(last + 1),
                "Event": event,
                "Event Time": run.now(),
                "Actor": by or run.actor,
                "Old Status": old,
                "New Status": new,
                "Text": None if text is None else text[:MOST_TEXT],
            },
        )
    )


def said(name: str, text: str) -> str:
    """Return a text without blanks around it.

    Raises:
        NothingSaid: nothing is left of it.
    """
    if not text.strip():
        raise NothingSaid(name=name)
    return text.strip()


def _accounts(run: Run, kind: RecordKind, number: str) -> set[str]:
    headers = run.headers(kind.object, {kind.number: number})
    return {account for header in headers if (account := header["Account Id"]) is not None}
