"""The messages of a feed as an external object: data records of the feed's layout, or answer records.

    data        one record or a few, each with its operation and version, as in a file
    answer      the records that answer a message, all of them, whatever became of each
    refusal     an answer with one record without a key: the message itself was refused

Spec: docs/design/legacy.md, "Two-way replication"; docs/replication.md, "Messages between two files".
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from hub.deployment.feed import Feed
from integration_objects.complex_object import components, first_instance
from integration_objects.component import Component, Field, IntegrationObject
from integration_objects.errors import Invalid
from integration_objects.property_set import PropertySet
from schemas.external_component import ReadMessage
from schemas.layouts.layout import ROOT, Found, Layout
from schemas.layouts.record_object import RecordObject
from schemas.limits import Limits

#: Records of one message. A file carries more.
MOST_RECORDS = 100
#: The field of a message's root with the key of its first record: messages about one record keep their order.
KEY = "Key"
#: The names of the cells of a reply's rows.
POSITION, OUTCOME, REASON, TEXT, VERSION = "Position", "Outcome", "Reason", "Text", "Version"


class FeedMessageWrong(Invalid):
    """A message of a feed isn't made of data records or answer records alone."""

    what = "the message can't be one of {feed.name}"
    where = "{place}"
    why = "{reason}"
    mend = "send {feed.file.record} alone, or {feed.file.answer.record} alone, without {feed.file.header}"


@dataclass(frozen=True)
class FeedForm(RecordObject):
    """The messages of one feed.

    Attributes:
        feed: the feed.
    """

    feed: Feed

    def records(self, body: bytes) -> Iterator[Found[Any]]:
        """Yield the records of a message; a data record whose fields can't be read comes with its fault.

        Raises:
            FeedMessageWrong: the message has no record, too many, or records that a message can't have.
            Invalid: a record can't be read.
        """
        form, kind, count = self.feed.file, "", 0
        for found in self.layout.records(io.BytesIO(body), keep_faults=True, may_lack=form.record):
            name, count = found.type.name, count + 1
            kind = kind or name
            if name not in (form.record, form.answer.record):
                raise FeedMessageWrong(feed=self.feed, place=found.place, reason=f"a message has no {name}")
            if name != kind:
                raise FeedMessageWrong(feed=self.feed, place=found.place, reason=f"a {kind} came before this {name}")
            if count > MOST_RECORDS:
                reason = f"a message has {MOST_RECORDS} records at most"
                raise FeedMessageWrong(feed=self.feed, place=found.place, reason=reason)
            if name != form.record and (fault := found.placed_fault) is not None:
                raise fault
            yield found
        if not count:
            raise FeedMessageWrong(feed=self.feed, place="the message", reason="it has no record")

    def key_of(self, node: PropertySet) -> str | None:
        """Return the key that a record names; None where it names none."""
        form = self.feed.file
        field = self.feed.record_key if node.type == form.record else form.answer.key
        return node.properties.get(field) or None

    def read(self, body: bytes, limits: Limits, *, own: bool = False) -> ReadMessage:
        """Read all records of a message."""
        every = list(self.records(body))
        root = self._root(every[0])
        root.children += [found.node for found in every]
        return ReadMessage(root, None)

    def glance(self, body: bytes, limits: Limits, names: frozenset[str] | None) -> PropertySet:
        """Read the key of a message's first record."""
        return self._root(next(self.records(body)))

    def write(self, tree: PropertySet) -> bytes:
        """Write an OM Reply as an answer."""
        return self.written(self._answers(first_instance(tree)))

    def written(self, nodes: Iterable[PropertySet]) -> bytes:
        """Write records as a message.

        Raises:
            Refused: a value has no place in the layout.
        """
        return self.layout.joined(map(self.layout.typed_bytes, nodes))

    def prove(self, body: bytes, limits: Limits, *, own: bool = False) -> None:
        """Read a message as its receiver would."""
        self.read(body, limits, own=own)

    def _root(self, first: Found[Any]) -> PropertySet:
        return PropertySet(ROOT, properties={KEY: self.key_of(first.node)})

    def _answers(self, reply: PropertySet) -> Iterator[PropertySet]:
        for error in components(reply, "Error"):
            yield self._answer(
                {POSITION: "0", OUTCOME: "rejected", REASON: error.get("Reason"), TEXT: error.get("What")}
            )
            return
        for row in components(reply, "Row"):
            yield self._answer({cell.get("Name") or "": cell.get("Value") for cell in components(row, "Cell")})

    def _answer(self, cells: dict[str, str | None]) -> PropertySet:
        form = self.feed.file.answer
        outcome = next((code for name, code in form.codes.items() if name == cells.get(OUTCOME)), None)
        properties = {
            form.position: cells.get(POSITION),
            form.key: cells.get(KEY),
            form.outcome: outcome,
            form.reason: cells.get(REASON),
            form.text: cells.get(TEXT),
        }
        if form.version is not None:
            properties[form.version] = cells.get(VERSION)
        return PropertySet(form.record, properties=properties)


def feed_form(feed: Feed, layout: Layout[Any]) -> FeedForm:
    """Make the form of a feed's messages."""
    name = f"{layout.name} Message"
    root = Component(name, fields={KEY: Field(KEY)})
    return FeedForm(name, IntegrationObject(name, root, external=True), feed.where, layout, feed)
