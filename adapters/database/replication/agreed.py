"""The agreed rows: the values of each record that the partner had last, as far as the hub knows.

Beside them stand the values that the hub sent, as long as the partner's answer is out. A record that was deleted leaves
a tombstone.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, case, delete, exists, false, func, select, update

from adapters.database.connection.statements import is_one_of, parts, upsert
from adapters.database.replication.batches import BATCH, MESSAGE
from adapters.database.schema.hub_tables import HUB

AGREED = HUB.tables["hub_feed_agreed"]
_A = AGREED.c
#: Rows that a stream reads at once.
_AT_ONCE = 500
_CHANGED = ("digest", "version", "is_deleted", "deleted_at", "sent_batch", "batch_id", "position", "fields", "sent")
_PUT = upsert(AGREED, ["feed", "key"], lambda new: {name: new[name] for name in _CHANGED})
# A record that was sent before the two sides ever agreed on it gets a tombstone without values.
_MARK_SENT = upsert(AGREED, ["feed", "key"], lambda new: {"sent": new.sent, "sent_batch": new.sent_batch})
_NEVER = {"digest": "", "is_deleted": 1, "fields": "[]", "position": 0}
# Asked for the few records alone of which something is on its way.
_SENT_BY_MESSAGE = case(
    (_A.sent_batch.is_(None), false()),
    else_=exists().where(BATCH.c.id == _A.sent_batch, BATCH.c.kind == MESSAGE),
).label("is_sent_by_message")
_PRESENCE_IN_DOUBT = case(
    (_A.sent_batch.is_(None), false()),
    else_=exists().where(BATCH.c.id == _A.sent_batch, BATCH.c.kind == MESSAGE, BATCH.c.adds + BATCH.c.deletes > 0),
).label("is_presence_in_doubt")
_EACH = select(AGREED, _SENT_BY_MESSAGE, _PRESENCE_IN_DOUBT)
_BY_KEY = _EACH.where(_A.feed == bindparam("of_feed"), is_one_of(_A.key, "wanted"))
_BEHIND = (
    _EACH.where(_A.feed == bindparam("of_feed"), _A.key > bindparam("behind")).order_by(_A.key).limit(bindparam("most"))
)
_COUNT = select(func.count()).select_from(AGREED).where(_A.feed == bindparam("of_feed"), _A.is_deleted == 0)
# A message tells of one record: an older change of another one may stand in the partner's next file.
_LATEST = select(func.max(_A.version)).where(
    _A.feed == bindparam("of_feed"), ~exists().where(BATCH.c.id == _A.batch_id, BATCH.c.kind == MESSAGE)
)


class AgreedRecord(NamedTuple):
    """The agreed row of one record.

    Attributes:
        key: the record's key.
        fields: the partner's values, in the order of the feed's fields; those that it had last, in a tombstone. Empty
            where the two sides never agreed on the record, and the hub has sent it.
        digest: of these values.
        version: the partner's version of them, in a form that sorts; None where the feed declares none.
        is_deleted: whether the row is a tombstone.
        deleted_at: when the record was deleted.
        sent: the values that the hub sent with *sent_batch*; None for a deletion, or where nothing is out.
        sent_batch: the batch whose answer is out; None for none.
        batch_id, position: the batch and the row by which it became so.
        is_sent_by_message: whether *sent_batch* is a message: the partner may have lost it, and nobody may ever hear of
            that. Read only.
        is_presence_in_doubt: whether that message deletes the record, or adds it again. Read only.
    """

    key: str
    fields: tuple[str | None, ...]
    digest: str
    version: str | None
    is_deleted: bool
    deleted_at: str | None
    sent: tuple[str | None, ...] | None
    sent_batch: str | None
    batch_id: str
    position: int
    is_sent_by_message: bool = False
    is_presence_in_doubt: bool = False

    @property
    def partners(self) -> tuple[str | None, ...] | None:
        """The partner's values; None where it doesn't have the record, as far as the hub knows."""
        return None if self.is_deleted else self.fields


class AgreedRecords:
    """The agreed rows of one feed, in the transaction of *connection*."""

    def __init__(self, connection: Connection, feed: str) -> None:
        self._connection = connection
        self._feed = feed

    def by_key(self, keys: Sequence[str]) -> dict[str, AgreedRecord]:
        """Read the rows of these keys; missing ones are left out."""
        found: dict[str, AgreedRecord] = {}
        for part in parts(keys):
            rows = self._connection.execute(_BY_KEY, {"of_feed": self._feed, "wanted": part})
            found.update((row.key, _row(row)) for row in rows)
        return found

    def in_key_order(self, behind: str = "") -> Iterator[AgreedRecord]:
        """Read all rows behind a key, tombstones too, in the order of their keys, some at a time."""
        while True:
            values = {"of_feed": self._feed, "behind": behind, "most": _AT_ONCE}
            rows = self._connection.execute(_BEHIND, values).all()
            for row in rows:
                yield _row(row)
            if len(rows) < _AT_ONCE:
                return
            behind = rows[-1].key

    def count(self) -> int:
        """Count the records that aren't deleted."""
        return self._connection.scalar(_COUNT, {"of_feed": self._feed}) or 0

    def latest_version(self) -> str | None:
        """Return the newest version that a file of the partner's told of; None where the feed declares none."""
        latest: str | None = self._connection.scalar(_LATEST, {"of_feed": self._feed})
        return latest

    def put(self, records: Iterable[AgreedRecord]) -> None:
        """Store rows in place of those of the same keys."""
        values = [
            {
                "feed": self._feed,
                **{name: value for name, value in record._asdict().items() if name in _A},
                "is_deleted": int(record.is_deleted),
                "fields": json.dumps(record.fields, ensure_ascii=False),
                "sent": None if record.sent is None else json.dumps(record.sent, ensure_ascii=False),
            }
            for record in records
        ]
        if values:
            self._connection.execute(_PUT.on(self._connection), values)

    def mark_sent(self, batch_id: str, sent: Iterable[tuple[str, tuple[str | None, ...] | None]]) -> None:
        """Note the values of each key that a batch sends, None for a deletion; the agreed values stay as they are."""
        values = [
            {
                "feed": self._feed,
                "key": key,
                "sent": None if fields is None else json.dumps(fields, ensure_ascii=False),
                "sent_batch": batch_id,
                "batch_id": batch_id,
                **_NEVER,
            }
            for key, fields in sent
        ]
        if values:
            self._connection.execute(_MARK_SENT.on(self._connection), values)

    def clear_sent(self, keys: Sequence[str]) -> None:
        """Note that nothing of these records is out any more."""
        for part in parts(keys):
            self._connection.execute(
                update(AGREED)
                .where(_A.feed == bindparam("of_feed"), is_one_of(_A.key, "wanted"))
                .values(sent=None, sent_batch=None),
                {"of_feed": self._feed, "wanted": part},
            )

    def clear_sent_by(self, batch_id: str) -> None:
        """Note that nothing of a batch that was given up is out."""
        self._connection.execute(
            update(AGREED)
            .where(_A.feed == bindparam("of_feed"), _A.sent_batch == bindparam("of_batch"))
            .values(sent=None, sent_batch=None),
            {"of_feed": self._feed, "of_batch": batch_id},
        )

    def remove(self, keys: Sequence[str]) -> None:
        """Forget records, as if they had never been agreed on."""
        for part in parts(keys):
            self._connection.execute(
                delete(AGREED).where(_A.feed == bindparam("of_feed"), is_one_of(_A.key, "wanted")),
                {"of_feed": self._feed, "wanted": part},
            )


def _row(row: Row[Any]) -> AgreedRecord:
    return AgreedRecord(
        row.key,
        tuple(json.loads(row.fields)),
        row.digest,
        row.version,
        bool(row.is_deleted),
        row.deleted_at,
        None if row.sent is None else tuple(json.loads(row.sent)),
        row.sent_batch,
        row.batch_id,
        row.position,
        bool(row.is_sent_by_message),
        bool(row.is_presence_in_doubt),
    )
