"""Processor time as Linux counts it, in milliseconds: the machine's, and that of processes with all they started."""

from __future__ import annotations

import contextlib
import os
import pathlib
import resource
from collections.abc import Iterable

from tests.services.guard import processes_in

_PROC = pathlib.Path("/proc")
_MS_A_TICK = 1000 / os.sysconf("SC_CLK_TCK")
#: what counts as work in the machine's line: user, nice, system, and the interrupts; not idle, nor waiting for disks
_WORK = (0, 1, 2, 5, 6)


def of_the_machine() -> float:
    """What all processors of the machine have worked since it started."""
    numbers = (_PROC / "stat").read_text().splitlines()[0].split()[1:]
    return sum(int(numbers[place]) for place in _WORK) * _MS_A_TICK


def of_processes(ids: Iterable[int]) -> float:
    """What these processes have worked, with those of their children that have ended."""
    total = 0
    for id in ids:
        with contextlib.suppress(OSError):
            after_name = (_PROC / str(id) / "stat").read_text(errors="replace").rpartition(")")[2].split()
            total += sum(int(part) for part in after_name[11:15])
    return total * _MS_A_TICK


def of_this_process() -> float:
    """What this process itself has worked."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1000


def family(id: int) -> list[int]:
    """A process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for entry in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            after_name = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            parents.setdefault(int(after_name[1]), []).append(int(entry.name))
    found, left = [], [id]
    while left:
        found.append(left.pop())
        left += parents.get(found[-1], [])
    return found


def of_folder(folder: pathlib.Path | None) -> float:
    """What the processes that work in a private server's folder have worked; 0 for a server that isn't ours."""
    return 0.0 if folder is None else of_processes(processes_in(folder))
