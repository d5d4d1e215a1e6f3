"""Another system's configurator and pricing, whose answers are recorded: they can't be worked out again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from hub.configurator import BrokenRule, Catalogue, Configurator, Configured, Request
from hub.pricing import Priced, PriceList, Pricing
from hub.workflow_manager.catalogue_reader import flat
from integration_objects.property_set import PropertySet


@dataclass(frozen=True)
class RecordedPricing(Pricing):
    """Another system's pricing, whose answers are recorded: they can't be worked out again."""

    pricing: Pricing
    record: list[list[Any]]
    is_external: bool = True

    @override
    def price(self, tree: PropertySet, prices: PriceList, on: str, *, may_lack: bool = False) -> Priced:
        found = self.pricing.price(tree, prices, on, may_lack=may_lack)
        self.record.append(["priced", prices.price_list_id, on, flat(found.tree)])
        return found


@dataclass(frozen=True)
class RecordedConfigurator(Configurator):
    """Another system's configurator, whose answers are recorded: they can't be worked out again."""

    configurator: Configurator
    record: list[list[Any]]
    is_external: bool = True

    @override
    def start(self, product_id: str, catalogue: Catalogue, new_id: Callable[[], str]) -> PropertySet:
        found = self.configurator.start(product_id, catalogue, new_id)
        self.record.append(["started", product_id, flat(found)])
        return found

    @override
    def configure(
        self, instance: PropertySet, requests: Sequence[Request], catalogue: Catalogue, new_id: Callable[[], str]
    ) -> Configured:
        found = self.configurator.configure(instance, requests, catalogue, new_id)
        self.record.append(["configured", flat(found.instance)])
        return found

    @override
    def check(self, instance: PropertySet, catalogue: Catalogue, before: PropertySet | None = None) -> list[BrokenRule]:
        found = self.configurator.check(instance, catalogue, before)
        self.record.append(["checked", [str(one) for one in found]])
        return found
