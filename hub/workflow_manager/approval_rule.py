"""Approval rules: the conditions under which a submitted order is held, and the people who may approve it.

A deployment declares them in hub/approvals/*.yaml; each is proven when it is loaded:

    approval rule: Large orders
    help: Orders that add more than 500 a month.
    hold order when: "[Total Recurring] > 500"             on the order's header
    hold line when: "[Product Id] = 'ISDN Line'"           on each line that has an action and isn't complete
    hold discount when: "[Discount Percent] > 10"          on each line to which the order gives a discount of a person
    approvers:
      roles: [Order Manager]                               roles of the object User
      users: [mary]                                        users by name

One of the conditions is enough to hold the order. Beside its own fields the header has three totals of the lines
with Add or Update: Total One-Time, Total Recurring, Total Usage (Adjusted Price, else List Price, times the quantities
from the root down).

Spec: docs/design/workflows.md, "Submit Order".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from hub.pricing.price_list import PRICE_TYPES
from hub.services.differences import same_value
from hub.services.free_units import free_units
from integration_objects.complex_object import action_code, items_of, walk_items
from integration_objects.declaration import Node, Source, read
from integration_objects.definition import Component, Definitions, Field
from integration_objects.discount import GIVEN
from integration_objects.expression import (
    ARITHMETIC,
    Expression,
    ExpressionFault,
    calculated,
    compile_expression,
    field_reader,
)
from integration_objects.field_values import read_number, write_number
from integration_objects.names import LINE_ITEM, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet
from maps.functions import FUNCTIONS

#: The keys of a declaration.
REQUIRED = ("approval rule", "approvers")
CONDITIONS = ("hold order when", "hold line when", "hold discount when")
APPROVERS = ("users", "roles")


@dataclass(frozen=True)
class ApprovalRule:
    """An approval rule; *users*, and users with one of *roles*, may approve.

    Attributes:
        order_condition: a condition on the header with its totals; None for none.
        line_condition: a condition on a line; None for none.
        discount_condition: a condition on a line with a new discount of a person; None for none.
        help: the purpose of the rule, for the people whose order is held.
        places: the place of each key of the declaration.
    """

    name: str
    order_condition: Expression | None
    line_condition: Expression | None
    discount_condition: Expression | None
    users: tuple[str, ...]
    roles: tuple[str, ...]
    help: str
    where: str
    places: Mapping[str, str] = field(default_factory=dict)

    def holds(self, order: PropertySet) -> bool:
        """Tell whether an instance of OM Order has to be approved under this rule.

        Raises:
            ExpressionFault: a condition can't be evaluated on this order.
        """
        try:
            if self.order_condition is not None and self.order_condition.truth(_with_totals(order)):
                return True
            return any(self._holds_line(item) for item in items_of(order))
        except ExpressionFault as fault:
            raise fault.at(f"approval rule '{self.name}', {self.where}")  # noqa: B904  # the same fault, with its rule

    def _holds_line(self, item: PropertySet) -> bool:
        if action_code(item) == NO_ACTION or item.get("Status") == "Complete":
            return False
        if self.line_condition is not None and self.line_condition.truth(item):
            return True
        return self.discount_condition is not None and gives_discount(item) and self.discount_condition.truth(item)

    @property
    def approvers(self) -> str:
        """The people who may approve, as a text."""
        parts = [f"users with the role {role}" for role in self.roles] + list(self.users)
        return ", ".join(parts)


def gives_discount(line: PropertySet) -> bool:
    """Tell whether a line gives a discount or an agreed price which its service item doesn't have yet."""
    given = {name: text for name in GIVEN if (text := line.get(name)) is not None}
    if not given or action_code(line) not in ("Add", "Update"):
        return False
    # An Update records the values of the service item for which it was made.
    recorded = json.loads(line.get("Built On") or "{}") if action_code(line) == "Update" else {}
    return any(not same_value("number", recorded.get(name), text) for name, text in given.items())


def read_approval_rules(sources: Sequence[Source], definitions: Definitions) -> dict[str, ApprovalRule]:
    """Read approval rules, and prove each against the order's definition.

    Raises:
        DeclarationFault: a rule is wrong; the error names file, line and column.
    """
    rules: dict[str, ApprovalRule] = {}
    for source in sources:
        node = read(source)
        rule = _rule(node, definitions)
        if rule.name in rules:
            other = rules[rule.name].where
            raise node.fault(f"there are two approval rules '{rule.name}'", mend=f"the other is {other}")
        rules[rule.name] = rule
    return rules


def _rule(node: Node, definitions: Definitions) -> ApprovalRule:
    parts = node.mapping(
        required=REQUIRED,
        optional=(*CONDITIONS, "help"),
    )
    if parts.keys().isdisjoint(CONDITIONS):
        raise node.fault(
            "the approval rule holds nothing",
            why="it has no condition on the order, on its lines or on discounts",
            mend="add `hold order when:`, `hold line when:` or `hold discount when:`",
        )
    header = definitions[ORDER].root
    approvers = parts["approvers"].mapping(optional=APPROVERS)
    users, roles = (tuple(approvers[key].texts()) if key in approvers else () for key in APPROVERS)
    if not users and not roles:
        mend = "name at least one of `users` or `roles`, or the order could never be opened"
        raise parts["approvers"].fault("nobody may approve", mend=mend)
    return ApprovalRule(
        parts["approval rule"].text(),
        _condition(parts.get("hold order when"), _header_with_totals(header)),
        _condition(parts.get("hold line when"), header.children[LINE_ITEM]),
        _condition(parts.get("hold discount when"), header.children[LINE_ITEM]),
        users,
        roles,
        parts["help"].text() if "help" in parts else "",
        node.where,
        {key: value.where for key, value in parts.items()},
    )


def _condition(node: Node | None, component: Component) -> Expression | None:
    if node is None:
        return None
    try:
        return compile_expression(node.text(), field_reader(component), FUNCTIONS)
    except ExpressionFault as fault:
        raise node.fault(fault.what, why=f"{fault.where}: {fault.why}".lstrip(": "), mend=fault.mend) from fault


def _header_with_totals(header: Component) -> Component:
    totals = {f"Total {type}": Field(f"Total {type}", "number") for type in PRICE_TYPES}
    return replace(header, fields={**header.fields, **totals})


def _with_totals(order: PropertySet) -> PropertySet:
    """Copy the header and add its totals; the lists of the copy are the order's own."""
    totals = dict.fromkeys(PRICE_TYPES, Decimal(0))
    # By identity: lines may lack a key. A line's own quantity counts for each unit of the line above.
    quantities: dict[int, Decimal] = {}
    for item, parent in walk_items(order):
        above = Decimal(1) if parent is None else quantities[id(parent)]
        quantity = calculated(ARITHMETIC.multiply, above, read_number(item.get("Quantity") or "1"))
        quantities[id(item)] = quantity
        price = item.get("Adjusted Price") or item.get("List Price")
        type = item.get("Price Type")
        if price is not None and type in totals and action_code(item) in ("Add", "Update"):
            charged = calculated(ARITHMETIC.subtract, quantity, free_units(item))
            amount = calculated(ARITHMETIC.multiply, read_number(price), charged)
            totals[type] = calculated(ARITHMETIC.add, totals[type], amount)
    # Only the header is copied: an order may have tens of thousands of lines.
    header = order.copy_node()
    header.children = order.children
    header.properties.update({f"Total {type}": write_number(total) for type, total in totals.items()})
    return header
