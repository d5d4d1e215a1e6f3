"""Orders that were made at the same time: each changes what it asks to change, and undoes nothing else."""

from __future__ import annotations

import json

from hub.presentation.screen import screen
from hub.workflows.state.rebase import leave_alone
from integration_objects.complex_object import instances, message, walk_items
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet
from tests.customer_care import lines, the
from tests.road import mainframe_line, mainframe_order, provisioning_status

LINE, PACKAGE = "Local Line", "Local Breakthrough Package"
NUMBER = {"request": "set", "item": f"{PACKAGE}/{LINE}/Call Forwarding", "attributes": {"Forwarding Number": "206-1"}}
VOICE_MAIL = {
    "request": "add",
    "product": "Voice Mail",
    "beneath": f"{PACKAGE}/{LINE}",
    "attributes": {"Password": "1234"},
}


def package(care):
    """The order of a bundle that no system provides, with a line and its features."""
    requests = [NUMBER, VOICE_MAIL]
    quote = the(care("new-products-and-services", account="1-B", product=PACKAGE, requests=requests))
    return care.place(quote.get("Quote Number"))


def line(care):
    """A line in 1-B's profile, by its key."""
    care.install(care.place(the(care("new-products-and-services", account="1-B", product=LINE)).get("Quote Number")))
    return care.profile_root("1-B").get(KEY)


def changes(care, root, session, **fields):
    """A quote that sets fields of a root, by its number."""
    named = {name.replace("_", " "): text for name, text in fields.items()}
    request = {"request": "set", "item": root, "fields": named}
    return the(care("modify", account="1-B", root=root, session=session, requests=[request])).get("Quote Number")


def told(outcome):
    return [str(note) for note in outcome.notes if note.kind == "changed meanwhile"]


def test_a_quote_leaves_alone_what_another_changed_since(any_care):
    care, root = any_care, line(any_care)
    first = changes(care, root, "anna", Pricing_Comment="ask Ann")
    second = changes(care, root, "bert", Service_Id="206-2")
    care.install(care.place(first))
    note = (
        f"changed meanwhile: {LINE} {root}: Pricing Comment is ask Ann and no longer empty: another order has changed "
        "it meanwhile"
    )
    assert told(care("verify", quote=second)) == [note]
    placed = care("quote-to-order", quote=second)
    assert told(placed) == [note]
    care.install(instances(placed.objects[0])[0])
    profile = care.profile_root("1-B")
    assert (profile.get("Pricing Comment"), profile.get("Service Id")) == ("ask Ann", "206-2")


def test_what_both_ask_for_is_as_the_later_one_asks(care):
    root = line(care)
    first, second = (changes(care, root, name, Service_Id=number) for name, number in (("a", "206-1"), ("b", "206-2")))
    care.install(care.place(first))
    placed = care("quote-to-order", quote=second)
    assert told(placed) == []
    care.install(instances(placed.objects[0])[0])
    assert care.profile_root("1-B").get("Service Id") == "206-2"


def test_an_order_follows_what_is_submitted_between_it_and_its_own_submission(care):
    """The second order is made first, and submitted last."""
    root = line(care)
    first = changes(care, root, "anna", Pricing_Comment="ask Ann")
    second = changes(care, root, "bert", Service_Id="206-2")
    later = care.work("quote-to-order", quote=second, due_date="2027-06-01")
    care.submit(care.work("quote-to-order", quote=first, due_date="2027-01-01"))
    care.submit(later)
    (updated,) = [item for item, _ in walk_items(care.order(later.get("Order Number"))) if item.get(KEY) == root]
    assert (updated.get("Pricing Comment"), updated.get("Service Id")) == ("ask Ann", "206-2")
    assert json.loads(updated.get("Built On"))["Pricing Comment"] == "ask Ann"


def test_a_changed_attribute_is_recorded_with_its_old_value_and_shown_so(any_care):
    care = any_care
    care.install(package(care))
    root = care.profile_root("1-B").get(KEY)
    forwarding = f"{root}/{LINE}/Call Forwarding"
    change = {"request": "set", "item": forwarding, "attributes": {"Forwarding Number": "206-2"}}
    quote = care.work("modify", account="1-B", root=root, requests=[change])
    (updated,) = lines(quote, "Call Forwarding")
    assert json.loads(updated.get("Built On"))["Attributes"] == {"Forwarding Number": "206-1"}
    care.install(care.place(quote.get("Quote Number")))
    installed = care.order("O-0000002")
    assert (installed.get("Status"), care.profile_root("1-B").get("Status")) == ("Complete", "Active")
    assert "Forwarding Number=206-1 -> 206-2" in screen(message("OM Order", [installed]))


def test_an_edited_quote_is_built_on_what_is_there_now(care):
    root = line(care)
    first = changes(care, root, "anna", Pricing_Comment="ask Ann")
    second = changes(care, root, "bert", Service_Id="206-2")
    care.install(care.place(first))
    edited = the(care("edit-quote-line-item", quote=second, line="1"))
    (updated,) = lines(edited, LINE)
    assert (updated.get("Pricing Comment"), updated.get("Service Id")) == ("ask Ann", "206-2")
    assert told(care("quote-to-order", quote=second)) == []


def test_an_edited_order_is_built_on_what_is_there_now(care):
    root = line(care)
    first = changes(care, root, "anna", Pricing_Comment="ask Ann")
    second = care.place(changes(care, root, "bert", Service_Id="206-2"))
    care.submit(care.work("quote-to-order", quote=first, due_date="2027-01-01"))
    number = second.get("Order Number")
    outcome = care("edit-order-line-item", order=number, line="1", requests=[])
    (updated,) = lines(the(outcome), LINE)
    assert (updated.get("Pricing Comment"), updated.get("Service Id")) == ("ask Ann", "206-2")
    assert len(told(outcome)) == 1


def test_later_orders_on_what_a_supplement_asks_for_otherwise_are_marked(care):
    root = line(care)
    first = care.place(changes(care, root, "anna", Service_Id="206-1"))
    care.submit(first)
    later = care.place(changes(care, root, "bert", Pricing_Comment="ask Ann"))
    care.submit(later)
    number = first.get("Order Number")
    care("revise", order=number)
    request = {"request": "set", "item": root, "fields": {"Service Id": "206-2"}}
    care("edit-order-line-item", order=number, line="1", requests=[request])
    care("submit", order=number)
    (mark,) = care.road.fallout()
    assert (mark["cause"], mark["order_number"], mark["lines"]) == (
        "Built On Failed Lines",
        later.get("Order Number"),
        [root],
    )
    assert mark["reason"] == (
        f"the order {number} was revised; this order relies on lines of it that ask for something else now: "
        f"Local Line 206-2 ({root})"
    )


def test_a_supplement_is_no_later_order_than_its_own(care):
    """Lines fail while the supplement is made: it says itself what it asks for."""
    care.submit(order := package(care))
    number = order.get("Order Number")
    care("revise", order=number)
    work_order = f"{number}-1"
    (failed,) = lines(order, "Voice Mail")
    care("order-synchronization", work_order=work_order, status="Failed", lines=failed.get(KEY))
    care("order-synchronization", work_order=work_order, status="Complete")
    assert [entry["cause"] for entry in care.road.fallout()] == ["Lines Failed"]


def test_a_supplement_of_a_suspension_is_submitted(care):
    """What it suspended already isn't suspended a second time by it."""
    care.install(package(care))
    root = care.profile_root("1-B").get(KEY)
    order = care.place(the(care("suspend", account="1-B", root=root)).get("Quote Number"))
    care.submit(order)
    care("revise", order=order.get("Order Number"))
    care("submit", order=order.get("Order Number"))
    (active,) = care.road.stored("OM Order", Order_Number=order.get("Order Number"), Active_Flag="Y")
    assert (active.get("Revision"), active.get("Status")) == ("2", "Open")


def test_a_part_of_a_service_is_not_ordered(care):
    root = line(care)
    number = changes(care, root, "anna", Quantity="2.5")
    assert care.refused("quote-to-order", quote=number) == (
        "a part of a service can't be ordered\n"
        f"  where: quote {number}, line 1 ({LINE})\n"
        "  why:   its quantity is 2.5, and a service that is tracked as an asset is there whole\n"
        "  mend:  give it a whole quantity, or set Track As Asset to N where the product is measured"
    )


def added(care, root, session):
    """A Caller Id beneath the line, in the profile."""
    request = {"request": "add", "product": "Caller Id", "beneath": root}
    quote = the(care("modify", account="1-B", root=root, session=session, requests=[request]))
    order = care.place(quote.get("Quote Number"))
    care.install(order)
    return lines(order, "Caller Id")[0].get(KEY)


def test_what_was_put_beneath_a_service_since_it_was_to_end_or_rest_is_told(care):
    root = line(care)
    quotes = {
        workflow: the(care(workflow, account="1-B", root=root, session=workflow)).get("Quote Number")
        for workflow in ("disconnect", "suspend")
    }
    key = added(care, root, "anna")
    for workflow, what in (("disconnect", "takes away"), ("suspend", "makes Suspended")):
        number = quotes[workflow]
        left = f"Caller Id ({key}) stands beneath Local Line, which the quote {what}, and it has no line of it"
        assert f"left behind: {LINE} {root}: {left}" in map(str, care("verify", quote=number).notes)
        assert care.refused("quote-to-order", quote=number) == (
            "the quote takes away or suspends services, and leaves behind 1 that stand beneath them\n"
            f"  where: quote {number}\n"
            f"  why:   {left}\n"
            "  mend:  other orders came before it: edit the quote's lines (edit-quote-line-item), or modify anew"
        )
    care("disconnect", account="1-B", root=root, session="disconnect")
    care.install(care.place(quotes["disconnect"]))
    assert care.profile_root("1-B").get("Status") == "Inactive"


def ordered(care, quote, **more):
    """A quote's order, submitted."""
    order = care.work("quote-to-order", quote=quote, **more)
    care("submit", order=order.get("Order Number"))
    return order


def values(care):
    root = care.profile_root("1-B")
    return root.get("Service Id"), root.get("Pricing Comment")


def complete(care, order, **more):
    care("order-synchronization", work_order=f"{order.get('Order Number')}-1", status="Complete", **more)


def test_an_open_order_undoes_nothing_of_one_that_is_put_before_it(care):
    root = line(care)
    last = ordered(care, changes(care, root, "anna", Service_Id="999"))
    first = ordered(care, changes(care, root, "bert", Pricing_Comment="ask Ann"), due_date="2027-01-01")
    complete(care, first)
    complete(care, last)
    assert values(care) == ("999", "ask Ann")


def test_a_failed_line_that_is_tried_again_reaches_the_profile_beside_a_later_order(care):
    root = line(care)
    failed = ordered(care, changes(care, root, "anna", Service_Id="111"))
    care("order-synchronization", work_order=f"{failed.get('Order Number')}-1", status="Failed")
    complete(care, ordered(care, changes(care, root, "bert", Pricing_Comment="ask Ann")))
    (entry,) = [one for one in care.road.fallout() if one["cause"] == "Lines Failed"]
    care("fallout-retry", entry=entry["row_id"])
    complete(care, failed)
    assert values(care) == ("111", "ask Ann")


def test_a_number_that_a_supplement_withdraws_does_not_come_back(care):
    root = line(care)
    order = ordered(care, changes(care, root, "anna", Service_Id="111"))
    complete(care, ordered(care, changes(care, root, "bert", Pricing_Comment="ask Ann")))
    number = order.get("Order Number")
    care("revise", order=number)
    request = {"request": "set", "item": root, "fields": {"Service Id": "222"}}
    care("edit-order-line-item", order=number, line="1", requests=[request])
    care("submit", order=number)
    complete(care, order)
    assert values(care) == ("222", "ask Ann")


def test_the_number_that_provisioning_assigns_stays_through_a_stacked_order(care):
    root = line(care)
    first = ordered(care, changes(care, root, "anna", Service_Id="111"))
    stacked = ordered(care, changes(care, root, "bert", Pricing_Comment="ask Ann"))
    work_order = f"{first.get('Order Number')}-1"
    answer = provisioning_status(work_order, [(root, "COMPLETED")]).replace(
        "<status>COMPLETED</status>", "<status>COMPLETED</status><serviceNumber>119</serviceNumber>"
    )
    assert care.road.work(answer, "provisioning_status")["state"] == "done"
    complete(care, stacked)
    assert values(care) == ("119", "ask Ann")


def test_a_new_order_that_is_edited_beneath_a_submitted_one_keeps_its_edit(care):
    root = line(care)
    new = care.work("quote-to-order", quote=changes(care, root, "anna", Service_Id="111"))
    later = ordered(care, changes(care, root, "bert", Pricing_Comment="ask Ann"))
    request = {"request": "set", "item": root, "fields": {"Service Id": "222"}}
    care("edit-order-line-item", order=new.get("Order Number"), line="1", requests=[request])
    care("submit", order=new.get("Order Number"))
    complete(care, new)
    complete(care, later)
    assert values(care) == ("222", "ask Ann")


def sent(care, number, line, **more):
    """An order of the mainframe for 1-B, received."""
    assert care.road.work(mainframe_order(number, line, **more))["state"] == "done"


def test_what_the_hub_fills_in_for_a_sender_is_not_asked_for_by_it(care):
    """The comment is of an order that is cancelled: the sender's line found it, and doesn't bring it."""
    sent(care, "12", mainframe_line(1, "A", "LCLLN001", ref="L"))
    complete(care, care.order("O-0000001"))
    root = care.profile_root("1-B").get(KEY)
    other = ordered(care, changes(care, root, "anna", Pricing_Comment="ask Ann"))
    sent(care, "13", mainframe_line(1, "C", "LCLLN001", ref="L", quantity=None, more="<PRICE>2.00</PRICE>"))
    care("cancel-order", order=other.get("Order Number"))
    complete(care, care.order("O-0000003"))
    assert (care.profile_root("1-B").get("Adjusted Price"), values(care)[1]) == ("2.00", None)


def test_a_senders_order_that_is_due_before_open_ones_marks_them(care):
    sent(care, "12", mainframe_line(1, "A", "LCLLN001", ref="L"))
    complete(care, care.order("O-0000001"))
    root = care.profile_root("1-B").get(KEY)
    other = ordered(care, changes(care, root, "anna", Pricing_Comment="ask Ann"))
    gone = mainframe_order("13", mainframe_line(1, "D", "LCLLN001", ref="L"))
    due = gone.replace("<CURR>", "<DUE-DATE>20270101</DUE-DATE><CURR>")
    assert care.road.work(due)["state"] == "done"
    (mark,) = care.road.fallout()
    assert (mark["cause"], mark["order_number"]) == ("Overtaken By Due Date", other.get("Order Number"))


def test_a_sender_orders_no_part_of_a_service(care):
    row = care.road.work(mainframe_order("12", mainframe_line(1, "A", "LCLLN001", ref="L", quantity="0.5")))
    assert (row["state"], row["error"]["what"], row["error"]["where"].partition(", line item")[2]) == (
        "rejected",
        "a part of a service can't be ordered",
        " 'L'",
    )


def test_what_is_put_beneath_a_service_that_is_to_end_later_marks_the_order_that_ends_it(care):
    root = line(care)
    wish = {"request": "add", "product": "Caller Id", "beneath": root}
    more = the(care("modify", account="1-B", root=root, session="anna", requests=[wish])).get("Quote Number")
    gone = ordered(care, the(care("disconnect", account="1-B", root=root)).get("Quote Number"), due_date="2027-06-01")
    added = ordered(care, more, due_date="2027-01-01")
    (mark,) = care.road.fallout()
    key = lines(added, "Caller Id")[0].get(KEY)
    assert (mark["cause"], mark["order_number"], mark["lines"]) == (
        "Overtaken By Due Date",
        gone.get("Order Number"),
        [root],
    )
    assert mark["reason"].endswith(
        f"after it: Caller Id ({key}) stands beneath Local Line, which the order takes away, and it has no line of it"
    )


def test_a_service_that_rests_beneath_an_active_one_is_resumed(care):
    """The suspension of the line failed, the whole was resumed, and the line was tried again."""
    care.install(package(care))
    root = care.profile_root("1-B")
    suspended = ordered(care, the(care("suspend", account="1-B", root=root.get(KEY))).get("Quote Number"))
    work_order = f"{suspended.get('Order Number')}-1"
    mail = lines(suspended, "Voice Mail")[0].get(KEY)
    care("order-synchronization", work_order=work_order, status="Failed", lines=mail)
    care("order-synchronization", work_order=work_order, status="Complete")
    complete(care, ordered(care, the(care("resume", account="1-B", root=root.get(KEY))).get("Quote Number")))
    (entry,) = [one for one in care.road.fallout() if one["cause"] == "Lines Failed"]
    care("fallout-retry", entry=entry["row_id"])
    complete(care, suspended)
    assert set(care.road.profile().values()) == {"Active", "Suspended"}
    complete(care, ordered(care, the(care("resume", account="1-B", root=root.get(KEY))).get("Quote Number")))
    assert set(care.road.profile().values()) == {"Active"}


def test_a_later_order_brings_nothing_of_an_earlier_one_that_fails(care):
    root = line(care)
    first = ordered(care, changes(care, root, "anna", Service_Id="111"))
    second = ordered(care, changes(care, root, "bert", Pricing_Comment="ask Ann"))
    complete(care, second)
    care("order-synchronization", work_order=f"{first.get('Order Number')}-1", status="Failed")
    assert values(care) == (None, "ask Ann")


def test_what_cannot_be_read_is_remembered_by_no_line():
    for text in (None, "{", "[]", '{"Service Id": 1}'):
        item = PropertySet("Line Item", properties={"Action Code": "Update", "Service Id": "1", "Built On": text})
        leave_alone([item])
        assert item.get("Service Id") == "1"
