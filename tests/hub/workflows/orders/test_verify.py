"""Verify tells of everything that Quote to Order and Submit refuse, and writes nothing."""

from __future__ import annotations

from integration_objects.names import KEY
from tests.customer_care import the

HOME, CARD, LINE = "1-B", "Calling Card", "Local Line"


def stored(care):
    """All that is stored, but for the record of what ran."""
    return {name: rows for name, rows in care.rows().items() if name != "hub_workflow_run"}


def told(care, number):
    before = stored(care)
    notes = care("verify", quote=number).notes
    assert stored(care) == before
    return [str(note) for note in notes if note.kind not in ("total", "rate")]


def test_quantities_that_no_order_can_have_are_told_line_by_line(care):
    quote = the(care("new-products-and-services", account=HOME, product=CARD, quantity="2.5"))
    quote = the(care("new-products-and-services", account=HOME, product=CARD, quantity="0.5"))
    number = quote.get("Quote Number")
    first, second = quote.child("ListOf Line Item").children
    why = "and a service that is tracked as an asset is there whole"
    assert told(care, number) == [
        f"refused: {CARD} {first.get(KEY)}: a part of a service can't be ordered: its quantity is 2.5, {why}",
        f"refused: {CARD} {second.get(KEY)}: a part of a service can't be ordered: its quantity is 0.5, {why}",
    ]
    assert "its quantity is 2.5" in care.refused("quote-to-order", quote=number)


def test_a_quote_without_changes_and_one_of_too_many_lines_are_told(care):
    number = the(care("new-quote", account=HOME)).get("Quote Number")
    assert told(care, number) == [
        f"refused: the quote {number} asks for no change: none of its lines adds, updates or deletes anything"
    ]
    care("new-products-and-services", account=HOME, product=CARD, quantity="20000")
    refused = "the result would have too many line items: the result would have 20000 items, the limit is 10000"
    assert told(care, number) == [f"refused: {refused}"]
    assert refused.partition(":")[0] in care.refused("quote-to-order", quote=number)


def test_a_value_that_submit_would_refuse_is_told(care):
    comment = {"request": "set", "item": LINE, "fields": {"Service Id": "206\u03a9"}}
    quote = the(care("new-products-and-services", account=HOME, product=LINE, requests=[comment]))
    number = quote.get("Quote Number")
    (note,) = told(care, number)
    assert note.startswith("refused: the order can't be taken: Billing File can't be sent OM Billing Event: ")
    care.road.load(
        f'<Message IntObjectName="Product"><ListOfProduct><Product><ProductId>{CARD}</ProductId>'
        "<FulfilmentSystem>Nowhere</FulfilmentSystem></Product></ListOfProduct></Message>"
    )
    quote = the(care("new-products-and-services", account=HOME, product=CARD, session="another"))
    assert told(care, quote.get("Quote Number")) == [
        "refused: no system takes 'OM Work Order' for the fulfilment system 'Nowhere': "
        "systems that take it: Provisioning"
    ]
    order = care.place(number)
    assert care.refused("submit", order=order.get("Order Number")).startswith("the order can't be taken")
