"""Users, their log-ins and the audit on a database of the tests', with a clock that a test sets forward."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from adapters.database.connection.database import Database
from adapters.database.objects.layout import StoredObjects
from adapters.database.objects.store import ObjectStore
from hub.access import User
from hub.access.access import Access, Credentials, LogInRefused
from hub.access.audit import Actor
from hub.access.passwords import password_digest
from hub.access.people import NewUser
from hub.access.sessions import Session, SessionLimits
from hub.access.user_type import read_user_types
from hub.deployment.declared_files import USER_TYPES, shipped_by_name
from integration_objects.complex_object import message
from integration_objects.definition import shipped_definitions
from integration_objects.surroundings import SeededSurroundings
from tests.trees import node

TYPES = read_user_types(shipped_by_name(USER_TYPES).values())
OBJECTS = StoredObjects(shipped_definitions())
ADMINISTRATOR = Actor("root", "command line")
PASSWORD, OTHER = "violin anchor 9 pebble", "lantern cactus 4 wagon"
#: Made once: a digest takes its time on purpose.
DIGEST = password_digest(PASSWORD)
HOME, AWAY = "192.0.2.7", "198.51.100.9"


class World:
    """Access to an empty database, with a clock that a test sets forward."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = SeededSurroundings()
        self.access = Access(
            database, self.clock, TYPES, lambda each: ObjectStore(each, OBJECTS, self.clock), SessionLimits(1800, 43200)
        )

    def add(self, name: str = "ann", user_type: str = "operator", **parts: Any) -> User:
        with self.database.write() as connection:
            new = NewUser(name, user_type, **{"password": DIGEST, "must_change_password": False, **parts})
            return self.access.people(connection).add(new, ADMINISTRATOR)

    def change(self, method: str, *arguments: Any) -> Any:
        with self.database.write() as connection:
            return getattr(self.access.people(connection), method)(*arguments, ADMINISTRATOR)

    def log_in(self, name: str = "ann", password: str = PASSWORD, code: str = "", address: str = HOME) -> str:
        return self.access.log_in(Credentials(name, password, code), address).token

    def fail(self, times: int, name: str = "ann", address: str = HOME) -> None:
        for _ in range(times):
            with pytest.raises(LogInRefused):
                self.log_in(name, OTHER, address=address)

    def session(self, token: str) -> Session:
        session = self.access.session_of(token)
        assert session is not None
        return session

    def store_accounts(self, *ids: str) -> None:
        """Store accounts, each beneath the one before."""
        accounts = [
            node("Account", account_id=account_id, parent_account_id=above)
            for account_id, above in zip(ids, (None, *ids), strict=False)
        ]
        with self.database.write() as connection:
            ObjectStore(connection, OBJECTS, self.clock).upsert(message("Account", accounts))

    def rows(self) -> list[tuple[str, str, str, str]]:
        with self.database.read() as connection:
            rows = self.access.audit(connection).newest(100)
        return [(row.who, row.address, row.action, row.outcome) for row in reversed(rows)]

    def everything_stored(self) -> str:
        with self.database.read() as connection:
            names = ("hub_user", "hub_user_session", "hub_log_in_failure", "hub_audit")
            return repr([connection.execute(text(f"SELECT * FROM {name}")).all() for name in names])
