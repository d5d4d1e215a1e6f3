"""Paths: choosing among several nodes by a condition, recursion through other components, the answered message."""

from __future__ import annotations

import pytest

from integration_objects.complex_object import instances, message, walk_items
from integration_objects.declaration import DeclarationFault, Source
from integration_objects.definition import Component, Field, IntegrationObject
from integration_objects.property_set import PropertySet
from maps.circumstances import Circumstances, at
from maps.data_map import read_maps
from maps.failure import MapFailed
from maps.path_steps import PathTest, Step, split_path, step_of
from maps.trace import trace


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("A/B", [Step("A", None, ()), Step("B", None, ())]),
        ("A[2]/B", [Step("A", 2, ()), Step("B", None, ())]),
        ("A[B/@c='x/y']/D", [Step("A", None, (PathTest("B/@c", "x/y", True),)), Step("D", None, ())]),
        ("A[B = 'it''s' and C<>\"]\"][3]", [Step("A", 3, (PathTest("B", "it's", True), PathTest("C", "]", False)))]),
        ("Line Item[Action Code='Add']", [Step("Line Item", None, (PathTest("Action Code", "Add", True),))]),
    ],
)
def test_a_path_is_cut_into_steps(path: str, steps: list[Step]) -> None:
    assert [step_of(part, path) for part in split_path(path)] == steps


def _order(some, *features: tuple[str, str | None]) -> PropertySet:
    nodes = [some("FEATURE", 3, text=value or "", NAME=name) for name, value in features]
    return some("ORDERS", 1, some("ORDER", 2, some("LINE", 3, *nodes, NO="1"), NO="O1"))


def _item(value: str) -> str:
    return f'children:\n  - make: Line Item\n    each: LINE\n    fields: {{Pricing Comment: "{value}"}}\n'


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("[FEATURE[NAME='size']]", "9"),
        ("[FEATURE[NAME='colour'][1]]", "red"),
        ("[FEATURE[NAME='colour'][2]]", "blue"),
        ("[FEATURE[NAME<>'colour']]", "9"),
        ("[FEATURE[NAME='weight']]", None),
        ("[FEATURE[.='9']/NAME] + '!'", "size!"),
        ("[FEATURE[.=9.0]/NAME]", "size"),
        ("[FEATURE[NAME='colour' AND .='blue']/NAME]", "colour"),
        ("[../LINE[NO='1']/FEATURE[NAME='size']]", "9"),
    ],
)
def test_a_condition_chooses_among_several_nodes(compile_map, some, path: str, expected: str | None) -> None:
    data_map = compile_map(_item(path))
    made = data_map.apply(_order(some, ("colour", "red"), ("size", "9"), ("colour", "blue")))
    assert instances(made)[0].children[0].children[0].get("Pricing Comment") == expected


def test_several_nodes_that_fit_a_condition_fail_the_map(compile_map, some) -> None:
    data_map = compile_map(_item("[FEATURE[NAME='colour']]"))
    with pytest.raises(MapFailed) as caught:
        data_map.apply(_order(some, ("colour", "red"), ("colour", "blue")))
    assert caught.value.why == (
        "[FEATURE[NAME='colour']] (column 1): 2 nodes fit 'FEATURE[NAME='colour']', and one value is needed"
    ).replace(" (column 1)", "")
    assert caught.value.where.endswith("line 3, /ORDERS[1]/ORDER[1]/LINE[1]")


def test_a_condition_chooses_the_nodes_of_a_rule(compile_map, some) -> None:
    body = "children:\n  - make: Line Item\n    each: LINE[FEATURE[NAME='size']='9']\n    fields: {Quantity: \"1\"}\n"
    with pytest.raises(DeclarationFault):
        compile_map(body)
    data_map = compile_map(body.replace("FEATURE[NAME='size']='9'", "ACTN='A'"))
    lines = [some("LINE", 3, NO="1", ACTN="A"), some("LINE", 4, NO="2", ACTN="D"), some("LINE", 5, NO="3")]
    made = data_map.apply(some("ORDERS", 1, some("ORDER", 2, *lines)))
    assert len(list(walk_items(instances(made)[0]))) == 1


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("[LINE[ACTN='Q']/NO]", "'ACTN' is never 'Q': it is one of A, C, D, N"),
        ("[LINE[ACTION='A']/NO]", "'LINE' has no field 'ACTION'"),
        (
            "[LINE[PARTY[@id='x']/NO='1']/NO]",
            "a condition holds no other condition: 'PARTY[@id='x']/NO='1'' in 'LINE[PARTY[@id='x']/NO='1']/NO'",
        ),
        ("[LINE[ACTN]/NO]", "'ACTN' is no condition in 'LINE[ACTN]/NO'"),
        ("[LINE[NO='1' OR NO='2']/NO]", "'NO='1' OR NO='2'' is no condition in 'LINE[NO='1' OR NO='2']/NO'"),
        ("[LINE[NO='1'][2][3]/NO]", "'LINE[NO='1'][2][3]' has too many brackets in 'LINE[NO='1'][2][3]/NO'"),
        ("[answered:NO]", "the map doesn't say which message is answered"),
        ("[LINE[LIVE='true']/NO]", "'LIVE' is never 'true': it is one of Y, N"),
    ],
)
def test_a_condition_is_proven_when_the_map_is_loaded(check_map, path: str, why: str) -> None:
    (finding,) = check_map(f'fields: {{Account Id: "{path}"}}\n')
    assert why in finding.text


# Recursion.


def _nested_object(group: bool) -> IntegrationObject:
    """A LINE that holds SUBs of its kind under another name, and in a *group* CARDs and LINEs as well."""
    line, sub, card = (Component(name, {"NO": Field("NO")}) for name in ("LINE", "SUB", "CARD"))
    holders = {line: [sub], sub: [sub]} if not group else {line: [line, card], card: [line]}
    for holder, held in holders.items():
        for child in held:
            holder.children[child.name] = child
            holder.occurs[child.name] = (0, None)
    order = Component("ORDER", {"NO": Field("NO")}, {"LINE": line, **({"CARD": card} if group else {})})
    order.occurs = dict.fromkeys(order.children, (0, None))
    return IntegrationObject("Sender", order, external=True)


NESTED = """\
map: Nested
from: Sender
to: OM Order
make: Order
children:
  - make: Line Item
    each: %s
    recurse: %s
    fields: {Integration Id: "[..NO] + '-' + [NO]"}
"""


def _applied(obj: IntegrationObject, objects, each: str, recurse: str, *nodes: PropertySet) -> list[tuple[str, str]]:
    text = NESTED % (each, recurse)
    maps = read_maps([Source("maps/nested.yaml", text)], {**objects, "Sender": obj}, lambda path: b"")
    made = maps["Nested"].apply(PropertySet("ORDER", properties={"NO": "O"}, children=list(nodes)))
    return [
        (item.get("Integration Id") or "", "" if parent is None else parent.get("Integration Id") or "")
        for item, parent in walk_items(instances(made)[0])
    ]


def test_a_recursion_goes_through_a_component_of_another_name(objects, some) -> None:
    lines = [some("LINE", 0, some("SUB", 0, some("SUB", NO="3"), NO="2"), some("SUB", NO="4"), NO="1")]
    found = _applied(_nested_object(False), objects, "LINE", "SUB", *lines)
    assert found == [("O-1", ""), ("O-2", "O-1"), ("O-3", "O-2"), ("O-4", "O-1")]


def test_a_recursion_through_a_group_keeps_the_order_of_its_members(objects, some) -> None:
    lines = [some("CARD", NO="1"), some("LINE", 0, some("CARD", 0, some("LINE", NO="4"), NO="3"), NO="2")]
    lines += [some("CARD", NO="5")]
    lines[1].children.append(some("LINE", NO="6"))
    lines[1].children.append(some("CARD", NO="7"))
    found = _applied(_nested_object(True), objects, "[LINE, CARD]", "[LINE, CARD]", *lines)
    assert [key for key, _ in found] == [f"O-{number}" for number in (1, 2, 3, 4, 6, 7, 5)]
    assert dict(found)["O-4"] == "O-3"
    assert dict(found)["O-7"] == "O-2"


# The clock, and the answered message.


REPLY = """\
map: Reply
from: Answer
to: OM Order
answers: Sender
time zone: Europe/Berlin
make: Order
fields:
  Source Order Number: "[answered:ORDER[1]/NO]"
  Account Id: "format_date(now(), 'YYYYMMDD')"
children:
  - make: Contact
    each: answered:ORDER[@id='7']/PARTY
    fields:
      Name: "[NAME] + ' ' + [..NO]"
      City: "coalesce([PLACE/CITY], [answered:ORDER[1]/CUST])"
"""


@pytest.fixture
def reply(objects):
    answer = IntegrationObject("Answer", Component("ANSWER", {"STATE": Field("STATE")}), external=True)
    return read_maps([Source("maps/reply.yaml", REPLY)], {**objects, "Answer": answer}, lambda path: b"")["Reply"]


def _answered(some) -> PropertySet:
    parties = [some("PARTY", 4, NAME="Ann"), some("PARTY", 5, some("PLACE", 6, CITY="Bonn"), NAME="Bob")]
    return some("ORDERS", 1, some("ORDER", 2, NO="O1", CUST="C"), some("ORDER", 3, *parties, NO="O2", at_id="7"))


def test_a_reply_reads_the_answered_message_and_the_clock(reply, some) -> None:
    circumstances = at("2026-01-31T23:30:00Z", _answered(some))
    answer = some("ANSWER", 1, STATE="done")
    made, fields = trace(reply, answer, circumstances)
    assert made == reply.apply(answer, circumstances=circumstances)
    order = instances(made)[0]
    assert (order.get("Source Order Number"), order.get("Account Id")) == ("O1", "20260201")
    contacts = [(one.get("Name"), one.get("City")) for one in order.children[0].children]
    assert contacts == [("Ann O2", "C"), ("Bob O2", "Bonn")]
    assert [str(source) for field in fields[:3] for source in field.sources] == [
        "line 2, answered:/ORDERS[1]/ORDER[1]/NO = 'O1'",
        "now() = '2026-01-31T23:30:00Z'",
        "line 4, answered:/ORDERS[1]/ORDER[2]/PARTY[1]/NAME = 'Ann'",
        "line 3, answered:/ORDERS[1]/ORDER[2]/NO = 'O2'",
    ]


@pytest.mark.parametrize("answered", [None, message("OM Order", []), PropertySet("OTHER")])
def test_an_answered_message_that_was_not_understood_is_not_there(reply, some, answered) -> None:
    made = reply.apply(some("ANSWER"), circumstances=at("2026-01-31T12:00:00Z", answered))
    order = instances(made)[0]
    assert (order.get("Source Order Number"), order.children) == (None, [])


def test_a_reply_to_a_message_that_was_not_understood_wants_a_default(objects, some) -> None:
    """The schema of the answered message can't help: what can't be read has no fields, required or not."""
    answer = IntegrationObject("Answer", Component("ANSWER", {"NO": Field("NO", required=True)}), external=True)
    text = 'map: R\nfrom: Answer\nto: Answer\nanswers: Sender\nmake: ANSWER\nfields: {NO: "[answered:ORDER[1]/NO]"}\n'
    reply = read_maps([Source("maps/r.yaml", text)], {**objects, "Answer": answer}, lambda path: b"")["R"]
    with pytest.raises(MapFailed) as caught:
        reply.apply(some("ANSWER"), circumstances=at("2026-01-31T12:00:00Z"))
    assert caught.value.mend == (
        "add a default in line 6: a message that can't be read is answered, too, and gives no values"
    )


def test_the_clock_is_read_once_a_run_and_not_at_all_without_need(compile_map, sent, line) -> None:
    times = iter(["2026-01-31T12:00:00Z", "2026-01-31T12:00:01Z"])
    data_map = compile_map("fields: {Source Order Number: now(), Account Id: now()}\n")
    order = instances(data_map.apply(sent(), circumstances=Circumstances(lambda: next(times))))[0]
    assert order.get("Source Order Number") == order.get("Account Id") == "2026-01-31T12:00:00Z"
    other = compile_map('fields: {Account Id: "[NO]"}\n')
    other.apply(sent(), circumstances=Circumstances(lambda: next(times)))
    assert next(times) == "2026-01-31T12:00:01Z"
