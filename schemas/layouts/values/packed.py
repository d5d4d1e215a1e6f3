"""Packed numbers: two digits a byte, and the sign in the last half byte.

12 3C       123         C (also A, E) above zero, D (also B) below
12 3F       123         F in a field without a sign
12 34       1234        unsigned packed (COMP-6): no half byte for a sign
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from integration_objects.component import FieldType
from schemas.layouts.values.digits import from_stored, in_words, to_stored
from schemas.layouts.values.form import InHalfBytes, NotPlain
from schemas.layouts.values.no_number import NoNumber


@dataclass
class Packed(InHalfBytes):
    """A packed number with a half byte for its sign.

    Attributes:
        digits, scale, signed: as in `Picture`.
        no_number: the meanings of blanks, low and high values.
    """

    digits: int
    scale: int
    signed: bool
    no_number: NoNumber
    type: ClassVar[FieldType] = "number"

    @property
    def length(self) -> int:
        """The bytes."""
        return self.digits // 2 + 1

    @property
    def says(self) -> str:
        """The form in words."""
        return f"packed, {in_words(self.digits, self.scale, self.signed)}"

    def plain(self, text: str) -> str:
        """Return the number."""
        digits, sign = text[:-1], text[-1]
        # An even number of digits leaves the first half byte unused: it is zero in the plain form.
        if not digits.isdecimal() or (len(digits) > self.digits and digits[0] != "0"):
            raise NotPlain
        if sign == ("c" if self.signed else "f"):
            return from_stored(digits, self.scale)
        if sign == "d" and self.signed and digits.strip("0"):
            return from_stored(digits, self.scale, True)
        raise NotPlain

    def read(self, raw: bytes) -> tuple[str | None, bool]:
        """Return the number; each half byte A to F is a sign."""
        found = self.no_number.read(raw)
        if found is not None:
            return found
        halves = raw.hex().upper()
        digits, sign = halves[:-1], halves[-1]
        if not digits.isdecimal():
            wrong = next(at for at, half in enumerate(digits) if not half.isdecimal())
            raise ValueError(f"the half byte {digits[wrong]} in byte {wrong // 2 + 1} is no digit")
        if sign.isdecimal():
            raise ValueError(f"the last half byte, {sign}, is no sign (A to F)")
        if sign in "BD" and not self.signed:
            raise ValueError(f"the sign {sign} makes it negative, and the field has no sign")
        if len(digits) > self.digits and digits[0] != "0":
            raise ValueError(f"it has {len(digits)} digits, and the field has {self.digits}")
        value = from_stored(digits, self.scale, sign in "BD")
        return value, self.write(value) == raw

    def spelled(self, value: str | None) -> str:
        """Return the digits and the sign."""
        if value is None:
            return self.no_number.write(self.length).hex()
        digits, negative = to_stored(value, self.digits, self.scale, self.signed)
        sign = ("d" if negative else "c") if self.signed else "f"
        return digits + sign if self.digits % 2 else f"0{digits}{sign}"


@dataclass
class UnsignedPacked(InHalfBytes):
    """A packed number without a half byte for a sign (COMP-6).

    Attributes:
        digits, scale: as in `Picture`.
        no_number: the meanings of blanks and high values; bytes 00 are a zero.
    """

    digits: int
    scale: int
    no_number: NoNumber
    type: ClassVar[FieldType] = "number"

    @property
    def length(self) -> int:
        """The bytes."""
        return (self.digits + 1) // 2

    @property
    def says(self) -> str:
        """The form in words."""
        return f"packed without a sign, {in_words(self.digits, self.scale, False)}"

    def plain(self, text: str) -> str:
        """Return the number."""
        if not text.isdecimal() or (len(text) > self.digits and text[0] != "0"):
            raise NotPlain
        return from_stored(text, self.scale)

    def read(self, raw: bytes) -> tuple[str | None, bool]:
        """Return the number."""
        try:
            return self.plain(raw.hex()), True
        except NotPlain:
            found = self.no_number.read(raw)
        if found is None:
            raise ValueError(f"{raw.hex().upper()} is no packed number of {self.digits} digits")
        return found

    def spelled(self, value: str | None) -> str:
        """Return the digits."""
        if value is None:
            return self.no_number.write(self.length).hex()
        digits, _ = to_stored(value, self.digits, self.scale, False)
        return digits.rjust(2 * self.length, "0")
