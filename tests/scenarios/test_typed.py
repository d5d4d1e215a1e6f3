"""What a care team types, and what its screens say: an order, a move and a suspension, day by day.

Source: "Usage Scenarios", f. Supplemental Order; "m. Move Process"; spec: docs/orders.md.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tests.customer_care import CustomerCare
from tests.road import sample

HOME, PACKAGE, LINE = "2-LB", "Local Breakthrough Package", "Local Line"
NUMBER = "509-555-0123"
DAY = 86_400.0


def package(typed: Any) -> None:
    """Order the package, which has no fulfilment system of its own, and submit the order O-0000001."""
    requests = [
        {"request": "set", "item": f"{PACKAGE}/{LINE}", "fields": {"Service Id": NUMBER}},
        {"request": "set", "item": f"{PACKAGE}/{LINE}/Call Forwarding", "attributes": {"Forwarding Number": "2"}},
    ]
    typed("workflow", "new-products-and-services", f"account={HOME}", f"product={PACKAGE}",
          f"requests={json.dumps(requests)}")  # fmt: skip
    typed("workflow", "quote-to-order", "quote=Q-0000001")
    typed("workflow", "submit", "order=O-0000001")


def named(document: str, shown: str) -> str:
    """The number of the first quote or order on a screen; on PostgreSQL each command takes numbers of its own."""
    found = re.search(rf"^{document} (\S+?)[,:]", shown, re.MULTILINE)
    assert found is not None, shown
    return found[1]


def screen(shown: str) -> dict[str, str]:
    """What stands beside each product on a screen, without prices and keys: its action and its status."""
    words = r"Add|Update|Delete|Suspend|Resume|Pending|Open|Complete|Active|Suspended|Inactive"
    found = {}
    for row in shown.splitlines():
        product = re.search(r"(?:\s|^)([A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+)*)\s{2,}", row)
        if product is not None and product[1] != "":
            found[product[1]] = " ".join(re.findall(rf"(?<=  )(?:{words})(?=\s|$)", row))
    return found


def charges(shown: str) -> list[tuple[str, ...]]:
    """The charges of the messages to billing: the action, the product, and the charge's day."""
    parts = ("<Action>(.*?)<", "<ProductId>(.*?)<", "<(?:Start|End|Change)Date>(.{10})")
    found = re.findall("<Charge>(.*?)</Charge>", shown, re.DOTALL)
    return [tuple("".join(re.findall(part, charge)[-1:]) for part in parts) for charge in found]


def test_f_the_package_is_open_and_not_charged_until_provisioning_answers(care: CustomerCare, typed: Any) -> None:
    package(typed)
    order = ("show", "OM Order", "O-0000001", "--text")
    assert set(screen(typed(*order)).values()) == {"Add Open"}
    assert typed("receive", "--peek", "billing.events") == ""
    assert "no services" in typed("object", "query", "OM Asset", f"Account Id={HOME}", "--text")
    typed("workflow", "order-synchronization", "work-order=O-0000001-1", "status=Complete", f"lines={NUMBER}")
    assert screen(typed(*order)) == {
        PACKAGE: "Add Complete",
        LINE: "Add Complete",
        "Caller Id": "Add Open",
        "Call Forwarding": "Add Open",
    }
    assert screen(typed("show", "OM Asset", HOME, "--text")) == {PACKAGE: "Active", LINE: "Active"}
    charged = charges(typed("receive", "--peek", "billing.events"))
    assert [charge[:2] for charge in charged] == [("Start", PACKAGE), ("Start", LINE)]


def test_f_a_package_of_which_nothing_is_there_can_be_cancelled(care: CustomerCare, typed: Any) -> None:
    package(typed)
    typed("workflow", "cancel-order", "order=O-0000001")
    assert "Cancelled" in typed("show", "OM Order", "O-0000001", "--text")
    withdrawn = typed("receive", "--peek", "provisioning.work_orders").rpartition("<?xml")[2]
    assert ("<revision>2</revision>" in withdrawn, "<line>" in withdrawn) == (True, False)
    assert typed("receive", "--peek", "billing.events") == ""


def test_provisioning_and_billing_see_a_suspension_and_its_end(care: CustomerCare, typed: Any) -> None:
    package(typed)
    typed("workflow", "order-synchronization", "work-order=O-0000001-1", "status=Complete")
    for command, action, status in (("suspend", "Suspend", "Suspended"), ("resume", "Resume", "Active")):
        for channel in ("billing.events", "provisioning.work_orders"):
            typed("receive", channel)
        care.road.surroundings.sleep(DAY)
        quote = named("quote", typed("workflow", command, f"account={HOME}", f"root={PACKAGE}"))
        order = named("order", typed("workflow", "quote-to-order", f"quote={quote}"))
        typed("workflow", "submit", f"order={order}")
        asked = typed("receive", "--peek", "provisioning.work_orders")
        # The package is none of provisioning's.
        assert re.findall(r"<action>(\w+)</action><product>([^<]+)", asked) == [
            ("none", PACKAGE),
            *((command, product) for product in (LINE, "Caller Id", "Call Forwarding")),
        ]
        assert typed("receive", "--peek", "billing.events") == ""
        typed("workflow", "order-synchronization", f"work-order={order}-1", "status=Complete")
        today = care.road.surroundings.now()[:10]
        assert charges(typed("receive", "--peek", "billing.events")) == [
            (action, product, today) for product in (PACKAGE, LINE, "Caller Id", "Call Forwarding")
        ]
        assert set(screen(typed("show", "OM Asset", HOME, "--text")).values()) == {status}
        assert set(screen(typed("show", "OM Order", order, "--text")).values()) == {f"{action} Complete"}


#: a bundle with a standing charge and electricity at the winter home, as the customer has had them for years
PROFILE = """
<Message IntObjectName="OM Asset"><ListOfOMAsset><Asset><AccountId>2-EN</AccountId><ListOfLineItem>
  <LineItem><IntegrationId>HE</IntegrationId><ProductId>Home Energy</ProductId><Quantity>1</Quantity>
    <PriceType>Recurring</PriceType><AdjustedPrice>4.00</AdjustedPrice><CurrencyCode>USD</CurrencyCode><ListOfLineItem>
    <LineItem><IntegrationId>EL</IntegrationId><ProductId>Electricity</ProductId><Quantity>1</Quantity>
      <ServicePointId>SP-WINTER-EL</ServicePointId>
      <ListOfAttribute><Attribute><Name>Tariff</Name><TextValue>Green</TextValue></Attribute></ListOfAttribute></LineItem>
  </ListOfLineItem></LineItem>
</ListOfLineItem></Asset></ListOfOMAsset></Message>
"""


def test_the_standing_charge_ends_on_the_day_of_the_move(care: CustomerCare, typed: Any) -> None:
    for name in ("meters", "meter_locations"):
        care.road.load(sample(f"{name}.xml"))
    care.road.load(PROFILE)
    typed("workflow", "move", "account=2-EN", "old-address=PR-WINTER", "new-address=PR-TOWN",
          "move-out=2026-03-31", "move-in=2026-04-05")  # fmt: skip
    typed("workflow", "quote-to-order", "quote=Q-0000001")
    typed("workflow", "submit", "order=O-0000001")
    profile = ("show", "OM Asset", "2-EN", "--text")
    before = screen(typed(*profile))
    assert before == {"Home Energy": "Active", "Electricity": "Active"}
    care.road.surroundings.sleep(88 * DAY)  # 30 March
    typed("run", "--once")
    assert typed("receive", "--peek", "billing.events") == ""
    assert screen(typed(*profile)) == before
    care.road.surroundings.sleep(2 * DAY)  # 1 April: the day has come, and provisioning answers
    typed("run", "--once")
    assert typed("receive", "--peek", "billing.events") == ""
    typed("workflow", "order-synchronization", "work-order=O-0000001-1", "status=Complete", "lines=2",
          "completed=2026-03-31")  # fmt: skip
    assert set(charges(typed("receive", "--peek", "billing.events"))) == {
        ("Stop", "Electricity", "2026-03-31"),
        ("Stop", "Home Energy", "2026-03-31"),
    }
    assert "Active" not in typed(*profile)
    care.road.surroundings.sleep(5 * DAY)  # 6 April
    typed("run", "--once")
    typed("receive", "billing.events")
    typed("workflow", "order-synchronization", "work-order=O-0000001-1", "status=Complete", "completed=2026-04-05")
    assert set(charges(typed("receive", "--peek", "billing.events"))) == {
        ("Start", "Electricity", "2026-04-05"),
        ("Start", "Home Energy", "2026-04-05"),
    }
    assert "PR-TOWN" in typed("show", "OM Asset", "2-EN")
