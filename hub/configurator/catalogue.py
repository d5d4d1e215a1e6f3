"""The catalogue as the configurator sees it: products with their structure, attributes and rules, proven.

    Catalogue          Product Id -> ProductDefinition
      ProductDefinition
        Structure      components by Product Id, association levels by name
        within         structures that a bundle gives to products beneath it, in place of their own
        attributes     by name, in order
        rules          requires, excludes, expression (compiled)

A bound, a default or a level that is None doesn't exist.

Source: part III, "Association level", "Attributes", "Product"; spec: docs/design/workflows.md, "Configurator and
pricing".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from integration_objects.component import FieldType
from integration_objects.expression import Expression
from integration_objects.field_values import check_characters, read_date, read_number, shown
from integration_objects.secrets import MASK

#: Most characters of an attribute's value.
MOST_CHARACTERS = 4_000


@dataclass(frozen=True)
class Level:
    """An association level: bounds for the number of an item's components on it, all together."""

    name: str
    least: Decimal = Decimal(0)
    most: Decimal | None = None


@dataclass(frozen=True)
class StructureLine:
    """A component of a product: bounds for its number beneath one item, and the number that an item starts with."""

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
    """An attribute of a product: its type, default, bounds (of a number or date), and allowed values (none for any).

    The values of a secret attribute stand in no text for people.
    """

    name: str
    type: FieldType = "text"
    required: bool = False
    default: str | None = None
    least: str | None = None
    most: str | None = None
    values: tuple[str, ...] = ()
    secret: bool = False

    def fault_of(self, text: str) -> tuple[str, str] | None:
        """Return the kind of rule that *text* breaks as a value, and a reason; None for an allowed value.

        Numbers compare as numbers (``5.0`` is an allowed ``5``), dates as moments, text as it is.

        Source: part III, "Attributes".
        """
        read: Callable[[str], Any] = {"number": read_number, "date": read_date}.get(self.type, _read_text)
        found = MASK if self.secret else shown(text)
        try:
            value = read(text)
        except ValueError as fault:
            return "Type", f"expected a {self.type}, found {MASK}" if self.secret else str(fault)
        if self.values and value not in [read(allowed) for allowed in self.values]:
            return "Allowed Values", f"expected one of {', '.join(self.values)}, found {found}"
        if self.least is not None and value < read(self.least):
            return "Bounds", f"expected at least {self.least}, found {found}"
        if self.most is not None and value > read(self.most):
            return "Bounds", f"expected at most {self.most}, found {found}"
        return None


@dataclass(frozen=True)
class ProductRule:
    """A rule of a product; holds for each of its items.

    Attributes:
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
        fields: the product's own fields, as they are stored.
        within: by Product Id, structure lines (with levels) that hold beneath its items in place of those products'
            own.
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


def _read_text(text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"expected at most {MOST_CHARACTERS} characters, found {len(text)}")
    fault = check_characters(text)
    if fault is not None:
        raise ValueError(fault)
    return text
