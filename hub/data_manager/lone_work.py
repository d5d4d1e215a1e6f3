"""The message that a process computes alone, noted for the next process of the same name.

A process that is killed leaves its work marks, which name every message that it had in hand. They don't tell a message
that killed the process from a message that stood beside it, or waited for a lock when somebody else's signal came. The
note tells: it names a message only while that message is alone in hand and being computed.

The note lies in the file by which the process holds its name, beside no transaction: on SQLite nothing could be
committed in the middle of one, and the kernel keeps a written note whatever becomes of the process.

Spec: docs/design/road.md, "Deaths".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.files import HeldName


class LoneWork:
    """Notes the message that this process computes alone. One for each process; used by its main thread only.

    Attributes:
        left: the message that the former process of the name computed alone when it died; "" for none; None where
            nothing is known, because the file is new.
    """

    def __init__(self, held: HeldName | None = None) -> None:
        """Read the note in the file of a held name; without one (a command), nothing is noted."""
        self._held = held
        self._noted = ""
        self.left = None if held is None else held.note()
        self._note("")

    @contextmanager
    def computing(self, row_id: str) -> Iterator[None]:
        """Note within the block that this message is alone in hand and being computed."""
        with self._noting(row_id):
            yield

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Note within the block that the process waits: for a lock, a commit or another system."""
        with self._noting(""):
            yield

    @contextmanager
    def _noting(self, row_id: str) -> Iterator[None]:
        noted_before = self._noted
        self._note(row_id)
        try:
            yield
        finally:
            self._note(noted_before)

    def _note(self, row_id: str) -> None:
        self._noted = row_id
        if self._held is not None:
            self._held.write_note(row_id)
