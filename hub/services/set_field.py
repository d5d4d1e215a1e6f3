"""Set Field: one value for a field of all line items.

Source: "p. Set Field Method"; spec: docs/design/methods.md, "The small ones".
"""

from __future__ import annotations

from hub.services.items import action_of, check_items
from hub.services.objects import copied, item_component
from integration_objects.complex_object import all_items, object_name
from integration_objects.definition import Definitions
from integration_objects.errors import Refused, UnknownName
from integration_objects.field_values import check_value
from integration_objects.property_set import PropertySet

#: Not a value of the item's: the flat form's way to name the item above.
PARENT_ITEM = "Parent Item Id"


class ItemFieldUnknown(UnknownName, Refused):
    """The line item's definition has no such field."""

    kind = "field"
    why = "the definition has no such field"
    otherwise = "name a field of the definition"


class FieldValueWrong(Refused):
    """The value doesn't fit the field."""

    what = "the field '{field}' can't be set to this value"
    where = "{place}"
    why = "{fault}"
    mend = "give a value of the field's type that every line item may have"


def set_field(object: PropertySet, field: str, value: str | None, definitions: Definitions) -> PropertySet:
    """Set *field* of every line item to *value*.

    Args:
        object: complex object. Not changed.
        field: a field of the line item's definition.
        value: the text, None for null.

    Raises:
        ItemFieldUnknown: the definition has no such field.
        FieldValueWrong: the value is not of the field's type, or a line item of the result would be refused.
    """
    component = item_component(object, definitions)
    place = f"{object_name(object) or 'complex object'}, component '{component.name}'"
    if field not in component.fields:
        raise ItemFieldUnknown(field, component.fields, where=place, tree=object)
    fault = None if value is None else check_value(component.fields[field], value)
    if field == PARENT_ITEM:
        fault = "it names the line item above, and only the flat form has it; move the line items in the file"
    if fault is not None:
        raise FieldValueWrong(field=field, place=place, fault=fault, tree=object)
    if field == "Action Code":
        value = action_of(value)
    check_items(object)
    result = copied(object)
    for item in all_items([result]):
        item.properties[field] = value
    try:
        check_items(result)
    except Refused as refusal:
        raise FieldValueWrong(field=field, place=place, fault=refusal.why, tree=object) from refusal
    return result
