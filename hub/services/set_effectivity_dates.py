"""Set Effectivity Dates: when an item was completed, and from or until when its service runs.

Source: "h. Set Effectivity Dates Method", figures 11R to 11S-2; spec: docs/design/methods.md, "Set Effectivity Dates".
"""

from __future__ import annotations

from hub.services.items import check_items
from hub.services.objects import copied
from integration_objects.complex_object import all_items
from integration_objects.errors import Refused
from integration_objects.field_values import read_date
from integration_objects.property_set import PropertySet


class CompletedDateWrong(Refused):
    """The argument `completed` is no date."""


def set_effectivity_dates(object: PropertySet, completed: str | None = None) -> PropertySet:
    """Set each item's Completed Date, and its calculated start (Add) or end (Delete) to it.

    Runs before Logical Delete, which hides what was a Delete. Reads no clock.

    Args:
        object: an order. Not changed.
        completed: ISO date or date-time for items that have no Completed Date of their own; None leaves them
            null.

    Raises:
        CompletedDateWrong: *completed* is no date.
        Refused: what `check_items` finds.

    Source: "h. Set Effectivity Dates Method". The document says "the date the action code was set"; the date
    on which the change was completed is what it means for a service.
    """
    if completed is not None:
        try:
            read_date(completed)
        except ValueError as fault:
            raise CompletedDateWrong(
                "Set Effectivity Dates was given a date that is none",
                where="argument 'completed'",
                why=str(fault),
                mend="give an ISO date or date-time, or none",
            ) from fault
    check_items(object, "Set Effectivity Dates")
    result = copied(object)
    for item in all_items([result]):
        fields = item.properties
        own = fields.get("Completed Date")
        if own is None and completed is not None:
            fields["Completed Date"] = own = completed
        if fields["Action Code"] == "Add":
            fields["Calculated Effective Start Date"] = own
        elif fields["Action Code"] == "Delete":
            fields["Calculated Effective End Date"] = own
    return result
