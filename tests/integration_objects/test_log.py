"""The log: structlog is loaded, and set up, with the first event."""

from __future__ import annotations

import subprocess
import sys

from structlog.testing import capture_logs

from integration_objects import log


def test_an_event_is_logged_with_its_values() -> None:
    with capture_logs() as events:
        log.Log().warning("broker away", again_in_s=5)
    assert events == [{"event": "broker away", "again_in_s": 5, "log_level": "warning"}]


def test_structlog_is_loaded_and_set_up_once_with_the_first_event() -> None:
    code = """
import sys
from integration_objects import log
made = []
log.configure_with(lambda: made.append("set up"))
written = log.Log()
print("structlog" in sys.modules, made)
written.info("one")
written.info("two")
print("structlog" in sys.modules, made)
"""
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    lines = ran.stdout.splitlines()
    assert (lines[0], lines[-1]) == ("False []", "True ['set up']")
    assert len(lines) == 4
