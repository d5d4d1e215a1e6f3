"""What workflows show is the same on each database, and is what the page of the workflows says."""

from __future__ import annotations

import json
import pathlib
import re
from decimal import Decimal

from hub.data_manager.lookup import shown_addresses
from hub.data_manager.workflow_run import run_workflow
from hub.presentation.addresses import address_ids
from hub.presentation.changed_lines import changed_lines
from hub.presentation.next_commands import next_commands
from hub.presentation.screen import screen
from hub.pricing.port import Total
from hub.workflow_manager.named_workflow import request, workflow_named
from hub.workflows.state.change_of_state import total_notes
from integration_objects.complex_object import message
from integration_objects.names import KEY
from tests.customer_care import lines
from tests.road import sample
from tests.trees import item, node

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
    with care.open_hub.read() as transaction:
        addresses = shown_addresses(transaction.store, address_ids(outcome.objects))
    assert SHORT_KEY.sub("KEY", screen(outcome.objects[0], addresses=addresses)) == SHORT_KEY.sub("KEY", shown)
    # What is stored is shown alike.
    assert screen(outcome.objects[0]) == screen(message("OM Quote", [care.quote("Q-0000002")]))


def test_the_sentences_that_the_pages_quote_are_printed_so():
    """The pages of the workflows quote lines of reports in the text; each must be one that is printed."""
    lines = [item(f"K{number}", line_number=str(number), status="Pending") for number in range(1, 42)]
    opened = [item(f"K{number}", line_number=str(number), status="Open") for number in range(1, 42)]
    caller_id = item("C", line_number="5", product_id="Caller Id")
    totals = (Total("Recurring", "Month", Decimal("157.85")), Total("Usage", "kWh", Decimal("0.2845"), "Electricity"))
    of_item, _ = total_notes("Small Business Enabler", totals, "USD")
    _, rate = total_notes("quote Q-0000004", totals, "USD")
    new = message("OM Order", [node("Order", *lines, order_number="O-0000001", status="New")])
    printed = [
        *changed_lines(node("Quote"), [message("OM Quote", [node("Quote", caller_id)])]),
        *changed_lines(node("Order", *lines), [message("OM Order", [node("Order", *opened)])]),
        *(f"next: {command}" for command in next_commands([new])),
        *map(str, (of_item, rate)),
    ]
    pages = [(ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("workflows.md", "pricing.md")]
    text = " ".join(" ".join(pages).split())
    assert [sentence for sentence in printed if f"`{sentence}`" not in text] == []


def test_neither_joined_ids_nor_secrets_are_told_as_changes(care):
    """A shown quote has the meters' numbers joined in, and masks in the place of secrets; the stored one hasn't."""
    for name in ("service_points.xml", "meters.xml", "meter_locations.xml"):
        care.road.load(sample(name))
    energy = {"request": "set", "item": "Home Energy/Electricity", "fields": {"Service Point Id": "SP-WINTER-EL"}}
    quote = care.work("new-products-and-services", account="2-EN", product="Home Energy", requests=[energy])
    mail = {"request": "add", "product": "Voice Mail", "beneath": LINE, "attributes": {"Password": "1234"}}
    forward = {"request": "set", "item": f"{LINE}/Call Forwarding", "attributes": {"Forwarding Number": "1"}}
    care.work("new-products-and-services", account="2-EN", product=PACKAGE, requests=[forward, mail])
    number = quote.get("Quote Number")
    called = workflow_named(care.open_hub.deployment.workflows, "cancel-quote")
    run = run_workflow(care.open_hub, called, request("cancel-quote", [("quote", number)]))
    shown = screen(run.outcome.objects[0])
    assert ("EL-40017" in shown, "Password=***" in shown, "1234" in shown) == (True, True, False)
    assert changed_lines(run.before, run.outcome.objects) == [
        f"changed: quote {number}: Status: In Progress -> Cancelled"
    ]


def test_a_joined_id_is_not_shown_as_the_change_of_a_line_that_changes_something_else(care):
    for name in ("service_points.xml", "meters.xml", "meter_locations.xml"):
        care.road.load(sample(name))
    electricity = "Home Energy/Electricity"
    point = {"request": "set", "item": electricity, "fields": {"Service Point Id": "SP-WINTER-EL"}}
    made = care.work("new-products-and-services", account="2-EN", product="Home Energy", requests=[point])
    care.install(care.place(made.get("Quote Number")))
    tariff = {"request": "set", "item": electricity, "attributes": {"Tariff": "Night"}}
    outcome = care("modify", account="2-EN", root="Home Energy", requests=[tariff])
    (row,) = [row for row in screen(outcome.objects[0]).splitlines() if "Electricity" in row]
    assert ("EL-40" in row, "nothing ->" in row, "Tariff=Standard -> Night" in row) == (True, False, True)
    # The line is stored without the joined id, and with what it was made for.
    (stored,) = lines(care.quote("Q-0000002"), "Electricity")
    assert (stored.get("Service Id"), json.loads(stored.get("Built On"))["Service Id"]) == (None, None)
