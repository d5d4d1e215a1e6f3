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
    """A deployment's Python file can't be loaded, or doesn't say what it brings."""


def own_python(own: pathlib.Path | None, kind: str, attribute: str, type: type) -> dict[str, Any]:
    """What the deployment's Python files bring, by name; loaded by path, never imported by folder.

    Args:
        own: the deployment's folder; None for none.
        kind: "services" or "workflows".
        attribute: the list that each file ends with.
        type: what the list holds; it has a name.

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
        brought = getattr(module, attribute, None)
        if not isinstance(brought, (list, tuple)) or not all(isinstance(one, type) for one in brought):
            raise PythonFaulty(
                f"the file brings no {kind}",
                where=f"{path}:1",
                why=f"expected {attribute} = [{type.__name__}(...), ...]",
                mend=f"set {attribute} at the end of the file, or begin the file's name with _",
            )
        found.update({one.name: one for one in brought})
    return found


def _line(path: pathlib.Path, error: Exception) -> int:
    """Return the line of *path* that an error came from."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
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
