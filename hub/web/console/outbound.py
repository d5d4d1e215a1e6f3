"""The console's messages that leave: the list, a message, and its content. Dead letters are among them."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.database.messages.message_filter import outbound_page
from adapters.database.messages.outbox import OUTBOX_STATES, OutboxRow
from hub.access import rights
from hub.data_manager.inspection.shown_body import shown_body
from hub.web.addresses import with_query
from hub.web.console.choosing import ONE_OUTBOUND_ACTIONS, OUTBOUND_ACTIONS, outbound_chosen_by
from hub.web.console.page import ConsolePage, Looking, Shown, columns, details, found, row, step, table
from hub.web.views import ActionView, TextView
from integration_objects.errors import HubError

#: messages of a page
PAGE = 50
_LISTED = columns(
    created_at=("Written", "time"),
    state=("State", "status"),
    kind="Kind",
    destination="Destination",
    type="Type",
    reason="Reason",
    attempts=("Attempts", "number"),
    sent_at=("Sent", "time"),
)
_ROW = columns(
    state=("State", "status"),
    kind="Kind",
    destination="Destination",
    route="Route",
    type="Type",
    message_id="Message id",
    correlation_id="Correlation id",
    reply_to="Reply to",
    content_type="Content type",
    size=("Bytes", "number"),
    created_at=("Written", "time"),
    due_at=("Due", "time"),
    sent_at=("Sent", "time"),
    attempts=("Attempts", "number"),
    inbox_id="Because of",
)
_HEADERS = columns(name="Header", value="Value")
_ERROR = columns(reason="Reason", what="What", where="Where", why="Why", mend="What to do")
_FILTERS = {
    "state": "State",
    "destination": "Destination",
    "reason": "Reason",
    "since": "Since",
    "until": "Until",
    "kind": "Kind",
    "before": "",
}


def _list(looking: Looking) -> Shown:
    chosen_by = outbound_chosen_by(looking)
    rows = outbound_page(looking.transaction.connection, chosen_by, PAGE + 1, looking.number("before"))
    shown = rows[:PAGE]
    listed = [
        row(
            _LISTED,
            {**each, "reason": (each["error"] or {}).get("reason")},
            {"created_at": f"/console/outbound/{step(each['id'])}"},
        )
        for each in shown
    ]
    older = []
    if len(rows) > PAGE:
        query = {name: looking.parameters.get(name) for name in _FILTERS} | {"before": str(shown[-1]["seq"])}
        older.append(ActionView("older", "Older messages", with_query("/console/outbound", query)))
    help = f"States are {', '.join(OUTBOX_STATES)}. Kinds are outbound, reply and dead letter."
    part = table("outbound", "Messages that leave", _LISTED, listed)
    return Shown("Messages that leave", (part,), links=older, help=help)


def _row_of(looking: Looking) -> OutboxRow:
    row: OutboxRow = found(looking.transaction.messages.outbox.row(looking.parameters["outbound"]))
    return row


def _message(looking: Looking) -> Shown:
    message = _row_of(looking)
    record = message.as_dict()
    cause = {"inbox_id": f"/console/messages/{step(record['inbox_id'])}"} if record["inbox_id"] else {}
    parts = [details("message", "Message", _ROW, record, cause)]
    if message.error:
        may_see = looking.may(rights.SEE_MESSAGE_BODIES)
        told: Mapping[str, str | None] = message.error if may_see else {"reason": message.error.get("reason")}
        parts.append(details("error", "Why it has not left", _ERROR, told))
    links = []
    if looking.may(rights.SEE_MESSAGE_BODIES):
        links.append(ActionView("content", "Content", f"/console/outbound/{step(message.id)}/content"))
    return Shown(
        f"Message that leaves, {message.message.message_id}",
        parts,
        actions=[action.name for action in ONE_OUTBOUND_ACTIONS if message.state in action.states],
        links=links,
    )


def _content(looking: Looking) -> Shown:
    message = _row_of(looking)
    open_hub = looking.transaction.open_hub
    names = open_hub.renew_secret_names(looking.transaction)
    try:
        text = shown_body(message.message.body, names, open_hub.deployment, message.message).decode("utf-8", "replace")
    except HubError as error:
        text = f"{error.what}: {error.why}"
    headers = [row(_HEADERS, {"name": name, "value": value}) for name, value in message.message.headers.items()]
    return Shown(
        f"Content of {message.message.message_id}",
        (table("headers", "Headers", _HEADERS, headers),),
        texts=(TextView("raw", "As it leaves", text),),
        links=(ActionView("message", "Message", f"/console/outbound/{step(message.id)}"),),
        help="Each view of this page is written to the audit.",
    )


PAGES = (
    ConsolePage(
        "console_outbound_list",
        "/console/outbound",
        rights.SEE_MESSAGES,
        _list,
        _FILTERS,
        OUTBOUND_ACTIONS,
        menu="Leaving",
        menu_order=920,
    ),
    ConsolePage(
        "console_outbound",
        "/console/outbound/{outbound}",
        rights.SEE_MESSAGES,
        _message,
        actions=tuple(action.action for action in ONE_OUTBOUND_ACTIONS),
    ),
    ConsolePage(
        "console_outbound_content",
        "/console/outbound/{outbound}/content",
        rights.SEE_MESSAGE_BODIES,
        _content,
        audited="outbound message",
    ),
)
