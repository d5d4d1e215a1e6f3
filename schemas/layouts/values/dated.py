"""Fields of records that hold dates: digits or characters in a declared form.

The copybook says how the digits stand in bytes, the layout says which date they are.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from integration_objects.component import FieldType
from schemas.layouts.values.dates import DateForm
from schemas.layouts.values.form import Form, NotPlain

#: Dates that are remembered: a file repeats few of them very often.
_REMEMBERED = 4_096


@dataclass(frozen=True)
class DateRule:
    """What a layout says about a field that holds dates.

    Attributes:
        form: the form of the dates.
        null: digits or characters that stand for null; "" for none.
    """

    form: DateForm
    null: str = ""


@dataclass
class Dated:
    """A date in a field of another form.

    Attributes:
        inner: the form of the digits or characters.
        rule: what the layout says about them.
    """

    inner: Form
    rule: DateRule
    type: ClassVar[FieldType] = "date"
    _read: dict[str, str | None] = field(default_factory=dict, repr=False)
    _written: dict[str | None, str] = field(default_factory=dict, repr=False)

    @property
    def length(self) -> int:
        """The field's bytes."""
        return self.inner.length

    @property
    def says(self) -> str:
        """The form in words."""
        return f"{self.rule.form.says}, {self.inner.says}"

    @property
    def is_text(self) -> bool:
        """Whether the inner form's text is its characters."""
        return self.inner.is_text

    def plain(self, text: str) -> str | None:
        """Return the date of a text that `spelled` makes."""
        if text not in self._read:
            value, is_plain = self._date(self.inner.plain(text), True)
            if not is_plain:
                raise NotPlain
            if len(self._read) >= _REMEMBERED:
                self._read.clear()
            self._read[text] = value
        return self._read[text]

    def spelled(self, value: str | None) -> str:
        """Return the text of an ISO date."""
        if value not in self._written:
            text = self.inner.spelled(self._inner_value(value))
            if len(self._written) >= _REMEMBERED:
                self._written.clear()
            self._written[value] = text
        return self._written[value]

    def read(self, raw: bytes) -> tuple[str | None, bool]:
        """Return the ISO date; null for the bytes that the layout, or the inner form, takes for null."""
        return self._date(*self.inner.read(raw))

    def _date(self, text: str | None, is_plain: bool) -> tuple[str | None, bool]:
        if text is None:
            # Null has one plain form: the layout's text, where it names one.
            return None, is_plain and not self.rule.null
        if self.inner.type == "number":
            # A number loses the zeros that a date begins with.
            text = text.zfill(self.rule.form.length)
        if text == self.rule.null:
            return None, is_plain
        return self.rule.form.read(text), is_plain

    def write(self, value: str | None) -> bytes:
        """Return the bytes of an ISO date."""
        return self.inner.write(self._inner_value(value))

    def _inner_value(self, value: str | None) -> str | None:
        return (self.rule.null or None) if value is None else self.rule.form.write(value)
