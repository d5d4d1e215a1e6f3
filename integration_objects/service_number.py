"""Numbers and names as they are compared: people write one telephone number in many ways."""

from __future__ import annotations

import string

#: Blanks and signs that people put into a number, and that don't tell two numbers apart. The databases compare with
#: the same ones (`adapters.database.connection.statements`): another list needs new indexes.
SIGNS = " -./()+_:,"
_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_PLAIN = str.maketrans(dict.fromkeys(SIGNS)) | _SMALL


def plain_number(text: str) -> str:
    """Return a number without blanks and signs, in small letters.

    >>> plain_number("(509) 555-0140") == plain_number("509.555.0140")
    True
    """
    return text.translate(_PLAIN)


def plain_name(text: str) -> str:
    """Return a name with the letters A to Z in small: those that both databases make small.

    >>> plain_name("American Widgets")
    'american widgets'
    """
    return text.translate(_SMALL)
