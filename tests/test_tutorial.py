"""Pages that can be followed: their files are written, their commands run, and they print what the pages show."""

from __future__ import annotations

import fnmatch
import pathlib
import re
import shlex
import subprocess
from typing import Any

import pytest

from tests.hub.conftest import command

__all__ = ["command"]

DOCS = pathlib.Path(__file__).parents[1] / "docs"
#: A block with its language, behind the text that leads to it.
BLOCK = re.compile(r"(.*?)^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`([\w/.-]+\.(?:xsd|xml|yaml|csv))`")


def steps(page: str = "tutorial.md") -> list[tuple[str, str, list[str]]]:
    """Each step of a page in order: ("file", path, lines), or ("command", words, lines of the output)."""
    found: list[tuple[str, str, list[str]]] = []
    for lead, language, text in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        if language != "console":
            found.append(("file", FILE.findall(lead)[-1], text.splitlines()))
            continue
        for line in text.splitlines():
            if line.startswith("$ "):
                found.append(("command", line[2:], []))
            else:
                found[-1][2].append(line)
    return found


def shows(printed: list[str], shown: list[str]) -> bool:
    """Whether a page shows an output: each line in order, `...` for any lines, and within a line for any text."""
    if not shown:
        return True
    if shown[0] == "...":
        return any(shows(printed[start:], shown[1:]) for start in range(len(printed) + 1))
    pattern = re.sub(r"\[", "[[]", shown[0]).replace("...", "*")
    # Columns are as wide as their widest value.
    first = bool(printed) and fnmatch.fnmatchcase(" ".join(printed[0].split()), " ".join(pattern.split()))
    return first and shows(printed[1:], shown[1:])


@pytest.mark.parametrize("page", ["tutorial.md", "decomposition.md"])
def test_a_page_can_be_followed_from_top_to_bottom(
    tmp_path: pathlib.Path, command: Any, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    folder = tmp_path
    for kind, what, lines in steps(page):
        if kind == "file":
            (folder / what).parent.mkdir(parents=True, exist_ok=True)
            (folder / what).write_text("\n".join(lines) + "\n", encoding="utf-8")
            continue
        words, _, into = what.partition(" > ")
        if words.startswith("cd "):
            folder = folder / words[3:]
            monkeypatch.chdir(folder)
        elif words.startswith("orderhub "):
            # The run of the refused order logs it, and ends with 0: a refusal is a final state.
            printed = command(*shlex.split(words)[1:])
            if into:
                (folder / into).write_text(printed.out, encoding="utf-8")
            said = [line for line in (printed.out + printed.err).splitlines() if line.strip()]
            assert shows(said, lines), f"{what}\n{printed.out}{printed.err}"
        else:
            ran = subprocess.run(shlex.split(words), cwd=folder, check=True, capture_output=True, text=True)
            assert shows(ran.stdout.splitlines(), lines), what


def test_the_tutorial_has_commands_and_files() -> None:
    kinds = [kind for kind, _, _ in steps()]
    assert kinds.count("command") > 20
    assert kinds.count("file") == 9
