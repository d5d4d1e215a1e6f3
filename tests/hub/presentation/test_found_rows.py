"""The rows that a workflow finds: fallout as blocks, a projected state without what is there already."""

from __future__ import annotations

from hub.presentation.addresses import row_address_ids
from hub.presentation.found_rows import rows_text
from hub.presentation.report import error_text, report_lines
from hub.workflow_manager.outcome import Note
from integration_objects.complex_object import message
from integration_objects.errors import Refused
from tests.trees import item, node

ENTRY = {
    "entry": "E1",
    "cause": "Lines Failed",
    "account": "1-A",
    "order": "O-1",
    "status": "Failed",
    "lines": "Local Line 0140 (L1) Failed; Caller Id (C1) Failed",
    "reason": "no free port",
    "can be done": "fallout-retry, revise, fallout-close",
    "since": "2026-11-29T08:00:00Z",
    "resolution": None,
}


def test_fallout_is_written_as_blocks_with_the_commands_that_end_it():
    assert rows_text("fallout-list", [ENTRY]) == (
        "Lines Failed: entry E1\n"
        "  since:    2026-11-29T08:00:00Z\n"
        "  account:  1-A\n"
        "  order:    O-1 (Failed)\n"
        "  lines:    Local Line 0140 (L1) Failed\n"
        "            Caller Id (C1) Failed\n"
        "  reason:   no free port\n"
        "  next:     orderhub workflow fallout-retry entry=E1\n"
        "            orderhub workflow revise order=O-1\n"
        "            orderhub workflow fallout-close entry=E1 resolution=TEXT"
    )
    closed = {**ENTRY, "can be done": "", "resolution": "by hand"}
    text = rows_text("fallout-list", [ENTRY, closed])
    assert "\n\nLines Failed" in text
    assert text.endswith("  ended:    by hand")


def test_keys_within_sentences_are_short():
    failed = "Caller Id (06H2D0Q8W0005T08YN8QDAMM6B) Failed"
    text = rows_text("fallout-list", [{**ENTRY, "lines": failed, "reason": f"{failed}: busy", "entry": "06H2D0VQ34X"}])
    assert "  lines:    Caller Id (DAMM6B) Failed\n  reason:   Caller Id (DAMM6B) Failed: busy\n" in text


def test_keys_of_the_shown_lines_are_short_in_the_report_and_others_stay_whole():
    key, other = "06H2D0Q8W0005T08YN8QDAMM6B", "06H2D0Q8W0005T08YN9QDAMM6C"
    shown = message("OM Quote", [node("Quote", item(key, line_number="1"))])
    notes = [Note("broken rule", f"Line '{key}' needs a number", key), Note("fallout", f"the entry {other} was raised")]
    assert report_lines(notes, [shown]) == [
        "broken rule: (line 1): Line 'DAMM6B' needs a number",
        f"fallout: the entry {other} was raised",
    ]


def test_an_error_has_short_keys_but_for_those_that_were_typed():
    key, other = "06H2D0Q8W0005T08YN8QDAMM6B", "06H2D0Q8W0005T08YN9QDAMM6C"
    error = Refused(f"line {key} is gone", why=f"{other} took it on 2026-11-29T13:39:26.132000Z")
    assert error_text(error, [f"x/{other}"]) == f"line DAMM6B is gone\n  why:   {other} took it on 2026-11-29T13:39:26Z"


def value(item: str, field: str, value: str, order: str | None, product: str = "Local Line") -> dict[str, str | None]:
    return {"product": product, "item": item, "attribute": None, "field": field, "value": value, "order": order}


def test_values_of_the_present_profile_are_counted_and_not_listed():
    rows = [value(f"L{number}", "Product Id", "Local Line", None) for number in range(300)]
    rows.append(value("L1", "Service Id", "0141", "O-1"))
    assert rows_text("projected-state", rows) == (
        "product     item  attribute  field       value  order\n"
        "Local Line  L1               Service Id  0141   O-1\n"
        "300 values are as in the present service profile (--all shows them)"
    )
    assert len(rows_text("projected-state", rows, whole=True).splitlines()) == 302
    assert rows_text("projected-state", rows[:1]) == (
        "1 values are as in the present service profile (--all shows them)"
    )


def test_addresses_are_read_as_street_and_city():
    addresses = {"PR-HOME": "8 Cedar Lane, Spokane (PR-HOME)"}
    rows = [value("L1", "Service Address Id", "PR-HOME", "O-1"), value("L1", "Service Id", "PR-HOME", "O-1")]
    assert rows_text("projected-state", rows, addresses=addresses).splitlines()[1:] == [
        "Local Line  L1               Service Address Id  8 Cedar Lane, Spokane (PR-HOME)  O-1",
        "Local Line  L1               Service Id          PR-HOME                          O-1",
    ]
    found = [{"found": "account", "address": "PR-HOME"}, {"found": "account", "address": None}]
    assert rows_text("find", found, addresses=addresses).splitlines()[1:] == [
        "account  8 Cedar Lane, Spokane (PR-HOME)",
        "account",
    ]
    reason = "the order O-1 sets its Service Address Id PR-HOME; 0140 isn't there"
    assert "sets its Service Address Id 8 Cedar Lane, Spokane (PR-HOME)\n" in rows_text(
        "fallout-list", [{**ENTRY, "reason": reason}], addresses=addresses
    )
    assert row_address_ids([*rows, *found, {"reason": reason.replace("HOME", "WORK")}]) == {"PR-HOME", "PR-WORK"}


def test_items_that_an_order_adds_are_counted_by_product_and_what_a_later_order_changes_on_them_is_listed():
    rows = [
        value(f"N{number}", field, "x", "O-1", product)
        for number, product in enumerate(["Local Line"] * 60 + ["Caller Id"] * 60)
        for field in ("Product Id", "Status", "Quantity")
    ]
    rows.append(value("N1", "Service Id", "0141", "O-2"))
    rows.append(value("M1", "Product Id", "ISDN Line", "O-2", "ISDN Line"))
    assert rows_text("projected-state", rows) == (
        "product     item  attribute  field       value  order\n"
        "Local Line  N1               Service Id  0141   O-2\n"
        "the order O-1 adds 60 Local Line, 60 Caller Id\n"
        "the order O-2 adds 1 ISDN Line"
    )


def test_the_rows_of_any_other_workflow_are_a_table():
    assert rows_text("own", [{"a": "1", "b": None}]) == "a  b\n1"


def test_equal_notes_are_written_once_and_items_have_the_names_that_people_use():
    lines = [
        item("K-1", line_number="1", product_id="Bundle"),
        item("K-2", line_number="2", product_id="Local Line", service_id="0140"),
        item("K-LONG-KEY", product_id="Caller Id"),
    ]
    shown = message("OM Quote", [node("Quote", *lines)])
    notes = [
        Note("price", "5.99 -> 4.99 USD", "K-2", "Local Line"),
        Note("price", "5.99 -> 4.99 USD", "K-9", "Local Line"),
        Note("moved", "elsewhere", "K-1", "Bundle"),
        Note("moved", "elsewhere", "K-2", "Local Line"),
        Note("moved", "elsewhere", "K-LONG-KEY", "Caller Id"),
        Note("ignored", "it isn't there", "K-8"),
        Note("gone", "the order O-1 takes it away", "06H2D0Q8W0005T08YN8QDAMM6B", "Caller Id"),
        Note("total", "quote Q-1: 5.99 USD"),
    ]
    assert report_lines(notes, [shown]) == [
        "price: Local Line: 5.99 -> 4.99 USD (2 times)",
        "moved: Bundle (line 1): elsewhere",
        "moved: Local Line 0140: elsewhere",
        "moved: Caller Id NG-KEY: elsewhere",
        "ignored: K-8: it isn't there",
        "gone: Caller Id DAMM6B: the order O-1 takes it away",
        "total: quote Q-1: 5.99 USD",
    ]


def test_events_are_a_table_of_the_columns_that_have_values():
    event = {"time": "2026-01-01T00:00:40.000000Z", "event": "Fallout", "message": None}
    rows = [{**event, "detail": "Caller Id (06H2D0Q8W0005T08YN8QDAMM6B) failed"}, {**event, "detail": None}]
    assert rows_text("order-activity", rows) == (
        "time                  event    detail\n"
        "2026-01-01T00:00:40Z  Fallout  Caller Id (DAMM6B) failed\n"
        "2026-01-01T00:00:40Z  Fallout"
    )
