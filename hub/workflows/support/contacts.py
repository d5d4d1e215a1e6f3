"""Contact For: whom to call about what a person looks at, and when.

Source: claims 6, 8 and 19. Spec: docs/support.md, "Contacts".
"""

from __future__ import annotations

import datetime

from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflows.support.contact_context import context_of
from hub.workflows.support.contact_rules import HOURS, HoldingRule, holding_rules
from hub.workflows.support.hours import DAYS, Hours
from hub.workflows.support.records import MODULE
from integration_objects.time_zone import time_zone

#: rows that an answer has
MOST_SHOWN = 10
#: the answer where nobody has loaded rules
NO_RULES = "no contact rule is loaded; hub/samples/contact_rules.xml shows how they are written"


def contact_for(
    run: Run,
    order: str | None = None,
    line: str | None = None,
    account: str | None = None,
    product: str | None = None,
    page: str | None = None,
    order_type: str | None = None,
    status: str | None = None,
    region: str | None = None,
    at: str | None = None,
    best: bool = False,
) -> Outcome:
    """Tell whom to call, by the contact rules that hold; the first row decides, the others are the next best.

    Args:
        run: the run.
        order, line, account, product, page: what the person looks at; a line is named on its order.
        order_type, status, region: in place of those that the order and its address tell.
        at: the moment; None for now.
        best: whether only the contact that decides is told.

    Raises:
        AccountUnknown, OrderUnknown, OrderOfAnotherAccount, LineWithoutOrder, OrderLineUnknown, ItemNameUnclear: what
            it is about isn't there.
    """
    context = context_of(run, order, line, account, product, page, order_type, status, region, at)
    rules = holding_rules(run, context)
    rows = [_row(holding, context.moment) for holding in rules[: 1 if best else MOST_SHOWN]]
    return Outcome(rows=tuple(rows), why="" if rows else NO_RULES)


def _row(holding: HoldingRule, moment: datetime.datetime) -> dict[str, str | None]:
    rule = holding.rule
    return {
        "contact": rule.get("Contact Name"),
        "phone": rule.get("Phone Number"),
        "email": rule.get("Email Address"),
        "hours": rule.get(HOURS) or "always",
        "now": "open" if _is_open(holding.hours, moment) else "closed",
        "next": _next(holding.hours, moment),
        "rule": rule.get("Rule Name"),
        "because": holding.because or "no other rule holds",
    }


def _is_open(hours: Hours | None, moment: datetime.datetime) -> bool:
    return hours is None or hours.holds(moment)


def _next(hours: Hours | None, moment: datetime.datetime) -> str | None:
    """Say until when an open contact answers, or when a closed one answers next."""
    if hours is None:
        return None
    if hours.holds(moment):
        end = hours.end_of(moment)
        return None if end is None else f"until {_by_the_clock(end, hours)}"
    begin = hours.next_begin(moment)
    return "not within a year" if begin is None else f"opens {_by_the_clock(begin, hours)}"


def _by_the_clock(moment: datetime.datetime, hours: Hours) -> str:
    """Write a moment as the clocks of the contact show it: Mon 2026-02-02 08:00."""
    shown = moment.astimezone(time_zone(hours.zone))
    return f"{DAYS[shown.weekday()]} {shown:%Y-%m-%d %H:%M}"


WORKFLOWS = (
    named_workflow(
        "Contact For",
        contact_for,
        "tell whom to call about an order, a line, an account, a product or a page, and when",
        Argument("order", "order", help="The order that the person looks at: the Order Number."),
        Argument("line", help="A line of the order: its Line Number, service id, product path, or key."),
        Argument("account", "account", help="The account: its Account Id, phone number or name."),
        Argument("product", help="The Product Id, in place of the order's."),
        Argument("page", help="The page that the person is on.", length=100),
        Argument("order-type", help="Add, Update, Delete, Move, Suspend or Resume, in place of the order's."),
        Argument("status", help="The status, in place of the order's."),
        Argument("region", help="City, state or country, in place of the address's."),
        Argument("at", "date", help="The moment: an ISO date-time; without it, now."),
        Argument("best", "flag", help="Y: only the contact that decides."),
        module=MODULE,
        asks_only=True,
        columns=("contact", "phone", "email", "hours", "now", "next", "rule", "because"),
    ),
)
