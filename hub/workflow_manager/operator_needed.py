"""Faults of our side that an operator must mend before another try is worth it."""

from __future__ import annotations

from integration_objects.errors import Retryable


class OperatorNeeded(Retryable):
    """Our side must mend something before another try is worth it: the message is parked for an operator at once."""
