"""The long form of the simulation of feeds: `make crash`.

    python -m tests.crash.feeds [SCHEDULES] [FIRST-SEED]

Each schedule is a random life of both sides with crashes and harmed files (tests/hub/replication/simulation.py). The
program prints each schedule that fails with its seed, and ends with 1 if there is one.
"""

from __future__ import annotations

import pathlib
import sys
import tempfile

from tests.hub.replication.simulation import Simulation
from tests.memory import files_folder


def main(schedules: int = 200, first: int = 1000) -> int:
    crashes = edits = failed = 0
    for seed in range(first, first + schedules):
        with tempfile.TemporaryDirectory(dir=files_folder()) as folder:
            simulation = Simulation(pathlib.Path(folder), seed)
            try:
                simulation.run()
            except Exception as error:
                failed += 1
                sys.stdout.write(f"seed {seed}: {type(error).__name__}: {error}\n")
        crashes, edits = crashes + simulation.crashes, edits + len(simulation.edits)
    sys.stdout.write(f"{schedules} schedules, {edits} edits, {crashes} crashes, {failed} failed\n")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
