"""Update Opportunity: what a quote promises, as the revenue items of its opportunity.

Source: "Update Opportunity Process"; spec: docs/design/workflows.md.
"""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterator, Mapping
from decimal import Decimal

from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflows.quotes.quote_arguments import MODULE, QUOTE_NUMBER
from hub.workflows.quotes.quote_lines import the_quote
from hub.workflows.state.accounts import customer_of, the_account
from hub.workflows.state.lines import extend_quantities
from integration_objects.complex_object import action_code, instances, list_of, message, put_list, walk_items
from integration_objects.errors import Refused
from integration_objects.field_values import LAST_YEAR, read_date, read_number
from integration_objects.property_set import PropertySet

OPPORTUNITY = "Opportunity"
REVENUE_ITEM = "Revenue Item"
#: revenue items of one opportunity: a guard against a mistyped Number Of Occurrences
MOST_ITEMS = 10_000
#: a unit of measure, as how many months or days
_MONTHS: Mapping[str, int] = {"month": 1, "quarter": 3, "year": 12}
_DAYS: Mapping[str, int] = {"day": 1, "week": 7}


class NoOpportunity(Refused):
    """A quote belongs to no opportunity."""


class OpportunityUnknown(Refused):
    """There is no opportunity of this id."""


class OpportunityOfAnother(Refused):
    """An opportunity is another customer's than the quote."""


class UnitHasNoLength(Refused):
    """Recurring charges of a line are to come a unit of measure apart that is no time."""


class TooMuchRevenue(Refused):
    """A quote's recurring charges would be too many revenue items, or would reach too far."""


def update_opportunity(run: Run, quote: str) -> Outcome:
    """Replace the revenue items of a quote's opportunity by what the quote promises.

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
    for line, _ in walk_items(header):  # 4
        if _promises(line):
            items.extend(_items(header, line, (line.get("Due Date") or start)[:10], len(items)))
    run.effects.synchronize(message(OPPORTUNITY, [opportunity]))
    return Outcome(objects=(message(OPPORTUNITY, [opportunity]),))


def the_opportunity(
    run: Run, opportunity_id: str, account: PropertySet, where: str = "argument 'opportunity'"
) -> PropertySet:
    """The stored opportunity, with this customer.

    Args:
        run: the run.
        opportunity_id: which one.
        account: the quote's account, any of the customer's.
        where: for errors, where the id stands.

    Raises:
        OpportunityUnknown: there is none.
        OpportunityOfAnother: it is a sale to another customer; one without an account may be anybody's.
    """
    found = instances(run.query(OPPORTUNITY, {"Opportunity Id": opportunity_id}))
    if not found:
        raise OpportunityUnknown(
            f"the opportunity '{opportunity_id}' is unknown",
            where=where,
            why="no opportunity of this id is stored",
            mend="mend the Opportunity Id, or load the opportunity (orderhub load)",
        )
    account_id = found[0].get("Account Id")
    if account_id is not None:
        theirs = customer_of(run, the_account(run, account_id, f"opportunity {opportunity_id}, Account Id"))
        ours = customer_of(run, account)
        if theirs != ours:
            raise OpportunityOfAnother(
                f"the opportunity '{opportunity_id}' is another customer's",
                where=where,
                why=f"it is a sale to the account '{account_id}' of the customer '{theirs}'; the quote's account "
                f"'{account.get('Account Id')}' is of '{ours}'",
                mend="name an opportunity of the quote's customer, or make the quote for an account of the other one",
            )
    return found[0]


def _opportunity(run: Run, header: PropertySet) -> PropertySet:
    number, opportunity_id = header.get("Quote Number"), header.get("Opportunity Id")
    if opportunity_id is None:
        raise NoOpportunity(
            f"the quote {number} belongs to no opportunity",
            where=f"quote {number}, Opportunity Id",
            why="only the opportunity that a quote was made for has revenue from it",
            mend="make quotes for an opportunity with new-quote opportunity=",
        )
    account = the_account(run, header.get("Account Id") or "", f"quote {number}, Account Id")
    return the_opportunity(run, opportunity_id, account, f"quote {number}, Opportunity Id")


def _promises(line: PropertySet) -> bool:
    """Whether a line is revenue: added or updated, no usage, and there is something of it."""
    return (
        action_code(line) in ("Add", "Update")
        and line.get("Price Type") != "Usage"
        and read_number(line.get("Extended Quantity") or "0") != 0
    )


def _items(header: PropertySet, line: PropertySet, start: str, before: int) -> Iterator[PropertySet]:
    """The revenue items of one line: one, or of a recurring charge as many as its Number Of Occurrences.

    A recurring charge that is made for as long as the service lasts has no number: its first one counts.
    """
    occurrences = 1
    if line.get("Price Type") == "Recurring" and line.get("Number Of Occurrences") is not None:
        occurrences = int(min(read_number(line.get("Number Of Occurrences") or "1"), Decimal(MOST_ITEMS + 1)))
    if before + occurrences > MOST_ITEMS:
        raise _too_much(header, line, f"the opportunity would have more than {MOST_ITEMS:,} revenue items")
    for number in range(occurrences):
        yield PropertySet(
            REVENUE_ITEM,
            properties={
                "Sequence": str(before + number + 1),
                "Product Id": line.get("Product Id"),
                "Quantity": line.get("Extended Quantity"),
                "Price": line.get("Adjusted Price"),
                "Date": start if number == 0 else _later(header, line, start, number),
                "Price Type": line.get("Price Type"),
                "Currency Code": line.get("Currency Code") or header.get("Currency Code"),
                "Quote Id": header.get("Row Id"),
            },
        )


def _later(header: PropertySet, line: PropertySet, start: str, units: int) -> str:
    """The date so many units of measure after *start*; a month's end stays in its month."""
    unit = (line.get("Unit Of Measure") or "").casefold()
    day = read_date(start).date()
    if unit in _MONTHS:
        month = day.month - 1 + units * _MONTHS[unit]
        year = day.year + month // 12
        if year > LAST_YEAR:
            raise _too_much(header, line, f"its charges reach beyond the year {LAST_YEAR}")
        last = calendar.monthrange(year, month % 12 + 1)[1]
        return datetime.date(year, month % 12 + 1, min(day.day, last)).isoformat()
    if unit in _DAYS:
        later = day + datetime.timedelta(days=units * _DAYS[unit])
        if later.year > LAST_YEAR:
            raise _too_much(header, line, f"its charges reach beyond the year {LAST_YEAR}")
        return later.isoformat()
    raise UnitHasNoLength(
        f"the recurring charges of '{line.get('Product Id')}' can't be spread over time",
        where=f"quote {header.get('Quote Number')}, line {line.get('Line Number')}, Unit Of Measure",
        why=f"expected one of {', '.join(one.capitalize() for one in (*_DAYS, *_MONTHS))}, "
        f"found '{line.get('Unit Of Measure') or ''}'",
        mend="mend the unit in the price list, and reprice the quote",
    )


def _too_much(header: PropertySet, line: PropertySet, why: str) -> TooMuchRevenue:
    return TooMuchRevenue(
        f"the recurring charges of '{line.get('Product Id')}' are too many",
        where=f"quote {header.get('Quote Number')}, line {line.get('Line Number')}, Number Of Occurrences",
        why=f"{why}; the line has {line.get('Number Of Occurrences')} occurrences",
        mend="mend the number in the price list, and reprice the quote",
    )


WORKFLOWS = (
    named_workflow(
        "Update Opportunity",
        update_opportunity,
        "replace the revenue items of a quote's opportunity by what the quote promises",
        QUOTE_NUMBER,
        module=MODULE,
    ),
)
