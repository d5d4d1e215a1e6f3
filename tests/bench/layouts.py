"""How fast layouts read and write records, CSV and JSON, beside scripts for these files alone; and generated copybooks:

    python -m tests.bench.layouts [--quick | --full]

Measured in CPU seconds, the best of three. The record of fixed width has 292 bytes and 34 fields: 20 texts, 6 zoned, 6
packed and 2 binary numbers. ``--full`` also reads a file of 1 GiB, with the memory that this takes, and compares 10,000
records of each of 500 generated copybooks with the oracle of the tests.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import pathlib
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from integration_objects.declaration import Source
from integration_objects.field_values import as_number
from integration_objects.property_set import PropertySet
from schemas.layouts.copybook.entries import read_copybook
from schemas.layouts.declaration import read_layout, read_layout_object
from schemas.layouts.layout import Layout
from schemas.layouts.options import Options
from schemas.layouts.placing import place
from schemas.layouts.record import RecordCodec
from schemas.layouts.values.binary import Binary
from schemas.layouts.values.code_pages import code_page
from schemas.layouts.values.no_number import NoNumber
from schemas.layouts.values.packed import Packed
from schemas.layouts.values.texts import Text
from schemas.layouts.values.zoned import Overpunched, SeparatelySigned, Unsigned
from schemas.limits import Limits
from tests.bench.delta_and_apply import best, say
from tests.schemas.layouts.generated import LETTERS, copybook, random_record, record
from tests.schemas.layouts.test_generated import as_dict, without_single_lists

TEXTS, ZONED, PACKED, BINARY = (
    [f"{kind}-{number}" for number in range(1, count + 1)] for kind, count in (("T", 20), ("Z", 6), ("P", 6), ("B", 2))
)
FIELDS = [*TEXTS, *ZONED, *PACKED, *BINARY]
CLAUSES = {"T": "PIC X(10)", "Z": "PIC S9(7)V99", "P": "PIC S9(7)V99 COMP-3", "B": "PIC S9(8) COMP"}
COPYBOOK = "\n".join(["       01 R.", *(f"           05 {name} {CLAUSES[name[0]]}." for name in FIELDS)]) + "\n"
LENGTH = 292
GIB = 1 << 30
SCHEMA = {
    "properties": {
        "number": {"type": "string", "maxLength": 20},
        "lines": {
            "type": "array",
            "items": {
                "properties": {
                    "product": {"type": "string"},
                    "quantity": {"type": "integer", "minimum": 1},
                    "price": {"type": "number"},
                },
                "required": ["product"],
            },
        },
    },
    "required": ["number"],
}


def fixed() -> Layout[Any]:
    """The layout of the records of fixed width."""
    text = "external object: R\nlayout: {copybook: r.cpy}\n"
    return read_layout(Source("schemas/r.yaml", text), {"r.cpy": COPYBOOK.encode()}.__getitem__)


def comma_separated() -> Layout[Any]:
    """The layout of the same records as CSV."""
    kinds = {"T": "text", "Z": "{type: number, decimals: 2}", "P": "{type: number, decimals: 2}", "B": "number"}
    columns = "".join(f"      {name}: {kinds[name[0]]}\n" for name in FIELDS)
    text = "external object: R\nlayout: {delimiter: ';'}\nrecords:\n  R:\n    columns:\n" + columns
    return read_layout(Source("schemas/r.yaml", text), {}.__getitem__)


def nodes(count: int) -> list[PropertySet]:
    """Random records."""
    chance = random.Random(5)  # noqa: S311  # a bench's chance
    made = []
    for _ in range(count):
        fields: dict[str, str | None] = {name: f"text {chance.randrange(10_000)}" for name in TEXTS}
        fields |= {name: f"{chance.randrange(10**7)}.{chance.randrange(10, 100)}" for name in (*ZONED, *PACKED)}
        fields |= {name: str(chance.randrange(10**8)) for name in BINARY}
        made.append(PropertySet("R", properties=fields))
    return made


# The scripts: what somebody would write by hand for this one kind of record, without any check.

_SIGNS = {**{0xC0 + digit: (digit, 1) for digit in range(10)}, **{0xD0 + digit: (digit, -1) for digit in range(10)}}


def script_decode(data: bytes) -> list[dict[str, Any]]:
    """Read the records of fixed width."""
    found = []
    for start in range(0, len(data), LENGTH):
        text = data[start : start + 254].decode("cp037")
        row: dict[str, Any] = {name: text[10 * at : 10 * at + 10].rstrip() for at, name in enumerate(TEXTS)}
        for at, name in enumerate(ZONED):
            last, sign = _SIGNS[data[start + 208 + 9 * at]]
            row[name] = Decimal(sign * (int(text[200 + 9 * at : 208 + 9 * at]) * 10 + last)).scaleb(-2)
        for at, name in enumerate(PACKED):
            digits = data[start + 254 + 5 * at : start + 259 + 5 * at].hex()
            row[name] = Decimal((-1 if digits[-1] == "d" else 1) * int(digits[:-1])).scaleb(-2)
        row["B-1"], row["B-2"] = struct.unpack_from(">ii", data, start + 284)
        found.append(row)
    return found


def script_encode(rows: list[dict[str, Any]]) -> bytes:
    """Write the records of fixed width."""
    parts = []
    for row in rows:
        parts.append("".join(row[name].ljust(10) for name in TEXTS).encode("cp037"))
        for name in ZONED:
            number = int(row[name].scaleb(2))
            digits = f"{abs(number):09}".encode("cp037")
            parts.append(digits[:-1] + bytes([digits[-1] - (0x20 if number < 0 else 0x30)]))
        for name in PACKED:
            number = int(row[name].scaleb(2))
            parts.append(bytes.fromhex(f"{abs(number):09}{'d' if number < 0 else 'c'}"))
        parts.append(struct.pack(">ii", row["B-1"], row["B-2"]))
    return b"".join(parts)


def script_csv(data: bytes) -> list[dict[str, Any]]:
    """Read the records as CSV."""
    found = []
    for row in csv.DictReader(io.StringIO(data.decode()), delimiter=";"):
        read: dict[str, Any] = dict(row)
        for name in (*ZONED, *PACKED, *BINARY):
            read[name] = Decimal(read[name])
        found.append(read)
    return found


def script_csv_write(rows: list[dict[str, Any]]) -> bytes:
    """Write the records as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, FIELDS, delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def rate(what: str, count: int, work: Callable[[], object], unit: str = "records") -> None:
    """Print a line: how many a second."""
    say(f"{what:<46} {count / best([work]):>10,.0f} {unit} a second")


def compare(count: int) -> None:
    """Print the rates of layouts and scripts."""
    records = nodes(count)
    for name, layout, read, write in (
        ("fixed width", fixed(), script_decode, script_encode),
        ("CSV", comma_separated(), script_csv, script_csv_write),
    ):
        data = b"".join(layout.write(records))
        found = list(layout.read(io.BytesIO(data)))
        assert b"".join(layout.write(found)) == data
        rows = read(data)
        assert write(rows) == data
        rate(f"{name}: read", count, lambda: list(layout.read(io.BytesIO(data))))  # noqa: B023  # called at once
        rate(f"{name}: read, by a script", count, lambda: read(data))  # noqa: B023
        rate(f"{name}: write", count, lambda: b"".join(layout.write(found)))  # noqa: B023
        rate(f"{name}: write, by a script", count, lambda: write(rows))  # noqa: B023
    compare_json(count // 10)


def compare_json(count: int) -> None:
    """Print the rates of a message in JSON with so many lines."""
    bodies = {"o.json": json.dumps(SCHEMA).encode()}
    source = Source("schemas/o.yaml", "external object: O\nlayout: {json schema: o.json}\n")
    found = read_layout_object(source, bodies.__getitem__)
    lines = [{"product": f"P-{at}", "quantity": at + 1, "price": at / 4} for at in range(count)]
    body = json.dumps({"number": "A-1", "lines": lines}, separators=(",", ":")).encode()
    tree = found.read(body, Limits()).tree
    loaded = json.loads(body, parse_float=Decimal)
    rate("JSON: read and check", count, lambda: found.read(body, Limits()), "lines")
    rate("JSON: read, by a script", count, lambda: json.loads(body, parse_float=Decimal), "lines")
    rate("JSON: write", count, lambda: found.write(tree), "lines")
    rate("JSON: write, by a script", count, lambda: json.dumps(loaded, default=float), "lines")


# A large file


def read_file(path: pathlib.Path) -> None:
    """Read a file of records of fixed width; print the rate and the memory of this process."""
    layout, count, start = fixed(), 0, time.process_time()
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with path.open("rb") as file:
        for _ in layout.read(file):
            count += 1
    spent = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    say(
        f"{path.stat().st_size / GIB:.2f} GiB read: {count:,} records, {count / spent:,.0f} a second, "
        f"{(peak - base) / 1024:.1f} MiB above the {base / 1024:.0f} MiB of the process"
    )


def large_file(size: int) -> None:
    """Make a file, and read it in a process of its own."""
    part = b"".join(fixed().write(nodes(3_000)))
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        for _ in range(size // len(part)):
            file.write(part)
        file.flush()
        command = [sys.executable, "-m", "tests.bench.layouts", "--read", file.name]
        subprocess.run(command, check=True)


# Generated records and values


def generated(copybooks: int, records: int) -> None:
    """Compare records of generated copybooks with the oracle, both ways."""
    start = time.process_time()
    for seed in range(copybooks):
        chance = random.Random(seed)  # noqa: S311
        group = random_record(chance)
        [entry] = read_copybook(copybook(group), "random.cpy")
        codec = RecordCodec(place(entry, Options(), "random.cpy"), Options())
        for _ in range(records):
            expected = record(group, chance)
            tree = codec.decode(expected.data)
            assert without_single_lists(as_dict(tree)) == without_single_lists(expected.tree), seed
            assert codec.encode(tree) == expected.data, seed
    say(
        f"{copybooks:,} generated copybooks, {records:,} records each: read as the oracle says, and written as the "
        f"same bytes ({time.process_time() - start:.0f} CPU seconds)"
    )


def forms() -> Iterator[Any]:
    """Forms of numbers and texts of all lengths and scales."""
    page = code_page("cp037")
    none = NoNumber(page.blank, "refused", "refused", "refused")
    for digits in range(1, 19):
        for scale in {0, 1, min(2, digits), digits}:
            yield Packed(digits, scale, True, none)
            yield Binary(digits, scale, True, native=False, order="big")
            yield Unsigned(digits, scale, page, none)
            yield Overpunched(digits, scale, page, none, False)
            yield SeparatelySigned(digits, scale, page, none, True)
        yield Text(digits, page)


def values(count: int) -> None:
    """Write random values and read them again: equal, or refused."""
    chance = random.Random(7)  # noqa: S311
    every = list(forms())
    equal = refused = 0
    for _ in range(count):
        form = chance.choice(every)
        if form.type == "number":
            whole = chance.randrange(10 ** chance.randrange(form.digits - form.scale + 2))
            decimals = "".join(chance.choice("0123456789") for _ in range(chance.randrange(form.scale + 2)))
            value = chance.choice(["", "-"]) + str(whole) + "." * bool(decimals) + decimals
        else:
            size = chance.randrange(1, form.length + 2)
            value = "".join(chance.choice(LETTERS) for _ in range(size)).rstrip() or "x"
        try:
            raw = form.write(value)
        except ValueError:
            refused += 1
            continue
        found = form.read(raw)[0]
        assert len(raw) == form.length
        assert as_number(found or "") == as_number(value) if form.type == "number" else found == value, (form, value)
        equal += 1
    say(f"{count:,} random values: {equal:,} read as they were written, {refused:,} refused, none cut")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--read", type=pathlib.Path)
    parser.add_argument("--copybooks", type=int)
    parser.add_argument("--records", type=int, default=1_000)
    given = parser.parse_args()
    if given.read:
        read_file(given.read)
        return
    if given.copybooks:
        generated(given.copybooks, given.records)
        return
    compare(2_000 if given.quick else 20_000)
    values(1_000_000 if given.full else 20_000)
    generated(*((500, 10_000) if given.full else (20, 100)))
    large_file(GIB if given.full else 16 << 20)


if __name__ == "__main__":
    main()
