"""Passwords: which ones are taken, their digests by argon2id, and passwords made by chance.

A password is taken as it was typed: nothing is cut off, and no character is changed.

Source: OWASP ASVS 5.0, 6.2 (password security), 11.4.2 (digests of passwords).
Spec: docs/users.md, "Passwords".
"""

from __future__ import annotations

from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.access.forbidden_passwords import WORDS
from integration_objects.errors import Refused
from integration_objects.surroundings import new_token

LEAST_LENGTH, MOST_LENGTH = 12, 256
#: Different characters that a password has at least.
_LEAST_CHARACTERS = 5
#: Letters of a name or a company from which on it is a word of its own.
_LEAST_WORD = 3
#: Characters of a password made by chance: 120 bits.
_MADE_LENGTH = 20
#: Signs that people write in place of letters.
_LETTERS = str.maketrans("013457@$!", "oieastasi")
#: Digits as they are counted, as often as a password can have them.
_DIGITS = "0123456789" * 27
#: The costs that OWASP asks for at least: 19 MiB and two passes. More would let a few log-ins at once fill the memory.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: The digest of no password: a log-in by an unknown name takes as long as one by a known name.
_NOBODYS = _HASHER.hash(new_token())


class PasswordUnfit(Refused):
    """A password is one that others guess, or can't be a password. The error doesn't quote it."""

    what = "this can't be a password"
    where = "the new password"
    why = "{fault}"
    mend = "choose a longer one, such as four words that don't belong together"


def check_password(password: str, names: Iterable[str | None] = ()) -> None:
    """Refuse a new password that others would guess.

    Args:
        names: names that belong to the user, such as the user's own and the company's.

    Raises:
        PasswordUnfit: says why.
    """
    if not LEAST_LENGTH <= len(password) <= MOST_LENGTH:
        raise PasswordUnfit(fault=f"a password has {LEAST_LENGTH} to {MOST_LENGTH} characters")
    if not _is_text(password):
        raise PasswordUnfit(fault="it has characters that can't be typed")
    if len(set(password.casefold())) < _LEAST_CHARACTERS:
        raise PasswordUnfit(fault=f"it has fewer than {_LEAST_CHARACTERS} different characters")
    words = WORDS.union(*(_words_of(name) for name in names if name))
    if _is_guessed(password.casefold(), words):
        raise PasswordUnfit(fault="it is made of words, names or numbers that others try first")


def password_digest(password: str) -> str:
    """Return the digest of a password, with its salt and costs."""
    return _HASHER.hash(password)


def is_password(password: str, digest: str | None) -> bool:
    """Whether *password* has this digest; None for nobody's digest, which takes as long and is never right."""
    if len(password) > MOST_LENGTH or not _is_text(password):
        return False
    try:
        return _HASHER.verify(digest or _NOBODYS, password) and digest is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(digest: str) -> bool:
    """Whether a digest was made with other costs than a new one."""
    return _HASHER.check_needs_rehash(digest)


def new_password() -> str:
    """Make a password that nobody can guess."""
    return new_token()[:_MADE_LENGTH]


def _is_text(password: str) -> bool:
    """Whether a password is text that can be typed: no control characters, and no half characters."""
    return all(sign.isprintable() for sign in password)


def _words_of(name: str) -> set[str]:
    """Return the words of a name: its parts, and all of it."""
    parts = "".join(sign if sign.isalpha() else " " for sign in name.casefold()).split()
    return {word for word in (*parts, "".join(parts)) if len(word) >= _LEAST_WORD}


def _is_guessed(folded: str, words: frozenset[str]) -> bool:
    letters = "".join(filter(str.isalpha, folded))
    if not letters:
        digits = "".join(filter(str.isdigit, folded))
        return digits in _DIGITS or digits in _DIGITS[::-1]
    return _is_made_of(letters, words) or _is_made_of(folded, words)


def _is_made_of(text: str, words: frozenset[str]) -> bool:
    """Whether a text is nothing but words, with other signs than letters between them, or in place of letters."""
    longest = max(map(len, words))
    meant = text.translate(_LETTERS)
    # The places up to which the text is made so; a search that goes back and forth could take for ever.
    reached = {0}
    for start in range(len(text)):
        if start in reached:
            if not text[start].isalpha():
                reached.add(start + 1)
            reached.update(end for end in range(start + 1, start + longest + 1) if meant[start:end] in words)
    return len(text) in reached
