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

    what = "the {kind} '{name}' would {fault}"
    where = "{place}"
    why = "{other} lasts from {begin} until {end}"
    mend = "give the earlier one a To Date, in the same message where both change"


def prove_meters_apart(run: Run, changed: Iterable[PropertySet]) -> None:
    """Refuse Meter Locations that overlap others of their meter or of their service point.

    Args:
        run: the run, which has written them.
        changed: the written locations; only their keys are read.

    Raises:
        MetersOverlap: names both.
    """
    # Proven after the write, on what is stored: a message may end one location and begin another. An overlap undoes
    # the whole transaction.
    meters = sorted({location.get("Meter Id") or "" for location in changed})
    of_meters = run.headers(METER_LOCATION, {"Meter Id": meters})
    points = sorted({location.get("Service Point Id") or "" for location in of_meters})
    of_points = run.headers(METER_LOCATION, {"Service Point Id": points})
    for field, locations in (("Meter Id", of_meters), ("Service Point Id", of_points)):
        groups: dict[str, list[Header]] = {}
        for location in locations:
            groups.setdefault(location.get(field) or "", []).append(location)
        for name, group in groups.items():
            _prove_apart(field, name, group)


def _prove_apart(field: str, name: str, locations: Sequence[Header]) -> None:
    """Prove that the locations of one meter, or of one service point, follow one another."""
    before: Header | None = None
    before_ends: datetime.datetime | None = None
    # In the order in which they begin: if two locations overlap, two neighbours do.
    for location in sorted(locations, key=lambda location: read_date(location.get("From Date") or "")):
        begins, end = read_date(location.get("From Date") or ""), location.get("To Date")
        if end is not None and read_date(end) <= begins:
            raise MetersOverlap(
                f"the meter '{location.get('Meter Id')}' would be removed before it is installed",
                where=_place(location),
                why=f"its From Date is {location.get('From Date')} and its To Date {end}",
                mend="mend one of the dates",
            )
        if before is not None and (before_ends is None or begins < before_ends):
            of_meter = field == "Meter Id"
            raise MetersOverlap(
                kind="meter" if of_meter else "service point",
                name=name,
                fault="be in two places at once" if of_meter else "have two meters at once",
                place=_place(location),
                other=_place(before),
                begin=before.get("From Date"),
                end=before.get("To Date") or "now",
            )
        before, before_ends = location, None if end is None else read_date(end)


def _place(location: Header) -> str:
    return f"Meter Location {location.get('Meter Id')} at {location.get('Service Point Id')}"
