"""Render a tree as text by a template: fixed-width records, CSV, JSON, XML.

    Template(name, source, Layout("fixed width", "iso-8859-1", width=500))
        .render(tree, definition)  -> bytes, checked against the layout

A template sees plain values: text, exact numbers, null, dicts by field name, lists by component.

    name        the integration object's name
    instances   the instances: dicts of their fields and components, order["Line Item"][0]["Quantity"]
    header      the instance, if there is just one
    lines       all line items of all instances, parents before children, each with its depth as ["Level"]

Values between ``{{ }}`` are written in the format's own way: in JSON as a JSON value, in CSV with quotes where they are
needed, in XML escaped; in fixed width only the result of a column filter is written.

Spec: docs/design/integration.md, "Routes"; docs/design/guarantees.md, "Out", "Limits".
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import Any, Literal

import jinja2
from markupsafe import Markup, escape

from adapters.rendering.columns import ColumnFault, Columns, RawText, dated, encoded, plain
from adapters.rendering.template_sandbox import MAX_SOURCE, Budget, OutOfTime, Sandbox, spend, stop_spending
from integration_objects import complex_object
from integration_objects.definition import Component, IntegrationObject
from integration_objects.errors import Misconfigured, Refused, Retryable
from integration_objects.field_values import as_number, shown
from integration_objects.names import LINE_ITEM
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import Surroundings
from integration_objects.time_zone import UTC

#: The most bytes of the result, and the most seconds that a template may take.
MAX_OUTPUT, MAX_SECONDS = 4 * 1024 * 1024, 2.0
#: The encodings of text formats: today's, and those of mainframes.
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

#: Characters that an error shows of a result.
_SHOWN = 40
#: A line feed within a CSV value, until the ends of the rows are written. No value can have this character.
_BREAK = "\0"
#: A parser makes one line feed of a CR LF, and blanks of line breaks and tabs in attributes; references keep them.
_XML_BREAKS = {ord(sign): f"&#{ord(sign)};" for sign in "\t\n\r"}

Format = Literal["fixed width", "csv", "json", "xml"]
_LIST_OF = complex_object.list_of("")


class TemplateFaulty(Misconfigured):
    """A template is not understood, or uses a part of jinja2 that the closed template language lacks."""

    what = "the template is not understood"
    where = "{name}:{line}"


class TemplateFailed(Refused):
    """A template can't be filled with this message: a value is missing or doesn't fit."""

    what = "template {name!r} can't be filled"
    mend = "mend the value in the message, or the template"


class ResultUnreadable(TemplateFailed):
    """A template's result isn't written in its format."""

    mend = "mend the commas, quotes and brackets of the template"


class KeyTwice(TemplateFailed):
    """An object of a template's JSON has a key twice."""

    why = "an object of the result has the key {key!r} twice"
    mend = "give each value of the object a key of its own"


class RecordWidthWrong(Refused):
    """A record of a template has another width, or another type, than the layout declares."""

    what = "template {name!r} made a record of {fault}"
    where = "record {number}, {record}"
    mend = "mend the {column} in the template"


class OutputTooLarge(Refused):
    """A template's result for this message is over the limit."""

    what = "template {name!r} makes too much of this message"
    where = "{name}"
    why = "expected at most {most} bytes"
    mend = "split the message, or shorten the records"


class RenderingTooSlow(Retryable):
    """A template used up its time; on a busy machine it may yet succeed."""

    what = "template {name!r} takes too long"
    why = "more than {seconds:g} s"
    mend = "look for a loop within a loop in the template"


@dataclass(frozen=True)
class Layout:
    """The form of text on the wire.

    Attributes:
        format: the notation of values.
        encoding: one of `ENCODINGS`.
        width: bytes of every record, for fixed width; the record's end is not counted.
        end: the end of a record or row: lf, crlf, or none (records follow each other).
        types: the allowed beginnings of a record, for fixed width; empty for all.
        separator: between the values of a CSV row.
        zone_name: the time zone of the days and times that the filter `date` writes.
    """

    format: Format
    encoding: str = "utf-8"
    width: int | None = None
    end: str = "lf"
    types: tuple[str, ...] = ()
    separator: str = ","
    zone_name: str = UTC


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
            why = f"expected at most {MAX_SOURCE} characters, found {len(source)}"
            mend = "cut it into two systems' templates"
            raise TemplateFaulty("the template is too long", name=name, line=1, why=why, mend=mend)
        sandbox = Sandbox(escape=layout.format == "xml", finalize=_writer(layout), filters=_filters_of(layout))
        try:
            code = sandbox.compile(source, name=name, filename=name)
        except jinja2.TemplateSyntaxError as error:
            why, mend = error.message or "", "write it as jinja2 has it"
            raise TemplateFaulty(name=name, line=error.lineno, why=why, mend=mend) from error
        except (RecursionError, SyntaxError, MemoryError) as error:
            why, mend = "it is nested too deeply", "take levels away"
            raise TemplateFaulty(name=name, line=1, why=why, mend=mend) from error
        self._template = jinja2.Template.from_code(sandbox, code, sandbox.globals)
        self._sandbox = sandbox
        self._source = source

    @property
    def filters(self) -> frozenset[str]:
        """The names of the filters that the template may use."""
        return self._sandbox.user_filters

    @property
    def tree(self) -> jinja2.nodes.Template:
        """The template's syntax tree, for proofs."""
        return self._sandbox.parse(self._source, self.name)

    def render(self, tree: PropertySet, definition: IntegrationObject) -> bytes:
        """Fill the template; give the bytes in the layout's encoding.

        Args:
            tree: a message of *definition*, or an external object's root node. Not changed.
            definition: gives the fields their types; a field that the tree lacks is null.

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
            # jinja2 has made "\n" of every line break of the template's file. Those of values are `_BREAK` in CSV and
            # references in XML, so that the end of rows never changes a value.
            text = text if self.layout.end == "lf" else text.replace("\n", ENDS[self.layout.end])
            text = text.replace(_BREAK, "\n")
        try:
            body = encoded(text, self.layout.encoding)
        except ColumnFault as fault:
            raise self._failed(str(fault)) from fault
        if len(body) > self._most:
            raise OutputTooLarge(name=self.name, most=self._most)
        return body

    def _filled(self, context: Mapping[str, Any]) -> str:
        """Run the template piece by piece, so that its output and its time stay within their limits."""
        pieces: list[str] = []
        size = 0
        budget = Budget(self._monotonic, self._monotonic() + self._seconds)
        token = spend(budget)
        try:
            # Piece by piece: a template that writes without end is stopped at the limit, not when memory is gone.
            for piece in self._template.generate(context):
                size += len(piece)
                if size > self._most:
                    raise OutputTooLarge(name=self.name, most=self._most)
                pieces.append(piece)
                # A template without loops, filters and calls asks here only.
                budget.ask()
        except OutOfTime as cause:
            place = self._place(cause.__traceback__)
            raise RenderingTooSlow(name=self.name, seconds=self._seconds, where=place) from cause
        except Refused:
            raise
        except (jinja2.TemplateError, ValueError, TypeError, ArithmeticError, LookupError) as cause:
            raise self._failed(str(cause), cause.__traceback__) from cause
        except RecursionError as cause:
            raise self._failed("it is called from too deep within other work", cause.__traceback__) from cause
        finally:
            # Otherwise the next template of this thread would find a budget that is used up.
            stop_spending(token)
        return "".join(pieces)

    def _checked_records(self, text: str) -> str:
        """Check each record's width and type; put the declared end behind each."""
        layout = self.layout
        records = text.split("\n")
        # The end of the last record, and no record.
        if records[-1] == "":
            records.pop()
        for number, record in enumerate(records, 1):
            try:
                size = len(encoded(record, layout.encoding))
            except ColumnFault as fault:
                raise self._failed(f"record {number}: {fault}") from fault
            if layout.width is not None and size != layout.width:
                raise RecordWidthWrong(
                    name=self.name,
                    fault="the wrong width",
                    number=number,
                    record=shown(record[:20]),
                    why=f"expected {layout.width} bytes in {layout.encoding}, found {size}",
                    column="widths of the record's columns",
                )
            if layout.types and not record.startswith(layout.types):
                raise RecordWidthWrong(
                    name=self.name,
                    fault="an unknown type",
                    number=number,
                    record=shown(record[:20]),
                    why=f"expected a record that begins with {', '.join(layout.types)}",
                    column="record's first column",
                )
        end = ENDS[layout.end]
        return end.join(records) + end if records else ""

    def _check_json(self, text: str) -> None:
        twice: list[str] = []

        def look(pairs: list[tuple[str, Any]]) -> None:
            counts = Counter(key for key, _ in pairs)
            twice.extend(key for key, count in counts.items() if count > 1)

        try:
            json.loads(text, object_pairs_hook=look)
        except json.JSONDecodeError as fault:
            # Without the text before the fault, nobody finds it: the result is kept nowhere.
            why, before = f"the result is no JSON: {fault}", text[max(0, fault.pos - _SHOWN) : fault.pos]
            why = f"{why}, behind {before!r}"
            line = self._line_of_sign()
            if line is None:
                raise ResultUnreadable(name=self.name, where=self.name, why=why) from fault
            mend = "write {% if not loop.last %}, {% endif %}, and other signs likewise outside of {{ }}"
            why = f"a text between {{{{ }}}} is written as a JSON value, in quotes, a comma too; {why}"
            raise ResultUnreadable(name=self.name, where=f"{self.name}:{line}", why=why, mend=mend) from fault
        except (ValueError, RecursionError) as fault:
            raise ResultUnreadable(name=self.name, where=self.name, why=f"the result is no JSON: {fault}") from fault
        if twice:
            # One receiver takes the first value, another the last.
            raise KeyTwice(name=self.name, where=self.name, key=twice[0])

    def _line_of_sign(self) -> int | None:
        """Return the line that writes a sign of JSON as a value, as ``{{ ", " if not loop.last }}`` does."""
        for output in self.tree.find_all(jinja2.nodes.Output):
            for part in output.nodes:
                written = [part.expr1, part.expr2] if isinstance(part, jinja2.nodes.CondExpr) else [part]
                for one in written:
                    if isinstance(one, jinja2.nodes.Const) and str(one.value).strip() in tuple(",:{}[]"):
                        return one.lineno
        return None

    def _failed(self, why: str, trace: TracebackType | None = None) -> TemplateFailed:
        return TemplateFailed(name=self.name, where=self._place(trace), why=why)

    def _place(self, trace: TracebackType | None) -> str:
        """Give the line of the template that was running, ``name:line``."""
        line = 0
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.name:
                line = trace.tb_lineno
            trace = trace.tb_next
        return f"{self.name}:{line}" if line else self.name


def _writer(layout: Layout) -> Callable[[Any], Any]:
    """Choose the function that writes a value between ``{{ }}`` in the layout's format."""

    def fixed(value: Any) -> str:
        if isinstance(value, RawText):
            return value
        raise ColumnFault(f"{shown(plain(value))} has no column: write left, right, number or date behind it")

    def csv(value: Any) -> str:
        text = plain(value)
        if isinstance(value, RawText) or not any(sign in text for sign in (layout.separator, '"', "\n", "\r", _BREAK)):
            return text
        if _BREAK in text:
            raise ColumnFault(f"character U+0000 can't stand in text: {shown(text)}")
        return '"' + text.replace('"', '""').replace("\n", _BREAK) + '"'

    def in_json(value: Any) -> str:
        if isinstance(value, RawText):
            return value
        # Before int: a bool is an int in Python.
        if value is None or isinstance(value, bool):
            return json.dumps(value)
        # Decimals are written as JSON texts, because many readers would make floats of JSON numbers.
        return str(value) if isinstance(value, int) else json.dumps(plain(value))

    def xml(value: Any) -> Markup:
        # Markup, which jinja2 doesn't escape once more.
        return Markup(escape(plain(value)).translate(_XML_BREAKS))  # noqa: S704  # escaped here

    writers: dict[Format, Callable[[Any], Any]] = {"fixed width": fixed, "csv": csv, "json": in_json, "xml": xml}
    return writers[layout.format]


def _filters_of(layout: Layout) -> dict[str, Callable[..., Any]]:
    if layout.format == "fixed width":
        columns = Columns(layout.encoding, layout.zone_name)
        return {"left": columns.left, "right": columns.right, "number": columns.number, "date": columns.date}

    def date(value: Any, form: str, zone: str | None = None) -> str | None:
        """Write a date in *form*; null stays null."""
        return None if value is None else dated(value, form, zone or layout.zone_name)

    filters: dict[str, Callable[..., Any]] = {"date": date}
    if layout.format == "json":
        filters["json_number"] = _json_number
    return filters


def _json_number(value: Any) -> RawText:
    """Write a number as a JSON number with all its digits; null as null."""
    if value is None:
        return RawText("null")
    number = value if isinstance(value, (int, Decimal)) else as_number(plain(value))
    if number is None or isinstance(number, bool):
        raise ColumnFault(f"expected a number, found {shown(plain(value))}")
    return RawText(plain(number))


def context_of(tree: PropertySet, definition: IntegrationObject) -> dict[str, Any]:
    """Make the values that a template sees: see the head of this file."""
    nodes = [tree] if definition.external else complex_object.instances(tree)
    lines: list[dict[str, Any]] = []
    instances = [_plain_tree(node, definition, lines) for node in nodes]
    context: dict[str, Any] = {"name": definition.name, "instances": instances, "lines": lines}
    if len(instances) == 1:
        context["header"] = instances[0]
    return context


def _plain_tree(root: PropertySet, definition: IntegrationObject, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Give the node and its descendants as dicts; append its line items to *lines*, in order."""
    top = _plain_node(root, definition.root)
    stack = [(root, definition.root, top, 1)]
    while stack:
        node, component, values, level = stack.pop()
        if values is not top and component.name == LINE_ITEM:
            values.setdefault("Level", level)
            lines.append(values)
            level += 1
        below = []
        for child in _children(node, definition.external):
            child_component = component.children.get(child.type)
            if child_component is None:
                continue
            child_values = _plain_node(child, child_component)
            values[child_component.name].append(child_values)
            below.append((child, child_component, child_values, level))
        # A stack gives its last entry first: reversed, the lines come in the tree's order.
        stack.extend(reversed(below))
    return top


def _children(node: PropertySet, external: bool) -> Iterator[PropertySet]:
    for child in node.children:
        if external:
            yield child
        elif child.type.startswith(_LIST_OF):
            yield from child.children


def _plain_node(node: PropertySet, component: Component) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: _typed(name, node.properties.get(name), field.type, field.null_reads_as)
        for name, field in component.fields.items()
    }
    for name, text in node.properties.items():
        values.setdefault(name, text)
    if component.text is not None:
        values["value"] = _typed("value", node.value, component.text, None)
    for name in component.children:
        values[name] = []
    return values


def _typed(name: str, text: str | None, type: str, null_reads_as: str | None) -> str | Decimal | None:
    if text is None:
        return null_reads_as
    if type != "number":
        return text
    number = as_number(text)
    if number is None:
        why, mend = (
            f"expected a number, found {shown(text)}",
            "hand the filter a number field, or mend the field's value",
        )
        raise TemplateFailed(f"field {name!r} can't be rendered", why=why, mend=mend)
    return number
