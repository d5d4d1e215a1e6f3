"""The console's messages: the list with its filters in the address, a message, its content, the road of an order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adapters.database.messages.inbox_row import InboxRow
from adapters.database.messages.message_filter import MessageFilter
from adapters.database.messages.message_keys import MessageKey
from adapters.database.schema.hub_tables import STATES
from hub.access import rights
from hub.data_manager.inspection.journey import JourneyStep, journey_of
from hub.data_manager.inspection.stages import Stages, events_of, stages_of
from hub.data_manager.inspection.why import why
from hub.data_manager.workflow_run import ask_workflow
from hub.presentation.road_drawing import RoadBox, road_drawing, road_summary
from hub.web.addresses import with_query
from hub.web.console.choosing import INBOUND_ACTIONS, ONE_MESSAGE_ACTIONS, chosen_by
from hub.web.console.page import ConsolePage, Looking, Shown, columns, details, found, row, step, table
from hub.web.views import ActionView, DrawingView, PartView, TextView
from hub.workflow_manager.named_workflow import request, workflow_named
from hub.workflow_manager.origin import Origin
from integration_objects.errors import HubError, Refused

#: messages of a page
PAGE = 50
_LISTED = columns(
    received_at=("Received", "time"),
    state=("State", "status"),
    route="Route",
    sender="Sender",
    message_id="Message id",
    reason="Reason",
    attempts=("Attempts", "number"),
    final_at=("Ended", "time"),
)
_MESSAGE = columns(
    state=("State", "status"),
    route="Route",
    sender="Sender",
    message_id="Message id",
    identity="Identity",
    correlation_id="Correlation id",
    key="Ordering key",
    type="Type",
    content_type="Content type",
    size=("Bytes", "number"),
    source="Source",
    received_at=("Received", "time"),
    due_at=("Due", "time"),
    final_at=("Ended", "time"),
    attempts=("Attempts", "number"),
    replays=("Replays", "number"),
    repeats=("Repeats", "number"),
    waits_for="Waits for",
    map="Map",
    map_version="Version of the map",
)
_ERROR = columns(reason="Reason", what="What", where="Where", why="Why", mend="What to do")
_KEYS = columns(kind="Kind", value="Key")
_OUTBOUND = columns(
    created_at=("Written", "time"), kind="Kind", destination="Destination", type="Type", state=("State", "status")
)
_JOURNEY = columns(
    at=("Time", "time"), direction="In or out", place="Place", kind="Kind", state=("State", "status"), reason="Reason"
)
_JOBS = columns(id="Job", action="Action", item_state=("This message", "status"), reason="Reason", started_by="By")
_EVENTS = columns(at=("Time", "time"), order="Order", event="Event", detail="Detail")
_STEPS = columns(question="Question", about="About", answer="Answer")
_WHY = columns(component="Component", field="Field", value="Value", where="Map's line", source="Source")
#: the filters of the list, with their labels
FILTERS = {
    "state": "State",
    "route": "Route",
    "sender": "Sender",
    "reason": "Reason",
    "since": "Since",
    "until": "Until",
    "order": "Order",
    "account": "Account",
    "integration-id": "Integration Id",
    "service-id": "Number of a service",
    "batch": "",
    "before": "",
}


def _list(looking: Looking) -> Shown:
    messages = looking.transaction.messages
    rows = messages.listing(chosen_by(looking), PAGE + 1, looking.number("before"))
    shown = rows[:PAGE]
    links = [row(_LISTED, each, {"received_at": f"/console/messages/{step(each['id'])}"}) for each in shown]
    older = []
    if len(rows) > PAGE:
        query = {name: looking.parameters.get(name) for name in FILTERS} | {"before": str(shown[-1]["seq"])}
        older.append(ActionView("older", "Older messages", with_query("/console/messages", query)))
    help = f"States are {', '.join(STATES)}; several with commas. Times as 2026-01-31 or 2026-01-31T12:00Z."
    return Shown("Messages", (table("messages", "Messages", _LISTED, links),), links=older, help=help)


def row_of(looking: Looking) -> InboxRow:
    """Return the message of the address.

    Raises:
        NothingThere: there is none.
    """
    row: InboxRow = found(looking.transaction.messages.inbox.row(looking.parameters["message"]))
    return row


def _message(looking: Looking) -> Shown:
    transaction, message = looking.transaction, row_of(looking)
    record = transaction.messages.show(message.id) or {}
    keys = transaction.messages.message_keys.of(message.seq)
    steps = journey_of(transaction, message.id, message.seq)
    parts = [details("message", "Message", _MESSAGE, record)]
    if message.error:
        # The other words of an error may quote the message.
        told = message.error if looking.may(rights.SEE_MESSAGE_BODIES) else {"reason": message.error.get("reason")}
        parts.append(details("error", "Why", _ERROR, told))
    parts += [
        _outbound(record.get("outbound", ())),
        _events(transaction, message),
        _journey(steps),
        _keys(keys),
        _jobs(looking, message.id),
    ]
    links = []
    if looking.may(rights.SEE_MESSAGE_BODIES):
        links.append(ActionView("content", "Content and stages", f"/console/messages/{step(message.id)}/content"))
    return Shown(
        f"Message {message.message_id or message.id}",
        [part for part in parts if part.rows or part.look == "details"],
        (_road(steps, message.id),),
        actions=[action.name for action in ONE_MESSAGE_ACTIONS if message.state in action.states],
        links=links,
    )


def _road(steps: Sequence[JourneyStep], chosen: str) -> DrawingView:
    boxes = [
        RoadBox(each.id, each.place, f"{each.kind}, {each.at[:19].replace('T', ' ')}", each.state,
                each.direction == "in", each.because_of, each.answers)
        for each in steps
    ]  # fmt: skip
    return DrawingView("road", "The road", road_drawing(boxes, chosen), road_summary(boxes))


def _outbound(rows: Iterable[Mapping[str, Any]]) -> PartView:
    shown = [row(_OUTBOUND, each, {"created_at": f"/console/outbound/{step(each['id'])}"}) for each in rows]
    return table("outbound", "Left because of it", _OUTBOUND, shown)


def _journey(steps: Iterable[JourneyStep]) -> PartView:
    rows = [row(_JOURNEY, vars(each), {"at": _address(each)}) for each in steps]
    return table("journey", "Its journey", _JOURNEY, rows)


def _address(each: JourneyStep) -> str:
    return f"/console/{'messages' if each.direction == 'in' else 'outbound'}/{step(each.id)}"


def _keys(keys: Sequence[MessageKey]) -> PartView:
    rows = [
        row(_KEYS, {"kind": key.kind, "value": key.value},
            {"value": with_query("/console/messages", {key.kind.replace(" ", "-"): key.value})})
        for key in keys
    ]  # fmt: skip
    return table("keys", "What it is about", _KEYS, rows)


def _jobs(looking: Looking, message: str) -> PartView:
    jobs = looking.transaction.messages.jobs.of_message(message)
    rows = [row(_JOBS, job, {"id": f"/console/jobs/{step(job['id'])}"}) for job in jobs]
    return table("jobs", "Jobs", _JOBS, rows)


def _events(transaction: Any, message: InboxRow) -> PartView:
    names = {"at": "Event Time", "order": "Order Number", "event": "Event", "detail": "Detail"}
    rows = [
        row(_EVENTS, {name: event.get(field) for name, field in names.items()})
        for event in events_of(transaction, message)
    ]
    return table("events", "Events of orders", _EVENTS, rows)


def _content(looking: Looking) -> Shown:
    message = row_of(looking)
    stages = stages_of(looking.transaction, message, with_body=True)
    parts = [table("steps", "The run's questions", _STEPS, [row(_STEPS, vars(each)) for each in stages.steps],
                   empty="The message has not run to its end.")]  # fmt: skip
    if stages.fault is not None:
        parts.insert(0, details("fault", f"It ends at the step {stages.fault_step}", _ERROR, stages.fault))
    asked = looking.parameters.get("why")
    if asked:
        parts.insert(0, _why(looking, message, asked))
    changed = "The map is another one than when the message was worked: this is what it does today."
    return Shown(
        f"Content of {message.message_id or message.id}",
        parts,
        texts=tuple(_texts(stages)),
        links=(ActionView("message", "Message", f"/console/messages/{step(message.id)}"),),
        help=changed if stages.map_changed else "Each view of this page is written to the audit.",
    )


def _texts(stages: Stages) -> Iterable[TextView]:
    raw = stages.raw if stages.raw is not None else (stages.raw_fault or {}).get("what", "")
    yield TextView("raw", "As it came", raw)
    for name, tree in (("Converted", stages.converted), ("Mapped", stages.mapped)):
        if tree is not None:
            yield TextView(name.lower(), name, str(tree))


def _why(looking: Looking, message: InboxRow, value: str) -> PartView:
    heading = f"Why {value}"
    try:
        origins = why(looking.transaction, message, value)
    except HubError as error:
        return table("why", heading, _WHY, (), empty=f"{error.what}: {error.why}")
    rows = [row(_WHY, {**vars(each), "source": "; ".join(map(str, each.sources))}) for each in origins.fields]
    rows += [
        row(_WHY, {"component": "the run", "field": each.question, "value": value, "source": each.about or each.answer})
        for each in origins.steps
    ]
    return table("why", heading, _WHY, rows, empty="Neither the mapped message nor an answer of its run has it.")


def _order(looking: Looking) -> Shown:
    number = looking.parameters["order"]
    messages = looking.transaction.messages
    rows = messages.listing(MessageFilter(keys=messages.message_keys.named("order", number)), 1)
    found(rows or None)
    steps = journey_of(looking.transaction, rows[0]["id"], rows[0]["seq"])
    return Shown(f"The road of order {number}", (_journey(steps),), (_road(steps, ""), *_plan(looking, number)))


def _plan(looking: Looking, number: str) -> tuple[DrawingView, ...]:
    """Draw the plan of an order's work orders; none for a number that isn't the hub's, or an order without a plan."""
    open_hub = looking.transaction.open_hub
    if not looking.may(rights.SEE_ORDERS):
        return ()
    workflow = workflow_named(open_hub.deployment.workflows, "plan")
    origin = Origin("web", looking.user.name, open_hub.surroundings.new_id(), person=looking.user.name)
    try:
        outcome = ask_workflow(looking.transaction, workflow, request("plan", [("order", number)]), origin)
    except Refused:
        return ()
    if not outcome.drawing:
        return ()
    summary = f"{len(outcome.rows)} work orders, in the turn in which they are worked."
    return (DrawingView("plan", "The plan", outcome.drawing, summary),)


PAGES = (
    ConsolePage(
        "console_messages",
        "/console/messages",
        rights.SEE_MESSAGES,
        _list,
        FILTERS,
        INBOUND_ACTIONS,
        menu="Messages",
        menu_order=910,
    ),
    ConsolePage(
        "console_message",
        "/console/messages/{message}",
        rights.SEE_MESSAGES,
        _message,
        actions=tuple(action.action for action in ONE_MESSAGE_ACTIONS),
    ),
    ConsolePage(
        "console_content",
        "/console/messages/{message}/content",
        rights.SEE_MESSAGE_BODIES,
        _content,
        {"why": "Where does this value come from?"},
        audited="message",
    ),
    ConsolePage("console_order", "/console/orders/{order}", rights.SEE_MESSAGES, _order),
)
