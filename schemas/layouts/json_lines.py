"""JSON lines: each record of a file is a JSON object in a line of its own, as a JSON Schema describes it.

    external object: Partner Accounts
    layout:
      json lines: partner/accounts.json     # within the schemas folder; its $defs have a schema for each record
      type field: type                      # tells the records apart
    records:
      HEADER: {type: H, occurs: 1}
      ACCOUNT: {type: A, occurs: 0..}
      TRAILER: {type: T, occurs: 1}

A file is read line by line, so that a file of any size takes the memory of one line.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar

from integration_objects.component import FieldType
from integration_objects.declaration import Node, Parts
from integration_objects.errors import HubError, Invalid
from integration_objects.property_set import PropertySet
from schemas.layouts.json_components import JsonComponent, JsonComponents
from schemas.layouts.json_object import read_node, scalar_text, written_object
from schemas.layouts.json_schema import JsonSchema
from schemas.layouts.json_text import json_characters, read_json, write_json
from schemas.layouts.layout import Found, Layout, RecordType, RecordTypeUnknown
from schemas.layouts.record_declaration import prove_records, read_record_types
from schemas.limits import Limits

KEYS = ("type field",)
#: The limits of one line.
_LIMITS = Limits()


@dataclass(frozen=True, eq=False)
class JsonRecord:
    """A kind of line.

    Attributes:
        name: the record's name.
        schema: checks its lines.
        shape: reads and writes them.
    """

    name: str
    schema: JsonSchema
    shape: JsonComponent

    def field_type(self, name: str) -> FieldType | None:
        """Return the type of a text, a number or a flag that stands directly in the object."""
        return self.shape.fields[name].type if name in self.shape.fields else None

    def field_names(self) -> list[str]:
        """List the names of such keys."""
        return list(self.shape.fields)

    def component(self) -> JsonComponent:
        """Make the record's component, for maps; the layout adds the records beneath it."""
        return JsonComponents(self.schema).root(self.name)


class JsonLinesLayout(Layout[JsonRecord]):
    """Reads and writes files of JSON lines.

    Attributes:
        schema: the path of the JSON Schema.
    """

    content_type: ClassVar[str] = "application/jsonl"
    keeps_read_records: ClassVar[bool] = True

    def __init__(
        self, name: str, schema: str, types: Sequence[RecordType[JsonRecord]], type_field: str, where: str = ""
    ) -> None:
        super().__init__(name, types, type_field, where)
        self.schema = schema

    @property
    def described_by(self) -> str:
        """The path of the JSON Schema."""
        return self.schema

    @property
    def says(self) -> str:
        """The schema in words."""
        return f"lines of JSON, as {self.schema} describes them"

    def records(
        self,
        file: BinaryIO,
        keep_faults: bool = False,
        may_lack: str = "",
        chosen: Iterable[bool] | None = None,
    ) -> Iterator[Found[JsonRecord]]:
        """Yield each line of a file by itself."""
        for (number, offset, data), placed in self.chosen_records(_lines(file), chosen):
            fault: HubError | None = None
            try:
                value = read_json(data, _LIMITS)
                if not isinstance(value, dict):
                    raise self._type_unknown("", "the line is no object")
                type = placed or self._type_of(value)
                shape = type.record.shape
                try:
                    type.record.schema.validate(value, json_characters(data))
                    node = read_node(shape, value, (), is_checked=True)
                except Invalid as error:
                    if not keep_faults:
                        raise
                    node, fault = read_node(shape, value, (), is_checked=False), _in_line(error, number)
            except HubError as error:
                raise _in_line(error, number) from None
            for each in node.walk():
                each.origin = number
            lacking = frozenset(shape.fields) - value.keys() if may_lack == type.name else frozenset()
            yield Found(type, node, f"line {number}", offset, data, fault, lacking)

    def parts(self, records: Iterable[bytes]) -> Iterator[bytes]:
        """Put line ends behind lines."""
        for record in records:
            yield record + b"\n"

    def record_bytes(self, type: RecordType[JsonRecord], node: PropertySet) -> bytes:
        """Return the bytes of one line, without its end.

        Raises:
            JsonUnwritable, JsonInvalid: the schema has no place for a value.
        """
        value = written_object(type.record.shape, node)
        text = write_json(value)
        type.record.schema.validate(value, text)
        return text.encode()

    def _type_of(self, value: dict[str, Any]) -> RecordType[JsonRecord]:
        said = value.get(self.type_field)
        text = "" if said is None or isinstance(said, dict | list) else scalar_text("text", said) or ""
        if text not in self._by_type:
            raise self._type_unknown(text, f"the key {self.type_field} has it")
        return self._by_type[text]

    def _type_unknown(self, text: str, found: str) -> RecordTypeUnknown:
        known = self._by_type if self.type_field else self.by_name
        return RecordTypeUnknown(type=text, place="", known=", ".join(known), found=found)


def _lines(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Yield the number, the place and the bytes of each line, without its end."""
    number = offset = 0
    # A line beyond the limit is cut here, and refused where it is read.
    while line := file.readline(_LIMITS.body + 2):
        number += 1
        yield number, offset, line.removesuffix(b"\n").removesuffix(b"\r")
        offset += len(line)


def _in_line(error: HubError, number: int) -> HubError:
    """Name the line of the file in an error that knows the place within the line."""
    name = f"line {number}"
    error.where = error.where.removeprefix("line 1, ") if not error.where.startswith(f"{name}, ") else error.where
    return error.at(name)


def read_json_lines(parts: Parts, read_file: Callable[[str], bytes]) -> JsonLinesLayout:
    """Read the declaration of a layout of JSON lines with its schema, and prove it.

    Raises:
        DeclarationFault, JsonSchemaFaulty: with file, and line or place in the schema.
    """
    given = parts["layout"].mapping(required=["json lines"], optional=KEYS)
    if "records" not in parts:
        raise parts["layout"].fault("there is no record", "each line is a record", mend="add 'records'")
    schema = JsonSchema(given["json lines"].text(), read_file, given["json lines"])

    def made(key: Node, _: Parts) -> JsonRecord:
        name = key.text()
        if name not in schema.definitions:
            raise key.unknown("schema in '$defs'", schema.definitions)
        part = schema.definition(name)
        return JsonRecord(name, part, JsonComponents(part).root(name))

    types = read_record_types(parts["records"], made)
    layout = JsonLinesLayout(
        parts["external object"].text(),
        schema.path,
        types,
        given.text("type field", ""),
        parts["external object"].where,
    )
    prove_records(layout, "type field", given, parts["layout"])
    return layout
