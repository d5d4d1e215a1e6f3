"""A route: where messages come from, and everything that happens to them.

    route: mainframe_order
    from: {channel: mainframe.orders}           # or {folder: mainframe}
    object: Mainframe Order                     # an external object; or hub, for the hub's own XML
    map: Mainframe Order to OM Order            # left out for the hub's own XML
    workflow: Receive Order
    prices: hub                                 # who says what an order's lines cost; left out: sender
    identity: message id                        # or body; or {field: "[MSG-ID]"}
    key: "[CUST-NO]"                            # messages with one key keep their order; left out: no order
    reply: {object: Mainframe Answer, map: OM Reply to Mainframe Answer, channel: mainframe.answers}
    reply to: [mainframe.*]                     # the reply-to channels that a sender may name, beside the reply's own
    retry: [1, 5, 30, 120, 600]                 # seconds
    limits: {body: 4194304}
    senders: [mainframe]                        # who may send; left out: anybody

Spec: docs/design/integration.md, "Routes"; docs/design/road.md, "Identity of a message", "Doors".
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeVar

from hub.workflow_manager.origin import WhoPrices
from hub.workflow_manager.workflow import Workflow
from integration_objects.declaration import DeclarationFault, Node, Source, read
from integration_objects.errors import HubError, Refused
from integration_objects.expression import ExpressionFault, text_of
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet
from maps.data_map import DataMap
from maps.field_rule import SourceExpression, compile_source_expression
from maps.path import Position, Scope
from schemas.check import Limits
from schemas.external_object import ExternalObject

HUB_OBJECT = "hub"
ORDER = "OM Order"
RETRY_S = (1, 5, 30, 120, 600)
#: deaths of the process over one message, after which it is parked
MOST_DEATHS = 3

Door = Literal["channel", "folder"]
T = TypeVar("T")


class RouteUnknown(Refused):
    """A command names a route that the deployment doesn't have."""


@dataclass(frozen=True)
class Reply:
    """How a route answers.

    Attributes:
        map: turns OM Reply into the sender's answer; None: the hub's own XML.
        object: the external object of the answer, proven before it leaves; None with no map.
        channel: where answers go that name no reply-to; None: only where a reply-to is named.
    """

    map: DataMap | None = None
    object: ExternalObject | None = None
    channel: str | None = None


@dataclass(frozen=True, eq=False)
class Route:
    """One route, proven: everything that it names was found. See the head of this file.

    Attributes:
        name: as commands and the message store have it.
        door, place: channel or folder, and its name.
        external: the arriving object; None for the hub's own XML.
        map: to the internal object; None for the hub's own XML.
        workflow: what runs on it.
        prices: who says what the lines of an order cost: its sender, or the hub by a price list.
        identity: "message id", "body", or an expression over the arriving tree.
        key: an expression over the arriving tree; None: messages keep no order.
        reply, reply_to: see above.
        retry_s: the delays, in seconds.
        limits: of the XML.
        senders: who may send; empty: anybody.
        where: the declaration's place.
    """

    name: str
    door: Door
    place: str
    external: ExternalObject | None
    map: DataMap | None
    workflow: Workflow
    prices: WhoPrices
    identity: Literal["message id", "body"] | SourceExpression
    key: SourceExpression | None
    reply: Reply
    reply_to: tuple[str, ...]
    retry_s: tuple[int, ...]
    limits: Limits
    senders: tuple[str, ...]
    where: str

    @property
    def dead_letters(self) -> str:
        """The channel of the route's refused messages."""
        return f"{self.name}.dead-letter"

    @property
    def component(self) -> str:
        """The route's name among the components that can be paused."""
        return component_of(self.name)

    def reads_tree(self) -> bool:
        """Whether a message must be read to be filed: for its key or its identity."""
        return self.key is not None or isinstance(self.identity, SourceExpression)

    @cached_property
    def names_read(self) -> frozenset[str] | None:
        """The components that are read to file a message; None: all of them."""
        names: frozenset[str] = frozenset()
        for one in (self.key, self.identity):
            if isinstance(one, SourceExpression):
                if one.names is None:
                    return None
                names |= one.names
        return names

    def allows_reply_to(self, channel: str) -> bool:
        """Whether a sender may have its answer sent there: only to channels that the route names."""
        if channel.startswith(("folder:", "answer:")):
            return False
        return channel == self.reply.channel or any(fnmatch.fnmatchcase(channel, pattern) for pattern in self.reply_to)

    def allows_sender(self, sender: str) -> bool:
        """Whether this sender may use the route."""
        return not self.senders or sender in self.senders


def component_of(route: str) -> str:
    """A route's name among the components that can be paused."""
    return f"route:{route}"


def value_in(expression: SourceExpression, tree: PropertySet) -> str | None:
    """The text of a route's key or identity in an arriving tree; None where it has none."""
    return text_of(expression.expression.evaluate(Scope(tree, None)))


def read_routes(
    sources: Sequence[Source],
    objects: Mapping[str, ExternalObject],
    maps: Mapping[str, DataMap],
    workflows: Mapping[str, Workflow],
) -> dict[str, Route]:
    """Read routes, each proven against what it names.

    Raises:
        DeclarationFault: file:line:column of what is wrong.
    """
    routes: dict[str, Route] = {}
    doors: dict[tuple[Door, str], str] = {}
    for source in sources:
        route = _route(read(source), objects, maps, workflows)
        if route.name in routes:
            raise DeclarationFault(
                f"there are two routes '{route.name}'",
                where=route.where,
                mend=f"the other is {routes[route.name].where}",
            )
        other = doors.setdefault((route.door, route.place), route.name)
        if other != route.name:
            raise DeclarationFault(
                f"the routes '{other}' and '{route.name}' read the same {route.door} '{route.place}'",
                where=route.where,
                mend="give each route a door of its own",
            )
        routes[route.name] = route
    return routes


def _route(
    node: Node,
    objects: Mapping[str, ExternalObject],
    maps: Mapping[str, DataMap],
    workflows: Mapping[str, Workflow],
) -> Route:
    parts = node.mapping(
        required=("route", "from", "object", "workflow"),
        optional=("map", "prices", "identity", "key", "reply", "reply to", "retry", "limits", "senders", "help"),
    )
    door, place = _door(parts["from"])
    workflow = _known(parts["workflow"], workflows, "workflow")
    external: ExternalObject | None = None
    data_map: DataMap | None = None
    if parts["object"].text() != HUB_OBJECT:
        external = _known(parts["object"], objects, "external object")
        if "map" not in parts:
            raise node.fault(
                "an external object needs a map", mend="add `map:`, or `object: hub` for the hub's own XML"
            )
    if "map" in parts:
        data_map = _known(parts["map"], maps, "map")
        if external is None or data_map.source is not external.definition:
            raise parts["map"].fault(
                f"the map '{data_map.name}' reads '{data_map.source.name}'",
                why=f"the route's object is '{parts['object'].text()}'",
                mend="name the map that goes from the route's object",
            )
        if data_map.target.name not in workflow.takes:
            raise parts["map"].fault(
                f"the map '{data_map.name}' makes '{data_map.target.name}'",
                why=f"the workflow '{workflow.name}' takes {', '.join(workflow.takes)}",
                mend="name another map or workflow",
            )
    retry: tuple[int, ...] = RETRY_S
    if "retry" in parts:
        retry = tuple(entry.whole() for entry in parts["retry"].sequence())
        if any(delay < 0 for delay in retry):
            raise parts["retry"].fault("a delay can't be less than nothing", mend="give seconds from 0")
    return Route(
        name=parts["route"].text(),
        door=door,
        place=place,
        external=external,
        map=data_map,
        workflow=workflow,
        prices=_prices(parts.get("prices"), workflow),
        identity=_identity(parts.get("identity"), external),
        key=None if "key" not in parts else _expression(parts["key"], external),
        reply=_reply(parts.get("reply"), objects, maps),
        reply_to=tuple(parts["reply to"].texts()) if "reply to" in parts else (),
        retry_s=retry,
        limits=_limits(parts.get("limits")),
        senders=tuple(parts["senders"].texts()) if "senders" in parts else (),
        where=node.where,
    )


def _known(node: Node, known: Mapping[str, T], what: str) -> T:
    name = node.text()
    if name not in known:
        raise node.fault(
            f"there is no {what} '{name}'",
            why=f"known are {', '.join(sorted(known)) or 'none'}",
            mend=nearest(name, known) or f"declare the {what}, or name another",
        )
    return known[name]


def _door(node: Node) -> tuple[Door, str]:
    parts = node.mapping(optional=("channel", "folder"))
    if len(parts) != 1:
        raise node.fault("a route reads one door", mend="write {channel: NAME} or {folder: NAME}")
    if "channel" in parts:
        return "channel", parts["channel"].text()
    return "folder", parts["folder"].text()


def _prices(node: Node | None, workflow: Workflow) -> WhoPrices:
    if node is None or node.choice("sender", "hub") == "sender":
        return "sender"
    if ORDER not in workflow.takes:
        raise node.fault(
            f"the workflow '{workflow.name}' takes no orders that could be priced",
            why=f"it takes {', '.join(workflow.takes)}",
            mend="leave `prices:` out",
        )
    return "hub"


def _identity(node: Node | None, external: ExternalObject | None) -> Literal["message id", "body"] | SourceExpression:
    if node is None:
        return "message id"
    if node.kind == "mapping":
        return _expression(node.mapping(required=("field",))["field"], external)
    return "body" if node.choice("message id", "body") == "body" else "message id"


def _expression(node: Node, external: ExternalObject | None) -> SourceExpression:
    if external is None:
        raise node.fault(
            "the hub's own XML has no field that could be read here",
            mend="use the message id as identity, and leave out the key",
        )
    try:
        return compile_source_expression(node.text(), Position(external.definition.root, None, True), {})
    except ExpressionFault as error:
        raise node.fault(error.what, why=error.why, mend=error.mend) from error


def _reply(node: Node | None, objects: Mapping[str, ExternalObject], maps: Mapping[str, DataMap]) -> Reply:
    if node is None:
        return Reply()
    parts = node.mapping(optional=("object", "map", "channel"))
    channel = parts["channel"].text() if "channel" in parts else None
    if "map" not in parts:
        return Reply(channel=channel)
    data_map = _known(parts["map"], maps, "map")
    if "object" not in parts:
        raise node.fault("a reply with a map names its object", mend=f"add `object: {data_map.target.name}`")
    answer = _known(parts["object"], objects, "external object")
    if data_map.source.name != "OM Reply" or data_map.target is not answer.definition:
        raise parts["map"].fault(
            f"the map '{data_map.name}' goes from '{data_map.source.name}' to '{data_map.target.name}'",
            mend=f"a reply's map goes from 'OM Reply' to '{answer.definition.name}'",
        )
    return Reply(data_map, answer, channel)


def _limits(node: Node | None) -> Limits:
    if node is None:
        return Limits()
    given = {name.text(): value.whole() for name, value in node.items()}
    try:
        return Limits.route(**given)
    except HubError as error:
        raise node.fault(error.what, why=error.why, mend=error.mend) from error
