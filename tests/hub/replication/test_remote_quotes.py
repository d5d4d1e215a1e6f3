"""Quotes are written offline: the hub's workflows take them, or they come back to their author with the reason."""

from __future__ import annotations

import pathlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from adapters.remote_file import RemoteFileFaulty, read_bytes
from hub.replication.quote_workflows import QuoteWorkflows
from hub.replication.remote_apply import RemoteFileUnknown, apply_file
from integration_objects.complex_object import items_of
from integration_objects.property_set import PropertySet
from tests.hub.replication.remote_client import RemoteClient, stocked
from tests.road import sample

#: the products of a package, each with its key and the key above it
PACKAGE = (
    ("L1", None, "Local Breakthrough Package"),
    ("L2", "L1", "Local Line"),
    ("L3", "L2", "Caller Id"),
    ("L4", "L2", "Call Forwarding"),
)
FORWARDING = "Forwarding Number"


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def client(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[RemoteClient]:
    made = RemoteClient.on(request, tmp_path)
    stocked(made.road)
    yield made
    made.road.close()


@pytest.fixture
def sqlite(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[RemoteClient]:
    request.param = "SQLite"
    made = RemoteClient.on(request, tmp_path)
    stocked(made.road)
    yield made
    made.road.close()


def line(quote: str, key: str, above: str | None, product: str, **fields: str) -> str:
    """The statement that writes a line."""
    columns = {"quote_id": quote, "integration_id": key, "parent_item_id": above, "product_id": product, **fields}
    values = ", ".join("NULL" if value is None else f"'{value}'" for value in columns.values())
    return f"INSERT INTO quote_line_item ({', '.join(columns)}) VALUES ({values})"


def package(quote: str, prefix: str = "") -> list[str]:
    """The statements that write a package."""
    written = [line(quote, prefix + key, above and prefix + above, product) for key, above, product in PACKAGE]
    return [*written, f"INSERT INTO quote_line_item_attribute VALUES ('{quote}', '{prefix}L4', '{FORWARDING}', '1')"]


def new_quote(quote: str = "N-1", account: str = "A-1", **fields: str) -> str:
    """The statement that writes a quote's header."""
    columns = {"row_id": quote, "account_id": account, **fields}
    return (
        f"INSERT INTO om_quote ({', '.join(columns)}) VALUES ({', '.join(repr(value) for value in columns.values())})"
    )


def downloaded(client: RemoteClient, *more: str) -> PropertySet:
    """A quote with a package is in the hub and in the file."""
    client.extract("A-1")
    client.sql(new_quote(), *package("N-1"), *more)
    applied = client.apply()
    assert not applied.returned, [change.reason for change in applied.returned]
    (quote,) = client.road.stored("OM Quote")
    return quote


def products(quote: PropertySet) -> list[tuple[str | None, str | None]]:
    return [(item.get("Product Id"), item.get("Action Code")) for item in items_of(quote)]


def of(client: RemoteClient) -> PropertySet:
    (quote,) = client.road.stored("OM Quote")
    return quote


def change(client: RemoteClient, product: str, assignment: str) -> None:
    client.sql(f"UPDATE quote_line_item SET {assignment} WHERE product_id = '{product}'")


def edit(client: RemoteClient, quote: PropertySet, *requests: dict[str, Any]) -> None:
    """Somebody at the hub edits the package."""
    number = quote.get("Quote Number")
    client.road.ask("edit-quote-line-item", quote=number, line="1", requests=list(requests))


def reasons(client: RemoteClient) -> dict[tuple[str, str | None], str]:
    return {(each.object, each.field): each.reason for each in client.open_returned()}


# New quotes


def test_a_quote_is_written_offline_and_gets_the_hubs_number_and_prices(client: RemoteClient) -> None:
    quote = downloaded(client)
    assert products(quote) == [(product, "Add") for _, _, product in PACKAGE]
    assert client.sql("SELECT quote_number, status, currency_code, price_list_id FROM om_quote") == [
        (quote.get("Quote Number"), "In Progress", "USD", "Standard")
    ]
    assert client.sql("SELECT adjusted_price FROM quote_line_item WHERE parent_item_id IS NULL") == [("19.95",)]
    assert client.sql("SELECT value FROM quote_line_item_attribute WHERE name = 'Forwarding Number'") == [("1",)]
    assert client.sql("SELECT kind, product_id FROM quote_note") == [("service id", "Local Line")]
    assert not client.apply().taken
    assert not client.sql("PRAGMA foreign_key_check")


def test_a_new_line_comes_without_default_components_so_that_the_quote_is_what_the_customer_was_told(
    sqlite: RemoteClient,
) -> None:
    sqlite.extract("A-1")
    sqlite.sql(new_quote(), line("N-1", "L1", None, "Local Breakthrough Package"))
    assert [taken.split()[-1] for taken in sqlite.apply().taken] == ["(N-1)"]
    assert "has 0 Local Line, and needs at least 1" in reasons(sqlite)["Quote Line Item", "Product Id"]
    assert not products(of(sqlite))


def test_a_price_that_the_customer_was_told_and_that_is_another_now_brings_the_lines_back(
    sqlite: RemoteClient,
) -> None:
    sqlite.extract("A-1")
    sqlite.sql(new_quote(), line("N-1", "L1", None, "Local Line", adjusted_price="12.00"))
    sqlite.road.load(sample("price_list.xml").replace(b"<Price>12.00</Price>", b"<Price>13.50</Price>"))
    sqlite.apply()
    assert reasons(sqlite)["Quote Line Item", "Adjusted Price"].startswith("the Adjusted Price of 'Local Line' is 13.5")
    sqlite.sql(line(of(sqlite).get("Row Id") or "", "L1", None, "Local Line", adjusted_price="13.50"))
    sqlite.apply()
    assert products(of(sqlite)) == [("Local Line", "Add")]
    assert not sqlite.open_returned()


def test_a_product_without_a_price_or_unknown_brings_the_lines_back(sqlite: RemoteClient) -> None:
    sqlite.extract("A-1")
    assert ("Calling Card",) in sqlite.sql("SELECT product_id FROM product")
    sqlite.put("Product", Product_Id="Gone")
    sqlite.sql(new_quote(), line("N-1", "L1", None, "Gone"), line("N-1", "L2", None, "Never"))
    sqlite.apply()
    found = {change.key.split("/")[1]: change.reason for change in sqlite.open_returned()}
    assert "has no price for 1 product" in found["L1"]
    assert "Never" in found["L2"]


def test_a_refused_quote_comes_back_whole(sqlite: RemoteClient) -> None:
    sqlite.extract("A-1")
    sqlite.sql(new_quote("N-1", "B-1"), *package("N-1"), new_quote("N-2", valid_until_date="soon"))
    applied = sqlite.apply()
    assert not applied.taken
    assert {(each.key, each.conflict) for each in applied.returned if each.object == "OM Quote"} == {
        ("N-1", "out_of_sight"),
        ("N-2", "refused"),
    }
    assert {each.yours for each in applied.returned} >= {"Local Line", "B-1", "soon"}
    assert not sqlite.road.stored("OM Quote")
    assert sqlite.sql("SELECT count(*) FROM om_quote") == [(0,)]


def test_the_same_file_again_makes_no_second_quote_and_further_lines_are_taken(client: RemoteClient) -> None:
    client.extract("A-1")
    client.sql(new_quote(), *package("N-1"))
    before = read_bytes(client.file)
    apply_file(client.road.open_hub, before, "file")
    assert apply_file(client.road.open_hub, before, "file").is_repeated
    client.sql(line("N-1", "L9", "L2", "Call Waiting"))
    assert not client.apply().returned
    assert ("Call Waiting", "Add") in products(of(client))
    assert len(client.sql("SELECT 1 FROM quote_line_item")) == 5


# Changes of quotes


def test_lines_are_added_changed_and_deleted(client: RemoteClient) -> None:
    quote = downloaded(client)
    row_id, above = client.sql("SELECT quote_id, integration_id FROM quote_line_item WHERE product_id = 'Local Line'")[
        0
    ]
    client.sql(
        line(row_id, "W", above, "Call Waiting"),
        "UPDATE quote_line_item_attribute SET value = '9' WHERE name = 'Rings'",
        f"UPDATE quote_line_item SET service_id = '5095550101' WHERE integration_id = '{above}'",
    )
    assert client.apply().taken == [f"OM Quote {quote.get('Quote Number')}"]
    assert client.sql("SELECT service_id FROM quote_line_item WHERE product_id = 'Local Line'") == [("5095550101",)]
    assert client.sql("SELECT value FROM quote_line_item_attribute WHERE name = 'Rings'") == [("9",)]
    client.sql("DELETE FROM quote_line_item WHERE product_id = 'Call Waiting'")
    assert not client.apply().returned
    assert ("Call Waiting", "Add") not in products(of(client))
    client.sql("DELETE FROM quote_line_item")
    assert not client.apply().returned
    assert not products(of(client))


def test_header_fields_are_changed_by_the_hubs_workflows(client: RemoteClient) -> None:
    downloaded(client)
    client.sql("UPDATE om_quote SET description = 'for May', valid_until_date = '2199-01-31'")
    client.apply()
    assert not client.open_returned()
    assert (of(client).get("Description"), of(client).get("Valid Until Date")) == ("for May", "2199-01-31")
    client.sql(
        "UPDATE om_quote SET valid_until_date = '2001-01-01', service_account_id = 'B-1', status = 'Order Placed'"
    )
    client.apply()
    found = reasons(client)
    assert "isn't among the user's records" in found["OM Quote", "Service Account Id"]
    assert found["OM Quote", "Status"] == "this can't be changed offline"
    assert of(client).get("Valid Until Date") == "2199-01-31"


def test_a_day_that_is_over_is_refused_as_reprice_refuses_it(sqlite: RemoteClient) -> None:
    downloaded(sqlite)
    sqlite.sql("UPDATE om_quote SET valid_until_date = '2001-01-01'")
    sqlite.apply()
    assert "can't be valid until 2001-01-01" in reasons(sqlite)["OM Quote", "Valid Until Date"]


def test_an_expired_quote_says_so_in_the_file_and_is_renewed_offline(sqlite: RemoteClient) -> None:
    quote = downloaded(sqlite)
    sqlite.put("OM Quote", Row_Id=quote.get("Row Id"), Valid_Until_Date="2001-01-01")
    sqlite.apply()
    assert "expired" in {kind for (kind,) in sqlite.sql("SELECT kind FROM quote_note")}
    sqlite.sql("UPDATE om_quote SET valid_until_date = '2199-01-31'")
    assert not sqlite.apply().returned
    assert "expired" not in {kind for (kind,) in sqlite.sql("SELECT kind FROM quote_note")}


def test_a_configuration_that_breaks_a_rule_comes_back_with_the_rule(sqlite: RemoteClient) -> None:
    downloaded(sqlite)
    sqlite.sql("UPDATE quote_line_item_attribute SET value = '99' WHERE name = 'Rings'")
    change(sqlite, "Local Line", "service_id = '5095550101'")
    sqlite.apply()
    found = {each.object: each for each in sqlite.open_returned()}
    assert "10" in found["Quote Line Item Attribute"].reason
    assert found["Quote Line Item"].field == "Service Id", "the changes of a service item are taken together or not"
    assert sqlite.sql("SELECT value FROM quote_line_item_attribute WHERE name = 'Rings'") == [("4",)]


def test_a_field_of_a_line_that_both_sides_changed_comes_back_and_the_others_are_taken(sqlite: RemoteClient) -> None:
    quote = downloaded(sqlite)
    change(sqlite, "Local Line", "service_id = '5095550101', due_date = '2199-01-31'")
    numbered = {"request": "set", "item": "1/Local Line", "fields": {"Service Id": "5095550202"}}
    edit(sqlite, quote, numbered)
    sqlite.apply()
    assert [(each.field, each.yours, each.hub) for each in sqlite.open_returned()] == [
        ("Service Id", "5095550101", "5095550202")
    ]
    assert sqlite.sql("SELECT service_id, due_date FROM quote_line_item WHERE product_id = 'Local Line'") == [
        ("5095550202", "2199-01-31")
    ]


def test_deleting_what_the_hub_has_changed_comes_back(sqlite: RemoteClient) -> None:
    quote = downloaded(sqlite)
    sqlite.sql("DELETE FROM quote_line_item WHERE product_id = 'Call Forwarding'")
    edit(sqlite, quote, {"request": "set", "item": "1/Local Line/Call Forwarding", "attributes": {"Rings": "7"}})
    sqlite.apply()
    assert [(each.conflict, each.field) for each in sqlite.open_returned()] == [("delete_recently_updated", None)]
    assert sqlite.sql("SELECT value FROM quote_line_item_attribute WHERE name = 'Rings'") == [("7",)]


def test_changes_of_a_line_that_was_deleted_in_the_hub_come_back(sqlite: RemoteClient) -> None:
    quote = downloaded(sqlite, line("N-1", "L5", "L2", "Call Waiting"))
    change(sqlite, "Call Waiting", "due_date = '2199-01-31'")
    edit(sqlite, quote, {"request": "remove", "item": "1/Local Line/Call Waiting"})
    sqlite.apply()
    assert [(each.conflict, each.yours) for each in sqlite.open_returned()] == [
        ("update_recently_deleted", "2199-01-31")
    ]


def test_a_quote_that_was_ordered_meanwhile_can_neither_be_changed_nor_deleted(client: RemoteClient) -> None:
    quote = downloaded(client)
    change(client, "Local Line", "due_date = '2199-01-31'")
    client.sql("UPDATE om_quote SET description = 'late'")
    client.road.ask("quote-to-order", quote=quote.get("Quote Number"))
    applied = client.apply()
    assert not applied.taken
    assert {each.field for each in applied.returned} == {"Description", "Due Date"}
    assert "its status is Order Placed" in reasons(client)["OM Quote", "Description"]
    client.sql("DELETE FROM om_quote")
    client.apply()
    assert "Order Placed" in reasons(client)["OM Quote", None]
    assert client.sql("SELECT status FROM om_quote") == [("Order Placed",)]


def test_a_quote_is_deleted_unless_the_hub_has_changed_it(sqlite: RemoteClient) -> None:
    quote = downloaded(sqlite)
    sqlite.sql("DELETE FROM om_quote")
    edit(sqlite, quote, {"request": "set", "item": "1/Local Line", "fields": {"Service Id": "5095550202"}})
    sqlite.apply()
    assert [(each.object, each.conflict) for each in sqlite.open_returned()] == [
        ("OM Quote", "delete_recently_updated")
    ]
    sqlite.sql("DELETE FROM om_quote", "DELETE FROM quote_line_item", "DELETE FROM returned")
    assert sqlite.apply().taken == [f"OM Quote {quote.get('Quote Number')} deleted"]
    assert not sqlite.road.stored("OM Quote")
    assert not sqlite.open_returned()


def test_a_quote_that_left_the_users_sight_comes_back_without_the_hubs_values(sqlite: RemoteClient) -> None:
    quote = downloaded(sqlite)
    change(sqlite, "Local Line", "due_date = '2199-01-31'")
    sqlite.sql("UPDATE om_quote SET description = 'mine'")
    sqlite.put("OM Quote", Row_Id=quote.get("Row Id"), Account_Id="B-1", Description="secret")
    sqlite.apply()
    assert [(each.field, each.conflict, each.hub) for each in sqlite.open_returned()] == [
        ("Description", "out_of_sight", None),
        ("Due Date", "out_of_sight", None),
    ]
    assert sqlite.sql("SELECT count(*) FROM om_quote") == [(0,)]
    assert sqlite.sql("SELECT count(*) FROM returned") == [(2,)]


def test_changes_of_a_quote_that_was_deleted_in_the_hub_come_back(sqlite: RemoteClient) -> None:
    quote = downloaded(sqlite)
    change(sqlite, "Local Line", "due_date = '2199-01-31'")
    sqlite.delete("OM Quote", Row_Id=quote.get("Row Id") or "")
    sqlite.apply()
    assert [(each.field, each.conflict) for each in sqlite.open_returned()] == [("Due Date", "update_recently_deleted")]


def test_a_returned_change_of_a_line_ends_when_its_author_makes_it_again(sqlite: RemoteClient) -> None:
    downloaded(sqlite)
    sqlite.sql("UPDATE quote_line_item_attribute SET value = '99' WHERE name = 'Rings'")
    sqlite.apply()
    sqlite.sql("UPDATE quote_line_item_attribute SET value = '8' WHERE name = 'Rings'")
    sqlite.apply()
    assert not sqlite.open_returned()


# The account's services


def installed(client: RemoteClient) -> None:
    """The account has a calling card."""
    client.road.load(sample("profile.xml").replace(b"1-A", b"A-1"))


def test_a_service_is_changed_and_ended_by_lines_with_its_key(client: RemoteClient) -> None:
    installed(client)
    client.extract("A-1")
    assert client.sql("SELECT integration_id, product_id FROM service_item") == [("CARD-1", "Calling Card")]
    client.sql(
        new_quote(),
        "INSERT INTO quote_line_item (quote_id, integration_id, service_id) VALUES ('N-1', 'CARD-1', '8005550199')",
        new_quote("N-2"),
        "INSERT INTO quote_line_item (quote_id, integration_id, action_code) VALUES ('N-2', 'CARD-1', 'Delete')",
    )
    applied = client.apply()
    assert not applied.returned, [each.reason for each in applied.returned]
    assert sorted(products(quote)[0] for quote in client.road.stored("OM Quote")) == [
        ("Calling Card", "Delete"),
        ("Calling Card", "Update"),
    ]
    assert [item.get("Service Id") for quote in client.road.stored("OM Quote") for item in items_of(quote)].count(
        "8005550199"
    ) == 1


def test_a_service_that_changed_since_the_download_keeps_the_hubs_value(sqlite: RemoteClient) -> None:
    installed(sqlite)
    sqlite.extract("A-1")
    sqlite.sql(
        new_quote(),
        "INSERT INTO quote_line_item (quote_id, integration_id, service_id) VALUES ('N-1', 'CARD-1', '8005550199')",
    )
    sqlite.road.load(sample("profile.xml").replace(b"1-A", b"A-1").replace(b"8005550100", b"8005550111"))
    sqlite.apply()
    assert [(each.conflict, each.hub) for each in sqlite.open_returned()] == [("update_differing", "8005550111")]


def service_line(quote: str, key: str, **fields: str) -> str:
    """The statement that writes a line for a service."""
    columns = {"quote_id": quote, "integration_id": key, **fields}
    values = ", ".join(f"'{value}'" for value in columns.values())
    return f"INSERT INTO quote_line_item ({', '.join(columns)}) VALUES ({values})"


def test_a_quoted_change_of_a_service_is_turned_into_its_end_or_taken_off(sqlite: RemoteClient) -> None:
    installed(sqlite)
    sqlite.extract("A-1")
    sqlite.sql(new_quote(), service_line("N-1", "CARD-1", service_id="8005550199", adjusted_price="7"))
    sqlite.apply()
    assert [(each.field, each.yours) for each in sqlite.open_returned()] == [("Adjusted Price", "7")]
    sqlite.sql("UPDATE quote_line_item SET action_code = 'Delete'", "DELETE FROM returned")
    assert not sqlite.apply().returned
    assert products(of(sqlite)) == [("Calling Card", "Delete")]
    sqlite.sql("DELETE FROM quote_line_item")
    assert not sqlite.apply().returned
    assert not products(of(sqlite))


def test_a_line_is_added_beneath_a_service_without_the_lines_above_it(sqlite: RemoteClient) -> None:
    sqlite.road.load(
        sample("profile.xml")
        .replace(b"1-A", b"A-1")
        .replace(b"CARD-1", b"LINE-1")
        .replace(b"Calling Card", b"Local Line")
    )
    sqlite.extract("A-1")
    sqlite.sql(new_quote(), line("N-1", "W", "LINE-1", "Call Waiting"), new_quote("N-2"))
    sqlite.sql(
        service_line("N-2", "LINE-1", action_code="Delete"),
        line("N-2", "W", "LINE-1", "Call Waiting"),
    )
    sqlite.apply()
    assert {each.reason for each in sqlite.open_returned()} == {
        "the service item is taken away as a whole; its other lines can't be changed with it"
    }
    assert sorted(map(products, sqlite.road.stored("OM Quote"))) == [
        [],
        [("Local Line", "Update"), ("Call Waiting", "Add")],
    ]


def test_a_line_of_a_service_that_the_hub_has_quoted_meanwhile_comes_back(sqlite: RemoteClient) -> None:
    installed(sqlite)
    sqlite.extract("A-1")
    sqlite.sql(new_quote())
    sqlite.apply()
    quote = of(sqlite)
    sqlite.sql(service_line(quote.get("Row Id") or "", "CARD-1", action_code="Delete", service_id="8005550199"))
    sqlite.road.ask(
        "modify",
        account="A-1",
        root="CARD-1",
        session=session_on(sqlite, quote),
        requests=[{"request": "set", "item": "CARD-1", "fields": {"Service Id": "8005550111"}}],
    )
    assert products(of(sqlite)) == [("Calling Card", "Update")]
    sqlite.apply()
    assert {(each.field, each.yours, each.hub) for each in sqlite.open_returned()} == {
        ("Action Code", "Delete", "Update"),
        ("Service Id", "8005550199", "8005550111"),
    }


def session_on(client: RemoteClient, quote: PropertySet) -> str:
    """A user session at the hub whose active quote is this one."""
    with client.road.open_hub.write() as transaction:
        transaction.messages.sessions.set_active_quote("desk", quote.get("Row Id") or "")
    return "desk"


def test_an_older_revision_of_a_quote_is_left_alone(sqlite: RemoteClient) -> None:
    quote = downloaded(sqlite)
    sqlite.put("OM Quote", Row_Id="R-2", Quote_Number=quote.get("Quote Number"), Revision="2", Account_Id="A-1")
    sqlite.sql("UPDATE om_quote SET description = 'mine'")
    change(sqlite, "Local Line", "due_date = '2199-01-31'")
    sqlite.apply()
    assert {each.reason for each in sqlite.open_returned()} == {
        "the quote has a later revision, and only that one can be changed"
    }


# Hostile and mistaken files


def test_lines_at_wrong_places_come_back(client: RemoteClient) -> None:
    quote = downloaded(client)
    (own,) = client.sql("SELECT integration_id FROM quote_line_item WHERE product_id = 'Local Line'")[0]
    client.sql(
        new_quote("N-2"),
        line("N-2", "X1", own, "Call Waiting"),
        line("N-2", "X2", "X3", "Call Waiting"),
        line("N-2", "X3", "X2", "Call Waiting"),
        line("elsewhere", "X4", None, "Call Waiting"),
        line("N-2", "X5", None, "Call Waiting", action_code="Destroy"),
        "INSERT INTO quote_line_item_attribute VALUES ('N-2', 'X9', 'Rings', '1')",
        line("N-2", "X6", None, "Call Waiting", quantity="many"),
        line("N-2", "X7", None, "Call Waiting", service_account_id="B-1"),
        line("N-2", "X8", None, "Call Waiting", quantity="9" * 100_000),
    )
    applied = client.apply()
    assert [taken.split()[-1] for taken in applied.taken] == ["(N-2)"]
    row_ids = {each.get("Row Id"): each for each in client.road.stored("OM Quote")}
    assert len(row_ids) == 2
    other = next(each for row_id, each in row_ids.items() if row_id != quote.get("Row Id"))
    assert not products(other)
    found = {each.key.split("/")[1]: each.reason for each in applied.returned if "/" in each.key}
    assert set(found) == {f"X{number}" for number in range(1, 10)}
    assert found["X1"] == found["X2"] == "the line stands beneath no line of its quote"
    assert "isn't among the user's records" in found["X7"]
    assert found["X9"] == "its line isn't in the file"


def test_names_that_no_column_can_hold_come_back(client: RemoteClient) -> None:
    huge = "9" * 100_000
    downloaded(client)
    client.sql(
        new_quote(huge),
        "INSERT INTO om_quote (row_id, account_id) VALUES ('N' || char(1), 'A-1' || char(1))",
        "INSERT INTO om_quote (row_id, account_id) VALUES ('O' || char(1), 'A-1')",
        f"INSERT INTO contact (contact_id, account_id, last_name) VALUES ('{huge}', 'A-1', 'New')",
        "INSERT INTO trouble_ticket (ticket_number, account_id, owner_user_id) VALUES ('T-9', 'A-1', char(1))",
        line(huge, huge, None, "Call Waiting", agreement_id=huge),
        line(huge, "S", None, huge, service_point_id=huge),
        line(huge, "T", None, "Call Waiting", service_address_id=huge),
        f"UPDATE om_quote SET opportunity_id = '{huge}' WHERE quote_number IS NOT NULL",
        f"UPDATE om_quote SET price_list_id = '{huge}' WHERE quote_number IS NOT NULL",
        "UPDATE quote_line_item SET agreement_id = 'A' || char(1) WHERE product_id = 'Caller Id'",
        f"INSERT INTO quote_line_item_attribute VALUES ('{huge}', 'S', char(1), '1')",
    )
    before = len(client.road.stored("Contact"))
    applied = client.apply()
    assert len(applied.taken) == 2, "two quotes are made without lines"
    assert {each.object for each in applied.returned} == {
        "Contact",
        "OM Quote",
        "Quote Line Item",
        "Quote Line Item Attribute",
        "Trouble Ticket",
    }
    assert len(client.road.stored("Contact")) == before
    assert not client.apply().taken


def test_a_configurator_that_does_not_name_its_items_is_refused(
    sqlite: RemoteClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite.extract("A-1")
    sqlite.sql(new_quote(), line("N-1", "L1", None, "Call Waiting"))
    ask = QuoteWorkflows.ask
    monkeypatch.setattr(QuoteWorkflows, "ask", lambda *args: replace(ask(*args), names={}))
    sqlite.apply()
    assert "made no item that it calls by the name" in reasons(sqlite)["Quote Line Item", "Product Id"]
    assert not products(of(sqlite))


def test_a_secret_is_masked_and_neither_changed_nor_shown(sqlite: RemoteClient) -> None:
    downloaded(
        sqlite,
        line("N-1", "L5", "L2", "Voice Mail"),
        "INSERT INTO quote_line_item_attribute VALUES ('N-1', 'L5', 'Password', '4321')",
    )
    assert sqlite.sql("SELECT value FROM quote_line_item_attribute WHERE name = 'Password'") == [("***",)]
    sqlite.sql("UPDATE quote_line_item_attribute SET value = '9876' WHERE name = 'Password'")
    sqlite.apply()
    assert [(each.field, each.yours) for each in sqlite.open_returned()] == [("Value", "***")]
    assert b"9876" not in sqlite.file.read_bytes()


@pytest.mark.parametrize(
    ("statement", "error", "words"),
    [
        ("UPDATE price_list_item SET price = '0'", RemoteFileUnknown, "the downloaded values were changed"),
        ("DELETE FROM product", RemoteFileUnknown, "the downloaded values were changed"),
        ("INSERT INTO base_om_quote (row_id) VALUES ('7')", RemoteFileUnknown, "the downloaded values were changed"),
        ("ALTER TABLE quote_line_item ADD COLUMN more", RemoteFileFaulty, "the table quote_line_item is missing"),
        ("DROP TABLE service_item", RemoteFileFaulty, "the table service_item is missing"),
        ("UPDATE quote_line_item SET quantity = x'ff'", RemoteFileFaulty, "is no text"),
        ("UPDATE quote_line_item SET integration_id = ''", RemoteFileFaulty, "has no integration_id"),
        (
            "CREATE TRIGGER mine AFTER UPDATE ON om_quote BEGIN DELETE FROM quote_line_item; END",
            RemoteFileFaulty,
            "it has the trigger mine",
        ),
    ],
)
def test_a_file_that_the_hub_did_not_make_so_is_refused(
    sqlite: RemoteClient, statement: str, error: type[Exception], words: str
) -> None:
    sqlite.extract("A-1")
    sqlite.sql(new_quote(), line("N-1", "L1", None, "Calling Card"))
    sqlite.sql(statement)
    before = read_bytes(sqlite.file)
    with pytest.raises(error, match=words):
        sqlite.apply()
    assert read_bytes(sqlite.file) == before
    assert not sqlite.road.stored("OM Quote")


def test_the_file_can_be_edited_with_foreign_keys_switched_on(sqlite: RemoteClient) -> None:
    downloaded(sqlite)
    with closing(sqlite3.connect(sqlite.file)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("DELETE FROM om_quote")
        assert connection.execute("SELECT count(*) FROM quote_line_item_attribute").fetchall() == [(0,)]
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(line("nowhere", "L1", None, "Calling Card"))
        connection.commit()
    assert [taken.split()[-1] for taken in sqlite.apply().taken] == ["deleted"]
