"""A partner's dialect, which is declarations only: its orders, changes, versions, refusals and answers."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest

from integration_objects.complex_object import attributes, walk_items
from schemas.check import parse
from schemas.from_xml import external_from_xml
from tests.road import Road, sample, work_order_lines

ROOT = pathlib.Path(__file__).parents[3]
PACKAGES = ("adapters", "hub", "integration_objects", "maps", "schemas")
ROUTE = "partner_order"
HEAD = (
    'xmlns="urn:orderhub:partner:order:1" xmlns:c="urn:orderhub:partner:common:1" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" issuedAt="2026-02-01T10:00:00+01:00"'
)


def purchase(number, *instances, version=1, customer="HH-2201", requested="", document=None):
    """A partner's order."""
    return (
        f'<PurchaseOrder {HEAD} documentId="{document or f"{number}/{version}"}"><Order id="{number}" '
        f'version="{version}"/><Parties><c:Customer number="{customer}"/></Parties>{requested}'
        f"<Products>{''.join(instances)}</Products></PurchaseOrder>"
    )


def instance(action, offering, reference, more="", parts=(), named="PartnerReference"):
    """A product instance; *more*: further elements in the schema's order, *parts*: the instances within it."""
    return (
        f'<ProductInstance action="{action}" offering="{offering}"><{named}>{reference}</{named}>{more}'
        + (f"<Components>{''.join(parts)}</Components>" if parts else "")
        + "</ProductInstance>"
    )


def answers(road, channel="partner.acknowledgements", name="Partner Acknowledgement"):
    """The answers that wait for the partner, each proven against its XSD."""
    external = road.open_hub.deployment.external_objects[name]
    found = []
    for row in road.left(channel):
        element = parse(row.message.body)
        external.schema.validate(element)
        found.append(external_from_xml(element, external))
    return found


def items(tree):
    """The line items of an order or a profile, by the sender's reference."""
    return {item.get("Source Reference"): item for item, _ in walk_items(tree)}


def values(item):
    """An item's attributes: name -> its three values."""
    return {
        one.get("Name"): (one.get("Text Value"), one.get("Number Value"), one.get("Date Value"))
        for one in attributes(item)
    }


@pytest.fixture
def served(road):
    """A road on which the sample order of the partner is worked and complete."""
    assert road.work(sample("order-6-partner.xml"), ROUTE)["state"] == "done"
    road.complete()
    return road


def test_an_order_of_the_partner_becomes_a_service_profile(served):
    assert served.profile("1-C") == {
        "Small Business Enabler": "Active",
        "Small Business Enabler / Local Line": "Active",
        "Small Business Enabler / Local Line / Call Forwarding": "Active",
        "Small Business Enabler / ISDN Line": "Active",
    }
    [profile] = served.stored("OM Asset", Account_Id="1-C")
    found = items(profile)
    line, forwarding = found["HH/DESK"], found["HH/DESK/FWD"]
    shown = ("Service Id", "Adjusted Price", "Currency Code", "Price Type", "Billing Account Id", "Pricing Comment")
    assert [line.get(name) for name in shown] == [
        "2535550140",
        "11.50",
        "USD",
        "Recurring",
        "1-C-BILL",
        "Front desk",
    ]
    assert values(forwarding) == {
        "Forwarding Number": ("2535550199", None, None),
        "Rings": (None, "4", None),
        "Active From": (None, None, "2026-01-21T08:00:00Z"),
    }
    assert values(found["HH/ISDN"]) == {"Listed": ("off", None, None)}


def test_the_partner_gets_both_numbers_and_both_references_in_its_own_words(served):
    [answer] = answers(served)
    assert dict(answer.properties) == {
        "@inResponseTo": "PD-0001",
        "@outcome": "accepted",
        "ProviderOrderNumber": "O-0000001",
    }
    assert answer.child("Order").properties == {"@id": "PO-2026-017", "@version": "1"}
    [profile] = served.stored("OM Asset", Account_Id="1-C")
    ours = {reference: item.get("Integration Id") for reference, item in items(profile).items()}
    theirs = {one.get("@partnerReference"): one.get("@providerReference") for one in answer.child("Instances").children}
    assert list(theirs) == ["HH/PACK", "HH/DESK", "HH/DESK/FWD", "HH/DESK/WORK", "HH/ROOMS", "HH/ISDN"]
    assert {reference: theirs[reference] for reference in ours} == ours


def test_moments_with_zones_are_stored_in_utc(served):
    [order] = served.stored("OM Order", Source_Order_Number="PO-2026-017")
    assert order.get("Due Date") == "2026-01-20T16:00:00Z"
    due = {reference: item.get("Due Date") for reference, item in items(order).items()}
    assert due["HH/DESK"] == "2026-01-20T16:00:00Z"  # the order's, where the instance has none
    assert due["HH/ISDN"] == "2026-01-27T21:30:00Z"


def test_a_value_with_nil_is_taken_away_and_one_that_is_not_sent_stays(served):
    shown = served.work(
        purchase(
            "PO-2026-018",
            instance(
                "modify",
                "line.analogue",
                "HH/DESK",
                '<ServiceNumber xsi:nil="true"/><RecurringCharge currency="USD" xsi:nil="1"/><Remark xsi:nil="true"/>',
            ),
            instance(
                "modify",
                "feature.forwarding",
                "HH/DESK/FWD",
                '<Characteristic code="active-from"><Moment xsi:nil="true"/></Characteristic>'
                '<Characteristic code="rings" action="cease"/>',
            ),
        ),
        ROUTE,
    )
    assert shown["state"] == "done"
    served.complete()
    [profile] = served.stored("OM Asset", Account_Id="1-C")
    found = items(profile)
    taken = ("Service Id", "Adjusted Price", "Pricing Comment")
    assert [found["HH/DESK"].get(name) for name in taken] == [None, None, None]
    assert found["HH/DESK"].get("Billing Account Id") == "1-C-BILL"
    assert found["HH/DESK/FWD"].get("Adjusted Price") == "2.50"
    assert values(found["HH/DESK/FWD"]) == {
        "Forwarding Number": ("2535550199", None, None),
        "Active From": (None, None, None),
    }


def test_a_service_ceases_by_the_reference_of_our_acknowledgement(served):
    [answer] = answers(served)
    [reference] = [
        one.get("@providerReference")
        for one in answer.child("Instances").children
        if one.get("@partnerReference") == "HH/ISDN"
    ]
    ceased = instance("cease", "line.isdn", reference, named="ProviderReference")
    kept = instance("keep", "pack.small-business", "HH/PACK", parts=[ceased])
    assert served.work(purchase("PO-2026-019", kept), ROUTE)["state"] == "done"
    [work_order] = served.work_orders()
    assert [(one.get("product"), one.get("action")) for one in work_order_lines(work_order)] == [
        ("Small Business Enabler", "none"),
        ("ISDN Line", "remove"),
    ]
    served.complete(work_order)
    assert served.profile("1-C")["Small Business Enabler / ISDN Line"] == "Inactive"
    assert served.profile("1-C")["Small Business Enabler / Local Line"] == "Active"


def test_a_later_version_replaces_the_order_and_an_earlier_one_is_superseded(road):
    line = instance("provide", "line.analogue", "L", parts=[instance("provide", "feature.waiting", "L/W")])
    other = instance("provide", "line.analogue", "L", parts=[instance("provide", "feature.caller-id", "L/C")])
    early = road.send(purchase("PO-20", other, version=2), ROUTE)
    road.run()
    assert road.shown(early)["waits_for"] == "order PARTNER/PO-20 revision 1"
    assert road.work(purchase("PO-20", line), ROUTE)["state"] == "done"
    assert road.shown(early)["state"] == "done"
    assert road.work(purchase("PO-20", line, document="late"), ROUTE)["state"] == "filtered"
    told = [
        (one.get("@outcome"), one.get("ProviderOrderNumber"), one.child("Order").get("@version"))
        for one in answers(road)
    ]
    assert told == [("accepted", "O-0000001", "1"), ("accepted", "O-0000001", "2"), ("superseded", "O-0000001", "2")]
    road.complete(road.work_orders()[-1], revision=2)
    assert road.profile("1-C") == {"Local Line": "Active", "Local Line / Caller Id": "Active"}


@pytest.mark.parametrize(
    ("xml", "state", "order", "code", "message", "explanation"),
    [
        (
            purchase("PO-30", instance("provide", "line.analogue", "L"), customer="HH-9"),
            "rejected",
            "PO-30",
            "AccountUnknown",
            "the account 'HH-9' is unknown",
            "neither does the system PARTNER have an account of this number here, nor is it an Account Id",
        ),
        (
            purchase("PO-31", instance("provide", "line.satellite", "L")),
            "rejected",
            None,
            "NotInLookup",
            "data map 'Partner Order to OM Order' (version VERSION) cannot fill 'Product Id' of 'Line Item'",
            "lookup('offering', [@offering]): look-up table 'offering' has no code 'line.satellite', and no default",
        ),
        (
            purchase("PO-32", instance("modify", "line.analogue", "GONE")),
            "rejected",
            "PO-32",
            "ServiceUnknown",
            "the line GONE has the action Update, but there is no such service",
            "the account 1-C neither has nor has ordered a service that PARTNER calls 'GONE', and it is no "
            "Integration Id of the account",
        ),
    ],
)
def test_a_refusal_is_told_in_the_partners_own_format(road, xml, state, order, code, message, explanation):
    assert road.work(xml, ROUTE)["state"] == state
    [answer] = answers(road)
    assert answer.get("@outcome") == "refused"
    named = answer.child("Order")
    assert (named and named.get("@id")) == order
    [fault] = answer.child("Faults").children
    version = road.open_hub.deployment.maps["Partner Order to OM Order"].version[:12]
    assert fault.get("@code") == code
    assert fault.get("Message") == message.replace("VERSION", version)
    assert fault.get("Explanation") == explanation
    assert fault.get("Remedy")
    assert len(road.left("partner_order.dead-letter")) == 1


def test_a_moment_without_a_zone_is_against_the_schema_and_answered_all_the_same(road):
    requested = "<Requested><At>2026-03-01T08:00:00</At></Requested>"
    shown = road.work(purchase("PO-33", instance("provide", "line.analogue", "L"), requested=requested), ROUTE)
    assert (shown["state"], shown["reason"]) == ("invalid", "AgainstSchema")
    [answer] = answers(road)
    assert (answer.get("@inResponseTo"), answer.get("@outcome")) == ("PO-33/1", "refused")
    [fault] = answer.child("Faults").children
    assert fault.get("Location") == "message PO-33/1, line 1, /PurchaseOrder[1]/Requested[1]/At[1]"


def test_a_document_is_worked_once_and_a_customers_orders_keep_their_order(road):
    xml = purchase("PO-40", instance("provide", "line.analogue", "L"))
    first = road.send(xml, ROUTE)
    assert road.shown(first)["key"] == "HH-2201"
    assert road.send(xml, ROUTE) == first
    road.run()
    assert road.shown(first)["repeats"] == 1
    assert len(road.stored("OM Order", Source_Order_Number="PO-40")) == 1


# Declarations only.


def _words(path: pathlib.Path) -> list[str]:
    """The names and texts that a module's code has, without comments and docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            found.append(node.value)
        found += [text for text in (getattr(node, name, None) for name in ("id", "attr", "name", "arg")) if text]
    return [word for word in found if isinstance(word, str)]


def test_the_partners_dialect_is_declarations_only():
    """No module names the partner's declarations, but for the demo, which sends its sample.

    `orderhub partner` is for partners of any dialect.
    """
    names = re.compile(r"partner[ _-]?(order|acknowledgement|offering)|order-6-partner|\bpartner[/.]", re.IGNORECASE)
    modules = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert len(modules) > 50
    knowing = {str(path.relative_to(ROOT)) for path in modules if any(names.search(word) for word in _words(path))}
    assert knowing == {"hub/demo/main_job.py"}
    assert not list((ROOT / "schemas" / "partner").glob("*.py"))


def test_the_same_dialect_under_another_name_is_a_deployments_own_files(tmp_path):
    """All that the partner has, renamed and put beside a deployment's settings: it runs, and nothing else is there."""

    def renamed(text: str) -> str:
        return text.replace("partner", "reseller").replace("Partner", "Reseller").replace("PARTNER", "RESELLER")

    declared = [
        *(ROOT / "schemas" / "partner").iterdir(),
        ROOT / "maps" / "partner_order_to_om_order.yaml",
        ROOT / "maps" / "om_reply_to_partner_acknowledgement.yaml",
        ROOT / "maps" / "lookups" / "partner_offering.csv",
        ROOT / "hub" / "routes" / "partner_order.yaml",
    ]
    for path in declared:
        target = tmp_path / renamed(str(path.relative_to(ROOT)))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(renamed(path.read_text(encoding="utf-8")), encoding="utf-8")
    road = Road(tmp_path).load_samples()
    try:
        road.load(renamed(sample("accounts.xml").decode()))
        xml = renamed(sample("order-6-partner.xml").decode())
        assert road.work(xml, "reseller_order")["state"] == "done"
        [answer] = answers(road, "reseller.acknowledgements", "Reseller Acknowledgement")
        assert answer.get("@outcome") == "accepted"
        road.complete()
        assert road.profile("1-C")["Small Business Enabler / Local Line / Call Forwarding"] == "Active"
        [order] = road.stored("OM Order", Source_System="RESELLER")
        assert order.get("Source Order Number") == "PO-2026-017"
    finally:
        road.close()
