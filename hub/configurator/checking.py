"""The rules that an instance breaks, and the items and attributes that no longer belong to the definitions.

Linear in the number of items, attributes and rules; nothing is changed.

Source: part III, "Association level", "Attributes", "Request"; spec: docs/design/workflows.md, "Configurator".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from hub.configurator.catalogue import ProductDefinition, ProductRule, Structure
from hub.configurator.port import BrokenRule, Obsolete
from hub.configurator.product_tree import MOST_QUANTITY, Place, ProductTree, quantity
from hub.configurator.rule_expression import RuleScope, value_of_attribute
from integration_objects.complex_object import attributes, walk_items
from integration_objects.expression import ExpressionFault
from integration_objects.field_values import shown, write_number
from integration_objects.names import KEY, VALUE_FIELDS
from integration_objects.property_set import PropertySet


class FormerState:
    """The parents of the items of an earlier state, and the names of their attributes."""

    def __init__(self, instance: PropertySet) -> None:
        self._parents: dict[str | None, str | None] = {}
        self._names: dict[str | None, set[str | None]] = {}
        for item, parent in walk_items(instance):
            key = item.get(KEY)
            self._parents[key] = None if parent is None else parent.get(KEY)
            self._names[key] = {attribute.properties.get("Name") for attribute in attributes(item)}

    def had_item(self, item: PropertySet, above: PropertySet) -> bool:
        """Tell whether the item stood beneath *above*."""
        key = item.get(KEY)
        return key is not None and key in self._parents and self._parents[key] == above.get(KEY)

    def had_attribute(self, item: PropertySet, name: str | None) -> bool:
        """Tell whether the item had an attribute of this name."""
        key = item.get(KEY)
        return key is not None and name in self._names.get(key, ())


def label(item: PropertySet) -> str:
    """Name the item as people know it: its product, key and service id."""
    key, service = item.get(KEY), item.get("Service Id")
    text = item.get("Product Id") or item.get("Product Name") or "an item without a product"
    if key:
        text += f" '{key}'"
    return f"{text} ({service})" if service else text


def broken_rules(tree: ProductTree, before: FormerState | None) -> list[BrokenRule]:
    """List every broken rule in the tree's order, then the new items and attributes that don't belong."""
    broken: list[BrokenRule] = []
    for position, place in tree:
        broken += _quantity_rules(place)
        if place.structure is not None:
            broken += _structure_rules(tree, position, place, place.structure)
        if place.definition is not None:
            broken += _attribute_rules(place.item, place.definition)
            broken += _product_rules(tree, position, place, place.definition)
    if before is not None:
        broken += _new_strangers(tree, before)
    return broken


def obsoletes(tree: ProductTree) -> list[Obsolete]:
    """List the items, then the attributes, that no longer belong, each in the tree's order."""
    strangers = []
    for item, above in tree.aside:
        text = f"{label(item)} no longer belongs beneath {label(above.item)}"
        strangers.append(Obsolete(item.get(KEY), item.get("Product Id"), None, text))
    for place, attribute in strange_attributes(tree):
        name = attribute.get("Name")
        text = f"{label(place.item)} no longer has an attribute '{name}'"
        strangers.append(Obsolete(place.item.get(KEY), place.item.get("Product Id"), name, text))
    return strangers


def strange_attributes(tree: ProductTree) -> Iterator[tuple[Place, PropertySet]]:
    """Walk the attributes that no longer belong to their items' products."""
    for _, place in tree:
        definition = place.definition
        if definition is not None and definition.is_customizable:
            for attribute in attributes(place.item):
                if attribute.properties.get("Name") not in definition.attributes:
                    yield place, attribute


def _new_strangers(tree: ProductTree, before: FormerState) -> Iterator[BrokenRule]:
    """Walk the items and attributes that don't belong and weren't there before."""
    for item, above in tree.aside:
        if not before.had_item(item, above.item):
            text = f"{label(item)} can't stand beneath {label(above.item)}, which has no such component"
            yield _broken("Component", above.item, item, text)
    for place, attribute in strange_attributes(tree):
        name = attribute.get("Name")
        if not before.had_attribute(place.item, name):
            known = ", ".join(place.definition.attributes) if place.definition is not None else ""
            has = f"its attributes are {known}" if known else "it has none"
            text = f"{label(place.item)} has no attribute '{name}'; {has}"
            yield _broken("Attribute", place.item, place.item, text, name)


def _quantity_rules(place: Place) -> Iterator[BrokenRule]:
    if quantity(place.item) is None:
        found, most = shown(place.item.properties["Quantity"] or ""), write_number(MOST_QUANTITY)
        text = f"the Quantity of {label(place.item)}: expected a number from 0 to {most}, found {found}"
        yield _broken("Quantity", place.item, place.item, text)


def _structure_rules(tree: ProductTree, position: int, place: Place, structure: Structure) -> Iterator[BrokenRule]:
    components: dict[str, Decimal] = defaultdict(Decimal)
    levels: dict[str, Decimal] = defaultdict(Decimal)
    # Quantities are added up, not items: one line of ten units counts as ten.
    for child in tree.children[position]:
        item = tree.places[child].item
        product, count = item.properties.get("Product Id") or "", quantity(item) or Decimal(0)
        components[product] += count
        level = structure.components[product].level if product in structure.components else None
        if level is not None:
            levels[level] += count
    for product, line in structure.components.items():
        yield from _count(place.item, components[product], line.least, line.most, product)
    for name, bounds in structure.levels.items():
        yield from _count(place.item, levels[name], bounds.least, bounds.most, f"on the level '{name}'")


def _count(item: PropertySet, count: Decimal, least: Decimal, most: Decimal | None, what: str) -> Iterator[BrokenRule]:
    found = f"{label(item)} has {write_number(count)} {what}"
    if count < least:
        yield _broken("Least", item, item, f"{found}, and needs at least {write_number(least)}")
    if most is not None and count > most:
        yield _broken("Most", item, item, f"{found}, and may have at most {write_number(most)}")


def _attribute_rules(item: PropertySet, definition: ProductDefinition) -> Iterator[BrokenRule]:
    if not definition.attributes:
        return
    carried = {attribute.properties.get("Name"): attribute for attribute in attributes(item)}
    for name, attribute in definition.attributes.items():
        node = carried.get(name)
        # A sender that knows no types may put the value into another type's field.
        value = None if node is None else node.properties.get(VALUE_FIELDS[attribute.type]) or value_of_attribute(node)
        if not value:
            if attribute.required:
                yield _broken("Required", item, item, f"{label(item)} needs a value for '{name}'", name)
            continue
        fault = attribute.fault_of(value)
        if fault is not None:
            yield _broken(fault[0], item, item, f"'{name}' of {label(item)}: {fault[1]}", name)


def _product_rules(
    tree: ProductTree, position: int, place: Place, definition: ProductDefinition
) -> Iterator[BrokenRule]:
    for rule in definition.rules:
        try:
            text = _why_broken(tree, position, place.item, rule)
        except ExpressionFault as fault:
            # A rule that can't be evaluated counts as broken, and must not hide the others.
            text = f"{label(place.item)}: {fault.what}: {fault.why}"
        if text is not None:
            yield _broken(rule.name, place.item, place.item, text)


def _why_broken(tree: ProductTree, position: int, item: PropertySet, rule: ProductRule) -> str | None:
    """Return the sentence of a rule that the item breaks; None if it obeys."""
    message = f"{label(item)}: {rule.message}" if rule.message else None
    if rule.expression is not None:
        if rule.expression.is_true(RuleScope(tree, position)):
            return None
        return message or f"{label(item)}: expected {rule.expression.text}"
    if rule.product_id is not None and not tree.number_beneath(position, rule.product_id):
        return None
    has_other = bool(tree.number_beneath(position, rule.other_product_id or ""))
    if has_other == (rule.kind == "requires"):
        return None
    subject = f"{label(item)} has {rule.product_id}, and" if rule.product_id is not None else label(item)
    verb = "needs" if rule.kind == "requires" else "can't have"
    return message or f"{subject} {verb} {rule.other_product_id}"


def _broken(rule: str, owner: PropertySet, item: PropertySet, text: str, attribute: str | None = None) -> BrokenRule:
    return BrokenRule(rule, owner.get("Product Id") or "", item.get(KEY), text, attribute)
