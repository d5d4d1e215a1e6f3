"""A progress bar on standard error, where that is a terminal: per cent, rate, and the time that is left."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Iterator
from typing import Self, TypeVar

from integration_objects.surroundings import Surroundings

T = TypeVar("T")

#: seconds between two drawings
_PAUSE_S = 0.2
_WIDTH = 30
_MEBIBYTE = 1024 * 1024


class Progress:
    """The progress of one piece of work, in bytes or in pieces."""

    def __init__(self, text: str, size: int, unit: str = "MiB") -> None:
        """Begin the work on *size* bytes, or pieces where *unit* is empty; *text* says what is done."""
        self._unit = unit
        self._text = text
        self._size = max(size, 1)
        self._is_shown = sys.stderr.isatty()
        self._clock = Surroundings().monotonic
        self._since = self._drawn = self._clock()

    def __enter__(self) -> Self:
        """Return the progress; at the end of the block, its line is removed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the line."""
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def follow(self, work: Generator[int, None, T]) -> T:
        """Do work that yields the bytes done so far; return its result."""
        while True:
            try:
                self._draw(next(work))
            except StopIteration as end:
                result: T = end.value
                return result

    def counted(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        """Pass parts on, and count their bytes."""
        done = 0
        for part in parts:
            yield part
            done += len(part)
            self._draw(done)

    def note(self, done: int) -> None:
        """Draw the line anew, unless it was drawn just now."""
        self._draw(done)

    def _draw(self, done: int) -> None:
        now = self._clock()
        if not self._is_shown or now - self._drawn < _PAUSE_S:
            return
        self._drawn = now
        # A second reading begins at the first byte again.
        share = min(1.0, done / self._size)
        rate = done / max(now - self._since, 0.001)
        left = (self._size - done) / max(rate, 1.0)
        bar = "#" * int(share * _WIDTH)
        shown_rate = f"{rate / _MEBIBYTE:.1f} MiB/s" if self._unit else f"{rate:.0f}/s"
        numbers = f"{share:4.0%}  {shown_rate}  {left:.0f} s left"
        sys.stderr.write(f"\r{self._text}  [{bar:<{_WIDTH}}] {numbers}\x1b[K")
        sys.stderr.flush()
