"""A tracked service is never there with the quantity 0, and an untracked item of quantity 0 is no item."""

from __future__ import annotations

import pytest

from hub.workflows.state.quantities import QuantityZero
from integration_objects.complex_object import items_of
from tests.customer_care import the
from tests.road import mainframe_line, mainframe_order

ZERO = (
    "nothing of the product 'Calling Card' is asked for\n"
    "  where: account '2-EN', {line}\n"
    "  why:   its quantity is 0, and a service that is tracked as an asset is there whole or isn't there\n"
    "  mend:  give a quantity of 1 or more; to take the service away, remove or disconnect it"
)


def card(quantity, account="2-EN", key="CARD-9", product="Calling Card"):
    """An opening profile of one service."""
    return (
        f'<Message IntObjectName="OM Asset"><ListOfOMAsset><Asset><AccountId>{account}</AccountId><ListOfLineItem>'
        f"<LineItem><IntegrationId>{key}</IntegrationId><ProductId>{product}</ProductId><Quantity>{quantity}</Quantity>"
        "</LineItem></ListOfLineItem></Asset></ListOfOMAsset></Message>"
    )


@pytest.mark.parametrize("quantity", ["0", "0.00", "-0"])
def test_none_of_a_tracked_product_is_refused_on_a_quote(care, quantity):
    told = care.refused(
        "new-products-and-services", account="2-EN", product="Calling Card", quantity=quantity
    ).splitlines()
    assert told == ZERO.format(line="Calling Card").splitlines()


def test_a_service_that_is_there_cannot_be_set_to_none(care):
    care.road.load(card(1))
    nothing = [{"request": "set", "item": "CARD-9", "fields": {"Quantity": "0"}}]
    assert care.refused("modify", account="2-EN", root="CARD-9", requests=nothing) == ZERO.format(line="Calling Card")


def test_a_line_of_a_quote_or_an_order_cannot_be_set_to_none(care):
    quote = care.work("new-products-and-services", account="2-EN", product="Calling Card")
    [line] = items_of(quote)
    nothing = [{"request": "set", "item": line.get("Integration Id"), "fields": {"Quantity": "0"}}]
    number = quote.get("Quote Number")
    told = care.refused("edit-quote-line-item", quote=number, line="1", requests=nothing)
    assert told.startswith(ZERO.splitlines()[0])
    order = care.place(number)
    [line] = items_of(order)
    nothing = [{"request": "set", "item": line.get("Integration Id"), "fields": {"Quantity": "0"}}]
    told = care.refused("edit-order-line-item", order=order.get("Order Number"), line="1", requests=nothing)
    assert told == ZERO.format(line="Calling Card")


def test_an_untracked_item_of_quantity_0_is_left_out_and_told(care):
    outcome = care("new-products-and-services", account="2-EN", product="Installation", quantity="0")
    assert list(items_of(the(outcome))) == []
    assert [(note.kind, note.text, note.product) for note in outcome.notes] == [
        ("left out", "its quantity is 0", "Installation")
    ]
    line = care.work("new-products-and-services", account="2-EN", product="Local Line")
    root = next(items_of(line)).get("Integration Id")
    requests = [{"request": "add", "product": "Installation", "beneath": root, "quantity": "0"}]
    outcome = care("edit-quote-line-item", quote=line.get("Quote Number"), line="1", requests=requests)
    assert [item.get("Product Id") for item in items_of(the(outcome))] == ["Local Line"]
    assert ("left out", "Installation") in [(note.kind, note.product) for note in outcome.notes]


def test_a_senders_line_of_quantity_0_is_refused_or_left_out(care):
    shown = care.road.work(mainframe_order("7", mainframe_line(1, "A", "CALCD001", ref="CARD", quantity="0")))
    assert (shown["state"], shown["error"]["reason"]) == ("rejected", "QuantityZero")
    assert shown["error"]["where"].endswith("order 7, line item 'CARD'")
    lines = [
        mainframe_line(1, "A", "LCLLN001", ref="LIN"),
        mainframe_line(2, "A", "INSTL001", parent=1, ref="INS", quantity="0"),
    ]
    assert care.road.work(mainframe_order("8", *lines))["state"] == "done"
    [order] = care.road.stored("OM Order")
    assert [item.get("Product Id") for item in items_of(order)] == ["Local Line"]
    shown = care.road.work(mainframe_order("9", mainframe_line(1, "A", "INSTL001", ref="INS2", quantity="0")))
    assert (shown["state"], shown["error"]["reason"]) == ("rejected", "NothingOrdered")


def test_a_senders_update_to_none_is_refused(care):
    assert care.road.work(mainframe_order("7", mainframe_line(1, "A", "CALCD001", ref="CARD")))["state"] == "done"
    shown = care.road.work(mainframe_order("8", mainframe_line(1, "C", "CALCD001", ref="CARD", quantity="0")))
    assert (shown["state"], shown["error"]["reason"]) == ("rejected", "QuantityZero")


def test_a_loaded_profile_has_no_service_of_quantity_0(care):
    with pytest.raises(QuantityZero):
        care.road.load(card(0))
    told = care.road.load(card(0, product="Installation"))
    assert told[-1] == "left out: Installation CARD-9: its quantity is 0"
    assert [list(items_of(asset)) for asset in care.road.stored("OM Asset", Account_Id="2-EN")] == [[]]
