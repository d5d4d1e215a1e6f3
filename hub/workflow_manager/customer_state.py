"""The states of orders and of their lines in the words that customers read, as a declaration gives them.

Declared in hub/states/*.yaml, and read by `hub.workflows.state.customer_states`.

Spec: docs/order_status.md, "The states".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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
    """The states by situation: a status, or a situation that no status tells.

    Attributes:
        of_order, of_line: the states of orders and of lines.
        where: the place of the declaration.
    """

    of_order: Mapping[str, CustomerState]
    of_line: Mapping[str, CustomerState]
    where: str = ""
