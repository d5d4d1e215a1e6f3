"""The upgrade of a database to this version of the hub, and to the extensions of a deployment.

    1. the shipped migrations, each once, by Alembic
    2. missing tables, columns and views of extensions (``x_``), recorded by digest; nothing is dropped

The upgrade is one transaction on both databases: killed anywhere, it has changed nothing, and is run again.

Spec: docs/design/road.md "Storage"; docs/design/guarantees.md "Alembic".
"""

from __future__ import annotations

import functools
import hashlib
import pathlib
import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Connection, Inspector, MetaData, Table, event, inspect, select, text
from sqlalchemy.schema import CheckConstraint, CreateIndex, ForeignKeyConstraint

from adapters.database.connection.column_types import JsonText
from adapters.database.connection.database import Database
from adapters.database.connection.dialect import dialect_of
from adapters.database.schema.hub_tables import HUB
from adapters.database.schema.json_views import renew_views, views_of
from adapters.database.schema.tables import constraint_name, extension_tables, tables_of
from integration_objects.definition import EXTENSION_PREFIX, Definitions
from integration_objects.errors import Misconfigured
from integration_objects.surroundings import Surroundings

_NAMED_BEFORE = re.compile(r"^down_revision = (.+)$", re.MULTILINE)
MIGRATIONS = pathlib.Path(__file__).parent.parent / "migrations"
#: Under this name the digest of the extensions' tables and columns is recorded.
_RECORDED = "tables"
#: Revisions that made databases before the first release.
_UNRELEASED = frozenset(f"000{number}" for number in range(1, 9))
#: A number that only upgrades lock, so that two processes don't upgrade at once.
_LOCK = 7_265_177_104
#: The first words of statements that change nothing: a plan leaves them out.
_WITHOUT_EFFECT = frozenset({"SELECT", "PRAGMA", "SET", "SHOW", "SAVEPOINT", "RELEASE"})
#: The PRAGMAs of `declare_anew`.
_SETTING = ("PRAGMA writable_schema=", "PRAGMA schema_version=")


class DatabaseTooNew(Misconfigured):
    """The database was upgraded by a later version of the hub."""

    what = "the database was upgraded by a later version of the hub"
    where = "{database}"
    why = "it is at {revision}, and this version knows {known}"
    mend = "install that version, or use another database"


class DatabaseTooOld(Misconfigured):
    """The database was made before the first release of the hub."""

    what = "the database was made before the first release of the hub"
    where = "{database}"
    why = "it is at {revision}, and no upgrade leads from there to {head}"
    mend = "name a new, empty database in the setting database_url, run `orderhub db upgrade`, and load the data again"


class StoredOtherwise(Misconfigured):
    """The database has a table where the definition says JSON, or the other way round."""

    what = "'{table}' is declared to be stored as {declared}, and is {stored} in the database"
    where = "{table}"
    why = "the upgrade drops nothing, and rows are there already or may be"
    mend = "give the component another table name and load its rows again, or declare it as it was"


def upgrade(
    database: Database,
    definitions: Definitions,
    surroundings: Surroundings | None = None,
) -> None:
    """Bring the database to this version of the hub, and add what the extensions in *definitions* need.

    Raises:
        DatabaseTooNew: a later version of the hub has upgraded it.
        DatabaseTooOld: it was made before the first release.
        StoredOtherwise: an extension now declares as JSON a component that has a table, or the other way round.
        Retryable, Misconfigured: the database refused the upgrade; nothing was changed.
    """
    with database.write() as connection:
        _upgrade(connection, database, tables_of(definitions), surroundings)


def planned_upgrade(database: Database, definitions: Definitions) -> list[str]:
    """Return the SQL statements that `upgrade` would execute now, in their order, each without its semicolon.

    Their values are literals, so that a person can run them. The database stays as it is.

    The statements are executed in a transaction that is rolled back: only the database knows whether it takes them.

    Raises:
        HubError: as `upgrade`.
    """
    statements: list[str] = []

    def collect(connection: Connection, cursor: Any, statement: str, values: Any, context: Any, is_many: bool) -> None:
        # A PRAGMA that sets something lets SQLite take the statement behind it.
        if statement.split(None, 1)[0].upper() not in _WITHOUT_EFFECT or statement.startswith(_SETTING):
            statements.append((_with_values(connection, statement, context) if values else statement).strip())

    try:
        with database.write() as connection:
            event.listen(connection, "before_cursor_execute", collect)
            _upgrade(connection, database, tables_of(definitions), None)
            raise _PlanMade
    except _PlanMade:
        return statements


def _with_values(connection: Connection, statement: str, context: Any) -> str:
    """Write a statement with its values as literals; one that the driver was handed as text stays as it is."""
    if context.compiled is None or len(context.compiled_parameters) != 1:
        return statement
    (values,) = context.compiled_parameters
    with_values = context.compiled.statement.values(**values)
    return str(with_values.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))


class _PlanMade(Exception):  # it ends a transaction, and is no error
    """Rolls the transaction of a planned upgrade back."""


def _upgrade(connection: Connection, database: Database, metadata: MetaData, surroundings: Surroundings | None) -> None:
    # First the lock, then the look at the revision: a second process waits here, and finds everything done.
    database.dialect.prepare_upgrade(connection, _LOCK)
    # Asked under the lock: another process may have upgraded the database meanwhile.
    migrated = _revision(connection, database) != head()
    if migrated:
        _migrate(connection)
    _extend(connection, metadata, surroundings or Surroundings(), migrated)


def needs_upgrade(database: Database, definitions: Definitions) -> bool:
    """Return whether `upgrade` has anything to do.

    Raises:
        DatabaseTooNew: a later version of the hub has upgraded the database.
        DatabaseTooOld: it was made before the first release.
    """
    digest = _digest(extension_tables(definitions))
    with database.read() as connection:
        if _revision(connection, database) != head():
            return True
        return digest is not None and not _is_recorded(connection, digest)


def needs_migration(database: Database) -> bool:
    """Return whether a migration of this version of the hub hasn't run yet, whatever the deployment declares.

    Raises:
        DatabaseTooNew, DatabaseTooOld: as `needs_upgrade`.
    """
    with database.read() as connection:
        return _revision(connection, database) != head()


def head() -> str:
    """Return the newest migration of this version of the hub."""
    return _revisions()[-1]


@functools.cache
def _revisions() -> list[str]:
    """List the migrations in the order in which they run, which isn't that of their numbers."""
    # Read as texts: Alembic itself is slow to load.
    files = (MIGRATIONS / "versions").glob("[0-9]*.py")
    behind = {_NAMED_BEFORE.findall(file.read_text("utf-8"))[0]: file.name.partition("_")[0] for file in files}
    found = [behind["None"]]
    while f'"{found[-1]}"' in behind:
        found.append(behind[f'"{found[-1]}"'])
    return found


def _revision(connection: Connection, database: Database) -> str | None:
    """Return the revision of the database; None for a database without tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if revision in _UNRELEASED:
        raise DatabaseTooOld(database=database.shown_url, revision=revision, head=head())
    known = _revisions()
    if revision is not None and revision not in known:
        raise DatabaseTooNew(database=database.shown_url, revision=revision, known=", ".join(known))
    return revision


def _migrate(connection: Connection) -> None:
    # Alembic takes a quarter of a second to load, which only an upgrade needs to wait for.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    # Alembic reads the option as ConfigParser does, to which % is special.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    command.upgrade(config, "head")


def _extend(connection: Connection, metadata: MetaData, surroundings: Surroundings, migrated: bool) -> None:
    digest = _digest(metadata)
    if digest is None:
        return
    recorded = _is_recorded(connection, digest)
    # A migration may have made a view anew, without an extension's columns.
    if recorded and not migrated:
        return
    # After the migrations, which make tables: an Inspector keeps what it has seen.
    found = inspect(connection)
    _prove_forms(metadata, found)
    # Sorted by foreign key: a table is made after the tables that it refers to.
    for table in metadata.sorted_tables:
        if table.name.startswith(EXTENSION_PREFIX) and not found.has_table(table.name):
            table.create(connection)
        else:
            _add_columns(connection, table, found)
    renew_views(connection, [view for view in views_of(metadata).values() if view.extension_columns])
    if recorded:
        return
    values = {"name": _RECORDED, "digest": digest, "applied_at": surroundings.now()}
    connection.execute(HUB.tables["hub_extension"].insert(), values)


def _prove_forms(metadata: MetaData, found: Inspector) -> None:
    """Refuse a table where a view is wanted, and the other way round: the upgrade moves no rows of a deployment."""
    tables, views = set(found.get_table_names()), set(found.get_view_names())
    for name in tables & set(views_of(metadata)):
        raise StoredOtherwise(table=name, declared="JSON", stored="a table")
    for name in views & set(metadata.tables):
        raise StoredOtherwise(table=name, declared="a table", stored="JSON, shown by a view")


def _add_columns(connection: Connection, table: Table, found: Inspector) -> None:
    if not any(column.name.startswith(EXTENSION_PREFIX) for column in table.columns):
        return
    present = {column["name"] for column in found.get_columns(table.name)}
    for column in table.columns:
        # A shipped column that is missing is a migration's work, not an extension's.
        if column.name in present or not column.name.startswith(EXTENSION_PREFIX):
            continue
        dialect_of(connection).add_column(connection, column, list(_constraints_on(connection, table, column)))
        for index in table.indexes:
            if [indexed.name for indexed in index.columns] == [column.name]:
                connection.execute(CreateIndex(index))


def _constraints_on(
    connection: Connection, table: Table, column: Column[Any]
) -> Iterator[CheckConstraint | ForeignKeyConstraint]:
    checks = [constraint_name("ck", table.name, column.name + suffix) for suffix in ("", "_length")]
    is_typed = isinstance(column.type, JsonText) and dialect_of(connection).has_json_type
    for constraint in sorted(table.constraints, key=lambda constraint: str(constraint.name)):
        if isinstance(constraint, ForeignKeyConstraint):
            if [referring.name for referring in constraint.columns] == [column.name]:
                yield constraint
        elif isinstance(constraint, CheckConstraint) and constraint.name in checks and not is_typed:
            yield constraint


def _digest(metadata: MetaData) -> str | None:
    """Return the digest of the extensions' tables and columns; None if there are none."""
    lines = [
        f"{table.name} {column.name} {column.type!r}"
        for table in metadata.tables.values()
        for column in table.columns
        if table.name.startswith(EXTENSION_PREFIX) or column.name.startswith(EXTENSION_PREFIX)
    ]
    lines += [
        f"{view.name} {column} shown" for view in views_of(metadata).values() for column in view.extension_columns
    ]
    if not lines:
        return None
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _is_recorded(connection: Connection, digest: str) -> bool:
    recorded = HUB.tables["hub_extension"]
    statement = select(recorded.c.digest).where(recorded.c.name == _RECORDED, recorded.c.digest == digest)
    return connection.scalar(statement) is not None
