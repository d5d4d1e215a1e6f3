"""Contact rules: which of them hold for what a person looks at, the most specific first; and the proof of loaded ones.

    conditions, in the order of their weight    Product Id, Order Type, Status, Region, Page, Applies

A rule holds where all conditions that it names are met. Of two rules that hold, the one is more specific that names the
first condition in which they differ; if both name it, the one whose word is nearer to the thing itself. A rule without
conditions is the default, which decides where no other holds.

Source: claim 19 ("an appropriate set of contact information for back office personnel").
Spec: docs/support.md, "Contacts".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hub.workflow_manager.run import Run
from hub.workflows.support.contact_context import ContactContext
from hub.workflows.support.hours import Hours, read_hours
from integration_objects.complex_object import instances
from integration_objects.errors import Refused
from integration_objects.field_values import read_number
from integration_objects.names import CONTACT_RULE
from integration_objects.property_set import PropertySet
from integration_objects.time_zone import ZoneUnknown, time_zone

#: the conditions on words, in the order of their weight; the times come last
CONDITIONS = ("Product Id", "Order Type", "Status", "Region", "Page")
APPLIES, HOURS = "Applies", "Hours"
#: working minutes within which somebody calls back, where the rule says none
CALLBACK_MINUTES = 240
#: the most that a rule may say: a year of minutes
_MOST_MINUTES = 365 * 24 * 60


class NoDefaultContact(Refused):
    """After a message there would be contact rules, and none that always holds."""

    what = "the contact rules have no default"
    where = "Contact Rule"
    why = "expected an active rule without conditions, which decides where no other holds; the rules are {rules}"
    mend = "send a rule that names a contact and no condition, in the same message or before"


class ContactUnreachable(Refused):
    """A contact rule names a contact without a telephone number and an e-mail address."""

    what = "the contact of the rule '{rule}' can't be reached"
    where = "Contact Rule {rule}"
    why = "it has neither a Phone Number nor an Email Address"
    mend = "give one of them"


class ContactZoneUnknown(Refused):
    """A contact rule's times are those of a zone that isn't there."""

    what = "the time zone of the rule '{rule}' is unknown"
    where = "Contact Rule {rule}, Time Zone"
    why = "{fault}"
    mend = "{mend}"


class CallbackMinutesUnfit(Refused):
    """A contact rule counts the time until a call in another way than in whole minutes."""

    what = "the rule '{rule}' can't have {minutes} Callback Minutes"
    where = "Contact Rule {rule}, Callback Minutes"
    why = "expected a whole number from 1 to {most}"
    mend = "give one, or leave it out for {usual}"


@dataclass(frozen=True)
class HoldingRule:
    """A rule that holds.

    Attributes:
        rule: the stored rule.
        hours: when its contact answers; None for always.
        because: the conditions that are met, for people; "" for the default.
    """

    rule: PropertySet
    hours: Hours | None
    because: str


def holding_rules(run: Run, context: ContactContext) -> list[HoldingRule]:
    """Return the rules that hold, the most specific first; none only where none is loaded."""
    found: list[tuple[list[int], HoldingRule]] = []
    for rule in instances(run.query(CONTACT_RULE, {"Active Flag": "Y"})):
        weights = _weights(run, rule, context)
        if weights is not None:
            hours = _hours(run, rule, HOURS)
            found.append((weights, HoldingRule(rule, hours, "; ".join(_told(rule)))))
    # Equal ones stand in the order of their names: the same question always has the same answer.
    found.sort(key=lambda pair: (pair[0], pair[1].rule.get("Rule Name") or ""))
    return [holding for _, holding in found]


def prove_rules(run: Run, rules: Iterable[PropertySet]) -> None:
    """Refuse loaded rules that can't be used, and rules without a default.

    Args:
        run: the run, in which they are stored already.
        rules: the instances that a message has brought; they may be parts.

    Raises:
        ContactUnreachable, ContactZoneUnknown, HoursUnreadable, CallbackMinutesUnfit: one can't be used.
        NoDefaultContact: there is no default.
    """
    names = {rule.get("Rule Name") for rule in rules}
    stored = instances(run.query(CONTACT_RULE, {}))
    for rule in (rule for rule in stored if rule.get("Rule Name") in names):
        name = rule.get("Rule Name")
        if rule.get("Phone Number") is None and rule.get("Email Address") is None:
            raise ContactUnreachable(rule=name)
        try:
            time_zone(_zone(run, rule))
        except ZoneUnknown as fault:
            raise ContactZoneUnknown(rule=name, fault=str(fault), mend=fault.mend) from fault
        for field in (APPLIES, HOURS):
            _hours(run, rule, field)
        minutes = rule.get("Callback Minutes")
        if minutes is not None and read_number(minutes) not in range(1, _MOST_MINUTES + 1):
            raise CallbackMinutesUnfit(rule=name, minutes=minutes, most=_MOST_MINUTES, usual=CALLBACK_MINUTES)
    if not any(rule.get("Active Flag") == "Y" and not list(_told(rule)) for rule in stored):
        raise NoDefaultContact(rules=", ".join(rule.get("Rule Name") or "" for rule in stored))


def _weights(run: Run, rule: PropertySet, context: ContactContext) -> list[int] | None:
    """Return the distance of each condition, a large one where the rule doesn't name it; None if the rule fails."""
    weights = []
    for field in CONDITIONS:
        wanted = rule.get(field)
        distance = 1_000 if wanted is None else context.words.get(field, {}).get(wanted.casefold())
        if distance is None:
            return None
        weights.append(distance)
    applies = _hours(run, rule, APPLIES)
    if applies is not None and not applies.holds(context.moment):
        return None
    return [*weights, 1 if applies is None else 0]


def _told(rule: PropertySet) -> Iterator[str]:
    """Yield the conditions of a rule, for people."""
    for field in (*CONDITIONS, APPLIES):
        if rule.get(field) is not None:
            yield f"{field} is {rule.get(field)}" if field != APPLIES else f"it is {rule.get(field)}"


def _hours(run: Run, rule: PropertySet, field: str) -> Hours | None:
    return read_hours(rule.get(field), _zone(run, rule), f"Contact Rule {rule.get('Rule Name')}, {field}")


def _zone(run: Run, rule: PropertySet) -> str:
    return rule.get("Time Zone") or run.runtime.zone_name
