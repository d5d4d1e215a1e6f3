"""The expression language, fact by fact, as the page "Expression language" and its settled points state them."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integration_objects.definition import Component, Field
from integration_objects.expression import (
    MAX_LENGTH,
    Constant,
    DateText,
    ExpressionFault,
    FieldName,
    Function,
    Value,
    compile_expression,
    field_reader,
)
from integration_objects.expression.syntax import Chain, Unary, nodes_of
from integration_objects.property_set import PropertySet

LINE_ITEM = Component(
    "Line Item",
    fields={
        field.name: field
        for field in (
            Field("Status"),
            Field("Action Code", null_reads_as="-"),
            Field("Track As Asset", "flag", null_reads_as="Y"),
            Field("Quantity", "number"),
            Field("Due Date", "date"),
            Field("Service Id"),
            Field("Blank"),
        )
    },
)
ITEM = PropertySet(
    "Line Item",
    properties={
        "Status": "In Progress",
        "Quantity": "2",
        "Due Date": "2026-01-31",
        "Service Id": "650",
        "Blank": "",
    },
)
DEFAULT_TRIM = "NOT ((([Status] = 'Complete') OR ([Action Code] = '-')) AND ([Track As Asset] = 'Y'))"


def value(text: str, **properties: str | None) -> Value:
    """The value for the item, with other properties where they are given (``_`` for a blank)."""
    more = {name.replace("_", " "): text for name, text in properties.items()}
    item = PropertySet("Line Item", properties={**ITEM.properties, **more})
    return compile_expression(text, field_reader(LINE_ITEM)).evaluate(item)


def fault(text: str) -> ExpressionFault:
    with pytest.raises(ExpressionFault) as caught:
        value(text)
    assert caught.value.expression == text
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'it''s'", "it's"),
        ('"a ""b"""', 'a "b"'),
        ("''", ""),
        ("12", Decimal(12)),
        ("1.50", Decimal("1.50")),
        (".5", Decimal("0.5")),
        ("true", True),
        ("False", False),
        ("null", None),
        ("[Status]", "In Progress"),
        ("[Quantity]", Decimal(2)),
        ("[Due Date]", DateText("2026-01-31")),
    ],
)
def test_operands(text: str, expected: Value) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[Status] = In Progress", True),
        ("[Status] = In  Progress", True),
        ("Version 2", "Version 2"),
        ("urn:a.b_c", "urn:a.b_c"),
        ("Größe", "Größe"),
        ("ıs", "ıs"),  # a dotless i: its capital is I, and it is no key word
    ],
)
def test_bare_words_are_texts_and_join(text: str, expected: Value) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("12 / 2 / 3", 2),
        ("2 ^ 3 ^ 2", 512),
        ("(2 ^ 3) ^ 2", 64),
        ("-2 ^ 2", -4),
        ("2 ^ -1", "0.5"),
        ("2 ^ -2 * 4", 1),
        ("2 * -3 + 1", -5),
        ("- - 1", 1),
        ("+1", 1),
        ("0.1 + 0.2", "0.3"),
        ("1 / 3", "0.3333333333333333333333333333"),
        ("2 ^ 0.5", "1.414213562373095048801688724"),
        ("[Quantity] * 2", 4),
        ("'1' + 2", 3),
    ],
)
def test_arithmetic_is_decimal_and_binds_as_the_page_says(text: str, expected: int | str) -> None:
    assert value(text) == Decimal(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TRUE OR FALSE AND FALSE", True),
        ("(TRUE OR FALSE) AND FALSE", False),
        ("NOT FALSE AND FALSE", False),
        ("NOT 1 = 2", True),
        ("NOT NOT TRUE", True),
        ("1 + 1 = 2", True),
        ("1 = 1 OR 1 / 0 = 1", True),
        ("1 = 2 AND 1 / 0 = 1", False),
        ("(1 = 1) = TRUE", True),
        ("[Quantity] IS NOT NULL AND [Status] is null", False),
    ],
)
def test_logic_binds_weakest_and_stops_at_the_side_that_decides(text: str, expected: bool) -> None:
    assert value(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[Quantity] = '2.0'", True),
        ("[Quantity] <> 2", False),
        ("[Quantity] != 3", True),
        ("[Service Id] = '650.0'", False),
        ("[Service Id] = 650.0", True),
        ("[Service Id] = abc", False),
        ("'1' = '1.0'", False),
        ("'a' = 'A'", False),
        ("[Due Date] = '2026-01-31T00:00:00Z'", True),
        ("[Due Date] = '2026-01-31T01:00:00+01:00'", True),
        ("'2026-01-31' = '2026-01-31T00:00:00Z'", False),
        ("[Due Date] = soon", False),
        ("TRUE = FALSE", False),
    ],
)
def test_equality_is_of_numbers_of_dates_or_of_text(text: str, expected: bool) -> None:
    assert value(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[Quantity] > 1", True),
        ("2 >= 2", True),
        ("2 < 10", True),
        ("[Due Date] < '2026-02-01'", True),
        ("'2026-01-31' <= '2026-01-31T00:00:00'", True),
    ],
)
def test_order_is_of_two_numbers_or_two_dates(text: str, expected: bool) -> None:
    assert value(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'2' + '3'", "23"),
        ("'a' + 1", "a1"),
        ("[Service Id] + '-' + [Quantity]", "650-2"),
        ("'a' + null", None),
        ("1 + null", None),
        ("null * 2", None),
        ("-null", None),
    ],
)
def test_plus_joins_texts_and_null_makes_null(text: str, expected: Value) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "null = null",
        "null <> 1",
        "1 > null",
        "null < 'a'",
        "null LIKE '*'",
        "[Nothing] = 1 OR FALSE AND TRUE",
    ],
)
def test_a_comparison_with_null_is_false(text: str) -> None:
    assert value(text.replace("[Nothing]", "[Service Id]"), Service_Id=None) is False


def test_the_empty_text_is_not_null() -> None:
    assert value("[Blank] IS NULL") is False
    assert value("[Blank] = ''") is True


def test_null_counts_as_false_within_logic() -> None:
    assert value("NOT null") is True
    assert value("null OR TRUE") is True
    assert value("null AND TRUE") is False


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("abc", "a*", True),
        ("abc", "*c", True),
        ("abc", "a?c", True),
        ("ac", "a?c", False),
        ("a*c", r"a\*c", True),
        ("abc", r"a\*c", False),
        ("a\\c", r"a\\c", True),
        ("a\nb", "a?b", True),
        ("abab", "ab*ab", True),
        ("aba", "ab*ba", False),
        ("ABC", "abc", False),
        ("", "*", True),
        ("a.c", "a.c", True),
        ("abc", "a.c", False),
        ("xayb", "*a*b", True),
    ],
)
def test_like(text: str, pattern: str, expected: bool) -> None:
    assert value(f"'{text}' LIKE '{pattern}'") is expected


def test_no_text_makes_like_slow() -> None:
    """A pattern that backtracked would not come to an end here."""
    item = PropertySet("Line Item", properties={"Status": "a" * 60_000})
    pattern = "*" + "a*" * 400 + "b"
    assert compile_expression(f"[Status] LIKE '{pattern}'", field_reader(LINE_ITEM)).evaluate(item) is False


@pytest.mark.parametrize("status", [None, "Open", "Complete"])
@pytest.mark.parametrize("tracked", [None, "Y", "N"])
def test_the_default_trim_specification_is_two_valued(status: str | None, tracked: str | None) -> None:
    """An item whose status is null was never provisioned, and goes."""
    found = value(DEFAULT_TRIM, Status=status, Track_As_Asset=tracked, Action_Code="Add")
    assert found is not (status == "Complete" and tracked != "N")


@pytest.mark.parametrize("code", [None, "", "--", "-"])
def test_every_spelling_of_no_action_reads_as_a_dash(code: str | None) -> None:
    assert value("[Action Code] = '-'", Action_Code=code) is True


@pytest.mark.parametrize(
    ("text", "column", "why"),
    [
        ("", 1, "the expression is empty"),
        ("  ", 1, "the expression is empty"),
        ("(1", 1, "the bracket '(' is never closed"),
        ("1)", 2, "the bracket ')' was never opened"),
        ("[Status", 1, "the bracket '[' is never closed"),
        ("1 = ]", 5, "the bracket ']' was never opened"),
        ("1 = 'a''b", 5, "the quote ' is never closed"),
        ("1 +", 4, "expected a value, found the end"),
        ("1 + * 2", 5, "expected a value, found '*'"),
        ("1 + NOT TRUE", 5, "expected a value, found 'NOT'"),
        ("'a' 'b'", 5, "expected an operator, found 'b'"),
        ("2 Version", 3, "expected an operator after a number, found 'Version'"),
        ("1 = 1e5", 5, "expected a number (digits with a point), found '1e5'"),
        ("1 = 1 = 1", 7, "comparisons don't chain, found '=' after a comparison"),
        ("1 IS 2", 6, "expected NULL or NOT NULL after IS, found '2'"),
        ("a # b", 3, "expected a value or an operator, found '#'"),
        ("[Statu] = 1", 1, "component 'Line Item' has no field 'Statu'"),
        ("1 + nothing(2)", 5, "there is no function 'nothing'"),
        ("1, 2", 2, "expected an operator, found ','"),
    ],
)
def test_what_is_not_understood_is_named_with_its_column(text: str, column: int, why: str) -> None:
    found = fault(text)
    assert (found.column, found.why) == (column, why)
    assert found.what == f"expression {text!r} is not understood"


@pytest.mark.parametrize(
    ("text", "column", "why"),
    [
        ("1 / 0", 3, "division by zero"),
        ("0 ^ -1", 3, "division by zero"),
        ("(0 - 2) ^ 0.5", 9, "the operation has no result for -2 and 0.5"),
        ("'a' < 'b'", 5, "expected two numbers or two dates, found the text 'a' and the text 'b'"),
        ("'1' < 2", 5, "expected two numbers or two dates, found the text '1' and the number 2"),
        ("'1' * 2", 5, "expected two numbers, found the text '1' and the number 2"),
        ("- '1'", 1, "expected a number, found the text '1'"),
        ("TRUE AND 'a'", 6, "expected TRUE or FALSE, found the text 'a'"),
        ("TRUE AND TRUE AND 1", 15, "expected TRUE or FALSE, found the number 1"),
        ("NOT 1", 1, "expected TRUE or FALSE, found the number 1"),
        ("9 ^ 9 ^ 9", 3, "the result has more than 100 digits"),
        ("10 ^ 999999", 4, "the result has more than 100 digits"),
        ("0.1 ^ 999999", 5, "the result is nearer to zero than 99 digits can say"),
    ],
)
def test_what_cant_be_evaluated_is_named_with_its_operators_column(text: str, column: int, why: str) -> None:
    found = fault(text)
    assert (found.column, found.why) == (column, why)
    assert found.what == f"expression {text!r} can't be evaluated"


def test_a_fault_reads_as_every_error_of_the_hub() -> None:
    assert str(fault("[Statu] = 1")) == (
        "expression '[Statu] = 1' is not understood\n"
        "  where: column 1\n"
        "  why:   component 'Line Item' has no field 'Statu'\n"
        "  mend:  did you mean 'Status'?"
    )


def test_a_number_field_that_holds_none_is_a_fault_of_its_column() -> None:
    with pytest.raises(ExpressionFault) as caught:
        value("1 + [Quantity]", Quantity="x")
    assert (caught.value.column, caught.value.expression) == (5, "1 + [Quantity]")
    assert caught.value.why == "expected a number in field 'Quantity', found 'x'"


@pytest.mark.parametrize(("text", "found"), [("null", "null"), ("1", "the number 1"), ("'TRUE'", "the text 'TRUE'")])
def test_a_specification_gives_a_truth_value(text: str, found: str) -> None:
    with pytest.raises(ExpressionFault) as caught:
        compile_expression(text, field_reader(LINE_ITEM)).truth(ITEM)
    assert caught.value.why == f"expected TRUE or FALSE, found {found}"


def test_a_condition_counts_null_as_false() -> None:
    assert compile_expression("null", field_reader(LINE_ITEM)).is_true(ITEM) is False


@pytest.mark.parametrize(("before", "after", "inner"), [("(", ")", "1"), ("NOT ", "", "TRUE"), ("-", "", "1")])
def test_a_hundred_within_each_other_are_read_and_one_more_is_not(before: str, after: str, inner: str) -> None:
    value(before * 100 + inner + after * 100)
    found = fault(before * 101 + inner + after * 101)
    assert found.why == "expected at most 100 brackets, signs and NOTs within each other"
    assert found.column == len(before) * 100 + 1


def test_the_deepest_expression_of_all_levels_needs_no_recursion() -> None:
    text = "1"
    for _ in range(100):
        text = f"1 + 1 * 1 ^ ({text})"
    assert value(text) == 2


def test_ten_thousand_characters_are_read_and_one_more_is_not() -> None:
    assert value("1" + "+1" * 4999 + " ") == 5000
    assert value("1" + "^1" * 4999) == 1
    found = fault("1" + "+1" * 5000)
    assert (found.why, found.column) == ("expected at most 10000 characters, found 10001", MAX_LENGTH + 1)


@pytest.mark.parametrize("text", ["9^9^9^9", "1.0000001^(10^20)", "1.5^(0.1^90)", "0.9999999^(10^25)", "2^(10^27)"])
def test_no_power_takes_long(text: str) -> None:
    with contextlib.suppress(ExpressionFault):
        value(text)


def test_what_a_check_warns_of_is_kept() -> None:
    expression = compile_expression("[Status] = In Progress OR NULL = 1", field_reader(LINE_ITEM))
    assert expression.bare_words == [("In Progress", 12)]
    assert expression.null_comparisons == [32]
    assert expression.fields == [("Status", 1)]


def test_the_tree_shows_a_field_or_a_constant_that_stands_alone() -> None:
    tree = compile_expression("([Status])", field_reader(LINE_ITEM)).tree
    assert isinstance(tree, FieldName)
    assert tree.name == "Status"
    tree = compile_expression("-2", field_reader(LINE_ITEM)).tree
    assert isinstance(tree, Constant)
    assert tree.value == Decimal(-2)
    assert isinstance(compile_expression("- -2", field_reader(LINE_ITEM)).tree, Unary)


def test_the_tree_has_the_operators_of_one_level_in_one_node_and_its_nodes_in_the_order_of_the_text() -> None:
    tree = compile_expression("1 + 2 - (3 + 4) * [Quantity] ^ 5 ^ 6", field_reader(LINE_ITEM)).tree
    assert [" ".join(sign for sign, _ in node.signs) for node in nodes_of(tree) if isinstance(node, Chain)] == [
        "+",
        "^ ^",
        "*",
        "+ -",
    ]
    assert [node.value for node in nodes_of(tree) if isinstance(node, Constant)] == [1, 2, 3, 4, 5, 6]


def test_functions_are_handed_in_and_their_arguments_counted() -> None:
    functions = {"double": Function("double", lambda text: text * 2, 1, 1, help="Write it twice.")}
    read = field_reader(LINE_ITEM)
    expression = compile_expression("Double('a') + double([Blank] + 'b')", read, functions)
    assert expression.evaluate(ITEM) == "aabb"
    assert [(call.name, call.column, call.constants) for call in expression.calls] == [
        ("double", 1, {0: "a"}),
        ("double", 15, {}),
    ]
    with pytest.raises(ExpressionFault) as caught:
        compile_expression("double()", read, functions)
    assert str(caught.value) == (
        "expression 'double()' is not understood\n"
        "  where: column 1\n"
        "  why:   function 'double' takes 1 argument, found 0\n"
        "  mend:  Write it twice."
    )


def test_a_path_in_brackets_may_have_numbers_in_brackets() -> None:
    expression = compile_expression("[A[2]/B@C] = 1", lambda name, column: lambda item: name)
    assert expression.fields == [("A[2]/B@C", 1)]


PIECES = st.one_of(
    st.sampled_from(["(", ")", "[Status]", "[Quantity]", "[Due Date]", "[", "]", "'", '"', "'a'", "\\", "\0", "é"]),
    st.sampled_from(["1", ".5", "9", "1e9", "2026-01-31", "In", "Progress", "^", "^", "*", "/", "+", "-", ","]),
    st.sampled_from(["=", "<>", "!=", "<", ">=", "LIKE", "AND", "OR", "NOT", "IS", "NULL", "TRUE"]),
)


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map(" ".join)))
@example("\ud800")
@example("[" * 200)
def test_any_text_compiles_and_evaluates_or_is_an_expression_fault(text: str) -> None:
    try:
        compile_expression(text, field_reader(LINE_ITEM)).evaluate(ITEM)
    except ExpressionFault as raised:
        found: ExpressionFault | None = raised
    else:
        found = None
    assert found is None or (found.why and 1 <= found.column <= len(text) + 1)


@pytest.mark.parametrize("digits", ["1", "12345678901234567890"])
def test_a_sign_before_a_number_nearer_to_zero_than_arithmetic_reaches_changes_the_sign_only(digits: str) -> None:
    number = "0." + "0" * 120 + digits
    assert value(f"-{number}") == -Decimal(number)
    assert value("-[Quantity]", Quantity=number) == -Decimal(number)
    assert value("-0") == 0
