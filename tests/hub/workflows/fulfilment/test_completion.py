"""Completed lines that had to wait for another order: each fallout entry tells what became of its own lines."""

from __future__ import annotations

from integration_objects.complex_object import items_of
from integration_objects.names import KEY
from tests.road import mainframe_line, mainframe_order, provisioning_status

FIRST = mainframe_line(1, "A", "LCLLN001", ref="L")
SECOND = mainframe_line(2, "A", "LCLLN001", ref="M")


def key_of(road, number: str, reference: str) -> str:
    [stored] = road.stored("OM Order", Order_Number=number, Active_Flag="Y")
    [key] = [item.get(KEY) for item in items_of(stored) if (item.get("Source Reference") or "").endswith(reference)]
    return key or ""


def test_one_lost_line_says_nothing_of_the_lines_of_other_entries(road):
    road.work(mainframe_order("1", FIRST, SECOND))
    features = [
        mainframe_line(number, "N", "LCLLN001", ref=above, quantity=None)
        + mainframe_line(number + 1, "A", "CALID001", parent=number, ref=reference)
        for number, above, reference in ((1, "L", "C"), (3, "M", "D"))
    ]
    shown = road.work(mainframe_order("2", *features))
    assert shown["state"] == "done", shown["error"]
    keys = {name: key_of(road, "O-0000002", name) for name in ("C", "D")}
    line = key_of(road, "O-0000001", "L")
    for name in ("C", "D"):
        road.work(provisioning_status("O-0000002-1", [(keys[name], "COMPLETED")]), "provisioning_status")
    # The first order drops the second line: nothing brings the service of D any more.
    assert road.work(mainframe_order("1", FIRST, revision=2))["state"] == "done"
    road.work(provisioning_status("O-0000001-1", [(line, "COMPLETED")], revision=2), "provisioning_status")
    resolved = {
        tuple(sorted(entry["lines"])): entry["resolution"]
        for entry in road.fallout("Resolved")
        if entry["cause"] == "Waits For Another Order"
    }
    assert resolved == {
        (keys["C"],): "the lines are in the service profile now",
        tuple(sorted(keys.values())): "the service profile can't take the lines any more: see Ignored by Apply",
    }
