"""The page of the HTTP door says what is so: its commands are run, its tables have every reason."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess

import pytest

from hub.http_door import application, problems, reading, senders, state
from hub.http_door.problems import RequestRefused
from tests.hub.http_door.served_door import TOKENS
from tests.road import sample

PAGE = (pathlib.Path(__file__).resolve().parents[3] / "docs" / "http.md").read_text("utf-8")
#: each command of the page with what it prints
COMMANDS = [
    tuple(block.split("\n", 1)) for block in re.findall(r"^```console\n\$ (.*?)\n```", PAGE, re.MULTILINE | re.DOTALL)
]


def steady(text: str) -> str:
    """The text without ids and times."""
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", re.sub(r"\b[0-9A-Z]{26}\b", "ID", text)).strip()


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_each_command_of_the_page_prints_what_the_page_shows(door, tmp_path):
    (tmp_path / "order.xml").write_bytes(sample("order-1-new-service.xml"))
    (tmp_path / "other.xml").write_bytes(sample("order-3-unknown-product.xml"))
    door.post("/messages/orders", sample("order-3-unknown-product.xml"), id="MF-0002")
    assert len(COMMANDS) > 2
    for command, shown in COMMANDS:
        here = command.replace("http://localhost:8080", f"http://127.0.0.1:{door.port}")
        environment = {"TOKEN": TOKENS["kite"], "PATH": "/usr/bin:/bin"}
        run = subprocess.run(["bash", "-c", here], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert steady(run.stdout) == steady(shown), run.stderr


def test_the_page_has_every_reason_with_its_status():
    rows = dict(re.findall(r"^\| (\d{3}) \| ([^|]+) \|", PAGE, re.MULTILINE))
    refusals = [
        error
        for module in (application, problems, reading, senders, state)
        for error in vars(module).values()
        if isinstance(error, type) and issubclass(error, RequestRefused) and error.__module__ == module.__name__
    ]
    assert len(refusals) > 10
    for error in refusals:
        if error is not RequestRefused:
            assert f"`{error.__name__}`" in rows[str(error.status)]
