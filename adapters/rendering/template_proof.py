"""The proof of a template: its fields, and its result for a generated object.

    error      a field that the object doesn't have; a result that is no JSON or XML, or records that break the layout
    warning    a value that the generated object lacks or that doesn't fit: the messages' values may

Spec: docs/design/integration.md, "Routes" (`orderhub check`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from adapters.rendering.generated_object import generated
from adapters.rendering.render import KeyTwice, RecordWidthWrong, ResultUnreadable, Template
from adapters.rendering.template_fields import unknown_fields
from integration_objects.definition import IntegrationObject
from integration_objects.errors import HubError, Invalid
from integration_objects.property_set import PropertySet

#: Texts of generated objects. A text field may hold numbers or dates, which the template's filters then read.
_TEXTS = ("1", "2026-01-31")
#: A text that is neither, and fits each length: a filter that reads numbers or dates doesn't take it.
_WORD = "x"
#: The numbers of instances in lists, with their words. A comma between two is seen only where there are two.
_LISTS = {1: "with one instance in each list", 0: "with empty lists", 2: "with two instances in each list"}
_BROKEN = (ResultUnreadable, RecordWidthWrong, Invalid)


@dataclass(frozen=True)
class TemplateFault:
    """A fault or a doubtful place of a template.

    Attributes:
        where: the template's file and line.
        text: the fault.
        mend: the action that the template's author can take.
        is_error: whether it is certain to fail messages.
    """

    where: str
    text: str
    mend: str
    is_error: bool


def template_faults(
    template: Template, definition: IntegrationObject, check: Callable[[bytes], object] | None = None
) -> list[TemplateFault]:
    """List the faults of a template.

    Args:
        template: compiled.
        definition: the object that it is filled with.
        check: parses the result as a receiver would, and raises Invalid; None for formats that the template checks.
    """
    unknown = unknown_fields(template.tree, definition)
    if unknown:
        return [TemplateFault(f"{template.name}:{one.line}", one.text, one.mend, is_error=True) for one in unknown]
    doubt: TemplateFault | None = None
    for instances, kind in _LISTS.items():

        def fault_with(text: str, instances: int = instances) -> HubError | None:
            return _fault(template, definition, generated(definition, text, instances), check)

        faults = [fault_with(text) for text in _TEXTS]
        if _from_values(faults):
            continue
        if all(faults):
            # The first text is the plainer one: its fault says more.
            return [_told(template, fault, kind) for fault in faults[:1] if fault is not None]
        fault = fault_with(_WORD)
        if fault is not None and doubt is None:
            doubt = _doubtful(template, fault, f"{kind} and {_WORD!r} in each text")
    # An error that another kind of object meets is told instead: it is certain.
    return [] if doubt is None else [doubt]


def _fault(
    template: Template, definition: IntegrationObject, tree: PropertySet, check: Callable[[bytes], object] | None
) -> HubError | None:
    try:
        body = template.render(tree, definition)
        if check is not None:
            check(body)
    except HubError as fault:
        return fault
    return None


def _from_values(faults: list[HubError | None]) -> bool:
    """Tell whether keys stand twice because they are made from values: those of generated instances are equal."""
    return all(isinstance(fault, KeyTwice) for fault in faults) and len({str(fault) for fault in faults}) > 1


def _told(template: Template, fault: HubError, kind: str) -> TemplateFault:
    if not isinstance(fault, _BROKEN):
        return _doubtful(template, fault, kind)
    return TemplateFault(_where(template, fault), _text(fault, kind), fault.mend or "mend the template", is_error=True)


def _doubtful(template: Template, fault: HubError, kind: str) -> TemplateFault:
    mend = "let the template take such an object too, if there are such messages; `orderhub render` tries one"
    return TemplateFault(_where(template, fault), _text(fault, kind), mend, is_error=False)


def _text(fault: HubError, kind: str) -> str:
    return f"filled with a generated object, {kind}: {fault.why or fault.what}"


def _where(template: Template, fault: HubError) -> str:
    # A parser's place is one of the result.
    return fault.where if (fault.where or "").startswith(template.name) else template.name
