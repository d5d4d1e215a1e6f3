"""What a route reads of a message to file it."""

from __future__ import annotations

import pytest

from hub.deployment.route import value_in
from maps.field_rule import compile_source_expression
from maps.path import Position
from maps.shape import EXTERNAL
from schemas.check import parse
from schemas.from_xml import external_from_xml
from tests.road import sample


@pytest.mark.parametrize(
    ("name", "file", "read"),
    [("mainframe_order", "order-1-new-service.xml", 1), ("partner_order", "order-6-partner.xml", 2)],
)
def test_of_a_message_that_is_filed_only_what_leads_to_its_key_and_identity_is_read(road, name, file, read):
    route = road.open_hub.deployment.routes[name]
    element = parse(sample(file))
    whole = external_from_xml(element, route.external)
    part = external_from_xml(element, route.external, route.names_read)
    for expression in (route.key, route.identity):
        assert value_in(expression, part) == value_in(expression, whole) is not None
    assert len(list(part.walk())) == 1 + read
    assert len(list(whole.walk())) > 5


def test_an_expression_whose_function_sees_the_whole_message_has_it_read(road):
    root = road.open_hub.deployment.routes["mainframe_order"].external.definition.root
    position = Position(root, None, EXTERNAL)
    assert compile_source_expression("[ORDER/CUST-NO] + [ORDER/ORD-NO]", position, {}).names == {
        "ORDER",
        "CUST-NO",
        "ORD-NO",
    }
    assert compile_source_expression("count('ORDER') + 0", position, {}).names is None
