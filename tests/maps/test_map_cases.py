"""The shipped maps: proven, and tested by their pairs of files."""

from __future__ import annotations

import importlib.resources
import pathlib
import re

import pytest
from lxml import etree

from integration_objects.complex_object import instances, walk_items
from integration_objects.declaration import Source, shipped
from integration_objects.definition import Component, Field, IntegrationObject, shipped_definitions
from integration_objects.errors import Refused
from integration_objects.property_set import PropertySet
from maps.cases import Case, read_tree, run_cases, shipped_cases
from maps.check import check_maps
from maps.data_map import read_maps
from schemas.check import parse
from tests.shipped_objects import shipped_external_objects


@pytest.fixture(scope="module")
def externals():
    return shipped_external_objects()


@pytest.fixture(scope="module")
def objects(externals):
    return {**shipped_definitions(), **{name: one.definition for name, one in externals.items()}}


def read_file(path: str) -> bytes:
    return (importlib.resources.files("maps") / path).read_bytes()


@pytest.fixture(scope="module")
def maps(objects):
    return read_maps(shipped("maps"), objects, read_file)


def test_the_shipped_maps_have_no_findings(objects):
    assert [str(finding) for finding in check_maps(shipped("maps"), objects, read_file)] == []


def test_every_case_of_the_shipped_maps_gives_what_it_must(maps, externals):
    results = run_cases(maps, shipped_cases(maps), shipped_definitions(), externals)
    assert {one.case.name: one.difference for one in results if not one.is_passed} == {}
    assert {one.case.of for one in results} == set(maps)
    assert all(sum(one.case.of == name for one in results) >= 2 for name in maps)


def test_a_case_that_differs_shows_where(maps, externals):
    good = next(
        case for case in shipped_cases(maps) if case.name == "provisioning_status_to_om_work_order_status/completed"
    )
    wrong = Case(good.of, good.name, good.given, good.expected.replace(b"2026-01-11", b"2026-01-12"))
    missing = Case(good.of, good.name, good.given, None)
    broken = Case(good.of, good.name, good.given.replace(b"COMPLETED", b"DONE"), good.expected)
    shown = [one.difference for one in run_cases(maps, [wrong, missing, broken], shipped_definitions(), externals)]
    assert '-            p["Completed Date"] = "2026-01-12";' in shown[0]
    assert '+            p["Completed Date"] = "2026-01-11";' in shown[0]
    assert shown[1].endswith("completed.out.xml is missing: write what must come out of "
                             "provisioning_status_to_om_work_order_status/completed.in.xml")  # fmt: skip
    assert "DONE" in shown[2]


@pytest.mark.parametrize(
    ("old", "new", "reason", "why"),
    [
        (
            b"<PARENT-LINE-NO>2<",
            b"<PARENT-LINE-NO>9<",
            "ParentMissing",
            "[PARENT-LINE-NO] is '9', and no row has this [LINE-NO]",
        ),
        (
            b"<PARENT-LINE-NO>1</PARENT-LINE-NO>\n      <SVC",
            b"<PARENT-LINE-NO>3</PARENT-LINE-NO>\n      <SVC",
            "OwnAncestor",
            "from row to parent it goes 2 > 3 > 2",
        ),
        (
            b"<LINE-NO>4<",
            b"<LINE-NO>2<",
            "RowKeyTwice",
            "[LINE-NO] is '2' at line 19, /ORDERS[1]/ORDER[1]/LINE[2] too",
        ),
        (
            b"CALID001",
            b"CALID999",
            "NotInLookup",
            "lookup('product', [PROD-CD]): look-up table 'product' has no code 'CALID999', and no default",
        ),
        (
            b"<DUE-DATE>20260112<",
            b"<DUE-DATE>20260231<",
            "ExpressionFailed",
            "date([DUE-DATE], 'YYYYMMDD') (column 1): function 'date': there is no such day or time: "
            "'20260231', where [DUE-DATE] is '20260231'",
        ),
    ],
)
def test_an_order_of_the_mainframe_that_is_wrong_is_refused_by_its_map(maps, externals, old, new, reason, why):
    data_map = maps["Mainframe Order to OM Order"]
    good = next(case for case in shipped_cases(maps) if case.name == "mainframe_order_to_om_order/new_package")
    assert old in good.given
    tree = read_tree(good.given.replace(old, new, 1), data_map.source, shipped_definitions(), externals)
    with pytest.raises(Refused) as caught:
        data_map.apply(tree)
    assert (caught.value.reason, caught.value.why) == (reason, why)


def test_the_worked_example_of_the_documentation_does_what_it_says():
    text = (pathlib.Path(__file__).parents[2] / "docs" / "data_maps.md").read_text("utf-8")
    sent, written = (re.search(f"```{kind}\n(.*?)```", text, re.DOTALL)[1] for kind in ("xml", "yaml"))
    line = Component("LINE", {name: Field(name) for name in ("NO", "UP", "ACTN", "PROD", "DUE")})
    order = Component("ORDER", {name: Field(name) for name in ("NO", "CUST", "CURR")}, {"LINE": line})
    order.occurs["LINE"] = (1, None)
    agent = IntegrationObject("Agent Order", order, external=True)
    objects = {**shipped_definitions(), "Agent Order": agent}
    maps = read_maps([Source("maps/p.yaml", written)], objects, lambda path: b"code,value\nLINE,L\nCLIP,C\n")

    def tree(element: etree._Element) -> PropertySet:
        fields = {one.tag: one.text for one in element if not len(one)}
        return PropertySet(element.tag, "", fields, [tree(one) for one in element if len(one)])

    made = maps["Agent Order to OM Order"].apply(tree(parse(sent.encode())))
    found = [
        (item.get("Source Reference"), item.get("Due Date"), parent and parent.get("Source Reference"))
        for item, parent in walk_items(instances(made)[0])
    ]
    assert found == [("77-1", None, None), ("77-2", "2026-01-31", "77-1")]
