"""The folder of contents that the hub can make again: `.orderhub/cache/` beside `orderhub.toml`.

The folder can be deleted at any time. Without a right to write there, nothing is kept.

Spec: docs/architecture.md, "The tree".
"""

from __future__ import annotations

import contextlib
import importlib.resources
import os
import pathlib
from collections.abc import Iterable, Iterator
from functools import cached_property

#: The folder in a deployment's folder.
CACHE = ".orderhub/cache"
#: The packages whose code makes external objects.
_MAKERS = ("integration_objects", "schemas")


class CacheFolder:
    """The cache of the deployment in *folder*."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._place = folder / CACHE

    @cached_property
    def state(self) -> str:
        """The state of the code that makes external objects."""
        return "\n".join(code_states(_MAKERS))

    def read(self, name: str) -> bytes | None:
        """Return a content; None if there is none, or if others could have written it."""
        path = self._place / name
        with contextlib.suppress(OSError):
            # A deployment's owner decides what the hub reads. A folder that everybody may write in decides nothing.
            for place in (self._place, path):
                state = place.stat()
                if state.st_uid not in (os.geteuid(), 0) or state.st_mode & 0o022:
                    return None
            return path.read_bytes()
        return None

    def write(self, name: str, content: bytes) -> None:
        """Keep a content, if the folder can be written."""
        path = self._place / name
        # A name of its own for each process, and then a rename: no process reads half a file.
        half = path.with_name(f"{name}.{os.getpid()}.tmp")
        with contextlib.suppress(OSError):
            self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                half.write_bytes(content)
                half.chmod(0o600)
                half.replace(path)
            except OSError:
                half.unlink(missing_ok=True)
                raise


def code_states(packages: Iterable[str]) -> Iterator[str]:
    """Yield the state of each file of the hub's own *packages*."""
    for package in packages:
        # By size and time, not by content: the code of an installed hub doesn't change between two starts.
        for path in files_beneath(pathlib.Path(str(importlib.resources.files(package)))):
            state = path.stat()
            yield f"{path} {state.st_size} {state.st_mtime_ns}"


def files_beneath(folder: pathlib.Path) -> list[pathlib.Path]:
    """List the files beneath a folder, without compiled Python."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
