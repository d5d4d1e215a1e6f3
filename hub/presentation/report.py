"""The report of a workflow for people: equal notes once, with their number, and items by the names that people use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from hub.presentation.printing import whole_seconds
from integration_objects.complex_object import all_items
from integration_objects.errors import HubError
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet
from integration_objects.short_keys import keys_in, short_keys, with_short_keys


class ReportedNote(Protocol):
    """A line of a workflow's report (`hub.workflow_manager.outcome.Note`)."""

    @property
    def kind(self) -> str:
        """The kind of the note."""

    @property
    def text(self) -> str:
        """A sentence for people."""

    @property
    def item(self) -> str | None:
        """The Integration Id of the line that it is about."""

    @property
    def product(self) -> str | None:
        """The Product Id of that line."""


def report_lines(notes: Iterable[ReportedNote], objects: Iterable[PropertySet]) -> list[str]:
    """Return the lines of a report.

    Args:
        notes: the report.
        objects: messages of the objects that are shown with it, whose lines give their items names.
    """
    names = _names(objects)
    notes = list(notes)
    texts = [whole_seconds(note.text) for note in notes]
    # Keys of other services stand in brackets behind their products.
    texts = with_short_keys(texts, {*filter(None, names), *(key for text in texts for key in keys_in(text, "(", ")"))})
    alike: dict[tuple[str, str | None, str], list[str | None]] = {}
    for note, text in zip(notes, texts, strict=True):
        alike.setdefault((note.kind, note.product, text), []).append(note.item)
    lines = []
    for (kind, product, text), items in alike.items():
        item = items[0] if len(items) == 1 else None
        # A line that the workflow has taken off isn't shown any more.
        name = names.get(item) or (short_keys([item])[item] if item else None)
        about = " ".join(part for part in (product, name) if part)
        times = f" ({len(items)} times)" if len(items) > 1 else ""
        lines.append(f"{kind}: {about}: {text}{times}" if about else f"{kind}: {text}{times}")
    return lines


def error_text(error: HubError, typed: Sequence[str]) -> str:
    """Write an error for people, its keys in their short forms; a key that a person has *typed* stays as it was."""
    text = whole_seconds(str(error))
    return with_short_keys([text], [key for key in keys_in(text) if not any(key in argument for argument in typed)])[0]


def _names(objects: Iterable[PropertySet]) -> Mapping[str | None, str]:
    """Return the name of each item by its key: its service id, else its line, else the short form of its key."""
    items = {item.get(KEY) or "": item for item in all_items(objects)}
    short = short_keys(items)
    names: dict[str | None, str] = {}
    for key, item in items.items():
        line = item.get("Line Number")
        names[key] = item.get("Service Id") or (f"(line {line})" if line else short[key])
    return names
