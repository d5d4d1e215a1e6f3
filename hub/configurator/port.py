"""The port of configurators: the arguments and results of every implementation.

    start(product)                  a root line item with its defaults
    configure(instance, requests)   all or nothing: a new instance that obeys every rule, or every broken rule
    check(instance)                 every broken rule

An instance is one of OM Asset, OM Quote or OM Order: header > line items (nested) > attributes. It is read as a state:
action codes don't count, and items whose Status is Inactive, with all beneath them, are history that no rule looks at.

Source: part III, "Product Configurator", "Configuration Session", "Request"; spec: docs/design/workflows.md,
"Configurator and pricing".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hub.configurator.catalogue import Catalogue
from hub.configurator.requests import Request
from integration_objects.errors import Refused, UnknownName
from integration_objects.property_set import PropertySet

#: the kinds of rules that have no name of their own; a broken one's text says the kind
_KINDS = frozenset(
    {"Least", "Most", "Required", "Type", "Bounds", "Allowed Values", "Component", "Attribute", "Quantity"}
)
#: Most broken rules in an error's text; `ConfigurationRefused.broken` has all of them.
MOST_TOLD = 200


@dataclass(frozen=True)
class BrokenRule:
    """A rule that an instance doesn't obey.

    Attributes:
        rule: a product rule's own name, else the kind of the rule (Least, Most, Required, Type, Bounds, Allowed Values,
            Component, Attribute, Quantity).
        product_id: the product whose definition has the rule.
        item: the Integration Id of the item that breaks the rule; None if it has none.
        text: a sentence for a customer care representative.
        attribute: the attribute that breaks the rule; None if the item breaks it.
    """

    rule: str
    product_id: str
    item: str | None
    text: str
    attribute: str | None = None

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}"

    @property
    def sentence(self) -> str:
        """The text with the rule's own name, where it has one; the kind of another rule says nothing more.

        >>> BrokenRule("Least", "Office", "K1", "Office 'K1' has 1 Line, and needs at least 5").sentence
        "Office 'K1' has 1 Line, and needs at least 5"
        """
        return self.text if self.rule in _KINDS else str(self)

    @property
    def predicate(self) -> str:
        """The text for a reader to whom the item is named already: without its name and key, and the rule's kind.

        >>> BrokenRule("Least", "Office", "K1", "Office 'K1' has 1 Line, and needs at least 5").predicate
        'has 1 Line, and needs at least 5'
        >>> BrokenRule("Bounds", "Line", "K2", "'Rings' of Line 'K2': expected at most 9").predicate
        "'Rings' of Line: expected at most 9"
        """
        text = self.text
        if self.item:
            subject = re.escape(f"{self.product_id} '{self.item}'")
            text = re.sub(rf"^{subject}( \([^)]*\))?:? ", "", text).replace(f" '{self.item}'", "")
        return text if self.rule in _KINDS else f"{self.rule}: {text}"


@dataclass(frozen=True)
class Obsolete:
    """An item, with all beneath it, or one *attribute* of it, that no longer belongs to the products' definitions.

    It breaks no rule by being there. The text is a sentence for a customer care representative.
    """

    item: str | None
    product_id: str | None
    attribute: str | None
    text: str


@dataclass(frozen=True)
class Relinked:
    """An item that stands beneath another parent, because the structure of its product changed.

    Item, new and former parent are named by their Integration Ids.
    """

    item: str | None
    product_id: str | None
    beneath: str | None
    formerly: str | None


@dataclass(frozen=True)
class Configured:
    """The result of a batch of requests.

    Attributes:
        obsolete: items and attributes that no longer belong in the new instance, in the tree's order.
        relinked: the items that the changed structure moved.
        names: the Integration Ids of the items that the batch named, by name.
    """

    instance: PropertySet
    obsolete: tuple[Obsolete, ...] = ()
    relinked: tuple[Relinked, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


class ConfigurationRefused(Refused):
    """A batch of requests, or an order, asks for a state that the rules don't allow; the state is unchanged.

    Attributes:
        broken: every broken rule.
        refused: the state that breaks them, with the names of its new items; None from a configurator that doesn't
            tell it.
    """

    def __init__(
        self,
        broken: Sequence[BrokenRule],
        where: str = "",
        mend: str = "mend the requests; nothing was changed",
        refused: Configured | None = None,
    ) -> None:
        self.broken, self.refused = tuple(broken), refused
        sentences = [rule.sentence for rule in self.broken[:MOST_TOLD]]
        if len(self.broken) > MOST_TOLD:
            sentences.append(f"and {len(self.broken) - MOST_TOLD} more")
        count = "a rule" if len(self.broken) == 1 else f"{len(self.broken)} rules"
        what, why = f"the configuration breaks {count} of its products", "; ".join(sentences)
        super().__init__(what, where=where, why=why, mend=mend, broken=self.broken)


class ProductNotInCatalogue(UnknownName, Refused):
    """A request, or a start, names a product that the catalogue doesn't have."""

    kind = "product"
    where = "Product, Product Id '{name}'"
    why = "the catalogue doesn't have it"
    otherwise = "load the product, or name another"


class Configurator(Protocol):
    """A configurator of products: the built-in one, or an external one."""

    @property
    def is_external(self) -> bool:
        """Whether the answers come from outside, so that a run must record them."""

    def start(self, product_id: str, catalogue: Catalogue, new_id: Callable[[], str]) -> PropertySet:
        """Make a root line item of a product with its defaults, recursively; required values may still be missing.

        Args:
            new_id: makes an identifier; called for each item's Integration Id, in the tree's order.

        Raises:
            ProductNotInCatalogue: the catalogue doesn't have it.
        """

    def configure(
        self, instance: PropertySet, requests: Sequence[Request], catalogue: Catalogue, new_id: Callable[[], str]
    ) -> Configured:
        """Work a batch of requests, all or nothing.

        Args:
            instance: a header with its line items; each item has a key of its own. Not changed.
            requests: in any order; an empty batch only brings the instance in line with changed structures.

        Raises:
            ConfigurationRefused: the new state would break rules; names every one.
            Refused: a request names an unknown item or product, contradicts another, or is over a limit.
        """

    def check(self, instance: PropertySet, catalogue: Catalogue, before: PropertySet | None = None) -> list[BrokenRule]:
        """List every rule that an instance breaks, in the tree's order.

        Args:
            instance: a header with its line items. Not changed.
            before: the state before a change. Items and attributes that don't belong to the definitions break a rule
                if they are new since *before*. None: they are taken to be old, and break none.
        """
