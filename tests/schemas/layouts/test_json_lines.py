"""Files of JSON lines: each record is a line, as its schema in ``$defs`` describes it."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from integration_objects.declaration import DeclarationFault, Source
from integration_objects.errors import HubError
from integration_objects.property_set import PropertySet
from schemas.layouts.declaration import read_layout, read_layout_object
from schemas.layouts.json_lines import JsonLinesLayout
from schemas.layouts.layout import Layout, RecordTypeUnknown
from schemas.limits import Limits

SCHEMA: dict[str, Any] = {
    "$defs": {
        "HEADER": {
            "type": "object",
            "required": ["type", "number"],
            "properties": {"type": {"const": "H"}, "number": {"type": "integer"}},
        },
        "ACCOUNT": {
            "type": "object",
            "required": ["type", "key"],
            "additionalProperties": False,
            "properties": {
                "type": {"const": "A"},
                "key": {"type": "string", "maxLength": 5},
                "name": {"type": ["string", "null"], "maxLength": 10},
                "limit": {"type": ["number", "null"]},
                "active": {"type": "boolean"},
                "tags": {"type": "array", "items": {"type": "string"}},
            },
        },
        "TRAILER": {
            "type": "object",
            "properties": {"type": {"const": "T"}, "count": {"type": "integer"}, "limits": {"type": "number"}},
        },
        "TEXT": {"type": "string"},
    }
}
DECLARATION = """
external object: Partner Accounts
layout:
  json lines: partner/accounts.json
  type field: type
records:
  HEADER: {type: H, occurs: 1}
  ACCOUNT: {type: A, occurs: 0..}
  TRAILER:
    type: T
    occurs: 1
    checks: {count: count ACCOUNT, limits: sum ACCOUNT/limit}
"""
LINES = (
    '{"type":"H","number":7}\n'
    '{"type":"A","key":"1","name":"Ann","limit":29.90,"active":true,"tags":["a","b"]}\n'
    '{"type":"A","key":"2","name":null,"limit":-3.05}\n'
    '{"type":"T","count":2,"limits":26.85}\n'
)


def layout(text: str = DECLARATION) -> Layout[Any]:
    return read_layout(Source("partner/accounts.yaml", text.encode()), lambda path: json.dumps(SCHEMA).encode())


def read(lines: str, keep_faults: bool = False) -> list[Any]:
    return list(layout().records(io.BytesIO(lines.encode()), keep_faults))


def test_a_file_is_read_and_written_again_as_the_same_bytes() -> None:
    made = layout()
    assert isinstance(made, JsonLinesLayout)
    nodes = list(made.read(io.BytesIO(LINES.encode())))
    assert [node.type for node in nodes] == ["HEADER", "ACCOUNT", "ACCOUNT", "TRAILER"]
    assert nodes[1].properties == {"type": "A", "key": "1", "name": "Ann", "limit": "29.90", "active": "Y"}
    assert [child.value for child in nodes[1].children] == ["a", "b"]
    assert nodes[2].properties == {"type": "A", "key": "2", "name": None, "limit": "-3.05"}
    assert b"".join(made.write(nodes)) == LINES.encode()


def test_a_record_knows_its_line_and_its_place_in_the_file() -> None:
    found = read(LINES)
    assert [(each.name, each.offset) for each in found] == [
        ("line 1", 0),
        ("line 2", 24),
        ("line 3", 105),
        ("line 4", 154),
    ]
    assert [LINES.encode()[each.offset :].startswith(each.data) for each in found] == [True] * 4


def test_types_and_totals_that_are_left_out_are_filled_in() -> None:
    nodes = [
        PropertySet("HEADER", properties={"number": "1"}),
        PropertySet("ACCOUNT", properties={"key": "1", "limit": "5"}),
        PropertySet("TRAILER"),
    ]
    written = b"".join(layout().write(nodes)).decode().splitlines()
    assert written == [
        '{"type":"H","number":1}',
        '{"type":"A","key":"1","limit":5}',
        '{"type":"T","count":1,"limits":5}',
    ]


@pytest.mark.parametrize(
    ("line", "what", "where", "why"),
    [
        ("{", "the message can't be read as JSON", "line 2, column 2", "it isn't JSON there"),
        ("", "the message can't be read as JSON", "line 2, column 1", "it isn't JSON there"),
        ("[]", "the record type '' is unknown", "line 2", "the line is no object"),
        ('{"type":"X"}', "the record type 'X' is unknown", "line 2", "the key type has it"),
        ('{"type":"A"}', "the value at / breaks the schema", "line 2, column 1", "the key 'key' is missing"),
        (
            '{"type":"A","key":"1","limit":"x"}',
            "the value at /limit breaks the schema",
            "line 2, column 31",
            "expected number or null, found 'x'",
        ),
        ('{"type":"A","key":"1","key":"2"}', "the message can't be read as JSON", "line 2, column 29", "stands twice"),
    ],
)
def test_a_faulty_line_has_one_precise_answer(line: str, what: str, where: str, why: str) -> None:
    with pytest.raises(HubError) as caught:
        read('{"type":"H","number":7}\n' + line + "\n")
    assert (caught.value.what, caught.value.where) == (what, where)
    assert why in caught.value.why


def test_a_record_with_a_fault_is_found_with_its_other_fields() -> None:
    (_, found) = read('{"type":"H","number":7}\n{"type":"A","key":"1","limit":"x","name":"Ann"}\n', keep_faults=True)
    assert found.node.properties["name"] == "Ann"
    assert str(found.placed_fault.where) == "line 2, column 31"
    with pytest.raises(RecordTypeUnknown):
        read("[]\n", keep_faults=True)


def test_a_value_that_the_schema_refuses_is_not_written() -> None:
    with pytest.raises(HubError, match="the value at /key breaks the schema"):
        b"".join(layout().write([PropertySet("ACCOUNT", properties={"key": "123456"})]))


def test_the_totals_of_a_file_are_proven() -> None:
    with pytest.raises(HubError, match="the count of TRAILER doesn't agree with the file"):
        list(layout().read(io.BytesIO(LINES.replace('"count":2', '"count":3').encode())))


def test_an_external_object_of_json_lines_is_one_of_records() -> None:
    made = read_layout_object(
        Source("partner/accounts.yaml", DECLARATION.encode()), lambda path: json.dumps(SCHEMA).encode()
    )
    tree = made.read(LINES.encode(), Limits()).tree
    assert made.write(tree) == LINES.encode()
    assert made.content_type == "application/jsonl"
    assert list(made.definition.root.children["ACCOUNT"].fields) == ["type", "key", "name", "limit", "active"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("  ACCOUNT:", "  ORDER:", "there is no schema in '$defs' 'ORDER'"),
        ("  ACCOUNT:", "  TEXT:", "the record TEXT is no object"),
        ("count: count ACCOUNT", "count: count ORDER", "the check of count names no record"),
        ("type field: type", "type field: kind", "there is no field of HEADER 'kind'"),
    ],
)
def test_a_declaration_is_proven(old: str, new: str, fault: str) -> None:
    with pytest.raises((DeclarationFault, HubError)) as caught:
        layout(DECLARATION.replace(old, new, 1))
    assert fault in str(caught.value)
