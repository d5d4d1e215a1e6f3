"""An open deployment: its declarations with its database, and the transactions on it.

    OpenHub        deployment, database, tables, surroundings; `write()` and `read()` open transactions
    Transaction    one database transaction, with the store of objects and the message store

Spec: docs/design/road.md, "What commits when".
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from adapters.database.connection.database import Database
from adapters.database.messages.store import MessageStore
from adapters.database.schema.upgrade import needs_migration, needs_upgrade, upgrade
from hub.data_manager.lone_work import LoneWork
from hub.deployment.deployment import Deployment
from integration_objects.errors import Misconfigured
from integration_objects.secrets import SecretNames
from integration_objects.surroundings import Surroundings

# The code of objects and of runs is loaded where it is used: commands that only look at messages start without it.
if TYPE_CHECKING:
    from adapters.database.objects.store import ObjectStore, StoredObjects
    from hub.access.access import Access
    from hub.access.open_id import OpenIdLogIn
    from hub.workflow_manager.answers import Answers
    from hub.workflow_manager.catalogue_reader import CatalogueReader
    from hub.workflow_manager.origin import Origin
    from hub.workflow_manager.run import Run
    from hub.workflow_manager.runtime import Runtime

#: numbers of a sequence that a process takes at once, where several processes share a database
NUMBERS_AT_ONCE = 20


class DatabaseNotUpgraded(Misconfigured):
    """The database lacks tables or columns that the deployment needs."""

    what = "the database isn't ready for this version of the hub and this deployment's extensions"
    why = "tables or columns are missing, or migrations haven't run"
    mend = "run `orderhub db upgrade` once, with the right to create tables, then start again"


class _DryRun(Exception):
    """Ends a dry run's transaction, which rolls it back."""


@dataclass(frozen=True)
class Transaction:
    """The store and the message store of one transaction.

    Attributes:
        connection: the database connection, for savepoints.
        user: who changes the rows.
        quiet_feeds: the feeds that see to the messages about their own writes.
    """

    connection: Any
    messages: MessageStore
    open_hub: OpenHub
    user: str
    quiet_feeds: set[str] = field(default_factory=set, compare=False)

    @cached_property
    def store(self) -> ObjectStore:
        """The EAI database adapter."""
        from adapters.database.objects.store import ObjectStore
        from hub.workflow_manager.order_activities import FOLLOWED

        open_hub = self.open_hub
        watched = open_hub.watched_fields
        return ObjectStore(
            self.connection, open_hub.stored_objects, open_hub.surroundings, self.user, FOLLOWED, watched
        )

    def note_feed_changes(self) -> None:
        """Note the records of feeds that were changed by the store."""
        # A transaction that never asked for the store has written no object.
        if self.open_hub.watched_fields and "store" in vars(self):
            from hub.data_manager.feed_changes import note_changes

            deployment, pending_writes = self.open_hub.deployment, self.messages.pending_writes
            surroundings, feeds = self.open_hub.surroundings, deployment.feeds.values()
            note_changes(self.store, pending_writes, feeds, deployment.definitions, surroundings, self.quiet_feeds)

    @cached_property
    def catalogues(self) -> CatalogueReader:
        """The products and price lists, read once for all runs of the transaction."""
        from hub.workflow_manager.catalogue_reader import CatalogueReader

        deployment = self.open_hub.deployment
        return CatalogueReader(self.store, deployment.definitions, deployment.settings.secrets)

    def run(self, origin: Origin, locked: set[str] | None = None, answers: Answers | None = None) -> Run:
        """Make a workflow run that writes in this transaction.

        Args:
            origin: the message that the run works for.
            locked: the accounts that the message's group has locked; None: the run is alone, and may lock any.
            answers: the answers of other systems from before the lock; None if none is asked.
        """
        from hub.workflow_manager.effects import Effects
        from hub.workflow_manager.run import Run

        runtime, store, messages = self.open_hub.runtime, self.store, self.messages
        effects = Effects(runtime, store, messages, origin, locked, waiting=self.open_hub.lone_work.waiting)
        return Run(runtime, store, messages, self.catalogues, answers, origin=origin, effects=effects)

    def rehearsal(self, origin: Origin, answers: Answers | None) -> Run:
        """Make a workflow run without effects, which ends at the first question that *answers* lacks; None: it asks."""
        from hub.workflow_manager.effects import NoEffects
        from hub.workflow_manager.run import Run

        runtime, store, messages = self.open_hub.runtime, self.store, self.messages
        return Run(runtime, store, messages, self.catalogues, answers, origin=origin, effects=NoEffects())


class OpenHub:
    """An open deployment. One for each process.

    Attributes:
        process: the process's name, the same after each start: counts and marks are kept by it.
        holder: the holder of this process's leases; another process of the same name is another holder.
        lone_work: the note of the message that this process computes alone.
        secret_names: the names whose values no error shows, as this process knows them.
        profiles_read_at: when this process has read the service profiles of accounts from the system that keeps them.
    """

    def __init__(
        self,
        deployment: Deployment,
        surroundings: Surroundings | None = None,
        process: str = "command",
        lone_work: LoneWork | None = None,
    ) -> None:
        self.deployment = deployment
        self.surroundings = surroundings or Surroundings()
        self.process = process
        self.holder = f"{process}-{os.getpid()}"
        self.lone_work = lone_work or LoneWork()
        self.secret_names = SecretNames(deployment.settings.secrets)
        self.profiles_read_at: dict[str, float] = {}
        self._blocks: dict[str, Iterator[int]] = {}
        self.database = Database(
            deployment.settings.database_url,
            folder=deployment.folder,
            unsafe=deployment.settings.unsafe_database,
        )

    @cached_property
    def stored_objects(self) -> StoredObjects:
        """The integration objects in their tables."""
        from adapters.database.objects.store import StoredObjects

        return StoredObjects(self.deployment.definitions)

    @cached_property
    def access(self) -> Access:
        """The users, rights and sessions of the deployment."""
        from hub.access.access import Access
        from hub.access.sessions import SessionLimits

        settings = self.deployment.settings
        limits = SessionLimits(settings.session_idle_s, settings.session_s)
        user_types = self.deployment.user_types
        return Access(self.database, self.surroundings, user_types, lambda each: self._transaction(each).store, limits)

    @cached_property
    def open_id(self) -> OpenIdLogIn | None:
        """The log-in by OpenID Connect; None where the settings name no provider."""
        if self.deployment.open_id_provider is None:
            return None
        from hub.access.open_id import OpenIdLogIn

        return OpenIdLogIn(self.deployment.open_id_provider, self.access, self.surroundings)

    @cached_property
    def watched_fields(self) -> Mapping[str, Collection[str]]:
        """The objects whose writes may change records of feeds that have messages, with the fields that tell which."""
        if not self.deployment.feed_sources:
            return {}
        from hub.data_manager.feed_changes import watched_fields

        return watched_fields(self.deployment.feeds.values())

    @cached_property
    def runtime(self) -> Runtime:
        """The runtime of the deployment: on PostgreSQL with numbers in blocks."""
        runtime = self.deployment.runtime(self.surroundings)
        if self.database.dialect.writers_take_turns:
            return runtime
        return replace(runtime, next_number=self._next_number)

    def _next_number(self, sequence: str) -> int:
        """Return a number of this process's block; take the next block in a short transaction of its own."""
        # The row of a sequence is locked until its transaction ends. In the message's own transaction the lock would
        # make all workers of the database wait for each other. A number that a rolled-back message took is lost.
        number = next(self._blocks.get(sequence, iter(())), None)
        if number is None:
            with self.database.write() as connection:
                control = self._transaction(connection).messages.control
                last = control.next_number(sequence, NUMBERS_AT_ONCE)
            self._blocks[sequence] = iter(range(last - NUMBERS_AT_ONCE + 1, last + 1))
            number = next(self._blocks[sequence])
        return number

    def prepare_database(self) -> None:
        """Make the database ready: SQLite is upgraded; PostgreSQL must have been.

        Raises:
            DatabaseNotUpgraded: names the command that does it.
            FieldTakenBack: a column wants a value that no field gives.
        """
        # Imported here, because commands that only look at messages don't come here.
        from adapters.database.schema.taken_back import refuse_fields_taken_back

        definitions = self.deployment.definitions
        # A look first: on SQLite an upgrade would take the write lock, and each command would wait for the hub's work.
        if needs_upgrade(self.database, definitions):
            # The database of one machine is the hub's own. A shared one is upgraded by a user who may create tables,
            # which the hub's user need not be.
            if self.database.dialect.is_shared:
                raise DatabaseNotUpgraded(where=self.database.shown_url)
            upgrade(self.database, definitions)
        refuse_fields_taken_back(self.database, definitions)

    def prepare_messages(self) -> None:
        """Make the message store ready: as `prepare_database`, without a look at the declarations.

        An operator can see and take messages while declarations are being edited. Only migrations that haven't run
        need the declarations.
        """
        if needs_migration(self.database):
            self.prepare_database()

    @contextmanager
    def write(self, dry_run: bool = False, user: str | None = None) -> Iterator[Transaction]:
        """Open a transaction that writes: committed at the end, rolled back on an error, and always on a dry run.

        Pending writes are written before the end.

        Args:
            dry_run: whether nothing is kept.
            user: who changes the rows; None: the user of the settings.
        """
        try:
            with self.database.write() as connection:
                transaction = self._transaction(connection, user)
                yield transaction
                transaction.note_feed_changes()
                # At the end: one statement writes the endings of a whole group, another all messages that leave.
                transaction.messages.pending_writes.write()
                # Behind the pending writes, so that a dry run meets the constraints that a real one would meet.
                if dry_run:
                    raise _DryRun
        except _DryRun:
            pass

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Open a transaction that only reads."""
        with self.database.read() as connection:
            yield self._transaction(connection)

    def renew_secret_names(self, transaction: Transaction) -> SecretNames:
        """Read the names whose values nobody may see, keep them for errors, and return them."""
        self.secret_names = SecretNames(transaction.catalogues.secret_names())
        return self.secret_names

    def close(self) -> None:
        """Close the database's connections, and those of questions to other systems."""
        self.deployment.close()
        self.database.close()

    def _transaction(self, connection: Any, user: str | None = None) -> Transaction:
        user = user or self.deployment.settings.user
        return Transaction(connection, MessageStore(connection, self.surroundings, self.process, user), self, user)
