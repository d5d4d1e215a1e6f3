"""A small mainframe that keeps rows and speaks the XML Gateway's format: a process with a SQLite database of its own.

    python -m adapters.virtual_components.stand_in mainframe.db --channel mainframe.services --database sqlite:///orderhub.db
    python -m adapters.virtual_components.stand_in mainframe.db --channel mainframe.services --broker amqp://localhost

It stands for a real one in tests and demonstrations, and can be killed at any moment: a row is changed whole or not at
all. Its table `written` has each change that was carried out. Each answer waits for --delay seconds, and --die-after N
ends the process right after its N-th change, before the reply.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import signal
import sqlite3
import sys
from collections.abc import Callable, Mapping
from contextlib import closing

from adapters.asking import serve
from adapters.transport import Envelope, Setup
from integration_objects.errors import HubError
from integration_objects.expression import Evaluator, Expression, compile_expression
from integration_objects.surroundings import Surroundings
from schemas.gateway.messages import WRITES, Query, Reply, Request, Row, Status
from schemas.gateway.search import search_text
from schemas.gateway.xml import CONTENT_TYPE, read_request, write_reply

#: the components of the shipped declaration, with the fields that say which row it is
COMPONENTS: Mapping[str, tuple[str, ...]] = {"SERVICE": ("SVC-ID",), "FEATURE": ("SVC-ID", "FEAT-NAME")}
#: codes of refusals
UNKNOWN_COMPONENT, ROW_EXISTS, ROW_MISSING, NOT_UNDERSTOOD = 10, 23, 24, 90
_TABLES = """
    CREATE TABLE IF NOT EXISTS kept (component TEXT, key TEXT, row TEXT, PRIMARY KEY (component, key));
    CREATE TABLE IF NOT EXISTS asked (number INTEGER PRIMARY KEY, request BLOB, reply BLOB);
    CREATE TABLE IF NOT EXISTS written (number INTEGER PRIMARY KEY, kind TEXT, component TEXT, key TEXT);
"""


class StandInMainframe:
    """The rows, and the answers to requests.

    Args:
        path: the SQLite file.
        components: the fields that say which row it is, by component.
        written: is called with the number of each change that was carried out, before its reply leaves.
    """

    def __init__(
        self,
        path: pathlib.Path,
        components: Mapping[str, tuple[str, ...]] = COMPONENTS,
        written: Callable[[int], None] = lambda number: None,
    ) -> None:
        self._path = path
        self._components = components
        self._written = written
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(_TABLES)

    def rows(self, component: str) -> list[dict[str, str]]:
        """Return all rows of a component."""
        with closing(sqlite3.connect(self._path)) as connection:
            found = connection.execute("SELECT row FROM kept WHERE component = ? ORDER BY rowid", (component,))
            return [json.loads(row) for (row,) in found]

    def changes(self) -> list[tuple[str, str, str]]:
        """Return the changes that were carried out: kind, component, key."""
        with closing(sqlite3.connect(self._path)) as connection:
            return list(connection.execute("SELECT kind, component, key FROM written ORDER BY number"))

    def exchanges(self) -> list[tuple[bytes, bytes | None]]:
        """Return the requests that came, each with its reply; None where a death was before it."""
        with closing(sqlite3.connect(self._path)) as connection:
            return list(connection.execute("SELECT request, reply FROM asked ORDER BY number"))

    def put(self, component: str, row: Row) -> None:
        """Write a row, as another program of the mainframe does."""
        with closing(sqlite3.connect(self._path)) as connection, connection:
            values = (component, self._key(component, row), json.dumps(dict(row)))
            connection.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", values)

    def remove(self, component: str, row: Row) -> None:
        """Delete a row, as another program of the mainframe does."""
        with closing(sqlite3.connect(self._path)) as connection, connection:
            values = (component, self._key(component, row))
            connection.execute("DELETE FROM kept WHERE component = ? AND key = ?", values)

    def answer(self, question: Envelope) -> Envelope:
        """Answer a message."""
        with closing(sqlite3.connect(self._path)) as connection, connection:
            number = connection.execute("INSERT INTO asked (request) VALUES (?)", (question.body,)).lastrowid
        reply = self._reply(question)
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute("UPDATE asked SET reply = ? WHERE number = ?", (reply.body, number))
        return reply

    def _reply(self, question: Envelope) -> Envelope:
        try:
            reply = self.carried_out(read_request(question.body))
        except HubError as error:
            reply = Status(NOT_UNDERSTOOD, None, error.what)
        return Envelope(None, write_reply(reply), content_type=CONTENT_TYPE)

    def carried_out(self, request: Request) -> Reply | Status:
        """Carry a request out, and return its reply."""
        keys = self._components.get(request.component)
        if keys is None:
            return Status(UNKNOWN_COMPONENT, None, f"there is no component {request.component}")
        if request.kind == "query":
            return Reply("query", rows=tuple(self._found(request.component, request.query)))
        if request.kind == "fields":
            return Reply(
                "fields", fields=tuple(dict.fromkeys(name for row in self.rows(request.component) for name in row))
            )
        if request.kind in WRITES and request.row is not None:
            return self._change(request, request.row)
        return Reply(request.kind, rows=({},))

    def _change(self, request: Request, row: Row) -> Reply | Status:
        component, key = request.component, self._key(request.component, row)
        with closing(sqlite3.connect(self._path, timeout=30)) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            found = connection.execute("SELECT row FROM kept WHERE component = ? AND key = ?", (component, key))
            stored = found.fetchone()
            if request.kind == "insert" and stored is not None:
                return Status(ROW_EXISTS, None, f"{component} {key} is there already")
            if request.kind != "insert" and stored is None:
                return Status(ROW_MISSING, None, f"there is no {component} {key}")
            now = dict(row)
            if request.kind == "update":
                now = json.loads(stored[0]) | {field: row[field] for field in request.changed if field in row}
            connection.execute("DELETE FROM kept WHERE component = ? AND key = ?", (component, key))
            if request.kind != "delete":
                connection.execute("INSERT INTO kept VALUES (?, ?, ?)", (component, key, json.dumps(now)))
            values = (request.kind, component, key)
            number = connection.execute("INSERT INTO written (kind, component, key) VALUES (?, ?, ?)", values).lastrowid
        self._written(number or 0)
        return Reply(request.kind, rows=() if request.kind == "delete" else (now,))

    def _found(self, component: str, query: Query) -> list[dict[str, str]]:
        text = query.search_string if query.search is None else search_text(query.search)
        condition: Expression | None = None if text is None else compile_expression(text, _reader)
        rows = [
            row
            for row in self.rows(component)
            if all(row.get(field) == value for field, value in query.match)
            and (condition is None or condition.is_true(row))
        ]
        for sort in reversed(query.sort):
            rows.sort(key=lambda row: row.get(sort.field, ""), reverse=sort.is_descending)  # used at once
        return rows[: query.max_rows]

    def _key(self, component: str, row: Row) -> str:
        return json.dumps([row.get(field, "") for field in self._components[component]])


def _reader(name: str, column: int) -> Evaluator:
    """Read a field of a row; the empty text is null."""
    return lambda row: row.get(name) or None


def _say_ready() -> None:
    """Tell the starter of the process that the channel is served."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def main() -> None:
    """Serve a channel until the process is ended."""
    parser = argparse.ArgumentParser(description="A small mainframe that keeps service profiles.")
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--channel", default="mainframe.services")
    parser.add_argument("--broker")
    parser.add_argument("--database", default="sqlite:///orderhub.db")
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--die-after", type=int, default=0)
    given = parser.parse_args()
    surroundings = Surroundings()
    changes = 0

    def written(number: int) -> None:
        nonlocal changes
        changes += 1
        if changes == given.die_after:
            os.kill(os.getpid(), signal.SIGKILL)

    mainframe = StandInMainframe(given.file, written=written)

    def answer(question: Envelope) -> Envelope:
        surroundings.sleep(given.delay)
        return mainframe.answer(question)

    settings = {"broker_url": given.broker, "database_url": given.database, "unsafe_database": True}
    setup = Setup(pathlib.Path.cwd(), settings, surroundings)
    serve(setup, given.channel, answer, lambda: False, _say_ready)


if __name__ == "__main__":
    main()
