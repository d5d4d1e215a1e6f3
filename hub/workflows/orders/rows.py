"""Rows: legacy systems read orders and service profiles as rows of virtual business components. They change nothing.

Source: "e. Legacy Systems" ("Real-time read access to sales orders by legacy order management and provisioning
systems via virtual business components"); spec: docs/design/legacy.md, "Questions of legacy systems".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.database.objects.store import Wanted
from adapters.virtual_components.declaration import PARENT, AnsweredRows
from hub.workflow_manager.arguments import Argument, ArgumentWrong
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from integration_objects.complex_object import instances, walk_items
from integration_objects.component import Field
from integration_objects.errors import Refused, UnknownName
from integration_objects.expression import (
    Constant,
    Evaluator,
    Expression,
    ExpressionFault,
    FieldName,
    Reader,
    compile_expression,
    text_of,
    typed_reader,
)
from integration_objects.expression.syntax import Chain, Comparison, Node
from integration_objects.field_values import as_number
from integration_objects.names import KEY, LINE_ITEM
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet

_READ = "query"
#: instances that are read at once: headers alone, and with their line items
_PAGE, _WHOLE_PAGE = 500, 50


class RowComponentUnknown(UnknownName, Refused):
    """There is no virtual component of this name that the hub answers."""

    kind = "virtual component"
    where = "component"
    why = "the hub answers {names}"


class RowsReadOnly(Refused):
    """A legacy system asks to change a row."""

    what = "the rows of '{component}' can be read, and not be changed"
    where = "request {kind}"
    why = "orders and profiles are changed by messages and workflows, which prove them"
    mend = "send an order"


class RowsNotNamed(Refused):
    """A question names none of the fields by which rows are found."""

    what = "the question for rows of '{component}' doesn't say of which"
    where = "search, match"
    why = "expected {fields} = a value, joined by AND with all else"
    mend = "name one of these fields"


class TooManyRows(Refused):
    """A question has more rows than one answer may have."""

    what = "there are more than {most} rows of '{component}'"
    where = "search, match"
    why = "an answer has at most {most} rows, and isn't cut"
    mend = "ask for fewer: by further conditions, or by a smaller max-rows"


def rows(
    run: Run,
    component: str,
    search: str | None = None,
    match: str | None = None,
    sort: str | None = None,
    most: int | None = None,
    kind: str = _READ,
) -> Outcome:
    """Answer with the rows of a virtual component that satisfy all conditions.

    Args:
        run: the run.
        component: the name of a virtual component that the hub answers.
        search: a condition on the asker's field names, as an expression.
        match: values that fields must have, as a JSON list of [field, value].
        sort: the fields by which the rows are sorted, as a JSON list of [field, whether it descends].
        most: the most rows that the asker wants.
        kind: the kind of request; only "query" is answered.

    Raises:
        RowComponentUnknown: there is no such virtual component.
        RowsReadOnly: the request would change a row.
        RowsNotNamed: the conditions name none of the fields by which rows are found.
        TooManyRows: there are more rows than an answer may have, and the asker hasn't limited them.
    """
    answered = _answered(run, component)
    if kind != _READ:
        raise RowsReadOnly(component=component, kind=kind)
    read = _reader(run, answered)
    condition = None if search is None else compile_expression(search, read)
    pairs = [(field, value) for field, value in _pairs("match", match, str) if _known(field, answered)]
    sorts = [(field, descends) for field, descends in _pairs("sort", sort, bool) if _known(field, answered)]
    wanted = _wanted(run, answered, [*((field, value, True) for field, value in pairs), *_equalities(condition)])
    # One row more than allowed tells that there are too many.
    limit = answered.most_rows + 1 if most is None else min(most, answered.most_rows + 1)
    found: list[PropertySet] = []
    secret_names = run.secret_names()
    size = _WHOLE_PAGE if answered.of_items else _PAGE
    for page in run.pages(answered.object, wanted, size, whole=answered.of_items):
        found += [row for row in _rows_of(secret_names.masked(page), answered) if _fits(row, pairs, condition)]
        # Rows of later pages may come before these; but a row behind *limit* others is not in the answer.
        for field, descends in reversed(sorts):
            found.sort(key=lambda row: _order(row.get(field)), reverse=descends)  # used at once
        if len(found) >= limit and not (sorts and most is not None):
            break
        found = found[:limit]
    found = found[:limit]
    if len(found) > answered.most_rows:
        raise TooManyRows(component=component, most=answered.most_rows)
    return Outcome(rows=tuple(run.recorded([row.properties for row in found], "rows", component)))


def row_fields(run: Run, component: str) -> Outcome:
    """Answer with the field names of a virtual component.

    Args:
        run: the run.
        component: the name of a virtual component that the hub answers.

    Raises:
        RowComponentUnknown: there is no such virtual component.
    """
    return Outcome(rows=tuple({"field": field} for field in _answered(run, component).fields.values()))


def _answered(run: Run, component: str) -> AnsweredRows:
    declared = run.runtime.read_virtual_components()
    found = declared.get(component)
    if not isinstance(found, AnsweredRows):
        known = [each.name for each in declared.values() if isinstance(each, AnsweredRows)]
        raise RowComponentUnknown(component, known)
    return found


def _reader(run: Run, answered: AnsweredRows) -> Reader:
    """Return the reader of a row's fields, typed by the object's definition."""
    ours = {other: name for name, other in answered.fields.items()}
    root = run.definitions[answered.object].root
    fields = {**root.fields, **(root.children[LINE_ITEM].fields if answered.of_items else {})}

    def read(name: str, column: int) -> Evaluator:
        if name not in ours:
            why, mend = f"'{answered.name}' has no field '{name}'", nearest(name, ours) or "ask for its fields"
            raise ExpressionFault(why, mend, column)
        return typed_reader(name, fields[ours[name]].type, None, column)

    return read


def _known(field: str, answered: AnsweredRows) -> bool:
    if field not in answered.fields.values():
        why = f"'{answered.name}' has no field '{field}'"
        raise ExpressionFault(why, nearest(field, answered.fields.values()) or "ask for its fields", expression=field)
    return True


def _pairs(name: str, text: str | None, kind: type) -> list[tuple[str, Any]]:
    """Read a JSON list of pairs."""
    try:
        pairs = json.loads(text or "[]")
        if all(isinstance(field, str) and isinstance(value, kind) for field, value in pairs):
            return [(field, value) for field, value in pairs]
    except (ValueError, TypeError, RecursionError):
        pass
    raise ArgumentWrong(name=name, expected="a JSON list of pairs", shown=(text or "")[:200])


def _equalities(condition: Expression | None) -> Iterator[tuple[str, str, bool]]:
    """List the fields that a condition wants to have a value, whatever else it says; and whether it is a text."""
    waiting: list[Node] = [] if condition is None else [condition.tree]
    while waiting:
        match waiting.pop():
            case Chain(signs=signs, parts=parts) if all(sign == "AND" for sign, _ in signs):
                waiting += parts
            case Comparison(sign="=", parts=[FieldName() as field, Constant() as constant]):
                value = text_of(constant.value)
                if value is not None:
                    yield field.name, value, type(constant.value) is str


def _wanted(run: Run, answered: AnsweredRows, equalities: Sequence[tuple[str, str, bool]]) -> Wanted:
    """Return the part of the conditions that the database decides; all of them are tested on its rows.

    Raises:
        RowsNotNamed: no field is among them by which rows are found.
    """
    root = run.definitions[answered.object].root
    wanted = {field: value for field, value, _ in equalities}
    example = {name: wanted[answered.fields[name]] for name in answered.by if answered.fields[name] in wanted}
    if not example:
        fields = " or ".join(answered.fields[name] for name in answered.by)
        raise RowsNotNamed(component=answered.name, fields=fields)
    texts = {field: value for field, value, is_text in equalities if is_text}
    items = root.children[LINE_ITEM].fields if answered.of_items else {}
    example_beneath: dict[str, str] = {}
    for name, other in answered.fields.items():
        # A row's field is the line item's, if it has one of that name.
        field = items.get(name) or root.fields.get(name)
        if other in texts and name not in (*example, PARENT) and _is_comparable(field, texts[other]):
            (example_beneath if name in items else example)[name] = texts[other]
    return Wanted(example, LINE_ITEM, example_beneath)


def _is_comparable(field: Field | None, value: str) -> bool:
    """Tell whether the database compares a field with a value as the conditions do."""
    if field is None or field.column is None or field.type != "text" or not value:
        return False
    return field.length is None or len(value) <= field.length


def _rows_of(tree: PropertySet, answered: AnsweredRows) -> Iterator[PropertySet]:
    for instance in instances(tree):
        if not answered.of_items:
            yield _row(answered, instance.properties)
            continue
        for item, parent in walk_items(instance):
            above = {PARENT: None if parent is None else parent.get(KEY)}
            yield _row(answered, {**instance.properties, **item.properties, **above})


def _row(answered: AnsweredRows, values: Mapping[str, str | None]) -> PropertySet:
    return PropertySet("Row", properties={other: values.get(name) for name, other in answered.fields.items()})


def _fits(row: PropertySet, pairs: Sequence[tuple[str, str]], condition: Expression | None) -> bool:
    if any((row.get(field) or "") != value for field, value in pairs):
        return False
    return condition is None or condition.is_true(row)


def _order(value: str | None) -> tuple[bool, bool, Any]:
    """Order numbers as numbers, before texts; null last."""
    number = None if value is None else as_number(value)
    return value is None, number is None, number if number is not None else value or ""


_COMPONENT = Argument("component", required=True, help="A virtual component that the hub answers.", length=255)

WORKFLOWS = (
    named_workflow(
        "Rows",
        rows,
        "answer a legacy system with rows of orders or service profiles",
        _COMPONENT,
        Argument("search", help="A condition on the component's fields.", length=10_000),
        Argument("match", help="Values that fields must have: [[field, value], ...].", length=10_000),
        Argument("sort", help="Fields by which rows are sorted: [[field, whether it descends], ...].", length=10_000),
        Argument("most", "whole", help="The most rows that are wanted."),
        Argument("kind", help="The kind of request; only query is answered.", length=30),
        asks_only=True,
    ),
    named_workflow(
        "Row Fields", row_fields, "answer a legacy system with the fields of its rows", _COMPONENT, asks_only=True
    ),
)
