"""Bytes without a meaning: slack bytes before an aligned field, and at the end of an aligned table's occurrence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from integration_objects.component import FieldType
from schemas.layouts.values.form import InBytes, NotPlain


@dataclass
class Unused(InBytes):
    """Bytes that are written as *filling*, and kept where others were read.

    Attributes:
        length: bytes.
        filling: the byte that is written.
    """

    length: int
    filling: bytes = b"\x00"
    type: ClassVar[FieldType] = "text"

    @property
    def says(self) -> str:
        """The form in words."""
        return f"{self.length} unused bytes"

    def plain(self, text: str) -> None:
        """Return null for the filling."""
        if text != self.spelled(None):
            raise NotPlain

    def read(self, raw: bytes) -> tuple[str | None, bool]:
        """Return null for any bytes."""
        return None, raw == self.filling * self.length

    def write(self, value: str | None) -> bytes:
        """Return the filling."""
        return self.filling * self.length
