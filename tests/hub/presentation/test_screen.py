"""Objects on a screen: what changed is seen at a glance, and lines that say nothing new are folded."""

from __future__ import annotations

import json

from hub.presentation.screen import screen
from integration_objects.complex_object import empty, message
from integration_objects.property_set import PropertySet
from tests.trees import attribute, item, node, order


def quote(*roots: PropertySet) -> PropertySet:
    header = node("Quote", *roots, quote_number="Q-1", status="In Progress", account_id="1-A")
    return message("OM Quote", [header])


def headed(*roots: PropertySet, **named: str) -> PropertySet:
    return message("OM Order", [node("Order", *roots, order_number="O-1", **named)])


def profile(*roots: PropertySet) -> PropertySet:
    return message("OM Asset", [node("Asset", *roots, account_id="1-A")])


def line(number: int, *children: PropertySet, product: str = "Local Line", **named: str | None) -> PropertySet:
    named = {"line_number": str(number), "product_id": product, **named}
    return item(f"KEY-OF-LINE-{number:03}", *children, **named)


def test_an_update_shows_old_and_new_values_of_fields():
    built_on = {
        "Service Id": "0140",
        "Quantity": "1",
        "Adjusted Price": "5.990",
        "Service Point Id": None,
        "Billing Account Id": "1-A",
        "Agreement Id": "AG-1",
        "List Price": "7",
    }
    changed = line(
        1,
        action="Update",
        service_id="140",
        quantity="3",
        adjusted_price="5.99",
        service_point_id="SP-1",
        billing_account_id="1-B",
        agreement_id="AG-1",
        list_price="8",
        built_on=json.dumps(built_on),
    )
    assert screen(quote(changed)) == (
        "quote Q-1: In Progress, account 1-A\n"
        "  line  product     action  service      quantity  price  key     "
        "details\n"
        "  1     Local Line  Update  0140 -> 140  1 -> 3    5.99   NE-001  "
        "Service Point Id: nothing -> SP-1, Billing Account Id: 1-A -> 1-B, agreement AG-1\n"
        "  in all: 1 Update"
    )


def test_attributes_that_come_go_and_change_are_marked_as_such():
    added = line(1, attribute("Rings", "6", action="Add"), action="Add")
    updated = line(
        2,
        attribute("Colour", "Red", action="Add"),
        attribute("Rings", "3", action="Update"),
        attribute("Number", "0140", action="Delete"),
        attribute("Kept", "x", action="-"),
        attribute("Lines", None, number_value="2", action="Update"),
        attribute("Password", "***", action="Update"),
        attribute("Sent", None, action="Delete"),
        action="Update",
        built_on='{"Attributes": {"Lines": "1", "Password": "***", "Sent": "9"}}',
    )
    rows = screen(quote(added, updated)).splitlines()
    assert rows[2].endswith("  NE-001  Rings=6")
    assert rows[3].endswith(
        "  NE-002  Colour=Red (new), Rings=3 (changed), Number=0140 (deleted), Kept=x, Lines=1 -> 2, "
        "Password=*** (changed), Sent=9 (deleted)"
    )


def test_what_provisioning_said_of_a_line_stands_beside_it():
    told = line(
        1,
        action="Add",
        status="Failed",
        status_reason="no free port",
        milestone="Technician Dispatched",
        past_point_of_no_return="Y",
        due_date="2027-03-01T00:00:00Z",
    )
    (_, heads, row, _) = screen(order(told)).splitlines()
    assert heads.split() == ["line", "product", "action", "status", "due", "key", "details"]
    assert row == (
        "  1     Local Line  Add     Failed  2027-03-01  NE-001  "
        "milestone: Technician Dispatched, past the point of no return, reason: no free port"
    )


def test_the_heading_and_the_lines_name_the_accounts_and_the_agreement_that_differ():
    own = {"account_id": "1-A", "service_account_id": "1-A", "billing_account_id": "1-A"}
    named = {**own, "service_account_id": "1-S", "billing_account_id": "1-P", "agreement_id": "AG-1"}
    same = line(1, service_account_id="1-S", billing_account_id="1-P", agreement_id="AG-1")
    other = line(2, service_account_id="1-A", billing_account_id="1-A", agreement_id="AG-2")
    heading, _, first, second, _ = screen(headed(same, other, **named)).splitlines()
    assert heading.endswith("account 1-A, service account 1-S, billed to 1-P, agreement AG-1")
    assert first.endswith("NE-001")
    assert second.endswith("NE-002  service account 1-A, billed to 1-A, agreement AG-2")
    assert screen(headed(line(1), **own)).splitlines()[0].endswith("account 1-A")


def test_a_discount_stands_beside_the_list_price_on_every_screen():
    given = {"discount_percent": "15", "discounted_by": "mary", "discount_reason": "loyal", "list_price": "19.95"}
    rows = screen(quote(line(1, action="Add", **given), line(2, agreed_price="5", list_price="7"))).splitlines()
    assert rows[2].endswith("  15 % off by mary (loyal), list price 19.95")
    assert rows[3].endswith("  agreed price 5, list price 7")
    told = line(
        1, action="Update", **given, built_on=json.dumps(dict.fromkeys(("Discount Percent", "Discount Reason")))
    )
    assert screen(quote(told)).splitlines()[2].endswith("  15 % off by mary (loyal), list price 19.95")


def test_suspensions_are_counted_as_such():
    lines = [line(1, action="Update", action_alias="Suspend"), line(2, action="Update"), line(3, action="-")]
    assert screen(quote(*lines)).endswith("  in all: 1 Update, 1 Suspend, 1 unchanged")


def test_the_account_that_pays_is_told_where_it_is_another_than_that_above():
    text = screen(profile(line(1, line(2, billing_account_id="B-1"), billing_account_id="B-1")))
    assert text.count("billed to B-1") == 1
    suspended = line(1, action="Update", billing_account_id="B-1", built_on='{"Billing Account Id": "B-1"}')
    assert screen(quote(suspended)).count("billed to B-1") == 1


def bundle(changed: int = 0, lines: int = 100) -> PropertySet:
    """A bundle with *lines* lines of two features each; *changed* of its features are deleted."""
    below = [
        line(
            number,
            line(number + 1, product="Voice Mail", action="Delete" if (number - 2) // 3 < changed else "-"),
            line(number + 2, product="Caller Id", action="-"),
            action="-",
            service_id=f"0{number}",
        )
        for number in range(2, 3 * lines + 2, 3)
    ]
    return quote(line(1, *below, product="Bundle", action="-"))


def test_unchanged_lines_are_folded_and_one_change_is_seen_at_a_glance():
    assert screen(bundle(changed=1)) == (
        "quote Q-1: In Progress, account 1-A\n"
        "  line   product                  action  service  key\n"
        "  1      Bundle                   -                NE-001\n"
        "  2        Local Line             -       02       NE-002\n"
        "  3          Voice Mail           Delete           NE-003\n"
        "  4          Caller Id            -                NE-004\n"
        "  5-301    (297 lines unchanged)\n"
        "  in all: 1 Delete, 300 unchanged"
    )
    assert screen(bundle()).splitlines()[3] == "  2-301    (300 lines unchanged)"


def test_like_neighbours_are_folded_but_what_names_them_may_differ():
    text = screen(bundle(changed=3))
    assert "  5-10      (2 more Local Line, each with 2 beneath it)  -       05 ... 08" in text
    assert "  11-301    (291 lines unchanged)" in text


def test_every_line_is_shown_on_demand_and_where_there_are_few():
    assert len(screen(bundle(), whole=True).splitlines()) == 1 + 1 + 301 + 1
    few = screen(bundle(lines=3))
    assert len(few.splitlines()) == 1 + 1 + 10 + 1
    assert "lines unchanged" not in few


def test_of_a_few_lines_unchanged_ones_are_folded_and_alike_ones_are_not():
    assert len(screen(bundle(changed=6, lines=6)).splitlines()) == 1 + 1 + 19 + 1
    assert "  5-19    (15 lines unchanged)" in screen(bundle(changed=1, lines=6))


def test_a_service_profile_is_counted_by_status_and_like_services_are_folded():
    text = screen(profile(*(line(n, status="Active", line_number=None) for n in range(1, 25))))
    assert text == (
        "services of the account 1-A\n"
        "  product               status  key\n"
        "  Local Line            Active  NE-001\n"
        "  (23 more Local Line)  Active\n"
        "  in all: 24 Active"
    )


def test_an_object_without_lines_says_so():
    assert screen(quote()) == "quote Q-1: In Progress, account 1-A\n  no lines"
    assert screen(empty("OM Asset")) == "OM Asset: no services"
    assert screen(empty("Product")) == "Product: nothing"


def test_a_chain_of_many_levels_is_drawn_without_recursion_and_without_a_wide_margin():
    chain = line(5000)
    for number in range(4999, 0, -1):
        chain = line(number, chain)
    text = screen(quote(chain), whole=True)
    assert len(text.splitlines()) == 5000 + 3
    assert max(map(len, text.splitlines())) < 100


def test_an_object_of_another_kind_shows_its_fields_and_a_table_for_each_kind_of_component():
    account = node(
        "Account",
        node("Account Key", system="Mainframe", number="123"),
        node("Account Key", system="Billing", number="9"),
        account_id="1-A",
        name="Ann",
        address_id=None,
    )
    assert screen(message("Account", [account])) == (
        "Account 1-A\n  Name: Ann\n  Account Key:\n    System     Number\n    Mainframe  123\n    Billing    9"
    )


def test_components_beneath_a_component_follow_its_own_row():
    product = node(
        "Product",
        node("Product Attribute", node("Allowed Value", value="on"), name="Listed"),
        node("Product Attribute", name="Listing Name"),
        product_id="Line",
    )
    assert screen(message("Product", [product])) == (
        "Product Line\n"
        "  Product Attribute:\n"
        "    Name\n"
        "    Listed\n"
        "      Allowed Value:\n"
        "        Value\n"
        "        on\n"
        "  Product Attribute:\n"
        "    Name\n"
        "    Listing Name"
    )


def test_several_objects_without_components_are_one_table():
    statuses = [
        node("Fulfilment Status", order_number="O-2", state="done"),
        node("Fulfilment Status", order_number="O-1", state="needs you", reason="no pair left"),
    ]
    assert screen(message("Fulfilment Status", statuses)) == (
        "Fulfilment Status:\n"
        "  Order Number  State      Reason\n"
        "  O-2           done\n"
        "  O-1           needs you  no pair left"
    )
