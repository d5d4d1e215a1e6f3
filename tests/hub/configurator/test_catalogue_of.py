"""Products are proven when they are taken into the catalogue."""

from __future__ import annotations

import pytest

from hub.configurator.catalogue_of import ProductFaulty
from tests.hub.configurator.products import declared, levels, product, products, rules, sample, structure

VALUES = (
    "<ListOfProductAttribute><ProductAttribute><Name>A</Name><DefaultValue>c</DefaultValue><ListOfAllowedValue>"
    "<AllowedValue><Value>a</Value></AllowedValue><AllowedValue><Value>b</Value></AllowedValue>"
    "</ListOfAllowedValue></ProductAttribute></ListOfProductAttribute>"
)


@pytest.mark.parametrize(
    ("inner", "part", "why", "mend"),
    [
        (
            structure(("C", "2", "1")),
            "Product Structure, component 'C'",
            "Least is 2 and Most is 1",
            "give a Most that is not below Least",
        ),
        (
            structure(("C", "-1")),
            "Product Structure, component 'C'",
            "Least is '-1'",
            "give a number from 0 to 1000000",
        ),
        (
            structure(("C", None, "1", "2")),
            "Product Structure, component 'C'",
            "an item would start with 2, and Most is 1",
            "give a Default that is not above Most",
        ),
        (
            structure(("C", None, None, "1001")),
            "Product Structure, component 'C'",
            "an item would start with 1001",
            "give a Default from 0 to 1000",
        ),
        (
            structure(("C", None, None, "0.5")),
            "Product Structure, component 'C'",
            "an item would start with 0.5",
            "give a Default from 0 to 1000",
        ),
        (
            levels(("Features", "1", "2")) + structure(("C", None, None, None, "Feature")),
            "Product Structure, component 'C'",
            "there is no association level 'Feature'",
            "did you mean 'Features'?",
        ),
        (
            levels(("Features", "3", "2")),
            "Association Level 'Features'",
            "Least is 3 and Most is 2",
            "give a Most that is not below Least",
        ),
        (
            structure(("P", "1")),
            "Product Structure",
            "an item would start with itself beneath it: P > P",
            "set the Default of one of these components to 0",
        ),
        (
            declared(("A", "text", "N", None, "1")),
            "Product Attribute 'A'",
            "a text has no bounds",
            "take Least Value and Most Value away, or set the Type",
        ),
        (
            declared(("A", "number", "N", None, "two")),
            "Product Attribute 'A'",
            "Least Value: expected a number (digits with a sign and a point), found 'two'",
            "give a value of the attribute's type",
        ),
        (
            declared(("A", "number", "N", None, "2", "1")),
            "Product Attribute 'A'",
            "Least Value is 2 and Most Value is 1",
            "give a Most Value that is not below Least Value",
        ),
        (
            declared(("A", "number", "N", "0", "1", "2")),
            "Product Attribute 'A'",
            "Default Value: expected at least 1, found '0'",
            "give a default that the attribute itself allows",
        ),
        (
            VALUES,
            "Product Attribute 'A'",
            "Default Value: expected one of a, b, found 'c'",
            "give a default that the attribute itself allows",
        ),
        (
            rules(("R", "requires", "C")),
            "Product Rule 'R'",
            "Kind is requires, and it names no Other Product Id",
            "give an Other Product Id and no Expression, or set the Kind to expression",
        ),
        (
            rules(("R", "excludes", "C", "D", "TRUE")),
            "Product Rule 'R'",
            "Kind is excludes, and it names an Expression",
            "give an Other Product Id and no Expression, or set the Kind to expression",
        ),
        (
            rules(("R", "expression", "C", None, "TRUE")),
            "Product Rule 'R'",
            "Kind is expression, and it names another product",
            "give an Expression and neither Product Id nor Other Product Id; number_of('Product') counts beneath",
        ),
        (
            rules(("R", "expression", None, None, "[Quantity] >")),
            "Product Rule 'R', Expression, column 13",
            "expression '[Quantity] >' is not understood: expected a value, found the end",
            "write a field in [ ], a number, or a text in quotes here, or take away what stands before",
        ),
        (
            rules(("R", "expression", None, None, "[Ringz] = 1")) + declared(("Rings", "number")),
            "Product Rule 'R', Expression, column 1",
            "expression '[Ringz] = 1' is not understood: "
            "there is no field 'Ringz', and the product has no attribute of this name",
            "did you mean 'Rings'?",
        ),
        (
            rules(("R", "expression", None, None, "[../..Rings] = 1")) + declared(("Rings", "number")),
            "Product Rule 'R', Expression, column 1",
            "expression '[../..Rings] = 1' is not understood: there is no field 'Rings'",
            "name a field of the line item, or an attribute of the product",
        ),
        (
            rules(("R", "expression", None, None, "[Action Code] = 'Add'")),
            "Product Rule 'R', Expression, column 1",
            "expression \"[Action Code] = 'Add'\" is not understood: rules look at a state, which has no action codes",
            "ask for the Status, or for a value, instead",
        ),
        (
            rules(("R", "expression", None, None, "numberof('C') = 1")),
            "Product Rule 'R', Expression, column 1",
            "expression \"numberof('C') = 1\" is not understood: there is no function 'numberof'",
            "did you mean 'number_of'?",
        ),
    ],
)
def test_a_faulty_product_is_refused_with_its_part(inner, part, why, mend):
    with pytest.raises(ProductFaulty) as caught:
        products(product("P", inner.replace(" >", " &gt;")))
    assert str(caught.value) == (
        f"a product can't be configured\n  where: Product 'P', {part}\n  why:   {why}\n  mend:  {mend}"
    )


def test_a_circle_of_defaults_is_named():
    with pytest.raises(ProductFaulty) as caught:
        products(
            product("A", structure(("B", "1")))
            + product("B", structure(("C", "1")))
            + product("C", structure(("A", "1")))
        )
    assert caught.value.why == "an item would start with itself beneath it: A > B > C > A"


def test_components_stand_in_their_sequence():
    xml = (
        "<Product><ProductId>P</ProductId><ListOfProductStructure>"
        "<ProductStructure><ComponentProductId>last</ComponentProductId></ProductStructure>"
        "<ProductStructure><ComponentProductId>second</ComponentProductId><Sequence>10</Sequence></ProductStructure>"
        "<ProductStructure><ComponentProductId>first</ComponentProductId><Sequence>9.5</Sequence></ProductStructure>"
        "</ListOfProductStructure></Product>"
    )
    assert list(products(xml)["P"].structure.components) == ["first", "second", "last"]


def test_a_product_is_customizable_when_it_has_structure_or_attributes():
    catalogue = sample()
    assert not catalogue["Caller Id"].is_customizable
    assert catalogue["Voice Mail"].is_customizable
    assert catalogue["Small Business Enabler"].is_customizable


def test_the_default_of_a_component_is_its_least():
    found = products(product("P", structure(("A", "2"), ("B", "1.5"), ("C", None), ("D", "2", None, "0"))))["P"]
    assert [one.default for one in found.structure.components.values()] == [2, 2, 0, 0]
