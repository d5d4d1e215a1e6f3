"""The catalogue in the database: loaded, proven, read by a run."""

from __future__ import annotations

import pytest

from adapters.database.objects.faults import ReferenceUnknown
from adapters.database.objects.store import ObjectStore, StoredObjects
from hub.configurator.catalogue_of import ProductFaulty, catalogue_of
from hub.workflow_manager.origin import Origin
from hub.workflow_manager.recorded_reads import CatalogueFaulty
from integration_objects.complex_object import instances, message
from integration_objects.surroundings import SeededSurroundings
from schemas.hub_xml import hub_from_xml
from tests.hub.configurator.products import DEFINITIONS, product, rules, structure
from tests.hub.configurator.products import sample as sample_catalogue
from tests.road import sample

HEAD = '<Message IntObjectName="Product"><ListOfProduct>'
END = "</ListOfProduct></Message>"


def catalogue(road, ids=None):
    with road.open_hub.read() as transaction:
        return transaction.run(Origin("test", "local", "1")).catalogue(ids)


def plain(definition):
    """A definition without what makes two of them unequal: compiled expressions, and the row's own fields."""
    found = [(one.name, one.kind, one.expression and one.expression.text, one.message) for one in definition.rules]
    return definition.structure, definition.within, definition.attributes, found


def test_the_sample_catalogue_survives_the_database(road):
    road.load(sample("catalogue.xml"))
    found = catalogue(road)
    assert {name: plain(one) for name, one in found.items()} == {
        name: plain(one) for name, one in sample_catalogue().items()
    }
    assert road.load(sample("catalogue.xml"))[0] == "unchanged Product Installation"


def test_the_sample_catalogue_survives_both_databases(any_database):
    tree = hub_from_xml(sample("catalogue.xml"), DEFINITIONS)
    with any_database.write() as connection:
        store = ObjectStore(connection, StoredObjects(DEFINITIONS), SeededSurroundings())
        store.upsert(tree)
        assert {done.operation for done in store.synchronize(tree)} == {"unchanged"}
        found = catalogue_of(store.query("Product", {}), DEFINITIONS)
    assert {name: plain(one) for name, one in found.items()} == {
        name: plain(one) for name, one in sample_catalogue().items()
    }


def test_a_run_reads_what_matters_with_all_that_its_structure_names(road):
    road.load(sample("catalogue.xml"))
    assert set(catalogue(road, ["Local Breakthrough Package", None])) == {
        "Local Breakthrough Package",
        "Local Line",
        "Voice Mail",
        "Call Waiting",
        "Caller Id",
        "Call Forwarding",
        "Installation",
    }
    assert set(catalogue(road, ["Caller Id", "Unheard Of"])) == {"Caller Id"}
    assert catalogue(road, []) == {}


def test_a_product_with_a_faulty_rule_is_refused_when_it_is_loaded(road):
    faulty = product("P", rules(("R", "expression", None, None, "[Ringz] = 1")))
    with pytest.raises(ProductFaulty) as caught:
        road.load(HEAD + product("Good") + faulty + END)
    assert str(caught.value) == (
        "a product can't be configured\n"
        "  where: Product 'P', Product Rule 'R', Expression, column 1\n"
        "  why:   expression '[Ringz] = 1' is not understood: "
        "there is no field 'Ringz', and the product has no attribute of this name\n"
        "  mend:  name a field of the line item, or an attribute of the product"
    )
    assert road.stored("Product", Product_Id=["Good", "P"]) == []


def test_what_is_proven_is_what_is_stored(road):
    """A message that carries one part of a product is proven with the parts that were there before."""
    road.load(sample("catalogue.xml"))
    line = "<ProductStructure><ComponentProductId>ISDN Line</ComponentProductId><Least>11</Least></ProductStructure>"
    with pytest.raises(ProductFaulty) as caught:
        road.load(
            HEAD + product("Small Business Enabler", f"<ListOfProductStructure>{line}</ListOfProductStructure>") + END
        )
    assert caught.value.why == "Least is 11 and Most is 10"


def test_a_product_that_was_stored_wrongly_needs_an_operator_and_refuses_nobody(road):
    tree = hub_from_xml((HEAD + product("P", rules(("R", "requires"))) + END).encode(), DEFINITIONS)
    with road.open_hub.write() as transaction:
        transaction.store.insert(tree)
    with pytest.raises(CatalogueFaulty) as caught:
        catalogue(road)
    assert caught.value.verdict == "retry"
    assert str(caught.value) == (
        "a product can't be configured\n"
        "  where: Product 'P', Product Rule 'R'\n"
        "  why:   Kind is requires, and it names no Other Product Id\n"
        "  mend:  give an Other Product Id and no Expression, or set the Kind to expression; load the product anew"
    )


def test_an_unknown_component_product_is_refused(road):
    with pytest.raises(ReferenceUnknown) as caught:
        road.load(HEAD + product("P", structure(("Nix",))) + END)
    assert caught.value.mend == "load the product first, or mend 'Component Product Id'"


def test_the_stored_order_of_a_customer_can_be_checked(road):
    """What the samples' orders ask for is checked as the state that they lead to."""
    road.load_samples()
    road.work(sample("order-1-new-service.xml"))
    (order,) = road.stored("OM Order")
    found = catalogue_of(message("Product", road.stored("Product")), DEFINITIONS)
    configurator = road.open_hub.deployment.configurator
    assert configurator.check(order, found, before=instances(message("OM Order", [order.copy_node()]))[0]) == []
