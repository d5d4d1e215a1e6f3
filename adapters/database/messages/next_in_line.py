"""The claim: the rows of a route whose turn it is.

The line of a key is made of its rows that are received, retrying, or parked for an operator, in the order in
which they were filed. Only its head is claimed, when it is due and not parked. So a message that retries holds its key,
and a message that waits for something does not stand in the line. Where docs/design/road.md leaves open who goes first,
a released earlier row or a later one that retries, the earlier one goes: otherwise each would wait for the other.

Spec: docs/design/road.md, "What commits when"; docs/design/guarantees.md G4 and "PostgreSQL" (FOR UPDATE SKIP LOCKED).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, ColumnElement, FromClause, Select, bindparam, func, literal, or_, select, text

from adapters.database.connection.statements import is_one_of, try_lock_text
from adapters.database.messages.inbox_row import INBOX
from adapters.database.schema.hub_tables import IN_LINE

#: Rows of a line that are looked at one by one.
_NEAR = 250
#: More than any place in the line; 64 bits hold it.
_NO_BORDER = 2**62


def _claim(near: bool) -> Select[Any]:
    """Return the statement that finds and locks free rows, and gives their ids and sizes.

    Args:
        near: look at the head of each row's line one by one, among the first rows of the route only: fast while
            many are free. Otherwise find all heads at once: fast where many rows stand behind one.
    """
    row, other = INBOX.alias("row_"), INBOX.alias("other")
    if near:
        is_head = _is_head(row, other)
    else:
        line = select(func.min(other.c.seq)).where(other.c.route == bindparam("route"), text(in_line("other")))
        is_head = row.c.seq.in_(line.where(other.c.key.is_not(None)).group_by(other.c.key))
    statement = _free(row, is_head).where(row.c.route == bindparam("route"), row.c.seq > bindparam("behind"))
    statement = statement.limit(bindparam("most"))
    if near:
        last = INBOX.alias("last_")
        border = select(last.c.seq).where(last.c.route == bindparam("route"), text(in_line("last_")))
        border = border.where(last.c.seq > bindparam("behind"))
        border = border.order_by(last.c.seq).limit(literal(1)).offset(literal(_NEAR))
        statement = statement.where(row.c.seq < func.coalesce(border.scalar_subquery(), literal(_NO_BORDER)))
    free = _locked(statement, row)
    return select(free.c.id, free.c.size).where(_has_key_lock(free)).order_by(free.c.seq)


def _claim_again() -> Select[Any]:
    """Return the statement that locks rows found before, and gives the ids of those whose turn it still is."""
    row, other = INBOX.alias("row_"), INBOX.alias("other")
    free = _locked(_free(row, _is_head(row, other)).where(is_one_of(row.c.id, "ids")), row)
    return select(free.c.id).where(_has_key_lock(free)).order_by(free.c.seq)


def _free(row: FromClause, is_head: ColumnElement[bool]) -> Select[Any]:
    # Without the body: only the rows that are worked are read whole.
    return (
        select(row.c.id, row.c.seq, row.c.route, row.c.key, row.c.size)
        .where(
            text(in_line("row_")),
            row.c.state != "parked",
            row.c.due_at <= bindparam("now"),
            or_(row.c.key.is_(None), is_head),
        )
        .order_by(row.c.seq)
    )


def _is_head(row: FromClause, other: FromClause) -> ColumnElement[bool]:
    line = select(other.c.seq).where(other.c.route == row.c.route, text(in_line("other")))
    head = line.where(other.c.key == row.c.key).order_by(other.c.seq).limit(literal(1))
    return row.c.seq == head.correlate(row).scalar_subquery()


def _locked(statement: Select[Any], row: FromClause) -> CTE:
    # A lock on the rows keeps two workers from one row. A lock on the key, until the transaction ends, keeps them from
    # two rows of one key: a release may put an earlier row before one that is being worked on.
    # PostgreSQL works out a CTE that locks rows by itself: the key's lock is tried for the chosen rows only, not for
    # each row that the WHERE looks at.
    return statement.with_for_update(skip_locked=True, of=row).cte("free")


def _has_key_lock(free: CTE) -> ColumnElement[bool]:
    # A control character between route and key, which neither can hold: two pairs never make one text.
    return or_(free.c.key.is_(None), try_lock_text(free.c.route + "\x1f" + free.c.key))


def in_line(alias: str) -> str:
    """Return the condition of the partial indexes, for a table alias."""
    # As text, without bound values: a partial index is used only where the planner can see that its condition holds.
    return f"({IN_LINE.replace('state', f'{alias}.state').replace('waits_for', f'{alias}.waits_for')})"


CLAIM_NEAR = _claim(near=True)
CLAIM_ANY = _claim(near=False)
CLAIM_AGAIN = _claim_again()
