"""Numbers that provisioning brings, and that another service has: a person must look at them.

The network has decided already, so that the answer is taken. The fallout entry is resolved when provisioning brings
another number, or a person does (order-synchronization service-id=).

Source: "each service item must have a unique identifier (e.g. telephone number)"; spec: docs/orders.md, "Numbers and
service points".
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.workflow_manager.run import Run
from hub.workflows.fulfilment import fallout_entries
from hub.workflows.state.id_holders import held_by_others
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet


def report_held_numbers(run: Run, order: PropertySet, lines: Sequence[PropertySet]) -> None:
    """Raise a fallout entry for each line that has got another service's number, and resolve those of the other lines.

    Args:
        run: the run; the order's account is locked.
        order: the order's instance, with the new numbers.
        lines: its lines whose Service Id provisioning has just brought.
    """
    if not lines:
        return
    held = held_by_others(run, order, lines)
    for key in (line.get(KEY) or "" for line in lines):
        if key in held:
            fallout_entries.raise_once(run, order, fallout_entries.NUMBER_HELD, held[key], [key])
        else:
            fallout_entries.resolve(run, order, fallout_entries.NUMBER_HELD, "the line has another number", [key])
