"""An import whose process is killed after every record, by SIGKILL, goes on to the end that a whole import has.

    python -m tests.crash.feed_kills [--records 5000] [--chunk 500] [--each]

A process dies after each record that it makes a row of, and after each record that it merges, before the transaction
of the record ends. The next process goes on. With ``--each`` the state after each death is also brought to its end
without a further death, in a copy of the folder. Processes are forked, so that a start takes no second.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

from hub.replication import merge, staging
from hub.replication.importing import import_files
from hub.replication.opened_feed import OpenFeed
from tests.hub.replication.test_faulty_files import NAME, OPERATION, STATUS, header, joined, put, record, with_totals
from tests.hub.replication.two_sides import TwoSides
from tests.memory import files_folder

#: The function that is called once for each record of a stage, and the record's position among its arguments.
STAGES: dict[str, tuple[Any, str, Callable[..., int]]] = {
    "staged": (staging, "data_row", lambda feed, key, kind, position, found: position),
    "merged": (merge, "agreed_after", lambda decided, batch_id, now: decided.row.position),
}


def file_of(records: int) -> bytes:
    """Return a file of new, changed, deleted and rejected records, of which some come twice."""
    lines = [record(f"{number:06}") for number in range(records)]
    for number in range(7, records, 11):
        lines[number] = put(lines[number], STATUS, "X")  # a status that nobody knows
    for number in range(9, records, 13):
        lines[number] = put(put(lines[number - 5], OPERATION, "C"), NAME, f"Changed {number}")
    return joined(with_totals([header("00000001"), *lines]))


def work(folder: pathlib.Path, chunk: int, stage: str | None = None, kill_at: int = 0) -> bool:
    """Import in a process of its own, which is killed after a stage's first record at *kill_at* or behind it.

    Returns:
        Whether the import came to its end: no such record was left.
    """
    process = os.fork()
    if process == 0:
        # Nothing of the parent's is cleaned up here: the tests' runner would go on twice.
        code = 1
        try:
            with _killed(stage, kill_at):
                _import(folder, chunk)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return False
    assert os.waitstatus_to_exitcode(status) == 0, "the import failed"
    return True


@contextmanager
def _killed(stage: str | None, kill_at: int) -> Any:
    if stage is None:
        yield
        return
    module, name, position_of = STAGES[stage]
    real: Callable[..., Any] = getattr(module, name)

    def called(*arguments: Any) -> Any:
        result = real(*arguments)
        if position_of(*arguments) >= kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    with mock.patch.object(module, name, called):
        yield


def _import(folder: pathlib.Path, chunk: int) -> None:
    sides = TwoSides(folder, real=True)
    open_feed = OpenFeed(sides.open_hub, replace(sides.feed, chunk=chunk))
    list(import_files(open_feed, lambda text, done, size: None))


def end_of(folder: pathlib.Path) -> tuple[Any, ...]:
    """Return the end of the import in a folder."""
    with closing(TwoSides(folder, real=True)) as sides:
        return sides.end_of_import()


def kill_after_every_record(folder: pathlib.Path, records: int, chunk: int, each: bool = False) -> int:
    """Import a file with a death after every record, and whole; return the number of deaths.

    Raises:
        AssertionError: the ends differ.
    """
    content = file_of(records)
    for name in ("whole", "killed"):
        (folder / name).mkdir(parents=True)
        sides = TwoSides(folder / name, real=True)
        sides.deliver("a", content)
        sides.close()
    assert work(folder / "whole", chunk)
    whole, deaths = end_of(folder / "whole"), 0
    for stage in STAGES:
        for position in range(1, records + 1):
            if work(folder / "killed", chunk, stage, position):
                break
            deaths += 1
            if each:
                copy = folder / "copy"
                shutil.copytree(folder / "killed", copy)
                assert work(copy, chunk)
                assert end_of(copy) == whole, f"{stage} record {position}"
                shutil.rmtree(copy)
            if sys.stderr.isatty() and position % 100 == 0:
                sys.stderr.write(f"\r{stage} {position}")
    work(folder / "killed", chunk)
    assert end_of(folder / "killed") == whole
    return deaths


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=5_000)
    parser.add_argument("--chunk", type=int, default=500)
    parser.add_argument("--each", action="store_true")
    given = parser.parse_args()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=files_folder()) as name:
        deaths = kill_after_every_record(pathlib.Path(name), given.records, given.chunk, given.each)
    taken = time.perf_counter() - start
    print(f"{given.records:,} records: {deaths:,} deaths, the end of a whole import ({taken:.0f} s)")  # noqa: T201


if __name__ == "__main__":
    main()
