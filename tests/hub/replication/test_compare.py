"""Three values and an owner become one decision, as the conflict table declares it, and no change is lost silently."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.replication.compare import NO_VALUE, AgreedRow, FieldDecision, Operation, RecordDecision, Row, compare, decide
from tests.hub.replication.conflict_table import (
    DELETE_CELLS,
    FIELD_CELLS,
    NUMBERS,
    RECORD_CELLS,
    Cell,
    owner_of,
)

OWNERS = ("hub", "partner", "newest", "counter", "manual")
VALUES = st.sampled_from([None, "1", "2", "3", "4"])
ROWS = st.tuples(*([VALUES] * len(OWNERS)))


def test_the_table_has_more_than_two_hundred_cells() -> None:
    assert len(FIELD_CELLS) + len(RECORD_CELLS) + len(DELETE_CELLS) >= 200


@pytest.mark.parametrize("cell", FIELD_CELLS, ids=str)
def test_a_field_is_decided_as_the_table_declares(cell: Cell) -> None:
    letters = NUMBERS if cell.column == "counter" else {}
    agreed, ours, theirs, pending = (
        NO_VALUE if letter == "-" else letters.get(letter, letter) for letter in cell.values.values()
    )
    found = compare(
        owner_of(cell.column),
        agreed,
        ours,  # type: ignore[arg-type]
        theirs,
        pending=pending,
        theirs_is_newer=cell.column == "newest+",
        conflict="insert_exists" if agreed is NO_VALUE else "update_differing",
    )
    value = {"taken": theirs, "agreed": theirs, "partner wins": theirs}.get(cell.outcome, ours)
    if cell.outcome == "added":
        value = str(int(ours) + int(theirs) - int(agreed))  # type: ignore[arg-type]
    assert found == FieldDecision(cell.outcome, value, theirs, cell.conflict)  # type: ignore[arg-type]


def decided(cell: Cell, operation: Operation, theirs: Row, *, deletes: bool = False) -> RecordDecision:
    letter = cell.values["agreed"]
    ours = cell.values["ours"]
    return decide(
        operation,
        ("hub",),
        None if letter == "-" else AgreedRow(("a",), is_deleted=letter == "x"),
        None if ours in ("-", "closed") else (ours,),
        theirs,
        ours_state="closed" if ours == "closed" else None,
        pending={0: "d"} if cell.values.get("pending") == "yes" else {},
        deletes_missing=deletes,
    )


@pytest.mark.parametrize("cell", RECORD_CELLS, ids=str)
def test_a_record_is_decided_as_the_table_declares(cell: Cell) -> None:
    found = decided(cell, cell.column, (cell.values["theirs"],))  # type: ignore[arg-type]
    of_field = found.fields[0].conflict if found.fields else None
    assert (found.outcome, found.conflict, of_field) == (cell.outcome, cell.conflict, cell.of_field)


@pytest.mark.parametrize("cell", DELETE_CELLS, ids=str)
def test_a_deletion_is_decided_as_the_table_declares(cell: Cell) -> None:
    operation = cell.column.rstrip("+")
    found = decided(cell, operation, (), deletes=cell.column == "missing+")  # type: ignore[arg-type]
    assert (found.outcome, found.conflict) == (cell.outcome, cell.conflict)
    deleted = cell.outcome in ("delete", "agreed") and found.agreed is not None
    assert not deleted or (found.agreed is not None and found.agreed.is_deleted)


def test_a_field_that_the_record_does_not_carry_is_left_alone() -> None:
    found = compare("partner", "a", "b", NO_VALUE)
    assert found == FieldDecision("unchanged", "b", "a", "column_missing")


def test_a_counter_that_is_no_number_waits_for_a_person() -> None:
    assert compare("counter", "10", "many", "15").outcome == "open"
    assert compare("counter", "10", "NaN", "15").outcome == "open"


def test_a_counter_keeps_its_decimals() -> None:
    assert compare("counter", "10.00", "12.50", "9.75").value == "12.25"


def test_an_older_version_is_stale_and_changes_nothing() -> None:
    agreed = AgreedRow(("a",), "10")
    found = decide("change", ("partner",), agreed, ("b",), ("c",), version="9")
    assert found == RecordDecision("refused", ("b",), agreed, "stale")
    assert decide("delete", ("partner",), agreed, ("a",), version="9").conflict == "stale"


def test_the_version_of_an_unchanged_record_is_kept() -> None:
    """Otherwise a message between two files could be overtaken by an older one."""
    found = decide("change", ("hub",), AgreedRow(("a",), "9"), ("a",), ("a",), version="10")
    assert found == RecordDecision("agreed", ("a",), AgreedRow(("a",), "10"), None, found.fields)


def agreed_rows() -> st.SearchStrategy[AgreedRow | None]:
    return st.none() | st.builds(AgreedRow, ROWS, st.none(), st.booleans())


@given(
    st.sampled_from(["add", "change", "present", "delete", "missing"]),
    agreed_rows(),
    st.none() | ROWS,
    ROWS,
    st.dictionaries(st.integers(0, len(OWNERS) - 1), VALUES, max_size=2),
    st.booleans(),
)
def test_no_change_is_lost_without_a_conflict(
    operation: Operation, agreed: AgreedRow | None, ours: Row | None, theirs: Row, pending: dict[int, str], newer: bool
) -> None:
    found = decide(operation, OWNERS, agreed, ours, theirs, pending=pending, theirs_is_newer=newer)  # type: ignore[arg-type]
    if found.conflict is not None:
        return
    base = agreed.values if agreed is not None and not agreed.is_deleted else None
    for place, owner in enumerate(OWNERS):
        if ours is None or operation in ("delete", "missing"):
            continue
        field = found.fields[place]
        if field.conflict is not None or field.outcome == "added":
            assert owner == "counter" or field.conflict is not None
            continue
        if base is None or theirs[place] != base[place]:
            assert field.value == theirs[place]
        if base is not None and ours[place] != base[place]:
            assert field.value == ours[place] or pending.get(place) == theirs[place]
    if operation == "delete" and ours is not None and found.ours is None:
        assert ours == base


@given(st.sampled_from(["add", "change", "present", "delete", "missing"]), agreed_rows(), st.none() | ROWS, ROWS)
def test_the_same_record_again_decides_nothing(
    operation: Operation, agreed: AgreedRow | None, ours: Row | None, theirs: Row
) -> None:
    first = decide(operation, OWNERS, agreed, ours, theirs)  # type: ignore[arg-type]
    again = decide(operation, OWNERS, first.agreed, first.ours, theirs)  # type: ignore[arg-type]
    assert (again.ours, again.agreed) == (first.ours, first.agreed)
    assert again.outcome in ("unchanged", "refused")
    assert again.conflict is None or again.outcome == "refused"


@given(VALUES, VALUES, VALUES)
def test_the_two_sides_are_treated_alike(agreed: str | None, ours: str | None, theirs: str | None) -> None:
    """With the roles exchanged, the same side wins, and the same conflict is recorded."""
    mirrored = {"taken": "to send", "to send": "taken", "hub wins": "partner wins", "partner wins": "hub wins"}
    for owner, other in (("hub", "partner"), ("partner", "hub"), ("manual", "manual")):
        here = compare(owner, agreed, ours, theirs)  # type: ignore[arg-type]
        there = compare(other, agreed, theirs, ours)  # type: ignore[arg-type]
        assert there.outcome == mirrored.get(here.outcome, here.outcome)
        assert there.conflict == here.conflict


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(-50, 50))
def test_a_counter_adds_the_differences_of_both_sides(agreed: int, here: int, there: int) -> None:
    found = compare("counter", str(agreed), str(agreed + here), str(agreed + there))
    assert found.value is not None
    assert int(found.value) == agreed + here + there


@given(st.sampled_from(["add", "change", "present"]), agreed_rows(), st.none() | ROWS, ROWS)
def test_the_agreed_row_becomes_the_partners_record(
    operation: Operation, agreed: AgreedRow | None, ours: Row | None, theirs: Row
) -> None:
    """So the export sends exactly the fields in which the hub differs from the partner."""
    found = decide(operation, OWNERS, agreed, ours, theirs)  # type: ignore[arg-type]
    if found.outcome == "refused":
        assert found.agreed == agreed
    else:
        assert found.agreed == AgreedRow(theirs)
