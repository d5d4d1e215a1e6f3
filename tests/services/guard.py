"""Outlives a test run that can't clean up, and cleans up for it.

Started beside each private server, with its folder; waits until the run closes the pipe, which the system does
where the run was killed. Then it ends what works in the folder and removes it. Knows the standard library alone,
so that it starts at once.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

#: Seconds after which processes that even SIGKILL doesn't end are left behind.
_END_S = 10.0
#: Where the terminal stands in what follows the name in /proc/PID/stat; 0 is none.
_TERMINAL = 4


def processes_in(folder: pathlib.Path) -> list[int]:
    """The servers' processes that work in *folder* or below it, by their ids.

    A shell that looks around there has a terminal, and isn't among them. None where the system has no /proc.
    """
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            works_in = pathlib.Path(os.readlink(entry / "cwd"))
            after_name = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            if after_name[_TERMINAL] == "0" and works_in.is_relative_to(folder):
                found.append(int(entry.name))
    return sorted(found)


def end(folder: pathlib.Path) -> None:
    """End what works in *folder* with SIGKILL; returns when it is gone."""
    deadline = time.monotonic() + _END_S
    while (found := processes_in(folder)) and time.monotonic() < deadline:
        for process in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.01)


def remove(folder: pathlib.Path) -> None:
    """End what works in *folder*, and remove it, with the shared memory that a killed PostgreSQL has left."""
    end(folder)
    for left in folder.glob("*/postmaster.pid"):
        with contextlib.suppress(OSError, IndexError):
            # line 7 is the key and the id of its one segment; a server that was stopped has removed both
            segment = left.read_text().splitlines()[6].split()[1]
            subprocess.run(["ipcrm", "-m", segment], check=False, capture_output=True)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.stdin.buffer.read()
    remove(pathlib.Path(sys.argv[1]))
