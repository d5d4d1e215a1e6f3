"""A batch: one file with many messages of an external object, between a header and a trailer that they share.

    head     everything before the first order: the header
    order    a topmost record with the records beneath it, or an element directly beneath the root
    tail     everything behind the last order: the trailer

Each order is a message of its own: the head, the order and the tail, as if the file had held this order alone. So the
object and the map of a batch are those of a single message. A file is read order by order, whatever its size.

Spec: docs/design/legacy.md, "Batches"; docs/design/guarantees.md, "Limits".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from integration_objects.errors import HubError
from integration_objects.property_set import PropertySet
from schemas.limits import Limits

#: Writes a message whose root has the children of many trees, part by part.
#: Its arguments are a tree with the header and the trailer, and the trees between these.
JoinedWriter = Callable[[PropertySet, Iterable[PropertySet]], Iterator[bytes]]

#: Bytes of the largest file, and orders of one file.
MOST_FILE_BYTES = 1024 * 1024 * 1024
MOST_ORDERS = 5_000_000


@dataclass(frozen=True)
class BatchFrame:
    """The parts of a file that its orders share.

    Attributes:
        head, tail: the bytes before the first order and behind the last one.
        orders: the number of orders.
    """

    head: bytes
    tail: bytes
    orders: int


@dataclass(frozen=True)
class BatchOrder:
    """An order of a file.

    Attributes:
        position: from 1.
        place: where it begins in the file: its first record or line, for people.
        body: the message.
        tree: the message's tree, as far as it is known here; None where the body must be read for it.
        fault: why the order can't be read; None for a good one, or where only its own message tells.
    """

    position: int
    place: str
    body: bytes
    tree: PropertySet | None = None
    fault: HubError | None = None


class BatchFormat(ABC):
    """How files of many messages of one external object are read."""

    @abstractmethod
    def read_frame(self, file: BinaryIO, limits: Limits, alone: bool) -> Generator[int, None, BatchFrame]:
        """Read the file once, and check it; yield the bytes read so far, now and then.

        Args:
            file: at its beginning.
            limits: of one message.
            alone: whether an order that can't be read is left to its own message. The order of the records or elements,
                the counts and the totals are checked all the same.

        Raises:
            Invalid: the first fault, with its place in the file.
        """

    @abstractmethod
    def frame_tree(self, frame: BatchFrame, limits: Limits) -> PropertySet:
        """Read the head and the tail as a message without orders."""

    @abstractmethod
    def orders(self, file: BinaryIO, frame: BatchFrame, limits: Limits, behind: int = 0) -> Iterator[BatchOrder]:
        """Read a file that was checked once more, order by order.

        Args:
            file: at its beginning.
            frame: of this file.
            limits: of one message.
            behind: the position behind which the orders are wanted; the ones before it are passed over quickly.
        """
