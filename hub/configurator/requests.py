"""Requests: what a batch asks a configurator for, and their JSON form.

    [{"request": "add", "product": "Local Line", "beneath": "SBE", "name": "L1", "quantity": "1",
      "fields": {"Service Id": "509-555-0101"}, "attributes": {"Password": "1234"}},
     {"request": "set", "item": "L1/Voice Mail", "attributes": {"Password": "1234"}},
     {"request": "copy", "item": "L1", "times": "2", "fields": [{"Service Id": "509-555-0102"}]},
     {"request": "move", "item": KEY, "beneath": KEY},
     {"request": "remove", "item": KEY},
     {"request": "remove", "item": KEY, "attribute": "Colour"}]

An item is told by its Integration Id, or by the name that an `add` of the same batch gives it; a path goes down from
there by Product Ids: ``L1/Voice Mail``, ``KEY/Local Line[2]/Caller Id``. The steps are counted as the batch found the
tree, and as an added item came with its defaults. A batch has no order.

Source: part III, "Request"; spec: docs/design/workflows.md, "Configurator".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from integration_objects.errors import Refused
from integration_objects.field_values import shown
from integration_objects.nearest import nearest

Fields: TypeAlias = Mapping[str, str | None]


@dataclass(frozen=True)
class AddItem:
    """Add an item of a product, with its defaults.

    Attributes:
        product: its Product Id.
        beneath: the item beneath which it stands; None for a root item.
        name: by which the batch's other requests know it; None for none.
        quantity: a number of 0 or more; None for 1.
        fields: the line item's fields to set.
        attributes: values to set, None to have none.
    """

    product: str
    beneath: str | None = None
    name: str | None = None
    quantity: str | None = None
    fields: Fields = field(default_factory=dict)
    attributes: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class RemoveItem:
    """Remove an item with all beneath it, or one of its attributes."""

    item: str
    attribute: str | None = None


@dataclass(frozen=True)
class SetItem:
    """Set fields and attributes of an item; an attribute set to None is taken away."""

    item: str
    fields: Fields = field(default_factory=dict)
    attributes: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class CopyItem:
    """Copy an item with all beneath it, as the batch leaves it, with new keys.

    Attributes:
        item: what is copied; the copies stand behind it.
        times: how many copies.
        fields: of the first copies, one each, the fields to set.
    """

    item: str
    times: int = 1
    fields: tuple[Fields, ...] = ()


@dataclass(frozen=True)
class MoveItem:
    """Move an item with all beneath it to another parent."""

    item: str
    beneath: str


Request: TypeAlias = AddItem | RemoveItem | SetItem | CopyItem | MoveItem

#: The fields of a line item that a customer chooses.
SETTABLE = (
    "Service Id",
    "Service Point Id",
    "Service Account Id",
    "Billing Account Id",
    "Agreement Id",
    "Quantity",
    "Due Date",
    "Pricing Comment",
)
#: Requests of a batch, copies that one request makes, and fields or attributes that one sets.
MOST_REQUESTS, MOST_TIMES, MOST_VALUES = 2_000, 10_000, 200
#: Characters of a name, a key or a path; of a value; of a batch's JSON.
MOST_NAME, MOST_VALUE, MOST_JSON = 1_000, 4_000, 4 * 1024 * 1024

_KINDS: dict[str, type[Request]] = {
    "add": AddItem,
    "remove": RemoveItem,
    "set": SetItem,
    "copy": CopyItem,
    "move": MoveItem,
}
#: What a request must have, and what it may have, by what it is.
_PARTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "add": (("product",), ("beneath", "name", "quantity", "fields", "attributes")),
    "remove": (("item",), ("attribute",)),
    "set": (("item",), ("fields", "attributes")),
    "copy": (("item",), ("times", "fields")),
    "move": (("item", "beneath"), ()),
}
_WHOLE = re.compile(r"[1-9][0-9]{0,8}")


class RequestFaulty(Refused):
    """A request isn't understood, or asks for what no request can ask for."""


class TooManyRequests(Refused):
    """A batch, or a request of it, is over one of the limits."""


def kind_of(request: Request) -> str:
    """What the request is, as its JSON form says it: add, remove, set, copy, move."""
    return next(name for name, kind in _KINDS.items() if isinstance(request, kind))


def check_limits(requests: Sequence[Request]) -> None:
    """Refuse a batch that is over a limit, however it was made.

    Raises:
        TooManyRequests: it has too many requests, values or copies, or a text is too long.
    """
    if len(requests) > MOST_REQUESTS:
        raise _over("batch", "requests", len(requests), MOST_REQUESTS)
    for number, request in enumerate(requests, 1):
        where = f"request {number}"
        for value in _names_in(request):
            if len(value) > MOST_NAME:
                raise _over(where, "characters in a name", len(value), MOST_NAME)
        if isinstance(request, CopyItem):
            if not 1 <= request.times <= MOST_TIMES:
                raise _over(where, "copies", request.times, MOST_TIMES)
            if len(request.fields) > request.times:
                raise _over(where, "entries in 'fields', as many as 'times'", len(request.fields), request.times)
        for values in _values_in(request):
            if len(values) > MOST_VALUES:
                raise _over(where, "fields or attributes", len(values), MOST_VALUES)
            for name, text in values.items():
                if len(name) > MOST_NAME or len(text or "") > MOST_VALUE:
                    raise _over(where, "characters in a value", max(len(name), len(text or "")), MOST_VALUE)


def _names_in(request: Request) -> Iterator[str]:
    for part in ("product", "beneath", "name", "item", "attribute", "quantity"):
        value = getattr(request, part, None)
        if value is not None:
            yield value


def _values_in(request: Request) -> Iterator[Fields]:
    if isinstance(request, CopyItem):
        yield from request.fields
    elif isinstance(request, AddItem | SetItem):
        yield request.fields
        yield request.attributes


def _over(where: str, what: str, found: int, most: int) -> TooManyRequests:
    return TooManyRequests(
        f"the {where} is over the limit of {what}",
        where=where,
        why=f"from 1 to {most} are allowed, found {found}" if what == "copies" else f"at most {most}, found {found}",
        mend="ask for less at once, in several batches",
    )


def requests_from_json(text: str) -> list[Request]:
    """The requests of a batch from their JSON form, a list of objects.

    Numbers may stand without quotes.

    Raises:
        RequestFaulty: the text isn't JSON, or a request isn't understood; names the request and the part of it.
        TooManyRequests: it is over a limit.
    """
    if len(text) > MOST_JSON:
        raise _over("batch", "characters", len(text), MOST_JSON)
    try:
        found = json.loads(
            text, parse_int=str, parse_float=str, parse_constant=_no_constant, object_pairs_hook=_no_doubles
        )
    except (ValueError, RecursionError) as error:
        why = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise _not_understood("batch", why, "give a list of requests as JSON") from error
    if not isinstance(found, list):
        raise _not_understood("batch", "expected a list of requests", "put the requests into [ ]")
    if len(found) > MOST_REQUESTS:
        raise _over("batch", "requests", len(found), MOST_REQUESTS)
    requests = [_request(part, number) for number, part in enumerate(found, 1)]
    check_limits(requests)
    return requests


def requests_to_json(requests: Sequence[Request]) -> str:
    """The JSON form of a batch: what `requests_from_json` reads."""
    return json.dumps([_parts_of(request) for request in requests], ensure_ascii=False)


def _parts_of(request: Request) -> dict[str, Any]:
    parts = {name: value for name, value in vars(request).items() if value is not None and value not in ({}, ())}
    if isinstance(request, CopyItem):
        parts["times"] = str(request.times)
    return {"request": kind_of(request), **parts}


def _request(part: Any, number: int) -> Request:
    where = f"request {number}"
    if not isinstance(part, dict):
        raise _not_understood(where, f"expected an object, found {_kind(part)}", 'write {"request": ...}')
    name = part.get("request")
    if not isinstance(name, str) or name not in _KINDS:
        found = shown(name) if isinstance(name, str) else _kind(name)
        mend = nearest(name, _KINDS) if isinstance(name, str) else ""
        raise _not_understood(where, f"'request' is {found}; there are {', '.join(_KINDS)}", mend or "name one of them")
    needed, optional = _PARTS[name]
    for key in part:
        if key != "request" and key not in (*needed, *optional):
            why = f"'{name}' has no part {shown(key)}; it has {', '.join((*needed, *optional))}"
            raise _not_understood(where, why, nearest(key, (*needed, *optional)) or "leave it out")
    values: dict[str, Any] = {}
    for key in (*needed, *optional):
        if part.get(key) is None:
            if key in needed:
                raise _not_understood(where, f"'{name}' needs '{key}'", f"give '{key}'")
            continue
        values[key] = _value(name, key, part[key], where)
    return _KINDS[name](**values)


def _value(name: str, key: str, value: Any, where: str) -> Any:
    if key == "fields" and name == "copy":
        if not isinstance(value, list):
            raise _not_understood(where, f"'fields' of a copy: expected a list, found {_kind(value)}", "use [ ]")
        return tuple(_texts(one, key, where) for one in value)
    if key in ("fields", "attributes"):
        return _texts(value, key, where)
    if not isinstance(value, str):
        raise _not_understood(where, f"'{key}': expected a text, found {_kind(value)}", "give a text")
    if key == "times":
        if not _WHOLE.fullmatch(value):
            raise _not_understood(where, f"'times': expected a whole number from 1, found {shown(value)}", "give one")
        return int(value)
    return value


def _texts(value: Any, key: str, where: str) -> dict[str, str | None]:
    if not isinstance(value, dict):
        raise _not_understood(where, f"'{key}': expected an object, found {_kind(value)}", "use { }")
    for name, text in value.items():
        if text is not None and not isinstance(text, str):
            why = f"'{key}', {shown(name)}: expected a text or null, found {_kind(text)}"
            raise _not_understood(where, why, "give a text, a number or null")
    return value


def _kind(value: Any) -> str:
    return {dict: "an object", list: "a list", str: "a text", bool: "a truth value"}.get(type(value), "nothing")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has one name twice")
    return found


def _not_understood(where: str, why: str, mend: str) -> RequestFaulty:
    return RequestFaulty(f"the {where} is not understood", where=where, why=why, mend=mend)
