"""A partner's way through the HTTP door: receipt, state, answer, repeats, refusals; nobody sees another's messages."""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import threading

import anyio
import pytest

from adapters.database.connection.driver_faults import DatabaseAway
from hub.http_door.asgi import application
from integration_objects.surroundings import token_digest
from schemas.check import parse
from tests.hub.http_door.served_door import road_with_doors, served
from tests.road import sample

ORDER = sample("order-1-new-service.xml")
UNKNOWN = sample("order-3-unknown-product.xml")


def test_a_message_is_stored_then_worked_and_its_answer_is_fetched(door):
    receipt = door.post("/messages/orders", ORDER, id="M-1")
    path = f"/messages/orders/{receipt.json['id']}"
    assert (receipt.status, receipt.headers["location"]) == (202, path)
    assert receipt.json == {"id": receipt.json["id"], "message_id": "M-1", "state": path}
    [message] = door.messages()
    assert (message["id"], message["sender"], message["route"]) == (receipt.json["id"], "kite", "web_order")
    waiting = door.ask("GET", path).json
    assert (waiting["state"], waiting["answer"], waiting["answer_at"]) == ("received", None, None)
    early = door.ask("GET", "/answers/orders/M-1")
    assert (early.status, early.json["reason"]) == (404, "AnswerNotThere")
    door.road.run()
    done = door.ask("GET", path).json
    assert done == door.ask("GET", "/messages/orders/M-1").json
    assert (done["state"], done["error"], done["message_id"]) == ("done", None, "M-1")
    answer = door.ask("GET", done["answer_at"])
    assert (answer.status, answer.headers["content-type"]) == (200, "application/xml")
    assert parse(answer.body).findtext("STATE") == "OK"
    assert answer.body.decode() == done["answer"]["text"]


def test_a_refused_message_shows_its_error_and_has_an_answer(door):
    door.post("/messages/orders", UNKNOWN, id="M-3")
    door.road.run()
    state = door.ask("GET", "/messages/orders/M-3").json
    assert (state["state"], state["error"]["reason"]) == ("rejected", "NotInLookup")
    assert parse(door.ask("GET", state["answer_at"]).body).findtext("STATE") == "REJ"


def test_the_same_again_gets_the_same_receipt_and_is_not_worked_or_answered_again(door):
    first = door.post("/messages/orders", ORDER, id="M-1")
    assert door.post("/messages/orders", ORDER, id="M-1").json == first.json
    door.road.run()
    assert door.post("/messages/orders", ORDER, id='"M-1"').json == first.json
    assert door.road.counts() == {"done": 1}
    with door.road.open_hub.read() as transaction:
        shown = transaction.messages.show(first.json["id"])
    assert (shown["repeats"], [out["kind"] for out in shown["outbound"]].count("reply")) == (2, 1)


def test_the_same_id_with_other_bytes_is_refused_each_time(door):
    door.post("/messages/orders", ORDER, id="M-1")
    for _ in range(2):
        refused = door.post("/messages/orders", UNKNOWN, id="M-1")
        assert (refused.status, refused.headers["content-type"]) == (422, "application/problem+json")
        digest = hashlib.sha256(UNKNOWN).hexdigest()[:8]
        why = f"the body differs from the first one's (SHA-256 begins {digest}, {len(UNKNOWN)} bytes)"
        what = "message 'M-1' is refused: its identity belongs to an earlier message"
        assert refused.json == {
            "type": "urn:orderhub:reason:MessageIdReused",
            "title": what,
            "status": 422,
            "detail": why,
            "reason": "MessageIdReused",
            "what": what,
            "where": "route web_order, sender kite, message M-1",
            "why": why,
            "mend": "send a changed message under an id of its own, an unchanged one byte by byte as it was",
            "id": refused.json["id"],
            "state": "rejected",
            "channel": "orders",
        }


def test_a_refused_message_that_is_sent_again_gets_its_receipt_again(door):
    first = door.post("/messages/orders", UNKNOWN, id="M-3")
    door.road.run()
    assert door.post("/messages/orders", UNKNOWN, id="M-3").json == first.json


def test_without_an_id_the_body_is_the_identity(door):
    first, again = door.post("/messages/orders", ORDER), door.post("/messages/orders", ORDER)
    assert (first.status, first.json["message_id"]) == (202, None)
    assert first.json == again.json


def test_an_identity_in_the_message_that_no_transport_carries_is_refused_at_once(door):
    body = ORDER.replace(b"<MSG-ID>", b"<MSG-ID>" + b"x" * 200)
    refused = door.post("/messages/open.orders", body)
    assert (refused.status, refused.json["reason"], refused.json["state"]) == (422, "IdentityRefused", "invalid")


@pytest.mark.parametrize("name", ["door", "postgresql_door"])
def test_twenty_requests_of_one_id_at_once_make_one_message(request, name):
    door = request.getfixturevalue(name)
    barrier = threading.Barrier(20)

    def post(number):
        barrier.wait()
        # Two bodies under one id: one of them is the message, whichever was first.
        return door.post("/messages/orders", ORDER if number % 4 else UNKNOWN, id="M-1")

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(post, range(20)))
    receipts = {answer.json["id"] for answer in answers if answer.status == 202}
    refusals = {answer.json["id"] for answer in answers if answer.status == 422}
    assert len(receipts) == len(refusals) == 1
    states = sorted(message["state"] for message in door.messages())
    assert states == ["received", "rejected"]
    with door.road.open_hub.read() as transaction:
        counts = transaction.messages.counts()
    assert (counts.deliveries, counts.duplicates, counts.agrees) == (20, 18, True)


def test_a_sender_that_waits_gets_the_answer_the_refusal_or_after_its_time_the_receipt(door):
    late = door.post("/messages/waiting", ORDER, id="W-1")
    assert (late.status, late.json["message_id"]) == (202, "W-1")
    door.road.run()
    found = door.post("/messages/waiting", ORDER, id="W-1")
    assert (found.status, found.headers["location"]) == (200, late.json["state"])
    assert parse(found.body).findtext("STATE") == "OK"
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(door.post, "/messages/waiting", UNKNOWN, "W-3")
        while not door.road.run() or not waiting.done():
            pass
    refused = waiting.result()
    assert (refused.status, refused.json["reason"], refused.json["state"]) == (422, "NotInLookup", "rejected")


@pytest.mark.parametrize("token", [None, "", "wrong", "kite-token2", "kite token", "kite-tokén", "a" * 5000])
def test_without_a_known_token_nothing_is_told(door, token):
    for method, path in (("POST", "/messages/orders"), ("GET", "/messages/orders/M-1"), ("GET", "/answers/none/M-1")):
        headers = {} if token is None else {"Authorization": f"Bearer {token}".encode().decode("latin-1")}
        answer = door.ask(method, path, ORDER if method == "POST" else None, None, **headers)
        assert (answer.status, answer.json["reason"], answer.headers["www-authenticate"]) == (
            401,
            "SenderUnknown",
            "Bearer",
        )
    assert door.messages() == []


def test_nobody_sees_another_senders_message_or_a_channel_that_is_not_for_him(door):
    own = door.post("/messages/open.orders", ORDER, id="E-1", sender="eagle")
    assert door.ask("GET", own.json["state"], sender="eagle").status == 200
    for name in (own.json["id"], "E-1"):
        for path in (f"/messages/open.orders/{name}", f"/answers/open.orders/{name}"):
            other = door.ask("GET", path, sender="kite")
            assert (other.status, other.json["what"]) == (404, f"there is no message '{name}' of yours")
    # The same id of another sender is another message.
    assert door.post("/messages/open.orders", ORDER, id="E-1", sender="kite").json["id"] != own.json["id"]
    closed, missing = (door.post(f"/messages/{name}", ORDER, sender="eagle").json for name in ("orders", "none"))
    assert {**closed, "where": "", "what": "", "title": ""} == {**missing, "where": "", "what": "", "title": ""}


def test_a_proxy_names_the_subject_of_a_certificate_only_where_the_setting_says_so(tmp_path):
    subject = "CN=crow,O=Crow Ltd"
    road = road_with_doors(tmp_path, http_subject_header="x-client-subject")
    with served(road) as door:
        assert door.post("/messages/orders", ORDER, sender=None, X_Client_Subject=subject).status == 202
        assert door.messages()[0]["sender"] == subject
        assert door.post("/messages/orders", ORDER, sender="wrong", X_Client_Subject=subject).status == 401
        assert door.post("/messages/orders", ORDER, sender=None, X_Other_Subject=subject).status == 401
        twice = b"X-Client-Subject: CN=crow,O=Crow Ltd\r\n" * 2
        head = b"GET /messages/orders/1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
        assert door.raw(head + twice + b"\r\n").startswith(b"HTTP/1.1 401 ")
    road.close()


def test_the_door_takes_the_content_types_of_the_route(door):
    refused = door.post("/messages/orders", b"{}", Content_Type="application/json")
    assert (refused.status, refused.json["reason"]) == (415, "ContentTypeRefused")
    assert refused.json["why"] == "it takes application/xml, text/*"
    packed = door.post("/messages/orders", ORDER, Content_Encoding="gzip")
    assert (packed.status, packed.json["reason"]) == (415, "BodyCompressed")
    assert door.post("/messages/orders", ORDER, Content_Type="text/xml; charset=utf-8").status == 202


@pytest.mark.parametrize("id", ["a, b", '"open', "a\x80b", '%"%ff"', '""'])
def test_an_id_that_is_neither_a_token_nor_in_quotes_is_refused(door, id):
    refused = door.post("/messages/orders", ORDER, id=id)
    assert (refused.status, refused.json["reason"], refused.json["where"]) == (
        400,
        "HeaderFaulty",
        "header Idempotency-Key",
    )


def test_an_id_of_any_characters_travels_as_a_display_string_and_is_found(door):
    receipt = door.post("/messages/orders", ORDER, id='%"m:1/%c3%bc"')
    assert receipt.json["message_id"] == "m:1/ü"
    assert door.ask("GET", "/messages/orders/m:1/%C3%BC").json["id"] == receipt.json["id"]
    long = door.post("/messages/orders", ORDER, id="x" * 129)
    assert (long.status, long.json["reason"]) == (422, "EnvelopeRefused")


def test_a_hub_without_senders_or_without_an_http_route_serves_no_door(tmp_path, command):
    road_with_doors(tmp_path, http_tokens=[]).close()
    (tmp_path / "orderhub.toml").write_text("routes = []\n")
    assert command("http", expect=2).err.endswith("reason: NobodyMaySend\n")
    for file in (tmp_path / "hub" / "routes").iterdir():
        file.unlink()
    assert command("http", expect=2).err == (
        "the HTTP door leads nowhere\n"
        "  where: hub/routes/\n"
        "  why:   no route has `from: {http: NAME}`\n"
        "  mend:  let a route read an HTTP channel: `from: {http: orders}`\n"
        "  reason: NoHttpRoute\n"
    )


def test_a_token_is_printed_with_the_line_of_the_setting(command):
    token, line = command("partner", "token", "kite").out.split()
    assert len(token) == 43
    assert line == f"kite={hashlib.sha256(token.encode()).hexdigest()}"
    assert command("partner", "token", "a,b", expect=2).err.endswith("reason: PartnerNameUnfit\n")


def test_an_operator_sends_through_the_door_of_an_http_route_too(door, command, tmp_path):
    (tmp_path / "o.xml").write_bytes(ORDER)
    (tmp_path / "orderhub.toml").write_text('routes = []\nsystems = ["*"]\n')
    printed = command("send", "open_order", "o.xml", "--reply-to", "elsewhere")
    assert printed.err == "the route 'open_order' keeps its answers for its senders: none goes to 'elsewhere'\n"
    row_id, outcome, state, _ = printed.out.split("\t")
    assert (outcome, state) == ("new", "received")
    door.road.run()
    shown = door.road.shown(row_id)
    assert (shown["state"], shown["reply_to"]) == ("done", "http-answer:open.orders")


def test_a_sender_has_a_message_judged_and_nothing_is_kept(door):
    accepted = door.post("/check/orders", ORDER)
    assert (accepted.status, accepted.json["accepted"], accepted.json["state"]) == (200, True, "done")
    assert parse(accepted.json["answer"].encode()).findtext("STATE") == "OK"
    refused = door.post("/check/orders", UNKNOWN).json
    assert (refused["accepted"], refused["state"], refused["error"]["reason"]) == (False, "rejected", "NotInLookup")
    assert door.messages() == []
    assert door.post("/check/orders", ORDER, sender="eagle").json["reason"] == "DoorUnknown"
    assert door.post("/check/orders", b"x" * 100_001).status == 413


def test_a_sender_gets_the_document_of_its_own_channels(door):
    paths = door.ask("GET", "/openapi.json", sender="eagle").json["paths"]
    assert {path.split("/")[2] for path in paths} == {"open.orders", "waiting"}
    assert door.ask("GET", "/openapi.json", sender=None).status == 401


def test_a_parked_or_given_up_message_tells_nothing_of_the_hubs_own_troubles(door):
    row_id = door.post("/messages/orders", ORDER, id="M-1").json["id"]
    with door.road.open_hub.write() as transaction:
        transaction.messages.inbox.park(row_id, DatabaseAway(where="secret", why="secret", mend="secret"))
    parked = door.ask("GET", "/messages/orders/M-1")
    assert (parked.json["state"], parked.json["error"]) == ("parked", None)
    door.road.manager.give_up(row_id)
    dead = door.ask("GET", "/messages/orders/M-1")
    assert (dead.json["state"], dead.json["error"]["what"]) == ("dead", "the message was given up by an operator")
    assert b"secret" not in parked.body + dead.body


def test_a_check_tells_nothing_of_the_hubs_own_troubles(door, monkeypatch):
    for fault, state in (
        (DatabaseAway(where="secret", why="secret", mend="secret"), "retrying"),
        (ValueError("secret"), "parked"),
    ):

        def fail(*arguments, fault=fault):
            raise fault

        monkeypatch.setattr("hub.data_manager.message_work.MessageWork._read", fail)
        answer = door.post("/check/orders", ORDER)
        assert (answer.status, answer.json["state"], answer.json["error"]) == (200, state, None)
        assert b"secret" not in answer.body


def test_any_asgi_server_serves_the_door_of_the_working_folder(tmp_path, monkeypatch):
    road_with_doors(tmp_path).close()
    (tmp_path / "orderhub.toml").write_text(f'routes = []\nhttp_tokens = ["kite={token_digest("kite-token")}"]\n')
    monkeypatch.chdir(tmp_path)
    sent = []

    async def receive():
        return {"type": "http.request", "body": ORDER, "more_body": False}

    async def send(event):
        sent.append(event)

    async def serve():
        served_here = application()
        headers = {"authorization": "Bearer kite-token", "content-type": "text/xml", "content-length": str(len(ORDER))}
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/messages/orders",
            "root_path": "/hub",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        async with served_here.router.lifespan_context(served_here):
            await served_here(scope, receive, send)

    anyio.run(serve)
    assert (sent[0]["status"], json.loads(sent[1]["body"])["message_id"]) == (202, None)


def test_the_door_serves_waits_and_judges_on_postgresql(postgresql_door):
    door = postgresql_door
    door.road.load_samples()
    assert door.post("/check/orders", ORDER).json["accepted"] is True
    assert door.messages() == []
    assert door.post("/messages/waiting", ORDER, id="W-1").status == 202
    door.road.run()
    assert door.post("/messages/waiting", ORDER, id="W-1").status == 200
