"""Finding customers and what is theirs by a number or a name; lists of an account's quotes and orders."""

from __future__ import annotations

import json

import pytest

from hub.workflows.orders import finding
from hub.workflows.orders.finding import MOST_SHOWN, NothingNamed
from tests.customer_care import CustomerCare, the
from tests.road import sample

PACKAGE = "Local Breakthrough Package"
PACK = [
    {"request": "set", "item": f"{PACKAGE}/Local Line", "fields": {"Service Id": "509-555-0177"}},
    {"request": "set", "item": f"{PACKAGE}/Local Line/Call Forwarding", "attributes": {"Forwarding Number": "206-1"}},
]
ENERGY = """<Message IntObjectName="OM Asset"><ListOfOMAsset><Asset><AccountId>2-EN</AccountId><ListOfLineItem>
  <LineItem><IntegrationId>EL</IntegrationId><ProductId>Electricity</ProductId><Quantity>1</Quantity>
    <ServicePointId>SP-WINTER-EL</ServicePointId></LineItem></ListOfLineItem></Asset></ListOfOMAsset></Message>"""


@pytest.fixture
def directory(any_care: CustomerCare) -> CustomerCare:
    """Customer care with contacts, and the energy customer's service at a meter."""
    for name in ("contacts", "service_points", "meters", "meter_locations"):
        any_care.road.load(sample(f"{name}.xml"))
    any_care.road.load(ENERGY)
    return any_care


def found(care, text):
    return [
        (row["found"], row["number"], row["account"], row["status"], row["on"]) for row in care("find", text=text).rows
    ]


def packaged(care):
    """A package on a quote of 2-LB; the quote's number."""
    return the(care("new-products-and-services", account="2-LB", product=PACKAGE, requests=PACK)).get("Quote Number")


def test_a_number_is_found_from_the_quote_to_the_service_whatever_its_punctuation(directory):
    care = directory
    quote = packaged(care)
    assert found(care, "(509) 555-0177") == []
    assert care("find", text="509-555-0177").why == ("nothing has '509-555-0177' in its number or name")
    assert found(care, quote.lower()) == [("quote", quote, "2-LB", "In Progress", None)]
    order = care.place(quote)
    number = order.get("Order Number")
    assert found(care, "(509) 555-0177") == [("order line", "509-555-0177", "2-LB", "Pending", number)]
    assert found(care, number) == [("order", number, "2-LB", "New", None)]
    care.install(order)
    assert found(care, "509.555.01 77") == [("service", "509-555-0177", "2-LB", "Active", None)]
    (row,) = care("find", text="5095550177").rows
    assert (row["name"], row["product"]) == ("Maria Lopez", "Local Line")
    assert care("find", text=row["key"]).rows == (row,)
    # An order that is done has nothing to tell that the service doesn't.
    care("disconnect", account="2-LB", root=PACKAGE)
    assert len(found(care, "5095550177")) == 1


def test_an_account_is_found_by_its_key_its_name_its_telephone_and_any_part_of_its_name(directory):
    account = ("account", "5095550140", "2-LB", "Active", None)
    for text in ("2-LB", "maria", "Maria Lopez", "aria lop"):
        assert account in found(directory, text), text
    by_number = found(directory, "509 555 0140")
    assert by_number[:2] == [account, ("contact", "5095550140", "2-LB", None, None)]
    assert ("contact", "5095550140", "2-LB", None, None) in found(directory, "LOPEZ")
    # That has the letters in its name, and begins otherwise: the middle is looked for only where nothing begins so.
    assert {row[2] for row in found(directory, "American Widgets Inc, N")} == {"2-AW-NY"}
    assert {row[2] for row in found(directory, "idgets")} >= {"2-AW", "2-AW-NY", "2-AW-CA"}


def test_a_part_of_a_number_and_the_words_of_a_name_in_any_order_are_found(directory):
    care = directory
    order = care.place(packaged(care))
    number = order.get("Order Number")
    assert found(care, "0177") == [("order line", "509-555-0177", "2-LB", "Pending", number)]
    care.install(order)
    assert found(care, "55 01-77") == [("service", "509-555-0177", "2-LB", "Active", None)]
    for text in ("lopez maria", "ria LOP"):
        assert [row[:3] for row in found(care, text)] == [
            ("account", "5095550140", "2-LB"),
            ("contact", "5095550140", "2-LB"),
        ], text
    assert found(care, "lopez john") == []
    assert [row[:2] for row in found(care, "40017")] == [("meter", "EL-40017")]
    # Two signs are in every number.
    assert found(care, "77") == []


@pytest.mark.parametrize("text", ["%", "1%", "a_", "\\", "a%s", "' or 1=1 --"])
def test_no_sign_of_a_text_means_any_other(directory, text):
    assert found(directory, text) == []


def test_a_service_is_found_by_its_meter_and_its_service_point(directory):
    service = ("service", "EL-40017", "2-EN", "Active", "SP-WINTER-EL")
    meter = ("meter", "EL-40017", None, "In Repair", "SP-WINTER-EL")
    assert found(directory, "EL-40017") == [service, meter]
    assert found(directory, "MT-1")[0] == service
    assert found(directory, "SP-WINTER-EL")[0][:1] == ("service",)
    assert found(directory, "el 400")[:1] == [service]


def test_what_is_called_exactly_so_comes_first(directory):
    assert found(directory, "2-AW")[0][2] == "2-AW"
    assert len(found(directory, "2-AW")) > 1


def test_a_text_without_a_letter_or_digit_is_refused(care):
    with pytest.raises(NothingNamed, match="nothing can be found by '-'"):
        care("find", text=" - ")


def test_more_than_a_screen_is_counted(care, monkeypatch):
    monkeypatch.setattr(finding, "MOST_SHOWN", 2)
    outcome = care("find", text="2-AW")
    assert len(outcome.rows) == 2
    assert [str(note) for note in outcome.notes] == ["more: and 2 more; give more of it"]
    assert MOST_SHOWN == 50


def test_the_quotes_and_orders_of_an_account_are_listed_the_newest_first(any_care):
    care = any_care
    assert care("orders", account="2-LB").why == "the account 2-LB has no order"
    assert care("quotes", account="2-LB").why == "the account 2-LB has no quote"
    first = packaged(care)
    order = care.work("quote-to-order", quote=first, due_date="2026-03-01")
    care.submit(order)
    care("revise", order=order.get("Order Number"))
    changed = [{"request": "set", "item": "Call Forwarding", "attributes": {"Rings": "6"}}]
    second = the(care("modify", account="2-LB", root=PACKAGE, requests=changed)).get("Quote Number")
    assert care("orders", account="2-LB").rows == (
        {
            "number": order.get("Order Number"),
            "revision": "2",
            "status": "Pending",
            "type": "Sales Order",
            "due": "2026-03-01",
            "created": "2026-01-01",
            "lines": "4 Add",
        },
    )
    third = the(care("suspend", account="2-LB", root=PACKAGE, session="other")).get("Quote Number")
    rows = care("quotes", account="2-LB").rows
    assert [(row["number"], row["status"], row["lines"]) for row in rows] == [
        (third, "In Progress", "4 Suspend"),
        (second, "In Progress", "1 Update, 3 unchanged"),
        (first, "Order Placed", "4 Add"),
    ]
    assert "the account 'X' is unknown" in care.refused("orders", account="X")


def test_the_short_commands_print_the_rows(command, road):
    for name in ("premises.xml", "customers.xml"):
        road.load(sample(name))
    printed = command("find", "2-LB")
    assert printed.out.splitlines()[0].split() == [
        "found",
        "number",
        "account",
        "name",
        "product",
        "status",
        "on",
        "address",
        "key",
    ]
    assert " 8 Cedar Lane, Spokane (PR-HOME)" in printed.out
    assert json.loads(command("find", "2-LB", "--json").out)["rows"][0]["address"] == "PR-HOME"
    assert command("find", "100300").out.splitlines()[1].split()[:3] == ["account", "100300", "1-B"]
    assert json.loads(command("find", "2-LB", "--json").out)["rows"][0]["account"] == "2-LB"
    nothing = command("orders", "2-LB")
    assert (nothing.out, nothing.err) == ("", "the account 2-LB has no order\n")
    assert command("quotes", "nobody", expect=1).err.endswith("reason: AccountUnknown\n")


@pytest.mark.parametrize("text", ["12 pine", "Pine Street"])
def test_accounts_are_found_by_their_street(directory: CustomerCare, text: str) -> None:
    """By its beginning, and by words of it where nothing begins so."""
    directory.road.load(
        """<Message IntObjectName="Address"><ListOfAddress><Address><AddressId>PINE</AddressId>
        <Street>12 Pine Street</Street><City>Spokane</City></Address></ListOfAddress></Message>"""
    )
    directory.road.load(
        """<Message IntObjectName="Account"><ListOfAccount><Account><AccountId>2-LB</AccountId>
        <AddressId>PINE</AddressId></Account></ListOfAccount></Message>"""
    )
    assert ("account", "2-LB") in [(kind, account) for kind, _, account, _, _ in found(directory, text)]
