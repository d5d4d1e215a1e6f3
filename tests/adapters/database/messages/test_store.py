"""The message store: identities, turns, outcomes, the outbox, and both sides of the count.

Runs on SQLite, and on PostgreSQL where there is one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, event, insert, select

from adapters.database.connection.database import Database
from adapters.database.messages.fallout import FalloutEntry
from adapters.database.messages.filing import Arrival, Filed
from adapters.database.messages.inbox import Ending, RowIsFinal, StateUnknown
from adapters.database.messages.inbox_row import INBOX, InboxRow
from adapters.database.messages.message_filter import MessageFilter
from adapters.database.messages.outbox import OutboxMessage, OutboxRow
from adapters.database.messages.store import MessageStore
from adapters.database.schema.hub_tables import HUB, STATES
from adapters.transport import Envelope, Oversize, Unroutable
from integration_objects.errors import HubError, Refused, Retryable, verdict_of
from integration_objects.surroundings import SeededSurroundings, Surroundings

LATER = "2099-01-01T00:00:00.000000Z"


@pytest.fixture(scope="module")
def messages_url(make_postgresql: Callable[[str], str]) -> str:
    """A PostgreSQL database for this module."""
    return make_postgresql("messages")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path}/hub.db" if request.param == "sqlite" else request.getfixturevalue("messages_url")
    database = Database(url)
    with database.write() as connection:
        HUB.drop_all(connection)
        HUB.create_all(connection)
    yield database
    database.close()


@pytest.fixture
def surroundings() -> Surroundings:
    return SeededSurroundings()


@pytest.fixture
def store(database: Database, surroundings: Surroundings) -> Iterator[MessageStore]:
    with database.write() as connection:
        yield MessageStore(connection, surroundings, process="worker-1")


def arrival(
    identity: str = "m1",
    body: bytes = b"<ORDER/>",
    key: str | None = None,
    reply_to: str | None = None,
    route: str = "orders",
) -> Arrival:
    envelope = Envelope(identity, body, reply_to=reply_to, correlation_id="c1", headers={"a": "ü"})
    return Arrival(route, "mainframe", identity, envelope, "queue orders", key)


def reply_to_row(filed: Filed, destination: str = "replies") -> OutboxMessage:
    return OutboxMessage(f"{filed.row_id}-reply", destination, "reply", b"<REPLY/>", inbox_id=filed.row_id)


def identities(rows: list[InboxRow]) -> list[str]:
    return [row.identity for row in rows]


def outbound_of(store: MessageStore, row_id: str) -> list[OutboxRow]:
    """Return the outbox rows that an inbox row caused, in their order."""
    shown = store.show(row_id)
    assert shown is not None
    return [row for outbound in shown["outbound"] if (row := store.outbox.row(outbound["id"])) is not None]


class TestFiling:
    def test_an_arrival_becomes_a_received_row_with_everything_that_came(self, store: MessageStore) -> None:
        filed = store.file(arrival("m1", b"<ORDER>1</ORDER>", key="A1", reply_to="answers"))
        assert (filed.outcome, filed.state) == ("new", "received")
        assert filed.row == store.inbox.row(filed.row_id)
        assert filed.row is not None
        assert filed.row.envelope == arrival("m1", b"<ORDER>1</ORDER>", reply_to="answers").envelope
        assert store.inbox.find("orders", "mainframe", "m1") == filed.row

    def test_the_same_message_again_is_a_repeat_and_no_row(self, store: MessageStore) -> None:
        first = store.file(arrival())
        again = [store.file(arrival()) for _ in range(2)]
        assert [(filed.row_id, filed.outcome, filed.row) for filed in again] == [(first.row_id, "repeat", None)] * 2
        row = store.inbox.row(first.row_id)
        assert row is not None
        assert row.repeats == 2

    def test_a_repeat_gets_the_first_reply_again_where_the_repeat_wants_it(self, store: MessageStore) -> None:
        first = store.file(arrival(reply_to="answers.1"))
        store.pending_writes.answer(first.row_id, reply_to_row(first, "answers.1"))
        store.pending_writes.write()
        store.inbox.finish_all([Ending(first.row_id, "done")])
        assert store.file(arrival(reply_to="answers.2")).state == "done"
        store.file(arrival(reply_to=None))
        replies = outbound_of(store, first.row_id)
        assert [(row.message.destination, row.message.message_id, row.message.body) for row in replies] == [
            ("answers.1", f"{first.row_id}-reply", b"<REPLY/>"),
            ("answers.2", f"{first.row_id}-reply", b"<REPLY/>"),
        ]
        assert replies[0].id != replies[1].id

    def test_a_repeat_of_a_route_that_answers_to_a_fixed_channel_is_answered_there(self, store: MessageStore) -> None:
        first = store.file(arrival())
        store.pending_writes.answer(first.row_id, reply_to_row(first, "fixed"))
        store.pending_writes.write()
        store.inbox.finish_all([Ending(first.row_id, "done")])
        store.file(arrival())
        assert [row.message.destination for row in outbound_of(store, first.row_id)] == ["fixed", "fixed"]

    def test_a_repeat_that_comes_before_the_answer_gets_it_with_the_first(self, store: MessageStore) -> None:
        first = store.file(arrival(reply_to="answers.1"))
        for reply_to in ("answers.2", "answers.1", "answers.2"):
            store.file(arrival(reply_to=reply_to))
        store.pending_writes.answer(first.row_id, reply_to_row(first, "answers.1"))
        store.pending_writes.write()
        destinations = [row.message.destination for row in outbound_of(store, first.row_id)]
        assert destinations == ["answers.1", "answers.2"]

    def test_the_same_identity_with_another_body_is_a_rejected_row_of_its_own(self, store: MessageStore) -> None:
        first = store.file(arrival("m1", b"one"))
        second = store.file(arrival("m1", b"two"))
        third = store.file(arrival("m1", b"two"))
        digest = arrival("m1", b"two").envelope.digest
        assert (second.outcome, second.state) == ("id reused", "rejected")
        assert (third.outcome, third.row_id) == ("repeat", second.row_id)
        row = store.inbox.row(second.row_id)
        assert row is not None
        assert row.identity == f"m1#{digest[:8]}"
        assert row.error == {
            "reason": "MessageIdReused",
            "what": "message 'm1' is refused: its identity belongs to an earlier message",
            "where": "route orders, sender mainframe, message m1",
            "why": f"the body differs from the first one's (SHA-256 begins {digest[:8]}, 3 bytes)",
            "mend": "send a changed message under an id of its own, an unchanged one byte by byte as it was",
        }
        assert row.repeats == 1
        assert store.inbox.row(first.row_id) == first.row

    def test_an_identity_of_128_characters_can_be_reused_too(self, store: MessageStore) -> None:
        long = "x" * 128
        store.file(arrival(long, b"one"))
        filed = store.file(arrival(long, b"two"))
        assert filed.row is not None
        assert len(filed.row.identity) == 137

    def test_an_over_limit_body_is_kept_as_digest_size_and_first_64_kib(self, store: MessageStore) -> None:
        body = bytes(range(256)) * 300
        one = Arrival("orders", "local", "m1", Envelope("m1", body), "a.xml", over_limit=True)
        oversize = Envelope(None, body[:65536], oversize=Oversize(10**9, "d" * 64))
        two = Arrival("orders", "local", "d" * 64, oversize, "b.xml")
        rows = [filed.row for filed in store.file_all([one, two])]
        assert [(row.body == body[:65536], row.size, row.digest) for row in rows if row] == [
            (True, 76800, Envelope("m1", body).digest),
            (True, 10**9, "d" * 64),
        ]

    def test_routes_and_senders_have_identities_of_their_own(self, store: MessageStore) -> None:
        store.file(arrival("m1"))
        other = Arrival("orders", "partner", "m1", Envelope("m1", b"x"), "q")
        assert store.file(other).outcome == "new"
        assert store.file(arrival("m1", b"x", route="status")).outcome == "new"

    def test_a_group_is_filed_in_order_with_repeats_within_it(self, store: MessageStore) -> None:
        filed = store.file_all([arrival("m2"), arrival("m1"), arrival("m2"), arrival("m1", b"other")])
        assert [one.outcome for one in filed] == ["new", "new", "repeat", "id reused"]
        assert identities(store.inbox.claim(["orders"], 10)) == ["m2", "m1"]

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), max_size=20), st.integers(1, 6))
    def test_the_doors_count_agrees_with_the_rows_whatever_comes(
        self, database: Database, messages: list[tuple[int, int]], group: int
    ) -> None:
        arrivals = [arrival(f"m{number}", b"%d" % body) for number, body in messages]
        with database.write() as connection:
            store = MessageStore(connection, Surroundings())
            before = store.counts()
            for start in range(0, len(arrivals), group):
                store.file_all(arrivals[start : start + group])
            counts = store.counts()
        assert counts.agrees
        assert counts.deliveries == before.deliveries + len(messages)


class TestTurns:
    def test_rows_without_a_key_are_all_free_the_oldest_first(self, store: MessageStore) -> None:
        store.file_all([arrival(f"m{number}") for number in range(5)])
        assert identities(store.inbox.claim(["orders"], 3)) == ["m0", "m1", "m2"]

    def test_of_each_key_only_the_oldest_is_claimed(self, store: MessageStore) -> None:
        store.file_all([arrival(f"m{number}", key="AB"[number % 2]) for number in range(6)])
        rows = store.inbox.claim(["orders"], 10)
        assert identities(rows) == ["m0", "m1"]
        store.inbox.finish_all([Ending(rows[0].id, "done")])
        assert identities(store.inbox.claim(["orders"], 10)) == ["m1", "m2"]

    def test_keys_are_per_route(self, store: MessageStore) -> None:
        store.file(arrival("m1", key="A"))
        store.file(arrival("m2", key="A", route="status"))
        assert identities(store.inbox.claim(["status", "orders"], 10)) == ["m2", "m1"]
        assert identities(store.inbox.claim(["orders"], 10)) == ["m1"]

    def test_a_retrying_row_holds_its_key_until_it_is_due(self, store: MessageStore) -> None:
        first = store.file(arrival("m1", key="A"))
        store.file(arrival("m2", key="A"))
        store.inbox.retry(first.row_id, LATER, Retryable("the database is away", mend="mend it"))
        assert store.inbox.claim(["orders"], 10) == []
        assert store.inbox.next_due(["orders", "status"]) is not None
        store.inbox.retry(first.row_id, "2026-01-01T00:00:00.000000Z", Retryable("again", mend="mend it"))
        [row] = store.inbox.claim(["orders"], 10)
        assert (row.identity, row.state, row.attempts, row.reason) == ("m1", "retrying", 2, "Retryable")

    def test_a_row_parked_for_an_operator_holds_its_key(self, store: MessageStore) -> None:
        first = store.file(arrival("m1", key="A"))
        store.file(arrival("m2", key="A"))
        store.inbox.park(first.row_id, Retryable("tried too often", mend="mend it"))
        assert store.inbox.claim(["orders"], 10) == []
        assert store.inbox.give_up(first.row_id)
        assert identities(store.inbox.claim(["orders"], 10)) == ["m2"]
        assert store.counts().states["dead"] == 1

    def test_a_row_that_waits_for_something_lets_others_pass_until_it_is_released(self, store: MessageStore) -> None:
        first = store.file(arrival("m1", key="A"))
        store.file_all([arrival("m2", key="A"), arrival("m3", key="A")])
        store.inbox.park(first.row_id, Retryable("order 7 isn't there", mend="mend it"), waits_for="order 7")
        assert identities(store.inbox.claim(["orders"], 10)) == ["m2"]
        assert store.inbox.release("order 8") == 0
        assert store.inbox.release("order 7") == 1
        [row] = store.inbox.claim(["orders"], 10)
        assert (row.identity, row.state, row.waits_for, row.error) == ("m1", "received", None, None)

    def test_a_released_row_goes_before_a_later_one_that_retries(self, store: MessageStore) -> None:
        first, second = store.file_all([arrival("m1", key="A"), arrival("m2", key="A")])
        store.inbox.park(first.row_id, Retryable("waits", mend="mend it"), waits_for="x")
        store.inbox.retry(second.row_id, "2026-01-01T00:00:00.000000Z", Retryable("again", mend="mend it"))
        assert identities(store.inbox.claim(["orders"], 10)) == ["m2"]
        store.inbox.release("x")
        assert identities(store.inbox.claim(["orders"], 10)) == ["m1"]

    def test_a_release_that_was_missed_is_made_up_for_after_a_minute(
        self, store: MessageStore, surroundings: Surroundings
    ) -> None:
        first = store.file(arrival("m1"))
        store.inbox.park(first.row_id, Retryable("waits", mend="mend it"), waits_for="x")
        assert store.inbox.wake() == 0
        surroundings.sleep(61)
        assert store.inbox.wake() == 1
        assert identities(store.inbox.claim(["orders"], 10)) == ["m1"]

    def test_a_claim_among_many_finished_and_waiting_rows_takes_no_time(self, tmp_path: Path) -> None:
        database = Database(f"sqlite:///{tmp_path}/many.db")
        with database.write() as connection:
            HUB.create_all(connection)
            store = MessageStore(connection, SeededSurroundings())
            [filed] = store.file_all([arrival("first")])
            assert filed.row is not None
            shared = {
                "route": "orders",
                "sender": "local",
                "digest": "d",
                "due_at": filed.row.due_at,
                "received_at": filed.row.received_at,
                "content_type": "x",
                "source": "",
                "size": 0,
                "headers": "{}",
                "body": b"",
            }
            done = [
                {**shared, "id": f"d{number}", "identity": f"d{number}", "state": "done", "final_at": LATER}
                for number in range(20_000)
            ]
            waiting = [
                {
                    **shared,
                    "id": f"w{number}",
                    "identity": f"w{number}",
                    "state": "parked",
                    "waits_for": "x",
                    "key": f"k{number % 100}",
                }
                for number in range(10_000)
            ]
            connection.execute(insert(INBOX), done)
            connection.execute(insert(INBOX), waiting)
            store.inbox.finish_all([Ending(filed.row_id, "done")])
            store.file_all([arrival(f"m{number}", key=f"k{number % 50}") for number in range(100)])
            rows = store.inbox.claim(["orders"], 25)
        database.close()
        assert identities(rows) == [f"m{number}" for number in range(25)]

    def test_the_claim_reads_the_line_by_its_own_indexes(self, tmp_path: Path) -> None:
        engine = create_engine(f"sqlite:///{tmp_path}/plan.db")
        HUB.create_all(engine)
        ran: list[tuple[str, object]] = []
        event.listen(engine, "before_cursor_execute", lambda *call: ran.append((call[2], call[3])))
        with engine.connect() as connection:
            MessageStore(connection, SeededSurroundings()).inbox.claim(["orders"], 25)
            plans = [
                connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()  # type: ignore[arg-type]
                for statement, values in list(ran)
            ]
        engine.dispose()
        used = [[step.detail for step in plan if "hub_inbox" in step.detail] for plan in plans]
        assert len(used) == 2
        for steps in used:
            assert steps[0].startswith("SEARCH row_ USING INDEX ix_hub_inbox_line (route=?")
            assert all(" USING INDEX ix_hub_inbox_" in step and "SCAN" not in step for step in steps)

    def test_many_workers_never_take_one_row_twice_nor_two_rows_of_a_key_at_once(self, database: Database) -> None:
        with database.write() as connection:
            store = MessageStore(connection, Surroundings())
            keys = ["A", "B", None, "C"]
            store.file_all([arrival(f"m{number:02}", key=keys[number % 4]) for number in range(60)])
        working: dict[str, str] = {}
        done: list[tuple[str | None, str]] = []
        faults: list[object] = []
        guard = threading.Lock()

        def work() -> None:
            while True:
                with database.write() as connection:
                    store = MessageStore(connection, Surroundings())
                    rows = store.inbox.claim(["orders"], 2)
                    with guard:
                        for row in rows:
                            if row.key is not None and working.setdefault(row.key, row.id) != row.id:
                                faults.append(row)
                    for row in rows:
                        store.inbox.finish_all([Ending(row.id, "done")])
                    with guard:
                        done.extend((row.key, row.identity) for row in rows)
                        for row in rows:
                            working.pop(row.key or "", None)
                    if not rows and sum(store.counts().states[state] for state in ("done",)) == 60:
                        return

        def guarded() -> None:
            try:
                work()
            except Exception as error:
                faults.append(error)

        threads = [threading.Thread(target=guarded) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert faults == []
        assert len(done) == len(set(done)) == 60
        for key in ("A", "B", "C"):
            mine = [identity for found, identity in done if found == key]
            assert mine == sorted(mine)


class TestOutcomes:
    def test_a_final_row_keeps_its_outcome(self, store: MessageStore) -> None:
        filed = store.file(arrival())
        error = Refused("account 'A1' is unknown", where="/ORDER[1]", why="no such number", mend="load it")
        store.inbox.finish_all([Ending(filed.row_id, "rejected", error, map="M", map_version="abc")])
        row = store.inbox.row(filed.row_id)
        assert row is not None
        assert (row.state, row.reason, row.map, row.map_version) == ("rejected", "Refused", "M", "abc")
        assert row.error == error.as_dict()
        assert row.is_final
        assert row.final_at is not None
        with pytest.raises(RowIsFinal) as caught:
            store.inbox.finish_all([Ending(filed.row_id, "done")])
        assert str(caught.value) == (
            "the message is final already\n"
            f"  where: inbox {filed.row_id}\n"
            "  why:   it was to become 'done' now, and another process brought it to its end before\n"
            "  mend:  nothing: this transaction is undone, and the first outcome stands"
        )
        assert not store.inbox.retry(filed.row_id, LATER, Retryable("late", mend="mend it"))
        assert not store.inbox.park(filed.row_id, Retryable("late", mend="mend it"))
        assert not store.inbox.give_up(filed.row_id)

    def test_an_end_that_is_none_is_refused(self, store: MessageStore) -> None:
        filed = store.file(arrival())
        with pytest.raises(StateUnknown) as caught:
            store.inbox.finish_all([Ending(filed.row_id, "complete")])
        assert caught.value.what == "an inbox row cannot end in state 'complete'"

    def test_an_outcome_ends_the_count_of_deaths(self, store: MessageStore, surroundings: Surroundings) -> None:
        filed = store.file(arrival())
        store.inbox.work_alone([filed.row_id])
        row = store.inbox.row(filed.row_id)
        assert row is not None
        assert (row.state, row.attempts, row.deaths) == ("received", 0, 0)
        assert row.died_at is not None
        store.inbox.count_death(filed.row_id, 1, surroundings.later(1), Retryable("died", mend="mend it"))
        row = store.inbox.row(filed.row_id)
        assert row is not None
        assert (row.state, row.attempts, row.deaths, row.reason) == ("retrying", 0, 1, "Retryable")
        store.inbox.retry(filed.row_id, LATER, Retryable("busy", mend="mend it"))
        row = store.inbox.row(filed.row_id)
        assert row is not None
        assert (row.attempts, row.deaths, row.died_at) == (1, 0, None)

    def test_a_final_message_has_no_deaths(self, store: MessageStore) -> None:
        filed = store.file(arrival())
        store.inbox.finish_all([Ending(filed.row_id, "done")])
        store.inbox.work_alone([filed.row_id])
        store.inbox.count_death(filed.row_id, 1, LATER, Retryable("died", mend="mend it"))
        row = store.inbox.row(filed.row_id)
        assert row is not None
        assert (row.state, row.deaths, row.died_at) == ("done", 0, None)

    def test_waiting_for_something_uses_up_no_attempt(self, store: MessageStore) -> None:
        filed = store.file(arrival())
        store.inbox.retry(filed.row_id, LATER, Retryable("busy", mend="mend it"))
        for _ in range(3):
            store.inbox.park(filed.row_id, Retryable("order 7 isn't there", mend="mend it"), waits_for="order 7")
            store.inbox.release("order 7")
        row = store.inbox.row(filed.row_id)
        assert row is not None
        assert row.attempts == 1
        store.inbox.park(filed.row_id, Retryable("tried too often", mend="mend it"))
        row = store.inbox.row(filed.row_id)
        assert row is not None
        assert row.attempts == 2

    def test_a_filtered_row_keeps_why_without_an_error(self, store: MessageStore) -> None:
        filed = store.file(arrival())
        store.inbox.finish_all([Ending(filed.row_id, "filtered", why="revision 1 is superseded by 2")])
        shown = store.show(filed.row_id)
        assert shown is not None
        assert (shown["reason"], shown["error"]) == (None, {"what": "revision 1 is superseded by 2"})

    def test_replays_are_counted(self, store: MessageStore) -> None:
        filed = store.file(arrival())
        for number in range(3):
            row = store.inbox.row(filed.row_id)
            assert row is not None
            assert row.replays == number
            store.inbox.park(filed.row_id, Retryable("no", mend="mend it"))
            store.inbox.replay(filed.row_id)

    @pytest.mark.parametrize("state", ["rejected", "invalid", "dead", "parked", "retrying"])
    def test_a_replay_puts_back_what_is_not_done(self, store: MessageStore, state: str) -> None:
        filed = store.file(arrival())
        error = HubError("no", mend="mend it")
        if state == "parked":
            store.inbox.park(filed.row_id, error, waits_for="x")
        elif state == "retrying":
            store.inbox.retry(filed.row_id, LATER, error)
        else:
            store.inbox.finish_all([Ending(filed.row_id, state, error)])
        assert store.inbox.replay(filed.row_id)
        assert identities(store.inbox.claim(["orders"], 1)) == ["m1"]

    @pytest.mark.parametrize("state", ["done", "filtered"])
    def test_what_is_done_is_not_replayed(self, store: MessageStore, state: str) -> None:
        filed = store.file(arrival())
        store.inbox.finish_all([Ending(filed.row_id, state)])
        assert not store.inbox.replay(filed.row_id)

    def test_the_last_recording_is_kept(self, store: MessageStore) -> None:
        filed = store.file(arrival())
        assert store.inbox.recording(filed.row_id) is None
        store.inbox.record_all([(filed.row_id, b"one")])
        store.inbox.record_all([(filed.row_id, b"\x00two")])
        assert store.inbox.recording(filed.row_id) == b"\x00two"


class TestOutbox:
    def message(self, number: int, destination: str = "billing") -> OutboxMessage:
        return OutboxMessage(f"e{number}", destination, "outbound", b"%d" % number, headers={"h": "1"})

    def test_a_destination_gets_its_messages_in_order_until_they_are_sent(self, store: MessageStore) -> None:
        store.outbox.emit_all([self.message(number) for number in range(4)])
        store.outbox.emit(self.message(9, "provisioning"))
        assert store.outbox.destinations_waiting() == ["billing", "provisioning"]
        rows = store.outbox.waiting("billing", 3)
        assert [row.message.message_id for row in rows] == ["e0", "e1", "e2"]
        assert rows[0].message == self.message(0)
        store.outbox.mark_sent(rows[0].message.destination, [row.id for row in rows])
        assert [row.message.message_id for row in store.outbox.waiting("billing", 3)] == ["e3"]

    def test_destinations_are_asked_for_by_name_and_by_prefix(self, store: MessageStore) -> None:
        places = ("answer:a/1", "answer:a/2", "answers", "folder:b", "folder;", "orders")
        store.outbox.emit_all([self.message(number, place) for number, place in enumerate(places * 2)])
        store.outbox.mark_sent("answer:a/1", [row.id for row in store.outbox.waiting("answer:a/1", 9)])
        outbox = store.outbox
        assert outbox.destinations_waiting() == ["answer:a/2", "answers", "folder:b", "folder;", "orders"]
        assert outbox.destinations_waiting(prefixes=("answer:", "folder:")) == ["answer:a/2", "folder:b"]
        assert outbox.destinations_waiting(["orders", "answer:a/1"], ("folder:",)) == ["folder:b", "orders"]
        assert outbox.destinations_waiting(names=[]) == []

    def test_asking_for_destinations_costs_the_same_whatever_number_waits(self, tmp_path: Path) -> None:
        """Counted in steps of SQLite's machine, of which each row that is read takes some."""
        database = Database(f"sqlite:///{tmp_path}/many.db")
        steps = []
        for messages in (10, 1000):
            with database.write() as connection:
                HUB.drop_all(connection)
                HUB.create_all(connection)
                outbox = MessageStore(connection, SeededSurroundings()).outbox
                outbox.emit_all([self.message(n, f"{d}") for n in range(messages) for d in ("a", "folder:b", "o")])
                taken: list[int] = []
                driver = connection.connection.driver_connection
                assert driver is not None
                driver.set_progress_handler(lambda taken=taken: taken.append(1), 10)
                assert outbox.destinations_waiting() == ["a", "folder:b", "o"]
                assert outbox.destinations_waiting(["o"], ["folder:"]) == ["folder:b", "o"]
                driver.set_progress_handler(None, 0)
                steps.append(len(taken))
        assert steps[1] <= steps[0] + 2
        assert 0 < steps[0] < 100
        database.close()

    def test_a_message_that_failed_holds_back_those_behind_it(self, store: MessageStore) -> None:
        first, _ = store.outbox.emit_all([self.message(1), self.message(2)])
        store.outbox.mark_failed("billing", first, {"what": "away"}, LATER)
        assert store.outbox.waiting("billing", 10) == []
        store.outbox.mark_failed("billing", first, {"what": "away"}, "2026-01-01T00:00:00.000000Z")
        assert [row.attempts for row in store.outbox.waiting("billing", 10)] == [2, 0]

    def test_the_next_of_a_destination_tells_why_it_stands_and_a_start_tries_it(self, store: MessageStore) -> None:
        first, _ = store.outbox.emit_all([self.message(1), self.message(2)])
        gone = Unroutable("there is no queue 'billing'", mend="mend it").as_dict()
        store.outbox.mark_failed("billing", first, gone, LATER)
        (head,) = store.outbox.heads(["billing", "nothing waits there"])
        assert (head.message.message_id, head.error, verdict_of(head.error)) == ("e1", gone, "stop")
        store.outbox.try_now()
        assert [row.message.message_id for row in store.outbox.waiting("billing", 10)] == ["e1", "e2"]

    def test_what_is_taken_from_an_embedded_channel_is_sent_and_a_peek_takes_nothing(self, store: MessageStore) -> None:
        store.outbox.emit_all([self.message(1), self.message(2)])
        assert len(store.outbox.take("billing", 1, peek=True)) == 1
        assert [row.message.message_id for row in store.outbox.take("billing", 1)] == ["e1"]
        assert [row.message.message_id for row in store.outbox.take("billing", 5)] == ["e2"]
        assert store.outbox.take("billing", 5) == []

    def test_what_leaves_for_a_route_moves_into_its_inbox_once(self, store: MessageStore) -> None:
        store.outbox.emit_all([self.message(1), self.message(1), self.message(2)])

        def arrival_of(row: object) -> Arrival:
            envelope = row.envelope  # type: ignore[attr-defined]
            return Arrival("status", "local", envelope.message_id, envelope, "billing")

        waiting = store.outbox.waiting("billing", 10)
        filed = store.file_all([arrival_of(row) for row in waiting])
        store.outbox.mark_sent("billing", [row.id for row in waiting])
        assert [one.outcome for one in filed] == ["new", "repeat", "new"]
        assert store.outbox.destinations_waiting() == []
        assert identities(store.inbox.claim(["status"], 10)) == ["e1", "e2"]

    def test_an_unknown_kind_is_stopped_by_the_database(self, database: Database) -> None:
        def emit() -> None:
            with database.write() as connection:
                outbox = MessageStore(connection, SeededSurroundings()).outbox
                outbox.emit(OutboxMessage("e1", "billing", "inbound", b""))

        with pytest.raises(HubError) as caught:
            emit()
        assert caught.value.reason == "ConstraintBroken"


class TestControl:
    def test_a_lease_belongs_to_one_until_it_runs_out(self, store: MessageStore, surroundings: Surroundings) -> None:
        control = store.control
        assert control.acquire_lease("billing", "one", 30)
        assert not control.acquire_lease("billing", "two", 30)
        surroundings.sleep(40)
        assert control.acquire_lease("billing", "two", 30)
        control.release_lease("billing", "one")
        assert not control.acquire_lease("billing", "one", 30)
        control.release_lease("billing", "two")
        assert control.acquire_lease("billing", "one", 30)

    def test_a_component_pauses_until_it_is_resumed(self, store: MessageStore) -> None:
        assert not store.control.is_paused("orders")
        store.control.pause("orders", "new price list")
        since = store.control.components()[0]["since"]
        store.control.pause("orders", "another reason")
        assert store.control.components() == [
            {"name": "orders", "state": "paused", "why": "new price list", "since": since}
        ]
        store.control.resume("orders")
        assert not store.control.is_paused("orders")

    def test_numbers_have_no_gaps_because_they_are_part_of_the_transaction(self, database: Database) -> None:
        def fail() -> None:
            with database.write() as connection:
                assert MessageStore(connection, Surroundings()).control.next_number("order") == 1
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        with database.write() as connection:
            control = MessageStore(connection, Surroundings()).control
            assert [control.next_number("order") for _ in range(3)] == [1, 2, 3]
            assert control.next_number("work order") == 1

    def test_the_doors_count_deliveries_apart_from_the_rows(self, store: MessageStore) -> None:
        store.file_all([arrival("m1"), arrival("m2"), arrival("m1")])
        counts = store.counts("orders")
        assert (counts.received, counts.duplicates, counts.deliveries) == (2, 1, 3)
        assert list(counts.states) == list(STATES)
        assert store.counts("status").received == 0


class TestOverview:
    def test_unfinished_messages_are_counted_with_their_reason_and_age(
        self, store: MessageStore, surroundings: Surroundings
    ) -> None:
        first = surroundings.now()
        for number in range(3):
            store.inbox.retry(store.file(arrival(f"m{number}")).row_id, LATER, Retryable("busy", mend="mend it"))
        store.file(arrival("m4", route="status"))
        store.inbox.finish_all([Ending(store.file(arrival("m5")).row_id, "done")])
        retrying, received = store.overview.unfinished(surroundings.now())
        assert {name: retrying[name] for name in ("route", "state", "reason", "messages")} == {
            "route": "orders",
            "state": "retrying",
            "reason": "Retryable",
            "messages": 3,
        }
        assert first < retrying["oldest"] < received["oldest"]
        assert (received["route"], received["reason"], received["messages"]) == ("status", None, 1)

    def test_a_message_that_is_planned_for_a_later_day_is_counted_apart(
        self, store: MessageStore, surroundings: Surroundings
    ) -> None:
        store.pending_writes.plan(replace(arrival("m1"), due_at=LATER))
        store.pending_writes.plan(replace(arrival("m1"), due_at=LATER))
        store.pending_writes.write()
        assert store.overview.unfinished(surroundings.now()) == []
        assert store.overview.planned(surroundings.now()) == [{"route": "orders", "messages": 1, "first": LATER}]
        assert store.inbox.claim(["orders"], 1) == []
        counts = store.counts("orders")
        assert (counts.received, counts.duplicates, counts.agrees) == (1, 1, True)

    def test_a_held_key_names_the_message_that_holds_it_and_the_number_behind(self, store: MessageStore) -> None:
        """A key whose first message is due is not held, nor is one whose first message waits for a condition."""
        rows = [store.file(arrival(f"m{number}", key=key)).row_id for number, key in enumerate("AAABBCCD")]
        store.inbox.park(rows[0], Retryable("died", mend="mend it"))
        store.inbox.retry(rows[3], LATER, Retryable("busy", mend="mend it"))
        store.inbox.park(rows[5], Retryable("waits", mend="mend it"), waits_for="order 7")
        store.inbox.retry(rows[7], LATER, Retryable("busy", mend="mend it"))
        held = store.overview.held_keys()
        assert [(one["key"], one["message"], one["message_id"], one["state"], one["behind"]) for one in held] == [
            ("A", rows[0], "m0", "parked", 2),
            ("B", rows[3], "m3", "retrying", 1),
            ("D", rows[7], "m7", "retrying", 0),
        ]
        assert {one["route"] for one in held} == {"orders"}


class TestListing:
    def test_messages_are_listed_the_last_first_and_filtered(
        self, store: MessageStore, surroundings: Surroundings
    ) -> None:
        one = store.file(arrival("m1", key="A"))
        store.inbox.finish_all([Ending(one.row_id, "done")])
        since = surroundings.now()
        two = store.file(arrival("m2", route="status"))
        assert [found["id"] for found in store.listing()] == [two.row_id, one.row_id]
        assert [found["id"] for found in store.listing(limit=1)] == [two.row_id]
        assert [found["id"] for found in store.listing(MessageFilter(states=("done",)))] == [one.row_id]
        assert [found["id"] for found in store.listing(MessageFilter(route="status"))] == [two.row_id]
        assert [found["id"] for found in store.listing(MessageFilter(since=since))] == [two.row_id]
        wanted = ("route", "state", "message_id", "correlation_id", "key", "attempts", "reason")
        assert {name: store.listing(MessageFilter(states=("done",)))[0][name] for name in wanted} == {
            "route": "orders",
            "state": "done",
            "message_id": "m1",
            "correlation_id": "c1",
            "key": "A",
            "attempts": 1,
            "reason": None,
        }

    def test_a_message_is_shown_with_its_error_and_what_left_because_of_it(self, store: MessageStore) -> None:
        filed = store.file(arrival())
        store.inbox.park(filed.row_id, Retryable("waits", mend="mend it"), waits_for="order 7")
        store.outbox.emit(reply_to_row(filed))
        shown = store.show(filed.row_id)
        assert shown is not None
        assert (shown["waits_for"], shown["error"]["what"], shown["headers"]) == (
            "order 7",
            "waits",
            {"a": "ü"},
        )
        [outbound] = shown["outbound"]
        assert (outbound["destination"], outbound["kind"], outbound["sent_at"]) == ("replies", "reply", None)
        assert store.show("none") is None


class TestDesk:
    def test_references_lead_to_integration_ids_and_back(self, store: MessageStore) -> None:
        pairs = {f"line-{number}": f"id-{number}" for number in range(1200)}
        store.keys.keep("MAINFRAME", "1-A", pairs)
        assert store.keys.find("MAINFRAME", "1-A", [*pairs, "line-x"]) == pairs
        assert store.keys.find("MAINFRAME", "1-B", pairs) == {}
        assert store.keys.references("MAINFRAME", "1-A", ["id-7", "id-x"]) == {"id-7": "line-7"}

    def test_a_reference_that_is_kept_again_leads_to_the_new_id(self, store: MessageStore) -> None:
        store.keys.keep("MAINFRAME", "1-A", {"svc": "old"})
        store.keys.keep("MAINFRAME", "1-A", {"svc": "new"})
        assert store.keys.find("MAINFRAME", "1-A", ["svc"]) == {"svc": "new"}
        assert store.keys.references("MAINFRAME", "1-A", ["old", "new"]) == {"new": "svc"}

    def test_a_fallout_entry_is_open_until_somebody_resolves_it(self, store: MessageStore) -> None:
        entry = FalloutEntry("LineFailed", "line 1.1 failed", order_number="7", lines=["A1", "A2"])
        row_id = store.fallout.insert(entry)
        [found] = store.fallout.listing(order_number="7")
        assert (found["row_id"], found["cause"], found["lines"]) == (row_id, "LineFailed", ["A1", "A2"])
        assert store.fallout.resolve(row_id, "retried")
        assert not store.fallout.resolve(row_id, "retried")
        assert store.fallout.listing() == []
        assert store.fallout.listing(state=None)[0]["resolution"] == "retried"


@pytest.mark.parametrize("commits", [True, False], ids=["the first commits", "the first dies"])
def test_who_files_the_messages_of_another_waits_and_never_files_a_younger_one_before_them(
    database: Database, commits: bool
) -> None:
    """A hub that has lost its channel still files; the broker has given the same messages and younger ones to another.

    This holds the order of a key where the consumers of two hubs overlap.
    """
    outcomes: list[str] = []

    def file(numbers: range) -> None:
        with database.write() as connection:
            filing = MessageStore(connection, Surroundings(), process="worker-2")
            filed = filing.file_all([arrival(f"m{number}", key="one") for number in numbers])
            outcomes.extend(one.outcome for one in filed)

    class Death(Exception):
        """Ends the first hub's transaction without a commit."""

    other = threading.Thread(target=file, args=(range(2, 8),))
    try:
        with database.write() as connection:
            first = MessageStore(connection, Surroundings(), process="worker-1")
            first.file_all([arrival(f"m{number}", key="one") for number in range(5)])
            other.start()
            other.join(0.5)
            assert other.is_alive()
            assert outcomes == []
            if not commits:
                raise Death
    except Death:
        pass
    other.join(60)
    assert outcomes == (["repeat"] * 3 if commits else ["new"] * 3) + ["new"] * 3
    with database.read() as connection:
        filed = connection.execute(select(INBOX.c.identity).order_by(INBOX.c.seq)).scalars().all()
    assert filed == [f"m{number}" for number in range(0 if commits else 2, 8)]
