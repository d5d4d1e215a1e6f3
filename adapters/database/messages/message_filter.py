"""Messages by filters, the newest first, page by page.

    MessageFilter      the filters for messages that came in
    OutboundFilter     the filters for messages that leave
    page               a page of messages that came in
    chosen             select all of them, for a job

Each page is read by an index, whatever the number of messages: by the business key, the reason, the sender, or state
and route. A page begins behind the last message of the page before it, so that the thousandth costs as little as the
first.

Spec: docs/design/performance.md; docs/the_road.md, "Finding a message".
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, FromClause, Select, Text, func, select, union_all

from adapters.database.messages.inbox_row import INBOX
from adapters.database.messages.message_keys import MessageKey, about
from adapters.database.messages.outbox import IN_STATE, OUTBOX, OUTBOX_LISTED, described
from adapters.database.schema.hub_tables import HUB, STATES

_I, _O = INBOX.c, OUTBOX.c
_PART = HUB.tables["hub_batch_part"].c
#: seconds by which two machines' clocks may differ: times are filed in nearly the order of the messages
_SLACK_S = 600
#: the states that most messages end in: looking for them by another filter is quicker
_COMMON = frozenset(("done", "filtered"))


@dataclass(frozen=True)
class MessageFilter:
    """The filters for messages that came in; each narrows the choice, None or empty leaves it.

    Attributes:
        states: in one of these states.
        route: of this route.
        sender: of this sender.
        reason: with this reason of an error.
        since, until: received at this time or later; before this time. ISO, in UTC, as they are stored.
        batch: an order of this batch.
        keys: about one of these orders, accounts or services; an empty tuple: no filter, None: about none that is
            known, so that nothing is found.
        ids: one of these messages.
    """

    states: tuple[str, ...] = ()
    route: str | None = None
    sender: str | None = None
    reason: str | None = None
    since: str | None = None
    until: str | None = None
    batch: str | None = None
    keys: tuple[MessageKey, ...] | None = ()
    ids: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the filters that are set, for JSON."""
        return {name: value for name, value in asdict(self).items() if value not in (None, ())}


@dataclass(frozen=True)
class OutboundFilter:
    """The filters for messages that leave.

    Attributes:
        states: in one of these states, of `outbox.OUTBOX_STATES`.
        destination: for this destination.
        kind: outbound, reply or dead letter.
        reason: with this reason of an error.
        since, until: written at this time or later; before this time.
        ids: one of these messages.
    """

    states: tuple[str, ...] = ()
    destination: str | None = None
    kind: str | None = None
    reason: str | None = None
    since: str | None = None
    until: str | None = None
    ids: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the filters that are set, for JSON."""
        return {name: value for name, value in asdict(self).items() if value not in (None, ())}


def page(
    connection: Connection,
    chosen_by: MessageFilter,
    columns: Sequence[Column[Any]],
    limit: int,
    before: int | None = None,
) -> list[dict[str, Any]]:
    """Return the newest messages that fit.

    Args:
        chosen_by: the filters.
        columns: the columns of a row.
        limit: most rows.
        before: only messages that were filed before the one with this number, `seq`; None for the newest.
    """
    if chosen_by.keys is None:
        return []
    if chosen_by.keys:
        found = about(chosen_by.keys)
        # On the key's own column: its index has the messages in their order.
        conditions = [*_conditions(chosen_by), *_bounds(connection, chosen_by, before, found.c.seq)]
    elif _by_state(chosen_by):
        found = _heads(connection, chosen_by, _bounds(connection, chosen_by, before, _I.seq), limit)
        conditions = []
    else:
        conditions = [*_conditions(chosen_by), *_bounds(connection, chosen_by, before, _I.seq)]
        statement = select(*columns).where(*conditions).order_by(_I.seq.desc()).limit(limit)
        return [dict(row) for row in connection.execute(statement).mappings()]
    statement = select(*columns).select_from(found.join(INBOX, _I.seq == found.c.seq)).where(*conditions)
    rows = connection.execute(statement.order_by(found.c.seq.desc()).limit(limit)).mappings()
    return [dict(row) for row in rows]


def chosen(chosen_by: MessageFilter) -> Select[Any]:
    """Select the ``id`` and ``reason`` of all messages that fit, the oldest first."""
    source = _source(chosen_by)
    joined = source if source is INBOX else source.join(INBOX, _I.seq == source.c.seq)
    statement = select(_I.id, _I.reason).select_from(joined).where(*_conditions(chosen_by)).order_by(_I.seq)
    return statement.where(_I.seq.is_(None)) if chosen_by.keys is None else statement


def outbound_page(
    connection: Connection, chosen_by: OutboundFilter, limit: int, before: int | None = None
) -> list[dict[str, Any]]:
    """Return the newest messages that leave and fit, each with its number ``seq``.

    Args:
        connection: the transaction.
        chosen_by: the filters.
        limit: most messages.
        before: only those that were written before the one with this number; None for the newest.
    """
    conditions = outbound_conditions(chosen_by)
    if before is not None:
        conditions.append(_O.seq < before)
    statement = select(_O.seq, *OUTBOX_LISTED).where(*conditions).order_by(_O.seq.desc()).limit(limit)
    return [described(row) for row in connection.execute(statement).mappings()]


def chosen_outbound(chosen_by: OutboundFilter) -> Select[Any]:
    """Select the ``id`` and ``error`` of all messages that leave and fit, the oldest first."""
    return select(_O.id, _O.error).where(*outbound_conditions(chosen_by)).order_by(_O.seq)


def outbound_conditions(chosen_by: OutboundFilter) -> list[ColumnElement[bool]]:
    """Return the conditions of filters for messages that leave."""
    conditions: list[ColumnElement[bool]] = []
    if chosen_by.states:
        conditions.append(_any([IN_STATE[state] for state in chosen_by.states]))
    if chosen_by.destination is not None:
        conditions.append(_O.destination == chosen_by.destination)
    if chosen_by.kind is not None:
        conditions.append(_O.kind == chosen_by.kind)
    if chosen_by.reason is not None:
        # The reason stands in the error's JSON, whose first member it isn't: a text of this form is its whole value.
        conditions.append(_O.error.contains(f'"reason": "{chosen_by.reason}"', autoescape=True))
    if chosen_by.since is not None:
        conditions.append(_O.created_at >= chosen_by.since)
    if chosen_by.until is not None:
        conditions.append(_O.created_at < chosen_by.until)
    if chosen_by.ids:
        conditions.append(_O.id.in_(chosen_by.ids))
    return conditions


def _source(chosen_by: MessageFilter) -> FromClause:
    return about(chosen_by.keys) if chosen_by.keys else INBOX


def _conditions(chosen_by: MessageFilter) -> list[ColumnElement[bool]]:
    """Return the conditions of all filters but those of keys."""
    conditions: list[ColumnElement[bool]] = []
    if chosen_by.states:
        conditions.append(_I.state.in_(chosen_by.states))
    for column, value in ((_I.route, chosen_by.route), (_I.sender, chosen_by.sender), (_I.reason, chosen_by.reason)):
        if value is not None:
            conditions.append(column == value)
    if chosen_by.since is not None:
        conditions.append(_I.received_at >= chosen_by.since)
    if chosen_by.until is not None:
        conditions.append(_I.received_at < chosen_by.until)
    if chosen_by.batch is not None:
        conditions.append(_I.id.in_(select(_PART.inbox_id).where(_PART.batch_id == chosen_by.batch)))
    if chosen_by.ids:
        conditions.append(_I.id.in_(chosen_by.ids))
    return conditions


def _bounds(
    connection: Connection, chosen_by: MessageFilter, before: int | None, seq: ColumnElement[int]
) -> list[ColumnElement[bool]]:
    """Return conditions on the messages' numbers, which say nearly what the times say: every index ends in them."""
    bounds: list[ColumnElement[bool]] = [] if before is None else [seq < before]
    at_or_after = select(_I.seq).order_by(_I.received_at).limit(1)
    if chosen_by.since is not None:
        first = connection.scalar(at_or_after.where(_I.received_at >= _moved(chosen_by.since, -_SLACK_S)))
        # Nothing came since then: no number fits.
        bounds.append(seq.is_(None) if first is None else seq >= first)
    if chosen_by.until is not None:
        end = connection.scalar(at_or_after.where(_I.received_at >= _moved(chosen_by.until, _SLACK_S)))
        if end is not None:
            bounds.append(seq <= end)
    return bounds


def _by_state(chosen_by: MessageFilter) -> bool:
    """Tell whether the index of states and routes finds the messages soonest."""
    if chosen_by.reason is not None or chosen_by.batch is not None or chosen_by.ids:
        return False
    if chosen_by.sender is not None:
        return bool(chosen_by.states) and _COMMON.isdisjoint(chosen_by.states)
    return bool(chosen_by.states) or chosen_by.route is not None


def _heads(
    connection: Connection, chosen_by: MessageFilter, bounds: Sequence[ColumnElement[bool]], limit: int
) -> FromClause:
    """Return the newest messages of each state and route: the index has each of these in the order of filing.

    Without this, a rare state among a million messages would be looked for from the newest message back.
    """
    conditions = [*_conditions(chosen_by), *bounds]
    routes = [chosen_by.route] if chosen_by.route is not None else _routes(connection)
    heads = [
        select(
            select(_I.seq)
            .where(_I.state == state, _I.route == route, *conditions)
            .order_by(_I.seq.desc())
            .limit(limit)
            .subquery()
        )
        for state in chosen_by.states or STATES
        for route in routes
    ]
    return (union_all(*heads) if heads else select(_I.seq).where(_I.seq.is_(None))).subquery("heads")


def _routes(connection: Connection) -> list[str]:
    """List the routes that ever had a message, hopping along an index from one to the next."""
    routes: list[str] = []
    following: str | None = connection.scalar(select(func.min(_I.route, type_=Text())))
    while following is not None:
        routes.append(following)
        following = connection.scalar(select(func.min(_I.route, type_=Text())).where(_I.route > following))
    return routes


def _any(conditions: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    result = conditions[0]
    for condition in conditions[1:]:
        result = result | condition
    return result


def _moved(time: str, seconds: float) -> str:
    moved = datetime.datetime.fromisoformat(time) + datetime.timedelta(seconds=seconds)
    return moved.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
