"""Throttling: after some failed log-ins, the next try of a name or from an address must wait.

A try counts as a failure until it has proven right, so that many tries at once count as many. A name that waits is
never locked for good: others can't keep its user out for longer than the longest wait.

Source: OWASP ASVS 5.0, 6.3.1 (guessed passwords). Spec: docs/users.md, "Throttling".
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
from typing import TYPE_CHECKING, Any

from adapters.database.access.sessions import Failures, LogInFailures
from integration_objects.errors import Refused

if TYPE_CHECKING:
    from integration_objects.surroundings import Surroundings

#: Failures that cost nothing. Behind one address there may be a whole company.
FREE_OF_NAME, FREE_OF_ADDRESS = 5, 50
#: The first wait doubles with each further failure, up to the longest one, in seconds.
FIRST_WAIT_S, LONGEST_WAIT_S = 5, 300
#: A failure is forgotten after this time without a further one, in seconds.
FORGOTTEN_S = 3600
#: bits of an IPv6 address that one household or server has
_NETWORK_BITS = 64


class LogInThrottled(Refused):
    """There were too many failed log-ins by this name or from this address."""

    what = "there were too many failed log-ins"
    where = "the log-in"
    why = "the next one can be tried in {wait_s} seconds"
    mend = "wait, and try again; an administrator can give you a new password"


class Throttle:
    """The failed log-ins of a name and an address, in the transaction of *connection*."""

    def __init__(self, connection: Any, surroundings: Surroundings, name: str, address: str) -> None:
        self._surroundings = surroundings
        self._failures = LogInFailures(connection, surroundings.later(-FORGOTTEN_S))
        # Digests: people type their password where their name belongs, and nobody shall read it in the table.
        self._name = _digest("name", name)
        self._address = _digest("address", network_of(address))

    def begin(self) -> None:
        """Count a try as failed; to be committed before the password is looked at.

        Raises:
            LogInThrottled: the name or the address must wait; this try isn't counted.
        """
        known = self._failures.of([self._name, self._address])
        waits = [
            self._wait_s(known[digest], free)
            for digest, free in ((self._name, FREE_OF_NAME), (self._address, FREE_OF_ADDRESS))
            if digest in known
        ]
        if max(waits, default=0) > 0:
            raise LogInThrottled(wait_s=max(waits))
        now = self._surroundings.now()
        self._failures.remove_forgotten()
        self._failures.count(self._name, now)
        self._failures.count(self._address, now)

    def succeed(self) -> None:
        """Forget the failures of the name; the address keeps the others' failures, and loses this try only."""
        self._failures.clear(self._name)
        self._failures.uncount(self._address)

    def clear_name(self) -> None:
        """Forget the failures of the name."""
        self._failures.clear(self._name)

    def _wait_s(self, failures: Failures, free: int) -> int:
        """Return the seconds until the next try is allowed."""
        if failures.failures < free:
            return 0
        wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S << min(failures.failures - free, 10))
        last_s = datetime.datetime.fromisoformat(failures.last_at).timestamp()
        return max(0, round(last_s + wait_s - self._surroundings.seconds()))


def network_of(address: str) -> str:
    """Return the part of an address that one attacker surely has: an IPv4 address, or the network of an IPv6 one.

    >>> network_of("192.0.2.7"), network_of("2001:db8::7"), network_of("testclient")
    ('192.0.2.7', '2001:db8::/64', 'testclient')
    """
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((known, _NETWORK_BITS), strict=False))


def _digest(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind} {text}".encode(errors="surrogatepass")).hexdigest()
