"""OM Reply, the reply to a message: replies to orders, refusals, and results of named workflows.

Source: "Application integration services", figure 4B (returning data); spec: docs/design/road.md "Out and back".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hub.workflow_manager.outcome import Note
from integration_objects.complex_object import (
    instances,
    items_of,
    list_of,
    message,
    object_name,
    put_list,
)
from integration_objects.definition import Definitions
from integration_objects.errors import HubError
from integration_objects.names import KEY, LINE_ITEM
from integration_objects.property_set import PropertySet

OBJECT = "OM Reply"


def order_reply(
    order: PropertySet,
    source_keys: Iterable[tuple[str | None, str | None]] | None = None,
    notes: Iterable[Note] = (),
) -> PropertySet:
    """Make the reply to an order: its numbers, and for each line the sender's reference and the Integration Id.

    Args:
        order: an instance of OM Order.
        source_keys: (Source Reference, Integration Id) of the lines to name; None: of all lines.
        notes: the report.
    """
    # The status tells a sender of a pending order that somebody has to approve it.
    fields = ("Order Number", "Revision", "Source System", "Source Order Number", "Source Revision", "Status")
    reply = PropertySet("Reply", properties=_present(order, fields))
    _put_notes(reply, notes)
    if source_keys is None:
        source_keys = ((item.get("Source Reference"), item.get(KEY)) for item in items_of(order))
    lines = [
        PropertySet(LINE_ITEM, properties={"Source Reference": reference, KEY: key}) for reference, key in source_keys
    ]
    if lines:
        put_list(reply, LINE_ITEM).extend(lines)
    return message(OBJECT, [reply])


def error_reply(errors: Iterable[HubError], about: PropertySet | None = None) -> PropertySet:
    """Make the negative reply: each error with its what, where, why and mend.

    *about* is the header of the refused order; None if the message wasn't understood so far.
    """
    reply = PropertySet("Reply")
    if about is not None:
        reply.properties |= _present(about, ("Source System", "Source Order Number", "Source Revision"))
        lines = list(items_of(about))
        if lines:
            put_list(reply, LINE_ITEM).extend(
                PropertySet(LINE_ITEM, properties={"Source Reference": line.get("Source Reference")})
                for line in lines
                if line.get("Source Reference") is not None
            )
    put_list(reply, "Error").extend(
        PropertySet("Error", properties={part.capitalize(): text for part, text in error.as_dict().items()})
        for error in errors
    )
    return message(OBJECT, [reply])


def result_reply(
    workflow: str,
    objects: Iterable[PropertySet],
    notes: Iterable[Note],
    definitions: Definitions,
    rows: Iterable[Mapping[str, str | None]] = (),
    as_of: str | None = None,
) -> PropertySet:
    """Make the reply to a workflow request: the objects that were written or read, and the report.

    Each instance of the messages *objects* becomes a Result with its lines, each note a Note, each value of the
    table *rows* a Cell. *as_of* is the time of an answer that only tells how things stand; None for another one.
    """
    reply = PropertySet("Reply", properties={"Workflow Name": workflow})
    if as_of is not None:
        reply.properties["As Of Date"] = as_of
    form = definitions[OBJECT].root.children["Result"]
    lists = {list_of(name) for name in form.children}
    for tree in objects:
        for instance in instances(tree):
            result = PropertySet("Result", properties={"Object": object_name(tree)})
            # Fields that OM Reply doesn't declare couldn't be written.
            result.properties.update((name, text) for name, text in instance.properties.items() if name in form.fields)
            # Copies, because a node has one place in one tree.
            result.children += [child.copy() for child in instance.children if child.type in lists]
            put_list(reply, "Result").append(result)
    _put_notes(reply, notes)
    for number, row in enumerate(rows, 1):
        cells = [PropertySet("Cell", properties={"Name": name, "Value": value}) for name, value in row.items()]
        line = PropertySet("Row", properties={"Line Number": str(number)})
        put_list(line, "Cell").extend(cells)
        put_list(reply, "Row").append(line)
    return message(OBJECT, [reply])


def _put_notes(reply: PropertySet, notes: Iterable[Note]) -> None:
    for note in notes:
        properties = {"Kind": note.kind, KEY: note.item, "Product Id": note.product, "Text": note.text}
        put_list(reply, "Note").append(PropertySet("Note", properties=properties))


def _present(header: PropertySet, fields: Iterable[str]) -> dict[str, str | None]:
    """Return those of the *fields* that have a value."""
    return {field: header.get(field) for field in fields if header.get(field) is not None}
