"""An external object whose messages are records: a layout, for maps, routes and systems.

Spec: docs/design/legacy.md, "Layouts"; docs/design/integration.md, "Routes".
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import partial
from typing import Any

from integration_objects.property_set import PropertySet
from schemas.batch_format import BatchFormat, JoinedWriter
from schemas.external_component import ExternalObject, ReadMessage
from schemas.layouts.layout import ROOT, Layout
from schemas.layouts.record_batch import RecordBatch, joined_records
from schemas.limits import LimitExceeded, Limits


@dataclass(frozen=True)
class RecordObject(ExternalObject):
    """An external object whose messages are files of records.

    Attributes:
        layout: reads and writes them.
    """

    layout: Layout[Any]

    @property
    def content_type(self) -> str:
        """The media type of such a file."""
        return self.layout.content_type

    @property
    def described_by(self) -> str:
        """The path of the file that describes the records."""
        return self.layout.described_by

    def read(self, body: bytes, limits: Limits, *, own: bool = False) -> ReadMessage:
        """Read all records; the layout's order, numbers and totals are checked."""
        root = PropertySet(ROOT)
        count = 0
        for record in self.layout.read(io.BytesIO(body)):
            count += sum(1 for _ in record.walk())
            if count > limits.elements:
                raise LimitExceeded(limit="elements", most=limits.elements, counted="records and groups", found=count)
            root.children.append(record)
        return ReadMessage(root, None)

    def glance(self, body: bytes, limits: Limits, names: frozenset[str] | None) -> PropertySet:
        """Read all records: a field's place may depend on those before it."""
        return self.read(body, limits).tree

    def batch(self, order: str) -> BatchFormat:
        """Return how files are read in which the topmost record *order* comes any number of times."""
        return RecordBatch(self.layout, order)

    def joined_writer(self) -> JoinedWriter:
        """Return the function that writes the records of many trees as one file."""
        return partial(joined_records, self.layout)

    def write(self, tree: PropertySet) -> bytes:
        """Write all records; the type fields, counts and totals that are left out are filled in."""
        return b"".join(self.layout.write(tree.children))

    def prove(self, body: bytes, limits: Limits, *, own: bool = False) -> None:
        """Read the records, as the receiver would."""
        self.read(body, limits, own=own)

    def texts(self, body: bytes, limits: Limits) -> frozenset[str]:
        """Collect the values of all fields."""
        nodes = self.read(body, limits).tree.walk()
        values = (text for node in nodes for text in (node.value, *node.properties.values()))
        return frozenset(text.strip() for text in values if text and text.strip())
