"""Every bad input gets one precise answer, the hub goes on, and nothing of it is stored half."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from schemas.check import parse
from tests.road import mainframe_line, mainframe_order, provisioning_status, sample, work_order_lines

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<ORDERS><ORDER><ORD-NO>&b;</ORD-NO></ORDER></ORDERS>"
)
EXTERNAL = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><ORDERS>&e;</ORDERS>'


def cases():
    line, order = mainframe_line, mainframe_order
    return {
        "not well-formed": ("<ORDERS><ORDER></ORDERS>", "invalid", "NotWellFormed"),
        "empty": ("", "invalid", "NotWellFormed"),
        "against the XSD": (order("1", line(1, "X", "LCLLN001")), "invalid", "AgainstSchema"),
        "a quantity of -1": (order("1", line(1, "A", "LCLLN001", quantity="-1")), "invalid", "AgainstSchema"),
        "a quantity of ten": (order("1", line(1, "A", "LCLLN001", quantity="ten")), "invalid", "AgainstSchema"),
        "an entity bomb": (BOMB, "invalid", "ForbiddenXml"),
        "an external entity": (EXTERNAL, "invalid", "ForbiddenXml"),
        "10,000 levels": ("<a>" * 10_000 + "</a>" * 10_000, "invalid", "LimitExceeded"),
        "an unknown product code": (order("1", line(1, "A", "XXXXX999")), "rejected", "NotInLookup"),
        "a product that isn't loaded": (order("1", line(1, "A", "CABTV001")), "rejected", "ProductUnknown"),
        "an unknown account": (order("1", line(1, "A", "LCLLN001"), customer="999"), "rejected", "AccountUnknown"),
        "a parent that isn't there": (order("1", line(1, "A", "LCLLN001", parent=9)), "rejected", "ParentMissing"),
        "its own ancestor": (
            order("1", line(1, "A", "LCLLN001", parent=2), line(2, "A", "CALID001", parent=1)),
            "rejected",
            "OwnAncestor",
        ),
        "two lines with one number": (
            order("1", line(1, "A", "LCLLN001"), line(1, "A", "LCLLN001")),
            "rejected",
            "RowKeyTwice",
        ),
        "two lines with one reference": (
            order("1", line(1, "A", "LCLLN001", ref="L"), line(2, "A", "LCLLN001", ref="L")),
            "rejected",
            "LineKeyTwice",
        ),
        "an update of a service that isn't there": (
            order("1", line(1, "C", "LCLLN001", ref="GONE")),
            "rejected",
            "ServiceUnknown",
        ),
    }


@pytest.mark.parametrize("name", list(cases()))
def test_bad_input_is_refused_answered_kept_and_forgotten_by_the_database(road, name):
    xml, state, reason = cases()[name]
    with road.open_hub.read() as transaction:
        before = transaction.store.query("Account", {"Account Id": "1-B"})
    shown = road.work(xml)
    assert (shown["state"], shown["reason"]) == (state, reason)
    error = shown["error"]
    assert error["what"]
    assert error["where"]
    assert error["mend"]
    # one dead letter with its reason, one answer
    [dead] = road.left("mainframe_order.dead-letter")
    assert dead.message.body == xml.encode()
    assert dead.message.headers["x-orderhub-reason"] == reason
    [answer] = [parse(row.message.body) for row in road.left("mainframe.answers")]
    assert answer.findtext("STATE") == {"invalid": "INV", "rejected": "REJ"}[state]
    assert answer.findtext("ERR/REASON") == reason
    # nothing of it is stored, nothing leaves
    assert road.stored("OM Order") == []
    assert road.left("provisioning.work_orders") == []
    with road.open_hub.read() as transaction:
        assert transaction.store.query("Account", {"Account Id": "1-B"}) == before
        assert transaction.messages.keys.find("MAINFRAME", "1-B", ["L", "1-1", "1-2"]) == {}
    # the hub goes on
    assert road.work(sample("order-1-new-service.xml"))["state"] == "done"
    with road.open_hub.read() as transaction:  # and no number was used up
        assert road.stored("OM Order", Order_Number="O-0000001")


def test_a_whole_refusal_reads_what_where_why_and_mend(road):
    shown = road.work(mainframe_order("1", mainframe_line(1, "C", "LCLLN001", ref="GONE")))
    assert {name: shown["error"][name] for name in ("what", "where", "why", "mend")} == {
        "what": "the line GONE has the action Update, but there is no such service",
        "where": "message MF-1-1, line GONE, Source Reference",
        "why": "the account 1-B neither has nor has ordered a service that MAINFRAME calls 'GONE', "
        "and it is no Integration Id of the account",
        "mend": "send the reference under which the service was added, or the Integration Id of the reply; "
        "a new service has the action Add",
    }


def test_100_megabytes_are_kept_as_size_digest_and_beginning(road):
    body = b"<ORDERS>" + b" " * (100 * 1024 * 1024)
    shown = road.work(body)
    assert (shown["state"], shown["reason"], shown["size"]) == ("invalid", "LimitExceeded", len(body))
    with road.open_hub.read() as transaction:
        row = transaction.messages.inbox.row(shown["id"])
    assert row is not None
    assert row.body == body[:65_536]


def test_the_same_message_twice_is_worked_once_and_answered_twice(road):
    xml = sample("order-1-new-service.xml")
    first = road.send(xml)
    again = road.send(xml)
    assert again == first
    road.run()
    assert road.send(xml) == first
    road.run()
    assert road.shown(first)["repeats"] == 2
    assert len(road.stored("OM Order", Account_Id="1-B")) == 1
    answers = road.left("mainframe.answers")
    assert len({(row.message.message_id, row.message.body) for row in answers}) == 1
    assert len(answers) == 2  # the repeat before the first answer has it in common with the first


def test_the_same_id_with_another_body_is_refused(road):
    road.work(mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="L"), message="SAME"))
    shown = road.work(mainframe_order("2", mainframe_line(1, "A", "LCLLN001", ref="M"), message="SAME"))
    assert (shown["state"], shown["reason"]) == ("rejected", "MessageIdReused")
    assert shown["identity"].startswith("SAME#")
    [dead] = road.left("mainframe_order.dead-letter")
    assert dead.message.headers["x-orderhub-reason"] == "MessageIdReused"
    assert len(road.stored("OM Order", Account_Id="1-B")) == 1


def test_an_add_of_what_is_there_is_refused_with_a_list(road):
    road.work(mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="L")))
    shown = road.work(mainframe_order("2", mainframe_line(1, "A", "LCLLN001", ref="L")))
    assert (shown["state"], shown["reason"]) == ("rejected", "OrderDoesNotApply")
    assert shown["error"]["why"].startswith("line L (Add): ")


def test_a_status_for_an_unknown_work_order_is_refused(road):
    shown = road.work(provisioning_status("O-7-1", [("A", "COMPLETED")]), "provisioning_status")
    assert (shown["state"], shown["reason"]) == ("rejected", "WorkOrderUnknown")


def test_a_status_that_comes_before_its_order_waits_for_it(road):
    early = road.send(
        provisioning_status("", [("NOBODY", "COMPLETED")], source=("MAINFRAME", "21")), "provisioning_status"
    )
    road.run()
    assert (road.shown(early)["state"], road.shown(early)["waits_for"]) == ("parked", "order MAINFRAME/21")
    road.work(mainframe_order("21", mainframe_line(1, "A", "LCLLN001", ref="L")))
    assert road.shown(early)["reason"] == "LineNotAsked"  # released, and then judged


def test_a_status_that_comes_twice_or_late_does_no_harm(road):
    road.work(mainframe_order("22", mainframe_line(1, "A", "LCLLN001", ref="L")))
    [work_order] = road.work_orders()
    [line] = work_order_lines(work_order)
    key, number = line.get("integrationId"), work_order.get("number")
    done = [(key, "COMPLETED")]
    assert road.work(provisioning_status(number, done), "provisioning_status", "S1")["state"] == "done"
    assert road.work(provisioning_status(number, done), "provisioning_status", "S1")["repeats"] == 1
    assert road.work(provisioning_status(number, done), "provisioning_status", "S2")["state"] == "filtered"
    late = provisioning_status(number, [(key, "FAILED")], time="2026-01-01T00:00:00Z")
    assert road.work(late, "provisioning_status", "S3")["state"] == "filtered"
    after = provisioning_status(number, [(key, "FAILED")], time="2026-03-01T00:00:00Z")
    shown = road.work(after, "provisioning_status", "S4")
    assert (shown["state"], shown["reason"]) == ("rejected", "StatusChangeRefused")
    assert road.profile() == {"Local Line": "Active"}


def test_a_status_that_was_out_of_date_never_undoes_a_newer_order(road):
    """A second status for the first order, after a second order has changed the service."""
    road.work(
        mainframe_order(
            "23",
            mainframe_line(1, "A", "LCLLN001", ref="L", more="<PHONE>111</PHONE>"),
            mainframe_line(2, "A", "ISDNL001", ref="I"),
        )
    )
    [first] = road.work_orders()
    keys = [one.get("integrationId") for one in work_order_lines(first)]
    road.work(provisioning_status(first.get("number"), [(keys[0], "COMPLETED")]), "provisioning_status")
    road.work(
        mainframe_order("24", mainframe_line(1, "C", "LCLLN001", ref="L", quantity=None, more="<PHONE>222</PHONE>"))
    )
    road.complete(road.work_orders()[0], time="2026-02-02T10:00:00Z")
    road.work(
        provisioning_status(first.get("number"), [(keys[1], "COMPLETED")], time="2026-02-03T10:00:00Z"),
        "provisioning_status",
    )
    [asset] = road.stored("OM Asset", Account_Id="1-B")
    assert {item.get("Product Id"): item.get("Service Id") for item in asset.children[0].children} == {
        "Local Line": "222",
        "ISDN Line": None,
    }


def test_an_object_that_nobody_takes_is_refused_at_the_hubs_own_door(road):
    quote = "<Quote><QuoteNumber>Q</QuoteNumber></Quote>"
    xml = f'<Message IntObjectName="OM Quote"><ListOfOMQuote>{quote}</ListOfOMQuote></Message>'
    shown = road.work(xml, "hub_object", "M1")
    assert (shown["state"], shown["reason"]) == ("rejected", "ObjectNotTaken")


def test_a_refused_message_leaves_one_line_in_the_log_without_its_values(road):
    with capture_logs() as lines:
        road.work(mainframe_order("1", mainframe_line(1, "A", "LCLLN001"), customer="987654"), id="M-1")
    [line] = [line for line in lines if line["event"] == "message refused"]
    assert line.pop("message")
    assert line == {
        "event": "message refused",
        "log_level": "warning",
        "route": "mainframe_order",
        "message_id": "M-1",
        "reason": "AccountUnknown",
    }
