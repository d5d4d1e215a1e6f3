"""Every function of maps and rules, and that docs/expressions.md describes it."""

from __future__ import annotations

import pathlib
from decimal import Decimal

import pytest

from integration_objects.expression import DateText, ExpressionFault, Value, compile_expression
from integration_objects.property_set import PropertySet
from maps.functions import FUNCTIONS


def value(text: str, item: PropertySet | None = None) -> Value:
    return compile_expression(text, lambda name, column: lambda node: node.get(name), FUNCTIONS).evaluate(item)


CASES = [
    ("upper('aß')", "ASS"),
    ("lower('AB')", "ab"),
    ("trim('  a ')", "a"),
    ("length('abc')", Decimal(3)),
    ("substring('abcdef', 2, 3)", "bcd"),
    ("substring('abcdef', 5)", "ef"),
    ("substring('ab', 9)", ""),
    ("left('abc', 2)", "ab"),
    ("right('abc', 2)", "bc"),
    ("right('abc', 0)", ""),
    ("replace('a-b-c', '-', '+')", "a+b+c"),
    ("concat('a', null, 1.50)", "a1.50"),
    ("pad_left(7, 3, '0')", "007"),
    ("pad_right('a', 3)", "a  "),
    ("part('1-A-7', '-', 3)", "7"),
    ("part('1-A', '-', 3)", None),
    ("number('0001995', 2)", Decimal("19.95")),
    ("number('5.990')", Decimal("5.990")),
    ("number('1.5E3')", Decimal(1500)),
    ("number('-.5e-2')", Decimal("-0.005")),
    ("number('0E99999')", Decimal(0)),
    ("number('1.5E3', 2)", Decimal(15)),
    ("format_number(2.345, 2)", "2.35"),
    ("format_number(2, 2)", "2.00"),
    ("round(-2.5)", Decimal(-3)),
    ("round(2.345, 2)", Decimal("2.35")),
    ("floor(-1.5)", Decimal(-2)),
    ("ceiling(1.2)", Decimal(2)),
    ("abs(-2)", Decimal(2)),
    ("mod(7, 3)", Decimal(1)),
    ("min(3, 1, 2)", Decimal(1)),
    ("max('2026-01-31', '2026-02-01')", "2026-02-01"),
    ("max(1, null)", None),
    ("date('20260131', 'YYYYMMDD')", "2026-01-31"),
    ("date('31.01.2026 12:05', 'DD.MM.YYYY HH:MI')", "2026-01-31T12:05:00"),
    ("date('26031', 'YYDDD')", "2026-01-31"),
    ("date('99365', 'YYDDD')", "1999-12-31"),
    ("date('2026-01-31')", "2026-01-31"),
    ("date('2026-01-31+01:00')", "2026-01-31"),
    ("date(' 2026-01-31T24:00:00Z ')", "2026-02-01T00:00:00Z"),
    ("date('2026-01-31T10:00:00.1234567')", "2026-01-31T10:00:00.123456"),
    ("number('1.5E3')", Decimal(1500)),
    ("number('-2e-2')", Decimal("-0.02")),
    ("format_date('2026-01-31T01:30:00+01:00', 'YYYYMMDDHHMI')", "202601310030"),
    ("format_date('2026-01-31T23:30:00Z', 'YYYYMMDD', 'Europe/Berlin')", "20260201"),
    ("format_date('2026-02-01T00:30:00+01:00', 'YYYY-MM-DD HH:MI', 'Europe/Berlin')", "2026-02-01 00:30"),
    ("format_date('2026-02-01', 'YYYYMMDD HH', 'America/New_York')", "20260201 00"),
    ("date('01.02.2026 00:30', 'DD.MM.YYYY HH:MI', 'Europe/Berlin')", "2026-01-31T23:30:00Z"),
    ("date('25.10.2026 02:30', 'DD.MM.YYYY HH:MI', 'Europe/Berlin')", "2026-10-25T00:30:00Z"),
    ("date('20260201', 'YYYYMMDD', 'Europe/Berlin')", "2026-02-01"),
    ("add_days('2026-01-31', 1)", "2026-02-01"),
    ("add_days('2026-01-31T12:00:00Z', -31)", "2025-12-31T12:00:00Z"),
    ("if(1 = 1, 'a', 1 / 0)", "a"),
    ("if(null, 1 / 0, 'b')", "b"),
    ("coalesce(null, '', 1 / 0)", ""),
    ("null_if('0000', '', '0000')", None),
    ("null_if('1', '')", "1"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_functions(text: str, expected: Value) -> None:
    found = value(text)
    assert found == expected
    assert isinstance(found, Decimal) is isinstance(expected, Decimal)


@pytest.mark.parametrize(
    ("text", "nothing", "is_null"),
    [
        ("0001-01-01", "0001-01-01", True),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31", True),
        ("2026-01-31T00:00:00", "9999-12-31", False),
        ("9999-12-31T00:00:00", "9999-12-3", False),
    ],
)
def test_a_date_that_stands_for_none_or_for_ever_is_null_by_its_day(text: str, nothing: str, is_null: bool) -> None:
    found = FUNCTIONS["null_if"].call(DateText(text), nothing)
    assert found == (None if is_null else text)


def test_children_are_counted_and_added_up_in_both_kinds_of_objects() -> None:
    lines = [PropertySet("LINE", properties={"P": text}) for text in ("1.5", None, "-0.25")]
    for item in (
        PropertySet(children=lines),
        PropertySet(children=[PropertySet("ListOf LINE", children=lines)]),
    ):
        assert value("count('LINE')", item) == 3
        assert value("sum('LINE', 'P')", item) == Decimal("1.25")
        assert value("count('OTHER')", item) == 0


def test_every_function_has_a_case_and_stands_in_the_documentation() -> None:
    page = pathlib.Path(__file__, "../../../docs/expressions.md").resolve().read_text("utf-8")
    tried = {text.split("(")[0] for text, _ in CASES} | {"count", "sum"}
    assert tried == set(FUNCTIONS)
    for name, function in FUNCTIONS.items():
        assert f"| `{name}(" in page
        assert function.help.endswith(".")


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"concat", "count", "sum", "if", "coalesce", "null_if"}))
def test_null_gives_null(name: str) -> None:
    rest = ", 1" * (FUNCTIONS[name].least - 1)
    assert value(f"{name}(null{rest})") is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "number('1e')",
            "function 'number': expected a number (digits with a sign and a point, perhaps an exponent), found '1e'",
        ),
        (
            "format_date('2026-01-31T12:00:00Z', 'YYYYMMDD', 'Europe/Berlim')",
            "function 'format_date': there is no time zone 'Europe/Berlim'",
        ),
        (
            "date('29.03.2026 02:30', 'DD.MM.YYYY HH:MI', 'Europe/Berlin')",
            "function 'date': there is no such time in Europe/Berlin: '29.03.2026 02:30'",
        ),
        ("date('2026031', 'YYYYMMDD')", "function 'date': expected a date as YYYYMMDD, found '2026031'"),
        ("date('20260231', 'YYYYMMDD')", "function 'date': there is no such day or time: '20260231'"),
        ("date('2026366', 'YYYYDDD')", "function 'date': there is no such day or time: '2026366'"),
        (
            "date('18991231', 'YYYYMMDD')",
            "function 'date': expected a year from 1900 to 2199, found '1899-12-31'",
        ),
        (
            "format_date('2026-01-31', concat('yyyy', ''))",
            "function 'format_date': the form 'yyyy' has letters that are no part of a date: 'yyyy'",
        ),
        ("format_date('2026-01-31', 'HH:MM MM')", "function 'format_date': the form 'HH:MM MM' has MM twice"),
        ("date('1', 'YYYYMM')", "function 'date': expected a form such as YYYYMMDD or YYDDD, found 'YYYYMM'"),
        ("substring('a', 0)", "function 'substring': expected a whole number from 1 to 1000000, found 0"),
        (
            "pad_left('a', 2000000)",
            "function 'pad_left': expected a whole number from 0 to 1000000, found 2000000",
        ),
        (
            "replace('a', '', 'b')",
            "function 'replace': there is nothing to replace: the second argument is empty",
        ),
        ("mod(1, 0)", "function 'mod': division by zero"),
        (
            "min('a', 'b')",
            "function 'min': expected two numbers or two dates, found the text 'a' and the text 'a'",
        ),
        ("if(1, 2, 3)", "function 'if': expected TRUE or FALSE, found the number 1"),
        ("round(1, 0.5)", "function 'round': expected a whole number from 0 to 20, found 0.5"),
    ],
)
def test_a_functions_fault_names_it(text: str, why: str) -> None:
    with pytest.raises(ExpressionFault) as caught:
        value(text)
    assert (caught.value.why, caught.value.column) == (why, 1)


def test_no_function_makes_a_giant() -> None:
    item = PropertySet(properties={"A": "a" * 60_000})
    with pytest.raises(ExpressionFault) as caught:
        value("replace([A], 'a', [A])", item)
    assert caught.value.why == "function 'replace': the text has more than 1000000 characters"
