"""JSON over HTTP, against a real server: answers, refusals, limits, and services that are away."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from adapters.asked_service import AnswerFaulty, QuestionRefused, ServiceAway
from adapters.http_client import HttpClient, ServiceMisplaced, UrlWrong
from tests.http_service import HttpService, http_service


@pytest.fixture
def service() -> Iterator[HttpService]:
    with http_service() as found:
        yield found


def test_a_question_is_posted_as_json_and_the_answer_read_digit_for_digit(service: HttpService) -> None:
    service.answer = lambda _: (200, b'{"price": 5.990, "count": 3, "name": "\xc3\x84"}')
    client = HttpClient(f"{service.url}/price?list=a%20b", "the pricing")
    assert client.post({"name": "Ärger"}) == {"price": "5.990", "count": 3, "name": "Ä"}
    assert (service.asked, service.paths) == ([{"name": "Ärger"}], ["/price?list=a%20b"])
    assert HttpClient(service.url, "the pricing").post([]) is not None
    assert service.paths[-1] == "/"


REFUSED = (QuestionRefused, "refuses the question", "mend the value that the service names, and try again")
AWAY = (
    ServiceAway,
    "has no answer now",
    "nothing, it is tried again; if it stays so, look after the service or its address",
)
MISPLACED = (
    ServiceMisplaced,
    "isn't at its address",
    "mend the address in the settings; redirections are not followed",
)


@pytest.mark.parametrize(
    ("status", "error", "what", "mend"),
    [
        *((status, *REFUSED) for status in (400, 409, 422)),
        *((status, *AWAY) for status in (408, 429, 500, 503)),
        *((status, *MISPLACED) for status in (204, 302, 401, 404)),
    ],
)
def test_each_status_has_its_class_of_error(
    service: HttpService, status: int, error: type[Exception], what: str, mend: str
) -> None:
    body = b"" if status == 204 else b"no such product\n\x1b[31m'X'"
    service.answer = lambda _: (status, body)
    with pytest.raises(error) as caught:
        HttpClient(service.url + "/price?key=hidden", "the pricing").post({})
    assert str(caught.value) == (
        f"the pricing {what}\n"
        f"  where: {service.url}/price\n"
        f"  why:   status {status}{'' if status == 204 else ': no such product  [31m' + chr(39) + 'X' + chr(39)}\n"
        f"  mend:  {mend}"
    )
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "it is no JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"<html/>", "it is no JSON: Expecting value: line 1 column 1 (char 0)"),
        (b'{"price": NaN}', "it is no JSON: NaN is no JSON"),
        (b"[" * 100_000, "it is no JSON: it is nested too deep"),
        (b'"' + b"x" * 4_096 + b'"', "expected at most 4,097 bytes, and there are more"),
    ],
)
def test_an_answer_that_is_none_is_an_error(service: HttpService, body: bytes, why: str) -> None:
    service.answer = lambda _: (200, body)
    limit = 4_097 if b"x" in body else 1_000_000
    with pytest.raises(AnswerFaulty) as caught:
        HttpClient(service.url, "the pricing", max_answer=limit).post({})
    assert str(caught.value) == (
        f"the answer of the pricing can't be used\n  where: {service.url}\n  why:   {why}\n"
        "  mend:  mend the service; the question is asked again"
    )


def test_the_largest_answer_is_taken(service: HttpService) -> None:
    service.answer = lambda _: (200, b'"' + b"x" * 4_096 + b'"')
    assert HttpClient(service.url, "the pricing", max_answer=4_098).post({}) == "x" * 4_096


def test_a_body_that_is_no_text_is_an_error(service: HttpService) -> None:
    service.answer = lambda _: (200, b'"\xff"')
    with pytest.raises(AnswerFaulty) as caught:
        HttpClient(service.url, "the pricing").post({})
    assert caught.value.why.startswith("it is no JSON: 'utf-8' codec can't decode byte 0xff")


def test_a_service_that_sends_a_byte_now_and_then_is_cut_off_in_time(service: HttpService) -> None:
    """Each byte comes in time, the whole would take days."""
    service.answer = lambda _: (200, b'"' + b"x" * 4_000_000 + b'"')
    service.trickle_s = 0.05
    with pytest.raises(ServiceAway) as caught:
        HttpClient(service.url, "the pricing", timeout_s=0.3).post({})
    assert str(caught.value) == (
        "the pricing doesn't answer\n"
        f"  where: {service.url}\n"
        "  why:   no answer within 0.3 s\n"
        "  mend:  nothing, it is tried again; if it stays so, look after the service or its address"
    )


def test_a_service_that_says_nothing_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ServiceAway) as caught:
            HttpClient(url, "the pricing", timeout_s=0.2).post({})
    assert caught.value.why == "no answer within 0.2 s"


def test_nobody_at_the_address_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(ServiceAway) as caught:
        HttpClient(url, "the pricing").post({})
    assert str(caught.value) == (
        "the pricing doesn't answer\n"
        f"  where: {url}\n"
        "  why:   [Errno 111] Connection refused\n"
        "  mend:  nothing, it is tried again; if it stays so, look after the service or its address"
    )


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"", "Remote end closed connection without response"),
        (b"hello\r\n\r\n", "the answer is no HTTP (BadStatusLine)"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "the answer stopped 7 bytes before its end"),
    ],
)
def test_what_speaks_no_http_or_stops_in_the_middle_is_away(said: bytes, why: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            link, _ = server.accept()
            asked = b""
            while not asked.endswith(b"{}"):  # a link that is closed with something unread is reset
                asked += link.recv(65_536)
            link.sendall(said)
            link.close()

        thread = threading.Thread(target=speak)
        thread.start()
        with pytest.raises(ServiceAway) as caught:
            HttpClient(f"http://127.0.0.1:{server.getsockname()[1]}", "the pricing", timeout_s=5).post({})
        thread.join()
    assert caught.value.what == "the pricing doesn't answer"
    assert caught.value.why == why


def test_a_server_without_tls_is_away_for_https(service: HttpService) -> None:
    with pytest.raises(ServiceAway) as caught:
        HttpClient(service.url.replace("http:", "https:"), "the pricing", timeout_s=5).post({})
    assert "SSL" in caught.value.why


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "expected http:// or https:// and a host"),
        ("prices.example", "expected http:// or https:// and a host"),
        ("ftp://prices.example", "expected http:// or https:// and a host"),
        ("http:///price", "expected http:// or https:// and a host"),
        ("http://prices.example:99999/", "Port out of range 0-65535"),
        ("http://[::1/", "Invalid IPv6 URL"),
        ("http://me:secret@prices.example/", "it holds a user or a password, which errors and logs would show"),
        ("http://prices.example/#top", "it holds a fragment, blanks, or characters that an address doesn't have"),
        ("http://prices.example/a b", "it holds a fragment, blanks, or characters that an address doesn't have"),
        ("http://präise.example/", "it holds a fragment, blanks, or characters that an address doesn't have"),
    ],
)
def test_what_is_no_address_is_refused_before_anything_is_asked(url: str, why: str) -> None:
    with pytest.raises(UrlWrong) as caught:
        HttpClient(url, "the pricing")
    assert str(caught.value) == (
        f"the address of the pricing can't be used\n  why:   {why}\n"
        "  mend:  give an address such as https://prices.example/price"
    )
