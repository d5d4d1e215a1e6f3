"""Files of records: record formats, types, order, totals, and the causes of files that don't fit."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from integration_objects.declaration import DeclarationFault, Source
from integration_objects.errors import HubError
from integration_objects.property_set import PropertySet
from schemas.batch_format import BatchFrame
from schemas.layouts.copybook.source_text import CopybookFaulty
from schemas.layouts.declaration import read_layout
from schemas.layouts.diagnosis import diagnose
from schemas.layouts.drafts import draft
from schemas.layouts.fixed_layout import FixedLayout
from schemas.layouts.layout import RecordUnplaced
from schemas.layouts.record import FieldUnwritable
from schemas.layouts.record_batch import RecordBatch
from schemas.limits import DEFAULT_LIMITS

COPYBOOK = """\
       01  FILE-HEADER.
           05 REC-TYPE PIC X.
           05 SENDER PIC X(8).
       01  ORDER-RECORD.
           05 REC-TYPE PIC X.
           05 ORD-NO PIC X(12).
       01  LINE-RECORD.
           05 REC-TYPE PIC X.
           05 PRICE PIC S9(7)V99 COMP-3.
           05 NOTE PIC X(3).
       01  FILE-TRAILER.
           05 REC-TYPE PIC X.
              88 IS-TRAILER VALUE 'T'.
           05 ORDER-COUNT PIC 9(6).
           05 RECORD-COUNT PIC 9(6).
           05 PRICE-TOTAL PIC S9(9)V99 COMP-3.
"""
DECLARATION = """\
external object: Orders
layout:
  copybook: m/orders.cpy
  record format: {format}
  type field: REC-TYPE
  code page: cp037{more}
records:
  FILE-HEADER: {{type: H, occurs: 1}}
  ORDER-RECORD:
    type: O
    occurs: 0..
    records:
      LINE-RECORD: {{type: L, occurs: 1..}}
  FILE-TRAILER:
    type: T
    occurs: 1
    checks: {{ORDER-COUNT: count ORDER-RECORD, RECORD-COUNT: count all, PRICE-TOTAL: sum LINE-RECORD/PRICE}}
"""


def layout(format: str = "variable", more: str = "", text: str = DECLARATION, copybook: str = COPYBOOK) -> FixedLayout:
    files = {"m/orders.cpy": copybook.encode()}
    return read_layout(Source("schemas/m/orders.yaml", text.format(format=format, more=more)), files.__getitem__)


def line(price: str) -> PropertySet:
    return PropertySet("LINE-RECORD", properties={"PRICE": price})


NODES = [
    PropertySet("FILE-HEADER", properties={"SENDER": "ACME"}),
    PropertySet("ORDER-RECORD", properties={"ORD-NO": "A1"}, children=[line("5.99"), line("-1")]),
    PropertySet("ORDER-RECORD", properties={"ORD-NO": "A2"}, children=[line("25")]),
    PropertySet("FILE-TRAILER"),
]
TRAILER = PropertySet(
    "FILE-TRAILER", properties={"REC-TYPE": "T", "ORDER-COUNT": "2", "RECORD-COUNT": "7", "PRICE-TOTAL": "29.99"}
)


def written(layout: FixedLayout, nodes: list[PropertySet] = NODES) -> bytes:
    return b"".join(layout.write(nodes))


def parts(data: bytes) -> list[bytes]:
    """Cut a file of variable records."""
    found = []
    while data:
        length = int.from_bytes(data[:2])
        found.append(data[:length])
        data = data[length:]
    return found


FORMATS = pytest.mark.parametrize(
    ("format", "more"),
    [
        ("fixed", ""),
        ("fixed", "\n  record length: 80"),
        ("variable", ""),
        ("blocked", ""),
        ("lines", "\n  line end: nel"),
        ("lines", "\n  line end: crlf\n  trimmed: yes"),
    ],
)


@FORMATS
def test_a_file_of_each_format_is_read_and_written_as_the_same_bytes(format: str, more: str) -> None:
    orders = layout(format, more)
    data = written(orders)
    nodes = list(orders.read(io.BytesIO(data)))
    assert [node.type for node in nodes] == ["FILE-HEADER", "ORDER-RECORD", "ORDER-RECORD", "FILE-TRAILER"]
    assert [child.get("PRICE") for child in nodes[1].children] == ["5.99", "-1.00"]
    assert nodes[3].properties == {"REC-TYPE": "T", "ORDER-COUNT": "2", "RECORD-COUNT": "7", "PRICE-TOTAL": "29.99"}
    assert written(orders, nodes) == data


@FORMATS
def test_an_order_of_a_batch_has_its_own_bytes_between_those_of_header_and_trailer(format: str, more: str) -> None:
    """Each message is the file that would hold this order alone."""
    orders = layout(format, more)
    data = written(orders)
    batch = RecordBatch(orders, "ORDER-RECORD")
    frame = BatchFrame(written(orders, NODES[:1]), b"".join(orders.file([(orders.types[-1], TRAILER)])), 2)
    bodies = [order.body for order in batch.orders(io.BytesIO(data), frame, DEFAULT_LIMITS)]
    assert bodies == [written(orders, [NODES[0], order, NODES[-1]]) for order in NODES[1:3]]


def test_blocks_are_no_longer_than_the_largest_block() -> None:
    orders = layout("blocked")
    many = [NODES[0], *[NODES[1]] * 5_000, NODES[3]]
    data = written(orders, many)
    assert 4 < int.from_bytes(data[:2]) <= 32_760
    assert sum(1 for _ in orders.read(io.BytesIO(data))) == 5_002


Damage = Callable[[list[bytes]], list[bytes]]


@pytest.mark.parametrize(
    ("damage", "reason", "where"),
    [
        (lambda p: p[:-1], "RecordMissing", "the end of the file, behind record 6"),
        (lambda p: p[1:], "RecordMissing", "record 1, byte 5 of the file"),
        (lambda p: [*p, p[-1]], "RecordOutOfPlace", "record 8, byte 114 of the file"),
        (lambda p: [*p[:2], *p[4:]], "RecordMissing", "record 3"),
        (lambda p: [p[0], p[2], *p[1:]], "RecordOutOfPlace", "record 2"),
        (lambda p: [*p[:4], p[4], p[5], p[5], p[6]], "TotalWrong", "record 8"),
        (lambda p: [*p[:3], *p[4:]], "TotalWrong", "record 6"),
        (
            lambda p: [p[0], p[1].replace(b"\xd6", b"\xe7"), *p[2:]],
            "RecordTypeUnknown",
            "record 2, byte 18 of the file",
        ),
        (lambda p: [p[0][:-3], *p[1:]], "FieldUnreadable", "record 1, byte 5 of the file, bytes 2 to 9"),
        (lambda p: [*p[:6], p[6][:-2]], "RecordsFaulty", "byte 87 of the file"),
        (lambda p: [b"\x00\x02\x00\x00", *p], "RecordsFaulty", "byte 1 of the file"),
        (lambda p: [b"\x00\x06\x00\x00\xc8\x40", *p[1:]], "RecordLengthWrong", "record 1, byte 5 of the file"),
        (lambda p: [b"\x00\x04\x00\x00", *p[1:]], "RecordTypeUnknown", "record 1"),
    ],
)
def test_a_damaged_file_has_one_precise_answer(damage: Damage, reason: str, where: str) -> None:
    orders = layout()
    data = b"".join(damage(parts(written(orders))))
    with pytest.raises(HubError) as caught:
        list(orders.read(io.BytesIO(data)))
    assert (caught.value.reason, caught.value.where.startswith(where)) == (reason, True), caught.value


def test_a_tree_whose_record_has_no_place_is_refused() -> None:
    with pytest.raises(RecordUnplaced, match="no place for the record LINE-RECORD"):
        written(layout(), [line("1")])


def test_a_wrong_total_is_not_written() -> None:
    nodes = [*NODES[:3], PropertySet("FILE-TRAILER", properties={"ORDER-COUNT": "3"})]
    with pytest.raises(HubError, match="the ORDER-COUNT of FILE-TRAILER doesn't agree with the file"):
        written(layout(), nodes)


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("m/orders.cpy", "m/order.cpy", "there is no copybook 'm/order.cpy'"),
        ("code page: cp037", "code page: utf-8", "the code page 'utf-8' doesn't have one byte a character"),
        ("type field: REC-TYPE", "type field: TYPE", "there is no field of FILE-HEADER 'TYPE'"),
        ("  type field: REC-TYPE\n", "", "nothing tells the 4 records apart"),
        ("LINE-RECORD: {{type", "LINES: {{type", "there is no record 'LINES'"),
        ("occurs: 1..", "occurs: many", "'many' is not a number of records"),
        ("count all", "count it all", "'count it all' is not a check"),
        ("sum LINE-RECORD/PRICE", "sum LINE-RECORD/COST", "the record LINE-RECORD has no field COST"),
        ("count ORDER-RECORD", "count ORDERS", "the check of ORDER-COUNT names no record"),
        ("code page: cp037", "redefines: {{X: Y}}", "there is no redefined entry 'X'"),
        ("code page: cp037", "double byte code page: none", "there is no encoding 'none'"),
        ("code page: cp037", "record length: 12", "a record of 12 bytes is too short"),
        ("type: L", "type: O", "the type 'O' is that of two records"),
        ("occurs: 1..", "occurs: 5..2", "5..2 is no range"),
        ("sum LINE-RECORD/PRICE", "sum LINE-RECORD/NOTE", "the record LINE-RECORD has no number NOTE"),
    ],
)
def test_a_faulty_declaration_is_refused_with_its_place(before: str, after: str, what: str) -> None:
    with pytest.raises(DeclarationFault) as caught:
        layout("fixed", text=DECLARATION.replace(before, after))
    assert caught.value.what == what
    assert caught.value.where.startswith("schemas/m/orders.yaml:")


def test_a_layout_has_records_and_a_copybook_has_each_once() -> None:
    without = DECLARATION.partition("records:")[0] + "records: {{}}\n"
    with pytest.raises(DeclarationFault, match="there is no record"):
        layout(text=without)
    with pytest.raises(CopybookFaulty, match="two records are called FILE-HEADER") as caught:
        layout(copybook=COPYBOOK + COPYBOOK)
    assert caught.value.where == "m/orders.cpy:17"


@pytest.mark.parametrize("field", ["PRICE", "PRICE bytes", "NOTE bytes"])
def test_a_value_that_is_none_is_refused_where_it_is_summed_and_kept(field: str) -> None:
    nodes = [NODES[0], PropertySet("ORDER-RECORD", children=[line("1")]), NODES[3]]
    nodes[1].children[0].properties[field] = "no number"
    with pytest.raises(FieldUnwritable, match="the value 'no number' doesn't fit into the field"):
        written(layout(), nodes)


def test_a_draft_of_a_copybook_can_be_read_as_it_is() -> None:
    text = draft(COPYBOOK, "m/orders.cpy")
    assert "type field: REC-TYPE" in text
    assert 'FILE-TRAILER: {type: "T", occurs: 0..}' in text
    drafted = text.replace("{", "{{").replace("}", "}}")
    assert [each.name for each in layout(text=drafted).every_type()][-1] == "FILE-TRAILER"


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        (lambda data: b"HEAD" + data, "4 bytes stand before the first record"),
        (lambda data: b"".join(part[4:].ljust(19, b"\x40") for part in parts(data)), "record format: fixed"),
        (lambda data: b"\r\n".join(part[4:] for part in parts(data)) + b"\r\n", "line end: crlf"),
    ],
)
def test_a_diagnosis_names_the_likely_cause(changed: Callable[[bytes], bytes], cause: str) -> None:
    orders = layout()
    first, *others = diagnose(orders, changed(written(orders)))
    assert not first.reads_all
    assert cause in others[0].text
    assert others[0].reads_all


def test_the_shape_for_maps_has_records_groups_and_fields() -> None:
    root = layout().definition().root
    assert list(root.children) == ["FILE-HEADER", "ORDER-RECORD", "FILE-TRAILER"]
    assert root.children["ORDER-RECORD"].occurs == {"LINE-RECORD": (1, None)}
    assert root.children["ORDER-RECORD"].children["LINE-RECORD"].fields["PRICE"].type == "number"


DATES = """\
       01  R.
           05 A PIC 9(8).
           05 B PIC 9(6) COMP-3.
           05 C PIC X(10).
           05 D PIC 9(7).
"""
DATED = """\
external object: Dates
layout:
  copybook: m/orders.cpy
  code page: cp037
  dates:
    A: {form: YYYYMMDD, null: "00000000"}
    B: {form: YYMMDD, first year: 1970}
    C: DD.MM.YYYY
    D: YYYYDDD
"""


def test_dates_in_declared_forms_are_iso_dates_in_the_tree() -> None:
    dates = layout(text=DATED.replace("{", "{{").replace("}", "}}"), copybook=DATES)
    fields = {"A": "2026-12-01", "B": "2006-01-31", "C": "1999-12-31", "D": "2028-12-31"}
    nodes = [PropertySet("R", properties=fields), PropertySet("R", properties={**fields, "A": None})]
    data = written(dates, nodes)
    assert data[:8].decode("cp037") == "20261201"
    assert data[8:12] == bytes.fromhex("0060131F")
    assert data[len(data) // 2 :][:8].decode("cp037") == "00000000"
    again = list(dates.read(io.BytesIO(data)))
    assert [node.properties for node in again] == [fields, {name: fields[name] for name in "BCD"}]
    assert written(dates, again) == data
    assert dates.definition().root.children["R"].fields["A"].type == "date"
    wrong = data.replace("20261201".encode("cp037"), "20261301".encode("cp037"))
    with pytest.raises(HubError, match="there is no such day or time: '20261301'"):
        list(dates.read(io.BytesIO(wrong)))
    with pytest.raises(FieldUnwritable, match="expected a date"):
        written(dates, [PropertySet("R", properties={**fields, "C": "soon"})])


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("C: DD.MM.YYYY", "E: DD.MM.YYYY", "there is no field 'E'"),
        ("C: DD.MM.YYYY", "C: DD.MM.YY", "this is no form of dates"),
        ("C: DD.MM.YYYY", "C: DD.MM.YYYY hh:mm", "C can't hold dates of the form DD.MM.YYYY hh:mm"),
        ("D: YYYYDDD", "D: YYYYMMDD", "D can't hold dates of the form YYYYMMDD"),
    ],
)
def test_a_date_that_its_field_can_not_hold_is_refused(before: str, after: str, what: str) -> None:
    text = DATED.replace(before, after).replace("{", "{{").replace("}", "}}")
    with pytest.raises(HubError) as caught:
        layout(text=text, copybook=DATES)
    assert caught.value.what == what


def test_a_table_without_a_largest_number_takes_items_of_any_length() -> None:
    copybook = "       01 R.\n  05 N PIC 9(6).\n  05 T OCCURS 0 TO UNBOUNDED DEPENDING ON N.\n    10 V PIC X(100).\n"
    text = DATED.partition("  dates:")[0] + "  form: free\n  record format: lines\n"
    unbounded = layout(text=text, copybook=copybook)
    node = PropertySet("R", children=[PropertySet("T", properties={"V": f"V{number}"}) for number in range(5_000)])
    data = written(unbounded, [node])
    assert len(data) == 500_007
    [again] = unbounded.read(io.BytesIO(data))
    assert again.children == node.children


CONDITIONS = """\
       01  R.
           05 STATUS PIC X(2).
              88 IS-OPEN VALUE 'O'.
              88 IS-KNOWN VALUES ARE 'AA' THRU 'AC' SPACES ALL '9'.
           05 RATE PIC S9V9 COMP-3.
              88 IS-LOW VALUE -1 THRU 1.5.
           05 REST PIC X.
              88 IS-LAST VALUE 'Z'.
           66 BOTH RENAMES STATUS THRU RATE.
"""
BOUND = "external object: R\nlayout:\n  copybook: m/orders.cpy\n  conditions: {conditions}\n"


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"STATUS": "O", "RATE": "0.5"}, ""),
        ({"STATUS": "AB", "RATE": "-1.0"}, ""),
        ({"RATE": "1.5"}, ""),
        ({"STATUS": "AD", "RATE": "1.0"}, "'AD' is no value of IS-OPEN (O), IS-KNOWN (AA to AC, blanks, 99)"),
        ({"STATUS": "O", "RATE": "1.6"}, "'1.6' is no value of IS-LOW (-1 to 1.5)"),
    ],
)
def test_condition_names_are_a_check_where_the_layout_says_so(values: dict[str, str], why: str) -> None:
    free = layout(text=BOUND.format(conditions="[]"), copybook=CONDITIONS)
    bound = layout(text=BOUND.format(conditions="[STATUS, RATE]"), copybook=CONDITIONS)
    node = PropertySet("R", properties={**values, "REST": "-"})
    data = written(free, [node])
    if not why:
        assert list(bound.read(io.BytesIO(data))) == [node]
        assert written(bound, [node]) == data
        return
    with pytest.raises(HubError) as unreadable:
        list(bound.read(io.BytesIO(data)))
    with pytest.raises(HubError) as unwritable:
        written(bound, [node])
    assert why in unreadable.value.why
    assert why in unwritable.value.why


@pytest.mark.parametrize(
    ("conditions", "copybook", "what"),
    [
        ("[STATE]", CONDITIONS, "there is no field 'STATE'"),
        ("[REST]", CONDITIONS.replace("              88 IS-LAST VALUE 'Z'.\n", ""), "it has no condition names"),
        ("[REST]", CONDITIONS.replace("'Z'", "'ZZ'"), "it can't hold one of the values: at most 1 characters fit"),
    ],
)
def test_conditions_of_a_layout_are_proven(conditions: str, copybook: str, what: str) -> None:
    with pytest.raises(HubError) as caught:
        layout(text=BOUND.format(conditions=conditions), copybook=copybook)
    assert what in str(caught.value)


PLACED = """\
       01  H.
           05 SENDER PIC X(3).
       01  B.
           05 PRICE PIC 9(3).
       01  T.
           05 TOTAL PIC 9(3).
"""
BY_PLACE = """\
external object: Places
layout: {copybook: m/orders.cpy, code page: ascii}
records:
  H: {occurs: 1}
  B: {occurs: 0..}
  T: {occurs: 1, checks: {TOTAL: sum B/PRICE}}
"""


def test_records_without_a_type_are_told_apart_by_their_places() -> None:
    places = layout(text=BY_PLACE.replace("{", "{{").replace("}", "}}"), copybook=PLACED)
    for data, types in ((b"ABC001002003", "HBBT"), (b"ABC000", "HT")):
        nodes = list(places.read(io.BytesIO(data)))
        assert "".join(node.type for node in nodes) == types
        assert written(places, nodes) == data


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"ABC", "the record T is missing"),
        (b"ABC001002", "the TOTAL of T doesn't agree with the file"),
        (b"ABC00X003", "the field B/PRICE can't be read"),
    ],
)
def test_a_file_without_its_last_records_is_refused(data: bytes, what: str) -> None:
    places = layout(text=BY_PLACE.replace("{", "{{").replace("}", "}}"), copybook=PLACED)
    with pytest.raises(HubError) as caught:
        list(places.read(io.BytesIO(data)))
    assert caught.value.what == what
