"""Copybooks: their columns, entries and clauses, and the places of fields."""

from __future__ import annotations

import pytest

from schemas.layouts.copybook.entries import read_copybook
from schemas.layouts.copybook.source_text import CopybookFaulty, guess_form
from schemas.layouts.options import Options
from schemas.layouts.placing import place

FIXED = """\
000100* A comment, and a debugging line
000200D    DISPLAY 'X'.
000300 01  CUSTOMER.                                                    CUST0001
000400     05  CUST-NO         PIC 9(5).
           EJECT
000500     05  CUST-NAME       PIC X(20) VALUE 'A NAME THAT GOES ON AND ON A
000600-    'ND ENDS HERE'.                                              CUST0002
           05  cust-status     pic x, usage is display.
               88  IS-OPEN     VALUES ARE 'O' THRU 'P', 'R'.
           05  CUST-LO
      -    NG-NAME             PIC X.  *> the name is continued
"""


def names(text: str, form: str | None = None) -> list[str]:
    return [entry.name for record in read_copybook(text, "x.cpy", form) for entry in record.walk()]  # type: ignore[arg-type]


def test_columns_comments_case_and_continuations() -> None:
    assert names(FIXED) == ["CUSTOMER", "CUST-NO", "CUST-NAME", "CUST-STATUS", "CUST-LONG-NAME"]
    [record] = read_copybook(FIXED, "x.cpy")
    [condition] = record.children[2].conditions
    assert (condition.name, condition.values) == ("IS-OPEN", (("O", "P"), "R"))


def test_the_form_is_told_from_the_text() -> None:
    assert guess_form(FIXED) == "fixed"
    assert guess_form("01 A.\n  05 B PIC X.\n") == "free"
    assert names("01 A.\n  05 B PIC X. *> a comment\n*> another\n") == ["A", "B"]


def test_entries_without_a_record_stand_in_one_that_is_named_as_the_file() -> None:
    [record] = read_copybook("05 A PIC X.\n05 B PIC X.", "parts/order-line.cpy")
    assert (record.name, [child.name for child in record.children]) == ("ORDER-LINE", ["A", "B"])


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("01 A.\n 05 B PIC X COLOUR 3.", 2, "'COLOUR' is no clause that a layout knows"),
        ("01 A.\n 05 B PIC X USAGE COMP-9.", 2, "there is no usage COMP-9"),
        ("01 A.\n 05 B PIC 9V9V9.", 2, "the picture '9V9V9' can't be read"),
        ("01 A.\n 05 B PIC X", 2, "the entry doesn't end"),
        ("01 A.\n 05 B PIC X VALUE 'A.", 2, "the literal doesn't end"),
        ("01 A.\n 05 B.", 2, "has neither a picture nor entries beneath it"),
        ("01 A.\n 05 B PIC X.\n  10 C PIC X.", 2, "has a picture and entries beneath it"),
        ("01 A.\n 05 B PIC X(2) COMP-3.", 2, "which is no number"),
        ("01 A.\n 10 B PIC X.\n 05 C PIC X.", 3, "the level 05 of C fits no group"),
        ("01 A.\n 05 B PIC X OCCURS 1 TO 3.", 2, "nothing says how often"),
        ("01 A.\n 05 B PIC X OCCURS 3 TO 1 DEPENDING ON C.", 2, "occurs 3 to 1 times"),
        ("01 A.\n 05 B PIC X OCCURS 0 TO 3 DEPENDING ON C.\n 05 C PIC 9.", 2, "depends on C, which isn't before it"),
        ("01 A.\n 05 B PIC X.\n 05 C REDEFINES X PIC X.", 3, "redefines X, which isn't right before it"),
        ("01 A.\n 05 B PIC X.\n 66 C RENAMES D.", 1, "C renames D, which isn't there"),
        ("01 A.\n 05 B PIC G(2).", 2, "holds double-byte characters"),
        ("COPY OTHER.", 1, "COPY is not followed"),
        ("01 A.\n 05 B PIC X(900000) OCCURS 900000.", 2, "takes 810,000,000,000 bytes"),
        ("01 A.\n 51 B PIC X.", 2, "there is no level 51"),
        ("88 A VALUE 'X'.", 1, "stands before any entry"),
        ("", 0, "the copybook has no entry"),
    ],
)
def test_what_a_layout_does_not_know_is_an_error_with_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(CopybookFaulty) as caught:
        [place(record, Options(), "x.cpy") for record in read_copybook(text, "x.cpy", "free")]
    assert what in caught.value.what
    assert caught.value.where == (f"x.cpy:{line}" if line else "x.cpy")


def test_a_sign_in_column_7_that_has_no_meaning() -> None:
    with pytest.raises(CopybookFaulty, match="the sign 'X' in column 7"):
        read_copybook("      X01  A.", "x.cpy", "fixed")


def test_slack_bytes_stand_before_the_group_that_begins_with_an_aligned_field() -> None:
    text = "01 A.\n 05 B PIC X.\n 05 G.\n  10 N PIC 9(9) COMP SYNC.\n 05 D COMP-2 SYNC.\n 05 E PIC X."
    record = place(read_copybook(text, "x.cpy")[0], Options(), "x.cpy")
    assert {part.name: part.offset for part in record.walk()} == {"A": 0, "B": 0, "G": 4, "N": 4, "D": 8, "E": 16}


def test_an_area_has_the_length_of_its_longest_view() -> None:
    text = "01 A.\n 05 B PIC X(2).\n 05 C REDEFINES B PIC X(5).\n 05 D REDEFINES B PIC X.\n 05 E PIC X."
    record = place(read_copybook(text, "x.cpy")[0], Options(), "x.cpy")
    assert {part.name: part.offset for part in record.walk()} == {"A": 0, "B": 0, "C": 0, "D": 0, "E": 5}
    assert record.length == 6
