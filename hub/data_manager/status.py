"""The state of the hub, for people and scripts: the command `orderhub status`.

It is told from the message store and the doors, also while declarations are being edited and can't be read.

Spec: docs/design/integration.md, "Reached from outside" (`status`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.asked_service import ServiceAway, ServiceStillAway
from adapters.database.messages.batches import BatchRow
from adapters.database.messages.jobs import JobRow
from adapters.database.messages.outbox import Outbox
from adapters.database.replication.alarms import standing_alarms
from hub.data_manager.inspection.alarms import alarms_of
from hub.data_manager.open_hub import Transaction
from hub.deployment.deployment import Deployment
from integration_objects.errors import HubError


def status_of(transaction: Transaction, deployment: Deployment) -> dict[str, Any]:
    """Return the state of the hub: its components, its messages with their ages and keys, what waits, and fallout."""
    messages = transaction.messages
    now = transaction.open_hub.surroundings.now()
    counts, unfinished = messages.counts(), messages.overview.unfinished(now)
    known = {row["name"]: row for row in messages.control.components()}
    components = [
        {"name": name, "state": "running", "why": None, "since": None, **known.get(name, {})}
        for name in _components(deployment)
    ]
    state: dict[str, Any] = {
        "components": components,
        "messages": {
            "received": counts.received,
            "states": dict(counts.states),
            "oldest": _oldest(unfinished),
            "duplicates": counts.duplicates,
        },
        "doors": {
            "deliveries": counts.deliveries,
            "agrees": counts.agrees,
        },
        "unfinished": unfinished,
        "planned": messages.overview.planned(now),
        "away": _away(messages.overview.last_errors([ServiceAway.__name__, ServiceStillAway.__name__])),
        "held_keys": messages.overview.held_keys(),
        "outbox": _waiting(messages.outbox),
        "set_aside": messages.outbox.aside_counts(),
        "batches": [_open_batch(batch, messages.batches.answered(batch)) for batch in messages.batches.open()],
        "fallout": messages.fallout.listing(),
        "unread": [{"declaration": fault.where, "why": _sentence(fault)} for fault in deployment.door_faults],
        "jobs": [_open_job(transaction, job) for job in messages.jobs.open()],
        "feed_alarms": [vars(alarm) for alarm in standing_alarms(transaction.connection)],
    }
    return {**state, "alarms": [alarm.as_dict() for alarm in alarms_of(state)]}


def _open_job(transaction: Transaction, job: JobRow) -> dict[str, Any]:
    fields = ("id", "action", "state", "total", "started_by", "started_at", "reason", "stopped_by")
    return {**{name: getattr(job, name) for name in fields}, "items": transaction.messages.jobs.counts(job.id)}


def _open_batch(batch: BatchRow, answered: BatchRow) -> dict[str, Any]:
    row = {name: getattr(batch, name) for name in ("id", "route", "state", "name")}
    numbers = {"orders": answered.orders, "filed": answered.filed}
    return {
        **row,
        **numbers,
        "since": batch.received_at,
        "reason": (batch.error or {}).get("reason"),
        "error": batch.error,
    }


def _components(deployment: Deployment) -> Sequence[str]:
    """List the components; none if their declarations can't be read, which the faults of the doors tell."""
    try:
        return deployment.components
    except HubError:
        return ()


def _sentence(fault: HubError) -> str:
    return f"{fault.what}: {fault.why}" if fault.why else fault.what


def _oldest(unfinished: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Find the time at which the oldest message of each unfinished state was received."""
    oldest: dict[str, str] = {}
    for row in unfinished:
        oldest[row["state"]] = min(oldest.get(row["state"], row["oldest"]), row["oldest"])
    return oldest


def _away(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Name each system that left a message without an answer once, with its last error."""
    last: dict[str, dict[str, Any]] = {}
    for error in errors:
        last.setdefault(error["what"], dict(error))
    return list(last.values())


def _waiting(outbox: Outbox) -> list[dict[str, Any]]:
    """Count the messages that wait for each destination, and tell why the first of them didn't leave."""
    counts = outbox.waiting_counts()
    heads = {head.message.destination: head for head in outbox.heads(row["destination"] for row in counts)}
    found = []
    for row in counts:
        head = heads.get(row["destination"])
        failed = head is not None and head.error is not None
        blocked = {"attempts": head.attempts, "again_at": head.due_at, "error": head.error} if head and failed else {}
        found.append({**row, "attempts": 0, "again_at": None, "error": None, **blocked})
    return found
