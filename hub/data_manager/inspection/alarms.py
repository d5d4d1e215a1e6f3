"""The alarms: what an operator must look at, each with its cause, told from the state of the hub.

Spec: docs/design/guarantees.md, G7 (nothing fails silently); docs/production.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Alarm:
    """An alarm.

    Attributes:
        kind: its cause: ``ledger``, ``declaration``, ``component``, ``away``, ``parked``, ``retrying``, ``outbox``,
            ``set aside``, ``batch``, ``job``, ``feed``, ``fallout``.
        sentence: what an operator must know.
        since: since when; None where nobody knows.
        about: the filters and ids by which the cause is found.
    """

    kind: str
    sentence: str
    since: str | None = None
    about: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the alarm for JSON."""
        return {"kind": self.kind, "sentence": self.sentence, "since": self.since, "about": dict(self.about)}


def alarms_of(state: Mapping[str, Any]) -> list[Alarm]:
    """Return the alarms of the state that `hub.data_manager.status.status_of` tells, the gravest kind first."""
    return [
        *_ledger(state),
        *_declarations(state),
        *_components(state),
        *_away(state),
        *_unfinished(state),
        *_outbox(state),
        *_rest(state),
    ]


def _ledger(state: Mapping[str, Any]) -> Iterator[Alarm]:
    if not state["doors"]["agrees"]:
        counted = state["messages"]["received"] + state["messages"]["duplicates"]
        yield Alarm(
            "ledger", f"the doors counted {state['doors']['deliveries']} deliveries, and {counted} are accounted for"
        )


def _declarations(state: Mapping[str, Any]) -> Iterator[Alarm]:
    for fault in state["unread"]:
        yield Alarm("declaration", f"{fault['declaration']} can't be read: {fault['why']}")


def _components(state: Mapping[str, Any]) -> Iterator[Alarm]:
    for component in state["components"]:
        if component["state"] == "paused":
            why = component["why"] or "paused"
            sentence = f"{component['name']} works no message: {why}"
            yield Alarm("component", sentence, component["since"], {"component": component["name"]})


def _away(state: Mapping[str, Any]) -> Iterator[Alarm]:
    for system in state["away"]:
        yield Alarm("away", f"{system['what']}: {system['why']}; tried again at {system['again_at']}")


def _unfinished(state: Mapping[str, Any]) -> Iterator[Alarm]:
    for row in state["unfinished"]:
        if row["state"] == "parked":
            sentence = f"{_number(row['messages'], 'message')} of {row['route']} parked: {row['reason']}"
            yield Alarm("parked", sentence, row["oldest"], _choice(row))
        elif row["state"] == "retrying":
            sentence = f"{_number(row['messages'], 'message')} of {row['route']} tried again: {row['reason']}"
            yield Alarm("retrying", sentence, row["oldest"], _choice(row))


def _choice(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: row[name] for name in ("state", "route", "reason") if row[name] is not None}


def _outbox(state: Mapping[str, Any]) -> Iterator[Alarm]:
    for row in state["outbox"]:
        if row["error"] is not None:
            sentence = (
                f"{_number(row['waiting'], 'message')} for {row['destination']} can't leave: {row['error']['reason']}"
            )
            yield Alarm("outbox", sentence, row["oldest"], {"state": "waiting", "destination": row["destination"]})
    for row in state["set_aside"]:
        sentence = f"{_number(row['messages'], 'message')} for {row['destination']} set aside"
        yield Alarm("set aside", sentence, row["oldest"], {"state": "set aside", "destination": row["destination"]})


def _rest(state: Mapping[str, Any]) -> Iterator[Alarm]:
    for batch in state["batches"]:
        if batch["reason"] is not None:
            yield Alarm(
                "batch", f"the batch {batch['name']}: {batch['reason']}", batch["since"], {"batch": batch["id"]}
            )
    for job in state["jobs"]:
        if job["state"] == "stopped":
            sentence = f"the job {job['id']} ({job['action']}) met a new kind of error: {job['stopped_by']['reason']}"
            yield Alarm("job", sentence, job["stopped_by"]["at"], {"job": job["id"]})
    for alarm in state["feed_alarms"]:
        yield Alarm("feed", f"{alarm['feed']}: {alarm['sentence']}", alarm["since"], {"feed": alarm["feed"]})
    entries: Sequence[Mapping[str, Any]] = state["fallout"]
    if entries:
        yield Alarm(
            "fallout", f"{_number(len(entries), 'fallout entry', 'fallout entries')} open", entries[0]["created"]
        )


def _number(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
