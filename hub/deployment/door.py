"""The door of a route: the transport and the channel that it reads, and its name among the components.

Apart from the rest of a route, because commands that look at the doors need no map, schema or workflow.

Spec: docs/design/integration.md, "Routes".
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from adapters.transport import CHANNEL, HTTP, TransportKind, declared_kinds, destination_of, refused_property
from integration_objects.declaration import DeclarationFault, Node, Source, read

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")
#: AMQP writes a queue's name as a short text, of 255 bytes at most.
_CHANNEL = re.compile(r"(?! )[^\x00-\x1f\x7f-\x9f]{1,255}(?<! )")


def component_of(route: str) -> str:
    """Return a route's name among the components that can be paused."""
    return f"route:{route}"


def feed_component(feed: str) -> str:
    """Return a feed's name among the components that can be paused."""
    return f"feed {feed}"


def read_doors(sources: Iterable[Source]) -> tuple[dict[str, tuple[TransportKind, str]], list[DeclarationFault]]:
    """Read the transport and the channel of each route, by its name, and nothing else: schemas and maps take time.

    Returns:
        The doors, and the faults of the routes whose door can't be read.
    """
    doors, faults = {}, []
    for source in sources:
        try:
            parts = read(source).mapping(required=("route", "from"))
            doors[parts["route"].text()] = read_door(parts["from"])
        except DeclarationFault as fault:
            faults.append(fault)
    return doors, faults


def read_door(node: Node) -> tuple[TransportKind, str]:
    """Read the kind of transport and the channel that a route reads."""
    parts = node.mapping(optional=tuple(declared_kinds()))
    if len(parts) != 1:
        choices = " or ".join(f"{{{name}: NAME}}" for name in declared_kinds())
        raise node.fault("a route reads one transport", mend=f"write {choices}")
    ((name, place),) = parts.items()
    return declared_kinds()[name], read_place(place, declared_kinds()[name])


def read_place(node: Node, kind: TransportKind) -> str:
    """Read the name of a channel or folder."""
    if kind is not CHANNEL:
        what = "an HTTP channel" if kind.name == HTTP else f"a {kind.name}"
        return node.matching(NAME, f"{what}'s name", "letters and digits, with _ - . between", "my_orders")
    # Another system may have named the queue: any name will do that a queue can have, and that is no other transport's.
    name = node.matching(_CHANNEL, "a channel's name", "1 to 255 characters without blanks around them", "my.orders")
    # A reply to this channel, or a message that names it, carries the name in its envelope.
    why = refused_property("reply_to", name)
    if why:
        raise node.fault(f"{name!r} can't be a channel's name", why, mend="write a shorter name, of plain characters")
    if destination_of(name).kind is not CHANNEL:
        raise node.fault(
            f"'{name}' is no channel", "it begins as another transport's names do", mend="name it otherwise"
        )
    return name
