"""Declarations of layouts: YAML files in the schemas folder, each with its copybook beside it.

    external object: Mainframe Order File
    layout:
      copybook: mainframe/order_file.cpy
      code page: cp037
      record format: variable
      type field: REC-TYPE
      blanks: null
    records:
      FILE-HEADER: {type: H, occurs: 1}
      ORDER-RECORD:
        type: O
        occurs: 0..
        records:
          LINE-RECORD: {type: L, occurs: 1..}
      FILE-TRAILER:
        type: T
        occurs: 1
        checks: {ORDER-COUNT: count ORDER-RECORD, PRICE-TOTAL: sum LINE-RECORD/PRICE}

The names of records are the copybook's names of level 01. Without `records`, the copybook's one record stands in the
file as often as it comes.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from integration_objects.declaration import DeclarationFault, Node, Parts, Source, read
from schemas.layouts.copybook.entries import read_copybook
from schemas.layouts.copybook.source_text import CopybookFaulty, read_copybook_text
from schemas.layouts.layout import Check, Layout, RecordType
from schemas.layouts.options import Chosen, Options
from schemas.layouts.placing import Area, Placed, place
from schemas.layouts.record_formats import LINE_ENDS, RecordFormat
from schemas.layouts.record_object import RecordObject
from schemas.layouts.values.code_pages import CodePageUnknown

_KEYS = (
    "form",
    "code page",
    "double byte code page",
    "byte order",
    "floating point",
    "decimal point",
    "record format",
    "record length",
    "line end",
    "trimmed",
    "type field",
    "blanks",
    "low values",
    "high values",
    "redefines",
)
_RECORD_KEYS = ("type", "occurs", "records", "checks")
_MEANINGS = ("refused", "null", "zero")
_OCCURS = re.compile(r"([0-9]{1,9})(?:\.\.([0-9]{1,9})?)?")
_CHECK = re.compile(r"count [^\s/]+|sum [^\s/]+/[^\s/]+")


def read_layout(source: Source, read_file: Callable[[str], bytes]) -> Layout:
    """Read the declaration of a layout with its copybook, and prove it.

    Args:
        source: the declaration.
        read_file: gives a copybook's bytes by its path in the schemas folder; KeyError, OSError for a missing one.

    Raises:
        DeclarationFault, CopybookFaulty: with file and line.
    """
    parts = read(source).mapping(required=["external object", "layout"], optional=["records", "help"])
    given = parts["layout"].mapping(required=["copybook"], optional=_KEYS)
    options = _options(given)
    path = given["copybook"].text()
    form = given["form"].choice("fixed", "free") if "form" in given else None
    text = _copybook(given["copybook"], path, read_file)
    placed: dict[str, Placed] = {}
    try:
        for entry in read_copybook(text, path, form, options.decimal_point):  # type: ignore[arg-type]
            if entry.name in placed:
                raise CopybookFaulty(
                    f"two records are called {entry.name}",
                    where=f"{path}:{entry.line}",
                    why=f"the first stands in line {placed[entry.name].entry.line}",
                    mend="give each record a name of its own",
                )
            placed[entry.name] = place(entry, options, path)
    except CodePageUnknown as error:
        node = given.get("code page") or given["copybook"]
        raise node.fault(str(error), "the code page must have one byte a character", mend="name another") from error
    _prove_redefines(given, placed)
    types = _types(parts, options, placed)
    layout = Layout(
        name=parts["external object"].text(),
        copybook=path,
        types=types,
        type_field=given.text("type field", ""),
        format=_format(given, types),
        options=options,
        trimmed=given.flag("trimmed"),
        where=parts["external object"].where,
    )
    _prove_types(layout, given, parts)
    return layout


def read_record_object(source: Source, read_file: Callable[[str], bytes]) -> RecordObject:
    """Read the declaration of a layout as the external object that it describes; for its errors see `read_layout`."""
    layout = read_layout(source, read_file)
    return RecordObject(layout.name, layout.definition(), layout.where, layout)


def _copybook(node: Node, path: str, read_file: Callable[[str], bytes]) -> str:
    try:
        content = read_file(path)
    except (KeyError, OSError) as error:
        raise node.fault(f"there is no copybook '{path}'", mend="put the file into the schemas folder") from error
    return read_copybook_text(content, path)


def _options(given: Parts) -> Options:
    wide = given.get("double byte code page")
    if wide is not None:
        try:
            " ".encode(wide.text())
        except LookupError as error:
            raise wide.fault(
                f"there is no encoding '{wide.text()}'", mend="name one of Python's, such as cp932"
            ) from error

    def choice(key: str, *allowed: str) -> Any:
        return given[key].choice(*allowed) if key in given else allowed[0]

    return Options(
        code_page=given.text("code page", "cp037"),
        double_byte_code_page=given.text("double byte code page", ""),
        byte_order=choice("byte order", "big", "little"),
        floating_point=choice("floating point", "ibm", "ieee"),
        blanks=choice("blanks", *_MEANINGS),
        low_values=choice("low values", *_MEANINGS),
        high_values=choice("high values", *_MEANINGS),
        decimal_point=choice("decimal point", ".", ","),
        redefines={key.text(): _chosen(value) for key, value in given.entries("redefines")},
    )


def _chosen(node: Node) -> Chosen:
    """Read the rule of an area: the name of one view, or ``{by: FIELD, A: VIEW-A, else: VIEW-B}``."""
    if node.kind == "scalar":
        return Chosen("", {"": node.text()})
    parts = node.mapping(required=["by"])
    views = {"" if value == "else" else value: view.text() for value, view in parts.items() if value != "by"}
    return Chosen(parts["by"].text(), views)


def _prove_redefines(given: Parts, placed: Mapping[str, Placed]) -> None:
    """Prove that each rule names an area that is redefined, and views of it."""
    # Areas of one name in several groups have one rule: its views must be there in each.
    areas: dict[str, set[str]] = {}
    fields: set[str] = set()
    for record in placed.values():
        for part in record.walk():
            fields.add(part.entry.name)
            for area in part.members:
                if isinstance(area, Area):
                    views = {view.name for view in area.views}
                    areas[area.views[0].entry.name] = areas.get(area.views[0].entry.name, views) & views
    for key, value in given.entries("redefines"):
        name = key.text()
        if name not in areas:
            raise key.unknown("redefined entry", areas)
        names = [value] if value.kind == "scalar" else [node for by, node in value.items() if by.text() != "by"]
        for node in names:
            if node.text() not in areas[name]:
                raise node.unknown(f"view of {name}", areas[name])
        if value.kind == "mapping" and value.mapping(required=["by"])["by"].text() not in fields:
            raise value.mapping()["by"].unknown("field", fields)


def _format(given: Parts, types: tuple[RecordType, ...]) -> RecordFormat:
    name = (
        given["record format"].choice("fixed", "variable", "blocked", "lines") if "record format" in given else "fixed"
    )
    longest = max(each.record.length for top in types for each in top.walk())
    length = given["record length"].whole() if "record length" in given else longest
    if length < longest and name == "fixed":
        raise given["record length"].fault(
            f"a record of {length} bytes is too short",
            f"the longest record of the copybook has {longest}",
            mend=f"write {longest} or more, or leave it out",
        )
    end = given["line end"].choice(*LINE_ENDS) if "line end" in given else "lf"
    return RecordFormat(name, length, LINE_ENDS[end])  # type: ignore[arg-type]


def _types(parts: Parts, options: Options, placed: Mapping[str, Placed]) -> tuple[RecordType, ...]:
    if "records" in parts:
        return _types_in(parts["records"], options, placed, {})
    if len(placed) != 1:
        raise parts["layout"].fault(
            f"the copybook has {len(placed)} records, and nothing says how they follow each other",
            f"they are {', '.join(placed)}",
            mend="add 'records' with their types",
        )
    [record] = placed.values()
    return (RecordType(record, options, ""),)


def _types_in(
    node: Node, options: Options, placed: Mapping[str, Placed], seen: dict[str, str]
) -> tuple[RecordType, ...]:
    types: list[RecordType] = []
    if not node.items():
        raise node.fault("there is no record", "a file has records of at least one type", mend="name the records")
    for key, value in node.items():
        name = key.text()
        if name not in placed:
            raise key.unknown("record", placed)
        if name in seen:
            raise key.twice("record", seen[name])
        seen[name] = key.where
        parts = value.mapping(optional=_RECORD_KEYS)
        least, most = _occurs(parts)
        beneath = _types_in(parts["records"], options, placed, seen) if "records" in parts else ()
        checks = tuple(_check(field, rule) for field, rule in parts.entries("checks"))
        types.append(RecordType(placed[name], options, parts.text("type", ""), least, most, beneath, checks, key.where))
    return tuple(types)


def _occurs(parts: Parts) -> tuple[int, int | None]:
    if "occurs" not in parts:
        return 0, None
    text = parts["occurs"].matching(_OCCURS, "a number of records", "n, n.. or n..m", "1..")
    first, dots, last = text.partition("..")
    least, most = int(first), (int(last) if last else None) if dots else int(first)
    if most is not None and most < least:
        raise parts["occurs"].fault(
            f"{text} is no range", "its end is below its beginning", mend=f"write {last}..{first}"
        )
    return least, most


def _check(field: Node, rule: Node) -> Check:
    text = rule.matching(_CHECK, "a check", "'count RECORD', 'count all' or 'sum RECORD/FIELD'", "count ORDER-RECORD")
    record, _, summed = text.partition(" ")[2].partition("/")
    return Check(field.text(), record, summed, rule.where)


def _prove_types(layout: Layout, given: Parts, parts: Parts) -> None:
    """Prove that records can be told apart, and that checks name records and fields."""
    every = {each.name: each for each in layout.every_type()}
    field = layout.type_field
    if len(every) > 1 and not field:
        raise parts["layout"].fault(
            f"nothing tells the {len(every)} records apart",
            "a field with the record's type is needed",
            mend="add 'type field: ...'",
        )
    if field:
        places = set()
        types: dict[str, RecordType] = {}
        for each in every.values():
            if each.type in types:
                raise DeclarationFault(
                    f"the type '{each.type}' is that of two records",
                    where=each.where,
                    why=f"{types[each.type].name} has it, too",
                    mend="give each record the text that its type field holds",
                )
            types[each.type] = each
            step = each.type_field(field)
            if step is None:
                known = [part.name for part in each.record.members if isinstance(part, Placed)]
                raise given["type field"].unknown(f"field of {each.name}", known)
            places.add((step.offset, step.length))
        if len(places) > 1:
            raise given["type field"].fault(
                f"the field {field} stands at different places",
                "all records must have it at the same bytes",
                mend="name a field that all records begin with",
            )
    for each in every.values():
        for check in each.checks:
            counted = every.get(check.record)
            if check.record != "all" and counted is None:
                raise DeclarationFault(
                    f"the check of {check.field} names no record", where=check.where, mend=f"known: {', '.join(every)}"
                )
            wanted = [(each, check.field)] + ([(counted, check.summed)] if check.summed and counted else [])
            for record, name in wanted:
                compared = record.type_field(name)
                if compared is None or compared.form is None or compared.form.type != "number":
                    raise DeclarationFault(
                        f"the record {record.name} has no {'number' if compared else 'field'} {name}",
                        where=check.where,
                        why="a check compares numbers that stand once in their records",
                        mend="name a field of the record",
                    )
