"""Declarations of CSV layouts: YAML files in the schemas folder.

    external object: Channel Orders
    layout:
      delimiter: ";"
      header: yes
      decimal point: ","
      date form: DD.MM.YYYY
      type column: KIND
    records:
      ORDER:
        type: O
        occurs: 1..
        columns:
          KIND: text
          ORDER-NO: {type: text, length: 12, required: yes}
          DUE: date
        records:
          LINE:
            type: L
            columns: {KIND: text, PRODUCT: text, PRICE: {type: number, decimals: 2}}

A record whose layout has no type column is the only one of its file.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integration_objects.declaration import Node, Parts
from schemas.layouts.csv_cells import LINE_ENDS, UNICODE, Dialect
from schemas.layouts.csv_columns import CellForm, Column, DateCell, FlagCell, NumberCell, TextCell
from schemas.layouts.csv_layout import CsvLayout, CsvRecord
from schemas.layouts.record_declaration import prove_records, read_date_form, read_record_types
from schemas.layouts.values.code_pages import CodePageUnknown, code_page
from schemas.layouts.values.dates import DateForm

CSV_KEYS = (
    "quote",
    "quoting",
    "header",
    "encoding",
    "line end",
    "trimmed",
    "type column",
    "decimal point",
    "thousands",
    "date form",
    "first year",
    "formulas",
    "null",
)
#: The keys of a column, and those of each type besides.
COLUMN_KEYS = ("required", "null", "help")
TYPE_KEYS = {
    "text": ("length", "values", "formulas"),
    "number": ("decimals", "decimal point", "thousands"),
    "date": ("form", "first year"),
    "flag": ("yes", "no"),
}
QUOTINGS = ("needed", "all", "none")
FORMULAS = ("restored", "kept", "plain")
_MOST_LENGTH = 1 << 20


def read_csv_layout(parts: Parts) -> CsvLayout:
    """Read the declaration of a CSV layout, and prove it.

    Args:
        parts: the declaration.

    Raises:
        DeclarationFault: with file and line.
    """
    given = parts["layout"].mapping(required=["delimiter"], optional=CSV_KEYS)
    if "records" not in parts:
        raise parts["layout"].fault("there is no record", "columns belong to records", mend="add 'records'")
    columns = _Columns(given)
    types = read_record_types(parts["records"], columns.record, ("columns",))
    dialect = _dialect(given)
    header = given["header"].flag() if "header" in given else True
    layout = CsvLayout(
        name=parts["external object"].text(),
        types=types,
        type_column=given.text("type column", ""),
        dialect=dialect,
        header=header,
        trimmed=given.flag("trimmed"),
        where=parts["external object"].where,
    )
    prove_records(layout, "type column", given, parts["layout"])
    places = (
        {each.record.field_names().index(layout.type_field) for each in layout.every_type()}
        if layout.type_field
        else {0}
    )
    if len(places) > 1 and not header:
        raise given["type column"].fault(
            f"the column {layout.type_field} stands at different places",
            "without a header, all records must have it at the same place",
            mend="make it the first column of each record",
        )
    return layout


def _dialect(given: Parts) -> Dialect:
    delimiter = _sign(given["delimiter"])
    quote = _sign(given["quote"]) if "quote" in given else '"'
    if delimiter == quote:
        raise given["delimiter"].fault(f"{delimiter!r} is delimiter and quote", mend="name two different signs")
    quoting: Any = given["quoting"].choice(*QUOTINGS) if "quoting" in given else "needed"
    end = given["line end"].choice(*LINE_ENDS) if "line end" in given else "crlf"
    encoding = given.text("encoding", "utf-8")
    if encoding not in UNICODE:
        try:
            code_page(encoding)
        except CodePageUnknown as error:
            known = ", ".join(UNICODE)
            raise given["encoding"].fault(str(error), mend=f"name a code page, or one of {known}") from error
    return Dialect(delimiter, "" if quoting == "none" else quote, quoting, encoding, LINE_ENDS[end])


def _sign(node: Node) -> str:
    text = "\t" if node.text() == "tab" else node.text()
    if len(text) != 1 or text.isalnum() or text in "\r\n\x85":
        raise node.fault(
            f"{text!r} can't be a delimiter or a quote", "it is one sign, no letter and no digit", mend="write ; or tab"
        )
    return text


@dataclass(frozen=True)
class _Columns:
    """Reads the columns of records; the keys of the layout are the columns' defaults."""

    given: Parts

    def record(self, key: Node, parts: Parts) -> CsvRecord:
        """Make the description of one record."""
        if not parts.entries("columns"):
            raise key.fault(f"the record {key.text()} has no columns", mend="add 'columns'")
        columns: dict[str, Column] = {}
        for name, value in parts.entries("columns"):
            columns[name.text()] = self._column(name, value)
        return CsvRecord(key.text(), columns, key.where)

    def _column(self, name: Node, value: Node) -> Column:
        # A type by itself is a column without further keys.
        if value.kind == "scalar":
            kind, parts = value.choice(*TYPE_KEYS), Parts()
        else:
            kind = value.mapping(required=["type"])["type"].choice(*TYPE_KEYS)
            parts = value.mapping(required=["type"], optional=(*COLUMN_KEYS, *TYPE_KEYS[kind]))
        form = self._form(kind, parts, value)
        null = parts.text("null", self.given.text("null", ""))
        return Column(name.text(), form, parts.flag("required"), null, name.where)

    def _form(self, kind: str, parts: Parts, value: Node) -> CellForm:
        if kind == "text":
            formulas: Any = self._either(parts, "formulas")
            length = _bounded(parts["length"], 1, _MOST_LENGTH) if "length" in parts else None
            return TextCell(length, parts.texts("values"), formulas.choice(*FORMULAS) if formulas else "restored")
        if kind == "number":
            point, thousands = self._either(parts, "decimal point"), self._either(parts, "thousands")
            decimals = _bounded(parts["decimals"], 0, 30) if "decimals" in parts else None
            sign, group = point.choice(".", ",") if point else ".", thousands.text() if thousands else ""
            if thousands is not None and (group == sign or len(group) != 1 or group.isalnum()):
                raise thousands.fault(
                    f"{group!r} can't stand between thousands", f"the decimal sign is {sign}", mend="name another sign"
                )
            return NumberCell(decimals, sign, group)
        if kind == "date":
            form = parts.get("form") or self.given.get("date form")
            return DateCell(read_date_form(form, self._either(parts, "first year")) if form else DateForm("YYYY-MM-DD"))
        yes, no = parts.text("yes", "Y"), parts.text("no", "N")
        if yes == no:
            raise value.fault("yes and no have the same text", mend="give them two texts")
        return FlagCell(yes, no)

    def _either(self, parts: Parts, key: str) -> Node | None:
        """Return the node of a column's key; where the column lacks it, that of the layout."""
        return parts.get(key) or self.given.get(key)


def _bounded(node: Node, least: int, most: int) -> int:
    number = node.whole()
    if not least <= number <= most:
        raise node.fault(f"{number} is out of range", f"it is {least} to {most}", mend=f"write {least} to {most}")
    return number
