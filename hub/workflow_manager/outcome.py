"""The outcome of a workflow: the message's final state, the reply, and a report for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from integration_objects.property_set import PropertySet


@dataclass(frozen=True)
class Note:
    """A line of a workflow's report: what whoever asked should know beside the result.

    Attributes:
        kind: "ignored", "left out", "replaced", "broken rule", "obsolete", "moved", "other
            address", "gone", "left behind", "changed meanwhile", "price", "total".
        text: a sentence for people.
        item: the Integration Id of the line that it is about; None for none.
        product: its Product Id.
    """

    kind: str
    text: str
    item: str | None = None
    product: str | None = None

    def __str__(self) -> str:
        about = " ".join(part for part in (self.product, self.item) if part)
        return f"{self.kind}: {about}: {self.text}" if about else f"{self.kind}: {self.text}"


@dataclass(frozen=True)
class Outcome:
    """What a workflow answers: ``done``, or ``filtered`` for a message that rightly changes nothing.

    Attributes:
        state: the message's final state.
        reply: an OM Reply message, without what the data manager knows better (message id, state); or None.
        why: why the message was filtered; "" otherwise.
        objects: what the workflow wrote or found, for whoever asked; messages.
        notes: its report.
        rows: what it found, as a table: each row has the same names, in the order in which they are shown.
    """

    state: str = "done"
    reply: PropertySet | None = None
    why: str = ""
    objects: tuple[PropertySet, ...] = ()
    notes: tuple[Note, ...] = ()
    rows: tuple[Mapping[str, str | None], ...] = ()
