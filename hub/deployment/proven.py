"""The proof that `orderhub run` doesn't repeat: declarations that were proven once are known by their digest.

The digest stands in `.orderhub/cache/` beside `orderhub.toml`. The folder can be deleted: the next start proves
everything again. Without a right to write there, each start proves everything.

Spec: docs/architecture.md, "Ideas that everything follows" (proven before it runs).
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.resources
import pathlib
import sys
from collections.abc import Iterator

from hub.deployment.deployment import Deployment
from hub.deployment.proof import PACKAGES, prove, read_used

#: The folder in a deployment's folder for files that the hub can make again.
CACHE = ".orderhub/cache"
_FILE = "proven"
#: Settings that the proof doesn't read; the rest of them is a part of the digest.
_UNREAD = frozenset(("database_url", "broker_url"))
#: Libraries that judge declarations: another version may find other faults.
_JUDGES = ("lxml", "xmlschema", "jinja2", "pyyaml")


def prove_once(deployment: Deployment) -> Deployment:
    """Prove a deployment, unless the last proven one had the same declarations; return it with its parts read.

    Raises:
        Misconfigured: the first fault, with file, line and column.
    """
    digest = digest_of(deployment)
    file = deployment.folder / CACHE / _FILE
    with contextlib.suppress(OSError):
        if file.read_text("utf-8") == digest:
            return read_used(deployment)
    prove(deployment)
    # The folder may be read-only. Then the next start takes as long as this one.
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(digest, "utf-8")
    return deployment


def digest_of(deployment: Deployment) -> str:
    """Return the digest of everything that the proof reads: declarations, settings, and the hub's own code."""
    digest = hashlib.sha256()
    for part in _parts(deployment):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _parts(deployment: Deployment) -> Iterator[bytes]:
    versions = [f"{name} {importlib.metadata.version(name)}" for name in _JUDGES]
    settings = deployment.settings.model_dump_json(exclude=set(_UNREAD))
    yield "\n".join([sys.version, *versions, settings]).encode()
    for package in PACKAGES:
        # By size and time, not by content: the code of an installed hub doesn't change between two starts.
        for path in _files(pathlib.Path(str(importlib.resources.files(package)))):
            state = path.stat()
            yield f"{path} {state.st_size} {state.st_mtime_ns}".encode()
    own = deployment.files.own
    if own is None:
        return
    # A misspelled folder is a fault: the names of all folders count, but for hidden ones.
    names = [path.name for path in own.iterdir() if path.is_dir() and not path.name.startswith(".")]
    yield "\n".join(sorted(names)).encode()
    files = [path for package in PACKAGES for path in _files(own / package)]
    if deployment.settings.licence is not None:
        files.append(own / deployment.settings.licence)
    for path in files:
        yield str(path).encode()
        yield path.read_bytes() if path.is_file() else b""


def _files(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
