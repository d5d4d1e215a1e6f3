"""The external objects of a deployment, each read when it is first asked for: those of XSDs, and those of layouts.

A schema set of UBL takes seconds to compile. A hub compiles those that its routes, systems and maps use, and keeps them
in the cache.

Spec: docs/design/integration.md, "Integration object definitions".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from integration_objects.declaration import Source, read
from integration_objects.definition import Definitions, IntegrationObject
from integration_objects.errors import HubError
from schemas.external_component import XML_KEYS, XML_OPTIONS

# The code of schemas is loaded with the first object that has one.
if TYPE_CHECKING:
    from schemas.external_component import ExternalObject
    from schemas.kept_object import Cache


class _Index:
    """The declarations of external objects by name.

    Attributes:
        places: the place of each declaration.
        schema: the schema of each object that has one.
        sources: the declarations of all objects that share a schema: it is compiled once for them.
        layouts: the declaration of each object that a layout describes.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self.places: dict[str, str] = {}
        self.schema: dict[str, str] = {}
        self.sources: dict[str, list[Source]] = {}
        self.layouts: dict[str, Source] = {}
        for source in sources:
            node = read(source)
            is_layout = node.kind == "mapping" and any(key.text() == "layout" for key, _ in node.items())
            required, optional = (("layout",), ("records", "help")) if is_layout else (XML_KEYS[1:], XML_OPTIONS)
            parts = node.mapping(required=("external object", *required), optional=optional)
            name = parts["external object"].text()
            if name in self.places:
                raise parts["external object"].twice("external object", self.places[name])
            self.places[name] = parts["external object"].where
            if is_layout:
                self.layouts[name] = source
                continue
            self.schema[name] = parts["schema"].text()
            self.sources.setdefault(self.schema[name], []).append(source)


class ExternalObjects(Mapping[str, "ExternalObject"]):
    """The external objects by name.

    Args:
        sources: their declarations.
        read_file: gives a schema file's bytes by its path in the schemas folder.
        cache: keeps the objects for the next process; None for no cache.
        place_of: gives the place of such a file as people see it.
        seconds: a monotonic clock, for the schemas; None for no bound on the time that explanations take.

    Raises:
        DeclarationFault: a declaration can't be read, or two declare one name.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        read_file: Callable[[str], bytes],
        cache: Cache | None = None,
        place_of: Callable[[str], str] = str,
        seconds: Callable[[], float] | None = None,
    ) -> None:
        self._declarations = sources
        self._seconds = seconds
        self._read_file = read_file
        self._cache = cache
        self._place_of = place_of
        self._compiled: dict[str, ExternalObject] = {}

    @cached_property
    def _index(self) -> _Index:
        # Read when the first object is asked for: many commands ask for none.
        return _Index(self._declarations)

    @property
    def places(self) -> Mapping[str, str]:
        """The place of each declaration."""
        return self._index.places

    def __getitem__(self, name: str) -> ExternalObject:
        """Return an external object; for its errors see `read_external_objects` and `read_layout`."""
        if name not in self._compiled:
            index = self._index
            try:
                if name in index.layouts:
                    self._compiled[name] = _of_layout(index.layouts[name], self._read_file)
                else:
                    from schemas.external_object import read_external_objects

                    sources = index.sources[index.schema[name]]
                    self._compiled.update(read_external_objects(sources, self._read_file, self._seconds, self._cache))
            except HubError as error:
                # Within a schema, files are named from the folder of all schemas.
                # A fault of the declaration itself has its full place already.
                if not re.match(r".*\.yaml\b", error.where):
                    error.where = self._place_of(error.where)
                raise
        return self._compiled[name]

    def __contains__(self, name: object) -> bool:
        """Tell whether there is such an object, without compiling it."""
        return name in self.places

    def __iter__(self) -> Iterator[str]:
        """List the names."""
        return iter(self.places)

    def __len__(self) -> int:
        """Count the objects."""
        return len(self.places)

    @property
    def layouts(self) -> list[str]:
        """The names of the objects that a layout describes, sorted."""
        return sorted(self._index.layouts)

    @property
    def compiled(self) -> frozenset[str]:
        """The names of the objects that were compiled so far."""
        return frozenset(self._compiled)


def _of_layout(source: Source, read_file: Callable[[str], bytes]) -> ExternalObject:
    # Imported here: most deployments have no layouts, and each command reads the names of all external objects.
    from schemas.layouts.declaration import read_layout_object

    return read_layout_object(source, read_file)


class AllObjects(Mapping[str, IntegrationObject]):
    """The shapes of all integration objects by name: internal ones, and external ones, compiled when asked for."""

    def __init__(self, definitions: Definitions, external_objects: Mapping[str, ExternalObject]) -> None:
        self._definitions = definitions
        self._external_objects = external_objects

    def __getitem__(self, name: str) -> IntegrationObject:
        """Return the shape of an object."""
        if name in self._external_objects:
            return self._external_objects[name].definition
        return self._definitions[name]

    def __contains__(self, name: object) -> bool:
        """Tell whether there is such an object, without compiling it."""
        return name in self._definitions or name in self._external_objects

    def __iter__(self) -> Iterator[str]:
        """List the names."""
        return iter(dict.fromkeys([*self._definitions, *self._external_objects]))

    def __len__(self) -> int:
        """Count the objects."""
        return sum(1 for _ in self)
