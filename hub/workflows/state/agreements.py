"""Agreements that don't hold: told to whoever verifies, places or submits, and refused to nobody.

    not Active           the agreement is a draft, expired or terminated
    not on the day       the service is wanted before the agreement begins, or after it ends

The source names an agreement as that "under which the order was made", and says nothing of its status. Somebody may be
renewing it: the people who order decide.

Source: "Data Model and Tables", tables 4 to 8; spec: docs/workflows.md, "Accounts, agreements and service points".
"""

from __future__ import annotations

from hub.workflow_manager.outcome import Note
from hub.workflow_manager.run import Run
from hub.workflows.state.days import is_before, today
from hub.workflows.state.due_dates import due_date
from hub.workflows.state.rebase import leave_alone
from integration_objects.complex_object import action_code, items_of
from integration_objects.names import AGREEMENT, KEY
from integration_objects.property_set import PropertySet

KIND = "agreement"
_FIELD = "Agreement Id"


def agreement_notes(run: Run, document: PropertySet) -> list[Note]:
    """Report the agreements under which a quote or an order brings services, and that don't hold on their days.

    Each is told once, at the first of its lines. A line that leaves its service's agreement alone isn't looked at.

    Args:
        run: the run.
        document: an instance of OM Quote or OM Order.
    """
    changes = [item.copy_node() for item in items_of(document) if action_code(item) in ("Add", "Update")]
    leave_alone(changes)
    lines = [line for line in changes if line.get(_FIELD) is not None and line.get("Applied Date") is None]
    agreements = run.by_key(AGREEMENT, sorted({line.get(_FIELD) or "" for line in lines})) if lines else {}
    told: dict[str, Note] = {}
    for line in lines:
        name = line.get(_FIELD) or ""
        why = _why_not(run, agreements.get(name, {}), due_date(document, line) or today(run))
        if why is not None and name not in told:
            text = f"the agreement '{name}' {why}"
            told[name] = Note(KIND, text, line.get(KEY), line.get("Product Id"))
    return list(told.values())


def _why_not(run: Run, agreement: dict[str, str | None], day: str) -> str | None:
    """Say in a sentence's end why an agreement doesn't hold on a day; None where it does, or says nothing."""
    status, start, end = (agreement.get(name) for name in ("Status", "Effective Start Date", "Effective End Date"))
    if status not in (None, "Active"):
        return f"is {status}"
    if start is not None and is_before(run, day, start):
        return f"begins on {start}, and the service is wanted on {day}"
    if end is not None and is_before(run, end, day):
        return f"ended on {end}, and the service is wanted on {day}"
    return None
