"""Compare one record three ways, and decide it: the values last agreed, the hub's, and the partner's.

A message may overtake the answer to values that the hub has sent. Nobody can tell then whether the partner's record was
made before it had these values, or after: see `compare`.

The functions are pure. The caller reads the three rows, writes the decision, and stores it with its conflicts. Each
field is decided for itself:

    only the partner changed it    the hub takes the partner's value
    only the hub changed it        the hub's value stays, and the next export sends it
    both have the same value       the value is agreed
    both changed it                the field's owner decides, and the conflict is recorded

A value that an open order of the account will bring counts as the hub's. Whatever is decided, the agreed values become
the partner's: they are the partner's state as far as the hub knows it. So the next export sends exactly the fields in
which the hub differs, and the same record again decides nothing.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

Row = tuple[str | None, ...]
Owner = Literal["hub", "partner", "newest", "counter", "manual"]
FieldOutcome = Literal["unchanged", "to send", "taken", "agreed", "hub wins", "partner wins", "added", "open"]
Conflict = Literal[
    "insert_exists",
    "update_differing",
    "update_missing",
    "update_recently_deleted",
    "update_after_disconnect",
    "delete_missing",
    "delete_recently_updated",
    "missing_in_file",
    "projected_change_pending",
    "unique_violation",
    "column_missing",
    "stale",
]
#: What the partner says of a record: a full file says only that the record is there, or by its absence that it isn't.
Operation = Literal["add", "change", "delete", "present", "missing"]
#: What becomes of a record in the hub. "agreed": only the agreed row changes. "refused": nothing changes.
RecordOutcome = Literal["unchanged", "agreed", "add", "change", "delete", "refused"]
#: The state of the hub's record; a record is closed where the feed closes records in place of removing them.
OursState = Literal["present", "absent", "closed"]


class _NoValue:
    """A value that is not there at all, which is another fact than null."""

    def __repr__(self) -> str:
        return "NO_VALUE"


#: No value was agreed, the partner's record doesn't carry the field, or no open order brings a value.
NO_VALUE: Final = _NoValue()
Value = str | None | _NoValue


@dataclass(frozen=True)
class FieldDecision:
    """The decision on one field.

    Attributes:
        outcome: what was decided.
        value: the hub's value from now on.
        agreed: the agreed value from now on.
        conflict: the name of the conflict; None where the two sides didn't collide.
    """

    outcome: FieldOutcome
    value: str | None
    agreed: Value
    conflict: Conflict | None = None


@dataclass(frozen=True)
class AgreedRow:
    """The partner's record as far as the hub knows it.

    Attributes:
        values: its values; those that it had last, where it is deleted.
        version: the partner's change time or counter; None where the feed declares none.
        is_deleted: whether the row is a tombstone.
    """

    values: Row
    version: str | None = None
    is_deleted: bool = False


@dataclass(frozen=True)
class RecordDecision:
    """The decision on one record.

    Attributes:
        outcome: what becomes of the hub's record.
        ours: the hub's values from now on; None where the hub has no such record, or removes it.
        agreed: the agreed row from now on; None where none is kept.
        conflict: the name of the record's conflict; those of the fields are beside it.
        fields: the decisions on the fields, by their position; empty where the record was decided as a whole.
    """

    outcome: RecordOutcome
    ours: Row | None
    agreed: AgreedRow | None
    conflict: Conflict | None = None
    fields: tuple[FieldDecision, ...] = ()


def compare(
    owner: Owner,
    agreed: Value,
    ours: str | None,
    theirs: Value,
    *,
    pending: Value = NO_VALUE,
    on_its_way: Value = NO_VALUE,
    theirs_is_newer: bool = False,
    conflict: Conflict = "update_differing",
) -> FieldDecision:
    """Decide one field.

    Args:
        owner: who decides where both sides changed the field.
        agreed: the value that the partner had last; NO_VALUE where the two never agreed.
        ours: the hub's value.
        theirs: the partner's value; NO_VALUE where its record doesn't carry the field.
        pending: the value that an open order brings.
        on_its_way: the value that the hub has sent, and that the partner may have had when it made its record.
            NO_VALUE where none is on its way, or where the order of the files tells.
        theirs_is_newer: whether the partner's change is the newer one; read for the owner ``newest`` only.
        conflict: the name of a collision, if no pending order is the reason.

    >>> compare("hub", "a", "a", "b")
    FieldDecision(outcome='taken', value='b', agreed='b', conflict=None)
    >>> compare("hub", "a", "c", "b")
    FieldDecision(outcome='hub wins', value='c', agreed='b', conflict='update_differing')
    >>> compare("counter", "10", "13", "15")
    FieldDecision(outcome='added', value='18', agreed='15', conflict=None)
    >>> compare("hub", "a", "c", "a", on_its_way="c")
    FieldDecision(outcome='hub wins', value='c', agreed='a', conflict='update_differing')
    """
    if isinstance(theirs, _NoValue):
        return FieldDecision("unchanged", ours, agreed, "column_missing")
    if not isinstance(on_its_way, _NoValue) and on_its_way != agreed and ours != theirs:
        if theirs == on_its_way:
            # The hub's own value comes back: the partner has changed nothing.
            return FieldDecision("to send", ours, theirs)
        if theirs == agreed:
            # The record is older than the sent value, or somebody has set the old value again: that one is named.
            return FieldDecision("hub wins", ours, theirs, conflict)
        if owner == "counter":
            # Nobody knows the number that the partner has added to.
            return FieldDecision("open", ours, theirs, conflict)
    meant = ours if isinstance(pending, _NoValue) else pending
    if theirs == agreed:
        return FieldDecision("unchanged" if ours == agreed else "to send", ours, theirs)
    if owner == "counter" and not isinstance(agreed, _NoValue):
        return _added(agreed, ours, theirs)
    if meant == theirs:
        # Where only the open order has the value so far, the export would send the old one back.
        return FieldDecision("agreed", theirs, theirs)
    if meant == agreed and ours == agreed:
        return FieldDecision("taken", theirs, theirs)
    name = conflict if isinstance(pending, _NoValue) or pending == agreed else "projected_change_pending"
    if owner == "partner" or (owner == "newest" and theirs_is_newer):
        return FieldDecision("partner wins", theirs, theirs, name)
    if owner in ("hub", "newest"):
        return FieldDecision("hub wins", ours, theirs, name)
    # A counter comes here without an agreed value: there is no difference that could be added.
    return FieldDecision("open", ours, theirs, name)


def is_older(version: str, than: str) -> bool:
    """Tell whether a version is older than another one: numbers are compared as numbers, times as texts.

    >>> is_older("9", "10"), is_older("2026-01-09", "2026-01-10"), is_older("5", "5")
    (True, True, False)
    """
    if version.isdecimal() and than.isdecimal():
        return int(version) < int(than)
    return version < than


def _added(agreed: str | None, ours: str | None, theirs: str | None) -> FieldDecision:
    try:
        before, here, there = (Decimal(value or "0") for value in (agreed, ours, theirs))
    except InvalidOperation:
        return FieldDecision("open", ours, theirs, "update_differing")
    if not (before.is_finite() and here.is_finite() and there.is_finite()):
        return FieldDecision("open", ours, theirs, "update_differing")
    if here == before:
        return FieldDecision("taken", theirs, theirs)
    return FieldDecision("added", f"{here + there - before:f}", theirs)


def decide(
    operation: Operation,
    owners: Sequence[Owner],
    agreed: AgreedRow | None,
    ours: Row | None,
    theirs: Sequence[Value] = (),
    *,
    version: str | None = None,
    ours_state: OursState | None = None,
    pending: Mapping[int, str | None] | None = None,
    on_its_way: Row | None = None,
    theirs_is_newer: bool = False,
    deletes_missing: bool = False,
    has_open_order: bool = False,
) -> RecordDecision:
    """Decide one record.

    Args:
        operation: what the partner says of the record.
        owners: the owner of each field.
        agreed: the agreed row; None where the two never agreed on the record.
        ours: the hub's values; None where the hub has no such record, or a closed one.
        theirs: the partner's values; NO_VALUE for a field that its record doesn't carry.
        version: the version of the partner's record.
        ours_state: tells a closed record from an absent one; it is worked out of *ours* where it is left out.
        pending: the values that open orders bring, by the position of the field.
        on_its_way: the values that the hub has sent, as in `compare`; None for none.
        theirs_is_newer: whether the partner's change is the newer one.
        deletes_missing: whether the feed deletes records that a full file doesn't have.
        has_open_order: whether an order of the account is open: the account isn't deleted then.
    """
    if version is not None and agreed is not None and agreed.version is not None and is_older(version, agreed.version):
        return RecordDecision("refused", ours, agreed, "stale")
    if operation in ("delete", "missing"):
        decision = _decide_delete(operation, agreed, ours, has_open_order or bool(pending), deletes_missing)
    elif ours is None:
        decision = _decide_without_ours(operation, agreed, theirs, ours_state or "absent")
    else:
        decision = _decide_fields(operation, owners, agreed, ours, theirs, pending or {}, on_its_way, theirs_is_newer)
    return _with_version(decision, version)


def _decide_delete(
    operation: Operation, agreed: AgreedRow | None, ours: Row | None, has_open_order: bool, deletes: bool
) -> RecordDecision:
    if agreed is None:
        # A full file can't have what only the hub has so far: the next export sends it.
        if operation == "missing":
            return RecordDecision("unchanged", ours, None)
        return RecordDecision("refused", ours, None, "delete_missing" if ours is None else "delete_recently_updated")
    tombstone = AgreedRow(agreed.values, agreed.version, True)
    if agreed.is_deleted:
        return RecordDecision("unchanged", ours, agreed)
    if ours is None:
        return RecordDecision("agreed", None, tombstone)
    if operation == "missing" and not deletes:
        return RecordDecision("refused", ours, agreed, "missing_in_file")
    if has_open_order:
        return RecordDecision("agreed", ours, tombstone, "projected_change_pending")
    if ours != agreed.values:
        return RecordDecision("agreed", ours, tombstone, "delete_recently_updated")
    return RecordDecision("delete", None, tombstone, "missing_in_file" if operation == "missing" else None)


def _decide_without_ours(
    operation: Operation, agreed: AgreedRow | None, theirs: Sequence[Value], state: OursState
) -> RecordDecision:
    has_base = agreed is not None and not agreed.is_deleted
    values = _carried(theirs, agreed.values if agreed is not None and has_base else (None,) * len(theirs))
    # Both sides had agreed that it is gone, or never had it: the partner made it anew.
    if not has_base and operation != "change":
        return RecordDecision("add", values, AgreedRow(values))
    if agreed is None and state == "absent":
        return RecordDecision("refused", None, None, "update_missing")
    if agreed is not None and has_base and values == agreed.values:
        return RecordDecision("unchanged", None, agreed)
    # The hub deleted the record. The partner has it: the next export tells the partner of the deletion.
    name: Conflict = "update_after_disconnect" if state == "closed" else "update_recently_deleted"
    return RecordDecision("agreed", None, AgreedRow(values), name)


def _decide_fields(
    operation: Operation,
    owners: Sequence[Owner],
    agreed: AgreedRow | None,
    ours: Row,
    theirs: Sequence[Value],
    pending: Mapping[int, str | None],
    on_its_way: Row | None,
    theirs_is_newer: bool,
) -> RecordDecision:
    has_base = agreed is not None and not agreed.is_deleted
    base: Sequence[Value] = agreed.values if agreed is not None and has_base else (NO_VALUE,) * len(ours)
    name: Conflict = "update_differing" if has_base or operation == "change" else "insert_exists"
    fields = tuple(
        compare(
            owner,
            base[place],
            ours[place],
            theirs[place],
            pending=pending.get(place, NO_VALUE),
            on_its_way=NO_VALUE if on_its_way is None else on_its_way[place],
            theirs_is_newer=theirs_is_newer,
            conflict=name,
        )
        for place, owner in enumerate(owners)
    )
    values = tuple(field.value for field in fields)
    # A field that the record doesn't carry and that was never agreed counts as the hub has it.
    now_agreed = AgreedRow(
        tuple(_plain(field.agreed, ours[place]) for place, field in enumerate(fields)),
        None if agreed is None else agreed.version,
    )
    exists = operation == "add" and has_base and agreed is not None and now_agreed.values != agreed.values
    conflict: Conflict | None = "insert_exists" if exists else None
    if values != ours:
        return RecordDecision("change", values, now_agreed, conflict, fields)
    if agreed is None or agreed.is_deleted or now_agreed.values != agreed.values:
        return RecordDecision("agreed", ours, now_agreed, conflict, fields)
    return RecordDecision("unchanged", ours, agreed, conflict, fields)


def _plain(value: Value, otherwise: str | None) -> str | None:
    return otherwise if isinstance(value, _NoValue) else value


def _carried(theirs: Sequence[Value], base: Row) -> Row:
    return tuple(_plain(value, before) for value, before in zip(theirs, base, strict=True))


def _with_version(decision: RecordDecision, version: str | None) -> RecordDecision:
    agreed = decision.agreed
    if version is None or agreed is None or decision.outcome == "refused" or agreed.version == version:
        return decision
    outcome: RecordOutcome = "agreed" if decision.outcome == "unchanged" else decision.outcome
    newer = AgreedRow(agreed.values, version, agreed.is_deleted)
    return RecordDecision(outcome, decision.ours, newer, decision.conflict, decision.fields)
