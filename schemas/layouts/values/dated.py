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
    from_text: ClassVar[bool] = False
    _known: dict[bytes, str | None] = field(default_factory=dict, repr=False)

    @property
    def length(self) -> int:
        """The field's bytes."""
        return self.inner.length

    @property
    def says(self) -> str:
        """The form in words."""
        return f"{self.rule.form.says}, {self.inner.says}"

    def plain(self, data: bytes) -> str | None:
        """Return the date of bytes that `write` makes."""
        if data not in self._known:
            value, is_plain = self.read(data)
            if not is_plain:
                raise NotPlain
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[bytes(data)] = value
        return self._known[data]

    def read(self, raw: bytes) -> tuple[str | None, bool]:
        """Return the ISO date; null for the bytes that the layout, or the inner form, takes for null."""
        text, is_plain = self.inner.read(raw)
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
        if value is None:
            return self.inner.write(self.rule.null or None)
        return self.inner.write(self.rule.form.write(value))
