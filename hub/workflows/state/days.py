"""Dates against each other: a date without a time is a whole day in the deployment's time zone.

    first_moment     the moment at which a date begins
    is_before        every moment of one date comes before every moment of another
    is_to_come       a date is later than the run's time, by more than the systems' clocks may differ
    today            the present day
    moment_text      a moment, as the hub's clock writes it
    made_of          the moment at which the hub made an order

Spec: docs/orders.md, "Dates".
"""

from __future__ import annotations

import datetime

from hub.workflow_manager.run import Run
from hub.workflows.state.order_lookup import revision_of
from integration_objects.field_values import read_date
from integration_objects.names import ORDER
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import made_at
from integration_objects.time_zone import time_zone

#: How far two systems' clocks may differ. A moment that is wrong by less says nothing wrong.
CLOCK_SKEW = datetime.timedelta(minutes=5)
_DAY = datetime.timedelta(days=1)
_INSTANT = datetime.timedelta(microseconds=1)
_NO_TIME = datetime.timedelta()
#: the length of a date without a time, 2026-01-31
_DATE_ONLY = 10


def first_moment(text: str, zone: str) -> datetime.datetime:
    """Return the first moment that a date can mean; a date without a time begins at midnight in the *zone*.

    >>> first_moment("2026-07-01", "Europe/Berlin").isoformat()
    '2026-06-30T22:00:00+00:00'
    """
    moment = read_date(text)
    return moment if len(text) > _DATE_ONLY else moment.replace(tzinfo=time_zone(zone)).astimezone(datetime.UTC)


def moment_text(moment: datetime.datetime) -> str:
    """Return a moment in UTC as texts of due times have it, with microseconds."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def is_before(run: Run, left: str, right: str) -> bool:
    """Tell whether every moment of *left* comes before every moment of *right*, by more than clocks may differ.

    Two days are compared as days: no clock is at fault if somebody has named another day.
    """
    are_days = len(left) == len(right) == _DATE_ONLY
    return _moments(run, left)[1] + (_NO_TIME if are_days else CLOCK_SKEW) < _moments(run, right)[0]


def is_to_come(run: Run, date: str) -> bool:
    """Tell whether a date is in the future; a moment that a clock may have ahead isn't."""
    return is_before(run, run.now(), date)


def today(run: Run) -> str:
    """Return the day of the run's time, in the deployment's time zone."""
    return read_date(run.now()).astimezone(time_zone(run.runtime.zone_name)).date().isoformat()


def made_of(run: Run, order: PropertySet) -> str | None:
    """Return the moment at which the hub made an order, in its first revision; None for an order from elsewhere."""
    row_id = order.get("Row Id") or ""
    if revision_of(order) > 1:
        headers = run.headers(ORDER, {"Order Number": order.get("Order Number")})
        # Row ids are ordered by time: the smallest is that of the first revision.
        row_id = min((header["Row Id"] or "" for header in headers), default=row_id)
    return made_at(row_id)


def _moments(run: Run, text: str) -> tuple[datetime.datetime, datetime.datetime]:
    """Return the first and the last moment that a date can mean."""
    zone = run.runtime.zone_name
    first = first_moment(text, zone)
    if len(text) > _DATE_ONLY:
        return first, first
    # On the zone's clock and not by 24 hours: a day on which the clocks are changed is longer or shorter.
    last = (first.astimezone(time_zone(zone)) + _DAY).astimezone(datetime.UTC) - _INSTANT
    return first, last
