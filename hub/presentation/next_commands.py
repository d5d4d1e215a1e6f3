"""The command that usually comes next, by the kind and the status of the object that a workflow has left."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping

from integration_objects.complex_object import action_code, first_instance, is_empty, items_of, line_items, object_name
from integration_objects.names import ACCOUNT, ASSET, KEY, NO_ACTION, ORDER, QUOTE
from integration_objects.property_set import PropertySet
from integration_objects.short_keys import short_keys

#: what goes for the status, where the status alone doesn't say what comes next
NO_LINES, NO_CHANGES, BROKEN, HELD = "no lines", "no changes", "broken rule", "held"
EXPIRED, WRONG_ID, SERVICE_ID, REFUSED = "expired", "wrong id", "service id", "refused"
FALLOUT, KEPT = "fallout", "kept"
#: the kinds of notes that decide, the first that a report has
_DECIDING = (HELD, BROKEN, REFUSED, WRONG_ID, SERVICE_ID, EXPIRED)
#: (object, status) -> the command; fields of the object in braces, and words in capitals for the person to fill in.
#: The short key of the object's only root is {root}.
NEXT: Mapping[tuple[str, str], str] = {
    (ACCOUNT, ""): "workflow new-products-and-services account={Account Id} product=PRODUCT",
    (ACCOUNT, "Active"): "workflow new-products-and-services account={Account Id} product=PRODUCT",
    (ASSET, ""): "workflow modify account={Account Id} root={root} requests=@REQUESTS.json",
    (QUOTE, NO_LINES): "workflow new-products-and-services account={Account Id} product=PRODUCT",
    (QUOTE, NO_CHANGES): "workflow edit-quote-line-item quote={Quote Number} line=LINE requests=@REQUESTS.json",
    (QUOTE, BROKEN): "workflow edit-quote-line-item quote={Quote Number} line=LINE requests=@REQUESTS.json",
    (QUOTE, REFUSED): "workflow edit-quote-line-item quote={Quote Number} line=LINE requests=@REQUESTS.json",
    (QUOTE, WRONG_ID): "workflow edit-quote-line-item quote={Quote Number} line=LINE requests=@REQUESTS.json",
    (QUOTE, SERVICE_ID): "workflow edit-quote-line-item quote={Quote Number} line=LINE requests=@REQUESTS.json",
    (QUOTE, EXPIRED): "workflow reprice quote={Quote Number}",
    (QUOTE, "In Progress"): "workflow quote-to-order quote={Quote Number}",
    (ORDER, NO_LINES): "workflow edit-order-line-item order={Order Number} requests=@REQUESTS.json",
    (ORDER, KEPT): "workflow cancel-order order={Order Number}",
    (ORDER, SERVICE_ID): "workflow edit-order-line-item order={Order Number} line=LINE requests=@REQUESTS.json",
    (ORDER, HELD): "workflow approve order={Order Number} by=USER",
    (ORDER, "New"): "workflow submit order={Order Number}",
    (ORDER, "Pending"): "workflow submit order={Order Number}",
    (ORDER, "Open"): "show 'OM Order' {Order Number} --text",
    (ORDER, "Failed"): "workflow fallout-list order={Order Number}",
    (ORDER, FALLOUT): "workflow fallout-list account={Account Id}",
    (ORDER, "Complete"): "show 'OM Asset' {Account Id} --text",
}
#: statuses in which lines can still be put on a quote or an order
_EDITABLE = ("In Progress", "New", "Pending")


def next_commands(trees: Iterable[PropertySet], kinds: Collection[str] = ()) -> list[str]:
    """Return the commands that usually come next, with the objects' own values.

    Args:
        trees: the messages of the objects that a workflow wrote or found; of each the first instance counts.
        kinds: the kinds of the notes of its report.

    >>> from integration_objects.complex_object import message
    >>> placed = PropertySet("Order", properties={"Order Number": "O-1", "Status": "Failed"})
    >>> next_commands([message(ORDER, [placed])])
    ['orderhub workflow fallout-list order=O-1']
    """
    commands = (_next_command(tree, kinds) for tree in trees if not is_empty(tree))
    return list(dict.fromkeys(command for command in commands if command is not None))


def _next_command(tree: PropertySet, kinds: Collection[str]) -> str | None:
    header, name = first_instance(tree), object_name(tree) or ""
    if header.get("Active Flag") == "N":
        return None
    status = _status(name, header, kinds)
    command = NEXT.get((name, status))
    # A fallout entry comes first, also where the rest of its order goes on.
    if FALLOUT in kinds and (command is None or status in ("Open", "Complete")):
        command = NEXT.get((name, FALLOUT), command)
    if command is None:
        return None
    values = {field: shlex.quote(value) for field, value in header.properties.items() if value is not None}
    values["root"] = shlex.quote(_only_root(header) or "KEY")
    return f"orderhub {command.format_map(values)}"


def _only_root(header: PropertySet) -> str | None:
    """Return the short key of the only root item; None if there are several, or none."""
    roots = line_items(header)
    keys = short_keys(item.get(KEY) or "" for item in items_of(header))
    return keys[roots[0].get(KEY) or ""] if len(roots) == 1 else None


def _status(name: str, header: PropertySet, kinds: Collection[str]) -> str:
    status = header.get("Status") or ""
    if name in (QUOTE, ORDER) and status in _EDITABLE:
        if not line_items(header):
            # A supplement without lines withdraws its order, once it is submitted.
            if name == ORDER and header.get("Revision") not in (None, "1"):
                return status
            # The last service that the order was to disconnect is kept: nothing is left to be ordered.
            return KEPT if name == ORDER and KEPT in kinds else NO_LINES
        if name == QUOTE and all(action_code(item) == NO_ACTION for item in items_of(header)):
            return NO_CHANGES
        for kind in _DECIDING:
            if kind in kinds and (name, kind) in NEXT:
                return kind
    return status
