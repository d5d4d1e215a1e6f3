"""Facts that provisioning tells of a line beside its status: a service id, a milestone, a reason, a day of completion.

A deployment's own fact is a field that OM Work Order Status and OM Order's line items have under one name.

Spec: docs/design/road.md, "Out and back".
"""

from __future__ import annotations

from hub.services.differences import same_value
from integration_objects.definition import Component
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet

#: Fields of an answer's line that are no facts.
_NO_FACTS = frozenset((KEY, "Status"))
#: The order's fields whose names differ from the answer's.
_NAMES = {"Reason": "Status Reason"}
#: Facts that hold for a status only: an older message tells nothing of the present one.
_OF_STATUS = frozenset(("Status Reason", "Completed Date"))
#: Facts that say something of a line in one status only.
_ONLY_OF = {"Completed Date": "Complete", "Expected Date": "Open"}


def set_facts(
    answer: PropertySet, item: PropertySet, component: Component, *, only_new: bool = False
) -> dict[str, str | None]:
    """Write the facts of an answer's line that are other ones than before on the order's line. Changes *item*.

    Args:
        answer: the line of a status. A fact that it doesn't carry, or carries as null, stays.
        item: the order's line, with the status that the answer has brought.
        component: the order's line item.
        only_new: whether the message is older than the last one, so that it fills only facts that no newer
            message has brought.

    Returns:
        The former values of the facts that have changed, by the order's field.
    """
    old: dict[str, str | None] = {}
    for answer_field, text in answer.properties.items():
        name = _NAMES.get(answer_field, answer_field)
        field = component.fields.get(name)
        if text is None or answer_field in _NO_FACTS or field is None:
            continue
        # By the field's type: the store may write a number or a date in another way than the answer.
        if same_value(field.type, item.get(name), text):
            continue
        if item.get("Status") != _ONLY_OF.get(name, item.get("Status")):
            continue
        if only_new and (name in _OF_STATUS or item.get(name) is not None):
            continue
        old[name] = item.get(name)
        item.properties[name] = text
    return old
