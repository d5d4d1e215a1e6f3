"""Which passwords are taken, and what a digest tells."""

from __future__ import annotations

import pytest

from hub.access.forbidden_passwords import WORDS
from hub.access.passwords import (
    MOST_LENGTH,
    PasswordUnfit,
    check_password,
    is_outdated,
    is_password,
    new_password,
    password_digest,
)

GUESSED = "it is made of words, names or numbers that others try first"


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("", "a password has 12 to 256 characters"),
        ("violin9peb.", "a password has 12 to 256 characters"),
        ("violin anchor " * 20, "a password has 12 to 256 characters"),
        ("violin\tanchor", "it has characters that can't be typed"),
        ("violin anchor\x00", "it has characters that can't be typed"),
        ("violin anchor\ud800", "it has characters that can't be typed"),
        ("aaaaaaaaaaaa", "it has fewer than 5 different characters"),
        ("AbAbAbaBaBab", "it has fewer than 5 different characters"),
        ("password1234", GUESSED),
        ("P@ssw0rd!2026", GUESSED),
        ("Summer-2026-Summer", GUESSED),
        ("qwertyuiop12345", GUESSED),
        ("letmeinplease!", GUESSED),
        ("123456789012", GUESSED),
        ("98765-43210-98765", GUESSED),
        ("orderhub.admin.7", GUESSED),
        ("ann.smith.ann.1990", GUESSED),
        ("Kite Repairs 2026", GUESSED),
        ("KiteRepairs2026!", GUESSED),
    ],
)
def test_a_password_that_others_guess_is_refused_and_not_quoted(password: str, fault: str) -> None:
    with pytest.raises(PasswordUnfit) as refused:
        check_password(password, ("ann.smith", "Kite Repairs", None))
    assert refused.value.why == fault
    assert not password or password not in str(refused.value)


@pytest.mark.parametrize(
    "password",
    [
        "violin anchor 9 pebble",
        "dxkqvnmjwhzt",
        "ÄÖÜ violin 漢字 ☃ pebble",
        "8301947265538127",
        "sunshine violin",
        "            violin",
        "x7" * 3 + "violin" * 41,
        *(new_password() for _ in range(20)),
    ],
    ids=range(27),
)
def test_other_passwords_are_taken_whatever_their_characters(password: str) -> None:
    check_password(password, ("ann", None))


def test_a_long_password_of_words_is_judged_at_once() -> None:
    with pytest.raises(PasswordUnfit):
        check_password(("password" * 40)[:MOST_LENGTH])


def test_a_digest_is_argon2id_with_a_salt_of_its_own() -> None:
    password = " ".join(["violin", "anchor", "9", "pebble"])
    first, second = password_digest(password), password_digest(password)
    assert first != second
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert is_password(password, first)
    assert not is_outdated(first)
    for wrong in ("violin anchor 9 pebblé", password + " ", password[:-1], "", password.upper()):
        assert not is_password(wrong, first)
    assert not is_password(password, None)
    assert not is_password(password, "no digest")
    assert not is_password("", None)


def test_the_forbidden_words_are_letters_only() -> None:
    assert all(word.isalpha() and word == word.casefold() for word in WORDS)
    assert len(WORDS) > 150
