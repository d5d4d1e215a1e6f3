"""The integration objects of a deployment, and the folder of its own declarations.

`hub.deployment.deployment` uses this module, and so do commands that need nothing else and must start fast.

Spec: docs/architecture.md, "The tree"; docs/design/integration.md, "Integration object definitions".
"""

from __future__ import annotations

import pathlib

from integration_objects.declaration import in_folder, shipped
from integration_objects.definition import IntegrationObject, read_definitions

#: The settings' file; the folder that has one is a deployment's.
FILE = "orderhub.toml"


def own_folder(folder: pathlib.Path) -> pathlib.Path | None:
    """Return the folder of the deployment's own declarations: *folder*, if it has an `orderhub.toml`; else None.

    A checkout of the hub has folders of the same names, which are the shipped ones.
    """
    return folder if (folder / FILE).is_file() else None


def load_definitions(folder: pathlib.Path) -> dict[str, IntegrationObject]:
    """Read the integration objects: the shipped ones with the deployment's extensions, and the deployment's own.

    Raises:
        DeclarationFault: the first fault, with file, line and column.
    """
    own = own_folder(folder)
    sources = shipped("integration_objects")
    return read_definitions(sources, [] if own is None else in_folder(own / "integration_objects"))
