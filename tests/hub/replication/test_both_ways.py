"""Both sides exchange files by the real import and export, with the stand-in for billing."""

from __future__ import annotations

from adapters.database.replication.agreed import AgreedRecord
from adapters.database.replication.decisions import Decision
from adapters.database.replication.rows import FeedRow
from hub.deployment.feed import FlatRow
from hub.replication.compare import Row
from hub.replication.flat_row import digest_of
from hub.replication.merge import merge_rows
from hub.replication.opened_feed import OpenFeed
from hub.replication.row_decisions import DecidedRow
from integration_objects.complex_object import message
from integration_objects.property_set import PropertySet
from tests.hub.replication.conflict_table import DELETE_CELLS, FIELD_CELLS, NUMBERS, RECORD_CELLS, Cell, owner_of
from tests.hub.replication.two_sides import FEED, TwoSides


def exchange(sides: TwoSides) -> int:
    """Exchange files in both directions, with all answers; return the number of records that were carried."""
    (changed,) = sides.billing.database.execute("SELECT count(*) FROM unsent").fetchone()
    sides.billing.write()
    sides.imported()
    sent = sides.export()
    sides.billing.read()
    sides.imported()
    sides.billing.read()
    return int(changed) + len(sent)


def test_the_third_exchange_is_empty(sides: TwoSides) -> None:
    sides.put("1", Name="the hub's", Status="Active")
    sides.billing.add("2", {"CUST-NAME": "billing's", "CUST-STAT": "A", "CONTACT-LAST": "Doe", "CITY": "Tacoma"})
    assert exchange(sides) == 2
    sides.put("2", Name="changed by the hub")
    sides.billing.set("2", {"CUST-NAME": "changed by billing", "CITY": "Spokane"})
    assert [exchange(sides), exchange(sides), exchange(sides)] == [1, 0, 0]
    assert sides.ours()["2"][0] == sides.billing.accounts()["2"][0] == "changed by billing"
    assert sides.billing.accounts()["1"][0] == "the hub's"


def test_an_account_with_an_open_order_is_not_deleted_by_billing(sides: TwoSides) -> None:
    sides.put("1", Name="one", Status="Active")
    exchange(sides)
    sides.open_order("1")
    sides.billing.delete("1")
    assert [exchange(sides), exchange(sides), exchange(sides)] == [2, 0, 0]
    assert sides.ours()["1"][1] == "Active"
    assert sides.billing.accounts()["1"][0] == "one", "the hub sent it again"
    with sides.open_hub.read() as transaction:
        (conflict,) = OpenFeed(sides.open_hub, sides.feed).decisions(transaction).conflicts(10, every=True)
    assert (conflict.conflict, conflict.outcome) == ("projected_change_pending", "agreed")


# The conflict table, by the real import: each cell is a record of its own in one batch.

#: A field of the shipped feed for each owner.
PLACES = {"partner": 0, "hub": 1, "counter": 2, "newest": 3, "manual": 10}
#: The values of the field Status, which has codes.
STATUSES = {"a": "Active", "b": "Inactive", "c": "Suspended", "d": "Gone"}
OLDER, NEWER = "20250101000000", "20990101000000"


def value_of(letter: str, owner: str) -> str:
    return {"counter": NUMBERS, "hub": STATUSES}.get(owner, {}).get(letter, letter)


def row_of(letter: str, owner: str) -> Row:
    """A record whose field of this owner has the letter's value; it has a name of a contact, which must be there."""
    row: list[str | None] = [None] * 11
    row[10] = "Doe"
    row[PLACES[owner]] = value_of(letter, owner)
    return tuple(row)


class Table:
    """The cells as they are put into the hub and merged."""

    def __init__(self, sides: TwoSides) -> None:
        self._sides = sides
        self.agreed: list[AgreedRecord] = []
        self.rows: list[FeedRow] = []

    def add(
        self, key: str, operation: str, agreed: str, ours: str, theirs: str, owner: str, version: str | None
    ) -> None:
        if agreed != "-":
            values = row_of("a", owner)
            self.agreed.append(
                AgreedRecord(key, values, digest_of(values), None, agreed == "x", None, None, None, "before", 1)
            )
        if ours == "closed":
            self._sides.put(key, Status="Closed")
        elif ours != "-":
            self._store(key, row_of(ours, owner))
        fields = row_of(theirs, owner) if theirs else (None,) * 11
        position = len(self.rows) + 1
        digest = digest_of(fields)
        self.rows.append(FeedRow(position, key, operation, version, digest, None, None, "IN_PROGRESS", None, fields))

    def _store(self, key: str, row: FlatRow) -> None:
        names = ("Name", "Status", "Credit Limit", "Phone Number")
        values = {name: value for name, value in zip(names, row, strict=False) if value is not None}
        contact = {"Contact Id": f"{key}-C", "Account Id": key, "Primary Flag": "Y", "Last Name": row[10]}
        with self._sides.open_hub.write() as transaction:
            account = PropertySet("Account", properties={"Account Id": key, **values})
            transaction.store.upsert(message("Account", [account]))
            transaction.store.upsert(message("Contact", [PropertySet("Contact", properties=contact)]))

    def merged(self) -> dict[str, DecidedRow]:
        feed = OpenFeed(self._sides.open_hub, self._sides.feed)
        with self._sides.open_hub.write() as transaction:
            feed.agreed(transaction).put(self.agreed)
            batch = feed.batches(transaction).add(FEED, "in", "delta", "merging", records=len(self.rows))
            feed.rows(transaction).add(batch.id, self.rows)
            return {row.row.key or "": row for row in merge_rows(feed, transaction, batch, self.rows)}

    def conflicts(self, key: str) -> list[Decision]:
        with self._sides.open_hub.read() as transaction:
            feed = OpenFeed(self._sides.open_hub, self._sides.feed)
            return list(feed.decisions(transaction).conflicts(10, every=True, key=key))


def test_the_import_decides_each_field_as_the_table_declares(sides: TwoSides) -> None:
    """The cells with an open order's value are left out: no order of the hub brings a value of an account."""
    table = Table(sides)
    cells = {}
    for number, cell in enumerate(each for each in FIELD_CELLS if each.values["pending"] == "-"):
        owner = owner_of(cell.column)
        values = cell.values
        operation = "add" if values["agreed"] == "-" else "change"
        version = NEWER if cell.column == "newest+" else OLDER
        table.add(f"K{number}", operation, values["agreed"], values["ours"], values["theirs"], owner, version)
        cells[f"K{number}"] = cell
    merged = table.merged()
    ours = sides.ours()
    for key, cell in cells.items():
        owner = owner_of(cell.column)
        decision = merged[key].decision
        assert decision is not None, f"{cell}: {merged[key].reason}"
        field = decision.fields[PLACES[owner]]
        assert (field.outcome, field.conflict) == (cell.outcome, cell.conflict), str(cell)
        assert ours[key][PLACES[owner]] == field.value, str(cell)
        names = {conflict.conflict for conflict in table.conflicts(key)}
        assert names == ({cell.conflict} if cell.conflict else set()), str(cell)


def test_the_import_decides_each_record_as_the_table_declares(sides: TwoSides) -> None:
    """The feed reports records that a full file lacks; the cells of a feed that deletes them are left out."""
    table = Table(sides)
    cells: dict[str, Cell] = {}
    for number, cell in enumerate((*RECORD_CELLS, *DELETE_CELLS)):
        if cell.column == "missing+":
            continue
        values = cell.values
        key = f"K{number}"
        table.add(key, cell.column, values["agreed"], values["ours"], values.get("theirs", ""), "hub", None)
        if values.get("pending") == "yes":
            sides.open_order(key)
        cells[key] = cell
    merged = table.merged()
    ours = sides.ours()
    for key, cell in cells.items():
        decision = merged[key].decision
        assert decision is not None, f"{cell}: {merged[key].reason}"
        of_field = decision.fields[PLACES["hub"]].conflict if decision.fields else None
        found = (decision.outcome, decision.conflict, of_field)
        assert found == (cell.outcome, cell.conflict, cell.of_field), str(cell)
        stored = None if key not in ours or ours[key][1] == "Closed" else ours[key]
        assert (stored and stored[1]) == (decision.ours and decision.ours[1]), str(cell)


def test_a_file_that_came_without_its_last_line_end_is_not_sent_for_ever(sides: TwoSides) -> None:
    """All of its records and totals are there, so it is taken; the whole file has other bytes, and is refused."""
    sides.billing.add("1", {"CUST-NAME": "one", "CUST-STAT": "A", "CONTACT-LAST": "Doe"})
    number = sides.billing.write()
    path = sides.folder / "inbox" / f"ACCOUNTS.{number:08}.txt"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert sides.imported() == ["ACCOUNTS.00000001.txt done"]
    path.write_bytes(whole)
    assert sides.imported() == ["ACCOUNTS.00000001.txt refused"]
    assert sides.billing.read() == 2
    assert sides.imported() == [], "billing was told that the hub has the file"
