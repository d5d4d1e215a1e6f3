"""The open hub of a command, with its log on standard error."""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hub.data_manager.open_hub import OpenHub
from hub.deployment.deployment import Deployment, open_deployment
from integration_objects.log import configure_with


def configure_log() -> None:
    """Send the log to standard error: one line an event, with the time, and never the values of variables."""
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # structlog's default, rich, prints the local variables of each frame, where customers' data stand.
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        # Standard output carries results, and a script reads it.
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


@contextmanager
def opened_hub(deployment: Deployment | None = None, *, only_messages: bool = False) -> Iterator[OpenHub]:
    """Open *deployment*, or that of the working folder, with its database ready; close it at the end.

    *only_messages*: the command needs no more than the message store, and so works while declarations are broken.
    """
    configure_with(configure_log)
    open_hub = OpenHub(deployment or open_deployment(pathlib.Path.cwd()))
    try:
        if only_messages:
            open_hub.prepare_messages()
        else:
            open_hub.prepare_database()
        yield open_hub
    finally:
        open_hub.close()
