"""What may arrive: every trap of docs/design/guarantees.md, "XML in", and every limit on both of its sides."""

from __future__ import annotations

import gzip
import resource

import pytest
from lxml import etree

from schemas import foreign_xml
from schemas.check import (
    ForbiddenXml,
    LimitBeyondCap,
    LimitExceeded,
    Limits,
    NotWellFormed,
    OutOfMemory,
    parse,
    path_of,
    place_of,
)


def refusal(body: bytes, limits: Limits | None = None) -> str:
    with pytest.raises((ForbiddenXml, LimitExceeded, NotWellFormed)) as caught:
        parse(body, limits or Limits())
    assert caught.value.verdict == "refuse"
    return f"{caught.value.reason}\n{caught.value}"


def test_an_entity_bomb_is_refused_with_the_line_of_its_first_entity() -> None:
    bomb = b'<?xml version="1.0"?>\n<!DOCTYPE lolz [\n <!ENTITY lol "lol">\n <!ENTITY lol2 "&lol;&lol;">\n]>\n'
    assert refusal(bomb + b"<lolz>&lol2;</lolz>") == (
        "ForbiddenXml\n"
        "the message declares an entity\n"
        "  where: line 3\n"
        "  why:   'lol' is declared in a DOCTYPE; entities are not read\n"
        "  mend:  send the message without a DOCTYPE"
    )


def test_an_external_entity_is_refused_as_such() -> None:
    body = b'<!-- x -->\n<!DOCTYPE a [\n<!ENTITY secret SYSTEM "file:///etc/passwd">]><a>&secret;</a>'
    assert refusal(body) == (
        "ForbiddenXml\n"
        "the message declares an external entity\n"
        "  where: line 3\n"
        "  why:   'secret' is declared in a DOCTYPE; entities are not read\n"
        "  mend:  send the message without a DOCTYPE"
    )


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE a SYSTEM "http://example.org/a.dtd">',
        "<!DOCTYPE a>",
        '<?pi x?><!DOCTYPE a PUBLIC "-//X" "x.dtd">',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_any_doctype_is_refused_in_every_encoding(doctype: str, encoding: str) -> None:
    assert refusal(f"{doctype}<a/>".encode(encoding)) == (
        "ForbiddenXml\n"
        "the message has a DOCTYPE\n"
        "  where: line 1\n"
        "  why:   document type declarations are not read\n"
        "  mend:  send the message without a DOCTYPE"
    )


@pytest.mark.parametrize("body", [b"<a>\n&foo;</a>", b'<a>\n<b c="&foo;"/></a>'])
def test_an_undeclared_entity_is_refused_with_its_line(body: bytes) -> None:
    assert refusal(body).startswith("ForbiddenXml\nthe message refers to an entity\n  where: line 2, column ")


def test_the_word_doctype_in_a_comment_or_a_text_is_harmless() -> None:
    assert parse(b"<!-- <!DOCTYPE a> --><a>&lt;!DOCTYPE a></a>").text == "<!DOCTYPE a>"


def test_comments_and_processing_instructions_are_dropped() -> None:
    root = parse(b"<?go home?><a>x<!-- c -->y<?php z?>z<b/><![CDATA[<]]></a>")
    assert (root.text, [child.tag for child in root], root[0].tail) == ("xyz", ["b"], "<")


@pytest.mark.parametrize("body", [gzip.compress(b"<a/>", mtime=0), b"PK\x03\x04", b"BZh91", b"\x28\xb5\x2f\xfd"])
def test_compressed_bytes_are_refused(body: bytes) -> None:
    assert refusal(body).startswith("ForbiddenXml\nthe message is compressed\n  where: byte 0\n")


def test_xml_1_1_is_refused() -> None:
    assert refusal(b'<?xml version="1.1"?><a/>') == (
        "ForbiddenXml\n"
        "XML 1.1 is not read\n"
        "  where: line 1\n"
        "  why:   the declaration says version 1.1; 1.0 is expected\n"
        "  mend:  send XML 1.0"
    )


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<a>é€</a>".encode(), "é€"),
        ("<a>é€</a>".encode("utf-8-sig"), "é€"),
        ('<?xml version="1.0" encoding="utf-8"?><a>é€</a>'.encode(), "é€"),
        ("<a>é€\U0001f600</a>".encode("utf-16"), "é€\U0001f600"),
        ("\ufeff<?xml version='1.0' encoding='UTF-16'?><a>é</a>".encode("utf-16-be"), "é"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'.encode("latin-1"), "é"),
    ],
)
def test_three_encodings_are_read(body: bytes, text: str) -> None:
    assert parse(body).text == text


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'<?xml version="1.0" encoding="IBM037"?><a/>', "IBM037"),
        (b'<?xml version="1.0" encoding="UTF-7"?><a/>', "UTF-7"),
        ("<a/>".encode("utf-16-le"), "UTF-16 without byte order mark"),
        ("<a/>".encode("utf-32"), "UTF-32"),
        ("<?xml version='1.0' encoding='UTF-8'?><a/>".encode("utf-16"), "UTF-8"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><a/>'.encode("utf-8-sig"), "ISO-8859-1"),
    ],
)
def test_every_other_encoding_is_refused(body: bytes, name: str) -> None:
    assert refusal(body).startswith(f"ForbiddenXml\nthe encoding {name} is not read\n  where: line 1\n")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"<a>",
        b"<a/><b/>",
        b"x",
        b"<a>\xff</a>",
        b"<a>\x00</a>",
        b"<a>&#1;</a>",
        b"<a b='1' b='2'/>",
        b"<p:a/>",
        b"<a>\xed\xa0\x80</a>",
        b"\xff\xfe\x00\xd8<\x00",
        b"<!-- ",
        b"<?xml",
    ],
)
def test_what_is_no_xml_is_refused_as_such(body: bytes) -> None:
    assert refusal(body).startswith("NotWellFormed\nthe message is not XML\n  where: ")


def test_a_broken_message_names_line_and_column() -> None:
    assert refusal(b"<a>\n <b>\n</a>") == (
        "NotWellFormed\n"
        "the message is not XML\n"
        "  where: line 3, column 5\n"
        "  why:   Opening and ending tag mismatch: b line 2 and a\n"
        "  mend:  send XML that a parser accepts"
    )


SMALL = Limits(body=4000, depth=5, elements=10, attributes=3, namespaces=4, text=20, name=8)
AT_THE_LIMIT = {
    "body": (b"<a>" + b" " * 10 + b"</a>" + b" " * 3983, b"<a>" + b" " * 10 + b"</a>" + b" " * 3984),
    "depth": (b"<a>" * 5 + b"</a>" * 5, b"<a>" * 6 + b"</a>" * 6),
    "elements": (b"<a>" + b"<b/>" * 9 + b"</a>", b"<a>" + b"<b/>" * 10 + b"</a>"),
    "attributes": (b'<a b="" c="" d=""/>', b'<a b="" c="" d="" e=""/>'),
    "text": (b"<a>" + b"x" * 20 + b"</a>", b"<a>" + b"x" * 21 + b"</a>"),
    "name": (b"<abcdefgh/>", b"<abcdefghi/>"),
    "namespaces": (
        b"<a " + b" ".join(b'xmlns:n%d="u"' % n for n in range(4)) + b"/>",
        b"<a " + b" ".join(b'xmlns:n%d="u"' % n for n in range(5)) + b"/>",
    ),
}


@pytest.mark.parametrize("name", sorted(AT_THE_LIMIT))
def test_the_last_accepted_and_the_first_refused_value_of_each_limit(name: str) -> None:
    accepted, refused = AT_THE_LIMIT[name]
    parse(accepted, SMALL)
    assert refusal(refused, SMALL).startswith(f"LimitExceeded\nthe message exceeds the limit '{name}'\n")


@pytest.mark.parametrize(
    "body",
    [
        b'<a b="' + b"x" * 21 + b'"/>',
        b"<a><b/>" + b"x" * 21 + b"</a>",
        b"<a>" + b"x" * 15 + b"<!-- -->" + b"x" * 15 + b"</a>",
    ],
)
def test_the_text_limit_holds_for_attributes_tails_and_text_around_comments(body: bytes) -> None:
    assert "the limit 'text'" in refusal(body, SMALL)


def test_the_name_limit_holds_for_attributes_and_leaves_namespaces_alone() -> None:
    assert "the limit 'name'" in refusal(b'<a abcdefghi="1"/>', SMALL)
    parse(b'<abcdefgh xmlns="urn:a-rather-long-name"/>', SMALL)


def test_an_element_may_repeat_a_namespace_as_often_as_it_likes() -> None:
    parse(b"<a>" + b'<b xmlns="u"/>' * 9 + b"</a>", SMALL)


def test_a_limit_error_names_line_and_path() -> None:
    assert refusal(b"<a><b/>\n<b>" + b"<c>" * 4 + b"</c>" * 4 + b"</b></a>", SMALL) == (
        "LimitExceeded\n"
        "the message exceeds the limit 'depth'\n"
        "  where: line 2, /a[1]/b[2]/c[1]/c[1]/c[1]/c[1]\n"
        "  why:   at most 5 levels of elements are allowed, and there are more\n"
        "  mend:  send smaller messages, or raise 'depth' in the route's limits"
    )


@pytest.mark.parametrize(
    ("body", "limit"),
    [
        (b"<a>" * 10_000 + b"</a>" * 10_000, "depth"),
        (b"x" * 100_000_000, "body"),
        (b"<a>" + b"<b/>" * 900_000 + b"</a>", "elements"),
        (b"<a " + b" ".join(b'xmlns:n%d="u"' % n for n in range(100_000)) + b"/>", "namespaces"),
        (b"<a " + b" ".join(b'a%d=""' % n for n in range(100_000)) + b"/>", "attributes"),
        (b"<" + b"x" * 60_000 + b"/>", "name"),
        (b"<a>" + b"x" * 4_000_000 + b"</a>", "text"),
    ],
    ids=["10,000 levels", "100 MB", "900,000 elements", "100,000 namespaces", "100,000 attributes", "name", "text"],
)
def test_monsters_are_refused_cheaply(body: bytes, limit: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert f"the limit '{limit}'" in refusal(body)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * 1024


def test_depth_beyond_the_parsers_own_bound_is_the_hubs_error_too() -> None:
    text = refusal(b"<a>" * 300 + b"</a>" * 300, Limits(depth=250))
    assert "at most 250 levels of elements are allowed" in text


def test_the_parser_without_memory_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise etree.XMLSyntaxError("out of memory", 2, 7, 3)

    monkeypatch.setattr(foreign_xml.etree, "fromstring", full)
    with pytest.raises(OutOfMemory) as caught:
        parse(b"<a/>")
    assert caught.value.verdict == "retry"
    assert str(caught.value).startswith("there isn't enough memory for the message\n  where: line 7, column 3\n")


def test_limits_of_a_route_stop_at_their_caps() -> None:
    assert Limits.route(body=16 * 1024 * 1024).body == 16 * 1024 * 1024
    with pytest.raises(LimitBeyondCap) as caught:
        Limits.route(body=16 * 1024 * 1024 + 1)
    assert str(caught.value) == (
        "the limit 'body' can't be 16777217\n"
        "  why:   it is a whole number from 1 to 16777216\n"
        "  mend:  set it to 16777216 at most"
    )
    with pytest.raises(LimitBeyondCap):
        Limits(depth=0)
    with pytest.raises(LimitBeyondCap, match="there is no limit 'size'"):
        Limits.route(size=1)


def test_a_file_of_the_command_line_may_be_large() -> None:
    item = b"<LineItem><IntegrationId>A1</IntegrationId></LineItem>"
    body = b"<List>" + item * 100_000 + b" " * 20_000_000 + b"</List>"
    with pytest.raises(LimitExceeded):
        parse(body)
    limits = Limits.files()
    assert len(parse(body.replace(b" " * 20_000_000, b" " * 60_000), limits)) == 100_000
    assert "the limit 'text'" in refusal(body, limits)
    assert "the limit 'depth'" in refusal(b"<a>" * 300 + b"</a>" * 300, limits)
    assert "an entity" in refusal(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', limits)


def test_a_path_counts_siblings_of_the_same_name() -> None:
    root = parse(b'<o xmlns="urn:x"><l/><m/>\n<l><q/></l></o>')
    assert path_of(root[2][0]) == "/o[1]/l[2]/q[1]"
    assert place_of(root[2]) == "line 2, /o[1]/l[2]"
