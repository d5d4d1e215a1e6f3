"""Places that requests take while something goes on for them; no sender gets more than half of them.

Without this one sender could take all places, and leave none to the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Places:
    """A number of places, for one event loop."""

    def __init__(self, most: int) -> None:
        self.most_of_sender = max(1, most // 2)
        self._most = most
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, sender: str) -> Iterator[bool]:
        """Take a place for the length of the block; give False where none is left to the sender."""
        has_place = self._taken.total() < self._most and self._taken[sender] < self.most_of_sender
        if not has_place:
            yield False
            return
        self._taken[sender] += 1
        try:
            yield True
        finally:
            self._taken[sender] -= 1
            # Names of certificates are a sender's own text: they aren't kept.
            if not self._taken[sender]:
                del self._taken[sender]
