"""`orderhub layout`: the examples of the pages of layouts, and files that don't fit."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
from typing import Any

import pytest

ROOT = pathlib.Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "layouts.md").read_text()


#: The page's blocks of code, each behind the name of its language.
BLOCKS = PAGE.split("```")[1::2]


def block(kind: str) -> str:
    """The first block of code of a kind in the page."""
    return next(text for text in BLOCKS if text.startswith(kind + "\n")).partition("\n")[2]


#: The page's lines of JSON.
LINES = next(text.lstrip() for text in BLOCKS if text.startswith('\n{"record"'))


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A deployment with the page's copybook, declaration and lines."""
    schemas = tmp_path / "schemas" / "acme"
    schemas.mkdir(parents=True)
    (tmp_path / "orderhub.toml").write_text("routes = []\n")
    (schemas / "orders.cpy").write_text(block("cobol"))
    (schemas / "orders.yaml").write_text(block("yaml"))
    (tmp_path / "lines.jsonl").write_text(LINES)
    return tmp_path


def ran(folder: pathlib.Path, *arguments: str) -> bytes:
    """Run a command; return its standard output in bytes."""
    command = [sys.executable, "-m", "hub.command_line.app", "layout", *arguments]
    return subprocess.run(command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, check=True, capture_output=True).stdout


def test_lines_become_a_file_and_the_file_the_same_lines(folder: pathlib.Path) -> None:
    data = ran(folder, "encode", "Acme Orders", "lines.jsonl")
    (folder / "orders.bin").write_bytes(data)
    decoded = ran(folder, "decode", "Acme Orders", "orders.bin")
    trailer = json.loads(decoded.splitlines()[-1])
    assert trailer["fields"] == {"REC-TYPE": "T", "ORDER-COUNT": "1", "PRICE-TOTAL": "5.99"}
    (folder / "decoded.jsonl").write_bytes(decoded)
    assert ran(folder, "encode", "Acme Orders", "decoded.jsonl") == data


@pytest.mark.parametrize(("times", "code"), [(500, 1), (1, 0)], ids=["in the middle", "at the end"])
def test_a_reader_who_has_gone_is_no_fault_of_the_file(folder: pathlib.Path, times: int, code: int) -> None:
    """As with `orderhub layout decode NAME FILE | head -1`."""
    header, *orders, trailer = LINES.splitlines(keepends=True)
    (folder / "many.jsonl").write_text(header + "".join(orders) * times + trailer)
    (folder / "orders.bin").write_bytes(ran(folder, "encode", "Acme Orders", "many.jsonl"))
    command = [sys.executable, "-m", "hub.command_line.app", "layout", "decode", "Acme Orders", "orders.bin"]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        ended = subprocess.run(
            command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, check=False, stdout=gone, stderr=subprocess.PIPE
        )
    assert (ended.returncode, ended.stderr) == (code, b"")


def test_a_field_that_can_not_be_read_is_drawn(folder: pathlib.Path, command: Any) -> None:
    data = bytearray(ran(folder, "encode", "Acme Orders", "lines.jsonl"))
    data[-1] = 0x55
    (folder / "bad.bin").write_bytes(data)
    told = command("layout", "decode", "Acme Orders", "bad.bin", expect=1)
    assert "       1  E3 F0 F0 F0 F0 F0 F1 00 00 00 00 59 55" in told.err
    assert "                               ^^ ^^ ^^ ^^ ^^ ^^\n" in told.err
    assert f"where: bad.bin, record 4, byte {len(data) - 12} of the file, bytes 8 to 13 of the record" in told.err
    # What stands before the fault was read.
    assert len(told.out.splitlines()) == 1


def test_a_file_of_another_format_is_diagnosed(folder: pathlib.Path, command: Any) -> None:
    data = ran(folder, "encode", "Acme Orders", "lines.jsonl")
    (folder / "orders.bin").write_bytes(data)
    assert "the file fits Acme Orders: 4 records" in command("layout", "diagnose", "Acme Orders", "orders.bin").out
    (folder / "orders.bin").write_bytes(b"VOL1" + data)
    told = command("layout", "diagnose", "Acme Orders", "orders.bin", expect=1)
    assert "likely: 4 bytes stand before the first record; read so, 4 records fit" in told.out


def test_a_layout_is_shown_and_proven(folder: pathlib.Path, command: Any) -> None:
    shown = command("layout", "show", "Acme Orders").out
    assert re.search(r"2 +5 +PRICE +packed, 9 digits, 2 of them behind the point, signed +9\n", shown)
    assert command("layout", "check", "Acme Orders").out == "Acme Orders: sound, 4 records\n"
    assert "NO" not in command("layout", "support").out.split()


def test_a_faulty_copybook_is_found_by_check(folder: pathlib.Path, command: Any) -> None:
    (folder / "schemas" / "acme" / "orders.cpy").write_text(block("cobol").replace("COMP-3", "COMP-9"))
    told = command("check", expect=1)
    assert "schemas/acme/orders.cpy:9: error: PRICE: 'COMP-9' is no clause that a layout knows" in told.out


def test_a_draft_is_a_declaration(folder: pathlib.Path, command: Any) -> None:
    drafted = command("layout", "from-copybook", "schemas/acme/orders.cpy").out
    (folder / "schemas" / "acme" / "orders.yaml").write_text(drafted)
    assert "Acme Orders: sound, 4 records\n" in command("layout", "check").out


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("[]", 'an object with "record" is expected'),
        ("{", "Expecting property name"),
        ('{"record": "ORDER-RECORD", "extra": 1}', "the key 'extra' is unknown"),
        (
            '{"record": "ORDER-RECORD", "fields": {"ORD-NO": [1]}}',
            "the value of 'ORD-NO' is neither a text nor a number",
        ),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_line_that_is_no_record_is_refused(folder: pathlib.Path, line: str, why: str) -> None:
    (folder / "lines.jsonl").write_text(LINES.splitlines()[0] + "\n" + line + "\n")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        ran(folder, "encode", "Acme Orders", "lines.jsonl")
    assert caught.value.returncode == 1
    told = caught.value.stderr.decode()
    assert "line 2 is no record" in told
    assert why in told


def test_unknown_names_and_files_are_told(folder: pathlib.Path, command: Any) -> None:
    assert "there is no layout 'Acme'" in command("layout", "show", "Acme", expect=2).err
    assert "No such file or directory" in command("layout", "decode", "Acme Orders", "nothing", expect=2).err


#: The blocks of the page of CSV files: sending the sample, the file, the declaration, the lines of JSON, a fault.
_, CSV_FILE, CSV_DECLARATION, CSV_LINES, CSV_FAULT = (
    text.partition("\n")[2] for text in (ROOT / "docs" / "csv_layouts.md").read_text().split("```")[1::2]
)


@pytest.fixture
def channel(tmp_path: pathlib.Path) -> pathlib.Path:
    """A deployment with the declaration and the file of the page of CSV files."""
    (tmp_path / "schemas" / "channel").mkdir(parents=True)
    (tmp_path / "orderhub.toml").write_text("routes = []\n")
    (tmp_path / "schemas" / "channel" / "orders.yaml").write_text(CSV_DECLARATION)
    (tmp_path / "orders.csv").write_bytes(CSV_FILE.replace("\n", "\r\n").encode())
    return tmp_path


def test_the_csv_file_of_the_page_becomes_its_lines_and_the_same_bytes(channel: pathlib.Path) -> None:
    decoded = ran(channel, "decode", "Channel Orders", "orders.csv")
    assert decoded.decode() == CSV_LINES
    (channel / "lines.jsonl").write_bytes(decoded)
    assert ran(channel, "encode", "Channel Orders", "lines.jsonl") == (channel / "orders.csv").read_bytes()


def test_a_csv_layout_is_shown_proven_and_its_faults_drawn(channel: pathlib.Path, command: Any) -> None:
    shown = command("layout", "show", "Channel Orders").out
    assert shown.startswith("Channel Orders: CSV, delimiter ;, utf-8, with a header\n")
    assert re.search(r"4 +PRICE +number, such as -1\.234,50 +26\n", shown)
    assert command("layout", "check", "Channel Orders").out == "Channel Orders: sound, 3 records\n"
    data = (channel / "orders.csv").read_bytes()
    assert (
        "the file fits Channel Orders: 4 records" in command("layout", "diagnose", "Channel Orders", "orders.csv").out
    )
    (channel / "bad.csv").write_bytes(data.replace(b"1.049,00", b"1.049.00"))
    told = command("layout", "decode", "Channel Orders", "bad.csv", expect=1)
    assert (told.out, told.err) == ("", CSV_FAULT)


#: The blocks of the page of JSON: sending the sample, the schema, the declaration, the table, a line, the declaration
#: and the file of JSON lines, a fault.
_, JSON_SCHEMA, JSON_DECLARATION, JSON_TABLE, JSON_LINE, LINES_DECLARATION, JSON_LINES, JSON_FAULT = (
    text.partition("\n")[2] for text in (ROOT / "docs" / "json_layouts.md").read_text().split("```")[1::2]
)


def test_the_json_of_the_page_is_shown_decoded_encoded_and_diagnosed(tmp_path: pathlib.Path, command: Any) -> None:
    (tmp_path / "schemas" / "kiosk").mkdir(parents=True)
    (tmp_path / "orderhub.toml").write_text("routes = []\n")
    (tmp_path / "schemas" / "kiosk" / "order.json").write_text(JSON_SCHEMA)
    (tmp_path / "schemas" / "kiosk" / "order.yaml").write_text(JSON_DECLARATION)
    assert command("layout", "show", "Kiosk Order").out == JSON_TABLE
    assert command("layout", "check", "Kiosk Order").out == "Kiosk Order: sound, 3 components\n"
    (tmp_path / "line.jsonl").write_text(JSON_LINE)
    message = ran(tmp_path, "encode", "Kiosk Order", "line.jsonl")
    assert json.loads(message)["lines"][0] == {"product": "DSL", "price": 29.9, "lines": [{"product": "ROUTER"}]}
    (tmp_path / "order.json").write_bytes(message)
    assert command("layout", "decode", "Kiosk Order", "order.json").out == JSON_LINE
    assert command("layout", "diagnose", "Kiosk Order", "order.json").out == "the file fits Kiosk Order\n"
    (tmp_path / "bad.json").write_bytes(message.replace(b"29.90", b'"cheap"'))
    assert command("layout", "diagnose", "Kiosk Order", "bad.json", expect=1).err == JSON_FAULT
    (tmp_path / "schemas" / "kiosk" / "order.json").write_text(JSON_SCHEMA.replace('"type": "number"', '"type": "num"'))
    told = command("check", expect=1)
    assert "schemas/kiosk/order.json, /$defs/line/properties/price/type: error: this is no JSON Schema" in told.out


def test_the_json_lines_of_the_page_are_shown_decoded_encoded_and_diagnosed(
    tmp_path: pathlib.Path, command: Any
) -> None:
    (tmp_path / "schemas" / "partner").mkdir(parents=True)
    (tmp_path / "orderhub.toml").write_text("routes = []\n")
    keys = {"HEADER": {"number": "integer"}, "ACCOUNT": {"key": "string", "name": "string", "limit": "number"}}
    schema = {
        name: {
            "type": "object",
            "properties": {"type": {"type": "string"}} | {key: {"type": of} for key, of in of_key.items()},
        }
        for name, of_key in {**keys, "TRAILER": {"count": "integer"}}.items()
    }
    (tmp_path / "schemas" / "partner" / "accounts.json").write_text(json.dumps({"$defs": schema}))
    (tmp_path / "schemas" / "partner" / "accounts.yaml").write_text(LINES_DECLARATION)
    assert command("layout", "show", "Partner Accounts").out.splitlines()[:4] == [
        "Partner Accounts: lines of JSON, as partner/accounts.json describes them",
        "name      holds",
        "HEADER    record of type H, 1 times",
        "  type    text",
    ]
    assert command("layout", "check", "Partner Accounts").out == "Partner Accounts: sound, 3 records\n"
    (tmp_path / "accounts.jsonl").write_text(JSON_LINES)
    decoded = command("layout", "decode", "Partner Accounts", "accounts.jsonl").out
    assert '"fields": {"type": "A", "key": "1", "name": "Ann", "limit": "29.90"}' in decoded
    (tmp_path / "decoded").write_text(decoded)
    assert ran(tmp_path, "encode", "Partner Accounts", "decoded").decode() == JSON_LINES
    assert command("layout", "diagnose", "Partner Accounts", "accounts.jsonl").out.endswith("3 records were read\n")
    (tmp_path / "bad.jsonl").write_text(JSON_LINES.replace("29.90", '"cheap"'))
    told = command("layout", "diagnose", "Partner Accounts", "bad.jsonl", expect=1).out
    assert told.startswith("the file doesn't fit Partner Accounts: 1 records could be read\nnothing else fits better")
    told = command("layout", "decode", "Partner Accounts", "bad.jsonl", expect=1).err
    assert "where: bad.jsonl, line 2, column 44" in told
    assert "expected number, found 'cheap'" in told
