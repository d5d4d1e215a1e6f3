"""Faults that an operator must mend before another try is worth it."""

from __future__ import annotations

from integration_objects.errors import Retryable


class OperatorNeeded(Retryable):
    """An operator must mend something before another try is worth it: the message is parked at once."""
