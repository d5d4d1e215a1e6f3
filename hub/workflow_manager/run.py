"""What a workflow holds in its hand, and the record of what came into it from outside.

A workflow is a function of a run and a tree. Through the run it calls business service methods by name, reads and
writes objects, makes identifiers and emits messages; it knows no database and no queue. All that comes in from
outside (objects read, identifiers, the time, numbers) is recorded, so that every step between can be worked out
again from the recording.

Source: "Application integration services", figure 4B (workflow manager); spec: docs/design/road.md "The recording".
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from adapters.database.messages.fallout import FalloutEntry
from adapters.database.messages.outbox import OutboxMessage
from adapters.database.messages.store import MessageStore
from adapters.database.objects.store import Done, Example, ObjectStore
from adapters.system import System
from hub.configurator import (
    BrokenRule,
    Catalogue,
    Configurator,
    Configured,
    ExternalConfigurator,
    ProductFaulty,
    Request,
)
from hub.pricing import ExternalPricing, ListPricing, Priced, PriceList, PriceListFaulty, Pricing
from hub.services import Service
from hub.workflow_manager.answers import Answers
from hub.workflow_manager.approval_rule import ApprovalRule
from hub.workflow_manager.catalogue_reader import CatalogueReader, flat
from integration_objects.definition import Definitions
from integration_objects.errors import HubError, Misconfigured, Refused, Retryable
from integration_objects.expression import Expression
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import Surroundings
from maps.data_map import DataMap
from schemas.external_object import ExternalObject

if TYPE_CHECKING:
    from hub.services.module_licensed import Licence
    from hub.workflow_manager.workflow import Workflow as NamedWorkflow


#: who says what the lines of a received order cost; a route declares it
WhoPrices = Literal["sender", "hub"]


class ServiceUnknown(Misconfigured):
    """A workflow calls a business service method that nobody registered."""


class PriceListUnknown(Refused):
    """There is no price list of this id."""


class OperatorNeeded(Retryable):
    """Our side must mend something before it is worth another try: parked for an operator at once."""


class NobodyTakes(OperatorNeeded):
    """An object has to leave, and no system is declared that takes it."""


class OutboundFailed(OperatorNeeded):
    """A message to a system can't be made: its map, schema or template doesn't fit what the hub has."""


class StoredPriceListFaulty(OperatorNeeded):
    """A stored price list contradicts itself, or a rule lacks what its kind needs."""


class CatalogueFaulty(OperatorNeeded):
    """A stored product's structure, attributes or rules can't be understood."""


class TouchesAnotherAccount(HubError):
    """The run must touch an account that its group hasn't locked: the message is run again, alone."""

    def __init__(self, account_ids: Iterable[str]) -> None:
        self.account_ids = frozenset(account_ids)
        super().__init__(
            f"the run touches accounts that its group hasn't locked: {', '.join(sorted(self.account_ids))}",
            mend="nothing; the message is run again by itself",
        )


@dataclass(frozen=True)
class Origin:
    """The message that a run works for; all its outbound message ids are derived from it.

    Attributes:
        route, sender, identity: what makes the inbound message unique.
        inbox_id: its row in the message store; None for a run that a command started.
        message_id, correlation_id: as the sender gave them.
        replays: how often an operator had it worked again; another answer then has another id.
        prices: who says what a line costs that the message orders: its sender, or the hub.
    """

    route: str
    sender: str
    identity: str
    inbox_id: str | None = None
    message_id: str | None = None
    correlation_id: str | None = None
    replays: int = 0
    prices: WhoPrices = "sender"


@dataclass(frozen=True)
class Note:
    """A line of a workflow's report: what whoever asked should know beside the result.

    Attributes:
        kind: "ignored", "left out", "replaced", "broken rule", "obsolete", "moved", "other
            address", "gone", "left behind", "changed meanwhile", "price", "total".
        text: a sentence for people.
        item: the Integration Id of the line that it is about; None for none.
        product: its Product Id.
    """

    kind: str
    text: str
    item: str | None = None
    product: str | None = None

    def __str__(self) -> str:
        about = " ".join(part for part in (self.product, self.item) if part)
        return f"{self.kind}: {about}: {self.text}" if about else f"{self.kind}: {self.text}"


@dataclass(frozen=True)
class Outcome:
    """What a workflow answers: ``done``, or ``filtered`` for a message that rightly changes nothing.

    Attributes:
        state: the message's final state.
        reply: an OM Reply message, without what the data manager knows better (message id, state); or None.
        why: why the message was filtered; "" otherwise.
        objects: what the workflow wrote or found, for whoever asked; messages.
        notes: its report.
        rows: what it found, as a table: each row has the same names, in the order in which they are shown.
    """

    state: str = "done"
    reply: PropertySet | None = None
    why: str = ""
    objects: tuple[PropertySet, ...] = ()
    notes: tuple[Note, ...] = ()
    rows: tuple[Mapping[str, str | None], ...] = ()


@dataclass(frozen=True)
class Runtime:
    """What all runs of a deployment share: its declarations and its surroundings.

    Attributes:
        approval_rules: what holds an order when it is submitted, by name.
        configurator: who configures.
        next_number: gives numbers outside of the run's transaction, whose lock on a sequence would make the workers
            of a database take turns; None where the transaction gives them.
        workflows: by name, for requests that name one.
        licence: what the licence file says; None where there is none: every module is licensed.
        user: who stands in the tables as changer, and acts where nobody else is named.
        licence_file: where it stands, for errors.
        pricing: who prices.
        keeps_profiles: whether completed lines are applied to the service profiles here, and not by another system.
    """

    definitions: Definitions
    services: Mapping[str, Service]
    systems: Sequence[System]
    maps: Mapping[str, DataMap]
    external_objects: Mapping[str, ExternalObject]
    surroundings: Surroundings
    configurator: Configurator
    version: str = ""
    approval_rules: Mapping[str, ApprovalRule] = field(default_factory=dict)
    next_number: Callable[[str], int] | None = None
    workflows: Mapping[str, NamedWorkflow] = field(default_factory=dict)
    licence: Licence | None = None
    licence_file: str = ""
    user: str = "hub"
    pricing: Pricing = field(default_factory=ListPricing)
    keeps_profiles: bool = True


@dataclass(frozen=True)
class _RecordedPricing:
    """Another system's pricing, whose answers are recorded: they can't be worked out again."""

    pricing: Pricing
    record: list[list[Any]]
    is_external: bool = True

    def price(self, tree: PropertySet, prices: PriceList, on: str, *, may_lack: bool = False) -> Priced:
        found = self.pricing.price(tree, prices, on, may_lack=may_lack)
        self.record.append(["priced", prices.price_list_id, on, flat(found.tree)])
        return found


@dataclass(frozen=True)
class _RecordedConfigurator:
    """Another system's configurator, whose answers are recorded: they can't be worked out again."""

    configurator: Configurator
    record: list[list[Any]]
    is_external: bool = True

    def start(self, product_id: str, catalogue: Catalogue, new_id: Callable[[], str]) -> PropertySet:
        found = self.configurator.start(product_id, catalogue, new_id)
        self.record.append(["started", product_id, flat(found)])
        return found

    def configure(
        self, instance: PropertySet, requests: Sequence[Request], catalogue: Catalogue, new_id: Callable[[], str]
    ) -> Configured:
        found = self.configurator.configure(instance, requests, catalogue, new_id)
        self.record.append(["configured", flat(found.instance)])
        return found

    def check(self, instance: PropertySet, catalogue: Catalogue, before: PropertySet | None = None) -> list[BrokenRule]:
        found = self.configurator.check(instance, catalogue, before)
        self.record.append(["checked", [str(one) for one in found]])
        return found


@dataclass
class Run:
    """One workflow run on one message, inside the caller's transaction."""

    runtime: Runtime
    store: ObjectStore
    messages: MessageStore
    origin: Origin
    locked: set[str] | None = None  # accounts that the group has locked; None: alone, may lock any
    record: list[list[Any]] = field(default_factory=list)
    emitted: int = 0
    answers: Answers | None = None  # what other systems answered before the lock
    catalogues: CatalogueReader | None = None  # the transaction's; None: the run's own
    _now: str | None = None

    @property
    def definitions(self) -> Definitions:
        """The deployment's integration objects."""
        return self.runtime.definitions

    # Services

    def call(self, service: str, *arguments: Any, **named: Any) -> Any:
        """Call a business service method by its name ("Apply"), so that a deployment can put its own there."""
        try:
            method = self.runtime.services[service]
        except KeyError:
            raise ServiceUnknown(
                f"the workflow calls the business service method '{service}', which nobody registered",
                why=f"registered are {', '.join(sorted(self.runtime.services))}",
                mend="register it in the deployment's hub/services, or mend the name in the workflow",
            ) from None
        for name in method.handed_in:
            if name not in named:
                named[name] = self._hand_in(name)
        return method.function(*arguments, **named)

    def _hand_in(self, name: str) -> Any:
        if name == "definitions":
            return self.definitions
        if name == "new_id":
            return self.new_id
        raise ServiceUnknown(
            f"a business service method wants '{name}' handed in, which a run doesn't have",
            mend="give it in the workflow's call",
        )

    # What comes in from outside, recorded

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

    def next_number(self, sequence: str) -> int:
        """The next number of a sequence ("Order Number"); there may be gaps where several processes work."""
        number = (
            self.runtime.next_number(sequence)
            if self.runtime.next_number
            else self.messages.control.next_number(sequence)
        )
        self.record.append(["number", sequence, number])
        return number

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

    @property
    def pricing(self) -> Pricing:
        """Who prices; what another system answers is recorded."""
        pricing = self.runtime.pricing
        if self.answers is not None and isinstance(pricing, ExternalPricing):
            pricing = pricing.through(self.answers.of)
        return _RecordedPricing(pricing, self.record) if pricing.is_external else pricing

    def price_list(self, price_list_id: str) -> PriceList:
        """The stored price list of this id, proven.

        Raises:
            PriceListUnknown: there is none.
            StoredPriceListFaulty: it contradicts itself, which `load` would have refused.
        """
        try:
            read = self._catalogues.price_list(price_list_id)
        except PriceListFaulty as error:
            raise StoredPriceListFaulty(error.what, where=error.where, why=error.why, mend=error.mend) from error
        self.record.append(["object", "Price List", {"Price List Id": price_list_id}, read.rows])
        if read.prices is None:
            raise PriceListUnknown(
                f"there is no price list '{price_list_id}'",
                where="Price List, Price List Id",
                why="nothing of this id is stored",
                mend="mend the Price List Id, or load the price list",
            )
        return read.prices

    @property
    def configurator(self) -> Configurator:
        """Who configures; what another system answers is recorded."""
        configurator = self.runtime.configurator
        if self.answers is not None and isinstance(configurator, ExternalConfigurator):
            configurator = configurator.through(self.answers.of)
        return _RecordedConfigurator(configurator, self.record) if configurator.is_external else configurator

    def have_rules(self, product_ids: Iterable[str]) -> bool:
        """Whether one of these products has a structure, attributes or rules: what an item of it could break."""
        found = self._catalogues.ruled(product_ids)
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
            read = self._catalogues.read(product_ids)
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

    def keep_integration_ids(self, system: str, account_id: str, pairs: Mapping[str, str]) -> None:
        """Record which Integration Id the hub gave to each of a sender's references; replaces older pairs."""
        self.messages.keys.keep(system, account_id, pairs)

    def active_quote(self, session: str) -> str | None:
        """The Row Id of the session's active quote; None where it has none."""
        found = self.messages.sessions.active_quote(session)
        self.record.append(["session", session, found])
        return found

    def set_active_quote(self, session: str, quote_id: str) -> None:
        """Make a quote the session's active one."""
        self.messages.sessions.set_active_quote(session, quote_id)

    # The database adapter

    def insert(self, tree: PropertySet, *, fresh: bool = False) -> list[Done]:
        """Insert every instance of the message; of a *fresh* one the caller knows that none of its keys is taken."""
        return self.store.insert(tree, fresh=fresh)

    def update(self, tree: PropertySet) -> list[Done]:
        """Update every instance of the message; what it doesn't carry stays."""
        return self.store.update(tree)

    def upsert(self, tree: PropertySet) -> list[Done]:
        """Insert or update every instance of the message; deletes nothing."""
        return self.store.upsert(tree)

    def synchronize(self, tree: PropertySet) -> list[Done]:
        """Make the stored instances equal to the message's, deleting children that it lists no more."""
        return self.store.synchronize(tree)

    def delete(self, tree: PropertySet) -> list[Done]:
        """Delete every instance of the message with all that it has."""
        return self.store.delete(tree)

    def execute(self, tree: PropertySet) -> list[Done]:
        """Do to each component what its property Operation says; without one, what the one above it says."""
        return self.store.execute(tree)

    def lock_accounts(self, account_ids: Iterable[str]) -> None:
        """Lock accounts for the rest of the transaction.

        Raises:
            TouchesAnotherAccount: the run's group didn't lock one of them; the data manager runs it again alone.
        """
        wanted = set(account_ids)
        if self.locked is None:
            self.store.lock_accounts(sorted(wanted))
        elif not wanted <= self.locked:
            raise TouchesAnotherAccount(wanted - self.locked)

    # What goes out

    def emit(self, name: str, tree: PropertySet, for_system: str | None = None) -> int:
        """Put an outbound object into the outbox, once for each system that takes it, in that system's format.

        Args:
            name: the integration object's name.
            tree: the message.
            for_system: the Fulfilment System it is for; None: every system that takes the object.

        Returns:
            How many messages were put out.

        Raises:
            NobodyTakes: *for_system* is given and no declared system takes its objects.
        """
        takers = [
            system
            for system in self.runtime.systems
            if system.takes == name and (for_system is None or system.for_system == for_system)
        ]
        if for_system is not None and not takers:
            raise NobodyTakes(
                f"no system takes '{name}' for the fulfilment system '{for_system}'",
                why="systems that take it: "
                + (", ".join(sorted(s.for_system for s in self.runtime.systems if s.takes == name)) or "none"),
                mend=f"declare it in adapters/systems/ (takes: {name}), or mend the product's Fulfilment System",
            )
        for system in takers:
            try:
                body = system.render(tree, self.runtime.maps, self.runtime.external_objects)
            except Refused as error:
                raise OutboundFailed(
                    f"the message to {system.name} can't be made: {error.what}",
                    where=error.where or system.where,
                    why=error.why,
                    mend=error.mend or "mend the system's map, schema or template, then `orderhub messages replay`",
                ) from error
            self.emitted += 1
            self.messages.pending_writes.emit(
                OutboxMessage(
                    message_id=outbound_id(self.origin, system.name, self.emitted),
                    inbox_id=self.origin.inbox_id,
                    route=self.origin.route,
                    destination=system.destination,
                    kind="outbound",
                    type=system.type,
                    correlation_id=self.origin.correlation_id or self.origin.message_id,
                    content_type=system.content_type,
                    headers={"x-orderhub-system": system.name},
                    body=body,
                )
            )
        return len(takers)

    def release(self, condition: str) -> None:
        """Release the parked messages that wait for *condition*, which this transaction brings."""
        self.messages.pending_writes.release(condition)

    def fallout(self, order: PropertySet, cause: str, reason: str, lines: Sequence[str]) -> None:
        """Raise a fallout entry: an order that needs somebody's eyes, with its cause and its lines."""
        self.messages.fallout.insert(
            FalloutEntry(
                cause=cause,
                reason=reason,
                account_id=order.get("Account Id"),
                order_id=order.get("Row Id"),
                order_number=order.get("Order Number"),
                inbox_id=self.origin.inbox_id,
                lines=tuple(lines),
            )
        )

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

    def resolve_fallout(self, row_id: str, how: str) -> bool:
        """Note that a fallout entry is resolved, and how; False where it isn't open."""
        return self.messages.fallout.resolve(row_id, how)

    def fallout_entry(self, row_id: str) -> dict[str, Any] | None:
        """The fallout entry of this row; None for none."""
        found = self.messages.fallout.entry(row_id)
        self.record.append(["fallout entry", row_id, found])
        return found

    @property
    def actor(self) -> str:
        """Who acts: the sender of the message that asked for the run, or the user of the command."""
        return self.runtime.user if self.origin.inbox_id is None else self.origin.sender

    def recording(self) -> bytes:
        """The recording, compressed: what `MessageStore.record` keeps."""
        document = {"versions": self.runtime.version, "entries": self.record}
        return zlib.compress(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(), 1)


def read_recording(data: bytes) -> Any:
    """What `Run.recording` wrote: ``versions`` of the declarations, and ``entries`` in their order."""
    return json.loads(zlib.decompress(data))


def outbound_id(origin: Origin, system: str, number: int) -> str:
    """The message id of the *number*-th message to *system*: the same however often the inbound one is worked."""
    parts = "\x1f".join((origin.route, origin.sender, origin.identity, system, str(number), str(origin.replays)))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


Workflow = Callable[[Run, PropertySet], Outcome]
