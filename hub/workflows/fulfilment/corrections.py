"""Corrections: facts of completed lines that provisioning tells anew reach the service profile and billing.

A fact is a value beside the status: the service id, the day of completion, a deployment's own field.

Spec: docs/design/road.md, "Out and back".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.services.differences import same_value
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment.billing import bill_corrected_lines
from hub.workflows.fulfilment.completion_dates import prove_dates
from hub.workflows.fulfilment.profile_history import write_history
from hub.workflows.state.service_profile import INACTIVE
from integration_objects.complex_object import ComplexObject, action_code, is_tracked, message
from integration_objects.names import ASSET, BILLING_EVENT, KEY, LINE_ITEM
from integration_objects.property_set import PropertySet

COMPLETED_DATE = "Completed Date"
#: The date of a service, and of its order's line, that follows the day on which the line was completed.
_DATES = {
    "Add": ("Effective Start Date", "Calculated Effective Start Date"),
    "Delete": ("Effective End Date", "Calculated Effective End Date"),
}
_LINE_DATES = dict(_DATES.values())


@dataclass(frozen=True)
class Correction:
    """A line that was complete before the answer, and of which the answer changes facts.

    Attributes:
        item: the order's line, with the new facts.
        old: the former values of the facts that have changed, by field.
    """

    item: PropertySet
    old: Mapping[str, str | None]


def correct_lines(run: Run, order: PropertySet, corrections: Sequence[Correction]) -> None:
    """Bring corrected facts into the service profile and its history, and tell billing of them.

    A fact that another order has changed since then stays as that order has it, and billing isn't told.

    Args:
        run: the run; the order's account is locked.
        order: the order's instance, with the new facts. The dates of its lines follow, in place; the caller stores it.
        corrections: the lines. Lines that wait for the profile take their new facts along when they are applied.
    """
    moved = [_move_dates(correction) for correction in corrections]
    in_profile = {correction.item.get(KEY): correction for correction in moved if _is_in_profile(run, correction.item)}
    taken = _correct_profile(run, order, in_profile.values()) if in_profile else set()
    fields = run.definitions[BILLING_EVENT].root.children[LINE_ITEM].fields
    corrected = [
        correction.item
        for correction in moved
        # A fee never is in the profile. It has an Applied Date once its charge is reversed: nothing of it is left.
        if (correction.item.get("Applied Date") is None or correction.item.get(KEY) in taken)
        and any(name in fields or name == COMPLETED_DATE for name in correction.old)
    ]
    if corrected:
        bill_corrected_lines(run, order, corrected)


def _is_in_profile(run: Run, item: PropertySet) -> bool:
    return run.runtime.keeps_profiles and is_tracked(item) and item.get("Applied Date") is not None


def _move_dates(correction: Correction) -> Correction:
    """Set the line's start or end anew if the day of completion is another one; it is a fact of its own then."""
    item, old = correction.item, dict(correction.old)
    service_date, line_date = _DATES.get(action_code(item), ("", ""))
    if COMPLETED_DATE in old and service_date and item.get(line_date) is not None:
        old[service_date] = item.get(line_date)
        item.properties[line_date] = item.get(COMPLETED_DATE)
    return Correction(item, old)


def _correct_profile(run: Run, order: PropertySet, corrections: Iterable[Correction]) -> set[str | None]:
    """Write the new facts into the profile, with its history; returns the keys of the items that have them now."""
    # With Inactive items: the end of a service may be corrected, too.
    before = run.query(ASSET, {"Account Id": order.get("Account Id")})
    after = before.copy()
    component = run.definitions[ASSET].root.children[LINE_ITEM]
    view = ComplexObject.of(after)
    taken = set()
    for correction in corrections:
        service = view.by_key(correction.item.get(KEY))
        # A service that has ended since keeps the facts that it ended with.
        if service is None or (service.get("Status") == INACTIVE and action_code(correction.item) != "Delete"):
            continue
        for name, old in correction.old.items():
            field = component.fields.get(name)
            # Three values: a later order, or another correction, may have set the field since.
            if field is None or (name in component.not_applied and name not in _LINE_DATES):
                continue
            if same_value(field.type, service.get(name), old):
                service.properties[name] = correction.item.get(_LINE_DATES.get(name, name))
                taken.add(service.get(KEY))
        if COMPLETED_DATE in correction.old:
            start, end = (service.get(name) for name in _LINE_DATES)
            prove_dates(run, order, correction.item, start, end)
    if taken:
        write_history(run, before, after, dict.fromkeys(taken, "Update"), order)
        changed = ComplexObject.of(after).prune(lambda item: item.get(KEY) in taken)
        changed.properties["Operation"] = "upsert"
        run.effects.execute(message(ASSET, [changed]))
    return taken
