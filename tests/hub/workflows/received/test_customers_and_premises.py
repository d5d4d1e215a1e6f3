"""Customers, premises and what belongs to them: loaded by command and by message, shown, asked for, refused."""

from __future__ import annotations

import pathlib

import pytest

from adapters.database.objects.faults import AboveItself
from hub.workflows.received.hub_object import LOADED, UPSERTED, ObjectNotTaken
from hub.workflows.received.meters import MetersOverlap
from tests.road import sample

SAMPLES = pathlib.Path(__file__).parents[4] / "hub" / "samples"
#: In an order in which what is referred to comes first.
FILES = {
    "premises.xml": "Address",
    "customers.xml": "Account",
    "users.xml": "User",
    "service_points.xml": "Service Point",
    "meters.xml": "Meter",
    "meter_locations.xml": "Meter Location",
    "contacts.xml": "Contact",
    "agreements.xml": "Agreement",
    "opportunities.xml": "Opportunity",
    "trouble_tickets.xml": "Trouble Ticket",
    "contact_rules.xml": "Contact Rule",
    "help_topics.xml": "Help Topic",
    "callback_requests.xml": "Callback Request",
    "inventory_requests.xml": "Inventory Request",
}
ENERGY = (
    '<Message IntObjectName="Product"><ListOfProduct><Product><ProductId>Electricity</ProductId></Product>'
    "<Product><ProductId>Gas</ProductId></Product>"
    "<Product><ProductId>Local Line</ProductId></Product><Product><ProductId>Voice Mail</ProductId></Product>"
    "</ListOfProduct></Message>"
)


@pytest.fixture
def energy(road):
    """The road, with the products that the samples' service points serve."""
    road.load(ENERGY)
    return road


@pytest.fixture
def customers(energy):
    """The road, with all samples of customers and premises."""
    for name in FILES:
        energy.load(sample(name))
    return energy


def hub_message(name: str, component: str, *instances: str) -> str:
    head = f'<Message IntObjectName="{name}"><ListOf{name.replace(" ", "")}>'
    told = "".join(f"<{component}>{one}</{component}>" for one in instances)
    return f"{head}{told}</ListOf{name.replace(' ', '')}></Message>"


def location(meter: str, point: str, begins: str, end: str | None = None) -> str:
    until = "" if end is None else f"<ToDate>{end}</ToDate>"
    return f"<MeterId>{meter}</MeterId><ServicePointId>{point}</ServicePointId><FromDate>{begins}</FromDate>{until}"


def test_the_samples_are_loaded_by_command_and_every_object_is_shown_and_asked_for(energy, command):
    printed = command("load", *[SAMPLES / name for name in FILES])
    assert "inserted Account 2-AW-CA\n" in printed.out
    assert "inserted Meter Location MT-2, 2026-01-15\n" in printed.out
    assert command("load", SAMPLES / "opportunities.xml").out == "unchanged Opportunity OP-1\n"
    for name, key, expected in (
        ("Address", "PR-WA", "<City>Spokane</City>"),
        ("Account", "2-AW-NY", "<ParentAccountId>2-AW</ParentAccountId>"),
        ("User", "approver", "<Role>Order Approver</Role>"),
        ("Service Point", "SP-HOME-LINE", "<ServiceId>5095550140</ServiceId>"),
        ("Meter", "MT-2", "<SerialNumber>EL-40391</SerialNumber>"),
        ("Meter Location", "MT-1", "<ToDate>2026-01-15</ToDate>"),
        ("Contact", "CT-1", "<LastName>Howe</LastName>"),
        ("Agreement", "AG-1", "<EffectiveEndDate>2027-12-31</EffectiveEndDate>"),
        ("Opportunity", "OP-1", "<Price>5.99</Price>"),
        ("Trouble Ticket", "TT-1", "<Severity>Medium</Severity>"),
    ):
        assert expected in command("show", name, key).out
    found = command("object", "query", "Service Point", "Address Id=PR-WINTER", "Product Id=Gas").out
    assert "SP-WINTER-GAS" in found
    assert "SP-WINTER-EL" not in found


def test_each_loaded_object_but_the_profile_has_a_sample():
    assert {*FILES.values(), "Product", "Price List", "OM Asset"} == set(LOADED)


@pytest.mark.parametrize("name", [name for name, kind in FILES.items() if kind != "User"])
def test_what_a_message_brings_is_upserted_by_the_route(customers, name):
    """The same file again, through the door: known, done, and nothing is there twice."""
    before = len(customers.stored(FILES[name]))
    shown = customers.work(sample(name), "hub_object", name)
    assert shown["state"] == "done", shown["error"]
    assert len(customers.stored(FILES[name])) == before


def test_no_message_says_who_may_approve(road):
    shown = road.work(sample("users.xml"), "hub_object", "U-1")
    assert (shown["state"], shown["reason"]) == ("rejected", "ObjectNotTaken")
    assert shown["error"]["why"] == (
        "accepted objects: Account, Address, Agreement, Contact, Meter, Meter Location, OM Asset, Opportunity, "
        "Price List, Product, Service Point, Callback Request, Contact Rule, Help Topic, Inventory Request, "
        "Trouble Ticket, OM Order"
    )
    assert road.stored("User") == []


def test_what_workflows_make_is_not_loaded(road):
    with pytest.raises(ObjectNotTaken) as caught:
        road.load(hub_message("Service Profile History", "ServiceProfileChange", "<AccountId>1-A</AccountId>"))
    assert str(caught.value) == (
        "an integration object 'Service Profile History' isn't taken here\n"
        "  where: Message, IntObjectName\n"
        f"  why:   accepted objects: {', '.join((*UPSERTED, 'User'))}\n"
        "  mend:  send one of these; quotes and other objects are written with `orderhub object`"
    )


def test_a_circle_of_accounts_is_refused_at_the_door_and_nothing_of_it_is_kept(customers):
    circle = hub_message(
        "Account",
        "Account",
        "<AccountId>2-NEW</AccountId><ParentAccountId>2-AW-CA</ParentAccountId>",
        "<AccountId>2-AW</AccountId><ParentAccountId>2-AW-CA</ParentAccountId>",
    )
    shown = customers.work(circle, "hub_object", "CIRCLE")
    assert (shown["state"], shown["reason"]) == ("rejected", "AboveItself")
    assert shown["error"]["what"] == "the account '2-AW-CA' would be above itself"
    assert shown["error"]["why"] == "'Parent Account Id' leads from '2-AW-CA' to '2-AW' to '2-AW-CA'"
    assert customers.stored("Account", Account_Id="2-NEW") == []
    with pytest.raises(AboveItself):
        customers.load(circle)


@pytest.mark.parametrize(
    ("locations", "message"),
    [
        (
            [location("MT-2", "SP-TOWN-EL", "2026-03-01")],
            "the meter 'MT-2' would be in two places at once\n"
            "  where: Meter Location MT-2 at SP-TOWN-EL\n"
            "  why:   Meter Location MT-2 at SP-WINTER-EL lasts from 2026-01-15 until now\n"
            "  mend:  give the earlier one a To Date, in the same message where both change",
        ),
        (
            [location("MT-1", "SP-TOWN-EL", "2026-01-15")],
            "the service point 'SP-TOWN-EL' would have two meters at once\n"
            "  where: Meter Location MT-1 at SP-TOWN-EL\n"
            "  why:   Meter Location MT-4 at SP-TOWN-EL lasts from 2025-09-01 until now\n"
            "  mend:  give the earlier one a To Date, in the same message where both change",
        ),
        (
            [location("MT-1", "SP-HOME-LINE", "2026-05-01", "2026-05-01T00:00:00Z")],
            "the meter 'MT-1' would be removed before it is installed\n"
            "  where: Meter Location MT-1 at SP-HOME-LINE\n"
            "  why:   its From Date is 2026-05-01 and its To Date 2026-05-01T00:00:00Z\n"
            "  mend:  mend one of the dates",
        ),
    ],
)
def test_meters_that_overlap_are_refused(customers, locations, message):
    with pytest.raises(MetersOverlap) as caught:
        customers.load(hub_message("Meter Location", "MeterLocation", *locations))
    assert str(caught.value) == message
    assert len(customers.stored("Meter Location")) == 4


def test_a_meter_is_removed_and_installed_at_another_premise_by_one_message(customers):
    """In any order: what is proven is how it is afterwards."""
    moved = [
        location("MT-1", "SP-TOWN-EL", "2026-02-01T09:00:00Z"),
        location("MT-4", "SP-TOWN-EL", "2025-09-01", "2026-02-01T09:00:00Z"),
    ]
    assert customers.load(hub_message("Meter Location", "MeterLocation", *moved)) == [
        "inserted Meter Location MT-1, 2026-02-01T09:00:00Z",
        "updated Meter Location MT-4, 2025-09-01",
    ]
