"""A run calls business service methods by name, and records its reads."""

from __future__ import annotations

import dataclasses

import pytest

from hub.services import Service
from hub.services.object_memory import ObjectNotSaved
from hub.workflow_manager.origin import Origin
from hub.workflow_manager.recorded_reads import read_recording
from hub.workflow_manager.run import ArgumentNotHandedIn, ServiceUnregistered
from integration_objects.complex_object import message
from integration_objects.property_set import PropertySet


@pytest.fixture
def run(road):
    with road.open_hub.write() as transaction:
        yield transaction.run(Origin("test", "local", "1"))


def account(key: str) -> PropertySet:
    return message("Account", [PropertySet("Account", properties={"Account Id": key})])


def test_a_workflow_saves_objects_under_keys_and_gets_copies_of_them_by_name(run):
    tree = account("A")
    run.call("Save Object", "account", tree)
    tree.children.clear()
    assert run.call("Get Object", "account") == account("A")
    run.call("Save Object", key="account", object=account("B"))
    assert run.call("Get Object", key="account") == account("B")


def test_a_reset_forgets_all_saved_objects(run):
    run.call("Save Object", "account", account("A"))
    run.call("Reset")
    with pytest.raises(ObjectNotSaved):
        run.call("Get Object", "account")


def test_a_run_sees_no_objects_that_another_run_has_saved(run, road):
    run.call("Save Object", "account", account("A"))
    with road.open_hub.read() as transaction, pytest.raises(ObjectNotSaved):
        transaction.run(Origin("test", "local", "2")).call("Get Object", "account")


def test_maps_of_outbound_messages_read_the_runs_clock_which_is_recorded(run):
    times = {run.effects.clock(), run.effects.clock(), run.now()}
    assert len(times) == 1
    assert [entry for entry in run.record if entry[0] == "now"] == [["now", *times]]


def test_a_method_that_nobody_registered_is_answered_with_the_nearest_name(run):
    with pytest.raises(ServiceUnregistered) as error:
        run.call("Save Objekt", "account", account("A"))
    assert error.value.mend == "did you mean 'Save Object'?"


def test_an_argument_that_a_run_does_not_have_must_be_given_by_the_workflow(run):
    service = Service("Licensed", lambda licence: licence, "")
    run.runtime = dataclasses.replace(run.runtime, services={**run.runtime.services, "Licensed": service})
    with pytest.raises(ArgumentNotHandedIn, match="'licence'"):
        run.call("Licensed")
    assert run.call("Licensed", licence="mine") == "mine"


def test_the_recording_has_each_question_with_its_answer_in_order(run):
    moment = run.now()
    key = run.new_id()
    run.query("Account", {"Account Id": "none"})
    number = run.next_number("Order Number")
    assert read_recording(run.recording())["entries"] == [
        ["now", moment],
        ["id", key],
        [
            "object",
            "Account",
            {"Account Id": "none"},
            [[0, "", "", {"Is Empty": "Y", "OutputIntObjectName": "Account"}]],
        ],
        ["number", "Order Number", number],
    ]
