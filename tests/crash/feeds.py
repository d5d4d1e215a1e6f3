"""The long form of the simulation of feeds: `make crash`.

    python -m tests.crash.feeds [--schedules 200] [--first 1000] [--kills 20]

Each schedule is a random life of both sides with crashes and harmed files (tests/hub/replication/simulation.py). Most
crashes are in this process, before or within a transaction. ``--kills`` plays as many further schedules with the hub's
commands and billing as processes, which are killed by SIGKILL at a random moment. The program prints each schedule that
fails with its seed, and ends with 1 if there is one.
"""

from __future__ import annotations

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

from tests.hub.replication.simulation import Simulation
from tests.hub.replication.two_sides import FEED
from tests.memory import files_folder

_HUB = ("-c", "from hub.command_line.app import main; main()", "feed")
_BILLING = ("-m", "hub.demo.billing_stand_in", "billing.db")
_ROOT = pathlib.Path(__file__).resolve().parents[2]


class KilledSimulation(Simulation):
    """A schedule whose commands are processes; each is killed with a chance."""

    _taken_s: dict[str, float]

    def run(self) -> None:
        """Live, come to rest, and prove it."""
        self._taken_s = {}
        self.settings = {"real": True}
        super().run()

    def _run(self, *words: str) -> None:
        settings = f'database_url = "sqlite:///orderhub.db"\nfeeds = ["{FEED}"]\nfolder_settle_s = 0\n'
        (self.folder / "orderhub.toml").write_text(settings, encoding="utf-8")
        start = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, *words],
            cwd=self.folder,
            env={"PYTHONPATH": str(_ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        usual = self._taken_s.get(words[-1])
        try:
            process.wait(None if usual is None else usual * self._chance.uniform(0.3, 1.5))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.crashes += 1
        else:
            self._taken_s[words[-1]] = time.monotonic() - start

    def _import(self) -> None:
        self._run(*_HUB, "import", FEED)

    def _export(self) -> None:
        self._run(*_HUB, "export", FEED)

    def _read(self) -> None:
        self._run(*_BILLING, str(self._sides.folder), "read")

    def _write(self) -> None:
        self._run(*_BILLING, str(self._sides.folder), "write")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--schedules", type=int, default=200)
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=20)
    arguments = parser.parse_args()
    failed = 0
    for kind, count in ((Simulation, arguments.schedules), (KilledSimulation, arguments.kills)):
        crashes = edits = 0
        for seed in range(arguments.first, arguments.first + count):
            with tempfile.TemporaryDirectory(dir=files_folder()) as folder:
                simulation = kind(pathlib.Path(folder), seed)
                try:
                    simulation.run()
                except Exception as error:
                    failed += 1
                    sys.stdout.write(f"{kind.__name__} {seed}: {type(error).__name__}: {error}\n")
            crashes, edits = crashes + simulation.crashes, edits + len(simulation.edits)
            if (seed + 1 - arguments.first) % 10 == 0:
                sys.stdout.write(f"  {seed + 1 - arguments.first} schedules, {crashes} crashes\n")
                sys.stdout.flush()
        sys.stdout.write(
            f"{kind.__name__}: {count} schedules, {edits} edits, {crashes} crashes, failed so far {failed}\n"
        )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
