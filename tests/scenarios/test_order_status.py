"""The page of order states: its example can be typed, and shows what it says."""

from __future__ import annotations

import pathlib
import re
import shlex
from typing import Any

from tests.activities import prove_activities
from tests.customer_care import CustomerCare
from tests.road import sample
from tests.test_tutorial import shows

PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "order_status.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_can_be_typed(care: CustomerCare, typed: Any) -> None:
    assert care.road.work(sample("order-1-new-service.xml"))["state"] == "done"
    (example,) = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    commands = [block.splitlines() for block in re.split(r"^\$ orderhub ", example, flags=re.MULTILINE)[1:]]
    assert len(commands) == 6
    for command, *shown in commands:
        printed = typed(*shlex.split(command)).splitlines()
        assert shows(printed, shown), (command, printed)
    assert prove_activities(care.road) == 1
