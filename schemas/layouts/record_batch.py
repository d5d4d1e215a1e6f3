"""A batch of records: many orders between the header and the trailer of one file.

Each order's message gets the file's header, and the file's trailer with the totals of this order alone.

Spec: docs/design/legacy.md, "Batches".
"""

from __future__ import annotations

import io
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from integration_objects.property_set import PropertySet
from schemas.batch_format import BatchFormat, BatchFrame, BatchOrder
from schemas.layouts.layout import KEPT, ROOT, Batched, Layout, RecordType
from schemas.limits import Limits, exceeded


@dataclass(frozen=True)
class RecordBatch(BatchFormat):
    """Files of records in which one topmost record comes any number of times.

    Attributes:
        layout: of one message.
        record: the name of the topmost record that begins an order.
    """

    layout: Layout[Any]
    record: str

    def read_frame(self, file: BinaryIO, limits: Limits, alone: bool) -> Generator[int, None, BatchFrame]:
        """Read all records; their order, numbers and totals are checked."""
        head: list[PropertySet] = []
        tail: list[PropertySet] = []
        orders = size = 0
        for top in self.layout.topmost(file, Batched(self.record, alone, limits.body)):
            yield top.offset
            if top.node.type == self.record:
                orders += 1
                continue
            (tail if self._is_behind(top.node.type) else head).append(top.node)
            size += sum(map(len, top.records))
            if size > limits.body:
                raise exceeded(limits, "body", size, where=top.place)
        return BatchFrame(self._written(head), self._written(tail), orders)

    def frame_tree(self, frame: BatchFrame, limits: Limits) -> PropertySet:
        """Read the records of the header and the trailer."""
        return _root([*self._nodes(frame.head), *self._nodes(frame.tail)])

    def orders(self, file: BinaryIO, frame: BatchFrame, limits: Limits, behind: int = 0) -> Iterator[BatchOrder]:
        """Cut the file into orders. An order that can't be read has the bytes of its records as its message."""
        head = self._nodes(frame.head)
        trailers = [self._without_totals(node) for node in self._nodes(frame.tail)]
        head_records = [found.data for found in self.layout.records(io.BytesIO(frame.head))]
        position = 0
        for top in self.layout.topmost(file, Batched(self.record, True, limits.body)):
            if top.node.type == self.record:
                position += 1
                if position > behind:
                    tree = _root([*head, top.node])
                    if top.fault is not None:
                        body = self.layout.joined(top.records)
                    elif self.layout.keeps_read_records:
                        closing = self.layout.ordered(trailers, behind=tree.children)
                        written = [self.layout.record_bytes(type, node) for type, node in closing]
                        # Only the trailer is written: its totals are those of this order alone.
                        body = self.layout.joined([*head_records, *top.records, *written])
                    else:
                        body = b"".join(self.layout.write([*head, top.node, *trailers]))
                    yield BatchOrder(position, top.place, body, tree, top.fault)

    def _is_behind(self, name: str) -> bool:
        """Tell whether a topmost record stands behind the orders."""
        names = [each.name for each in self.layout.types]
        return names.index(name) > names.index(self.record)

    def _without_totals(self, trailer: PropertySet) -> PropertySet:
        """Copy a trailer without its totals, which are made anew when it is written."""
        copy = trailer.copy()
        types = self.layout.by_name
        for node in copy.walk():
            for check in types[node.type].checks if node.type in types else ():
                node.properties.pop(check.field, None)
                node.properties.pop(check.field + KEPT, None)
        return copy

    def _written(self, nodes: Iterable[PropertySet]) -> bytes:
        """Write records as they are, without the checks of a whole file."""
        types = self.layout.by_name
        return b"".join(self.layout.file(pair for node in nodes for pair in _records_of(node, types)))

    def _nodes(self, file: bytes) -> list[PropertySet]:
        """Read what `_written` wrote."""
        path: list[tuple[RecordType[Any], PropertySet]] = []
        tops: list[PropertySet] = []
        for found in self.layout.records(io.BytesIO(file)):
            while path and found.type not in path[-1][0].beneath:
                path.pop()
            (path[-1][1].children if path else tops).append(found.node)
            path.append((found.type, found.node))
        return tops


def _root(nodes: list[PropertySet]) -> PropertySet:
    return PropertySet(ROOT, children=nodes)


def _records_of(node: PropertySet, types: dict[str, RecordType[Any]]) -> Iterator[tuple[RecordType[Any], PropertySet]]:
    """Yield a record without those beneath it, then those."""
    own, records = types[node.type].parted(node)
    yield types[node.type], own
    for record in records:
        yield from _records_of(record, types)


def joined_records(layout: Layout[Any], frame: PropertySet, others: Iterable[PropertySet]) -> Iterator[bytes]:
    """Write the records of a frame with those of *others* at their place among them; totals are filled in."""
    return layout.write(_joined_nodes(layout, frame, others))


def _joined_nodes(layout: Layout[Any], frame: PropertySet, others: Iterable[PropertySet]) -> Iterator[PropertySet]:
    places = {each.name: place for place, each in enumerate(layout.types)}
    # A record that has no place is refused when it is written.
    own = sorted(frame.children, key=lambda node: places.get(node.type, 0))
    for tree in others:
        for node in tree.children:
            while own and places.get(own[0].type, 0) < places.get(node.type, 0):
                yield own.pop(0)
            yield node
    yield from own
