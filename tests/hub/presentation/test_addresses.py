"""Addresses on a screen: street and city stand beside the id, in the heading or at the lines that differ from it."""

from __future__ import annotations

import json

from hub.presentation.addresses import address_ids, address_text
from hub.presentation.changed_lines import changed_lines
from hub.presentation.screen import screen
from integration_objects.complex_object import message
from integration_objects.property_set import PropertySet
from tests.trees import item, node

HOME, TOWN = "8 Cedar Lane, Spokane (PR-HOME)", "21 Alder Street, Sacramento (PR-TOWN)"
ADDRESSES = {"PR-HOME": HOME, "PR-TOWN": TOWN}


def line(key: str, *children: PropertySet, **named: str | None) -> PropertySet:
    return item(key, *children, product_id=key, **named)


def quote(*roots: PropertySet) -> PropertySet:
    header = node("Quote", *roots, quote_number="Q-1", status="In Progress", account_id="1-A")
    return message("OM Quote", [header])


def test_the_heading_tells_the_address_of_all_lines():
    tree = quote(line("HOME", line("LINE", service_address_id="PR-HOME"), service_address_id="PR-HOME"))
    shown = screen(tree, addresses=ADDRESSES)
    assert shown.splitlines()[0] == f"quote Q-1: In Progress, account 1-A, at {HOME}"
    assert shown.count("Cedar Lane") == 1


def test_of_several_addresses_each_line_tells_the_one_that_the_line_above_it_does_not_have():
    leaving = line("OLD", line("OLD-LINE", service_address_id="PR-HOME"), service_address_id="PR-HOME")
    coming = line("NEW", line("NEW-LINE", service_address_id="PR-HOME"), service_address_id="PR-TOWN")
    heading, _, *rows, _ = screen(quote(leaving, coming), addresses=ADDRESSES).splitlines()
    assert heading == "quote Q-1: In Progress, account 1-A"
    told = [row.partition("address ")[2] for row in rows]
    assert told == [HOME, "", TOWN, HOME]


def test_a_service_profile_and_an_account_tell_their_address():
    profile = message("OM Asset", [node("Asset", line("HOME", service_address_id="PR-HOME"), account_id="1-A")])
    assert screen(profile, addresses=ADDRESSES).startswith(f"services of the account 1-A, at {HOME}\n")
    account = message("Account", [node("Account", account_id="1-A", address_id="PR-TOWN")])
    assert screen(account, addresses=ADDRESSES) == f"Account 1-A\n  Address Id: {TOWN}"
    contacts = message("Contact", [node("Contact", contact_id=key, address_id="PR-TOWN") for key in ("A", "B")])
    assert screen(contacts, addresses=ADDRESSES).count(TOWN) == 2


def test_a_changed_address_is_told_with_the_old_one():
    built_on = json.dumps({"Service Address Id": "PR-HOME"})
    changed = line("LINE", action="Update", service_address_id="PR-TOWN", built_on=built_on)
    assert f"  Address: {HOME} -> {TOWN}\n" in screen(quote(changed), addresses=ADDRESSES)
    before = node("Quote", line("LINE", action="Update", service_address_id="PR-HOME"))
    assert f"Address: {HOME} -> {TOWN}" in changed_lines(before, [quote(changed)], ADDRESSES)[-1]


def test_an_unknown_address_is_shown_by_its_id():
    assert screen(quote(line("LINE", service_address_id="PR-X"))).startswith(
        "quote Q-1: In Progress, account 1-A, at PR-X\n"
    )
    assert address_text({"Address Id": "PR-X", "City": None}) == "PR-X"


def test_only_the_addresses_that_are_shown_are_read():
    built_on = json.dumps({"Service Address Id": "PR-HOME"})
    update = line("LINE", action="Update", service_address_id="PR-TOWN", built_on=built_on)
    assert address_ids([quote(update)]) == {"PR-HOME", "PR-TOWN"}
    faulty = line("LINE", built_on='{"Service Address Id')
    assert address_ids([quote(line("OTHER"), faulty)]) == set()
    # An address itself is shown whole.
    assert address_ids([message("Address", [node("Address", address_id="PR-HOME")])]) == set()
