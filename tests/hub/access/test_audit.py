"""The chain of the audit: every removed, changed or moved row shows, and processes append one after the other."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from adapters.database.connection.database import Database, repeated
from hub.access import ActionObject
from hub.access.audit import Actor, Audit, KnownRow, VerifiedAudit
from integration_objects.surroundings import SeededSurroundings, Surroundings

ANN = Actor("ann", "192.0.2.7")
CLOCK = SeededSurroundings()
REMOVED = "DELETE FROM hub_audit WHERE number = 3"


def append(database: Database, count: int) -> None:
    for number in range(count):
        with database.write() as connection:
            Audit(connection, CLOCK).append(ANN, "replay", ActionObject("message", f"m{number}", "1-A"), "asked for")


def verified(database: Database, known: KnownRow | None = None) -> VerifiedAudit:
    with database.read() as connection:
        return Audit(connection, CLOCK).verify(known)


def execute(database: Database, *statements: str) -> None:
    with database.write() as connection:
        for statement in statements:
            connection.execute(text(statement))


def faults(database: Database, known: KnownRow | None = None) -> list[tuple[int, str]]:
    return [(fault.number, fault.text) for fault in verified(database, known).faults]


def test_an_untouched_audit_is_whole_and_an_empty_one_too(database: Database) -> None:
    assert verified(database) == VerifiedAudit(0, None, ())
    append(database, 5)
    result = verified(database)
    assert (result.rows, result.faults) == (5, ())
    assert result.last is not None
    assert result.last.number == 5


@pytest.mark.parametrize(
    "column", ["at", "who", "address", "action", "object_kind", "object_key", "account_id", "why", "digest"]
)
def test_a_changed_column_of_any_row_shows(database: Database, column: str) -> None:
    append(database, 5)
    execute(database, f"UPDATE hub_audit SET {column} = 'x' WHERE number = 3")
    assert faults(database)[0] == (3, "it was changed, or the row before it was changed or removed")


def test_an_outcome_that_became_another_shows(database: Database) -> None:
    append(database, 2)
    execute(database, "UPDATE hub_audit SET outcome = 'denied' WHERE number = 2")
    assert [number for number, _ in faults(database)] == [2]


def test_a_text_that_moved_from_one_column_to_the_next_shows(database: Database) -> None:
    append(database, 1)
    execute(database, "UPDATE hub_audit SET who = 'an', address = 'n192.0.2.7'")
    assert [number for number, _ in faults(database)] == [1]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([REMOVED], [(3, "the row is missing"), (4, "it was changed, or the row before it was changed or removed")]),
        (["DELETE FROM hub_audit WHERE number IN (1, 2)"], [(1, "the rows from here to 2 are missing")]),
        (["DELETE FROM hub_audit WHERE number = 5"], [(5, "the row is missing")]),
        (["DELETE FROM hub_audit"], [(1, "the rows from here to 5 are missing")]),
        (
            # Somebody closes the gap by numbering the rows anew.
            [REMOVED, "UPDATE hub_audit SET number = number - 1 WHERE number > 3"],
            [(3, "it was changed, or the row before it was changed or removed")],
        ),
        (
            # Two rows change places.
            [f"UPDATE hub_audit SET number = {new} WHERE number = {old}" for old, new in ((2, 99), (3, 2), (99, 3))],
            [(2, "it was changed, or the row before it was changed or removed")],
        ),
        (
            # Somebody adds a row behind the last one.
            [
                "INSERT INTO hub_audit SELECT 6, at, who, address, action, outcome, object_kind, object_key,"
                " account_id, why, digest FROM hub_audit WHERE number = 5"
            ],
            [(6, "it was changed, or the row before it was changed or removed")],
        ),
    ],
    ids=["middle", "first", "last", "all", "renumbered", "reordered", "added"],
)
def test_rows_that_were_removed_moved_or_added_show(
    database: Database, statements: list[str], expected: list[tuple[int, str]]
) -> None:
    append(database, 5)
    execute(database, *statements)
    found = faults(database)
    assert found[: len(expected)] == expected


def test_a_removed_last_row_shows_after_further_rows_as_well(database: Database) -> None:
    append(database, 3)
    execute(database, "DELETE FROM hub_audit WHERE number = 3")
    append(database, 2)
    assert faults(database)[0] == (3, "the row is missing")


def test_a_chain_that_was_made_anew_shows_against_a_row_that_was_kept_elsewhere(database: Database) -> None:
    append(database, 3)
    kept = verified(database).last
    assert faults(database, kept) == []
    execute(database, "DELETE FROM hub_audit", "DELETE FROM hub_sequence")
    append(database, 4)
    assert faults(database) == []
    assert faults(database, kept) == [(3, "its digest isn't the known one: the chain was made anew")]
    execute(database, "DELETE FROM hub_audit", "DELETE FROM hub_sequence")
    assert faults(database, kept) == [(3, "the known row is missing")]


def test_a_row_goes_with_its_action_or_not_at_all(database: Database) -> None:
    append(database, 1)

    def failing_action() -> None:
        with database.write() as connection:
            Audit(connection, CLOCK).append(ANN, "replay", ActionObject("message", "m1"))
            raise RuntimeError("the action failed")

    with pytest.raises(RuntimeError):
        failing_action()
    append(database, 1)
    result = verified(database)
    assert (result.rows, result.faults) == (2, ())


@pytest.mark.parametrize(
    "hostile",
    ["\x00", "\ud800", "x" * 100_000, "<script>", "'; DROP TABLE hub_audit; --", "\u202e", "a\r\nb"],
    ids=range(7),
)
def test_hostile_texts_are_rows_like_others(database: Database, hostile: str) -> None:
    with database.write() as connection:
        audit = Audit(connection, CLOCK)
        row = audit.append(Actor(hostile, hostile), hostile, ActionObject(hostile, hostile, hostile), hostile)
    assert verified(database).faults == ()
    assert len(row.who) <= 255
    assert "\x00" not in "".join(map(str, row))


def append_at_once(database: Database, threads: int, each: int) -> None:
    """Append from several threads, each with connections of its own, as processes have."""
    failures: list[BaseException] = []

    def work(name: str) -> None:
        def unit() -> None:
            with database.write() as connection:
                Audit(connection, Surroundings()).append(Actor(name, "here"), "replay", ActionObject("message"))

        try:
            for _ in range(each):
                repeated(unit)
        except BaseException as error:
            failures.append(error)

    workers = [threading.Thread(target=work, args=(f"worker{number}",)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []


def test_several_writers_append_one_after_the_other(database: Database) -> None:
    append_at_once(database, 3, 10)
    assert (verified(database).rows, verified(database).faults) == (30, ())


def test_several_connections_append_one_after_the_other_on_postgresql(postgresql_database: Database) -> None:
    append_at_once(postgresql_database, 4, 25)
    assert (verified(postgresql_database).rows, verified(postgresql_database).faults) == (100, ())
    execute(postgresql_database, "UPDATE hub_audit SET who = 'x' WHERE number = 50")
    assert faults(postgresql_database)[0][0] == 50


def test_the_newest_rows_of_a_user_and_of_an_account_come_first(database: Database) -> None:
    append(database, 3)
    with database.write() as connection:
        Audit(connection, CLOCK).append(Actor("bob", ""), "log in", ActionObject("session"))
    with database.read() as connection:
        audit = Audit(connection, CLOCK)
        assert [row.number for row in audit.newest(2)] == [4, 3]
        assert [row.number for row in audit.newest(9, who="ann", before=3)] == [2, 1]
        assert [row.number for row in audit.newest(9, account_id="1-A")] == [3, 2, 1]
