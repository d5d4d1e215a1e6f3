"""The answers of a route: the object, the map that makes it from OM Reply, and the channel.

Spec: docs/design/integration.md, "Routes".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from adapters.transport import CHANNEL, HTTP, TransportKind, refused_property
from hub.deployment.door import read_place
from hub.deployment.named_parts import HUB_OBJECT, known_part, whole_map
from integration_objects.declaration import Node, Parts
from maps.data_map import DataMap
from schemas.external_component import ExternalObject

#: The longest time that a request by HTTP stays open for its answer: proxies end one after a minute.
LONGEST_WAIT_S = 50
REPLY_KEYS = ("object", "map", "channel", "wait")


@dataclass(frozen=True)
class Reply:
    """The answers of a route.

    Attributes:
        map: turns OM Reply into the sender's answer; None for the hub's own XML.
        object: the external object of the answer, checked before it leaves; None without a map.
        channel: the channel of answers to messages without a reply-to; None for no such answers.
        wait_s: the seconds that a sender by HTTP waits for its answer; None for a receipt at once.
    """

    map: DataMap | None = None
    object: ExternalObject | None = None
    channel: str | None = None
    wait_s: int | None = None

    @property
    def reads_message(self) -> bool:
        """Tell whether the map reads the message that is answered."""
        return self.map is not None and self.map.answers is not None


def read_reply(
    route: Parts,
    transport: TransportKind,
    objects: Mapping[str, ExternalObject],
    maps: Mapping[str, DataMap],
    map_names: Iterable[str],
) -> Reply:
    """Read the answers of a route.

    Raises:
        DeclarationFault: with file:line:column.
    """
    if "reply" not in route:
        return Reply()
    node = route["reply"]
    parts = node.mapping(optional=REPLY_KEYS)
    wait_s = _wait(parts.get("wait"), transport)
    channel = read_place(parts["channel"], CHANNEL) if "channel" in parts else None
    if "map" not in parts:
        if "object" in parts:
            mend = "add `map:`, or take the object away: without a map, answers are in the hub's own XML"
            raise parts["object"].fault("a reply with an object needs a map", mend=mend)
        return Reply(channel=channel, wait_s=wait_s)
    data_map = whole_map(parts["map"], maps, map_names)
    if "object" not in parts:
        raise node.fault("a reply with a map names its object", mend=f"add `object: {data_map.target.name}`")
    answer = known_part(parts["object"], objects, "external object")
    if data_map.source.name != "OM Reply" or data_map.target is not answer.definition:
        raise parts["map"].fault(
            f"the map '{data_map.name}' goes from '{data_map.source.name}' to '{data_map.target.name}'",
            mend=f"a reply's map goes from 'OM Reply' to '{answer.definition.name}'",
        )
    # The object's name is the type of each reply.
    why = refused_property("type", answer.definition.name)
    if why:
        what = f"{answer.definition.name!r} can't be the type of a message"
        raise parts["object"].fault(what, why, mend="give the external object a shorter name, of plain characters")
    _prove_answers(data_map, parts["map"], route["object"].text())
    return Reply(data_map, answer, channel, wait_s)


def _wait(node: Node | None, transport: TransportKind) -> int | None:
    if node is None:
        return None
    if transport.name != HTTP:
        raise node.fault("only a sender by HTTP waits for its answer", mend="leave `wait:` out")
    seconds = node.whole()
    if not 1 <= seconds <= LONGEST_WAIT_S:
        raise node.fault(f"a sender can't wait {seconds} s", mend=f"give seconds from 1 to {LONGEST_WAIT_S}")
    return seconds


def _prove_answers(data_map: DataMap, node: Node, object_name: str) -> None:
    """Prove that a reply's map reads the messages that the route takes."""
    answers = data_map.answers
    if answers is None or (not answers.external if object_name == HUB_OBJECT else answers.name == object_name):
        return
    raise node.fault(
        f"the map '{data_map.name}' reads the answered '{answers.name}'",
        why=f"the route's object is '{object_name}'",
        mend="name a map that answers the route's object",
    )
