"""Update Opportunity: the revenue that a quote promises, as the revenue items of its opportunity.

Source: "Update Opportunity Process"; spec: docs/design/workflows.md.
"""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterator, Mapping
from decimal import Decimal

from hub.services.free_units import charged_quantity
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflows.quotes.quote_arguments import MODULE, QUOTE_NUMBER
from hub.workflows.quotes.quote_lines import the_quote
from hub.workflows.state.accounts import customer_of, the_account
from hub.workflows.state.lines import extend_quantities
from integration_objects.complex_object import action_code, instances, items_of, list_of, message, put_list
from integration_objects.errors import Refused
from integration_objects.field_values import LAST_YEAR, read_date, read_number
from integration_objects.property_set import PropertySet

OPPORTUNITY = "Opportunity"
REVENUE_ITEM = "Revenue Item"
#: revenue items of one opportunity: a guard against a mistyped Number Of Occurrences
MOST_ITEMS = 10_000
#: the length of a unit of measure, in months or in days
_MONTHS: Mapping[str, int] = {"month": 1, "quarter": 3, "year": 12}
_DAYS: Mapping[str, int] = {"day": 1, "week": 7}


class NoOpportunity(Refused):
    """A quote belongs to no opportunity."""

    what = "the quote {number} belongs to no opportunity"
    where = "quote {number}, Opportunity Id"
    why = "only the opportunity that a quote was made for has revenue from it"
    mend = "make quotes for an opportunity with new-quote opportunity="


class OpportunityUnknown(Refused):
    """There is no opportunity of this id."""

    what = "the opportunity '{opportunity_id}' is unknown"
    where = "{place}"
    why = "no opportunity of this id is stored"
    mend = "mend the Opportunity Id, or load the opportunity (orderhub load)"


class OpportunityOfAnother(Refused):
    """An opportunity belongs to another customer than the quote."""

    what = "the opportunity '{opportunity_id}' is another customer's"
    where = "{place}"
    why = (
        "it is a sale to the account '{account_id}' of the customer '{customer}'; the quote's account "
        "'{quote_account}' is of '{quote_customer}'"
    )
    mend = "name an opportunity of the quote's customer, or make the quote for an account of the other one"


class UnitHasNoLength(Refused):
    """A line's recurring charges have a unit of measure that is no length of time."""

    what = "the recurring charges of '{product}' can't be spread over time"
    where = "quote {number}, line {line}, Unit Of Measure"
    why = "expected one of {units}, found '{unit}'"
    mend = "mend the unit in the price list, and reprice the quote"


class TooMuchRevenue(Refused):
    """A quote's recurring charges would be too many revenue items, or would reach too far."""

    what = "the recurring charges of '{product}' are too many"
    where = "quote {number}, line {line}, Number Of Occurrences"
    why = "{reason}; the line has {occurrences} occurrences"
    mend = "mend the number in the price list, and reprice the quote"


def update_opportunity(run: Run, quote: str) -> Outcome:
    """Replace the revenue items of a quote's opportunity by those that the quote promises.

    Raises:
        QuoteUnknown, NoOpportunity, OpportunityUnknown, OpportunityOfAnother: see there.
        UnitHasNoLength, TooMuchRevenue: recurring charges that can't be spread over time.

    Source: "Update Opportunity Process", steps 1 to 4.
    """
    header = the_quote(run, quote)  # 1
    opportunity = _opportunity(run, header)  # 2
    opportunity.children = [node for node in opportunity.children if node.type != list_of(REVENUE_ITEM)]  # 3
    items = put_list(opportunity, REVENUE_ITEM)
    extend_quantities(header)
    start = opportunity.get("Close Date") or run.now()
    for line in items_of(header):  # 4
        if _promises(line):
            items.extend(_items(header, line, (line.get("Due Date") or start)[:10], len(items)))
    # Not an update: revenue items that the quote doesn't promise any more must be deleted.
    run.effects.synchronize(message(OPPORTUNITY, [opportunity]))
    return Outcome(objects=(message(OPPORTUNITY, [opportunity]),))


def the_opportunity(
    run: Run, opportunity_id: str, account: PropertySet, place: str = "argument 'opportunity'"
) -> PropertySet:
    """Return the stored opportunity, which belongs to the customer of *account* or to nobody yet.

    Raises:
        OpportunityUnknown: there is none.
        OpportunityOfAnother: it is a sale to another customer.
    """
    opportunities = instances(run.query(OPPORTUNITY, {"Opportunity Id": opportunity_id}))
    if not opportunities:
        raise OpportunityUnknown(opportunity_id=opportunity_id, place=place)
    account_id = opportunities[0].get("Account Id")
    if account_id is not None:
        customer = customer_of(run, the_account(run, account_id, f"opportunity {opportunity_id}, Account Id"))
        quote_customer = customer_of(run, account)
        if customer != quote_customer:
            raise OpportunityOfAnother(
                opportunity_id=opportunity_id,
                place=place,
                account_id=account_id,
                customer=customer,
                quote_account=account.get("Account Id"),
                quote_customer=quote_customer,
            )
    return opportunities[0]


def _opportunity(run: Run, header: PropertySet) -> PropertySet:
    number, opportunity_id = header.get("Quote Number"), header.get("Opportunity Id")
    if opportunity_id is None:
        raise NoOpportunity(number=number)
    account = the_account(run, header.get("Account Id") or "", f"quote {number}, Account Id")
    return the_opportunity(run, opportunity_id, account, f"quote {number}, Opportunity Id")


def _promises(line: PropertySet) -> bool:
    """Tell whether a line is revenue: added or updated, no usage, and of a quantity above zero."""
    return (
        action_code(line) in ("Add", "Update")
        and line.get("Price Type") != "Usage"
        and read_number(line.get("Extended Quantity") or "0") != 0
    )


def _items(header: PropertySet, line: PropertySet, start: str, before: int) -> Iterator[PropertySet]:
    """Yield the revenue items of one line: one, or for a recurring charge as many as its Number Of Occurrences.

    A recurring charge without a number lasts as long as the service: its first occurrence counts.
    """
    occurrences = 1
    if line.get("Price Type") == "Recurring" and line.get("Number Of Occurrences") is not None:
        # Cut before it is counted: a mistyped number may have fifteen digits, and each occurrence becomes a row.
        occurrences = int(min(read_number(line.get("Number Of Occurrences") or "1"), Decimal(MOST_ITEMS + 1)))
    if before + occurrences > MOST_ITEMS:
        raise TooMuchRevenue(
            **_about(header, line), reason=f"the opportunity would have more than {MOST_ITEMS:,} revenue items"
        )
    for number in range(occurrences):
        yield PropertySet(
            REVENUE_ITEM,
            properties={
                "Sequence": str(before + number + 1),
                "Product Id": line.get("Product Id"),
                "Quantity": charged_quantity(line, "Extended Quantity"),
                "Price": line.get("Adjusted Price"),
                "Date": start if number == 0 else _later(header, line, start, number),
                "Price Type": line.get("Price Type"),
                "Currency Code": line.get("Currency Code") or header.get("Currency Code"),
                "Quote Id": header.get("Row Id"),
            },
        )


def _later(header: PropertySet, line: PropertySet, start: str, units: int) -> str:
    """Return the date so many units of measure after *start*; a month's end stays in its month."""
    unit = (line.get("Unit Of Measure") or "").casefold()
    # Always counted from the first date: a charge of the 31st is on the 31st again after a shorter month.
    day = read_date(start).date()
    if unit in _MONTHS:
        years, month = divmod(day.month - 1 + units * _MONTHS[unit], 12)
        year = day.year + years
        if year <= LAST_YEAR:
            last = calendar.monthrange(year, month + 1)[1]
            return datetime.date(year, month + 1, min(day.day, last)).isoformat()
    elif unit in _DAYS:
        later = day + datetime.timedelta(days=units * _DAYS[unit])
        if later.year <= LAST_YEAR:
            return later.isoformat()
    else:
        known = ", ".join(name.capitalize() for name in (*_DAYS, *_MONTHS))
        raise UnitHasNoLength(**_about(header, line), units=known, unit=line.get("Unit Of Measure") or "")
    raise TooMuchRevenue(**_about(header, line), reason=f"its charges reach beyond the year {LAST_YEAR}")


def _about(header: PropertySet, line: PropertySet) -> dict[str, str | None]:
    """Return the values that an error tells of a line."""
    return {
        "product": line.get("Product Id"),
        "number": header.get("Quote Number"),
        "line": line.get("Line Number"),
        "occurrences": line.get("Number Of Occurrences"),
    }


WORKFLOWS = (
    named_workflow(
        "Update Opportunity",
        update_opportunity,
        "replace the revenue items of a quote's opportunity by those that the quote promises",
        QUOTE_NUMBER,
        module=MODULE,
    ),
)
