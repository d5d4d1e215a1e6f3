"""RabbitMQ for tests: one that answers, or one of our own."""

from __future__ import annotations

import os
import pathlib
import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pika
from pika.exceptions import AMQPError

from tests.services import debian
from tests.services.postgresql import NamedServerAway
from tests.services.private_server import Missing, PrivateServer, free_port, listens, program

SETTING = "ORDERHUB_TEST_BROKER_URL"
#: Seconds that a node may keep the declaration of a queue in memory before it is on its disk.
SETTLED_S = 2.5
#: Where a machine's own RabbitMQ is asked.
LOCAL = 5672
#: Debian's program on the PATH is a wrapper that becomes the machine's own server; this is the server itself.
BEHIND_THE_WRAPPER = pathlib.Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
#: Why a client can't have it: pika gives errors of its own, of the system, and a plain end of the stream.
_AWAY = (AMQPError, OSError, EOFError)


class PrivateRabbitmq(PrivateServer):
    """A node without plugins, with the user guest, and with a port mapper (epmd) of its own.

    Measured with RabbitMQ 3.10.8: a quorum queue that was declared less than two seconds before a `kill` never
    gets a leader again, and a classic one may be gone. Tests that kill wait `SETTLED_S` first.
    """

    name = "RabbitMQ"
    start_s = 120.0
    stop_signal = signal.SIGTERM

    def __init__(self) -> None:
        super().__init__()
        self.port = self._distribution_port = self._mapper_port = 0
        self._node = f"orderhub-{secrets.token_hex(4)}@localhost"

    @property
    def url(self) -> str:
        """The virtual host `/`, as guest."""
        return _url(self.port)

    def control(self, *words: str) -> str:
        """What `rabbitmqctl` says to *words*, asked of this node.

        Raises:
            subprocess.CalledProcessError: it refused.
        """
        assert self.folder is not None
        return subprocess.run(
            [str(self._program.with_name("rabbitmqctl")), "--quiet", "--node", self._node, *words],
            env=self._environment(self._settings()),
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def _prepare(self) -> None:
        assert self.folder is not None
        self._program = server_program()
        self.port, self._distribution_port, self._mapper_port = free_port(), free_port(), free_port()
        (self.folder / "mapper").mkdir(mode=0o700)
        (self.folder / "enabled_plugins").write_text("[].\n")
        (self.folder / "rabbitmq.conf").write_text("log.file.level = warning\n")
        (self.folder / "rabbitmq-env.conf").write_text("")
        cookie = self.folder / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)

    def _launch(self) -> subprocess.Popen[bytes]:
        if not self._beside:
            mapper = self._popen([_port_mapper(), "-port", str(self._mapper_port), "-address", "127.0.0.1"], "mapper")
            self._beside.append(mapper)
        return self._popen([str(self._program)], "server", **self._settings())

    def _settings(self) -> dict[str, str]:
        assert self.folder is not None
        return {
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_MNESIA_BASE": f"{self.folder}/server",
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_PID_FILE": f"{self.folder}/server/pid",
            "RABBITMQ_CONF_ENV_FILE": f"{self.folder}/rabbitmq-env.conf",
            "RABBITMQ_CONFIG_FILE": f"{self.folder}/rabbitmq.conf",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{self.folder}/advanced.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{self.folder}/enabled_plugins",
            "RABBITMQ_SCHEMA_DIR": f"{self.folder}/server/schema",
            "RABBITMQ_GENERATED_CONFIG_DIR": f"{self.folder}/server/config",
            "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_CRASH_DUMP_SECONDS": "0",
            # its start script then becomes the server, in place of waiting for it: one process, whose id we know
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def _answers(self) -> bool:
        return listens(self.port) and why_unfit(self.url) is None


def _url(port: int) -> str:
    return f"amqp://guest:guest@127.0.0.1:{port}/%2F"


def server_program() -> pathlib.Path:
    """Where RabbitMQ's start script is; installs Debian's package where it may.

    Raises:
        Missing: not installed, and why it can't be.
    """
    if found := _installed():
        return found
    debian.install("rabbitmq-server")
    if found := _installed():
        return found
    raise Missing("Debian's package rabbitmq-server has no server")


def _installed() -> pathlib.Path | None:
    if BEHIND_THE_WRAPPER.exists():
        return BEHIND_THE_WRAPPER
    on_path = program("rabbitmq-server")
    return pathlib.Path(on_path).resolve() if on_path else None


def _port_mapper() -> str:
    """Where Erlang's port mapper is: on the PATH, or with Erlang."""
    if on_path := program("epmd"):
        return on_path
    erlang = program("erl")
    if erlang:
        for found in pathlib.Path(erlang).resolve().parents[1].glob("erts-*/bin/epmd"):
            return str(found)
    raise Missing("RabbitMQ is installed, but Erlang's epmd isn't")


def why_unfit(url: str) -> str | None:
    """Why tests can't use the broker at *url*; None where they can."""
    parameters = pika.URLParameters(url)
    parameters.connection_attempts = 1
    parameters.socket_timeout = parameters.stack_timeout = 5
    try:
        pika.BlockingConnection(parameters).close()
    except _AWAY as error:
        return str(error) or type(error).__name__
    return None


def answering() -> str | None:
    """The URL of a broker that answers: the one that is named, else the machine's own; None where there is none.

    Raises:
        NamedServerAway: one is named, and it doesn't answer.
    """
    if named := os.environ.get(SETTING):
        if why := why_unfit(named):
            shown = urlsplit(named)
            address = f"{shown.scheme}://{shown.hostname}:{shown.port or 'default'}{shown.path}"
            raise NamedServerAway(f"{SETTING} names {address}, which is no use: {why}")
        return named
    url = _url(LOCAL)
    return url if listens(LOCAL) and why_unfit(url) is None else None


@contextmanager
def a_rabbitmq() -> Iterator[str]:
    """The URL of a broker: one that answers, else a private one for as long.

    Raises:
        Missing: none answers, none can be started.
    """
    if url := answering():
        yield url
        return
    with ExitStack() as stack:
        try:
            server = stack.enter_context(PrivateRabbitmq())
        except Missing as missing:
            raise Missing(f"{SETTING} names no RabbitMQ, none answers on port {LOCAL}, and {missing}") from missing
        yield server.url
