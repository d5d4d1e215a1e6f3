"""Filing: deliveries become inbox rows; the ones that are refused when they are filed end here.

Spec: docs/design/road.md, "Identity of a message"; docs/design/guarantees.md G1 and G2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from adapters.database.messages.filing import Arrival, Filed, MessageIdReused
from adapters.transport import MOST_ID_CHARACTERS, Delivery, Oversize, refused_id
from hub.data_manager.endings import Endings, refused_state
from hub.data_manager.message_work import MessageWork
from hub.data_manager.open_hub import Transaction
from hub.deployment.route import Route, value_in
from integration_objects.errors import HubError, Invalid
from integration_objects.log import Log
from integration_objects.property_set import PropertySet

log = Log()

#: characters of an ordering key; the rest of a longer one is left out
MOST_KEY = 255


class IdentityRefused(Invalid):
    """The field that a route takes the identity from holds a text that can't be the id of a message."""

    what = "the message's identity is refused"
    where = "route {route.name}, identity"
    mend = "send an identity of 1 to {most} characters without control characters"


def arrival_of(route: Route, delivery: Delivery, tree: PropertySet | None = None) -> Arrival:
    """Work out a delivery's identity, its ordering key, and the place of its reply.

    If the route keeps an order, the hardened parser reads the body for its key. A body that can't be read is filed all
    the same: the refusal is made, recorded and answered when the message is worked.

    *tree* is the message's, where it is known; without it, the body is read for it.
    """
    envelope = delivery.envelope
    # The transport has a limit of its own; the route's may be smaller.
    if envelope.oversize is None and len(envelope.body) > route.limits.body:
        envelope = replace(envelope, oversize=Oversize(envelope.size, envelope.digest))
    reply_to, refused = route.transport.answer_to(route.place, delivery.source), None
    if reply_to is None:
        reply_to = envelope.reply_to or route.reply.channel
        # A sender must not have replies sent to channels that are not its own.
        if envelope.reply_to is not None and not route.allows_reply_to(envelope.reply_to):
            refused, reply_to = envelope.reply_to, route.reply.channel
            log.warning("reply-to not allowed", route=route.name, sender=delivery.sender, reply_to=refused)
    envelope = replace(envelope, reply_to=reply_to)
    identity = envelope.message_id if route.identity == "message id" else None
    key = None
    fault: HubError | None = delivery.fault
    # Only where the route needs a field of the body: the work on the message parses it once more.
    if route.reads_tree() and envelope.oversize is None and route.external is not None:
        try:
            if tree is None:
                tree = route.external.glance(envelope.body, route.limits, route.names_read)
            if route.key is not None:
                key = value_in(route.key, tree)
            if not isinstance(route.identity, str):
                identity = value_in(route.identity, tree) or envelope.message_id
                # The identity becomes the correlation id of all that leaves. A text that no transport carries would
                # stop the destinations of the order for every customer.
                why = refused_id(identity) if identity else ""
                if why:
                    identity = None
                    fault = fault or IdentityRefused(route=route, why=why, most=MOST_ID_CHARACTERS)
                envelope = replace(envelope, message_id=envelope.message_id or identity)
        except HubError:
            pass  # the work on the message meets the error again, and answers it
    return Arrival(
        route.name,
        delivery.sender,
        identity or envelope.digest,
        envelope,
        delivery.source,
        key=None if key is None else key[:MOST_KEY],
        over_limit=envelope.oversize is not None,
        fault=fault,
        reply_to_refused=refused,
    )


def arrivals_of(deliveries: Sequence[tuple[Route, Delivery]]) -> list[Arrival]:
    """Work out the arrivals of several deliveries, in the same order."""
    return [arrival_of(route, delivery) for route, delivery in deliveries]


def file_arrivals(
    transaction: Transaction, deliveries: Sequence[tuple[Route, Delivery]], arrivals: Sequence[Arrival]
) -> tuple[list[Filed], list[tuple[MessageWork, Delivery]]]:
    """File arrivals as inbox rows, and end the messages that are refused when they are filed.

    The caller works out `arrivals_of` the deliveries beforehand, while no transaction holds a lock.

    Returns:
        The result for each arrival, and the messages that are to be worked, with their deliveries.
    """
    # Rows, the count of deliveries and refusals in one transaction: a death in between can't make the counts differ.
    filed = transaction.messages.file_all(arrivals)
    endings = Endings(transaction)
    messages = []
    for number, ((route, delivery), arrival, result) in enumerate(zip(deliveries, arrivals, filed, strict=True)):
        if result.row is None:
            continue  # a repeat
        work = MessageWork(transaction.open_hub, result.row, route)
        if result.outcome == "id reused":
            error = {part: text for part, text in (result.row.error or {}).items() if part != "reason"}
            endings.send_refusal(work, MessageIdReused(**error))
        # Filed first, refused second: also a message that its transport could not carry whole has its row and its dead
        # letter.
        elif arrival.fault is not None:
            endings.refuse(work, arrival.fault)
            filed[number] = replace(result, state=refused_state(arrival.fault))
        else:
            messages.append((work, delivery))
    return filed, messages
