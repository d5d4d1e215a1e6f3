"""Write the decisions on records into the hub's objects: only what changes, through the store of objects.

Spec: docs/design/legacy.md, "Two-way replication"; docs/design/integration.md, "The EAI database adapter".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adapters.database.objects.store import ObjectStore
from hub.data_manager.open_hub import Transaction
from hub.deployment.feed import FlatRow, Joined
from hub.replication.opened_feed import OpenFeed
from hub.replication.row_decisions import DecidedRow
from integration_objects.complex_object import message
from integration_objects.errors import Refused
from integration_objects.property_set import PropertySet

_Values = dict[str, str | None]


class _Writes:
    """The nodes that are to be written, by their object."""

    def __init__(self, open_feed: OpenFeed) -> None:
        self._feed = open_feed.feed
        self._new_id = open_feed.open_hub.surroundings.new_id
        self.upserts: dict[str, list[PropertySet]] = {}
        self.deletes: dict[str, list[PropertySet]] = {}

    def add(self, decided: DecidedRow) -> None:
        """Add what a decision changes."""
        decision = decided.decision
        if decision is None or decision.outcome not in ("add", "change", "delete"):
            return
        if decision.outcome == "delete":
            self._delete(decided)
            return
        assert decision.ours is not None  # noqa: S101  # a record that is added or changed has values
        self._write(decided, decision.ours)

    def _write(self, decided: DecidedRow, values: FlatRow) -> None:
        feed, ours = self._feed, decided.ours
        before: FlatRow = (None,) * len(values) if ours is None else ours.fields
        changes: dict[str, _Values] = {}
        for field, old, new in zip(feed.fields, before, values, strict=True):
            if old != new:
                changes.setdefault(field.joined, {})[field.field.name] = new
        root = changes.pop("", {})
        for name, joined in feed.joined.items():
            if name in changes:
                stored = None if ours is None else ours.joined[name]
                named = self._join(name, joined, decided.row.key or "", stored, changes[name])
                if joined.is_named_by_root and stored is None:
                    root[joined.by] = named
        if root or ours is None:
            self._upsert(feed.object, {feed.key: decided.row.key, **root})

    def _join(self, name: str, joined: Joined, key: str, stored: str | None, changes: _Values) -> str:
        if stored is not None:
            self._upsert(name, {joined.key: stored, **changes})
            return stored
        new = self._new_id()
        named = {} if joined.is_named_by_root else {joined.by: key}
        self._upsert(name, {joined.key: new, **named, **joined.where, **changes})
        return new

    def _delete(self, decided: DecidedRow) -> None:
        feed, key = self._feed, decided.row.key
        if feed.closed:
            self._upsert(feed.object, {feed.key: key, **feed.closed})
            return
        for name, joined in feed.joined.items():
            stored = None if decided.ours is None else decided.ours.joined[name]
            # An object that the root names may belong to others, too, as premises do.
            if stored is not None and not joined.is_named_by_root:
                self.deletes.setdefault(name, []).append(_node(name, {joined.key: stored}))
        self.deletes.setdefault(feed.object, []).append(_node(feed.object, {feed.key: key}))

    def _upsert(self, name: str, values: _Values) -> None:
        self.upserts.setdefault(name, []).append(_node(name, values))

    def write(self, store: ObjectStore) -> None:
        """Write all: objects that the root names before it, objects that name the root behind it."""
        feed = self._feed
        named = [name for name, joined in feed.joined.items() if joined.is_named_by_root]
        naming = [name for name, joined in feed.joined.items() if not joined.is_named_by_root]
        for name in (*named, feed.object, *naming):
            if name in self.upserts:
                store.upsert(message(name, self.upserts[name]))
        for name in (*naming, feed.object):
            if name in self.deletes:
                store.delete(message(name, self.deletes[name]))


def write_objects(open_feed: OpenFeed, transaction: Transaction, rows: Sequence[DecidedRow]) -> list[DecidedRow]:
    """Write the decided rows of a chunk; return them, those that the store refuses as rejected.

    All are written together. Where one is refused, each is written by itself, so that the others are taken.
    """
    try:
        _write_in_savepoint(open_feed, transaction, rows)
        return list(rows)
    except Refused:
        return [_written_alone(open_feed, transaction, decided) for decided in rows]


def _written_alone(open_feed: OpenFeed, transaction: Transaction, decided: DecidedRow) -> DecidedRow:
    try:
        _write_in_savepoint(open_feed, transaction, [decided])
    except Refused as error:
        return decided.rejected(error)
    return decided


def _write_in_savepoint(open_feed: OpenFeed, transaction: Transaction, rows: Iterable[DecidedRow]) -> None:
    writes = _Writes(open_feed)
    for decided in rows:
        writes.add(decided)
    with transaction.connection.begin_nested():
        writes.write(transaction.store)


def _node(name: str, values: _Values) -> PropertySet:
    return PropertySet(name, properties=values)
