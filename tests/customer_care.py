"""A customer care representative at the hub: workflows by name, what they refuse, and orders that get done.

She is a stage for the usage scenarios (`hub.demo.scenarios.Stage`), on which nothing is printed.
"""

from __future__ import annotations

import contextlib
import pathlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.database.schema.tables import tables_of
from adapters.database.schema.upgrade import upgrade
from hub.data_manager.lookup import stored_object
from hub.data_manager.open_hub import OpenHub
from hub.deployment.deployment import Deployment
from hub.deployment.settings import read_settings
from hub.workflow_manager.outcome import Outcome
from integration_objects.complex_object import action_code, instances, line_items, walk_items
from integration_objects.definition import shipped_definitions
from integration_objects.errors import HubError
from integration_objects.property_set import PropertySet
from integration_objects.secrets import SecretNames
from integration_objects.surroundings import SeededSurroundings
from tests.road import Road
from tests.stocked import restock_postgresql

#: the values that the store gives to fields of lines that carry none
DEFAULTS = {
    name: field.default
    for name, field in shipped_definitions()["OM Order"].root.children["Line Item"].fields.items()
    if field.default is not None
}
#: rows that a refusal may leave: numbers that were given out outside of its transaction
NOT_COMPARED = frozenset(("hub_sequence",))


#: what customer care has beside products and accounts
SAMPLES = ("price_list.xml", "premises.xml", "customers.xml", "service_points.xml")


class CustomerCare:
    """Runs workflows on a road (tests/road.py), as commands do."""

    def __init__(self, road: Any) -> None:
        self.road = road
        self.open_hub = road.open_hub
        #: what became of the answers that provisioning gave (`provision`)
        self.answers: list[str] = []

    def __call__(self, workflow: str, **arguments: Any) -> Outcome:
        """Run a workflow; see `Road.ask`."""
        outcome: Outcome = self.road.ask(workflow, **arguments)
        return outcome

    def begin(self, title: str) -> None:
        """A scenario's heading: nothing to do."""

    def tell(self, text: str) -> None:
        """A scenario's narration: nothing to do."""

    def work(self, workflow: str, **arguments: Any) -> PropertySet:
        """Run a workflow; the instance that it wrote, the first where there are several."""
        return instances(self(workflow, **arguments).objects[0])[0]

    def look(self, name: str, key: str | None) -> PropertySet:
        """The stored instance that `orderhub show` shows."""
        with self.open_hub.read() as transaction:
            (found,) = instances(
                stored_object(transaction.store, self.open_hub.deployment.definitions, name, key or "")
            )
        return found

    def provision(self) -> None:
        """Provisioning answers every work order that has left: all lines are complete."""
        for work_order in self.road.work_orders():
            answer = self.road.complete(work_order, revision=work_order.get("revision"))
            self.answers.append(answer["state"])

    def refused(self, workflow: str, **arguments: Any) -> str:
        """The whole text of the error that a workflow refuses with; nothing is written then."""
        before = self.rows()
        with pytest.raises(HubError) as caught:
            self(workflow, **arguments)
        assert self.rows() == before
        assert caught.value.verdict == "refuse"
        return str(caught.value)

    def rows(self) -> dict[str, list[Any]]:
        """Every row of every table."""
        with self.open_hub.database.read() as connection:
            return {
                name: sorted(map(repr, connection.execute(table.select()).all()))
                for name, table in tables_of(self.open_hub.deployment.definitions).tables.items()
                if name not in NOT_COMPARED
            }

    def quote(self, number: str | None) -> PropertySet:
        """The stored quote."""
        (found,) = self.road.stored("OM Quote", Quote_Number=number)
        return found

    def order(self, number: str | None) -> PropertySet:
        """The stored order."""
        (found,) = self.road.stored("OM Order", Order_Number=number)
        return found

    def profile_root(self, account: str) -> PropertySet:
        """The account's only service item."""
        (asset,) = self.road.stored("OM Asset", Account_Id=account)
        (root,) = line_items(asset)
        return root

    def place(self, quote: str) -> PropertySet:
        """Place a quote's order; the order."""
        return self.work("quote-to-order", quote=quote)

    def install(self, order: PropertySet) -> None:
        """Submit an order, and have provisioning say that all of it is complete."""
        self.submit(order)
        for work_order in self.road.work_orders():
            self.road.complete(work_order)

    def submit(self, order: PropertySet) -> None:
        """Submit a stored order."""
        self("submit", order=order.get("Order Number"))


@contextlib.contextmanager
def care_on(
    folder: pathlib.Path, database_url: str | None = None, as_shipped: bool = False, **given: Any
) -> Iterator[CustomerCare]:
    """Customer care in a folder, with the samples' catalogue, price list and customers; on SQLite without a URL.

    *as_shipped*: as for `Road.load_samples`; *given*: settings.
    """
    stock = None
    if database_url is not None:
        given["database_url"] = database_url
        stock = restock_postgresql(database_url, ("care", as_shipped), lambda url: _stock(folder, url, as_shipped))
    road = Road(folder, **given)
    if stock is None:
        road.load_samples(as_shipped, SAMPLES)
    elif isinstance(road.surroundings, SeededSurroundings):
        stock.set(road.surroundings)
    yield CustomerCare(road)
    road.close()


def _stock(folder: pathlib.Path, url: str, as_shipped: bool) -> SeededSurroundings:
    """Make a PostgreSQL database that holds the samples; the surroundings that it was made in."""
    open_hub = OpenHub(Deployment(folder, read_settings(folder, environment=False, database_url=url)))
    upgrade(open_hub.database, open_hub.deployment.definitions)
    open_hub.close()
    road = Road(folder, database_url=url).load_samples(as_shipped, SAMPLES)
    road.close()
    assert isinstance(road.surroundings, SeededSurroundings)
    return road.surroundings


def the(outcome: Outcome) -> PropertySet:
    """The only object of an outcome."""
    (tree,) = outcome.objects
    (instance,) = instances(tree)
    return instance


def actions(instance: PropertySet) -> Counter[tuple[str | None, str]]:
    """How many lines of each product have which action."""
    return Counter((item.get("Product Id"), action_code(item)) for item, _ in walk_items(instance))


def lines(instance: PropertySet, product: str, action: str | None = None) -> list[PropertySet]:
    """The lines of a product, of those with one action where *action* is given."""
    return [
        item
        for item, _ in walk_items(instance)
        if item.get("Product Id") == product and action in (None, action_code(item))
    ]


def said(instance: PropertySet) -> list[tuple[str, dict[str, str]]]:
    """What an instance says to people: the fields of its lines and attributes, in order, but for nulls and defaults."""
    return [
        (node.type, {name: text for name, text in node.properties.items() if text not in (None, DEFAULTS.get(name))})
        for node in SecretNames(["Password"]).masked(instance).walk()
        if node.type in ("Line Item", "Attribute")
    ]
