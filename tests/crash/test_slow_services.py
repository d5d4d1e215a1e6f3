"""A configurator that accepts and says nothing: its messages wait, the other routes go on, and the hub ends at once."""

from __future__ import annotations

from adapters.transport import Envelope
from tests.crash.hub_at_work import ROUTE
from tests.http_service import http_service


def test_a_configurator_that_hangs_is_asked_now_and_then_and_holds_up_no_other_route(served_hub):
    with http_service() as service:

        def hang(question):
            service.stopped.wait()

        service.answer = hang
        hub = served_hub(workers=1, routes=[ROUTE, "provisioning_status"], configurator_url=f"{service.url}/configure")
        hub.send(range(1, 26))
        hub.start()
        hub.wait(lambda: len(service.asked) == 1, "the configurator isn't asked")
        for number in range(1, 11):
            hub.publish("provisioning.status", [Envelope(f"S-{number}", b"<unreadable>")])
            state = f"SELECT state FROM hub_inbox WHERE message_id = 'S-{number}'"
            hub.wait(lambda state=state: hub.rows(state) == [("invalid",)], "another route stands still", running=True)
        # In the time of one question: nobody waited for a second.
        assert len(service.asked) <= 2
        hub.wait(lambda: len(service.asked) == 3, "the configurator isn't asked again", running=True)
        assert hub.rows("SELECT count(*) FROM hub_inbox WHERE state = 'received'") >= [(23,)]
        # While a question is out.
        assert hub.end() == 0
        assert hub.rows("SELECT * FROM hub_in_hand") == []
        service.answer = lambda question: {"broken": []}
        hub.start()
        hub.wait(lambda: hub.done() == 25, "the orders aren't worked", running=True)
        assert hub.rows("SELECT max(attempts) FROM hub_inbox WHERE state = 'done'") == [(2,)]
        assert hub.end() == 0
    assert "Traceback" not in hub.log
