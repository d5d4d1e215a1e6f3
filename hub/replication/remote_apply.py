"""Apply a user's file: its edits are compared three ways with the hub's records, and taken or returned.

The base is the last download, and the hub is the owner of every field: where both sides changed a field, the hub's
value stays, and the user's value is returned. All edits of a file and the answer to it are one transaction.

Spec: docs/design/legacy.md, "Remote clients".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from adapters.database.connection.database import repeated
from adapters.database.objects.faults import VersionConflict
from adapters.database.replication.remote_files import KeptFile, RemoteFiles, ReturnedChange
from adapters.remote_file import Record, RemoteFile, read_remote_file
from hub.data_manager.open_hub import OpenHub, Transaction
from hub.replication.compare import NO_VALUE, AgreedRow, decide
from hub.replication.remote_extract import answer_file, lock_user
from hub.replication.remote_records import (
    CONTACT,
    REMOTE_OBJECTS,
    TICKET,
    RemoteObject,
    plain_record,
    remote_tables,
    seen_accounts,
    seen_records,
)
from hub.workflow_manager.origin import Origin
from hub.workflow_manager.run import Run
from hub.workflows.received.hub_object import load
from integration_objects.complex_object import instances, message
from integration_objects.errors import Refused, Retryable
from integration_objects.names import ACCOUNT, ADDRESS
from integration_objects.property_set import PropertySet

#: the field of a change, None for a whole record; the downloaded value, the user's, the hub's
Change = tuple[str | None, str | None, str | None, str | None]
VERSION = "Modification Number"


class RemoteFileUnknown(Refused):
    """A file wasn't made for this user by this hub, or the downloaded values in it were changed."""

    what = "the file isn't one that this hub made for user '{user_id}'"
    where = "{place}"
    why = "{fault}"
    mend = "apply a copy of the file as the hub wrote it, with changes in the tables without 'base_' only"


class RemoteFileSuperseded(Refused):
    """A later file of the user is the one to go on with."""

    what = "file {number} of user '{user_id}' is older than what the user has seen since"
    where = "{place}"
    why = "{fault}"
    mend = "make its changes in the newest file, or extract a new one; this file was left as it is"


class RecordChangedMeanwhile(Retryable):
    """Somebody changed a record between its reading and its writing."""

    what = "a record was changed by somebody else while the file was applied"
    where = "{place}"
    mend = "apply the file again; nothing was changed"


@dataclass(frozen=True)
class Applied:
    """The result of an application.

    Attributes:
        taken: the records that were made or changed.
        returned: the changes that came back with this file.
        answer: the file that answers it.
        is_repeated: whether the file had been applied before, and nothing was done.
    """

    taken: Sequence[str]
    returned: Sequence[ReturnedChange]
    answer: KeptFile
    is_repeated: bool = False


def apply_file(open_hub: OpenHub, content: bytes, place: str) -> Applied:
    """Take the edits of a file; the same file again has the same answer.

    Raises:
        RemoteFileFaulty: the bytes are no file of a remote client's.
        RemoteFileUnknown, RemoteFileSuperseded: the file can't be applied.
    """
    file = read_remote_file(content, remote_tables(open_hub.stored_objects).values(), place)
    return repeated(partial(_apply, open_hub, file, place), (RecordChangedMeanwhile,))


def _apply(open_hub: OpenHub, file: RemoteFile, place: str) -> Applied:
    with open_hub.write() as transaction:
        files = lock_user(transaction, file.user_id, place)
        kept = files.by_id(file.id)
        if kept is None or kept.number != file.number:
            raise RemoteFileUnknown(
                user_id=file.user_id, place=place, fault="the hub keeps no file of this id and number"
            )
        if kept.base_digest != file.base_digest():
            raise RemoteFileUnknown(user_id=file.user_id, place=place, fault="the downloaded values were changed")
        digest = file.content_digest()
        if (before := _answered_before(files, kept, digest, place)) is not None:
            return Applied((), (), before, is_repeated=True)
        edits = _Edits(transaction, files, file, place)
        edits.take()
        answer = answer_file(transaction, files, file.user_id, place)
        files.mark_taken(kept, digest, answer.number)
        return Applied(edits.taken, edits.returned, answer)


def _answered_before(files: RemoteFiles, kept: KeptFile, digest: str, place: str) -> KeptFile | None:
    """Return the answer to the same edits from before; None for new edits."""
    newest = files.newest()
    assert newest is not None  # noqa: S101  # *kept* is one
    fault = None
    if files.last_taken() > kept.number:
        fault = f"file {files.last_taken()} was applied since"
    elif kept.taken_digest == digest:
        body = files.answer(newest.number) if newest.number == kept.answered_by else None
        if body is not None:
            return replace(newest, body=body)
        fault = f"its changes are taken, and file {newest.number} was made since its answer"
    if fault is not None:
        raise RemoteFileSuperseded(number=kept.number, user_id=kept.user_id, place=place, fault=fault)
    return None


class _Edits:
    """The edits of one file, in one transaction."""

    def __init__(self, transaction: Transaction, files: RemoteFiles, file: RemoteFile, place: str) -> None:
        self._transaction = transaction
        self._store = transaction.store
        self._files = files
        self._file = file
        self._place = place
        self._run: Run = transaction.run(Origin("remote", file.user_id, f"{file.id}"))
        self._tables = remote_tables(transaction.open_hub.stored_objects)
        self.taken: list[str] = []
        self.returned: list[ReturnedChange] = []

    def take(self) -> None:
        """Take the edits of all objects; keep the changes that come back."""
        newest = self._files.newest()
        assert newest is not None  # noqa: S101  # the applied file is one
        accounts = seen_accounts(self._store, newest.accounts, newest.has_hierarchy)
        # Before the reading: an order may change an account at the same time.
        self._store.lock_accounts(accounts)
        seen = seen_records(self._store, accounts)
        #: the keys of the user's records, by object: no other can be changed, or named
        self._seen = {name: set(records) for name, records in seen.items()}
        for remote in REMOTE_OBJECTS:
            self._take_object(remote)
        self._end_returned(newest.number + 1)

    def _take_object(self, remote: RemoteObject) -> None:
        table = self._tables[remote.name].name
        base, edited = self._file.base[table], self._file.edited[table]
        changed = [key for key in sorted({*base, *edited}) if base.get(key) != edited.get(key)]
        stored = self._stored(remote, changed)
        for key in changed:
            if key not in edited:
                self._return(remote, key, [(None, None, None, None)], "deleted", _DELETED)
            elif key not in base:
                self._take_new(remote, key, edited[key], stored.get(key))
            else:
                self._take_change(remote, key, base[key], edited[key], stored.get(key))

    def _stored(self, remote: RemoteObject, keys: Sequence[str]) -> dict[str, PropertySet]:
        """Read the hub's records of these keys, with their versions."""
        if not keys:
            return {}
        tree = self._store.query(remote.name, {remote.key: list(keys)}, versions=True)
        return {node.get(remote.key) or "": node for node in instances(tree)}

    def _take_change(
        self, remote: RemoteObject, key: str, base: Record, edited: Record, stored: PropertySet | None
    ) -> None:
        changed = [field for field in edited if edited[field] != base[field]]
        ours = None if stored is None else _record(stored, edited)
        if stored is not None and key not in self._seen[remote.name]:
            values = [(field, base[field], edited[field], None) for field in changed]
            self._return(remote, key, values, "out_of_sight", _OUT_OF_SIGHT)
            return
        for field in [field for field in changed if not remote.can_change(field)]:
            hubs = None if ours is None else ours[field]
            self._return(remote, key, [(field, base[field], edited[field], hubs)], "read_only", _READ_ONLY)
            changed.remove(field)
        wanted = {field: edited[field] if field in changed else base[field] for field in edited}
        self._merge(remote, key, wanted, base, ours, stored)

    def _merge(
        self,
        remote: RemoteObject,
        key: str,
        wanted: Record,
        base: Record | None,
        ours: Record | None,
        stored: PropertySet | None,
    ) -> None:
        """Decide a record by the engine of the feeds, and write what is taken."""
        agreed = None if base is None else AgreedRow(tuple(base.values()))
        theirs = [wanted[field] if base is not None or wanted[field] is not None else NO_VALUE for field in wanted]
        decision = decide(
            "add" if base is None else "change",
            ["hub"] * len(wanted),
            agreed,
            None if ours is None else tuple(ours.values()),
            theirs,
        )
        if ours is None:
            if base is None or wanted != base:
                origin = base or dict.fromkeys(wanted)
                values = [(each, origin[each], wanted[each], None) for each in wanted if wanted[each] != origin[each]]
                self._return(remote, key, values, decision.conflict or "update_missing", _GONE)
            return
        taken: dict[str, str | None] = {}
        for field, decided in zip(wanted, decision.fields, strict=True):
            change = (field, None if base is None else base[field], wanted[field], ours[field])
            if decided.outcome == "taken":
                taken[field] = decided.value
            elif decided.outcome == "hub wins":
                self._return(remote, key, [change], decided.conflict or "update_differing", _DIFFERS)
        if taken:
            before = {field: (None if base is None else base[field], ours[field]) for field in taken}
            version = None if stored is None else stored.get(VERSION)
            self._write(remote, key, taken, before, {VERSION: version})

    def _take_new(self, remote: RemoteObject, key: str, edited: Record, stored: PropertySet | None) -> None:
        values = [(field, None, value, None) for field, value in edited.items() if value is not None]
        if not remote.can_be_new:
            self._return(remote, key, values, "read_only", _NOT_NEW)
        elif stored is not None and key in self._seen[remote.name]:
            self._merge(remote, key, edited, None, _record(stored, edited), stored)
        elif stored is not None:
            self._return(remote, key, values, "insert_exists", _TAKEN_KEY)
        elif remote.name in _BELONGS and edited["Account Id"] not in self._seen[ACCOUNT]:
            self._return(remote, key, values, "out_of_sight", _NO_ACCOUNT)
        elif remote.name == ADDRESS and not self._is_named(key):
            self._return(remote, key, values, "out_of_sight", _UNNAMED)
        else:
            # The fields without a value get their defaults.
            given = {field: value for field, value in edited.items() if value is not None}
            if self._write(remote, key, given, dict.fromkeys(given, (None, None)), {}):
                self._seen[remote.name].add(key)

    def _is_named(self, address_id: str) -> bool:
        names = [self._tables[name].name for name in (ACCOUNT, CONTACT)]
        return any(record["Address Id"] == address_id for name in names for record in self._file.edited[name].values())

    def _write(
        self,
        remote: RemoteObject,
        key: str,
        taken: Mapping[str, str | None],
        before: Mapping[str, tuple[str | None, str | None]],
        version: Mapping[str, str | None],
    ) -> bool:
        """Write a record in a savepoint; if it is refused, the changes come back with the reason."""
        refusal = self._out_of_reach(remote, taken)
        if refusal is None:
            node = PropertySet(remote.name, properties={remote.key: key, **taken, **version})
            try:
                with self._transaction.connection.begin_nested():
                    load(self._run, message(remote.name, [node]))
            except VersionConflict as error:
                raise RecordChangedMeanwhile(place=self._place) from error
            except Refused as error:
                refusal = f"{error.what}: {error.why}" if error.why else error.what
        if refusal is not None:
            values = [(field, before[field][0], taken[field], before[field][1]) for field in taken]
            self._return(remote, key, values, "refused", refusal)
            return False
        self.taken.append(f"{remote.name} {key}")
        return True

    def _out_of_reach(self, remote: RemoteObject, taken: Mapping[str, str | None]) -> str | None:
        """Return why a record can't name another one: naming an address would show it to the user."""
        fields = self._transaction.open_hub.deployment.definitions[remote.name].root.fields
        for field, value in taken.items():
            references = fields[field].references if field in fields else None
            named = ACCOUNT if fields[field].hierarchy else (references or "").partition(".")[0]
            if value is None and remote.name in _BELONGS and field == "Account Id":
                return _NO_ACCOUNT
            if value is not None and named in self._seen and value not in self._seen[named]:
                return f"{field} names '{value}', which isn't among the user's records"
        return None

    def _return(
        self,
        remote: RemoteObject,
        key: str,
        changes: Iterable[Change],
        conflict: str,
        reason: str,
    ) -> None:
        """Return changes: by field the downloaded value, the user's and the hub's."""
        for field, base, yours, hubs in changes:
            id = self._transaction.open_hub.surroundings.new_id()
            self.returned.append(ReturnedChange(id, remote.name, key, field, base, yours, hubs, reason, conflict))

    def _end_returned(self, number: int) -> None:
        """End the changes on which the user has acted; keep the new ones."""
        kept = {row[0] for row in self._file.returned}
        edited_again = self._edited_fields()
        for change in self._files.open_returned():
            if (change.object, change.key, change.field) in edited_again:
                self._files.end_returned([change.id], "changed again")
            elif change.id not in kept and change.number <= self._file.number:
                self._files.end_returned([change.id], "let go")
        now = self._transaction.open_hub.surroundings.now()
        self._files.add_returned(self.returned, number, now)

    def _edited_fields(self) -> set[tuple[str, str, str | None]]:
        """Return the object, the key and the field of each change in the file."""
        found: set[tuple[str, str, str | None]] = set()
        for remote in REMOTE_OBJECTS:
            table = self._tables[remote.name].name
            base, edited = self._file.base[table], self._file.edited[table]
            for key in {*base, *edited}:
                before, after = base.get(key), edited.get(key)
                if before is None or after is None:
                    fields = list(after or {}) if before is None else [None]
                    found |= {(remote.name, key, field) for field in fields}
                else:
                    found |= {(remote.name, key, field) for field in after if after[field] != before[field]}
        return found


_BELONGS = (CONTACT, TICKET)
_DELETED = "records are deleted in the hub only; the record is in the new file again"
_OUT_OF_SIGHT = "the record isn't among the user's records any more; its changes weren't taken"
_READ_ONLY = "this can't be changed offline"
_NOT_NEW = "such a record can't be made offline"
_GONE = "the record was deleted in the hub"
_DIFFERS = "the hub has another value since the download; the hub's value stays"
_TAKEN_KEY = "another record has this key; make it again with another one"
_NO_ACCOUNT = "the record must name one of the user's accounts in account_id"
_UNNAMED = "no account and no contact of the file names this address"


def _record(stored: PropertySet, like: Record) -> Record:
    return plain_record({field: stored.get(field) for field in like})
