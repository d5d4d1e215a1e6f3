"""Processes: workflows on stored objects, found by identifiers, asked for by a command or by a message.

    def new_quote(run: Run, account: str, currency: str | None = None) -> Outcome: ...

    named_workflow("New Quote", new_quote, "an empty quote for an account",
                   Argument("account", "account", required=True), Argument("currency"))

A process takes its arguments by name, an argument that isn't given keeps the function's own default. Command and
message come the same way: both are an OM Workflow Request.

    Workflow Request          {Workflow Name: new-quote}
      ListOf Argument
        Argument              {Name: account, Value: 1-A}

Source: "Workflow Processes"; spec: docs/design/workflows.md, docs/design/integration.md "Reached from outside".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from hub.workflow_manager.arguments import Argument, by_name, given, read_text
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.reply import result_reply
from hub.workflow_manager.run import Run
from hub.workflow_manager.workflow import Workflow
from integration_objects.complex_object import components, instances, message, object_name, put_list
from integration_objects.errors import Refused
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet

REQUEST = "OM Workflow Request"
#: what an argument names -> the object, the field that people name it by, and what else it must have
_NAMED: Mapping[str, tuple[str, str]] = {
    "quote": ("OM Quote", "Quote Number"),
    "order": ("OM Order", "Order Number"),
}


class WorkflowUnknown(Refused):
    """There is no workflow of this name that can be asked for."""


class OneRequestAMessage(Refused):
    """A message carries no workflow request, or several."""


def named_workflow(
    name: str,
    function: Callable[..., Outcome],
    help: str,
    *arguments: Argument,
    module: str = "",
    accounts: Callable[[Run, Mapping[str, Any]], set[str]] | None = None,
) -> Workflow:
    """A workflow that is asked for by name, with arguments.

    Args:
        name: as people read it: "New Quote"; commands and requests call it ``new-quote``, too.
        function: takes the run and the arguments by name; refusals are raised, and leave nothing written.
        help: a line for `orderhub workflow`.
        arguments: what it takes.
        module: the module of the licence that it belongs to.
        accounts: the accounts that it touches, of the run and the arguments; None: those that arguments of the
            kinds account, quote and order lead to.
    """
    known = by_name(arguments)

    def run_request(run: Run, tree: PropertySet) -> Outcome:
        outcome = function(run, **_values(name, tree, known))
        if outcome.reply is not None:
            return outcome
        return replace(outcome, reply=result_reply(name, outcome.objects, outcome.notes, run.definitions, outcome.rows))

    def accounts_of_request(run: Run, tree: PropertySet) -> set[str]:
        values = _values(name, tree, known)
        return accounts_of(run, arguments, values) if accounts is None else accounts(run, values)

    return Workflow(name, run_request, accounts_of_request, (REQUEST,), help, module, arguments, True)


def request(workflow: str, pairs: Iterable[tuple[str, str]]) -> PropertySet:
    """A request as a message, of arguments' names and texts."""
    instance = PropertySet("Workflow Request", properties={"Workflow Name": workflow})
    put_list(instance, "Argument").extend(
        PropertySet("Argument", properties={"Name": name, "Value": value}) for name, value in pairs
    )
    return message(REQUEST, [instance])


def one_request(tree: PropertySet) -> PropertySet:
    """The message's only workflow request.

    Raises:
        OneRequestAMessage: it carries none, several, or something else.
    """
    found = instances(tree)
    if object_name(tree) != REQUEST or len(found) != 1:
        raise OneRequestAMessage(
            f"the message carries {len(found)} objects '{object_name(tree)}'"
            if found
            else "the message carries no workflow request",
            where="Message, IntObjectName",
            why=f"expected one {REQUEST}",
            mend="send one request a message",
        )
    return found[0]


def workflow_named(workflows: Mapping[str, Workflow], name: str) -> Workflow:
    """The workflow that can be asked for by this name or command.

    Raises:
        WorkflowUnknown: there is none; the error names the nearest.
    """
    processes = {one.command: one for one in workflows.values() if one.asked_by_name}
    found = processes.get(name) or next((one for one in processes.values() if one.name == name), None)
    if found is None:
        raise WorkflowUnknown(
            f"there is no workflow '{name}'",
            where="workflow's name",
            why=f"workflows are {', '.join(sorted(processes))}",
            mend=nearest(name, processes) or "name one of them",
        )
    return found


def accounts_of(run: Run, arguments: Iterable[Argument], values: Mapping[str, Any]) -> set[str]:
    """The accounts that identifying arguments lead to; none for what isn't there: the work will say so."""
    found: set[str] = set()
    for argument in arguments:
        value = values.get(argument.parameter)
        if value is None:
            continue
        if argument.kind == "account":
            found.add(value)
        elif argument.kind in _NAMED:
            name, field = _NAMED[argument.kind]
            found |= {header["Account Id"] or "" for header in run.headers(name, {field: value})} - {""}
    return found


def _values(name: str, tree: PropertySet, known: Mapping[str, Argument]) -> dict[str, Any]:
    """The arguments' values by parameter; those that weren't given aren't there."""
    instance = one_request(tree)
    pairs = [(one.get("Name") or "", one.get("Value") or "") for one in components(instance, "Argument")]
    command = name.lower().replace(" ", "-")
    texts = given(command, f"workflow {command}", pairs, known)
    return {known[name].parameter: read_text(known[name], found[0]) for name, found in texts.items()}
