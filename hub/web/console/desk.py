"""The console's feeds and batches, and the declarations with their versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from adapters.database.replication.alarms import standing_alarms
from adapters.database.replication.batches import newest_batches
from hub.access import rights
from hub.deployment.deployment import Deployment
from hub.web.addresses import with_query
from hub.web.console.page import ConsolePage, Looking, Shown, columns, row, table
from hub.web.views import ColumnView, PartView, RowView
from integration_objects.errors import HubError

#: files that are listed of each kind
MOST = 50
_ALARMS = columns(feed="Feed", sentence="Alarm", since=("Since", "time"))
_FEED_FILES = columns(
    received_at=("Came or written", "time"),
    feed="Feed",
    direction="Direction",
    kind="Kind",
    number="Number",
    state=("State", "status"),
    records=("Records", "number"),
    conflicts=("Conflicts", "number"),
    rejected=("Rejected", "number"),
    why="Why",
)
_BATCHES = columns(
    received_at=("Came", "time"),
    route="Route",
    name="File",
    number="Number",
    state=("State", "status"),
    orders=("Orders", "number"),
    filed=("Filed", "number"),
    accepted=("Accepted", "number"),
    refused=("Refused", "number"),
    why="Why",
)
_MAPS = columns(name="Map", source="From", target="To", version="Version", where="File")
_ROUTES = columns(name="Route", door="Door", object="Object", map="Map", workflow="Workflow")
_SYSTEMS = columns(name="System", takes="Takes", destination="Destination", where="File")
_FAULTS = columns(where="Declaration", what="What", why="Why")


def _feeds(looking: Looking) -> Shown:
    connection, messages = looking.transaction.connection, looking.transaction.messages
    alarms = [row(_ALARMS, vars(alarm)) for alarm in standing_alarms(connection)]
    files = [row(_FEED_FILES, {**vars(batch), "why": _why(batch.error)}) for batch in newest_batches(connection, MOST)]
    batches = []
    for batch in messages.batches.listing(MOST):
        address = with_query("/console/messages", {"batch": batch.id})
        batches.append(row(_BATCHES, {**vars(batch), "why": _why(batch.error)}, {"name": address}))
    return Shown(
        "Feeds and batches",
        (
            table("alarms", "Alarms of feeds", _ALARMS, alarms, empty="Nothing needs a person."),
            table("files", "Files of feeds", _FEED_FILES, files),
            table("batches", "Batches of orders", _BATCHES, batches),
        ),
        help="`orderhub feed` and `orderhub batch` decide conflicts, release, cancel and resubmit.",
    )


def _why(error: Any) -> str | None:
    return None if error is None else error.get("reason")


def _declarations(looking: Looking) -> Shown:
    deployment = looking.transaction.open_hub.deployment
    faults = [row(_FAULTS, vars(fault) | {"what": fault.what, "why": fault.why}) for fault in deployment.door_faults]
    parts = [
        _read("maps", "Data maps", _MAPS, lambda: _maps(deployment)),
        _read("routes", "Routes", _ROUTES, lambda: _routes(deployment)),
        _read("systems", "Systems", _SYSTEMS, lambda: _systems(deployment)),
    ]
    if faults:
        parts.insert(0, table("faults", "Declarations that can't be read", _FAULTS, faults))
    help = "As this process has read them. A version is a digest of all files that a map is made of."
    return Shown("Declarations", parts, help=help)


def _read(name: str, heading: str, shown: Sequence[ColumnView], rows: Callable[[], Iterator[RowView]]) -> PartView:
    """Make a part; declarations that can't be read leave their fault in its place."""
    try:
        return table(name, heading, shown, rows())
    except HubError as error:
        return table(name, heading, shown, (), empty=f"{error.what}: {error.why}")


def _maps(deployment: Deployment) -> Iterator[RowView]:
    for name, data_map in sorted(deployment.maps.items()):
        values = {
            "name": name,
            "source": data_map.source.name,
            "target": data_map.target.name,
            "version": data_map.version[:12],
            "where": data_map.where,
        }
        yield row(_MAPS, values)


def _routes(deployment: Deployment) -> Iterator[RowView]:
    for name, route in sorted(deployment.routes.items()):
        values = {
            "name": name,
            "door": f"{route.transport.name} {route.place}",
            "object": "hub's own XML" if route.external is None else route.external.definition.name,
            "map": None if route.map is None else route.map.name,
            "workflow": route.workflow.name,
        }
        yield row(_ROUTES, values, {"name": f"/console/components/route:{name}"})


def _systems(deployment: Deployment) -> Iterator[RowView]:
    for _, system in sorted(deployment.systems.items()):
        yield row(_SYSTEMS, {name: getattr(system, name) for name in ("name", "takes", "destination", "where")})


PAGES = (
    ConsolePage("console_feeds", "/console/feeds", rights.SEE_FEEDS, _feeds, menu="Feeds", menu_order=950),
    ConsolePage(
        "console_declarations",
        "/console/declarations",
        rights.SEE_DECLARATIONS,
        _declarations,
        menu="Declarations",
        menu_order=960,
    ),
)
