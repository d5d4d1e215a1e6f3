"""Reads the parts of a page: its display objects.

Spec: docs/web_pages.md, "Parts".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import get_args

from hub.deployment.pages.draft import Section, entries_of
from hub.deployment.pages.page import ACCESS_COLUMNS, Form, Look, Part, ShownField, Value
from hub.deployment.pages.value_reader import Known, read_target, read_value, read_values, right_at
from hub.workflow_manager.named_workflow import WorkflowUnknown, workflow_named
from hub.workflow_manager.workflow import Workflow
from integration_objects.component import Component, Field
from integration_objects.declaration import DeclaredNameUnknown, Node, Parts
from integration_objects.definition import Definitions
from integration_objects.expression import Expression, ExpressionFault, compile_expression, field_reader, typed_reader
from integration_objects.expression.syntax import Evaluator
from integration_objects.names import LINE_ITEM
from maps.functions import FUNCTIONS

PART_KEYS = (
    *("heading", "as", "object", "component", "where", "workflow", "arguments", "fields", "key", "account"),
    *("group by", "sort", "tab", "right", "most", "empty", "condition", "public", "help"),
    *("optional arguments", "hide empty"),
    *("access", "may refuse"),
)
FIELD_KEYS = ("label", "as", "right", "link", "help", "words")
LOOKS, FORMS = get_args(Look), get_args(Form)
#: the look of a part that shows what lines change
CHANGES = "changes"
#: rows that a part may show at most
MOST_ROWS = 2_000

#: the way in which a value of a field is written, by the field's type
_FORMS: Mapping[str, Form] = {"number": "number", "date": "day", "flag": "flag", "text": "text"}


def fields_of_object(node: Node, definitions: Definitions) -> Mapping[str, Field]:
    """Return the header's fields of the integration object that is named at *node*.

    Raises:
        DeclaredNameUnknown: there is no such object.
    """
    if node.text() not in definitions:
        raise node.unknown("integration object", definitions)
    return definitions[node.text()].root.fields


def read_example(keys: Parts, fields: Collection[str], known: Known) -> dict[str, Value]:
    """Read the key ``where``: the values that fields of an object must have; none without the key.

    Raises:
        DeclarationFault: it names a field that isn't there, or a value refers to something that isn't there.
    """
    example = {}
    for field, value in keys.entries("where"):
        if field.text() not in fields:
            raise field.unknown("field", fields)
        example[field.text()] = read_value(value, known)
    return example


def workflow_at(node: Node, workflows: Mapping[str, Workflow]) -> Workflow:
    """Return the workflow that is named at *node*.

    Raises:
        DeclaredNameUnknown: there is none that can be asked for.
    """
    try:
        return workflow_named(workflows, node.text())
    except WorkflowUnknown as unknown:
        names = [workflow.command for workflow in workflows.values() if workflow.asked_by_name]
        raise DeclaredNameUnknown(node.text(), names, kind="workflow", where=node.where) from unknown


def arguments_proven(node: Node, given: Mapping[str, Node], workflow: Workflow) -> None:
    """Refuse arguments that a workflow doesn't take, and required ones that are missing.

    Raises:
        DeclarationFault: at the argument, or at *node*.
    """
    known = {argument.name: argument for argument in workflow.arguments}
    for name, value in given.items():
        if name not in known:
            raise DeclaredNameUnknown(name, known, kind=f"argument of '{workflow.command}'", where=value.where)
    for name, argument in known.items():
        if argument.required and name not in given:
            raise node.fault(
                f"'{workflow.command}' needs the argument '{name}'",
                f"it takes {', '.join(known)}",
                mend=f"add {name} to `arguments`",
            )


def condition_at(node: Node, fields: Mapping[str, Field] | None) -> Expression:
    """Read a condition on a row; the fields of a workflow's rows, None, are texts.

    Raises:
        DeclarationFault: it isn't understood, or reads a field that isn't there.
    """
    if fields is None:

        def read(name: str, column: int) -> Evaluator:
            return typed_reader(name, "text", None, column)

    else:
        read = field_reader(Component("row", dict(fields)))
    try:
        return compile_expression(node.text(), read, FUNCTIONS)
    except ExpressionFault as fault:
        raise node.fault(fault.what, f"{fault.where}: {fault.why}" if fault.where else fault.why, mend=fault.mend)  # noqa: B904


class PartReader:
    """Reads the parts of one page, in their turn: a part may use those before it.

    Attributes:
        fields: the fields of the rows of each part that is read, by the part's name; None where they aren't known.
    """

    def __init__(
        self,
        sections: Mapping[str, Section],
        definitions: Definitions,
        workflows: Mapping[str, Workflow],
        known: Known,
    ) -> None:
        self._sections = sections
        self._definitions = definitions
        self._workflows = workflows
        self._parameters = known.parameters
        self.fields: dict[str, Mapping[str, Field] | None] = {}

    def parts(self) -> dict[str, Part]:
        """Read all parts."""
        return {name: self._part(name, section) for name, section in self._sections.items()}

    def _part(self, name: str, section: Section) -> Part:
        node, keys = section.node, section.keys
        node.mapping(optional=PART_KEYS)
        known = Known(self._parameters, (), self.fields)
        workflow = workflow_at(keys["workflow"], self._workflows) if "workflow" in keys else None
        access = keys["access"].choice(*ACCESS_COLUMNS) if "access" in keys else ""
        given = {key.text(): value for key, value in keys.entries("arguments")}
        if workflow is None and not access and "object" not in keys:
            raise node.fault(
                f"the part '{name}' shows nothing",
                "it names neither an integration object nor a workflow",
                mend="add `object: ...`, `workflow: ...` or `access: ...`",
            )
        if workflow is not None:
            arguments_proven(node, given, workflow)
            if not workflow.asks_only:
                raise keys["workflow"].fault(
                    f"'{workflow.command}' may change something",
                    "a page that is looked at must change nothing",
                    mend="name a workflow that only reads, or make it an action",
                )
        self._prove_changes(section)
        fields = self._fields_of(section, workflow)
        self.fields[name] = fields
        shown = {field: self._shown(field, value, fields) for field, value in entries_of(section, "fields").items()}
        return Part(
            name,
            keys.text("heading", name.replace("_", " ").capitalize()),
            keys["as"].choice(*LOOKS) if "as" in keys else "list",  # type: ignore[arg-type]  # proven by `choice`
            keys.text("object", ""),
            keys.text("component", ""),
            self._example(section, known),
            "" if workflow is None else workflow.command,
            read_values(given, known),
            shown,
            self._field(section, "key", fields),
            self._field(section, "account", fields),
            self._field(section, "group by", fields),
            self._sort(section, fields),
            keys.text("tab", ""),
            right_at(keys["right"]) if "right" in keys else "",
            self._most(section),
            keys.text("empty", ""),
            condition_at(keys["condition"], fields) if "condition" in keys else None,
            keys.flag("public"),
            keys.flag("optional arguments"),
            keys.flag("hide empty"),
            access,  # type: ignore[arg-type]  # proven by `choice`
            keys.flag("may refuse"),
            keys.text("help", ""),
            node.where,
        )

    def _prove_changes(self, section: Section) -> None:
        """Refuse a part that shows changes of something that has no actions, or of single lines of it."""
        keys = section.keys
        if keys.text("as", "") != CHANGES:
            return
        if keys.text("component", "") != LINE_ITEM:
            raise keys["as"].fault(f"`as: {CHANGES}` shows line items", mend=f"add `component: {LINE_ITEM}`")
        for key in ("condition", "sort", "group by"):
            if key in keys:
                raise keys[key].fault(f"`as: {CHANGES}` shows whole objects", mend=f"take `{key}` away")

    def _fields_of(self, section: Section, workflow: Workflow | None) -> Mapping[str, Field] | None:
        """Return the fields of the part's rows; None where a workflow doesn't say the columns of its rows."""
        keys = section.keys
        if "access" in keys:
            return {column: Field(column) for column in ACCESS_COLUMNS[keys["access"].text()]}
        if "object" not in keys:
            columns = () if workflow is None else workflow.columns
            return {column: Field(column) for column in columns} or None
        fields = fields_of_object(keys["object"], self._definitions)
        if "component" not in keys:
            return fields
        definition = self._definitions[keys["object"].text()]
        components = {component.name: component for component in definition.components()}
        if keys["component"].text() not in components:
            raise keys["component"].unknown("component", components)
        return components[keys["component"].text()].fields

    def _example(self, section: Section, known: Known) -> dict[str, Value]:
        keys = section.keys
        if "object" not in keys:
            return {}
        return read_example(keys, fields_of_object(keys["object"], self._definitions), known)

    def _shown(self, name: str, node: Node, fields: Mapping[str, Field] | None) -> ShownField:
        if fields is not None and name not in fields:
            raise DeclaredNameUnknown(name, fields, kind="field", where=node.where)
        type = "text" if fields is None else fields[name].type
        if node.kind == "scalar":
            return ShownField(name, node.text(), _FORMS[type])
        keys = node.mapping(required=("label",), optional=FIELD_KEYS)
        known = Known(self._parameters, fields, {})
        return ShownField(
            name,
            keys["label"].text(),
            keys["as"].choice(*FORMS) if "as" in keys else _FORMS[type],  # type: ignore[arg-type]  # proven by `choice`
            right_at(keys["right"]) if "right" in keys else "",
            read_target(keys["link"], known) if "link" in keys else None,
            keys.text("help", "") or ("" if fields is None else fields[name].help),
            {value.text(): words.text() for value, words in keys.entries("words")},
        )

    def _field(self, section: Section, key: str, fields: Mapping[str, Field] | None) -> str:
        name = section.keys.text(key, "")
        if name and fields is not None and name not in fields:
            raise section.keys[key].unknown("field", fields)
        return name

    def _sort(self, section: Section, fields: Mapping[str, Field] | None) -> tuple[tuple[str, bool], ...]:
        sort = []
        for node in section.keys["sort"].sequence() if "sort" in section.keys else ():
            name = node.text().removeprefix("-")
            if fields is not None and name not in fields:
                raise DeclaredNameUnknown(name, fields, kind="field", where=node.where)
            sort.append((name, node.text().startswith("-")))
        return tuple(sort)

    def _most(self, section: Section) -> int:
        if "most" not in section.keys:
            return 100
        node = section.keys["most"]
        if not 1 <= node.whole() <= MOST_ROWS:
            raise node.fault(f"{node.text()} rows can't be shown", mend=f"give 1 to {MOST_ROWS}")
        return node.whole()
