"""What a run reads from outside, each answer recorded, so that every step can be worked out again from the recording.

Source: "Application integration services", figure 4B (workflow manager); spec: docs/design/road.md "The recording".
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.database.messages.store import MessageStore
from adapters.database.objects.store import Example, ObjectStore
from hub.configurator import Catalogue, ProductFaulty
from hub.pricing import PriceList, PriceListFaulty
from hub.workflow_manager.answers import Answers
from hub.workflow_manager.catalogue_reader import CatalogueReader, flat
from hub.workflow_manager.operator_needed import OperatorNeeded
from hub.workflow_manager.runtime import Runtime
from integration_objects.errors import Refused
from integration_objects.expression import Expression
from integration_objects.property_set import PropertySet


class PriceListUnknown(Refused):
    """There is no price list of this id."""

    what = "there is no price list '{price_list_id}'"
    where = "Price List, Price List Id"
    why = "nothing of this id is stored"
    mend = "mend the Price List Id, or load the price list"


class StoredPriceListFaulty(OperatorNeeded):
    """A stored price list contradicts itself, or a rule lacks what its kind needs."""


class CatalogueFaulty(OperatorNeeded):
    """A stored product's structure, attributes or rules can't be understood."""


@dataclass
class RecordedReads:
    """Reads objects, numbers, the time and other systems' answers for one run, and records each of them.

    Attributes:
        runtime: the declarations and ports of the deployment.
        store: the EAI database adapter of the transaction.
        messages: the message store of the transaction.
        answers: what other systems answered before the accounts were locked; None where none was asked.
        catalogues: the transaction's products and price lists.
        record: the recording: one entry an answer, in order.
    """

    runtime: Runtime
    store: ObjectStore
    messages: MessageStore
    catalogues: CatalogueReader
    answers: Answers | None = None
    record: list[list[Any]] = field(default_factory=list)
    _now: str | None = None

    def now(self) -> str:
        """The time of this run: one moment for the whole run."""
        if self._now is None:
            self._now = self.runtime.surroundings.now() if self.answers is None else self.answers.now
            self.record.append(["now", self._now])
        return self._now

    def new_id(self) -> str:
        """A new identifier, ordered by time."""
        make = self.runtime.surroundings.new_id
        made = make() if self.answers is None else self.answers.new_id(make)
        self.record.append(["id", made])
        return made

    def query(self, name: str, example: Example | None = None, where: Expression | None = None) -> PropertySet:
        """The instances of *name* whose fields equal *example*'s, as a message; an empty object for none."""
        found = self.store.query(name, example or {}, where)
        self.record.append(["object", name, dict(example or {}), flat(found)])
        return found

    def headers(
        self, name: str, example: Example, wanted: Callable[[dict[str, str | None]], bool] | None = None
    ) -> list[dict[str, str | None]]:
        """The header fields of the instances of *name* like *example*, without what is beneath them.

        Args:
            name: the integration object.
            example: field values.
            wanted: which of them; the recording keeps no others. None for all.
        """
        found = self.store.keys(name, example)
        if wanted is not None:
            found = [header for header in found if wanted(header)]
        self.record.append(["headers", name, dict(example), found])
        return found

    def products(self, product_ids: Iterable[str]) -> dict[str, dict[str, str | None]]:
        """The fields of the products of these ids, by id, those that are there; not to be changed by the caller."""
        found = self.store.headers_by_key("Product", product_ids)
        self.record.append(["products", found])
        return found

    def price_lists(self, currency: str | None = None) -> list[dict[str, str | None]]:
        """The headers of the stored price lists, of *currency* or of all."""
        return self.headers("Price List", {} if currency is None else {"Currency Code": currency})

    def price_list(self, price_list_id: str) -> PriceList:
        """The stored price list of this id, proven.

        Raises:
            PriceListUnknown: there is none.
            StoredPriceListFaulty: it contradicts itself, which `load` would have refused.
        """
        try:
            read = self.catalogues.price_list(price_list_id)
        except PriceListFaulty as error:
            raise StoredPriceListFaulty(error.what, where=error.where, why=error.why, mend=error.mend) from error
        self.record.append(["object", "Price List", {"Price List Id": price_list_id}, read.rows])
        if read.prices is None:
            raise PriceListUnknown(price_list_id=price_list_id)
        return read.prices

    def have_rules(self, product_ids: Iterable[str]) -> bool:
        """Whether one of these products has a structure, attributes or rules: what an item of it could break."""
        found = self.catalogues.ruled(product_ids)
        self.record.append(["products with rules", sorted(found)])
        return bool(found)

    def catalogue(self, product_ids: Iterable[str | None] | None = None) -> Catalogue:
        """The products' definitions as the configurator sees them, proven.

        Args:
            product_ids: the products that matter; all that their structures name are read with them. None: all.

        Raises:
            CatalogueFaulty: a stored product can't be understood.
        """
        try:
            read = self.catalogues.read(product_ids)
        except ProductFaulty as error:
            raise CatalogueFaulty(
                error.what, where=error.where, why=error.why, mend=f"{error.mend}; load the product anew"
            ) from error
        self.record.append(["object", "Product", {"Product Id": sorted(read.catalogue)}, read.rows])
        return read.catalogue

    @property
    def _catalogues(self) -> CatalogueReader:
        if self.catalogues is None:
            self.catalogues = CatalogueReader(self.store, self.definitions)
        return self.catalogues

    def account_of(self, system: str | None, number: str | None) -> str | None:
        """The Account Id that *system*'s *number* means: by its account key, else the Account Id itself."""
        if number is None:
            return None
        found = None
        if system is not None:
            found = self.store.owner_of("Account", "Account Key", {"System": system, "Number": number})
        if found is None:
            found = self.store.owner_of("Account", None, {"Account Id": number})
        self.record.append(["account", system, number, found])
        return found

    def integration_ids(self, system: str, account_id: str, references: Sequence[str]) -> dict[str, str]:
        """The Integration Ids recorded for a sender's line references (those that are known)."""
        found = self.messages.keys.find(system, account_id, references)
        self.record.append(["keys", system, account_id, found])
        return found

    def active_quote(self, session: str) -> str | None:
        """The Row Id of the session's active quote; None where it has none."""
        found = self.messages.sessions.active_quote(session)
        self.record.append(["session", session, found])
        return found

    def fallout_of(self, order_number: str | None) -> list[dict[str, Any]]:
        """The open fallout entries of an order, oldest first; none without a number."""
        return [] if order_number is None else self.fallout_entries("Open", order_number)

    def fallout_entries(
        self, state: str | None = "Open", order_number: str | None = None, account_id: str | None = None
    ) -> list[dict[str, Any]]:
        """The fallout entries in a state, of an order, of an account (None: of any), oldest first."""
        found = self.messages.fallout.listing(state, order_number, account_id)
        self.record.append(["fallout", state, order_number, account_id, found])
        return found

    def fallout_entry(self, row_id: str) -> dict[str, Any] | None:
        """The fallout entry of this row; None for none."""
        found = self.messages.fallout.entry(row_id)
        self.record.append(["fallout entry", row_id, found])
        return found

    def recording(self) -> bytes:
        """The recording, compressed: what `MessageStore.record` keeps."""
        document = {"versions": self.runtime.version, "entries": self.record}
        return zlib.compress(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(), 1)


def read_recording(data: bytes) -> Any:
    """What `RecordedReads.recording` wrote: ``versions`` of the declarations, and ``entries`` in their order."""
    return json.loads(zlib.decompress(data))
