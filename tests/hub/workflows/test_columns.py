"""The columns of the tables, as a reader in plain SQL finds them after a quote, its order and the service profile.

Source: "Data Model and Tables", tables 1 to 9; the flow table.
"""

from __future__ import annotations

from sqlalchemy import text

from integration_objects.names import KEY
from tests.customer_care import actions, the
from tests.road import mainframe_line, mainframe_order, sample

PACKAGE = "Local Breakthrough Package"
FORWARDING = f"{PACKAGE}/Local Line/Call Forwarding"
PHONE = {"request": "set", "item": f"{PACKAGE}/Local Line", "fields": {"Service Id": "509-555-0140"}}
NUMBER = {"request": "set", "item": FORWARDING, "attributes": {"Forwarding Number": "206-1"}}


def rows(care, statement):
    """The rows of a SELECT; numbers as whole numbers, since SQLite has them as text."""
    with care.open_hub.database.read() as connection:
        found = connection.execute(text(statement)).all()
    return [
        tuple(int(value) if isinstance(value, str) and value.isdigit() else value for value in row) for row in found
    ]


def new_package(care, account="1-B"):
    """A package on a quote of the account; the quote's number."""
    quote = the(care("new-products-and-services", account=account, product=PACKAGE, requests=[NUMBER, PHONE]))
    return quote.get("Quote Number")


def quote_lines(care):
    joined = "s_doc_quote JOIN s_quote_item ON quote_id = s_doc_quote.row_id"
    return set(rows(care, f"SELECT s_doc_quote.status, stat_cd, amt_dt FROM {joined}"))


def test_the_tables_say_what_the_document_says(any_care):
    """Revision, flags, statuses and the day of the prices, from the quote to the service profile."""
    day = "2026-01-01"
    number = new_package(any_care)
    assert quote_lines(any_care) == {("In Progress", "In Progress", day)}
    order = any_care.place(number)
    assert quote_lines(any_care) == {("Order Placed", "Order Placed", day)}
    assert rows(any_care, "SELECT rev_num FROM s_doc_quote") == [(1,)]
    header = "SELECT rev_num, active_flg, order_type, status FROM s_order"
    assert rows(any_care, header) == [(1, "Y", "Sales Order", "New")]
    columns = "action_cd, status_cd, processed_flg, past_no_return_flg, track_as_asset, amt_dt"
    assert rows(any_care, f"SELECT DISTINCT {columns} FROM s_order_item") == [("Add", "Pending", "N", "N", "Y", day)]
    any_care.install(order)
    assert rows(any_care, header) == [(1, "Y", "Sales Order", "Complete")]
    assert rows(any_care, "SELECT DISTINCT processed_flg FROM s_order_item WHERE par_order_item_id IS NULL") == [("Y",)]
    asset = "SELECT DISTINCT status_cd, track_as_asset, asset_val_exch_dt FROM s_asset WHERE account_id = '1-B'"
    assert rows(any_care, asset) == [("Active", "Y", day)]
    nulls = "SELECT count(*) FROM s_prod_int WHERE crt_ast_rec_flg IS NULL OR serv_inst_flg IS NULL"
    assert rows(any_care, nulls) == [(0,)]


def test_the_lines_of_a_cancelled_quote_are_cancelled(any_care):
    number = new_package(any_care)
    any_care("cancel-quote", quote=number)
    assert {row[:2] for row in quote_lines(any_care)} == {("Cancelled", "Cancelled")}


def test_a_price_keeps_the_day_on_which_it_was_set(care):
    """Another price gets another day; a change that leaves the price alone doesn't, nor does the order of the quote."""
    care.install(care.place(new_package(care)))
    root = care.profile_root("1-B").get(KEY)
    care.road.load(sample("price_list.xml").decode().replace("<Price>19.95<", "<Price>21.00<"))
    care.road.set_clock("2026-03-01T12:00:00Z")
    rings = {"request": "set", "item": f"{root}/Local Line/Call Forwarding", "attributes": {"Rings": "9"}}
    quote = the(care("modify", account="1-B", root=root, requests=[rings]))
    assert actions(quote)["Call Forwarding", "Update"] == actions(quote)[PACKAGE, "Update"] == 1
    care.road.set_clock("2026-03-05T12:00:00Z")
    care.install(care.place(quote.get("Quote Number")))
    asset = "SELECT prod_id, asset_val_exch_dt FROM s_asset WHERE account_id = '1-B'"
    assert dict(rows(care, asset)) == {
        PACKAGE: "2026-03-01",
        "Local Line": "2026-01-01",
        "Caller Id": "2026-01-01",
        "Call Forwarding": "2026-01-01",
    }


def test_a_senders_price_has_the_day_on_which_it_came(care):
    """A revision with the same price keeps the day; another price has the day of its own order."""

    def order(revision, price):
        more = f"<PRICE>{price}</PRICE><PRICE-TYPE>R</PRICE-TYPE>"
        bundle = mainframe_line(1, "A", "SBENB001", ref="SBE", more=more)
        five = [mainframe_line(n, "A", "LCLLN001", parent=1, ref=f"LIN-{n}", more=more) for n in range(2, 7)]
        care.road.work(mainframe_order("7", bundle, *five, revision=revision))
        joined = f"s_order_item JOIN s_order ON order_id = s_order.row_id WHERE source_revision = '{revision}'"
        return set(rows(care, f"SELECT adj_unit_pri, amt_dt FROM {joined}"))

    assert order(1, 99) == {(99, "2026-01-01")}
    care.road.set_clock("2026-03-01T12:00:00Z")
    assert order(2, 99) == {(99, "2026-01-01")}
    assert order(3, 98) == {(98, "2026-03-01")}
