"""What an operator looks at: stages, journeys, origins of values, the flow and the alarms."""

from __future__ import annotations

import json

import pytest

from hub.data_manager.inspection.alarms import alarms_of
from hub.data_manager.inspection.journey import journey_of
from hub.data_manager.inspection.stages import stages_of
from hub.data_manager.inspection.why import NothingToTrace, why
from hub.data_manager.status import status_of
from integration_objects.complex_object import object_name
from tests.road import mainframe_line, mainframe_order, sample


def row_of(transaction, id):
    row = transaction.messages.inbox.row(id)
    assert row is not None
    return row


def test_the_stages_of_a_message_are_its_body_its_trees_its_runs_questions_and_what_left(road):
    id = road.send(sample("order-1-new-service.xml"))
    road.run()
    with road.open_hub.read() as transaction:
        stages = stages_of(transaction, row_of(transaction, id), with_body=True)
    assert stages.raw is not None
    assert "<MSG-ID>MF-0001</MSG-ID>" in stages.raw
    assert stages.converted is not None
    assert stages.converted.type == "ORDERS"
    assert stages.mapped is not None
    assert object_name(stages.mapped) == "OM Order"
    assert (stages.fault, stages.map_changed) == (None, False)
    assert {"account", "now", "number", "products"} <= {step.question for step in stages.steps}
    assert {event.get("Event") for event in stages.events} >= {"Made", "Submitted"}
    assert {row["kind"] for row in stages.outbound} == {"outbound", "reply"}


def test_without_the_body_no_content_is_told(road):
    id = road.send(sample("order-1-new-service.xml"))
    road.run()
    with road.open_hub.read() as transaction:
        stages = stages_of(transaction, row_of(transaction, id), with_body=False)
    assert (stages.raw, stages.converted, stages.mapped, stages.steps) == (None, None, None, ())
    assert stages.outbound


@pytest.mark.parametrize(
    ("body", "step", "reason"),
    [(b"<ORDERS>", "check", "NotWellFormed"), (sample("order-3-unknown-product.xml"), "map", "NotInLookup")],
    ids=["no XML", "no such product"],
)
def test_the_stages_of_a_refused_message_end_where_it_failed(road, body, step, reason):
    id = road.send(body)
    road.run()
    with road.open_hub.read() as transaction:
        stages = stages_of(transaction, row_of(transaction, id), with_body=True)
    assert stages.fault is not None
    assert (stages.fault_step, stages.fault["reason"]) == (step, reason)
    assert stages.mapped is None
    assert (stages.converted is None) == (step == "check")


def test_the_command_shows_stages_as_text_and_as_json(road, command):
    id = road.send(sample("order-1-new-service.xml"))
    road.run()
    printed = command("messages", "stages", id).out
    for heading in (
        "== as it came",
        "== converted",
        "== mapped",
        "== the run's questions",
        "== events of orders",
        "== left",
    ):
        assert heading in printed
    told = json.loads(command("messages", "stages", "MF-0001", "--json").out)
    assert told["fault"] is None
    assert told["mapped"].startswith("PropertySet@/")


def test_a_journey_leads_from_the_order_to_the_answers_of_provisioning(road, command):
    id = road.send(sample("order-1-new-service.xml"))
    road.run()
    answer = road.complete()
    with road.open_hub.read() as transaction:
        row = row_of(transaction, answer["id"])
        steps = journey_of(transaction, row.id, row.seq)
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    came = [step for step in steps if step.direction == "in"]
    assert (came[0].id, came[-1].id) == (id, answer["id"])
    # Between the two, the hub's message to itself about the order's due date.
    assert {step.place for step in came[1:-1]} <= {"orderhub.due-lines"}
    assert {step.kind for step in steps if step.because_of == id} >= {"outbound: Provisioning Work Order"}
    assert json.loads(command("messages", "journey", "MF-0001", "--json").out) == [vars(step) for step in steps]


def test_an_answer_that_waits_is_found_by_the_message_that_it_answers(road):
    id = road.send(sample("order-1-new-service.xml"))
    road.run()
    (work_order,) = road.left("provisioning.work_orders")
    waiting = road.send(b"<x/>", "provisioning_status", correlation_id=work_order.message.message_id)
    with road.open_hub.read() as transaction:
        row = row_of(transaction, id)
        steps = journey_of(transaction, row.id, row.seq)
    (answer,) = [step for step in steps if step.id == waiting]
    assert (answer.state, answer.answers) == ("received", work_order.id)


def test_a_value_is_followed_to_the_line_that_it_came_from_and_to_the_runs_answers(road, command):
    id = road.send(sample("order-1-new-service.xml"))
    road.run()
    with road.open_hub.read() as transaction:
        row = row_of(transaction, id)
        (number,) = why(transaction, row, field="Source Order Number").fields
        account = why(transaction, row, "1-B")
        everything = why(transaction, row)
    assert (number.value, number.sources[0].value) == ("450001", "450001")
    assert number.sources[0].line is not None
    assert [step.question for step in account.steps if step.question == "account"] == ["account"]
    assert len(everything.fields) > 10
    printed = command("messages", "why", id, "450001").out
    assert "Source Order Number = '450001'" in printed
    assert "/ORD-NO = '450001'" in printed
    assert "neither the mapped message nor" in command("messages", "why", id, "no such value").err


def test_a_message_of_a_route_that_is_gone_cannot_be_asked_why(road):
    id = road.send(sample("order-1-new-service.xml"))
    with road.open_hub.read() as transaction:
        row = row_of(transaction, id)
        row.route = "gone"
        with pytest.raises(NothingToTrace):
            why(transaction, row)
        assert stages_of(transaction, row, with_body=True).mapped is None


def test_the_flow_counts_by_minute_when_messages_came_and_when_they_ended(road):
    road.send(sample("order-1-new-service.xml"))
    road.run()
    road.send(sample("order-2-change.xml"))
    with road.open_hub.read() as transaction:
        flow = transaction.messages.overview.flow("2026-01-01", "hour")
        assert {(came, ended) for came, ended, _ in flow} == {
            ("2026-01-01T00", None),
            ("2026-01-01T00", "2026-01-01T00"),
        }
        assert sum(number for _, _, number in flow) == transaction.messages.counts().received
        assert transaction.messages.overview.flow("2027-01-01", "minute") == []


def test_each_alarm_names_its_cause_and_where_to_find_it(road):
    road.send(mainframe_order("1", mainframe_line(1, "A", "LCLLN001"), revision=2))
    road.run()
    with road.open_hub.write() as transaction:
        transaction.messages.control.pause("route:hub_object", "paused by an operator")
        transaction.messages.control.count_deliveries("hub_object", 1)
    with road.open_hub.read() as transaction:
        state = status_of(transaction, road.open_hub.deployment)
    alarms = {alarm.kind: alarm for alarm in alarms_of(state)}
    assert [alarm["kind"] for alarm in state["alarms"]] == ["ledger", "component", "parked"]
    assert alarms["component"].sentence == "route:hub_object works no message: paused by an operator"
    assert alarms["parked"].about["route"] == "mainframe_order"
    assert alarms["parked"].about["state"] == "parked"
    assert "the doors counted 2 deliveries" in alarms["ledger"].sentence
