"""Random histories of remote clients: the user and the hub edit, and the application of the file is killed.

After each application it is proven that every change of the user has arrived in the hub or has come back, and that no
field shows an older value of the hub than the user has seen.
"""

from __future__ import annotations

import pathlib
import random
from collections import defaultdict
from unittest.mock import patch

from adapters.database.replication.remote_files import RemoteFiles
from adapters.remote_file import read_bytes
from hub.replication import remote_apply
from hub.replication.remote_apply import apply_file
from integration_objects.component import snake_case
from tests.hub.replication.remote_client import RemoteClient
from tests.road import Road

_FIELDS = {
    "Account": ("Account Id", ("Phone Number", "Email Address")),
    "Address": ("Address Id", ("Street", "City")),
    "Contact": ("Contact Id", ("Phone Number", "Job Title", "First Name")),
    "Trouble Ticket": ("Ticket Number", ("Summary", "Description")),
}
Place = tuple[str, str, str]


class Killed(BaseException):
    """The process was killed here."""


class History:
    """One random history of one user, who has accounts of his own in a shared hub."""

    def __init__(self, road: Road, folder: pathlib.Path, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311  # a test, no secret
        self.name = f"U{seed}"
        self.client = RemoteClient(road, folder, self.name)
        self.values = 0
        #: the values that the hub had, in their order, by place
        self.hubs: dict[Place, list[str | None]] = defaultdict(lambda: [None])
        #: the number of the value that the user has seen last
        self.seen: dict[Place, int] = defaultdict(int)
        #: the user's changes that no application has answered
        self.edits: dict[Place, str] = {}
        self.keys: dict[str, list[str]] = {name: [f"{self.name}-1"] for name in _FIELDS}
        put, key = self.client.put, f"{self.name}-1"
        put("User", User_Id=self.name)
        put("Address", Address_Id=key)
        put("Account", Account_Id=key, Address_Id=key)
        put("Account", Account_Id=f"{self.name}-other")
        put("Contact", Contact_Id=key, Account_Id=key, Last_Name="Doe")
        put("Trouble Ticket", Ticket_Number=key, Account_Id=key)
        self.client.extract(key)

    def play(self, steps: int) -> None:
        """Play some steps, then apply the file until nothing is left."""
        actions = (self.edit, self.edit, self.edit, self.change_at_the_hub, self.move, self.make, self.apply)
        for _ in range(steps):
            self.random.choice(actions)()
        self.apply()
        self.apply()

    def place(self) -> Place:
        name = self.random.choice(list(_FIELDS))
        return name, self.random.choice(self.keys[name]), self.random.choice(_FIELDS[name][1])

    def value(self) -> str:
        self.values += 1
        return f"value {self.values}"

    def edit(self) -> None:
        """The user changes a field of a record that is in the file."""
        name, key, field = place = self.place()
        value = self.value()
        column, table = snake_case(_FIELDS[name][0]), snake_case(name)
        changed = f"UPDATE {table} SET {snake_case(field)} = '{value}' WHERE {column} = '{key}' RETURNING 1"
        if self.client.sql(changed):
            self.edits[place] = value

    def make(self) -> None:
        """The user makes a ticket."""
        value, key = self.value(), f"{self.name}-new-{self.values + 1}"
        self.client.sql(
            "INSERT INTO trouble_ticket (ticket_number, account_id, summary) "
            f"VALUES ('{key}', '{self.name}-1', '{value}')"
        )
        self.keys["Trouble Ticket"].append(key)
        self.edits["Trouble Ticket", key, "Summary"] = value

    def change_at_the_hub(self) -> None:
        """Somebody at the hub changes a field of a record that is stored."""
        name, key, field = self.place()
        value = self.value()
        if self.client.road.stored(name, **{_FIELDS[name][0]: key}):
            self.client.put(name, **{_FIELDS[name][0]: key, field: value})
            self.hubs[name, key, field].append(value)

    def move(self) -> None:
        """Somebody at the hub moves the contact to another account, or back; seldom deletes a ticket."""
        if self.random.random() < 0.3:
            key = self.random.choice(self.keys["Trouble Ticket"])
            if self.client.road.stored("Trouble Ticket", Ticket_Number=key):
                self.client.delete("Trouble Ticket", Ticket_Number=key)
            return
        account = self.random.choice((f"{self.name}-1", f"{self.name}-other"))
        self.client.put("Contact", Contact_Id=f"{self.name}-1", Account_Id=account)

    def apply(self) -> None:
        """Apply the file; a killed application may be followed by more edits on both sides before the next try."""
        while self.random.random() < 0.4:
            self.die()
            self.random.choice((self.edit, self.change_at_the_hub, lambda: None))()
        self.client.apply()
        self.note_arrivals()
        self.prove_no_loss()
        self.prove_no_older_value()

    def die(self) -> None:
        """Apply the file, and be killed before, within or after the transaction."""
        content = read_bytes(self.client.file)
        place = self.random.choice(("write", "end", "answer"))
        if place == "answer":
            apply_file(self.client.road.open_hub, content, "file")
            self.client.file.with_name(self.client.file.name + ".part").write_bytes(b"half")
            self.note_arrivals()
            return
        target, name = (remote_apply, "load") if place == "write" else (RemoteFiles, "mark_taken")
        try:
            with patch.object(target, name, side_effect=Killed):
                apply_file(self.client.road.open_hub, content, "file")
        except Killed:
            pass

    def note_arrivals(self) -> None:
        """Note the user's values that the hub has now."""
        for (name, key, field), value in self.edits.items():
            hubs = self.hubs[name, key, field]
            if self.client.stored(name, field, **{_FIELDS[name][0]: key}) == [value] and value not in hubs:
                hubs.append(value)

    def prove_no_loss(self) -> None:
        returned = {(each.object, each.key, each.field, each.yours) for each in self.client.open_returned()}
        for place, value in self.edits.items():
            assert value in self.hubs[place] or (*place, value) in returned, f"{self.name}: {place} lost {value!r}"
        shown = {tuple(row) for row in self.client.sql("SELECT object, key, field, yours FROM returned")}
        assert shown == returned, f"{self.name}: the file shows other changes"
        self.edits.clear()

    def prove_no_older_value(self) -> None:
        for name, (key_field, fields) in _FIELDS.items():
            columns = ", ".join(map(snake_case, (key_field, *fields)))
            for key, *values in self.client.sql(f"SELECT {columns} FROM {snake_case(name)}"):
                for field, value in zip(fields, values, strict=True):
                    place = (name, key, field)
                    number = self.hubs[place].index(value)
                    assert number >= self.seen[place], f"{self.name}: {place} shows {value!r} again"
                    self.seen[place] = number
