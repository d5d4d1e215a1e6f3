"""The business service methods: pure functions from tree to tree.

What comes in: complex objects (messages of property sets), arguments as text, and the integration objects'
definitions. What goes out: new complex objects, truth values, and the list of ignored changes; nothing is changed,
stored or sent. Who calls it: workflows, by a method's name through their run, and the command `orderhub call`.

No method changes its arguments, and every method refuses an object that `items.check_items` refuses.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.services.apply import Applied, Ignored, apply
from hub.services.create_empty import create_empty
from hub.services.delta import delta
from hub.services.explode import explode
from hub.services.field_delta import field_delta
from hub.services.fully_exploded import fully_exploded
from hub.services.logical_delete import logical_delete
from hub.services.merge import merge
from hub.services.module_licensed import module_licensed
from hub.services.object_memory import ObjectMemory
from hub.services.set_action import set_action
from hub.services.set_effectivity_dates import set_effectivity_dates
from hub.services.set_field import set_field
from hub.services.set_product_instance import set_product_instance
from hub.services.trim import trim
from hub.services.update_order_status import update_order_status
from integration_objects.errors import located

#: Arguments that the runtime supplies, never the user.
HANDED_IN = frozenset(("definitions", "new_id", "licence", "host", "today"))


@dataclass(frozen=True)
class Service:
    """A registered method.

    Attributes:
        name: as workflows call it: "Logical Delete".
        function: the pure function.
        help: its first line, for people.
    """

    name: str
    function: Callable[..., Any]
    help: str

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the method; its errors name it."""
        with located(f"method {self.name}"):
            return self.function(*arguments, **named)

    @property
    def command(self) -> str:
        """The name for `orderhub call`: ``logical-delete``."""
        return self.name.lower().replace(" ", "-")

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of all arguments, in order."""
        return tuple(inspect.signature(self.function).parameters)

    @property
    def handed_in(self) -> tuple[str, ...]:
        """The arguments that the runtime supplies: definitions, new_id, licence, host, today."""
        return tuple(name for name in self.arguments if name in HANDED_IN)


def register(*functions: tuple[str, Callable[..., Any]]) -> dict[str, Service]:
    """Make services by name; the help is the first line of a function's docstring."""
    return {
        name: Service(name, function, (inspect.getdoc(function) or "").partition("\n")[0])
        for name, function in functions
    }


#: The shipped methods by name. Save Object, Get Object and Reset belong to a run: `Run.saved`.
SERVICES: Mapping[str, Service] = register(
    ("Apply", apply),
    ("Delta", delta),
    ("Trim", trim),
    ("Logical Delete", logical_delete),
    ("Explode", explode),
    ("Fully Exploded", fully_exploded),
    ("Field Delta", field_delta),
    ("Set Effectivity Dates", set_effectivity_dates),
    ("Set Action", set_action),
    ("Set Field", set_field),
    ("Merge", merge),
    ("Update Order Status", update_order_status),
    ("Create Empty", create_empty),
    ("Module Licensed", module_licensed),
    ("Set Product Instance", set_product_instance),
)

__all__ = ["HANDED_IN", "SERVICES", "Applied", "Ignored", "ObjectMemory", "Service", "register"]
