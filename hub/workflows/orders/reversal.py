"""Reversal: what billing was told of completed lines is undone, where the service profile doesn't have them.

    fallout-reverse    billing gets an event that undoes the charges of an entry's lines; the lines are settled by that

A line is billed when provisioning has completed it, and applied to the service profile afterwards. Fallout tells of
lines for which the second step didn't come. A line that is reversed is never applied later.

Source: "Apply Completed Sales Order Line Item Process"; spec: docs/orders.md, "Fallout"; docs/design/road.md, "Out
and back".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment import fallout_entries
from hub.workflows.fulfilment.reversible import BELOW_FAILED_CAUSES, REVERSED, reverse_charges, reversible_lines
from hub.workflows.orders.fallout import ENTRY, accounts_of_entry, open_entry
from hub.workflows.state.order_lookup import MODULE, in_force, order_in_hand
from integration_objects.complex_object import action_code, message
from integration_objects.errors import Refused
from integration_objects.names import KEY, ORDER
from integration_objects.property_set import PropertySet

_SETTLED = "the charges of the lines were reversed by {actor}"


class NothingToReverse(Refused):
    """A fallout entry has no line that was billed and isn't in the service profile."""

    what = "the fallout entry '{entry}' has no charge that could be reversed"
    where = "fallout entry {entry}"
    why = "{why_not}"
    mend = "`orderhub workflow fallout-list` names the workflows that can deal with this entry"


def reverse(run: Run, entry: str) -> Outcome:
    """Tell billing to undo the charges of an entry's lines that were billed and never came into the service profile.

    Returns:
        The order, and a note for each line that is reversed.

    Raises:
        FalloutUnknown, FalloutResolved: there is no such open entry.
        NothingToReverse: none of its lines was billed in vain, or their charges are reversed already.
    """
    found = open_entry(run, entry)
    if found["cause"] not in REVERSED or found["order_number"] is None:
        expected = ", ".join(REVERSED)
        raise NothingToReverse(
            entry=entry, why_not=f"its cause is {found['cause']}; charges are reversed if it is {expected}"
        )
    order = in_force(run, order_in_hand(run, found["order_number"]))
    lines = reversible_lines(run, order, found)
    if not lines:
        raise NothingToReverse(
            entry=entry, why_not="each of its lines is in the service profile, wasn't billed, or is reversed already"
        )
    reverse_charges(run, order, lines)
    _resolve(run, order, found)
    notes = [Note("reversed", _told(line), line.get(KEY), line.get("Product Id")) for line in lines]
    return Outcome(objects=(message(ORDER, [order]),), notes=tuple(notes))


def _resolve(run: Run, order: PropertySet, entry: Mapping[str, Any]) -> None:
    """Resolve the entries that the reversal has dealt with; failed lines are still to be tried again or given up."""
    how = _SETTLED.format(actor=run.actor)
    if entry["cause"] in BELOW_FAILED_CAUSES:
        fallout_entries.resolve(run, order, fallout_entries.BELOW_FAILED, how)
    else:
        run.effects.resolve_fallout(entry["row_id"], how)


def _told(line: PropertySet) -> str:
    price = line.get("Adjusted Price")
    amount = f" of {price} ({line.get('Price Type') or 'no price type'})" if price is not None else ""
    return f"the charge{amount} is undone ({action_code(line)}, {line.get('Completed Date')})"


WORKFLOWS = (
    named_workflow(
        "Fallout Reverse",
        reverse,
        "have billing undo the charges of lines that never came into the service profile",
        ENTRY,
        module=MODULE,
        accounts=accounts_of_entry,
    ),
)
