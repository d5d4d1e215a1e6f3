"""The first deployment: the files in `hub/first_deployment/`, from which `orderhub init` makes a folder that runs.

Beside them stand the schemas of all kinds of declarations for editors, which the first line of each declaration names.

Spec: docs/design/integration.md, "Reached from outside" (`orderhub init`).
"""

from __future__ import annotations

import importlib.resources
import json
import pathlib
from importlib.resources.abc import Traversable

from adapters.files import write_new_folder
from hub.deployment.editor_schemas import KINDS_OF_DECLARATIONS, editor_schema

FOLDER = "first_deployment"


def write_first_deployment(folder: pathlib.Path) -> list[str]:
    """Write the first deployment into a *folder* that is empty, or not there yet; return the files' paths in it.

    Raises:
        FolderNotEmpty: the folder has files.
        FileUnreadable: the folder can't be written.
    """
    files = dict(_files(importlib.resources.files("hub") / FOLDER, ""))
    for kind in KINDS_OF_DECLARATIONS:
        files[f"editor/{kind}.json"] = json.dumps(editor_schema(kind), indent=1).encode()
    write_new_folder(folder, files)
    return list(files)


def _files(place: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    """List the files beneath a place with their paths, sorted."""
    found: list[tuple[str, bytes]] = []
    for entry in sorted(place.iterdir(), key=lambda entry: entry.name):
        path = prefix + entry.name
        found += _files(entry, f"{path}/") if entry.is_dir() else [(path, entry.read_bytes())]
    return found
