"""What a route reads of a message to file it, and the content types that it takes."""

from __future__ import annotations

import pytest

from hub.deployment.route import value_in
from integration_objects.declaration import DeclarationFault
from maps.field_rule import Language, compile_source_expression
from maps.scope import Position
from maps.shape import EXTERNAL
from schemas.check import parse
from schemas.from_xml import external_from_xml
from tests.road import Road, sample


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
    assert compile_source_expression("[ORDER/CUST-NO] + [ORDER/ORD-NO]", position, Language.of({})).names == {
        "ORDER",
        "CUST-NO",
        "ORD-NO",
    }
    assert compile_source_expression("count('ORDER') + 0", position, Language.of({})).names is None


def own_route(folder, **parts):
    """Write a route of the deployment's own for the hub's XML."""
    (folder / "hub/routes").mkdir(parents=True)
    lines = {"route": "own", "from": "{channel: own.objects}", "object": "hub", "workflow": "Hub Object", **parts}
    text = "".join(f"{key}: {value}\n" for key, value in lines.items())
    (folder / "hub/routes/own.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def careful_road(tmp_path):
    own_route(tmp_path, **{"content types": "[application/XML, text/xml, application/*+xml]"})
    made = Road(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    "content_type", ["application/xml", "Text/XML; charset=utf-8", "application/soap+xml", " text/xml "]
)
def test_a_route_takes_its_content_types(careful_road, content_type):
    shown = careful_road.work(sample("catalogue.xml"), "own", content_type=content_type)
    assert shown["state"] == "done"


@pytest.mark.parametrize("content_type", ["application/json", "text/xml2", "text", "application/+json"])
def test_a_body_of_another_content_type_is_refused(careful_road, content_type):
    """Also where the body is XML: the sender sends by a wrong route, or says what isn't so."""
    shown = careful_road.work(sample("catalogue.xml"), "own", "M-1", content_type=content_type)
    assert (shown["state"], shown["reason"]) == ("invalid", "ContentTypeRefused")
    assert shown["error"] == {
        "reason": "ContentTypeRefused",
        "what": f"the route own takes no messages of content type '{content_type}'",
        "where": "message M-1",
        "why": "it takes application/xml, text/xml, application/*+xml",
        "mend": "send the body as one of these content types, or add this one to the route's `content types`",
    }


def test_a_route_without_content_types_takes_all(road):
    assert road.work(sample("catalogue.xml"), "hub_object", content_type="application/json")["state"] == "done"


def test_a_content_type_that_is_none_is_a_fault_of_the_declaration(tmp_path):
    own_route(tmp_path, **{"content types": "[application/xml, xml]"})
    with pytest.raises(DeclarationFault) as caught:
        Road(tmp_path)
    assert str(caught.value) == (
        "'xml' is no content type\n"
        f"  where: {tmp_path}/hub/routes/own.yaml:5:34\n"
        "  mend:  write a type and a subtype, such as application/xml; * stands for any text"
    )
