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
from hub.replication import remote_flat_edits
from hub.replication.quote_workflows import QuoteWorkflows
from hub.replication.remote_apply import apply_file
from integration_objects.complex_object import attribute_value, attributes, items_of
from integration_objects.component import snake_case
from integration_objects.errors import Refused
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet
from tests.hub.replication.remote_client import RemoteClient
from tests.road import Road

_FIELDS = {
    "Account": ("Account Id", ("Phone Number", "Email Address")),
    "Address": ("Address Id", ("Street", "City")),
    "Contact": ("Contact Id", ("Phone Number", "Job Title", "First Name")),
    "Trouble Ticket": ("Ticket Number", ("Summary", "Description")),
    "OM Quote": ("Row Id", ("Description",)),
}
_LINE, _ATTRIBUTE, _NAMED = "Quote Line Item", "Quote Line Item Attribute", "Listing Name"
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
        self.keys["OM Quote"] = []
        #: the quotes that the user has made, or deleted, and that no application has answered
        self.made: dict[str, tuple[str, str]] = {}
        self.deleted: set[str] = set()
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
        actions = (
            *(self.edit, self.edit, self.edit_line, self.edit_line, self.make, self.make_quote, self.delete_quote),
            *(self.change_at_the_hub, self.edit_at_the_hub, self.move, self.move_quote, self.apply),
        )
        for _ in range(steps):
            self.random.choice(actions)()
        self.apply()
        self.apply()

    def place(self) -> Place:
        name = self.random.choice([name for name in _FIELDS if self.keys[name]])
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

    def make_quote(self) -> None:
        """The user makes a quote with a line."""
        key, description, number = f"{self.name}-new-{self.values + 1}", self.value(), self.value()
        self.client.sql(
            "INSERT INTO om_quote (row_id, account_id, description) "
            f"VALUES ('{key}', '{self.name}-1', '{description}')",
            "INSERT INTO quote_line_item (quote_id, integration_id, product_id, service_id) "
            f"VALUES ('{key}', 'L', 'Local Line', '{number}')",
        )
        self.made[key] = (description, number)

    def delete_quote(self) -> None:
        """The user deletes a quote that is in the file."""
        keys = [key for (key,) in self.client.sql("SELECT row_id FROM base_om_quote")]
        if not keys or self.random.random() < 0.6:
            return
        key = self.random.choice(keys)
        for table, column in (("om_quote", "row_id"), ("quote_line_item", "quote_id")):
            self.client.sql(f"DELETE FROM {table} WHERE {column} = '{key}'")
        self.client.sql(f"DELETE FROM quote_line_item_attribute WHERE quote_id = '{key}'")
        self.deleted.add(key)
        self.edits = {place: value for place, value in self.edits.items() if place[1].split("/")[0] != key}

    def edit_line(self) -> None:
        """The user changes the number, or an attribute, of a line that is in the file."""
        lines = self.client.sql(
            "SELECT quote_id, integration_id FROM quote_line_item "
            "WHERE quote_id IN (SELECT row_id FROM base_om_quote) AND product_id = 'Local Line'"
        )
        if not lines:
            return
        quote, line = self.random.choice(sorted(lines))
        value, where = self.value(), f"WHERE quote_id = '{quote}' AND integration_id = '{line}'"
        if self.random.random() < 0.5:
            self.client.sql(f"UPDATE quote_line_item SET service_id = '{value}' {where}")
            self.edits[_LINE, f"{quote}/{line}", "Service Id"] = value
        else:
            self.client.sql(
                f"INSERT INTO quote_line_item_attribute VALUES ('{quote}', '{line}', '{_NAMED}', '{value}') "
                "ON CONFLICT DO UPDATE SET value = excluded.value"
            )
            self.edits[_ATTRIBUTE, f"{quote}/{line}/{_NAMED}", "Value"] = value

    def edit_at_the_hub(self) -> None:
        """Somebody at the hub changes the same by the hub's workflow."""
        quotes = self.quotes()
        if not quotes:
            return
        quote = self.random.choice(quotes)
        for item in items_of(quote):
            value, place = self.value(), f"{quote.get('Row Id')}/{item.get(KEY)}"
            is_number = self.random.random() < 0.5
            part = {"fields": {"Service Id": value}} if is_number else {"attributes": {_NAMED: value}}
            asked = {"request": "set", "item": item.get(KEY), **part}
            try:
                self.client.road.ask(
                    "edit-quote-line-item", quote=quote.get("Quote Number"), line=item.get(KEY), requests=[asked]
                )
            except Refused:
                return  # the quote is another account's at the moment
            name = (_LINE, place, "Service Id") if is_number else (_ATTRIBUTE, f"{place}/{_NAMED}", "Value")
            self.hubs[name].append(value)

    def move_quote(self) -> None:
        """Somebody at the hub moves a quote to another account, or back; or deletes it."""
        quotes = self.quotes()
        if not quotes:
            return
        quote = self.random.choice(quotes)
        row_id = quote.get("Row Id") or ""
        if self.random.random() < 0.2:
            self.client.delete("OM Quote", Row_Id=row_id)
            return
        account = self.random.choice((f"{self.name}-1", f"{self.name}-1", f"{self.name}-other"))
        self.client.put("OM Quote", Row_Id=row_id, Account_Id=account)

    def quotes(self) -> list[PropertySet]:
        """The quotes of this user's accounts."""
        accounts = [f"{self.name}-1", f"{self.name}-other"]
        return [quote for account in accounts for quote in self.client.road.stored("OM Quote", Account_Id=account)]

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
        place = self.random.choice(("write", "ask", "end", "answer"))
        if place == "answer":
            apply_file(self.client.road.open_hub, content, "file")
            self.client.file.with_name(self.client.file.name + ".part").write_bytes(b"half")
            self.note_arrivals()
            return
        target, name = {
            "write": (remote_flat_edits, "load"),
            "ask": (QuoteWorkflows, "ask"),
            "end": (RemoteFiles, "mark_taken"),
        }[place]
        try:
            with patch.object(target, name, side_effect=Killed):
                apply_file(self.client.road.open_hub, content, "file")
        except Killed:
            return
        # Nothing was killed where the file had no such edit: the answer is lost.
        self.note_arrivals()

    def note_arrivals(self) -> None:
        """Note the user's values that the hub has now."""
        quotes = self.quotes()
        for (name, key, field), value in self.edits.items():
            hubs = self.hubs[name, key, field]
            if self.value_at_the_hub(quotes, name, key, field) == value and value not in hubs:
                hubs.append(value)
        for quote in quotes:
            if quote.get("Row Id") in self.keys["OM Quote"]:
                continue
            row_id = quote.get("Row Id") or ""
            self.keys["OM Quote"].append(row_id)
            self.hubs["OM Quote", row_id, "Description"].append(quote.get("Description"))
            for item in items_of(quote):
                self.hubs[_LINE, f"{row_id}/{item.get(KEY)}", "Service Id"].append(item.get("Service Id"))

    def value_at_the_hub(self, quotes: list[PropertySet], name: str, key: str, field: str) -> str | None:
        if name in _FIELDS:
            return next(iter(self.client.stored(name, field, **{_FIELDS[name][0]: key})), None)
        quote, line = key.split("/")[:2]
        for item in (item for each in quotes if each.get("Row Id") == quote for item in items_of(each)):
            if item.get(KEY) == line:
                named = {node.get("Name"): attribute_value(node) for node in attributes(item)}
                return item.get(field) if name == _LINE else named.get(_NAMED)
        return None

    def prove_no_loss(self) -> None:
        returned = {(each.object, each.key, each.field, each.yours) for each in self.client.open_returned()}
        for place, value in self.edits.items():
            assert value in self.hubs[place] or (*place, value) in returned, f"{self.name}: {place} lost {value!r}"
        values = {yours for *_, yours in returned}
        for key, made in self.made.items():
            for value in made:
                arrived = any(value in hubs for hubs in self.hubs.values())
                assert arrived or value in values, f"{self.name}: {key} lost {value!r}"
            assert sum(quote.get("Description") == made[0] for quote in self.quotes()) <= 1, f"{key} was made twice"
        there = {quote.get("Row Id") for quote in self.quotes()}
        for key in self.deleted & there:
            assert ("OM Quote", key, None, None) in returned, f"{self.name}: the deletion of {key} was lost"
        shown = {tuple(row) for row in self.client.sql("SELECT object, key, field, yours FROM returned")}
        assert shown == returned, f"{self.name}: the file shows other changes"
        self.edits.clear()
        self.made.clear()
        self.deleted.clear()

    def prove_no_older_value(self) -> None:
        for name, (key_field, fields) in _FIELDS.items():
            columns = ", ".join(map(snake_case, (key_field, *fields)))
            for key, *values in self.client.sql(f"SELECT {columns} FROM {snake_case(name)}"):
                for field, value in zip(fields, values, strict=True):
                    self.prove_newer((name, key, field), value)
        for quote, line, number in self.client.sql("SELECT quote_id, integration_id, service_id FROM quote_line_item"):
            self.prove_newer((_LINE, f"{quote}/{line}", "Service Id"), number)
        named = self.client.sql("SELECT quote_id, integration_id, name, value FROM quote_line_item_attribute")
        for quote, line, name, value in named:
            self.prove_newer((_ATTRIBUTE, f"{quote}/{line}/{name}", "Value"), value)

    def prove_newer(self, place: Place, value: str | None) -> None:
        number = self.hubs[place].index(value)
        assert number >= self.seen[place], f"{self.name}: {place} shows {value!r} again"
        self.seen[place] = number
