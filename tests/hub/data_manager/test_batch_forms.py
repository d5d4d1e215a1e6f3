"""Batches in records, CSV and XML by the real road: on SQLite, and on PostgreSQL with systems on RabbitMQ."""

from __future__ import annotations

import io
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from adapters.database.connection.database import Database
from adapters.database.schema.upgrade import upgrade
from integration_objects.definition import shipped_definitions
from schemas.check import parse
from schemas.layouts.record_formats import RecordFormat
from tests.hub.data_manager.partners import (
    CSV,
    RECORDS,
    XML,
    answer_to,
    csv_file,
    partners_road,
    put_in,
    rows,
    xml_file,
)
from tests.hub.data_manager.test_batches import batches, file_of, order_node
from tests.hub.data_manager.test_setups import Outside, delete_queues
from tests.road import Road


@pytest.fixture
def road(tmp_path: pathlib.Path) -> Iterator[Road]:
    made = partners_road(tmp_path).load_samples()
    yield made
    made.close()


@pytest.fixture
def outside(tmp_path: pathlib.Path, database_url: str, private_rabbitmq: Any) -> Iterator[Outside]:
    """The same on PostgreSQL, with systems that are reached by RabbitMQ."""
    delete_queues(private_rabbitmq)
    database = Database(database_url)
    upgrade(database, shipped_definitions())
    database.close()
    url = private_rabbitmq.url
    road = partners_road(tmp_path, real=True, poll_s=0.05, database_url=database_url, broker_url=url).load_samples()
    made = Outside(road, url)
    yield made
    assert made.broker is not None
    made.broker.close()
    road.close()


#: two orders that are taken, one of an unknown product, one whose quantity can't be read, and one without a number
LINES = ("A-1;1-A;Local Line;1", "A-2;1-A;No Such;1", "A-3;1-A;Local Line;x1", "A-4;1-B;Local Line;2")


def records_file(road: Road) -> bytes:
    """The same orders as records: the due date of the third one is no number."""
    orders = [order_node(1), order_node(2, product="NOSUCH01"), order_node(3), order_node(4, customer="100200")]
    content = file_of(road, orders)
    place = content.index("B-3".encode("cp037"))
    due = content.index("20260113".encode("cp037"), place)
    return content[:due] + b"\x40\x00" + content[due + 2 :]


def put_all(road: Road) -> None:
    put_in(road, CSV, "w.csv", csv_file(*LINES))
    put_in(road, XML, "l.xml", xml_file(*LINES))
    put_in(road, RECORDS, "m.bin", records_file(road))


def answers(road: Road) -> list[list[tuple[str | None, ...]]]:
    """Position, own id, state and reason of each order, in CSV, XML and records."""
    csv = rows(road, "Wren Answers", answer_to(road, CSV, "w.csv"))
    xml = parse(answer_to(road, XML, "l.xml")).iter("{urn:lark}answer")
    records = rows(road, "Mainframe Batch Answer", answer_to(road, RECORDS, "m.bin"))
    return [
        [(row["POSITION"], row["NO"], row["STATE"], row.get("REASON")) for row in csv if row["KIND"] == "A"],
        [(one.get("position"), one.get("number"), one.get("state"), one.get("reason")) for one in xml],
        [(row["POSITION-NO"], row["MSG-ID"], row["STATE"]) for row in records if "POSITION-NO" in row],
    ]


def test_each_form_is_worked_and_answered_order_by_order(road: Road) -> None:
    """An order that can't be read is answered with its own id, where that can be read."""
    put_all(road)
    road.run()
    assert [batch.state for batch in batches(road)] == ["done"] * 3
    assert answers(road) == [
        [
            ("1", "A-1", "done", None),
            ("2", "A-2", "rejected", "ProductUnknown"),
            ("3", "A-3", "invalid", "CellUnreadable"),
            ("4", "A-4", "done", None),
        ],
        [
            ("1", "A-1", "done", None),
            ("2", "A-2", "rejected", "ProductUnknown"),
            ("3", "A-3", "invalid", "AgainstSchema"),
            ("4", "A-4", "done", None),
        ],
        [("1", "B-1", "OK"), ("2", "B-2", "REJ"), ("3", "B-3", "INV"), ("4", "B-4", "OK")],
    ]


def test_batches_are_worked_on_postgresql_with_systems_on_rabbitmq(outside: Outside) -> None:
    road = outside.road
    put_all(road)
    road.run()
    assert [batch.state for batch in batches(road)] == ["done"] * 3
    assert [[state for _, _, state, *_ in form] for form in answers(road)] == [
        ["done", "rejected", "invalid", "done"],
        ["done", "rejected", "invalid", "done"],
        ["OK", "REJ", "INV", "OK"],
    ]
    # The six accepted orders left for provisioning by the broker; the answers of the orders stay in their files.
    assert len(outside.take("provisioning.work_orders")) == 6
    assert road.counts() == {"done": 6, "rejected": 3, "invalid": 3}


def test_an_answer_that_the_senders_code_page_has_no_letters_for_is_shortened(road: Road) -> None:
    """Of the product, of the number, and of the file itself."""
    content = csv_file("A-1;1-A;Łódź;1", "Ł-2;1-A;No Such;1", "A-3;1-A;Local Line;1", number="Łódź-1")
    put_in(road, CSV, "w.csv", content)
    road.run()
    with road.open_hub.read() as transaction:
        ids = [part["id"] for part in transaction.messages.batches.parts(batches(road)[0].id, every=True)]
    assert answer_to(road, CSV, "w.csv").decode("cp1252") == (
        "KIND;FILE;STATE;POSITION;NO;REASON;WHAT\r\n"
        "H;;done;;;;\r\n"
        f"A;;rejected;1;A-1;ProductUnknown;`orderhub messages show {ids[0]}`\r\n"
        f"A;;rejected;2;{ids[1]};ProductUnknown;`orderhub messages show {ids[1]}`\r\n"
        "A;;done;3;A-3;;\r\n"
    )


def of_record(place: int, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """A change of one record of a file of variable records."""

    def changed(content: bytes) -> bytes:
        found = [record for _, record in VARIABLE.read(io.BytesIO(content))]
        found[place] = change(found[place])
        return b"".join(VARIABLE.write(found))

    return changed


def ebcdic(text: str) -> bytes:
    return text.encode("cp037")


VARIABLE = RecordFormat("variable")
ORDER_2, LINE_2, TRAILER = 3, 4, 7
#: what a partner sends in place of three sound orders, and the one precise answer: of the whole file, or of the second
#: order alone, with its own id where that can be read
BAD_RECORDS: list[tuple[Callable[[bytes], bytes], str | None, str, str, str]] = [
    (
        of_record(ORDER_2, lambda record: record[:-4]),
        "B-2",
        "RecordLengthWrong",
        "record 4, byte 180 of the file, byte 53 of the record",
        "its layout has 54 or more: ORDER-RECORD/DUE-DATE ends there",
    ),
    (
        of_record(ORDER_2, lambda record: record + ebcdic("00")),
        "B-2",
        "RecordLengthWrong",
        "record 4, byte 180 of the file, byte 58 of the record",
        "its layout has 57",
    ),
    (
        of_record(LINE_2, lambda record: record.replace(b"\x00\x01\x20\x0c", b"\x00\x01\x20\x05")),
        "B-2",
        "FieldUnreadable",
        "record 5, byte 241 of the file, bytes 56 to 60 of the record",
        "the last half byte, 5, is no sign (A to F); its bytes are 00 00 01 20 05",
    ),
    (
        of_record(ORDER_2, lambda record: record.replace(ebcdic("0000460002"), ebcdic("00004 0002"))),
        "B-2",
        "FieldUnreadable",
        "record 4, byte 180 of the file, bytes 18 to 27 of the record",
        "the byte 40 is no digit; its bytes are F0 F0 F0 F0 F4 40 F0 F0 F0 F2",
    ),
    (
        of_record(ORDER_2, lambda record: ebcdic("X") + record[1:]),
        None,
        "RecordTypeUnknown",
        "record 4, byte 180 of the file, byte 1 of the record",
        "the layout knows H, O, L, F, T; the field REC-TYPE has the bytes E7",
    ),
    (
        of_record(TRAILER, lambda record: record.replace(ebcdic("03"), ebcdic("04"), 1)),
        None,
        "TotalWrong",
        "record 8, byte 464 of the file",
        "it says 4, and the file has 3 (count ORDER-RECORD)",
    ),
    (
        lambda content: content[:300],
        None,
        "RecordsFaulty",
        "byte 237 of the file",
        "the file ends after 60 of its 77 bytes",
    ),
    (
        lambda content: content + content[-28:],
        None,
        "RecordOutOfPlace",
        "record 9, byte 492 of the file",
        "it came already, and its largest number is 1",
    ),
    (
        lambda content: b"".join(
            VARIABLE.write(record.decode("cp037").encode("latin-1") for _, record in VARIABLE.read(io.BytesIO(content)))
        ),
        None,
        "RecordTypeUnknown",
        "record 1, byte 5 of the file, byte 1 of the record",
        "the layout knows H, O, L, F, T; the field REC-TYPE has the bytes 48",
    ),
    (
        lambda content: b"".join(record for _, record in VARIABLE.read(io.BytesIO(content))),
        None,
        "RecordsFaulty",
        "byte 1 of the file",
        "C8 C2 C9 D3 is no record descriptor word: a length of 4 or more, and two bytes 00",
    ),
]

GOOD = ("A-1;1-A;Local Line;1", "A-2;1-B;Local Line;1", "A-3;1-A;Local Line;1")
BAD_CSV: list[tuple[bytes, bytes, str | None, str, str, str]] = [
    (
        b"A-2;1-B;Local Line;1",
        b"A-2;1-B;Local Line;1 000",
        "A-2",
        "CellUnreadable",
        "line 4, column 22",
        "expected a number such as -1234, found '1 000'; the cell is '1 000'",
    ),
    (
        b"A-2;1-B;Local Line",
        b"A-2;1-B;Local;Line",
        None,
        "CellsMiscounted",
        "line 4, byte 63 of the file",
        "its columns are 5: KIND, NO, CUSTOMER, PRODUCT, QTY",
    ),
    (
        b"A-2;1-B;Local",
        b'A-2;1-B;"Local',
        None,
        "CsvFaulty",
        "line 4, column 11",
        "the quote that opens here doesn't close",
    ),
    (
        b"A-2;1-B;L",
        b"A-2;1-B;\xc4",
        None,
        "CsvFaulty",
        "line 4, column 11, byte 73 of the file",
        "the byte C4 is no character of utf-8 (invalid continuation byte)",
    ),
    (b"O;A-2", b"\r\nO;A-2", None, "LineEmpty", "line 4, byte 63 of the file", "one empty line may stand at the end"),
    (
        b"O;A-2",
        b"X;A-2",
        None,
        "RecordTypeUnknown",
        "line 4, column 1",
        "the layout knows H, O, T; the column KIND has",
    ),
    (b"T;;;;3", b"T;;;;4", None, "TotalWrong", "line 6, byte 111 of the file", "it says 4, and the file has 3"),
    (b"T;;;;3", b"", None, "RecordMissing", "the end of the file, behind line 5", "at least 1 must come, and 0 came"),
    (b"T;;;;3", b"T;;;;3\r\nT;;;;3", None, "RecordOutOfPlace", "line 7, byte 119 of the file", "it came already"),
]
BAD_XML: list[tuple[bytes, bytes, str | None, str, str, str]] = [
    (
        b"A-2</number><customer>1-B</customer><product>Local Line</product><quantity>1",
        b"A-2</number><customer>1-B</customer><product>Local Line</product><quantity>1 0",
        "A-2",
        "AgainstSchema",
        "order 2 of the file, message A-2, line 2, /file[1]/order[1]/quantity[1]",
        "a whole number is expected; found '1 0'",
    ),
    (
        b"A-2</number>",
        b"A-\x022</number>",
        None,
        "NotWellFormed",
        "line 3, column 18, byte 160 of the file",
        "not well-formed (invalid token); the bytes there are 02 32 3C 2F 6E 75 6D 62",
    ),
    (
        b"A-2</number>",
        b"A-&zwei;</number>",
        None,
        "NotWellFormed",
        "line 3, column 18, byte 160 of the file",
        "undefined entity; the bytes there are 26 7A 77 65 69 3B 3C 2F",
    ),
    (
        b"</file>",
        b"",
        None,
        "NotWellFormed",
        "line 6, column 1, byte 384 of the file",
        "no element found; the file ends",
    ),
    (b"<file", b"<!DOCTYPE f [<!ENTITY e 'x'>]><file", None, "ForbiddenXml", "line 1", "document type declarations"),
    (b"<file", b'<?xml version="1.0" encoding="x"?><file', None, "ForbiddenXml", "line 1", "UTF-8, UTF-16 with byte"),
    (b"<file", b"\x1f\x8b<file", None, "ForbiddenXml", "byte 0", "it begins like gzip; plain XML is expected"),
    (
        b"<orders>3",
        b"<orders>4",
        None,
        "OrderCountWrong",
        "route lark, batch, count",
        "it says '4', and the file has 3",
    ),
    (
        b"</file>",
        b"<orders>3</orders></file>",
        None,
        "AgainstSchema",
        "header or trailer, line 1, /file[1]",
        "Unexpected child with tag '{urn:lark}orders' at position 3",
    ),
    (
        b"\n<order><number>A-2",
        b"<note/>\n<order><number>A-2",
        None,
        "ElementBetweenOrders",
        "line 2",
        "a header stands before all orders, and a trailer behind them",
    ),
]


def replaced(content: bytes, before: bytes, after: bytes) -> bytes:
    assert content.count(before) == 1
    return content.replace(before, after)


def test_each_fault_of_a_file_has_one_precise_answer_and_the_rest_goes_on(road: Road) -> None:
    """The sound orders of a file with a faulty one are worked; of a file that is refused whole, none is."""
    expected = {}
    for number, (change, *answered) in enumerate(BAD_RECORDS, 1):
        put_in(road, RECORDS, f"{number}.bin", change(file_of(road, [order_node(n) for n in (1, 2, 3)], number=number)))
        expected[f"{number}.bin"] = answered
    for number, (before, after, *answered) in enumerate(BAD_CSV, 1):
        put_in(road, CSV, f"{number}.csv", replaced(csv_file(*GOOD, number=str(number)), before, after))
        expected[f"{number}.csv"] = answered
    for number, (before, after, *answered) in enumerate(BAD_XML, 1):
        put_in(road, XML, f"{number}.xml", replaced(xml_file(*GOOD, id=str(number)), before, after))
        expected[f"{number}.xml"] = answered
    road.run()
    alone = ("RecordLengthWrong", "FieldUnreadable", "CellUnreadable", "CellsMiscounted")
    for batch in batches(road):
        own_id, reason, where, why = expected.pop(batch.name)
        with road.open_hub.read() as transaction:
            parts = transaction.messages.batches.parts(batch.id, every=True)
        if own_id is None and reason not in alone:
            assert (batch.state, parts) == ("refused", []), batch
            error = batch.error
        else:
            assert [part["state"] for part in parts if part["position"] != 2] in (["done"] * 2, ["filtered"] * 2)
            assert (batch.state, parts[1]["state"], parts[1]["own_id"]) == ("done", "invalid", own_id), batch.name
            error = parts[1]["error"]
        assert error is not None
        assert (error["reason"], error["where"], error["why"][: len(why)]) == (reason, where, why), batch.name
        assert error["mend"]
    assert expected == {}


def test_a_faulty_order_refuses_the_file_where_the_route_does_not_say_otherwise(tmp_path: pathlib.Path) -> None:
    road = partners_road(tmp_path, alone=False).load_samples()
    put_in(road, CSV, "w.csv", csv_file("A-1;1-A;Local Line;1", "A-2;1-A;Local Line;x"))
    put_in(road, XML, "l.xml", xml_file("A-1;1-A;Local Line;1", "A-2;1-A;Local Line;x"))
    road.run()
    assert road.counts() == {}
    told = {batch.name: ((batch.error or {})["reason"], (batch.error or {})["where"]) for batch in batches(road)}
    assert told == {
        "w.csv": ("CellUnreadable", "line 4, column 22"),
        "l.xml": (
            "AgainstSchema",
            "order 2, which begins at line 3 of the file, line 2, /file[1]/order[1]/quantity[1]",
        ),
    }
    assert rows(road, "Wren Answers", answer_to(road, CSV, "w.csv", "rejected"))[1] == {
        "KIND": "E",
        "REASON": "CellUnreadable",
        "WHAT": "the field ORDER/QTY can't be read",
    }
    assert b"<why>a whole number is expected; found 'x'</why>" in answer_to(road, XML, "l.xml", "rejected")
    road.close()
