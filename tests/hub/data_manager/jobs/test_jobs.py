"""Jobs: a frozen choice, a preview, stages that stop at a new error, and no message twice, whoever dies."""

from __future__ import annotations

import json
import os
import signal

import pytest
from sqlalchemy import event

from adapters.database.messages.message_filter import MessageFilter, OutboundFilter
from hub.data_manager.jobs.actions import ACTIONS
from hub.data_manager.jobs.edit import Edit
from hub.data_manager.jobs.making import JobElsewhere, OneBodyManyMessages, ReasonMissing, make_job, start_job
from hub.data_manager.jobs.preview import preview
from hub.data_manager.jobs.work import AT_ONCE, JobWork
from hub.data_manager.open_hub import OpenHub
from integration_objects.errors import Refused
from tests.road import Road, mainframe_line, mainframe_order, sample

#: a customer whom nobody has loaded yet
STRANGER = "100999"
GOOD, BAD = "LCLLN001", "FAXXX001"


def refused_orders(road, number, customer=STRANGER, product=GOOD, first=1):
    """Send orders that are refused; return their ids."""
    ids = [
        road.send(mainframe_order(f"{place}", mainframe_line(1, "A", product, ref=f"L{place}"), customer=customer))
        for place in range(first, first + number)
    ]
    road.run()
    return ids


def load_stranger(road):
    """Load the account for want of which the orders were refused."""
    account = sample("accounts.xml").decode().split("<Account>")[1].replace("1-A", "1-X").replace("100200", STRANGER)
    head, tail = sample("accounts.xml").decode().split("<Account>", 1)[0], "</ListOfAccount></Message>"
    road.load(f"{head}<Account>{account}{tail}")


def made(road, action, chosen_by=MessageFilter(), edit=None):  # noqa: B008  # frozen
    with road.open_hub.write() as transaction:
        return make_job(transaction, ACTIONS[action], chosen_by, "ann", edit=edit)


def started(road, action, chosen_by=MessageFilter(), edit=None, **how):  # noqa: B008  # frozen
    job = made(road, action, chosen_by, edit)
    with road.open_hub.write() as transaction:
        return start_job(transaction, job.id, "the account was missing", "ann", **how)


def shown(road, job):
    with road.open_hub.read() as transaction:
        jobs = transaction.messages.jobs
        counts = {state: number for state, number in jobs.counts(job.id).items() if number}
        return jobs.known(job.id), counts


def step(road):
    return JobWork(road.open_hub).step()


def test_a_job_replays_what_was_chosen_and_nothing_that_came_later(road):
    ids = refused_orders(road, 3)
    job = made(road, "replay", MessageFilter(reason="AccountUnknown"))
    later = refused_orders(road, 1, first=9)
    load_stranger(road)
    with road.open_hub.write() as transaction:
        start_job(transaction, job.id, "  the account was missing ", "bob", stages=())
    road.run()
    job, counts = shown(road, job)
    assert (job.state, counts) == ("done", {"succeeded": 3})
    assert (job.made_by, job.started_by, job.reason) == ("ann", "bob", "the account was missing")
    assert [(road.shown(id)["state"], road.shown(id)["replays"]) for id in ids] == [("done", 1)] * 3
    assert road.shown(later[0])["state"] == "rejected"
    with road.open_hub.read() as transaction:
        (of_message,) = transaction.messages.jobs.of_message(ids[0])
    assert (of_message["id"], of_message["item_state"]) == (job.id, "succeeded")


def test_a_preview_tells_what_changes_what_stays_and_what_fails_now_and_does_nothing(road):
    unknown = refused_orders(road, 3)
    (in_map,) = refused_orders(road, 1, "100300", BAD, first=7)
    # The same line again, with another one behind it: it would be refused for another reason than before.
    job = made(road, "replay")
    before = [road.shown(id) for id in (*unknown, in_map)]
    found = preview(road.open_hub, job, 2)
    assert (found.total, found.rehearsed, found.kinds) == (4, 2, {"same": 2, "changed": 0, "now fails": 0})
    load_stranger(road)
    found = preview(road.open_hub, job, 99)
    assert found.kinds == {"same": 1, "changed": 3, "now fails": 0}
    assert found.reasons == {"NotInLookup": 1}
    assert [road.shown(id) for id in (*unknown, in_map)] == before
    assert road.stored("OM Order") == []
    assert shown(road, job)[0].preview["kinds"] == found.kinds
    edited = made(road, "resubmit", MessageFilter(reason="AccountUnknown"), Edit(((GOOD, BAD),)))
    assert preview(road.open_hub, edited, 99).kinds == {"same": 0, "changed": 0, "now fails": 3}


def test_a_stage_waits_for_the_one_before_it_and_a_new_error_stops_the_job(road):
    refused_orders(road, 5)
    load_stranger(road)
    # One of the first stage fails for a reason that no message of the job had before.
    job = started(
        road, "resubmit", MessageFilter(reason="AccountUnknown"), Edit((("<ORD-NO>2<", "<ORD-NO><"),)), stages=(2, 2)
    )
    assert step(road) == 2
    assert step(road) == 0, "the second stage waits"
    road.run()
    job, counts = shown(road, job)
    # The first order is left as it was by the edit: skipped, which is no error of the message.
    assert job.state == "stopped"
    assert counts == {"skipped": 1, "failed": 1, "waiting": 3}
    assert job.stopped_by is not None
    assert road.shown(job.stopped_by["message"])["reason"] == job.stopped_by["reason"]
    road.run()
    assert shown(road, job)[1]["waiting"] == 3, "a stopped job stays where it is"
    with road.open_hub.write() as transaction:
        assert transaction.messages.jobs.resume(job)
    road.run()
    job, counts = shown(road, job)
    assert (job.state, counts) == ("done", {"skipped": 4, "failed": 1})


def test_messages_that_fail_again_as_before_are_listed_and_do_not_stop_the_job(road, command):
    ids = refused_orders(road, 12)
    job = started(road, "replay")
    road.run()
    job, counts = shown(road, job)
    assert (job.state, counts) == ("done", {"failed": 12})
    told = json.loads(command("job", "show", job.id, "--json").out)
    assert told["failures"] == {"AccountUnknown": 12}
    assert [item["message"] for item in told["listed"]] == ids


def test_an_edited_message_is_one_of_its_own_and_answers_the_sender(road):
    (id,) = refused_orders(road, 1, "100300", BAD)
    road.take("mainframe.answers")
    job = started(road, "resubmit", edit=Edit(((BAD, GOOD),)))
    road.run()
    job, counts = shown(road, job)
    assert (job.state, counts) == ("done", {"succeeded": 1})
    with road.open_hub.read() as transaction:
        (item,) = transaction.messages.jobs.items(job.id)
    assert road.shown(id)["state"] == "rejected"
    assert road.shown(item.result)["state"] == "done"
    (answer,) = road.take("mainframe.answers")
    assert (answer.message.inbox_id, answer.message.correlation_id) == (item.result, "MF-1-1")
    assert road.counts() == {"done": 1, "rejected": 1}


def test_a_rate_lets_messages_go_one_after_the_other(road):
    refused_orders(road, 3)
    load_stranger(road)
    job = started(road, "replay", rate=60)
    # A message a second: the test's clock goes on by some seconds with each reading, and never by a minute.
    assert step(road) == 1
    with road.open_hub.read() as transaction:
        due = transaction.messages.jobs.known(job.id).due_at
    assert due is not None
    assert due > road.open_hub.surroundings.now()[:19]
    road.run()
    assert shown(road, job)[0].state == "done"


def test_a_cancelled_job_leaves_what_was_waiting(road, command):
    ids = refused_orders(road, 4)
    job = started(road, "replay", stages=(1,))
    step(road)
    assert command("job", "cancel", job.id).err == f"{job.id}: cancelled\n"
    road.run()
    assert [road.shown(id)["replays"] for id in ids] == [1, 0, 0, 0]
    assert "reason: JobElsewhere" in command("job", "cancel", job.id, expect=1).err
    assert "reason: JobElsewhere" in command("job", "resume", job.id, expect=1).err


def test_messages_that_cannot_leave_are_resent_or_given_up_together(road):
    refused_orders(road, 2, "100300")
    with road.open_hub.write() as transaction:
        outbox = transaction.messages.outbox
        waiting = outbox.waiting("provisioning.work_orders", 10)
        for row in waiting:
            outbox.set_aside("provisioning.work_orders", row.id, {"reason": "Odd", "what": "it can't leave"})
    chosen_by = OutboundFilter(reason="Odd", destination="provisioning.work_orders")
    assert preview(road.open_hub, made(road, "resend", chosen_by), 9).kinds["changed"] == 2
    job = started(road, "resend", chosen_by)
    step(road)
    assert shown(road, job)[1] == {"at work": 2}
    assert len(road.take("provisioning.work_orders")) == 2
    step(road)
    assert shown(road, job)[0].state == "done"
    with road.open_hub.write() as transaction, pytest.raises(Refused, match="no message fits"):
        make_job(transaction, ACTIONS["give up outbound"], chosen_by, "ann")
    given_up = started(road, "give up outbound", OutboundFilter(destination="mainframe.answers"))
    step(road)
    assert shown(road, given_up)[1] == {"succeeded": 2}
    assert road.take("mainframe.answers") == []


def test_messages_that_have_ended_are_noted_while_one_before_them_is_at_work(road):
    refused_orders(road, 2, "100300")
    job = started(road, "resend", OutboundFilter(destination="provisioning.work_orders"))
    step(road)
    with road.open_hub.write() as transaction:
        outbox = transaction.messages.outbox
        _, second = outbox.waiting("provisioning.work_orders", 10)
        assert outbox.give_up(second.id)
    assert step(road) == 1
    assert shown(road, job)[1] == {"at work": 1, "failed": 1}


def test_parked_messages_are_given_up_together_and_their_senders_told(road):
    ids = [road.send(mainframe_order(f"{place}", mainframe_line(1, "A", GOOD), revision=2)) for place in (1, 2)]
    road.run()
    assert {road.shown(id)["state"] for id in ids} == {"parked"}
    road.take("mainframe.answers")
    job = started(road, "give up")
    step(road)
    assert (shown(road, job)[0].state, shown(road, job)[1]) == ("done", {"succeeded": 2})
    assert {road.shown(id)["state"] for id in ids} == {"dead"}
    assert len(road.take("mainframe.answers")) == 2


def test_a_job_wants_a_reason_a_first_start_and_one_message_for_one_body(road):
    refused_orders(road, 2)
    job = made(road, "replay")
    with road.open_hub.write() as transaction:
        with pytest.raises(ReasonMissing):
            start_job(transaction, job.id, "   ", "ann")
        start_job(transaction, job.id, "why", "ann")
        with pytest.raises(JobElsewhere):
            start_job(transaction, job.id, "again", "ann")
    with pytest.raises(OneBodyManyMessages), road.open_hub.write() as transaction:
        make_job(transaction, ACTIONS["resubmit"], MessageFilter(), "ann", edit=Edit(body=b"<x/>"))


def test_a_job_is_worked_on_postgresql_by_one_process_at_a_time(tmp_path, postgresql_database):
    road = Road(tmp_path, database_url=postgresql_database._url.render_as_string(hide_password=False)).load_samples()
    ids = refused_orders(road, 3)
    job = made(road, "replay", MessageFilter(reason="AccountUnknown"))
    assert preview(road.open_hub, job, 9).kinds == {"same": 3, "changed": 0, "now fails": 0}
    load_stranger(road)
    assert preview(road.open_hub, job, 9).kinds == {"same": 0, "changed": 3, "now fails": 0}
    with road.open_hub.write() as transaction:
        start_job(transaction, job.id, "the account was missing", "ann", stages=())
    with road.open_hub.write() as transaction:
        assert transaction.messages.jobs.claim(job.id) is not None
        # Another process: its own connections, on the same database.
        other = OpenHub(road.open_hub.deployment, road.surroundings)
        assert JobWork(other).step() == 0
        other.close()
    road.run()
    assert shown(road, job)[1] == {"succeeded": 3}
    assert [road.shown(id)["replays"] for id in ids] == [1, 1, 1]
    with road.open_hub.read() as transaction:
        keys = transaction.messages.message_keys.named("service id", "L1")
        found = transaction.messages.listing(MessageFilter(keys=transaction.messages.message_keys.named("order", "1")))
    assert keys[0] == ("service id", "l1")
    assert ids[0] in [row["id"] for row in found]
    road.close()


def test_a_job_that_is_killed_at_any_statement_puts_no_message_back_twice(road):
    number = AT_ONCE + 3
    ids = refused_orders(road, number)
    job = started(road, "replay", stages=(2,))
    deaths = 0
    for statement in (3, 5, 6, 7, 9, 11, 14, 20, 27, 33, 40):
        child = os.fork()
        if child == 0:
            _die_at(road, statement)
        status = os.waitpid(child, 0)[1]
        assert status in (signal.SIGKILL, 0)
        deaths += status == signal.SIGKILL
        with road.open_hub.read() as transaction:
            items = transaction.messages.jobs.items(job.id, limit=number)
        # The item and the message are written together, or neither is.
        at_work = {item.message for item in items if item.state != "waiting"}
        assert {id for id in ids if road.shown(id)["replays"] == 1} == at_work
        assert all(road.shown(id)["replays"] <= 1 for id in ids)
    assert deaths >= 5
    road.run()
    assert shown(road, job)[1] == {"failed": number}
    assert {road.shown(id)["replays"] for id in ids} == {1}


def _die_at(road, statement):
    """Do one step of the jobs in this forked process, and die at a statement of it; never returns."""
    open_hub = OpenHub(road.open_hub.deployment, road.surroundings)
    counted = iter(range(1, 1_000))

    def count(*_):
        if next(counted) == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(open_hub.database._engine, "before_cursor_execute", count)
    JobWork(open_hub).step()
    os._exit(0)
