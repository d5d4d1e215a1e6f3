"""The OpenAPI document of the HTTP door, made of the routes that read HTTP.

Spec: docs/design/legacy.md, "The HTTP door"; OpenAPI 3.1; docs/http.md, "Documents".
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable
from typing import Any

from adapters.database.schema.hub_tables import STATES
from adapters.http_headers import CORRELATION_ID, MESSAGE_ID
from adapters.transport import HTTP, XML
from hub.deployment.route import Route

_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_ERROR = dict.fromkeys(("reason", "what", "where", "why", "mend"), _TEXT)
_SCHEMAS: dict[str, Any] = {
    "Receipt": {
        "type": "object",
        "description": "The message is stored for good.",
        "properties": {"id": _TEXT, "message_id": _TEXT_OR_NULL, "state": _TEXT},
        "required": ["id", "message_id", "state"],
    },
    "State": {
        "type": "object",
        "properties": {
            "id": _TEXT,
            "message_id": _TEXT_OR_NULL,
            "channel": _TEXT,
            "state": {"enum": list(STATES)},
            "received_at": _TEXT,
            "final_at": _TEXT_OR_NULL,
            "error": {"type": ["object", "null"], "properties": _ERROR},
            "answer": {"type": ["object", "null"], "properties": {"content_type": _TEXT, "text": _TEXT_OR_NULL}},
            "answer_at": _TEXT_OR_NULL,
        },
        "required": ["id", "message_id", "channel", "state", "received_at", "final_at", "error", "answer", "answer_at"],
    },
    "Verdict": {
        "type": "object",
        "properties": {
            "channel": _TEXT,
            "accepted": {"type": "boolean"},
            "state": {"enum": list(STATES)},
            "repeat": {"type": "boolean"},
            "error": {"type": ["object", "null"], "properties": _ERROR},
            "answer": _TEXT_OR_NULL,
            "content_type": _TEXT_OR_NULL,
        },
        "required": ["channel", "accepted", "state", "repeat", "error", "answer", "content_type"],
    },
    "FileVerdict": {
        "type": "object",
        "description": "The verdict on a file of many orders, with those of its orders that aren't accepted.",
        "properties": {
            "channel": _TEXT,
            "accepted": {"type": "boolean"},
            "state": {"enum": list(STATES)},
            "error": {"type": ["object", "null"], "properties": _ERROR},
            "orders": {"type": "integer"},
            "judged": {"type": "integer"},
            "accepted_orders": {"type": "integer"},
            "listed": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "position": {"type": "integer"},
                        "place": _TEXT,
                        "accepted": {"type": "boolean"},
                        "state": {"enum": list(STATES)},
                        "error": {"type": ["object", "null"], "properties": _ERROR},
                    },
                    "required": ["position", "place", "accepted", "state", "error"],
                },
            },
        },
        "required": ["channel", "accepted", "state", "error", "orders", "judged", "accepted_orders", "listed"],
    },
    "Problem": {
        "type": "object",
        "description": "Problem details of RFC 9457, with the parts of an error and its stable reason.",
        "properties": {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT, **_ERROR},
        "required": ["type", "title", "status", "detail", "reason"],
    },
}
_PROBLEM = {
    "description": "a problem",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def takes_file_checks(route: Route) -> bool:
    """Tell whether files of a route can be judged by HTTP: it takes batches, and names those who may send."""
    return route.batch is not None and bool(route.senders)


def openapi(routes: Iterable[Route]) -> dict[str, Any]:
    """Make the OpenAPI document of those of *routes* that read HTTP, and of the checks of files."""
    paths: dict[str, Any] = {}
    for route in routes:
        if route.transport.name == HTTP:
            paths |= _paths(route)
        elif takes_file_checks(route):
            # An HTTP channel of the same name comes first, as at the door.
            paths = _check(route, [], "a file of many orders", "FileVerdict") | paths
    return {
        "openapi": "3.1.0",
        "info": {"title": "orderhub", "version": importlib.metadata.version("orderhub")},
        "security": [{"token": []}],
        "paths": paths,
        "components": {"schemas": _SCHEMAS, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _paths(route: Route) -> dict[str, Any]:
    place = route.place
    body = _body(route)
    answers = _answer_content(route)
    posted = {"202": _json("the message is stored", "Receipt")}
    if route.reply.wait_s is not None:
        posted["200"] = {"description": f"the answer, within {route.reply.wait_s} s", "content": answers}
    return {
        f"/messages/{place}": {
            "post": {
                "operationId": f"post.{place}",
                "summary": f"Send a message to the route {route.name}",
                "parameters": [_header(MESSAGE_ID, "the message's id"), _header(CORRELATION_ID, "comes back")],
                "requestBody": body,
                "responses": {**posted, "default": _PROBLEM},
            }
        },
        f"/messages/{place}/{{id}}": {
            "get": {
                "operationId": f"state.{place}",
                "summary": "Look at the state of a message of your own",
                "parameters": [_id()],
                "responses": {"200": _json("the state", "State"), "default": _PROBLEM},
            }
        },
        f"/answers/{place}/{{id}}": {
            "get": {
                "operationId": f"answer.{place}",
                "summary": "Fetch the answer to a message of your own",
                "parameters": [_id()],
                "responses": {"200": {"description": "the answer", "content": answers}, "default": _PROBLEM},
            }
        },
        **_check(route, [_header(MESSAGE_ID, "the message's id")], "a message", "Verdict"),
    }


def _check(route: Route, parameters: list[dict[str, Any]], judged: str, verdict: str) -> dict[str, Any]:
    return {
        f"/check/{route.place}": {
            "post": {
                "operationId": f"check.{route.place}",
                "summary": f"Have {judged} judged, without effect",
                "parameters": parameters,
                "requestBody": _body(route),
                "responses": {"200": _json("the verdict", verdict), "default": _PROBLEM},
            }
        }
    }


def _body(route: Route) -> dict[str, Any]:
    return {"required": True, "content": {media_type: {} for media_type in _media_types(route)}}


def _media_types(route: Route) -> list[str]:
    if route.content_types:
        return list(route.content_types)
    return [route.content_type]


def _answer_content(route: Route) -> dict[str, Any]:
    return {XML if route.reply.object is None else route.reply.object.content_type: {}}


def _json(description: str, schema: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": _TEXT}


def _id() -> dict[str, Any]:
    description = f"the id of the receipt, or the {MESSAGE_ID}"
    return {"name": "id", "in": "path", "required": True, "description": description, "schema": _TEXT}
