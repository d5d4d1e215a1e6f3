"""Charges of lines that never came into the service profile are reversed, once."""

from __future__ import annotations

import pytest

from hub.workflows.orders.compensation import NothingAbove
from hub.workflows.orders.fallout import FalloutResolved
from hub.workflows.orders.reversal import NothingToReverse
from integration_objects.complex_object import walk_items
from schemas.check import parse
from tests.hub.workflows.fulfilment.test_due_lines import LINE as LINE_PRODUCT
from tests.hub.workflows.fulfilment.test_due_lines import answer as finish
from tests.hub.workflows.fulfilment.test_due_lines import disconnect, package
from tests.road import mainframe_line, mainframe_order, provisioning_status, work_order_lines

LINE = mainframe_line(1, "A", "LCLLN001", ref="L")
FEATURE = mainframe_line(2, "A", "CALID001", parent=1, ref="C")


def ordered(road, number, *lines):
    """Take in an order; the keys of its lines by product."""
    road.work(mainframe_order(number, *lines))
    [work_order] = road.work_orders()
    return {line.get("product"): line.get("integrationId") for line in work_order_lines(work_order)}


def answer(road, number, revision=None, time="2026-02-01T10:00:00Z", **codes):
    """Answer lines by their keys."""
    pairs = list(codes.items())
    body = provisioning_status(f"O-000000{number}-1", pairs, revision=revision, time=time)
    assert road.work(body, "provisioning_status")["state"] == "done"


def charges(road):
    """Take what billing was told: event, and action, product, price, reversed action and day of each charge."""
    found = []
    for row in road.take("billing.events"):
        event = parse(row.message.body)
        for charge in event.iter("{*}Charge"):
            names = ("Action", "ProductId", "Price", "ReversedAction", "ReversedDate")
            found.append((event.findtext("{*}EventType"), *(charge.findtext(f"{{*}}{name}") for name in names)))
    return found


def listed(road):
    return {row["cause"]: row for row in road.ask("fallout-list").rows}


@pytest.fixture
def below_failed(road):
    """A feature was provisioned and billed, and the line above it failed."""
    keys = ordered(road, "1", LINE, FEATURE)
    answer(road, 1, **{keys["Caller Id"]: "COMPLETED", keys["Local Line"]: "FAILED"})
    return road, keys


def test_a_feature_whose_line_never_came_is_reversed_in_billing(below_failed):
    road, keys = below_failed
    [[event, action, product, *_]] = charges(road)
    assert (event, action, product) == ("LinesCompleted", "Start", "Caller Id")
    row = listed(road)["Completed Below Failed"]
    assert row["reason"] == (
        f"a line above these lines failed; provisioned, and not in the service profile: Caller Id ({keys['Caller Id']})"
    )
    assert row["can be done"] == "fallout-retry, fallout-amend, fallout-undo, fallout-reverse, fallout-close"
    outcome = road.ask("fallout-reverse", entry=row["entry"])
    [note] = outcome.notes
    assert str(note).startswith(f"reversed: Caller Id {keys['Caller Id']}: the charge")
    assert charges(road) == [("LinesReversed", "Reverse", "Caller Id", None, "Start", "2026-02-01T10:00:00Z")]
    # The failed line is still to be dealt with.
    assert list(listed(road)) == ["Lines Failed"]
    assert listed(road)["Lines Failed"]["can be done"] == "fallout-retry, fallout-amend, fallout-close"


def test_a_charge_is_reversed_once(below_failed):
    road, _ = below_failed
    entries = listed(road)
    road.ask("fallout-reverse", entry=entries["Completed Below Failed"]["entry"])
    with pytest.raises(FalloutResolved):
        road.ask("fallout-reverse", entry=entries["Completed Below Failed"]["entry"])
    with pytest.raises(NothingToReverse) as refused:
        road.ask("fallout-reverse", entry=entries["Lines Failed"]["entry"])
    assert refused.value.why == "each of its lines is in the service profile, wasn't billed, or is reversed already"
    assert len(charges(road)) == 2


def test_a_reversed_line_is_not_brought_by_a_retry_of_the_line_above_it(below_failed):
    road, keys = below_failed
    entries = listed(road)
    road.ask("fallout-reverse", entry=entries["Completed Below Failed"]["entry"])
    road.ask("fallout-retry", entry=entries["Lines Failed"]["entry"])
    charges(road)
    answer(road, 1, revision=2, time="2026-02-02T10:00:00Z", **{keys["Local Line"]: "COMPLETED"})
    assert road.profile() == {"Local Line": "Active"}
    assert [charge[1:3] for charge in charges(road)] == [("Start", "Local Line")]
    assert road.fallout() == []
    [order] = road.stored("OM Order", Order_Number="O-0000001")
    [feature] = [item for item, _ in walk_items(order) if item.get("Product Id") == "Caller Id"]
    assert feature.get("Status Reason").startswith("its charge was reversed by hub on 2026-02-01T10:")


def test_lines_that_were_taken_away_beneath_a_rejected_one_are_still_in_the_profile(road):
    keys = ordered(road, "1", LINE, FEATURE)
    answer(road, 1, **dict.fromkeys(keys.values(), "COMPLETED"))
    ordered(road, "2", mainframe_line(1, "D", "LCLLN001", ref="L"))
    charges(road)
    answer(road, 2, time="2026-02-03T10:00:00Z", **{keys["Caller Id"]: "COMPLETED", keys["Local Line"]: "REJECTED"})
    assert road.profile() == {"Local Line": "Active", "Local Line / Caller Id": "Active"}
    row = listed(road)["Completed Below Failed"]
    assert row["reason"] == (
        "a line above these lines failed; taken away, and still in the service profile: "
        f"Caller Id ({keys['Caller Id']})"
    )
    road.ask("fallout-reverse", entry=row["entry"])
    assert charges(road) == [
        ("LinesCompleted", "Stop", "Caller Id", None, None, None),
        ("LinesReversed", "Reverse", "Caller Id", None, "Stop", "2026-02-03T10:00:00Z"),
    ]


def test_a_feature_beneath_a_cancelled_line_is_reversed(road):
    """The first order was cancelled, and the feature that was built on it was provisioned all the same."""
    ordered(road, "1", LINE)
    feature = ordered(road, "2", mainframe_line(1, "N", "LCLLN001", ref="L"), FEATURE)["Caller Id"]
    road.ask("cancel-order", order="O-0000001")
    answer(road, 2, **{feature: "COMPLETED"})
    row = listed(road)["Ignored by Apply"]
    assert row["can be done"] == "fallout-undo, fallout-reverse, fallout-close"
    charges(road)
    road.ask("fallout-reverse", entry=row["entry"])
    assert charges(road) == [("LinesReversed", "Reverse", "Caller Id", None, "Start", "2026-02-01T10:00:00Z")]
    assert "Ignored by Apply" not in listed(road)


def test_the_fee_of_a_service_that_never_came_is_reversed(road):
    keys = ordered(road, "1", LINE, mainframe_line(2, "A", "INSTL001", parent=1, ref="I"))
    answer(road, 1, **{keys["Installation"]: "COMPLETED", keys["Local Line"]: "FAILED"})
    assert [charge[1:3] for charge in charges(road)] == [("Start", "Installation")]
    [entry] = road.fallout()
    assert entry["cause"] == "Lines Failed"
    road.ask("fallout-reverse", entry=entry["row_id"])
    assert [charge[:3] for charge in charges(road)] == [("LinesReversed", "Reverse", "Installation")]
    # A correction of a charge that is undone is no news for billing.
    day = {"lines": keys["Installation"], "completed": "2026-01-31"}
    road.ask("order-synchronization", work_order="O-0000001-1", status="Complete", **day)
    assert charges(road) == []


def test_other_entries_have_no_charge_to_reverse(road):
    keys = ordered(road, "1", LINE)
    answer(road, 1, **{keys["Local Line"]: "FAILED"})
    [entry] = road.fallout()
    with pytest.raises(NothingToReverse):
        road.ask("fallout-reverse", entry=entry["row_id"])


def taken_away(road):
    """A feature was taken away beneath a line whose removal was rejected; its key."""
    keys = ordered(road, "1", LINE, FEATURE)
    answer(road, 1, **dict.fromkeys(keys.values(), "COMPLETED"))
    ordered(road, "2", mainframe_line(1, "D", "LCLLN001", ref="L"))
    answer(road, 2, time="2026-02-03T10:00:00Z", **{keys["Caller Id"]: "COMPLETED", keys["Local Line"]: "REJECTED"})
    charges(road)
    return keys["Caller Id"]


def test_what_was_taken_away_can_be_taken_out_of_the_profile(road):
    taken_away(road)
    row = listed(road)["Completed Below Failed"]
    assert row["can be done"] == "fallout-retry, fallout-amend, fallout-keep, fallout-reverse, fallout-close"
    road.ask("fallout-keep", entry=row["entry"])
    assert road.profile() == {"Local Line": "Active", "Local Line / Caller Id": "Inactive"}
    assert charges(road) == []  # billing has stopped already
    assert list(listed(road)) == ["Lines Failed"]
    assert listed(road)["Lines Failed"]["can be done"] == "fallout-retry, fallout-amend, fallout-close"


def test_a_feature_without_its_line_is_taken_away_again_and_not_charged(below_failed):
    road, keys = below_failed
    charges(road)
    entry = listed(road)["Completed Below Failed"]["entry"]
    with pytest.raises(NothingAbove):
        road.ask("fallout-keep", entry=entry)
    road.ask("fallout-undo", entry=entry)
    [work_order] = road.work_orders()
    [line] = [line for line in work_order_lines(work_order) if line.get("action") != "none"]
    assert (line.get("integrationId"), line.get("action")) == (keys["Caller Id"], "remove")
    assert [charge[:3] for charge in charges(road)] == [("LinesReversed", "Reverse", "Caller Id")]
    assert road.complete(work_order)["state"] == "done"
    assert (charges(road), road.profile(), list(listed(road))) == ([], {}, ["Lines Failed"])


def test_a_feature_beneath_a_cancelled_line_is_taken_away_again(road):
    ordered(road, "1", LINE)
    feature = ordered(road, "2", mainframe_line(1, "N", "LCLLN001", ref="L"), FEATURE)["Caller Id"]
    road.ask("cancel-order", order="O-0000001")
    answer(road, 2, **{feature: "COMPLETED"})
    charges(road)
    road.work_orders()
    road.ask("fallout-undo", entry=listed(road)["Ignored by Apply"]["entry"])
    [work_order] = road.work_orders()
    assert [line.get("action") for line in work_order_lines(work_order)] == ["remove"]
    assert [charge[1] for charge in charges(road)] == ["Reverse"]


def held(care):
    """A package whose line provisioning didn't take away, after it had taken the features away; the order's entry."""
    finish(care, package(care))
    number = disconnect(care)
    finish(care, number, "Caller Id", "Call Forwarding")
    finish(care, number, LINE_PRODUCT, status="Rejected")
    charges(care.road)
    (row,) = care("fallout-list").rows
    assert row["cause"] == "Removal Held By Failed Lines"
    return row


def test_features_of_a_package_that_stays_are_taken_out_of_the_profile(any_care):
    care = any_care
    row = held(care)
    assert row["can be done"] == "fallout-retry, fallout-amend, fallout-keep, fallout-reverse, fallout-close"
    care("fallout-keep", entry=row["entry"])
    assert list(care.road.profile().values()) == ["Active", "Active", "Inactive", "Inactive"]
    assert charges(care.road) == []
    (row,) = care("fallout-list").rows
    assert row["can be done"] == "fallout-retry, fallout-amend, fallout-close"
    care("fallout-retry", entry=row["entry"])
    care.provision()
    assert set(care.road.profile().values()) == {"Inactive"}


def test_features_of_a_package_that_stays_are_charged_again(any_care):
    care = any_care
    care("fallout-reverse", entry=held(care)["entry"])
    assert [charge[1:3] + charge[4:5] for charge in charges(care.road)] == [
        ("Reverse", "Caller Id", "Stop"),
        ("Reverse", "Call Forwarding", "Stop"),
    ]
    assert set(care.road.profile().values()) == {"Active"}


def test_the_records_have_the_word_and_the_day(below_failed):
    road, _ = below_failed
    road.take("billing.records")
    road.ask("fallout-reverse", entry=listed(road)["Completed Below Failed"]["entry"])
    [row] = road.take("billing.records")
    header, detail, trailer = row.message.body.decode("iso-8859-1").splitlines()
    assert {len(record) for record in (header, detail, trailer)} == {500}
    assert header[129:193].strip() == "Lines Reversed"
    assert detail[171:177].strip() == "Add"
    assert detail[432:447] == "Reverse20260201"


def test_a_list_without_entries_says_so(road):
    assert road.ask("fallout-list").why == "nothing has fallen out"
    assert road.ask("fallout-list", order="O-1").why == "nothing of the order O-1 has fallen out"
    assert road.ask("fallout-list", resolved="Y").why == "no fallout entry is resolved"
