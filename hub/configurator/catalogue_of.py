"""Products as they are stored, made into a catalogue and proven.

    error     a structure whose numbers contradict each other, a level or type that isn't there, a default that breaks
              its own attribute, a rule without what its kind needs, an expression that isn't understood

Spec: docs/design/workflows.md, "Configurator and pricing"; docs/architecture.md, idea 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal

from hub.configurator.attribute_values import fault_of
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
from hub.configurator.rule_expression import VALUE_FIELDS, compile_rule
from hub.services.objects import line_item_of
from integration_objects.complex_object import components, instances
from integration_objects.component import Component, Definitions
from integration_objects.errors import Refused
from integration_objects.expression import ExpressionFault
from integration_objects.field_values import as_number, write_number
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet

#: Whose line items the rules' expressions read; all three objects share them.
_ORDER = "OM Order"
#: Most of a component that an item starts with, each an item of its own.
MOST_DEFAULT = 1_000
_KINDS = ("requires", "excludes", "expression")


class ProductFaulty(Refused):
    """A product's structure, attributes or rules contradict themselves, or aren't understood."""


def catalogue_of(products: PropertySet, definitions: Definitions) -> Catalogue:
    """The catalogue of the products in a message.

    Args:
        products: a Product message; an empty object for no products.
        definitions: the integration objects, whose line items the rules' expressions read.

    Raises:
        ProductFaulty: the first fault, with the product and the part of it.
    """
    items = line_item_of(definitions[_ORDER])
    found: dict[str, ProductDefinition] = {}
    for product in instances(products):
        definition = _definition(product, items)
        found[definition.product_id] = definition
    for definition in found.values():
        if definition.within:
            merged = {name: _merged(found.get(name), lines) for name, lines in definition.within.items()}
            found[definition.product_id] = replace(definition, within=merged)
    _prove_no_circle(found)
    return found


def _definition(product: PropertySet, items: Component) -> ProductDefinition:
    name = product.get("Product Id") or ""
    levels = {level.name: level for level in _levels(name, product)}
    attributes = {one.name: one for one in _attributes(name, product)}
    own = Structure(_lines(name, components(product, "Product Structure"), levels, "Product Structure"), levels)
    beneath: dict[str, list[PropertySet]] = {}
    for line in components(product, "Bundle Structure"):
        beneath.setdefault(line.get("Within Product Id") or "", []).append(line)
    within = {
        other: Structure(_lines(name, lines, levels, f"Bundle Structure within '{other}'"), levels)
        for other, lines in beneath.items()
    }
    rules = tuple(_rule(name, rule, items, attributes) for rule in components(product, "Product Rule"))
    return ProductDefinition(name, product.properties, own, within, attributes, rules)


def _merged(definition: ProductDefinition | None, lines: Structure) -> Structure:
    """A product's own structure with the lines that a bundle puts in place of some."""
    if definition is None:
        return lines
    own = definition.structure
    return Structure({**own.components, **lines.components}, {**own.levels, **lines.levels})


def _levels(product: str, node: PropertySet) -> Iterator[Level]:
    for level in components(node, "Association Level"):
        name = level.get("Name") or ""
        least, most = _bounds(product, level, f"Association Level '{name}'")
        yield Level(name, least, most)


def _lines(
    product: str, lines: Iterable[PropertySet], levels: Mapping[str, Level], what: str
) -> dict[str, StructureLine]:
    found: dict[str, StructureLine] = {}
    for line in sorted(lines, key=_sequence):
        component = line.get("Component Product Id") or ""
        part = f"{what}, component '{component}'"
        least, most = _bounds(product, line, part)
        level = line.get("Association Level")
        if level is not None and level not in levels:
            raise _fault(
                product,
                part,
                f"there is no association level '{level}'",
                nearest(level, levels) or "declare the level, or mend its name",
            )
        found[component] = StructureLine(component, least, most, _default(product, line, part, least, most), level)
    return found


def _sequence(line: PropertySet) -> tuple[bool, Decimal]:
    found = as_number(line.get("Sequence") or "")
    return found is None, found or Decimal(0)


def _bounds(product: str, node: PropertySet, part: str) -> tuple[Decimal, Decimal | None]:
    least, most = (_quantity(product, node, field, part) for field in ("Least", "Most"))
    least = least or Decimal(0)
    if most is not None and least > most:
        raise _fault(
            product,
            part,
            f"Least is {write_number(least)} and Most is {write_number(most)}",
            "give a Most that is not below Least",
        )
    return least, most


def _quantity(product: str, node: PropertySet, field: str, part: str) -> Decimal | None:
    text = node.get(field)
    if text is None:
        return None
    found = as_number(text)
    if found is None or not 0 <= found <= MOST_QUANTITY:
        raise _fault(product, part, f"{field} is '{text}'", f"give a number from 0 to {write_number(MOST_QUANTITY)}")
    return found


def _default(product: str, line: PropertySet, part: str, least: Decimal, most: Decimal | None) -> int:
    """How many of the component an item starts with: the default, else the least, rounded up."""
    found = _quantity(product, line, "Default", part)
    if found is None:
        found = least.to_integral_value(ROUND_CEILING)
    if found != found.to_integral_value() or found > MOST_DEFAULT:
        text = write_number(found)
        raise _fault(product, part, f"an item would start with {text}", f"give a Default from 0 to {MOST_DEFAULT}")
    if most is not None and found > most:
        raise _fault(
            product,
            part,
            f"an item would start with {write_number(found)}, and Most is {write_number(most)}",
            "give a Default that is not above Most",
        )
    return int(found)


def _attributes(product: str, node: PropertySet) -> Iterator[AttributeDefinition]:
    for attribute in components(node, "Product Attribute"):
        name = attribute.get("Name") or ""
        part = f"Product Attribute '{name}'"
        kind = attribute.get("Type") or "text"
        if kind not in VALUE_FIELDS:
            raise _fault(product, part, f"Type is '{kind}'", f"give one of {', '.join(VALUE_FIELDS)}")
        found = AttributeDefinition(
            name,
            kind,  # type: ignore[arg-type]  # one of VALUE_FIELDS
            attribute.get("Required") == "Y",
            attribute.get("Default Value"),
            attribute.get("Least Value"),
            attribute.get("Most Value"),
            tuple(value.get("Value") or "" for value in components(attribute, "Allowed Value")),
        )
        _prove_attribute(product, part, found)
        yield found


def _prove_attribute(product: str, part: str, attribute: AttributeDefinition) -> None:
    if attribute.type == "text" and (attribute.least is not None or attribute.most is not None):
        raise _fault(product, part, "a text has no bounds", "take Least Value and Most Value away, or set the Type")
    unbound = replace(attribute, least=None, most=None, values=())
    given = {"Least Value": attribute.least, "Most Value": attribute.most}
    for field, text in [*given.items(), *(("an Allowed Value", value) for value in attribute.values)]:
        fault = None if text is None else fault_of(unbound, text)
        if fault is not None:
            raise _fault(product, part, f"{field}: {fault[1]}", "give a value of the attribute's type")
    if attribute.least is not None and attribute.most is not None:
        fault = fault_of(replace(attribute, least=None, values=()), attribute.least)
        if fault is not None:
            raise _fault(
                product,
                part,
                f"Least Value is {attribute.least} and Most Value is {attribute.most}",
                "give a Most Value that is not below Least Value",
            )
    fault = None if attribute.default is None else fault_of(attribute, attribute.default)
    if fault is not None:
        raise _fault(product, part, f"Default Value: {fault[1]}", "give a default that the attribute itself allows")


def _rule(
    product: str, rule: PropertySet, items: Component, attributes: Mapping[str, AttributeDefinition]
) -> ProductRule:
    name, kind = rule.get("Name") or "", rule.get("Kind") or ""
    part = f"Product Rule '{name}'"
    if kind not in _KINDS:
        raise _fault(product, part, f"Kind is '{kind}'", f"give one of {', '.join(_KINDS)}")
    text, other = rule.get("Expression"), rule.get("Other Product Id")
    named, message = rule.get("Product Id"), rule.get("Message") or ""
    if kind != "expression":
        if other is None or text is not None:
            raise _fault(
                product,
                part,
                f"Kind is {kind}, and it names " + ("no Other Product Id" if other is None else "an Expression"),
                "give an Other Product Id and no Expression, or set the Kind to expression",
            )
        return ProductRule(name, kind, named, other, None, message)
    if text is None or named is not None or other is not None:
        raise _fault(
            product,
            part,
            "Kind is expression, and it names " + ("no Expression" if text is None else "another product"),
            "give an Expression and neither Product Id nor Other Product Id; number_of('Product') counts beneath",
        )
    try:
        expression = compile_rule(text, items, attributes)
    except ExpressionFault as fault:
        place = f", {fault.where}" if fault.where else ""
        raise _fault(product, f"{part}, Expression{place}", f"{fault.what}: {fault.why}", fault.mend) from fault
    return ProductRule(name, kind, None, None, expression, message)


def _prove_no_circle(catalogue: Catalogue) -> None:
    """Refuse products that would start with themselves beneath them, without end."""
    done: set[str] = set()
    for first in catalogue:
        path: list[str] = []
        stack: list[tuple[str, bool]] = [(first, False)]
        while stack:
            product, leaving = stack.pop()
            if leaving:
                path.pop()
                done.add(product)
                continue
            if product in path:
                circle = " > ".join([*path[path.index(product) :], product])
                raise _fault(
                    product,
                    "Product Structure",
                    f"an item would start with itself beneath it: {circle}",
                    "set the Default of one of these components to 0",
                )
            if product in done or product not in catalogue:
                continue
            path.append(product)
            stack.append((product, True))
            lines = catalogue[product].structure.components.values()
            stack += [(line.product_id, False) for line in lines if line.default]


def _fault(product: str, part: str, why: str, mend: str) -> ProductFaulty:
    return ProductFaulty(
        f"the product '{product}' can't be configured",
        where=f"Product '{product}', {part}",
        why=why,
        mend=mend,
    )
