"""Compare two large sets of records in little memory: digests of their records are added up in buckets.

A record's key decides its bucket. Two sides that have the same records have the same sum in each bucket, in whatever
order the records come. So only the records of the few buckets that differ are looked at one by one.

Spec: docs/design/legacy.md, "Reconciliation".
"""

from __future__ import annotations

import zlib
from array import array

from hub.deployment.feed import FlatRow
from hub.replication.flat_row import digest_of

#: A power of two. With a million records, a bucket has fifteen.
COUNT = 1 << 16
_BITS = 64
_MASK = (1 << _BITS) - 1


def bucket_of(key: str) -> int:
    """Return the number of the bucket of a key."""
    return zlib.crc32(key.encode("utf-8", "surrogatepass")) & (COUNT - 1)


class Buckets:
    """The sums of one side; `add` changes them."""

    def __init__(self) -> None:
        # Eight bytes a sum: integers of Python's would take six times as much.
        self._sums = array("Q", bytes(COUNT * _BITS // 8))

    def add(self, key: str, row: FlatRow) -> int:
        """Add a record; return its bucket."""
        bucket = bucket_of(key)
        # A sum, not an exclusive or: a record that comes twice must not vanish.
        self._sums[bucket] = (self._sums[bucket] + int(digest_of((key, *row))[: _BITS // 4], 16)) & _MASK
        return bucket

    def differing(self, other: Buckets) -> frozenset[int]:
        """Return the buckets in which the two sides differ."""
        pairs = enumerate(zip(self._sums, other._sums, strict=True))
        return frozenset(bucket for bucket, (here, there) in pairs if here != there)
