"""Edits of records without lines: accounts, addresses, contacts and tickets.

Spec: docs/design/legacy.md, "Remote clients".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.remote_file import Record
from hub.replication.remote_edits import (
    DELETED,
    DIFFERS,
    GONE,
    NO_ACCOUNT,
    NOT_NEW,
    OUT_OF_SIGHT,
    READ_ONLY,
    TAKEN_KEY,
    UNNAMED,
    FileEdits,
    merged,
)
from hub.replication.remote_records import CONTACT, RemoteObject, plain_record
from hub.workflows.received.hub_object import load
from integration_objects.complex_object import instances, message
from integration_objects.names import ACCOUNT, ADDRESS
from integration_objects.property_set import PropertySet

VERSION = "Modification Number"


class FlatEdits:
    """The edits of the records of one object."""

    def __init__(self, edits: FileEdits, remote: RemoteObject) -> None:
        self._edits = edits
        self._remote = remote

    def take(self) -> None:
        """Take the edits; keep the changes that come back."""
        base, edited = self._edits.base(self._remote.name), self._edits.edited(self._remote.name)
        changed = self._edits.changed(self._remote.name)
        stored = self._stored(changed)
        for key in changed:
            if key not in edited:
                self._edits.return_changes(self._remote.name, key, [(None, None, None, None)], "deleted", DELETED)
            elif key not in base:
                self._take_new(key, edited[key], stored.get(key))
            else:
                self._take_change(key, base[key], edited[key], stored.get(key))

    def _stored(self, keys: Sequence[str]) -> dict[str, PropertySet]:
        """Read the hub's records of these keys, with their versions."""
        wanted = self._edits.fitting(self._remote.name, self._remote.key, keys)
        if not wanted:
            return {}
        tree = self._edits.store.query(self._remote.name, {self._remote.key: wanted}, versions=True)
        return {node.get(self._remote.key) or "": node for node in instances(tree)}

    def _take_change(self, key: str, base: Record, edited: Record, stored: PropertySet | None) -> None:
        remote, edits = self._remote, self._edits
        ours = None if stored is None else _record(stored, edited)
        wanted = changeable(edits, remote, key, base, edited, ours)
        if wanted:
            self._merge(key, wanted, base, ours, stored)

    def _merge(
        self, key: str, wanted: Record, base: Record | None, ours: Record | None, stored: PropertySet | None
    ) -> None:
        """Decide a record that the hub has, and write what is taken."""
        name = self._remote.name
        assert ours is not None  # noqa: S101  # the callers know it
        decision = merged(wanted, base, ours)
        for field, conflict in decision.lost.items():
            change = (field, None if base is None else base[field], wanted[field], ours[field])
            self._edits.return_changes(name, key, [change], conflict, DIFFERS)
        if decision.taken:
            before = {field: (None if base is None else base[field], ours[field]) for field in decision.taken}
            version = None if stored is None else stored.get(VERSION)
            self._write(key, decision.taken, before, {VERSION: version})

    def _take_new(self, key: str, edited: Record, stored: PropertySet | None) -> None:
        remote, edits = self._remote, self._edits
        seen = edits.seen[remote.name]
        values = [(field, None, value, None) for field, value in edited.items() if value is not None]
        if not remote.can_be_new:
            edits.return_changes(remote.name, key, values, "read_only", NOT_NEW)
        elif stored is not None and key in seen:
            self._merge(key, edited, None, _record(stored, edited), stored)
        elif stored is not None:
            edits.return_changes(remote.name, key, values, "insert_exists", TAKEN_KEY)
        elif remote.belongs and edited["Account Id"] not in edits.seen[ACCOUNT]:
            edits.return_changes(remote.name, key, values, "out_of_sight", NO_ACCOUNT)
        elif remote.name == ADDRESS and not self._is_named(key):
            edits.return_changes(remote.name, key, values, "out_of_sight", UNNAMED)
        else:
            # The fields without a value get their defaults.
            given = {field: value for field, value in edited.items() if value is not None}
            if self._write(key, given, dict.fromkeys(given, (None, None)), {}):
                seen[key] = edited

    def _is_named(self, address_id: str) -> bool:
        records = [record for name in (ACCOUNT, CONTACT) for record in self._edits.edited(name).values()]
        return any(record["Address Id"] == address_id for record in records)

    def _write(
        self,
        key: str,
        taken: Mapping[str, str | None],
        before: Mapping[str, tuple[str | None, str | None]],
        version: Mapping[str, str | None],
    ) -> bool:
        """Write a record in a savepoint; if it is refused, the changes come back with the reason."""
        remote, edits = self._remote, self._edits
        refusal = edits.out_of_reach(remote.name, taken)
        if remote.belongs and taken.get("Account Id", "") is None:
            refusal = NO_ACCOUNT
        if refusal is None:
            node = PropertySet(remote.name, properties={remote.key: key, **taken, **version})
            _, refusal = edits.attempt(lambda: load(edits.run, message(remote.name, [node])))
        if refusal is not None:
            values = [(field, before[field][0], taken[field], before[field][1]) for field in taken]
            edits.return_changes(remote.name, key, values, "refused", refusal)
            return False
        edits.taken.append(f"{remote.name} {key}")
        return True


def changeable(
    edits: FileEdits, remote: RemoteObject, key: str, base: Record, edited: Record, ours: Record | None
) -> Record:
    """Return the changed fields of a record that can be changed; the other ones come back.

    Args:
        edits: the edits of the file.
        remote: the kind of the record.
        key: the record's key.
        base: the record as it was downloaded.
        edited: the record as the user left it.
        ours: the hub's record, also one that the user doesn't see any more; None for none.
    """
    wanted = {field: edited[field] for field in edited if edited[field] != base[field]}
    if ours is not None and key not in edits.seen[remote.name]:
        values = [(field, base[field], value, None) for field, value in wanted.items()]
        edits.return_changes(remote.name, key, values, "out_of_sight", OUT_OF_SIGHT)
        return {}
    for field in [field for field in wanted if not remote.can_change(field)]:
        change = (field, base[field], wanted.pop(field), None if ours is None else ours[field])
        edits.return_changes(remote.name, key, [change], "read_only", READ_ONLY)
    if ours is None:
        values = [(field, base[field], value, None) for field, value in wanted.items()]
        edits.return_changes(remote.name, key, values, "update_recently_deleted", GONE)
        return {}
    return wanted


def _record(stored: PropertySet, like: Record) -> Record:
    return plain_record({field: stored.get(field) for field in like})
