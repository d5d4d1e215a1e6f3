"""The application's own files for browsers: the stylesheet, the scripts, the mark.

They are few and small, and are kept in memory. Their addresses carry a digest, so that browsers keep them until they
change.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.resources
from collections.abc import Mapping
from dataclasses import dataclass

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class StaticFile:
    """A file with its content type and the digest in its address."""

    content: bytes
    content_type: str
    digest: str


@functools.cache
def static_files() -> Mapping[str, StaticFile]:
    """Read the files, by name."""
    files = {}
    for entry in importlib.resources.files("hub.web").joinpath("static").iterdir():
        ending = entry.name[entry.name.rfind(".") :]
        if ending in _TYPES:
            content = entry.read_bytes()
            files[entry.name] = StaticFile(content, _TYPES[ending], hashlib.sha256(content).hexdigest()[:12])
    return files


def static_address(name: str) -> str:
    """Return the address of a file, beneath the application's root."""
    return f"/static/{name}?v={static_files()[name].digest}"
