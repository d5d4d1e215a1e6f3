"""Compressed bodies: inflated up to the limit, and no further."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from adapters.rabbitmq.content_encoding import EncodingRefused, inflated

BODY = "<ORDER>Straße</ORDER>".encode() * 20
MOST = len(BODY)
GZIP, ZLIB = gzip.compress(BODY, mtime=0), zlib.compress(BODY)
_RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)
RAW = _RAW.compress(BODY) + _RAW.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", GZIP),
        ("x-gzip", GZIP),
        (" GZIP ", GZIP),
        ("deflate", ZLIB),
        ("deflate", RAW),
        *((name, BODY) for name in (None, "", "identity", "binary", "utf-8", "UTF-8", "iso-8859-1")),
    ],
)
def test_a_body_is_given_without_its_encoding(encoding: str | None, body: bytes) -> None:
    """Also at the limit. Many clients of AMQP write the character set where the encoding belongs."""
    assert inflated(body, encoding, MOST) == BODY


@pytest.mark.parametrize(
    ("encoding", "body", "why"),
    [
        ("gzip", gzip.compress(BODY + b"x", mtime=0), f"the body inflates to more than {MOST} bytes"),
        ("deflate", zlib.compress(BODY + b"x"), f"the body inflates to more than {MOST} bytes"),
        ("gzip", GZIP[:-1], "the body is cut off"),
        ("deflate", RAW[:-1], "the body is cut off"),
        ("gzip", b"", "the body is cut off"),
        ("gzip", GZIP + b"x", "there are bytes behind the compressed body"),
        ("gzip", GZIP + GZIP, "there are bytes behind the compressed body"),
        ("gzip", BODY, "the body can't be inflated: Error -3 while decompressing data: incorrect header check"),
        (
            "gzip",
            GZIP[:-8] + b"12345678",
            "the body can't be inflated: Error -3 while decompressing data: incorrect data check",
        ),
        ("br", BODY, "the hub doesn't know it"),
        ("base64", BODY, "the hub doesn't know it"),
        ("gzip, gzip", GZIP, "the hub doesn't know it"),
        ("\x00", BODY, "the hub doesn't know it"),
        (b"\xff", BODY, "it is bytes, not text in UTF-8"),
    ],
)
def test_a_body_that_can_not_be_inflated_is_refused(encoding: object, body: bytes, why: str) -> None:
    with pytest.raises(EncodingRefused) as caught:
        inflated(body, encoding, MOST)
    assert caught.value.why == why


def test_the_refusal_says_what_to_send() -> None:
    with pytest.raises(EncodingRefused) as caught:
        inflated(BODY, "br", MOST)
    assert str(caught.value) == (
        "the body's content encoding 'br' is refused\n"
        "  where: content_encoding\n"
        "  why:   the hub doesn't know it\n"
        "  mend:  send the body as it is, or compressed with gzip or deflate"
    )


def test_a_bomb_is_refused_before_it_is_inflated() -> None:
    bomb = gzip.compress(bytes(200_000_000), 9)
    assert len(bomb) < 200_000
    tracemalloc.start()
    with pytest.raises(EncodingRefused):
        inflated(bomb, "gzip", 1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000
