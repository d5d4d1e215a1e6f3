"""The contract of a form: how one field's value stands in bytes.

    read(raw)        -> the value and whether it stands there in its plain form; ValueError with the reason
    write(value)     -> the bytes, in the plain form; ValueError with the reason
    plain(text)      -> the value of a plain form, on the fast path; NotPlain for everything else
    spelled(value)   -> the text of a plain form, on the fast path; ValueError with the reason

The text of a field is its characters in the code page, or the hex digits of its bytes. A record is turned into both
texts at once, which is much faster than to turn each field by itself; so are the texts of many fields into bytes.

A value can stand in several forms: a packed number may have the sign F instead of C. The plain form is the one that
`write` makes. What was read in another form keeps its bytes, so that it is written again as it was.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol

from integration_objects.component import FieldType
from schemas.layouts.values.code_pages import CodePage

#: The meaning of a number's bytes that are no number, such as blanks.
Meaning = Literal["refused", "null", "zero"]


class NotPlain(ValueError):
    """The bytes are not in the plain form; `Form.read` has to look at them."""


class Form(Protocol):
    """How one field's value stands in bytes."""

    @property
    def type(self) -> FieldType:
        """The type that the field has in a map."""

    @property
    def is_text(self) -> bool:
        """Whether the field's text is its characters; else it is the hex digits of its bytes, in lower case."""

    @property
    def length(self) -> int:
        """The field's bytes."""

    @property
    def says(self) -> str:
        """The form in words, for people: "packed, 7 digits, 2 of them behind the point, signed"."""

    def plain(self, text: str) -> str | None:
        """Return the value of a plain form; None for null.

        Raises:
            NotPlain: the text is in another form, or in none.
        """

    def spelled(self, value: str | None) -> str:
        """Return the text of a value: as many characters, or twice as many hex digits, as the field has bytes.

        Raises:
            ValueError: the value doesn't fit; the text says what is allowed.
        """

    def read(self, raw: bytes) -> tuple[str | None, bool]:
        """Return the value, and whether the bytes are what `write` makes of it.

        Raises:
            ValueError: the bytes are no value of this form; the text says why.
        """

    def write(self, value: str | None) -> bytes:
        """Return the bytes of a value; None for null.

        Raises:
            ValueError: the value doesn't fit; the text says what is allowed.
        """


class InCharacters:
    """Writes a form whose text is its characters.

    Attributes:
        page: the code page.
    """

    page: CodePage
    is_text: ClassVar[bool] = True

    def spelled(self, value: str | None) -> str:
        """Return the characters of a value."""
        raise NotImplementedError

    def write(self, value: str | None) -> bytes:
        """Return the bytes of a value; None for null."""
        return self.page.encode(self.spelled(value))


class InHalfBytes:
    """Writes a form whose text is the hex digits of its bytes."""

    is_text: ClassVar[bool] = False

    def spelled(self, value: str | None) -> str:
        """Return the hex digits of a value's bytes."""
        raise NotImplementedError

    def write(self, value: str | None) -> bytes:
        """Return the bytes of a value; None for null."""
        return bytes.fromhex(self.spelled(value))


class InBytes:
    """Spells a form that is written in bytes."""

    is_text: ClassVar[bool] = False

    def spelled(self, value: str | None) -> str:
        """Return the hex digits of a value's bytes."""
        return self.write(value).hex()

    def write(self, value: str | None) -> bytes:
        """Return the bytes of a value; None for null."""
        raise NotImplementedError
