"""`orderhub call`: a business service method on files of the hub's own XML.

    orderhub call apply asset=@profile.xml orders=@o-1.xml orders=@o-2.xml
    orderhub call trim object=@order.xml specification="[Status] = 'Open'" --format json
    orderhub call evaluate expression="[Quantity] * 2" item=@order.xml

Standard output carries the result; what Apply ignored goes to standard error, a line each, or into the JSON. It starts
fast: neither a database nor a map nor a schema is loaded.

Spec: docs/design/methods.md, "Reached from outside".
"""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.presentation.printing import complain
from hub.workflow_manager.arguments import Argument, ArgumentWrong, Kind, given, read_text, split
from integration_objects.errors import HubError, Refused

if TYPE_CHECKING:
    from hub.services import Service
    from integration_objects.definition import Definitions
    from integration_objects.property_set import PropertySet

EVALUATE = "evaluate"
FORMATS = ("xml", "text", "json")
#: What an argument is by its name, in the shipped methods; every other is text.
KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("asset", "old", "new", "object", "before", "after", "target", "source", "instance"), "object"),
    "item": "object",
    "orders": "objects",
    "split": "flag",
    "limit": "whole",
    **dict.fromkeys(("complete", "compared", "compared_values"), "list"),
}
#: Arguments without a default that may be left out; they are null then.
MAY_BE_LEFT_OUT = frozenset(
    (("apply", "asset"), ("delta", "old"), ("delta", "new"), ("set-field", "value"), ("create-empty", "name"))
)
#: Line items of this object are meant where `evaluate` is given none.
_ANY = "OM Order"


class MethodUnknown(Refused):
    """There is no method with this name."""


class NoLineItem(Refused):
    """An expression was to be evaluated on a line item, and the message has none."""


def call(
    method: Annotated[str, typer.Argument(metavar="METHOD", help="apply, delta, trim, ...; evaluate.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE...", help="name=@file.xml for objects, name=text else.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="xml, text (the document's notation) or json.")] = "xml",
    seed: Annotated[int | None, typer.Option(help="Repeats new keys and row ids.")] = None,
) -> None:
    """Run a business service method on files and print the result."""
    from hub.command_line.collector import paused_collector

    _check_format(form)
    with paused_collector():
        printed, ignored = _result(method, arguments or [], form, seed)
    sys.stdout.flush()
    sys.stdout.buffer.write(printed)
    sys.stdout.flush()
    for line in ignored:
        complain(f"ignored: {line}")


def _result(method: str, arguments: Sequence[str], form: str, seed: int | None) -> tuple[bytes, list[str]]:
    """What goes to standard output, and what was ignored, a line each."""
    from hub.deployment.definitions import load_definitions, own_folder
    from hub.deployment.own_python import own_python
    from hub.services import SERVICES, Service

    folder = pathlib.Path.cwd()
    services = {**SERVICES, **own_python(own_folder(folder), "services", "SERVICES", Service)}
    commands = {service.command: service for service in services.values()}
    if method != EVALUATE and method not in commands:
        raise _method_unknown(method, commands)
    service = commands.get(method)
    known = arguments_of(method, service)
    where = f"orderhub call {method}"
    texts = given(method, where, split(method, where, arguments, known), known)
    definitions = load_definitions(folder)
    files = _Files(definitions)
    values: dict[str, Any] = {name: None for name in known if (method, name) in MAY_BE_LEFT_OUT}
    try:
        values.update((name, _read(known[name], found, files)) for name, found in texts.items())
        if service is not None and SERVICES.get(service.name) == service:
            _check_taken(method, values, definitions)
        if service is None:
            result = evaluate(definitions=definitions, **values)
        else:
            result = service(**values, **_handed_in(service, definitions, folder, seed, files))
        return _printed(result, form, definitions)
    except HubError as error:
        raise files.placed(error, texts) from error


def evaluate(expression: str, item: PropertySet | None = None, *, definitions: Definitions) -> Any:
    """Evaluate an expression on the first line item of a message.

    Args:
        expression: fields of the line item, and the functions of maps and rules.
        item: a message; None: a line item of an order of which nothing is carried.
        definitions: the integration objects.

    Raises:
        ExpressionFault: it isn't understood, or can't be evaluated.
        NoLineItem: the message has none.
    """
    from hub.services.objects import item_component
    from integration_objects.complex_object import all_items, empty, object_name
    from integration_objects.expression import compile_expression, field_reader
    from integration_objects.names import LINE_ITEM
    from integration_objects.property_set import PropertySet
    from maps.functions import FUNCTIONS, prove_children

    tree = empty(_ANY) if item is None else item
    component = item_component(tree, definitions)
    compiled = compile_expression(expression, field_reader(component), FUNCTIONS)
    prove_children(compiled, component)
    node = PropertySet(LINE_ITEM) if item is None else next(iter(all_items([item])), None)
    if node is None:
        raise NoLineItem(
            "Evaluate finds no line item",
            where=object_name(tree) or "complex object",
            why="[ ] reads the fields of the message's first line item",
            mend="give a message with a line item, or none",
            tree=tree,
        )
    return compiled.evaluate(node)


def arguments_of(method: str, service: Service | None) -> dict[str, Argument]:
    """The arguments of a method by name; of `evaluate` where *service* is None."""
    import inspect

    from hub.services import HANDED_IN, SERVICES

    function: Callable[..., Any] = evaluate if service is None else service.function
    # What a deployment's own method takes under a name of its own is known only by the text: @ means a file.
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


def _check_format(form: str) -> None:
    from integration_objects.nearest import nearest

    if form not in FORMATS:
        raise ArgumentWrong(
            f"there is no format '{form}'",
            where="option --format",
            why=f"formats are {', '.join(FORMATS)}",
            mend=nearest(form, FORMATS) or "name one of them",
        )


def _method_unknown(method: str, commands: Iterable[str]) -> MethodUnknown:
    from integration_objects.nearest import nearest

    known = sorted((*commands, EVALUATE))
    return MethodUnknown(
        f"there is no method '{method}'",
        where="orderhub call",
        why=f"methods are {', '.join(known)}",
        mend=nearest(method, known) or "name one of them",
    )


def _check_taken(method: str, values: Mapping[str, Any], definitions: Definitions) -> None:
    from hub.services.accepted_objects import check_taken

    for name, value in values.items():
        kind = KINDS.get(name)
        trees = value if kind == "objects" else [value] if kind == "object" and value is not None else []
        for tree in trees:
            check_taken(method, name, tree, definitions)


def _read(argument: Argument, texts: Sequence[str], files: _Files) -> Any:
    """What the method is given for the argument's texts."""
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
        """The message in the file that *text* names."""
        from adapters.files import read_file
        from schemas.check import Limits
        from schemas.hub_xml import hub_from_xml

        if not text.startswith("@") or text == "@":
            raise ArgumentWrong(
                f"the argument '{argument.name}' is no file",
                where=f"argument '{argument.name}'",
                why=f"expected @ and a file's name, found '{text}'",
                mend=f"write {argument.name}=@{text.lstrip('@') or 'file.xml'}",
            )
        path = pathlib.Path(text[1:])
        if str(path) in self.trees:
            return self.trees[str(path)]  # methods change nothing, and errors find the file by the tree
        body = read_file(path)
        try:
            tree = hub_from_xml(body, self.definitions, Limits.files(), lines=True)
        except HubError as error:
            raise error.at(str(path)) from error
        self.trees[str(path)] = tree
        return tree

    def unused(self, new_id: Callable[[], str]) -> Callable[[], str]:
        """The identifiers that *new_id* makes, but for those in the files: one seed makes the same ones each time."""
        from integration_objects.complex_object import all_items
        from integration_objects.names import KEY

        used = {item.get(name) for item in all_items(self.trees.values()) for name in (KEY, "Row Id")}
        return lambda: next(made for made in iter(new_id, None) if made not in used)

    def placed(self, error: HubError, texts: Mapping[str, Sequence[str]]) -> HubError:
        """The error with the file that it is about, or the argument whose expression it is."""
        about = error.objects.get("tree") or error.objects.get("node")
        if about is not None:
            for name, tree in self.trees.items():
                if any(node is about for node in tree.walk()):
                    return error.at(name)
        expression = getattr(error, "expression", None)
        for name, found in texts.items():
            if expression is not None and expression in found:
                return error.at(f"argument '{name}'")
        return error


def _handed_in(
    service: Service, definitions: Definitions, folder: pathlib.Path, seed: int | None, files: _Files
) -> dict[str, Any]:
    """What a method is handed by whoever calls it: definitions, identifiers, licence, host and day."""
    from integration_objects.surroundings import SeededSurroundings, Surroundings

    surroundings = Surroundings()
    new_id = surroundings.new_id if seed is None else files.unused(SeededSurroundings(seed).new_id)
    makers: dict[str, Callable[[], Any]] = {
        "definitions": lambda: definitions,
        "new_id": lambda: new_id,
        "licence": lambda: _licence(folder),
        "host": _host,
        "today": lambda: surroundings.now()[:10],
    }
    return {name: makers[name]() for name in service.handed_in}


def _licence(folder: pathlib.Path) -> Any:
    from hub.deployment.licence import licence_of
    from hub.deployment.settings import read_settings

    return licence_of(folder, read_settings(folder).licence)


def _host() -> str:
    import platform

    return platform.node()


def _printed(result: Any, form: str, definitions: Definitions) -> tuple[bytes, list[str]]:
    """What goes to standard output, and the lines for standard error."""
    import json

    from hub.presentation.tree_json import check_levels, tree_json
    from hub.services import Applied
    from integration_objects.property_set import PropertySet
    from schemas.hub_xml import hub_to_xml

    ignored = result.ignored if isinstance(result, Applied) else ()
    tree = result.asset if isinstance(result, Applied) else result
    if not isinstance(tree, PropertySet):
        return (_scalar(tree, form) + "\n").encode(), []
    if form == "json":
        entries = ",\n".join(json.dumps(asdict(one), ensure_ascii=False) for one in ignored)
        text = f'{{"object": {tree_json(tree, definitions)},\n"ignored": [{entries}]}}\n'
        return text.encode(), []
    lines = [str(one) for one in ignored]
    if form == "xml":
        return hub_to_xml(tree, definitions), lines
    check_levels(tree, "text")
    return f"{tree}\n".encode(), lines


def _scalar(value: Any, form: str) -> str:
    """A value that is no tree: truth values and null as JSON has them, everything else as its text."""
    import json

    from integration_objects.expression import text_of

    plain = value
    if value is not None and not isinstance(value, bool):
        plain = text_of(value) if isinstance(value, (str, Decimal)) else str(value)
    if form == "json":
        return json.dumps({"value": plain}, ensure_ascii=False)
    return plain if isinstance(plain, str) else json.dumps(plain)
