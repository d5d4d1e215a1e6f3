"""A report can't be misused by the values that it shows."""

from __future__ import annotations

from hub.presentation.feed_report import csv_report, html_report, text_report

REPORT = {
    "feed": "billing",
    "facts": {"number": 7},
    "counts": {"records": 2},
    "error": {},
    "waived checks": ["hash until 2026-12-31: a fault of theirs"],
    "alarms": [],
    "messages": ["1 accepted"],
    "records": [{"position": 2, "key": "<b>", "row_status": "SQL_ERROR", "reason": "@x", "text": None}],
}


def test_text_shows_facts_and_records() -> None:
    assert text_report(REPORT).split("\n") == [
        "feed: billing",
        "number: 7",
        "records: 2",
        "waived checks: hash until 2026-12-31: a fault of theirs",
        "alarms: none",
        "messages: 1 accepted",
        "position  key  row_status  reason  text",
        "2         <b>  SQL_ERROR   @x",
    ]


def test_html_is_escaped_and_csv_defused() -> None:
    assert "<td>&lt;b&gt;</td>" in html_report(REPORT)
    assert csv_report(REPORT).split("\n")[1] == "2,<b>,SQL_ERROR,'@x,"
