"""The console's first page: components, ledger, rates, ages, and alarms, each one click from its cause."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.access import rights
from hub.access.user import ActionObject
from hub.data_manager.status import status_of
from hub.presentation.flow_drawing import FlowStep, flow_drawing, flow_summary
from hub.web.addresses import with_query
from hub.web.console.page import (
    ConsoleAction,
    ConsolePage,
    Done,
    Looking,
    Shown,
    columns,
    details,
    found,
    reason_asked,
    row,
    step,
    table,
)
from hub.web.views import ActionView, DrawingView, PartView, RowView

#: minutes of the flow that are drawn
_MINUTES = 60
_ADDRESS = "/console"
_ALARMS = columns(sentence="Alarm", kind="Kind", since=("Since", "time"))
_COMPONENTS = columns(name="Component", state=("State", "status"), why="Why", since=("Since", "time"))
_LEDGER = columns(
    received="Received",
    final="Final",
    in_flight="In flight",
    duplicates="Repeats",
    deliveries="Counted by the doors",
    agrees="Both sides",
    rate="Received in the last hour",
)
_STATES = columns(state=("State", "status"), count=("Messages", "number"), oldest=("Oldest since", "time"))
_LEAVING = columns(destination="Waits for", waiting=("Messages", "number"), oldest=("Since", "time"), why="Why")


def _show(looking: Looking) -> Shown:
    transaction = looking.transaction
    state = status_of(transaction, transaction.open_hub.deployment)
    steps = _flow(looking)
    may_see = looking.may(rights.SEE_MESSAGES)
    return Shown(
        "The hub at work",
        (
            _alarms(state),
            _ledger(state, steps),
            _states(state, linked=may_see),
            _components(state),
            _leaving(state, linked=may_see),
        ),
        (DrawingView("flow", "The last hour", flow_drawing(steps, "minute"), flow_summary(steps, "minute")),),
    )


def _alarms(state: Mapping[str, Any]) -> PartView:
    rows = [
        row(_ALARMS, alarm, {"sentence": address} if (address := _cause(alarm)) else {}) for alarm in state["alarms"]
    ]
    return table("alarms", "Alarms", _ALARMS, rows, empty="Nothing needs a person.")


def _cause(alarm: Mapping[str, Any]) -> str | None:
    """Return the address at which an alarm's cause is found."""
    about: Mapping[str, str] = alarm["about"]
    if alarm["kind"] in ("parked", "retrying"):
        return with_query("/console/messages", about)
    if alarm["kind"] in ("outbox", "set aside"):
        return with_query("/console/outbound", about)
    if alarm["kind"] == "job":
        return f"/console/jobs/{step(about['job'])}"
    if alarm["kind"] == "batch":
        return with_query("/console/messages", about)
    pages = {"feed": "/console/feeds", "fallout": "/console/fallout", "component": f"{_ADDRESS}#components"}
    return pages.get(alarm["kind"])


def _ledger(state: Mapping[str, Any], steps: Sequence[FlowStep]) -> PartView:
    messages = state["messages"]
    in_flight = sum(number for name, number in messages["states"].items() if name in ("received", "retrying", "parked"))
    values = {
        "received": messages["received"],
        "final": messages["received"] - in_flight,
        "in_flight": in_flight,
        "duplicates": messages["duplicates"],
        "deliveries": state["doors"]["deliveries"],
        "agrees": "agree" if state["doors"]["agrees"] else "DIFFER",
        "rate": sum(each.ended + each.open for each in steps),
    }
    return details("ledger", "The ledger: received = final + in flight", _LEDGER, values)


def _states(state: Mapping[str, Any], *, linked: bool) -> PartView:
    messages = state["messages"]
    rows = [
        row(
            _STATES,
            {"state": name, "count": number, "oldest": messages["oldest"].get(name)},
            {"state": with_query("/console/messages", {"state": name})} if linked else {},
        )
        for name, number in messages["states"].items()
    ]
    return table("states", "Messages", _STATES, rows)


def _components(state: Mapping[str, Any]) -> PartView:
    def rows() -> Iterator[RowView]:
        for component in state["components"]:
            yield row(_COMPONENTS, component, {"name": f"/console/components/{step(component['name'])}"})

    return table("components", "Components", _COMPONENTS, rows())


def _leaving(state: Mapping[str, Any], *, linked: bool) -> PartView:
    rows = []
    for waiting in state["outbox"]:
        address = with_query("/console/outbound", {"destination": waiting["destination"], "state": "waiting"})
        values = {**waiting, "why": (waiting["error"] or {}).get("reason")}
        rows.append(row(_LEAVING, values, {"destination": address} if linked else {}))
    return table("outbox", "Waiting to leave", _LEAVING, rows, empty="Every message has left.")


def _flow(looking: Looking) -> list[FlowStep]:
    """Return the flow of the last hour, minute by minute."""
    now = datetime.datetime.fromisoformat(looking.transaction.open_hub.surroundings.now())
    first = now.replace(second=0, microsecond=0) - datetime.timedelta(minutes=_MINUTES - 1)
    minutes = [(first + datetime.timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M") for number in range(_MINUTES)]
    counted: dict[str, list[int]] = {minute: [0, 0, 0] for minute in minutes}
    for came, ended, number in looking.transaction.messages.overview.flow(minutes[0], "minute"):
        if came in counted:
            step_of = counted[came]
            step_of[1 if ended is None else 0] += number
            took = 0 if ended is None else _minutes_between(came, ended)
            step_of[2] = max(step_of[2], took)
    return [FlowStep(minute[-5:], *counted[minute]) for minute in minutes]


def _minutes_between(came: str, ended: str) -> int:
    start, end = (datetime.datetime.fromisoformat(text) for text in (came, ended))
    return max(0, int((end - start).total_seconds() // 60))


def _component(looking: Looking) -> Shown:
    known = _state_of(looking)
    return Shown(
        f"Component {known['name']}",
        (details("component", "State", _COMPONENTS, known),),
        actions=("pause",) if known["state"] == "running" else ("resume",),
        links=(
            ActionView(
                "messages",
                "Its messages",
                with_query("/console/messages", {"route": known["name"].removeprefix("route:").removeprefix("feed ")}),
            ),
        ),
        help="A paused route works no message; from a broker's queue it takes none in. What has come in waits.",
    )


def _state_of(looking: Looking) -> dict[str, Any]:
    transaction, name = looking.transaction, looking.parameters["component"]
    found(name if name in transaction.open_hub.deployment.components else None)
    kept = {each["name"]: each for each in transaction.messages.control.components()}
    return {"name": name, "state": "running", "why": None, "since": None, **kept.get(name, {})}


def _pause(looking: Looking, answers: Mapping[str, str]) -> Done:
    name = _state_of(looking)["name"]
    looking.transaction.messages.control.pause(name, f"paused by {looking.user.name}: {answers.get('reason', '')}")
    return Done(f"/console/components/{step(name)}", about=ActionObject("component", name))


def _resume(looking: Looking, answers: Mapping[str, str]) -> Done:
    name = _state_of(looking)["name"]
    looking.transaction.messages.control.resume(name)
    return Done(f"/console/components/{step(name)}", about=ActionObject("component", name))


PAGES = (
    ConsolePage("console", _ADDRESS, rights.SEE_COMPONENTS, _show, menu="Console", menu_order=900),
    ConsolePage(
        "console_component",
        "/console/components/{component}",
        rights.SEE_COMPONENTS,
        _component,
        actions=(
            ConsoleAction("pause", "Pause", (rights.OPERATE_COMPONENTS,), reason_asked, _pause),
            ConsoleAction("resume", "Resume", (rights.OPERATE_COMPONENTS,), reason_asked, _resume),
        ),
    ),
)
