"""Usage scenario f, in the source's words: a package is ordered; twenty minutes later the customer thinks anew.

What is asked for is told in `hub.demo.scenarios`; what must come of it, and what else could have happened, here.

Source: "Usage Scenarios", f. Supplemental Order; spec: docs/design/workflows.md, "Usage scenarios".
"""

from __future__ import annotations

from hub.demo.scenarios import (
    CALLER_ID,
    CELL_PHONE,
    FORWARDING,
    HOME,
    LINE,
    MAIL,
    OFFICE_NUMBER,
    PACKAGE,
    package_order,
    supplement,
    supplemental_order,
    supplemental_order_installed,
)
from hub.workflow_manager.outcome import Note
from integration_objects.complex_object import line_items, walk_items
from integration_objects.names import KEY
from tests.customer_care import CustomerCare, actions, lines, the
from tests.road import provisioning_status, work_order_lines
from tests.scenarios.what_is_there import charges, done, services, values


def test_the_order_is_submitted_with_all_that_she_wants(care: CustomerCare) -> None:
    order = package_order(care)
    assert (order.get("Status"), order.get("Revision"), order.get("Active Flag")) == ("Open", "1", "Y")
    assert actions(order) == {(one, "Add"): 1 for one in (PACKAGE, LINE, CALLER_ID, FORWARDING, MAIL)}
    assert values(order, FORWARDING) == {"Forwarding Number": OFFICE_NUMBER, "Rings": "6"}
    assert lines(order, MAIL)[0].get("Adjusted Price") == "6.95"


def test_the_original_is_marked_as_inactive_and_copied_to_a_pending_revision_2(care: CustomerCare) -> None:
    copy = supplement(care)
    assert (copy.get("Status"), copy.get("Revision"), copy.get("Active Flag")) == ("Pending", "2", "Y")
    stored = care.road.stored("OM Order", Order_Number=copy.get("Order Number"))
    assert [(one.get("Revision"), one.get("Active Flag")) for one in stored] == [("1", "N"), ("2", "Y")]
    keys = [[item.get(KEY) for item, _ in walk_items(one)] for one in stored]
    assert keys[0] == keys[1]


def test_voice_mail_is_dropped_and_the_forwarding_number_changed_in_the_supplement(care: CustomerCare) -> None:
    order = supplemental_order(care)
    assert (order.get("Status"), order.get("Revision")) == ("Open", "2")
    assert actions(order) == {(one, "Add"): 1 for one in (PACKAGE, LINE, CALLER_ID, FORWARDING)}
    assert values(order, FORWARDING) == {"Forwarding Number": CELL_PHONE, "Rings": "6"}
    statuses = {item.get("Product Id"): item.get("Status") for item, _ in walk_items(order)}
    # No system provides the package: it begins with the first line beneath it.
    assert statuses == {PACKAGE: "Open", LINE: "Open", CALLER_ID: "Open", FORWARDING: "Open"}
    first, second = care.road.work_orders()
    assert (second.get("number"), second.get("revision")) == (first.get("number"), "2")
    assert [(line.get("product"), line.get("action")) for line in work_order_lines(second)] == [
        (PACKAGE, "none"),
        (LINE, "add"),
        (CALLER_ID, "add"),
        (FORWARDING, "add"),
    ]


def test_played_on_the_customer_has_and_pays_what_she_ordered_last(care: CustomerCare) -> None:
    """The answer to the work order that was replaced comes late: voice-mail isn't in the profile, and falls out."""
    order = supplemental_order_installed(care)
    assert care.answers == ["done", "done"]
    assert services(care, HOME) == {
        (PACKAGE, "Active", "19.95"): 1,
        (LINE, "Active", "0.00"): 1,
        (CALLER_ID, "Active", "0.00"): 1,
        (FORWARDING, "Active", "0.00"): 1,
    }
    profile = care.look("OM Asset", HOME)
    assert values(profile, FORWARDING) == {"Forwarding Number": CELL_PHONE, "Rings": "6"}
    number = order.get("Order Number")
    original, supplemental = care.road.stored("OM Order", Order_Number=number)
    assert [original.get(name) for name in ("Revision", "Status", "Active Flag")] == ["1", "Open", "N"]
    assert [supplemental.get(name) for name in ("Revision", "Status", "Active Flag")] == ["2", "Complete", "Y"]
    assert done(supplemental)
    assert charges(care, order) == [
        {("Start", LINE, "0.00"): 1, ("Start", CALLER_ID, "0.00"): 1, ("Start", PACKAGE, "19.95"): 1},
        {("Start", FORWARDING, "0.00"): 1},
    ]
    # The other forwarding number is done by now, and needs nobody any more.
    assert [(entry["cause"], entry["lines"]) for entry in care.road.fallout()] == [
        ("Completed After Withdrawal", [lines(original, MAIL)[0].get(KEY)])
    ]
    [resolved] = care.road.fallout("Resolved")
    assert (resolved["cause"], resolved["lines"]) == (
        "Completed As Replaced",
        [lines(original, FORWARDING)[0].get(KEY)],
    )


def test_a_rule_that_the_revision_would_break_leaves_the_supplement_as_it_was(care: CustomerCare) -> None:
    """Changes made to an order must conform to the rules in the Product Configurator."""
    order = supplement(care)
    [caller_id] = lines(order, CALLER_ID)
    text = care.refused(
        "edit-order-line-item",
        order=order.get("Order Number"),
        line=lines(order, LINE)[0].get(KEY),
        requests=[{"request": "remove", "item": caller_id.get(KEY)}],
    )
    assert text.startswith("the configuration breaks a rule of its products\n")


def test_a_line_that_is_complete_can_not_be_edited(care: CustomerCare) -> None:
    order = supplement(care)
    number = order.get("Order Number") or ""
    [work_order] = care.road.work_orders()
    [line], [mail] = lines(order, LINE), lines(order, MAIL)
    done = [(line.get(KEY) or "", "COMPLETED"), (mail.get(KEY) or "", "COMPLETED")]
    care.road.work(provisioning_status(work_order.get("number") or "", done), "provisioning_status")
    where = f"  where: order {number}, line {mail.get(KEY)}\n"
    mend = "  mend:  leave the line as it is, and change its service with another order"
    assert care.refused("edit-order-line-item", order=number, line=mail.get(KEY), requests=[]) == (
        f"the line Voice Mail can't be edited: it is finished\n{where}  why:   it is Complete\n{mend}"
    )
    remove = [{"request": "remove", "item": mail.get(KEY)}]
    [forwarding] = lines(order, FORWARDING)
    assert care.refused("edit-order-line-item", order=number, line=forwarding.get(KEY), requests=remove) == (
        f"the line Voice Mail can't be edited: it is finished\n{where}"
        f"  why:   it is Complete, and the requests take it away\n{mend}"
    )
    change = [{"request": "set", "item": mail.get(KEY), "attributes": {"Password": "4321"}}]
    assert care.refused("edit-order-line-item", order=number, line=forwarding.get(KEY), requests=change) == (
        f"the line Voice Mail can't be edited: it is finished\n{where}"
        f"  why:   it is Complete, and the requests change it\n{mend}"
    )
    # What isn't finished can be: the rest of the order goes on with the change.
    change = [{"request": "set", "item": forwarding.get(KEY), "attributes": {"Forwarding Number": CELL_PHONE}}]
    care("edit-order-line-item", order=number, line=forwarding.get(KEY), requests=change)
    care("submit", order=number)
    [revised] = care.road.work_orders()
    assert [(one.get("product"), one.get("action")) for one in work_order_lines(revised)] == [
        (PACKAGE, "none"),
        (LINE, "none"),
        (CALLER_ID, "add"),
        (FORWARDING, "add"),
    ]
    care.road.complete(revised, time="2026-02-02T10:00:00Z")
    assert set(care.road.profile(HOME).values()) == {"Active"}
    assert len(care.road.profile(HOME)) == 5


def test_a_follow_on_order_shows_in_the_projected_state_who_set_what(care: CustomerCare) -> None:
    """The revised order is still open when she wants voice-mail back after all."""
    order = supplemental_order(care)
    number = order.get("Order Number") or ""
    root, [line] = line_items(order)[0].get(KEY), lines(order, LINE)
    add = [{"request": "add", "product": MAIL, "beneath": line.get(KEY), "attributes": {"Password": "9999"}}]
    quote = the(care("modify", account=HOME, root=root, requests=add))
    follow_on = the(care("submit", order=care.place(quote.get("Quote Number") or "").get("Order Number")))
    outcome = care("projected-state", account=HOME, root=root)
    set_by = {(row["product"], row["attribute"], row["field"]): (row["value"], row["order"]) for row in outcome.rows}
    assert set_by[PACKAGE, None, "Adjusted Price"] == ("19.95", number)
    assert set_by[FORWARDING, "Forwarding Number", "Text Value"] == (CELL_PHONE, number)
    assert set_by[MAIL, "Password", "Text Value"] == ("***", follow_on.get("Order Number"))
    assert outcome.notes == ()
    before = care("projected-state", account=HOME, orders=number)
    assert MAIL not in {row["product"] for row in before.rows}
    soon = care("projected-state", account=HOME, on="2026-06-01")
    assert Note("left out", f"order {number}: Add Caller Id: no due date") in soon.notes
