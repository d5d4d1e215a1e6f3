"""The statuses, and the only ways from one to another.

Source: the value tables under "Data Model and Tables"; spec: docs/design/road.md "Statuses".
"""

from __future__ import annotations

from integration_objects.errors import Refused

#: kind of thing -> from -> to; any other change is refused
TRANSITIONS: dict[str, dict[str, frozenset[str]]] = {
    "quote": {"In Progress": frozenset({"Order Placed", "Cancelled"})},
    "order": {
        "New": frozenset({"Pending", "Open", "Cancelled"}),
        "Pending": frozenset({"Open", "Cancelled"}),
        "Open": frozenset({"Complete", "Failed", "Cancelled"}),
        # Only by a retry from fallout, which asks for the failed lines again.
        "Failed": frozenset({"Open"}),
    },
    "order line": {
        "Pending": frozenset({"Open", "Cancelled"}),
        "Open": frozenset({"Complete", "Failed", "Rejected"}),
        "Failed": frozenset({"Open"}),
        "Rejected": frozenset({"Open"}),
    },
    # Inactive has no way out: a service that comes back is a new one, with a key of its own.
    "asset": {
        "Active": frozenset({"Suspended", "Inactive"}),
        "Suspended": frozenset({"Active", "Inactive"}),
    },
    "trouble ticket": {
        "Open": frozenset({"In Progress", "Pending", "Resolved"}),
        "In Progress": frozenset({"Open", "Pending", "Resolved"}),
        "Pending": frozenset({"Open", "In Progress", "Resolved"}),
        "Resolved": frozenset({"Closed", "Open"}),
        "Closed": frozenset({"Open"}),
    },
    "callback request": {
        "Open": frozenset({"Taken", "Postponed", "Done", "Cancelled"}),
        "Taken": frozenset({"Postponed", "Done", "Cancelled"}),
        "Postponed": frozenset({"Taken", "Done", "Cancelled"}),
    },
    "request for inventory": {
        "Open": frozenset({"Partly Answered", "Answered", "Short", "Not Available", "Cancelled"}),
        "Partly Answered": frozenset({"Answered", "Short", "Cancelled"}),
    },
    "help topic": {
        "Draft": frozenset({"Published", "Withdrawn"}),
        "Published": frozenset({"Draft", "Withdrawn"}),
        "Withdrawn": frozenset({"Draft", "Published"}),
    },
}

#: the kinds that people call by another word
_NOUNS = {"asset": "service", "order line": "line"}
#: the status of a quote that may still be changed, and of its lines
IN_PROGRESS = "In Progress"
#: statuses of lines that nobody works on yet; a line that isn't stored has none
UNTOUCHED = frozenset({None, IN_PROGRESS, "Pending"})
#: statuses of order lines whose change never comes, or not in this state: the requested state is without them
NEVER_COMES = frozenset({"Failed", "Rejected", "Cancelled"})
FAILED = frozenset({"Failed", "Rejected"})
#: a new status -> what people call the change
_CHANGES = {
    "Open": "be opened",
    "Complete": "be completed",
    "Failed": "fail",
    "Rejected": "be rejected",
    "Cancelled": "be cancelled",
    "Order Placed": "be placed",
    "Active": "be resumed",
    "Suspended": "be suspended",
    "Inactive": "be disconnected",
    "Taken": "be taken",
    "Postponed": "be postponed",
    "Done": "be done",
    "Resolved": "be resolved",
    "Closed": "be closed",
    "Partly Answered": "be answered",
    "Answered": "be answered",
    "Published": "be published",
    "Withdrawn": "be withdrawn",
}


class StatusChangeRefused(Refused):
    """A status would change in a way that the table doesn't have."""

    what = "the {kind} {name} can't {change}"
    why = "its status is {old}{allowed}"


def check_change(
    kind: str,
    name: str,
    old: str | None,
    new: str,
    mend: str = "send a status that follows from the present one; a failed line opens again from its fallout entry",
    where: str = "",
) -> None:
    """Refuse a change of status that isn't in the table.

    Args:
        kind: a key of `TRANSITIONS`.
        name: identifies the quote, order, line, service, ticket ..., for the error.
        old: the present status.
        new: the status that it would get.
        mend: the error's mend.
        where: the error's where.

    Raises:
        StatusChangeRefused: the table has no way from *old* to *new*.
    """
    allowed = TRANSITIONS[kind].get(old or "", frozenset())
    if new not in allowed:
        raise StatusChangeRefused(
            kind=_NOUNS.get(kind, kind),
            name=name,
            change=change_to(new),
            old=old or "unknown",
            allowed=f", and can become {' or '.join(sorted(allowed))}" if allowed else ", which is final",
            where=where,
            mend=mend,
        )


def change_to(status: str) -> str:
    """Return the words for a change to a status, behind "can't".

    >>> change_to("Cancelled"), change_to("Pending")
    ('be cancelled', 'become Pending')
    """
    return _CHANGES.get(status, f"become {status}")
