"""A usage scenario, printed for people: the story, the commands that a person would type, and the stored result.

Each workflow runs as `orderhub workflow` runs it. All that is shown is read back from the database afterwards.

Spec: docs/design/road.md, "Command line, completed" (`demo --scenario`); docs/design/workflows.md, "Usage scenarios".
"""

from __future__ import annotations

import json
import pathlib
import shlex
import textwrap
from collections import Counter
from collections.abc import Sequence

from hub.data_manager.lookup import SHOWN_BY, shown_addresses, stored_object
from hub.data_manager.workflow_run import run_workflow
from hub.demo.scenarios import SCENARIOS, Request, Scenario
from hub.demo.stage import WIDTH, Demonstration, demonstration, heading, paragraph
from hub.presentation.addresses import address_ids
from hub.presentation.printing import out, table
from hub.presentation.report import report_lines
from hub.presentation.screen import LINED, line_table, title
from hub.workflow_manager.named_workflow import request, workflow_named
from integration_objects.complex_object import instances, line_items, object_name, walk_items
from integration_objects.errors import Refused
from integration_objects.names import ORDER
from integration_objects.property_set import PropertySet
from schemas.check import parse
from schemas.from_xml import external_from_xml

#: the samples that are loaded before each scenario
_SAMPLES = ("catalogue.xml", "price_list.xml", "accounts.xml", "premises.xml", "customers.xml", "service_points.xml")
_BILLING = "billing.events"


class ScenarioUnknown(Refused):
    """There is no usage scenario of this letter to be played."""

    what = "there is no scenario '{letter}' to be played"
    where = "--scenario"
    why = "scenarios are {scenarios}"
    mend = "name one of them by its letter"


def scenario_of(letter: str) -> Scenario:
    """Return the usage scenario of this letter.

    Raises:
        ScenarioUnknown: no scenario has this letter.
    """
    if letter not in SCENARIOS:
        titles = ", ".join(f"{known} ({scenario.title})" for known, scenario in SCENARIOS.items())
        raise ScenarioUnknown(letter=letter, scenarios=titles)
    return SCENARIOS[letter]


def play_scenario(folder: pathlib.Path, scenario: Scenario) -> bool:
    """Play a usage scenario with its predecessors in *folder*, made anew; return whether all messages are final."""
    with demonstration(folder) as hub:
        stage = PrintedStage(hub)
        stage.load()
        scenario.play(stage)
        stage.show_end(scenario.account)
        return hub.run()


class PrintedStage:
    """A stage (`hub.demo.scenarios.Stage`) on the demonstration's deployment, which prints each step."""

    def __init__(self, hub: Demonstration) -> None:
        self._hub = hub
        self._files = 0
        #: the addresses of the objects that were shown, by Address Id
        self._addresses: dict[str, str] = {}

    def load(self) -> None:
        """Load the company's catalogue, price list and customers."""
        heading("The catalogue, the price list and the customers are loaded")
        print_command("load", *_SAMPLES)
        for name in _SAMPLES:
            self._hub.load(name)

    def begin(self, title: str) -> None:
        """Print a heading."""
        heading(title)

    def tell(self, text: str) -> None:
        """Print a paragraph."""
        paragraph(text)

    def work(self, workflow: str, **arguments: str | Sequence[Request]) -> PropertySet:
        """Run a workflow; print the command, its report, and the object as it is stored then."""
        pairs, typed, requests = [], [], []
        for argument, value in arguments.items():
            name, text = argument.replace("_", "-"), value if isinstance(value, str) else _as_json(value)
            pairs.append((name, text))
            if isinstance(value, str):
                typed.append(f"{name}={text}")
            else:
                typed.append(f"{name}={self._file_with(text)}")
                requests.append(text)
        print_command("workflow", workflow, *typed)
        for text in requests:
            out(_readable(text))
        open_hub = self._hub.open_hub
        called = workflow_named(open_hub.deployment.workflows, workflow)
        outcome = run_workflow(open_hub, called, request(workflow, pairs)).outcome
        for line in report_lines(outcome.notes, outcome.objects):
            out(f"  {line}")
        written = [(object_name(tree) or "", instances(tree)[0]) for tree in outcome.objects]
        # The lines of the first object only: an order and the quote that it is placed for have the same lines.
        for place, (name, instance) in enumerate(written):
            self._show(name, self._stored(name, instance.get(self._key_field(name))), with_lines=place == 0)
        return written[0][1]

    def look(self, name: str, key: str | None) -> PropertySet:
        """Print the command that shows a stored object, and the object."""
        print_command("show", name, key or "", "--text")
        instance = self._stored(name, key)
        self._show(name, instance)
        return instance

    def provision(self, at_once: bool = False) -> None:
        """Answer all work orders; print the state to which each answer came.

        Args:
            at_once: don't wait for messages that can't leave now.
        """
        print_command("receive", "provisioning.work_orders")
        answers = self._hub.answer_work_orders()
        # Worked before their states are read: the stand-in only puts its answers in at the route's door.
        if at_once:
            self._hub.run_for_now()
        else:
            self._hub.run()
        with self._hub.open_hub.read() as transaction:
            states = [(transaction.messages.show(answer.row_id) or {})["state"] for answer in answers]
        for answer, state in zip(answers, states, strict=True):
            out(f"  work order {answer.number}, revision {answer.revision}: {answer.lines} lines are complete")
            out(f"    answered (orderhub send provisioning_status, orderhub run --once): {state}")

    def show_end(self, account: str) -> None:
        """Print the account's service profile, its orders, and the messages to billing."""
        heading("The customer's service profile")
        self.look("OM Asset", account)
        heading("The orders")
        with self._hub.open_hub.read() as transaction:
            orders = instances(transaction.store.query("OM Order", {"Account Id": account}))
            messages = transaction.messages.outbox.waiting(_BILLING, 1000)
        heads = ("order", "revision", "status", "active", "processed", "lines")
        out(table(heads, [_order_row(order) for order in orders]))
        heading("What billing is told")
        print_command("receive", "--peek", _BILLING)
        external = self._hub.open_hub.deployment.external_objects["Billing Message"]
        charges: Counter[tuple[str | None, ...]] = Counter()
        for row in messages:
            event = external_from_xml(parse(row.message.body), external)
            for charge in (node for node in event.children if node.type == "Charge"):
                fields = ("Action", "ProductId", "Price", "UnitOfMeasure")
                charges[(event.get("OrderNumber"), *(charge.get(field) for field in fields))] += 1
        rows = [(order, number, *charge) for (order, *charge), number in charges.items()]
        out(table(("order", "charges", "action", "product", "price", "per"), rows))
        out(
            f"\nWhere to look next:\n  cd {self._hub.open_hub.deployment.folder.name}\n  orderhub status\n"
            f"  orderhub show 'OM Asset' {account} --text\n  orderhub workflow projected-state account={account}\n"
            f"  orderhub receive --peek {_BILLING}"
        )

    def _file_with(self, requests: str) -> str:
        """Write requests into a new file; return the argument that names the file."""
        self._files += 1
        name = f"requests-{self._files}.json"
        self._hub.write(name, requests)
        return f"@{name}"

    def _key_field(self, name: str) -> str:
        """Return the field whose value `orderhub show` takes."""
        definitions = self._hub.open_hub.deployment.definitions
        return SHOWN_BY[name][0] if name in SHOWN_BY else definitions[name].root.keys[0][0]

    def _stored(self, name: str, key: str | None) -> PropertySet:
        with self._hub.open_hub.read() as transaction:
            tree = stored_object(transaction.store, self._hub.open_hub.deployment.definitions, name, key or "")
            tree = self._hub.open_hub.renew_secret_names(transaction).masked(tree)
            self._addresses |= shown_addresses(transaction.store, address_ids([tree]))
        (instance,) = instances(tree)
        return instance

    def _show(self, name: str, instance: PropertySet, with_lines: bool = True) -> None:
        """Print a stored instance; of an order, the header of every revision, because one replaces the other."""
        if name in LINED:
            for header in self._revisions(instance) if name == ORDER else [instance]:
                out(f"  {title(header, self._addresses)}")
        else:
            heads = (self._key_field(name), "Name", "Parent Account Id", "Status")
            out("  " + ", ".join(f"{head}: {instance.get(head)}" for head in heads if instance.get(head)))
        if with_lines and line_items(instance):
            out("\n".join(f"  {line}" for line in line_table(instance, addresses=self._addresses)))

    def _revisions(self, order: PropertySet) -> list[PropertySet]:
        with self._hub.open_hub.read() as transaction:
            return instances(transaction.store.query(ORDER, {"Order Number": order.get("Order Number")}))


def print_command(*words: str) -> None:
    """Print a command of the hub as a person types it."""
    out(f"\n$ orderhub {' '.join(map(shlex.quote, words))}")


def _as_json(requests: Sequence[Request]) -> str:
    """Write requests as the workflows take them, one a line."""
    return "[" + ",\n ".join(json.dumps(document, ensure_ascii=False) for document in requests) + "]"


def _readable(requests: str) -> str:
    """Indent the lines of requests, and fold long ones."""
    return "\n".join(
        textwrap.fill(line, WIDTH, initial_indent="    ", subsequent_indent="       ", break_on_hyphens=False)
        for line in requests.splitlines()
    )


def _order_row(order: PropertySet) -> tuple[object, ...]:
    processed = {root.get("Order Item Processed Flag") for root in line_items(order)} == {"Y"}
    fields = [order.get(name) for name in ("Order Number", "Revision", "Status", "Active Flag")]
    return *fields, "Y" if processed else "N", sum(1 for _ in walk_items(order))
