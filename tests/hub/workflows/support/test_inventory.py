"""Requests for inventory: asked for an order or an address; answered wholly, partly or not, by people and systems."""

from __future__ import annotations

import pytest

from hub.workflow_manager.named_workflow import request
from hub.workflows.support.inventory import NothingAskedFor
from integration_objects.complex_object import components
from schemas.hub_xml import hub_to_xml
from tests.customer_care import the
from tests.hub.workflows.support.test_callbacks import history
from tests.road import sample

ANSWER = (
    '<Message IntObjectName="Inventory Request"><ListOfInventoryRequest><InventoryRequest>'
    "<RequestNumber>IR-0000001</RequestNumber>{fields}</InventoryRequest></ListOfInventoryRequest></Message>"
)


def reserved(record):
    return [item.get("Number") for item in components(record, "Reserved Item")]


def asked(care, **about):
    return the(care("request-inventory", **{"product": "Local Line", "quantity": "2", **about})).get("Request Number")


def test_a_request_is_answered_in_parts_until_it_is_whole(office):
    number = asked(office, address="PR-HOME", account="2-LB", needed="2026-02-10", by="ann")
    assert number == "IR-0000001"
    (row,) = office("inventory-requests").rows
    assert (row["number"], row["product"], row["quantity"], row["answered"], row["days"]) == (
        number, "Local Line", "2", "0", "0",
    )  # fmt: skip
    part = the(office("answer-inventory", request=number, numbers="P-7", text="one pair", by="stock"))
    assert (part.get("Status"), part.get("Answered Quantity"), reserved(part)) == ("Partly Answered", "1", ["P-7"])
    whole = the(office("answer-inventory", request=number, quantity="1", by="stock"))
    assert (whole.get("Status"), whole.get("Answered Quantity"), whole.get("Answered By")) == ("Answered", "2", "stock")
    assert whole.get("Closed Date") is not None
    assert history(whole) == [
        ("Asked", "ann", None, "Open", None),
        ("Answered", "stock", "Open", "Partly Answered", "one pair"),
        ("Answered", "stock", "Partly Answered", "Answered", None),
    ]
    assert office("inventory-requests").rows == ()
    assert [row["found"] for row in office("find", text=number).rows] == ["inventory request"]


def test_a_request_ends_with_less_or_with_nothing(desk):
    assert the(desk("answer-inventory", request=asked(desk), final="Y")).get("Status") == "Not Available"
    short = the(desk("answer-inventory", request=asked(desk), quantity="1", final="Y"))
    assert (short.get("Status"), short.get("Answered Quantity")) == ("Short", "1")
    number = asked(desk)
    assert the(desk("cancel-inventory-request", request=number, reason="X")).get("Status") == "Cancelled"
    told = desk.refused("answer-inventory", request=number, quantity="1")
    assert f"the request for inventory {number} can't be answered" in told
    assert "its status is Cancelled, which is final" in told


def test_a_line_of_an_order_tells_the_product(desk):
    desk.road.work(sample("order-1-new-service.xml"))
    number = the(desk("request-inventory", order="O-0000001", line="2"))
    line = desk.order("O-0000001")
    assert number.get("Account Id") == "1-B"
    assert number.get("Product Id") in {node.get("Product Id") for node in line.walk()}
    assert number.get("Integration Id") is not None
    assert [row["order"] for row in desk("inventory-requests", order="O-0000001").rows] == ["O-0000001"]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"quantity": "3"}, "is too much"),
        ({"quantity": "-1"}, "is too much"),
        ({"quantity": "0"}, "says nothing"),
        ({"numbers": "A, B", "quantity": "1"}, "names too many numbers"),
        ({"numbers": "A, A"}, "the number 'A' can't be reserved"),
        ({"numbers": "P-1"}, "the number 'P-1' can't be reserved"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(desk, arguments, what):
    desk("answer-inventory", request=asked(desk), numbers="P-1")
    assert what in desk.refused("answer-inventory", request=asked(desk), **arguments)


def test_requests_that_ask_for_nothing_are_refused(desk):
    for about in ({}, {"product": "Local Line", "quantity": "0"}):
        with pytest.raises(NothingAskedFor):
            desk("request-inventory", **about)
    assert "Product Id" in desk.refused("request-inventory", product="Nothing")
    assert "there is no request for inventory 'IR-9'" in desk.refused("answer-inventory", request="IR-9", quantity="1")


def test_an_inventory_system_answers_by_a_request_or_by_the_object(office):
    road, number = office.road, asked(office)
    answer = request("answer-inventory", [("request", number), ("numbers", "P-1")])
    assert road.work(hub_to_xml(answer, road.open_hub.deployment.definitions), "workflow_request")["state"] == "done"
    item = "<ListOfReservedItem><ReservedItem><Number>P-2</Number></ReservedItem></ListOfReservedItem>"
    wrong = road.work(ANSWER.format(fields=f"<Status>Short</Status>{item}"), "hub_object")
    assert (wrong["state"], wrong["reason"]) == ("rejected", "AnswerOtherwise")
    assert road.work(ANSWER.format(fields=item), "hub_object")["state"] == "done"
    (stored,) = road.stored("Inventory Request")
    assert (stored.get("Status"), stored.get("Answered Quantity"), stored.get("Answered By")) == (
        "Answered",
        "2",
        "local",
    )
    assert reserved(stored) == ["P-1", "P-2"]
    too_much = road.work(ANSWER.format(fields="<AnsweredQuantity>5</AnsweredQuantity>"), "hub_object")
    assert (too_much["state"], too_much["reason"]) == ("rejected", "AnswerTooMuch")


def test_an_answer_as_the_object_is_proven_as_any_other(desk):
    desk("answer-inventory", request=asked(desk), numbers="P-1")
    asked(desk)
    second = ANSWER.replace("IR-0000001", "IR-0000002")
    items = {name: f"<ReservedItem><Number>{name}</Number></ReservedItem>" for name in ("P-1", "P-8", "P-9")}
    for fields, what in (
        (f"<ListOfReservedItem>{items['P-1']}</ListOfReservedItem>", "NumberReserved"),
        (
            f"<AnsweredQuantity>1</AnsweredQuantity><ListOfReservedItem>{items['P-8']}{items['P-9']}</ListOfReservedItem>",
            "MoreNumbersThanItems",
        ),
    ):
        row = desk.road.work(second.format(fields=fields), "hub_object")
        assert (row["state"], row["reason"]) == ("rejected", what)
    new = ANSWER.replace("<RequestNumber>IR-0000001</RequestNumber>", "<ProductId>Local Line</ProductId>")
    for fields, what in (
        ("<Quantity>-3</Quantity>", "NothingAskedFor"),
        ("<Quantity>1</Quantity><AnsweredQuantity>5</AnsweredQuantity>", "AnswerTooMuch"),
        (f"<Quantity>1</Quantity><ListOfReservedItem>{items['P-1']}</ListOfReservedItem>", "NumberReserved"),
    ):
        row = desk.road.work(new.format(fields=fields), "hub_object")
        assert (row["state"], row["reason"]) == ("rejected", what)
    whole = f"<ListOfReservedItem>{items['P-8']}{items['P-9']}</ListOfReservedItem>"
    assert desk.road.work(second.format(fields=whole), "hub_object")["state"] == "done"
    first, answered = desk.road.stored("Inventory Request")
    assert (first.get("Closed Date"), reserved(answered)) == (None, ["P-8", "P-9"])
    assert answered.get("Closed Date") is not None
