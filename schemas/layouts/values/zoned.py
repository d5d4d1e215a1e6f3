"""Zoned numbers: a digit a byte, with usage DISPLAY.

    unsigned            F1 F2 F3            123
    sign at a digit     F1 F2 C3, F1 F2 D3  123, -123 (the zone of the last or first digit)
    sign of its own     4E F1 F2 F3         +123 (before or behind the digits)

In ASCII, the digit with the sign is one of ``{ABCDEFGHI`` (0 to 9) and ``}JKLMNOPQR`` (-0 to -9).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from integration_objects.component import FieldType
from schemas.layouts.values.code_pages import CodePage
from schemas.layouts.values.digits import from_stored, in_words, to_stored
from schemas.layouts.values.form import InCharacters, NotPlain
from schemas.layouts.values.no_number import NoNumber

_PLUS, _MINUS = "{ABCDEFGHI", "}JKLMNOPQR"


@dataclass
class _Zoned(InCharacters):
    """A zoned number.

    Attributes:
        digits, scale: as in `Picture`.
        page: the code page.
        no_number: the meanings of blanks, low and high values.
    """

    type: ClassVar[FieldType] = "number"
    digits: int
    scale: int
    page: CodePage
    no_number: NoNumber

    @property
    def length(self) -> int:
        """The bytes."""
        return self.digits

    @property
    def _null(self) -> str:
        return self.page.decode(self.no_number.write(self.length))

    def write(self, value: str | None) -> bytes:
        """Return the bytes of a value; those of null may stand for no character of the code page."""
        return self.no_number.write(self.length) if value is None else super().write(value)


@dataclass
class Unsigned(_Zoned):
    """A zoned number without a sign."""

    @property
    def says(self) -> str:
        """The form in words."""
        return f"zoned, {in_words(self.digits, self.scale, False)}"

    def plain(self, text: str) -> str:
        """Return the number."""
        if text.isascii() and text.isdecimal():
            # The commonest number, a whole one without zeros before it, needs no work.
            return text if not self.scale and text[0] != "0" else from_stored(text, self.scale)
        raise NotPlain

    def read(self, raw: bytes) -> tuple[str | None, bool]:
        """Return the number; the zone of the last digit may be a plus sign."""
        found = self.no_number.read(raw)
        if found is not None:
            return found
        digits = _digits(raw[:-1], self.page)
        last, negative = _signed_digit(raw[-1], self.page)
        if negative:
            raise ValueError(f"the byte {raw[-1]:02X} makes it negative, and the field has no sign")
        return from_stored(digits + last, self.scale), raw[-1] == self.page.encode(last)[0]

    def spelled(self, value: str | None) -> str:
        """Return the digits."""
        if value is None:
            return self._null
        return to_stored(value, self.digits, self.scale, False)[0]


@dataclass
class Overpunched(_Zoned):
    """A zoned number with its sign in the zone of its first or last digit.

    Attributes:
        leading: whether the sign is at the first digit.
    """

    leading: bool = False
    # The characters of the digits 0 to 9 with a sign, and these digits by their characters.
    _plus: str = field(init=False, repr=False)
    _minus: str = field(init=False, repr=False)
    _signed: dict[str, tuple[str, bool]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._plus, self._minus = map(self.page.decode, _sign_bytes(self.page))
        self._signed = {sign: (str(digit), False) for digit, sign in enumerate(self._plus)}
        self._signed |= {sign: (str(digit), True) for digit, sign in enumerate(self._minus)}

    @property
    def says(self) -> str:
        """The form in words."""
        return f"zoned, {in_words(self.digits, self.scale, True)} at the {'first' if self.leading else 'last'} digit"

    def plain(self, text: str) -> str:
        """Return the number."""
        signed = self._signed.get(text[0] if self.leading else text[-1])
        if signed is None:
            raise NotPlain
        digit, negative = signed
        digits = digit + text[1:] if self.leading else text[:-1] + digit
        if not (digits.isascii() and digits.isdecimal()) or (negative and not digits.strip("0")):
            raise NotPlain
        return from_stored(digits, self.scale, negative)

    def read(self, raw: bytes) -> tuple[str | None, bool]:
        """Return the number; a digit without a sign is positive."""
        found = self.no_number.read(raw)
        if found is not None:
            return found
        punched, rest = (raw[0], raw[1:]) if self.leading else (raw[-1], raw[:-1])
        digit, negative = _signed_digit(punched, self.page)
        others = _digits(rest, self.page)
        value = from_stored(digit + others if self.leading else others + digit, self.scale, negative)
        return value, self.write(value) == raw

    def spelled(self, value: str | None) -> str:
        """Return the digits with the sign in a zone."""
        if value is None:
            return self._null
        digits, negative = to_stored(value, self.digits, self.scale, True)
        signs = self._minus if negative else self._plus
        return signs[int(digits[0])] + digits[1:] if self.leading else digits[:-1] + signs[int(digits[-1])]


@dataclass
class SeparatelySigned(_Zoned):
    """A zoned number with a byte for its sign.

    Attributes:
        leading: whether the sign stands before the digits.
    """

    leading: bool = False

    @property
    def length(self) -> int:
        """The bytes, with the sign's."""
        return self.digits + 1

    @property
    def says(self) -> str:
        """The form in words."""
        return f"zoned, {in_words(self.digits, self.scale, True)} {'before' if self.leading else 'behind'} the digits"

    def plain(self, text: str) -> str:
        """Return the number."""
        sign, digits = (text[0], text[1:]) if self.leading else (text[-1], text[:-1])
        negative = sign == "-"
        if (sign != "+" and not negative) or not (digits.isascii() and digits.isdecimal()):
            raise NotPlain
        if negative and not digits.strip("0"):
            raise NotPlain
        return from_stored(digits, self.scale, negative)

    def read(self, raw: bytes) -> tuple[str | None, bool]:
        """Return the number; a blank in the sign's place is a plus."""
        found = self.no_number.read(raw)
        if found is not None:
            return found
        place, rest = (raw[:1], raw[1:]) if self.leading else (raw[-1:], raw[:-1])
        sign = self.page.decode(place)
        if sign not in "+- ":
            raise ValueError(f"the byte {place[0]:02X} stands in the sign's place, and is neither + nor -")
        value = from_stored(_digits(rest, self.page), self.scale, sign == "-")
        return value, self.write(value) == raw

    def spelled(self, value: str | None) -> str:
        """Return the digits and the sign."""
        if value is None:
            return self._null
        digits, negative = to_stored(value, self.digits, self.scale, True)
        sign = "-" if negative else "+"
        return sign + digits if self.leading else digits + sign


def _sign_bytes(page: CodePage) -> tuple[bytes, bytes]:
    """Give the bytes of the digits 0 to 9 with a plus and with a minus."""
    if page.ebcdic:
        return bytes(range(0xC0, 0xCA)), bytes(range(0xD0, 0xDA))
    return page.encode(_PLUS), page.encode(_MINUS)


def _signed_digit(byte: int, page: CodePage) -> tuple[str, bool]:
    """Read a digit with or without a sign in its zone; return it, and whether it makes the number negative.

    Raises:
        ValueError: the byte is no digit.
    """
    if page.ebcdic:
        zone, digit = byte >> 4, byte & 0x0F
        if digit > 9 or zone < 0xA:
            raise ValueError(f"the byte {byte:02X} is no digit with a sign")
        return str(digit), zone in (0xB, 0xD)
    plus, minus = _sign_bytes(page)
    for table, negative in ((page.encode("0123456789"), False), (plus, False), (minus, True)):
        if byte in table:
            return str(table.index(byte)), negative
    raise ValueError(f"the byte {byte:02X} is no digit with a sign")


def _digits(raw: bytes, page: CodePage) -> str:
    """Read digits without a sign.

    Raises:
        ValueError: a byte is no digit; the text names the first.
    """
    text = page.decode(raw)
    for at, sign in enumerate(text):
        if not (sign.isascii() and sign.isdecimal()):
            raise ValueError(f"the byte {raw[at]:02X} is no digit")
    return text


@dataclass
class BlankZero:
    """A zoned number that is blank where it is zero (BLANK WHEN ZERO).

    Attributes:
        number: the form of all other values.
        blank: the byte of a blank.
    """

    number: Unsigned | Overpunched | SeparatelySigned
    blank: bytes
    type: ClassVar[FieldType] = "number"
    is_text: ClassVar[bool] = True

    @property
    def length(self) -> int:
        """The bytes."""
        return self.number.length

    @property
    def says(self) -> str:
        """The form in words."""
        return f"{self.number.says}, blank when zero"

    def plain(self, text: str) -> str:
        """Return the number; zero for blanks."""
        if not text.strip(" "):
            return "0"
        value = self.number.plain(text)
        if _is_zero(value):
            raise NotPlain
        return value

    def read(self, raw: bytes) -> tuple[str | None, bool]:
        """Return the number; zero for blanks."""
        if raw == self.blank * len(raw):
            return "0", True
        value, plain = self.number.read(raw)
        return value, plain and self.write(value) == raw

    def spelled(self, value: str | None) -> str:
        """Return the digits; blanks for zero."""
        text = self.number.spelled(value)
        return " " * len(text) if value is not None and _is_zero(value) else text

    def write(self, value: str | None) -> bytes:
        """Return the digits; blanks for zero."""
        raw = self.number.write(value)
        return self.blank * len(raw) if value is not None and _is_zero(value) else raw


def _is_zero(value: str) -> bool:
    return not value.strip("+-0.")
