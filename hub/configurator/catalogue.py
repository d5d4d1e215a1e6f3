"""The catalogue as the configurator sees it: products with their structure, attributes and rules, proven.

    Catalogue          Product Id -> ProductDefinition
      ProductDefinition
        Structure      components by Product Id, association levels by name
        within         structures that a bundle gives to products beneath it, in place of their own
        attributes     by name, in order
        rules          requires, excludes, expression (compiled)

Each product is proven when it is taken in; `rule_expression` defines the fields and functions of its rules.

Source: part III, "Association level", "Attributes", "Product"; spec: docs/design/workflows.md, "Configurator and
pricing".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from integration_objects.component import FieldType
from integration_objects.expression import Expression


@dataclass(frozen=True)
class Level:
    """An association level: bounds for the number of an item's components on it, all together.

    Attributes:
        name: the level's.
        least: 0 for none.
        most: None for no bound.
    """

    name: str
    least: Decimal = Decimal(0)
    most: Decimal | None = None


@dataclass(frozen=True)
class StructureLine:
    """A component of a product.

    Attributes:
        product_id: the component's product.
        least, most: bounds for their number beneath one item; most None for no bound.
        default: the number that an item starts with.
        level: the association level on which the component counts; None for none.
    """

    product_id: str
    least: Decimal = Decimal(0)
    most: Decimal | None = None
    default: int = 0
    level: str | None = None


@dataclass(frozen=True)
class Structure:
    """The parts of one item of a product: components by Product Id in their order, levels by name."""

    components: Mapping[str, StructureLine] = field(default_factory=dict)
    levels: Mapping[str, Level] = field(default_factory=dict)


@dataclass(frozen=True)
class AttributeDefinition:
    """An attribute of a product.

    Attributes:
        name: the attribute's.
        type: text, number or date.
        required: whether an item needs a value.
        default: the value that an item starts with; None for none.
        least, most: bounds of a number or date; None for none.
        values: the allowed values; none for any.
    """

    name: str
    type: FieldType = "text"
    required: bool = False
    default: str | None = None
    least: str | None = None
    most: str | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProductRule:
    """A rule of a product; holds for each of its items.

    Attributes:
        name: the rule's.
        kind: requires, excludes or expression.
        product_id: the product whose items, beneath the item, require or exclude the other; None for the item itself.
        other_product_id: the product that must, or must not, be beneath the item.
        expression: must be TRUE for the item; None for the other kinds.
        message: the text for people when the rule is broken; "" for a sentence made of the rule.
    """

    name: str
    kind: str
    product_id: str | None = None
    other_product_id: str | None = None
    expression: Expression | None = None
    message: str = ""


@dataclass(frozen=True)
class ProductDefinition:
    """A product as the configurator sees it.

    Attributes:
        product_id: the product's.
        fields: the product's own fields, as they are stored.
        structure: the parts of its items.
        within: by Product Id, structure lines (with levels) that hold beneath its items in place of those products'
            own.
        attributes: by name, in order.
        rules: in order.
    """

    product_id: str
    fields: Mapping[str, str | None] = field(default_factory=dict)
    structure: Structure = field(default_factory=Structure)
    within: Mapping[str, Structure] = field(default_factory=dict)
    attributes: Mapping[str, AttributeDefinition] = field(default_factory=dict)
    rules: tuple[ProductRule, ...] = ()

    @property
    def is_customizable(self) -> bool:
        """Whether it has a structure or attributes; an item of any other product may hold anything."""
        return bool(self.structure.components or self.attributes)


Catalogue = Mapping[str, ProductDefinition]
