"""The contract of a client that asks another system in JSON."""

from __future__ import annotations

from typing import Any, Protocol

from integration_objects.errors import HubError


class JsonClient(Protocol):
    """Carries questions to another system: `adapters.http_client.HttpClient` is one."""

    def post(self, document: Any) -> Any:
        """Send the question and return the answer, both as JSON has them."""

    def faulty(self, why: str, where: str = "") -> HubError:
        """Return the error for an answer that isn't as agreed."""
