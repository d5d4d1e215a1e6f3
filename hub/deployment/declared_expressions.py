"""The proof of the expressions that definitions, routes and rules declare, when they are loaded.

    error     a condition of an action alias or a trigger that isn't understood, or names a field that isn't in the
              component; a trigger value that doesn't fit its field
    warning   a bare word (a text without quotes), a comparison with NULL

Maps prove their own: `maps.check`.

Spec: docs/design/methods.md, "Delta", "Field Delta" and "Settled points", Expressions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hub.deployment.route import Route
from hub.services.old_values import compile_condition
from hub.workflow_manager.approval_rule import ApprovalRule
from hub.workflow_manager.decomposition_rule import SAME, DecompositionRule
from integration_objects.definition import Component, Definitions
from integration_objects.expression import Expression, ExpressionFault
from integration_objects.field_values import check_value
from integration_objects.nearest import nearest
from maps.check import Finding
from maps.field_rule import SourceExpression


def condition_findings(definitions: Definitions) -> list[Finding]:
    """List the findings on the conditions of the integration objects, each once, although objects share components."""
    components = (component for definition in definitions.values() for component in definition.components())
    return list(dict.fromkeys(finding for component in components for finding in _in(component)))


def route_findings(routes: Iterable[Route]) -> list[Finding]:
    """List the doubtful places in the routes' identities and keys."""
    found = [
        finding
        for route in routes
        for key, declared in (("identity", route.identity), ("key", route.key))
        if isinstance(declared, SourceExpression)
        for finding in _habits(declared.expression, route.places[key], f"route '{route.name}'")
    ]
    return list(dict.fromkeys(found))


def approval_findings(rules: Iterable[ApprovalRule]) -> list[Finding]:
    """List the doubtful places in the approval rules' conditions."""
    return [
        finding
        for rule in rules
        for key, condition in (
            ("hold order when", rule.order_condition),
            ("hold line when", rule.line_condition),
            ("hold discount when", rule.discount_condition),
        )
        if condition is not None
        for finding in _habits(condition, rule.places[key], f"approval rule '{rule.name}'")
    ]


def decomposition_findings(rules: Sequence[DecompositionRule]) -> list[Finding]:
    """List the doubtful conditions of decomposition rules, and the tasks that they wait for and nobody has."""
    found: list[Finding] = []
    known = {task.name for rule in rules for task in rule.tasks}
    for rule in rules:
        what = f"decomposition rule '{rule.name}'"
        if rule.condition is not None:
            found += _habits(rule.condition, rule.places["when"], what)
        for after in (after for task in rule.tasks for after in task.after if after.lines != SAME):
            if after.task is not None and after.task not in known:
                mend = nearest(after.task, known) or f"tasks are {', '.join(sorted(known))}"
                text = f"{what} waits for the task '{after.task}', which no rule has"
                found.append(Finding(rule.places["tasks"], text, mend, "error"))
    return found


def _in(component: Component) -> Iterator[Finding]:
    for alias in component.aliases:
        if alias.condition:
            where = alias.condition_where or alias.where
            yield from _condition(alias.condition, component, where, f"the condition of '{alias.alias}'")
    if component.trigger_condition:
        place = component.trigger_where.get("trigger condition", component.where)
        yield from _condition(component.trigger_condition, component, place, "the trigger condition")
    target = component.fields.get(component.trigger_field)
    places = component.trigger_where
    value_place = places.get("trigger value") or places.get("trigger field")
    # Without a declared value or field, the trigger writes Update into the Action Code, which fits.
    fault = check_value(target, component.trigger_value) if target is not None and value_place else None
    if fault is not None and value_place:
        text = f"the trigger value doesn't fit '{component.trigger_field}': {fault}"
        yield Finding(value_place, text, "set a value of the field's type", "error")


def _condition(text: str, component: Component, where: str, what: str) -> Iterator[Finding]:
    try:
        expression = compile_condition(text, component)
    except ExpressionFault as fault:
        place = f", {fault.where}" if fault.where else ""
        yield Finding(where, f"{what}: {fault.what}{place}: {fault.why}", fault.mend, "error")
        return
    yield from _habits(expression, where, what)


def _habits(expression: Expression, where: str, what: str) -> Iterator[Finding]:
    """Warn of forms that are allowed and seldom meant."""
    for word, column in expression.bare_words:
        text = f"{what}, column {column}: '{word}' stands without quotes"
        yield Finding(where, text, f"write '{word}'", "warning")
    for column in expression.null_comparisons:
        text = f"{what}, column {column}: a comparison with NULL is always FALSE"
        yield Finding(where, text, "write IS NULL", "warning")
