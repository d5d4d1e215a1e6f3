"""One number, one service: the rule by itself, and the orders, quotes and fallout entries that meet it."""

from __future__ import annotations

import pytest

from adapters.database.objects.reader import ObjectReader
from hub.workflows.state.held_ids import NUMBER, Service, conflicts, ids_of, left_by
from integration_objects.complex_object import line_items
from integration_objects.names import KEY, LINE_ITEM
from integration_objects.property_set import PropertySet
from integration_objects.service_number import plain_number
from tests.customer_care import the
from tests.road import mainframe_line, mainframe_order, provisioning_status

PRODUCTS = {
    "Line": {"Service Instance": "Y"},
    "Trunk": {"Service Instance": "Y"},
    "Feature": {"Service Instance": None},
    "Gas": {"Service Id Kind": "Meter", "Service Instance": "Y"},
    "Water": {"Service Id Kind": "Meter", "Service Instance": "Y"},
    "Cable": {"Service Id Kind": "Service Point"},
}


def service(key, product="Line", number=None, point=None, holder="which is Active"):
    return Service(key, "A", holder, product, number, point)


def line(action, **fields):
    names = {name.replace("_", " "): text for name, text in fields.items()}
    return PropertySet(LINE_ITEM, properties={KEY: "1", "Action Code": action, **names})


def found(after, others=(), before=()):
    by_key = [{one.key: one for one in services} for services in (before, after)]
    return [
        (conflict.wanted.key, conflict.held[1], conflict.other.key) for conflict in conflicts(*by_key, others, PRODUCTS)
    ]


def test_numbers_are_compared_without_blanks_signs_and_case():
    assert {plain_number(text) for text in ("509-555-0140", "(509) 555.0140", "509 555/0140")} == {"5095550140"}
    assert plain_number("Circuit-7_a") == plain_number("CIRCUIT 7A") == "circuit7a"


@pytest.mark.parametrize(
    ("one", "ids"),
    [
        (service("1", number="509-555"), {(NUMBER, "509555")}),
        (service("1", number="509-555", point="P"), {(NUMBER, "509555")}),
        (service("1", "Gas", number="7", point="P"), {("Meter", "P")}),
        (service("1", "Cable", point="P"), {("Service Point", "P")}),
        (service("1", "Cable", number="555-1", point="P"), {("Service Point", "P"), (NUMBER, "5551")}),
        (service("1", "Gas", number="7"), {(NUMBER, "7")}),
        (service("1", "Line", number=" - "), set()),
        (service("1", "unknown"), set()),
    ],
)
def test_a_service_holds_its_number_or_its_point(one, ids):
    """A telephone line's jack isn't held: two lines may share it."""
    assert ids_of(one, PRODUCTS) == ids


@pytest.mark.parametrize(
    ("one", "other", "is_refused"),
    [
        (service("1", number="509-555"), service("2", number="509 555"), True),
        (service("1", number="509-555"), service("2", "Trunk", number="509555"), True),
        (service("1", number="509-555"), service("2", "Feature", number="509-555"), False),
        (service("1", "Feature", number="509-555"), service("2", "Feature", number="509-555"), True),
        (service("1", number="1", point="P"), service("2", number="2", point="P"), False),
        (service("1", "Gas", point="P"), service("2", "Gas", point="P"), True),
        (service("1", "Gas", point="P"), service("2", "Water", point="P"), True),
        (service("1", "Gas", point="P"), service("2", "Cable", point="P"), False),
        (service("1", "Gas", point="P"), service("2", number="P", point="P"), False),
    ],
)
def test_services_that_exclude_each_other(one, other, is_refused):
    """Neither beside a service that is there, nor within one order, and never the same service."""
    assert found([one], [other]) == ([("1", next(iter(ids_of(one, PRODUCTS)))[1], "2")] if is_refused else [])
    assert bool(found([one, other])) is is_refused
    assert found([one], before=[one]) == []


def test_a_service_with_the_same_point_and_number_is_named_once():
    assert found([service("1", "Cable", "555", "P")], [service("2", "Cable", "555", "P")]) == [("1", "P", "2")]


def test_two_services_of_one_document_swap_their_numbers():
    before = [service("1", number="1"), service("2", number="2")]
    assert found([service("1", number="2"), service("2", number="1")], before=before) == []
    assert found([service("1", number="2"), service("2", number="2")], before=before) == [("1", "2", "2")]


def test_a_service_that_keeps_its_number_takes_nothing():
    """Numbers that two services have had for long don't stop an order about something else."""
    assert found([service("1", number="1")], [service("2", number="1")], [service("1", number="1")]) == []


def test_a_line_leaves_a_service_with_the_ids_that_it_carries():
    before = service("1", number="1", point="P")
    assert left_by(line("Delete"), before, "A", "x") is None
    assert left_by(line("Update", Quantity="1"), before, "A", "x") == before
    assert left_by(line("Update", Service_Id="1"), before, "A", "x") == before
    assert left_by(line("Update", Service_Id="2"), before, "A", "x") == service("1", number="2", point="P", holder="x")
    assert left_by(line("Update", Service_Id="2"), None, "A", "x") is None
    assert left_by(line("Add", Product_Id="Gas", Service_Point_Id="P"), None, "A", "x") == service(
        "1", "Gas", point="P", holder="x"
    )


# Orders made in the hub

NUMBER_1, NUMBER_2 = "509-555-0140", "(509) 555 0141"


def ordered(care, account, *numbers, product="Local Line"):
    """An order of telephone lines with these numbers, on one quote."""
    session = f"{account} {numbers}"
    for number in numbers:
        requests = [{"request": "set", "item": product, "fields": {"Service Id": number}}]
        quote = the(
            care("new-products-and-services", account=account, product=product, requests=requests, session=session)
        )
    return care.place(quote.get("Quote Number"))


def installed(care, account, *numbers):
    care.install(ordered(care, account, *numbers))
    (asset,) = care.road.stored("OM Asset", Account_Id=account)
    return {item.get("Service Id"): item for item in line_items(asset) if item.get("Status") == "Active"}


def changed(care, account, root, number):
    requests = [{"request": "set", "item": root.get(KEY), "fields": {"Service Id": number}}]
    return care.place(the(care("modify", account=account, root=root.get(KEY), requests=requests)).get("Quote Number"))


def test_a_number_that_another_customer_has_is_refused(any_care):
    """Issue 12, point 4: two customers Active on one telephone number; an order that is submitted holds it, too."""
    first = ordered(any_care, "2-LB", NUMBER_1)
    second = ordered(any_care, "2-EN", "5095550140")
    any_care.submit(first)
    refused = any_care.refused("submit", order=second.get("Order Number"))
    (key,) = [item.get(KEY) for item in line_items(first)]
    number = second.get("Order Number")
    assert refused == (
        f"the order {number} asks for the number 5095550140 of another service\n"
        f"  where: order {number}, line 1\n"
        f"  why:   the number 5095550140 of line 1 (Local Line) is that of Local Line ({key}) of account 2-LB, "
        f"which the order {first.get('Order Number')} asks for\n"
        "  mend:  give the line another one (edit-order-line-item); or submit an order first that disconnects the "
        "other service or gives it another one"
    )
    any_care.provision()
    assert "of account 2-LB, which is Active" in any_care.refused("submit", order=number)
    third = the(
        any_care(
            "new-products-and-services",
            account="2-EN",
            product="Local Line",
            requests=[{"request": "set", "item": "Local Line", "fields": {"Service Id": NUMBER_1}}],
        )
    ).get("Quote Number")
    notes = [note for note in any_care("verify", quote=third).notes if note.kind == "service id"]
    assert ["which is Active; an order that asks for it can't be submitted" in note.text for note in notes] == [True]


def test_a_service_that_runs_beneath_a_failed_line_holds_its_number(care):
    """It is in no profile: the fallout entry about it is the only trace, until somebody has dealt with it."""

    def featured(account, number):
        requests = [
            {"request": "add", "product": "Local Line", "name": "L", "fields": {"Service Id": number}},
            {"request": "add", "product": "Caller Id", "beneath": "L", "fields": {"Service Id": "VIRTUAL-1"}},
        ]
        quote = the(care("new-products-and-services", account=account, requests=requests, session=account))
        return care.place(quote.get("Quote Number"))

    first, second = featured("2-LB", NUMBER_1), featured("2-EN", NUMBER_2)
    care.submit(first)
    (line,) = line_items(first)
    (feature,) = line_items(line)
    for item, status in ((line, "Failed"), (feature, "Complete")):
        work_order = f"{first.get('Order Number')}-1"
        care("order-synchronization", work_order=work_order, status=status, lines=item.get(KEY))
    assert care.order(first.get("Order Number")).get("Status") == "Failed"
    assert [entry["cause"] for entry in care.road.fallout()] == ["Lines Failed", "Completed Below Failed"]
    number = second.get("Order Number")
    why = f"is that of Caller Id ({feature.get(KEY)}) of account 2-LB, which the order {first.get('Order Number')} asks"
    assert why in care.refused("submit", order=number)
    for entry in care.road.fallout():
        care("fallout-close", entry=entry["row_id"], resolution="taken away by hand")
    care("submit", order=number)


def test_one_number_twice_on_one_order_is_refused(any_care):
    order = ordered(any_care, "2-LB", NUMBER_1, "5095550140")
    refused = any_care.refused("submit", order=order.get("Order Number"))
    assert "is that of line 1 (Local Line), too" in refused


def test_a_submitted_delete_or_change_of_the_number_sets_it_free(any_care):
    lines = installed(any_care, "2-LB", NUMBER_1, NUMBER_2)
    any_care.submit(changed(any_care, "2-LB", lines[NUMBER_1], "509-555-0150"))
    any_care.submit(ordered(any_care, "2-EN", NUMBER_1))
    waiting = ordered(any_care, "2-EN", NUMBER_2)
    assert NUMBER_2 in any_care.refused("submit", order=waiting.get("Order Number"))
    quote = the(any_care("disconnect", account="2-LB", root=lines[NUMBER_2].get(KEY)))
    ending = any_care.place(quote.get("Quote Number"))
    assert NUMBER_2 in any_care.refused("submit", order=waiting.get("Order Number"))
    any_care.submit(ending)
    any_care.submit(waiting)
    # The number that the change asks for is held from now on.
    assert "509-555-0150" in any_care.refused(
        "submit", order=ordered(any_care, "2-EN", "509-555-0150").get("Order Number")
    )


def test_a_supplement_keeps_its_numbers_and_takes_others(care):
    order = ordered(care, "2-LB", NUMBER_1)
    care.submit(order)
    number = order.get("Order Number")
    care("revise", order=number)
    care("submit", order=number)
    other = ordered(care, "2-EN", NUMBER_2)
    care.submit(other)
    revision = the(care("revise", order=number))
    # While the supplement isn't submitted, the revision that provisioning works on holds the number.
    assert NUMBER_1 in care.refused("submit", order=ordered(care, "2-EN", NUMBER_1).get("Order Number"))
    (root,) = line_items(revision)
    requests = [{"request": "set", "item": root.get(KEY), "fields": {"Service Id": NUMBER_2}}]
    care("edit-order-line-item", order=number, line=root.get(KEY), requests=requests)
    assert NUMBER_2 in care.refused("submit", order=number)


def test_two_meters_point_services_share_no_point(any_care):
    """The electricity of one customer at a point where another one has it."""

    def at(account, product):
        requests = [{"request": "set", "item": product, "fields": {"Service Point Id": "SP-TOWN-EL"}}]
        quote = the(any_care("new-products-and-services", account=account, product=product, requests=requests))
        return any_care.place(quote.get("Quote Number"))

    any_care.submit(at("2-LB", "Electricity"))
    refused = any_care.refused("submit", order=at("2-EN", "Electricity").get("Order Number"))
    assert "the service point SP-TOWN-EL of line 1 (Electricity) is that of Electricity" in refused


def test_orders_that_are_not_submitted_hold_nothing_and_are_told(care):
    first = ordered(care, "2-LB", NUMBER_1)
    requests = [{"request": "set", "item": "Local Line", "fields": {"Service Id": NUMBER_1}}]
    quote = the(care("new-products-and-services", account="2-EN", product="Local Line", requests=requests))
    (note,) = [note for note in care("verify", quote=quote.get("Quote Number")).notes if note.kind == "service id"]
    assert note.text.endswith(
        f"of account 2-LB, which the order {first.get('Order Number')} asks for, that isn't submitted yet; "
        "the order that is submitted first gets it"
    )
    care.submit(care.place(quote.get("Quote Number")))
    assert "of account 2-EN" in care.refused("submit", order=first.get("Order Number"))


def test_two_lines_of_a_quote_swap_their_numbers(care):
    lines = installed(care, "2-LB", NUMBER_1, NUMBER_2)
    for root, number in ((lines[NUMBER_1], NUMBER_2), (lines[NUMBER_2], NUMBER_1)):
        requests = [{"request": "set", "item": root.get(KEY), "fields": {"Service Id": number}}]
        quote = the(care("modify", account="2-LB", root=root.get(KEY), requests=requests, session="swap"))
    care.install(care.place(quote.get("Quote Number")))
    (asset,) = care.road.stored("OM Asset", Account_Id="2-LB")
    swapped = {item.get(KEY): item.get("Service Id") for item in line_items(asset)}
    assert swapped == {lines[NUMBER_1].get(KEY): NUMBER_2, lines[NUMBER_2].get(KEY): NUMBER_1}


def test_a_customer_who_comes_back_gets_the_number_again(care):
    lines = installed(care, "2-LB", NUMBER_1)
    care.install(care.place(the(care("disconnect", account="2-LB", root=lines[NUMBER_1].get(KEY))).get("Quote Number")))
    assert set(installed(care, "2-LB", NUMBER_1)) == {NUMBER_1}


def test_a_suspended_service_holds_its_number_and_keeps_it(care):
    root = installed(care, "2-LB", NUMBER_1)[NUMBER_1]
    care.install(care.place(the(care("suspend", account="2-LB", root=root.get(KEY))).get("Quote Number")))
    order = ordered(care, "2-EN", NUMBER_1)
    assert "which is Suspended" in care.refused("submit", order=order.get("Order Number"))
    care.install(care.place(the(care("resume", account="2-LB", root=root.get(KEY))).get("Quote Number")))


def test_a_failed_line_holds_nothing_and_is_proven_when_it_is_tried_again(care):
    order = ordered(care, "2-LB", NUMBER_1)
    care.submit(order)
    (work_order,) = care.road.work_orders()
    failed = provisioning_status(work_order.get("number"), [(item.get(KEY), "FAILED") for item in line_items(order)])
    care.road.work(failed, "provisioning_status")
    (entry,) = care.road.fallout()
    care.submit(ordered(care, "2-EN", NUMBER_1))
    assert "of account 2-EN" in care.refused("fallout-retry", entry=entry["row_id"])


# Orders of senders


def phone(number):
    return f"<PHONE>{number}</PHONE>"


def test_a_senders_order_is_refused_with_its_line(road):
    road.work(mainframe_order("1", mainframe_line(1, "A", "CALCD001", ref="C-1", more=phone("800-555-0199"))))
    taken = mainframe_line(1, "A", "CALCD001", ref="C-2", more=phone("8005550199"))
    refused = road.work(mainframe_order("2", taken, customer="100200"))
    (key,) = [item.get(KEY) for order in road.stored("OM Order") for item in line_items(order)]
    assert (refused["state"], refused["reason"]) == ("rejected", "ServiceIdHeld")
    assert refused["error"]["what"] == "the order 2 asks for the number 8005550199 of another service"
    assert refused["error"]["where"] == "message MF-2-1, order 2, line C-2"
    assert refused["error"]["why"] == (
        f"the number 8005550199 of line C-2 (Calling Card) is that of Calling Card ({key}) of account 1-B, "
        "which the order O-0000001 asks for"
    )
    # The sender's own revision of its order keeps the number, and one without it sets it free.
    again = mainframe_line(1, "A", "CALCD001", ref="C-1", more=phone("800 555 0199"))
    assert road.work(mainframe_order("1", again, revision=2))["state"] == "done"
    other = mainframe_line(1, "A", "CALCD001", ref="C-1", more=phone("800 555 0100"))
    assert road.work(mainframe_order("1", other, revision=3))["state"] == "done"
    assert road.work(mainframe_order("3", taken, customer="100200"))["state"] == "done"
    two = [mainframe_line(place, "A", "CALCD001", ref=f"D-{place}", more=phone("1")) for place in (1, 2)]
    assert road.work(mainframe_order("4", *two))["reason"] == "ServiceIdHeld"


# Numbers that were set free, and are wanted back


@pytest.fixture
def given_away(care):
    """A disconnect that is submitted, and another customer's order for its number."""
    root = installed(care, "2-LB", NUMBER_1)[NUMBER_1]
    ending = care.place(the(care("disconnect", account="2-LB", root=root.get(KEY))).get("Quote Number"))
    care.submit(ending)
    taking = ordered(care, "2-EN", NUMBER_1)
    care.submit(taking)
    return ending.get("Order Number"), taking.get("Order Number"), root.get(KEY)


def test_a_disconnect_is_not_cancelled_after_its_number_was_given_to_another(care, given_away):
    ending, taking, _ = given_away
    ((added,),) = [line_items(order) for order in care.road.stored("OM Order", Order_Number=taking)]
    assert care.refused("cancel-order", order=ending) == (
        f"the order {ending} can't be cancelled: another service got the number 509-555-0140, which it has set free\n"
        f"  where: order {ending}\n"
        f"  why:   the number 509-555-0140 of line 1 (Local Line) is that of Local Line ({added.get(KEY)}) of account "
        f"2-EN, which the order {taking} asks for\n"
        "  mend:  cancel the other order first, or give the other service another id"
    )
    care("cancel-order", order=taking)
    care("cancel-order", order=ending)
    assert NUMBER_1 in care.refused("submit", order=ordered(care, "2-EN", NUMBER_1).get("Order Number"))


def test_a_supplement_takes_no_number_back_that_another_has(care, given_away):
    ending, taking, key = given_away
    care("revise", order=ending)
    care("keep-service", order=ending, line=key)
    care("edit-order-line-item", order=ending, requests=[{"request": "add", "product": "Calling Card"}])
    assert "of account 2-EN" in care.refused("submit", order=ending)
    care("cancel-order", order=taking)
    care("submit", order=ending)


def test_many_numbers_take_as_few_queries_as_two(care, monkeypatch):
    """An order of a dozen lines is proven with the statements of an order of two; a refusal names them all."""
    asked = []
    items = ObjectReader.items

    def counted(*arguments):
        asked.append(arguments[2])
        return items(*arguments)

    monkeypatch.setattr(ObjectReader, "items", counted)
    counts = []
    for many in (2, 12):
        numbers = [f"{many} {place}" for place in range(many)]
        care.submit(ordered(care, "2-LB", *numbers))
        counts.append(len(asked))
        asked.clear()
    assert counts[0] == counts[1] > 0
    refused = care.refused("submit", order=ordered(care, "2-EN", *numbers).get("Order Number"))
    assert "asks for 12 numbers of other services" in refused
    assert refused.count("(Local Line) is that of") == 10
    assert "; and 2 more" in refused


def test_a_number_of_another_service_in_a_profile_is_told_by_load(any_care):
    """A profile that is loaded shows what a customer has: it is taken."""
    (key,) = [item.get(KEY) for item in installed(any_care, "2-LB", NUMBER_1).values()]
    profile = (
        '<Message IntObjectName="OM Asset"><ListOfOMAsset><Asset><AccountId>2-EN</AccountId><ListOfLineItem>'
        "<LineItem><IntegrationId>L-{0}</IntegrationId><ProductId>Local Line</ProductId><ServiceId>{1}</ServiceId>"
        "</LineItem></ListOfLineItem></Asset></ListOfOMAsset></Message>"
    )
    assert any_care.road.load(profile.format(1, "509-555-0199")) == ["updated OM Asset 2-EN"]
    assert any_care.road.load(profile.format(2, "5095550140"))[1:] == [
        "service id: Local Line L-2: the number 5095550140 of line L-2 (Local Line) is that of "
        f"Local Line ({key}) of account 2-LB, which is Active"
    ]


WIRED = (
    '<Message IntObjectName="Product"><ListOfProduct><Product><ProductId>ISDN Line</ProductId>'
    "<ServiceIdKind>Service Point</ServiceIdKind></Product></ListOfProduct></Message>"
)


JACK = (
    '<Message IntObjectName="Service Point"><ListOfServicePoint><ServicePoint><ServicePointId>SP-HOME-LINE'
    "</ServicePointId><ProductId>ISDN Line</ProductId></ServicePoint></ListOfServicePoint></Message>"
)


@pytest.mark.parametrize("wired_first", [True, False])
def test_the_number_of_a_point_that_is_its_own_meter_is_held_as_well(care, wired_first):
    """Figure 7A, option 2: SP-HOME-LINE has the number 5095550140, which no other line can have then."""
    for sent in (WIRED, JACK):
        care.road.load(sent)
    requests = [{"request": "set", "item": "ISDN Line", "fields": {"Service Point Id": "SP-HOME-LINE"}}]
    quote = the(care("new-products-and-services", account="2-LB", product="ISDN Line", requests=requests))
    wired, typed = care.place(quote.get("Quote Number")), ordered(care, "2-EN", NUMBER_1)
    first, second = (wired, typed) if wired_first else (typed, wired)
    care.submit(first)
    assert f"of account {first.get('Account Id')}" in care.refused("submit", order=second.get("Order Number"))
