"""The example of docs/remote_clients.md can be typed, and prints what the page shows."""

from __future__ import annotations

import pathlib
import re
import shlex
import shutil
import sqlite3
from contextlib import closing
from typing import Any

from tests.test_tutorial import shows

ROOT = pathlib.Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "remote_clients.md").read_text(encoding="utf-8")


def steps() -> list[tuple[list[str], list[str]]]:
    """The words of each command of the page, with the lines that it prints."""
    found: list[tuple[list[str], list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((shlex.split(line[2:]), []))
            else:
                found[-1][1].append(line)
    return found


def test_the_example_can_be_typed(tmp_path: pathlib.Path, command: Any) -> None:
    shutil.copytree(ROOT / "hub" / "samples", tmp_path / "customers")
    for words, lines in steps():
        if words[0] == "sqlite3":
            with closing(sqlite3.connect(tmp_path / words[1])) as connection:
                rows = connection.execute(words[2]).fetchall()
                connection.commit()
            printed = "\n".join("|".join(value or "" for value in row) for row in rows)
        else:
            printed = command(*words[1:]).out
        assert shows([line for line in printed.splitlines() if line.strip()], lines), f"{words}\n{printed}"


def test_a_file_is_never_written_over_and_the_json_has_the_returned_changes(
    tmp_path: pathlib.Path, command: Any
) -> None:
    for name in ("users", "premises", "customers"):
        command("load", ROOT / "hub" / "samples" / f"{name}.xml")
    assert command("remote", "status", "sales").out == "sales has no file\n"
    command("remote", "extract", "sales", "laptop.db", "--account", "2-LB")
    assert "RemoteFileExists" in command("remote", "extract", "sales", "laptop.db", expect=1).err
    with closing(sqlite3.connect(tmp_path / "laptop.db")) as connection:
        connection.execute("UPDATE account SET status = 'Closed'")
        connection.commit()
    assert '"yours": "Closed"' in command("remote", "apply", "laptop.db", "--json").out
    assert '"yours": "Closed"' in command("remote", "status", "sales", "--json").out


def test_control_characters_and_long_texts_reach_no_terminal(tmp_path: pathlib.Path, command: Any) -> None:
    for name in ("users", "premises", "customers"):
        command("load", ROOT / "hub" / "samples" / f"{name}.xml")
    command("remote", "extract", "sales", "laptop.db", "--account", "2-LB")
    with closing(sqlite3.connect(tmp_path / "laptop.db")) as connection:
        connection.execute("UPDATE account SET status = char(27) || '[2J', account_class = ?", ("x" * 100_000,))
        connection.execute("INSERT INTO om_quote (row_id, account_id) VALUES (char(27) || '[2J', '2-LB')")
        connection.commit()
    printed = command("remote", "apply", "laptop.db").out
    assert "\x1b" not in printed
    assert r"'OM Quote Q-0000001 (\x1b[2J)'" in printed
    assert "(100000 characters)" in printed
    assert "x" * 1_000 not in printed
