"""Templates: what they see, how each format writes it, and that nothing runs long, grows or reaches out."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.rendering.render import (
    Layout,
    OutputTooLarge,
    RecordWidthWrong,
    RenderingTooSlow,
    Template,
    TemplateFailed,
    TemplateFaulty,
)
from integration_objects.complex_object import message
from integration_objects.definition import Component, Field, IntegrationObject
from integration_objects.property_set import PropertySet
from schemas.check import parse

_LINE = Component(
    "Line Item",
    fields={
        field.name: field
        for field in (
            Field("Integration Id"),
            Field("Name"),
            Field("Price", "number"),
            Field("Action", null_reads_as="-"),
        )
    },
)
_LINE.children["Line Item"] = _LINE
ORDER = IntegrationObject(
    "OM Sample",
    Component("Sample", fields={"Number": Field("Number"), "Due": Field("Due", "date")}, children={"Line Item": _LINE}),
)
FIXED = Layout("fixed width", "iso-8859-1")


def line(name: str | None, price: str | None, *below: PropertySet) -> PropertySet:
    children = [PropertySet("ListOf Line Item", children=list(below))] if below else []
    return PropertySet("Line Item", properties={"Name": name, "Price": price}, children=children)


def sample(*lines: PropertySet, number: str = "N1") -> PropertySet:
    header = PropertySet("Sample", properties={"Number": number, "Due": "2026-01-31"})
    header.children.append(PropertySet("ListOf Line Item", children=list(lines)))
    return message("OM Sample", [header])


TREE = sample(line('Zoë, "x" <&>', "19.95", line("b", "-0.05")), line(None, None))


def render(source: str, layout: Layout = FIXED, tree: PropertySet = TREE, **limits: Any) -> str:
    return Template("t.j2", source, layout, **limits).render(tree, ORDER).decode(layout.encoding)


def test_fixed_width_records_have_columns_counted_in_the_encodings_bytes() -> None:
    source = (
        'H{{ header.Number|left(4) }}{{ header["Due"]|date("YYYYMMDD") }}{{ ""|left(5) }}\n'
        "{% for line in lines %}\n"
        "D{{ line.Name|left(12) }}{{ line.Price|default(0, true)|number(5, 2, signed=true) }}\n"
        "{% endfor %}\n"
        'T{{ lines|length|right(4) }}{{ lines|total("Price")|number(13, 4) }}\n'
    )
    layout = Layout("fixed width", "iso-8859-1", 18, "crlf", ("H", "D", "T"))
    assert render(source, layout) == (
        'HN1  20260131     \r\nDZoë, "x" <&>+1995\r\nDb           -0005\r\nD            +0000\r\nT   30000000199000\r\n'
    )
    assert render(source, Layout("fixed width", "cp500", 18, "none")).count("\r\n") == 0
    with pytest.raises(TemplateFailed) as caught:
        render(source, Layout("fixed width", "utf-8", 18))
    assert str(caught.value) == (
        "template 't.j2' can't be filled\n"
        "  where: t.j2:3\n"
        """  why:   'Zoë, "x" <&>' takes 13 bytes in utf-8, the column has 12\n"""
        "  mend:  mend the value in the message, or the template"
    )


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{{ header.Number|left(1) }}", "'N1' takes 2 bytes in iso-8859-1, the column has 1"),
        ("{{ header.Number }}", "'N1' has no column: write left, right, number or date behind it"),
        ("{{ lines[0].Price|number(3, 2) }}", "'1995' takes 4 bytes in iso-8859-1, the column has 3"),
        ("{{ lines[0].Price|number(9, 1) }}", "19.95 has more than 1 digits after the point"),
        ("{{ lines[1].Price|number(9, 2) }}", "-0.05 is negative, and the column has no sign"),
        (
            "{{ lines[2].Price|number(9, 2) }}",
            "a null is no number; write default(0, true) or blank=true where it may be one",
        ),
        ("{{ header.Number|number(9) }}", "expected a number, found 'N1'"),
        ('{{ "a\\nb"|left(9) }}', "character U+000A can't stand in a record: 'a\\nb'"),
        ('{{ "€"|left(9) }}', "character U+20AC does not exist in iso-8859-1: '€'"),
        ("{{ header.Nothing|left(9) }}", "'dict object' has no attribute 'Nothing'"),
        ('{{ "a"|left(99999999) }}', "expected a width of 1 to 32760, found 99999999"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_never_cut(source: str, why: str) -> None:
    with pytest.raises(TemplateFailed) as caught:
        render(source)
    assert (caught.value.why, caught.value.where) == (why, "t.j2:1")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12), st.integers(1, 20))
def test_a_column_has_its_width_or_is_refused(text: str, width: int) -> None:
    try:
        found = render(f"{{{{ header.Number|left({width}) }}}}", Layout("fixed width"), sample(number=text))
    except TemplateFailed:
        assert len(text.encode()) > width
    else:
        assert len(found.encode()) == width + 1
        assert found.rstrip(" \n") == text.rstrip(" ")


def test_every_records_width_and_type_are_checked() -> None:
    with pytest.raises(RecordWidthWrong) as width:
        render("HA\nHAB\n", Layout("fixed width", "iso-8859-1", 2))
    assert str(width.value) == (
        "template 't.j2' made a record of the wrong width\n"
        "  where: record 2, 'HAB'\n"
        "  why:   expected 2 bytes in iso-8859-1, found 3\n"
        "  mend:  mend the widths of the record's columns in the template"
    )
    with pytest.raises(RecordWidthWrong) as kind:
        render("HA\nXA\n", Layout("fixed width", "iso-8859-1", 2, types=("H", "T")))
    assert kind.value.why == "expected a record that begins with H, T"


def test_json_values_write_themselves_and_decimals_stay_exact() -> None:
    source = (
        '{"number": {{ header.Number }}, "lines": [{% for line in lines %}{"name": {{ line.Name }}, '
        '"price": {{ line.Price }}, "exact": {{ line.Price|json_number }}, "level": {{ line.Level }}}'
        "{% if not loop.last %},{% endif %}{% endfor %}]}"
    )
    assert json.loads(render(source, Layout("json")), parse_float=str) == {
        "number": "N1",
        "lines": [
            {"name": 'Zoë, "x" <&>', "price": "19.95", "exact": "19.95", "level": 1},
            {"name": "b", "price": "-0.05", "exact": "-0.05", "level": 2},
            {"name": None, "price": None, "exact": None, "level": 1},
        ],
    }
    with pytest.raises(TemplateFailed) as caught:
        render("{{ header.Number }} {{ header.Number }}", Layout("json"))
    assert caught.value.why == "the result is no JSON: Extra data: line 1 column 6 (char 5), behind '\"N1\" '"


#: The characters that a value can have, line breaks often among them.
_VALUES = st.text(
    st.sampled_from('\r\n\t"; ') | st.characters(exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\ufffe"),
    max_size=30,
)


@given(_VALUES, st.sampled_from(["lf", "crlf"]))
def test_any_text_reads_back_from_csv_json_and_xml(text: str, end: str) -> None:
    tree = sample(number=text)
    rows = render("{{ header.Number }};x\n{{ header.Number }};y\n", Layout("csv", end=end, separator=";"), tree)
    assert list(csv.reader(io.StringIO(rows, newline=""), delimiter=";")) == [[text, "x"], [text, "y"]]
    assert json.loads(render("{{ header.Number }}", Layout("json", end=end), tree)) == text
    element = parse(
        render('<a b="{{ header.Number }}">\n<c>{{ header.Number }}</c>\n</a>', Layout("xml", end=end), tree).encode()
    )
    assert (element.get("b"), element[0].text or "") == (text, text)


def test_the_end_of_rows_changes_no_value() -> None:
    tree = sample(line("two\nleft", None), number="ring twice\r\nback door")
    source = "{{ header.Number }},{{ lines[0].Name }}\n"
    assert render(source, Layout("csv", end="crlf"), tree) == '"ring twice\r\nback door","two\nleft"\r\n'
    assert render(source, Layout("csv"), tree) == '"ring twice\r\nback door","two\nleft"\n'
    with pytest.raises(TemplateFailed) as caught:
        render(source, Layout("csv"), sample(number="a\0b"))
    assert caught.value.why == "character U+0000 can't stand in text: 'a\\x00b'"


def test_xml_is_escaped() -> None:
    source = '<a b="{{ lines[0].Name }}">{{ lines[0].Name ~ "<" }}</a>'
    escaped = "Zoë, &#34;x&#34; &lt;&amp;&gt;"
    assert render(source, Layout("xml")) == f'<a b="{escaped}">{escaped}&lt;</a>'


def test_what_is_not_carried_reads_as_null_or_as_its_definition_says() -> None:
    source = "{% for line in lines %}{{ line.Price is none }} {{ line.Action }} {% endfor %}"
    assert (
        render(source.replace("line.Price is none", '"Y" if line.Price is none else "N"'), Layout("csv"))
        == "N - N - Y - "
    )


def test_calculation_is_decimal() -> None:
    layout = Layout("csv")
    assert render("{{ lines[0].Price * 3 }} {{ 10 / 4 }} {{ 7 // 2 }} {{ 7 % 4 }}", layout) == "59.85 2.5 3 3"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{% macro a() %}{% endmacro %}", "there is no macro in these templates"),
        ('{% include "x" %}', "there is no include in these templates"),
        ("{% set x %}a{% endset %}", "there is no assignblock in these templates"),
        ("{% for line in lines recursive %}{% endfor %}", "loops can't be recursive"),
        ("{{ [lines, lines] }}", "a list holds constants and names only"),
        ('{{ {"a": 1} }}', "there are no dicts to write in these templates"),
        ("{{ 1.5 }}", "1.5 would be a float; write it as a text, '...', or as a product of whole numbers"),
        ("{{ " + "(" * 50_000, "it is nested too deeply"),
        ("{{ header.Number", "unexpected end of template, expected 'end of print statement'."),
    ],
)
def test_what_the_closed_language_lacks_is_refused_when_it_is_loaded(source: str, why: str) -> None:
    with pytest.raises(TemplateFaulty) as caught:
        Template("t.j2", "\n" + source, FIXED)
    assert caught.value.why == why


@pytest.mark.parametrize(
    "source",
    [
        "{{ header.__class__ }}",
        '{{ header["__class__"] }}',
        "{{ header.items() }}",
        '{{ lines|map(attribute="__class__")|first }}',
        '{{ "{0.__class__}".format(header) }}',
        "{{ lipsum() }}",
        "{{ self.__init__ }}",
        "{{ range.__globals__ }}",
        "{{ namespace.__mro__ }}",
    ],
)
def test_nothing_beyond_the_data_is_reached(source: str) -> None:
    with pytest.raises(TemplateFailed):
        render(source, Layout("csv"))


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% for i in range(99999) %}{{ range(99999)|list|length }}{% endfor %}",
        "{% for i in range(99999) if range(99999)|list|length == 0 %}{% endfor %}",
    ],
)
def test_a_loop_that_writes_nothing_ends_in_time(source: str) -> None:
    """Without the limit the test would not end; where the deadline strikes is chance."""
    with pytest.raises(RenderingTooSlow) as caught:
        render(source, Layout("csv"), seconds=0.1)
    assert caught.value.why == "more than 0.1 s"
    assert caught.value.where in ("t.j2", "t.j2:1")


@pytest.mark.parametrize(
    "source",
    [
        "{{ 9 ** 9 ** 9 }}",
        '{{ "a" * 1000000000 }}',
        '{{ "%1000000000d" % 1 }}',
        '{{ "a".ljust(1000000000) }}',
        "{{ range(1000000000)|list|length }}",
        '{% set n = namespace(x="a") %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}',
        '{% set n = namespace(x="a") %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}',
        '{% set n = namespace(x="a") %}{% for i in range(60) %}{% set n.x = n.x|replace("a", "aa") %}{% endfor %}',
        "{% set n = namespace(x=2) %}{% for i in range(60) %}{% set n.x = n.x * n.x %}{% endfor %}",
        "{% set n = namespace(x=1) %}{% for i in range(60) %}{% set n.x = lines %}{% endfor %}",
        '{{ range(100000)|join("' + "x" * 100 + '") }}',
    ],
)
def test_nothing_grows_without_bound(source: str) -> None:
    """Without the bounds the test would not end, or take all memory."""
    with pytest.raises(TemplateFailed):
        render(source, Layout("csv"))


def test_output_is_taken_up_to_its_limit_and_not_a_byte_more() -> None:
    assert len(render("{{ header.Number }}€", Layout("csv"), most=5).encode()) == 5
    with pytest.raises(OutputTooLarge) as caught:
        render("{{ header.Number }}€.", Layout("csv"), most=5)
    assert caught.value.why == "expected at most 5 bytes"
    with pytest.raises(OutputTooLarge):
        render("{% for i in range(100000) %}" + "x" * 100 + "{% endfor %}", Layout("csv"))
