"""Orders that were submitted, revised, cancelled: what counts, what provisioning is told, what is refused."""

from __future__ import annotations

import pytest

from hub.workflows.orders.cancel_order import PartlyComplete
from hub.workflows.orders.submit import AlreadySubmitted
from hub.workflows.orders.supplements import NothingToSupplement, SupplementOpen, SupplementOvertaken
from hub.workflows.state.order_lookup import OrderUnknown
from hub.workflows.state.statuses import StatusChangeRefused
from integration_objects.complex_object import instances, line_items, message, walk_items
from tests.customer_care import lines, the
from tests.road import VOICE_MAIL, mainframe_line, mainframe_order, provisioning_status, work_order_lines

NUMBER = "O-0000001"


@pytest.fixture
def submitted(road):
    """A mainframe's order for a line with voice-mail, submitted; its work order's lines by product."""
    road.work(
        mainframe_order(
            "12",
            mainframe_line(1, "A", "LCLLN001", ref="L"),
            mainframe_line(2, "A", "VOICM001", parent=1, ref="V", more=VOICE_MAIL),
        )
    )
    [work_order] = road.work_orders()
    return {line.get("product"): line.get("integrationId") for line in work_order_lines(work_order)}


def revisions(road):
    found = road.stored("OM Order", Order_Number=NUMBER)
    return [(one.get("Revision"), one.get("Status"), one.get("Active Flag")) for one in found]


def active(road):
    [order] = road.stored("OM Order", Order_Number=NUMBER, Active_Flag="Y")
    return order


def write(road, order):
    with road.open_hub.write() as transaction:
        transaction.store.synchronize(message("OM Order", [order]))


def drop_voice_mail(road):
    order = active(road)
    [line] = line_items(order)
    line_items(line).clear()
    write(road, order)


def test_a_supplement_is_a_copy_with_the_next_revision_and_the_originals_keys(road, submitted):
    outcome = road.ask("revise", order=NUMBER)
    [supplement] = instances(outcome.objects[0])
    assert revisions(road) == [("1", "Open", "N"), ("2", "Pending", "Y")]
    assert [(item.get("Integration Id"), item.get("Status")) for item, _ in walk_items(supplement)] == [
        (submitted["Local Line"], "Pending"),
        (submitted["Voice Mail"], "Pending"),
    ]
    assert supplement.get("Source Order Number") is None
    assert road.work_orders() == []  # provisioning hears of it when it is submitted


def test_a_supplement_that_is_submitted_replaces_the_work_orders(road, submitted):
    road.ask("revise", order=NUMBER)
    drop_voice_mail(road)
    road.ask("submit", order=NUMBER)
    assert revisions(road) == [("1", "Open", "N"), ("2", "Open", "Y")]
    [revised] = road.work_orders()
    assert (revised.get("number"), revised.get("revision")) == (f"{NUMBER}-1", "2")
    assert [(line.get("product"), line.get("action")) for line in work_order_lines(revised)] == [("Local Line", "add")]
    # Provisioning may answer under the sender's own number, which the supplement itself doesn't carry.
    done = provisioning_status("", [(submitted["Local Line"], "COMPLETED")], source=("MAINFRAME", "12"))
    assert road.work(done, "provisioning_status")["state"] == "done"
    assert road.profile() == {"Local Line": "Active"}
    assert active(road).get("Status") == "Complete"


def test_an_order_has_one_supplement_at_a_time(road, submitted):
    road.ask("revise", order=NUMBER)
    with pytest.raises(SupplementOpen) as refused:
        road.ask("revise", order=NUMBER)
    assert str(refused.value) == (
        "the order O-0000001 can't be revised: its revision 2 isn't submitted yet\n"
        "  where: order O-0000001, revision 2\n"
        "  why:   an order has at most one supplement that isn't submitted\n"
        "  mend:  edit and submit that revision, or cancel it"
    )
    assert len(revisions(road)) == 2


def test_a_supplement_of_a_supplement_counts_on_from_the_highest(road, submitted):
    for _ in range(2):
        road.ask("revise", order=NUMBER)
        road.ask("submit", order=NUMBER)
    assert revisions(road) == [("1", "Open", "N"), ("2", "Open", "N"), ("3", "Open", "Y")]


@pytest.mark.parametrize(
    ("status", "mend"),
    [
        ("Open", "revise it (`orderhub workflow revise`) to change what was submitted"),
        ("Failed", "try the failed lines again, or amend it (`orderhub workflow fallout-list` has its entry)"),
        ("Complete", "change the services with another order"),
        ("Cancelled", "change the services with another order"),
    ],
)
def test_only_what_is_not_submitted_yet_can_be_submitted(road, submitted, status, mend):
    order = active(road)
    order.properties["Status"] = status
    write(road, order)
    with pytest.raises(AlreadySubmitted) as refused:
        road.ask("submit", order=NUMBER)
    assert (refused.value.why, refused.value.mend) == (
        f"its status is {status}; only an order that is New or Pending can be submitted",
        mend,
    )


@pytest.mark.parametrize(
    ("status", "mend"),
    [
        ("New", "edit it as it is: it isn't submitted yet"),
        ("Complete", "change the services with another order"),
        ("Failed", "amend it from its fallout entry"),
        ("Cancelled", "change the services with another order"),
    ],
)
def test_only_an_open_order_can_be_revised(road, submitted, status, mend):
    order = active(road)
    order.properties["Status"] = status
    write(road, order)
    with pytest.raises(NothingToSupplement) as refused:
        road.ask("revise", order=NUMBER)
    assert str(refused.value) == (
        "the order O-0000001 can't be revised\n"
        "  where: order O-0000001\n"
        f"  why:   its status is {status}, and a supplement overrides an order that is Open\n"
        f"  mend:  {mend}"
    )


def test_an_unknown_order_is_named(road):
    with pytest.raises(OrderUnknown) as refused:
        road.ask("submit", order="O-0000009")
    assert str(refused.value) == (
        "there is no order 'O-0000009'\n"
        "  where: OM Order, Order Number\n"
        "  why:   no order of this number is stored\n"
        "  mend:  mend the number: it is the hub's own, as in O-0000001; `orderhub orders ACCOUNT` lists those of an "
        "account"
    )


def test_cancelling_a_supplement_makes_the_original_active_again(road, submitted):
    road.ask("revise", order=NUMBER)
    outcome = road.ask("cancel-order", order=NUMBER)
    [original] = instances(outcome.objects[0])
    assert (original.get("Revision"), original.get("Active Flag")) == ("1", "Y")
    assert [str(note) for note in outcome.notes] == [
        "taken back: revision 2 was a supplement; revision 1 is in force again"
    ]
    assert revisions(road) == [("1", "Open", "Y")]
    road.ask("revise", order=NUMBER)
    assert revisions(road) == [("1", "Open", "N"), ("2", "Pending", "Y")]


def test_provisioning_goes_on_with_the_original_while_the_supplement_is_made(road, submitted):
    """What is complete meanwhile is billed, is in the profile, and is complete in the supplement, too."""
    road.ask("revise", order=NUMBER)
    done = provisioning_status(f"{NUMBER}-1", [(submitted["Local Line"], "COMPLETED")])
    assert road.work(done, "provisioning_status")["state"] == "done"
    assert road.profile() == {"Local Line": "Active"}
    assert len(road.left("billing.events")) == 1
    assert [item.get("Status") for item, _ in walk_items(active(road))] == ["Complete", "Pending"]
    road.ask("submit", order=NUMBER)
    [revised] = road.work_orders()
    assert [(line.get("product"), line.get("action")) for line in work_order_lines(revised)] == [
        ("Local Line", "none"),
        ("Voice Mail", "add"),
    ]
    road.complete(revised)
    assert road.profile() == {"Local Line": "Active", "Local Line / Voice Mail": "Active"}
    assert len(road.left("billing.events")) == 2


def test_a_supplement_that_comes_too_late_is_refused_with_the_lines_concerned(road, submitted):
    road.ask("revise", order=NUMBER)
    drop_voice_mail(road)
    line, mail = submitted["Local Line"], submitted["Voice Mail"]
    road.work(provisioning_status(f"{NUMBER}-1", [(line, "COMPLETED"), (mail, "COMPLETED")]), "provisioning_status")
    with pytest.raises(SupplementOvertaken) as refused:
        road.ask("submit", order=NUMBER)
    assert str(refused.value) == (
        "the supplement of the order O-0000001 came too late for 1 of its lines\n"
        "  where: order O-0000001, revision 2\n"
        f"  why:   Voice Mail ({mail}) is complete, and the supplement leaves it out\n"
        "  mend:  cancel the supplement, and change these services with another order"
    )
    assert revisions(road) == [("1", "Complete", "N"), ("2", "Pending", "Y")]
    road.ask("cancel-order", order=NUMBER)
    assert revisions(road) == [("1", "Complete", "Y")]


@pytest.mark.parametrize(
    ("answer", "mend"),
    [
        (None, "cancel the supplement, revise the order again, and change these services with another order"),
        (
            "FAILED",
            "cancel the supplement, change these services with another order, and amend what failed from its "
            "fallout entry",
        ),
    ],
)
def test_what_can_be_done_about_a_supplement_that_came_too_late_depends_on_its_original(road, submitted, answer, mend):
    road.ask("revise", order=NUMBER)
    drop_voice_mail(road)
    answers = [(submitted["Voice Mail"], "COMPLETED")]
    answers += [] if answer is None else [(submitted["Local Line"], answer)]
    road.work(provisioning_status(f"{NUMBER}-1", answers), "provisioning_status")
    with pytest.raises(SupplementOvertaken) as refused:
        road.ask("submit", order=NUMBER)
    assert refused.value.mend == mend


def test_a_supplement_with_nothing_left_to_do_is_complete_when_it_is_submitted(road, submitted):
    road.ask("revise", order=NUMBER)
    answers = [(key, "COMPLETED") for key in submitted.values()]
    road.work(provisioning_status(f"{NUMBER}-1", answers), "provisioning_status")
    road.ask("submit", order=NUMBER)
    assert revisions(road) == [("1", "Complete", "N"), ("2", "Complete", "Y")]
    assert len(road.left("billing.events")) == 1


def test_a_senders_revision_waits_for_the_supplement_that_is_made_in_the_hub(road, submitted):
    road.ask("revise", order=NUMBER)
    drop_voice_mail(road)
    late = road.send(mainframe_order("12", mainframe_line(1, "A", "LCLLN001", ref="L"), revision=2))
    road.run()
    shown = road.shown(late)
    assert (shown["state"], shown["waits_for"]) == ("parked", "order O-0000001 supplement decided")
    road.ask("submit", order=NUMBER)
    road.run()
    assert road.shown(late)["state"] == "done"
    assert revisions(road) == [("1", "Open", "N"), ("2", "Open", "N"), ("3", "Open", "Y")]
    key = line_items(active(road))[0].get("Integration Id")
    assert key == submitted["Local Line"]
    assert active(road).get("Source Revision") == "2"


def test_a_supplement_keeps_its_orders_place_among_the_open_orders(road, submitted):
    """A second order builds on the first; when the first is revised, it still comes first."""
    road.work(
        mainframe_order(
            "13", mainframe_line(1, "N", "LCLLN001", ref="L"), mainframe_line(2, "A", "CALID001", parent=1, ref="C")
        )
    )
    road.ask("revise", order=NUMBER)
    projected = road.ask("projected-state", account="1-B")
    assert [note for note in projected.notes if note.kind == "ignored"] == []
    assert {row["product"] for row in projected.rows} == {"Local Line", "Voice Mail", "Caller Id"}


def test_an_open_order_is_cancelled_and_provisioning_is_told(road, submitted):
    road.ask("cancel-order", order=NUMBER)
    assert revisions(road) == [("1", "Cancelled", "Y")]
    assert {item.get("Status") for item, _ in walk_items(active(road))} == {"Cancelled"}
    [revised] = road.work_orders()
    assert (revised.get("revision"), work_order_lines(revised)) == ("2", [])
    assert road.ask("projected-state", account="1-B").rows == ()
    with pytest.raises(StatusChangeRefused) as refused:
        road.ask("cancel-order", order=NUMBER)
    assert str(refused.value) == (
        "the order O-0000001 can't be cancelled\n"
        "  where: order O-0000001\n"
        "  why:   its status is Cancelled, which is final\n"
        "  mend:  nothing: the order is cancelled already"
    )
    with pytest.raises(AlreadySubmitted, match="the order O-0000001 can't be submitted"):
        road.ask("submit", order=NUMBER)


def test_an_order_that_is_partly_complete_is_not_cancelled(road, submitted):
    line = submitted["Local Line"]
    road.work(provisioning_status(f"{NUMBER}-1", [(line, "COMPLETED")]), "provisioning_status")
    with pytest.raises(PartlyComplete) as refused:
        road.ask("cancel-order", order=NUMBER)
    assert str(refused.value) == (
        "the order O-0000001 can't be cancelled: a part of it is complete\n"
        "  where: order O-0000001\n"
        f"  why:   these lines are complete: Local Line ({line})\n"
        "  mend:  revise the order to drop or postpone the rest; take away what is there with another order"
    )
    assert revisions(road) == [("1", "Open", "Y")]


def two_lines(care):
    """Customer care's order for two lines, the first with voice-mail: submitted; the first line and its voice-mail."""
    quote = the(care("new-quote", account="1-B")).get("Quote Number")
    care(
        "new-products-and-services",
        account="1-B",
        requests=[
            {"request": "add", "product": "Local Line", "name": "L", "fields": {"Service Id": "5095550001"}},
            {"request": "add", "product": "Voice Mail", "beneath": "L", "attributes": {"Password": "1234"}},
            {"request": "add", "product": "Local Line", "fields": {"Service Id": "5095550002"}},
        ],
    )
    order = care.place(quote)
    care.submit(order)
    line = lines(order, "Local Line")[0]
    return line.get("Integration Id"), line_items(line)[0].get("Integration Id")


def done(care, key, day):
    """Provisioning says that a line is complete."""
    answer = provisioning_status(f"{NUMBER}-1", [(key, "COMPLETED")], time=f"2026-02-0{day}T10:00:00Z")
    assert care.road.work(answer, "provisioning_status")["state"] == "done"


def requested(care):
    """The products of the requested state of the first line, and what was ignored."""
    found = care("projected-state", account="1-B")
    first = line_items(the(found))[0]
    return [item.get("Product Id") for item in first.walk() if item.type == "Line Item"], [
        note for note in found.notes if note.kind == "ignored"
    ]


def add_caller_id(care, line):
    care(
        "edit-order-line-item",
        order=NUMBER,
        line=line,
        requests=[{"request": "add", "product": "Caller Id", "beneath": line}],
    )


def test_what_a_supplement_adds_beneath_a_root_that_is_done_meanwhile_stays_requested(care):
    """The original's root is processed then; the supplement's has more to come, before and after it is submitted."""
    line, mail = two_lines(care)
    done(care, line, 1)
    care("revise", order=NUMBER)
    add_caller_id(care, line)
    done(care, mail, 2)
    care("submit", order=NUMBER)
    assert requested(care) == (["Local Line", "Voice Mail", "Caller Id"], [])
    assert [item.get("Status") for item, _ in walk_items(active(care.road))] == ["Complete", "Complete", "Open", "Open"]


def test_what_is_applied_while_a_supplement_is_made_is_not_requested_again(care):
    line, mail = two_lines(care)
    care("revise", order=NUMBER)
    done(care, line, 1)
    done(care, mail, 2)
    assert requested(care) == (["Local Line", "Voice Mail"], [])
    applied = [item.get("Applied Date") is not None for item, _ in walk_items(active(care.road))]
    assert applied == [True, True, False]


def test_what_a_supplement_adds_beneath_a_root_that_was_done_before_stays_requested(care):
    line, mail = two_lines(care)
    for work_order in care.road.work_orders():
        care.road.complete(work_order)
    quote = the(care("new-quote", account="1-B")).get("Quote Number")
    one, two = (item.get("Integration Id") for item in line_items(care.road.stored("OM Asset", Account_Id="1-B")[0]))
    for number, root in enumerate((one, two)):
        change = {"request": "set", "item": root, "fields": {"Service Id": f"509555010{number}"}}
        care("modify", account="1-B", root=root, requests=[change])
    changed = care.place(quote).get("Order Number")
    care("submit", order=changed)
    answer = provisioning_status(f"{changed}-1", [(line, "COMPLETED")], time="2026-03-01T10:00:00Z")
    assert care.road.work(answer, "provisioning_status")["state"] == "done"
    care("revise", order=changed)
    more = [{"request": "add", "product": "Caller Id", "beneath": line}]
    care("edit-order-line-item", order=changed, line=mail, requests=more)
    assert requested(care) == (["Local Line", "Voice Mail", "Caller Id"], [])


def test_what_is_dropped_beneath_a_line_that_is_complete_is_dropped_from_the_stored_order(care):
    line, mail = two_lines(care)
    done(care, line, 1)
    care("revise", order=NUMBER)
    care("edit-order-line-item", order=NUMBER, line=line, requests=[{"request": "remove", "item": mail}])
    assert [item.get("Product Id") for item, _ in walk_items(active(care.road))] == ["Local Line", "Local Line"]


def test_a_root_that_failed_is_finished_whatever_is_beneath_it(care):
    line, mail = two_lines(care)
    answer = provisioning_status(f"{NUMBER}-1", [(line, "FAILED")])
    assert care.road.work(answer, "provisioning_status")["state"] == "done"
    care("revise", order=NUMBER)
    assert care.refused("edit-order-line-item", order=NUMBER, line=mail, requests=[]) == (
        "the line Local Line 5095550001 can't be edited: it is finished\n"
        f"  where: order {NUMBER}, line {line}\n"
        "  why:   it is Failed\n"
        "  mend:  leave the line as it is; once all of the order is answered, "
        "try it again or amend it from its fallout entry"
    )


def test_a_later_order_on_a_line_that_a_supplement_drops_is_marked_for_review(care):
    line, mail = two_lines(care)
    wish = [{"request": "add", "product": "Caller Id", "beneath": line}]
    later = care.place(the(care("modify", account="1-B", root=line, requests=wish)).get("Quote Number"))
    care.submit(later)
    care("revise", order=NUMBER)
    care("edit-order-line-item", order=NUMBER, line=line, requests=[{"request": "remove", "item": line}])
    assert care.road.fallout() == []  # as long as the original counts
    care("submit", order=NUMBER)
    (mark,) = care.road.fallout()
    assert (mark["cause"], mark["order_number"]) == ("Built On Failed Lines", later.get("Order Number"))
    assert mark["reason"] == (
        f"the order {NUMBER} was revised; this order relies on lines of it that will not come: "
        f"Local Line 5095550001 ({line}, Add), Voice Mail ({mail}, Add)"
    )
