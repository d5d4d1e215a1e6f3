"""The external objects of a deployment, each compiled when it is first asked for.

A schema set of UBL takes seconds to compile. A hub compiles those that its routes, systems and maps use, and keeps them
in the cache.

Spec: docs/design/integration.md, "Integration object definitions".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from integration_objects.declaration import Source, read
from integration_objects.definition import Definitions, IntegrationObject
from integration_objects.errors import HubError
from schemas.external_object import ExternalObject, read_external_objects
from schemas.kept_object import Cache


class ExternalObjects(Mapping[str, ExternalObject]):
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
        self._seconds = seconds
        self._read_file = read_file
        self._cache = cache
        self._place_of = place_of
        self._compiled: dict[str, ExternalObject] = {}
        #: each object's schema, and the declarations of all objects that share a schema: it is compiled once for them
        self._schema: dict[str, str] = {}
        self._sources: dict[str, list[Source]] = {}
        #: the place of each declaration
        self.places: dict[str, str] = {}
        for source in sources:
            parts = read(source).mapping(required=("external object", "schema", "root"), optional=("help",))
            name, schema = parts["external object"].text(), parts["schema"].text()
            if name in self.places:
                raise parts["external object"].twice("external object", self.places[name])
            self.places[name] = parts["external object"].where
            self._schema[name] = schema
            self._sources.setdefault(schema, []).append(source)

    def __getitem__(self, name: str) -> ExternalObject:
        """Return an external object; for the errors of its schema see `read_external_objects`."""
        if name not in self._compiled:
            sources = self._sources[self._schema[name]]
            try:
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
        return name in self._schema

    def __iter__(self) -> Iterator[str]:
        """List the names."""
        return iter(self._schema)

    def __len__(self) -> int:
        """Count the objects."""
        return len(self._schema)

    @property
    def compiled(self) -> frozenset[str]:
        """The names of the objects that were compiled so far."""
        return frozenset(self._compiled)


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
