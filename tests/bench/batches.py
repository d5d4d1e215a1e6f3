"""How fast a file of many orders is proven and cut, with the memory that this takes; a batch beside single messages:

    python -m tests.bench.batches [--quick | --full]

The orders are the mainframe's, in EBCDIC, with four lines and three features each. ``--full`` takes a file of 1 GiB in
place of 32 MiB, and 10,000 orders in place of 300.
"""

from __future__ import annotations

import argparse
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from adapters.transport import Delivery, Envelope
from hub.data_manager.batch_proof import prove_batch
from hub.deployment.deployment import Deployment
from hub.deployment.route import Route
from hub.deployment.settings import read_settings
from integration_objects.property_set import PropertySet
from schemas.layouts.record_object import RecordObject
from tests.bench.delta_and_apply import say
from tests.road import Road

MIB = 1 << 20
ROUTE, PLACE, SINGLE = "mainframe_batch", "mainframe.batches", "mainframe_records"
#: customers that the orders are spread over
CUSTOMERS = ("100300", "100200")


def order(number: int, lines: int = 4) -> PropertySet:
    """An order of *lines* telephone lines; each but the first has a feature."""
    fields = {"MSG-ID": f"B-{number}", "ORD-NO": str(number + 1), "REV-NO": "1", "CUST-NO": CUSTOMERS[number % 2]}
    node = PropertySet("ORDER-RECORD", properties={**fields, "DUE-DATE": "20260113", "CURR": "USD"})
    for line in range(1, lines + 1):
        what = {"LINE-NO": str(line), "SVC-REF": f"L{number}-{line}", "ACTN": "A", "PROD-CD": "LCLLN001", "QTY": "1"}
        child = PropertySet("LINE-RECORD", properties={**what, "PRICE": "12", "PRICE-TYPE": "R"})
        if line > 1:
            feature = {"FEATURE-NAME": "Ring Tone", "FEATURE-VALUE": "Standard"}
            child.children.append(PropertySet("FEATURE-RECORD", properties=feature))
        node.children.append(child)
    return node


def nodes(count: int, number: int, lines: int = 4) -> Iterator[PropertySet]:
    """The topmost records of a file of *count* orders."""
    yield PropertySet("FILE-HEADER", properties={"SENDER": "BILLMF01", "FILE-NO": str(number)})
    yield from (order(each, lines) for each in range(count))
    yield PropertySet("FILE-TRAILER")


def route_in(folder: pathlib.Path) -> Route:
    """The shipped route of batches."""
    return Deployment(folder, read_settings(folder, environment=False, routes=[ROUTE, SINGLE])).routes[ROUTE]


def cut(size: int) -> None:
    """Make a file of about *size* bytes, then prove and cut it in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        external = route_in(folder).external
        assert isinstance(external, RecordObject)
        few, many = (sum(map(len, external.layout.write(nodes(count, 1)))) for count in (1, 101))
        file = folder / "orders.bin"
        with file.open("wb") as target:
            for part in external.layout.write(nodes(size * 100 // (many - few), 1)):
                target.write(part)
        command = [sys.executable, "-m", "tests.bench.batches", "--cut", str(file)]
        subprocess.run(command, check=True)  # this module


def cut_here(file: pathlib.Path) -> None:
    """Prove and cut a file, and say how fast and with how much memory beyond the process's own."""
    route = route_in(file.parent)
    assert route.batch is not None
    base = _peak()
    size = file.stat().st_size
    start = time.process_time()
    with file.open("rb") as content:
        work = prove_batch(route, content, size)
        while True:
            try:
                next(work)
            except StopIteration as end:
                frame = end.value.frame
                break
    proven = time.process_time() - start
    start = time.process_time()
    with file.open("rb") as content:
        count = sum(1 for _ in route.batch.format.orders(content, frame, route.limits))
    taken = time.process_time() - start
    assert count == frame.orders
    records = count * 8 + 2
    say(f"{size / MIB:,.0f} MiB, {count:,} orders, {records:,} records")
    say(f"  proven    {records / proven:>9,.0f} records/s  {size / MIB / proven:6.1f} MiB/s")
    say(f"  cut       {records / taken:>9,.0f} records/s  {size / MIB / taken:6.1f} MiB/s")
    say(f"  memory    {_peak() - base:.0f} MiB beyond the process's {base:.0f} MiB")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def beside_single_messages(count: int) -> None:
    """Work *count* orders as a batch, and the same orders as single messages, each in a deployment of its own."""
    seconds = {}
    for kind in ("batch", "single messages"):
        with tempfile.TemporaryDirectory() as name:
            road = Road(pathlib.Path(name), real=True).load_samples()
            external = road.open_hub.deployment.external_objects["Mainframe Order Records"]
            assert isinstance(external, RecordObject)
            if kind == "batch":
                inbox = road.folder / "folders" / PLACE / "inbox"
                inbox.mkdir(parents=True)
                (inbox / "b.bin").write_bytes(b"".join(external.layout.write(nodes(count, 1, lines=1))))
            start = time.perf_counter()
            if kind != "batch":
                route = road.open_hub.deployment.routes[SINGLE]
                for number in range(count):
                    head, trailer = PropertySet("FILE-HEADER"), PropertySet("FILE-TRAILER")
                    body = b"".join(external.layout.write([head, order(number, lines=1), trailer]))
                    road.manager.file(route, [Delivery(Envelope(None, body), SINGLE, "local", "bench")])
            road.run()
            seconds[kind] = time.perf_counter() - start
            road.close()
    for kind, taken in seconds.items():
        say(f"{count:,} orders as {kind:<16} {taken:8.1f} s  {count / taken:7.1f} orders/s")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--cut", type=pathlib.Path)
    given = parser.parse_args()
    if given.cut is not None:
        cut_here(given.cut)
        return
    cut((1024 if given.full else 4 if given.quick else 32) * MIB)
    beside_single_messages(10_000 if given.full else 50 if given.quick else 300)


if __name__ == "__main__":
    main()
