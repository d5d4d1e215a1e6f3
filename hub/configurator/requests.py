"""Requests: the changes that a batch asks a configurator for.

Their JSON form, which `requests_json` reads and writes:

    [{"request": "add", "product": "Local Line", "beneath": "SBE", "name": "L1", "quantity": "1",
      "fields": {"Service Id": "509-555-0101"}, "attributes": {"Password": "1234"}},
     {"request": "set", "item": "L1/Voice Mail", "attributes": {"Password": "1234"}},
     {"request": "copy", "item": "L1", "times": "2", "fields": [{"Service Id": "509-555-0102"}]},
     {"request": "copy", "item": "L1", "fields": {"Service Id": "509-555-0103..509-555-0110"}},
     {"request": "move", "item": KEY, "beneath": KEY},
     {"request": "remove", "item": KEY},
     {"request": "remove", "item": KEY, "attribute": "Colour"},
     {"request": "add", "product": "Caller Id", "beneath": KEY, "alone": true}]

An item is named by its Integration Id, or by the name that an `add` of the same batch gives it; a path (``item_path``)
goes down from there by Product Ids: ``L1/Voice Mail``, ``KEY/Local Line[2]/Caller Id``. The steps are counted in the
tree as it was before the batch, and in an added item as it came with its defaults. A batch has no order.

Source: part III, "Request"; spec: docs/design/workflows.md, "Configurator".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from integration_objects.errors import Refused

Fields: TypeAlias = Mapping[str, str | None]


@dataclass(frozen=True)
class AddItem:
    """Add an item of a product, with its defaults, *beneath* another item or (None) as a root item.

    Attributes:
        name: the item's name in the batch's other requests; None for none.
        quantity: a number of 0 or more; None for 1.
        attributes: values to set, None to have none.
        alone: whether the item comes without its product's default components.
    """

    product: str
    beneath: str | None = None
    name: str | None = None
    quantity: str | None = None
    fields: Fields = field(default_factory=dict)
    attributes: Fields = field(default_factory=dict)
    alone: bool = False


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
    """Copy an item with all beneath it, as the batch leaves it, with new keys; the copies stand behind it.

    Attributes:
        fields: the fields to set, an entry for each of the first copies.
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
    "Service Address Id",
    "Billing Account Id",
    "Agreement Id",
    "Quantity",
    "Due Date",
    "Pricing Comment",
)
#: Most requests of a batch, copies that one request makes, and fields or attributes that one request sets.
MOST_REQUESTS, MOST_TIMES, MOST_VALUES = 2_000, 10_000, 200
#: Most characters of a name, a key or a path; of a value; of a batch's JSON.
MOST_NAME, MOST_VALUE, MOST_JSON = 1_000, 4_000, 4 * 1024 * 1024

#: The classes of requests by the names of their JSON form.
KINDS: Mapping[str, type[Request]] = {
    "add": AddItem,
    "remove": RemoveItem,
    "set": SetItem,
    "copy": CopyItem,
    "move": MoveItem,
}


class RequestFaulty(Refused):
    """A request isn't understood, or asks for a change that no request can make."""

    what = "a request is not understood"
    why = "{fault}"


class TooManyRequests(Refused):
    """A batch, or a request of it, is over one of the limits."""

    what = "the {part} is over the limit of {limit}"
    where = "{part}"
    why = "{fault}"
    mend = "ask for less at once, in several batches"


def kind_of(request: Request) -> str:
    """Return the name that the request has in its JSON form: add, remove, set, copy, move."""
    return next(name for name, kind in KINDS.items() if isinstance(request, kind))


def check_limits(requests: Sequence[Request]) -> None:
    """Refuse a batch that is over a limit.

    Raises:
        TooManyRequests: it has too many requests, values or copies, or a text is too long.
    """
    check_limit("batch", "requests", len(requests), MOST_REQUESTS)
    for number, request in enumerate(requests, 1):
        part = f"request {number}"
        for text in _names_in(request):
            check_limit(part, "characters in a name", len(text), MOST_NAME)
        if isinstance(request, CopyItem):
            if not 1 <= request.times <= MOST_TIMES:
                fault = f"from 1 to {MOST_TIMES} are allowed, found {request.times}"
                raise TooManyRequests(part=part, limit="copies", fault=fault)
            check_limit(part, "entries in 'fields', as many as 'times'", len(request.fields), request.times)
        for values in _values_in(request):
            check_limit(part, "fields or attributes", len(values), MOST_VALUES)
            for name, value in values.items():
                check_limit(part, "characters in a name", len(name), MOST_NAME)
                check_limit(part, "characters in a value", len(value or ""), MOST_VALUE)


def check_limit(part: str, limit: str, count: int, most: int) -> None:
    """Refuse a part of a batch that has more than *most* of the things that *limit* names.

    Raises:
        TooManyRequests: it has more.
    """
    if count > most:
        raise TooManyRequests(part=part, limit=limit, fault=f"at most {most}, found {count}")


def _names_in(request: Request) -> Iterator[str]:
    for part in ("product", "beneath", "name", "item", "attribute", "quantity"):
        text = getattr(request, part, None)
        if text is not None:
            yield text


def _values_in(request: Request) -> Iterator[Fields]:
    if isinstance(request, CopyItem):
        yield from request.fields
    elif isinstance(request, AddItem | SetItem):
        yield request.fields
        yield request.attributes
