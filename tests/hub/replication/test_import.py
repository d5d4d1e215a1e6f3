"""A partner's files are imported: in order, once, checked before the first record, and answered."""

from __future__ import annotations

from typing import Any

from tests.hub.replication.two_sides import TwoSides


def new(name: str, **values: str) -> dict[str, Any]:
    return {"CUST-NAME": name, "CUST-STAT": "A", "CREDIT-LIMIT": "100.00", **values}


def test_records_of_the_partner_become_accounts_with_address_and_contact(sides: TwoSides) -> None:
    sides.billing.add("1", new("Ann", **{"STREET": "Hill 1", "CONTACT-LAST": "Doe"}))
    sides.billing.add("2", new("Bob"))
    sides.billing.write()
    assert sides.imported() == ["ACCOUNTS.00000001.txt done"]
    assert sides.ours() == {
        "1": ("Ann", "Active", "100", None, None, "Hill 1", None, None, None, None, "Doe"),
        "2": ("Bob", "Active", "100", None, None, None, None, None, None, None, None),
    }
    assert sides.export() == [], "nothing goes back to the side that it came from"
    assert sides.billing.read() == 1
    sides.billing.set("1", {"CUST-NAME": "Anna", "STREET": None})
    sides.billing.delete("2")
    sides.billing.write()
    assert sides.imported() == ["ACCOUNTS.00000002.txt done"]
    assert sides.ours()["1"][0] == "Anna"
    assert sides.ours()["2"][1] == "Closed"
    assert sides.export() == []


def test_the_hubs_changes_reach_the_partner_and_its_answer_is_taken(sides: TwoSides) -> None:
    sides.put("1", Name="Ann", Status="Active")
    assert sides.export() == ["A1 Ann A"]
    assert sides.billing.read() == 1
    assert sides.imported() == ["ACCOUNTS.00000001.txt done"]
    assert sides.export() == []
    sides.put("1", Name="Anna")
    assert sides.export() == ["C1 Anna A"]
    sides.billing.read()
    sides.imported()
    assert sides.export() == []
    assert sides.billing.accounts()["1"][0] == "Anna"
