"""PostgreSQL for tests: one that answers, or one of our own."""

from __future__ import annotations

import getpass
import os
import pathlib
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
from sqlalchemy import make_url

from tests.services import debian
from tests.services.private_server import Missing, PrivateServer, free_port, listens, program

SETTING = "ORDERHUB_TEST_DATABASE_URL"
#: Where a machine's own PostgreSQL is asked.
LOCAL = 5432
#: Where packages put the server's programs, off the PATH: Debian, then Red Hat.
FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")
#: What the hub needs of a server: databases can be made, and a commit is there for good.
_FIT = """
    SELECT (rolsuper OR rolcreatedb) AND current_setting('fsync') = 'on'
        AND current_setting('full_page_writes') = 'on' AND current_setting('synchronous_commit') <> 'off'
    FROM pg_roles WHERE rolname = current_user
"""
#: Beyond this the system refuses the path of a socket.
_LONGEST_SOCKET = 90


class PrivatePostgresql(PrivateServer):
    """A cluster with one superuser, postgres, whom it trusts."""

    name = "PostgreSQL"
    start_s = 60.0
    stop_signal = signal.SIGINT

    def __init__(self) -> None:
        super().__init__()
        self.port = 0

    @property
    def url(self) -> str:
        """The database `postgres`, from which others are made."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def _prepare(self) -> None:
        self.port = free_port()
        self._programs = programs()

    def _launch(self) -> subprocess.Popen[bytes]:
        assert self.folder is not None
        data = self.folder / "server"
        if not (data / "PG_VERSION").exists():
            initdb = [f"{self._programs}/initdb", "-D", str(data), "-U", "postgres", "--auth=trust", "--no-sync"]
            made = self._popen([*initdb, "--encoding=UTF8", "--locale=C"], "server")
            if made.wait() != 0:
                return made
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder) if len(str(self.folder)) < _LONGEST_SOCKET else "",
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            # in files of the folder, so that nothing stays in /dev/shm after a SIGKILL
            "dynamic_shared_memory_type": "mmap",
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return self._popen([f"{self._programs}/postgres", "-D", str(data), *options], "server")

    def _answers(self) -> bool:
        return listens(self.port) and why_unfit(self.url) is None


def programs() -> pathlib.Path:
    """The folder of `initdb` and `postgres`, of the newest version; installs Debian's package where it may.

    Raises:
        Missing: not installed, and why it can't be.
    """
    if found := _installed():
        return found
    debian.install("postgresql")
    if found := _installed():
        return found
    raise Missing("Debian's package postgresql has no initdb")


def _installed() -> pathlib.Path | None:
    for pattern in FOLDERS:
        found = [path for path in pathlib.Path("/").glob(pattern[1:]) if (path / "initdb").exists()]
        if found:
            return max(found, key=_version)
    on_path = program("initdb")
    return pathlib.Path(on_path).resolve().parent if on_path else None


def _version(folder: pathlib.Path) -> float:
    digits = "".join(letter for letter in folder.parent.name if letter.isdigit() or letter == ".")
    return float(digits) if digits.replace(".", "", 1).isdigit() else 0.0


def why_unfit(url: str) -> str | None:
    """Why tests can't use the server at *url*; None where they can."""
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            row = connection.execute(_FIT).fetchone()
    except psycopg.Error as error:
        return (str(error).splitlines() or [type(error).__name__])[0]
    return None if row and row[0] else "its user can't make databases, or it doesn't keep commits safe (fsync off)"


def answering() -> str | None:
    """The URL of a server that answers: the one that is named, else the machine's own; None where there is none.

    Raises:
        NamedServerAway: one is named, and it doesn't answer.
    """
    if named := os.environ.get(SETTING):
        plain = make_url(named).set(drivername="postgresql")
        if why := why_unfit(plain.render_as_string(hide_password=False)):
            raise NamedServerAway(
                f"{SETTING} names {plain.render_as_string(hide_password=True)}, which is no use: {why}"
            )
        return plain.render_as_string(hide_password=False)
    if not listens(LOCAL):
        return None
    for user in ("postgres", getpass.getuser()):
        url = f"postgresql://{user}@127.0.0.1:{LOCAL}/postgres"
        if why_unfit(url) is None:
            return url
    return None


class NamedServerAway(Exception):
    """The environment names a server for the tests that they can't use: nothing else is taken in its place."""


@contextmanager
def a_postgresql() -> Iterator[str]:
    """The URL of a server on which databases may be made: one that answers, else a private one for as long.

    Raises:
        Missing: none answers, none can be started.
    """
    if url := answering():
        yield url
        return
    with ExitStack() as stack:
        try:
            server = stack.enter_context(PrivatePostgresql())
        except Missing as missing:
            raise Missing(f"{SETTING} names no PostgreSQL, none answers on port {LOCAL}, and {missing}") from missing
        yield server.url
