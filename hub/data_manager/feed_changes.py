"""The hub's own changes of records of feeds: a transaction that changes some tells the hub so, by a message to itself.

    watched_fields    the fields by which the store tells which records a transaction has changed
    note_changes      at the end of a transaction: the message that names the changed records
    changed_records   the request that such a message is, and its parts

The messages to the partner are made when this message is worked, in a transaction of its own. An order would otherwise
wait for the lock of the feed, which it would take behind those of accounts, and an import before them.

Spec: docs/design/legacy.md, "Two-way replication"; docs/replication.md, "Messages between two files".
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence

from adapters.database.messages.pending_writes import PendingWrites
from adapters.database.objects.store import ObjectStore
from adapters.transport import XML, Envelope
from hub.deployment.feed import Feed
from integration_objects.definition import Definitions
from integration_objects.log import Log
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import Surroundings

log = Log()

#: Records of one feed of which a transaction tells. A transaction that changes more is a load: the next file has them.
MOST_CHANGED = 500
_NAME = "feed-changes"


def watched_fields(feeds: Iterable[Feed]) -> dict[str, set[str]]:
    """Return the objects whose writes may change records of feeds with messages, and the fields that tell which."""
    watched: dict[str, set[str]] = {}
    for feed in feeds:
        if feed.messages is not None:
            watched.setdefault(feed.object, set()).add(feed.key)
            for name, joined in feed.joined.items():
                watched.setdefault(name, set()).add(joined.key if joined.is_named_by_root else joined.by)
    return watched


def note_changes(
    store: ObjectStore,
    pending_writes: PendingWrites,
    feeds: Iterable[Feed],
    definitions: Definitions,
    surroundings: Surroundings,
    quiet: Collection[str],
) -> None:
    """Note the records of feeds that a transaction has changed; the feeds called *quiet* see to their own writes."""
    for feed in feeds:
        if feed.messages is None or feed.name in quiet:
            continue
        keys = _changed_keys(store, feed)
        if len(keys) > MOST_CHANGED:
            log.info("too many changes for messages: the next file has them", feed=feed.name, records=len(keys))
        elif keys:
            note_records(pending_writes, definitions, surroundings, feed.name, sorted(keys))


def _changed_keys(store: ObjectStore, feed: Feed) -> set[str]:
    keys = set(store.seen[feed.object][feed.key])
    for name, joined in feed.joined.items():
        if not joined.is_named_by_root:
            keys |= store.seen[name][joined.by]
        elif store.seen[name][joined.key]:
            named = {joined.by: sorted(store.seen[name][joined.key])}
            keys.update(header[feed.key] or "" for header in store.keys(feed.object, named))
    return keys - {""}


def note_records(
    pending_writes: PendingWrites, definitions: Definitions, surroundings: Surroundings, feed: str, keys: Sequence[str]
) -> None:
    """Let the hub look whether the partner has to hear of these records, once the transaction is committed."""
    # Imported here: few transactions change a record of a feed.
    from adapters.database.messages.filing import Arrival
    from hub.workflow_manager.effects import ITSELF
    from hub.workflow_manager.named_workflow import request
    from hub.workflow_manager.origin import FEED_CHANGES
    from schemas.hub_xml import hub_to_xml

    tree = request(_NAME, [("feed", feed), ("keys", json.dumps(keys, ensure_ascii=False))])
    identity = surroundings.new_id()
    envelope = Envelope(identity, hub_to_xml(tree, definitions), content_type=XML)
    pending_writes.plan(Arrival(FEED_CHANGES, ITSELF, identity, envelope, ITSELF))


def noted_records(tree: PropertySet) -> tuple[str, list[str]]:
    """Return the feed and the keys that `note_records` has noted."""
    from hub.workflow_manager.named_workflow import arguments_of, one_request

    arguments: Mapping[str, str | None] = dict(arguments_of(one_request(tree)))
    return arguments.get("feed") or "", list(json.loads(arguments.get("keys") or "[]"))
