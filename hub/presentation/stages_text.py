"""The stages of a message, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub.presentation.printing import table
from integration_objects.property_set import PropertySet

_EVENT = ("Event Time", "Order Number", "Event", "Detail")
_OUTBOUND = ("created_at", "kind", "destination", "type", "state", "id")


def stages_lines(stages: Mapping[str, Any]) -> Iterator[str]:
    """Yield the stages line by line, each beneath its heading.

    Args:
        stages: the fields of `hub.data_manager.inspection.stages.Stages`.
    """
    yield "== as it came"
    yield stages["raw"] if stages["raw"] is not None else (stages["raw_fault"] or {}).get("what", "")
    for name in ("converted", "mapped"):
        if stages[name] is not None:
            yield f"\n== {name}"
            yield str(stages[name])
    if stages["fault"] is not None:
        fault = stages["fault"]
        yield f"\n== ends at the step {stages['fault_step']}: {fault['what']}"
        yield from (f"  {part + ':':<6} {fault[part]}" for part in ("where", "why", "mend") if fault.get(part))
    if stages["map_changed"]:
        yield "\nthe map is another one than when the message was worked: this is what it does today"
    if stages["steps"]:
        yield "\n== the run's questions"
        yield from (f"{step.question} {step.about}".rstrip() + f" -> {step.answer}" for step in stages["steps"])
    if stages["events"]:
        yield "\n== events of orders"
        yield table(_EVENT, [[event.get(name) for name in _EVENT] for event in stages["events"]])
    if stages["outbound"]:
        yield "\n== left"
        yield table(_OUTBOUND, [[row[name] for name in _OUTBOUND] for row in stages["outbound"]])


def stages_json(stages: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stages as JSON carries them: trees as their printed form."""
    told: dict[str, Any] = dict(stages)
    for name in ("converted", "mapped"):
        told[name] = str(told[name]) if isinstance(told[name], PropertySet) else None
    told["steps"] = [vars(step) for step in told["steps"]]
    told["events"] = [dict(event.properties) for event in told["events"]]
    return told
