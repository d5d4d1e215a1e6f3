"""A file of many orders that a partner has judged by HTTP: the verdicts of the real run, and nothing is kept.

Spec: docs/design/legacy.md, "A partner's own check"; docs/http.md.
"""

from __future__ import annotations

from typing import Any

from hub.data_manager.batch_check import judge_file, judge_orders
from hub.data_manager.batch_proof import prove_at_once
from hub.data_manager.open_hub import OpenHub
from hub.data_manager.partner_check import Judgement, refused_judgement
from hub.deployment.route import Route
from hub.http_door.reading import PostedFile
from integration_objects.errors import Refused

#: bytes of a file: each request may hold one on the disk
MOST_FILE = 16 * 1024 * 1024
#: seconds for the orders of a file; those behind aren't judged. The server ends an exchange after 180 s
JUDGING_S = 100.0
#: refused and waiting orders that an answer lists
MOST_LISTED = 1_000


def judge_posted_file(open_hub: OpenHub, route: Route, file: PostedFile) -> dict[str, Any]:
    """Judge a file of a route of batches; return the verdict as partners see it.

    Raises:
        Retryable: the database doesn't answer.
    """
    verdict: dict[str, Any] = {"channel": route.place, "accepted": True, "state": "done", "error": None}
    counts = {"orders": 0, "judged": 0, "accepted_orders": 0}
    listed: list[dict[str, Any]] = []
    try:
        proven = prove_at_once(route, file.content, file.size)
        counts["orders"] = proven.frame.orders
        batch_id = judge_file(open_hub, route, proven, file.digest, file.size)
    except Refused as error:
        return verdict | _told(refused_judgement(error)) | counts | {"listed": listed}
    end = open_hub.surroundings.monotonic() + JUDGING_S
    file.content.seek(0)
    for order, judgement in judge_orders(open_hub, route, proven, batch_id, file.content):
        counts["judged"] += 1
        counts["accepted_orders"] += judgement.is_accepted
        verdict["accepted"] &= judgement.is_accepted
        if not judgement.is_accepted and len(listed) < MOST_LISTED:
            listed.append({"position": order.position, "place": order.place, **_told(judgement)})
        if open_hub.surroundings.monotonic() >= end:
            break
    return verdict | counts | {"listed": listed}


def _told(judgement: Judgement) -> dict[str, Any]:
    """Return a verdict without errors that tell of the hub's own database, systems and declarations."""
    error = judgement.error if judgement.concerns_sender else None
    return {"accepted": judgement.is_accepted, "state": judgement.state, "error": error}
