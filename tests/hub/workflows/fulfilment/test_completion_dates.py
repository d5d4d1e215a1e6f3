"""Days of completion: not in the future, not before the order was made, no end of a service before its start."""

from __future__ import annotations

import pytest

from hub.workflows.fulfilment.completion_dates import CompletedBeforeOrder, CompletedInFuture, EndedBeforeStart
from integration_objects.complex_object import items_of
from integration_objects.names import KEY
from tests.hub.workflows.fulfilment.test_facts import asset, line_of, status
from tests.road import Road, mainframe_line, mainframe_order

#: the day on which the tests' clock begins
TODAY = "2026-01-01"


def ordered_in(folder, **settings) -> Road:
    road = Road(folder, **settings).load_samples()
    road.work(mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="L")))
    return road


@pytest.fixture
def ordered(tmp_path):
    road = ordered_in(tmp_path)
    yield road
    road.close()


def complete(road, completed=None, work_order="O-0000001-1"):
    return road.ask("order-synchronization", work_order=work_order, status="Complete", completed=completed)


def test_a_completion_in_the_future_is_refused(ordered):
    with pytest.raises(CompletedInFuture) as refused:
        complete(ordered, "2030-01-01")
    key = line_of(ordered).get(KEY)
    assert refused.value.what == "Local Line can't have been completed on 2030-01-01"
    assert refused.value.where == f"order O-0000001, line {key}"
    assert refused.value.why.startswith("that is in the future: it is 2026-01-01T00:")
    assert line_of(ordered).get("Status") == "Open"


def test_a_completion_before_the_order_was_made_is_refused(ordered):
    with pytest.raises(CompletedBeforeOrder) as refused:
        complete(ordered, "2019-05-05")
    assert refused.value.why.startswith("the order was made later, on 2026-01-01T00:00:")
    assert complete(ordered).state == "done"
    with pytest.raises(CompletedBeforeOrder):  # a correction is proven likewise
        complete(ordered, "2025-12-30")
    with pytest.raises(CompletedInFuture):
        complete(ordered, "2026-01-02")


@pytest.mark.parametrize("completed", [TODAY, "2026-01-01T00:04:00Z", "2025-12-31T23:58:00Z"])
def test_the_day_of_the_order_is_right_and_clocks_may_differ(ordered, completed):
    assert complete(ordered, completed).state == "done"
    assert line_of(ordered).get("Completed Date") == completed


def test_a_day_is_a_day_of_the_deployments_zone(tmp_path):
    """The clock says midnight in UTC: in New York the day before has five hours left."""
    road = ordered_in(tmp_path, time_zone="America/New_York")
    with pytest.raises(CompletedInFuture):
        complete(road, "2026-01-01")
    assert complete(road, "2025-12-31").state == "done"
    road.close()


def test_an_answer_of_provisioning_is_proven_too(ordered):
    # The time of a status is the day of completion where the status has no other.
    assert status(ordered, "COMPLETED", "03T10:00", completedDate="2026-02-04") == "rejected"
    assert status(ordered, "COMPLETED", "03T10:00", completedDate="2025-11-30") == "rejected"
    assert status(ordered, "COMPLETED", "03T10:00", completedDate="2026-02-03") == "done"


def test_a_service_does_not_end_before_it_began(ordered):
    complete(ordered)
    ordered.set_clock("2026-03-01T12:00:00Z")
    complete(ordered, "2026-02-20")
    assert asset(ordered).get("Effective Start Date") == "2026-02-20"
    ordered.set_clock("2026-03-01T13:00:00Z")
    ordered.work(mainframe_order("2", mainframe_line(1, "D", "LCLLN001", ref="L")))
    key = asset(ordered).get(KEY)
    # Loaded: provisioning's later word about the beginning.
    ordered.load(
        '<Message IntObjectName="OM Asset"><ListOfOMAsset><Asset><AccountId>1-B</AccountId><ListOfLineItem><LineItem>'
        f"<IntegrationId>{key}</IntegrationId><ProductId>Local Line</ProductId><TrackAsAsset>Y</TrackAsAsset>"
        "<EffectiveStartDate>2027-01-01</EffectiveStartDate></LineItem></ListOfLineItem></Asset></ListOfOMAsset></Message>"
    )
    with pytest.raises(EndedBeforeStart) as refused:
        complete(ordered, "2026-03-01", work_order="O-0000002-1")
    assert refused.value.why == "it began later, on 2027-01-01"
    assert refused.value.what == "Local Line can't have ended on 2026-03-01"


def test_a_corrected_day_does_not_turn_a_service_around(ordered):
    ordered.work(mainframe_order("2", mainframe_line(1, "D", "LCLLN001", ref="L")))
    ordered.set_clock("2026-03-01T12:00:00Z")
    complete(ordered, "2026-02-05")
    complete(ordered, "2026-02-10", work_order="O-0000002-1")
    complete(ordered, "2026-02-09", work_order="O-0000002-1")
    assert asset(ordered).get("Effective End Date") == "2026-02-09"
    with pytest.raises(EndedBeforeStart):
        complete(ordered, "2026-02-04", work_order="O-0000002-1")


def test_an_end_before_the_start_that_nobody_could_refuse_falls_out(tmp_path):
    """The Delete was answered before the Add, and each says another day."""
    road = ordered_in(tmp_path)
    road.work(mainframe_order("2", mainframe_line(1, "D", "LCLLN001", ref="L")))
    road.set_clock("2026-03-10T12:00:00Z")
    complete(road, "2026-03-05", work_order="O-0000002-1")
    complete(road, "2026-03-07")
    [ended] = items_of(road.stored("OM Asset", Account_Id="1-B")[0])
    assert (ended.get("Status"), ended.get("Effective End Date")) == ("Inactive", "2026-03-07")
    [entry] = road.fallout()
    assert (entry["cause"], entry["order_number"]) == ("Ended Before Its Start", "O-0000002")
    assert entry["reason"] == (
        "Local Line ended on 2026-03-05, and began on 2026-03-07: the service profile has the start as the end"
    )
    road.close()
