"""The stand-in mainframe as a process of its own, for demonstrations and tests."""

from __future__ import annotations

import pathlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from integration_objects.errors import HubError

READY = "ready\n"


class StandInNotStarted(HubError):
    """The process of the stand-in ended before it served its channel."""

    what = "the stand-in mainframe has not started"
    where = "{command}"
    why = "it ended with the code {code}"
    mend = "run the command by hand, and read its messages"


def stand_in_command(file: pathlib.Path | str, *arguments: str) -> list[str]:
    """Return the words after ``python`` that start the stand-in with its rows in *file*."""
    return ["-m", "adapters.virtual_components.stand_in", str(file), *arguments]


@contextmanager
def stand_in_process(
    file: pathlib.Path | str, *arguments: str, folder: pathlib.Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run the stand-in in *folder*; it serves its channel when this is entered, and is killed at the end.

    Raises:
        StandInNotStarted: the process has ended by itself.
    """
    command = [sys.executable, *stand_in_command(file, *arguments)]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)  # noqa: S603  # of this module
    with process:
        try:
            # Before the line come lines of the log.
            if process.stdout is None or READY not in iter(process.stdout.readline, ""):
                raise StandInNotStarted(command=" ".join(command[1:]), code=process.wait())
            yield process
        finally:
            process.kill()
