"""Named workflows: workflows on stored objects, found by identifiers, asked for by a command or by a message.

    def new_quote(run: Run, account: str, currency: str | None = None) -> Outcome: ...

    named_workflow("New Quote", new_quote, "an empty quote for an account",
                   Argument("account", "account", required=True), Argument("currency"))

A named workflow takes its arguments by name. An argument that isn't given keeps the function's own default. Commands
and messages both ask by an OM Workflow Request:

    Workflow Request          {Workflow Name: new-quote}
      ListOf Argument
        Argument              {Name: account, Value: 1-A}

Source: "Workflow Processes"; spec: docs/design/workflows.md, docs/design/integration.md "Reached from outside".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from hub.workflow_manager.account_names import account_named
from hub.workflow_manager.arguments import Argument, by_name, given, read_text
from hub.workflow_manager.outcome import Note, Outcome, without_secrets
from hub.workflow_manager.reply import result_reply
from hub.workflow_manager.run import Run
from hub.workflow_manager.workflow import Workflow, command_of
from integration_objects.complex_object import components, instances, message, object_name, put_list
from integration_objects.errors import Refused, UnknownName
from integration_objects.names import ORDER, QUOTE
from integration_objects.property_set import PropertySet

REQUEST = "OM Workflow Request"
#: the kind of an argument -> the object that it names, and the field that it gives
_NAMED: Mapping[str, tuple[str, str]] = {
    "quote": (QUOTE, "Quote Number"),
    "order": (ORDER, "Order Number"),
}


class WorkflowUnknown(UnknownName, Refused):
    """There is no workflow of this name that can be asked for."""

    kind = "workflow"
    where = "workflow's name"
    why = "workflows are {names}"


class OneRequestAMessage(Refused):
    """A message carries no workflow request, or several."""

    what = "the message carries {found}"
    where = "Message, IntObjectName"
    why = "expected one OM Workflow Request"
    mend = "send one request a message"


def named_workflow(
    name: str,
    function: Callable[..., Outcome],
    help: str,
    *arguments: Argument,
    module: str = "",
    accounts: Callable[[Run, Mapping[str, Any]], set[str]] | None = None,
    asks_only: bool = False,
    draws: bool = False,
    columns: tuple[str, ...] = (),
) -> Workflow:
    """Make a workflow that is asked for by name, with arguments.

    Args:
        name: the name for people: "New Quote"; commands and requests may also say ``new-quote``.
        function: takes the run and the arguments by name; it raises refusals, which leave nothing written.
        help: a line for `orderhub workflow`.
        module: the module of the licence that it belongs to.
        accounts: returns the accounts that it touches, from the run and the arguments; None: the accounts that its
            arguments of the kinds account, quote and order lead to.
        draws: whether its outcome may have a drawing.
        columns: the names of its outcome's rows, which pages are proven against.
        asks_only: whether it only reads: asked by message, it is asked anew each time, and says as of when it answers.
    """
    known = by_name(arguments)

    def run_request(run: Run, tree: PropertySet) -> Outcome:
        outcome = function(run, **_values(run, name, tree, known))
        outcome = replace(outcome, notes=(*outcome.notes, *_fallout_notes(run)))
        # A workflow may make its own reply; the others get a list of their results.
        if outcome.reply is not None:
            return outcome
        outcome = replace(outcome, objects=tuple(run.runtime.complete(run, tree) for tree in outcome.objects))
        outcome = without_secrets(outcome, run.secret_names(), tree)
        as_of = run.now() if asks_only else None
        reply = result_reply(name, outcome.objects, outcome.notes, run.definitions, outcome.rows, as_of)
        return replace(outcome, reply=reply)

    # The pages of the documentation are held to the errors that the function's docstring names.
    run_request.__doc__ = function.__doc__

    def accounts_of_request(run: Run, tree: PropertySet) -> set[str]:
        values = _values(run, name, tree, known)
        return accounts_of(run, arguments, values) if accounts is None else accounts(run, values)

    return Workflow(
        name,
        run_request,
        accounts_of_request,
        (REQUEST,),
        help,
        module,
        arguments,
        True,
        asks_only=asks_only,
        draws=draws,
        columns=columns,
    )


def _fallout_notes(run: Run) -> list[Note]:
    """Report each fallout entry that the run has raised."""
    return [
        Note("fallout", f"{entry.cause}: the entry {entry.row_id} was raised for the order {entry.order_number}")
        for entry in run.effects.raised_fallout()
    ]


def request(workflow: str, pairs: Iterable[tuple[str, str]]) -> PropertySet:
    """Make a request message from the names and texts of its arguments."""
    instance = PropertySet("Workflow Request", properties={"Workflow Name": workflow})
    put_list(instance, "Argument").extend(
        PropertySet("Argument", properties={"Name": name, "Value": value}) for name, value in pairs
    )
    return message(REQUEST, [instance])


def one_request(tree: PropertySet) -> PropertySet:
    """Return the message's only workflow request.

    Raises:
        OneRequestAMessage: the message carries none, several, or other objects.
    """
    requests = instances(tree)
    if object_name(tree) != REQUEST or len(requests) != 1:
        found = f"{len(requests)} objects '{object_name(tree)}'" if requests else "no workflow request"
        raise OneRequestAMessage(found=found)
    return requests[0]


def workflow_named(workflows: Mapping[str, Workflow], name: str) -> Workflow:
    """Return the workflow that can be asked for by this name or command.

    Raises:
        WorkflowUnknown: there is none; the error proposes the nearest name.
    """
    # By the names, since a workflow is loaded when it is asked for. A deployment's own workflows come last, and win.
    for known in reversed(list(workflows)):
        if name in (known, command_of(known)) and workflows[known].asked_by_name:
            return workflows[known]
    raise WorkflowUnknown(name, [workflow.command for workflow in workflows.values() if workflow.asked_by_name])


def accounts_of(run: Run, arguments: Iterable[Argument], values: Mapping[str, Any]) -> set[str]:
    """Return the accounts that identifying arguments lead to; none for an unknown quote or order.

    The workflow itself refuses an unknown quote or order, with a better error than could be given here.
    """
    account_ids: set[str] = set()
    for argument in arguments:
        value = values.get(argument.parameter)
        if value is None:
            continue
        if argument.kind == "account":
            account_ids.add(value)
        elif argument.kind in _NAMED:
            name, field = _NAMED[argument.kind]
            # Read before the lock: a workflow that finds another account behind the lock is run again, alone.
            account_ids |= {header["Account Id"] or "" for header in run.headers(name, {field: value})} - {""}
    return account_ids


def arguments_of(request: PropertySet) -> list[tuple[str, str]]:
    """Return the names and texts of a request's arguments."""
    return [(argument.get("Name") or "", argument.get("Value") or "") for argument in components(request, "Argument")]


def _values(run: Run, name: str, tree: PropertySet, known: Mapping[str, Argument]) -> dict[str, Any]:
    """Return the values of the given arguments by parameter; of an account, its Account Id.

    Raises:
        AccountNameUnclear: several accounts have a given name.
    """
    command = command_of(name)
    texts = given(command, f"workflow {command}", arguments_of(one_request(tree)), known)
    return {known[name].parameter: _value(run, known[name], values[0]) for name, values in texts.items()}


def _value(run: Run, argument: Argument, text: str) -> Any:
    value = read_text(argument, text)
    return account_named(run, value, argument.name) if argument.kind == "account" else value
