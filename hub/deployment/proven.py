"""The proof that `orderhub run` doesn't repeat: declarations that were proven once are known by their digest.

The digest stands in `.orderhub/cache/` beside `orderhub.toml`. The folder can be deleted: the next start proves
everything again. Without a right to write there, each start proves everything.

Spec: docs/architecture.md, "Ideas that everything follows" (proven before it runs).
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
from collections.abc import Iterator

from hub.deployment.cache_folder import CacheFolder, code_states, files_beneath
from hub.deployment.deployment import Deployment
from hub.deployment.proof import PACKAGES, prove, read_used

_FILE = "proven"
#: Settings that the proof doesn't read; the rest of them is a part of the digest.
_UNREAD = frozenset(("database_url", "broker_url"))
#: Libraries that judge declarations: another version may find other faults.
_JUDGES = ("lxml", "xmlschema", "elementpath", "google-re2", "jinja2", "pyyaml")


def prove_once(deployment: Deployment) -> Deployment:
    """Prove a deployment, unless the last proven one had the same declarations; return it with its parts read.

    Raises:
        Misconfigured: the first fault, with file, line and column.
    """
    digest = digest_of(deployment).encode()
    cache = CacheFolder(deployment.folder)
    if cache.read(_FILE) == digest:
        return read_used(deployment)
    prove(deployment)
    cache.write(_FILE, digest)
    return deployment


def digest_of(deployment: Deployment) -> str:
    """Return the digest of everything that the proof reads: declarations, settings, and the hub's own code."""
    digest = hashlib.sha256()
    for part in _parts(deployment):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _parts(deployment: Deployment) -> Iterator[bytes]:
    versions = [f"{name} {importlib.metadata.version(name)}" for name in _JUDGES]
    settings = [f"{name} {value!r}" for name, value in vars(deployment.settings).items() if name not in _UNREAD]
    yield "\n".join([sys.version, *versions, *settings]).encode()
    yield from (state.encode() for state in code_states(PACKAGES))
    own = deployment.files.own
    if own is None:
        return
    files = [path for package in PACKAGES for path in files_beneath(own / package)]
    # The proof warns of the licence's modules. A file that is missing counts as an empty one.
    if deployment.settings.licence is not None:
        files.append(own / deployment.settings.licence)
    for path in files:
        yield str(path).encode()
        yield path.read_bytes() if path.is_file() else b""
