"""Orders of a route that says that the hub prices: the price list's prices, and what they change in what is there."""

from __future__ import annotations

import pytest

from hub.deployment.proof import load_deployment
from hub.deployment.settings import FILE, read_settings
from integration_objects.complex_object import walk_items
from integration_objects.declaration import DeclarationFault
from tests.customer_care import care_on
from tests.http_service import http_service
from tests.road import mainframe_line, mainframe_order, provisioning_status, work_order_lines

ROUTE = """\
route: priced_order
from: {{channel: priced.orders}}
object: Mainframe Order
map: Mainframe Order to OM Order
workflow: {workflow}
prices: {prices}
reply: {{object: Mainframe Answer, map: OM Reply to Mainframe Answer, channel: mainframe.answers}}
"""
PRICE = "<PRICE>99.00</PRICE><PRICE-TYPE>R</PRICE-TYPE>"
PRICES = ("Product Id", "Action Code", "List Price", "Adjusted Price", "Pricing Comment")


def declare(folder, workflow="Receive Order", prices="hub"):
    routes = folder / "hub" / "routes"
    routes.mkdir(parents=True)
    (routes / "priced_order.yaml").write_text(ROUTE.format(workflow=workflow, prices=prices), encoding="utf-8")


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def road(request, tmp_path):
    declare(tmp_path)
    url = request.getfixturevalue("database_url") if request.param == "PostgreSQL" else None
    with care_on(tmp_path, url) as made:
        yield made.road


def work(road, number, *lines, **parts):
    return road.work(mainframe_order(number, *lines, **parts), "priced_order", f"M{number}")


def lines_of(road, number):
    [stored] = road.stored("OM Order", Source_Order_Number=number)
    return [tuple(item.get(name) for name in PRICES) for item, _ in walk_items(stored)]


def enabler(count):
    return [
        mainframe_line(1, "A", "SBENB001", ref="SBE", more=PRICE),
        *[mainframe_line(n + 1, "A", "LCLLN001", parent=1, ref=f"LIN-{n}", more=PRICE) for n in range(1, count + 1)],
    ]


def test_the_lists_prices_take_the_place_of_the_senders(road):
    assert work(road, "7", *enabler(5))["state"] == "done"
    assert lines_of(road, "7") == [
        ("Small Business Enabler", "Add", "25.00", "25.00", None),
        *[("Local Line", "Add", "5.99", "5.99", None)] * 5,
    ]
    [stored] = road.stored("OM Order")
    assert (stored.get("Price List Id"), stored.get("Currency Code")) == ("Standard", "USD")
    item = next(item for item, _ in walk_items(stored))
    assert [item.get(name) for name in ("Price Type", "Unit Of Measure", "Currency Code")] == [
        "Recurring",
        "Month",
        "USD",
    ]


def test_where_the_route_says_nothing_the_senders_prices_stand(road):
    assert road.work(mainframe_order("7", *enabler(5)))["state"] == "done"
    assert lines_of(road, "7")[0] == ("Small Business Enabler", "Add", None, "99.00", None)
    [stored] = road.stored("OM Order")
    assert stored.get("Price List Id") is None


def test_a_new_line_that_reaches_a_tier_makes_updates_of_those_that_are_there(road):
    work(road, "7", *enabler(10))
    for work_order in road.work_orders():
        road.complete(work_order)
    more = [mainframe_line(1, "N", "SBENB001", ref="SBE"), mainframe_line(2, "A", "LCLLN001", parent=1, ref="LIN-11")]
    assert work(road, "8", *more)["state"] == "done"
    rule = "Price rule: More than ten lines"
    assert lines_of(road, "8") == [
        ("Small Business Enabler", "-", "25.00", "25.00", None),
        ("Local Line", "Add", "5.99", "4.99", rule),
        *[("Local Line", "Update", "5.99", "4.99", rule)] * 10,
    ]
    [work_order] = road.work_orders()
    assert [one.get("action") for one in work_order_lines(work_order)] == ["none", "add", *["change"] * 10]
    road.complete(work_order)
    [asset] = road.stored("OM Asset", Account_Id="1-B")
    assert [item.get("Adjusted Price") for item, _ in walk_items(asset)] == ["25.00", *["4.99"] * 11]

    assert work(road, "9", mainframe_line(1, "D", "LCLLN001", ref="LIN-1"))["state"] == "done"
    assert sorted(lines_of(road, "9")) == [
        ("Local Line", "Delete", "5.99", "4.99", rule),
        *[("Local Line", "Update", "5.99", "5.99", None)] * 10,
        ("Small Business Enabler", "-", "25.00", "25.00", None),
    ]


def test_a_line_that_is_complete_keeps_its_price_in_the_supplement(road):
    work(road, "7", *enabler(10))
    work_order = road.work_orders()[0]
    first = work_order_lines(work_order)[1].get("integrationId")
    road.work(provisioning_status(work_order.get("number"), [(first, "COMPLETED")]), "provisioning_status")
    assert road.work(mainframe_order("7", *enabler(11), revision=2), "priced_order", "M7-2")["state"] == "rejected"
    agreed = [
        one.replace("99.00", "5.99").replace("<PRICE>5.99", "<PRICE>25.00", one.count("SBENB")) for one in enabler(11)
    ]
    assert road.work(mainframe_order("7", *agreed, revision=2), "priced_order", "M7-3")["state"] == "done"
    [stored] = road.stored("OM Order", Active_Flag="Y")
    assert [item.get("Adjusted Price") for item, _ in walk_items(stored)] == ["25.00", "5.99", *["4.99"] * 10]


def test_the_newest_list_of_the_orders_currency_counts_unless_the_order_names_one(road):
    road.load(price_list("Old", "2020-01-01", "7.00"))
    road.load(price_list("New", "2021-01-01", "8.00"))
    road.load(price_list("To come", "2190-01-01", "9.00"))
    assert work(road, "7", mainframe_line(1, "A", "CALCD001", ref="C"))["state"] == "done"
    assert lines_of(road, "7") == [("Calling Card", "Add", "8.00", "8.00", None)]


def price_list(name, start, price, currency="USD"):
    return (
        f'<Message IntObjectName="Price List"><ListOfPriceList><PriceList><PriceListId>{name}</PriceListId>'
        f"<CurrencyCode>{currency}</CurrencyCode><EffectiveStartDate>{start}</EffectiveStartDate><ListOfPriceListItem>"
        "<PriceListItem><Name>Card</Name><ProductId>Calling Card</ProductId><PriceType>Usage</PriceType>"
        f"<Price>{price}</Price></PriceListItem></ListOfPriceListItem></PriceList></ListOfPriceList></Message>"
    )


def test_two_lists_that_began_at_the_same_moment_are_for_a_person(road):
    road.load(price_list("One", "2021-01-01", "7.00"))
    road.load(price_list("Two", "2021-01-01", "8.00"))
    assert work(road, "7", mainframe_line(1, "A", "CALCD001", ref="C"))["error"] == {
        "reason": "PriceListUnclear",
        "what": "there are 2 price lists in USD to price by",
        "where": "message M7, order 7, Price List Id",
        "why": "One, Two hold now",
        "mend": "give the order a Price List Id",
    }


def test_an_order_without_a_price_list_in_its_currency_is_refused(road):
    body = mainframe_order("7", mainframe_line(1, "A", "CALCD001", ref="C")).replace("<CURR>USD", "<CURR>EUR")
    shown = road.work(body, "priced_order", "M7")
    assert shown["state"] == "rejected"
    assert shown["error"] == {
        "reason": "PriceListMissing",
        "what": "there is no price list in EUR to price by",
        "where": "message M7, order 7, Price List Id",
        "why": "none is stored",
        "mend": "load a price list (orderhub load), or give the order a Price List Id",
    }
    assert road.stored("OM Order") == []


def test_a_product_without_a_price_is_refused_by_the_senders_reference(road):
    road.load(price_list("New", "2021-01-01", "8.00"))
    shown = work(road, "7", mainframe_line(1, "A", "CALID001", ref="CID-9"))
    assert shown["error"] == {
        "reason": "PriceMissing",
        "what": "the price list 'New' has no price for 1 product",
        "where": "message M7, OM Order '1-B', line item 'CID-9', line 1",
        "why": shown["error"]["why"],
        "mend": "add their prices to the price list, or take these products off",
    }
    assert "'Caller Id'" in shown["error"]["why"]
    assert road.stored("OM Order") == []


def test_another_systems_pricing_is_asked_before_the_lock(tmp_path):
    declare(tmp_path)
    with http_service() as service, care_on(tmp_path, pricing_url=service.url) as care:

        def answer(question):
            with care.open_hub.write() as transaction:  # nobody holds the database
                transaction.store.lock_accounts(["1-B"])
            fields = {"List Price": "3.00", "Adjusted Price": "2.00", "Price Type": "Usage"}
            return {
                "prices": [{"number": one["number"], "rules": ["Ours"], "fields": fields} for one in question["items"]]
            }

        service.answer = answer
        assert work(care.road, "7", mainframe_line(1, "A", "CALCD001", ref="C"))["state"] == "done"
        assert lines_of(care.road, "7") == [("Calling Card", "Add", "3.00", "2.00", "Price rule: Ours")]
        assert [question["object"] for question in service.asked] == ["OM Order"]
        assert care.road.work(mainframe_order("8", mainframe_line(1, "A", "CALCD001", ref="D")))["state"] == "done"
        assert len(service.asked) == 1  # a route without prices asks nobody


def test_messages_of_one_account_in_one_group_are_each_asked_about_what_the_one_before_left(tmp_path):
    """The first one's work moves what the others had asked about: they ask again, one by one, and no retry is spent."""
    declare(tmp_path)
    with http_service() as service, care_on(tmp_path, pricing_url=service.url) as care:

        def answer(question):
            price = str(len(question["items"]))
            fields = {"List Price": price, "Adjusted Price": price, "Price Type": "Usage"}
            return {"prices": [{"number": one["number"], "fields": fields} for one in question["items"]]}

        service.answer = answer
        work(care.road, "1", mainframe_line(1, "A", "CALCD001", ref="C"))
        for number in range(2, 6):
            lines = [
                mainframe_line(1, "N", "CALCD001", ref="C"),
                mainframe_line(2, "A", "CALID001", parent=1, ref=f"F{number}"),
            ]
            care.road.send(mainframe_order(str(number), *lines), "priced_order", f"M{number}")
        care.road.manager.work(10)
        assert care.road.counts() == {"done": 5}
        assert [len(one["items"]) for one in service.asked] == [1, 2, 2, 2, 2, 3, 4, 5]
        assert lines_of(care.road, "5")[0][:4] == ("Calling Card", "Update", "5", "5")


def faulty(folder, yaml):
    """What is said of a route when it is loaded."""
    (folder / FILE).write_text("", encoding="utf-8")
    routes = folder / "hub" / "routes"
    routes.mkdir(parents=True)
    (routes / "statuses.yaml").write_text(yaml, encoding="utf-8")
    with pytest.raises(DeclarationFault) as refused:
        _ = load_deployment(folder, read_settings(folder, environment=False, routes=["*"])).routes
    return str(refused.value).replace(str(folder), "")


def test_a_route_whose_workflow_takes_no_orders_has_no_prices(tmp_path):
    yaml = (
        "route: statuses\nfrom: {channel: statuses}\nobject: Provisioning Status\n"
        "map: Provisioning Status to OM Work Order Status\nworkflow: Order Synchronization\nprices: hub\n"
    )
    assert faulty(tmp_path, yaml) == (
        "the workflow 'Order Synchronization' takes no orders that could be priced\n"
        "  where: /hub/routes/statuses.yaml:6:9\n"
        "  why:   it takes OM Work Order Status, OM Workflow Request\n"
        "  mend:  leave `prices:` out"
    )


def test_prices_are_the_senders_or_the_hubs(tmp_path):
    yaml = ROUTE.format(workflow="Receive Order", prices="list")
    assert faulty(tmp_path, yaml) == (
        "'list' is not allowed here\n  where: /hub/routes/statuses.yaml:6:9\n  why:   expected sender, hub\n"
        "  mend:  write one of them"
    )
