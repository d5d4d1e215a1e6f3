"""An account gets another address; its services stay where they are, and those that can't are told."""

from __future__ import annotations

from tests.customer_care import the

#: a line that was loaded without a service point and without an address
LOADED = """<Message IntObjectName="OM Asset"><ListOfOMAsset><Asset><AccountId>2-LB</AccountId><ListOfLineItem>
<LineItem><IntegrationId>L-1</IntegrationId><ProductId>Local Line</ProductId><Quantity>1</Quantity></LineItem>
<LineItem><IntegrationId>L-2</IntegrationId><ProductId>Local Line</ProductId><Quantity>1</Quantity>
<ServiceAddressId>PR-HOME</ServiceAddressId></LineItem></ListOfLineItem></Asset></ListOfOMAsset></Message>"""


def test_an_account_gets_a_stored_address_or_a_new_one(care):
    care.road.load(LOADED)
    outcome = care("change-address", account="2-LB", address="PR-TOWN")
    assert the(outcome).get("Address Id") == "PR-TOWN"
    assert [str(note) for note in outcome.notes] == [
        "other address: Local Line L-1: it has no address of its own, and is at the account's: at 'PR-TOWN' now"
    ]
    written = the(care("change-address", account="2-LB", street="9 Cedar Lane", city="Spokane", postal_code="99203"))
    (address,) = care.road.stored("Address", Address_Id=written.get("Address Id"))
    assert [address.get(name) for name in ("Street", "City", "Postal Code")] == ["9 Cedar Lane", "Spokane", "99203"]
    (stored,) = care.road.stored("Account", Account_Id="2-LB")
    assert (stored.get("Name"), stored.get("Address Id")) == ("Maria Lopez", address.get("Address Id"))


def test_an_address_that_is_none_or_not_another_is_refused(care):
    assert care.refused("change-address", account="2-LB") == (
        "the account '2-LB' gets no address\n"
        "  where: argument 'address'\n"
        "  why:   expected address= for one that is stored, or street=, city= and the like for a new one; "
        "found neither\n"
        "  mend:  give one of the two"
    )
    assert care.refused("change-address", account="2-LB", address="PR-HOME") == (
        "the account '2-LB' is at the address 'PR-HOME' already\n"
        "  where: argument 'address'\n"
        "  why:   it is the account's Address Id\n"
        "  mend:  nothing has to be done"
    )
    for arguments, what in (
        ({"address": "PR-NOWHERE"}, "the address 'PR-NOWHERE' is unknown"),
        ({"address": "PR-TOWN", "city": "Spokane"}, "an account has one address"),
    ):
        assert care.refused("change-address", account="2-LB", **arguments).startswith(what)
    assert care.refused("change-address", account="NOBODY", address="PR-TOWN").startswith("the account 'NOBODY'")
