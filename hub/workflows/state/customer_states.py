"""Where orders and their lines are, in a customer's six words, with the next step and who acts.

`customer_states.yaml` declares them. The declaration must be complete: a status without a word is a fault, and so is a
word for a status that no order has.

Source: claims 7 and 15 to 17 ("customer order status information", the fulfilment status domain); spec:
docs/order_status.md.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hub.workflows.state.statuses import TRANSITIONS
from integration_objects.declaration import Node, Source, read, shipped

#: the six words
STATES = ("received", "checking", "in progress", "needs you", "done", "cancelled")
#: situations that the status doesn't tell by itself
HELD, FALLOUT, UNPROVIDED, WAITING = "Held", "Fallout", "Unprovided", "Waiting"
#: what stands in `who acts` for the fulfilment systems with open work
_SYSTEMS = "{systems}"


@dataclass(frozen=True)
class CustomerState:
    """A state in a customer's word; nothing is to be done, and nobody acts, where the state is final."""

    state: str
    next_step: str | None = None
    who_acts: str | None = None

    def acting(self, systems: Iterable[str]) -> str | None:
        """Return who acts; *systems* are the fulfilment systems with open work."""
        if self.who_acts is None:
            return None
        return self.who_acts.replace(_SYSTEMS, ", ".join(sorted(systems)) or "hub")


@dataclass(frozen=True)
class CustomerStates:
    """The states by situation: a status, or one of `HELD`, `FALLOUT`, `UNPROVIDED` and `WAITING`."""

    of_order: Mapping[str, CustomerState]
    of_line: Mapping[str, CustomerState]


@functools.cache
def customer_states() -> CustomerStates:
    """Return the states that the hub ships, proven."""
    [source] = shipped(__package__ or "", "customer_states.yaml")
    return read_customer_states(source)


def read_customer_states(source: Source) -> CustomerStates:
    """Read a declaration of customer states.

    Raises:
        DeclarationFault: a status has no word, a word is none of the six, or a situation is unknown.
    """
    parts = read(source).mapping(required=("customer states", "order", "line"), optional=())
    # A line that nobody works on yet is where its order is.
    lines = {*_statuses("order line"), UNPROVIDED, WAITING} - {"Pending"}
    return CustomerStates(_states(parts["order"], {*_statuses("order"), HELD, FALLOUT}), _states(parts["line"], lines))


def _statuses(kind: str) -> set[str]:
    ways = TRANSITIONS[kind]
    # Of a line, Cancelled comes with its order only, and stands in the order's table.
    return {*ways, *(status for ends in ways.values() for status in ends)}


def _states(node: Node, situations: Iterable[str]) -> dict[str, CustomerState]:
    parts = node.mapping(required=sorted(situations), optional=())
    return {situation: _state(value) for situation, value in parts.items()}


def _state(node: Node) -> CustomerState:
    parts = node.mapping(required=("state",), optional=("next step", "who acts"))
    if ("next step" in parts) != ("who acts" in parts):
        raise node.fault(
            "the state has a next step without somebody who acts, or the other way round",
            mend="write both `next step:` and `who acts:`, or neither",
        )
    return CustomerState(parts["state"].choice(*STATES), parts.text("next step", None), parts.text("who acts", None))
