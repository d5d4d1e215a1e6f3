"""The documents of a deployment's channels are valid, have each route and system, and no secret."""

from __future__ import annotations

import json

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from hub.deployment.asyncapi import asyncapi
from hub.deployment.deployment import Deployment
from hub.deployment.openapi import openapi
from hub.deployment.settings import read_settings
from tests.hub.http_door.served_door import ROUTES

#: what AsyncAPI 3.0.0 says of the parts that the hub writes, as strictly as its published schema
_REFERENCE = {
    "type": "object",
    "required": ["$ref"],
    "additionalProperties": False,
    "properties": {"$ref": {"type": "string"}},
}
_TEXT = {"type": "string"}


def _keys(required, **properties):
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


def _by_name(schema):
    return {"type": "object", "additionalProperties": schema}


_LIST = {"type": "array", "items": _REFERENCE, "uniqueItems": True}
_MESSAGE = _keys(["name"], name=_TEXT, contentType=_TEXT)
_CHANNEL = _keys(
    ["address"], address=_TEXT, messages=_by_name(_MESSAGE), servers=_LIST, **{"x-orderhub-transport": _TEXT}
)
_OPERATION = _keys(
    ["action", "channel"],
    action={"enum": ["send", "receive"]},
    channel=_REFERENCE,
    messages=_LIST,
    summary=_TEXT,
    reply=_keys([], channel=_REFERENCE, messages=_LIST),
)
ASYNCAPI = _keys(
    ["asyncapi", "info"],
    asyncapi={"const": "3.0.0"},
    info=_keys(["title", "version"], title=_TEXT, version=_TEXT),
    defaultContentType=_TEXT,
    servers=_by_name(_keys(["host", "protocol"], host=_TEXT, protocol=_TEXT)),
    channels=_by_name(_CHANNEL),
    operations=_by_name(_OPERATION),
)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("documents")
    (folder / "hub" / "routes").mkdir(parents=True)
    (folder / "orderhub.toml").write_text("")
    for name, text in ROUTES.items():
        (folder / "hub" / "routes" / f"{name}.yaml").write_text(text.lstrip(), encoding="utf-8")
    given = {"routes": ["*"], "broker_url": "amqps://me:secret@broker.example:5671/orders"}
    return Deployment(folder, read_settings(folder, environment=False, **given))


def references(document):
    """Every reference of a document."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(document, list):
        for value in document:
            yield from references(value)


def test_the_asyncapi_document_is_valid_and_has_each_channel_with_its_direction(deployment):
    document = asyncapi(deployment)
    jsonschema.validate(document, ASYNCAPI)
    assert "secret" not in json.dumps(document)
    assert document["servers"] == {"broker": {"host": "broker.example:5671", "protocol": "amqps"}}
    for reference in references(document):
        place = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert {"mainframe.orders", "mainframe.answers", "mainframe_order.dead-letter", "/messages/orders"} <= addresses
    assert {system.place for system in deployment.systems.values()} <= addresses
    operations = document["operations"]
    assert operations["receive_mainframe_order"] == {
        "action": "receive",
        "channel": {"$ref": "#/channels/mainframe.orders"},
        "messages": [{"$ref": "#/channels/mainframe.orders/messages/Mainframe_Order"}],
        "summary": "Mainframe Order by 'mainframe_order'",
        "reply": {
            "channel": {"$ref": "#/channels/mainframe.answers"},
            "messages": [{"$ref": "#/channels/mainframe.answers/messages/Mainframe_Answer"}],
        },
    }
    assert {f"receive_{name}" for name in deployment.routes} <= set(operations)
    assert operations["send_to_Billing"]["action"] == "send"


def test_the_openapi_document_is_valid_and_has_the_http_routes_only(deployment):
    document = openapi(deployment.routes.values())
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    posts = [path for path, methods in document["paths"].items() if "post" in methods]
    places = ("open.orders", "orders", "waiting")
    assert sorted(posts) == sorted(f"/{what}/{place}" for what in ("messages", "check") for place in places)
    body = document["paths"]["/messages/orders"]["post"]["requestBody"]["content"]
    assert list(body) == ["application/xml", "text/*"]
    waits = {path for path in posts if "messages" in path and "200" in document["paths"][path]["post"]["responses"]}
    assert waits == {"/messages/waiting"}


def test_the_commands_print_the_documents(tmp_path, command):
    (tmp_path / "orderhub.toml").write_text("routes = []\n")
    assert json.loads(command("api", "openapi").out)["paths"] == {}
    assert json.loads(command("api", "asyncapi").out)["channels"] == {}
