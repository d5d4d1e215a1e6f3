"""A deployment's own Python: its business services and workflows, in files that lie beside its `orderhub.toml`.

    hub/services/*.py      SERVICES = [Service("Discount", discount, "give a discount")]
    hub/workflows/*.py     WORKFLOWS = [Workflow(...)]

Spec: docs/architecture.md, "The tree".
"""

from __future__ import annotations

import hashlib
import importlib.util
import pathlib
import traceback
import types
from typing import Any

from integration_objects.errors import HubError, Misconfigured


class PythonFaulty(Misconfigured):
    """A deployment's Python file can't be loaded, or has no list of its services or workflows."""


def own_python(own: pathlib.Path | None, kind: str, attribute: str, type: type) -> dict[str, Any]:
    """Load the services or workflows of the deployment's Python files, by name.

    A file is loaded by its path. Its folder isn't put on Python's path, where `hub` would hide the hub's own package.

    Args:
        own: the deployment's folder; None for none.
        kind: "services" or "workflows".
        attribute: the list that each file ends with.
        type: the class of the list's entries, which have a name.

    Raises:
        PythonFaulty: a file can't be loaded, or hasn't the list.
    """
    found: dict[str, Any] = {}
    if own is None or not (own / "hub" / kind).is_dir():
        return found
    for path in sorted((own / "hub" / kind).glob("*.py")):
        if path.name.startswith("_"):
            continue
        module = _load(path)
        entries = getattr(module, attribute, None)
        if not isinstance(entries, (list, tuple)) or not all(isinstance(entry, type) for entry in entries):
            raise PythonFaulty(
                f"the file brings no {kind}",
                where=f"{path}:1",
                why=f"expected {attribute} = [{type.__name__}(...), ...]",
                mend=f"set {attribute} at the end of the file, or begin the file's name with _",
            )
        found.update({entry.name: entry for entry in entries})
    return found


def _line(path: pathlib.Path, error: Exception) -> int:
    """Return the line of *path* that an error came from."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    # The error may come from a library: the file's own last frame is the line that its author knows.
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return (lines[-1] if lines else None) or 1


def _load(path: pathlib.Path) -> types.ModuleType:
    name = "_deployment_" + hashlib.sha256(str(path).encode()).hexdigest()[:16]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PythonFaulty("the file can't be loaded", where=str(path), mend="make it a readable .py file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except HubError as error:
        # Raised by a name of hub.extension, which was called wrongly.
        raise error.at(f"{path}:{_line(path, error)}")  # noqa: B904  # the same error, with its place
    except Exception as error:
        raise PythonFaulty(
            "the file can't be loaded",
            where=f"{path}:{_line(path, error)}",
            why=f"{type(error).__name__}: {error}",
            mend="mend the line; hub.extension has the names that a deployment may import",
        ) from error
    return module
