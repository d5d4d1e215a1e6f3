"""The difference between a queue and its declaration, read from RabbitMQ's refusal.

    PRECONDITION_FAILED - inequivalent arg 'x-delivery-limit' for queue 'orders' in vhost '/':
    received the value '50' of type 'signedint' but current is none

RabbitMQ names the first argument that differs, and no other one. `Difference.adopted` gives the arguments of the next
question: the broker then names the next difference, and agrees when none is left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: the name by which RabbitMQ refuses a queue that is durable or not, which is no argument of AMQP
DURABLE = "durable"

_INEQUIVALENT = re.compile(
    r"inequivalent arg '(?P<argument>[^']+)' .*: received (?P<expected>.*?) but current is (?P<found>.*)$"
)
_VALUE = re.compile(r"^(?:the value )?'(?P<value>.*?)'(?: of type '(?P<type>[^']*)')?$")
_NUMBERS = ("signedint", "unsignedint", "long", "short", "byte", "int")


@dataclass(frozen=True)
class Difference:
    """An argument that a queue has with another value than the hub's.

    Attributes:
        argument: its name; `DURABLE` for the queue's durability.
        expected, found: the values in RabbitMQ's words; ``none`` for an absent one.
    """

    argument: str
    expected: str
    found: str

    def __str__(self) -> str:
        # A queue without a type is a classic one.
        kind = " (a classic queue)" if self.argument == "x-queue-type" and self.found == "none" else ""
        return f"expected {self.argument} {_shown(self.expected)}, found {_shown(self.found)}{kind}"

    def adopted(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return *arguments* with the value that was found; without the argument if the queue lacks it."""
        others = {name: value for name, value in arguments.items() if name != self.argument}
        found = _VALUE.match(self.found)
        if found is None:
            return others
        # RabbitMQ names a type only where it isn't the type of the value that was sent.
        kind = found["type"] or type(arguments.get(self.argument)).__name__
        value: Any = found["value"]
        if kind == "bool":
            value = value == "true"
        elif kind in _NUMBERS:
            value = int(value)
        return {**others, self.argument: value}


def difference_of(text: str) -> Difference | None:
    """Read the broker's refusal of a declaration; None for other words.

    >>> print(difference_of("inequivalent arg 'durable' for queue 'a': received 'true' but current is 'false'"))
    expected durable true, found false
    """
    words = _INEQUIVALENT.search(text)
    return None if words is None else Difference(words["argument"], words["expected"].strip(), words["found"].strip())


def _shown(text: str) -> str:
    value = _VALUE.match(text)
    return text if value is None else value["value"] or "''"
