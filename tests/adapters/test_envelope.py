"""What an envelope may carry past a door, at the last accepted and the first refused value."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.transport import Envelope, EnvelopeRefused, Oversize, admit, check_envelope


@pytest.mark.parametrize(
    "good",
    [
        {"message_id": "x" * 128},
        {"message_id": "Straße 7/ü"},
        {"reply_to": "r" * 255},
        {"headers": {str(number): "" for number in range(64)}},
        {"headers": {"h": "x" * (16 * 1024 - 1)}},
        {"headers": {"h": "ü" * (8 * 1024 - 1)}},
    ],
)
def test_what_is_within_the_limits_passes_unchanged(good: dict[str, Any]) -> None:
    envelope = Envelope(**{"message_id": None, "body": b"", **good})
    assert check_envelope(envelope) is envelope
    assert admit(envelope) == (envelope, None)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"message_id": "x" * 129}, "it has 129 characters, and may have 1 to 128"),
        ({"message_id": ""}, "it has 0 characters, and may have 1 to 128"),
        ({"message_id": b"abc"}, "it is bytes, not text in UTF-8"),
        ({"message_id": "a\x00"}, "character 2 is the control character U+0000"),
        ({"message_id": "a\n"}, "character 2 is the control character U+000A"),
        ({"correlation_id": "\x85"}, "character 1 is the control character U+0085"),
        ({"reply_to": "a\ud800"}, "character 2 is the lone surrogate U+D800"),
        ({"reply_to": "a\ufffe"}, "character 2 is the noncharacter U+FFFE"),
        ({"correlation_id": "\U0001f4e6" * 64}, "it has 256 bytes in UTF-8, and may have 255"),
        ({"type": "t" * 256}, "it has 256 characters, and may have 1 to 255"),
        ({"content_type": 7}, "it is int, not text in UTF-8"),
        ({"headers": {str(number): "" for number in range(65)}}, "there are 65, and may be 64"),
        ({"headers": {"h": "x" * 16 * 1024}}, "they have 16385 bytes, and may have 16384"),
        ({"headers": {"h": "a\r\n"}}, "in the value of header 'h' character 2 is the control character U+000D"),
        ({"headers": {"h\x00": ""}}, r"in the name of header 'h\x00' character 2 is the control character U+0000"),
        ({"headers": {"h": 1}}, "header 'h' is int, not text in UTF-8"),
    ],
)
def test_what_is_not_is_refused_by_name_and_left_out_at_the_door(bad: dict[str, Any], why: str) -> None:
    [part] = bad
    envelope = Envelope(**{"message_id": "m1", "body": b"x", **bad})
    with pytest.raises(EnvelopeRefused) as caught:
        check_envelope(envelope)
    assert (caught.value.where, caught.value.why) == (part, why)
    admitted, fault = admit(envelope)
    assert fault is not None
    assert str(fault) == str(caught.value)
    assert check_envelope(admitted) is admitted
    assert admitted.body == b"x"


def test_an_empty_property_from_outside_is_absent() -> None:
    """Clients of brokers write one for a property that nobody set."""
    empty = Envelope("m1", b"x", reply_to="", correlation_id="", type="", content_type="")
    assert admit(empty) == (Envelope("m1", b"x"), None)


def test_a_refusal_says_what_where_why_and_what_to_do() -> None:
    with pytest.raises(EnvelopeRefused) as caught:
        check_envelope(Envelope("m1", b"", reply_to=""))
    assert str(caught.value) == (
        "the envelope's reply_to is refused\n"
        "  where: reply_to\n"
        "  why:   it has 0 characters, and may have 1 to 255\n"
        "  mend:  send a reply_to of 1 to 255 characters"
    )
    with pytest.raises(EnvelopeRefused) as caught:
        check_envelope(Envelope("m1", b"", headers={"h": "\x07"}))
    assert str(caught.value) == (
        "the envelope's headers are refused\n"
        "  where: headers\n"
        "  why:   in the value of header 'h' character 1 is the control character U+0007\n"
        "  mend:  send at most 64 headers of text, together 16384 bytes"
    )


def test_size_and_digest_are_the_whole_body_s() -> None:
    assert Envelope(None, b"abc").size == 3
    assert Envelope(None, b"abc").digest.startswith("ba7816bf")
    assert Envelope(None, b"abc", oversize=Oversize(9, "d")).size == 9
    assert Envelope(None, b"abc", oversize=Oversize(9, "d")).digest == "d"
