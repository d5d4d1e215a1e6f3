"""Trim: drop the line items that satisfy a specification, with everything beneath them.

Source: "c. Trim Method", figures 11L to 11O-2; spec: docs/design/methods.md, "Trim".
"""

from __future__ import annotations

from hub.services.items import check_items, line_of
from hub.services.objects import copied, item_component
from integration_objects.complex_object import empty, instances, line_items, object_name
from integration_objects.definition import Definitions
from integration_objects.errors import Refused
from integration_objects.expression import ExpressionFault, compile_expression, field_reader
from integration_objects.names import KEY, LINE_ITEM
from integration_objects.property_set import PropertySet

#: Drops the items that never reach the asset: those neither complete nor unchanged, and those not tracked.
DEFAULT_SPECIFICATION = "NOT ((([Status] = 'Complete') OR ([Action Code] = '-')) AND ([Track As Asset] = 'Y'))"


class TwoSpecifications(Refused):
    """Trim was given a specification and a negated specification."""

    what = "a specification and its negation exclude each other"
    where = "arguments 'specification' and 'keep'"
    why = "'specification' names the items that go, 'keep' the items that stay"
    mend = "give one of them, or neither for the default"


def trim(
    object: PropertySet,
    specification: str | None = None,
    keep: str | None = None,
    definitions: Definitions | None = None,
) -> PropertySet:
    """Drop the line items that satisfy *specification*, with everything beneath them.

    Args:
        object: complex object: header > line items (nested) > attributes. Not changed.
        specification: TRUE for the items that go; evaluated once for each line item that is reached, roots first.
        keep: TRUE for the items that stay, instead of *specification*. Neither: `DEFAULT_SPECIFICATION`.
        definitions: the integration objects, which declare the item's fields.

    Returns:
        A new complex object; an empty object when no line item is left in any instance. An instance that
        loses all its items among others keeps its header.

    Raises:
        TwoSpecifications: both are given.
        ExpressionFault: the specification isn't understood, or gives no truth value: for every item (found before the
            first is evaluated) or for one.
    """
    if specification is not None and keep is not None:
        raise TwoSpecifications
    text = keep if keep is not None else DEFAULT_SPECIFICATION if specification is None else specification
    compiled = compile_expression(text, field_reader(item_component(object, definitions or {})))
    # A specification that can't give a truth value is refused before the first item, also for an object without items.
    compiled.prove_truth(PropertySet(LINE_ITEM))
    check_items(object)
    unwanted = keep is None

    def goes(item: PropertySet) -> bool:
        try:
            return compiled.truth(item) is unwanted
        except ExpressionFault as fault:
            fault.objects["node"] = item
            fault.at(f"line item '{item.get(KEY) or ''}'{line_of(item)}")
            raise

    result = copied(object, goes)
    has_items = any(line_items(instance) for instance in instances(result))
    return result if has_items else empty(object_name(object))
