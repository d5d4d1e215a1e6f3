import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_objects.declaration import DeclarationFault, Source, in_folder, read, shipped
from integration_objects.nearest import nearest


def fault_of(text: str) -> str:
    with pytest.raises(DeclarationFault) as caught:
        read(Source("maps/x.yaml", text))
    return str(caught.value)


def test_a_scalar_is_text_until_it_is_asked_for_something_else():
    parts = read(Source("x.yaml", "a: NO\nb: on\nc: 1.0\nd: 007\ne: 2026-01-31\nf: ' x '")).mapping()
    assert {key: node.text() for key, node in parts.items()} == {
        "a": "NO",
        "b": "on",
        "c": "1.0",
        "d": "007",
        "e": "2026-01-31",
        "f": " x ",
    }
    assert parts["a"].flag() is False
    assert parts["d"].whole() == 7


def test_every_node_knows_its_place():
    node = read(Source("maps/x.yaml", "map: A\nfields:\n  Quantity: {value: '1', default: 2}\n"))
    ((_, fields),) = node.items()[1:]
    ((key, value),) = fields.items()
    assert (node.where, key.where, value.where) == ("maps/x.yaml:1:1", "maps/x.yaml:3:3", "maps/x.yaml:3:13")
    assert value.mapping()["default"].where == "maps/x.yaml:3:35"


def test_an_unknown_key_names_the_nearest_known_one():
    node = read(Source("maps/x.yaml", "map: A\nfeilds: {}\n"))
    with pytest.raises(DeclarationFault) as caught:
        node.mapping(required=["map"], optional=["fields", "children"])
    assert str(caught.value) == (
        "there is no key 'feilds'\n"
        "  where: maps/x.yaml:2:1\n"
        "  why:   known are children, fields, map\n"
        "  mend:  did you mean 'fields'?"
    )


def test_a_missing_key_is_named():
    with pytest.raises(DeclarationFault) as caught:
        read(Source("maps/x.yaml", "a: 1")).mapping(required=["map"])
    assert str(caught.value) == ("the key 'map' is missing\n  where: maps/x.yaml:1:1\n  mend:  add 'map: ...'")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: 1\na: 2",
            "the key 'a' is declared twice\n  where: maps/x.yaml:2:1\n  why:   first at maps/x.yaml:1:1\n"
            "  mend:  give one of the two another name, or take it away",
        ),
        (
            "a: &x 1",
            "'&x' is an anchor\n  where: maps/x.yaml:1:4\n  why:   declarations have none\n"
            "  mend:  write the value out",
        ),
        (
            "a: *x",
            "'*x' is an alias\n  where: maps/x.yaml:1:4\n  why:   declarations have none\n  mend:  write the value out",
        ),
        (
            "a: !!str 1",
            "'tag:yaml.org,2002:str' is a tag\n  where: maps/x.yaml:1:4\n"
            "  why:   declarations have none\n  mend:  quote the text, or drop the tag",
        ),
        ("", "the declaration is empty\n  where: maps/x.yaml:1:1\n  mend:  write it, or delete the file"),
        (
            "a: 1\n---\nb: 2",
            "a second document starts here\n  where: maps/x.yaml:2:1\n"
            "  why:   a declaration file holds one document\n  mend:  make it a file of its own",
        ),
        (
            "? [a]\n: 1",
            "a sequence can't be a key\n  where: maps/x.yaml:1:3\n  mend:  quote it, if it is meant as text",
        ),
        (
            "[" * 65 + "]" * 65,
            "values are nested too deep\n  where: maps/x.yaml:1:65\n  why:   at most 64 levels are read\n"
            "  mend:  take levels away",
        ),
    ],
)
def test_what_a_declaration_may_not_hold_is_refused_at_its_place(text: str, message: str):
    assert fault_of(text) == message


def test_what_is_not_yaml_is_refused_with_the_place():
    assert fault_of("a: [1\nb: 2").startswith("this is not YAML\n  where: maps/x.yaml:2:")


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (lambda node: node.flag(), "'x' is not a truth value"),
        (lambda node: node.whole(), "'x' is not a whole number"),
        (lambda node: node.choice("text", "number"), "'x' is not allowed here"),
        (lambda node: node.sequence(), "expected a sequence"),
        (lambda node: node.mapping(), "expected a mapping"),
    ],
)
def test_a_value_that_is_not_what_is_asked_for_is_a_fault(ask, what: str):
    with pytest.raises(DeclarationFault) as caught:
        ask(read(Source("x.yaml", "a: x")).mapping()["a"])
    assert (caught.value.what, caught.value.where) == (what, "x.yaml:1:4")


def test_a_bare_null_is_null_and_a_quoted_one_is_text():
    parts = read(Source("x.yaml", "a:\nb: ~\nc: null\nd: 'null'\ne: ''")).mapping()
    assert [parts[key].is_null() for key in "abcde"] == [True, True, True, False, False]
    assert parts["e"].text() == ""
    with pytest.raises(DeclarationFault, match="a value is missing"):
        parts["a"].text()


def test_shipped_declarations_are_named_as_their_paths():
    names = [source.name for source in shipped("integration_objects", "om_*.yaml")]
    assert "integration_objects/om_order.yaml" in names
    assert names == sorted(names)
    assert shipped("integration_objects", folder="absent") == []


def test_a_deployments_declarations_are_read_from_its_folder(tmp_path):
    (tmp_path / "b.yaml").write_text("b: 1", encoding="utf-8")
    (tmp_path / "a.yaml").write_text("\ufeffa: ü", encoding="utf-8")
    (tmp_path / "c.txt").write_text("c", encoding="utf-8")
    assert [(source.name, source.text) for source in in_folder(tmp_path)] == [
        (str(tmp_path / "a.yaml"), "a: ü"),
        (str(tmp_path / "b.yaml"), "b: 1"),
    ]
    assert in_folder(tmp_path / "absent") == []
    (tmp_path / "d.yaml").write_bytes(b"a: 1\nb: \xff")
    with pytest.raises(DeclarationFault) as caught:
        in_folder(tmp_path)
    assert (caught.value.what, caught.value.where) == (
        "the declaration is not UTF-8",
        f"{tmp_path / 'd.yaml'}:2:1",
    )


def test_the_nearest_name_is_found_whatever_its_blanks_and_case():
    assert nearest("ProductID", ["Product Id", "Product Name"]) == "did you mean 'Product Id'?"
    assert nearest("zzz", ["Product Id"]) == ""


@given(st.text(max_size=200))
def test_whatever_the_text_it_is_read_or_refused_as_a_declaration(text: str):
    with contextlib.suppress(DeclarationFault):
        read(Source("x.yaml", text))
