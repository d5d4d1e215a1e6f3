"""Callback requests: asked for, due by the contact's hours, taken, postponed, missed, done, cancelled, received."""

from __future__ import annotations

import pytest

from hub.workflows.support.callback_time import NotInOrder
from hub.workflows.support.callbacks import CallbackTaken, NobodyToCall
from integration_objects.complex_object import components
from tests.customer_care import the
from tests.road import sample

MONDAY = "2026-02-02T18:00:00Z"


def history(record):
    return [
        (entry.get("Event"), entry.get("Actor"), entry.get("Old Status"), entry.get("New Status"), entry.get("Text"))
        for entry in components(record, "Support Event")
    ]


def test_a_callback_is_asked_for_taken_and_done(office):
    office.road.set_clock(MONDAY)
    asked = the(office("request-callback", name="Maria Lopez", account="2-LB", topic="Voice mail", by="maria"))
    assert asked.get("Callback Number") == "CB-0000001"
    # The default's desk calls within 240 minutes of its hours: from 10:00 to 14:00 in Los Angeles.
    assert (asked.get("Due Date") or "")[:16] == "2026-02-02T22:00"
    assert (asked.get("Contact Rule"), asked.get("Phone Number")) == ("Default", "5095550140")
    (row,) = office("callbacks").rows
    assert (row["number"], row["status"], row["overdue"], row["account"]) == ("CB-0000001", "Open", "N", "2-LB")
    assert the(office("take-callback", callback="CB-0000001", by="ann")).get("Owner") == "ann"
    done = the(office("callback-done", callback="CB-0000001", outcome=" She found the switch. ", by="ann"))
    assert (done.get("Status"), done.get("Outcome")) == ("Done", "She found the switch.")
    assert history(done) == [
        ("Asked", "maria", None, "Open", None),
        ("Taken", "ann", "Open", "Taken", None),
        ("Done", "ann", "Taken", "Done", "She found the switch."),
    ]
    assert office("callbacks").rows == ()
    assert [row["number"] for row in office("callbacks", status="Done").rows] == ["CB-0000001"]


def test_who_is_not_reached_is_tried_again_and_who_is_late_is_seen(desk):
    desk.road.set_clock("2026-02-03T01:30:00Z")  # 17:30 in Los Angeles
    asked = the(desk("request-callback", name="X", phone="1", product="Local Line"))
    # Half an hour is left of the line desk's day: the other ninety minutes are tomorrow's.
    assert (asked.get("Due Date") or "")[:16] == "2026-02-03T17:30"
    number = asked.get("Callback Number")
    desk.road.set_clock("2026-02-03T18:00:00Z")
    assert [row["overdue"] for row in desk("callbacks", overdue="Y").rows] == ["Y"]
    missed = the(desk("callback-not-reached", callback=number, text="no answer"))
    assert (missed.get("Status"), missed.get("Tries")) == ("Postponed", "1")
    assert (missed.get("Due Date") or "")[:16] == "2026-02-03T19:00"
    assert desk("callbacks", overdue="Y").rows == ()
    desk("callback-not-reached", callback=number, again="2026-02-04T17:00:00Z")
    later = the(desk("postpone-callback", callback=number, until="2026-02-05", reason="on Thursday"))
    assert (later.get("Tries"), later.get("Due Date")) == ("2", "2026-02-05T00:00:00.000000Z")
    cancelled = the(desk("cancel-callback", callback=number, reason="solved"))
    assert cancelled.get("Status") == "Cancelled"
    events = ["Asked", "Not Reached", "Not Reached", "Postponed", "Cancelled"]
    assert [event for event, *_ in history(cancelled)] == events


def test_a_callback_is_due_when_it_is_convenient(desk):
    desk.road.set_clock(MONDAY)
    about = {"name": "X", "phone": "1"}
    late = the(desk("request-callback", earliest="2026-02-04T16:00:00Z", **about))
    assert (late.get("Due Date") or "")[:16] == "2026-02-04T20:00"
    soon = the(desk("request-callback", latest="2026-02-02T19:00:00Z", **about))
    assert (soon.get("Due Date") or "")[:16] == "2026-02-02T19:00"
    for wrong in ({"latest": "2026-02-01"}, {"earliest": "2026-02-05", "latest": "2026-02-04"}):
        with pytest.raises(NotInOrder):
            desk("request-callback", **wrong, **about)


def test_one_person_calls(desk):
    number = the(desk("request-callback", name="X", phone="1")).get("Callback Number")
    desk("take-callback", callback=number, by="ann")
    with pytest.raises(CallbackTaken) as refused:
        desk("take-callback", callback=number, by="bob")
    assert refused.value.why == "ann has it"
    taken = the(desk("take-callback", callback=number, by="bob", take_over="Y"))
    assert taken.get("Owner") == "bob"
    assert history(taken)[-1] == ("Taken", "bob", "Taken", "Taken", "over from ann")


@pytest.mark.parametrize(
    ("workflow", "arguments"),
    [
        ("take-callback", {}),
        ("postpone-callback", {"until": "2030-01-01"}),
        ("callback-not-reached", {}),
        ("callback-done", {"outcome": "again"}),
        ("cancel-callback", {}),
    ],
)
def test_nothing_follows_when_a_callback_is_over(desk, workflow, arguments):
    number = the(desk("request-callback", name="X", phone="1")).get("Callback Number")
    desk("callback-done", callback=number, outcome="said")
    told = desk.refused(workflow, callback=number, **arguments)
    assert f"the callback request {number} can't" in told
    assert "its status is Done, which is final" in told


def test_callbacks_that_cannot_be_made_are_refused(desk):
    assert "there is no callback request 'CB-9'" in desk.refused("take-callback", callback="CB-9")
    assert "the argument 'name' says nothing" in desk.refused("request-callback", name=" ", phone="1")
    with pytest.raises(NobodyToCall):
        desk("request-callback", name="X")
    with pytest.raises(NobodyToCall):
        desk("request-callback", name="X", account="2-EN")
    order = desk.road.work(sample("order-1-new-service.xml")) and "O-0000001"
    about = the(desk("request-callback", name="X", phone="1", order=order))
    assert about.get("Account Id") == "1-B"
    assert "the order O-0000001 isn't the account's" in desk.refused(
        "request-callback", name="X", phone="1", order=order, account="2-LB"
    )


def test_without_contact_rules_a_callback_is_due_by_the_clock(care):
    care.road.set_clock(MONDAY)
    asked = the(care("request-callback", name="X", phone="1"))
    assert ((asked.get("Due Date") or "")[:16], asked.get("Contact Rule")) == ("2026-02-02T22:00", None)


def test_a_message_brings_a_callback_and_changes_it_by_allowed_ways_only(office):
    def sent(fields):
        return office.road.work(
            '<Message IntObjectName="Callback Request"><ListOfCallbackRequest><CallbackRequest>'
            f"{fields}</CallbackRequest></ListOfCallbackRequest></Message>",
            "hub_object",
        )

    assert sent("<CallerName>X</CallerName><PhoneNumber>1</PhoneNumber><AccountId>2-LB</AccountId>")["state"] == "done"
    (stored,) = office.road.stored("Callback Request")
    assert stored.get("Callback Number") == "CB-0000001"
    assert stored.get("Due Date") is not None
    assert history(stored) == [("Received", "local", None, "Open", None)]
    number = "<CallbackNumber>CB-0000001</CallbackNumber>"
    assert sent(f"{number}<Status>Done</Status><Outcome>called</Outcome>")["state"] == "done"
    refused = sent(f"{number}<Status>Open</Status>")
    assert (refused["state"], refused["reason"]) == ("rejected", "StatusChangeRefused")
    (stored,) = office.road.stored("Callback Request")
    assert stored.get("Closed Date") is not None
    assert history(stored)[1:] == [("Changed", "local", "Open", "Done", "Outcome")]
    # The history is the hub's own.
    event = (
        "<ListOfSupportEvent><SupportEvent><Sequence>9</Sequence><Event>Lie</Event></SupportEvent></ListOfSupportEvent>"
    )
    assert sent(f"{number}<Topic>T</Topic>{event}")["state"] == "done"
    assert [event for event, *_ in history(office.road.stored("Callback Request")[0])] == [
        "Received",
        "Changed",
        "Changed",
    ]


def test_the_sample_is_loaded_once(desk):
    assert desk.road.load(sample("callback_requests.xml")) == ["inserted Callback Request CB-1"]
    assert desk.road.load(sample("callback_requests.xml")) == ["unchanged Callback Request CB-1"]
    assert [row["found"] for row in desk("find", text="cb-1").rows] == ["callback"]
