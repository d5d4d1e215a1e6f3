"""`orderhub workflow` and the route for workflow requests: one function for both, whole refusals, kept recordings."""

from __future__ import annotations

import gc
import importlib.resources
import json
import pathlib
import re

from hub.data_manager.workflow_run import run_workflow
from hub.workflow_manager.named_workflow import request
from hub.workflows import MODULES, Workflows
from integration_objects.complex_object import components, instances
from integration_objects.errors import HubError
from schemas.hub_xml import hub_from_xml, hub_to_xml
from tests.road import sample

#: the name of a class of two words or more
CLASS_NAME = re.compile(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b")
OWN = """
from hub.extension import Argument, Outcome, named_workflow


def greet(run, account, times=1):
    return Outcome(why=f"hello {account}" * times)


WORKFLOWS = [
    named_workflow(
        "Greet", greet, "say hello", Argument("account", "account", required=True), Argument("times", "whole")
    ),
    named_workflow("New Quote", greet, "no quote at all", Argument("account", "account", required=True)),
]
"""


def test_the_workflows_are_listed(command):
    assert "new-quote" in command("workflow").out
    listed = {one["name"]: one for one in json.loads(command("workflow", "--json").out)}
    assert listed["new-quote"]["arguments"][0] == {
        "name": "account",
        "kind": "account",
        "required": True,
        "help": "The customer: its Account Id, phone number, name, or number in another system.",
    }
    assert "receive-order" not in listed


def test_a_command_within_another_process_leaves_the_garbage_collector_as_it_is(command):
    before = gc.get_threshold()
    command("workflow")
    assert gc.get_threshold() == before


def test_each_workflow_says_what_it_takes(command):
    assert command("workflow", "new-quote", "--help").out == (
        "Usage: orderhub workflow new-quote account=... [currency=...] [price-list=...] [opportunity=...]"
        " [service-account=...] [billing-account=...] [agreement=...] [valid-until=...] [session=...]"
        " [--json] [--dry-run] [--all]\n"
        "\n"
        "make an empty quote for an account, and the session's active one\n"
        "\n"
        "argument\n"
        "account=          required  The customer: its Account Id, phone number, name, or number in another system.\n"
        "currency=                   Currency Code; without one, the account's.\n"
        "price-list=                 Price List Id; without one, the only one that holds for the currency.\n"
        "opportunity=                The Opportunity Id of the sale that it is for.\n"
        "service-account=            Where services are provided; without one, the customer's account.\n"
        "billing-account=            The account that pays; without one, the customer's account.\n"
        "agreement=                  The Agreement Id under which services are provided.\n"
        "valid-until=                The last day on which the quote's prices can be ordered.\n"
        "session=                    The user session whose active quote is worked on; without one, the caller's own.\n"
    )
    assert command("workflow", "-h").out.startswith("Usage: orderhub workflow [NAME] [KEY=VALUE...]")


def test_a_mistyped_name_or_argument_is_answered_with_the_nearest(command):
    assert command("workflow", "new-qoute", expect=2).err.endswith(
        "  mend:  did you mean 'new-quote'?\n  reason: WorkflowUnknown\n"
    )
    assert command("workflow", "new-quote", "acount=1-A", expect=2).err == (
        "'new-quote' has no argument 'acount'\n"
        "  where: orderhub workflow new-quote\n"
        "  why:   'new-quote' takes account=, currency=, price-list=, opportunity=, service-account=, "
        "billing-account=, agreement=, valid-until=, session=\n"
        "  mend:  did you mean 'account'?\n"
        "  reason: ArgumentUnknown\n"
    )
    assert command("workflow", "new-quote", expect=2).err == (
        "'new-quote' needs the argument 'account'\n"
        "  where: orderhub workflow new-quote\n"
        "  why:   'new-quote' takes account=, currency=, price-list=, opportunity=, service-account=, "
        "billing-account=, agreement=, valid-until=, session=\n"
        "  mend:  add account=...\n"
        "  reason: ArgumentMissing\n"
    )
    assert command("workflow", "new-quote", "account=\x01", expect=2).err == (
        "the argument 'account' can't be read\n"
        "  where: argument 'account'\n"
        "  why:   expected text that XML can carry, found '\\x01'\n"
        "  mend:  give text that XML can carry\n"
        "  reason: ArgumentWrong\n"
    )


def test_a_refusal_ends_with_1_and_leaves_nothing_written(command, road):
    refused = command("workflow", "new-quote", "account=1-Z", expect=1)
    assert refused.out == ""
    assert refused.err == (
        "the account '1-Z' is unknown\n"
        "  where: argument 'account'\n"
        "  why:   no account of this Account Id is stored\n"
        "  mend:  mend the Account Id (`orderhub find NAME` finds it), or load the account (orderhub load)\n"
        "  reason: AccountUnknown\n"
    )
    assert road.stored("OM Quote") == []
    with road.open_hub.read() as transaction:
        assert transaction.messages.runs.listing() == []


def test_a_dry_run_writes_nothing(command, road):
    dry = command("workflow", "new-quote", "account=1-A", "--dry-run")
    assert dry.out == "quote Q-0000001: In Progress, account 1-A\n  no lines\n"
    assert dry.err == "a dry run: nothing was written\n"
    assert road.stored("OM Quote") == []
    assert json.loads(command("workflow", "new-quote", "account=1-A", "--dry-run", "--json").out)["run"] is None


def test_a_workflow_tells_what_it_changed_and_what_comes_next(command, road):
    road.load(sample("price_list.xml"))
    made = command("workflow", "new-order", "account=1-B")
    assert made.err == "next: orderhub workflow edit-order-line-item order=O-0000001 requests=@REQUESTS.json\n"
    requests = '[{"request": "add", "product": "Calling Card"}]'
    edited = command("workflow", "edit-order-line-item", "order=O-0000001", f"requests={requests}").err.splitlines()
    assert edited[0] == "changed: order O-0000001: Price List: nothing -> Standard"
    assert edited[1] == "changed: 1 line more: Calling Card (line 1)"
    assert edited[-1] == "next: orderhub workflow submit order=O-0000001"
    cancelled = command("workflow", "cancel-order", "order=O-0000001")
    assert cancelled.err.splitlines() == [
        "changed: order O-0000001: Status: New -> Cancelled",
        "changed: Calling Card (line 1): Status: Pending -> Cancelled",
    ]
    as_json = json.loads(command("workflow", "new-order", "account=1-B", "--json").out)
    assert as_json["next"] == ["orderhub workflow edit-order-line-item order=O-0000002 requests=@REQUESTS.json"]


def test_a_run_keeps_its_recording(command, road):
    run_id = json.loads(command("workflow", "new-quote", "account=1-A", "--json").out)["run"]
    (kept,) = json.loads(command("workflow", "--runs", "--json").out)
    assert (kept["id"], kept["workflow"], kept["arguments"]) == (run_id, "New Quote", {"account": "1-A"})
    assert f"{run_id}  {kept['finished']}  New Quote  account=1-A\n" in command("workflow", "--runs").out
    recorded = json.loads(command("workflow", "--recording", run_id).out)
    assert [entry[0] for entry in recorded["entries"]] == ["object", "id", "number", "by key"]
    assert command("workflow", "--recording", "R", expect=1).err == (
        "there is no run 'R'\n"
        "  where: option --recording\n"
        "  why:   no workflow that a command ran has this id\n"
        "  mend:  `orderhub workflow --runs` lists them\n"
        "  reason: RunUnknown\n"
    )


def test_a_message_runs_the_same_workflow_and_is_answered_with_the_result(road):
    definitions = road.open_hub.deployment.definitions
    body = hub_to_xml(request("new-quote", [("account", "1-A")]), definitions)
    shown = road.work(body, "workflow_request", id="R-1", reply_to="hub.answers")
    assert shown["state"] == "done"
    (row,) = road.take("hub.answers")
    (reply,) = instances(hub_from_xml(row.message.body, definitions))
    assert (reply.get("Message Id"), reply.get("State"), reply.get("Workflow Name")) == ("R-1", "done", "New Quote")
    (result,) = components(reply, "Result")
    (quote,) = road.stored("OM Quote")
    assert result.get("Object") == "OM Quote"
    assert result.get("Quote Number") == quote.get("Quote Number")
    assert quote.get("Account Id") == "1-A"


def test_a_request_that_is_refused_is_answered_and_leaves_nothing(road):
    definitions = road.open_hub.deployment.definitions
    for name, pairs, reason in (
        ("new-quote", [("account", "1-Z")], "AccountUnknown"),
        ("new-quote", [("acount", "1-A")], "ArgumentUnknown"),
        ("new-quote", [], "ArgumentMissing"),
        ("receive-order", [], "WorkflowUnknown"),
    ):
        shown = road.work(hub_to_xml(request(name, pairs), definitions), "workflow_request")
        assert (shown["state"], shown["reason"]) == ("rejected", reason)
    assert road.stored("OM Quote") == []


def test_another_object_is_no_request(road):
    shown = road.work(sample("accounts.xml"), "workflow_request")
    assert (shown["state"], shown["reason"]) == ("rejected", "OneRequestAMessage")


def test_a_module_that_is_not_licensed_refuses_to_start(command, road):
    (road.folder / "licence.yaml").write_text("modules: [Orders]\n")
    (road.folder / "orderhub.toml").write_text('database_url = "sqlite:///orderhub.db"\nlicence = "licence.yaml"\n')
    refused = command("workflow", "new-quote", "account=1-A", expect=2)
    assert refused.err.startswith(
        "the workflow 'New Quote' can't start: the module 'Quotes' isn't licensed\n"
        "  where: the licence file licence.yaml\n"
    )


def test_the_registry_names_the_module_of_each_workflow_and_every_module_with_workflows():
    folder = pathlib.Path(str(importlib.resources.files("hub.workflows")))
    modules = {
        ".".join(path.relative_to(folder).with_suffix("").parts)
        for path in folder.rglob("*.py")
        if re.search(r"^WORKFLOWS\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    listed = {
        (workflow.name, module)
        for module in modules
        for workflow in importlib.import_module(f"hub.workflows.{module}").WORKFLOWS
    }
    assert listed == {*MODULES.items()}
    assert [workflow.name for workflow in Workflows().values()] == [*MODULES]


def test_a_deployment_brings_and_replaces_workflows(command, road):
    (road.folder / "hub" / "workflows").mkdir(parents=True)
    (road.folder / "hub" / "workflows" / "own.py").write_text(OWN)
    assert command("workflow", "greet", "account=1-A", "times=2").err == "hello 1-Ahello 1-A\n"
    assert command("workflow", "new-quote", "account=1-A").err == "hello 1-A\n"
    assert command("workflow", "greet", "account=1-A", "times=two", expect=2).err == (
        "the argument 'times' can't be read\n"
        "  where: argument 'times'\n"
        "  why:   expected a whole number of 1 or more, found 'two'\n"
        "  mend:  give a whole number of 1 or more\n"
        "  reason: ArgumentWrong\n"
    )


def test_a_sessions_name_has_an_end(command, road):
    command("workflow", "new-quote", "account=1-A", "session=" + "s" * 255)
    assert command("workflow", "new-quote", "account=1-A", "session=" + "s" * 256, expect=2).err == (
        "the argument 'session' can't be read\n"
        "  where: argument 'session'\n"
        f"  why:   expected at most 255 characters, found '{'s' * 200}...'\n"
        "  mend:  give at most 255 characters\n"
        "  reason: ArgumentWrong\n"
    )


def test_the_active_quote_is_the_sessions_own(road):
    open_hub = road.open_hub
    workflow = open_hub.deployment.workflows["New Quote"]
    for session in ("anna", "bert"):
        run_workflow(open_hub, workflow, request("new-quote", [("account", "1-A"), ("session", session)]))
    quotes = {quote.get("Row Id"): quote.get("Quote Number") for quote in road.stored("OM Quote")}
    with open_hub.read() as transaction:
        found = [quotes[transaction.messages.sessions.active_quote(session)] for session in ("anna", "bert")]
    assert found == ["Q-0000001", "Q-0000002"]


def test_the_documentation_has_a_page_for_each_workflow(road):
    docs = pathlib.Path(__file__).parents[3] / "docs"
    pages = {path.stem: path.read_text(encoding="utf-8") for path in (docs / "workflows").glob("*.md")}
    known = {one.command: one for one in road.open_hub.deployment.workflows.values() if one.asked_by_name}
    assert set(pages) == set(known)
    listed = "".join((docs / name).read_text(encoding="utf-8") for name in ("workflows.md", "orders.md", "support.md"))
    for name, workflow in known.items():
        assert f"| [{name}](workflows/{name}.md) | {workflow.help} |" in listed
        assert pages[name].startswith(f"# {name}\n\n`orderhub workflow {name}`: {workflow.help}.")
        signature = " ".join(
            f"`{argument.name}=`" if argument.required else f"[`{argument.name}=`]" for argument in workflow.arguments
        )
        # The page may say what a value looks like: `view=service|billing`.
        written = re.sub(r"=[^`]+`", "=`", pages[name].split("\n\n")[2])
        assert " ".join(written.split()) == signature


def test_the_pages_of_workflows_name_the_errors_that_the_workflows_raise_and_no_others(road):
    # Listed first: a workflow's module, with its errors, is loaded when the workflow is asked for.
    workflows = [*road.open_hub.deployment.workflows.values()]
    known = {"HubError"}
    classes = [HubError]
    while classes:
        derived = classes.pop().__subclasses__()
        classes += derived
        known |= {one.__name__ for one in derived}
    pages = pathlib.Path(__file__).parents[3] / "docs" / "workflows"
    for workflow in workflows:
        if workflow.asked_by_name:
            page = (pages / f"{workflow.command}.md").read_text(encoding="utf-8")
            refused = set(CLASS_NAME.findall(page.partition("\nRefuses: ")[2]))
            assert refused <= known, (workflow.command, refused - known)
            raised = (workflow.function.__doc__ or "").partition("Raises:")[2].partition("\n\n")[0]
            assert set(CLASS_NAME.findall(raised)) & known <= set(CLASS_NAME.findall(page)), workflow.command


def test_the_documentations_example_is_a_workflow(command, road):
    page = (pathlib.Path(__file__).parents[3] / "docs" / "workflows.md").read_text(encoding="utf-8")
    (road.folder / "hub" / "workflows").mkdir(parents=True)
    code = page.partition("```python\n")[2].partition("```")[0]
    (road.folder / "hub" / "workflows" / "greet.py").write_text(code, encoding="utf-8")
    assert command("workflow", "greet", "account=1-A").err == "hello 1-A\n"
    request_xml = page.partition("```xml\n")[2].partition("```")[0]
    assert road.work(request_xml, "workflow_request")["state"] == "done"


def test_a_date_that_no_field_can_hold_is_told_the_years(command, road):
    assert command("workflow", "quote-to-order", "quote=Q-1", "due-date=9999-12-31", expect=2).err == (
        "the argument 'due-date' can't be read\n"
        "  where: argument 'due-date'\n"
        "  why:   expected a date as 2026-01-31, of the years 1900 to 2199, found '9999-12-31'\n"
        "  mend:  give a date as 2026-01-31, of the years 1900 to 2199\n"
        "  reason: ArgumentWrong\n"
    )
