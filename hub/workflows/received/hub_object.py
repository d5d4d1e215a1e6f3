"""The hub's own XML coming in: what workflows don't make is upserted, orders are received.

Source: "Application integration services", figure 4B; spec: docs/design/road.md "Whose order, which line"
(`hub_object`, `load`).
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.configurator import catalogue_of
from hub.pricing import price_list_of
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflows.orders.receive_order import accounts_of_order, receive_order
from hub.workflows.received.meters import METER_LOCATION, prove_meters_apart
from integration_objects.complex_object import instances, object_name, walk_items
from integration_objects.errors import Refused
from integration_objects.names import ASSET, KEY, ORDER
from integration_objects.property_set import PropertySet

PRICE_LIST = "Price List"
#: What a message may bring: customers, premises and what is sold to them.
UPSERTED = (
    "Account",
    "Address",
    "Agreement",
    "Contact",
    "Meter",
    METER_LOCATION,
    ASSET,
    "Opportunity",
    PRICE_LIST,
    "Product",
    "Service Point",
    "Trouble Ticket",
)
#: What only a command of an operator brings: a user's role decides who approves.
LOADED = (*UPSERTED, "User")


class ObjectNotTaken(Refused):
    """A message carries an integration object that isn't taken at this door."""


def accounts_of_hub_object(run: Run, tree: PropertySet) -> set[str]:
    """The accounts that the message touches."""
    name = object_name(tree)
    if name == ORDER:
        return accounts_of_order(run, tree)
    if name in ("Account", ASSET):
        return {instance.get("Account Id") or "" for instance in instances(tree)} - {""}
    return set()


def take_hub_object(run: Run, tree: PropertySet) -> Outcome:
    """Upsert what a message may bring; run Receive Order on an order; refuse anything else."""
    if object_name(tree) == ORDER:
        return receive_order(run, tree)
    _prove_taken(tree, UPSERTED, f"which are upserted, and {ORDER}, which is received")
    _upsert(run, tree)
    return Outcome()


def load(run: Run, tree: PropertySet) -> list[str]:
    """Upsert the message's instances; returns a line each of what was done.

    Raises:
        ObjectNotTaken: it is none of the objects that are loaded, or it is empty.
        ProductFaulty: a product's structure, attributes or rules can't be understood.
        PriceListFaulty: a price list, with what was stored of it before, contradicts itself.
        MetersOverlap: a meter would be in two places at once, or two meters in one.
    """
    _prove_taken(tree, LOADED, "which are upserted")
    return _upsert(run, tree)


def _prove_taken(tree: PropertySet, taken: Sequence[str], how: str) -> None:
    name = object_name(tree)
    if name not in taken or not instances(tree):
        raise ObjectNotTaken(
            f"an integration object '{name}' isn't taken here" if instances(tree) else "the message is empty",
            where="Message, IntObjectName",
            why=f"taken are {', '.join(taken)}, {how}",
            mend="send one of these; quotes and other objects are written with `orderhub object`",
        )


def _upsert(run: Run, tree: PropertySet) -> list[str]:
    name, tree = object_name(tree), tree.copy()
    if name == ASSET:
        for asset in instances(tree):
            _activate_new_items(run, asset)
    done = run.effects.upsert(tree)
    if name == "Product":
        _prove_products(run, tree)
    if name == PRICE_LIST:
        # A message may carry a part of a list: only the whole of it can be proven.
        for instance in instances(tree):
            price_list_of(run.query(PRICE_LIST, {"Price List Id": instance.get("Price List Id")}))
    if name == METER_LOCATION:
        prove_meters_apart(run, instances(tree))
    return [f"{one.operation} {one.object} {', '.join(one.key.values())}" for one in done]


def _prove_products(run: Run, tree: PropertySet) -> None:
    """Refuse products whose structure, attributes or rules, as they are stored now, can't be understood."""
    ids = [product.get("Product Id") or "" for product in instances(tree) if product.children]
    if ids:
        catalogue_of(run.query("Product", {"Product Id": sorted(ids)}), run.definitions)


def _activate_new_items(run: Run, asset: PropertySet) -> None:
    """A service that an opening profile brings is Active where it doesn't say otherwise; known ones keep theirs."""
    known = {
        item.get(KEY)
        for stored in instances(run.query(ASSET, {"Account Id": asset.get("Account Id")}))
        for item, _ in walk_items(stored)
    }
    for item, _ in walk_items(asset):
        if item.get("Status") is None and item.get(KEY) not in known:
            item.properties["Status"] = "Active"
