"""A batch in XML: many orders as elements directly beneath the root of one file.

Expat finds where the orders begin and end, and nothing else is taken from it. Each order's message goes through
`schemas.foreign_xml.parse` with all its limits, like any other message. Expat stops at a DOCTYPE, so that it never
meets an entity.

Spec: docs/design/legacy.md, "Batches"; docs/design/guarantees.md, "XML in".
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import BinaryIO
from xml.parsers import expat

from integration_objects.errors import HubError, Invalid
from integration_objects.property_set import PropertySet
from schemas.batch_format import BatchFormat, BatchFrame, BatchOrder
from schemas.check import AgainstSchema
from schemas.external_component import ExternalObject
from schemas.foreign_xml import BEGINNING, ForbiddenXml, NotWellFormed, judged_encoding, local_name
from schemas.limits import Limits, exceeded

#: Bytes that are read at once.
_CHUNK = 65_536
#: Bytes that an error shows.
_SHOWN = 8


class ElementBetweenOrders(Invalid):
    """An element that is no order stands between two orders."""

    what = "the element {name} stands between two orders"
    where = "line {line}"
    why = "a header stands before all orders, and a trailer behind them"
    mend = "send the orders one behind the other"


@dataclass(frozen=True)
class XmlBatch(BatchFormat):
    """XML files in which one element beneath the root comes any number of times.

    Attributes:
        external: the object of one message.
        element: the name of the component of an order.
    """

    external: ExternalObject
    element: str

    def read_frame(self, file: BinaryIO, limits: Limits, alone: bool) -> Generator[int, None, BatchFrame]:
        """Read the file's structure; then each order against the schema, unless it is left *alone*."""
        scan = self._scan(limits)
        for _ in scan.read(file):
            yield scan.base
        frame = BatchFrame(*scan.frame(), scan.orders)
        self.frame_tree(frame, limits)
        if not frame.orders:
            self.external.prove(frame.head + frame.tail, limits)
        elif alone:
            file.seek(0)
            self._prove_frame(file, frame, limits)
        else:
            file.seek(0)
            for order in self.orders(file, frame, limits):
                try:
                    self.external.prove(order.body, limits)
                except HubError as error:
                    raise error.at(f"order {order.position}, which begins at {order.place}") from None
                yield file.tell()
        return frame

    def _prove_frame(self, file: BinaryIO, frame: BatchFrame, limits: Limits) -> None:
        """Prove the header and the trailer with the first order that fits the schema; the others' faults are their own.

        Raises:
            AgainstSchema: the fault stands outside of the order.
        """
        for order in self.orders(file, frame, limits):
            try:
                self.external.prove(order.body, limits)
            except AgainstSchema as error:
                if f"/{self.element}[1]" not in error.where:
                    raise error.at("header or trailer") from None
            except HubError:
                continue
            else:
                return

    def frame_tree(self, frame: BatchFrame, limits: Limits) -> PropertySet:
        """Read the header and the trailer."""
        return self.external.glance(frame.head + frame.tail, limits, None)

    def orders(self, file: BinaryIO, frame: BatchFrame, limits: Limits, behind: int = 0) -> Iterator[BatchOrder]:
        """Cut the file into orders."""
        for position, (line, body) in enumerate(self._scan(limits).read(file), 1):
            if position > behind:
                yield BatchOrder(position, f"line {line} of the file", frame.head + body + frame.tail)

    def _scan(self, limits: Limits) -> _Scan:
        return _Scan(self.external.definition.root.children[self.element].tag, limits)


class _Scan:
    """One reading of a file.

    Attributes:
        orders: the number of orders so far.
        base: the place of the first byte that is kept, in the file.
    """

    def __init__(self, tag: str, limits: Limits) -> None:
        self.orders = 0
        self.base = 0
        self._tag = tag.removeprefix("{")
        self._limits = limits
        self._kept = bytearray()
        self._depth = 0
        #: the first byte and the line of the open order; the order whose end isn't known before the next event
        self._open: tuple[int, int] | None = None
        self._is_ending = False
        self._ended: list[tuple[int, int, int]] = []
        self._head: bytes | None = None
        self._trailer: tuple[str, int] | None = None
        parser = self._parser = expat.ParserCreate(namespace_separator="}")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._refuse_doctype

    def read(self, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
        """Yield the line and the bytes of each order."""
        chunk = file.read(_CHUNK)
        # Expat knows other encodings than the orders' own reader, and asks Python for those that it doesn't know.
        judged_encoding(chunk[:BEGINNING])
        is_last = False
        while not is_last:
            is_last = not chunk
            self._kept += chunk
            try:
                self._parser.Parse(chunk, is_last)
            except expat.ExpatError as error:
                raise self._not_well_formed(error) from None
            for start, end, line in self._ended:
                if self._head is None:
                    self._head = bytes(self._kept[: start - self.base])
                yield line, bytes(self._kept[start - self.base : end - self.base])
            if self._ended:
                self._forget(self._ended[-1][1])
                self._ended.clear()
            if len(self._kept) > self._limits.body:
                raise exceeded(self._limits, "body", "more", f"line {self._parser.CurrentLineNumber} of the file")
            chunk = file.read(_CHUNK)

    def frame(self) -> tuple[bytes, bytes]:
        """Return the bytes before the first order, and those behind the last one."""
        return (bytes(self._kept), b"") if self._head is None else (self._head, bytes(self._kept))

    def _not_well_formed(self, error: expat.ExpatError) -> NotWellFormed:
        at = self._parser.ErrorByteIndex
        found = self._kept[at - self.base : at - self.base + _SHOWN].hex(" ").upper()
        return NotWellFormed(
            where=f"line {error.lineno}, column {error.offset + 1}, byte {at + 1} of the file",
            why=f"{expat.ErrorString(error.code)}; "
            + (f"the bytes there are {found}" if found else "the file ends there"),
        )

    def _forget(self, before: int) -> None:
        del self._kept[: before - self.base]
        self.base = before

    def _start(self, name: str, attributes: object) -> None:
        self._find_end()
        self._depth += 1
        if self._depth != 2:
            return
        line = self._parser.CurrentLineNumber
        if name != self._tag:
            if self.orders and self._trailer is None:
                self._trailer = local_name(name), line
            return
        if self._trailer is not None:
            raise ElementBetweenOrders(name=self._trailer[0], line=self._trailer[1])
        self.orders += 1
        self._open = self._parser.CurrentByteIndex, line

    def _end(self, name: str) -> None:
        self._find_end()
        self._depth -= 1
        if self._depth == 1 and self._open is not None:
            # The next event begins where the order ends: the text, comment or element behind it.
            self._is_ending = True
            self._parser.DefaultHandler = self._find_end

    def _find_end(self, text: str = "") -> None:
        if self._is_ending and self._open is not None:
            self._ended.append((self._open[0], self._parser.CurrentByteIndex, self._open[1]))
            self._open, self._is_ending = None, False
            self._parser.DefaultHandler = None

    def _refuse_doctype(self, *_: object) -> None:
        raise ForbiddenXml(
            "the message has a DOCTYPE",
            where=f"line {self._parser.CurrentLineNumber}",
            why="document type declarations are not read",
            mend="send the message without a DOCTYPE",
        )
