"""Hostile clients of the HTTP door: each gets one precise answer, or is cut off, and nothing is stored half."""

from __future__ import annotations

import json
import socket
import time

import pytest

from adapters.database.connection.driver_faults import DatabaseAway
from adapters.http_server import Patience
from integration_objects.errors import Misconfigured
from tests.hub.http_door.served_door import read_all, road_with_doors, served
from tests.road import sample

ORDER = sample("order-1-new-service.xml")
HEAD = b"POST /messages/orders HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer kite-token\r\nContent-Type: text/xml\r\n"
AUTHORIZED = b"\r\nHost: h\r\nAuthorization: Bearer kite-token\r\n\r\n"


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    """A door with little patience."""
    road = road_with_doors(tmp_path_factory.mktemp("hasty"))
    with served(road, body_s=0.5, patience=Patience(head_s=0.5, exchange_s=1.0, idle_s=1.0)) as made:
        yield made
    assert [message["route"] for message in made.messages()] == ["waiting_order"]
    road.close()


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def reason_of(answer: bytes) -> str:
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["reason"])


def trickled(door, data: bytes, pause_s: float) -> tuple[bytes, float]:
    """Send one byte after the other until the door ends the connection; return its answer and the seconds."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", door.port), timeout=10) as connection:
        connection.settimeout(pause_s)
        for place in range(len(data)):
            try:
                connection.sendall(data[place : place + 1])
                first = connection.recv(65536)
            except TimeoutError:
                continue
            except ConnectionError:
                return b"", time.monotonic() - began
            connection.settimeout(5)
            return first + (read_all(connection) if first else b""), time.monotonic() - began
    raise AssertionError("the door read all of it")


def test_a_head_that_comes_byte_by_byte_is_cut_off(hasty):
    answer, seconds = trickled(hasty, HEAD * 10, 0.05)
    assert answer == b""
    assert seconds < 5


def test_a_body_that_comes_byte_by_byte_is_refused(hasty):
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=10) as connection:
        connection.sendall(HEAD + b"Content-Length: 10000\r\n\r\n")
        connection.settimeout(0.05)
        answer = b""
        while not answer:
            try:
                connection.sendall(b"<")
                answer = connection.recv(65536)
            except TimeoutError:
                continue
        connection.settimeout(5)
        answer += read_all(connection)
    assert (status_of(answer), reason_of(answer)) == (408, "BodyLate")


def test_an_exchange_that_takes_too_long_is_cut_off(hasty):
    """Whoever is slow: here the sender waits for an answer that nobody makes."""
    with pytest.raises(ConnectionError):
        hasty.post("/messages/waiting", ORDER)


def test_a_connection_without_a_request_is_closed(hasty):
    assert hasty.raw(b"") == b""


@pytest.mark.parametrize(
    ("length", "status", "reason"),
    [
        (b"100001", 413, "BodyTooLarge"),
        (b"99999999999999999999", 413, "BodyTooLarge"),
    ],
)
def test_a_claimed_length_over_the_limit_is_refused_before_the_body(hasty, length, status, reason):
    answer = hasty.raw(HEAD + b"Content-Length: " + length + b"\r\n\r\n")
    assert (status_of(answer), reason_of(answer)) == (status, reason)


def test_chunks_over_the_limit_are_refused_before_their_end(hasty):
    chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    answer = hasty.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 26)
    assert (status_of(answer), reason_of(answer)) == (413, "BodyTooLarge")


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: -5\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: five\r\n",
        b"Content-Length: " + b"9" * 5000 + b"\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Transfer-Encoding: chunked, chunked\r\n",
        b"X-A: a\x00b\r\n",
        b"X A: b\r\n",
    ],
)
def test_a_faulty_head_is_refused(hasty, framing):
    assert status_of(hasty.raw(HEAD + framing + b"\r\n<ORDERS/>")) in (400, 501)


def test_a_body_of_no_length_is_refused(hasty):
    answer = hasty.raw(HEAD + b"X-A: b\r\n folded\r\n\r\n")
    assert (status_of(answer), reason_of(answer)) == (411, "LengthMissing")


def test_a_body_that_ends_before_its_length_is_not_stored(hasty):
    hasty.raw(HEAD + b"Content-Length: 500\r\n\r\n" + ORDER[:100], end=True)
    assert [message for message in hasty.messages() if message["route"] == "web_order"] == []


def test_a_body_longer_than_its_length_is_not_taken_for_a_message(hasty):
    """The rest is read as another request, and is none."""
    answer = hasty.raw(HEAD + b"Expect: 100-continue\r\nContent-Encoding: x\r\nContent-Length: 3\r\n\r\n<a/>" + ORDER)
    assert b" 415 " in answer


@pytest.mark.parametrize("size", [20_000, 10_000_000])
def test_headers_without_end_are_refused(hasty, size):
    answer = hasty.raw(HEAD + b"X-A: " + b"a" * size + b"\r\n\r\n")
    assert answer == b"" or status_of(answer) in (400, 431)


@pytest.mark.parametrize(
    "path",
    [
        b"/messages/../orders/x",
        b"/messages/%2e%2e/orders/x",
        b"/messages/orders/../../etc/passwd",
        b"/messages/orders/%00",
        b"/messages/orders/a%00b",
        b"/messages/orders/%ff%fe",
        b"/messages/orders/" + b"a" * 9000,
        b"/messages/orders%00/x",
        b"/messages//x",
        b"//messages/orders/x",
        b"/answers/orders/'%20OR%201=1--",
        b"/",
        b"/messages/orders/",
        b"/favicon.ico",
    ],
)
def test_tricks_with_the_path_find_nothing(hasty, path):
    answer = hasty.raw(b"GET " + path + b" HTTP/1.1\r\nConnection: close" + AUTHORIZED)
    assert status_of(answer) in (404, 405)
    assert reason_of(answer) in ("UrlUnknown", "DoorUnknown", "MessageNotYours")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "GET", "OPTIONS", "TRACE", "HEAD"])
def test_a_method_that_the_door_lacks_is_refused(hasty, method):
    answer = hasty.ask(method, "/messages/orders")
    assert answer.status == 405


def test_a_body_with_any_bytes_is_stored_as_it_is_and_refused_by_the_work_on_it(door):
    """NUL bytes, no XML, nothing at all: the message is there, with its own error."""
    bodies = {"nul": b"<ORDERS>\x00</ORDERS>", "bytes": bytes(range(256)), "empty": b""}
    for id, body in bodies.items():
        assert door.post("/messages/orders", body, id=id).status == 202
    door.road.run()
    for id in bodies:
        assert door.ask("GET", f"/messages/orders/{id}").json["state"] == "invalid"


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        (RuntimeError("secret at /home/hub"), 500, "DoorFailed"),
        (DatabaseAway(where="postgresql://secret@db", why="secret", mend="secret"), 503, "DoorAway"),
        (Misconfigured("secret"), 500, "DoorFailed"),
    ],
)
def test_the_hubs_own_troubles_are_not_told(door, monkeypatch, fault, status, reason):
    def fail(*arguments):
        raise fault

    monkeypatch.setattr("hub.data_manager.data_manager.DataManager.file_routed", fail)
    answer = door.post("/messages/orders", ORDER, id="M-1")
    assert (answer.status, answer.json["reason"]) == (status, reason)
    assert b"secret" not in answer.body
    assert ("retry-after" in answer.headers) == (status == 503)
    monkeypatch.undo()
    assert door.post("/messages/orders", ORDER, id="M-1").status == 202
