"""The log: events with their values, written by structlog.

structlog is loaded with the first event: it takes longer to load than a short command takes, and most commands log
nothing. A process that works for long loads it at its start (`load_log`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: sets structlog up before the first event; None where it is set up already, or left as it is
_configure: Callable[[], None] | None = None


class Log:
    """Logs events: `Log().warning("broker away", again_in_s=5)`. The methods are those of a structlog logger."""

    def __getattr__(self, level: str) -> Callable[..., Any]:
        """Return the method that logs an event of this level."""
        method: Callable[..., Any] = getattr(load_log(), level)
        return method


def configure_with(configure: Callable[[], None]) -> None:
    """Have structlog set up by *configure* before the next event."""
    global _configure
    _configure = configure


def load_log() -> Any:
    """Load structlog, set it up, and return a logger."""
    global _configure
    import structlog

    if _configure is not None:
        configure, _configure = _configure, None
        configure()
    return structlog.get_logger()
