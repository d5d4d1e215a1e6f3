"""Price lists in a deployment: loaded and proven, read by a run, and priced by, here or elsewhere."""

from __future__ import annotations

import pathlib

import pytest

from adapters.http_client import UrlWrong
from hub.data_manager.lookup import stored_object
from hub.deployment.proof import load_deployment
from hub.deployment.settings import read_settings
from hub.pricing.list_pricing import ListPricing
from hub.pricing.price_list import PriceListFaulty
from hub.workflow_manager.origin import Origin
from hub.workflow_manager.recorded_reads import PriceListUnknown, StoredPriceListFaulty
from integration_objects.complex_object import components, instances, message
from integration_objects.property_set import PropertySet
from schemas.hub_xml import hub_from_xml, hub_to_xml
from tests.http_service import http_service
from tests.hub.pricing.lists import ON, list_tree, price, rule
from tests.road import Road, sample
from tests.trees import item, quote

ORIGIN = Origin("load", "local", "test")


def load_products(road: Road, *trees: PropertySet) -> None:
    """The products that the price lists name."""
    found = {
        name
        for tree in trees
        for kind in ("Price List Item", "Price Rule")
        for part in components(tree, kind)
        for name in (part.get("Product Id"), part.get("Bundle Product Id"))
        if name
    }
    products = [PropertySet("Product", properties={"Product Id": name}) for name in sorted(found)]
    road.load(hub_to_xml(message("Product", products), road.open_hub.deployment.definitions))


def load(road: Road, tree: PropertySet) -> list[str]:
    return road.load(hub_to_xml(message("Price List", [tree]), road.open_hub.deployment.definitions))


@pytest.fixture
def road(tmp_path: pathlib.Path) -> Road:
    return Road(tmp_path)


def test_the_sample_list_is_loaded_once_and_read_back_as_it_was(road: Road) -> None:
    definitions = road.open_hub.deployment.definitions
    tree = hub_from_xml(sample("price_list.xml"), definitions)
    load_products(road, *instances(tree))
    assert road.load(sample("price_list.xml")) == ["inserted Price List Standard"]
    assert road.load(sample("price_list.xml")) == ["unchanged Price List Standard"]
    with road.open_hub.read() as transaction:
        found = instances(stored_object(transaction.store, definitions, "Price List", "Standard"))[0]
        prices = transaction.run(ORIGIN).price_list("Standard")
    for kind in ("Price List Item", "Price Rule"):
        assert [part.get("Name") for part in components(found, kind)] == [
            part.get("Name") for part in components(instances(tree)[0], kind)
        ]
    assert {one.name for one in prices.rules} == {"More than ten lines", "One ISDN line free for every two"}


def test_a_list_that_contradicts_itself_is_refused_and_nothing_of_it_is_stored(road: Road) -> None:
    """What is loaded is proven together with what was there before."""
    good = list_tree(price("P", "1"), rule("r", "Percentage", "P", percent="10"))
    load_products(road, good)
    load(road, good)
    with pytest.raises(PriceListFaulty) as refused:
        load(road, list_tree(price("P", "2", name="another")))
    assert str(refused.value) == (
        "the price list 'Standard' has two prices for one product\n"
        "  where: price list 'Standard', Price List Item 'another'\n"
        "  why:   Price List Item 'P' is for the same, from the same start on\n"
        "  mend:  take one of them out, or give it another start"
    )
    assert len(components(road.stored("Price List", Price_List_Id="Standard")[0], "Price List Item")) == 1


def test_a_faulty_list_that_was_stored_past_the_proof_is_for_an_operator(road: Road) -> None:
    """`orderhub object` writes whatever its definition allows."""
    tree = list_tree(rule("r", "Percentage", "P"))
    load_products(road, tree)
    with road.open_hub.write() as transaction:
        transaction.store.insert(message("Price List", [tree]))
    with road.open_hub.read() as transaction, pytest.raises(StoredPriceListFaulty) as caught:
        transaction.run(ORIGIN).price_list("Standard")
    assert str(caught.value) == (
        "the price list 'Standard' can't be used\n"
        "  where: price list 'Standard', Price Rule 'r', Percent\n"
        "  why:   expected a value, found none\n"
        "  mend:  mend the price list and load it again"
    )


def test_a_run_without_the_list_says_so(road: Road) -> None:
    with road.open_hub.read() as transaction, pytest.raises(PriceListUnknown) as refused:
        transaction.run(ORIGIN).price_list("Gold")
    assert str(refused.value) == (
        "there is no price list 'Gold'\n"
        "  where: Price List, Price List Id\n"
        "  why:   nothing of this id is stored\n"
        "  mend:  mend the Price List Id, or load the price list"
    )


def test_a_run_prices_by_the_hub_itself_and_records_only_the_list(road: Road) -> None:
    tree = list_tree(price("P", "10.00"))
    load_products(road, tree)
    load(road, tree)
    with road.open_hub.read() as transaction:
        run = transaction.run(ORIGIN)
        assert isinstance(run.pricing, ListPricing)
        bill = run.pricing.price(quote(item("P", product_id="P")), run.price_list("Standard"), ON)
    assert len(bill.changes) == 1
    assert [entry[0] for entry in run.record] == ["object"]


def test_with_a_pricing_url_another_system_prices_and_its_answer_is_recorded(tmp_path: pathlib.Path) -> None:
    with http_service() as service:
        service.answer = lambda _: {
            "prices": [{"number": 1, "fields": {"Adjusted Price": "9.50", "Price Type": "Recurring"}}]
        }
        road = Road(tmp_path, pricing_url=service.url)
        load(road, list_tree())
        with road.open_hub.read() as transaction:
            run = transaction.run(ORIGIN)
            bill = run.pricing.price(quote(item("P", product_id="P")), run.price_list("Standard"), ON)
    assert bill.totals[0].amount == 9.5
    assert [entry[:3] for entry in run.record][1:] == [["priced", "Standard", ON]]
    assert [row[3]["Adjusted Price"] for row in run.record[1][3] if row[1] == "Line Item"] == ["9.50"]


def test_a_pricing_url_that_is_none_is_found_when_the_deployment_is_proven(tmp_path: pathlib.Path) -> None:
    settings = read_settings(tmp_path, environment=False, pricing_url="ftp://prices.example")
    with pytest.raises(UrlWrong) as caught:
        load_deployment(tmp_path, settings)
    assert str(caught.value) == (
        "the address of the pricing can't be used\n"
        f"  where: {tmp_path}/orderhub.toml, pricing_url\n"
        "  why:   expected http:// or https:// and a host\n"
        "  mend:  give an address such as https://prices.example/price"
    )
