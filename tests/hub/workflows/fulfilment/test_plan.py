"""Plans: the work orders of an order, their lines, and the things that each waits for; pure functions."""

from __future__ import annotations

import importlib.resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.workflow_manager.decomposition_rule import LINES, ONE_FOR, read_decomposition_rules
from hub.workflows.fulfilment.plan import (
    NoDecompositionRule,
    PlanInCircle,
    TaskWithoutSystem,
    assign_tasks,
    plan_work_orders,
    tasks_of,
)
from hub.workflows.fulfilment.unprovided_lines import Clock
from hub.workflows.fulfilment.waits import OpenWaits, Wait, WaitForAll, write_waits
from hub.workflows.state.task_progress import set_task
from integration_objects.complex_object import ComplexObject, items_of
from integration_objects.declaration import Source
from integration_objects.definition import shipped_definitions
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet
from tests.trees import instance, item

NOW = Clock("2026-03-10T12:00:00.000000Z")
SHIPPED = [
    (importlib.resources.files("hub") / "decomposition" / name).read_text()
    for name in ("1_by_the_product.yaml", "2_by_itself.yaml")
]
BROADBAND = """\
decomposition rule: Broadband
products: [DSL Line]
tasks:
  - {task: Build, system: Network}
  - {task: Configure, system: Access, after: [{task: Build}]}
"""


def line(key: str, product: str, *children: PropertySet, action: str = "Add", status: str = "Open", **named):
    return item(key, *children, product_id=product, action=action, status=status, **named)


def rules(*texts: str):
    sources = [Source(f"{number}.yaml", text) for number, text in enumerate([*texts, *SHIPPED])]
    return read_decomposition_rules(sources, shipped_definitions())


def planned(*roots: PropertySet, rules_of=None, due: str | None = None, **further) -> list[str]:
    """The plan, a line each: system, task, unit, keys, and what it waits for."""
    rules_of = rules_of or rules()
    order = instance("Order", roots, order_number="O-1", due_date=due)
    assign_tasks(order, rules_of)
    told = []
    kept = OpenWaits(ComplexObject(order))
    for work_order in plan_work_orders(order, tasks_of(order, rules_of), NOW, **further):
        unit = f" for {work_order.unit}" if work_order.unit else ""
        waits = [
            f"{wait.line}.{wait.task or wait.needs}" + (f"@{wait.milestone}" if wait.milestone else "")
            for wait in kept.all(write_waits(work_order.waits))
        ]
        start = [f"day {work_order.start[:10]}"] if work_order.start else []
        after = f" after {', '.join([*waits, *start])}" if waits or start else ""
        told.append(f"{work_order.system} {work_order.task}{unit}: {','.join(map(key, work_order.lines))}{after}")
    return told


def key(node: PropertySet) -> str:
    return node.get(KEY) or ""


def test_by_the_shipped_rules_each_system_gets_one_work_order_with_all_its_lines():
    """A line without a system of its own goes to that of the nearest line above."""
    assert planned(
        line("1", "Bundle", line("2", "Local Line", line("3", "Caller Id"), fulfilment_system="Switch")),
        line("4", "Internet", fulfilment_system="Data"),
        line("5", "Local Line", fulfilment_system="Switch"),
        line("6", "Local Line", fulfilment_system="Switch", status="Complete"),
        line("7", "Local Line", fulfilment_system="Switch", action="-"),
    ) == ["Switch Provide: 2,3,5", "Data Provide: 4"]


def test_one_line_may_be_worked_on_by_several_systems_one_after_the_other():
    assert planned(line("1", "DSL Line"), line("2", "DSL Line"), rules_of=rules(BROADBAND)) == [
        "Network Build: 1,2",
        "Access Configure: 1,2 after 1.Build, 2.Build",
    ]


def test_lines_of_several_products_share_a_work_order_by_the_name_of_the_task():
    other = "decomposition rule: ISDN\nproducts: [ISDN Line]\ntasks: [{task: Build, system: Network}]\n"
    assert planned(line("1", "DSL Line"), line("2", "ISDN Line"), rules_of=rules(BROADBAND, other)) == [
        "Network Build: 1,2",
        "Access Configure: 1 after 1.Build",
    ]


@pytest.mark.parametrize(
    ("one_for", "expected"),
    [
        ("line", ["Network Build for 1: 1", "Network Build for 2: 2", "Network Build for 3: 3"]),
        ("service item", ["Network Build for 1: 1,2", "Network Build for 3: 3"]),
        ("order", ["Network Build: 1,2,3"]),
    ],
)
def test_a_work_order_is_for_the_order_or_for_a_service_item_or_for_a_line(one_for, expected):
    rule = f"decomposition rule: All\ntasks: [{{task: Build, system: Network, one for: {one_for}}}]\n"
    assert planned(line("1", "A", line("2", "B")), line("3", "A"), rules_of=rules(rule)) == expected


def test_a_line_without_its_data_waits_by_itself_while_the_others_go_on():
    rule = "decomposition rule: All\ntasks: [{task: Bill, system: Rating, needs: [Service Id]}]\n"
    lines = (line("1", "A", service_id="555"), line("2", "A"), line("3", "A"))
    assert planned(*lines, rules_of=rules(rule)) == [
        "Rating Bill: 1",
        "Rating Bill for 2: 2 after 2.Service Id",
        "Rating Bill for 3: 3 after 3.Service Id",
    ]
    assert planned(line("1", "A"), rules_of=rules(rule))[0].endswith("after 1.Service Id")


def test_a_wait_for_a_service_id_is_over_when_the_network_has_one():
    item_of = line("1", "A")
    view, wait = ComplexObject(instance("Order", (item_of,))), Wait("1", needs="Service Id")
    assert not wait.is_over(view)
    assert wait.is_over(view, {id(view.items[0])})


def test_a_task_starts_some_days_before_the_due_date_of_its_lines():
    rule = "decomposition rule: All\ntasks: [{task: Send, system: Crew, days before due: 3}]\n"
    lines = (line("1", "A", due_date="2026-03-20"), line("2", "A", due_date="2026-03-12"), line("3", "A"))
    assert planned(*lines, rules_of=rules(rule), due="2026-04-04") == [
        "Crew Send: 1 after day 2026-03-17",
        "Crew Send: 2",
        "Crew Send: 3 after day 2026-04-01",
    ]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("{lines: beneath}", "after 3.Provide"),
        ("{lines: above}", "after 1.Provide"),
        ("{lines: service item}", "after 1.Provide, 3.Provide, 4.Provide"),
        ("{lines: order}", "after 1.Provide, 3.Provide, 4.Provide, 5.Provide"),
        ("{lines: order, products: [Modem]}", "after 4.Provide, 5.Provide"),
        ("{lines: order, task: Provide, products: [Cable]}", "after 3.Provide"),
        ("{lines: order, task: Other}", ""),
    ],
)
def test_a_task_waits_for_other_lines(after, expected):
    rule = f"decomposition rule: DSL\nproducts: [DSL Line]\ntasks: [{{task: Test, system: T, after: [{after}]}}]\n"
    named = {"fulfilment_system": "Switch"}
    plan = planned(
        line("1", "Bundle", line("2", "DSL Line", line("3", "Cable")), line("4", "Modem"), **named),
        line("5", "Modem", **named),
        rules_of=rules(rule),
    )
    assert plan[-1] == f"T Test: 2 {expected}".strip()


def test_a_milestone_that_was_reached_is_not_waited_for():
    rule = BROADBAND.replace("{task: Build}", "{task: Build, milestone: Port Assigned}")
    assert planned(line("1", "DSL Line"), rules_of=rules(rule))[1] == (
        "Access Configure: 1 after 1.Build@Port Assigned"
    )
    built = line("1", "DSL Line")
    set_task(built, "Build", milestone="Port Assigned")
    set_task(built, "Build", milestone="Cable Laid")
    assert planned(built, rules_of=rules(rule))[1] == "Access Configure: 1"


def test_a_completed_task_is_neither_planned_again_nor_waited_for():
    built = line("1", "DSL Line")
    set_task(built, "Build", status="Complete")
    assert planned(built, rules_of=rules(BROADBAND)) == ["Access Configure: 1"]


def test_products_come_after_others_and_are_removed_the_other_way_round():
    after = {"Voice Mail": [("Local Line", None)], "Fax": [("Local Line", "Dial Tone")]}
    named = {"fulfilment_system": "Switch"}
    added = (line("1", "Voice Mail", line("2", "Local Line", **named), line("3", "Fax", **named), **named),)
    assert planned(*added, after_products=after) == [
        "Switch Provide: 2",
        "Switch Provide: 1 after 2.Provide",
        "Switch Provide: 3 after 2.Provide@Dial Tone",
    ]
    removed = (line("1", "Voice Mail", line("2", "Local Line", action="Delete", **named), action="Delete", **named),)
    assert planned(*removed, after_products=after) == ["Switch Provide: 1", "Switch Provide: 2 after 1.Provide"]
    changed = (line("1", "Voice Mail", line("2", "Local Line", action="Delete", **named), **named),)
    assert planned(*changed, after_products=after) == ["Switch Provide: 1,2"]


def test_lines_that_wait_for_each_other_are_refused_by_name():
    with pytest.raises(PlanInCircle) as refused:
        planned(
            line("1", "A", line("2", "B", fulfilment_system="S"), fulfilment_system="S"),
            after_products={"A": [("B", None)], "B": [("A", "x")]},
        )
    assert str(refused.value) == (
        "the work on the order O-1 can't be planned: tasks wait for each other\n"
        "  where: order O-1\n"
        "  why:   Provide of A (1) waits for Provide of B (2) waits for Provide of A (1)\n"
        "  mend:  take one of these waits out of the decomposition rules, or out of the products (Provided After)"
    )


def test_a_line_that_no_rule_takes_is_refused():
    only = read_decomposition_rules([Source("a.yaml", BROADBAND)], shipped_definitions())
    with pytest.raises(NoDecompositionRule) as refused:
        planned(line("1", "DSL Line"), line("2", "Modem", line_number="2"), rules_of=only)
    assert str(refused.value) == (
        "no decomposition rule takes the line Modem (2)\n"
        "  where: order O-1, line 2 (Modem)\n"
        "  why:   its action is Add, its product Modem, its fulfilment system none\n"
        "  mend:  declare a rule that takes it in hub/decomposition/"
    )


def test_a_task_that_nobody_does_is_refused():
    rule = "decomposition rule: All\ntasks: [{task: Build}]\n"
    with pytest.raises(TaskWithoutSystem, match="nobody does the task Build of the line A"):
        planned(line("1", "A"), rules_of=rules(rule))


def test_a_rule_may_say_that_nobody_is_asked_for_a_product_with_a_system():
    rule = "decomposition rule: Covers\nproducts: [Cover]\ntasks: []\n"
    cover = line("1", "Cover", fulfilment_system="Switch")
    assert planned(cover, rules_of=rules(rule)) == []
    assert cover.get("Tasks") == "{}"


def test_waits_are_read_as_they_were_written():
    waits = [Wait("1", "Build", milestone="Port"), Wait("2", needs="Service Id"), Wait("3", "Build")]
    kept = OpenWaits(ComplexObject(instance("Order", ())))
    assert kept.all(write_waits(waits)) == waits
    assert kept.all(write_waits([])) == []


def test_waits_for_all_lines_are_kept_in_a_few_words_and_are_those_of_the_lines_as_they_stand():
    built = """\
decomposition rule: DSL
products: [DSL Line]
tasks:
  - {task: Build, system: Network, one for: line}
  - {task: Test, system: Access, one for: line, after: [{task: Build, lines: order, products: [DSL Line]}]}
"""
    sizes = {}
    for number in (10, 100):
        order = instance("Order", tuple(line(f"K{n}", "DSL Line") for n in range(number)), order_number="O-1")
        assign_tasks(order, rules(built))
        plan = plan_work_orders(order, tasks_of(order, rules(built)), NOW)
        assert [work_order.task for work_order in plan] == ["Build"] * number + ["Test"] * number
        sizes[number] = [write_waits(work_order.waits) for work_order in plan[number:]]
    text = '[{"all": "order", "task": "Build", "products": ["DSL Line"]}]'
    assert {text} == set(sizes[10]) == set(sizes[100])
    view = ComplexObject(order)
    assert len(OpenWaits(view).open(text)) == 100
    set_task(view.items[3], "Build", status="Complete")
    view.items[4].properties["Action Code"] = "-"
    assert {wait.line for wait in OpenWaits(view).open(text)} == {f"K{n}" for n in range(100)} - {"K3", "K4"}


def test_a_wait_for_everything_else_of_a_service_item_leaves_its_own_task_and_other_services_out():
    built = """\
decomposition rule: Test
tasks:
  - {task: Build, system: Network}
  - {task: Test, system: Access, one for: line, after: [{lines: service item}]}
"""
    trees = tuple(line(f"R{n}", "Bundle", line(f"R{n}L", "DSL Line")) for n in range(2))
    order = instance("Order", trees, order_number="O-1")
    assign_tasks(order, rules(built))
    tests = plan_work_orders(order, tasks_of(order, rules(built)), NOW)[1:]
    assert [work_order.waits for work_order in tests] == [
        [WaitForAll(root, but="Test")] for root in ("R0", "R0", "R1", "R1")
    ]
    kept = OpenWaits(ComplexObject(order)).all(write_waits(tests[0].waits))
    assert kept == [Wait("R0", "Build"), Wait("R0L", "Build")]


def test_a_line_that_does_not_name_its_task_is_waited_for_by_itself():
    """Orders that were opened by an older hub have such lines."""
    built = """\
decomposition rule: Modem
products: [Modem]
tasks:
  - {task: Send, system: Store, after: [{task: Provide, lines: order}]}
"""
    order = instance("Order", (line("1", "Modem"), line("2", "A", fulfilment_system="Switch")), order_number="O-1")
    tasks = tasks_of(order, rules(built))
    [_, last] = plan_work_orders(order, tasks, NOW)
    assert last.waits == [Wait("2", "Provide")]
    assign_tasks(order, rules(built))
    [_, last] = plan_work_orders(order, tasks, NOW)
    assert last.waits == [WaitForAll(task="Provide")]


PRODUCTS = ("A", "B", "C", "D")


@st.composite
def forests(draw: st.DrawFn) -> list[PropertySet]:
    """Roots with up to two levels beneath; keys are counted."""
    count = 0

    def some(depth: int) -> list[PropertySet]:
        nonlocal count
        made = []
        for _ in range(draw(st.integers(1 if depth == 0 else 0, 3))):
            count += 1
            name = f"K{count}"
            status = draw(st.sampled_from(["Open", "Open", "Open", "Complete"]))
            below = some(depth + 1) if depth < 2 else []
            made.append(line(name, draw(st.sampled_from(PRODUCTS)), *below, status=status))
        return made

    return some(0)


@st.composite
def rule_sets(draw: st.DrawFn):
    """A rule for each product; tasks wait for tasks of products before theirs, so that no circle is made."""
    texts = []
    for place, product in enumerate(PRODUCTS):
        tasks = []
        for number in range(draw(st.integers(0, 3))):
            after = [f"{{task: T{earlier}}}" for earlier in range(number) if draw(st.booleans())]
            after += [
                f"{{lines: {draw(st.sampled_from(LINES[1:]))}, products: [{other}]}}"
                for other in PRODUCTS[:place]
                if draw(st.booleans())
            ]
            one_for = draw(st.sampled_from(ONE_FOR))
            tasks.append(
                f"{{task: T{number}, system: {draw(st.sampled_from(['X', 'Y']))}, one for: {one_for}, "
                f"after: [{', '.join(after)}]}}"
            )
        texts.append(f"decomposition rule: {product}\nproducts: [{product}]\ntasks: [{', '.join(tasks)}]\n")
    return rules(*texts)


@settings(max_examples=100, deadline=None)
@given(forests(), rule_sets())
def test_every_task_of_every_open_line_is_in_one_work_order_behind_all_that_it_waits_for(roots, rules_of):
    order = instance("Order", tuple(roots), order_number="O-1")
    assign_tasks(order, rules_of)
    tasks = tasks_of(order, rules_of)
    plan = plan_work_orders(order, tasks, NOW)
    wanted = sorted((key(item), task.name) for item in items_of(order) for task in tasks.get(id(item), ()))
    placed = [(key(item), work_order.task) for work_order in plan for item in work_order.lines]
    assert sorted(placed) == wanted
    done: set[tuple[str, str]] = set()
    kept = OpenWaits(ComplexObject(order))
    for work_order in plan:
        waits = kept.open(write_waits(work_order.waits))
        assert all((wait.line, wait.task) in done for wait in waits)
        done |= {(key(item), work_order.task) for item in work_order.lines}
        assert all(
            task.system in (None, work_order.system)
            for item in work_order.lines
            for task in tasks[id(item)]
            if task.name == work_order.task
        )
