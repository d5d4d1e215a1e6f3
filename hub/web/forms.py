"""Sent forms: their bodies within limits, and the proof that a page of this application sent them.

Each form carries a token that is made of the session's; a page of another site can't know it. A browser also says
where a form comes from: another site is refused before anything is read.

Spec: docs/security.md.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from hub.http_door.reading import BodyTooLarge, receive
from hub.web.faults import FormFaulty, OtherSite, TooMuchSent
from hub.web.headers import Place
from integration_objects.surroundings import token_digest

#: bytes of a sent form, and the number of its fields
MOST_BYTES, MOST_FIELDS = 256 * 1024, 2_500
#: seconds for a form to arrive
FORM_S = 30.0
#: the field, or for scripts the header, with the form's token
CSRF, CSRF_HEADER = "csrf", "x-csrf-token"


def csrf_of(token: str) -> str:
    """Return the token of the forms of a session, or of a visitor before the sign-in."""
    return token_digest(f"form {token}")


async def read_form(request: Request, place: Place, csrf: str) -> dict[str, str]:
    """Read a sent form, or a JSON object of texts.

    Raises:
        OtherSite, FormFaulty, TooMuchSent: it is no form of this application.
    """
    _check_site(request, place)
    body = await _body(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        fields = _json_fields(body)
    elif kind == "application/x-www-form-urlencoded":
        fields = _form_fields(body)
    else:
        raise FormFaulty(why=f"it has the content type '{kind}'")
    given = fields.pop(CSRF, None) or request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode(), csrf.encode()):
        raise FormFaulty(why="its token is missing or isn't this session's")
    return fields


def _check_site(request: Request, place: Place) -> None:
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise OtherSite
    origin = request.headers.get("origin")
    if origin is not None and not place.is_own_origin(origin, request.headers.get("host")):
        raise OtherSite


async def _body(request: Request) -> bytes:
    parts: list[bytes] = []
    try:
        await receive(request, MOST_BYTES, FORM_S, parts.append)
    except BodyTooLarge as error:
        raise TooMuchSent(most=f"{MOST_BYTES} bytes") from error
    return b"".join(parts)


def _form_fields(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MOST_FIELDS
        )
    except UnicodeDecodeError as error:
        raise FormFaulty(why="it isn't text in UTF-8") from error
    except ValueError as error:
        raise TooMuchSent(most=f"{MOST_FIELDS} fields") from error
    return _each_once(pairs)


def _json_fields(body: bytes) -> dict[str, str]:
    try:
        document = json.loads(body or b"{}", object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise FormFaulty(why="it is no JSON") from error
    if not isinstance(document, Mapping) or not all(isinstance(value, str) for value in document.values()):
        raise FormFaulty(why="expected a JSON object of texts")
    # JSON can write half characters, which no encoding carries.
    if any("\ud800" <= sign <= "\udfff" for pair in document.items() for text in pair for sign in text):
        raise FormFaulty(why="a text in it has half a character")
    if len(document) > MOST_FIELDS:
        raise TooMuchSent(most=f"{MOST_FIELDS} fields")
    return dict(document)


def _each_once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    fields = dict(pairs)
    # Of two values of a field one part of a program could read the first, another the last.
    if len(fields) < len(pairs):
        raise FormFaulty(why="a field stands in it twice")
    return fields
