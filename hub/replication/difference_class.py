"""Class a difference between the two sides: the reason for it, as far as the hub can tell.

    in flight       one side has told the other, or will with its next file
    pending order   an open order of the account will bring another value
    open conflict   a person must decide
    never sent      the hub's value waits for the next export
    lost            the partner has another value than it told, or than it accepted
    our fault       the hub rejected the partner's record, or can't write its own into the partner's layout

The function is pure.

Spec: docs/design/legacy.md, "Reconciliation".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

DifferenceClass = Literal["in flight", "pending order", "open conflict", "never sent", "lost", "our fault"]
CLASSES: Final[tuple[DifferenceClass, ...]] = get_args(DifferenceClass)
#: The classes that end by themselves, or by a decision that a person has before him: the others need a repair.
EXPECTED: Final[tuple[DifferenceClass, ...]] = ("in flight", "pending order", "open conflict", "never sent")


@dataclass(frozen=True)
class Difference:
    """A field, or a whole record, that isn't the same on both sides.

    Attributes:
        key: the record's key.
        field: the field's name; None where one side lacks the record.
        ours, theirs, agreed, sent: the values; of a whole record "present", or None where it isn't there.
        is_out: whether *sent* was sent, and the partner's answer hasn't come.
        is_open: whether a conflict about it waits for a person.
        is_pending: whether an open order brings another value.
        is_later: whether the partner changed the record after the last change that a file of it told of.
        fault: why the hub rejected the partner's record, or can't send its own; None for neither.
    """

    key: str
    field: str | None
    ours: str | None
    theirs: str | None
    agreed: str | None
    sent: str | None = None
    is_out: bool = False
    is_open: bool = False
    is_pending: bool = False
    is_later: bool = False
    fault: str | None = None


def class_of(difference: Difference) -> DifferenceClass:
    """Return the class of a difference.

    >>> class_of(Difference("1", "Name", ours="b", theirs="a", agreed="a"))
    'never sent'
    >>> class_of(Difference("1", "Name", ours="a", theirs="c", agreed="a"))
    'lost'
    """
    if difference.is_open:
        return "open conflict"
    if difference.fault is not None:
        return "our fault"
    if difference.is_pending:
        return "pending order"
    # The partner has applied the values that were sent, or has them before it.
    if difference.is_out and difference.sent in (difference.theirs, difference.ours):
        return "in flight"
    if difference.theirs == difference.agreed:
        return "never sent"
    return "in flight" if difference.is_later else "lost"
