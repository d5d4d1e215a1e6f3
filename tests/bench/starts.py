"""How long commands take that do little: their start, in seconds of processor time, user and system together.

    python -m tests.bench.starts [times]

On a fresh deployment on SQLite with the samples. The least of several times: other work on the machine makes a command
slower, and never faster. The first run of each command compiles its Python, and isn't counted.
"""

from __future__ import annotations

import importlib.resources
import os
import pathlib
import subprocess
import sys
import tempfile

SAMPLES = pathlib.Path(str(importlib.resources.files("hub"))) / "samples"
LOADED = ("catalogue", "price_list", "premises", "accounts", "customers", "agreements", "service_points", "profile")
COMMANDS = (
    ("status",),
    ("messages", "list"),
    ("show", "Account", "1-A"),
    ("workflow", "new-quote", "account=1-A"),
    ("workflow", "profile", "quote=Q-0000001"),
    ("workflow", "verify", "quote=Q-0000001"),
    ("check",),
)


def run(folder: pathlib.Path, *arguments: str) -> float:
    """Run a command; return the seconds of processor time that it took."""
    before = os.times()
    environment = {**os.environ, "PYTHONPATH": str(SAMPLES.parents[1])}
    # Otherwise each start would compile the hub anew.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "hub.command_line.app", *arguments]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    # A workflow may refuse (1): an empty quote isn't sound. Anything else is no measurement.
    if ran.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(arguments)}: {ran.stderr}")
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main(times: int) -> None:
    """Measure all commands, and print a line for each."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "orderhub.toml").write_text('database_url = "sqlite:///orderhub.db"\n')
        run(folder, "load", *(str(SAMPLES / f"{file}.xml") for file in LOADED))
        run(folder, "workflow", "new-quote", "account=1-A")
        for arguments in COMMANDS:
            run(folder, *arguments)
            least = min(run(folder, *arguments) for _ in range(times))
            sys.stdout.write(f"{least:5.2f} s  orderhub {' '.join(arguments)}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
