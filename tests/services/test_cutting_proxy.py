"""The proxy that cuts: what each side of a connection sees."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import psycopg
import pytest

from tests.services.cutting_proxy import CuttingProxy
from tests.services.private_server import listens

#: Seconds in which nothing comes: long enough to believe it.
NOTHING_S = 0.2


class Shouter:
    """A server that answers in capitals, and keeps what it heard."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.endings: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"amqp://guest:guest@127.0.0.1:{self._listener.getsockname()[1]}/%2F"
        self._threads = [threading.Thread(target=self._take, daemon=True)]
        self._threads[0].start()

    def _take(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._answer, args=(client,), daemon=True))
            self._threads[-1].start()

    def _answer(self, client: socket.socket) -> None:
        with client:
            try:
                while data := client.recv(65_536):
                    self.heard.append(data)
                    client.sendall(data.upper())
                self.endings.append("end")
            except ConnectionResetError:
                self.endings.append("reset")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)


@pytest.fixture
def shouter() -> Iterator[Shouter]:
    shouter = Shouter()
    yield shouter
    shouter.close()


@pytest.fixture
def proxy(shouter: Shouter) -> Iterator[CuttingProxy]:
    with CuttingProxy(shouter.url) as proxy:
        yield proxy


def connected(proxy: CuttingProxy) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port_of(proxy)), timeout=10)
    assert said(client, b"hello") == b"HELLO"
    return client


def said(client: socket.socket, text: bytes) -> bytes:
    client.sendall(text)
    return client.recv(100)


def port_of(proxy: CuttingProxy) -> int:
    return int(proxy.url.rpartition(":")[2].partition("/")[0])


def test_the_url_is_the_servers_with_the_proxys_address(proxy, shouter):
    assert proxy.url == f"amqp://guest:guest@127.0.0.1:{port_of(proxy)}/%2F"
    assert proxy.url != shouter.url


def test_it_forwards_both_ways_and_ends_when_the_client_does(proxy, shouter):
    with connected(proxy) as client:
        client.sendall(b"x" * 3_000_000)
        client.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: client.recv(65_536), b""))
    assert received == b"X" * 3_000_000
    shouter.close()
    assert shouter.endings == ["end"]
    assert proxy.cut() == 0


def test_a_cut_resets_every_connection_on_both_sides_and_lets_new_ones_through(proxy, shouter):
    with connected(proxy) as one, connected(proxy) as two:
        assert proxy.cut() == 2
        for client in (one, two):
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        connected(proxy).close()
    assert proxy.connected == 3
    proxy.close()
    shouter.close()
    assert shouter.endings[:2] == ["reset", "reset"]


def test_what_is_refused_is_accepted_later_at_the_same_address(proxy):
    with connected(proxy) as client:
        proxy.refuse()
        assert not listens(port_of(proxy))
        assert said(client, b"still here") == b"STILL HERE"
        proxy.accept()
        connected(proxy).close()


def test_what_is_held_arrives_when_it_is_released(proxy):
    with connected(proxy) as client:
        proxy.hold()
        client.settimeout(NOTHING_S)
        with pytest.raises(TimeoutError):
            said(client, b"late")
        proxy.release()
        client.settimeout(10)
        assert client.recv(100) == b"LATE"


def test_a_held_connection_can_be_cut(proxy, shouter):
    with connected(proxy) as client:
        proxy.hold()
        client.sendall(b"lost")
        assert proxy.cut() == 1
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    assert shouter.heard == [b"hello"]


def test_a_connection_whose_client_does_not_read_can_be_cut(proxy):
    with connected(proxy) as client:
        client.settimeout(NOTHING_S)
        with pytest.raises(TimeoutError):
            client.sendall(b"x" * 100_000_000)
        assert proxy.cut() == 1


@pytest.mark.parametrize(("delivered", "heard"), [(True, [b"hello", b"commit"]), (False, [b"hello"])])
def test_a_cut_at_a_mark_loses_the_answer_or_the_command(proxy, shouter, delivered, heard):
    proxy.cut_at(b"commit", delivered=delivered)
    with connected(proxy) as client:
        client.sendall(b"commit")
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    shouter.close()
    assert shouter.heard == heard


@pytest.mark.parametrize(("delivered", "rows"), [(True, 1), (False, 0)])
def test_a_commit_is_cut_before_it_or_after_it(private_postgresql, delivered, rows):
    with psycopg.connect(private_postgresql.url, autocommit=True) as direct:
        direct.execute("CREATE TABLE cut_commit (one integer)")
        try:
            with CuttingProxy(private_postgresql.url) as proxy:
                connection = psycopg.connect(proxy.url)
                connection.execute("INSERT INTO cut_commit VALUES (1)")
                proxy.cut_at(b"COMMIT", delivered=delivered)
                with pytest.raises(psycopg.OperationalError):
                    connection.commit()
                connection.close()
            assert direct.execute("SELECT count(*) FROM cut_commit").fetchone() == (rows,)
        finally:
            direct.execute("DROP TABLE cut_commit")


def test_a_server_that_is_away_resets_the_client(proxy, shouter):
    shouter.close()
    with contextlib.ExitStack() as stack, pytest.raises(ConnectionResetError):
        stack.enter_context(socket.create_connection(("127.0.0.1", port_of(proxy)), timeout=10)).recv(1)
