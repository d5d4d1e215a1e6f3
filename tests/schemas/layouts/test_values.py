"""The forms of one field's value: what is read, what is written, and what is refused with its reason."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.layouts.copybook.picture import read_picture
from schemas.layouts.support import EXAMPLES, Example
from schemas.layouts.values.binary import Binary
from schemas.layouts.values.code_pages import CodePageUnknown, code_page
from schemas.layouts.values.edited import EditedNumber
from schemas.layouts.values.floating import Floating
from schemas.layouts.values.form import Form
from schemas.layouts.values.no_number import NoNumber
from schemas.layouts.values.packed import Packed, UnsignedPacked
from schemas.layouts.values.texts import Text
from schemas.layouts.values.zoned import Overpunched, SeparatelySigned, Unsigned

CP037 = code_page("cp037")
LATIN = code_page("latin-1")
REFUSED = NoNumber(CP037.blank)
NULLS = NoNumber(CP037.blank, blanks="null", low_values="zero", high_values="null")

NUMBERS: dict[str, Form] = {
    "zoned": Unsigned(5, 2, CP037, REFUSED),
    "overpunched": Overpunched(5, 2, CP037, REFUSED),
    "overpunched in ASCII": Overpunched(5, 2, LATIN, NoNumber(b" ")),
    "leading sign": Overpunched(5, 2, CP037, REFUSED, leading=True),
    "separate sign": SeparatelySigned(5, 2, CP037, REFUSED),
    "packed": Packed(5, 2, True, REFUSED),
    "packed, even": Packed(4, 0, False, REFUSED),
    "unsigned packed": UnsignedPacked(5, 2, REFUSED),
    "binary": Binary(5, 2, True),
    "native": Binary(4, 0, False, native=True, order="little"),
    "edited": EditedNumber(read_picture("-,--9.99"), CP037),
    "asterisks": EditedNumber(read_picture("*,**9.99CR"), CP037),
}


def written(form: Form, value: str) -> bytes | None:
    """Write a value; None where the form refuses it with a reason."""
    try:
        return form.write(value)
    except ValueError as error:
        if not str(error):
            raise
        return None


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.clause)
def test_each_clause_of_the_support_matrix_is_proven_by_its_example(example: Example) -> None:
    assert example.is_proven()


@pytest.mark.parametrize("name", NUMBERS)
@given(number=st.decimals(-(10**9), 10**9, places=2) | st.integers(-(10**6), 10**6).map(Decimal))
def test_a_number_is_written_whole_or_refused(name: str, number: Decimal) -> None:
    form = NUMBERS[name]
    raw = written(form, format(number, "f"))
    if raw is None:
        return
    assert len(raw) == form.length
    value, plain = form.read(raw)
    assert plain
    assert Decimal(value or "none") == number


@pytest.mark.parametrize("name", NUMBERS)
@given(raw=st.binary(min_size=1, max_size=9))
def test_bytes_are_read_as_what_writes_them_or_refused(name: str, raw: bytes) -> None:
    form = NUMBERS[name]
    raw = raw.ljust(form.length, raw[-1:])[: form.length]
    try:
        value, plain = form.read(raw)
    except ValueError:
        return
    assert (form.write(value) == raw) is plain


@given(text=st.text(max_size=8))
def test_a_text_is_written_whole_or_refused(text: str) -> None:
    form = Text(6, LATIN)
    raw = written(form, text)
    if raw is None:
        return
    if any(ord(sign) < 0xA0 and not sign.isprintable() for sign in text):
        # A field of low or high values is null; a control character beside others is refused.
        with contextlib.suppress(ValueError):
            assert form.read(raw)[0] is None
        return
    assert (form.read(raw)[0] or "") == text.rstrip(" ")


@pytest.mark.parametrize(
    ("form", "raw", "reason"),
    [
        (NUMBERS["zoned"], "F1F2C1F4F5", "the byte C1 is no digit"),
        (NUMBERS["zoned"], "F1F2F3F4D5", "the byte D5 makes it negative, and the field has no sign"),
        (NUMBERS["zoned"], "4040404040", "it holds blanks, and the layout gives no meaning to them"),
        (NUMBERS["zoned"], "0000000000", "it holds low values, and the layout gives no meaning to them"),
        (NUMBERS["overpunched"], "F1F2F3F41D", "the byte 1D is no digit with a sign"),
        (NUMBERS["separate sign"], "F1F2F3F4F5C1", "the byte C1 stands in the sign's place"),
        (NUMBERS["packed"], "12345A"[:5] + "5", "the last half byte, 5, is no sign"),
        (NUMBERS["packed"], "1B345C", "the half byte B in byte 1 is no digit"),
        (NUMBERS["packed, even"], "12345F", "it has 5 digits, and the field has 4"),
        (NUMBERS["packed, even"], "01234D", "the sign D makes it negative"),
        (NUMBERS["unsigned packed"], "12345A", "12345A is no packed number of 5 digits"),
        (NUMBERS["binary"], "7FFFFFFF", "it holds 2147483647, and its picture has 5 digits"),
        (NUMBERS["edited"], CP037.encode(" ,  1.00").hex(), "is no number that the picture"),
        (Text(2, CP037), "C105", "the byte 05 is a control character"),
        (Text(2, code_page("ascii")), "41FE", "has no character for the byte FE"),
        (Floating(4, "ieee"), "7F800000", "an infinity"),
    ],
)
def test_bytes_that_are_no_value_are_refused_with_the_byte(form: Form, raw: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason.replace("(", r"\(")):
        form.read(bytes.fromhex(raw))


@pytest.mark.parametrize(
    ("form", "value", "reason"),
    [
        (NUMBERS["zoned"], "1000", "0 to 999.99 fits"),
        (NUMBERS["packed"], "-1000", "-999.99 to 999.99 fits"),
        (NUMBERS["packed"], "1.234", "at most 2 digits fit behind the point"),
        (NUMBERS["zoned"], "-1", "the field has no sign"),
        (NUMBERS["packed"], "1e3", "it is no number"),
        (NUMBERS["packed"], "", "it is no number"),
        (NUMBERS["native"], "65536", "it doesn't fit into 2 bytes"),
        (Unsigned(2, -3, CP037, REFUSED), "12500", "only multiples of 1000 fit"),
        (NUMBERS["zoned"], None, "the layout says of none of blanks, low values, high values: null"),
        (NUMBERS["binary"], None, "has no bytes for null"),
        (Text(3, CP037), "four", "at most 3 characters fit, and it has 4"),
        (Text(3, CP037), "\u20ac", "the code page cp037 has no '\u20ac'"),
        (Floating(4), "1.23456789", "the field can't tell it from"),
        (Floating(4), "1" + "0" * 80, "too large or too small"),
    ],
)
def test_values_that_do_not_fit_are_refused_with_what_fits(form: Form, value: str | None, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        form.write(value)


def test_blanks_low_values_and_high_values_are_three_facts() -> None:
    form = Unsigned(3, 0, CP037, NULLS)
    # Only the first of the three that means null is written for null.
    assert form.read(bytes.fromhex("404040")) == (None, True)
    assert form.read(bytes.fromhex("000000")) == ("0", False)
    assert form.read(bytes.fromhex("FFFFFF")) == (None, False)
    assert form.write(None).hex() == "404040"


@pytest.mark.parametrize("kind", ["ibm", "ieee"])
@pytest.mark.parametrize("length", [4, 8])
@given(number=st.decimals("-1e20", "1e20", allow_nan=False, allow_infinity=False, places=3))
def test_a_floating_number_is_the_shortest_decimal_of_its_bytes(kind: str, length: int, number: Decimal) -> None:
    form = Floating(length, kind)  # type: ignore[arg-type]
    raw = written(form, format(number, "f"))
    if raw is None:
        return
    value, plain = form.read(raw)
    assert plain
    assert Decimal(value or "none") == number


@pytest.mark.parametrize(
    ("picture", "value", "printed"),
    [
        ("ZZ,ZZ9.99-", "-1234.5", " 1,234.50-"),
        ("$$$,$$9.99", "12345", "$12,345.00"),
        ("+++9", "-5", "  -5"),
        ("*(4).**", "0", "****.**"),
        ("ZZZ.ZZ", "0.05", "   .05"),
        ("ZZZ.ZZ", "0", "      "),
        ("-Z,ZZZ.99", "-0.5", "-     .50"),
        ("--,---.99", "-0.56", "     -.56"),
        ("$ZZ9.99", "3.5", "$  3.50"),
        ("99/99/9999", "12312026", "12/31/2026"),
        ("$$$9.99DB", "-1", "  $1.00DB"),
        ("ZZ9V99", "1.5", "  150"),
    ],
)
def test_numbers_are_printed_as_cobol_prints_them(picture: str, value: str, printed: str) -> None:
    form = EditedNumber(read_picture(picture), LATIN)
    assert form.write(value).decode("latin-1") == printed
    assert Decimal(form.read(printed.encode("latin-1"))[0] or "none") == Decimal(value)


@pytest.mark.parametrize("name", ["utf-8", "utf-16", "cp932", "rot13", "nonsense", "cp500ms"])
def test_a_code_page_has_one_byte_a_character_and_digits(name: str) -> None:
    with pytest.raises(CodePageUnknown):
        code_page(name)


@pytest.mark.parametrize("name", ["cp037", "cp273", "cp500", "cp1047", "cp1140", "cp875", "latin-1", "cp1252"])
def test_each_byte_of_a_code_page_is_written_as_it_was_read(name: str) -> None:
    page = code_page(name)
    for byte in range(256):
        sign = page.decode(bytes([byte]))
        if sign != "\ufffd":
            assert page.encode(sign) == bytes([byte])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("9V9V9", "one V"),
        ("P9P", "Ps at one end"),
        ("X(0)", "repeats a symbol 0 times"),
        ("ZZ..9", "two decimal points"),
        ("9(32)", "at most 31"),
        ("X(99999999)", "1,000,000 characters"),
        ("QQ", "is no symbol"),
        ("", "is empty"),
    ],
)
def test_a_picture_that_means_nothing_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_picture(text)
