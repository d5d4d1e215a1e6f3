"""A user with a file: edits it by SQL, as any SQLite program would, and has it applied."""

from __future__ import annotations

import pathlib
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from adapters.database.replication.remote_files import RemoteFiles, ReturnedChange
from adapters.remote_file import read_bytes, replace_bytes
from hub.replication.remote_apply import Applied, apply_file
from hub.replication.remote_extract import extract
from integration_objects.complex_object import message
from integration_objects.property_set import PropertySet
from tests.road import Road, sample


class RemoteClient:
    """A hub, one of its users, and the user's file; the methods act as the user and as people at the hub."""

    def __init__(self, road: Road, folder: pathlib.Path, user: str = "sales") -> None:
        self.road = road
        self.user = user
        self.file = folder / f"{user}.db"

    @classmethod
    def on(cls, request: pytest.FixtureRequest, folder: pathlib.Path) -> RemoteClient:
        """Make a hub on the database that the fixture's parameter names."""
        if request.param == "SQLite":
            road = Road(folder)
        else:
            database = request.getfixturevalue("postgresql_database")
            road = Road(folder, database_url=database._url.render_as_string(hide_password=False))
        client = cls(road, folder)
        client.put("User", User_Id="sales")
        client.put("Address", Address_Id="P-1", Street="Old Street 1", City="Spokane")
        client.put("Account", Account_Id="A-1", Name="Jane", Status="Active", Address_Id="P-1")
        client.put("Account", Account_Id="A-2", Name="Jane's shop", Parent_Account_Id="A-1")
        client.put("Account", Account_Id="B-1", Name="Stranger")
        client.put("Contact", Contact_Id="C-1", Account_Id="A-1", Last_Name="Doe", Phone_Number="1", Job_Title="Boss")
        client.put("Contact", Contact_Id="C-9", Account_Id="B-1", Last_Name="Stranger")
        client.put("Trouble Ticket", Ticket_Number="T-1", Account_Id="A-1", Summary="No dial tone")
        return client

    def put(self, name: str, **fields: str | None) -> None:
        """Make or change an object at the hub."""
        values = {field.replace("_", " "): value for field, value in fields.items()}
        with self.road.open_hub.write() as transaction:
            transaction.store.upsert(message(name, [PropertySet(_node(name), properties=values)]))

    def delete(self, name: str, **key: str) -> None:
        """Delete an object at the hub."""
        values: dict[str, str | None] = {field.replace("_", " "): value for field, value in key.items()}
        with self.road.open_hub.write() as transaction:
            transaction.store.delete(message(name, [PropertySet(_node(name), properties=values)]))

    def stored(self, name: str, field: str, **key: Any) -> list[str | None]:
        """Return a field of the hub's objects with a key."""
        return [node.get(field) for node in self.road.stored(name, **key)]

    def extract(self, *accounts: str, hierarchy: bool = False, file: pathlib.Path | None = None) -> None:
        """Extract a new file in the place of the user's."""
        _, content = extract(self.road.open_hub, self.user, accounts, hierarchy, "file")
        replace_bytes(file or self.file, content, None)

    def sql(self, *statements: str) -> list[Any]:
        """Edit the file; return the rows of the last statement."""
        with closing(sqlite3.connect(self.file)) as connection:
            for statement in statements:
                rows = connection.execute(statement).fetchall()
            connection.commit()
        return rows

    def apply(self) -> Applied:
        """Apply the file, which is replaced by the answer."""
        content = read_bytes(self.file)
        applied = apply_file(self.road.open_hub, content, "file")
        replace_bytes(self.file, applied.answer.body or b"", content)
        return applied

    def open_returned(self) -> list[ReturnedChange]:
        """Return the changes on which the user hasn't acted, as the hub keeps them."""
        with self.road.open_hub.read() as transaction:
            return RemoteFiles(transaction.connection, self.user).open_returned()


def stocked(road: Road) -> Road:
    """Give a hub products and prices."""
    for name in ("catalogue.xml", "price_list.xml"):
        road.load(sample(name))
    return road


def _node(name: str) -> str:
    return name.removeprefix("OM ")
