"""Binary numbers: COMP, COMP-4 and BINARY hold what their picture says, COMP-5 what its bytes can hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from integration_objects.component import FieldType
from schemas.layouts.values.digits import from_stored, in_words, to_stored
from schemas.layouts.values.form import InBytes, NotPlain


def binary_length(digits: int) -> int:
    """Give the bytes of a binary number: 2 for 1 to 4 digits, 4 for 5 to 9, 8 for 10 to 18, else 16."""
    return next((length for most, length in ((4, 2), (9, 4), (18, 8)) if digits <= most), 16)


@dataclass
class Binary(InBytes):
    """A binary number.

    Attributes:
        digits, scale, signed: as in `Picture`.
        native: whether the bytes alone bound the value, and not the picture.
        order: the byte order.
    """

    digits: int
    scale: int
    signed: bool
    native: bool = False
    order: Literal["big", "little"] = "big"
    type: ClassVar[FieldType] = "number"

    def __post_init__(self) -> None:
        #: the bytes
        self.length = binary_length(self.digits)
        self._beyond = 256**self.length if self.native else 10**self.digits

    @property
    def says(self) -> str:
        """The form in words."""
        bound = f"of {self.length} bytes" if self.native else f"for {in_words(self.digits, self.scale, self.signed)}"
        return f"binary {bound}, {self.order} end first"

    def plain(self, text: str) -> str:
        """Return the number."""
        number = int.from_bytes(bytes.fromhex(text), self.order, signed=self.signed)
        if not -self._beyond < number < self._beyond:
            raise NotPlain
        if not self.scale:
            return str(number)
        return from_stored(str(abs(number)), self.scale, number < 0)

    def read(self, raw: bytes) -> tuple[str | None, bool]:
        """Return the number."""
        try:
            return self.plain(raw.hex()), True
        except NotPlain:
            number = int.from_bytes(raw, self.order, signed=self.signed)
            raise ValueError(
                f"it holds {number}, and its picture has {self.digits} digits; COMP-5 would hold more"
            ) from None

    def write(self, value: str | None) -> bytes:
        """Return the number's bytes."""
        if value is None:
            raise ValueError("a binary number has no bytes for null")
        # A native number has a digit or two more than its picture, which the bytes decide about.
        digits, negative = to_stored(value, 39 if self.native else self.digits, self.scale, self.signed)
        number = -int(digits) if negative else int(digits)
        try:
            return number.to_bytes(self.length, self.order, signed=self.signed)
        except OverflowError:
            raise ValueError(f"it doesn't fit into {self.length} bytes") from None


@dataclass
class Pointer(InBytes):
    """An address of a program's memory, which means nothing outside: shown as hex digits.

    Attributes:
        length: bytes.
    """

    length: int = 4
    type: ClassVar[FieldType] = "text"

    @property
    def says(self) -> str:
        """The form in words."""
        return f"pointer, {self.length} bytes in hex"

    def plain(self, text: str) -> str:
        """Return the hex digits."""
        return text.upper()

    def read(self, raw: bytes) -> tuple[str | None, bool]:
        """Return the hex digits."""
        return raw.hex().upper(), True

    def write(self, value: str | None) -> bytes:
        """Return the bytes; zeros for null."""
        try:
            raw = bytes.fromhex(value) if value else bytes(self.length)
        except ValueError:
            raw = b""
        if len(raw) != self.length:
            raise ValueError(f"{2 * self.length} hex digits are expected")
        return raw
