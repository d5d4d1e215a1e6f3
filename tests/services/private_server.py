"""A server of our own, in a temporary folder, that tests may stop, kill and start again.

    with PrivatePostgresql() as server:
        server.url                      the same as long as it lives
        server.kill()                   SIGKILL, as a machine that lost its power
        server.start()                  with what it had kept

At the end its processes are ended and the folder is removed, whatever happened to the run (`guard`).
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from tests.memory import files_folder
from tests.services import guard

#: Below the range from which systems take the ports of outgoing connections: a server that is away for a moment
#: finds its port free when it comes again.
_PORTS = range(20_000, 32_000)
#: Where Debian keeps servers, beside what is on the PATH.
_ALSO_ON_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
#: Seconds for an orderly end, before SIGKILL.
_STOP_S = 30.0


class Missing(Exception):
    """There is no such server, and none can be started; the text says what was tried and what mends it."""


class ServerDidNotStart(Missing):
    """The server is installed, and didn't start or answer."""


class PrivateServer:
    """A server that runs in a folder of its own, on loopback; nothing runs before `start`.

    Args of subclasses: none. They say how it is made (`_prepare`), launched (`_launch`), asked (`_answers`), and
    which signal ends it in order.

    Attributes:
        name: as people call it.
        start_s: seconds in which it must answer.
        stop_signal: on which it ends in order.
        folder: its own folder; `server` in it is where it works and keeps its data. None before the first start.
    """

    name: str
    start_s: float
    stop_signal: signal.Signals

    def __init__(self) -> None:
        self.folder: pathlib.Path | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._beside: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        """Where clients reach it; stays the same over stops and starts."""
        raise NotImplementedError

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What it has written, for people."""
        if self.folder is None:
            return ""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def start(self) -> None:
        """Start it where it isn't running; returns when it answers.

        Raises:
            Missing: it isn't installed.
            ServerDidNotStart: with the end of its log.
        """
        if self.running:
            return
        if self.folder is None:
            self._make()
        self._process = self._launch()
        deadline = time.monotonic() + self.start_s
        while not self._answers():
            if not self.running:
                raise ServerDidNotStart(f"{self.name} ended while starting: {self._end_of_log()}")
            if time.monotonic() > deadline:
                raise ServerDidNotStart(f"{self.name} didn't answer within {self.start_s:.0f} s: {self._end_of_log()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it in order: what it has, it keeps. Returns when it is gone."""
        if self._process is None:
            return
        if self.running:
            self._process.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_S)
        self.kill()

    def kill(self) -> None:
        """End it at once, with SIGKILL to all of its processes. Returns when they are gone."""
        if self._process is None or self.folder is None:
            return
        self._process.kill()
        self._process.wait()
        guard.end(self.folder / "server")

    def restart(self) -> None:
        """Stop it in order and start it again."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End it for good, and remove its folder."""
        self.kill()
        for process in self._beside:
            process.kill()
            process.wait()
        if self._guard is not None:
            self._guard.communicate()
        self.folder = self._guard = self._process = None
        self._beside = []

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _prepare(self) -> None:
        """Fill the folder, once."""
        raise NotImplementedError

    def _launch(self) -> subprocess.Popen[bytes]:
        """Launch it in the foreground; doesn't wait until it answers."""
        raise NotImplementedError

    def _answers(self) -> bool:
        """Whether a client gets an answer."""
        raise NotImplementedError

    def _make(self) -> None:
        self.folder = pathlib.Path(
            tempfile.mkdtemp(prefix=f"orderhub-{self.name.lower()}-", dir=files_folder())
        ).resolve()
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", str(guard.__file__), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
        (self.folder / "server").mkdir(mode=0o700)
        self._prepare()
        for path in (self.folder, *self.folder.rglob("*")):
            _give_away(path)

    def _popen(self, command: Sequence[str], works_in: str, **environment: str) -> subprocess.Popen[bytes]:
        """Launch *command* as a user without rights, in the folder *works_in*, away from the terminal's Ctrl-C."""
        assert self.folder is not None
        with (self.folder / f"{works_in}.log").open("ab") as log:
            try:
                return subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self.folder / works_in,
                    env=self._environment(environment),
                    start_new_session=True,
                    **_without_rights(),
                )
            except OSError as error:
                raise ServerDidNotStart(f"{self.name} can't be launched: {error}") from error

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Nothing of the developer's own environment reaches the server."""
        return {"PATH": search_path(), "HOME": str(self.folder), "LC_ALL": "C", **more}

    def _end_of_log(self) -> str:
        return " / ".join(self.log.splitlines()[-5:]) or "it wrote nothing"


def _without_rights() -> dict[str, Any]:
    """Arguments of Popen: root's servers run as nobody, for PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _give_away(path: pathlib.Path) -> None:
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)


def search_path() -> str:
    """The PATH, and where servers are that aren't on people's."""
    return f"{os.environ.get('PATH', '')}:{_ALSO_ON_PATH}"


def program(name: str) -> str | None:
    """Where the program *name* is; None where it isn't installed."""
    return shutil.which(name, path=search_path())


def free_port() -> int:
    """A port of loopback on which nobody listens."""
    while True:
        port = _PORTS[secrets.randbelow(len(_PORTS))]
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def listens(port: int) -> bool:
    """Whether somebody listens on a port of loopback."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        return True
    return False
