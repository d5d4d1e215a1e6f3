"""Edited fields: numbers and texts as a program prints them.

    ZZ,ZZ9.99-   "  1,234.50-"        Z: blank for a zero before the first digit;  *: asterisk
    $$$,$$9.99   "    $12.00"         a floating sign stands before the first digit
    99.99CR      "12.00CR"            CR and DB stand behind a number below zero, blanks behind another
    XX/XX        "AB/CD"              B, 0 and / are put between the characters of a text

Reading is the opposite of writing: what would not be written so is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from integration_objects.component import FieldType
from schemas.layouts.copybook.picture import Picture, floating
from schemas.layouts.values.code_pages import CodePage
from schemas.layouts.values.digits import from_stored, in_words, to_stored
from schemas.layouts.values.form import InCharacters, NotPlain
from schemas.layouts.values.texts import refuse_control_characters

_INSERTED = {"B": " ", "0": "0", "/": "/"}


@dataclass
class EditedNumber(InCharacters):
    """A number as a program prints it.

    Attributes:
        picture: the picture.
        page: the code page.
        blank_when_zero: whether a zero is printed as blanks.
        comma: whether the comma is the decimal point.
    """

    picture: Picture
    page: CodePage
    blank_when_zero: bool = False
    comma: bool = False
    type: ClassVar[FieldType] = "number"
    _floating: frozenset[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._floating = frozenset(floating(self.picture.symbols))
        # The first place of a floating sign holds no digit.
        self._first = min(self._floating, default=-1)

    @property
    def length(self) -> int:
        """The bytes."""
        return self.picture.size

    @property
    def says(self) -> str:
        """The form in words."""
        picture = self.picture
        return f"edited as {picture.text}, {in_words(picture.digits, picture.scale, picture.signed)}"

    def plain(self, text: str) -> str | None:
        """Return the number; None for blanks where a zero isn't printed as blanks."""
        if not text.strip(" "):
            if self.blank_when_zero or self._print("0" * self.picture.digits, False) == text:
                return "0"
            return None
        digits = "".join(
            sign if sign.isdecimal() and sign.isascii() else "0"
            for sign, holds_digit in zip(text, self._digit_places(), strict=True)
            if holds_digit
        )
        negative = "-" in text or "CR" in text or "DB" in text
        value = from_stored(digits, self.picture.scale, negative)
        if self._printed(value) != text:
            raise NotPlain
        return value

    def read(self, raw: bytes) -> tuple[str | None, bool]:
        """Return the number.

        Raises:
            ValueError: the number would be printed in another way.
        """
        text = self.page.decode(raw)
        try:
            return self.plain(text), True
        except NotPlain:
            raise ValueError(f"'{text}' is no number that the picture {self.picture.text} prints") from None

    def spelled(self, value: str | None) -> str:
        """Return the printed number; blanks for null."""
        return " " * self.length if value is None else self._printed(value)

    def _printed(self, value: str) -> str:
        picture = self.picture
        digits, negative = to_stored(value, picture.digits, picture.scale, picture.signed)
        if self.blank_when_zero and not digits.strip("0"):
            return " " * self.length
        return self._print(digits, negative)

    def _digit_places(self) -> list[bool]:
        places: list[bool] = []
        for at, symbol in enumerate(self.picture.symbols):
            if symbol != "V":
                places += [self._is_digit(at, symbol)] * len(symbol)
        return places

    def _is_digit(self, at: int, symbol: str) -> bool:
        return symbol in "9Z*" or (at in self._floating and at != self._first)

    def _print(self, digits: str, negative: bool) -> str:
        """Edit *digits*: the steps of a COBOL compiler, symbol by symbol."""
        symbols = self.picture.symbols
        is_zero = not digits.strip("0")
        suppressible = [at for at, symbol in enumerate(symbols) if self._is_digit(at, symbol)]
        # A picture without a 9 prints a zero as blanks, or as asterisks around the point.
        if is_zero and not any(symbols[at] == "9" for at in suppressible):
            if any(symbol == "*" for symbol in symbols):
                return "".join("." if symbol == "." else "*" * len(symbol) for symbol in symbols if symbol != "V")
            return " " * self.length
        printed: list[str] = []
        left = iter(digits)
        started = False
        # The place where a floating sign stands: the last suppressed place before the first digit.
        sign_at = -1
        fill = "*" if "*" in symbols else " "
        for at, symbol in enumerate(symbols):
            if symbol == "V":
                started = True
            elif self._is_digit(at, symbol):
                digit = next(left)
                if not started and (digit != "0" or symbol == "9"):
                    started = True
                if started:
                    printed.append(digit)
                else:
                    sign_at = len(printed)
                    printed.append(fill)
            elif at in self._floating:
                sign_at = len(printed)
                printed.append(" ")
            elif symbol == ".":
                started = True
                printed.append(",") if self.comma else printed.append(".")
            elif symbol == ",":
                printed.append(("." if self.comma else ",") if started else fill)
                sign_at = sign_at if started or not self._floating or at < self._first else len(printed) - 1
            elif symbol in _INSERTED:
                printed.append(_INSERTED[symbol] if started or not self._suppresses(at) else fill)
                if not started and self._floating and at > self._first:
                    sign_at = len(printed) - 1
            else:
                printed.append(_fixed(symbol, negative))
        if self._floating:
            printed[sign_at] = _fixed(symbols[self._first], negative)
        return "".join(printed)

    def _suppresses(self, at: int) -> bool:
        """Tell whether a place for suppressed digits stands before the symbol *at*."""
        return any(symbol in "Z*" or place in self._floating for place, symbol in enumerate(self.picture.symbols[:at]))


def _fixed(symbol: str, negative: bool) -> str:
    """Print a sign or a currency sign."""
    if symbol == "+":
        return "-" if negative else "+"
    if symbol == "-":
        return "-" if negative else " "
    if symbol in ("CR", "DB"):
        return symbol if negative else "  "
    return symbol


@dataclass
class EditedText(InCharacters):
    """A text with signs put between its characters.

    Attributes:
        picture: the picture.
        page: the code page.
    """

    picture: Picture
    page: CodePage
    type: ClassVar[FieldType] = "text"

    @property
    def length(self) -> int:
        """The bytes."""
        return self.picture.size

    @property
    def says(self) -> str:
        """The form in words."""
        return f"text edited as {self.picture.text}"

    def plain(self, text: str) -> str | None:
        """Return the characters without the signs between them."""
        value = "".join(
            sign for sign, symbol in zip(text, self.picture.symbols, strict=True) if symbol not in _INSERTED
        ).rstrip(" ")
        if not value and not text.strip(" "):
            return None
        if not value.isprintable() or self._printed(value) != text:
            raise NotPlain
        return value

    def read(self, raw: bytes) -> tuple[str | None, bool]:
        """Return the characters.

        Raises:
            ValueError: the signs between them are others.
        """
        text = self.page.decode(raw)
        try:
            return self.plain(text), True
        except NotPlain:
            raise ValueError(f"'{text}' is no text that the picture {self.picture.text} prints") from None

    def spelled(self, value: str | None) -> str:
        """Return the edited text; blanks for null."""
        if value is None:
            return " " * self.length
        room = sum(symbol not in _INSERTED for symbol in self.picture.symbols)
        if len(value) > room:
            raise ValueError(f"at most {room} characters fit, and it has {len(value)}")
        refuse_control_characters(value)
        return self._printed(value)

    def _printed(self, value: str) -> str:
        left = iter(value)
        return "".join(_INSERTED.get(symbol) or next(left, " ") for symbol in self.picture.symbols)
