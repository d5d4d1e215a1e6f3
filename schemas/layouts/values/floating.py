"""Floating-point numbers (COMP-1, COMP-2), IBM's hexadecimal ones and IEEE 754's, without passing through a float.

A value is the shortest decimal that is written as the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import ClassVar, Literal

from integration_objects.component import FieldType
from integration_objects.field_values import as_number, write_number
from schemas.layouts.values.form import InBytes, NotPlain

#: Fraction bits and significant decimal digits that tell any two numbers apart, by length.
_IBM_BITS = {4: 24, 8: 56}
_IEEE_BITS = {4: (8, 23), 8: (11, 52)}
_ENOUGH = {4: 9, 8: 18}


@dataclass
class Floating(InBytes):
    """A floating-point number.

    Attributes:
        length: 4 or 8 bytes.
        kind: "ibm" for hexadecimal floating point, "ieee" for IEEE 754.
        order: the byte order.
    """

    length: int
    kind: Literal["ibm", "ieee"] = "ibm"
    order: Literal["big", "little"] = "big"
    type: ClassVar[FieldType] = "number"

    @property
    def says(self) -> str:
        """The form in words."""
        return f"floating point, {self.length} bytes ({'IBM hexadecimal' if self.kind == 'ibm' else 'IEEE 754'})"

    def plain(self, text: str) -> str:
        """Leave every number to `read`: records have few of them."""
        raise NotPlain

    def read(self, raw: bytes) -> tuple[str | None, bool]:
        """Return the shortest decimal that stands for the bytes.

        Raises:
            ValueError: the bytes are an infinity or no number.
        """
        bits = int.from_bytes(raw, self.order)
        value = self._shortest(bits)
        return value, self._bits(Fraction(value)) == bits

    def write(self, value: str | None) -> bytes:
        """Return the bytes of a number.

        Raises:
            ValueError: the value has more digits than the field can tell apart, or is too large or too small.
        """
        if value is None:
            raise ValueError("a floating-point number has no bytes for null")
        number = as_number(value)
        if number is None:
            raise ValueError("it is no number: digits with a sign and a point are expected")
        bits = self._bits(Fraction(number))
        nearest = self._shortest(bits)
        if Decimal(nearest) != number:
            raise ValueError(f"the field can't tell it from {nearest}")
        return bits.to_bytes(self.length, self.order)

    def _shortest(self, bits: int) -> str:
        """Write the shortest decimal of which *bits* hold the nearest number."""
        number = self._exact(bits)
        for digits in range(1, _ENOUGH[self.length] + 1):
            context = Context(prec=digits, rounding=ROUND_HALF_EVEN)
            decimal = context.divide(Decimal(number.numerator), Decimal(number.denominator))
            if self._exact(self._bits(Fraction(decimal))) == number:
                break
        return write_number(decimal)

    def _exact(self, bits: int) -> Fraction:
        width = 8 * self.length
        negative = bits >> (width - 1)
        if self.kind == "ibm":
            fraction_bits = _IBM_BITS[self.length]
            exponent = (bits >> fraction_bits & 0x7F) - 64
            number = Fraction(bits & ((1 << fraction_bits) - 1), 1 << fraction_bits) * Fraction(16) ** exponent
        else:
            exponent_bits, fraction_bits = _IEEE_BITS[self.length]
            biased = bits >> fraction_bits & ((1 << exponent_bits) - 1)
            fraction = bits & ((1 << fraction_bits) - 1)
            if biased == (1 << exponent_bits) - 1:
                raise ValueError("it holds an infinity, or no number")
            hidden = 1 << fraction_bits if biased else 0
            power = max(biased, 1) - (1 << (exponent_bits - 1)) + 1 - fraction_bits
            number = Fraction(hidden + fraction) * Fraction(2) ** power
        return -number if negative else number

    def _bits(self, number: Fraction) -> int:
        """Give the bits of the number nearest to *number*."""
        sign = (number < 0) << (8 * self.length - 1)
        number = abs(number)
        if not number:
            return 0
        return sign | (self._ibm_bits(number) if self.kind == "ibm" else self._ieee_bits(number))

    def _ibm_bits(self, number: Fraction) -> int:
        bits = _IBM_BITS[self.length]
        exponent = 0
        while number >= Fraction(16) ** exponent:
            exponent += 1
        while number < Fraction(16) ** (exponent - 1):
            exponent -= 1
        fraction = round(number / Fraction(16) ** exponent * (1 << bits))
        if fraction == 1 << bits:
            fraction, exponent = fraction >> 4, exponent + 1
        if not -64 <= exponent <= 63:
            raise ValueError("it is too large or too small for the field")
        return (exponent + 64) << bits | fraction

    def _ieee_bits(self, number: Fraction) -> int:
        exponent_bits, bits = _IEEE_BITS[self.length]
        bias = (1 << (exponent_bits - 1)) - 1
        power = number.numerator.bit_length() - number.denominator.bit_length()
        if number < Fraction(2) ** power:
            power -= 1
        power = max(power, 1 - bias)
        fraction = round(number / Fraction(2) ** (power - bits))
        if fraction == 2 << bits:
            fraction, power = fraction >> 1, power + 1
        if fraction < 1 << bits:
            if not fraction:
                raise ValueError("it is too small for the field")
            return fraction
        if power > bias:
            raise ValueError("it is too large for the field")
        return (power + bias) << bits | fraction & ((1 << bits) - 1)
