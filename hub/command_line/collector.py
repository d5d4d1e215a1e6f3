"""The garbage collector of a command that does one thing and ends.

Spec: docs/design/performance.md, rule 9; workers freeze what they have loaded instead, and go on collecting.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def paused_collector() -> Iterator[None]:
    """Let nobody look for circles while one piece of work is done.

    Trees have none, so that they are freed without the collector; each of its full passes would walk all trees that
    are there, and the work would grow faster than its input.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
