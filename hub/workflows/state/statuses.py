"""The statuses, and the only ways from one to another.

Source: the value tables under "Data Model and Tables"; spec: docs/design/road.md "Statuses".
"""

from __future__ import annotations

from integration_objects.errors import Refused

#: of what -> from -> to; anything else is refused
TRANSITIONS: dict[str, dict[str, frozenset[str]]] = {
    "quote": {"In Progress": frozenset({"Order Placed", "Cancelled"})},
    "order": {
        "New": frozenset({"Pending", "Open", "Cancelled"}),
        "Pending": frozenset({"Open", "Cancelled"}),
        "Open": frozenset({"Complete", "Failed", "Cancelled"}),
        "Failed": frozenset({"Open"}),
    },
    "order line": {
        "Pending": frozenset({"Open", "Cancelled"}),
        "Open": frozenset({"Complete", "Failed", "Rejected"}),
        "Failed": frozenset({"Open"}),
        "Rejected": frozenset({"Open"}),
    },
    "asset": {
        "Active": frozenset({"Suspended", "Inactive"}),
        "Suspended": frozenset({"Active", "Inactive"}),
    },
}

#: order lines whose change never comes, or not in this state: no part of the requested state
NEVER_COMES = frozenset({"Failed", "Rejected", "Cancelled"})
FAILED = frozenset({"Failed", "Rejected"})


class StatusChangeRefused(Refused):
    """A status would change in a way that the table doesn't have."""


def check_change(
    of: str,
    name: str,
    old: str | None,
    new: str,
    mend: str = "send a status that follows from the present one; a failed line opens again from its fallout entry",
) -> None:
    """Refuse a change of status that isn't in the table.

    Args:
        of: "quote", "order", "order line" or "asset".
        name: which one, for the error.
        old: its status now.
        new: what it would become.
        mend: what whoever asked for it can do.

    Raises:
        StatusChangeRefused: the table has no way from *old* to *new*.
    """
    allowed = TRANSITIONS[of].get(old or "", frozenset())
    if new not in allowed:
        raise StatusChangeRefused(
            f"the {of} {name} can't become {new}",
            why=f"it is {old or 'without a status'}, from which it can become "
            + (" or ".join(sorted(allowed)) or "nothing else"),
            mend=mend,
        )
