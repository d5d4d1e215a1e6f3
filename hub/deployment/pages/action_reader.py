"""Reads the actions of a page: the workflows that people can ask for there.

Spec: docs/web_pages.md, "Actions".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import get_args

from hub.deployment.pages.draft import Section, entries_of
from hub.deployment.pages.page import (
    OUTCOMES,
    AccessChange,
    Action,
    Asked,
    Choices,
    Part,
    Question,
    Target,
)
from hub.deployment.pages.part_reader import (
    arguments_proven,
    condition_at,
    fields_of_object,
    read_example,
    workflow_at,
)
from hub.deployment.pages.value_reader import Known, read_nested, read_target, read_value, right_at
from hub.workflow_manager.workflow import Workflow
from integration_objects.component import Field
from integration_objects.declaration import DeclaredNameUnknown, Node
from integration_objects.definition import Definitions
from integration_objects.expression import Expression

#: the key of an action whose form is a configurator, and the arguments that its workflow must take
CONFIGURES = "configures"
PAGE_CONDITION = "page condition"
CONFIGURED = (frozenset(("line",)), frozenset(("account", "root")))
ACTION_KEYS = (
    *("label", "right", "workflow", "on", "of", "roots only", "unchanged", "condition", "arguments", "asks", "next"),
    *("help", "leads to", CONFIGURES, PAGE_CONDITION, "rehearsed", "refusals", "access"),
)
#: the key of an action that leads to a page, and the keys that such an action has no use for
LEADS_TO = "leads to"
OF_WORKFLOWS = ("workflow", "arguments", "asks", "next", "unchanged", "help")
ASKED_KEYS = ("label", "kind", "required", "value", "values", "choices", "help")
CHOICES_KEYS = ("object", "where", "value", "label")
QUESTIONS, CHANGES = get_args(Question), get_args(AccessChange)
#: the argument of a change of access
THIRD_PARTY = "third-party"


class ActionReader:
    """Reads the actions of one page."""

    def __init__(
        self,
        sections: Mapping[str, Section],
        parts: Mapping[str, Part],
        fields: Mapping[str, Mapping[str, Field] | None],
        definitions: Definitions,
        workflows: Mapping[str, Workflow],
        parameters: Collection[str],
    ) -> None:
        self._sections = sections
        self._parts = parts
        self._fields = fields
        self._definitions = definitions
        self._workflows = workflows
        self._parameters = parameters

    def actions(self) -> dict[str, Action]:
        """Read all actions."""
        return {name: self._action(name, section) for name, section in self._sections.items()}

    def _action(self, name: str, section: Section) -> Action:
        node, keys = section.node, section.keys
        for key in ("label", "right") if LEADS_TO in keys or "access" in keys else ("label", "right", "workflow"):
            if key not in keys:
                raise node.fault(f"the key '{key}' is missing", mend=f"add '{key}: ...'")
        node.mapping(optional=ACTION_KEYS)
        for key in OF_WORKFLOWS if LEADS_TO in keys else ():
            if key in keys:
                raise keys[key].fault(
                    f"an action that leads to a page has no '{key}'", mend=f"take '{key}' or '{LEADS_TO}' away"
                )
        part, subject = self._part_at(section, "on"), self._part_at(section, "of")
        if part and not self._parts[part].key:
            raise keys["on"].fault(
                f"nobody can tell the rows of '{part}' apart", mend=f"add `key:` to the part '{part}'"
            )
        fields = self._fields[part or subject] if part or subject else {}
        row = Known(self._parameters, fields, self._fields)
        asks = {each: self._asked(each, below, row) for each, below in entries_of(section, "asks").items()}
        leads_to = read_target(keys[LEADS_TO], row) if LEADS_TO in keys else None
        workflow = None if leads_to is not None or "access" in keys else workflow_at(keys["workflow"], self._workflows)
        answers = Known([*self._parameters, *asks], fields, self._fields)
        given = entries_of(section, "arguments")
        if workflow is not None:
            arguments_proven(node, given, workflow)
        elif "access" in keys and list(given) != [THIRD_PARTY]:
            raise node.fault(
                f"the action '{name}' names no third party", mend=f'write `arguments: {{{THIRD_PARTY}: "[name]"}}`'
            )
        if keys.flag(CONFIGURES):
            _prove_configures(keys[CONFIGURES], given, workflow)
        return Action(
            name,
            keys["label"].text(),
            right_at(keys["right"]),
            "" if workflow is None else workflow.command,
            part,
            {each: read_nested(below, answers) for each, below in given.items()},
            asks,
            condition_at(keys["condition"], fields) if "condition" in keys else None,
            subject,
            keys.flag("roots only"),
            self._part_at(section, "unchanged"),
            keys.flag("rehearsed"),
            {error.text(): sentence.text() for error, sentence in keys.entries("refusals")},
            keys["access"].choice(*CHANGES) if "access" in keys else "",  # type: ignore[arg-type]  # proven by `choice`
            self._next(section),
            keys.text("help", ""),
            node.where,
            leads_to,
            keys.flag(CONFIGURES),
            self._page_condition(section, subject),
        )

    def _page_condition(self, section: Section, subject: str) -> Expression | None:
        if PAGE_CONDITION not in section.keys:
            return None
        node = section.keys[PAGE_CONDITION]
        if not subject:
            raise node.fault(
                f"`{PAGE_CONDITION}` is on no part", mend="add `of: ...`, the part whose first row it reads"
            )
        return condition_at(node, self._fields[subject])

    def _part_at(self, section: Section, key: str) -> str:
        name = section.keys.text(key, "")
        if name and name not in self._parts:
            raise section.keys[key].unknown("part", self._parts)
        return name

    def _asked(self, name: str, node: Node, known: Known) -> Asked:
        keys = node.mapping(required=("label",), optional=ASKED_KEYS)
        kind = keys["kind"].choice(*QUESTIONS) if "kind" in keys else "text"
        if kind == "choice" and ("values" in keys) == ("choices" in keys):
            raise node.fault(f"the question '{name}' has no choices", mend="give one of `values` and `choices`")
        return Asked(
            name,
            keys["label"].text(),
            kind,  # type: ignore[arg-type]  # proven by `choice`
            keys.flag("required"),
            read_value(keys["value"], known) if "value" in keys else None,
            keys.texts("values"),
            self._choices(keys["choices"], known) if "choices" in keys else None,
            keys.text("help", ""),
        )

    def _choices(self, node: Node, known: Known) -> Choices:
        keys = node.mapping(required=("object", "value", "label"), optional=CHOICES_KEYS)
        fields = fields_of_object(keys["object"], self._definitions)
        for key in ("value", "label"):
            if keys[key].text() not in fields:
                raise keys[key].unknown("field", fields)
        example = read_example(keys, fields, known)
        return Choices(keys["object"].text(), example, keys["value"].text(), keys["label"].text())

    def _next(self, section: Section) -> dict[str, Target]:
        targets = {}
        for outcome, node in entries_of(section, "next").items():
            if outcome not in OUTCOMES:
                raise DeclaredNameUnknown(outcome, OUTCOMES, kind="outcome", where=node.where)
            # The outcome's object is known when the workflow has run: its fields are looked up then.
            targets[outcome] = read_target(node, Known(self._parameters, None, self._fields))
        return targets


def _prove_configures(node: Node, given: Collection[str], workflow: Workflow | None) -> None:
    """Refuse a configurator for a workflow that takes no requests on a line, or that gets requests of its own."""
    taken = () if workflow is None else {argument.name for argument in workflow.arguments}
    names_item = any(named <= set(given) for named in CONFIGURED)
    if "requests" not in taken or "requests" in given or not names_item:
        raise node.fault(
            "there is nothing to configure here",
            "expected a workflow with requests, and as its arguments a `line`, or `account` and `root`, not `requests`",
            mend="name edit-quote-line-item, edit-order-line-item or modify",
        )
