"""What workflows show is the same on each database, and is what the page of the workflows says."""

from __future__ import annotations

import pathlib
import re

from hub.presentation.screen import screen
from integration_objects.complex_object import message
from integration_objects.names import KEY

ROOT = pathlib.Path(__file__).parents[3]
PACKAGE = "Local Breakthrough Package"
LINE = f"{PACKAGE}/Local Line"
#: A short key in its column: keys are new in each run.
SHORT_KEY = re.compile(r"(?<=  )[0-9A-Z]{6}(?=$|  )", re.MULTILINE)


def test_a_change_is_shown_as_the_page_shows_it(any_care):
    care = any_care
    requests = [
        {"request": "set", "item": LINE, "fields": {"Service Id": "509-555-0140"}},
        {
            "request": "set",
            "item": f"{LINE}/Call Forwarding",
            "attributes": {"Forwarding Number": "509-555-0199", "Rings": "6"},
        },
    ]
    made = care.work("new-products-and-services", account="2-LB", product=PACKAGE, requests=requests)
    care.install(care.place(made.get("Quote Number")))
    changes = [
        {"request": "set", "item": LINE, "fields": {"Service Id": "509-555-0150"}},
        {"request": "set", "item": f"{LINE}/Call Forwarding", "attributes": {"Rings": "3"}},
    ]
    root = care.profile_root("2-LB").get(KEY)
    outcome = care("modify", account="2-LB", root=root, requests=changes)
    page = (ROOT / "docs" / "workflows.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```\n(quote Q-.*?)\n```", page, re.DOTALL)
    assert SHORT_KEY.sub("KEY", screen(outcome.objects[0])) == SHORT_KEY.sub("KEY", shown)
    # What is stored is shown alike.
    assert screen(outcome.objects[0]) == screen(message("OM Quote", [care.quote("Q-0000002")]))
