"""Support's objects as messages and `orderhub load` bring them: completed, proven, and with their histories.

    a thing with a history    a new one without a number gets one; dates, the due time and the status follow as they do
                              in the workflows; a change of status that the table doesn't have is refused
    Inventory Request         an answer may come as the object itself, with what is reserved
    Help Topic                each message that changes it makes a revision
    Contact Rule              proven when it is stored: hours, a number to call, a default

Spec: docs/support.md, "By message".
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.workflow_manager.run import Run
from hub.workflows.support.callback_time import due_time
from hub.workflows.support.help_topics import complete_topic, prove_id
from hub.workflows.support.inventory import NothingAskedFor
from hub.workflows.support.inventory_answer import RESERVED, answered, prove_count, prove_free
from hub.workflows.support.records import (
    CLOSED,
    INVENTORY,
    KINDS,
    RecordKind,
    add_event,
    closed_date,
    new_number,
    prove_status,
)
from integration_objects.complex_object import carries, components, instances
from integration_objects.errors import Refused
from integration_objects.field_values import read_number
from integration_objects.names import CALLBACK, CONTACT_RULE, HELP_TOPIC, INVENTORY_REQUEST, TROUBLE_TICKET
from integration_objects.property_set import PropertySet

#: the objects of the customer support domain
SUPPORT_OBJECTS = (CALLBACK, CONTACT_RULE, HELP_TOPIC, INVENTORY_REQUEST, TROUBLE_TICKET)
#: fields that say when and by whom a new thing was asked for -> whether it is the time
_ASKED: Mapping[str, Mapping[str, bool]] = {
    CALLBACK: {"Asked Date": True, "Asked By": False},
    INVENTORY_REQUEST: {"Asked Date": True, "Asked By": False},
    TROUBLE_TICKET: {"Opened Date": True},
}
_VERSION = "Modification Number"


class AnswerOtherwise(Refused):
    """An inventory system tells a status that doesn't follow from what it has reserved."""

    what = "the request for inventory {number} can't be {told}"
    where = "request for inventory {number}, Status"
    why = "with {quantity} reserved, it is {status}"
    mend = "send what is reserved; the status may be left out, and follows from it"


def complete_support_object(run: Run, name: str, instance: PropertySet) -> None:
    """Complete an instance of a support object that will be upserted, and prove its change. Changes *instance*.

    Raises:
        StatusChangeRefused: its status doesn't lead to the new one.
        AnswerTooMuch, AnswerOtherwise, MoreNumbersThanItems, NothingAskedFor, NumberReserved: see there.
        NotInOrder, TopicIdUnfit, TopicIncomplete: see there.
    """
    if name == HELP_TOPIC:
        stored = _stored(run, HELP_TOPIC, "Topic Id", instance)
        topic = instance.get("Topic Id")
        if stored is None and topic is not None:
            prove_id(topic, "Help Topic, Topic Id")
        if stored is None or _changes(instance, stored):
            complete_topic(run, instance, stored, run.actor)
    elif name in KINDS:
        kind = KINDS[name]
        stored = _stored(run, name, kind.number, instance)
        if stored is None:
            _complete_new(run, kind, instance)
        elif _changes(instance, stored):
            _complete_change(run, kind, instance, stored)


def _stored(run: Run, name: str, field: str, instance: PropertySet) -> PropertySet | None:
    number = instance.get(field)
    found = [] if number is None else instances(run.query(name, {field: number}))
    return found[0] if found else None


def _changes(instance: PropertySet, stored: PropertySet) -> bool:
    """Tell whether an instance carries another value than is stored; its history and version don't count."""
    if any(instance.get(field) != stored.get(field) for field in instance.properties if field != _VERSION):
        return True
    known = {item.get("Number") for item in components(stored, RESERVED)}
    return any(item.get("Number") not in known for item in components(instance, RESERVED))


def _complete_new(run: Run, kind: RecordKind, instance: PropertySet) -> None:
    if instance.get(kind.number) is None:
        instance.properties[kind.number] = new_number(run, kind)
    for field, is_time in _ASKED[kind.object].items():
        if instance.get(field) is None:
            instance.properties[field] = run.now() if is_time else run.actor
    if kind is INVENTORY:
        _prove_new_request(run, instance)
    if kind.object == CALLBACK and instance.get("Due Date") is None:
        due = due_time(run, instance)
        instance.properties |= {"Due Date": due.date, "Contact Rule": due.rule}
    status = instance.get("Status") or "Open"
    add_event(run, instance, "Received", None, new=status, text=instance.get("Description"))


def _prove_new_request(run: Run, request: PropertySet) -> None:
    """Refuse a new request for inventory that asks for nothing, or whose answer doesn't fit it."""
    wanted = request.get("Quantity")
    if wanted is None:
        return  # the store names the field that is missing
    if read_number(wanted) <= 0:
        place, mend = "Inventory Request, Quantity", "send a quantity above 0"
        raise NothingAskedFor(argument="quantity", fault=f"the quantity is {wanted}", where=place, mend=mend)
    numbers = [item.get("Number") or "" for item in components(request, RESERVED)]
    told = request.get("Answered Quantity") or str(len(numbers))
    answered(PropertySet(request.type, properties={**request.properties, "Answered Quantity": "0"}), read_number(told))
    prove_count(request.get(INVENTORY.number), read_number(told), numbers, RESERVED)
    prove_free(run, request, numbers, RESERVED)


def _complete_change(run: Run, kind: RecordKind, instance: PropertySet, stored: PropertySet) -> None:
    if kind.object == INVENTORY_REQUEST and _is_answer(instance, stored):
        _answer(run, instance, stored)
    old, new = stored.get("Status"), instance.get("Status")
    number = stored.get(kind.number) or ""
    if new is not None and new != old:
        prove_status(kind.noun, number, old, new)
    changed = [field for field, value in instance.properties.items() if value != stored.get(field)]
    if new is not None and new != old and instance.get(CLOSED) in (None, stored.get(CLOSED)):
        instance.properties[CLOSED] = closed_date(run, kind, new)
    told = ", ".join(field for field in changed if field not in ("Status", _VERSION))
    add_event(run, instance, "Changed", None, old, new or old, told or None, stored)


def _is_answer(instance: PropertySet, stored: PropertySet) -> bool:
    quantity = instance.get("Answered Quantity")
    return carries(instance, RESERVED) or quantity not in (None, stored.get("Answered Quantity"))


def _answer(run: Run, instance: PropertySet, stored: PropertySet) -> None:
    """Work out the answer that an inventory system sends as the object: all that is reserved, as it stands now."""
    before = read_number(stored.get("Answered Quantity") or "0")
    own = [item.get("Number") or "" for item in components(stored, RESERVED)]
    told_now = [item.get("Number") or "" for item in components(instance, RESERVED)]
    numbers = [*own, *(reserved for reserved in told_now if reserved not in own)]
    total = read_number(instance.get("Answered Quantity") or str(len(numbers)))
    prove_count(stored.get(INVENTORY.number), total, numbers, RESERVED)
    prove_free(run, stored, numbers[len(own) :], RESERVED)
    told = instance.get("Status")
    status, quantity = answered(stored, total - before, final=told in ("Short", "Not Available"))
    if told not in (None, stored.get("Status"), status):
        raise AnswerOtherwise(number=stored.get(INVENTORY.number), told=told, status=status, quantity=quantity)
    instance.properties |= {
        "Answered Quantity": quantity,
        "Status": status,
        "Answered Date": run.now(),
        "Answered By": run.actor,
    }
