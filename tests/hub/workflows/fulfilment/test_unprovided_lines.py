"""Lines that no system provides: when they are complete, and from when."""

from __future__ import annotations

import pytest

from hub.workflows.fulfilment.unprovided_lines import Clock, dates_to_come, decide_lines
from integration_objects.complex_object import items_of
from integration_objects.property_set import PropertySet
from tests.trees import instance, item

NOW = "2026-03-10T12:00:00.000000Z"
MADE = "2026-01-01T09:00:00.000000Z"
EARLIER, LATER = "2026-03-01", "2026-04-01"


def line(key: str, *children: PropertySet, status: str = "Open", system: str | None = None, **named: str | None):
    """A line that no system provides; *system*: but this one."""
    return item(key, *children, status=status, fulfilment_system=system, **named)


def provided(key: str, *children: PropertySet, status: str = "Open", **named: str | None):
    return line(key, *children, status=status, system="Provisioning", **named)


def decided(*roots: PropertySet, due: str | None = None, now: str = NOW, zone: str = "UTC") -> dict[str, str]:
    """What was decided, by key: a Completed Date, ``Failed``, or ``kept by`` and keys."""
    order = instance("Order", roots, due_date=due)
    before = [dict(one.properties) for one in items_of(order)]
    decisions = decide_lines(order, Clock(now, MADE, zone))
    assert [dict(one.properties) for one in items_of(order)] == before
    return {
        **{one.get("Integration Id") or "": date for one, date in decisions.completed},
        **{one.get("Integration Id") or "": "Failed" for one in decisions.failed},
        **{
            one.get("Integration Id") or "": "kept by " + ", ".join(str(each.get("Integration Id")) for each in failed)
            for one, failed in decisions.kept
        },
    }


@pytest.mark.parametrize("action", ["Add", "Update", "Delete"])
def test_a_line_by_itself_is_complete_on_its_due_date_and_on_its_orders_and_now_without_any(action):
    assert decided(line("A", action=action)) == {"A": NOW}
    assert decided(line("A", action=action), due=EARLIER) == {"A": EARLIER}
    assert decided(line("A", action=action, due_date=EARLIER), due=LATER) == {"A": EARLIER}
    assert decided(line("A", action=action, due_date=LATER), due=EARLIER) == {}


def test_nothing_is_complete_before_its_order_was_made():
    assert decided(line("A", action="Add", due_date="2020-01-01")) == {"A": MADE}


def test_a_day_begins_at_midnight_of_the_deployments_zone():
    late_in_the_evening = "2026-03-31T22:30:00.000000Z"
    assert decided(line("A", action="Add", due_date=LATER), now=late_in_the_evening) == {}
    assert decided(line("A", action="Add", due_date=LATER), now=late_in_the_evening, zone="Europe/Berlin") == {
        "A": LATER
    }
    assert dates_to_come(instance("Order", (line("A", action="Add"),), due_date=LATER), Clock(NOW)) == [LATER]


def test_an_added_bundle_begins_with_the_first_line_beneath_it():
    waiting = line("A", provided("B", action="Add"), provided("C", action="Add"), action="Add")
    assert decided(waiting) == {}
    begun = provided("B", action="Add", status="Complete", completed_date="2026-03-08T10:00:00Z")
    rest = provided("C", action="Add")
    assert decided(line("A", begun, rest, action="Add")) == {"A": "2026-03-08T10:00:00Z"}
    assert decided(line("A", begun, rest, action="Add"), due=EARLIER) == {"A": "2026-03-08T10:00:00Z"}


def test_a_feature_that_is_complete_beneath_an_open_line_brings_no_bundle():
    feature = provided("C", action="Add", status="Complete", completed_date="2026-03-08T10:00:00Z")
    assert decided(line("A", provided("B", feature, action="Add"), action="Add")) == {}
    assert decided(line("A", provided("B", feature, action="Add", status="Failed"), action="Add")) == {"A": "Failed"}
    done = provided("B", feature, action="Add", status="Complete", completed_date="2026-03-09T10:00:00Z")
    assert decided(line("A", done, action="Add")) == {"A": "2026-03-09T10:00:00Z"}
    kept = provided("B", feature, action="-", status="-")
    assert decided(line("A", kept, action="Add")) == {"A": "2026-03-08T10:00:00Z"}


def test_an_added_bundle_begins_before_its_due_date_with_a_line_that_is_there():
    begun = provided("C", action="Add", status="Complete", completed_date="2026-03-08T10:00:00Z")
    nested = line("B", begun, action="Add", due_date=LATER)
    assert decided(line("A", nested, action="Add"), due=LATER) == {
        "A": "2026-03-08T10:00:00Z",
        "B": "2026-03-08T10:00:00Z",
    }


def test_an_added_bundle_of_which_nothing_comes_fails_with_all_that_no_system_provides():
    lost = [provided("C", action="Add", status="Failed"), provided("D", action="Add", status="Rejected")]
    assert decided(line("A", line("B", action="Add"), *lost, action="Add")) == {"A": "Failed", "B": "Failed"}
    # One of two bundles within: the other one is still to come.
    inner = line("B", provided("C", action="Add", status="Failed"), action="Add")
    assert decided(line("A", inner, provided("D", action="Add"), action="Add")) == {}
    came = provided("D", action="Add", status="Complete", completed_date=EARLIER)
    assert decided(line("A", inner, came, action="Add")) == {"A": EARLIER, "B": "Failed"}


def test_a_cover_that_nobody_installs_begins_with_its_bundle():
    cover, supply = line("B", action="Add"), provided("C", action="Add")
    assert decided(line("A", cover, supply, action="Add")) == {}
    assert decided(
        line("A", cover, provided("C", action="Add", status="Complete", completed_date=EARLIER), action="Add")
    ) == {
        "A": EARLIER,
        "B": EARLIER,
    }
    late = line("B", action="Add", due_date=LATER)
    assert decided(line("A", late, line("D", action="Add"), action="Add")) == {"A": NOW, "D": NOW}
    assert decided(line("A", late, action="Add")) == {}


def test_a_bundle_ends_when_its_last_line_has_ended_and_not_before_its_due_date():
    first = provided("B", action="Delete", status="Complete", completed_date="2026-03-02T10:00:00Z")
    last = provided("C", action="Delete", status="Complete", completed_date="2026-03-05T10:00:00Z")
    assert decided(line("A", first, provided("C", action="Delete"), action="Delete")) == {}
    assert decided(line("A", first, last, action="Delete")) == {"A": "2026-03-05T10:00:00Z"}
    assert decided(line("A", first, last, action="Delete"), due="2026-03-07") == {"A": "2026-03-07"}
    assert decided(line("A", first, last, action="Delete"), due=LATER) == {}
    # A cover ends on its day, whatever becomes of the rest.
    cover = line("D", action="Delete")
    assert decided(line("A", cover, provided("C", action="Delete"), action="Delete"), due=EARLIER) == {"D": EARLIER}


def test_a_line_that_failed_to_end_keeps_its_bundle():
    failed = provided("B", action="Delete", status="Rejected")
    assert decided(line("A", failed, provided("C", action="Delete"), action="Delete")) == {}
    ended = provided("C", action="Delete", status="Complete", completed_date=EARLIER)
    assert decided(line("A", failed, ended, action="Delete"), due=LATER) == {"A": "kept by B"}


def test_a_change_of_a_bundle_waits_for_all_beneath_it_that_the_order_changes():
    untouched = provided("D", action="-", status="-")
    change = line("A", provided("B", action="Update"), untouched, action="Update")
    assert decided(change) == {}
    failed = provided("B", action="Update", status="Failed")
    done = provided("C", action="Add", status="Complete", completed_date="2026-03-09")
    assert decided(line("A", failed, done, untouched, action="Update"), due=EARLIER) == {"A": "2026-03-09"}
    assert decided(line("A", untouched, action="Update"), due=EARLIER) == {"A": EARLIER}


def test_a_service_that_moves_beneath_a_new_bundle_waits_for_the_bundle():
    moved = line("B", action="Update")
    assert decided(line("A", moved, provided("C", action="Add"), action="Add")) == {}
    assert decided(line("A", moved, action="Add")) == {"A": NOW, "B": NOW}
    assert decided(line("A", moved, provided("C", action="Add", status="Failed"), action="Add")) == {
        "A": "Failed",
        "B": "Failed",
    }


def test_what_is_decided_already_stays():
    begun = line("A", provided("B", action="Add"), action="Add", status="Complete", completed_date=EARLIER)
    assert decided(begun, line("C", action="-", status="-"), line("D", action="Add", status="Failed")) == {}
