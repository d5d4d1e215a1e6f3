"""JSON messages by a JSON Schema: their tree, their faults, what a schema may say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration_objects.declaration import Source
from integration_objects.errors import HubError
from integration_objects.property_set import PropertySet
from schemas.layouts.declaration import read_layout_object
from schemas.layouts.json_object import JsonObject
from schemas.limits import Limits

DECLARATION = "external object: Orders\nlayout:\n  json schema: web/order.json\n"
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["number", "lines"],
    "additionalProperties": False,
    "properties": {
        "number": {"type": "string", "pattern": "^[A-Z]-[0-9]+$", "maxLength": 8},
        "due": {"type": ["string", "null"], "format": "date"},
        "express": {"type": "boolean"},
        "total": {"type": "number", "minimum": 0, "multipleOf": 0.01},
        "currency": {"enum": ["EUR", "USD"]},
        "notes": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        "address": {"$ref": "common.json#/$defs/address"},
        "lines": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/line"}},
    },
    "$defs": {
        "line": {
            "type": "object",
            "required": ["product"],
            "properties": {
                "product": {"type": "string"},
                "quantity": {"type": "integer", "exclusiveMinimum": 0},
                "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
            },
        }
    },
}
COMMON = {"$defs": {"address": {"properties": {"street": {"type": "string"}, "country": {"const": "DE"}}}}}
ORDER = """\
{
  "number": "A-1",
  "due": null,
  "express": true,
  "total": 1049.90,
  "currency": "EUR",
  "notes": ["first", "second"],
  "address": {"street": "Ünter 5", "country": "DE"},
  "lines": [
    {"product": "DSL", "quantity": 2, "lines": [{"product": "ROUTER"}]},
    {"product": "TV"}
  ]
}
"""
LIMITS = Limits()


def made(schema: Any = SCHEMA, files: Mapping[str, Any] = {"web/common.json": COMMON}) -> JsonObject:
    bodies = {name: json.dumps(each).encode() for name, each in {**files, "web/order.json": schema}.items()}
    found = read_layout_object(Source("schemas/web/order.yaml", DECLARATION), bodies.__getitem__)
    assert isinstance(found, JsonObject)
    return found


ORDERS = made()


def test_a_message_becomes_a_tree_and_the_tree_the_same_message() -> None:
    tree = ORDERS.read(ORDER.encode(), LIMITS).tree
    assert tree.type == "Document"
    assert tree.properties == {"number": "A-1", "due": None, "express": "Y", "total": "1049.90", "currency": "EUR"}
    assert [(child.type, child.value, child.properties) for child in tree.children] == [
        ("notes", "first", {}),
        ("notes", "second", {}),
        ("address", "", {"street": "Ünter 5", "country": "DE"}),
        ("lines", "", {"product": "DSL", "quantity": "2"}),
        ("lines", "", {"product": "TV"}),
    ]
    assert tree.children[3].children[0].properties == {"product": "ROUTER"}
    written = ORDERS.write(tree)
    assert json.loads(written) == json.loads(ORDER)
    assert b'"total":1049.90,' in written
    ORDERS.prove(written, LIMITS)
    assert ORDERS.glance(ORDER.encode(), LIMITS, None) == tree
    assert ORDERS.texts(written, LIMITS) >= {"A-1", "Ünter 5", "1049.90"}


def test_the_shape_for_maps_follows_the_schema() -> None:
    root = ORDERS.definition.root
    assert {name: (each.type, each.required, each.values) for name, each in root.fields.items()} == {
        "number": ("text", True, ()),
        "due": ("date", False, ()),
        "express": ("flag", False, ()),
        "total": ("number", False, ()),
        "currency": ("text", False, ("EUR", "USD")),
    }
    assert root.fields["number"].length == 8
    assert root.occurs == {"notes": (0, None), "address": (0, 1), "lines": (1, None)}
    lines = root.children["lines"]
    assert lines.children["lines"] is lines
    assert root.children["notes"].text == "text"


def test_the_line_of_a_field_is_found() -> None:
    line_of = ORDERS.read(ORDER.encode(), LIMITS).line_of
    assert line_of is not None
    assert line_of("/Document[1]", "total") == 5
    assert line_of("/Document[1]/lines[2]", "product") == 11
    assert line_of("/Document[1]/lines[1]/lines[1]", "product") == 10
    assert line_of("/Document[1]/address[1]", "country") == 8
    assert line_of("/Document[1]", "nothing") is None


def test_a_list_may_be_the_whole_message() -> None:
    items = {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "integer"}}}}
    listed = made(items)
    message = listed.read(b'[{"a":1},\n{"a":2}]', LIMITS)
    assert [(node.type, node.get("a")) for node in message.tree.children] == [("Item", "1"), ("Item", "2")]
    assert message.line_of is not None
    assert message.line_of("/Document[1]/Item[2]", "a") == 2
    assert listed.write(message.tree) == b'[{"a":1},{"a":2}]'
    assert listed.write(PropertySet("Document")) == b"[]"


@pytest.mark.parametrize(
    ("before", "after", "reason", "where", "why"),
    [
        ('"A-1"', '"A-1", "number": "A-2"', "JsonFaulty", "line 2, column 30", "the key 'number' stands twice"),
        ("1049.90", "NaN", "JsonFaulty", "line 5, column 12", "NaN is no number"),
        ("1049.90", "1e999999", "JsonFaulty", "line 5, column 12", "the number '1e999999' is too long or too large"),
        ("1049.90", "1" * 2000, "JsonFaulty", "line 5, column 12", "the number '1111"),
        ('"TV"', '"\\ud800"', "JsonFaulty", "line 11, column 17", "character U+D800 at position 1"),
        ('"TV"', '"\\u0000"', "JsonFaulty", "line 11, column 17", "character U+0000 at position 1"),
        ('"TV"', "TV", "JsonFaulty", "line 11, column 17", "it isn't JSON there: Expecting value"),
        ("\n}\n", "\n", "JsonFaulty", "line 13, column 1", "it isn't JSON there: Expecting ',' delimiter"),
        ('"TV"', "[" * 70 + "]" * 70, "LimitExceeded", "", "at most 64 levels of elements are allowed"),
        ('"TV"', "[" * 9999, "LimitExceeded", "", "at most 64 levels of elements are allowed"),
        ('  "number": "A-1",\n', "", "JsonInvalid", "line 1, column 1", "the key 'number' is missing"),
        ('"express"', '"expres"', "JsonInvalid", "line 1, column 1", "the key 'expres' is unknown"),
        ('"A-1"', '"a-1"', "JsonInvalid", "line 2, column 13", 'expected a text of the pattern "^[A-Z]-[0-9]+$"'),
        ('"A-1"', '"A-1234567"', "JsonInvalid", "line 2, column 13", "expected at most 8 characters"),
        ('"A-1"', "1", "JsonInvalid", "line 2, column 13", "expected string, found 1"),
        ('"A-1"', '{"x": 1}', "JsonInvalid", "line 2, column 13", "expected string, found an object"),
        (
            "null",
            '"2026-02-30"',
            "JsonInvalid",
            "line 3, column 10",
            "expected a date (2026-01-31), found '2026-02-30'",
        ),
        ("1049.90", "-1", "JsonInvalid", "line 5, column 12", "expected 0 or more, found -1"),
        ("1049.90", "0.005", "JsonInvalid", "line 5, column 12", "expected a multiple of 0.01, found 0.005"),
        ('"EUR"', '"CHF"', "JsonInvalid", "line 6, column 15", 'expected one of ["EUR","USD"], found \'CHF\''),
        ('"second"', '"first"', "JsonInvalid", "line 7, column 12", "expected items that differ"),
        ('"DE"', '"AT"', "JsonInvalid", "line 8, column 47", "expected \"DE\", found 'AT'"),
        ('"quantity": 2', '"quantity": 2.5', "JsonInvalid", "line 10, column 36", "expected integer, found 2.5"),
        ('"quantity": 2', '"quantity": 0', "JsonInvalid", "line 10, column 36", "expected more than 0, found 0"),
    ],
)
def test_a_faulty_message_has_one_precise_answer(before: str, after: str, reason: str, where: str, why: str) -> None:
    for read in (ORDERS.read, ORDERS.prove):
        with pytest.raises(HubError) as caught:
            read(ORDER.replace(before, after, 1).encode(), LIMITS)
        error = caught.value
        assert (error.reason, error.where, error.why.startswith(why)) == (reason, where, True), str(error)


def test_a_fault_is_told_whole_and_bytes_that_are_no_utf_8_are_refused() -> None:
    with pytest.raises(HubError) as caught:
        ORDERS.read(ORDER.replace('"TV"', "7").encode(), LIMITS)
    assert str(caught.value) == (
        "the value at /lines/1/product breaks the schema\n"
        "  where: line 11, column 17\n"
        "  why:   expected string, found 7\n"
        "  mend:  correct the message, or the schema web/order.json where the message is right"
    )
    with pytest.raises(HubError, match="can't be read as JSON") as caught:
        ORDERS.read(ORDER.encode("latin-1"), LIMITS)
    assert caught.value.where.startswith("line 8, byte ")
    with pytest.raises(HubError, match="exceeds the limit 'elements'"):
        ORDERS.read(ORDER.encode(), Limits(elements=5))
    assert ORDERS.read(b"\xef\xbb\xbf" + ORDER.encode(), LIMITS).tree.get("number") == "A-1"


@pytest.mark.parametrize("body", ["[1]", '{"lines": 5}', '{"number": {}}', '{"notes": [[1]]}', '{"address": []}', "7"])
def test_a_glance_leaves_out_what_is_of_another_kind(body: str) -> None:
    tree = ORDERS.glance(body.encode(), LIMITS, None)
    assert (tree.type, tree.properties, tree.children) == ("Document", {}, [])


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (PropertySet("Document", properties={"total": "much"}), "Document/total has no place for 'much'"),
        (PropertySet("Document", properties={"express": "1"}), "Document/express has no place for '1'"),
        (PropertySet("Document", properties={"x": "1"}), "Document has no place for x"),
        (PropertySet("Document", children=[PropertySet("x")]), "Document has no place for x"),
        (PropertySet("Document", children=[PropertySet("address")] * 2), "Document has no place for a second address"),
    ],
)
def test_a_tree_without_a_place_is_refused(tree: PropertySet, text: str) -> None:
    with pytest.raises(HubError) as caught:
        ORDERS.write(tree)
    assert caught.value.what == text


def test_a_list_that_must_be_there_is_written_empty_and_a_null_where_the_schema_allows_it() -> None:
    tree = PropertySet("Document", properties={"due": None, "express": None})
    assert ORDERS.write(tree) == b'{"due":null,"lines":[]}'


TWO = {"properties": {"a": {"anyOf": [{"type": "string"}, {"type": "integer"}]}}}


@pytest.mark.parametrize(
    ("schema", "what", "where"),
    [
        ([], "this is no JSON Schema", "web/order.json, /"),
        ({"type": "objekt"}, "this is no JSON Schema", "web/order.json, /type"),
        ({"type": "string"}, "the message is neither an object nor a list", "web/order.json, Document"),
        (
            {"$schema": "http://json-schema.org/draft-04/schema#"},
            "the draft 'http://json-schema.org/draft-04/schema#'",
            "",
        ),
        (TWO, "a has several types", "web/order.json, a"),
        ({"properties": {"a": {"$ref": "none.json"}}}, "the reference 'none.json' leads nowhere", ""),
        ({"properties": {"a": {"$ref": "#/$defs/x"}}}, "the reference '#/$defs/x' leads nowhere", ""),
        (
            {"properties": {"a": {"$ref": "https://example.com/x.json"}}},
            "the reference 'https://example.com/x.json'",
            "",
        ),
        (
            {"properties": {"a": {"$ref": "../../../etc/passwd"}}},
            "the reference '../../../etc/passwd' leads nowhere",
            "",
        ),
        ({"patternProperties": {"a": {}}, "type": "object"}, "the keyword patternProperties isn't read", ""),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "Document has keys that no schema names", ""),
        ({"properties": {"a": {"prefixItems": [{}]}}}, "the keyword prefixItems isn't read", ""),
        ({"properties": {"a": {"items": {"type": "array", "items": {}}}}}, "a is a list of lists", ""),
        ({"properties": {"a/b": {"type": "string"}}}, "a map can't name the key 'a/b'", "web/order.json, a/b"),
        ({"properties": {"a": {"pattern": "(?=x)"}}}, "the pattern '(?=x)' isn't read", "/properties/a/pattern"),
    ],
)
def test_a_schema_that_has_no_shape_is_refused(schema: Any, what: str, where: str) -> None:
    with pytest.raises(HubError) as caught:
        made(schema)
    assert caught.value.what.startswith(what), caught.value
    assert where in caught.value.where


def test_a_schema_that_names_no_type_admits_what_has_no_place() -> None:
    untyped = made({"properties": {"a": {"type": "string"}, "b": {"properties": {"c": {"type": "string"}}}}})
    for body, path in ((b"[1]", "/"), (b'{"b": "text"}', "/b")):
        with pytest.raises(HubError) as caught:
            untyped.read(body, LIMITS)
        assert caught.value.what == f"the value at {path} has no place"


def test_a_tree_too_deep_for_json_is_refused() -> None:
    tree = PropertySet("lines")
    for _ in range(5_000):
        tree = PropertySet("lines", children=[tree])
    with pytest.raises(HubError, match="Document has no place for the tree"):
        ORDERS.write(PropertySet("Document", children=[tree]))


def test_the_parts_of_a_schema_are_put_together() -> None:
    schema = {
        "allOf": [{"properties": {"a": {"type": "string"}}, "required": ["a"]}],
        "oneOf": [{"properties": {"b": {"type": "integer"}}, "required": ["b"]}, {"properties": {"c": {"const": 5}}}],
        "if": {"properties": {"a": {"const": "x"}}},
        "then": {"properties": {"d": {"type": "boolean"}}},
        "type": "object",
    }
    fields = made(schema).definition.root.fields
    assert {name: (each.type, each.required) for name, each in fields.items()} == {
        "a": ("text", True),
        "b": ("number", False),
        "c": ("number", False),
        "d": ("flag", False),
    }


def test_a_schema_without_a_file_names_the_declarations_line() -> None:
    with pytest.raises(HubError, match=r"there is no JSON Schema 'web/order.json'") as caught:
        read_layout_object(Source("schemas/web/order.yaml", DECLARATION), {}.__getitem__)
    assert caught.value.where == "schemas/web/order.yaml:3:16"


NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)
TEXT = st.text(max_size=5)
LINE = st.fixed_dictionaries({"product": TEXT})
LINES = st.recursive(
    LINE,
    lambda lines: st.fixed_dictionaries({"product": TEXT, "lines": st.lists(lines, min_size=1, max_size=2)}),
    max_leaves=4,
)
MESSAGES = {"total": NUMBERS, "notes": st.lists(TEXT, min_size=1), "lines": st.lists(LINES, min_size=1)}
FREE = made(
    {
        "properties": {
            "total": {"type": "number"},
            "notes": {"type": "array", "items": {"type": "string"}},
            "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
        },
        "$defs": SCHEMA["$defs"],
    }
)


@given(st.fixed_dictionaries(MESSAGES))
@settings(max_examples=200, deadline=None)
def test_what_was_read_is_written_as_the_same_values(message: dict[str, Any]) -> None:
    text = json.dumps({**message, "total": "TOTAL"}).replace('"TOTAL"', str(message["total"]))
    try:
        tree = FREE.read(text.encode(), LIMITS).tree
    except HubError as error:
        assert "not allowed in text" in error.why  # noqa: PT017  # U+0000 and its like
        return
    written = json.loads(FREE.write(tree), parse_float=Decimal, parse_int=Decimal)
    assert written == message
