"""The expressions of product rules: the one expression language, over an item's place in the product's tree.

    [Quantity]             a field of the item
    [Rings]                the value of an attribute that the product declares (a field of that name goes first)
    [..Quantity]           a field of the item above; [../..Quantity] of the one above that; null if there is none
    number_of('Product')   the quantities of all items of the product beneath the item, added up
    value_of('Product', 'Attribute')    the attribute's value in the first such item; null if there is none
    count, sum, if, ...    as in data maps

An expression is compiled once, when its product is taken into the catalogue; unknown names are found then.

Source: part III, "Product Configurator"; spec: docs/design/methods.md, "Expression language";
docs/design/workflows.md, "Configurator".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from hub.configurator.catalogue import AttributeDefinition
from hub.configurator.product_tree import ProductTree
from integration_objects.complex_object import attributes
from integration_objects.component import Component
from integration_objects.expression import (
    DateText,
    Evaluator,
    Expression,
    ExpressionFault,
    Function,
    Value,
    compile_expression,
    typed_reader,
)
from integration_objects.field_values import as_number
from integration_objects.names import VALUE_FIELDS
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet
from maps.functions import FUNCTIONS

_ABOVE = re.compile(r"((?:\.\./)*)\.\.([^/.].*)")


class RuleScope:
    """The scope of a rule: an item and its position in the tree."""

    __slots__ = ("node", "position", "tree")

    def __init__(self, tree: ProductTree, position: int) -> None:
        self.tree = tree
        self.position = position
        self.node = tree.places[position].item

    def above(self, levels: int) -> PropertySet | None:
        """Return the item so many *levels* above; None if there is none."""
        place = self.tree.places[self.position]
        for _ in range(levels):
            if place.above is None:
                return None
            place = place.above
        return place.item


def compile_rule(text: str, items: Component, declared: Mapping[str, AttributeDefinition]) -> Expression:
    """Compile a rule's expression over the line item's component and the *declared* attributes of the product.

    Raises:
        ExpressionFault: it isn't understood, or names neither a field nor an attribute.
    """

    def read(name: str, column: int) -> Evaluator:
        above = _ABOVE.fullmatch(name)
        levels = 0 if above is None else above[1].count("../") + 1
        field = name if above is None else above[2]
        if field == "Action Code":
            why = "rules look at a state, which has no action codes"
            raise ExpressionFault(why, column=column, mend="ask for the Status, or for a value, instead")
        declared_field = items.fields.get(field)
        # A field goes before an attribute of the same name: a product must not hide a field from its own rules.
        if declared_field is not None:
            reader = typed_reader(field, declared_field.type, declared_field.null_reads_as, column)
            return _on_item(reader, levels)
        if above is None and field in declared:
            return _attribute(field)
        known = [*items.fields, *(declared if above is None else ())]
        raise ExpressionFault(
            f"there is no field {field!r}" + ("" if above else ", and the product has no attribute of this name"),
            column=column,
            mend=nearest(field, known) or "name a field of the line item, or an attribute of the product",
        )

    return compile_expression(text, read, RULE_FUNCTIONS)


def value_of_attribute(attribute: PropertySet | None) -> str | None:
    """Return the text of an attribute's value of any type; None if it has none."""
    fields = () if attribute is None else (attribute.get(field) for field in VALUE_FIELDS.values())
    return next((text for text in fields if text is not None), None)


def _on_item(read: Evaluator, levels: int) -> Evaluator:
    def run(scope: RuleScope) -> Value:
        node = scope.above(levels)
        return None if node is None else read(node)

    return run


def _attribute(name: str) -> Evaluator:
    def run(scope: RuleScope) -> Value:
        return _value_in(scope.node, name)

    return run


def _value_in(item: PropertySet, name: Value) -> Value:
    """Return the value of an item's attribute, in the type of the field that holds it; None for no attribute."""
    attribute = next((node for node in attributes(item) if node.get("Name") == name), None)
    if attribute is None:
        return None
    number = attribute.get("Number Value")
    if number is not None:
        # A text that is no number breaks the attribute's own rule Type; it is no fault of this rule.
        return as_number(number)
    date = attribute.get("Date Value")
    return attribute.get("Text Value") if date is None else DateText(date)


def _number_of(scope: RuleScope, product: Value) -> Value:
    """Add up the quantities of the items of a product beneath the item."""
    return scope.tree.number_beneath(scope.position, str(product))


def _value_of(scope: RuleScope, product: Value, name: Value) -> Value:
    """Take the attribute of the first item of a product beneath the item; null where there is none."""
    item = scope.tree.first_beneath(scope.position, str(product))
    return None if item is None else _value_in(item, name)


#: The functions of data maps, and those that look at a product's tree.
RULE_FUNCTIONS: dict[str, Function] = {
    **FUNCTIONS,
    "number_of": Function("number_of", _number_of, 1, 1, help=_number_of.__doc__ or "", needs_scope=True),
    "value_of": Function("value_of", _value_of, 2, 2, help=_value_of.__doc__ or "", needs_scope=True),
}
