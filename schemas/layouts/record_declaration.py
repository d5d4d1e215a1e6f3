"""The records of a layout's declaration: how they follow each other, and the totals that they have.

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

Layouts of all kinds declare their records so.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

import re
from collections.abc import Callable

from integration_objects.declaration import DeclarationFault, Node, Parts
from schemas.layouts.layout import Check, Layout, R, RecordType
from schemas.layouts.values.dates import DateForm

#: The keys that a record has in a layout of each kind.
RECORD_KEYS = ("type", "occurs", "records", "checks")
_OCCURS = re.compile(r"([0-9]{1,9})(?:\.\.([0-9]{1,9})?)?")
_CHECK = re.compile(r"count [^\s/]+|sum [^\s/]+/[^\s/]+")

#: Makes the description of a record from the node of its name and from its parts.
MakeRecord = Callable[[Node, Parts], R]


def read_record_types(node: Node, make: MakeRecord[R], keys: tuple[str, ...] = ()) -> tuple[RecordType[R], ...]:
    """Read `records` with the records beneath them.

    Args:
        node: the mapping of records by name.
        make: makes the description of one record.
        keys: the keys that a record of this kind of layout has besides.

    Raises:
        DeclarationFault: with file and line.
    """
    return _types_in(node, make, (*RECORD_KEYS, *keys), {})


def _types_in(
    node: Node, make: MakeRecord[R], keys: tuple[str, ...], seen: dict[str, str]
) -> tuple[RecordType[R], ...]:
    types: list[RecordType[R]] = []
    if not node.items():
        raise node.fault("there is no record", "a file has records of at least one type", mend="name the records")
    for key, value in node.items():
        parts = value.mapping(optional=keys)
        record = make(key, parts)
        if record.name in seen:
            raise key.twice("record", seen[record.name])
        seen[record.name] = key.where
        least, most = _occurs(parts)
        beneath = _types_in(parts["records"], make, keys, seen) if "records" in parts else ()
        checks = tuple(_check(field, rule) for field, rule in parts.entries("checks"))
        types.append(RecordType(record, parts.text("type", ""), least, most, beneath, checks, key.where))
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


def read_date_form(node: Node, first_year: Node | None) -> DateForm:
    """Read a form of dates; *first_year* is the first of the hundred years that YY stands for."""
    try:
        return DateForm(node.text(), first_year.whole() if first_year else None)
    except ValueError as error:
        raise node.fault(
            "this is no form of dates", str(error), mend="write it so: DD.MM.YYYY, YYYYMMDD, YYYY-MM-DDThh:mm:ss"
        ) from error


def prove_records(layout: Layout[R], key: str, given: Parts, whole: Node) -> None:
    """Prove that records can be told apart, and that checks name records and fields.

    Args:
        layout: the layout.
        key: the key of the field that tells records apart: "type field".
        given: the keys of `layout`.
        whole: the value of `layout`.
    """
    every = layout.by_name
    varying = [each for each in layout.types if each.least != each.most]
    has_places = len(varying) <= 1 and not any(each.beneath for each in layout.types)
    if len(every) > 1 and not layout.type_field and not has_places:
        raise whole.fault(
            f"nothing tells the {len(every)} records apart",
            f"a {key.removeprefix('type ')} with the record's type is needed, unless all records but one have a fixed "
            "number, and none stands beneath another",
            mend=f"add '{key}: ...'",
        )
    if layout.type_field:
        _prove_types(layout, given[key])
    for each in every.values():
        for check in each.checks:
            _prove_check(each, check, every)


def _prove_types(layout: Layout[R], node: Node) -> None:
    types: dict[str, RecordType[R]] = {}
    for each in layout.every_type():
        if each.type in types:
            raise DeclarationFault(
                f"the type '{each.type}' is that of two records",
                where=each.where,
                why=f"{types[each.type].name} has it, too",
                mend="give each record the text that its type field holds",
            )
        types[each.type] = each
        if each.record.field_type(layout.type_field) is None:
            raise node.unknown(f"field of {each.name}", each.record.field_names())


def _prove_check(type: RecordType[R], check: Check, every: dict[str, RecordType[R]]) -> None:
    counted = every.get(check.record)
    if check.record != "all" and counted is None:
        raise DeclarationFault(
            f"the check of {check.field} names no record", where=check.where, mend=f"known: {', '.join(every)}"
        )
    wanted = [(type, check.field)] + ([(counted, check.summed)] if check.summed and counted else [])
    for each, name in wanted:
        compared = each.record.field_type(name)
        if compared != "number":
            raise DeclarationFault(
                f"the record {each.name} has no {'number' if compared else 'field'} {name}",
                where=check.where,
                why="a check compares numbers that stand once in their records",
                mend="name a field of the record",
            )
