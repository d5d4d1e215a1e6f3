"""Code pages: the bytes of characters, for single-byte code pages of mainframes and others.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from functools import cache
from typing import Any

#: A letter that has two bytes or more wherever letters have several.
_WIDE = "\u00e4"
#: The characters of numbers, and those of signed digits in ASCII.
_NEEDED = " +-.,0123456789ABCDEFGHIJKLMNOPQR"


class CodePageUnknown(LookupError):
    """There is no code page of this name, its characters take several bytes, or it lacks those of numbers."""


@dataclass(frozen=True)
class CodePage:
    """A single-byte code page.

    Attributes:
        name: as declared, "cp037".
        characters: the character of each byte; U+FFFD for a byte that stands for none.
        encoding_map: Python's map from characters to bytes, which is several times faster than a dict.
        ebcdic: whether its digits stand at F0 to F9.
    """

    name: str
    characters: str
    encoding_map: Any
    ebcdic: bool

    def decode(self, raw: bytes) -> str:
        """Read bytes; a byte that stands for no character becomes U+FFFD."""
        return codecs.charmap_decode(raw, "strict", self.characters)[0]

    def encode(self, text: str) -> bytes:
        """Write text.

        Raises:
            ValueError: a character isn't in the code page; the text names the first.
        """
        try:
            return codecs.charmap_encode(text, "strict", self.encoding_map)[0]
        except UnicodeEncodeError as error:
            sign = text[error.start]
            raise ValueError(f"the code page {self.name} has no '{sign}' (U+{ord(sign):04X})") from error

    @property
    def blank(self) -> bytes:
        """The byte of a blank."""
        return self.encode(" ")


@cache
def code_page(name: str) -> CodePage:
    """Find a code page by its name in Python: "cp037", "cp273", "cp500", "cp1140", "ascii", "latin-1", "cp1252".

    Raises:
        CodePageUnknown: there is none of this name, or it isn't a single-byte one.
    """
    import ebcdic  # noqa: F401  # adds its code pages, cp1047 among them, to Python's

    try:
        characters = bytes(range(256)).decode(name, "replace")
        wide = len(_WIDE.encode(name, "replace")) != len(_WIDE)
    except (LookupError, UnicodeError) as error:
        raise CodePageUnknown(f"there is no code page '{name}'") from error
    if wide or len(characters) != 256:
        raise CodePageUnknown(f"the code page '{name}' doesn't have one byte a character")
    numbers: dict[int, int] = {}
    for at, sign in enumerate(characters):
        if sign != "\ufffd":
            numbers.setdefault(ord(sign), at)
    if not numbers.keys() >= set(map(ord, _NEEDED)):
        raise CodePageUnknown(f"the code page '{name}' lacks digits or signs that numbers are written with")
    # A few code pages give one character to several bytes. Only the first is read, or writing would change the byte.
    characters = "".join(sign if numbers.get(ord(sign)) == at else "\ufffd" for at, sign in enumerate(characters))
    # charmap_build takes U+FFFE for a byte without a character.
    encoding_map = codecs.charmap_build(characters.replace("\ufffd", "\ufffe"))
    return CodePage(name, characters, encoding_map, numbers.get(ord("0")) == 0xF0)
