"""Time, identifiers and chance: the only module that reads a clock or rolls a die.

Code that needs one of them is handed a `Surroundings`, so that a run can be repeated.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import random
import secrets
import threading
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: 2000 and 2200, in seconds since 1970: an identifier with an earlier or later time comes from elsewhere
_FIRST_S, _LAST_S = 946_684_800, 7_258_118_400
#: two characters, ten bits
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]


class Surroundings:
    """The real clock, identifiers and chance of this process."""

    def __init__(self) -> None:
        self.random = random.Random(os.urandom(16))  # noqa: S311  # jitter and keys, no secrets
        self._lock = threading.Lock()
        self._last = 0

    def now(self) -> str:
        """Return the time now, ISO in UTC with microseconds: ``2026-01-31T12:00:00.000000Z``; sorts as text."""
        return _written(self.seconds())

    def later(self, seconds: float) -> str:
        """Return the time *seconds* from now, as `now` writes it."""
        return _written(self.seconds() + seconds)

    def seconds(self) -> float:
        """Return the seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Return the seconds of a clock that is never set back, for waits."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for *seconds*."""
        time.sleep(seconds)

    def new_id(self) -> str:
        """Make an identifier: 26 characters of base 32, ordered by time, unique across processes."""
        # Two threads that read one `_last` would make ids out of order.
        with self._lock:
            # The milliseconds count on where the clock stands still or goes back, so that ids keep their order.
            self._last = max(self._last + 1, int(self.seconds() * 1000) << 16)
            # 64 bits of time in front of 66 of chance, 130 in all: 26 characters of five bits.
            number = (self._last << 66) | self.random.getrandbits(66)
        return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])


def new_token() -> str:
    """Make a token that nobody can guess: 43 characters, 256 bits of the machine's own chance."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    """Return the digest of a token, by which a setting knows it.

    One round of SHA-256 is enough: nobody finds 256 bits of chance by trying.
    """
    return hashlib.sha256(token.encode()).hexdigest()


def made_at(identifier: str) -> str | None:
    """Return the time at which `Surroundings.new_id` made an identifier; None for an identifier from elsewhere.

    >>> made_at("06DQDPRS90000K062GRPHRZNA7"), made_at("1-ABC")
    ('2026-01-01T00:00:29.000000Z', None)
    """
    # Loaded objects bring identifiers of their own making.
    if len(identifier) != 26 or not set(identifier) <= set(_ALPHABET):
        return None
    number = 0
    for sign in identifier:
        number = number << 5 | _ALPHABET.index(sign)
    seconds = (number >> 82) / 1000
    return _written(seconds) if _FIRST_S < seconds < _LAST_S else None


def _written(seconds: float) -> str:
    # isoformat takes a third of what strftime does; its last six characters are the zone.
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="microseconds")[:-6] + "Z"


class SeededSurroundings(Surroundings):
    """Surroundings that repeat themselves: a clock that advances one second a reading, ids from a seed."""

    def __init__(self, seed: int = 0, start: float = 1_767_225_600.0) -> None:
        super().__init__()
        self.random = random.Random(seed)  # noqa: S311  # repeatable on purpose
        self._time = start

    def seconds(self) -> float:
        """Return the seconds of a clock that is one second later at each reading."""
        self._time += 1.0
        return self._time

    def sleep(self, seconds: float) -> None:
        """Set the clock forward, without waiting."""
        self._time += seconds
