"""Commands that read texts and flags themselves: the same values, help and errors as by Typer."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.core import TyperCommand

from hub.command_line.app import load_command
from hub.command_line.text_command import TextCommand

LINES = [
    "status",
    "status --json",
    "show Account 1-A --text",
    "workflow",
    "workflow modify account=1-A root=K",
    "workflow --dry-run modify -- a=-1",
    "workflow --recording R",
    "workflow modify --help",
    "pause route:x",
    "receive c",
    "receive c --limit 3 --into there",
    "messages/list",
    "messages/list --state done --since 2026-01-01",
    "messages/list --limit 5",
    "messages/resend a b c --to d",
    "object/query Account",
    "object/query Account a=1 b=2",
    "db/upgrade --dry-run",
    "call apply a=1 --format json",
    "call evaluate --seed 4",
]


def command_of(words: list[str]) -> TextCommand:
    name, _, within = words[0].partition("/")
    command = load_command(name)
    command = command.commands[within] if within else command
    assert isinstance(command, TextCommand)
    return command


def parsed(words: list[str], parse) -> dict:
    command = command_of(words)
    context = command.context_class(command, **command.context_settings)
    parse(command, context, words[1:])
    # An absent list is None for both: Typer's is empty for some kinds of parameters.
    return {name: value or None for name, value in context.params.items()}


@pytest.mark.parametrize("line", LINES)
def test_a_command_reads_the_values_that_typer_reads(line: str) -> None:
    words = line.split()
    assert parsed(words, TextCommand.parse_args) == parsed(words, TyperCommand.parse_args)


def test_an_empty_text_is_a_text() -> None:
    assert parsed(["messages/list", "--state", ""], TyperCommand.parse_args)["state"] is None
    command = command_of(["messages/list"])
    context = command.context_class(command)
    command.parse_args(context, ["--state", ""])
    assert context.params["state"] == ""


@pytest.mark.parametrize("words", [["show", "x"], ["status", "--jsn"], ["messages", "lst"], ["messages", "list", "x"]])
def test_what_is_wrong_with_arguments_is_told_by_typer_in_the_name_that_was_typed(words: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "hub.command_line.app", *words], capture_output=True, text=True, check=False
    )
    called = " ".join(["orderhub", *words[: 2 if words[:2] == ["messages", "list"] else 1]])
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"Usage: {called} ")
