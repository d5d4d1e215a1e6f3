"""A process that dies again and again: a message that kills it is parked, no other is, and whatever it held is free."""

from __future__ import annotations

import multiprocessing
import os

import psycopg
import pytest

from adapters.files import hold_name
from adapters.transport import Envelope
from hub.data_manager.lone_work import LoneWork
from hub.data_manager.message_work import MessageWork
from hub.data_manager.worker import Worker
from tests.crash.hub_at_work import CUSTOMERS, ROUTE, customer

#: an exit code that nothing else gives
_KILLED = 77
ROUTE_OF_OWN = """
route: deadly
from: {channel: hub.deadly}
object: hub
workflow: Workflow Request
identity: message id
reply: {channel: hub.answers}
retry: [1, 1]
"""
WORKFLOW_OF_OWN = """
import os, signal
from hub.extension import Argument, Outcome, named_workflow


def die(run, account):
    if account == "1-900003":
        os.kill(os.getpid(), signal.SIGKILL)
    return Outcome()


WORKFLOWS = [named_workflow("Die", die, "kill the process for one account", Argument("account", "account"))]
"""


@pytest.fixture
def dying(embedded_hub, monkeypatch):
    """A hub with ten messages, and a way to let its process die at the messages that a function names."""
    hub = embedded_hub(workers=1)
    hub.send(range(1, 11))
    read = MessageWork._read

    def dies_where(dies, retry_s=(1, 5, 30, 120, 600)):
        def read_or_die(work):
            if dies(work.row):
                os._exit(_KILLED)  # nothing more is done, as after SIGKILL
            return read(work)

        def run():
            # By the name that its former processes had, as after a start of the hub.
            held = hold_name(hub.folder / ".orderhub", ["worker-1"])
            open_hub = hub.open_hub("worker-1", LoneWork(held))
            object.__setattr__(open_hub.deployment.routes[ROUTE], "retry_s", retry_s)
            raise SystemExit(0 if Worker(open_hub).run(once=True) else 1)

        monkeypatch.setattr(MessageWork, "_read", read_or_die)
        process = multiprocessing.get_context("fork").Process(target=run)
        process.start()
        process.join()
        return {_KILLED: "died", 0: True, 1: False}[process.exitcode]

    return hub, dies_where


def test_a_message_that_kills_processes_is_parked_after_the_last_of_its_delays(dying):
    """It is found beside nine others, and then tried again alone."""
    hub, dies_where = dying
    ends = [dies_where(lambda row: row.identity == "M-3", retry_s=(0, 0)) for _ in range(5)]
    assert ends == ["died", "died", "died", "died", False]
    assert hub.done() == 9
    left = hub.rows("SELECT identity, state, reason FROM hub_inbox WHERE state <> 'done'")
    assert left == [("M-3", "parked", "ProcessDied")]


def test_deaths_that_have_nothing_to_do_with_the_messages_park_none(dying):
    hub, dies_where = dying
    for death_at in (1, 1, 4, 2, 1, 1, 3, 1):
        calls = iter(range(1, 100))
        dies_where(lambda row, calls=calls, death_at=death_at: next(calls) == death_at)
        assert hub.rows("SELECT count(*) FROM hub_inbox WHERE state = 'parked'") == [(0,)]
    assert dies_where(lambda row: False)
    assert hub.done() == 10


def test_a_start_ends_the_leases_of_the_process_that_had_its_name(dying):
    hub, dies_where = dying
    open_hub = hub.open_hub()
    with open_hub.write() as transaction:
        for holder in ("worker-1-77", "worker-2-78", "worker-1@elsewhere-79"):
            assert transaction.messages.control.acquire_lease(f"of {holder}", holder, 60)
    open_hub.close()
    assert dies_where(lambda row: False)
    assert hub.rows("SELECT holder FROM hub_lease ORDER BY holder") == [("worker-1@elsewhere-79",), ("worker-2-78",)]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_message_that_waits_for_a_lock_while_the_hub_is_killed_is_not_to_blame(served_hub, workers):
    """Three orders of one customer, whose account somebody has locked; the hub is killed four times meanwhile."""
    hub = served_hub(workers=workers)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with psycopg.connect(hub.database_url) as somebody:
        somebody.execute("SELECT * FROM s_account WHERE account_id = %s FOR UPDATE", (f"1-{customer(1)}",))
        hub.send([1, 1 + CUSTOMERS, 1 + 2 * CUSTOMERS])
        for _ in range(4):
            hub.start()
            hub.wait(lambda: hub.number(waiting) > 0, "nothing waits for the lock")
            hub.kill_everything()
    hub.start()
    hub.wait_done(3)
    hub.wait_sent()
    assert hub.end() == 0
    assert hub.rows("SELECT DISTINCT deaths, attempts FROM hub_inbox") == [(0, 1)]


def test_a_message_that_kills_every_process_is_parked_and_the_others_are_worked(served_hub, tmp_path):
    """On a route without an order: the broker hands the message over again, and the supervisor starts the process."""
    # The folder of the test's first hub: the declarations are there before the hub declares its queues.
    for place, text in (("hub/routes/deadly.yaml", ROUTE_OF_OWN), ("hub/workflows/deadly.py", WORKFLOW_OF_OWN)):
        file = tmp_path / "hub-1" / place
        file.parent.mkdir(parents=True)
        file.write_text(text)
    hub = served_hub(workers=1)
    hub.publish("hub.deadly", [Envelope(f"D-{number}", request(number)) for number in range(1, 11)])
    hub.start()
    hub.wait(lambda: hub.rows("SELECT 1 FROM hub_inbox WHERE state = 'parked'") != [], "nothing is parked")
    hub.wait(lambda: hub.done() == 9, "the others aren't worked")
    hub.end()
    left = "SELECT message_id, state, reason FROM hub_inbox WHERE state <> 'done'"
    assert hub.rows(left) == [("D-3", "parked", "ProcessDied")]


def request(number: int) -> bytes:
    return (
        '<Message MessageType="Integration Object" IntObjectName="OM Workflow Request" IntObjectFormat="Hierarchical">'
        "<ListOfOMWorkflowRequest><WorkflowRequest><WorkflowName>die</WorkflowName><ListOfArgument><Argument>"
        f"<Name>account</Name><Value>1-{customer(number)}</Value></Argument></ListOfArgument></WorkflowRequest>"
        "</ListOfOMWorkflowRequest></Message>"
    ).encode()
