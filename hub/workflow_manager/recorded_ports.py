"""The configurator and the pricing of other systems, whose answers are recorded: nobody can work them out again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from hub.configurator.catalogue import Catalogue
from hub.configurator.port import BrokenRule, Configurator, Configured
from hub.configurator.requests import Request
from hub.pricing.port import Priced, Pricing
from hub.pricing.price_list import PriceList
from hub.workflow_manager.catalogue_reader import flat
from integration_objects.property_set import PropertySet


@dataclass(frozen=True)
class RecordedPricing(Pricing):
    """The pricing of another system, with recorded answers."""

    pricing: Pricing
    record: list[list[Any]]
    is_external: bool = True

    @override
    def price(self, tree: PropertySet, prices: PriceList, on: str, *, may_lack: bool = False) -> Priced:
        priced = self.pricing.price(tree, prices, on, may_lack=may_lack)
        self.record.append(["priced", prices.price_list_id, on, flat(priced.tree)])
        return priced


@dataclass(frozen=True)
class RecordedConfigurator(Configurator):
    """The configurator of another system, with recorded answers."""

    configurator: Configurator
    record: list[list[Any]]
    is_external: bool = True

    @override
    def start(self, product_id: str, catalogue: Catalogue, new_id: Callable[[], str]) -> PropertySet:
        instance = self.configurator.start(product_id, catalogue, new_id)
        self.record.append(["started", product_id, flat(instance)])
        return instance

    @override
    def configure(
        self, instance: PropertySet, requests: Sequence[Request], catalogue: Catalogue, new_id: Callable[[], str]
    ) -> Configured:
        configured = self.configurator.configure(instance, requests, catalogue, new_id)
        self.record.append(["configured", flat(configured.instance)])
        return configured

    @override
    def check(self, instance: PropertySet, catalogue: Catalogue, before: PropertySet | None = None) -> list[BrokenRule]:
        broken_rules = self.configurator.check(instance, catalogue, before)
        self.record.append(["checked", [str(rule) for rule in broken_rules]])
        return broken_rules
