"""A process that dies again and again: what it dies of is parked, what stood beside it isn't, what it held is free."""

from __future__ import annotations

import pytest

from hub.data_manager.message_work import MessageWork
from hub.data_manager.worker import Worker


class Death(BaseException):
    """Nobody catches it, as nobody catches SIGKILL."""


@pytest.fixture
def dying(embedded_hub, monkeypatch):
    """A hub with ten messages, and a hand that has its process die where a function says so, until it says never."""
    hub = embedded_hub(workers=1)
    hub.send(range(1, 11))
    open_hub = hub.open_hub("worker-1")
    prepare = MessageWork.prepare

    def dies_where(dies):
        def prepare_or_die(work):
            if dies(work.row):
                raise Death
            prepare(work)

        monkeypatch.setattr(MessageWork, "prepare", prepare_or_die)
        try:
            return Worker(open_hub).run(once=True)
        except Death:
            return "died"

    yield hub, dies_where
    open_hub.close()


def test_a_message_that_a_process_dies_of_is_parked_after_three_deaths(dying):
    hub, dies_where = dying
    ends = [dies_where(lambda row: row.identity == "M-3") for _ in range(4)]
    assert ends == ["died", "died", "died", False]
    assert hub.done() == 9
    left = hub.rows("SELECT identity, state, reason FROM hub_inbox WHERE state <> 'done'")
    assert left == [("M-3", "parked", "ProcessDied")]


def test_deaths_that_have_nothing_to_do_with_the_messages_park_none(dying):
    hub, dies_where = dying
    for death_at in (1, 1, 4, 2):
        calls = iter(range(1, 100))
        assert dies_where(lambda row, calls=calls, death_at=death_at: next(calls) == death_at) == "died"
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
