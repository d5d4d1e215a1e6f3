"""Answers to requests for inventory: the status that follows, and the proof of what is reserved.

Spec: docs/support.md, "Requests for inventory".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

from hub.workflow_manager.run import Run
from hub.workflows.support.records import INVENTORY
from integration_objects.complex_object import components
from integration_objects.errors import Refused
from integration_objects.field_values import read_number, write_number
from integration_objects.names import INVENTORY_REQUEST
from integration_objects.property_set import PropertySet

RESERVED = "Reserved Item"
_ARGUMENT = "argument 'numbers'"
#: statuses in which what a request reserved isn't reserved any more
_RELEASED = ("Cancelled", "Not Available")


class AnswerTooMuch(Refused):
    """More is answered than was asked for."""

    what = "the answer to the request for inventory {number} is too much"
    where = "request for inventory {number}"
    why = "{quantity} were asked for, and with this answer {total} would be reserved"
    mend = "reserve what was asked for, or ask for more with a request of its own"


class AnswerSaysNothing(Refused):
    """An answer reserves nothing, and doesn't say that nothing comes."""

    what = "the answer to the request for inventory {number} says nothing"
    where = "request for inventory {number}"
    why = "it reserves nothing, and doesn't say that no more comes"
    mend = "give quantity= or numbers=; or final=Y, if no more comes"


class MoreNumbersThanItems(Refused):
    """An answer names more numbers than it reserves items."""

    what = "the answer to the request for inventory {number} names too many numbers"
    where = "request for inventory {number}, {place}"
    why = "it reserves {quantity}, and names {count} numbers"
    mend = "name a number for each that is reserved, at most"


class NumberReserved(Refused):
    """A number is reserved already, or named twice."""

    what = "the number '{reserved}' can't be reserved"
    where = "request for inventory {number}, {place}"
    why = "{fault}"
    mend = "name another number"


def answered(stored: PropertySet, added: Decimal, final: bool = False) -> tuple[str, str]:
    """Return the status of a request after an answer, and all that is reserved then.

    Args:
        stored: the request.
        added: what is reserved now.
        final: whether no more comes.

    Raises:
        AnswerTooMuch: more would be reserved than was asked for.
    """
    wanted = read_number(stored.get("Quantity") or "0")
    total = read_number(stored.get("Answered Quantity") or "0") + added
    if added < 0 or total > wanted:
        raise AnswerTooMuch(
            number=stored.get(INVENTORY.number), quantity=write_number(wanted), total=write_number(total)
        )
    if total == wanted:
        status = "Answered"
    elif final:
        status = "Short" if total else "Not Available"
    else:
        status = "Partly Answered" if total else stored.get("Status") or "Open"
    return status, write_number(total)


def prove_answer(run: Run, stored: PropertySet, added: Decimal, numbers: Sequence[str], final: bool) -> None:
    """Refuse an answer that doesn't fit the request.

    Raises:
        AnswerSaysNothing, MoreNumbersThanItems, NumberReserved: see there.
    """
    number = stored.get(INVENTORY.number)
    if not added and not final:
        raise AnswerSaysNothing(number=number)
    prove_count(number, added, numbers, _ARGUMENT)
    own = {item.get("Number") for item in components(stored, RESERVED)}
    again = next((reserved for reserved in numbers if reserved in own), None)
    if again is not None:
        fault = "it is reserved for this request already"
        raise NumberReserved(number=number, reserved=again, fault=fault, place=_ARGUMENT)
    prove_free(run, stored, numbers, _ARGUMENT)


def prove_count(number: str | None, quantity: Decimal, numbers: Sequence[str], place: str) -> None:
    """Refuse numbers that are more than what is reserved, and a number that is named twice; *place* is the error's.

    Raises:
        MoreNumbersThanItems, NumberReserved: see there.
    """
    if len(numbers) > quantity:
        raise MoreNumbersThanItems(number=number, quantity=write_number(quantity), count=len(numbers), place=place)
    twice = next((each for each, count in Counter(numbers).items() if count > 1), None)
    if twice is not None:
        raise NumberReserved(number=number, reserved=twice, fault="it is named twice", place=place)


def prove_free(run: Run, request: PropertySet, numbers: Iterable[str], place: str) -> None:
    """Refuse a number that is reserved for another request for the same product; *place* is the error's.

    A request that is cancelled, or for which nothing comes, reserves nothing.

    Raises:
        NumberReserved: see there.
    """
    for reserved in () if request.get("Status") in _RELEASED else numbers:
        other = _holder(run, request, reserved)
        if other is not None:
            fault = f"it is reserved for the request {other}"
            raise NumberReserved(number=request.get(INVENTORY.number), reserved=reserved, fault=fault, place=place)


def _holder(run: Run, stored: PropertySet, reserved: str) -> str | None:
    """Return another request for the same product that has a number reserved; None for none."""
    holders = set(run.owners(INVENTORY_REQUEST, RESERVED, {"Number": reserved}))
    for number, header in sorted(run.by_key(INVENTORY_REQUEST, sorted(holders)).items()) if holders else ():
        # Numbers of another product are numbers of other things.
        if header["Product Id"] == stored.get("Product Id") and header["Status"] not in _RELEASED:
            return number
    return None
