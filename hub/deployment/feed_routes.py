"""The routes of feeds: the partner's messages come in by one, and another one has the hub's own changes.

    billing_accounts          a feed's messages, as its key ``messages`` declares them; named after the feed
    orderhub.feed-changes     the hub's messages to itself about records that a transaction has changed

Neither runs a workflow: the work on their messages is the feeds' own engine, which knows this floor, and is loaded when
the first message comes.

Spec: docs/design/legacy.md, "Two-way replication"; docs/replication.md, "Messages between two files".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from adapters.transport import CHANNEL, TransportKind
from hub.deployment.door import read_door
from hub.deployment.feed import Feed
from hub.deployment.feed_form import KEY, feed_form
from hub.deployment.inner_route import inner_route
from hub.deployment.named_parts import external_expression
from hub.deployment.route import RETRY_S, Route
from hub.deployment.route_reply import Reply
from hub.workflow_manager.origin import FEED_CHANGES
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.workflow import Workflow
from integration_objects.declaration import DeclarationFault, Source, read
from schemas.check import Limits
from schemas.external_component import ExternalObject
from schemas.layouts.record_object import RecordObject

#: the work on the messages of each kind, as ``module:class``; see `hub.data_manager.own_work`
_INTAKE = "hub.replication.message_intake:MessageIntake"
_SENDING = "hub.replication.message_sending:MessageSending"
_NO_WORKFLOW = Workflow(
    "Feed Message", lambda run, tree: Outcome(), lambda run, tree: set(), (), "compare the records of a feed"
)


def feed_routes(
    feeds: Iterable[Feed], objects: Mapping[str, ExternalObject], routes: Mapping[str, Route]
) -> dict[str, Route]:
    """Make the routes of the feeds that have messages; *routes* are the declared ones.

    Raises:
        DeclarationFault: a feed's route has the name or the channel of another one.
    """
    made: dict[str, Route] = {}
    for feed in feeds:
        if feed.messages is None:
            continue
        route = _route(feed, objects)
        for other in (*routes.values(), *made.values()):
            if other.name == route.name:
                what = f"the messages of the feed '{feed.name}' come by a route of its name, and there is another one"
                raise DeclarationFault(
                    what, where=route.where, why=other.where, mend="give the other route another name"
                )
            if (other.transport, other.place) == (route.transport, route.place):
                what = f"the route '{other.name}' and the feed '{feed.name}' read the same {route.transport.name}"
                raise DeclarationFault(what, where=route.where, why=other.where, mend="give each a channel of its own")
        made[route.name] = route
    return made


def _route(feed: Feed, objects: Mapping[str, ExternalObject]) -> Route:
    messages = feed.messages
    assert messages is not None  # noqa: S101  # the caller has looked
    form = feed_form(feed, cast(RecordObject, objects[feed.file.layout]).layout)
    return Route(
        name=feed.name,
        transport=messages.transport,
        place=messages.place,
        external=form,
        map=None,
        workflow=_NO_WORKFLOW,
        prices="sender",
        identity="message id",
        key=external_expression(f"[{KEY}]", form),
        reply=Reply(object=form, channel=messages.to_place if messages.to_transport is CHANNEL else None),
        reply_to=(),
        retry_s=RETRY_S,
        limits=Limits(),
        senders=messages.senders,
        content_types=(),
        where=messages.where,
        places={"key": messages.where},
        feed=feed.name,
        worked_by=_INTAKE,
    )


def changes_route() -> Route:
    """Make the route of the records that transactions of the hub have changed."""
    return inner_route(FEED_CHANGES, _NO_WORKFLOW, _SENDING)


def feed_doors(sources: Iterable[Source]) -> dict[str, tuple[TransportKind, str]]:
    """Read the doors of the feeds that have messages, by the feed's name, and nothing else of their declarations."""
    doors = {}
    for source in sources:
        parts = read(source).mapping(required=("feed",))
        if "messages" in parts:
            doors[parts["feed"].text()] = read_door(parts["messages"].mapping(required=("from",))["from"])
    return doors
