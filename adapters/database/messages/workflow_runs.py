"""Workflows that commands ran: what each was given, and its recording. In the caller's transaction.

A message's recording belongs to its inbox row; a command has none, so its run has a row of its own.

Spec: docs/design/workflows.md ("leaves a recording"); docs/design/road.md, "The recording".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select

from adapters.database.schema.hub_tables import HUB
from integration_objects.surroundings import Surroundings

RUN = HUB.tables["hub_workflow_run"]
_LISTED = select(RUN.c.id, RUN.c.workflow, RUN.c.run_by, RUN.c.finished, RUN.c.arguments).order_by(RUN.c.id.desc())


class WorkflowRuns:
    """The runs of workflows that commands started, in the transaction of *connection*."""

    def __init__(self, connection: Connection, surroundings: Surroundings, user: str = "hub") -> None:
        self._connection = connection
        self._surroundings = surroundings
        self._user = user

    def keep(self, run_id: str, workflow: str, arguments: Mapping[str, str], recording: bytes) -> None:
        """Keep a finished run.

        Args:
            run_id: its identity, ordered by time.
            workflow: the workflow's name.
            arguments: what it was given, as text.
            recording: `Run.recording`.
        """
        values = {
            "id": run_id,
            "workflow": workflow,
            "run_by": self._user,
            "finished": self._surroundings.now(),
            "arguments": json.dumps(dict(arguments), ensure_ascii=False),
            "data": recording,
        }
        self._connection.execute(insert(RUN), values)

    def listing(self, limit: int = 100) -> list[dict[str, Any]]:
        """The last runs, the newest first: ``id``, ``workflow``, ``run_by``, ``finished``, ``arguments``."""
        rows = self._connection.execute(_LISTED.limit(limit)).mappings()
        return [{**row, "arguments": json.loads(row["arguments"])} for row in rows]

    def recording(self, run_id: str) -> bytes | None:
        """A run's recording; None where there is no such run."""
        return self._connection.scalar(select(RUN.c.data).where(RUN.c.id == run_id))
