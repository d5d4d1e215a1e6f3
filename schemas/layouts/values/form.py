"""The contract of a form: how one field's value stands in bytes.

    read(raw)     -> the value and whether it stands there in its plain form; ValueError with the reason
    write(value)  -> the bytes, in the plain form; ValueError with the reason
    plain(data)   -> the value of a plain form, on the fast path; NotPlain for everything else

A value can stand in several forms: a packed number may have the sign F instead of C. The plain form is the one that
`write` makes. What was read in another form keeps its bytes, so that it is written again as it was.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Protocol

from integration_objects.component import FieldType

#: The meaning of a number's bytes that are no number, such as blanks.
Meaning = Literal["refused", "null", "zero"]


class NotPlain(ValueError):
    """The bytes are not in the plain form; `Form.read` has to look at them."""


class Form(Protocol):
    """How one field's value stands in bytes.

    Attributes:
        type: the type that the field has in a map.
        from_text: whether `plain` takes the field's characters rather than its bytes.
    """

    type: ClassVar[FieldType]
    from_text: ClassVar[bool]

    @property
    def length(self) -> int:
        """The field's bytes."""

    @property
    def says(self) -> str:
        """The form in words, for people: "packed, 7 digits, 2 of them behind the point, signed"."""

    def plain(self, data: Any) -> str | None:
        """Return the value of a plain form; None for null.

        Raises:
            NotPlain: the bytes are in another form, or in none.
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
