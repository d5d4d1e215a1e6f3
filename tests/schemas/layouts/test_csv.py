"""CSV files: cells, columns, headers, formulas, and the one precise answer to each fault."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration_objects.declaration import DeclarationFault, Source
from integration_objects.errors import HubError
from integration_objects.property_set import PropertySet
from schemas.layouts.csv_layout import CsvLayout
from schemas.layouts.declaration import read_layout
from schemas.layouts.diagnosis import diagnose
from schemas.layouts.record import FieldUnwritable, NodeUnwritable

DECLARATION = """\
external object: Orders
layout:
  delimiter: ";"{more}
  decimal point: ","
  thousands: "."
  date form: DD.MM.YYYY
  type column: KIND
records:
  ORDER:
    type: O
    occurs: 0..
    columns: {{KIND: text, NO: {{type: text, length: 6, required: yes}}, DUE: date, FAX: flag}}
    records:
      LINE:
        type: L
        columns: {{KIND: text, ITEM: text, QTY: number, PRICE: {{type: number, decimals: 2}}}}
  END:
    type: T
    occurs: 1
    columns: {{KIND: text, QTY: number}}
    checks: {{QTY: sum LINE/QTY}}
"""
HEADER = "KIND;NO;DUE;FAX;ITEM;QTY;PRICE\r\n"
FILE = HEADER + 'O;A-1;01.12.2026;Y;;;\r\nL;;;;"a;""b""";2;1.049,00\r\nL;;;;Ünit;-1;0,50\r\nT;;;;;1;\r\n'


def layout(more: str = "", text: str = DECLARATION) -> CsvLayout:
    made = read_layout(Source("schemas/m/orders.yaml", text.format(more=more)), {}.__getitem__)
    assert isinstance(made, CsvLayout)
    return made


def columns(declared: str, more: str = "", header: str = "no", end: str = "lf") -> CsvLayout:
    """A layout of one record, without a header."""
    keys = f"{{delimiter: ',', header: {header}, line end: {end}{more}}}"
    text = f"external object: X\nlayout: {keys}\nrecords:\n  R:\n"
    return layout(text=(text + f"    columns: {declared}\n").replace("{", "{{").replace("}", "}}"))


def read(layout: CsvLayout, data: str | bytes) -> list[PropertySet]:
    return list(layout.read(io.BytesIO(data.encode() if isinstance(data, str) else data)))


def written(layout: CsvLayout, nodes: list[PropertySet]) -> bytes:
    return b"".join(layout.write(nodes))


def test_a_file_is_read_as_records_and_written_as_the_same_bytes() -> None:
    order, end = read(layout(), FILE)
    assert order.properties == {"KIND": "O", "NO": "A-1", "DUE": "2026-12-01", "FAX": "Y"}
    assert [line.properties for line in order.children] == [
        {"KIND": "L", "ITEM": 'a;"b"', "QTY": "2", "PRICE": "1049.00"},
        {"KIND": "L", "ITEM": "Ünit", "QTY": "-1", "PRICE": "0.50"},
    ]
    assert end.properties == {"KIND": "T", "QTY": "1"}
    assert [node.origin for node in order.walk()] == [2, 3, 4]
    assert written(layout(), [order, end]).decode() == FILE


def test_types_and_totals_that_are_left_out_are_filled_in() -> None:
    line = PropertySet("LINE", properties={"QTY": "3"})
    nodes = [PropertySet("ORDER", properties={"NO": "1"}, children=[line]), PropertySet("END")]
    assert written(layout(), nodes).decode() == HEADER + "O;1;;;;;\r\nL;;;;;3;\r\nT;;;;;3;\r\n"


def test_the_columns_of_a_header_may_come_in_any_order() -> None:
    [end] = read(layout(), "QTY;KIND;NO;DUE;FAX;ITEM;PRICE\n0;T;;;;;\n")
    assert end.properties == {"KIND": "T", "QTY": "0"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "cp1252", "cp1047"])
@pytest.mark.parametrize("end", ["crlf", "lf", "nel"])
def test_each_encoding_and_line_end_has_its_offsets(encoding: str, end: str) -> None:
    if end == "nel" and encoding == "cp1252":
        pytest.skip("cp1252 has no NEL")
    orders = layout(f"\n  encoding: {encoding}\n  line end: {end}")
    data = written(orders, read(layout(), FILE))
    nodes = read(orders, data)
    assert written(orders, nodes) == data
    for found in orders.topmost(io.BytesIO(data)):
        sign = "O;" if found.node.type == "ORDER" else "T;"
        assert data[found.offset :].decode(orders.dialect.codec).startswith(sign)


def test_a_mark_that_was_sent_is_no_part_of_the_first_column() -> None:
    assert read(layout(), b"\xef\xbb\xbf" + FILE.encode())[0].get("NO") == "A-1"


@pytest.mark.parametrize(
    ("data", "reason", "where", "why"),
    [
        ("", "HeaderWrong", "line 1", "the layout has the columns KIND, NO, DUE, FAX, ITEM, QTY, PRICE"),
        (HEADER.replace("DUE", "DEU"), "HeaderWrong", "line 1, column 9", "the layout has"),
        (HEADER.replace("DUE", "NO"), "HeaderWrong", "line 1, column 9", "the layout has"),
        (HEADER.replace("DUE;", ""), "HeaderWrong", "line 1", "the layout has"),
        (HEADER, "RecordMissing", "the end of the file", "at least 1 must come, and 0 came"),
        (FILE.replace("A-1", 'A-"1'), "CsvFaulty", "line 2, column 5", "a quote stands within a cell that"),
        (FILE.replace('b"""', 'b""'), "CsvFaulty", "line 3, column 6", "the quote that opens here doesn't close"),
        (FILE.replace('b"""', 'b"""x'), "CsvFaulty", "line 3, column 15", "signs stand between the closing quote"),
        (FILE.replace("A-1", "A\r1"), "CsvFaulty", "line 2, column 4", "a line break stands in a cell without quotes"),
        (FILE.replace("A-1", "A;1"), "CellsMiscounted", "line 2, byte 33 of the file", "its columns are 7: KIND, NO"),
        (FILE + "\r\n\r\n", "LineEmpty", "line 6, byte 113 of the file", "one empty line may stand at the end"),
        (FILE.replace("L;", "\r\nL;", 1), "LineEmpty", "line 3, byte 56 of the file", "one empty line may stand at"),
        (FILE.replace("O;A", "X;A"), "RecordTypeUnknown", "line 2, column 1", "the layout knows O, L, T"),
        (FILE.replace("A-1", "A-23456"), "CellUnreadable", "line 2, column 3", "at most 6 characters are allowed"),
        (FILE.replace("A-1", ""), "CellUnreadable", "line 2, column 3", "a value is required; the cell is ''"),
        (FILE.replace("A-1", "A\x01"), "CellUnreadable", "line 2, column 3", "character U+0001 at position 2"),
        (FILE.replace("01.12", "31.11"), "CellUnreadable", "line 2, column 7", "there is no such day or time"),
        (FILE.replace("01.12.2026", "2026-12-01"), "CellUnreadable", "line 2, column 7", "expected a date of the form"),
        (FILE.replace(";Y;", ";y;"), "CellUnreadable", "line 2, column 18", "expected Y or N, found 'y'"),
        (FILE.replace("0,50", "0.50"), "CellUnreadable", "line 4, column 14", "expected a number such as -1.234,50"),
        (FILE.replace("0,50", "5E+3"), "CellUnreadable", "line 4, column 14", "expected a number such as -1.234,50"),
        (FILE.replace("0,50", "0,505"), "CellUnreadable", "line 4, column 14", "at most 2 decimals are allowed"),
        (FILE.replace("Y;;;", "Y;x;;"), "CellUnreadable", "line 2, column 20", "ORDER has no such column"),
        (FILE.replace(";1;", ";2;"), "TotalWrong", "line 5, byte 103 of the file", "it says 2, and the file has 1"),
        (FILE + "T;;;;;1;", "RecordOutOfPlace", "line 6", "it came already"),
        (FILE.replace("O;A", "O;\xc4").encode("latin-1"), "CsvFaulty", "line 2, column 3, byte 35", "the byte C4"),
        (HEADER + 'O;"' + "x\r\n" * 400_000, "CsvFaulty", "line 2, column 3", "the quote that opens here doesn't"),
        (HEADER + "x" * 1_100_000, "CsvFaulty", "line 2, column 1", "it has over 1,048,576 characters"),
    ],
)
def test_a_damaged_file_has_one_precise_answer(data: str | bytes, reason: str, where: str, why: str) -> None:
    with pytest.raises(HubError) as caught:
        read(layout(), data)
    error = caught.value
    assert (error.reason, error.where.startswith(where), error.why.startswith(why)) == (reason, True, True), error


def test_a_fault_is_told_whole() -> None:
    with pytest.raises(HubError) as caught:
        read(layout(), FILE.replace("1.049,00", "1.049.00"))
    assert str(caught.value) == (
        "the field LINE/PRICE can't be read\n"
        "  where: line 3, column 18\n"
        "  why:   expected a number such as -1.234,50, found '1.049.00'; the cell is '1.049.00'\n"
        "  mend:  correct the sender's file, or the layout where the file is right"
    )


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("text", '"x"', "x"),
        ("text", '""', None),
        ("number", "+5", "5"),
        ("number", "-0", "0"),
        ("number", "007", "7"),
        ("number", "5.", "5"),
        ("{type: number, decimals: 2}", "5.9", "5.90"),
        ('{type: number, thousands: "\'"}', "1234567", "1234567"),
        ('{type: number, thousands: "\'"}', "1'234'567.5", "1234567.5"),
        ("{type: date, form: YYMMDD, first year: 1970}", "691231", "2069-12-31"),
        ("{type: date, form: YYYYDDD}", "2028366", "2028-12-31"),
        ("{type: date, form: YYYY-MM-DDThh:mm:ssZ}", "2026-12-01T10:00:59Z", "2026-12-01T10:00:59"),
        ("{type: flag, yes: J, no: N}", "J", "Y"),
        ("{type: text, null: NULL}", "NULL", None),
        ("{type: text, null: NULL}", "", None),
        ("text", "'=1+1", "=1+1"),
        ("text", "''-x", "'-x"),
        ("text", "'x", "'x"),
        ("{type: text, formulas: plain}", "=1+1", "=1+1"),
    ],
)
def test_a_cell_is_written_again_as_it_was(column: str, cell: str, value: str | None) -> None:
    made = columns(f"{{A: {column}, B: text}}")
    [node] = read(made, f"{cell},x\n")
    assert node.get("A") == value
    assert written(made, [node]).decode() == f"{cell},x\n"


@pytest.mark.parametrize(
    ("formulas", "cell", "value", "out"),
    [
        ("restored", "=1+1", "=1+1", "'=1+1"),
        ("restored", '"@x"', "@x", "'@x"),
        ("kept", "'=1+1", "'=1+1", "'=1+1"),
        ("kept", "=1+1", "=1+1", "'=1+1"),
    ],
)
def test_a_formula_is_defused_on_the_way_out(formulas: str, cell: str, value: str, out: str) -> None:
    made = columns("{A: text}", f", formulas: {formulas}")
    [node] = read(made, cell + "\n")
    assert node.get("A") == value
    assert written(made, [node]).decode() == out + "\n"


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("{type: text, length: 2}", "abc", "at most 2 characters are allowed, and it has 3"),
        ("{type: text, values: [a, b]}", "c", "expected one of a, b, found 'c'"),
        ("{type: text, null: NULL}", "NULL", "'NULL' stands for null"),
        ("{type: text, required: yes}", None, "a value is required"),
        ("text", "\ud800", "character U+D800 at position 1 is not allowed in text"),
        ("number", "1e3", "it is no number"),
        ("{type: number, decimals: 2}", "1.005", "at most 2 decimals are allowed"),
        (
            "date",
            "2026-12-01T10:00:00Z",
            "the form YYYY-MM-DD has no place for the time of '2026-12-01T10:00:00Z' (UTC)",
        ),
        ("{type: date, form: YYDDD, first year: 1970}", "2070-01-01", "YY stands for the years 1970 to 2069"),
        ("flag", "J", "it is neither Y nor N"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(column: str, value: str | None, reason: str) -> None:
    with pytest.raises(FieldUnwritable) as caught:
        written(columns(f"{{A: {column}, B: text}}"), [PropertySet("R", properties={"A": value})])
    assert caught.value.why.partition("; the field is")[0] == reason
    assert caught.value.where == "record 1, R/A"


@pytest.mark.parametrize("kept", ["x\ny,z", "x,y", 'x"', "=1+1", "\r", "zz"])
def test_bytes_that_are_kept_never_break_a_line_or_bring_a_formula_back(kept: str) -> None:
    value = kept.replace("\ny,z", "")
    node = PropertySet("R", properties={"A": value, "A bytes": kept.encode().hex(), "B": "b"})
    plain = PropertySet("R", properties={"A": value, "B": "b"})
    made = columns("{A: text, B: text}")
    assert written(made, [node]) == written(made, [plain])


def test_what_has_no_place_is_refused() -> None:
    with pytest.raises(NodeUnwritable, match="the record R has no place for C"):
        written(columns("{A: text}"), [PropertySet("R", properties={"C": "x"})])
    with pytest.raises(FieldUnwritable, match=r"the encoding cp1252 has no 'Ж' \(U\+0416\)"):
        written(columns("{A: text}", ", encoding: cp1252"), [PropertySet("R", properties={"A": "Ж"})])
    with pytest.raises(FieldUnwritable, match="which needs quotes, and the layout has none"):
        written(columns("{A: text}", ", quoting: none"), [PropertySet("R", properties={"A": "a,b"})])


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], include_characters="\n\t'\"=,"), max_size=6
)
ROWS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4)


@pytest.mark.parametrize("more", ["", ", quoting: all", ", formulas: kept", ", encoding: utf-16-le", "nel"])
@given(rows=ROWS)
@settings(max_examples=150, deadline=None)
def test_texts_are_read_as_they_were_written(more: str, rows: list[tuple[str, str]]) -> None:
    made = columns("{A: text, B: text}", end="nel") if more == "nel" else columns("{A: text, B: text}", more)
    nodes = [PropertySet("R", properties={"A": a or None, "B": b or None}) for a, b in rows]
    try:
        data = written(made, nodes)
    except FieldUnwritable as error:
        assert "not allowed in text" in error.why  # noqa: PT017  # U+FFFE and its like
        return
    again = read(made, data)
    if "kept" not in more:
        assert written(made, again) == data
        assert [(each.get("A") or "", each.get("B") or "") for each in again] == rows


@pytest.mark.parametrize("quoting", ["needed", "all"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_a_file_is_read_the_same_in_pieces_of_any_size(
    size: int, quoting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = layout(f"\n  quoting: {quoting}")
    data = written(orders, read(layout(), FILE.replace('"a', '"a\nb\r\n')))
    whole = read(orders, data)
    monkeypatch.setattr("schemas.layouts.csv_cells._CHUNK", size)
    assert read(orders, data) == whole


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ('delimiter: ";"', "delimiter: a", "'a' can't be a delimiter or a quote"),
        ('delimiter: ";"', "delimiter: '\"'", "'\"' is delimiter and quote"),
        ('delimiter: ";"', 'delimiter: ";"\n  encoding: utf-99', "there is no code page 'utf-99'"),
        (
            'delimiter: ";"',
            'delimiter: ";"\n  encoding: cp932',
            "the code page 'cp932' doesn't have one byte a character",
        ),
        ('thousands: "."', 'thousands: ","', "',' can't stand between thousands"),
        ("DD.MM.YYYY", "DD.MM", "this is no form of dates"),
        ("DD.MM.YYYY", "DD.MM.YY", "this is no form of dates"),
        ("DD.MM.YYYY", "DD.MMM.YYYY", "this is no form of dates"),
        ("DUE: date", "DUE: day", "'day' is not allowed here"),
        ("length: 6", "size: 6", "there is no key 'size'"),
        ("length: 6", "length: 0", "0 is out of range"),
        ("{{KIND: text, QTY: number}}", "{{QTY: number}}", "there is no field of END 'KIND'"),
        ("{{KIND: text, QTY: number}}", "{{}}", "the record END has no columns"),
        ("  type column: KIND\n", "", "nothing tells the 3 records apart"),
        ("KIND: text, ITEM", "ITEM: text, KIND", "the column KIND stands at different places"),
        ("sum LINE/QTY", "sum LINE/ITEM", "the record LINE has no number ITEM"),
    ],
)
def test_a_faulty_declaration_is_refused_with_its_place(before: str, after: str, what: str) -> None:
    more = "\n  header: no" if what.startswith("the column") else ""
    with pytest.raises(DeclarationFault) as caught:
        layout(more, DECLARATION.replace(before, after))
    assert caught.value.what == what
    assert caught.value.where.startswith("schemas/m/orders.yaml:")


Change = Callable[[str], str]


@pytest.mark.parametrize(
    ("changed", "encoding", "cause"),
    [
        (lambda text: text.replace(";", "\t"), "utf-8", "tabs stand between the cells"),
        (lambda text: text.replace('"', "'"), "utf-8", "the quote is '"),
        (lambda text: text.replace("1.049,00", "1,049.00").replace("0,50", "0.50"), "utf-8", "the decimal sign is"),
        (str, "cp1252", "the encoding is cp1252"),
        (
            lambda text: text.replace(";", "\t"),
            "utf-16-le",
            "tabs stand between the cells, and the encoding is utf-16-le",
        ),
    ],
)
def test_a_diagnosis_names_the_likely_cause(changed: Change, encoding: str, cause: str) -> None:
    first, *others = diagnose(layout(), changed(FILE).encode(encoding))
    assert not first.reads_all
    assert cause in others[0].text
    assert others[0].reads_all


def test_a_diagnosis_misses_the_header() -> None:
    made = columns("{KIND: text, QTY: number}", header="yes")
    first, *others = diagnose(made, b"T,1\nT,2\n")
    assert (first.records, [other.text for other in others]) == (0, ["the file has no header"])


def test_lines_without_a_type_are_told_apart_by_their_places() -> None:
    text = """\
external object: Places
layout: {delimiter: ";", header: no, line end: lf}
records:
  HEAD: {occurs: 1, columns: {SENDER: text}}
  ORDER: {occurs: 1.., columns: {NUMBER: text, QTY: number}}
  END: {occurs: 1, columns: {COUNT: number}, checks: {COUNT: count ORDER}}
"""
    places = read_layout(Source("schemas/p.yaml", text), {}.__getitem__)
    data = b"ACME\nA;1\nB;2\n2\n"
    nodes = list(places.read(io.BytesIO(data)))
    assert [node.type for node in nodes] == ["HEAD", "ORDER", "ORDER", "END"]
    assert b"".join(places.write(nodes)) == data
