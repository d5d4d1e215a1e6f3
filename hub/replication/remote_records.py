"""The records of a remote client: which kinds its file has, and which records a user sees.

A user sees the accounts that the extract named, and what belongs to them.

Spec: docs/design/legacy.md, "Remote clients".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.database.objects.store import ObjectStore, StoredObjects
from adapters.remote_file import Above, Record, Records, RemoteTable
from hub.data_manager.open_hub import Transaction
from hub.replication.remote_catalogue import reference_tables
from hub.replication.remote_lines import LINE_KINDS, SERVICE, line_records
from hub.workflows.state.service_profile import without_inactive
from integration_objects.complex_object import empty, instances
from integration_objects.component import snake_case
from integration_objects.names import ACCOUNT, ADDRESS, ORDER, QUOTE
from integration_objects.secrets import SecretNames

CONTACT, TICKET = "Contact", "Trouble Ticket"
_OF_ACCOUNT = (Above(("Account Id",), snake_case(ACCOUNT), (snake_case("Account Id"),), cascades=False),)


@dataclass(frozen=True)
class RemoteObject:
    """A kind of record in the file.

    Attributes:
        name: the integration object; only the fields of its header are in the table.
        key: the field that names a record.
        editable: the fields that can be changed offline; None for all but the key, *fixed* and *given*.
        fixed: fields that only a new record can set.
        given: fields that the hub gives, to new records, too.
        can_be_new: whether a record can be made offline.
        belongs: whether a record is an account's, so that it must name one.
    """

    name: str
    key: str
    editable: tuple[str, ...] | None = None
    fixed: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    can_be_new: bool = True
    belongs: bool = False

    def can_change(self, field: str) -> bool:
        """Tell whether a field of a stored record can be changed offline."""
        if self.editable is None:
            return field not in (self.key, *self.fixed, *self.given)
        return field in self.editable


#: The kinds of records in the order in which changes are taken: a record comes behind those that it can name.
#: Orders can only be read. Quotes, with their lines, are changed by the hub's workflows.
REMOTE_OBJECTS = (
    RemoteObject(ADDRESS, "Address Id"),
    RemoteObject(ACCOUNT, "Account Id", ("Name", "Phone Number", "Email Address", "Address Id"), can_be_new=False),
    RemoteObject(CONTACT, "Contact Id", belongs=True),
    RemoteObject(TICKET, "Ticket Number", fixed=("Account Id",), belongs=True),
    RemoteObject(
        QUOTE,
        "Row Id",
        fixed=("Account Id", "Currency Code"),
        given=("Quote Number", "Revision", "Status"),
        belongs=True,
    ),
    RemoteObject(ORDER, "Row Id", (), can_be_new=False),
)


def remote_tables(objects: StoredObjects) -> dict[str, RemoteTable]:
    """Return the tables of the file by the name of their object; a deployment's own fields are in them."""
    tables = {}
    for remote in REMOTE_OBJECTS:
        columns = {field: snake_case(field) for field in objects.of(remote.name).header.columns}
        above = _OF_ACCOUNT if remote.name == QUOTE else ()
        tables[remote.name] = RemoteTable(snake_case(remote.name), (remote.key,), columns, above)
    for kind in LINE_KINDS:
        tables |= kind.tables(objects)
    return {**tables, **reference_tables(objects)}


def seen_accounts(store: ObjectStore, accounts: Sequence[str], has_hierarchy: bool) -> list[str]:
    """Return the stored accounts among *accounts*, with all accounts beneath them if *has_hierarchy*."""
    if has_hierarchy:
        return sorted(store.keys_beneath(ACCOUNT, accounts))
    return sorted(row["Account Id"] or "" for row in store.keys(ACCOUNT, {"Account Id": sorted(set(accounts))}))


def seen_records(transaction: Transaction, accounts: Sequence[str]) -> dict[str, dict[str, Record]]:
    """Read the records that a user of these accounts sees, by their object and key."""
    store, objects = transaction.store, transaction.open_hub.stored_objects
    tables, secrets = remote_tables(objects), SecretNames(transaction.catalogues.secret_names())
    seen: dict[str, dict[str, Record]] = {}
    of_accounts = {"Account Id": list(accounts)}
    for remote in REMOTE_OBJECTS[1:]:
        seen[remote.name] = _by_key(remote, store.keys(remote.name, of_accounts)) if accounts else {}
    named = {record["Address Id"] for name in (ACCOUNT, CONTACT) for record in seen[name].values()} - {None}
    rows = store.keys(ADDRESS, {"Address Id": sorted(address or "" for address in named)}) if named else []
    seen[ADDRESS] = _by_key(REMOTE_OBJECTS[0], rows)
    for kind in LINE_KINDS:
        trees = store.query(kind.object, of_accounts) if accounts else empty(kind.object)
        if kind is SERVICE:
            trees = without_inactive(trees)
        nodes = instances(secrets.masked(trees))
        seen |= line_records(kind, tables, (line for node in nodes for line in kind.lines(objects, node).values()))
    return seen


def by_table(tables: Mapping[str, RemoteTable], records: Mapping[str, Mapping[str, Record]]) -> Records:
    """Name the records by their table in place of their object."""
    return {table.name: records.get(name, {}) for name, table in tables.items()}


def plain_record(row: Mapping[str, str | None]) -> Record:
    """Return a record in the form in which it is compared: no editor tells an empty text from a missing value."""
    return {field: value or None for field, value in row.items()}


def _by_key(remote: RemoteObject, rows: Sequence[Mapping[str, str | None]]) -> dict[str, Record]:
    found = {row[remote.key] or "": plain_record(row) for row in rows}
    return {key: found[key] for key in sorted(found) if key}
