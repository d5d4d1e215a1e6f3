"""Templates are proven before a message: their fields, and their results for generated objects."""

from __future__ import annotations

import pytest

from adapters.rendering.generated_object import generated
from adapters.rendering.render import Layout, Template
from adapters.rendering.template_proof import template_faults
from integration_objects.definition import Component, Field, IntegrationObject
from schemas.check import parse
from tests.adapters.rendering.test_render import ORDER


def faults(source: str, layout: Layout | None = None) -> list[tuple[str, str, str, bool]]:
    layout = layout or Layout("csv")
    check = parse if layout.format == "xml" else None
    found = template_faults(Template("t.j2", source, layout), ORDER, check)
    return [(fault.where, fault.text, fault.mend, fault.is_error) for fault in found]


@pytest.mark.parametrize(
    ("source", "line", "text", "mend"),
    [
        ('\n{{ header["Nmber"] }}', 2, "'Sample' has no field 'Nmber'", "did you mean 'Number'?"),
        ("{{ header.Nmber }}", 1, "'Sample' has no field 'Nmber'", "did you mean 'Number'?"),
        ("{{ header.__class__ }}", 1, "'Sample' has no field '__class__'", "it has 'Number', 'Due', 'Line Item'"),
        ('{{ hedaer["Number"] }}', 1, "there is no 'hedaer' in a template", "did you mean 'header'?"),
        ('{% for l in lines %}{{ l["Nam"] }}{% endfor %}', 1, "'Line Item' has no field 'Nam'", "did you mean 'Name'?"),
        (
            '{% for i in instances %}{% for l in i["Line Item"]|reverse %}\n{{ l["Line Item"][0]["Pirce"] }}'
            "{% endfor %}{% endfor %}",
            2,
            "'Line Item' has no field 'Pirce'",
            "did you mean 'Price'?",
        ),
        ('{{ (lines|first)["Nam"] }}', 1, "'Line Item' has no field 'Nam'", "did you mean 'Name'?"),
        ('{{ lines|total("Pirce") }}', 1, "'Line Item' has no field 'Pirce'", "did you mean 'Price'?"),
        ('{{ lines|map(attribute="Nam")|join }}', 1, "'Line Item' has no field 'Nam'", "did you mean 'Name'?"),
        ('{{ (lines|selectattr("Nam")|list)|length }}', 1, "'Line Item' has no field 'Nam'", "did you mean 'Name'?"),
        ('{{ lines["Name"] }}', 1, "'Name' is asked of a list of 'Line Item'", "loop over it, or take [0]"),
        (
            '{% set l = lines[0] %}{{ l["Nam"]|default("") }}',
            1,
            "'Line Item' has no field 'Nam'",
            "did you mean 'Name'?",
        ),
        (
            '{% with h = header %}{{ h["Nmber"] }}{% endwith %}',
            1,
            "'Sample' has no field 'Nmber'",
            "did you mean 'Number'?",
        ),
        (
            '{{ ("a" if header["Nmber"] else "b") ~ "c" }}',
            1,
            "'Sample' has no field 'Nmber'",
            "did you mean 'Number'?",
        ),
    ],
)
def test_a_name_that_the_object_lacks_is_found(source: str, line: int, text: str, mend: str) -> None:
    assert faults(source) == [(f"t.j2:{line}", text, mend, True)]


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (
            "{{ header['Due']|date('DD.MM.JJJJ') }}",
            "the form 'DD.MM.JJJJ' has letters that are no part of a date: 'JJJJ'",
        ),
        (
            "{{ header['Due']|date(form='yyyy-mm') }}",
            "the form 'yyyy-mm' has letters that are no part of a date: 'yyyy'",
        ),
    ],
)
def test_a_form_of_dates_with_other_letters_is_found(source: str, fault: str) -> None:
    ((where, text, mend, is_error),) = faults(source)
    assert (where, text, is_error) == ("t.j2:1", fault, True)
    assert "the parts of a form are YYYY, YY, DDD, MM, DD, HH, MI, SS, T before HH, and Z at the end" in mend


@pytest.mark.parametrize(
    "source",
    [
        '{{ name }}{{ header["Number"] }}{% for l in lines %}{{ l.Level }}{{ l["Line Item"]|length }}{% endfor %}',
        "{% for l in lines %}{{ loop.index }}{% endfor %}",
        "{% set n = namespace(x=0) %}{% for l in lines %}{% set n.x = n.x + 1 %}{% endfor %}{{ n.x }}",
        '{% for key, group in lines|groupby("Name") %}{% for l in group %}{{ l.Price }}{% endfor %}{% endfor %}',
        '{% if header["Other"] is defined %}a{% endif %}{% if lines %}{% set a = lines[0] %}{{ a.Name }}{% endif %}',
        "{% for i in range(3) %}{{ i }}{% endfor %}{% for l in lines[1:] %}{{ l.Name }}{% endfor %}",
        "{% for l in lines if l.Price %}{{ (l.Price * 2)|abs }}{% else %}none{% endfor %}",
        '{{ header["Due"]|date("YYYY") }}',
        '{{ header["Due"]|date("YYYY-MM-DDTHH:MI:SSZ") }}{{ header["Due"]|date("YYDDD") }}',
    ],
)
def test_a_good_template_has_no_faults(source: str) -> None:
    assert faults(source) == []


@pytest.mark.parametrize(
    ("source", "layout", "where", "text"),
    [
        (
            '{"a": [{% for l in lines %}{{ l.Name }}{{ "," if not loop.last }}{% endfor %}] "b": 1}',
            Layout("json"),
            "t.j2:1",
            "filled with a generated object, with one instance in each list: a text between {{ }} is written as a JSON "
            "value, in quotes, a comma too; the result is no JSON: Expecting ',' "
            'delimiter: line 1 column 11 (char 10), behind \'{"a": ["1"\'',
        ),
        (
            '{"a": 1{% for l in lines %}, "b": 1{% endfor %}{{ "}" if lines|length > 5 }}',
            Layout("json"),
            "t.j2:1",
            "filled with a generated object, with one instance in each list: a text between {{ }} is written as ",
        ),
        (
            '{"a": [1, {% for l in lines %}2{% if not loop.last %},{% endif %}{% endfor %}]}',
            Layout("json"),
            "t.j2",
            "filled with a generated object, with empty lists: the result is no JSON: ",
        ),
        (
            '[{% for l in header["Line Item"] %}\n{{ l.Name }}{{ "," if not loop.last else " " }}{% endfor %}]',
            Layout("json"),
            "t.j2:2",
            "filled with a generated object, with one instance in each list: a text between {{ }} is written as ",
        ),
        (
            "<a>{{ header.Number }}</b>",
            Layout("xml"),
            "t.j2",
            "filled with a generated object, with one instance in each",
        ),
        ('{{ "A"|left(3) }}\n', Layout("fixed width", width=4), "t.j2", "filled with a generated object, with one"),
    ],
)
def test_a_result_that_is_broken_is_an_error(source: str, layout: Layout, where: str, text: str) -> None:
    ((found_where, found_text, _, is_error),) = faults(source, layout)
    assert (found_where, is_error) == (where, True)
    assert found_text.startswith(text)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ lines[0].Name }}", "filled with a generated object, with empty lists: list object has no element 0"),
        (
            "{{ lines[2].Name }}",
            "filled with a generated object, with one instance in each list: list object has no element 2",
        ),
        (
            '{{ header["Number"]|date("YYYYMMDD") }}',
            "filled with a generated object, with one instance in each list and 'x' in each text: expected a date "
            "(2026-01-31 or 2026-01-31T12:00:00Z), found 'x'",
        ),
    ],
)
def test_a_value_that_a_message_may_have_is_a_warning(source: str, text: str) -> None:
    ((where, found, _, is_error),) = faults(source)
    assert (where, found, is_error) == ("t.j2:1", text, False)


def test_a_text_that_is_no_number_is_a_warning() -> None:
    ((_, text, _, is_error),) = faults('{"a": {{ header["Number"]|json_number }}}', Layout("json"))
    assert (text.endswith("in each text: expected a number, found 'x'"), is_error) == (True, False)
    # The certain fault is told before the doubtful one.
    source = '[{{ header["Number"]|json_number }}{% if header["Line Item"]|length > 1 %};{% endif %}]'
    ((_, text, _, is_error),) = faults(source, Layout("json"))
    assert ("with two instances in each list: the result is no JSON" in text, is_error) == (True, True)


def test_a_generated_object_has_a_value_of_each_type_and_nests_one_deep() -> None:
    text = Field("T", length=3)
    part = Component("Part", {"Code": Field("Code", values=("X", "Y"))}, text="number")
    fields = {"T": text, "N": Field("N", "number"), "D": Field("D", "date"), "F": Field("F", "flag")}
    root = Component("Root", fields, {"Part": part})
    part.children["Part"] = part
    root.occurs["Part"] = (1, None)
    external = IntegrationObject("X", root, external=True)
    full = generated(external, "2026-01-31", 1)
    assert full.properties == {"T": "202", "N": "1", "D": "2026-01-31", "F": "Y"}
    (outer,) = full.children
    assert (outer.properties, outer.value, [child.children for child in outer.children]) == ({"Code": "X"}, "1", [[]])
    assert len(generated(external, "1", 2).children) == 2
    # A component that must be there is there also where lists are empty.
    assert [len(child.children) for child in generated(external, "1", 0).children] == [0]


def test_a_key_that_stands_twice_is_told_unless_it_is_made_from_a_value() -> None:
    [(_, text, _, is_error)] = faults('{"a": 1, "b": {"c": 1, "c": 2}}', Layout("json"))
    assert "an object of the result has the key 'c' twice" in text
    assert not is_error
    by_name = "{ {% for l in lines %}{{ l.Name }}: 1{% if not loop.last %},{% endif %}{% endfor %} }"
    assert faults(by_name, Layout("json")) == []
