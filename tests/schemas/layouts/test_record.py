"""One record: tables, views, bytes that are kept, and values that a record has no place for."""

from __future__ import annotations

import pytest

from integration_objects.property_set import PropertySet
from schemas.layouts.copybook.entries import read_copybook
from schemas.layouts.options import Chosen, Options
from schemas.layouts.placing import place
from schemas.layouts.record import (
    CountWrong,
    FieldUnreadable,
    FieldUnwritable,
    NodeUnwritable,
    RecordCodec,
    RecordLengthWrong,
    ViewUndeclared,
)

ORDER = """\
01 R.
 05 NO PIC 9(3).
 05 N PIC 9.
 05 T OCCURS 0 TO 3 TIMES DEPENDING ON N.
  10 K PIC X.
  10 A PIC X(3).
  10 B REDEFINES A PIC S9(5) COMP-3.
 05 D PIC X OCCURS 3.
"""
VIEWS = Options(redefines={"A": Chosen("K", {"N": "B", "T": "A"})})


def codec(text: str = ORDER, options: Options = VIEWS) -> RecordCodec:
    return RecordCodec(place(read_copybook(text, "x.cpy")[0], options, "x.cpy"), options)


def row(key: str, **values: str) -> PropertySet:
    return PropertySet("T", properties={"K": key, **values})


def order(*children: PropertySet, **values: str) -> PropertySet:
    return PropertySet("R", properties={"NO": "7", **values}, children=list(children))


def test_a_count_that_is_left_out_is_filled_in() -> None:
    raw = codec().encode(order(row("N", B="42"), row("T", A="abc"), PropertySet("D", "x")))
    assert raw.hex().upper() == "F0F0F7" + "F2" + "D500042C" + "E3818283" + "A74040"
    tree = codec().decode(raw)
    assert tree == order(row("N", B="42"), row("T", A="abc"), PropertySet("D", "x"), N="2")


@pytest.mark.parametrize("extra", ["N", "D", "S", "B", "T"])
def test_a_tree_that_the_record_has_no_place_for_is_refused(extra: str) -> None:
    trees = {
        "N": (order(row("T"), N="2"), "1 times T"),
        "D": (order(*(PropertySet("D", "x") for _ in range(4))), "4 times D"),
        "S": (order(S="1"), "the field 'S'"),
        "B": (order(row("T", B="1")), "B"),
        "T": (order(PropertySet("Q")), "the group 'Q'"),
    }
    tree, name = trees[extra]
    with pytest.raises(NodeUnwritable, match=name):
        codec().encode(tree)


def test_a_value_that_does_not_fit_names_its_field_and_form() -> None:
    with pytest.raises(FieldUnwritable) as caught:
        codec().encode(order(row("N", B="123456")))
    assert caught.value.where == "R/T/B"
    assert "-99999 to 99999 fits; the field is packed, 5 digits, signed" in caught.value.why


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"A": "abcd", "B": "x"}, "R/A"),
        ({"A": "a", "B": "\u20ac"}, "R/B"),
        ({"A": "a", "C": "x\ny"}, "R/C"),
        ({"A": "a", "N": "\u0661\u0662"}, "R/N"),
        ({"A": "a", "P": "1234.5"}, "R/P"),
    ],
)
def test_a_value_among_many_that_does_not_fit_names_its_field(values: dict[str, str], field: str) -> None:
    text = "01 R.\n 05 A PIC X(3).\n 05 B PIC X(3).\n 05 C PIC XX/X.\n 05 N PIC 99.\n 05 P PIC 9(4) COMP-3."
    fields = codec(text, Options())
    good = PropertySet("R", properties={"A": "a", "B": "b", "C": "xyz", "N": "5", "P": "6"})
    assert fields.decode(fields.encode(good)) == good
    with pytest.raises(FieldUnwritable) as caught:
        fields.encode(PropertySet("R", properties=good.properties | values))
    assert caught.value.where == field


def test_null_may_be_bytes_that_stand_for_no_character() -> None:
    fields = codec("01 R.\n 05 A PIC X.\n 05 N PIC 99.\n 05 B PIC X.", Options(code_page="ascii", high_values="null"))
    node = PropertySet("R", properties={"A": "a", "B": "b"})
    assert fields.encode(node) == b"a\xff\xffb"
    assert fields.decode(b"a\xff\xffb") == node


@pytest.mark.parametrize(
    ("raw", "error", "text"),
    [
        ("F0F0F7F9", CountWrong, "R/T can't have 9 occurrences"),
        ("F0F0F7F1E7404040", ViewUndeclared, "for K 'X'"),
        ("F0F0F7F1D5000423A74040", FieldUnreadable, "the field R/T/B can't be read"),
        ("F0F0F7F0A740", RecordLengthWrong, "R has 6 bytes"),
        ("F0F0F7F0A7404040", RecordLengthWrong, "R has 8 bytes"),
        ("F0", RecordLengthWrong, "R has 1 bytes"),
        ("", RecordLengthWrong, "R has 0 bytes"),
    ],
)
def test_a_record_that_does_not_fit_is_refused_with_its_place(raw: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        codec().decode(bytes.fromhex(raw))


def test_a_short_text_at_the_end_is_no_shorter_text() -> None:
    with pytest.raises(RecordLengthWrong, match="R has 3 bytes"):
        codec("01 R.\n 05 A PIC X(5).").decode(b"\xc1\xc2\xc3")


@pytest.mark.parametrize(
    ("clauses", "raw", "value"),
    [
        ("PIC S9(3) COMP-3", "123F", "123"),
        ("PIC S9(3) COMP-3", "000D", "0"),
        ("PIC 9(3) COMP-3", "123C", "123"),
        ("PIC S9(3)", "F1F2F3", "123"),
        ("PIC 9(3)", "F1F2C3", "123"),
        ("PIC X(3)", "000000", None),
        ("PIC X(3)", "FFFFFF", None),
        ("COMP-1", "40180000", "0.09375"),
        ("COMP-1", "42018000", "1.5"),
    ],
)
def test_bytes_in_another_form_are_kept_until_the_value_changes(clauses: str, raw: str, value: str | None) -> None:
    fields = codec(f"01 R.\n 05 F {clauses}.", Options())
    tree = fields.decode(bytes.fromhex(raw))
    assert tree.get("F") == value
    assert fields.encode(tree).hex().upper() == raw
    tree.properties["F"] = "7"
    changed = fields.encode(tree)
    assert changed.hex().upper() != raw
    assert fields.decode(changed).get("F") == "7"


def test_slack_and_the_rest_of_a_longer_view_are_kept_byte_for_byte() -> None:
    text = "01 R.\n 05 A PIC X.\n 05 N PIC 9(4) COMP SYNC.\n 05 B PIC X(4).\n 05 C REDEFINES B PIC X(2)."
    fields = codec(text, Options(redefines={"B": Chosen("", {"": "C"})}))
    for raw in ("C1FF0001C1C24040", "C1000001C1C2FF00"):
        assert fields.encode(fields.decode(bytes.fromhex(raw))).hex().upper() == raw


def test_a_count_with_a_qualified_name() -> None:
    text = "01 R.\n 05 G.\n  10 N PIC 9.\n 05 H.\n  10 N PIC 9.\n 05 T PIC X OCCURS 0 TO 9 DEPENDING ON N OF G."
    tree = codec(text, Options()).decode(bytes.fromhex("F1F5C1"))
    assert [child.type for child in tree.children] == ["G", "H", "T"]
