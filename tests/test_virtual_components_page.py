"""The declarations of docs/virtual_components.md can be used as they stand, and its question can be typed."""

from __future__ import annotations

import pathlib
import re
import shlex
from typing import Any

from tests.hub.conftest import command
from tests.test_tutorial import DOCS

__all__ = ["command"]

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: The folder of a declaration, by its first key.
FOLDERS = {"route": "hub/routes", "virtual component": "adapters/virtual_components"}


def test_the_declarations_are_proven_and_the_question_is_answered(tmp_path: pathlib.Path, command: Any) -> None:
    questions = 0
    for number, (language, text) in enumerate(BLOCK.findall((DOCS / "virtual_components.md").read_text("utf-8"))):
        if language == "toml":
            with (tmp_path / "orderhub.toml").open("a", encoding="utf-8") as settings:
                settings.write(text)
        elif language == "yaml":
            folder = tmp_path / FOLDERS[text.partition(":")[0]]
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"example_{number}.yaml").write_text(text, encoding="utf-8")
        elif text.startswith("orderhub "):
            command("check")
            command(*shlex.split(text)[1:])
            questions += 1
    assert questions == 1
