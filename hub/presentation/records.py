"""Records of a layout for people and programs: JSON lines, and the table of a layout's fields.

    {"record": "ORDER-RECORD", "fields": {"ORD-NO": "A1"},
     "parts": [{"record": "LINE-RECORD", "fields": {"PRICE": "5.99"}}]}

A field that occurs is a part with a "value". What is left out holds nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from integration_objects.component import Component, IntegrationObject
from integration_objects.errors import Refused
from integration_objects.property_set import PropertySet
from schemas.layouts.csv_layout import CsvRecord
from schemas.layouts.fixed_layout import FixedRecord
from schemas.layouts.layout import Layout, RecordType
from schemas.layouts.placing import Area, Placed


class RecordJsonFaulty(Refused):
    """A line of JSON is no record."""

    what = "line {line} is no record"
    where = "{file}:{line}"
    why = "{reason}"
    mend = 'write {{"record": NAME, "fields": {{...}}, "parts": [...]}}, as `orderhub layout decode` does'


def record_json(node: PropertySet) -> str:
    """Write a record with everything beneath it as one line of JSON."""
    return json.dumps(_object(node), ensure_ascii=False)


def _object(node: PropertySet) -> dict[str, Any]:
    written: dict[str, Any] = {"record": node.type}
    if node.value:
        written["value"] = node.value
    if node.properties:
        written["fields"] = node.properties
    if node.children:
        written["parts"] = [_object(child) for child in node.children]
    return written


def read_record_json(line: str | bytes, number: int, file: str) -> PropertySet:
    """Read a record from a line of JSON.

    Raises:
        RecordJsonFaulty: the line is no record.
    """
    try:
        return _node(json.loads(line, parse_float=str, parse_int=str))
    except (ValueError, RecursionError) as error:
        raise RecordJsonFaulty(line=number, file=file, reason=str(error)) from error


def _node(written: Any) -> PropertySet:
    if not isinstance(written, dict) or not isinstance(written.get("record"), str):
        raise ValueError('an object with "record" is expected')
    unknown = sorted(written.keys() - {"record", "value", "fields", "parts"})
    fields, parts = written.get("fields", {}), written.get("parts", [])
    if unknown or not isinstance(fields, dict) or not isinstance(parts, list):
        raise ValueError(f"the key {unknown[0]!r} is unknown" if unknown else '"fields" is an object, "parts" a list')
    for name, value in [*fields.items(), ("value", written.get("value"))]:
        if value is not None and not isinstance(value, str):
            raise ValueError(f"the value of {name!r} is neither a text nor a number")
    return PropertySet(written["record"], written.get("value") or "", fields, [_node(part) for part in parts])


def layout_table(layout: Layout[Any]) -> Iterator[tuple[str, ...]]:
    """Yield the rows for the records and fields of a layout, the head first.

    A row has place, bytes (for records of fixed width), name, what it holds, line of the copybook or declaration.
    """
    if isinstance(layout.types[0].record, FixedRecord):
        yield "byte", "bytes", "name", "holds", "line"
    elif not isinstance(layout.types[0].record, CsvRecord):
        yield "name", "holds"
    else:
        yield "column", "name", "holds", "line"
    for top in layout.types:
        yield from _type_rows(top, 0)


def object_table(definition: IntegrationObject) -> Iterator[tuple[str, ...]]:
    """Yield the rows for the components and fields of an object, the head first: name, what it holds."""
    yield "name", "holds"
    yield from _component_rows(definition.root, "object", 0, set())


def _component_rows(component: Component, holds: str, level: int, shown: set[int]) -> Iterator[tuple[str, ...]]:
    is_shown = id(component) in shown
    yield "  " * level + component.name, holds + ", as above" * is_shown
    if is_shown:
        return
    shown.add(id(component))
    for field in component.fields.values():
        bound = "" if field.length is None else f", {field.length} characters at most"
        says = field.type + bound + ": " * bool(field.values) + ", ".join(field.values) + ", required" * field.required
        yield "  " * (level + 1) + field.name, says
    for name, child in component.children.items():
        least, most = component.occurs[name]
        often = f"{least}..{'' if most is None else most} times"
        yield from _component_rows(child, f"{child.text or 'object'}, {often}", level + 1, shown)


def _type_rows(type: RecordType[Any], level: int) -> Iterator[tuple[str, ...]]:
    most = "" if type.most is None else str(type.most)
    often = str(type.least) if most == str(type.least) else f"{type.least}..{most}"
    kind = f"record{f' of type {type.type}' if type.type else ''}, {often} times"
    name = "  " * level + type.name
    if isinstance(type.record, FixedRecord):
        placed = type.record.placed
        for alias, first, last in placed.entry.renames:
            kind += f"; {alias} renames {first}" + f" to {last}" * (first != last)
        yield "", str(placed.length), name, kind, str(placed.entry.line)
        for member in placed.members:
            yield from _member_rows(member, level + 1)
    elif isinstance(type.record, CsvRecord):
        yield "", name, kind, _line(type.record.where)
        for number, column in enumerate(type.record.columns.values(), 1):
            says = column.form.says + ", required" * column.required
            yield str(number), "  " * (level + 1) + column.name, says, _line(column.where)
    else:
        yield from _component_rows(type.record.component(), kind, level, set())
    for each in type.beneath:
        yield from _type_rows(each, level + 1)


def _line(where: str) -> str:
    """Return the line of a place file:line:column."""
    return where.split(":")[-2]


def _member_rows(member: Placed | Area, level: int) -> Iterator[tuple[str, ...]]:
    views = member.views if isinstance(member, Area) else [member]
    for view in views:
        entry = view.entry
        says = view.form.says if view.form else "group"
        if entry.redefines:
            says += f", redefines {entry.redefines}"
        if entry.occurs:
            says += f", {entry.occurs.most} times"
            if entry.occurs.depends_on:
                says += f" at most, as {' of '.join(entry.occurs.depends_on)} says"
        for condition in entry.conditions:
            says += f"; {condition}"
        yield (str(view.offset + 1), str(view.length), "  " * level + view.name, says, str(entry.line))
        for inner in view.members:
            yield from _member_rows(inner, level + 1)
