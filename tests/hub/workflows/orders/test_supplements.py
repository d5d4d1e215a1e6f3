"""Revisions of an order: what is complete stays complete, what is told once is told once, no work order is lost."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

from integration_objects.complex_object import line_items, walk_items
from tests.road import mainframe_line, mainframe_order, provisioning_status, work_order_lines


def cards(revision: int, *more: str, quantity: int = 3) -> str:
    """The hub's own XML: an order of calling cards, in a revision of its sender."""
    lines = (
        "<LineItem><SourceReference>C1</SourceReference><ProductId>Calling Card</ProductId><ActionCode>Add</ActionCode>"
        f"<Quantity>{quantity}</Quantity></LineItem>" + "".join(more)
    )
    return (
        '<Message IntObjectName="OM Order"><ListOfOMOrder><Order><SourceSystem>CHANNEL</SourceSystem>'
        f"<SourceOrderNumber>C-1</SourceOrderNumber><SourceRevision>{revision}</SourceRevision><AccountId>1-A</AccountId>"
        f"<ListOfLineItem>{lines}</ListOfLineItem></Order></ListOfOMOrder></Message>"
    )


def keys(road) -> list[str | None]:
    [order] = road.stored("OM Order", Order_Number="O-0000001", Active_Flag="Y")
    return [item.get("Integration Id") for item, _ in walk_items(order)]


@contextlib.contextmanager
def declared_system(road) -> Iterator[None]:
    """Declare, for a test, a system that takes the work orders of 'Data'."""
    systems = road.open_hub.runtime.systems
    provisioning = next(one for one in systems if one.name == "Provisioning")
    systems.append(dataclasses.replace(provisioning, name="Data", for_system="Data", place="data.work_orders"))
    yield
    systems.pop()


def test_copies_of_an_exploded_line_keep_their_keys_through_revisions(road):
    assert road.work(cards(1), "hub_object", "A1")["state"] == "done"
    before = keys(road)
    assert len(set(before)) == 3
    assert road.work(cards(2), "hub_object", "A2")["state"] == "done"
    assert keys(road) == before
    assert road.work(cards(3, quantity=2), "hub_object", "A3")["state"] == "done"
    assert keys(road) == before[:2]


def test_only_the_copy_that_is_complete_stays_complete(road):
    """A revision after one of three was provisioned: the other two are still to be done, and come."""
    road.work(cards(1), "hub_object", "A1")
    [work_order] = road.work_orders()
    first, second, third = [one.get("integrationId") for one in work_order_lines(work_order)]
    road.work(provisioning_status(work_order.get("number"), [(first, "COMPLETED")]), "provisioning_status")
    assert road.work(cards(2), "hub_object", "A2")["state"] == "done"
    [order] = road.stored("OM Order", Order_Number="O-0000001", Active_Flag="Y")
    assert [item.get("Status") for item in line_items(order)] == ["Complete", "Open", "Open"]
    [revised] = road.work_orders()
    assert [(one.get("integrationId"), one.get("action")) for one in work_order_lines(revised)] == [
        (second, "add"),
        (third, "add"),
    ]
    road.complete(revised, time="2026-02-02T10:00:00Z")
    assert list(road.profile("1-A").values()) == ["Active"]  # one path for all three
    [asset] = road.stored("OM Asset", Account_Id="1-A")
    assert len(line_items(asset)) == 3


def test_billing_hears_of_a_one_time_fee_once_whatever_revisions_follow(road):
    line, order = mainframe_line, mainframe_order
    fee = line(2, "A", "INSTL001", ref="F")
    road.work(order("1", line(1, "A", "LCLLN001", ref="L"), fee))
    assert (
        road.work(order("1", line(1, "A", "LCLLN001", ref="L"), fee, line(3, "A", "ISDNL001", ref="I"), revision=2))[
            "state"
        ]
        == "done"
    )
    told = [row.message.body.count(b"Installation") > 0 for row in road.left("billing.events")]
    assert told == [True]


def test_a_revision_may_withdraw_all_that_a_system_was_asked_for(road):
    line, order = mainframe_line, mainframe_order
    road.work(order("1", line(1, "A", "CALID001", ref="P"), line(2, "A", "CALCD001", parent=1, ref="L")))
    assert road.work(order("1", line(1, "A", "CALID001", ref="P"), revision=2))["state"] == "done"
    first, second = road.work_orders()
    assert (second.get("number"), second.get("revision")) == (first.get("number"), "2")
    assert work_order_lines(second) == []
    assert road.work(order("1", line(1, "A", "CALID001", ref="P"), revision=3))["state"] == "done"
    assert road.work_orders() == []  # nothing was left to withdraw


def test_a_complete_line_is_neither_left_out_nor_changed(road):
    line, order = mainframe_line, mainframe_order
    road.work(order("1", line(1, "A", "LCLLN001", ref="L"), line(2, "A", "ISDNL001", ref="I")))
    [work_order] = road.work_orders()
    key = work_order_lines(work_order)[0].get("integrationId")
    road.work(provisioning_status(work_order.get("number"), [(key, "COMPLETED")]), "provisioning_status")
    left_out = road.work(order("1", line(1, "A", "ISDNL001", ref="I"), revision=2))
    assert (left_out["state"], left_out["reason"]) == ("rejected", "CompleteLineMissing")
    changed = road.work(
        order(
            "1",
            line(1, "A", "LCLLN001", ref="L", more="<PRICE>99.00</PRICE>"),
            line(2, "A", "ISDNL001", ref="I"),
            revision=2,
            message="again",
        )
    )
    assert (changed["state"], changed["reason"]) == ("rejected", "CompleteLineChanged")
    assert changed["error"]["why"] == "Adjusted Price is 99.00, was None"
    gone = road.work(
        order("1", line(1, "D", "LCLLN001", ref="L"), line(2, "A", "ISDNL001", ref="I"), revision=2, message="gone")
    )
    assert gone["reason"] == "CompleteLineChanged"


def test_a_status_is_measured_by_the_revision_of_its_own_work_order(road):
    """Revision 2 brings a second system: its work order is in revision 1 when the other's is in revision 2."""
    road.load(
        '<Message IntObjectName="Product"><ListOfProduct><Product><ProductId>Internet Access</ProductId>'
        "<FulfilmentSystem>Data</FulfilmentSystem></Product></ListOfProduct></Message>"
    )
    with declared_system(road):
        line, order = mainframe_line, mainframe_order
        road.work(order("1", line(1, "A", "LCLLN001", ref="L")))
        shown = road.work(order("1", line(1, "A", "LCLLN001", ref="L"), line(2, "A", "INTRN001", ref="I"), revision=2))
        assert shown["state"] == "done", shown["error"]
        [data] = [one for one in road.stored("OM Work Order") if one.get("Fulfilment System") == "Data"]
        assert data.get("Revision") == "1"
        key = line_items(data)[0].get("Integration Id")
        done = provisioning_status("", [(key, "COMPLETED")], source=("MAINFRAME", "1"), revision=1)
        assert road.work(done, "provisioning_status")["state"] == "done"
        assert road.profile() == {"Internet Access": "Active"}


def test_provisioning_alone_never_opens_a_failed_line_again(road):
    road.work(mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="L")))
    [work_order] = road.work_orders()
    key, number = work_order_lines(work_order)[0].get("integrationId"), work_order.get("number")
    road.work(provisioning_status(number, [(key, "FAILED")]), "provisioning_status")
    shown = road.work(
        provisioning_status(number, [(key, "INPROGRESS")], time="2026-02-02T00:00:00Z"), "provisioning_status"
    )
    assert (shown["state"], shown["reason"]) == ("rejected", "StatusChangeRefused")


def test_a_senders_word_that_a_line_is_complete_completes_nothing(road):
    line = (
        "<LineItem><SourceReference>X</SourceReference><ProductId>Calling Card</ProductId><ActionCode>Add</ActionCode>"
        "<Status>Complete</Status><AppliedDate>2026-01-01</AppliedDate><Quantity>1</Quantity></LineItem>"
    )
    assert road.work(cards(1, line, quantity=1), "hub_object", "A1")["state"] == "done"
    assert road.profile("1-A") == {}
    assert len(road.work_orders()) == 1


def test_lines_nested_upside_down_are_refused(road):
    road.work(
        mainframe_order(
            "1", mainframe_line(1, "A", "CALID001", ref="P"), mainframe_line(2, "A", "CALCD001", parent=1, ref="L")
        )
    )
    shown = road.work(
        mainframe_order(
            "2", mainframe_line(1, "C", "CALCD001", ref="L"), mainframe_line(2, "C", "CALID001", parent=1, ref="P")
        )
    )
    assert (shown["state"], shown["reason"]) == ("rejected", "LinesUpsideDown")


def test_a_status_for_an_order_without_work_orders_is_refused_not_parked(road):
    road.work(mainframe_order("1", mainframe_line(1, "A", "CALID001", ref="P")))
    shown = road.work(provisioning_status("", [("K", "COMPLETED")], source=("MAINFRAME", "1")), "provisioning_status")
    assert (shown["state"], shown["reason"]) == ("rejected", "WorkOrderUnknown")


def test_a_revision_without_a_source_system_is_refused_not_parked(road):
    shown = road.work(cards(2).replace("<SourceSystem>CHANNEL</SourceSystem>", ""), "hub_object", "A1")
    assert (shown["state"], shown["reason"]) == ("rejected", "RevisionOutOfTurn")
