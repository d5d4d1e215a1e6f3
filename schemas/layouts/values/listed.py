"""Fields of records that hold only the values of their condition names (level 88), where a layout says so.

Condition names needn't be complete in a copybook, so that they are no check by themselves.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from integration_objects.component import FieldType
from integration_objects.field_values import as_number, shown
from schemas.layouts.copybook.entries import Condition
from schemas.layouts.values.code_pages import CodePage
from schemas.layouts.values.form import Form, NotPlain

#: Values that are remembered: a file repeats few of them very often.
_REMEMBERED = 4_096


@dataclass
class Listed:
    """A field that holds only the values of its condition names.

    Attributes:
        inner: the form of all values.
        conditions: the condition names with their values; "" stands for blanks.
        page: the code page, whose order ranges of texts have.
    """

    inner: Form
    conditions: Sequence[Condition]
    page: CodePage
    _known: dict[str | None, bool] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Prove that the field can hold the values.

        Raises:
            ValueError: it can't hold one of them.
        """
        every = [value for condition in self.conditions for value in condition.values]
        pairs = [(value, value) if isinstance(value, str) else value for value in every]
        for value in {value for pair in pairs for value in pair if value}:
            self.inner.write(value)
        self._ranges = [(self._rank(first), self._rank(last)) for first, last in pairs if first and last]
        self._takes_null = ("", "") in pairs

    @property
    def type(self) -> FieldType:
        """The type of the inner form."""
        return self.inner.type

    @property
    def is_text(self) -> bool:
        """Whether the inner form's text is its characters."""
        return self.inner.is_text

    @property
    def length(self) -> int:
        """The field's bytes."""
        return self.inner.length

    @property
    def says(self) -> str:
        """The form in words."""
        return f"{self.inner.says}, only the values of its conditions"

    def plain(self, text: str) -> str | None:
        """Return the value of a plain form."""
        value = self.inner.plain(text)
        if not self._allows(value):
            raise NotPlain
        return value

    def read(self, raw: bytes) -> tuple[str | None, bool]:
        """Return the value, and whether the bytes are what `write` makes of it."""
        value, is_plain = self.inner.read(raw)
        self._refuse_others(value)
        return value, is_plain

    def spelled(self, value: str | None) -> str:
        """Return the text of a value."""
        self._refuse_others(value)
        return self.inner.spelled(value)

    def write(self, value: str | None) -> bytes:
        """Return the bytes of a value."""
        self._refuse_others(value)
        return self.inner.write(value)

    def _refuse_others(self, value: str | None) -> None:
        if not self._allows(value):
            found = "null" if value is None else shown(value)
            raise ValueError(f"{found} is no value of {', '.join(map(str, self.conditions))}")

    def _allows(self, value: str | None) -> bool:
        if value is None:
            return self._takes_null
        if value not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            rank = self._rank(value)
            self._known[value] = any(first <= rank <= last for first, last in self._ranges)  # type: ignore[operator]
        return self._known[value]

    def _rank(self, value: str) -> Decimal | bytes:
        """Return the place of a value among all values of the field."""
        if self.inner.type != "number":
            return self.page.encode(value.ljust(self.inner.length))
        number = as_number(value)
        if number is None:
            raise ValueError(f"{shown(value)} is no number")
        return number
