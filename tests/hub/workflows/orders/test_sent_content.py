"""A known revision of a sender's order: the same content is a repeat, other content is refused with what to do."""

from __future__ import annotations

import pytest

from hub.workflows.orders.sent_content import sent_content
from integration_objects.complex_object import first_instance, items_of
from integration_objects.names import ORDER
from integration_objects.property_set import PropertySet
from schemas.check import parse
from schemas.hub_xml import hub_from_xml
from tests.hub.deployment.test_partner import ROUTE, instance, purchase
from tests.road import mainframe_line, mainframe_order

LINE = mainframe_line(1, "A", "LCLLN001", ref="L")
OTHER = mainframe_line(1, "A", "ISDNL001", ref="L")


def hub_order(lines: str, revision: str = "<SourceRevision>1</SourceRevision>", more: str = "") -> str:
    return (
        '<Message MessageType="Integration Object" IntObjectName="OM Order" IntObjectFormat="Hierarchical">'
        "<ListOfOMOrder><Order><SourceSystem>CRM</SourceSystem><SourceOrderNumber>7</SourceOrderNumber>"
        f"{revision}<AccountId>1-B</AccountId><CurrencyCode>USD</CurrencyCode>{more}"
        f"<ListOfLineItem>{lines}</ListOfLineItem></Order></ListOfOMOrder></Message>"
    )


def hub_line(reference: str, more: str = "<Quantity>1</Quantity>") -> str:
    return (
        f"<LineItem><SourceReference>{reference}</SourceReference><ProductId>Local Line</ProductId>"
        f"<ActionCode>Add</ActionCode>{more}</LineItem>"
    )


def test_other_content_under_a_known_revision_is_refused_with_what_to_do(road):
    road.work(mainframe_order("70", LINE))
    shown = road.work(mainframe_order("70", OTHER, message="MF-corrected"))
    assert (shown["state"], shown["reason"]) == ("rejected", "RevisionReused")
    assert shown["error"] == {
        "reason": "RevisionReused",
        "what": "the order 70 came again as revision 1, with other content",
        "where": "message MF-corrected, Order, Source Revision",
        "why": "revision 1 is here already and asks for something else; one revision has one content",
        "mend": "send the changed order as revision 2; nothing of this message was taken in",
    }
    answer = parse(road.left("mainframe.answers")[-1].message.body)
    assert (answer.findtext("STATE"), answer.findtext("ERR/REASON")) == ("REJ", "RevisionReused")
    # The advice can be followed.
    assert road.work(mainframe_order("70", OTHER, revision=2))["state"] == "done"


def test_an_older_revision_with_other_content_is_refused_too(road):
    for revision in (1, 2):
        road.work(mainframe_order("71", LINE, revision=revision))
    assert road.work(mainframe_order("71", LINE, message="MF-again"))["state"] == "filtered"
    shown = road.work(mainframe_order("71", OTHER, message="MF-other"))
    assert (shown["reason"], shown["error"]["mend"][:38]) == (
        "RevisionReused",
        "send the changed order as revision 3; ",
    )


def test_orders_without_a_revision_are_the_first_one(road):
    assert road.work(hub_order(hub_line("A"), revision=""), "hub_object", id="1")["state"] == "done"
    assert road.work(hub_order(hub_line("A")), "hub_object", id="2")["state"] == "filtered"
    changed = road.work(hub_order(hub_line("A") + hub_line("B"), revision=""), "hub_object", id="3")
    assert (changed["state"], changed["reason"]) == ("rejected", "RevisionReused")


def test_a_partner_hears_the_same_reason(road):
    road.work(purchase("PO-1", instance("provide", "line.analogue", "L")), ROUTE)
    road.work(purchase("PO-1", instance("provide", "line.analogue", "M"), document="again"), ROUTE)
    answer = parse(road.left("partner.acknowledgements")[-1].message.body)
    assert (answer.get("outcome"), [one.get("code") for one in answer.iter("{*}Fault")]) == (
        "refused",
        ["RevisionReused"],
    )


def test_a_revision_that_was_refused_can_be_sent_again_corrected(road):
    wrong = hub_line("A").replace("Local Line", "No Such Product")
    assert road.work(hub_order(wrong), "hub_object", id="1")["reason"] == "ProductUnknown"
    assert road.work(hub_order(hub_line("A")), "hub_object", id="2")["state"] == "done"


def test_fields_that_only_the_hub_knows_are_no_content(road):
    road.work(hub_order(hub_line("A")), "hub_object", id="1")
    again = hub_order(hub_line("A", "<Quantity>1</Quantity><Status>Complete</Status>"), more="<Status>Open</Status>")
    assert road.work(again, "hub_object", id="2")["state"] == "filtered"


def test_a_supplement_that_was_made_in_the_hub_changes_nothing_of_it(road):
    road.work(mainframe_order("72", LINE))
    road.ask("revise", order="O-0000001")
    assert road.work(mainframe_order("72", LINE, message="MF-same"))["state"] == "filtered"
    assert road.work(mainframe_order("72", OTHER, message="MF-other"))["reason"] == "RevisionReused"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("<Quantity>1</Quantity>", "<Quantity>1.00</Quantity>", True),
        ("<DueDate>2026-01-31</DueDate>", "<DueDate>2026-01-31T01:00:00+01:00</DueDate>", True),
        ("<ServiceId>1</ServiceId>", "<ServiceId>1.0</ServiceId>", False),
        ("<Quantity>1</Quantity>", "<Quantity>2</Quantity>", False),
        ("<ServiceId></ServiceId>", "", False),
        ("", "<ServiceId>5</ServiceId>", False),
    ],
)
def test_values_are_compared_by_their_types(road, one, other, is_same):
    assert (content(road, hub_line("A", one)) == content(road, hub_line("A", other))) is is_same


def test_the_order_of_lines_and_attributes_is_no_content_and_their_place_is(road):
    def attribute(name: str) -> str:
        return f"<Attribute><Name>{name}</Name><TextValue>x</TextValue></Attribute>"

    def attributes(*names: str) -> str:
        return f"<ListOfAttribute>{''.join(map(attribute, names))}</ListOfAttribute>"

    first = content(road, hub_line("A", attributes("P", "Q")) + hub_line("B"))
    assert first == content(road, hub_line("B") + hub_line("A", attributes("Q", "P")))
    assert first != content(road, hub_line("A", attributes("P", "R")) + hub_line("B"))
    nested = hub_line("A", attributes("P", "Q") + f"<ListOfLineItem>{hub_line('B')}</ListOfLineItem>")
    assert first != content(road, nested)


def test_a_null_is_not_an_absent_field(road):
    order = first_instance(parsed(road, hub_line("A")))
    absent = sent_content(order, component(road))
    next(items_of(order)).properties["Service Id"] = None
    assert sent_content(order, component(road)) != absent


def parsed(road, lines: str) -> PropertySet:
    return hub_from_xml(hub_order(lines).encode(), road.open_hub.deployment.definitions)


def component(road):
    return road.open_hub.deployment.definitions[ORDER].root


def content(road, lines: str) -> str:
    return sent_content(first_instance(parsed(road, lines)), component(road))
