"""The hub's records beside the partner's, in the order of their keys: the differences that an export sends.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from adapters.database.replication.agreed import AgreedRecord
from adapters.database.replication.decisions import StoredDecision
from adapters.database.replication.flat_rows import OurRecord
from hub.data_manager.open_hub import Transaction
from hub.deployment.feed import Feed, FlatRow
from hub.replication.opened_feed import OpenFeed
from hub.replication.paired import paired

#: Keys of one page; a page is read in one transaction.
PAGE = 500


@dataclass(frozen=True)
class SideBySide:
    """A record as both sides have it.

    Attributes:
        key: the record's key.
        ours: the hub's record; None for none.
        agreed: the agreed row; None for none.
        open_fields: the positions of the fields with a conflict that waits for a person.
    """

    feed: Feed
    key: str
    ours: OurRecord | None
    agreed: AgreedRecord | None
    open_fields: tuple[int, ...] = ()

    @property
    def hubs(self) -> FlatRow | None:
        """The hub's values; None where it doesn't have the record, or has closed it."""
        return None if self.ours is None or is_closed(self.feed, self.ours.fields) else self.ours.fields

    @property
    def is_in_doubt(self) -> bool:
        """Whether a message's values are on their way: only the partner knows whether it has them."""
        return self.agreed is not None and self.agreed.is_sent_by_message

    @property
    def partners(self) -> FlatRow | None:
        """The partner's values, once it has applied the file that is on its way; None for no record."""
        if self.agreed is None:
            return None
        is_by_file = self.agreed.sent_batch is not None and not self.is_in_doubt
        return self.agreed.sent if is_by_file else self.agreed.partners

    @property
    def wanted(self) -> FlatRow | None:
        """The values that the partner should have: the hub's, but for fields that wait for a person's decision."""
        hubs, partners = self.hubs, self.partners
        if not self.open_fields or hubs is None or partners is None:
            return hubs
        return tuple(
            theirs if place in self.open_fields else ours
            for place, (ours, theirs) in enumerate(zip(hubs, partners, strict=True))
        )


def is_closed(feed: Feed, row: FlatRow) -> bool:
    """Tell whether a record is closed: it has all values that the feed gives a deleted record."""
    if not feed.closed:
        return False
    values = dict(zip(feed.names, row, strict=True))
    return all(values.get(name) == value for name, value in feed.closed.items())


def page_of(open_feed: OpenFeed, transaction: Transaction, behind: str) -> list[SideBySide]:
    """Read the records of the next `PAGE` keys behind a key, on either side."""
    ours = open_feed.flat_rows.in_key_order(transaction.connection, behind)
    sides = paired(ours, open_feed.agreed(transaction).in_key_order(behind))
    return _sides(open_feed, transaction, list(islice(sides, PAGE)))


def sides_of(open_feed: OpenFeed, transaction: Transaction, keys: Sequence[str]) -> list[SideBySide]:
    """Read the records of these keys, on either side; a key that neither side has is left out."""
    ours = open_feed.flat_rows.by_key(transaction.connection, keys)
    agreed = open_feed.agreed(transaction).by_key(keys)
    known = [key for key in sorted(set(keys)) if key in ours or key in agreed]
    return _sides(open_feed, transaction, [(key, ours.get(key), agreed.get(key)) for key in known])


def _sides(
    open_feed: OpenFeed, transaction: Transaction, page: list[tuple[str, OurRecord | None, AgreedRecord | None]]
) -> list[SideBySide]:
    differing = [key for key, ours, agreed in page if agreed is None or ours is None or ours.fields != agreed.fields]
    open_of = open_feed.decisions(transaction).open_of(differing)
    return list(_with_open(open_feed.feed, page, open_of))


def _with_open(
    feed: Feed,
    page: list[tuple[str, OurRecord | None, AgreedRecord | None]],
    open_of: Mapping[str, Mapping[str | None, StoredDecision]],
) -> Iterator[SideBySide]:
    for key, ours, agreed in page:
        places = tuple(feed.names.index(name) for name in open_of.get(key, ()) if name in feed.names)
        yield SideBySide(feed, key, ours, agreed, places)
