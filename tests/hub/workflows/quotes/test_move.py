"""A customer moves: what ends, what begins, what is left out, and what is refused."""

from __future__ import annotations

import json

import pytest

from hub.workflows.quotes.move import NothingToMove, SameAddress, ServicePointNotThere, ServicePointUnclear
from hub.workflows.quotes.quote_lines import CurrencyMixed
from hub.workflows.quotes.quotes import QuoteDisconnects
from hub.workflows.state.service_address import AddressUnknown
from integration_objects.complex_object import action_code, instances, line_items, walk_items
from integration_objects.errors import Refused
from tests.road import sample, work_order_lines

ENERGY = "2-EN"
#: gas and electricity at the winter home, boiler cover with it; the town house has no gas
PROFILE = """
<Message IntObjectName="OM Asset"><ListOfOMAsset><Asset><AccountId>2-EN</AccountId><ListOfLineItem>
  <LineItem><IntegrationId>HE</IntegrationId><ProductId>Home Energy</ProductId><Quantity>1</Quantity>
    <PriceType>Recurring</PriceType><AdjustedPrice>4.00</AdjustedPrice><CurrencyCode>USD</CurrencyCode><ListOfLineItem>
    <LineItem><IntegrationId>EL</IntegrationId><ProductId>Electricity</ProductId><Quantity>1</Quantity>
      <ServicePointId>SP-WINTER-EL</ServicePointId>
      <ListOfAttribute><Attribute><Name>Tariff</Name><TextValue>Green</TextValue></Attribute></ListOfAttribute></LineItem>
    <LineItem><IntegrationId>GA</IntegrationId><ProductId>Gas</ProductId><Quantity>1</Quantity>
      <ServicePointId>SP-WINTER-GAS</ServicePointId></LineItem>
    <LineItem><IntegrationId>BC</IntegrationId><ProductId>Boiler Cover</ProductId><Quantity>1</Quantity></LineItem>
  </ListOfLineItem></LineItem>
  <LineItem><IntegrationId>CARD</IntegrationId><ProductId>Calling Card</ProductId><Quantity>1</Quantity>
    <ServicePointId>SP-HOME-LINE</ServicePointId></LineItem>
</ListOfLineItem></Asset></ListOfOMAsset></Message>
"""
DAYS = {"move_out": "2026-03-31", "move_in": "2026-04-02"}


@pytest.fixture
def energy(road):
    """The energy customer with two homes."""
    for name in ("catalogue", "premises", "service_points", "meters", "meter_locations", "customers", "price_list"):
        road.load(sample(f"{name}.xml"))
    road.load(PROFILE)
    return road


def electricity(key, above=None, point="SP-WINTER-EL", **fields):
    """A line of the profile: electricity with a service point, beneath the root *above* where one is named."""
    more = "".join(f"<{name}>{text}</{name}>" for name, text in fields.items())
    return beneath(
        above,
        f"<LineItem><IntegrationId>{key}</IntegrationId><ProductId>Electricity</ProductId><Quantity>1</Quantity>"
        f"<ServicePointId>{point}</ServicePointId>{more}</LineItem>",
    )


def beneath(root, line):
    if root is None:
        return line
    return f"<LineItem><IntegrationId>{root}</IntegrationId><ListOfLineItem>{line}</ListOfLineItem></LineItem>"


#: the electricity beneath the bundle is gone
INACTIVE = beneath("HE", "<LineItem><IntegrationId>EL</IntegrationId><Status>Inactive</Status></LineItem>")


def change_profile(road, *roots):
    """Load these roots into the profile; each in a message of its own, so that one key may come twice."""
    for root in roots:
        road.load(
            '<Message IntObjectName="OM Asset"><ListOfOMAsset><Asset><AccountId>2-EN</AccountId>'
            f"<ListOfLineItem>{root}</ListOfLineItem></Asset></ListOfOMAsset></Message>"
        )


def move(road, new="PR-TOWN", old="PR-WINTER", **more):
    return road.ask("move", account=ENERGY, old_address=old, new_address=new, **DAYS, **more)


def test_two_items_for_each_asset_at_the_old_address(energy):
    outcome = move(energy)
    [quote] = instances(outcome.objects[0])
    shown = [
        (item.get("Product Id"), action_code(item), item.get("Due Date"), item.get("Service Point Id"))
        for item, _ in walk_items(quote)
    ]
    assert shown == [
        ("Home Energy", "Delete", "2026-03-31", None),
        ("Electricity", "Delete", "2026-03-31", "SP-WINTER-EL"),
        ("Gas", "Delete", "2026-03-31", "SP-WINTER-GAS"),
        ("Boiler Cover", "Delete", "2026-03-31", None),
        ("Home Energy", "Add", "2026-04-02", None),
        ("Electricity", "Add", "2026-04-02", "SP-TOWN-EL"),
        ("Boiler Cover", "Add", "2026-04-02", None),
    ]
    keys = [item.get("Integration Id") for item, _ in walk_items(quote)]
    assert keys[:4] == ["HE", "EL", "GA", "BC"]
    assert len(set(keys)) == 7
    [tariff] = [
        node for node in line_items(quote)[1].walk() if node.type == "Attribute" and node.get("Name") == "Tariff"
    ]
    assert tariff.get("Text Value") == "Green"


def test_a_line_that_ends_by_the_move_is_not_edited_and_the_one_that_begins_is_named(energy):
    [quote] = instances(move(energy).objects[0])
    number, ended = quote.get("Quote Number"), line_items(quote)[0].get("Integration Id")
    with pytest.raises(QuoteDisconnects) as refused:
        energy.ask("edit-quote-line-item", quote=number, line="2")
    assert str(refused.value) == (
        f"the service item '{ended}' can't be edited on the quote {number}\n"
        f"  where: quote {number}, line item '{ended}'\n"
        "  why:   the quote moves it: it ends at one address as line 1, and begins at another one as line 5\n"
        "  mend:  edit it where it begins: line=5"
    )
    assert instances(energy.ask("edit-quote-line-item", quote=number, line="5").objects[0])


def test_the_result_says_what_is_left_out_and_which_rules_that_breaks(energy):
    notes = [str(note) for note in move(energy).notes if note.kind in ("left out", "broken rule")]
    assert (
        notes[0]
        == "left out: Gas GA: there is no service point for it at the address 21 Alder Street, Sacramento (PR-TOWN)"
    )
    assert len(notes) == 2
    assert notes[1].startswith("broken rule: Home Energy ")
    assert "Cover needs gas" in notes[1]


def test_what_of_a_service_item_is_at_another_address_is_named(energy):
    """A bundle moves as a whole; a service is where its point is, else where its own service account is."""
    energy.ask("new-account", name="Tom Becker, office", like=ENERGY, account="2-EN-OFFICE", address="PR-CA")
    office = "<ServiceAccountId>2-EN-OFFICE</ServiceAccountId>"
    change_profile(
        energy,
        electricity("EL2", "HE", "SP-HOME-LINE"),
        beneath("HE", f"<LineItem><IntegrationId>BC</IntegrationId>{office}</LineItem>"),
    )
    outcome = move(energy)
    [quote] = instances(outcome.objects[0])
    assert [item.get("Integration Id") for item, _ in walk_items(quote)][:5] == ["HE", "EL", "GA", "BC", "EL2"]
    assert [str(note) for note in outcome.notes if note.kind == "other address"] == [
        "other address: Boiler Cover BC: it is at the address 400 Market Street, San Francisco (PR-CA), and ends there "
        "with the service item that it is part of",
        "other address: Electricity EL2: it is at the address 8 Cedar Lane, Spokane (PR-HOME), and ends there with "
        "the service item that it is part of",
    ]


def test_a_service_item_at_one_address_has_no_such_note(energy):
    assert [note for note in move(energy).notes if note.kind == "other address"] == []


def test_services_in_two_currencies_move_by_a_quote_for_each(energy):
    change_profile(energy, electricity("EL-CA", None, CurrencyCode="CAD"))
    with pytest.raises(CurrencyMixed) as refused:
        move(energy)
    assert str(refused.value) == (
        "the services at the address 'PR-WINTER' can't move by one quote\n"
        "  where: argument 'old-address'\n"
        "  why:   they are priced in CAD and USD, and a quote has one currency\n"
        "  mend:  move them by a quote for each, such as currency=CAD first"
    )
    [quote] = instances(move(energy, currency="USD").objects[0])
    ended = [item.get("Integration Id") for item in line_items(quote) if action_code(item) == "Delete"]
    assert (quote.get("Currency Code"), ended) == ("USD", ["HE"])
    with pytest.raises(NothingToMove) as nothing:
        move(energy, currency="EUR")
    assert nothing.value.what == "the account '2-EN' has nothing at the address 'PR-WINTER' in EUR"


@pytest.mark.parametrize("above", [None, "HE"])
def test_of_two_services_one_gets_the_last_service_point_and_the_other_is_left_out(energy, above):
    """As service items of their own, and as lines beneath one."""
    change_profile(energy, electricity("EL2", above), *([] if above else [electricity("EL1"), INACTIVE]))
    outcome = move(energy)
    [quote] = instances(outcome.objects[0])
    points = [
        (action_code(item), item.get("Service Point Id"))
        for item, _ in walk_items(quote)
        if item.get("Product Id") == "Electricity"
    ]
    assert points == [("Delete", "SP-WINTER-EL"), ("Delete", "SP-WINTER-EL"), ("Add", "SP-TOWN-EL")]
    left_out = [note.text for note in outcome.notes if (note.kind, note.product) == ("left out", "Electricity")]
    assert left_out == ["there is no service point for it at the address 21 Alder Street, Sacramento (PR-TOWN)"]


def test_a_product_that_can_not_be_transferred_is_left_out(energy):
    energy.load(
        '<Message IntObjectName="Product"><ListOfProduct><Product><ProductId>Boiler Cover</ProductId>'
        "<Transferable>N</Transferable></Product></ListOfProduct></Message>"
    )
    notes = [str(note) for note in move(energy).notes]
    assert "left out: Boiler Cover BC: the product can't be transferred to another address" in notes
    assert not any(note.startswith("broken rule") for note in notes)


def test_the_quote_becomes_an_order_whose_days_the_projected_state_knows(energy):
    [quote] = instances(move(energy).objects[0])
    cover = line_items(line_items(quote)[1])[1].get("Integration Id")
    requests = json.dumps([{"request": "remove", "item": cover}])  # at the town house there is no gas to be covered
    energy.ask("edit-quote-line-item", quote=quote.get("Quote Number"), line=cover, requests=requests)
    [order] = instances(energy.ask("quote-to-order", quote=quote.get("Quote Number")).objects[0])

    def products(**arguments):
        rows = energy.ask("projected-state", account=ENERGY, **arguments).rows
        return sorted({row["product"] for row in rows if row["field"] == "Status"})

    assert products(on="2026-03-30") == ["Boiler Cover", "Calling Card", "Electricity", "Gas", "Home Energy"]
    assert products(on="2026-04-01") == ["Calling Card"]
    assert products() == products(on="2026-04-02") == ["Calling Card", "Electricity", "Home Energy"]
    energy.ask("submit", order=order.get("Order Number"))
    [work_order] = energy.work_orders()
    assert [
        (line.get("product"), line.get("action"), line.get("dueDate")) for line in work_order_lines(work_order)
    ] == [
        ("Home Energy", "none", "2026-03-31"),
        ("Electricity", "remove", "2026-03-31"),
        ("Gas", "remove", "2026-03-31"),
        ("Home Energy", "none", "2026-04-02"),
        ("Electricity", "add", "2026-04-02"),
    ]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"new": "PR-NOWHERE"},
            AddressUnknown,
            "the address 'PR-NOWHERE' is unknown\n"
            "  where: argument 'new-address'\n"
            "  why:   no address of this Address Id is stored, and without a move-in address the transfer can't be "
            "completed\n"
            "  mend:  mend the Address Id, or load the address with its service points (orderhub load)",
        ),
        (
            {"new": "PR-WINTER"},
            SameAddress,
            "the customer can't move from 'PR-WINTER' to 'PR-WINTER'\n"
            "  where: argument 'new-address'\n"
            "  why:   both are the same address\n"
            "  mend:  name the address that the customer moves to",
        ),
        (
            {"old": "PR-CA"},
            NothingToMove,
            "the account '2-EN' has nothing at the address 'PR-CA'\n"
            "  where: argument 'old-address'\n"
            "  why:   none of its products has a service point there, or is at that address without one\n"
            "  mend:  mend the Address Id; `orderhub workflow projected-state` shows what the account has",
        ),
    ],
)
def test_what_can_not_be_moved_is_refused_and_nothing_is_written(energy, arguments, error, message):
    with pytest.raises(error) as refused:
        move(energy, **arguments)
    assert str(refused.value) == message
    assert energy.stored("OM Quote") == []


def test_what_is_suspended_is_suspended_at_the_new_address_too(energy):
    energy.load(
        '<Message IntObjectName="OM Asset"><ListOfOMAsset><Asset><AccountId>2-EN</AccountId><ListOfLineItem><LineItem>'
        "<IntegrationId>HE</IntegrationId><ListOfLineItem><LineItem><IntegrationId>EL</IntegrationId>"
        "<Status>Suspended</Status></LineItem></ListOfLineItem></LineItem></ListOfLineItem></Asset></ListOfOMAsset></Message>"
    )
    [quote] = instances(move(energy).objects[0])
    home = line_items(quote)[1]
    statuses = [(item.get("Product Id"), item.get("Asset Status")) for item in (home, *line_items(home))]
    assert statuses == [("Home Energy", None), ("Electricity", "Suspended"), ("Boiler Cover", None)]


def test_what_moves_is_priced_by_the_list_of_the_day_of_moving_in(energy):
    """The present list ends before; the next one prices, also when the quote and its order are gone over again."""
    currency = "<CurrencyCode>USD</CurrencyCode>"
    for name, price, period in (
        ("Standard", "4.00", "<EffectiveEndDate>2026-03-31</EffectiveEndDate>"),
        ("Spring", "4.50", "<EffectiveStartDate>2026-04-01</EffectiveStartDate>"),
    ):
        text = sample("price_list.xml").decode().replace(">Standard<", f">{name}<").replace("4.00<", f"{price}<")
        energy.load(text.replace(currency, currency + period, 1))

    def cost(instance):
        home = line_items(instance)[1]
        return instance.get("Price List Id"), home.get("Adjusted Price"), home.get("Integration Id")

    [quote] = instances(move(energy).objects[0])
    number = quote.get("Quote Number")
    list_id, price, key = cost(quote)
    assert (list_id, price) == ("Spring", "4.50")
    plan = json.dumps([{"request": "remove", "item": f"{key}/Boiler Cover"}])
    energy.ask("edit-quote-line-item", quote=number, line=key, requests=plan)
    [repriced] = instances(energy.ask("reprice", quote=number).objects[0])
    assert cost(repriced)[:2] == ("Spring", "4.50")
    [order] = instances(energy.ask("quote-to-order", quote=number).objects[0])
    key = cost(order)[2]
    [edited] = instances(energy.ask("edit-order-line-item", order=order.get("Order Number"), line=key).objects[0])
    assert cost(edited)[:2] == ("Spring", "4.50")


GAS = """<Message IntObjectName="Service Point"><ListOfServicePoint><ServicePoint><ServicePointId>{}</ServicePointId>
<AddressId>PR-TOWN</AddressId><ProductId>Gas</ProductId></ServicePoint></ListOfServicePoint></Message>"""


def test_of_two_service_points_at_the_new_address_one_is_chosen(energy):
    for point in ("SP-TOWN-GAS", "SP-YARD-GAS"):
        energy.load(GAS.format(point))
    with pytest.raises(ServicePointUnclear) as refused:
        move(energy)
    assert str(refused.value) == (
        "it isn't clear which service point Gas takes at the address 'PR-TOWN'\n"
        "  where: argument 'service-points'\n"
        "  why:   of these services 1 move, and the free service points are SP-TOWN-GAS, SP-YARD-GAS\n"
        "  mend:  choose with service-points=SP-TOWN-GAS"
    )
    with pytest.raises(ServicePointNotThere) as refused:
        move(energy, service_points="SP-WINTER-GAS")
    assert str(refused.value) == (
        "no service that moves can take the service point 'SP-WINTER-GAS'\n"
        "  where: argument 'service-points'\n"
        "  why:   free at the address 'PR-TOWN', for products that move, are SP-TOWN-EL, SP-TOWN-GAS, SP-YARD-GAS\n"
        "  mend:  choose one of these, or leave it out"
    )
    assert energy.stored("OM Quote") == []
    [quote] = instances(move(energy, service_points="SP-YARD-GAS").objects[0])
    assert {item.get("Service Point Id") for item, _ in walk_items(quote) if action_code(item) == "Add"} == {
        None,
        "SP-TOWN-EL",
        "SP-YARD-GAS",
    }


# Services without a service point


def carry_out(road, quote, *addresses):
    """Place, submit and install a quote's order; provisioning is told *addresses* where they are given."""
    [order] = instances(road.ask("quote-to-order", quote=quote.get("Quote Number")).objects[0])
    road.ask("submit", order=order.get("Order Number"))
    for work_order in road.work_orders():
        road.complete(work_order)


KEYS = ("CARD", "HE", "EL", "GA", "BC")


@pytest.fixture
def telephone(energy):
    """The customer with a telephone line, which has no service point, installed at the winter home."""
    gone = [f"<LineItem><IntegrationId>{key}</IntegrationId><Status>Inactive</Status>{{}}</LineItem>" for key in KEYS]
    below = "".join(line.format("") for line in gone[2:])
    change_profile(energy, gone[0].format(""), gone[1].format(f"<ListOfLineItem>{below}</ListOfLineItem>"))
    requests = json.dumps([{"request": "set", "item": "Local Line", "fields": {"Service Id": "530-555-0101"}}])
    quote = energy.ask("new-products-and-services", account=ENERGY, product="Local Line", requests=requests).objects[0]
    carry_out(energy, instances(quote)[0])
    return energy


def line_of(road):
    """The active telephone line of the profile: its key and its address."""
    [asset] = road.stored("OM Asset", Account_Id=ENERGY)
    lines = [item for item, _ in walk_items(asset) if item.get("Product Id") == "Local Line"]
    [line] = [item for item in lines if item.get("Status") == "Active"]
    return line.get("Integration Id"), line.get("Service Address Id")


def test_a_service_without_a_service_point_is_at_the_new_address_after_a_move(telephone):
    key, address = line_of(telephone)
    assert address == "PR-WINTER"
    outcome = move(telephone, new="PR-HOME")
    assert [note.text for note in outcome.notes if note.kind == "account address"] == [
        "the account '2-EN' keeps the address 3 Pine Road, Tahoe City (PR-WINTER), at which its next new services "
        "would be; change-address gives it the new one once the customer lives there"
    ]
    carry_out(telephone, instances(outcome.objects[0])[0], "PR-WINTER", "PR-HOME")
    moved, address = line_of(telephone)
    assert (moved != key, address) == (True, "PR-HOME")
    with pytest.raises(NothingToMove):
        move(telephone, new="PR-TOWN")
    [quote] = instances(move(telephone, old="PR-HOME").objects[0])
    assert (line_items(quote)[0].get("Integration Id"), action_code(line_items(quote)[0])) == (moved, "Delete")


def test_an_order_that_is_still_open_moves_a_service_too(telephone):
    [quote] = instances(move(telephone, new="PR-HOME").objects[0])
    telephone.ask("quote-to-order", quote=quote.get("Quote Number"))
    [further] = instances(move(telephone, old="PR-HOME").objects[0])
    [_, coming] = line_items(quote)
    assert (coming.get("Service Address Id"), line_items(further)[0].get("Product Id")) == ("PR-HOME", "Local Line")
    assert [item.get("Service Address Id") for item in line_items(further)] == ["PR-HOME", "PR-TOWN"]


def test_a_service_stays_at_its_address_when_the_accounts_changes(telephone):
    assert telephone.ask("change-address", account=ENERGY, address="PR-HOME").notes == ()
    with pytest.raises(NothingToMove):
        move(telephone, old="PR-HOME")
    outcome = move(telephone)
    assert not [note for note in outcome.notes if note.kind == "account address"]
    carry_out(telephone, instances(outcome.objects[0])[0])
    assert line_of(telephone)[1] == "PR-TOWN"


def test_a_service_that_gets_another_service_account_is_at_that_accounts_address(telephone):
    key, _ = line_of(telephone)
    telephone.ask("new-account", name="Tom Becker, office", like=ENERGY, account="2-EN-OFFICE", address="PR-HOME")
    change = [{"request": "set", "item": key, "fields": {"Service Account Id": "2-EN-OFFICE"}}]
    [quote] = instances(telephone.ask("modify", account=ENERGY, root=key, requests=json.dumps(change)).objects[0])
    assert line_items(quote)[0].get("Service Address Id") is None
    change[0]["fields"]["Service Address Id"] = "PR-TOWN"
    [quote] = instances(telephone.ask("modify", account=ENERGY, root=key, requests=json.dumps(change)).objects[0])
    assert line_items(quote)[0].get("Service Address Id") == "PR-TOWN"


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ("<ServiceAccountId>2-EN-OFFICE</ServiceAccountId>", None),
        ("<ServiceAccountId>2-EN-OFFICE</ServiceAccountId><ServiceAddressId>PR-TOWN</ServiceAddressId>", "PR-TOWN"),
        ("<ServiceId>530-555-0102</ServiceId>", "PR-WINTER"),
    ],
)
def test_a_senders_change_takes_the_service_to_its_new_account(telephone, fields, address):
    """A sender that knows no addresses leaves the old address only where it names another account."""
    key, _ = line_of(telephone)
    telephone.ask("new-account", name="Tom Becker, office", like=ENERGY, account="2-EN-OFFICE", address="PR-HOME")
    order = (
        '<Message IntObjectName="OM Order"><ListOfOMOrder><Order><AccountId>2-EN</AccountId><ListOfLineItem><LineItem>'
        f"<IntegrationId>{key}</IntegrationId><ActionCode>Update</ActionCode>{fields}"
        "</LineItem></ListOfLineItem></Order></ListOfOMOrder></Message>"
    )
    shown = telephone.work(order, "hub_object", "W-1")
    assert shown["state"] == "done", shown["error"]
    telephone.complete()
    assert line_of(telephone) == (key, address)


def test_an_unknown_address_is_refused(telephone):
    key, _ = line_of(telephone)
    change = [{"request": "set", "item": key, "fields": {"Service Address Id": "PR-NOWHERE"}}]
    with pytest.raises(Refused, match="PR-NOWHERE"):
        telephone.ask("modify", account=ENERGY, root=key, requests=json.dumps(change))


def test_the_parts_of_a_bundle_are_at_the_premises_of_its_service_points(energy):
    """The bundle and its cover have no service point, and the account is at another address."""
    plan = [
        {"request": "set", "item": f"Home Energy/{product}", "fields": {"Service Point Id": point}}
        for product, point in (("Electricity", "SP-TOWN-EL"),)
    ]
    quote = energy.ask("new-products-and-services", account=ENERGY, product="Home Energy", requests=json.dumps(plan))
    [order] = instances(
        energy.ask("quote-to-order", quote=instances(quote.objects[0])[0].get("Quote Number")).objects[0]
    )
    [submitted] = instances(energy.ask("submit", order=order.get("Order Number")).objects[0])
    assert {item.get("Service Address Id") for item, _ in walk_items(submitted)} == {"PR-TOWN"}
