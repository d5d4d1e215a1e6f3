"""The outcome of a workflow: the message's final state, the reply, and a report for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from integration_objects.property_set import PropertySet
from integration_objects.secrets import SecretNames, mask


@dataclass(frozen=True)
class Note:
    """A line of a workflow's report, for the person or system that asked for the workflow.

    Attributes:
        kind: "ignored", "left out", "replaced", "broken rule", "obsolete", "moved", "other
            address", "account address", "nothing", "verified", "gone", "left behind", "changed meanwhile", "due date",
            "service id", "suspended", "reversed", "fallout", "price", "total", "rate", "wrong id", "kept", "refused",
            "agreement", "taken back", "begins nothing".
        text: a sentence for people.
        item: the Integration Id of the line that the note is about; None for none.
        product: the Product Id of that line.
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
    """The answer of a workflow: ``done``, or ``filtered`` for a message that rightly changes nothing.

    Attributes:
        state: the message's final state.
        reply: an OM Reply message; the data manager adds the message id and the state. None for none.
        why: the reason for filtering the message; "" otherwise.
        objects: the objects that the workflow wrote or read for the person or system that asked; messages.
        notes: the report.
        rows: a table; all rows have the same names, in the order in which they are shown.
        drawing: an SVG document for people; "" for none.
        names: the keys of the items to which the caller's requests gave names.
    """

    state: str = "done"
    reply: PropertySet | None = None
    why: str = ""
    objects: tuple[PropertySet, ...] = ()
    notes: tuple[Note, ...] = ()
    rows: tuple[Mapping[str, str | None], ...] = ()
    drawing: str = ""
    names: Mapping[str, str] = field(default_factory=dict)


def without_secrets(outcome: Outcome, names: SecretNames, request: PropertySet) -> Outcome:
    """Return an outcome as people and other systems may see it.

    Rows come without secrets: a workflow knows which cell of a row is an attribute's value (`SecretNames.shown`).

    Args:
        outcome: the outcome; its notes may quote values of its objects and of the request.
        names: the names whose values are secret.
        request: the workflow request.
    """
    values = names.values_in(request).union(*map(names.values_in, outcome.objects))
    notes = tuple(replace(note, text=mask(note.text, values)) for note in outcome.notes) if values else outcome.notes
    return replace(outcome, objects=tuple(map(names.masked, outcome.objects)), notes=notes)
