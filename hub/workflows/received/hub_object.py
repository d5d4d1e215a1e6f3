"""Objects in the hub's own XML: orders are received, objects that no workflow makes are upserted.

Source: "Application integration services", figure 4B; spec: docs/design/road.md "Whose order, which line"
(`hub_object`, `load`).
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.configurator.catalogue_of import catalogue_of
from hub.pricing.price_list import price_list_of
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflow_manager.workflow import Workflow
from hub.workflows.orders.order_size import LineCounter
from hub.workflows.orders.receive_order import accounts_of_order, receive_order
from hub.workflows.received.meters import METER_LOCATION, prove_meters_apart
from hub.workflows.state.id_holders import loaded_id_notes
from hub.workflows.state.quantities import leave_out_empty
from hub.workflows.support.contact_rules import prove_rules
from hub.workflows.support.received import SUPPORT_OBJECTS, complete_support_object
from integration_objects.complex_object import all_items, instances, items_of, object_name
from integration_objects.errors import Refused
from integration_objects.names import ACCOUNT, ADDRESS, ASSET, CONTACT_RULE, KEY, ORDER, PRODUCT, SERVICE_POINT
from integration_objects.property_set import PropertySet
from integration_objects.secrets import refuse_masks

PRICE_LIST = "Price List"
#: Objects that a message may bring: customers, premises, and the products and prices for them.
UPSERTED = (
    ACCOUNT,
    ADDRESS,
    "Agreement",
    "Contact",
    "Meter",
    METER_LOCATION,
    ASSET,
    "Opportunity",
    PRICE_LIST,
    PRODUCT,
    SERVICE_POINT,
    *SUPPORT_OBJECTS,
)
#: Objects that an operator's command may bring: a user's role decides who approves, so that no message brings users.
LOADED = (*UPSERTED, "User")


class ObjectNotTaken(Refused):
    """A message carries an integration object that isn't taken here."""

    what = "{fault}"
    where = "Message, IntObjectName"
    why = "accepted objects: {taken}"
    mend = "send one of these; quotes and other objects are written with `orderhub object`"


def accounts_of_hub_object(run: Run, tree: PropertySet) -> set[str]:
    """Return the accounts that the message touches."""
    name = object_name(tree)
    if name == ORDER:
        return accounts_of_order(run, tree)
    if name in (ACCOUNT, ASSET, *SUPPORT_OBJECTS):
        return {instance.get("Account Id") or "" for instance in instances(tree)} - {""}
    return set()


def take_hub_object(run: Run, tree: PropertySet) -> Outcome:
    """Receive an order, or upsert an object that a message may bring; refuse anything else."""
    if object_name(tree) == ORDER:
        return receive_order(run, tree)
    _refuse_others(tree, (*UPSERTED, ORDER))
    _, notes = _upsert(run, tree)
    return Outcome(notes=tuple(notes))


def load(run: Run, tree: PropertySet) -> list[str]:
    """Upsert the message's instances; returns a line for each row that was written or left out.

    Raises:
        ObjectNotTaken: the message is empty, or its object is none that is loaded.
        ProductFaulty: a product's structure, attributes or rules can't be understood.
        PriceListFaulty: a price list, with the parts that were stored before, contradicts itself.
        MetersOverlap: a meter would be in two places at once, or two meters in one.
        QuantityZero: a service that is tracked as an asset has the quantity 0.
        MaskSentBack: a display's mask stands in the place of an attribute's value.
        StatusChangeRefused, NoDefaultContact ...: a support object can't become so (`hub.workflows.support.received`).
    """
    _refuse_others(tree, LOADED)
    written, notes = _upsert(run, tree)
    return [*written, *(str(note) for note in notes)]


def _refuse_others(tree: PropertySet, taken: Sequence[str]) -> None:
    name = object_name(tree)
    if name not in taken or not instances(tree):
        fault = f"an integration object '{name}' isn't taken here" if instances(tree) else "the message is empty"
        raise ObjectNotTaken(fault=fault, taken=", ".join(taken))


def _upsert(run: Run, tree: PropertySet) -> tuple[list[str], list[Note]]:
    refuse_masks(tree)
    # A copy: new services get a status below, and the message stays as it was received.
    name, tree = object_name(tree), tree.copy()
    notes: list[Note] = []
    if name == ASSET:
        for asset in instances(tree):
            notes += _complete_profile(run, asset)
    if name in SUPPORT_OBJECTS:
        for instance in instances(tree):
            complete_support_object(run, name, instance)
    results = run.effects.upsert(tree)
    if name == ASSET:
        # Told and not refused: the customers have these services, whoever else has their numbers.
        notes += [note for asset in instances(tree) for note in loaded_id_notes(run, asset)]
    # The proofs read the whole objects as they are stored now: a message may carry a part of one.
    if name == PRODUCT:
        product_ids = sorted(product.get("Product Id") or "" for product in instances(tree) if product.children)
        if product_ids:
            catalogue_of(run.query(PRODUCT, {"Product Id": product_ids}), run.definitions)
    if name == PRICE_LIST:
        for price_list in instances(tree):
            price_list_of(run.query(PRICE_LIST, {"Price List Id": price_list.get("Price List Id")}))
    if name == CONTACT_RULE:
        prove_rules(run, instances(tree))
    if name == METER_LOCATION:
        prove_meters_apart(run, instances(tree))
    return [f"{result.operation} {result.object} {', '.join(result.key.values())}" for result in results], notes


def _complete_profile(run: Run, asset: PropertySet) -> list[Note]:
    """Make new services of an opening profile Active if they have no status; leave out those of quantity 0.

    Changes *asset*. The result has a note for each item that was left out.
    """
    stored = run.query(ASSET, {"Account Id": asset.get("Account Id")})
    known = {item.get(KEY) for item in all_items([stored])}
    for item in items_of(asset):
        if item.get("Status") is None and item.get(KEY) not in known:
            item.properties["Status"] = "Active"
    return leave_out_empty(run, asset, f"account '{asset.get('Account Id')}'", stored)


WORKFLOWS = (
    Workflow(
        "Hub Object",
        take_hub_object,
        accounts_of_hub_object,
        (*UPSERTED, ORDER),
        "take in the hub's own XML: customers, premises, products, price lists, support, opening profiles, orders",
        counter=lambda: LineCounter(is_order=False),
    ),
)
