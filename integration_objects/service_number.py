"""A service's number as it is compared: people write one telephone number in many ways."""

from __future__ import annotations

import string

#: Blanks and signs that people put into a number, and that don't tell two numbers apart. The databases compare with
#: the same ones (`adapters.database.connection.statements`): another list needs new indexes.
SIGNS = " -./()+_:,"
_PLAIN = str.maketrans(dict.fromkeys(SIGNS)) | str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def plain_number(text: str) -> str:
    """Return a number without blanks and signs, in small letters.

    >>> plain_number("(509) 555-0140") == plain_number("509.555.0140")
    True
    """
    return text.translate(_PLAIN)
