"""Codes by time: the values of RFC 6238, and codes that are old, early or used."""

from __future__ import annotations

import base64

import pyotp
import pytest

from hub.access.totp import address_of, new_secret, step_of

#: The secret of RFC 6238, appendix B, whose codes have eight digits there: the last six are ours.
RFC = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_the_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    assert step_of(RFC, code, seconds, 0) == seconds // 30


@pytest.mark.parametrize(("away_s", "taken"), [(-61, False), (-30, True), (0, True), (30, True), (61, False)])
def test_a_code_is_taken_half_a_minute_early_and_late(away_s: int, taken: bool) -> None:
    now = 1_767_225_615
    assert (step_of(RFC, pyotp.TOTP(RFC).at(now + away_s), now, 0) is not None) is taken


def test_a_used_code_and_one_before_it_are_not_taken() -> None:
    now = 1_767_225_615
    step = now // 30
    assert step_of(RFC, pyotp.TOTP(RFC).at(now), now, step - 1) == step
    assert step_of(RFC, pyotp.TOTP(RFC).at(now), now, step) is None
    assert step_of(RFC, pyotp.TOTP(RFC).at(now - 30), now, step) is None


def test_a_secret_has_160_bits_and_no_two_are_alike() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(base64.b32decode(secret)) for secret in made} == {20}
    assert address_of(RFC, "ann@kite") == f"otpauth://totp/orderhub:ann%40kite?secret={RFC}&issuer=orderhub"
