"""Trim: the line items that satisfy a specification go, with all that is beneath them.

Source: "c. Trim Method", figures 11L to 11O-2; spec: docs/design/methods.md, "Trim".
"""

from __future__ import annotations

from hub.services.items import check_items
from hub.services.objects import copied, has_items, items_of
from integration_objects.complex_object import empty, object_name
from integration_objects.definition import Definitions
from integration_objects.errors import Refused
from integration_objects.expression import ExpressionFault, compile_expression, field_reader
from integration_objects.names import KEY, LINE_ITEM
from integration_objects.property_set import PropertySet

#: What goes on the way from an order to the asset: all that isn't complete or unchanged, or isn't tracked.
DEFAULT_SPECIFICATION = "NOT ((([Status] = 'Complete') OR ([Action Code] = '-')) AND ([Track As Asset] = 'Y'))"


class TwoSpecifications(Refused):
    """Both what to drop and what to keep was given."""


def trim(
    object: PropertySet,
    specification: str | None = None,
    keep: str | None = None,
    definitions: Definitions | None = None,
) -> PropertySet:
    """Drop the line items that satisfy *specification*, with everything beneath them.

    Args:
        object: complex object: header > line items (nested) > attributes. Not changed.
        specification: what goes; evaluated once for each line item that is reached, roots first.
        keep: what stays, instead of *specification*. Neither: `DEFAULT_SPECIFICATION`.
        definitions: the integration objects; needed to know the item's fields.

    Returns:
        A new complex object; an empty object when no line item is left in any instance. An instance that
        loses all its items among others keeps its header.

    Raises:
        TwoSpecifications: both are given.
        ExpressionFault: the specification isn't understood, or gives no truth value, for every item (told before
            the first) or for one.
        Refused: what `check_items` finds.

    Source: "c. Trim Method"; figures 11L to 11O-2.
    """
    if specification is not None and keep is not None:
        raise TwoSpecifications(
            "Trim was given both a specification and its negation",
            where="arguments 'specification' and 'keep'",
            why="one says what goes, the other what stays",
            mend="give one of them, or neither for the default",
        )
    text = keep if keep is not None else DEFAULT_SPECIFICATION if specification is None else specification
    compiled = compile_expression(text, field_reader(items_of(object, definitions or {}, "Trim")))
    compiled.prove_truth(PropertySet(LINE_ITEM))
    check_items(object, "Trim")
    unwanted = keep is None

    def goes(item: PropertySet) -> bool:
        try:
            return compiled.truth(item) is unwanted
        except ExpressionFault as fault:
            fault.objects["node"] = item
            raise fault.at(_label(item))  # noqa: B904  # the same fault, with its item

    result = copied(object, goes)
    return result if has_items(result) else empty(object_name(object))


def _label(item: PropertySet) -> str:
    label = f"line item '{item.get(KEY) or ''}'"
    return label if item.origin is None else f"{label}, line {item.origin}"
