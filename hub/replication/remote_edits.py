"""The edits of one file while they are taken: what was changed, what the user sees, what is taken and what comes back.

Spec: docs/design/legacy.md, "Remote clients".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from adapters.database.objects.faults import VersionConflict
from adapters.database.replication.remote_files import RemoteFiles, ReturnedChange
from adapters.remote_file import Record, RemoteFile
from hub.data_manager.open_hub import Transaction
from hub.replication.compare import NO_VALUE, AgreedRow, decide
from hub.replication.remote_records import remote_tables, seen_accounts, seen_records
from hub.workflow_manager.origin import Origin
from hub.workflow_manager.run import Run
from integration_objects.errors import Refused, Retryable
from integration_objects.field_values import check_value, shown
from integration_objects.names import ACCOUNT
from integration_objects.secrets import SecretNames, mask

#: the field of a change, None for a whole record; the downloaded value, the user's, the hub's
Change = tuple[str | None, str | None, str | None, str | None]
T = TypeVar("T")

DELETED = "records are deleted in the hub only; the record is in the new file again"
OUT_OF_SIGHT = "the record isn't among the user's records any more; its changes weren't taken"
READ_ONLY = "this can't be changed offline"
NOT_NEW = "such a record can't be made offline"
GONE = "the record was deleted in the hub"
DIFFERS = "the hub has another value since the download; the hub's value stays"
TAKEN_KEY = "another record has this key; make it again with another one"
NO_ACCOUNT = "the record must name one of the user's accounts in account_id"
UNNAMED = "no account and no contact of the file names this address"
#: fields that name an object without being declared so
_NAMED = {"Opportunity Id": "Opportunity.Opportunity Id"}


class RecordChangedMeanwhile(Retryable):
    """Somebody changed a record between its reading and its writing."""

    what = "a record was changed by somebody else while the file was applied"
    where = "{place}"
    mend = "apply the file again; nothing was changed"


@dataclass(frozen=True)
class Merged:
    """The decision on fields.

    Attributes:
        taken: the values that the hub takes.
        lost: the fields in which the hub's value stays, with the name of the conflict.
    """

    taken: dict[str, str | None]
    lost: dict[str, str]


def merged(wanted: Record, base: Record | None, ours: Record) -> Merged:
    """Decide fields by the engine of the feeds; the hub owns all of them.

    Args:
        wanted: the user's values.
        base: the downloaded ones; None for a new record, of which only fields with a value count.
        ours: the hub's.
    """
    decision = decide(
        "add" if base is None else "change",
        ["hub"] * len(wanted),
        None if base is None else AgreedRow(tuple(base[field] for field in wanted)),
        tuple(ours[field] for field in wanted),
        [value if base is not None or value is not None else NO_VALUE for value in wanted.values()],
    )
    pairs = list(zip(wanted, decision.fields, strict=True))
    return Merged(
        {field: decided.value for field, decided in pairs if decided.outcome == "taken"},
        {field: decided.conflict or "update_differing" for field, decided in pairs if decided.outcome == "hub wins"},
    )


class FileEdits:
    """The edits of one file, in one transaction.

    Attributes:
        seen: the user's records as they are now, by object and key: no other can be changed, or named.
        taken: the records that were made or changed.
        returned: the changes that come back.
    """

    def __init__(self, transaction: Transaction, files: RemoteFiles, file: RemoteFile, place: str) -> None:
        """Lock and read the records of the user's accounts."""
        self.transaction = transaction
        self.store = transaction.store
        self.file = file
        self.run: Run = transaction.run(Origin("remote", file.user_id, f"{file.id}"))
        self.tables = remote_tables(transaction.open_hub.stored_objects)
        self.taken: list[str] = []
        self.returned: list[ReturnedChange] = []
        self._files = files
        self._place = place
        newest = files.newest()
        assert newest is not None  # noqa: S101  # the applied file is one
        self._next_number = newest.number + 1
        accounts = seen_accounts(self.store, newest.accounts, newest.has_hierarchy)
        # Before the reading: an order may change an account at the same time.
        self.store.lock_accounts(accounts)
        self.seen: dict[str, dict[str, Record]] = seen_records(transaction, accounts)
        self.secrets: SecretNames = self.run.secret_names()

    def base(self, name: str) -> Mapping[str, Record]:
        """Return the downloaded records of an object."""
        return self.file.base[self.tables[name].name]

    def edited(self, name: str) -> Mapping[str, Record]:
        """Return the records of an object as the user left them."""
        return self.file.edited[self.tables[name].name]

    def changed(self, name: str) -> list[str]:
        """Return the keys of the records that the user made, changed or deleted."""
        base, edited = self.base(name), self.edited(name)
        return [key for key in sorted({*base, *edited}) if base.get(key) != edited.get(key)]

    def attempt(self, work: Callable[[], T], secrets: Iterable[str] = ()) -> tuple[T | None, str | None]:
        """Do a piece of work in a savepoint; return its result, or the reason for which the hub refuses it."""
        try:
            with self.transaction.connection.begin_nested():
                return work(), None
        except VersionConflict as error:
            raise RecordChangedMeanwhile(place=self._place) from error
        except Refused as error:
            return None, mask(f"{error.what}: {error.why}" if error.why else error.what, set(secrets))

    def out_of_reach(self, name: str, taken: Mapping[str, str | None], component: str | None = None) -> str | None:
        """Return why a record can't name another one: naming an address would show it to the user.

        Args:
            name: the integration object.
            taken: the values that the record gets.
            component: the component of the object; None for its header.
        """
        definition = self.transaction.open_hub.deployment.definitions[name].root
        fields = (definition if component is None else definition.children[component]).fields
        for field, value in taken.items():
            reference = None
            if field in fields:
                is_above = fields[field].hierarchy
                reference = f"{ACCOUNT}.Account Id" if is_above else fields[field].references or _NAMED.get(field)
            if value is None or reference is None:
                continue
            named, _, key = reference.partition(".")
            if not self._is_seen(named, key, value):
                return f"{field} names {shown(value)}, which isn't among the user's records"
        return None

    def _is_seen(self, name: str, key: str, value: str) -> bool:
        """Tell whether a user may name an object: one of the file's, or one that belongs to no other account."""
        if name in self.seen:
            return value in self.seen[name]
        headers = self.store.headers_by_key(name, self.fitting(name, key, [value]))
        owner = headers.get(value, {}).get("Account Id")
        return owner is None or owner in self.seen[ACCOUNT]

    def is_stored(self, name: str, key: str, value: str) -> bool:
        """Tell whether the hub has an object, also one that the user doesn't see."""
        wanted = self.fitting(name, key, [value])
        return bool(wanted) and bool(self.store.keys(name, {key: wanted}))

    def fitting(self, name: str, field: str, values: Iterable[str]) -> list[str]:
        """Return the values that a field of a header can have: the hub isn't asked for others."""
        declared = self.transaction.open_hub.deployment.definitions[name].root.fields[field]
        return [value for value in values if check_value(declared, value) is None]

    def return_changes(self, name: str, key: str, changes: Iterable[Change], conflict: str, reason: str) -> None:
        """Return changes: by field the downloaded value, the user's and the hub's."""
        for field, base, yours, hubs in changes:
            id = self.transaction.open_hub.surroundings.new_id()
            self.returned.append(ReturnedChange(id, name, key, field, base, yours, hubs, reason, conflict))

    def end_returned(self) -> None:
        """End the changes on which the user has acted; keep the new ones."""
        kept = {row[0] for row in self.file.returned}
        edited_again = self._edited_fields()
        for change in self._files.open_returned():
            if (change.object, change.key, change.field) in edited_again:
                self._files.end_returned([change.id], "changed again")
            elif change.id not in kept and change.number <= self.file.number:
                self._files.end_returned([change.id], "let go")
        now = self.transaction.open_hub.surroundings.now()
        self._files.add_returned(self.returned, self._next_number, now)

    def _edited_fields(self) -> set[tuple[str, str, str | None]]:
        """Return the object, the key and the field of each change in the file."""
        found: set[tuple[str, str, str | None]] = set()
        for name in self.tables:
            for key in self.changed(name):
                before, after = self.base(name).get(key), self.edited(name).get(key)
                # Whoever deletes a record has acted on all that came back of it.
                fields: Sequence[str | None] = [None, *(before or ())]
                if after is not None:
                    fields = [field for field in after if before is None or after[field] != before[field]]
                found |= {(name, key, field) for field in fields}
        return found
