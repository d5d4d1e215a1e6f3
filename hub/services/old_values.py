"""Conditions on an item and what it was before: ``[Status]`` reads the one, ``[Old Status]`` the other.

Spec: docs/design/methods.md, "Delta", action codes by configuration, and "Field Delta", conditions.
"""

from __future__ import annotations

from integration_objects.definition import Component
from integration_objects.expression import Evaluator, Expression, ExpressionFault, compile_expression, field_reader
from integration_objects.property_set import PropertySet

#: What stands before a field's name where its old value is meant.
OLD = "Old "
#: What the condition is evaluated on: the item, and the item that it was.
Pair = tuple[PropertySet, PropertySet]
#: The item before, where there was none.
NOTHING = PropertySet()


def compile_condition(text: str, component: Component, where: str = "") -> Expression:
    """Compile a condition that is evaluated on a `Pair`.

    Args:
        text: the expression.
        component: whose fields it reads.
        where: file:line:column of the declaration that it stands in, for errors.

    Raises:
        ExpressionFault: the text isn't understood, or names a field that the component hasn't.
    """
    fields = field_reader(component)

    def read(name: str, column: int) -> Evaluator:
        was = name.removeprefix(OLD)
        if was != name and (was in component.fields or name not in component.fields):
            before = fields(was, column)
            return lambda pair: before(pair[1])
        after = fields(name, column)
        return lambda pair: after(pair[0])

    try:
        return compile_expression(text, read)
    except ExpressionFault as fault:
        raise fault.at(where)  # noqa: B904  # the same fault, with its place
