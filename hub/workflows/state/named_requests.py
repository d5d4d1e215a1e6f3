"""Requests to the configurator, in which people call items by their names: each name becomes the item's key.

A name that the batch itself gives an added item, and a path from such a name or from a whole key, stay as they are: the
configurator reads them.

Spec: docs/workflows.md, "How an item is named"; docs/configurator.md, "Requests".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hub.configurator.batch import ItemUnknown
from hub.configurator.item_path import split_path
from hub.configurator.requests import AddItem, MoveItem, Request, kind_of
from hub.workflow_manager.run import Run
from hub.workflows.state.item_names import ItemNames
from hub.workflows.state.order_lookup import described
from integration_objects.complex_object import ComplexObject, action_code, put_list
from integration_objects.errors import Refused, located
from integration_objects.field_values import shown
from integration_objects.names import KEY, LINE_ITEM
from integration_objects.property_set import PropertySet


class ItemEnds(Refused):
    """A request names an item that the quote or order takes away."""

    what = "{item} can't be configured"
    where = "{document}, line {line}"
    why = "the {kind} takes it away"
    mend = "{mend}"


def references(request: Request) -> list[str]:
    """Return the names by which a request calls items: of its own item, and of the one above it."""
    return [name for part in ("item", "beneath") if (name := getattr(request, part, None)) is not None]


def refuse_ending(document: PropertySet, state: PropertySet, requests: Sequence[Request], mend: str) -> None:
    """Refuse requests for items that the quote or order takes away, and that the state therefore hasn't.

    Args:
        document: the quote or order.
        state: OM Asset message: the state that the requests are to change.
        requests: with the keys of the items that they name.
        mend: the error's mend.

    Raises:
        ItemEnds: names the first.
    """
    lines, items = ComplexObject(document), ComplexObject.of(state)
    kind = document.type.lower()
    for number, request in enumerate(requests, 1):
        for key in references(request):
            line = lines.by_key(key)
            if line is not None and action_code(line) == "Delete" and items.by_key(key) is None:
                place = f"{kind} {document.get(f'{document.type} Number')}"
                with located(f"request {number} ({kind_of(request)})"):
                    raise ItemEnds(
                        item=described(line), document=place, line=line.get("Line Number"), kind=kind, mend=mend
                    )


def with_keys(requests: Sequence[Request], names: ItemNames, refuse_unknown: bool = True) -> list[Request]:
    """Return the requests with the keys of the items that they name.

    Args:
        requests: the batch.
        names: the names of the items.
        refuse_unknown: whether a name that no item has is refused; else it stays as it is.

    Raises:
        ItemUnknown: no item has a name.
        ItemNameUnclear: several items have it.
    """
    given = {request.name for request in requests if isinstance(request, AddItem) and request.name is not None}

    def key_of(reference: str) -> str:
        head, _ = split_path(reference)
        if reference in given or head in given or names.is_key(reference) or names.is_key(head):
            return reference
        item = names.find(reference, "")
        if item is not None:
            return item.get(KEY) or ""
        if refuse_unknown:
            why = f"it is no name of the batch, and as the service is requested now, its items are {names.listed()}"
            raise ItemUnknown(reference=shown(reference), why=why, mend=names.mend(reference, given))
        return reference

    named: list[Request] = []
    for number, request in enumerate(requests, 1):
        with located(f"request {number} ({kind_of(request)})"):
            if not isinstance(request, AddItem):
                request = replace(request, item=key_of(request.item))
            if isinstance(request, AddItem | MoveItem) and request.beneath is not None:
                request = replace(request, beneath=key_of(request.beneath))
        named.append(request)
    return named


def named_on_lines(
    run: Run, document: PropertySet, roots: Sequence[PropertySet], requests: Sequence[Request]
) -> list[Request]:
    """Return the requests with the keys of the lines that they name; a name that no line has stays as it is.

    Lines that stay come before lines that end: a service that is moved has one of each.

    Args:
        run: the run.
        document: a quote or an order.
        roots: those of its root lines that are edited.
        requests: the batch.

    Raises:
        ItemNameUnclear: several lines have a name.
    """
    if not requests:
        return []
    edited = PropertySet(document.type)
    put_list(edited, LINE_ITEM).extend(roots)
    staying = ComplexObject(edited).prune(lambda line: action_code(line) != "Delete")
    for lines in (staying, edited):
        requests = with_keys(requests, ItemNames(run, lines), refuse_unknown=False)
    return list(requests)
