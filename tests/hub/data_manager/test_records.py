"""Orders that come as records in EBCDIC, as CSV and as JSON: worked like any other, and answered in the same form."""

from __future__ import annotations

import io
import json
import pathlib
import sqlite3
from typing import Any

import pytest

from hub.deployment.deployment import open_deployment
from hub.presentation.records import read_record_json
from integration_objects.property_set import PropertySet
from integration_objects.secrets import SecretNames
from schemas.layouts.record_object import RecordObject
from schemas.limits import Limits
from schemas.secret_values import secrets_in

SAMPLES = pathlib.Path(__file__).parents[3] / "hub" / "samples"
LOADED = ("catalogue", "price_list", "premises", "accounts", "customers")


@pytest.fixture
def folder(tmp_path: pathlib.Path, command: Any) -> pathlib.Path:
    """A deployment with the mainframe's records, and the sample as a file of records."""
    settings = 'routes = ["mainframe_records"]\nsystems = ["*"]\ndatabase_url = "sqlite:///orderhub.db"\n'
    (tmp_path / "orderhub.toml").write_text(settings)
    command("load", *(str(SAMPLES / f"{name}.xml") for name in LOADED))
    (tmp_path / "order.bin").write_bytes(order())
    return tmp_path


def records(name: str) -> RecordObject:
    found = open_deployment(pathlib.Path.cwd()).external_objects[name]
    assert isinstance(found, RecordObject)
    return found


def order(**changed: str) -> bytes:
    """The sample's bytes; *changed* are fields of its order."""
    lines = (SAMPLES / "order-7-records.jsonl").read_text().splitlines()
    nodes = [read_record_json(line, number, "sample") for number, line in enumerate(lines, 1)]
    nodes[1].properties.update(changed)
    return records("Mainframe Order Records").write(PropertySet("Records", children=nodes))


def answers(folder: pathlib.Path, command: Any) -> list[PropertySet]:
    """Work all messages; return the records of the answers."""
    command("run", "--once")
    command("receive", "mainframe.records.answers", "--into", "answers")
    layout = records("Mainframe Answer Records").layout
    files = sorted((folder / "answers").iterdir())
    return [node for file in files for node in layout.read(io.BytesIO(file.read_bytes()))]


def test_an_order_of_records_is_stored_with_its_lines_and_features_and_answered_in_records(
    folder: pathlib.Path, command: Any
) -> None:
    command("send", "mainframe_records", "order.bin")
    head, *lines = answers(folder, command)
    assert (head.get("MSG-ID"), head.get("STATE"), head.get("ORD-NO")) == ("MR-0001", "OK", "450101")
    # The installation has no reference of the mainframe's: order and line number stand for it.
    assert sorted(line.get("LINE-REF") or "" for line in lines) == [
        "450101-6", "CID-87", "FWD-87", "LIN-87", "PKG-87", "VML-87"
    ]  # fmt: skip
    [row] = json.loads(command("messages", "list", "--json").out)
    shown = command("messages", "show", row["id"], "--body").out
    assert shown.startswith('{"record": "FILE-HEADER", "fields": {"REC-TYPE": "H", "SENDER": "BILLMF01"')
    assert '{"REC-TYPE": "F", "FEATURE-NAME": "Password", "FEATURE-VALUE": "***"}' in shown
    assert (
        "BILLMF01".encode("cp037").decode("utf-8", "replace")
        in command("messages", "show", row["id"], "--body", "--unmasked").out
    )
    with sqlite3.connect(folder / "orderhub.db") as database:
        stored = database.execute(
            "select i.prod_id, i.service_num, i.adj_unit_pri from s_order_item i where i.service_num is not null"
        ).fetchall()
    assert [(product, number) for product, number, _ in stored] == [("Local Line", "5095550124")]


def test_the_secrets_of_records_and_json_are_known_to_errors(folder: pathlib.Path) -> None:
    names = SecretNames(["Password"])
    assert secrets_in(order(), names, Limits(), records("Mainframe Order Records")) == {"1234"}
    assert secrets_in((SAMPLES / "order-9-shop.json").read_bytes(), names, Limits()) == {"1234"}
    assert secrets_in(order()[:-1], names, Limits(), records("Mainframe Order Records")) == set()


def test_the_same_records_again_are_a_repeat(folder: pathlib.Path, command: Any) -> None:
    command("send", "mainframe_records", "order.bin")
    assert len([node for node in answers(folder, command) if node.type == "ANSWER-RECORD"]) == 1
    assert "repeat" in command("send", "mainframe_records", "order.bin").out


@pytest.mark.parametrize(
    ("body", "reason", "state"),
    [
        (lambda whole: whole[:-1], "RecordsFaulty", "INV"),
        (lambda whole: b"<ORDERS/>", "RecordsFaulty", "INV"),
        (lambda whole: whole[:-1] + b"\x5d", "TotalWrong", "INV"),
        (lambda whole: b"", "RecordMissing", "INV"),
    ],
)
def test_records_that_do_not_fit_are_refused_in_records(
    folder: pathlib.Path, command: Any, body: Any, reason: str, state: str
) -> None:
    (folder / "order.bin").write_bytes(body(order()))
    command("send", "mainframe_records", "order.bin")
    head, error = answers(folder, command)
    assert (head.get("STATE"), error.get("REASON")) == (state, reason)


def test_a_fault_of_a_map_names_the_record(folder: pathlib.Path, command: Any) -> None:
    (folder / "order.bin").write_bytes(order(**{"DUE-DATE": "20261399"}))
    command("send", "mainframe_records", "order.bin")
    head, error = answers(folder, command)
    assert (head.get("STATE"), error.get("REASON")) == ("REJ", "ExpressionFailed")
    [row] = json.loads(command("messages", "list", "--json").out)
    assert "record 2, /Records[1]/ORDER-RECORD[1]/DUE-DATE" in command("messages", "show", row["id"]).out


@pytest.fixture
def shop(tmp_path: pathlib.Path, command: Any) -> pathlib.Path:
    """A deployment with the routes of CSV and JSON, and the samples."""
    settings = 'routes = ["channel_order", "shop_order"]\nsystems = ["*"]\ndatabase_url = "sqlite:///orderhub.db"\n'
    (tmp_path / "orderhub.toml").write_text(settings)
    command("load", *(str(SAMPLES / f"{name}.xml") for name in LOADED))
    return tmp_path


def test_orders_in_csv_and_json_are_stored_and_answered_or_refused_in_their_form(
    shop: pathlib.Path, command: Any
) -> None:
    csv, message = (SAMPLES / "order-8-channel.csv").read_bytes(), (SAMPLES / "order-9-shop.json").read_bytes()
    sent = {
        "good.csv": csv,
        "number.csv": csv.replace(b"12,00", b"12.00").replace(b"CH-0001", b"CH-0002"),
        "quote.csv": csv.replace(b"Local Line", b'"Local Line'),
        "good.json": message.replace(b'"1-B"', b'"2-LB"'),
        "price.json": message.replace(b"12.00", b'"12"').replace(b"SH-0001", b"SH-0002"),
        "twice.json": message.replace(b'"due"', b'"account": "1-A", "due"'),
        "due.json": message.replace(b"2026-01-12", b"1066-01-12").replace(b"SH-0001", b"SH-0003"),
    }
    for name, body in sent.items():
        (shop / name).write_bytes(body)
        command("send", "channel_order" if name.endswith("csv") else "shop_order", name)
    command("run", "--once")
    command("receive", "channel.answers", "--into", "csv")
    command("receive", "shop.answers", "--into", "json")
    records_of = records("Channel Answer").layout.read
    found = [list(records_of(io.BytesIO(file.read_bytes()))) for file in (shop / "csv").iterdir()]
    assert sorted((head.get("STATE"), rest[0].get("TEXT")) for head, *rest in found) == [
        ("accepted", None),
        ("refused", "line 4 can't be read"),
        ("refused", "the field LINE/PRICE can't be read"),
    ]
    answers = [json.loads(file.read_text()) for file in (shop / "json").glob("*.json")]
    errors = [each.get("errors", [{"text": each["state"], "place": ", "}])[0] for each in answers]
    assert sorted((each["text"], each["place"].partition(", ")[2]) for each in errors) == [
        ("accepted", ""),
        ("the message can't be read as JSON", "line 5, column 14"),
        ("the value at /due breaks the schema", "line 5, column 10"),
        ("the value at /lines/0/lines/0/price/amount breaks the schema", "line 19, column 31"),
    ]
    for row in json.loads(command("messages", "list", "--state", "done", "--json").out):
        shown = command("messages", "show", row["id"], "--body").out
        assert "1234" not in shown
        assert '"NAME": "Password", "VALUE": "***"' in shown or '"name": "Password",\n' in shown
    with sqlite3.connect(shop / "orderhub.db") as database:
        stored = database.execute(
            "select service_num from s_order_item where service_num is not null order by service_num"
        ).fetchall()
    assert stored == [("5095550126",), ("5095550127",)]
