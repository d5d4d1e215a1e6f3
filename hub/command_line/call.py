"""`orderhub call`: a business service method on files of the hub's own XML.

    orderhub call apply asset=@profile.xml orders=@o-1.xml orders=@o-2.xml
    orderhub call trim object=@order.xml specification="[Status] = 'Open'" --format json
    orderhub call evaluate expression="[Quantity] * 2" item=@order.xml

Standard output carries the result; the changes that Apply ignored go to standard error, a line each, or into the JSON.
The command starts fast, because it loads no database, no map and no schema.

Spec: docs/design/methods.md, "Reached from outside".
"""

from __future__ import annotations

import gc
import inspect
import json
import pathlib
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from typing import Annotated, Any

import typer

from adapters.files import read_file
from hub.command_line.exit_codes import CommandMisused, misused
from hub.command_line.text_command import TextCommand
from hub.deployment.definitions import load_definitions, own_folder
from hub.deployment.own_python import own_python
from hub.presentation.printing import complain
from hub.presentation.tree_json import check_levels, tree_json
from hub.services import HANDED_IN, SERVICES, Applied, Service
from hub.services.accepted_objects import check_taken
from hub.services.objects import item_component
from hub.workflow_manager.arguments import Argument, ArgumentWrong, Kind, given, read_text, split
from integration_objects.complex_object import all_items, empty, object_name
from integration_objects.definition import Definitions
from integration_objects.errors import HubError, Refused, UnknownName, located
from integration_objects.expression import compile_expression, field_reader, text_of
from integration_objects.names import KEY, LINE_ITEM, ORDER
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import SeededSurroundings, Surroundings
from maps.functions import FUNCTIONS, prove_children
from schemas.check import Limits
from schemas.hub_xml import hub_from_xml, hub_to_xml

app = typer.Typer()

EVALUATE = "evaluate"
FORMATS = ("xml", "text", "json")
#: the kinds of the shipped methods' arguments by name; every other argument is text
KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("asset", "old", "new", "object", "before", "after", "target", "source", "instance"), "object"),
    "item": "object",
    "orders": "objects",
    "split": "flag",
    "limit": "whole",
    **dict.fromkeys(("complete", "compared", "compared_values"), "list"),
}
#: arguments without a default that may be left out, and are null then
MAY_BE_LEFT_OUT = frozenset(
    (("apply", "asset"), ("delta", "old"), ("delta", "new"), ("set-field", "value"), ("create-empty", "name"))
)


class MethodUnknown(UnknownName, Refused):
    """There is no method with this name."""

    kind = "method"
    where = "orderhub call"
    why = "methods are {names}"


class FormatUnknown(UnknownName, CommandMisused):
    """There is no format with this name."""

    kind = "format"
    where = "option --format"
    why = "formats are {formats}"


class ArgumentNoFile(ArgumentWrong):
    """An argument that must name a file doesn't."""

    what = "the argument '{name}' is no file"
    why = "expected @ and a file's name, found '{text}'"
    mend = "write {name}=@{file}"


class NoLineItem(Refused):
    """An expression was to be evaluated on a line item, and the message has none."""

    what = "Evaluate finds no line item"
    why = "[ ] reads the fields of the message's first line item"
    mend = "give a message with a line item, or none"


@app.command(cls=TextCommand)
def call(
    method: Annotated[str, typer.Argument(metavar="METHOD", help="apply, delta, trim, ...; evaluate.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE...", help="name=@file.xml for objects, name=text else.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="xml, text (the document's notation) or json.")] = "xml",
    seed: Annotated[int | None, typer.Option(help="Repeats new keys and row ids.")] = None,
) -> None:
    """Run a business service method on files and print the result."""
    if form not in FORMATS:
        raise FormatUnknown(form, FORMATS, formats=", ".join(FORMATS))
    # The files are the command's arguments, so that whatever is wrong in them is misuse.
    with misused(), paused_collector():
        printed, ignored = _result(method, arguments or [], form, seed)
    # The text layer has a buffer of its own, and its text must stand before the bytes.
    sys.stdout.flush()
    sys.stdout.buffer.write(printed)
    sys.stdout.flush()
    for line in ignored:
        complain(f"ignored: {line}")


@contextmanager
def paused_collector() -> Iterator[None]:
    """Switch the garbage collector off for one piece of work.

    Trees have no circles, so that they are freed without the collector. Each of its full passes would walk all trees,
    and the work would grow faster than its input. Workers go on collecting: they freeze the objects that they have
    loaded.

    Spec: docs/design/performance.md, rule 9.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _result(method: str, arguments: Sequence[str], form: str, seed: int | None) -> tuple[bytes, list[str]]:
    """Return the text for standard output, and the lines about ignored changes."""
    folder = pathlib.Path.cwd()
    services = {**SERVICES, **own_python(own_folder(folder), "services", "SERVICES", Service)}
    commands = {service.command: service for service in services.values()}
    if method != EVALUATE and method not in commands:
        raise MethodUnknown(method, (*commands, EVALUATE))
    service = commands.get(method)
    known = arguments_of(method, service)
    where = f"orderhub call {method}"
    texts = given(method, where, split(method, where, arguments, known), known)
    definitions = load_definitions(folder)
    files = _Files(definitions)
    values: dict[str, Any] = {name: None for name in known if (method, name) in MAY_BE_LEFT_OUT}
    try:
        values.update((name, _read(known[name], texts[name], files)) for name in texts)
        if service is None:
            result = evaluate(definitions=definitions, **values)
        else:
            # Nothing declares the objects that a deployment's own method takes: only shipped methods are checked.
            if SERVICES.get(service.name) == service:
                _check_taken(method, values, definitions)
            result = service(**values, **_handed_in(service, definitions, folder, seed, files))
        return _printed(result, form, definitions)
    except HubError as error:
        raise files.placed(error, texts) from error


def evaluate(expression: str, item: PropertySet | None = None, *, definitions: Definitions) -> Any:
    """Evaluate an expression on the first line item of a message.

    Args:
        expression: fields of the line item, and the functions of maps and rules.
        item: a message; None: a line item of an order that carries nothing.
        definitions: the integration objects.

    Raises:
        ExpressionFault: the expression isn't understood, or can't be evaluated.
        NoLineItem: the message has none.
    """
    tree = empty(ORDER) if item is None else item
    component = item_component(tree, definitions)
    compiled = compile_expression(expression, field_reader(component), FUNCTIONS)
    prove_children(compiled, component)
    node = PropertySet(LINE_ITEM) if item is None else next(iter(all_items([item])), None)
    if node is None:
        raise NoLineItem(where=object_name(tree) or "complex object", tree=tree)
    return compiled.evaluate(node)


def arguments_of(method: str, service: Service | None) -> dict[str, Argument]:
    """Return the arguments of a method by name; of `evaluate` if *service* is None."""
    function: Callable[..., Any] = evaluate if service is None else service.function
    # Nothing declares the kinds of the arguments of a deployment's own method: @ at the beginning means a file.
    other: Kind = "text" if service is None or SERVICES.get(service.name) == service else "any"
    return {
        name: Argument(
            name,
            KINDS.get(name, other),
            parameter.default is parameter.empty and (method, name) not in MAY_BE_LEFT_OUT,
        )
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in HANDED_IN
    }


def _check_taken(method: str, values: Mapping[str, Any], definitions: Definitions) -> None:
    for name, value in values.items():
        kind = KINDS.get(name)
        trees = value if kind == "objects" else [value] if kind == "object" and value is not None else []
        for tree in trees:
            check_taken(method, name, tree, definitions)


def _read(argument: Argument, texts: Sequence[str], files: _Files) -> Any:
    """Read the value of an argument from its texts."""
    if argument.kind == "objects":
        return [files.tree(argument, text) for text in texts]
    text = texts[0]
    if argument.kind == "object" or (argument.kind == "any" and text.startswith("@")):
        return files.tree(argument, text)
    return read_text(argument, text)


class _Files:
    """The files that the arguments name, and the trees read from them."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.trees: dict[str, PropertySet] = {}

    def tree(self, argument: Argument, text: str) -> PropertySet:
        """Read the message in the file that *text* names."""
        if not text.startswith("@") or text == "@":
            raise ArgumentNoFile(name=argument.name, text=text, file=text.lstrip("@") or "file.xml")
        path = pathlib.Path(text[1:])
        # One tree for each file, however often it is named: methods change nothing, and an error finds the file by the
        # tree.
        if str(path) not in self.trees:
            body = read_file(path)
            with located(str(path)):
                self.trees[str(path)] = hub_from_xml(body, self.definitions, Limits.files(), lines=True)
        return self.trees[str(path)]

    def unused(self, new_id: Callable[[], str]) -> Callable[[], str]:
        """Leave out the identifiers of *new_id* that stand in the files: a seed makes the same ones each time."""
        used = {item.get(name) for item in all_items(self.trees.values()) for name in (KEY, "Row Id")}
        # `iter` with None calls *new_id* for ever: an identifier is never None.
        return lambda: next(id for id in iter(new_id, None) if id not in used)

    def placed(self, error: HubError, texts: Mapping[str, Sequence[str]]) -> HubError:
        """Add to an error the file that it is about, or the argument that has its expression."""
        node_at_fault = error.objects.get("tree") or error.objects.get("node")
        if node_at_fault is not None:
            for name, tree in self.trees.items():
                # By identity: two files may have equal nodes.
                if any(node is node_at_fault for node in tree.walk()):
                    return error.at(name)
        expression = getattr(error, "expression", None)
        for name, values in texts.items():
            if expression is not None and expression in values:
                return error.at(f"argument '{name}'")
        return error


def _handed_in(
    service: Service, definitions: Definitions, folder: pathlib.Path, seed: int | None, files: _Files
) -> dict[str, Any]:
    """Return the arguments that the runtime supplies: definitions, identifiers, licence, host and day."""
    surroundings = Surroundings()
    new_id = surroundings.new_id if seed is None else files.unused(SeededSurroundings(seed).new_id)
    makers: dict[str, Callable[[], Any]] = {
        "definitions": lambda: definitions,
        "new_id": lambda: new_id,
        "licence": lambda: _licence(folder),
        "host": platform.node,
        "today": lambda: surroundings.now()[:10],
    }
    return {name: makers[name]() for name in service.handed_in}


def _licence(folder: pathlib.Path) -> Any:
    # Imported here: pydantic takes longer to load than a method runs.
    from hub.deployment.settings import read_licence_file, read_settings

    return read_licence_file(folder, read_settings(folder).licence)


def _printed(result: Any, form: str, definitions: Definitions) -> tuple[bytes, list[str]]:
    """Return the text for standard output, and the lines for standard error."""
    ignored = result.ignored if isinstance(result, Applied) else ()
    tree = result.asset if isinstance(result, Applied) else result
    if not isinstance(tree, PropertySet):
        return (_scalar(tree, form) + "\n").encode(), []
    if form == "json":
        entries = ",\n".join(json.dumps(asdict(change), ensure_ascii=False) for change in ignored)
        text = f'{{"object": {tree_json(tree, definitions)},\n"ignored": [{entries}]}}\n'
        return text.encode(), []
    lines = [str(change) for change in ignored]
    if form == "xml":
        return hub_to_xml(tree, definitions), lines
    check_levels(tree, "text")
    return f"{tree}\n".encode(), lines


def _scalar(value: Any, form: str) -> str:
    """Write a value that is no tree: truth values and null as in JSON, every other value as its text."""
    plain = value
    if value is not None and not isinstance(value, bool):
        plain = text_of(value) if isinstance(value, (str, Decimal)) else str(value)
    if form == "json":
        return json.dumps({"value": plain}, ensure_ascii=False)
    return plain if isinstance(plain, str) else json.dumps(plain)
