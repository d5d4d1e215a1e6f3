"""An order of too many lines is refused while its tree is made, not afterwards."""

from __future__ import annotations

import pytest

from hub.workflows.orders.order_size import MOST_LINES, LineCounter, OrderTooLarge
from hub.workflows.received import hub_object
from integration_objects.definition import shipped_definitions
from integration_objects.property_set import PropertySet
from schemas.hub_xml import hub_from_xml
from tests.road import Road

HEAD = "<ORDERS><ORDER><MSG-ID>m1</MSG-ID><ORD-NO>1</ORD-NO><CUST-NO>900001</CUST-NO><CURR>USD</CURR>"
LINE = "<LINE><LINE-NO>{}</LINE-NO><SVC-REF>L{}</SVC-REF><ACTN>A</ACTN><PROD-CD>LCLLN001</PROD-CD><QTY>1</QTY></LINE>"


def mainframe_order(lines: int) -> str:
    return HEAD + "".join(LINE.format(number, number) for number in range(1, lines + 1)) + "</ORDER></ORDERS>"


def hub_order(lines: int, header: str = "Order") -> str:
    items = "".join(f"<LineItem><IntegrationId>L{number}</IntegrationId></LineItem>" for number in range(1, lines + 1))
    name = f"OM{header}"
    return (
        f'<Message IntObjectName="OM {header}"><ListOf{name}><{header}><ListOfLineItem>{items}</ListOfLineItem>'
        f"</{header}></ListOf{name}></Message>"
    )


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[PropertySet]:
    """The components that the counters of a test were told of."""
    components: list[PropertySet] = []
    count = LineCounter.__call__

    def counting(self: LineCounter, component: PropertySet) -> None:
        components.append(component)
        count(self, component)

    monkeypatch.setattr(LineCounter, "__call__", counting)
    return components


@pytest.mark.parametrize(("route", "body"), [("mainframe_order", mainframe_order), ("hub_object", hub_order)])
def test_no_component_is_made_after_the_line_that_is_one_too_many(tmp_path, made, route, body):
    road = Road(tmp_path).load_samples()
    shown = road.work(body(MOST_LINES + 50), route)
    assert (shown["state"], shown["reason"]) == ("rejected", "OrderTooLarge")
    assert len([component for component in made if component.type == "Line Item"]) == MOST_LINES + 1


def test_the_refusal_names_a_line_and_the_limit() -> None:
    counter = LineCounter(is_order=True)
    line = PropertySet("Line Item", properties={"Source Reference": "L9"})
    for _ in range(MOST_LINES):
        counter(line)
    with pytest.raises(OrderTooLarge) as caught:
        counter(line)
    assert str(caught.value) == (
        "the order has more than 2000 lines\n  where: line L9\n  why:   found 2001\n  mend:  send it as several orders"
    )


def test_lines_of_other_objects_are_not_counted():
    definitions = shipped_definitions()
    counter = hub_object.WORKFLOWS[0].counter
    assert counter is not None
    tree = hub_from_xml(hub_order(MOST_LINES + 1, "Asset").encode(), definitions, watch=counter())
    assert len(tree.children[0].children[0].children[0].children[0].children) == MOST_LINES + 1
    with pytest.raises(OrderTooLarge):
        hub_from_xml(hub_order(MOST_LINES + 1).encode(), definitions, watch=counter())
