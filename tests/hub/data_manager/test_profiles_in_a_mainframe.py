"""The service profiles stay in a mainframe: workflows read and change them there, and don't know the difference."""

from __future__ import annotations

import contextlib

import pytest

from adapters.asked_service import AnswerFaulty, ServiceAway, ServiceNotAsked
from adapters.transport import Envelope
from hub.data_manager.handing_over import HandingOver
from hub.data_manager.profile_copy import ProfileChangesWait, ProfileUnusable, bring_up_to_date
from integration_objects.complex_object import attributes, line_items, walk_items
from integration_objects.names import KEY
from schemas.gateway.messages import Reply, Status
from schemas.gateway.xml import write_reply
from tests.customer_care import the
from tests.mainframe import CHANNEL, ServedMainframe, care_with_mainframe, served
from tests.road import provisioning_status, work_order_lines

CARD = "Calling Card"


@pytest.fixture(params=["embedded on SQLite", "embedded on PostgreSQL", "RabbitMQ"])
def both(request, tmp_path):
    """Customer care, and the mainframe that keeps its profiles."""
    with contextlib.ExitStack() as stack:
        database_url = broker_url = None
        channel = CHANNEL
        if request.param == "RabbitMQ":
            broker_url, channel = request.getfixturevalue("broker_url"), request.getfixturevalue("new_queue_name")()
        elif request.param == "embedded on PostgreSQL":
            database_url = request.getfixturevalue("database_url")
        yield stack.enter_context(pair(tmp_path, database_url, broker_url, channel))


@pytest.fixture
def one(tmp_path):
    with pair(tmp_path, timeout_s=1) as made:
        yield made


@contextlib.contextmanager
def pair(folder, database_url=None, broker_url=None, channel=CHANNEL, **declared):
    mainframe = ServedMainframe(folder / "mainframe.db")
    url = database_url or f"sqlite:///{folder}/orderhub.db"
    with (
        care_with_mainframe(folder, database_url, broker_url, channel, **declared) as care,
        served(mainframe, channel, broker_url, url),
    ):
        yield care, mainframe


PACKAGE, LINE, FORWARDING = "Local Breakthrough Package", "Local Line", "Call Forwarding"


def forwarded_to(number, root=PACKAGE):
    return [{"request": "set", "item": f"{root}/{LINE}/{FORWARDING}", "attributes": {"Forwarding Number": number}}]


def install(care):
    """Quote, order, submit, provide: the package is in the profile then; its root."""
    quote = the(care("new-products-and-services", account="1-B", product=PACKAGE, requests=forwarded_to("206-1")))
    care.install(care.place(quote.get("Quote Number")))
    return care.profile_root("1-B").get(KEY)


def services(mainframe):
    return sorted((row["PROD-CD"], row["STAT"]) for row in mainframe.rows("SERVICE"))


def of_product(mainframe, product):
    [row] = [row for row in mainframe.rows("SERVICE") if row["PROD-CD"] == product]
    return row


def forwarding_number(mainframe):
    [row] = [row for row in mainframe.rows("FEATURE") if row["FEAT-NAME"] == "Forwarding Number"]
    return row["TXT-VAL"]


def test_what_is_installed_changed_and_disconnected_is_so_in_the_mainframe(both):
    """New, modify, apply and disconnect, each with reads and writes of the mainframe."""
    care, mainframe = both
    root = install(care)
    assert services(mainframe) == sorted(
        (item.get("Product Id"), "Active") for item, _ in walk_items(care.road.stored("OM Asset", Account_Id="1-B")[0])
    )
    assert forwarding_number(mainframe) == "206-1"
    assert of_product(mainframe, LINE)["PARENT-SVC-ID"] == root

    # Another program of the mainframe corrects a value; the next workflow has it, and leaves it alone.
    mainframe.put("SERVICE", {**of_product(mainframe, LINE), "SVC-NO": "509-555-0199"})
    quote = the(care("modify", account="1-B", root=root, requests=forwarded_to("206-2", root), session="s2"))
    stored = {item.get("Product Id"): item for item, _ in walk_items(care.quote(quote.get("Quote Number")))}
    assert (stored[LINE].get("Action Code"), stored[LINE].get("Service Id")) == ("-", "509-555-0199")
    care.install(care.place(quote.get("Quote Number")))
    assert (of_product(mainframe, LINE)["SVC-NO"], forwarding_number(mainframe)) == ("509-555-0199", "206-2")

    quote = the(care("disconnect", account="1-B", root=root, session="s3"))
    care.install(care.place(quote.get("Quote Number")))
    assert {status for _, status in services(mainframe)} == {"Inactive"}
    inserts = [(component, key) for kind, component, key in mainframe.changes() if kind == "insert"]
    assert len(inserts) == len(set(inserts)) == len(mainframe.rows("SERVICE")) + len(mainframe.rows("FEATURE"))


def test_what_other_programs_add_change_and_delete_is_read_before_a_workflow(one):
    care, mainframe = one
    row = {"CUST-ID": "1-B", "SVC-ID": "MF-1", "PARENT-SVC-ID": "", "PROD-CD": CARD, "STAT": "Active", "QTY": "1"}
    mainframe.put("SERVICE", row)
    mainframe.put("FEATURE", {"CUST-ID": "1-B", "SVC-ID": "MF-1", "FEAT-NAME": "Colour", "TXT-VAL": "red"})
    quote = the(care("modify", account="1-B", root="MF-1"))
    [line] = line_items(quote)
    assert (line.get("Product Id"), [node.get("Text Value") for node in attributes(line)]) == (CARD, ["red"])
    mainframe.put("SERVICE", {**row, "QTY": "3"})
    mainframe.remove("FEATURE", {"SVC-ID": "MF-1", "FEAT-NAME": "Colour"})
    quote = the(care("modify", account="1-B", root="MF-1", session="s2"))
    [line] = line_items(quote)
    assert (line.get("Quantity"), attributes(line)) == ("3", [])
    mainframe.remove("SERVICE", row)
    bring_up_to_date(care.open_hub, ["1-B"])
    assert care.road.profile() == {CARD: "Inactive"}
    assert mainframe.changes() == [], "what comes from the mainframe doesn't go back to it"


def test_a_message_is_tried_again_while_the_mainframe_is_away_and_a_command_says_so(one):
    """Silence is an outage: the message waits, nothing is written, and all goes on when the mainframe is back."""
    care, mainframe = one
    root = install(care)
    quote = the(care("modify", account="1-B", root=root, requests=forwarded_to("206-2", root), session="s2"))
    care.submit(care.place(quote.get("Quote Number")))
    [work_order] = care.road.work_orders()
    mainframe.disturb = lambda question, answer: None
    with pytest.raises(ServiceAway) as away:
        care("modify", account="1-B", root=root, session="s3")
    assert str(away.value) == (
        "the keeper of the service profiles, 'Mainframe Services', doesn't answer\n"
        "  where: channel mainframe.services\n"
        "  why:   no reply within 1 s\n"
        "  mend:  nothing, it is tried again; if it stays so, look after the service or its address"
    )
    with pytest.raises(ServiceNotAsked):
        care("modify", account="1-B", root=root, session="s3")
    assert forwarding_number(mainframe) == "206-1"
    mainframe.disturb = lambda question, answer: answer
    care.open_hub.deployment.health["service profile"].answered()
    assert care.road.complete(work_order)["state"] == "done"
    assert forwarding_number(mainframe) == "206-2"


def test_changes_wait_for_a_mainframe_that_is_away_and_the_next_workflow_waits_for_them(one):
    care, mainframe = one
    root = install(care)
    quote = the(care("modify", account="1-B", root=root, requests=forwarded_to("206-2", root), session="s2"))
    care.submit(care.place(quote.get("Quote Number")))
    [work_order] = care.road.work_orders()
    writes = ("update-req", "insert-req", "delete-req")
    mainframe.disturb = lambda question, answer: None if (question.type or "").endswith(writes) else answer
    care.road.send(care_answer(care, work_order), "provisioning_status")
    care.road.manager.work(10)
    before = care.rows()
    with pytest.raises(ProfileChangesWait) as waits:
        care("modify", account="1-B", root=root, session="s3")
    assert waits.value.what == (
        "changes of the service profile of account '1-B' have not reached the system that keeps it"
    )
    assert waits.value.why.startswith("the keeper of the service profiles doesn't answer: ")
    assert care.rows()["s_asset"] == before["s_asset"], "the copy keeps the change that the mainframe doesn't have yet"
    mainframe.disturb = lambda question, answer: answer
    care.road.surroundings.sleep(60)
    assert care.road.run()
    # The change was carried out both times, and the row is the same.
    assert forwarding_number(mainframe) == "206-2"
    the(care("modify", account="1-B", root=root, session="s4"))


def care_answer(care, work_order):
    keys = [line.get("integrationId") for line in work_order_lines(work_order) if line.get("action") != "none"]
    lines = [(key, "COMPLETED") for key in keys]
    return provisioning_status(work_order.get("number"), lines, time=care.road.surroundings.now())


def test_a_change_that_the_mainframe_refuses_is_set_aside_with_its_status(one):
    care, mainframe = one
    root = install(care)
    quote = the(care("modify", account="1-B", root=root, requests=forwarded_to("206-2", root), session="s2"))
    refusal = write_reply(Status(7, "TXT-VAL", "number is barred"))
    mainframe.disturb = lambda question, answer: (
        Envelope(None, refusal) if question.type == "siebel-xmlext-update-req" else answer
    )
    care.submit(care.place(quote.get("Quote Number")))
    [work_order] = care.road.work_orders()
    care.road.complete(work_order)
    with care.open_hub.read() as transaction:
        [aside] = transaction.messages.outbox.listing("set aside")
    assert (aside["destination"], aside["type"]) == (f"virtual:1-B@{CHANNEL}", "siebel-xmlext-update-req")
    assert (aside["error"]["reason"], aside["error"]["why"]) == ("ChangeRefused", "status 7: TXT-VAL: number is barred")


ROW = {"CUST-ID": "1-B", "SVC-ID": "X", "PROD-CD": CARD, "STAT": "Active"}
WRONG = {
    "hostile XML": (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "the message declares an entity"),
    "no XML": (b"ABEND S0C7", "the message is not XML"),
    "another reply": (write_reply(Reply("update", rows=(ROW,))), "its root is 'siebel-xmlext-update-ret'"),
    "a status": (
        write_reply(Status(-904, None, "resource unavailable")),
        "it is the status -904: resource unavailable",
    ),
    "another account": (
        write_reply(Reply("query", rows=({**ROW, "CUST-ID": "1-A"},))),
        "rows of the account '1-B' only",
    ),
    "a key twice": (write_reply(Reply("query", rows=(ROW, ROW))), "its key is missing, or was there before"),
    "no key": (write_reply(Reply("query", rows=({**ROW, "SVC-ID": ""},))), "its key is missing"),
    "too many": (
        write_reply(Reply("query", rows=tuple({**ROW, "SVC-ID": f"X{number}"} for number in range(2001)))),
        "expected at most 2,000 rows of SERVICE, and there are more",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_is_told_and_changes_nothing(one, name):
    care, mainframe = one
    answer, why = WRONG[name]
    mainframe.disturb = lambda question, _: Envelope(None, answer)
    with pytest.raises(AnswerFaulty) as faulty:
        bring_up_to_date(care.open_hub, ["1-B"])
    assert why in faulty.value.why
    assert faulty.value.verdict == "retry"
    assert care.road.profile() == {}


def test_rows_that_are_no_profile_need_an_operator(one):
    care, mainframe = one
    for row, why in (
        ({**ROW, "PROD-CD": "Telex"}, "Telex"),
        ({**ROW, "PARENT-SVC-ID": "Y"}, "the parent 'Y' of line 'X' isn't in the list"),
        ({**ROW, "QTY": "many"}, "many"),
    ):
        mainframe.put("SERVICE", row)
        with pytest.raises(ProfileUnusable) as unusable:
            bring_up_to_date(care.open_hub, ["1-B"])
        assert why in unusable.value.why
    assert care.road.profile() == {}


def test_a_change_between_the_question_and_the_lock_is_kept(one):
    """The rows are asked for again, after the change has been delivered."""
    care, mainframe = one
    root = install(care)
    mainframe.put("SERVICE", {**of_product(mainframe, LINE), "ADJ-PRC": "4.44"})
    asked = 0

    def change_meanwhile(question, answer):
        nonlocal asked
        if question.type == "siebel-xmlext-query-req" and b"FEATURE" in question.body:
            asked += 1
            if asked == 1:
                care.road.load(
                    '<Message MessageType="Integration Object" IntObjectName="OM Asset" IntObjectFormat="Hierarchical">'
                    f"<ListOfOMAsset><Asset><AccountId>1-B</AccountId><ListOfLineItem><LineItem><IntegrationId>{root}"
                    "</IntegrationId><Quantity>4</Quantity></LineItem></ListOfLineItem></Asset></ListOfOMAsset></Message>"
                )
        return answer

    mainframe.disturb = change_meanwhile
    bring_up_to_date(care.open_hub, ["1-B"])
    profile = {
        item.get("Product Id"): item for item, _ in walk_items(care.road.stored("OM Asset", Account_Id="1-B")[0])
    }
    assert (profile[PACKAGE].get("Quantity"), profile[LINE].get("Adjusted Price")) == ("4", "4.44")
    assert of_product(mainframe, PACKAGE)["QTY"] == "4"


def test_a_profile_is_read_once_within_the_cache_time(tmp_path):
    with pair(tmp_path, cache_s=60) as (care, mainframe):
        install(care)
        mainframe.asked.clear()
        care.open_hub.profiles_read_at.clear()
        for _ in range(3):
            bring_up_to_date(care.open_hub, ["1-B"])
        assert mainframe.asked == ["query-req", "query-req"]
        care.open_hub.profiles_read_at["1-B"] -= 61
        bring_up_to_date(care.open_hub, ["1-B"])
        assert len(mainframe.asked) == 4


def test_without_a_cache_time_no_account_is_remembered(one):
    care, _ = one
    install(care)
    bring_up_to_date(care.open_hub, ["1-B"])
    assert care.open_hub.profiles_read_at == {}


def test_a_row_is_changed_once_however_often_the_process_dies_before_the_mark(one, monkeypatch):
    """The change is committed with its cause, then sent: a death between the reply and the mark sends it again."""
    care, mainframe = one
    quote = the(care("new-products-and-services", account="1-B", product=PACKAGE, requests=forwarded_to("206-1")))
    care.submit(care.place(quote.get("Quote Number")))
    [work_order] = care.road.work_orders()
    care.road.send(care_answer(care, work_order), "provisioning_status")
    care.road.manager.work(10)
    note = HandingOver._note
    monkeypatch.setattr(HandingOver, "_note", lambda *arguments: (_ for _ in ()).throw(MemoryError))
    for _ in range(3):
        with pytest.raises(MemoryError):
            care.road.worker.step()
    written = mainframe.changes()
    assert len(written) == len({(component, key) for _, component, key in written}), "three times sent, once written"
    monkeypatch.setattr(HandingOver, "_note", note)
    assert care.road.run()
    assert mainframe.changes() == written
    assert {status for _, status in services(mainframe)} == {"Active"}
