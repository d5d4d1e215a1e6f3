"""The log: events with their values, written by structlog.

structlog is loaded with the first event: it takes longer to load than a short command takes, and most commands log
nothing. A process that works for long loads it at its start (`load_log`).
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import Any

#: sets structlog up before the first event; None where it is set up already, or left as it is
_configure: Callable[[], None] | None = None
_without_warnings = contextvars.ContextVar("without_warnings", default=False)


class Log:
    """Logs events: `Log().warning("broker away", again_in_s=5)`. The methods are those of a structlog logger."""

    def __getattr__(self, level: str) -> Callable[..., Any]:
        """Return the method that logs an event of this level."""
        if _without_warnings.get() and level in ("debug", "info", "warning"):
            return _nothing
        method: Callable[..., Any] = getattr(load_log(), level)
        return method


@contextlib.contextmanager
def without_warnings() -> Iterator[None]:
    """Log errors only within the block, in this thread: for work that is a trial, and has no effect to tell of."""
    token = _without_warnings.set(True)
    try:
        yield
    finally:
        _without_warnings.reset(token)


def _nothing(event: str, **values: Any) -> None:
    """Log nothing."""


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
