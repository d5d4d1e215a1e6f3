"""Set Field: one value for a field of all line items.

Source: "p. Set Field Method"; spec: docs/design/methods.md, "The small ones".
"""

from __future__ import annotations

from hub.services.items import action_of, check_items
from hub.services.objects import copied, items_of
from integration_objects.complex_object import all_items, object_name
from integration_objects.definition import Definitions
from integration_objects.errors import Refused
from integration_objects.field_values import check_value
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet

#: Not a value of the item's: the flat form's way to say what is above it.
PARENT_ITEM = "Parent Item Id"


class FieldUnknown(Refused):
    """The line item's definition has no such field."""


class FieldValueWrong(Refused):
    """The value doesn't fit the field."""


def set_field(object: PropertySet, field: str, value: str | None, definitions: Definitions) -> PropertySet:
    """Set *field* of every line item to *value*.

    Args:
        object: complex object. Not changed.
        field: a field of the line item's definition.
        value: the text, None for null.
        definitions: the integration objects.

    Raises:
        FieldUnknown: the definition has no such field.
        FieldValueWrong: the value is not of the field's type.
        Refused: what `check_items` finds, in the result too.

    Source: "p. Set Field Method".
    """
    component = items_of(object, definitions, "Set Field")
    name = object_name(object) or "complex object"
    if field not in component.fields:
        raise FieldUnknown(
            f"Set Field doesn't know the field '{field}'",
            where=f"{name}, component '{component.name}'",
            why="the definition has no such field",
            mend=nearest(field, component.fields) or "name a field of the definition",
            tree=object,
        )
    if field == PARENT_ITEM:
        raise FieldValueWrong(
            f"Set Field can't set '{field}'",
            where=f"{name}, component '{component.name}'",
            why="it says where a line item stands, and is there in the flat form only",
            mend="move the line items in the file",
            tree=object,
        )
    fault = None if value is None else check_value(component.fields[field], value)
    if fault is not None:
        raise FieldValueWrong(
            f"Set Field can't set '{field}'",
            where=f"{name}, component '{component.name}'",
            why=fault,
            mend="give a value of the field's type",
            tree=object,
        )
    if field == "Action Code":
        value = action_of(value, "Set Field")
    check_items(object, "Set Field")
    result = copied(object)
    for item in all_items([result]):
        item.properties[field] = value
    try:
        check_items(result, "Set Field")
    except Refused as met:
        raise FieldValueWrong(
            f"Set Field can't set '{field}'",
            where=f"{name}, component '{component.name}'",
            why=met.why,
            mend="give a value that every line item may have",
            tree=object,
        ) from met
    return result
