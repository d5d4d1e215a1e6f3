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
from integration_objects.secrets import SecretNames

#: what stands in each play: the scenario's quote or order, as the source describes it; KEY stands for each short key
QUOTED = {
    "a": """\
  total: quote Q-0000001, monthly: 84.90 USD
  quote Q-0000001: In Progress, account 2-AW-WA
  line  product  action  service  price  key  details
  1  Small Business Enabler  Add  25.00  KEY
  2  Local Line  Add  509-555-0101  5.99  KEY
  3  Voice Mail  Add  0.00  KEY  Password=***
  4  Call Waiting  Add  0.00  KEY
  5  Caller Id  Add  0.00  KEY
  6-41  (9 more Local Line, each with 3 beneath it)  Add  509-555-0102 ... 509-555-0110  5.99
  in all: 41 Add
""",
    "b": """\
  10-25  (4 more Local Line, each with 3 beneath it)  Add  509-555-0202 ... 509-555-0205  4.99
  26  Local Line  Update  509-555-0102  5.99 -> 4.99  KEY
  27-29  (3 lines unchanged)
  30  Local Line  Add  509-555-0206  4.99  KEY
  31  Voice Mail  Add  0.00  KEY  Password=***
  32  Call Waiting  Add  0.00  KEY
  33  Caller Id  Add  0.00  KEY
  34  Local Line  Update  509-555-0103  5.99 -> 4.99  KEY
  35-37  (3 lines unchanged)
  38-61  (6 more Local Line, each with 3 beneath it)  Update  509-555-0105 ... 509-555-0110  5.99 -> 4.99
  62  Local Line  Delete  509-555-0104  5.99  KEY
  63  Voice Mail  Delete  0.00  KEY  Password=***
  64  Call Waiting  Delete  0.00  KEY
  65  Caller Id  Delete  0.00  KEY
  in all: 24 Add, 9 Update, 4 Delete, 28 unchanged
""",
    "c": """\
  order O-0000002, revision 1: New, account 2-AW-WA, at 12 Riverside Avenue, Spokane (PR-WA)
  line  product  action  status  service  price  key  details
  1  Small Business Enabler  -  -  25.00  KEY
  2  Local Line  Update  Pending  509-555-0101  5.99 -> 4.99  KEY
  3-5  (3 lines unchanged)
  6-37  (8 more Local Line, each with 3 beneath it)  Update  Pending  509-555-0102 ... 509-555-0110  5.99 -> 4.99
  38  Local Line  Add  Pending  509-555-0201  4.99  KEY
  39  Voice Mail  Add  Pending  0.00  KEY  Password=***
  40  Call Waiting  Add  Pending  0.00  KEY
  41  Caller Id  Add  Pending  0.00  KEY
  42-61  (5 more Local Line, each with 3 beneath it)  Add  Pending  509-555-0202 ... 509-555-0206  4.99
  62  ISDN Line  Add  Pending  at SP-509-1  29.00  KEY
  63  Local Line  Delete  Pending  509-555-0104  5.99  KEY
  64  Voice Mail  Delete  Pending  0.00  KEY  Password=***
  65  Call Waiting  Delete  Pending  0.00  KEY
  66  Caller Id  Delete  Pending  0.00  KEY
  in all: 25 Add, 9 Update, 4 Delete, 28 unchanged
  quote Q-0000002: Order Placed, account 2-AW-WA, at 12 Riverside Avenue, Spokane (PR-WA)
""",
    "d": """\
  quote Q-0000003: In Progress, account 2-AW-WA, at 12 Riverside Avenue, Spokane (PR-WA)
  line  product                 action  price  key
  1     Small Business Enabler  -       25.00  KEY
  2-62    (61 lines unchanged)
  63      ISDN Line             Add     29.00  KEY
  64      ISDN Line             Add     0.00   KEY
  in all: 2 Add, 62 unchanged
""",
    "f": """\
  order O-0000001, revision 1: Open, inactive, account 2-LB, at 8 Cedar Lane, Spokane (PR-HOME)
  order O-0000001, revision 2: Open, account 2-LB, at 8 Cedar Lane, Spokane (PR-HOME)
  line  product                     action  status  service       price  key     details
  1     Local Breakthrough Package  Add     Open                  19.95  KEY
  2       Local Line                Add     Open    509-555-0123  0.00   KEY
  3         Caller Id               Add     Open                  0.00   KEY
  4         Call Forwarding         Add     Open                  0.00   KEY     Rings=6, Forwarding Number=509-555-0177
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
    (2 more Local Line, each with 3 beneath it)   Active    509-555-0102 ... 509-555-0103  4.99
    Local Line                                    Inactive  509-555-0104                   5.99   KEY
      Voice Mail                                  Inactive                                 0.00   KEY     Password=***
      Call Waiting                                Inactive                                 0.00   KEY
      Caller Id                                   Inactive                                 0.00   KEY
    Local Line                                    Active    509-555-0105                   4.99   KEY
      Voice Mail                                  Active                                   0.00   KEY     Password=***
      Call Waiting                                Active                                   0.00   KEY
      Caller Id                                   Active                                   0.00   KEY
    (11 more Local Line, each with 3 beneath it)  Active    509-555-0106 ... 509-555-0206  4.99
  in all: 61 Active, 4 Inactive
""",
    "c": """\
    ISDN Line                                     Active    at SP-509-1                    29.00  KEY
  in all: 62 Active, 4 Inactive
""",
    "d": """\
    ISDN Line                                    Active    at SP-509-1                    29.00  KEY
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
#: A short key in its column: keys are new in each run.
SHORT_KEY = re.compile(r"(?<=  )[0-9A-Z]{6}(?=$|  )", re.MULTILINE)
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


def squeezed(text: str) -> str:
    """Two blanks between the columns of each table, however wide a column is."""
    return re.sub(r"(?<=\S) {2,}", "  ", text)


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
    text = SHORT_KEY.sub("KEY", text)
    assert squeezed(QUOTED[letter]) in squeezed(text)
    assert squeezed(END[letter]) in squeezed(text)


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
        # The runs of commands keep no secret: the requests set a password.
        told.append((workflow.name, SecretNames(["Password"]).masked_json({**texts, **files})))
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
