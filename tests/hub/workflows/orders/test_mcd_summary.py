"""MCD summary: what an account has moved, changed and disconnected, with its state and dates."""

from __future__ import annotations

from integration_objects.complex_object import action_code, components, line_items
from integration_objects.names import KEY
from tests.customer_care import the
from tests.road import sample


def placed(care, quote):
    number = care.place(the(quote).get("Quote Number")).get("Order Number")
    care("submit", order=number)
    return number


def summary(care, account="1-B"):
    found = the(care("mcd-summary", account=account))
    return [found.get(name) for name in ("Moves", "Changes", "Disconnects")], components(found, "Service Status")


def line_of(care, account="1-B"):
    """A new service of the account, provided; its key."""
    number = placed(care, care("new-products-and-services", account=account, product="Local Line"))
    care("order-synchronization", work_order=f"{number}-1", status="Complete")
    care.road.work_orders()
    return care.profile_root(account).get(KEY)


def test_new_services_are_no_part_of_it(care):
    line_of(care)
    assert summary(care) == (["0", "0", "0"], [])


def test_a_change_a_suspension_and_a_disconnect_are_told_with_the_message_of_their_answer(any_care):
    care = any_care
    root = line_of(care)
    request = [{"request": "set", "item": root, "fields": {"Service Id": "509-555-0177"}}]
    changed = placed(care, care("modify", account="1-B", root=root, requests=request))
    answer = care.road.complete()
    suspended = placed(care, care("suspend", account="1-B", root=root))
    care("order-synchronization", work_order=f"{suspended}-1", status="Complete")
    disconnected = placed(care, care("disconnect", account="1-B", root=root))
    counts, lines = summary(care)
    assert counts == ["0", "2", "1"]
    assert [(line.get("Order Number"), line.get("Action"), line.get("State")) for line in lines] == [
        (disconnected, "Disconnect", "in progress"),
        (suspended, "Suspend", "done"),
        (changed, "Change", "done"),
    ]
    assert lines[2].get("Message Id") == answer["id"]
    assert [line.get("Answered Date") is None for line in lines] == [True, False, False]
    assert {line.get(KEY) for line in lines} == {root}
    assert all(line.get("Ordered Date") for line in lines)


#: energy at the winter home
ENERGY = """
<Message IntObjectName="OM Asset"><ListOfOMAsset><Asset><AccountId>2-EN</AccountId><ListOfLineItem>
  <LineItem><IntegrationId>HE</IntegrationId><ProductId>Home Energy</ProductId><Quantity>1</Quantity>
    <PriceType>Recurring</PriceType><AdjustedPrice>4.00</AdjustedPrice><CurrencyCode>USD</CurrencyCode><ListOfLineItem>
    <LineItem><IntegrationId>EL</IntegrationId><ProductId>Electricity</ProductId><Quantity>1</Quantity>
      <ServicePointId>SP-WINTER-EL</ServicePointId>
      <ListOfAttribute><Attribute><Name>Tariff</Name><TextValue>Green</TextValue></Attribute></ListOfAttribute></LineItem>
    <LineItem><IntegrationId>GA</IntegrationId><ProductId>Gas</ProductId><Quantity>1</Quantity>
      <ServicePointId>SP-WINTER-GAS</ServicePointId></LineItem>
  </ListOfLineItem></LineItem>
</ListOfLineItem></Asset></ListOfOMAsset></Message>
"""


def test_a_service_that_ends_at_one_address_and_begins_at_another_is_moved(care):
    for xml in (sample("meters.xml"), sample("meter_locations.xml"), ENERGY):
        care.road.load(xml)
    days = {"move_out": "2026-03-31", "move_in": "2026-04-02"}
    number = placed(care, care("move", account="2-EN", old_address="PR-WINTER", new_address="PR-TOWN", **days))
    # The house in the town has no gas.
    counts, (moved, gas) = summary(care, "2-EN")
    assert (gas.get("Action"), gas.get(KEY)) == ("Disconnect", "GA")
    begun = next(line for line in line_items(care.order(number)) if action_code(line) == "Add")
    assert counts == ["1", "0", "1"]
    assert (moved.get("Action"), moved.get(KEY), moved.get("Moved To")) == ("Move", "HE", begun.get(KEY))
    assert (moved.get("Promised Date"), moved.get("Expected Date")) == ("2026-04-02", "2026-04-02")
