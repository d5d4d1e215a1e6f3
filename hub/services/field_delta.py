"""Field Delta: make an item whose fields or attributes were edited an Update.

Source: "g. Field Delta Method"; spec: docs/design/methods.md, "Field Delta" and "Settled points", The rest.
"""

from __future__ import annotations

from hub.services.differences import differs_in
from hub.services.items import check_items, object_label
from hub.services.objects import attribute_of, copied, item_component
from hub.services.old_values import compile_condition
from integration_objects.complex_object import attributes, instances, items_of, object_name, walk_items
from integration_objects.definition import Component, Definitions
from integration_objects.errors import Refused
from integration_objects.names import KEY, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet


class InstancesUnequal(Refused):
    """The object before and the object after have different numbers of instances."""

    what = "the instances of both objects can't be paired"
    where = "{places}"
    why = "'before' has {before}, 'after' has {after}"
    mend = "give the same instances in the same order on both sides"


def field_delta(before: PropertySet, after: PropertySet, definitions: Definitions) -> PropertySet:
    """Set the action codes of items of *after* that differ from *before* in a field that triggers.

    Args:
        before: a quote or order as it was. Not changed.
        after: the same quote or order, edited; its instances are paired with those of *before* by position. Not
            changed.
        definitions: the integration objects; the line item's ``triggers`` (else ``compared``), ``trigger_field``,
            ``trigger_value`` and ``trigger_condition``, and the attribute's ``triggers`` (else ``compared``) count.

    Returns:
        A copy of *after*. By default the action code becomes Update: on a quote item where it was ``-``; on an order
        item where it was ``-``, or Add with status Complete. The action code of an attribute whose value changed goes
        from ``-`` to Update; that of a new attribute, and of any in an item that stays Add, to Add. Nothing within a
        Delete changes, and an item that *before* hasn't stays as it is.

    Raises:
        InstancesUnequal: the numbers of instances differ.
        ExpressionFault: the declared condition isn't understood, or gives no truth value.
        Refused: as `check_items`; keys are needed.
    """
    component = item_component(after, definitions)
    triggers = _Triggers(component, is_order=object_name(after) == ORDER)
    check_items(before, keys=True)
    check_items(after, keys=True)
    result = copied(after)
    olds, news = instances(before), instances(result)
    if len(olds) != len(news):
        places = f"{object_label(before)} and {object_label(after)}"
        raise InstancesUnequal(places=places, before=len(olds), after=len(news), tree=after)
    for old, new in zip(olds, news, strict=True):
        old_items = {item.properties[KEY]: item for item in items_of(old)}
        # A deleted item takes its descendants with it: an Update beneath it would ask for what is being removed.
        ending: set[int] = set()  # by identity: the items that are deleted, and those beneath them
        for item, parent in walk_items(new):
            if item.properties["Action Code"] == "Delete" or id(parent) in ending:
                ending.add(id(item))
                continue
            old_item = old_items.get(item.properties[KEY])
            if old_item is not None:
                triggers.fire(old_item, item)
    return result


class _Triggers:
    """The fields that trigger, and the change that they trigger; read from the definition once."""

    def __init__(self, component: Component, is_order: bool) -> None:
        attribute = attribute_of(component)
        self.is_order = is_order
        self.field = component.trigger_field
        self.value = component.trigger_value
        self.items_differ = differs_in(component, component.triggers or component.compared)
        self.values_differ = differs_in(attribute, attribute.triggers or attribute.compared)
        text = component.trigger_condition
        where = component.trigger_where.get("trigger condition", "")
        self.condition = compile_condition(text, component, where) if text else None

    def fire(self, old_item: PropertySet, item: PropertySet) -> None:
        """Change *item* if it differs from *old_item* and the condition holds."""
        before = {attribute.properties["Name"]: attribute for attribute in attributes(old_item)}
        changed: list[PropertySet] = []
        new: list[PropertySet] = []
        for attribute in attributes(item):
            old = before.pop(attribute.properties["Name"], None)
            if old is None:
                new.append(attribute)
            elif self.values_differ(old.properties, attribute.properties):
                changed.append(attribute)
        if not (changed or new or before or self.items_differ(old_item.properties, item.properties)):
            return
        if self.condition is not None and not self.condition.is_true((item, old_item)):
            return
        self._set(item)
        adds = item.properties["Action Code"] == "Add"
        for attribute, action in [(a, "Add" if adds else "Update") for a in changed] + [(a, "Add") for a in new]:
            if attribute.properties["Action Code"] == NO_ACTION:
                attribute.properties["Action Code"] = action

    def _set(self, item: PropertySet) -> None:
        """Set the triggered field; an action code only if the source's table allows it."""
        if self.field == "Action Code":
            action = item.properties["Action Code"]
            completed = self.is_order and action == "Add" and item.properties.get("Status") == "Complete"
            # An added item is new with all of its fields. A complete Add is provisioned: what changes now is an Update.
            if action == "Add" and not completed:
                return
        item.properties[self.field] = self.value
