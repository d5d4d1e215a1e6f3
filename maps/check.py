"""The proof of data maps: the faults that can be found without any message.

    error     an unknown path, field, component, map or table; a path that may match more than once where one value is
              needed; a required field or component that nothing fills; a type or length that doesn't fit; a look-up
              table that lacks a code of an enumerated source
    warning   a bare word (a text without quotes), a comparison with NULL, a look-up table that nothing uses, or with
              white space around a code

Spec: docs/design/integration.md, "Data maps"; docs/design/methods.md, "Settled points", Expressions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from integration_objects.declaration import DeclarationFault, Source
from integration_objects.definition import Field, IntegrationObject
from integration_objects.expression import Call
from maps.component_rule import ComponentRule
from maps.data_map import DataMap, compile_maps
from maps.field_rule import FieldRule, SourceExpression
from maps.lookup import LookupTable, ReadFile
from maps.map_compiler import OWN_TEXT
from maps.path import ValuePath
from maps.shape import EXTERNAL

Severity = Literal["error", "warning"]

#: Codes that a finding lists.
_LISTED = 8

_CONVERSION = {
    "number": "convert it: number([{0}])",
    "date": "convert it: date([{0}], 'YYYYMMDD')",
    "flag": "convert it: if([{0}] = '...', 'Y', 'N')",
}


@dataclass(frozen=True)
class Finding:
    """One fault or doubtful place of a declaration.

    Attributes:
        where: file:line:column.
        text: the fault and its reason.
        mend: the action that the reader can take, with the nearest right name.
        severity: an error keeps the map from being used.
    """

    where: str
    text: str
    mend: str
    severity: Severity

    def __str__(self) -> str:
        mend = f" ({self.mend})" if self.mend else ""
        return f"{self.where}: {self.severity}: {self.text}{mend}"


def check_maps(
    sources: Sequence[Source], objects: Mapping[str, IntegrationObject], read_file: ReadFile
) -> list[Finding]:
    """List all findings on the maps in *sources*, by place.

    Args:
        sources: the maps' files.
        objects: the internal and the external integration objects, by name.
        read_file: gives a look-up table's bytes by its path from the maps' folder.
    """
    faults: list[DeclarationFault] = []
    maps = compile_maps(sources, objects, read_file, faults.append)
    found = [
        Finding(fault.where, f"{fault.what}: {fault.why}" if fault.why else fault.what, fault.mend, "error")
        for fault in faults
    ]
    return _in_order([*found, *_proof(maps)])


def findings(maps: Mapping[str, DataMap]) -> list[Finding]:
    """List the findings on compiled maps, by place."""
    return _in_order(_proof(maps))


def _in_order(found: Sequence[Finding] | Iterator[Finding]) -> list[Finding]:
    """Sort by file, line and column, each finding once: a used map is compiled for each of its users."""
    return sorted(dict.fromkeys(found), key=lambda finding: (_place(finding.where), finding.text))


def _place(where: str) -> tuple[str, int, int]:
    file, _, rest = where.partition(":")
    line, _, column = rest.partition(":")
    return file, int(line) if line.isdigit() else 0, int(column) if column.isdigit() else 0


def _proof(maps: Mapping[str, DataMap]) -> Iterator[Finding]:
    # By identity: two maps may have look-up tables of one name.
    used: set[int] = set()
    for data_map in maps.values():
        for rule in _rules(data_map.rule):
            yield from _prove_rule(rule)
            used.update(id(table) for source, _ in _expressions(rule) for table in _tables(source))
    for data_map in maps.values():
        for table in data_map.lookups.values():
            blank = [code for code in table.values if code != code.strip()]
            if blank:
                text = f"look-up table '{table.name}' has {_listed(blank)} with white space around it"
                yield Finding(table.where, text, "take the white space away", "warning")
            if id(table) not in used:
                yield Finding(table.where, f"nothing uses the look-up table '{table.name}'", "take it away", "warning")


def _rules(rule: ComponentRule) -> Iterator[ComponentRule]:
    for variant in (rule, *rule.variants):
        yield variant
        for child in variant.below:
            yield from _rules(child)


def _prove_rule(rule: ComponentRule) -> Iterator[Finding]:
    filled = {field_rule.field.name for field_rule in rule.fields}
    of = f"'{rule.component.name}' in data map '{rule.owner.name}'"
    for target in rule.component.fields.values():
        if target.required and target.name not in filled:
            yield Finding(
                rule.where,
                f"nothing fills the required field '{target.name}' of {of}",
                f"add '{target.name}' at `fields`",
                "error",
            )
    # Only a warning: an element without a text may be meant, and the schema checks it once more when it is written.
    if rule.component.text is not None and rule.shape is EXTERNAL and OWN_TEXT not in filled:
        yield Finding(rule.where, f"nothing fills the text of {of}", f"add '{OWN_TEXT}' at `fields`", "warning")
    made = {child_rule.component.name for child_rule in rule.below}
    if rule.flat is not None or rule.recurse:
        made.add(rule.component.name)
    for name, (least, _) in rule.component.occurs.items():
        if least and name in rule.component.children and name not in made:
            yield Finding(
                rule.where,
                f"nothing makes the required '{name}' of {of}",
                f"make '{name}' at `children`",
                "error",
            )
    for field_rule in rule.fields:
        yield from _prove_field(field_rule)
    for source, where in _expressions(rule):
        yield from _habits(source, where)


def _expressions(rule: ComponentRule) -> Iterator[tuple[SourceExpression, str]]:
    """List every expression of a rule with its place."""
    for condition in (*rule.filters, *rule.assertions):
        yield condition.source, condition.where
    for field_rule in rule.fields:
        yield field_rule.source, field_rule.where
    if rule.flat is not None:
        yield rule.flat.key.source, rule.flat.key.where
        yield rule.flat.parent.source, rule.flat.parent.where


def _habits(source: SourceExpression, where: str) -> Iterator[Finding]:
    """Warn of forms that are allowed and seldom meant."""
    for word, column in source.expression.bare_words:
        yield Finding(where, f"column {column}: '{word}' stands without quotes", f"write '{word}'", "warning")
    for column in source.expression.null_comparisons:
        yield Finding(where, f"column {column}: a comparison with NULL is always FALSE", "write IS NULL", "warning")


def _prove_field(rule: FieldRule) -> Iterator[Finding]:
    if rule.form == "reference":
        yield from _prove_reference(rule, rule.source.references[0])
    for call in rule.source.expression.calls:
        if call.name == "lookup":
            yield from _prove_lookup(rule, call)


def _prove_reference(rule: FieldRule, path: ValuePath) -> Iterator[Finding]:
    """Prove a field that is copied as it is: type, length and values must fit."""
    target = rule.field
    values = path.field.values if path.field is not None else ()
    # With a list of values, type and length say nothing more: each value is tried.
    if values:
        unfits = [value for value in values if rule.shape.unfit(target, value) is not None]
        if unfits:
            yield Finding(
                rule.where,
                f"'{path.text}' may be {_listed(unfits)}, which doesn't fit '{target.name}'",
                "translate it with a look-up table",
                "error",
            )
        return
    if not _fits(path.type, target):
        yield Finding(
            rule.where,
            f"'{path.text}' is a {path.type} and '{target.name}' a {target.type}",
            _CONVERSION[target.type].format(path.text),
            "error",
        )
    length = path.field.length if path.field is not None else None
    if length is not None and target.length is not None and length > target.length:
        yield Finding(
            rule.where,
            f"'{path.text}' may have {length} characters and '{target.name}' takes {target.length}",
            f"let the schema bound it, or cut it: left([{path.text}], {target.length})",
            "error",
        )


def _fits(source: str, target: Field) -> bool:
    # The tree keeps every value as text, so that a text field takes a value of any type.
    return target.type in ("text", source)


def _prove_lookup(rule: FieldRule, call: Call) -> Iterator[Finding]:
    constants = dict(call.constants)
    table = rule.source.lookups[str(constants[0])]
    if rule.form == "lookup":
        # Also the default: it is written as often as codes are missing.
        texts = [*table.values.values(), *([table.default] if table.default is not None else [])]
        unfits = [text for text in dict.fromkeys(texts) if rule.shape.unfit(rule.field, text) is not None]
        if unfits:
            yield Finding(
                rule.where,
                f"look-up table '{table.name}' gives {_listed(unfits)}, unfit for '{rule.field.name}'",
                f"correct the table at {table.where}",
                "error",
            )
    has_default = 2 in constants or table.default is not None
    missing = [] if has_default else [code for code in _codes(rule) if code not in table.values]
    if missing:
        yield Finding(
            rule.where,
            f"look-up table '{table.name}' has no {_listed(missing)}, which "
            + " and ".join(dict.fromkeys(f"'{path.text}'" for path in rule.source.references))
            + " may be",
            f"add to the table at {table.where}, or give a default",
            "error",
        )


def _codes(rule: FieldRule) -> list[str]:
    """List the codes that a look-up may meet, if all its sources are enumerated; else none."""
    # Another function may change the code before it is looked up: then nothing can be proven.
    plain = {call.name for call in rule.source.expression.calls} <= {"lookup", "coalesce"}
    found: dict[str, None] = {}
    for path in rule.source.references:
        if path.field is None or not path.field.values or not plain:
            return []
        found.update(dict.fromkeys(path.field.values))
    return list(found)


def _tables(source: SourceExpression) -> Iterator[LookupTable]:
    for call in source.expression.calls:
        if call.name == "lookup":
            yield source.lookups[str(dict(call.constants)[0])]


def _listed(texts: Sequence[str]) -> str:
    shown = ", ".join(f"'{text}'" for text in texts[:_LISTED])
    return shown if len(texts) <= _LISTED else f"{shown} and {len(texts) - _LISTED} more"
