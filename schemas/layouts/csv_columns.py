"""The columns of a CSV file: how a value stands in a cell.

    text       characters; a formula stands behind an apostrophe, so that no program for tables runs it
    number     digits with a decimal point or comma, and with signs between the thousands where they are declared
    date       a form of `values.dates`
    flag       one text for Y and one for N

As in records of fixed width, the plain form of a value is the one that is written. A cell that was read in another form
keeps its bytes.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import ClassVar, Literal, Protocol

from integration_objects.component import FieldType
from integration_objects.field_values import as_number, check_characters, shown, write_number
from schemas.layouts.values.dates import DateForm
from schemas.layouts.values.form import NotPlain

#: What becomes of formulas: read and written behind an apostrophe, written so only, or left as they are.
Formulas = Literal["restored", "kept", "plain"]
#: The signs that make a formula of a text in programs for tables; the last four are as wide as an ideograph.
_SIGNS = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"
_FORMULA = re.compile(f"'*[{re.escape(_SIGNS)}]")
_GROUPED = 3


class CellForm(Protocol):
    """How a value stands in a cell, without the quotes."""

    type: ClassVar[FieldType]

    @property
    def says(self) -> str:
        """The form in words, for people."""

    def plain(self, text: str) -> str:
        """Return the value of a text in the plain form, on the fast path.

        Raises:
            NotPlain: the text is in another form, or in none.
        """

    def read(self, text: str) -> str:
        """Return the value of a text, which isn't empty.

        Raises:
            ValueError: the text is no value of this form; the error says why.
        """

    def write(self, value: str) -> str:
        """Return the text of a value, in the plain form.

        Raises:
            ValueError: the value doesn't fit; the error says what is allowed.
        """


@dataclass
class TextCell:
    """Characters.

    Attributes:
        length: the largest number of characters; None for no bound.
        values: the allowed values; none for no restriction.
        formulas: what becomes of texts that are formulas.
    """

    length: int | None = None
    values: tuple[str, ...] = ()
    formulas: Formulas = "restored"
    type: ClassVar[FieldType] = "text"

    @property
    def says(self) -> str:
        """The form in words."""
        bound = "" if self.length is None else f", {self.length} characters at most"
        return f"text{bound}{': ' * bool(self.values)}{', '.join(self.values)}"

    def plain(self, text: str) -> str:
        """Return a text that is printable, fits, and is no formula."""
        if not text.isprintable() or text[0] == "'" or text[0] in _SIGNS or self.values:
            raise NotPlain
        if self.length is not None and len(text) > self.length:
            raise NotPlain
        return text

    def read(self, text: str) -> str:
        """Return the characters; an apostrophe before a formula is taken away."""
        if self.formulas == "restored" and text[0] == "'" and _FORMULA.match(text):
            text = text[1:]
        self._prove(text)
        return text

    def write(self, value: str) -> str:
        """Return the characters; an apostrophe is put before a formula."""
        try:
            return self.plain(value)
        except NotPlain:
            self._prove(value)
        return "'" + value if self.formulas != "plain" and _FORMULA.match(value) else value

    def is_harmless(self, text: str) -> bool:
        """Tell whether a program for tables doesn't take the text for a formula, or the layout allows formulas."""
        return self.formulas == "plain" or not text.startswith(tuple(_SIGNS))

    def _prove(self, text: str) -> None:
        if self.length is not None and len(text) > self.length:
            raise ValueError(f"at most {self.length} characters are allowed, and it has {len(text)}")
        if self.values and text not in self.values:
            raise ValueError(f"expected one of {', '.join(self.values)}, found {shown(text)}")
        fault = check_characters(text)
        if fault is not None:
            raise ValueError(fault)


@dataclass
class NumberCell:
    """A number.

    Attributes:
        decimals: the digits behind the point; None for as many as a number has.
        point: the sign before them.
        thousands: the sign between the thousands; "" for none.
    """

    decimals: int | None = None
    point: str = "."
    thousands: str = ""
    type: ClassVar[FieldType] = "number"

    @property
    def says(self) -> str:
        """The form in words."""
        return f"number, such as {self._example}"

    @property
    def _example(self) -> str:
        return self.write("-1234" if self.decimals == 0 else "-1234.5")

    @cached_property
    def _plain(self) -> re.Pattern[str]:
        decimals = f"(?:{re.escape(self.point)}[0-9]+)?"
        if self.decimals is not None:
            decimals = f"{re.escape(self.point)}[0-9]{{{self.decimals}}}" if self.decimals else ""
        # A zero with a sign isn't the plain form: `read` looks at it.
        return re.compile(rf"(?:-?[1-9][0-9]{{0,{_GROUPED - 1 if self.thousands else ''}}}|0){decimals}")

    @cached_property
    def _written(self) -> re.Pattern[str]:
        """The numbers of a tree that need nothing but another decimal sign."""
        decimals = "" if self.decimals == 0 else f"\\.[0-9]{{{self.decimals}}}" if self.decimals else r"(?:\.[0-9]+)?"
        return re.compile(rf"(?:-?[1-9][0-9]{{0,{_GROUPED - 1 if self.thousands else ''}}}|0){decimals}")

    @cached_property
    def _any(self) -> re.Pattern[str]:
        whole = "[0-9]+"
        if self.thousands:
            whole = f"(?:[0-9]{{1,3}}(?:{re.escape(self.thousands)}[0-9]{{3}})+|[0-9]+)"
        return re.compile(f"[+-]?{whole}(?:{re.escape(self.point)}[0-9]*)?|[+-]?{re.escape(self.point)}[0-9]+")

    def plain(self, text: str) -> str:
        """Return a number as `write` writes it."""
        if not self._plain.fullmatch(text):
            raise NotPlain
        return text if self.point == "." else text.replace(self.point, ".")

    def read(self, text: str) -> str:
        """Return the number, with its decimals."""
        if not self._any.fullmatch(text):
            raise ValueError(f"expected a number such as {self._example}, found {shown(text)}")
        number = as_number(text.replace(self.thousands, "").replace(self.point, "."))
        assert number is not None  # noqa: S101  # the pattern admits nothing else
        return write_number(self._fitted(number))

    def write(self, value: str) -> str:
        """Return the number with its decimals."""
        # Nearly every number; those without a comma need no further look.
        if self._written.fullmatch(value):
            return value if self.point == "." else value.replace(".", self.point)
        number = as_number(value)
        if number is None:
            raise ValueError("it is no number")
        text = write_number(self._fitted(number))
        whole, point, decimals = text.partition(".")
        if self.thousands:
            sign, digits = whole[: whole.startswith("-")], whole.lstrip("-")
            first = len(digits) % _GROUPED
            groups = [digits[:first]] * bool(first)
            groups += [digits[at : at + _GROUPED] for at in range(first, len(digits), _GROUPED)]
            whole = sign + self.thousands.join(groups)
        return f"{whole}{self.point}{decimals}" if point else whole

    def _fitted(self, number: Decimal) -> Decimal:
        """Return the number with as many decimals as are declared."""
        if self.decimals is None:
            return number
        text = format(number, "f")
        fraction = text.partition(".")[2]
        if fraction[self.decimals :].strip("0"):
            raise ValueError(f"at most {self.decimals} decimals are allowed")
        # Not quantize: it refuses numbers of more than 28 digits.
        whole = text.partition(".")[0]
        return Decimal(f"{whole}.{fraction[: self.decimals].ljust(self.decimals, '0')}")


@dataclass
class DateCell:
    """A date.

    Attributes:
        form: how it is written.
    """

    form: DateForm
    type: ClassVar[FieldType] = "date"

    @property
    def says(self) -> str:
        """The form in words."""
        return self.form.says

    def plain(self, text: str) -> str:
        """Return the date: a form writes a day in one way only."""
        try:
            return self.form.read(text)
        except ValueError:
            raise NotPlain from None

    def read(self, text: str) -> str:
        """Return the ISO date."""
        return self.form.read(text)

    def write(self, value: str) -> str:
        """Return the date in its form."""
        return self.form.write(value)


@dataclass
class FlagCell:
    """Y or N.

    Attributes:
        yes, no: the texts of the cell.
    """

    yes: str = "Y"
    no: str = "N"
    type: ClassVar[FieldType] = "flag"

    @property
    def says(self) -> str:
        """The form in words."""
        return f"flag, {self.yes} or {self.no}"

    def plain(self, text: str) -> str:
        """Return Y or N."""
        if text == self.yes:
            return "Y"
        if text == self.no:
            return "N"
        raise NotPlain

    def read(self, text: str) -> str:
        """Return Y or N."""
        if text not in (self.yes, self.no):
            raise ValueError(f"expected {self.yes} or {self.no}, found {shown(text)}")
        return self.plain(text)

    def write(self, value: str) -> str:
        """Return the text of Y or N."""
        if value not in ("Y", "N"):
            raise ValueError("it is neither Y nor N")
        return self.yes if value == "Y" else self.no


@dataclass(frozen=True)
class Column:
    """A column of a kind of record.

    Attributes:
        name: the field's name, and the header's.
        form: how its values stand in cells.
        required: whether each record has a value.
        null: a text that stands for null besides the empty one; "" for none.
        where: file:line:column of the declaration.
    """

    name: str
    form: CellForm
    required: bool = False
    null: str = ""
    where: str = ""

    def read(self, text: str) -> tuple[str | None, str]:
        """Return a cell's value, and the text that stands for it in the plain form; None for null.

        Raises:
            ValueError: the text is no value of the column; the error says why.
        """
        if text in ("", self.null):
            if self.required:
                raise ValueError("a value is required")
            return None, self.null
        value = self.form.read(text)
        return value, self.form.write(value)

    def write(self, value: str | None) -> str:
        """Return the text of a value.

        Raises:
            ValueError: the value doesn't fit; the error says what is allowed.
        """
        if value is None or value == "":
            if self.required:
                raise ValueError("a value is required")
            return self.null
        text = self.form.write(value)
        if text == self.null:
            raise ValueError(f"{shown(text)} stands for null")
        return text
