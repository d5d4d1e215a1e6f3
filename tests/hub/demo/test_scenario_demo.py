"""`orderhub demo --scenario`: the source's scenarios, told with their commands and their numbers."""

from __future__ import annotations

import re
import shlex

import pytest

from hub.data_manager.open_hub import OpenHub
from hub.demo.scenarios import SCENARIOS
from hub.deployment.deployment import open_deployment
from hub.workflow_manager.arguments import by_name, given, split
from hub.workflow_manager.named_workflow import workflow_named

#: what stands in each play: the scenario's quote or order, as the source describes it
QUOTED = {
    "a": """\
  total: quote Q-0000001, Recurring per Month: 84.90 USD
  Quote Number: Q-0000001, Status: In Progress
  number  product                 action  price  attributes
  1       Small Business Enabler  Add     25.00
  10        Local Line            Add     5.99
  10          Voice Mail          Add     0.00   Password=1234
  10          Call Waiting        Add     0.00
  10          Caller Id           Add     0.00
  in all: 41 Add
""",
    "b": """\
  Quote Number: Q-0000002, Status: In Progress
  number  product                 action  price  attributes
  1       Small Business Enabler  -       25.00
  9         Local Line            Update  4.99
  9           Voice Mail          -       0.00   Password=1234
  9           Call Waiting        -       0.00
  9           Caller Id           -       0.00
  6         Local Line            Add     4.99
  6           Voice Mail          Add     0.00   Password=1234
  6           Call Waiting        Add     0.00
  6           Caller Id           Add     0.00
  1         Local Line            Delete  5.99
  1           Voice Mail          Delete  0.00   Password=1234
  1           Call Waiting        Delete  0.00
  1           Caller Id           Delete  0.00
  in all: 28 -, 9 Update, 24 Add, 4 Delete
""",
    "c": """\
  order O-0000002, revision 1: New, active
  number  product                 action  status   price  attributes
  1       Small Business Enabler  -       -        25.00
  9         Local Line            Update  Pending  4.99
  9           Voice Mail          -       -        0.00   Password=1234
  9           Call Waiting        -       -        0.00
  9           Caller Id           -       -        0.00
  6         Local Line            Add     Pending  4.99
  6           Voice Mail          Add     Pending  0.00   Password=1234
  6           Call Waiting        Add     Pending  0.00
  6           Caller Id           Add     Pending  0.00
  1         ISDN Line             Add     Pending  29.00
  1         Local Line            Delete  Pending  5.99
  1           Voice Mail          Delete  Pending  0.00   Password=1234
  1           Call Waiting        Delete  Pending  0.00
  1           Caller Id           Delete  Pending  0.00
  in all: 28 -, 9 Update, 25 Add, 4 Delete
  Quote Number: Q-0000002, Status: Order Placed
""",
    "d": """\
  Quote Number: Q-0000003, Status: In Progress
  number  product                 action  price  attributes
  1       Small Business Enabler  -       25.00
  15        Local Line            -       4.99
  15          Voice Mail          -       0.00   Password=1234
  15          Call Waiting        -       0.00
  15          Caller Id           -       0.00
  1         ISDN Line             -       29.00
  1         ISDN Line             Add     29.00
  1         ISDN Line             Add     0.00
  in all: 62 -, 2 Add
""",
    "f": """\
  order O-0000001, revision 1: Open, inactive
  order O-0000001, revision 2: Open, active
  number  product                     action  status  price  attributes
  1       Local Breakthrough Package  Add     Open    19.95
  1         Local Line                Add     Open    0.00
  1           Caller Id               Add     Open    0.00
  1           Call Forwarding         Add     Open    0.00   Rings=6, Forwarding Number=509-555-0177
  in all: 4 Add
""",
}
#: and what comes of it
END = {
    "a": """\
order      revision  status    active  processed  lines
O-0000001  1         Complete  Y       Y          41

What billing is told
--------------------

$ orderhub receive --peek billing.events
order      charges  action  product                 price  per
O-0000001  1        Start   Small Business Enabler  25.00  Month
O-0000001  10       Start   Local Line              5.99   Month
O-0000001  10       Start   Voice Mail              0.00   Month
O-0000001  10       Start   Call Waiting            0.00   Month
O-0000001  10       Start   Caller Id               0.00   Month
""",
    "b": """\
  15        Local Line            Active    4.99
  15          Voice Mail          Active    0.00   Password=1234
  15          Call Waiting        Active    0.00
  15          Caller Id           Active    0.00
  1         Local Line            Inactive  5.99
""",
    "c": "  1         ISDN Line             Active    29.00\n  in all: 62 Active, 4 Inactive\n",
    "d": """\
  2         ISDN Line             Active    29.00
  1         ISDN Line             Active    0.00
  in all: 64 Active, 4 Inactive

The orders
----------
order      revision  status    active  processed  lines
O-0000001  1         Complete  Y       Y          41
O-0000002  1         Complete  Y       Y          66
O-0000003  1         Complete  Y       Y          64
""",
    "f": """\
order      revision  status    active  processed  lines
O-0000001  1         Open      N       N          5
O-0000001  2         Complete  Y       Y          4

What billing is told
--------------------

$ orderhub receive --peek billing.events
order      charges  action  product                     price  per
O-0000001  1        Start   Local Breakthrough Package  19.95  Month
O-0000001  1        Start   Local Line                  0.00   Month
O-0000001  1        Start   Caller Id                   0.00   Month
O-0000001  1        Start   Call Forwarding             0.00   Month
""",
}
HEADINGS = {
    "a": ["a. Initial Quote and Order"],
    "b": ["a. Initial Quote and Order", "b. Delta Quote", "Played on"],
    "c": ["a. Initial Quote and Order", "b. Delta Quote", "c. Update Delta Quote and Order", "Played on"],
    "d": [
        "a. Initial Quote and Order",
        "b. Delta Quote",
        "c. Update Delta Quote and Order",
        "d. New Delta Quote with Open Order",
        "Played on",
    ],
    "f": ["f. Supplemental Order", "Played on"],
}


@pytest.mark.parametrize("letter", SCENARIOS)
def test_a_scenario_is_played_with_its_predecessors_and_the_sources_numbers(letter, command, monkeypatch):
    """Whatever the environment says."""
    monkeypatch.setenv("ORDERHUB_DATABASE_URL", "postgresql://nobody@nowhere.invalid/none")
    monkeypatch.setenv("ORDERHUB_ROUTES", '["there_is_none"]')
    text = command("demo", "--scenario", letter).out
    headings = re.findall(r"^(.+)\n-{3,}$", text, re.MULTILINE)
    assert headings == [
        "The catalogue, the price list and the customers are loaded",
        *HEADINGS[letter],
        "The customer's service profile",
        "The orders",
        "What billing is told",
    ]
    assert QUOTED[letter] in text
    assert END[letter] in text


def test_the_commands_that_are_told_are_those_that_ran(command, tmp_path, monkeypatch):
    """As a person would type them in the demonstration's folder: the command line reads what the hub was given."""
    text = command("demo", "--scenario", "f").out
    typed = [shlex.split(line) for line in re.findall(r"^\$ orderhub workflow (.*)$", text, re.MULTILINE)]
    folder = tmp_path / "orderhub-demo"
    monkeypatch.chdir(folder)
    deployment = open_deployment(folder)
    workflows = [workflow_named(deployment.workflows, name) for name, *_ in typed]
    told = []
    for workflow, (name, *arguments) in zip(workflows, typed, strict=True):
        known = by_name(workflow.arguments)
        texts = {key: text for key, (text,) in given(name, "", split(name, "", arguments, known), known).items()}
        files = {key: (folder / text[1:]).read_text() for key, text in texts.items() if text.startswith("@")}
        told.append((workflow.name, {**texts, **files}))
    open_hub = OpenHub(deployment)
    with open_hub.read() as transaction:
        ran = transaction.messages.runs.listing()
    open_hub.close()
    assert told == [(run["workflow"], run["arguments"]) for run in reversed(ran)]
    assert [name for name, _ in told] == [
        "New Products And Services",
        "Quote To Order",
        "Submit",
        "Revise",
        "Edit Order Line Item",
        "Submit",
    ]


def test_what_it_leaves_can_be_looked_at_by_the_commands_that_it_names_last(command, tmp_path, monkeypatch):
    text = command("demo", "--scenario", "a").out
    monkeypatch.chdir(tmp_path / "orderhub-demo")
    _, _, last = text.partition("Where to look next:\n  cd orderhub-demo\n")
    commands = [shlex.split(line)[1:] for line in last.splitlines()]
    assert len(commands) == 4
    for words in commands:
        assert command(*words).out


@pytest.mark.parametrize("letter", ["e", "A", "", "ab"])
def test_a_scenario_that_is_not_there_is_answered_with_those_that_are(letter, command, tmp_path):
    before = command("demo", "--scenario", letter, expect=2)
    assert before.out == ""
    assert before.err == (
        f"there is no scenario '{letter}' to be played\n"
        "  where: --scenario\n"
        "  why:   scenarios are a (Initial Quote and Order), b (Delta Quote), c (Update Delta Quote and Order), "
        "d (New Delta Quote with Open Order), f (Supplemental Order)\n"
        "  mend:  name one of them by its letter\n"
        "  reason: ScenarioUnknown\n"
    )
    assert list(tmp_path.iterdir()) == []
