"""The layouts of a deployment, each read when it is first asked for.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hub.deployment.declared_files import DeclaredFiles, name_in
from integration_objects.errors import Refused, UnknownName
from schemas.layouts.copybook.source_text import CopybookFaulty
from schemas.layouts.declaration import read_layout
from schemas.layouts.layout import Layout


class LayoutUnknown(UnknownName, Refused):
    """A command names a layout that neither the hub nor the deployment has."""

    kind = "layout"
    where = "argument LAYOUT"


class Layouts(Mapping[str, Layout]):
    """The layouts by name: shipped ones that are not replaced, and the deployment's own."""

    def __init__(self, files: DeclaredFiles) -> None:
        self._files = files
        # A declaration without a name stands under its file's, so that its reader tells what is missing.
        self._sources = {name_in(source, "external object") or source.name: source for source in files.layout_sources()}
        self._read: dict[str, Layout] = {}

    def __getitem__(self, name: str) -> Layout:
        """Return a layout.

        Raises:
            LayoutUnknown: there is no such layout.
            DeclarationFault, CopybookFaulty: the layout, or its copybook, is faulty.
        """
        if name not in self._sources:
            raise LayoutUnknown(name, self._sources)
        if name not in self._read:
            try:
                self._read[name] = read_layout(self._sources[name], self._files.reader("schemas"))
            except CopybookFaulty as error:
                # A layout names its copybook from the schemas folder.
                error.where = self._files.shown("schemas", error.where)
                raise
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        """List the names."""
        return iter(sorted(self._sources))

    def __len__(self) -> int:
        """Count the layouts."""
        return len(self._sources)
