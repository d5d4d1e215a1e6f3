"""A run's reads from outside. Each answer is recorded, so that every step can be worked out again from the recording.

Source: "Application integration services", figure 4B (workflow manager); spec: docs/design/road.md "The recording".
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from adapters.database.messages.store import MessageStore
from adapters.database.objects.store import Example, ObjectStore, Wanted
from hub.configurator.catalogue import Catalogue
from hub.configurator.catalogue_of import ProductFaulty
from hub.pricing.price_list import PriceList, PriceListFaulty
from hub.workflow_manager.answers import Answers
from hub.workflow_manager.catalogue_reader import CatalogueReader, flat, from_flat
from hub.workflow_manager.runtime import Runtime
from integration_objects.complex_object import components, instances
from integration_objects.errors import OperatorNeeded, Refused
from integration_objects.expression import Expression
from integration_objects.names import ASSET
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet
from integration_objects.secrets import SecretNames

T = TypeVar("T")


class PriceListUnknown(Refused):
    """There is no price list of this id."""

    what = "there is no price list '{price_list_id}'"
    where = "Price List, Price List Id"
    why = "nothing of this id is stored"
    mend = "mend the Price List Id, or load the price list"


class StoredPriceListFaulty(OperatorNeeded):
    """A stored price list contradicts itself, or a rule lacks what its kind needs."""


class CatalogueFaulty(OperatorNeeded):
    """A stored product has a structure, attributes or rules that can't be understood."""


@dataclass
class RecordedReads:
    """Reads objects, numbers, the time and other systems' answers for one run, and records each of them.

    Attributes:
        catalogues: the products and price lists of the transaction.
        answers: the answers of other systems from before the lock; None if none was asked.
        record: the recording: one entry for each answer, in order: the question, then the answer.
    """

    runtime: Runtime
    store: ObjectStore
    messages: MessageStore
    catalogues: CatalogueReader
    answers: Answers | None = None
    record: list[list[Any]] = field(default_factory=list)
    _now: str | None = None

    # The order of the entries is the order of the reads: a replay takes the answers one by one.

    def recorded(self, answer: T, *question: Any) -> T:
        """Record an answer behind its question, and return it."""
        self.record.append([*question, answer])
        return answer

    def now(self) -> str:
        """Return the time of this run: one moment for the whole run."""
        if self._now is None:
            # The rehearsal's time, if there was one: a question that carries the time must be the same in the run.
            time = self.runtime.surroundings.now() if self.answers is None else self.answers.now
            self._now = self.recorded(time, "now")
        return self._now

    def new_id(self) -> str:
        """Make a new identifier; identifiers are ordered by time."""
        make = self.runtime.surroundings.new_id
        return self.recorded(make() if self.answers is None else self.answers.new_id(make), "id")

    def query(self, name: str, example: Example | None = None, where: Expression | None = None) -> PropertySet:
        """Return the instances of *name* whose fields equal the fields of *example*, as a message."""
        self._bring_profiles(name, example or {})
        tree = self.store.query(name, example or {}, where)
        self.recorded(flat(tree), "object", name, dict(example or {}))
        return tree

    def pages(self, name: str, wanted: Wanted, size: int, *, whole: bool) -> Iterator[PropertySet]:
        """Read the wanted instances of *name* page by page, as `ObjectStore.pages`.

        The pages aren't recorded: the caller records the part of them that it keeps.
        """
        self._bring_profiles(name, wanted.header)
        return self.store.pages(name, wanted, size, whole=whole)

    def _bring_profiles(self, name: str, example: Example) -> None:
        if name == ASSET and self.answers is not None:
            accounts = example.get("Account Id")
            # Another system may keep the profiles: the copies are brought up to date before they are read.
            self.answers.need_profiles([accounts] if isinstance(accounts, str) else accounts or ())

    def first_read(self, name: str, row_id: str | None) -> PropertySet | None:
        """Return an instance of *name* as this run read it first, before it changed it; None if it didn't read it."""
        # From the recording: a workflow changes the tree that it has read.
        for question, *rest in self.record:
            if question == "object" and rest[0] == name and row_id is not None:
                for instance in instances(from_flat(rest[-1])):
                    if instance.get("Row Id") == row_id:
                        return instance
        return None

    def headers(
        self, name: str, example: Example, wanted: Callable[[dict[str, str | None]], bool] | None = None
    ) -> list[dict[str, str | None]]:
        """Return the header fields of the instances of *name* like *example*.

        Args:
            wanted: the condition for headers that are returned and recorded; None for all.
        """
        headers = self.store.keys(name, example)
        # Filtered before it is recorded: a recording holds what the run could see, and no more.
        if wanted is not None:
            headers = [header for header in headers if wanted(header)]
        return self.recorded(headers, "headers", name, dict(example))

    def products(self, product_ids: Iterable[str]) -> dict[str, dict[str, str | None]]:
        """Return the fields of the stored products of these ids, by id; the caller must not change them."""
        return self.recorded(self.store.headers_by_key("Product", product_ids), "products")

    def by_key(self, name: str, keys: Iterable[str]) -> dict[str, dict[str, str | None]]:
        """Return the header fields of the instances of *name* with these keys, by key; the caller must not change them.

        A key is read once in a transaction.
        """
        return self.recorded(self.store.headers_by_key(name, keys), "by key", name)

    def owners(self, name: str, component: str, example: Example) -> list[str]:
        """Return the keys of the instances of *name* that have a *component* like *example*, each once."""
        return self.recorded(self.store.owners_of(name, component, example), "owners", name, component, dict(example))

    def items(
        self, name: str, component: str | None, field: str, values: Iterable[str]
    ) -> list[tuple[str, dict[str, str | None]]]:
        """Return each *component* of *name* (None: header) with one of *values* in a field: owner's key, and fields.

        Service ids are compared without blanks and signs; *values* have none.
        """
        wanted = sorted(set(values))
        found = self.store.items(name, component, field, wanted) if wanted else []
        return self.recorded(found, "items", name, component, field, wanted)

    def beginning(
        self, name: str, component: str | None, field: str, text: str, most: int
    ) -> list[tuple[str, dict[str, str | None]]]:
        """Return the first *most* of *component* of *name* (None: headers) of which a field begins with a text.

        Each comes as its owner's key (a header's own row id) and its fields. Telephone numbers, service ids and meters'
        numbers are compared without blanks and signs, names without capitals.
        """
        found = self.store.beginning(name, component, field, text, most)
        return self.recorded(found, "beginning", name, component, field, text, most)

    def containing(
        self, name: str, component: str | None, field: str, text: str, most: int
    ) -> list[tuple[str, dict[str, str | None]]]:
        """Return the first *most* of which a field has a text anywhere, as `beginning`; the whole table is read."""
        found = self.store.containing(name, component, field, text, most)
        return self.recorded(found, "containing", name, component, field, text, most)

    def counts(
        self, name: str, component: str, fields: Sequence[str], owners: Sequence[str]
    ) -> dict[str, dict[str, int]]:
        """Count the rows of *component* of *name* beneath these owners by the first of the fields that has a value."""
        counts = self.store.counts(name, component, fields, owners)
        return self.recorded(counts, "counts", name, component, list(fields))

    def price_lists(self, currency: str | None = None) -> list[dict[str, str | None]]:
        """Return the headers of the stored price lists, of *currency* or of all currencies."""
        return self.headers("Price List", {} if currency is None else {"Currency Code": currency})

    def price_list(self, price_list_id: str) -> PriceList:
        """Return the stored price list of this id, proven.

        Raises:
            PriceListUnknown: there is none.
            StoredPriceListFaulty: it contradicts itself; `load` would have refused it.
        """
        try:
            stored = self.catalogues.price_list(price_list_id)
        except PriceListFaulty as error:
            raise StoredPriceListFaulty(error.what, where=error.where, why=error.why, mend=error.mend) from error
        self.recorded(stored.rows, "object", "Price List", {"Price List Id": price_list_id})
        if stored.proven is None:
            known = [header["Price List Id"] or "" for header in self.price_lists()]
            raise PriceListUnknown(price_list_id=price_list_id, mend=nearest(price_list_id, known) or None)
        return stored.proven

    def products_before(self, product_ids: Iterable[str]) -> dict[str, list[tuple[str, str | None]]]:
        """Return the products after which products are provided, by product, each with the milestone that is enough."""
        holders = sorted(self.store.holders_of("Product", ("Provided After",), product_ids))
        found = self.store.query("Product", {"Product Id": holders}) if holders else None
        before = {
            product.get("Product Id") or "": [
                (entry.get("Other Product Id") or "", entry.get("Milestone"))
                for entry in components(product, "Provided After")
            ]
            for product in (instances(found) if found else ())
        }
        return self.recorded(before, "products before", holders)

    def have_rules(self, product_ids: Iterable[str]) -> bool:
        """Tell whether an item of one of these products can break a rule, a structure or an attribute's domain."""
        return bool(self.recorded(sorted(self.catalogues.ruled(product_ids)), "products with rules"))

    def catalogue(self, product_ids: Iterable[str | None] | None = None) -> Catalogue:
        """Return the definitions of products for the configurator, proven.

        Args:
            product_ids: the products; the products that their structures name are read with them. None: all.

        Raises:
            CatalogueFaulty: a stored product can't be understood.
        """
        try:
            stored = self.catalogues.read(product_ids)
        except ProductFaulty as error:
            mend = f"{error.mend}; load the product anew"
            raise CatalogueFaulty(error.what, where=error.where, why=error.why, mend=mend) from error
        self.recorded(stored.rows, "object", "Product", {"Product Id": sorted(stored.proven)})
        return stored.proven

    def account_of(self, system: str | None, number: str | None) -> str | None:
        """Return the Account Id for a *number* of *system*: by its account key, else the Account Id itself."""
        if number is None:
            return None
        account_id = None
        if system is not None:
            account_id = self.store.owner_of("Account", "Account Key", {"System": system, "Number": number})
        if account_id is None:
            account_id = self.store.owner_of("Account", None, {"Account Id": number})
        return self.recorded(account_id, "account", system, number)

    def integration_ids(self, system: str, account_id: str, references: Sequence[str]) -> dict[str, str]:
        """Return the known Integration Ids for a sender's line references."""
        return self.recorded(self.messages.keys.find(system, account_id, references), "keys", system, account_id)

    def active_quote(self, session: str) -> str | None:
        """Return the Row Id of the session's active quote; None for none."""
        return self.recorded(self.messages.sessions.active_quote(session), "session", session)

    def fallout_of(self, order_number: str | None) -> list[dict[str, Any]]:
        """Return the open fallout entries of an order, oldest first; none without a number."""
        return [] if order_number is None else self.fallout_entries("Open", order_number)

    def fallout_entries(
        self, state: str | None = "Open", order_number: str | None = None, account_id: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the fallout entries in a state, of an order, of an account (None: of any), oldest first."""
        entries = self.messages.fallout.listing(state, order_number, account_id)
        return self.recorded(entries, "fallout", state, order_number, account_id)

    def secret_names(self) -> SecretNames:
        """Return the names of attributes and fields whose values people may not see."""
        # Not recorded: they hide values from people, and no step of a run decides by them.
        return SecretNames(self.catalogues.secret_names())

    def fallout_entry(self, row_id: str) -> dict[str, Any] | None:
        """Return the fallout entry of this row; None for none."""
        return self.recorded(self.messages.fallout.entry(row_id), "fallout entry", row_id)

    def recording(self) -> bytes:
        """Return the recording, compressed, for `MessageStore.record`."""
        # The fastest level: each message writes a recording, and hardly one is ever read.
        document = {"versions": self.runtime.read_version(), "entries": self.record}
        return zlib.compress(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(), 1)


def read_recording(data: bytes) -> Any:
    """Read a recording of `RecordedReads.recording`: ``versions`` of the declarations, and ``entries`` in order."""
    return json.loads(zlib.decompress(data))
