"""A user's records are changed offline; each change is taken, or comes back to its author with the reason."""

from __future__ import annotations

import pathlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from adapters import remote_file
from adapters.remote_file import (
    RemoteFileChangedMeanwhile,
    RemoteFileFaulty,
    RemoteFileInUse,
    RemoteFileTooLarge,
    read_bytes,
    replace_bytes,
)
from hub.replication import remote_flat_edits
from hub.replication.remote_apply import RemoteFileSuperseded, RemoteFileUnknown, apply_file
from hub.replication.remote_extract import NoAccountsNamed, RemoteAccountUnknown, RemoteUserUnknown
from hub.workflow_manager.run import Run
from integration_objects.complex_object import instances
from integration_objects.property_set import PropertySet
from tests.hub.replication.remote_client import RemoteClient


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def client(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[RemoteClient]:
    made = RemoteClient.on(request, tmp_path)
    yield made
    made.road.close()


@pytest.fixture
def sqlite(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[RemoteClient]:
    request.param = "SQLite"
    made = RemoteClient.on(request, tmp_path)
    yield made
    made.road.close()


def test_a_file_has_the_records_of_the_users_accounts_and_no_others(sqlite: RemoteClient) -> None:
    sqlite.extract("A-1")
    assert sqlite.sql("SELECT account_id FROM account") == [("A-1",)]
    assert sqlite.sql("SELECT contact_id FROM contact") == [("C-1",)]
    assert sqlite.sql("SELECT address_id, street FROM address") == [("P-1", "Old Street 1")]
    sqlite.extract("A-1", hierarchy=True)
    assert sqlite.sql("SELECT account_id FROM account") == [("A-1",), ("A-2",)]


def test_a_later_extract_without_accounts_has_those_of_the_one_before(sqlite: RemoteClient) -> None:
    with pytest.raises(NoAccountsNamed):
        sqlite.extract()
    sqlite.extract("A-2")
    sqlite.extract()
    assert sqlite.sql("SELECT account_id FROM account") == [("A-2",)]


def test_an_unknown_user_or_account_gets_no_file(sqlite: RemoteClient) -> None:
    with pytest.raises(RemoteAccountUnknown):
        sqlite.extract("A-1", "Z-1")
    sqlite.put("User", User_Id="sales", Active_Flag="N")
    with pytest.raises(RemoteUserUnknown):
        sqlite.extract("A-1")


def test_changes_and_new_records_are_taken(client: RemoteClient) -> None:
    client.extract("A-1")
    client.sql(
        "UPDATE contact SET phone_number = '2' WHERE contact_id = 'C-1'",
        "UPDATE address SET city = ''",
        "UPDATE account SET name = 'Jane Doe', address_id = 'N-P'",
        "INSERT INTO contact (contact_id, account_id, last_name, address_id) VALUES ('N-C', 'A-1', 'New', 'N-P')",
        "INSERT INTO address (address_id, street) VALUES ('N-P', 'New Street')",
        "INSERT INTO trouble_ticket (ticket_number, account_id, contact_id) VALUES ('N-T', 'A-1', 'N-C')",
    )
    applied = client.apply()
    assert sorted(applied.taken) == [
        "Account A-1",
        "Address N-P",
        "Address P-1",
        "Contact C-1",
        "Contact N-C",
        "Trouble Ticket N-T",
    ]
    assert not applied.returned
    assert client.stored("Contact", "Phone Number", Contact_Id="C-1") == ["2"]
    assert client.stored("Account", "Address Id", Account_Id="A-1") == ["N-P"]
    assert client.sql("SELECT status FROM trouble_ticket WHERE ticket_number = 'N-T'") == [("Open",)], "the default"
    assert not client.apply().taken


def test_a_field_that_both_sides_changed_comes_back_and_the_other_fields_are_taken(client: RemoteClient) -> None:
    client.extract("A-1")
    client.sql("UPDATE contact SET phone_number = '2', job_title = 'Owner' WHERE contact_id = 'C-1'")
    client.put("Contact", Contact_Id="C-1", Phone_Number="3")
    client.apply()
    assert client.sql("SELECT phone_number, job_title FROM contact") == [("3", "Owner")]
    assert client.sql("SELECT object, key, field, base, yours, hub FROM returned") == [
        ("Contact", "C-1", "Phone Number", "1", "2", "3")
    ]
    assert [change.conflict for change in client.open_returned()] == ["update_differing"]


def test_a_returned_change_stays_until_its_author_lets_it_go_or_changes_the_field_again(sqlite: RemoteClient) -> None:
    sqlite.extract("A-1")
    sqlite.sql("UPDATE contact SET phone_number = '2', job_title = 'Owner'")
    sqlite.put("Contact", Contact_Id="C-1", Phone_Number="3", Job_Title="Chief")
    sqlite.apply()
    sqlite.apply()
    sqlite.extract("A-1")
    assert sqlite.sql("SELECT field FROM returned ORDER BY field") == [("Job Title",), ("Phone Number",)]
    sqlite.sql("DELETE FROM returned WHERE field = 'Job Title'", "UPDATE contact SET phone_number = '2'")
    assert sqlite.apply().taken == ["Contact C-1"]
    assert not sqlite.open_returned()
    assert sqlite.stored("Contact", "Phone Number", Contact_Id="C-1") == ["2"]


def test_a_change_that_the_hub_refuses_comes_back_with_the_hubs_words(client: RemoteClient) -> None:
    client.extract("A-1")
    client.sql(
        "UPDATE trouble_ticket SET severity = 'Awful'",
        "UPDATE contact SET job_title = 'Owner'",
        "INSERT INTO contact (contact_id, account_id) VALUES ('N-C', 'A-1')",
    )
    applied = client.apply()
    assert applied.taken == ["Contact C-1"]
    reasons = {(change.key, change.field): change.reason for change in applied.returned}
    assert set(reasons) == {("T-1", "Severity"), ("N-C", "Contact Id"), ("N-C", "Account Id")}
    assert "Awful" in reasons["T-1", "Severity"]
    assert client.sql("SELECT contact_id FROM contact") == [("C-1",)]


def test_what_cannot_be_changed_offline_comes_back(sqlite: RemoteClient) -> None:
    sqlite.extract("A-1")
    sqlite.sql(
        "UPDATE account SET status = 'Closed'",
        "INSERT INTO account (account_id, name) VALUES ('N-A', 'New')",
        "DELETE FROM trouble_ticket",
        "INSERT INTO om_order (row_id, account_id) VALUES ('N-O', 'A-1')",
    )
    applied = sqlite.apply()
    assert not applied.taken
    assert [(change.object, change.field) for change in applied.returned] == [
        ("Account", "Status"),
        ("Account", "Account Id"),
        ("Account", "Name"),
        ("Trouble Ticket", None),
        ("OM Order", "Row Id"),
        ("OM Order", "Account Id"),
    ]
    assert sqlite.sql("SELECT ticket_number FROM trouble_ticket") == [("T-1",)]


def test_a_record_that_left_the_users_sight_comes_back_without_the_hubs_values(client: RemoteClient) -> None:
    client.extract("A-1")
    client.sql("UPDATE contact SET phone_number = '2'")
    client.put("Contact", Contact_Id="C-1", Account_Id="B-1", Phone_Number="secret")
    client.apply()
    assert client.stored("Contact", "Phone Number", Contact_Id="C-1") == ["secret"]
    assert client.sql("SELECT key, field, yours, hub FROM returned") == [("C-1", "Phone Number", "2", None)]
    assert [change.conflict for change in client.open_returned()] == ["out_of_sight"]


def test_accounts_that_a_later_extract_lacks_are_out_of_sight(sqlite: RemoteClient) -> None:
    sqlite.extract("A-1")
    sqlite.extract("A-2", file=sqlite.file.with_name("later.db"))
    sqlite.sql("UPDATE trouble_ticket SET summary = 'changed'")
    assert [change.conflict for change in sqlite.apply().returned] == ["out_of_sight"]


def test_a_change_of_a_deleted_record_comes_back(client: RemoteClient) -> None:
    client.extract("A-1")
    client.sql("UPDATE trouble_ticket SET summary = 'changed'")
    client.delete("Trouble Ticket", Ticket_Number="T-1")
    client.apply()
    assert [(change.yours, change.conflict) for change in client.open_returned()] == [
        ("changed", "update_recently_deleted")
    ]


def test_no_change_reaches_the_records_of_other_accounts(sqlite: RemoteClient) -> None:
    sqlite.put("Address", Address_Id="P-9", Street="Secret")
    sqlite.extract("A-1")
    sqlite.sql(
        "UPDATE account SET address_id = 'P-9'",
        "INSERT INTO contact (contact_id, account_id, last_name) VALUES ('C-9', 'A-1', 'Mine')",
        "INSERT INTO contact (contact_id, account_id, last_name) VALUES ('N-C', 'B-1', 'New')",
        "INSERT INTO address (address_id, street) VALUES ('N-P', 'Nobody')",
        "UPDATE contact SET account_id = NULL WHERE contact_id = 'C-1'",
    )
    applied = sqlite.apply()
    assert not applied.taken
    assert {(change.key, change.conflict) for change in applied.returned} == {
        ("A-1", "refused"),
        ("C-9", "insert_exists"),
        ("N-C", "out_of_sight"),
        ("N-P", "out_of_sight"),
        ("C-1", "refused"),
    }
    assert all(change.hub in (None, "P-1", "A-1") for change in applied.returned)


def test_the_same_file_again_has_the_same_answer_and_changes_nothing(client: RemoteClient) -> None:
    client.extract("A-1")
    client.sql("UPDATE contact SET phone_number = '2'")
    before = read_bytes(client.file)
    client.apply()
    answer = read_bytes(client.file)
    client.put("Contact", Contact_Id="C-1", Phone_Number="3")
    client.file.write_bytes(before)
    assert client.apply().is_repeated
    assert read_bytes(client.file) == answer
    assert client.stored("Contact", "Phone Number", Contact_Id="C-1") == ["3"]


def test_further_changes_of_a_file_whose_answer_was_lost_are_taken(sqlite: RemoteClient) -> None:
    sqlite.extract("A-1")
    sqlite.sql("UPDATE contact SET phone_number = '2'")
    apply_file(sqlite.road.open_hub, read_bytes(sqlite.file), "file")
    sqlite.sql("UPDATE contact SET job_title = 'Owner'")
    applied = sqlite.apply()
    assert (list(applied.taken), list(applied.returned)) == (["Contact C-1"], [])
    assert sqlite.sql("SELECT phone_number, job_title FROM contact") == [("2", "Owner")]


def test_a_file_that_is_older_than_what_the_user_has_seen_is_refused(sqlite: RemoteClient) -> None:
    sqlite.extract("A-1")
    old = read_bytes(sqlite.file)
    sqlite.apply()
    sqlite.extract("A-1", file=sqlite.file.with_name("later.db"))
    with pytest.raises(RemoteFileSuperseded, match="was made since its answer"):
        apply_file(sqlite.road.open_hub, old, "file")
    sqlite.apply()
    with pytest.raises(RemoteFileSuperseded, match="file 2 was applied since"):
        apply_file(sqlite.road.open_hub, old, "file")


def test_a_file_that_was_changed_while_it_was_applied_is_not_replaced(sqlite: RemoteClient) -> None:
    sqlite.extract("A-1")
    before = read_bytes(sqlite.file)
    sqlite.sql("UPDATE contact SET phone_number = '2'")
    with pytest.raises(RemoteFileChangedMeanwhile):
        replace_bytes(sqlite.file, b"answer", before)


def test_a_file_in_wal_mode_is_read(sqlite: RemoteClient) -> None:
    sqlite.extract("A-1")
    sqlite.sql("PRAGMA journal_mode = WAL", "UPDATE contact SET phone_number = '2'")
    assert sqlite.apply().taken == ["Contact C-1"]


def test_a_file_that_another_program_is_changing_is_refused(sqlite: RemoteClient) -> None:
    sqlite.extract("A-1")
    with closing(sqlite3.connect(sqlite.file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("UPDATE contact SET phone_number = '2'")
        with pytest.raises(RemoteFileInUse):
            sqlite.apply()


@pytest.mark.parametrize(
    ("statement", "error", "words"),
    [
        ("UPDATE base_contact SET phone_number = '7'", RemoteFileUnknown, "the downloaded values were changed"),
        ("UPDATE orderhub_file SET user_id = 'other'", RemoteFileUnknown, "no file of this id and number"),
        ("UPDATE orderhub_file SET number = '7'", RemoteFileUnknown, "no file of this id and number"),
        ("UPDATE orderhub_file SET id = 'guessed'", RemoteFileUnknown, "no file of this id and number"),
        ("DELETE FROM orderhub_file", RemoteFileFaulty, "the one row that the hub wrote"),
        ("UPDATE orderhub_file SET number = 'x'", RemoteFileFaulty, "the one row that the hub wrote"),
        ("ALTER TABLE contact ADD COLUMN more", RemoteFileFaulty, "the table contact is missing"),
        ("DROP TABLE returned", RemoteFileFaulty, "the table returned is missing"),
        ("UPDATE contact SET phone_number = x'ff'", RemoteFileFaulty, "is no text"),
        ("UPDATE contact SET phone_number = CAST(x'ff' AS TEXT)", RemoteFileFaulty, "Could not decode"),
        ("UPDATE contact SET contact_id = ''", RemoteFileFaulty, "has no contact_id"),
        ("INSERT INTO returned (key) VALUES ('1')", RemoteFileFaulty, "has no id"),
    ],
)
def test_a_file_that_the_hub_did_not_make_so_is_refused(
    sqlite: RemoteClient, statement: str, error: type[Exception], words: str
) -> None:
    sqlite.put("User", User_Id="other")
    sqlite.extract("A-1")
    sqlite.sql(statement)
    before = read_bytes(sqlite.file)
    with pytest.raises(error, match=words):
        sqlite.apply()
    assert read_bytes(sqlite.file) == before


def test_a_view_in_the_place_of_a_table_is_refused(sqlite: RemoteClient) -> None:
    sqlite.extract("A-1")
    sqlite.sql("DROP TABLE contact", "CREATE VIEW contact AS SELECT * FROM base_contact")
    with pytest.raises(RemoteFileFaulty, match="the table contact is missing"):
        sqlite.apply()


def test_damaged_bytes_are_refused(sqlite: RemoteClient) -> None:
    sqlite.extract("A-1")
    whole = read_bytes(sqlite.file)
    for content in (b"", b"junk", whole[:100], whole[:50_000], whole[:4096] + bytes(4096) + whole[8192:]):
        with pytest.raises(RemoteFileFaulty):
            apply_file(sqlite.road.open_hub, content, "file")


def test_a_huge_file_is_refused(sqlite: RemoteClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sqlite.extract("A-1")
    monkeypatch.setattr(remote_file, "MOST_BYTES", 1000)
    with pytest.raises(RemoteFileTooLarge):
        sqlite.apply()
    with pytest.raises(RemoteFileTooLarge):
        sqlite.extract("A-1")


def test_a_value_that_no_column_can_hold_comes_back(client: RemoteClient) -> None:
    client.extract("A-1")
    client.sql(f"UPDATE contact SET phone_number = '{'9' * 100}', job_title = 'a' || char(1)")
    assert len(client.apply().returned) == 2


def test_a_record_that_changes_while_the_file_is_applied_is_read_again(
    sqlite: RemoteClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite.extract("A-1")
    sqlite.sql("UPDATE contact SET phone_number = '2'")
    shift = iter(["7"])
    write = remote_flat_edits.load

    def behind_time(run: Run, tree: PropertySet) -> list[str]:
        for node in instances(tree):
            node.properties["Modification Number"] = next(shift, node.get("Modification Number"))
        return write(run, tree)

    monkeypatch.setattr(remote_flat_edits, "load", behind_time)
    assert sqlite.apply().taken == ["Contact C-1"]


@pytest.mark.parametrize(
    "edit",
    [
        "INSERT INTO trouble_ticket (ticket_number, account_id) VALUES ('N' || char(0), 'A-1')",
        "UPDATE account SET name = 'Jane' || char(0)",
        "UPDATE orderhub_file SET user_id = 'sales' || char(0)",
    ],
)
def test_a_file_with_the_character_zero_is_refused_and_left(client: RemoteClient, edit: str) -> None:
    client.extract("A-1")
    client.sql(edit)
    before = client.file.read_bytes()
    with pytest.raises(RemoteFileFaulty, match=r"has the character U\+0000"):
        client.apply()
    assert client.file.read_bytes() == before
