"""A billing system for the demonstration and the tests: a program of its own, that keeps accounts in its own database.

    python -m hub.demo.billing_stand_in DATABASE FOLDER COMMAND ...

    add KEY FIELD=VALUE ...     make an account
    set KEY FIELD=VALUE ...     change an account
    delete KEY                  delete an account
    edit COUNT SEED             do a number of chance edits; the same seed does the same edits
    read                        read the hub's files in their order, and answer each
    write [--full]              write a file of the changes since the last one, or of all accounts
    exchange                    read, then write
    tell TO                     write a message for each change that no message has told so far, each a file in TO
    hear FILE TO                hear the hub's messages, as `orderhub receive --json` prints them; write each answer
                                to a file in TO that is named after the answered message
    place                       put the files into the hub's folder again that a crash left behind
    extract FILE                write all accounts to a file that isn't part of the exchange
    show                        print the accounts, a line each

FOLDER is the hub's folder of the feed: the program reads FOLDER/outbox and writes into FOLDER/inbox. It has its own
code for the files, and imports nothing of the hub: a fault of the hub's can't hide in it.

A change that a message has told stands in the next file all the same, unless the hub has accepted the message.

Each file or message that is read, and each that is written, is one transaction of the database; a file appears in the
folder after it. So the program can be killed at any moment.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pathlib
import random
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

#: The fields of an account, with their widths in a record.
WIDTHS = {
    "CUST-NAME": 40,
    "CUST-STAT": 1,
    "CREDIT-LIMIT": 12,
    "PHONE": 20,
    "EMAIL": 40,
    "STREET": 40,
    "CITY": 30,
    "POSTAL-CODE": 10,
    "COUNTRY": 20,
    "CONTACT-FIRST": 20,
    "CONTACT-LAST": 20,
}
FIELDS = tuple(WIDTHS)
_LENGTH = 292
_CODE_PAGE = "iso-8859-1"
#: Reasons of refusals by which the hub says that it has a file of this number.
_KNOWN_TO_THE_HUB = ("FeedNumberReused", "FeedNumberPast")
_HEADER = (1, 8, 6, 8, 14, 8, 40, 200)
_ANSWER = (1, 9, 20, 8, 40, 200, 14)
_TRAILER = (1, 9, 10, 15, 15, 32, 9, 9, 9)
_ACCOUNT = ", ".join(f'"{name}" TEXT' for name in FIELDS)
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS account (
    key TEXT PRIMARY KEY, {_ACCOUNT}, changed_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS unsent (key TEXT PRIMARY KEY, operation TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sent (key TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS told (
    number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, version INTEGER NOT NULL, is_there INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS unanswered (key TEXT NOT NULL, file INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS applied (key TEXT PRIMARY KEY, version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS edit (
    seq INTEGER PRIMARY KEY, key TEXT NOT NULL, operation TEXT NOT NULL, field TEXT, old TEXT, new TEXT, file INTEGER);
CREATE TABLE IF NOT EXISTS file_out (number INTEGER PRIMARY KEY, kind TEXT, content BLOB, is_placed INTEGER);
CREATE TABLE IF NOT EXISTS file_in (number INTEGER PRIMARY KEY, digest TEXT, answer INTEGER);
CREATE TABLE IF NOT EXISTS clock (time INTEGER NOT NULL);
INSERT INTO clock SELECT 20260101000000 WHERE NOT EXISTS (SELECT 1 FROM clock);
"""  # noqa: S608  # names of this module


class BillingStandIn:
    """Billing's accounts, and its side of the exchange of files.

    Args:
        database: a SQLite file, made if it isn't there.
        folder: the hub's folder of the feed.
    """

    def __init__(self, database: pathlib.Path, folder: pathlib.Path) -> None:
        self._inbox, self._outbox = folder / "inbox", folder / "outbox"
        self.database = sqlite3.connect(database)
        self.database.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def accounts(self) -> dict[str, tuple[str | None, ...]]:
        """Return the values of each account, in the order of `FIELDS`."""
        rows = self.database.execute(f"SELECT key, {_COLUMNS} FROM account ORDER BY key")  # noqa: S608
        return {row[0]: tuple(row[1:]) for row in rows}

    # What billing's users do.

    def add(self, key: str, values: dict[str, str | None]) -> None:
        """Make an account."""
        with self.database:
            self._store(key, [values.get(name) for name in FIELDS])
            self._note(key, "A", None, None, None)

    def set(self, key: str, values: dict[str, str | None]) -> None:
        """Change fields of an account; nothing happens where it isn't there."""
        with self.database:
            row = self._values(key)
            if row is None:
                return
            changed = dict(zip(FIELDS, row, strict=True)) | values
            self._store(key, [changed[name] for name in FIELDS])
            for name, value in values.items():
                old = row[FIELDS.index(name)]
                if old != value:
                    self._note(key, "C", name, old, value)

    def delete(self, key: str) -> None:
        """Delete an account; nothing happens where it isn't there."""
        with self.database:
            if self.database.execute("DELETE FROM account WHERE key = ?", (key,)).rowcount:
                # A deletion is younger than the last change: a late record of that change must not undo it.
                self._tick()
                self._note(key, "D", None, None, None)

    def edit(self, count: int, chance: random.Random, keys: Sequence[str] = ()) -> None:
        """Do *count* chance edits: new accounts, changes, deletions; *keys* are those that both sides make."""
        for _ in range(count):
            known = list(self.accounts())
            kind = chance.random()
            if kind < 0.2 or not known:
                key = chance.choice(list(keys) or [f"B-{chance.randrange(10**6):06}"])
                if key not in known:
                    self.add(key, _new_values(chance))
            elif kind < 0.26:
                self.delete(chance.choice(known))
            else:
                name = chance.choice(FIELDS)
                self.set(chance.choice(known), {name: _new_value(name, chance)})

    # Messages between two files.

    def tell(self) -> list[tuple[str, bytes]]:
        """Make a message for each change that no message has told so far; return their ids and bodies."""
        messages = []
        with self.database:
            for key, operation in self.database.execute("SELECT key, operation FROM unsent ORDER BY key").fetchall():
                version, is_there = self._version(key), self._values(key) is not None
                query = "SELECT version, is_there FROM told WHERE key = ? ORDER BY number DESC"
                told = self.database.execute(query, (key,)).fetchone()
                if told is not None and told[1] == is_there and (told[0] == version or not is_there):
                    continue
                new = "INSERT INTO told VALUES (NULL, ?, ?, ?)"
                number = self.database.execute(new, (key, version, is_there)).lastrowid
                messages.append((f"B-{number:08}", _message([self._line(key, operation)])))
        return messages

    def hear(self, body: bytes) -> bytes | None:
        """Hear a message of the hub's; return the answer, None for a message that is one itself."""
        lines = body.decode(_CODE_PAGE).split("\n")[:-1]
        with self.database:
            if lines[0][0] == "D":
                return _message([self._apply(line, place, is_message=True) for place, line in enumerate(lines, 1)])
            for line in lines:
                self._hear(line)
                _, _, key, outcome, _, _, version = _cut(line, _ANSWER)
                if outcome == "ACCEPTED" and version.isdecimal():
                    self._end_told(key, int(version))
        return None

    def _end_told(self, key: str, version: int) -> None:
        """The hub has a change: no file needs to tell of it, unless there is a later one."""
        is_there = self._values(key) is not None
        query = "SELECT 1 FROM told WHERE key = ? AND version = ? AND is_there = ?"
        told = self.database.execute(query, (key, version, is_there)).fetchone()
        if told is None or (is_there and self._version(key) != version):
            return
        self.database.execute("DELETE FROM told WHERE key = ?", (key,))
        self.database.execute("DELETE FROM unsent WHERE key = ?", (key,))
        statement = "INSERT OR IGNORE INTO sent VALUES (?)" if is_there else "DELETE FROM sent WHERE key = ?"
        self.database.execute(statement, (key,))

    # The exchange of files.

    def write(self, full: bool = False, always: bool = False) -> int | None:
        """Write a file of the changes since the last one, or of all accounts; return its number.

        Returns:
            None where nothing has changed, and a file isn't *always* asked for.
        """
        with self.database:
            unsent = dict(self.database.execute("SELECT key, operation FROM unsent ORDER BY key"))
            if not (unsent or full or always):
                return None
            if full:
                lines = [self._line(key, " ") for key in self.accounts()]
            else:
                lines = [self._line(key, operation) for key, operation in unsent.items()]
            number = self._next_number()
            self._keep(number, "FULL" if full else "DELTA", 0, lines)
            self.database.execute("UPDATE edit SET file = ? WHERE file IS NULL", (number,))
            self.database.executemany("INSERT INTO unanswered VALUES (?, ?)", [(key, number) for key in unsent])
            self.database.execute("INSERT OR IGNORE INTO sent SELECT key FROM account")
            # A full file doesn't tell of deletions: the next file of changes does.
            told = "" if not full else "WHERE operation <> 'D'"
            self.database.execute(f"DELETE FROM unsent {told}")  # noqa: S608  # a text of this function
            self.database.execute(
                "DELETE FROM sent WHERE key NOT IN (SELECT key FROM account) AND key NOT IN (SELECT key FROM unsent)"
            )
        self.place()
        return number

    def extract(self) -> bytes:
        """Return a file with all accounts for a reconciliation; it is not part of the exchange."""
        return self._file(self._next_number(), "FULL", 0, [self._line(key, " ") for key in self.accounts()])

    def place(self, number: int | None = None) -> None:
        """Put the files into the hub's folder that aren't there yet; a *number* is put there again."""
        query = "SELECT number, content FROM file_out WHERE NOT is_placed OR number = ? ORDER BY number"
        for found, content in self.database.execute(query, (number,)).fetchall():
            self._inbox.mkdir(parents=True, exist_ok=True)
            hidden = self._inbox / f".{found:08}.tmp"
            hidden.write_bytes(content)
            os.replace(hidden, self._inbox / f"ACCOUNTS.{found:08}.txt")
            with self.database:
                self.database.execute("UPDATE file_out SET is_placed = 1 WHERE number = ?", (found,))

    def read(self) -> int:
        """Read the hub's files in the order of their numbers, and answer each; return how many were new."""
        found = {}
        for path in sorted(self._outbox.glob("*")) if self._outbox.is_dir() else ():
            if path.is_file() and not path.name.startswith("."):
                content = path.read_bytes()
                number = _number_of(content)
                if number is None or not _is_whole(content):
                    continue  # cut on its way: the hub writes it again
                found[number] = (path, content)
        count = 0
        for number, (path, content) in sorted(found.items()):
            if number > self._last_in() + 1:
                break  # a gap: later files wait
            if number > self._last_in():
                self._take(number, content)
                count += 1
            path.unlink()
        self.place()
        return count

    def _take(self, number: int, content: bytes) -> None:
        lines = content.decode(_CODE_PAGE).split("\n")[:-1]
        header = _cut(lines[0], _HEADER)
        with self.database:
            answer = None
            if header[2] == "ANSWER" and header[5] == "REFUSED":
                # The file came to harm on its way: the same bytes are sent once more. Not where the hub has the file
                # already, all but its last line end: it would refuse the whole one for ever.
                if header[6] not in _KNOWN_TO_THE_HUB:
                    self.database.execute("UPDATE file_out SET is_placed = 0 WHERE number = ?", (int(header[3]),))
            elif header[2] == "ANSWER":
                self.database.execute("DELETE FROM unanswered WHERE file <= ?", (int(header[3]),))
                for line in lines[1:-1]:
                    self._hear(line)
            else:
                answers = [self._apply(line, place) for place, line in enumerate(lines[1:-1], 1)]
                answer = self._next_number()
                self._keep(answer, "ANSWER", number, answers)
            digest = hashlib.sha256(content).hexdigest()
            self.database.execute("INSERT INTO file_in VALUES (?, ?, ?)", (number, digest, answer))

    def _apply(self, line: str, position: int, is_message: bool = False) -> str:
        """Apply a record of the hub's, unless a user of billing's has changed the account since the last file.

        A message may be late: it is applied only where it is newer than all that the hub has told of the account, and
        where the hub has answered all that billing has told of it.
        """
        operation, key, values, made_at = _parsed(line)
        outcome, reason, text = "ACCEPTED", "", ""
        version = int(made_at) if made_at.isdecimal() else 0
        applied = self.database.execute("SELECT version FROM applied WHERE key = ?", (key,)).fetchone()
        if self.database.execute("SELECT 1 FROM unsent WHERE key = ?", (key,)).fetchone():
            outcome = "KEPT"
        elif is_message and applied is not None and version <= applied[0]:
            outcome, reason = "KEPT", "OLDER"
        elif is_message and self.database.execute("SELECT 1 FROM unanswered WHERE key = ?", (key,)).fetchone():
            outcome, reason = "KEPT", "UNANSWERED"
        elif operation == "D":
            self._tick()
            self.database.execute("DELETE FROM account WHERE key = ?", (key,))
            self.database.execute("DELETE FROM sent WHERE key = ?", (key,))
        elif operation == "C" and self._values(key) is None:
            outcome, reason, text = "REJECTED", "UNKNOWN-ACCOUNT", f"billing has no account {key}"
        else:
            self._store(key, values)
            self.database.execute("INSERT OR IGNORE INTO sent VALUES (?)", (key,))
        if outcome == "ACCEPTED" and (applied is None or version > applied[0]):
            self.database.execute("INSERT OR REPLACE INTO applied VALUES (?, ?)", (key, version))
        return _joined(("A", f"{position:09}", key, outcome, reason, text, str(self._version(key))), _ANSWER)

    def _hear(self, line: str) -> None:
        """Take the hub's answer to a record: an account that the hub doesn't have is sent as a new one."""
        _, _, key, outcome, reason, *_ = _cut(line, _ANSWER)
        if outcome == "REJECTED" and reason == "update_missing" and self._values(key) is not None:
            self.database.execute("DELETE FROM sent WHERE key = ?", (key,))
            self.database.execute("INSERT OR REPLACE INTO unsent VALUES (?, 'A')", (key,))

    def _keep(self, number: int, kind: str, of: int, lines: Sequence[str]) -> None:
        """Make a file of *lines*, and keep it until the hub has it."""
        content = self._file(number, kind, of, lines)
        self.database.execute("INSERT INTO file_out VALUES (?, ?, ?, 0)", (number, kind, content))

    def _file(self, number: int, kind: str, of: int, lines: Sequence[str]) -> bytes:
        records = [line.ljust(_LENGTH) + "\n" for line in lines]
        time = str(self._time())
        header = _joined(
            ("H", f"{number:08}", kind, f"{of:08}", time, "ACCEPTED" * (kind == "ANSWER"), "", ""), _HEADER
        )
        trailer = _joined(_trailer(kind, records), _TRAILER)
        text = header.ljust(_LENGTH) + "\n" + "".join(records) + trailer.ljust(_LENGTH) + "\n"
        return text.encode(_CODE_PAGE)

    def _line(self, key: str, operation: str) -> str:
        row = self._values(key)
        values = row or (None,) * len(FIELDS)
        widths = (1, 1, 20, *WIDTHS.values(), 14)
        time = str(self._version(key))
        shown = [
            _amount(value) if name == "CREDIT-LIMIT" else value for name, value in zip(FIELDS, values, strict=True)
        ]
        return _joined(("D", operation, key, *(value or "" for value in shown), time), widths)

    def _note(self, key: str, operation: str, field: str | None, old: str | None, new: str | None) -> None:
        """Note a user's edit, and what the next file says of the account."""
        self.database.execute("INSERT INTO edit VALUES (NULL, ?, ?, ?, ?, ?, NULL)", (key, operation, field, old, new))
        # A message may have told the hub of it, although the hub hasn't answered so far.
        known = "SELECT key FROM sent WHERE key = ? UNION SELECT key FROM told WHERE key = ?"
        is_known = self.database.execute(known, (key, key)).fetchone() is not None
        if operation == "D" and not is_known:
            self.database.execute("DELETE FROM unsent WHERE key = ?", (key,))  # the hub never heard of it
            return
        code = "D" if operation == "D" else "C" if is_known else "A"
        self.database.execute("INSERT OR REPLACE INTO unsent VALUES (?, ?)", (key, code))

    def _values(self, key: str) -> tuple[str | None, ...] | None:
        row = self.database.execute(f"SELECT {_COLUMNS} FROM account WHERE key = ?", (key,)).fetchone()  # noqa: S608
        return None if row is None else tuple(row)

    def _version(self, key: str) -> int:
        """Return the time of an account's last change; the time of now for one that isn't there."""
        changed = self.database.execute("SELECT changed_at FROM account WHERE key = ?", (key,)).fetchone()
        return int(changed[0]) if changed else self._time()

    def _store(self, key: str, values: Sequence[str | None]) -> None:
        marks = ", ".join("?" * (len(FIELDS) + 2))
        self.database.execute(f"INSERT OR REPLACE INTO account VALUES ({marks})", (key, *values, self._tick()))  # noqa: S608

    def _time(self) -> int:
        return int(self.database.execute("SELECT time FROM clock").fetchone()[0])

    def _tick(self) -> int:
        """Let billing's clock go on by one: no two changes have the same time."""
        self.database.execute("UPDATE clock SET time = time + 1")
        return self._time()

    def _next_number(self) -> int:
        return int(self.database.execute("SELECT coalesce(max(number), 0) + 1 FROM file_out").fetchone()[0])

    def _last_in(self) -> int:
        return int(self.database.execute("SELECT coalesce(max(number), 0) FROM file_in").fetchone()[0])


def _message(lines: Iterable[str]) -> bytes:
    return "".join(line.ljust(_LENGTH) + "\n" for line in lines).encode(_CODE_PAGE)


_COLUMNS = ", ".join(f'"{name}"' for name in FIELDS)


def _joined(values: Iterable[str], widths: Sequence[int]) -> str:
    return "".join(value[:width].ljust(width) for value, width in zip(values, widths, strict=True))


def _cut(line: str, widths: Sequence[int]) -> list[str]:
    return list(_parts(line, widths))


def _parts(line: str, widths: Sequence[int]) -> Iterator[str]:
    begin = 0
    for width in widths:
        yield line[begin : begin + width].rstrip(" ")
        begin += width


def _parsed(line: str) -> tuple[str, str, list[str | None], str]:
    _, operation, key, *rest = _parts(line, (1, 1, 20, *WIDTHS.values(), 14))
    values: list[str | None] = [value or None for value in rest[:-1]]
    place = FIELDS.index("CREDIT-LIMIT")
    amount = values[place]
    if amount is not None:
        values[place] = f"{Decimal(int(amount)) / 100:.2f}"
    return operation, key, values, rest[-1]


def _amount(value: str | None) -> str:
    return "" if value is None else f"{int(Decimal(value) * 100):+012d}"


def _trailer(kind: str, records: Sequence[str]) -> tuple[str, ...]:
    debits = credits = Decimal(0)
    hash_total = 0
    outcomes = {"ACCEPTED": 0, "KEPT": 0, "REJECTED": 0}
    for record in records:
        if kind == "ANSWER":
            outcomes[_cut(record, _ANSWER)[3]] += 1
            continue
        _, key, values, _ = _parsed(record[:-1])
        hash_total += int("".join(character for character in key if character in "0123456789") or "0")
        amount = Decimal(values[FIELDS.index("CREDIT-LIMIT")] or 0)
        credits, debits = (credits, debits - amount) if amount < 0 else (credits + amount, debits)
    digest = _digest(record[:-1] for record in records)
    cents = (f"{int(amount * 100):015}" for amount in (credits, debits))
    counts = (f"{count:09}" for count in outcomes.values())
    return ("T", f"{len(records):09}", f"{hash_total % 10**10:010}", *cents, digest, *counts)


def _number_of(content: bytes) -> int | None:
    text = content[1:9].decode(_CODE_PAGE)
    return int(text) if content[:1] == b"H" and text.isdecimal() else None


def _is_whole(content: bytes) -> bool:
    """Tell whether a file of the hub's came whole: its trailer has the number and the digest of its records."""
    lines = content.decode(_CODE_PAGE).split("\n")
    if len(lines) < 3 or lines[-1] or any(len(line) != _LENGTH for line in lines[:-1]) or lines[-2][0] != "T":
        return False
    records = lines[1:-2]
    trailer = _cut(lines[-2], _TRAILER)
    return int(trailer[1]) == len(records) and trailer[5] == _digest(records)


def _digest(records: Iterable[str]) -> str:
    return hashlib.blake2b("".join(record + "\n" for record in records).encode(_CODE_PAGE), digest_size=16).hexdigest()


def _new_values(chance: random.Random) -> dict[str, str | None]:
    return {name: _new_value(name, chance) for name in FIELDS}


def _new_value(name: str, chance: random.Random) -> str | None:
    if name == "CUST-STAT":
        return chance.choice("AI")
    if name == "CREDIT-LIMIT":
        return f"{chance.randrange(100_000) / 100:.2f}"
    if name == "CONTACT-LAST":
        return f"Doe {chance.randrange(10**6)}"
    return f"{name[:3].lower()} {chance.randrange(10**6)}"


def _assigned(words: Sequence[str]) -> dict[str, str | None]:
    return {name: value or None for name, _, value in (word.partition("=") for word in words)}


def _put(file: pathlib.Path, body: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body)
    sys.stdout.write(f"{file}\n")


def main(arguments: Sequence[str]) -> None:
    """Do one command of the module's list."""
    database, folder, command, *words = arguments
    billing = BillingStandIn(pathlib.Path(database), pathlib.Path(folder))
    if command in ("add", "set"):
        getattr(billing, command)(words[0], _assigned(words[1:]))
    elif command == "delete":
        billing.delete(words[0])
    elif command == "edit":
        billing.edit(int(words[0]), random.Random(int(words[1])))  # noqa: S311  # chance edits, no secrets
    elif command in ("read", "exchange", "write", "place"):
        if command in ("read", "exchange"):
            sys.stdout.write(f"files read: {billing.read()}\n")
        if command in ("write", "exchange"):
            sys.stdout.write(f"file written: {billing.write('--full' in words)}\n")
        billing.place()
    elif command == "tell":
        for name, body in billing.tell():
            _put(pathlib.Path(words[0]) / name, body)
    elif command == "hear":
        for heard in json.loads(pathlib.Path(words[0]).read_text(encoding="utf-8")):
            body = heard["body"].encode()
            answer = billing.hear(base64.b64decode(body) if heard.get("body_encoding") == "base64" else body)
            if answer is not None:
                _put(pathlib.Path(words[1]) / heard["message_id"], answer)
    elif command == "extract":
        pathlib.Path(words[0]).write_bytes(billing.extract())
    elif command == "show":
        for key, values in billing.accounts().items():
            sys.stdout.write("  ".join([key, *(value or "-" for value in values)]) + "\n")
    else:
        raise SystemExit(__doc__)
    billing.close()


if __name__ == "__main__":
    main(sys.argv[1:])
