"""OM Reply: the answer to a message, and the one place that writes it.

Source: "Application integration services", figure 4B (returning data); spec: docs/design/road.md "Out and back".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hub.workflow_manager.outcome import Note
from integration_objects.complex_object import (
    instances,
    line_items,
    list_of,
    message,
    object_name,
    put_list,
    walk_items,
)
from integration_objects.definition import Definitions
from integration_objects.errors import HubError
from integration_objects.names import LINE_ITEM
from integration_objects.property_set import PropertySet

OBJECT = "OM Reply"


def order_reply(order: PropertySet, source_keys: Iterable[tuple[str | None, str | None]] | None = None) -> PropertySet:
    """The reply to an order: both its numbers, and per line the sender's reference and the Integration Id.

    Args:
        order: an instance of OM Order.
        source_keys: (Source Reference, Integration Id) pairs; None: those of all its lines.
    """
    reply = PropertySet("Reply")
    for name, field in (
        ("Order Number", "Order Number"),
        ("Revision", "Revision"),
        ("Source System", "Source System"),
        ("Source Order Number", "Source Order Number"),
        ("Source Revision", "Source Revision"),
        ("Status", "Status"),  # Pending tells a sender that somebody has to approve the order
    ):
        if order.get(field) is not None:
            reply.properties[name] = order.get(field)
    if source_keys is None:
        source_keys = ((item.get("Source Reference"), item.get("Integration Id")) for item, _ in walk_items(order))
    lines = [
        PropertySet("Line Item", properties={"Source Reference": reference, "Integration Id": key})
        for reference, key in source_keys
    ]
    if lines:
        put_list(reply, "Line Item").extend(lines)
    return message(OBJECT, [reply])


def error_reply(errors: Iterable[HubError], about: PropertySet | None = None) -> PropertySet:
    """The negative reply: every error as what, where, why and mend.

    Args:
        errors: at least one.
        about: the refused order's header, where the message came far enough to have one.
    """
    reply = PropertySet("Reply")
    if about is not None:
        for name in ("Source System", "Source Order Number", "Source Revision"):
            if about.get(name) is not None:
                reply.properties[name] = about.get(name)
        if line_items(about):
            put_list(reply, "Line Item").extend(
                PropertySet("Line Item", properties={"Source Reference": item.get("Source Reference")})
                for item, _ in walk_items(about)
                if item.get("Source Reference") is not None
            )
    put_list(reply, "Error").extend(
        PropertySet(
            "Error",
            properties={
                "Reason": error.reason,
                "What": error.what,
                "Where": error.where,
                "Why": error.why,
                "Mend": error.mend,
            },
        )
        for error in errors
    )
    return message(OBJECT, [reply])


def result_reply(
    workflow: str,
    objects: Iterable[PropertySet],
    notes: Iterable[Note],
    definitions: Definitions,
    rows: Iterable[Mapping[str, str | None]] = (),
) -> PropertySet:
    """The reply to a workflow request: what was written or found, and the report.

    Args:
        workflow: the workflow's name.
        objects: messages; each instance becomes a Result, with its line items.
        notes: the report.
        definitions: the integration objects.
        rows: what the workflow found as a table; a Cell each value.
    """
    reply = PropertySet("Reply", properties={"Workflow Name": workflow})
    fields = definitions[OBJECT].root.children["Result"].fields
    for tree in objects:
        for instance in instances(tree):
            result = PropertySet("Result", properties={"Object": object_name(tree)})
            result.properties.update((name, text) for name, text in instance.properties.items() if name in fields)
            lines = instance.child(list_of(LINE_ITEM))
            if lines is not None:
                result.children.append(lines.copy())
            put_list(reply, "Result").append(result)
    for note in notes:
        properties = {"Kind": note.kind, "Integration Id": note.item, "Product Id": note.product, "Text": note.text}
        put_list(reply, "Note").append(PropertySet("Note", properties=properties))
    for number, row in enumerate(rows, 1):
        cells = [PropertySet("Cell", properties={"Name": name, "Value": value}) for name, value in row.items()]
        put_list(reply, "Row").append(
            PropertySet(
                "Row", properties={"Line Number": str(number)}, children=[PropertySet(list_of("Cell"), children=cells)]
            )
        )
    return message(OBJECT, [reply])
