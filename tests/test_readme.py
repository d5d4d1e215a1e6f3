"""What the README says is so: its commands run, its pages are there."""

from __future__ import annotations

import os
import pathlib
import re
import shlex
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = [
    line.partition("  #")[0].strip() for block in BLOCKS for line in block.splitlines() if line.startswith("orderhub ")
]


def orderhub(arguments: list[str], folder: pathlib.Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "hub.command_line.app", *arguments],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The demo, played in a folder beside which the samples lie as in a checkout."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "hub").symlink_to(ROOT / "hub")
    played = orderhub(["demo"], folder)
    assert played.returncode == 0, played.stderr
    return folder / "orderhub-demo"


def test_the_demo_shows_messages_profile_and_what_left(demo):
    text = orderhub(["demo"], demo.parent).stdout
    assert "received 12 = 11 done + 1 rejected; repeats 1; deliveries 13 (both sides agree)" in text
    assert re.search("Call Forwarding +Active +0.00 +[0-9A-Z]{6} +Forwarding Number=5095550177, Rings=6\n", text)
    assert re.search("Voice Mail +Inactive ", text)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_the_readme_runs(demo, command):
    ran = orderhub(shlex.split(command)[1:], demo)
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_readme_has_both_commands_and_the_makefile_too():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for word in ("demo", "test", "check"):
        assert f"make {word}" in README
        assert re.search(rf"^{word}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("page", re.findall(r"\]\((docs/[^)]+)\)", README))
def test_each_page_of_the_readme_is_there(page):
    assert (ROOT / page).is_file()
