"""No service is put beneath a suspended one, on a quote, an order or by a sender."""

from __future__ import annotations

import pytest

from hub.workflows.state.quantities import QuantityAboveOne
from hub.workflows.state.suspended import BeneathSuspended
from tests.customer_care import the
from tests.road import mainframe_line, mainframe_order

LINE = mainframe_line(1, "A", "LCLLN001", ref="L")
FEATURE = mainframe_line(2, "A", "CALID001", parent=1, ref="C")
ACCOUNT = "1-B"


@pytest.fixture
def line(care):
    """The key of an account's only line."""
    care.road.work(mainframe_order("1", LINE))
    care.provision()
    return care.profile_root(ACCOUNT).get("Integration Id")


def suspend(care, line):
    care.install(care.place(the(care("suspend", account=ACCOUNT, root=line)).get("Quote Number")))
    assert care.road.profile() == {"Local Line": "Suspended"}


def caller_id(line):
    return [{"request": "add", "product": "Caller Id", "beneath": line}]


def test_a_feature_is_not_put_beneath_a_suspended_line(care, line):
    suspend(care, line)
    told = care.refused("modify", account=ACCOUNT, root=line, requests=caller_id(line)).splitlines()
    assert told[0] == "Caller Id can't be put beneath Local Line"
    assert (
        told[2]
        == f"  why:   Local Line ({line}) is suspended, or will be by then, and what is beneath it rests with it"
    )
    assert told[3].startswith("  mend:  resume it first")
    # Resumed on the same quote, the line takes the feature.
    quote = the(care("resume", account=ACCOUNT, root=line)).get("Quote Number")
    care("edit-quote-line-item", quote=quote, line="1", requests=caller_id(line))
    care.install(care.place(quote))
    assert care.road.profile() == {"Local Line": "Active", "Local Line / Caller Id": "Active"}


def test_a_quote_that_another_order_overtook_with_a_suspension_is_told_and_refused(care, line):
    quote = the(care("modify", account=ACCOUNT, root=line, requests=caller_id(line), session="a")).get("Quote Number")
    suspension = care.place(the(care("suspend", account=ACCOUNT, root=line, session="b")).get("Quote Number"))
    care.submit(suspension)
    notes = [str(note) for note in care("verify", quote=quote).notes]
    assert [note for note in notes if "Caller Id can't be put beneath Local Line" in note] != []
    assert care.refused("quote-to-order", quote=quote).startswith("Caller Id can't be put beneath Local Line")


def test_an_open_order_that_a_suspension_comes_before_is_marked(care, line):
    quote = the(care("modify", account=ACCOUNT, root=line, requests=caller_id(line), session="a")).get("Quote Number")
    suspension = the(care("suspend", account=ACCOUNT, root=line, session="b")).get("Quote Number")
    adding = care.work("quote-to-order", quote=quote, due_date="2026-04-01").get("Order Number")
    care("submit", order=adding)
    suspending = care.work("quote-to-order", quote=suspension, due_date="2026-03-01").get("Order Number")
    care("submit", order=suspending)
    (row,) = care("fallout-list").rows
    assert (row["cause"], row["order"]) == ("Overtaken By Due Date", adding)
    assert row["reason"].endswith("stands beneath Local Line, which is suspended")


def test_a_sender_puts_nothing_beneath_a_suspended_line(care, line):
    suspend(care, line)
    shown = care.road.work(mainframe_order("2", mainframe_line(1, "N", "LCLLN001", ref="L"), FEATURE))
    assert (shown["state"], shown["reason"]) == ("rejected", BeneathSuspended.__name__)


def test_a_sender_makes_no_three_services_of_one(care, line):
    shown = care.road.work(mainframe_order("2", mainframe_line(1, "C", "LCLLN001", ref="L", quantity="3")))
    assert (shown["state"], shown["reason"]) == ("rejected", QuantityAboveOne.__name__)
    shown = care.road.work(mainframe_order("3", mainframe_line(1, "A", "LCLLN001", ref="M", quantity="0")))
    assert (shown["state"], shown["reason"]) == ("rejected", "QuantityZero")
