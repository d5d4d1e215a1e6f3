"""The folder of the tests' files: in memory where the machine has room for them.

A commit waits until the disk has the data, which is most of the time that tests take. No test cuts the power, so that
memory serves as well; the settings of the databases stay those of production.
"""

from __future__ import annotations

import functools
import os
import shutil
import tempfile

_MEMORY = "/dev/shm"  # noqa: S108  # its folders are made with names of their own, for one user
#: bytes that must be free: databases of tests that run side by side, and private servers
_ROOM = 4 * 1024**3


@functools.cache
def files_folder() -> str:
    """The folder in memory, else the system's folder of temporary files."""
    in_memory = os.path.isdir(_MEMORY) and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM
    return _MEMORY if in_memory else tempfile.gettempdir()
