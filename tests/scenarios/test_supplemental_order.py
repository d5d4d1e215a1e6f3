"""Usage scenario f, in the source's words: a package is ordered; twenty minutes later the customer thinks anew.

Source: "Usage Scenarios", f. Supplemental Order; spec: workflows.md, "Usage scenarios".
"""

from __future__ import annotations

from hub.run import Note
from integration_objects.complex_object import KEY, attributes, line_items, walk_items
from integration_objects.property_set import PropertySet
from schemas.check import parse
from tests.customer_care import CustomerCare, actions, lines, the
from tests.hub.conftest import lines as asked
from tests.hub.conftest import status

PACKAGE, LINE, MAIL, FORWARDING = "Local Breakthrough Package", "Local Line", "Voice Mail", "Call Forwarding"
CUSTOMER = "1-B"
OFFICE, CELL_PHONE = "509-555-0199", "509-555-0177"


def values(order: PropertySet) -> dict[str | None, str | None]:
    """The attributes of the call forwarding service."""
    [forwarding] = lines(order, FORWARDING)
    return {one.get("Name"): one.get("Text Value") or one.get("Number Value") for one in attributes(forwarding)}


def submitted_order(care: CustomerCare) -> PropertySet:
    """The customer is persuaded: the package, calls forwarded after six rings, voice-mail for $6.95; submitted."""
    line = f"{PACKAGE}/{LINE}"
    requests = [
        {"request": "set", "item": line, "fields": {"Service Id": "509-555-0123"}},
        {
            "request": "set",
            "item": f"{line}/{FORWARDING}",
            "attributes": {"Forwarding Number": OFFICE, "Rings": "6"},
        },
        {"request": "add", "product": MAIL, "beneath": line, "attributes": {"Password": "1234"}},
    ]
    quote = the(care("new-products-and-services", account=CUSTOMER, product=PACKAGE, requests=requests))
    order = care.place(quote.get("Quote Number") or "")
    return the(care("submit", order=order.get("Order Number")))


def supplemental_order(care: CustomerCare, number: str) -> PropertySet:
    """The agent revises the order, drops voice-mail, changes the forwarding number, and submits the supplement."""
    supplement = the(care("revise", order=number))
    [mail], [forwarding] = lines(supplement, MAIL), lines(supplement, FORWARDING)
    requests = [
        {"request": "remove", "item": mail.get(KEY)},
        {"request": "set", "item": forwarding.get(KEY), "attributes": {"Forwarding Number": CELL_PHONE}},
    ]
    care("edit-order-line-item", order=number, line=line_items(supplement)[0].get(KEY), requests=requests)
    return the(care("submit", order=number))


def test_the_order_is_submitted_with_all_that_she_wants(care: CustomerCare) -> None:
    order = submitted_order(care)
    assert (order.get("Status"), order.get("Revision"), order.get("Active Flag")) == ("Open", "1", "Y")
    assert actions(order) == {(one, "Add"): 1 for one in (PACKAGE, LINE, "Caller Id", FORWARDING, MAIL)}
    assert values(order) == {"Forwarding Number": OFFICE, "Rings": "6"}
    assert lines(order, MAIL)[0].get("Adjusted Price") == "6.95"


def test_the_original_is_marked_as_inactive_and_copied_to_a_pending_revision_2(care: CustomerCare) -> None:
    number = submitted_order(care).get("Order Number") or ""
    supplement = the(care("revise", order=number))
    assert (supplement.get("Status"), supplement.get("Revision"), supplement.get("Active Flag")) == (
        "Pending",
        "2",
        "Y",
    )
    stored = care.road.stored("OM Order", Order_Number=number)
    assert [(one.get("Revision"), one.get("Active Flag")) for one in stored] == [("1", "N"), ("2", "Y")]
    keys = [[item.get(KEY) for item, _ in walk_items(one)] for one in stored]
    assert keys[0] == keys[1]


def test_voice_mail_is_dropped_and_the_forwarding_number_changed_in_the_supplement(care: CustomerCare) -> None:
    number = submitted_order(care).get("Order Number") or ""
    [first] = care.road.work_orders()
    order = supplemental_order(care, number)
    assert (order.get("Status"), order.get("Revision")) == ("Open", "2")
    assert actions(order) == {(one, "Add"): 1 for one in (PACKAGE, LINE, "Caller Id", FORWARDING)}
    assert values(order) == {"Forwarding Number": CELL_PHONE, "Rings": "6"}
    assert {item.get("Status") for item, _ in walk_items(order)} == {"Complete", "Open"}  # the package itself is done
    [second] = care.road.work_orders()
    assert (second.get("number"), second.get("revision")) == (first.get("number"), "2")
    assert [(line.get("product"), line.get("action")) for line in asked(second)] == [
        (PACKAGE, "none"),
        (LINE, "add"),
        ("Caller Id", "add"),
        (FORWARDING, "add"),
    ]


def test_played_on_until_the_service_is_there_and_billed(care: CustomerCare) -> None:
    """Provisioning answers, the customer has what she ordered last, and is charged for that and nothing else."""
    number = submitted_order(care).get("Order Number") or ""
    [first] = care.road.work_orders()
    order = supplemental_order(care, number)
    [second] = care.road.work_orders()
    # An answer to what was replaced comes late, and does no harm.
    [mail] = [line.get("integrationId") for line in asked(first) if line.get("product") == MAIL]
    late = status(first.get("number") or "", [(mail or "", "COMPLETED")], revision=1)
    assert care.road.work(late, "provisioning_status")["state"] == "filtered"
    assert care.road.complete(second, revision=2)["state"] == "done"
    assert care.road.profile(CUSTOMER) == {
        PACKAGE: "Active",
        f"{PACKAGE} / {LINE}": "Active",
        f"{PACKAGE} / {LINE} / Caller Id": "Active",
        f"{PACKAGE} / {LINE} / {FORWARDING}": "Active",
    }
    assert values(care.road.stored("OM Asset", Account_Id=CUSTOMER)[0]) == {
        "Forwarding Number": CELL_PHONE,
        "Rings": "6",
    }
    [order] = care.road.stored("OM Order", Order_Number=number, Active_Flag="Y")
    assert order.get("Status") == "Complete"
    messages = [parse(row.message.body) for row in care.road.left("billing.events")]
    name = f"{{{messages[0].nsmap[messages[0].prefix]}}}ProductId"
    assert [[charge.text for charge in one.iter(name)] for one in messages] == [
        [PACKAGE],
        [LINE, "Caller Id", FORWARDING],
    ]
    assert care.road.fallout() == []


def test_a_rule_that_the_revision_would_break_leaves_the_supplement_as_it_was(care: CustomerCare) -> None:
    """Changes made to an order must conform to the rules in the Product Configurator."""
    number = submitted_order(care).get("Order Number") or ""
    supplement = the(care("revise", order=number))
    [caller_id] = lines(supplement, "Caller Id")
    text = care.refused(
        "edit-order-line-item",
        order=number,
        line=lines(supplement, LINE)[0].get(KEY),
        requests=[{"request": "remove", "item": caller_id.get(KEY)}],
    )
    assert text.startswith("the configuration breaks a rule of its products\n")


def test_a_line_that_is_complete_can_not_be_edited(care: CustomerCare) -> None:
    number = submitted_order(care).get("Order Number") or ""
    [work_order] = care.road.work_orders()
    supplement = the(care("revise", order=number))
    [line], [mail] = lines(supplement, LINE), lines(supplement, MAIL)
    done = [(line.get(KEY) or "", "COMPLETED"), (mail.get(KEY) or "", "COMPLETED")]
    care.road.work(status(work_order.get("number") or "", done), "provisioning_status")
    where = f"  where: order {number}, line {mail.get(KEY)}\n"
    mend = "  mend:  leave the line as it is, and change its service with an order of its own"
    assert care.refused("edit-order-line-item", order=number, line=mail.get(KEY), requests=[]) == (
        f"the line Voice Mail can't be edited: it is finished\n{where}  why:   it is Complete\n{mend}"
    )
    remove = [{"request": "remove", "item": mail.get(KEY)}]
    [forwarding] = lines(supplement, FORWARDING)
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
    assert [(one.get("product"), one.get("action")) for one in asked(revised)] == [
        (PACKAGE, "none"),
        (LINE, "none"),
        ("Caller Id", "add"),
        (FORWARDING, "add"),
    ]
    care.road.complete(revised, time="2026-02-02T10:00:00Z")
    assert set(care.road.profile(CUSTOMER).values()) == {"Active"}
    assert len(care.road.profile(CUSTOMER)) == 5


def test_a_follow_on_order_shows_in_the_projected_state_who_set_what(care: CustomerCare) -> None:
    """The revised order is still open when she wants voice-mail back after all."""
    number = submitted_order(care).get("Order Number") or ""
    order = supplemental_order(care, number)
    root, [line] = line_items(order)[0].get(KEY), lines(order, LINE)
    add = [{"request": "add", "product": MAIL, "beneath": line.get(KEY), "attributes": {"Password": "9999"}}]
    quote = the(care("modify", account=CUSTOMER, root=root, requests=add))
    follow_on = the(care("submit", order=care.place(quote.get("Quote Number") or "").get("Order Number")))
    outcome = care("projected-state", account=CUSTOMER, root=root)
    set_by = {(row["product"], row["attribute"], row["field"]): (row["value"], row["order"]) for row in outcome.rows}
    assert set_by[PACKAGE, None, "Adjusted Price"] == ("19.95", None)  # complete at Submit: it is there already
    assert set_by[FORWARDING, "Forwarding Number", "Text Value"] == (CELL_PHONE, number)
    assert set_by[MAIL, "Password", "Text Value"] == ("9999", follow_on.get("Order Number"))
    assert outcome.notes == ()
    before = care("projected-state", account=CUSTOMER, orders=number)
    assert MAIL not in {row["product"] for row in before.rows}
    soon = care("projected-state", account=CUSTOMER, on="2026-06-01")
    assert Note("left out", f"order {number}: Add Caller Id: no due date") in soon.notes
