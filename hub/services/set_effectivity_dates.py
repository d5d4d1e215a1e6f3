"""Set Effectivity Dates: the day of completion, and the first or last day of the service.

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

    what = "the date of completion is no date"
    where = "argument 'completed'"
    why = "{fault}"
    mend = "give an ISO date or date-time, or none"


def set_effectivity_dates(object: PropertySet, completed: str | None = None) -> PropertySet:
    """Set each item's Completed Date, and set its calculated start (Add) or end (Delete) to the same date.

    Call it before Logical Delete, which turns every Delete into an Update. Reads no clock.

    Args:
        object: an order. Not changed.
        completed: ISO date or date-time for items that have no Completed Date of their own; None leaves them
            null.

    Raises:
        CompletedDateWrong: *completed* is no date.

    Source: "h. Set Effectivity Dates Method". The document says "the date the action code was set"; read as
    the date on which the change was completed, for only then the service has changed.
    """
    if completed is not None:
        try:
            read_date(completed)
        except ValueError as fault:
            raise CompletedDateWrong(fault=fault) from fault
    check_items(object)
    result = copied(object)
    for item in all_items([result]):
        fields = item.properties
        # Its own day first: lines of one order are completed on different days.
        own = fields.get("Completed Date")
        if own is None and completed is not None:
            fields["Completed Date"] = own = completed
        if fields["Action Code"] == "Add":
            fields["Calculated Effective Start Date"] = own
        elif fields["Action Code"] == "Delete":
            fields["Calculated Effective End Date"] = own
    return result
