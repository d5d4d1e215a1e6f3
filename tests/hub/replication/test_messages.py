"""Single changes travel as messages between two files: at once and without an echo; the next file adds nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pika
import pytest

from hub.data_manager.feed_changes import MOST_CHANGED
from hub.replication.deciding import decide_conflict, release
from hub.replication.explanation import explain
from hub.replication.reconcile import Reconciliation
from hub.replication.report import messages_in_words
from integration_objects.complex_object import message
from integration_objects.property_set import PropertySet
from tests.hub.replication.test_both_ways import exchange
from tests.hub.replication.two_sides import FEED, TwoSides

JANE = {"CUST-NAME": "Jane Doe", "CUST-STAT": "A", "CONTACT-LAST": "Doe", "CREDIT-LIMIT": "100.00"}


@pytest.fixture
def jane(sides: TwoSides) -> TwoSides:
    """Both sides agree on Jane Doe."""
    return agreed(sides)


@pytest.fixture
def agreed_sqlite(sqlite: TwoSides) -> TwoSides:
    return agreed(sqlite)


def agreed(sides: TwoSides) -> TwoSides:
    sides.billing.add("1", JANE)
    exchange(sides)
    # The hub's clock stands while nobody moves it; billing takes a message only if it is newer.
    tick(sides)
    return sides


def tick(sides: TwoSides) -> None:
    sides.road.surroundings.sleep(2)


def told(sides: TwoSides) -> list[str]:
    with sides.open_hub.read() as transaction:
        return messages_in_words(sides.open_feed, transaction)


def conflicts(sides: TwoSides) -> list[tuple[str | None, str | None, str, Any, Any]]:
    with sides.open_hub.read() as transaction:
        found = sides.open_feed.decisions(transaction).conflicts(10, every=True)
    return [(each.field, each.conflict, each.outcome, each.ours, each.theirs) for each in found]


def test_a_change_of_the_hub_leaves_at_once_and_no_file_has_it_again(jane: TwoSides) -> None:
    jane.put("1", Phone_Number="509-555-0142")
    assert jane.pass_messages() == 2, "the record, and its answer"
    assert jane.billing.accounts()["1"][3] == "509-555-0142"
    assert [exchange(jane), exchange(jane), exchange(jane)] == [0, 0, 0]
    assert told(jane) == ["out: messages 1, records 1"]


def test_a_change_of_billing_is_taken_and_answered_and_no_file_has_it_again(jane: TwoSides) -> None:
    jane.billing.set("1", {"CUST-NAME": "Jane D. Doe"})
    assert jane.pass_messages() == 2, "the record, and its answer: it doesn't go back"
    assert jane.ours()["1"][0] == "Jane D. Doe"
    assert [exchange(jane), exchange(jane), exchange(jane)] == [0, 0, 0]
    assert told(jane) == ["in: messages 1, records 1"]


def test_new_and_deleted_records_travel_both_ways(jane: TwoSides) -> None:
    jane.billing.add("2", JANE | {"CUST-NAME": "two"})
    jane.put("3", Name="three", Status="Active")
    jane.pass_messages()
    assert jane.ours()["2"][0] == "two"
    assert jane.billing.accounts()["3"][0] == "three"
    tick(jane)
    jane.billing.delete("2")
    jane.put("3", Status="Closed")
    jane.pass_messages()
    assert jane.ours()["2"][1] == "Closed"
    assert set(jane.billing.accounts()) == {"1"}
    assert [exchange(jane), exchange(jane), exchange(jane)] == [0, 0, 0]


def test_a_contact_and_an_address_of_an_account_are_a_part_of_its_record(agreed_sqlite: TwoSides) -> None:
    sides = agreed_sqlite
    sides.set_last_name("1", "Roe")
    sides.pass_messages()
    assert sides.billing.accounts()["1"][10] == "Roe"
    tick(sides)
    write(sides, "Address", {"Address Id": "A-1", "City": "Tacoma"})
    write(sides, "Account", {"Account Id": "1", "Address Id": "A-1"})
    sides.pass_messages()
    tick(sides)
    write(sides, "Address", {"Address Id": "A-1", "City": "Spokane"})
    sides.pass_messages()
    assert sides.billing.accounts()["1"][6] == "Spokane"
    assert exchange(sides) == 0


def write(sides: TwoSides, name: str, values: dict[str, str | None]) -> None:
    with sides.open_hub.write() as transaction:
        transaction.store.upsert(message(name, [PropertySet(name, properties=values)]))


def test_a_lost_message_of_the_hub_is_repaired_by_the_next_file(jane: TwoSides) -> None:
    jane.put("1", Phone_Number="509-555-0142")
    jane.work()
    assert len(jane.leaving()) == 1, "and nobody hears it"
    assert told(jane) == ["out: messages 1, records 1, unanswered 1"]
    assert [exchange(jane), exchange(jane), exchange(jane)] == [1, 0, 0]
    assert jane.billing.accounts()["1"][3] == "509-555-0142"
    assert told(jane) == ["out: messages 1, records 1"]


def test_a_value_that_left_and_was_taken_back_is_repaired_although_its_message_was_lost(jane: TwoSides) -> None:
    """The message may have come: nobody knows which value billing has."""
    jane.put("1", Phone_Number="509-555-0142")
    jane.work()
    ((_, _, body),) = jane.leaving()
    jane.billing.hear(body)  # the answer is lost
    tick(jane)
    write(jane, "Account", {"Account Id": "1", "Phone Number": None})
    jane.work()
    assert len(jane.leaving()) == 1, "this message is lost, too"
    assert jane.billing.accounts()["1"][3] == "509-555-0142"
    assert [exchange(jane), exchange(jane), exchange(jane)] == [1, 0, 0]
    assert jane.billing.accounts()["1"][3] is None


@pytest.mark.parametrize("is_heard", [True, False], ids=["the deletion came", "the deletion is lost"])
def test_a_record_that_is_deleted_and_made_again_reaches_billing_although_nobody_answers(
    jane: TwoSides, is_heard: bool
) -> None:
    """Nobody knows whether billing has the record: a change of one that it doesn't have would be rejected for ever."""
    jane.put("1", Status="Closed")
    jane.work()
    ((_, _, deletion),) = jane.leaving()
    if is_heard:
        assert jane.billing.hear(deletion) is not None, "the answer is lost"
        assert jane.billing.accounts() == {}
    for phone in ("509-555-0142", "509-555-0143"):
        tick(jane)
        jane.put("1", Status="Active", Phone_Number=phone)
        jane.work()
        ((_, _, body),) = jane.leaving()  # each is lost
        assert body[:2] == b"DA"
    assert [exchange(jane), exchange(jane), exchange(jane)] == [1, 0, 0]
    assert jane.billing.accounts()["1"][3] == "509-555-0143"
    assert jane.billing.hear(deletion) is not None
    assert set(jane.billing.accounts()) == {"1"}, "the deletion comes too late"


def test_a_lost_message_of_billing_is_repaired_by_its_next_file(jane: TwoSides) -> None:
    jane.billing.set("1", {"CUST-NAME": "Jane D. Doe"})
    assert len(jane.billing.tell()) == 1
    assert [exchange(jane), exchange(jane), exchange(jane)] == [1, 0, 0]
    assert jane.ours()["1"][0] == "Jane D. Doe"


def test_a_message_that_repeats_the_file_or_comes_late_changes_nothing(jane: TwoSides) -> None:
    jane.billing.set("1", {"CUST-NAME": "first"})
    ((first, late),) = jane.billing.tell()
    jane.billing.set("1", {"CUST-NAME": "second"})
    ((second, newer),) = jane.billing.tell()
    jane.tell_hub(second, newer)
    exchange(jane)
    for number, body in ((first, late), ("again", newer)):
        row = jane.tell_hub(number, body)
        jane.work()
        assert jane.road.shown(row)["state"] == "filtered"
    assert jane.ours()["1"][0] == "second"
    assert exchange(jane) == 0


def test_a_file_that_a_message_has_overtaken_changes_nothing(jane: TwoSides) -> None:
    jane.billing.set("1", {"CUST-NAME": "first"})
    jane.billing.write()
    jane.billing.set("1", {"CUST-NAME": "second"})
    jane.pass_messages()
    jane.imported()
    assert jane.ours()["1"][0] == "second"
    (file,) = [batch for batch in jane.batches("in") if batch.number == 2]
    assert (file.records, file.conflicts, file.rejected) == (1, 1, 0), "an older state"


def test_both_sides_change_a_field_and_the_owner_decides_with_a_conflict(jane: TwoSides) -> None:
    jane.put("1", Status="Inactive", Name="the hub's")
    jane.billing.set("1", {"CUST-STAT": None, "CUST-NAME": "billing's"})
    jane.pass_messages()
    assert sorted(conflicts(jane)) == [
        ("Name", "update_differing", "partner wins", "the hub's", "billing's"),
        ("Status", "update_differing", "hub wins", "Inactive", None),
    ]
    exchange(jane)
    assert jane.billing.accounts()["1"][:2] == ("billing's", "I")
    assert jane.ours()["1"][:2] == ("billing's", "Inactive")
    assert [exchange(jane), exchange(jane)] == [0, 0]


def test_an_old_value_that_comes_back_while_the_new_one_is_on_its_way_is_named(jane: TwoSides) -> None:
    """Nobody knows whether a user of billing has set the old value again, or hadn't got the new one."""
    jane.put("1", Phone_Number="509-555-0142")
    jane.work()
    ((_, _, body),) = jane.leaving()
    jane.billing.hear(body)  # the answer is lost
    jane.billing.set("1", {"PHONE": None})
    ((number, told_back),) = jane.billing.tell()
    jane.tell_hub(number, told_back)
    jane.work()
    assert conflicts(jane) == [("Phone Number", "update_differing", "hub wins", "509-555-0142", None)]
    jane.pass_messages()
    exchange(jane)
    assert [exchange(jane), exchange(jane)] == [0, 0]
    assert jane.billing.accounts()["1"][3] == jane.ours()["1"][3] == "509-555-0142"


def test_a_message_is_merged_while_a_file_is_held_and_the_file_finds_it_older(agreed_sqlite: TwoSides) -> None:
    sides = agreed_sqlite
    for number in range(2, 60):
        sides.billing.add(str(number), JANE)
    sides.billing.set("1", {"CUST-NAME": "in the file"})
    sides.billing.write()
    assert sides.imported() == ["ACCOUNTS.00000002.txt held"]
    sides.billing.set("1", {"CUST-NAME": "in the message"})
    sides.pass_messages()
    assert sides.ours()["1"][0] == "in the message"
    with sides.open_hub.write() as transaction:
        release(sides.open_feed, transaction, "operator", "looked at")
    assert sides.imported() == ["ACCOUNTS.00000002.txt done"]
    assert sides.ours()["1"][0] == "in the message"


def test_a_record_that_came_by_message_is_not_missing_in_an_older_full_file(agreed_sqlite: TwoSides) -> None:
    sides = agreed_sqlite
    sides.billing.write(full=True)
    sides.billing.add("2", JANE)
    sides.pass_messages()
    sides.imported()
    (full,) = [batch for batch in sides.batches("in") if batch.kind == "full"]
    assert full.missing == 0


def test_a_message_with_the_name_of_a_file_that_is_held_leaves_the_file_alone(agreed_sqlite: TwoSides) -> None:
    """The partner chooses the ids of its messages, and the names of its files."""
    sides = agreed_sqlite
    for number in range(2, 60):
        sides.billing.add(str(number), JANE)
    sides.billing.write()
    assert sides.imported() == ["ACCOUNTS.00000002.txt held"]
    sides.billing.set("1", {"CUST-NAME": "Jane D. Doe"})
    ((_, body),) = sides.billing.tell()
    sides.tell_hub("ACCOUNTS.00000002.txt", body)
    sides.work()
    assert sides.imported() == ["ACCOUNTS.00000002.txt held"]
    with sides.open_hub.write() as transaction:
        release(sides.open_feed, transaction, "operator", "looked at")
    assert sides.imported() == ["ACCOUNTS.00000002.txt done"]
    assert [path.name for path in (sides.folder / "done").iterdir() if "00000002" in path.name]


def test_a_change_that_the_next_file_tells_of_is_in_flight_though_a_message_told_of_a_later_one(
    agreed_sqlite: TwoSides,
) -> None:
    sides = agreed_sqlite
    sides.billing.add("2", JANE)
    exchange(sides)
    sides.billing.set("1", {"CUST-NAME": "its message is lost"})
    sides.billing.tell()
    sides.billing.set("2", {"CUST-NAME": "its message comes"})
    sides.pass_messages()
    extract = io.BytesIO(sides.billing.extract())
    differences = Reconciliation(sides.open_feed).reconcile(extract, "extract").differences
    assert [(name, each.key, each.field) for name, each in differences] == [("in flight", "1", "Name")]
    exchange(sides)
    assert sides.ours()["1"][0] == "its message is lost"


def test_a_rejected_record_is_answered_with_its_reason_and_stands_in_the_report(agreed_sqlite: TwoSides) -> None:
    sides = agreed_sqlite
    sides.billing.set("1", {"CUST-STAT": "X"})
    ((number, body),) = sides.billing.tell()
    sides.tell_hub(number, body)
    sides.work()
    ((_, answers, answer),) = sides.leaving()
    assert answers == number
    assert answer.decode()[:100].split() == ["A0000000011", "REJECTEDCodeUnknown", "the", "code", "'X'", "of", "CUST-S"]
    assert told(sides) == ["in: messages 1, records 1, rejected 1"]
    assert sides.ours()["1"][1] == "Active"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "FeedMessageWrong"),
        (b"H00000001DELTA 00000000".ljust(292) + b"\n", "FeedMessageWrong"),
        (b"Z".ljust(292) + b"\n", "RecordTypeUnknown"),
        (b"A0000000011".ljust(30) + b"ACCEPTED".ljust(262) + b"\n", "FeedAnswerUnasked"),
    ],
)
def test_a_message_that_cannot_be_one_is_refused(sqlite: TwoSides, body: bytes, reason: str) -> None:
    row = sqlite.tell_hub("M-1", body)
    sqlite.work()
    shown = sqlite.road.shown(row)
    assert (shown["state"], shown["error"]["reason"]) in {("invalid", reason), ("rejected", reason)}


def test_why_a_value_is_there_names_the_message(agreed_sqlite: TwoSides) -> None:
    sides = agreed_sqlite
    sides.billing.set("1", {"CUST-NAME": "Jane D. Doe"})
    sides.pass_messages()
    with sides.open_hub.read() as transaction:
        why = explain(sides.open_feed, transaction, "1", "Name")[0]
    assert (why["message"], why["record"], why["bytes"], why["value"]) == ("B-00000001", 1, "1 to 292", "Jane D. Doe")
    assert why["because"] == "only the partner had changed it: its value was taken"


def test_a_person_s_decision_leaves_at_once(agreed_sqlite: TwoSides) -> None:
    sides = agreed_sqlite
    sides.set_last_name("1", "Roe")
    sides.billing.set("1", {"CONTACT-LAST": "Miller"})
    sides.pass_messages()
    tick(sides)
    with sides.open_feed.write() as transaction:
        (conflict,) = sides.open_feed.decisions(transaction).conflicts(10)
        decide_conflict(sides.open_feed, transaction, conflict.seq, "ours", None, "person", "asked")
    sides.pass_messages()
    assert sides.billing.accounts()["1"][10] == sides.ours()["1"][10] == "Roe"
    assert exchange(sides) == 0


def test_a_paused_feed_takes_no_message_and_sends_none(agreed_sqlite: TwoSides) -> None:
    sides = agreed_sqlite
    with sides.open_hub.write() as transaction:
        transaction.messages.control.pause(f"feed {FEED}")
    sides.put("1", Phone_Number="509-555-0142")
    sides.billing.set("1", {"CUST-NAME": "Jane D. Doe"})
    sides.pass_messages()
    assert sides.ours()["1"][0] == "Jane Doe"
    assert sides.billing.accounts()["1"][3] is None
    with sides.open_hub.write() as transaction:
        transaction.messages.control.resume(f"feed {FEED}")
    sides.pass_messages()
    assert sides.ours()["1"][0] == "Jane D. Doe"
    exchange(sides)
    assert sides.billing.accounts()["1"][3] == "509-555-0142"


def test_a_load_of_many_records_is_left_to_the_file(agreed_sqlite: TwoSides) -> None:
    sides = agreed_sqlite
    accounts = [
        PropertySet("Account", properties={"Account Id": f"L{number}", "Name": "loaded", "Status": "Active"})
        for number in range(MOST_CHANGED + 1)
    ]
    with sides.open_hub.write() as transaction:
        transaction.store.upsert(message("Account", accounts))
    assert sides.pass_messages() == 0


@pytest.fixture
def over_rabbitmq(private_rabbitmq: Any, tmp_path: Any) -> Iterator[TwoSides]:
    two = TwoSides(tmp_path, broker_url=private_rabbitmq.url, real=True)
    yield two
    two.close()


def test_messages_travel_over_rabbitmq_in_both_directions(over_rabbitmq: TwoSides, private_rabbitmq: Any) -> None:
    sides = over_rabbitmq
    sides.billing.add("1", JANE)
    exchange(sides)
    sides.put("2", Name="two", Status="Active")
    sides.billing.set("1", {"CUST-NAME": "Jane D. Doe"})
    ((number, body),) = sides.billing.tell()
    with closing(pika.BlockingConnection(pika.URLParameters(private_rabbitmq.url))) as stranger:
        channel = stranger.channel()
        sides.road.run()
        publish(channel, number, body, None)
        sides.road.run()
        heard = 0
        while (got := channel.basic_get("billing.accounts.to", auto_ack=True))[0] is not None:
            heard += 1
            answer = sides.billing.hear(got[2])
            if answer is not None:
                publish(channel, f"answer {got[1].message_id}", answer, got[1].message_id)
        sides.road.run()
    assert heard == 2, "a record, and the answer to billing's"
    assert sides.ours()["1"][0] == "Jane D. Doe"
    assert sides.billing.accounts()["2"][0] == "two"
    assert exchange(sides) == 0


def publish(channel: Any, number: str, body: bytes, answers: str | None) -> None:
    properties = pika.BasicProperties(message_id=number, correlation_id=answers)
    channel.basic_publish("", "billing.accounts.from", body, properties)
