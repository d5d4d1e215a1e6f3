"""Meters over time: a meter is in one place at a time, and a service point has one meter at a time.

Source: "Premises, Meters and Service Points", figure 7A; spec: docs/design/data-model.md, "Objects and where they
live".
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from hub.workflow_manager.run import Run
from hub.workflows.state.service_id import Header
from integration_objects.errors import Refused
from integration_objects.field_values import read_date
from integration_objects.property_set import PropertySet

METER_LOCATION = "Meter Location"


class MetersOverlap(Refused):
    """A meter would be in two places at once, or two meters at one service point, or removed before it came."""


def prove_meters_apart(run: Run, changed: Iterable[PropertySet]) -> None:
    """Refuse Meter Locations that overlap others of their meter or of their service point.

    Args:
        run: the run, which has written them.
        changed: those that it has written; their keys are all that is read of them.

    Raises:
        MetersOverlap: names both.
    """
    meters = sorted({one.get("Meter Id") or "" for one in changed})
    of_meters = run.headers(METER_LOCATION, {"Meter Id": meters})
    points = sorted({one.get("Service Point Id") or "" for one in of_meters})
    for field, found in (
        ("Meter Id", of_meters),
        ("Service Point Id", run.headers(METER_LOCATION, {"Service Point Id": points})),
    ):
        groups: dict[str, list[Header]] = {}
        for location in found:
            groups.setdefault(location.get(field) or "", []).append(location)
        for name, locations in groups.items():
            _prove_apart(field, name, locations)


def _prove_apart(field: str, name: str, locations: Sequence[Header]) -> None:
    """The locations of one meter, or of one service point, one after the other."""
    before: Header | None = None
    until: datetime.datetime | None = None
    for location in sorted(locations, key=lambda one: read_date(one.get("From Date") or "")):
        begins, end = read_date(location.get("From Date") or ""), location.get("To Date")
        if end is not None and read_date(end) <= begins:
            raise MetersOverlap(
                f"the meter '{location.get('Meter Id')}' would be removed before it is installed",
                where=_where(location),
                why=f"its From Date is {location.get('From Date')} and its To Date {end}",
                mend="mend one of the dates",
            )
        if before is not None and (until is None or begins < until):
            what = "meter" if field == "Meter Id" else "service point"
            raise MetersOverlap(
                f"the {what} '{name}' would be in two places at once"
                if field == "Meter Id"
                else f"the {what} '{name}' would have two meters at once",
                where=_where(location),
                why=f"{_where(before)} lasts from {before.get('From Date')} until {before.get('To Date') or 'now'}",
                mend="give the earlier one a To Date, in the same message where both change",
            )
        before, until = location, None if end is None else read_date(end)


def _where(location: Header) -> str:
    return f"Meter Location {location.get('Meter Id')} at {location.get('Service Point Id')}"
