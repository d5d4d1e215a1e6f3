"""Random rules, random answers in random turn: every work order is sent once, after all that it waits for."""

from __future__ import annotations

import random

import pytest

from hub.workflows.fulfilment.waits import OpenWaits
from hub.workflows.state.task_progress import has_reached
from integration_objects.complex_object import ComplexObject, items_of
from tests.hub.workflows.fulfilment.plans import NUMBER, Plans
from tests.road import Road, mainframe_line

PRODUCTS = {"ISDN Line": "ISDNL001", "Local Line": "LCLLN001", "Calling Card": "CALCD001"}


def random_rules(chance: random.Random) -> list[str]:
    """A rule for each product, whose tasks wait for tasks before them and for products before theirs."""
    texts = []
    for place, product in enumerate(PRODUCTS):
        tasks = []
        for number in range(chance.randint(1, 3)):
            milestone = chance.choice(["", ", milestone: Half"])
            after = [f"{{task: T{earlier}{milestone}}}" for earlier in range(number) if chance.random() < 0.7]
            after += [
                f"{{lines: order, products: [{other}]}}" for other in list(PRODUCTS)[:place] if chance.random() < 0.5
            ]
            system, one_for = chance.choice(["Network", "Access"]), chance.choice(["order", "service item", "line"])
            tasks.append(f"{{task: T{number}, system: {system}, one for: {one_for}, after: [{', '.join(after)}]}}")
        texts.append(f"decomposition rule: {product}\nproducts: [{product}]\ntasks: [{', '.join(tasks)}]\n")
    return texts


def play(plans: Plans, chance: random.Random, failures: float) -> None:
    """Order some lines, and answer work orders at random until nothing is at work; prove each sending on the way."""
    plans.declare(*random_rules(chance))
    codes = [chance.choice(list(PRODUCTS.values())) for _ in range(chance.randint(1, 5))]
    plans.order(*(mainframe_line(number, "A", code, ref=f"R{number}") for number, code in enumerate(codes, 1)))
    sent: list[str] = []
    for day in range(1, 200):
        for text in plans.left():
            number, revision = text.split()[:2]
            assert revision == "1"
            prove_turn(plans, number)
            sent.append(number)
        at_work = [number for number, status in plans.stored().items() if status == "Open"]
        if not at_work:
            break
        count = int(chance.choice(sorted(at_work)).rpartition("-")[2])
        told = chance.random()
        moment = f"2026-0{2 + day // 28}-{1 + day % 28:02}T10:00:00Z"
        if told < 0.25:
            plans.answer(count, "INPROGRESS", time=moment, milestone="Half")
        else:
            plans.answer(count, "FAILED" if told < 0.25 + failures else "COMPLETED", time=moment)
    assert len(set(sent)) == len(sent)
    statuses = plans.stored()
    assert {number for number, status in statuses.items() if status in ("Complete", "Failed")} == set(sent)
    if failures == 0:
        assert set(statuses.values()) == {"Complete"}
        assert plans.order_status() == "Complete"
    elif plans.order_status() == "Open":
        # Work that waits for a failed line is a person's affair.
        assert "Work Held By Failed Lines" in plans.fallout()
        assert "Waiting" in statuses.values()


def prove_turn(plans: Plans, number: str) -> None:
    """Prove that all that a work order waited for was over when it was sent."""
    [work_order] = plans.road.stored("OM Work Order", Work_Order_Number=number)
    [order] = plans.road.stored("OM Order", Order_Number=NUMBER, Active_Flag="Y")
    lines = ComplexObject(order)
    own = {line.get("Integration Id") for line in items_of(work_order)}
    done = {
        (line.get("Integration Id"), other.get("Task"))
        for other in plans.road.stored("OM Work Order", Order_Number=NUMBER)
        for line in items_of(other)
        if line.get("Status") == "Complete"
    }
    for wait in OpenWaits(lines).all(work_order.get("Waits")):
        item = lines.keyed[wait.line]
        # A line that has failed by another task was left out when the work order was sent.
        is_left_out = item.get("Status") == "Failed" and wait.line not in own
        has_passed = wait.milestone is not None and has_reached(item, wait.task or "", wait.milestone)
        assert (wait.line, wait.task) in done or has_passed or is_left_out


def play_one(road: Road, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # repeatable on purpose
    play(Plans(road.load_samples()), chance, failures=0.0 if seed % 2 else 0.2)
    road.close()


@pytest.mark.parametrize("seed", range(6))
def test_every_work_order_is_sent_once_and_in_its_turn(tmp_path, seed):
    play_one(Road(tmp_path), seed)


@pytest.mark.parametrize("seed", range(100, 102))
def test_likewise_on_postgresql(tmp_path, postgresql_database, seed):
    play_one(Road(tmp_path, database_url=postgresql_database._url.render_as_string(hide_password=False)), seed)
