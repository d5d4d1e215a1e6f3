"""A partner's own check of a file of many orders by HTTP, and hostile ways to ask for it."""

from __future__ import annotations

import contextlib
import json
import pathlib
import socket
from collections.abc import Iterator

import pytest

from integration_objects.surroundings import token_digest
from tests.hub.data_manager.partners import CSV, XML, csv_file, partners_road, put_in
from tests.hub.data_manager.test_batches import batches
from tests.hub.http_door.served_door import TOKENS, Answered, ServedDoor, read_all, served
from tests.road import Road

LINES = ("A-1;1-A;Local Line;1", "A-2;1-A;No Such;1", "A-3;1-A;Local Line;x1", "A-4;1-B;Local Line;2")
PATH = f"/check/{CSV}"


@pytest.fixture
def road(tmp_path: pathlib.Path) -> Iterator[Road]:
    tokens = [(name, token_digest(token)) for name, token in TOKENS.items()]
    made = partners_road(tmp_path, real=True, http_tokens=tokens).load_samples()
    yield made
    made.close()


@pytest.fixture
def door(road: Road) -> Iterator[ServedDoor]:
    with served(road) as made:
        yield made


def checked(door: ServedDoor, content: bytes, path: str = PATH, sender: str = "kite") -> Answered:
    return door.ask("POST", path, content, sender, Content_Type="text/csv")


def test_a_file_gets_the_verdicts_of_the_real_run_and_nothing_is_kept(door: ServedDoor) -> None:
    content = csv_file(*LINES)
    judged = checked(door, content)
    assert (judged.status, batches(door.road), door.road.counts()) == (200, [], {})
    verdict = judged.json
    listed = [(one["position"], one["place"], one["state"], one["error"]["reason"]) for one in verdict.pop("listed")]
    assert listed == [
        (2, "line 4, byte 65 of the file", "rejected", "ProductUnknown"),
        (3, "line 5, byte 86 of the file", "invalid", "CellUnreadable"),
    ]
    assert verdict == {
        "channel": CSV, "accepted": False, "state": "done", "error": None, "orders": 4, "judged": 4,
        "accepted_orders": 2,
    }  # fmt: skip
    put_in(door.road, CSV, "w.csv", content)
    door.road.run()
    with door.road.open_hub.read() as transaction:
        parts = transaction.messages.batches.parts(batches(door.road)[0].id, every=False)
    assert [(part["position"], part["place"], part["state"], part["error"]["reason"]) for part in parts] == listed
    again = checked(door, content).json
    assert (again["accepted"], again["state"], again["error"]["reason"]) == (False, "rejected", "FileKnown")


def test_a_sound_file_is_accepted_and_a_faulty_one_has_one_verdict(door: ServedDoor) -> None:
    assert checked(door, csv_file(LINES[0], LINES[3])).json["accepted"]
    verdict = checked(door, csv_file(*LINES, count=9)).json
    assert (verdict["accepted"], verdict["state"], verdict["listed"]) == (False, "invalid", [])
    assert (verdict["error"]["reason"], verdict["error"]["where"]) == ("TotalWrong", "line 7, byte 135 of the file")


def test_only_senders_that_the_route_names_may_have_its_files_judged(door: ServedDoor) -> None:
    """Verdicts tell which customers there are. A route that names nobody has no check by HTTP."""
    for path, sender in ((PATH, "eagle"), (f"/check/{XML}", "kite"), (f"/messages/{CSV}", "kite")):
        refused = checked(door, csv_file(*LINES), path, sender)
        assert (refused.status, refused.json["reason"]) == (404, "DoorUnknown")
    assert list(door.ask("GET", "/openapi.json").json["paths"]) == [PATH]
    assert door.ask("GET", "/openapi.json", sender="eagle").json["paths"] == {}


def test_a_file_over_the_limit_is_refused_by_its_length_and_while_it_is_read(
    door: ServedDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.http_door.application.MOST_FILE", 100)
    content = csv_file(*LINES)
    refused = checked(door, content)
    assert (refused.status, refused.json["reason"]) == (413, "BodyTooLarge")
    head = f"POST {PATH} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer kite-token\r\nContent-Type: text/csv\r\n"
    chunks = b"%x\r\n%s\r\n" % (len(content), content)
    answer = door.raw(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    assert b" 413 " in answer.splitlines()[0]


def test_orders_beyond_the_time_are_not_judged_and_the_answer_says_so(
    door: ServedDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.http_door.file_check.JUDGING_S", 0.0)
    verdict = checked(door, csv_file(*LINES)).json
    assert (verdict["orders"], verdict["judged"], verdict["accepted_orders"]) == (4, 1, 1)


def _begun(door: ServedDoor, sender: str, path: str, length: int) -> socket.socket:
    """A connection whose head is sent, and no byte of the body."""
    connection = socket.create_connection(("127.0.0.1", door.port), timeout=10)
    head = f"POST {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {sender}-token\r\nContent-Type: text/csv\r\n"
    connection.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode())
    return connection


def test_a_file_that_comes_byte_by_byte_or_ends_early_is_not_judged(road: Road) -> None:
    content = csv_file(*LINES)
    with served(road, body_s=0.5) as door:
        with _begun(door, "kite", PATH, len(content)) as slow:
            slow.settimeout(0.1)
            answer = b""
            for place in range(len(content)):
                slow.sendall(content[place : place + 1])
                try:
                    answer = slow.recv(65536)
                    break
                except TimeoutError:
                    continue
            slow.settimeout(5)
            answer += read_all(slow)
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["reason"] == "BodyLate"
        with _begun(door, "kite", PATH, len(content)) as short:
            short.sendall(content[:-1])
            short.shutdown(socket.SHUT_WR)
            assert b" 200 " not in read_all(short)
        # A longer body than the head says: the rest is no part of the file, whose last line is cut then.
        with _begun(door, "kite", PATH, len(content) - 9) as long:
            long.sendall(content)
            _, judged, rest = read_all(long).split(b"HTTP/1.1 ")
        assert json.loads(judged.partition(b"\r\n\r\n")[2])["error"]["reason"] == "RecordMissing"
        assert rest.startswith(b"400 ")


def test_a_sender_with_many_slow_requests_leaves_places_to_the_others(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sender may have half of all requests under way."""
    monkeypatch.setattr("hub.http_door.application.MOST_CONNECTIONS", 8)
    with served(road) as door, contextlib.ExitStack() as stack:
        slow = [stack.enter_context(_begun(door, "kite", PATH, 1000)) for _ in range(4)]
        while (refused := checked(door, csv_file(LINES[0]))).status != 429:
            pass  # the server hasn't seen all heads yet
        assert (refused.json["reason"], refused.headers["retry-after"]) == ("SenderBusy", "5")
        assert door.ask("GET", "/openapi.json", sender="eagle").status == 200
        slow.pop().close()
        while checked(door, csv_file(LINES[0])).status == 429:
            pass  # the server hasn't seen the end of the connection yet
