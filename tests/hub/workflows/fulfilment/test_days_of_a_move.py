"""An energy customer moves: the standing charge ends and begins on its days, and the move can be called off before."""

from __future__ import annotations

import pytest

from integration_objects.complex_object import items_of, walk_items
from schemas.check import parse
from tests.customer_care import the
from tests.hub.workflows.quotes.test_move import ENERGY, PROFILE
from tests.road import sample

DAY = 86_400.0
OUT, IN = "2026-03-31", "2026-04-05"
ADDRESS = """
<Message IntObjectName="Address"><ListOfAddress><Address><AddressId>PR-GAS</AddressId><Street>1 Hill Road</Street>
</Address></ListOfAddress></Message>
"""
POINT = """
<Message IntObjectName="Service Point"><ListOfServicePoint><ServicePoint><ServicePointId>SP-GAS</ServicePointId>
<AddressId>PR-GAS</AddressId><ProductId>Gas</ProductId></ServicePoint></ListOfServicePoint></Message>
"""


@pytest.fixture
def moving(any_care):
    """The move from the winter home to one with gas only, submitted; customer care and the Order Number."""
    care = any_care
    for name in ("service_points", "meters", "meter_locations"):
        care.road.load(sample(f"{name}.xml"))
    care.road.load(ADDRESS)
    care.road.load(POINT)
    tariff = "<ListOfAttribute><Attribute><Name>Tariff</Name><TextValue>Fixed</TextValue></Attribute></ListOfAttribute>"
    profile = PROFILE.replace("SP-WINTER-GAS</ServicePointId>", f"SP-WINTER-GAS</ServicePointId>{tariff}")
    care.road.load(profile.replace("<Quantity>", "<Status>Active</Status><Quantity>"))
    addresses = {"old_address": "PR-WINTER", "new_address": "PR-GAS"}
    quote = the(care("move", account=ENERGY, move_out=OUT, move_in=IN, **addresses))
    order = care.work("quote-to-order", quote=quote.get("Quote Number"))
    care.submit(order)
    return care, order.get("Order Number")


def found(care):
    """The customer's bundles, covers and gas: product, status, start and end."""
    (asset,) = care.road.stored("OM Asset", Account_Id=ENERGY)
    return {
        (item.get("Product Id"), item.get("Status")): item.get("Effective End Date") or item.get("Effective Start Date")
        for item, _ in walk_items(asset)
        if item.get("Product Id") in ("Home Energy", "Boiler Cover")
    }


def charges(care):
    """What billing was told: product, action and day."""
    told = []
    for row in care.road.left("billing.events"):
        event = parse(row.message.body)
        for charge in event.iter("{*}Charge"):
            day = charge.findtext("{*}EndDate") or charge.findtext("{*}StartDate")
            told.append((charge.findtext("{*}ProductId"), charge.findtext("{*}Action"), day))
    return [one for one in told if one[0] in ("Home Energy", "Boiler Cover")]


def answer(care, number, action, day):
    (order,) = care.road.stored("OM Order", Order_Number=number, Active_Flag="Y")
    keys = [
        item.get("Integration Id")
        for item in items_of(order)
        if item.get("Action Code") == action and item.get("Fulfilment System") is not None
    ]
    care("order-synchronization", work_order=f"{number}-1", status="Complete", lines=",".join(keys), completed=day)


def test_standing_charge_and_cover_end_and_begin_on_their_days(moving):
    care, number = moving
    care.road.surroundings.sleep(85 * DAY)  # 27 March
    assert care.road.run()
    assert (set(found(care)), charges(care)) == ({("Home Energy", "Active"), ("Boiler Cover", "Active")}, [])
    care.road.surroundings.sleep(5 * DAY)  # 1 April
    assert care.road.run()
    assert charges(care) == [("Boiler Cover", "Stop", OUT)]
    answer(care, number, "Delete", OUT)
    assert charges(care) == [("Boiler Cover", "Stop", OUT), ("Home Energy", "Stop", OUT)]
    care.road.surroundings.sleep(6 * DAY)  # 7 April
    assert care.road.run()
    assert ("Home Energy", "Active") not in found(care)
    answer(care, number, "Add", "2026-04-06")
    assert found(care) == {
        ("Home Energy", "Inactive"): OUT,
        ("Boiler Cover", "Inactive"): OUT,
        ("Home Energy", "Active"): "2026-04-06",
        ("Boiler Cover", "Active"): "2026-04-06",
    }
    assert charges(care)[2:] == [("Home Energy", "Start", "2026-04-06"), ("Boiler Cover", "Start", "2026-04-06")]
    (order,) = care.road.stored("OM Order", Order_Number=number)
    assert (order.get("Status"), care.road.fallout()) == ("Complete", [])


def test_a_move_is_called_off_before_its_day(moving):
    care, number = moving
    care("cancel-order", order=number)
    care.road.surroundings.sleep(120 * DAY)
    assert care.road.run()
    assert set(found(care)) == {("Home Energy", "Active"), ("Boiler Cover", "Active")}
    assert charges(care) == []
