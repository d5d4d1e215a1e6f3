"""Facts beside a status: a message that changes any fact changes something, also after completion."""

from __future__ import annotations

import json

import pytest

from integration_objects.complex_object import items_of
from integration_objects.names import KEY
from schemas.check import parse
from tests.road import Road, mainframe_line, mainframe_order


@pytest.fixture
def ordered(road: Road) -> Road:
    road.work(mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="L")))
    return road


def line_of(road, number: str = "O-0000001"):
    [stored] = road.stored("OM Order", Order_Number=number, Active_Flag="Y")
    return next(iter(items_of(stored)))


def status(road, code: str, time: str, work_order: str = "O-0000001-1", **facts: str) -> str:
    """Answer the line; the state of the message."""
    told = "".join(f"<{name}>{text}</{name}>" for name, text in facts.items())
    key = line_of(road).get(KEY)
    xml = (
        f'<workOrderStatus xmlns="urn:orderhub:provisioning:status:1"><workOrderNumber>{work_order}</workOrderNumber>'
        f"<time>2026-02-{time}:00Z</time><line><integrationId>{key}</integrationId><status>{code}</status>{told}</line>"
        "</workOrderStatus>"
    )
    return road.work(xml, "provisioning_status")["state"]


def asset(road):
    [stored] = road.stored("OM Asset", Account_Id="1-B")
    return next(iter(items_of(stored)))


def charges(road):
    found = []
    for row in road.take("billing.events"):
        message = parse(row.message.body)
        for charge in message.iter("{*}Charge"):
            names = ("Action", "ServiceId", "StartDate", "EndDate", "ChangeDate")
            values = {name: charge.findtext(f"{{*}}{name}") for name in names}
            found.append((message.findtext("{*}EventType"), {name: text for name, text in values.items() if text}))
    return found


def changes(road):
    """The rows of the profile's history: old and new values."""
    return [
        (json.loads(row.get("Old Values") or "{}"), json.loads(row.get("New Values") or "{}"))
        for row in road.stored("Service Profile History", Account_Id="1-B")
    ]


def test_a_number_with_an_unchanged_status_is_kept(ordered):
    assert status(ordered, "INPROGRESS", "01T08:00", serviceNumber="5550101") == "done"
    assert (line_of(ordered).get("Status"), line_of(ordered).get("Service Id")) == ("Open", "5550101")
    assert status(ordered, "COMPLETED", "02T08:00") == "done"
    assert asset(ordered).get("Service Id") == "5550101"
    assert charges(ordered)[-1][1]["ServiceId"] == "5550101"


def test_the_same_fact_again_is_filtered(ordered):
    assert status(ordered, "INPROGRESS", "01T08:00", serviceNumber="5550101") == "done"
    assert status(ordered, "ACKNOWLEDGED", "01T09:00", serviceNumber="5550101") == "filtered"
    assert status(ordered, "COMPLETED", "02T08:00", completedDate="2026-02-01") == "done"
    assert status(ordered, "COMPLETED", "03T08:00", completedDate="2026-02-01") == "filtered"
    # Without a date of its own the second message tells no other day, only that it was written later.
    assert status(ordered, "COMPLETED", "04T08:00") == "filtered"


def test_a_reason_with_an_unchanged_status_is_kept(ordered):
    assert status(ordered, "INPROGRESS", "01T08:00", reason="waits for a crew") == "done"
    assert line_of(ordered).get("Status Reason") == "waits for a crew"
    assert status(ordered, "FAILED", "02T08:00") == "done"
    assert line_of(ordered).get("Status Reason") is None
    assert status(ordered, "FAILED", "03T08:00", reason="no port") == "done"
    assert line_of(ordered).get("Status Reason") == "no port"


def test_an_older_message_fills_what_no_newer_one_has_told_and_nothing_else(ordered):
    assert status(ordered, "INPROGRESS", "03T08:00", milestone="Port Assigned") == "done"
    late = {"serviceNumber": "5550101", "milestone": "Acknowledged", "reason": "planned"}
    assert status(ordered, "INPROGRESS", "02T08:00", **late) == "done"
    line = line_of(ordered)
    assert (line.get("Service Id"), line.get("Milestone"), line.get("Status Reason")) == (
        "5550101",
        "Port Assigned",
        None,
    )
    assert status(ordered, "INPROGRESS", "01T08:00", serviceNumber="5550999") == "filtered"


def test_a_corrected_number_reaches_profile_history_and_billing(ordered):
    status(ordered, "COMPLETED", "01T08:00", serviceNumber="5550101")
    charges(ordered)
    ordered.take("billing.records")
    assert status(ordered, "COMPLETED", "02T08:00", serviceNumber="5550102") == "done"
    assert line_of(ordered).get("Service Id") == "5550102"
    assert asset(ordered).get("Service Id") == "5550102"
    assert changes(ordered)[-1] == ({"Service Id": "5550101"}, {"Service Id": "5550102"})
    start = "2026-02-01T08:00:00Z"
    assert charges(ordered) == [
        ("LinesCorrected", {"Action": "Change", "ServiceId": "5550102", "StartDate": start, "ChangeDate": start})
    ]
    [record] = [row.message.body.decode("iso-8859-1") for row in ordered.take("billing.records")]
    assert ("Lines Corrected" in record, "5550102" in record) == (True, True)


def test_a_number_that_comes_after_completion_is_a_correction(ordered):
    status(ordered, "COMPLETED", "01T08:00")
    assert status(ordered, "COMPLETED", "01T08:30", serviceNumber="5550101") == "done"
    assert asset(ordered).get("Service Id") == "5550101"
    assert [kind for kind, _ in charges(ordered)] == ["LinesCompleted", "LinesCorrected"]


def test_a_corrected_day_moves_the_start_and_the_end(ordered):
    status(ordered, "COMPLETED", "03T08:00", completedDate="2026-02-03")
    assert status(ordered, "COMPLETED", "04T08:00", completedDate="2026-02-01") == "done"
    assert asset(ordered).get("Effective Start Date") == "2026-02-01"
    assert charges(ordered)[-1][1]["StartDate"] == "2026-02-01"
    ordered.work(mainframe_order("2", mainframe_line(1, "D", "LCLLN001", ref="L", quantity=None)))
    key = line_of(ordered).get(KEY)
    for day in ("20", "21"):
        xml = (
            '<workOrderStatus xmlns="urn:orderhub:provisioning:status:1"><workOrderNumber>O-0000002-1</workOrderNumber>'
            f"<time>2026-02-{day}T08:00:00Z</time><line><integrationId>{key}</integrationId><status>COMPLETED</status>"
            f"<completedDate>2026-02-{day}</completedDate></line></workOrderStatus>"
        )
        assert ordered.work(xml, "provisioning_status")["state"] == "done"
    assert (asset(ordered).get("Status"), asset(ordered).get("Effective End Date")) == ("Inactive", "2026-02-21")
    assert charges(ordered)[-1] == ("LinesCorrected", {"Action": "Stop", "EndDate": "2026-02-21"})


def test_a_fact_that_a_later_order_has_changed_stays_as_that_order_has_it(ordered):
    status(ordered, "COMPLETED", "01T08:00", serviceNumber="5550101")
    number = "<PHONE>5550200</PHONE>"
    shown = ordered.work(mainframe_order("2", mainframe_line(1, "C", "LCLLN001", ref="L", more=number)))
    assert shown["state"] == "done", shown["error"]
    ordered.complete(ordered.work_orders()[-1])
    charges(ordered)
    assert asset(ordered).get("Service Id") == "5550200"
    assert status(ordered, "COMPLETED", "02T08:00", serviceNumber="5550102") == "done"
    assert (line_of(ordered).get("Service Id"), asset(ordered).get("Service Id")) == ("5550102", "5550200")
    assert charges(ordered) == []


def test_billing_hears_of_a_correction_also_where_another_system_keeps_the_profiles(tmp_path):
    road = Road(tmp_path, service_profile="external").load_samples()
    road.work(mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="L")))
    status(road, "COMPLETED", "01T08:00", serviceNumber="5550101")
    status(road, "COMPLETED", "02T08:00", serviceNumber="5550102")
    assert [kind for kind, _ in charges(road)] == ["LinesCompleted", "LinesCorrected"]
    road.close()


def test_a_milestone_after_completion_is_kept_and_is_no_news_for_billing(ordered):
    status(ordered, "COMPLETED", "01T08:00")
    charges(ordered)
    assert status(ordered, "COMPLETED", "02T08:00", milestone="Papers Filed") == "done"
    assert line_of(ordered).get("Milestone") == "Papers Filed"
    assert charges(ordered) == []
