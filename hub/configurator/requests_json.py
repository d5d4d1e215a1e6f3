"""The JSON form of requests, read by pydantic into the requests' own classes, and written."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from adapters.json_border import first_fault, kind_of_json
from hub.configurator.number_range import BETWEEN, numbers_in
from hub.configurator.requests import (
    KINDS,
    MOST_JSON,
    MOST_REQUESTS,
    MOST_TIMES,
    CopyItem,
    Request,
    RequestFaulty,
    check_limit,
    check_limits,
    kind_of,
)
from integration_objects.errors import located
from integration_objects.field_values import shown
from integration_objects.nearest import nearest
from integration_objects.secrets import MASK, MaskSentBack

_READERS = {name: TypeAdapter[Request](kind) for name, kind in KINDS.items()}
_PARTS = {name: [part.name for part in fields(kind)] for name, kind in KINDS.items()}
_WHOLE = re.compile(r"[1-9][0-9]{0,8}")
#: the field of which a copy takes a range of values
_NUMBERED = "Service Id"


def requests_from_json(text: str) -> list[Request]:
    """Read the requests of a batch from their JSON form, a list of objects.

    Numbers may stand without quotes.

    Raises:
        RequestFaulty: the text isn't JSON, or a request isn't understood; names the request and the part of it.
        MaskSentBack: a display's mask stands in the place of an attribute's value.
        TooManyRequests: it is over a limit.
    """
    check_limit("batch", "characters", len(text), MOST_JSON)
    try:
        # Numbers stay texts: a float would lose digits of a quantity.
        batch = json.loads(
            text, parse_int=str, parse_float=str, parse_constant=_no_constant, object_pairs_hook=_no_doubles
        )
    except (ValueError, RecursionError) as error:
        fault = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise RequestFaulty(where="batch", fault=fault, mend="give a list of requests as JSON") from error
    if not isinstance(batch, list):
        raise RequestFaulty(where="batch", fault="expected a list of requests", mend="put the requests into [ ]")
    check_limit("batch", "requests", len(batch), MOST_REQUESTS)
    requests: list[Request] = []
    for number, document in enumerate(batch, 1):
        with located(f"request {number}"):
            requests.append(_request(document))
    check_limits(requests)
    return requests


def _request(document: Any) -> Request:
    if not isinstance(document, dict):
        fault = f"expected an object, found {kind_of_json(document)}"
        raise RequestFaulty(fault=fault, mend='write {"request": ...}')
    name = document.get("request")
    if not isinstance(name, str) or name not in KINDS:
        found, mend = (shown(name), nearest(name, KINDS)) if isinstance(name, str) else (kind_of_json(name), "")
        fault = f"'request' is {found}; there are {', '.join(KINDS)}"
        raise RequestFaulty(fault=fault, mend=mend or "name one of them")
    values = {key: value for key, value in document.items() if key != "request" and value is not None}
    for key in document:
        if key != "request" and key not in _PARTS[name]:
            fault = f"'{name}' has no part {shown(key)}; it has {', '.join(_PARTS[name])}"
            raise RequestFaulty(fault=fault, mend=nearest(key, _PARTS[name]) or "leave it out")
    times = values.get("times", "1")
    if isinstance(times, str) and not _WHOLE.fullmatch(times):
        fault = f"expected a whole number from 1, found {shown(times)}"
        raise RequestFaulty(where="times", fault=fault, mend="give one")
    if name == "copy" and isinstance(values.get("fields"), dict):
        values |= _for_each_copy(values["fields"], times if "times" in values else None)
    try:
        request = _READERS[name].validate_python(values)
    except ValidationError as error:
        first = first_fault(error)
        raise RequestFaulty(where=first.where, fault=f"'{name}': {first.why}", mend=first.mend) from error
    for attribute, value in getattr(request, "attributes", {}).items():
        if value == MASK:
            raise MaskSentBack(name=attribute, place="attributes")
    return request


def _for_each_copy(fields: dict[str, Any], times: Any) -> dict[str, Any]:
    """Return `fields` and `times` of a copy whose fields are given once for all copies.

    A range of service ids gives each copy one of its numbers, and so says how many copies there are.
    """
    service_id = fields.get(_NUMBERED)
    if not isinstance(service_id, str) or BETWEEN not in service_id:
        count = int(times) if isinstance(times, str) else 1
        check_limit("request", "copies", count, MOST_TIMES)
        return {"fields": [fields] * count}
    with located(f"fields, {_NUMBERED}"):
        numbers = numbers_in(service_id)
    if times is not None and times != str(len(numbers)):
        fault = f"'times' is {shown(str(times))}, and the range {shown(service_id)} has {len(numbers)} numbers"
        raise RequestFaulty(where="times", fault=fault, mend="give a number for each copy, or leave 'times' out")
    return {"fields": [{**fields, _NUMBERED: number} for number in numbers], "times": str(len(numbers))}


def requests_to_json(requests: Sequence[Request]) -> str:
    """Write the JSON form of a batch that `requests_from_json` reads."""
    return json.dumps([_document(request) for request in requests], ensure_ascii=False)


def _document(request: Request) -> dict[str, Any]:
    values = {
        name: value for name, value in vars(request).items() if value is not None and value not in ({}, (), False)
    }
    if isinstance(request, CopyItem):
        values["times"] = str(request.times)
    return {"request": kind_of(request), **values}


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Left to itself, the parser takes the last of two equal names without an error.
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("an object has one name twice")
    return entries
