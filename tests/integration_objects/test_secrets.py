"""Secrets: by which names and places they are known, and what is shown in their place."""

from __future__ import annotations

import pytest

from integration_objects.complex_object import message
from integration_objects.names import ORDER, PRODUCT
from integration_objects.property_set import PropertySet
from integration_objects.secrets import MaskSentBack, SecretNames, refuse_masks

NAMES = SecretNames(["Password", "PIN"])


def tree(name: str, *attributes: PropertySet, **fields: str) -> PropertySet:
    """A message with one instance, which has one line with these attributes and fields."""
    listed = PropertySet("ListOf Attribute", children=list(attributes))
    properties = {"Integration Id": "A1", **{key.replace("_", " "): text for key, text in fields.items()}}
    line = PropertySet("Line Item", properties=properties, children=[listed])
    return message(name, [PropertySet("Order", children=[PropertySet("ListOf Line Item", children=[line])])])


def attribute(name: str, **values: str | None) -> PropertySet:
    """An attribute with an action."""
    fields = {key.replace("_", " "): text for key, text in values.items()}
    return PropertySet("Attribute", properties={"Name": name, "Action Code": "Add", **fields})


@pytest.mark.parametrize("field", ["Text_Value", "Number_Value", "Date_Value"])
def test_the_value_of_a_secret_attribute_is_masked_whatever_its_type(field):
    before = tree(ORDER, attribute("pass-word", **{field: "77"}), attribute("Rings", **{field: "77"}))
    kept = before.copy()
    shown = [node.properties for node in NAMES.masked(before).walk() if node.type == "Attribute"]
    value = field.replace("_", " ")
    assert [fields[value] for fields in shown] == ["***", "77"]
    assert [(fields["Name"], fields["Action Code"]) for fields in shown] == [("pass-word", "Add"), ("Rings", "Add")]
    assert before == kept


def test_a_secret_without_a_value_has_no_mask():
    before = tree(ORDER, attribute("PIN", Text_Value=None), attribute("PIN", Text_Value=""))
    assert NAMES.masked(before) is before


def test_a_value_that_is_a_name_of_a_secret_is_masked_too_and_makes_no_secret_of_the_rest():
    assert NAMES.places([("Name", "Password"), ("Text Value", "pin")]) == [1]
    assert NAMES.places([("Name", "Rings"), ("Text Value", "pin")]) == []


def test_a_field_of_a_secrets_name_is_masked_and_a_products_declaration_is_not():
    assert NAMES.masked(tree(ORDER, Pin="77")) == tree(ORDER, Pin="***")
    declared = tree(PRODUCT, attribute("PIN", Text_Value="text"))
    assert NAMES.masked(declared) is declared


def test_json_is_masked_within_fields_and_lists():
    history = '{"Attribute/Password/Text Value": "77", "Attribute/Rings/Number Value": "6"}'
    shown = NAMES.masked(tree(ORDER, Old_Values=history))
    assert shown == tree(
        ORDER, Old_Values='{"Attribute/Password/Text Value": "***", "Attribute/Rings/Number Value": "6"}'
    )
    rows = [[2, "Attribute", "", {"Name": "PIN", "Number Value": 77, "Date Value": None}], {"PIN": ["1", "2"]}]
    masked = [[2, "Attribute", "", {"Name": "PIN", "Number Value": "***", "Date Value": None}], {"PIN": "***"}]
    assert NAMES.masked_json(rows) == masked
    assert NAMES.values_in_json(rows) == {"77", "1", "2"}


def test_a_text_that_only_begins_like_json_stays():
    assert NAMES.masked_text("[Password] {") == "[Password] {"


def test_the_values_of_a_tree_are_found():
    found = tree(ORDER, attribute("PIN", Number_Value="77"), Old_Values='{"Password": "old"}', Pin="field")
    assert NAMES.values_in(found) == {"77", "old", "field"}


def test_a_mask_that_is_sent_back_is_no_value():
    refuse_masks(tree(ORDER, attribute("PIN", Text_Value="****")))
    with pytest.raises(MaskSentBack) as caught:
        refuse_masks(tree(ORDER, attribute("Rings", Text_Value="6"), attribute("PIN", Text_Value="***")))
    assert str(caught.value) == (
        "the value *** of the attribute 'PIN' is no value\n"
        "  where: line A1\n"
        "  why:   displays show *** in the place of a secret, and nobody knows the secret by it\n"
        "  mend:  give the attribute its value, or leave it out: an attribute that isn't sent stays as it is"
    )
