"""The plan of an order, and the impact of a supplement on it, as people see them."""

from __future__ import annotations

import pytest
from lxml import etree

from hub.presentation.plan_drawing import STATES, AwaitedStep, PlanStep, plan_svg
from hub.workflows.orders.order_plan import NoSupplement
from tests.hub.workflows.fulfilment.plans import BUILT, LINES, NUMBER, Plans
from tests.road import mainframe_line, sample


@pytest.fixture
def plans(road):
    return Plans(road)


def rows(outcome) -> list[str]:
    return [" | ".join(value or "-" for value in row.values()) for row in outcome.rows]


def test_a_plan_is_shown_before_and_after_the_order_is_submitted(plans):
    plans.declare(BUILT)
    plans.road.load(sample("price_list.xml"))
    plans.road.ask("new-products-and-services", account="1-A", product="ISDN Line")
    plans.road.ask("quote-to-order", quote="Q-0000001")
    outcome = plans.road.ask("plan", order=NUMBER)
    assert rows(outcome) == [
        f"{NUMBER}-1 | Build | Network | at once | 1 ISDN Line | -",
        f"{NUMBER}-2 | Configure | Access | later | 1 ISDN Line | {NUMBER}-1",
    ]
    assert plans.left() == []
    plans.road.ask("submit", order=NUMBER)
    assert rows(plans.road.ask("plan", order=NUMBER)) == [
        f"{NUMBER}-1 | Build | Network | at work | 1 ISDN Line | -",
        f"{NUMBER}-2 | Configure | Access | waiting | 1 ISDN Line | {NUMBER}-1",
    ]
    plans.answer(1)
    assert rows(plans.road.ask("plan", order=NUMBER)) == [
        f"{NUMBER}-1 | Build | Network | complete | 1 ISDN Line | -",
        f"{NUMBER}-2 | Configure | Access | at work | 1 ISDN Line | -",
    ]


def test_the_impact_of_a_supplement_is_shown_before_it_is_sent(plans):
    plans.declare(BUILT)
    plans.order(*LINES, mainframe_line(3, "A", "CALCD001", ref="C"))
    plans.left()
    with pytest.raises(NoSupplement):
        plans.road.ask("impact", order=NUMBER)
    plans.road.ask("revise", order=NUMBER)
    assert rows(plans.road.ask("impact", order=NUMBER)) == [
        f"{NUMBER}-1 | Build | Network | is sent again, as revision 2 | - | - | -",
        f"{NUMBER}-2 | Provide | Provisioning | is sent again, as revision 2 | - | - | -",
        f"{NUMBER}-3 | Configure | Access | waits as before | - | - | -",
    ]
    plans.answer(1)
    assert rows(plans.road.ask("impact", order=NUMBER))[::2] == [
        f"{NUMBER}-1 | Build | Network | stays as it is | - | - | -",
        f"{NUMBER}-3 | Configure | Access | is sent | - | - | -",
    ]
    assert plans.road.ask("plan", order=NUMBER).notes[0].text == (
        "its revision 2 isn't submitted: until then no work order is begun"
    )
    assert plans.left() == []


def test_a_drawing_tells_each_state_in_words_and_is_well_formed():
    steps = [
        PlanStep(f"O-1-{number}", "Network <&>", "Build", state, ["1 DSL Line", "2", "3", "4"],
                 [AwaitedStep("O-1-1", "Port Assigned")] if number > 1 else [], ["Service Id of 1 DSL Line"])
        for number, state in enumerate(STATES, 1)
    ]  # fmt: skip
    drawing = etree.fromstring(plan_svg("Order O-1, revision 1: Open", steps))
    texts = [node.text for node in drawing.iter("{*}text")]
    for number, state in enumerate(STATES, 1):
        assert f"O-1-{number}: {state}" in texts
    assert texts.count("1 DSL Line, 2, 3 and 1 more") == len(STATES)
    assert texts.count("waits for O-1-1 (Port Assigned),") == len(STATES) - 1
    assert drawing.find("{*}title").text == "Order O-1, revision 1: Open"
    assert "O-1-1: Build by Network <&>, at once" in drawing.find("{*}desc").text
    boxes = [(int(box.get("x")), int(box.get("y"))) for box in drawing.iter("{*}rect")]
    assert len(set(boxes)) == len(boxes)


def test_the_command_writes_the_drawing_into_a_file(plans, command, tmp_path):
    plans.order()
    command("workflow", "plan", f"order={NUMBER}", "--svg", "plan.svg")
    assert etree.parse(tmp_path / "plan.svg").getroot().tag.endswith("svg")
