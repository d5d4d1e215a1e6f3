"""What commits when: repeats, retries, parked messages, deaths, and who may have its answer where."""

from __future__ import annotations

import dataclasses

import pytest

from adapters.database.connection.driver_faults import DatabaseBusy
from adapters.database.messages.outbox import OutboxMessage
from adapters.files import hold_name
from adapters.transport import Delivery, Envelope
from hub.data_manager import data_manager
from hub.data_manager.lone_work import LoneWork
from hub.services.module_licensed import Licence
from hub.workflow_manager.outcome import Outcome
from integration_objects.errors import Retryable
from schemas.check import parse
from tests.road import mainframe_line, mainframe_order


@pytest.fixture
def workflow(road):
    """Put a function in the place of a route's workflow, for a test."""
    routes = road.open_hub.deployment.routes

    def put(function, route="hub_object"):
        changed = dataclasses.replace(routes[route].workflow, function=function, accounts=lambda run, tree: set())
        object.__setattr__(routes[route], "workflow", changed)

    return put


def account(key):
    instance = f"<Account><AccountId>{key}</AccountId></Account>"
    return f'<Message IntObjectName="Account"><ListOfAccount>{instance}</ListOfAccount></Message>'


ACCOUNT = account("Z")


def state(road, row_id):
    shown = road.shown(row_id)
    return shown["state"], shown["reason"], shown["attempts"]


def test_the_worlds_fault_is_tried_again_with_delays_and_parked_after_the_last(road, workflow):
    calls = []

    def fail(run, tree):
        calls.append(run.now())
        raise Retryable("the disk is full", mend="mend it")

    workflow(fail)
    row_id = road.send(ACCOUNT, "hub_object", "M1")
    assert not road.run()  # the clock of the test runs on by itself
    assert state(road, row_id)[:2] == ("parked", "Retryable")
    assert len(calls) == 6  # the first try, and after 1, 5, 30, 120 and 600 seconds


def test_a_fault_that_nobody_foresaw_parks_the_message_and_tells_no_traceback(road, workflow):
    workflow(lambda run, tree: 1 / 0)
    row_id = road.send(ACCOUNT, "hub_object", "M1")
    assert not road.run()
    shown = road.shown(row_id)
    assert (shown["state"], shown["reason"], shown["waits_for"]) == ("parked", "Unexpected", None)
    assert shown["error"]["why"] == "ZeroDivisionError: division by zero"


def test_what_a_failed_run_wrote_is_gone_and_the_rest_of_its_group_stands(road, workflow):
    def write_and_fail(run, tree):
        run.effects.upsert(tree)
        run.effects.emit("OM Billing Event", tree)
        if run.origin.message_id == "BAD":
            raise Retryable("after the write", mend="mend it")
        return Outcome()

    workflow(write_and_fail)
    good = road.send(account("G"), "hub_object", "GOOD")
    bad = road.send(ACCOUNT, "hub_object", "BAD")
    road.manager.work(25)
    assert state(road, bad)[0] in ("retrying", "parked")
    assert road.stored("Account", Account_Id="Z") == []
    assert state(road, good)[0] in ("retrying", "parked", "done")


def test_a_message_behind_a_parked_one_of_its_key_waits_and_goes_on_when_it_is_given_up(road, workflow):
    first = road.send(mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="A")))
    second = road.send(mainframe_order("2", mainframe_line(1, "A", "LCLLN001", ref="B")))
    other = road.send(mainframe_order("3", mainframe_line(1, "A", "LCLLN001", ref="C"), customer="100200"))
    real = road.open_hub.deployment.routes["mainframe_order"].workflow.function
    workflow(lambda run, tree: 1 / 0 if run.origin.identity == "MF-1-1" else real(run, tree), route="mainframe_order")
    assert not road.run()
    assert [road.shown(one)["state"] for one in (first, second, other)] == ["parked", "received", "done"]
    assert road.manager.give_up(first)
    road.run()
    assert [road.shown(one)["state"] for one in (first, second)] == ["dead", "done"]
    [answer] = [parse(row.message.body) for row in road.left("mainframe.answers") if b"GivenUp" in row.message.body]
    assert answer.findtext("ERR/REASON") == "GivenUp"


def die_with(road, *row_ids, computed=""):
    """Leave behind what a process does that dies with these messages in hand; let the next process take them up."""
    with road.open_hub.write() as transaction:
        transaction.messages.work_marks.take(row_ids)
    road.open_hub.lone_work.left = computed
    assert road.manager.take_up() == len(row_ids)
    assert road.manager.take_up() == 0, "a death is counted once"


def deaths(road, row_id):
    with road.open_hub.read() as transaction:
        row = transaction.messages.inbox.row(row_id)
    return row.state, row.deaths, row.died_at is not None


def test_a_message_that_kills_processes_is_tried_again_alone_and_later_each_time_then_parked(road):
    row_id = road.send(ACCOUNT, "hub_object", "M1")
    for number, delay in enumerate((1, 5, 30, 120, 600), 1):
        before = road.surroundings.later(delay)
        die_with(road, row_id, computed=row_id)
        assert deaths(road, row_id) == ("retrying", number, True)
        assert before < road.shown(row_id)["due_at"] < road.surroundings.later(delay)
        road.surroundings.sleep(delay)
    die_with(road, row_id, computed=row_id)
    shown = road.shown(row_id)
    assert (shown["state"], shown["reason"]) == ("parked", "ProcessDied")
    assert shown["error"]["mend"] == f"find out why, then `orderhub messages replay {row_id}` or `give-up {row_id}`"


def test_a_death_counts_for_the_message_that_was_computed_alone_only(road):
    first, second = (road.send(ACCOUNT, "hub_object", name) for name in ("M1", "M2"))
    for _ in range(10):
        die_with(road, first, second)
        die_with(road, first)
    assert deaths(road, first) == deaths(road, second) == ("received", 0, True)
    die_with(road, first, second, computed=second)
    assert deaths(road, first) == ("received", 0, True)
    assert deaths(road, second) == ("retrying", 1, True)
    assert road.run()


def test_without_a_note_the_only_message_in_hand_is_taken_for_the_cause(road):
    first, second = (road.send(ACCOUNT, "hub_object", name) for name in ("M1", "M2"))
    die_with(road, first, second, computed=None)
    die_with(road, second, computed=None)
    assert [deaths(road, one)[:2] for one in (first, second)] == [("received", 0), ("retrying", 1)]


def test_deaths_fade(road):
    row_id = road.send(ACCOUNT, "hub_object", "M1")
    for _ in range(10):
        die_with(road, row_id, computed=row_id)
        assert deaths(road, row_id) == ("retrying", 1, True)
        road.surroundings.sleep(2 * 3_600)


def test_a_message_is_noted_while_it_is_computed_alone_and_not_while_it_waits(road, workflow, tmp_path):
    """Neither a message beside others is noted, nor one that waits for a lock."""
    held = hold_name(tmp_path / "names", ["worker-1"])
    road.open_hub.lone_work = LoneWork(held)
    seen = []

    def look(run, tree):
        with run.effects.waiting():
            seen.append(held.note())
        seen.append(held.note())
        return Outcome()

    workflow(look)
    row_id = road.send(ACCOUNT, "hub_object", "M1")
    assert road.run()
    assert seen == ["", row_id]
    assert held.note() == ""
    for name in ("M2", "M3"):
        road.send(ACCOUNT, "hub_object", name)
    assert road.run()
    assert seen[2:] == ["", "", "", ""]
    held.release()


def test_a_message_that_lacks_memory_beside_others_is_worked_alone(road, workflow):
    """The others are worked, and nothing is taken for a fault that nobody foresaw."""
    calls = []

    def fill(run, tree):
        calls.append(run)
        if len(calls) == 2:
            raise MemoryError
        return Outcome()

    workflow(fill)
    row_ids = [road.send(ACCOUNT, "hub_object", name) for name in ("M1", "M2", "M3")]
    road.manager.work(25)
    assert [state(road, one) for one in row_ids] == [("done", None, 1), ("received", None, 0), ("done", None, 1)]
    assert road.run()
    assert [state(road, one) for one in row_ids] == [("done", None, 1)] * 3


def test_a_message_that_lacks_memory_even_alone_is_tried_again_and_parked(road, workflow):
    workflow(_raise(MemoryError()))
    row_id = road.send(ACCOUNT, "hub_object", "M1")
    assert not road.run()
    assert state(road, row_id) == ("parked", "OutOfMemory", 6)


def test_the_messages_that_are_worked_together_are_bounded_by_bytes(road, monkeypatch):
    """The trees of a group are in memory together; a message that is too large for any group is worked by itself."""
    monkeypatch.setattr(data_manager, "GROUP_BYTES", 2 * len(ACCOUNT))
    row_ids = [road.send(ACCOUNT, "hub_object", f"M{number}") for number in range(5)]
    large = road.send(ACCOUNT + " " * 10 * len(ACCOUNT), "hub_object", "large")
    assert [road.manager.work(25) for _ in range(5)] == [2, 2, 1, 1, 0]
    assert [road.shown(one)["state"] for one in (*row_ids, large)] == ["done"] * 6


def test_a_large_delivery_is_filed_and_worked_in_its_turn(road, monkeypatch):
    monkeypatch.setattr(data_manager, "GROUP_BYTES", 2 * len(ACCOUNT))
    route = road.open_hub.deployment.routes["hub_object"]
    deliveries = [
        (route, Delivery(Envelope(f"M{number}", ACCOUNT.encode()), route.place, "broker", route.place))
        for number in range(3)
    ]
    filed = road.manager.take(deliveries)
    assert [road.shown(one.row_id)["state"] for one in filed] == ["done", "done", "received"]
    assert road.run()


def test_a_fault_in_the_search_for_accounts_is_the_fault_of_its_message_only(road):
    """Whoever wrote the workflow: the others of the group are worked."""
    route = road.open_hub.deployment.routes["hub_object"]
    tried = []

    def accounts(run, tree):
        tried.append(tree)
        if len(tried) == 1:
            raise ZeroDivisionError("by a deployment's own code")
        return set()

    object.__setattr__(route, "workflow", dataclasses.replace(route.workflow, accounts=accounts))
    first, second = (road.send(ACCOUNT, "hub_object", name) for name in ("M1", "M2"))
    road.run()
    assert [state(road, one)[:2] for one in (first, second)] == [("parked", "Unexpected"), ("done", None)]


def test_a_busy_database_is_no_death_and_gets_its_retry(road, monkeypatch):
    row_id = road.send(ACCOUNT, "hub_object", "M1")
    monkeypatch.setattr(road.manager, "_work_claimed", _raise(DatabaseBusy("locked", database="", cause="")))
    assert road.manager.work(25) == 1
    assert state(road, row_id)[:2] == ("retrying", "DatabaseBusy")
    monkeypatch.undo()
    assert road.run()
    assert road.shown(row_id)["state"] == "done"


def _raise(error):
    def fail(*arguments):
        raise error

    return fail


def test_a_paused_route_keeps_what_it_was_killed_on(road):
    row_id = road.send(ACCOUNT, "hub_object", "M1")
    with road.open_hub.write() as transaction:
        transaction.messages.work_marks.take([row_id])
        transaction.messages.control.pause("route:hub_object", "by hand")
    road.open_hub.lone_work.left = ""
    road.run()
    assert road.shown(row_id)["state"] == "received"


def test_routes_take_turns(road):
    """One message at a time: a steady flow on one route doesn't keep another's waiting."""
    for number in range(10):
        road.send(ACCOUNT, "hub_object", f"M{number}")
    order = road.send(mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="A")))
    for _ in range(len(road.manager.routes)):
        road.manager.work(1)
    assert road.shown(order)["state"] == "done"


def test_an_answer_after_a_replay_has_another_id_than_the_refusal(road):
    row_id = road.send(mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="A"), customer="777"))
    road.run()
    road.load(account("777"))
    with road.open_hub.write() as transaction:
        assert transaction.messages.inbox.replay(row_id)
    road.run()
    first, second = [row.message for row in road.left("mainframe.answers")]
    assert [parse(one.body).findtext("STATE") for one in (first, second)] == ["REJ", "OK"]
    assert first.message_id != second.message_id


@pytest.mark.parametrize("reply_to", ["folder:mine", "answer:mainframe/x.xml", "billing.events"])
def test_an_answer_goes_only_where_the_route_allows(road, reply_to):
    road.work(ACCOUNT, "hub_object", "M1", reply_to=reply_to)
    assert [row.message.kind for row in road.left("hub.answers")] == ["reply"]
    assert road.left(reply_to) == []


def test_a_reused_id_on_an_inner_channel_gets_its_dead_letter_too(road):
    for body in (b"<a/>", b"<b/>"):
        with road.open_hub.write() as transaction:
            from adapters.database.messages.outbox import OutboxMessage

            transaction.messages.outbox.emit(OutboxMessage("SAME", "hub.objects", "outbound", body))
        road.run()
    assert [row.message.headers["x-orderhub-reason"] for row in road.left("hub_object.dead-letter")][
        -1
    ] == "MessageIdReused"
    assert road.counts()["rejected"] == 1


def test_parts_of_an_envelope_that_no_door_carries_make_it_invalid_and_it_is_kept(road):
    from adapters.transport import admit

    envelope, fault = admit(Envelope("M1", ACCOUNT.encode(), correlation_id="a\x00b"))
    delivery = Delivery(envelope, "hub.objects", "local", "test", fault=fault)
    filed = road.manager.file(road.open_hub.deployment.routes["hub_object"], [delivery])[0]
    assert (road.shown(filed.row_id)["state"], road.shown(filed.row_id)["reason"]) == ("invalid", "EnvelopeRefused")


def test_an_object_that_no_system_takes_waits_for_an_operator(road):
    road.load(
        '<Message IntObjectName="Product"><ListOfProduct><Product><ProductId>Internet Access</ProductId>'
        "<FulfilmentSystem>Nobody</FulfilmentSystem></Product></ListOfProduct></Message>"
    )
    shown = road.work(mainframe_order("1", mainframe_line(1, "A", "INTRN001", ref="I")))
    assert (shown["state"], shown["reason"]) == ("parked", "NobodyTakes")
    assert road.stored("OM Order") == []


def test_a_workflow_whose_module_is_not_licensed_refuses_to_start_and_nothing_is_lost(road):
    """The route stops, the message keeps its place; with the licence mended it goes on."""
    licence = Licence(modules=("Quotes",))
    road.open_hub.__dict__["runtime"] = dataclasses.replace(road.open_hub.runtime, licence=licence)
    row_id = road.send(mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="L")))
    road.run()
    assert road.shown(row_id)["state"] == "received"
    with road.open_hub.write() as transaction:
        [component] = transaction.messages.control.components()
        assert (component["name"], component["state"]) == ("route:mainframe_order", "paused")
        assert component["why"].startswith("ModuleNotLicensed: the workflow 'Receive Order' can't start")
        transaction.messages.control.resume("route:mainframe_order")
    road.open_hub.__dict__["runtime"] = dataclasses.replace(road.open_hub.runtime, licence=Licence(modules=("Orders",)))
    assert road.run()
    assert road.shown(row_id)["state"] == "done"


def test_messages_that_move_within_the_hub_are_read_before_anything_is_locked_and_moved_once(road, monkeypatch):
    """On SQLite nobody else can write meanwhile; another process may have moved some of them by then."""
    channel, route = "hub.objects", road.open_hub.deployment.routes["hub_object"]
    with road.open_hub.write() as transaction:
        first, _ = transaction.messages.outbox.emit_all(
            [OutboxMessage(f"E{number}", channel, "outbound", ACCOUNT.encode()) for number in (1, 2)]
        )
    read = data_manager.arrivals_of

    def moved_meanwhile(deliveries):
        with road.open_hub.write() as transaction:
            transaction.messages.outbox.mark_sent(channel, [first])
        return read(deliveries)

    monkeypatch.setattr(data_manager, "arrivals_of", moved_meanwhile)
    assert road.manager.move(channel, route, 100) == 1
    assert road.manager.move(channel, route, 100) == 0
    with road.open_hub.read() as transaction:
        assert [row["message_id"] for row in transaction.messages.listing()] == ["E2"]
        assert transaction.messages.counts().agrees
