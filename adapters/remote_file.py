"""The file of a remote client: one SQLite file with a user's records, which any SQLite program can edit.

    <object>        a table for each kind of record, a column for each field, all of them text; the user edits these
    base_<object>   the same records as they were downloaded; the edits are the differences
    <reference>     tables that the user only reads: products, prices, services; they have no second table
    returned        the changes of the user that weren't taken, with their reasons; deleting a row lets the change go
    orderhub_file   one row: the file's id, its user, its number

There are no triggers: a program that edits the file with triggers switched off would lose changes. Foreign keys say
what belongs together; SQLite proves them for programs that switch them on.

Spec: docs/design/legacy.md, "Remote clients"; docs/remote_clients.md.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from integration_objects.errors import Invalid, Refused

#: The largest file. The hub keeps the newest answer to each user whole.
MOST_BYTES = 32 * 1024 * 1024
#: Bytes 18 and 19 of a file in WAL mode are 2; a file in memory must have 1 there (SQLite, "sqlite3_deserialize").
_WAL, _ROLLBACK, _MODE = b"\x02\x02", b"\x01\x01", slice(18, 20)
_FILE = 'CREATE TABLE "orderhub_file" ("id" TEXT NOT NULL, "user_id" TEXT NOT NULL, "number" TEXT NOT NULL)'
RETURNED = ("id", "object", "key", "field", "base", "yours", "hub", "reason", "number")

#: the values of a record by field
Record = Mapping[str, str | None]
#: the records of each table by their key
Records = Mapping[str, Mapping[str, Record]]


class RemoteFileFaulty(Invalid):
    """A file is none that the hub has made, or it was damaged."""

    what = "the file can't be read as a remote client's"
    where = "{place}"
    why = "{fault}"
    mend = "mend the file, or extract a new one with `orderhub remote extract`; nothing was changed"


class RemoteFileTooLarge(Refused):
    """A file is over the limit."""

    what = "the file is too large"
    where = "{place}"
    why = "a remote client's file has at most {most} bytes"
    mend = "extract fewer accounts"


class RemoteFileInUse(Refused):
    """Another program has changes of the file that aren't in it yet."""

    what = "another program is changing the file"
    where = "{place}"
    why = "{name} is beside it, with changes that aren't in the file yet"
    mend = "close the file in the other program, and apply it again"


class RemoteFileChangedMeanwhile(Refused):
    """The file was changed while its changes were being taken."""

    what = "the file was changed while it was being applied, and wasn't replaced"
    where = "{place}"
    mend = "apply it again: changes that were taken already aren't taken twice"


class RemoteFileExists(Refused):
    """A new file would write over another one."""

    what = "the file is there already, and may have changes"
    where = "{place}"
    mend = "apply the changes and remove the file, or name another file"


@dataclass(frozen=True)
class Above:
    """The record to which a record belongs.

    Attributes:
        fields: the fields that name it.
        table: its table.
        columns: the columns of its key.
        cascades: whether the record goes when that one is deleted.
    """

    fields: Sequence[str]
    table: str
    columns: Sequence[str]
    cascades: bool = True


@dataclass(frozen=True)
class RemoteTable:
    """A table of the file.

    Attributes:
        name: the table's name.
        key: the fields that name a record.
        columns: the column of each field.
        above: the records to which a record belongs.
        is_reference: whether users only read the table.
    """

    name: str
    key: Sequence[str]
    columns: Mapping[str, str]
    above: Sequence[Above] = ()
    is_reference: bool = False

    def statements(self) -> dict[str, str]:
        """Return the statements that make the tables, by name; a file's must be the same, letter by letter."""
        columns = [
            f'"{column}" TEXT NOT NULL' if name in self.key else f'"{column}" TEXT'
            for name, column in self.columns.items()
        ]
        columns.append(f"PRIMARY KEY ({self._names(self.key)})")
        belongs = [
            f'FOREIGN KEY ({self._names(above.fields)}) REFERENCES "{above.table}" ({_names(above.columns)})'
            + (" ON DELETE CASCADE" if above.cascades and not self.is_reference else "")
            for above in self.above
        ]
        base = {} if self.is_reference else {f"base_{self.name}": columns}
        tables = {self.name: [*columns, *belongs], **base}
        return {name: f'CREATE TABLE "{name}" ({", ".join(parts)})' for name, parts in tables.items()}

    def key_of(self, record: Record) -> str | None:
        """Return the text that names a record; None if a field of its key has no value.

        >>> RemoteTable("part", ["Of", "Name"], {}).key_of({"Of": "a/b", "Name": "c"})
        'a\\\\/b/c'
        """
        parts = [record[name] for name in self.key]
        if len(parts) == 1:
            return parts[0]
        # A slash of a part gets a backslash: two keys never have one text.
        texts = [part.replace("\\", r"\\").replace("/", r"\/") for part in parts if part is not None]
        return "/".join(texts) if len(texts) == len(parts) else None

    def _names(self, fields: Iterable[str]) -> str:
        return _names(self.columns[name] for name in fields)


@dataclass(frozen=True)
class RemoteFile:
    """The content of a file.

    Attributes:
        id: the file's id, which nobody can guess.
        number: the user's files are numbered.
        base: the records as they were downloaded.
        edited: the records as they are now.
        returned: the rows of the table ``returned``, as the columns of RETURNED.
    """

    id: str
    user_id: str
    number: int
    base: Records
    edited: Records
    returned: Sequence[Sequence[str | None]] = field(default=())

    def base_digest(self) -> str:
        """Return the digest of what was downloaded."""
        return _digest([self.id, self.user_id, self.number, self.base])

    def content_digest(self) -> str:
        """Return the digest of everything that a user can change."""
        return _digest([self.edited, sorted(row[0] or "" for row in self.returned)])


def read_remote_file(content: bytes, tables: Iterable[RemoteTable], place: str) -> RemoteFile:
    """Read a file.

    Raises:
        RemoteFileFaulty: it isn't a remote client's file, or a value can't be a field's.
    """
    if not content:
        raise RemoteFileFaulty(place=place, fault="it is empty")
    patched = bytearray(content)
    if patched[_MODE] == _WAL:
        patched[_MODE] = _ROLLBACK
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(bytes(patched))
            connection.execute("PRAGMA trusted_schema = OFF")
            return _read(connection, list(tables), place)
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        raise RemoteFileFaulty(place=place, fault=str(error)) from error


def _read(connection: sqlite3.Connection, tables: Sequence[RemoteTable], place: str) -> RemoteFile:
    _prove_schema(connection, tables, place)
    rows = connection.execute('SELECT "id", "user_id", "number" FROM "orderhub_file"').fetchall()
    values = [_text(value, "orderhub_file", place) or "" for row in rows for value in row]
    if len(values) != 3 or not values[2].isdecimal():
        raise RemoteFileFaulty(place=place, fault="the table orderhub_file must have the one row that the hub wrote")
    id, user_id, number = values
    edited = {table.name: _records(connection, table, table.name, place) for table in tables}
    base = {
        table.name: edited[table.name]
        if table.is_reference
        else _records(connection, table, f"base_{table.name}", place)
        for table in tables
    }
    returned = connection.execute(f"SELECT {_names(RETURNED)} FROM returned").fetchall()  # noqa: S608
    if not all(isinstance(row[0], str) for row in returned):
        raise RemoteFileFaulty(place=place, fault="a row of the table returned has no id")
    return RemoteFile(id, user_id, int(number[:9]), base, edited, returned)


def _prove_schema(connection: sqlite3.Connection, tables: Sequence[RemoteTable], place: str) -> None:
    """Refuse other tables than the hub's: a view, for example, would run its maker's statements."""
    # Before the tables are read: a damaged tree could give a row twice, or hide one.
    for (fault,) in connection.execute("PRAGMA quick_check(1)"):
        if fault != "ok":
            raise RemoteFileFaulty(place=place, fault=f"it is damaged: {fault}")
    found = {name: (kind, sql) for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_schema")}
    for name, (kind, _) in found.items():
        if kind == "trigger":
            fault = f"it has the trigger {name}, and a trigger could change what the user didn't write"
            raise RemoteFileFaulty(place=place, fault=fault)
    for name, statement in _statements(tables).items():
        if found.get(name) != ("table", statement):
            fault = f"the table {name} is missing, or it has other columns than the hub's"
            raise RemoteFileFaulty(place=place, fault=fault)


def _records(connection: sqlite3.Connection, table: RemoteTable, name: str, place: str) -> dict[str, Record]:
    records: dict[str, Record] = {}
    for row in connection.execute(f'SELECT {_names(table.columns.values())} FROM "{name}"'):  # noqa: S608
        record = dict(zip(table.columns, (_text(value, name, place) for value in row), strict=True))
        key = table.key_of(record)
        if key is None:
            lacking = next(table.columns[part] for part in table.key if record[part] is None)
            raise RemoteFileFaulty(place=place, fault=f"a row of the table {name} has no {lacking}")
        records[key] = record
    return records


def _text(value: object, name: str, place: str) -> str | None:
    if isinstance(value, bytes):
        raise RemoteFileFaulty(place=place, fault=f"a value of the table {name} is no text")
    text = "" if value is None else str(value)
    # PostgreSQL has no text with this character, so that the change couldn't even be kept as a returned one.
    if "\0" in text:
        raise RemoteFileFaulty(place=place, fault=f"a value of the table {name} has the character U+0000")
    # An editor writes an empty text where a person clears a field.
    return text or None


def write_remote_file(file: RemoteFile, tables: Iterable[RemoteTable], place: str) -> bytes:
    """Write a file's bytes.

    Raises:
        RemoteFileTooLarge: it is over the limit.
    """
    tables = list(tables)
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in _statements(tables).values():
            connection.execute(statement)
        connection.execute("INSERT INTO orderhub_file VALUES (?, ?, ?)", (file.id, file.user_id, str(file.number)))
        for table in tables:
            marks = ", ".join("?" for _ in table.columns)
            for name in table.statements():
                records = file.edited if name == table.name else file.base
                rows = [[record[field] for field in table.columns] for record in records[table.name].values()]
                connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)  # noqa: S608
        marks = ", ".join("?" for _ in RETURNED)
        connection.executemany(f"INSERT INTO returned VALUES ({marks})", file.returned)  # noqa: S608
        connection.commit()
        content = connection.serialize()
    if len(content) > MOST_BYTES:
        raise RemoteFileTooLarge(place=place, most=MOST_BYTES)
    return content


def read_bytes(path: pathlib.Path) -> bytes:
    """Read the bytes of a file that no other program is changing.

    Raises:
        RemoteFileInUse, RemoteFileTooLarge, RemoteFileFaulty: it is being changed, is too large, or can't be read.
    """
    for ending in ("-wal", "-journal"):
        beside = path.with_name(path.name + ending)
        if beside.exists() and beside.stat().st_size:
            raise RemoteFileInUse(place=path, name=beside.name)
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise RemoteFileFaulty(place=path, fault=error.strerror or str(error)) from error
    if len(content) > MOST_BYTES:
        raise RemoteFileTooLarge(place=path, most=MOST_BYTES)
    return content


def prove_new(path: pathlib.Path) -> None:
    """Refuse a file that is there already: it may have changes that nobody has applied.

    Raises:
        RemoteFileExists: there is such a file.
    """
    if path.exists():
        raise RemoteFileExists(place=path)


def replace_bytes(path: pathlib.Path, content: bytes, before: bytes | None) -> None:
    """Replace a file as a whole: a process that is killed leaves the old file or the new one.

    Args:
        before: the bytes that the file must still have; None for a new file.

    Raises:
        RemoteFileChangedMeanwhile: the file has other bytes.
    """
    if before is not None and read_bytes(path) not in (before, content):
        raise RemoteFileChangedMeanwhile(place=path)
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise RemoteFileFaulty(place=path, fault=error.strerror or str(error)) from error


def _statements(tables: Iterable[RemoteTable]) -> dict[str, str]:
    statements = {"orderhub_file": _FILE}
    for table in tables:
        statements |= table.statements()
    columns = ", ".join(f'"{name}" TEXT' for name in RETURNED)
    return {**statements, "returned": f'CREATE TABLE "returned" ({columns})'}


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _digest(content: object) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
