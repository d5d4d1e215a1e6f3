"""The business keys of messages: the orders, accounts and services that a message is about.

    keep     write the keys of messages, in the transaction of their ends
    of       read the keys of a message
    named    find the keys that a person means, with the orders of a service
    about    select the messages of some keys, for `message_filter`

A message that was accepted has the keys of its order and its account; its lines are found through the order. A message
that failed left no order behind, and has those of its lines, too.

Spec: docs/design/performance.md; docs/the_road.md, "Finding a message".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Executable,
    FromClause,
    Text,
    and_,
    bindparam,
    cast,
    column,
    or_,
    select,
    table,
    true,
)

from adapters.database.connection.dialect import Unfolded, dialect_of, once
from adapters.database.connection.statements import parts, plain_number
from adapters.database.schema.hub_tables import HUB
from integration_objects.service_number import plain_number as plain_text_number

KEY = HUB.tables["hub_message_key"]
_C = KEY.c
#: characters of a key that is kept: longer ones are no identifiers of the hub
MOST_KEY = 128
#: orders of one service that a search goes by, the newest first
MOST_ORDERS = 100
_ORDER = table("s_order", *map(column, ("row_id", "order_number")))
_LINE = table("s_order_item", *map(column, ("order_id", "asset_integ_id", "service_num")))
_ORDERS = (
    select(_ORDER.c.order_number)
    .select_from(_LINE.join(_ORDER, _ORDER.c.row_id == _LINE.c.order_id))
    .distinct()
    .order_by(_ORDER.c.order_number.desc())
    .limit(MOST_ORDERS)
)
_WITH_LINE = {
    "integration id": _ORDERS.where(_LINE.c.asset_integ_id == bindparam("wanted")),
    "service id": _ORDERS.where(plain_number(_LINE.c.service_num) == bindparam("wanted")),
}
_OF = select(_C.kind, _C.value).where(_C.seq == bindparam("of_seq")).order_by(_C.kind, _C.value)


class MessageKey(NamedTuple):
    """A business key: its kind is one of `hub_tables.KEY_KINDS`."""

    kind: str
    value: str


class MessageKeys:
    """The keys of messages, in the transaction of *connection*."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, keys: Iterable[tuple[int, MessageKey]]) -> None:
        """Keep keys of messages, by the messages' numbers in the order of filing; those that are kept already stay."""
        rows = [(key.kind, key.value, str(seq)) for seq, key in dict.fromkeys(keys) if 0 < len(key.value) <= MOST_KEY]
        if not rows:
            return
        statement, unfolded = once(self._connection, KEY, ("keep",), lambda: _keep(self._connection))
        for part in parts(rows):
            self._connection.execute(statement, unfolded.bound(part))

    def of(self, seq: int) -> list[MessageKey]:
        """Return the keys of the message with this number."""
        return [MessageKey(*row) for row in self._connection.execute(_OF, {"of_seq": seq})]

    def named(self, kind: str, text: str) -> tuple[MessageKey, ...]:
        """Return the keys by which the messages about an order, an account or a service are found.

        Service ids are compared without blanks and signs. The messages of a service are those of the orders with a line
        for it, and those that failed before they became an order.
        """
        value = plain_text_number(text) if kind == "service id" else text
        orders = self._connection.scalars(_WITH_LINE[kind], {"wanted": value}) if kind in _WITH_LINE else ()
        return (MessageKey(kind, value), *(MessageKey("order", number) for number in orders if number))


def about(keys: Sequence[MessageKey]) -> FromClause:
    """Return a source with the column ``seq``: the messages of one of *keys*, each once."""
    if len(keys) == 1:
        # Straight from the index, in the order of the messages: a page of an account with a million messages is short.
        return select(_C.seq).where(_is(keys[0])).subquery("about")
    return select(_C.seq).where(or_(*map(_is, keys))).distinct().subquery("about")


def _is(key: MessageKey) -> ColumnElement[bool]:
    return and_(_C.kind == key.kind, _C.value == key.value)


def _keep(connection: Connection) -> tuple[Executable, Unfolded]:
    # The number comes as text with the others: a list of rows has one type.
    rows = dialect_of(connection).unfold([_C.kind, _C.value, _C.value])
    kind, value, seq = rows.values
    # SQLite takes ON CONFLICT for the join's ON, where the SELECT has no WHERE.
    found = select(cast(kind, Text), cast(value, Text), cast(seq, BigInteger)).select_from(rows.source).where(true())
    new = dialect_of(connection).insert(KEY).from_select(["kind", "value", "seq"], found)
    return new.on_conflict_do_nothing(), rows
