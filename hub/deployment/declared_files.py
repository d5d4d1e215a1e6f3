"""The declaration files of a deployment: the shipped ones that are wanted, and the deployment's own.

One rule holds for routes, systems, maps, external objects, templates, schema files and look-up files: one of the
deployment's own takes the place of the shipped one of its name.

    routes, systems, feeds    a shipped one does nothing unless the settings list it
    maps                      a shipped one does nothing unless a route, a system or another map names it
    external objects          a shipped one does nothing unless a route, a system, a feed or a map names it
    virtual components        a shipped one does nothing unless the settings or a question name it

Spec: docs/architecture.md, "The tree"; docs/design/integration.md, "Routes".
"""

from __future__ import annotations

import functools
import importlib.resources
import pathlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from hub.deployment.definitions import own_folder
from integration_objects.declaration import DeclarationFault, Node, Source, in_folder, read, shipped
from integration_objects.nearest import nearest


@dataclass(frozen=True)
class Kind:
    """A kind of declaration.

    Attributes:
        package, folder: the place of its files, in the hub and in a deployment.
        key: the key that holds the name.
    """

    package: str
    folder: str
    key: str


ROUTES = Kind("hub", "routes", "route")
SYSTEMS = Kind("adapters", "systems", "system")
FEEDS = Kind("hub", "feeds", "feed")
MAPS = Kind("maps", "", "map")
DECOMPOSITION = Kind("hub", "decomposition", "decomposition rule")
CUSTOMER_STATES = Kind("hub", "states", "customer states")
USER_TYPES = Kind("hub", "access", "user type")
PAGES = Kind("hub", "web/pages", "page")
#: the folder of the pages' templates, in the hub and in a deployment
PAGE_TEMPLATES = "web/templates"
VIRTUAL_COMPONENTS = Kind("adapters", "virtual_components", "virtual component")
#: The keys by which routes, systems and maps name a map.
_NAMES_A_MAP = ("map", "use")


class DeclaredFiles:
    """The declaration files of the deployment in *folder*."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.own = own_folder(folder)

    def own_sources(self, package: str, folder: str = "") -> list[Source]:
        """List the deployment's own declarations in a folder, sorted by path."""
        return [] if self.own is None else in_folder(self.own / package / folder)

    def own_workflows(self) -> list[str]:
        """List the texts of the Python files with the deployment's own workflows."""
        folder = None if self.own is None else self.own / "hub" / "workflows"
        return [] if folder is None else [source.text for source in in_folder(folder, "**/*.py")]

    def sources(self, kind: Kind, wanted: Iterable[str]) -> list[Source]:
        """List the shipped declarations called *wanted* that the deployment doesn't replace, then all of its own."""
        own = self.own_sources(kind.package, kind.folder)
        replaced = {name_in(source, kind.key) for source in own}
        by_name = shipped_by_name(kind)
        return [by_name[name] for name in dict.fromkeys(wanted) if name in by_name and name not in replaced] + own

    def map_sources(self, users: Iterable[Source], named: Iterable[str] = ()) -> list[Source]:
        """List the maps of the deployment: its own, and the shipped ones that it uses.

        Args:
            users: the declarations of routes and systems.
            named: further maps that are wanted.
        """
        by_name = shipped_by_name(MAPS)
        wanted = dict.fromkeys(named)
        for source in (*users, *self.own_sources(MAPS.package)):
            wanted.update(dict.fromkeys(_maps_named_in(source)))
        # The list grows while it is read: a shipped map may use another one.
        names = list(wanted)
        for name in names:
            if name in by_name:
                names += [used for used in _maps_named_in(by_name[name]) if used not in names]
        return self.sources(MAPS, sorted(names))

    def external_object_sources(self) -> list[Source]:
        """List the declarations of all external objects: the shipped ones that are not replaced, then its own."""
        packaged = importlib.resources.files("schemas")
        theirs = [source for name in _folders(packaged) for source in shipped("schemas", folder=name)]
        ours = [source for name in self._own_schema_folders() for source in self.own_sources("schemas", name)]
        replaced = {name_in(source, "external object") for source in ours}
        return [source for source in theirs if name_in(source, "external object") not in replaced] + ours

    def _own_schema_folders(self) -> list[str]:
        place = None if self.own is None else self.own / "schemas"
        return _folders(place) if place is not None and place.is_dir() else []

    def reader(self, package: str, folder: str = "") -> Callable[[str], bytes]:
        """Return a function that reads a file which a declaration names: the deployment's own, else the shipped one.

        The function raises FileNotFoundError. The declaration's reader adds the line that names the file.
        """

        def read_file(name: str) -> bytes:
            path = pathlib.PurePosixPath(name)
            shown = pathlib.PurePosixPath(package) / folder
            # A declaration names files of its own folder, and must not show others of the machine in errors.
            if path.is_absolute() or ".." in path.parts:
                raise FileNotFoundError(f"the file '{name}' lies outside of {shown}")
            if self.own is not None:
                candidate = self.own / package / folder / path
                if candidate.is_file():
                    return candidate.read_bytes()
            place: Any = importlib.resources.files(package)
            for step in (*pathlib.PurePosixPath(folder).parts, *path.parts):
                place = place / step
            if not place.is_file():
                raise FileNotFoundError(f"there is no file {shown / path}{self._nearest(package, folder, name)}")
            content: bytes = place.read_bytes()
            return content

        return read_file

    def _nearest(self, package: str, folder: str, name: str) -> str:
        """Return a question for the deployment's own file that a wrong name probably means; "" for none."""
        if self.own is None:
            return ""
        place = self.own / package / folder
        files = [path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()]
        question = nearest(name, [file for file in files if file.endswith(pathlib.PurePosixPath(name).suffix)])
        return f", {question}" if question else ""

    def shown(self, package: str, place: str) -> str:
        """Return a place as people see it; *place* begins with a file's path from the package's folder."""
        if self.own is not None and (self.own / package / place.split(":")[0]).is_file():
            return str(self.own / package / place)
        return f"{package}/{place}"

    def names(self, package: str, folder: str, pattern: str) -> list[str]:
        """List the names of the files in a folder: the shipped ones, and the deployment's own."""
        place: Any = importlib.resources.files(package)
        for step in pathlib.PurePosixPath(folder).parts:
            place = place / step
        found = {file.name for file in place.iterdir()} if place.is_dir() else set()
        if self.own is not None:
            found |= {path.name for path in (self.own / package / folder).glob(pattern)}
        return sorted(name for name in found if pathlib.PurePosixPath(name).match(pattern))

    def is_own(self, package: str, folder: str, name: str) -> bool:
        """Tell whether a file that a declaration names is the deployment's own."""
        return self.own is not None and (self.own / package / folder / name).is_file()

    def text_reader(self, package: str, folder: str) -> Callable[[str], str]:
        """Return a function like that of `reader`, which gives the file's text."""
        read_file = self.reader(package, folder)
        return lambda name: read_file(name).decode("utf-8")


@functools.cache
def shipped_by_name(kind: Kind) -> dict[str, Source]:
    """List the shipped declarations of a kind by the names that they declare."""
    return {name_in(source, kind.key) or "": source for source in shipped(kind.package, folder=kind.folder)}


def name_in(source: Source, key: str) -> str | None:
    """Return the name that a declaration gives at *key*; None if it can't be read, which its own reader tells."""
    try:
        return read(source).mapping(required=(key,))[key].text()
    except DeclarationFault:
        return None


def _maps_named_in(source: Source) -> list[str]:
    try:
        return list(_named(read(source)))
    except DeclarationFault:
        return []


def _named(node: Node) -> Iterator[str]:
    if node.kind == "sequence":
        for item in node.sequence():
            yield from _named(item)
    elif node.kind == "mapping":
        for key, value in node.items():
            if value.kind != "scalar":
                yield from _named(value)
            elif key.text() in _NAMES_A_MAP and not value.is_null():
                yield value.text()


def _folders(place: Any) -> list[str]:
    return sorted(entry.name for entry in place.iterdir() if entry.is_dir())
