"""The hub's workflows as the edits of one file ask for them, and the keys that they gave to what the file has brought.

Spec: docs/design/legacy.md, "Remote clients".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cached_property

from hub.replication.remote_edits import FileEdits
from hub.workflow_manager.named_workflow import request, workflow_named
from hub.workflow_manager.outcome import Outcome
from hub.workflows.received.workflow_request import prove_licensed
from integration_objects.names import QUOTE


class QuoteWorkflows:
    """The workflows of quotes for one file."""

    def __init__(self, edits: FileEdits) -> None:
        self._edits = edits

    @cached_property
    def session(self) -> str:
        """The user session in which the workflows of remote clients run."""
        return hashlib.blake2b(f"remote {self._edits.file.user_id}".encode(), digest_size=16).hexdigest()

    def ask(self, name: str, arguments: Mapping[str, str | None]) -> Outcome:
        """Run a named workflow, as `orderhub workflow` does."""
        run = self._edits.run
        workflow = workflow_named(run.runtime.workflows, name)
        prove_licensed(run, workflow)
        pairs = [(argument, value) for argument, value in arguments.items() if value is not None]
        return workflow.function(run, request(name, pairs))

    def kept_keys(self, row_id: str, keys: Iterable[str]) -> dict[str, str]:
        """Return the lines' keys in the hub by those of the file, of lines that this file has brought before."""
        found = self.kept([json.dumps([row_id, key]) for key in keys])
        return {json.loads(name)[1]: key for name, key in found.items()}

    def keep_keys(self, row_id: str, keys: Mapping[str, str]) -> None:
        """Keep the hub's keys of lines that this file has brought."""
        self.keep({json.dumps([row_id, own]): key for own, key in keys.items()})

    def kept(self, names: Iterable[str]) -> dict[str, str]:
        """Return the hub's keys of what this file has brought before, by names of any length."""
        by_digest = {_digest(name): name for name in names}
        found = self._edits.run.integration_ids(self._kept_for, "", list(by_digest))
        return {by_digest[digest]: key for digest, key in found.items()}

    def keep(self, keys: Mapping[str, str]) -> None:
        """Keep the hub's keys of what this file has brought, by names of any length."""
        self._edits.run.effects.keep_integration_ids(
            self._kept_for, "", {_digest(name): key for name, key in keys.items()}
        )

    @property
    def _kept_for(self) -> str:
        # By the file: the next one may give the same names to other quotes and lines.
        return f"remote {self._edits.file.id}"

    def note_taken(self, number: str, more: str = "") -> None:
        """Note that edits of a quote are taken: once for each quote."""
        name = f"{QUOTE} {number}"
        if not any(f"{taken} ".startswith(f"{name} ") for taken in self._edits.taken):
            self._edits.taken.append(name + more)


def _digest(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
