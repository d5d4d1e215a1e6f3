"""Codes by time: the second proof of a log-in, which an app on the user's phone shows.

A code is taken once. The code of the half minute before and of the one after are taken, too: phones' clocks differ.

Source: RFC 6238; OWASP ASVS 5.0, 6.5 (one-time codes). Spec: docs/users.md, "Codes".
"""

from __future__ import annotations

import base64
import hashlib
import hmac

import pyotp

from integration_objects.surroundings import new_token

#: seconds for which an app shows a code
STEP_S = 30
#: Steps of time before and behind the present one.
_TOLERATED = 1
_ISSUER = "orderhub"


def new_secret() -> str:
    """Make the secret that the user's app and the hub share: 160 bits in base 32."""
    return base64.b32encode(hashlib.sha256(new_token().encode()).digest()[:20]).decode()


def address_of(secret: str, name: str) -> str:
    """Return the address that an app reads the secret from, as text or as a picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=_ISSUER)


def step_of(secret: str, code: str, seconds: float, used: int) -> int | None:
    """Return the step of time that a code belongs to; None for a wrong code, and for one that was used.

    Args:
        code: six digits; blanks between them don't count.
        seconds: the time now, since 1970.
        used: the step of the last code that was taken.
    """
    typed = "".join(code.split())
    if not typed.isascii() or not typed.isdigit():
        return None
    codes = pyotp.TOTP(secret, interval=STEP_S)
    now = int(seconds) // STEP_S
    for step in range(now - _TOLERATED, now + _TOLERATED + 1):
        if step > used and hmac.compare_digest(codes.at(step * STEP_S), typed):
            return step
    return None
