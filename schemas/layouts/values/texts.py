"""Fields of characters: X and A in a code page, N in UTF-16, G in a double-byte code page.

A value stands at the left of its field, or at the right where it is JUSTIFIED RIGHT, and blanks fill the rest. A field
of blanks is null. Blanks on the other side belong to the value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from integration_objects.component import FieldType
from schemas.layouts.values.code_pages import CodePage
from schemas.layouts.values.form import InBytes, InCharacters, NotPlain


def refuse_control_characters(text: str) -> None:
    """Refuse a text with a control character.

    Raises:
        ValueError: names the first one.
    """
    if text.isprintable():
        return
    for sign in text:
        if not sign.isprintable() and ord(sign) < 0xA0:
            raise ValueError(f"the character U+{ord(sign):04X} is a control character")


@dataclass
class Text(InCharacters):
    """Characters of a single-byte code page.

    Attributes:
        length: bytes and characters.
        page: the code page.
        right: whether the value stands at the right.
    """

    length: int
    page: CodePage
    right: bool = False
    type: ClassVar[FieldType] = "text"

    @property
    def says(self) -> str:
        """The form in words."""
        return f"text, {self.length} character{'s' * (self.length != 1)}{', at the right' * self.right}"

    def plain(self, text: str) -> str | None:
        """Return the characters without the filling blanks; None for blanks only."""
        value = text.lstrip(" ") if self.right else text.rstrip(" ")
        if not value:
            return None
        # Nearly every text is printable; control characters and bytes without a character need a closer look.
        if value.isprintable():
            return value
        raise NotPlain

    def read(self, raw: bytes) -> tuple[str | None, bool]:
        """Return the characters; null for a field of LOW-VALUES or HIGH-VALUES.

        Raises:
            ValueError: a byte stands for no character.
        """
        if raw.strip(b"\x00") == b"" or raw.strip(b"\xff") == b"":
            return None, False
        text = self.page.decode(raw)
        for at, sign in enumerate(text):
            if sign == "\ufffd":
                raise ValueError(f"the code page {self.page.name} has no character for the byte {raw[at]:02X}")
            if not sign.isprintable() and ord(sign) < 0xA0:
                raise ValueError(f"the byte {raw[at]:02X} is a control character")
        value = text.lstrip(" ") if self.right else text.rstrip(" ")
        return value or None, True

    def spelled(self, value: str | None) -> str:
        """Return the characters, filled with blanks."""
        value = value or ""
        if not value.isprintable():
            refuse_control_characters(value)
        text = value.rjust(self.length) if self.right else value.ljust(self.length)
        if len(text) > self.length:
            raise ValueError(f"at most {self.length} characters fit, and it has {len(text)}")
        return text


@dataclass
class Wide(InBytes):
    """Characters of two bytes each: national, or double-byte.

    Attributes:
        length: bytes.
        encoding: Python's name: "utf-16-be" for national.
        right: whether the value stands at the right.
    """

    length: int
    encoding: str = "utf-16-be"
    right: bool = False
    type: ClassVar[FieldType] = "text"

    @property
    def says(self) -> str:
        """The form in words."""
        return f"text, {self.length // 2} characters of two bytes ({self.encoding})"

    def plain(self, text: str) -> str | None:
        """Return the characters without the filling blanks."""
        try:
            decoded = bytes.fromhex(text).decode(self.encoding)
        except UnicodeDecodeError:
            raise NotPlain from None
        value = decoded.lstrip(" ") if self.right else decoded.rstrip(" ")
        if value and not value.isprintable():
            raise NotPlain
        return value or None

    def read(self, raw: bytes) -> tuple[str | None, bool]:
        """Return the characters; null for a field of LOW-VALUES or HIGH-VALUES."""
        if raw.strip(b"\x00") == b"" or raw.strip(b"\xff") == b"":
            return None, False
        try:
            text = raw.decode(self.encoding)
        except UnicodeDecodeError as error:
            raise ValueError(f"the bytes from place {error.start + 1} on are no text in {self.encoding}") from error
        refuse_control_characters(text)
        value = text.lstrip(" ") if self.right else text.rstrip(" ")
        return value or None, True

    def write(self, value: str | None) -> bytes:
        """Return the characters, filled with blanks."""
        try:
            raw = (value or "").encode(self.encoding)
            blank = " ".encode(self.encoding)
        except UnicodeEncodeError as error:
            sign = error.object[error.start]
            raise ValueError(f"{self.encoding} has no '{sign}' (U+{ord(sign):04X})") from error
        if len(raw) > self.length:
            raise ValueError(f"at most {self.length // 2} characters fit")
        refuse_control_characters(value or "")
        filling = blank * ((self.length - len(raw)) // len(blank))
        return filling + raw if self.right else raw + filling
