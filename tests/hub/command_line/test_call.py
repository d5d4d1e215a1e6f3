"""`orderhub call`: every method on the hub's own XML, its results in three formats, its errors whole."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from hub.command_line import app as cli
from hub.command_line.call import EVALUATE, arguments_of
from hub.deployment.definitions import load_definitions
from hub.presentation.tree_json import tree_json
from hub.services import SERVICES
from integration_objects.complex_object import all_items, message
from integration_objects.definition import shipped_definitions
from integration_objects.property_set import PropertySet
from schemas.hub_xml import hub_from_xml, hub_to_xml
from tests.trees import asset, attribute, instance, item, order, outline, quote, together

ROOT = pathlib.Path(__file__).parents[3]
DEFINITIONS = shipped_definitions()
#: The table of docs/design/methods.md, "Reached from outside".
TABLE = {
    "apply": "asset? orders",
    "delta": "old? new? output? split?",
    "trim": "object specification? keep?",
    "logical-delete": "object children?",
    "explode": "object root? limit?",
    "fully-exploded": "object",
    "field-delta": "before after",
    "set-effectivity-dates": "object completed?",
    "set-action": "object action",
    "set-field": "object field value?",
    "merge": "target source",
    "update-order-status": "object complete?",
    "create-empty": "name?",
    "module-licensed": "module",
    "set-product-instance": "instance",
    "evaluate": "expression item?",
}


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def tree(self) -> PropertySet:
        assert (self.code, self.err) == (0, "")
        return hub_from_xml(self.out.encode(), DEFINITIONS)


class Calls:
    """A folder with files, and the command in it, within this process."""

    def __init__(self, folder: pathlib.Path, run: Callable[..., Ran]) -> None:
        self.folder = folder
        self.run = run

    def __call__(self, *arguments: str) -> Ran:
        return self.run("call", *arguments)

    def file(self, name: str, content: PropertySet | str) -> str:
        """Write a file; returns ``@name``."""
        body = content.encode() if isinstance(content, str) else hub_to_xml(content, DEFINITIONS)
        (self.folder / name).write_bytes(body)
        return f"@{name}"

    def json(self, *arguments: str) -> dict[str, object]:
        ran = self(*arguments, "--format", "json")
        assert (ran.code, ran.err) == (0, "")
        found = json.loads(ran.out)
        assert isinstance(found, dict)
        return found

    def refused(self, *arguments: str) -> str:
        """Return the words of the refusal, without its last line, which gives the stable reason."""
        ran = self(*arguments)
        assert (ran.code, ran.out) == (2, "")
        *words, reason = ran.err.splitlines(keepends=True)
        assert re.fullmatch(r"  reason: [A-Z][A-Za-z]+\n", reason)
        return "".join(words)


@pytest.fixture
def call(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Calls:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["orderhub", *arguments])
        code = 0
        try:
            cli.run(list(arguments))
        except SystemExit as end:
            code = int(end.code or 0)
        return Ran(code, *capsys.readouterr())

    return Calls(tmp_path, run)


# The table.


def test_the_arguments_of_every_method_are_those_of_the_specification():
    commands = {service.command: service for service in SERVICES.values()}
    assert {*commands, EVALUATE} == TABLE.keys()
    for method, text in TABLE.items():
        found = arguments_of(method, commands.get(method))
        names = [name + ("" if one.required else "?") for name, one in found.items()]
        assert [name for name in names if not name.startswith("compared")] == text.split(), method


def test_the_documentation_has_every_method_with_its_command_and_arguments():
    """A row of the table for each method, and a section with an example."""
    text = (ROOT / "docs" / "business_service_methods.md").read_text(encoding="utf-8")
    rows = {cells[1].strip("` "): cells[2] for line in text.splitlines() if (cells := line.split("|")[1:])[3:]}
    for service in SERVICES.values():
        assert f"### {service.name}\n" in text
        for name in arguments_of(service.command, service):
            assert f"`{name}`" in rows[service.command], service.name


# Results.


def test_apply_prints_the_asset_and_what_was_ignored_on_standard_error(call):
    before = call.file("asset.xml", asset(item("A1", attribute("Colour", "Red"))))
    first = call.file("o-7.xml", order(item("A9", action="Update"), number="O-7"))
    second = call.file("o-8.xml", order(item("A2", action="Add"), item("A1", action="Add"), number="O-8"))
    ran = call("apply", f"asset={before}", f"orders={first}", f"orders={second}")
    assert ran.code == 0
    assert outline(hub_from_xml(ran.out.encode(), DEFINITIONS)) == "A1 [Colour=Red]\nA2"
    assert ran.err == (
        "ignored: order 'O-7', item 'A9': Update ignored, met absent: the item isn't there\n"
        "ignored: order 'O-8', item 'A1': Add ignored, met -: the item is there already\n"
    )
    assert call.json("apply", f"asset={before}", f"orders={first}") == {
        "object": {
            "name": "OM Asset",
            "empty": False,
            "instances": [
                {
                    "fields": {"Account Id": "1-A"},
                    "items": [
                        {
                            "fields": {"Integration Id": "A1", "Action Code": "-"},
                            "attributes": [{"Name": "Colour", "Text Value": "Red", "Action Code": "-"}],
                            "items": [],
                        }
                    ],
                }
            ],
        },
        "ignored": [
            {
                "order": "O-7",
                "item": "A9",
                "attribute": None,
                "action": "Update",
                "state": "absent",
                "reason": "the item isn't there",
            }
        ],
    }


def test_apply_without_an_asset_and_several_instances_in_one_file(call):
    orders = together(order(item("A", action="Add"), number="1"), order(item("A", action="Delete"), number="2"))
    assert 'IsEmpty="Y"' in call("apply", f"orders={call.file('o.xml', orders)}").out


def test_delta_takes_either_side_alone_its_output_and_a_seed_that_repeats(call):
    old = call.file("old.xml", asset(item("A", quantity="1")))
    new = call.file("new.xml", asset(item("A", quantity="3")))
    assert outline(call("delta", f"old={old}").tree, "Action Code") == "A Delete"
    assert outline(call("delta", f"new={new}", "output=OM Order").tree, "Action Code") == "A Add"
    assert 'IntObjectName="OM Quote" IsEmpty="Y"' in call("delta").out
    assert outline(call("delta", f"old={old}", f"new={new}", "split=N").tree, "Action Code") == "A Update"
    arguments = ("delta", f"old={old}", f"new={new}")
    seeded = [call(*arguments, "--seed", seed).out for seed in ("7", "7", "8")]
    assert seeded[0] == seeded[1] != seeded[2]
    assert call(*arguments).out != call(*arguments).out
    assert outline(hub_from_xml(seeded[0].encode(), DEFINITIONS), "Action Code", "Quantity").startswith("A - 1\n")


def test_explode_repeats_its_keys_and_row_ids_with_a_seed(call):
    given = f"object={call.file('o.xml', order(item('A', action='Add', quantity='3')))}"
    one, two = (call("explode", given, "root=A", "limit=3", "--seed", "1").out for _ in range(2))
    assert one == two
    assert len(set(re.findall("<RowId>(.*)</RowId>", one))) == 2


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["trim", "specification=[Status] = 'Open'"], "A Complete\n  C Complete"),
        (["trim", "keep=[Status] = 'Complete'"], "A Complete\n  C Complete"),
        (["trim"], "A Complete\n  C Complete"),
        (["logical-delete"], "A Complete\n  B Inactive\n  C Complete"),
        (["logical-delete", "children=leave"], "A Complete\n  B Inactive\n  C Complete"),
        (["set-field", "field=Status", "value=Failed"], "A Failed\n  B Failed\n  C Failed"),
        (["set-field", "field=Status"], "A None\n  B None\n  C None"),
    ],
)
def test_methods_on_one_object(call, arguments, expected):
    tree = order(
        item(
            "A",
            item("B", status="Open", action="Delete"),
            item("C", status="Complete"),
            status="Complete",
            action="Add",
        )
    )
    method, *more = arguments
    assert outline(call(method, f"object={call.file('o.xml', tree)}", *more).tree, "Status") == expected


def test_the_other_methods(call):
    o = f"object={call.file('o.xml', order(item('A', item('B', status='Open'), action='Add', quantity='2')))}"
    q = call.file("q.xml", quote(item("Q", status="Cancelled")))
    assert call("fully-exploded", o).out == "false\n"
    assert call.json("fully-exploded", o) == {"value": False}
    assert outline(call("set-action", o, "action=Update").tree, "Action Code") == "A Update\n  B Update"
    dated = call("set-effectivity-dates", o, "completed=2002-03-01").tree
    assert outline(dated, "Completed Date", "Calculated Effective Start Date") == (
        "A 2002-03-01 2002-03-01\n  B 2002-03-01 None"
    )
    assert outline(call("update-order-status", o).tree, "Order Item Processed Flag").startswith("A N")
    finished = call("update-order-status", o, "complete=Open, Failed").tree
    assert outline(finished, "Order Item Processed Flag").startswith("A Y")
    assert outline(call("merge", f"target={q}", f"source={o.partition('=')[2]}").tree) == "Q\nA\n  B"
    changed = call.file("changed.xml", quote(item("Q", status="Cancelled", service_id="5")))
    assert outline(call("field-delta", f"before={q}", f"after={changed}").tree, "Action Code") == "Q Update"
    made = call("set-product-instance", f"instance={q}").tree
    assert made.children[0].get("IntObjectName") == "OM Asset"
    assert call("module-licensed", "module=Orders").out == "true\n"


def test_create_empty_with_and_without_a_name(call):
    assert call("create-empty").out == '<?xml version="1.0" encoding="UTF-8"?>\n<Message IsEmpty="Y"/>\n'
    assert call.json("create-empty") == {"object": {"name": None, "empty": True, "instances": []}, "ignored": []}
    assert call.json("create-empty", "name=Account")["object"] == {
        "name": "Account",
        "empty": False,
        "instances": [{"fields": {}}],
    }
    assert call("create-empty", "--format", "text").out == (
        'PropertySet@/ p#1 c#0 type="" value=""\n{\n  p["Is Empty"] = "Y";\n}\n'
    )


def test_evaluate_reads_the_first_line_item_and_prints_the_bare_value(call):
    given = f"item={call.file('o.xml', order(item('A', quantity='1.50', status='In Progress'), item('B')))}"
    assert call(EVALUATE, "expression=[Quantity] * 2", given).out == "3.00\n"
    assert call.json(EVALUATE, "expression=[Quantity]", given) == {"value": "1.50"}
    assert call(EVALUATE, "expression=[Status] = In Progress", given).out == "true\n"
    assert call(EVALUATE, "expression=[Action Code]").out == "-\n"
    assert call(EVALUATE, "expression=upper('é') + \"=\"").out == "É=\n"
    assert call.json(EVALUATE, "expression='a' + null") == {"value": None}
    assert call(EVALUATE, "expression=NULL").out == "null\n"


def test_json_tells_null_from_what_is_not_carried_and_keeps_decimals_as_they_came(call):
    tree = order(item("A", quantity="5.990", service_id=None, status=""))
    found = call.json("set-action", f"object={call.file('o.xml', tree)}", "action=-")
    [instance] = found["object"]["instances"]
    assert instance["items"][0]["fields"] == {
        "Integration Id": "A",
        "Action Code": "-",
        "Status": "",
        "Quantity": "5.990",
        "Service Id": None,
    }


def test_components_other_than_items_and_attributes_stand_under_their_names():
    key = PropertySet("Account Key", properties={"System": "MF", "Number": "1"})
    head = PropertySet(
        "Account", properties={"Account Id": "1-A"}, children=[PropertySet("ListOf Account Key", children=[key])]
    )
    found = json.loads(tree_json(message("Account", [head]), DEFINITIONS))
    assert found["instances"] == [
        {"fields": {"Account Id": "1-A"}, "components": {"Account Key": [{"fields": {"System": "MF", "Number": "1"}}]}}
    ]


def chain(levels: int) -> PropertySet:
    head = PropertySet("Order", properties={"Order Number": "O-1"})
    node = head
    for number in range(levels):
        below = PropertySet("Line Item", properties={"Integration Id": f"K{number}"})
        node.children.append(PropertySet("ListOf Line Item", children=[below]))
        node = below
    return message("OM Order", [head])


def test_a_thousand_levels_have_a_json_form_and_one_more_has_none_but_in_xml(call):
    most, more = call.file("1000.xml", chain(1_000)), call.file("1001.xml", chain(1_001))
    text = call("set-action", f"object={most}", "action=-", "--format", "json").out
    assert text.count('"items": [') == 1_001
    for form, label in (("json", "JSON"), ("text", "text")):
        assert call.refused("set-action", f"object={more}", "action=-", "--format", form) == (
            f"the result has no {label} form\n"
            "  where: OM Order\n"
            "  why:   it has 1,001 levels, and 1,000 are the most\n"
            "  mend:  ask for --format xml, which writes deep lines flat\n"
        )
    flat = call("set-action", f"object={more}", "action=Add")
    assert flat.out.count("<ParentItemId>") == 1_000
    assert len(outline(flat.tree).splitlines()) == 1_001


# A deployment's own.


def test_a_deployments_methods_and_definitions_are_its_own(call):
    (call.folder / "orderhub.toml").write_text("")
    for folder in ("hub/services", "integration_objects"):
        (call.folder / folder).mkdir(parents=True)
    (call.folder / "integration_objects" / "line.yaml").write_text(
        "extends: Line Item\ncomponents:\n  Line Item:\n    fields:\n      Meter Type: {length: 30}\n"
    )
    (call.folder / "hub" / "services" / "mine.py").write_text(
        "from hub.extension import Service\n"
        "def count(tree, word, definitions):\n    return f'{word} {len(tree.children)} {len(definitions) > 3}'\n"
        "def trim(object, field='Meter Type'):\n    return object\n"
        "SERVICES = [Service('Count Them', count, 'count'), Service('Trim', trim, 'keep all')]\n"
    )
    xml = (
        '<Message IntObjectName="OM Order"><ListOfOMOrder><Order><ListOfLineItem><LineItem>'
        "<MeterType>M</MeterType></LineItem></ListOfLineItem></Order></ListOfOMOrder></Message>"
    )
    given = call.file("o.xml", xml)
    assert call("count-them", f"tree={given}", "word=found").out == "found 1 True\n"
    assert "<MeterType>M</MeterType>" in call("trim", f"object={given}", "field=x").out
    assert "'trim' takes object=, field=" in call.refused("trim", "keep=TRUE")
    assert call(EVALUATE, "expression=[Meter Type]", f"item={given}").out == "M\n"


def test_a_seed_makes_no_key_that_a_file_has(call):
    """The same seed on what it made before: a key that is there is passed over."""
    one, two = (asset(item("A", quantity=quantity)) for quantity in ("1", "2"))
    call.file("one.xml", one), call.file("two.xml", two)
    call.file("d.xml", call("delta", "old=@one.xml", "new=@two.xml", "--seed", "1").out)
    call.file("three.xml", call("apply", "asset=@one.xml", "orders=@d.xml").out.replace(">1</Quan", ">2</Quan", 1))
    ran = call("delta", "old=@one.xml", "new=@three.xml", "--seed", "1")
    keys = [line.get("Integration Id") for line in all_items([hub_from_xml(ran.out.encode(), DEFINITIONS)])]
    assert (len(keys), len(set(keys))) == (3, 3)


def test_a_seed_sets_no_clock_back(call):
    (call.folder / "orderhub.toml").write_text('licence = "licence.yaml"\n')
    (call.folder / "licence.yaml").write_text("modules: [Orders]\nexpires: 2026-01-02\n")
    for seed in ((), ("--seed", "1")):
        assert call("module-licensed", "module=Orders", *seed).out == "false\n"


def test_a_mistyped_name_in_a_count_or_sum_is_told(call):
    for expression, why, mend in (
        ("count('Lin Item')", "component 'Line Item' has no component 'Lin Item'", "did you mean 'Line Item'?"),
        ("sum('Line Item', 'Quantiy')", "component 'Line Item' has no field 'Quantiy'", "did you mean 'Quantity'?"),
    ):
        assert call.refused("evaluate", f"expression={expression}") == (
            f"expression {expression!r} is not understood\n"
            f"  where: argument 'expression', column 1\n  why:   {why}\n  mend:  {mend}\n"
        )


# A deployment's own fields.


@pytest.fixture
def own(call):
    """Quotes and assets have each a field and a list of their own; attributes are compared by their unit."""
    (call.folder / "orderhub.toml").write_text("")
    folder = call.folder / "integration_objects"
    folder.mkdir()
    for name, text in {
        "quote": "extends: OM Quote\ncomponents: {Line Item: {fields: {Reason Given: {}}}}\n",
        "asset": "extends: OM Asset\ncomponents: {Line Item: {fields: {Reading: {}}, children: [{component: Note}]}}\n",
        "unit": "extends: Line Item\ncomponents:\n  Attribute: {fields: {Unit: {}}, compared: [Unit]}\n",
    }.items():
        (folder / f"{name}.yaml").write_text(text)
    call.definitions = load_definitions(call.folder)
    return call


def test_what_only_one_objects_line_items_have_stays_behind_when_they_become_anothers(own):
    note = PropertySet("ListOf Note", children=[PropertySet("Note")])
    one = item("A", item("B", reading="7"), reading="8")
    one.children.append(note)
    own.file("a.xml", hub_to_xml(asset(one), own.definitions).decode())
    two = item("C", item("E", reason_given="loyal", action="Add"), reason_given="new", action="Add")
    own.file("q.xml", hub_to_xml(quote(two), own.definitions).decode())
    for arguments, lines in (
        (["apply", "asset=@a.xml", "orders=@q.xml"], "A 8 None\n  B 7 None\nC None None\n  E None None"),
        (["delta", "old=@a.xml"], "A None None\n  B None None"),
        (["delta", "new=@a.xml"], "A None None\n  B None None"),
        (["set-product-instance", "instance=@q.xml"], "C None None\n  E None None"),
        (["merge", "target=@a.xml", "source=@q.xml"], "A 8 None\n  B 7 None\nC None None\n  E None None"),
        (["merge", "target=@q.xml", "source=@a.xml"], "C None new\n  E None loyal\nA None None\n  B None None"),
    ):
        ran = own(*arguments)
        assert (ran.code, ran.err) == (0, ""), arguments
        tree = hub_from_xml(ran.out.encode(), own.definitions)
        assert outline(tree, "Reading", "Reason Given") == lines, arguments


def test_a_compared_field_of_attributes_is_applied_and_nulled(own):
    old = asset(item("A", attribute("Length", "5", unit="m"), attribute("Width", "5", unit="m")))
    new = asset(item("A", attribute("Length", "5", unit="km"), attribute("Width", "5")))
    own.file("old.xml", hub_to_xml(old, own.definitions).decode())
    own.file("new.xml", hub_to_xml(new, own.definitions).decode())
    own.file("d.xml", own("delta", "old=@old.xml", "new=@new.xml").out)
    own.file("now.xml", own("apply", "asset=@old.xml", "orders=@d.xml").out)
    now = own.json("trim", "object=@now.xml", "keep=TRUE")["object"]["instances"][0]["items"][0]["attributes"]
    assert [(one["Name"], one["Unit"]) for one in now] == [("Length", "km"), ("Width", None)]
    again = own.json("delta", "old=@now.xml", "new=@new.xml")["object"]["instances"][0]["items"][0]
    assert again["fields"]["Action Code"] == "-"


def test_a_wrong_condition_in_a_declaration_is_told_with_its_place(own):
    (own.folder / "integration_objects" / "unit.yaml").write_text(
        "extends: Line Item\ncomponents:\n  Line Item:\n    trigger field: Action Code\n    trigger value: Update\n"
        "    trigger condition: '[Old Quantit] < 1'\n"
    )
    own.file("o.xml", order(item("A")))
    assert own.refused("field-delta", "before=@o.xml", "after=@o.xml") == (
        "expression '[Old Quantit] < 1' is not understood\n"
        f"  where: method Field Delta, {own.folder}/integration_objects/unit.yaml:6:24, column 1\n"
        "  why:   component 'Line Item' has no field 'Quantit'\n"
        "  mend:  did you mean 'Quantity'?\n"
    )


def test_a_method_is_not_asked_of_line_items_that_lack_what_it_sets(call):
    line = item("A", quantity="2", action="Add")
    call.file("w.xml", message("OM Work Order", [instance("Work Order", (line,), work_order_number="W-1")]))
    assert call.refused("update-order-status", "object=@w.xml") == (
        "'update-order-status' can't take OM Work Order as 'object'\n"
        "  where: w.xml, argument 'object'\n"
        "  why:   it sets Order Item Processed Flag, which the line items of OM Work Order don't have\n"
        "  mend:  name a file with an object whose line items have what the method sets, as OM Order\n"
    )
    exploded = hub_from_xml(call("explode", "object=@w.xml").out.encode(), DEFINITIONS)
    assert [one.get("Quantity") for one in all_items([exploded])] == ["1", "1"]


def test_an_empty_name_is_no_integration_objects(call):
    assert call.refused("create-empty", "name=").startswith("there is no integration object ''\n")


def test_module_licensed_reads_the_licence_file_of_the_settings(call):
    (call.folder / "orderhub.toml").write_text('licence = "licence.yaml"\n')
    licence = call.folder / "licence.yaml"
    assert "the file can't be read" in call.refused("module-licensed", "module=Orders")
    for text, expected in (
        ("modules: [Orders]", "true"),
        ("modules: [Quotes]", "false"),
        ("modules: [Orders]\nexpires: 2001-01-01", "false"),
        ("modules: [Orders]\nhosts: [no-such-host-*]", "false"),
        ("modules: [Orders]\nhosts: ['*']\nexpires: 2199-01-01", "true"),
    ):
        licence.write_text(text)
        assert call("module-licensed", "module=Orders").out == expected + "\n"
    licence.write_text("modules: [Orders]\nexpires: soon\n")
    assert call.refused("module-licensed", "module=Orders") == (
        f"the licence's last day is no date\n  where: {licence}:2:10\n"
        "  why:   expected a date (2026-01-31 or 2026-01-31T12:00:00Z), found 'soon'\n  mend:  write it as 2027-12-31\n"
    )


# Wrong input: exit code 2, one message with file, line and mend, nothing on standard output.


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["aply"],
            "there is no method 'aply'\n  where: orderhub call\n  why:   methods are apply, create-empty, delta, "
            "evaluate, explode, field-delta, fully-exploded, logical-delete, merge, module-licensed, set-action, "
            "set-effectivity-dates, set-field, set-product-instance, trim, update-order-status\n"
            "  mend:  did you mean 'apply'?",
        ),
        (
            ["trim", "objct=@o.xml"],
            "'trim' has no argument 'objct'\n  where: orderhub call trim\n"
            "  why:   'trim' takes object=, specification=, keep=\n  mend:  did you mean 'object'?",
        ),
        (
            ["trim", "keep=TRUE"],
            "'trim' needs the argument 'object'\n  where: orderhub call trim\n"
            "  why:   'trim' takes object=, specification=, keep=\n  mend:  add object=@file.xml",
        ),
        (
            ["set-action", "object=@o.xml"],
            "'set-action' needs the argument 'action'\n  where: orderhub call set-action\n"
            "  why:   'set-action' takes object=, action=\n  mend:  add action=...",
        ),
        (
            ["trim", "o.xml"],
            "'o.xml' is no argument\n  where: orderhub call trim\n"
            "  why:   'trim' takes object=, specification=, keep=\n"
            "  mend:  write a name and a value, as object=@file.xml",
        ),
        (
            ["trim", "object=@o.xml", "object=@o.xml"],
            "the argument 'object' is given twice\n  where: orderhub call trim\n"
            "  why:   it takes one value\n  mend:  give it once",
        ),
        (
            ["trim", "object=o.xml"],
            "the argument 'object' is no file\n  where: argument 'object'\n"
            "  why:   expected @ and a file's name, found 'o.xml'\n  mend:  write object=@o.xml",
        ),
        (
            ["trim", "object=@no.xml"],
            "the file can't be read\n  where: no.xml\n  why:   No such file or directory\n"
            "  mend:  name a file that is there and that you may use",
        ),
        (
            ["explode", "object=@o.xml", "limit=many"],
            "the argument 'limit' can't be read\n  where: argument 'limit'\n"
            "  why:   expected a whole number of 1 or more, found 'many'\n  mend:  give a whole number of 1 or more",
        ),
        (
            ["delta", "split=yes"],
            "the argument 'split' can't be read\n  where: argument 'split'\n"
            "  why:   expected Y or N, found 'yes'\n  mend:  give Y or N",
        ),
        (
            ["create-empty", "--format", "yaml"],
            "there is no format 'yaml'\n  where: option --format\n  why:   formats are xml, text, json\n"
            "  mend:  name one of them",
        ),
        (
            ["create-empty", "name=OM Ordr"],
            "there is no integration object 'OM Ordr'\n  where: method Create Empty, integration_objects/\n"
            "  why:   known are " + ", ".join(sorted(DEFINITIONS)) + "\n"
            "  mend:  did you mean 'OM Order'?",
        ),
        (
            ["trim", "object=@o.xml", "keep=TRUE", "specification=TRUE"],
            "a specification and its negation exclude each other\n"
            "  where: method Trim, arguments 'specification' and 'keep'\n"
            "  why:   'specification' names the items that go, 'keep' the items that stay\n"
            "  mend:  give one of them, or neither for the default",
        ),
        (
            ["trim", "object=@o.xml", "specification=[Statuss] = 'x'"],
            "expression \"[Statuss] = 'x'\" is not understood\n"
            "  where: argument 'specification', method Trim, column 1\n"
            "  why:   component 'Line Item' has no field 'Statuss'\n  mend:  did you mean 'Status'?",
        ),
        (
            ["trim", "object=@o.xml", "specification="],
            "expression '' is not understood\n  where: argument 'specification', method Trim, column 1\n"
            "  why:   the expression is empty\n  mend:  write an expression, such as [Quantity] > 1",
        ),
        (
            ["trim", "object=@o.xml", "specification=[Quantity]"],
            "expression '[Quantity]' can't be evaluated\n  where: argument 'specification', method Trim, column 1\n"
            "  why:   expected TRUE or FALSE, found a value that is never one\n"
            "  mend:  compare the value with something",
        ),
        (
            ["evaluate", "expression=1 / 0"],
            "expression '1 / 0' can't be evaluated\n  where: argument 'expression', column 3\n"
            "  why:   division by zero\n  mend:  divide only where the divisor isn't 0: test it first",
        ),
        (
            ["evaluate", "expression=1", "item=@account.xml"],
            "Evaluate finds no line item\n  where: account.xml, Account\n"
            "  why:   [ ] reads the fields of the message's first line item\n"
            "  mend:  give a message with a line item, or none",
        ),
        (
            ["logical-delete", "object=@o.xml", "children=drop"],
            "'drop' is no way to treat the items beneath a deleted item\n"
            "  where: method Logical Delete, argument 'children'\n"
            "  why:   expected convert or leave, found 'drop'\n  mend:  give one of them",
        ),
        (
            ["set-action", "object=@o.xml", "action=Remove"],
            "'Remove' is no action code\n  where: method Set Action, argument 'action'\n"
            "  why:   expected one of Add, Update, Delete, -, found 'Remove'\n  mend:  give one of these",
        ),
        (
            ["set-field", "object=@o.xml", "field=Colour"],
            "there is no field 'Colour'\n  where: o.xml, method Set Field, OM Order, component 'Line Item'\n"
            "  why:   the definition has no such field\n  mend:  name a field of the definition",
        ),
        (
            ["set-field", "object=@o.xml", "field=Quantity", "value=1e3"],
            "the field 'Quantity' can't be set to this value\n"
            "  where: o.xml, method Set Field, OM Order, component 'Line Item'\n"
            "  why:   expected a number (digits with a sign and a point), found '1e3'\n"
            "  mend:  give a value of the field's type that every line item may have",
        ),
        (
            ["set-effectivity-dates", "object=@o.xml", "completed=2026-02-30"],
            "the date of completion is no date\n  where: method Set Effectivity Dates, argument 'completed'\n"
            "  why:   there is no such day or time: '2026-02-30'\n  mend:  give an ISO date or date-time, or none",
        ),
        (
            ["explode", "object=@o.xml", "root=B"],
            "there is no root item 'B'\n  where: o.xml, method Explode, OM Order 'O-1'\n"
            "  why:   root items are 'A', 'C'\n  mend:  give the Integration Id of a root item, or none for all",
        ),
        (
            ["explode", "object=@o.xml", "limit=1"],
            "the result would have too many line items\n  where: o.xml, method Explode, OM Order 'O-1'\n"
            "  why:   the result would have 5 items, the limit is 1\n"
            "  mend:  mend the quantities, or spread the items over several objects",
        ),
        (
            ["set-product-instance", "instance=@o.xml"],
            "the product instance has 2 root items, and one is allowed\n"
            "  where: o.xml, method Set Product Instance, OM Order 'O-1'\n"
            "  why:   a product instance is one customizable product, found 2 root items\n"
            "  mend:  give one root with all beneath it",
        ),
        (
            ["merge", "target=@o.xml", "source=@again.xml"],
            "a key is in both objects\n"
            "  where: again.xml, method Merge, OM Order 'O-1' and OM Order 'O-1', line item 'A', line 8\n"
            "  why:   Integration Id is unique within an instance\n"
            "  mend:  drop the item from one of them, or apply one to the other",
        ),
        (
            ["delta", "old=@o.xml", "new=@two.xml"],
            "the argument 'new' carries 2 instances, and one is allowed\n  where: two.xml, method Delta, OM Order\n"
            "  why:   expected one instance, found 2\n  mend:  give one instance; Merge puts several together",
        ),
        (
            ["field-delta", "before=@o.xml", "after=@two.xml"],
            "the instances of both objects can't be paired\n"
            "  where: two.xml, method Field Delta, OM Order 'O-1' and OM Order\n"
            "  why:   'before' has 1, 'after' has 2\n  mend:  give the same instances in the same order on both sides",
        ),
        (
            ["delta", "output=OM Quot"],
            "a delta can't be of the kind 'OM Quot'\n"
            "  where: method Delta, argument 'output'\n"
            "  why:   a change of one state into another is a quote or an order\n"
            "  mend:  give OM Quote or OM Order",
        ),
    ],
)
def test_wrong_arguments_are_told_whole(call, arguments, expected):
    body = order(item("A", item("B"), action="Add", quantity="2"), item("C"))
    call.file("o.xml", body)
    call.file("again.xml", body)
    call.file("two.xml", together(order(item("A")), order(item("A"), number="O-2")))
    call.file("account.xml", message("Account", [PropertySet("Account", properties={"Account Id": "1"})]))
    assert call.refused(*arguments) == expected + "\n"


NO_LINES = "expected an object with line items, as OM Order has; Account has no line items"
WITH_LINES = "name a file with an object with line items, as OM Order has"


@pytest.mark.parametrize(
    ("arguments", "argument", "file", "name", "why", "mend"),
    [
        (
            ["apply", "asset=@o.xml", "orders=@o.xml"],
            "asset",
            "o.xml",
            "OM Order",
            "expected an asset, as OM Asset; OM Order is none",
            "name a file with an asset, as OM Asset",
        ),
        (
            ["apply", "orders=@asset.xml"],
            "orders",
            "asset.xml",
            "OM Asset",
            "expected a quote or an order; OM Asset is none",
            "name a file with a quote or an order",
        ),
        (
            ["apply", "orders=@o.xml", "orders=@account.xml"],
            "orders",
            "account.xml",
            "Account",
            "expected a quote or an order; Account has no line items",
            "name a file with a quote or an order",
        ),
        (
            ["apply", "orders=@reply.xml"],
            "orders",
            "reply.xml",
            "OM Reply",
            "expected a quote or an order; OM Reply is none",
            "name a file with a quote or an order",
        ),
        (["delta", "new=@account.xml"], "new", "account.xml", "Account", NO_LINES, WITH_LINES),
        (["set-product-instance", "instance=@account.xml"], "instance", "account.xml", "Account", NO_LINES, WITH_LINES),
        (["explode", "object=@account.xml"], "object", "account.xml", "Account", NO_LINES, WITH_LINES),
        (["fully-exploded", "object=@account.xml"], "object", "account.xml", "Account", NO_LINES, WITH_LINES),
        (["merge", "target=@account.xml", "source=@o.xml"], "target", "account.xml", "Account", NO_LINES, WITH_LINES),
    ],
)
def test_an_object_of_the_wrong_kind_is_refused_with_argument_and_file(
    call, arguments, argument, file, name, why, mend
):
    call.file("o.xml", order(item("A", action="Add")))
    call.file("asset.xml", asset(item("A")))
    call.file("account.xml", message("Account", [PropertySet("Account", properties={"Account Id": "1"})]))
    call.file("reply.xml", message("OM Reply", [PropertySet("Reply", properties={"Status": "Accepted"})]))
    assert call.refused(*arguments) == (
        f"'{arguments[0]}' can't take {name} as '{argument}'\n"
        f"  where: {file}, argument '{argument}'\n  why:   {why}\n  mend:  {mend}\n"
    )


HEAD = '<Message IntObjectName="OM Order"><ListOfOMOrder><Order><OrderNumber>O-1</OrderNumber><ListOfLineItem>\n'
FOOT = "</ListOfLineItem></Order></ListOfOMOrder></Message>\n"
A, B = ("<LineItem><IntegrationId>A</IntegrationId>{}</LineItem>\n", "<LineItem>{}</LineItem>\n")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            B.format(""),
            "a line item has no key, and every line item needs one\n"
            "  where: bad.xml, method Delta, OM Order 'O-1', root item 1, line 2\n"
            "  why:   expected Integration Id, found none\n  mend:  give the item an Integration Id",
        ),
        (
            B.format("<IntegrationId/>"),
            "a line item has no key, and every line item needs one\n"
            "  where: bad.xml, method Delta, OM Order 'O-1', root item 1, line 2\n"
            "  why:   expected Integration Id, found none\n  mend:  give the item an Integration Id",
        ),
        (
            A.format("") * 2,
            "two line items have one key\n  where: bad.xml, method Delta, OM Order 'O-1', line item 'A', line 3\n"
            "  why:   Integration Id is unique within an instance\n"
            "  mend:  drop one of the items, or give it an Integration Id of its own",
        ),
        (
            A.format("<ActionCode>Remove</ActionCode>"),
            "'Remove' is no action code\n  where: bad.xml, method Delta, OM Order 'O-1', line item 'A', line 2\n"
            "  why:   expected one of Add, Update, Delete, -, found 'Remove'\n"
            "  mend:  mend the action code, or the map or look-up table that made it",
        ),
        (
            A.format("<Quantity>-1</Quantity>"),
            "a quantity is no number of 0 or more\n"
            "  where: bad.xml, method Delta, OM Order 'O-1', line item 'A', line 2\n"
            "  why:   expected a number of 0 or more, found '-1'\n"
            "  mend:  mend the item's Quantity, or leave it out for 1",
        ),
        (
            A.format("<Quantity>1,000</Quantity>"),
            "'Quantity' can't be read\n  where: bad.xml, line 2, {path}/Quantity\n"
            "  why:   expected a number (digits with a sign and a point), found '1,000'\n"
            "  mend:  write such a value",
        ),
        (
            A.format("<DueDate>31.1.2026</DueDate>"),
            "'Due Date' can't be read\n  where: bad.xml, line 2, {path}/DueDate\n"
            "  why:   expected a date (2026-01-31 or 2026-01-31T12:00:00Z), found '31.1.2026'\n"
            "  mend:  write such a value",
        ),
        (
            A.format("<ListOfAttribute><Attribute/></ListOfAttribute>"),
            "an attribute has no name\n  where: bad.xml, method Delta, OM Order 'O-1', line item 'A', line 2\n"
            "  why:   attributes are told apart by their Name within the item\n  mend:  give the attribute a Name",
        ),
        (
            A.format("<ListOfAttribute>" + "<Attribute><Name>N</Name></Attribute>" * 2 + "</ListOfAttribute>"),
            "two attributes of a line item have one name\n"
            "  where: bad.xml, method Delta, OM Order 'O-1', line item 'A', line 2, attribute 'N'\n"
            "  why:   a name stands once among the attributes of an item\n  mend:  drop or rename one of them",
        ),
        (
            A.format("<ParentItemId>Z</ParentItemId>"),
            "the parent 'Z' of line 'A' isn't in the list\n  where: bad.xml, line 2\n"
            "  why:   ParentItemId is the parent's RowId, or its IntegrationId where it has no RowId\n"
            "  mend:  name the RowId or IntegrationId of a line in the list",
        ),
        (
            A.format("<ParentItemId>A</ParentItemId>"),
            "the parents of the lines form a circle\n  where: bad.xml, line 2\n  why:   line 'A' > line 'A'\n"
            "  mend:  let one of them name a line outside the circle, or no parent",
        ),
        (
            A.format("<Statuss>x</Statuss>"),
            "unknown element <Statuss> in <LineItem>\n  where: bad.xml, line 2, {path}/Statuss\n"
            "  why:   none of its 41 elements has this name\n  mend:  did you mean 'Status'?",
        ),
    ],
)
def test_wrong_objects_are_told_whole_with_file_and_line(call, lines, expected):
    good = call.file("good.xml", order(item("A")))
    bad = call.file("bad.xml", HEAD + lines + FOOT)
    path = "/Message/ListOfOMOrder/Order[1]/ListOfLineItem/LineItem[1]"
    told = re.sub(r"none of its \d+", "none of its 41", call.refused("delta", f"old={good}", f"new={bad}"))
    assert told.replace("[1]", "") == (expected.format(path=path) + "\n").replace("[1]", "")


def test_a_circle_of_moves_and_a_fraction_name_their_file_and_line(call):
    before = call.file("asset.xml", asset(item("A", item("B"))))
    moves = call.file(
        "moves.xml",
        HEAD
        + "<LineItem><IntegrationId>B</IntegrationId><ListOfLineItem>\n"
        + A.format("<ActionCode>Update</ActionCode>")
        + "</ListOfLineItem></LineItem>"
        + FOOT,
    )
    assert call.refused("apply", f"asset={before}", f"orders={moves}") == (
        "moves of line items make a circle\n"
        "  where: moves.xml, method Apply, order 'O-1', line item 'A', line 3\n"
        "  why:   each stands beneath the next: A, B, A\n"
        "  mend:  give one of them a parent outside the circle\n"
    )
    half = call.file("half.xml", HEAD + A.format("<ActionCode>Add</ActionCode><Quantity>1.5</Quantity>") + FOOT)
    assert call.refused("explode", f"object={half}") == (
        "a quantity that must be exploded is no whole number\n"
        "  where: half.xml, method Explode, OM Order 'O-1', line item 'A', line 2\n"
        "  why:   an added item becomes as many as its quantity says, found '1.5'\n"
        "  mend:  give a whole number, or set Track As Asset to N where the product is measured\n"
    )


# The real command.


#: the modules that take longer to load than a short command without a database runs
HEAVY = (
    *("sqlalchemy", "jinja2", "xmlschema", "alembic", "pika", "structlog", "pydantic", "pydantic_settings"),
    *("elementpath", "re2", "xml.sax", "urllib.request", "http.client"),
)


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (("create-empty", "name=OM Order"), "<ListOfOMOrder>"),
        (("evaluate", "expression=1 + 1"), "2\n"),
        (("apply", "orders=@o.xml"), "<ListOfOMAsset>"),
    ],
)
def test_the_command_loads_neither_database_nor_templates_nor_patterns(tmp_path, arguments, printed):
    (tmp_path / "o.xml").write_text(HEAD + A.format("<ActionCode>Add</ActionCode>") + FOOT)
    code = (
        "import sys, atexit\n"
        f"atexit.register(lambda: sys.stderr.write(','.join(name for name in {HEAVY!r} if name in sys.modules)))\n"
        f"sys.argv = ['orderhub', 'call', *{arguments!r}]\n"
        "from hub.command_line.app import main\nmain()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert printed in ran.stdout


def test_the_real_command_keeps_the_two_streams_and_its_exit_code(tmp_path):
    (tmp_path / "o.xml").write_text(HEAD + A.format("<ActionCode>Update</ActionCode>") + FOOT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "hub.command_line.app", "call", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            check=False,
        )

    ran = run("apply", "orders=@o.xml")
    assert ran.returncode == 0
    assert hub_from_xml(ran.stdout, DEFINITIONS).get("Is Empty") == "Y"
    assert ran.stderr == b"ignored: order 'O-1', item 'A': Update ignored, met absent: the item isn't there\n"
    wrong = run("apply", "order=@o.xml")
    assert (wrong.returncode, wrong.stdout) == (2, b"")
    assert wrong.stderr.startswith(b"'apply' has no argument 'order'\n")
