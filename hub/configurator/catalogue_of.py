"""Stored products become a catalogue, and are proven.

    refused   a structure whose numbers contradict each other, an unknown level or type, a default that breaks its own
              attribute, a secret whose value the catalogue tells, a rule without the parts of its kind, an expression
              that isn't understood

Spec: docs/design/workflows.md, "Configurator and pricing"; docs/architecture.md, idea 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal

from hub.configurator.catalogue import (
    AttributeDefinition,
    Catalogue,
    Level,
    ProductDefinition,
    ProductRule,
    Structure,
    StructureLine,
)
from hub.configurator.product_tree import MOST_QUANTITY
from hub.configurator.rule_expression import compile_rule
from hub.services.objects import line_item_of
from integration_objects.complex_object import components, instances
from integration_objects.component import Component, Definitions
from integration_objects.errors import Refused, located
from integration_objects.expression import ExpressionFault
from integration_objects.field_values import as_number, write_number
from integration_objects.names import ORDER, VALUE_FIELDS
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet
from integration_objects.secrets import SecretNames

#: Most of a component that an item starts with, each an item of its own.
MOST_DEFAULT = 1_000
_KINDS = ("requires", "excludes", "expression")


class ProductFaulty(Refused):
    """A product's structure, attributes or rules contradict themselves, or aren't understood."""

    what = "a product can't be configured"
    why = "{fault}"


def catalogue_of(products: PropertySet, definitions: Definitions, secret_names: SecretNames | None = None) -> Catalogue:
    """Make the catalogue of the products in a message.

    Args:
        products: a Product message; an empty object for no products.
        definitions: give the fields of the order's line items, which the rules' expressions read.
        secret_names: the names of attributes that are secret, also where a product doesn't mark them.

    Raises:
        ProductFaulty: the first fault, with the product and the part of it.
    """
    items = line_item_of(definitions[ORDER])
    catalogue: dict[str, ProductDefinition] = {}
    for product in instances(products):
        product_id = product.get("Product Id") or ""
        with located(f"Product '{product_id}'"):
            catalogue[product_id] = _definition(product_id, product, items, secret_names or SecretNames())
    # Only now, because a bundle may stand before the product whose structure it changes.
    for definition in catalogue.values():
        if definition.within:
            merged = {name: _merged(catalogue.get(name), lines) for name, lines in definition.within.items()}
            catalogue[definition.product_id] = replace(definition, within=merged)
    _prove_no_circle(catalogue)
    return catalogue


def _definition(
    product_id: str, product: PropertySet, items: Component, secret_names: SecretNames
) -> ProductDefinition:
    levels = {level.name: level for level in _levels(product)}
    attributes = {attribute.name: attribute for attribute in _attributes(product, secret_names)}
    own = Structure(_lines(components(product, "Product Structure"), levels, "Product Structure"), levels)
    lines_within: dict[str, list[PropertySet]] = {}
    for line in components(product, "Bundle Structure"):
        lines_within.setdefault(line.get("Within Product Id") or "", []).append(line)
    within = {
        other: Structure(_lines(lines, levels, f"Bundle Structure within '{other}'"), levels)
        for other, lines in lines_within.items()
    }
    rules = tuple(_rule(rule, items, attributes) for rule in components(product, "Product Rule"))
    return ProductDefinition(product_id, product.properties, own, within, attributes, rules)


def _merged(definition: ProductDefinition | None, lines: Structure) -> Structure:
    """Put a bundle's structure lines in place of a product's own lines for the same components."""
    if definition is None:
        return lines
    own = definition.structure
    return Structure({**own.components, **lines.components}, {**own.levels, **lines.levels})


def _levels(node: PropertySet) -> Iterator[Level]:
    for level in components(node, "Association Level"):
        name = level.get("Name") or ""
        with located(f"Association Level '{name}'"):
            yield Level(name, *_bounds(level))


def _lines(lines: Iterable[PropertySet], levels: Mapping[str, Level], part: str) -> dict[str, StructureLine]:
    structure: dict[str, StructureLine] = {}
    for line in sorted(lines, key=_sequence):
        component = line.get("Component Product Id") or ""
        with located(f"{part}, component '{component}'"):
            least, most = _bounds(line)
            level = line.get("Association Level")
            if level is not None and level not in levels:
                mend = nearest(level, levels) or "declare the level, or mend its name"
                raise ProductFaulty(fault=f"there is no association level '{level}'", mend=mend)
            structure[component] = StructureLine(component, least, most, _default(line, least, most), level)
    return structure


def _sequence(line: PropertySet) -> tuple[bool, Decimal]:
    # Lines without a number come last; the sort is stable, so that they keep the order of the catalogue.
    number = as_number(line.get("Sequence") or "")
    return number is None, number or Decimal(0)


def _bounds(node: PropertySet) -> tuple[Decimal, Decimal | None]:
    least, most = _quantity(node, "Least") or Decimal(0), _quantity(node, "Most")
    if most is not None and least > most:
        fault = f"Least is {write_number(least)} and Most is {write_number(most)}"
        raise ProductFaulty(fault=fault, mend="give a Most that is not below Least")
    return least, most


def _quantity(node: PropertySet, field: str) -> Decimal | None:
    text = node.get(field)
    if text is None:
        return None
    number = as_number(text)
    if number is None or not 0 <= number <= MOST_QUANTITY:
        mend = f"give a number from 0 to {write_number(MOST_QUANTITY)}"
        raise ProductFaulty(fault=f"{field} is '{text}'", mend=mend)
    return number


def _default(line: PropertySet, least: Decimal, most: Decimal | None) -> int:
    """Return how many of the component an item starts with: the default, else the least, rounded up."""
    number = _quantity(line, "Default")
    if number is None:
        number = least.to_integral_value(ROUND_CEILING)
    fault = f"an item would start with {write_number(number)}"
    if number != number.to_integral_value() or number > MOST_DEFAULT:
        raise ProductFaulty(fault=fault, mend=f"give a Default from 0 to {MOST_DEFAULT}")
    if most is not None and number > most:
        fault += f", and Most is {write_number(most)}"
        raise ProductFaulty(fault=fault, mend="give a Default that is not above Most")
    return int(number)


def _attributes(node: PropertySet, secret_names: SecretNames) -> Iterator[AttributeDefinition]:
    for attribute in components(node, "Product Attribute"):
        name = attribute.get("Name") or ""
        with located(f"Product Attribute '{name}'"):
            kind = attribute.get("Type") or "text"
            if kind not in VALUE_FIELDS:
                raise ProductFaulty(fault=f"Type is '{kind}'", mend=f"give one of {', '.join(VALUE_FIELDS)}")
            definition = AttributeDefinition(
                name,
                kind,  # type: ignore[arg-type]  # one of VALUE_FIELDS
                attribute.get("Required") == "Y",
                attribute.get("Default Value"),
                attribute.get("Least Value"),
                attribute.get("Most Value"),
                tuple(value.get("Value") or "" for value in components(attribute, "Allowed Value")),
                attribute.get("Secret") == "Y" or name in secret_names,
            )
            if attribute.get("Secret") == "Y" and (definition.default is not None or definition.values):
                fault = "it is secret, and everybody who sees the catalogue would know its value"
                mend = "take Default Value and the Allowed Values away, or set Secret to N"
                raise ProductFaulty(fault=fault, mend=mend)
            _prove_attribute(definition)
            yield definition


def _prove_attribute(attribute: AttributeDefinition) -> None:
    least, most = attribute.least, attribute.most
    if attribute.type == "text" and (least is not None or most is not None):
        mend = "take Least Value and Most Value away, or set the Type"
        raise ProductFaulty(fault="a text has no bounds", mend=mend)
    # The bounds and allowed values are proven to be of the type before any value is compared with them.
    typed_only = replace(attribute, least=None, most=None, values=())
    given = [("Least Value", least), ("Most Value", most), *(("an Allowed Value", value) for value in attribute.values)]
    for field, text in given:
        fault = None if text is None else typed_only.fault_of(text)
        if fault is not None:
            raise ProductFaulty(fault=f"{field}: {fault[1]}", mend="give a value of the attribute's type")
    if least is not None and most is not None and replace(attribute, least=None, values=()).fault_of(least):
        mend = "give a Most Value that is not below Least Value"
        raise ProductFaulty(fault=f"Least Value is {least} and Most Value is {most}", mend=mend)
    fault = None if attribute.default is None else attribute.fault_of(attribute.default)
    if fault is not None:
        mend = "give a default that the attribute itself allows"
        raise ProductFaulty(fault=f"Default Value: {fault[1]}", mend=mend)


def _rule(rule: PropertySet, items: Component, attributes: Mapping[str, AttributeDefinition]) -> ProductRule:
    name, kind = rule.get("Name") or "", rule.get("Kind") or ""
    text, other = rule.get("Expression"), rule.get("Other Product Id")
    product, message = rule.get("Product Id"), rule.get("Message") or ""
    with located(f"Product Rule '{name}'"):
        if kind not in _KINDS:
            raise ProductFaulty(fault=f"Kind is '{kind}'", mend=f"give one of {', '.join(_KINDS)}")
        if kind != "expression":
            if other is None or text is not None:
                fault = f"Kind is {kind}, and it names " + ("no Other Product Id" if other is None else "an Expression")
                mend = "give an Other Product Id and no Expression, or set the Kind to expression"
                raise ProductFaulty(fault=fault, mend=mend)
            return ProductRule(name, kind, product, other, None, message)
        if text is None or product is not None or other is not None:
            fault = "Kind is expression, and it names " + ("no Expression" if text is None else "another product")
            mend = "give an Expression and neither Product Id nor Other Product Id; number_of('Product') counts beneath"
            raise ProductFaulty(fault=fault, mend=mend)
        try:
            expression = compile_rule(text, items, attributes)
        except ExpressionFault as error:
            place = f"Expression, {error.where}" if error.where else "Expression"
            raise ProductFaulty(fault=f"{error.what}: {error.why}", where=place, mend=error.mend) from error
        return ProductRule(name, kind, None, None, expression, message)


def _prove_no_circle(catalogue: Catalogue) -> None:
    """Refuse products that would start with themselves beneath them, without end."""
    # By hand, because a catalogue may be deeper than Python recurs. An entry stands twice on the stack: to enter the
    # product, and to leave it once all products beneath it are proven.
    proven: set[str] = set()
    for first in catalogue:
        path: list[str] = []
        stack: list[tuple[str, bool]] = [(first, False)]
        while stack:
            product, leaving = stack.pop()
            if leaving:
                path.pop()
                proven.add(product)
                continue
            if product in path:
                circle = " > ".join([*path[path.index(product) :], product])
                raise ProductFaulty(
                    fault=f"an item would start with itself beneath it: {circle}",
                    where=f"Product '{product}', Product Structure",
                    mend="set the Default of one of these components to 0",
                )
            if product in proven or product not in catalogue:
                continue
            path.append(product)
            stack.append((product, True))
            lines = catalogue[product].structure.components.values()
            stack += [(line.product_id, False) for line in lines if line.default]
