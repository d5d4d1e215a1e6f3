"""Time zones by name: the day and the time of a moment are those of a place.

The names and rules are those of the machine's time zone database; where it has none, those of the package tzdata.
"""

from __future__ import annotations

import functools
import zoneinfo

from integration_objects.field_values import shown
from integration_objects.nearest import nearest

UTC = "UTC"


class ZoneUnknown(ValueError):
    """There is no time zone of this name.

    Attributes:
        mend: the nearest name, or an example.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no time zone {shown(name)}")
        self.mend = nearest(name, zoneinfo.available_timezones()) or f"write {UTC}, or a name such as Europe/Berlin"


# Bounded, because a map may take the name of a zone from a message.
@functools.lru_cache(maxsize=64)
def time_zone(name: str) -> zoneinfo.ZoneInfo:
    """Return the time zone called *name*, ``Europe/Berlin``.

    Raises:
        ZoneUnknown: there is none.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    # A name is a file's path: it may lead out of the database (ValueError), or to a folder of it (OSError).
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ZoneUnknown(name) from None
