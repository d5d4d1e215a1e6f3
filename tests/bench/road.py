"""How fast the road is, beside a straight script that does the same durable work: `make bench`, apart from the tests.

Measured are orders of 40 lines (`orders`), on both set-ups, with one and two worker processes: the hub by a route that
keeps each customer's order (mainframe_order) and by one that doesn't (bench_order), and the script, with a
row for each attribute and, as `script_json`, with attributes as JSON of their items, as the hub has them. The
peers run in turn in the same rounds, each on a database of its own that is as the others' were; what is printed are
the medians over the rounds, and of the ratios within each round.

Processor time is what counts: orders per second depend on who else works on the machine. It is read from /proc: of the
processes of ours (workers, database server, broker, and what files or enqueues on embedded queues), and of the whole
machine less the sender that fills the broker's queues.

    python -m tests.bench.road [--orders N] [--rounds N] [--most SECONDS] [--quick] [--only TEXT] [--no-steps]

Servers are private ones, or, where they can't be started, those that the tests would use. The figures are written to
tests/bench/results/, with facts about the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import datetime
import json
import logging
import os
import pathlib
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from tests.bench import bench_hub, orders, processor_time, steps
from tests.bench.script import SCRIPTS
from tests.bench.setups import Embedded, Servers, Setup, rows_of
from tests.services.postgresql import PrivatePostgresql, a_postgresql
from tests.services.private_server import Missing
from tests.services.rabbitmq import PrivateRabbitmq, a_rabbitmq

RESULTS = pathlib.Path(__file__).parent / "results"
#: what is measured in one cell of the table, the scripts first
PEERS = (*SCRIPTS, *bench_hub.ROUTES)
WORKERS = (1, 2)
#: orders that are worked before those that count, by each worker about half
WARM = 10
#: seconds after which a run is given up
_MOST_S = 120.0
#: seconds between two looks whether all is done
_LOOK_S = 0.05
#: seconds for the last marks and acknowledgements, after all is stored and sent
_SETTLE_S = 0.1


#: set-up, workers, peer
Cell = tuple[str, int, str]
#: sends the orders of these numbers, those that warm up (True) or those that count
Sender = Callable[[range, bool], None]


class RunFailed(Exception):
    """A peer ended, hung, or stored something else than the orders."""


@dataclass(frozen=True)
class Figures:
    """One run of one peer: orders per second, and processor milliseconds an order."""

    orders_per_s: float
    workers_ms: float
    sender_ms: float
    database_ms: float
    broker_ms: float
    machine_ms: float

    @property
    def ours_ms(self) -> float:
        """What our processes worked, all together."""
        return self.workers_ms + self.sender_ms + self.database_ms + self.broker_ms


# One run


class Workers:
    """A peer's worker processes, from their start to their end."""

    def __init__(self, setup: Setup, peer: str, workers: int, folder: pathlib.Path, url: str) -> None:
        rest = [] if setup.broker_url is None else [setup.broker_url]
        if peer in SCRIPTS:
            commands = [["-m", "tests.bench.script", peer, url, *rest]] * workers
        else:
            commands = [["-m", "tests.bench.bench_hub", str(folder), str(workers), url, *rest]]
        self._log = folder / "workers.log"
        with self._log.open("ab") as log:
            self._started = [
                subprocess.Popen([sys.executable, *command], stdout=log, stderr=log) for command in commands
            ]

    def worked_ms(self) -> float:
        """Processor time of the processes and all that they started."""
        families = (processor_time.family(one.pid) for one in self._started)
        return processor_time.of_processes(id for family in families for id in family)

    def check(self) -> None:
        """See that all live.

        Raises:
            RunFailed: with the end of what they wrote.
        """
        if any(one.poll() is not None for one in self._started):
            raise RunFailed(f"a worker ended: {self.said()}")

    def said(self) -> str:
        """The end of what they wrote."""
        return self._log.read_text(errors="replace")[-3000:]

    def end(self) -> None:
        """Have them end in order."""
        for one in self._started:
            one.terminate()
        for one in self._started:
            try:
                one.wait(30)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()


def run(setup: Setup, peer: str, workers: int, number: int, first: int) -> Figures:
    """Have one peer work *number* orders, numbered from *first*, and WARM before them.

    Raises:
        RunFailed: it ended, hung, or stored something else than these orders.
    """
    with tempfile.TemporaryDirectory(prefix="orderhub-bench-") as made:
        folder = pathlib.Path(made)
        url = setup.new_database()
        send = setup.sender(peer, folder, url)
        started = Workers(setup, peer, workers, folder, url)
        try:
            send(range(first, first + WARM), True)
            _wait(setup, peer, url, WARM, started)
            figures = _measured(setup, peer, url, range(first + WARM, first + WARM + number), send, started)
            _check_rows(setup, peer, url, WARM + number, started)
        finally:
            started.end()
        setup.after_run()
        setup.drop_database(url)
    return figures


def _measured(setup: Setup, peer: str, url: str, numbers: range, send: Sender, started: Workers) -> Figures:
    before = _snapshot(setup, started)
    start = time.perf_counter()
    send(numbers, False)
    sent_ms = processor_time.of_this_process() - before[4]
    _wait(setup, peer, url, WARM + len(numbers), started)
    passed_s = time.perf_counter() - start
    time.sleep(_SETTLE_S)
    machine, workers, database, broker, own = (
        now - then for now, then in zip(_snapshot(setup, started), before, strict=True)
    )
    # On embedded queues sending is the hub's and the script's own work; a broker's senders are somebody else's.
    sender = sent_ms if setup.broker_url is None else 0.0
    each = len(numbers)
    return Figures(
        each / passed_s, workers / each, sender / each, database / each, broker / each, (machine - own + sender) / each
    )


def _snapshot(setup: Setup, started: Workers) -> tuple[float, ...]:
    return (
        processor_time.of_the_machine(),
        started.worked_ms(),
        *setup.servers_ms(),
        processor_time.of_this_process(),
    )


def _wait(setup: Setup, peer: str, url: str, number: int, started: Workers) -> None:
    deadline = time.monotonic() + _MOST_S
    while setup.counts(url, setup.done(peer)) != [2 * number]:
        started.check()
        if time.monotonic() > deadline:
            raise RunFailed(f"{peer} hangs on {setup.name}: {started.said()}")
        time.sleep(_LOOK_S)


def _check_rows(setup: Setup, peer: str, url: str, number: int, started: Workers) -> None:
    """Peers are only peers where they have stored the same."""
    rows = rows_of(peer)
    found = setup.counts(url, [f"SELECT count(*) FROM {table}" for table in rows])
    expected = [each * number for each in rows.values()]
    if found != expected:
        stored = dict(zip(rows, found, strict=True))
        raise RunFailed(f"expected {number} times {rows}, found {stored}: {started.said()}")


# All runs


def measure(setups: Sequence[Setup], number: int, rounds: int, most_s: float, only: str) -> dict[Cell, list[Figures]]:
    """Every cell's figures, one for each round; the peers of a cell begin each round with another one.

    Where the machine is slow there are fewer rounds: none is begun that wouldn't end within *most_s*.
    """
    found: dict[Cell, list[Figures]] = {}
    first = 1
    start = time.monotonic()
    for round_ in range(rounds):
        if (time.monotonic() - start) * (round_ + 1) > most_s * max(1, round_):
            break
        for setup in setups:
            for workers in WORKERS:
                for turn in range(len(PEERS)):
                    peer = PEERS[(turn + round_) % len(PEERS)]
                    cell = (setup.name, workers, peer)
                    if only not in " ".join(map(str, cell)):
                        continue
                    say(f"round {round_ + 1} of {rounds}: {setup.name}, {workers} workers, {peer} ...", end="\r")
                    found.setdefault(cell, []).append(run(setup, peer, workers, number, first))
                    first += number + WARM
    return found


def profile(setup: Setup, route: str, number: int) -> dict[str, dict[str, float]]:
    """Milliseconds an order by step, of one worker on one route.

    Raises:
        RunFailed: it ended.
    """
    with tempfile.TemporaryDirectory(prefix="orderhub-bench-") as made:
        folder = pathlib.Path(made)
        url = setup.new_database()
        send = setup.sender(route, folder, url)
        send(range(1, 1 + WARM), True)
        command = [sys.executable, "-m", "tests.bench.steps", str(folder), route, str(1 + WARM), str(number), url]
        command += [] if setup.broker_url is None else [setup.broker_url]
        with (folder / "steps.log").open("wb") as log:
            started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        assert started.stdin is not None
        assert started.stdout is not None
        ready = started.stdout.readline()
        if ready and setup.broker_url is not None:
            send(range(1 + WARM, 1 + WARM + number), False)
        said = started.communicate("go\n")[0] if ready else ""
        if started.wait() != 0:
            raise RunFailed((folder / "steps.log").read_text(errors="replace")[-3000:])
        setup.after_run()
        setup.drop_database(url)
    found: dict[str, dict[str, float]] = json.loads(said)
    return found


# What is shown


def table(found: dict[Cell, list[Figures]]) -> list[str]:
    """The medians, and the medians of the ratios of each round to each script's in the same one."""
    lines = [
        f"{'set-up':<24} {'workers':>7}  {'peer':<16} {'orders/s':>8}  "
        f"{'CPU ms an order: ours':>21} {'workers':>8} {'sender':>7} {'database':>8} {'broker':>7} {'machine':>8}  "
        + "  ".join(f"{f'times {peer}: ours':>{len(peer) + 12}} {'speed':>6}" for peer in SCRIPTS)
    ]
    for (setup, workers, peer), runs in found.items():
        middle = medians(runs)
        lines.append(
            f"{setup:<24} {workers:>7}  {peer:<16} {middle.orders_per_s:>8.1f}  {middle.ours_ms:>21.2f} "
            f"{middle.workers_ms:>8.2f} {middle.sender_ms:>7.2f} {middle.database_ms:>8.2f} {middle.broker_ms:>7.2f} "
            f"{middle.machine_ms:>8.2f}  "
            + "  ".join(
                f"{ratios[0]:>{len(script) + 12}.2f} {ratios[1]:>6.2f}"
                for script in SCRIPTS
                if (ratios := ratios_to(script, found, (setup, workers, peer))) is not None
            )
        )
    return lines


def medians(runs: Sequence[Figures]) -> Figures:
    """Of each figure by itself."""
    return Figures(
        *(statistics.median(getattr(one, field.name) for one in runs) for field in dataclasses.fields(Figures))
    )


def ratios_to(script: str, found: dict[Cell, list[Figures]], cell: Cell) -> tuple[float, float] | None:
    """The cell's processor time and its speed, as multiples of a script's; None where that wasn't measured."""
    peers = found.get((cell[0], cell[1], script))
    if peers is None:
        return None
    pairs = list(zip(found[cell], peers, strict=True))
    return (
        statistics.median(one.ours_ms / other.ours_ms for one, other in pairs),
        statistics.median(one.orders_per_s / other.orders_per_s for one, other in pairs),
    )


def steps_table(found: dict[str, dict[str, dict[str, float]]]) -> list[str]:
    """A column for each profile: processor time, and after the stroke the time that passed."""
    lines = [f"{'step':<14} " + " ".join(f"{name:>26}" for name in found)]
    names = [*steps.STEPS, steps.LINK]
    for step in names:
        cells = (f"{one[step]['cpu']:.2f} / {one[step]['clock']:.2f}" for one in found.values())
        help = steps.STEPS.get(step, steps.LINK_HELP)
        lines.append(f"{step:<14} " + " ".join(f"{cell:>26}" for cell in cells) + f"   {help}")
    sums = (
        f"{sum(one[step]['cpu'] for step in names):.2f} / {sum(one[step]['clock'] for step in names):.2f}"
        for one in found.values()
    )
    lines.append(f"{'sum':<14} " + " ".join(f"{cell:>26}" for cell in sums))
    return lines


def facts(setups: Sequence[Setup]) -> dict[str, Any]:
    """What was measured on."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    revision = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "revision": revision,
        "processors": os.cpu_count(),
        "processor": cpu,
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "load before": os.getloadavg()[0],
        **{name: version for setup in setups for name, version in setup.versions().items()},
    }


def say(line: str, end: str = "\n") -> None:
    """Print a line; one that ends otherwise is overwritten by the next, and only shown to people."""
    if end == "\n":
        sys.stdout.write(("\r\x1b[K" if sys.stdout.isatty() else "") + line + "\n")
    elif sys.stdout.isatty():
        sys.stdout.write(f"\r\x1b[K{line}")
    sys.stdout.flush()


@contextlib.contextmanager
def all_setups() -> Iterator[list[Setup]]:
    """Both set-ups; the embedded one alone where there are no servers."""
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="orderhub-bench-")))
        setups: list[Setup] = [Embedded(folder)]
        try:
            database, broker = _postgresql(stack), _rabbitmq(stack)
        except Missing as missing:
            say(f"without servers: {missing}")
        else:
            servers = Servers(folder, database, broker)
            stack.callback(servers.close)
            setups.append(servers)
        yield setups


def _postgresql(stack: contextlib.ExitStack) -> tuple[str, pathlib.Path | None]:
    """A private server with its folder, or another's without."""
    try:
        server = stack.enter_context(PrivatePostgresql())
    except Missing:
        return stack.enter_context(a_postgresql()), None
    return server.url, server.folder


def _rabbitmq(stack: contextlib.ExitStack) -> tuple[str, pathlib.Path | None]:
    try:
        server = stack.enter_context(PrivateRabbitmq())
    except Missing:
        return stack.enter_context(a_rabbitmq()), None
    return server.url, server.folder


def main() -> None:
    """Measure, print, and write the figures down."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.road", description="Measure the road.")
    parser.add_argument("--orders", type=int, default=100, help="orders a run (100)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of all peers (3)")
    parser.add_argument("--most", type=float, default=200, metavar="SECONDS", help="no round beyond this (200)")
    parser.add_argument("--quick", action="store_true", help="one round of 40 orders")
    parser.add_argument("--only", default="", help="measure just the cells whose line in the table has this text")
    parser.add_argument("--no-steps", action="store_true", help="leave the profile by steps out")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    number, rounds = (40, 1) if given.quick else (given.orders, given.rounds)
    with all_setups() as setups:
        result: dict[str, Any] = {"facts": facts(setups), "orders": number}
        say(", ".join(f"{name} {value}" for name, value in result["facts"].items()))
        found = measure(setups, number, rounds, given.most, given.only)
        done = max((len(runs) for runs in found.values()), default=0)
        result["rounds"] = done
        say(
            f"{number} orders a run, {done} rounds; an order: {len(orders.body(1))} bytes, {orders.LINES} lines "
            f"with {orders.ATTRIBUTES} attributes, {orders.CUSTOMERS} customers"
        )
        say("")
        for line in table(found):
            say(line)
        result["runs"] = [
            {"set-up": setup, "workers": workers, "peer": peer, "rounds": [dataclasses.asdict(one) for one in runs]}
            for (setup, workers, peer), runs in found.items()
        ]
        if not given.no_steps:
            profiles = {
                f"{setup.short}, {'keyed' if route == 'mainframe_order' else 'no key'}": profile(setup, route, number)
                for setup in setups
                for route in bench_hub.ROUTES
            }
            say("")
            say("where one worker's time goes, ms an order: processor / clock")
            for line in steps_table(profiles):
                say(line)
            result["steps"] = profiles
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"road-{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    say(f"written to {path.relative_to(pathlib.Path.cwd()) if path.is_relative_to(pathlib.Path.cwd()) else path}")


if __name__ == "__main__":
    main()
