"""`orderhub init`: a deployment of which every command of its README runs."""

from __future__ import annotations

import pathlib
import re
import shlex
from typing import Any

import pytest


@pytest.fixture
def folder(tmp_path: pathlib.Path, command: Any, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """The first deployment; the commands of the test run in it."""
    command("init", "shop")
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


def test_every_command_of_the_first_deployments_readme_runs(folder: pathlib.Path, command: Any) -> None:
    lines = re.findall(r"^    orderhub (.*?)(?:  +#.*)?$", (folder / "README.md").read_text(), re.MULTILINE)
    printed = {line: command(*shlex.split(line)) for line in lines}
    assert printed["check"].err == "the deployment is sound\n"
    assert printed["map test"].err == "2 passed, 0 failed\n"
    assert printed["receive kiosk.answers"].out.splitlines()[1] == (
        '<Answer result="accepted"><Order>K-1001</Order><HubOrder>O-0000001</HubOrder></Answer>'
    )
    # Two routers are two services, of a line each.
    assert printed["receive installers.work"].out == (
        "work order;line;action;product;pieces\n"
        "O-0000001-1;K-1001-1;Add;Internet 50;1\n"
        "O-0000001-1;K-1001-2;Add;Router;1\n"
        "O-0000001-1;K-1001-2;Add;Router;1\n"
    )
    assert re.search(r"kiosk_order +done +K-1001", printed["messages list"].out)
    assert command("system", "test").err == "1 passed, 0 failed\n"


def test_a_refused_order_is_answered_with_its_fault(folder: pathlib.Path, command: Any) -> None:
    order = (folder / "samples" / "order.xml").read_text()
    (folder / "wrong.xml").write_text(order.replace("BOX", "CABLE"))
    command("send", "kiosk_order", "wrong.xml")
    command("run", "--once")
    answer = command("receive", "kiosk.answers").out
    assert "<Answer result=\"refused\"><Order>K-1001</Order><Fault><What>data map 'Kiosk Order to OM Order'" in answer
    assert f"<Mend>add the code at {folder}/maps/kiosk_order_to_om_order.yaml:7:12, or give a default</Mend>" in answer


def test_a_folder_with_a_file_is_left_as_it_is(tmp_path: pathlib.Path, command: Any) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert command("init", ".", expect=2).err == (
        "the folder isn't empty\n"
        "  where: .\n"
        "  why:   it has notes.txt; no file is written over\n"
        "  mend:  name a new folder, or an empty one\n"
        "  reason: FolderNotEmpty\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_folder_that_can_not_be_made_is_told(tmp_path: pathlib.Path, command: Any) -> None:
    (tmp_path / "file").write_text("")
    assert command("init", "file/shop", expect=2).err == (
        "the file can't be written\n"
        "  where: file/shop\n"
        "  why:   Not a directory\n"
        "  mend:  name a file that is there and that you may use\n"
        "  reason: FileUnreadable\n"
    )
