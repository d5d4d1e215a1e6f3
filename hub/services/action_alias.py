"""Action aliases: the words by which people know an action where its code says less, as Suspend for an Update.

Source: "b. Delta Method"; spec: docs/design/methods.md, "Delta", action codes by configuration.
"""

from __future__ import annotations

from collections.abc import Callable

from hub.services.old_values import NOTHING, compile_condition
from integration_objects.complex_object import action_code
from integration_objects.definition import Component
from integration_objects.expression import Expression
from integration_objects.property_set import PropertySet

ALIAS = "Action Alias"


def alias_of(component: Component) -> Callable[[PropertySet, PropertySet], str | None]:
    """Compile the question for an item's alias.

    Args:
        component: the line item's; it declares the aliases.

    Returns:
        A function of the item, with its action, and its former state (`NOTHING` for none): the first alias whose
        condition is true, or None.
    """
    aliases: list[tuple[str, str, Expression | None]] = [
        (
            alias.code,
            alias.alias,
            compile_condition(alias.condition, component, alias.condition_where) if alias.condition else None,
        )
        for alias in component.aliases
    ]

    def find(item: PropertySet, old: PropertySet = NOTHING) -> str | None:
        action = action_code(item)
        for code, alias, condition in aliases:
            if code == action and (condition is None or condition.is_true((item, old))):
                return alias
        return None

    return find
