"""New accounts, from nothing and from an existing one of the same customer."""

from __future__ import annotations

import pytest

from tests.customer_care import the

OFFICES = """<Message MessageType="Integration Object" IntObjectName="Account" IntObjectFormat="Hierarchical">
<ListOfAccount>
<Account><AccountId>AW</AccountId><Name>American Widgets Inc</Name><AccountClass>Customer</AccountClass>
 <CurrencyCode>USD</CurrencyCode></Account>
<Account><AccountId>AW-NY</AccountId><Name>American Widgets Inc, New York</Name><AccountClass>Service</AccountClass>
 <ParentAccountId>AW</ParentAccountId><Status>Active</Status>
 <ListOfAccountKey><AccountKey><System>MAINFRAME</System><Number>77</Number></AccountKey></ListOfAccountKey></Account>
</ListOfAccount></Message>"""


def test_a_new_account_begins_with_the_details_of_another_office(any_care):
    """Scenario a: the details, the customer above, not the name, the number or the other systems' keys."""
    any_care.road.load(OFFICES)
    made = the(any_care("new-account", name="American Widgets Inc, Spokane", like="AW-NY", account="AW-SP"))
    (stored,) = any_care.road.stored("Account", Account_Id="AW-SP")
    for account in (made, stored):
        assert {name: text for name, text in account.properties.items() if text is not None} == {
            "Account Id": "AW-SP",
            "Name": "American Widgets Inc, Spokane",
            "Account Class": "Service",
            "Parent Account Id": "AW",
        }
    assert stored.children == []


def test_the_customer_itself_can_be_the_model(care):
    care.road.load(OFFICES)
    made = the(care("new-account", name="American Widgets Inc, Spokane", like="AW", currency="CAD"))
    assert (made.get("Parent Account Id"), made.get("Account Class"), made.get("Currency Code")) == (
        "AW",
        "Service",
        "CAD",
    )
    assert care.road.stored("Account", Account_Id=made.get("Account Id"))


def test_a_new_customer_needs_no_model(care):
    made = the(care("new-account", name="John Smith", currency="USD"))
    assert (made.get("Account Class"), made.get("Parent Account Id")) == ("Customer", None)


def test_an_account_id_is_one_accounts(care):
    assert care.refused("new-account", name="Nobody", account="1-A") == (
        "there is an account '1-A' already\n"
        "  where: argument 'account'\n"
        "  why:   an Account Id belongs to one account\n"
        "  mend:  give another, or none: then the hub makes one"
    )


@pytest.mark.parametrize("name", ["", "  "])
def test_an_account_has_a_name(care, name):
    assert care.refused("new-account", name=name) == (
        "an account needs a name\n"
        "  where: argument 'name'\n"
        "  why:   expected the customer's or the office's name, found none\n"
        "  mend:  give name=..."
    )


@pytest.mark.parametrize(("account", "sign"), [("a b;c", " "), ("1,2", ","), ("$HOME", "$")])
def test_a_new_account_id_can_be_typed_in_commands_and_lists(care, account, sign):
    assert care.refused("new-account", name="John Smith", account=account) == (
        f"a new account can't have the Account Id '{account}'\n"
        "  where: argument 'account'\n"
        f"  why:   it has the character '{sign}'; an Account Id has letters, digits and - _ . : / only\n"
        "  mend:  give another, or none: then the hub makes one"
    )
    assert the(care("new-account", name="Žofie", account="Ž-1_2.3:4/5")).get("Account Id") == "Ž-1_2.3:4/5"


@pytest.mark.parametrize("currency", ["", "usd", "US Dollar", "XYZ", "XTS"])
def test_a_currency_is_one_that_is_in_use(care, currency):
    for workflow, more in (("new-account", {"name": "John Smith"}), ("new-quote", {"account": "1-B"})):
        assert care.refused(workflow, currency=currency, **more) == (
            "the argument 'currency' can't be read\n"
            "  where: argument 'currency'\n"
            f"  why:   expected the code of a currency in use, as USD (ISO 4217), found '{currency}'\n"
            "  mend:  give the code of a currency in use, as USD (ISO 4217)"
        )


def test_a_model_must_be_there(care):
    assert care.refused("new-account", name="Nobody", like="1-Z") == (
        "the account '1-Z' is unknown\n"
        "  where: argument 'like'\n"
        "  why:   no account of this Account Id is stored\n"
        "  mend:  mend the Account Id (`orderhub find NAME` finds it), or load the account (orderhub load)"
    )


def test_a_quote_takes_the_currency_from_the_account_above(care):
    """An office has no currency of its own: the customer's counts."""
    care.road.load(OFFICES)
    quote = the(care("new-quote", account="AW-NY"))
    assert (quote.get("Currency Code"), quote.get("Service Account Id"), quote.get("Billing Account Id")) == (
        "USD",
        "AW-NY",
        "AW-NY",
    )


# Its address


def test_an_office_has_an_address_of_its_own(any_care):
    made = the(any_care("new-account", name="Spokane", like="2-AW-NY", account="AW-SP", address="PR-WA"))
    assert (made.get("Address Id"), made.get("Phone Number")) == ("PR-WA", "2125550100")
    without = any_care("new-account", name="Reno", like="2-AW-NY")
    assert (the(without).get("Address Id"), [str(note) for note in without.notes]) == (
        None,
        ["account address: it isn't at 75 Wall Street, New York (PR-NY), the address of '2-AW-NY', and has none yet"],
    )


def test_a_new_address_is_stored_with_the_account(any_care):
    fields = {"street": "1 Pine Road", "street_2": "Floor 3", "city": "Reno", "state": "NV", "postal_code": "89501"}
    made = the(any_care("new-account", name="Reno", like="2-AW-NY", country="US", **fields))
    (address,) = any_care.road.stored("Address", Address_Id=made.get("Address Id"))
    assert {name: text for name, text in address.properties.items() if text is not None} == {
        "Address Id": made.get("Address Id"),
        "Street": "1 Pine Road",
        "Street 2": "Floor 3",
        "City": "Reno",
        "State": "NV",
        "Postal Code": "89501",
        "Country": "US",
    }


def test_an_account_stands_beneath_a_parent(care):
    made = the(care("new-account", name="Payables", parent="2-LB", account_class="Billing"))
    assert (made.get("Parent Account Id"), made.get("Account Class")) == ("2-LB", "Billing")
    assert the(care("new-account", name="Cabin", parent="2-LB")).get("Account Class") == "Service"


def test_what_a_new_account_refuses_of_addresses_and_parents(care):
    assert care.refused("new-account", name="Reno", address="PR-NOWHERE") == (
        "the address 'PR-NOWHERE' is unknown\n"
        "  where: argument 'address'\n"
        "  why:   no address of this Address Id is stored\n"
        "  mend:  mend the Address Id, or load the address with its service points (orderhub load)"
    )
    assert care.refused("new-account", name="Reno", address="PR-WA", city="Reno") == (
        "an account has one address\n"
        "  where: argument 'address'\n"
        "  why:   expected address= for one that is stored, or street=, city= and the like for a new one; found both\n"
        "  mend:  leave one of the two out"
    )
    assert "argument 'parent'" in care.refused("new-account", name="Reno", parent="NOBODY")
    assert care.refused("new-account", name="Reno", parent="2-LB", like="2-AW-NY").startswith(
        "the account '2-AW-NY' isn't one of the customer '2-LB'\n  where: argument 'like'\n"
    )
