"""The hub's log: one line an event, to standard error, with the time; never what variables held.

Spec: docs/design/integration.md, "Reached from outside" (messages go to standard error).
"""

from __future__ import annotations

import sys

import structlog


def configure() -> None:
    """Set the log up for a command; standard output stays the result's alone."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
