"""The example deployment for UBL: the commands of its README, on the documents that UBL_HOME has."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
from typing import Any

import pytest

from schemas.check import parse
from tests.hub.conftest import command

__all__ = ["command"]

HOME = pathlib.Path(os.environ.get("UBL_HOME", "no-ubl"))
pytestmark = pytest.mark.skipif(not (HOME / "xsd-2.3").is_dir(), reason="UBL_HOME names no folder with UBL 2.3")
EXAMPLE = pathlib.Path(__file__).parents[2] / "docs" / "examples" / "ubl"
COMMANDS = [line[2:] for line in (EXAMPLE / "README.md").read_text().splitlines() if line.startswith("$ ")]
#: The first example order, the change of it, and the catalogue.
FIRST_SEND, CHANGE, CATALOGUE = (place for place, line in enumerate(COMMANDS) if line.startswith("orderhub send"))


def texts(body: str, name: str) -> list[str]:
    """The texts of the elements called *name*, in order."""
    return [node.text or "" for node in parse(body.encode()).iter("{*}" + name)]


def test_an_order_its_change_and_a_catalogue_are_taken_and_answered(
    tmp_path: pathlib.Path, command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)

    def run(lines: list[str]) -> list[str]:
        printed = []
        for line in lines:
            if line.startswith("orderhub "):
                printed.append(command(*os.path.expandvars(line).split()[1:]).out)
            else:
                subprocess.run(["sh", "-c", line], cwd=tmp_path, check=True)  # the page's own command
        return printed

    answer = run(COMMANDS[:CHANGE])[-1]
    assert texts(answer, "OrderResponseCode") == ["AB"]
    assert texts(answer, "SalesOrderID") == ["O-0000001"]
    assert texts(answer, "ID")[1:] == ["34", "SellerPartyID123", "7300070011115", "PartyID123"]
    order = parse(command("show", "OM Order", "O-0000001").out.encode())
    assert [node.text for node in order.iter("SourceReference")] == ["34-1", "34-2"]
    assert [node.text for node in order.iter("Quantity")] == ["120", "15"]
    assert [node.text for node in order.iter("TextValue")] == ["Acrylic", "Water", "Black", "20mm"]

    answer = run(COMMANDS[CHANGE:CATALOGUE])[-1]
    assert texts(answer, "OrderResponseCode") == ["AB"]
    shown = command("orders", "B-1").out
    assert "O-0000001  2 " in shown

    run(COMMANDS[CATALOGUE:])
    assert "<ListPrice>1</ListPrice>" in command("show", "Product", "CE_GW688AVAZBE").out

    # A buyer that nobody knows is refused, with the reason in the response.
    command("send", "ubl_order", HOME / "examples" / "CENBII-Order-maximal.xml")
    command("run", "--once")
    answer = command("receive", "ubl.responses").out
    assert texts(answer, "OrderResponseCode") == ["RE"]
    assert texts(answer, "Note") == [
        "the account 'xxx' is unknown: neither does the system UBL have an account of this number here, nor is it an "
        "Account Id"
    ]
