"""Render a tree as text by a template: fixed-width records, CSV, JSON, XML.

    Template(name, source, Layout("fixed width", "iso-8859-1", width=500))
        .render(tree, definition)  -> bytes, checked against the layout

What a template sees are plain values: text, exact numbers, null, dicts by field name, lists by component.

    name        the integration object's name
    instances   the instances: dicts of their fields and components, order["Line Item"][0]["Quantity"]
    header      the instance, where there is just one
    lines       all line items of all instances, parents before children, each with its depth as ["Level"]

What it writes between ``{{ }}`` is written in the format's own way: in JSON as a JSON value, in CSV quoted
where that is needed, in XML escaped; in fixed width only what a column filter has made goes out.

Spec: docs/design/integration.md, "Routes"; docs/design/guarantees.md, "Out", "Limits".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import Any, Literal

import jinja2

from adapters.rendering.columns import ColumnFault, Columns, Written, dated, encoded, plain
from adapters.rendering.template_sandbox import MAX_SOURCE, Budget, OutOfTime, Sandbox, spend, stop_spending
from integration_objects import complex_object
from integration_objects.definition import Component, IntegrationObject
from integration_objects.errors import Misconfigured, Refused, Retryable
from integration_objects.field_values import as_number, shown
from integration_objects.names import LINE_ITEM
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import Surroundings

#: Bytes of the result, and seconds that a template may take.
MAX_OUTPUT, MAX_SECONDS = 4 * 1024 * 1024, 2.0
#: The encodings of text formats: those of today, and those of mainframes.
ENCODINGS = (
    "utf-8",
    "us-ascii",
    "iso-8859-1",
    "iso-8859-15",
    "windows-1252",
    "cp037",
    "cp273",
    "cp500",
    "cp1140",
)
ENDS = {"lf": "\n", "crlf": "\r\n", "none": ""}

Format = Literal["fixed width", "csv", "json", "xml"]
_LIST_OF = complex_object.list_of("")


class TemplateFaulty(Misconfigured):
    """A template is not understood, or uses what the closed template language doesn't have."""


class TemplateFailed(Refused):
    """A template can't be filled with this message: a value is missing or doesn't fit."""


class RecordWidthWrong(Refused):
    """A record that a template made hasn't the width, or the type, that the layout declares."""


class OutputTooLarge(Refused):
    """What a template makes of this message is over the limit."""


class RenderingTooSlow(Retryable):
    """A template used up its time; on a busy machine it may yet succeed."""


@dataclass(frozen=True)
class Layout:
    """How text looks on the wire.

    Attributes:
        format: decides how values are written.
        encoding: one of `ENCODINGS`.
        width: bytes of every record, for fixed width; the record's end is not counted.
        end: what ends a record or row: lf, crlf, or none (records follow each other).
        types: what a record may begin with, for fixed width; none for anything.
        separator: between the values of a CSV row.
    """

    format: Format
    encoding: str = "utf-8"
    width: int | None = None
    end: str = "lf"
    types: tuple[str, ...] = ()
    separator: str = ","


class Template:
    """A compiled template with its layout."""

    def __init__(
        self,
        name: str,
        source: str,
        layout: Layout,
        surroundings: Surroundings | None = None,
        *,
        seconds: float = MAX_SECONDS,
        most: int = MAX_OUTPUT,
    ) -> None:
        """Compile the template.

        Args:
            name: the file's name as errors show it.
            source: jinja2's language, closed as `adapters.rendering.template_sandbox` describes.
            layout: the format and its records.
            surroundings: the clock that the time limit is measured with.
            seconds: the time limit.
            most: bytes of the result.

        Raises:
            TemplateFaulty: with the line.
        """
        self.name = name
        self.layout = layout
        self._seconds = seconds
        self._most = most
        self._monotonic = (surroundings or Surroundings()).monotonic
        if len(source) > MAX_SOURCE:
            raise TemplateFaulty(
                "the template is too long",
                where=f"{name}:1",
                why=f"expected at most {MAX_SOURCE} characters, found {len(source)}",
                mend="cut it into two systems' templates",
            )
        sandbox = Sandbox(escape=layout.format == "xml", finalize=_writer(layout), filters=_filters_of(layout))
        try:
            code = sandbox.compile(source, name=name, filename=name)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateFaulty(
                "the template is not understood",
                where=f"{name}:{error.lineno}",
                why=error.message or "",
                mend="write it as jinja2 has it",
            ) from error
        except (RecursionError, SyntaxError, MemoryError) as error:
            raise TemplateFaulty(
                "the template is not understood",
                where=f"{name}:1",
                why="it is nested too deeply",
                mend="take levels away",
            ) from error
        self._template = jinja2.Template.from_code(sandbox, code, sandbox.globals)

    def render(self, tree: PropertySet, definition: IntegrationObject) -> bytes:
        """The tree as bytes in the layout's encoding.

        Args:
            tree: a message of *definition*, or an external object's root node. Not changed.
            definition: gives the fields their types; a field that isn't carried is null.

        Raises:
            TemplateFailed: a value is undefined, doesn't fit its column, or isn't in the encoding.
            RecordWidthWrong: a record's width or type is against the layout.
            OutputTooLarge: more than 4 MiB.
            RenderingTooSlow: more than 2 s.
        """
        text = self._filled(context_of(tree, definition))
        if self.layout.format == "fixed width":
            text = self._checked_records(text)
        else:
            if self.layout.format == "json":
                self._check_json(text)
            text = text if self.layout.end == "lf" else text.replace("\n", ENDS[self.layout.end])
        try:
            body = encoded(text, self.layout.encoding)
        except ColumnFault as fault:
            raise self._failed(str(fault)) from fault
        if len(body) > self._most:
            raise self._too_large()
        return body

    def _filled(self, context: Mapping[str, Any]) -> str:
        """Run the template piece by piece, so that neither its output nor its time gets out of hand."""
        pieces: list[str] = []
        size = 0
        budget = Budget(self._monotonic, self._monotonic() + self._seconds)
        token = spend(budget)
        try:
            for piece in self._template.generate(context):
                size += len(piece)
                if size > self._most:
                    raise self._too_large()
                pieces.append(piece)
                budget.ask()
        except OutOfTime as cause:
            raise RenderingTooSlow(
                f"template {self.name!r} takes too long",
                where=self._place(cause.__traceback__),
                why=f"more than {self._seconds:g} s",
                mend="look for a loop within a loop in the template",
            ) from cause
        except Refused:
            raise
        except (jinja2.TemplateError, ValueError, TypeError, ArithmeticError, LookupError) as cause:
            raise self._failed(str(cause), cause.__traceback__) from cause
        except RecursionError as cause:
            raise self._failed("it is called from too deep within other work", cause.__traceback__) from cause
        finally:
            stop_spending(token)
        return "".join(pieces)

    def _checked_records(self, text: str) -> str:
        """The records, each of the declared width and type, with the declared end behind each."""
        layout = self.layout
        records = text.split("\n")
        if records[-1] == "":
            records.pop()
        for number, record in enumerate(records, 1):
            try:
                size = len(encoded(record, layout.encoding))
            except ColumnFault as fault:
                raise self._failed(f"record {number}: {fault}") from fault
            if layout.width is not None and size != layout.width:
                raise RecordWidthWrong(
                    f"template {self.name!r} made a record of the wrong width",
                    where=f"record {number}, {shown(record[:20])}",
                    why=f"expected {layout.width} bytes in {layout.encoding}, found {size}",
                    mend="mend the widths of the record's columns in the template",
                )
            if layout.types and not record.startswith(layout.types):
                raise RecordWidthWrong(
                    f"template {self.name!r} made a record of an unknown type",
                    where=f"record {number}, {shown(record[:20])}",
                    why=f"expected a record that begins with {', '.join(layout.types)}",
                    mend="mend the record's first column in the template",
                )
        end = ENDS[layout.end]
        return end.join(records) + end if records else ""

    def _check_json(self, text: str) -> None:
        try:
            json.loads(text)
        except (ValueError, RecursionError) as fault:
            raise self._failed(f"the result is no JSON: {fault}") from fault

    def _failed(self, why: str, trace: TracebackType | None = None) -> TemplateFailed:
        return TemplateFailed(
            f"template {self.name!r} can't be filled",
            where=self._place(trace),
            why=why,
            mend="mend the value in the message, or the template",
        )

    def _too_large(self) -> OutputTooLarge:
        return OutputTooLarge(
            f"template {self.name!r} makes too much of this message",
            where=self.name,
            why=f"expected at most {self._most} bytes",
            mend="split the message, or shorten the records",
        )

    def _place(self, trace: TracebackType | None) -> str:
        """The template's line that was at work, ``name:line``."""
        line = 0
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.name:
                line = trace.tb_lineno
            trace = trace.tb_next
        return f"{self.name}:{line}" if line else self.name


# What values look like in each format.


def _writer(layout: Layout) -> Callable[[Any], Any]:
    """What is written for a value between ``{{ }}``."""

    def fixed(value: Any) -> str:
        if isinstance(value, Written):
            return value
        raise ColumnFault(f"{shown(plain(value))} has no column: write left, right, number or date behind it")

    def csv(value: Any) -> str:
        text = plain(value)
        if isinstance(value, Written) or not any(sign in text for sign in (layout.separator, '"', "\n", "\r")):
            return text
        return '"' + text.replace('"', '""') + '"'

    def in_json(value: Any) -> str:
        if isinstance(value, Written):
            return value
        if value is None or isinstance(value, bool):
            return json.dumps(value)
        # Decimals are texts in JSON: many readers would make floats of them.
        return str(value) if isinstance(value, int) else json.dumps(plain(value))

    def xml(value: Any) -> str:
        return plain(value)

    writers: dict[Format, Callable[[Any], Any]] = {
        "fixed width": fixed,
        "csv": csv,
        "json": in_json,
        "xml": xml,
    }
    return writers[layout.format]


def _filters_of(layout: Layout) -> dict[str, Callable[..., Any]]:
    if layout.format == "fixed width":
        columns = Columns(layout.encoding)
        return {
            "left": columns.left,
            "right": columns.right,
            "number": columns.number,
            "date": columns.date,
        }
    filters: dict[str, Callable[..., Any]] = {"date": _date}
    if layout.format == "json":
        filters["json_number"] = _json_number
    return filters


def _date(value: Any, form: str) -> str | None:
    """Write a date in *form*; null stays null."""
    return None if value is None else dated(value, form)


def _json_number(value: Any) -> Written:
    """Write a number as a JSON number, all its digits; null as null."""
    if value is None:
        return Written("null")
    number = value if isinstance(value, (int, Decimal)) else as_number(plain(value))
    if number is None or isinstance(number, bool):
        raise ColumnFault(f"expected a number, found {shown(plain(value))}")
    return Written(plain(number))


# What a template sees.


def context_of(tree: PropertySet, definition: IntegrationObject) -> dict[str, Any]:
    """The tree as a template sees it: see the module."""
    nodes = [tree] if definition.external else complex_object.instances(tree)
    lines: list[dict[str, Any]] = []
    instances = [_plain_tree(node, definition, lines) for node in nodes]
    context: dict[str, Any] = {"name": definition.name, "instances": instances, "lines": lines}
    if len(instances) == 1:
        context["header"] = instances[0]
    return context


def _plain_tree(root: PropertySet, definition: IntegrationObject, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The node and all beneath it as dicts; its line items also behind *lines*, in order."""
    top = _plain_node(root, definition.root)
    stack = [(root, definition.root, top, 1)]
    while stack:
        node, component, made, level = stack.pop()
        if made is not top and component.name == LINE_ITEM:
            made.setdefault("Level", level)
            lines.append(made)
            level += 1
        below = []
        for child in _children(node, definition.external):
            kind = component.children.get(child.type)
            if kind is None:
                continue
            twin = _plain_node(child, kind)
            made[kind.name].append(twin)
            below.append((child, kind, twin, level))
        stack.extend(reversed(below))
    return top


def _children(node: PropertySet, external: bool) -> Iterator[PropertySet]:
    for child in node.children:
        if external:
            yield child
        elif child.type.startswith(_LIST_OF):
            yield from child.children


def _plain_node(node: PropertySet, component: Component) -> dict[str, Any]:
    made: dict[str, Any] = {
        name: _typed(name, node.properties.get(name), field.type, field.null_reads_as)
        for name, field in component.fields.items()
    }
    for name, text in node.properties.items():
        made.setdefault(name, text)
    if component.text is not None:
        made["value"] = _typed("value", node.value, component.text, None)
    for name in component.children:
        made[name] = []
    return made


def _typed(name: str, text: str | None, type: str, null_reads_as: str | None) -> str | Decimal | None:
    if text is None:
        return null_reads_as
    if type != "number":
        return text
    number = as_number(text)
    if number is None:
        raise TemplateFailed(
            f"field {name!r} can't be rendered",
            why=f"expected a number, found {shown(text)}",
            mend="hand the filter a number field, or mend the field's value",
        )
    return number
