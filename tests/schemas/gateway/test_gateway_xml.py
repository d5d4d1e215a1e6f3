"""The XML Gateway's documents: written, read again, and refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration_objects.errors import Invalid
from schemas.gateway.messages import Query, Reply, Request, Sort, Status
from schemas.gateway.search import SearchNode, SearchSpecRefused, equals, search_text, search_tree
from schemas.gateway.xml import (
    NoGatewayMessage,
    NotWritableInGateway,
    read_reply,
    read_request,
    write_reply,
    write_request,
)

TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=("Cc", "Cs")), max_size=20)
NAME = st.text(st.characters(categories=("Lu", "Ll", "Nd")), min_size=1, max_size=12)
ROW = st.dictionaries(NAME, TEXT, min_size=1, max_size=5)
LEAF = st.builds(SearchNode, st.just("Identifier"), NAME) | st.builds(
    SearchNode, st.just("Constant"), TEXT, st.just("TEXT")
)
CONDITION = st.recursive(
    st.builds(
        lambda sign, a, b: SearchNode("Binary Operator", sign, operands=(a, b)),
        st.sampled_from(["=", "<>"]),
        LEAF,
        LEAF,
    ),
    lambda inner: (
        st.builds(
            lambda sign, a, b: SearchNode("Binary Operator", sign, operands=(a, b)),
            st.sampled_from(["AND", "OR"]),
            inner,
            inner,
        )
        | st.builds(lambda a: SearchNode("Unary Operator", "NOT", operands=(a,)), inner)
    ),
    max_leaves=6,
)


@settings(max_examples=30)
@given(NAME, NAME, ROW, st.none() | CONDITION, st.integers(0, 1000))
def test_a_written_request_is_read_again(
    component: str, source: str, row: dict[str, str], search: SearchNode | None, most: int
) -> None:
    query = Query(most, None, tuple(row.items()), search, (Sort("A"), Sort("B", True)))
    for request in (
        Request("fields", component, "2", source),
        Request("preinsert", component),
        Request("query", component, "1", source, query),
        Request("insert", component, row=row, changed=frozenset(row)),
        Request("update", component, row=row, changed=frozenset(list(row)[:1])),
        Request("delete", component, row=row, changed=frozenset(row)),
    ):
        assert read_request(write_request(request)) == request


@settings(max_examples=30)
@given(st.lists(ROW, max_size=3), st.integers(-9, 99), TEXT)
def test_a_written_reply_is_read_again(rows: list[dict[str, str]], code: int, text: str) -> None:
    assert read_reply(write_reply(Reply("fields", fields=("A", "B"))), "fields") == Reply("fields", fields=("A", "B"))
    for kind in ("query", "insert", "update", "preinsert"):
        assert read_reply(write_reply(Reply(kind, rows=tuple(rows))), kind) == Reply(kind, rows=tuple(rows))  # type: ignore[arg-type]
    status = Status(code, "Name", text.strip())
    assert read_reply(write_reply(status), "update") == status


@settings(max_examples=30)
@given(CONDITION)
def test_a_search_specification_is_the_same_condition_as_a_tree_and_as_text(search: SearchNode) -> None:
    text = search_text(search)
    assert search_text(search_tree(text)) == text


def test_the_published_example_of_a_query_is_read() -> None:
    """The document is the makers' own example of a request, indented."""
    body = b"""<?xml version="1.0" encoding="UTF-8"?>
    <siebel-xmlext-query-req>
      <buscomp id="1">Contact</buscomp>
      <remote-source>http://throth/servlet/VBCContacts</remote-source>
      <max-rows>6</max-rows>
      <search-string>([Phone] IS NOT NULL) AND ([AccountId] = "1-6")</search-string>
      <match field="AccountId">1-6</match>
      <search-spec>
        <node node-type="Binary Operator">AND
          <node node-type="Unary Operator">IS NOT NULL<node node-type="Identifier">Phone</node></node>
          <node node-type="Binary Operator">=
            <node node-type="Identifier">AccountId</node>
            <node value-type="TEXT" node-type="Constant">1-6</node>
          </node>
        </node>
      </search-spec>
      <sort-spec><sort field="Location">ASCENDING</sort></sort-spec>
    </siebel-xmlext-query-req>"""
    request = read_request(body)
    assert (request.component, request.query.max_rows, request.query.match) == ("Contact", 6, (("AccountId", "1-6"),))
    assert request.query.sort == (Sort("Location"),)
    assert request.query.search is not None
    assert search_text(request.query.search) == "([Phone] IS NOT NULL) AND ([AccountId] = '1-6')"
    assert search_tree(request.query.search_string or "") == request.query.search


def test_the_two_slips_of_the_published_dtds_are_read_and_never_written() -> None:
    assert read_reply(b"<siebel-xmlext-dekete-ret/>", "delete") == Reply("delete")
    row = b'<siebel-xmlext-preinsert-ret><row><value field="A">1</value></row></siebel-xmlext-preinsert-ret>'
    assert read_reply(row, "insert") == Reply("insert", rows=({"A": "1"},))
    assert b"siebel-xmlext-delete-ret" in write_reply(Reply("delete"))
    assert b"siebel-xmlext-insert-ret" in write_reply(Reply("insert", rows=({"A": "1"},)))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("<a/>", "its root is 'a'"),
        ("<siebel-xmlext-query-req/>", "the element 'buscomp' is missing"),
        ("<siebel-xmlext-query-req><buscomp/><buscomp/></siebel-xmlext-query-req>", "'buscomp' has no place there"),
        ("<siebel-xmlext-insert-req><buscomp>A</buscomp></siebel-xmlext-insert-req>", "it has 0 rows"),
        (
            "<siebel-xmlext-insert-req><buscomp>A</buscomp><row><value>1</value></row></siebel-xmlext-insert-req>",
            "the attribute 'field' is missing",
        ),
        (
            '<siebel-xmlext-insert-req><buscomp>A</buscomp><row><value field="B">1</value><value field="B">2</value>'
            "</row></siebel-xmlext-insert-req>",
            "the row has the field 'B' twice",
        ),
        (
            "<siebel-xmlext-query-req><buscomp>A</buscomp><max-rows>-1</max-rows></siebel-xmlext-query-req>",
            "'max-rows' is no whole number",
        ),
        (
            '<siebel-xmlext-query-req><buscomp>A</buscomp><search-spec><node node-type="Function">x</node>'
            "</search-spec></siebel-xmlext-query-req>",
            "'node' is no node with a known node-type",
        ),
    ],
)
def test_another_document_is_no_request(body: str, why: str) -> None:
    with pytest.raises(NoGatewayMessage) as refused:
        read_request(body.encode())
    assert refused.value.why == why


def test_the_reply_to_another_request_is_refused() -> None:
    with pytest.raises(NoGatewayMessage) as refused:
        read_reply(write_reply(Reply("query")), "update")
    assert str(refused.value) == (
        "the document is no reply of the XML Gateway\n"
        "  where: line 2, /siebel-xmlext-query-ret[1]\n"
        "  why:   its root is 'siebel-xmlext-query-ret', and 'siebel-xmlext-update-ret' is expected\n"
        "  mend:  send one as the published DTDs of the XML Gateway describe it"
    )


HOSTILE = [
    b'<!DOCTYPE a [<!ENTITY x "y">]><siebel-xmlext-query-ret/>',
    b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><siebel-xmlext-query-ret/>',
    b"<siebel-xmlext-query-ret>" + b"<row>" * 100 + b"</row>" * 100 + b"</siebel-xmlext-query-ret>",
    b"<siebel-xmlext-query-ret><row><value field='a'>" + b"x" * 70_000 + b"</value></row></siebel-xmlext-query-ret>",
    b"<siebel-xmlext-query-ret>&unknown;</siebel-xmlext-query-ret>",
    b"\x1f\x8b compressed",
    b"",
    b"<siebel-xmlext-status><status-code>1e9</status-code></siebel-xmlext-status>",
    b"<siebel-xmlext-status><status-code>--5</status-code></siebel-xmlext-status>",
    b"<siebel-xmlext-query-ret><row><value field='a'><b/></value></row></siebel-xmlext-query-ret>",
    b"<siebel-xmlext-query-ret xmlns='urn:x'/>",
]


@pytest.mark.parametrize("body", HOSTILE)
def test_hostile_documents_are_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        read_reply(body, "query")


def test_a_search_that_is_too_deep_or_unknown_is_refused() -> None:
    tree = equals("A", "1")
    for _ in range(120):
        tree = SearchNode("Unary Operator", "NOT", operands=(tree,))
    for search in (
        tree,
        SearchNode(
            "Binary Operator", "SOUNDSLIKE", operands=(SearchNode("Identifier", "A"), SearchNode("Constant", "x"))
        ),
        SearchNode("Unary Operator", "EXISTS", operands=(equals("A", "1"),)),
        SearchNode("Binary Operator", "=", operands=(SearchNode("Identifier", "A"),)),
        SearchNode("Constant", "1 OR 1", "NUMBER"),
        SearchNode("Identifier", "A] = [A"),
    ):
        with pytest.raises(SearchSpecRefused):
            search_text(search)
    with pytest.raises(SearchSpecRefused):
        search_tree("upper([A]) = 'X'")


def test_a_value_that_xml_cannot_carry_is_refused() -> None:
    with pytest.raises(NotWritableInGateway):
        write_request(Request("insert", "A", row={"B": "\x00"}))
