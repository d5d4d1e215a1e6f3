"""Files of many orders: refused whole or order by order, worked by the ordinary road, answered by one file."""

from __future__ import annotations

import io
import pathlib
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from adapters.database.connection.database import Database
from adapters.database.messages.batches import BatchNumberReused, BatchRow
from adapters.database.messages.message_filter import MessageFilter
from hub.data_manager.batch_answer import counts_of
from hub.data_manager.batch_end import BatchGoesOn, give_up_batch
from hub.data_manager.batch_filing import accept, announce
from hub.data_manager.batch_intake import BatchIntake
from hub.data_manager.batch_proof import ProvenBatch
from hub.data_manager.worker import Worker
from hub.deployment.route import Route
from hub.presentation.records import read_record_json
from integration_objects.errors import OperatorNeeded
from integration_objects.property_set import PropertySet
from schemas.batch_format import BatchFrame
from schemas.layouts.record_object import RecordObject
from tests.road import Road, sample

ROUTE = "mainframe_batch"
PLACE = "mainframe.batches"


def records(road: Road, name: str) -> RecordObject:
    found = road.open_hub.deployment.external_objects[name]
    assert isinstance(found, RecordObject)
    return found


def order_node(number: int, product: str = "LCLLN001", customer: str = "100300", action: str = "A") -> PropertySet:
    """An order of one telephone line."""
    fields = {"MSG-ID": f"B-{number}", "ORD-NO": str(460000 + number), "REV-NO": "1", "CUST-NO": customer}
    node = PropertySet("ORDER-RECORD", properties={**fields, "DUE-DATE": "20260113", "CURR": "USD"})
    # A line without a package needs none: the rules of the catalogue are about packages.
    line = {"LINE-NO": "1", "SVC-REF": f"LIN-{number}", "ACTN": action, "PROD-CD": product, "QTY": "1", "PRICE": "12"}
    node.children.append(PropertySet("LINE-RECORD", properties={**line, "PRICE-TYPE": "R"}))
    return node


def file_of(road: Road, orders: Sequence[PropertySet], number: int = 1, **header: str) -> bytes:
    head = PropertySet("FILE-HEADER", properties={"SENDER": "BILLMF01", "FILE-NO": str(number), **header})
    trailer = PropertySet("FILE-TRAILER")
    return records(road, "Mainframe Order Records").write(PropertySet("Records", children=[head, *orders, trailer]))


def put(road: Road, content: bytes, name: str = "b.bin") -> None:
    folder = road.folder / "folders" / PLACE / "inbox"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def batches(road: Road) -> list[BatchRow]:
    """All batches, the oldest first."""
    with road.open_hub.read() as transaction:
        return transaction.messages.batches.listing(100)[::-1]


def states(road: Road, batch: BatchRow) -> dict[str, int]:
    with road.open_hub.read() as transaction:
        found: dict[str, int] = counts_of(transaction, batch)["states"]
    return found


def counted(road: Road) -> dict[str, int]:
    """The messages of the route in each state, those without any left out."""
    with road.open_hub.read() as transaction:
        counts = transaction.messages.counts(ROUTE)
    assert counts.agrees
    return {state: number for state, number in counts.states.items() if number}


def answer(road: Road, name: str = "b.bin", place: str = "done") -> list[PropertySet]:
    content = (road.folder / "folders" / PLACE / place / f"{name}.reply.bin").read_bytes()
    return list(records(road, "Mainframe Batch Answer").layout.read(io.BytesIO(content)))


def told(nodes: Sequence[PropertySet]) -> list[tuple[str | None, ...]]:
    """Position, own id, state and first reason of each order of an answer."""
    return [
        (
            node.get("POSITION-NO"),
            node.get("MSG-ID"),
            node.get("STATE"),
            next((child.get("REASON") for child in node.children if child.type == "ANSWER-ERROR"), None),
        )
        for node in nodes
        if node.type == "ORDER-ANSWER"
    ]


class Parked(OperatorNeeded):
    """A fault that an operator must mend."""

    what = "a test parks the message"


def files(road: Road, place: str) -> list[str]:
    folder = road.folder / "folders" / PLACE / place
    return sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def test_the_samples_are_worked_and_answered_order_by_order(tmp_path: pathlib.Path) -> None:
    """The file of new orders, and the file of changes to them."""
    road = Road(tmp_path).load_samples(as_shipped=True)
    for name in ("order-8-batch", "order-9-changes"):
        lines = sample(f"{name}.jsonl").decode().splitlines()
        nodes = [read_record_json(line, number, name) for number, line in enumerate(lines, 1)]
        put(road, records(road, "Mainframe Order Records").write(PropertySet("Records", children=nodes)), f"{name}.bin")
        road.run()
    first, second = batches(road)
    assert (first.state, first.number, first.orders, states(road, first)) == (
        "done",
        "8",
        3,
        {"done": 2, "rejected": 1},
    )
    head, *orders, trailer = answer(road, "order-8-batch.bin")
    assert (head.get("FILE-NO"), head.get("BATCH-ID"), head.get("STATE")) == ("8", first.id, "OK")
    assert told(orders) == [
        ("1", "MB-0001", "OK", None),
        ("2", "MB-0002", "OK", None),
        ("3", "MB-0003", "REJ", "NotInLookup"),
    ]
    lines = [child.get("LINE-REF") for child in orders[0].children]
    assert lines == ["PKG-91", "LIN-91", "FWD-91", "VML-91", "CID-91"]
    counts = [trailer.get(f"{name}-COUNT") for name in ("ORDER", "ACCEPTED", "REFUSED")]
    assert counts == ["3", "2", "1"]
    assert states(road, second) == {"done": 2}
    assert files(road, "done") == [
        "order-8-batch.bin", "order-8-batch.bin.reply.bin", "order-9-changes.bin", "order-9-changes.bin.reply.bin",
    ]  # fmt: skip
    assert files(road, "working") == files(road, "inbox") == []
    assert counted(road) == {"done": 4, "rejected": 1}
    road.close()


def test_a_message_is_the_header_one_order_and_the_trailer_with_its_own_totals(road: Road) -> None:
    put(road, file_of(road, [order_node(1), order_node(2)]))
    road.run()
    (batch,) = batches(road)
    with road.open_hub.read() as transaction:
        listed = transaction.messages.listing(MessageFilter(batch=batch.id))
        row = transaction.messages.inbox.row(listed[0]["id"])
    assert row is not None
    assert (row.identity, row.correlation_id, row.message_id, row.sender) == (f"{batch.id}-2", batch.id, "B-2", PLACE)
    message = records(road, "Mainframe Order Records").read(row.body, road.open_hub.deployment.routes[ROUTE].limits)
    head, order, trailer = message.tree.children
    assert (head.get("FILE-NO"), order.get("MSG-ID")) == ("1", "B-2")
    assert (trailer.get("ORDER-COUNT"), trailer.get("LINE-COUNT"), trailer.get("PRICE-TOTAL")) == ("1", "1", "12.00")


def test_orders_of_one_customer_are_worked_in_the_order_of_their_positions(road: Road) -> None:
    nodes = [order_node(number, customer=("100300", "100200")[number % 2]) for number in range(1, 9)]
    put(road, file_of(road, nodes[:4], number=1), "a.bin")
    put(road, file_of(road, nodes[4:], number=2), "b.bin")
    road.run()
    orders = sorted(road.stored("OM Order"), key=lambda order: order.get("Order Number") or "")
    for account in ("1-A", "1-B"):
        numbers = [order.get("Source Order Number") for order in orders if order.get("Account Id") == account]
        assert numbers == sorted(numbers, key=lambda text: int(text or 0))
        assert len(numbers) == 4


FAULTS: list[tuple[Any, str, str]] = [
    (lambda file: file[:-74], "record 5 can't be read", "byte 237 of the file"),
    (lambda file: file[:-28], "the record FILE-TRAILER is missing", "the end of the file, behind record 5"),
    (lambda file: file + file[-28:], "the record FILE-TRAILER can't stand here", "record 7, byte 350 of the file"),
    (
        lambda file: file.replace(bytes.fromhex("F0F0F0F0F0F2F0"), bytes.fromhex("F0F0F0F0F0F3F0")),
        "the ORDER-COUNT of FILE-TRAILER doesn't agree with the file",
        "record 6, byte 322 of the file",
    ),
    (lambda file: b"", "the record FILE-HEADER is missing", "the end of the file"),
    (
        lambda file: file[:4] + b"H" + file[5:],
        "the record type 'ç' is unknown",
        "record 1, byte 5 of the file, byte 1 of the record",
    ),
]


def test_a_faulty_file_is_refused_whole_and_kept_with_the_reason_beside_it(road: Road) -> None:
    good = file_of(road, [order_node(1), order_node(2)])
    for number, (change, _, _) in enumerate(FAULTS):
        put(road, change(good), f"{number}.bin")
    road.run()
    found = sorted(batches(road), key=lambda batch: batch.name)
    assert [(batch.state, (batch.error or {})["what"], (batch.error or {})["where"]) for batch in found] == [
        ("refused", what, where) for _, what, where in FAULTS
    ]
    for batch in found:
        head, fault, trailer = answer(road, batch.name, place="rejected")
        assert (head.get("STATE"), trailer.get("ORDER-COUNT")) == ("INV", "0")
        assert (fault.get("REASON"), fault.get("WHAT")) == tuple(
            (batch.error or {})[part] for part in ("reason", "what")
        )
    assert files(road, "rejected") == sorted(f"{n}.bin{end}" for n in range(len(FAULTS)) for end in ("", ".reply.bin"))
    assert counted(road) == {}


def faulty(road: Road) -> bytes:
    """Three orders; the price of the second one has no sign."""
    content = bytearray(file_of(road, [order_node(number) for number in (1, 2, 3)]))
    price = bytes.fromhex("000001200C")
    at = content.index(price, content.index(price) + 1)
    content[at + 4] = 0x05
    return bytes(content)


def test_a_faulty_order_is_refused_alone_where_the_route_says_so(road: Road) -> None:
    put(road, faulty(road))
    road.run()
    (batch,) = batches(road)
    assert states(road, batch) == {"done": 2, "invalid": 1}
    assert told(answer(road)) == [
        ("1", "B-1", "OK", None),
        ("2", "B-2", "INV", "FieldUnreadable"),
        ("3", "B-3", "OK", None),
    ]


def test_the_same_file_gets_the_same_answer_and_another_file_of_its_number_is_refused(road: Road) -> None:
    content = file_of(road, [order_node(1), order_node(2, product="NOSUCH")])
    put(road, content)
    road.run()
    counts = counted(road)
    put(road, content, "again.bin")
    put(road, file_of(road, [order_node(3)]), "other.bin")
    road.run()
    first, second, third = batches(road)
    assert (second.state, second.repeats, second.number) == ("done", first.id, None)
    assert (road.folder / "folders" / PLACE / "done" / "again.bin.reply.bin").read_bytes() == (
        road.folder / "folders" / PLACE / "done" / "b.bin.reply.bin"
    ).read_bytes()
    assert third.error == {
        "reason": "BatchNumberReused",
        "what": "the file's number '1' belongs to an earlier file",
        "where": f"route mainframe_batch, batch {first.id}",
        "why": f"b.bin, received {first.received_at}, has this number and other bytes",
        "mend": "give a new file a number of its own; send an unchanged one byte by byte as it was",
    }
    assert counted(road) == counts
    assert answer(road, "other.bin", place="rejected")[0].get("FILE-NO") == "1"


def test_only_refused_orders_are_taken_again_by_a_file_that_names_the_first(road: Road) -> None:
    put(road, file_of(road, [order_node(1), order_node(2, product="NOSUCH")]))
    road.run()
    again = [order_node(2), order_node(1), order_node(9)]
    put(road, file_of(road, again, number=2, **{"FIRST-FILE-NO": "1"}), "c.bin")
    road.run()
    first, second = batches(road)
    assert (second.resubmits, second.root_id) == (first.id, first.id)
    assert told(answer(road, "c.bin")) == [
        ("1", "B-2", "OK", None),
        ("2", "B-1", "SUP", None),
        ("3", "B-9", "REJ", "OrderNotInFirst"),
    ]
    # A second try knows the first one: nothing is taken twice.
    put(road, file_of(road, again[:1], number=3, **{"FIRST-FILE-NO": "2"}), "d.bin")
    put(road, file_of(road, again, number=4, **{"FIRST-FILE-NO": "77"}), "e.bin")
    road.run()
    third, fourth = batches(road)[2:]
    assert states(road, third) == {"filtered": 1}
    assert (fourth.state, (fourth.error or {})["reason"]) == ("refused", "FirstBatchUnknown")


def test_the_same_bytes_are_taken_again_where_a_command_names_the_first_batch(road: Road) -> None:
    """The product was missing at the hub's side: the sender's file was right."""
    content = file_of(road, [order_node(1), order_node(2, customer="999999")])
    put(road, content)
    road.run()
    (first,) = batches(road)
    digest = first.digest
    with road.open_hub.write() as transaction:
        announce(transaction, road.open_hub.deployment.routes[ROUTE], digest, len(content), "b.bin", first.id)
    put(road, content, "b.bin")
    road.run()
    second = batches(road)[1]
    # The number is that of the first file, whose orders it sends again.
    assert (second.state, second.resubmits) == ("done", first.id), second.error
    assert states(road, second) == {"filtered": 1, "rejected": 1}


def test_a_parked_order_holds_the_answer_until_it_is_given_up(road: Road) -> None:
    put(road, file_of(road, [order_node(1), order_node(2)]))
    for _ in range(3):  # registered, proven, filed
        for intake in road.worker._intakes:
            intake.take_in(25, 0)
    (batch,) = batches(road)
    with road.open_hub.write() as transaction:
        row = transaction.messages.listing(MessageFilter(batch=batch.id))[0]
        transaction.messages.inbox.park(row["id"], Parked())
    assert not road.run()
    assert (batches(road)[0].state, files(road, "done")) == ("working", [])
    assert road.manager.give_up(row["id"])
    road.run()
    assert told(answer(road)) == [("1", "B-1", "OK", None), ("2", "B-2", "REJ", "GivenUp")]


def test_a_batch_whose_file_is_taken_away_is_told_and_goes_on_when_it_is_back(road: Road) -> None:
    put(road, file_of(road, [order_node(1)]))
    for intake in road.worker._intakes:
        if isinstance(intake, BatchIntake):
            intake._register()
    file = road.folder / "folders" / PLACE / "working" / "b.bin"
    file.rename(road.folder / "b.bin")
    assert not road.run()
    (batch,) = batches(road)
    assert batch.error == {
        "reason": "BodyGone",
        "what": "the file isn't in its folder",
        "where": f"{PLACE}/b.bin",
        "why": "it was taken away, or another machine has it",
        "mend": f"put it back into the folder {file.parent}; if it is lost for good, end its batch: "
        "`orderhub batch give-up`",
    }
    (road.folder / "b.bin").rename(file)
    restart(road)
    assert road.run()
    (batch,) = batches(road)
    assert (batch.state, batch.error) == ("done", None)


def without_its_file(road: Road, orders: int, number: int = 1) -> BatchRow:
    """A batch of which two orders are messages, and whose file is gone then."""
    put(road, file_of(road, [order_node(place) for place in range(1, orders + 1)], number=number))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hub.data_manager.batch_filing.PARTS", 2)
        patch.setattr("hub.data_manager.batch_intake.SLICE_S", 0.0)
        while not batches(road) or not batches(road)[-1].filed:
            road.worker.step()
    (road.folder / "folders" / PLACE / "working" / "b.bin").rename(road.folder / "gone.bin")
    restart(road)
    road.run()
    return batches(road)[-1]


def restart(road: Road) -> None:
    """The next start of a hub looks at interrupted batches at once."""
    road.worker.close()
    road.worker = Worker(road.open_hub)


def test_a_batch_whose_file_is_gone_is_given_up_and_goes_on_when_its_file_comes_again(road: Road) -> None:
    batch = without_its_file(road, orders=5)
    assert (batch.state, batch.filed, (batch.error or {})["reason"]) == ("filing", 2, "BodyGone")
    give_up_batch(road.open_hub, batch, "the disk was lost")
    (given_up,) = batches(road)
    assert (given_up.state, given_up.number, given_up.error) == (
        "given up",
        "1",
        {
            "reason": "BatchGivenUp",
            "what": "the batch was given up by an operator",
            "where": f"batch {batch.id}, b.bin",
            "why": "the disk was lost; 2 of its 5 orders had become messages",
            "mend": "send the file again: orders that were accepted are passed over, and the others are taken",
        },
    )
    assert counted(road) == {"done": 2}
    with pytest.raises(BatchGoesOn, match="it is given up"):
        give_up_batch(road.open_hub, given_up, "once more")
    put(road, (road.folder / "gone.bin").read_bytes())
    road.run()
    again = batches(road)[1]
    assert (again.state, again.resubmits, states(road, again)) == ("done", batch.id, {"done": 3, "filtered": 2})
    assert [state for _, _, state, _ in told(answer(road))] == ["SUP", "SUP", "OK", "OK", "OK"]


def test_a_copy_that_waited_for_a_batch_that_is_given_up_takes_the_rest(road: Road) -> None:
    batch = without_its_file(road, orders=3)
    put(road, (road.folder / "gone.bin").read_bytes(), "copy.bin")
    road.run()
    assert [(row.state, row.repeats) for row in batches(road)] == [("filing", None), ("working", batch.id)]
    give_up_batch(road.open_hub, batch, "the copy is there")
    road.run()
    copy = batches(road)[1]
    assert (copy.state, copy.repeats, states(road, copy)) == ("done", None, {"done": 1, "filtered": 2})


def test_a_batch_without_a_message_that_is_given_up_leaves_its_number_to_another_file(road: Road) -> None:
    put(road, file_of(road, [order_node(1)]))
    while not batches(road) or batches(road)[0].state != "filing":
        road.worker.step()
    file = road.folder / "folders" / PLACE / "working" / "b.bin"
    file.rename(road.folder / "gone.bin")
    restart(road)
    road.run()
    give_up_batch(road.open_hub, batches(road)[0], "the sender makes it anew")
    put(road, file_of(road, [order_node(2)]), "c.bin")
    road.run()
    assert [(row.state, row.number) for row in batches(road)] == [("given up", None), ("done", "1")]


def test_a_batch_that_goes_on_by_itself_is_not_given_up(road: Road) -> None:
    put(road, file_of(road, [order_node(1)]))
    for intake in road.worker._intakes:
        intake.take_in(25, 0)
    with pytest.raises(BatchGoesOn, match="can't be given up"):
        give_up_batch(road.open_hub, batches(road)[0], "no reason")


def test_a_batch_with_its_file_that_is_given_up_is_answered_in_rejected(road: Road, monkeypatch: Any) -> None:
    def fail(*arguments: Any) -> None:
        raise RuntimeError("a fault of the deployment's code")

    monkeypatch.setattr("hub.data_manager.batch_intake.answer_file", fail)
    put(road, file_of(road, [order_node(1)]))
    road.run()
    assert (batches(road)[0].error or {})["reason"] == "BatchWorkFailed"
    give_up_batch(road.open_hub, batches(road)[0], "its answer can't be made")
    road.run()
    head, fault, trailer = answer(road, place="rejected")
    assert (head.get("STATE"), fault.get("REASON"), trailer.get("ACCEPTED-COUNT")) == ("REJ", "BatchGivenUp", "1")
    assert files(road, "working") == []


def test_of_two_files_of_one_number_that_are_accepted_at_once_the_second_is_refused(
    tmp_path: pathlib.Path, postgresql_database: Database
) -> None:
    road = Road(tmp_path, database_url=postgresql_database._url.render_as_string(hide_password=False))
    route = road.open_hub.deployment.routes[ROUTE]
    frame = BatchFrame(b"", b"", 1)
    with road.open_hub.write() as transaction:
        adding = transaction.messages.batches.add
        rows = [adding(ROUTE, digest, 1, f"{digest}.bin", f"{PLACE}/{digest}.bin", None) for digest in ("a", "b")]
    with ThreadPoolExecutor(1) as other, road.open_hub.write() as transaction:
        assert accept(transaction, route, rows[0], ProvenBatch(frame, "1", None))
        second = other.submit(_accepted, road, route, rows[1], ProvenBatch(frame, "1", None))
        # Long enough that the other one looks for the number, finds none, and waits for this transaction.
        time.sleep(0.3)
        assert not second.done()
    with pytest.raises(BatchNumberReused, match=r"a\.bin, received .*, has this number"):
        second.result()
    road.close()


def _accepted(road: Road, route: Route, row: BatchRow, proven: ProvenBatch) -> bool:
    with road.open_hub.write() as transaction:
        return accept(transaction, route, row, proven)


@pytest.mark.parametrize("stop_after", [1, 2, 3, 5, 7, 9])
def test_a_batch_goes_on_after_a_death_at_any_step(road: Road, monkeypatch: Any, stop_after: int) -> None:
    """Each step of the worker is the last one of a process; another process of the same name goes on."""
    monkeypatch.setattr("hub.data_manager.batch_filing.PARTS", 2)
    monkeypatch.setattr("hub.data_manager.batch_intake.SLICE_S", 0.0)
    put(road, file_of(road, [order_node(number) for number in range(1, 6)]))
    for _ in range(stop_after):
        road.worker.step()
    road.worker.close()
    road.worker = Worker(road.open_hub)
    road.run()
    assert counted(road) == {"done": 5}
    assert [position for position, *_ in told(answer(road))] == ["1", "2", "3", "4", "5"]
    assert files(road, "done") == ["b.bin", "b.bin.reply.bin"]
    assert [batch.state for batch in batches(road)] == ["done"]
