"""Orders that senders send are checked by their products' rules, as services that are changed here are."""

from __future__ import annotations

import pytest

from adapters.database.objects.reader import ObjectReader
from adapters.database.objects.store import ObjectStore
from schemas.check import parse
from tests.customer_care import care_on
from tests.http_service import http_service
from tests.road import mainframe_line, mainframe_order

RULES = """<Message IntObjectName="Product"><ListOfProduct><Product><ProductId>Calling Card</ProductId>
<ListOfProductAttribute><ProductAttribute><Name>Pin</Name><Required>Y</Required></ProductAttribute></ListOfProductAttribute>
</Product></ListOfProduct></Message>"""


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def road(request, tmp_path):
    url = request.getfixturevalue("database_url") if request.param == "PostgreSQL" else None
    with care_on(tmp_path, url) as made:
        yield made.road


def enabler(count, action="A"):
    """A Small Business Enabler with *count* lines."""
    return [
        mainframe_line(1, action, "SBENB001", ref="SBE"),
        *[mainframe_line(n + 1, action, "LCLLN001", parent=1, ref=f"LIN-{n}") for n in range(1, count + 1)],
    ]


def cards(number, product):
    """An order in the hub's own XML, by a route that keeps no order."""
    return (
        '<Message IntObjectName="OM Order"><ListOfOMOrder><Order><SourceSystem>CHANNEL</SourceSystem>'
        f"<SourceOrderNumber>{number}</SourceOrderNumber><AccountId>1-A</AccountId><ListOfLineItem><LineItem>"
        f"<SourceReference>C{number}</SourceReference><ProductId>{product}</ProductId><ActionCode>Add</ActionCode>"
        "<Quantity>1</Quantity></LineItem></ListOfLineItem></Order></ListOfOMOrder></Message>"
    )


def test_an_order_that_breaks_two_rules_is_refused_with_both_named_and_nothing_is_stored(road):
    shown = road.work(mainframe_order("7", *enabler(4), mainframe_line(9, "A", "VOICM001", parent=2, ref="VML-1")))
    assert shown["state"] == "rejected"
    assert shown["error"] == {
        "reason": "ConfigurationRefused",
        "what": "the configuration breaks 2 rules of its products",
        "where": "message MF-7-1, order 7, line SBE, VML-1",
        "why": "Small Business Enabler 'SBE' has 4 Local Line, and needs at least 5; "
        "Voice Mail 'VML-1' needs a value for 'Password'",
        "mend": "send an order after which the services obey these rules; nothing was stored",
    }
    assert road.stored("OM Order") == []
    assert [one.children for one in road.stored("OM Asset", Account_Id="1-B")] == [[]]
    assert road.work_orders() == []
    with road.open_hub.read() as transaction:
        assert transaction.messages.keys.find("MAINFRAME", "1-B", ["SBE", "VML-1"]) == {}
    [answer] = [parse(row.message.body) for row in road.left("mainframe.answers")]
    assert answer.findtext("STATE") == "REJ"
    assert [row.message.kind for row in road.left("mainframe_order.dead-letter")] == ["dead letter"]


def test_one_that_obeys_them_passes_and_so_does_the_next(road):
    assert road.work(mainframe_order("7", *enabler(5)))["state"] == "done"
    more = [mainframe_line(1, "N", "SBENB001", ref="SBE"), mainframe_line(2, "A", "LCLLN001", parent=1, ref="LIN-6")]
    assert road.work(mainframe_order("8", *more))["state"] == "done"
    last = road.work(
        mainframe_order(
            "9", mainframe_line(1, "D", "LCLLN001", ref="LIN-1"), mainframe_line(2, "D", "LCLLN001", ref="LIN-2")
        )
    )
    assert last["error"]["why"].startswith("Small Business Enabler '")
    assert last["error"]["why"].endswith("' has 4 Local Line, and needs at least 5")


def test_what_goes_as_a_whole_is_not_looked_at(road):
    road.work(mainframe_order("7", *enabler(5)))
    assert road.work(mainframe_order("8", mainframe_line(1, "D", "SBENB001", ref="SBE")))["state"] == "done"


def test_what_an_older_definition_left_breaks_nothing_and_new_of_the_kind_does(road):
    """A card that has an attribute which its product no longer knows; another order changes the card."""
    directory = "<FEATURE><NAME>Colour</NAME><VAL>red</VAL></FEATURE>"
    pin = "<FEATURE><NAME>Pin</NAME><VAL>1</VAL><ACTN>A</ACTN></FEATURE>"
    road.work(mainframe_order("7", mainframe_line(1, "A", "CALCD001", ref="C", more=directory)))
    road.load(RULES)
    assert road.work(mainframe_order("8", mainframe_line(1, "C", "CALCD001", ref="C", more=pin)))["state"] == "done"
    shown = road.work(mainframe_order("9", mainframe_line(1, "A", "CALCD001", ref="NEW", more=directory + pin)))
    expected = "Calling Card 'NEW' has no attribute 'Colour'; its attributes are Pin"
    assert shown["error"]["why"] == expected


def test_a_state_that_a_later_rule_made_unlawful_is_mended_by_the_next_order(road):
    road.work(mainframe_order("7", mainframe_line(1, "A", "CALCD001", ref="C")))
    road.load(RULES)
    shown = road.work(
        mainframe_order("8", mainframe_line(1, "C", "CALCD001", ref="C", more="<PHONE>5095550123</PHONE>"))
    )
    assert (shown["reason"], shown["error"]["where"]) == ("ConfigurationRefused", "message MF-8-1, order 8, line C")


def test_a_supplement_is_checked_as_the_order_that_replaces_the_former(road):
    road.work(mainframe_order("7", *enabler(5)))
    few = road.work(mainframe_order("7", *enabler(4), revision=2))
    assert few["error"]["why"] == "Small Business Enabler 'SBE' has 4 Local Line, and needs at least 5"
    assert road.work(mainframe_order("7", *enabler(6), revision=2, message="MF-again"))["state"] == "done"
    assert [one.get("Revision") for one in road.stored("OM Order", Active_Flag="Y")] == ["2"]


def test_an_item_that_moves_is_checked_where_it_went_and_where_it_is_missing(road):
    road.work(mainframe_order("7", *enabler(5)))
    other = [
        mainframe_line(1, "A", "SBENB001", ref="OTHER"),
        *[mainframe_line(n, "A", "LCLLN001", parent=1, ref=f"OTH-{n}") for n in range(2, 6)],
        mainframe_line(6, "C", "LCLLN001", parent=1, ref="LIN-1"),
    ]
    shown = road.work(mainframe_order("8", *other))
    assert shown["error"]["what"] == "the configuration breaks a rule of its products"
    assert shown["error"]["why"].endswith("' has 4 Local Line, and needs at least 5")


def test_products_are_read_once_for_a_group_and_only_where_they_have_rules(road, monkeypatch):
    """Two small questions for each product, about its rules and about what it is provided after; the catalogue once for
    each set of products; and no more for ten orders.
    """
    asked, read = [], []
    holders, query = ObjectReader.holders, ObjectStore.query
    monkeypatch.setattr(
        ObjectReader,
        "holders",
        lambda self, stored, parts, keys: asked.append(keys) or holders(self, stored, parts, keys),
    )
    monkeypatch.setattr(
        ObjectStore, "query", lambda self, *given, **named: read.append(given[0]) or query(self, *given, **named)
    )
    for number in range(10):
        road.send(cards(number, "Calling Card"), "hub_object", f"C{number}")
    road.manager.work(10)
    assert (asked, "Product" in read) == ([["Calling Card"]] * 2, False)
    for number in range(10, 20):
        road.send(cards(number, "Local Line"), "hub_object", f"C{number}")
    road.manager.work(10)
    assert asked[2:] == [["Local Line"]] * 2
    assert read.count("Product") == 2  # the line, then the features that its structure names
    assert road.counts() == {"done": 20}


def test_another_systems_configurator_is_asked_before_the_lock(tmp_path):
    """It is asked about every order: it may know rules that aren't here."""
    with http_service() as service, care_on(tmp_path, configurator_url=service.url) as care:

        def answer(question):
            with care.open_hub.write() as transaction:  # nobody holds the database
                transaction.store.lock_accounts(["1-B"])
            return {"broken": [{"rule": "Credit", "product": "Calling Card", "item": None, "text": "no credit"}]}

        service.answer = answer
        shown = care.road.work(mainframe_order("7", mainframe_line(1, "A", "CALCD001", ref="C")))
        assert shown["error"] == {
            "reason": "ConfigurationRefused",
            "what": "the configuration breaks a rule of its products",
            "where": "message MF-7-1, order 7",
            "why": "Credit: no credit",
            "mend": "send an order after which the services obey these rules; nothing was stored",
        }
        assert [question["operation"] for question in service.asked] == ["check"]
        service.answer = lambda question: {"broken": []}
        assert care.road.work(mainframe_order("8", mainframe_line(1, "A", "CALCD001", ref="C")))["state"] == "done"
