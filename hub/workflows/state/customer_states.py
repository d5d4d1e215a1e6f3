"""Where orders and their lines are, in a customer's six words, with the next step and who acts.

hub/states/orders.yaml declares them; one of a deployment takes its place. The declaration must be complete: a status
without a word is a fault, and so is a word for a status that no order has.

Source: claims 7 and 15 to 17 ("customer order status information", the fulfilment status domain); spec:
docs/order_status.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.workflow_manager.customer_state import CustomerState, CustomerStates
from hub.workflows.state.statuses import TRANSITIONS
from integration_objects.declaration import Node, Source, read

#: the six words
STATES = ("received", "checking", "in progress", "needs you", "done", "cancelled")
#: situations that the status doesn't tell by itself
HELD, FALLOUT, UNPROVIDED, WAITING = "Held", "Fallout", "Unprovided", "Waiting"

#: the keys of the declaration, of an order's and of a line's situations, and of a state
REQUIRED, OPTIONAL = ("customer states", "order", "line"), ("help",)
STATE_REQUIRED, STATE_OPTIONAL = ("state",), ("next step", "who acts")
#: the name of the only declaration that there is; one of a deployment takes the place of the shipped one
NAME = "Orders"


def read_customer_states(sources: Sequence[Source]) -> CustomerStates:
    """Read the declaration of customer states.

    Raises:
        DeclarationFault: a status has no word, a word is none of the six, or a situation is unknown; or there are two
            declarations.
    """
    found = None
    for source in sources:
        node = read(source)
        parts = node.mapping(required=REQUIRED, optional=OPTIONAL)
        parts["customer states"].choice(NAME)
        if found is not None:
            raise parts["customer states"].twice("customer states", found.where)
        of_order, of_line = (
            _states(parts["order"], situations_of_orders()),
            _states(parts["line"], situations_of_lines()),
        )
        found = CustomerStates(of_order, of_line, parts["customer states"].where)
    if found is None:
        raise LookupError(NAME)
    return found


def situations_of_orders() -> list[str]:
    """Return the situations of orders, of which each has a word."""
    return sorted({*_statuses("order"), HELD, FALLOUT})


def situations_of_lines() -> list[str]:
    """Return the situations of lines, of which each has a word."""
    # A line that nobody works on yet is where its order is.
    return sorted({*_statuses("order line"), UNPROVIDED, WAITING} - {"Pending"})


def _statuses(kind: str) -> set[str]:
    ways = TRANSITIONS[kind]
    # Of a line, Cancelled comes with its order only, and stands in the order's table.
    return {*ways, *(status for ends in ways.values() for status in ends)}


def _states(node: Node, situations: Sequence[str]) -> dict[str, CustomerState]:
    parts = node.mapping(required=situations, optional=())
    return {situation: _state(value) for situation, value in parts.items()}


def _state(node: Node) -> CustomerState:
    parts = node.mapping(required=STATE_REQUIRED, optional=STATE_OPTIONAL)
    if ("next step" in parts) != ("who acts" in parts):
        raise node.fault(
            "the state has a next step without somebody who acts, or the other way round",
            mend="write both `next step:` and `who acts:`, or neither",
        )
    return CustomerState(parts["state"].choice(*STATES), parts.text("next step", None), parts.text("who acts", None))
