"""What the writing of an instance did to its rows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Written:
    """How many rows an instance's writing inserted, updated and deleted.

    What is kept as JSON is counted as the rows that its view shows; the row that keeps it isn't counted for that.
    """

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def changed(self) -> bool:
        """Whether it wrote anything."""
        return bool(self.inserted or self.updated or self.deleted)
