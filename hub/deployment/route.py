"""A route: the source of messages, and everything that happens to them.

    route: mainframe_order
    from: {channel: mainframe.orders}           # or {folder: mainframe}, {http: mainframe}
    object: Mainframe Order                     # an external object; hub, for the hub's own XML; or XML Gateway, for
                                                # questions of legacy systems, which need no map
    map: Mainframe Order to OM Order            # left out for the hub's own XML
    workflow: Receive Order
    prices: hub                                 # the side that prices an order's lines; left out: sender
    identity: message id                        # or body; or {field: "[MSG-ID]"}; white space around it doesn't count
    key: "[CUST-NO]"                            # messages with one key keep their order; left out: no order
    reply: {object: Mainframe Answer, map: OM Reply to Mainframe Answer, channel: mainframe.answers}
                                                # by HTTP in place of a channel, or not at all: wait: 10 (seconds)
    reply to: [mainframe.*]                     # the reply-to channels that a sender may name, beside the reply's own
    retry: [1, 5, 30, 120, 600]                 # seconds
    limits: {body: 4194304}
    senders: [mainframe]                        # who may send; left out: anybody
    content types: [application/xml, text/xml]  # the bodies that it takes, with * as a wildcard; left out: any
    batch: {order: ORDER-RECORD}                # files with many orders: see `route_batch`; left out: one message each
    quote values: yes                           # whether dead letters' headers show values of messages; left out: no

Spec: docs/design/integration.md, "Routes"; docs/design/road.md, "Identity of a message", "Transports".
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from adapters.transport import CHANNEL, XML, TransportKind, destination_of
from hub.deployment.door import NAME, component_of, feed_component, read_door
from hub.deployment.named_parts import HUB_OBJECT, known_part, message_expression, whole_map
from hub.deployment.route_batch import RouteBatch, read_batch
from hub.deployment.route_reply import Reply as Reply
from hub.deployment.route_reply import read_reply
from hub.workflow_manager.named_workflow import REQUEST
from hub.workflow_manager.origin import WhoPrices
from hub.workflow_manager.workflow import Workflow
from integration_objects.declaration import Node, Parts, Source, read
from integration_objects.errors import HubError, Refused, UnknownName
from integration_objects.expression import text_of
from integration_objects.names import ORDER
from integration_objects.property_set import PropertySet
from maps.data_map import DataMap
from maps.field_rule import SourceExpression
from maps.scope import Scope
from schemas.check import Limits
from schemas.external_component import ExternalObject
from schemas.gateway.form import GATEWAY

#: Seconds before each further try. After the last one, the message is parked for an operator.
RETRY_S = (1, 5, 30, 120, 600)
#: The keys of a declaration.
REQUIRED = ("route", "from", "object", "workflow")
OPTIONAL = (
    "map",
    "prices",
    "identity",
    "key",
    "reply",
    "reply to",
    "retry",
    "limits",
    "senders",
    "content types",
    "batch",
    "quote values",
    "help",
)
PRICED_BY = ("sender", "hub")
IDENTITIES = ("message id", "body")
#: type and subtype, each a name of RFC 2045 with or without *
_CONTENT_TYPE = re.compile(r"[a-z0-9!#$&^_.+*-]+/[a-z0-9!#$&^_.+*-]+")


class RouteUnknown(UnknownName, Refused):
    """A command names a route that the deployment doesn't have."""

    kind = "route"
    where = "orderhub.toml, routes"
    why = "this deployment has {names}"
    otherwise = "name one of them, or switch a shipped route on in orderhub.toml (routes = [...])"


def route_named(routes: Mapping[str, Route], name: str) -> Route:
    """Return the route that a command names.

    Raises:
        RouteUnknown: there is none.
    """
    if name not in routes:
        raise RouteUnknown(name, routes)
    return routes[name]


@dataclass(frozen=True, eq=False)
class Route:
    """One route; everything that it names exists. See the head of this file.

    Attributes:
        name: as commands and the message store have it.
        transport, place: the kind of transport that it reads, and the channel's name there.
        external: the arriving object; None for the hub's own XML.
        map: to the internal object; None for the hub's own XML.
        workflow: the workflow that runs on its messages.
        prices: who prices the lines of an order: its sender, or the hub by a price list.
        identity: "message id", "body", or an expression over the arriving tree.
        key: an expression over the arriving tree; None for a route that keeps no order.
        reply, reply_to: see the head of this file.
        retry_s: the delays, in seconds.
        limits: of the XML.
        senders: the senders that may use it; empty for all.
        content_types: patterns of the content types that it takes, in small letters; empty for all.
        where: the declaration's place.
        batch: how its files hold many messages; None where each holds one.
        quotes_values: whether the headers of its dead letters quote values of messages.
        places: the place of each key of the declaration.
        feed: the feed whose records its messages have; "" for other routes.
        worked_by: the work on its messages in place of a workflow, as ``module:class``; "" for a workflow.
    """

    name: str
    transport: TransportKind
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
    content_types: tuple[str, ...]
    where: str
    batch: RouteBatch | None = None
    quotes_values: bool = False
    places: Mapping[str, str] = field(default_factory=dict)
    feed: str = ""
    worked_by: str = ""

    @property
    def dead_letters(self) -> str:
        """The channel of the route's refused messages."""
        return f"{self.name}.dead-letter"

    @property
    def component(self) -> str:
        """The route's name among the components that can be paused; a feed is paused with its messages."""
        return feed_component(self.feed) if self.feed else component_of(self.name)

    @property
    def objects(self) -> tuple[str, ...]:
        """The integration objects that the route's messages can become: the map's, or all that the workflow takes."""
        return self.workflow.takes if self.map is None else (self.map.target.name,)

    @property
    def content_type(self) -> str:
        """The media type of the messages of its object."""
        return XML if self.external is None else self.external.content_type

    def reads_tree(self) -> bool:
        """Tell whether a message must be read to be filed: for its key or its identity."""
        return self.key is not None or isinstance(self.identity, SourceExpression)

    @cached_property
    def names_read(self) -> frozenset[str] | None:
        """The components that are read to file a message; None for all of them."""
        names: frozenset[str] = frozenset()
        for expression in (self.key, self.identity):
            if isinstance(expression, SourceExpression):
                if expression.names is None:
                    return None
                names |= expression.names
        return names

    def allows_reply_to(self, channel: str) -> bool:
        """Tell whether a sender may have its answer sent to *channel*: only to channels that the route names.

        A queue of the route itself is never allowed: the hub would take its own answers for messages.
        """
        # A sender must not write into folders, or beside other senders' files, whatever pattern the route has.
        if destination_of(channel).kind is not CHANNEL or channel in (self.place, self.dead_letters):
            return False
        return channel == self.reply.channel or any(fnmatch.fnmatchcase(channel, pattern) for pattern in self.reply_to)

    def allows_sender(self, sender: str) -> bool:
        """Tell whether this sender may use the route."""
        return not self.senders or sender in self.senders

    def allows_content_type(self, content_type: str) -> bool:
        """Tell whether the route takes bodies of this content type; its parameters, such as a charset, don't count."""
        media_type = content_type.partition(";")[0].strip().lower()
        return not self.content_types or any(fnmatch.fnmatchcase(media_type, known) for known in self.content_types)


def value_in(expression: SourceExpression, tree: PropertySet) -> str | None:
    """Read a route's key or identity in an arriving tree, as text without white space around it; None for an empty one.

    A sender that indents its XML sends `<MSG-ID>` with line breaks around the id, and means the id.
    """
    text = text_of(expression.expression.evaluate(Scope(tree, None)))
    return None if text is None else text.strip() or None


def read_routes(
    sources: Sequence[Source],
    objects: Mapping[str, ExternalObject],
    maps: Mapping[str, DataMap],
    workflows: Mapping[str, Workflow],
    map_names: Iterable[str] = (),
) -> dict[str, Route]:
    """Read routes, and check that everything they name exists.

    *map_names* are further names of maps, which errors propose.

    Raises:
        DeclarationFault: with file:line:column.
    """
    routes: dict[str, Route] = {}
    readers: dict[str, str] = {}
    for source in sources:
        node = read(source)
        parts = node.mapping(
            required=REQUIRED,
            optional=OPTIONAL,
        )
        route = _route(node.where, parts, objects, maps, workflows, map_names)
        if route.name in routes:
            raise parts["route"].twice("route", routes[route.name].where)
        # Two readers of one channel would share its messages out between them by chance.
        reader = readers.setdefault(route.transport.destination(route.place), route.name)
        if reader != route.name:
            what = f"the routes '{reader}' and '{route.name}' read the same {route.transport.name} '{route.place}'"
            raise parts["from"].fault(what, mend=f"give each route a {route.transport.name} of its own")
        routes[route.name] = route
    return routes


def _route(
    where: str,
    parts: Parts,
    objects: Mapping[str, ExternalObject],
    maps: Mapping[str, DataMap],
    workflows: Mapping[str, Workflow],
    map_names: Iterable[str],
) -> Route:
    transport, place = read_door(parts["from"])
    workflow = known_part(parts["workflow"], workflows, "workflow")
    external: ExternalObject | None = None
    asks_for_rows = parts["object"].text() == GATEWAY.name
    if asks_for_rows:
        external = GATEWAY
    elif parts["object"].text() != HUB_OBJECT:
        external = known_part(parts["object"], objects, "external object")
    reply = read_reply(parts, transport, objects, maps, map_names)
    if asks_for_rows:
        reply = _reply_with_rows(parts, workflow, reply)
    return Route(
        name=parts["route"].matching(NAME, "a route's name", "letters and digits, with _ - . between", "my_orders"),
        transport=transport,
        place=place,
        external=external,
        map=None if asks_for_rows else _map(parts, maps, external, workflow, map_names),
        workflow=workflow,
        prices=_prices(parts.get("prices"), workflow),
        identity=_identity(parts.get("identity"), external),
        key=None if "key" not in parts else message_expression(parts["key"], external),
        reply=reply,
        reply_to=_names(parts, "reply to"),
        retry_s=_delays(parts.get("retry")),
        limits=_limits(parts.get("limits")),
        senders=_senders(parts),
        content_types=_content_types(parts.get("content types")),
        where=where,
        batch=read_batch(parts.get("batch"), transport, external, reply),
        quotes_values=parts.flag("quote values"),
        places={key: value.where for key, value in parts.items()},
    )


def _reply_with_rows(parts: Parts, workflow: Workflow, reply: Reply) -> Reply:
    """Return the reply of a route that answers questions for rows: its form is the questions' own."""
    if REQUEST not in workflow.takes:
        what = f"the workflow '{workflow.name}' answers no questions for rows"
        raise parts["workflow"].fault(what, mend="write 'workflow: Workflow Request'")
    for key in ("map", "batch"):
        if key in parts:
            raise parts[key].fault(f"questions for rows have no {key}", mend=f"leave '{key}' out")
    if reply.map is not None:
        raise parts["reply"].fault("the replies with rows have no map", mend="leave 'object' and 'map' out")
    return replace(reply, object=GATEWAY)


def _map(
    parts: Parts,
    maps: Mapping[str, DataMap],
    external: ExternalObject | None,
    workflow: Workflow,
    map_names: Iterable[str],
) -> DataMap | None:
    """Read the route's map, which goes from its object to an object that the workflow takes."""
    if "map" not in parts:
        if external is not None:
            mend = "add `map:`, or `object: hub` for the hub's own XML"
            raise parts["object"].fault("an external object needs a map", mend=mend)
        return None
    data_map = whole_map(parts["map"], maps, map_names)
    if external is None or data_map.source is not external.definition:
        raise parts["map"].fault(
            f"the map '{data_map.name}' reads '{data_map.source.name}'",
            why=f"the route's object is '{parts['object'].text()}'",
            mend="name the map that goes from the route's object",
        )
    if data_map.answers is not None:
        raise parts["map"].fault(
            f"the map '{data_map.name}' reads the message that is answered",
            why="only the map of a route's reply can",
            mend="take `answers` out of the map",
        )
    if data_map.target.name not in workflow.takes:
        raise parts["map"].fault(
            f"the map '{data_map.name}' makes '{data_map.target.name}'",
            why=f"the workflow '{workflow.name}' takes {', '.join(workflow.takes)}",
            mend="name another map or workflow",
        )
    return data_map


def _senders(parts: Parts) -> tuple[str, ...]:
    senders = _names(parts, "senders")
    if "senders" in parts and not senders:
        raise parts["senders"].fault(
            "the list of senders is empty", mend="name them, or leave it out: anybody may send"
        )
    return senders


def _names(parts: Parts, key: str) -> tuple[str, ...]:
    """Read a list of names, or a single name; `a, b` would be one name with a comma, and is never meant so."""
    names = parts.texts(key)
    if key in parts and parts[key].kind == "scalar" and "," in names[0]:
        mend = f"write [{names[0]}]; one name with a comma is written in quotes and [ ]"
        raise parts[key].fault(f"'{names[0]}' is one name with a comma in it", mend=mend)
    return names


def _delays(node: Node | None) -> tuple[int, ...]:
    if node is None:
        return RETRY_S
    delays = tuple(entry.whole() for entry in node.sequence())
    if any(delay < 0 for delay in delays):
        raise node.fault("a delay can't be less than nothing", mend="give seconds from 0")
    return delays


def _content_types(node: Node | None) -> tuple[str, ...]:
    if node is None:
        return ()
    entries = node.sequence()
    for entry in entries:
        if not _CONTENT_TYPE.fullmatch(entry.text().lower()):
            mend = "write a type and a subtype, such as application/xml; * stands for any text"
            raise entry.fault(f"'{entry.text()}' is no content type", mend=mend)
    return tuple(entry.text().lower() for entry in entries)


def _prices(node: Node | None, workflow: Workflow) -> WhoPrices:
    if node is None or node.choice(*PRICED_BY) == "sender":
        return "sender"
    if ORDER not in workflow.takes:
        what = f"the workflow '{workflow.name}' takes no orders that could be priced"
        raise node.fault(what, f"it takes {', '.join(workflow.takes)}", mend="leave `prices:` out")
    return "hub"


def _identity(node: Node | None, external: ExternalObject | None) -> Literal["message id", "body"] | SourceExpression:
    if node is None:
        return "message id"
    if node.kind == "mapping":
        return message_expression(node.mapping(required=("field",), optional=())["field"], external)
    return "body" if node.choice(*IDENTITIES) == "body" else "message id"


def _limits(node: Node | None) -> Limits:
    if node is None:
        return Limits()
    given = {name.text(): value.whole() for name, value in node.items()}
    try:
        return Limits.route(**given)
    except HubError as error:
        raise node.fault(error.what, why=error.why, mend=error.mend) from error
