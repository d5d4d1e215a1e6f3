"""A service profile as it will be: which order sets each value, what goes, what comes to nothing, and when."""

from __future__ import annotations

import json

import pytest

from hub.workflows.orders.projected_state import DateIsPast, OrderNotOpen, RootUnknown
from hub.workflows.state.accounts import AccountUnknown
from integration_objects.complex_object import message
from tests.trees import item, node

PROFILE = """
<Message IntObjectName="OM Asset"><ListOfOMAsset><Asset><AccountId>1-A</AccountId><ListOfLineItem>
  <LineItem><IntegrationId>L</IntegrationId><ProductId>Local Line</ProductId><Quantity>1</Quantity>
    <ServiceId>650</ServiceId><AdjustedPrice>12.00</AdjustedPrice><ListOfLineItem>
    <LineItem><IntegrationId>V</IntegrationId><ProductId>Voice Mail</ProductId><Quantity>1</Quantity>
      <ListOfAttribute><Attribute><Name>Password</Name><TextValue>1234</TextValue></Attribute></ListOfAttribute></LineItem>
  </ListOfLineItem></LineItem>
</ListOfLineItem></Asset></ListOfOMAsset></Message>
"""


def order(number, *lines, **named):
    """A stored order that isn't submitted."""
    head = {"row_id": number, "order_number": number, "revision": "1", "active_flag": "Y", "status": "New"}
    return message("OM Order", [node("Order", *lines, **head, account_id="1-A", **named)])


def line(key, action, product, *below, **named):
    return item(key, *below, product_id=product, action=action, status="Pending", **named)


@pytest.fixture
def ordered(road):
    """Three orders on a line with voice-mail: a price, a feature, and the end of voice-mail."""
    road.load(PROFILE)
    price = line("L", "Update", "Local Line", service_id="650", adjusted_price="9.00")
    road.insert(order("O-1", price, due_date="2026-03-01"))
    road.insert(order("O-2", line("L", "-", "Local Line", line("C", "Add", "Caller Id")), due_date="2026-02-01"))
    road.insert(order("O-3", line("L", "-", "Local Line", line("V", "Delete", "Voice Mail"))))
    return road


def values(outcome):
    return {(row["item"], row["attribute"], row["field"]): (row["value"], row["order"]) for row in outcome.rows}


def test_each_value_says_which_order_sets_it(ordered):
    found = values(ordered.ask("projected-state", account="1-A"))
    assert found["L", None, "Adjusted Price"] == ("9.00", "O-1")
    assert found["L", None, "Service Id"] == ("650", None)
    assert found["C", None, "Product Id"] == ("Caller Id", "O-2")
    assert found["C", None, "Parent"] == ("L", "O-2")
    assert not any(item == "V" for item, _, _ in found)


def test_what_goes_says_which_order_takes_it(ordered):
    notes = ordered.ask("projected-state", account="1-A").notes
    assert [str(note) for note in notes] == ["gone: Voice Mail V: the order O-3 takes it away"]


def test_after_some_orders_only(ordered):
    outcome = ordered.ask("projected-state", account="1-A", orders="O-1")
    assert values(outcome)["V", "Password", "Text Value"] == ("***", None)
    assert not any(item == "C" for item, _, _ in values(outcome))
    assert outcome.notes == ()


def test_on_a_date_what_is_due_later_or_never_is_left_out(ordered):
    outcome = ordered.ask("projected-state", account="1-A", on="2026-02-15")
    found = values(outcome)
    assert found["L", None, "Adjusted Price"] == ("12.00", None)
    assert found["C", None, "Product Id"] == ("Caller Id", "O-2")
    assert [str(note) for note in outcome.notes] == [
        "left out: order O-1: Update Local Line 650: due 2026-03-01",
        "left out: order O-3: Delete Voice Mail: no due date",
    ]


def test_what_apply_ignores_is_shown(ordered):
    ordered.insert(order("O-4", line("L", "-", "Local Line", line("V", "Update", "Voice Mail"))))
    notes = ordered.ask("projected-state", account="1-A").notes
    assert str(notes[-1]) == ("ignored: V: order 'O-4', item 'V': Update ignored, met Delete: the item was deleted")


def test_a_root_that_goes_is_still_told(ordered):
    ordered.insert(order("O-5", line("L", "Delete", "Local Line")))
    outcome = ordered.ask("projected-state", account="1-A", root="L")
    assert (outcome.objects, outcome.rows) == ((), ())
    assert [str(note) for note in outcome.notes] == [
        "gone: Voice Mail V: the order O-3 takes it away",
        "gone: Local Line L: the order O-5 takes it away",
        "gone: Caller Id C: the order O-5 takes it away",
    ]


def test_the_command_prints_it_as_text_and_as_json(ordered, command):
    printed = command("workflow", "projected-state", "account=1-A", "orders=O-2,O-3")
    assert printed.out == (
        "services of the account 1-A\n"
        "  product      status  service  price  key\n"
        "  Local Line   Active  650      12.00  L\n"
        "    Caller Id  Active                  C\n"
        "  in all: 2 Active\n"
        "the order O-2 adds 1 Caller Id\n"
        "5 values are as in the present service profile (--all shows them)\n"
    )
    assert printed.err == (
        "gone: Voice Mail V: the order O-3 takes it away\n"
        "next: orderhub workflow modify account=1-A root=L requests=@REQUESTS.json\n"
    )
    whole = command("workflow", "projected-state", "account=1-A", "orders=O-2,O-3", "--all").out
    assert "Local Line  L                Adjusted Price  12.00\n" in whole
    document = json.loads(command("workflow", "projected-state", "account=1-A", "orders=O-2,O-3", "--json").out)
    assert document["rows"][5] == {
        "product": "Caller Id",
        "item": "C",
        "attribute": None,
        "field": "Parent",
        "value": "L",
        "order": "O-2",
    }
    assert document["report"] == [
        {"kind": "gone", "text": "the order O-3 takes it away", "item": "V", "product": "Voice Mail"}
    ]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"on": "2025-12-31"},
            DateIsPast,
            "the profile can't be projected to 2025-12-31\n"
            "  where: argument 'on'\n"
            "  why:   today is 2026-01-01\n"
            "  mend:  give today or a later day; the service profile's history has the days before",
        ),
        (
            {"orders": "O-1,O-9"},
            OrderNotOpen,
            "the order 'O-9' isn't open on the account 1-A\n"
            "  where: argument 'orders'\n"
            "  why:   its open orders are O-2, O-1, O-3\n"
            "  mend:  name open orders of this account, or leave the argument out for all of them",
        ),
        (
            {"root": "C"},
            RootUnknown,
            "the account 1-A has no service item 'C'\n"
            "  where: argument 'root'\n"
            "  why:   its service items are Local Line 650 (L)\n"
            "  mend:  name a service item by its product, its service id, its key, or the end of its key",
        ),
        (
            {"account": "1-Z"},
            AccountUnknown,
            "the account '1-Z' is unknown\n"
            "  where: argument 'account'\n"
            "  why:   no account of this Account Id is stored\n"
            "  mend:  mend the Account Id (`orderhub find NAME` finds it), or load the account (orderhub load)",
        ),
    ],
)
def test_what_can_not_be_projected_is_refused(ordered, arguments, error, message):
    with pytest.raises(error) as refused:
        ordered.ask("projected-state", **{"account": "1-A", **arguments})
    assert str(refused.value) == message
