"""Walk two lists of records side by side, both in the order of their keys.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar


class Keyed(Protocol):
    """A record with a key."""

    @property
    def key(self) -> str:
        """The key."""


A = TypeVar("A", bound=Keyed)
B = TypeVar("B", bound=Keyed)


def paired(left: Iterable[A], right: Iterable[B]) -> Iterator[tuple[str, A | None, B | None]]:
    """Yield each key of the two with its records; None where one of them doesn't have the key.

    Both are in the order of their keys, and have each key once.
    """
    lefts, rights = iter(left), iter(right)
    here, there = next(lefts, None), next(rights, None)
    while here is not None or there is not None:
        if there is None or (here is not None and here.key < there.key):
            assert here is not None  # noqa: S101  # the loop's condition
            yield here.key, here, None
            here = next(lefts, None)
        elif here is None or there.key < here.key:
            yield there.key, None, there
            there = next(rights, None)
        else:
            yield here.key, here, there
            here, there = next(lefts, None), next(rights, None)
