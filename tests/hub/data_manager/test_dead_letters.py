"""Dead letters: any text fits a header, and no header shows what it must not."""

from __future__ import annotations

import dataclasses
import re

import pytest

from adapters.transport import Envelope, check_envelope
from hub.data_manager.endings import MOST_HEADER, header_text
from integration_objects.errors import Refused, printable
from tests.road import mainframe_line, mainframe_order


@pytest.mark.parametrize(
    "text",
    ["\x00", "\x7f", "\x80", "\x9f", "\ud800", "\ufffe", "\x85 \u2028", "\U0001f4e6" * 2_000, "é" * 3_000, "a\n\tb"],
    ids=[
        "NUL",
        "DEL",
        "C1 first",
        "C1 last",
        "half character",
        "noncharacter",
        "blanks",
        "emoji",
        "long",
        "line break",
    ],
)
def test_any_text_makes_a_header_that_travels(text):
    headers = {f"x-orderhub-{number}": header_text(text) for number in range(14)}
    check_envelope(Envelope("M-1", b"", headers=headers))
    assert len(header_text(text).encode()) <= MOST_HEADER


def test_an_error_quotes_no_character_that_a_log_or_a_database_can_not_keep():
    error = Refused("the id '\x80' is unknown", why="\ud800\n", mend="\x1b[2J").at("message \x9f")
    assert error.as_dict() == {
        "reason": "Refused",
        "what": "the id '\\x80' is unknown",
        "where": "message \\x9f",
        "why": "\\ud800\n",
        "mend": "\\x1b[2J",
    }
    assert printable("\ud800") == "\\ud800"


@pytest.mark.parametrize("body", [b"<foo>&#x80;</foo>", "<foo>\x9f</foo>".encode(), b"<a\x7f/>"], ids=ascii)
def test_a_control_character_in_a_body_does_not_stop_the_dead_letters(road, body):
    assert road.work(body, id="M-1")["state"] == "invalid"
    assert road.work("<bar/>", id="M-2")["state"] == "invalid"
    letters = road.left("mainframe_order.dead-letter")
    assert [row.message.body for row in letters] == [body, b"<bar/>"]
    for row in letters:
        check_envelope(row.envelope)


_ERROR = [f"x-orderhub-{part}" for part in ("what", "where", "why", "mend")]


class NumberUnknown(Refused):
    what = "the number '{number}' of {customer.name} is unknown"
    why = "known are {known!r}"
    mend = "mend the number"


def test_an_error_without_its_values():
    customer = type("Customer", (), {"name": "Smith"})
    error = NumberUnknown(number="5095550199", customer=customer, known=["1"], where="line 1 of 5095550199")
    assert "5095550199" in error.what
    assert error.without_values() == {
        "what": "the number '…' of … is unknown",
        "why": "known are …",
        "mend": "mend the number",
    }
    assert error.without_values(lambda value: value == "Smith")["what"] == "the number '…' of Smith is unknown"


def features(*pairs):
    return "".join(f"<FEATURE><NAME>{name}</NAME><VAL>{value}</VAL></FEATURE>" for name, value in pairs)


def test_headers_of_dead_letters_quote_values_only_where_the_route_says_so(road):
    order = mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="L1"), customer="5550199")
    assert road.work(order)["state"] == "rejected"
    [letter] = road.take("mainframe_order.dead-letter")
    assert "5550199" not in str(letter.message.headers)
    shown = road.shown(letter.message.inbox_id)
    assert "5550199" in shown["error"]["what"]
    for part in ("reason", "what", "where", "why", "mend"):
        assert letter.message.headers[f"x-orderhub-{part}"]
    assert letter.message.headers["x-orderhub-reason"] == shown["reason"]
    route = road.open_hub.deployment.worked_routes["mainframe_order"]
    road.open_hub.deployment.worked_routes["mainframe_order"] = dataclasses.replace(route, quotes_values=True)
    assert road.work(order.replace("MF-1-1", "MF-2"))["state"] == "rejected"
    [letter] = road.take("mainframe_order.dead-letter")
    assert letter.message.headers["x-orderhub-what"] == shown["error"]["what"]


@pytest.mark.parametrize(
    ("more", "what", "mend", "value"),
    [
        (
            {"product": "XXXXX999"},
            "data map 'Mainframe Order to OM Order' (version …) cannot fill 'Product Id' of 'Line Item'",
            "",
            "XXXXX999",
        ),
        (
            {"more": "<DUE-DATE>20260231</DUE-DATE>"},
            "data map 'Mainframe Order to OM Order' (version …) cannot fill 'Due Date' of 'Line Item'",
            "",
            "20260231",
        ),
        (
            {"more": "<DUE-DATE>20269931</DUE-DATE>"},
            "the message doesn't fit the schema 'mainframe/order.xsd'",
            "send a message that fits the schema",
            "20269931",
        ),
        (
            {"message": "MF\x85-1"},
            "the message's identity is refused",
            "send an identity of 1 to 128 characters without control characters",
            "MF",
        ),
        # A field that bears the message's own value as its name isn't told.
        (
            {"product": "XXXXX999", "more": features(("Line Item", "Product Id"))},
            "data map 'Mainframe Order to OM Order' (version …) cannot fill '…' of '…'",
            "",
            "XXXXX999",
        ),
    ],
    ids=["NotInLookup", "ExpressionFailed", "AgainstSchema", "IdentityRefused", "names in the message"],
)
def test_headers_of_dead_letters_have_the_hubs_own_words(road, more, what, mend, value):
    line = mainframe_line(1, "A", more.get("product", "LCLLN001"), ref="L1", more=more.get("more", ""))
    shown = road.work(mainframe_order("7", line, message=more.get("message")))
    assert shown["state"] in ("rejected", "invalid"), shown
    [letter] = road.left("mainframe_order.dead-letter")
    headers = letter.message.headers
    assert re.sub("(?<=version )[0-9a-f]+", "…", headers["x-orderhub-what"]) == what
    assert not mend or headers["x-orderhub-mend"] == mend
    assert value not in str({name: text for name, text in headers.items() if name in _ERROR})


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("<a>" * 300 + "</a>" * 300, "the message exceeds the limit 'depth'"),
        ("{'a': 5550199}", "the message is not XML"),
    ],
)
def test_headers_of_dead_letters_of_a_body_that_can_not_be_read(road, body, what):
    assert road.work(body)["state"] == "invalid"
    [letter] = road.left("mainframe_order.dead-letter")
    assert letter.message.headers["x-orderhub-what"] == what
    assert "5550199" not in str(letter.message.headers)


@pytest.mark.parametrize("product", ["VCEML001", "LCLLN001"])
def test_the_value_of_a_secret_is_shown_nowhere(road, product):
    """Too long for the attribute, or of no attribute that the product has: both are told with the value."""
    secret = "Se-cret" * 40
    line = mainframe_line(1, "A", product, ref="L1", more=features(("Password", secret)))
    shown = road.work(mainframe_order("1", line))
    assert shown["state"] in ("rejected", "invalid")
    assert "Se-cret" not in str(shown)
    [letter] = road.left("mainframe_order.dead-letter")
    [answer] = road.left("mainframe.answers")
    assert "Se-cret" not in str(letter.message.headers)
    assert b"Se-cret" not in answer.message.body
