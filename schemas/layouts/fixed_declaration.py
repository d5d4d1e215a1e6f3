"""Declarations of layouts of fixed width: YAML files in the schemas folder, each with its copybook beside it.

    external object: Mainframe Order File
    layout:
      copybook: mainframe/order_file.cpy
      code page: cp037
      record format: variable
      type field: REC-TYPE
      blanks: null
    records:
      FILE-HEADER: {type: H, occurs: 1}
      ORDER-RECORD: {type: O, occurs: 0..}

The names of records are the copybook's names of level 01. Without `records`, the copybook's one record stands in the
file as often as it comes.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from integration_objects.declaration import Node, Parts
from schemas.layouts.copybook.entries import read_copybook
from schemas.layouts.copybook.source_text import CopybookFaulty, read_copybook_text
from schemas.layouts.fixed_layout import FixedLayout, FixedRecord
from schemas.layouts.layout import RecordType
from schemas.layouts.options import Chosen, Options
from schemas.layouts.placing import Area, Placed, place
from schemas.layouts.record_declaration import prove_records, read_date_form, read_record_types
from schemas.layouts.record_formats import LINE_ENDS, RecordFormat
from schemas.layouts.values.code_pages import CodePageUnknown
from schemas.layouts.values.dated import DateRule

FIXED_KEYS = (
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
    "dates",
    "conditions",
)
#: The keys of a date; it needs the first one.
DATE_KEYS = ("form", "first year", "null")
FORMS = ("fixed", "free")
FORMATS = ("fixed", "variable", "blocked", "lines")
MEANINGS = ("refused", "null", "zero")


def read_fixed_layout(parts: Parts, read_file: Callable[[str], bytes]) -> FixedLayout:
    """Read the declaration of a layout with its copybook, and prove it.

    Args:
        parts: the declaration.
        read_file: gives a copybook's bytes by its path in the schemas folder; KeyError, OSError for a missing one.

    Raises:
        DeclarationFault, CopybookFaulty: with file and line.
    """
    given = parts["layout"].mapping(required=["copybook"], optional=FIXED_KEYS)
    options = _options(given)
    path = given["copybook"].text()
    form = given["form"].choice(*FORMS) if "form" in given else None
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
    _prove_fields([*(key for key, _ in given.entries("dates")), *given.sequence("conditions")], placed)
    types = _types(parts, options, placed)
    layout = FixedLayout(
        name=parts["external object"].text(),
        copybook=path,
        types=types,
        type_field=given.text("type field", ""),
        format=_format(given, types),
        options=options,
        trimmed=given.flag("trimmed"),
        where=parts["external object"].where,
    )
    prove_records(layout, "type field", given, parts["layout"])
    _prove_places(layout, given)
    return layout


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
        blanks=choice("blanks", *MEANINGS),
        low_values=choice("low values", *MEANINGS),
        high_values=choice("high values", *MEANINGS),
        decimal_point=choice("decimal point", ".", ","),
        redefines={key.text(): _chosen(value) for key, value in given.entries("redefines")},
        conditions=frozenset(given.texts("conditions")),
        dates={key.text(): _date_rule(value) for key, value in given.entries("dates")},
    )


def _chosen(node: Node) -> Chosen:
    """Read the rule of an area: the name of one view, or ``{by: FIELD, A: VIEW-A, else: VIEW-B}``."""
    if node.kind == "scalar":
        return Chosen("", {"": node.text()})
    parts = node.mapping(required=["by"])
    views = {"" if value == "else" else value: view.text() for value, view in parts.items() if value != "by"}
    return Chosen(parts["by"].text(), views)


def _date_rule(node: Node) -> DateRule:
    """Read the dates of a field: a form, or ``{form: YYMMDD, first year: 1970, null: "000000"}``."""
    parts = Parts(form=node) if node.kind == "scalar" else node.mapping(required=DATE_KEYS[:1], optional=DATE_KEYS[1:])
    return DateRule(read_date_form(parts["form"], parts.get("first year")), parts.text("null", ""))


def _prove_fields(names: Iterable[Node], placed: Mapping[str, Placed]) -> None:
    """Prove that these are names of fields of the copybook."""
    fields = {part.entry.name for record in placed.values() for part in record.walk() if part.form is not None}
    for name in names:
        if name.text() not in fields:
            raise name.unknown("field", fields)


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


def _format(given: Parts, types: tuple[RecordType[FixedRecord], ...]) -> RecordFormat:
    name = given["record format"].choice(*FORMATS) if "record format" in given else "fixed"
    longest = max(each.record.placed.length for top in types for each in top.walk())
    length = given["record length"].whole() if "record length" in given else longest
    if length < longest and name == "fixed":
        raise given["record length"].fault(
            f"a record of {length} bytes is too short",
            f"the longest record of the copybook has {longest}",
            mend=f"write {longest} or more, or leave it out",
        )
    end = given["line end"].choice(*LINE_ENDS) if "line end" in given else "lf"
    return RecordFormat(name, length, LINE_ENDS[end])  # type: ignore[arg-type]


def _types(parts: Parts, options: Options, placed: Mapping[str, Placed]) -> tuple[RecordType[FixedRecord], ...]:
    if "records" in parts:

        def record(key: Node, parts: Parts) -> FixedRecord:
            if key.text() not in placed:
                raise key.unknown("record", placed)
            return FixedRecord(placed[key.text()], options)

        return read_record_types(parts["records"], record)
    if len(placed) != 1:
        raise parts["layout"].fault(
            f"the copybook has {len(placed)} records, and nothing says how they follow each other",
            f"they are {', '.join(placed)}",
            mend="add 'records' with their types",
        )
    [record_of_the_file] = placed.values()
    return (RecordType(FixedRecord(record_of_the_file, options), ""),)


def _prove_places(layout: FixedLayout, given: Parts) -> None:
    """Prove that the type field stands at the same bytes of all records."""
    fields = [each.record.field(layout.type_field) for each in layout.every_type()]
    if len({(field.offset, field.length) for field in fields if field is not None}) > 1:
        raise given["type field"].fault(
            f"the field {layout.type_field} stands at different places",
            "all records must have it at the same bytes",
            mend="name a field that all records begin with",
        )
